/* The trace record of a histogram's maximum: which message it was, where it came from, what the stages before took, on which core.
 *
 * It lies behind the histogram's counts and is written by the histogram's own writer, only when a value is a new maximum (the branch that
 * stores the maximum): a record's words and sched_getcpu, which glibc answers from memory. No system call, no allocation, no lock. What
 * happened around it (interrupts, other threads on its core) is found out by another thread about once a second (pinning/watch.h), which
 * writes it into a place of its own; it says by time and value to which record it belongs.
 *
 * Both are images (dataplane/ring/image.h): a reader has a whole one or none, also after the writer's death.
 * Memory  plain old data, no pointers; numbers of instruments and connections are those of the same workspace. */
#ifndef MR_METRICS_TRACE_H
#define MR_METRICS_TRACE_H

#include "dataplane/base/base.h"

#define MR_TRACE_NONE UINT32_MAX /* no such instrument or connection, number of slots or bytes not known */
#define MR_TRACE_TILE_NONE UINT8_MAX
#define MR_TRACE_CLOCK_NONE UINT8_MAX
#define MR_TRACE_BEGINS 88

/* Whose thread recorded it. */
enum mr_trace_thread { MR_TRACE_THREAD_UNKNOWN, MR_TRACE_THREAD_FEED, MR_TRACE_THREAD_ENGINE, MR_TRACE_THREAD_TRADE };

struct mr_trace {
    int64_t value;                        /* the maximum */
    int64_t at_ns;                        /* wall time as it was recorded; 0: there is no record */
    int64_t recv_ns, venue_ns;            /* of the message; 0 not known */
    uint64_t seq;                         /* the venue's number, by kind */
    int64_t decode_ns, wait_ns, apply_ns; /* of this message; below zero: not known, or not reached yet */
    uint32_t instrument, connection;
    uint32_t bytes, slots; /* of the message's frame; of its event group */
    uint32_t waiting;      /* behind it: slots in the ring (engine, feed_tile), bytes of plaintext (session) */
    int32_t core;          /* -1 not known */
    uint8_t thread;        /* enum mr_trace_thread */
    uint8_t tile;          /* feed tile that received it */
    uint8_t kind, clock;   /* enum mr_event_kind, 0 not decoded yet, or a signal; enum mr_clock_source */
    char begins
        [MR_TRACE_BEGINS]; /* kind 0: the message's first bytes, the signal's words, or the name of the order's instrument */
    uint8_t source, spare[11]; /* the venue's message kind: index into its kinds[] */
};

#define MR_TRACE_ROWS 3
struct mr_trace_around {
    int64_t value, at_ns;   /* of the record it belongs to */
    int64_t from_ns, to_ns; /* wall times of the two looks */
    int64_t interrupts;     /* on the record's core between them; below zero: not known. So the others: */
    int64_t preempted;      /* times that its thread was put off its core for another */
    int64_t slept;          /* times that its thread gave its core up by itself */
    int64_t put_off_ns;     /* how long its thread was ready to run and did not */
    uint32_t row_count, spare;
    struct {
        int64_t count;
        char what[48];
    } row[MR_TRACE_ROWS]; /* interrupts that came most often */
    uint64_t spare2[2];
};
static_assert(sizeof(struct mr_trace) == 192 && sizeof(struct mr_trace_around) == 256, "whole lines, no holes");

/* Behind a histogram's counts. */
struct mr_trace_pair {
    uint64_t trace[(64 + 2 * sizeof(struct mr_trace)) / 8], around[(64 + 2 * sizeof(struct mr_trace_around)) / 8];
};

struct mr_hist;
/* Of nothing known but its value and time. */
struct mr_trace mr_trace_of(int64_t value, int64_t at_ns);
/* By the histogram's writer, straight after the value that mr_hist_record_bits called its new maximum; fills in the core. */
void mr_hist_trace_put(struct mr_hist *h, unsigned sub_bits, struct mr_trace *trace);
/* Of a histogram of one's own, a copy (mr_hist_copy brings both along), or one of a workspace that this process made.
 * MR_OK and the record of the maximum that the histogram has now; MR_E_EMPTY: none is kept here, or it is just being written. */
int mr_hist_trace(const struct mr_hist *h, struct mr_trace *out);
/* By one thread for all histograms, not their writers. */
void mr_hist_around_put(struct mr_hist *h, const struct mr_trace_around *around);
/* What happened around that record; MR_E_EMPTY: not known (yet). */
int mr_hist_around(const struct mr_hist *h, const struct mr_trace *of, struct mr_trace_around *out);

#endif
