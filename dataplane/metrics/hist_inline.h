/* The recording path of hist.h. */
#ifndef MR_METRICS_HIST_INLINE_H
#define MR_METRICS_HIST_INLINE_H

#include "dataplane/metrics/hist.h"

#if defined(__SANITIZE_THREAD__)
#define MR_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MR_THREAD_SANITIZER 1
#endif
#endif
#ifndef MR_THREAD_SANITIZER
#define MR_THREAD_SANITIZER 0
#endif

MR_INLINE uint64_t *mr_hist_counts(struct mr_hist *h) { return (uint64_t *)(h + 1); }

/* One writer, so a load, an add and a store do; relaxed atomics make the readers' race defined. The compiler makes three
 * instructions of them, each with its own slot, where the machine has one for memory. */
MR_INLINE void mr_hist_bump(uint64_t *word, uint64_t by)
{
#if defined(__x86_64__) && !MR_THREAD_SANITIZER
    __asm__("addq %1, %0" : "+m"(*word) : "re"(by) : "cc");
#else
    __atomic_store_n(word, __atomic_load_n(word, __ATOMIC_RELAXED) + by, __ATOMIC_RELAXED);
#endif
}

/* Below 2^(sub_bits+1) a bucket a value; above, the top sub_bits+1 bits of the value select it. */
MR_INLINE uint64_t mr_hist_bucket(uint64_t value, unsigned sub_bits)
{
    unsigned top = (unsigned)__builtin_clzll(value | (uint64_t)1 << sub_bits) ^ 63u; /* x86 has it in one instruction */
    unsigned shift = top - sub_bits;
    return (uint64_t)(shift << sub_bits) + (value >> shift);
}

void mr_hist_record_negative(struct mr_hist *h);
bool mr_hist_record_rare(struct mr_hist *h, int64_t value, unsigned sub_bits); /* far, or a new extreme */

/* The value is within the range and the extremes know it. */
MR_INLINE void mr_hist_record_known(struct mr_hist *h, unsigned sub_bits, uint64_t value)
{
    mr_hist_bump(&mr_hist_counts(h)[mr_hist_bucket(value, sub_bits)], 1);
    mr_hist_bump(&h->sum, value);
}

/* `sub_bits` is known when compiled wherever this is hot. One comparison does for the range and both extremes. True: a new maximum,
 * known in the branch that is taken seldom, so that a caller who asks pays there only. */
MR_INLINE bool mr_hist_record_bits(struct mr_hist *h, unsigned sub_bits, int64_t value)
{
    if (mr_unlikely((uint64_t)value - (uint64_t)h->min > h->width)) { /* its own words: no other thread writes them */
        if (value >= 0)
            return mr_hist_record_rare(h, value, sub_bits);
        mr_hist_record_negative(h);
        return false;
    }
    mr_hist_record_known(h, sub_bits, (uint64_t)value);
    return false;
}

MR_INLINE bool mr_hist_record(struct mr_hist *h, int64_t value)
{
    if (h->sub_bits == MR_HIST_BITS_FINE)
        return mr_hist_record_bits(h, MR_HIST_BITS_FINE, value);
    return mr_hist_record_bits(h, MR_HIST_BITS, value);
}

#endif
