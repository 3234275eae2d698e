/* The cascade signal: scores, probability, levels with hysteresis, structural cascades (E-20 .. E-25, E-27).
 *
 * Numbers and rules: the requirement text E-20..E-25 and its definitions; every formula in signal.c names its source.
 * Memory, thread, determinism: engines/pipeline/engine.h. */
#ifndef MR_SIGNAL_SIGNAL_H
#define MR_SIGNAL_SIGNAL_H

#include "engines/pipeline/engine.h"

enum mr_level_name { MR_LEVEL_NONE, MR_LEVEL_WATCH, MR_LEVEL_ALERT, MR_LEVEL_CRITICAL, MR_LEVEL_EXTREME, MR_LEVEL_COUNT };
enum mr_signal_kind { MR_SIGNAL_LEVEL, MR_SIGNAL_CASCADE_START, MR_SIGNAL_CASCADE_UPDATE, MR_SIGNAL_CASCADE_END, MR_SIGNAL_REGIME, MR_SIGNAL_GAP };
enum mr_signal_cause {
    MR_CAUSE_NONE, MR_CAUSE_PROBABILITY, MR_CAUSE_VELOCITY, MR_CAUSE_VELOCITY_ACCELERATION, MR_CAUSE_STRUCTURE,
    MR_CAUSE_DECAY, MR_CAUSE_REGIME,
};
enum mr_signal_flag {
    MR_SIGNAL_WARMING = 1 << 0,       /* some input is not warm: level held at NONE */
    MR_SIGNAL_SATURATED = 1 << 1,     /* a venue's rate is at its feed's ceiling (E-27) */
    MR_SIGNAL_BATCHED = 1 << 2,       /* a rate was made by one batch */
    MR_SIGNAL_MISSING_OI = 1 << 3, MR_SIGNAL_MISSING_FUNDING = 1 << 4, MR_SIGNAL_NAN = 1 << 5,
    MR_SIGNAL_CROSS_VENUE = 1 << 6,   /* two or more venues took part */
    MR_SIGNAL_STALE_BOOK = 1 << 7,
};
enum mr_component { MR_COMPONENT_VELOCITY, MR_COMPONENT_ACCELERATION, MR_COMPONENT_NOTIONAL, MR_COMPONENT_OI, MR_COMPONENT_FUNDING, MR_COMPONENT_VOLATILITY, MR_COMPONENT_COUNT };

/* One signal: 8 slots of 64 bytes, plain data; a ring group. Doubles are finite always. */
struct mr_signal {
    /* slot 0: who, when, what */
    int64_t engine_ns;            /* engine time of the event or tick that made it      */
    int64_t recv_ns;              /* receive time of the event that made it; 0 a tick   */
    int64_t venue_ns;
    uint64_t seq;                 /* of this engine tile, dense                          */
    int64_t emitted_tsc_delta_ns; /* wire to signal; not part of the digest              */
    uint32_t instrument;          /* that made it; UINT32_MAX: a tick                    */
    uint16_t underlying;
    uint8_t kind;                 /* enum mr_signal_kind */
    uint8_t level, level_before;  /* enum mr_level_name  */
    uint8_t cause;                /* enum mr_signal_cause */
    uint8_t regime;               /* enum mr_regime */
    uint8_t leading_venue;        /* 0 none */
    uint32_t flags;               /* enum mr_signal_flag */
    /* slot 1 */
    double probability, confidence, score100, multiplier, correlation;
    int64_t btc_price;            /* scale 8; 0 unknown */
    char underlying_name[16];
    /* slots 2-3: component scores 0..1 (E-20), second score's components 0..100 (E-23) */
    double component[MR_COMPONENT_COUNT];
    double component100[6];       /* velocity, acceleration, jerk, volume, correlation, clustering */
    double reserved0[4];
    /* slots 4-5: raw metrics */
    double velocity_per_s[5];     /* windows 0.1, 0.5, 2, 10, 60 s */
    double notional_usd_per_s[5];
    double acceleration, jerk, oi_change_1m, funding, vol_5m, clustering;
    /* slot 6: the structural cascade, 0 when none */
    uint64_t cascade_id;
    int64_t cascade_start_ns, cascade_end_ns;
    uint64_t cascade_count;
    int64_t cascade_micro_usd;
    double cascade_peak_per_s;
    uint32_t cascade_venues;      /* bit per venue id */
    uint32_t spare0;
    int64_t spare1;
    /* slot 7: plain words */
    char words[64];               /* "velocity 23.4/s over 20.0/s, 3 venues" */
} MR_ALIGNED;
static_assert(sizeof(struct mr_signal) == 8 * 64, "a signal is eight slots");

const char *mr_level_name(unsigned level);
const char *mr_signal_cause_name(unsigned cause);

#endif
