/* Recordings: append-only segments of raw frames, readable up to the tear.
 *
 * A segment file is a header (magic "MRCAPSEG", version, segment number, creation time, text of the feed's name)
 * and blocks; a block is a head (magic, kind, stored and plain bytes, record count, first and last time, XXH3-64
 * of head and body) and a body, plain or zstd. A record is a 24-byte head (receive ns, bytes, connection, kind, clock,
 * venue, product) and the bytes. Kinds: frame, REST body (URL first), opened, closed, instrument table, config,
 * engine input (0-definitions), note.
 *
 * The encoder and decoder here are pure: bytes in memory, no I/O (capture_file.h has the file side).
 * Errors  MR_E_MAGIC, MR_E_VERSION, MR_E_CORRUPT (checksum), MR_E_TRUNCATED (the tear; all before it is good),
 *         MR_E_TOO_BIG (a record beyond MR_CAPTURE_RECORD_MAX).
 * The byte layout is written down in codecs/capture/README.md. */
#ifndef MR_CAPTURE_CAPTURE_H
#define MR_CAPTURE_CAPTURE_H

#include "dataplane/base/base.h"

#define MR_CAPTURE_RECORD_MAX (16u << 20)
#define MR_CAPTURE_BLOCK_BYTES (256u << 10) /* a block is closed when its plain body reaches this */

enum mr_capture_kind {
    MR_CAPTURE_FRAME = 1,
    MR_CAPTURE_REST,
    MR_CAPTURE_OPENED,
    MR_CAPTURE_CLOSED,
    MR_CAPTURE_INSTRUMENTS,
    MR_CAPTURE_CONFIG,
    MR_CAPTURE_INPUT,
    MR_CAPTURE_NOTE,
    MR_CAPTURE_REFUSED /* a malformed frame; its name says why (dataplane/record/quarantine.h) */
};

struct mr_capture_record {
    int64_t recv_ns;
    const uint8_t *data; /* after the name */
    uint32_t len;
    uint16_t connection;
    uint8_t kind, clock, venue, product;
    struct mr_span name; /* REST: the URL; else empty */
};

/* ---- writing: records into a block buffer, the finished block to a caller's sink ---- */
typedef int mr_capture_sink_fn(void *arg, const uint8_t *data, size_t len); /* MR_OK or a status */
struct mr_capture_writer;
size_t mr_capture_writer_bytes(void);
/* level 0: plain; 1..19: zstd */
struct mr_capture_writer *mr_capture_writer_init(void *mem, int zstd_level, mr_capture_sink_fn *sink, void *arg);
int mr_capture_begin(struct mr_capture_writer *w, const char *feed, uint32_t segment, int64_t created_ns);
int mr_capture_add(struct mr_capture_writer *w, const struct mr_capture_record *record);
int mr_capture_flush(struct mr_capture_writer *w); /* closes the current block */
uint32_t mr_capture_pending(const struct mr_capture_writer *w); /* records in the block that is not closed yet */

/* ---- reading: over a whole segment in memory (mapped) ---- */
struct mr_capture_reader;
size_t mr_capture_reader_bytes(void);
struct mr_capture_reader *mr_capture_reader_init(void *mem);
int mr_capture_open(struct mr_capture_reader *r, const uint8_t *data, size_t len);
/* MR_OK and a record (good until the next call), MR_E_END, or what is wrong; `mr_capture_offset` says where. */
int mr_capture_next(struct mr_capture_reader *r, struct mr_capture_record *record);
size_t mr_capture_offset(const struct mr_capture_reader *r);
const char *mr_capture_feed(const struct mr_capture_reader *r);

#endif
