/* Shared between evaluate.c (alarms, draws, figures) and evaluate_truth.c (what was true). */
#ifndef MR_SIGNAL_EVALUATE_PRIV_H
#define MR_SIGNAL_EVALUATE_PRIV_H

#include "engines/signal/evaluate.h"

struct eval_alarm {
    int64_t at_ns, on_ns; /* when, and for how long it is on */
};

/* What was true of one track at one horizon. Spans are in time order and, within one list, have rising ends. */
struct eval_truth {
    const struct mr_eval_config *config;
    const struct mr_eval_track *track;
    int64_t horizon_ns;
    struct mr_eval_span *positives; /* an alarm inside [from, to) finds it */
    int64_t *begins;                /* WINDOWS: when the positive itself begins */
    uint32_t positive_count;
    struct mr_eval_span *negatives;
    uint32_t negative_count;
    double *lowest, *highest; /* MOVES: trees over prices and over negated prices, `leaves` wide */
    uint32_t leaves;
};

enum eval_answer { EVAL_FALSE, EVAL_TRUE, EVAL_UNKNOWN };

int mr_eval_truth_open(struct eval_truth *truth, const struct mr_eval_config *config, const struct mr_eval_track *track,
                       int64_t horizon_ns);
void mr_eval_truth_close(struct eval_truth *truth);
/* Was an alarm at t true; if so, how long before. */
enum eval_answer mr_eval_truth_of(const struct eval_truth *truth, int64_t t, int64_t *lead_ns);
/* First of `count` spans whose end is later than t. */
uint32_t mr_eval_first_ending_after(const struct mr_eval_span *spans, uint32_t count, int64_t t);

#endif
