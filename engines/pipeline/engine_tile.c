#include "engines/pipeline/engine_tile.h"

#include "codecs/event/trace.h"
#include "engines/pipeline/engine_tile_priv.h"

MR_METRICS_DEFINE_FINE(mr_engine, MR_ENGINE_METRICS);

#define BATCH 256u /* groups of one ring before the next ring is looked at */

/* ---- what the pipeline reports ---- */

static MR_COLD void give_gap(struct mr_engine *e, const struct mr_signal *like)
{
    uint64_t first, count;
    if (!mr_ring_gap(&e->signals, &first, &count))
        return;
    struct mr_signal gap = {.engine_ns = like->engine_ns,
                            .seq = first,
                            .kind = MR_SIGNAL_GAP,
                            .instrument = UINT32_MAX,
                            .cascade_count = count};
    void *room = mr_ring_reserve(&e->signals, MR_SIGNAL_SLOTS);
    if (room) {
        memcpy(room, &gap, sizeof gap);
        mr_ring_publish(&e->signals, MR_SIGNAL_SLOTS);
    }
}

static void give(struct mr_engine *e, const struct mr_signal *signal)
{
    if (e->has_signals) {
        give_gap(e, signal);
        void *room = mr_ring_reserve(&e->signals, MR_SIGNAL_SLOTS);
        if (mr_unlikely(!room)) {
            mr_ring_drop(&e->signals, signal->seq);
            MR_COUNT(e->metrics, signals_lost, 1);
        } else {
            memcpy(room, signal, sizeof *signal);
            mr_ring_publish(&e->signals, MR_SIGNAL_SLOTS);
            MR_COUNT(e->metrics, signals, 1);
        }
    }
    if (e->has_tap_signals)
        mr_ring_put(&e->tap_signals, signal, MR_SIGNAL_SLOTS);
}

/* The slowest signal so far: what made it, and its words. */
static MR_COLD void trace_signal(struct mr_engine *e, const struct mr_signal *s)
{
    struct mr_trace t = mr_trace_of(s->emitted_tsc_delta_ns, s->recv_ns + s->emitted_tsc_delta_ns);
    t.recv_ns = s->recv_ns;
    t.venue_ns = s->venue_ns;
    t.seq = s->seq;
    t.instrument = s->instrument;
    t.thread = MR_TRACE_THREAD_ENGINE;
    static_assert(sizeof s->words < sizeof t.begins, "and a zero behind them");
    memcpy(t.begins, s->words, sizeof s->words);
    MR_TRACE(e->metrics, signal_ns, &t);
}

void mr_engine_on_signal(void *arg, const struct mr_signal *signal)
{
    struct mr_engine *e = arg;
    struct mr_signal out = *signal;
    if (out.recv_ns && !e->config.replaying) {
        out.emitted_tsc_delta_ns = mr_clock_now(&e->clock) - out.recv_ns;
        if (MR_RECORD_MAX(e->metrics, signal_ns, out.emitted_tsc_delta_ns))
            trace_signal(e, &out);
    }
    if (out.kind == MR_SIGNAL_LEVEL && out.level > out.level_before && out.level < MR_LEVEL_COUNT)
        e->state.signals[out.level]++;
    e->state.cascades += out.kind == MR_SIGNAL_CASCADE_START;
    if (out.underlying < MR_COUNT_OF(e->level)) {
        if (out.kind == MR_SIGNAL_LEVEL)
            e->level[out.underlying] = out.level;
        if (out.kind == MR_SIGNAL_CASCADE_START || out.kind == MR_SIGNAL_CASCADE_END)
            e->cascade[out.underlying] = out.kind == MR_SIGNAL_CASCADE_START;
        e->score[out.underlying] = out.probability;
    }
    if (e->signals_digest) {
        uint8_t canonical[MR_SIGNAL_CANONICAL_BYTES];
        const struct mr_instrument *by = signal->instrument == UINT32_MAX
                                             ? NULL
                                             : mr_instruments_get(e->config.pipeline.instruments, signal->instrument);
        mr_digest_update_bytes(e->signals_digest, canonical, mr_signal_canonical(signal, by, canonical));
    }
    give(e, &out);
}

void mr_engine_on_broken(void *arg, uint32_t instrument, enum mr_gap_cause cause, int64_t recv_ns)
{
    struct mr_engine *e = arg;
    (void)recv_ns;
    MR_COUNT(e->metrics, broken, 1);
    uint8_t tile = e->config.feed_tile_of ? e->config.feed_tile_of(e->config.arg, instrument) : 0;
    if (e->config.replaying || tile >= e->config.ring_count)
        return;
    struct mr_engine_break *room = mr_ring_reserve(&e->breaks[tile], 1);
    if (!room)
        return; /* full of breaks: the book stays broken, and is reported again with its next message */
    *room = (struct mr_engine_break){.instrument = instrument, .cause = (uint8_t)cause};
    mr_ring_publish(&e->breaks[tile], 1);
}

/* ---- one group ---- */

static void touch(struct mr_engine *e, uint32_t instrument)
{
    if (instrument >= e->config.book_images || !e->config.books[instrument] || e->dirty_flag[instrument])
        return;
    e->dirty_flag[instrument] = true;
    e->dirty[e->dirty_count++] = instrument;
}

static void take(struct mr_engine *e, const union mr_slot *group, uint32_t slots)
{
    uint8_t kind = group->event.kind < MR_EVENT_KIND_COUNT ? group->event.kind : 0;
    e->state.events[kind]++;
    if (e->events_digest)
        mr_digest_update(e->events_digest, group,
                         mr_instruments_get(e->config.pipeline.instruments, group->event.instrument));
    mr_pipeline_apply(e->pipeline, group);
    if (kind == MR_EVENT_BOOK || kind == MR_EVENT_GAP || kind == MR_EVENT_STATUS) /* stale: not live, and shown so */
        touch(e, group->event.instrument);
    if (e->has_tap_events)
        mr_ring_put(&e->tap_events, group, slots);
}

enum stage { WAIT, APPLY, PATH };

/* The slowest group of a stage so far. Which ring it lies in is looked for here, so that the usual path need not carry it along. */
static MR_COLD void trace(struct mr_engine *e, enum stage stage, const union mr_slot *group, int64_t taken_ns,
                          int64_t now_ns)
{
    const int64_t recv_ns = group->event.recv_ns, wait_ns = taken_ns - recv_ns - group->event.decode_delta_ns;
    const int64_t value[] = {[WAIT] = wait_ns, [APPLY] = now_ns - taken_ns, [PATH] = now_ns - recv_ns};
    struct mr_trace t = mr_event_trace(group, true, value[stage], now_ns);
    t.wait_ns = wait_ns;
    t.apply_ns = now_ns - taken_ns;
    t.thread = MR_TRACE_THREAD_ENGINE;
    for (uint32_t i = 0; i < e->config.ring_count; i++) {
        const struct mr_ring_reader *r = &e->rings[i];
        const uint8_t *at = (const uint8_t *)group;
        if (at < r->base || at >= r->base + (size_t)r->slots * MR_SLOT_BYTES)
            continue;
        t.tile = (uint8_t)i; /* a ring a feed tile */
        t.waiting = (uint32_t)(r->head_seen - r->tail) - t.slots;
    }
    if (stage == WAIT)
        MR_TRACE(e->metrics, wait_ns, &t);
    else if (stage == APPLY)
        MR_TRACE(e->metrics, apply_ns, &t);
    else
        MR_TRACE(e->metrics, path_ns, &t);
}

static void stamp(struct mr_engine *e, const union mr_slot *group, int64_t *before)
{
    int64_t now = mr_clock_now(&e->clock), recv = group->event.recv_ns;
    if (MR_RECORD_MAX(e->metrics, wait_ns, *before - recv - group->event.decode_delta_ns))
        trace(e, WAIT, group, *before, now);
    if (MR_RECORD_MAX(e->metrics, apply_ns, now - *before))
        trace(e, APPLY, group, *before, now);
    if (MR_RECORD_MAX(e->metrics, path_ns, now - recv))
        trace(e, PATH, group, *before, now);
    *before = now;
}

static uint32_t drain(struct mr_engine *e, uint32_t ring, uint32_t most)
{
    struct mr_ring_reader *r = &e->rings[ring];
    uint32_t groups = 0, ready;
    int64_t before = 0;
    for (const union mr_slot *group; groups < most && (group = mr_ring_peek(r, &ready)); groups++) {
        uint32_t slots = mr_event_slots(group);
        if (mr_unlikely(!mr_ring_has(r, slots)))
            break;
        if (!e->config.replaying && before == 0)
            before = mr_clock_now(&e->clock);
        take(e, group, slots);
        if (!e->config.replaying)
            stamp(e, group, &before);
        mr_ring_release(r, slots);
    }
    if (mr_unlikely(r->status != MR_OK && !e->given_up[ring])) {
        e->given_up[ring] = true;
        MR_COUNT(e->metrics, corrupt, 1);
    }
    if (groups) {
        MR_COUNT(e->metrics, groups, groups);
        if (e->config.took)
            e->config.took(e->config.arg, ring, groups);
    }
    return groups;
}

/* ---- tile ---- */

int mr_engine_step(void *state, int64_t now_ns)
{
    struct mr_engine *e = state;
    uint32_t groups = 0;
    (void)now_ns;
    for (uint32_t i = 0; i < e->config.ring_count; i++)
        if (!e->given_up[i])
            groups += drain(e, i, BATCH);
    e->idle = groups == 0;
    return (int)groups;
}

uint32_t mr_engine_take(struct mr_engine *e, uint32_t ring, uint32_t groups) { return drain(e, ring, groups); }

void mr_engine_tick(struct mr_engine *e, int64_t engine_ns)
{
    mr_pipeline_advance(e->pipeline, engine_ns);
    if (e->config.ticked)
        e->config.ticked(e->config.arg, engine_ns);
}

/* Nothing came: engine time follows the clock, a grid point at a time. */
static void follow(struct mr_engine *e, int64_t now_ns)
{
    int64_t engine_ns = mr_pipeline_time(e->pipeline), to = (now_ns - MR_ENGINE_LAG_NS) / MR_TICK_NS * MR_TICK_NS;
    if (engine_ns != INT64_MIN && to > engine_ns)
        mr_engine_tick(e, to);
}

static void show_book(struct mr_engine *e, uint32_t id)
{
    const struct mr_book *book = mr_pipeline_book(e->pipeline, id);
    if (!book)
        return;
    struct mr_plane_book image = {.instrument = id, .live = mr_book_live(book), .crossed = mr_book_crossed(book)};
    image.bid_count = (uint16_t)mr_book_top(book, false, image.bids, MR_PLANE_BOOK_LEVELS);
    image.ask_count = (uint16_t)mr_book_top(book, true, image.asks, MR_PLANE_BOOK_LEVELS);
    image.depth_bids = mr_book_count(book, false);
    image.depth_asks = mr_book_count(book, true);
    image.seq = mr_book_seq(book);
    image.gaps = mr_book_faults(book)->gaps;
    image.venue_ns = mr_book_venue_ns(book);
    image.recv_ns = mr_book_recv_ns(book);
    mr_image_write(e->config.books[id], &image, sizeof image);
}

static void show_underlyings(struct mr_engine *e)
{
    struct mr_plane_engines *s = &e->state;
    const struct mr_instruments *table = e->config.pipeline.instruments;
    uint32_t n = mr_instruments_underlyings(table);
    s->underlyings = n < MR_COUNT_OF(s->row) ? n : (uint32_t)MR_COUNT_OF(s->row);
    for (uint32_t u = 0; u < s->underlyings; u++) {
        struct mr_velocity_view v;
        struct mr_plane_underlying *row = &s->row[u];
        memset(row, 0, sizeof *row);
        strncpy(row->base, mr_instruments_underlying_name(table, (uint16_t)u), sizeof row->base - 1);
        row->level = e->level[u];
        row->cascade = e->cascade[u];
        row->score = e->score[u];
        if (!mr_velocity_underlying(mr_pipeline_velocity(e->pipeline), u, &v))
            continue;
        row->rate_10s = v.slope_per_s;
        row->usd_per_s = v.slope_usd_per_s;
        row->acceleration = v.events.acceleration;
        row->jerk = v.events.jerk;
        row->liquidations = v.count_60s;
        row->last_ns = v.last_event_ns == INT64_MIN ? 0 : v.last_event_ns;
    }
}

static void show(struct mr_engine *e)
{
    for (uint32_t i = 0; i < e->dirty_count; i++) {
        e->dirty_flag[e->dirty[i]] = false;
        show_book(e, e->dirty[i]);
    }
    e->dirty_count = 0;
    if (!e->config.state)
        return;
    struct mr_volatility_view v;
    mr_volatility_query(mr_pipeline_volatility(e->pipeline), &v);
    e->state.engine_ns = mr_pipeline_time(e->pipeline);
    e->state.regime = v.regime;
    e->state.warm = v.warm;
    e->state.vol_1m = v.vol[0];
    e->state.vol_5m = v.vol[1];
    e->state.vol_15m = v.vol[2];
    e->state.vol_1h = v.vol[3];
    e->state.percentile = v.percentile;
    e->state.multiplier = v.multiplier;
    show_underlyings(e);
    mr_image_write(e->config.state, &e->state, sizeof e->state);
}

void mr_engine_housekeep(void *state, int64_t now_ns)
{
    struct mr_engine *e = state;
    mr_clock_housekeep(&e->clock);
    if (e->config.kept)
        e->config.kept(e->config.arg, now_ns, false);
    if (e->config.resets && __atomic_load_n(e->config.resets, __ATOMIC_RELAXED) != e->resets) {
        e->resets = __atomic_load_n(e->config.resets, __ATOMIC_RELAXED);
        mr_metrics_reset(e->metrics, &mr_engine_metrics_desc);
    }
    if (e->idle && !e->config.replaying)
        follow(e, now_ns);
    if (now_ns >= e->show_due_ns) {
        e->show_due_ns = now_ns + MR_ENGINE_SHOW_NS;
        show(e);
    }
    if (now_ns >= e->save_due_ns && !e->config.replaying) {
        e->save_due_ns = now_ns + 60000000000ll;
        mr_engine_save(e);
    }
}

void mr_engine_halt(void *state)
{
    struct mr_engine *e = state;
    while (mr_engine_step(e, 0) > 0) {
    } /* what the feed tiles left */
    if (e->config.kept)
        e->config.kept(e->config.arg, mr_clock_now(&e->clock), true);
    if (!e->config.replaying)
        mr_engine_save(e);
    mr_engine_digests(e, 0, e->state.events_digest, e->state.signals_digest);
    show(e);
}

struct mr_pipeline *mr_engine_pipeline(struct mr_engine *e) { return e->pipeline; }

void mr_engine_digests(const struct mr_engine *e, uint64_t dropped, char events[MR_DIGEST_TEXT],
                       char signals[MR_DIGEST_TEXT])
{
    events[0] = signals[0] = 0;
    if (!e->events_digest)
        return;
    mr_digest_text(e->events_digest, dropped, events);
    mr_digest_text(e->signals_digest, dropped, signals);
}

const struct mr_tile mr_engine_tile = {.name = "engine",
                                       .bytes = mr_engine_bytes,
                                       .boot = mr_engine_boot,
                                       .step = mr_engine_step,
                                       .housekeep = mr_engine_housekeep,
                                       .halt = mr_engine_halt};
