/* Inside of mr_volatility. Everything that survives a restart is one plain struct. */
#ifndef MR_VOLATILITY_VOLATILITY_PRIV_H
#define MR_VOLATILITY_VOLATILITY_PRIV_H

#include "engines/bars/bars.h"
#include "engines/volatility/volatility.h"

#define SECOND_NS 1000000000ll
#define MINUTE_NS 60000000000ll
#define DAY_NS    86400000000000ll

#define RETURNS     3600u /* kept: the longest window */
#define BARS        60u
#define SAMPLES     1440u
#define SAMPLES_MIN 60u
#define DWELL_NS    (30 * SECOND_NS)
#define LEAVE_BELOW 0.9   /* of a regime's lower bound */
#define RESTORE_NS  (5 * MINUTE_NS)

/* Returns are integers in units of 2^-58, so that sums are exact: |r| <= 0.5 makes squares 2^114 and their sum over an
 * hour 2^126. Volatility samples are integers in units of 2^-46 percent, up to 2,048 %. */
#define RETURN_UNIT  0x1p-58
#define RETURN_BOUND (1ll << 57)
#define SAMPLE_UNIT  0x1p-46
#define SAMPLE_BOUND (1ll << 57)

/* Below this variance a second (a volatility of 1e-10 %) the EWMA is 0: silence must come to an end. */
#define EWMA_FLOOR 1e-24

/* After so many returns of 0 all windows and bars hold zeros: an hour, and the minutes at its ends. */
#define SILENT_RETURNS (RETURNS + 120u)

/* Exact mean and variance of integers: sum and sum of squares. */
struct moments {
    mr_i128 sum, square;
};

struct sample {
    int64_t time_ns, value;
};

struct volatility_state {
    int64_t second_ns;  /* the second last worked on; INT64_MIN: none yet */
    int64_t trade_ns, price;   /* the last trade; price 0: none yet */
    int64_t sampled;    /* price of the last sample; 0: none */
    int64_t clamped_ns, gap_ns; /* seconds of the last such return; INT64_MIN: none */
    int64_t regime_ns;
    uint64_t regime_changes;
    uint64_t returns;   /* since the windows began */
    uint64_t zeros;     /* returns of 0 in a row, up to now */
    double ewma;        /* variance a second */
    uint32_t stale_s;   /* of the configuration: state of another one is refused */
    uint32_t bars, bar_next, samples, sample_next;
    int8_t price_scale;
    uint8_t regime, regime_before;
    uint8_t regime_known, stale, restored; /* 0 or 1: bytes may come from a file */
    double lambda;
    struct mr_bar bar;  /* the minute that runs */
    struct moments window[MR_VOLATILITY_WINDOWS], history;
    int64_t ret[RETURNS];           /* ring: return number n at n modulo RETURNS */
    double parkinson[BARS], garman_klass[BARS]; /* rings of each bar's term */
    double parkinson_vol[MR_VOLATILITY_WINDOWS], garman_klass_vol[MR_VOLATILITY_WINDOWS];
    struct sample sample[SAMPLES];  /* ring */
    int64_t sorted[SAMPLES];        /* their values, ascending */
};

struct mr_volatility {
    struct mr_volatility_config config;
    struct volatility_state state;
    struct mr_volatility_view view; /* of the last second */
};

/* volatility_stats.c */
double moments_deviation(const struct moments *m, uint64_t n);
void moments_move(struct moments *m, int64_t in, int64_t out);
void history_add(struct volatility_state *s, int64_t time_ns, double percent);
void history_expire(struct volatility_state *s, int64_t cutoff_ns);
double history_percentile(const struct volatility_state *s, double percent);
double history_z(const struct volatility_state *s, double percent);
void bar_closed(struct volatility_state *s);
/* volatility.c */
void volatility_show(struct mr_volatility *v);

#endif
