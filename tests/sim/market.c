/* Prices that wander, cascades with their signals, and feeds that do not tell the truth. */
#include <stdio.h>

#include "tests/sim/judge.h"

static const char *const bases[SIM_MARKETS] = {"AAA", "BBB", "CCC", "DDD"};

void market_init(struct world *w)
{
    w->markets = 2 + (uint32_t)sim_below(w, SIM_MARKETS - 1);
    for (uint32_t i = 0; i < w->markets; i++) {
        struct mr_instrument it = {.venue = SIM_VENUE,
                                   .type = MR_TYPE_PERPETUAL,
                                   .price_scale = 2,
                                   .size_scale = 3,
                                   .tick = 1,
                                   .lot = 1,
                                   .multiplier = 1};
        it.symbol_len = (uint8_t)snprintf(it.symbol, sizeof it.symbol, "%sUSDT", bases[i]);
        snprintf(it.base, sizeof it.base, "%s", bases[i]);
        snprintf(it.quote, sizeof it.quote, "USDT");
        int64_t id = mr_instruments_add(w->instruments, &it);
        MR_ASSERT(id >= 0);
        w->market[i] = (struct sim_market){.id = (uint32_t)id, .mid = 5000 + (mr_price)sim_below(w, 10000)};
    }
}

static void build(struct world *w, struct sim_market *m)
{
    struct mr_market_view *v = &m->view;
    const struct mr_instrument *it = mr_instruments_get(w->instruments, m->id);
    mr_price tick = it->tick, mid = m->mid / tick * tick;
    bool thin = m->thin_until > w->truth;
    *v = (struct mr_market_view){.instrument = m->id,
                                 .flags = MR_MARKET_LIVE,
                                 .bid_count = MR_MARKET_LEVELS,
                                 .ask_count = MR_MARKET_LEVELS,
                                 .seq = ++w->view_seq,
                                 .book_ns = sim_host_now(w),
                                 .last_ns = sim_host_now(w),
                                 .last = mid};
    for (int i = 0; i < MR_MARKET_LEVELS; i++) {
        mr_size size = thin ? 200 + (mr_size)sim_below(w, 800) : 5000 + 2000 * i;
        v->bids[i] = (struct mr_level){mid - tick * (i + 1), size};
        v->asks[i] = (struct mr_level){mid + tick * (i + 1), size};
    }
    if (m->halted_until > w->truth)
        v->flags |= MR_MARKET_HALTED;
}

static void show(struct world *w, struct sim_market *m)
{
    struct mr_market_view v = m->view;
    if (m->odd_until > w->truth) {
        v.flags = m->odd_flags;
        if (v.flags & MR_MARKET_CROSSED)
            v.bids[0].price = v.asks[0].price + 3;
    }
    if (m->frozen_until > w->truth || w->data_dead_until > w->truth || !w->alive)
        return;
    m->told = v; /* the truth of what was told; a bug may show the tile something else */
    planted_view(w, &v);
    mr_trade_on_view(w->trade, &v, sim_host_now(w));
    if (!w->calm && sim_fault(w, FAULT_WRONG_SYMBOL)) {
        v.instrument = w->markets + (uint32_t)sim_below(w, 100);
        mr_trade_on_view(w->trade, &v, sim_host_now(w));
    }
}

void market_move(struct world *w, int64_t dt)
{
    int64_t scale = dt < 10 * SIM_MS ? 1 : dt < 200 * SIM_MS ? 2 : 4;
    for (uint32_t i = 0; i < w->markets; i++) {
        struct sim_market *m = &w->market[i];
        m->mid += sim_between(w, -scale, scale) + (m->drift_until > w->truth ? m->drift : 0);
        m->mid = m->mid < 3000 ? 3000 + (mr_price)sim_below(w, 50) : m->mid > 20000 ? 20000 : m->mid;
        build(w, m);
        mr_paper_on_view(w->paper, &m->view, w->venue_now);
        if (sim_below(w, 4) == 0)
            mr_paper_on_trade(w->paper, m->id, sim_below(w, 2) ? MR_SIDE_BUY : MR_SIDE_SELL,
                              m->mid + sim_between(w, -2, 2), 1 + sim_between(w, 0, 4000), w->venue_now);
        show(w, m);
    }
}

void market_signal(struct world *w)
{
    uint32_t i = (uint32_t)sim_below(w, w->markets);
    struct sim_market *m = &w->market[i];
    struct mr_signal s = {.kind = MR_SIGNAL_LEVEL,
                          .level = (uint8_t)(sim_below(w, 3) ? MR_LEVEL_ALERT + sim_below(w, 3) : MR_LEVEL_NONE),
                          .confidence = (double)sim_below(w, 101) / 100,
                          .probability = 0.6,
                          .seq = ++w->signal_seq,
                          .engine_ns = sim_host_now(w)};
    snprintf(s.underlying_name, sizeof s.underlying_name, "%s", bases[i]);
    if (s.level != MR_LEVEL_NONE) {
        m->drift = sim_below(w, 2) ? 3 : -3;
        m->drift_until = w->truth + sim_between(w, SIM_S, 10 * SIM_S);
    }
    if (w->alive && w->data_dead_until <= w->truth && w->paused_until <= w->truth)
        mr_trade_on_signal(w->trade, &s, sim_host_now(w));
}

void market_fault(struct world *w)
{
    struct sim_market *m = &w->market[sim_below(w, w->markets)];
    static const uint32_t odd[] = {0, MR_MARKET_LIVE | MR_MARKET_CROSSED, MR_MARKET_LIVE | MR_MARKET_GAP};
    if (sim_fault(w, FAULT_PARTIAL))
        m->thin_until = w->truth + sim_between(w, SIM_S, 20 * SIM_S);
    if (sim_fault(w, FAULT_FROZEN))
        m->frozen_until = w->truth + sim_between(w, 100 * SIM_MS, 5 * SIM_S);
    if (sim_fault(w, FAULT_CROSSED)) {
        m->odd_until = w->truth + sim_between(w, 10 * SIM_MS, 3 * SIM_S);
        m->odd_flags = odd[sim_below(w, MR_COUNT_OF(odd))];
    }
    if (sim_fault(w, FAULT_HALTED))
        m->halted_until = w->truth + sim_between(w, 100 * SIM_MS, 5 * SIM_S);
    if (sim_fault(w, FAULT_OTHER_DEAD))
        w->data_dead_until = w->truth + sim_between(w, 100 * SIM_MS, 10 * SIM_S);
    if (sim_fault(w, FAULT_FILTER_CHANGED)) {
        struct mr_instrument *it = (struct mr_instrument *)(uintptr_t)mr_instruments_get(w->instruments, m->id);
        it->tick = it->tick == 1 ? 5 : 1;
        sim_event(w, "the tick of instrument %u is %lld", m->id, (long long)it->tick);
    }
    if (sim_fault(w, FAULT_BURST))
        for (int i = 0; i < 10; i++) {
            market_move(w, 0);
            market_signal(w);
        }
}

void market_calm(struct world *w)
{
    for (uint32_t i = 0; i < w->markets; i++) {
        struct sim_market *m = &w->market[i];
        m->frozen_until = m->odd_until = m->halted_until = m->thin_until = m->drift_until = 0;
    }
    w->data_dead_until = 0;
}
