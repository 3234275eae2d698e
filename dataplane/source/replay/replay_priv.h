#ifndef MR_SOURCE_REPLAY_PRIV_H
#define MR_SOURCE_REPLAY_PRIV_H

#include "codecs/capture/capture.h"
#include "dataplane/record/recording.h"
#include "dataplane/source/replay/replay.h"

/* What stands beside the lines: a body, or a connection that opened or closed. */
struct rest_body {
    struct mr_span url, body;
    int64_t recv_ns;
    uint64_t line; /* the one it stands before; NO_LINE: its time tells */
    uint32_t order;
    uint16_t connection;
    uint8_t clock, kind; /* enum mr_piece_kind */
    uint8_t venue, product; /* venue 0: the input's */
};
#define NO_LINE UINT64_MAX
#define NO_CONNECTION UINT16_MAX /* the input's */

/* One input: where its next piece stands. */
struct input {
    uint8_t *data, *recv, *rest_text;
    size_t len, at;
    const char *recv_at; /* next receive time, in text; NULL none are kept */
    struct rest_body *rest;
    uint32_t rest_count, rest_at;
    bool own;        /* its stamps say whose each line is */
    bool placed;                       /* they have lines */
    uint64_t line;                     /* the next one's number */
    uint64_t lost;                     /* of a segment: as its notes say */
    struct mr_capture_reader *segment; /* NULL: JSON lines, or a row of segments */
    struct mr_recording *recording;    /* a row of segments of a folder; NULL: a file */
    struct mr_piece next;              /* lent at the next turn */
    bool has_next, torn;
    bool lent; /* a segment's piece is out: the next record is read at the next poll */
    uint8_t venue, product;
    uint16_t connection;
    int64_t shift_ns, last_ns, first_frame_ns;
};

struct replay {
    struct input *inputs;
    uint32_t count;
    double pace;
    int64_t first_ns, start_ns; /* recorded time of the first piece; wall time at which it was lent */
    bool started;
};

/* "VENUE:PRODUCT" of known ones. */
bool mr_replay_product(const uint8_t *text, size_t len, uint8_t *venue, uint8_t *product);

/* replay_file.c: cold */
int mr_replay_load(struct input *in, const struct mr_replay_input *from, uint16_t connection, struct mr_err *err);
int mr_replay_load_recording(struct input *in, const char *folder, const char *name, struct mr_err *err);
bool mr_replay_is_folder(const char *path);
void mr_replay_free(struct input *in);

#endif
