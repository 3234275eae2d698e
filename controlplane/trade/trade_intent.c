/* From what a strategy wants to what is shown to the gate, and the way out of what it got. */
#include "controlplane/risk/formulas.h"
#include "controlplane/trade/trade_priv.h"

#define RETRY_NS SECOND /* between two tries to close what the gate or the venue refused */

/* ---- the strategies' side ---- */

static int submit(void *self, const struct mr_intent *intent)
{
    struct mr_trade *t = self;
    if (trade_index(t, intent->instrument) == UINT32_MAX || intent->kind > MR_INTENT_CLOSE ||
        intent->side > MR_SIDE_SELL || intent->confidence_ppm > 1000000)
        return MR_E_RANGE;
    if (t->wish_count == INTENTS) {
        t->n.dropped++;
        return MR_E_FULL;
    }
    struct wish *w = &t->wish[(t->wish_first + t->wish_count++) % INTENTS];
    *w = (struct wish){.intent = *intent, .strategy = t->calling, .at_ns = t->now};
    w->intent.reason[sizeof w->intent.reason - 1] = 0;
    if (t->signal) {
        w->signal_seq = t->signal->seq;
        w->signal_ns = t->signal->engine_ns;
        memcpy(w->underlying, t->signal->underlying_name, sizeof w->underlying);
    }
    return MR_OK;
}

static const struct mr_market_view *view(void *self, uint32_t instrument)
{
    const struct mr_trade *t = self;
    uint32_t i = trade_index(t, instrument);
    return i == UINT32_MAX ? NULL : &t->traded[i].view;
}

static mr_size position(void *self, uint32_t instrument)
{
    const struct mr_trade *t = self;
    uint32_t i = trade_index(t, instrument);
    return i == UINT32_MAX ? 0 : t->holding[t->calling][i].size;
}

/* Open orders whose role is one of `roles` (bits). */
static bool has_open(const struct mr_trade *t, uint32_t strategy, uint32_t instrument, unsigned roles)
{
    uint32_t cursor = 0;
    for (const struct mr_order *o; (o = mr_orders_next(t->orders, &cursor)) != NULL;)
        if (o->strategy == strategy && o->instrument == instrument && roles >> o->role & 1)
            return true;
    return false;
}

static bool busy(void *self, uint32_t instrument)
{
    const struct mr_trade *t = self;
    for (uint32_t k = 0; k < t->wish_count; k++) {
        const struct wish *w = &t->wish[(t->wish_first + k) % INTENTS];
        if (w->strategy == t->calling && w->intent.instrument == instrument)
            return true;
    }
    return has_open(t, t->calling, instrument, 0xff);
}

struct mr_strategy_host trade_host(struct mr_trade *t)
{
    return (struct mr_strategy_host){t, submit, view, position, busy};
}

/* ---- opening ---- */

static void drop(struct mr_trade *t, const struct wish *w, const char *why)
{
    t->n.dropped++;
    trade_tell(t, &(struct mr_trade_told){.kind = MR_TOLD_INTENT,
                                          .severity = 1,
                                          .say = MR_SAY_DROPPED,
                                          .who = t->config.strategy[w->strategy].row->name,
                                          .why = why,
                                          .intent = &w->intent});
}

static void record(struct mr_trade *t, const struct wish *w)
{
    struct mr_record_signal r;
    TRADE_RECORD(r, MR_RECORD_SIGNAL);
    r.instrument = w->intent.instrument;
    r.strategy = (uint16_t)w->strategy;
    r.intent = w->intent.kind;
    r.side = w->intent.side;
    r.confidence_ppm = w->intent.confidence_ppm;
    r.stop_roi_ppm = w->intent.stop_roi_ppm;
    r.target_roi_ppm = w->intent.target_roi_ppm;
    r.signal_ns = w->signal_ns;
    r.signal_seq = w->signal_seq;
    memcpy(r.underlying, w->underlying, sizeof r.underlying);
    static_assert(sizeof r.reason == sizeof w->intent.reason, "copied whole; it ends in NUL there");
    memcpy(r.reason, w->intent.reason, sizeof r.reason);
    t->journal.append(t->journal.self, MR_JOURNAL_SIGNAL, t->now, &r, sizeof r);
    trade_tell(t, &(struct mr_trade_told){.kind = MR_TOLD_SIGNAL, .intent = &w->intent, .signal = t->signal});
}

/* What rests on the other side within the slippage allowed from the mid. */
static mr_size within_reach(const struct mr_market_view *v, uint8_t side, uint32_t slippage_e6)
{
    const struct mr_level *level = side == MR_SIDE_BUY ? v->asks : v->bids;
    uint32_t n = side == MR_SIDE_BUY ? v->ask_count : v->bid_count;
    mr_i128 mid = mr_market_mid(v);
    mr_size depth = 0;
    for (uint32_t i = 0; i < n; i++) {
        mr_i128 away = side == MR_SIDE_BUY ? level[i].price - mid : mid - level[i].price;
        if (away * 1000000 > mid * slippage_e6)
            break;
        depth += level[i].size;
    }
    return depth;
}

/* Stop and target of a position from `price`, and how large it may be. */
static const char *size_up(struct mr_trade *t, const struct wish *w, mr_price price, struct mr_bracket_plan *plan)
{
    const struct mr_trade_strategy *s = &t->config.strategy[w->strategy];
    const struct traded *m = &t->traded[trade_index(t, w->intent.instrument)];
    const struct mr_instrument *it = mr_instruments_get(t->config.instruments, m->id);
    const struct mr_risk_sizing sizing = {.equity = t->risk->account.equity,
                                          .risk_e8 = t->config.risk_e8,
                                          .confidence_e8 = (int64_t)w->intent.confidence_ppm * 100,
                                          .share_max_e8 = t->limits.account.position_share_e8,
                                          .volatility_target_e8 = t->config.volatility_target_e8,
                                          .depth_share_e8 = t->limits.order.depth_share_e8,
                                          .taker_fee_e8 = t->config.taker_fee_e8};
    int64_t volatility = mr_measure_volatility_e8(&m->measure);
    mr_size depth = within_reach(&m->view, w->intent.side, t->config.entry.slippage_e6);
    if (volatility < 0)
        return "its volatility is not known yet";
    if (w->intent.stop_roi_ppm == 0 || mr_risk_stop_price(price, w->intent.side, (int64_t)w->intent.stop_roi_ppm * 100,
                                                          s->leverage, &plan->stop) != MR_OK)
        return "it has no stop, which its size comes from";
    plan->target = 0;
    if (w->intent.target_roi_ppm && mr_risk_target_price(price, w->intent.side, (int64_t)w->intent.target_roi_ppm * 100,
                                                         s->leverage, &plan->target) != MR_OK)
        return "its target is no price";
    if (it->tick > 0) { /* triggers stand on the tick: the stop nearer to the entry, the target further away */
        mr_price up = w->intent.side == MR_SIDE_BUY ? it->tick - 1 : 0;
        plan->stop = (plan->stop + up) / it->tick * it->tick;
        plan->target = (plan->target + up) / it->tick * it->tick;
    }
    int status = mr_risk_size(&sizing, it, price, plan->stop, volatility, depth, &plan->entry.size);
    return status != MR_OK || plan->entry.size <= 0 ? "its size comes out as nothing" : NULL;
}

/* The bracket, or why there is none. Urgent ones take, the others stand at a level of their own side. */
static const char *shape(struct mr_trade *t, const struct wish *w, struct mr_bracket_plan *plan)
{
    const struct mr_trade_strategy *s = &t->config.strategy[w->strategy];
    const struct mr_market_view *v = &t->traded[trade_index(t, w->intent.instrument)].view;
    const struct mr_instrument *it = mr_instruments_get(t->config.instruments, v->instrument);
    struct mr_order *o = &plan->entry;
    uint32_t level = mr_entry_level(&t->config.entry, w->intent.confidence_ppm / 100);
    *plan = (struct mr_bracket_plan){
        .leverage = s->leverage, .tick = it->tick, .trails = t->config.trails, .staircase = t->config.staircase};
    *o = (struct mr_order){.instrument = v->instrument,
                           .strategy = (uint16_t)w->strategy,
                           .venue = it->venue,
                           .side = w->intent.side,
                           .type = MR_ORDER_LIMIT,
                           .tif = level ? MR_TIF_GTC : MR_TIF_IOC,
                           .role = MR_ROLE_ENTRY,
                           .flags = level ? MR_ORDER_POST_ONLY : 0};
    mr_price near = mr_market_mid(v);
    if (v->flags != MR_MARKET_LIVE || near <= 0)
        return "its book is not to be believed now";
    const char *why = size_up(t, w, near, plan);
    if (why)
        return why;
    enum mr_entry_verdict verdict = level ? mr_entry_passive(&t->config.entry, v, o->side, level, o->size, &o->price)
                                          : mr_entry_taking(&t->config.entry, v, o->side, o->size, &o->price);
    return verdict != MR_ENTRY_GOOD ? mr_entry_verdict_name(verdict) : size_up(t, w, o->price, plan);
}

static void open_position(struct mr_trade *t, const struct wish *w)
{
    uint32_t i = trade_index(t, w->intent.instrument);
    struct holding *h = &t->holding[w->strategy][i];
    struct mr_bracket_plan plan;
    uint64_t id = 0;
    const char *why = t->life.state != MR_LIFE_TRADING ? "not trading"
                      : h->size || has_open(t, w->strategy, w->intent.instrument, 0xff)
                          ? "there is a position or an order already"
                          : shape(t, w, &plan);
    if (why) {
        drop(t, w, why);
        return;
    }
    record(t, w);
    int status = mr_brackets_open(t->brackets, t->orders, &plan, t->now, &id);
    if (status < 0) {
        drop(t, w, mr_status_text(status));
        return;
    }
    t->n.intents++;
    if (status == MR_ORDERS_DENIED)
        return; /* told with the decision */
    *h = (struct holding){.entry = id, .close_at_ns = w->intent.hold_ns ? t->now + w->intent.hold_ns : 0};
}

void trade_intents(struct mr_trade *t)
{
    while (t->wish_count) {
        struct wish w = t->wish[t->wish_first];
        t->wish_first = (t->wish_first + 1) % INTENTS;
        t->wish_count--;
        if (w.intent.kind == MR_INTENT_OPEN) {
            open_position(t, &w);
            continue;
        }
        struct holding *h = &t->holding[w.strategy][trade_index(t, w.intent.instrument)];
        if (h->size && !h->closing) {
            record(t, &w);
            t->n.intents++;
            h->closing = true;
        }
    }
}

/* ---- closing ---- */

int trade_close_holding(struct mr_trade *t, uint32_t strategy, uint32_t i, uint8_t flags)
{
    struct holding *h = &t->holding[strategy][i];
    const struct mr_instrument *it = mr_instruments_get(t->config.instruments, t->traded[i].id);
    struct mr_order o = {.instrument = t->traded[i].id,
                         .strategy = (uint16_t)strategy,
                         .venue = it->venue,
                         .side = h->size > 0 ? MR_SIDE_SELL : MR_SIDE_BUY,
                         .type = MR_ORDER_MARKET,
                         .tif = MR_TIF_IOC,
                         .flags = MR_ORDER_REDUCE_ONLY | flags,
                         .role = MR_ROLE_EXIT,
                         .parent = h->entry,
                         .size = h->size > 0 ? h->size : -h->size};
    uint64_t id;
    h->retry_ns = t->now + RETRY_NS;
    return mr_orders_submit(t->orders, &o, t->now, &id);
}

/* Entries that rest go first; then what is held, at market. Stop and target guard it until it is gone, and follow then (brackets.h). */
static void close_one(struct mr_trade *t, uint32_t strategy, uint32_t i)
{
    uint32_t cursor = 0;
    for (const struct mr_order *o; (o = mr_orders_next(t->orders, &cursor)) != NULL;)
        if (o->strategy == strategy && o->instrument == t->traded[i].id && o->role == MR_ROLE_ENTRY &&
            !mr_orders_cancelling(t->orders, o->id)) {
            mr_orders_cancel(t->orders, o->id, t->now);
            cursor = 0;
        }
    if (!has_open(t, strategy, t->traded[i].id, 1u << MR_ROLE_ENTRY | 1u << MR_ROLE_EXIT) &&
        t->now >= t->holding[strategy][i].retry_ns)
        trade_close_holding(t, strategy, i, 0);
}

/* Entries that rest follow their level, or are given up. */
static void reprice(struct mr_trade *t)
{
    uint32_t cursor = 0;
    for (const struct mr_order *o; (o = mr_orders_next(t->orders, &cursor)) != NULL;) {
        uint32_t i = trade_index(t, o->instrument);
        mr_price price;
        if (o->role != MR_ROLE_ENTRY || o->strategy >= t->config.strategy_count || i == UINT32_MAX ||
            o->state != MR_STATE_ACKED)
            continue;
        const struct mr_instrument *it = mr_instruments_get(t->config.instruments, o->instrument);
        enum mr_entry_verdict v =
            mr_entry_reprice(&t->config.entry, &t->traded[i].view, o, t->config.entry.level, it->tick, t->now, &price);
        if (v == MR_ENTRY_GOOD)
            mr_orders_amend(t->orders, o->id, price, o->size, t->now);
        else if (v != MR_ENTRY_STAYS && !mr_orders_cancelling(t->orders, o->id))
            mr_orders_cancel(t->orders, o->id, t->now);
        if (v != MR_ENTRY_STAYS)
            return; /* the list has moved: the others at the next step */
    }
}

void trade_exits(struct mr_trade *t)
{
    if (t->stop.active || t->life.state == MR_LIFE_READY || t->life.state == MR_LIFE_INITIALIZING)
        return;
    for (uint32_t s = 0; s <= MR_TRADE_STRATEGIES_MAX; s++)
        for (uint32_t i = 0; i < t->config.traded_count; i++) {
            struct holding *h = &t->holding[s][i];
            if (!h->size)
                continue;
            h->closing |= h->close_at_ns && t->now >= h->close_at_ns;
            if (h->closing)
                close_one(t, s, i);
        }
    reprice(t);
}
