#include "dataplane/feed/feed_tile.h"

#include <stdio.h>

#include "codecs/event/trace.h"
#include "dataplane/feed/feed_tile_priv.h"

MR_METRICS_DEFINE_FINE(mr_feed_tile, MR_FEED_TILE_METRICS);

#define PIECES 32u
#define PIECE_SLOTS 1024u /* more than the messages of one piece come to, but for images */
#define HOLD_MARGIN (MR_GROUP_SLOTS + PIECE_SLOTS)
#define SLEPT_NS 100000000ll /* no poll for so long: silence since then is ours, not the venue's */

/* ---- out: groups into the ring, inputs into the recording ---- */

/* The slowest group so far to be decoded. */
static MR_COLD void trace(struct mr_feed_tile_state *t, const union mr_slot *group, int64_t delta)
{
    struct mr_trace out = mr_event_trace(group, false, delta, group->event.recv_ns + delta);
    out.decode_ns = delta;
    out.waiting = (uint32_t)(t->ring.head - t->ring.tail_seen); /* in the ring, as far as known */
    out.thread = MR_TRACE_THREAD_FEED;
    out.tile = t->config.number;
    MR_TRACE(t->metrics, decode_ns, &out);
}

bool mr_feed_tile_emit(void *arg, const union mr_slot *group, uint32_t slots)
{
    struct mr_feed_tile_state *t = ((struct mr_feed_product *)arg)->tile;
    union mr_slot *room = mr_ring_reserve(&t->ring, slots);
    if (mr_unlikely(!room)) {
        MR_COUNT(t->metrics, ring_full, 1);
        return false;
    }
    memcpy(room, group, (size_t)slots * sizeof *group);
    int64_t delta = mr_clock_now(&t->clock) - group->event.recv_ns;
    if (MR_RECORD_MAX(t->metrics, decode_ns, delta))
        trace(t, group, delta);
    room->event.decode_delta_ns = delta < 0 ? 0 : delta > UINT32_MAX ? UINT32_MAX : (uint32_t)delta;
    mr_ring_publish(&t->ring, slots);
    return true;
}

void mr_feed_tile_record(struct mr_feed_tile_state *t, struct mr_feed_product *p,
                         const struct mr_capture_record *record)
{
    if (!t->config.record.mem || !mr_record_on(t->config.recording))
        return;
    if (mr_unlikely(!p->noted))
        mr_feed_tile_note_since(t, p);
    struct mr_capture_record r = *record;
    r.venue = p->config->venue->id;
    r.product = p->config->product;
    MR_COUNT(t->metrics, not_recorded, !mr_record_put(&t->record, &r));
}

/* A frame that was refused goes to quarantine, by the same ring; its connection goes on. */
MR_COLD void mr_feed_tile_reject(void *arg, int status, const struct mr_frame *frame, const struct mr_decoder *dec)
{
    struct mr_feed_product *p = arg;
    if (!mr_quarantine_is_for(status))
        return;
    bool kept = p->tile->config.record.mem && mr_quarantine_put(&p->quarantine, &p->tile->record, status, frame, dec);
    MR_COUNT(p->config->metrics, quarantined, kept);
    MR_COUNT(p->config->metrics, not_quarantined, !kept);
}

/* ---- in: from sessions ---- */

/* Which channels of which instruments spoke: the sweep tells the sessions. A frame may tell of several (both tokens of Polymarket's pairs). */
static void note_seen(struct mr_feed_route *route)
{
    const union mr_slot *out;
    const struct mr_feed_product *p = route->product;
    const struct mr_decoder *dec = mr_feed_decoder(p->feed);
    const uint32_t slots = mr_feed_last(p->feed, &out);
    for (uint32_t at = 0; at < slots; at += mr_event_slots(&out[at]))
        if (out[at].event.instrument < p->tile->config.instruments_max)
            route->seen[out[at].event.instrument] |= (uint16_t)dec->venue->kinds[dec->kind].channel;
}

int mr_feed_tile_deliver(void *arg, struct mr_session *session, const struct mr_frame *frame)
{
    struct mr_feed_route *route = arg;
    struct mr_feed_product *p = route->product;
    const union mr_slot *out;
    (void)session;
    mr_feed_tile_record(route->tile, p,
                        &(struct mr_capture_record){.recv_ns = frame->recv_ns,
                                                    .data = frame->data,
                                                    .len = frame->len,
                                                    .connection = frame->connection,
                                                    .kind = MR_CAPTURE_FRAME,
                                                    .clock = frame->clock});
    int n = mr_feed_frame(p->feed, frame);
    if (n < 0)
        return n;
    note_seen(route);
    mr_feed_tile_fresh_saw(p);
    return (int)mr_feed_last(p->feed, &out);
}

static bool open_state(enum mr_session_state state)
{
    return state == MR_SESSION_SUBSCRIBE || state == MR_SESSION_LIVE || state == MR_SESSION_STALE;
}

static void opened(struct mr_feed_route *route, int64_t now_ns)
{
    const char number = (char)('0' + route->row);
    if (!mr_feed_tile_has_peer(route))
        mr_feed_tile_opened(route->product, now_ns);
    route->open = true;
    mr_feed_tile_record(route->tile, route->product,
                        &(struct mr_capture_record){.recv_ns = now_ns,
                                                    .connection = route->connection,
                                                    .kind = MR_CAPTURE_OPENED,
                                                    .clock = MR_CLOCK_TSC,
                                                    .data = (const uint8_t *)&number,
                                                    .len = 1});
    mr_feed_opened(route->product->feed, route->connection, route->row, route->lane);
}

/* While another session of the route lives nothing is lost with this one. A replay does the same with what is recorded here: dataplane/player. */
static void closed(struct mr_feed_route *route, int64_t now_ns)
{
    struct mr_feed_product *p = route->product;
    bool books = route->route.channels & MR_DEPTH, copy = mr_feed_tile_has_peer(route);
    const char *what = copy ? "copy" : books ? "books" : "route";
    route->open = false;
    mr_feed_tile_record(route->tile, p,
                        &(struct mr_capture_record){.recv_ns = now_ns,
                                                    .connection = route->connection,
                                                    .kind = MR_CAPTURE_CLOSED,
                                                    .clock = MR_CLOCK_TSC,
                                                    .data = (const uint8_t *)what,
                                                    .len = (uint32_t)strlen(what)});
    mr_feed_left(p->feed, route->connection);
    if (books && !copy)
        mr_feed_disconnect(p->feed, now_ns);
    else if (!copy)
        mr_feed_forget(p->feed);
}

void mr_feed_tile_changed(void *arg, struct mr_session *session, enum mr_session_state was, enum mr_session_state is,
                          const char *why)
{
    struct mr_feed_route *route = arg;
    struct mr_feed_tile_state *t = route->tile;
    struct mr_feed_product *p = route->product;
    int64_t now_ns = mr_clock_now(&t->clock);
    (void)session;
    if (t->halting) /* the end of the run is no gap in its data */
        return;
    if (open_state(is) && !route->open)
        opened(route, now_ns);
    else if (!open_state(is) && route->open)
        closed(route, now_ns);
    mr_feed_tile_fresh_line(p, route->row, now_ns);
    if (route->parked)
        why = "another connection has taken over";
    if (t->config.changed) {
        char product[40];
        snprintf(product, sizeof product, "%s:%s", p->config->venue->name,
                 p->config->venue->products[p->config->product].name);
        t->config.changed(t->config.arg, product, route->route.name, was, is, why);
    }
}

/* Subscribed twice, and it says nothing: told in band. That it speaks again its messages tell. */
void mr_feed_tile_mute(void *arg, struct mr_session *session, const struct mr_stream *stream, bool mute)
{
    struct mr_feed_route *route = arg;
    (void)session;
    if (mute && !mr_feed_tile_has_peer(route))
        mr_feed_tile_fresh_mute(route->product, stream);
}

MR_COLD void mr_feed_tile_kept_out(struct mr_feed_product *p, const char *symbol, const char *why)
{
    const struct mr_feed_tile_config *c = &p->tile->config;
    char product[40];
    snprintf(product, sizeof product, "%s:%s", p->config->venue->name,
             p->config->venue->products[p->config->product].name);
    if (c->kept_out)
        c->kept_out(c->arg, product, symbol, why);
}

/* What one session has found out at the price of a connection the others of its route need not. They try again later than it, one after the
 * other. */
MR_COLD void mr_feed_tile_blamed(void *arg, struct mr_session *session, const struct mr_stream *stream,
                                 int64_t until_ns)
{
    struct mr_feed_route *route = arg;
    struct mr_feed_product *p = route->product;
    int64_t now_ns = mr_clock_now(&route->tile->clock), later_ns = 0;
    (void)session;
    for (uint32_t r = 0; r < p->route_count; r++)
        if (&p->routes[r] != route && p->routes[r].row == route->row)
            mr_session_hold(p->routes[r].session, stream->channel, stream->symbol,
                            until_ns ? until_ns + (later_ns += MR_HOLD_APART_NS) : 0, now_ns);
    mr_feed_tile_kept_out(p, stream->symbol,
                          until_ns ? "quarantined: the venue ends the connection when asked for it"
                                   : "out of quarantine: the venue answers");
}

/* ---- breaks: from the engine tile, from the operator ---- */

struct mr_feed_product *mr_feed_tile_product_of(struct mr_feed_tile_state *t, uint32_t instrument)
{
    const struct mr_instrument *it = mr_instruments_get(t->config.instruments, instrument);
    for (uint32_t i = 0; it && i < t->config.product_count; i++)
        if (t->products[i].config->venue->id == it->venue && t->products[i].config->product == it->product)
            return &t->products[i];
    return NULL;
}

void mr_feed_tile_break(struct mr_feed_tile_state *t, uint32_t instrument, enum mr_gap_cause cause, int64_t now_ns)
{
    struct mr_feed_product *p = mr_feed_tile_product_of(t, instrument);
    const struct mr_instrument *it = mr_instruments_get(t->config.instruments, instrument);
    if (!p || !mr_feed_join(p->feed, instrument))
        return;
    if (t->config.record.mem && mr_record_on(t->config.recording))
        MR_COUNT(t->metrics, not_recorded, !mr_input_log_break(&t->inputs, it, (uint8_t)cause, now_ns));
    mr_feed_break(p->feed, instrument, cause, now_ns);
    p->ask_due_ns[instrument] = now_ns;
    p->ask_attempts[instrument] = 0;
}

static void take_breaks(struct mr_feed_tile_state *t, int64_t now_ns)
{
    uint32_t n;
    for (const struct mr_engine_break *b; t->config.breaks.mem && (b = mr_ring_peek(&t->breaks, &n));) {
        const struct mr_engine_break copy = *b;
        mr_ring_release(&t->breaks, 1);
        if (copy.cause < MR_GAP_CAUSE_COUNT)
            mr_feed_tile_break(t, copy.instrument, (enum mr_gap_cause)copy.cause, now_ns);
    }
}

static bool is_product(const struct mr_feed_product *p, const char *name)
{
    char product[40];
    snprintf(product, sizeof product, "%s:%s", p->config->venue->name,
             p->config->venue->products[p->config->product].name);
    return !*name || strcmp(product, name) == 0;
}

static void resync(struct mr_feed_tile_state *t, const struct mr_feed_product *p, uint32_t instrument, int64_t now_ns)
{
    for (uint32_t id = 0; id < mr_instruments_count(t->config.instruments); id++)
        if ((instrument == UINT32_MAX || instrument == id) && mr_feed_tile_product_of(t, id) == p)
            mr_feed_tile_break(t, id, MR_GAP_OPERATOR, now_ns);
}

static void reset_latency(struct mr_feed_tile_state *t)
{
    mr_metrics_reset(t->metrics, &mr_feed_tile_metrics_desc);
    for (uint32_t i = 0; i < t->config.product_count; i++)
        mr_metrics_reset(t->products[i].config->metrics, &mr_feed_metrics_desc);
    for (uint32_t i = 0; i < t->connections; i++)
        mr_metrics_reset(t->by_connection[i]->metrics, &mr_session_metrics_desc);
}

static void obey(struct mr_feed_tile_state *t, const struct mr_plane_command *c, int64_t now_ns)
{
    MR_COUNT(t->metrics, commands, 1);
    if (c->kind == MR_PLANE_LATENCY_RESET)
        reset_latency(t);
    bool ours = c->kind >= MR_PLANE_PAUSE && c->kind <= MR_PLANE_RECONNECT;
    if (!ours && t->config.command)
        t->config.command(t->config.arg, c->kind, now_ns);
    for (uint32_t i = 0; ours && i < t->config.product_count; i++) {
        struct mr_feed_product *p = &t->products[i];
        if (!is_product(p, c->product))
            continue;
        if (c->kind == MR_PLANE_RESYNC)
            resync(t, p, c->instrument, now_ns);
        for (uint32_t r = 0; r < p->route_count && c->kind != MR_PLANE_RESYNC; r++) {
            if (c->kind != MR_PLANE_PAUSE)
                mr_session_forgive(p->routes[r].session, now_ns);
            if (c->kind == MR_PLANE_RECONNECT)
                mr_session_reconnect(p->routes[r].session, "operator", now_ns);
            else if (!p->routes[r].parked)
                mr_session_pause(p->routes[r].session, c->kind == MR_PLANE_PAUSE, now_ns);
        }
    }
}

static void take_commands(struct mr_feed_tile_state *t, int64_t now_ns)
{
    uint32_t n;
    for (const struct mr_plane_command *c; t->config.commands.mem && (c = mr_ring_peek(&t->commands, &n));) {
        struct mr_plane_command copy = *c;
        copy.product[sizeof copy.product - 1] = 0;
        mr_ring_release(&t->commands, 1);
        obey(t, &copy, now_ns);
    }
}

/* ---- the sweep ---- */

static void tell_session(struct mr_feed_tile_state *t, struct mr_feed_route *route, int64_t now_ns)
{
    uint32_t count = mr_instruments_count(t->config.instruments);
    for (uint32_t id = 0; id < count && id < t->config.instruments_max; id++) {
        uint32_t seen = route->seen[id] & route->route.channels;
        if (mr_likely(!route->seen[id]))
            continue;
        route->seen[id] = 0;
        const char *symbol = mr_instruments_get(t->config.instruments, id)->symbol;
        for (; seen; seen &= seen - 1)
            mr_session_saw(route->session, seen & -seen, symbol, now_ns);
    }
}

static void show_lane(struct mr_plane_connection *row, const struct mr_feed_route *route)
{
    const struct mr_lane_metrics *lane = route->lane;
    if (!lane)
        return;
    row->won = lane->won;
    row->copies = lane->copies;
    row->missed = lane->missed;
    row->lead_p50_ns = mr_hist_percentile((const struct mr_hist *)&lane->lead_ns, 0.5);
    row->lead_p99_ns = mr_hist_percentile((const struct mr_hist *)&lane->lead_ns, 0.99);
}

static void show_connections(struct mr_feed_tile_state *t)
{
    struct mr_plane_connections *image = &t->image;
    image->count = 0;
    for (uint32_t i = 0; i < t->connections; i++) {
        struct mr_session_view v;
        const struct mr_feed_route *route = t->by_connection[i];
        if (route->parked && mr_session_state(route->session) == MR_SESSION_PAUSED)
            continue;
        struct mr_plane_connection *row = &image->row[image->count++];
        mr_session_view(route->session, &v);
        *row = (struct mr_plane_connection){.number = v.connection,
                                            .state = v.state,
                                            .tile = t->config.number,
                                            .streams = v.streams,
                                            .streams_live = v.streams_live,
                                            .mute = v.mute,
                                            .held = v.held,
                                            .waits = v.waits,
                                            .attempts = v.attempts,
                                            .since_ns = v.since_ns,
                                            .last_byte_ns = v.last_byte_ns,
                                            .next_dial_ns = v.next_dial_ns,
                                            .frames = route->metrics->frames,
                                            .bytes = route->metrics->bytes};
        show_lane(row, route);
        snprintf(row->product, sizeof row->product, "%s:%s", v.venue, v.product);
        snprintf(row->route, sizeof row->route, "%s", v.route);
        snprintf(row->host, sizeof row->host, "%s", v.host);
        snprintf(row->why, sizeof row->why, "%s", v.why);
        snprintf(row->held_symbol, sizeof row->held_symbol, "%s", v.held_symbol ? v.held_symbol : "");
        snprintf(row->tls, sizeof row->tls, "%s", v.tls);
    }
    if (t->config.connections)
        mr_image_write(t->config.connections, image, sizeof *image);
}

bool mr_feed_tile_live(const struct mr_feed_tile_state *t)
{
    for (uint32_t i = 0; i < t->connections; i++)
        if (!t->by_connection[i]->parked && mr_session_state(t->by_connection[i]->session) != MR_SESSION_LIVE)
            return false;
    for (uint32_t i = 0; i < t->config.product_count; i++)
        if (mr_feed_wanting(t->products[i].feed, NULL, NULL))
            return false;
    return true;
}

static void show_sources(struct mr_feed_tile_state *t, int64_t now_ns)
{
    t->show_due_ns = now_ns + MR_SHOW_NS;
    for (uint32_t i = 0; i < t->config.source_count; i++) {
        struct mr_image *image = t->config.sources[i].show;
        if (!image || !t->ports[i].open)
            continue;
        t->ports[i].source.ops->show(&t->ports[i].source, &t->show);
        t->show.now_ns = now_ns;
        mr_image_write(image, &t->show, sizeof t->show);
    }
}

/* ---- the round ---- */

/* On the tile's own thread: an io_uring belongs to the thread that makes it. Boot has tried it already. */
static MR_COLD bool open_port(struct mr_feed_tile_state *t, uint32_t i)
{
    struct mr_feed_tile_port *port = &t->ports[i];
    struct mr_err err;
    if (port->failed)
        return false;
    const struct mr_feed_tile_source *s = &t->config.sources[i];
    int status = s->ops->open(&port->source, port->mem, &s->stream, &err);
    port->failed = status != MR_OK;
    return port->open = status == MR_OK;
}

/* How many pieces the ring has room for. The ring full for longer than hold_ms: reading goes on, and books get gaps. */
static uint32_t may_read(struct mr_feed_tile_state *t, int64_t now_ns)
{
    uint64_t room = t->ring.slots - (t->ring.head - t->ring.tail_seen);
    if (mr_unlikely(room <= HOLD_MARGIN)) { /* as far as we know: the reader may have moved on long ago */
        mr_ring_reserve_look(&t->ring, MR_GROUP_SLOTS);
        room = t->ring.slots - (t->ring.head - t->ring.tail_seen);
    }
    if (mr_likely(room > HOLD_MARGIN)) {
        t->held_since_ns = 0;
        uint64_t pieces = (room - MR_GROUP_SLOTS) / PIECE_SLOTS;
        return pieces < PIECES ? (uint32_t)pieces : PIECES;
    }
    MR_COUNT(t->metrics, held_back, 1);
    if (t->held_since_ns == 0)
        t->held_since_ns = now_ns;
    return now_ns - t->held_since_ns > t->config.hold_ms * 1000000ll ? 1 : 0;
}

static void take_piece(struct mr_feed_tile_state *t, const struct mr_piece *piece)
{
    t->piece_ns = mr_clock_now(&t->clock); /* the round's time is of before the poll */
    if (piece->kind == MR_PIECE_DATAGRAM)
        mr_feed_tile_datagram(t, piece);
    else if (piece->connection < t->connections)
        mr_session_piece(t->by_connection[piece->connection]->session, piece, t->piece_ns);
    else
        MR_COUNT(t->metrics, foreign, 1);
}

/* The engine tile has all that it was given. Where it runs on this thread, to wait before would make it wait too. */
static bool taken(struct mr_feed_tile_state *t)
{
    mr_ring_reserve_look(&t->ring, MR_GROUP_SLOTS);
    return t->ring.tail_seen == t->ring.head;
}

static int step_port(struct mr_feed_tile_state *t, uint32_t i, int64_t now_ns)
{
    struct mr_piece pieces[PIECES];
    struct mr_source *source = &t->ports[i].source;
    if (mr_unlikely(!t->ports[i].open) && !open_port(t, i))
        return 0;
    uint32_t want = may_read(t, now_ns);
    if (mr_unlikely(want && now_ns - t->polled_ns > SLEPT_NS))
        mr_feed_tile_fresh_slept(t, now_ns);
    t->polled_ns = want ? now_ns : t->polled_ns;
    int n = want ? source->ops->poll(source, now_ns, pieces, want) : 0;
    for (int k = 0; k < n; k++) {
        take_piece(t, &pieces[k]);
        source->ops->release(source, &pieces[k]);
    }
    if (n > 0)
        MR_COUNT(t->metrics, pieces, n);
    else if (want && t->config.blocking && t->config.source_count == 1 && source->ops->wait && taken(t))
        source->ops->wait(source, 1000000);
    return n > 0 ? n : 0;
}

static int step(void *state, int64_t now_ns)
{
    struct mr_feed_tile_state *t = state;
    int n = 0;
    for (uint32_t i = 0; i < t->config.source_count; i++)
        n += step_port(t, i, now_ns);
    return n;
}

static bool any_open(const struct mr_feed_tile_state *t)
{
    for (uint32_t i = 0; i < t->config.source_count; i++)
        if (t->ports[i].open)
            return true;
    return false;
}

static void housekeep(void *state, int64_t now_ns)
{
    struct mr_feed_tile_state *t = state;
    mr_clock_housekeep(&t->clock);
    if (!any_open(t))
        return;
    take_commands(t, now_ns);
    take_breaks(t, now_ns);
    mr_feed_tile_answers(t, now_ns);
    for (uint32_t i = 0; i < t->connections; i++)
        if (t->by_connection[i]->product->listed && t->ports[t->by_connection[i]->product->config->source].open)
            mr_session_housekeep(t->by_connection[i]->session, now_ns);
    mr_feed_tile_lines_housekeep(t, now_ns);
    mr_feed_tile_merge_due(t, now_ns);
    for (uint32_t i = 0; i < t->config.source_count; i++)
        if (t->ports[i].open && t->ports[i].source.ops->housekeep)
            t->ports[i].source.ops->housekeep(&t->ports[i].source, now_ns);
    if (now_ns < t->sweep_due_ns)
        return;
    t->sweep_due_ns = now_ns + MR_SWEEP_NS;
    for (uint32_t i = 0; i < t->connections; i++)
        tell_session(t, t->by_connection[i], now_ns);
    mr_feed_tile_over(t, now_ns);
    mr_feed_tile_fresh_tick(t, now_ns);
    mr_feed_tile_ask(t, now_ns);
    show_connections(t);
    if (now_ns >= t->show_due_ns)
        show_sources(t, now_ns);
}

void mr_feed_tile_halt(void *state)
{
    struct mr_feed_tile_state *t = state;
    t->halting = true;
    show_connections(t);
    for (uint32_t i = 0; i < t->connections; i++)
        if (t->by_connection[i]->session) /* NULL: the boot did not come so far */
            mr_session_close(t->by_connection[i]->session, mr_clock_now(&t->clock));
    for (uint32_t i = 0; i < t->config.source_count; i++) {
        if (t->ports[i].open)
            t->ports[i].source.ops->close(&t->ports[i].source);
        t->ports[i].open = false;
    }
    if (t->tls)
        mr_tls_context_close(t->tls);
    t->tls = NULL;
}

const struct mr_tile mr_feed_tile = {.name = "feed",
                                     .bytes = mr_feed_tile_bytes,
                                     .boot = mr_feed_tile_boot,
                                     .step = step,
                                     .housekeep = housekeep,
                                     .halt = mr_feed_tile_halt};
