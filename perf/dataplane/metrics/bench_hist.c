#include "dataplane/metrics/metrics.h"
#include "perf/bench.h"

#include <math.h>
#include <stdlib.h>

#define VALUES 65536u

#define PROBE_METRICS(COUNTER, GAUGE, HIST) HIST(ns, "ns", "times") COUNTER(seen, "values", "values seen")
MR_METRICS_DECLARE(mr_bench_probe, PROBE_METRICS);
MR_METRICS_DEFINE(mr_bench_probe, PROBE_METRICS);

struct set {
    int64_t value[VALUES];
    struct mr_bench_probe_metrics metrics;
    uint64_t log2_count[64];
};

static uint64_t record(void *arg)
{
    struct set *s = arg;
    for (uint32_t i = 0; i < VALUES; i++)
        MR_RECORD(&s->metrics, ns, s->value[i]);
    return VALUES;
}

/* The least a histogram can be: 64 buckets, no sum, no extremes, nothing for values that do not belong. */
static uint64_t record_log2(void *arg)
{
    struct set *s = arg;
    for (uint32_t i = 0; i < VALUES; i++)
        s->log2_count[63 - __builtin_clzll((uint64_t)s->value[i] | 1)]++;
    return VALUES;
}

/* The same record where another thread might write too: what a histogram of several writers pays. */
static uint64_t record_shared(void *arg)
{
    struct set *s = arg;
    uint64_t *counts = mr_hist_counts(&s->metrics.ns.head);
    for (uint32_t i = 0; i < VALUES; i++)
        __atomic_fetch_add(&counts[mr_hist_bucket((uint64_t)s->value[i], MR_HIST_BITS)], 1, __ATOMIC_RELAXED);
    return VALUES;
}

static double uniform(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}

/* log-normal around a microsecond, with a tail: what latencies look like */
static struct set *make(void)
{
    struct set *s = aligned_alloc(64, (sizeof *s + 63) / 64 * 64);
    MR_ASSERT(s);
    uint64_t seed = 88172645463325252u;
    for (uint32_t i = 0; i < VALUES; i++)
        s->value[i] = (int64_t)exp(7 + sqrt(-2 * log(uniform(&seed))) * cos(6.283185307179586 * uniform(&seed)));
    memset(s->log2_count, 0, sizeof s->log2_count);
    mr_metrics_init_values(&s->metrics, &mr_bench_probe_metrics_desc);
    return s;
}

void mr_bench_hist(struct mr_bench *b)
{
    struct set *s = make();
    mr_bench_pair(b, &(struct mr_bench_pair){
                         .name = "record",
                         .work = "latency into a histogram: bucket, sum, extremes",
                         .items = VALUES,
                         .ours = {record, s},
                         .references = {{"the same buckets by atomic add", record_shared, s}},
                         .goal = 2,
                         .limit_ns = 2,
                     });
    mr_bench_pair(b, &(struct mr_bench_pair){
                         .name = "record_bound",
                         .work = "latency into a histogram: bucket, sum, extremes",
                         .items = VALUES,
                         .ours = {record, s},
                         .references = {{"64 buckets by log2: a plain increment, nothing else", record_log2, s}},
                         .goal = 1.5,
                         .stretch = 1.1,
                         .bound = true,
                     });
    free(s);
}
