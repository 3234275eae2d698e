/* A/B arbitration of a datagram feed: several lines carry the same numbered datagrams; the first copy of each wins, whichever
 * line brings it, and goes on in order of its number. A hole is waited for, for at most `patience_ns` or `window` datagrams, since the other line may
 * be late; then it is a counted gap.
 *
 * The number stands at a fixed place in each datagram: offset, width (1, 2, 4 or 8 bytes) and byte order come from the config. It may wrap at its
 * width. Number going far back (a publisher's restart) begins anew, counted.
 *
 * Memory  mr_arbiter_bytes(config); datagrams that wait are copied into it (only those: in order nothing is copied).
 * Thread  one tile. */
#ifndef MR_NET_ARBITER_H
#define MR_NET_ARBITER_H

#include "dataplane/base/base.h"
#include "dataplane/metrics/metrics.h"

#define MR_ARBITER_LINES_MAX 4

/* clang-format off */
#define MR_ARBITER_METRICS(COUNTER, GAUGE, HIST)                                                    \
    COUNTER(datagrams,  "datagrams", "offered by all lines")                                        \
    COUNTER(delivered,  "datagrams", "handed on, each number once and in order")                    \
    COUNTER(copies,     "datagrams", "dropped: another line brought it first, or the same line twice") \
    COUNTER(late,       "datagrams", "dropped: their gap had been declared already")                \
    COUNTER(short_ones, "datagrams", "dropped: too short to hold a number")                         \
    COUNTER(held,       "datagrams", "kept until an earlier one came")                              \
    COUNTER(gaps,       "gaps",      "holes that no line filled in time")                           \
    COUNTER(lost,       "datagrams", "in those gaps")                                               \
    COUNTER(restarts,   "times",     "the numbers began anew")                                      \
    COUNTER(won_a,      "datagrams", "first brought by line 0")                                     \
    COUNTER(won_b,      "datagrams", "first brought by line 1")                                     \
    COUNTER(won_other,  "datagrams", "first brought by line 2 or 3")                                \
    HIST   (lead_ns,    "ns",        "how long after the first copy the second came")
/* clang-format on */
MR_METRICS_DECLARE(mr_arbiter, MR_ARBITER_METRICS);

struct mr_arbiter_config {
    uint16_t number_offset;
    uint8_t number_width;  /* 1, 2, 4, 8 */
    bool number_little;    /* byte order; else big endian */
    uint32_t window;       /* datagrams that may wait: a power of two, 64..65536 */
    uint32_t datagram_max; /* longest one that can wait: 1500 */
    int64_t patience_ns;   /* a hole is waited for so long: 1 ms .. 1 s */
    uint32_t lines;        /* 1: nothing is waited for, a hole is a gap at once */
    /* In order. `first`, `last`: the numbers of the hole. */
    void (*deliver)(void *arg, uint64_t number, uint8_t *data, uint32_t len, uint16_t line, int64_t recv_ns,
                    uint8_t clock);
    void (*gap)(void *arg, uint64_t first, uint64_t last, int64_t now_ns);
    void *arg;
    struct mr_arbiter_metrics *metrics;
};
struct mr_arbiter;
size_t mr_arbiter_bytes(const struct mr_arbiter_config *config);
int mr_arbiter_check(const struct mr_arbiter_config *config, struct mr_err *err);
struct mr_arbiter *mr_arbiter_init(void *mem, const struct mr_arbiter_config *config);
/* One datagram of one line; calls deliver and gap as it comes to that. */
void mr_arbiter_take(struct mr_arbiter *a, uint16_t line, uint8_t *data, uint32_t len, int64_t recv_ns, uint8_t clock);
void mr_arbiter_housekeep(struct mr_arbiter *a, int64_t now_ns); /* holes whose patience is over */

#endif
