/* Level arrays as venues send them, each the whole of one JSON text. */
#ifndef MR_PERF_LEVELS_SETS_H
#define MR_PERF_LEVELS_SETS_H

#include "perf/bench.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MR_BENCH_ARRAYS_MAX 512
#define MR_BENCH_SLACK 64 /* simdjson reads so far behind a text; ours does not */

struct mr_bench_arrays {
    uint8_t *bytes;
    uint32_t count, levels; /* arrays; levels in all of them */
    uint32_t at[MR_BENCH_ARRAYS_MAX], len[MR_BENCH_ARRAYS_MAX];
};

/* A level's part of the checksum: parts are added, so that no long chain of multiplications hides what is measured. */
static inline uint64_t mr_bench_level(uint64_t price, uint64_t size, uint32_t place)
{
    return (price ^ (size << 32 | size >> 32)) * (2 * place + 1);
}

/* simdjson On-Demand over the same arrays; the sum is over all prices and sizes at scale 8. */
uint64_t mr_reference_levels_raw(void *arrays);    /* raw tokens, our decimal reader: the fastest form known */
uint64_t mr_reference_levels_double(void *arrays); /* get_double_in_string, rounded to scale 8: the usual form */

#ifdef __cplusplus
}
#endif
#endif
