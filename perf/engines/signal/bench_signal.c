/* One liquidation through velocity, volatility and signal, ticks of every 100 ms and the reference's trades included.
 */
#include <stdlib.h>
#include <string.h>

#include "engines/signal/signal.h"
#include "engines/velocity/velocity.h"
#include "engines/volatility/volatility.h"
#include "perf/bench.h"
#include "perf/engines/signal/stream.h"

#define PERIOD_NS (MR_BENCH_PERIOD_S * 1000000000ll)

struct ours {
    const struct mr_bench_stream *stream;
    struct mr_velocity *velocity;
    struct mr_volatility *volatility;
    struct mr_signals *signals;
    struct mr_instrument instruments[5];
    struct mr_signal out[MR_SIGNAL_OUT_MAX];
    struct mr_velocity_view view;
    struct mr_signal_input in;
    int64_t period;
    uint64_t records;
};

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void make_stream(struct mr_bench_stream *s)
{
    uint64_t seed = 88172645463325252ull;
    for (uint32_t i = 0; i < MR_BENCH_EVENTS; i++) {
        int64_t slot = PERIOD_NS / MR_BENCH_EVENTS;
        s->events[i] = (struct mr_bench_liquidation){
            .at_ns = i * slot + 1 + (int64_t)(next(&seed) % (uint64_t)(slot - 1)),
            .micro_usd = (int64_t)(next(&seed) % 50000000000),
            .venue = 1 + (uint32_t)(next(&seed) % 4),
        };
    }
    int64_t price = 6500000000000;
    for (int i = 0; i < MR_BENCH_PERIOD_S; i++)
        s->price[i] = price += (int64_t)(next(&seed) % 2000000000) - 1000000000;
}

static void look(struct ours *o, int64_t now)
{
    struct mr_volatility_view volatility;
    mr_velocity_underlying(o->velocity, 0, &o->view);
    mr_volatility_query(o->volatility, &volatility);
    mr_signal_input_fill(&o->in, 0, "BTC", now, &o->view, &volatility);
}

static void trade(struct ours *o, int64_t now, int64_t price)
{
    struct mr_event ev = {
        .kind = MR_EVENT_TRADE, .flags = MR_FLAG_FIRST | MR_FLAG_LAST, .recv_ns = now, .price = price, .size = 1};
    mr_volatility_apply(o->volatility, &ev, &o->instruments[0]);
}

static void tick(struct ours *o, int64_t now)
{
    mr_velocity_tick(o->velocity, now);
    mr_volatility_tick(o->volatility, now);
    look(o, now);
    o->records += mr_signal_tick(o->signals, now, &o->in, o->out, MR_SIGNAL_OUT_MAX);
}

static void liquidation(struct ours *o, int64_t now, const struct mr_bench_liquidation *e)
{
    struct mr_event ev = {.kind = MR_EVENT_LIQUIDATION,
                          .flags = MR_FLAG_FIRST | MR_FLAG_LAST,
                          .recv_ns = now,
                          .price = 6500000000000,
                          .size = 1,
                          .aux = e->micro_usd,
                          .instrument = e->venue};
    mr_velocity_apply(o->velocity, &ev, &o->instruments[e->venue]);
    look(o, now);
    o->records += mr_signal_event(o->signals, &ev, &o->instruments[e->venue], &o->in, o->out, MR_SIGNAL_OUT_MAX);
}

static uint64_t pass(void *arg)
{
    struct ours *o = arg;
    uint64_t sum = 0;
    int64_t base = o->period++ * PERIOD_NS, ticked = 0, traded = 0;
    for (uint32_t i = 0; i < MR_BENCH_EVENTS; i++) {
        const struct mr_bench_liquidation *e = &o->stream->events[i];
        for (; traded < MR_BENCH_PERIOD_S && traded * 1000000000 + 500000000 <= e->at_ns; traded++)
            trade(o, base + traded * 1000000000 + 500000000, o->stream->price[traded]);
        for (; (ticked + 1) * MR_TICK_NS <= e->at_ns; ticked++)
            tick(o, base + (ticked + 1) * MR_TICK_NS);
        liquidation(o, base + e->at_ns, e);
        uint64_t checksum = 0;
        for (int w = 0; w < MR_SIGNAL_WINDOWS; w++)
            checksum = mr_bench_mix(checksum, o->view.window[w].count);
        int64_t micro = o->view.window[MR_WINDOW_60S].long_micro + o->view.window[MR_WINDOW_60S].short_micro;
        sum = mr_bench_mix(sum, mr_bench_mix(checksum, (uint64_t)micro));
    }
    return sum;
}

static void *room(size_t bytes) { return aligned_alloc(64, (bytes + 63) / 64 * 64); }

static void open_ours(struct ours *o, const struct mr_bench_stream *stream)
{
    struct mr_velocity_config velocity = {.instruments = 8, .underlyings = 1};
    struct mr_volatility_config volatility = {.instrument = 0};
    struct mr_signal_config config;
    memset(o, 0, sizeof *o);
    mr_signal_config_default(&config);
    config.instruments_max = 8;
    o->stream = stream;
    o->velocity = mr_velocity_init(room(mr_velocity_bytes(&velocity)), &velocity);
    o->volatility = mr_volatility_init(room(mr_volatility_bytes(&volatility)), &volatility);
    o->signals = mr_signal_init(room(mr_signal_bytes(&config, 1)), &config, 1, NULL);
    for (uint32_t i = 0; i < 5; i++) /* 0 is the reference, 1 .. 4 one symbol a venue */
        o->instruments[i] = (struct mr_instrument){.id = i,
                                                   .venue = (uint8_t)(i ? i : 1),
                                                   .price_scale = 8,
                                                   .size_scale = 8,
                                                   .multiplier = 1,
                                                   .symbol_len = 1,
                                                   .symbol = {(char)('A' + i)},
                                                   .base = "BTC",
                                                   .flags = MR_INSTRUMENT_QUOTE_USD};
    for (int i = 0; i < MR_BENCH_WARM; i++)
        pass(o);
}

/* Made at its first pass: it is compiled for this very CPU, and where instructions are counted (valgrind) it must not run. */
struct lazy_reference {
    struct mr_bench_stream *stream;
    void *state;
};

static uint64_t reference_pass(void *arg)
{
    struct lazy_reference *r = arg;
    if (!r->state)
        r->state = mr_reference_signal_open(r->stream);
    return mr_reference_signal_pass(r->state);
}

void mr_bench_signal(struct mr_bench *b)
{
    struct mr_bench_stream *stream = malloc(sizeof *stream);
    struct ours *ours = room(sizeof *ours);
    make_stream(stream);
    open_ours(ours, stream);
    struct lazy_reference reference = {.stream = stream};
    mr_bench_pair(b, &(struct mr_bench_pair){
                         .name = "liquidation",
                         .work = "one liquidation through velocity, volatility and signal, its share of ticks included",
                         .items = MR_BENCH_EVENTS,
                         .ours = {pass, ours},
                         .references = {{"each figure anew from the whole window (C++)", reference_pass, &reference}},
                         .goal = 50,
                         .stretch = 100});
}
