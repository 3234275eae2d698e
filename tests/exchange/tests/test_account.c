/* The account of the simulated exchange from outside, over TLS: what signed requests do, and what is refused. The exchange runs on a thread of
 * this process; the matching itself is tested in tests/controlplane/exchange. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "codecs/ws/ws.h"
#include "controlplane/exchange/remote/sign.h"
#include "controlplane/exchange/remote/wire.h"
#include "tests/exchange/tests/client.h"

#define KEY "millrace-paper"
#define SECRET "not a secret at all"
#define HOST "localhost"

static char folder[64], certs[96], credentials[96], body[1 << 20];
static struct mr_exchange *x;

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

struct signing {
    const char *key, *secret, *method;
    int64_t off_ms;      /* the clock's error */
    const char *signed_; /* another body was signed */
};
static const struct signing good = {KEY, SECRET, "POST", 0, NULL};

static uint32_t head(char *out, size_t room, const struct signing *s, const char *path, const char *post,
                     const char *more)
{
    char at[24], sign[MR_SIGN_TEXT];
    struct mr_text t;
    snprintf(at, sizeof at, "%lld", (long long)(now_ms() + s->off_ms));
    const struct mr_span parts[] = {mr_span_of(at), mr_span_of(s->method), mr_span_of(path),
                                    mr_span_of(s->signed_ ? s->signed_ : post)};
    assert_true(mr_sign(mr_span_of(s->secret), parts, 4, sign));
    mr_text_init(&t, out, room);
    mr_text_format(&t,
                   "%s %s HTTP/1.1\r\nHost: " HOST "\r\nx-mr-key: %s\r\nx-mr-time: %s\r\nx-mr-sign: %s\r\n"
                   "%sContent-Length: %u\r\n\r\n%s",
                   s->method, path, s->key, at, sign, more, (unsigned)strlen(post), post);
    assert_false(t.cut);
    return (uint32_t)t.len;
}

static int ask_as(const struct signing *s, const char *path, const char *post)
{
    char request[4096];
    uint32_t len = head(request, sizeof request, s, path, post, "Connection: close\r\n");
    return client_ask(x, HOST, (struct mr_span){(const uint8_t *)request, len}, body, sizeof body);
}

static void ask(const char *path, const char *post, const char *want)
{
    int status = ask_as(&good, path, post);
    if (status != 200 || !strstr(body, want))
        print_error("%s %s: %d %.600s\nwant %s\n", path, post, status, body, want);
    assert_int_equal(status, 200);
    assert_non_null(strstr(body, want));
}

static uint64_t carried(void)
{
    struct mr_exchange_stats stats;
    mr_exchange_stats(x, &stats);
    return stats.asked;
}

static int open_with(uint32_t per_minute)
{
    const struct mr_exchange_config config = {.certs = certs,
                                              .account = credentials,
                                              .rest_per_minute = per_minute,
                                              .latency_ns = 1000000,
                                              .tape = {.pace = 1, .market = {.seed = 5, .books_per_s = 50}}};
    struct mr_err err;
    int fd;
    snprintf(folder, sizeof folder, "/tmp/millrace-account-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(certs, sizeof certs, "%s/certs", folder);
    snprintf(credentials, sizeof credentials, "%s/credentials", folder);
    fd = open(credentials, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(dprintf(fd, "- venue: paper\n  key: %s\n  secret: %s\n", KEY, SECRET) > 0);
    close(fd);
    int status = mr_exchange_open(&x, &config, &err);
    if (status)
        print_error("%s\n", err.text);
    assert_int_equal(status, MR_OK);
    assert_int_equal(mr_exchange_start(x, &err), MR_OK);
    return 0;
}
static int up(void **state)
{
    (void)state;
    return open_with(0);
}
static int up_limited(void **state)
{
    (void)state;
    return open_with(3);
}
static int down(void **state)
{
    char command[96];
    (void)state;
    mr_exchange_stop(x);
    mr_exchange_close(x);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

/* ---- what is carried out ---- */

static void id_text(uint64_t id, char out[MR_ORDER_ID_TEXT]) { mr_order_id_text(id, out); }

static const char *order(uint64_t id, const char *rest)
{
    static char text[512];
    char name[MR_ORDER_ID_TEXT];
    id_text(id, name);
    snprintf(text, sizeof text, "{\"id\":\"%s\",\"symbol\":\"binance:usdm:BTCUSDT\"%s}", name, rest);
    return text;
}
#define BUY ",\"side\":\"buy\",\"type\":\"limit\",\"tif\":\"gtc\",\"size\":\"0.001\",\"price\":"

/* Until the account has a book to take from. */
static void market_there(void)
{
    for (int i = 0; i < 500; i++, usleep(10000)) {
        ask("/account/place",
            order(0x900000000ull + (uint32_t)i,
                  ",\"side\":\"buy\",\"type\":\"market\",\"tif\":\"ioc\",\"size\":\"0.001\""),
            "{");
        usleep(10000);
        ask("/account/positions", "{}", "\"kind\":\"end\"");
        if (strstr(body, "\"kind\":\"position\""))
            return;
    }
    fail();
}

static void an_order_rests_is_found_changed_and_cancelled(void **state)
{
    (void)state;
    ask("/account/query", order(1, ""), "\"kind\":\"no_order\"");
    ask("/account/place", order(1, BUY "\"30000\""), "\"kind\":\"ack\"");
    ask("/account/query", order(1, ""), "\"state\":\"acked\",\"price\":\"30000\",\"size\":\"0.001\",\"filled\":\"0\"");
    ask("/account/place", order(1, BUY "\"30000\""), "\"kind\":\"rejected\"");
    assert_non_null(strstr(body, "\"reason\":\"duplicate_id\""));
    ask("/account/amend", order(1, BUY "\"31000\""), "\"kind\":\"amended\"");
    ask("/account/open", "{}", "\"price\":\"31000\"");
    ask("/account/cancel", order(1, ""), "\"kind\":\"cancelled\"");
    ask("/account/cancel", order(1, ""), "\"reason\":\"unknown_order\"");
    ask("/account/open", "{}", "{\"answers\":[{\"kind\":\"end\"");
    ask("/account/balance", "{}", "\"amount\":\"10000\",\"available\":\"10000\"");
    ask("/account/place", order(2, BUY "\"30000.05\""), "\"reason\":\"filter\"");
}

static void all_are_cancelled_by_one_request_and_by_the_dead_mans_timer(void **state)
{
    (void)state;
    for (uint64_t id = 1; id <= 3; id++)
        ask("/account/place", order(id, BUY "\"30000\""), "\"kind\":\"ack\"");
    ask("/account/cancel_all", "{}", "\"kind\":\"end\"");
    ask("/account/open", "{}", "{\"answers\":[{\"kind\":\"end\"");
    ask("/account/place", order(4, BUY "\"30000\""), "\"kind\":\"ack\"");
    ask("/account/dead_man", "{\"within_ms\":20}", "\"kind\":\"end\"");
    for (int i = 0; i < 500 && !strstr(body, "\"state\":\"cancelled\""); i++, usleep(10000))
        ask("/account/query", order(4, ""), "\"kind\":\"order\"");
    assert_non_null(strstr(body, "\"state\":\"cancelled\""));
    assert_int_equal(client_rest(x, HOST, "/exchange/account", NULL, body, sizeof body), 200);
    assert_non_null(strstr(body, "\"placed\":4,"));
}

/* The next message of the stream that holds `want`. */
static bool told(struct client *c, const char *want, char *copy, size_t room)
{
    const char *text;
    uint32_t len;
    while (client_next(c, 5000, &text, &len) == MR_WS_TEXT)
        if (memmem(text, len, want, strlen(want)) && len < room) {
            memcpy(copy, text, len);
            copy[len] = 0;
            return true;
        }
    return false;
}

static void a_fill_is_told_on_the_stream_and_listed_with_the_same_trade_id(void **state)
{
    char request[2048], fill[1024];
    const char *why = "";
    (void)state;
    market_there();
    struct client *c = client_dial(mr_exchange_port(x), mr_exchange_ca(x), HOST, &why);
    assert_non_null(c);
    const struct signing get = {KEY, SECRET, "GET", 0, NULL};
    uint32_t len = head(request, sizeof request, &get, MR_WIRE_STREAM, "",
                        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: BwEAAAAAAAAAAAAAAAAAAA==\r\n");
    client_raw(c, request, len);
    assert_int_equal(client_head(c, 5000), 101);
    ask("/account/place",
        order(7, ",\"side\":\"sell\",\"type\":\"market\",\"tif\":\"ioc\",\"size\":\"0.001\",\"reduce_only\":true"),
        "\"kind\":\"ack\"");
    assert_true(told(c, "\"kind\":\"ack\"", fill, sizeof fill));
    assert_true(told(c, "\"kind\":\"fill\"", fill, sizeof fill));
    assert_non_null(strstr(fill, "\"side\":\"sell\""));
    ask("/account/fills", "{\"since_ns\":0}", "\"kind\":\"end\"");
    char *trade = strstr(fill, "\"trade_id\":");
    assert_non_null(trade);
    *strchr(trade, ',') = 0;
    assert_non_null(strstr(body, trade));
    ask("/account/positions", "{}", "{\"answers\":[{\"kind\":\"end\"");
    client_close(c);
}

/* ---- what is refused ---- */

static void what_is_not_signed_by_the_key_now_is_refused_and_does_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        struct signing as;
        const char *word;
    } refused[] = {
        {"another key", {"millrace-papes", SECRET, "POST", 0, NULL}, "credentials"},
        {"no key", {"", SECRET, "POST", 0, NULL}, "credentials"},
        {"another secret", {KEY, "not a secret at alm", "POST", 0, NULL}, "credentials"},
        {"another body was signed", {KEY, SECRET, "POST", 0, "{}"}, "credentials"},
        {"six seconds ago", {KEY, SECRET, "POST", -6000, NULL}, "clock"},
        {"in six seconds", {KEY, SECRET, "POST", 6000, NULL}, "clock"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        int status = ask_as(&refused[i].as, "/account/place", order(1, BUY "\"30000\""));
        if (status != 401 || !strstr(body, refused[i].word))
            print_error("%s: %d %s\n", refused[i].says, status, body);
        assert_int_equal(status, 401);
        assert_non_null(strstr(body, refused[i].word));
    }
    assert_int_equal(client_rest(x, HOST, "/account/open", "{}", body, sizeof body), 401);
    assert_int_equal(client_rest(x, HOST, MR_WIRE_STREAM, NULL, body, sizeof body), 401);
    assert_int_equal(carried(), 0);
    const struct signing late = {KEY, SECRET, "POST", -4000, NULL};
    assert_int_equal(ask_as(&late, "/account/open", "{}"), 200);
}

static void what_is_no_request_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *path, *post;
        int status;
        const char *word;
    } refused[] = {
        {"/account/steal", "{}", 404, "malformed"},
        {"/account/", "{}", 404, "malformed"},
        {"/account/place", "", 400, "malformed"},
        {"/account/place", "{}", 400, "malformed"},
        {"/account/place", "{\"id\":\"mr0000000000001\"", 400, "malformed"},
        {"/account/cancel", "{\"id\":\"x\"}", 400, "malformed"},
        {"/account/query", "{\"id\":\"mr0000000000001\",\"symbol\":\"binance:usdm:NOPE\"}", 400, "symbol"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        assert_int_equal(ask_as(&good, refused[i].path, refused[i].post), refused[i].status);
        assert_non_null(strstr(body, refused[i].word));
    }
    const struct signing get = {KEY, SECRET, "GET", 0, NULL};
    assert_int_equal(ask_as(&get, "/account/open", "{}"), 405);
    assert_int_equal(ask_as(&get, MR_WIRE_STREAM, ""), 426);
    assert_int_equal(carried(), 0);
}

static void too_many_requests_are_told_to_wait(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        ask("/account/balance", "{}", "\"kind\":\"balance\"");
    assert_int_equal(ask_as(&good, "/account/place", order(1, BUY "\"30000\"")), 429);
    assert_int_equal(carried(), 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)
    const struct CMUnitTest tests[] = {
        TEST(an_order_rests_is_found_changed_and_cancelled),
        TEST(all_are_cancelled_by_one_request_and_by_the_dead_mans_timer),
        TEST(a_fill_is_told_on_the_stream_and_listed_with_the_same_trade_id),
        TEST(what_is_not_signed_by_the_key_now_is_refused_and_does_nothing),
        TEST(what_is_no_request_is_refused_by_name),
        cmocka_unit_test_setup_teardown(too_many_requests_are_told_to_wait, up_limited, down),
    };
    return MR_TEST_MAIN(tests);
}
