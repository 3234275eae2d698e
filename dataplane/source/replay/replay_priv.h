#ifndef MR_SOURCE_REPLAY_PRIV_H
#define MR_SOURCE_REPLAY_PRIV_H

#include "codecs/capture/capture.h"
#include "dataplane/record/recording.h"
#include "dataplane/source/replay/replay.h"

struct rest_body {
    struct mr_span url, body;
    int64_t recv_ns;
};

/* One input: where its next piece stands. */
struct input {
    uint8_t *data, *recv, *rest_text;
    size_t len, at;
    const char *recv_at; /* next receive time, in text; NULL none are kept */
    struct rest_body *rest;
    uint32_t rest_count, rest_at;
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

/* replay_file.c: cold */
int mr_replay_load(struct input *in, const struct mr_replay_input *from, uint16_t connection, struct mr_err *err);
int mr_replay_load_recording(struct input *in, const char *folder, const char *name, struct mr_err *err);
bool mr_replay_is_folder(const char *path);
void mr_replay_free(struct input *in);

#endif
