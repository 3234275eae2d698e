/* Trades into five timeframes, against looking through the kept trades of each bar when it closes. */
#include <stdlib.h>

#include "engines/bars/bars.h"
#include "perf/bench.h"

#define TRADES 100000
#define MS 1000000ll
#define START 1790000000000000000ll

static int64_t times[TRADES], prices[TRADES];
static const int64_t intervals[5] = {1000 * MS, 60000 * MS, 300000 * MS, 900000 * MS, 3600000 * MS};
static void *memory;

static void make(const struct mr_bars_config *config)
{
    uint64_t random = 88172645463325252u;
    int64_t now = START, price = 6700000000000;
    for (uint32_t i = 0; i < TRADES; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        times[i] = now += (int64_t)(random % (100 * MS));
        prices[i] = price += (int64_t)(random >> 40) % 20001 - 10000;
    }
    memory = aligned_alloc(64, (mr_bars_bytes(config) + 63) / 64 * 64);
}

static uint64_t bar_sum(int64_t open, int64_t high, int64_t low, int64_t close, int64_t volume)
{
    return mr_bench_mix((uint64_t)(open ^ close), (uint64_t)(high * 3 + low + volume));
}

static void closed(void *arg, uint32_t instrument, uint32_t timeframe, const struct mr_bar *bar)
{
    uint64_t *sum = arg;
    (void)instrument;
    *sum += bar_sum(bar->open, bar->high, bar->low, bar->close, bar->volume) * (timeframe + 1);
}

static uint64_t closed_sum;
static const struct mr_bars_config config = {.instruments = 1, .closed = closed, .arg = &closed_sum};

static uint64_t ours(void *arg)
{
    struct mr_bars *bars = mr_bars_init(memory, &config);
    const struct mr_instrument in = {.price_scale = 8, .size_scale = 8};
    (void)arg;
    closed_sum = 0;
    for (uint32_t i = 0; i < TRADES; i++) {
        struct mr_event ev = {.recv_ns = times[i], .kind = MR_EVENT_TRADE, .price = prices[i], .size = i & 1023};
        mr_bars_apply(bars, &ev, &in);
    }
    return closed_sum;
}

/* Each timeframe by itself, a pass over all trades: as fast as it can be without keeping state between trades. */
static uint64_t by_timeframe(void *arg)
{
    uint64_t sum = 0;
    (void)arg;
    for (uint32_t t = 0; t < 5; t++) {
        int64_t end = times[0] / intervals[t] * intervals[t] + intervals[t];
        int64_t open = prices[0], high = open, low = open, close = open, volume = 0;
        bool empty = true;
        for (uint32_t i = 0; i < TRADES; i++) {
            for (; times[i] >= end; end += intervals[t], empty = true) {
                sum += bar_sum(open, high, low, close, volume) * (t + 1);
                open = high = low = close;
                volume = 0;
            }
            if (empty)
                open = high = low = prices[i];
            empty = false;
            high = prices[i] > high ? prices[i] : high;
            low = prices[i] < low ? prices[i] : low;
            close = prices[i];
            volume += i & 1023;
        }
    }
    return sum;
}

void mr_bench_bars(struct mr_bench *b)
{
    make(&config);
    mr_bench_pair(b,
                  &(struct mr_bench_pair){.name = "trades",
                                          .work = "a trade into five timeframes",
                                          .items = TRADES,
                                          .ours = {ours, NULL},
                                          .references = {{"five loops over an array of trades", by_timeframe, NULL}}});
    free(memory);
}
