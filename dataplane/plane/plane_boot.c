#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dataplane/log/log.h"
#include "dataplane/plane/plane_priv.h"

/* ---- instruments: ids in config order ---- */

static int add_symbols(struct mr_plane *p, struct mr_err *err)
{
    const struct mr_plane_config *c = &p->config;
    for (uint32_t i = 0; i < c->feed_count; i++) {
        const struct mr_venue *venue;
        uint8_t product;
        mr_venue_parse(c->feeds[i].product, &venue, &product, NULL);
        for (uint32_t k = 0; k < c->feeds[i].symbol_count; k++) {
            int64_t id =
                mr_instruments_add_bare(p->instruments, venue->id, product, mr_span_of(c->feeds[i].symbols[k].name));
            if (id < 0)
                return mr_err_set(err, (int)id, "feeds: %s %s: %s (instruments_max is %u)", c->feeds[i].product,
                                  c->feeds[i].symbols[k].name, mr_status_text((int)id), c->instruments_max);
            p->tile_of[id] = (uint8_t)c->feeds[i].tile;
        }
    }
    return MR_OK;
}

static uint8_t tile_of(void *arg, uint32_t instrument)
{
    const struct mr_plane *p = arg;
    return instrument < p->config.instruments_max ? p->tile_of[instrument] : 0;
}

/* ---- streams: one channel of one symbol each ---- */

static uint32_t make_streams(struct mr_plane *p, uint32_t i)
{
    const struct mr_plane_feed *f = &p->config.feeds[i];
    const struct mr_venue *venue;
    uint8_t product;
    mr_venue_parse(f->product, &venue, &product, NULL);
    const struct mr_product_dial *dial = &mr_dialect_of(venue)->products[product];
    uint32_t channels = venue->products[product].channels & (f->channels ? f->channels : ~0u) &
                        ~(uint32_t)(MR_CONTROL | MR_CANDLES),
             n = 0;
    if (f->channels & MR_CANDLES)
        channels |= MR_CANDLES;
    p->streams[i] = calloc(9 * (size_t)f->symbol_count + 9, sizeof **p->streams);
    for (uint32_t bit = 1; bit < MR_CONTROL; bit <<= 1) {
        if (!(channels & bit))
            continue;
        if (dial->market_wide & bit)
            p->streams[i][n++] = (struct mr_stream){bit, ""};
        for (uint32_t k = 0; k < f->symbol_count && !(dial->market_wide & bit); k++)
            p->streams[i][n++] = (struct mr_stream){bit, f->symbols[k].name};
    }
    return n;
}

/* ---- REST: base URLs, fixed addresses, limits ---- */

/* "https://host:port/path" -> host and port. */
static uint16_t host_of(const char *url, char host[128])
{
    const char *at = strstr(url, "://");
    at = at ? at + 3 : url;
    size_t len = strcspn(at, ":/");
    snprintf(host, 128, "%.*s", (int)len, at);
    return at[len] == ':' ? (uint16_t)strtoul(at + len + 1, NULL, 10) : 443;
}

static void rest_of(struct mr_plane *p, uint32_t i, const struct mr_product_dial *dial)
{
    const struct mr_plane_feed *f = &p->config.feeds[i];
    char *host = p->hosts[p->aux.limit_count];
    snprintf(p->rest[i], sizeof p->rest[i], "%s", *f->rest ? f->rest : dial->rest);
    uint16_t port = host_of(p->rest[i], host);
    if (f->fixed.family) { /* the simulated exchange: the venue's name, another address and port */
        if (f->fixed.port && !*f->rest)
            snprintf(p->rest[i], sizeof p->rest[i], "%s:%u", dial->rest, f->fixed.port);
        p->overrides[p->aux.override_count++] =
            (struct mr_aux_override){host, f->fixed.port && !*f->rest ? f->fixed.port : port, f->fixed};
    }
    const uint32_t most = mr_budget_share(dial->rest_weight, p->config.limit_share);
    p->limits[p->aux.limit_count++] =
        (struct mr_aux_limit){host, most, dial->rest_s, mr_plane_host_budget(p, host, dial->rest_s)};
}

/* ---- tiles ---- */

static struct mr_engine_memory memory(struct mr_plane *p, const char *format, uint32_t n)
{
    char name[MR_REGION_NAME_BYTES];
    struct mr_engine_memory m = {0};
    snprintf(name, sizeof name, format, n);
    m.mem = mr_plane_region(p, name, &m.bytes);
    return m;
}

/* The tile's source of this kind, made with its first feed. */
static uint8_t plan_source(struct mr_plane *p, uint32_t tile, uint8_t kind)
{
    struct mr_feed_tile_config *t = &p->feeds[tile];
    char name[32];
    uint32_t i = 0;
    while (i < t->source_count && t->sources[i].ops != mr_plane_ops(kind))
        i++;
    if (i < t->source_count)
        return (uint8_t)i;
    struct mr_stream_config stream = mr_plane_stream_config(p, kind);
    snprintf(name, sizeof name, "source/%u/%s", tile, mr_plane_ops(kind)->name);
    stream.metrics = mr_plane_metrics(p, name);
    if (kind == MR_PLANE_SOCKET) {
        stream.ports = p->ports[tile];
        stream.port_count = p->port_count[tile];
        for (uint32_t k = 0; k < p->config.feed_count;
             k++) /* one interface a tile: the first that a feed with lines names */
            if (!stream.interface && p->config.feeds[k].tile == tile && p->config.feeds[k].line_count &&
                *p->config.feeds[k].interface)
                stream.interface = p->config.feeds[k].interface;
    }
    if (kind == MR_PLANE_DPDK) {
        p->dpdk.metrics = mr_plane_metrics(p, "dpdk");
        p->dpdk.net_metrics = mr_plane_metrics(p, "net");
        p->dpdk.tcp_metrics = mr_plane_metrics(p, "tcp");
    }
    t->sources[t->source_count] = (struct mr_feed_tile_source){
        mr_plane_ops(kind), stream, mr_plane_ops(kind)->show ? mr_plane_region(p, name, NULL) : NULL};
    return (uint8_t)t->source_count++;
}

/* NULL: the feed has sessions. */
static const struct mr_feed_tile_lines *plan_lines(struct mr_plane *p, uint32_t i)
{
    const struct mr_plane_feed *f = &p->config.feeds[i];
    char name[64];
    if (!f->line_count)
        return NULL;
    snprintf(name, sizeof name, "lines/%s", f->product);
    p->lines[i] = (struct mr_feed_tile_lines){.first = p->first_line[i],
                                              .payload_offset = f->payload_offset,
                                              .arbiter = {.number_offset = f->number_offset,
                                                          .number_width = f->number_width,
                                                          .number_little = f->number_little,
                                                          .window = MR_PLANE_LINE_WINDOW,
                                                          .datagram_max = 1500,
                                                          .patience_ns = f->patience_ns,
                                                          .lines = f->line_count,
                                                          .metrics = mr_plane_metrics(p, name)}};
    return &p->lines[i];
}

/* Metrics of each session to each route: names as plane_regions.c made them. False: nothing is merged. */
static bool plan_sessions(struct mr_plane *p, uint32_t i, const struct mr_product_dial *dial)
{
    const struct mr_plane_feed *f = &p->config.feeds[i];
    uint32_t members = mr_feed_tile_members(dial, f->connections), n = 0;
    char name[64];
    if (f->line_count)
        return false;
    for (const struct mr_route *r = dial->routes; r->name; r++)
        for (uint32_t k = 0; k < members && n < MR_FEED_TILE_SESSIONS; k++, n++) {
            p->session_metrics[i][n] = mr_plane_metrics(p, mr_plane_session_name(name, f->product, r->name, k));
            snprintf(name, sizeof name, "lane/%s/%s/%u", f->product, r->name, k);
            p->lane_metrics[i][n] = members > 1 ? mr_plane_metrics(p, name) : NULL;
        }
    return members > 1;
}

static void plan_product(struct mr_plane *p, uint32_t i)
{
    const struct mr_plane_feed *f = &p->config.feeds[i];
    const struct mr_venue *venue;
    uint8_t product;
    char name[64], merge[64];
    mr_venue_parse(f->product, &venue, &product, NULL);
    const struct mr_product_dial *dial = &mr_dialect_of(venue)->products[product];
    bool merged = plan_sessions(p, i, dial);
    mr_plane_budgets(p, i, venue);
    snprintf(merge, sizeof merge, "merge/%s", f->product);
    rest_of(p, i, dial);
    struct mr_feed_tile_config *tile = &p->feeds[f->tile];
    uint32_t streams = make_streams(p, i);
    snprintf(name, sizeof name, "feed/%s", f->product);
    p->products[f->tile][tile->product_count++] =
        (struct mr_feed_tile_product){.venue = venue,
                                      .product = product,
                                      .source = plan_source(p, f->tile, p->source_of[i]),
                                      .lines = plan_lines(p, i),
                                      .stream_count = streams,
                                      .streams = p->streams[i],
                                      .rest = p->rest[i],
                                      .host = f->host,
                                      .port = f->port,
                                      .fixed = f->fixed,
                                      .from = f->from,
                                      .from_count = f->from_count,
                                      .budgets = p->budget_of[i],
                                      .interface = *f->interface ? f->interface : NULL,
                                      .liquidators = f->liquidators,
                                      .liquidator_count = f->liquidator_count,
                                      .paused = f->paused,
                                      .metrics = mr_plane_metrics(p, name),
                                      .connections = f->connections,
                                      .life_s = f->life_s,
                                      .silence_s = f->silence_s,
                                      .merge_wait_ns = f->merge_wait_ns,
                                      .merge = merged ? mr_plane_metrics(p, merge) : NULL,
                                      .lanes = merged ? p->lane_metrics[i] : NULL,
                                      .sessions = p->session_metrics[i]};
}

static void on_command(void *arg, uint8_t kind, int64_t now_ns)
{
    struct mr_plane *p = arg;
    (void)now_ns;
    switch (kind) {
    case MR_PLANE_RECORD_START:
        mr_record_want(&p->recording, true);
        break;
    case MR_PLANE_RECORD_STOP:
        mr_record_want(&p->recording, false);
        break;
    case MR_PLANE_SHUTDOWN:
        __atomic_store_n(&p->shutdown, 1, __ATOMIC_RELEASE);
        break;
    case MR_PLANE_LATENCY_RESET: /* comes once from each feed tile, which has reset its own */
        __atomic_fetch_add(&p->resets, 1, __ATOMIC_RELAXED);
        break;
    default:
        break;
    }
}

/* Up, down and stale are for the operator; the steps between are for who looks closer. */
static void on_changed(void *arg, const char *product, const char *route, enum mr_session_state was,
                       enum mr_session_state is, const char *why)
{
    struct mr_plane *p = arg;
    bool loud = is == MR_SESSION_LIVE || is == MR_SESSION_STALE || is == MR_SESSION_PAUSED || is == MR_SESSION_DOWN;
    enum mr_log_level level = !loud                                              ? MR_LOG_DEBUG
                              : is == MR_SESSION_LIVE || is == MR_SESSION_PAUSED ? MR_LOG_INFO
                                                                                 : MR_LOG_WARN;
    if (p->log)
        MR_LOG(p->log, level, "%s/%s: %s -> %s%s%s", product, route, mr_session_state_name(was),
               mr_session_state_name(is), why && *why ? ": " : "", why ? why : "");
}

static void on_kept_out(void *arg, const char *product, const char *symbol, const char *why)
{
    struct mr_plane *p = arg;
    if (p->log)
        MR_LOG(p->log, MR_LOG_WARN, "%s: %s: %s", product, *symbol ? symbol : "(all)", why);
}

static void plan_feed_tile(struct mr_plane *p, uint32_t n)
{
    const struct mr_plane_config *c = &p->config;
    struct mr_feed_tile_config *t = &p->feeds[n];
    char name[32];
    snprintf(name, sizeof name, "feed-tile/%u", n);
    t->products = p->products[n];
    char tls[32];
    snprintf(tls, sizeof tls, "tls/%u", n);
    t->tls = (struct mr_tls_config){.ca_file = *c->ca_file ? c->ca_file : NULL,
                                    .crl_file = *c->crl_file ? c->crl_file : NULL,
                                    .output_bytes = 65536,
                                    .connections_max = MR_FEED_TILE_SESSIONS,
                                    .read_layer = c->read_layer,
                                    .metrics = mr_plane_metrics(p, tls)};
    t->instruments = p->instruments;
    t->table_lock = &p->table_lock;
    t->instruments_max = c->instruments_max;
    for (uint32_t i = 0; i < c->feed_count; i++) /* a book for each symbol of the largest product */
        if (c->feeds[i].tile == n && c->feeds[i].symbol_count > t->joins_max)
            t->joins_max = c->feeds[i].symbol_count;
    t->hold_slots = MR_PLANE_HOLD_SLOTS;
    t->shapes = c->shapes;
    t->message_max = c->message_max;
    t->connect_s = c->connect_s;
    t->data_s = c->data_s;
    t->quarantine_s = c->quarantine_s;
    t->dials_per_minute = c->dials_per_minute;
    t->backoff_ms_most = c->backoff_ms_most;
    t->list_s = 10;
    t->hold_ms = 1000;
    t->seed = c->seed + 1000 * n;
    t->blocking = c->blocking;
    t->ring = memory(p, "feed/%u>engine/0", n);
    t->breaks = memory(p, "engine/0>feed/%u", n);
    t->commands = memory(p, "commands/%u", n);
    t->requests = memory(p, "feed/%u>aux", n);
    t->answers = memory(p, "aux>feed/%u", n);
    if (*c->record_folder)
        t->record = memory(p, "feed/%u>record", n);
    t->recording = &p->recording;
    if (c->quarantine && *c->record_folder) { /* the record tile writes it */
        t->quarantine_per_minute = c->quarantine_per_minute;
        t->quarantine_frame_max = c->quarantine_frame;
    }
    t->connections = memory(p, "connections/%u", n).mem;
    t->channels = memory(p, "channels/%u", n).mem;
    t->fresh = c->fresh;
    t->metrics = mr_plane_metrics(p, name);
    t->number = (uint8_t)n;
    t->command = on_command;
    t->changed = on_changed;
    t->kept_out = on_kept_out;
    t->arg = p;
}

static int plan_engine(struct mr_plane *p, struct mr_err *err)
{
    const struct mr_plane_config *c = &p->config;
    struct mr_engine_tile_config *e = &p->engine;
    struct mr_pipeline_config *pipeline = &e->pipeline;
    const struct mr_venue *venue;
    uint8_t product;
    char name[64];
    mr_pipeline_config_default(pipeline, p->instruments, c->instruments_max);
    pipeline->books_max = c->books_max;
    pipeline->book_depth = c->book_depth;
    pipeline->trade_flow = c->flow;
    pipeline->velocity = c->velocity;
    pipeline->volatility = c->volatility;
    pipeline->signal = c->signal;
    const char *colon = strrchr(c->reference, ':');
    snprintf(name, sizeof name, "%.*s", (int)(colon - c->reference), c->reference);
    int status = mr_venue_parse(name, &venue, &product, err);
    if (status)
        return status;
    int64_t id = mr_instruments_add_bare(p->instruments, venue->id, product, mr_span_of(colon + 1));
    if (id < 0)
        return mr_err_set(err, (int)id, "reference %s: %s", c->reference, mr_status_text((int)id));
    pipeline->volatility.instrument = (uint32_t)id;
    e->blocks = (struct mr_pipeline_metric_blocks){.pipeline = mr_plane_metrics(p, "pipeline/0"),
                                                   .book = mr_plane_metrics(p, "book/0"),
                                                   .velocity = mr_plane_metrics(p, "velocity/0"),
                                                   .flow = mr_plane_metrics(p, "flow/0"),
                                                   .signal = mr_plane_metrics(p, "signal/0")};
    e->metrics = mr_plane_metrics(p, "engine/0");
    e->ring_count = c->feed_tiles;
    for (uint32_t n = 0; n < c->feed_tiles; n++) {
        e->rings[n] = memory(p, "feed/%u>engine/0", n);
        e->breaks[n] = memory(p, "engine/0>feed/%u", n);
    }
    e->signals = memory(p, "signals/%u", 0);
    e->tap_events = memory(p, "tap/events/%u", 0);
    e->tap_signals = memory(p, "tap/signals/%u", 0);
    e->state = memory(p, "state/%u", 0).mem;
    for (uint32_t k = 0; k < c->feed_count; k++)
        e->book_images += c->feeds[k].symbol_count;
    // NOLINTNEXTLINE(bugprone-sizeof-expression): a table of pointers
    p->books = calloc(e->book_images + 1, sizeof *p->books);
    for (uint32_t k = 0; k < e->book_images; k++)
        p->books[k] = memory(p, "book/%u", k).mem;
    e->books = p->books;
    e->resets = &p->resets;
    e->feed_tile_of = tile_of;
    e->arg = p;
    e->digest = c->digest;
    e->restore_ns = 0;
    return MR_OK;
}

static void plan_aux(struct mr_plane *p)
{
    for (uint32_t n = 0; n < p->config.feed_tiles; n++) {
        struct mr_engine_memory requests = memory(p, "feed/%u>aux", n), answers = memory(p, "aux>feed/%u", n);
        p->links[n] = (struct mr_aux_link){requests.mem, requests.bytes, answers.mem, answers.bytes};
    }
    p->aux.links = p->links;
    p->aux.link_count = p->config.feed_tiles;
    p->aux.limits = p->limits;
    p->aux.overrides = p->overrides;
    p->aux.ca_file = *p->config.ca_file ? p->config.ca_file : NULL;
    p->aux.crl_file = *p->config.crl_file ? p->config.crl_file : NULL;
    p->aux.body_max = MR_CAPTURE_RECORD_MAX;
    p->aux.metrics = mr_plane_metrics(p, "aux");
}

/* ---- recording ---- */

static void on_took(void *arg, uint32_t ring, uint32_t groups)
{
    struct mr_plane *p = arg;
    mr_input_log_take(&p->engine_log, ring, groups);
}

static void on_ticked(void *arg, int64_t engine_ns)
{
    struct mr_plane *p = arg;
    mr_input_log_tick(&p->engine_log, engine_ns);
}

static void on_kept(void *arg, int64_t now_ns, bool last)
{
    struct mr_plane *p = arg;
    if (last)
        mr_input_log_flush(&p->engine_log, now_ns);
    else
        mr_input_log_housekeep(&p->engine_log, now_ns);
}

/* Without a recording folder there is no record tile, and nothing can be recorded. */
static int plan_record(struct mr_plane *p, struct mr_err *err)
{
    static const char *const names[] = {"feed-0", "feed-1", "feed-2", "feed-3", "feed-4", "feed-5", "feed-6", "feed-7"};
    static_assert(MR_COUNT_OF(names) == MR_PLANE_TILES_MAX, "a name a feed tile");
    uint32_t n = 0;
    for (; n < p->config.feed_tiles; n++) {
        struct mr_engine_memory ring = memory(p, "feed/%u>record", n);
        p->record_links[n] = (struct mr_record_link){names[n], ring.mem, ring.bytes};
    }
    struct mr_engine_memory ring = memory(p, "engine/%u>record", 0);
    p->record_links[n++] = (struct mr_record_link){"engine-0", ring.mem, ring.bytes};
    p->record = (struct mr_record_config){.links = p->record_links,
                                          .link_count = n,
                                          .folder = p->config.record_folder,
                                          .zstd_level = p->config.record_compress ? (int)p->config.record_compress
                                                                                  : MR_RECORD_PLAIN,
                                          .segment_bytes = p->config.record_segment,
                                          .segment_ns = p->config.record_rotate_ns,
                                          .keep_bytes = p->config.record_keep,
                                          .keep_ns = p->config.record_keep_ns,
                                          .full = p->config.record_full,
                                          .least_free = p->config.record_least_free,
                                          .per_s = p->config.record_rate,
                                          .budget_ns = p->config.record_budget_ns,
                                          .quarantine = p->config.quarantine ? p->config.quarantine_folder : NULL,
                                          .quarantine_bytes = p->config.quarantine_segment,
                                          .quarantine_keep = p->config.quarantine_keep,
                                          .image = mr_plane_region(p, "recording", NULL),
                                          .metrics = mr_plane_metrics(p, "record"),
                                          .control = &p->recording,
                                          .instruments = p->instruments,
                                          .yaml = p->config.yaml,
                                          .log = p->log};
    int status = mr_ring_writer_open(&p->engine_record, ring.mem, ring.bytes);
    if (status)
        return mr_err_set(err, status, "engine tile: its ring to the record tile: %s", mr_status_text(status));
    mr_input_log_init(&p->engine_log, &p->engine_record, &p->recording);
    p->engine.took = on_took;
    p->engine.ticked = on_ticked;
    p->engine.kept = on_kept;
    return MR_OK;
}

static void add_tile(struct mr_plane *p, const struct mr_tile *tile, const void *config, const char *name)
{
    struct mr_tile_beat *beats = mr_plane_region(p, "tiles", NULL);
    struct mr_tile_beat *beat = &beats[p->slot_count];
    snprintf(beat->name, sizeof beat->name, "%s", name);
    p->slots[p->slot_count++] = (struct mr_tile_slot){.tile = tile, .config = config, .beat = beat};
}

static int boot_tiles(struct mr_plane *p, struct mr_err *err)
{
    size_t bytes = 4096;
    for (uint32_t i = 0; i < p->slot_count; i++)
        bytes += p->slots[i].tile->bytes(p->slots[i].config) + 4096;
    int status = mr_arena_open(&p->arena, bytes, false, err);
    for (uint32_t i = 0; i < p->slot_count && status == MR_OK; i++) {
        p->slots[i].state = mr_arena_cut(&p->arena, p->slots[i].tile->bytes(p->slots[i].config), 128);
        status = p->slots[i].tile->boot(p->slots[i].state, p->slots[i].config, &p->arena, err);
        __atomic_store_n(&p->slots[i].beat->state, status == MR_OK ? MR_TILE_BOOT : MR_TILE_FAILED, __ATOMIC_RELEASE);
        p->booted += status == MR_OK;
    }
    return status;
}

static void plan_threads(struct mr_plane *p)
{
    const struct mr_plane_config *c = &p->config;
    uint32_t hot = c->feed_tiles + 1; /* feed tiles, then the engine tile */
    if (c->merged)
        p->threads[p->thread_count++] =
            (struct mr_tile_thread){p->slots, hot, c->core_count ? c->cores[0] : -1, c->wait, false, c->priority};
    for (uint32_t i = 0; i < hot && !c->merged; i++)
        p->threads[p->thread_count++] =
            (struct mr_tile_thread){&p->slots[i], 1, i < c->core_count ? c->cores[i] : -1, c->wait, false, c->priority};
    p->hot_threads = p->thread_count;
    for (uint32_t i = hot; i < p->slot_count; i++)
        p->threads[p->thread_count++] = (struct mr_tile_thread){&p->slots[i], 1, -1, MR_WAIT_PARK, false, 0};
}

int mr_plane_boot(struct mr_plane *p, struct mr_err *err)
{
    p->tile_of = calloc(p->config.instruments_max, 1);
    int status = p->tile_of ? add_symbols(p, err) : mr_err_set(err, MR_E_NOMEM, "plane: no memory");
    if (!status)
        status = plan_engine(p, err);
    if (status)
        return status;
    mr_plane_state_load(p);
    for (uint32_t n = 0; n < p->config.feed_tiles; n++)
        plan_feed_tile(p, n);
    mr_plane_budgets_begin(p);
    for (uint32_t i = 0; i < p->config.feed_count; i++)
        plan_product(p, i);
    mr_plane_budgets_end(p);
    plan_aux(p);
    for (uint32_t n = 0; n < p->config.feed_tiles; n++) {
        char name[24];
        snprintf(name, sizeof name, "feed/%u", n);
        add_tile(p, &mr_feed_tile, &p->feeds[n], name);
    }
    add_tile(p, &mr_engine_tile, &p->engine, "engine/0");
    add_tile(p, &mr_aux_tile, &p->aux, "aux");
    if (*p->config.record_folder) {
        status = plan_record(p, err);
        add_tile(p, &mr_record_tile, &p->record, "record");
    }
    if (!status)
        status = boot_tiles(p, err);
    if (!status && *p->config.record_folder && p->recording.wanted)
        status = mr_plane_state_copy(p, err);
    plan_threads(p);
    return status;
}
