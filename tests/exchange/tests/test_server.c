/* The simulated exchange from outside, over TLS: books equal to its own for every venue, REST, certificates, bounds, recordings, and each
 * fault as it shows on the wire. The exchange runs on a thread of this process. */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codecs/capture/capture.h"
#include "codecs/venue/dial.h"
#include "codecs/ws/ws.h"
#include "dataplane/clock/clock.h"
#include "dataplane/player/player.h"
#include "tests/exchange/server/certs.h"
#include "tests/exchange/tests/client.h"
#include "tests/support/support.h"

static char folder[64], certs[96];

static struct mr_exchange *open_exchange(struct mr_exchange_config config)
{
    struct mr_exchange *x;
    struct mr_err err;
    config.certs = certs;
    if (!config.tape.count) {
        config.tape.market.seed = 5;
        config.tape.market.books_per_s = config.tape.market.books_per_s ? config.tape.market.books_per_s : 50;
    }
    int status = mr_exchange_open(&x, &config, &err);
    if (status)
        print_error("%s\n", err.text);
    assert_int_equal(status, MR_OK);
    assert_int_equal(mr_exchange_start(x, &err), MR_OK);
    return x;
}

static struct mr_exchange *live_exchange(void)
{
    return open_exchange((struct mr_exchange_config){.tape = {.pace = 1}});
}

static void close_exchange(struct mr_exchange *x)
{
    mr_exchange_stop(x);
    mr_exchange_close(x);
}

static void fault(struct mr_exchange *x, const char *text)
{
    struct mr_exchange_fault f;
    struct mr_err err;
    int status = mr_exchange_fault_parse(text, &f, &err);
    if (status)
        print_error("%s\n", err.text);
    assert_int_equal(status, MR_OK);
    assert_int_equal(mr_exchange_fault(x, &f, &err), MR_OK);
}

/* ---- venues ---- */

static const struct venue {
    const char *product, *symbol, *host, *path, *subscribe, *book;
} venues[] = {
    {"binance:usdm", "BTCUSDT", "fstream.binance.com", "/public/stream",
     "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@depth@100ms\"],\"id\":1}", "depthUpdate"},
    {"binance:spot", "BTCUSDT", "stream.binance.com", "/stream",
     "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@depth@100ms\"],\"id\":1}", "depthUpdate"},
    {"bybit:linear", "BTCUSDT", "stream.bybit.com", "/v5/public/linear",
     "{\"op\":\"subscribe\",\"args\":[\"orderbook.200.BTCUSDT\"]}", "orderbook.200."},
    {"okx:public", "BTC-USDT-SWAP", "ws.okx.com", "/ws/v5/public",
     "{\"op\":\"subscribe\",\"args\":[{\"channel\":\"books\",\"instId\":\"BTC-USDT-SWAP\"}]}", "\"action\":"},
    {"hyperliquid:perp", "BTC", "api.hyperliquid.xyz", "/ws",
     "{\"method\":\"subscribe\",\"subscription\":{\"type\":\"l2Book\",\"coin\":\"BTC\"}}",
     "\"l2Book\",\"data\":{\"coin\""},
    {"kucoin:spot", "BTC-USDT", "x-push-spot.kucoin.com", "/",
     "{\"id\":\"1\",\"action\":\"SUBSCRIBE\",\"channel\":\"obu\",\"tradeType\":\"SPOT\",\"symbol\":\"BTC-USDT\","
     "\"depth\":"
     "\"increment@10ms\"}",
     "\"T\":\"obu.SPOT\""},
    {"mexc:futures", "BTC_USDT", "contract.mexc.com", "/edge",
     "{\"method\":\"sub.depth\",\"param\":{\"symbol\":\"BTC_USDT\"}}", "\"push.depth\""},
};
#define VENUES MR_COUNT_OF(venues)

/* Its messages are whole books: nothing to miss, and no number to tell them by. */
static bool is_image(const struct venue *v) { return strncmp(v->product, "hyperliquid", 11) == 0; }

static struct client *subscribed(const struct mr_exchange *x, const struct venue *v)
{
    struct client *c = client_open(x, v->host, v->path);
    client_say(c, v->subscribe);
    return c;
}

/* The next book message, past acks and pings; false: none came, or the end (then *ended). */
static bool next_book(struct client *c, const struct venue *v, int timeout_ms, const char **text, uint32_t *len,
                      bool *ended)
{
    int opcode;
    *ended = false;
    while ((opcode = client_next(c, timeout_ms, text, len)) >= 0)
        if (opcode == MR_WS_TEXT && memmem(*text, *len, v->book, strlen(v->book)))
            return true;
    *ended = opcode == CLIENT_CLOSED;
    return false;
}

/* The number behind a key, 0 if it is not there. */
static unsigned long long field(const char *text, uint32_t len, const char *key)
{
    const char *at = memmem(text, len, key, strlen(key));
    return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static unsigned long long sequence(const struct venue *v, const char *text, uint32_t len)
{
    return field(text, len,
                 strncmp(v->product, "okx", 3) == 0      ? "\"seqId\":"
                 : strncmp(v->product, "hyper", 5) == 0  ? "\"time\":"
                 : strncmp(v->product, "mexc", 4) == 0   ? "\"version\":"
                 : strncmp(v->product, "kucoin", 6) == 0 ? "\"C\":"
                                                         : "\"u\":");
}

/* ---- our own receiver ---- */

struct receiver {
    struct mr_player *player;
    const struct venue *v;
    uint8_t venue, product;
    uint64_t messages;
};

static struct receiver open_receiver(const struct venue *v)
{
    struct receiver r = {.v = v};
    const struct mr_venue *venue;
    struct mr_err err;
    assert_int_equal(mr_venue_parse(v->product, &venue, &r.product, &err), MR_OK);
    r.venue = venue->id;
    assert_int_equal(mr_player_open(&r.player, &(struct mr_player_config){.instruments_max = 8, .books_max = 8}, &err),
                     MR_OK);
    return r;
}

static int put(struct receiver *r, uint8_t kind, const char *data, uint32_t len, const char *url)
{
    struct mr_piece p = {.data = (uint8_t *)(uintptr_t)data,
                         .len = len,
                         .kind = kind,
                         .clock = MR_CLOCK_KERNEL,
                         .venue = r->venue,
                         .product = r->product,
                         .recv_ns = mr_clock_mono() + 1700000000000000000,
                         .name = mr_span_of(url)};
    return mr_player_piece(r->player, &p);
}

static const struct mr_book *book_of(const struct receiver *r)
{
    const struct mr_instrument *it =
        mr_instruments_find(mr_player_instruments(r->player), r->venue, r->product, mr_span_of(r->v->symbol));
    return it ? mr_pipeline_book(mr_player_pipeline(r->player), it->id) : NULL;
}

static bool is_live(const struct receiver *r)
{
    const struct mr_book *book = book_of(r);
    return book && mr_book_live(book);
}

static bool by_rest(const struct receiver *r)
{
    uint8_t rule = mr_venue_by_id(r->venue)->products[r->product].sequencing;
    return rule == MR_SEQ_FIRST_FINAL || rule == MR_SEQ_FIRST_FINAL_PREV;
}

/* A REST snapshot, where the venue's books begin with one. */
static void snapshot(const struct mr_exchange *x, struct receiver *r)
{
    static char body[1 << 20];
    char target[128], url[256];
    const struct mr_dialect *dialect = mr_dialect_of(mr_venue_by_id(r->venue));
    const char *host = dialect->products[r->product].rest + strlen("https://");
    struct mr_text path, none;
    mr_text_init(&path, target, sizeof target);
    mr_text_init(&none, url, sizeof url);
    assert_int_equal(dialect->url(r->product, MR_URL_SNAPSHOT, r->v->symbol, &path, &none), MR_OK);
    snprintf(url, sizeof url, "https://%s%s", host, target);
    assert_int_equal(client_rest(x, host, target, NULL, body, sizeof body), 200);
    put(r, MR_PIECE_REST, body, (uint32_t)strlen(body), url);
}

/* Receives until the book is live and `count` messages came on top. */
static void receive(const struct mr_exchange *x, struct client *c, struct receiver *r, uint64_t count)
{
    const char *text;
    uint32_t len;
    uint64_t seen = 0;
    int64_t deadline = mr_clock_mono() + 10000000000;
    while ((!is_live(r) || seen < count) && mr_clock_mono() < deadline) {
        int opcode = client_next(c, 2000, &text, &len);
        assert_true(opcode >= 0);
        if (opcode != MR_WS_TEXT)
            continue;
        assert_true(put(r, MR_PIECE_FRAME, text, len, "") >= 0);
        seen++;
        if (!is_live(r) && by_rest(r) && seen % 4 == 0)
            snapshot(x, r);
    }
    assert_true(is_live(r));
    r->messages += seen;
}

/* The market stands still; what is under way arrives; then the books must be equal. */
static void compare(struct mr_exchange *x, struct client *c, struct receiver *r)
{
    static struct mr_truth truth;
    const char *text;
    uint32_t len;
    struct mr_err err;
    mr_exchange_pause(x, true);
    while (client_next(c, 100, &text, &len) >= 0)
        put(r, MR_PIECE_FRAME, text, len, "");
    uint32_t depth = r->venue == MR_VENUE_hyperliquid ? 20 : 200;
    assert_int_equal(mr_exchange_book(x, r->v->product, r->v->symbol, depth, &truth, &err), MR_OK);
    const struct mr_book *book = book_of(r);
    assert_true(mr_book_live(book));
    if (r->venue != MR_VENUE_hyperliquid)
        assert_int_equal(mr_book_seq(book), truth.seq);
    for (int ask = 0; ask < 2; ask++) {
        struct mr_level got[200];
        assert_int_equal(mr_book_top(book, ask, got, depth), truth.count[ask]);
        assert_true(truth.count[ask] >= 15);
        assert_memory_equal(got, truth.level[ask], truth.count[ask] * sizeof *got);
    }
    mr_exchange_pause(x, false);
}

static uint64_t gaps(const struct receiver *r)
{
    struct mr_player_totals t;
    mr_player_totals(r->player, &t);
    return t.gaps;
}

/* ---- books ---- */

static void books_received_over_the_wire_equal_the_exchanges_own(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    for (size_t i = 0; i < VENUES; i++) {
        struct receiver r = open_receiver(&venues[i]);
        struct client *c = subscribed(x, &venues[i]);
        for (int round = 0; round < 3; round++) {
            receive(x, c, &r, 5);
            compare(x, c, &r);
        }
        assert_int_equal(gaps(&r), 0);
        client_close(c);
        mr_player_close(r.player);
    }
    close_exchange(x);
}

static void after_a_gap_a_new_image_gives_the_true_book_again(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    for (size_t i = 0; i < VENUES; i++) {
        if (is_image(&venues[i]))
            continue;
        struct receiver r = open_receiver(&venues[i]);
        struct client *c = subscribed(x, &venues[i]);
        char text[128];
        receive(x, c, &r, 3);
        snprintf(text, sizeof text, "gap,product=%s,symbol=%s,count=2", venues[i].product, venues[i].symbol);
        fault(x, text);
        int64_t deadline = mr_clock_mono() + 10000000000;
        while (gaps(&r) == 0 && mr_clock_mono() < deadline) {
            const char *data;
            uint32_t len;
            if (client_next(c, 1000, &data, &len) == MR_WS_TEXT)
                put(&r, MR_PIECE_FRAME, data, len, "");
        }
        assert_int_equal(gaps(&r), 1);
        assert_false(is_live(&r));
        if (r.venue == MR_VENUE_bybit) {
            client_say(c, "{\"op\":\"unsubscribe\",\"args\":[\"orderbook.200.BTCUSDT\"]}");
        } else if (r.venue == MR_VENUE_okx) {
            client_say(c, "{\"op\":\"unsubscribe\",\"args\":[{\"channel\":\"books\",\"instId\":\"BTC-USDT-SWAP\"}]}");
        }
        if (r.venue == MR_VENUE_kucoin)
            client_say(c,
                       "{\"id\":\"2\",\"action\":\"UNSUBSCRIBE\",\"channel\":\"obu\",\"tradeType\":\"SPOT\",\"symbol\":"
                       "\"BTC-USDT\",\"depth\":\"increment@10ms\"}");
        if (!by_rest(&r))
            client_say(c, venues[i].subscribe);
        receive(x, c, &r, 3);
        compare(x, c, &r);
        assert_int_equal(gaps(&r), 1);
        client_close(c);
        mr_player_close(r.player);
    }
    struct mr_exchange_stats stats;
    mr_exchange_stats(x, &stats);
    assert_int_equal(stats.skipped, 2 * (VENUES - 1));
    close_exchange(x);
}

/* ---- every stream ---- */

static const char *symbol_for(uint8_t venue, uint8_t product)
{
    if (venue == MR_VENUE_kucoin)
        return strcmp(mr_venue_by_id(venue)->products[product].name, "spot") == 0 ? "BTC-USDT" : "XBTUSDTM";
    return venue == MR_VENUE_okx           ? "BTC-USDT-SWAP"
           : venue == MR_VENUE_hyperliquid ? "BTC"
           : venue == MR_VENUE_mexc        ? "BTC_USDT"
                                           : "BTCUSDT";
}

/* Subscribes to all that a route has, as our sessions do, and waits until every channel has brought events but those that may be quiet. */
static void hear_route(const struct mr_exchange *x, const struct mr_venue *venue, uint8_t product,
                       const struct mr_route *route)
{
    const struct mr_dialect *dialect = mr_dialect_of(venue);
    const struct mr_product_dial *dial = &dialect->products[product];
    struct mr_stream streams[16];
    uint32_t count = 0, at = 0, wanted = route->channels & ~dial->quiet, heard = 0, len;
    char name[64];
    const char *text;
    snprintf(name, sizeof name, "%s:%s", venue->name, venue->products[product].name);
    const struct venue v = {.product = name, .symbol = symbol_for(venue->id, product)};
    struct receiver r = open_receiver(&v);
    static struct mr_grant grant;
    const char *path = route->path;
    if (route->token) { /* as a session gets it: by the venue's REST, for one dial */
        char body[2048];
        assert_int_equal(
            client_rest(x, dial->rest + strlen("https://"), "/api/v1/bullet-public", "{}", body, sizeof body), 200);
        assert_int_equal(dialect->token(product, mr_span_of(body), 5, &grant), MR_OK);
        assert_string_equal(grant.host, route->host);
        path = grant.path;
    }
    struct client *c = client_open(x, route->host, path);
    for (uint32_t bit = 1; bit <= MR_CANDLES; bit <<= 1)
        if (route->channels & bit)
            streams[count++] = (struct mr_stream){bit, dial->market_wide & bit ? "" : v.symbol};
    while (at < count) {
        char message[4096];
        struct mr_text t;
        mr_text_init(&t, message, sizeof message);
        assert_int_equal(dialect->subscribe(product, streams, count, &at, at + 1, &t), MR_OK);
        client_say(c, message);
    }
    int64_t deadline = mr_clock_mono() + 15000000000;
    while ((heard & wanted) != wanted && mr_clock_mono() < deadline) {
        int opcode = client_next(c, 5000, &text, &len);
        assert_true(opcode >= 0);
        if (opcode != MR_WS_TEXT)
            continue;
        int got = put(&r, MR_PIECE_FRAME, text, len, "");
        if (got < 0)
            print_error("%s: %.*s\n", name, (int)(len < 400 ? len : 400), text);
        assert_true(got >= 0);
        const struct mr_decoder *dec = mr_feed_decoder(mr_player_feed(r.player, 0));
        heard |= venue->kinds[dec->kind].channel;
    }
    if ((heard & wanted) != wanted)
        print_error("%s/%s: heard %x of %x\n", name, route->name, heard, wanted);
    assert_int_equal(heard & wanted, wanted);
    client_close(c);
    mr_player_close(r.player);
}

static void every_stream_our_dialects_ask_for_brings_events(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    static const char *const products[] = {"binance:usdm", "binance:spot",   "bybit:linear",
                                           "okx:public",   "okx:business",   "hyperliquid:perp",
                                           "mexc:futures", "kucoin:futures", "kucoin:spot"};
    usleep(1500000); /* every channel has spoken once */
    for (size_t i = 0; i < MR_COUNT_OF(products); i++) {
        const struct mr_venue *venue;
        uint8_t product;
        struct mr_err err;
        assert_int_equal(mr_venue_parse(products[i], &venue, &product, &err), MR_OK);
        for (const struct mr_route *route = mr_dialect_of(venue)->products[product].routes; route->name; route++)
            hear_route(x, venue, product, route);
    }
    close_exchange(x);
}

/* ---- faults on the wire ---- */

/* Sequence numbers of the next `n` book messages. */
static uint32_t sequences(struct client *c, const struct venue *v, unsigned long long *out, uint32_t n)
{
    const char *text;
    uint32_t len, count = 0;
    bool ended;
    while (count < n && next_book(c, v, 2000, &text, &len, &ended))
        out[count++] = sequence(v, text, len);
    return count;
}

static void a_duplicate_is_the_same_message_twice(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    for (size_t i = 0; i < VENUES; i++) {
        if (is_image(&venues[i]))
            continue;
        char text[128];
        unsigned long long seq[12];
        uint32_t twice = 0;
        struct client *c = subscribed(x, &venues[i]);
        assert_int_equal(sequences(c, &venues[i], seq, 2), 2);
        snprintf(text, sizeof text, "duplicate,product=%s,symbol=%s,count=2", venues[i].product, venues[i].symbol);
        fault(x, text);
        assert_int_equal(sequences(c, &venues[i], seq, 12), 12);
        for (int k = 1; k < 12; k++)
            twice += seq[k] == seq[k - 1];
        assert_int_equal(twice, 2);
        client_close(c);
    }
    close_exchange(x);
}

static void a_reorder_swaps_two_messages(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    for (size_t i = 0; i < VENUES; i++) {
        if (is_image(&venues[i]))
            continue;
        char text[128];
        unsigned long long seq[12];
        uint32_t back = 0;
        struct client *c = subscribed(x, &venues[i]);
        assert_int_equal(sequences(c, &venues[i], seq, 2), 2);
        snprintf(text, sizeof text, "{\"fault\":\"reorder\",\"product\":\"%s\",\"symbol\":\"%s\"}", venues[i].product,
                 venues[i].symbol);
        fault(x, text);
        assert_int_equal(sequences(c, &venues[i], seq, 12), 12);
        for (int k = 1; k < 12; k++)
            back += seq[k] < seq[k - 1];
        assert_int_equal(back, 1);
        client_close(c);
    }
    close_exchange(x);
}

static void a_disconnect_ends_the_products_connections_and_no_others(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    struct client *c[VENUES];
    const char *text;
    uint32_t len;
    bool ended;
    for (size_t i = 0; i < VENUES; i++)
        c[i] = subscribed(x, &venues[i]);
    for (size_t i = 0; i < VENUES; i++)
        assert_true(next_book(c[i], &venues[i], 3000, &text, &len, &ended));
    for (size_t i = 0; i < VENUES; i++) {
        char what[128];
        snprintf(what, sizeof what, "disconnect,product=%s", venues[i].product);
        fault(x, what);
        while (next_book(c[i], &venues[i], 3000, &text, &len, &ended))
            ;
        assert_true(ended);
        assert_int_equal(client_left(c[i]), 0);
        for (size_t k = i + 1; k < VENUES; k++)
            assert_true(next_book(c[k], &venues[k], 3000, &text, &len, &ended));
    }
    for (size_t i = 0; i < VENUES; i++)
        client_close(c[i]);
    close_exchange(x);
}

static void half_a_frame_is_the_last_thing_that_comes(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    for (size_t i = 0; i < VENUES; i++) {
        char what[128];
        const char *text;
        uint32_t len;
        bool ended;
        struct client *c = subscribed(x, &venues[i]);
        assert_true(next_book(c, &venues[i], 3000, &text, &len, &ended));
        snprintf(what, sizeof what, "half_frame,product=%s", venues[i].product);
        fault(x, what);
        while (next_book(c, &venues[i], 3000, &text, &len, &ended))
            ;
        assert_true(ended);
        assert_true(client_left(c) > 2);
        client_close(c);
    }
    close_exchange(x);
}

static void garbage_is_whole_frames_that_are_not_json(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    for (size_t i = 0; i < VENUES; i++) {
        char what[128];
        const char *text;
        uint32_t len, garbage = 0;
        bool ended;
        struct client *c = subscribed(x, &venues[i]);
        assert_true(next_book(c, &venues[i], 3000, &text, &len, &ended));
        snprintf(what, sizeof what, "garbage,product=%s,count=3", venues[i].product);
        fault(x, what);
        for (int n = 0; n < 200 && garbage < 3; n++) {
            assert_true(client_next(c, 3000, &text, &len) >= 0);
            uint32_t at;
            garbage += mr_json_check((const uint8_t *)text, len, &at) != MR_OK && *text == '}';
        }
        assert_int_equal(garbage, 3);
        assert_true(next_book(c, &venues[i], 3000, &text, &len, &ended)); /* and on it goes */
        client_close(c);
    }
    close_exchange(x);
}

static void a_silence_says_nothing_at_all_and_ends(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    const struct venue *v = &venues[3]; /* OKX: a pong would be a word */
    const char *text;
    uint32_t len;
    bool ended;
    struct client *c = subscribed(x, v), *other = subscribed(x, &venues[2]);
    assert_true(next_book(c, v, 3000, &text, &len, &ended));
    fault(x, "silence,product=okx:public,seconds=1");
    while (client_next(c, 300, &text, &len) >= 0)
        ; /* what was under way */
    int64_t begun = mr_clock_mono();
    client_say(c, "ping");
    assert_int_equal(client_next(c, 200, &text, &len), CLIENT_NOTHING);
    assert_true(next_book(other, &venues[2], 3000, &text, &len, &ended));
    assert_true(next_book(c, v, 5000, &text, &len, &ended));
    assert_true(mr_clock_mono() - begun < 5000000000);
    client_close(other);
    client_close(c);
    close_exchange(x);
}

static void a_silence_of_a_symbol_leaves_its_connection_and_the_others_alone(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    const char *text;
    uint32_t len, of_btc = 0, of_eth = 0;
    struct client *c = client_open(x, "stream.bybit.com", "/v5/public/linear");
    client_say(c, "{\"op\":\"subscribe\",\"args\":[\"orderbook.200.BTCUSDT\",\"orderbook.200.ETHUSDT\"]}");
    while (of_eth < 5) {
        assert_true(client_next(c, 3000, &text, &len) >= 0);
        of_eth += memmem(text, len, "orderbook.200.ETHUSDT", 21) != NULL;
    }
    fault(x, "silence,product=bybit:linear,symbol=BTCUSDT,seconds=30");
    client_say(c, "{\"op\":\"ping\",\"req_id\":\"here\"}");
    do
        assert_true(client_next(c, 3000, &text, &len) >= 0);
    while (!memmem(text, len, "\"here\"", 6));
    for (of_eth = 0; of_eth < 20;) {
        assert_true(client_next(c, 3000, &text, &len) >= 0);
        of_eth += memmem(text, len, "orderbook.200.ETHUSDT", 21) != NULL;
        of_btc += memmem(text, len, "orderbook.200.BTCUSDT", 21) != NULL;
    }
    assert_int_equal(of_btc, 0);
    client_close(c);
    close_exchange(x);
}

static void a_restart_ends_all_refuses_for_a_while_and_counts_anew(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    unsigned long long before[VENUES], after[1];
    struct client *c[VENUES];
    const char *text, *why;
    uint32_t len;
    bool ended;
    for (size_t i = 0; i < VENUES; i++) {
        c[i] = subscribed(x, &venues[i]);
        assert_int_equal(sequences(c[i], &venues[i], &before[i], 1), 1);
    }
    fault(x, "restart,seconds=1");
    for (size_t i = 0; i < VENUES; i++) {
        while (next_book(c[i], &venues[i], 3000, &text, &len, &ended))
            ;
        assert_true(ended);
        client_close(c[i]);
    }
    assert_null(client_dial(mr_exchange_port(x), mr_exchange_ca(x), "localhost", &why));
    assert_string_equal(why, "refused");
    struct client *again = NULL;
    int64_t deadline = mr_clock_mono() + 10000000000;
    while (!again && mr_clock_mono() < deadline) {
        usleep(20000);
        again = client_dial(mr_exchange_port(x), mr_exchange_ca(x), "localhost", &why);
    }
    assert_non_null(again);
    client_close(again);
    for (size_t i = 0; i < 4; i++) {
        struct receiver r = open_receiver(&venues[i]);
        struct client *d = subscribed(x, &venues[i]);
        assert_int_equal(sequences(d, &venues[i], after, 1), 1);
        assert_true(after[0] < before[i]);
        client_close(d);
        d = subscribed(x, &venues[i]); /* and the books are as true as before */
        receive(x, d, &r, 3);
        compare(x, d, &r);
        client_close(d);
        mr_player_close(r.player);
    }
    close_exchange(x);
}

static void scheduled_faults_come_again_and_again(void **state)
{
    (void)state;
    struct mr_exchange_fault f;
    struct mr_err err;
    struct mr_exchange_stats stats = {0};
    assert_int_equal(mr_exchange_fault_parse("garbage,product=okx:public,after=0.2,every=0.1", &f, &err), MR_OK);
    struct mr_exchange *x =
        open_exchange((struct mr_exchange_config){.tape = {.pace = 1}, .faults = &f, .fault_count = 1});
    mr_exchange_stats(x, &stats);
    assert_int_equal(stats.faults[MR_FAULT_GARBAGE], 0);
    for (int i = 0; i < 500 && stats.faults[MR_FAULT_GARBAGE] < 3; i++) {
        usleep(20000);
        mr_exchange_stats(x, &stats);
    }
    assert_true(stats.faults[MR_FAULT_GARBAGE] >= 3);
    close_exchange(x);
}

static const struct {
    const char *says, *text, *about;
} bad_faults[] = {
    {"no such fault", "gapp", "no \"gapp\""},
    {"no fault in an object", "{\"product\":\"okx:public\"}", "which?"},
    {"no such product", "gap,product=okx:nope", "okx:nope"},
    {"no such key", "gap,colour=red", "no key \"colour\""},
    {"no number", "gap,count=many", "count \"many\""},
    {"a negative number", "silence,seconds=-1", "seconds \"-1\""},
    {"no such channel", "gap,channel=news", "channel"},
    {"no JSON", "{\"fault\":\"gap\"", "not a JSON object"},
    {"an object in an object", "{\"fault\":\"gap\",\"count\":{}}", "not a JSON object"},
    {"a symbol without end",
     "gap,symbol=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
     "too long"},
};

static void faults_that_mean_nothing_are_refused_in_a_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(bad_faults); i++) {
        struct mr_exchange_fault f;
        struct mr_err err = {""};
        int status = mr_exchange_fault_parse(bad_faults[i].text, &f, &err);
        if (status == MR_OK || !strstr(err.text, bad_faults[i].about))
            print_error("%s: %s\n", bad_faults[i].says, err.text);
        assert_int_not_equal(status, MR_OK);
        assert_non_null(strstr(err.text, bad_faults[i].about));
    }
}

/* ---- TLS, HTTP ---- */

static void certificates_hold_for_the_venues_names_and_no_others(void **state)
{
    (void)state;
    static const char *const good[] = {"localhost",
                                       "fstream.binance.com",
                                       "stream.binance.com",
                                       "stream.bybit.com",
                                       "ws.okx.com",
                                       "api.hyperliquid.xyz",
                                       "contract.mexc.com",
                                       "ws-api-futures.kucoin.com",
                                       "x-push-spot.kucoin.com"};
    struct mr_exchange *x = live_exchange();
    const char *why = "";
    for (size_t i = 0; i < MR_COUNT_OF(good); i++) {
        struct client *c = client_dial(mr_exchange_port(x), mr_exchange_ca(x), good[i], &why);
        assert_non_null(c);
        client_close(c);
    }
    assert_null(client_dial(mr_exchange_port(x), mr_exchange_ca(x), "example.org", &why));
    assert_string_equal(why, "hostname mismatch");
    assert_null(client_dial(mr_exchange_port(x), NULL, "localhost", &why)); /* an authority nobody told it of */
    assert_non_null(strstr(why, "certificate"));
    close_exchange(x);
}

static void certificates_are_kept_and_made_anew_for_other_names(void **state)
{
    (void)state;
    struct mr_certs a, b;
    struct mr_err err;
    struct stat first, second, third;
    char dir[128];
    snprintf(dir, sizeof dir, "%s/kept", folder);
    assert_int_equal(mr_certs_make(dir, NULL, &a, &err), MR_OK);
    assert_int_equal(stat(a.ca, &first), 0);
    assert_int_equal(mr_certs_make(dir, NULL, &b, &err), MR_OK);
    assert_int_equal(stat(a.ca, &second), 0);
    assert_true(first.st_ino == second.st_ino);
    assert_int_equal(mr_certs_make(dir, "other.example,10.0.0.1", &b, &err), MR_OK);
    assert_int_equal(stat(a.ca, &third), 0);
    assert_false(first.st_ino == third.st_ino && first.st_mtim.tv_nsec == third.st_mtim.tv_nsec);
    assert_int_equal(stat(a.key, &third), 0);
    assert_int_equal(third.st_mode & 0777, 0600);
    assert_int_equal(mr_certs_make(dir, ",", &b, &err), MR_E_INVALID);
    assert_int_equal(mr_certs_make("/proc/nowhere", NULL, &b, &err), MR_E_IO);
}

static const struct {
    const char *says, *host, *target, *post;
    int status;
    const char *holds;
} bodies[] = {
    {"USD-M book", "fapi.binance.com", "/fapi/v1/depth?symbol=BTCUSDT&limit=5", NULL, 200, "{\"lastUpdateId\":"},
    {"USD-M list", "fapi.binance.com", "/fapi/v1/exchangeInfo", NULL, 200, "\"symbol\":\"ETHUSDT\""},
    {"USD-M open interest", "fapi.binance.com", "/fapi/v1/openInterest?symbol=BTCUSDT", NULL, 200,
     "{\"openInterest\":\""},
    {"USD-M, no such symbol", "fapi.binance.com", "/fapi/v1/depth?symbol=NOPE", NULL, 400, "-1121"},
    {"USD-M, no such path", "fapi.binance.com", "/fapi/v9/what", NULL, 404, "-5000"},
    {"spot book", "api.binance.com", "/api/v3/depth?symbol=BTCUSDT&limit=5", NULL, 200, "\"bids\":[[\""},
    {"spot list", "api.binance.com", "/api/v3/exchangeInfo", NULL, 200, "\"stepSize\""},
    {"Bybit list", "api.bybit.com", "/v5/market/instruments-info?category=linear&limit=1000", NULL, 200,
     "\"tickSize\":\"0.1\""},
    {"Bybit book", "api.bybit.com", "/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=50", NULL, 200,
     "\"seq\":"},
    {"Bybit, no such symbol", "api.bybit.com", "/v5/market/orderbook?category=linear&symbol=NOPE", NULL, 200,
     "\"retCode\":10001"},
    {"OKX list", "www.okx.com", "/api/v5/public/instruments?instType=SWAP", NULL, 200, "\"ctVal\":\"0.01\""},
    {"OKX book", "openapi.okx.com", "/api/v5/market/books?instId=BTC-USDT-SWAP&sz=5", NULL, 200, "\"seqId\":"},
    {"OKX open interest", "www.okx.com", "/api/v5/public/open-interest?instType=SWAP&instId=BTC-USDT-SWAP", NULL, 200,
     "\"oi\":\""},
    {"Hyperliquid list", "api.hyperliquid.xyz", "/info", "{\"type\":\"meta\"}", 200,
     "\"szDecimals\":5,\"name\":\"BTC\""},
    {"Hyperliquid contexts", "api.hyperliquid.xyz", "/info", "{\"type\":\"metaAndAssetCtxs\"}", 200,
     "\"openInterest\":\""},
    {"Hyperliquid book", "api.hyperliquid.xyz", "/info", "{\"type\":\"l2Book\",\"coin\":\"ETH\"}", 200,
     "{\"coin\":\"ETH\""},
    {"Hyperliquid, no JSON", "api.hyperliquid.xyz", "/info", "type", 422, "deserialize"},
    {"Hyperliquid wants a POST", "api.hyperliquid.xyz", "/info", NULL, 405, ""},
    {"KuCoin's token", "api-futures.kucoin.com", "/api/v1/bullet-public", "{}", 200,
     "wss://ws-api-futures.kucoin.com/"},
    {"KuCoin's token is a POST", "api.kucoin.com", "/api/v1/bullet-public", NULL, 405, "Not Allowed"},
    {"KuCoin futures list", "api-futures.kucoin.com", "/api/v1/contracts/active", NULL, 200, "\"multiplier\":0.001"},
    {"KuCoin futures, one", "api-futures.kucoin.com", "/api/v1/contracts/ETHUSDTM", NULL, 200, "\"openInterest\":"},
    {"KuCoin futures, none", "api-futures.kucoin.com", "/api/v1/contracts/NOPE", NULL, 200, "symbol is invalid"},
    {"KuCoin futures book", "api-futures.kucoin.com", "/api/v1/level2/snapshot?symbol=XBTUSDTM", NULL, 200,
     "\"sequence\":"},
    {"KuCoin spot list", "api.kucoin.com", "/api/v2/symbols", NULL, 200, "\"baseIncrement\":\"0.00000001\""},
    {"KuCoin spot, a part of the book", "api.kucoin.com", "/api/v1/market/orderbook/level2_100?symbol=BTC-USDT", NULL,
     200, "\"sequence\":\""},
    {"KuCoin, no such path", "api.kucoin.com", "/api/v1/dreams", NULL, 404, "Not Found"},
    {"MEXC list", "api.mexc.com", "/api/v1/contract/detail", NULL, 200, "\"contractSize\":0.0001"},
    {"MEXC book", "api.mexc.com", "/api/v1/contract/depth/ETH_USDT?limit=5", NULL, 200, "\"version\":"},
    {"MEXC, no such contract", "api.mexc.com", "/api/v1/contract/depth/NOPE", NULL, 200, "\"success\":false"},
    {"MEXC's time", "contract.mexc.com", "/api/v1/contract/ping", NULL, 200, "\"success\":true"},
    {"MEXC, no such path", "api.mexc.com", "/api/v1/contract/dreams", NULL, 404, "Not Found"},
    {"its own book", "localhost", "/exchange/book?product=okx:public&symbol=BTC-USDT-SWAP&levels=1", NULL, 200,
     "\"seq\":"},
    {"its own counts", "localhost", "/exchange/stats", NULL, 200, "\"delivered_by_venue\":{"},
    {"a fault", "localhost", "/exchange/fault", "{\"fault\":\"gap\",\"product\":\"okx:public\"}", 200, "{\"ok\":true}"},
    {"no such fault", "localhost", "/exchange/fault", "{\"fault\":\"tap\"}", 400, "known: disconnect"},
    {"no such book", "localhost", "/exchange/book?product=okx:public&symbol=NOPE", NULL, 404, "no such instrument"},
    {"no such product", "localhost", "/exchange/book?product=okx:nope&symbol=X", NULL, 404, "okx:nope"},
    {"no such command", "localhost", "/exchange/dance", NULL, 404, "want GET"},
    {"no venue", "localhost", "/nothing", NULL, 404, "no venue here"},
    {"a socket's path", "ws.okx.com", "/ws/v5/public", NULL, 426, "upgrade"},
};

static void rest_answers_as_each_venue_does(void **state)
{
    (void)state;
    static char body[1 << 20];
    struct mr_exchange *x = live_exchange();
    usleep(1500000); /* every book has had its first message within a second */
    for (size_t i = 0; i < MR_COUNT_OF(bodies); i++) {
        int status = client_rest(x, bodies[i].host, bodies[i].target, bodies[i].post, body, sizeof body);
        if (status != bodies[i].status || !strstr(body, bodies[i].holds))
            print_error("%s: %d %.300s\n", bodies[i].says, status, body);
        assert_int_equal(status, bodies[i].status);
        assert_non_null(strstr(body, bodies[i].holds));
    }
    close_exchange(x);
}

static const struct {
    const char *says, *bytes;
    int status;
} bad_requests[] = {
    {"no HTTP", "HELLO\r\n\r\n", 400},
    {"two lengths that differ", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
    {"a body beyond the bound", "POST /info HTTP/1.1\r\nHost: api.hyperliquid.xyz\r\nContent-Length: 9999999\r\n\r\n",
     413},
    {"an upgrade without a key",
     "GET /ws HTTP/1.1\r\nHost: api.hyperliquid.xyz\r\nUpgrade: websocket\r\nConnection: "
     "Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
     400},
    {"an upgrade of another version",
     "GET /ws HTTP/1.1\r\nHost: api.hyperliquid.xyz\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
     "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n",
     400},
};

static void bad_requests_are_refused_and_the_exchange_lives(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    const char *why = "", *text;
    uint32_t len;
    for (size_t i = 0; i < MR_COUNT_OF(bad_requests); i++) {
        char want[64];
        struct client *c = client_dial(mr_exchange_port(x), mr_exchange_ca(x), "localhost", &why);
        assert_non_null(c);
        client_raw(c, bad_requests[i].bytes, (uint32_t)strlen(bad_requests[i].bytes));
        int got = client_answer(c, 3000);
        snprintf(want, sizeof want, "%s", bad_requests[i].says);
        if (got != bad_requests[i].status)
            print_error("%s: %d\n", want, got);
        assert_int_equal(got, bad_requests[i].status);
        client_close(c);
    }
    struct client *c = client_open(x, "ws.okx.com", "/ws/v5/public");
    client_raw(c, "\x81\x04ping", 6); /* a client's frame must be masked */
    int opcode = client_next(c, 3000, &text, &len);
    assert_int_equal(opcode, MR_WS_CLOSE);
    client_close(c);
    c = client_open(x, "ws.okx.com", "/ws/v5/public");
    client_frame(c, MR_WS_PING, "abc", 3);
    assert_int_equal(client_next(c, 3000, &text, &len), MR_WS_PONG);
    assert_int_equal(len, 3);
    assert_memory_equal(text, "abc", 3);
    client_close(c);
    struct mr_exchange_stats stats;
    mr_exchange_stats(x, &stats);
    assert_int_equal(stats.protocol_cut, 1);
    assert_int_equal(stats.bad_requests, MR_COUNT_OF(bad_requests));
    close_exchange(x);
}

/* ---- bounds ---- */

static void rest_beyond_the_limit_is_refused_by_venue(void **state)
{
    (void)state;
    static char body[1 << 20];
    struct mr_exchange *x = open_exchange((struct mr_exchange_config){.tape = {.pace = 1}, .rest_per_minute = 3});
    for (int i = 0; i < 3; i++)
        assert_int_equal(client_rest(x, "fapi.binance.com", "/fapi/v1/time", NULL, body, sizeof body), 200);
    assert_int_equal(client_rest(x, "fapi.binance.com", "/fapi/v1/time", NULL, body, sizeof body), 429);
    assert_int_equal(client_rest(x, "api.bybit.com", "/v5/market/time", NULL, body, sizeof body), 200);
    assert_int_equal(client_rest(x, "localhost", "/exchange/stats", NULL, body, sizeof body),
                     200); /* is not a venue's */
    assert_non_null(strstr(body, "\"limited\":1,"));
    close_exchange(x);
}

static void connections_are_bounded_and_given_back(void **state)
{
    (void)state;
    struct mr_exchange *x = open_exchange((struct mr_exchange_config){.tape = {.pace = 1}, .connections_max = 4});
    struct client *c[4];
    const char *why = "";
    struct mr_exchange_stats stats;
    for (int i = 0; i < 4; i++)
        c[i] = client_open(x, "ws.okx.com", "/ws/v5/public");
    assert_null(client_dial(mr_exchange_port(x), mr_exchange_ca(x), "localhost", &why));
    mr_exchange_stats(x, &stats);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(stats.connections, 4);
    client_close(c[0]);
    for (int i = 0; i < 200 && stats.connections == 4; i++) {
        usleep(10000);
        mr_exchange_stats(x, &stats);
    }
    client_close(client_open(x, "ws.okx.com", "/ws/v5/public"));
    for (int i = 1; i < 4; i++)
        client_close(c[i]);
    close_exchange(x);
}

static void a_client_that_does_not_read_is_cut_and_the_others_are_not(void **state)
{
    (void)state;
    struct mr_exchange *x = open_exchange(
        (struct mr_exchange_config){.tape = {.pace = 1, .market = {.books_per_s = 4000}}, .queue_bytes = 256u << 10});
    struct client *slow = subscribed(x, &venues[0]), *good = subscribed(x, &venues[0]);
    struct mr_exchange_stats stats = {0};
    const char *text;
    uint32_t len;
    bool ended = false;
    int64_t deadline = mr_clock_mono() + 60000000000;
    while (!stats.slow_cut && mr_clock_mono() < deadline) {
        for (int i = 0; i < 200; i++)
            assert_true(next_book(good, &venues[0], 3000, &text, &len, &ended));
        mr_exchange_stats(x, &stats);
    }
    assert_int_equal(stats.slow_cut, 1);
    assert_true(next_book(good, &venues[0], 3000, &text, &len, &ended));
    client_close(slow);
    client_close(good);
    close_exchange(x);
}

static void a_connection_ends_with_notice_when_its_life_is_over(void **state)
{
    (void)state;
    struct mr_exchange *x = open_exchange((struct mr_exchange_config){.tape = {.pace = 1}, .life_s = 0.5});
    struct client *c = subscribed(x, &venues[3]);
    const char *text;
    uint32_t len;
    int opcode;
    bool noticed = false;
    while ((opcode = client_next(c, 3000, &text, &len)) == MR_WS_TEXT)
        noticed |= memmem(text, len, "64008", 5) != NULL;
    assert_int_equal(opcode, MR_WS_CLOSE);
    assert_true(noticed);
    client_close(c);
    close_exchange(x);
}

static void at_full_speed_nothing_is_lost_to_a_slow_client(void **state)
{
    (void)state;
    struct mr_exchange *x = open_exchange((struct mr_exchange_config){.tape = {.pace = 0}, .queue_bytes = 512u << 10});
    struct receiver r = open_receiver(&venues[2]);
    struct client *c = subscribed(x, &venues[2]);
    for (int i = 0; i < 20; i++) {
        receive(x, c, &r, 200);
        usleep(20000); /* slower than the exchange by far */
    }
    compare(x, c, &r);
    assert_int_equal(gaps(&r), 0);
    struct mr_exchange_stats stats;
    mr_exchange_stats(x, &stats);
    assert_int_equal(stats.slow_cut, 0);
    assert_true(stats.delivered >= 4000);
    client_close(c);
    mr_player_close(r.player);
    close_exchange(x);
}

/* ---- recordings ---- */

static int write_file(void *arg, const uint8_t *data, size_t len)
{
    return fwrite(data, 1, len, arg) == len ? MR_OK : MR_E_IO;
}

static void record(const char *path, int64_t seconds)
{
    const struct mr_market_config config = {
        .seed = 2, .start_ns = 1700000000000000000, .duration_ns = seconds * 1000000000};
    struct mr_market *market = mr_market_init(malloc(mr_market_bytes(&config)), &config);
    struct mr_capture_writer *w = NULL;
    struct mr_piece p;
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    w = mr_capture_writer_init(malloc(mr_capture_writer_bytes()), 1, write_file, f);
    assert_int_equal(mr_capture_begin(w, "test", 1, config.start_ns), MR_OK);
    while (mr_market_next(market, &p) == MR_OK) {
        const struct mr_capture_record r = {.recv_ns = p.recv_ns,
                                            .data = p.data,
                                            .len = p.len,
                                            .connection = p.connection,
                                            .clock = p.clock,
                                            .venue = p.venue,
                                            .product = p.product,
                                            .name = p.name,
                                            .kind = p.kind == MR_PIECE_REST ? MR_CAPTURE_REST : MR_CAPTURE_FRAME};
        assert_int_equal(mr_capture_add(w, &r), MR_OK);
    }
    assert_int_equal(mr_capture_flush(w), MR_OK);
    fclose(f);
    free(w);
    free(market);
}

static void a_recording_plays_with_true_books_and_begins_again_after_a_notice(void **state)
{
    (void)state;
    char path[128];
    struct mr_err err;
    struct mr_replay_input input = {.path = path};
    snprintf(path, sizeof path, "%s/market.seg", folder);
    record(path, 8);
    struct mr_exchange *x =
        open_exchange((struct mr_exchange_config){.tape = {.pace = 4, .inputs = &input, .count = 1}});
    for (size_t i = 0; i < 5; i += 2) { /* Binance, Bybit, Hyperliquid: the recording has the first venues */
        static struct mr_truth truth;
        struct receiver r = open_receiver(&venues[i]);
        for (int k = 0; k < 300 && mr_exchange_book(x, venues[i].product, venues[i].symbol, 1, &truth, &err) != MR_OK;
             k++)
            usleep(20000); /* a book joins two seconds into the recording */
        struct client *c = subscribed(x, &venues[i]);
        const char *text;
        uint32_t len;
        int opcode;
        mr_exchange_pause(x, true);
        if (r.venue == MR_VENUE_binance)
            snapshot(x, &r);
        mr_exchange_pause(x, false);
        for (int n = 0; n < 3; n++) {
            opcode = client_next(c, 2000, &text, &len);
            if (opcode == MR_WS_TEXT)
                put(&r, MR_PIECE_FRAME, text, len, "");
        }
        if (is_live(&r)) /* else the recording began again just now */
            compare(x, c, &r);
        while ((opcode = client_next(c, 5000, &text, &len)) == MR_WS_TEXT || opcode == MR_WS_PING)
            ;
        assert_int_equal(opcode, MR_WS_CLOSE);
        assert_int_equal((uint8_t)text[-2] << 8 | (uint8_t)text[-1], 1001);
        client_close(c);
        mr_player_close(r.player);
    }
    struct mr_exchange_stats stats;
    mr_exchange_stats(x, &stats);
    assert_true(stats.loops >= 1);
    close_exchange(x);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-exchange-XXXXXX");
    bool good = mkdtemp(folder) != NULL;
    snprintf(certs, sizeof certs, "%s/certs", folder);
    return !good;
}

static int remove_folder(void **state)
{
    (void)state;
    return mr_test_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(books_received_over_the_wire_equal_the_exchanges_own),
        cmocka_unit_test(every_stream_our_dialects_ask_for_brings_events),
        cmocka_unit_test(after_a_gap_a_new_image_gives_the_true_book_again),
        cmocka_unit_test(a_duplicate_is_the_same_message_twice),
        cmocka_unit_test(a_reorder_swaps_two_messages),
        cmocka_unit_test(a_disconnect_ends_the_products_connections_and_no_others),
        cmocka_unit_test(half_a_frame_is_the_last_thing_that_comes),
        cmocka_unit_test(garbage_is_whole_frames_that_are_not_json),
        cmocka_unit_test(a_silence_says_nothing_at_all_and_ends),
        cmocka_unit_test(a_silence_of_a_symbol_leaves_its_connection_and_the_others_alone),
        cmocka_unit_test(a_restart_ends_all_refuses_for_a_while_and_counts_anew),
        cmocka_unit_test(scheduled_faults_come_again_and_again),
        cmocka_unit_test(faults_that_mean_nothing_are_refused_in_a_sentence),
        cmocka_unit_test(certificates_hold_for_the_venues_names_and_no_others),
        cmocka_unit_test(certificates_are_kept_and_made_anew_for_other_names),
        cmocka_unit_test(rest_answers_as_each_venue_does),
        cmocka_unit_test(bad_requests_are_refused_and_the_exchange_lives),
        cmocka_unit_test(rest_beyond_the_limit_is_refused_by_venue),
        cmocka_unit_test(connections_are_bounded_and_given_back),
        cmocka_unit_test(a_client_that_does_not_read_is_cut_and_the_others_are_not),
        cmocka_unit_test(a_connection_ends_with_notice_when_its_life_is_over),
        cmocka_unit_test(at_full_speed_nothing_is_lost_to_a_slow_client),
        cmocka_unit_test(a_recording_plays_with_true_books_and_begins_again_after_a_notice),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, make_folder, remove_folder) ? 1 : 0;
}
