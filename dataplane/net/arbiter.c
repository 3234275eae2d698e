#include "dataplane/net/arbiter_priv.h"

static bool read_number(const struct mr_arbiter *a, const uint8_t *data, uint32_t len, uint64_t *number)
{
    const struct mr_arbiter_config *c = &a->config;
    if (mr_unlikely(len < (uint32_t)c->number_offset + c->number_width))
        return false;
    uint64_t value = 0;
    switch (c->number_width) {
    case 8:
        memcpy(&value, data + c->number_offset, 8);
        break;
    case 4:
        memcpy(&value, data + c->number_offset, 4);
        break;
    case 2:
        memcpy(&value, data + c->number_offset, 2);
        break;
    default:
        value = data[c->number_offset];
    }
    *number = c->number_little ? value : __builtin_bswap64(value) >> a->shift;
    return true;
}

/* How far `number` is ahead of `from`, the short way round; below 0: behind. */
MR_INLINE int64_t distance(const struct mr_arbiter *a, uint64_t number, uint64_t from)
{
    return (int64_t)((number - from) << a->shift) >> a->shift;
}

MR_INLINE struct mark *mark_of(const struct mr_arbiter *a, uint64_t position)
{
    return &a->marks[position & (2 * a->config.window - 1)];
}

MR_INLINE bool is_held(const struct mr_arbiter *a, uint64_t position)
{
    const struct mark *m = mark_of(a, position);
    return m->position == position && m->state == HELD;
}

MR_INLINE uint8_t *room_of(const struct mr_arbiter *a, uint64_t position)
{
    return a->data + (position & (a->config.window - 1)) * a->datagram_bytes;
}

static void show_waiting(struct mr_arbiter *a) { MR_GAUGE_SET(a->metrics, waiting, a->held + a->run_count); }

MR_INLINE void count_winner(struct mr_arbiter *a, uint16_t line)
{
    if (line == 0)
        MR_COUNT(a->metrics, won_a, 1);
    else if (line == 1)
        MR_COUNT(a->metrics, won_b, 1);
    else
        MR_COUNT(a->metrics, won_other, 1);
}

MR_INLINE void advance(struct mr_arbiter *a, uint64_t by)
{
    a->next += by;
    a->number = (a->number + by) & a->mask;
}

/* ---- far numbers that were kept apart and not believed ---- */

static MR_COLD void drop_run(struct mr_arbiter *a)
{
    MR_COUNT(a->metrics, strays, a->run_count);
    a->run_count = 0;
    show_waiting(a);
}

/* A new number of the present numbering. */
MR_INLINE void progress(struct mr_arbiter *a, const struct datagram *d)
{
    if (mr_unlikely(a->run_count > 0))
        drop_run(a);
    a->progress_ns = d->recv_ns;
    a->lines[d->line].number = d->number;
    a->lines[d->line].heard = true;
    count_winner(a, d->line);
}

/* ---- handing on ---- */

MR_INLINE void pass_on(struct mr_arbiter *a, const struct datagram *d)
{
    *mark_of(a, a->next) = (struct mark){.position = a->next,
                                         .first_ns = d->recv_ns,
                                         .state = DELIVERED,
                                         .line = (uint8_t)d->line,
                                         .seen = (uint8_t)(1u << d->line)};
    advance(a, 1);
    MR_COUNT(a->metrics, delivered, 1);
    a->config.deliver(a->config.arg, d->number, d->data, d->len, d->line, d->recv_ns, d->clock);
}

static void pass_on_held(struct mr_arbiter *a)
{
    struct mark *m = mark_of(a, a->next);
    uint64_t number = a->number;
    uint8_t *data = room_of(a, a->next);
    m->state = DELIVERED;
    a->held--;
    advance(a, 1);
    MR_COUNT(a->metrics, delivered, 1);
    a->config.deliver(a->config.arg, number, data, m->len, m->line, m->first_ns, m->clock);
}

/* The first position from `next` on that is held, `limit` if there is none before it. */
static uint64_t first_held(const struct mr_arbiter *a, uint64_t limit)
{
    uint64_t at = a->next;
    while (at < limit && !is_held(a, at))
        at++;
    return at;
}

/* What lies before `to` is a gap. Only so many marks are kept as are ever asked for. */
static MR_COLD void give_up(struct mr_arbiter *a, uint64_t to, int64_t now_ns)
{
    uint64_t first = a->number, lost = to - a->next;
    uint64_t at = lost > a->config.window ? to - a->config.window : a->next;
    for (; at < to; at++)
        *mark_of(a, at) = (struct mark){.position = at, .state = LOST};
    advance(a, lost);
    MR_COUNT(a->metrics, gaps, 1);
    MR_COUNT(a->metrics, lost, lost);
    a->config.gap(a->config.arg, first, (a->number - 1) & a->mask, now_ns);
}

/* All before `to` is handed on or given up. */
static void clear_to(struct mr_arbiter *a, uint64_t to, int64_t now_ns)
{
    while (a->next < to)
        if (a->held > 0 && is_held(a, a->next))
            pass_on_held(a);
        else
            give_up(a, a->held > 0 ? first_held(a, to) : to, now_ns);
}

/* After `next` has moved: what follows it goes on, and the next hole has its own time. */
static void go_on(struct mr_arbiter *a, int64_t now_ns)
{
    while (a->held > 0) {
        while (a->held > 0 && is_held(a, a->next))
            pass_on_held(a);
        if (a->held == 0)
            break;
        uint64_t at = first_held(a, a->next + a->config.window);
        a->hole_ns = mark_of(a, at)->first_ns;
        if (now_ns - a->hole_ns < a->config.patience_ns)
            break;
        give_up(a, at, now_ns);
    }
    show_waiting(a);
}

static MR_COLD void lose_patience(struct mr_arbiter *a, int64_t now_ns)
{
    give_up(a, first_held(a, a->next + a->config.window), now_ns);
    go_on(a, now_ns);
}

/* ---- out of order ---- */

static void copy(struct mr_arbiter *a, struct mark *m, const struct datagram *d)
{
    MR_COUNT(a->metrics, copies, 1);
    uint8_t bit = (uint8_t)(1u << d->line);
    if (!(m->seen & bit) && d->recv_ns >= m->first_ns)
        MR_RECORD(a->metrics, lead_ns, d->recv_ns - m->first_ns);
    m->seen |= bit;
    a->lines[d->line].number = d->number;
    a->lines[d->line].heard = true;
}

static void hold(struct mr_arbiter *a, uint64_t position, const struct datagram *d)
{
    memcpy(room_of(a, position), d->data, d->len);
    *mark_of(a, position) = (struct mark){.position = position,
                                          .first_ns = d->recv_ns,
                                          .len = d->len,
                                          .state = HELD,
                                          .line = (uint8_t)d->line,
                                          .clock = d->clock,
                                          .seen = (uint8_t)(1u << d->line)};
    if (a->held++ == 0)
        a->hole_ns = d->recv_ns;
    MR_COUNT(a->metrics, held, 1);
    show_waiting(a);
    if (d->recv_ns - a->hole_ns >= a->config.patience_ns)
        lose_patience(a, d->recv_ns);
}

/* Some are missing before it. */
static void take_early(struct mr_arbiter *a, uint64_t position, const struct datagram *d)
{
    if (is_held(a, position)) {
        copy(a, mark_of(a, position), d);
        return;
    }
    progress(a, d);
    if (a->config.lines == 1 || d->len > a->config.datagram_max)
        clear_to(a, position, d->recv_ns); /* nobody else can bring them, or this one cannot wait */
    else if (position - a->next >= a->config.window) {
        clear_to(a, position - a->config.window + 1, d->recv_ns);
        go_on(a, d->recv_ns);
    }
    if (position != a->next) {
        hold(a, position, d);
        return;
    }
    pass_on(a, d);
    go_on(a, d->recv_ns);
}

static void take_far(struct mr_arbiter *a, const struct datagram *d, int64_t ahead);

/* At most a window behind: another line's copy, or one that was waited for too long. */
static void take_past(struct mr_arbiter *a, uint64_t position, const struct datagram *d)
{
    struct mark *m = mark_of(a, position);
    bool delivered = m->position == position && m->state == DELIVERED;
    bool again = !delivered || (m->seen & 1u << d->line);
    if (mr_unlikely(again && d->recv_ns - a->progress_ns >= MR_ARBITER_IDLE_NS)) {
        take_far(a, d, -1);
        return;
    }
    if (delivered) {
        copy(a, m, d);
        return;
    }
    MR_COUNT(a->metrics, late, 1);
    a->lines[d->line].number = d->number;
    a->lines[d->line].heard = true;
}

/* ---- far numbers ---- */

/* It goes on where its own line was: the line lags behind the others, or has not yet heard of the new numbering. */
static bool lags(const struct mr_arbiter *a, const struct datagram *d, int64_t ahead)
{
    int64_t window = a->config.window;
    if (d->recv_ns - a->progress_ns >= MR_ARBITER_IDLE_NS)
        return false;
    if (!a->lines[d->line].heard)
        return ahead < 0;
    int64_t on = distance(a, d->number, a->lines[d->line].number);
    return on > -window && (ahead < 0 || on < window);
}

static void place(struct mr_arbiter *a, const struct datagram *d);

/* Keeps the run in the order of its numbers. */
static void insert(const struct mr_arbiter *a, struct datagram *run, uint32_t count, const struct datagram *d)
{
    for (; count > 0 && distance(a, d->number, run[count - 1].number) < 0; count--)
        run[count] = run[count - 1];
    run[count] = *d;
}

/* The numbering of the run and of `last`, which completes it, is the feed's from now on. */
static void believe(struct mr_arbiter *a, const struct datagram *last)
{
    int64_t now_ns = last->recv_ns;
    while (a->held > 0)
        clear_to(a, first_held(a, a->next + a->config.window) + 1, now_ns);
    struct datagram run[MR_ARBITER_RUN];
    uint32_t count = a->run_count;
    a->run_count = 0;
    memcpy(run, a->run, count * sizeof *run);
    insert(a, run, count++, last);
    uint64_t first = run[0].number, expected = a->number;
    int64_t skipped = distance(a, first, expected);
    if (skipped > 0) {
        MR_COUNT(a->metrics, gaps, 1);
        MR_COUNT(a->metrics, lost, skipped);
    } else {
        MR_COUNT(a->metrics, restarts, 1);
    }
    a->next += 4 * (uint64_t)a->config.window; /* no mark of the old numbering fits any more */
    a->number = first;
    a->config.gap(a->config.arg, expected, (first - 1) & a->mask, now_ns);
    for (uint32_t i = 0; i < count; i++)
        place(a, &run[i]);
    show_waiting(a);
}

static MR_COLD void take_far(struct mr_arbiter *a, const struct datagram *d, int64_t ahead)
{
    if (lags(a, d, ahead)) {
        MR_COUNT(a->metrics, late, 1);
        a->lines[d->line].number = d->number;
        a->lines[d->line].heard = true;
        return;
    }
    int64_t window = a->config.window;
    for (uint32_t i = 0; i < a->run_count; i++) {
        int64_t apart = distance(a, d->number, a->run[i].number);
        if (apart == 0) {
            MR_COUNT(a->metrics, copies, 1);
            return;
        }
        if (apart <= -window || apart >= window)
            drop_run(a);
    }
    if (d->len > a->config.datagram_max) {
        MR_COUNT(a->metrics, strays, 1);
        return;
    }
    if (a->run_count == MR_ARBITER_RUN - 1) {
        believe(a, d);
        return;
    }
    struct datagram kept = *d;
    kept.data = a->run[a->run_count].data;
    memcpy(kept.data, d->data, d->len);
    insert(a, a->run, a->run_count++, &kept);
    show_waiting(a);
}

/* ---- one datagram ---- */

static void place_other(struct mr_arbiter *a, const struct datagram *d, int64_t ahead)
{
    int64_t window = a->config.window;
    if (ahead > 0 && ahead < 2 * window)
        take_early(a, a->next + (uint64_t)ahead, d);
    else if (ahead < 0 && ahead >= -window)
        take_past(a, a->next - (uint64_t)-ahead, d);
    else
        take_far(a, d, ahead);
}

static void place(struct mr_arbiter *a, const struct datagram *d)
{
    int64_t ahead = distance(a, d->number, a->number);
    if (mr_unlikely(ahead != 0)) {
        place_other(a, d, ahead);
        return;
    }
    progress(a, d);
    pass_on(a, d);
    if (a->held > 0)
        go_on(a, d->recv_ns);
}

void mr_arbiter_take(struct mr_arbiter *a, uint16_t line, uint8_t *data, uint32_t len, int64_t recv_ns, uint8_t clock)
{
    MR_ASSERT(line < a->config.lines);
    struct datagram d = {.data = data, .len = len, .line = line, .recv_ns = recv_ns, .clock = clock};
    MR_COUNT(a->metrics, datagrams, 1);
    if (mr_unlikely(!read_number(a, data, len, &d.number))) {
        MR_COUNT(a->metrics, short_ones, 1);
        return;
    }
    if (mr_unlikely(!a->begun)) {
        a->begun = true;
        a->number = d.number;
        a->progress_ns = recv_ns;
    }
    place(a, &d);
}

void mr_arbiter_housekeep(struct mr_arbiter *a, int64_t now_ns)
{
    if (a->held > 0 && now_ns - a->hole_ns >= a->config.patience_ns)
        lose_patience(a, now_ns);
}
