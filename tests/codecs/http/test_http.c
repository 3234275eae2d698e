/* HTTP heads: what is taken, what is refused, at every split; and the upgrade from both sides. */
#include "codecs/http/http.h"
#include "tests/support/support.h"

#include <stdio.h>

#define KEY    "dGhlIHNhbXBsZSBub25jZQ=="     /* the example of RFC 6455, section 1.3 */
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"

typedef int64_t parse_fn(const uint8_t *data, uint32_t len, struct mr_http_head *out);

/* The verdict on the whole, with an unmapped page behind the last byte; every part says 0 or the same. */
static int64_t verdict(parse_fn *parse, const char *text, size_t len, struct mr_http_head *head)
{
    for (size_t n = 0; n <= len; n++) {
        struct mr_guard g = mr_guard_open(n);
        memcpy(g.data, text, n);
        int64_t part = parse(g.data, (uint32_t)n, head), whole = parse((const uint8_t *)text, (uint32_t)len, head);
        assert_true(part == 0 || part == whole);
        if (whole > 0)
            assert_true((int64_t)n < whole ? part == 0 : part == whole);
        mr_guard_close(&g);
    }
    return parse((const uint8_t *)text, (uint32_t)len, head);
}

static const struct {
    const char *says;
    const char *text;
    int want;
} requests_refused[] = {
    {"bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", MR_E_MALFORMED},
    {"bare LF behind a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", MR_E_MALFORMED},
    {"bare CR in a value", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", MR_E_MALFORMED},
    {"an empty line first", "\r\nGET / HTTP/1.1\r\n\r\n", MR_E_MALFORMED},
    {"two spaces", "GET  / HTTP/1.1\r\n\r\n", MR_E_MALFORMED},
    {"a tab for a space", "GET\t/ HTTP/1.1\r\n\r\n", MR_E_MALFORMED},
    {"a space behind the version", "GET / HTTP/1.1 \r\n\r\n", MR_E_MALFORMED},
    {"no target", "GET HTTP/1.1\r\n\r\n", MR_E_MALFORMED},
    {"no method", " / HTTP/1.1\r\n\r\n", MR_E_MALFORMED},
    {"a method that is no token", "G(T / HTTP/1.1\r\n\r\n", MR_E_MALFORMED},
    {"a target with a byte beyond ASCII", "GET /\xc3\xa9 HTTP/1.1\r\n\r\n", MR_E_MALFORMED},
    {"HTTP/2", "GET / HTTP/2.0\r\n\r\n", MR_E_MALFORMED},
    {"HTTP/1.2", "GET / HTTP/1.2\r\n\r\n", MR_E_MALFORMED},
    {"http in small letters", "GET / http/1.1\r\n\r\n", MR_E_MALFORMED},
    {"folding by a space", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", MR_E_MALFORMED},
    {"folding by a tab", "GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n", MR_E_MALFORMED},
    {"a space in front of the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", MR_E_MALFORMED},
    {"a field without a name", "GET / HTTP/1.1\r\n: a\r\n\r\n", MR_E_MALFORMED},
    {"a field without a colon", "GET / HTTP/1.1\r\nHost\r\n\r\n", MR_E_MALFORMED},
    {"a DEL in a value", "GET / HTTP/1.1\r\nA: \x7f\r\n\r\n", MR_E_MALFORMED},
    {"a control byte in a value", "GET / HTTP/1.1\r\nA: \x01\r\n\r\n", MR_E_MALFORMED},
};

static void broken_requests_are_refused_at_every_split(void **state)
{
    (void)state;
    struct mr_http_head head;
    for (size_t i = 0; i < MR_COUNT_OF(requests_refused); i++) {
        int64_t got = verdict(mr_http_request, requests_refused[i].text, strlen(requests_refused[i].text), &head);
        if (got != requests_refused[i].want)
            print_error("%s\n", requests_refused[i].says);
        assert_int_equal(got, requests_refused[i].want);
    }
    static const char nul_value[] = "GET / HTTP/1.1\r\nA: b\0c\r\n\r\n",
                      nul_name[] = "GET / HTTP/1.1\r\nA\0: b\r\n\r\n";
    assert_int_equal(verdict(mr_http_request, nul_value, sizeof nul_value - 1, &head), MR_E_MALFORMED);
    assert_int_equal(verdict(mr_http_request, nul_name, sizeof nul_name - 1, &head), MR_E_MALFORMED);
}

static void a_request_is_taken_apart(void **state)
{
    (void)state;
    static const char text[] = "GET /ws/btcusdt@trade?x=1 HTTP/1.1\r\nHost:a.example\r\nX-Empty:\r\n"
                               "ACCEPT: \t one , two\t \r\naccept: Three\r\nContent-Length: 12\r\n\r\nbody follows";
    struct mr_http_head head;
    assert_int_equal(verdict(mr_http_request, text, sizeof text - 1, &head), sizeof text - 1 - 12);
    assert_true(mr_span_eq(head.method, "GET"));
    assert_true(mr_span_eq(head.target, "/ws/btcusdt@trade?x=1"));
    assert_int_equal(head.minor, 1);
    assert_int_equal(head.fields, 5);
    assert_true(mr_span_eq(mr_http_find(&head, "HOST"), "a.example"));
    assert_true(mr_span_eq(mr_http_find(&head, "accept"), "one , two"));
    assert_int_equal(mr_http_find(&head, "x-empty").len, 0);
    assert_null(mr_http_find(&head, "hos").data);
    assert_null(mr_http_find(&head, "hosts").data);
    assert_int_equal(mr_http_count(&head, "accept"), 2);
    assert_true(mr_http_has_token(&head, "accept", "TWO"));
    assert_true(mr_http_has_token(&head, "accept", "three"));
    assert_false(mr_http_has_token(&head, "accept", "thre"));
    assert_false(mr_http_has_token(&head, "accept", "one , two"));
    assert_false(mr_http_has_token(&head, "x-empty", "one"));
    assert_int_equal(mr_http_length(&head), 12);
}

static void responses_have_a_status_and_maybe_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *says, *text;
        int64_t want;
        int status;
        const char *reason;
    } cases[] = {
        {"plain", "HTTP/1.1 200 OK\r\n\r\n", 19, 200, "OK"},
        {"a reason of words", "HTTP/1.1 503 Service  Unavailable\r\n\r\n", 37, 503, "Service  Unavailable"},
        {"no reason", "HTTP/1.0 101 \r\n\r\n", 17, 101, ""},
        {"no space behind the code", "HTTP/1.1 101\r\n\r\n", MR_E_MALFORMED, 0, NULL},
        {"two digits", "HTTP/1.1 20 OK\r\n\r\n", MR_E_MALFORMED, 0, NULL},
        {"four digits", "HTTP/1.1 2000 OK\r\n\r\n", MR_E_MALFORMED, 0, NULL},
        {"600", "HTTP/1.1 600 OK\r\n\r\n", MR_E_MALFORMED, 0, NULL},
        {"099", "HTTP/1.1 099 OK\r\n\r\n", MR_E_MALFORMED, 0, NULL},
        {"two spaces", "HTTP/1.1  200 OK\r\n\r\n", MR_E_MALFORMED, 0, NULL},
        {"HTTP/0.9", "HTTP/0.9 200 OK\r\n\r\n", MR_E_MALFORMED, 0, NULL},
        {"another protocol", "SSH-2.0-x\r\n", MR_E_MALFORMED, 0, NULL},
        {"bare LF", "HTTP/1.1 200 OK\n\n", MR_E_MALFORMED, 0, NULL},
        {"folding", "HTTP/1.1 200 OK\r\n X: y\r\n\r\n", MR_E_MALFORMED, 0, NULL},
        {"not whole", "HTTP/1.1 200 OK\r\nA: b\r\n", 0, 200, "OK"},
        {"nothing yet", "", 0, 0, ""},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_http_head head;
        int64_t got = verdict(mr_http_response, cases[i].text, strlen(cases[i].text), &head);
        if (got != cases[i].want)
            print_error("%s\n", cases[i].says);
        assert_int_equal(got, cases[i].want);
        if (got > 0) {
            assert_int_equal(head.status, cases[i].status);
            assert_true(mr_span_is(head.reason, cases[i].reason, strlen(cases[i].reason)));
        }
    }
}

/* "HTTP/1.1 200 OK", `count` fields of `bytes` each, and the blank line. */
static size_t many_fields(char *out, uint32_t count, uint32_t bytes)
{
    size_t n = (size_t)sprintf(out, "HTTP/1.1 200 OK\r\n");
    for (uint32_t i = 0; i < count; i++) {
        n += (size_t)sprintf(out + n, "a:");
        memset(out + n, 'x', bytes - 4);
        n += bytes - 4;
        n += (size_t)sprintf(out + n, "\r\n");
    }
    return n + (size_t)sprintf(out + n, "\r\n");
}

static void heads_are_bounded_in_bytes_and_fields(void **state)
{
    (void)state;
    static char text[200000];
    static const struct {
        const char *says;
        uint32_t count, bytes;
        bool taken;
    } cases[] = {
        {"64 fields", 64, 10, true},
        {"65 fields", 65, 10, false},
        {"10,000 fields", 10000, 4, false},
        {"16,384 bytes", 1, MR_HTTP_HEAD_MAX - 19, true},
        {"16,385 bytes", 1, MR_HTTP_HEAD_MAX - 18, false},
        {"64 kB", 1, 65536, false},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_http_head head;
        size_t n = many_fields(text, cases[i].count, cases[i].bytes);
        int64_t got = mr_http_response((const uint8_t *)text, (uint32_t)n, &head);
        if (got != (cases[i].taken ? (int64_t)n : MR_E_TOO_BIG))
            print_error("%s: %lld\n", cases[i].says, (long long)got);
        assert_int_equal(got, cases[i].taken ? (int64_t)n : MR_E_TOO_BIG);
    }
    struct mr_http_head head; /* the last of these: nothing that comes behind 16,384 bytes could end it in time */
    assert_int_equal(mr_http_response((const uint8_t *)text, MR_HTTP_HEAD_MAX - 1, &head), 0);
    assert_int_equal(mr_http_response((const uint8_t *)text, MR_HTTP_HEAD_MAX, &head), MR_E_TOO_BIG);
}

static void lengths_are_plain_digits_once(void **state)
{
    (void)state;
    static const struct {
        const char *fields;
        int64_t want;
    } cases[] = {
        {"", -1},
        {"Content-Length: 0\r\n", 0},
        {"content-length:\t7 \r\n", 7},
        {"Content-Length: 9007199254740992\r\n", 9007199254740992},
        {"Content-Length: 9007199254740993\r\n", MR_E_TOO_BIG},
        {"Content-Length: 99999999999999999999999999\r\n", MR_E_TOO_BIG},
        {"Content-Length: +1\r\n", MR_E_MALFORMED},
        {"Content-Length: -1\r\n", MR_E_MALFORMED},
        {"Content-Length:\r\n", MR_E_MALFORMED},
        {"Content-Length: 1,1\r\n", MR_E_MALFORMED},
        {"Content-Length: 1\r\nContent-Length: 1\r\n", MR_E_MALFORMED},
        {"Content-Length: 0x10\r\n", MR_E_MALFORMED},
        {"Content-Length: 1 2\r\n", MR_E_MALFORMED},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char text[256];
        struct mr_http_head head;
        int n = sprintf(text, "HTTP/1.1 200 OK\r\n%s\r\n", cases[i].fields);
        assert_int_equal(mr_http_response((const uint8_t *)text, (uint32_t)n, &head), n);
        assert_int_equal(mr_http_length(&head), cases[i].want);
    }
}

/* ---- the upgrade ---- */

static void keys_and_their_answers_are_those_of_the_rfc(void **state)
{
    (void)state;
    char key[MR_WS_KEY_TEXT], accept[MR_WS_ACCEPT_TEXT];
    mr_ws_key((const uint8_t *)"the sample nonce", key);
    assert_string_equal(key, KEY);
    mr_ws_accept(key, accept);
    assert_string_equal(accept, ACCEPT);
}

static const struct {
    const char *says, *text;
    int want;
    const char *err;
} answers[] = {
    {"as the RFC has it", "HTTP/1.1 101 Switching Protocols\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n", 1,
     NULL},
    {"other letters, other order, more fields",
     "HTTP/1.1 101 \r\nserver: x\r\nsec-websocket-accept:" ACCEPT
     "\r\nCONNECTION: keep-alive, upgrade\r\nupgrade: WebSocket\r\n\r\n",
     1, NULL},
    {"an empty body, said so",
     "HTTP/1.1 101 \r\nContent-Length: 0\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n", 1, NULL},
    {"200", "HTTP/1.1 200 OK\r\n\r\n", MR_E_TYPE, "HTTP 200 OK"},
    {"301", "HTTP/1.1 301 Moved Permanently\r\nLocation: https://b.example/\r\n\r\n", MR_E_TYPE,
     "HTTP 301 Moved Permanently, Location: https://b.example/"},
    {"401", "HTTP/1.1 401 Unauthorized\r\n\r\n", MR_E_TYPE, "HTTP 401 Unauthorized"},
    {"403", "HTTP/1.1 403 Forbidden\r\n\r\n", MR_E_TYPE, "HTTP 403 Forbidden"},
    {"426", "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 12\r\n\r\n", MR_E_TYPE,
     "HTTP 426 Upgrade Required"},
    {"429", "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\n\r\n", MR_E_TYPE,
     "HTTP 429 Too Many Requests, Retry-After: 30"},
    {"500", "HTTP/1.0 500 Internal \x80 Error\r\n\r\n", MR_E_TYPE, "HTTP 500 Internal ? Error"},
    {"503", "HTTP/1.1 503 \r\n\r\n", MR_E_TYPE, "HTTP 503 "},
    {"HTTP/1.0", "HTTP/1.0 101 \r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n", MR_E_TYPE, "HTTP/1.0"},
    {"no Accept", "HTTP/1.1 101 \r\n" UPGRADE "\r\n", MR_E_TYPE, "Sec-WebSocket-Accept"},
    {"Accept of another key", "HTTP/1.1 101 \r\n" UPGRADE "Sec-WebSocket-Accept: t3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
     MR_E_TYPE, "Sec-WebSocket-Accept"},
    {"Accept in other letters",
     "HTTP/1.1 101 \r\n" UPGRADE "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n\r\n", MR_E_TYPE,
     "Sec-WebSocket-Accept"},
    {"our key back", "HTTP/1.1 101 \r\n" UPGRADE "Sec-WebSocket-Accept: " KEY "\r\n\r\n", MR_E_TYPE,
     "Sec-WebSocket-Accept"},
    {"two Accepts",
     "HTTP/1.1 101 \r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
     MR_E_TYPE, "Sec-WebSocket-Accept"},
    {"no Upgrade", "HTTP/1.1 101 \r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n", MR_E_TYPE,
     "Upgrade: websocket"},
    {"another Upgrade",
     "HTTP/1.1 101 \r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n", MR_E_TYPE,
     "Upgrade: websocket"},
    {"two Upgrades", "HTTP/1.1 101 \r\nUpgrade: h2c\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n", MR_E_TYPE,
     "Upgrade: websocket"},
    {"a list of Upgrades",
     "HTTP/1.1 101 \r\nUpgrade: websocket, h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
     MR_E_TYPE, "Upgrade: websocket"},
    {"no Connection", "HTTP/1.1 101 \r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n", MR_E_TYPE,
     "Connection: Upgrade"},
    {"Connection closes",
     "HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: close\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n", MR_E_TYPE,
     "Connection: Upgrade"},
    {"an extension nobody asked for",
     "HTTP/1.1 101 \r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT
     "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
     MR_E_TYPE, "extension"},
    {"a subprotocol nobody asked for",
     "HTTP/1.1 101 \r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\nSec-WebSocket-Protocol: chat\r\n\r\n", MR_E_TYPE,
     "subprotocol"},
    {"two of them",
     "HTTP/1.1 101 \r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT
     "\r\nSec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n\r\n",
     MR_E_TYPE, "subprotocol"},
    {"a body", "HTTP/1.1 101 \r\nContent-Length: 5\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n", MR_E_TYPE,
     "body"},
    {"a body of two lengths",
     "HTTP/1.1 101 \r\nContent-Length: 0\r\nContent-Length: 5\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
     MR_E_TYPE, "body"},
    {"a body in chunks",
     "HTTP/1.1 101 \r\nTransfer-Encoding: chunked\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n", MR_E_TYPE,
     "body"},
    {"no HTTP", "\x16\x03\x01", MR_E_MALFORMED, "not an HTTP head"},
    {"folding", "HTTP/1.1 101 \r\nUpgrade:\r\n websocket\r\n\r\n", MR_E_MALFORMED, "not an HTTP head"},
    {"closed in mid-header", "HTTP/1.1 101 Switching Protocols\r\nUpgr", 0, NULL},
};

static void only_the_agreed_answer_is_an_upgrade(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(answers); i++) {
        struct mr_err err = {""};
        uint32_t len = (uint32_t)strlen(answers[i].text);
        int64_t got = mr_ws_response((const uint8_t *)answers[i].text, len, KEY, &err), want = answers[i].want;
        if (got != (want == 1 ? len : want) || (answers[i].err && !strstr(err.text, answers[i].err)))
            print_error("%s: %lld, %s\n", answers[i].says, (long long)got, err.text);
        assert_int_equal(got, want == 1 ? len : want);
        if (answers[i].err)
            assert_non_null(strstr(err.text, answers[i].err));
        for (uint32_t n = 0; n < len; n++) {
            int64_t part = mr_ws_response((const uint8_t *)answers[i].text, n, KEY, &err);
            assert_true(part == 0 || (part == got && got < 0));
        }
    }
}

static void frames_may_follow_the_answer_at_once(void **state)
{
    (void)state;
    static const char text[] =
        "HTTP/1.1 101 Switching Protocols\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n\x81\x02hi";
    struct mr_err err;
    assert_int_equal(mr_ws_response((const uint8_t *)text, sizeof text - 1, KEY, &err), sizeof text - 1 - 4);
}

static void a_request_is_answered_and_the_answer_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        uint16_t port;
        const char *want;
    } cases[] = {
        {"fstream.example", 443, "fstream.example"},
        {"fstream.example", 9443, "fstream.example:9443"},
        {"127.0.0.1", 80, "127.0.0.1:80"},
        {"::1", 8443, "[::1]:8443"},
        {"::1", 443, "[::1]"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char key[MR_WS_KEY_TEXT], accept[MR_WS_ACCEPT_TEXT], bytes[1024];
        uint8_t random[16] = {(uint8_t)i, 0xff, 0xfb};
        mr_ws_key(random, key);
        struct mr_text t;
        mr_text_init(&t, bytes, sizeof bytes);
        assert_int_equal(mr_ws_request(&t, cases[i].host, cases[i].port, "/ws?a=b", key), MR_OK);
        struct mr_http_head head;
        struct mr_err err;
        assert_int_equal(mr_http_request((const uint8_t *)bytes, (uint32_t)t.len, &head), t.len);
        assert_true(mr_span_eq(head.target, "/ws?a=b"));
        assert_true(mr_span_is(mr_http_find(&head, "host"), cases[i].want, strlen(cases[i].want)));
        assert_int_equal(mr_http_count(&head, "sec-websocket-extensions"), 0);
        assert_int_equal(mr_http_count(&head, "sec-websocket-protocol"), 0);
        assert_int_equal(mr_ws_asked(&head, accept, &err), MR_OK);
        mr_text_init(&t, bytes, sizeof bytes);
        mr_ws_answer(&t, accept);
        assert_int_equal(mr_ws_response((const uint8_t *)bytes, (uint32_t)t.len, key, &err), t.len);
        key[0] = key[0] == 'A' ? 'B' : 'A';
        assert_int_equal(mr_ws_response((const uint8_t *)bytes, (uint32_t)t.len, key, &err), MR_E_TYPE);
    }
}

static void a_request_cannot_be_made_of_two_lines(void **state)
{
    (void)state;
    static const struct {
        const char *host, *path, *key;
    } cases[] = {
        {"a\r\nX: y", "/", KEY}, {"a b", "/", KEY}, {"", "/", KEY},          {"a", "/ HTTP/1.1\r\nX: y", KEY},
        {"a", "ws", KEY},        {"a", "", KEY},    {"a", "/\xc3\xa9", KEY}, {"a", "/", "x\r\n"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char bytes[512];
        struct mr_text t;
        mr_text_init(&t, bytes, sizeof bytes);
        assert_int_equal(mr_ws_request(&t, cases[i].host, 443, cases[i].path, cases[i].key), MR_E_INVALID);
        assert_int_equal(t.len, 0);
    }
    char little[40];
    struct mr_text t;
    mr_text_init(&t, little, sizeof little);
    assert_int_equal(mr_ws_request(&t, "a.example", 443, "/", KEY), MR_E_FULL);
}

#define ASK "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
static const struct {
    const char *says, *text;
    int want;
} asked[] = {
    {"as the RFC has it", ASK "Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n\r\n", MR_OK},
    {"with offers we leave",
     ASK "Sec-WebSocket-Key: " KEY
         "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
     MR_OK},
    {"version 12", ASK "Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 12\r\n\r\n", MR_E_TYPE},
    {"no version", ASK "Sec-WebSocket-Key: " KEY "\r\n\r\n", MR_E_TYPE},
    {"no key", ASK "Sec-WebSocket-Version: 13\r\n\r\n", MR_E_TYPE},
    {"two keys", ASK "Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n\r\n",
     MR_E_TYPE},
    {"a short key", ASK "Sec-WebSocket-Key: dGhl\r\nSec-WebSocket-Version: 13\r\n\r\n", MR_E_TYPE},
    {"a key of 17 bytes", ASK "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE=\r\nSec-WebSocket-Version: 13\r\n\r\n",
     MR_E_TYPE},
    {"a key with bits left over",
     ASK "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\nSec-WebSocket-Version: 13\r\n\r\n", MR_E_TYPE},
    {"a key that is not base64", ASK "Sec-WebSocket-Key: dGhlIHNhbXBsZ!Bub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
     MR_E_TYPE},
    {"POST", "POST / HTTP/1.1\r\nHost: a\r\n" UPGRADE "Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n\r\n",
     MR_E_TYPE},
    {"HTTP/1.0",
     "GET / HTTP/1.0\r\nHost: a\r\n" UPGRADE "Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n\r\n",
     MR_E_TYPE},
    {"no Host", "GET / HTTP/1.1\r\n" UPGRADE "Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n\r\n",
     MR_E_TYPE},
    {"two Hosts", ASK "Host: b\r\nSec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n\r\n", MR_E_TYPE},
    {"no Upgrade",
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " KEY
     "\r\nSec-WebSocket-Version: 13\r\n\r\n",
     MR_E_TYPE},
    {"no Connection",
     "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nSec-WebSocket-Key: " KEY
     "\r\nSec-WebSocket-Version: 13\r\n\r\n",
     MR_E_TYPE},
    {"a body", ASK "Content-Length: 1\r\nSec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n\r\n", MR_E_TYPE},
    {"chunks", ASK "Transfer-Encoding: chunked\r\nSec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n\r\n",
     MR_E_TYPE},
    {"an ordinary page", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", MR_E_TYPE},
};

static void only_a_whole_upgrade_is_taken_by_a_server(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(asked); i++) {
        struct mr_http_head head;
        struct mr_err err = {""};
        char accept[MR_WS_ACCEPT_TEXT] = "";
        assert_int_equal(verdict(mr_http_request, asked[i].text, strlen(asked[i].text), &head), strlen(asked[i].text));
        int got = mr_ws_asked(&head, accept, &err);
        if (got != asked[i].want)
            print_error("%s: %s\n", asked[i].says, err.text);
        assert_int_equal(got, asked[i].want);
        assert_string_equal(accept, got == MR_OK ? ACCEPT : "");
        assert_true((err.text[0] != 0) == (got != MR_OK));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_requests_are_refused_at_every_split),
        cmocka_unit_test(a_request_is_taken_apart),
        cmocka_unit_test(responses_have_a_status_and_maybe_a_reason),
        cmocka_unit_test(heads_are_bounded_in_bytes_and_fields),
        cmocka_unit_test(lengths_are_plain_digits_once),
        cmocka_unit_test(keys_and_their_answers_are_those_of_the_rfc),
        cmocka_unit_test(only_the_agreed_answer_is_an_upgrade),
        cmocka_unit_test(frames_may_follow_the_answer_at_once),
        cmocka_unit_test(a_request_is_answered_and_the_answer_is_taken),
        cmocka_unit_test(a_request_cannot_be_made_of_two_lines),
        cmocka_unit_test(only_a_whole_upgrade_is_taken_by_a_server),
    };
    return MR_TEST_MAIN(tests);
}
