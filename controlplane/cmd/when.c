#include "controlplane/cmd/when.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static int parse_ns(const char *option, const char *text, int64_t *ns, struct mr_err *err)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno)
        return mr_err_set(err, MR_E_INVALID, "--%s %s: want ns since 1970", option, text);
    *ns = value;
    return MR_OK;
}

int mr_when_parse(const char *option, const char *text, int64_t *ns, struct mr_err *err)
{
    struct tm tm = {0};
    if (!strchr(text, 'T'))
        return parse_ns(option, text, ns, err);
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    int64_t part = 0, unit = 100000000;
    if (end && *end == '.')
        for (end++; *end >= '0' && *end <= '9' && unit; end++, unit /= 10)
            part += (*end - '0') * unit;
    if (!end || strcmp(end, "Z") != 0)
        return mr_err_set(err, MR_E_INVALID, "--%s %s: want a time in UTC, as 2026-01-31T12:00:00.5Z", option, text);
    *ns = (int64_t)timegm(&tm) * 1000000000 + part;
    return MR_OK;
}
