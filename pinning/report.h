/* Findings and plans for people (80 columns) and programs (JSON). */
#ifndef MR_PINNING_REPORT_H
#define MR_PINNING_REPORT_H

#include "pinning/tune.h"

void mr_report_check(const struct mr_tune *t, struct mr_text *out);
void mr_report_check_json(const struct mr_tune *t, struct mr_text *out);
/* Core map, the configuration's keys, and all that makes the settings last. */
void mr_report_plan(const struct mr_tune *t, struct mr_text *out);
void mr_report_plan_json(const struct mr_tune *t, struct mr_text *out);

/* The kernel's command line as all findings want it, each word once; "" if none. */
void mr_report_words(const struct mr_tune *t, struct mr_text *out);

#endif
