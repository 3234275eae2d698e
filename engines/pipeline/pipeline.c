#include "engines/pipeline/pipeline.h"

#include "codecs/venue/venue.h"
#include "engines/pipeline/pipeline_priv.h"

#define JUMP_NS 3600000000000ll /* an hour: the longest window there is */
#define JUMP_HALF_NS (JUMP_NS / 2)

/* ---- signals out ---- */

static void put_signals(struct mr_pipeline *p, const struct mr_signal *out, uint32_t n)
{
    MR_COUNT(p->metrics.pipeline, signals, n);
    for (uint32_t i = 0; i < n && p->config.on_signal; i++)
        p->config.on_signal(p->config.arg, &out[i]);
}

static void input_of(struct mr_pipeline *p, uint16_t underlying, int64_t now_ns, struct mr_signal_input *in)
{
    struct mr_velocity_view velocity;
    struct mr_volatility_view volatility;
    mr_velocity_underlying(p->velocity, underlying, &velocity);
    mr_volatility_query(p->volatility, &volatility);
    mr_signal_input_fill(in, underlying, mr_instruments_underlying_name(p->config.instruments, underlying), now_ns,
                         &velocity, &volatility);
}

/* ---- one function an engine, called in the order of engines.def ---- */

static MR_COLD void book_trouble(struct mr_pipeline *p, const union mr_slot *group, struct mr_book *book, int status)
{
    struct mr_pipeline_metrics *m = p->metrics.pipeline;
    if (status == MR_E_STALE) {
        MR_COUNT(m, stale, 1);
        return;
    }
    if (status == MR_E_GAP)
        return;               /* counted by the book, and on its way already */
    if (mr_book_live(book)) { /* policy drop: the book goes on without this message */
        MR_COUNT(m, dropped, 1);
        return;
    }
    MR_COUNT(m, broken, 1);
    /* crossed, locked or negative: wrong by its content */
    if (p->config.on_broken)
        p->config.on_broken(p->config.arg, group->event.instrument,
                            status == MR_E_CORRUPT ? MR_GAP_CHECKSUM : MR_GAP_CROSSED, group->event.recv_ns);
}

/* The channel that brings a book is silent, or speaks again: until then nothing may be built on the book, though no update is known to be
 * missing. */
static MR_COLD void heed(struct mr_pipeline *p, const struct mr_event *ev)
{
    struct mr_book *book = p->books[ev->instrument];
    if (book && ev->size & MR_DEPTH && ev->price <= MR_STATUS_DEAD)
        mr_book_silent_set(book, ev->price != MR_STATUS_LIVE);
}

static void apply_book(struct mr_pipeline *p, const union mr_slot *group, const struct mr_instrument *instrument)
{
    uint8_t kind = group->event.kind;
    if (kind == MR_EVENT_BBO) {
        if (group->event.flags & MR_FLAG_SECONDARY) /* a better source of it speaks */
            return;
        struct mr_pipeline_top *top = &p->tops[instrument->id];
        uint32_t bids = group->book.bid_count ? 1 : 0;
        top->bid = bids ? mr_event_levels(group)[0] : (struct mr_level){0, 0};
        top->ask = group->book.ask_count ? mr_event_levels(group)[bids] : (struct mr_level){0, 0};
        top->venue_ns = group->event.venue_ns;
        top->seq = group->book.seq;
        return;
    }
    if (mr_unlikely(kind == MR_EVENT_STATUS))
        heed(p, &group->event);
    if ((kind != MR_EVENT_BOOK && kind != MR_EVENT_GAP) ||
        (kind == MR_EVENT_BOOK && group->book.book_flags & MR_BOOK_PARTIAL))
        return;
    struct mr_book *book = mr_pipeline_book_for(p, instrument);
    if (mr_unlikely(!book)) {
        MR_COUNT(p->metrics.pipeline, no_book, 1);
        return;
    }
    int status = mr_book_apply(book, group);
    p->unsettled |= mr_book_unsettled(book);
    if (mr_unlikely(status != MR_OK))
        book_trouble(p, group, book, status);
}

static void apply_bars(struct mr_pipeline *p, const union mr_slot *group, const struct mr_instrument *instrument)
{
    if (group->event.kind == MR_EVENT_TRADE)
        mr_bars_apply(p->bars, &group->event, instrument);
}

static void apply_velocity(struct mr_pipeline *p, const union mr_slot *group, const struct mr_instrument *instrument)
{
    if (group->event.kind == MR_EVENT_LIQUIDATION)
        mr_velocity_apply(p->velocity, &group->event, instrument);
    else if (group->event.kind == MR_EVENT_TRADE && p->flow)
        mr_velocity_apply(p->flow, &group->event, instrument);
}

static void apply_volatility(struct mr_pipeline *p, const union mr_slot *group, const struct mr_instrument *instrument)
{
    if (group->event.kind == MR_EVENT_TRADE || group->event.kind == MR_EVENT_REFERENCE)
        mr_volatility_apply(p->volatility, &group->event, instrument);
}

static void apply_signal(struct mr_pipeline *p, const union mr_slot *group, const struct mr_instrument *instrument)
{
    struct mr_pipeline_marks *marks = &p->marks[instrument->id];
    struct mr_decimal value = {group->event.price, group->event.exponent};
    switch (group->event.kind) {
    case MR_EVENT_MARK:
        marks->mark = value;
        break;
    case MR_EVENT_INDEX: /* averages and the past of the feed are not the index now */
        if (!(group->event.flags & (MR_FLAG_SECONDARY | MR_FLAG_SNAPSHOT)))
            marks->index = value;
        return;
    case MR_EVENT_FUNDING:
        marks->funding = value;
        marks->next_funding_ns = group->event.aux;
        break;
    case MR_EVENT_OPEN_INTEREST:
        marks->open_interest = value;
        break;
    case MR_EVENT_LIQUIDATION:
        break;
    default:
        return;
    }
    if (instrument->underlying >= p->config.underlyings_max)
        return;
    p->active[instrument->underlying] = true;
    struct mr_signal_input in;
    struct mr_signal out[MR_SIGNAL_OUT_MAX];
    input_of(p, instrument->underlying, p->now_ns, &in);
    put_signals(p, out, mr_signal_event(p->signals, &group->event, instrument, &in, out, MR_SIGNAL_OUT_MAX));
}

/* ---- time ---- */

/* Books whose state should have been complete long ago. */
static MR_COLD void settle(struct mr_pipeline *p, int64_t tick_ns)
{
    p->unsettled = false;
    for (uint32_t id = 0; id < p->config.instruments_max; id++) {
        struct mr_book *book = p->books[id];
        if (!book)
            continue;
        if (mr_book_overdue(book, tick_ns)) {
            MR_COUNT(p->metrics.pipeline, broken, 1);
            if (p->config.on_broken)
                p->config.on_broken(p->config.arg, id, MR_GAP_CHECKSUM, tick_ns);
        }
        p->unsettled |= mr_book_unsettled(book);
    }
}

static void tick(struct mr_pipeline *p, int64_t tick_ns)
{
    MR_COUNT(p->metrics.pipeline, ticks, 1);
    if (mr_unlikely(p->unsettled))
        settle(p, tick_ns);
    mr_bars_tick(p->bars, tick_ns);
    mr_velocity_tick(p->velocity, tick_ns);
    if (p->flow)
        mr_velocity_tick(p->flow, tick_ns);
    mr_volatility_tick(p->volatility, tick_ns);
    uint32_t underlyings = mr_instruments_underlyings(p->config.instruments);
    for (uint32_t u = 0; u < underlyings && u < p->config.underlyings_max; u++) {
        if (!p->active[u])
            continue;
        struct mr_signal_input in;
        struct mr_signal out[MR_SIGNAL_OUT_MAX];
        input_of(p, (uint16_t)u, tick_ns, &in);
        put_signals(p, out, mr_signal_tick(p->signals, tick_ns, &in, out, MR_SIGNAL_OUT_MAX));
    }
}

static int64_t grid_after(int64_t ns)
{
    int64_t down = ns / MR_TICK_NS * MR_TICK_NS;
    if (down > ns)
        down -= MR_TICK_NS; /* before 1970 */
    return down + MR_TICK_NS;
}

/* Grid points before `now_ns`, and it itself when `inclusive`: an event at a grid point belongs to that point's window,
 * so the point is ticked only once time has moved past it, or when told that it has come. */
static void pass(struct mr_pipeline *p, int64_t now_ns, bool inclusive)
{
    if (mr_unlikely(now_ns - p->next_tick_ns > JUMP_NS)) {
        MR_COUNT(p->metrics.pipeline, jumps, 1);
        for (int64_t end = p->next_tick_ns + JUMP_HALF_NS; p->next_tick_ns < end; p->next_tick_ns += MR_TICK_NS)
            tick(p, p->next_tick_ns);
        p->next_tick_ns = grid_after(now_ns - JUMP_HALF_NS);
    }
    for (; p->next_tick_ns < now_ns || (inclusive && p->next_tick_ns == now_ns); p->next_tick_ns += MR_TICK_NS)
        tick(p, p->next_tick_ns);
}

void mr_pipeline_advance(struct mr_pipeline *p, int64_t now_ns)
{
    if (p->now_ns == INT64_MIN || now_ns < p->now_ns)
        return;
    p->now_ns = now_ns;
    pass(p, now_ns, true);
}

/* An event that comes with an older time happens now: engines see engine time. Books and candles keep theirs (nothing in them is
 * by time but their own stamp). */
static MR_COLD const union mr_slot *late(struct mr_pipeline *p, const union mr_slot *group, union mr_slot *copy)
{
    MR_COUNT(p->metrics.pipeline, backwards, 1);
    if (mr_event_slots(group) > 1)
        return group;
    *copy = *group;
    copy->event.recv_ns = p->now_ns;
    return copy;
}

void mr_pipeline_apply(struct mr_pipeline *p, const union mr_slot *group)
{
    MR_COUNT(p->metrics.pipeline, groups, 1);
    const struct mr_instrument *instrument = mr_instruments_get(p->config.instruments, group->event.instrument);
    if (mr_unlikely(!instrument || instrument->id >= p->config.instruments_max)) {
        bool of_none = group->event.instrument == UINT32_MAX && /* a hole in datagrams, a channel of a whole market */
                       (group->event.kind == MR_EVENT_GAP || group->event.kind == MR_EVENT_STATUS);
        MR_COUNT(p->metrics.pipeline, unknown, !of_none);
        return;
    }
    int64_t recv_ns = group->event.recv_ns;
    union mr_slot copy;
    if (mr_unlikely(p->now_ns == INT64_MIN)) {
        p->now_ns = recv_ns;
        p->next_tick_ns = grid_after(recv_ns - 1); /* an event at a grid point lies in it */
    }
    if (recv_ns > p->now_ns) {
        p->now_ns = recv_ns;
        if (recv_ns > p->next_tick_ns)
            pass(p, recv_ns, false);
    } else if (mr_unlikely(recv_ns < p->now_ns)) {
        group = late(p, group, &copy);
    }
#define MR_ENGINE(name, what) apply_##name(p, group, instrument);
#include "engines/pipeline/engines.def"
#undef MR_ENGINE
}
