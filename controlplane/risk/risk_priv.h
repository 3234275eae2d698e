/* Shared by the files of this folder. */
#ifndef MR_RISK_RISK_PRIV_H
#define MR_RISK_RISK_PRIV_H

#include "controlplane/risk/risk.h"

#define MR_RISK_NUMBER_MAX ((int64_t)1 << 62) /* prices and sizes are below it (0-definitions) */

MR_INLINE struct mr_risk_instrument *mr_risk_row(struct mr_risk_state *state, uint32_t i)
{
    return (struct mr_risk_instrument *)((char *)state + state->instruments_at) + i;
}
MR_INLINE struct mr_risk_strategy *mr_risk_strategy_row(struct mr_risk_state *state, uint32_t i)
{
    return (struct mr_risk_strategy *)((char *)state + state->strategies_at) + i;
}
MR_INLINE struct mr_risk_cell *mr_risk_cell_row(struct mr_risk_state *state, uint32_t instrument, uint32_t strategy)
{
    return (struct mr_risk_cell *)((char *)state + state->cells_at) + (size_t)instrument * state->config.strategies +
           strategy;
}

/* The price an order is valued at, the dearer of what can come of it: limit orders at their price or, selling below the best bid, at that;
 * market buys at the best ask and the collar on top; market sells at the best bid; stops at their trigger, buys with the collar on top.
 * 0: it has none (no book, or no number's worth). */
mr_price mr_risk_order_price(const struct mr_risk_instrument *row, const struct mr_order *order,
                             const struct mr_risk_limits *limits);
/* Initial margin of a value: rounded up; leverage 0 counts as 1. */
MR_INLINE mr_money mr_risk_margin(mr_money value, uint32_t leverage)
{
    uint32_t l = leverage ? leverage : 1;
    return l == 1 ? value : (value + l - 1) / l;
}
/* Values of a cell at a price; false: busy, and no value. `cell` is not changed. */
bool mr_risk_cell_value(const struct mr_instrument *it, const struct mr_risk_cell *cell, mr_price reference,
                        mr_money *long_value, mr_money *short_value, mr_money *gross);
/* Positions, orders or market of an instrument changed: its sums in all scopes follow. */
void mr_risk_revalue(struct mr_risk_state *state, uint32_t instrument);
/* Events of one quantum (1: each its own) share a place, so that more of them are remembered; the place is as old as its youngest. */
#define MR_RISK_WEIGHT_NS 100000000
void mr_risk_window_add(struct mr_risk_window *window, int64_t now_ns, uint64_t weight, int64_t quantum_ns);

/* The time that windows go by. */
MR_INLINE int64_t mr_risk_passed(const struct mr_risk_state *state, int64_t now_ns)
{
    return state->passed_ns ? state->passed_ns : now_ns;
}

#endif
