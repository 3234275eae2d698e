/* Shared between the files of libmillrace. The public names stand in include/millrace/millrace.h; nothing of what is
 * included here may show there. */
#ifndef MR_CONSUME_PRIV_H
#define MR_CONSUME_PRIV_H

#include "codecs/event/instrument.h"
#include "dataplane/plane/plane.h"
#include "dataplane/ring/image.h"
#include "dataplane/ring/ring.h"
#include "dataplane/ring/workspace.h"
#include "include/millrace/millrace.h"

#define CONSUME_TAPS_MAX (2 * MR_PLANE_TILES_MAX)
#define CONSUME_TURN 64           /* records taken from one tap before the next has its turn */
#define CONSUME_LOOK_NS 100000000 /* between two looks for a new run */

struct consume_tap {
    struct mr_tap ring;
    uint64_t told; /* of ring.lost */
    uint32_t engine;
    bool signals;
};

/* One run of the instance: one workspace file. */
struct consume_run {
    struct mr_workspace ws;
    struct mr_workspace_info info;
    uint64_t device, inode;
    const struct mr_instruments *table; /* NULL: there is none */
    uint32_t capacity;                  /* of it, as checked */
    uint32_t engines, tap_count;
    struct consume_tap taps[CONSUME_TAPS_MAX];
    struct millrace_instrument *known; /* `capacity` of them; what was read of the table so far */
    bool *is_known;
    uint32_t changes; /* of the table when they were read */
};

struct millrace {
    char path[MR_WORKSPACE_PATH_BYTES];
    unsigned take;
    struct consume_run run;
    uint32_t turn, turn_used;
    int64_t looked_ns;
    bool replaced; /* another file stands at `path`: what is left of this run is given first */
    uint64_t lost, restarts;
    struct millrace_record record;
    struct millrace_book book;
    struct millrace_candle candle;
    struct millrace_signal signal;
    union mr_slot slots[MR_GROUP_SLOTS]; /* the group last read */
};

/* run.c */
int consume_run_open(struct consume_run *run, const char *path, unsigned take, bool from_oldest,
                     struct millrace_error *error);
void consume_run_close(struct consume_run *run);
bool consume_replaced(const struct millrace *m); /* does another file stand at the path? */
const struct millrace_instrument *consume_instrument(struct millrace *m, uint32_t id);

/* records.c: m->slots (n of them, from `tap`) as m->record; false: not wanted. */
bool consume_record(struct millrace *m, const struct consume_tap *tap, uint32_t n);

int consume_fail(struct millrace_error *error, int code, const char *format, ...) MR_PRINTF(3, 4);
int consume_code(int status);                                                    /* of an mr_status */
void consume_give(void *out, size_t bytes, const void *ours, size_t size);       /* into the caller's struct */
void consume_text(char *out, size_t bytes, const char *from, size_t from_bytes); /* bounded, printable */

#endif
