/* The record tile: what feed tiles received and engine tiles consumed, into capture segments, never in the way.
 *
 * Each feed tile has a byte ring to here (policy GAP: what does not fit is counted, and the recording carries a NOTE
 * with how many were lost); the engine input log (0-definitions) comes by another. Records of one ring keep their
 * order; segments are written by this thread only, one a feed tile, named FEED-NNNNNN.seg in the run's recording
 * folder, with the instrument table and the config in front.
 *
 * Frames beyond a ring record (64 KiB) go in parts: kind | MR_RECORD_MORE on all but the last.
 *
 * Thread  its own, PARK.   Errors  a disk that is full or refuses: recording stops by name (gauge, log line); data go
 *         on. */
#ifndef MR_RECORD_RECORD_H
#define MR_RECORD_RECORD_H

#include "codecs/capture/capture.h"
#include "dataplane/metrics/metrics.h"
#include "dataplane/ring/bytes.h"
#include "dataplane/tile/tile.h"

#define MR_RECORD_MORE 0x8000u

#define MR_RECORD_METRICS(COUNTER, GAUGE, HIST)                                                                        \
    COUNTER(records, "records", "written")                                                                             \
    COUNTER(bytes, "bytes", "written, before compression")                                                             \
    COUNTER(lost, "records", "that the ring could not take: the disk was too slow")                                    \
    COUNTER(failed, "writes", "refused by the system")                                                                 \
    GAUGE(on, "", "1 while recording")
MR_METRICS_DECLARE(mr_record, MR_RECORD_METRICS);

struct mr_record_link {
    const char *name;
    void *ring;
    size_t ring_bytes;
}; /* one a feed or engine tile */
struct mr_record_config {
    const struct mr_record_link *links;
    uint32_t link_count;
    const char *folder;           /* made if it is not there */
    int zstd_level;               /* [1] */
    struct mr_record_metrics *metrics;
};
extern const struct mr_tile mr_record_tile;

/* Writer's side (feed and engine tiles): false: it did not fit, and is counted by the ring. */
bool mr_record_put(struct mr_ring_writer *ring, const struct mr_capture_record *record);

#endif
