/* Controls of the order itself: numbers, flags, ids, times, repetition, rates. */
#include "tests/controlplane/risk/control.h"

static void size_max(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.markets[0].order_size_max = rig_money("0.1");
    r->order = rig_order(r, RIG_BTC, side, "60000", control_pick(level, "0.099", "0.1", "0.101"));
}

static void value_max(struct rig *r, enum control_level level, enum mr_side side)
{
    /* a sell below the best bid gets the bid: it is worth that */
    r->order = rig_order(r, RIG_BTC, side, "59900", "0.1");
    r->limits.order.value_max = side == MR_SIDE_SELL ? rig_money(control_pick(level, "6000", "5999.99", "5999.98"))
                                                     : rig_money(control_pick(level, "5990.01", "5990", "5989.99"));
}

static void market_value_max(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    r->limits.markets[0].order_value_max = rig_money(control_pick(level, "6000.01", "6000", "5999.99"));
}

static void least_value(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.markets[0].least_value = rig_money("6000");
    r->order = rig_order(r, RIG_BTC, side, "60000", control_pick(level, "0.101", "0.1", "0.099"));
}

static void tick(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, control_pick(level, "60000", "60000.1", "60000.15"), "0.1");
}

static void stop_tick(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, "0", "0.1");
    r->order.type = MR_ORDER_STOP_MARKET;
    r->order.stop_price = rig_number(control_pick(level, "60000", "60000.1", "60000.15"));
}

static void lot(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, "60000", control_pick(level, "0.1", "0.101", "0.1005"));
}

static void expiry(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    r->order.tif = MR_TIF_GTD;
    r->order.expires_ns = control_number(level, r->now, -1);
}

static void own_expiry(struct rig *r, enum control_level level, enum mr_side side)
{
    expiry(r, level, side);
    r->order.tif = MR_TIF_GTC; /* our own time to live */
}

static void expiry_missing(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    r->order.tif = level == BELOW ? MR_TIF_GTC : level == AT ? MR_TIF_IOC : MR_TIF_GTD;
}

static void tif_known(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    r->order.tif = level == BELOW ? MR_TIF_IOC : level == AT ? MR_TIF_FOK : MR_TIF_COUNT;
}

static void flag_known(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    r->order.flags = level == BELOW ? MR_ORDER_POST_ONLY : level == AT ? MR_ORDER_MANUAL : 16;
}

static void emergency_reduces(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_hold(r, RIG_BTC, side == MR_SIDE_BUY ? "-0.1" : "0.1");
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    r->order.flags = level == BELOW ? MR_ORDER_REDUCE_ONLY : level == AT ? MR_ORDER_MANUAL : MR_ORDER_EMERGENCY;
}

static void post_only_rests(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    r->order.flags = MR_ORDER_POST_ONLY;
    r->order.tif = level == BELOW        ? MR_TIF_GTC
                   : level == AT         ? MR_TIF_GTD
                   : side == MR_SIDE_BUY ? MR_TIF_IOC
                                         : MR_TIF_FOK;
    r->order.expires_ns = level == AT ? r->now + 1 : 0;
}

static void post_only_market(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, level == ABOVE ? "0" : "60000", "0.1");
    r->order.flags = level == AT ? 0 : MR_ORDER_POST_ONLY;
    r->order.type = level == ABOVE ? MR_ORDER_MARKET : MR_ORDER_LIMIT;
}

static void id_new(struct rig *r, enum control_level level, enum mr_side side)
{
    uint64_t used = rig_rest(r, RIG_ETH, side, "3000", "1", 0);
    mr_risk_on_end(r->state, used, MR_STATE_CANCELLED);
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    r->order.id = level == BELOW ? used + 2 : level == AT ? used + 1 : used;
}

static void id_not_zero(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    r->order.id = level == BELOW ? 2 : level == AT ? 1 : 0;
}

static void id_not_too_old(struct rig *r, enum control_level level, enum mr_side side)
{
    r->ids += 2 * MR_RISK_IDS;
    uint64_t newest = rig_rest(r, RIG_ETH, side, "3000", "1", 0);
    mr_risk_on_end(r->state, newest, MR_STATE_CANCELLED);
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    r->order.id = newest - MR_RISK_IDS + (level == BELOW ? 2 : level == AT ? 1 : 0);
}

static void id_of_this_epoch(struct rig *r, enum control_level level, enum mr_side side)
{
    mr_risk_on_end(r->state, rig_rest(r, RIG_ETH, side, "3000", "1", 0), MR_STATE_CANCELLED);
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    r->order.id = level == BELOW ? ((uint64_t)4 << 32) + 1 : level == AT ? (uint64_t)4 << 32 : ((uint64_t)2 << 32) + 9;
}

/* ---- rates ---- */

/* Orders that were approved and have ended, at this age; of strategy `strategy`. */
static void past(struct rig *r, unsigned n, int64_t age, uint16_t strategy, enum mr_side side)
{
    for (unsigned i = 0; i < n; i++) {
        struct mr_order o = rig_order(r, RIG_ETH, side, "3000", "1");
        o.role = MR_ROLE_EXIT;
        o.strategy = strategy;
        assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now - age), MR_OK);
        mr_risk_on_end(r->state, o.id, MR_STATE_CANCELLED);
    }
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}

static void rate(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.rate.orders_max = 5;
    past(r, (unsigned)control_number(level, 4, 1), 1, 1, side);
}

static void rate_none(struct rig *r, enum control_level level, enum mr_side side)
{
    past(r, 0, 1, 1, side);
    r->limits.rate.orders_max = level == BELOW ? 2 : level == AT ? 1 : 0;
}

static void rate_window(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.rate.orders_max = 1;
    past(r, 1, control_number(level, RIG_S, -1), 1, side);
}

static void rate_strategy(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.rate.strategy_orders_max = 5;
    past(r, 9, 1, 1, side); /* another one's do not count */
    past(r, (unsigned)control_number(level, 4, 1), 1, 0, side);
}

static void cancel_rate(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.rate.cancels_max = 5;
    for (int64_t i = 0; i < control_number(level, 5, 1); i++)
        mr_risk_on_cancel(r->state, 9, 1, r->now);
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}

static void cancel_window(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.rate.cancels_max = 0;
    mr_risk_on_cancel(r->state, 9, 1, r->now - control_number(level, RIG_S, -1));
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}

static void weight(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.rate.weight_max = 10;
    r->limits.rate.order_weight = 3;
    mr_risk_on_weight(r->state, 9, 100, r->now); /* another venue's */
    mr_risk_on_weight(r->state, r->order.venue, (uint32_t)control_number(level, 7, 1), r->now);
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}

static void weight_window(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.rate.weight_max = r->limits.rate.order_weight = 1;
    mr_risk_on_weight(r->state, r->order.venue, 1, r->now - control_number(level, 3 * (int64_t)RIG_S, -1));
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}

static void orders_to_trades(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.rate.ratio_from = 0;
    r->limits.rate.ratio_max = 5;
    struct mr_fill fill = {.instrument = RIG_ETH, .side = (uint8_t)side, .size = 1};
    mr_risk_on_fill(r->state, &fill, NULL);
    fill.side = !side;
    mr_risk_on_fill(r->state, &fill, NULL);
    for (int64_t i = 0; i < control_number(level, 9, 1); i++) /* and the order itself */
        mr_risk_on_cancel(r->state, 9, 1, r->now);
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}

static void orders_free_of_trades(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.rate.ratio_from = 5;
    r->limits.rate.ratio_max = 1;
    for (int64_t i = 0; i < control_number(level, 4, 1); i++)
        mr_risk_on_cancel(r->state, 9, 1, r->now);
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}

/* ---- repetition ---- */

static void twin(struct rig *r, int64_t age, enum mr_side side)
{
    struct mr_order o = rig_order(r, RIG_BTC, side, "60000", "0.1");
    assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now - age), MR_OK);
    mr_risk_on_end(r->state, o.id, MR_STATE_CANCELLED);
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}

static void duplicate(struct rig *r, enum control_level level, enum mr_side side)
{
    twin(r, control_number(level, 500 * (int64_t)RIG_MS, -1), side);
}

static void duplicate_price(struct rig *r, enum control_level level, enum mr_side side)
{
    twin(r, 1, side);
    r->order.price += level == BELOW ? -10000000 : level == AT ? 10000000 : 0;
}

static void duplicate_size(struct rig *r, enum control_level level, enum mr_side side)
{
    twin(r, 1, side);
    r->order.size += level == BELOW ? -100000 : level == AT ? 100000 : 0;
}

static void duplicate_strategy(struct rig *r, enum control_level level, enum mr_side side)
{
    twin(r, 1, side);
    r->order.strategy = level == BELOW ? 1 : level == AT ? 2 : 0;
}

static void duplicate_instrument(struct rig *r, enum control_level level, enum mr_side side)
{
    twin(r, 1, side);
    if (level != ABOVE)
        r->order = rig_order(r, level == BELOW ? RIG_OKX : RIG_SPOT, side, "60000", "0.1");
}

static void duplicate_side(struct rig *r, enum control_level level, enum mr_side side)
{
    twin(r, 1, level == ABOVE ? side : (enum mr_side) !side);
    r->order.side = (uint8_t)side;
}

static void repeated(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.rate.repeats_max = 3;
    for (int64_t i = 0; i < control_number(level, 2, 1); i++)
        twin(r, 1 * (int64_t)RIG_S * (10 - i), side);
}

static void repeated_window(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.rate.repeats_max = 2;
    twin(r, 61 * (int64_t)RIG_S, side);
    twin(r, RIG_S + control_number(level, 0, 1), side);
}

const struct control controls_order[] = {
    {1, "the size of one order", true, {MR_RISK_ORDER_SIZE}, size_max},
    {2, "the value of one order", true, {MR_RISK_ORDER_VALUE}, value_max},
    {2, "the value of one order in its market", true, {MR_RISK_ORDER_VALUE}, market_value_max},
    {4, "the least value of an order", true, {MR_RISK_LEAST_VALUE}, least_value},
    {4, "multiples of the tick", true, {MR_RISK_TICK}, tick},
    {4, "triggers in multiples of the tick", true, {MR_RISK_TICK}, stop_tick},
    {4, "multiples of the lot", true, {MR_RISK_LOT}, lot},
    {9, "orders in the window", true, {MR_RISK_RATE}, rate},
    {9, "no order in the window at all", true, {MR_RISK_RATE}, rate_none},
    {9, "the window of orders", true, {MR_RISK_RATE}, rate_window},
    {9, "orders of a strategy in the window", true, {MR_RISK_RATE_STRATEGY}, rate_strategy},
    {10, "cancels in the window", true, {MR_RISK_CANCEL_RATE}, cancel_rate},
    {10, "the window of cancels", true, {MR_RISK_CANCEL_RATE}, cancel_window},
    {11, "the venue's request weight", true, {MR_RISK_WEIGHT}, weight},
    {11, "the window of weights", true, {MR_RISK_WEIGHT}, weight_window},
    {12, "orders for each trade", true, {MR_RISK_ORDER_RATIO}, orders_to_trades},
    {12, "orders that are free of it", true, {MR_RISK_ORDER_RATIO}, orders_free_of_trades},
    {13, "the same order within the window", true, {MR_RISK_DUPLICATE}, duplicate},
    {13, "another price is another order", true, {MR_RISK_DUPLICATE}, duplicate_price},
    {13, "another size is another order", true, {MR_RISK_DUPLICATE}, duplicate_size},
    {13, "another strategy's is another order", true, {MR_RISK_DUPLICATE}, duplicate_strategy},
    {13, "another instrument's is another order", true, {MR_RISK_DUPLICATE}, duplicate_instrument},
    {13, "another side is another order", true, {MR_RISK_DUPLICATE}, duplicate_side},
    {14, "a client id once", true, {MR_RISK_ID}, id_new},
    {14, "a client id at all", true, {MR_RISK_ID}, id_not_zero},
    {14, "client ids too old to know", true, {MR_RISK_ID}, id_not_too_old},
    {14, "client ids of an epoch before", true, {MR_RISK_ID}, id_of_this_epoch},
    {15, "the same entry again and again", true, {MR_RISK_REPEATED}, repeated},
    {15, "the window of repetition", true, {MR_RISK_REPEATED}, repeated_window},
    {24, "the end of an order", false, {MR_RISK_TIF}, expiry},
    {24, "the end of an order by our own time to live", false, {MR_RISK_TIF}, own_expiry},
    {24, "an order good till a time that is not told", true, {MR_RISK_TIF}, expiry_missing},
    {24, "a time in force that is known", true, {MR_RISK_TIF}, tif_known},
    {40, "flags that are known", true, {MR_RISK_FLAGS}, flag_known},
    {40, "emergency only ever with reduce-only", true, {MR_RISK_FLAG_USE}, emergency_reduces},
    {40, "post-only orders rest", true, {MR_RISK_FLAG_USE}, post_only_rests},
    {40, "market orders do not", true, {MR_RISK_FLAG_USE}, post_only_market},
};
const unsigned controls_order_count = MR_COUNT_OF(controls_order);
