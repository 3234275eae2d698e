/* A session that is up: answers, silence, pings, limits, and every way it may end. */
#include <stdio.h>

#include "tests/dataplane/session/rig.h"

enum { BINANCE_PUBLIC, BINANCE_MARKET, BYBIT, OKX, HYPERLIQUID };

/* ---- refused subscriptions ---- */

/* Bybit answers a request as a whole: the one that is blamed stays out, its neighbours are asked for one by one. */
static const struct rig_line bybit_blames[] = {
    {"{\"req_id\":\"1\",\"op\":\"subscribe\",\"args\":[\"publicTrade.BTCUSDT\",\"tickers.BTCUSDT\",\"allLiquidation."
     "BTCUSDT\"]}",
     "{\"success\":false,\"ret_msg\":\"error:handler not "
     "found,topic:tickers.BTCUSDT\",\"req_id\":\"1\",\"op\":\"subscribe\"}",
     NULL},
    {"{\"req_id\":\"2\",\"op\":\"subscribe\",\"args\":[\"publicTrade.BTCUSDT\"]}",
     "{\"success\":true,\"ret_msg\":\"\",\"req_id\":\"2\",\"op\":\"subscribe\"}",
     "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":5,\"data\":[{\"T\":3,\"s\":\"BTCUSDT\",\"S\":"
     "\"Buy\","
     "\"v\":\"2\",\"p\":\"10\"}]}"},
    {"{\"req_id\":\"3\",\"op\":\"subscribe\",\"args\":[\"allLiquidation.BTCUSDT\"]}",
     "{\"success\":true,\"ret_msg\":\"\",\"req_id\":\"3\",\"op\":\"subscribe\"}", NULL},
    {0},
};
/* Binance does not even say which: each goes alone, and then it shows. */
static const struct rig_line binance_blames[] = {
    {"{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@bookTicker\",\"btcusdt@depth@100ms\"],\"id\":1}",
     "{\"code\":2,\"msg\":\"Invalid request\",\"id\":1}", NULL},
    {"{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@bookTicker\"],\"id\":2}", "{\"result\":null,\"id\":2}",
     "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"e\":\"bookTicker\",\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"B\":"
     "\"1\","
     "\"a\":\"2\",\"A\":\"1\",\"T\":1,\"E\":1}}"},
    {"{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@depth@100ms\"],\"id\":3}",
     "{\"code\":2,\"msg\":\"Invalid request\",\"id\":3}", NULL},
    {0},
};
/* OKX answers each argument: the others are not asked for again. */
static const struct rig_line okx_blames[] = {
    {"{\"id\":\"1\",\"op\":\"subscribe\",\"args\":[{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"},{\"channel\":"
     "\"liquidation-orders\",\"instType\":\"SWAP\"}]}",
     "{\"id\":\"1\",\"event\":\"error\",\"code\":\"60018\",\"msg\":\"Wrong URL or channel:liquidation-orders, "
     "instId:SWAP "
     "doesn't exist\"}",
     "{\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"},\"data\":[{\"instId\":\"BTC-USDT-SWAP\","
     "\"tradeId\":"
     "\"1\",\"px\":\"6\",\"sz\":\"3\",\"side\":\"buy\",\"ts\":\"1\"}]}"},
    {0},
};

static void a_refused_stream_does_not_keep_out_its_neighbours(void **state)
{
    static const struct {
        uint32_t venue;
        const struct rig_line *lines;
        uint32_t heard;
    } cases[] = {{BYBIT, bybit_blames, 3}, {BINANCE_PUBLIC, binance_blames, 3}, {OKX, okx_blames, 1}};
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct rig *rig = rig_open(&rig_venues[cases[i].venue], NULL);
        rig->lines = cases[i].lines;
        rig_to_live(rig);
        assert_int_equal(rig->metrics->rejected, 1);
        assert_int_equal(rig->heard_count, cases[i].heard);
        rig_close(rig);
    }
}

static void when_all_is_refused_the_connection_is_given_up(void **state)
{
    static const struct rig_line lines[] = {
        {"{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@bookTicker\",\"btcusdt@depth@100ms\"],\"id\":1}",
         "{\"code\":2,\"msg\":\"Invalid request\",\"id\":1}", NULL},
        {"{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@bookTicker\"],\"id\":2}",
         "{\"code\":2,\"msg\":\"no\",\"id\":2}", NULL},
        {"{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@depth@100ms\"],\"id\":3}",
         "{\"code\":2,\"msg\":\"no\",\"id\":3}", NULL},
        {0},
    };
    (void)state;
    struct rig *rig = rig_open(&rig_venues[BINANCE_PUBLIC], NULL);
    rig->lines = lines;
    rig_run(rig, 1); /* all in one millisecond */
    (void)rig_until(rig, MR_SESSION_DOWN, 5000);
    assert_string_equal(rig->why, "every subscription was refused: no");
    assert_int_equal(rig->metrics->rejected, 2);
    assert_int_equal(rig->close_code, 1000);
    struct mr_session_view view;
    mr_session_view(rig->session, &view);
    assert_in_range(view.next_dial_ns - rig->now_ns, 14000 * RIG_MS, 30000 * RIG_MS); /* it would say the same again */
    rig_close(rig);
}

/* Polymarket's data socket: nothing is acknowledged, activity may be silent, and one unknown topic refuses a whole message. */
#define RTDS_PRICES "{\"topic\":\"crypto_prices\",\"type\":\"*\",\"filters\":\"{\\\"symbol\\\":\\\"btcusdt\\\"}\"}"
#define RTDS_ACTIVITY "{\"topic\":\"activity\",\"type\":\"trades\"}"
#define RTDS_ASKS(what) "{\"action\":\"subscribe\",\"subscriptions\":[" what "]}"
#define RTDS_NO(what)                                                                                                  \
    "{\"body\":{\"message\":\"leger GetTopics error: rpc error: code = NotFound desc = topic: " what                   \
    " and type: x not found\"},\"statusCode\":401}"
#define RTDS_PRICE                                                                                                     \
    "{\"connection_id\":\"a\",\"payload\":{\"full_accuracy_value\":\"79697.73000000\",\"symbol\":\"btcusdt\","         \
    "\"timestamp\":1788600389000,\"value\":79697.73},\"timestamp\":1788600389154,\"topic\":\"crypto_prices\","         \
    "\"type\":"                                                                                                        \
    "\"update\"}"
static const struct mr_stream rtds_streams[] = {{MR_TRADES, ""}, {MR_MARKS, "btcusdt"}};

static struct rig *rtds(const struct rig_line *lines, struct rig_venue *venue)
{
    *venue = (struct rig_venue){.product = "polymarket:rtds",
                                .streams = rtds_streams,
                                .stream_count = 2,
                                .lines = lines,
                                .message = RTDS_PRICE,
                                .channel = MR_MARKS,
                                .symbol = "btcusdt"};
    return rig_open(venue, NULL);
}

static void where_nothing_is_acknowledged_a_stream_that_may_be_silent_keeps_nobody_waiting(void **state)
{
    static const struct rig_line lines[] = {{RTDS_ASKS(RTDS_ACTIVITY "," RTDS_PRICES), NULL, RTDS_PRICE}, {0}};
    struct rig_venue venue;
    (void)state;
    struct rig *rig = rtds(lines, &venue);
    (void)rig_until(rig, MR_SESSION_LIVE, 2000);
    rig_run_with_data(rig, 70000, 1000); /* longer than two patiences */
    assert_int_equal(rig->metrics->mute, 0);
    assert_int_equal(rig->metrics->closes, 0);
    assert_int_equal(rig_heard(rig, RTDS_ASKS(RTDS_ACTIVITY)), 0); /* nor is it asked for again */
    rig_close(rig);
}

static void one_topic_that_is_refused_with_its_whole_message_keeps_out_no_other(void **state)
{
    static const struct rig_line lines[] = {
        {RTDS_ASKS(RTDS_ACTIVITY "," RTDS_PRICES), RTDS_NO("activity"), NULL},
        {RTDS_ASKS(RTDS_PRICES), NULL, RTDS_PRICE},
        {0},
    };
    struct rig_venue venue;
    (void)state;
    struct rig *rig = rtds(lines, &venue);
    (void)rig_until(rig, MR_SESSION_LIVE, 2000);
    rig_run_with_data(rig, 70000, 1000);
    assert_int_equal(rig->metrics->rejected, 1);
    assert_int_equal(rig->metrics->closes, 0);
    assert_int_equal(rig_heard(rig, RTDS_ASKS(RTDS_ACTIVITY "," RTDS_PRICES)), 1);
    assert_int_equal(rig_heard(rig, RTDS_ASKS(RTDS_ACTIVITY)), 0);
    rig_close(rig);
}

static void a_venues_complaint_without_an_address_is_shown(void **state)
{
    struct mr_session_view view;
    (void)state;
    struct rig *rig = rig_open(&rig_venues[HYPERLIQUID], NULL);
    rig_to_live(rig);
    rig_say(rig, "{\"channel\":\"error\",\"data\":\"Error parsing JSON into valid websocket request: x\"}");
    rig_run(rig, 1);
    mr_session_view(rig->session, &view);
    assert_string_equal(view.why, "the venue says: Error parsing JSON into valid websocket request: x");
    assert_int_equal(view.state, MR_SESSION_LIVE);
    rig_close(rig);
}

/* ---- proof by data ---- */

static void a_mute_stream_is_subscribed_again_then_reported_then_welcomed(void **state)
{
    static const char depth[] =
        "{\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1,\"T\":1,\"s\":\"BTCUSDT\",\"U\":1,"
        "\"u\":2,\"pu\":0,\"b\":[],\"a\":[[\"1879.10\",\"0.035\"]]}}";
    struct mr_session_view view;
    (void)state;
    struct rig *rig = rig_open(&rig_venues[BINANCE_PUBLIC], NULL);
    rig_to_live(rig); /* acked, and the best price speaks: the book does not */
    rig_run_with_data(rig, 29000, 500);
    assert_int_equal(rig->heard_count, 1);
    rig_run_with_data(rig, 2500, 500);
    assert_int_equal(rig->heard_count, 3);
    assert_int_equal(rig_heard(rig, "{\"method\":\"UNSUBSCRIBE\",\"params\":[\"btcusdt@depth@100ms\"],\"id\":3}"), 1);
    assert_string_equal(rig_heard_last(rig),
                        "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@depth@100ms\"],\"id\":4}");
    assert_int_equal(rig->mutes, 0);
    rig_run_with_data(rig, 1000, 500);
    rig_say(rig, "{\"result\":null,\"id\":4}"); /* an ack proves nothing */
    rig_run_with_data(rig, 60000, 500);
    assert_int_equal(rig->mutes, 1);
    assert_int_equal(rig->metrics->mute, 1);
    assert_int_equal(rig->heard_count, 3); /* once is enough */
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_LIVE);
    mr_session_view(rig->session, &view);
    assert_int_equal(view.mute, 1);
    assert_int_equal(view.streams_live, 1);
    rig_say(rig, depth);
    rig_run(rig, 1);
    assert_int_equal(rig->unmutes, 1);
    mr_session_view(rig->session, &view);
    assert_int_equal(view.mute, 0);
    assert_int_equal(view.streams_live, 2);
    rig_close(rig);
}

static void acks_without_any_data_are_no_feed(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[BINANCE_PUBLIC], NULL);
    rig->no_data = true;
    (void)rig_until(rig, MR_SESSION_SUBSCRIBE, 100);
    uint32_t ms = rig_until(rig, MR_SESSION_DOWN, 90000);
    assert_in_range(ms, 59000, 62000); /* twice data_s */
    assert_non_null(strstr(rig->why, "no data came on any stream"));
    assert_null(strstr(rig->states, "live"));
    assert_int_equal(rig->metrics->silent, 1);
    assert_int_equal(rig->mutes, 2);
    rig->no_data = false;
    rig_to_live(rig);
    assert_int_equal(rig->unmutes, 1); /* the one that spoke */
    rig_close(rig);
}

static void data_proves_a_stream_also_without_its_ack(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[HYPERLIQUID], NULL);
    rig->no_acks = true;
    (void)rig_until(rig, MR_SESSION_SUBSCRIBE, 100);
    rig_run(rig, 500);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_SUBSCRIBE); /* one of two spoke */
    rig_say(rig,
            "{\"channel\":\"activeAssetCtx\",\"data\":{\"coin\":\"BTC\",\"ctx\":{\"funding\":\"0.1\",\"openInterest\":"
            "\"1\",\"oraclePx\":\"1\",\"markPx\":\"1\"}}}");
    rig_run(rig, 1);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_LIVE);
    rig_close(rig);
}

static const struct mr_stream only_liquidations[] = {{MR_LIQUIDATIONS, ""}};
static const struct rig_line only_liquidations_lines[] = {
    {"{\"method\":\"SUBSCRIBE\",\"params\":[\"!forceOrder@arr\"],\"id\":1}", "{\"result\":null,\"id\":1}", NULL}, {0}};
static const struct rig_venue liquidations = {"binance:usdm",          1,  only_liquidations, 1,
                                              only_liquidations_lines, "", MR_LIQUIDATIONS,   "BTCUSDT"};

static void streams_that_may_be_silent_are_live_when_acked_and_never_mute(void **state)
{
    struct mr_session_view view;
    (void)state;
    struct rig *rig = rig_open(&liquidations, NULL);
    (void)rig_until(rig, MR_SESSION_LIVE, 100);
    rig_run(rig, 600000); /* pings keep it */
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_LIVE);
    assert_int_equal(rig->metrics->closes, 0);
    assert_null(strstr(rig->states, "stale"));
    assert_int_equal(rig->mutes, 0);
    rig_say(
        rig,
        "{\"e\":\"forceOrder\",\"E\":1,\"o\":{\"s\":\"ETHUSDT\",\"S\":\"SELL\",\"q\":\"1\",\"p\":\"3\",\"ap\":\"3\","
        "\"X\":\"FILLED\",\"l\":\"1\",\"z\":\"1\",\"T\":1}}");
    rig_run(rig, 1);
    mr_session_view(rig->session, &view); /* of any symbol */
    assert_int_equal(view.streams_live, 1);
    rig_close(rig);
}

static void what_the_venue_does_not_have_is_counted_at_once(void **state)
{
    static const struct mr_stream streams[] = {{MR_BEST, "BTCUSDT"}, {MR_DEPTH, "BTCUSDT"}, {MR_INTERESTS, "BTCUSDT"}};
    const struct rig_venue venue = {"binance:usdm", 0, streams, 3, rig_venues[BINANCE_PUBLIC].lines, "", 0, ""};
    (void)state;
    struct rig *rig = rig_open(&venue, NULL);
    rig_to_live(rig);
    assert_int_equal(rig->metrics->rejected, 1);
    assert_int_equal(rig->metrics->streams, 2);
    rig_close(rig);
}

static void a_plan_that_cannot_be_is_refused_with_a_sentence(void **state)
{
    static struct mr_stream streams[600];
    static char symbols[600][8];
    static const struct {
        const char *says, *product;
        uint32_t route;
        struct mr_stream stream;
        const char *sentence;
    } cases[] = {
        {"a channel of the other route",
         "binance:usdm",
         0,
         {MR_TRADES, "BTCUSDT"},
         "binance:usdm/public has no stream of channel 0x1 for \"BTCUSDT\""},
        {"a channel that is polled",
         "binance:usdm",
         1,
         {MR_INTERESTS, "BTCUSDT"},
         "binance:usdm/market has no stream of channel 0x40"},
        {"a symbol that cannot be",
         "okx:public",
         0,
         {MR_TRADES, "BTC USDT"},
         "okx:public/public has no stream of channel 0x1 for \"BTC USDT\""},
        {"liquidations of one instrument",
         "okx:public",
         0,
         {MR_LIQUIDATIONS, "BTC-USDT-SWAP"},
         "okx:public/public has no stream"},
    };
    struct mr_session_config config = {.streams = streams, .stream_count = 1};
    struct mr_err err;
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        assert_int_equal(mr_venue_parse(cases[i].product, &config.venue, &config.product, NULL), MR_OK);
        config.route = &mr_dialect_of(config.venue)->products[config.product].routes[cases[i].route];
        streams[0] = cases[i].stream;
        assert_int_equal(mr_session_check(&config, &err), MR_E_INVALID);
        if (strncmp(err.text, cases[i].sentence, strlen(cases[i].sentence)) != 0)
            fail_msg("%s: %s", cases[i].says, err.text);
    }
    for (uint32_t i = 0; i < 600; i++) {
        snprintf(symbols[i], sizeof symbols[i], "S%u", i);
        streams[i] = (struct mr_stream){MR_TRADES, symbols[i % 501]};
    }
    for (config.stream_count = 499; config.stream_count <= 500; config.stream_count++)
        assert_int_equal(mr_session_check(&config, &err), MR_OK);
    assert_int_equal(mr_session_check(&config, &err), MR_E_INVALID);
    assert_string_equal(
        err.text,
        "okx:public/public: 501 subscriptions, and a connection may hold 500: take fewer symbols or channels");
    config.stream_count = 600; /* some are the same: they count once */
    assert_int_equal(mr_session_check(&config, &err), MR_E_INVALID);
    assert_non_null(strstr(err.text, " 501 subscriptions"));
}

/* ---- silence and pings ---- */

static void silence_is_asked_about_then_ends_the_connection(void **state)
{
    (void)state;
    for (uint32_t v = 0; v < rig_venue_count; v++) {
        struct rig *rig = rig_open(&rig_venues[v], NULL);
        rig_to_live(rig);
        rig->no_pongs = true;
        int64_t last = rig->now_ns;
        (void)rig_until(rig, MR_SESSION_STALE, 11000);
        assert_in_range((rig->now_ns - last) / RIG_MS, 9900, 10100);
        (void)rig_until(rig, MR_SESSION_DOWN, 6000);
        assert_in_range((rig->now_ns - last) / RIG_MS, 14900, 15100);
        assert_int_equal(rig->metrics->silent, 1);
        assert_true(rig->metrics->pings >= 2);
        rig->no_pongs = false;
        rig_to_live(rig);
        rig_close(rig);
    }
}

static void a_quiet_connection_that_answers_is_never_stale(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[OKX], NULL);
    rig_to_live(rig);
    rig_run(rig, 100000);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_LIVE);
    assert_null(strstr(rig->states, "stale"));
    assert_true(rig_heard(rig, "ping") >= 100 / 10);
    assert_int_equal(mr_hist_count(&rig->metrics->pong_ns.head), rig->metrics->pings);
    rig_close(rig);
}

static void any_byte_wakes_a_stale_session(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[OKX], NULL);
    rig_to_live(rig);
    rig->no_pongs = true;
    (void)rig_until(rig, MR_SESSION_STALE, 11000);
    rig_say(rig, rig->venue->message);
    rig_run(rig, 1);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_LIVE);
    assert_string_equal(rig->why, "bytes came again");
    rig_close(rig);
}

static void pings_are_sent_as_often_as_the_venue_wants(void **state)
{
    (void)state;
    for (uint32_t v = 0; v < rig_venue_count; v++) {
        struct rig *rig = rig_open(&rig_venues[v], NULL);
        rig_to_live(rig);
        rig_run_with_data(rig, 121000, 250);
        assert_int_equal(rig->metrics->pings, 121 / rig->route.ping_s);
        uint32_t texts = 0;
        for (const char *at = rig->heard; (at = strstr(at, "ping")) != NULL; at++)
            texts++;
        assert_int_equal(rig->route.ping == MR_PING_WS ? rig->server_pings : texts, rig->metrics->pings);
        rig_close(rig);
    }
}

static void the_venues_pings_are_answered_with_their_payload(void **state)
{
    uint8_t payload[125];
    (void)state;
    struct rig *rig = rig_open(&rig_venues[BINANCE_MARKET], NULL);
    rig_to_live(rig);
    for (uint32_t len = 0; len <= 125; len += 25) {
        for (uint32_t i = 0; i < len; i++)
            payload[i] = (uint8_t)(i * 7 + len);
        rig_say_frame(rig, MR_WS_PING, true, payload, len);
        rig_run(rig, 400);
        assert_int_equal(rig->pong_len, len);
        assert_memory_equal(rig->pong, payload, len);
    }
    assert_int_equal(rig->server_pongs, 6);
    assert_int_equal(rig->metrics->pongs, 6);
    rig_close(rig);
}

/* More pings than we may answer: the last one counts. */
static void a_flood_of_pings_is_answered_within_the_limit(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[BINANCE_MARKET], NULL);
    rig_to_live(rig);
    for (uint32_t i = 0; i < 5000; i++) {
        char text[16];
        rig_say_frame(rig, MR_WS_PING, true, text, (uint32_t)snprintf(text, sizeof text, "%u", i));
        rig_run(rig, 1);
    }
    assert_in_range(rig->server_pongs, 40, 10 * 6);
    rig_run(rig, 1200);
    assert_memory_equal(rig->pong, "4999", 4);
    rig_close(rig);
}

/* ---- limits ---- */

static struct mr_stream many[200];
static void nothing_sent_twice(struct rig *rig) { rig->config.data_s = 3000; }

static void client_messages_keep_the_venues_rate(void **state)
{
    static char symbols[200][8];
    static const struct rig_line none[] = {{0}};
    (void)state;
    for (uint32_t i = 0; i < 200; i++) {
        snprintf(symbols[i], sizeof symbols[i], "C%u", i);
        many[i] = (struct mr_stream){MR_BEST, symbols[i]};
    }
    const struct rig_venue venue = {"hyperliquid:perp", 0, many, 200, none, "", 0, ""};
    struct rig *rig = rig_open(&venue, nothing_sent_twice);
    (void)rig_until(rig, MR_SESSION_SUBSCRIBE, 100);
    for (int i = 0; i < 120; i++) {
        rig_run(rig, 100);
        rig_say(rig, "{\"channel\":\"pong\"}");
    }
    assert_int_equal(rig->heard_count, 200);
    for (uint32_t i = 20; i < rig->heard_count; i++)
        assert_true(rig->heard_ns[i] - rig->heard_ns[i - 20] >= 1000 * RIG_MS);
    assert_true(rig->heard_ns[199] - rig->heard_ns[0] <= 11000 * RIG_MS);
    rig_close(rig);
}

static void few_requests_an_hour(struct rig *rig) { rig->route.requests_per_hour = 20; }

static void requests_of_an_hour_are_counted(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[OKX], few_requests_an_hour);
    int status = MR_OK, n = 0;
    rig_to_live(rig);
    for (; n < 20 && status == MR_OK; n++) {
        status = mr_session_resubscribe(rig->session, MR_TRADES, "BTC-USDT-SWAP", rig->now_ns);
        rig_run_with_data(rig, 5000, 1000);
    }
    assert_int_equal(status, MR_E_FULL);
    assert_int_equal(rig->heard_count - rig_heard(rig, "ping"),
                     10); /* half, because any hour has parts of two of ours */
    rig_run_with_data(rig, 3600 * 1000, 5000);
    assert_int_equal(mr_session_resubscribe(rig->session, MR_TRADES, "BTC-USDT-SWAP", rig->now_ns), MR_OK);
    rig_close(rig);
}

/* ---- one stream anew ---- */

static void a_stream_is_asked_for_anew(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[BYBIT], NULL);
    assert_int_equal(mr_session_resubscribe(rig->session, MR_TRADES, "BTCUSDT", rig->now_ns),
                     MR_OK); /* it will be anyway */
    rig_to_live(rig);
    assert_int_equal(rig->heard_count, 1);
    assert_int_equal(mr_session_resubscribe(rig->session, MR_TRADES, "BTCUSDT", rig->now_ns), MR_OK);
    rig_run(rig, 2);
    assert_int_equal(rig_heard(rig, "{\"req_id\":\"2\",\"op\":\"unsubscribe\",\"args\":[\"publicTrade.BTCUSDT\"]}"), 1);
    assert_string_equal(rig_heard_last(rig),
                        "{\"req_id\":\"3\",\"op\":\"subscribe\",\"args\":[\"publicTrade.BTCUSDT\"]}");
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_LIVE);
    assert_int_equal(mr_session_resubscribe(rig->session, MR_DEPTH, "BTCUSDT", rig->now_ns), MR_E_INVALID);
    assert_int_equal(mr_session_resubscribe(rig->session, MR_TRADES, "ETHUSDT", rig->now_ns), MR_E_INVALID);
    rig_close(rig);
    rig = rig_open(&rig_venues[BINANCE_PUBLIC], NULL);
    rig_to_live(rig);
    assert_int_equal(mr_session_resubscribe(rig->session, MR_DEPTH, "BTCUSDT", rig->now_ns), MR_E_UNSUPPORTED);
    /* for want of data it is asked for all the same, wherever its snapshot comes from */
    uint32_t heard = rig->heard_count;
    assert_int_equal(mr_session_renew(rig->session, MR_DEPTH, "BTCUSDT", rig->now_ns), MR_OK);
    rig_run(rig, 2000);
    assert_int_equal(rig->heard_count, heard + 2);
    assert_non_null(strstr(rig_heard_last(rig), "SUBSCRIBE\",\"params\":[\"btcusdt@depth@100ms\"]"));
    assert_int_equal(mr_session_renew(rig->session, MR_TRADES, "BTCUSDT", rig->now_ns), MR_E_INVALID);
    rig_close(rig);
}

/* ---- ends ---- */

static void notices_of_closing_are_followed(void **state)
{
    static const struct {
        uint32_t venue;
        const char *notice, *why;
    } notices[] = {
        {BINANCE_PUBLIC, "{\"stream\":\"!serverShutdown\",\"data\":{\"e\":\"serverShutdown\",\"E\":1}}",
         "serverShutdown"},
        {BINANCE_MARKET, "{\"e\":\"serverShutdown\",\"E\":1}", "serverShutdown"},
        {OKX,
         "{\"event\":\"notice\",\"code\":\"64008\",\"msg\":\"The connection will soon be closed\",\"connId\":\"a\"}",
         "will soon be closed"},
    };
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(notices); i++) {
        struct rig *rig = rig_open(&rig_venues[notices[i].venue], NULL);
        rig_to_live(rig);
        rig_say(rig, notices[i].notice);
        uint32_t ms = rig_until(rig, MR_SESSION_DOWN, 1100);
        assert_true(ms <= 1002);
        assert_non_null(strstr(rig->why, notices[i].why));
        assert_int_equal(rig->metrics->planned, 1);
        assert_int_equal(rig->metrics->protocol + rig->metrics->silent, 0);
        (void)rig_until(rig, MR_SESSION_LIVE, 1300);
        assert_int_equal(rig->close_code, 1000); /* a proper goodbye */
        rig_close(rig);
    }
}

static void short_life(struct rig *rig) { rig->route.life_s = 640; }

static void a_connection_ends_before_the_venue_cuts_it(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[BINANCE_PUBLIC], short_life);
    rig_to_live(rig);
    int64_t opened = rig->now_ns;
    while (!rig->metrics->planned && rig->now_ns - opened < 700000 * RIG_MS)
        rig_run_with_data(rig, 100, 100);
    assert_in_range((rig->now_ns - opened) / RIG_MS, 620000, 630200);
    assert_int_equal(rig->metrics->planned, 1);
    (void)rig_until(rig, MR_SESSION_LIVE, 1300);
    rig_close(rig);
}

static uint32_t planned_asked;
static bool planned_takes;

static bool on_planned(void *arg, struct mr_session *s, const char *why)
{
    (void)arg;
    (void)s;
    assert_non_null(strstr(why, "planned"));
    planned_asked++;
    return planned_takes;
}

static void short_life_asked(struct rig *rig)
{
    rig->route.life_s = 640;
    rig->config.planned = on_planned;
}

static void a_planned_end_waits_for_another_connection_but_not_for_ever(void **state)
{
    (void)state;
    for (int takes = 0; takes < 2; takes++) {
        struct mr_session_view view;
        planned_asked = 0;
        planned_takes = takes;
        struct rig *rig = rig_open(&rig_venues[BINANCE_PUBLIC], short_life_asked);
        rig_to_live(rig);
        int64_t opened = rig->now_ns, asked = 0;
        while (!rig->metrics->planned && rig->now_ns - opened < 700000 * RIG_MS) {
            rig_run_with_data(rig, 100, 100);
            if (planned_asked && !asked)
                asked = rig->now_ns;
            mr_session_view(rig->session, &view);
            if (!rig->metrics->planned)
                assert_int_equal(view.closing, takes && asked);
        }
        assert_int_equal(planned_asked, 1);
        assert_int_equal(rig->metrics->planned, 1);
        int64_t waited_ms = (rig->now_ns - asked) / RIG_MS; /* half of the margin of 10 s */
        assert_in_range(waited_ms, takes ? 4800 : 0, takes ? 5200 : 100);
        assert_true(rig->now_ns - opened < 640000 * RIG_MS); /* still before the venue cuts it */
        rig_close(rig);
    }
}

static struct mr_budgets shared;

static void with_budget(struct rig *rig) { rig->config.budgets = &shared; }

static void dials_keep_the_venues_limit_whoever_dials(void **state)
{
    (void)state;
    shared = (struct mr_budgets){.dials = {.most = 6, .window_s = 60}};
    struct rig *rig = rig_open(&rig_venues[BINANCE_PUBLIC], with_budget);
    rig->refuse = 100;
    assert_int_equal(mr_budget_take(&shared.dials, 1, rig->now_ns), 0); /* somebody else's */
    rig_run(rig, 119000);
    assert_in_range(rig->dials, 5, 8); /* 3 at once, then one in 20 s; one of them was not ours */
    assert_true(rig->metrics->held_back > 0);
    rig_close(rig);
}

static void second_of_two(struct rig *rig)
{
    rig->config.fixed = (struct mr_address){.family = 0};
    rig->config.spread = 1;
}

static void connections_that_bring_the_same_begin_at_different_addresses(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[BINANCE_PUBLIC], second_of_two);
    rig->address_count = 3;
    for (uint8_t i = 0; i < 3; i++)
        rig->addresses[i] = (struct mr_address){.ip = {192, 0, 2, i}, .family = 4};
    rig->refuse = 3;
    rig_run(rig, 50);
    assert_true(rig->dials >= 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(rig->dialled[i].ip[3], (i + 1) % 3);
    rig_close(rig);
}

static void the_peers_close_is_answered(void **state)
{
    static const struct {
        uint16_t code;
        const char *reason, *why;
        uint32_t planned;
    } closes[] = {
        {1000, "bye", "the venue closed: 1000 bye", 0},
        {1001, "going away", "the venue closed: 1001 going away", 1},
        {1012, NULL, "the venue closed: 1012 ", 1},
        {1008, "slow\nclient", "the venue closed: 1008 slow client", 0},
        {0, NULL, "the venue closed, and did not say why", 0},
    };
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(closes); i++) {
        struct rig *rig = rig_open(&rig_venues[i], NULL);
        rig_to_live(rig);
        rig_say_close(rig, closes[i].code, closes[i].reason);
        rig->keep_open = true; /* it has said its goodbye */
        rig_run(rig, 1);
        assert_int_equal(mr_session_state(rig->session), MR_SESSION_DOWN);
        assert_string_equal(rig->why, closes[i].why);
        assert_int_equal(rig->closes_heard, 1);
        assert_int_equal(rig->close_code, closes[i].code ? closes[i].code : MR_WS_CODE_NONE);
        assert_int_equal(rig->metrics->planned, closes[i].planned);
        assert_int_equal(rig->metrics->closes, 1);
        rig_run(rig, 1);
        rig->keep_open = false;
        rig_to_live(rig);
        rig_close(rig);
    }
}

static void our_own_close_waits_for_the_peers_but_not_for_ever(void **state)
{
    (void)state;
    for (int polite = 0; polite < 2; polite++) {
        struct rig *rig = rig_open(&rig_venues[HYPERLIQUID], NULL);
        rig_to_live(rig);
        rig->keep_open = !polite;
        uint32_t delivered = rig->delivered;
        mr_session_reconnect(rig->session, "operator", rig->now_ns);
        assert_int_equal(mr_session_state(rig->session), MR_SESSION_DOWN);
        assert_string_equal(rig->why, "operator");
        rig_say(rig, rig->venue->message); /* what still comes is not delivered: the feed has been told */
        rig_run(rig, 5);
        assert_int_equal(rig->delivered, delivered);
        assert_int_equal(rig->closes_heard, 1);
        assert_int_equal(rig->close_code, 1000);
        assert_int_equal(rig->connected, !polite);
        if (!polite) {
            rig_run(rig, 990);
            assert_true(rig->connected);
            rig_run(rig, 20);
        }
        rig->keep_open = false;
        rig_to_live(rig);
        assert_int_equal(rig->metrics->closes, 1);
        assert_int_equal(rig->dials, 2);
        rig_close(rig);
    }
}

static const uint8_t reserved[] = {0xc1, 0x01, 'x'}, masked[] = {0x81, 0x81, 0, 0, 0, 0, 'x'},
                     not_utf8[] = {0x81, 0x02, 0xc3, 0x28}, lone[] = {0x80, 0x01, 'x'},
                     too_big[] = {0x82, 127, 0, 0, 0, 0, 0, 1, 0, 1}, half_code[] = {0x88, 0x01, 3};
static const struct {
    const char *says;
    const uint8_t *bytes;
    uint32_t len;
    uint16_t code;
    bool too_big;
} broken[] = {
    {"a reserved bit", reserved, sizeof reserved, 1002, false},
    {"a masked frame", masked, sizeof masked, 1002, false},
    {"a continuation of nothing", lone, sizeof lone, 1002, false},
    {"half a close code", half_code, sizeof half_code, 1002, false},
    {"a text that is not UTF-8", not_utf8, sizeof not_utf8, 1007, false},
    {"a message larger than the limit", too_big, sizeof too_big, 1009, true},
};

static void broken_rules_end_it_with_the_right_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(broken); i++) {
        struct rig *rig = rig_open(&rig_venues[i % rig_venue_count], NULL);
        rig_to_live(rig);
        rig_say_plain(rig, broken[i].bytes, broken[i].len);
        rig->keep_open = true;
        rig_run(rig, 1);
        assert_int_equal(mr_session_state(rig->session), MR_SESSION_DOWN);
        assert_int_equal(strncmp(rig->why, "WebSocket: ", 11), 0);
        if (rig->close_code != broken[i].code)
            fail_msg("%s: %u", broken[i].says, rig->close_code);
        assert_int_equal(rig->metrics->too_big, broken[i].too_big);
        assert_int_equal(rig->metrics->protocol, !broken[i].too_big);
        rig->keep_open = false;
        rig_to_live(rig);
        rig_close(rig);
    }
}

static int take_any(struct rig *rig, const struct mr_frame *frame)
{
    mr_session_saw(rig->session, rig->venue->channel, rig->venue->symbol, rig->now_ns);
    rig->masks[0][0] = frame->data[frame->len - 1];
    return 1;
}

static void a_message_of_the_largest_size_passes(void **state)
{
    enum { MAX = 1 << 16 };
    static const uint32_t cuts[] = {0, 1, MAX / 2, MAX - 1};
    (void)state;
    char *text = malloc(MAX);
    memset(text, 'x', MAX);
    text[MAX - 1] = '!';
    for (size_t i = 0; i < MR_COUNT_OF(cuts); i++) {
        struct rig *rig = rig_open(&rig_venues[BYBIT], NULL);
        rig_to_live(rig);
        rig->on_deliver = take_any;
        uint32_t before = rig->delivered;
        for (int n = 0; n < 20; n++) { /* in a row, so that the buffer turns over in every way */
            if (cuts[i])
                rig_say_frame(rig, MR_WS_TEXT, false, text, cuts[i]);
            rig_say_frame(rig, cuts[i] ? MR_WS_CONTINUATION : MR_WS_TEXT, true, text + cuts[i], MAX - cuts[i]);
            rig_say(rig, rig->venue->message);
        }
        rig_run(rig, 1);
        assert_int_equal(rig->delivered - before, 40);
        assert_int_equal(mr_session_state(rig->session), MR_SESSION_LIVE);
        rig_close(rig);
    }
    free(text);
}

static void half_a_frame_then_the_end(void **state)
{
    static const uint8_t half[] = {0x81, 0x20, '{', '"'};
    (void)state;
    struct rig *rig = rig_open(&rig_venues[OKX], NULL);
    rig_to_live(rig);
    uint32_t delivered = rig->delivered;
    rig_say_plain(rig, half, sizeof half);
    rig_hang_up(rig, "closed by peer");
    rig_run(rig, 1);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_DOWN);
    assert_string_equal(rig->why, "the connection ended inside a frame");
    assert_int_equal(rig->delivered, delivered);
    rig_to_live(rig); /* and nothing of it is left over */
    assert_int_equal(rig->metrics->protocol, 0);
    rig_close(rig);
}

static void bytes_that_are_no_record_end_it(void **state)
{
    static const char garbage[] = "\x17\x03\x03\x00\x20this is not what the key would say";
    (void)state;
    struct rig *rig = rig_open(&rig_venues[BINANCE_MARKET], NULL);
    rig_to_live(rig);
    rig_say_wire(rig, garbage, sizeof garbage - 1);
    rig_run(rig, 1);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_DOWN);
    assert_int_equal(rig->metrics->protocol, 1);
    rig_to_live(rig);
    rig_close(rig);
}

static void the_end_of_tls_is_an_end(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[BINANCE_MARKET], NULL);
    rig_to_live(rig);
    SSL_shutdown(rig->peer.ssl);
    rig_run(rig, 1);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_DOWN);
    assert_string_equal(rig->why, "the venue closed without a close frame");
    rig_to_live(rig);
    rig_close(rig);
}

/* Whoever sent the FIN, the venue's TLS did not. */
static void a_fin_without_close_notify_is_counted_and_told(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[BINANCE_MARKET], NULL);
    rig_to_live(rig);
    rig_hang_up(rig, "closed by peer");
    rig_run(rig, 1);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_DOWN);
    assert_int_equal(rig->metrics->truncated, 1);
    assert_non_null(strstr(rig->why, "ended the connection without close_notify: what came last may be missing"));
    rig_to_live(rig);
    SSL_shutdown(rig->peer.ssl);
    rig_hang_up(rig, "closed by peer");
    rig_run(rig, 1);
    assert_string_equal(rig->why, "the venue closed without a close frame");
    rig_to_live(rig);
    rig_hang_up(rig, "connection reset by peer"); /* says enough by itself */
    rig_run(rig, 1);
    assert_string_equal(rig->why, "connection reset by peer");
    assert_int_equal(rig->metrics->truncated, 1);
    rig_to_live(rig);
    rig_close(rig);
}

/* Sending fails, but what the venue said before is still there to be read. */
static void the_last_words_are_read_though_sending_fails(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[BYBIT], NULL);
    rig_to_live(rig);
    rig->broken = true;
    (void)mr_session_resubscribe(rig->session, MR_TRADES, "BTCUSDT", rig->now_ns);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_LIVE);
    rig_say_close(rig, 1008, "too many requests");
    rig_hang_up(rig, "connection reset by peer");
    rig_run(rig, 2);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_DOWN);
    assert_string_equal(rig->why, "the venue closed: 1008 too many requests");
    rig->broken = false;
    rig_to_live(rig);
    rig->broken = true;
    (void)mr_session_resubscribe(rig->session, MR_TRADES, "BTCUSDT", rig->now_ns);
    uint32_t ms = rig_until(rig, MR_SESSION_DOWN, 2000); /* the source says nothing: not for ever */
    assert_in_range(ms, 999, 1002);
    assert_string_equal(rig->why, "the connection does not take our bytes");
    rig->broken = false;
    rig_to_live(rig);
    rig_close(rig);
}

/* ---- what the receiver of a message may do ---- */

static int do_reconnect(struct rig *rig, const struct mr_frame *frame)
{
    (void)frame;
    rig->on_deliver = NULL;
    mr_session_reconnect(rig->session, "a gap", rig->now_ns);
    return 1;
}
static int do_pause(struct rig *rig, const struct mr_frame *frame)
{
    (void)frame;
    rig->on_deliver = NULL;
    mr_session_pause(rig->session, true, rig->now_ns);
    return 0;
}
static int do_resubscribe(struct rig *rig, const struct mr_frame *frame)
{
    (void)frame;
    rig->on_deliver = NULL;
    assert_int_equal(mr_session_resubscribe(rig->session, MR_TRADES, "BTCUSDT", rig->now_ns), MR_OK);
    return -1;
}

static void the_receiver_may_end_or_change_it_in_the_middle_of_a_batch(void **state)
{
    (void)state;
    int (*const acts[])(struct rig *, const struct mr_frame *) = {do_reconnect, do_pause, do_resubscribe};
    for (size_t i = 0; i < MR_COUNT_OF(acts); i++) {
        struct rig *rig = rig_open(&rig_venues[BYBIT], NULL);
        rig_to_live(rig);
        for (int n = 0; n < 50; n++)
            rig_say(rig, rig->venue->message);
        uint32_t delivered = rig->delivered;
        rig->on_deliver = acts[i];
        rig_run(rig, 1);
        assert_int_equal(rig->delivered - delivered, acts[i] == do_resubscribe ? 50 : 1);
        if (acts[i] == do_pause) {
            assert_int_equal(mr_session_state(rig->session), MR_SESSION_PAUSED);
            rig_run(rig, 10);
            mr_session_pause(rig->session, false, rig->now_ns);
        }
        rig_to_live(rig);
        rig_close(rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_stream_does_not_keep_out_its_neighbours),
        cmocka_unit_test(when_all_is_refused_the_connection_is_given_up),
        cmocka_unit_test(where_nothing_is_acknowledged_a_stream_that_may_be_silent_keeps_nobody_waiting),
        cmocka_unit_test(one_topic_that_is_refused_with_its_whole_message_keeps_out_no_other),
        cmocka_unit_test(a_venues_complaint_without_an_address_is_shown),
        cmocka_unit_test(a_mute_stream_is_subscribed_again_then_reported_then_welcomed),
        cmocka_unit_test(acks_without_any_data_are_no_feed),
        cmocka_unit_test(data_proves_a_stream_also_without_its_ack),
        cmocka_unit_test(streams_that_may_be_silent_are_live_when_acked_and_never_mute),
        cmocka_unit_test(what_the_venue_does_not_have_is_counted_at_once),
        cmocka_unit_test(a_plan_that_cannot_be_is_refused_with_a_sentence),
        cmocka_unit_test(silence_is_asked_about_then_ends_the_connection),
        cmocka_unit_test(a_quiet_connection_that_answers_is_never_stale),
        cmocka_unit_test(any_byte_wakes_a_stale_session),
        cmocka_unit_test(pings_are_sent_as_often_as_the_venue_wants),
        cmocka_unit_test(the_venues_pings_are_answered_with_their_payload),
        cmocka_unit_test(a_flood_of_pings_is_answered_within_the_limit),
        cmocka_unit_test(client_messages_keep_the_venues_rate),
        cmocka_unit_test(requests_of_an_hour_are_counted),
        cmocka_unit_test(a_stream_is_asked_for_anew),
        cmocka_unit_test(notices_of_closing_are_followed),
        cmocka_unit_test(a_connection_ends_before_the_venue_cuts_it),
        cmocka_unit_test(a_planned_end_waits_for_another_connection_but_not_for_ever),
        cmocka_unit_test(dials_keep_the_venues_limit_whoever_dials),
        cmocka_unit_test(connections_that_bring_the_same_begin_at_different_addresses),
        cmocka_unit_test(the_peers_close_is_answered),
        cmocka_unit_test(our_own_close_waits_for_the_peers_but_not_for_ever),
        cmocka_unit_test(broken_rules_end_it_with_the_right_code),
        cmocka_unit_test(a_message_of_the_largest_size_passes),
        cmocka_unit_test(half_a_frame_then_the_end),
        cmocka_unit_test(bytes_that_are_no_record_end_it),
        cmocka_unit_test(the_end_of_tls_is_an_end),
        cmocka_unit_test(a_fin_without_close_notify_is_counted_and_told),
        cmocka_unit_test(the_last_words_are_read_though_sending_fails),
        cmocka_unit_test(the_receiver_may_end_or_change_it_in_the_middle_of_a_batch),
    };
    return MR_TEST_MAIN(tests);
}
