#include <stdio.h>

#include "controlplane/cmd/cmd.h"
#include "dataplane/base/kernel.h"
#include "dataplane/text/text.h"
#include "version.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static void json(void)
{
    char out[1024];
    struct mr_text text;
    struct mr_json_out j;
    mr_text_init(&text, out, sizeof out);
    mr_json_out_init(&j, &text);
    mr_json_out_object(&j, NULL);
    mr_json_out_string(&j, "version", MR_VERSION);
    mr_json_out_string(&j, "build", MR_BUILD);
    mr_json_out_string(&j, "compiler", COMPILER);
    mr_json_out_string(&j, "kernel", mr_kernel_name(mr_kernel_active()));
    mr_json_out_array(&j, "kernels");
    for (unsigned k = 0; k < MR_KERNEL_COUNT; k++)
        if (mr_kernel_available((enum mr_kernel)k))
            mr_json_out_string(&j, NULL, mr_kernel_name((enum mr_kernel)k));
    mr_json_out_end(&j);
    mr_json_out_end(&j);
    puts(out);
}

int mr_cmd_version(int argc, char **argv)
{
    struct mr_err err;
    if (argc == 2 && strcmp(argv[1], "--json") == 0) {
        json();
        return MR_EXIT_GOOD;
    }
    if (argc > 1) {
        bool help = strcmp(argv[1], "--help") == 0;
        mr_err_set(&err, MR_E_INVALID, "usage: millrace version [--json]");
        return help ? (puts(err.text), MR_EXIT_GOOD) : mr_cmd_fail(MR_EXIT_USAGE, "version", &err);
    }
    printf("millrace %s (%s), %s\nkernels:", MR_VERSION, MR_BUILD, COMPILER);
    for (unsigned k = 0; k < MR_KERNEL_COUNT; k++)
        if (mr_kernel_available((enum mr_kernel)k))
            printf(" %s%s", mr_kernel_name((enum mr_kernel)k), k == (unsigned)mr_kernel_active() ? " (active)" : "");
    puts("");
    return MR_EXIT_GOOD;
}
