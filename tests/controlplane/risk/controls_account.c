/* Controls of the account, and how we stand: losses, margin, leverage, modes, identity, kill switch. */
#include "tests/controlplane/risk/control.h"

static void account(struct rig *r, const char *equity, const char *available, const char *margin)
{
    mr_risk_on_account(r->state, &(struct mr_risk_account){rig_money(equity), rig_money(available), rig_money(margin)},
                       r->now);
}

static void in_order(struct rig *r, enum mr_side side) { r->order = rig_order(r, RIG_BTC, side, "60000", "0.1"); }

static void daily_loss(struct rig *r, enum control_level level, enum mr_side side)
{
    account(r, control_pick(level, "95000.01", "95000", "94999.99"), "90000", "0");
    in_order(r, side);
}

static void daily_loss_realised(struct rig *r, enum control_level level, enum mr_side side)
{
    mr_risk_on_realised(r->state, rig_money(control_pick(level, "-6999.99", "-7000", "-7000.01")));
    mr_risk_on_realised(r->state, rig_money("2000"));
    in_order(r, side);
}

static void drawdown(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.account.daily_loss_e8 = MR_RISK_ONE;
    account(r, "200000", "200000", "0");
    account(r, control_pick(level, "170000.01", "170000", "169999.99"), "90000", "0");
    in_order(r, side);
}

static void rejects(struct rig *r, enum control_level level, enum mr_side side)
{
    for (int64_t i = 0; i < control_number(level, 5, 1); i++)
        mr_risk_on_end(r->state, rig_rest(r, RIG_ETH, side, "3000", "1", 0), MR_STATE_CANCELLED);
    for (int64_t i = 0; i < control_number(level, 5, 1); i++) {
        struct mr_order o = rig_order(r, RIG_ETH, side, "3000", "1");
        assert_int_equal(mr_risk_on_approved(r->state, &o, &r->limits, r->now - RIG_S), MR_OK);
        mr_risk_on_end(r->state, o.id, MR_STATE_REJECTED);
    }
    in_order(r, side);
}

static void losses(struct rig *r, enum control_level level, enum mr_side side)
{
    for (int64_t i = 0; i < 10; i++)
        mr_risk_on_realised(r->state, -1);
    mr_risk_on_realised(r->state, 1); /* a gain ends a row */
    for (int64_t i = 0; i < control_number(level, 5, 1); i++)
        mr_risk_on_realised(r->state, -1);
    mr_risk_on_realised(r->state, 0); /* nothing does not */
    in_order(r, side);
}

static void balance(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_rest(r, RIG_BTC, side, "60000", "0.1", 0); /* 600 of margin; the order 600, and a fee of 3.60 */
    account(r, "100000", control_pick(level, "1203.61", "1203.6", "1203.59"), "0");
    in_order(r, side);
}

static void balance_of_equity(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.account.margin_use_e8 = 2 * (int64_t)MR_RISK_ONE;
    account(r, "100000", "100000", control_pick(level, "99396.39", "99396.4", "99396.41"));
    in_order(r, side);
}

static void margin_use(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_rest(r, RIG_BTC, side, "60000", "0.1", 0);
    account(r, "100000", "100000", control_pick(level, "78799.99", "78800", "78800.01"));
    in_order(r, side);
}

static void account_age(struct rig *r, enum control_level level, enum mr_side side)
{
    int64_t age = control_number(level, 15 * (int64_t)RIG_S, 1);
    r->now += age;
    for (uint32_t i = 0; i < RIG_INSTRUMENTS; i++)
        rig_market(r, i, i == RIG_ETH ? "2999.9" : "59999.9", i == RIG_ETH ? "3000.1" : "60000.1");
    in_order(r, side);
}

static void account_sense(struct rig *r, enum control_level level, enum mr_side side)
{
    const char *none = side == MR_SIDE_BUY ? "0" : "-1";
    account(r, "100000", "100000", level == AT ? "1" : "0");
    in_order(r, side);
    if (level == ABOVE)
        account(r, none, "100000", "0");
}

static void margin_sense(struct rig *r, enum control_level level, enum mr_side side)
{
    account(r, "100000", "100000", level == ABOVE ? "-1" : level == AT ? "0" : "1");
    in_order(r, side);
}

static void position_share(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.account.position_share_e8 = control_number(level, 6000000, -1);
    in_order(r, side);
}

static void position_share_held(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_hold(r, RIG_BTC, side == MR_SIDE_BUY ? "0.1" : "-0.1");
    r->limits.account.position_share_e8 = control_number(level, 12000000, -1);
    in_order(r, side);
}

static void symbol_share(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_hold(r, RIG_OKX,
             side == MR_SIDE_BUY ? "-0.1" : "0.1"); /* the other way at another venue: it is the same symbol */
    r->limits.account.symbol_share_e8 = control_number(level, 12000000, -1);
    in_order(r, side);
}

static void positions(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_hold(r, RIG_ETH, "1");
    rig_rest(r, RIG_OKX, side, "60000", "0.1", 0); /* could open one */
    r->limits.account.positions_max = level == BELOW ? 4 : level == AT ? 3 : 2;
    in_order(r, side);
}

static void positions_of_others(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.account.positions_max = 1;
    if (level != ABOVE)
        rig_hold(r, RIG_BTC, level == BELOW ? "1" : "-1"); /* the one that is open is this one */
    else
        rig_hold(r, RIG_SPOT, "1");
    in_order(r, side);
}

static void leverage(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.account.leverage_max = 10;
    mr_risk_on_leverage(r->state, RIG_BTC, (uint32_t)control_number(level, 10, 1));
    in_order(r, side);
}

static void leverage_of_market(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.markets[0].leverage_max = 10;
    mr_risk_on_leverage(r->state, RIG_BTC, (uint32_t)control_number(level, 10, 1));
    in_order(r, side);
}

static void leverage_of_volatility(struct rig *r, enum control_level level, enum mr_side side)
{
    mr_risk_on_volatility(r->state, RIG_BTC, 1400000, 80000000, r->now);
    mr_risk_on_leverage(r->state, RIG_BTC, (uint32_t)control_number(level, 12, 1));
    r->limits.account.liquidation_e8 = 0;
    in_order(r, side);
}

static void leverage_unknown(struct rig *r, enum control_level level, enum mr_side side)
{
    mr_risk_on_leverage(r->state, RIG_BTC, level == ABOVE ? 0 : level == AT ? 1 : 2);
    in_order(r, side);
}

static void volatility_age(struct rig *r, enum control_level level, enum mr_side side)
{
    mr_risk_on_volatility(r->state, RIG_BTC, 400000, MR_RISK_ONE,
                          r->now - control_number(level, 300 * (int64_t)RIG_S, 1));
    in_order(r, side);
}

static void volatility_sense(struct rig *r, enum control_level level, enum mr_side side)
{
    int64_t v = level == ABOVE ? 0 : 1 + (level == AT);
    mr_risk_on_volatility(r->state, RIG_BTC, side == MR_SIDE_BUY ? v : 400000,
                          side == MR_SIDE_SELL && level == ABOVE ? 0 : MR_RISK_ONE, r->now);
    in_order(r, side);
}

static void correlation(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_hold(r, RIG_ETH, side == MR_SIDE_BUY ? "1" : "-1");
    mr_risk_on_correlation(r->state, mr_instruments_get(r->instruments, RIG_BTC)->underlying,
                           mr_instruments_get(r->instruments, RIG_ETH)->underlying, control_number(level, 80000000, 1),
                           r->now);
    in_order(r, side);
}

static void correlation_against(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_rest(r, RIG_ETH, (enum mr_side) !side, "3000", "1", 0); /* could become a position the other way */
    mr_risk_on_correlation(r->state, mr_instruments_get(r->instruments, RIG_BTC)->underlying,
                           mr_instruments_get(r->instruments, RIG_ETH)->underlying,
                           control_number(level, -80000000, -1), r->now);
    in_order(r, side);
}

static void correlation_age(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_hold(r, RIG_ETH, side == MR_SIDE_BUY ? "1" : "-1");
    mr_risk_on_correlation(r->state, mr_instruments_get(r->instruments, RIG_BTC)->underlying,
                           mr_instruments_get(r->instruments, RIG_ETH)->underlying, 0,
                           r->now - control_number(level, 300 * (int64_t)RIG_S, 1));
    in_order(r, side);
}

static void correlation_sense(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_hold(r, RIG_ETH, "1");
    int64_t beyond = side == MR_SIDE_BUY
                         ? -MR_RISK_ONE
                         : MR_RISK_ONE; /* against the order: no matter, as long as it is a number's worth */
    mr_risk_on_correlation(r->state, mr_instruments_get(r->instruments, RIG_BTC)->underlying,
                           mr_instruments_get(r->instruments, RIG_ETH)->underlying,
                           level == BELOW ? beyond / 2
                           : level == AT  ? beyond
                                          : beyond + (beyond < 0 ? -1 : 1),
                           r->now);
    in_order(r, side);
}

static void break_even(struct rig *r, enum control_level level, enum mr_side side)
{
    mr_risk_on_strategy(r->state, 0, control_number(level, 1250000, -1)); /* 2 x 0.06 % x 10 + 0.05 % */
    in_order(r, side);
}

static void liquidation(struct rig *r, enum control_level level, enum mr_side side)
{
    r->limits.account.liquidation_e8 = control_number(level, 9500000, 1); /* 1 / 10 - 0.5 % */
    in_order(r, side);
}

static void score(struct rig *r, enum control_level level, enum mr_side side)
{
    rig_hold(r, RIG_ETH, "1");
    rig_hold(r, RIG_OKX, "1");
    r->limits.account.positions_max = 4; /* 2 of 4: 5 points, and all else is next to nothing of its limit */
    r->limits.account.score_max = level == BELOW ? 6 : level == AT ? 5 : 4;
    in_order(r, side);
}

const struct control controls_account[] = {
    {16, "the day's loss", true, {MR_RISK_DAILY_LOSS}, daily_loss},
    {16, "the day's realised loss", true, {MR_RISK_DAILY_LOSS}, daily_loss_realised},
    {17, "the drawdown from the peak", false, {MR_RISK_DRAWDOWN}, drawdown},
    {18, "rejects in a row", false, {MR_RISK_REJECTS}, rejects},
    {0, "losses in a row", false, {MR_RISK_LOSSES}, losses},
    {19, "the free balance, open orders too", true, {MR_RISK_BALANCE}, balance},
    {19, "the free balance as the equity has it", true, {MR_RISK_BALANCE}, balance_of_equity},
    {19, "the use of margin", false, {MR_RISK_MARGIN_USE}, margin_use},
    {19, "the age of the account", true, {MR_RISK_ACCOUNT}, account_age},
    {19, "an account without equity", true, {MR_RISK_ACCOUNT}, account_sense},
    {19, "an account with a margin below zero", true, {MR_RISK_ACCOUNT}, margin_sense},
    {0, "a position's share of the capital", true, {MR_RISK_POSITION_SHARE}, position_share},
    {0, "a position's share of the capital, what is held too", true, {MR_RISK_POSITION_SHARE}, position_share_held},
    {0, "a symbol's share of the capital", true, {MR_RISK_SYMBOL_SHARE}, symbol_share},
    {0, "positions at once", true, {MR_RISK_POSITIONS}, positions},
    {0, "positions at once, but more of the one that is open", true, {MR_RISK_POSITIONS}, positions_of_others},
    {0, "the leverage", true, {MR_RISK_LEVERAGE}, leverage},
    {0, "the leverage of the market", true, {MR_RISK_LEVERAGE}, leverage_of_market},
    {0, "the leverage that the volatility allows", true, {MR_RISK_LEVERAGE}, leverage_of_volatility},
    {0, "a leverage that nobody told", true, {MR_RISK_LEVERAGE}, leverage_unknown},
    {0, "the age of the volatility", true, {MR_RISK_VOLATILITY}, volatility_age},
    {0, "a volatility of nothing", true, {MR_RISK_VOLATILITY}, volatility_sense},
    {0, "correlation with an open position", true, {MR_RISK_CORRELATION}, correlation},
    {0, "correlation against an open order", true, {MR_RISK_CORRELATION}, correlation_against},
    {0, "the age of a correlation", true, {MR_RISK_CORRELATION}, correlation_age},
    {0, "a correlation beyond one", true, {MR_RISK_CORRELATION}, correlation_sense},
    {0, "the break-even ROI below the target", true, {MR_RISK_BREAK_EVEN}, break_even},
    {0, "the distance of the liquidation price", true, {MR_RISK_LIQUIDATION}, liquidation},
    {0, "the risk score", true, {MR_RISK_SCORE}, score},
};
const unsigned controls_account_count = MR_COUNT_OF(controls_account);
