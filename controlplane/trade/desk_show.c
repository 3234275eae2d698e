/* The image and the lines: what the trade tile says of itself. */
#include <stdio.h>

#include "controlplane/trade/desk_priv.h"

const char *desk_name(const struct mr_desk *d, uint32_t instrument)
{
    for (uint32_t i = 0; i < d->trading.instrument_count; i++)
        if (d->ids[i] == instrument)
            return d->names[i];
    return "?";
}

static void number(int64_t value, int scale, char out[32])
{
    char text[MR_DECIMAL_TEXT];
    mr_decimal_text(value, scale, text);
    snprintf(out, 32, "%s", text);
}

static const char *strategy_of(const struct mr_desk *d, uint32_t strategy)
{
    return strategy < d->trading.strategy_count ? d->trading.strategies[strategy] : "operator";
}

/* ---- lines ---- */

static void order_words(const struct mr_desk *d, const struct mr_order *o, char *out, size_t bytes)
{
    const struct mr_instrument *it = mr_instruments_get(d->instruments, o->instrument);
    char id[MR_ORDER_ID_TEXT], price[32] = "market", size[32];
    mr_order_id_text(o->id, id);
    if (o->price || o->stop_price)
        number(o->price ? o->price : o->stop_price, it->price_scale, price);
    number(o->size, it->size_scale, size);
    snprintf(out, bytes, "%s %s %s %s %s %s x %s", id, strategy_of(d, o->strategy), mr_order_role_name(o->role),
             mr_side_name(o->side), desk_name(d, o->instrument), price, size);
}

/* In one sentence, by kind. */
static void words(const struct mr_desk *d, const struct mr_trade_told *w, char out[240])
{
    char order[160] = "";
    if (w->order)
        order_words(d, w->order, order, sizeof order);
    if (w->kind == MR_TOLD_SIGNAL && w->intent) {
        snprintf(out, 240, "%.90s: %s %s", w->intent->reason,
                 w->intent->kind == MR_INTENT_OPEN ? mr_side_name(w->intent->side) : "close",
                 desk_name(d, w->intent->instrument));
    } else if (w->kind == MR_TOLD_FILL && w->fill) {
        const struct mr_instrument *it = mr_instruments_get(d->instruments, w->fill->instrument);
        char price[32], size[32], held[32], fee[MR_MONEY_TEXT];
        number(w->fill->price, it->price_scale, price);
        number(w->fill->size, it->size_scale, size);
        number(w->position->size, it->size_scale, held);
        mr_money_text(w->fill->fee, fee);
        snprintf(out, 240, "%s %s %s x %s, fee %.20s: position %s", mr_side_name(w->fill->side),
                 desk_name(d, w->fill->instrument), price, size, fee, held);
    } else if (w->kind == MR_TOLD_ORDER && w->order) {
        snprintf(out, 240, "%s: %s", order, mr_order_state_name(w->order->state));
    } else if (*order) {
        snprintf(out, 240, "%.120s: %.110s", order, w->text);
    } else {
        snprintf(out, 240, "%.239s", w->text);
    }
}

void desk_told(void *self, const struct mr_trade_told *w)
{
    struct mr_desk *d = self;
    struct mr_trade_show_line *line = &d->show.line[d->show.lines % MR_TRADE_SHOW_LINES];
    if (d->config.store)
        mr_trade_rows_told(&d->rows, w);
    if (w->kind == MR_TOLD_DECISION && d->signal_tsc_ns)
        MR_RECORD(d->metrics, intent_ns, (uint64_t)(mr_clock_mono() - d->signal_tsc_ns));
    if (w->kind == MR_TOLD_ALERT && w->verdict)
        return; /* said as the decision it is */
    *line = (struct mr_trade_show_line){.at_ns = w->now_ns, .kind = w->kind, .severity = w->severity};
    words(d, w, line->text);
    d->show.lines++;
    desk_say(d, line->kind, line->severity, line->at_ns, line->text);
}

void desk_say(struct mr_desk *d, uint8_t kind, uint8_t severity, int64_t at_ns, const char *text)
{
    uint64_t head = atomic_load_explicit(&d->line_head, memory_order_relaxed);
    if (head - atomic_load_explicit(&d->line_tail, memory_order_acquire) == LINES) {
        MR_COUNT(d->metrics, lines_dropped, 1);
        return;
    }
    struct mr_desk_line *out = &d->line[head % LINES];
    *out = (struct mr_desk_line){.at_ns = at_ns, .kind = kind, .severity = severity};
    snprintf(out->text, sizeof out->text, "%s", text);
    atomic_store_explicit(&d->line_head, head + 1, memory_order_release);
}

bool mr_desk_line(struct mr_desk *d, struct mr_desk_line *out)
{
    uint64_t tail = atomic_load_explicit(&d->line_tail, memory_order_relaxed);
    if (tail == atomic_load_explicit(&d->line_head, memory_order_acquire))
        return false;
    *out = d->line[tail % LINES];
    atomic_store_explicit(&d->line_tail, tail + 1, memory_order_release);
    return true;
}

/* ---- the image ---- */

static void positions(struct mr_desk *d)
{
    struct mr_trade_show *s = &d->show;
    uint32_t cursor = 0;
    s->position_count = 0;
    for (const struct mr_position *p;
         s->position_count < MR_TRADE_SHOW_POSITIONS &&
         (p = mr_positions_next(mr_orders_positions(mr_trade_orders(d->trade)), &cursor)) != NULL;) {
        const struct mr_instrument *it = mr_instruments_get(d->instruments, p->instrument);
        struct mr_trade_show_position *out = &s->position[s->position_count++];
        struct mr_position_worth w = {0};
        memset(out, 0, sizeof *out);
        mr_position_worth(p, it, &w);
        snprintf(out->name, sizeof out->name, "%s", desk_name(d, p->instrument));
        number(p->size, it->size_scale, out->size);
        number(w.entry, it->price_scale, out->entry);
        number(p->mark, it->price_scale, out->mark);
        number(w.liquidation, it->price_scale, out->liquidation);
        mr_money_text(w.unrealised - w.unrealised % (MR_MONEY_ONE / 10000), out->unrealised);
        mr_money_text(p->realised - p->realised % (MR_MONEY_ONE / 10000), out->realised);
    }
}

static void orders(struct mr_desk *d, int64_t now_ns)
{
    struct mr_trade_show *s = &d->show;
    uint32_t cursor = 0;
    s->order_count = 0;
    for (const struct mr_order *o;
         s->order_count < MR_TRADE_SHOW_ORDERS && (o = mr_orders_next(mr_trade_orders(d->trade), &cursor)) != NULL;) {
        const struct mr_instrument *it = mr_instruments_get(d->instruments, o->instrument);
        struct mr_trade_show_order *out = &s->order[s->order_count++];
        memset(out, 0, sizeof *out);
        out->id = o->id;
        out->age_ns = now_ns - o->created_ns;
        snprintf(out->name, sizeof out->name, "%s", desk_name(d, o->instrument));
        snprintf(out->strategy, sizeof out->strategy, "%s", strategy_of(d, o->strategy));
        snprintf(out->side, sizeof out->side, "%s", mr_side_name(o->side));
        snprintf(out->type, sizeof out->type, "%s", mr_order_type_name(o->type));
        snprintf(out->role, sizeof out->role, "%s", mr_order_role_name(o->role));
        snprintf(out->state, sizeof out->state, "%s", mr_order_state_name(o->state));
        number(o->price ? o->price : o->stop_price, it->price_scale, out->price);
        number(o->size, it->size_scale, out->size);
        number(o->filled, it->size_scale, out->filled);
    }
}

void desk_show(struct mr_desk *d, int64_t now_ns)
{
    struct mr_trade_show *s = &d->show;
    struct mr_trade_account a;
    struct mr_journal_stats journal;
    const struct mr_orders_counters *n = mr_orders_counters(mr_trade_orders(d->trade));
    mr_trade_account(d->trade, &a);
    mr_journal_stats(d->journal, &journal);
    mr_steer_look(mr_trade_life(d->trade), mr_trade_stopping(d->trade), &s->steer);
    s->now_ns = now_ns;
    s->limits_version = (int64_t)d->limits.version;
    s->killed = mr_kill_read(d->config.kill, 0, 0) == MR_KILL_SCOPE_ALL;
    s->armed = mr_trade_risk(d->trade)->armed;
    s->equity = a.worth.equity;
    s->cash = a.worth.cash;
    s->unrealised = a.worth.unrealised;
    s->margin = a.worth.margin;
    s->ratio_e4 = a.worth.ratio_e4;
    s->realised = a.realised;
    s->fees = a.fees;
    s->funding = a.funding;
    s->day_start = a.day_start;
    s->peak = a.peak;
    s->open_orders = a.open_orders;
    s->open_positions = a.open_positions;
    s->signals = a.signals;
    s->intents = a.intents;
    s->dropped = a.dropped;
    s->approved = a.approved;
    s->denied = a.denied;
    s->fills = a.fills;
    s->placed = n->placed;
    s->cancels = n->cancels;
    s->unknown = n->unknown;
    s->discrepancies = n->discrepancies;
    s->journal_seq = journal.appended;
    s->journal_durable = journal.durable;
    positions(d);
    orders(d, now_ns);
    mr_image_write(d->image, s, sizeof *s);
}

void mr_desk_look(struct mr_desk *d, struct mr_trade_show *out)
{
    if (mr_image_read(d->image, out, sizeof *out, NULL) != MR_OK)
        memset(out, 0, sizeof *out);
}
