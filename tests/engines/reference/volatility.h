/* Volatility by definition: keeps every second's price and works each second out anew. Slow on purpose. */
#ifndef MR_TESTS_REFERENCE_VOLATILITY_H
#define MR_TESTS_REFERENCE_VOLATILITY_H

#include "engines/volatility/volatility.h"

#define HOURS_MAX 30
#define SECONDS_MAX (HOURS_MAX * 3600)

struct minute {
    int64_t open, high, low, close;
};

/* Second i is start_ns + i s; start_ns is a whole minute before the first trade. */
extern struct volatility_ref {
    int64_t start_ns, stale_s;
    int64_t last, last_ns;           /* trade */
    int64_t price[SECONDS_MAX + 1];  /* last trade at or before second i; 0: none yet */
    int64_t traded[SECONDS_MAX + 1]; /* when that was */
    long double ret[SECONDS_MAX + 1];
    bool has[SECONDS_MAX + 1];
    struct minute minute[HOURS_MAX * 60 + 1];
    int first; /* first second with a price; -1 */
    double sample[HOURS_MAX * 60];
    int sample_at[HOURS_MAX * 60], samples;
    unsigned regime, regime_before;
    int regime_at;
    uint64_t changes;
    bool known;
} volatility_ref;

void volatility_ref_open(int64_t start_ns, int64_t stale_s);
void volatility_ref_trade(int64_t at, int64_t price);
/* Second i is over: trades at or before it are known. Seconds come one by one, from 1. */
void volatility_ref_second(int i);
struct volatility_ref_view {
    double vol[4], acceleration, dispersion, percentile, z, multiplier;
    int samples;
    bool warm; /* the 5 minutes are full */
};
/* By definition at second i, the last one given. */
void volatility_ref_look(int i, struct volatility_ref_view *out);
/* The engine's view, which stands at second i, against the definition: integers exactly, floats to 1e-12 and what rounding leaves
 * of differences. */
void volatility_check(const struct mr_volatility *v, int i);

#endif
