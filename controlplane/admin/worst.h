/* The trace record of a latency maximum, with the names that its workspace has for what is a number in it: for `show latency`,
 * `millrace latency` and its saved files. */
#ifndef MR_ADMIN_WORST_H
#define MR_ADMIN_WORST_H

#include "controlplane/admin/look.h"
#include "dataplane/metrics/hist.h"
#include "dataplane/text/text.h"

/* Texts are printable ASCII, "" where nothing is known. */
struct mr_worst {
    struct mr_trace trace;         /* at_ns 0: there is no record */
    struct mr_trace_around around; /* to_ns 0: not known */
    char kind[64];                 /* "book (depthUpdate)", "signal", "not decoded yet" */
    char instrument[160];          /* "binance:usdm BTCUSDT" */
    char connection[160];          /* "binance:usdm public, fstream.binance.com" */
    char begins[MR_TRACE_BEGINS];  /* of the message that was not decoded yet; the signal's words */
};

/* Of a copy that mr_hist_copy made from the workspace; false: it has no record. */
bool mr_worst_of(const struct mr_look *look, const struct mr_hist *copy, struct mr_worst *out);
/* Lines of text, each begun with four blanks. */
void mr_worst_text(struct mr_text *t, const struct mr_worst *w);
/* The member "worst" of an open object. */
void mr_worst_json(struct mr_json_out *j, const struct mr_worst *w);

#endif
