/* millrace tune from outside, on fake hosts: exit codes, sentences, and that nothing is changed without being told. The program is the first argument. */
#include <stdio.h>
#include <unistd.h>

#include "tests/pinning/tree.h"
#include "tests/support/support.h"

static const char *program;
static struct tree tree;
static char out[1 << 20];

static int run(const char *args)
{
    return mr_test_shell(out, sizeof out, "'%s' tune --root '%s' --journal '%s' %s 2>&1 </dev/null", program, tree.root,
                         tree.journal, args);
}

static void expect(const char *args, int code, const char *says)
{
    int got = run(args);
    if (got != code || !strstr(out, says))
        print_error("millrace tune %s: exit %d, want %d and \"%s\":\n%.3000s\n", args, got, code, says, out);
    assert_int_equal(got, code);
    assert_non_null(strstr(out, says));
}

static void unchanged(const char *before)
{
    char *now = tree_text(&tree);
    assert_string_equal(now, before);
    free(now);
}

static void slips_get_exit_2_and_a_sentence(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *args, *says; int code; } cases[] = {
        {"", "want check, plan, apply or revert", 2},
        {"chekc", "chekc: want check, plan", 2},
        {"check plan", "one action is wanted", 2},
        {"check --yes", "go with apply", 2},
        {"plan --cores 0", "want a number from 1 to 9", 2},
        {"plan --cores ten", "want a number from 1 to 9", 2},
        {"plan --cores 4", "3 can be given here", 2},
        {"plan --nic eth9", "no NIC of hardware", 2},
        {"apply --only swapiness", "no setting has that name", 2},
        {"apply", "on a terminal, or say --yes", 2},
        {"check --root /no/such", "want a folder", 3},
        {"check --root /tmp", "is this the root of a host?", 3},
    };
    /* clang-format on */
    tree_make(&tree, "laptop");
    char *before = tree_text(&tree);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++)
        expect(cases[i].args, cases[i].code, cases[i].says);
    unchanged(before);
    free(before);
    tree_remove(&tree);
}

static void check_says_by_its_exit_code_whether_something_fails(void **state)
{
    (void)state;
    tree_make(&tree, "laptop");
    expect("check", 1, "63 settings: 9 fail");
    expect("check --json", 1, "\"id\":\"swap\",\"verdict\":\"fail\"");
    expect("plan --cores 2", 0, "cores: [1, 2]");
    expect("plan --cores 2 --json", 0, "\"kernel_command_line\":\"isolcpus=domain,managed_irq,1-2,5-6");
    tree_remove(&tree);
    tree_make(&tree, "four-nodes");
    expect("check", 0, "63 settings: 0 fail, 0 warn");
    expect("apply --yes", 0, "nothing to write");
    tree_remove(&tree);
}

/* Written beside the fake host; its path. */
static const char *configured(const char *keys)
{
    static char path[256];
    snprintf(path, sizeof path, "%s.yaml", tree.journal);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "%sfeeds:\n  - product: binance:spot\n    symbols: [BTCUSDT]\n", keys);
    fclose(f);
    return path;
}

static void a_configurations_own_cores_are_what_is_checked(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *keys, *args, *says; int code; } cases[] = {
        {"plane:\n  cores: [2, 3]\ntrade:\n  cores: [1]\n", "check", "feed 2, engine 3, trade 1", 1},
        {"plane:\n  cores: [2, 3]\n", "plan", "isolcpus=domain,managed_irq,2-3,6-7", 0},
        {"plane:\n  merged: true\n  cores: [3]\n", "check", "feed and engine 3", 1},
        {"plane:\n  cores: [2, 30]\n", "check", "core 30 is not on this host", 2},
        {"", "check", "plane.cores is empty", 2},
        {"plane:\n  cores: [two]\n", "check", "cannot be used", 2},
        {"plane:\n  cores: [2, 3]\n", "check --cores 2", "not with --cores", 2},
        {"plane:\n  cores: [2, 3]\n", "revert", "not with revert", 2},
    };
    /* clang-format on */
    tree_make(&tree, "laptop");
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char args[400];
        snprintf(args, sizeof args, "%s --config %s", cases[i].args, configured(cases[i].keys));
        expect(args, cases[i].code, cases[i].says);
    }
    expect("check --config /no/such.yaml", 2, "/no/such.yaml");
    unlink(configured(""));
    tree_remove(&tree);
}

static void apply_and_revert_do_as_told(void **state)
{
    (void)state;
    tree_make(&tree, "laptop");
    char *before = tree_text(&tree);
    expect("revert", 0, "nothing was applied");
    expect("apply --dry-run", 0, "sysctl -w vm.swappiness=10");
    unchanged(before);
    expect("apply --yes --only swappiness", 0, "/proc/sys/vm/swappiness: 60 -> 10");
    assert_non_null(strstr(out, "1 done"));
    expect("apply --yes --json", 0, "\"failed\":0");
    assert_non_null(strstr(out, "\"fail_before\":9"));
    expect("revert", 0, "0 failed");
    unchanged(before);
    free(before);
    tree_remove(&tree);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slips_get_exit_2_and_a_sentence),
        cmocka_unit_test(check_says_by_its_exit_code_whether_something_fails),
        cmocka_unit_test(a_configurations_own_cores_are_what_is_checked),
        cmocka_unit_test(apply_and_revert_do_as_told),
    };
    MR_ASSERT(argc > 1);
    program = argv[1];
    return MR_TEST_MAIN(tests);
}
