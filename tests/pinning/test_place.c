/* Which cores a start refuses, on the fake hosts. */
#include <stdio.h>

#include "pinning/place.h"
#include "tests/pinning/tree.h"
#include "tests/support/support.h"

static struct mr_topology topology;

/* feed 0, engine, and a trade tile that may be far; below 0: not pinned. */
static int place(const char *name, const int cores[3], const char *nic, bool anywhere, int *node, struct mr_text *said,
                 struct mr_err *err)
{
    struct tree t = {0};
    struct mr_host host;
    struct mr_place p = {.nic = nic, .anywhere = anywhere};
    tree_make(&t, name);
    assert_int_equal(mr_host_open(&host, t.root, err), MR_OK);
    assert_int_equal(mr_topology_read(&topology, &host, err), MR_OK);
    mr_place_add(&p, "plane.cores", "feed 0", cores[0], true);
    mr_place_add(&p, "plane.cores", "engine", cores[1], true);
    mr_place_add(&p, "trade.cores", "the trade tile", cores[2], false);
    err->text[0] = 0;
    int status = mr_place_check(&p, &topology, &host, said, err);
    *node = mr_place_node(&p, &topology);
    mr_host_close(&host);
    tree_remove(&t);
    return status;
}

static void cores_that_fit_are_taken_and_have_a_node(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *host; int cores[3]; const char *nic; int node; } cases[] = {
        {"two-sockets", {16, 17, 18}, "ens1f0", 1}, {"two-sockets", {1, 2, 3}, NULL, 0},
        {"two-sockets", {16, 17, 3}, "ens1f0", 1},   /* the trade tile may be far */
        {"two-sockets", {1, 2, 3}, "wlan7", 0},      /* a NIC that nobody knows says nothing */
        {"two-sockets", {-1, -1, -1}, "ens1f0", -1}, {"four-nodes", {9, 10, 11}, "eth2", 1}, /* isolated, so not in the affinity */
        {"container", {8, 9, 10}, NULL, 0},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char lines[1024];
        struct mr_text said;
        struct mr_err err;
        int node;
        mr_text_init(&said, lines, sizeof lines);
        if (place(cases[i].host, cases[i].cores, cases[i].nic, false, &node, &said, &err) != MR_OK)
            fail_msg("%zu: %s", i, err.text);
        assert_int_equal(node, cases[i].node);
        assert_string_equal(lines, "");
    }
}

static void cores_that_do_not_are_refused_unless_that_is_meant(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *host; int cores[3]; const char *nic, *says; bool always; } refused[] = {
        {"two-sockets", {16, 64, -1}, NULL, "plane.cores: core 64 (engine) is not on this host or not online: 0-63", true},
        {"two-sockets", {4000, 16, -1}, NULL, "core 4000 (feed 0) is not on this host", true},
        {"container", {8, 12, -1}, NULL, "core 12 (engine) is not one this process may use (affinity, cpuset): 8-11", true},
        {"bare", {0, -1, 1}, NULL, "trade.cores: core 1 (the trade tile) is not on this host", true},
        {"two-sockets", {16, 16, -1}, NULL, "plane.cores: feed 0 and engine share core 16", false},
        {"two-sockets", {16, 17, 16}, NULL, "trade.cores: feed 0 and the trade tile share core 16", false},
        {"two-sockets", {16, 48, -1}, NULL, "feed 0 and engine are on CPUs 16 and 48, SMT siblings of one core", false},
        {"two-sockets", {16, 1, -1}, NULL, "feed 0 on core 16 is on node 1, engine on core 1 on node 0", false},
        {"two-sockets", {1, 2, -1}, "ens1f0", "feed 0 on core 1 is on node 0, ens1f0 on node 1", false},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++)
        for (int anywhere = 0; anywhere < 2; anywhere++) {
            char lines[1024];
            struct mr_text said;
            struct mr_err err;
            int node;
            mr_text_init(&said, lines, sizeof lines);
            bool taken = anywhere && !refused[i].always;
            assert_int_equal(place(refused[i].host, refused[i].cores, refused[i].nic, anywhere, &node, &said, &err),
                             taken ? MR_OK : MR_E_INVALID);
            if (!strstr(taken ? lines : err.text, refused[i].says))
                fail_msg("%zu: \"%s\", \"%s\"", i, lines, err.text);
            assert_true(taken || refused[i].always || strstr(err.text, "plane.placement: anywhere"));
        }
}

static void another_process_may_use_cores_that_this_one_may_not(void **state)
{
    (void)state;
    struct tree t = {0};
    struct mr_host host;
    struct mr_err err;
    char lines[256];
    struct mr_text said;
    struct mr_place p = {0};
    mr_text_init(&said, lines, sizeof lines);
    tree_make(&t, "container");
    assert_int_equal(mr_host_open(&host, t.root, &err), MR_OK);
    assert_int_equal(mr_topology_read(&topology, &host, &err), MR_OK);
    mr_place_add(&p, "plane.cores", "feed 0", 20, true);
    p.tile[0].foreign = true;
    mr_place_add(&p, "trade.cores", "the trade tile", 8, false);
    assert_int_equal(mr_place_check(&p, &topology, &host, &said, &err), MR_OK);
    p.tile[0].core = 8;
    assert_int_equal(mr_place_check(&p, &topology, &host, &said, &err), MR_E_INVALID);
    mr_host_close(&host);
    tree_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cores_that_fit_are_taken_and_have_a_node),
        cmocka_unit_test(cores_that_do_not_are_refused_unless_that_is_meant),
        cmocka_unit_test(another_process_may_use_cores_that_this_one_may_not),
    };
    return MR_TEST_MAIN(tests);
}
