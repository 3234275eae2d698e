#include "engines/velocity/velocity.h"

#include "engines/velocity/velocity_priv.h"
#include "engines/window/grid.h"

/* A new value at the newest end: every other one gets a weight smaller by 2, the oldest (-19) leaves, the new one
 * has 19. */
static void slide(mr_i128 *sum, mr_i128 *weighted, mr_i128 oldest, mr_i128 newest)
{
    const mr_i128 edge = SLOPE_POINTS - 1;
    *weighted += edge * oldest - 2 * (*sum - oldest) + edge * newest;
    *sum += newest - oldest;
}

static void slope_push(struct slope *slope, int64_t value)
{
    uint32_t at = slope->at;
    slide(&slope->y_sum, &slope->y_slope, slope->y[at], value);
    slide(&slope->slope_sum, &slope->slope_slope, slope->slope[at], slope->y_slope);
    slope->y[at] = value;
    slope->slope[at] = slope->y_slope;
    slope->at = at + 1 < SLOPE_POINTS ? at + 1 : 0;
}

/* Only instruments have a ceiling; venue and underlying count how many of theirs are at it. */
static void saturate(struct mr_velocity *v, uint32_t instrument, struct stream *stream)
{
    const struct owner *owner = &v->owner[instrument];
    if (owner->ceiling == NONE)
        return;
    uint32_t is = mr_window_count(stream->window, v->own[OWN_RECENT]) >= 9ull * owner->ceiling;
    uint32_t change = is - stream->saturated; /* modulo 2^32: 1, 0 or -1 */
    stream->saturated = is;
    v->stream[underlying_stream(v, owner->underlying)].saturated += change;
    if (owner->part != NONE)
        v->stream[v->underlying[owner->underlying].part[owner->part].stream].saturated += change;
}

/* One stream at grid point g. False when only zeros are left in it. */
static bool stream_grid(struct mr_velocity *v, struct stream *stream, int64_t grid_ns)
{
    mr_window_advance(stream->window, grid_ns);
    slope_push(&stream->count, (int64_t)mr_window_count(stream->window, v->own[OWN_SLOPE]));
    slope_push(&stream->micro, mr_window_micro(stream->window, v->own[OWN_SLOPE]));

    /* 5 s that end at a grid point of the last 55 s lie inside the last 60 s */
    int64_t cutoff = grid_ns - (MINUTE_NS - SHARE_NS) - 1;
    mr_peak_add(&stream->busiest, grid_ns, (int64_t)mr_window_count(stream->window, v->own[OWN_SHARE]));
    mr_peak_expire(&stream->busiest, cutoff);
    mr_peak_expire(&stream->batch, grid_ns - RECENT_NS);
    uint64_t minute = mr_window_count(stream->window, v->own[OWN_MINUTE]);
    stream->clustering = minute < SPARSE_COUNT ? 0 : (double)mr_peak_after(&stream->busiest, cutoff) / (double)minute;

    stream->settled = mr_window_empty(stream->window) ? stream->settled + 1 : 0;
    return stream->settled < SETTLED_POINTS;
}

/* The underlying whose stream this is; NONE for other streams. */
static uint32_t underlying_of(const struct mr_velocity *v, uint32_t stream)
{
    uint32_t u = stream - v->config.instruments;
    return stream >= v->config.instruments && u < v->config.underlyings ? u : NONE;
}

static void forget_silent(struct mr_velocity *v)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < v->active_count; i++) {
        v->active[kept] = v->active[i];
        kept += v->stream[v->active[i]].active;
    }
    v->active_count = kept;
}

static void grid_point(struct mr_velocity *v, int64_t grid_ns)
{
    bool silent = false;
    for (uint32_t i = 0; i < v->active_count; i++) {
        struct stream *stream = &v->stream[v->active[i]];
        stream->active = stream_grid(v, stream, grid_ns);
        silent |= !stream->active;
        if (v->active[i] < v->config.instruments)
            saturate(v, v->active[i], stream);
    }
    if (grid_ns % SECOND_NS == 0) {
        for (uint32_t i = 0; i < v->active_count; i++) {
            uint32_t u = underlying_of(v, v->active[i]);
            if (u != NONE)
                velocity_cross_second(v, &v->underlying[u], grid_ns);
        }
    }
    if (silent)
        forget_silent(v);
}

static MR_COLD void start(struct mr_velocity *v, int64_t grid_ns, int64_t now_ns)
{
    v->grid_ns = grid_ns;
    v->start_ns = now_ns;
}

void mr_velocity_tick(struct mr_velocity *v, int64_t tick_ns)
{
    if (mr_unlikely(v->start_ns == INT64_MIN))
        start(v, mr_grid_floor(tick_ns, MR_TICK_NS), tick_ns);
    while (v->active_count > 0 && v->grid_ns + MR_TICK_NS <= tick_ns) {
        v->grid_ns += MR_TICK_NS;
        grid_point(v, v->grid_ns);
    }
    if (v->grid_ns + MR_TICK_NS <= tick_ns) /* nothing but zeros: the rest at once */
        v->grid_ns = mr_grid_floor(tick_ns, MR_TICK_NS);
    if (tick_ns > v->now_ns)
        v->now_ns = tick_ns;
    MR_GAUGE_SET(v->metrics, active, v->active_count);
}

static void stream_add(struct mr_velocity *v, uint32_t id, int64_t micro, bool is_short, bool caution)
{
    struct stream *stream = &v->stream[id];
    mr_window_add(stream->window, v->now_ns, micro, is_short);
    stream->batch_count = stream->last_ns == v->now_ns ? stream->batch_count + 1 : 1;
    mr_peak_add(&stream->batch, v->now_ns, stream->batch_count);
    stream->last_ns = v->now_ns;
    stream->used = true;
    if (caution)
        stream->caution_ns = v->now_ns;
    if (!stream->active) {
        stream->active = true;
        stream->settled = 0;
        v->active[v->active_count++] = id;
    }
}

/* The venue's place in the underlying, made when it is first seen. NONE: no room. */
static uint32_t part_of(struct mr_velocity *v, struct underlying *u, uint8_t venue)
{
    for (uint32_t i = 0; i < u->parts; i++)
        if (u->part[i].venue == venue)
            return i;
    if (u->parts == MR_VELOCITY_VENUES || v->venue_streams == v->config.venue_streams) {
        u->venues_full = true;
        return NONE;
    }
    u->part[u->parts] =
        (struct part){.venue = venue, .stream = v->config.instruments + v->config.underlyings + v->venue_streams++};
    return u->parts++;
}

static MR_COLD void meet(struct mr_velocity *v, const struct mr_instrument *instrument)
{
    struct owner *owner = &v->owner[instrument->id];
    owner->underlying = instrument->underlying;
    owner->part = part_of(v, &v->underlying[instrument->underlying], instrument->venue);
    owner->ceiling = instrument->venue < MR_VENUES_MAX ? v->config.ceiling_per_s[instrument->venue] : NONE;
}

/* The notional that counts: 0 where it is not of dollars, inside its bounds elsewhere. */
static int64_t notional(struct mr_velocity *v, const struct mr_event *ev, const struct mr_instrument *instrument)
{
    if (mr_unlikely(ev->kind == MR_EVENT_TRADE && !(instrument->flags & MR_INSTRUMENT_QUOTE_USD))) {
        MR_COUNT(v->metrics, not_usd, 1);
        return 0;
    }
    if (mr_likely(ev->aux >= 0 && ev->aux <= MR_WINDOW_MICRO_MAX))
        return ev->aux;
    MR_COUNT(v->metrics, clamped, 1);
    return ev->aux < 0 ? 0 : MR_WINDOW_MICRO_MAX;
}

/* What is of our kind but not to be counted. */
static bool refused(struct mr_velocity *v, const struct mr_event *ev, const struct mr_instrument *instrument)
{
    if (mr_likely(!(ev->flags & (MR_FLAG_SECONDARY | MR_FLAG_SNAPSHOT)) && instrument->id < v->config.instruments &&
                  instrument->underlying < v->config.underlyings))
        return false;
    if (ev->flags & MR_FLAG_SECONDARY)
        MR_COUNT(v->metrics, secondary, 1);
    else if (ev->flags & MR_FLAG_SNAPSHOT)
        MR_COUNT(v->metrics, backfill, 1);
    else
        MR_COUNT(v->metrics, unknown, 1);
    return true;
}

/* All grid points before the event; then the event's time is now. */
static void move_to(struct mr_velocity *v, int64_t recv_ns)
{
    if (mr_unlikely(v->start_ns == INT64_MIN)) {
        start(v, mr_grid_ceil(recv_ns, MR_TICK_NS) - MR_TICK_NS, recv_ns);
        v->now_ns = recv_ns;
    } else if (mr_unlikely(recv_ns < v->now_ns)) {
        MR_COUNT(v->metrics, backwards, 1);
    } else {
        if (recv_ns - 1 >= v->grid_ns + MR_TICK_NS)
            mr_velocity_tick(v, recv_ns - 1);
        v->now_ns = recv_ns;
    }
}

void mr_velocity_apply(struct mr_velocity *v, const struct mr_event *ev, const struct mr_instrument *instrument)
{
    if (ev->kind != v->config.kind || refused(v, ev, instrument))
        return;
    move_to(v, ev->recv_ns);
    if (mr_unlikely(v->owner[instrument->id].underlying == NONE))
        meet(v, instrument);
    const struct owner *owner = &v->owner[instrument->id];
    struct underlying *u = &v->underlying[owner->underlying];
    int64_t micro = notional(v, ev, instrument);
    bool is_short = ev->flags & MR_FLAG_SELL, caution = ev->flags & MR_FLAG_CAUTION;

    stream_add(v, instrument->id, micro, is_short, caution);
    stream_add(v, u->stream, micro, is_short, caution);
    if (mr_likely(owner->part != NONE)) {
        struct part *part = &u->part[owner->part];
        stream_add(v, part->stream, micro, is_short, caution);
        part->now += part->now < SECOND_MAX;
    } else {
        MR_COUNT(v->metrics, no_venue, 1);
    }
    velocity_level_add(v, u, ev, instrument, v->now_ns, micro, is_short);
    velocity_bucket_add(u, instrument->venue, v->now_ns, micro, is_short);
    MR_COUNT(v->metrics, events, 1);
}
