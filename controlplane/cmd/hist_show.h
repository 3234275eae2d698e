/* Histograms as text, on stdout: what `latency` and `jitter` share. */
#ifndef MR_CMD_HIST_SHOW_H
#define MR_CMD_HIST_SHOW_H

#include "dataplane/metrics/hist.h"
#include "dataplane/text/text.h"

/* The percentiles that are shown, p50 to p99.999. */
#define MR_POINTS 6
extern const double mr_points[MR_POINTS];
extern const char *const mr_point_names[MR_POINTS]; /* "p99.9", for people */
extern const char *const mr_point_keys[MR_POINTS];  /* "p99_9", for programs */

/* A line a power of two. */
void mr_hist_show_drawing(const struct mr_hist *h);
/* HdrHistogram's percentile text, `title` in a comment above. */
void mr_hist_show_hdr(const char *title, const struct mr_hist *h);
/* Members of an open JSON object: count, negative, beyond, mean, min, the percentiles, max. */
void mr_hist_show_json(struct mr_json_out *j, const struct mr_hist *h);

#endif
