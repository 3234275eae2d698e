/* What stands in the rings to the record tile: shared between these files only. */
#ifndef MR_RECORD_RECORD_PRIV_H
#define MR_RECORD_RECORD_PRIV_H

#include <limits.h>
#include <stdlib.h>
#include <sys/types.h>

#include "dataplane/record/disk.h"
#include "dataplane/record/record.h"

#define NAME_MAX_BYTES 4096 /* as capture's own */
#define LOST_TEXT "lost "

/* Begins each ring record; then bytes [at, at + rest) of name and data, one after the other. The byte ring's own head has the kind,
 * the connection (tag) and the receive time. */
struct record_part {
    uint32_t total, at; /* bytes of name and data together */
    uint16_t name_len;
    uint8_t clock, venue, product, spare[3];
};
static_assert(sizeof(struct record_part) == 16, "parts begin with 16 bytes");
#define PART_MAX (MR_BYTES_RECORD_MAX - (uint32_t)sizeof(struct record_part))

/* How many records a NOTE says were lost; 0 for other notes. */
MR_INLINE uint64_t record_note_lost(const struct mr_capture_record *r)
{
    char text[32] = "";
    const uint32_t front = sizeof LOST_TEXT - 1;
    if (r->kind != MR_CAPTURE_NOTE || r->len < front || memcmp(r->data, LOST_TEXT, front) != 0)
        return 0;
    memcpy(text, r->data + front, r->len - front < sizeof text - 1 ? r->len - front : sizeof text - 1);
    return strtoull(text, NULL, 10);
}

/* ---- files: record_file.c ---- */

/* One row of segments: FOLDER/NAME-NNNNNN.seg, one of them open at a time. */
struct record_file {
    const char *folder, *name;
    mr_record_write_fn *write;
    int zstd_level;                   /* 0: plain */
    struct mr_capture_writer *writer; /* allocated */
    int fd;                           /* -1: closed */
    uint32_t number, current;         /* of the next segment; of the last one */
    uint64_t file_bytes, good_bytes;  /* written; up to the end of the last whole block */
    uint64_t front_bytes;             /* of them: what every segment begins with */
    uint64_t stored_bytes;            /* of all its segments */
    uint32_t pending;                 /* records that are in no whole block of the file yet */
    int64_t begun_ns;                 /* of the open one; 0: not known yet */
    int error;                        /* errno of the last refusal, */
    const char *what;                 /* and what was refused */
};
#define RECORD_PATH_BYTES 512
#define RECORD_FILE_BYTES 96 /* NAME-NNNNNN.seg */

int record_file_init(struct record_file *f, const char *folder, const char *name, const struct mr_record_config *c);
void record_file_release(struct record_file *f);
/* MR_OK or MR_E_IO, with f->error and f->what; the tear is cut off then, and `pending` says what was lost. */
int record_file_open(struct record_file *f);
int record_file_add(struct record_file *f, const struct mr_capture_record *record);
int record_file_flush(struct record_file *f);
int record_file_close(struct record_file *f, bool sync);
void record_file_drop(struct record_file *f);                                       /* closes whatever its state */
void record_file_current(const struct record_file *f, char out[RECORD_FILE_BYTES]); /* "": none is open */

/* "feed-0-000012.seg" -> length of "feed-0", and 12. */
bool record_name_parse(const char *file, size_t *name_len, uint32_t *number);

/* ---- the tile: shared by record_tile.c and record_boot.c ---- */

enum record_state { OFF, ON, STOPPING, WAITING };

/* One ring and the row of segments it goes to. */
struct row {
    struct mr_ring_reader reader;
    const void *ring;
    struct record_file file;
    uint8_t *whole;               /* where parts are joined: allocated, MR_CAPTURE_RECORD_MAX and a name */
    struct record_part join;      /* what is joined there; at: how much of it is */
    uint64_t dropped_seen, noted; /* of the ring: counted as lost; written down in notes of this recording */
};
struct record {
    struct mr_record_config config;
    struct mr_record_control own, *control;
    enum record_state state, after; /* after: what STOPPING becomes */
    bool stopped;                   /* by itself */
    int64_t now_ns;                 /* the tile's; 0 at boot */
    int64_t settled_ns, flush_ns, keep_due_ns, retry_ns, patience_ns;
    int64_t off_ns; /* wall: since when nothing is recorded; 0: from the beginning on */
    char *table;    /* room for the instrument table: allocated */
    struct row *rows;
    struct record_file refused; /* the quarantine; folder NULL: there is none */
    int64_t refused_retry_ns;
    uint64_t begin_bytes, rate_bytes; /* stored at the start of the recording; a second ago or so */
    int64_t begin_ns, rate_ns;
    double per_s; /* stored bytes a second; 0: not known */
    bool warned;
    struct mr_record_show show;
};

int64_t record_wall_ns(void);
/* record_boot.c */
size_t record_bytes(const void *config);
int record_boot(void *state, const void *config, struct mr_arena *arena, struct mr_err *err);
void record_release(struct record *r);
int record_make_folder(const char *folder); /* MR_OK, or MR_E_IO and the like; errno says why */
#define SAY(r, level, ...)                                                                                             \
    do {                                                                                                               \
        if ((r)->config.log)                                                                                           \
            MR_LOG((r)->config.log, level, __VA_ARGS__);                                                               \
    } while (0)
/* record_show.c */
#define RECORD_RATE_NS 60000000000ll /* the rate is of so long at least, but for the first one */
uint64_t record_stored(const struct record *r);
void record_tell_budget(struct record *r); /* before a recording, and once more when its own rate is known */
void record_publish(struct record *r);
/* record_tile.c */
void record_start(struct record *r);

#endif
