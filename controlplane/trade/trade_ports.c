/* What the order manager asks (may this leave?) and tells (what became of it), and whom that concerns. */
#include <stdio.h>

#include "controlplane/trade/trade_priv.h"

static const struct mr_instrument *instrument(void *self, uint32_t id)
{
    const struct mr_trade *t = self;
    return mr_instruments_get(t->config.instruments, id);
}

static const struct mr_market_view *market(void *self, uint32_t id)
{
    const struct mr_trade *t = self;
    uint32_t i = trade_index(t, id);
    return i == UINT32_MAX ? NULL : &t->traded[i].view;
}

/* ---- the gate ---- */

/* The journal knows what the instrument's number means before a decision says it. */
static bool named(struct mr_trade *t, uint32_t instrument)
{
    uint32_t index = trade_index(t, instrument);
    return index == UINT32_MAX || trade_name(t, index);
}

/* Denials that the journal did not take when they were made: all of them written, or it still takes nothing. */
bool trade_denials(struct mr_trade *t)
{
    uint32_t n = 0;
    while (n < t->denial_count && named(t, t->denial[n].order.instrument) &&
           t->journal.append(t->journal.self, MR_JOURNAL_DECISION, t->denial[n].now_ns, &t->denial[n],
                             sizeof t->denial[n]) > 0)
        n++;
    memmove(t->denial, t->denial + n, (t->denial_count - n) * sizeof t->denial[0]);
    t->denial_count -= n;
    return t->denial_count == 0;
}

static int64_t record(struct mr_trade *t, const struct mr_order *o)
{
    const struct mr_risk_state *s = t->risk;
    const struct mr_risk_verdict *v = &t->verdict;
    struct mr_record_decision r;
    TRADE_RECORD(r, MR_RECORD_DECISION);
    r.number = t->decisions;
    r.limits = v->limits;
    r.violated[0] = v->violated[0];
    r.violated[1] = v->violated[1];
    r.policies = v->policies;
    r.score = v->score;
    r.kill = (uint8_t)v->kill;
    r.mode = s->mode;
    r.allowed = mr_risk_allowed(v);
    r.armed = s->armed;
    r.now_ns = t->now;
    r.account_ns = s->account_ns;
    r.open_orders = s->open_count;
    r.value = v->value;
    r.equity = s->account.equity;
    r.available = s->account.available;
    r.day_start = s->day_start;
    r.peak = s->peak;
    r.gross = s->firm.gross;
    r.order = *o;
    if (o->instrument < s->config.instruments) {
        const struct mr_risk_instrument *row = mr_risk_instrument(s, o->instrument);
        r.market_flags = row->market_flags;
        r.book_ns = row->book_ns;
        r.last_ns = row->last_ns;
        r.bid = row->bid_count ? row->bids[0].price : 0;
        r.ask = row->ask_count ? row->asks[0].price : 0;
        r.last = row->last;
        r.position = (mr_size)row->cell.position;
        r.open_buy = (mr_size)row->cell.open[MR_SIDE_BUY];
        r.open_sell = (mr_size)row->cell.open[MR_SIDE_SELL];
    }
    int64_t seq = trade_denials(t) && named(t, o->instrument)
                      ? t->journal.append(t->journal.self, MR_JOURNAL_DECISION, t->now, &r, sizeof r)
                      : MR_E_FULL;
    if (seq < 0 && !r.allowed && t->denial_count < DENIALS)
        t->denial[t->denial_count++] = r;
    else if (seq < 0 && !r.allowed)
        mr_trade_stop(t, MR_STOP_JOURNAL, "the journal takes nothing, and more was denied than can be kept for it",
                      t->now);
    return seq;
}

static uint8_t first_rule(const struct mr_risk_verdict *v)
{
    for (unsigned i = 0; i < MR_RISK_RULE_COUNT; i++)
        if (mr_risk_violates(v, i))
            return (uint8_t)i;
    return MR_RISK_RULE_COUNT;
}

static void tell_decision(struct mr_trade *t, const struct mr_order *o, bool allowed)
{
    struct mr_trade_told told = {
        .kind = MR_TOLD_DECISION, .severity = !allowed, .say = MR_SAY_VERDICT, .order = o, .verdict = &t->verdict};
    trade_tell(t, &told);
    if (!allowed) {
        told.kind = MR_TOLD_ALERT;
        trade_tell(t, &told);
    }
}

/* Decision, record, and the exposure that it makes, in one go: nothing is approved that is not counted and written. */
static struct mr_gate_verdict gate(void *self, const struct mr_order *order, const struct mr_order *old, int64_t now_ns)
{
    struct mr_trade *t = self;
    mr_risk_on_time(t->risk, now_ns);
    if (t->ports.judging)
        t->ports.judging(t->ports.self, false);
    mr_risk_check(order, t->risk, &t->limits, now_ns, t->ports.kill, &t->verdict);
    if (t->ports.judging)
        t->ports.judging(t->ports.self, true);
    t->decisions++;
    bool allowed = mr_risk_allowed(&t->verdict) && record(t, order) > 0;
    if (!mr_risk_allowed(&t->verdict))
        record(t, order);
    if (allowed && !old)
        allowed = mr_risk_on_approved(t->risk, order, &t->limits, now_ns) == MR_OK;
    if (allowed && old)
        allowed = mr_risk_on_amend(t->risk, order, &t->limits, now_ns) == MR_OK;
    *(allowed ? &t->n.approved : &t->n.denied) += 1;
    tell_decision(t, order, allowed);
    return (struct mr_gate_verdict){
        .allowed = allowed, .reason = first_rule(&t->verdict), .decision = t->decisions, .limits = t->limits.version};
}

/* The last look: the kill word, that the order is what the gate approved, and that by the limits in force. */
static bool may_leave(void *self, const struct mr_order *o)
{
    const struct mr_trade *t = self;
    bool closing = t->risk->closing && (o->flags & MR_ORDER_EMERGENCY);
    const struct mr_risk_open *open = mr_risk_find_open(t->risk, o->id);
    if (!open || open->instrument != o->instrument || open->side != o->side || open->type != o->type)
        return false;
    if (o->limits < t->limits.version && !(o->flags & MR_ORDER_REDUCE_ONLY))
        return false; /* it has waited (for the disk, the venue, another try), and other limits are in force now */
    return closing || mr_kill_read(t->ports.kill, o->venue, o->strategy) == MR_KILL_SCOPE_NONE;
}

/* ---- what became of it ---- */

void trade_account_to_risk(struct mr_trade *t)
{
    struct mr_account_worth w;
    if (mr_positions_worth(mr_orders_positions(t->orders), instrument, t, &w) != MR_OK)
        return; /* the gate sees the account age, and fails closed */
    mr_risk_on_account(
        t->risk,
        &(struct mr_risk_account){.equity = w.equity, .available = w.equity - w.margin, .margin_used = w.margin},
        t->now);
    trade_watch_account(t);
}

void trade_day(struct mr_trade *t)
{
    const struct mr_risk_state *s = t->risk;
    struct mr_record_day r;
    TRADE_RECORD(r, MR_RECORD_DAY);
    r.day = s->day;
    r.losses = s->losses;
    r.rejects = s->rejects;
    r.day_orders = s->day_orders;
    r.day_trades = s->day_trades;
    r.day_start = s->day_start;
    r.peak = s->peak;
    r.realised_day = s->realised_day;
    if (memcmp(&r, &t->day, sizeof r) != 0 &&
        t->journal.append(t->journal.self, MR_JOURNAL_ACCOUNT, t->now, &r, sizeof r) > 0)
        t->day = r;
}

static void on_changed(struct mr_trade *t, const struct mr_orders_event *e)
{
    const struct mr_order *o = e->order;
    if (e->input == MR_INPUT_SENT) {
        const struct mr_risk_open *open = mr_risk_find_open(t->risk, o->id);
        if ((!open || !open->sent) && mr_risk_on_sent(t->risk, o, t->now) != MR_OK)
            mr_trade_stop(t, MR_STOP_INVARIANT, "an order left that was not approved as it left", t->now);
    }
    if (e->input == MR_INPUT_CANCEL)
        mr_risk_on_cancel(t->risk, o->venue, t->limits.rate.order_weight, t->now);
    if (o->state == MR_STATE_UNKNOWN)
        mr_risk_on_unknown(t->risk, o->id);
    if (o->state == MR_STATE_ACKED)
        mr_risk_on_ack(t->risk, o->id);
    if (mr_order_ended(o->state))
        mr_risk_on_end(t->risk, o->id, o->state);
    trade_tell(t, &(struct mr_trade_told){.kind = MR_TOLD_ORDER, .order = o});
    uint32_t i = trade_index(t, o->instrument);
    if (!mr_order_ended(o->state) || o->strategy >= t->config.strategy_count || i == UINT32_MAX)
        return;
    struct holding *h = &t->holding[o->strategy][i];
    if (h->entry == o->id && h->size == 0 && o->filled == 0)
        h->entry = 0; /* nothing came of it */
    const struct mr_strategy *row = t->config.strategy[o->strategy].row;
    struct mr_strategy_host host = trade_host(t);
    t->calling = o->strategy;
    if (row->on_end)
        row->on_end(t->state[o->strategy], &host, o, t->now);
}

/* Whose share a fill changes: its order's strategy, or, of nobody's order, whoever holds something there, else the operator's. */
static uint32_t whose(const struct mr_trade *t, const struct mr_order *o, uint32_t i, bool ours)
{
    if (ours)
        return o->strategy <= MR_TRADE_STRATEGIES_MAX ? o->strategy : MR_TRADE_MANUAL;
    for (uint32_t s = 0; s < t->config.strategy_count; s++)
        if (t->holding[s][i].size)
            return s;
    return MR_TRADE_MANUAL;
}

static void on_filled(struct mr_trade *t, const struct mr_orders_event *e)
{
    const struct mr_fill *f = e->fill;
    struct mr_order before = *e->order;
    bool ours = before.id != 0;
    uint32_t i = trade_index(t, f->instrument);
    t->n.fills++;
    before.filled -= ours ? f->size : 0;
    mr_risk_on_fill(t->risk, f, ours ? &before : NULL);
    if (i != UINT32_MAX) {
        uint32_t s = whose(t, e->order, i, ours);
        struct holding *h = &t->holding[s][i];
        mr_money realised;
        if (!t->restoring)
            h->size += f->side == MR_SIDE_BUY ? f->size : -f->size;
        if (!ours)
            mr_risk_on_position(t->risk, f->instrument, (uint16_t)s, h->size);
        if (mr_money_sub(e->position->realised, t->realised[i], &realised) == MR_OK && realised != 0)
            mr_risk_on_realised(t->risk, realised - f->fee);
        t->realised[i] = e->position->realised;
        if (h->size && !h->opened_ns)
            h->opened_ns = t->now;
        if (!h->size)
            *h = (struct holding){0};
        trade_watch_fill(t, i);
    }
    trade_account_to_risk(t);
    trade_tell(t, &(struct mr_trade_told){
                      .kind = MR_TOLD_FILL, .fill = f, .order = ours ? e->order : NULL, .position = e->position});
    if (!ours || e->order->strategy >= t->config.strategy_count)
        return;
    struct mr_strategy_host host = trade_host(t);
    t->calling = e->order->strategy;
    const struct mr_strategy *row = t->config.strategy[t->calling].row;
    if (row->on_fill)
        row->on_fill(t->state[t->calling], &host, f, t->now);
}

static void on_discrepancy(struct mr_trade *t, const struct mr_orders_event *e)
{
    static const unsigned of_positions = 1u << MR_DISCREPANCY_LOCAL_ONLY | 1u << MR_DISCREPANCY_VENUE_ONLY |
                                         1u << MR_DISCREPANCY_SIZE | 1u << MR_DISCREPANCY_BALANCE;
    bool grave = of_positions >> e->discrepancy & 1;
    char text[MR_TOLD_TEXT];
    if (grave) /* nothing that grows an exposure passes the gate until a comparison finds both the same */
        mr_risk_on_reconciled(t->risk, e->venue, false, t->now);
    struct mr_trade_told told = {.kind = MR_TOLD_ALERT,
                                 .severity = grave || e->discrepancy == MR_DISCREPANCY_LIQUIDATED ? 2 : 1,
                                 .say = MR_SAY_TEXT,
                                 .text = text,
                                 .order = e->order->id ? e->order : NULL,
                                 .fill = e->fill->size ? e->fill : NULL};
    snprintf(text, sizeof text, "%s: ours and the venue's differ: order %llu, position %lld against %lld",
             mr_discrepancy_name(e->discrepancy), (unsigned long long)e->order->id, (long long)e->position->size,
             (long long)e->theirs);
    trade_tell(t, &told);
}

static void event(void *self, const struct mr_orders_event *e)
{
    static const char *const held[] = {"nothing",    "the breaker",    "the rate limit",
                                       "the driver", "reconciliation", "another try"};
    struct mr_trade *t = self;
    mr_brackets_event(t->brackets, e);
    mr_slices_event(t->slices, e);
    switch (e->kind) {
    case MR_ORDERS_CHANGED:
        on_changed(t, e);
        break;
    case MR_ORDERS_FILLED:
        on_filled(t, e);
        break;
    case MR_ORDERS_AMENDED:
    case MR_ORDERS_AMEND_ENDED:
        mr_risk_on_amended(t->risk, e->order, &t->limits);
        trade_tell(t, &(struct mr_trade_told){.kind = MR_TOLD_ORDER, .order = e->order});
        break;
    case MR_ORDERS_POSITION:
        trade_account_to_risk(t);
        trade_tell(t, &(struct mr_trade_told){.kind = MR_TOLD_POSITION, .position = e->position});
        break;
    case MR_ORDERS_DISCREPANCY:
        on_discrepancy(t, e);
        break;
    case MR_ORDERS_READY:
        mr_risk_on_stream(t->risk, e->venue, e->hold);
        if (e->hold)
            mr_risk_on_reconciled(t->risk, e->venue, true, t->now);
        trade_say(t, MR_TOLD_HELD, !e->hold, "venue %u is %s", e->venue, e->hold ? "reconciled" : "not reconciled");
        break;
    case MR_ORDERS_SYNCED:
        mr_risk_on_reconciled(t->risk, e->venue, e->hold, t->now);
        break;
    case MR_ORDERS_HELD:
        trade_tell(t, &(struct mr_trade_told){.kind = MR_TOLD_HELD,
                                              .say = MR_SAY_WAITS,
                                              .order = e->order,
                                              .why = e->hold < MR_HOLD_COUNT ? held[e->hold] : "?"});
        break;
    case MR_ORDERS_BREAKER:
        trade_say(t, MR_TOLD_ALERT, 1, "the breaker of venue %u is %s", e->venue,
                  e->hold == MR_BREAKER_CLOSED ? "closed"
                  : e->hold == MR_BREAKER_OPEN ? "open"
                                               : "half open");
        break;
    default:
        trade_tell(t, &(struct mr_trade_told){.kind = MR_TOLD_ORDER, .order = e->order});
    }
}

struct mr_orders_ports trade_ports(struct mr_trade *t)
{
    return (struct mr_orders_ports){.self = t,
                                    .gate = gate,
                                    .may_leave = may_leave,
                                    .instrument = instrument,
                                    .market = market,
                                    .event = event,
                                    .journal = t->journal};
}

static void bracket_event(void *self, const struct mr_bracket_event *e)
{
    static const char *const words[] = {
        "is open",  "has moved", "is BARE: no stop rests", "is guarded again", "is closed: no stop could be placed",
        "has ended"};
    bool grave = e->kind == MR_BRACKET_BARE || e->kind == MR_BRACKET_GIVEN_UP;
    trade_tell(self, &(struct mr_trade_told){.kind = grave ? MR_TOLD_ALERT : MR_TOLD_HELD,
                                             .severity = grave ? 2 : 0,
                                             .say = MR_SAY_BRACKET,
                                             .number = e->entry,
                                             .why = e->kind < MR_COUNT_OF(words) ? words[e->kind] : "?"});
}

struct mr_brackets_ports trade_brackets(struct mr_trade *t)
{
    return (struct mr_brackets_ports){
        .self = t, .instrument = instrument, .event = bracket_event, .journal = t->journal};
}

/* While trading rests, so do they: what only reduces goes on as it does elsewhere. */
static enum mr_slices_word slices_word(void *self, const struct mr_order *parent)
{
    const struct mr_trade *t = self;
    if (t->stop.active || t->life.state == MR_LIFE_EMERGENCY_STOP ||
        mr_kill_read(t->ports.kill, parent->venue, parent->strategy) != MR_KILL_SCOPE_NONE)
        return MR_SLICES_STOP;
    bool reduces = t->risk->mode == MR_RISK_REDUCE && (parent->flags & MR_ORDER_REDUCE_ONLY);
    return t->risk->mode == MR_RISK_RUN || reduces ? MR_SLICES_GO : MR_SLICES_WAIT;
}

static void slices_ended(const struct mr_trade *t, const struct mr_slices_told *told, const char *id)
{
    const struct mr_record_slices *r = told->record;
    const char *kind = mr_slices_kind_name(r->plan.kind), *state = mr_slices_state_name(r->state);
    const char *why = mr_slices_why_text(r->why), *colon = *why ? ": " : "";
    uint8_t severity = r->state == MR_SLICES_FAILED;
    if (told->quality)
        trade_say(t, MR_TOLD_HELD, severity,
                  "%s %s is %s%s%s; %u.%02u %% filled, slippage %lld ppm of the mid when it began", kind, id, state,
                  colon, why, told->quality->filled_e4 / 100, told->quality->filled_e4 % 100,
                  (long long)told->quality->slippage_e6);
    else
        trade_say(t, MR_TOLD_HELD, severity, "%s %s is %s%s%s; %s", kind, id, state, colon, why,
                  r->plan.parent.filled ? "what its slippage is, is not known" : "nothing is filled");
}

static void slices_told(void *self, const struct mr_slices_told *told)
{
    const struct mr_order *w = &told->record->plan.parent;
    const char *kind = mr_slices_kind_name(told->record->plan.kind);
    char id[MR_ORDER_ID_TEXT];
    mr_order_id_text(w->id, id);
    if (told->kind == MR_SLICES_ENDED)
        slices_ended(self, told, id);
    else if (told->kind == MR_SLICES_EXCEEDED)
        trade_say(self, MR_TOLD_ALERT, 2, "%s %s: the venue has filled an order after its end: more than was wanted",
                  kind, id);
    else if (told->kind == MR_SLICES_WAITS)
        trade_say(self, MR_TOLD_HELD, 1, "%s %s: an order of it came to nothing; it is tried again", kind, id);
    else
        trade_say(self, MR_TOLD_HELD, 0, "%s %s is working", kind, id);
}

struct mr_slices_ports trade_slices(struct mr_trade *t)
{
    return (struct mr_slices_ports){.self = t,
                                    .instrument = instrument,
                                    .market = market,
                                    .word = slices_word,
                                    .told = slices_told,
                                    .journal = t->journal};
}
