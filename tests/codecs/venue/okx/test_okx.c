/* OKX v5: each message kind by a hand-written message, refusals, and the recordings. */
#include "tests/codecs/venue/desk.h"

static void stock(struct mr_desk *desk)
{
    mr_desk_add(desk, "BTC-USDT", "BTC", "USDT", "0.1", "0.00000001", 0, 0, 0);
    /* 0.01 coins a contract */
    mr_desk_add(desk, "BTC-USDT-SWAP", "BTC", "USDT", "0.1", "0.01", 1, 2, 0);
    mr_desk_add(desk, "BTC-USD-SWAP", "BTC", "USD", "0.1", "1", 100, 0, MR_INSTRUMENT_INVERSE); /* 100 dollars */
    mr_desk_add(desk, "ETH-BTC", "ETH", "BTC", "0.00001", "0.000001", 0, 0, 0);
}

#define ARG(channel, symbol) "{\"arg\":{\"channel\":\"" channel "\",\"instId\":\"" symbol "\"},"

static void trades_count_contracts(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"aggregated, linear: 31.27 contracts of 0.01",
         ARG("trades", "BTC-USDT-SWAP") "\"data\":[{\"instId\":\"BTC-USDT-SWAP\",\"tradeId\":\"2701364977\",\"px\":\"64311\",\"sz\":\"31.27\","
         "\"side\":\"buy\",\"ts\":\"1781416584831\",\"count\":\"8\",\"source\":\"0\",\"seqId\":323647402789}]}",
         "trade BTC-USDT-SWAP buy 31.27 at 64311 worth 20110.0497 seq 2701364977 @1781416584831 first last"},
        {"2022, inverse: the price plays no part",
         ARG("trades", "BTC-USD-SWAP") "\"data\":[{\"instId\":\"BTC-USD-SWAP\",\"tradeId\":\"7849\",\"px\":\"30218.8\",\"sz\":\"3\",\"side\":\"sell\","
         "\"ts\":\"1652459199958\"}]}",
         "trade BTC-USD-SWAP sell 3 at 30218.8 worth 300 seq 7849 @1652459199958 first last"},
        {"spot, data before arg, keys in another order",
         "{\"data\":[{\"ts\":\"5\",\"side\":\"sell\",\"sz\":\"0.5\",\"px\":\"10\",\"tradeId\":\"1\",\"instId\":\"BTC-USDT\"},"
         "{\"instId\":\"BTC-USDT\",\"tradeId\":\"2\",\"px\":\"11\",\"sz\":\"1\",\"side\":\"buy\",\"ts\":\"6\"}],"
         "\"arg\":{\"instId\":\"BTC-USDT\",\"channel\":\"trades\"}}",
         "trade BTC-USDT sell 0.5 at 10 worth 5 seq 1 @5 first\ntrade BTC-USDT buy 1 at 11 worth 11 seq 2 @6 last"},
        {"trades-all is the second source",
         ARG("trades-all", "BTC-USDT") "\"data\":[{\"instId\":\"BTC-USDT\",\"tradeId\":\"2\",\"px\":\"11\",\"sz\":\"1\",\"side\":\"buy\",\"ts\":\"6\"}]}",
         "trade BTC-USDT buy 1 at 11 worth 11 seq 2 @6 secondary first last"},
        {"no rows", ARG("trades", "BTC-USDT") "\"data\":[]}", ""},
    };
    /* clang-format on */
    mr_desk_expect("okx:public", stock, cases, MR_COUNT_OF(cases));
}

static void books_follow_by_number_or_checksum(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"snapshot",
         ARG("books", "BTC-USDT") "\"action\":\"snapshot\",\"data\":[{\"asks\":[[\"120.67\",\"90.475897\",\"0\",\"6\"],[\"121\",\"1\",\"0\",\"1\"]],"
         "\"bids\":[[\"120.66\",\"28.448458\",\"0\",\"3\"]],\"ts\":\"1790394877200\",\"checksum\":0,\"seqId\":32032594283,\"prevSeqId\":-1}]}",
         "book BTC-USDT [120.66x28.448458 | 120.67x90.475897 121x1] seq 32032594283 @1790394877200 snapshot first last"},
        {"update",
         ARG("books", "BTC-USDT") "\"action\":\"update\",\"data\":[{\"asks\":[[\"120.67\",\"0\",\"0\",\"0\"]],\"bids\":[[\"1\",\"2\",\"0\",\"1\"],"
         "[\"0.9\",\"2\",\"0\",\"1\"]],\"ts\":\"1790394877300\",\"checksum\":0,\"seqId\":32032594315,\"prevSeqId\":32032594283}]}",
         "book BTC-USDT [1x2 0.9x2 | 120.67x0] seq 32032594315 after 32032594283 @1790394877300 first last"},
        {"bids first, and action last",
         "{\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USDT\"},\"data\":[{\"bids\":[[\"1\",\"2\",\"0\",\"1\"]],\"asks\":[[\"3\",\"4\",\"0\",\"1\"]],"
         "\"ts\":\"7\",\"seqId\":9,\"prevSeqId\":8}],\"action\":\"update\"}",
         "book BTC-USDT [1x2 | 3x4] seq 9 after 8 @7 first last"},
        {"2022: no numbers, a checksum",
         ARG("books", "BTC-USDT") "\"action\":\"update\",\"data\":[{\"asks\":[],\"bids\":[[\"1\",\"2\",\"0\",\"1\"]],\"ts\":\"8\",\"checksum\":-914047754}]}",
         "book BTC-USDT [1x2 | ] seq 0 crc -914047754 @8 first last"},
        {"sixty quiet seconds: a keep-alive",
         ARG("books", "BTC-USDT") "\"action\":\"update\",\"data\":[{\"asks\":[],\"bids\":[],\"ts\":\"9\",\"checksum\":0,\"seqId\":15,\"prevSeqId\":15}]}",
         "book BTC-USDT [ | ] seq 15 after 15 keepalive @9 first last"},
        {"the numbers start again",
         ARG("books", "BTC-USDT") "\"action\":\"update\",\"data\":[{\"asks\":[],\"bids\":[[\"1\",\"2\",\"0\",\"1\"]],\"ts\":\"9\",\"checksum\":0,\"seqId\":3,"
         "\"prevSeqId\":15}]}",
         "book BTC-USDT [1x2 | ] seq 3 after 15 reset @9 first last"},
        {"a snapshot without prevSeqId",
         ARG("books", "BTC-USDT") "\"action\":\"snapshot\",\"data\":[{\"asks\":[],\"bids\":[[\"1\",\"2\",\"0\",\"1\"]],\"ts\":\"9\",\"seqId\":3}]}",
         "book BTC-USDT [1x2 | ] seq 3 @9 snapshot first last"},
        {"five levels are an image that joins nothing",
         ARG("books5", "BTC-USDT") "\"data\":[{\"asks\":[[\"0.773\",\"2.160647\",\"0\",\"2\"]],\"bids\":[[\"0.771\",\"1111.147468\",\"0\",\"5\"]],"
         "\"instId\":\"BTC-USDT\",\"ts\":\"1656326389967\"}]}",
         "book BTC-USDT [0.771x1111.147468 | 0.773x2.160647] seq 0 partial @1656326389967 snapshot first last"},
        {"the best bid and ask",
         ARG("bbo-tbt", "BTC-USDT-SWAP") "\"data\":[{\"asks\":[[\"111.06\",\"55154\",\"0\",\"2\"]],\"bids\":[[\"111.05\",\"57745\",\"0\",\"2\"]],"
         "\"ts\":\"1670324386802\",\"seqId\":363996337}]}",
         "bbo BTC-USDT-SWAP [111.05x57745 | 111.06x55154] seq 363996337 @1670324386802 first last"},
        {"nobody asks",
         ARG("bbo-tbt", "BTC-USDT") "\"data\":[{\"asks\":[],\"bids\":[[\"2\",\"3\",\"0\",\"2\"]],\"ts\":\"5\"}]}",
         "bbo BTC-USDT [2x3 | 0x0] seq 0 @5 first last"},
        {"tickers are the second source of it",
         ARG("tickers", "BTC-USDT") "\"data\":[{\"instType\":\"SPOT\",\"instId\":\"BTC-USDT\",\"last\":\"1\",\"lastSz\":\"\",\"askPx\":\"3\",\"askSz\":\"4\","
         "\"bidPx\":\"\",\"bidSz\":\"\",\"vol24h\":\"9\",\"ts\":\"6\"}]}",
         "bbo BTC-USDT [0x0 | 3x4] seq 0 @6 secondary first last"},
    };
    /* clang-format on */
    mr_desk_expect("okx:public", stock, cases, MR_COUNT_OF(cases));
}

static void values_carry_their_own_scale(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"mark", ARG("mark-price", "BTC-USDT-SWAP") "\"data\":[{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"markPx\":\"42310.63\",\"ts\":\"5\"}]}",
         "mark BTC-USDT-SWAP 42310.63 @5 first last"},
        {"index, of an instrument by its own name",
         ARG("index-tickers", "LTC-USD") "\"data\":[{\"instId\":\"LTC-USD\",\"idxPx\":\"83.79\",\"open24h\":\"81.74\",\"ts\":\"6\"}]}",
         "index LTC-USD 83.79 @6 caution first last"},
        {"funding: what is due next, and for how long",
         ARG("funding-rate", "BTC-USDT-SWAP") "\"data\":[{\"formulaType\":\"withRate\",\"fundingRate\":\"-0.0000441162021490\",\"fundingTime\":\"1764259200000\","
         "\"instId\":\"BTC-USDT-SWAP\",\"instType\":\"SWAP\",\"nextFundingRate\":\"\",\"nextFundingTime\":\"1764288000000\",\"ts\":\"1764232457550\"}]}",
         "funding BTC-USDT-SWAP -0.000044116202149 next 1764259200000 every 28800000 @1764232457550 first last"},
        {"funding of 2022: no time of its own",
         ARG("funding-rate", "BTC-USDT-SWAP") "\"data\":[{\"fundingRate\":\"0.018\",\"fundingTime\":\"1597026383085\",\"instId\":\"BTC-USDT-SWAP\","
         "\"instType\":\"SWAP\",\"nextFundingRate\":\"0.01\"}]}",
         "funding BTC-USDT-SWAP 0.018 next 1597026383085 every 0 @0 first last"},
        {"an empty rate is none", ARG("funding-rate", "BTC-USDT-SWAP") "\"data\":[{\"fundingRate\":\"\",\"fundingTime\":\"\",\"ts\":\"5\"}]}", ""},
        {"open interest in coins",
         ARG("open-interest", "BTC-USDT-SWAP") "\"data\":[{\"instId\":\"BTC-USDT-SWAP\",\"instType\":\"SWAP\",\"oi\":\"2216113.01\",\"oiCcy\":\"22161.1301\","
         "\"oiUsd\":\"1939251795.5400009\",\"ts\":\"9\"}]}",
         "open_interest BTC-USDT-SWAP 22161.1301 coins worth 1939251795.54 @9 first last"},
        {"open interest in contracts where that is all",
         ARG("open-interest", "BTC-USD-SWAP") "\"data\":[{\"instId\":\"BTC-USD-SWAP\",\"oi\":\"5000\",\"oiCcy\":\"\",\"ts\":\"9\"}]}",
         "open_interest BTC-USD-SWAP 5000 contracts worth 0 @9 first last"},
    };
    /* clang-format on */
    mr_desk_expect("okx:public", stock, cases, MR_COUNT_OF(cases));
}

static void candles_come_by_the_business_address(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"one minute, closed",
         ARG("candle1m", "BTC-USDT") "\"data\":[[\"1757076060000\",\"112600.1\",\"112631.9\",\"112477.1\",\"112478\",\"3.10944629\",\"349947.3\",\"349947.3\",\"1\"]]}",
         "candle BTC-USDT 60s from 1757076060000 o 112600.1 h 112631.9 l 112477.1 c 112478 v 3.10944629 n 0 closed @0 first last"},
        {"a shorter row of 2022, of a day by UTC", ARG("candle1Dutc", "BTC-USDT") "\"data\":[[\"60000\",\"1\",\"4\",\"0.5\",\"2\",\"9\",\"18\"]]}",
         "candle BTC-USDT 86400s from 60000 o 1 h 4 l 0.5 c 2 v 9 n 0 @0 first last"},
        {"minutes and months differ by their letter", ARG("candle3M", "BTC-USDT") "\"data\":[[\"60000\",\"1\",\"4\",\"0.5\",\"2\",\"9\"]]}",
         "candle BTC-USDT 7776000s from 60000 o 1 h 4 l 0.5 c 2 v 9 n 0 @0 first last"},
    };
    /* clang-format on */
    mr_desk_expect("okx:business", stock, cases, MR_COUNT_OF(cases));
}

#define LIQUIDATION(rows) "{\"arg\":{\"channel\":\"liquidation-orders\",\"instType\":\"SWAP\"},\"data\":[" rows "]}"
#define DETAIL(px, pos, side, sz, ts)                                                                                  \
    "{\"bkLoss\":\"0\",\"bkPx\":\"" px "\",\"ccy\":\"\",\"posSide\":\"" pos "\",\"side\":\"" side "\",\"sz\":\"" sz    \
    "\",\"ts\":\"" ts "\"}"

static void liquidations_are_of_the_position_that_was_closed(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"sold: a long. 1,000 contracts of 0.01 at 63,524.6",
         LIQUIDATION("{\"details\":[" DETAIL("63524.6", "long", "sell", "1000", "5") "],\"instFamily\":\"BTC-USDT\",\"instId\":\"BTC-USDT-SWAP\","
                     "\"instType\":\"SWAP\",\"uly\":\"BTC-USDT\"}"),
         "liquidation BTC-USDT-SWAP long 1000 at 63524.6 worth 635246 seq 0 @5 first last"},
        {"two rows, three details, one of it inverse",
         LIQUIDATION("{\"instId\":\"BTC-USDT-SWAP\",\"details\":[" DETAIL("10", "short", "buy", "2", "6") "," DETAIL("11", "net", "sell", "3", "7") "]},"
                     "{\"details\":[" DETAIL("10", "short", "buy", "7", "8") "],\"instId\":\"BTC-USD-SWAP\"}"),
         "liquidation BTC-USDT-SWAP short 2 at 10 worth 0.2 seq 0 @6 first\nliquidation BTC-USDT-SWAP long 3 at 11 worth 0.33 seq 0 @7\n"
         "liquidation BTC-USD-SWAP short 7 at 10 worth 700 seq 0 @8 last"},
        {"a swap nothing is known of: its contract may stand for anything",
         LIQUIDATION("{\"details\":[" DETAIL("0.09859", "short", "buy", "10975", "9") "],\"instId\":\"MINA-USDT-SWAP\"}"),
         "liquidation MINA-USDT-SWAP short 10975 at 0.09859 worth 1082.02525 seq 0 @9 caution first last"},
        {"worth in another currency is flagged",
         LIQUIDATION("{\"details\":[" DETAIL("0.05", "net", "buy", "2", "9") "],\"instId\":\"ETH-BTC\"}"),
         "liquidation ETH-BTC short 2 at 0.05 worth 0.1 seq 0 @9 caution first last"},
        {"none", LIQUIDATION("{\"details\":[],\"instId\":\"BTC-USDT-SWAP\"}"), ""},
    };
    /* clang-format on */
    mr_desk_expect("okx:public", stock, cases, MR_COUNT_OF(cases));
}

static void what_is_no_event_is_understood(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"ack", "{\"id\":\"1512\",\"event\":\"subscribe\",\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"},\"connId\":\"a4d3ae55\"}", ""},
        {"unsubscribed", "{\"event\":\"unsubscribe\",\"arg\":{\"channel\":\"trades\"},\"connId\":\"d0b44253\"}", ""},
        {"error", "{\"event\":\"error\",\"code\":\"60012\",\"msg\":\"Invalid request: \\\"x\\\"\",\"connId\":\"a4d3ae55\"}", ""},
        {"notice", "{\"event\":\"notice\",\"code\":\"64008\",\"msg\":\"closing\",\"connId\":\"a4d3ae55\"}", ""},
        {"count", "{\"event\":\"channel-conn-count\",\"channel\":\"account\",\"connCount\":\"1\",\"connId\":\"4adc328c\"}", ""},
        {"login", "{\"event\":\"login\",\"code\":\"0\",\"msg\":\"\"}", ""},
        {"pong is bare text", "pong", ""},
        {"status", "{\"arg\":{\"channel\":\"status\"},\"data\":[{\"state\":\"completed\",\"ts\":\"1\"}]}", ""},
        {"adl", "{\"arg\":{\"channel\":\"adl-warning\",\"instType\":\"SWAP\"},\"data\":[{\"state\":\"warning\"}]}", ""},
        {"instruments", "{\"arg\":{\"channel\":\"instruments\",\"instType\":\"SPOT\"},\"data\":[{\"instId\":\"X\"}]}", ""},
        {"books-rpi", ARG("books-rpi", "BTC-USDT") "\"action\":\"update\",\"data\":[{\"asks\":[]}]}", ""},
    };
    /* clang-format on */
    mr_desk_expect("okx:public", stock, cases, MR_COUNT_OF(cases));
}

#define TRADE(fields) ARG("trades", "BTC-USDT") "\"data\":[{" fields "}]}"
#define BOOK(fields) ARG("books", "BTC-USDT") "\"action\":\"update\",\"data\":[{" fields "}]}"
#define SIDES "\"asks\":[],\"bids\":[],"

static void what_is_wrong_is_refused_by_name(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_refusal cases[] = {
        {"no price", TRADE("\"tradeId\":\"1\",\"sz\":\"1\",\"side\":\"buy\",\"ts\":\"1\""), MR_E_MISSING, "px"},
        {"no time", TRADE("\"tradeId\":\"1\",\"px\":\"1\",\"sz\":\"1\",\"side\":\"buy\""), MR_E_MISSING, "ts"},
        {"no number of the trade", TRADE("\"px\":\"1\",\"sz\":\"1\",\"side\":\"buy\",\"ts\":\"1\""), MR_E_MISSING, "tradeId"},
        {"a number with letters", TRADE("\"tradeId\":\"1a\",\"px\":\"1\",\"sz\":\"1\",\"side\":\"buy\",\"ts\":\"1\""), MR_E_MALFORMED, "tradeId"},
        {"price is true", TRADE("\"tradeId\":\"1\",\"px\":true,\"sz\":\"1\",\"side\":\"buy\",\"ts\":\"1\""), MR_E_TYPE, "px"},
        {"negative size", TRADE("\"tradeId\":\"1\",\"px\":\"1\",\"sz\":\"-1\",\"side\":\"buy\",\"ts\":\"1\""), MR_E_RANGE, "sz"},
        {"negative price", TRADE("\"tradeId\":\"1\",\"px\":\"-1\",\"sz\":\"1\",\"side\":\"buy\",\"ts\":\"1\""), MR_E_RANGE, "px"},
        {"too many decimals", TRADE("\"tradeId\":\"1\",\"px\":\"1\",\"sz\":\"0.000000001\",\"side\":\"buy\",\"ts\":\"1\""), MR_E_INEXACT, "sz"},
        {"too large", TRADE("\"tradeId\":\"1\",\"px\":\"99999999999999999999\",\"sz\":\"1\",\"side\":\"buy\",\"ts\":\"1\""), MR_E_OVERFLOW, "px"},
        {"side", TRADE("\"tradeId\":\"1\",\"px\":\"1\",\"sz\":\"1\",\"side\":\"Buy\",\"ts\":\"1\""), MR_E_RANGE, "side"},
        {"no instrument", "{\"arg\":{\"channel\":\"trades\"},\"data\":[{\"px\":\"1\"}]}", MR_E_MISSING, "instId"},
        {"book without time", BOOK(SIDES "\"seqId\":1"), MR_E_MISSING, "ts"},
        {"book without asks", BOOK("\"bids\":[],\"ts\":\"1\""), MR_E_MISSING, "asks"},
        {"a side is null", BOOK("\"asks\":null,\"bids\":[],\"ts\":\"1\""), MR_E_TYPE, "asks"},
        {"a negative level", BOOK("\"asks\":[[\"1\",\"-1\",\"0\",\"0\"]],\"bids\":[],\"ts\":\"1\""), MR_E_RANGE, "asks"},
        {"checksum of more than 32 bits", BOOK(SIDES "\"ts\":\"1\",\"checksum\":4294967296"), MR_E_RANGE, "checksum"},
        {"prevSeqId below -1", BOOK(SIDES "\"ts\":\"1\",\"seqId\":1,\"prevSeqId\":-2"), MR_E_RANGE, "prevSeqId"},
        {"seqId with a point", BOOK(SIDES "\"ts\":\"1\",\"seqId\":1.5"), MR_E_MALFORMED, "seqId"},
        {"book of no action", ARG("books", "BTC-USDT") "\"data\":[{" SIDES "\"ts\":\"1\"}]}", MR_E_MISSING, "action"},
        {"book of a third action", ARG("books", "BTC-USDT") "\"action\":\"erase\",\"data\":[{" SIDES "\"ts\":\"1\"}]}", MR_E_RANGE, "action"},
        {"bbo of one side", ARG("bbo-tbt", "BTC-USDT") "\"data\":[{\"asks\":[],\"ts\":\"1\"}]}", MR_E_MISSING, "bids"},
        {"bbo of a level of one", ARG("bbo-tbt", "BTC-USDT") "\"data\":[{\"asks\":[[\"1\"]],\"bids\":[],\"ts\":\"1\"}]}", MR_E_MISSING, "asks"},
        {"mark without its price", ARG("mark-price", "BTC-USDT") "\"data\":[{\"ts\":\"1\"}]}", MR_E_MISSING, "markPx"},
        {"liquidation side", LIQUIDATION("{\"details\":[" DETAIL("1", "long", "long", "1", "5") "],\"instId\":\"BTC-USDT-SWAP\"}"), MR_E_RANGE, "side"},
        {"liquidation of nobody", LIQUIDATION("{\"details\":[]}"), MR_E_MISSING, "instId"},
        {"liquidation without details", LIQUIDATION("{\"instId\":\"BTC-USDT\"}"), MR_E_MISSING, "details"},
        {"candle cut short", ARG("candle1m", "BTC-USDT") "\"data\":[[\"1\",\"1\",\"1\",\"1\",\"1\"]]}", MR_E_MISSING, "vol"},
        {"unknown channel", ARG("moon-phase", "BTC-USDT") "\"data\":[]}", MR_E_UNKNOWN, "moon-phase"},
        {"unknown candle", ARG("candle7x", "BTC-USDT") "\"data\":[]}", MR_E_UNKNOWN, "candle7x"},
        {"unknown event", "{\"event\":\"party\"}", MR_E_UNKNOWN, "party"},
        {"data without arg", "{\"data\":[]}", MR_E_MISSING, "arg"},
        {"arg without data", "{\"arg\":{\"channel\":\"trades\"}}", MR_E_MISSING, "data"},
        {"arg twice", "{\"arg\":{\"channel\":\"trades\"},\"arg\":{\"channel\":\"trades\"}}", MR_E_MALFORMED, "arg"},
        {"data twice", ARG("trades", "BTC-USDT") "\"data\":[],\"data\":[]}", MR_E_MALFORMED, "data"},
        {"ping is ours to send", "ping", MR_E_MALFORMED, NULL},
        {"cut", ARG("trades", "BTC-USDT") "\"data\":[{\"px\":\"1", MR_E_TRUNCATED, NULL},
        {"broken behind an unknown symbol", ARG("trades", "NEW-USDT") "\"data\":[{\"px\":\"1\"]}", MR_E_MALFORMED, NULL},
        {"nothing", "", MR_E_TRUNCATED, NULL},
    };
    /* clang-format on */
    mr_desk_refuse("okx:public", stock, cases, MR_COUNT_OF(cases));
}

static void small_messages_are_learnt_and_stay_equal(void **state)
{
    (void)state;
    static const char *const messages[] = {
        ARG("bbo-tbt", "BTC-USDT-SWAP") "\"data\":[{\"asks\":[[\"111.06\",\"55154\",\"0\",\"2\"]],\"bids\":[[\"111."
                                        "05\",\"57745\",\"0\",\"2\"]],\"ts\":\"1670324386802\",\"seqId\":363996337}]}",
        ARG("bbo-tbt", "BTC-USDT-SWAP") "\"data\":[{\"asks\":[[\"112.07\",\"65154\",\"0\",\"3\"]],\"bids\":[[\"112."
                                        "02\",\"17745\",\"0\",\"9\"]],\"ts\":\"1670324386899\",\"seqId\":363996399}]}",
        ARG("mark-price", "BTC-USDT-SWAP") "\"data\":[{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"markPx\":"
                                           "\"42310.63\",\"ts\":\"1630049139746\"}]}",
        ARG("mark-price", "BTC-USDT-SWAP") "\"data\":[{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"markPx\":"
                                           "\"42399.99\",\"ts\":\"1630049139946\"}]}",
        ARG("trades", "BTC-USDT-SWAP") "\"data\":[{\"instId\":\"BTC-USDT-SWAP\",\"tradeId\":\"2701364977\",\"px\":"
                                       "\"64311\",\"sz\":\"31.27\",\"side\":\"buy\",\"ts\":\"1781416584831\",\"count\":"
                                       "\"8\",\"source\":\"0\",\"seqId\":323647402789}]}",
        ARG("trades", "BTC-USDT-SWAP") "\"data\":[{\"instId\":\"BTC-USDT-SWAP\",\"tradeId\":\"2701364978\",\"px\":"
                                       "\"64312\",\"sz\":\"11.28\",\"side\":\"buy\",\"ts\":\"1781416584931\",\"count\":"
                                       "\"1\",\"source\":\"1\",\"seqId\":323647402799}]}",
    };
    mr_desk_learns("okx:public", stock, messages, MR_COUNT_OF(messages), 3); /* the second of each */
}

static void instruments_say_what_a_contract_is_worth(void **state)
{
    (void)state;
    static const char list[] =
        "{\"code\":\"0\",\"msg\":\"\",\"data\":["
        "{\"instType\":\"SPOT\",\"instId\":\"BTC-USDT\",\"baseCcy\":\"BTC\",\"quoteCcy\":\"USDT\",\"ctVal\":\"\","
        "\"ctMult\":\"\",\"ctType\":\"\","
        "\"tickSz\":\"0.1\",\"lotSz\":\"0.00000001\",\"state\":\"live\",\"uly\":\"\"},"
        "{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"baseCcy\":\"\",\"quoteCcy\":\"\",\"ctVal\":\"0.01\","
        "\"ctMult\":\"1\",\"ctType\":\"linear\","
        "\"tickSz\":\"0.1\",\"lotSz\":\"0.01\",\"state\":\"suspend\",\"uly\":\"BTC-USDT\",\"instFamily\":\"BTC-USDT\"},"
        "{\"instType\":\"SWAP\",\"instId\":\"BTC-USD-SWAP\",\"ctVal\":\"100\",\"ctMult\":\"1\",\"ctType\":\"inverse\","
        "\"tickSz\":\"0.1\",\"lotSz\":\"1\","
        "\"state\":\"live\",\"uly\":\"BTC-USD\"},"
        "{\"instType\":\"SWAP\",\"instId\":\"BTC-USD_UM-SWAP\",\"ctVal\":\"0.01\",\"ctMult\":\"1\",\"ctType\":"
        "\"linear\",\"tickSz\":\"0.1\",\"lotSz\":\"1\","
        "\"state\":\"live\",\"instFamily\":\"BTC-USD_UM\"},"
        "{\"instType\":\"OPTION\",\"instId\":\"BTC-USD-261225-90000-C\",\"ctVal\":\"1\",\"ctMult\":\"0.1\",\"ctType\":"
        "\"\",\"settleCcy\":\"BTC\","
        "\"tickSz\":\"0.0005\",\"lotSz\":\"1\",\"state\":\"live\",\"uly\":\"BTC-USD\"},"
        "{\"instType\":\"FUTURES\",\"instId\":\"NEW-USDT-261225\",\"ctVal\":\"\",\"ctMult\":\"\",\"tickSz\":\"\","
        "\"lotSz\":\"\",\"state\":\"preopen\","
        "\"uly\":\"NEW-USDT\"}]}";
    struct mr_desk *desk = mr_desk_open("okx:public", false);
    assert_int_equal(
        mr_desk_rest(desk, "https://www.okx.com/api/v5/public/instruments?instType=SWAP", list, sizeof list - 1), 0);
    /* clang-format off */
    static const struct mr_desk_instrument want[] = {
        {"BTC-USDT", "BTC", "USDT", MR_TYPE_SPOT, MR_INSTRUMENT_QUOTE_USD, 0, 0, 1, 0},
        {"BTC-USDT-SWAP", "BTC", "USDT", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_HALTED, 0, 0, 1, 2},
        {"BTC-USD-SWAP", "BTC", "USD", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_INVERSE, 0, 0, 100, 0},
        {"BTC-USD_UM-SWAP", "BTC", "USD", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD, 0, 0, 1, 2},
        {"BTC-USD-261225-90000-C", "BTC", "BTC", MR_TYPE_OPTION, 0, 0, 0, 1, 1},
        {"NEW-USDT-261225", "NEW", "USDT", MR_TYPE_FUTURE, MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_HALTED | MR_INSTRUMENT_NO_METADATA, 0, 0, 1, 0},
    };
    /* clang-format on */
    mr_desk_instruments(desk, want, MR_COUNT_OF(want));
    mr_desk_close(desk);
}

static void rest_bodies_give_the_events_of_their_channels(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_body cases[] = {
        {"a book", "/api/v5/market/books?instId=BTC-USDT&sz=400",
         "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"asks\":[[\"41006.8\",\"0.6\",\"0\",\"1\"]],\"bids\":[[\"41006.3\",\"0.3\",\"0\",\"2\"]],\"ts\":\"1629966436396\",\"seqId\":3}]}",
         0, "book BTC-USDT [41006.3x0.3 | 41006.8x0.6] seq 3 @1629966436396 snapshot first last"},
        {"open interest", "/api/v5/public/open-interest?instType=SWAP",
         "{\"code\":\"0\",\"data\":[{\"instId\":\"BTC-USDT-SWAP\",\"oi\":\"50\",\"oiCcy\":\"0.5\",\"ts\":\"5\"},{\"instId\":\"BTC-USD-SWAP\",\"oi\":\"1\",\"ts\":\"6\"}]}",
         0, "open_interest BTC-USDT-SWAP 0.5 coins worth 0 @5 first\nopen_interest BTC-USD-SWAP 1 contracts worth 0 @6 last"},
        {"funding", "/api/v5/public/funding-rate?instId=ANY", "{\"code\":\"0\",\"data\":[{\"fundingRate\":\"0.1\",\"fundingTime\":\"7\",\"instId\":\"BTC-USDT-SWAP\",\"ts\":\"5\"}]}",
         0, "funding BTC-USDT-SWAP 0.1 next 7 every 0 @5 first last"},
        {"a mark", "/api/v5/public/mark-price?instType=SWAP", "{\"code\":\"0\",\"data\":[{\"instId\":\"BTC-USDT-SWAP\",\"markPx\":\"9.5\",\"ts\":\"5\"}]}",
         0, "mark BTC-USDT-SWAP 9.5 @5 first last"},
        {"another body", "/api/v5/public/time", "{\"code\":\"0\",\"data\":[]}", MR_E_UNKNOWN, NULL},
        {"the venue's refusal", "/api/v5/public/mark-price", "{\"code\":\"50011\",\"msg\":\"too fast\",\"data\":[]}", MR_E_UNKNOWN, NULL},
        {"no data", "/api/v5/public/mark-price", "{\"code\":\"0\"}", MR_E_MISSING, NULL},
        {"a book of nobody", "/api/v5/market/books", "{\"code\":\"0\",\"data\":[{\"asks\":[],\"bids\":[],\"ts\":\"1\"}]}", MR_E_MISSING, NULL},
        {"cut", "/api/v5/market/books?instId=BTC-USDT", "{\"code\":\"0\",\"data\":[{\"asks\":[[\"1\"", MR_E_TRUNCATED, NULL},
    };
    /* clang-format on */
    struct mr_desk *desk = mr_desk_open("okx:public", false);
    stock(desk);
    mr_desk_bodies(desk, cases, MR_COUNT_OF(cases));
    mr_desk_close(desk);
}

static void recordings_are_understood_whole(void **state)
{
    (void)state;
    mr_desk_recording("okx:public", "okx", "v5_public_20220513",
                      (const struct mr_desk_count[]){{"books update", 287},
                                                     {"books snapshot", 3},
                                                     {"trades", 74},
                                                     {"tickers", 28},
                                                     {"subscribe", 18},
                                                     {NULL, 0}});
    mr_desk_recording("okx:public", "okx", "v5_samples_2025",
                      (const struct mr_desk_count[]){{"bbo-tbt", 1},
                                                     {"books snapshot", 1},
                                                     {"books update", 1},
                                                     {"books5", 1},
                                                     {"candle1m", 1},
                                                     {"funding-rate", 1},
                                                     {"index-tickers", 1},
                                                     {"tickers", 1},
                                                     {"trades", 1},
                                                     {"status", 1},
                                                     {"subscribe", 8},
                                                     {"error", 2},
                                                     {"notice", 1},
                                                     {"channel-conn-count", 1},
                                                     {NULL, 0}});
    mr_desk_recording("okx:public", "okx", "v5_liquidation_samples_202610",
                      (const struct mr_desk_count[]){{"liquidation-orders", 2}, {NULL, 0}});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trades_count_contracts),
        cmocka_unit_test(books_follow_by_number_or_checksum),
        cmocka_unit_test(values_carry_their_own_scale),
        cmocka_unit_test(candles_come_by_the_business_address),
        cmocka_unit_test(liquidations_are_of_the_position_that_was_closed),
        cmocka_unit_test(what_is_no_event_is_understood),
        cmocka_unit_test(what_is_wrong_is_refused_by_name),
        cmocka_unit_test(small_messages_are_learnt_and_stay_equal),
        cmocka_unit_test(instruments_say_what_a_contract_is_worth),
        cmocka_unit_test(rest_bodies_give_the_events_of_their_channels),
        cmocka_unit_test(recordings_are_understood_whole),
    };
    return MR_TEST_MAIN(tests);
}
