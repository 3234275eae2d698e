/* Apply and revert on fake hosts: byte for byte, after a crash, a restart, on another host, over failures. */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pinning/apply.h"
#include "tests/pinning/tree.h"
#include "tests/support/support.h"

static void quiet(void *arg, const char *path, const char *from, const char *to, const char *failure)
{
    (void)arg, (void)path, (void)from, (void)to, (void)failure;
}

static struct mr_applied applied;

/* `say` may end the process. */
static int apply(const struct tree *t, mr_applied_fn *say, void *arg, struct mr_err *err)
{
    struct mr_host host;
    struct mr_tune *tune;
    assert_int_equal(mr_host_open(&host, t->root, err), MR_OK);
    assert_int_equal(mr_tune_open(&tune, &host, &(struct mr_plan_wish){0}, err), MR_OK);
    int status = mr_tune_apply(tune, NULL, t->journal, say, arg, &applied, err);
    mr_tune_close(tune);
    mr_host_close(&host);
    return status;
}

static int revert(const struct tree *t, struct mr_err *err)
{
    struct mr_host host;
    assert_int_equal(mr_host_open(&host, t->root, err), MR_OK);
    int status = mr_tune_revert(&host, t->journal, quiet, NULL, &applied, err);
    mr_host_close(&host);
    return status;
}

static void reverts_to(const struct tree *t, const char *before)
{
    struct mr_err err = {""};
    if (revert(t, &err) != MR_OK)
        fail_msg("%s", err.text);
    assert_int_equal(applied.failed, 0);
    char *now = tree_text(t);
    assert_string_equal(now, before);
    free(now);
    assert_int_not_equal(access(t->journal, F_OK), 0);
}

static void a_round_trip_leaves_every_tree_as_it_was(void **state)
{
    (void)state;
    for (size_t i = 0; i < TREE_HOSTS; i++) {
        struct tree t = {0};
        struct mr_err err = {""};
        tree_make(&t, tree_hosts[i]);
        char *before = tree_text(&t);
        assert_int_equal(apply(&t, quiet, NULL, &err), MR_OK);
        assert_int_equal(applied.failed, 0);
        bool tuned = strcmp(tree_hosts[i], "four-nodes") == 0 || strcmp(tree_hosts[i], "bare") == 0;
        assert_int_equal(applied.done == 0, tuned);
        char *after = tree_text(&t);
        assert_int_equal(strcmp(before, after) == 0, tuned);
        free(after);
        uint32_t done = applied.done;
        assert_int_equal(apply(&t, quiet, NULL, &err), MR_OK); /* again: nothing is left to do */
        assert_int_equal(applied.done, 0);
        if (tuned) {
            assert_int_equal(revert(&t, &err), MR_E_EMPTY);
        } else {
            reverts_to(&t, before);
            assert_int_equal(applied.done, done);
            assert_int_equal(revert(&t, &err), MR_E_EMPTY); /* again: nothing is left to undo */
        }
        free(before);
        tree_remove(&t);
    }
}

static void a_second_apply_keeps_the_oldest_values(void **state)
{
    (void)state;
    struct tree t = {0};
    struct mr_err err = {""};
    tree_make(&t, "laptop");
    char *before = tree_text(&t);
    assert_int_equal(apply(&t, quiet, NULL, &err), MR_OK);
    tree_put(&t, "/proc/sys/vm/swappiness", "33\n"); /* somebody else's hand */
    tree_put(&t, "/proc/sys/vm/zone_reclaim_mode", "0\n");
    assert_int_equal(apply(&t, quiet, NULL, &err), MR_OK);
    assert_int_equal(applied.done, 1);
    reverts_to(&t, before);
    free(before);
    tree_remove(&t);
}

static void die_after(void *arg, const char *path, const char *from, const char *to, const char *failure)
{
    (void)path, (void)from, (void)to, (void)failure;
    int *left = arg;
    if (--*left <= 0)
        _exit(42);
}

static void a_crash_at_any_write_can_be_undone(void **state)
{
    (void)state;
    for (int writes = 1; writes < 60; writes += 11) {
        struct tree t = {0};
        struct mr_err err = {""};
        int left = writes, status;
        tree_make(&t, "two-sockets");
        char *before = tree_text(&t);
        pid_t pid = fork();
        if (pid == 0) {
            apply(&t, die_after, &left, &err);
            _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
        char *torn = tree_text(&t);
        assert_string_not_equal(torn, before);
        free(torn);
        reverts_to(&t, before);
        assert_int_equal(applied.done, writes); /* the others were never written */
        free(before);
        tree_remove(&t);
    }
}

static void what_a_crash_left_of_a_journal_is_no_hindrance(void **state)
{
    (void)state;
    struct tree t = {0};
    struct mr_err err = {""};
    char made[160];
    tree_make(&t, "vm");
    char *before = tree_text(&t);
    snprintf(made, sizeof made, "%s.new", t.journal);
    FILE *f = fopen(made, "w");
    fputs("millrace tune jour", f);
    fclose(f);
    assert_int_equal(revert(&t, &err), MR_E_EMPTY); /* nothing had been written yet */
    assert_int_equal(apply(&t, quiet, NULL, &err), MR_OK);
    reverts_to(&t, before);
    free(before);
    tree_remove(&t);
}

static void without_a_journal_nothing_is_written(void **state)
{
    (void)state;
    struct tree t = {0};
    struct mr_err err = {""};
    tree_make(&t, "vm");
    char *before = tree_text(&t);
    snprintf(t.journal, sizeof t.journal, "%s-none/tune.journal", t.root);
    assert_int_equal(apply(&t, quiet, NULL, &err), MR_E_IO);
    assert_non_null(strstr(err.text, "--journal"));
    char *now = tree_text(&t);
    assert_string_equal(now, before);
    free(now);
    free(before);
    tree_remove(&t);
}

static void a_journal_of_another_host_or_boot_is_not_undone(void **state)
{
    (void)state;
    static const struct {
        const char *path, *says;
        bool again; /* apply begins anew */
    } cases[] = {{"/etc/machine-id", "another host", false}, {"/proc/sys/kernel/random/boot_id", "restarted", true}};
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct tree t = {0};
        struct mr_err err = {""};
        tree_make(&t, "laptop");
        assert_int_equal(apply(&t, quiet, NULL, &err), MR_OK);
        tree_put(&t, cases[i].path, "another\n");
        tree_put(&t, "/proc/sys/vm/swappiness", "60\n");
        char *before = tree_text(&t);
        assert_int_equal(revert(&t, &err), MR_E_STALE);
        assert_non_null(strstr(err.text, cases[i].says));
        char *now = tree_text(&t);
        assert_string_equal(now, before);
        free(now);
        int status = apply(&t, quiet, NULL, &err);
        assert_int_equal(status, cases[i].again ? MR_OK : MR_E_STALE);
        if (cases[i].again) {
            assert_true(applied.fresh);
            assert_int_equal(applied.done, 1);
            reverts_to(&t, before);
        }
        free(before);
        tree_remove(&t);
    }
}

static void one_failure_does_not_stop_the_others(void **state)
{
    (void)state;
    static const char knob[] = "/proc/sys/vm/swappiness";
    struct tree t = {0};
    struct mr_err err = {""};
    char path[128];
    tree_make(&t, "laptop");
    char *before = tree_text(&t);
    assert_int_equal(apply(&t, quiet, NULL, &err), MR_OK);
    uint32_t done = applied.done;
    snprintf(path, sizeof path, "%s%s", t.root, knob);
    unlink(path);
    mkdir(path, 0755); /* cannot be written, whoever tries */
    assert_int_equal(revert(&t, &err), MR_OK);
    assert_int_equal(applied.failed, 1);
    assert_int_equal(applied.done, done - 1);
    rmdir(path);
    tree_put(&t, knob, "10\n");
    reverts_to(&t, before); /* the one that was left */
    assert_int_equal(applied.done, 1);
    free(before);
    tree_remove(&t);
}

#define HEAD "millrace tune journal 1\nmachine m\nboot b\n"

static void journals_that_are_none_are_refused_with_the_line(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *says, *text; int want; } refused[] = {
        {"no end", "", MR_E_TRUNCATED},
        {"another version", "millrace tune journal 2\n", MR_E_VERSION},
        {"no boot", "millrace tune journal 1\nmachine m\n/sys/a\t1\t2\n", MR_E_MALFORMED},
        {"cut after the head", HEAD, MR_E_TRUNCATED},
        {"cut inside a line", HEAD "/sys/a\t1\t2\n/sys/b\t1", MR_E_TRUNCATED},
        {"fewer than it says", HEAD "/sys/a\t1\t2\nend 2\n", MR_E_TRUNCATED},
        {"an end without a number", HEAD "end \n", MR_E_MALFORMED},
        {"an end with more", HEAD "end 0x\n", MR_E_MALFORMED},
        {"more after the end", HEAD "end 0\nend 0\n", MR_E_MALFORMED},
        {"a file that is no knob", HEAD "/etc/shadow\t1\t2\nend 1\n", MR_E_MALFORMED},
        {"a way out", HEAD "/sys/../etc/shadow\t1\t2\nend 1\n", MR_E_MALFORMED},
        {"one text only", HEAD "/sys/a\t1\nend 1\n", MR_E_MALFORMED},
        {"three texts", HEAD "/sys/a\t1\t2\t3\nend 1\n", MR_E_MALFORMED},
        {"half an escape", HEAD "/sys/a\t1\\x0\t2\nend 1\n", MR_E_MALFORMED},
        {"an escaped zero", HEAD "/sys/a\t1\\x00\t2\nend 1\n", MR_E_MALFORMED},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        struct mr_tune_journal j;
        struct mr_err err = {""};
        int got = mr_journal_parse(&j, refused[i].text, strlen(refused[i].text), &err);
        if (got != refused[i].want)
            print_error("%s: %s, %s\n", refused[i].says, mr_status_name(got), err.text);
        assert_int_equal(got, refused[i].want);
        assert_non_null(strstr(err.text, "line"));
    }
    struct mr_tune_journal j;
    static const char good[] = HEAD "/sys/a\t1\\x0a\\x5c\t2\nend 1\n";
    assert_int_equal(mr_journal_parse(&j, good, strlen(good), NULL), MR_OK);
    assert_string_equal(j.entries[0].old, "1\n\\");
    mr_journal_free(&j);
}

static void a_journal_that_others_may_write_is_refused(void **state)
{
    (void)state;
    struct tree t = {0};
    struct mr_err err = {""};
    tree_make(&t, "vm");
    assert_int_equal(apply(&t, quiet, NULL, &err), MR_OK);
    char *before = tree_text(&t);
    assert_int_equal(chmod(t.journal, 0666), 0);
    assert_int_equal(revert(&t, &err), MR_E_INVALID);
    assert_non_null(strstr(err.text, "only its owner"));
    char *now = tree_text(&t);
    assert_string_equal(now, before);
    free(now);
    free(before);
    tree_remove(&t);
}

static void links_do_not_lead_out_of_the_root(void **state)
{
    (void)state;
    struct tree t = {0};
    struct mr_err err = {""};
    struct mr_host host;
    char path[128], text[64];
    tree_make(&t, "bare");
    snprintf(path, sizeof path, "%s/sys/away", t.root);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(mr_host_open(&host, t.root, &err), MR_OK);
    assert_int_equal(mr_host_read(&host, text, sizeof text, "/sys/away"), MR_E_EMPTY);
    assert_int_equal(mr_host_read(&host, text, sizeof text, "/../../../../../../etc/passwd"), MR_E_EMPTY);
    assert_int_equal(mr_host_write(&host, "/sys/away", "x", &err), MR_E_IO);
    mr_host_close(&host);
    tree_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_round_trip_leaves_every_tree_as_it_was),
        cmocka_unit_test(a_second_apply_keeps_the_oldest_values),
        cmocka_unit_test(a_crash_at_any_write_can_be_undone),
        cmocka_unit_test(what_a_crash_left_of_a_journal_is_no_hindrance),
        cmocka_unit_test(without_a_journal_nothing_is_written),
        cmocka_unit_test(a_journal_of_another_host_or_boot_is_not_undone),
        cmocka_unit_test(one_failure_does_not_stop_the_others),
        cmocka_unit_test(journals_that_are_none_are_refused_with_the_line),
        cmocka_unit_test(a_journal_that_others_may_write_is_refused),
        cmocka_unit_test(links_do_not_lead_out_of_the_root),
    };
    return MR_TEST_MAIN(tests);
}
