/* Controls of worst-case exposure, open orders, positions, shares of the capital, and policies. */
#include "tests/controlplane/risk/control.h"

#define SCOPED(name)                                                                                                   \
    static void name##_firm(struct rig *r, enum control_level level, enum mr_side side)                                \
    {                                                                                                                  \
        name(r, level, side, MR_SCOPE_FIRM);                                                                           \
    }                                                                                                                  \
    static void name##_venue(struct rig *r, enum control_level level, enum mr_side side)                               \
    {                                                                                                                  \
        name(r, level, side, MR_SCOPE_VENUE);                                                                          \
    }                                                                                                                  \
    static void name##_strategy(struct rig *r, enum control_level level, enum mr_side side)                            \
    {                                                                                                                  \
        name(r, level, side, MR_SCOPE_STRATEGY);                                                                       \
    }                                                                                                                  \
    static void name##_symbol(struct rig *r, enum control_level level, enum mr_side side)                              \
    {                                                                                                                  \
        name(r, level, side, MR_SCOPE_SYMBOL);                                                                         \
    }
#define SCOPED_ROWS(number, name, RULE, says)                                                                          \
    {number, says " of the firm", true, {MR_RISK_##RULE##_FIRM}, name##_firm},                                         \
        {number, says " at a venue", true, {MR_RISK_##RULE##_VENUE}, name##_venue},                                    \
        {number, says " of a strategy", true, {MR_RISK_##RULE##_STRATEGY}, name##_strategy},                           \
    {                                                                                                                  \
        number, says " in a symbol", true, {MR_RISK_##RULE##_SYMBOL}, name##_symbol                                    \
    }

static const char *signed_size(enum mr_side side, const char *buy, const char *sell)
{
    return side == MR_SIDE_BUY ? buy : sell;
}

static void position(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_hold(r, RIG_BTC, signed_size(side, "0.5", "-0.5"));
    r->limits.markets[0].position_max = rig_money(control_pick(level, "0.601", "0.6", "0.599"));
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}

static void position_with_open(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_rest(r, RIG_BTC, side, "60000", "0.3", 0);
    mr_risk_on_unknown(r->state, rig_rest(r, RIG_BTC, side, "60000", "0.2", 0)); /* counts, whatever became of it */
    r->limits.markets[0].position_max = rig_money(control_pick(level, "0.601", "0.6", "0.599"));
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}

/* The other side is far over its limit: each side is judged by itself, since the other one's orders may be cancelled. */
static void other_side(struct rig *r, enum mr_side side, const char *size)
{
    rig_rest(r, RIG_BTC, (enum mr_side)(side ^ 1), signed_size(side, "60500", "59500"), size, 0);
}

static void position_beside_the_other(struct rig *r, enum control_level level, enum mr_side side)
{
    other_side(r, side, "1.4");
    position(r, level, side);
}

static void position_turned(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_hold(r, RIG_BTC, signed_size(side, "-0.9", "0.9"));
    r->limits.markets[0].position_max = rig_money("0.6");
    r->order = rig_order(r, RIG_BTC, side, "60000", control_pick(level, "1.499", "1.5", "1.501"));
}

static void position_of_a_change(struct rig *r, enum control_level level, enum mr_side side)
{
    uint64_t id = rig_rest(r, RIG_BTC, side, "60000", "0.3", 0);
    r->limits.markets[0].position_max = rig_money("0.4");
    r->order = rig_order(r, RIG_BTC, side, "60000", control_pick(level, "0.399", "0.4", "0.401"));
    r->order.id = id;
    r->order.state = MR_STATE_ACKED;
}

static void position_of_a_partial_change(struct rig *r, enum control_level level, enum mr_side side)
{
    uint64_t id = rig_rest(r, RIG_BTC, side, "60000", "0.3", 0);
    struct mr_fill fill = {.order = id,
                           .instrument = RIG_BTC,
                           .side = (uint8_t)side,
                           .price = rig_number("60000"),
                           .size = rig_number("0.1")};
    mr_risk_on_fill(r->state, &fill, NULL);
    r->limits.markets[0].position_max = rig_money("0.4");
    r->order = rig_order(r, RIG_BTC, side, "60000", control_pick(level, "0.399", "0.4", "0.401"));
    r->order.id = id;
    r->order.state = MR_STATE_PARTIAL;
    r->order.filled = fill.size;
}

static void gross(struct rig *r, enum control_level level, enum mr_side side, enum mr_risk_scope_id id)
{
    rig_hold(r, RIG_BTC, signed_size(side, "0.1", "-0.1"));
    rig_rest(r, RIG_BTC, side, "59900", "0.1", 0); /* valued at the reference, 60000 */
    r->limits.scope[id].gross_max = rig_money(control_pick(level, "18000.01", "18000", "17999.99"));
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}
SCOPED(gross)

static void gross_beside(struct rig *r, enum control_level level, enum mr_side side, enum mr_risk_scope_id id)
{
    other_side(r, side, "0.3");
    rig_rest(r, RIG_BTC, side, "60000", "0.1", 0);
    r->limits.scope[id].gross_max = rig_money(control_pick(level, "12000.01", "12000", "11999.99"));
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}
SCOPED(gross_beside)

static void gross_that_gets_smaller(struct rig *r, enum control_level level, enum mr_side side)
{
    /* far over its limit; the order takes the position back, or through zero to as much on the other side, or beyond */
    rig_hold(r, RIG_ETH, "10");
    rig_hold(r, RIG_BTC, signed_size(side, "-0.3", "0.3"));
    r->limits.scope[MR_SCOPE_FIRM].gross_max = rig_money("1000");
    r->order = rig_order(r, RIG_BTC, side, "60000", control_pick(level, "0.3", "0.6", "0.601"));
}

static void gross_dear(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.scope[MR_SCOPE_FIRM].gross_max = rig_money(control_pick(level, "6010.01", "6010", "6009.99"));
    r->order = rig_order(r, RIG_BTC, side, "60100", "0.1"); /* its own price is dearer than the reference */
}

static void gross_of_both_sides(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_hold(r, RIG_ETH, signed_size(side, "-2", "2")); /* the other way: gross adds */
    r->limits.scope[MR_SCOPE_FIRM].gross_max = rig_money(control_pick(level, "12000.01", "12000", "11999.99"));
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}

static void net(struct rig *r, enum control_level level, enum mr_side side, enum mr_risk_scope_id id)
{
    rig_hold(r, RIG_BTC, signed_size(side, "0.1", "-0.1"));
    r->limits.scope[id].net_max = rig_money(control_pick(level, "12000.01", "12000", "11999.99"));
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}
SCOPED(net)

static void net_of_both_sides(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_hold(r, RIG_ETH, signed_size(side, "-1", "1")); /* the other way: net takes off */
    r->limits.scope[MR_SCOPE_FIRM].net_max = rig_money(control_pick(level, "9000.01", "9000", "8999.99"));
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.2");
}

static void net_beside(struct rig *r, enum control_level level, enum mr_side side, enum mr_risk_scope_id id)
{
    other_side(r, side, "0.3");
    r->limits.scope[id].net_max = rig_money(control_pick(level, "12000.01", "12000", "11999.99"));
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.2");
}
SCOPED(net_beside)

static void net_that_gets_smaller(struct rig *r, enum control_level level, enum mr_side side)
{
    /* 9000 the other way; the order takes it to 3000, or through zero to 9000 and beyond */
    rig_hold(r, RIG_ETH, signed_size(side, "-3", "3"));
    r->limits.scope[MR_SCOPE_FIRM].net_max = rig_money("1000");
    r->order = rig_order(r, RIG_BTC, side, "60000", control_pick(level, "0.1", "0.3", "0.301"));
}

static void orders(struct rig *r, enum control_level level, enum mr_side side, enum mr_risk_scope_id id)
{
    rig_rest(r, RIG_BTC, side, "60000", "0.1", 0);
    mr_risk_on_unknown(r->state, rig_rest(r, RIG_BTC, side, "60000", "0.1", 0));
    r->limits.scope[id].orders_max = level == BELOW ? 4 : level == AT ? 3 : 2;
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}
SCOPED(orders)

static void notional(struct rig *r, enum control_level level, enum mr_side side, enum mr_risk_scope_id id)
{
    rig_rest(r, RIG_BTC, side, side == MR_SIDE_BUY ? "59500" : "60500", "0.1", 0);
    r->limits.scope[id].notional_max = side == MR_SIDE_BUY
                                           ? rig_money(control_pick(level, "11950.01", "11950", "11949.99"))
                                           : rig_money(control_pick(level, "12050.01", "12050", "12049.99"));
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}
SCOPED(notional)

static void notional_of_a_change(struct rig *r, enum control_level level, enum mr_side side)
{
    uint64_t id = rig_rest(r, RIG_BTC, side, "60000", "0.1", 0);
    r->limits.scope[MR_SCOPE_FIRM].orders_max = 1; /* it is no other order */
    r->limits.scope[MR_SCOPE_FIRM].notional_max = rig_money(control_pick(level, "12000.01", "12000", "11999.99"));
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.2");
    r->order.id = id;
    r->order.state = MR_STATE_ACKED;
}

static void unpriced(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_instrument it = *mr_instruments_get(r->instruments, RIG_ETH);
    it.size_scale = 7; /* another scale: what was known of the market is nothing now */
    if (level != BELOW)
        assert_int_equal(mr_risk_on_instrument(r->state, RIG_ETH, &it), MR_OK);
    rig_hold(r, RIG_ETH, level == AT ? "0" : "1");
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}

static void reduce_only(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_hold(r, RIG_BTC, signed_size(side, "-0.1", "0.1"));
    r->order = rig_order(r, RIG_BTC, side, "60000", control_pick(level, "0.099", "0.1", "0.101"));
    r->order.flags = MR_ORDER_REDUCE_ONLY;
}

static void reduce_only_side(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_hold(r, RIG_BTC, level == ABOVE ? signed_size(side, "0.1", "-0.1") : signed_size(side, "-0.1", "0.1"));
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    r->order.flags = MR_ORDER_REDUCE_ONLY;
}

static void reduce_only_flat(struct rig *r, enum control_level level, enum mr_side side)
{
    if (level != ABOVE)
        rig_hold(r, RIG_BTC, signed_size(side, "-1", "1"));
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    r->order.flags = MR_ORDER_REDUCE_ONLY;
}

static void no_short(struct rig *r, enum control_level level, enum mr_side side)
{
    uint32_t i = side == MR_SIDE_BUY ? RIG_SPOT : RIG_BTC; /* both sell */
    r->limits.markets[0].short_allowed = false;
    rig_hold(r, i, "0.1");
    r->order = rig_order(r, i, MR_SIDE_SELL, "60000", control_pick(level, "0.099", "0.1", "0.101"));
}

static void no_short_with_open(struct rig *r, enum control_level level, enum mr_side side)
{
    uint32_t i = side == MR_SIDE_BUY ? RIG_SPOT : RIG_BTC;
    r->limits.markets[0].short_allowed = false;
    rig_hold(r, i, "0.3");
    rig_rest(r, i, MR_SIDE_SELL, "60000", "0.2", 0);
    r->order = rig_order(r, i, MR_SIDE_SELL, "60000", control_pick(level, "0.099", "0.1", "0.101"));
}

/* ---- policies ---- */

static struct mr_risk_policy *policy(struct rig *r, enum mr_policy_kind kind)
{
    struct mr_risk_policy *p = &r->limits.policies[r->limits.policy_count++];
    *p = (struct mr_risk_policy){.kind = (uint8_t)kind, .instrument = UINT32_MAX, .name = "p"};
    return p;
}

static void policy_position(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_hold(r, RIG_BTC, signed_size(side, "0.5", "-0.5"));
    policy(r, MR_POLICY_POSITION)->max = rig_money(control_pick(level, "0.601", "0.6", "0.599"));
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}

static void policy_position_beside(struct rig *r, enum control_level level, enum mr_side side)
{
    other_side(r, side, "1.4");
    policy_position(r, level, side);
}

static void policy_position_of_market(struct rig *r, enum control_level level, enum mr_side side)
{
    struct mr_risk_policy *p = policy(r, MR_POLICY_POSITION);
    p->instrument = level == BELOW ? UINT32_MAX - 1 : level == AT ? RIG_ETH : RIG_BTC;
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}

static void policy_inventory(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_hold(r, RIG_ETH, signed_size(side, "-1", "1"));
    policy(r, MR_POLICY_INVENTORY)->max = rig_money(control_pick(level, "9000.01", "9000", "8999.99"));
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}

static void policy_inventory_beside(struct rig *r, enum control_level level, enum mr_side side)
{
    other_side(r, side, "0.3");
    policy_inventory(r, level, side);
}

static void policy_kill(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    if (level != BELOW)
        policy(r, MR_POLICY_KILL)->enabled = level == ABOVE;
}

static void policy_unknown(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    if (level == ABOVE)
        policy(r, MR_POLICY_KIND_COUNT);
}

static void var(struct rig *r, enum control_level level, int64_t age, const char *value)
{
    struct mr_risk_policy *p = policy(r, MR_POLICY_VAR);
    p->max = rig_money("1000");
    p->confidence_e8 = 99000000;
    p->horizon_days = 10;
    mr_risk_on_var(r->state,
                   &(struct mr_risk_var){rig_money("5000"), 95000000, r->now, 10}); /* neither of these is asked for */
    mr_risk_on_var(r->state, &(struct mr_risk_var){rig_money("5000"), 99000000, r->now, 1});
    mr_risk_on_var(r->state, &(struct mr_risk_var){rig_money(value), 99000000, r->now - age, 10});
    (void)level;
}

static void policy_var(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    var(r, level, 0, control_pick(level, "999.99", "1000", "1000.01"));
}

static void policy_var_stale(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    var(r, level, control_number(level, 300 * (int64_t)RIG_S, 1), "10");
}

static void policy_var_missing(struct rig *r, enum control_level level, enum mr_side side)
{
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
    var(r, level, 0, "10");
    r->limits.policies[0].horizon_days = level == ABOVE ? 2 : 10;
}

static void greeks(struct rig *r, enum control_level level, enum mr_side side, unsigned which)
{
    struct mr_risk_policy *p = policy(r, MR_POLICY_GREEKS);
    mr_money value = rig_money(control_pick(level, "99.99", "100", "100.01")), g[3] = {0, 0, 0};
    p->delta = p->gamma = p->vega = rig_money("100");
    g[which] = side == MR_SIDE_BUY ? value : -value;
    mr_risk_on_greeks(r->state, g[0], g[1], g[2], r->now);
    r->order = rig_order(r, RIG_BTC, side, "60000", "0.1");
}
static void policy_delta(struct rig *r, enum control_level level, enum mr_side side) { greeks(r, level, side, 0); }
static void policy_gamma(struct rig *r, enum control_level level, enum mr_side side) { greeks(r, level, side, 1); }
static void policy_vega(struct rig *r, enum control_level level, enum mr_side side) { greeks(r, level, side, 2); }
static void policy_greeks_stale(struct rig *r, enum control_level level, enum mr_side side)
{
    greeks(r, BELOW, side, 0);
    mr_risk_on_greeks(r->state, 0, 0, 0, r->now - control_number(level, 300 * (int64_t)RIG_S, 1));
}

const struct control controls_exposure[] = {
    {5, "the position in a market", true, {MR_RISK_POSITION}, position},
    {5, "the position that open and unknown orders could make", true, {MR_RISK_POSITION}, position_with_open},
    {5, "the position beside more open orders of the other side", true, {MR_RISK_POSITION}, position_beside_the_other},
    {5, "a position that turns", true, {MR_RISK_POSITION}, position_turned},
    {5, "the position that a changed order could make", true, {MR_RISK_POSITION}, position_of_a_change},
    {5,
     "the position that a changed order could make when filled in part",
     true,
     {MR_RISK_POSITION},
     position_of_a_partial_change},
    SCOPED_ROWS(5, gross, GROSS, "gross exposure"),
    SCOPED_ROWS(5, gross_beside, GROSS, "gross exposure beside more open orders of the other side"),
    {5, "gross exposure over its limit that gets no larger", true, {MR_RISK_GROSS_FIRM}, gross_that_gets_smaller},
    {5, "gross exposure at the order's own price", true, {MR_RISK_GROSS_FIRM}, gross_dear},
    {5, "gross exposure of longs and shorts", true, {MR_RISK_GROSS_FIRM}, gross_of_both_sides},
    SCOPED_ROWS(5, net, NET, "net exposure"),
    {5, "net exposure of longs and shorts", true, {MR_RISK_NET_FIRM}, net_of_both_sides},
    SCOPED_ROWS(5, net_beside, NET, "net exposure beside more open orders of the other side"),
    {5, "net exposure over its limit that gets no larger", true, {MR_RISK_NET_FIRM}, net_that_gets_smaller},
    SCOPED_ROWS(6, orders, ORDERS, "open orders"),
    SCOPED_ROWS(7, notional, NOTIONAL, "value of open orders"),
    {7, "the value of a changed order in place of what it was", true, {MR_RISK_NOTIONAL_FIRM}, notional_of_a_change},
    {8, "positions without a price", true, {MR_RISK_UNPRICED}, unpriced},
    {20, "reduce-only no further than to zero", true, {MR_RISK_REDUCE_ONLY}, reduce_only},
    {20, "reduce-only on the other side", true, {MR_RISK_REDUCE_ONLY}, reduce_only_side},
    {20, "reduce-only without a position", true, {MR_RISK_REDUCE_ONLY}, reduce_only_flat},
    {21, "no more sold than held", true, {MR_RISK_SHORT}, no_short},
    {21, "no more sold than held, open orders too", true, {MR_RISK_SHORT}, no_short_with_open},
    {0, "PositionLimit", true, {MR_RISK_POLICY_POSITION}, policy_position},
    {0,
     "PositionLimit beside more open orders of the other side",
     true,
     {MR_RISK_POLICY_POSITION},
     policy_position_beside},
    {0, "PositionLimit of a market", true, {MR_RISK_POLICY_POSITION}, policy_position_of_market},
    {0, "InventoryLimit, the proposal too", true, {MR_RISK_POLICY_INVENTORY}, policy_inventory},
    {0,
     "InventoryLimit beside more open orders of the other side",
     true,
     {MR_RISK_POLICY_INVENTORY},
     policy_inventory_beside},
    {0, "KillSwitch", true, {MR_RISK_POLICY_KILL}, policy_kill},
    {0, "a policy of a kind that nobody knows", true, {MR_RISK_POLICY_KILL}, policy_unknown},
    {0, "VarLimit", true, {MR_RISK_POLICY_VAR}, policy_var},
    {0, "VarLimit: the age of the value", true, {MR_RISK_POLICY_VAR}, policy_var_stale},
    {0, "VarLimit: a value that nobody told", true, {MR_RISK_POLICY_VAR}, policy_var_missing},
    {0, "GreeksLimit: delta", true, {MR_RISK_POLICY_GREEKS}, policy_delta},
    {0, "GreeksLimit: gamma", true, {MR_RISK_POLICY_GREEKS}, policy_gamma},
    {0, "GreeksLimit: vega", true, {MR_RISK_POLICY_GREEKS}, policy_vega},
    {0, "GreeksLimit: the age of the values", true, {MR_RISK_POLICY_GREEKS}, policy_greeks_stale},
};
const unsigned controls_exposure_count = MR_COUNT_OF(controls_exposure);
