/* Files that hold anything: named in the report, never fatal. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pinning/report.h"
#include "tests/pinning/tree.h"
#include "tests/support/support.h"

static char out[1 << 20];

/* A whole check and plan. False: the host was refused, with a sentence. */
static bool look(const struct tree *t, const char *says)
{
    struct mr_host host;
    struct mr_tune *tune;
    struct mr_err err = {""};
    struct mr_text text;
    assert_int_equal(mr_host_open(&host, t->root, &err), MR_OK);
    int status = mr_tune_open(&tune, &host, &(struct mr_plan_wish){0}, &err);
    if (status) {
        assert_true(*err.text);
        mr_host_close(&host);
        return false;
    }
    assert_int_equal(tune->finding_count, mr_setting_count);
    mr_text_init(&text, out, sizeof out);
    mr_report_plan(tune, &text);
    mr_text_init(&text, out, sizeof out);
    mr_report_check(tune, &text);
    if (says && !strstr(out, says))
        fail_msg("want \"%s\" in:\n%s", says, out);
    mr_tune_close(tune);
    mr_host_close(&host);
    return true;
}

static void spoil(const struct tree *t, const char *path, uint32_t how, const char *was)
{
    static const char *const garbage[] = {
        "", "\n", "\xff\xfe{{{[[\x01", "4096", "0-4095", "99999999999999999999", "-1", "0-3,,9", "[", "all"};
    char whole[512], text[64];
    snprintf(whole, sizeof whole, "%s%s", t->root, path);
    if (how < MR_COUNT_OF(garbage)) {
        tree_put(t, path, garbage[how]);
    } else if (how == MR_COUNT_OF(garbage)) { /* cut */
        snprintf(text, sizeof text, "%.*s", (int)(strlen(was) / 2 < 60 ? strlen(was) / 2 : 60), was);
        tree_put(t, path, text);
    } else if (how == MR_COUNT_OF(garbage) + 1) { /* longer than any setting */
        memset(out, '7', 70000);
        out[70000] = 0;
        tree_put(t, path, out);
    } else { /* not readable, whoever tries */
        unlink(whole);
        mkdir(whole, 0755);
    }
}
#define WAYS 13

static void no_file_can_make_it_fail(void **state)
{
    (void)state;
    uint32_t step = getenv("MILLRACE_QUICK") ? 8 : 2, n = 0, refused = 0;
    for (size_t i = 0; i < TREE_HOSTS; i++) {
        struct tree t = {0};
        tree_make(&t, tree_hosts[i]);
        char *files = tree_files(&t);
        for (const char *at = files; *at; at += strlen(at) + 1) {
            if (++n % step)
                continue;
            char *was = tree_get(&t, at), whole[512];
            spoil(&t, at, (n / step) % WAYS, was);
            refused += !look(&t, NULL);
            snprintf(whole, sizeof whole, "%s%s", t.root, at);
            rmdir(whole);
            tree_put(&t, at, was);
            free(was);
        }
        free(files);
        tree_remove(&t);
    }
    assert_true(refused <= TREE_HOSTS); /* only without a list of CPUs there is nothing to say */
}

static void what_is_not_understood_is_named(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *path, *text, *says; } cases[] = {
        {"/sys/devices/system/cpu/isolated", "1-\n", "not understood: /sys/devices/system/cpu/isolated: not a set of CPUs"},
        {"/sys/devices/system/cpu/isolated", "4096\n", "isolated: a CPU of 4096 or more"},
        {"/sys/devices/system/node/online", "x\n", "node/online: not a set of CPUs"},
        {"/sys/devices/system/node/node1/cpulist", "0,\n", "node1/cpulist: not a set of CPUs"},
        {"/sys/devices/system/cpu/cpu17/topology/thread_siblings_list", "17,x\n", "cpu17/topology/thread_siblings_list: not a set"},
        {"/sys/devices/system/cpu/cpu3/topology/physical_package_id", "one\n", "cpu3/topology/physical_package_id: not a number"},
        {"/sys/devices/virtual/workqueue/cpumask", "ffffffffff\n", "workqueue/cpumask: not a set of CPUs"},
        {"/proc/irq/64/smp_affinity_list", "5-2\n", "irq/64/smp_affinity_list: not a set of CPUs"},
        {"/proc/self/status", "Cpus_allowed_list:\tall\n", "Cpus_allowed_list is no set of CPUs"},
        {"/proc/self/limits", "Max locked memory         some\n", "a limit that is no number"},
        {"/proc/sys/kernel/printk", "7 4\n", "printk: not four levels"},
        {"/proc/sys/kernel/numa_balancing", "\n", "numa_balancing: is empty"},
        {"/proc/cmdline", "ro rcu_nocbs=1-\n", "rcu_nocbs is no set of CPUs"},
        {"/sys/fs/cgroup/system.slice/millrace.service/cpu.max", "lots\n", "cpu.max: not a quota"},
        {"/ethtool/ens1f0/rx", "many\n", "/ethtool/ens1f0/rx: not a number"},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct tree t = {0};
        tree_make(&t, "two-sockets");
        tree_put(&t, cases[i].path, cases[i].text);
        assert_true(look(&t, cases[i].says));
        tree_remove(&t);
    }
}

/* Half of a list would be another list. */
static void what_is_too_long_is_not_taken_for_its_beginning(void **state)
{
    (void)state;
    struct tree t = {0};
    char text[MR_HOST_TEXT + 16] = "";
    for (int cpu = 0; strlen(text) < MR_HOST_TEXT; cpu += 2)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%d", cpu ? "," : "", cpu);
    tree_make(&t, "two-sockets");
    tree_put(&t, "/sys/devices/system/cpu/isolated", text);
    assert_true(look(&t, "isolated: longer than such a setting is"));
    assert_non_null(strstr(out, "isolated none"));
    tree_remove(&t);
}

static void a_folder_that_is_no_host_is_refused(void **state)
{
    (void)state;
    struct tree t = {0};
    struct mr_host host;
    struct mr_err err = {""};
    struct mr_tune *tune;
    tree_make(&t, "bare");
    tree_put(&t, "/sys/devices/system/cpu/online", "\n");
    assert_int_equal(mr_host_open(&host, t.root, &err), MR_OK);
    assert_int_equal(mr_tune_open(&tune, &host, &(struct mr_plan_wish){0}, &err), MR_E_IO);
    assert_non_null(strstr(err.text, "is this the root of a host?"));
    mr_host_close(&host);
    assert_int_equal(mr_host_open(&host, "/no/such/folder", &err), MR_E_IO);
    tree_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_file_can_make_it_fail),
        cmocka_unit_test(what_is_not_understood_is_named),
        cmocka_unit_test(what_is_too_long_is_not_taken_for_its_beginning),
        cmocka_unit_test(a_folder_that_is_no_host_is_refused),
    };
    return MR_TEST_MAIN(tests);
}
