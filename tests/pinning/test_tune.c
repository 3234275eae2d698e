/* What is found on each fake host, and what is proposed for it: golden files. MILLRACE_UPDATE=1 rewrites them. */
#include <stdio.h>

#include "pinning/report.h"
#include "tests/pinning/tree.h"
#include "tests/support/support.h"

static char out[1 << 20];

/* Findings of a fake host; both are the caller's to close. */
static struct mr_tune *look(const struct tree *t, struct mr_host *host, uint32_t cores)
{
    struct mr_err err = {""};
    struct mr_tune *tune = NULL;
    assert_int_equal(mr_host_open(host, t->root, &err), MR_OK);
    if (mr_tune_open(&tune, host, &(struct mr_plan_wish){.cores = cores}, &err) != MR_OK)
        fail_msg("%s", err.text);
    return tune;
}

static void same_as_golden(const char *name, const char *kind)
{
    char file[128];
    snprintf(file, sizeof file, "%s.%s", name, kind);
    mr_test_golden("tests/pinning/golden", file, out);
}

static void on_each_host(void (*check)(const char *name, struct mr_host *host, const struct mr_tune *tune))
{
    for (size_t i = 0; i < TREE_HOSTS; i++) {
        struct tree tree = {0};
        struct mr_host host;
        tree_make(&tree, tree_hosts[i]);
        struct mr_tune *tune = look(&tree, &host, 0);
        check(tree_hosts[i], &host, tune);
        mr_tune_close(tune);
        mr_host_close(&host);
        tree_remove(&tree);
    }
}

static void written(void (*report)(const struct mr_tune *tune, struct mr_text *text), const struct mr_tune *tune)
{
    struct mr_text text;
    mr_text_init(&text, out, sizeof out);
    report(tune, &text);
    assert_false(text.cut);
}

static void is_golden(const char *name, struct mr_host *host, const struct mr_tune *tune)
{
    written(mr_report_check, tune);
    same_as_golden(name, "check");
    written(mr_report_plan, tune);
    same_as_golden(name, "plan");
    assert_int_equal(host->trouble_count, 0);
}

static void findings_and_plans_are_those_of_the_golden_files(void **state)
{
    (void)state;
    on_each_host(is_golden);
}

static void fits(const char *name, struct mr_host *host, const struct mr_tune *tune)
{
    (void)host;
    written(mr_report_check, tune);
    for (char *rest = out, *line; (line = strsep(&rest, "\n"));)
        if (strlen(line) > 80 && !strstr(line, " > /") && !strstr(line, "boot: "))
            fail_msg("%s: %zu columns: %s", name, strlen(line), line);
}

/* Lines that an operator reads fit his terminal; commands are not broken, so that they can be copied. */
static void reports_fit_80_columns(void **state)
{
    (void)state;
    on_each_host(fits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_and_plans_are_those_of_the_golden_files),
        cmocka_unit_test(reports_fit_80_columns),
    };
    return MR_TEST_MAIN(tests);
}
