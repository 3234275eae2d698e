/* Generated KuCoin messages, and simdjson's way from the same bytes to the same fields. */
#ifndef MR_PERF_KUCOIN_SETS_H
#define MR_PERF_KUCOIN_SETS_H

#include "perf/codecs/venue/venue_sets.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MR_BENCH_LOT_SCALE 4 /* of sizes in lots; prices are at 8 */

uint32_t mr_bench_kucoin_instrument(const char *symbol, uint32_t len);
int64_t mr_bench_kucoin_notional(int64_t price, int64_t size);

/* simdjson On-Demand, members in the order they stand: raw tokens and our decimal reader, or get_string and that. */
uint64_t mr_reference_kucoin_trade_raw(void *frames);
uint64_t mr_reference_kucoin_trade_string(void *frames);
uint64_t mr_reference_kucoin_ticker_raw(void *frames);
uint64_t mr_reference_kucoin_ticker_string(void *frames);
uint64_t mr_reference_kucoin_change_raw(void *frames);
uint64_t mr_reference_kucoin_change_string(void *frames);
uint64_t mr_reference_kucoin_depth_raw(void *frames);
uint64_t mr_reference_kucoin_depth_string(void *frames);
uint64_t mr_reference_kucoin_snapshot(void *frames);

#ifdef __cplusplus
}
#endif
#endif
