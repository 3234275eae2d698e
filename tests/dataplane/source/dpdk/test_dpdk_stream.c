/* The promises of every source of stream connections, over user-space TCP on a veth pair: AF_PACKET, AF_XDP with an address of its own, and AF_XDP
 * sharing the kernel's. Needs root. */
#include <stdio.h>

#include "tests/dataplane/source/dpdk/modes.h"
#include "tests/dataplane/source/promises.h"

struct row {
    enum mode mode;
    const struct promise *promise;
    char name[128];
};

static void run_row(void **state)
{
    const struct row *row = *state;
    struct mr_dpdk_config config = mode_config(row->mode);
    place.dpdk = &config;
    row->promise->run(&mr_source_dpdk_ops);
    place.dpdk = NULL;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    if (!mr_netns_open(&netns, true))
        return mr_netns_missing(netns.why);
    place.netns = &netns;
    memcpy(place.ip, (const uint8_t[]){198, 18, 0, 1}, 4);
    fill_pattern();
    struct row *rows = calloc(MODES * promise_count, sizeof *rows);
    struct CMUnitTest *tests = calloc(MODES * promise_count, sizeof *tests);
    size_t count = 0;
    for (size_t i = 0; i < MODES * promise_count; i++) {
        const struct promise *p = &promises[i % promise_count];
        if (p->of_sockets)
            continue;
        struct row *r = &rows[count];
        *r = (struct row){.mode = (enum mode)(i / promise_count), .promise = p};
        snprintf(r->name, sizeof r->name, "%s: %s", mode_names[r->mode], p->says);
        tests[count++] = (struct CMUnitTest){r->name, run_row, NULL, NULL, r};
    }
    int status = _cmocka_run_group_tests("dpdk", tests, count, NULL, NULL) ? 1 : 0;
    mr_netns_close(&netns);
    free(rows);
    free(tests);
    return status;
}
