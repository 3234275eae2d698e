/* A/B arbitration of a datagram feed: several lines carry the same numbered datagrams; the first copy of each wins, whichever
 * line brings it, and goes on in order of its number. A hole is waited for, for at most `patience_ns` or `window` datagrams, since the other line may
 * be late; then it is a counted gap. What comes after that is late, and dropped.
 *
 * The number stands at a fixed place in each datagram: offset, width (1, 2, 4 or 8 bytes) and byte order come from the config. It may wrap at its
 * width.
 *
 * Far numbers: more than `window` behind what is expected next, or 2 x `window` and more ahead. One such datagram is damaged or a stray, and must not
 * move the feed. So they are kept apart, and only MR_ARBITER_RUN different numbers within one window of each other, with no progress of the present numbering
 * in between, are believed: ahead, the numbers skipped are a gap; behind, the publisher began anew (`restarts`). Those that are not believed are
 * counted as strays. A line that goes on from its own last number lags, however far: its datagrams are late, not a restart, unless nothing else has come for
 * a second (MR_ARBITER_IDLE_NS). After such a second also numbers that the same line brought before count as far.
 *
 *     datagrams = delivered + copies + late + strays + short_ones + waiting, at any time
 *
 * Memory  mr_arbiter_bytes(config); datagrams that wait are copied into it (only those: in order nothing is copied).
 * Thread  one tile. */
#ifndef MR_NET_ARBITER_H
#define MR_NET_ARBITER_H

#include "dataplane/base/base.h"
#include "dataplane/metrics/metrics.h"

#define MR_ARBITER_LINES_MAX 4
#define MR_ARBITER_RUN 4 /* far numbers that are believed */
#define MR_ARBITER_IDLE_NS INT64_C(1000000000)

/* clang-format off */
#define MR_ARBITER_METRICS(COUNTER, GAUGE, HIST)                                                    \
    COUNTER(datagrams,  "datagrams", "offered by all lines")                                        \
    COUNTER(delivered,  "datagrams", "handed on, each number once and in order")                    \
    COUNTER(copies,     "datagrams", "dropped: another line brought it first, or the same line twice") \
    COUNTER(late,       "datagrams", "dropped: their gap had been declared already, or their line lags too far") \
    COUNTER(strays,     "datagrams", "dropped: a number far from the others, and no more of its kind followed") \
    COUNTER(short_ones, "datagrams", "dropped: too short to hold a number")                         \
    COUNTER(held,       "datagrams", "kept until an earlier one came")                              \
    COUNTER(gaps,       "gaps",      "holes that no line filled in time")                           \
    COUNTER(lost,       "datagrams", "in those gaps")                                               \
    COUNTER(restarts,   "times",     "the numbers began anew")                                      \
    GAUGE  (waiting,    "datagrams", "kept now")                                                     \
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
    uint32_t window;       /* datagrams that may wait: a power of two, 64..65536, at most a quarter of the numbers */
    uint32_t datagram_max; /* longest one that can wait: 1500 */
    int64_t patience_ns;   /* a hole is waited for so long: 1 ms .. 1 s */
    uint32_t lines;        /* 1: nothing is waited for, a hole is a gap at once */
    /* In order; the whole datagram, the caller's own bytes or the arbiter's copy, good until it returns. */
    void (*deliver)(void *arg, uint64_t number, uint8_t *data, uint32_t len, uint16_t line, int64_t recv_ns,
                    uint8_t clock);
    /* A hole, by its numbers. When the numbers began anew, `first` was expected and `last` + 1 comes: what lies between is not known.
     * Neither function may call the arbiter. */
    void (*gap)(void *arg, uint64_t first, uint64_t last, int64_t now_ns);
    void *arg;
    struct mr_arbiter_metrics *metrics; /* NULL: counted in own memory, unseen */
};
struct mr_arbiter;
size_t mr_arbiter_bytes(const struct mr_arbiter_config *config);
int mr_arbiter_check(const struct mr_arbiter_config *config, struct mr_err *err);
struct mr_arbiter *mr_arbiter_init(void *mem, const struct mr_arbiter_config *config);
/* One datagram of one line (below config.lines), received at `recv_ns`, on the clock of housekeep's now; calls deliver and gap as it comes to that. */
void mr_arbiter_take(struct mr_arbiter *a, uint16_t line, uint8_t *data, uint32_t len, int64_t recv_ns, uint8_t clock);
void mr_arbiter_housekeep(struct mr_arbiter *a, int64_t now_ns); /* holes whose patience is over */

#endif
