/* Controls of how we stand: hours, markets, identity, arming, counters, reconciliation, kill switch. */
#include <stdio.h>

#include "tests/controlplane/risk/control.h"

static void in_order(struct rig *r, enum mr_side side) { r->order = rig_order(r, RIG_BTC, side, "60000", "0.1"); }

static void allowed(struct rig *r, enum control_level level, enum mr_side side)
{
    in_order(r, side);
    if (level == ABOVE) {
        snprintf(r->limits.markets[0].name, sizeof r->limits.markets[0].name, "binance:usdm:ETHUSDT");
        assert_int_equal(mr_risk_limits_bind(&r->limits, r->instruments), 0);
    }
    if (level == AT) {
        snprintf(r->limits.markets[0].name, sizeof r->limits.markets[0].name, "binance:usdm:BTCUSDT");
        assert_int_equal(mr_risk_limits_bind(&r->limits, r->instruments), 0);
    }
}

static void hours_end(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.hours.from_minute = side == MR_SIDE_BUY ? 0 : 600;          /* 10:00 to 09:00: over midnight */
    r->limits.hours.to_minute = (uint32_t)control_number(level, 541, -1); /* it is 09:00: the last minute is 08:59 */
    r->limits.hours.days = side == MR_SIDE_BUY ? 1u << 5 : 1u << 4;       /* Saturday; begun on Friday */
    in_order(r, side);
}

static void hours_begin(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.hours.from_minute = (uint32_t)control_number(level, 540, 1);
    r->limits.hours.to_minute = side == MR_SIDE_BUY ? 1440 : 60;
    r->limits.hours.days = 1u << 5;
    in_order(r, side);
}

static void hours_day(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.hours.days = level == BELOW ? 127 : level == AT ? 1u << 5 : 127 & ~(1u << 5);
    in_order(r, side);
}

static void hours_day_before(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.hours.from_minute = 1200;
    r->limits.hours.to_minute = 600;
    r->limits.hours.days = level == BELOW ? 127 : level == AT ? 1u << 4 : 127 & ~(1u << 4);
    in_order(r, side);
}

static void unapproved(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_order o = rig_order(r, RIG_ETH, side, "3000", "1");
    if (level != ABOVE)
        assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now - RIG_S), MR_OK);
    if (level != BELOW)
        assert_int_equal(mr_risk_on_sent(r->state, &o, r->now), level == AT ? MR_OK : MR_E_INVALID);
    in_order(r, side);
}

static void sent_changed(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_order o = rig_order(r, RIG_ETH, side, "3000", "1");
    assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now - RIG_S), MR_OK);
    *(side == MR_SIDE_BUY ? &o.price : &o.size) += level == ABOVE;
    assert_int_equal(mr_risk_on_sent(r->state, &o, r->now), level == ABOVE ? MR_E_INVALID : MR_OK);
    in_order(r, side);
}

static void sent_twice(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_order o = rig_order(r, RIG_ETH, side, "3000", "1");
    assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now - RIG_S), MR_OK);
    assert_int_equal(mr_risk_on_sent(r->state, &o, r->now), MR_OK);
    if (level == AT) /* proven not to have left */
        mr_risk_on_not_sent(r->state, o.id);
    if (level != BELOW)
        assert_int_equal(mr_risk_on_sent(r->state, &o, r->now), level == AT ? MR_OK : MR_E_INVALID);
    in_order(r, side);
}

static void sent_more(struct rig *r, enum control_level level, enum mr_side side)
{
    r->state->approved = 10;
    r->state->sent = (uint64_t)control_number(level, 10, 1);
    in_order(r, side);
}

static void reconciled(struct rig *r, enum control_level level, enum mr_side side)
{
    mr_risk_on_reconciled(r->state, 1, true, r->now - control_number(level, 30 * (int64_t)RIG_S, 1));
    in_order(r, side);
}

static void reconciled_same(struct rig *r, enum control_level level, enum mr_side side)
{
    mr_risk_on_reconciled(r->state, level == AT ? 2 : 1, level == BELOW, r->now);
    in_order(r, side);
}

static void stream(struct rig *r, enum control_level level, enum mr_side side)
{
    mr_risk_on_stream(r->state, level == AT ? 2 : 1, level == BELOW);
    in_order(r, side);
}

static void armed(struct rig *r, enum control_level level, enum mr_side side)
{
    if (level != BELOW)
        mr_risk_disarm(r->state);
    if (level == AT)
        assert_int_equal(mr_risk_arm(r->state, NULL), MR_OK);
    in_order(r, side);
}

static void build(struct rig *r, enum control_level level, enum mr_side side)
{
    mr_risk_on_process(r->state, level == AT ? 1 : 2, side == MR_SIDE_BUY && level == ABOVE ? 12 : 11, 22);
    if (side == MR_SIDE_SELL && level == ABOVE)
        mr_risk_on_process(r->state, 1, 11, 23);
    in_order(r, side);
}

static void process_missing(struct rig *r, enum control_level level, enum mr_side side)
{
    r->state->config.processes = level == BELOW ? 0 : level == AT ? 2 : side == MR_SIDE_BUY ? 4 : 6;
    in_order(r, side);
}

static void limits_in_force(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.version = level == BELOW ? 2 : level == AT ? 1 : 0;
    in_order(r, side);
}

static void quote(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_instrument it = *mr_instruments_get(r->instruments, RIG_BTC);
    if (level == ABOVE)
        it.flags &= (uint8_t)~MR_INSTRUMENT_QUOTE_USD;
    assert_int_equal(mr_risk_on_instrument(r->state, RIG_BTC, &it), MR_OK);
    in_order(r, side);
}

/* ---- kill ---- */

static void kill_all(struct rig *r, enum control_level level, enum mr_side side)
{
    in_order(r, side);
    if (level == ABOVE)
        mr_kill_raise(r->kill, side == MR_SIDE_BUY ? MR_KILL_BY_SOCKET : MR_KILL_BY_SIGNAL);
}

static void kill_venue(struct rig *r, enum control_level level, enum mr_side side)
{
    in_order(r, side);
    unsigned venue = level == ABOVE ? r->order.venue : level == AT ? r->order.venue + 1u : 200;
    atomic_fetch_or(&r->kill->venues[venue / 64], 1ull << venue % 64);
}

static void kill_strategy(struct rig *r, enum control_level level, enum mr_side side)
{
    in_order(r, side);
    unsigned strategy = level == ABOVE ? 0 : level == AT ? 1 : 100;
    atomic_fetch_or(&r->kill->strategies[strategy / 64], 1ull << strategy % 64);
}

static void kill_order(struct rig *r, enum control_level level, enum mr_side side)
{
    in_order(r, side);
    mr_risk_kill_order(r->state, r->order.id + 7);
    if (level != BELOW)
        mr_risk_kill_order(r->state, level == AT ? r->order.id + 1 : r->order.id);
}

static void kill_parent(struct rig *r, enum control_level level, enum mr_side side)
{
    in_order(r, side);
    r->order.parent = 77;
    mr_risk_kill_order(r->state, level == BELOW ? 76 : level == AT ? 78 : 77);
}

static void kill_full(struct rig *r, enum control_level level, enum mr_side side)
{
    in_order(r, side);
    for (int64_t i = 0; i < control_number(level, MR_RISK_KILLED, 1); i++) {
        mr_risk_kill_order(r->state, (uint64_t)i + 1);
        mr_risk_kill_order(r->state, 1); /* again: no other one */
    }
}

const struct control controls_standing[] = {
    {22, "a market that the limits list", true, {MR_RISK_NOT_ALLOWED}, allowed},
    {23, "the end of the trading hours", true, {MR_RISK_HOURS}, hours_end},
    {23, "the beginning of the trading hours", true, {MR_RISK_HOURS}, hours_begin},
    {23, "the trading days", true, {MR_RISK_HOURS}, hours_day},
    {23, "the trading days, over midnight", true, {MR_RISK_HOURS}, hours_day_before},
    {29, "an order that leaves without approval", true, {MR_RISK_SENT_UNAPPROVED}, unapproved},
    {29, "an order that leaves other than approved", true, {MR_RISK_SENT_UNAPPROVED}, sent_changed},
    {29, "an order that leaves twice", true, {MR_RISK_SENT_UNAPPROVED}, sent_twice},
    {29, "more orders out than approved", true, {MR_RISK_SENT_UNAPPROVED}, sent_more},
    {30, "the time since reconciliation", true, {MR_RISK_RECONCILE}, reconciled},
    {30, "a difference found by reconciliation", true, {MR_RISK_RECONCILE}, reconciled_same},
    {34, "the private stream", true, {MR_RISK_STREAM}, stream},
    {38, "trading that is not armed", true, {MR_RISK_DISARMED}, armed},
    {39, "processes of another build or configuration", true, {MR_RISK_IDENTITY}, build},
    {39, "processes that have not said what they run", true, {MR_RISK_IDENTITY}, process_missing},
    {35, "limits in force", true, {MR_RISK_LIMITS}, limits_in_force},
    {0, "an instrument quoted in another currency", true, {MR_RISK_CURRENCY}, quote},
    {31, "an order that was killed", true, {MR_RISK_KILL_ORDER}, kill_order},
    {31, "an order whose parent was killed", true, {MR_RISK_KILL_ORDER}, kill_parent},
    {31, "more killed orders than can be remembered", true, {MR_RISK_KILL_ORDER}, kill_full},
    {32, "a strategy that was killed", true, {MR_RISK_KILL_STRATEGY}, kill_strategy},
    {33, "a venue that was killed", true, {MR_RISK_KILL_VENUE}, kill_venue},
    {34, "the kill switch", true, {MR_RISK_KILL_ALL}, kill_all},
};
const unsigned controls_standing_count = MR_COUNT_OF(controls_standing);
