#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/cmd/cmd.h"
#include "dataplane/base/kernel.h"
#include "dataplane/tls/tls.h"

static const struct {
    const char *name;
    mr_verb_fn *run;
    const char *help;
} verbs[] = {
#define MR_VERB(name, function, help) {name, function, help},
#include "controlplane/cmd/verbs.def"
#undef MR_VERB
};

static int usage(FILE *out, int code)
{
    fprintf(out, "usage: millrace VERB [options]\n\n");
    for (size_t i = 0; i < MR_COUNT_OF(verbs); i++)
        fprintf(out, "  %-13s %s\n", verbs[i].name, verbs[i].help);
    fprintf(out, "\nmillrace VERB --help says more. MILLRACE_KERNEL=scalar|sse42|avx2|avx512 forces a SIMD kernel.\n");
    return code;
}

int mr_cmd_fail(int code, const char *verb, const struct mr_err *err)
{
    fflush(stdout);
    fprintf(stderr, "millrace %s: %s\n", verb, err->text);
    return code;
}

double mr_cmd_number(const char *option, const char *text, double least, double most, int *status, struct mr_err *err)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= least && value <= most))
        *status = mr_err_set(err, MR_E_INVALID, "--%s %s: want a number from %g to %g", option, text, least, most);
    return value;
}

int mr_cmd_exit_of(int status)
{
    switch (status) {
    case MR_OK:
        return MR_EXIT_GOOD;
    case MR_E_NOMEM:
    case MR_E_IO:
        return MR_EXIT_ENVIRONMENT;
    default:
        return MR_EXIT_USAGE;
    }
}

int main(int argc, char **argv)
{
    struct mr_err err;
    argp_err_exit_status = MR_EXIT_USAGE;
    if (argc < 2)
        return usage(stderr, MR_EXIT_USAGE);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "-h") == 0)
        return usage(stdout, MR_EXIT_GOOD);
    if (!mr_tls_cleanse_freed())
        fprintf(stderr, "millrace: OpenSSL was used before main: what it frees, keys among it, is not cleansed\n");
    if (mr_kernel_init(&err) != MR_OK)
        return mr_cmd_fail(MR_EXIT_USAGE, argv[1], &err);
    const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
    for (size_t i = 0; i < MR_COUNT_OF(verbs); i++)
        if (strcmp(name, verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    fprintf(stderr, "millrace: no verb \"%s\"\n", argv[1]);
    return usage(stderr, MR_EXIT_USAGE);
}
