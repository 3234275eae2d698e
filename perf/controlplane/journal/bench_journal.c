/* The journal on this machine's disk: what an append costs the trade tile, what a record costs when records come as fast as they can, and how
 * long a single one waits until it is on disk. The last two say as much about the disk as about us: they are rows to look at, without a goal.
 * Files lie in $TMPDIR, else /var/tmp. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/journal/journal.h"
#include "dataplane/tile/tile.h"
#include "perf/bench.h"

#define PAYLOAD 240 /* an order's record */
#define BURST 8000
#define SINGLES 400
#define FLOOD 200000

struct rig {
    char folder[200];
    struct mr_journal *journal;
    struct mr_journal_port port;
    struct mr_journal_thread config, own;
    struct mr_tile_slot slot;
    struct mr_tiles *set;
};

static void rig_open(struct rig *r)
{
    struct mr_err err;
    const char *tmp = getenv("TMPDIR");
    *r = (struct rig){0};
    snprintf(r->folder, sizeof r->folder, "%.150s/millrace-bench-XXXXXX", tmp && *tmp ? tmp : "/var/tmp");
    MR_ASSERT(mkdtemp(r->folder));
    MR_ASSERT(mr_journal_open(&r->journal, r->folder, &mr_journal_limits_default, 1, &err) == MR_OK);
    r->port = mr_journal_port(r->journal);
}

static void rig_thread(struct rig *r)
{
    struct mr_err err;
    r->config = (struct mr_journal_thread){.journal = r->journal, .idle_sleep_ns = 20000};
    r->slot = (struct mr_tile_slot){.tile = &mr_tile_journal, .state = &r->own, .config = &r->config};
    struct mr_tile_thread thread = {.tiles = &r->slot, .count = 1, .core = -1, .wait = MR_WAIT_YIELD};
    MR_ASSERT(mr_tile_journal.boot(&r->own, &r->config, NULL, &err) == MR_OK);
    MR_ASSERT(mr_tiles_start(&r->set, &thread, 1, &err) == MR_OK);
}

static void rig_close(struct rig *r)
{
    char command[300];
    if (r->set)
        mr_tiles_stop(r->set);
    mr_journal_close(r->journal, 2);
    snprintf(command, sizeof command, "rm -rf '%s'", r->folder);
    MR_ASSERT(system(command) == 0);
}

static void append(struct mr_bench *b)
{
    struct rig r;
    double ns[101];
    uint8_t payload[PAYLOAD] = {7};
    uint32_t passes = mr_bench_passes(b) < 101 ? mr_bench_passes(b) : 101;
    rig_open(&r);
    for (uint32_t pass = 0; pass < passes; pass++) {
        uint64_t begun = mr_bench_now_ns();
        for (int i = 0; i < BURST; i++)
            MR_ASSERT(r.port.append(r.port.self, MR_JOURNAL_ORDER, i, payload, PAYLOAD) > 0);
        ns[pass] = (double)(mr_bench_now_ns() - begun) / BURST;
        while (mr_journal_step(r.journal, 1) > 0) {
        }
    }
    rig_close(&r);
    mr_bench_row(b, &(struct mr_bench_row){.name = "append",
                                           .work = "record of 240 bytes taken from the trade tile",
                                           .ns = mr_bench_median(ns, passes)});
}

static void flood(struct mr_bench *b)
{
    struct rig r;
    uint8_t payload[PAYLOAD] = {7};
    rig_open(&r);
    rig_thread(&r);
    uint64_t begun = mr_bench_now_ns();
    for (int i = 0; i < FLOOD;) {
        if (r.port.append(r.port.self, MR_JOURNAL_ORDER, i, payload, PAYLOAD) > 0)
            i++;
        else
            MR_ASSERT(!r.port.failed(r.port.self) && usleep(50) == 0);
    }
    while (r.port.durable(r.port.self) < FLOOD)
        MR_ASSERT(!r.port.failed(r.port.self) && usleep(50) == 0);
    double ns = (double)(mr_bench_now_ns() - begun) / FLOOD;
    rig_close(&r);
    mr_bench_row(b, &(struct mr_bench_row){.name = "flood",
                                           .work = "record hashed, written and on disk, 200,000 at full speed",
                                           .ns = ns});
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void single(struct mr_bench *b)
{
    static double ns[SINGLES];
    struct rig r;
    uint8_t payload[PAYLOAD] = {7};
    rig_open(&r);
    rig_thread(&r);
    for (int i = 0; i < SINGLES; i++) {
        uint64_t begun = mr_bench_now_ns();
        int64_t seq = r.port.append(r.port.self, MR_JOURNAL_ORDER, i, payload, PAYLOAD);
        while (r.port.durable(r.port.self) < (uint64_t)seq)
            MR_ASSERT(!r.port.failed(r.port.self));
        ns[i] = (double)(mr_bench_now_ns() - begun);
        usleep(500);
    }
    rig_close(&r);
    qsort(ns, SINGLES, sizeof *ns, by_value);
    mr_bench_row(b, &(struct mr_bench_row){.name = "durable_p50",
                                           .work = "append to durable, one record at a time: half of them take less",
                                           .ns = ns[SINGLES / 2]});
    mr_bench_row(b,
                 &(struct mr_bench_row){.name = "durable_p99", .work = "and 99 of 100", .ns = ns[SINGLES * 99 / 100]});
}

void mr_bench_journal(struct mr_bench *b)
{
    if (mr_bench_timing(b, "append"))
        append(b);
    if (mr_bench_timing(b, "flood"))
        flood(b);
    if (mr_bench_timing(b, "durable_p50") || mr_bench_timing(b, "durable_p99"))
        single(b);
}
