/* Whether our clock and a venue's agree, judged by how late its messages come: receive time minus venue time, of each message.
 *
 * That lag is the difference of the two clocks, plus the way, plus queues. Queues only add, so the least lag of a while (its floor) is the
 * clocks' difference plus the shortest way; a floor below zero proves that the clocks disagree by at least so much. Floors are taken of
 * windows of ten seconds: the third least lag of each, so that one or two messages with wrong times mean nothing.
 *
 *     offset   the least floor of the last minute
 *     drift    the slope of the floors of the last five minutes (least squares)
 *     jump     two floors in a row far from the median of those before them: history begins anew. One such floor alone is an outlier.
 *
 * Pure: no clock is read, nothing is allocated. No event's time is ever changed by what is found here.
 * Thread  its owner's.   Cost  two compares a message; each ten seconds a fit of thirty floors.
 * Limits  a longer way (another route) looks like a clock that fell back; venue times in whole milliseconds make floors as coarse. */
#ifndef MR_CLOCK_HEALTH_H
#define MR_CLOCK_HEALTH_H

#include "dataplane/base/base.h"

#define MR_CLOCK_WINDOW_NS 10000000000ll
#define MR_CLOCK_FLOORS 30          /* kept: five minutes */
#define MR_CLOCK_LEAST 8            /* a window with fewer messages goes on */
#define MR_CLOCK_JUMP_NS 20000000ll /* less, and it may be the network's doing */
#define MR_CLOCK_LATE_NS 1000000000ll
#define MR_CLOCK_DRIFT_PPM 50.0

/* Values stand in metrics and never change. */
#define MR_CLOCK_STATES(X)                                                                                             \
    X(UNKNOWN, 0, "unknown", "too few messages with a venue time yet")                                                 \
    X(GOOD, 1, "good", "the least lag is above zero, and steady")                                                      \
    X(BEHIND, 2, "behind", "messages come before they were sent: our clock is behind the venue's")                     \
    X(LATE, 3, "late",                                                                                                 \
      "even the quickest message comes a second late: our clock is ahead, or the venue sends old news")                \
    X(DRIFTS, 4, "drifts", "the clocks run apart, by more than 50 ppm")                                                \
    X(JUMPED, 5, "jumped", "the difference changed at once, within the last minute")

enum mr_clock_state {
#define MR_X(name, value, text, help) MR_CLOCK_IS_##name = (value),
    MR_CLOCK_STATES(MR_X)
#undef MR_X
};

struct mr_clock_health {
    int64_t low[3]; /* least lags of this window, ascending */
    int64_t begin_ns;
    uint32_t count; /* of this window */
    uint32_t floors, next;
    uint32_t windows, since_jump; /* closed in all; since the last jump */
    uint64_t jumps, outliers;
    int64_t floor_ns[MR_CLOCK_FLOORS], at_ns[MR_CLOCK_FLOORS]; /* a circle */
    int64_t suspect_ns;                                        /* a floor that may be the first after a jump */
    bool suspected;
    /* what is found; good once floors > 0 */
    int64_t offset_ns, jump_ns;
    double drift_ppm;
};

void mr_clock_health_init(struct mr_clock_health *h);
bool mr_clock_health_close(struct mr_clock_health *h, int64_t recv_ns);
enum mr_clock_state mr_clock_health_state(const struct mr_clock_health *h);
const char *mr_clock_state_name(unsigned state); /* "?" for none of them */

/* One message. True: a window has closed, what is found may be new. */
MR_INLINE bool mr_clock_health_add(struct mr_clock_health *h, int64_t recv_ns, int64_t lag_ns)
{
    h->count++;
    if (mr_unlikely(lag_ns < h->low[2])) {
        bool least = lag_ns < h->low[0], second = lag_ns < h->low[1];
        h->low[2] = second ? h->low[1] : lag_ns;
        h->low[1] = least ? h->low[0] : second ? lag_ns : h->low[1];
        h->low[0] = least ? lag_ns : h->low[0];
    }
    /* unsigned: a receive time before the window's begin is far behind its end, too */
    return mr_unlikely((uint64_t)recv_ns - (uint64_t)h->begin_ns >= MR_CLOCK_WINDOW_NS) &&
           mr_clock_health_close(h, recv_ns);
}

#endif
