/* What hist.c and trace.c share: the records behind a histogram's counts. */
#ifndef MR_METRICS_HIST_PRIV_H
#define MR_METRICS_HIST_PRIV_H

#include "dataplane/metrics/hist.h"

void mr_hist_traces_init(struct mr_hist *h, unsigned sub_bits);
void mr_hist_trace_clear(struct mr_hist *h);
/* The record of the maximum as it is now, which may be higher than a moment before: then `into` has it for its maximum. */
void mr_hist_traces_copy(struct mr_hist *into, const struct mr_hist *from);
/* `h` is to be what came since `before`: a record that `before` has too is not of that time. */
void mr_hist_traces_since(struct mr_hist *h, const struct mr_hist *before);

#endif
