/* A feed tile's rounds on a source that the test writes: when it may sleep there. */
#include "dataplane/feed/feed_tile.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/dataplane/tls/peer.h"
#include "tests/support/support.h"

#define RING_SLOTS 8192
#define ASK_BYTES (1u << 17)
#define S 1000000000ll

/* ---- the source: what is there, and how long the tile would have slept ---- */

static struct {
    const char *next; /* a datagram's message; NULL: nothing is there */
    uint8_t bytes[512];
    uint32_t polls, waits, lent;
    int64_t waited_ns;
} script;
static uint64_t number;

static size_t fake_bytes(const void *config)
{
    (void)config;
    return 64;
}
static const struct mr_source_ops fake_ops;
static int fake_open(struct mr_source *s, void *mem, const void *config, struct mr_err *err)
{
    (void)config;
    (void)err;
    *s = (struct mr_source){.ops = &fake_ops, .state = mem, .lend_max = 1};
    return MR_OK;
}
static int fake_poll(struct mr_source *s, int64_t now_ns, struct mr_piece *pieces, uint32_t max)
{
    (void)s;
    script.polls++;
    if (!script.next || max == 0)
        return 0;
    memcpy(script.bytes, &number, 8);
    number++;
    size_t len = strlen(script.next);
    memcpy(script.bytes + 8, script.next, len);
    script.next = NULL;
    script.lent++;
    pieces[0] = (struct mr_piece){.data = script.bytes,
                                  .len = 8 + (uint32_t)len,
                                  .kind = MR_PIECE_DATAGRAM,
                                  .clock = MR_CLOCK_KERNEL,
                                  .recv_ns = now_ns};
    return 1;
}
static void fake_release(struct mr_source *s, const struct mr_piece *piece)
{
    (void)s;
    (void)piece;
    script.lent--;
}
static void fake_wait(struct mr_source *s, int64_t max_ns)
{
    (void)s;
    script.waits++;
    script.waited_ns = max_ns;
}
static void fake_close(struct mr_source *s) { (void)s; }
static const struct mr_source_ops fake_ops = {.name = "script",
                                              .bytes = fake_bytes,
                                              .open = fake_open,
                                              .poll = fake_poll,
                                              .release = fake_release,
                                              .wait = fake_wait,
                                              .close = fake_close};

/* ---- an authority, which a tile wants even where nothing speaks TLS ---- */

static char ca_path[64];

static int make_authority(void **state)
{
    (void)state;
    const struct mr_peer_wish wish = {.common = "authority", .from_s = -3600, .to_s = 86400, .ca = true};
    struct mr_peer_certificate authority = mr_peer_certify(&wish);
    snprintf(ca_path, sizeof ca_path, "/tmp/millrace-feed-tile-%d.pem", (int)getpid());
    mr_peer_write_pem(&authority, ca_path);
    mr_peer_certificate_free(&authority);
    return 0;
}

static int remove_authority(void **state)
{
    (void)state;
    return unlink(ca_path);
}

/* ---- the tile, with the engine's end of its ring in our hands ---- */

#define TRADE                                                                                                          \
    "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":5,\"data\":[{\"T\":3,\"s\":\"BTCUSDT\",\"S\":"    \
    "\"Buy\",\"v\":\"2\",\"p\":\"10\",\"i\":\"a\",\"BT\":false}]}"

static struct stage {
    struct mr_feed_tile_config config;
    struct mr_feed_tile_product product;
    struct mr_feed_tile_lines lines;
    struct mr_feed_tile_metrics *metrics;
    void *state, *ring, *requests, *answers;
    struct mr_ring_reader engine;
    int64_t now_ns;
} stage;

static void *lines_of(size_t bytes)
{
    void *mem = aligned_alloc(128, (bytes + 127) / 128 * 128);
    assert_non_null(mem);
    memset(mem, 0, (bytes + 127) / 128 * 128);
    return mem;
}

static struct mr_engine_memory ask_ring(void **mem)
{
    size_t bytes = mr_bytes_ring_bytes(ASK_BYTES);
    *mem = lines_of(bytes);
    assert_int_equal(mr_bytes_ring_init(*mem, ASK_BYTES, MR_RING_GAP), MR_OK);
    return (struct mr_engine_memory){*mem, bytes};
}

static void open_stage(bool blocking)
{
    static const struct mr_stream streams[] = {{MR_TRADES, "BTCUSDT"}};
    struct mr_err err = {""};
    memset(&script, 0, sizeof script);
    memset(&stage, 0, sizeof stage);
    number = 1;
    stage.now_ns = 1700000000 * S;
    stage.lines = (struct mr_feed_tile_lines){.payload_offset = 8,
                                              .arbiter = {.number_width = 8,
                                                          .number_little = true,
                                                          .window = 64,
                                                          .datagram_max = 1500,
                                                          .patience_ns = S / 100,
                                                          .lines = 1}};
    struct mr_feed_tile_product *p = &stage.product;
    assert_int_equal(mr_venue_parse("bybit:linear", &p->venue, &p->product, NULL), MR_OK);
    p->lines = &stage.lines;
    p->streams = streams;
    p->stream_count = MR_COUNT_OF(streams);
    p->rest = "https://localhost";
    p->metrics = lines_of(sizeof *p->metrics);
    mr_metrics_init_values(p->metrics, &mr_feed_metrics_desc);
    stage.metrics = lines_of(sizeof *stage.metrics);
    mr_metrics_init_values(stage.metrics, &mr_feed_tile_metrics_desc);
    size_t ring_bytes = mr_ring_bytes(RING_SLOTS, MR_GROUP_SLOTS);
    stage.ring = lines_of(ring_bytes);
    assert_int_equal(mr_ring_init(stage.ring, RING_SLOTS, MR_GROUP_SLOTS, MR_RING_BACKPRESSURE), MR_OK);
    struct mr_feed_tile_config *c = &stage.config;
    *c = (struct mr_feed_tile_config){.products = p,
                                      .product_count = 1,
                                      .sources = {{.ops = &fake_ops}},
                                      .source_count = 1,
                                      .tls = {.ca_file = ca_path, .connections_max = 1, .output_bytes = 65536},
                                      .instruments = mr_instruments_init(lines_of(mr_instruments_bytes(8)), 8),
                                      .instruments_max = 8,
                                      .joins_max = 1,
                                      .hold_slots = MR_GROUP_SLOTS,
                                      .message_max = 65536,
                                      .list_s = 1,
                                      .hold_ms = 1000,
                                      .blocking = blocking,
                                      .ring = {stage.ring, ring_bytes},
                                      .requests = ask_ring(&stage.requests),
                                      .answers = ask_ring(&stage.answers),
                                      .metrics = stage.metrics};
    mr_fresh_config_default(&c->fresh);
    stage.state = lines_of(mr_feed_tile.bytes(c));
    if (mr_feed_tile.boot(stage.state, c, NULL, &err) != MR_OK)
        fail_msg("%s", err.text);
    assert_int_equal(mr_ring_reader_open(&stage.engine, stage.ring, ring_bytes), MR_OK);
}

static void close_stage(void)
{
    mr_feed_tile.halt(stage.state);
    void *blocks[] = {stage.state,
                      stage.ring,
                      stage.requests,
                      stage.answers,
                      stage.metrics,
                      stage.product.metrics,
                      stage.config.instruments};
    for (size_t i = 0; i < MR_COUNT_OF(blocks); i++)
        free(blocks[i]);
}

static int round_of(void)
{
    stage.now_ns += 1000;
    return mr_feed_tile.step(stage.state, stage.now_ns);
}

static bool engine_has(void)
{
    uint32_t n;
    return mr_ring_peek(&stage.engine, &n) != NULL;
}

/* The engine tile takes a group. False: there is none. */
static bool engine_takes(void)
{
    uint32_t n;
    const union mr_slot *group = mr_ring_peek(&stage.engine, &n);
    if (!group)
        return false;
    mr_ring_release(&stage.engine, mr_event_slots(group));
    return true;
}

static void it_sleeps_only_when_the_engine_has_all_that_it_was_given(void **state)
{
    (void)state;
    open_stage(true);
    assert_int_equal(round_of(), 0);
    assert_int_equal(script.waits, 1); /* nothing to do for anybody */
    assert_int_equal(script.waited_ns, 1000000);
    for (int i = 0; i < 2; i++) { /* two groups for the engine */
        script.next = TRADE;
        assert_int_equal(round_of(), 1);
    }
    assert_int_equal(script.waits, 1); /* there was something */
    for (int i = 0; i < 100; i++)
        assert_int_equal(round_of(), 0);
    assert_int_equal(script.waits, 1); /* the engine may run on this very thread: it would sleep over its work */
    uint32_t groups = 0;
    for (; engine_takes(); groups++) {
        round_of();
        assert_int_equal(script.waits, engine_has() ? 1 : 2);
    }
    assert_true(groups >= 2);
    assert_int_equal(script.waits, 2);
    assert_int_equal(script.lent, 0);
    close_stage();
}

static void a_tile_that_spins_never_sleeps(void **state)
{
    (void)state;
    open_stage(false);
    for (int i = 0; i < 100; i++)
        round_of();
    assert_int_equal(script.polls, 100);
    assert_int_equal(script.waits, 0);
    close_stage();
}

static void while_the_ring_is_full_it_neither_reads_nor_sleeps(void **state)
{
    (void)state;
    open_stage(true);
    uint32_t sent = 0;
    for (; sent < 2 * RING_SLOTS && stage.metrics->held_back == 0; sent++) {
        script.next = TRADE;
        round_of();
    }
    assert_true(stage.metrics->held_back > 0);
    uint32_t polls = script.polls;
    for (int i = 0; i < 100; i++)
        round_of();
    assert_int_equal(script.polls, polls);
    assert_int_equal(script.waits, 0);
    while (engine_takes())
        ;
    script.next = NULL;
    round_of();
    assert_int_equal(script.polls, polls + 1);
    assert_int_equal(script.waits, 1);
    close_stage();
}

/* Also where it has not looked for long: an engine that keeps up never makes it wait. */
static void what_the_engine_has_taken_is_room_at_once(void **state)
{
    (void)state;
    open_stage(false);
    for (uint32_t i = 0; i < 4 * RING_SLOTS; i++) {
        script.next = TRADE;
        round_of();
        assert_null(script.next);
        while (engine_takes())
            ;
    }
    assert_int_equal(stage.metrics->held_back, 0);
    assert_int_equal(stage.metrics->ring_full, 0);
    close_stage();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_sleeps_only_when_the_engine_has_all_that_it_was_given),
        cmocka_unit_test(a_tile_that_spins_never_sleeps),
        cmocka_unit_test(while_the_ring_is_full_it_neither_reads_nor_sleeps),
        cmocka_unit_test(what_the_engine_has_taken_is_room_at_once),
    };
    return cmocka_run_group_tests(tests, make_authority, remove_authority) ? 1 : 0;
}
