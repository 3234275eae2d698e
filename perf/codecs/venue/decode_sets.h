/* Generated messages of every venue, and simdjson's way from the same bytes to the same fields. */
#ifndef MR_PERF_DECODE_SETS_H
#define MR_PERF_DECODE_SETS_H

#include "perf/bench.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MR_BENCH_SLACK 64 /* simdjson reads so far behind a text; ours does not */

struct mr_bench_frames {
    uint8_t *bytes;
    uint32_t *at, *len;
    uint32_t count;
};

/* What a row sums up of each event, on both sides. */
static inline uint64_t mr_bench_trade_sum(uint32_t instrument, int64_t ns, int64_t price, int64_t size, int64_t worth,
                                          bool sell, uint64_t seq)
{
    return seq * 17 + instrument * 11u + (uint64_t)ns + (uint64_t)price * 3 + (uint64_t)size * 5 + (uint64_t)worth * 7 +
           (sell ? 13u : 0u);
}
static inline uint64_t mr_bench_head_sum(uint32_t instrument, int64_t ns, uint64_t seq)
{
    return instrument * 11u + (uint64_t)ns + seq * 5;
}
/* Parts are added, so that no long chain of multiplications hides what is measured. */
static inline uint64_t mr_bench_level_sum(int64_t price, int64_t size, uint32_t place)
{
    return ((uint64_t)price ^ ((uint64_t)size << 32 | (uint64_t)size >> 32)) * (2u * place + 1);
}

/* Given to both: the id of an instrument of the venue whose row runs, and the notional of a trade. */
uint32_t mr_bench_decode_instrument(const char *symbol, uint32_t len);
int64_t mr_bench_notional(int64_t price, int64_t size);
/* Also to both: what is summed up of a number with its own exponent, of an event of that kind. */
uint64_t mr_bench_value(const char *text, uint32_t len, uint32_t kind);

/* simdjson On-Demand, members taken in the order they stand (find_field), raw tokens, our decimal reader: its fastest
 * form. */
#define MR_DECODE_ROWS(X)                                                                                              \
    X(binance_trade)                                                                                                   \
    X(binance_best)                                                                                                    \
    X(binance_delta)                                                                                                   \
    X(binance_snapshot)                                                                                                \
    X(bybit_trade)                                                                                                     \
    X(bybit_best)                                                                                                      \
    X(bybit_delta)                                                                                                     \
    X(bybit_snapshot)                                                                                                  \
    X(okx_trade)                                                                                                       \
    X(okx_best)                                                                                                        \
    X(okx_delta)                                                                                                       \
    X(okx_snapshot)                                                                                                    \
    X(hyperliquid_trade)                                                                                               \
    X(hyperliquid_best)                                                                                                \
    X(hyperliquid_snapshot)                                                                                            \
    X(kucoin_trade)                                                                                                    \
    X(kucoin_best)                                                                                                     \
    X(kucoin_delta)                                                                                                    \
    X(kucoin_snapshot)                                                                                                 \
    X(polymarket_trade)                                                                                                \
    X(polymarket_best)                                                                                                 \
    X(polymarket_delta)                                                                                                \
    X(polymarket_snapshot)                                                                                             \
    X(mexc_trade)                                                                                                      \
    X(mexc_best)                                                                                                       \
    X(mexc_ticker)                                                                                                     \
    X(mexc_delta)                                                                                                      \
    X(mexc_snapshot)
#define MR_X(name) uint64_t mr_decode_reference_##name(void *frames);
MR_DECODE_ROWS(MR_X)
#undef MR_X

#ifdef __cplusplus
}
#endif
#endif
