/* A data plane's shared memory without a data plane: a workspace file with taps, instruments and images, and calls that
 * write them as the engine tile does. */
#ifndef MR_TESTS_CONSUME_WRITER_H
#define MR_TESTS_CONSUME_WRITER_H

#include "codecs/event/instrument.h"
#include "dataplane/plane/plane.h"
#include "dataplane/ring/image.h"
#include "dataplane/ring/ring.h"
#include "dataplane/ring/workspace.h"

struct writer {
    char folder[64], path[128]; /* RUN/test/workspace in a new folder; MILLRACE_RUN is set to RUN */
    struct mr_workspace ws;
    struct mr_instruments *table;
    struct mr_ring_writer events, signals, control; /* control: the control plane's own ring of signals */
    uint64_t config;                                /* hash of what this data plane says it runs with */
    struct mr_image *book, *state, *connections;
    uint64_t sent; /* trades of this run */
};

void writer_folder(struct writer *w);                     /* makes it */
void writer_start(struct writer *w, uint32_t slots);      /* a new run: a new workspace, committed */
void writer_stop(struct writer *w);                       /* the file stays */
void writer_remove(struct writer *w);                     /* of the folder, and stop */
void writer_trade(struct writer *w, uint32_t instrument); /* the next one: seq, price and size follow from its number */
void writer_book(struct writer *w, uint32_t bids, uint32_t asks);
void writer_signal(struct writer *w, uint64_t seq);
void *writer_region(struct writer *w, const char *name, size_t *bytes);

#endif
