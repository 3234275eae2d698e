#include "dataplane/player/player.h"

#include "codecs/number/number.h"
#include "codecs/venue/rows.h"
#include "dataplane/feed/since.h"
#include "dataplane/player/player_priv.h"

/* ---- engine side: empties the ring ---- */

void mr_player_take(struct mr_player *p, const union mr_slot *group)
{
    const struct mr_instrument *instrument = NULL;
    if (p->events_digest || p->config.on_event)
        instrument = mr_instruments_get(p->instruments, group->event.instrument);
    if (p->events_digest)
        mr_digest_update(p->events_digest, group, instrument);
    if (p->config.on_event)
        p->config.on_event(p->config.arg, group, instrument);
    p->events[group->event.kind < MR_EVENT_KIND_COUNT ? group->event.kind : 0]++;
    mr_pipeline_apply(p->pipeline, group);
}

static uint32_t drain(struct mr_player *p)
{
    uint32_t groups = 0, ready;
    p->draining = true;
    for (const union mr_slot *group; (group = mr_ring_peek(&p->reader, &ready)); groups++) {
        uint32_t slots = mr_event_slots(group);
        MR_ASSERT(mr_ring_has(&p->reader, slots)); /* we wrote it a moment ago */
        mr_player_take(p, group);
        mr_ring_release(&p->reader, slots);
    }
    p->draining = false;
    return groups;
}

/* ---- feed side ---- */

static bool publish(void *arg, const union mr_slot *group, uint32_t slots)
{
    struct mr_player *p = arg;
    void *room = mr_ring_reserve(&p->writer, slots);
    if (mr_unlikely(!room)) {
        if (p->draining)
            return false; /* a gap reported from within the engines: the feed owes it, and tries again */
        drain(p);
        room = mr_ring_reserve(&p->writer, slots);
        MR_ASSERT(room);
    }
    memcpy(room, group, (size_t)slots * sizeof *group);
    mr_ring_publish(&p->writer, slots);
    return true;
}

struct mr_feed *mr_player_feed_for(struct mr_player *p, uint32_t tile, uint8_t venue, uint8_t product,
                                   mr_feed_emit_fn *emit, void *emit_arg)
{
    uint32_t key = tile << 16 | (uint32_t)venue << 8 | product;
    if (mr_likely(p->feeds_used && p->feed_keys[p->feed_last] == key))
        return p->feeds[p->feed_last];
    for (uint32_t i = 0; i < p->feeds_used; i++)
        if (p->feed_keys[i] == key)
            return p->feeds[p->feed_last = i];
    return mr_player_feed_new(p, key, emit, emit_arg);
}

static struct mr_feed *feed_for(struct mr_player *p, uint8_t venue, uint8_t product)
{
    return mr_player_feed_for(p, 0, venue, product, publish, p);
}

int mr_player_expect(struct mr_player *p, uint8_t venue, uint8_t product)
{
    if (!mr_venue_by_id(venue))
        return MR_E_UNKNOWN;
    return feed_for(p, venue, product) ? MR_OK : MR_E_FULL;
}

void mr_player_opened(struct mr_feed *feed, uint16_t connection, struct mr_span route)
{
    mr_feed_opened(feed, connection, mr_opened_route(route), NULL);
}

void mr_player_closed(struct mr_feed *feed, uint16_t connection, struct mr_span lost, int64_t recv_ns)
{
    mr_feed_left(feed, connection);
    if (mr_span_eq(lost, "copy"))
        return; /* another connection of the route brings the same */
    if (mr_span_eq(lost, "route"))
        mr_feed_forget(feed); /* no book was on that connection */
    else
        mr_feed_disconnect(feed, recv_ns);
}

bool mr_player_note(struct mr_span note, const char *word, uint64_t *numbers, uint32_t count, struct mr_span *rest)
{
    if (!mr_span_is(mr_span_before(note, ' '), word, strlen(word)))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        note = mr_span_after(note, ' ');
        const struct mr_span number = mr_span_before(note, ' ');
        if (mr_number_u64(number.data, number.len, &numbers[i]) != MR_OK)
            return false;
    }
    *rest = mr_span_after(note, ' ');
    return true;
}

/* Until each connection has brought what the others did, and the longest wait that begins meanwhile is over. */
static void find_places(struct mr_player *p, int64_t from_ns, int64_t wait_ns)
{
    p->finding_ns[p->feed_last] = from_ns + 2 * wait_ns;
}

/* The recording begins here, or goes on after a pause: what is not known already. */
static void since(struct mr_player *p, struct mr_feed *feed, const struct mr_since *then, int64_t recv_ns)
{
    struct mr_since now = {.merging = mr_feed_merging(feed)};
    now.count = mr_feed_connections(feed, now.lane);
    if (mr_since_same(&now, then))
        return;
    for (uint32_t i = 0; i < now.count; i++)
        if (!mr_since_has(then, now.lane[i].connection))
            mr_feed_left(feed, now.lane[i].connection);
    for (uint32_t i = 0; i < then->count; i++)
        if (!mr_since_has(&now, then->lane[i].connection))
            mr_feed_opened(feed, then->lane[i].connection, then->lane[i].route, NULL);
    if (then->merging != now.merging)
        mr_feed_merge(feed, then->merging, then->wait_ns);
    if (then->merging)
        find_places(p, recv_ns, then->wait_ns);
}

void mr_player_merge(struct mr_player *p, struct mr_feed *feed, struct mr_span note, int64_t recv_ns)
{
    struct mr_since then;
    bool on;
    int64_t wait_ns;
    if (mr_merge_note_read(note, &on, &wait_ns)) {
        if (on && mr_feed_merging(feed)) /* once more, after a pause of the recording */
            find_places(p, recv_ns, wait_ns);
        mr_feed_merge(feed, on, wait_ns);
    } else if (mr_span_eq(note, "due")) {
        mr_feed_due(feed, recv_ns);
    } else if (mr_since_read(&then, note)) {
        since(p, feed, &then, recv_ns);
    }
}

int mr_player_piece(struct mr_player *p, const struct mr_piece *piece)
{
    p->pieces++;
    struct mr_feed *feed = feed_for(p, piece->venue, piece->product);
    if (mr_unlikely(!feed))
        return MR_E_FULL;
    const struct mr_frame frame = {.data = piece->data,
                                   .len = piece->len,
                                   .connection = piece->connection,
                                   .clock = piece->clock,
                                   .recv_ns = piece->recv_ns};
    int status = 0;
    mr_player_find_places(p, feed, piece->recv_ns);
    switch (piece->kind) {
    case MR_PIECE_FRAME:
    case MR_PIECE_DATAGRAM:
        status = mr_feed_frame(feed, &frame);
        break;
    case MR_PIECE_REST:
        status = mr_feed_rest(feed, piece->name, &frame);
        break;
    case MR_PIECE_CLOSED:
        mr_player_closed(feed, piece->connection, (struct mr_span){piece->data, piece->len}, piece->recv_ns);
        break;
    case MR_PIECE_NOTE:
        mr_player_merge(p, feed, (struct mr_span){piece->data, piece->len}, piece->recv_ns);
        break;
    case MR_PIECE_OPENED:
        mr_player_opened(feed, piece->connection, (struct mr_span){piece->data, piece->len});
        break;
    default:
        break; /* end: nothing to do */
    }
    uint32_t groups = drain(p);
    return status < 0 ? status : (int)groups;
}

int mr_player_step(struct mr_player *p, struct mr_source *source, int64_t now_ns, uint32_t max)
{
    struct mr_piece pieces[64];
    uint32_t done = 0;
    while (done < max) {
        uint32_t want = max - done < MR_COUNT_OF(pieces) ? max - done : (uint32_t)MR_COUNT_OF(pieces);
        int n = source->ops->poll(source, now_ns, pieces, want);
        if (n <= 0)
            return done ? (int)done : n;
        for (int i = 0; i < n; i++) {
            mr_player_piece(p, &pieces[i]);
            source->ops->release(source, &pieces[i]);
        }
        done += (uint32_t)n;
    }
    return (int)done;
}

void mr_player_advance(struct mr_player *p, int64_t now_ns)
{
    mr_pipeline_advance(p->pipeline, now_ns);
    drain(p);
}

/* ---- what the pipeline reports ---- */

void mr_player_on_signal(void *arg, const struct mr_signal *signal)
{
    struct mr_player *p = arg;
    if (signal->kind == MR_SIGNAL_LEVEL && signal->level > signal->level_before && signal->level < MR_LEVEL_COUNT)
        p->signals[signal->level]++;
    p->cascades += signal->kind == MR_SIGNAL_CASCADE_START;
    if (p->signals_digest) {
        uint8_t canonical[MR_SIGNAL_CANONICAL_BYTES];
        const struct mr_instrument *by =
            signal->instrument == UINT32_MAX ? NULL : mr_instruments_get(p->instruments, signal->instrument);
        mr_digest_update_bytes(p->signals_digest, canonical, mr_signal_canonical(signal, by, canonical));
    }
    if (p->config.on_signal)
        p->config.on_signal(p->config.arg, signal);
}

void mr_player_on_broken(void *arg, uint32_t instrument, enum mr_gap_cause cause, int64_t recv_ns)
{
    struct mr_player *p = arg;
    for (uint32_t i = 0; i < p->feeds_used && !p->exact; i++)
        if (mr_feed_join(p->feeds[i], instrument))
            mr_feed_break(p->feeds[i], instrument, cause, recv_ns);
}
