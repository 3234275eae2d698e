/* Sentences of what the trade tile tells: for who has the time. */
#include <stdio.h>

#include "controlplane/trade/desk_priv.h"

void mr_trade_told_text(const struct mr_trade_told *w, const struct mr_risk_limits *limits, char out[MR_TOLD_TEXT])
{
    struct mr_text text;
    mr_text_init(&text, out, MR_TOLD_TEXT);
    switch (w->say) {
    case MR_SAY_TEXT:
        mr_text_add(&text, w->text);
        break;
    case MR_SAY_DROPPED:
        mr_text_format(&text, "%s: dropped: %s", w->who, w->why);
        break;
    case MR_SAY_WAITS:
        mr_text_format(&text, "order %llu waits for %s", (unsigned long long)w->order->id, w->why);
        break;
    case MR_SAY_BRACKET:
        mr_text_format(&text, "the bracket of order %llu %s", (unsigned long long)w->number, w->why);
        break;
    case MR_SAY_VERDICT:
        mr_risk_text(w->verdict, limits, &text);
        break;
    default:
        break;
    }
}

/* ---- with their parts ---- */

void desk_number(int64_t value, int scale, char out[32])
{
    char text[MR_DECIMAL_TEXT];
    mr_decimal_text(value, scale, text);
    snprintf(out, 32, "%s", text);
}

const char *desk_strategy(const struct mr_desk *d, uint32_t strategy)
{
    return strategy < d->trading.strategy_count ? d->trading.strategies[strategy] : "operator";
}

static void order_words(const struct mr_desk *d, const struct mr_order *o, char *out, size_t bytes)
{
    const struct mr_instrument *it = desk_instrument(d, o->instrument);
    char id[MR_ORDER_ID_TEXT], price[32] = "market", size[32];
    mr_order_id_text(o->id, id);
    if (o->price || o->stop_price)
        desk_number(o->price ? o->price : o->stop_price, it->price_scale, price);
    desk_number(o->size, it->size_scale, size);
    snprintf(out, bytes, "%s %s %s %s %s %s x %s", id, desk_strategy(d, o->strategy), mr_order_role_name(o->role),
             mr_side_name(o->side), desk_name(d, o->instrument), price, size);
}

static void fill_words(const struct mr_desk *d, const struct mr_trade_told *w, char out[MR_TOLD_TEXT])
{
    const struct mr_instrument *it = desk_instrument(d, w->fill->instrument);
    char price[32], size[32], held[32], fee[MR_MONEY_TEXT];
    desk_number(w->fill->price, it->price_scale, price);
    desk_number(w->fill->size, it->size_scale, size);
    desk_number(w->position->size, it->size_scale, held);
    mr_money_text(w->fill->fee, fee);
    snprintf(out, MR_TOLD_TEXT, "%s %s %s x %s, fee %.20s: position %s", mr_side_name(w->fill->side),
             desk_name(d, w->fill->instrument), price, size, fee, held);
}

/* In one sentence, by kind; `said` is the same without its parts. */
void desk_words(const struct mr_desk *d, const struct mr_trade_told *w, const char *said, char out[MR_TOLD_TEXT])
{
    char order[160] = "", line[512];
    struct mr_text text;
    if (w->order)
        order_words(d, w->order, order, sizeof order);
    if (w->kind == MR_TOLD_SIGNAL && w->intent) {
        snprintf(out, MR_TOLD_TEXT, "%.90s: %s %s", w->intent->reason,
                 w->intent->kind == MR_INTENT_OPEN ? mr_side_name(w->intent->side) : "close",
                 desk_name(d, w->intent->instrument));
    } else if (w->kind == MR_TOLD_SIGNAL && w->signal) {
        mr_text_init(&text, line, sizeof line);
        mr_signal_text(&text, w->signal);
        snprintf(out, MR_TOLD_TEXT, "%.60s: %.170s", w->who, line);
    } else if (w->kind == MR_TOLD_FILL && w->fill) {
        fill_words(d, w, out);
    } else if (w->kind == MR_TOLD_ORDER && w->order) {
        snprintf(out, MR_TOLD_TEXT, "%s: %s", order, mr_order_state_name(w->order->state));
    } else if (*order) {
        snprintf(out, MR_TOLD_TEXT, "%.120s: %.110s", order, said);
    } else {
        snprintf(out, MR_TOLD_TEXT, "%s", said);
    }
}
