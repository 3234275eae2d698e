#include "controlplane/trade/trade.h"

#include <stdarg.h>
#include <stdio.h>

#include "controlplane/trade/trade_priv.h"

uint32_t trade_index(const struct mr_trade *t, uint32_t instrument)
{
    for (uint32_t i = 0; i < t->config.traded_count; i++)
        if (t->traded[i].id == instrument)
            return i;
    return UINT32_MAX;
}

void trade_tell(const struct mr_trade *t, struct mr_trade_told *what)
{
    what->now_ns = t->now;
    if (t->ports.told)
        t->ports.told(t->ports.self, what);
}

void trade_say(const struct mr_trade *t, uint8_t kind, uint8_t severity, const char *format, ...)
{
    char text[MR_TOLD_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    trade_tell(t, &(struct mr_trade_told){.kind = kind, .severity = severity, .say = MR_SAY_TEXT, .text = text});
}

/* ---- the market ---- */

void mr_trade_on_view(struct mr_trade *t, const struct mr_market_view *view, int64_t now_ns)
{
    uint32_t i = trade_index(t, view->instrument);
    t->now = now_ns > t->now ? now_ns : t->now;
    if (i == UINT32_MAX)
        return;
    struct traded *w = &t->traded[i];
    w->view = *view;
    w->dirty = true;
    if (view->flags == MR_MARKET_LIVE)
        w->live_ns = t->now;
    mr_risk_on_market(t->risk, view);
    mr_price mark = view->mark ? view->mark : mr_market_mid(view);
    if (mark <= 0)
        return;
    mr_positions_mark(mr_orders_positions_edit(t->orders), view->instrument, mark);
    mr_brackets_mark(t->brackets, view->instrument, mark);
    if (mr_positions_get(mr_orders_positions(t->orders), view->instrument)->size)
        trade_account_to_risk(t); /* what is held is worth something else now */
}

static void strategies_see(struct mr_trade *t)
{
    struct mr_strategy_host host = trade_host(t);
    for (uint32_t i = 0; i < t->config.traded_count; i++) {
        struct traded *w = &t->traded[i];
        if (!w->dirty)
            continue;
        w->dirty = false;
        for (t->calling = 0; t->calling < t->config.strategy_count; t->calling++) {
            const struct mr_strategy *row = t->config.strategy[t->calling].row;
            if (row->on_view)
                row->on_view(t->state[t->calling], &host, &w->view, t->now);
        }
    }
}

void mr_trade_on_signal(struct mr_trade *t, const struct mr_signal *signal, int64_t now_ns)
{
    struct mr_strategy_host host = trade_host(t);
    t->now = now_ns > t->now ? now_ns : t->now;
    t->n.signals++;
    t->signal = signal;
    for (t->calling = 0; t->calling < t->config.strategy_count; t->calling++) {
        const struct mr_strategy *row = t->config.strategy[t->calling].row;
        if (row->on_signal)
            row->on_signal(t->state[t->calling], &host, signal, t->now);
    }
    t->signal = NULL;
    trade_intents(t);
}

/* ---- each second ---- */

static void measure(struct mr_trade *t)
{
    for (uint32_t i = 0; i < t->config.traded_count; i++) {
        struct traded *w = &t->traded[i];
        mr_measure_sample(&w->measure, w->view.flags == MR_MARKET_LIVE ? mr_market_mid(&w->view) : 0,
                          t->config.atr_bar_s);
        int64_t volatility = mr_measure_volatility_e8(&w->measure);
        if (volatility >= 0)
            mr_risk_on_volatility(t->risk, w->id, volatility, 100000000, t->now);
    }
    for (uint32_t i = 0; i < t->config.traded_count; i++)
        for (uint32_t k = 0; k < i; k++) {
            const struct mr_instrument *a = mr_instruments_get(t->config.instruments, t->traded[i].id);
            const struct mr_instrument *b = mr_instruments_get(t->config.instruments, t->traded[k].id);
            int64_t r = mr_measure_correlation_e8(&t->traded[i].measure, &t->traded[k].measure);
            if (r != INT64_MIN && a->underlying != b->underlying)
                mr_risk_on_correlation(t->risk, a->underlying, b->underlying, r, t->now);
        }
}

static void on_timer(struct mr_trade *t)
{
    struct mr_strategy_host host = trade_host(t);
    struct mr_err err;
    mr_risk_on_time(t->risk, t->now);
    trade_account_to_risk(t);
    if (t->begun)
        trade_day(t);
    for (t->calling = 0; t->calling < t->config.strategy_count; t->calling++) {
        const struct mr_strategy *row = t->config.strategy[t->calling].row;
        if (row->on_timer)
            row->on_timer(t->state[t->calling], &host, t->now);
    }
    trade_watch_time(t);
    if (t->begun && !t->inconsistent && mr_trade_check(t, &err) != MR_OK) {
        t->inconsistent = true;
        mr_trade_stop(t, MR_STOP_INVARIANT, err.text, t->now);
    }
}

/* What stops everything by itself (C-4). */
static void watch(struct mr_trade *t)
{
    const char *journal = t->ports.journal.failed(t->ports.journal.self);
    if (t->life.state == MR_LIFE_SHUTDOWN || t->stop.active)
        return;
    if (journal)
        mr_trade_stop(t, MR_STOP_JOURNAL, journal, t->now);
    else if (t->begun && t->life.state != MR_LIFE_EMERGENCY_STOP &&
             mr_kill_read(t->ports.kill, 0, 0) == MR_KILL_SCOPE_ALL)
        mr_trade_stop(t, MR_STOP_KILL, "the kill switch is on", t->now);
}

void mr_trade_on_clock(struct mr_trade *t, int64_t now_ns, int64_t mono_ns)
{
    mr_orders_on_clock(t->orders, now_ns, mono_ns);
    mr_risk_on_clock(t->risk, mr_orders_passed(t->orders));
}

uint32_t mr_trade_step(struct mr_trade *t, int64_t now_ns)
{
    t->now = now_ns > t->now ? now_ns : t->now;
    watch(t);
    trade_denials(t);
    trade_watch_act(t); /* what the last books said */
    uint32_t did = mr_orders_step(t->orders, t->now);
    if (t->now >= t->sample_ns) {
        t->sample_ns = t->now + (t->config.sample_ns ? t->config.sample_ns : SECOND);
        measure(t);
        did++;
    }
    if (t->now >= t->timer_ns) {
        t->timer_ns = t->now + SECOND;
        on_timer(t);
        did++;
    }
    trade_watch_act(t);
    if (t->begun && !t->stop.active)
        did += mr_brackets_step(t->brackets, t->orders, t->now);
    if (t->begun) /* in a stop too: it is what ends them */
        did += mr_slices_step(t->slices, t->orders, t->now);
    strategies_see(t);
    trade_intents(t);
    trade_exits(t);
    mr_stop_poll(&t->stop, t->now);
    return did;
}

/* ---- operators ---- */

int mr_trade_place(struct mr_trade *t, const struct mr_order *order, int64_t now_ns, uint64_t *id, struct mr_err *err)
{
    struct mr_order o = *order;
    t->now = now_ns > t->now ? now_ns : t->now;
    if (trade_index(t, o.instrument) == UINT32_MAX)
        return mr_err_set(err, MR_E_SYMBOL, "that instrument is not traded here: name it under trade.instruments");
    o.strategy = MR_TRADE_MANUAL;
    o.flags |= MR_ORDER_MANUAL;
    int status = mr_orders_submit(t->orders, &o, t->now, id);
    if (status == MR_ORDERS_DENIED) {
        struct mr_text text;
        mr_text_init(&text, err->text, sizeof err->text);
        mr_risk_text(&t->verdict, &t->limits, &text);
        return MR_E_INVALID;
    }
    return status < 0 ? mr_err_set(err, status, "%s", mr_status_text(status)) : MR_OK;
}

int mr_trade_slice(struct mr_trade *t, const struct mr_slices_plan *plan, int64_t now_ns, uint64_t *id,
                   struct mr_err *err)
{
    struct mr_slices_plan p = *plan;
    t->now = now_ns > t->now ? now_ns : t->now;
    if (trade_index(t, p.parent.instrument) == UINT32_MAX)
        return mr_err_set(err, MR_E_SYMBOL, "that instrument is not traded here: name it under trade.instruments");
    p.parent.strategy = MR_TRADE_MANUAL;
    p.parent.flags |= MR_ORDER_MANUAL;
    int status = mr_slices_open(t->slices, t->orders, &p, t->now, id);
    if (status == MR_E_RANGE)
        return mr_err_set(err, status,
                          "want sizes on the lot, at most %d slices, a lot and a second or more for each, 7 days at "
                          "most, and no more shown than there is",
                          MR_SLICES_MAX);
    if (status == MR_E_STALE)
        return mr_err_set(err, status, "orders may not leave now: %s", mr_life_state_name(t->life.state));
    return status < 0 ? mr_err_set(err, status, "%s", mr_status_text(status)) : MR_OK;
}

int mr_trade_cancel(struct mr_trade *t, uint64_t id, int64_t now_ns, struct mr_err *err)
{
    t->now = now_ns > t->now ? now_ns : t->now;
    int status = id & MR_SLICES_ID ? mr_slices_cancel(t->slices, id, t->now) : mr_orders_cancel(t->orders, id, t->now);
    return status ? mr_err_set(err, status, "there is no such open order") : MR_OK;
}

uint32_t mr_trade_cancel_all(struct mr_trade *t, int64_t now_ns)
{
    t->now = now_ns > t->now ? now_ns : t->now;
    mr_slices_cancel_all(t->slices, -1, t->now); /* first: no child follows one that is cancelled */
    return mr_orders_cancel_all(t->orders, (struct mr_orders_filter){-1, -1, -1}, t->now);
}

int mr_trade_close(struct mr_trade *t, uint32_t instrument, int64_t now_ns, struct mr_err *err)
{
    uint32_t i = trade_index(t, instrument);
    bool any = false;
    t->now = now_ns > t->now ? now_ns : t->now;
    for (uint32_t s = 0; i != UINT32_MAX && s <= MR_TRADE_STRATEGIES_MAX; s++)
        if (t->holding[s][i].size) {
            t->holding[s][i].closing = true;
            any = true;
        }
    if (!any)
        return mr_err_set(err, MR_E_EMPTY, "there is no position in that instrument");
    mr_slices_cancel_all(t->slices, instrument, t->now);
    return MR_OK;
}

/* ---- looking ---- */

static const struct mr_instrument *instrument_of(void *self, uint32_t id)
{
    const struct mr_trade *t = self;
    return mr_instruments_get(t->config.instruments, id);
}

void mr_trade_account(const struct mr_trade *t, struct mr_trade_account *out)
{
    const struct mr_positions *ps = mr_orders_positions(t->orders);
    *out = t->n;
    mr_positions_worth(ps, instrument_of, (void *)(uintptr_t)t, &out->worth);
    out->day_start = t->risk->day_start;
    out->peak = t->risk->peak;
    out->realised = mr_positions_realised(ps);
    out->fees = mr_positions_fees(ps);
    out->funding = mr_positions_funded(ps);
    out->open_orders = mr_orders_open(t->orders);
    out->open_positions = out->worth.open;
}

const struct mr_life *mr_trade_life(const struct mr_trade *t) { return &t->life; }
const struct mr_stop *mr_trade_stopping(const struct mr_trade *t) { return &t->stop; }
const struct mr_orders *mr_trade_orders(const struct mr_trade *t) { return t->orders; }
const struct mr_slices *mr_trade_slices(const struct mr_trade *t) { return t->slices; }
const struct mr_risk_state *mr_trade_risk(const struct mr_trade *t) { return t->risk; }
const struct mr_risk_limits *mr_trade_limits_now(const struct mr_trade *t) { return &t->limits; }

int mr_trade_check(const struct mr_trade *t, struct mr_err *err)
{
    uint32_t cursor = 0, open = 0;
    for (const struct mr_order *o; (o = mr_orders_next(t->orders, &cursor)) != NULL; open++) {
        if (o->filled < 0 || o->filled > o->size)
            return mr_err_set(err, MR_E_CORRUPT, "order %llu: more filled than ordered", (unsigned long long)o->id);
        if (o->state != MR_STATE_CREATED && !mr_risk_find_open(t->risk, o->id))
            return mr_err_set(err, MR_E_CORRUPT, "order %llu is open, and the gate does not count it",
                              (unsigned long long)o->id);
    }
    if (open != t->risk->open_count)
        return mr_err_set(err, MR_E_CORRUPT, "%u orders are open, the gate counts %u", open, t->risk->open_count);
    for (uint32_t i = 0; i < t->config.traded_count; i++) {
        const struct mr_position *p = mr_positions_get(mr_orders_positions(t->orders), t->traded[i].id);
        mr_i128 sum = 0;
        for (uint32_t s = 0; s <= MR_TRADE_STRATEGIES_MAX; s++)
            sum += t->holding[s][i].size;
        if (sum != (p ? p->size : 0))
            return mr_err_set(err, MR_E_CORRUPT, "instrument %u: the strategies' shares are not the position",
                              t->traded[i].id);
        if (mr_risk_instrument(t->risk, t->traded[i].id)->cell.position != (p ? p->size : 0))
            return mr_err_set(err, MR_E_CORRUPT, "instrument %u: the gate counts another position", t->traded[i].id);
    }
    if (!mr_slices_sound(t->slices, t->orders))
        return mr_err_set(err, MR_E_CORRUPT, "of a parent's size more is filled and out than there is");
    if (t->risk->unapproved)
        return mr_err_set(err, MR_E_CORRUPT, "%llu orders left otherwise than approved",
                          (unsigned long long)t->risk->unapproved);
    return MR_OK;
}
