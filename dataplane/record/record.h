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
 * kill, up to the tear. Compression is this tile's work, block by block.
 *
 * Room  segments begin anew at `segment_bytes`, and where `segment_ns` is set at each multiple of it in wall time; old ones are removed beyond
 *       keep_bytes and keep_ns. Before a recording starts its budget is logged: what is free, against what is measured or configured.
 * Full  less than `least_free` is left, or the system says so (ENOSPC, EDQUOT, EFBIG): by policy the recording stops; or waits, and goes on in
 *       new segments when there is room for one; or removes its oldest segments first. What was not recorded in between stands in a note.
 *       Any other refusal (EIO, EROFS) stops it.
 *
 * Refused frames (quarantine.h) come by the same rings and go to a folder of their own, recording or not; trouble there is counted, and harms
 * nothing else.
 *
 * Thread  its own, PARK; halt it after the tiles that put (it drains their rings once more).   Memory  a segment's buffers, allocated at boot
 *         and touched as they are needed.
 * Errors  a disk that is full or refuses: recording stops by name (control.why, state, counters, log line); data go on. What stands in the
 *         file is cut back to its last whole block, what was behind it is counted as lost. SIGXFSZ is ignored by the process from boot on, so
 *         that a file size limit is such an error. */
#ifndef MR_RECORD_RECORD_H
#define MR_RECORD_RECORD_H

#include <sys/types.h>

#include "codecs/capture/capture.h"
#include "codecs/event/instrument.h"
#include "dataplane/metrics/metrics.h"
#include "dataplane/ring/bytes.h"
#include "dataplane/ring/image.h"
#include "dataplane/tile/tile.h"

#define MR_RECORD_MORE 0x8000u

/* clang-format off */
#define MR_RECORD_METRICS(COUNTER, GAUGE, HIST)                                                  \
    COUNTER(records,  "records",  "written")                                                     \
    COUNTER(bytes,    "bytes",    "written, before compression")                                 \
    COUNTER(stored,   "bytes",    "written to files, as they are there")                         \
    COUNTER(lost,     "records",  "that the ring could not take: the disk was too slow; that came when recording had stopped; or that a refused write held") \
    COUNTER(failed,   "writes",   "refused by the system")                                       \
    COUNTER(full,     "times",    "recording met a full disk, or too little free room")          \
    COUNTER(segments, "segments", "begun")                                                       \
    COUNTER(removed,  "segments", "removed: older or more than is kept, or to make room")        \
    COUNTER(refused,  "frames",   "written to the quarantine")                                   \
    COUNTER(refused_lost, "frames", "for the quarantine that could not be written")              \
    GAUGE  (on,       "",         "1 while recording")                                           \
    GAUGE  (state,    "",         "0 off, 1 recording, 2 ending, 3 waiting for room, 4 stopped by itself") \
    GAUGE  (free,     "bytes",    "left on the disk of the recordings")                          \
    GAUGE  (rate,     "bytes/s",  "stored, over the last minute")
/* clang-format on */
MR_METRICS_DECLARE(mr_record, MR_RECORD_METRICS);

struct mr_record_control {
    uint32_t wanted;        /* written by whoever takes the command, and by the record tile when it fails */
    uint32_t on MR_ALIGNED; /* written by the record tile, and so are the next three */
    uint32_t starts, ended; /* recordings begun; and over: their files are whole and closed */
    char why[160];          /* why it stopped by itself; "" otherwise. Stored before `on` falls */
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

enum mr_record_state { MR_RECORD_OFF, MR_RECORD_ON, MR_RECORD_ENDING, MR_RECORD_WAITING, MR_RECORD_STOPPED };
const char *mr_record_state_name(unsigned state);

/* What `show recording` shows: an image, each second. */
struct mr_record_show {
    char folder[256], quarantine[256], why[160], budget[256];
    uint32_t state, warn; /* warn: the budget is not met */
    uint64_t starts, records, stored, lost, segments, removed, refused;
    int64_t now_ns, free_bytes, lasts_ns; /* as mr_disk_lasts */
    double per_s;
};

enum mr_record_full { MR_RECORD_FULL_STOP, MR_RECORD_FULL_WAIT, MR_RECORD_FULL_OLDEST };

typedef ssize_t mr_record_write_fn(int fd, const void *data, size_t bytes); /* as write(2) */

struct mr_log;
struct mr_record_link {
    const char *name;
    void *ring;
    size_t ring_bytes;
}; /* one a feed or engine tile: "feed-0", "engine-0" */
struct mr_record_config {
    const struct mr_record_link *links;
    uint32_t link_count;
    const char *folder; /* made if it is not there */
    int zstd_level;     /* [1]; MR_RECORD_PLAIN: none */
    struct mr_record_metrics *metrics;
    struct mr_record_control *control;        /* NULL: on from boot to halt */
    const struct mr_instruments *instruments; /* NULL: segments begin without a table */
    const char *yaml;                         /* the config; NULL: none */
    uint64_t segment_bytes;                   /* [256 MiB] */
    int64_t segment_ns;                       /* 0: by size alone */
    uint64_t keep_bytes;                      /* 0: all; looked at when a segment begins, and each ten seconds */
    int64_t keep_ns;                          /* 0: however old */
    enum mr_record_full full;
    uint64_t least_free;    /* bytes */
    uint64_t per_s;         /* expected to be stored a second; 0: as measured */
    int64_t budget_ns;      /* how long there should be room */
    uint32_t flush_ms;      /* [1,000] */
    uint32_t retry_ms;      /* [5,000] of policy wait; doubled up to 5 minutes while a new start fails at once */
    const char *quarantine; /* folder of refused frames, made with the first of them; NULL: none */
    uint64_t quarantine_bytes, quarantine_keep; /* a segment [8 MiB]; in all [64 MiB] */
    struct mr_image *image;                     /* struct mr_record_show; NULL: none */
    struct mr_log *log;                         /* NULL: none */
    mr_record_write_fn *write;                  /* NULL: write(2) */
    int64_t (*free_bytes)(const char *folder);  /* NULL: mr_disk_free */
};
#define MR_RECORD_PLAIN (-1)
/* All that the config points to outlives the tile. */
extern const struct mr_tile mr_record_tile;

/* Writer's side (feed and engine tiles): false: it did not fit, and is counted by the ring. */
bool mr_record_put(struct mr_ring_writer *ring, const struct mr_capture_record *record);
/* The same for who keeps what did not fit and comes again: false counts nothing. */
bool mr_record_offer(struct mr_ring_writer *ring, const struct mr_capture_record *record);

#endif
