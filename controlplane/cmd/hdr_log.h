/* Histograms as lines of an HdrHistogram log, version 1.3: what HdrHistogram's own readers and viewers open.
 *
 *     Tag=engine.path_ns{tile=0},0.000,10.000,0.031,HISTFAAAA...      start and length in s, the largest value in ms, then base64 of the
 *                                                                    V2 compressed encoding: a cookie, a length, zlib'ed counts
 *
 * The log's histograms have 3 significant digits and reach to 2^42 - 1, as ours of 1,024 sub-buckets do: their buckets are the same, edge by
 * edge, and so are all counts. One bucket of ours of 128 sub-buckets is up to eight of the log's: its count stands in the uppermost of them, or in
 * that of the exact maximum where this is lower, so percentiles read from the log are never more than one of our buckets from ours. Values
 * beyond 2^42 ns stand in the last bucket; negative ones are not in the log. */
#ifndef MR_CMD_HDR_LOG_H
#define MR_CMD_HDR_LOG_H

#include <stdio.h>

#include "dataplane/metrics/hist.h"

/* The log's heading: a start in ns since 1970, and one line of comment (NULL: none). */
void mr_hdr_log_begin(FILE *log, int64_t start_ns, const char *comment);
/* One histogram of an interval that began `from_ns` after the log's start. A tag holds no blank and no comma: those become '_' and ';'.
 * MR_OK, MR_E_NOMEM, or MR_E_IO. */
int mr_hdr_log_add(FILE *log, const char *tag, const struct mr_hist *h, int64_t from_ns, int64_t length_ns);

#endif
