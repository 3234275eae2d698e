/* What a soak looks at, from outside: the data plane's workspace, as any tool would, and what the system says of its process.
 *
 * Memory  malloc at open.   Thread  one. */
#ifndef MR_SOAK_SAMPLE_H
#define MR_SOAK_SAMPLE_H

#include <sys/types.h>

#include "dataplane/metrics/metrics.h"
#include "dataplane/plane/plane.h"
#include "dataplane/ring/workspace.h"

/* Histograms, summed over all of that name. */
#define MR_SOAK_STAGES(X)                                                                                              \
    X(FRAME, "frame", "session", "frame_ns", "bytes received to WebSocket message")                                    \
    X(DECODE, "decode", "feed_tile", "decode_ns", "bytes received to event in the ring")                               \
    X(WAIT, "wait", "engine", "wait_ns", "in the ring")                                                                \
    X(APPLY, "apply", "engine", "apply_ns", "books and engines")                                                       \
    X(PATH, "path", "engine", "path_ns", "bytes received to engines done")
enum mr_soak_stage {
#define MR_X(id, name, family, metric, what) MR_SOAK_##id,
    MR_SOAK_STAGES(MR_X)
#undef MR_X
        MR_SOAK_STAGE_COUNT
};

/* Counters, summed over all blocks of that family. `drop`: something was lost, or left out on purpose, and this says why. */
#define MR_SOAK_COUNTS(X)                                                                                              \
    X(session_frames, "session", "frames", false)                                                                      \
    X(closes, "session", "closes", false)                                                                              \
    X(groups, "feed", "groups", false)                                                                                 \
    X(taken, "engine", "groups", false)                                                                                \
    X(gaps, "feed", "gaps", true)                                                                                      \
    X(old, "feed", "old", true)                                                                                        \
    X(malformed, "feed", "malformed", true)                                                                            \
    X(truncated, "feed", "truncated", true)                                                                            \
    X(inexact, "feed", "inexact", true)                                                                                \
    X(overflow, "feed", "overflow", true)                                                                              \
    X(range, "feed", "range", true)                                                                                    \
    X(unknown, "feed", "unknown", true)                                                                                \
    X(no_symbol, "feed", "no_symbol", true)                                                                            \
    X(no_join, "feed", "no_join", true)                                                                                \
    X(refused, "feed", "refused", true)                                                                                \
    X(ring_full, "feed_tile", "ring_full", true)                                                                       \
    X(signals_lost, "engine", "signals_lost", true)                                                                    \
    X(corrupt, "engine", "corrupt", true)
struct mr_soak_counts {
#define MR_X(field, family, metric, drop) uint64_t field;
    MR_SOAK_COUNTS(MR_X)
#undef MR_X
};

struct mr_soak_stage_times {
    uint64_t count;
    int64_t p50_ns, p99_ns, p999_ns;
};
struct mr_soak_sample {
    double at_s; /* of the monotonic clock */
    uint64_t rss_kb;
    uint32_t descriptors, books, books_live;
    double cpu_s;                                           /* the data plane's, so far */
    struct mr_soak_counts counts;                           /* so far */
    struct mr_soak_stage_times stages[MR_SOAK_STAGE_COUNT]; /* since the last sample */
};

struct mr_soak_look;
/* `books`: of the instruments 0 to books - 1. Attaches the workspace read-only. */
int mr_soak_look_open(struct mr_soak_look **look, pid_t pid, const char *workspace, uint32_t books, struct mr_err *err);
void mr_soak_look_close(struct mr_soak_look *look);
void mr_soak_look(struct mr_soak_look *look, struct mr_soak_sample *out);
void mr_soak_look_counts(struct mr_soak_look *look, struct mr_soak_counts *out);
bool mr_soak_look_book(struct mr_soak_look *look, uint32_t id, struct mr_plane_book *out);
bool mr_soak_look_instrument(struct mr_soak_look *look, uint32_t id, struct mr_instrument *out);
/* All connections live, all books too. `why` names the first that is not. */
bool mr_soak_look_live(struct mr_soak_look *look, char *why, size_t room);
/* Another process' memory and descriptors; false: it has gone. */
bool mr_soak_process(pid_t pid, uint64_t *rss_kb, uint32_t *descriptors, double *cpu_s);
double mr_soak_now_s(void);

#endif
