/* The cascade signal: scores, probability, levels with hysteresis, structural cascades (E-20 .. E-25, E-27).
 *
 * The pipeline calls the engine for each LIQUIDATION, OPEN_INTEREST, FUNDING and MARK event, and for each underlying
 * once a tick, with what the other engines say at that moment (struct mr_signal_input). Back come 0 ..
 * MR_SIGNAL_OUT_MAX records: changes of a level, a cascade's start, updates and end, changes of the regime. No change,
 * no record.
 *
 * Levels     an underlying's level rises at once. Level k falls when the rules have been below it for `fall_ns` (30 s),
 *            and never sooner than `cool_down_ns` after the last change of level. A return to a level it left less than
 *            `repeat_ns` ago is emitted at once too, flagged MR_SIGNAL_REPEAT: the same alarm, not a new one.
 * Warming    while an input is warming the level is held at NONE and records say so; cascades are still followed.
 * Cascades   start at >= 5 liquidations in (t - 60 s, t] of the underlying with >= 100,000 USD; end 60 s after the last
 *            one. Updates come when the count or the notional has doubled since the last record, or a venue joins: a
 *            bounded number a cascade.
 * Numbers    E-20 .. E-24 and 0-definitions; each formula in score.c names its source.
 * Memory     one block of mr_signal_bytes(); nothing is allocated later.   Thread  one writer, the engine tile.
 * Determinism, saved state: engines/pipeline/engine.h.   Cost  perf/engines/bench_signal.c */
#ifndef MR_SIGNAL_SIGNAL_H
#define MR_SIGNAL_SIGNAL_H

#include "dataplane/metrics/metrics.h"
#include "dataplane/text/text.h"
#include "engines/pipeline/engine.h"

enum mr_signal_level {
    MR_LEVEL_NONE,
    MR_LEVEL_WATCH,
    MR_LEVEL_ALERT,
    MR_LEVEL_CRITICAL,
    MR_LEVEL_EXTREME,
    MR_LEVEL_COUNT
};
enum mr_signal_kind {
    MR_SIGNAL_LEVEL,
    MR_SIGNAL_CASCADE_START,
    MR_SIGNAL_CASCADE_UPDATE,
    MR_SIGNAL_CASCADE_END,
    MR_SIGNAL_REGIME,
    MR_SIGNAL_GAP,
    MR_SIGNAL_KIND_COUNT
};
enum mr_signal_cause {
    MR_CAUSE_NONE,
    MR_CAUSE_PROBABILITY,
    MR_CAUSE_VELOCITY,
    MR_CAUSE_VELOCITY_ACCELERATION,
    MR_CAUSE_STRUCTURE,
    MR_CAUSE_DECAY,
    MR_CAUSE_REGIME,
    MR_CAUSE_COUNT
};
enum mr_signal_flag {
    MR_SIGNAL_WARMING = 1 << 0,   /* some input is not warm: level held at NONE */
    MR_SIGNAL_SATURATED = 1 << 1, /* a venue's rate is at its feed's ceiling (E-27) */
    MR_SIGNAL_BATCHED = 1 << 2,   /* a rate was made by one batch */
    MR_SIGNAL_MISSING_OI = 1 << 3,
    MR_SIGNAL_MISSING_FUNDING = 1 << 4,
    MR_SIGNAL_NAN = 1 << 5,
    MR_SIGNAL_CROSS_VENUE = 1 << 6, /* two or more venues took part */
    MR_SIGNAL_STALE_BOOK = 1 << 7,
    MR_SIGNAL_MISSING_VOLATILITY = 1 << 8,
    MR_SIGNAL_LIFTED = 1 << 9,          /* the risk multiplier lifted the level by one */
    MR_SIGNAL_LIFT_CAPPED = 1 << 10,    /* it would have lifted it by more */
    MR_SIGNAL_REPEAT = 1 << 11,         /* a return to a level just left: not a new alarm */
    MR_SIGNAL_NO_CORRELATION = 1 << 12, /* no pair of venues, or one with a constant side, which counts as 0 */
    MR_SIGNAL_WINDOW_FULL = 1 << 13,    /* a velocity window overflowed its buffer (E-4) */
};
/* Rules that held, MR_CAUSE_PROBABILITY .. MR_CAUSE_VELOCITY_ACCELERATION: bit = 1 << cause. */
enum mr_component {
    MR_COMPONENT_VELOCITY,
    MR_COMPONENT_ACCELERATION,
    MR_COMPONENT_NOTIONAL,
    MR_COMPONENT_OI,
    MR_COMPONENT_FUNDING,
    MR_COMPONENT_VOLATILITY,
    MR_COMPONENT_COUNT
};
enum mr_component100 {
    MR_COMPONENT100_VELOCITY,
    MR_COMPONENT100_ACCELERATION,
    MR_COMPONENT100_JERK,
    MR_COMPONENT100_VOLUME,
    MR_COMPONENT100_CORRELATION,
    MR_COMPONENT100_CLUSTERING,
    MR_COMPONENT100_COUNT
};
/* The five windows: 0.1, 0.5, 2, 10, 60 s. */
enum mr_signal_window {
    MR_WINDOW_100MS,
    MR_WINDOW_500MS,
    MR_WINDOW_2S,
    MR_WINDOW_10S,
    MR_WINDOW_60S,
    MR_SIGNAL_WINDOWS
};

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
    uint8_t level, level_before;  /* enum mr_signal_level */
    uint8_t cause;                /* enum mr_signal_cause: the first rule that held */
    uint8_t regime;               /* enum mr_regime */
    uint8_t leading_venue;        /* 0 none */
    uint32_t flags;               /* enum mr_signal_flag */
    uint8_t rules;                /* all rules that held for the level the rules give, 1 << cause */
    uint8_t level_raw;            /* what the rules give now, before hold and warming */
    uint8_t regime_before;        /* kind REGIME */
    uint8_t spare[5];
    /* slot 1 */
    double probability, confidence, score100, multiplier, correlation;
    int64_t btc_price;            /* scale 8; 0 unknown */
    char underlying_name[16];
    /* slots 2-3: component scores 0..1 (E-20), second score's components 0..100 (E-23) */
    double component[MR_COMPONENT_COUNT];
    double component100[MR_COMPONENT100_COUNT]; /* velocity, acceleration, jerk, volume, correlation, clustering */
    double probability_base;      /* before the multiplier's odds */
    double velocity_scale;        /* threshold multiplier of E-14 in force */
    double mean_event_usd, count_60s;
    /* slots 4-5: raw metrics */
    double velocity_per_s[MR_SIGNAL_WINDOWS];
    double notional_usd_per_s[MR_SIGNAL_WINDOWS];
    double acceleration, jerk, oi_change_1m, funding, vol_5m, clustering;
    /* slot 6: the structural cascade, 0 when none */
    uint64_t cascade_id;          /* FNV-1a of the underlying's name << 32 | its cascades so far */
    int64_t cascade_start_ns;     /* its first liquidation */
    int64_t cascade_end_ns;       /* 60 s after its last one; 0 while it runs */
    uint64_t cascade_count;
    int64_t cascade_micro_usd;    /* saturates */
    double cascade_peak_per_s;    /* highest 10 s rate seen in it */
    uint32_t cascade_venues;      /* bit per venue id */
    uint32_t spare0;
    int64_t cascade_last_ns;      /* its last liquidation so far */
    /* slot 7: plain words */
    char words[64];               /* "velocity 23.4/s over 20.0/s, 3 venues" */
} MR_ALIGNED;
static_assert(sizeof(struct mr_signal) == 8 * 64, "a signal is eight slots");
static_assert(offsetof(struct mr_signal, probability) == 64 && offsetof(struct mr_signal, component) == 128, "slots");
static_assert(offsetof(struct mr_signal, velocity_per_s) == 256 && offsetof(struct mr_signal, cascade_id) == 384,
              "slots");

const char *mr_level_name(unsigned level);        /* "WATCH"; "?" beyond the last, as in the others */
const char *mr_signal_cause_name(unsigned cause); /* "velocity" */
const char *mr_signal_kind_name(unsigned kind);   /* "cascade_start" */
const char *mr_component_name(unsigned component);
const char *mr_component100_name(unsigned component);

/* Rules, weights and sizes. mr_signal_config_default() gives the requirement's numbers. */
struct mr_signal_config {
    double weight[MR_COMPONENT_COUNT];      /* normalised by their sum; >= 0, the sum > 0 */
    double full_scale[MR_COMPONENT_COUNT];  /* > 0: events/s, events/s^2, USD/s, fraction, fraction, multiplier */
    double weight100[MR_COMPONENT100_COUNT];
    double boost_acceleration, boost_velocity, boost_factor; /* 0.8, 0.7, x1.5 (E-21) */
    double correlation_over, correlation_factor;             /* 0.7, x1.2 */
    double level_probability[MR_LEVEL_COUNT];                /* strictly above; [NONE] unused */
    /* WATCH, ALERT, CRITICAL strictly above; EXTREME at or above */
    double level_velocity[MR_LEVEL_COUNT];
    double level_acceleration[MR_LEVEL_COUNT];               /* CRITICAL strictly above; EXTREME at or above */
    int64_t fall_ns, cool_down_ns, repeat_ns;
    uint32_t cascade_events;                                 /* 5 */
    int64_t cascade_window_ns;                               /* 60 s: the window, and the quiet that ends one */
    int64_t cascade_micro_usd;                               /* 100,000 USD */
    /* liquidations remembered before a cascade starts; the oldest goes when full, counted */
    uint32_t cascade_window_events;
    uint32_t instruments_max;        /* ids 0 .. max - 1; open interest and funding beyond are not followed, counted */
    int64_t oi_window_ns;            /* 1 min */
    int64_t oi_stale_ns, funding_stale_ns; /* older values count as missing */
    bool use_oi, use_funding, use_volatility, use_structure; /* switched off: the component counts 0, unflagged */
    bool funding_per_8h;             /* rates whose interval is known are scaled to 8 h, so that venues compare */
    char reference_name[16];         /* whose volatility the regime is: "BTC" */
};
void mr_signal_config_default(struct mr_signal_config *config);
/* MR_OK, or MR_E_RANGE with a sentence that names the field. */
int mr_signal_config_check(const struct mr_signal_config *config, struct mr_err *err);

/* What the other engines say of one underlying at one moment. `name` is read during the call only. */
enum mr_signal_input_flag {
    MR_SIGNAL_IN_WARMING = 1 << 0,
    MR_SIGNAL_IN_SATURATED = 1 << 1,
    MR_SIGNAL_IN_BATCHED = 1 << 2,
    MR_SIGNAL_IN_STALE_BOOK = 1 << 3,
    MR_SIGNAL_IN_WINDOW_FULL = 1 << 4,
    MR_SIGNAL_IN_NO_CORRELATION = 1 << 5,
    MR_SIGNAL_IN_NO_VOLATILITY = 1 << 6, /* multiplier counts as missing */
    MR_SIGNAL_IN_OI = 1 << 7,            /* oi_change_1m is given; otherwise the engine's own is used */
    MR_SIGNAL_IN_FUNDING = 1 << 8,       /* funding is given; otherwise the engine's own is used */
    MR_SIGNAL_IN_WEIGHTS = 1 << 9,       /* the regime gives window_weight[] (E-14) */
};
struct mr_signal_input {
    int64_t engine_ns;  /* monotone over the calls for one engine */
    const char *name;   /* of the underlying: "BTC" */
    uint16_t underlying;
    uint8_t leading_venue; /* 0 none */
    uint8_t regime;
    uint32_t flags;     /* enum mr_signal_input_flag */
    uint32_t venues;    /* bit per venue id with a liquidation in the last 60 s */
    uint32_t spare;
    uint64_t count_60s;
    /* velocity: over all symbols and venues; acceleration and jerk of the 10 s window, smoothed */
    double velocity_per_s[MR_SIGNAL_WINDOWS], notional_usd_per_s[MR_SIGNAL_WINDOWS];
    double acceleration, jerk;
    double mean_event_usd; /* of the last 60 s */
    double clustering;     /* 0..1: share of the last 60 s of events in its busiest 5 s */
    double correlation;    /* mean over venue pairs, -1..1 */
    /* volatility of the reference, and what its regime does to thresholds (E-13, E-14) */
    double multiplier, vol_5m;
    double velocity_scale, notional_scale, correlation_shift;
    double window_weight[MR_SIGNAL_WINDOWS]; /* fast to slow */
    int64_t btc_price; /* scale 8; 0 unknown */
    double oi_change_1m, funding; /* fractions: 0.05 is 5 % */
};
/* A quiet input: all rates 0, scales 1, multiplier 1, correlation unknown. */
void mr_signal_input_default(struct mr_signal_input *in, uint16_t underlying, const char *name, int64_t engine_ns);

/* Fills all of `in` but oi_change_1m and funding from the views of the other two engines (signal_input.c); either may
 * be NULL: a quiet underlying, a missing volatility. A window the velocity engine does not keep counts as missing. */
struct mr_velocity_view;
struct mr_volatility_view;
void mr_signal_input_fill(struct mr_signal_input *in, uint16_t underlying, const char *name, int64_t engine_ns,
                          const struct mr_velocity_view *velocity, const struct mr_volatility_view *volatility);

/* The scores alone: a pure function of configuration and input. */
struct mr_signal_scores {
    double component[MR_COMPONENT_COUNT];
    double probability_base, probability; /* E-21 before and after the odds, both 0..1 */
    double component100[MR_COMPONENT100_COUNT], score100, confidence;
    uint32_t flags; /* enum mr_signal_flag */
    uint8_t level;  /* by the rules now; NONE while warming */
    uint8_t cause, rules;
};
void mr_signal_score(const struct mr_signal_config *config, const struct mr_signal_input *in,
                     struct mr_signal_scores *out);

#define MR_SIGNAL_METRICS(COUNTER, GAUGE, HIST)                                                                        \
    COUNTER(emitted, "signals", "records emitted, of all kinds")                                                       \
    COUNTER(escalations, "signals", "levels that rose")                                                                \
    COUNTER(cascades, "cascades", "structural cascades that started")                                                  \
    COUNTER(held, "checks", "checks at which a level stayed up only by its hold or cool-down")                         \
    COUNTER(nan_inputs, "checks", "checks with a value that was not finite; it counted as 0")                          \
    COUNTER(secondary, "events", "events of a product's secondary source: not counted")                                \
    COUNTER(bad_notional, "events", "liquidations with a negative notional: counted as 0 USD")                         \
    COUNTER(forgotten, "events", "liquidations dropped from a full structural window before their time")               \
    COUNTER(unfollowed, "events", "open interest or funding of instruments beyond instruments_max")                    \
    COUNTER(backwards, "calls", "calls with an engine time before the last one; the last one is used")                 \
    GAUGE(active, "cascades", "structural cascades running now")
MR_METRICS_DECLARE(mr_signal, MR_SIGNAL_METRICS);

#define MR_SIGNAL_OUT_MAX 4 /* records one call can emit */

struct mr_signals; /* all underlyings of one engine tile */

/* `underlyings` indices 0 .. underlyings - 1 may occur. `mem`: 64-byte aligned, mr_signal_bytes() long, outlives it.
 * `metrics` (one block a tile; NULL: a private one) must outlive it too. A configuration that mr_signal_config_check
 * refuses is a bug here. */
size_t mr_signal_bytes(const struct mr_signal_config *config, uint32_t underlyings);
struct mr_signals *mr_signal_init(void *mem, const struct mr_signal_config *config, uint32_t underlyings,
                                  struct mr_signal_metrics *metrics);

/* One event of `in->underlying`: LIQUIDATION (scores are taken), OPEN_INTEREST, FUNDING, MARK (remembered; the next
 * liquidation or tick sees them). Other kinds do nothing. `instrument` is the event's. Returns how many records
 * were written to out[], which holds at least MR_SIGNAL_OUT_MAX. */
uint32_t mr_signal_event(struct mr_signals *s, const struct mr_event *ev, const struct mr_instrument *instrument,
                         const struct mr_signal_input *in, struct mr_signal *out, uint32_t out_max);
/* One grid point for one underlying (every 100 ms each): levels fall, cascades end, regimes change with no event. */
uint32_t mr_signal_tick(struct mr_signals *s, int64_t tick_ns, const struct mr_signal_input *in, struct mr_signal *out,
                        uint32_t out_max);

const struct mr_signal_metrics *mr_signal_counts(const struct mr_signals *s);

/* The level now; the open interest change and funding rate the engine holds for an underlying (see market.c for how
 * they are made from its instruments); false where there is none. */
enum mr_signal_level mr_signal_level_now(const struct mr_signals *s, uint16_t underlying);
bool mr_signal_oi_change(const struct mr_signals *s, uint16_t underlying, double *change);
bool mr_signal_funding(const struct mr_signals *s, uint16_t underlying, double *rate);

/* Saved state (mr_state_seal): everything but configuration and metrics. Underlyings and instruments are kept by name,
 * so ids and indices may differ after restoring. Save returns the bytes written or MR_E_FULL; restore MR_OK or
 * mr_state_open's refusals, MR_E_LAYOUT where sizes in the configuration differ, MR_E_CORRUPT where an invariant does
 * not hold: then the engine is as initialised. */
size_t mr_signal_state_bytes(const struct mr_signals *s);
int64_t mr_signal_save(const struct mr_signals *s, int64_t engine_ns, void *buffer, size_t bytes);
int mr_signal_restore(struct mr_signals *s, const void *buffer, size_t bytes, int64_t *engine_ns);

/* Canonical bytes of a signal for the digest: names instead of ids; no receive time, latency, sequence, cascade id,
 * words. Engine time is in: it is the input log's, the same in every replay. `made_by` is the instrument of a signal
 * made by an event (NULL for a tick); the venue's and product's names are the caller's business, numbers stand here as
 * they stand in recordings. Returns the length, at most MR_SIGNAL_CANONICAL_BYTES. */
#define MR_SIGNAL_CANONICAL_BYTES 640
uint32_t mr_signal_canonical(const struct mr_signal *signal, const struct mr_instrument *made_by,
                             uint8_t out[MR_SIGNAL_CANONICAL_BYTES]);

/* One line for people, one JSON object for programs (key NULL inside arrays and at the top). */
void mr_signal_text(struct mr_text *text, const struct mr_signal *signal);
void mr_signal_json(struct mr_json_out *json, const char *key, const struct mr_signal *signal);

#endif
