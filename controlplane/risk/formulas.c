#include "controlplane/risk/formulas.h"

#define LEVERAGE_MAX 1000
#define NUMBER_MAX ((int64_t)1 << 62)
#define RATE_MAX ((int64_t)1000 * MR_RISK_ONE) /* no ROI or share is beyond 1,000 times */

static mr_i128 floor_div(mr_i128 a, mr_i128 b) /* b > 0 */ { return a / b - (a % b < 0); }
static mr_i128 ceil_div(mr_i128 a, mr_i128 b) { return a / b + (a % b > 0); }

static bool price_ok(mr_price p) { return p > 0 && p < NUMBER_MAX; }
static bool leverage_ok(uint32_t l) { return l >= 1 && l <= LEVERAGE_MAX; }
static bool rate_ok(int64_t r) { return r >= -RATE_MAX && r <= RATE_MAX; }

static int as_price(mr_i128 v, mr_price *out)
{
    if (v <= 0)
        return MR_E_INVALID;
    if (v >= NUMBER_MAX)
        return MR_E_OVERFLOW;
    *out = (mr_price)v;
    return MR_OK;
}

/* entry x (1 + share / leverage): entry < 2^62, 10^8 x leverage < 2^37, share <= 2^37. */
static int moved(mr_price entry, int64_t share_e8, uint32_t leverage, enum mr_round round, mr_price *out)
{
    if (!price_ok(entry) || !leverage_ok(leverage) || !rate_ok(share_e8))
        return MR_E_INVALID;
    mr_i128 unit = (mr_i128)MR_RISK_ONE * leverage, top = entry * (unit + share_e8);
    return as_price(round == MR_ROUND_UP ? ceil_div(top, unit) : floor_div(top, unit), out);
}

int64_t mr_risk_break_even_e8(int64_t taker_fee_e8, uint32_t leverage, int64_t buffer_e8)
{
    mr_i128 v = (mr_i128)2 * taker_fee_e8 * leverage + buffer_e8;
    return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

int mr_risk_adjusted_e8(int64_t base_e8, uint32_t leverage, int64_t *out)
{
    if (base_e8 < 0 || !rate_ok(base_e8) || !leverage_ok(leverage))
        return MR_E_INVALID;
    *out = base_e8 * 100 / leverage;
    return MR_OK;
}

int mr_risk_stop_price(mr_price entry, enum mr_side side, int64_t roi_e8, uint32_t leverage, mr_price *out)
{
    if (roi_e8 < 0)
        return MR_E_INVALID;
    return side == MR_SIDE_BUY ? moved(entry, -roi_e8, leverage, MR_ROUND_UP, out)
                               : moved(entry, roi_e8, leverage, MR_ROUND_DOWN, out);
}

int mr_risk_target_price(mr_price entry, enum mr_side side, int64_t roi_e8, uint32_t leverage, mr_price *out)
{
    if (roi_e8 < 0)
        return MR_E_INVALID;
    return side == MR_SIDE_BUY ? moved(entry, roi_e8, leverage, MR_ROUND_UP, out)
                               : moved(entry, -roi_e8, leverage, MR_ROUND_DOWN, out);
}

int mr_risk_roi_e8(mr_price entry, mr_price price, enum mr_side side, uint32_t leverage, int64_t *out)
{
    if (!price_ok(entry) || !price_ok(price) || !leverage_ok(leverage))
        return MR_E_INVALID;
    mr_i128 gain = side == MR_SIDE_BUY ? (mr_i128)price - entry : (mr_i128)entry - price;
    mr_i128 roi = floor_div(gain * leverage * MR_RISK_ONE, entry);
    if (roi > INT64_MAX || roi < INT64_MIN)
        return MR_E_OVERFLOW;
    *out = (int64_t)roi;
    return MR_OK;
}

int mr_risk_stop_with_slip(mr_price stop, enum mr_side side, int64_t slip_e8, mr_price *out)
{
    if (slip_e8 < 0)
        return MR_E_INVALID;
    return side == MR_SIDE_BUY ? moved(stop, -slip_e8, 1, MR_ROUND_DOWN, out)
                               : moved(stop, slip_e8, 1, MR_ROUND_UP, out);
}

/* The better of two stops: higher of a long, lower of a short. */
static int keep_better(mr_price price, enum mr_side side, mr_price *stop)
{
    if (*stop && (side == MR_SIDE_BUY ? price <= *stop : price >= *stop))
        return 0;
    *stop = price;
    return 1;
}

int mr_risk_staircase(const struct mr_risk_staircase *how, mr_price entry, enum mr_side side, uint32_t leverage,
                      int64_t roi_e8, mr_price *stop)
{
    mr_price price;
    if (how->step_e8 <= 0 || how->distance_e8 < 0 || how->activation_e8 < 0 || !rate_ok(roi_e8) || *stop < 0)
        return MR_E_INVALID;
    if (roi_e8 < how->activation_e8)
        return 0;
    int64_t locked = roi_e8 / how->step_e8 * how->step_e8 - how->distance_e8;
    int status = side == MR_SIDE_BUY ? moved(entry, locked, leverage, MR_ROUND_DOWN, &price)
                                     : moved(entry, -locked, leverage, MR_ROUND_UP, &price);
    return status ? status : keep_better(price, side, stop);
}

int mr_risk_break_even_stop(mr_price entry, enum mr_side side, uint32_t leverage, int64_t roi_e8, int64_t break_even_e8,
                            mr_price *stop)
{
    mr_price price;
    if (break_even_e8 < 0 || *stop < 0)
        return MR_E_INVALID;
    if (roi_e8 < break_even_e8)
        return 0;
    int status = mr_risk_target_price(entry, side, break_even_e8, leverage, &price);
    return status ? status : keep_better(price, side, stop);
}

uint32_t mr_risk_leverage_tier(const struct mr_risk_limits *limits, int64_t volatility_e8, int64_t multiplier_e8)
{
    uint32_t tier = 0;
    while (tier < MR_RISK_TIERS - 1 && volatility_e8 >= limits->tiers.below_e8[tier])
        tier++;
    mr_i128 v = ((mr_i128)limits->tiers.leverage[tier] * multiplier_e8 + MR_RISK_ONE / 2) / MR_RISK_ONE;
    return v < 1 ? 1 : v > 100 ? 100 : (uint32_t)v;
}

/* The liquidation price x (10^8 x leverage): exact. */
static mr_i128 liquidation(mr_price entry, bool buy, uint32_t leverage, int64_t maintenance_e8)
{
    mr_i128 unit = (mr_i128)MR_RISK_ONE * leverage, cushion = MR_RISK_ONE - (mr_i128)maintenance_e8 * leverage;
    return entry * (buy ? unit - cushion : unit + cushion);
}

int mr_risk_liquidation_price(mr_price entry, enum mr_side side, uint32_t leverage, int64_t maintenance_e8,
                              mr_price *out)
{
    if (!price_ok(entry) || !leverage_ok(leverage) || maintenance_e8 < 0 || maintenance_e8 > MR_RISK_ONE)
        return MR_E_INVALID;
    mr_i128 top = liquidation(entry, side == MR_SIDE_BUY, leverage, maintenance_e8),
            unit = (mr_i128)MR_RISK_ONE * leverage;
    return as_price(side == MR_SIDE_BUY ? ceil_div(top, unit) : floor_div(top, unit), out);
}

/* mid x (1 - near) >= liquidation of a long; all times 2 x 10^8 x leverage: under 2^102. */
bool mr_risk_liquidation_far(mr_price entry, mr_i128 mid2, uint8_t side, uint32_t leverage, int64_t maintenance_e8,
                             int64_t near_e8)
{
    if (!leverage_ok(leverage) || maintenance_e8 < 0 || maintenance_e8 > MR_RISK_ONE)
        return false;
    bool buy = side == MR_SIDE_BUY;
    mr_i128 edge = 2 * liquidation(entry, buy, leverage, maintenance_e8), mid = mid2 * leverage;
    return buy ? mid * (MR_RISK_ONE - near_e8) >= edge : mid * (MR_RISK_ONE + near_e8) <= edge;
}

int64_t mr_risk_liquidation_distance_e8(mr_price entry, mr_i128 mid2, uint8_t side, uint32_t leverage,
                                        int64_t maintenance_e8)
{
    if (!leverage_ok(leverage) || mid2 <= 0 || maintenance_e8 < 0 || maintenance_e8 > MR_RISK_ONE)
        return INT64_MIN;
    bool buy = side == MR_SIDE_BUY;
    mr_i128 edge = 2 * liquidation(entry, buy, leverage, maintenance_e8), mid = mid2 * leverage * MR_RISK_ONE;
    mr_i128 distance = floor_div(buy ? mid - edge : edge - mid, mid2 * leverage);
    return distance > INT64_MAX ? INT64_MAX : distance < -INT64_MAX ? -INT64_MAX : (int64_t)distance;
}

/* ---- sizing ---- */

/* The most lots whose value at `price` is within `money`. The worth of one lot is exact or, rounded up, too much. */
static int lots_for(const struct mr_instrument *it, mr_price price, mr_money money, mr_i128 *lots)
{
    mr_money one;
    int status = mr_money_notional(it, price, it->lot, &one);
    if (status)
        return status;
    if (one <= 0 || money < 0)
        return MR_E_INVALID;
    *lots = money / one;
    return MR_OK;
}

static int lots_to_size(const struct mr_instrument *it, mr_i128 lots, mr_size *out)
{
    if (lots >= NUMBER_MAX / it->lot)
        return MR_E_OVERFLOW;
    *out = (mr_size)lots * it->lot;
    return MR_OK;
}

static bool sizing_ok(const struct mr_risk_sizing *h, const struct mr_instrument *it, mr_price entry, mr_price stop,
                      int64_t volatility_e8, mr_size depth)
{
    const int64_t shares[] = {h->risk_e8, h->confidence_e8, h->share_max_e8, h->depth_share_e8, h->taker_fee_e8};
    for (size_t i = 0; i < MR_COUNT_OF(shares); i++)
        if (shares[i] < 0 || shares[i] > MR_RISK_ONE)
            return false;
    return h->equity > 0 && h->equity <= MR_MONEY_MAX && it->lot > 0 && price_ok(entry) && price_ok(stop) &&
           entry != stop && volatility_e8 > 0 && h->volatility_target_e8 >= 0 && rate_ok(h->volatility_target_e8) &&
           depth >= 0;
}

/* What one lot loses when the stop is hit, fees both ways included: rounded up. */
static int lot_at_risk(const struct mr_instrument *it, mr_price entry, mr_price stop, int64_t fee_e8, mr_money *out)
{
    mr_money in, back, fees;
    int status = mr_money_notional(it, entry, it->lot, &in);
    status = status ? status : mr_money_notional(it, stop, it->lot, &back);
    if (status)
        return status;
    mr_money move = in > back ? in - back : back - in;
    status = mr_money_rate(in + back, fee_e8, 8, MR_ROUND_UP, &fees);
    *out = move + fees;
    return status;
}

int mr_risk_size(const struct mr_risk_sizing *how, const struct mr_instrument *it, mr_price entry, mr_price stop,
                 int64_t volatility_e8, mr_size depth, mr_size *out)
{
    mr_money risk, loss, value;
    mr_i128 by_risk, by_value, by_depth;
    if (!sizing_ok(how, it, entry, stop, volatility_e8, depth) || it->flags & MR_INSTRUMENT_INVERSE)
        return MR_E_INVALID;
    int status = lot_at_risk(it, entry, stop, how->taker_fee_e8, &loss);
    status = status ? status : mr_money_rate(how->equity, how->risk_e8, 8, MR_ROUND_DOWN, &risk);
    status = status ? status : mr_money_rate(risk, how->confidence_e8, 8, MR_ROUND_DOWN, &risk);
    mr_i128 calm = (mr_i128)how->volatility_target_e8 * MR_RISK_ONE / volatility_e8;
    int64_t share = calm < how->share_max_e8 ? (int64_t)calm : how->share_max_e8;
    status = status ? status : mr_money_rate(how->equity, share, 8, MR_ROUND_DOWN, &value);
    status = status ? status : lots_for(it, entry, value, &by_value);
    if (status)
        return status;
    by_risk = risk / loss;
    by_depth = (mr_i128)depth * how->depth_share_e8 / MR_RISK_ONE / it->lot;
    mr_i128 least = by_risk < by_value ? by_risk : by_value;
    return lots_to_size(it, least < by_depth ? least : by_depth, out);
}

int mr_risk_size_of_margin(mr_money balance, int64_t share_e8, uint32_t leverage, const struct mr_instrument *it,
                           mr_price entry, mr_size *out)
{
    mr_money margin;
    mr_i128 lots;
    if (balance <= 0 || share_e8 <= 0 || share_e8 > MR_RISK_ONE || !leverage_ok(leverage) || it->lot <= 0 ||
        !price_ok(entry))
        return MR_E_INVALID;
    int status = mr_money_rate(balance, share_e8, 8, MR_ROUND_DOWN, &margin);
    status = status ? status : lots_for(it, entry, margin * leverage, &lots);
    return status ? status : lots_to_size(it, lots, out);
}

bool mr_risk_worth_fees(mr_price entry, mr_price exit, enum mr_side side, int64_t fee_e8, int64_t least_e8)
{
    if (!price_ok(entry) || !price_ok(exit) || fee_e8 < 0 || fee_e8 > MR_RISK_ONE || !rate_ok(least_e8))
        return false;
    mr_i128 move = side == MR_SIDE_BUY ? (mr_i128)exit - entry : (mr_i128)entry - exit;
    return move * MR_RISK_ONE - fee_e8 * ((mr_i128)entry + exit) >= (mr_i128)least_e8 * entry;
}
