/* A signal engine in its memory, a few made instruments, and a clock in seconds: shared by the tests of this folder. */
#ifndef MR_TESTS_SIGNAL_RIG_H
#define MR_TESTS_SIGNAL_RIG_H

#include "engines/signal/signal.h"
#include "tests/support/support.h"

#define T0 1700000000000000000ll /* a whole second of engine time */
#define SECONDS(s) ((int64_t)((s)*1000 + ((s) < 0 ? -0.5 : 0.5)) * 1000000)

struct rig {
    struct mr_signals *engine;
    struct mr_signal_config config;
    struct mr_signal_metrics metrics;
    struct mr_signal_input in;
    struct mr_signal out[MR_SIGNAL_OUT_MAX];
    uint32_t count;
};

static inline void rig_open(struct rig *r, uint32_t underlyings)
{
    size_t bytes = mr_signal_bytes(&r->config, underlyings);
    void *mem = aligned_alloc(MR_LINE_BYTES, (bytes + 63) / 64 * 64);
    memset(mem, 0xa5, bytes); /* init relies on nothing */
    memset(&r->metrics, 0, sizeof r->metrics);
    r->engine = mr_signal_init(mem, &r->config, underlyings, &r->metrics);
    mr_signal_input_default(&r->in, 0, "BTC", T0);
    r->count = 0;
}

static inline void rig_close(struct rig *r) { free(r->engine); }

static inline struct mr_instrument made_instrument(uint32_t id, uint8_t venue, const char *symbol)
{
    struct mr_instrument i = {
        .id = id, .venue = venue, .product = 1, .price_scale = 8, .size_scale = 8, .multiplier = 1};
    i.symbol_len = (uint8_t)strlen(symbol);
    memcpy(i.symbol, symbol, i.symbol_len);
    return i;
}

static inline uint32_t rig_tick(struct rig *r, double s)
{
    r->in.engine_ns = T0 + SECONDS(s);
    return r->count = mr_signal_tick(r->engine, r->in.engine_ns, &r->in, r->out, MR_SIGNAL_OUT_MAX);
}

static inline uint32_t rig_event(struct rig *r, double s, struct mr_event ev, const struct mr_instrument *instrument)
{
    r->in.engine_ns = ev.recv_ns = T0 + SECONDS(s);
    ev.instrument = instrument->id;
    return r->count = mr_signal_event(r->engine, &ev, instrument, &r->in, r->out, MR_SIGNAL_OUT_MAX);
}

static inline uint32_t rig_liquidation(struct rig *r, double s, int64_t usd, const struct mr_instrument *instrument)
{
    struct mr_event ev = {.kind = MR_EVENT_LIQUIDATION,
                          .flags = MR_FLAG_FIRST | MR_FLAG_LAST,
                          .price = 6500000000000,
                          .size = 1,
                          .aux = usd * 1000000};
    return rig_event(r, s, ev, instrument);
}

#endif
