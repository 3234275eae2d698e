/* Market data, price collars, depth, own orders, the size and value of the order, and rates. */
#include "controlplane/risk/look.h"

/* ---- can the book be believed ---- */

static void look_at_book(struct look *l)
{
    const struct mr_risk_instrument *r = l->row;
    int scale = r->it.price_scale;
    if (twice_mid(l) == 0)
        mr_risk_deny(l, MR_RISK_NO_REFERENCE, 0, 0);
    if (!fresh(l, r->book_ns, l->limits->market.book_ns))
        mr_risk_deny(l, MR_RISK_STALE, age(l, r->book_ns), l->limits->market.book_ns);
    if (!(r->market_flags & MR_MARKET_LIVE))
        mr_risk_deny(l, MR_RISK_NOT_LIVE, 0, 0);
    bool both = r->bid_count && r->ask_count, crossed = both && r->bids[0].price >= r->asks[0].price;
    if (crossed || r->market_flags & MR_MARKET_CROSSED)
        mr_risk_deny(l, MR_RISK_CROSSED, both ? mr_risk_amount(r->bids[0].price, scale) : 0,
                     both ? mr_risk_amount(r->asks[0].price, scale) : 0);
    if (r->market_flags & MR_MARKET_GAP)
        mr_risk_deny(l, MR_RISK_GAP, 0, 0);
    if (r->last <= 0 || !fresh(l, r->last_ns, l->limits->market.last_ns))
        mr_risk_deny(l, MR_RISK_LAST_STALE, r->last > 0 ? age(l, r->last_ns) : INT64_MAX, l->limits->market.last_ns);
}

/* ---- price collars: |price - reference| <= reference x share, exact: all sides times the reference's parts and 10^8 ---- */

static bool outside(mr_i128 price, mr_i128 reference, int64_t share_e8)
{
    mr_i128 away = price > reference ? price - reference : reference - price;
    return away * MR_RISK_ONE > reference * share_e8;
}

static void look_at_collars(struct look *l)
{
    const struct mr_order *o = l->order;
    int scale = l->row->it.price_scale;
    mr_i128 mid2 = twice_mid(l);
    if (o->type == MR_ORDER_LIMIT) {
        if (mid2 && outside(2 * (mr_i128)o->price, mid2, l->limits->order.collar_mid_e8))
            mr_risk_deny(l, MR_RISK_COLLAR_MID, mr_risk_amount(o->price, scale), mr_risk_amount(mid2, scale) / 2);
        if (l->row->last > 0 && outside(o->price, l->row->last, l->limits->order.collar_last_e8))
            mr_risk_deny(l, MR_RISK_COLLAR_LAST, mr_risk_amount(o->price, scale), mr_risk_amount(l->row->last, scale));
    } else if (o->type != MR_ORDER_MARKET && mid2 &&
               outside(2 * (mr_i128)o->stop_price, mid2, l->limits->order.collar_stop_e8)) {
        mr_risk_deny(l, MR_RISK_COLLAR_STOP, mr_risk_amount(o->stop_price, scale), mr_risk_amount(mid2, scale) / 2);
    }
}

/* A market order may take a share of what rests within the collar around the mid. */
static void look_at_depth(struct look *l, mr_size left)
{
    const struct mr_risk_instrument *r = l->row;
    if (l->order->type != MR_ORDER_MARKET)
        return;
    bool buy = l->order->side == MR_SIDE_BUY;
    const struct mr_level *levels = buy ? r->asks : r->bids;
    uint32_t n = buy ? r->ask_count : r->bid_count;
    mr_i128 mid2 = twice_mid(l), resting = 0;
    for (uint32_t i = 0; i < n && mid2; i++)
        if (levels[i].size > 0 && levels[i].price > 0 &&
            !outside(2 * (mr_i128)levels[i].price, mid2, l->limits->order.collar_mid_e8))
            resting += levels[i].size;
    if ((mr_i128)left * MR_RISK_ONE > resting * l->limits->order.depth_share_e8)
        mr_risk_deny(l, MR_RISK_DEPTH, mr_risk_amount(left, r->it.size_scale),
                     mr_risk_amount(resting, r->it.size_scale));
}

/* Stops and targets do not trade when they come, so only limit and market orders can meet our own. */
static void look_at_own(struct look *l)
{
    const struct mr_order *o = l->order;
    if (o->type != MR_ORDER_LIMIT && o->type != MR_ORDER_MARKET)
        return;
    bool buy = o->side == MR_SIDE_BUY, market = o->type == MR_ORDER_MARKET;
    mr_price own = buy ? l->row->own_ask : l->row->own_bid;
    if (own && (market || (buy ? o->price >= own : o->price <= own)))
        mr_risk_deny(l, MR_RISK_SELF_MATCH, mr_risk_amount(o->price, l->row->it.price_scale),
                     mr_risk_amount(own, l->row->it.price_scale));
}

/* ---- size and value ---- */

static void look_at_size(struct look *l, mr_size left)
{
    const struct mr_instrument *it = &l->row->it;
    mr_i128 size = mr_risk_amount(l->order->size, it->size_scale);
    l->price = mr_risk_order_price(l->row, l->order, l->limits);
    l->valued = l->price > 0 && mr_risk_value(it, l->price, left, &l->value);
    if (l->price > 0 && !l->valued)
        mr_risk_deny(l, MR_RISK_OVERFLOW, 0, 0);
    if (l->market && size > l->market->order_size_max)
        mr_risk_deny(l, MR_RISK_ORDER_SIZE, size, l->market->order_size_max);
    if (!l->valued)
        return;
    l->out->value = l->value;
    mr_money most = l->limits->order.value_max;
    if (l->market && l->market->order_value_max < most)
        most = l->market->order_value_max;
    if (l->value > most)
        mr_risk_deny(l, MR_RISK_ORDER_VALUE, l->value, most);
    if (l->market && l->value < l->market->least_value)
        mr_risk_deny(l, MR_RISK_LEAST_VALUE, l->value, l->market->least_value);
}

void mr_risk_look_at_market(struct look *l)
{
    if (!l->row)
        return;
    look_at_book(l);
    if (!l->numbers)
        return;
    mr_size left = l->order->size - l->order->filled;
    look_at_collars(l);
    look_at_depth(l, left);
    look_at_own(l);
    look_at_size(l, left);
}

/* ---- rates and repetition ---- */

/* With this one there would be more than `most` in the window. */
static bool spent(const struct look *l, const struct mr_risk_window *w, int64_t length_ns, uint64_t weight,
                  uint64_t most, uint64_t *sum)
{
    *sum = l->clock ? mr_risk_window_sum(w, mr_risk_passed(l->state, l->now_ns), length_ns) : UINT64_MAX;
    return *sum > most || weight > most - *sum;
}

static void look_at_windows(struct look *l)
{
    const struct mr_risk_limits *m = l->limits;
    uint64_t sum;
    if (spent(l, &l->state->orders, m->rate.orders_ns, 1, m->rate.orders_max, &sum))
        mr_risk_deny(l, MR_RISK_RATE, (mr_i128)sum + 1, m->rate.orders_max);
    if (l->strategy && spent(l, &l->strategy->orders, m->rate.orders_ns, 1, m->rate.strategy_orders_max, &sum))
        mr_risk_deny(l, MR_RISK_RATE_STRATEGY, (mr_i128)sum + 1, m->rate.strategy_orders_max);
    /* cancels are never refused: orders that could not be cancelled in time are */
    if (spent(l, &l->state->cancels, m->rate.cancels_ns, 0, m->rate.cancels_max, &sum))
        mr_risk_deny(l, MR_RISK_CANCEL_RATE, (mr_i128)sum, m->rate.cancels_max);
    if (l->venue && spent(l, &l->venue->weight, m->rate.weight_ns, m->rate.order_weight, m->rate.weight_max, &sum))
        mr_risk_deny(l, MR_RISK_WEIGHT, (mr_i128)sum + m->rate.order_weight, m->rate.weight_max);
}

static void look_at_ratio(struct look *l)
{
    const struct mr_risk_state *s = l->state;
    mr_i128 orders = (mr_i128)s->day_orders + 1, trades = s->day_trades ? s->day_trades : 1;
    if (orders > l->limits->rate.ratio_from && orders > trades * l->limits->rate.ratio_max)
        mr_risk_deny(l, MR_RISK_ORDER_RATIO, orders, trades * l->limits->rate.ratio_max);
}

static void look_at_duplicates(struct look *l)
{
    const struct mr_risk_state *s = l->state;
    const struct mr_order *o = l->order;
    const int64_t now = mr_risk_passed(s, l->now_ns), window = l->limits->order.duplicate_ns;
    uint64_t kept = s->recent_count < MR_RISK_RECENT ? s->recent_count : MR_RISK_RECENT;
    if (!l->clock || l->amend)
        return;
    for (uint64_t i = 1; i <= kept; i++) { /* the newest first */
        const struct mr_risk_recent *r = &s->recent[(s->recent_count - i) % MR_RISK_RECENT];
        if (now - r->at >= window)
            return;
        if (r->price == o->price && r->size == o->size && r->instrument == o->instrument &&
            r->strategy == o->strategy && r->side == o->side && r->type == o->type && r->stop_price == o->stop_price) {
            mr_risk_deny(l, MR_RISK_DUPLICATE, now - r->at, window);
            return;
        }
    }
    if (s->recent_count > kept) /* more in the window than are remembered */
        mr_risk_deny(l, MR_RISK_DUPLICATE, 0, window);
}

void mr_risk_look_at_rates(struct look *l)
{
    look_at_windows(l);
    look_at_ratio(l);
    look_at_duplicates(l);
    if (l->strategy && l->strategy->throttled)
        mr_risk_deny(l, MR_RISK_REPEATED, l->strategy->repeats, l->limits->rate.repeats_max);
    if (l->state->rejects >= l->limits->account.rejects_max)
        mr_risk_deny(l, MR_RISK_REJECTS, l->state->rejects, l->limits->account.rejects_max);
}
