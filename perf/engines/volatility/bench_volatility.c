/* A day of seconds of the reference, against windows worked out anew each second from kept prices. */
#include <math.h>
#include <stdlib.h>

#include "engines/volatility/volatility.h"
#include "perf/bench.h"

#define SECONDS 20000
#define SEC 1000000000ll
#define START 1790000040000000000ll

static int64_t prices[SECONDS];
static double logs[SECONDS];
static void *memory;
static const struct mr_volatility_config config = {.instrument = 7};
static const struct mr_instrument btc = {.id = 7, .venue = 1, .price_scale = 8};

static void make(void)
{
    uint64_t random = 88172645463325252u;
    int64_t price = 6700000000000;
    for (uint32_t i = 0; i < SECONDS; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        price += (int64_t)(random % 4000000001) - 2000000000;
        prices[i] = price;
    }
    memory = aligned_alloc(64, (mr_volatility_bytes(&config) + 63) / 64 * 64);
}

/* Regimes visited: what both must agree on whatever the last bits. */
static uint64_t ours(void *arg)
{
    struct mr_volatility *v = mr_volatility_init(memory, &config);
    struct mr_volatility_view view;
    uint64_t sum = 0;
    (void)arg;
    for (uint32_t i = 0; i < SECONDS; i++) {
        struct mr_event ev = {
            .recv_ns = START + i * SEC, .kind = MR_EVENT_TRADE, .instrument = 7, .price = prices[i], .size = 1};
        mr_volatility_apply(v, &ev, &btc);
        mr_volatility_tick(v, ev.recv_ns);
        mr_volatility_query(v, &view);
        if (i >= 3600)
            sum = mr_bench_mix(sum, (uint64_t)mr_regime_of(view.vol[MR_VOLATILITY_5M]));
    }
    return sum;
}

static double deviation(uint32_t last, uint32_t n)
{
    double sum = 0, square = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += logs[last - i];
        square += logs[last - i] * logs[last - i];
    }
    double mean = sum / n, variance = square / n - mean * mean;
    return variance > 0 ? sqrt(variance) : 0;
}

static uint64_t anew(void *arg)
{
    uint64_t sum = 0;
    double other = 0;
    (void)arg;
    for (uint32_t i = 1; i < SECONDS; i++) {
        logs[i] = log((double)prices[i] / (double)prices[i - 1]);
        if (i < 3600)
            continue;
        other += deviation(i, 60) + deviation(i, 900) + deviation(i, 3600);
        sum = mr_bench_mix(sum, (uint64_t)mr_regime_of(deviation(i, 300) * sqrt(300) * 100));
    }
    return other > 0 ? sum : 0;
}

void mr_bench_volatility(struct mr_bench *b)
{
    make();
    mr_bench_pair(
        b, &(struct mr_bench_pair){.name = "second",
                                   .work = "a trade and a second: four windows, bars, percentile, regime, multiplier",
                                   .items = SECONDS,
                                   .ours = {ours, NULL},
                                   .references = {{"four windows alone, anew each second", anew, NULL}},
                                   .goal = 5,
                                   .stretch = 10});
    free(memory);
}
