/* Generated Binance messages, and simdjson's way from the same bytes to the same fields. */
#ifndef MR_PERF_VENUE_SETS_H
#define MR_PERF_VENUE_SETS_H

#include "perf/bench.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MR_BENCH_SLACK 64 /* simdjson reads so far behind a text; ours does not */

struct mr_bench_frames {
    uint8_t *bytes;
    uint32_t *at, *len;
    uint32_t count;
    uint64_t numbers; /* levels in all of them, or messages */
};

/* What both sides make of a small message. */
struct mr_bench_event {
    int64_t venue_ns, price, size, aux, bid, bid_size, ask, ask_size;
    uint64_t seq;
    uint32_t instrument, sell;
};
/* Parts are added, so that no long chain of multiplications hides what is measured. */
static inline uint64_t mr_bench_event_sum(const struct mr_bench_event *e)
{
    uint64_t s = (uint64_t)e->venue_ns ^ e->seq << 1;
    s += (uint64_t)e->price * 3 + (uint64_t)e->size * 5 + (uint64_t)e->aux * 7 + e->instrument * 11u + e->sell * 13u;
    return s + (uint64_t)e->bid * 17 + (uint64_t)e->bid_size * 19 + (uint64_t)e->ask * 23 + (uint64_t)e->ask_size * 29;
}
static inline uint64_t mr_bench_level_sum(int64_t price, int64_t size, uint32_t place)
{
    return ((uint64_t)price ^ ((uint64_t)size << 32 | (uint64_t)size >> 32)) * (2u * place + 1);
}

/* Given to both: the instrument's id by its symbol, and the notional of a trade. */
uint32_t mr_bench_instrument(const char *symbol, uint32_t len);
int64_t mr_bench_notional(int64_t price, int64_t size);

/* simdjson On-Demand, members taken in the order they stand (find_field): raw tokens and our decimal reader (its
 * fastest form), get_string and our decimal reader, get_double_in_string rounded to scale 8 (its usual form). */
uint64_t mr_reference_small_raw(void *frames);
uint64_t mr_reference_small_string(void *frames);
uint64_t mr_reference_small_double(void *frames);
uint64_t mr_reference_depth_raw(void *frames);
uint64_t mr_reference_depth_string(void *frames);
uint64_t mr_reference_snapshot_raw(void *frames);
uint64_t mr_reference_snapshot_string(void *frames);

#ifdef __cplusplus
}
#endif
#endif
