/* Routes that want a token for each dial, and venues that speak first. */
#include <stdio.h>

#include "tests/dataplane/session/rig.h"

static const struct mr_stream streams[] = {{MR_TRADES, "XBTUSDTM"}, {MR_DEPTH, "XBTUSDTM"}};
#define TRADE                                                                                                          \
    "{\"topic\":\"/contractMarket/execution:XBTUSDTM\",\"type\":\"message\",\"subject\":\"match\",\"data\":{"          \
    "\"symbol\":\"XBTUSDTM\",\"sequence\":5,\"side\":\"buy\",\"size\":2,\"price\":\"84000\",\"ts\":"                   \
    "1790113097236506001}}"
static const struct rig_line lines[] = {
    {"{\"id\":\"1\",\"type\":\"subscribe\",\"topic\":\"/contractMarket/execution:XBTUSDTM\",\"privateChannel\":false,"
     "\"response\":true}",
     "{\"id\":\"1\",\"type\":\"ack\"}", TRADE},
    {"{\"id\":\"2\",\"type\":\"subscribe\",\"topic\":\"/contractMarket/level2:XBTUSDTM\",\"privateChannel\":false,"
     "\"response\":true}",
     "{\"id\":\"2\",\"type\":\"ack\"}", NULL},
    {"{\"id\":\"3\",\"type\":\"ping\"}", "{\"id\":\"3\",\"type\":\"pong\",\"timestamp\":1790113097236506}", NULL},
    {0},
};
static const struct rig_venue futures = {"kucoin:futures", 0, streams, 2, lines, TRADE, MR_TRADES, "XBTUSDTM"};

static const struct mr_stream spot_streams[] = {{MR_DEPTH, "BTC-USDT"}};
#define IMAGE                                                                                                          \
    "{\"T\":\"obu.SPOT\",\"dp\":\"increment@10ms\",\"t\":\"snapshot\",\"d\":{\"a\":[[\"2\",\"1\"]],\"b\":[[\"1\","     \
    "\"1\"]],"                                                                                                         \
    "\"s\":\"BTC-USDT\",\"C\":5,\"M\":1790114460661000000,\"O\":5}}"
static const struct rig_line spot_lines[] = {
    {"{\"id\":\"1\",\"action\":\"SUBSCRIBE\",\"channel\":\"obu\",\"tradeType\":\"SPOT\",\"symbol\":\"BTC-USDT\","
     "\"depth\":\"increment@10ms\"}",
     "{\"id\":\"1\",\"result\":true}", IMAGE},
    {0},
};
static const struct rig_venue spot = {"kucoin:spot", 1, spot_streams, 1, spot_lines, IMAGE, MR_DEPTH, "BTC-USDT"};

#define TOKEN(more)                                                                                                    \
    "{\"code\":\"200000\",\"data\":{\"token\":\"tok==\",\"instanceServers\":[{\"endpoint\":\"wss://" RIG_HOST          \
    ":8443/push\"" more "}]}}"
#define PATH "/push?token=tok%3D%3D&connectId="
#define WELCOME "{\"id\":\"1\",\"type\":\"welcome\"}"

static void named(struct rig *rig)
{
    rig->config.host = NULL; /* the token says it */
    rig->token_answer = TOKEN(",\"pingInterval\":7000,\"pingTimeout\":3000");
    rig->want_path = PATH;
    rig->greeting = WELCOME;
}

static void a_token_says_where_to_dial_and_how_often_to_ping(void **state)
{
    struct mr_session_view view;
    (void)state;
    struct rig *rig = rig_open(&futures, named);
    rig_to_live(rig);
    assert_string_equal(rig->states, "token resolve dial tls upgrade welcome subscribe live");
    assert_int_equal(rig->dialled[0].port, 8443);
    assert_int_equal(rig->tokens, 1);
    assert_int_equal(rig->metrics->tokens, 1);
    mr_session_view(rig->session, &view);
    assert_string_equal(view.host, RIG_HOST);
    rig_run_with_data(rig, 6000, 500);
    assert_int_equal(rig->metrics->pings, 0);
    rig_run_with_data(rig, 1500, 500);
    assert_int_equal(rig->metrics->pings, 1); /* after 7 s, not after the route's 18 */
    rig_close(rig);
}

static void fixed_port(struct rig *rig)
{
    named(rig);
    rig->config.port = 9443;
}

static void a_configured_port_goes_before_that_of_the_token(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&futures, fixed_port);
    rig_to_live(rig);
    assert_int_equal(rig->dialled[0].port, 9443);
    rig_close(rig);
}

/* Each dial has a token of its own, and a connect id of its own. */
static void the_next_dial_brings_another_token(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&futures, named);
    rig_to_live(rig);
    rig_hang_up(rig, "cut");
    (void)rig_until(rig, MR_SESSION_DOWN, 1000);
    rig_to_live(rig);
    assert_int_equal(rig->tokens, 2);
    assert_int_equal(rig->dials, 2);
    rig_close(rig);
}

static void two_addresses(struct rig *rig)
{
    named(rig);
    rig->refuse = 1;
    rig->address_count = 2;
    rig->addresses[1] = (struct mr_address){{10, 0, 0, 2}, 4, 0, 0};
}

static void a_token_that_was_not_used_serves_the_next_address(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&futures, two_addresses);
    rig_to_live(rig);
    assert_int_equal(rig->dials, 2);
    assert_int_equal(rig->tokens, 1);
    rig_close(rig);
}

static void no_token_is_an_end_with_a_name_and_a_back_off(void **state)
{
    static const struct {
        const char *answer, *why;
    } cases[] = {
        {"{\"code\":\"429000\",\"msg\":\"Too many requests\"}", "no token: Too many requests"},
        {"{\"code\":\"200000\",\"data\":{}}", "the answer to the token request has no token or no endpoint"},
        {"<html>", "the answer to the token request is no JSON"},
        {NULL, "no token in time"},
    };
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct rig *rig = rig_open(&futures, named);
        rig->token_answer = cases[i].answer;
        rig_run(rig, cases[i].answer ? 6000 : 1);
        (void)rig_until(rig, MR_SESSION_DOWN, 6000);
        assert_string_equal(rig->why, cases[i].why);
        assert_int_equal(rig->dials, 0);
        assert_true(rig->metrics->token_failed >= 1 && rig->metrics->closes == rig->metrics->token_failed);
        assert_true(rig->tokens <= 9); /* each time twice as late */
        rig->token_answer = TOKEN("");
        rig_to_live(rig);
        rig_close(rig);
    }
}

static void an_answer_that_comes_too_late_is_not_used(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&futures, named);
    rig->token_answer = NULL;
    (void)rig_until(rig, MR_SESSION_TOKEN, 1000);
    mr_session_pause(rig->session, true, rig->now_ns);
    mr_session_token(rig->session, mr_span_of(TOKEN("")), NULL, rig->now_ns);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_PAUSED);
    assert_int_equal(rig->dials, 0);
    rig_close(rig);
}

/* The venue takes the upgrade, and then says that the token is none; or closes. Both ask anew, after the back-off. */
static void a_refused_token_is_replaced(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&futures, named);
    rig->greeting = "{\"id\":\"1\",\"type\":\"error\",\"code\":401,\"data\":\"token is expired\"}";
    rig_run(rig, 1); /* all in one millisecond */
    (void)rig_until(rig, MR_SESSION_DOWN, 2000);
    assert_string_equal(rig->why, "no welcome: token is expired");
    assert_int_equal(rig->metrics->upgrade_failed, 1);
    assert_int_equal(rig->heard_count, 0); /* nothing was asked for */
    rig->greeting = WELCOME;
    rig_to_live(rig);
    assert_int_equal(rig->tokens, 2);
    rig_close(rig);
    rig = rig_open(&futures, named);
    rig->upgrade_answer = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
    rig->greeting = NULL;
    rig_run(rig, 1);
    (void)rig_until(rig, MR_SESSION_DOWN, 2000);
    assert_int_equal(rig->metrics->upgrade_failed, 1);
    rig->upgrade_answer = NULL;
    rig->greeting = WELCOME;
    rig_to_live(rig);
    assert_int_equal(rig->tokens, 2);
    rig_close(rig);
}

static void nothing_is_said_before_the_welcome(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&futures, named);
    rig->greeting = NULL;
    (void)rig_until(rig, MR_SESSION_WELCOME, 1000);
    rig_run(rig, 1000);
    assert_int_equal(rig->heard_count, 0);
    rig_say_frame(rig, MR_WS_PING, true, "x", 1); /* but a ping is answered */
    rig_run(rig, 5);
    assert_int_equal(rig->server_pongs, 1);
    rig_say(rig, "{\"id\":\"1\",\"type\":\"ack\"}"); /* no welcome */
    rig_run(rig, 5);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_WELCOME);
    rig_say(rig, WELCOME);
    rig_to_live(rig);
    assert_int_equal(rig->heard_count, 2);
    rig_say(rig, WELCOME); /* once more is nothing */
    rig_run(rig, 5);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_LIVE);
    rig_close(rig);
}

static void a_welcome_that_does_not_come_is_an_end(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&futures, named);
    rig->greeting = NULL;
    (void)rig_until(rig, MR_SESSION_WELCOME, 1000);
    (void)rig_until(rig, MR_SESSION_DOWN, 6000);
    assert_string_equal(rig->why, "the venue did not say welcome in time");
    assert_int_equal(rig->metrics->upgrade_failed, 1);
    rig_close(rig);
}

static void greets(struct rig *rig)
{
    rig->greeting = "{\"sessionId\":\"e8\",\"message\":\"welcome\",\"pingInterval\":18000}";
}

static void a_route_without_a_token_waits_for_its_welcome_too(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&spot, greets);
    rig_to_live(rig);
    assert_string_equal(rig->states, "resolve dial tls upgrade welcome subscribe live");
    assert_int_equal(rig->tokens, 0);
    /* a book that lost its thread is subscribed to anew: its snapshot is in the stream */
    assert_int_equal(mr_session_resubscribe(rig->session, MR_DEPTH, "BTC-USDT", rig->now_ns), MR_OK);
    rig_run_with_data(rig, 2000, 500);
    assert_int_equal(rig_heard(rig,
                               "{\"id\":\"2\",\"action\":\"UNSUBSCRIBE\",\"channel\":\"obu\",\"tradeType\":\"SPOT\","
                               "\"symbol\":\"BTC-USDT\",\"depth\":\"increment@10ms\"}"),
                     1);
    rig_close(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_says_where_to_dial_and_how_often_to_ping),
        cmocka_unit_test(a_configured_port_goes_before_that_of_the_token),
        cmocka_unit_test(the_next_dial_brings_another_token),
        cmocka_unit_test(a_token_that_was_not_used_serves_the_next_address),
        cmocka_unit_test(no_token_is_an_end_with_a_name_and_a_back_off),
        cmocka_unit_test(an_answer_that_comes_too_late_is_not_used),
        cmocka_unit_test(a_refused_token_is_replaced),
        cmocka_unit_test(nothing_is_said_before_the_welcome),
        cmocka_unit_test(a_welcome_that_does_not_come_is_an_end),
        cmocka_unit_test(a_route_without_a_token_waits_for_its_welcome_too),
    };
    return MR_TEST_MAIN(tests);
}
