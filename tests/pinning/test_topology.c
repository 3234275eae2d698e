/* Topologies of the fake hosts, core maps for them, and this machine against hwloc's view of it. */
#include <stdio.h>

#include "pinning/plan.h"
#include "tests/pinning/tree.h"
#include "tests/support/support.h"

#ifdef MR_HAVE_HWLOC
#include <hwloc.h>
#endif

static struct mr_topology topology;
static struct mr_host host;

static void open_tree(struct tree *t, const char *name)
{
    struct mr_err err = {""};
    tree_make(t, name);
    assert_int_equal(mr_host_open(&host, t->root, &err), MR_OK);
    assert_int_equal(mr_topology_read(&topology, &host, &err), MR_OK);
    assert_int_equal(host.trouble_count, 0);
}

static void close_tree(struct tree *t)
{
    mr_host_close(&host);
    tree_remove(t);
}

static void same_set(const struct mr_cpus *set, const char *want)
{
    char out[512];
    struct mr_text text;
    mr_text_init(&text, out, sizeof out);
    mr_cpus_text(set, &text);
    assert_string_equal(out, want);
}

static void hosts_have_what_their_files_say(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct {
        const char *name; enum mr_arch arch; bool virtual; uint32_t cpus, cores, packages, nodes, nics, irqs; const char *allowed, *isolated;
    } cases[] = {
        {"laptop",      MR_ARCH_X86,   false, 8,  4,  1, 1, 1, 6,  "0-7",  ""},
        {"two-sockets", MR_ARCH_X86,   false, 64, 32, 2, 2, 2, 20, "0-63", ""},
        {"four-nodes",  MR_ARCH_X86,   false, 32, 32, 1, 4, 1, 8,  "0-31", "9-11"},
        {"vm",          MR_ARCH_X86,   true,  4,  4,  4, 1, 1, 5,  "0-3",  ""},
        {"container",   MR_ARCH_X86,   false, 32, 32, 1, 1, 0, 0,  "8-11", ""},
        {"arm",         MR_ARCH_ARM,   false, 64, 64, 1, 2, 1, 4,  "0-63", "1-3"},
        {"bare",        MR_ARCH_OTHER, false, 1,  1,  1, 1, 0, 0,  "0",    ""},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct tree t = {0};
        open_tree(&t, cases[i].name);
        assert_int_equal(topology.arch, cases[i].arch);
        assert_int_equal(topology.virtual, cases[i].virtual);
        assert_int_equal(mr_cpus_count(&topology.online), cases[i].cpus);
        assert_int_equal(topology.core_count, cases[i].cores);
        assert_int_equal(topology.package_count, cases[i].packages);
        assert_int_equal(topology.node_count, cases[i].nodes);
        assert_int_equal(topology.nic_count, cases[i].nics);
        assert_int_equal(topology.irq_count, cases[i].irqs);
        same_set(&topology.allowed, cases[i].allowed);
        same_set(&topology.isolated, cases[i].isolated);
        close_tree(&t);
    }
}

static void cores_are_whole_near_the_nic_and_not_that_of_cpu_0(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *name; uint32_t cores; const char *nic, *hot, *isolated; int engine, trade; } cases[] = {
        {"laptop", 1, NULL, "1", "1,5", -1, -1},
        {"laptop", 2, NULL, "1-2", "1-2,5-6", 2, -1},
        {"laptop", 0, NULL, "1-3", "1-3,5-7", 2, 3},
        {"two-sockets", 0, NULL, "16-18", "16-18,48-50", 17, 18},          /* the NIC that is up is on node 1 */
        {"two-sockets", 0, "eno1", "1-3", "1-3,33-35", 2, 3},
        {"two-sockets", 9, NULL, "16-24", "16-24,48-56", 23, 24},
        {"four-nodes", 0, NULL, "9-11", "9-11", 10, 11},                    /* isolated already */
        {"four-nodes", 5, NULL, "8-12", "8-12", 11, 12},                    /* more than are */
        {"four-nodes", 9, NULL, "1-9", "1-9", 8, 9},                        /* more than the node has */
        {"vm", 0, NULL, "1-3", "1-3", 2, 3},
        {"container", 4, NULL, "8-11", "8-11", 10, 11},
        {"bare", 0, NULL, "", "", -1, -1},
    };
    static const struct { const char *name; uint32_t cores; const char *nic, *says; } refused[] = {
        {"laptop", 4, NULL, "--cores 4: 3 can be given"},
        {"bare", 1, NULL, "--cores 1: 0 can be given"},
        {"two-sockets", 10, NULL, "at most 9"},
        {"two-sockets", 2, "eth7", "--nic eth7"},
        {"two-sockets", 2, "lo", "--nic lo"},
    };
    /* clang-format on */
    struct mr_core_plan plan;
    struct mr_err err;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct tree t = {0};
        open_tree(&t, cases[i].name);
        assert_int_equal(mr_core_plan_make(&plan, &topology,
                                           &(struct mr_plan_wish){.cores = cases[i].cores, .nic = cases[i].nic}, &err),
                         MR_OK);
        same_set(&plan.hot, cases[i].hot);
        same_set(&plan.isolated, cases[i].isolated);
        assert_int_equal(plan.engine, cases[i].engine);
        assert_int_equal(plan.trade, cases[i].trade);
        assert_true(mr_cpus_has(&plan.housekeeping, 0));
        close_tree(&t);
    }
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        struct tree t = {0};
        open_tree(&t, refused[i].name);
        assert_int_equal(mr_core_plan_make(&plan, &topology,
                                           &(struct mr_plan_wish){.cores = refused[i].cores, .nic = refused[i].nic},
                                           &err),
                         MR_E_INVALID);
        assert_non_null(strstr(err.text, refused[i].says));
        close_tree(&t);
    }
}

static void words_of_the_command_line_are_found_whole(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *line, *name, *value; } cases[] = {
        {"ro quiet", "quiet", ""}, {"ro quiet", "qui", NULL}, {"ro quiet", "uiet", NULL}, {"isolcpus=1 isolcpus=2-3", "isolcpus", "2-3"},
        {"", "a", NULL}, {"a=", "a", ""}, {"x.a=1", "a", NULL}, {"\ta=b=c\n", "a", "b=c"},
    };
    static const struct { const char *value, *list; int want; } lists[] = {
        {"2-5", "2-5", MR_OK}, {"domain,managed_irq,2-5,9", "2-5,9", MR_OK}, {"nohz,7", "7", MR_OK}, {"domain", "", MR_OK},
        {"domain,", "", MR_OK}, {"2-5,domain", "", MR_E_MALFORMED}, {"!1", "", MR_E_MALFORMED}, {"9999", "", MR_E_RANGE},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char value[64] = "";
        bool found = mr_command_line_word(cases[i].line, cases[i].name, value, sizeof value);
        assert_int_equal(found, cases[i].value != NULL);
        if (found)
            assert_string_equal(value, cases[i].value);
    }
    for (size_t i = 0; i < MR_COUNT_OF(lists); i++) {
        struct mr_cpus set;
        assert_int_equal(mr_command_line_cpus(lists[i].value, &set), lists[i].want);
        same_set(&set, lists[i].list);
    }
}

static void this_machine_is_what_hwloc_says(void **state)
{
    (void)state;
#ifdef MR_HAVE_HWLOC
    struct mr_err err = {""};
    hwloc_topology_t h;
    assert_int_equal(mr_host_open(&host, NULL, &err), MR_OK);
    assert_int_equal(mr_topology_read(&topology, &host, &err), MR_OK);
    assert_int_equal(hwloc_topology_init(&h), 0);
    assert_int_equal(hwloc_topology_set_flags(h, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED), 0);
    assert_int_equal(hwloc_topology_load(h), 0);
    assert_int_equal(hwloc_get_nbobjs_by_type(h, HWLOC_OBJ_PU), mr_cpus_count(&topology.online));
    assert_int_equal(hwloc_get_nbobjs_by_type(h, HWLOC_OBJ_CORE), topology.core_count);
    assert_int_equal(hwloc_get_nbobjs_by_type(h, HWLOC_OBJ_PACKAGE), topology.package_count);
    assert_int_equal(hwloc_get_nbobjs_by_type(h, HWLOC_OBJ_NUMANODE), topology.node_count);
    for (hwloc_obj_t core = NULL; (core = hwloc_get_next_obj_by_type(h, HWLOC_OBJ_CORE, core));) {
        int lead = hwloc_bitmap_first(core->cpuset);
        for (int cpu = lead; cpu >= 0; cpu = hwloc_bitmap_next(core->cpuset, cpu))
            assert_int_equal(topology.cpu[cpu].lead, lead);
    }
    for (hwloc_obj_t node = NULL; (node = hwloc_get_next_obj_by_type(h, HWLOC_OBJ_NUMANODE, node));)
        for (int cpu = hwloc_bitmap_first(node->cpuset); cpu >= 0; cpu = hwloc_bitmap_next(node->cpuset, cpu))
            assert_int_equal(topology.cpu[cpu].node, node->os_index);
    hwloc_topology_destroy(h);
    mr_host_close(&host);
#else
    mr_test_skip_line("built without hwloc");
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_have_what_their_files_say),
        cmocka_unit_test(cores_are_whole_near_the_nic_and_not_that_of_cpu_0),
        cmocka_unit_test(words_of_the_command_line_are_found_whole),
        cmocka_unit_test(this_machine_is_what_hwloc_says),
    };
    return MR_TEST_MAIN(tests);
}
