#include <stdio.h>

#include "dataplane/feed/feed_tile_priv.h"

#define CATALOGUE_MAX 16384

static size_t rounded(size_t bytes) { return (bytes + 127) / 128 * 128; }

static uint32_t routes_of(const struct mr_feed_tile_product *p)
{
    uint32_t n = 0;
    for (const struct mr_route *r = mr_dialect_of(p->venue)->products[p->product].routes; r->name; r++)
        n++;
    return n;
}

/* A spare where a single connection would have to end now and then. */
uint32_t mr_feed_tile_members(const struct mr_product_dial *dial, uint32_t connections)
{
    bool ends = false;
    for (const struct mr_route *r = dial->routes; r->name; r++)
        ends |= r->life_s != 0;
    return connections > 1 ? connections : ends ? 2 : 1;
}

static uint32_t members_of(const struct mr_feed_tile_product *p)
{
    return p->lines ? 1 : mr_feed_tile_members(&mr_dialect_of(p->venue)->products[p->product], p->connections);
}

static uint32_t lanes_of(const struct mr_feed_tile_product *p)
{
    return members_of(p) > 1 ? members_of(p) * routes_of(p) : 0;
}

static struct mr_feed_config feed_config(const struct mr_feed_tile_config *c, uint32_t i)
{
    const struct mr_feed_tile_product *p = &c->products[i];
    return (struct mr_feed_config){.venue = p->venue,
                                   .product = p->product,
                                   .instruments = c->instruments,
                                   .table_lock = c->table_lock,
                                   .instruments_max = c->instruments_max,
                                   .hold_slots = c->hold_slots,
                                   .joins_max = c->joins_max,
                                   .lanes_max = lanes_of(p),
                                   .tile = c->number,
                                   .merge = p->merge,
                                   .shapes = c->shapes,
                                   .add_unknown = true,
                                   .liquidators = p->liquidators,
                                   .liquidator_count = p->liquidator_count,
                                   .emit = mr_feed_tile_emit,
                                   .reject = mr_feed_tile_reject};
}

static struct mr_session_config session_config(struct mr_feed_route *route)
{
    struct mr_feed_tile_state *t = route->tile;
    const struct mr_feed_tile_config *c = &t->config;
    const struct mr_feed_tile_product *p = route->product->config;
    struct mr_address from = {.family = 0};
    if (p->from_count)
        from = p->from[route->member % p->from_count];
    return (struct mr_session_config){
        .venue = p->venue,
        .product = p->product,
        .route = &route->route,
        .connection = route->connection,
        .tile = c->number,
        .host = route->route.token ? NULL : route->route.host,
        .port = p->port,
        .fixed = p->fixed,
        .from = from,
        .budgets = p->budgets ? p->budgets[p->from_count ? route->member % p->from_count : 0] : NULL,
        .interface = p->interface,
        .streams = route->streams,
        .stream_count = route->stream_count,
        .source = &t->ports[p->source].source,
        .tls = t->tls,
        .message_max = c->message_max,
        .connect_s = c->connect_s,
        .data_s = c->data_s,
        .hold_s = c->quarantine_s,
        .backoff_ms_first = 100,
        .backoff_ms_most = c->backoff_ms_most,
        .dials_per_minute = c->dials_per_minute,
        .seed = c->seed + route->connection,
        .spread = route->member,
        .resolve = mr_feed_tile_resolve,
        .token = mr_feed_tile_token,
        .deliver = mr_feed_tile_deliver,
        .changed = mr_feed_tile_changed,
        .planned = mr_feed_tile_planned,
        .mute = mr_feed_tile_mute,
        .blamed = mr_feed_tile_blamed,
        .arg = route};
}

/* Sessions do not look at their configuration to say how long they are, but for the sizes in it. */
static size_t session_bytes(const struct mr_feed_tile_config *c, const struct mr_feed_tile_product *p,
                            const struct mr_route *row)
{
    const struct mr_session_config s = {.venue = p->venue,
                                        .product = p->product,
                                        .route = row,
                                        .streams = p->streams,
                                        .stream_count = p->stream_count,
                                        .message_max = c->message_max};
    return mr_session_bytes(&s);
}

size_t mr_feed_tile_bytes(const void *config)
{
    const struct mr_feed_tile_config *c = config;
    size_t bytes = rounded(sizeof(struct mr_feed_tile_state)) + rounded(mr_instruments_bytes(CATALOGUE_MAX)) +
                   rounded(MR_CAPTURE_RECORD_MAX) + 4096;
    for (uint32_t i = 0; i < c->source_count; i++)
        bytes += rounded(c->sources[i].ops->bytes(&c->sources[i].stream));
    for (uint32_t i = 0; i < c->product_count; i++) {
        const struct mr_feed_tile_product *p = &c->products[i];
        const struct mr_feed_config feed = feed_config(c, i);
        uint32_t members = members_of(p), sessions = members * routes_of(p);
        bytes += rounded(mr_feed_bytes(&feed)) + rounded(c->instruments_max * 16u) +
                 rounded(sessions * sizeof(struct mr_feed_route)) + rounded(mr_feed_tile_lines_bytes(p)) +
                 mr_feed_tile_fresh_bytes(c, i) + 1024;
        for (const struct mr_route *r = mr_dialect_of(p->venue)->products[p->product].routes; r->name; r++)
            bytes += members * (rounded(session_bytes(c, p, r)) + rounded(p->stream_count * sizeof(struct mr_stream)) +
                                rounded(c->instruments_max * sizeof(uint16_t)) + 256);
    }
    return bytes;
}

static int open_ring(int status, struct mr_err *err, const char *name)
{
    return status == MR_OK
               ? MR_OK
               : mr_err_set(err, status, "feed tile: ring %s of the workspace: %s", name, mr_status_text(status));
}

static int open_rings(struct mr_feed_tile_state *t, struct mr_err *err)
{
    const struct mr_feed_tile_config *c = &t->config;
    int status = open_ring(mr_ring_writer_open(&t->ring, c->ring.mem, c->ring.bytes), err, "to the engine tile");
    if (!status)
        status =
            open_ring(mr_ring_writer_open(&t->requests, c->requests.mem, c->requests.bytes), err, "to the aux tile");
    if (!status)
        status =
            open_ring(mr_ring_reader_open(&t->answers, c->answers.mem, c->answers.bytes), err, "from the aux tile");
    if (!status && c->breaks.mem)
        status =
            open_ring(mr_ring_reader_open(&t->breaks, c->breaks.mem, c->breaks.bytes), err, "from the engine tile");
    if (!status && c->commands.mem)
        status = open_ring(mr_ring_reader_open(&t->commands, c->commands.mem, c->commands.bytes), err, "of commands");
    if (!status && c->record.mem)
        status = open_ring(mr_ring_writer_open(&t->record, c->record.mem, c->record.bytes), err, "to the record tile");
    return status;
}

/* The streams that this route serves; a stream that two routes could serve goes to the first. */
static uint32_t pick_streams(const struct mr_feed_product *p, uint32_t before, struct mr_feed_route *route)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->config->stream_count; i++) {
        const struct mr_stream *s = &p->config->streams[i];
        bool taken = false;
        for (uint32_t r = 0; r < before; r++)
            taken |= p->routes[r].row != route->row && (p->routes[r].route.channels & s->channel) != 0;
        if (!taken && route->route.channels & s->channel)
            route->streams[n++] = *s;
    }
    return n;
}

/* One session to a route; none where the route has nothing to bring. */
static int boot_route(struct mr_feed_product *p, const struct mr_route *r, uint8_t row, uint8_t member,
                      struct mr_arena *arena, struct mr_err *err)
{
    struct mr_feed_tile_state *t = p->tile;
    const struct mr_feed_tile_product *c = p->config;
    struct mr_feed_route *route = &p->routes[p->route_count];
    uint32_t at = row * p->members + member;
    *route = (struct mr_feed_route){.tile = t,
                                    .product = p,
                                    .route = *r,
                                    .row = row,
                                    .member = member,
                                    .parked = member > 0 && c->connections <= 1,
                                    .metrics = c->sessions[at],
                                    .lane = c->lanes && p->members > 1 ? c->lanes[at] : NULL,
                                    .connection = (uint16_t)t->connections};
    if (c->port)
        route->route.port = c->port;
    if (c->silence_s) {
        route->route.silence_s = c->silence_s;
        route->route.pong_s = r->pong_s < c->silence_s ? r->pong_s : c->silence_s;
    }
    if (c->life_s && c->life_s < r->life_s)
        route->route.life_s = c->life_s;
    if (route->parked && !r->life_s)
        return MR_OK;
    route->streams = MR_CUT(arena, struct mr_stream, c->stream_count);
    route->seen = MR_CUT(arena, uint16_t, t->config.instruments_max);
    route->stream_count = pick_streams(p, p->route_count, route);
    if (route->stream_count == 0)
        return MR_OK;
    if (t->connections == MR_FEED_TILE_SESSIONS)
        return mr_err_set(err, MR_E_FULL,
                          "feed tile %u: more than %d connections; give it fewer feeds, or use another tile",
                          t->config.number, MR_FEED_TILE_SESSIONS);
    p->route_count++;
    t->by_connection[t->connections++] = route;
    return MR_OK;
}

static int boot_product(struct mr_feed_tile_state *t, uint32_t i, struct mr_instruments *catalogue,
                        struct mr_arena *arena, struct mr_err *err)
{
    struct mr_feed_product *p = &t->products[i];
    const struct mr_feed_tile_product *c = p->config = &t->config.products[i];
    p->tile = t;
    p->dialect = mr_dialect_of(c->venue);
    p->dial = &p->dialect->products[c->product];
    p->members = members_of(c);
    p->routes = MR_CUT(arena, struct mr_feed_route, routes_of(c) * p->members);
    struct mr_feed_config feed = feed_config(&t->config, i);
    feed.catalogue = catalogue;
    feed.emit_arg = p;
    feed.reject_arg = p;
    mr_quarantine_init(&p->quarantine, t->config.quarantine_per_minute, t->config.quarantine_frame_max);
    p->feed = mr_feed_init(mr_arena_cut(arena, mr_feed_bytes(&feed), 128), &feed, c->metrics);
    p->ask_due_ns = MR_CUT(arena, int64_t, t->config.instruments_max);
    p->ask_attempts = MR_CUT(arena, uint8_t, t->config.instruments_max);
    if (c->lines) {
        mr_feed_tile_fresh_boot(p, arena);
        return mr_feed_tile_lines_boot(p, arena, err);
    }
    int status = MR_OK;
    uint8_t row = 0;
    for (const struct mr_route *r = p->dial->routes; r->name; r++, row++)
        for (uint8_t member = 0; member < p->members && !status; member++)
            status = boot_route(p, r, row, member, arena, err);
    mr_feed_tile_fresh_boot(p, arena);
    p->merging = c->connections > 1; /* its note goes before the first record */
    mr_feed_merge(p->feed, p->merging, c->merge_wait_ns);
    return status;
}

int mr_feed_tile_boot(void *state, const void *config, struct mr_arena *process, struct mr_err *err)
{
    struct mr_feed_tile_state *t = state;
    struct mr_arena own, *arena = &own; /* what follows the state is the tile's too */
    (void)process;
    memset(t, 0, sizeof *t);
    mr_arena_in(arena, (uint8_t *)state + rounded(sizeof *t), mr_feed_tile_bytes(config) - rounded(sizeof *t));
    t->config = *(const struct mr_feed_tile_config *)config;
    t->metrics = t->config.metrics;
    mr_clock_open(&t->clock);
    for (uint32_t i = 0; i < t->config.source_count; i++)
        t->config.sources[i].stream.clock = &t->clock;
    struct mr_instruments *catalogue =
        mr_instruments_init(mr_arena_cut(arena, mr_instruments_bytes(CATALOGUE_MAX), 128), CATALOGUE_MAX);
    int status = MR_OK;
    for (uint32_t i = 0; i < t->config.product_count && !status; i++)
        status = boot_product(t, i, catalogue, arena, err);
    if (!status)
        status = mr_tls_context_open(&t->tls, &t->config.tls, err);
    for (uint32_t i = 0; i < t->config.source_count; i++) {
        const struct mr_feed_tile_source *s = &t->config.sources[i];
        struct mr_feed_tile_port *port = &t->ports[i];
        port->mem = mr_arena_cut(arena, s->ops->bytes(&s->stream), 128);
        if (!status) { /* tried here, where an error still has a reader; opened by the tile's own thread */
            status = s->ops->open(&port->source, port->mem, &s->stream, err);
            if (!status)
                port->source.ops->close(&port->source);
        }
    }
    for (uint32_t i = 0; i < t->connections && !status; i++) {
        struct mr_feed_route *route = t->by_connection[i];
        const struct mr_session_config c = session_config(route);
        status = mr_session_check(&c, err);
        if (status)
            break;
        route->session = mr_session_init(mr_arena_cut(arena, mr_session_bytes(&c), 128), &c, route->metrics);
        if (route->product->config->paused || route->parked)
            mr_session_pause(route->session, true, 0);
    }
    t->inbox = (struct mr_aux_inbox){.answers = &t->answers,
                                     .body = mr_arena_cut(arena, MR_CAPTURE_RECORD_MAX, 128),
                                     .body_max = MR_CAPTURE_RECORD_MAX};
    mr_input_log_init(&t->inputs, &t->record, t->config.recording);
    if (!status)
        status = open_rings(t, err);
    if (status)
        mr_feed_tile_halt(t); /* what it holds by now */
    return status;
}
