/* The input log of a tile: what it consumed besides bytes, in order, so that a recording replays exactly (F-41).
 *
 * An engine tile takes event groups from several rings in an order that depends on the weather, and its ticks fall in between. It logs
 *
 *     TAKE (ring, groups)   runs of groups, one ring after another
 *     TICK (now)            engine time that passed without an event
 *
 * in its own row of segments ("engine-0"); ring N is feed tile N's, row "feed-N". A feed tile logs what reached it besides pieces, between the
 * frames of its own row where it happened:
 *
 *     BREAK (instrument, cause, recv_ns)   a book that it was told to fetch anew: by an engine, by the operator
 *     GENERATION (number)                  a config that it took over
 *
 * One MR_CAPTURE_INPUT record holds a stretch of the log: version, its number in the row, a base time, then ops; the layout stands
 * in dataplane/record/README.md. Records are numbered, so a hole is found.
 *
 * Thread  the tile's.   Memory  the struct.
 * Errors  a record that its ring cannot take now is kept and offered again; when the buffer is full it is dropped: counted by the ring (a
 *         NOTE stands there), and its number is missing.
 * Cost    mr_input_log_take: a compare and an add. */
#ifndef MR_RECORD_INPUT_LOG_H
#define MR_RECORD_INPUT_LOG_H

#include "dataplane/record/record.h"

#define MR_INPUT_RINGS_MAX   63
#define MR_INPUT_SYMBOL_MAX  96
#define MR_INPUT_LOG_BYTES   8192
#define MR_INPUT_FLUSH_BYTES 2048
#define MR_INPUT_FLUSH_NS    100000000ll

enum mr_input_kind { MR_INPUT_TAKE, MR_INPUT_TICK, MR_INPUT_BREAK, MR_INPUT_GENERATION };

/* ---- writing ---- */
struct mr_input_log {
    struct mr_ring_writer *ring;             /* to the record tile */
    const struct mr_record_control *control; /* NULL: always on */
    uint64_t run_groups;                     /* taken from run_ring, not yet in buf */
    uint32_t run_ring;
    uint32_t used;     /* of buf; 0: no record begun */
    uint64_t number;   /* of the record that buf holds */
    int64_t last_ns;   /* the last time that was logged: times are differences */
    int64_t offer_ns;  /* when it was last offered */
    uint64_t lost;     /* records dropped */
    uint8_t buf[MR_INPUT_LOG_BYTES];
};

void mr_input_log_init(struct mr_input_log *log, struct mr_ring_writer *ring, const struct mr_record_control *control);
void mr_input_log_other(struct mr_input_log *log, uint32_t ring, uint64_t groups);

MR_INLINE void mr_input_log_take(struct mr_input_log *log, uint32_t ring, uint64_t groups)
{
    if (mr_likely(log->run_ring == ring))
        log->run_groups += groups;
    else
        mr_input_log_other(log, ring, groups);
}
/* Engine time was moved on to `now_ns` (mr_pipeline_advance): log what was passed to it, when it was. Calls that passed no grid point
 * change nothing and need no log. */
void mr_input_log_tick(struct mr_input_log *log, int64_t now_ns);
/* Feed tile: before mr_feed_break. Goes to the ring at once, so that it stands between the right frames; offered again before the
 * next one if there was no room. False: not recorded (lost, and counted). */
bool mr_input_log_break(struct mr_input_log *log, const struct mr_instrument *instrument, uint8_t cause,
                        int64_t recv_ns);
bool mr_input_log_generation(struct mr_input_log *log, uint64_t number, int64_t recv_ns);
/* Each millisecond or so: hands over what is worth a record. */
void mr_input_log_housekeep(struct mr_input_log *log, int64_t now_ns);
void mr_input_log_flush(struct mr_input_log *log, int64_t now_ns); /* all of it: at halt */

/* ---- reading ---- */
struct mr_input {
    uint8_t kind; /* enum mr_input_kind */
    uint8_t cause, venue, product; /* BREAK */
    uint32_t ring;                 /* TAKE */
    uint64_t count;                /* TAKE: groups, never 0; GENERATION: its number */
    int64_t ns;                    /* TICK, BREAK, GENERATION */
    struct mr_span symbol;         /* BREAK: in the record's bytes */
};
struct mr_input_reader {
    const uint8_t *data;
    uint32_t len, at;
    uint64_t number;
    int64_t last_ns;
    int status;
};
/* MR_OK; MR_E_VERSION, MR_E_TRUNCATED, MR_E_MALFORMED. reader->number: of this record in its row. */
int mr_input_open(struct mr_input_reader *r, const uint8_t *data, uint32_t len);
/* MR_OK, MR_E_END, or what is wrong (sticks). */
int mr_input_next(struct mr_input_reader *r, struct mr_input *out);

#endif
