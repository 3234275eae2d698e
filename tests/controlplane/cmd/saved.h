/* millrace latency on the workspace that admin/made.h makes: what tests of it share. */
#ifndef MR_TESTS_CMD_SAVED_H
#define MR_TESTS_CMD_SAVED_H

#include <stdio.h>

#include "tests/controlplane/admin/made.h"
#include "tests/support/support.h"

static const char *program;
static struct made made;
static char out[1 << 20];

MR_INLINE int down(void **state)
{
    (void)state;
    made_close(&made);
    return 0;
}

MR_INLINE int latency(const char *args)
{
    return mr_test_shell(out, sizeof out, "cd '%s' && '%s' latency --workspace workspace %s 2>&1", made.folder, program,
                         args);
}

MR_INLINE int diff(const char *args)
{
    return mr_test_shell(out, sizeof out, "cd '%s' && '%s' latency --diff %s 2>&1", made.folder, program, args);
}

/* Into the folder. */
MR_INLINE void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", made.folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

#endif
