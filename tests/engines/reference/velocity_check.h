/* A view of the velocity engine against the slow reference: counts and integers exactly, floats to 1e-12. */
#ifndef MR_TESTS_REFERENCE_VELOCITY_CHECK_H
#define MR_TESTS_REFERENCE_VELOCITY_CHECK_H

#include "tests/engines/reference/velocity.h"

/* All of a view but the correlation, of one stream; fails the test where they differ. Returns windows that were COARSE. */
uint64_t velocity_check_stream(struct reference *r, struct which which, const struct mr_velocity_view *got,
                               const struct mr_velocity_config *config);
/* Correlation, pairs, leader of an underlying's view. */
void velocity_check_cross(struct reference *r, uint32_t underlying, const struct mr_velocity_view *got);

#endif
