#include "engines/window/window.h"

#include "engines/window/grid.h"
#include "engines/window/window_priv.h"

static void total_add(struct window_total *total, int64_t value)
{
    total->count++;
    if (value >= 0)
        total->long_micro += (uint64_t)value;
    else
        total->short_micro += (uint64_t)~value;
}

/* Cells first: all of them are older than every single event. A cell leaves as a whole, when its last event does. Its
 * total counts only if it goes beyond what already left: events may have left singly and been folded later. */
static void cursor_pass_cells(struct mr_window *window, struct window_cursor *cursor)
{
    while (cursor->cell < window->end_cell) {
        const struct window_cell *cell = &window->cells[cursor->cell % window->cell_count];
        if (cell->last_ns > cursor->cutoff_ns)
            return;
        if (cell->total.count > cursor->base.count)
            cursor->base = cell->total;
        cursor->cell++;
    }
}

/* Lets the events up to the cutoff go. Sides are told apart without a branch: `side` is all ones for a short. */
static void cursor_pass_events(const struct mr_window *window, struct window_cursor *cursor)
{
    const struct window_event *events = window->events;
    const uint64_t mask = window->event_mask, end = window->end_event;
    const int64_t cutoff_ns = cursor->cutoff_ns;
    uint64_t at = cursor->event, longs = 0, shorts = 0;
    for (; at < end && events[at & mask].time_ns <= cutoff_ns; at++) {
        uint64_t value = (uint64_t)events[at & mask].value, side = 0 - (value >> 63);
        shorts += (value ^ side) & side;
        longs += value & ~side;
    }
    cursor->base.count += at - cursor->event;
    cursor->base.long_micro += longs;
    cursor->base.short_micro += shorts;
    cursor->event = at;
}

void mr_window_advance(struct mr_window *window, int64_t now_ns)
{
    if (now_ns > window->now_ns)
        window->now_ns = now_ns;
    if (window->advanced_ns == window->now_ns)
        return;
    window->advanced_ns = window->now_ns;
    for (uint32_t i = 0; i < window->cursors; i++) {
        struct window_cursor *cursor = &window->cursor[i];
        cursor->cutoff_ns = window->now_ns - cursor->width_ns;
        if (mr_unlikely(cursor->cell < window->end_cell))
            cursor_pass_cells(window, cursor);
        cursor_pass_events(window, cursor);
    }
    mr_peak_expire(&window->peak, window->cursor[window->longest].cutoff_ns);
}

/* Where the cell that holds this time ends. */
static int64_t cell_end(int64_t time_ns) { return mr_grid_ceil(time_ns, MR_WINDOW_CELL_NS); }

/* Moves the oldest single event into its cell. The caller has advanced all cursors to the present, so what happens here
 * does not depend on who asked in between. */
static MR_COLD void fold_oldest(struct mr_window *window)
{
    uint64_t at = window->first_event++;
    const struct window_event *event = &window->events[at & window->event_mask];
    uint64_t newest = window->end_cell - 1;
    if (window->end_cell == 0 ||
        cell_end(window->cells[newest % window->cell_count].last_ns) != cell_end(event->time_ns))
        newest = window->end_cell++; /* overwrites a cell that lies before the longest window: see window_boot.c */
    struct window_cell *cell = &window->cells[newest % window->cell_count];
    total_add(&window->folded, event->value);
    *cell = (struct window_cell){event->time_ns, window->folded};
    for (uint32_t i = 0; i < window->cursors; i++) {
        struct window_cursor *cursor = &window->cursor[i];
        if (cursor->event > at) {
            cursor->cell = window->end_cell; /* it had left this window, and so has all that is older */
        } else {
            cursor->event++;
            if (cursor->cell > newest)
                cursor->cell = newest;
        }
    }
}

/* The oldest single event has left every window: its place is free, and no cell need stand for it. That the cursors may stand at an earlier
 * time than the present changes nothing: what has left stays away. */
static bool oldest_left(const struct mr_window *window)
{
    return window->cursor[window->longest].event > window->first_event;
}

static void drop_oldest(struct mr_window *window)
{
    total_add(&window->folded, window->events[window->first_event++ & window->event_mask].value);
}

static bool full(const struct mr_window *window)
{
    return window->end_event - window->first_event > window->event_mask;
}

/* Old events leave first: what is folded or merged must not depend on who asked in between. */
static MR_COLD void make_room(struct mr_window *window)
{
    mr_window_advance(window, window->now_ns);
    if (full(window))
        fold_oldest(window);
}

void mr_window_add(struct mr_window *window, int64_t now_ns, int64_t micro, bool is_short)
{
    micro = micro < 0 ? 0 : micro > MR_WINDOW_MICRO_MAX ? MR_WINDOW_MICRO_MAX : micro;
    if (now_ns > window->now_ns)
        window->now_ns = now_ns;
    if (full(window) && oldest_left(window)) /* a buffer that has been filled once is full from then on */
        drop_oldest(window);
    if (mr_unlikely(full(window) || window->peak.count == window->peak.capacity))
        make_room(window);
    struct window_event *event = &window->events[window->end_event++ & window->event_mask];
    *event = (struct window_event){window->now_ns, is_short ? ~micro : micro};
    total_add(&window->total, event->value);
    mr_peak_add(&window->peak, window->now_ns, micro);
}

/* The first cell began before the window did: some of what it counts may have left. */
static bool coarse(const struct mr_window *window, const struct window_cursor *cursor)
{
    return cursor->cell < window->end_cell &&
           cell_end(window->cells[cursor->cell % window->cell_count].last_ns) - MR_WINDOW_CELL_NS < cursor->cutoff_ns;
}

void mr_window_query(const struct mr_window *window, uint32_t i, struct mr_window_sum *out)
{
    MR_DCHECK(i < window->cursors && window->advanced_ns == window->now_ns);
    const struct window_cursor *cursor = &window->cursor[i];
    out->count = window->total.count - cursor->base.count;
    out->long_micro = (int64_t)(window->total.long_micro - cursor->base.long_micro);
    out->short_micro = (int64_t)(window->total.short_micro - cursor->base.short_micro);
    out->largest_micro = mr_peak_after(&window->peak, cursor->cutoff_ns);
    out->flags = (coarse(window, cursor) ? MR_WINDOW_COARSE : 0u) |
                 (cursor->cutoff_ns < window->peak.bound_ns ? MR_WINDOW_PEAK_BOUND : 0u);
}

uint64_t mr_window_count(const struct mr_window *window, uint32_t i)
{
    return window->total.count - window->cursor[i].base.count;
}

int64_t mr_window_micro(const struct mr_window *window, uint32_t i)
{
    const struct window_cursor *cursor = &window->cursor[i];
    return (int64_t)(window->total.long_micro - cursor->base.long_micro + window->total.short_micro -
                     cursor->base.short_micro);
}

bool mr_window_empty(const struct mr_window *window) { return mr_window_count(window, window->longest) == 0; }

uint64_t mr_window_folded(const struct mr_window *window) { return window->folded.count; }
