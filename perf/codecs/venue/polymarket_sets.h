/* Generated Polymarket messages, and simdjson's way from the same bytes to the same fields. */
#ifndef MR_PERF_POLYMARKET_SETS_H
#define MR_PERF_POLYMARKET_SETS_H

#include "perf/codecs/venue/venue_sets.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What both sides make of a message. */
static inline uint64_t mr_bench_trade_sum(uint32_t instrument, uint64_t venue_ns, int64_t price, int64_t size,
                                          int64_t aux, bool sell)
{
    return venue_ns + instrument * 11u + (uint64_t)price * 3 + (uint64_t)size * 5 + (uint64_t)aux * 7 + sell;
}
static inline uint64_t mr_bench_head_sum(uint32_t instrument, uint64_t venue_ns, uint32_t state)
{
    return venue_ns + instrument * 11u + state * 7ull;
}

uint32_t mr_bench_token(const char *token, uint32_t len); /* given to both: the instrument's id */

uint64_t mr_reference_pm_trade_raw(void *frames);
uint64_t mr_reference_pm_trade_string(void *frames);
uint64_t mr_reference_pm_best_raw(void *frames);
uint64_t mr_reference_pm_best_string(void *frames);
uint64_t mr_reference_pm_change_raw(void *frames);
uint64_t mr_reference_pm_change_string(void *frames);
uint64_t mr_reference_pm_book_raw(void *frames);
uint64_t mr_reference_pm_book_string(void *frames);

#ifdef __cplusplus
}
#endif
#endif
