/* Controls of market data, prices, depth and our own orders. */
#include "tests/controlplane/risk/control.h"

static void view(struct rig *r, struct mr_market_view **v, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    *v = &r->views[RIG_BTC];
}

static void collar_mid(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side,
                         side == MR_SIDE_BUY ? control_pick(level, "60599.9", "60600", "60600.1")
                                             : control_pick(level, "59400.1", "59400", "59399.9"),
                         "0.1");
}

static void collar_mid_far(struct rig *r, enum control_level level, enum mr_side side)
{
    collar_mid(r, level, (enum mr_side) !side); /* dearer sells, cheaper buys */
    r->order.side = (uint8_t)side;
}

static void collar_last(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.order.collar_mid_e8 = MR_RISK_ONE;
    mr_risk_on_leverage(r->state, RIG_BTC, 2);
    r->order = rig_order(r, RIG_BTC, side,
                         side == MR_SIDE_BUY ? control_pick(level, "61199.9", "61200", "61200.1")
                                             : control_pick(level, "58800.1", "58800", "58799.9"),
                         "0.1");
}

static void collar_stop(struct rig *r, enum control_level level, enum mr_side side)
{
    mr_risk_on_leverage(r->state, RIG_BTC, 1);
    r->order = rig_order(r, RIG_BTC, side, "0", "0.1");
    r->order.type = MR_ORDER_STOP_MARKET;
    r->order.stop_price = rig_number(side == MR_SIDE_BUY ? control_pick(level, "65999.9", "66000", "66000.1")
                                                         : control_pick(level, "54000.1", "54000", "53999.9"));
}

static void collar_target(struct rig *r, enum control_level level, enum mr_side side)
{
    collar_stop(r, level, side);
    r->order.type = MR_ORDER_TAKE_PROFIT_MARKET;
}

static void stale(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_market_view *v;
    view(r, &v, side);
    v->book_ns = r->now - control_number(level, 2 * (int64_t)RIG_S, 1);
    mr_risk_on_market(r->state, v);
}

static void from_the_future(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_market_view *v;
    view(r, &v, side);
    v->book_ns = r->now + control_number(level, 2 * (int64_t)RIG_S, 1);
    mr_risk_on_market(r->state, v);
}

static void never_seen(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_market_view *v;
    view(r, &v, side);
    v->book_ns = level == ABOVE ? 0 : r->now - (level == AT);
    mr_risk_on_market(r->state, v);
}

static void last_stale(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_market_view *v;
    view(r, &v, side);
    v->last_ns = r->now - control_number(level, 60 * (int64_t)RIG_S, 1);
    mr_risk_on_market(r->state, v);
}

static void last_missing(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_market_view *v;
    view(r, &v, side);
    v->last = level == BELOW ? v->last : level == AT ? v->last + 1 : side == MR_SIDE_BUY ? 0 : INT64_MIN;
    mr_risk_on_market(r->state, v);
}

static void crossed(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_market_view *v;
    view(r, &v, side);
    v->bids[0].price = v->asks[0].price + control_number(level, 0, 10000000);
    mr_risk_on_market(r->state, v);
}

static void crossed_flag(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_market_view *v;
    view(r, &v, side);
    v->flags |= level == ABOVE ? MR_MARKET_CROSSED : 0;
    mr_risk_on_market(r->state, v);
}

static void gap(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_market_view *v;
    view(r, &v, side);
    v->flags |= level == ABOVE ? MR_MARKET_GAP : 0;
    mr_risk_on_market(r->state, v);
}

static void not_live(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_market_view *v;
    view(r, &v, side);
    v->flags = level == ABOVE ? 0 : MR_MARKET_LIVE;
    mr_risk_on_market(r->state, v);
}

static void halted(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_market_view *v;
    view(r, &v, side);
    v->flags |= level == ABOVE ? MR_MARKET_HALTED : 0;
    mr_risk_on_market(r->state, v);
}

static void halted_by_metadata(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_instrument it = *mr_instruments_get(r->instruments, RIG_BTC);
    it.flags |= level == ABOVE ? MR_INSTRUMENT_HALTED : 0;
    assert_int_equal(mr_risk_on_instrument(r->state, RIG_BTC, &it), MR_OK);
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}

static void one_sided(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_market_view *v;
    view(r, &v, side);
    uint32_t n = level == BELOW ? 2 : level == AT ? 1 : 0;
    *(side == MR_SIDE_BUY ? &v->bid_count : &v->ask_count) = n;
    mr_risk_on_market(r->state, v);
}

static void price_of_nothing(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_market_view *v;
    view(r, &v, side);
    mr_price none = side == MR_SIDE_BUY ? 0 : -1;
    if (level == ABOVE)
        v->bids[0].price = none;
    mr_risk_on_market(r->state, v);
}

static void depth(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, "0", control_pick(level, "9.999", "10", "10.001"));
    r->order.type = MR_ORDER_MARKET;
}

static void depth_within_collar(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_market_view *v = &r->views[RIG_BTC];
    r->order = rig_order(r, RIG_BTC, side, "0", "8");
    r->order.type = MR_ORDER_MARKET;
    v->asks[1].price = rig_number(control_pick(level, "60599.9", "60600", "60600.1"));
    v->bids[1].price = rig_number(control_pick(level, "59400.1", "59400", "59399.9"));
    mr_risk_on_market(r->state, v);
}

static void self_match(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_rest(r, RIG_BTC, (enum mr_side) !side, side == MR_SIDE_BUY ? "60500" : "59500", "0.1", 0);
    rig_rest(r, RIG_BTC, (enum mr_side) !side, side == MR_SIDE_BUY ? "60550" : "59450", "0.1", 0);
    r->order = rig_order(r, RIG_BTC, side,
                         side == MR_SIDE_BUY ? control_pick(level, "60499.9", "60500", "60500.1")
                                             : control_pick(level, "59500.1", "59500", "59499.9"),
                         "0.1");
}

static void self_match_market(struct rig *r, enum control_level level, enum mr_side side)
{
    uint64_t id = rig_rest(r, RIG_BTC, (enum mr_side) !side, side == MR_SIDE_BUY ? "60500" : "59500", "0.1", 0);
    if (level == BELOW)
        mr_risk_on_end(r->state, id, MR_STATE_CANCELLED);
    if (level == AT) /* one at another venue is not ours to meet */
        mr_risk_on_end(r->state, id, MR_STATE_FILLED), rig_rest(r, RIG_OKX, (enum mr_side) !side, "60500", "0.1", 0);
    r->order = rig_order(r, RIG_BTC, side, "0", "0.1");
    r->order.type = MR_ORDER_MARKET;
}

static void self_match_while_changing(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_order o = rig_order(r, RIG_BTC, (enum mr_side) !side, side == MR_SIDE_BUY ? "60500" : "59500", "0.1");
    assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now - RIG_S), MR_OK);
    o.price = rig_number(side == MR_SIDE_BUY ? "60550" : "59450"); /* further away: but either may stand */
    assert_int_equal(mr_risk_on_amend(r->state, &o, &r->limits, r->now), MR_OK);
    if (level != ABOVE)
        mr_risk_on_amended(r->state, &o, &r->limits);
    r->order = rig_order(r, RIG_BTC, side,
                         level == BELOW        ? "60000"
                         : side == MR_SIDE_BUY ? "60549.9"
                                               : "59450.1",
                         "0.1");
}

const struct control controls_market[] = {
    {3, "the distance from the mid", true, {MR_RISK_COLLAR_MID}, collar_mid},
    {3, "the distance from the mid on the careful side", true, {MR_RISK_COLLAR_MID}, collar_mid_far},
    {3, "the distance from the last trade", true, {MR_RISK_COLLAR_LAST}, collar_last},
    {3, "the distance of a stop's trigger", true, {MR_RISK_COLLAR_STOP}, collar_stop},
    {3, "the distance of a target's trigger", true, {MR_RISK_COLLAR_STOP}, collar_target},
    {25, "the age of the book", true, {MR_RISK_STALE}, stale},
    {25, "a book from the future", true, {MR_RISK_STALE}, from_the_future},
    {25, "a book that was never seen", true, {MR_RISK_STALE}, never_seen},
    {25, "a book that is not live", true, {MR_RISK_NOT_LIVE}, not_live},
    {25, "the age of the last trade", true, {MR_RISK_LAST_STALE}, last_stale},
    {25, "a last trade that was never seen", true, {MR_RISK_LAST_STALE}, last_missing},
    {26, "a crossed book", false, {MR_RISK_CROSSED}, crossed},
    {26, "a book said to be crossed", true, {MR_RISK_CROSSED}, crossed_flag},
    {26, "a book behind a gap", true, {MR_RISK_GAP}, gap},
    {27, "a book with one side", true, {MR_RISK_NO_REFERENCE}, one_sided},
    {27, "a book with a price of nothing", true, {MR_RISK_NO_REFERENCE}, price_of_nothing},
    {22, "an instrument that is halted", true, {MR_RISK_INSTRUMENT_HALTED}, halted},
    {22, "an instrument that its venue lists as halted", true, {MR_RISK_INSTRUMENT_HALTED}, halted_by_metadata},
    {0, "the depth for a market order", true, {MR_RISK_DEPTH}, depth},
    {0, "depth that counts: within the collar", true, {MR_RISK_DEPTH}, depth_within_collar},
    {28, "our own order on the other side", false, {MR_RISK_SELF_MATCH}, self_match},
    {28, "our own order before a market order", true, {MR_RISK_SELF_MATCH}, self_match_market},
    {28, "our own order while it changes", true, {MR_RISK_SELF_MATCH}, self_match_while_changing},
};
const unsigned controls_market_count = MR_COUNT_OF(controls_market);
