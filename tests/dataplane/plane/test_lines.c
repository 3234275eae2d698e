/* A datagram feed through a whole data plane: numbered messages over two lines that each lose some come to the same events as over one
 * line that loses none; what no line had is a counted gap, told in band. By kernel sockets on the loopback, and, where DPDK is built in,
 * from a capture file: neither needs root. The format of the datagrams: tests/dataplane/net/README.md. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/plane/plane.h"
#include "dataplane/ring/workspace.h"
#include "tests/dataplane/source/dpdk/frames.h"
#include "tests/exchange/market/market.h"
#include "tests/exchange/server/server.h"
#include "tests/support/support.h"

#define HEAD 16u
#define MOST 20000u

static char folder[64];
static struct message {
    uint8_t *bytes; /* header and all */
    uint32_t len;
} messages[MOST];
static uint32_t message_count;

/* ---- what is published ---- */

static void add_message(const struct mr_piece *piece)
{
    struct message *m = &messages[message_count];
    uint64_t number = message_count++;
    m->len = HEAD + piece->len;
    m->bytes = calloc(1, m->len);
    for (int i = 0; i < 8; i++)
        m->bytes[7 - i] = (uint8_t)(number >> 8 * i);
    for (int i = 0; i < 4; i++)
        m->bytes[11 - i] = (uint8_t)(piece->len >> 8 * i);
    m->bytes[13] = 1;
    memcpy(m->bytes + HEAD, piece->data, piece->len);
}

/* Trades, tickers and liquidations of a minute and a half of the generated market: what fits a datagram. */
static int make_messages(void **state)
{
    (void)state;
    const struct mr_market_config c = {.seed = 11,
                                       .start_ns = 1700000000000000000,
                                       .duration_ns = 90000000000,
                                       .venues = MR_MARKET_BYBIT_LINEAR,
                                       .warm_up_ns = 20000000000,
                                       .trades_per_s = 20};
    void *mem = aligned_alloc(128, (mr_market_bytes(&c) + 127) / 128 * 128);
    struct mr_market *market = mr_market_init(mem, &c);
    struct mr_piece piece;
    while (message_count < MOST && mr_market_next(market, &piece) == MR_OK)
        if (piece.kind == MR_PIECE_FRAME && piece.len + HEAD <= 1472 &&
            !memmem(piece.data, piece.len, "orderbook", strlen("orderbook")))
            add_message(&piece);
    free(mem);
    snprintf(folder, sizeof folder, "/tmp/millrace-lines-XXXXXX");
    printf("%u messages\n", message_count);
    return mkdtemp(folder) && message_count > 2000 ? 0 : 1;
}

static int free_messages(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < message_count; i++)
        free(messages[i].bytes);
    return mr_test_remove(folder);
}

/* Which of two lines carry message i: each loses one of `one_in` by itself; `both`: then some are on neither. */
struct loss {
    uint32_t one_in;
    bool both;
};
static uint32_t lines_of(const struct loss *loss, uint32_t i)
{
    struct mr_random r = {i * 2654435761u + 12345};
    uint32_t mask = 3;
    if (!loss->one_in || i == 0 ||
        i + 1 == message_count) /* the first and the last are there: nobody could know else */
        return 3;
    if (mr_random_below(&r, loss->one_in) == 0)
        mask &= ~1u;
    if (mr_random_below(&r, loss->one_in) == 0)
        mask &= ~2u;
    return mask || loss->both ? mask : 1;
}

/* ---- the plane ---- */

static struct mr_plane *plane;

static void add_up(void *arg, const struct mr_metric_view *v)
{
    struct {
        const char *family, *name;
        uint64_t sum;
    } *w = arg;
    if (v->type != MR_METRIC_HIST && strcmp(v->family, w->family) == 0 && strcmp(v->name, w->name) == 0)
        w->sum += (uint64_t)v->value;
}

static uint64_t count_of(const char *family, const char *name)
{
    struct {
        const char *family, *name;
        uint64_t sum;
    } w = {family, name, 0};
    struct mr_region r;
    for (uint32_t i = 0; mr_workspace_region(mr_plane_workspace(plane), i, &r) == MR_OK; i++)
        if (r.kind == MR_REGION_METRICS)
            mr_metrics_each(r.mem, r.bytes, add_up, &w);
    return w.sum;
}

static struct mr_plane_config config_of(uint8_t source, uint32_t lines, const uint8_t address[4],
                                        const uint16_t ports[2])
{
    struct mr_plane_config c;
    mr_plane_config_default(&c);
    c.digest = true;
    c.merged = true;
    c.source = source;
    c.seed = 5;
    c.fresh.factor = 0; /* digests are compared: events that our own time makes are none of theirs */
    snprintf(c.reference, sizeof c.reference, "bybit:linear:BTCUSDT");
    snprintf(c.workspace, sizeof c.workspace, "%s/workspace", folder);
    snprintf(c.data, sizeof c.data, "%s/data", folder);
    struct mr_plane_feed *f = &c.feeds[c.feed_count++];
    snprintf(f->product, sizeof f->product, "bybit:linear");
    snprintf(f->rest, sizeof f->rest, "https://127.0.0.1:1"); /* nobody there: it goes on without the instrument list */
    snprintf(f->symbols[f->symbol_count++].name, 32, "BTCUSDT");
    snprintf(f->symbols[f->symbol_count++].name, 32, "ETHUSDT");
    for (uint32_t i = 0; i < lines; i++) {
        f->lines[i].port = ports[i];
        memcpy(f->lines[i].address, address, 4);
    }
    f->channels = MR_TRADES | MR_BEST | MR_DEPTH; /* all that are live by their messages alone */
    f->line_count = lines;
    f->number_width = 8;
    f->payload_offset = HEAD;
    f->patience_ns = 200000000;
    return c;
}

struct outcome {
    char events[MR_DIGEST_TEXT],
        signals[MR_DIGEST_TEXT]; /* signals follow the times of arrival, and are not compared */
    uint64_t delivered, copies, gaps, lost, messages, malformed, late, short_ones;
};

static void open_plane(const struct mr_plane_config *c)
{
    struct mr_err err;
    if (mr_plane_open(&plane, c, NULL, &err) != MR_OK || mr_plane_start(plane, &err) != MR_OK)
        fail_msg("%s", err.text);
}

/* Until every number is delivered or given up. */
static struct outcome close_plane(void)
{
    struct outcome o;
    for (int i = 0; i < 400 && count_of("arbiter", "delivered") + count_of("arbiter", "lost") < message_count; i++)
        mr_test_rest(50);
    mr_test_rest(300); /* the engine's last groups, and the other line's last copies */
    mr_plane_stop(plane);
    mr_plane_digests(plane, o.events, o.signals);
    o.delivered = count_of("arbiter", "delivered");
    o.copies = count_of("arbiter", "copies");
    o.gaps = count_of("arbiter", "gaps");
    o.lost = count_of("arbiter", "lost");
    o.late = count_of("arbiter", "late");
    o.short_ones = count_of("arbiter", "short_ones");
    o.messages = count_of("feed", "messages");
    o.malformed = count_of("feed", "malformed");
    mr_plane_close(plane);
    return o;
}

/* ---- by sockets ---- */

static uint16_t free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len) | getsockname(fd, (struct sockaddr *)&at, &len), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static struct outcome by_socket(uint32_t lines, const struct loss *loss)
{
    static const uint8_t here[4] = {127, 0, 0, 1};
    const uint16_t ports[2] = {free_port(), free_port()};
    const struct mr_plane_config c = config_of(MR_PLANE_SOCKET, lines, here, ports);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    open_plane(&c);
    mr_test_rest(500); /* the tile's thread opens its sockets */
    for (uint32_t i = 0; i < message_count; i++) {
        uint32_t mask = lines_of(loss, i);
        for (uint32_t k = 0; k < lines; k++) {
            struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(ports[k])};
            memcpy(&to.sin_addr, here, 4);
            if (mask >> k & 1)
                assert_int_equal(sendto(fd, messages[i].bytes, messages[i].len, 0, (struct sockaddr *)&to, sizeof to),
                                 messages[i].len);
        }
        if (i % 32 == 31)
            mr_test_rest(2); /* no more than the smallest socket buffer of a host holds */
    }
    close(fd);
    return close_plane();
}

/* ---- from a capture file ---- */

static struct outcome by_file(const struct loss *loss)
{
    static const uint8_t from[4] = {198, 18, 0, 1}, group[4] = {239, 1, 2, 3};
    static const uint16_t ports[2] = {6000, 6001};
    static uint8_t frame[2048];
    char path[96];
    struct capture file;
    snprintf(path, sizeof path, "%s/lines.pcap", folder);
    assert_true(capture_open(&file, path));
    for (uint32_t i = 0; i < message_count; i++)
        for (uint32_t k = 0; k < 2; k++)
            if (lines_of(loss, i) >> k & 1)
                capture_add(&file, frame,
                            make_datagram(frame, from, group, ports[k], messages[i].bytes, messages[i].len));
    capture_close(&file);
    struct mr_plane_config c = config_of(MR_PLANE_DPDK, 2, group, ports);
    snprintf(c.dpdk.device, sizeof c.dpdk.device, "net_pcap0,rx_pcap=%s", path);
    memcpy(c.dpdk.address, (uint8_t[4]){198, 18, 0, 2}, 4);
    open_plane(&c);
    return close_plane();
}

/* ---- tests ---- */

static struct outcome whole; /* over one line that loses nothing */

static void one_line_that_loses_nothing_brings_every_message(void **state)
{
    (void)state;
    whole = by_socket(1, &(struct loss){0, false});
    assert_int_equal(whole.delivered, message_count);
    assert_int_equal(whole.messages, message_count);
    assert_int_equal(whole.malformed + whole.gaps + whole.lost + whole.late + whole.short_ones, 0);
}

static void is_whole(const struct outcome *o)
{
    assert_int_equal(o->delivered, message_count);
    assert_int_equal(o->gaps + o->lost + o->malformed, 0);
    assert_string_equal(o->events, whole.events);
}

static void two_lines_with_losses_come_to_the_same_events(void **state)
{
    (void)state;
    const struct outcome o = by_socket(2, &(struct loss){10, false});
    is_whole(&o);
    assert_true(o.copies > message_count / 2);
}

static void check_holes(const struct outcome *o, const struct loss *loss)
{
    uint64_t lost = 0, gaps = 0;
    for (uint32_t i = 0; i < message_count; i++) {
        lost += lines_of(loss, i) == 0;
        gaps += lines_of(loss, i) == 0 && lines_of(loss, i - 1) != 0;
    }
    assert_true(gaps > 5);
    assert_int_equal(o->lost, lost);
    assert_int_equal(o->gaps, gaps);
    assert_int_equal(o->delivered, message_count - lost);
    assert_int_equal(o->messages, o->delivered);
    assert_string_not_equal(o->events, whole.events);
}

static void what_no_line_had_is_a_counted_gap(void **state)
{
    (void)state;
    const struct loss loss = {10, true};
    const struct outcome o = by_socket(2, &loss);
    check_holes(&o, &loss);
}

static void a_capture_file_read_over_dpdk_comes_to_the_same_events(void **state)
{
    (void)state;
    struct mr_dpdk_config probe;
    struct mr_err err;
    mr_dpdk_config_default(&probe);
    snprintf(probe.device, sizeof probe.device, "net_pcap0,rx_pcap=/dev/null");
    if (mr_dpdk_check(&probe, &err) == MR_E_UNSUPPORTED) {
        mr_test_skip_line(err.text);
        assert_null(getenv("MILLRACE_REQUIRE_NET"));
        skip();
    }
    const struct loss losses[] = {{0, false}, {10, false}};
    for (size_t i = 0; i < MR_COUNT_OF(losses); i++) {
        const struct outcome o = by_file(&losses[i]);
        is_whole(&o);
    }
    const struct loss loss = {10, true};
    const struct outcome o = by_file(&loss);
    check_holes(&o, &loss);
}

/* ---- books ---- */

static void say_update(int fd, uint16_t port, uint64_t number, uint64_t seq, const char *size)
{
    uint8_t bytes[512] = {0};
    for (int i = 0; i < 8; i++)
        bytes[7 - i] = (uint8_t)(number >> 8 * i);
    bytes[13] = 1;
    int len = snprintf(
        (char *)bytes + HEAD, sizeof bytes - HEAD,
        "{\"e\":\"depthUpdate\",\"E\":1700000000001,\"T\":1700000000000,\"s\":\"BTCUSDT\",\"U\":%llu,\"u\":%llu,"
        "\"pu\":%llu,\"b\":[[\"1.00\",\"%s\"]],\"a\":[]}",
        (unsigned long long)seq, (unsigned long long)seq, (unsigned long long)seq - 1, size);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bytes[11] = (uint8_t)len;
    bytes[10] = (uint8_t)(len >> 8);
    assert_true(sendto(fd, bytes, HEAD + (size_t)len, 0, (struct sockaddr *)&to, sizeof to) > 0);
}

static bool book_becomes(bool live, uint64_t gaps_at_least)
{
    struct mr_region r;
    struct mr_plane_book b = {0};
    for (int i = 0; i < 400; i++, mr_test_rest(50))
        if (mr_workspace_find(mr_plane_workspace(plane), "book/0", &r) == MR_OK &&
            mr_image_read(r.mem, &b, sizeof b, NULL) == MR_OK && b.live == live && b.gaps >= gaps_at_least)
            return true;
    print_error("book: live %u, gaps %llu, seq %llu\n", b.live, (unsigned long long)b.gaps, (unsigned long long)b.seq);
    return false;
}

/* The updates come by datagrams, snapshots and the instrument list by REST from an exchange whose market stands still. */
static void a_book_on_lines_joins_its_rest_snapshot_and_again_after_a_hole(void **state)
{
    (void)state;
    static const uint8_t here[4] = {127, 0, 0, 1};
    static struct mr_truth truth;
    const uint16_t ports[2] = {free_port(), 0};
    struct mr_err err = {""};
    struct mr_exchange *exchange;
    const struct mr_exchange_config x = {.certs = folder,
                                         .tape = {.pace = 1, .market = {.seed = 11, .warm_up_ns = 3000000000}}};
    if (mr_exchange_open(&exchange, &x, &err) != MR_OK || mr_exchange_start(exchange, &err) != MR_OK)
        fail_msg("%s", err.text);
    for (int i = 0; i < 200 && mr_exchange_book(exchange, "binance:usdm", "BTCUSDT", 1, &truth, &err) != MR_OK; i++)
        mr_test_rest(50); /* until its market has a book */
    mr_exchange_pause(exchange, true);
    struct mr_plane_config c = config_of(MR_PLANE_SOCKET, 1, here, ports);
    struct mr_plane_feed *f = &c.feeds[0];
    snprintf(f->product, sizeof f->product, "binance:usdm");
    snprintf(c.ca_file, sizeof c.ca_file, "%s", mr_exchange_ca(exchange));
    f->rest[0] = 0;
    f->symbol_count = 1;
    f->fixed = (struct mr_address){.ip = {127, 0, 0, 1}, .family = 4, .port = mr_exchange_port(exchange)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    open_plane(&c);
    for (int i = 0; i < 400 && count_of("feed", "bodies") == 0; i++)
        mr_test_rest(50); /* the instrument list */
    if (mr_exchange_book(exchange, "binance:usdm", "BTCUSDT", MR_PLANE_BOOK_LEVELS, &truth, &err) != MR_OK)
        fail_msg("%s", err.text);
    say_update(fd, ports[0], 0, truth.seq, "1.000");
    say_update(fd, ports[0], 1, truth.seq + 1, "2.000");
    assert_true(book_becomes(true, 0));
    uint64_t asked = count_of("feed_tile", "resyncs");
    assert_true(asked >= 1);
    say_update(fd, ports[0], 3, truth.seq + 3, "3.000"); /* number 2 is on no line */
    assert_true(book_becomes(false, 1));
    assert_int_equal(count_of("arbiter", "lost"), 1);
    for (int i = 0; i < 100 && count_of("feed_tile", "resyncs") == asked; i++)
        mr_test_rest(50);
    assert_true(count_of("feed_tile", "resyncs") > asked); /* it asks for its snapshot anew */
    close(fd);
    mr_plane_stop(plane);
    mr_plane_close(plane);
    mr_exchange_stop(exchange);
    mr_exchange_close(exchange);
}

static void lines_that_cannot_be_are_refused_with_the_way_out(void **state)
{
    (void)state;
    static const uint8_t here[4] = {127, 0, 0, 1};
    static const uint16_t ports[2] = {6000, 6001};
    static const struct {
        const char *says, *want;
        uint8_t source, width;
        bool port;
    } cases[] = {
        {"by io_uring", "feeds[0] (bybit:linear): lines of datagrams are received by source dpdk or socket",
         MR_PLANE_URING, 8, false},
        {"by dpdk, and no port is named", "give dpdk.interface or dpdk.device", MR_PLANE_DPDK, 8, false},
        {"numbers of three bytes", "number_width 3: want 1, 2, 4 or 8 bytes", MR_PLANE_SOCKET, 3, false},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_err err = {""};
        struct mr_plane *none = NULL;
        struct mr_plane_config c = config_of(cases[i].source, 2, here, ports);
        c.feeds[0].number_width = cases[i].width;
        assert_true(mr_plane_open(&none, &c, NULL, &err) < 0);
        if (!strstr(err.text, cases[i].want))
            fail_msg("%s: \"%s\", want \"%s\"", cases[i].says, err.text, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_that_loses_nothing_brings_every_message),
        cmocka_unit_test(two_lines_with_losses_come_to_the_same_events),
        cmocka_unit_test(what_no_line_had_is_a_counted_gap),
        cmocka_unit_test(a_capture_file_read_over_dpdk_comes_to_the_same_events),
        cmocka_unit_test(a_book_on_lines_joins_its_rest_snapshot_and_again_after_a_hole),
        cmocka_unit_test(lines_that_cannot_be_are_refused_with_the_way_out),
    };
    return cmocka_run_group_tests(tests, make_messages, free_messages) ? 1 : 0;
}
