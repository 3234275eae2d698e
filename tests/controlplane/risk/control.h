/* One control of the gate as a row: `set` brings the rig's order and state to below, at, or above what is allowed, on either side. The
 * driver (test_gate.c) does it in every mode, fresh and after a restart, and wants exactly the rules that the row names. */
#ifndef MR_TESTS_RISK_CONTROL_H
#define MR_TESTS_RISK_CONTROL_H

#include "tests/controlplane/risk/rig.h"

enum control_level { BELOW, AT, ABOVE, LEVELS };
#define RULES_MAX 4
struct control {
    unsigned number; /* F-number of tests/conformance/controls.md; 0: C-21, C-22 or our own */
    const char *says;
    bool at_passes;            /* exactly at the limit is allowed */
    unsigned rules[RULES_MAX]; /* violated above (and at, unless at_passes); 0 ends after the first */
    void (*set)(struct rig *r, enum control_level level, enum mr_side side);
};
extern const struct control controls_order[], controls_market[], controls_exposure[], controls_account[],
    controls_standing[];
extern const unsigned controls_order_count, controls_market_count, controls_exposure_count, controls_account_count,
    controls_standing_count;

MR_INLINE const char *control_pick(enum control_level level, const char *below, const char *at, const char *above)
{
    return level == BELOW ? below : level == AT ? at : above;
}
MR_INLINE int64_t control_number(enum control_level level, int64_t at, int64_t step)
{
    return level == BELOW ? at - step : level == AT ? at : at + step;
}

#endif
