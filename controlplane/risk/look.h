/* One decision of the gate, while it is made. For risk.c, look_market.c, look_exposure.c and look_account.c. */
#ifndef MR_RISK_LOOK_H
#define MR_RISK_LOOK_H

#include "controlplane/risk/risk_priv.h"

struct look {
    const struct mr_order *order;
    const struct mr_risk_state *state;
    const struct mr_risk_limits *limits;
    int64_t now_ns;
    struct mr_risk_verdict *out;
    const struct mr_risk_instrument *row; /* NULL: none that can be traded; then what needs it is not judged further */
    const struct mr_risk_strategy *strategy;
    const struct mr_risk_venue *venue;
    const struct mr_risk_market *market; /* row of the limits; NULL: not allowed */
    const struct mr_risk_open *slot;     /* of the order that a change is of */
    bool amend, numbers, clock, grows, emergency, valued;
    bool applies[MR_RISK_CLASS_COUNT];
    mr_price price;              /* it is valued at; 0 none */
    mr_money value;              /* of what is left of it; `valued` */
    struct mr_risk_cell was, is; /* the instrument's cell before and with the order */
    bool known;                  /* the exposure with the order: of the instrument, and how much of it is the order's */
    mr_money exposure, added;
    mr_money further, instead; /* of the order's side alone: struct change in look_exposure.c */
};

/* Says that the order breaks the rule, if the rule binds it. */
MR_COLD void mr_risk_deny(struct look *l, enum mr_risk_rule rule, mr_i128 value, mr_i128 limit);
/* A price or size in 10^-18. */
mr_i128 mr_risk_amount(mr_i128 v, int scale);

/* How old something is that was told at `at` (0: never): the future is no age. */
MR_INLINE int64_t age(const struct look *l, int64_t at) { return l->clock && at > 0 ? l->now_ns - at : INT64_MAX; }
MR_INLINE bool fresh(const struct look *l, int64_t at, int64_t at_most)
{
    int64_t a = age(l, at);
    return a <= at_most && a >= -at_most;
}

/* The cell with the order in it: of a change, the worse of old and new in place of the old. */
MR_INLINE void propose(const struct look *l, struct mr_risk_cell *cell, mr_size left)
{
    const struct mr_order *o = l->order;
    mr_i128 *open = o->flags & MR_ORDER_REDUCE_ONLY ? &cell->open_reduce[o->side] : &cell->open[o->side];
    mr_size had = l->slot ? l->slot->left : 0;
    *open += left > had ? left - had : 0;
}

/* Best bid + best ask; 0: there is no mid. */
MR_INLINE mr_i128 twice_mid(const struct look *l)
{
    const struct mr_risk_instrument *r = l->row;
    if (r->bid_count == 0 || r->ask_count == 0 || r->bids[0].price <= 0 || r->asks[0].price <= 0)
        return 0;
    return (mr_i128)r->bids[0].price + r->asks[0].price;
}

void mr_risk_look_at_market(struct look *l);
void mr_risk_look_at_rates(struct look *l);
void mr_risk_look_at_exposure(struct look *l);
void mr_risk_look_at_account(struct look *l);
void mr_risk_look_at_policies(struct look *l);

#endif
