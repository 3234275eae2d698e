/* Worst-case exposure with the order: of the market, and of firm, venue, strategy and symbol; and C-20's policies.
 *
 * The order's part is valued at the dearer of the reference and its own price. A limit binds each side by itself: what there is when all open
 * and unknown orders of the order's side are filled and none of the other side's, which may be cancelled. It is broken when that is over the
 * limit with the order, and larger than without: what reduces passes, however far over the limit we are. A position that turns is no smaller
 * one: a market's limit looks at how far it goes the order's way. */
#include "controlplane/risk/look.h"

static mr_i128 absolute(mr_i128 v) { return v < 0 ? -v : v; }

static mr_i128 own_side(const struct look *l, mr_i128 up, mr_i128 down)
{
    return l->order->side == MR_SIDE_BUY ? up : down;
}

/* How far the position can go the order's way; below zero: it is on the other side still. */
static mr_i128 worst(const struct look *l, const struct mr_risk_cell *c)
{
    return own_side(l, mr_risk_worst_long(c), -mr_risk_worst_short(c));
}

static void look_at_position_limit(struct look *l)
{
    int scale = l->row->it.size_scale;
    mr_i128 now = worst(l, &l->is);
    bool larger = now > worst(l, &l->was);
    if (l->market && larger && mr_risk_amount(now, scale) > l->market->position_max)
        mr_risk_deny(l, MR_RISK_POSITION, mr_risk_amount(now, scale), l->market->position_max);
    mr_i128 down = mr_risk_worst_short(&l->is);
    if (l->order->side == MR_SIDE_SELL && down < 0 && l->market && !l->market->short_allowed)
        mr_risk_deny(l, MR_RISK_SHORT, mr_risk_amount(down, scale), 0);
}

/* What the order does to a scope, by the cell it counts in. */
struct change {
    mr_money side;    /* so much it adds on its side, signed */
    mr_money further; /* so much larger the cell's side is with it */
    mr_money
        instead; /* that, in place of what the cell (the larger of its sides) counts for in the gross: so much more or less */
    mr_money gross; /* so much more the cell counts for with it */
    bool known;
};

/* The dearer price: values only grow with it, so sums with it are no smaller than with the reference. */
static struct change change_of(const struct look *l, const struct mr_risk_cell *was)
{
    struct change c = {0};
    struct mr_risk_cell is = *was;
    mr_price reference = l->row->reference, dear = l->price > reference ? l->price : reference;
    propose(l, &is, l->order->size - l->order->filled);
    mr_i128 more_up = mr_risk_worst_long(&is) - mr_risk_worst_long(was),
            more_down = mr_risk_worst_short(&is) - mr_risk_worst_short(was);
    mr_money more_long = 0, more_short = 0;
    c.known = !was->unpriced && l->valued && mr_risk_value(&l->row->it, dear, more_up, &more_long) &&
              mr_risk_value(&l->row->it, dear, more_down, &more_short);
    if (!c.known)
        return c;
    mr_money up = absolute(was->long_value + more_long), down = absolute(was->short_value + more_short);
    mr_money side = own_side(l, up, down);
    c.side = own_side(l, more_long, more_short);
    c.further = side - absolute(own_side(l, was->long_value, was->short_value));
    c.instead = side - was->gross;
    c.gross = (up > down ? up : down) - was->gross;
    return c;
}

static void look_at_scope(struct look *l, enum mr_risk_scope_id id, const struct mr_risk_scope *scope,
                          const struct change *c)
{
    const struct mr_risk_scope_limits *m = &l->limits->scope[id];
    uint32_t orders = scope->orders + !l->slot;
    mr_money notional = scope->notional + l->value - (l->slot ? l->slot->notional : 0);
    if (orders > m->orders_max)
        mr_risk_deny(l, (enum mr_risk_rule)(MR_RISK_ORDERS_FIRM + (int)id), orders, m->orders_max);
    if (l->valued && notional > m->notional_max)
        mr_risk_deny(l, (enum mr_risk_rule)(MR_RISK_NOTIONAL_FIRM + (int)id), notional, m->notional_max);
    if (scope->unpriced)
        mr_risk_deny(l, MR_RISK_UNPRICED, scope->unpriced, 0);
    if (!c->known)
        return;
    mr_money gross = scope->gross + c->instead;
    if (c->further > 0 && gross > m->gross_max)
        mr_risk_deny(l, (enum mr_risk_rule)(MR_RISK_GROSS_FIRM + (int)id), gross, m->gross_max);
    mr_money side = own_side(l, scope->long_value, scope->short_value), net = absolute(side + c->side);
    if (net > absolute(side) && net > m->net_max)
        mr_risk_deny(l, (enum mr_risk_rule)(MR_RISK_NET_FIRM + (int)id), net, m->net_max);
}

void mr_risk_look_at_exposure(struct look *l)
{
    if (!l->row || !l->numbers)
        return;
    look_at_position_limit(l);
    const struct mr_risk_state *s = l->state;
    struct change all = change_of(l, &l->was);
    l->exposure = l->was.gross + all.gross;
    l->added = all.gross;
    l->further = all.further;
    l->instead = all.instead;
    l->known = all.known;
    if (!all.known)
        mr_risk_deny(l, MR_RISK_UNPRICED, 1, 0);
    look_at_scope(l, MR_SCOPE_FIRM, &s->firm, &all);
    if (l->venue)
        look_at_scope(l, MR_SCOPE_VENUE, &l->venue->scope, &all);
    look_at_scope(l, MR_SCOPE_SYMBOL, &s->symbols[l->row->symbol], &all);
    if (!l->strategy)
        return;
    struct change own = change_of(l, mr_risk_cell(s, l->order->instrument, l->order->strategy));
    look_at_scope(l, MR_SCOPE_STRATEGY, &l->strategy->scope, &own);
}

/* ---- policies ---- */

static void broken(struct look *l, uint32_t i, enum mr_risk_rule rule, mr_i128 value, mr_i128 limit)
{
    mr_risk_deny(l, rule, value, limit);
    if (!l->applies[mr_risk_rules[rule].class])
        return;
    l->out->policies |= 1u << i;
    l->out->policy[i] = (struct mr_risk_measure){value, limit};
}

static void judge_position(struct look *l, uint32_t i, const struct mr_risk_policy *p)
{
    if (!l->row || !l->numbers || (p->instrument != UINT32_MAX && p->instrument != l->order->instrument))
        return;
    mr_i128 now = worst(l, &l->is), size = mr_risk_amount(now, l->row->it.size_scale);
    if (now > worst(l, &l->was) && size > p->max)
        broken(l, i, MR_RISK_POLICY_POSITION, size, p->max);
}

static void judge_inventory(struct look *l, uint32_t i, const struct mr_risk_policy *p)
{
    if (!l->known) {
        if (l->grows)
            broken(l, i, MR_RISK_POLICY_INVENTORY, MR_MONEY_MAX, p->max);
        return;
    }
    mr_money inventory = l->state->firm.gross + l->instead; /* with the proposal */
    if (l->further > 0 && inventory > p->max)
        broken(l, i, MR_RISK_POLICY_INVENTORY, inventory, p->max);
}

static void judge_var(struct look *l, uint32_t i, const struct mr_risk_policy *p)
{
    for (uint32_t k = 0; k < MR_RISK_VALUES; k++) {
        const struct mr_risk_var *v = &l->state->vars[k];
        if (v->confidence_e8 != p->confidence_e8 || v->horizon_days != p->horizon_days ||
            !fresh(l, v->at, l->limits->market.values_ns))
            continue;
        if (v->value > p->max)
            broken(l, i, MR_RISK_POLICY_VAR, v->value, p->max);
        return;
    }
    broken(l, i, MR_RISK_POLICY_VAR, MR_MONEY_MAX, p->max); /* nobody said: as good as too much */
}

static void judge_greeks(struct look *l, uint32_t i, const struct mr_risk_policy *p)
{
    const struct mr_risk_state *s = l->state;
    const mr_money value[] = {absolute(s->delta), absolute(s->gamma), absolute(s->vega)},
                   most[] = {p->delta, p->gamma, p->vega};
    if (!fresh(l, s->greeks_ns, l->limits->market.values_ns)) {
        broken(l, i, MR_RISK_POLICY_GREEKS, MR_MONEY_MAX, p->delta);
        return;
    }
    for (size_t k = 0; k < MR_COUNT_OF(value); k++)
        if (value[k] > most[k]) {
            broken(l, i, MR_RISK_POLICY_GREEKS, value[k], most[k]);
            return;
        }
}

void mr_risk_look_at_policies(struct look *l)
{
    const struct mr_risk_limits *m = l->limits;
    for (uint32_t i = 0; i < m->policy_count; i++) {
        const struct mr_risk_policy *p = &m->policies[i];
        switch (p->kind) {
        case MR_POLICY_POSITION:
            judge_position(l, i, p);
            break;
        case MR_POLICY_INVENTORY:
            judge_inventory(l, i, p);
            break;
        case MR_POLICY_VAR:
            judge_var(l, i, p);
            break;
        case MR_POLICY_GREEKS:
            judge_greeks(l, i, p);
            break;
        default: /* KillSwitch; and a kind nobody knows */
            if (p->enabled || p->kind != MR_POLICY_KILL)
                broken(l, i, MR_RISK_POLICY_KILL, 0, 0);
        }
    }
}
