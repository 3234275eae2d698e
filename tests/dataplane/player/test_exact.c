/* A live run of two feed tiles and an engine tile, in an order drawn from a seed, recorded as the tiles record; its recording
 * replays to the digests it had. */
#include "codecs/event/digest.h"
#include "dataplane/player/player.h"
#include "dataplane/record/input_log.h"
#include "dataplane/source/replay/replay.h"
#include "tests/dataplane/record/rig.h"
#include "tests/exchange/market/market_source.h"

#define TILES 2
#define FEEDS_MAX 4
#define INSTRUMENTS_MAX 64
#define BOOKS_MAX 32
#define RING_SLOTS 65536
#define MINUTE 60000000000ll
#define LANES 2
#define CONNECTION 40 /* of the first lane */
#define QUEUE 16

/* On its way by one of two connections. */
struct late {
    uint8_t *data;
    uint32_t len;
    uint8_t clock, venue, product;
};
struct lane {
    struct late queue[QUEUE];
    uint32_t count;
    bool open;
};
struct tile {
    struct live *live;
    struct mr_source source;
    void *source_mem;
    bool ended;
    struct mr_feed *feeds[FEEDS_MAX];
    struct mr_feed_metrics metrics[FEEDS_MAX];
    uint16_t keys[FEEDS_MAX];
    uint32_t feed_count;
    struct mr_ring_writer writer;
    struct mr_ring_reader reader;
    void *ring;
    struct mr_input_log log;
    uint32_t commands[64]; /* instruments whose book the engine wants anew */
    uint32_t command_count;
    int64_t last_ns;
    bool merged; /* each frame comes by two connections */
    struct lane lanes[LANES];
    struct mr_merge_metrics merge;
};
struct live {
    struct rig *rig;
    struct mr_random random;
    struct mr_instruments *instruments, *catalogue;
    struct tile tiles[TILES];
    struct mr_pipeline *pipeline;
    struct mr_pipeline_metric_blocks blocks;
    void *memory[8]; /* of the blocks */
    uint32_t memory_count;
    struct mr_digest *events, *signals;
    struct mr_input_log log;
    uint64_t groups, ticks, breaks, switches, signal_count;
    uint32_t last_ring;
};

/* ---- feed tiles ---- */

static bool publish(void *arg, const union mr_slot *group, uint32_t slots)
{
    struct tile *t = arg;
    void *room = mr_ring_reserve(&t->writer, slots);
    assert_non_null(room); /* the engine is let go before it is full */
    memcpy(room, group, (size_t)slots * sizeof *group);
    mr_ring_publish(&t->writer, slots);
    return true;
}

/* ---- two connections ---- */

static void put(struct tile *t, uint8_t kind, uint16_t connection, uint8_t venue, uint8_t product, const char *text)
{
    uint32_t row = (uint32_t)(t - t->live->tiles);
    const struct mr_capture_record record = {.recv_ns = t->last_ns,
                                             .kind = kind,
                                             .connection = connection,
                                             .clock = MR_CLOCK_TSC,
                                             .venue = venue,
                                             .product = product,
                                             .data = (const uint8_t *)text,
                                             .len = (uint32_t)strlen(text)};
    assert_true(mr_record_put(&t->live->rig->put[row], &record));
}

static void open_lane(struct tile *t, uint32_t i, uint8_t venue, uint8_t product)
{
    t->lanes[i].open = true;
    put(t, MR_CAPTURE_OPENED, (uint16_t)(CONNECTION + i), venue, product, "0");
    mr_feed_opened(t->feeds[0], (uint16_t)(CONNECTION + i), 0, NULL);
}

static void begin_merge(struct tile *t, uint8_t venue, uint8_t product)
{
    assert_int_equal(t->feed_count, 1);
    put(t, MR_CAPTURE_NOTE, 0, venue, product, "merge 1 50000000");
    mr_feed_merge(t->feeds[0], true, 50000000);
    for (uint32_t i = 0; i < LANES; i++)
        open_lane(t, i, venue, product);
}

static void deliver_one(struct tile *t, uint32_t i)
{
    struct lane *l = &t->lanes[i];
    struct late late = l->queue[0];
    const struct mr_frame frame = {.data = late.data,
                                   .len = late.len,
                                   .connection = (uint16_t)(CONNECTION + i),
                                   .clock = late.clock,
                                   .recv_ns = t->last_ns};
    const struct mr_capture_record record = {.recv_ns = t->last_ns,
                                             .data = late.data,
                                             .len = late.len,
                                             .connection = frame.connection,
                                             .kind = MR_CAPTURE_FRAME,
                                             .clock = late.clock,
                                             .venue = late.venue,
                                             .product = late.product};
    memmove(l->queue, l->queue + 1, --l->count * sizeof *l->queue);
    assert_true(mr_record_put(&t->live->rig->put[t - t->live->tiles], &record));
    assert_true(mr_feed_frame(t->feeds[0], &frame) >= 0);
    free(late.data);
}

/* Cut, with what is on its way by it; the other one lives. */
static void cut_lane(struct tile *t, uint32_t i, const struct mr_piece *piece)
{
    struct lane *l = &t->lanes[i];
    while (l->count)
        free(l->queue[--l->count].data);
    l->open = false;
    put(t, MR_CAPTURE_CLOSED, (uint16_t)(CONNECTION + i), piece->venue, piece->product, "copy");
    mr_feed_left(t->feeds[0], (uint16_t)(CONNECTION + i));
}

static void by_two_connections(struct tile *t, const struct mr_piece *piece)
{
    struct mr_random *random = &t->live->random;
    for (uint32_t i = 0; i < LANES; i++) {
        struct lane *l = &t->lanes[i];
        if (!l->open && mr_random_below(random, 200) == 0)
            open_lane(t, i, piece->venue, piece->product);
        else if (l->open && t->lanes[1 - i].open && mr_random_below(random, 2000) == 0)
            cut_lane(t, i, piece);
        if (l->count == QUEUE)
            deliver_one(t, i);
        if (!l->open)
            continue;
        l->queue[l->count] = (struct late){.data = malloc(piece->len + 1),
                                           .len = piece->len,
                                           .clock = piece->clock,
                                           .venue = piece->venue,
                                           .product = piece->product};
        memcpy(l->queue[l->count++].data, piece->data, piece->len);
    }
    if (mr_feed_due_ns(t->feeds[0]) <= t->last_ns) {
        put(t, MR_CAPTURE_NOTE, 0, piece->venue, piece->product, "due");
        mr_feed_due(t->feeds[0], t->last_ns);
    }
    for (uint64_t n = mr_random_below(random, 5); n > 0; n--) {
        uint32_t i = (uint32_t)mr_random_below(random, LANES);
        if (t->lanes[i].count)
            deliver_one(t, i);
    }
}

static void deliver_rest(struct tile *t)
{
    for (uint32_t i = 0; i < LANES; i++)
        while (t->lanes[i].count)
            deliver_one(t, i);
}

static struct mr_feed *feed_for(struct tile *t, uint8_t venue, uint8_t product)
{
    uint16_t key = (uint16_t)(venue << 8 | product);
    for (uint32_t i = 0; i < t->feed_count; i++)
        if (t->keys[i] == key)
            return t->feeds[i];
    uint32_t i = t->feed_count++;
    assert_true(i < FEEDS_MAX);
    const struct mr_feed_config config = {.venue = mr_venue_by_id(venue),
                                          .product = product,
                                          .instruments = t->live->instruments,
                                          .catalogue = t->live->catalogue,
                                          .instruments_max = INSTRUMENTS_MAX,
                                          .hold_slots = 8192,
                                          .joins_max = BOOKS_MAX,
                                          .lanes_max = t->merged ? LANES : 0,
                                          .merge = &t->merge,
                                          .shapes = 1024,
                                          .emit = publish,
                                          .emit_arg = t};
    mr_metrics_init_values(&t->metrics[i], &mr_feed_metrics_desc);
    t->keys[i] = key;
    t->feeds[i] = mr_feed_init(rig_alloc(mr_feed_bytes(&config)), &config, &t->metrics[i]);
    if (t->merged)
        begin_merge(t, venue, product);
    return t->feeds[i];
}

static void break_book(struct tile *t, const struct mr_instrument *it, enum mr_gap_cause cause)
{
    struct mr_feed *feed = feed_for(t, it->venue, it->product);
    if (!mr_feed_join(feed, it->id))
        return;
    assert_true(mr_input_log_break(&t->log, it, (uint8_t)cause, t->last_ns));
    mr_feed_break(feed, it->id, cause, t->last_ns);
    t->live->breaks++;
}

/* What reaches a tile besides its pieces: an engine's commands, an operator's, a connection that is lost. */
static void disturb(struct tile *t, uint32_t row)
{
    struct live *live = t->live;
    for (uint32_t i = 0; i < t->command_count; i++)
        break_book(t, mr_instruments_get(live->instruments, t->commands[i]), MR_GAP_CHECKSUM);
    t->command_count = 0;
    if (mr_random_below(&live->random, 3000) == 0) {
        const struct mr_instrument *it = mr_instruments_get(
            live->instruments, (uint32_t)mr_random_below(&live->random, mr_instruments_count(live->instruments)));
        for (uint32_t i = 0; i < t->feed_count; i++)
            if (t->keys[i] == (it->venue << 8 | it->product))
                break_book(t, it, MR_GAP_OPERATOR);
    }
    if (t->feed_count && mr_random_below(&live->random, 20000) == 0) {
        uint16_t key = t->keys[mr_random_below(&live->random, t->feed_count)];
        const struct mr_capture_record closed = {.recv_ns = t->last_ns,
                                                 .kind = MR_CAPTURE_CLOSED,
                                                 .venue = (uint8_t)(key >> 8),
                                                 .product = (uint8_t)key,
                                                 .name = mr_span_of("reset by peer")};
        assert_true(mr_record_put(&live->rig->put[row], &closed));
        mr_feed_disconnect(feed_for(t, closed.venue, closed.product), t->last_ns);
    }
}

static void feed_step(struct tile *t, uint32_t row)
{
    struct mr_piece piece;
    disturb(t, row);
    if (t->source.ops->poll(&t->source, 0, &piece, 1) != 1) {
        t->ended = true;
        deliver_rest(t);
        return;
    }
    t->last_ns = piece.recv_ns;
    if (t->merged && piece.kind != MR_PIECE_REST) {
        feed_for(t, piece.venue, piece.product);
        by_two_connections(t, &piece);
        t->source.ops->release(&t->source, &piece);
        return;
    }
    const struct mr_capture_record record = {.recv_ns = piece.recv_ns,
                                             .data = piece.data,
                                             .len = piece.len,
                                             .connection = piece.connection,
                                             .kind = piece.kind == MR_PIECE_REST ? MR_CAPTURE_REST : MR_CAPTURE_FRAME,
                                             .clock = piece.clock,
                                             .venue = piece.venue,
                                             .product = piece.product,
                                             .name = piece.name};
    assert_true(mr_record_put(&t->live->rig->put[row], &record));
    const struct mr_frame frame = {.data = piece.data,
                                   .len = piece.len,
                                   .connection = piece.connection,
                                   .clock = piece.clock,
                                   .recv_ns = piece.recv_ns};
    struct mr_feed *feed = feed_for(t, piece.venue, piece.product);
    int status = piece.kind == MR_PIECE_REST ? mr_feed_rest(feed, piece.name, &frame) : mr_feed_frame(feed, &frame);
    assert_true(status >= 0);
    t->source.ops->release(&t->source, &piece);
}

/* ---- the engine tile ---- */

static void on_signal(void *arg, const struct mr_signal *signal)
{
    struct live *live = arg;
    uint8_t canonical[MR_SIGNAL_CANONICAL_BYTES];
    const struct mr_instrument *by =
        signal->instrument == UINT32_MAX ? NULL : mr_instruments_get(live->instruments, signal->instrument);
    mr_digest_update_bytes(live->signals, canonical, mr_signal_canonical(signal, by, canonical));
    live->signal_count++;
}

static void on_broken(void *arg, uint32_t instrument, enum mr_gap_cause cause, int64_t recv_ns)
{
    struct live *live = arg;
    const struct mr_instrument *it = mr_instruments_get(live->instruments, instrument);
    (void)cause;
    (void)recv_ns;
    for (uint32_t i = 0; i < TILES; i++)
        for (uint32_t k = 0; k < live->tiles[i].feed_count; k++)
            if (live->tiles[i].keys[k] == (it->venue << 8 | it->product) && live->tiles[i].command_count < 64)
                live->tiles[i].commands[live->tiles[i].command_count++] = instrument;
}

static void engine_step(struct live *live, uint32_t ring, uint32_t most)
{
    struct tile *t = &live->tiles[ring];
    const union mr_slot *group;
    uint32_t ready, n = 0;
    for (; n < most && (group = mr_ring_peek(&t->reader, &ready)); n++) {
        uint32_t slots = mr_event_slots(group);
        assert_true(mr_ring_has(&t->reader, slots));
        mr_digest_update(live->events, group, mr_instruments_get(live->instruments, group->event.instrument));
        mr_pipeline_apply(live->pipeline, group);
        mr_ring_release(&t->reader, slots);
    }
    if (n) {
        mr_input_log_take(&live->log, ring, n);
        live->switches += ring != live->last_ring;
        live->last_ring = ring;
        live->groups += n;
    }
}

static void engine_tick(struct live *live)
{
    int64_t now = mr_pipeline_time(live->pipeline);
    if (now == INT64_MIN)
        return;
    now += (int64_t)mr_random_below(&live->random, 300000000);
    mr_pipeline_advance(live->pipeline, now);
    mr_input_log_tick(&live->log, now);
    live->ticks++;
}

/* ---- the run ---- */

static void open_tile(struct live *live, uint32_t i, uint32_t venues, int64_t minutes)
{
    struct tile *t = &live->tiles[i];
    const struct mr_market_source_config config = {.market = {.seed = 5,
                                                              .start_ns = RIG_START,
                                                              .duration_ns = minutes * MINUTE,
                                                              .warm_up_ns = minutes * MINUTE / 2,
                                                              .venues = venues}};
    struct mr_err err;
    t->live = live;
    t->source_mem = malloc(mr_source_market.bytes(&config));
    assert_int_equal(mr_source_market.open(&t->source, t->source_mem, &config, &err), MR_OK);
    size_t bytes = mr_ring_bytes(RING_SLOTS, MR_GROUP_SLOTS);
    t->ring = rig_alloc(bytes);
    assert_int_equal(mr_ring_init(t->ring, RING_SLOTS, MR_GROUP_SLOTS, MR_RING_BACKPRESSURE), MR_OK);
    assert_int_equal(mr_ring_writer_open(&t->writer, t->ring, bytes), MR_OK);
    assert_int_equal(mr_ring_reader_open(&t->reader, t->ring, bytes), MR_OK);
    mr_input_log_init(&t->log, &live->rig->put[i], &live->rig->control);
    struct mr_market *market = mr_market_of(&t->source);
    for (uint32_t n = mr_market_instruments(market);
         n-- > 0;) { /* last first: an order that no replay would come upon by itself */
        uint8_t venue, product;
        const char *symbol;
        mr_market_instrument(market, n, &venue, &product, &symbol);
        assert_true(mr_instruments_add_bare(live->instruments, venue, product, mr_span_of(symbol)) >= 0);
    }
}

static void *block(struct live *live, const struct mr_metrics_desc *desc)
{
    void *mem = live->memory[live->memory_count++] = rig_alloc(mr_metrics_bytes(desc));
    return mr_metrics_init(mem, desc, "");
}

static struct live *live_open(uint64_t seed, int64_t minutes, bool merged)
{
    struct live *live = rig_alloc(sizeof *live);
    memset(live, 0, sizeof *live);
    live->random.state = seed;
    live->rig = rig_open(8u << 20);
    live->instruments = mr_instruments_init(rig_alloc(mr_instruments_bytes(INSTRUMENTS_MAX)), INSTRUMENTS_MAX);
    live->catalogue = mr_instruments_init(rig_alloc(mr_instruments_bytes(1024)), 1024);
    open_tile(live, 0, MR_MARKET_BINANCE_USDM | MR_MARKET_BINANCE_SPOT, minutes);
    live->tiles[1].merged = merged;
    mr_metrics_init_values(&live->tiles[1].merge, &mr_merge_metrics_desc);
    open_tile(live, 1, merged ? MR_MARKET_BYBIT_LINEAR : MR_MARKET_BYBIT_LINEAR | MR_MARKET_OKX | MR_MARKET_HYPERLIQUID,
              minutes);
    live->events = mr_digest_init(rig_alloc(mr_digest_bytes()));
    live->signals = mr_digest_init(rig_alloc(mr_digest_bytes()));
    live->blocks = (struct mr_pipeline_metric_blocks){
        block(live, &mr_pipeline_metrics_desc), block(live, &mr_book_metrics_desc),
        block(live, &mr_velocity_metrics_desc), block(live, &mr_velocity_metrics_desc),
        block(live, &mr_signal_metrics_desc)};
    struct mr_pipeline_config config;
    mr_pipeline_config_default(&config, live->instruments, INSTRUMENTS_MAX);
    config.books_max = BOOKS_MAX;
    const struct mr_venue *venue;
    uint8_t product;
    assert_int_equal(mr_venue_parse("binance:spot", &venue, &product, NULL), MR_OK);
    config.volatility.instrument =
        mr_instruments_find(live->instruments, venue->id, product, mr_span_of("BTCUSDT"))->id;
    config.on_signal = on_signal;
    config.on_broken = on_broken;
    config.arg = live;
    live->pipeline = mr_pipeline_init(rig_alloc(mr_pipeline_bytes(&config)), &config, &live->blocks);
    mr_input_log_init(&live->log, &live->rig->put[2], &live->rig->control);
    struct mr_err err;
    live->rig->config.instruments = live->instruments;
    live->rig->config.segment_bytes = 1u << 20;
    assert_int_equal(rig_boot(live->rig, &err), MR_OK);
    return live;
}

static uint32_t waiting(const struct tile *t)
{
    struct mr_ring_stats stats;
    mr_ring_stats(t->ring, &stats);
    return stats.used;
}

static void live_step(struct live *live)
{
    uint32_t i = (uint32_t)mr_random_below(&live->random, TILES);
    struct tile *t = &live->tiles[i];
    switch (mr_random_below(&live->random, 8)) {
    case 0:
        engine_step(live, i, 1 + (uint32_t)mr_random_below(&live->random, 40));
        break;
    case 1:
        engine_step(live, i, 1);
        break;
    case 2:
        if (mr_random_below(&live->random, 50) == 0)
            engine_tick(live);
        break;
    default:
        if (waiting(t) < RING_SLOTS / 4 && !t->ended)
            feed_step(t, i);
        break;
    }
    if (mr_random_below(&live->random, 50) == 0) {
        rig_step(live->rig);
        mr_input_log_housekeep(&live->log, live->rig->now_ns);
    }
}

static void live_run(struct live *live)
{
    while (!live->tiles[0].ended || !live->tiles[1].ended || waiting(&live->tiles[0]) || waiting(&live->tiles[1]))
        live_step(live);
    engine_tick(live);
    mr_input_log_flush(&live->log, live->rig->now_ns);
    assert_int_equal(live->log.lost, 0);
    rig_halt(live->rig);
    assert_int_equal(live->rig->metrics.lost, 0);
}

static void live_close(struct live *live)
{
    for (uint32_t i = 0; i < TILES; i++) {
        struct tile *t = &live->tiles[i];
        t->source.ops->close(&t->source);
        free(t->source_mem);
        free(t->ring);
        for (uint32_t k = 0; k < t->feed_count; k++)
            free(t->feeds[k]);
    }
    for (uint32_t i = 0; i < live->memory_count; i++)
        free(live->memory[i]);
    free(live->pipeline);
    free(live->events);
    free(live->signals);
    free(live->instruments);
    free(live->catalogue);
    rig_close(live->rig);
    free(live);
}

static struct mr_player *player_of(const char *recording)
{
    struct mr_player *player;
    struct mr_err err;
    const struct mr_player_config config = {.recording = recording,
                                            .listed_only = true,
                                            .instruments_max = INSTRUMENTS_MAX,
                                            .books_max = BOOKS_MAX,
                                            .digest = true};
    assert_int_equal(mr_player_open(&player, &config, &err), MR_OK);
    return player;
}

static void replays_to_its_digests(bool merged)
{
    int seeds = getenv("MILLRACE_QUICK") ? 2 : 5;
    char first[MR_DIGEST_TEXT] = "";
    for (int seed = 0; seed < seeds; seed++) {
        struct live *live = live_open((uint64_t)seed, merged ? 4 : 8, merged);
        live_run(live);
        assert_true(live->switches > 1000 && live->ticks > 100 && live->breaks > 0 && live->signal_count > 0);
        assert_true(!merged || (live->tiles[1].merge.copies > 1000 && live->tiles[1].merge.waited > 0));
        char events[MR_DIGEST_TEXT], signals[MR_DIGEST_TEXT], got[2][MR_PLAYER_DIGEST_TEXT];
        mr_digest_text(live->events, 0, events);
        mr_digest_text(live->signals, 0, signals);
        struct mr_player *player = player_of(live->rig->folder);
        struct mr_player_exact exact;
        struct mr_err err;
        assert_int_equal(mr_player_exact(player, &exact, &err), MR_OK);
        assert_string_equal(exact.why, "");
        assert_int_equal(exact.tiles, TILES);
        assert_int_equal(exact.groups, live->groups);
        assert_int_equal(exact.ticks, live->ticks);
        assert_int_equal(exact.breaks, live->breaks);
        assert_int_equal(exact.lost + exact.torn + exact.mid_run, 0);
        mr_player_digests(player, got[0], got[1]);
        assert_string_equal(got[0], events);
        assert_string_equal(got[1], signals);
        assert_string_not_equal(events, first); /* another order is another digest: the log is what decides */
        memcpy(first, events, sizeof first);
        mr_player_close(player);
        live_close(live);
    }
}

static void a_live_run_of_two_feed_tiles_replays_to_its_digests(void **state)
{
    (void)state;
    replays_to_its_digests(false);
}

static void a_feed_of_two_connections_replays_to_its_digests(void **state)
{
    (void)state;
    replays_to_its_digests(true);
}

/* Trades and best prices that plain replay of the run's folder comes to. */
static void replay_plainly(const struct live *live, bool merge, uint64_t events[MR_EVENT_KIND_COUNT])
{
    const struct mr_replay_input input = {.path = live->rig->folder};
    const struct mr_replay_config config = {.inputs = &input, .count = 1};
    const struct mr_player_config player_config = {
        .instruments_max = INSTRUMENTS_MAX, .books_max = BOOKS_MAX, .merge = merge};
    struct mr_source source = {0};
    struct mr_player *player;
    struct mr_player_totals totals;
    struct mr_err err;
    void *mem = malloc(mr_source_replay.bytes(&config));
    assert_int_equal(mr_source_replay.open(&source, mem, &config, &err), MR_OK);
    assert_int_equal(mr_player_open(&player, &player_config, &err), MR_OK);
    while (mr_player_step(player, &source, 0, 1000) > 0)
        ;
    mr_player_totals(player, &totals);
    memcpy(events, totals.events, sizeof totals.events);
    mr_player_close(player);
    source.ops->close(&source);
    free(mem);
}

static void plain_replay_drops_the_copies_that_the_run_dropped(void **state)
{
    (void)state;
    /* not books: those may break at other places, the engines' order is another */
    static const uint8_t kinds[] = {MR_EVENT_TRADE, MR_EVENT_BBO, MR_EVENT_LIQUIDATION};
    struct live *live = live_open(4, 3, true);
    live_run(live);
    struct mr_player *player = player_of(live->rig->folder);
    struct mr_player_exact exact;
    struct mr_player_totals was;
    struct mr_err err;
    uint64_t merged[MR_EVENT_KIND_COUNT], doubled[MR_EVENT_KIND_COUNT];
    assert_int_equal(mr_player_exact(player, &exact, &err), MR_OK);
    mr_player_totals(player, &was);
    mr_player_close(player);
    replay_plainly(live, true, merged);
    replay_plainly(live, false, doubled);
    for (size_t i = 0; i < MR_COUNT_OF(kinds); i++)
        assert_int_equal(merged[kinds[i]], was.events[kinds[i]]);
    assert_true(merged[MR_EVENT_TRADE] > 0);
    assert_true(doubled[MR_EVENT_TRADE] > merged[MR_EVENT_TRADE] * 5 / 4); /* without it they stand twice */
    live_close(live);
}

static void without_the_log_the_order_is_another(void **state)
{
    (void)state;
    struct live *live = live_open(9, 2, false);
    live_run(live);
    char events[MR_DIGEST_TEXT], got[2][MR_PLAYER_DIGEST_TEXT];
    mr_digest_text(live->events, 0, events);
    const struct mr_replay_input input = {.path = live->rig->folder};
    const struct mr_replay_config config = {.inputs = &input, .count = 1};
    struct mr_source source = {0};
    struct mr_err err;
    void *mem = malloc(mr_source_replay.bytes(&config));
    assert_int_equal(mr_source_replay.open(&source, mem, &config, &err), MR_OK);
    struct mr_player *player = player_of(live->rig->folder);
    while (mr_player_step(player, &source, 0, 1000) > 0)
        ;
    mr_player_digests(player, got[0], got[1]);
    assert_string_not_equal(got[0], events);
    mr_player_close(player);
    source.ops->close(&source);
    free(mem);
    live_close(live);
}

static void remove_file(const struct live *live, const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", live->rig->folder, name);
    assert_int_equal(unlink(path), 0);
}

static void a_recording_that_is_not_whole_is_played_as_far_as_it_goes_and_says_why(void **state)
{
    (void)state;
    static const struct {
        const char *remove, *why;
        int status;
    } cases[] = {
        {"feed-1-000001.seg", "feed-1 ends", MR_OK}, /* a part of what the engine took is not there */
        {"engine-0-000000.seg", "engine-0", MR_E_MISSING},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct live *live = live_open(i, 2, false);
        live_run(live);
        remove_file(live, cases[i].remove);
        struct mr_player *player = player_of(live->rig->folder);
        struct mr_player_exact exact;
        struct mr_err err = {""};
        assert_int_equal(mr_player_exact(player, &exact, &err), cases[i].status);
        assert_non_null(strstr(cases[i].status ? err.text : exact.why, cases[i].why));
        assert_true(exact.groups < live->groups);
        assert_int_equal(mr_player_exact(player, &exact, &err), MR_E_INVALID); /* once */
        mr_player_close(player);
        live_close(live);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_live_run_of_two_feed_tiles_replays_to_its_digests),
        cmocka_unit_test(a_feed_of_two_connections_replays_to_its_digests),
        cmocka_unit_test(plain_replay_drops_the_copies_that_the_run_dropped),
        cmocka_unit_test(without_the_log_the_order_is_another),
        cmocka_unit_test(a_recording_that_is_not_whole_is_played_as_far_as_it_goes_and_says_why),
    };
    return MR_TEST_MAIN(tests);
}
