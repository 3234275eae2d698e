/* Realised volatility of one instrument, its regime, and what the regime does to thresholds (E-10 .. E-14).
 *
 * The last trade price is sampled each second of engine time. With r the log returns of these samples,
 *   volatility of W   = standard deviation of the last W seconds of r (population: divided by n) x sqrt(W in seconds),
 *                       in percent per window; annualised beside it: x sqrt(365 days / W)
 *   acceleration      = (vol_1m - vol_5m) / vol_5m, 0 if vol_5m is 0
 *   dispersion        = standard deviation / mean of the 1, 5, 15 min values (population), 0 if the mean is 0
 *   percentile, z     = of vol_5m now among one sample a minute of the last 24 h: share <= now in percent; (now - mean)
 *   /
 *                       standard deviation, 0 where that is 0. Both 0 until there are 60 samples.
 *   Parkinson, Garman-Klass  from the last 1, 5, 15, 60 closed bars of 1 min, in percent per window like the above
 *   EWMA              = sqrt of the exponentially weighted mean of r^2, scaled to 5 minutes
 * Sums are integers (r in units of 2^-58, |r| <= 0.5), so windows neither drift nor depend on their past.
 *
 * Regime    by vol_5m. Upward at once; downward only below 90 % of the regime's lower bound and 30 s or more after it
 *           was entered. Evaluated each second.
 * Warm      MR_VOLATILITY_WARMING until the 5-minute window is full: no regime yet (DORMANT), multiplier 1, signals are
 *           to be held at NONE. Acceleration, dispersion, percentile are neutral (0) until what they need is full;
 *           `warm` says.
 * Stale     no trade for `stale_s`: windows go on with returns of 0 by their definition, but the regime is frozen and
 *           no sample is taken; the first return after it is counted, and flagged GAP for 5 minutes.
 * Silence   ticks are caught up second by second until all windows hold zeros (at most an hour of them), then in O(1).
 * Memory    mr_volatility_bytes() (about 60 KB).   Thread  the engine tile. */
#ifndef MR_VOLATILITY_VOLATILITY_H
#define MR_VOLATILITY_VOLATILITY_H

#include "engines/pipeline/engine.h"

enum mr_regime {
    MR_REGIME_DORMANT,
    MR_REGIME_LOW,
    MR_REGIME_NORMAL,
    MR_REGIME_ELEVATED,
    MR_REGIME_HIGH,
    MR_REGIME_EXTREME,
    MR_REGIME_COUNT
};
const char *mr_regime_name(unsigned regime); /* "DORMANT" ..; "?" */
/* The regime of a 5-minute volatility in percent, without hysteresis; bounds belong to the upper one (0.5 is LOW). */
enum mr_regime mr_regime_of(double vol_5m_percent);
double mr_regime_from(enum mr_regime regime); /* its lower bound, percent */

/* E-13: at most 10, at least 1. Percentile in percent (0 .. 100). Anything not finite counts as 0. */
double mr_regime_multiplier(enum mr_regime regime, double acceleration, double percentile, double dispersion, double z);

/* E-14. `weighted`: the regime gives weights, fast to slow, for the five windows; else they are all 1. */
struct mr_regime_adjust {
    double velocity, volume, correlation;
    double weight[5];
    bool weighted;
};
const struct mr_regime_adjust *mr_regime_adjust(enum mr_regime regime);

enum { MR_VOLATILITY_1M, MR_VOLATILITY_5M, MR_VOLATILITY_15M, MR_VOLATILITY_1H, MR_VOLATILITY_WINDOWS };
extern const uint32_t mr_volatility_window_s[MR_VOLATILITY_WINDOWS]; /* 60, 300, 900, 3,600 */

#define MR_VOLATILITY_FROM_REFERENCE UINT32_MAX

/* Zero means the default in brackets. */
struct mr_volatility_config {
    uint32_t instrument; /* id of the instrument whose trades count (binance:spot BTCUSDT as shipped), or
                            MR_VOLATILITY_FROM_REFERENCE: REFERENCE events, on tiles that do not have it */
    uint32_t stale_s;    /* at most 3,600 [60] */
    double ewma_lambda;  /* a second, 0 < lambda <= 0.9999 [0.99] */
};

enum mr_volatility_flag {
    MR_VOLATILITY_WARMING = 1 << 0,
    MR_VOLATILITY_STALE = 1 << 1,
    MR_VOLATILITY_GAP = 1 << 2,      /* a return of the last 5 minutes spans a stale spell */
    MR_VOLATILITY_CLAMPED = 1 << 3,  /* a return of the last hour was beyond 0.5 and counted as that */
    MR_VOLATILITY_NO_HISTORY = 1 << 4, /* fewer than 60 samples: percentile and z are 0 */
    MR_VOLATILITY_RESTORED = 1 << 5, /* began from saved state */
};

struct mr_volatility_view {
    int64_t engine_ns;       /* the second it is of; INT64_MIN: none yet */
    int64_t price;           /* last trade, price_scale; 0: none yet */
    int8_t price_scale;
    uint8_t regime, regime_before; /* enum mr_regime */
    uint8_t warm;            /* bit per window: full */
    uint32_t flags;          /* enum mr_volatility_flag */
    uint64_t regime_changes; /* compare with the last one seen: a change is an event */
    int64_t regime_ns;       /* when it was entered */
    double vol[MR_VOLATILITY_WINDOWS];        /* percent per window, over what there is (2 returns or more) */
    double annualised[MR_VOLATILITY_WINDOWS]; /* percent a year */
    double parkinson[MR_VOLATILITY_WINDOWS], garman_klass[MR_VOLATILITY_WINDOWS]; /* percent per window; 0 until full */
    double ewma;             /* percent per 5 minutes */
    double acceleration, dispersion, percentile, z;
    uint32_t samples;        /* of the last 24 h */
    uint32_t spare;
    double multiplier;       /* 1 .. 10 */
};

struct mr_volatility;

size_t mr_volatility_bytes(const struct mr_volatility_config *config);
struct mr_volatility *mr_volatility_init(void *mem, const struct mr_volatility_config *config);

/* Takes the configured instrument's primary, live trades (or REFERENCE events); leaves all else alone. `instrument`
 * gives the scale; NULL: 8. */
void mr_volatility_apply(struct mr_volatility *volatility, const struct mr_event *ev,
                         const struct mr_instrument *instrument);
/* All seconds up to and including `tick_ns`. 1 if the regime changed, else 0. */
int mr_volatility_tick(struct mr_volatility *volatility, int64_t tick_ns);
void mr_volatility_query(const struct mr_volatility *volatility, struct mr_volatility_view *out);

/* State that survives a restart: plain bytes, to be sealed by mr_state_seal with this version and layout, once a
 * minute. Restore takes them back into a freshly initialised engine; that they are of the same instrument is for the
 * caller to know. MR_E_LAYOUT another size, or another stale_s or lambda; MR_E_CORRUPT contents that cannot be;
 * MR_E_RANGE saved later than `now_ns`, the present engine time. Each of them leaves the engine as initialised. When
 * the state is older than 5 minutes the windows start anew (warming) and only the 24 h of samples are kept. */
#define MR_VOLATILITY_STATE_VERSION 1u
size_t mr_volatility_state_bytes(void);
uint32_t mr_volatility_state_layout(void);
void mr_volatility_save(const struct mr_volatility *volatility, void *state);
int mr_volatility_restore(struct mr_volatility *volatility, const void *state, size_t bytes, int64_t now_ns);

#endif
