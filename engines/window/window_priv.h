/* Inside of mr_window: the event buffer, the cells old events are folded into, a cursor for each window. */
#ifndef MR_WINDOW_WINDOW_PRIV_H
#define MR_WINDOW_WINDOW_PRIV_H

#include "engines/window/window.h"

#define PEAKS_DEFAULT 128u

/* `value` is the notional of a long, or the complement of that of a short: negative says short, also for 0. */
struct window_event {
    int64_t time_ns, value;
};

/* Running totals since the start. They may wrap: only differences are used. */
struct window_total {
    uint64_t count, long_micro, short_micro;
};

/* Events with times in one (k, k + 1] x 100 ms. */
struct window_cell {
    int64_t last_ns; /* of its last event */
    struct window_total total; /* up to and with its last event */
};

/* Positions count from the start of the stream and never wrap; a ring index is position modulo capacity. */
struct window_cursor {
    int64_t width_ns, cutoff_ns;
    uint64_t event, cell;     /* the oldest inside the window; the end where there is none */
    struct window_total base; /* of all that has left it */
};

struct mr_window {
    int64_t now_ns, advanced_ns;     /* the newest time seen; the time the cursors stand at */
    uint32_t cursors, longest; /* how many; the index of the longest */
    uint64_t event_mask, cell_count;
    uint64_t first_event, end_event; /* single events kept */
    uint64_t end_cell;               /* cells ever begun */
    struct window_total total, folded;
    struct mr_peak peak;
    struct window_event *events;
    struct window_cell *cells;
    struct window_cursor cursor[MR_WINDOWS_MAX];
};

#endif
