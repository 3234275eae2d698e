#include "dataplane/base/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name, *text;
} statuses[] = {
#define MR_X(name, value, text) [value] = {#name, text},
    MR_STATUSES(MR_X)
#undef MR_X
};
static_assert(MR_COUNT_OF(statuses) == MR_STATUS_COUNT, "every status has a name");

const char *mr_status_name(int status)
{
    return status <= 0 && status > -MR_STATUS_COUNT ? statuses[-status].name : "?";
}

const char *mr_status_text(int status)
{
    return status <= 0 && status > -MR_STATUS_COUNT ? statuses[-status].text : "?";
}

void (*mr_panic_hook)(const char *file, int line, const char *what);

MR_COLD _Noreturn void mr_panic(const char *file, int line, const char *what)
{
    if (mr_panic_hook)
        mr_panic_hook(file, line, what);
    fprintf(stderr, "millrace: %s:%d: broken invariant: %s\n", file, line, what);
    abort();
}

int mr_err_set(struct mr_err *err, int status, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
    }
    return status;
}
