/* millrace capture: what its actions share.
 *
 * All that makes recordings of recordings is one loop: pieces of the inputs, merged by receive time, ties in the order of the inputs; those
 * that the options want go to the action.
 *
 * Time here is engine time: the latest receive time so far. A body is stamped before the frames that it is recorded behind; a cut by
 * engine time is a cut of the sequence, so that the parts of a recording, merged, are the recording. */
#ifndef MR_CMD_CAPTURE_H
#define MR_CMD_CAPTURE_H

#include "codecs/capture/capture.h"
#include "controlplane/cmd/inputs.h"

struct mr_capture_options {
    struct mr_inputs inputs;
    struct mr_err err;
    int status;
    const char *action, *out;
    int64_t from_ns, to_ns;
    int connection;   /* below 0: all */
    const char *only; /* VENUE, VENUE:PRODUCT or VENUE:PRODUCT:SYMBOL; NULL: all */
    bool split;       /* export: a set of files a product */
    bool renumber;    /* connections of each input get numbers of their own */
    int zstd_level;
    int64_t raw; /* quarantine: only this one's bytes; below 0: all, as text */
    bool json, force;
};

typedef int mr_capture_action_fn(struct mr_capture_options *o);
mr_capture_action_fn mr_capture_info;       /* capture_show.c */
mr_capture_action_fn mr_capture_inspect;    /* capture_inspect.c */
mr_capture_action_fn mr_capture_write;      /* capture_write.c: cut, merge, import */
mr_capture_action_fn mr_capture_export;     /* capture_export.c */
mr_capture_action_fn mr_capture_compact;    /* capture_write.c */
mr_capture_action_fn mr_capture_quarantine; /* capture_quarantine.c */

/* ---- capture_each.c ---- */
/* MR_OK, or a status with o->err set. What was torn or lost is said on stderr. */
typedef int mr_capture_piece_fn(void *arg, const struct mr_piece *piece);
struct mr_capture_each {
    uint64_t count;  /* pieces that were wanted */
    uint64_t lost;   /* records that the inputs' notes say are missing */
    uint64_t shared; /* connections whose pieces come from several inputs at a time */
};
int mr_capture_each(struct mr_capture_options *o, mr_capture_piece_fn *take, void *arg, struct mr_capture_each *each);

/* ---- capture_want.c: which pieces ---- */
struct mr_capture_want;
/* NULL options: all. MR_OK, or what is wrong with --only. */
int mr_capture_want_open(struct mr_capture_want **want, struct mr_capture_options *o);
bool mr_capture_wants(struct mr_capture_want *want, const struct mr_piece *piece);
int64_t mr_capture_now(const struct mr_capture_want *want); /* engine time as of the last piece; INT64_MIN: none */
void mr_capture_want_close(struct mr_capture_want *want);

/* ---- capture_since.c: which connections are open, and how they are merged (dataplane/feed/since.h) ---- */
struct mr_capture_since;
struct mr_capture_since *mr_capture_since_open(void); /* NULL: no memory */
void mr_capture_since_close(struct mr_capture_since *since);
/* Each piece, wanted or not. False: a note of what is known already, which is left out. */
bool mr_capture_since_follow(struct mr_capture_since *since, const struct mr_piece *piece);
bool mr_capture_since_is(const struct mr_piece *piece);
/* The note says the new numbers, and what other inputs have open of the product too. It is good until the next such call. */
typedef uint16_t mr_capture_number_fn(void *arg, const struct mr_piece *piece);
void mr_capture_since_renumber(struct mr_capture_since *since, struct mr_piece *note, mr_capture_number_fn *number,
                               void *arg);
/* What is open now, product by product, to a cut that begins here. */
int mr_capture_since_tell(struct mr_capture_since *since, struct mr_capture_want *want, mr_capture_piece_fn *take,
                          void *arg, uint64_t *count);

/* "binance:usdm"; numbers where this build knows none. */
const char *mr_capture_product(uint8_t venue, uint8_t product, char out[64]);

/* ---- capture_write.c: a file that is being written ---- */
struct mr_capture_sink {
    int fd;
    uint64_t bytes;
};
int mr_capture_sink_open(struct mr_capture_options *o, const char *path, struct mr_capture_sink *sink);
mr_capture_sink_fn mr_capture_sink_write;
/* `status`: of what went before. */
int mr_capture_sink_close(struct mr_capture_options *o, struct mr_capture_sink *sink, const char *path, int status);

#endif
