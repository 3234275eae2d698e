/* Number texts as they stand in messages: one behind the other, each between quotes. */
#ifndef MR_PERF_NUMBER_SETS_H
#define MR_PERF_NUMBER_SETS_H

#include "perf/bench.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MR_BENCH_TEXTS 32768 /* many enough that a branch predictor cannot learn their lengths */

struct mr_bench_texts {
    uint8_t *bytes;
    uint32_t at[MR_BENCH_TEXTS];
    uint32_t len[MR_BENCH_TEXTS];
};

/* The references: text to double. The sum is of the doubles' bits. */
uint64_t mr_reference_fast_float(void *texts);
uint64_t mr_reference_from_chars(void *texts);
uint64_t mr_reference_strtod(void *texts);

#ifdef __cplusplus
}
#endif
#endif
