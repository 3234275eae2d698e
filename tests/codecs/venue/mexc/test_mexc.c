/* MEXC futures: each message kind by a hand-written message, in the key orders of today and of old; refusals; REST
 * bodies; recordings. */
#include <stdio.h>

#include "tests/codecs/venue/desk.h"

static void stock(struct mr_desk *desk)
{
    mr_desk_add(desk, "BTC_USDT", "BTC", "USDT", "0.1", "1", 1, 4, 0);
    mr_desk_add(desk, "BTC_USD", "BTC", "USD", "0.5", "1", 100, 0, MR_INSTRUMENT_INVERSE);
    mr_desk_add(desk, "DOGE_USDT", "DOGE", "USDT", "0.00001", "1", 100, 0, 0);
}

static void deals_say_side_price_contracts_and_worth(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"an array stands newest first, and goes out in the order of time",
         "{\"symbol\":\"BTC_USDT\",\"data\":[{\"p\":77526,\"v\":208,\"T\":1,\"O\":3,\"M\":2,\"t\":1788335243261,\"i\":\"16005949690\",\"cts\":\"1788335243261\"},"
         "{\"p\":77525.9,\"v\":5,\"T\":2,\"O\":3,\"M\":1,\"t\":1788335243151,\"i\":\"16005949659\",\"cts\":\"1788335243151\"}],\"channel\":\"push.deal\",\"ts\":1788335243261}",
         "trade BTC_USDT sell 5 at 77525.9 worth 38.76295 seq 16005949659 @1788335243151 first\n"
         "trade BTC_USDT buy 208 at 77526 worth 1612.5408 seq 16005949690 @1788335243261 last"},
        {"one object, channel first: before 2025-08",
         "{\"channel\":\"push.deal\",\"data\":{\"M\":1,\"O\":3,\"T\":2,\"p\":39766.5,\"t\":1646999591755,\"v\":32},\"symbol\":\"BTC_USDT\",\"ts\":1646999591755}",
         "trade BTC_USDT sell 32 at 39766.5 worth 127.2528 seq 0 @1646999591755 first last"},
        {"a coin-margined contract is so many dollars",
         "{\"channel\":\"push.deal\",\"data\":{\"M\":1,\"O\":3,\"T\":1,\"p\":39885.5,\"t\":1647000043904,\"v\":8},\"symbol\":\"BTC_USD\",\"ts\":1647000043904}",
         "trade BTC_USD buy 8 at 39885.5 worth 800 seq 0 @1647000043904 first last"},
        {"exponents and tails of zeros are the same numbers",
         "{\"symbol\":\"BTC_USDT\",\"data\":[{\"p\":9.75E+4,\"v\":10.000000000000000000000000000000,\"T\":1,\"t\":5,\"i\":\"1\"}],\"channel\":\"push.deal\",\"ts\":6}",
         "trade BTC_USDT buy 10 at 97500 worth 97.5 seq 1 @5 first last"},
        {"an id that is no number is no reason to lose a trade",
         "{\"symbol\":\"BTC_USDT\",\"data\":[{\"p\":1,\"v\":1,\"T\":1,\"t\":5,\"i\":\"a-7\"}],\"channel\":\"push.deal\",\"ts\":6}",
         "trade BTC_USDT buy 1 at 1 worth 0.0001 seq 0 @5 first last"},
        {"no deals", "{\"symbol\":\"BTC_USDT\",\"data\":[],\"channel\":\"push.deal\",\"ts\":6}", ""},
        {"blanks and escapes are legal JSON",
         " { \"symb\\u006fl\" : \"BTC\\u005fUSDT\" , \"data\" : [ { \"p\" : 2.5 , \"v\":\"\\u0031\", \"T\" : 1, \"t\":\"5\" } ] , \"channel\":\"push.d\\u0065al\",\"ts\":6}",
         "trade BTC_USDT buy 1 at 2.5 worth 0.00025 seq 0 @5 first last"},
        {"a symbol nothing is known of",
         "{\"symbol\":\"NEW_USDT\",\"data\":[{\"p\":2,\"v\":3,\"T\":1,\"t\":5}],\"channel\":\"push.deal\",\"ts\":6}",
         "trade NEW_USDT buy 3 at 2 worth 6 seq 0 @5 caution first last"},
    };
    /* clang-format on */
    mr_desk_expect("mexc:futures", stock, cases, MR_COUNT_OF(cases));
}

static void books_are_merged_or_single_changes(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"merged: begin to end",
         "{\"symbol\":\"DOGE_USDT\",\"data\":{\"cts\":1789498405531,\"asks\":[[0.080100,2868,1],[0.08039,64,1]],\"bids\":[[0.08003,8905,4],[0.07969,0,0]],"
         "\"end\":8752808003,\"begin\":8752807948,\"version\":8752808003},\"channel\":\"push.depth\",\"ts\":1789498405534}",
         "book DOGE_USDT [0.08003x8905 0.07969x0 | 0.0801x2868 0.08039x64] seq 8752808003 from 8752807948 @1789498405531 first last"},
        {"unmerged: one version",
         "{\"symbol\":\"BTC_USDT\",\"data\":{\"cts\":1789498321765,\"asks\":[[72384.5,42,1]],\"bids\":[],\"version\":37723308980},\"channel\":\"push.depth\",\"ts\":1789498321801}",
         "book BTC_USDT [ | 72384.5x42] seq 37723308980 @1789498321765 first last"},
        {"of 2022: channel first, no cts",
         "{\"channel\":\"push.depth\",\"data\":{\"asks\":[[39961,0,0],[39961.5,0,0]],\"bids\":[[39962.5,58272,1]],\"version\":4702740808},\"symbol\":\"BTC_USDT\",\"ts\":1647000258746}",
         "book BTC_USDT [39962.5x58272 | 39961x0 39961.5x0] seq 4702740808 @1647000258746 first last"},
        {"numbers spelt otherwise, with blanks, as texts, without a count of orders",
         "{\"symbol\":\"BTC_USDT\",\"data\":{\"asks\":[[9.75E+4, 2,1],[ 25329.000000000000000000000000000000,3,1]],\"bids\":[[\"7\",1]],\"version\":3},\"channel\":\"push.depth\",\"ts\":4}",
         "book BTC_USDT [7x1 | 97500x2 25329x3] seq 3 @4 first last"},
        {"a whole top is an image and its best bid and ask",
         "{\"symbol\":\"DOGE_USDT\",\"data\":{\"cts\":1789498322165,\"asks\":[[0.080550,48,1],[0.0806,7,2]],\"bids\":[[0.080490,46,1]],\"version\":5220571685},\"channel\":\"push.depth.full\",\"ts\":1789498322169}",
         "bbo DOGE_USDT [0.08049x46 | 0.08055x48] seq 5220571685 @1789498322165 first\n"
         "book DOGE_USDT [0.08049x46 | 0.08055x48 0.0806x7] seq 5220571685 partial @1789498322165 snapshot last"},
        {"a top with an empty side, of 2022",
         "{\"channel\":\"push.depth.full\",\"data\":{\"asks\":[],\"bids\":[[31647,154,1],[31646.5,1470,1]],\"version\":3087532764},\"symbol\":\"BTC_USD\",\"ts\":1653994948112}",
         "bbo BTC_USD [31647x154 | 0x0] seq 3087532764 @1653994948112 first\n"
         "book BTC_USD [31647x154 31646.5x1470 | ] seq 3087532764 partial @1653994948112 snapshot last"},
        {"a top whose first levels are empty",
         "{\"symbol\":\"DOGE_USDT\",\"data\":{\"cts\":1789498322165,\"asks\":[[0.09,0,0],[0.1,7,2],[0.2,1,1]],\"bids\":[[0.08,0,0],[0.07,0,0],[0.06,0,0],[0.05,0,0],[0.04,5,1]],"
         "\"version\":5},\"channel\":\"push.depth.full\",\"ts\":1789498322169}",
         "bbo DOGE_USDT [0.04x5 | 0.1x7] seq 5 @1789498322165 first\n"
         "book DOGE_USDT [0.08x0 0.07x0 0.06x0 0.05x0 0.04x5 | 0.09x0 0.1x7 0.2x1] seq 5 partial @1789498322165 snapshot last"},
        {"a top of one empty level in front of the other side",
         "{\"symbol\":\"DOGE_USDT\",\"data\":{\"cts\":1789498322165,\"asks\":[[0.1,7,2]],\"bids\":[[0.08,0,0]],\"version\":5},\"channel\":\"push.depth.full\",\"ts\":1789498322169}",
         "bbo DOGE_USDT [0x0 | 0.1x7] seq 5 @1789498322165 first\n"
         "book DOGE_USDT [0.08x0 | 0.1x7] seq 5 partial @1789498322165 snapshot last"},
        {"prices rounded to a step are no book",
         "{\"channel\":\"push.depth.step\",\"data\":{\"asks\":[[1,2,3]],\"bids\":[],\"version\":3},\"symbol\":\"BTC_USD\",\"ts\":5}", ""},
    };
    /* clang-format on */
    mr_desk_expect("mexc:futures", stock, cases, MR_COUNT_OF(cases));
}

static void prices_come_by_tickers_and_alone(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"a ticker: its best bid and ask have no sizes, its funding no time yet",
         "{\"symbol\":\"BTC_USDT\",\"data\":{\"contractId\":10,\"symbol\":\"BTC_USDT\",\"lastPrice\":29911.5,\"bid1\":29911,\"ask1\":29911.5,\"holdVol\":12357864,"
         "\"fundingRate\":0.000072,\"fairPrice\":29911.1,\"indexPrice\":29926.9,\"amount24\":898120149.6331,\"timestamp\":1654165943014},\"channel\":\"push.ticker\",\"ts\":1654165943015}",
         "mark BTC_USDT 29911.1 @1654165943014 first\nindex BTC_USDT 29926.9 @1654165943014\n"
         "funding BTC_USDT 0.000072 next 0 every 0 @1654165943014\n"
         "open_interest BTC_USDT 12357864 contracts worth 36963730.58904 @1654165943014\n"
         "bbo BTC_USDT [29911x1 | 29911.5x1] seq 0 nosizes @1654165943014 last"},
        {"coin-margined, of 2022: amount24 has digits that nobody needs",
         "{\"channel\":\"push.ticker\",\"data\":{\"amount24\":69402.4579798127137243,\"ask1\":29902.5,\"bid1\":29901.5,\"contractId\":77,\"fairPrice\":29903.13,"
         "\"fundingRate\":-0.000012,\"holdVol\":17766,\"indexPrice\":29926.05,\"symbol\":\"BTC_USD\",\"timestamp\":1654165977028},\"symbol\":\"BTC_USD\",\"ts\":1654165977028}",
         "mark BTC_USD 29903.13 @1654165977028 first\nindex BTC_USD 29926.05 @1654165977028\n"
         "funding BTC_USD -0.000012 next 0 every 0 @1654165977028\n"
         "open_interest BTC_USD 17766 contracts worth 1776600 @1654165977028\n"
         "bbo BTC_USD [29901.5x1 | 29902.5x1] seq 0 nosizes @1654165977028 last"},
        {"the funding channel says when",
         "{\"symbol\":\"BTC_USDT\",\"data\":{\"symbol\":\"BTC_USDT\",\"rate\":0.000081,\"nextSettleTime\":1789516800000},\"channel\":\"push.funding.rate\",\"ts\":1789498321765}",
         "funding BTC_USDT 0.000081 next 1789516800000 every 0 @1789498321765 first last"},
        {"and tickers after it, while that has not passed",
         "{\"symbol\":\"BTC_USDT\",\"data\":{\"fundingRate\":-0.0001,\"timestamp\":1789516799999},\"channel\":\"push.ticker\",\"ts\":1789516799999}",
         "funding BTC_USDT -0.0001 next 1789516800000 every 0 @1789516799999 first last"},
        {"but not longer",
         "{\"symbol\":\"BTC_USDT\",\"data\":{\"fundingRate\":-0.0001,\"timestamp\":1789516800000},\"channel\":\"push.ticker\",\"ts\":1789516800001}",
         "funding BTC_USDT -0.0001 next 0 every 0 @1789516800000 first last"},
        {"fair price", "{\"symbol\":\"BTC_USDT\",\"data\":{\"symbol\":\"BTC_USDT\",\"price\":75986},\"channel\":\"push.fair.price\",\"ts\":9}",
         "mark BTC_USDT 75986 @9 first last"},
        {"index price, channel first", "{\"channel\":\"push.index.price\",\"data\":{\"price\":76027.1,\"symbol\":\"BTC_USDT\"},\"symbol\":\"BTC_USDT\",\"ts\":9}",
         "index BTC_USDT 76027.1 @9 first last"},
        {"thirty zeros behind the point", "{\"symbol\":\"BTC_USDT\",\"data\":{\"price\":25329.000000000000000000000000000000},\"channel\":\"push.fair.price\",\"ts\":9}",
         "mark BTC_USDT 25329 @9 first last"},
        {"seventeen digits that count", "{\"symbol\":\"BTC_USDT\",\"data\":{\"price\":8.0759087605568165},\"channel\":\"push.fair.price\",\"ts\":9}",
         "mark BTC_USDT 8.0759087605568165 @9 first last"},
        {"tickers of all: who is not known is passed over",
         "{\"channel\":\"push.tickers\",\"data\":[{\"symbol\":\"ZZZ_USDT\",\"fairPrice\":1},{\"fairPrice\":2,\"symbol\":\"BTC_USD\",\"timestamp\":8},{\"symbol\":\"BTC_USDT\",\"fairPrice\":3}],\"ts\":9}",
         "mark BTC_USD 2 @8 first\nmark BTC_USDT 3 @9 last"},
        {"a whole top has spoken",
         "{\"symbol\":\"BTC_USDT\",\"data\":{\"asks\":[],\"bids\":[],\"version\":5},\"channel\":\"push.depth.full\",\"ts\":7}",
         "bbo BTC_USDT [0x0 | 0x0] seq 5 @7 first\nbook BTC_USDT [ | ] seq 5 partial @7 snapshot last"},
        {"after which a ticker's best bid and ask is the second source",
         "{\"symbol\":\"BTC_USDT\",\"data\":{\"bid1\":1,\"ask1\":2},\"channel\":\"push.ticker\",\"ts\":8}",
         "bbo BTC_USDT [1x1 | 2x1] seq 0 nosizes @8 secondary first last"},
    };
    /* clang-format on */
    mr_desk_expect("mexc:futures", stock, cases, MR_COUNT_OF(cases));
}

static void klines_are_candles_in_contracts(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"a minute, coin-margined: the amount has more digits than any scale, and is not needed",
         "{\"channel\":\"push.kline\",\"data\":{\"a\":8.0759087605568165,\"c\":31439.5,\"h\":31440,\"interval\":\"Min1\",\"l\":31439,\"o\":31439.5,\"q\":2539,\"rc\":1,\"symbol\":\"BTC_USD\","
         "\"t\":1654083720},\"symbol\":\"BTC_USD\",\"ts\":1654083763923}",
         "candle BTC_USD 60s from 1654083720000 o 31439.5 h 31440 l 31439 c 31439.5 v 2539 n 0 @1654083763923 first last"},
        {"a month",
         "{\"symbol\":\"BTC_USDT\",\"data\":{\"symbol\":\"BTC_USDT\",\"interval\":\"Month1\",\"t\":1,\"o\":1,\"c\":2,\"h\":3,\"l\":0.5,\"a\":9,\"q\":8},\"channel\":\"push.kline\",\"ts\":5}",
         "candle BTC_USDT 2592000s from 1000 o 1 h 3 l 0.5 c 2 v 8 n 0 @5 first last"},
    };
    /* clang-format on */
    mr_desk_expect("mexc:futures", stock, cases, MR_COUNT_OF(cases));
}

static void what_is_no_event_is_understood(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"ack", "{\"channel\":\"rs.sub.deal\",\"data\":\"success\",\"ts\":1788335242021}", ""},
        {"no ack", "{\"channel\":\"rs.error\",\"data\":\"Contract [NOPE_USDT] not exists\",\"ts\":1789498321790}", ""},
        {"unsubscribed", "{\"channel\":\"rs.unsub.depth.full\",\"data\":\"success\",\"ts\":1}", ""},
        {"unsubscribed, as old documents spell it", "{\"channel\":\"rs.usub.depth.full\",\"data\":\"success\",\"ts\":1}", ""},
        {"pong", "{\"channel\":\"pong\",\"data\":1789498336785,\"ts\":1789498336785}", ""},
        {"an ack of nothing more", "{\"channel\":\"rs.sub.kline\"}", ""},
        {"an event contract", "{\"channel\":\"push.event.contract\",\"data\":{\"contractId\":1},\"ts\":1}", ""},
        {"a contract that nobody asked for", "{\"channel\":\"push.contract\",\"data\":{\"symbol\":\"ZZZ_USDT\",\"state\":4},\"ts\":1}", ""},
    };
    /* clang-format on */
    mr_desk_expect("mexc:futures", stock, cases, MR_COUNT_OF(cases));
}

/* STATUS is no text of the desk: by its fields. */
static void a_contract_that_stops_trading_is_a_status(void **state)
{
    (void)state;
    static const char text[] =
        "{\"channel\":\"push.contract\",\"data\":{\"symbol\":\"BTC_USDT\",\"state\":%d,\"priceUnit\":0.1},\"ts\":8}";
    struct mr_desk *desk = mr_desk_open("mexc:futures", true);
    stock(desk);
    for (int paused = 0; paused < 2; paused++) {
        char message[256];
        int n = snprintf(message, sizeof message, text, paused ? 4 : 0);
        assert_int_equal(mr_desk_decode(desk, message, (size_t)n), 1);
        assert_int_equal(desk->out->event.kind, MR_EVENT_STATUS);
        assert_int_equal(desk->out->event.price, paused ? MR_STATUS_HALTED : MR_STATUS_LIVE);
        assert_int_equal(desk->out->event.venue_ns, 8000000);
    }
    mr_desk_close(desk);
}

#define DEAL(fields) "{\"symbol\":\"BTC_USDT\",\"data\":[{" fields "}],\"channel\":\"push.deal\",\"ts\":5}"
#define BOOK(fields) "{\"symbol\":\"BTC_USDT\",\"data\":{" fields "},\"channel\":\"push.depth\",\"ts\":5}"
#define FAIR(fields) "{\"symbol\":\"BTC_USDT\",\"data\":{" fields "},\"channel\":\"push.fair.price\",\"ts\":5}"
#define KLINE(fields) "{\"symbol\":\"BTC_USDT\",\"data\":{" fields "},\"channel\":\"push.kline\",\"ts\":5}"

static void what_is_wrong_is_refused_by_name(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_refusal cases[] = {
        {"no price", DEAL("\"v\":1,\"T\":1,\"t\":5"), MR_E_MISSING, "p"},
        {"no side", DEAL("\"p\":1,\"v\":1,\"t\":5"), MR_E_MISSING, "T"},
        {"a third side", DEAL("\"p\":1,\"v\":1,\"T\":3,\"t\":5"), MR_E_RANGE, "T"},
        {"no time", DEAL("\"p\":1,\"v\":1,\"T\":1"), MR_E_MISSING, "t"},
        {"price twice", DEAL("\"p\":1,\"p\":2,\"v\":1,\"T\":1,\"t\":5"), MR_E_MALFORMED, "p"},
        {"negative size", DEAL("\"p\":1,\"v\":-1,\"T\":1,\"t\":5"), MR_E_RANGE, "v"},
        {"more decimals than the scale", DEAL("\"p\":8.0759087605568165,\"v\":1,\"T\":1,\"t\":5"), MR_E_INEXACT, "p"},
        {"price beyond 64 bits", DEAL("\"p\":1E+12,\"v\":1,\"T\":1,\"t\":5"), MR_E_OVERFLOW, "p"},
        {"a number with a leading zero", DEAL("\"p\":01,\"v\":1,\"T\":1,\"t\":5"), MR_E_MALFORMED, NULL},
        {"price is an object", DEAL("\"p\":{},\"v\":1,\"T\":1,\"t\":5"), MR_E_TYPE, "p"},
        {"deals are a text", "{\"symbol\":\"BTC_USDT\",\"data\":\"x\",\"channel\":\"push.deal\",\"ts\":5}", MR_E_TYPE, NULL},
        {"a deal is no object", "{\"symbol\":\"BTC_USDT\",\"data\":[7],\"channel\":\"push.deal\",\"ts\":5}", MR_E_TYPE, NULL},
        {"deals of nobody", "{\"data\":[],\"channel\":\"push.deal\",\"ts\":5}", MR_E_MISSING, "symbol"},
        {"no data", "{\"symbol\":\"BTC_USDT\",\"channel\":\"push.deal\",\"ts\":5}", MR_E_MISSING, "data"},
        {"data twice", "{\"data\":[],\"data\":[],\"channel\":\"push.deal\"}", MR_E_MALFORMED, "data"},
        {"channel twice", "{\"data\":[],\"channel\":\"push.deal\",\"channel\":\"push.depth\"}", MR_E_MALFORMED, "channel"},
        {"a book without asks", BOOK("\"bids\":[],\"version\":1"), MR_E_MISSING, "asks"},
        {"a book without a version", BOOK("\"asks\":[],\"bids\":[]"), MR_E_MISSING, "version"},
        {"a version that is not its end", BOOK("\"asks\":[],\"bids\":[],\"begin\":1,\"end\":3,\"version\":2"), MR_E_RANGE, "end"},
        {"a begin behind the end", BOOK("\"asks\":[],\"bids\":[],\"begin\":4,\"end\":3,\"version\":3"), MR_E_RANGE, "begin"},
        {"a version below zero", BOOK("\"asks\":[],\"bids\":[],\"version\":-3"), MR_E_MALFORMED, "version"},
        {"a side twice", BOOK("\"asks\":[],\"asks\":[],\"bids\":[],\"version\":1"), MR_E_MALFORMED, "asks"},
        {"a level of one", BOOK("\"asks\":[[1]],\"bids\":[],\"version\":1"), MR_E_MISSING, "asks"},
        {"a level that is no array", BOOK("\"asks\":[1],\"bids\":[],\"version\":1"), MR_E_TYPE, "asks"},
        {"a negative size in a level", BOOK("\"asks\":[],\"bids\":[[1,-1,1]],\"version\":1"), MR_E_RANGE, "bids"},
        {"a level's price inexact", BOOK("\"asks\":[[0.123456789,1,1]],\"bids\":[],\"version\":1"), MR_E_INEXACT, "asks"},
        {"a level that is cut", BOOK("\"asks\":[[1,1,1]}"), MR_E_MALFORMED, NULL},
        {"a price with nineteen digits that count", FAIR("\"price\":1.000000000000000001"), MR_E_INEXACT, "price"},
        {"a price of none", FAIR("\"symbol\":\"BTC_USDT\""), MR_E_MISSING, "price"},
        {"a price of another", FAIR("\"symbol\":\"BTC_USD\",\"price\":1"), MR_E_RANGE, "symbol"},
        {"a price without a time", "{\"symbol\":\"BTC_USDT\",\"data\":{\"price\":1},\"channel\":\"push.fair.price\"}", MR_E_MISSING, "ts"},
        {"a candle of no known length", KLINE("\"interval\":\"Min7\",\"t\":1,\"o\":1,\"c\":1,\"h\":1,\"l\":1,\"q\":1"), MR_E_RANGE, "interval"},
        {"a candle of a time beyond", KLINE("\"interval\":\"Min1\",\"t\":9223372037,\"o\":1,\"c\":1,\"h\":1,\"l\":1,\"q\":1"), MR_E_OVERFLOW, "t"},
        {"unknown stream", "{\"symbol\":\"BTC_USDT\",\"data\":{},\"channel\":\"push.moon\",\"ts\":5}", MR_E_UNKNOWN, "push.moon"},
        {"unknown answer", "{\"channel\":\"rs.login\",\"data\":\"success\"}", MR_E_UNKNOWN, "rs.login"},
        {"no channel", "{}", MR_E_UNKNOWN, ""},
        {"unknown, but broken further on", "{\"channel\":\"push.moon\",\"data\":[}", MR_E_MALFORMED, NULL},
        {"cut inside a string", "{\"channel\":\"push.de", MR_E_TRUNCATED, NULL},
        {"a byte too many", "{\"channel\":\"pong\"}x", MR_E_MALFORMED, NULL},
        {"not an object", "[]", MR_E_TYPE, NULL},
        {"nothing", "", MR_E_TRUNCATED, NULL},
    };
    /* clang-format on */
    mr_desk_refuse("mexc:futures", stock, cases, MR_COUNT_OF(cases));
}

static void deals_are_learnt(void **state)
{
    (void)state;
    /* clang-format off */
    static const char *const messages[] = {
        "{\"symbol\":\"BTC_USDT\",\"data\":[{\"p\":77526,\"v\":208,\"T\":1,\"O\":3,\"M\":2,\"t\":1788335243261,\"i\":\"16005949690\",\"cts\":\"1788335243261\"}],\"channel\":\"push.deal\",\"ts\":1788335243261}",
        "{\"symbol\":\"BTC_USDT\",\"data\":[{\"p\":77511,\"v\":999,\"T\":1,\"O\":1,\"M\":1,\"t\":1788335243999,\"i\":\"16005949711\",\"cts\":\"1788335243998\"}],\"channel\":\"push.deal\",\"ts\":1788335244011}",
        "{\"channel\":\"push.deal\",\"data\":{\"M\":1,\"O\":3,\"T\":2,\"p\":39766.5,\"t\":1646999591755,\"v\":32},\"symbol\":\"BTC_USDT\",\"ts\":1646999591755}",
        "{\"channel\":\"push.deal\",\"data\":{\"M\":2,\"O\":1,\"T\":2,\"p\":39799.1,\"t\":1646999592755,\"v\":77},\"symbol\":\"BTC_USDT\",\"ts\":1646999592755}",
    };
    /* clang-format on */
    mr_desk_learns("mexc:futures", stock, messages, MR_COUNT_OF(messages), 2);
}

static void more_deals_than_a_message_may_have_are_refused(void **state)
{
    (void)state;
    mr_desk_most("mexc:futures", stock, "{\"symbol\":\"BTC_USDT\",\"data\":[", "{\"p\":1,\"v\":1,\"T\":1,\"t\":5}",
                 "],\"channel\":\"push.deal\",\"ts\":9}", MR_TRADES_MAX);
}

static void an_output_too_small_is_a_status(void **state)
{
    (void)state;
    mr_desk_room("mexc:futures", stock,
                 BOOK("\"asks\":[[2,1,1],[3,1,1],[4,1,1],[5,1,1]],\"bids\":[[1,1,1]],\"version\":1"), 3);
    mr_desk_room("mexc:futures", stock,
                 DEAL("\"p\":1,\"v\":1,\"T\":1,\"t\":5},{\"p\":1,\"v\":1,\"T\":1,\"t\":5},"
                      "{\"p\":1,\"v\":1,\"T\":1,\"t\":5"),
                 3);
}

static void the_contract_list_fills_the_table(void **state)
{
    (void)state;
    static const char list[] =
        "{\"success\":true,\"code\":0,\"data\":[{\"symbol\":\"BTC_USDT\",\"baseCoin\":\"BTC\",\"quoteCoin\":\"USDT\","
        "\"settleCoin\":\"USDT\",\"contractSize\":0.0001,\"priceScale\":1,\"volScale\":0,\"priceUnit\":0.1,\"volUnit\":"
        "1,"
        "\"minVol\":1,\"state\":0,\"apiAllowed\":false},{\"symbol\":\"BTC_USD\",\"baseCoin\":\"BTC\",\"quoteCoin\":"
        "\"USD\",\"settleCoin\":\"BTC\",\"contractSize\":100,\"priceUnit\":0.5,\"volUnit\":1,\"state\":4},{\"symbol\":"
        "\"SHIB_USDT\",\"baseCoin\":\"SHIB\",\"quoteCoin\":\"USDT\",\"settleCoin\":\"USDT\",\"contractSize\":1E+3,"
        "\"priceUnit\":1.0E-9,\"volUnit\":1,\"state\":0},{\"symbol\":\"ODD_USDT\",\"state\":0}]}";
    struct mr_desk *desk = mr_desk_open("mexc:futures", false);
    assert_int_equal(mr_desk_rest(desk, "https://api.mexc.com/api/v1/contract/detail", list, sizeof list - 1), 0);
    /* clang-format off */
    static const struct mr_desk_instrument instruments[] = {
        {"BTC_USDT", "BTC", "USDT", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD, 10000000, 0, 1, 4},
        {"BTC_USD", "BTC", "USD", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_INVERSE | MR_INSTRUMENT_HALTED, 0, 0, 100, 0},
        {"SHIB_USDT", "SHIB", "USDT", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD, 1, 0, 1000, 0},
        {"ODD_USDT", "", "", MR_TYPE_PERPETUAL, MR_INSTRUMENT_NO_METADATA, 0, 0, 1, 0},
    };
    /* clang-format on */
    mr_desk_instruments(desk, instruments, MR_COUNT_OF(instruments));
    assert_int_equal(mr_instruments_find(desk->table, MR_VENUE_mexc, 0, mr_span_of("SHIB_USDT"))->price_scale, 9);

    static const char one[] =
        "{\"success\":true,\"code\":0,\"data\":{\"symbol\":\"ETH_USDT\",\"baseCoin\":\"ETH\",\"quoteCoin\":\"USDT\","
        "\"settleCoin\":\"USDT\",\"contractSize\":0.01,\"priceUnit\":0.01,\"volUnit\":1,\"state\":0}}";
    assert_int_equal(mr_desk_rest(desk, "/api/v1/contract/detail?symbol=ETH_USDT", one, sizeof one - 1), 0);
    assert_non_null(mr_instruments_find(desk->table, MR_VENUE_mexc, 0, mr_span_of("ETH_USDT")));
    mr_desk_close(desk);
}

static void rest_bodies_are_events(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_body cases[] = {
        {"a book", "https://api.mexc.com/api/v1/contract/depth/BTC_USDT?limit=1000",
         "{\"success\":true,\"code\":0,\"data\":{\"asks\":[[29676.5,20696,2]],\"bids\":[[29675.5,59944,2],[29675,29676,2]],\"version\":5216820883,\"timestamp\":1654328706778}}",
         0, "book BTC_USDT [29675.5x59944 29675x29676 | 29676.5x20696] seq 5216820883 @1654328706778 snapshot first last"},
        {"changes", "/api/v1/contract/depth_commits/BTC_USDT/1000",
         "{\"success\":true,\"code\":0,\"data\":[{\"asks\":[[2,1,1]],\"bids\":[],\"version\":7,\"timestamp\":4},{\"asks\":[],\"bids\":[[1,0,0]],\"version\":8,\"cts\":5}]}",
         0, "book BTC_USDT [ | 2x1] seq 7 @4 first\nbook BTC_USDT [1x0 | ] seq 8 @5 last"},
        {"funding", "/api/v1/contract/funding_rate/BTC_USDT",
         "{\"success\":true,\"code\":0,\"data\":{\"symbol\":\"BTC_USDT\",\"fundingRate\":0.000081,\"maxFundingRate\":0.0018,\"collectCycle\":8,\"nextSettleTime\":1789516800000,\"timestamp\":1789498321765}}",
         0, "funding BTC_USDT 0.000081 next 1789516800000 every 28800000 @1789498321765 first last"},
        {"tickers", "/api/v1/contract/ticker",
         "{\"success\":true,\"code\":0,\"data\":[{\"symbol\":\"BTC_USDT\",\"fairPrice\":2,\"fundingRate\":0.0001,\"timestamp\":1789516000000},{\"symbol\":\"ZZZ_USDT\",\"fairPrice\":2,\"timestamp\":5}]}",
         0, "mark BTC_USDT 2 @1789516000000 first\nfunding BTC_USDT 0.0001 next 1789516800000 every 28800000 @1789516000000 last"},
        {"one ticker", "/api/v1/contract/ticker?symbol=BTC_USD",
         "{\"success\":true,\"code\":0,\"data\":{\"symbol\":\"BTC_USD\",\"holdVol\":5,\"timestamp\":6}}",
         0, "open_interest BTC_USD 5 contracts worth 500 @6 first last"},
        {"a mark", "/api/v1/contract/fair_price/BTC_USDT", "{\"success\":true,\"code\":0,\"data\":{\"symbol\":\"BTC_USDT\",\"fairPrice\":3.5,\"timestamp\":7}}", 0, "mark BTC_USDT 3.5 @7 first last"},
        {"an index", "/api/v1/contract/index_price/BTC_USDT", "{\"success\":true,\"code\":0,\"data\":{\"symbol\":\"BTC_USDT\",\"indexPrice\":4.5,\"timestamp\":7}}", 0, "index BTC_USDT 4.5 @7 first last"},
        {"another body", "/api/v1/contract/ping", "{\"success\":true,\"code\":0,\"data\":1}", MR_E_UNKNOWN, NULL},
        {"a book of nobody", "/api/v1/contract/depth/", "{\"success\":true,\"code\":0,\"data\":{}}", MR_E_UNKNOWN, NULL},
        {"the venue's refusal", "/api/v1/contract/detail", "{\"success\":false,\"code\":510,\"message\":\"Requests are too frequent\"}", MR_E_UNKNOWN, NULL},
        {"a refusal without a code", "/api/v1/contract/detail", "{\"success\":false}", MR_E_UNKNOWN, NULL},
        {"no data", "/api/v1/contract/detail", "{\"success\":true,\"code\":0}", MR_E_MISSING, NULL},
        {"books in a list", "/api/v1/contract/depth/BTC_USDT", "{\"code\":0,\"data\":[]}", MR_E_TYPE, NULL},
        {"a contract without a name", "/api/v1/contract/detail", "{\"code\":0,\"data\":[{\"state\":0}]}", MR_E_MISSING, NULL},
        {"cut", "/api/v1/contract/detail", "{\"success\":true,\"data\":[", MR_E_TRUNCATED, NULL},
    };
    /* clang-format on */
    struct mr_desk *desk = mr_desk_open("mexc:futures", false);
    stock(desk);
    mr_desk_bodies(desk, cases, MR_COUNT_OF(cases));
    mr_desk_close(desk);
}

/* The bodies of the recording have no symbol in their URL, so nobody knows whose they are: each is counted as unknown. */
static void recordings_are_understood_whole(void **state)
{
    (void)state;
    mr_desk_recording("mexc:futures", "mexc", "contract_samples_2021_2022",
                      (const struct mr_desk_count[]){{"push.deal", 4},
                                                     {"push.depth", 4},
                                                     {"push.depth.full", 2},
                                                     {"push.kline", 2},
                                                     {"push.ticker", 2},
                                                     {NULL, 0}});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deals_say_side_price_contracts_and_worth),
        cmocka_unit_test(books_are_merged_or_single_changes),
        cmocka_unit_test(prices_come_by_tickers_and_alone),
        cmocka_unit_test(klines_are_candles_in_contracts),
        cmocka_unit_test(what_is_no_event_is_understood),
        cmocka_unit_test(a_contract_that_stops_trading_is_a_status),
        cmocka_unit_test(what_is_wrong_is_refused_by_name),
        cmocka_unit_test(deals_are_learnt),
        cmocka_unit_test(more_deals_than_a_message_may_have_are_refused),
        cmocka_unit_test(an_output_too_small_is_a_status),
        cmocka_unit_test(the_contract_list_fills_the_table),
        cmocka_unit_test(rest_bodies_are_events),
        cmocka_unit_test(recordings_are_understood_whole),
    };
    return MR_TEST_MAIN(tests);
}
