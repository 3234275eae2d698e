/* Hyperliquid: each message kind by a hand-written message, refusals, and the recordings. */
#include "tests/codecs/venue/desk.h"

#define HOUSE "0x1111111111111111111111111111111111111111"
#define ALICE "0x2222222222222222222222222222222222222222"
#define BOB "0xABCDEFabcdef22222222222222222222222222bb"
#define BOB_L "0xabcdefabcdef22222222222222222222222222bb"

static void stock(struct mr_desk *desk)
{
    mr_desk_add(desk, "BTC", "BTC", "USD", "0.1", "0.00001", 0, 0, 0);
    mr_desk_add(desk, "SOL", "SOL", "USD", "0.0001", "0.01", 0, 0, 0);
}

#define FILL(coin, side, px, sz, time, tid, users)                                                                     \
    "{\"coin\":\"" coin "\",\"side\":\"" side "\",\"px\":\"" px "\",\"sz\":\"" sz "\",\"time\":" time                  \
    ",\"hash\":\"0x7ab6\",\"tid\":" tid ",\"users\":[" users "]}"
#define TRADES(rows) "{\"channel\":\"trades\",\"data\":[" rows "]}"

static void the_first_trades_of_a_coin_are_a_back_fill(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"first of BTC", TRADES(FILL("BTC", "A", "84143.0", "0.00036", "1790232216193", "1045359869404765", "\"" ALICE "\",\"" HOUSE "\"")),
         "trade BTC sell 0.00036 at 84143 worth 30.29148 seq 1045359869404765 @1790232216193 snapshot first last"},
        {"second of BTC, first of SOL; keys in alphabetical order",
         TRADES("{\"coin\":\"BTC\",\"hash\":\"0x0\",\"px\":\"2\",\"side\":\"B\",\"sz\":\"3\",\"tid\":9,\"time\":5,\"users\":[]},"
                FILL("SOL", "B", "1", "2", "6", "10", "")),
         "trade BTC buy 3 at 2 worth 6 seq 9 @5 first\ntrade SOL buy 2 at 1 worth 2 seq 10 @6 snapshot last"},
        {"then all are new", TRADES(FILL("SOL", "A", "1", "2", "7", "11", "") "," FILL("BTC", "A", "1", "2", "7", "12", "")),
         "trade SOL sell 2 at 1 worth 2 seq 11 @7 first\ntrade BTC sell 2 at 1 worth 2 seq 12 @7 last"},
        {"coin last, data before channel",
         "{\"data\":[{\"px\":\"1\",\"sz\":\"2\",\"side\":\"A\",\"time\":8,\"tid\":13,\"coin\":\"BTC\"}],\"channel\":\"trades\"}",
         "trade BTC sell 2 at 1 worth 2 seq 13 @8 first last"},
        {"none", TRADES(""), ""},
    };
    /* clang-format on */
    mr_desk_expect("hyperliquid:perp", stock, cases, MR_COUNT_OF(cases));
}

static void a_reconnect_back_fills_again_and_a_failed_message_does_not_count(void **state)
{
    (void)state;
    static const char good[] = TRADES(FILL("BTC", "A", "1", "2", "7", "12", ""));
    static const char bad[] =
        TRADES(FILL("BTC", "A", "1", "2", "7", "12", "") "," FILL("BTC", "X", "1", "2", "7", "12", ""));
    static const char fresh[] = "trade BTC sell 2 at 1 worth 2 seq 12 @7 snapshot first last";
    struct mr_desk *desk = mr_desk_open("hyperliquid:perp", true);
    stock(desk);
    assert_int_equal(mr_desk_decode(desk, bad, sizeof bad - 1), MR_E_RANGE);
    assert_int_equal(mr_desk_decode(desk, good, sizeof good - 1), 1);
    assert_string_equal(desk->text, fresh);
    assert_int_equal(mr_desk_decode(desk, good, sizeof good - 1), 1);
    assert_string_equal(desk->text, "trade BTC sell 2 at 1 worth 2 seq 12 @7 first last");
    mr_decoder_reset(&desk->dec);
    assert_int_equal(mr_desk_decode(desk, good, sizeof good - 1), 1);
    assert_string_equal(desk->text, fresh);
    mr_desk_close(desk);
}

static void a_liquidators_trade_is_a_liquidation_too(void **state)
{
    (void)state;
    static const struct mr_liquidator house[] = {{HOUSE}, {BOB}};
    /* clang-format off */
    static const struct { const char *says, *message, *events; } cases[] = {
        {"not from a back-fill: it may have been counted before", TRADES(FILL("BTC", "A", "10", "2", "6", "1", "\"" HOUSE "\",\"" ALICE "\"")),
         "trade BTC sell 2 at 10 worth 20 seq 1 @6 snapshot first last"},
        {"the house bought: a long was taken over", TRADES(FILL("BTC", "A", "10", "2", "7", "2", "\"" HOUSE "\",\"" ALICE "\"")),
         "trade BTC sell 2 at 10 worth 20 seq 2 @7 first\nliquidation BTC long 2 at 10 worth 20 seq 2 @7 last"},
        {"the other house sold: a short. Addresses are configured in any case", TRADES(FILL("BTC", "B", "10", "2", "8", "3", "\"" ALICE "\",\"" BOB_L "\"")),
         "trade BTC buy 2 at 10 worth 20 seq 3 @8 first\nliquidation BTC short 2 at 10 worth 20 seq 3 @8 last"},
        {"others", TRADES(FILL("BTC", "B", "10", "2", "9", "4", "\"" ALICE "\",\"" ALICE "\"")), "trade BTC buy 2 at 10 worth 20 seq 4 @9 first last"},
    };
    /* clang-format on */
    struct mr_desk *desk = mr_desk_open("hyperliquid:perp", false);
    stock(desk);
    assert_int_equal(mr_decoder_liquidators(&desk->dec, house, 2), MR_OK);
    for (int round = 0; round < 2; round++) { /* kept over a reconnect */
        for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
            assert_true(mr_desk_decode(desk, cases[i].message, strlen(cases[i].message)) > 0);
            if (strcmp(desk->text, cases[i].events) != 0)
                fail_msg("%s:\n got  %s\n want %s", cases[i].says, desk->text, cases[i].events);
        }
        mr_decoder_reset(&desk->dec);
    }
    static const struct mr_liquidator wrong[] = {
        {"0x12"}, {"1111111111111111111111111111111111111111ab"}, {"0x111111111111111111111111111111111111111g"}};
    for (size_t i = 0; i < MR_COUNT_OF(wrong); i++)
        assert_int_equal(mr_decoder_liquidators(&desk->dec, &wrong[i], 1), MR_E_MALFORMED);
    struct mr_liquidator many[17];
    for (size_t i = 0; i < MR_COUNT_OF(many); i++)
        many[i] = house[0];
    assert_int_equal(mr_decoder_liquidators(&desk->dec, many, 17), MR_E_FULL);
    assert_int_equal(mr_decoder_liquidators(&desk->dec, many, 16), MR_OK);
    mr_desk_close(desk);
}

#define LOST(user) "\"liquidation\":{\"liquidatedUser\":\"" user "\",\"markPx\":\"66607.0\",\"method\":\"market\"}"
#define USER_FILL(side, crossed, loser)                                                                                \
    "{\"coin\":\"BTC\",\"px\":\"66653.0\",\"sz\":\"0.001\",\"side\":\"" side                                           \
    "\",\"time\":1781528065899,\"dir\":\"Open Short\",\"crossed\":" crossed                                            \
    ",\"tid\":745210434703679," LOST(loser) ",\"feeToken\":\"USDC\"}"

static void fills_tell_whose_position_was_closed(void **state)
{
    (void)state;
    static const char long_lost[] =
        "liquidation BTC long 0.001 at 66653 worth 66.653 seq 745210434703679 @1781528065899 first last";
    static const char short_lost[] =
        "liquidation BTC short 0.001 at 66653 worth 66.653 seq 745210434703679 @1781528065899 first last";
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"a maker that sold: the forced order bought, a short", "{\"channel\":\"user\",\"data\":{\"fills\":[" USER_FILL("A", "false", ALICE) "]}}", short_lost},
        {"a taker that sold: the forced order itself, a long", "{\"channel\":\"user\",\"data\":{\"fills\":[" USER_FILL("A", "true", ALICE) "]}}", long_lost},
        {"the followed user's own: its side", "{\"channel\":\"userFills\",\"data\":{\"user\":\"" ALICE "\",\"fills\":[" USER_FILL("A", "false", ALICE) "]}}", long_lost},
        {"a counterparty's: the opposite, fills before user", "{\"channel\":\"userFills\",\"data\":{\"fills\":[" USER_FILL("B", "true", ALICE) "],\"user\":\"" HOUSE "\"}}", long_lost},
        {"fills of before we came", "{\"channel\":\"userFills\",\"data\":{\"isSnapshot\":true,\"user\":\"" ALICE "\",\"fills\":[" USER_FILL("A", "false", ALICE) "]}}", ""},
        {"an ordinary fill", "{\"channel\":\"user\",\"data\":{\"fills\":[{\"coin\":\"BTC\",\"px\":\"1\",\"sz\":\"1\",\"side\":\"A\",\"time\":1}]}}", ""},
        {"another event of a user", "{\"channel\":\"user\",\"data\":{\"funding\":{\"time\":1}}}", ""},
    };
    /* clang-format on */
    mr_desk_expect("hyperliquid:perp", stock, cases, MR_COUNT_OF(cases));
}

static void books_are_images(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"bbo", "{\"channel\":\"bbo\",\"data\":{\"coin\":\"SOL\",\"time\":1765887848009,\"bbo\":[{\"px\":\"128.5\",\"sz\":\"36.93\",\"n\":2},{\"px\":\"128.54\",\"sz\":\"18.7\",\"n\":2}]}}",
         "bbo SOL [128.5x36.93 | 128.54x18.7] seq 1765887848009 @1765887848009 first last"},
        {"nobody bids, alphabetical", "{\"channel\":\"bbo\",\"data\":{\"bbo\":[null,{\"n\":2,\"px\":\"3\",\"sz\":\"4\"}],\"coin\":\"SOL\",\"time\":5}}",
         "bbo SOL [0x0 | 3x4] seq 5 @5 first last"},
        {"nobody at all", "{\"channel\":\"bbo\",\"data\":{\"coin\":\"SOL\",\"time\":5,\"bbo\":[null,null]}}", "bbo SOL [0x0 | 0x0] seq 5 @5 first last"},
        {"l2Book", "{\"channel\":\"l2Book\",\"data\":{\"coin\":\"BTC\",\"time\":7,\"levels\":[[{\"px\":\"10.0\",\"sz\":\"6.98\",\"n\":16},{\"px\":\"9\",\"sz\":\"1\",\"n\":1}],[{\"px\":\"11.0\",\"sz\":\"4\",\"n\":2}]]}}",
         "book BTC [10x6.98 9x1 | 11x4] seq 7 @7 snapshot first last"},
        {"l2Book, alphabetical, levels before coin", "{\"channel\":\"l2Book\",\"data\":{\"levels\":[[{\"n\":1,\"px\":\"10\",\"sz\":\"6\"}],[]],\"coin\":\"BTC\",\"time\":8,\"fast\":true}}",
         "book BTC [10x6 | ] seq 8 @8 snapshot first last"},
        {"a delisted coin", "{\"channel\":\"l2Book\",\"data\":{\"coin\":\"BTC\",\"time\":9,\"levels\":[[],[]]}}", "book BTC [ | ] seq 9 @9 snapshot first last"},
    };
    /* clang-format on */
    mr_desk_expect("hyperliquid:perp", stock, cases, MR_COUNT_OF(cases));
}

static void best_bids_and_asks_are_learnt(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "{\"channel\":\"bbo\",\"data\":{\"coin\":\"SOL\",\"time\":1765887848009,\"bbo\":[{\"px\":\"128.5\",\"sz\":\"36."
        "93\",\"n\":2},{\"px\":\"128.54\",\"sz\":\"18.7\",\"n\":2}]}}",
        "{\"channel\":\"bbo\",\"data\":{\"coin\":\"SOL\",\"time\":1765887848079,\"bbo\":[{\"px\":\"127.4\",\"sz\":\"11."
        "07\",\"n\":5},{\"px\":\"127.56\",\"sz\":\"10.3\",\"n\":9}]}}",
    };
    mr_desk_learns("hyperliquid:perp", stock, messages, MR_COUNT_OF(messages), 1);
}

static void contexts_and_candles(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"a perpetual's context: funding of one hour, interest in coins, worth by the mark",
         "{\"channel\":\"activeAssetCtx\",\"data\":{\"coin\":\"BTC\",\"ctx\":{\"funding\":\"0.0000018952\",\"openInterest\":\"36585.31848\",\"prevDayPx\":\"86627.0\","
         "\"premium\":null,\"oraclePx\":\"84198.0\",\"markPx\":\"84148.0\",\"midPx\":null,\"impactPxs\":null}}}",
         "mark BTC 84148 @0 first\nindex BTC 84198 @0\nfunding BTC 0.0000018952 next 0 every 3600000 @0\n"
         "open_interest BTC 36585.31848 coins worth 3078581379.45504 @0 last"},
        {"a spot pair's", "{\"channel\":\"activeSpotAssetCtx\",\"data\":{\"coin\":\"@107\",\"ctx\":{\"markPx\":\"25.5\",\"midPx\":\"25.6\"}}}",
         "mark @107 25.5 @0 caution first last"},
        {"candle", "{\"channel\":\"candle\",\"data\":{\"t\":1681923600000,\"T\":1681924499999,\"s\":\"BTC\",\"i\":\"15m\",\"o\":\"29295.0\",\"c\":\"29258.0\",\"h\":\"29309.0\",\"l\":\"29250.0\",\"v\":\"0.98639\",\"n\":189}}",
         "candle BTC 900s from 1681923600000 o 29295 h 29309 l 29250 c 29258 v 0.98639 n 189 @0 first last"},
        {"a month", "{\"channel\":\"candle\",\"data\":{\"t\":1,\"s\":\"BTC\",\"i\":\"1M\",\"o\":\"1\",\"c\":\"1\",\"h\":\"1\",\"l\":\"1\",\"v\":\"1\",\"n\":1}}",
         "candle BTC 2592000s from 1 o 1 h 1 l 1 c 1 v 1 n 1 @0 first last"},
    };
    /* clang-format on */
    mr_desk_expect("hyperliquid:perp", stock, cases, MR_COUNT_OF(cases));
}

static void what_is_no_event_is_understood(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"ack", "{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":\"subscribe\",\"subscription\":{\"type\":\"bbo\",\"coin\":\"SOL\"}}}", ""},
        {"pong", "{\"channel\":\"pong\"}", ""},
        {"error", "{\"channel\":\"error\",\"data\":\"Already subscribed: {}\"}", ""},
        {"greeting of old servers, bare text", "Websocket connection established.", ""},
        {"mids", "{\"channel\":\"allMids\",\"data\":{\"mids\":{\"BTC\":\"1\"}}}", ""},
        {"all contexts", "{\"channel\":\"allDexsAssetCtxs\",\"data\":{\"ctxs\":[[\"\",[]]]}}", ""},
        {"packed contexts", "{\"channel\":\"fastAssetCtxs\",\"data\":\"q1ZyCnFW\"}", ""},
    };
    /* clang-format on */
    mr_desk_expect("hyperliquid:perp", stock, cases, MR_COUNT_OF(cases));
}

#define ROW(fields) TRADES("{\"coin\":\"BTC\"," fields "}")
#define BOOK(levels) "{\"channel\":\"l2Book\",\"data\":{\"coin\":\"BTC\",\"time\":1,\"levels\":" levels "}}"
#define BBO(levels) "{\"channel\":\"bbo\",\"data\":{\"coin\":\"BTC\",\"time\":1,\"bbo\":" levels "}}"

static void what_is_wrong_is_refused_by_name(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_refusal cases[] = {
        {"no price", ROW("\"side\":\"A\",\"sz\":\"1\",\"time\":1,\"tid\":1"), MR_E_MISSING, "px"},
        {"no coin", TRADES("{\"side\":\"A\",\"px\":\"1\",\"sz\":\"1\",\"time\":1,\"tid\":1}"), MR_E_MISSING, "coin"},
        {"coin is a number", TRADES("{\"coin\":1,\"side\":\"A\",\"px\":\"1\",\"sz\":\"1\",\"time\":1,\"tid\":1}"), MR_E_TYPE, "coin"},
        {"side", ROW("\"side\":\"C\",\"px\":\"1\",\"sz\":\"1\",\"time\":1,\"tid\":1"), MR_E_RANGE, "side"},
        {"negative size", ROW("\"side\":\"A\",\"px\":\"1\",\"sz\":\"-1\",\"time\":1,\"tid\":1"), MR_E_RANGE, "sz"},
        {"too many decimals", ROW("\"side\":\"A\",\"px\":\"1.0000000001\",\"sz\":\"1\",\"time\":1,\"tid\":1"), MR_E_INEXACT, "px"},
        {"too large", ROW("\"side\":\"A\",\"px\":\"1e12\",\"sz\":\"1\",\"time\":1,\"tid\":1"), MR_E_OVERFLOW, "px"},
        {"tid with a point", ROW("\"side\":\"A\",\"px\":\"1\",\"sz\":\"1\",\"time\":1,\"tid\":1.5"), MR_E_MALFORMED, "tid"},
        {"time is an array", ROW("\"side\":\"A\",\"px\":\"1\",\"sz\":\"1\",\"time\":[],\"tid\":1"), MR_E_TYPE, "time"},
        {"book of one side", BOOK("[[]]"), MR_E_MISSING, "asks"},
        {"book of no side", BOOK("[]"), MR_E_MISSING, "bids"},
        {"book is an object", BOOK("{}"), MR_E_TYPE, NULL},
        {"level without size", BOOK("[[{\"px\":\"1\",\"n\":1}],[]]"), MR_E_MISSING, "bids"},
        {"level with two sizes", BOOK("[[{\"px\":\"1\",\"sz\":\"1\",\"sz\":\"2\"}],[]]"), MR_E_MALFORMED, "bids"},
        {"level negative", BOOK("[[],[{\"px\":\"1\",\"sz\":\"-1\",\"n\":1}]]"), MR_E_RANGE, "asks"},
        {"book without levels", "{\"channel\":\"l2Book\",\"data\":{\"coin\":\"BTC\",\"time\":1}}", MR_E_MISSING, "levels"},
        {"book without time", "{\"channel\":\"l2Book\",\"data\":{\"coin\":\"BTC\",\"levels\":[[],[]]}}", MR_E_MISSING, "time"},
        {"bbo of one", BBO("[null]"), MR_E_MISSING, "ask"},
        {"bbo of a text", BBO("[\"1\",null]"), MR_E_TYPE, NULL},
        {"context of nothing", "{\"channel\":\"activeAssetCtx\",\"data\":{\"coin\":\"BTC\",\"ctx\":{}}}", MR_E_MISSING, "markPx"},
        {"context is null", "{\"channel\":\"activeAssetCtx\",\"data\":{\"coin\":\"BTC\",\"ctx\":null}}", MR_E_MISSING, "ctx"},
        {"candle of no known length", "{\"channel\":\"candle\",\"data\":{\"t\":1,\"s\":\"BTC\",\"i\":\"7x\",\"o\":\"1\"}}", MR_E_RANGE, "i"},
        {"fills are an object", "{\"channel\":\"user\",\"data\":{\"fills\":{}}}", MR_E_TYPE, "fills"},
        {"liquidation is a text", "{\"channel\":\"user\",\"data\":{\"fills\":[{\"coin\":\"BTC\",\"liquidation\":\"yes\"}]}}", MR_E_TYPE, "liquidation"},
        {"unknown channel", "{\"channel\":\"gossip\",\"data\":{}}", MR_E_UNKNOWN, "gossip"},
        {"greetings are not wire kinds", "{\"channel\":\"greeting\"}", MR_E_UNKNOWN, "greeting"},
        {"no channel", "{\"data\":[]}", MR_E_MISSING, "channel"},
        {"no data", "{\"channel\":\"trades\"}", MR_E_MISSING, "data"},
        {"data twice", "{\"channel\":\"trades\",\"data\":[],\"data\":[]}", MR_E_MALFORMED, "data"},
        {"cut", "{\"channel\":\"trades\",\"data\":[{\"coin\":\"BTC\"", MR_E_TRUNCATED, NULL},
        {"half a greeting", "Websocket connection", MR_E_MALFORMED, NULL},
    };
    /* clang-format on */
    mr_desk_refuse("hyperliquid:perp", stock, cases, MR_COUNT_OF(cases));
}

static void rest_bodies_say_themselves_what_they_are(void **state)
{
    (void)state;
    struct mr_desk *desk = mr_desk_open("hyperliquid:perp", false);
    static const char meta[] =
        "{\"universe\":[{\"szDecimals\":5,\"name\":\"BTC\",\"maxLeverage\":40},{\"szDecimals\":0,\"name\":\"kPEPE\","
        "\"maxLeverage\":10,"
        "\"isDelisted\":true},{\"name\":\"xyz:SP500\",\"szDecimals\":3}],\"marginTables\":[],\"collateralToken\":0}";
    assert_int_equal(mr_desk_rest(desk, "https://api.hyperliquid.xyz/info", meta, sizeof meta - 1), 0);
    /* clang-format off */
    static const struct mr_desk_instrument coins[] = { /* ticks: 6 decimals less those of sizes */
        {"BTC", "BTC", "USD", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD, 10000000, 1000, 1, 0},
        {"kPEPE", NULL, NULL, MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_HALTED, 0, 0, 1, 0},
        {"xyz:SP500", "SP500", NULL, MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD, 0, 0, 1, 0},
    };
    /* clang-format on */
    mr_desk_instruments(desk, coins, MR_COUNT_OF(coins));
    static const char both[] = "[{\"universe\":[{\"szDecimals\":5,\"name\":\"BTC\"},{\"szDecimals\":2,\"name\":\"SOL\"}"
                               "]},[{\"funding\":\"0.1\",\"openInterest\":\"2\",\"oraclePx\":\"3\",\"markPx\":\"4\"},"
                               "{\"markPx\":\"5\"}]]";
    assert_int_equal(mr_desk_rest(desk, "/info", both, sizeof both - 1), 5);
    assert_string_equal(desk->text, "mark BTC 4 @0 first\nindex BTC 3 @0\nfunding BTC 0.1 next 0 every 3600000 "
                                    "@0\nopen_interest BTC 2 coins worth 8 @0\nmark SOL 5 @0 last");
    static const char book[] = "{\"coin\":\"BTC\",\"time\":6,\"levels\":[[{\"px\":\"1\",\"sz\":\"2\",\"n\":1}],[]]}";
    assert_int_equal(mr_desk_rest(desk, "/info", book, sizeof book - 1), 2);
    assert_string_equal(desk->text, "book BTC [1x2 | ] seq 6 @6 snapshot first last");
    /* clang-format off */
    static const struct mr_desk_body refused[] = {
        {"another body", "/info", "{\"time\":1}", MR_E_UNKNOWN, NULL},
        {"more contexts than coins", "/info", "[{\"universe\":[]},[{\"markPx\":\"1\"}]]", MR_E_RANGE, NULL},
        {"fewer", "/info", "[{\"universe\":[{\"szDecimals\":5,\"name\":\"BTC\"}]},[]]", MR_E_RANGE, NULL},
        {"no contexts", "/info", "[{\"universe\":[]}]", MR_E_MISSING, NULL},
        {"decimals beyond the venue's", "/info", "{\"universe\":[{\"szDecimals\":7,\"name\":\"BTC\"}]}", MR_E_RANGE, NULL},
        {"cut", "/info", "{\"universe\":[", MR_E_TRUNCATED, NULL},
    };
    /* clang-format on */
    mr_desk_bodies(desk, refused, MR_COUNT_OF(refused));
    mr_desk_close(desk);
}

static void recordings_are_understood_whole(void **state)
{
    (void)state;
    mr_desk_recording("hyperliquid:perp", "hyperliquid", "btc_20250126",
                      (const struct mr_desk_count[]){{"l2Book", 46}, {"trades", 9}, {NULL, 0}});
    mr_desk_recording("hyperliquid:perp", "hyperliquid", "samples_2025",
                      (const struct mr_desk_count[]){{"subscriptionResponse", 1},
                                                     {"bbo", 1},
                                                     {"trades", 1},
                                                     {"l2Book", 1},
                                                     {"activeAssetCtx", 1},
                                                     {"pong", 1},
                                                     {"error", 1},
                                                     {NULL, 0}});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_trades_of_a_coin_are_a_back_fill),
        cmocka_unit_test(a_reconnect_back_fills_again_and_a_failed_message_does_not_count),
        cmocka_unit_test(a_liquidators_trade_is_a_liquidation_too),
        cmocka_unit_test(fills_tell_whose_position_was_closed),
        cmocka_unit_test(books_are_images),
        cmocka_unit_test(best_bids_and_asks_are_learnt),
        cmocka_unit_test(contexts_and_candles),
        cmocka_unit_test(what_is_no_event_is_understood),
        cmocka_unit_test(what_is_wrong_is_refused_by_name),
        cmocka_unit_test(rest_bodies_say_themselves_what_they_are),
        cmocka_unit_test(recordings_are_understood_whole),
    };
    return MR_TEST_MAIN(tests);
}
