/* Sliding windows (t - W, t] over a stream of events: how many, how much on each side, and the largest.
 *
 * All windows of one stream share one buffer of events; a window is a cursor at its oldest event and the running totals
 * before that event, so its content is a difference of two totals. Adding an event and letting old ones go is O(1)
 * amortised and exact: totals are integers, nothing drifts.
 *
 * When the buffer is full, the oldest events are folded into cells of 100 ms, unless they have left every window:
 * (k, k + 1] x 100 ms. Cells reach back over the longest window whatever the rate is, so nothing is ever lost. A window
 * whose old end lies among the cells
 *   - is still exact at every multiple of 100 ms (cells end there), that is at every tick, and
 *   - between two of them may still count events that left less than 100 ms ago; it then says so (MR_WINDOW_COARSE).
 * The largest event keeps its own short list of candidates (mr_peak); when that overflows, which takes a long run of
 * ever smaller events, the value is an upper bound and says so (MR_WINDOW_PEAK_BOUND).
 *
 * Time    engine time, never backwards: an older time is taken as the newest one seen. Windows are multiples of 100 ms,
 *         at most 300 s.
 * Memory  mr_window_bytes(), given by the caller; no pointers leave.   Thread  the owner's.
 * Silence letting a whole window go costs its number of buffered entries once, and nothing after that. */
#ifndef MR_WINDOW_WINDOW_H
#define MR_WINDOW_WINDOW_H

#include "dataplane/base/base.h"

#define MR_WINDOW_CELL_NS   100000000ll
#define MR_WINDOW_MS_MAX    300000u
#define MR_WINDOWS_MAX      12u        /* cursors of one stream: 8 for the user and what an engine needs itself */
#define MR_WINDOW_MICRO_MAX                                                                                            \
    1000000000000000ll /* one event counts as at most 1e9 USD: window totals then cannot wrap below 9,223 of these */

enum mr_window_flag {
    MR_WINDOW_COARSE = 1 << 0,     /* overflow: exact at ticks, up to 100 ms of old events too many between them */
    MR_WINDOW_PEAK_BOUND = 1 << 1, /* overflow: `largest_micro` is an upper bound */
};

struct mr_window_config {
    uint32_t events;                    /* buffered singly before folding; a power of two, 16 .. 1 << 20 */
    uint32_t peaks;                     /* candidates for the largest; 0: 128 */
    uint32_t windows_ms[MR_WINDOWS_MAX]; /* any order; 0 ends the list */
};

struct mr_window_sum {
    uint64_t count;
    int64_t long_micro, short_micro; /* of longs and of shorts; of buys and of sells where events are trades */
    int64_t largest_micro;
    uint32_t flags; /* enum mr_window_flag */
};

struct mr_window;

size_t mr_window_bytes(const struct mr_window_config *config);
/* An empty stream at time INT64_MIN in `mem` (8-byte aligned). Config outside its bounds is ours to prevent:
 * asserted. */
struct mr_window *mr_window_init(void *mem, const struct mr_window_config *config);

/* Adds one event; `micro` is clamped to 0 .. MR_WINDOW_MICRO_MAX. What is old by now leaves with the next advance,
 * which has to come before a question. */
void mr_window_add(struct mr_window *window, int64_t now_ns, int64_t micro, bool is_short);
/* Lets go what is older than each window at `now_ns`. */
void mr_window_advance(struct mr_window *window, int64_t now_ns);
/* Content of window `i` of the config. Nothing was added since the last advance. */
void mr_window_query(const struct mr_window *window, uint32_t i, struct mr_window_sum *out);
uint64_t mr_window_count(const struct mr_window *window, uint32_t i); /* the count alone */
int64_t mr_window_micro(const struct mr_window *window, uint32_t i);  /* both sides together */
bool mr_window_empty(const struct mr_window *window);                 /* the longest window is */
/* events that are kept singly no longer: gone from all windows, or folded into cells */
uint64_t mr_window_folded(const struct mr_window *window);

/* The largest of the values of the last W, for any W: a list of candidates, each newer and smaller than the one
 * before. */
struct mr_peak_entry {
    int64_t time_ns, value;
};
struct mr_peak {
    uint32_t head, count, capacity;
    int64_t bound_ns; /* maxima of windows that begin before this may be too large; INT64_MIN: none */
    struct mr_peak_entry *entries;
};
void mr_peak_init(struct mr_peak *peak, struct mr_peak_entry *entries, uint32_t capacity);
void mr_peak_add(struct mr_peak *peak, int64_t time_ns, int64_t value);
void mr_peak_expire(struct mr_peak *peak, int64_t cutoff_ns);             /* forgets what is at or before the cutoff */
/* the largest later than the cutoff; 0 if none */
int64_t mr_peak_after(const struct mr_peak *peak, int64_t cutoff_ns);

#endif
