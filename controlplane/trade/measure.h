/* What the gate wants to know of markets beyond their books: volatility as ATR over price, and correlation of returns.
 *
 * Mids are sampled each second of engine time. A bar is `bar_s` seconds; ATR is the mean true range of the last 14 bars, over the last mid. Until
 * there are 14 it is unknown, and the gate refuses what needs it. Correlation is Pearson's of the 1 s log returns of the last 60 s of two
 * underlyings; a side that did not move correlates with nothing (0).
 *
 * Memory  plain data.   Thread  one. */
#ifndef MR_TRADE_MEASURE_H
#define MR_TRADE_MEASURE_H

#include "controlplane/market/market.h"

#define MR_MEASURE_BARS 14
#define MR_MEASURE_SAMPLES 64 /* a power of two, above the 61 mids of 60 returns */

struct mr_measure {
    mr_price mid[MR_MEASURE_SAMPLES];
    uint64_t sampled;
    mr_price high, low, close, before; /* of the bar being made; close of the one before it, 0 none */
    int64_t range[MR_MEASURE_BARS];
    uint64_t bars;
    uint32_t in_bar; /* samples of it so far */
};
/* A second has passed; mid 0: there is none, and this one is left out (of both measures). */
void mr_measure_sample(struct mr_measure *m, mr_price mid, uint32_t bar_s);
/* In 10^-8; -1: not known yet. */
int64_t mr_measure_volatility_e8(const struct mr_measure *m);
/* In 10^-8; INT64_MIN: not known yet. */
int64_t mr_measure_correlation_e8(const struct mr_measure *a, const struct mr_measure *b);

#endif
