/* Capital, losses, margin, leverage, correlation, break-even, liquidation, and the score of the six entry checks (C-21).
 *
 * Shares are of the equity as it is now; the day's loss is measured against the equity the day began with, so that its limit does not shrink
 * with the loss. A share's limit is rounded so that a comparison of whole units is exact: down for "more than", up for "as much as". */
#include "controlplane/risk/formulas.h"
#include "controlplane/risk/look.h"

static bool derivative(const struct look *l)
{
    return l->row->it.type == MR_TYPE_PERPETUAL || l->row->it.type == MR_TYPE_FUTURE ||
           l->row->it.type == MR_TYPE_OPTION;
}

static uint32_t leverage(const struct look *l) { return derivative(l) ? l->row->leverage : 1; }

static mr_money share(mr_money of, int64_t e8, enum mr_round round)
{
    mr_money out;
    return mr_money_rate(of, e8, 8, round, &out) == MR_OK ? out : 0;
}

/* ---- the score: a failed check gives its weight, a passed one up to 10 for how much of the limit is used; in millionths ---- */

static uint32_t part(bool fails, uint32_t weight, mr_money used, mr_money limit)
{
    if (fails)
        return weight * 1000000;
    if (used <= 0 || limit <= 0)
        return 0;
    if (used >= limit)
        return 10000000;
    while (limit > MR_MONEY_ONE * 1000000000000) { /* room for the product; the digits lost are of trillions */
        used /= 1000;
        limit /= 1000;
    }
    return (uint32_t)(used * 10000000 / limit);
}

/* ---- C-21's six, each with its part of the score ---- */

static uint32_t check_position(struct look *l, mr_money equity)
{
    mr_money limit = share(equity, l->limits->account.position_share_e8, MR_ROUND_DOWN);
    bool fails = !l->known || l->exposure > limit;
    if (fails)
        mr_risk_deny(l, MR_RISK_POSITION_SHARE, l->known ? l->exposure : MR_MONEY_MAX, limit);
    return part(fails, 25, l->exposure, limit);
}

static uint32_t check_positions(struct look *l)
{
    uint32_t open = l->state->positions, most = l->limits->account.positions_max;
    bool fails = !l->was.busy && open >= most;
    if (fails)
        mr_risk_deny(l, MR_RISK_POSITIONS, (mr_i128)open + 1, most);
    return part(fails, 20, open, most);
}

static uint32_t check_symbol(struct look *l, mr_money equity)
{
    mr_money limit = share(equity, l->limits->account.symbol_share_e8, MR_ROUND_DOWN);
    mr_money in_symbol = l->state->symbols[l->row->symbol].gross + l->added;
    bool fails = !l->known || in_symbol > limit;
    if (fails)
        mr_risk_deny(l, MR_RISK_SYMBOL_SHARE, l->known ? in_symbol : MR_MONEY_MAX, limit);
    return part(fails, 30, in_symbol, limit);
}

static uint32_t check_day(struct look *l, mr_money equity)
{
    const struct mr_risk_state *s = l->state;
    mr_money limit = share(s->day_start, l->limits->account.daily_loss_e8, MR_ROUND_DOWN);
    mr_money loss = s->day_start - equity > -s->realised_day ? s->day_start - equity : -s->realised_day;
    bool fails = s->day_start <= 0 || loss > limit;
    if (fails)
        mr_risk_deny(l, MR_RISK_DAILY_LOSS, loss, limit);
    return part(fails, 40, loss, limit);
}

static uint32_t check_drawdown(struct look *l, mr_money equity)
{
    mr_money peak = l->state->peak > equity ? l->state->peak : equity, down = peak - equity,
             limit = share(peak, l->limits->account.drawdown_e8, MR_ROUND_UP);
    bool fails = down >= limit;
    if (fails)
        mr_risk_deny(l, MR_RISK_DRAWDOWN, down, limit);
    return part(fails, 50, down, limit);
}

static uint32_t check_margin(struct look *l, mr_money equity, mr_money orders_margin)
{
    mr_money limit = share(equity, l->limits->account.margin_use_e8, MR_ROUND_UP), used = l->state->account.margin_used,
             with = used + orders_margin;
    bool fails = with >= limit;
    if (fails)
        mr_risk_deny(l, MR_RISK_MARGIN_USE, with, limit);
    return part(fails, 35, used, limit);
}

static bool sound(const struct mr_risk_state *s)
{
    const struct mr_risk_account *a = &s->account;
    return a->equity > 0 && a->equity <= MR_MONEY_MAX && a->margin_used >= 0 && a->margin_used <= MR_MONEY_MAX &&
           a->available >= -MR_MONEY_MAX && a->available <= MR_MONEY_MAX && s->peak <= MR_MONEY_MAX &&
           s->day_start <= MR_MONEY_MAX && s->day_start >= -MR_MONEY_MAX;
}

static void look_at_capital(struct look *l)
{
    const struct mr_risk_state *s = l->state;
    mr_money equity = s->account.equity;
    if (!sound(s) || !fresh(l, s->account_ns, l->limits->account.account_ns))
        mr_risk_deny(l, MR_RISK_ACCOUNT, age(l, s->account_ns), l->limits->account.account_ns);
    if (!sound(s) || !l->row || !l->numbers)
        return;
    mr_money margin = s->orders_margin - (l->slot ? l->slot->margin : 0);
    if (!(l->order->flags & MR_ORDER_REDUCE_ONLY))
        margin += mr_risk_margin(l->value, leverage(l));
    uint32_t score = check_position(l, equity) + check_positions(l) + check_symbol(l, equity) + check_day(l, equity) +
                     check_drawdown(l, equity) + check_margin(l, equity, margin);
    score = (score + 500) / 1000;
    l->out->score = score < MR_RISK_SCORE_MAX ? score : MR_RISK_SCORE_MAX;
    if (l->out->score > l->limits->account.score_max * 1000)
        mr_risk_deny(l, MR_RISK_SCORE, l->out->score, (mr_i128)l->limits->account.score_max * 1000);

    mr_money free = s->account.equity - s->account.margin_used;
    free = s->account.available < free ? s->account.available : free;
    mr_money need = margin + (l->market ? share(l->value, l->market->taker_fee_e8, MR_ROUND_UP) : 0);
    if (need > free)
        mr_risk_deny(l, MR_RISK_BALANCE, need, free);
}

/* ---- leverage, break-even, liquidation ---- */

static void look_at_leverage(struct look *l)
{
    const struct mr_risk_instrument *r = l->row;
    uint32_t most = l->limits->account.leverage_max;
    if (l->market && l->market->leverage_max < most)
        most = l->market->leverage_max;
    if (r->volatility_e8 <= 0 || r->multiplier_e8 <= 0 ||
        !fresh(l, r->volatility_ns, l->limits->market.volatility_ns)) {
        mr_risk_deny(l, MR_RISK_VOLATILITY, age(l, r->volatility_ns), l->limits->market.volatility_ns);
    } else {
        uint32_t tier = mr_risk_leverage_tier(l->limits, r->volatility_e8, r->multiplier_e8);
        most = tier < most ? tier : most;
    }
    if (r->leverage == 0 || r->leverage > most)
        mr_risk_deny(l, MR_RISK_LEVERAGE, r->leverage, most);
}

static void look_at_break_even(struct look *l)
{
    int64_t need = mr_risk_break_even_e8(l->market->taker_fee_e8, leverage(l), l->limits->account.break_even_buffer_e8);
    if (l->strategy && need > l->strategy->target_e8)
        mr_risk_deny(l, MR_RISK_BREAK_EVEN, need, l->strategy->target_e8);
}

/* The distance from the mid to the price at which the venue would close what this order opens; exact, without a division. */
static void look_at_liquidation(struct look *l)
{
    mr_i128 mid2 = twice_mid(l);
    uint32_t times = l->row->leverage;
    int64_t near = l->limits->account.liquidation_e8, maintenance = l->market->maintenance_e8;
    uint8_t side = l->order->side;
    if (times == 0 || l->price <= 0 || mid2 == 0)
        return; /* refused already: LEVERAGE, NO_REFERENCE */
    if (!mr_risk_liquidation_far(l->price, mid2, side, times, maintenance, near))
        mr_risk_deny(l, MR_RISK_LIQUIDATION, mr_risk_liquidation_distance_e8(l->price, mid2, side, times, maintenance),
                     near);
}

/* ---- correlation with what is open ---- */

static bool correlated(const struct look *l, uint32_t symbol, int64_t *value)
{
    const struct mr_risk_scope *other = &l->state->symbols[symbol];
    const struct mr_risk_pair *pair = mr_risk_pair(l->state, l->row->symbol, symbol);
    int64_t most = l->limits->account.correlation_e8;
    *value = INT64_MAX;
    if (pair->correlation_e8 > MR_RISK_ONE || pair->correlation_e8 < -MR_RISK_ONE ||
        !fresh(l, pair->at, l->limits->market.correlation_ns))
        return true;
    int64_t same = l->order->side == MR_SIDE_BUY ? pair->correlation_e8 : -pair->correlation_e8;
    bool up = other->long_value > 0 || other->unpriced, down = other->short_value < 0 || other->unpriced;
    *value = pair->correlation_e8;
    return (up && same > most) || (down && -same > most);
}

static void look_at_correlation(struct look *l)
{
    if (l->limits->account.correlation_e8 >= MR_RISK_ONE)
        return; /* nothing correlates more */
    int64_t value;
    for (uint32_t w = 0; w < MR_RISK_SYMBOLS_MAX / 64; w++)
        for (uint64_t left = l->state->symbols_open[w]; left; left &= left - 1) {
            uint32_t symbol = w * 64 + (uint32_t)__builtin_ctzll(left);
            if (symbol == l->row->symbol || !correlated(l, symbol, &value))
                continue;
            mr_risk_deny(l, MR_RISK_CORRELATION, value, l->limits->account.correlation_e8);
            return;
        }
}

void mr_risk_look_at_account(struct look *l)
{
    look_at_capital(l);
    if (l->state->losses >= l->limits->account.losses_max)
        mr_risk_deny(l, MR_RISK_LOSSES, l->state->losses, l->limits->account.losses_max);
    if (!l->row || !l->numbers)
        return;
    look_at_correlation(l);
    if (derivative(l))
        look_at_leverage(l);
    if (!l->market)
        return;
    look_at_break_even(l);
    if (derivative(l))
        look_at_liquidation(l);
}
