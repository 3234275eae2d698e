/* Bybit v5: each message kind by a hand-written message, refusals, and the recordings. */
#include "tests/codecs/venue/desk.h"

static void stock(struct mr_desk *desk)
{
    mr_desk_add(desk, "BTCUSDT", "BTC", "USDT", "0.10", "0.001", 0, 0, 0);
    mr_desk_add(desk, "ETHBTC", "ETH", "BTC", "0.000001", "0.01", 0, 0, 0);
}

static void trades_say_side_price_size_and_worth(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"one trade of today",
         "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1781415763023,\"data\":[{\"T\":1781415763021,\"s\":\"BTCUSDT\","
         "\"S\":\"Sell\",\"v\":\"0.001\",\"p\":\"64345.20\",\"L\":\"MinusTick\",\"i\":\"35319862-77a2-5ebe-851b-3836573c4fe9\",\"BT\":false,"
         "\"RPI\":false,\"seq\":598180439295}]}",
         "trade BTCUSDT sell 0.001 at 64345.2 worth 64.3452 seq 598180439295 @1781415763021 first last"},
        {"two trades of 2024: no seq, no RPI; the second a block trade",
         "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":5,\"data\":[{\"T\":3,\"s\":\"BTCUSDT\",\"S\":\"Buy\",\"v\":\"2\","
         "\"p\":\"10\",\"i\":\"a\",\"BT\":false},{\"T\":4,\"s\":\"BTCUSDT\",\"S\":\"Sell\",\"v\":\"1\",\"p\":\"11\",\"i\":\"b\",\"BT\":true}]}",
         "trade BTCUSDT buy 2 at 10 worth 20 seq 0 @3 first\ntrade BTCUSDT sell 1 at 11 worth 11 seq 0 @4 caution last"},
        {"spot order of keys, and data before its topic",
         "{\"data\":[{\"i\":\"2280000001739247417\",\"T\":1786310821917,\"p\":\"1923.28\",\"v\":\"0.04537\",\"S\":\"Sell\",\"seq\":178477362706,"
         "\"s\":\"BTCUSDT\",\"BT\":false,\"RPI\":false}],\"ts\":1786310821917,\"type\":\"snapshot\",\"topic\":\"publicTrade.BTCUSDT\"}",
         "trade BTCUSDT sell 0.04537 at 1923.28 worth 87.259213 seq 178477362706 @1786310821917 first last"},
        {"blanks and escapes are legal JSON",
         " { \"\\u0074opic\" : \"publicTrade.BTC\\u0055SDT\" , \"ts\":1, \"data\" : [ { \"T\" : 1 , \"S\" : \"\\u0042uy\", \"v\" : \"\\u0031\" , "
         "\"p\" : 2.5 } ] } ",
         "trade BTCUSDT buy 1 at 2.5 worth 2.5 seq 0 @1 first last"},
        {"no trades", "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":5,\"data\":[]}", ""},
        {"a symbol nothing is known of",
         "{\"topic\":\"publicTrade.NEWUSDT\",\"ts\":5,\"data\":[{\"T\":3,\"s\":\"NEWUSDT\",\"S\":\"Buy\",\"v\":\"2\",\"p\":\"10\"}]}",
         "trade NEWUSDT buy 2 at 10 worth 20 seq 0 @3 caution first last"},
    };
    /* clang-format on */
    mr_desk_expect("bybit:linear", stock, cases, MR_COUNT_OF(cases));
}

static void books_are_images_or_changes(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"snapshot, linear order of keys",
         "{\"topic\":\"orderbook.50.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1672304484978,\"data\":{\"s\":\"BTCUSDT\",\"b\":[[\"16493.50\",\"0.006\"],"
         "[\"16493.00\",\"0.1\"]],\"a\":[[\"16611.00\",\"0.029\"]],\"u\":18521288,\"seq\":7961638724},\"cts\":1672304484976}",
         "book BTCUSDT [16493.5x0.006 16493x0.1 | 16611x0.029] seq 18521288 @1672304484976 snapshot first last"},
        {"delta, spot order of keys, a level deleted",
         "{\"topic\":\"orderbook.200.BTCUSDT\",\"ts\":1672304484999,\"type\":\"delta\",\"data\":{\"s\":\"BTCUSDT\",\"b\":[[\"16493.5\",\"0\"]],"
         "\"a\":[],\"u\":18521289,\"seq\":7961638725},\"cts\":1672304484997}",
         "book BTCUSDT [16493.5x0 | ] seq 18521289 @1672304484997 first last"},
        {"asks before bids, type last, no cts",
         "{\"topic\":\"orderbook.1000.BTCUSDT\",\"data\":{\"a\":[[\"3\",\"1\"],[\"4\",\"2\"],[\"5\",\"3\"]],\"b\":[[\"2\",\"7\"],[\"1\",\"8\"]],"
         "\"u\":7},\"ts\":9,\"type\":\"delta\"}",
         "book BTCUSDT [2x7 1x8 | 3x1 4x2 5x3] seq 7 @9 first last"},
        {"u of 1: the service restarted, an image whatever type says",
         "{\"topic\":\"orderbook.500.BTCUSDT\",\"type\":\"delta\",\"ts\":9,\"data\":{\"s\":\"BTCUSDT\",\"b\":[[\"2\",\"7\"]],\"a\":[],\"u\":1,"
         "\"seq\":1}}",
         "book BTCUSDT [2x7 | ] seq 1 reset @9 snapshot first last"},
        {"levels with blanks and bare numbers are walked by the cursor",
         "{\"topic\":\"orderbook.50.BTCUSDT\",\"type\":\"delta\",\"ts\":9,\"data\":{\"b\":[ [ 2 , \"7e0\" ] ],\"a\":[],\"u\":3}}",
         "book BTCUSDT [2x7 | ] seq 3 @9 first last"},
        {"depth 1 is a best bid and ask",
         "{\"topic\":\"orderbook.1.BTCUSDT\",\"ts\":5,\"type\":\"snapshot\",\"data\":{\"s\":\"BTCUSDT\",\"b\":[[\"10\",\"1\"]],\"a\":[[\"11\",\"2\"]],"
         "\"u\":77,\"seq\":8},\"cts\":4}",
         "bbo BTCUSDT [10x1 | 11x2] seq 77 @4 first last"},
        {"depth 1 of before 2025: a delta of one side keeps the other",
         "{\"topic\":\"orderbook.1.BTCUSDT\",\"ts\":6,\"type\":\"delta\",\"data\":{\"s\":\"BTCUSDT\",\"b\":[[\"10\",\"0\"],[\"9.9\",\"3\"]],\"a\":[],"
         "\"u\":78,\"seq\":9}}",
         "bbo BTCUSDT [9.9x3 | 11x2] seq 78 @6 first last"},
        {"depth 1 with an empty side",
         "{\"topic\":\"orderbook.1.BTCUSDT\",\"ts\":7,\"type\":\"snapshot\",\"data\":{\"s\":\"BTCUSDT\",\"b\":[],\"a\":[[\"11\",\"2\"]],\"u\":79}}",
         "bbo BTCUSDT [0x0 | 11x2] seq 79 @7 first last"},
    };
    /* clang-format on */
    mr_desk_expect("bybit:linear", stock, cases, MR_COUNT_OF(cases));
}

static void tickers_complete_what_a_delta_leaves_out(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"a delta before any snapshot reports what it has: no side is made of a price alone, no funding of a time alone",
         "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"symbol\":\"BTCUSDT\",\"markPrice\":\"5\",\"bid1Price\":\"4\","
         "\"nextFundingTime\":\"1760342400000\"},\"cs\":1,\"ts\":10}",
         "mark BTCUSDT 5 @10 first last"},
        {"snapshot",
         "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"snapshot\",\"data\":{\"symbol\":\"BTCUSDT\",\"tickDirection\":\"MinusTick\",\"lastPrice\":\"66666.60\","
         "\"markPrice\":\"66666.60\",\"indexPrice\":\"115418.19\",\"openInterest\":\"492373.72\",\"openInterestValue\":\"32824881841.75123456\","
         "\"fundingIntervalHour\":\"8\",\"nextFundingTime\":\"1760342400000\",\"fundingRate\":\"-0.005\",\"bid1Price\":\"66666.60\","
         "\"bid1Size\":\"23789.165\",\"ask1Price\":\"66666.70\",\"ask1Size\":\"23775.469\",\"preOpenPrice\":\"\"},\"cs\":9532239429,\"ts\":11}",
         "mark BTCUSDT 66666.6 @11 first\nindex BTCUSDT 115418.19 @11\n"
         "funding BTCUSDT -0.005 next 1760342400000 every 28800000 @11\n"
         "open_interest BTCUSDT 492373.72 coins, both sides worth 32824881841.751234 @11\n"
         "bbo BTCUSDT [66666.6x23789.165 | 66666.7x23775.469] seq 0 @11 last"},
        {"delta of one side's size",
         "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"symbol\":\"BTCUSDT\",\"ask1Size\":\"7\"},\"cs\":2,\"ts\":12}",
         "bbo BTCUSDT [66666.6x23789.165 | 66666.7x7] seq 0 @12 first last"},
        {"delta of the rate alone keeps its time",
         "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"symbol\":\"BTCUSDT\",\"fundingRate\":\"0.0001\"},\"ts\":13}",
         "funding BTCUSDT 0.0001 next 1760342400000 every 28800000 @13 first last"},
        {"an empty text takes a side away",
         "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"symbol\":\"BTCUSDT\",\"bid1Price\":\"\",\"bid1Size\":\"\"},\"ts\":14}", ""},
        {"and the other side alone is no best bid and ask",
         "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"symbol\":\"BTCUSDT\",\"ask1Size\":\"8\"},\"ts\":15}", ""},
        {"the one-sided number is preferred where it comes",
         "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"symbol\":\"BTCUSDT\",\"openInterest\":\"10\",\"openInterestValue\":\"100\","
         "\"singleOpenInterest\":\"5\",\"singleOpenInterestValue\":\"50\"},\"ts\":16}",
         "open_interest BTCUSDT 5 coins worth 50 @16 first last"},
        {"after which its double says nothing new",
         "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"symbol\":\"BTCUSDT\",\"openInterest\":\"12\"},\"ts\":17}", ""},
        {"nothing of ours changed", "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"symbol\":\"BTCUSDT\",\"volume24h\":\"1\"},\"ts\":18}", ""},
        {"both sides again, while orderbook.1 is quiet",
         "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"bid1Price\":\"1\",\"bid1Size\":\"2\"},\"ts\":19}",
         "bbo BTCUSDT [1x2 | 66666.7x8] seq 0 @19 first last"},
        {"orderbook.1 speaks",
         "{\"topic\":\"orderbook.1.BTCUSDT\",\"ts\":20,\"type\":\"snapshot\",\"data\":{\"b\":[[\"10\",\"1\"]],\"a\":[[\"11\",\"2\"]],\"u\":77}}",
         "bbo BTCUSDT [10x1 | 11x2] seq 77 @20 first last"},
        {"from then on the ticker's is the second source",
         "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"bid1Size\":\"3\"},\"ts\":21}",
         "bbo BTCUSDT [1x3 | 66666.7x8] seq 0 @21 secondary first last"},
    };
    /* clang-format on */
    mr_desk_expect("bybit:linear", stock, cases, MR_COUNT_OF(cases));
}

static void a_failed_message_leaves_the_last_values_alone(void **state)
{
    (void)state;
    static const char good[] = "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"snapshot\",\"data\":{\"bid1Price\":\"1\","
                               "\"bid1Size\":\"1\",\"ask1Price\":\"2\","
                               "\"ask1Size\":\"1\"},\"ts\":1}";
    static const char bad[] = "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"bid1Price\":\"1.5\","
                              "\"ask1Size\":\"-9\"},\"ts\":2}";
    static const char next[] =
        "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"ask1Size\":\"3\"},\"ts\":3}";
    struct mr_desk *desk = mr_desk_open("bybit:linear", false);
    stock(desk);
    assert_true(mr_desk_decode(desk, good, sizeof good - 1) > 0);
    assert_int_equal(mr_desk_decode(desk, bad, sizeof bad - 1), MR_E_RANGE);
    assert_true(mr_desk_decode(desk, next, sizeof next - 1) > 0);
    assert_string_equal(desk->text, "bbo BTCUSDT [1x1 | 2x3] seq 0 @3 first last");
    mr_decoder_reset(&desk->dec);
    assert_int_equal(mr_desk_decode(desk, next, sizeof next - 1), 0); /* after a reconnect nothing is known */
    mr_desk_close(desk);
}

static void liquidations_name_the_position(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"Buy: a long was liquidated; Sell: a short",
         "{\"topic\":\"allLiquidation.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1791457584979,\"data\":[{\"T\":1791457584957,\"s\":\"BTCUSDT\","
         "\"S\":\"Buy\",\"v\":\"0.5\",\"p\":\"82000\"},{\"T\":1791457584958,\"s\":\"BTCUSDT\",\"S\":\"Sell\",\"v\":\"0.001\",\"p\":\"82001.5\"}]}",
         "liquidation BTCUSDT long 0.5 at 82000 worth 41000 seq 0 @1791457584957 first\n"
         "liquidation BTCUSDT short 0.001 at 82001.5 worth 82.0015 seq 0 @1791457584958 last"},
        {"the retired topic, one object",
         "{\"topic\":\"liquidation.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1703485237953,\"data\":{\"updatedTime\":1703485237953,"
         "\"symbol\":\"BTCUSDT\",\"side\":\"Sell\",\"size\":\"0.003\",\"price\":\"43511.70\"}}",
         "liquidation BTCUSDT short 0.003 at 43511.7 worth 130.5351 seq 0 @1703485237953 first last"},
        {"worth in another currency than dollars is flagged",
         "{\"topic\":\"allLiquidation.ETHBTC\",\"type\":\"snapshot\",\"ts\":9,\"data\":[{\"T\":8,\"s\":\"ETHBTC\",\"S\":\"Buy\",\"v\":\"2\","
         "\"p\":\"0.05\"}]}",
         "liquidation ETHBTC long 2 at 0.05 worth 0.1 seq 0 @8 caution first last"},
    };
    /* clang-format on */
    mr_desk_expect("bybit:linear", stock, cases, MR_COUNT_OF(cases));
}

static void trades_and_liquidations_are_learnt(void **state)
{
    (void)state;
    /* clang-format off */
    static const char *const messages[] = {
        "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1781415763023,\"data\":[{\"T\":1781415763021,\"s\":\"BTCUSDT\",\"S\":\"Sell\",\"v\":\"0.001\","
        "\"p\":\"64345.20\",\"L\":\"MinusTick\",\"i\":\"35319862-77a2-5ebe-851b-3836573c4fe9\",\"BT\":false,\"RPI\":false,\"seq\":598180439295}]}",
        "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1781415763923,\"data\":[{\"T\":1781415763921,\"s\":\"BTCUSDT\",\"S\":\"Sell\",\"v\":\"0.022\","
        "\"p\":\"64341.10\",\"L\":\"MinusTick\",\"i\":\"d5e1986b-fea2-5eba-951c-abcdef3c4fef\",\"BT\":false,\"RPI\":false,\"seq\":598180439911}]}",
        "{\"topic\":\"allLiquidation.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1791457584979,\"data\":[{\"T\":1791457584957,\"s\":\"BTCUSDT\",\"S\":\"Buy\",\"v\":\"0.5\",\"p\":\"82000\"}]}",
        "{\"topic\":\"allLiquidation.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1791457585179,\"data\":[{\"T\":1791457585101,\"s\":\"BTCUSDT\",\"S\":\"Buy\",\"v\":\"0.7\",\"p\":\"81990\"}]}",
    };
    /* clang-format on */
    mr_desk_learns("bybit:linear", stock, messages, MR_COUNT_OF(messages), 2);
}

static void klines_are_candles(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"five minutes, open",
         "{\"topic\":\"kline.5.BTCUSDT\",\"data\":[{\"start\":1672324800000,\"end\":1672325099999,\"interval\":\"5\",\"open\":\"16649.5\","
         "\"close\":\"16677\",\"high\":\"16678\",\"low\":\"16608\",\"volume\":\"2.081\",\"turnover\":\"34666.4005\",\"confirm\":false,"
         "\"timestamp\":1672324988882}],\"ts\":1672324988882,\"type\":\"snapshot\"}",
         "candle BTCUSDT 300s from 1672324800000 o 16649.5 h 16678 l 16608 c 16677 v 2.081 n 0 @1672324988882 first last"},
        {"a day, closed, spot order of keys",
         "{\"type\":\"snapshot\",\"topic\":\"kline.D.BTCUSDT\",\"data\":[{\"start\":1672324800000,\"interval\":\"D\",\"open\":\"1\",\"close\":\"2\","
         "\"high\":\"3\",\"low\":\"0.5\",\"volume\":\"9\",\"confirm\":true,\"timestamp\":7}],\"ts\":8}",
         "candle BTCUSDT 86400s from 1672324800000 o 1 h 3 l 0.5 c 2 v 9 n 0 closed @7 first last"},
    };
    /* clang-format on */
    mr_desk_expect("bybit:linear", stock, cases, MR_COUNT_OF(cases));
}

static void what_is_no_event_is_understood(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case linear[] = {
        {"ack", "{\"success\":true,\"ret_msg\":\"\",\"conn_id\":\"d9\",\"req_id\":\"s1\",\"op\":\"subscribe\"}", ""},
        {"refused", "{\"success\":false,\"ret_msg\":\"args size \\u003e10\",\"conn_id\":\"d7\",\"op\":\"subscribe\"}", ""},
        {"ack of options", "{\"success\":true,\"conn_id\":\"x\",\"data\":{\"failTopics\":[],\"successTopics\":[\"a\"]},\"type\":\"COMMAND_RESP\"}", ""},
        {"unsubscribed", "{\"success\":true,\"ret_msg\":\"\",\"op\":\"unsubscribe\"}", ""},
        {"pong", "{\"success\":true,\"ret_msg\":\"pong\",\"conn_id\":\"6\",\"req_id\":\"p1\",\"op\":\"ping\"}", ""},
        {"pong of options", "{\"args\":[\"1672916271846\"],\"op\":\"pong\"}", ""},
        {"adl", "{\"topic\":\"adlAlert.USDT\",\"type\":\"snapshot\",\"ts\":1,\"data\":[{\"c\":\"USDT\",\"b\":1.5}]}", ""},
        {"insurance", "{\"topic\":\"insurance.USDT\",\"type\":\"delta\",\"ts\":1,\"data\":[]}", ""},
        {"price limit", "{\"topic\":\"priceLimit.BTCUSDT\",\"data\":{\"buyLmt\":\"1\"},\"ts\":1}", ""},
        {"rpi book", "{\"topic\":\"orderbook.rpi.BTCUSDT\",\"type\":\"delta\",\"ts\":1,\"data\":{\"b\":[[\"1\",\"2\",\"3\"]]}}", ""},
    };
    /* clang-format on */
    /* clang-format off */
    static const struct mr_desk_case spot[] = {
        {"spot ticker: last price only",
         "{\"topic\":\"tickers.BTCUSDT\",\"ts\":1,\"type\":\"snapshot\",\"cs\":2,\"data\":{\"symbol\":\"BTCUSDT\",\"lastPrice\":\"65140.5\","
         "\"usdIndexPrice\":\"65091.459221\"}}",
         ""},
    };
    /* clang-format on */
    mr_desk_expect("bybit:linear", stock, linear, MR_COUNT_OF(linear));
    mr_desk_expect("bybit:spot", stock, spot, MR_COUNT_OF(spot));
}

#define TRADE(fields) "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":5,\"data\":[{" fields "}]}"
#define BOOK(fields) "{\"topic\":\"orderbook.50.BTCUSDT\",\"type\":\"delta\",\"ts\":5,\"data\":{" fields "}}"

static void what_is_wrong_is_refused_by_name(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_refusal cases[] = {
        {"no price", TRADE("\"T\":3,\"S\":\"Buy\",\"v\":\"2\""), MR_E_MISSING, "p"},
        {"empty price", TRADE("\"T\":3,\"S\":\"Buy\",\"v\":\"2\",\"p\":\"\""), MR_E_MISSING, "p"},
        {"price is an object", TRADE("\"T\":3,\"S\":\"Buy\",\"v\":\"2\",\"p\":{}"), MR_E_TYPE, "p"},
        {"price is no number", TRADE("\"T\":3,\"S\":\"Buy\",\"v\":\"2\",\"p\":\"1..2\""), MR_E_MALFORMED, "p"},
        {"price twice", TRADE("\"T\":3,\"S\":\"Buy\",\"v\":\"2\",\"p\":\"1\",\"p\":\"2\""), MR_E_MALFORMED, "p"},
        {"negative size", TRADE("\"T\":3,\"S\":\"Buy\",\"v\":\"-2\",\"p\":\"1\""), MR_E_RANGE, "v"},
        {"more decimals than the scale", TRADE("\"T\":3,\"S\":\"Buy\",\"v\":\"2\",\"p\":\"1.000000001\""), MR_E_INEXACT, "p"},
        {"price beyond 64 bits", TRADE("\"T\":3,\"S\":\"Buy\",\"v\":\"2\",\"p\":\"1000000000000\""), MR_E_OVERFLOW, "p"},
        {"notional beyond 64 bits", TRADE("\"T\":3,\"S\":\"Buy\",\"v\":\"90000000000\",\"p\":\"90000000000\""), MR_E_OVERFLOW, "notional"},
        {"time beyond 64 bits of ns", TRADE("\"T\":9223372036855,\"S\":\"Buy\",\"v\":\"2\",\"p\":\"1\""), MR_E_OVERFLOW, "T"},
        {"time with a sign", TRADE("\"T\":-3,\"S\":\"Buy\",\"v\":\"2\",\"p\":\"1\""), MR_E_MALFORMED, "T"},
        {"side of another language", TRADE("\"T\":3,\"S\":\"BUY\",\"v\":\"2\",\"p\":\"1\""), MR_E_RANGE, "S"},
        {"side is a number", TRADE("\"T\":3,\"S\":1,\"v\":\"2\",\"p\":\"1\""), MR_E_TYPE, "S"},
        {"flag is a text", TRADE("\"T\":3,\"S\":\"Buy\",\"v\":\"2\",\"p\":\"1\",\"BT\":\"no\""), MR_E_TYPE, "BT"},
        {"row of another symbol", TRADE("\"T\":3,\"s\":\"ETHBTC\",\"S\":\"Buy\",\"v\":\"2\",\"p\":\"1\""), MR_E_RANGE, "s"},
        {"data is an object", "{\"topic\":\"publicTrade.BTCUSDT\",\"ts\":5,\"data\":{}}", MR_E_TYPE, NULL},
        {"no data", "{\"topic\":\"publicTrade.BTCUSDT\",\"ts\":5}", MR_E_MISSING, "data"},
        {"data twice", "{\"topic\":\"publicTrade.BTCUSDT\",\"data\":[],\"data\":[]}", MR_E_MALFORMED, "data"},
        {"book without bids", BOOK("\"a\":[],\"u\":3"), MR_E_MISSING, "bids"},
        {"book without u", BOOK("\"b\":[],\"a\":[]"), MR_E_MISSING, "u"},
        {"a side twice", BOOK("\"b\":[],\"b\":[],\"a\":[],\"u\":3"), MR_E_MALFORMED, "b"},
        {"a level of one", BOOK("\"b\":[[\"1\"]],\"a\":[],\"u\":3"), MR_E_MISSING, "b"},
        {"a level that is no array", BOOK("\"b\":[\"1\"],\"a\":[],\"u\":3"), MR_E_TYPE, "b"},
        {"a negative size in a level", BOOK("\"b\":[],\"a\":[[\"1\",\"-1\"]],\"u\":3"), MR_E_RANGE, "a"},
        {"a level's price inexact", BOOK("\"b\":[[\"1.123456789\",\"1\"]],\"a\":[],\"u\":3"), MR_E_INEXACT, "b"},
        {"a book of a third type", "{\"topic\":\"orderbook.50.BTCUSDT\",\"type\":\"full\",\"ts\":5,\"data\":{\"b\":[],\"a\":[],\"u\":3}}", MR_E_RANGE, "type"},
        {"a book of no type", "{\"topic\":\"orderbook.50.BTCUSDT\",\"ts\":5,\"data\":{\"b\":[],\"a\":[],\"u\":3}}", MR_E_MISSING, "type"},
        {"a book of no time", "{\"topic\":\"orderbook.50.BTCUSDT\",\"type\":\"delta\",\"data\":{\"b\":[],\"a\":[],\"u\":3}}", MR_E_MISSING, "ts"},
        {"unknown stream", "{\"topic\":\"lunarPhase.BTCUSDT\",\"data\":[]}", MR_E_UNKNOWN, "lunarPhase"},
        {"unknown depth", "{\"topic\":\"orderbook.7.BTCUSDT\",\"data\":[]}", MR_E_UNKNOWN, "orderbook.7"},
        {"unknown answer", "{\"op\":\"sing\"}", MR_E_UNKNOWN, "sing"},
        {"neither topic nor op", "{}", MR_E_UNKNOWN, ""},
        {"unknown, but broken further on", "{\"topic\":\"lunarPhase.BTCUSDT\",\"data\":[}", MR_E_MALFORMED, NULL},
        {"cut inside a string", "{\"topic\":\"publicTr", MR_E_TRUNCATED, NULL},
        {"cut before the last bracket", "{\"topic\":\"publicTrade.BTCUSDT\",\"ts\":5,\"data\":[]", MR_E_TRUNCATED, NULL},
        {"a byte too many", "{\"op\":\"pong\"}x", MR_E_MALFORMED, NULL},
        {"not an object", "[]", MR_E_TYPE, NULL},
        {"nothing", "", MR_E_TRUNCATED, NULL},
    };
    /* clang-format on */
    mr_desk_refuse("bybit:linear", stock, cases, MR_COUNT_OF(cases));
}

static void more_trades_than_the_venue_may_send_are_refused(void **state)
{
    (void)state;
    mr_desk_most("bybit:linear", stock, "{\"topic\":\"publicTrade.BTCUSDT\",\"data\":[",
                 "{\"T\":5,\"S\":\"Buy\",\"v\":\"1\",\"p\":\"1\"}", "]}", MR_TRADES_MAX);
}

static void an_output_too_small_is_a_status(void **state)
{
    (void)state;
    mr_desk_room("bybit:linear", stock,
                 "{\"topic\":\"orderbook.1.BTCUSDT\",\"ts\":5,\"type\":\"snapshot\",\"data\":{\"b\":[[\"10\",\"1\"]],"
                 "\"a\":[[\"11\",\"2\"]],\"u\":7}}",
                 2);
}

static void rest_bodies_fill_the_table_and_give_events(void **state)
{
    (void)state;
    struct mr_desk *desk = mr_desk_open("bybit:linear", false);
    static const char list[] = "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"linear\",\"list\":[{"
                               "\"symbol\":\"BTCUSDT\",\"contractType\":\"LinearPerpetual\","
                               "\"status\":\"Trading\",\"baseCoin\":\"BTC\",\"quoteCoin\":\"USDT\",\"priceFilter\":{"
                               "\"minPrice\":\"0.10\",\"tickSize\":\"0.10\"},"
                               "\"lotSizeFilter\":{\"maxOrderQty\":\"500\",\"qtyStep\":\"0.001\"}},{\"symbol\":\"BTC-"
                               "26DEC26\",\"contractType\":\"LinearFutures\","
                               "\"status\":\"Settling\",\"baseCoin\":\"BTC\",\"quoteCoin\":\"USDC\",\"priceFilter\":{"
                               "\"tickSize\":\"0.5\"},\"lotSizeFilter\":{\"qtyStep\":\"\"}}],"
                               "\"nextPageCursor\":\"\"},\"retExtInfo\":{},\"time\":5}";
    assert_int_equal(
        mr_desk_rest(desk, "https://h/v5/market/instruments-info?category=linear&limit=1000", list, sizeof list - 1),
        0);
    /* clang-format off */
    static const struct mr_desk_instrument instruments[] = {
        {.symbol = "BTCUSDT", .base = "BTC", .quote = "USDT", .type = MR_TYPE_PERPETUAL, .flags = MR_INSTRUMENT_QUOTE_USD,
         .tick = 10000000, .lot = 100000, .multiplier = 1},
        {.symbol = "BTC-26DEC26", .base = "BTC", .quote = "USDC", .type = MR_TYPE_FUTURE,
         .flags = MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_HALTED | MR_INSTRUMENT_NO_METADATA, .multiplier = 1},
    };
    static const struct mr_desk_body bodies[] = {
        {"a book", "https://h/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=1",
         "{\"retCode\":0,\"result\":{\"s\":\"BTCUSDT\",\"a\":[[\"65557.7\",\"16.606555\"]],\"b\":[[\"65485.47\",\"47.081829\"]],"
         "\"ts\":1716863719031,\"u\":230704,\"seq\":1432604333,\"cts\":1716863718905},\"time\":1716863719382}",
         0, "book BTCUSDT [65485.47x47.081829 | 65557.7x16.606555] seq 230704 @1716863718905 snapshot first last"},
        {"tickers", "/v5/market/tickers?category=linear",
         "{\"retCode\":0,\"result\":{\"category\":\"linear\",\"list\":[{\"markPrice\":\"2\",\"symbol\":\"BTCUSDT\",\"bid1Price\":\"1\","
         "\"bid1Size\":\"1\",\"ask1Price\":\"2\",\"ask1Size\":\"2\",\"openInterest\":\"4\",\"openInterestValue\":\"8\"},"
         "{\"symbol\":\"NEWUSDT\",\"indexPrice\":\"3\"}]},\"time\":6}",
         0, "mark BTCUSDT 2 @6 first\nopen_interest BTCUSDT 4 coins, both sides worth 8 @6\nindex NEWUSDT 3 @6 caution last"},
        {"open interest: the newest alone, of one side", "/v5/market/open-interest?category=linear&symbol=BTCUSDT",
         "{\"retCode\":0,\"result\":{\"symbol\":\"BTCUSDT\",\"category\":\"linear\",\"list\":[{\"openInterest\":\"461134384\","
         "\"singleOpenInterest\":\"230567192\",\"timestamp\":\"1669571400000\"},{\"openInterest\":\"1\",\"timestamp\":\"1\"}]}}",
         0, "open_interest BTCUSDT 230567192 coins worth 0 @1669571400000 first last"},
        {"another body", "/v5/market/time", "{}", MR_E_UNKNOWN, NULL},
        {"the venue's refusal", "/v5/market/tickers", "{\"retCode\":10001,\"retMsg\":\"no\",\"result\":{}}", MR_E_UNKNOWN, NULL},
        {"another category", "/v5/market/tickers", "{\"retCode\":0,\"result\":{\"category\":\"option\",\"list\":[]}}", MR_E_UNKNOWN, NULL},
        {"no result", "/v5/market/tickers", "{\"retCode\":0}", MR_E_MISSING, NULL},
        {"a book of nobody", "/v5/market/orderbook", "{\"retCode\":0,\"result\":{}}", MR_E_MISSING, NULL},
        {"cut", "/v5/market/tickers", "{\"retCode\":0,\"result\":{", MR_E_TRUNCATED, NULL},
    };
    /* clang-format on */
    mr_desk_instruments(desk, instruments, MR_COUNT_OF(instruments));
    mr_desk_bodies(desk, bodies, MR_COUNT_OF(bodies));
    mr_desk_close(desk);
}

static void recordings_are_understood_whole(void **state)
{
    (void)state;
    mr_desk_recording("bybit:linear", "bybit", "v5_linear_20260809",
                      (const struct mr_desk_count[]){{"orderbook.200 delta", 1594},
                                                     {"orderbook.200 snapshot", 4},
                                                     {"tickers delta", 754},
                                                     {"tickers snapshot", 4},
                                                     {"publicTrade", 102},
                                                     {"kline.1", 71},
                                                     {"subscribe", 17},
                                                     {NULL, 0}});
    mr_desk_recording("bybit:spot", "bybit", "v5_spot_20260809",
                      (const struct mr_desk_count[]){{"orderbook.200 delta", 548},
                                                     {"orderbook.200 snapshot", 2},
                                                     {"tickers snapshot", 81},
                                                     {"kline.1", 25},
                                                     {"publicTrade", 18},
                                                     {"subscribe", 7},
                                                     {NULL, 0}});
    mr_desk_recording("bybit:linear", "bybit", "v5_allliquidation_samples_202610",
                      (const struct mr_desk_count[]){{"allLiquidation", 2}, {NULL, 0}});
    mr_desk_recording("bybit:linear", "bybit", "v5_control_samples_2023",
                      (const struct mr_desk_count[]){{"subscribe", 5}, {"pong", 1}, {NULL, 0}});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trades_say_side_price_size_and_worth),
        cmocka_unit_test(books_are_images_or_changes),
        cmocka_unit_test(tickers_complete_what_a_delta_leaves_out),
        cmocka_unit_test(a_failed_message_leaves_the_last_values_alone),
        cmocka_unit_test(liquidations_name_the_position),
        cmocka_unit_test(trades_and_liquidations_are_learnt),
        cmocka_unit_test(klines_are_candles),
        cmocka_unit_test(what_is_no_event_is_understood),
        cmocka_unit_test(what_is_wrong_is_refused_by_name),
        cmocka_unit_test(more_trades_than_the_venue_may_send_are_refused),
        cmocka_unit_test(an_output_too_small_is_a_status),
        cmocka_unit_test(rest_bodies_fill_the_table_and_give_events),
        cmocka_unit_test(recordings_are_understood_whole),
    };
    return MR_TEST_MAIN(tests);
}
