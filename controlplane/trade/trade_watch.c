/* What must hold at each tick and fill (C-61), and what stops everything by itself (C-4). A few numbers that are there already are compared: what
 * goes through all orders is mr_trade_check, each second. */
#include "controlplane/risk/formulas.h"
#include "controlplane/trade/trade_priv.h"

enum broken { DAY, DRAWDOWN, LOSSES, BALANCE, POSITIONS, SHARES, MODE, FEEDS, STREAM, BROKEN };

static const struct {
    enum mr_stop_cause cause;
    const char *what;
} words[BROKEN] = {
    [DAY] = {MR_STOP_DRAWDOWN, "the loss of the day is over its limit"},
    [DRAWDOWN] = {MR_STOP_DRAWDOWN, "the drawdown from the peak has reached its limit"},
    [LOSSES] = {MR_STOP_LOSSES, "as many losses in a row as are allowed"},
    [BALANCE] = {MR_STOP_INVARIANT, "nothing is left of the equity"},
    [POSITIONS] = {MR_STOP_INVARIANT, "a position was opened beyond the limit of their number"},
    [SHARES] = {MR_STOP_INVARIANT, "strategies, gate and positions do not hold the same"},
    [MODE] = {MR_STOP_INVARIANT, "the gate lets through what the state does not allow"},
    [FEEDS] = {MR_STOP_FEED, "a book of what is traded has not been live for a minute"},
    [STREAM] = {MR_STOP_FEED, "a venue has not been reconciled for a minute"},
};

/* `part` of `whole`, in 10^-8, is at least, or more than, the limit. */
static bool beyond(mr_money part, mr_money whole, int64_t limit_e8, bool reached)
{
    mr_i128 a, b;
    if (__builtin_mul_overflow(part, (mr_i128)MR_RISK_ONE, &a) || __builtin_mul_overflow(whole, (mr_i128)limit_e8, &b))
        return true; /* what cannot be compared is not fine */
    return reached ? a >= b : a > b;
}

/* A condition is told once: while it lasts after an operator has released the stop, the gate alone holds it off. Fills are seen in the midst of the
 * order manager's round, so the stop begins at its end. */
static void judge(struct mr_trade *t, uint32_t looked_at, uint32_t found)
{
    t->found |= found & ~t->broken;
    t->broken = (t->broken & ~looked_at) | found;
}

void trade_watch_act(struct mr_trade *t)
{
    if (mr_likely(!t->found))
        return;
    for (unsigned i = 0; i < BROKEN; i++)
        if (t->found >> i & 1)
            mr_trade_stop(t, words[i].cause, words[i].what, t->now);
    t->found = 0;
}

/* Something may be lost, or closed out: only then it matters. */
static bool exposed(const struct mr_trade *t)
{
    return t->life.state == MR_LIFE_TRADING || t->life.state == MR_LIFE_PAUSED || t->risk->positions > 0;
}

void trade_watch_account(struct mr_trade *t)
{
    const struct mr_risk_state *s = t->risk;
    const struct mr_risk_limits *l = &t->limits;
    const mr_money equity = s->account.equity;
    uint32_t found = 0;
    if (!t->begun || t->restoring || !l->version || s->day_start <= 0)
        return;
    mr_money loss = s->day_start - equity > -s->realised_day ? s->day_start - equity : -s->realised_day;
    mr_money peak = s->peak > equity ? s->peak : equity;
    found |= (uint32_t)beyond(loss, s->day_start, l->account.daily_loss_e8, false) << DAY;
    found |= (uint32_t)(peak > equity && beyond(peak - equity, peak, l->account.drawdown_e8, true)) << DRAWDOWN;
    found |= (uint32_t)(s->losses >= l->account.losses_max) << LOSSES;
    found |= (uint32_t)(equity <= 0) << BALANCE;
    found |= (uint32_t)(s->positions > l->account.positions_max && s->positions > t->positions_seen) << POSITIONS;
    t->positions_seen = s->positions;
    judge(t, 1u << DAY | 1u << DRAWDOWN | 1u << LOSSES | 1u << BALANCE | 1u << POSITIONS, found);
}

void trade_watch_fill(struct mr_trade *t, uint32_t i)
{
    const struct mr_position *p = mr_positions_get(mr_orders_positions(t->orders), t->traded[i].id);
    const mr_size held = p ? p->size : 0;
    mr_i128 sum = 0;
    for (uint32_t k = 0; k <= MR_TRADE_STRATEGIES_MAX; k++)
        sum += t->holding[k][i].size;
    if (t->begun && !t->restoring)
        judge(t, 1u << SHARES,
              (uint32_t)(sum != held || mr_risk_instrument(t->risk, t->traded[i].id)->cell.position != held) << SHARES);
}

void trade_watch_time(struct mr_trade *t)
{
    uint32_t found = 0;
    bool runs = t->risk->mode == MR_RISK_RUN, trading = t->life.state == MR_LIFE_TRADING;
    found |= (uint32_t)(runs != trading || (trading && !t->risk->armed)) << MODE;
    for (uint32_t i = 0; i < t->config.traded_count; i++)
        found |= (uint32_t)(exposed(t) && t->traded[i].live_ns && t->now - t->traded[i].live_ns > MR_STOP_FEED_DOWN_NS)
                 << FEEDS;
    for (uint32_t i = 0; i < t->venue_count; i++) {
        if (mr_orders_ready(t->orders, t->venues[i]))
            t->venue_ready_ns[i] = t->now;
        found |= (uint32_t)(exposed(t) && t->venue_ready_ns[i] && t->now - t->venue_ready_ns[i] > MR_STOP_FEED_DOWN_NS)
                 << STREAM;
    }
    if (t->begun)
        judge(t, 1u << MODE | 1u << FEEDS | 1u << STREAM, found);
}
