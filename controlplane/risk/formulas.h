/* C-23: the arithmetic of leveraged trades, in exact integers. Shares, fees, ROI in 10^-8 of one (5 % is 5000000), prices at any one scale.
 *
 * Sources: break-even, adjusted risk, stop and target, staircase: miniature-enigma `DecimalMath.js`, `TrailingStopPolicy.js`, in the level form,
 * which neither overtakes the price nor depends on what a binary fraction makes of 0.3 / 0.1. Tiers of leverage: its optimiser. Sizing:
 * Daisy `advancedriskmanager.py`. Liquidation: the venues' own formula for isolated margin (not the predecessor's, which lies beyond bankruptcy).
 *
 * Rounding  said at each; always to the careful side.   Errors  MR_E_INVALID an argument out of range, MR_E_OVERFLOW; nothing is written. */
#ifndef MR_RISK_FORMULAS_H
#define MR_RISK_FORMULAS_H

#include "controlplane/orders/order.h"
#include "controlplane/risk/limits.h"

/* ROI at which an exit by market pays for itself: 2 x taker fee x leverage + buffer. 0.0006, 50x, 0.05 %: 6.05 %. */
int64_t mr_risk_break_even_e8(int64_t taker_fee_e8, uint32_t leverage, int64_t buffer_e8);
/* Risk by leverage: base x 100 / leverage. 0.5 at 50x: 1. Rounded down. */
int mr_risk_adjusted_e8(int64_t base_e8, uint32_t leverage, int64_t *out);
/* entry x (1 - roi / leverage) of a long's stop or a short's target, entry x (1 + roi / leverage) of the others. Stops are rounded
 * towards the entry (a smaller loss), targets away from it (not less than was wanted). 100, 0.5 %, 50x: 99.99 and 100.01. */
int mr_risk_stop_price(mr_price entry, enum mr_side side, int64_t roi_e8, uint32_t leverage, mr_price *out);
int mr_risk_target_price(mr_price entry, enum mr_side side, int64_t roi_e8, uint32_t leverage, mr_price *out);
/* ROI of a position now: (price / entry - 1) x leverage, of a short (1 - price / entry) x leverage. Rounded down (towards minus infinity). */
int mr_risk_roi_e8(mr_price entry, mr_price price, enum mr_side side, uint32_t leverage, int64_t *out);
/* A stop moved beyond itself for slippage: long stop x (1 - slip), short stop x (1 + slip), rounded away from the entry. */
int mr_risk_stop_with_slip(mr_price stop, enum mr_side side, int64_t slip_e8, mr_price *out);

/* Staircase trailing, level form: from `activation` on, level = floor(roi / step) x step, stop = entry x (1 + (level - distance) / leverage), and
 * never back. `stop` is the present one (0 none) and becomes the new one; rounded towards the entry. 1 it moved, 0 it stays. */
struct mr_risk_staircase {
    int64_t activation_e8, step_e8, distance_e8;
};
int mr_risk_staircase(const struct mr_risk_staircase *how, mr_price entry, enum mr_side side, uint32_t leverage,
                      int64_t roi_e8, mr_price *stop);
/* Armed once the ROI has reached the break-even; the stop that then loses nothing, fees included: entry x (1 + break-even / leverage). */
int mr_risk_break_even_stop(mr_price entry, enum mr_side side, uint32_t leverage, int64_t roi_e8, int64_t break_even_e8,
                            mr_price *stop);

/* Volatility (ATR over price) to leverage: the tier's, x the risk multiplier, rounded to the nearest, 1..100. 1.4 %, 0.8: 12. */
uint32_t mr_risk_leverage_tier(const struct mr_risk_limits *limits, int64_t volatility_e8, int64_t multiplier_e8);

/* Isolated margin: long entry x (1 - 1 / leverage + maintenance), short entry x (1 + 1 / leverage - maintenance); rounded towards the
 * entry. 100, 0.5 %: 10x 90.5, 50x 98.5, 100x 99.5. */
int mr_risk_liquidation_price(mr_price entry, enum mr_side side, uint32_t leverage, int64_t maintenance_e8,
                              mr_price *out);
/* Is it at least `near` of the mid away from it? Exact. `mid2`: best bid + best ask. And how far it is, rounded down. */
bool mr_risk_liquidation_far(mr_price entry, mr_i128 mid2, uint8_t side, uint32_t leverage, int64_t maintenance_e8,
                             int64_t near_e8);
int64_t mr_risk_liquidation_distance_e8(mr_price entry, mr_i128 mid2, uint8_t side, uint32_t leverage,
                                        int64_t maintenance_e8);

/* How much to buy or sell. Each bound that is given is one; the least of them counts, rounded down to the lot.
 *   risk        what may be lost if the stop is hit, fees of both ways included: size x (|entry - stop| + fee x (entry + stop))
 *   confidence  takes that share of it (0..1)
 *   volatility  at most equity x min(volatility_target / volatility, share_max), as value
 *   depth       at most that share of what rests in the book within reach
 * Inverse contracts are MR_E_INVALID: what they lose is in the base. */
struct mr_risk_sizing {
    mr_money equity;
    int64_t risk_e8, confidence_e8, share_max_e8, volatility_target_e8, depth_share_e8, taker_fee_e8;
};
int mr_risk_size(const struct mr_risk_sizing *how, const struct mr_instrument *it, mr_price entry, mr_price stop,
                 int64_t volatility_e8, mr_size depth, mr_size *out);
/* Lots for a margin: floor(balance x share x leverage / (entry x multiplier)), down to the lot. 10,000 x 1 %, 50x, 60,000, 0.001: 83. */
int mr_risk_size_of_margin(mr_money balance, int64_t share_e8, uint32_t leverage, const struct mr_instrument *it,
                           mr_price entry, mr_size *out);
/* A trade worth its fees: move - fee x (1 + exit / entry) >= least. Daisy's example: 60,000 to 60,252 at 0.06 %, 0.3 %: no. */
bool mr_risk_worth_fees(mr_price entry, mr_price exit, enum mr_side side, int64_t fee_e8, int64_t least_e8);

#endif
