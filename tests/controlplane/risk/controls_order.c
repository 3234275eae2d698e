/* Controls of the order itself: form, numbers, ids, times. */
#include "tests/controlplane/risk/control.h"

static void size_max(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.markets[0].order_size_max = rig_money("0.1");
    r->order = rig_order(r, RIG_BTC, side, "60000", control_pick(level, "0.099", "0.1", "0.101"));
}

static void value_max(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.order.value_max = rig_money("6000");
    r->order = rig_order(r, RIG_BTC, side, side == MR_SIDE_BUY ? "59900" : "60001", "0.1");
    if (side == MR_SIDE_SELL)
        r->limits.order.value_max = rig_money(control_pick(level, "6000.2", "6000.1", "6000.09"));
    else
        r->limits.order.value_max = rig_money(control_pick(level, "5990.01", "5990", "5989.99"));
}

const struct control controls_order[] = {
    {1, "the size of one order", true, {MR_RISK_ORDER_SIZE}, size_max},
    {2, "the value of one order", true, {MR_RISK_ORDER_VALUE}, value_max},
};
const unsigned controls_order_count = MR_COUNT_OF(controls_order);
