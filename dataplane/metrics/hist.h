/* Latency histograms: log-linear buckets, one writer, any readers, in shared memory.
 *
 * 128 sub-buckets a power of two (relative width <= 0.8 %), 0 .. 2^42 ns (73 minutes), or 1,024 sub-buckets for the few
 * headline stages (3 significant digits). Recording is a few instructions and one plain load-add-store; values beyond
 * the range go to the last bucket and are counted as such; negative values are counted apart, never as 0.
 *
 * Percentile p: the upper edge of the bucket that holds the ceil(p * N)-th value (0-definitions).
 * Readers copy the counts (mr_hist_copy, relaxed loads, bounded by the copy's own size) and compute on the copy.
 * Memory  mr_hist_bytes(sub_bits), 8-byte aligned, no pointers.
 * Trust   recording trusts the head of its own histogram (min and width bound the bucket): who may write there may
 *         write the counts behind it too. Readers trust nothing: mr_hist_check, then bounded copies.
 * Cost    perf/dataplane/metrics/bench_hist.c */
#ifndef MR_METRICS_HIST_H
#define MR_METRICS_HIST_H

#include "dataplane/metrics/trace.h"

#define MR_HIST_BITS 7        /* 128 sub-buckets */
#define MR_HIST_BITS_FINE 10  /* 1,024           */
#define MR_HIST_RANGE_BITS 42 /* values from 2^42 up are counted as beyond */
#define MR_HIST_BUCKETS(sub_bits) ((MR_HIST_RANGE_BITS - (sub_bits) + 1u) << (sub_bits))

/* The head; MR_HIST_BUCKETS(sub_bits) counts of 64 bits follow it, and behind them the record of the maximum (trace.h). A
 * zeroed head is a valid, empty start for recording: min = 0 before any value, which the count of 0 tells from a 0 that was recorded. */
struct mr_hist {
    uint64_t magic;
    uint32_t sub_bits, version;
    uint64_t negative, beyond;
    uint64_t sum;     /* of all values 0 and up; those beyond the range count as 2^42 */
    int64_t min, max; /* exact, of all values 0 and up; 0 when empty */
    uint64_t width;   /* writer's: min .. min + width is within the range, and between values recorded already */
};
static_assert(sizeof(struct mr_hist) == 64, "the head is one cache line");

/* A histogram of known size, for embedding (metrics.h). */
struct mr_hist_normal {
    struct mr_hist head;
    uint64_t counts[MR_HIST_BUCKETS(MR_HIST_BITS)];
    struct mr_trace_pair traces;
};
struct mr_hist_fine {
    struct mr_hist head;
    uint64_t counts[MR_HIST_BUCKETS(MR_HIST_BITS_FINE)];
    struct mr_trace_pair traces;
};

size_t mr_hist_bytes(unsigned sub_bits); /* 0 for a size that is neither of the two */
struct mr_hist *mr_hist_init(void *mem, unsigned sub_bits);
/* Begins anew, by its writer; a reader in the middle of it sees a part. */
void mr_hist_reset(struct mr_hist *h);
/* MR_OK, MR_E_MAGIC, MR_E_VERSION, MR_E_LAYOUT (no such size), MR_E_TRUNCATED. */
int mr_hist_check(const void *mem, size_t bytes);
/* True: the value is the maximum now, and a record of it may be put (mr_hist_trace_put). */
MR_INLINE bool mr_hist_record(struct mr_hist *h, int64_t value);

uint64_t mr_hist_count(const struct mr_hist *h); /* values 0 and up, those beyond the range among them */
uint64_t mr_hist_negative(const struct mr_hist *h);
uint64_t mr_hist_beyond(const struct mr_hist *h);
uint64_t mr_hist_sum(const struct mr_hist *h);
int64_t mr_hist_min(const struct mr_hist *h); /* exact; 0 when empty. After a subtraction: edges of buckets. */
int64_t mr_hist_max(const struct mr_hist *h);
double mr_hist_mean(const struct mr_hist *h);
/* p in (0, 1]; 0 when empty. */
int64_t mr_hist_percentile(const struct mr_hist *h, double p);
/* The same of n, none below the one before it, in one walk; returns the count. */
uint64_t mr_hist_percentiles(const struct mr_hist *h, const double *p, uint32_t n, int64_t *out);
/* into = from, or into += from, or from -= before (interval view); all of the same sub_bits, else MR_E_LAYOUT. `into`
 * (the first argument) is the caller's own; the second may be live shared memory that was checked for that size.
 * The record of the maximum goes along: of the higher one; of an interval only where the interval has raised the maximum. */
int mr_hist_copy(struct mr_hist *into, const struct mr_hist *from);
int mr_hist_add(struct mr_hist *into, const struct mr_hist *from);
int mr_hist_subtract(struct mr_hist *from, const struct mr_hist *before);
/* Adds what a stalled sender did not measure (coordinated omission): with requests due each `interval` ns, a value v
 * stands for v - interval, v - 2 * interval, ... too. MR_E_INVALID if interval is below 1, MR_E_LAYOUT as above,
 * MR_E_TOO_BIG (into is then half done) if one bucket would stand for more than 10^7 values. */
int mr_hist_add_paced(struct mr_hist *into, const struct mr_hist *from, int64_t interval);
/* Calls back for each non-empty bucket, in order: [low, high] inclusive, count. */
void mr_hist_each(const struct mr_hist *h, void (*each)(void *arg, int64_t low, int64_t high, uint64_t count),
                  void *arg);

#include "dataplane/metrics/hist_inline.h"

#endif
