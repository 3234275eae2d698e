/* The bench's stream: 80 s of a cascade in one underlying, four venues, 20 liquidations and one trade of the reference
 * a second, the same in every period, so that any pass after the first sees the same windows. */
#ifndef MR_PERF_SIGNAL_STREAM_H
#define MR_PERF_SIGNAL_STREAM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MR_BENCH_PERIOD_S 80
#define MR_BENCH_PER_S    50
#define MR_BENCH_EVENTS (MR_BENCH_PERIOD_S * MR_BENCH_PER_S)
#define MR_BENCH_WARM 4 /* periods before the first pass */

struct mr_bench_liquidation {
    int64_t at_ns; /* in the period */
    int64_t micro_usd;
    uint32_t venue; /* 1 .. 4 */
};

struct mr_bench_stream {
    struct mr_bench_liquidation events[MR_BENCH_EVENTS];
    int64_t price[MR_BENCH_PERIOD_S]; /* scale 8, in the middle of each second */
};

/* The reference: for each liquidation every figure is computed again from the events of the last minute and the
 * returns of the last hour, by definition. */
void *mr_reference_signal_open(const struct mr_bench_stream *stream);
uint64_t mr_reference_signal_pass(void *reference);

#ifdef __cplusplus
}
#endif
#endif
