/* The recording path of hist.h. */
#ifndef MR_METRICS_HIST_INLINE_H
#define MR_METRICS_HIST_INLINE_H

#include "dataplane/metrics/hist.h"

MR_INLINE uint64_t *mr_hist_counts(struct mr_hist *h) { return (uint64_t *)(h + 1); }

/* One writer, so a load, an add and a store do; relaxed atomics make the readers' race defined at no cost. */
MR_INLINE void mr_hist_bump(uint64_t *word, uint64_t by)
{
    __atomic_store_n(word, __atomic_load_n(word, __ATOMIC_RELAXED) + by, __ATOMIC_RELAXED);
}

/* Below 2^(sub_bits+1) a bucket a value; above, the top sub_bits+1 bits of the value select it. */
MR_INLINE uint32_t mr_hist_bucket(uint64_t value, unsigned sub_bits)
{
    unsigned shift = 63u - (unsigned)__builtin_clzll(value | (uint64_t)1 << sub_bits) - sub_bits;
    return (uint32_t)(shift << sub_bits) + (uint32_t)(value >> shift);
}

void mr_hist_record_rare(struct mr_hist *h, int64_t value, unsigned sub_bits); /* negative or beyond the range */

/* `sub_bits` is known when compiled wherever this is hot. */
MR_INLINE void mr_hist_record_bits(struct mr_hist *h, unsigned sub_bits, int64_t value)
{
    if (mr_unlikely((uint64_t)value >> MR_HIST_RANGE_BITS)) {
        mr_hist_record_rare(h, value, sub_bits);
        return;
    }
    mr_hist_bump(&mr_hist_counts(h)[mr_hist_bucket((uint64_t)value, sub_bits)], 1);
    mr_hist_bump(&h->sum, (uint64_t)value);
    if (mr_unlikely(value > __atomic_load_n(&h->max, __ATOMIC_RELAXED)))
        __atomic_store_n(&h->max, value, __ATOMIC_RELAXED);
    if (mr_unlikely(INT64_MAX - value > __atomic_load_n(&h->below_max, __ATOMIC_RELAXED)))
        __atomic_store_n(&h->below_max, INT64_MAX - value, __ATOMIC_RELAXED);
}

MR_INLINE void mr_hist_record(struct mr_hist *h, int64_t value)
{
    if (h->sub_bits == MR_HIST_BITS_FINE)
        mr_hist_record_bits(h, MR_HIST_BITS_FINE, value);
    else
        mr_hist_record_bits(h, MR_HIST_BITS, value);
}

#endif
