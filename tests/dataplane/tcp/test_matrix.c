/* A megabyte each way over bad networks: every loss with every reordering, duplication and corruption, from seeds. Everything arrives, byte
 * for byte, within a bound computed from the network; every frame is accounted for (world_close). 240 runs; MILLRACE_TCP_RUNS=1440 for all
 * twenty seeds. A failure names its run; MILLRACE_TCP_RUN=N runs only that one. */
#include <stdio.h>

#include "tests/dataplane/tcp/world.h"

static const double losses[] = {0, 0.001, 0.01, 0.05, 0.10, 0.20};
static const double reorders[] = {0, 0.01, 0.10};
static const double duplicates[] = {0, 0.05};
static const double corruptions[] = {0, 0.01};
#define COMBINATIONS (MR_COUNT_OF(losses) * MR_COUNT_OF(reorders) * MR_COUNT_OF(duplicates) * MR_COUNT_OF(corruptions))
static_assert(COMBINATIONS == 72, "of 5-trust D1");

static struct lane_faults faults_of(uint32_t run)
{
    uint32_t c = run % COMBINATIONS, seed = run / COMBINATIONS;
    struct lane_faults f = {.delay_ns = 5 * MS, .reorder_ns = 20 * MS};
    f.loss = losses[c % 6];
    f.reorder = reorders[c / 6 % 3];
    f.duplicate = duplicates[c / 18 % 2];
    f.corrupt = corruptions[c / 36];
    if (seed % 2) { /* every other seed loses in bursts, about as many in all */
        f.burst = f.loss / 6.5;
        f.loss = 0;
    }
    return f;
}

/* A segment or its acknowledgement is lost with q. The sender waits then, at worst each time for its timer: a second, doubled while the
 * repetition is lost too, which q bounds: sum of 2^n q^n; below 0.45 here. Sixty seconds besides, for the one segment
 * whose repetitions are lost seven times in a row. */
static int64_t bound_ns(const struct lane_faults *f, uint64_t bytes)
{
    double p = f->loss + f->burst * 6.5 + f->corrupt, q = 1 - (1 - p) * (1 - p);
    double segments = (double)bytes / 1460 + 1, wait_s = q / (1 - 2 * q);
    return (int64_t)((60 + segments * (0.030 + wait_s)) * 1e9);
}

struct totals {
    uint64_t frames, lost, duplicated, corrupted, retransmits, out_of_order, dropped, checksum;
    double slowest; /* share of the bound */
};

static void transfer(uint32_t run, uint64_t bytes, struct totals *all)
{
    struct lane_faults f = faults_of(run);
    struct mr_tcp_config config = world_config();
    struct peer_config pc = {.ip = {10, 77, 0, 9},
                             .port = 443,
                             .mss = 1460,
                             .window_scale = run % 3 ? 7 : 255,
                             .sack = run % 5 != 0,
                             .isn = (uint32_t)(run * 2654435761u),
                             .send_total = bytes,
                             .flight_max = run % 4 ? 60000 : 300000, /* more than 64 kB may wait out of order */
                             .rto_ns = 200 * MS};
    struct world w;
    config.seed = run + 1;
    world_open(&w, &config, SECOND);
    struct lane *lane = lane_open(run + 1, &f);
    struct world_way way = {lane, &w};
    struct peer *peer = peer_open(&pc, world_peer_out, &way);
    w.to_send = bytes;
    assert_int_equal(world_dial(&w, 0, 443), MR_OK);
    int64_t bound = bound_ns(&f, bytes);
    bool done = world_run(&w, peer, lane, bytes, SECOND + bound);
    if (!done || w.ended || w.wrong || peer_wrong(peer) || w.received != bytes || peer_received(peer) != bytes)
        fail_msg("run %u: loss %g burst %g reorder %g duplicate %g corrupt %g: after %.1f s (bound %.1f s) %s%s: "
                 "received %llu, the "
                 "peer %llu of %llu",
                 run, f.loss, f.burst, f.reorder, f.duplicate, f.corrupt, (double)(w.now_ns - SECOND) / 1e9,
                 (double)bound / 1e9, w.ended ? w.reason : "", w.wrong || peer_wrong(peer) ? " wrong octets" : "",
                 (unsigned long long)w.received, (unsigned long long)peer_received(peer), (unsigned long long)bytes);
    double share = (double)(w.now_ns - SECOND) / (double)bound;
    all->slowest = share > all->slowest ? share : all->slowest;
    for (uint32_t i = 0; i < 2; i++) {
        const struct lane_counts *c = lane_counts(lane, i);
        all->frames += c->put;
        all->lost += c->lost;
        all->duplicated += c->duplicated;
        all->corrupted += c->corrupted;
    }
    assert_int_equal(lane_counts(lane, 1)->out, w.given); /* nothing found the pool empty */
    all->retransmits += w.m.retransmits;
    all->out_of_order += w.m.out_of_order;
    all->dropped += w.m.dropped;
    all->checksum += w.m.checksum;
    peer_close(peer);
    lane_close(lane);
    world_close(&w);
}

static void every_byte_arrives_over_every_network(void **state)
{
    (void)state;
    const char *only = getenv("MILLRACE_TCP_RUN"), *many = getenv("MILLRACE_TCP_RUNS");
    uint32_t first = only ? (uint32_t)atoi(only) : 0, runs = only ? first + 1 : many ? (uint32_t)atoi(many) : 240;
    uint64_t bytes = getenv("MILLRACE_QUICK") ? 100000 : 1000000;
    struct totals all = {0};
    for (uint32_t run = first; run < runs; run++)
        transfer(run, bytes, &all);
    printf("%u runs of %llu bytes each way: %llu frames, %llu lost, %llu duplicated, %llu corrupted; ours: %llu sent "
           "again, %llu came out of "
           "order, %llu dropped, %llu checksums wrong; the slowest took %.2f of its bound\n",
           runs - first, (unsigned long long)bytes, (unsigned long long)all.frames, (unsigned long long)all.lost,
           (unsigned long long)all.duplicated, (unsigned long long)all.corrupted, (unsigned long long)all.retransmits,
           (unsigned long long)all.out_of_order, (unsigned long long)all.dropped, (unsigned long long)all.checksum,
           all.slowest);
    if (runs - first >= 240) /* the networks were as bad as they say, and the stack saw all of it */
        assert_true(all.lost && all.duplicated && all.corrupted && all.retransmits && all.out_of_order && all.checksum);
}

int main(void)
{
    if (!world_built())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_arrives_over_every_network),
    };
    return MR_TEST_MAIN(tests);
}
