/* Latency histograms: log-linear buckets, one writer, any readers, in shared memory.
 *
 * 128 sub-buckets a power of two (relative width <= 0.8 %), 0 .. 2^42 ns (73 minutes), or 1,024 sub-buckets for the few
 * headline stages (3 significant digits). Recording is a few instructions and one plain load-add-store; values beyond
 * the range go to the last bucket and are counted as such; negative values are counted apart, never as 0.
 *
 * Percentile p: the upper edge of the bucket that holds the ceil(p * N)-th value (0-definitions).
 * Readers copy the counts (relaxed loads) and compute on the copy.
 * Memory  mr_hist_bytes(sub_bits), no pointers.  Cost  perf/metrics/bench_hist.c */
#ifndef MR_METRICS_HIST_H
#define MR_METRICS_HIST_H

#include "dataplane/base/base.h"

#define MR_HIST_BITS      7   /* 128 sub-buckets */
#define MR_HIST_BITS_FINE 10  /* 1,024           */

struct mr_hist; /* head, then counts */
size_t mr_hist_bytes(unsigned sub_bits);
struct mr_hist *mr_hist_init(void *mem, unsigned sub_bits);
int mr_hist_check(const void *mem, size_t bytes);
MR_INLINE void mr_hist_record(struct mr_hist *h, int64_t value);

uint64_t mr_hist_count(const struct mr_hist *h);
uint64_t mr_hist_negative(const struct mr_hist *h);
uint64_t mr_hist_beyond(const struct mr_hist *h);
int64_t mr_hist_min(const struct mr_hist *h);
int64_t mr_hist_max(const struct mr_hist *h);
double mr_hist_mean(const struct mr_hist *h);
/* p in (0, 1]; 0 when empty. */
int64_t mr_hist_percentile(const struct mr_hist *h, double p);
/* into = from - before (interval view) or into += from; all of the same sub_bits, else MR_E_LAYOUT. */
int mr_hist_copy(struct mr_hist *into, const struct mr_hist *from);
int mr_hist_add(struct mr_hist *into, const struct mr_hist *from);
int mr_hist_subtract(struct mr_hist *from, const struct mr_hist *before);
/* Calls back for each non-empty bucket, in order: [low, high] inclusive, count. */
void mr_hist_each(const struct mr_hist *h, void (*each)(void *arg, int64_t low, int64_t high, uint64_t count), void *arg);

#include "dataplane/metrics/hist_inline.h"

#endif
