/* Merge: N connections of one feed, each bringing the same messages in the same order; the first copy of each wins.
 *
 *     lane 0  ..5 6 7 8|            8 is new: passed on, kept in the window
 *     lane 1  ..5 6|7               7 is what lane 1 was expected to bring next: a copy, dropped
 *
 * Places, not sets: each stream (instrument, message kind, event kind) has a window of what was passed on, and each lane a place in it. A
 * lane's next event is compared with the one at its place: equal, it is a copy; at the window's end it is new. So an event that comes
 * twice by right is passed on twice, nothing that is new is ever taken for a copy, and a stream never goes backwards, whichever lane leads.
 *
 * In step. A lane that has just opened does not know its place. It finds it when it brings what the window has, or when another
 * lane brings what it brought; until then its events wait (at most `wait_ns`), so that a fast new lane cannot overtake what is still on its way
 * by the others. Where no lane is in step, the others wait for the one that has been open longest, which waits for nobody.
 *
 * Holes. Where a stream's numbers follow one another (books by the venue's rule, kinds that venue.h calls consecutive), an event that does not
 * follow waits for another lane to bring what is missing, at most `wait_ns`; if nobody can bring it any more, not at all. Then it
 * is passed on as it is, and books make their GAP of it. Elsewhere only a cut connection loses, and what it lost the others bring in order.
 *
 * What is compared, by kind: README.md has the table. Exact: whole numbers and values, no hashes.
 *
 * Bounds  `window_slots` for all streams together: the oldest go. A lane that lags further than that is out of step there: what is older than the window
 *         counts as copies and is dropped. `hold_slots` of waiting events: when full, the longest waiting end their wait. `streams_max`: of
 *         further streams only the longest open lane's are passed on.
 * Memory  mr_merge_bytes(config), planned at boot; the window holds heads and levels of single events, and only heads of book messages.
 * Thread  the feed tile.   Errors  none: everything offered is passed on, a counted copy, or waits. */
#ifndef MR_MERGE_MERGE_H
#define MR_MERGE_MERGE_H

#include "codecs/event/event.h"
#include "codecs/venue/venue.h"
#include "dataplane/metrics/metrics.h"

#define MR_MERGE_LANES_MAX 32
#define MR_MERGE_ROUTES_MAX 8

/* clang-format off */
#define MR_MERGE_METRICS(COUNTER, GAUGE, HIST)                                                            \
    COUNTER(offered,   "events", "of all connections while there were several")                           \
    COUNTER(passed,    "events", "passed on: the first copy of each")                                     \
    COUNTER(copies,    "events", "dropped: another connection had brought them")                          \
    COUNTER(covered,   "events", "dropped: older than what was passed on, and not in the window")         \
    COUNTER(waited,    "events", "that waited for another connection to bring what comes before them")    \
    COUNTER(healed,    "holes",  "filled by another connection")                                          \
    COUNTER(gave_up,   "waits",  "that ended without what was waited for: nobody brought it in time, or could") \
    COUNTER(late,      "events", "trades and liquidations passed on after later ones: the leading connection had lost them") \
    COUNTER(fell_back, "times",  "a connection's place in a stream fell out of the window")               \
    COUNTER(crowded,   "events", "of streams beyond what the merge has room for")                         \
    GAUGE  (lanes,     "connections", "merged now")                                                       \
    GAUGE  (waiting,   "events", "waiting now")
#define MR_LANE_METRICS(COUNTER, GAUGE, HIST)                                                             \
    COUNTER(won,     "events", "that this connection brought first")                                      \
    COUNTER(copies,  "events", "that another connection had brought before")                              \
    COUNTER(missed,  "events", "that others brought and this connection never did")                       \
    HIST   (lead_ns, "ns",     "how long after this connection's first copy another's came")
/* clang-format on */
MR_METRICS_DECLARE(mr_merge, MR_MERGE_METRICS);
MR_METRICS_DECLARE(mr_lane, MR_LANE_METRICS);

struct mr_merge_config {
    const struct mr_venue *venue;
    uint8_t product;
    uint32_t lanes_max;    /* at most MR_MERGE_LANES_MAX */
    uint32_t streams_max;  /* a power of two */
    uint32_t window_slots; /* a power of two, at least 256 */
    uint32_t hold_slots;   /* a power of two, at least 8192: the longest group and as much again */
    /* A group whose turn it is: `held` ones lie in the merge's memory until the call returns, others are the caller's own. Must
     * not call the merge. */
    void (*pass)(void *arg, union mr_slot *group, bool held);
    /* The instrument's book has no beginning and wants an image. */
    bool (*wants_image)(void *arg, uint32_t instrument);
    void *arg;
};

struct mr_merge;
size_t mr_merge_bytes(const struct mr_merge_config *config);
struct mr_merge *mr_merge_init(void *mem, const struct mr_merge_config *config, struct mr_merge_metrics *metrics);

/* Forgets all streams; lanes stay. Before the first event of a stretch in which there are several lanes. `wait_ns` 0: nothing is waited for. */
void mr_merge_begin(struct mr_merge *merge, int64_t wait_ns);
/* A connection may bring events from now on. `route`: connections of different routes bring different streams and do not wait for each other.
 * Its lane, or -1: there are lanes_max already. `metrics` may be NULL. */
int mr_merge_open(struct mr_merge *merge, uint16_t connection, uint8_t route, struct mr_lane_metrics *metrics);
/* It brings none any more: what waited for it goes on, if it has to. */
void mr_merge_close(struct mr_merge *merge, uint16_t connection);
int mr_merge_lane(const struct mr_merge *merge, uint16_t connection); /* -1: not open */
uint32_t mr_merge_lanes(const struct mr_merge *merge);
uint32_t mr_merge_open_lanes(const struct mr_merge *merge); /* bit for each */
struct mr_merge_open {
    uint16_t connection;
    uint8_t route;
};
/* Those that are open, the longest open first. How many. */
uint32_t mr_merge_opened(const struct mr_merge *merge, struct mr_merge_open out[MR_MERGE_LANES_MAX]);
/* One group of a lane, in the lane's order. Passes on what may go. Changes nothing in the group. */
void mr_merge_take(struct mr_merge *merge, int lane, union mr_slot *group);
/* When the longest wait ends; INT64_MAX: nothing waits. At that time, or after, mr_merge_due. */
int64_t mr_merge_due_ns(const struct mr_merge *merge);
void mr_merge_due(struct mr_merge *merge, int64_t now_ns);

#endif
