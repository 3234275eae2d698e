/* millrace capture: what its actions share. */
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
    int zstd_level;
    int64_t raw; /* quarantine: only this one's bytes; below 0: all, as text */
    bool json, force;
};

typedef int mr_capture_action_fn(struct mr_capture_options *o);
mr_capture_action_fn mr_capture_info;       /* capture_show.c */
mr_capture_action_fn mr_capture_write;      /* capture_write.c: cut, merge, import */
mr_capture_action_fn mr_capture_export;     /* capture_export.c */
mr_capture_action_fn mr_capture_compact;    /* capture_write.c */
mr_capture_action_fn mr_capture_quarantine; /* capture_quarantine.c */

/* A file that is being written. */
struct mr_capture_sink {
    int fd;
    uint64_t bytes;
};
int mr_capture_sink_open(struct mr_capture_options *o, const char *path, struct mr_capture_sink *sink);
mr_capture_sink_fn mr_capture_sink_write;
/* `status`: of what went before. */
int mr_capture_sink_close(struct mr_capture_options *o, struct mr_capture_sink *sink, const char *path, int status);

/* Every piece of the inputs that the options want, in order of receiving. MR_OK, or a status with o->err set. */
typedef int mr_capture_piece_fn(void *arg, const struct mr_piece *piece);
int mr_capture_each(struct mr_capture_options *o, mr_capture_piece_fn *take, void *arg, uint64_t *count);

#endif
