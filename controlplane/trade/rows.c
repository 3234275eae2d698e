#include "controlplane/trade/rows.h"

#include <stdio.h>

#include "codecs/venue/venue.h"

void mr_trade_rows_init(struct mr_trade_rows *r, struct mr_store *store,
                        const struct mr_instrument *(*instrument_of)(const void *self, uint32_t id), const void *self,
                        const char *session)
{
    memset(r, 0, sizeof *r);
    r->store = store;
    r->instrument_of = instrument_of;
    r->self = self;
    snprintf(r->session, sizeof r->session, "%s", session);
}

static const struct mr_instrument *instrument(const struct mr_trade_rows *r, uint32_t id, char symbol[64],
                                              char venue[24])
{
    const struct mr_instrument *it = r->instrument_of(r->self, id);
    const struct mr_venue *v = it ? mr_venue_by_id(it->venue) : NULL;
    snprintf(symbol, 64, "%.*s", it ? (it->symbol_len < 63 ? it->symbol_len : 63) : 0, it ? it->symbol : "");
    snprintf(venue, 24, "%s", v ? v->name : "");
    return it;
}

static int taken(int64_t row) { return row < 0 ? MR_E_FULL : MR_OK; }

static const char *side_name(unsigned side) { return side == MR_SIDE_BUY ? "BUY" : "SELL"; }

static void strategy_name(const struct mr_trade_rows *r, unsigned strategy, char out[32])
{
    const char *name = strategy < MR_TRADE_STRATEGIES_MAX ? r->strategy[strategy] : NULL;
    snprintf(out, 32, "%s", name ? name : strategy == MR_TRADE_MANUAL ? "operator" : "");
}

/* ---- orders and fills ---- */

/* In the words of the systems that read it; "" is none of an order's states. */
static const char *status_name(unsigned state)
{
    static const char *const names[MR_STATE_COUNT] = {
        [MR_STATE_CREATED] = "PENDING",      [MR_STATE_APPROVED] = "PENDING",  [MR_STATE_SENT] = "SUBMITTED",
        [MR_STATE_UNKNOWN] = "SUBMITTED",    [MR_STATE_ACKED] = "SUBMITTED",   [MR_STATE_PARTIAL] = "PARTIALLY_FILLED",
        [MR_STATE_CANCELLING] = "SUBMITTED", [MR_STATE_FILLED] = "FILLED",     [MR_STATE_CANCELLED] = "CANCELLED",
        [MR_STATE_REJECTED] = "FAILED",      [MR_STATE_EXPIRED] = "CANCELLED", [MR_STATE_DENIED] = "FAILED"};
    return state < MR_STATE_COUNT ? names[state] : "";
}

/* Cost over size: nothing where it cannot be said exactly enough (inverse contracts, amounts beyond 128 bits). */
static struct mr_store_number average(const struct mr_order *o, const struct mr_instrument *it)
{
    mr_i128 up, down;
    if (o->filled <= 0 || it->flags & MR_INSTRUMENT_INVERSE || it->multiplier <= 0 ||
        __builtin_mul_overflow(o->cost, (mr_i128)mr_pow10[it->size_scale + it->multiplier_scale], &up) ||
        __builtin_mul_overflow((mr_i128)o->filled, (mr_i128)it->multiplier, &down))
        return MR_STORE_NULL;
    return mr_store_number(up / down, MR_MONEY_SCALE);
}

static int put_order(struct mr_trade_rows *r, const struct mr_order *o)
{
    struct mr_store_order row;
    memset(&row, 0, sizeof row);
    const struct mr_instrument *it = instrument(r, o->instrument, row.symbol, row.venue);
    if (!it)
        return MR_OK;
    snprintf(row.session_id, sizeof row.session_id, "%s", r->session);
    mr_order_id_text(o->id, row.order_id);
    memcpy(row.exchange_order_id, o->venue_id, sizeof row.exchange_order_id);
    snprintf(row.side, sizeof row.side, "%s", side_name(o->side));
    snprintf(row.order_type, sizeof row.order_type, "%s", mr_order_type_name(o->type));
    snprintf(row.role, sizeof row.role, "%s", mr_order_role_name(o->role));
    snprintf(row.time_in_force, sizeof row.time_in_force, "%s", mr_tif_name(o->tif));
    snprintf(row.status, sizeof row.status, "%s", status_name(o->state));
    strategy_name(r, o->strategy, row.strategy_name);
    if (o->state == MR_STATE_DENIED && r->denied.order == o->id)
        memcpy(row.error_message, r->denied.why, sizeof row.error_message);
    row.quantity = mr_store_number(o->size, it->size_scale);
    row.filled_quantity = mr_store_number(o->filled, it->size_scale);
    row.requested_price = o->price        ? mr_store_number(o->price, it->price_scale)
                          : o->stop_price ? mr_store_number(o->stop_price, it->price_scale)
                                          : MR_STORE_NULL;
    row.average_fill_price = average(o, it);
    row.slippage = MR_STORE_NULL;
    if (!row.average_fill_price.null && o->arrival_mid > 0) {
        mr_i128 over = row.average_fill_price.value -
                       (mr_i128)o->arrival_mid * (mr_i128)mr_pow10[MR_MONEY_SCALE - it->price_scale];
        row.slippage = mr_store_number(o->side == MR_SIDE_BUY ? over : -over, MR_MONEY_SCALE);
    }
    row.commission = mr_store_number(o->fees, MR_MONEY_SCALE);
    row.created_at_ns = o->created_ns;
    row.updated_at_ns = o->updated_ns;
    row.filled_at_ns = o->state == MR_STATE_FILLED ? o->updated_ns : 0;
    return taken(mr_store_put_order(r->store, &row));
}

static int put_fill(struct mr_trade_rows *r, const struct mr_fill *f, int64_t now_ns)
{
    static const char *const liquidity[] = {"", "maker", "taker"};
    struct mr_store_fill row;
    memset(&row, 0, sizeof row);
    const struct mr_instrument *it = instrument(r, f->instrument, row.market, row.venue);
    if (!it)
        return MR_OK;
    snprintf(row.id, sizeof row.id, "%.*s", (int)strnlen(f->trade_id, sizeof f->trade_id), f->trade_id);
    memcpy(row.trade_id, f->trade_id, sizeof row.trade_id);
    if (f->order)
        mr_order_id_text(f->order, row.order_id);
    snprintf(row.side, sizeof row.side, "%s", side_name(f->side));
    snprintf(row.liquidity, sizeof row.liquidity, "%s",
             f->liquidity < MR_COUNT_OF(liquidity) ? liquidity[f->liquidity] : "");
    snprintf(row.fee_currency, sizeof row.fee_currency, "%.11s", it->quote);
    snprintf(row.session_id, sizeof row.session_id, "%s", r->session);
    row.price = mr_store_number(f->price, it->price_scale);
    row.size = mr_store_number(f->size, it->size_scale);
    row.fee = mr_store_number(f->fee, MR_MONEY_SCALE);
    row.timestamp_ns = f->venue_ns;
    row.created_at_ns = now_ns;
    return taken(mr_store_put_fill(r->store, &row));
}

/* ---- positions ---- */

static uint32_t place(struct mr_trade_rows *r, uint32_t id)
{
    uint32_t i = 0;
    while (i < r->instrument_count && r->instrument[i] != id)
        i++;
    if (i == r->instrument_count && i < MR_TRADE_NAMES_MAX)
        r->instrument[r->instrument_count++] = id;
    return i;
}

static int put_closed(struct mr_trade_rows *r, uint32_t i, const struct mr_position *p)
{
    struct mr_store_position *row = &r->position[i];
    row->quantity = mr_store_number(0, 0);
    row->unrealized_pnl = row->margin = mr_store_number(0, 0);
    row->unrealized_pnl_pct = row->liquidation_price = MR_STORE_NULL;
    row->realized_pnl = mr_store_number(p->realised - r->realised[i], MR_MONEY_SCALE);
    row->updated_at_ns = row->closed_at_ns = p->updated_ns;
    snprintf(row->status, sizeof row->status, "CLOSED");
    int status = taken(mr_store_put_position(r->store, row));
    if (status == MR_OK)
        memset(row, 0, sizeof *row);
    return status;
}

static int put_open(struct mr_trade_rows *r, uint32_t i, const struct mr_position *p, const struct mr_instrument *it)
{
    struct mr_store_position *row = &r->position[i];
    struct mr_position_worth w;
    char symbol[64], venue[24];
    if (mr_position_worth(p, it, &w) != MR_OK)
        return MR_OK;
    instrument(r, p->instrument, symbol, venue);
    if (!row->opened_at_ns)
        r->realised[i] = r->realised_now[i];
    memset(row, 0, sizeof *row);
    memcpy(row->symbol, symbol, sizeof row->symbol);
    memcpy(row->venue, venue, sizeof row->venue);
    snprintf(row->session_id, sizeof row->session_id, "%s", r->session);
    snprintf(row->side, sizeof row->side, "%s", p->size > 0 ? "LONG" : "SHORT");
    snprintf(row->status, sizeof row->status, "OPEN");
    row->quantity = mr_store_number(p->size < 0 ? -p->size : p->size, it->size_scale);
    row->entry_price = mr_store_number(w.entry, it->price_scale);
    row->current_price = p->mark ? mr_store_number(p->mark, it->price_scale) : MR_STORE_NULL;
    row->liquidation_price = w.liquidation ? mr_store_number(w.liquidation, it->price_scale) : MR_STORE_NULL;
    row->unrealized_pnl = mr_store_number(w.unrealised, MR_MONEY_SCALE);
    row->unrealized_pnl_pct = w.margin > 0 ? mr_store_number(w.unrealised * 10000 / w.margin, 2) : MR_STORE_NULL;
    row->margin = mr_store_number(w.margin, MR_MONEY_SCALE);
    row->leverage = mr_store_number(p->leverage, 0);
    row->margin_ratio = MR_STORE_NULL; /* of the account, not of one position */
    row->realized_pnl = mr_store_number(p->realised - r->realised[i], MR_MONEY_SCALE);
    row->opened_at_ns = p->opened_ns;
    row->updated_at_ns = p->updated_ns;
    return taken(mr_store_put_position(r->store, row));
}

static int put_position(struct mr_trade_rows *r, const struct mr_position *p)
{
    const struct mr_instrument *it = r->instrument_of(r->self, p->instrument);
    uint32_t i = place(r, p->instrument);
    if (!it || i == MR_TRADE_NAMES_MAX)
        return MR_OK;
    const struct mr_store_position *last = &r->position[i];
    int status = MR_OK;
    if (last->opened_at_ns && (p->size == 0 || last->opened_at_ns != p->opened_ns))
        status = put_closed(r, i, p);
    if (p->size && !status)
        status = put_open(r, i, p, it);
    if (!status)
        r->realised_now[i] = p->realised;
    return status;
}

/* ---- signals and risk events ---- */

static int put_signal(struct mr_trade_rows *r, const struct mr_intent *intent, int64_t now_ns, bool again)
{
    struct mr_store_signal *row = &r->signal;
    memset(row, 0, sizeof *row);
    instrument(r, intent->instrument, row->symbol, row->venue);
    snprintf(row->session_id, sizeof row->session_id, "%s", r->session);
    snprintf(row->signal_id, sizeof row->signal_id, "%.24s-%llu", r->session,
             (unsigned long long)(again ? r->signals : ++r->signals));
    snprintf(row->signal_type, sizeof row->signal_type, "%s", intent->kind == MR_INTENT_OPEN ? "S1" : "ZE1");
    if (intent->kind == MR_INTENT_OPEN)
        snprintf(row->side, sizeof row->side, "%s", side_name(intent->side));
    snprintf(row->indicator_values, sizeof row->indicator_values, "%s", intent->reason);
    row->quantity = row->price = row->risk_score = MR_STORE_NULL;
    row->confidence = mr_store_number(intent->confidence_ppm, 6);
    row->created_at_ns = now_ns;
    row->approved = intent->kind != MR_INTENT_OPEN; /* nothing holds up a close but the gate, order by order */
    r->deciding = intent->kind == MR_INTENT_OPEN;
    return taken(mr_store_put_signal(r->store, row));
}

/* The same row again, with the gate's answer to the entry that it led to. */
static int decide_signal(struct mr_trade_rows *r, const struct mr_trade_told *w, const char *said)
{
    struct mr_store_signal *row = &r->signal;
    const struct mr_order *o = w->order;
    const struct mr_instrument *it = o ? r->instrument_of(r->self, o->instrument) : NULL;
    if (!r->deciding || (o && o->role != MR_ROLE_ENTRY) || (o && !it))
        return MR_OK;
    row->approved = o && w->severity == 0;
    if (!row->approved)
        snprintf(row->rejection_reason, sizeof row->rejection_reason, "%.159s", said);
    if (o) {
        mr_order_id_text(o->id, row->order_id);
        strategy_name(r, o->strategy, row->strategy_name);
        row->quantity = mr_store_number(o->size, it->size_scale);
        row->price = o->price ? mr_store_number(o->price, it->price_scale) : MR_STORE_NULL;
        row->risk_score = mr_store_number(w->verdict->score, 3);
    }
    int status = taken(mr_store_put_signal(r->store, row));
    r->deciding = status != MR_OK;
    return status;
}

static int put_risk(struct mr_trade_rows *r, const struct mr_trade_told *w, const char *said, bool again)
{
    static const char *const severity[] = {"INFO", "WARNING", "CRITICAL"};
    struct mr_store_risk row;
    char venue[24];
    memset(&row, 0, sizeof row);
    snprintf(row.alert_id, sizeof row.alert_id, "%.24s-%llu", r->session,
             (unsigned long long)(again ? r->alerts : ++r->alerts));
    snprintf(row.session_id, sizeof row.session_id, "%s", r->session);
    snprintf(row.severity, sizeof row.severity, "%s", severity[w->severity < 3 ? w->severity : 2]);
    snprintf(row.alert_type, sizeof row.alert_type, "%s",
             w->verdict                ? "order_denied"
             : w->kind == MR_TOLD_LIFE ? "life_cycle"
                                       : "risk_alert");
    snprintf(row.message, sizeof row.message, "%.191s", said);
    if (w->order) {
        instrument(r, w->order->instrument, row.symbol, venue);
        snprintf(row.details, sizeof row.details, "order ");
        mr_order_id_text(w->order->id, row.details + 6);
    }
    row.timestamp_ns = w->now_ns;
    return taken(mr_store_put_risk(r->store, &row));
}

static int put_filled(struct mr_trade_rows *r, const struct mr_trade_told *w)
{
    int status = put_fill(r, w->fill, w->now_ns);
    if (!status && w->order)
        status = put_order(r, w->order);
    return status ? status : put_position(r, w->position);
}

int mr_trade_rows_told(struct mr_trade_rows *r, const struct mr_trade_told *w, const char *said, bool again)
{
    switch (w->kind) {
    case MR_TOLD_SIGNAL:
        return w->intent ? put_signal(r, w->intent, w->now_ns, again) : MR_OK;
    case MR_TOLD_INTENT:
        return decide_signal(r, w, said);
    case MR_TOLD_DECISION:
        if (w->severity) {
            r->denied.order = w->order->id;
            snprintf(r->denied.why, sizeof r->denied.why, "%.95s", said);
        }
        return decide_signal(r, w, said);
    case MR_TOLD_ORDER:
        return w->order && w->order->id ? put_order(r, w->order) : MR_OK;
    case MR_TOLD_FILL:
        return put_filled(r, w);
    case MR_TOLD_POSITION:
        return put_position(r, w->position);
    case MR_TOLD_ALERT:
        return put_risk(r, w, said, again);
    case MR_TOLD_LIFE:
        return w->severity ? put_risk(r, w, said, again) : MR_OK;
    default: /* what waits, and for what: the log's */
        return MR_OK;
    }
}
