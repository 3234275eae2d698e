#include "tests/controlplane/admin/made.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dataplane/record/record.h"
#include "dataplane/session/session.h"
#include "engines/signal/signal.h"

#define SIGNALS 40
static const char config_text[] = "instance: made\nplane:\n  feed_tiles: 2\n";

static const struct mr_region_plan *plan(uint32_t *count)
{
    static struct mr_region_plan p[20];
    uint32_t n = 0;
#define REGION(...) p[n++] = (struct mr_region_plan){__VA_ARGS__}
    REGION("instruments", MR_REGION_INSTRUMENTS, 1, mr_instruments_bytes(16));
    REGION("tiles", MR_REGION_TILES, 1, 4 * sizeof(struct mr_tile_beat));
    REGION("config", MR_REGION_TEXT, 1, 4096);
    REGION("channels/0", MR_REGION_IMAGE, 1, mr_image_bytes(sizeof(struct mr_plane_channels)));
    REGION("connections/0", MR_REGION_IMAGE, 1, mr_image_bytes(sizeof(struct mr_plane_connections)));
    REGION("feed/0>engine/0", MR_REGION_RING, 1, mr_ring_bytes(64, 8));
    REGION("tap/signals/0", MR_REGION_RING, 1, mr_ring_bytes(1024, 8));
    REGION("book/0", MR_REGION_IMAGE, 1, mr_image_bytes(sizeof(struct mr_plane_book)));
    REGION("book/1", MR_REGION_IMAGE, 1, mr_image_bytes(sizeof(struct mr_plane_book)));
    REGION("source/0/dpdk", MR_REGION_IMAGE, 1, mr_image_bytes(sizeof(struct mr_source_show)));
    REGION("recording", MR_REGION_IMAGE, 1, mr_image_bytes(sizeof(struct mr_record_show)));
    REGION("state/0", MR_REGION_IMAGE, 1, mr_image_bytes(sizeof(struct mr_plane_engines)));
    REGION("commands/0", MR_REGION_RING, 1, mr_ring_bytes(16, 1));
    REGION("commands/1", MR_REGION_RING, 1, mr_ring_bytes(16, 1));
    REGION("metrics/feed/0", MR_REGION_METRICS, 1, mr_metrics_bytes(&mr_feed_metrics_desc));
#undef REGION
    *count = n;
    return p;
}

static void *region(struct made *m, const char *name)
{
    struct mr_region r;
    MR_ASSERT(mr_workspace_find(&m->ws, name, &r) == MR_OK);
    return r.mem;
}

static void fill_instruments(struct made *m)
{
    struct mr_instruments *table = mr_instruments_init(region(m, "instruments"), 16);
    mr_instruments_add_bare(table, MR_VENUE_binance, 1, mr_span_of("BTCUSDT"));
    mr_instruments_add_bare(table, MR_VENUE_bybit, 0, mr_span_of("BTCUSDT"));
}

static void fill_tiles(struct made *m, int64_t now)
{
    m->beats = region(m, "tiles");
    m->beats[0] = (struct mr_tile_beat){.name = "feed",
                                        .steps = 1000,
                                        .busy_steps = 250,
                                        .work = 5000,
                                        .last_ns = now,
                                        .state = MR_TILE_RUN,
                                        .core = 2,
                                        .wait = MR_WAIT_SPIN};
    m->beats[1] = (struct mr_tile_beat){.name = "engine",
                                        .steps = 1000,
                                        .busy_steps = 100,
                                        .last_ns = now - 5000000000,
                                        .state = MR_TILE_RUN,
                                        .core = -1,
                                        .wait = MR_WAIT_YIELD};
}

static void fill_connections(struct made *m, int64_t now)
{
    static struct mr_plane_connections image;
    memset(&image, 0, sizeof image);
    image.count = 3;
    image.row[0] = (struct mr_plane_connection){.product = "binance:usdm",
                                                .route = "market",
                                                .host = "fstream.binance.com",
                                                .state = MR_SESSION_LIVE,
                                                .streams = 4,
                                                .streams_live = 4,
                                                .since_ns = now - 60000000000,
                                                .last_byte_ns = now,
                                                .frames = 1200,
                                                .bytes = 99999,
                                                .tls = "TLSv1.3"};
    image.row[1] = (struct mr_plane_connection){.product = "binance:usdm",
                                                .route = "public",
                                                .number = 1,
                                                .state = MR_SESSION_LIVE,
                                                .streams = 2,
                                                .streams_live = 1,
                                                .mute = 1,
                                                .since_ns = now - 60000000000,
                                                .last_byte_ns = now - 2000000000,
                                                .frames = 10};
    image.row[2] = (struct mr_plane_connection){.product = "bybit:linear",
                                                .route = "linear",
                                                .number = 2,
                                                .state = MR_SESSION_DOWN,
                                                .streams = 3,
                                                .attempts = 4,
                                                .since_ns = now - 1000000000,
                                                .next_dial_ns = now + 3000000000,
                                                .why = "connection refused"};
    mr_image_write(mr_image_init(region(m, "connections/0"), sizeof image), &image, sizeof image);
}

static void fill_channels(struct made *m, int64_t now)
{
    static struct mr_plane_channels image;
    memset(&image, 0, sizeof image);
    image.count = 3;
    image.all = 5;
    image.now_ns = now;
    snprintf(image.product[0], sizeof image.product[0], "binance:usdm");
    image.row[0] = (struct mr_plane_channel){.symbol = "BTCUSDT",
                                             .kind = 2,
                                             .state = MR_STATUS_STALE,
                                             .last_ns = now - 2500000000,
                                             .p999_ns = 300000000,
                                             .limit_ns = 1000000000,
                                             .stales = 3};
    image.row[1] = (struct mr_plane_channel){.symbol = "", .kind = 3, .state = MR_STATUS_LIVE, .limit_ns = INT64_MAX};
    image.row[2] = (struct mr_plane_channel){
        .symbol = "ETHUSDT", .state = MR_STATUS_LIVE, .last_ns = now - 100000000, .limit_ns = 120000000000};
    mr_image_write(mr_image_init(region(m, "channels/0"), sizeof image), &image, sizeof image);
}

static void fill_port(struct made *m, int64_t now)
{
    struct mr_source_show p = {
        .text =
            "net_af_xdp0 on eth1: shared 192.0.2.7/24, hardware address 02:00:00:00:00:01, MTU 1500, 5338 buffers of "
            "2048 bytes, TCP checksums by us, receive time by the kernel, groups: by the kernel",
        .count = 1,
        .left_out = 3,
        .now_ns = now,
        .stat = {{"rx_good_packets", 1234567}}};
    mr_image_write(mr_image_init(region(m, "source/0/dpdk"), sizeof p), &p, sizeof p);
}

static void fill_recording(struct made *m, int64_t now)
{
    struct mr_record_show r = {.folder = "/data/recordings",
                               .quarantine = "/data/quarantine",
                               .why = "recording waits for room: /data/recordings: 12 MiB are free",
                               .budget = "12.6 MB free; 1.2 MB/s (measured): room for 0 s; record.budget wants 24.0 h",
                               .state = MR_RECORD_WAITING,
                               .warn = 1,
                               .records = 123456,
                               .stored = 7654321,
                               .lost = 3,
                               .segments = 9,
                               .removed = 4,
                               .refused = 14,
                               .now_ns = now};
    mr_image_write(mr_image_init(region(m, "recording"), sizeof r), &r, sizeof r);
}

static void fill_books(struct made *m, int64_t now)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct mr_plane_book book = {.instrument = i,
                                     .live = i == 0,
                                     .bid_count = 3,
                                     .ask_count = 2,
                                     .depth_bids = 800,
                                     .depth_asks = 700,
                                     .seq = 42,
                                     .gaps = i,
                                     .recv_ns = now};
        for (int k = 0; k < 3; k++) {
            book.bids[k] = (struct mr_level){.price = (65000 - k) * 100000000ll, .size = (k + 1) * 100000000ll};
            book.asks[k] = (struct mr_level){.price = (65001 + k) * 100000000ll, .size = (k + 2) * 100000000ll};
        }
        mr_image_write(mr_image_init(region(m, i ? "book/1" : "book/0"), sizeof book), &book, sizeof book);
    }
}

static void fill_engines(struct made *m, int64_t now)
{
    struct mr_plane_engines e = {.engine_ns = now,
                                 .underlyings = 1,
                                 .regime = 3,
                                 .warm = 1,
                                 .vol_1m = 0.1,
                                 .vol_5m = 0.25,
                                 .vol_15m = 0.5,
                                 .vol_1h = 0.75,
                                 .percentile = 88,
                                 .multiplier = 2.5,
                                 .signals = {0, 7, 3, 1, 0},
                                 .cascades = 2};
    e.row[0] = (struct mr_plane_underlying){.base = "BTC",
                                            .level = MR_LEVEL_ALERT,
                                            .cascade = 1,
                                            .instruments = 2,
                                            .rate_10s = 23.4,
                                            .acceleration = 5.5,
                                            .jerk = -1,
                                            .score = 71.5,
                                            .usd_per_s = 1.25e6,
                                            .liquidations = 12345,
                                            .last_ns = now - 300000000};
    mr_image_write(mr_image_init(region(m, "state/0"), sizeof e), &e, sizeof e);
}

static void fill_signals(struct made *m, int64_t now)
{
    struct mr_ring_writer w;
    struct mr_region r;
    MR_ASSERT(mr_ring_init(region(m, "tap/signals/0"), 1024, 8, MR_RING_LAP) == MR_OK);
    MR_ASSERT(mr_workspace_find(&m->ws, "tap/signals/0", &r) == MR_OK &&
              mr_ring_writer_open(&w, r.mem, r.bytes) == MR_OK);
    for (int i = 0; i < SIGNALS; i++) {
        struct mr_signal s = {.engine_ns = now - (SIGNALS - i) * 1000000000ll,
                              .kind = MR_SIGNAL_LEVEL,
                              .level = MR_LEVEL_WATCH,
                              .seq = (uint64_t)i,
                              .underlying_name = "BTC"};
        snprintf(s.words, sizeof s.words, "signal number %d", i);
        mr_ring_put(&w, &s, 8);
    }
}

static void fill_metrics(struct made *m)
{
    m->feed = mr_metrics_init(region(m, "metrics/feed/0"), &mr_feed_metrics_desc, "venue=binance,product=usdm");
    MR_COUNT(m->feed, messages, 1210);
    MR_COUNT(m->feed, gaps, 2);
    MR_COUNT(m->feed, negative_lag, 17);
    MR_COUNT(m->feed, clock_jumps, 1);
    MR_GAUGE_SET(m->feed, clock_state, 2);
    MR_GAUGE_SET(m->feed, clock_offset_ns, -1250300000);
    MR_GAUGE_SET(m->feed, clock_drift_ppb, 12300);
    MR_GAUGE_SET(m->feed, clock_jump_ns, -61000000);
    MR_COUNT(m->feed, malformed, 21);
    MR_COUNT(m->feed, range, 3);
    MR_COUNT(m->feed, quarantined, 14);
    MR_COUNT(m->feed, not_quarantined, 10);
    for (int i = 1; i <= 100; i++)
        MR_RECORD(m->feed, lag_ns, i * 1000000);
}

static void fill(struct made *m, int64_t now)
{
    struct mr_region r;
    struct mr_err err;
    uint32_t count;
    const struct mr_region_plan *regions = plan(&count);
    MR_ASSERT(mr_workspace_create(&m->ws, m->path, "made", regions, count, &err) == MR_OK);
    fill_instruments(m);
    fill_tiles(m, now);
    memcpy(region(m, "config"), config_text, sizeof config_text);
    fill_connections(m, now);
    fill_channels(m, now);
    MR_ASSERT(mr_ring_init(region(m, "feed/0>engine/0"), 64, 8, MR_RING_BACKPRESSURE) == MR_OK);
    fill_port(m, now);
    fill_recording(m, now);
    fill_books(m, now);
    fill_engines(m, now);
    fill_signals(m, now);
    for (unsigned i = 0; i < 2; i++) {
        char name[] = "commands/0";
        name[sizeof name - 2] = (char)('0' + i);
        MR_ASSERT(mr_workspace_find(&m->ws, name, &r) == MR_OK && mr_ring_init(r.mem, 16, 1, MR_RING_GAP) == MR_OK);
        MR_ASSERT(mr_ring_reader_open(&m->commands[i], r.mem, r.bytes) == MR_OK);
    }
    fill_metrics(m);
    MR_ASSERT(mr_workspace_commit(&m->ws, &err) == MR_OK);
}

void made_open(struct made *m) { made_open_at(m, mr_look_wall()); }

void made_open_at(struct made *m, int64_t now_ns)
{
    memset(m, 0, sizeof *m);
    snprintf(m->folder, sizeof m->folder, "/tmp/millrace-test-XXXXXX");
    MR_ASSERT(mkdtemp(m->folder));
    snprintf(m->path, sizeof m->path, "%s/workspace", m->folder);
    snprintf(m->socket, sizeof m->socket, "%s/admin.sock", m->folder);
    fill(m, now_ns);
}

void made_again(struct made *m)
{
    mr_workspace_close(&m->ws);
    fill(m, mr_look_wall());
}

void made_close(struct made *m)
{
    char old[128];
    mr_workspace_close(&m->ws);
    snprintf(old, sizeof old, "%s.old", m->path);
    unlink(old);
    unlink(m->path);
    unlink(m->socket);
    rmdir(m->folder);
}

bool made_command(struct made *m, unsigned tile, struct mr_plane_command *out)
{
    uint32_t n;
    const struct mr_plane_command *slot = mr_ring_peek(&m->commands[tile], &n);
    if (!slot)
        return false;
    *out = *slot;
    mr_ring_release(&m->commands[tile], 1);
    return true;
}
