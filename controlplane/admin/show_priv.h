/* Shared by screens. */
#ifndef MR_ADMIN_SHOW_PRIV_H
#define MR_ADMIN_SHOW_PRIV_H

#include <stdio.h>

#include "controlplane/admin/show.h"
#include "dataplane/metrics/metrics.h"
#include "dataplane/session/session.h"

const char *mr_show_state(unsigned session_state);
double mr_show_frames_per_s(const struct mr_look *look, uint32_t connection_idx);

/* Calls back for every metric of every block of the workspace. */
typedef void mr_show_metric_fn(void *arg, const struct mr_metric_view *view);
void mr_show_each_metric(const struct mr_look *look, mr_show_metric_fn *each, void *arg);
/* A copy of a histogram, of this thread, until the next one is asked for; NULL: it cannot be read. */
const struct mr_hist *mr_show_hist(const struct mr_metric_view *view);
/* Whether labels ("venue=binance,product=usdm") name this product ("binance:usdm"). */
bool mr_show_labels_are(const char *labels, const char *product);
/* "venue=binance,product=usdm" -> "binance:usdm"; other labels as they are. */
void mr_show_product(const char *labels, char out[48]);

struct mr_show_totals {
    uint32_t tiles, stalled, connections, live, books, books_live;
    uint64_t frames, gaps, ring_drops, mute;
};
void mr_show_totals(const struct mr_look *look, struct mr_show_totals *out);

#endif
