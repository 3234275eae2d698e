/* Are the alarms worth anything? Figures of a rule's alarms against what happened, beside those of random alarms
 * (E-26).
 *
 * An *alarm* is the moment a level reaches `level_min` from below; it is *on* until the level is below again.
 * Truth is one of two:
 *   WINDOWS  labelled stretches of a generator or a person: positives (a cascade from .. to) and quiet ones. With
 *   horizon y
 *            an alarm at t is true if a positive overlaps [t, t + y]. Quiet ones may be left out: then all other time
 *            is.
 *   MOVES    the price: an alarm at t is true if within (t, t + y] the price moves against by the threshold, measured
 *   from
 *            the last price at t. Positives are the runs of grid points (1 s) of which that is true.
 * Figures, for each horizon:
 *   precision            true alarms / alarms whose truth is known
 *   recall               positives with an alarm in [from - y, to] (MOVES: inside the run) / positives
 *   false-positive rate  negatives with an alarm / negatives, where negatives are the quiet time cut in pieces of y
 *   lead time            of each positive found, its first alarm: until the positive begins (WINDOWS: below 0 when
 *   late) or the
 *                        move reaches the threshold (MOVES); median and quartiles
 *   alarms per hour, share of time on
 * Each has a 95 % interval by bootstrap over blocks of time (alarms come in clusters; single ones would look more
 * certain than they are), for the three shares never narrower than Wilson's, because a bootstrap of five hits in five
 * is 1 .. 1. Beside them the same figures for as many alarms, each on as long, at times drawn uniformly: median and the
 * middle 95 % of many draws. A rule beats random when its precision's interval lies above the random one's and its
 * recall is not less; otherwise it is said not to. All draws come from the seed: same input, same figures.
 *
 * Memory  allocates while it runs, frees all before it returns.   Thread  anywhere; offline, not for a tile. */
#ifndef MR_SIGNAL_EVALUATE_H
#define MR_SIGNAL_EVALUATE_H

#include "dataplane/text/text.h"
#include "engines/signal/signal.h"

#define MR_EVAL_HORIZONS_MAX 8

enum mr_eval_labels { MR_EVAL_WINDOWS, MR_EVAL_MOVES };
enum mr_eval_unit {
    MR_EVAL_PERCENT,    /* threshold 1.0: a move of 1 % */
    /* threshold 3.0: three times the 5-minute volatility at the time, scaled to the horizon by its root */
    MR_EVAL_VOLATILITY,
};
enum mr_eval_direction { MR_EVAL_DOWN, MR_EVAL_UP, MR_EVAL_EITHER };

struct mr_eval_change {
    int64_t at_ns;
    uint8_t level;
}; /* the level from then on */
struct mr_eval_price {
    int64_t at_ns;
    double price, vol_5m;
}; /* vol_5m in percent; 0 unknown: no truth in that unit */
struct mr_eval_span {
    int64_t from_ns, to_ns;
};

/* One underlying's story, in time order; spans of one list do not overlap. What lies outside from .. to is an error. */
struct mr_eval_track {
    const char *name;
    int64_t from_ns, to_ns;
    const struct mr_eval_change *changes;
    uint32_t change_count;
    const struct mr_eval_price *prices; /* MOVES */
    uint32_t price_count;
    const struct mr_eval_span *positives, *quiets; /* WINDOWS; no quiets: all the rest is quiet */
    uint32_t positive_count, quiet_count;
};

struct mr_eval_config {
    enum mr_eval_labels labels;
    enum mr_eval_unit unit;
    enum mr_eval_direction direction;
    double threshold;
    uint8_t level_min;                 /* enum mr_signal_level, WATCH or more */
    uint32_t horizon_count;            /* 1 .. MR_EVAL_HORIZONS_MAX */
    int64_t horizon_ns[MR_EVAL_HORIZONS_MAX]; /* > 0 */
    int64_t grid_ns, block_ns;         /* > 0; a block is at least twice the horizon whatever it says */
    uint32_t bootstrap_draws, random_draws; /* 1 .. 100,000 */
    uint64_t seed;
};
/* MOVES of 1 % either way; ALERT; 30 s, 60 s, 300 s; grid 1 s, blocks of 5 min; 1,000 draws each. */
void mr_eval_config_default(struct mr_eval_config *config);

/*       id                   name                    unit  better when                          */
#define MR_EVAL_MEASURES(X)                                                                       \
    X(PRECISION,           "precision",            "share")                                       \
    X(RECALL,              "recall",               "share")                                       \
    X(FALSE_POSITIVE_RATE, "false_positive_rate",  "share")                                       \
    X(LEAD_Q1,             "lead_q1_s",            "s")                                           \
    X(LEAD_MEDIAN,         "lead_median_s",        "s")                                           \
    X(LEAD_Q3,             "lead_q3_s",            "s")                                           \
    X(ALARMS_PER_HOUR,     "alarms_per_hour",      "1/h")                                         \
    X(SHARE_ON,            "share_on",             "share")
enum mr_eval_measure {
#define MR_X(id, name, unit) MR_EVAL_##id,
    MR_EVAL_MEASURES(MR_X)
#undef MR_X
        MR_EVAL_MEASURE_COUNT
};
const char *mr_eval_measure_name(unsigned measure);

struct mr_eval_figure {
    double value, low, high;
    bool known;
}; /* unknown: nothing to divide by; all 0 then */

enum mr_eval_verdict { MR_EVAL_NO_ALARMS, MR_EVAL_NO_POSITIVES, MR_EVAL_DOES_NOT_BEAT_RANDOM, MR_EVAL_BEATS_RANDOM };
const char *mr_eval_verdict_text(unsigned verdict); /* "does not beat random alarms" */

struct mr_eval_result {
    int64_t horizon_ns;
    /* unknown: outside all labels, or the data end before the horizon does */
    uint64_t alarms, true_alarms, unknown_alarms;
    uint64_t positives, found, negatives, disturbed;
    struct mr_eval_figure rule[MR_EVAL_MEASURE_COUNT], random[MR_EVAL_MEASURE_COUNT];
    enum mr_eval_verdict verdict;
};

struct mr_evaluation {
    struct mr_eval_config config;
    uint32_t tracks, result_count;
    double hours; /* of all tracks together */
    struct mr_eval_result result[MR_EVAL_HORIZONS_MAX];
};

/* MR_OK; MR_E_INVALID with a sentence in `err` (what is out of order, in which track); MR_E_NOMEM. */
int mr_evaluate(const struct mr_eval_config *config, const struct mr_eval_track *tracks, uint32_t track_count,
                struct mr_evaluation *out, struct mr_err *err);

/* Level records as changes; a structural cascade as a rule of its own (CRITICAL while it runs). False: another kind. */
bool mr_eval_change_of(const struct mr_signal *signal, struct mr_eval_change *out);
bool mr_eval_change_of_cascade(const struct mr_signal *signal, struct mr_eval_change *out);

void mr_evaluate_text(struct mr_text *text, const struct mr_evaluation *evaluation);
void mr_evaluate_json(struct mr_json_out *json, const char *key, const struct mr_evaluation *evaluation);

#endif
