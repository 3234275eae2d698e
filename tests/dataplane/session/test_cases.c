/* The cases of tests/conformance/ws.md on whole sessions, over TLS: what codecs/ws/test_cases asks of the client over TCP, and what only a
 * session can show: answers to the upgrade (B4), masks (B2), and peers that fall silent (B7). */
#include <stdio.h>
#include <xxhash.h>

#include "tests/codecs/ws/cases.h"
#include "tests/dataplane/session/rig.h"

enum { BINANCE_PUBLIC, BINANCE_MARKET, BYBIT, OKX, HYPERLIQUID };

/* ---- every case: what is delivered, which pings are answered, how it closes ---- */

static struct {
    uint64_t hash;
    uint32_t len;
} delivered[2048];
static uint32_t delivered_count;

static int keep(struct rig *rig, const struct mr_frame *frame)
{
    mr_session_saw(rig->session, rig->venue->channel, rig->venue->symbol, rig->now_ns);
    assert_true(delivered_count < MR_COUNT_OF(delivered));
    delivered[delivered_count].hash = XXH3_64bits(frame->data, frame->len);
    delivered[delivered_count++].len = frame->len;
    return 2;
}

/* As a venue that lets us send and dial whenever we like; not so soon that the next connection begins within a case. */
static void free_of_limits(struct rig *rig)
{
    rig->route.sends_per_s = 0;
    rig->route.life_s = 0;
    rig->config.message_max = 1 << 19;
    rig->config.dials_per_minute = 10000;
    rig->config.backoff_ms_first = rig->config.backoff_ms_most = 100;
}

static void say_script(struct rig *rig, const struct ws_case *c, const struct ws_script *script)
{
    uint32_t sent = 0;
    for (uint32_t i = 0; i <= script->stop_count; i++) {
        uint32_t to = i < script->stop_count ? script->stops[i].at : script->len;
        while (sent < to && mr_session_state(rig->session) == MR_SESSION_LIVE) {
            uint32_t chop = c->chop && c->chop != WS_FRAMES && c->chop < to - sent ? c->chop : to - sent;
            rig_say_plain(rig, script->bytes + sent, chop);
            sent += chop;
        }
        bool failed_before = mr_session_state(rig->session) != MR_SESSION_LIVE;
        rig_run(rig, 1);
        bool failed = mr_session_state(rig->session) != MR_SESSION_LIVE;
        if (i < script->stop_count && script->stops[i].kind == WS_STOP_QUIET && (failed || failed_before))
            fail_msg("%s: gave up where all was well", c->id);
        if (i < script->stop_count && script->stops[i].kind == WS_STOP_FAILED && !failed)
            fail_msg("%s: does not fail at once", c->id);
    }
}

static void expect_data(const struct ws_case *c, const struct ws_script *script, const struct rig *rig)
{
    uint32_t data = 0, pongs = 0;
    for (uint32_t i = 0; i < script->answer_count; i++) {
        const struct ws_answer *want = &script->answers[i];
        if (want->opcode == MR_WS_PONG) {
            pongs++;
            continue;
        }
        if (data >= delivered_count || delivered[data].len != want->len ||
            delivered[data].hash != XXH3_64bits(script->want + want->at, want->len))
            fail_msg("%s: message %u of %u is not delivered as it was sent", c->id, data, delivered_count);
        data++;
    }
    if (data != delivered_count || pongs != rig->server_pongs)
        fail_msg("%s: %u messages of %u, %u pongs of %u", c->id, delivered_count, data, rig->server_pongs, pongs);
}

static void run_case(struct rig *rig, const struct ws_case *c)
{
    struct ws_script script;
    rig_to_live(rig);
    rig->on_deliver = keep;
    rig->keep_open = true;
    delivered_count = rig->server_pongs = rig->closes_heard = rig->close_code = 0;
    uint64_t too_big = rig->metrics->too_big, protocol = rig->metrics->protocol;
    ws_script_make(&script, c);
    say_script(rig, c, &script);
    expect_data(c, &script, rig);
    if (c->end == WS_WE_CLOSE) {
        if (mr_session_state(rig->session) != MR_SESSION_LIVE)
            fail_msg("%s, %s: not live but: %s", c->id, c->says, rig->why);
        rig_say_close(rig, 1000, NULL);
        rig_run(rig, 1);
    }
    uint16_t want = c->end == WS_SAID && c->code == 0 ? MR_WS_CODE_NONE : c->code;
    if (rig->closes_heard != 1 || rig->close_code != want)
        fail_msg("%s, %s: %u close frames, the last with %u, not %u", c->id, c->says, rig->closes_heard,
                 rig->close_code, want);
    bool fails = rig->metrics->too_big + rig->metrics->protocol != too_big + protocol;
    if (fails != (c->end == WS_THEY_FAIL) && c->end != WS_FREE)
        fail_msg("%s: %s", c->id, rig->why);
    if (c->end == WS_THEY_FAIL && c->code == 1009)
        assert_int_equal(rig->metrics->too_big, too_big + 1);
    ws_script_free(&script);
    rig->on_deliver = NULL;
    rig->keep_open = false;
}

static void sessions_answer_every_case_as_they_must(void **state)
{
    (void)state;
    enum { A_RIG = 100 };
    struct ws_cases cases;
    struct rig *rig = NULL;
    uint32_t run = 0;
    ws_cases_make(&cases, 256);
    for (uint32_t i = 0; i < cases.count; i++) {
        const struct ws_case *c = &cases.row[i];
        bool extension = strncmp(c->id, "12.", 3) == 0 || strncmp(c->id, "13.", 3) == 0;
        if (extension && (c->end == WS_REFUSED || strncmp(c->id, "12.1.", 5) != 0))
            continue; /* answers: below; packed messages: one group is like the other */
        if (run % A_RIG == 0) {
            if (rig)
                rig_close(rig);
            rig = rig_open(&rig_venues[run / A_RIG % rig_venue_count], free_of_limits);
        }
        run_case(rig, c);
        run++;
    }
    rig_close(rig);
    printf("# %u cases on sessions\n", run);
    assert_int_equal(run, 301 + 18 + 8);
    ws_cases_free(&cases);
}

/* ---- B2 ---- */

static int as_number(const void *a, const void *b)
{
    uint32_t x, y;
    memcpy(&x, a, 4);
    memcpy(&y, b, 4);
    return (x > y) - (x < y);
}

static void ten_thousand_masks_look_drawn(void **state)
{
    (void)state;
    enum { KEYS = 10000 };
    struct rig *rig = rig_open(&rig_venues[OKX], free_of_limits);
    rig_to_live(rig);
    for (uint32_t i = 0; rig->mask_count < KEYS; i++) {
        rig_say_frame(rig, MR_WS_PING, true, &i, sizeof i);
        if (i % 50 == 49)
            rig_run(rig, 1);
    }
    uint32_t set[32] = {0}, moved[32] = {0}, repeats = 0;
    for (uint32_t i = 0; i < KEYS; i++) {
        uint32_t now, before;
        memcpy(&now, rig->masks[i], 4);
        memcpy(&before, rig->masks[i ? i - 1 : 0], 4);
        for (int bit = 0; bit < 32; bit++) {
            set[bit] += now >> bit & 1;
            moved[bit] += (now ^ before) >> bit & 1;
        }
    }
    for (int bit = 0; bit < 32; bit++) { /* half of them, by six deviations */
        assert_in_range(set[bit], KEYS / 2 - 300, KEYS / 2 + 300);
        assert_in_range(moved[bit], KEYS / 2 - 300, KEYS / 2 + 300);
    }
    qsort(rig->masks, KEYS, 4, as_number);
    for (uint32_t i = 1; i < KEYS; i++)
        repeats += memcmp(rig->masks[i], rig->masks[i - 1], 4) == 0;
    assert_in_range(repeats, 0, 2); /* by chance 0.01 are expected */
    rig_close(rig);
}

/* ---- B4 ---- */

#define UP "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: \1\r\n"
#define GOOD UP UPGRADE CONNECTION ACCEPT
#define HEADS_MAX 200000

/* clang-format off */
static const struct { const char *says, *answer; uint32_t len; const char *why; /* NULL: taken */ } answers[] = {
    {"Accept of another key",    UP UPGRADE CONNECTION "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n", 0, "Sec-WebSocket-Accept"},
    {"no Accept",                UP UPGRADE CONNECTION "\r\n", 0, "Sec-WebSocket-Accept"},
    {"two Accepts",              GOOD ACCEPT "\r\n", 0, "not the answer"},
    {"an empty Accept",          UP UPGRADE CONNECTION "Sec-WebSocket-Accept:\r\n\r\n", 0, "Sec-WebSocket-Accept"},
    {"Accept and more",          UP UPGRADE CONNECTION "Sec-WebSocket-Accept: \1 \1\r\n\r\n", 0, "Sec-WebSocket-Accept"},
    {"status 200",               "HTTP/1.1 200 OK\r\n\r\n", 0, "HTTP 200 OK"},
    {"status 200, else as 101",  "HTTP/1.1 200 OK\r\n" UPGRADE CONNECTION ACCEPT "\r\n", 0, "HTTP 200 OK"},
    {"status 301",               "HTTP/1.1 301 Moved\r\nLocation: https://b.example/\r\n\r\n", 0, "https://b.example/"},
    {"status 401",               "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\n", 0, "HTTP 401"},
    {"status 403",               "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", 0, "HTTP 403 Forbidden"},
    {"status 426",               "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\n\r\n", 0, "HTTP 426"},
    {"status 429",               "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\n\r\n", 0, "Retry-After: 30"},
    {"status 500",               "HTTP/1.1 500 Internal Server Error\r\n\r\n", 0, "HTTP 500"},
    {"status 503",               "HTTP/1.1 503 Service Unavailable\r\n\r\n", 0, "HTTP 503"},
    {"status 100 before the 101", "HTTP/1.1 100 Continue\r\n\r\n" GOOD "\r\n", 0, "HTTP 100"},
    {"no Upgrade",               UP CONNECTION ACCEPT "\r\n", 0, "Upgrade: websocket"},
    {"another Upgrade",          UP "Upgrade: h2c\r\n" CONNECTION ACCEPT "\r\n", 0, "Upgrade: websocket"},
    {"two Upgrades",             GOOD "Upgrade: h2c\r\n\r\n", 0, "Upgrade: websocket"},
    {"no Connection",            UP UPGRADE ACCEPT "\r\n", 0, "Connection: Upgrade"},
    {"another Connection",       UP UPGRADE "Connection: close\r\n" ACCEPT "\r\n", 0, "Connection: Upgrade"},
    {"version 12",               "HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 12\r\n\r\n", 0, "HTTP 400"},
    {"an extension unasked",     GOOD "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", 0, "extension"},
    {"two extensions unasked",   GOOD "Sec-WebSocket-Extensions: a, permessage-deflate\r\n\r\n", 0, "extension"},
    {"two lists of extensions",  GOOD "Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: b\r\n\r\n", 0, "extension"},
    {"a subprotocol unasked",    GOOD "Sec-WebSocket-Protocol: chat\r\n\r\n", 0, "subprotocol"},
    {"two subprotocols",         GOOD "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n\r\n", 0, "subprotocol"},
    {"a folded field",           UP "Upgrade:\r\n websocket\r\n" CONNECTION ACCEPT "\r\n", 0, "not an HTTP head"},
    {"a folded field by a tab",  GOOD "X: a\r\n\tb\r\n\r\n", 0, "not an HTTP head"},
    {"bare LF",                  "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n\n", 0, "not an HTTP head"},
    {"bare CR",                  GOOD "X: a\rb\r\n\r\n", 0, "not an HTTP head"},
    {"NUL in a value",           GOOD "X: a\0b\r\n\r\n", sizeof(GOOD "X: a\0b\r\n\r\n") - 1, "not an HTTP head"},
    {"NUL in a name",            GOOD "X\0: a\r\n\r\n", sizeof(GOOD "X\0: a\r\n\r\n") - 1, "not an HTTP head"},
    {"a blank before a colon",   GOOD "X : a\r\n\r\n", 0, "not an HTTP head"},
    {"HTTP/1.0",                 "HTTP/1.0 101 Switching Protocols\r\n" UPGRADE CONNECTION ACCEPT "\r\n", 0, "HTTP/1.0"},
    {"HTTP/2",                   "HTTP/2 101\r\n\r\n", 0, "not an HTTP head"},
    {"another protocol",         "SSH-2.0-OpenSSH_9.2\r\n\r\n", 0, "not an HTTP head"},
    {"101 with a body",          GOOD "Content-Length: 5\r\n\r\nhello", 0, "with a body"},
    {"101 with chunks",          GOOD "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, "with a body"},
    {"frames right behind the 101", GOOD "\r\n\x81\x05hello\x81\x03you", 0, NULL},
    {"names and lists in other letters", "HTTP/1.1 101 \r\nUPGRADE: WebSocket\r\nconnection: keep-alive, UPGRADE\r\nsec-websocket-ACCEPT:\t\1 \r\n\r\n", 0, NULL},
};
/* clang-format on */

/* One answer to the upgrade, whole or octet-wise; `why` NULL: the session comes up, and not one octet of what follows is lost. */
static void check_answer(const char *says, const char *answer, uint32_t len, const char *why, uint32_t split)
{
    struct rig *rig = rig_open(&rig_venues[BINANCE_PUBLIC], NULL);
    rig->split = split;
    rig->upgrade_answer = answer;
    rig->upgrade_answer_len = len;
    if (!why) {
        rig_to_live(rig);
        if (strstr(answer, "hello"))
            assert_int_equal(rig->delivered, 2 + 2); /* both, the ack and the data */
        rig_close(rig);
        return;
    }
    rig_run(rig, 1); /* dials */
    (void)rig_until(rig, MR_SESSION_DOWN, 1000);
    if (!strstr(rig->why, why))
        fail_msg("%s: %s", says, rig->why);
    assert_int_equal(rig->metrics->upgrade_failed, 1);
    assert_int_equal(rig->metrics->closes, 1);
    assert_int_equal(rig->heard_count + rig->closes_heard + rig->delivered, 0); /* no frame either way */
    rig->upgrade_answer = NULL;
    rig->split = 0;
    rig_to_live(rig);
    rig_close(rig);
}

static void each_answer_to_the_upgrade_is_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(answers); i++) {
        check_answer(answers[i].says, answers[i].answer, answers[i].len, answers[i].why, 0);
        check_answer(answers[i].says, answers[i].answer, answers[i].len, answers[i].why, 1);
    }
    char *big = malloc(HEADS_MAX);
    int n = sprintf(big, "%sX: ", GOOD); /* a head of 64 kB */
    memset(big + n, 'x', 65536);
    memcpy(big + n + 65536, "\r\n\r\n", 5);
    check_answer("a field of 64 kB", big, 0, "more than 16384 bytes", 0);
    n = sprintf(big, "%s", GOOD);
    for (int i = 0; i < 10000; i++)
        n += sprintf(big + n, "X: %d\r\n", i);
    sprintf(big + n, "\r\n");
    check_answer("10,000 fields", big, 0, "fields", 0);
    free(big);
}

static void an_answer_that_does_not_end_is_given_up(void **state)
{
    (void)state;
    static const char head[] = UP UPGRADE;
    for (int drip = 0; drip < 2; drip++) { /* an octet a second; or the end in the middle */
        struct rig *rig = rig_open(&rig_venues[BYBIT], NULL);
        rig->hang_upgrade = 1;
        (void)rig_until(rig, MR_SESSION_UPGRADE, 1000);
        int64_t since = rig->now_ns;
        rig_say_plain(rig, head, drip ? 1 : 20);
        if (!drip)
            rig_hang_up(rig, "closed by peer");
        for (uint32_t ms = 1; mr_session_state(rig->session) == MR_SESSION_UPGRADE; ms++) {
            rig_run(rig, 1);
            if (drip && ms % 1000 == 0 && rig->connected)
                rig_say_plain(rig, head + ms / 1000, 1);
        }
        assert_int_equal(mr_session_state(rig->session), MR_SESSION_DOWN);
        assert_string_equal(rig->why, drip ? "the upgrade was not answered in time"
                                           : "the connection ended inside the answer to the upgrade");
        assert_in_range((rig->now_ns - since) / RIG_MS, drip ? 4999 : 0, drip ? 5002 : 2);
        assert_int_equal(rig->metrics->upgrade_failed, 1);
        rig->hang_upgrade = 0;
        rig_to_live(rig);
        rig_close(rig);
    }
}

/* ---- B7 ---- */

static void deaf_resolver(struct rig *rig) { rig->defer_resolve = true; }
static void no_syn(struct rig *rig) { rig->hang_connect = UINT32_MAX; }
static void no_hello(struct rig *rig) { rig->hang_tls = UINT32_MAX; }
static void no_answer(struct rig *rig) { rig->hang_upgrade = UINT32_MAX; }
static void reads_nothing(struct rig *rig) { rig->blocked = true; }
static void refuses(struct rig *rig) { rig->refuse = UINT32_MAX; }
static void says_403(struct rig *rig) { rig->upgrade_answer = "HTTP/1.1 403 Forbidden\r\n\r\n"; }
static void acks_only(struct rig *rig) { rig->no_data = true; }
static void half_open(struct rig *rig) { rig->no_pongs = true; }
static void nothing_more(struct rig *rig) { rig->no_pongs = rig->no_data = true; }

static const struct {
    const char *says;
    void (*spoil)(struct rig *rig);
    bool live;               /* it goes live before */
    uint32_t from_ms, to_ms; /* how long one attempt lasts */
} silences[] = {
    {"the resolver never answers", deaf_resolver, false, 4999, 5002},
    {"no answer to the SYN", no_syn, false, 4999, 5002},
    {"no TLS", no_hello, false, 4999, 5002},
    {"no answer to the upgrade", no_answer, false, 4999, 5010},
    {"refused", refuses, false, 0, 2},
    {"HTTP 403", says_403, false, 0, 10},
    {"the peer takes no byte from the start", reads_nothing, false, 4999, 5002},
    {"acks, and never data", acks_only, false, 29000, 62000},
    {"live, then no byte and no pong: half-open", half_open, true, 14900, 15200},
    {"live, then all is silent: nothing is answered", nothing_more, true, 14900, 15200},
};

static void budget(struct rig *rig) { rig->config.dials_per_minute = 12; }

/* Waits grow, and never more dials a minute than allowed. */
static void check_pace(const struct rig *rig, size_t row)
{
    int64_t delay = 100, budget_ms = 60000;
    for (uint32_t i = 1; i < rig->dials; i++) {
        int64_t waited = (rig->dialled_ns[i] - rig->dialled_ns[i - 1]) / RIG_MS;
        int64_t least = silences[row].from_ms + delay / 2, most = silences[row].to_ms + delay + 10;
        bool held = i >= 12 && (rig->dialled_ns[i] - rig->dialled_ns[i - 12]) / RIG_MS <= budget_ms + 10;
        if (waited < least || (waited > most && !held))
            fail_msg("%s: dial %u after %lld ms, not %lld to %lld", silences[row].says, i, (long long)waited,
                     (long long)least, (long long)most);
        if (i >= 12)
            assert_true(rig->dialled_ns[i] - rig->dialled_ns[i - 12] >= budget_ms * RIG_MS);
        delay = 2 * delay < 30000 ? 2 * delay : 30000;
    }
}

static void each_silence_ends_in_its_own_time_and_dials_keep_their_pace(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(silences); i++) {
        struct rig *rig = rig_open(&rig_venues[OKX], budget);
        if (silences[i].live) { /* each time again: the fault comes with the first second of data */
            rig_to_live(rig);
            int64_t since = rig->now_ns;
            silences[i].spoil(rig);
            (void)rig_until(rig, MR_SESSION_DOWN, silences[i].to_ms + 1000);
            int64_t took = (rig->now_ns - since) / RIG_MS;
            if (took < silences[i].from_ms || took > silences[i].to_ms)
                fail_msg("%s: %lld ms", silences[i].says, (long long)took);
            assert_int_equal(rig->metrics->silent, 1);
            rig->no_pongs = rig->no_data = false;
            rig_to_live(rig);
        } else {
            silences[i].spoil(rig);
            rig_run(rig, 400000);
            check_pace(rig, i);
            assert_true(rig->metrics->closes >= 4);
            assert_int_equal(rig->metrics->lives, 0);
        }
        rig_close(rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_answer_every_case_as_they_must),
        cmocka_unit_test(ten_thousand_masks_look_drawn),
        cmocka_unit_test(each_answer_to_the_upgrade_is_judged),
        cmocka_unit_test(an_answer_that_does_not_end_is_given_up),
        cmocka_unit_test(each_silence_ends_in_its_own_time_and_dials_keep_their_pace),
    };
    return MR_TEST_MAIN(tests);
}
