/* KuCoin: each message kind by a hand-written message, refusals, and the recordings. */
#include <stdio.h>

#include "tests/codecs/venue/desk.h"

static void stock_futures(struct mr_desk *desk)
{
    mr_desk_add(desk, "XBTUSDTM", "XBT", "USDT", "0.1", "1", 1, 3, 0);
    mr_desk_add(desk, "XBTUSDM", "XBT", "USD", "0.1", "1", 1, 0, MR_INSTRUMENT_INVERSE);
}

static void stock_spot(struct mr_desk *desk)
{
    mr_desk_add(desk, "BTC-USDT", "BTC", "USDT", "0.1", "0.00000001", 0, 0, 0);
    mr_desk_add(desk, "ANKR-BTC", "ANKR", "BTC", "0.0000000001", "0.0001", 0, 0, 0);
}

#define TOPIC(topic, subject, data)                                                                                    \
    "{\"topic\":\"" topic "\",\"type\":\"message\",\"subject\":\"" subject "\",\"sn\":17,\"data\":{" data "}}"
#define BEFORE(topic, subject, data)                                                                                   \
    "{\"data\":{" data "},\"subject\":\"" subject "\",\"topic\":\"" topic "\",\"type\":\"message\"}"

static void trades_are_in_lots_or_coins_with_the_takers_side(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case futures[] = {
        {"a fill: 20 lots of a thousandth of a coin; time in ns",
         TOPIC("/contractMarket/execution:XBTUSDTM", "match", "\"symbol\":\"XBTUSDTM\",\"sequence\":1799000000001,\"side\":\"sell\",\"size\":20,"
               "\"price\":\"84000.5\",\"takerOrderId\":\"349748069560008705\",\"makerOrderId\":\"349748069539065857\","
               "\"tradeId\":\"1799000000001\",\"ts\":1790113097236506001"),
         "trade XBTUSDTM sell 20 at 84000.5 worth 1680.01 seq 1799000000001 @1790113097236.506001 first last"},
        {"an inverse contract's lot is a dollar; data first, price a bare number, time in ms",
         BEFORE("/contractMarket/execution:XBTUSDM", "match", "\"price\":84001,\"size\":\"7\",\"side\":\"buy\",\"sequence\":5,\"ts\":1790113097236"),
         "trade XBTUSDM buy 7 at 84001 worth 7 seq 5 @1790113097236 first last"},
        {"order ids with letters",
         TOPIC("/contractMarket/execution:XBTUSDTM", "match", "\"symbol\":\"XBTUSDTM\",\"sequence\":18,\"side\":\"buy\",\"size\":1,\"price\":\"84000\","
               "\"takerOrderId\":\"6085c097587c2000060cde57\",\"makerOrderId\":\"a085bf2fbcabdc0006cf0f69\",\"tradeId\":\"18\",\"ts\":1790113097236506"),
         "trade XBTUSDTM buy 1 at 84000 worth 84 seq 18 @1790113097236.506000 first last"},
        {"blanks, escapes, members in another order",
         " { \"data\" : { \"ts\" : 1 , \"price\" : \"2\" , \"size\" : 3 , \"side\" : \"b\\u0075y\", \"sequence\":\"4\" } , \"topic\":\"\\/contractMarket\\/execution:XBTUSDTM\" } ",
         "trade XBTUSDTM buy 3 at 2 worth 0.006 seq 4 @1 first last"},
        {"a symbol nothing is known of",
         TOPIC("/contractMarket/execution:NEWUSDTM", "match", "\"sequence\":1,\"side\":\"buy\",\"size\":1,\"price\":\"2\",\"ts\":1"),
         "trade NEWUSDTM buy 1 at 2 worth 2 seq 1 @1 caution first last"},
    };
    static const struct mr_desk_case spot[] = {
        {"spot of today: numbers are texts, time in ns too",
         TOPIC("/market/match:BTC-USDT", "trade.l3match", "\"makerOrderId\":\"671b5007389355000701b1d3\",\"price\":\"67000.1\",\"sequence\":\"11067996711960577\","
               "\"side\":\"sell\",\"size\":\"0.5\",\"symbol\":\"BTC-USDT\",\"takerOrderId\":\"671b50161777ff00074c168d\",\"time\":\"1729843222921000000\","
               "\"tradeId\":\"11067996711960577\",\"type\":\"match\""),
         "trade BTC-USDT sell 0.5 at 67000.1 worth 33500.05 seq 11067996711960577 @1729843222921 first last"},
        {"of 2021: data first, trade ids with letters, ten decimals",
         BEFORE("/market/match:ANKR-BTC", "trade.l3match", "\"symbol\":\"ANKR-BTC\",\"sequence\":\"1612701563869\",\"side\":\"buy\",\"size\":\"80.8\",\"price\":\"0.0000001117\","
                "\"takerOrderId\":\"6085c097587c2000060cde57\",\"time\":\"1619378327739050725\",\"type\":\"match\",\"makerOrderId\":\"6085c06144b3790006512a4d\","
                "\"tradeId\":\"6085c09769bc506996295e36\""),
         "trade ANKR-BTC buy 80.8 at 0.0000001117 worth 0.000009 seq 1612701563869 @1619378327739.050725 first last"},
    };
    /* clang-format on */
    mr_desk_expect("kucoin:futures", stock_futures, futures, MR_COUNT_OF(futures));
    mr_desk_expect("kucoin:spot", stock_spot, spot, MR_COUNT_OF(spot));
}

static void tickers_are_the_best_bid_and_ask(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case futures[] = {
        {"tickerV2", TOPIC("/contractMarket/tickerV2:XBTUSDTM", "tickerV2", "\"symbol\":\"XBTUSDTM\",\"sequence\":1709284589209,\"bestBidSize\":713,"
               "\"bestBidPrice\":\"88987.4\",\"bestAskPrice\":\"88987.5\",\"bestAskSize\":1037,\"ts\":1731665526461000000"),
         "bbo XBTUSDTM [88987.4x713 | 88987.5x1037] seq 1709284589209 @1731665526461 first last"},
        {"of 2022: prices as numbers, members in another order, data first",
         BEFORE("/contractMarket/tickerV2:XBTUSDTM", "tickerV2", "\"bestAskPrice\":30003,\"bestAskSize\":2,\"bestBidPrice\":30002.5,\"bestBidSize\":3,\"sequence\":9,"
                "\"ts\":1654000000000000000,\"symbol\":\"XBTUSDTM\""),
         "bbo XBTUSDTM [30002.5x3 | 30003x2] seq 9 @1654000000000 first last"},
        {"no ask at all", TOPIC("/contractMarket/tickerV2:XBTUSDTM", "tickerV2", "\"symbol\":\"XBTUSDTM\",\"sequence\":3,\"bestBidSize\":1,\"bestBidPrice\":\"5\","
               "\"bestAskPrice\":null,\"bestAskSize\":null,\"ts\":1731665526461000000"),
         "bbo XBTUSDTM [5x1 | 0x0] seq 3 @1731665526461 first last"},
        {"the older ticker, with a trade in it, is not pushed at each change: secondary",
         TOPIC("/contractMarket/ticker:XBTUSDTM", "ticker", "\"symbol\":\"XBTUSDTM\",\"sequence\":4,\"side\":\"sell\",\"size\":1,\"price\":\"90147.7\",\"bestBidSize\":2186,"
               "\"bestBidPrice\":\"90147.7\",\"bestAskPrice\":\"90147.8\",\"tradeId\":\"4\",\"bestAskSize\":275,\"ts\":1731679215637000000"),
         "bbo XBTUSDTM [90147.7x2186 | 90147.8x275] seq 4 @1731679215637 secondary first last"},
    };
    static const struct mr_desk_case spot[] = {
        {"ticker", TOPIC("/market/ticker:BTC-USDT", "trade.ticker", "\"bestAsk\":\"84000.2\",\"bestAskSize\":\"1.5\",\"bestBid\":\"84000.1\",\"bestBidSize\":\"0.25\","
               "\"price\":\"84000.1\",\"sequence\":\"23242050174\",\"size\":\"0.002\",\"time\":1790984011673"),
         "bbo BTC-USDT [84000.1x0.25 | 84000.2x1.5] seq 23242050174 @1790984011673 first last"},
        {"of 2021", BEFORE("/market/ticker:ANKR-BTC", "trade.ticker", "\"sequence\":\"1612734157720\",\"bestAsk\":\"0.0000026192\",\"size\":\"46\",\"bestBidSize\":\"40.5\","
               "\"price\":\"0.0000026071\",\"time\":1619378326388,\"bestAskSize\":\"4664\",\"bestBid\":\"0.0000026033\""),
         "bbo ANKR-BTC [0.0000026033x40.5 | 0.0000026192x4664] seq 1612734157720 @1619378326388 first last"},
        {"of all symbols: the subject says whose", TOPIC("/market/ticker:all", "BTC-USDT", "\"bestAsk\":\"2\",\"bestAskSize\":\"1\",\"bestBid\":\"1\",\"bestBidSize\":\"3\","
               "\"sequence\":\"5\",\"Time\":7"),
         "bbo BTC-USDT [1x3 | 2x1] seq 5 @7 first last"},
        {"of all symbols, data first", BEFORE("/market/ticker:all", "BTC-USDT", "\"bestAsk\":\"2\",\"bestAskSize\":\"1\",\"bestBid\":\"1\",\"bestBidSize\":\"3\",\"sequence\":\"5\",\"time\":7"),
         "bbo BTC-USDT [1x3 | 2x1] seq 5 @7 first last"},
        {"level1", TOPIC("/spotMarket/level1:BTC-USDT", "level1", "\"asks\":[\"68145.8\",\"0.5\"],\"bids\":[\"68145.7\",\"1.25\"],\"timestamp\":1729816058766"),
         "bbo BTC-USDT [68145.7x1.25 | 68145.8x0.5] seq 0 @1729816058766 first last"},
        {"level1 of a market without bids", TOPIC("/spotMarket/level1:BTC-USDT", "level1", "\"bids\":[],\"asks\":[\"68145.8\",\"0.5\"],\"timestamp\":1729816058766"),
         "bbo BTC-USDT [0x0 | 68145.8x0.5] seq 0 @1729816058766 first last"},
    };
    /* clang-format on */
    mr_desk_expect("kucoin:futures", stock_futures, futures, MR_COUNT_OF(futures));
    mr_desk_expect("kucoin:spot", stock_spot, spot, MR_COUNT_OF(spot));
}

static void futures_books_change_a_level_a_message(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"an ask", TOPIC("/contractMarket/level2:XBTUSDTM", "level2", "\"sequence\":1709400450243,\"change\":\"90631.2,sell,2\",\"timestamp\":1731897467182"),
         "book XBTUSDTM [ | 90631.2x2] seq 1709400450243 @1731897467182 first last"},
        {"a bid deleted", TOPIC("/contractMarket/level2:XBTUSDTM", "level2", "\"sequence\":1709400450244,\"change\":\"90630,buy,0\",\"timestamp\":1731897467183"),
         "book XBTUSDTM [90630x0 | ] seq 1709400450244 @1731897467183 first last"},
        {"of 2021: data first, time in ns", BEFORE("/contractMarket/level2:XBTUSDTM", "level2", "\"timestamp\":1619378326634000000,\"change\":\"5.0,buy,83\",\"sequence\":18"),
         "book XBTUSDTM [5x83 | ] seq 18 @1619378326634 first last"},
        {"a price of nothing: the number moves, the book does not",
         TOPIC("/contractMarket/level2:XBTUSDTM", "level2", "\"sequence\":19,\"change\":\"0,buy,0\",\"timestamp\":1731897467182"),
         "book XBTUSDTM [ | ] seq 19 @1731897467182 first last"},
        {"a cheap coin's, one digit before the point", TOPIC("/contractMarket/level2:XBTUSDTM", "level2", "\"sequence\":20,\"change\":\"2.5,sell,10\",\"timestamp\":1731897467182"),
         "book XBTUSDTM [ | 2.5x10] seq 20 @1731897467182 first last"},
        {"the best 5, whole", TOPIC("/contractMarket/level2Depth5:XBTUSDTM", "level2", "\"bids\":[[\"89720.9\",513],[\"89720.8\",12]],\"sequence\":17,"
               "\"timestamp\":1731680019100,\"ts\":1731680019100,\"asks\":[[\"89721\",906]]"),
         "book XBTUSDTM [89720.9x513 89720.8x12 | 89721x906] seq 17 partial @1731680019100 snapshot first last"},
        {"the best 50, asks first, sizes as texts, an empty side, 2020's time in ns",
         BEFORE("/contractMarket/level2Depth50:XBTUSDTM", "level2", "\"asks\":[[\"3\",\"1\"],[4.5,2]],\"bids\":[],\"sequence\":18,\"timestamp\":1585000000000000001"),
         "book XBTUSDTM [ | 3x1 4.5x2] seq 18 partial @1585000000000.000001 snapshot first last"},
    };
    /* clang-format on */
    mr_desk_expect("kucoin:futures", stock_futures, cases, MR_COUNT_OF(cases));
}

static void spot_books_change_levels_of_a_span_of_numbers(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"of today", TOPIC("/market/level2:BTC-USDT", "trade.l2update", "\"changes\":{\"asks\":[[\"67993.3\",\"1.25\",\"14701689783\"]],\"bids\":[]},\"sequenceEnd\":14701689783,"
               "\"sequenceStart\":14701689783,\"symbol\":\"BTC-USDT\",\"time\":1729816425625"),
         "book BTC-USDT [ | 67993.3x1.25] seq 14701689783 @1729816425625 first last"},
        {"several at once, both sides",
         TOPIC("/market/level2:BTC-USDT", "trade.l2update", "\"changes\":{\"asks\":[[\"84271.2\",\"0\",\"38\"]],\"bids\":[[\"1\",\"13329.25\",\"35\"],[\"82003.8\",\"0.5\",\"36\"]]},"
               "\"sequenceEnd\":38,\"sequenceStart\":35,\"symbol\":\"BTC-USDT\",\"time\":1790984501513"),
         "book BTC-USDT [1x13329.25 82003.8x0.5 | 84271.2x0] seq 38 from 35 @1790984501513 first last"},
        {"of 2021: data first, no time",
         BEFORE("/market/level2:BTC-USDT", "trade.l2update", "\"sequenceStart\":7,\"symbol\":\"BTC-USDT\",\"changes\":{\"asks\":[],\"bids\":[[\"243.7\",\"5\",\"7\"]]},\"sequenceEnd\":7"),
         "book BTC-USDT [243.7x5 | ] seq 7 @0 first last"},
        {"a level of nothing moves the number only",
         BEFORE("/market/level2:BTC-USDT", "trade.l2update", "\"sequenceStart\":8,\"symbol\":\"BTC-USDT\",\"changes\":{\"asks\":[[\"0\",\"0\",\"8\"]],\"bids\":[]},\"sequenceEnd\":8"),
         "book BTC-USDT [ | ] seq 8 @0 first last"},
        {"two of one price, the later one first: applied in the order of their numbers",
         TOPIC("/market/level2:BTC-USDT", "trade.l2update", "\"changes\":{\"bids\":[[\"20.5\",\"0\",\"12\"],[\"20.5\",\"3\",\"11\"],[\"0\",\"0\",\"9\"],[\"20\",\"1\",\"10\"]],\"asks\":[]},"
               "\"sequenceEnd\":12,\"sequenceStart\":9,\"symbol\":\"BTC-USDT\",\"time\":1"),
         "book BTC-USDT [20x1 20.5x3 20.5x0 | ] seq 12 from 9 @1 first last"},
        {"the best 5", TOPIC("/spotMarket/level2Depth5:BTC-USDT", "level2", "\"asks\":[[\"67996.7\",\"1.25\"],[\"67996.8\",\"0.5\"]],\"bids\":[[\"67996.6\",\"0.75\"]],\"timestamp\":1729822226746"),
         "book BTC-USDT [67996.6x0.75 | 67996.7x1.25 67996.8x0.5] seq 0 partial @1729822226746 snapshot first last"},
        {"the best 50", TOPIC("/spotMarket/level2Depth50:BTC-USDT", "level2", "\"asks\":[],\"bids\":[[\"2\",\"1\"]],\"timestamp\":1729822226746"),
         "book BTC-USDT [2x1 | ] seq 0 partial @1729822226746 snapshot first last"},
    };
    /* clang-format on */
    mr_desk_expect("kucoin:spot", stock_spot, cases, MR_COUNT_OF(cases));
}

static void instruments_have_marks_and_funding(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"mark and index, bare numbers", TOPIC("/contract/instrument:XBTUSDTM", "mark.index.price", "\"markPrice\":86201.790,\"indexPrice\":86248.81,\"granularity\":1000,\"timestamp\":1790113097000"),
         "mark XBTUSDTM 86201.79 @1790113097000 first\nindex XBTUSDTM 86248.81 @1790113097000 last"},
        {"the rate that is predicted", TOPIC("/contract/instrument:XBTUSDTM", "funding.rate", "\"period\":1,\"granularity\":60000,\"fundingRate\":-0.000076,\"timestamp\":1790114460000"),
         "funding XBTUSDTM -0.000076 next 0 every 0 @1790114460000 first last"},
        {"in Java's words", TOPIC("/contract/instrument:XBTUSDTM", "funding.rate", "\"granularity\":60000,\"fundingRate\":7.6E-5,\"timestamp\":1790114460000"),
         "funding XBTUSDTM 0.000076 next 0 every 0 @1790114460000 first last"},
        {"the rate that was settled", BEFORE("/contract/instrument:XBTUSDTM", "funding.rate", "\"granularity\":28800000,\"fundingRate\":0.0001,\"timestamp\":1790121600000"),
         "funding XBTUSDTM 0.0001 next 0 every 28800000 @1790121600000 secondary first last"},
        {"the announcement of it", "{\"topic\":\"/contract/announcement\",\"subject\":\"funding.begin\",\"data\":{\"symbol\":\"XBTUSDTM\",\"fundingTime\":1551770400000,"
               "\"fundingRate\":-0.002966,\"timestamp\":1551770400001}}",
         "funding XBTUSDTM -0.002966 next 0 every 0 @1551770400001 secondary first last"},
        {"and of its end", "{\"topic\":\"/contract/announcement\",\"subject\":\"funding.end\",\"data\":{\"symbol\":\"XBTUSDTM\",\"fundingTime\":1551770400000,"
               "\"fundingRate\":-0.002966,\"timestamp\":1551770410000}}", ""},
        {"a day's statistics", TOPIC("/contractMarket/snapshot:XBTUSDTM", "snapshot.24h", "\"highPrice\":4684.50,\"lastPrice\":4433.86,\"symbol\":\"XBTUSDTM\",\"ts\":1756200505012494819"), ""},
    };
    /* clang-format on */
    mr_desk_expect("kucoin:futures", stock_futures, cases, MR_COUNT_OF(cases));
}

static void candles_differ_by_product_and_year(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case futures[] = {
        {"lots come last, behind the turnover", "{\"topic\":\"/contractMarket/limitCandle:XBTUSDTM_1min\",\"type\":\"message\",\"data\":{\"symbol\":\"XBTUSDTM\",\"candles\":[\"1790993280\","
               "\"84568.3\",\"84556.7\",\"84568.4\",\"84544.2\",\"1080991.7836\",\"12785\"],\"time\":1790993360463},\"subject\":\"candle.stick\"}",
         "candle XBTUSDTM 60s from 1790993280000 o 84568.3 h 84568.4 l 84544.2 c 84556.7 v 12785 n 0 @1790993360463 first last"},
        {"four hours, data first", BEFORE("/contractMarket/limitCandle:XBTUSDTM_4hour", "candle.stick", "\"candles\":[1790993280,\"1\",\"2\",\"3\",\"0.5\",\"9\",\"8\"],\"time\":5"),
         "candle XBTUSDTM 14400s from 1790993280000 o 1 h 3 l 0.5 c 2 v 8 n 0 @5 first last"},
        {"until 2022: minutes, named members", TOPIC("/contractMarket/candle:XBTUSDTM_10080", "candle.stick", "\"volume\":1364110,\"symbol\":\"XBTUSDTM\",\"high\":32320.0,\"low\":29274.0,"
               "\"granularity\":10080,\"time\":1653868800000,\"close\":31504.0,\"turnover\":1364110.0,\"open\":29435.0"),
         "candle XBTUSDTM 604800s from 1653868800000 o 29435 h 32320 l 29274 c 31504 v 1364110 n 0 @0 first last"},
    };
    static const struct mr_desk_case spot[] = {
        {"coins come before the turnover; time in ns", TOPIC("/market/candles:BTC-USDT_1hour", "trade.candles.update", "\"symbol\":\"BTC-USDT\",\"candles\":[\"1729839600\",\"67644.9\",\"67437.6\","
               "\"67724.8\",\"67243.8\",\"44.88\",\"3027558.99\"],\"time\":1729842192785164840"),
         "candle BTC-USDT 3600s from 1729839600000 o 67644.9 h 67724.8 l 67243.8 c 67437.6 v 44.88 n 0 @1729842192785.164840 first last"},
        {"a new one", BEFORE("/market/candles:BTC-USDT_1week", "trade.candles.add", "\"symbol\":\"BTC-USDT\",\"candles\":[\"1\",\"1\",\"1\",\"1\",\"1\",\"0\",\"0\"],\"time\":1729842192785164840"),
         "candle BTC-USDT 604800s from 1000 o 1 h 1 l 1 c 1 v 0 n 0 @1729842192785.164840 first last"},
    };
    /* clang-format on */
    mr_desk_expect("kucoin:futures", stock_futures, futures, MR_COUNT_OF(futures));
    mr_desk_expect("kucoin:spot", stock_spot, spot, MR_COUNT_OF(spot));
}

#define UTA(topic, more, data) "{\"T\":\"" topic "\", " more "\"P\":1790114460671676191, \"d\":{" data "}}"

static void the_token_less_socket_has_words_of_its_own(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case futures[] = {
        {"a book begins with a snapshot", UTA("obu.FUTURES", "\"dp\":\"increment@10ms\", \"t\":\"snapshot\", ", "\"a\":[[\"2749.7\",\"96\"]],\"b\":[[\"2749.6\",\"277\"],[\"2749.5\",\"1\"]],"
             "\"s\":\"XBTUSDTM\",\"C\":1736604716203,\"M\":1790114460661000000,\"O\":1736604716203"),
         "book XBTUSDTM [2749.6x277 2749.5x1 | 2749.7x96] seq 1736604716203 @1790114460661 snapshot first last"},
        {"and goes on with changes", UTA("obu.FUTURES", "\"dp\":\"increment@10ms\", \"t\":\"delta\", ", "\"a\":[],\"b\":[[\"85973.3\",\"16236\"],[\"85887.1\",\"0\"]],\"C\":585,"
             "\"s\":\"XBTUSDTM\",\"M\":1790114459839000000,\"O\":584"),
         "book XBTUSDTM [85973.3x16236 85887.1x0 | ] seq 585 from 584 @1790114459839 first last"},
        {"the best 5", UTA("obu.FUTURES", "\"dp\":\"5\", \"t\":\"snapshot\", ", "\"a\":[[\"2\",\"1\"]],\"b\":[[\"1\",\"1\"]],\"C\":5,\"s\":\"XBTUSDTM\",\"M\":1790114459839000000,\"O\":5"),
         "book XBTUSDTM [1x1 | 2x1] seq 5 partial @1790114459839 snapshot first last"},
        {"the best", UTA("obu.FUTURES", "\"dp\":\"1\", \"t\":\"snapshot\", ", "\"a\":[[\"2\",\"1\"]],\"b\":[],\"C\":5,\"s\":\"XBTUSDTM\",\"M\":1790114459839000000,\"O\":5"),
         "bbo XBTUSDTM [0x0 | 2x1] seq 5 @1790114459839 first last"},
        {"marks, and open interest in lots", UTA("mark-price", "", "\"s\":\"XBTUSDTM\",\"mp\":\"86201.79\",\"ip\":\"86248.81\",\"oi\":\"11481754\",\"ts\":1790113097000"),
         "mark XBTUSDTM 86201.79 @1790113097000 first\nindex XBTUSDTM 86248.81 @1790113097000\nopen_interest XBTUSDTM 11481754 contracts worth 0 @1790113097000 last"},
        {"funding", UTA("funding-fee", "", "\"s\":\"XBTUSDTM\",\"fr\":\"-0.000076\",\"ft\":1790092800000,\"lfr\":\"-0.000019\",\"nt\":1790121600000,\"gl\":28800000"),
         "funding XBTUSDTM -0.000076 next 1790121600000 every 28800000 @0 first last"},
    };
    static const struct mr_desk_case spot[] = {
        {"a trade", UTA("trade.SPOT", "", "\"E\":38,\"M\":1768802538491160904,\"S\":\"sell\",\"p\":\"92525.6\",\"q\":\"0.5\",\"s\":\"BTC-USDT\",\"ti\":\"11067996711960577\""),
         "trade BTC-USDT sell 0.5 at 92525.6 worth 46262.8 seq 38 @1768802538491.160904 first last"},
        {"a ticker", UTA("ticker.SPOT", "", "\"A\":\"1.5\",\"B\":\"2\",\"E\":39,\"M\":1768802538491160904,\"S\":\"BUY\",\"a\":\"92525.7\",\"b\":\"92525.6\",\"l\":\"92525.6\",\"q\":\"1\",\"s\":\"BTC-USDT\""),
         "bbo BTC-USDT [92525.6x2 | 92525.7x1.5] seq 39 @1768802538491.160904 first last"},
        {"what is said before whose it is", "{\"d\":{\"s\":\"BTC-USDT\",\"q\":\"1\",\"p\":\"2\",\"S\":\"buy\",\"M\":5,\"E\":1},\"T\":\"trade.SPOT\"}",
         "trade BTC-USDT buy 1 at 2 worth 2 seq 1 @5 first last"},
    };
    /* clang-format on */
    mr_desk_expect("kucoin:futures", stock_futures, futures, MR_COUNT_OF(futures));
    mr_desk_expect("kucoin:spot", stock_spot, spot, MR_COUNT_OF(spot));
}

static void what_is_no_event_is_understood(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"welcome", "{\"id\":\"NSkIrWGB1s\",\"type\":\"welcome\"}", ""},
        {"ack", "{\"id\":\"1\",\"type\":\"ack\"}", ""},
        {"pong", "{\"id\":\"p16\",\"type\":\"pong\",\"timestamp\":1790113097236506}", ""},
        {"error", "{\"id\":\"p28\",\"type\":\"error\",\"code\":404,\"data\":\"topic does not exist\"}", ""},
        {"welcome without a token", "{\"sessionId\":\"e8e4\",\"message\":\"welcome\",\"pingInterval\":18000}", ""},
        {"ack without a token", "{\"id\":\"p1\",\"result\":true}", ""},
        {"refused without a token", "{\"id\":\"p18\",\"result\":false,\"message\":\"invalid request data\"}", ""},
    };
    static const struct mr_desk_case spot[] = {
        {"statistics", TOPIC("/market/snapshot:BTC-USDT", "trade.snapshot", "\"sequence\":\"14\",\"data\":{\"askSize\":1.15,\"markets\":[\"USDS\"]}"), ""},
        {"the index of a margin pair", TOPIC("/indicator/index:USDT-BTC", "tick", "\"symbol\":\"USDT-BTC\",\"value\":0.1"), ""},
        {"the mark of a margin pair", TOPIC("/indicator/markPrice:USDT-BTC", "tick", "\"symbol\":\"USDT-BTC\",\"value\":0.1"), ""},
        {"a call auction", TOPIC("/callauction/callauctionData:BTC-USDT", "callauction.callauctionData", "\"symbol\":\"BTC-USDT\",\"estimatedPrice\":\"0.17\""), ""},
        {"its book", TOPIC("/callauction/level2Depth50:BTC-USDT", "level2", "\"asks\":[],\"bids\":[],\"timestamp\":1"), ""},
    };
    /* clang-format on */
    mr_desk_expect("kucoin:futures", stock_futures, cases, MR_COUNT_OF(cases));
    mr_desk_expect("kucoin:spot", stock_spot, spot, MR_COUNT_OF(spot));
}

static void what_repeats_is_learnt(void **state)
{
    (void)state;
    /* clang-format off */
    static const char *const futures[] = {
        TOPIC("/contractMarket/execution:XBTUSDTM", "match", "\"symbol\":\"XBTUSDTM\",\"sequence\":1799000000001,\"side\":\"sell\",\"size\":20,\"price\":\"84000.5\",\"takerOrderId\":\"1\",\"makerOrderId\":\"2\",\"tradeId\":\"1799000000001\",\"ts\":1790113097236506001"),
        TOPIC("/contractMarket/execution:XBTUSDTM", "match", "\"symbol\":\"XBTUSDTM\",\"sequence\":1799000000091,\"side\":\"sell\",\"size\":35,\"price\":\"84010.6\",\"takerOrderId\":\"4\",\"makerOrderId\":\"5\",\"tradeId\":\"1799000000091\",\"ts\":1790113098236506001"),
        TOPIC("/contractMarket/tickerV2:XBTUSDTM", "tickerV2", "\"symbol\":\"XBTUSDTM\",\"sequence\":1709284589209,\"bestBidSize\":713,\"bestBidPrice\":\"88987.4\",\"bestAskPrice\":\"88987.5\",\"bestAskSize\":1037,\"ts\":1731665526461000000"),
        TOPIC("/contractMarket/tickerV2:XBTUSDTM", "tickerV2", "\"symbol\":\"XBTUSDTM\",\"sequence\":1709284589219,\"bestBidSize\":813,\"bestBidPrice\":\"88987.1\",\"bestAskPrice\":\"88988.5\",\"bestAskSize\":1097,\"ts\":1731665526561000000"),
        TOPIC("/contract/instrument:XBTUSDTM", "mark.index.price", "\"markPrice\":86201.79,\"indexPrice\":86248.81,\"granularity\":1000,\"timestamp\":1790113097000"),
        TOPIC("/contract/instrument:XBTUSDTM", "mark.index.price", "\"markPrice\":86202.70,\"indexPrice\":86249.82,\"granularity\":1000,\"timestamp\":1790113098000"),
        TOPIC("/contractMarket/level2:XBTUSDTM", "level2", "\"sequence\":1709400450243,\"change\":\"90631.2,sell,2\",\"timestamp\":1731897467182"),
        TOPIC("/contractMarket/level2:XBTUSDTM", "level2", "\"sequence\":1709400450244,\"change\":\"90632.2,sell,0\",\"timestamp\":1731897467182"),
        TOPIC("/contractMarket/level2:XBTUSDTM", "level2", "\"sequence\":1709400450243,\"change\":\"1.2,sell,2\",\"timestamp\":1731897467182"),
        TOPIC("/contractMarket/level2:XBTUSDTM", "level2", "\"sequence\":1709400450243,\"change\":\"0.0,sell,0\",\"timestamp\":1731897467182"),
    };
    static const char *const spot[] = {
        TOPIC("/market/level2:BTC-USDT", "trade.l2update", "\"changes\":{\"asks\":[[\"67993.3\",\"1.25\",\"14701689783\"]],\"bids\":[]},\"sequenceEnd\":14701689783,\"sequenceStart\":14701689783,\"symbol\":\"BTC-USDT\",\"time\":1729816425625"),
        TOPIC("/market/level2:BTC-USDT", "trade.l2update", "\"changes\":{\"asks\":[[\"67994.3\",\"3.25\",\"14701689784\"]],\"bids\":[]},\"sequenceEnd\":14701689784,\"sequenceStart\":14701689784,\"symbol\":\"BTC-USDT\",\"time\":1729816425629"),
    };
    /* clang-format on */
    mr_desk_learns("kucoin:futures", stock_futures, futures, MR_COUNT_OF(futures), 4);
    mr_desk_learns("kucoin:spot", stock_spot, spot, MR_COUNT_OF(spot), 1);
}

#define TRADE(fields) TOPIC("/contractMarket/execution:XBTUSDTM", "match", fields)
#define CHANGE(fields) TOPIC("/contractMarket/level2:XBTUSDTM", "level2", fields)
#define DEPTH(fields) TOPIC("/contractMarket/level2Depth5:XBTUSDTM", "level2", fields)
#define SPOT(fields) TOPIC("/market/level2:BTC-USDT", "trade.l2update", "\"sequenceStart\":8,\"sequenceEnd\":9," fields)
#define GOOD "\"sequence\":1,\"side\":\"buy\",\"size\":1,\"ts\":5"

static void what_is_wrong_is_refused_by_name(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_refusal futures[] = {
        {"no price", TRADE(GOOD), MR_E_MISSING, "price"},
        {"empty price", TRADE(GOOD ",\"price\":\"\""), MR_E_MISSING, "price"},
        {"price is an object", TRADE(GOOD ",\"price\":{}"), MR_E_TYPE, "price"},
        {"price is no number", TRADE(GOOD ",\"price\":\"1..2\""), MR_E_MALFORMED, "price"},
        {"price twice", TRADE(GOOD ",\"price\":\"1\",\"price\":\"2\""), MR_E_MALFORMED, "price"},
        {"negative price", TRADE(GOOD ",\"price\":\"-1\""), MR_E_RANGE, "price"},
        {"more decimals than the scale", TRADE(GOOD ",\"price\":\"1.000000001\""), MR_E_INEXACT, "price"},
        {"price beyond 64 bits", TRADE(GOOD ",\"price\":\"1000000000000\""), MR_E_OVERFLOW, "price"},
        {"a third side", TRADE("\"sequence\":1,\"side\":\"BUY\",\"size\":1,\"ts\":5,\"price\":\"1\""), MR_E_RANGE, "side"},
        {"no time", TRADE("\"sequence\":1,\"side\":\"buy\",\"size\":1,\"price\":\"1\""), MR_E_MISSING, "time"},
        {"time is a list", TRADE("\"sequence\":1,\"side\":\"buy\",\"size\":1,\"price\":\"1\",\"ts\":[1731898619520000000]"), MR_E_TYPE, "ts"},
        {"time beyond 64 bits of ns", TRADE("\"sequence\":1,\"side\":\"buy\",\"size\":1,\"price\":\"1\",\"ts\":9999999999999999999"), MR_E_OVERFLOW, "ts"},
        {"sequence with a sign", TRADE("\"sequence\":-1,\"side\":\"buy\",\"size\":1,\"price\":\"1\",\"ts\":5"), MR_E_MALFORMED, "sequence"},
        {"row of another symbol", TRADE(GOOD ",\"symbol\":\"ETHUSDTM\",\"price\":\"1\""), MR_E_RANGE, "symbol"},
        {"a topic of nobody", TOPIC("/contractMarket/execution", "match", GOOD ",\"price\":\"1\""), MR_E_MISSING, "topic: symbol"},
        {"change of one part", CHANGE("\"sequence\":1,\"change\":\"5\",\"timestamp\":5"), MR_E_MISSING, "change"},
        {"change of two parts", CHANGE("\"sequence\":1,\"change\":\"5,buy\",\"timestamp\":5"), MR_E_MISSING, "change"},
        {"change of four parts", CHANGE("\"sequence\":1,\"change\":\"5,buy,1,2\",\"timestamp\":5"), MR_E_MALFORMED, "change"},
        {"change is a number", CHANGE("\"sequence\":1,\"change\":5,\"timestamp\":5"), MR_E_TYPE, "change"},
        {"change of a third side", CHANGE("\"sequence\":1,\"change\":\"5,bid,1\",\"timestamp\":5"), MR_E_RANGE, "change"},
        {"change of less than nothing", CHANGE("\"sequence\":1,\"change\":\"5,buy,-1\",\"timestamp\":5"), MR_E_RANGE, "change"},
        {"change without a number", CHANGE("\"change\":\"5,buy,1\",\"timestamp\":5"), MR_E_MISSING, "sequence"},
        {"change without a time", CHANGE("\"sequence\":1,\"change\":\"5,buy,1\""), MR_E_MISSING, "timestamp"},
        {"depth without bids", DEPTH("\"asks\":[],\"timestamp\":5"), MR_E_MISSING, "bids"},
        {"depth with a side twice", DEPTH("\"asks\":[],\"asks\":[],\"bids\":[],\"timestamp\":5"), MR_E_MALFORMED, "asks"},
        {"depth without a time", DEPTH("\"asks\":[],\"bids\":[]"), MR_E_MISSING, "timestamp"},
        {"a level of one", DEPTH("\"asks\":[[\"1\"]],\"bids\":[],\"timestamp\":5"), MR_E_MISSING, "asks"},
        {"a level of less than nothing", DEPTH("\"asks\":[[\"1\",-1]],\"bids\":[],\"timestamp\":5"), MR_E_RANGE, "asks"},
        {"a level with half a lot's decimals too many", DEPTH("\"asks\":[[\"1\",1.123456789]],\"bids\":[],\"timestamp\":5"), MR_E_INEXACT, "asks"},
        {"candle without an interval", TOPIC("/contractMarket/limitCandle:XBTUSDTM", "candle.stick", "\"candles\":[\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\"],\"time\":1"), MR_E_RANGE, "topic: interval"},
        {"candle of six", TOPIC("/contractMarket/limitCandle:XBTUSDTM_1min", "candle.stick", "\"candles\":[\"1\",\"1\",\"1\",\"1\",\"1\",\"1\"],\"time\":1"), MR_E_MISSING, "candles"},
        {"candle of a text", TOPIC("/contractMarket/limitCandle:XBTUSDTM_1min", "candle.stick", "\"candles\":\"1\",\"time\":1"), MR_E_TYPE, "candles"},
        {"data is an array", "{\"topic\":\"/contractMarket/execution:XBTUSDTM\",\"data\":[]}", MR_E_TYPE, NULL},
        {"no data", "{\"topic\":\"/contractMarket/execution:XBTUSDTM\"}", MR_E_MISSING, "data"},
        {"data twice", "{\"topic\":\"/contractMarket/snapshot:XBTUSDTM\",\"data\":{},\"data\":{}}", MR_E_MALFORMED, "data"},
        {"unknown subject", TOPIC("/contract/instrument:XBTUSDTM", "lunar.phase", ""), MR_E_UNKNOWN, "lunar.phase"},
        {"no subject where it decides", "{\"topic\":\"/contract/instrument:XBTUSDTM\",\"data\":{}}", MR_E_MISSING, "subject"},
        {"unknown topic", "{\"topic\":\"/contractMarket/moon:XBTUSDTM\",\"data\":{}}", MR_E_UNKNOWN, "/contractMarket/moon"},
        {"spot's topic", "{\"topic\":\"/market/match:BTC-USDT\",\"data\":{}}", MR_E_UNKNOWN, "/market/match"},
        {"unknown, but broken further on", "{\"topic\":\"/contractMarket/moon:XBTUSDTM\",\"data\":{]}", MR_E_MALFORMED, NULL},
        {"unknown answer", "{\"type\":\"sing\"}", MR_E_UNKNOWN, "sing"},
        {"neither topic nor type", "{}", MR_E_UNKNOWN, ""},
        {"spot's books without a token", UTA("obu.SPOT", "\"dp\":\"5\", ", "\"a\":[],\"b\":[]"), MR_E_UNKNOWN, "obu.SPOT"},
        {"a book of a third type", UTA("obu.FUTURES", "\"dp\":\"increment\", \"t\":\"full\", ", "\"a\":[],\"b\":[],\"s\":\"XBTUSDTM\""), MR_E_RANGE, "t"},
        {"a book without a depth", UTA("obu.FUTURES", "\"t\":\"delta\", ", "\"a\":[],\"b\":[],\"s\":\"XBTUSDTM\""), MR_E_MISSING, "dp"},
        {"a delta without its first", UTA("obu.FUTURES", "\"dp\":\"increment@10ms\", \"t\":\"delta\", ", "\"a\":[],\"b\":[],\"s\":\"XBTUSDTM\",\"C\":5,\"M\":5"), MR_E_MISSING, "O"},
        {"a book of nobody", UTA("obu.FUTURES", "\"dp\":\"5\", ", "\"a\":[],\"b\":[],\"C\":5,\"M\":5"), MR_E_MISSING, "s"},
        {"a best of two", UTA("obu.FUTURES", "\"dp\":\"1\", ", "\"a\":[[\"1\",\"1\"],[\"2\",\"1\"]],\"b\":[],\"C\":5,\"M\":5,\"s\":\"XBTUSDTM\""), MR_E_RANGE, "d"},
        {"no d", "{\"T\":\"trade.FUTURES\"}", MR_E_MISSING, "d"},
        {"cut inside a string", "{\"topic\":\"/contractMa", MR_E_TRUNCATED, NULL},
        {"cut before the last bracket", "{\"topic\":\"/contractMarket/snapshot:XBTUSDTM\",\"data\":{}", MR_E_TRUNCATED, NULL},
        {"a byte too many", "{\"id\":\"1\",\"type\":\"ack\"}x", MR_E_MALFORMED, NULL},
        {"not an object", "[]", MR_E_TYPE, NULL},
        {"nothing", "", MR_E_TRUNCATED, NULL},
    };
    static const struct mr_desk_refusal spot[] = {
        {"no changes", SPOT("\"time\":1"), MR_E_MISSING, "changes"},
        {"changes are a list", SPOT("\"changes\":[]"), MR_E_TYPE, "changes"},
        {"no asks", SPOT("\"changes\":{\"bids\":[]}"), MR_E_MISSING, "asks"},
        {"a change without its number", SPOT("\"changes\":{\"asks\":[[\"1\",\"2\"]],\"bids\":[]}"), MR_E_MISSING, "asks"},
        {"a change of a wrong size", SPOT("\"changes\":{\"asks\":[],\"bids\":[[\"1\",\"x\",\"8\"]]}"), MR_E_MALFORMED, "bids"},
        {"futures' topic", "{\"topic\":\"/contractMarket/level2:XBTUSDTM\",\"data\":{}}", MR_E_UNKNOWN, "/contractMarket/level2"},
        {"level1 without bids", TOPIC("/spotMarket/level1:BTC-USDT", "level1", "\"asks\":[],\"timestamp\":1"), MR_E_MISSING, "bids"},
        {"level1 with half a side", TOPIC("/spotMarket/level1:BTC-USDT", "level1", "\"asks\":[\"1\"],\"bids\":[],\"timestamp\":1"), MR_E_MISSING, "asks"},
        {"level1 with a side twice", TOPIC("/spotMarket/level1:BTC-USDT", "level1", "\"asks\":[],\"asks\":[],\"timestamp\":1"), MR_E_MALFORMED, "asks"},
    };
    /* clang-format on */
    mr_desk_refuse("kucoin:futures", stock_futures, futures, MR_COUNT_OF(futures));
    mr_desk_refuse("kucoin:spot", stock_spot, spot, MR_COUNT_OF(spot));
}

static void an_output_too_small_is_a_status(void **state)
{
    (void)state;
    mr_desk_room("kucoin:futures", stock_futures, CHANGE("\"sequence\":1,\"change\":\"5,buy,1\",\"timestamp\":5"), 2);
}

static void more_than_may_be_sorted_is_refused(void **state)
{
    (void)state;
    static char text[64 * 1024];
    struct mr_desk *desk = mr_desk_open("kucoin:spot", false);
    stock_spot(desk);
    for (int unsorted = 0; unsorted < 2; unsorted++) {
        size_t n = (size_t)snprintf(
            text, sizeof text,
            "{\"topic\":\"/market/"
            "level2:BTC-USDT\",\"data\":{\"sequenceStart\":1,\"sequenceEnd\":600,\"changes\":{\"bids\":[],\"asks\":[");
        for (int i = 1; i <= 600; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s[\"%d\",\"1\",\"%d\"]", i > 1 ? "," : "", i,
                                  unsorted ? 601 - i : i);
        n += (size_t)snprintf(text + n, sizeof text - n, "]}}}");
        assert_int_equal(mr_desk_decode(desk, text, n), unsorted ? MR_E_TOO_BIG : 151);
    }
    mr_desk_close(desk);
}

/* ---- REST ---- */

/* clang-format off */
#define CONTRACT "\"type\":\"FFWCSX\",\"expireDate\":null,\"baseCurrency\":\"XBT\",\"quoteCurrency\":\"USDT\",\"lotSize\":1,\"tickSize\":0.1,\"multiplier\":0.001,\"isInverse\":false,\"status\":\"Open\""
/* clang-format on */

static void contracts_have_multipliers(void **state)
{
    (void)state;
    struct mr_desk *desk = mr_desk_open("kucoin:futures", false);
    static const char list[] =
        "{\"code\":\"200000\",\"data\":[{\"symbol\":\"XBTUSDTM\"," CONTRACT
        ",\"openInterest\":\"5\",\"markPrice\":2},{\"symbol\":\"XBTUSDM\",\"type\":\"FFWCSX\",\"baseCurrency\":\"XBT\","
        "\"quoteCurrency\":\"USD\",\"lotSize\":1,\"tickSize\":0.5,\"multiplier\":-1.0,\"isInverse\":true,\"status\":"
        "\"Open\"},{\"symbol\":\"XBTMZ26\",\"type\":\"FFICSX\",\"expireDate\":1798272000000,\"baseCurrency\":\"XBT\","
        "\"quoteCurrency\":\"USD\",\"lotSize\":1,\"tickSize\":1.0E-5,\"multiplier\":-1,\"isInverse\":true,\"status\":"
        "\"Paused\"},{\"symbol\":\"ODDUSDTM\",\"baseCurrency\":\"ODD\",\"quoteCurrency\":\"USDT\",\"lotSize\":1,"
        "\"tickSize\":0.1,\"multiplier\":0}]}";
    assert_int_equal(mr_desk_rest(desk, "https://h/api/v1/contracts/active", list, sizeof list - 1), 0);
    /* clang-format off */
    static const struct mr_desk_instrument contracts[] = {
        {"XBTUSDTM", "BTC" /* one name for one coin */, "USDT", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD, 10000000, 0, 1, 3},
        {"XBTUSDM", "BTC", "USD", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_INVERSE, 0, 0, 1, 0},
        {"XBTMZ26", "BTC", "USD", MR_TYPE_FUTURE, MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_INVERSE | MR_INSTRUMENT_HALTED, 1000, 0, 1, 0},
        {"ODDUSDTM", "ODD", "USDT", MR_TYPE_PERPETUAL, MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_NO_METADATA, 0, 0, 1, 0},
    };
    /* clang-format on */
    mr_desk_instruments(desk, contracts, MR_COUNT_OF(contracts));
    const struct mr_instrument *it = mr_instruments_find(desk->table, MR_VENUE_kucoin, 0, mr_span_of("XBTUSDTM"));
    assert_string_equal(mr_instruments_underlying_name(desk->table, it->underlying), "BTC");
    assert_int_equal(it->lot, mr_pow10[it->size_scale]);

    /* one that was asked for by name says its open interest too; dollars by multiplier and mark */
    static const char one[] = "{\"code\":\"200000\",\"data\":{\"symbol\":\"XBTUSDTM\"," CONTRACT
                              ",\"openInterest\":\"11481754\",\"markPrice\":86201.79}}";
    assert_int_equal(mr_desk_rest(desk, "/api/v1/contracts/XBTUSDTM", one, sizeof one - 1), 1);
    assert_string_equal(desk->text, "open_interest XBTUSDTM 11481754 contracts worth 989747747.13966 @0 first last");
    mr_desk_close(desk);
}

static void symbols_have_steps(void **state)
{
    (void)state;
    struct mr_desk *desk = mr_desk_open("kucoin:spot", false);
    static const char list[] =
        "{\"code\":\"200000\",\"data\":[{\"symbol\":\"BTC-USDT\",\"name\":\"BTC-USDT\",\"baseCurrency\":\"BTC\","
        "\"quoteCurrency\":\"USDT\",\"baseIncrement\":\"0.00000001\",\"quoteIncrement\":\"0.000001\","
        "\"priceIncrement\":\"0.1\",\"enableTrading\":true},{\"symbol\":\"ANKR-BTC\",\"baseCurrency\":\"ANKR\","
        "\"quoteCurrency\":\"BTC\",\"baseIncrement\":\"0.0001\",\"priceIncrement\":\"0.0000000001\",\"enableTrading\":"
        "false}]}";
    assert_int_equal(mr_desk_rest(desk, "https://api.kucoin.com/api/v2/symbols", list, sizeof list - 1), 0);
    static const struct mr_desk_instrument symbols[] = {
        {"BTC-USDT", "BTC", "USDT", MR_TYPE_SPOT, MR_INSTRUMENT_QUOTE_USD, 10000000, 1000, 1, 0},
        {"ANKR-BTC", "ANKR", "BTC", MR_TYPE_SPOT, MR_INSTRUMENT_HALTED, 0, 0, 1, 0},
    };
    mr_desk_instruments(desk, symbols, MR_COUNT_OF(symbols));
    const struct mr_instrument *it = mr_instruments_find(desk->table, MR_VENUE_kucoin, 1, mr_span_of("BTC-USDT"));
    assert_int_equal(it->size_scale, 11); /* books hold sizes finer than the lot */
    it = mr_instruments_find(desk->table, MR_VENUE_kucoin, 1, mr_span_of("ANKR-BTC"));
    assert_int_equal(it->price_scale, 10);
    assert_int_equal(it->size_scale, 8);
    mr_desk_close(desk);
}

static void books_marks_and_funding_come_by_rest_too(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_body futures[] = {
        {"a book", "https://api-futures.kucoin.com/api/v1/level2/snapshot?symbol=XBTUSDTM",
         "{\"code\":\"200000\",\"data\":{\"sequence\":1697895963339,\"symbol\":\"XBTUSDTM\",\"bids\":[[66968,51],[66964.8,2.0]],\"asks\":[[66968.1,13529]],\"ts\":1729168101216000000}}",
         0, "book XBTUSDTM [66968x51 66964.8x2 | 66968.1x13529] seq 1697895963339 @1729168101216 snapshot first last"},
        {"a part of a book", "/api/v1/level2/depth20?symbol=XBTUSDTM",
         "{\"data\":{\"ts\":1729168101216000000,\"asks\":[],\"bids\":[[\"5\",\"1\"]],\"sequence\":7},\"code\":\"200000\"}",
         0, "book XBTUSDTM [5x1 | ] seq 7 partial @1729168101216 snapshot first last"},
        {"mark and index", "/api/v1/mark-price/XBTUSDTM/current",
         "{\"code\":\"200000\",\"data\":{\"symbol\":\"XBTUSDTM\",\"granularity\":1000,\"timePoint\":1729254307000,\"value\":67687.08,\"indexPrice\":67683.58}}",
         0, "mark XBTUSDTM 67687.08 @1729254307000 first\nindex XBTUSDTM 67683.58 @1729254307000 last"},
        {"funding", "/api/v1/funding-rate/XBTUSDTM/current",
         "{\"code\":\"200000\",\"data\":{\"symbol\":\".XBTUSDTMFPI8H\",\"granularity\":28800000,\"timePoint\":1731441600000,\"value\":6.41E-4,\"predictedValue\":5.2E-5,\"fundingTime\":1731470400000}}",
         0, "funding XBTUSDTM 0.000641 next 1731470400000 every 28800000 @1731441600000 first last"},
        {"a token", "/api/v1/bullet-public", "{\"code\":\"200000\",\"data\":{\"token\":\"t\"}}", 0, NULL},
        {"another body", "/api/v1/timestamp", "{}", MR_E_UNKNOWN, NULL},
        {"spot's body", "/api/v2/symbols", "{}", MR_E_UNKNOWN, NULL},
        {"a path with more behind it", "/api/v1/contracts/XBTUSDTM/risk", "{}", MR_E_UNKNOWN, NULL},
        {"the venue's refusal", "/api/v1/contracts/active", "{\"code\":\"400001\",\"msg\":\"Please check the header of your request\"}", MR_E_UNKNOWN, NULL},
        {"no data", "/api/v1/contracts/active", "{\"code\":\"200000\"}", MR_E_MISSING, NULL},
        {"data twice", "/api/v1/contracts/active", "{\"code\":\"200000\",\"data\":[],\"data\":[]}", MR_E_MALFORMED, NULL},
        {"a refusal behind its data", "/api/v1/contracts/active", "{\"data\":[],\"code\":\"400001\"}", MR_E_UNKNOWN, NULL},
        {"a book of nobody", "/api/v1/level2/snapshot", "{\"code\":\"200000\",\"data\":{}}", MR_E_MISSING, NULL},
        {"a book of another", "/api/v1/level2/snapshot?symbol=XBTUSDTM", "{\"code\":\"200000\",\"data\":{\"symbol\":\"ETHUSDTM\",\"sequence\":1,\"bids\":[],\"asks\":[],\"ts\":1}}", MR_E_RANGE, NULL},
        {"a book without a number", "/api/v1/level2/snapshot?symbol=XBTUSDTM", "{\"code\":\"200000\",\"data\":{\"bids\":[],\"asks\":[],\"ts\":1}}", MR_E_MISSING, NULL},
        {"a contract without a name", "/api/v1/contracts/active", "{\"code\":\"200000\",\"data\":[{}]}", MR_E_MISSING, NULL},
    };
    static const struct mr_desk_body spot[] = {
        {"a book", "https://api.kucoin.com/api/v3/market/orderbook/level2?symbol=BTC-USDT",
         "{\"code\": \"200000\", \"data\": {\"time\": 1619378326628, \"sequence\": \"1613277183892\", \"bids\": [[\"242.6\", \"5\"]], \"asks\": [[\"243.1\",\"0.5\"]]}}",
         0, "book BTC-USDT [242.6x5 | 243.1x0.5] seq 1613277183892 @1619378326628 snapshot first last"},
        {"a part of a book", "/api/v1/market/orderbook/level2_100?symbol=BTC-USDT",
         "{\"code\":\"200000\",\"data\":{\"time\":5,\"sequence\":\"6\",\"bids\":[],\"asks\":[[\"1\",\"2\"]]}}",
         0, "book BTC-USDT [ | 1x2] seq 6 partial @5 snapshot first last"},
        {"cut", "/api/v2/symbols", "{\"code\":\"200000\",\"data\":[", MR_E_TRUNCATED, NULL},
    };
    /* clang-format on */
    struct mr_desk *desk = mr_desk_open("kucoin:futures", false);
    stock_futures(desk);
    mr_desk_bodies(desk, futures, MR_COUNT_OF(futures));
    mr_desk_close(desk);
    desk = mr_desk_open("kucoin:spot", false);
    stock_spot(desk);
    mr_desk_bodies(desk, spot, MR_COUNT_OF(spot));
    mr_desk_close(desk);
}

static void recordings_are_understood_whole(void **state)
{
    (void)state;
    mr_desk_recording(
        "kucoin:spot", "kucoin", "spot_10sym_20210425",
        (const struct mr_desk_count[]){
            {"level2", 3853}, {"ticker", 830}, {"match", 18}, {"candles", 6}, {"welcome", 1}, {"ack", 13}, {NULL, 0}});
    mr_desk_recording("kucoin:futures", "kucoin", "futures_samples_2024_2025",
                      (const struct mr_desk_count[]){{"execution", 2},
                                                     {"level2", 2},
                                                     {"tickerV2", 2},
                                                     {"ticker", 1},
                                                     {"level2Depth5", 1},
                                                     {"level2Depth50", 1},
                                                     {"mark.index.price", 2},
                                                     {"funding.rate", 1},
                                                     {"snapshot.24h", 2},
                                                     {"limitCandle", 1},
                                                     {"funding.begin", 1},
                                                     {NULL, 0}});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trades_are_in_lots_or_coins_with_the_takers_side),
        cmocka_unit_test(tickers_are_the_best_bid_and_ask),
        cmocka_unit_test(futures_books_change_a_level_a_message),
        cmocka_unit_test(spot_books_change_levels_of_a_span_of_numbers),
        cmocka_unit_test(instruments_have_marks_and_funding),
        cmocka_unit_test(candles_differ_by_product_and_year),
        cmocka_unit_test(the_token_less_socket_has_words_of_its_own),
        cmocka_unit_test(what_is_no_event_is_understood),
        cmocka_unit_test(what_repeats_is_learnt),
        cmocka_unit_test(what_is_wrong_is_refused_by_name),
        cmocka_unit_test(an_output_too_small_is_a_status),
        cmocka_unit_test(more_than_may_be_sorted_is_refused),
        cmocka_unit_test(contracts_have_multipliers),
        cmocka_unit_test(symbols_have_steps),
        cmocka_unit_test(books_marks_and_funding_come_by_rest_too),
        cmocka_unit_test(recordings_are_understood_whole),
    };
    return MR_TEST_MAIN(tests);
}
