/* The scores of E-20 .. E-23 computed a second time, from the requirement's sentences, in long double and another shape. */
#ifndef MR_TESTS_REFERENCE_SCORE_H
#define MR_TESTS_REFERENCE_SCORE_H

#include "engines/signal/signal.h"

struct score_ref {
    long double component[6], base, p, component100[6], total;
    int level, base_level; /* by the rules now; before the risk multiplier */
};

/* With the requirement's weights and thresholds; values are finite. */
struct score_ref score_ref(const struct mr_signal_input *in);

#endif
