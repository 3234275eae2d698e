/* The simulated Polymarket over TLS: both tokens' books equal the exchange's own, hashes are what they say, lost messages are noticed by
 * the best prices, and what the sockets refuse. */
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

#include "codecs/venue/dial.h"
#include "codecs/ws/ws.h"
#include "dataplane/clock/clock.h"
#include "dataplane/player/player.h"
#include "tests/exchange/market/outcome.h"
#include "tests/exchange/tests/client.h"
#include "tests/support/support.h"

#define MARKET_HOST "ws-subscriptions-clob.polymarket.com"
#define DATA_HOST "ws-live-data.polymarket.com"
#define REST_HOST "clob.polymarket.com"

static char folder[64], certs[96];

static struct mr_exchange *live_exchange(void)
{
    struct mr_exchange *x;
    struct mr_err err;
    const struct mr_exchange_config config = {
        .certs = certs,
        .tape = {.pace = 1,
                 .market = {.seed = 5, .books_per_s = 100, .trades_per_s = 20, .venues = MR_MARKET_POLYMARKET}}};
    int status = mr_exchange_open(&x, &config, &err);
    if (status)
        fail_msg("%s", err.text);
    assert_int_equal(mr_exchange_start(x, &err), MR_OK);
    return x;
}

static void close_exchange(struct mr_exchange *x)
{
    mr_exchange_stop(x);
    mr_exchange_close(x);
}

struct receiver {
    struct mr_player *player;
    uint8_t product;
    uint64_t frames, differing;
};

static struct receiver open_receiver(const char *product)
{
    struct receiver r = {.player = NULL};
    const struct mr_venue *venue;
    struct mr_err err;
    assert_int_equal(mr_venue_parse(product, &venue, &r.product, &err), MR_OK);
    const struct mr_player_config config = {.instruments_max = 8, .books_max = 8};
    assert_int_equal(mr_player_open(&r.player, &config, &err), MR_OK);
    return r;
}

static int put(struct receiver *r, const char *data, uint32_t len)
{
    struct mr_piece p = {.data = (uint8_t *)(uintptr_t)data,
                         .len = len,
                         .kind = MR_PIECE_FRAME,
                         .clock = MR_CLOCK_KERNEL,
                         .venue = MR_VENUE_polymarket,
                         .product = r->product,
                         .recv_ns = mr_clock_mono() + 1700000000000000000};
    r->frames++;
    return mr_player_piece(r->player, &p);
}

static const struct mr_book *book_of(const struct receiver *r, const char *token)
{
    const struct mr_instrument *it =
        mr_instruments_find(mr_player_instruments(r->player), MR_VENUE_polymarket, r->product, mr_span_of(token));
    return it ? mr_pipeline_book(mr_player_pipeline(r->player), it->id) : NULL;
}

static bool is_live(const struct receiver *r, const char *token)
{
    const struct mr_book *book = book_of(r, token);
    return book && mr_book_live(book);
}

static void follow(struct client *c, const char *token, const char *how)
{
    char text[256];
    snprintf(text, sizeof text, "{\"assets_ids\":[\"%s\"],%s}", token, how);
    client_say(c, text);
}

static struct client *followed(const struct mr_exchange *x)
{
    struct client *c = client_open(x, MARKET_HOST, "/ws/market");
    follow(c, mr_outcome_tokens[0], "\"type\":\"market\",\"initial_dump\":true");
    follow(c, mr_outcome_tokens[1], "\"operation\":\"subscribe\"");
    return c;
}

/* Frames of the next moments, at least `count`. */
static void receive(struct client *c, struct receiver *r, uint64_t count)
{
    const char *text;
    uint32_t len;
    int64_t deadline = mr_clock_mono() + 10000000000;
    for (uint64_t end = r->frames + count; r->frames < end && mr_clock_mono() < deadline;) {
        int opcode = client_next(c, 3000, &text, &len);
        assert_true(opcode >= 0);
        if (opcode == MR_WS_TEXT)
            assert_true(put(r, text, len) >= 0);
    }
}

static void compare(struct mr_exchange *x, struct client *c, struct receiver *r)
{
    static struct mr_truth truth;
    struct mr_level got[200];
    const char *text;
    struct mr_err err;
    uint32_t len;
    mr_exchange_pause(x, true);
    while (client_next(c, 150, &text, &len) >= 0)
        put(r, text, len);
    for (int token = 0; token < 2; token++) {
        const struct mr_book *book = book_of(r, mr_outcome_tokens[token]);
        assert_int_equal(mr_exchange_book(x, "polymarket:clob", mr_outcome_tokens[token], 200, &truth, &err), MR_OK);
        assert_true(book && mr_book_live(book));
        assert_false(mr_book_unsettled(book));
        assert_int_equal(mr_book_seq(book), truth.seq);
        for (int ask = 0; ask < 2; ask++) {
            assert_int_equal(mr_book_top(book, ask, got, 200), truth.count[ask]);
            assert_true(truth.count[ask] > 100);
            assert_memory_equal(got, truth.level[ask], truth.count[ask] * sizeof *got);
            assert_true(got[0].price > 0 && got[0].price < 100000000); /* between 0 and 1 */
        }
    }
    mr_exchange_pause(x, false);
}

static void both_tokens_books_equal_the_exchanges_own(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    struct receiver r = open_receiver("polymarket:clob");
    struct client *c = followed(x);
    for (int round = 0; round < 3; round++) {
        receive(c, &r, 25);
        compare(x, c, &r);
    }
    struct mr_player_totals t;
    mr_player_totals(r.player, &t);
    assert_int_equal(t.gaps + t.refused + t.unknown + t.mismatches + t.crossed, 0);
    assert_true(t.events[MR_EVENT_TRADE] > 0 && t.events[MR_EVENT_BBO] > 0);
    client_close(c);
    mr_player_close(r.player);
    close_exchange(x);
}

static unsigned long long count_of(const struct mr_player *player, const char *name)
{
    static struct mr_player_totals t;
    mr_player_totals(player, &t);
    return strcmp(name, "gaps") == 0 ? t.gaps : t.mismatches;
}

/* The join sees nothing; the best prices that no longer agree do, or the book that comes behind a trade. A new subscription brings an
 * image. */
static void lost_messages_are_noticed_and_healed(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    struct receiver r = open_receiver("polymarket:clob");
    struct client *c = followed(x);
    struct mr_exchange_fault f;
    struct mr_err err;
    receive(c, &r, 10);
    assert_int_equal(mr_exchange_fault_parse("gap,product=polymarket:clob,count=8", &f, &err), MR_OK);
    assert_int_equal(mr_exchange_fault(x, &f, &err), MR_OK);
    for (int i = 0; i < 60 && count_of(r.player, "mismatches") == 0; i++)
        receive(c, &r, 4);
    assert_true(count_of(r.player, "mismatches") > 0);
    for (int token = 0; token < 2; token++) {
        follow(c, mr_outcome_tokens[token], "\"operation\":\"unsubscribe\"");
        follow(c, mr_outcome_tokens[token], "\"operation\":\"subscribe\"");
    }
    for (int i = 0; i < 20 && !(is_live(&r, mr_outcome_tokens[0]) && is_live(&r, mr_outcome_tokens[1])); i++)
        receive(c, &r, 4);
    receive(c, &r, 10);
    compare(x, c, &r);
    client_close(c);
    mr_player_close(r.player);
    close_exchange(x);
}

static void copies_change_nothing(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    struct receiver r = open_receiver("polymarket:clob");
    struct client *c = followed(x);
    struct mr_exchange_fault f;
    struct mr_err err;
    receive(c, &r, 10);
    assert_int_equal(mr_exchange_fault_parse("duplicate,product=polymarket:clob,count=5", &f, &err), MR_OK);
    assert_int_equal(mr_exchange_fault(x, &f, &err), MR_OK);
    receive(c, &r, 25);
    compare(x, c, &r);
    assert_int_equal(count_of(r.player, "mismatches"), 0);
    client_close(c);
    mr_player_close(r.player);
    close_exchange(x);
}

/* The summary of a REST book with its hash left out gives its hash. */
static void a_books_hash_is_that_of_its_summary(void **state)
{
    (void)state;
    static char body[1 << 16];
    char target[128], text[41];
    uint8_t digest[EVP_MAX_MD_SIZE];
    struct mr_exchange *x = live_exchange();
    int status = 503;
    snprintf(target, sizeof target, "/book?token_id=%s", mr_outcome_tokens[1]);
    for (int i = 0; i < 40 && status == 503; i++) { /* it has had no message yet */
        status = client_rest(x, REST_HOST, target, NULL, body, sizeof body);
        usleep(50000);
    }
    assert_int_equal(status, 200);
    char *hash = strstr(body, "\"hash\":\"");
    assert_non_null(hash);
    hash += 8;
    memcpy(text, hash, 40);
    text[40] = 0;
    memmove(hash, hash + 40, strlen(hash + 40) + 1);
    assert_int_equal(EVP_Digest(body, strlen(body), digest, NULL, EVP_sha1(), NULL), 1);
    for (int i = 0; i < 20; i++) {
        char pair[3];
        snprintf(pair, sizeof pair, "%02x", digest[i]);
        assert_memory_equal(pair, text + 2 * i, 2);
    }
    close_exchange(x);
}

static void rest_answers_as_the_venue_does(void **state)
{
    (void)state;
    static char body[1 << 17];
    char post[256];
    struct mr_exchange *x = live_exchange();
    sleep(2); /* every book has had a message */
    snprintf(post, sizeof post, "[{\"token_id\":\"%s\"},{\"token_id\":\"1\"},{\"token_id\":\"%s\"}]",
             mr_outcome_tokens[0], mr_outcome_tokens[3]);
    assert_int_equal(client_rest(x, REST_HOST, "/books", post, body, sizeof body), 200);
    assert_non_null(strstr(body, mr_outcome_tokens[0]));
    assert_non_null(strstr(body, mr_outcome_tokens[3]));
    assert_non_null(strstr(body, "\"tick_size\":\"0.001\""));
    assert_int_equal(client_rest(x, REST_HOST, "/books", "{", body, sizeof body), 400);
    assert_int_equal(client_rest(x, REST_HOST, "/book?token_id=1", NULL, body, sizeof body), 404);
    assert_non_null(strstr(body, "No orderbook exists"));
    close_exchange(x);
}

static bool hears(struct client *c, const char *what)
{
    const char *text;
    uint32_t len;
    for (int i = 0; i < 50; i++) {
        int opcode = client_next(c, 4000, &text, &len);
        if (opcode < 0)
            return false;
        if (opcode == MR_WS_TEXT && (*what ? len && memmem(text, len, what, strlen(what)) : len == 0))
            return true;
    }
    return false;
}

static void the_data_socket_serves_prices_and_activity_and_refuses_batches(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    struct receiver r = open_receiver("polymarket:rtds");
    struct client *c = client_open(x, DATA_HOST, "/");
    assert_true(hears(c, ""));
    client_say(c, "{\"action\":\"subscribe\",\"subscriptions\":[{\"topic\":\"crypto_prices\",\"type\":\"*\"},"
                  "{\"topic\":\"gossip\",\"type\":\"*\"}]}");
    assert_true(hears(c, "\"statusCode\":401"));
    sleep(4); /* a price has been told, so that there is a backlog */
    const struct mr_stream streams[] = {{MR_MARKS, "btcusdt"}, {MR_MARKS, "eth/usd"}, {MR_TRADES, ""}};
    char text[2048];
    struct mr_text t;
    uint32_t at = 0;
    mr_text_init(&t, text, sizeof text);
    assert_int_equal(mr_dialect_of(mr_venue_by_name("polymarket"))->subscribe(r.product, streams, 3, &at, 1, &t),
                     MR_OK);
    assert_int_equal(at, 3);
    client_say(c, text);
    assert_true(hears(c, "\"type\":\"subscribe\""));
    assert_true(hears(c, "\"topic\":\"activity\",\"type\":\"trades\""));
    client_say(c, "PING");
    struct mr_player_totals totals = {.gaps = 0};
    for (int i = 0; i < 400 && (totals.events[MR_EVENT_INDEX] < 4 || totals.events[MR_EVENT_TRADE] < 2); i++) {
        receive(c, &r, 1);
        mr_player_totals(r.player, &totals);
    }
    assert_true(totals.events[MR_EVENT_INDEX] >= 4 && totals.events[MR_EVENT_TRADE] >= 2);
    assert_int_equal(totals.refused + totals.unknown, 0);
    client_close(c);
    mr_player_close(r.player);
    close_exchange(x);
}

static void the_market_channel_answers_pings_and_little_else(void **state)
{
    (void)state;
    struct mr_exchange *x = live_exchange();
    struct client *c = client_open(x, MARKET_HOST, "/ws/market");
    client_say(c, "PING");
    assert_true(hears(c, "PONG"));
    client_say(c, "{\"assets_ids\":[");
    assert_true(hears(c, "INVALID MESSAGE"));
    client_say(c, "{\"operation\":\"dance\"}");
    assert_true(hears(c, "INVALID OPERATION"));
    client_say(c, "{\"assets_ids\":[\"1\",\"nobody\"],\"type\":\"market\"}"); /* not a word */
    const char *text;
    uint32_t len;
    assert_int_equal(client_next(c, 700, &text, &len), CLIENT_NOTHING);
    client_close(c);
    close_exchange(x);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-polymarket-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(certs, sizeof certs, "%s/certs", folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    return mr_test_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_tokens_books_equal_the_exchanges_own),
        cmocka_unit_test(lost_messages_are_noticed_and_healed),
        cmocka_unit_test(copies_change_nothing),
        cmocka_unit_test(a_books_hash_is_that_of_its_summary),
        cmocka_unit_test(rest_answers_as_the_venue_does),
        cmocka_unit_test(the_data_socket_serves_prices_and_activity_and_refuses_batches),
        cmocka_unit_test(the_market_channel_answers_pings_and_little_else),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder) ? 1 : 0;
}
