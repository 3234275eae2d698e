/* Recordings as a source: JSON lines (plain or .zst) with their receive times and REST bodies, our own segments, and whole
 * folders of them as the record tile writes them: one input a row of segments, each in the order it was written.
 *
 * `X.recv` (one receive time a line, ns) and `X.rest.json` (array of {url, recv_ns, body}) beside `X.jsonl[.zst]` are
 * found by name, or given. REST bodies enter at their receive time; several inputs merge by receive time, earliest
 * first, ties in the order given.
 *
 * What `millrace capture export` writes has more, so that nothing of a recording is lost on the way: a line of X.recv may go on with the
 * connection's number, the clock (enum mr_clock_source) and VENUE:PRODUCT (of all lines or of none; then no --venue is needed, and one file may
 * hold many); elements of X.rest.json may have `line`, the number of the line they stand before
 * (all of them, or none), `connection`, `clock`, `product`, `text` in place of `body` for what is no JSON, and `event`, "opened", "closed" or "note", in place of
 * `url`. Without receive times the pieces carry clock MR_CLOCK_VENUE and recv_ns 0: the
 * decoder's venue time serves, and the replay says so (mr_replay_untimed).
 *
 * Memory  whole files are read at open (cold, by malloc); poll lends pieces of them and allocates nothing. Of a folder one segment a row is in
 *         memory; the poll that comes to the end of it reads the next.
 * Errors  a file that cannot be read, is of no known kind, or whose parts do not fit together (recv lines, JSON) is
 *         refused at open with its name and line; a segment's tear ends that input and is counted (mr_replay_torn). */
#ifndef MR_SOURCE_REPLAY_H
#define MR_SOURCE_REPLAY_H

#include "dataplane/source/source.h"

struct mr_replay_input {
    const char *path;        /* .jsonl, .jsonl.zst, a segment, or a folder of segments */
    const char *recv, *rest; /* NULL: found by name, if there */
    uint8_t venue, product;  /* of JSON lines; segments know theirs */
};

struct mr_replay_config {
    const struct mr_replay_input *inputs;
    uint32_t count;
    double pace; /* 1 as recorded, N times as fast, 0 as fast as possible */
    bool align;  /* shift every input in time so that its first frame comes with that of the first input */
};

#define MR_REPLAY_INPUTS_MAX 64

extern const struct mr_source_ops mr_source_replay;

uint32_t mr_replay_untimed(const struct mr_source *s); /* inputs without receive times */
uint32_t mr_replay_torn(const struct mr_source *s);    /* segments that ended in a tear or a bad block */
uint64_t mr_replay_lost(const struct mr_source *s);    /* records that notes so far say were lost while recording */

#endif
