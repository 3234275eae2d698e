/* The record tile: what feed tiles received and engine tiles consumed, into capture segments, never in the way.
 *
 * Each feed tile has a byte ring to here (policy GAP: what does not fit is counted, and the recording carries a NOTE with how many were lost);
 * the engine input log (input_log.h) comes by another. Records of one ring keep their order; segments are written by this thread only,
 * one row of them a ring, named FEED-NNNNNN.seg in the run's recording folder; a new one is begun at segment_bytes. Numbers that are
 * there already are skipped, never overwritten. Every segment begins with the instrument table (table.h) and the config.
 *
 * Frames beyond a ring record (64 KiB) go in parts: kind | MR_RECORD_MORE on all but the last. A frame is in its ring whole or not at all.
 *
 * Starting and stopping while running: one word each way in struct mr_record_control. Whoever takes the operator's command (a feed tile,
 * the plane) stores `wanted`; this tile opens the segments and then stores `on`; feed and engine tiles put only while mr_record_on(). At a stop
 * `on` falls first; what is still in the rings is written, then the files are closed. A control that is wanted at boot is on
 * before any tile runs, so such a recording has everything from the first byte and replays exactly.
 *
 * The newest records are in the file flush_ms after they came, in whole blocks: a segment is readable while it is written and after a
 * kill, up to the tear.
 *
 * Thread  its own, PARK; halt it after the tiles that put (it drains their rings once more).   Memory  a segment's buffers, allocated at boot
 *         and touched as they are needed.
 * Errors  a disk that is full or refuses: recording stops by name (control.why, gauge, log line, `wanted` falls); data go on. What stands in the
 *         file is cut back to its last whole block. SIGXFSZ is ignored by the process from boot on, so that a file size
 *         limit is such an error. */
#ifndef MR_RECORD_RECORD_H
#define MR_RECORD_RECORD_H

#include "codecs/capture/capture.h"
#include "codecs/event/instrument.h"
#include "dataplane/metrics/metrics.h"
#include "dataplane/ring/bytes.h"
#include "dataplane/tile/tile.h"

#define MR_RECORD_MORE 0x8000u

/* clang-format off */
#define MR_RECORD_METRICS(COUNTER, GAUGE, HIST)                                                  \
    COUNTER(records,  "records",  "written")                                                     \
    COUNTER(bytes,    "bytes",    "written, before compression")                                 \
    COUNTER(lost,     "records",  "that the ring could not take: the disk was too slow; or that came when recording had stopped") \
    COUNTER(failed,   "writes",   "refused by the system")                                       \
    COUNTER(segments, "segments", "begun")                                                       \
    GAUGE  (on,       "",         "1 while recording")
/* clang-format on */
MR_METRICS_DECLARE(mr_record, MR_RECORD_METRICS);

struct mr_record_control {
    uint32_t wanted; /* written by whoever takes the command, and by the record tile when it fails */
    uint32_t on MR_ALIGNED; /* written by the record tile, and so are the next three */
    uint32_t starts, ended; /* recordings begun; and over: their files are whole and closed */
    char why[160];   /* why it stopped by itself; "" otherwise. Stored before `on` falls */
};

/* Feed and engine tiles: whether to put. */
MR_INLINE bool mr_record_on(const struct mr_record_control *control)
{
    return control && __atomic_load_n(&control->on, __ATOMIC_ACQUIRE);
}
MR_INLINE void mr_record_want(struct mr_record_control *control, bool wanted)
{
    __atomic_store_n(&control->wanted, wanted, __ATOMIC_RELEASE);
}

struct mr_log;
struct mr_record_link {
    const char *name;
    void *ring;
    size_t ring_bytes;
}; /* one a feed or engine tile: "feed-0", "engine-0" */
struct mr_record_config {
    const struct mr_record_link *links;
    uint32_t link_count;
    const char *folder;           /* made if it is not there */
    int zstd_level;               /* [1] */
    struct mr_record_metrics *metrics;
    struct mr_record_control *control; /* NULL: on from boot to halt */
    const struct mr_instruments *instruments; /* NULL: segments begin without a table */
    const char *yaml;             /* the config; NULL: none */
    uint64_t segment_bytes;       /* [256 MiB] */
    uint32_t flush_ms;            /* [1,000] */
    struct mr_log *log;           /* NULL: none */
};
/* All that the config points to outlives the tile. */
extern const struct mr_tile mr_record_tile;

/* Writer's side (feed and engine tiles): false: it did not fit, and is counted by the ring. */
bool mr_record_put(struct mr_ring_writer *ring, const struct mr_capture_record *record);
/* The same for who keeps what did not fit and comes again: false counts nothing. */
bool mr_record_offer(struct mr_ring_writer *ring, const struct mr_capture_record *record);

#endif
