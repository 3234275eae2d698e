/* The usual forms of trades, of best bids and asks and of books (codecs/venue/usual.h, usual_small.h): each venue's messages are read by them, in the
 * newest form and in older ones; what is said otherwise is left to the general path; and whatever is read by them is read as the
 * general path reads it: each byte changed, each beginning, each number at its limits. */
#include <stdio.h>

#include "tests/codecs/venue/rig.h"

#define HASH "0xab7ac612399342b1acf4041c880dcd011800ddf7d49661834f437164f8971c9c"
#define USER "0x768484f7e2ebb675c57838366c02ae99ba2a9b08"
#define UUID "a9188a0a-82bc-50de-be60-03eedbe3cdd7"
#define STATE "56621a121a47ed9333273e21c83b660cff37ae50"
#define TOKEN "71321045679252212594626385532706912750332728571942532289631379312455583992563"

/* In their usual form. */
static const struct {
    const char *product, *says, *text;
} usual[] = {
    /* clang-format off */
    {"binance:usdm", "aggTrade", "{\"e\":\"aggTrade\",\"E\":1768644497528,\"a\":3057600382,\"s\":\"BTCUSDT\",\"p\":\"95208.60\",\"q\":\"0.020\",\"nq\":\"0.020\",\"f\":7111099183,\"l\":7111099184,\"T\":1768644497374,\"m\":true,\"st\":1}"},
    {"binance:usdm", "aggTrade of 2021, wrapped", "{\"stream\":\"ctkusdt@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":1626992741575,\"a\":16599292,\"s\":\"CTKUSDT\",\"p\":\"1.01100\",\"q\":\"10\",\"f\":23961322,\"l\":23961322,\"T\":1626992741421,\"m\":false}}"},
    {"binance:usdm", "trade", "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":1723161256523,\"T\":1723161256523,\"s\":\"BTCUSDT\",\"t\":5266583939,\"p\":\"61800.20\",\"q\":\"0.015\",\"X\":\"MARKET\",\"m\":true}}"},
    {"binance:usdm", "bookTicker", "{\"e\":\"bookTicker\",\"u\":11730346419457,\"s\":\"1000PEPEUSDT\",\"ps\":\"1000PEPEUSDT\",\"b\":\"0.0120\",\"B\":\"5.923\",\"a\":\"0.0121\",\"A\":\"2.824\",\"T\":1791091007473,\"E\":1791091007473,\"st\":1}"},
    {"binance:usdm", "bookTicker of 2024, wrapped", "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"e\":\"bookTicker\",\"u\":5123107839020,\"s\":\"BTCUSDT\",\"b\":\"61800.20\",\"B\":\"2.507\",\"a\":\"61800.30\",\"A\":\"2.510\",\"T\":1723161256313,\"E\":1723161256313}}"},
    {"binance:spot", "aggTrade", "{\"stream\":\"x@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":1633998523963,\"s\":\"NKNUSDT\",\"a\":15683430,\"p\":\"0.35280000\",\"q\":\"58.00000000\",\"f\":19862790,\"l\":19862790,\"T\":1633998523963,\"m\":false,\"M\":true}}"},
    {"binance:spot", "trade", "{\"e\":\"trade\",\"E\":1723161255343,\"s\":\"BTCUSDT\",\"t\":3735683259,\"p\":\"61837.63000000\",\"q\":\"0.02000000\",\"T\":1723161255342,\"m\":true,\"M\":true}"},
    {"binance:spot", "bookTicker", "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":50093239212,\"s\":\"BTCUSDT\",\"b\":\"61837.63000000\",\"B\":\"3.78826000\",\"a\":\"61837.64000000\",\"A\":\"1.54698000\"}}"},
    {"binance:spot", "bookTicker, bare", "{\"u\":50093239212,\"s\":\"BTCUSDT\",\"b\":\"61837.63000000\",\"B\":\"3.78826000\",\"a\":\"61837.64000000\",\"A\":\"1.54698000\"}"},
    {"binance:usdm", "depthUpdate, wrapped", "{\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1791301234567,\"T\":1791301234560,\"s\":\"BTCUSDT\",\"ps\":\"BTCUSDT\",\"U\":9712345678901,\"u\":9712345679000,\"pu\":9712345678900,\"b\":[[\"84000.10\",\"0.015\"],[\"83999.90\",\"0\"]],\"a\":[[\"84000.20\",\"12\"]],\"st\":1}}"},
    {"binance:usdm", "depthUpdate of 2023, bare, one side", "{\"e\":\"depthUpdate\",\"E\":1691301234567,\"T\":1691301234560,\"s\":\"1000PEPEUSDT\",\"U\":97123456,\"u\":97123457,\"pu\":97123455,\"b\":[],\"a\":[[\"0.0121\",\"5.923\"]]}"},
    {"binance:spot", "depthUpdate, wrapped, of a long name", "{\"stream\":\"1000000babydogeusdt@depth\",\"data\":{\"e\":\"depthUpdate\",\"E\":1791301234567,\"s\":\"1000000BABYDOGEUSDT\",\"U\":157,\"u\":160,\"b\":[[\"0.00240000\",\"10.00000000\"]],\"a\":[[\"0.00260000\",\"100.00000000\"]]}}"},
    {"bybit:linear", "publicTrade", "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1786310819681,\"data\":[{\"T\":1786310819680,\"s\":\"BTCUSDT\",\"S\":\"Sell\",\"v\":\"0.004\",\"p\":\"65114.20\",\"L\":\"MinusTick\",\"i\":\"" UUID "\",\"BT\":false,\"RPI\":false,\"seq\":753843954913}]}"},
    {"bybit:linear", "three trades, of all ticks and of RPI", "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1786310819681,\"data\":[{\"T\":1786310819680,\"s\":\"BTCUSDT\",\"S\":\"Buy\",\"v\":\"0.004\",\"p\":\"65114.20\",\"L\":\"ZeroMinusTick\",\"i\":\"" UUID "\",\"BT\":false,\"RPI\":true,\"seq\":753843954913},{\"T\":1786310819681,\"s\":\"BTCUSDT\",\"S\":\"Sell\",\"v\":\"12\",\"p\":\"65114.3\",\"L\":\"ZeroPlusTick\",\"i\":\"" UUID "\",\"BT\":false,\"RPI\":false,\"seq\":753843954914},{\"T\":1786310819682,\"s\":\"BTCUSDT\",\"S\":\"Buy\",\"v\":\"0.5\",\"p\":\"65114\",\"L\":\"PlusTick\",\"i\":\"" UUID "\",\"BT\":false,\"RPI\":true,\"seq\":753843954915}]}"},
    {"bybit:linear", "two trades, of before RPI and seq", "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1786310819681,\"data\":[{\"T\":1786310819680,\"s\":\"BTCUSDT\",\"S\":\"Sell\",\"v\":\"0.004\",\"p\":\"65114.20\",\"L\":\"ZeroMinusTick\",\"i\":\"" UUID "\",\"BT\":false},{\"T\":1786310819681,\"s\":\"BTCUSDT\",\"S\":\"Buy\",\"v\":\"1\",\"p\":\"65114.3\",\"L\":\"PlusTick\",\"i\":\"" UUID "\",\"BT\":false}]}"},
    {"bybit:linear", "allLiquidation", "{\"topic\":\"allLiquidation.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1791565601482,\"data\":[{\"T\":1791565600992,\"s\":\"BTCUSDT\",\"S\":\"Buy\",\"v\":\"0.006\",\"p\":\"82396.90\"},{\"T\":1791565601058,\"s\":\"BTCUSDT\",\"S\":\"Sell\",\"v\":\"0.038\",\"p\":\"82394.30\"}]}"},
    {"bybit:linear", "orderbook.200 delta", "{\"topic\":\"orderbook.200.BTCUSDT\",\"type\":\"delta\",\"ts\":1672304484978,\"data\":{\"s\":\"BTCUSDT\",\"b\":[[\"16493.50\",\"0.006\"],[\"16493.40\",\"0\"]],\"a\":[[\"16611.00\",\"0.029\"]],\"u\":18521288,\"seq\":7961638724},\"cts\":1672304484976}"},
    {"bybit:linear", "orderbook.1 snapshot", "{\"topic\":\"orderbook.1.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1672304484978,\"data\":{\"s\":\"BTCUSDT\",\"b\":[[\"16493.50\",\"0.006\"]],\"a\":[[\"16611.00\",\"0.029\"]],\"u\":18521288,\"seq\":7961638724},\"cts\":1672304484976}"},
    {"bybit:linear", "orderbook.1 delta of one side", "{\"topic\":\"orderbook.1.BTCUSDT\",\"type\":\"delta\",\"ts\":1672304484978,\"data\":{\"s\":\"BTCUSDT\",\"b\":[],\"a\":[[\"16610.50\",\"0.5\"]],\"u\":18521289,\"seq\":7961638725},\"cts\":1672304484976}"},
    {"bybit:linear", "orderbook.1 delta that empties a side", "{\"topic\":\"orderbook.1.BTCUSDT\",\"type\":\"delta\",\"ts\":1672304484978,\"data\":{\"s\":\"BTCUSDT\",\"b\":[[\"16493.50\",\"0\"]],\"a\":[],\"u\":18521290,\"seq\":7961638725}}"},
    {"bybit:spot", "publicTrade", "{\"topic\":\"publicTrade.ETHUSDT\",\"ts\":1786310821917,\"type\":\"snapshot\",\"data\":[{\"i\":\"2280000001739247417\",\"T\":1786310821917,\"p\":\"1923.28\",\"v\":\"0.04537\",\"S\":\"Buy\",\"seq\":178477362706,\"s\":\"ETHUSDT\",\"BT\":false,\"RPI\":true}]}"},
    {"bybit:spot", "orderbook.50 snapshot", "{\"topic\":\"orderbook.50.ETHUSDT\",\"ts\":1672304484978,\"type\":\"snapshot\",\"data\":{\"s\":\"ETHUSDT\",\"b\":[[\"1649.50\",\"0.006\"]],\"a\":[],\"u\":1,\"seq\":7961638724},\"cts\":1672304484976}"},
    {"bybit:spot", "orderbook.1", "{\"topic\":\"orderbook.1.ETHUSDT\",\"ts\":1672304484978,\"type\":\"snapshot\",\"data\":{\"s\":\"ETHUSDT\",\"b\":[[\"1649.50\",\"0.006\"]],\"a\":[[\"1661.00\",\"0.029\"]],\"u\":18521288,\"seq\":7961638724},\"cts\":1672304484976}"},
    {"okx:public", "trades", "{\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"},\"data\":[{\"instId\":\"BTC-USDT-SWAP\",\"tradeId\":\"2005639579\",\"px\":\"91467.1\",\"sz\":\"0.03\",\"side\":\"sell\",\"ts\":\"1765201257145\",\"count\":\"1\",\"source\":\"0\",\"seqId\":279183506666}]}"},
    {"okx:public", "two trades of 2022, a long symbol", "{\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USD-220527-30000-C\"},\"data\":[{\"instId\":\"BTC-USD-220527-30000-C\",\"tradeId\":\"7849\",\"px\":\"30218.8\",\"sz\":\"1\",\"side\":\"buy\",\"ts\":\"1652459199958\"},{\"instId\":\"BTC-USD-220527-30000-C\",\"tradeId\":\"7850\",\"px\":\"30218.7\",\"sz\":\"12\",\"side\":\"sell\",\"ts\":\"1652459199959\"}]}"},
    {"okx:public", "trades of a symbol of 16 bytes", "{\"arg\":{\"channel\":\"trades\",\"instId\":\"PEOPLE-USDT-SWAP\"},\"data\":[{\"instId\":\"PEOPLE-USDT-SWAP\",\"tradeId\":\"2005639579\",\"px\":\"0.01467\",\"sz\":\"3\",\"side\":\"sell\",\"ts\":\"1765201257145\",\"count\":\"1\",\"source\":\"0\",\"seqId\":279183506666}]}"},
    {"okx:public", "books update", "{\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USDT-SWAP\"},\"action\":\"update\",\"data\":[{\"asks\":[[\"91467.1\",\"0\",\"0\",\"0\"],[\"91467.2\",\"10.5\",\"0\",\"12\"]],\"bids\":[[\"91467\",\"3\",\"0\",\"1\"]],\"ts\":\"1765201257149\",\"checksum\":-855196043,\"seqId\":279183506666,\"prevSeqId\":279183506660}]}"},
    {"okx:public", "books snapshot", "{\"arg\":{\"channel\":\"books\",\"instId\":\"LTC-USDC\"},\"action\":\"snapshot\",\"data\":[{\"asks\":[],\"bids\":[[\"83.8\",\"11.93317\",\"0\",\"12\"]],\"ts\":\"1765201257149\",\"checksum\":855196043,\"seqId\":378617009,\"prevSeqId\":-1}]}"},
    {"okx:public", "bbo-tbt", "{\"arg\":{\"channel\":\"bbo-tbt\",\"instId\":\"LTC-USDC\"},\"data\":[{\"asks\":[[\"83.81\",\"11.93175\",\"0\",\"1\"]],\"bids\":[[\"83.8\",\"11.93317\",\"0\",\"12\"]],\"ts\":\"1765201257149\",\"seqId\":378617009}]}"},
    {"okx:business", "trades-all", "{\"arg\":{\"channel\":\"trades-all\",\"instId\":\"BTC-USDT\"},\"data\":[{\"instId\":\"BTC-USDT\",\"tradeId\":\"2005639579\",\"px\":\"91467.1\",\"sz\":\"0.03\",\"side\":\"sell\",\"ts\":\"1765201257145\",\"source\":\"0\"}]}"},
    {"hyperliquid:perp", "bbo", "{\"channel\":\"bbo\",\"data\":{\"coin\":\"SOL\",\"time\":1765887848009,\"bbo\":[{\"px\":\"128.5\",\"sz\":\"36.93\",\"n\":2},{\"px\":\"128.54\",\"sz\":\"18.7\",\"n\":12}]}}"},
    {"hyperliquid:perp", "bbo without a bid", "{\"channel\":\"bbo\",\"data\":{\"coin\":\"SOL\",\"time\":1765887848009,\"bbo\":[null,{\"px\":\"128.54\",\"sz\":\"18.7\",\"n\":2}]}}"},
    {"hyperliquid:perp", "trades that have begun", "{\"channel\":\"trades\",\"data\":[{\"coin\":\"SOL\",\"side\":\"A\",\"px\":\"128.5\",\"sz\":\"0.42\",\"time\":1765887848009,\"hash\":\"" HASH "\",\"tid\":867891549538215,\"users\":[\"" USER "\",\"" USER "\"]},{\"coin\":\"SOL\",\"side\":\"B\",\"px\":\"128.51\",\"sz\":\"7\",\"time\":1765887848009,\"hash\":\"" HASH "\",\"tid\":1067891549538215,\"users\":[\"" USER "\",\"" USER "\"]}]}"},
    {"kucoin:futures", "execution", "{\"topic\":\"/contractMarket/execution:ETHUSDCM\",\"type\":\"message\",\"subject\":\"match\",\"sn\":1704252565555,\"data\":{\"symbol\":\"ETHUSDCM\",\"sequence\":1704252565555,\"side\":\"sell\",\"size\":17,\"price\":\"4419.15\",\"takerOrderId\":\"349748069560008705\",\"makerOrderId\":\"349748069539065857\",\"tradeId\":\"1704252565555\",\"ts\":1756199639791000000}}"},
    {"kucoin:futures", "tickerV2", "{\"topic\":\"/contractMarket/tickerV2:XBTUSDTM\",\"type\":\"message\",\"subject\":\"tickerV2\",\"sn\":1720845437465,\"data\":{\"symbol\":\"XBTUSDTM\",\"sequence\":1720845437465,\"bestBidSize\":685,\"bestBidPrice\":\"110212\",\"bestAskPrice\":\"110212.1\",\"bestAskSize\":1941,\"ts\":1756199639879000000}}"},
    {"kucoin:futures", "level2", "{\"topic\":\"/contractMarket/level2:XBTUSDTM\",\"type\":\"message\",\"subject\":\"level2\",\"sn\":1720848028237,\"data\":{\"sequence\":1720848028237,\"change\":\"110224.7,sell,0\",\"timestamp\":1756205427835}}"},
    {"mexc:futures", "deals", "{\"symbol\":\"BTC_USDT\",\"data\":[{\"p\":84000.5,\"v\":12,\"T\":1,\"O\":3,\"M\":1,\"t\":1788312345678,\"i\":\"1601234567\",\"cts\":\"1788312345677\"},{\"p\":84000.4,\"v\":1,\"T\":2,\"O\":1,\"M\":2,\"t\":1788312345679}],\"channel\":\"push.deal\",\"ts\":1788312345680}"},
    {"mexc:futures", "depth.full", "{\"symbol\":\"BTC_USDT\",\"data\":{\"cts\":1789498322165,\"asks\":[[72384.5,42,1],[72384.6,7,12]],\"bids\":[[72384.4,100,3]],\"version\":37723308980},\"channel\":\"push.depth.full\",\"ts\":1789498322169}"},
    {"mexc:futures", "ticker", "{\"symbol\":\"BTC_USDT\",\"data\":{\"symbol\":\"BTC_USDT\",\"lastPrice\":77526,\"bid1\":77525.9,\"ask1\":77526,\"fairPrice\":77526.1,\"indexPrice\":77530.25,\"fundingRate\":0.000081,\"holdVol\":12357864,\"volume24\":295146577,\"amount24\":898120149.6331,\"riseFallRate\":-0.0275,\"high24Price\":78905.5,\"lower24Price\":75316,\"contractId\":10,\"timestamp\":1789498322165},\"channel\":\"push.ticker\",\"ts\":1789498322169}"},
    {"mexc:futures", "ticker in another order, without a symbol of its own", "{\"symbol\":\"ETH_USDT\",\"data\":{\"ask1\":0,\"bid1\":2384.5,\"contractId\":11,\"fairPrice\":0.5,\"fundingRate\":-0.00001,\"high24Price\":3.10,\"holdVol\":7,\"indexPrice\":2.000000,\"riseFallValue\":-813,\"timestamp\":1789498322165,\"volume24\":0},\"channel\":\"push.ticker\",\"ts\":1789498322169}"},
    {"mexc:futures", "depth, merged", "{\"symbol\":\"BTC_USDT\",\"data\":{\"cts\":1789498405530,\"asks\":[[72384.5,42,1]],\"bids\":[],\"end\":8752808003,\"begin\":8752807948,\"version\":8752808003},\"channel\":\"push.depth\",\"ts\":1789498405534}"},
    {"polymarket:clob", "last_trade_price", "{\"market\":\"" HASH "\", \"asset_id\":\"" TOKEN "\", \"price\":\"0.585\", \"size\":\"2.46\", \"fee_rate_bps\":\"0\", \"side\":\"SELL\", \"timestamp\":\"1786728467101\", \"event_type\":\"last_trade_price\", \"transaction_hash\":\"" HASH "\"}"},
    {"polymarket:clob", "last_trade_price without blanks", "{\"market\":\"" HASH "\",\"asset_id\":\"" TOKEN "\",\"price\":\"0.585\",\"size\":\"2.46\",\"fee_rate_bps\":\"0\",\"side\":\"BUY\",\"timestamp\":\"1786728467101\",\"event_type\":\"last_trade_price\"}"},
    {"polymarket:clob", "price_change of two", "{\"market\":\"" HASH "\", \"price_changes\":[{\"asset_id\":\"" TOKEN "\", \"price\":\"0.06\", \"size\":\"374.34\", \"side\":\"BUY\", \"hash\":\"" STATE "\", \"best_bid\":\"0.07\", \"best_ask\":\"1\"}, {\"asset_id\":\"" TOKEN "\", \"price\":\"0.941\", \"size\":\"0\", \"side\":\"SELL\", \"hash\":\"" STATE "\", \"best_bid\":\"0\", \"best_ask\":\"0.998\"}], \"timestamp\":\"1786728438403\", \"event_type\":\"price_change\"}"},
    {"polymarket:clob", "price_change without blanks", "{\"market\":\"" HASH "\",\"price_changes\":[{\"asset_id\":\"" TOKEN "\",\"price\":\"0.5\",\"size\":\"200\",\"side\":\"SELL\",\"hash\":\"" STATE "\",\"best_bid\":\"0.49\",\"best_ask\":\"0.5\"}],\"timestamp\":\"1786728438403\",\"event_type\":\"price_change\"}"},
    {"polymarket:clob", "best_bid_ask", "{\"market\":\"" HASH "\", \"asset_id\":\"" TOKEN "\", \"best_bid\":\"0.63\", \"best_ask\":\"0.638\", \"spread\":\"0.008\", \"timestamp\":\"1789156413830\", \"event_type\":\"best_bid_ask\"}"},
    {"polymarket:clob", "best_bid_ask of an empty book", "{\"market\":\"" HASH "\",\"asset_id\":\"" TOKEN "\",\"best_bid\":\"0\",\"best_ask\":\"1\",\"spread\":\"1\",\"timestamp\":\"1789156413830\",\"event_type\":\"best_bid_ask\"}"},
    /* clang-format on */
};

/* Two decoders of one product: with the usual forms, and with the general path alone. */
struct pair {
    struct rig fast, plain;
};

static void open_pair(struct pair *p, size_t row)
{
    struct mr_frame frame = rig_frame(usual[row].text, strlen(usual[row].text));
    rig_open(&p->fast, usual[row].product, 64, mr_kernel_active());
    rig_open(&p->plain, usual[row].product, 0, mr_kernel_active());
    /* adds the symbol; begins the coin; and a delta has an image before it */
    assert_true(rig_decode_frame(&p->plain, &frame) > 0);
    assert_true(rig_decode_frame(&p->fast, &frame) > 0);
}

static void close_pair(struct pair *p)
{
    rig_close(&p->fast);
    rig_close(&p->plain);
}

static int by_usual_form(struct rig *rig, const struct mr_frame *frame)
{
    return rig->dec.venue->usual(&rig->dec, frame, rig->out, MR_DECODE_SLOTS);
}

/* Both decoders on one frame: the same status, kind and slots. */
static int same(struct pair *p, const struct mr_frame *frame)
{
    int n = mr_decode(&p->fast.dec, frame, p->fast.out, MR_DECODE_SLOTS);
    int want = mr_decode(&p->plain.dec, frame, p->plain.out, MR_DECODE_SLOTS);
    if (n != want || (n >= 0 && p->fast.dec.kind != p->plain.dec.kind) ||
        (n > 0 && memcmp(p->fast.out, p->plain.out, (size_t)n * sizeof *p->fast.out) != 0))
        fail_msg("%d, and %d by the general path: %.*s", n, want, (int)frame->len, (const char *)frame->data);
    return n;
}

static void every_kind_is_read_in_its_usual_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(usual); i++) {
        struct pair p;
        open_pair(&p, i);
        size_t len = strlen(usual[i].text);
        struct mr_guard g = mr_guard_open((uint32_t)len); /* a read past the end would fault */
        memcpy(g.data, usual[i].text, len);
        struct mr_frame frame = rig_frame(g.data, len);
        assert_true(same(&p, &frame) > 0);
        if (by_usual_form(&p.fast, &frame) <= 0)
            fail_msg("%s, %s: not read in its usual form", usual[i].product, usual[i].says);
        mr_guard_close(&g);
        close_pair(&p);
    }
}

static void a_changed_byte_is_read_as_the_general_path_reads_it(void **state)
{
    static const char into[] = "\"\\,:[]{}-.e0123456789 xSBtn\x7f\x80\x1f";
    (void)state;
    uint64_t taken = 0, all = 0;
    for (size_t i = 0; i < MR_COUNT_OF(usual); i++) {
        struct pair p;
        open_pair(&p, i);
        size_t len = strlen(usual[i].text);
        struct mr_guard g = mr_guard_open((uint32_t)len);
        memcpy(g.data, usual[i].text, len);
        struct mr_frame frame = rig_frame(g.data, len);
        for (size_t at = 0; at < len; at++) {
            uint8_t old = g.data[at];
            for (const char *c = into; *c; c++, all++) {
                g.data[at] = (uint8_t)*c;
                taken += same(&p, &frame) > 0;
            }
            g.data[at] = old;
        }
        for (uint32_t from = 1; from < len; from++) { /* what is cut off, at either end */
            struct mr_frame part = rig_frame(g.data + from, len - from);
            assert_true(same(&p, &part) < 0);
            memmove(g.data + from, usual[i].text, len - from);
            assert_true(same(&p, &part) < 0);
            memcpy(g.data, usual[i].text, len);
        }
        mr_guard_close(&g);
        close_pair(&p);
    }
    assert_true(taken > all / 100 && taken < all);
}

/* The text with its first `what` replaced. False: it has none. */
static bool replaced(const char *text, const char *what, const char *by, char *out, size_t room)
{
    const char *at = strstr(text, what);
    if (!at)
        return false;
    snprintf(out, room, "%.*s%s%s", (int)(at - text), text, by, at + strlen(what));
    return true;
}

/* Said otherwise: what the usual form leaves to the general path, or takes as that does. */
static void what_is_said_otherwise_means_the_same(void **state)
{
    static const struct {
        const char *what, *by;
    } otherwise[] = {
        {",\"", ", \""},
        {",\"", " ,\""},
        {"\":", "\": "},
        {"{", "{\"zz\":1,"},
        {"\"s\":", "\"s2\":1,\"s\":"},
        {"}", ",\"zz\":[1,{}]}"},
        {"]}", "] }"},
        {"}", "} "},
        {"\"T\":1", "\"T\":01"},
        {"\"ts\":1", "\"ts\":"},
        {"\"p\":\"", "\"p\":\"0"},
        {"\"p\":\"", "\"p\":\"-"},
        {"\"p\":\"", "\"p\":\"\\u0031"},
        {"\"px\":\"", "\"px\":\"12345678901234567"},
        {"\"sz\":\"", "\"sz\":\"1e"},
        {"\"v\":\"", "\"v\":\"0.000000000000000001"},
        {"\"price\":\"", "\"price\":\"999999999"},
        {"\"size\":\"", "\"size\":\"99999999999999999999"},
        {"\"size\":", "\"size\":0"},
        {"\"b\":\"", "\"b\":\"9999999999"},
        {"\"A\":\"", "\"A\":\"123456789012."},
        {"\"seq\":", "\"seq\":99999999"},
        {"\"seqId\":", "\"seqId\":18446744073709551615"},
        {"\"tid\":", "\"tid\":9"},
        {"\"u\":", "\"u\":99999999999999"},
        {"\"T\":17", "\"T\":99"},
        {"\"time\":17", "\"time\":99"},
        {"\"ts\":17", "\"ts\":99"},
        {"USDT", "USDTX"},
        {"\"S\":\"", "\"S\":\"s"},
        {"true", "1"},
        {"false", "true"},
        {"\"m\":", "\"M\":true,\"m\":"},
        {"\"st\":1", "\"st\":2"},
        {"\"MARKET\"", "\"INSURANCE_FUND\""},
        {"null", "[]"},
        {"[[", "[[\"1\",\"2\"],["},
        {"snapshot", "delta"},
        {"delta", "snapshot"},
        {"\"u\":18521289", "\"u\":1"},
        {"0x", "0\\u0078"},
        {"@depth", "@depth20"},
        {"@depth", "@rpiDepth"},
        {"@depth", "@x@depth"},
        {"b\":[[\"", "b\":[[\"-"},
        {"]]", "],[\"1.5\",\"-1\"]]"},
        {"]]", "],[\"1.5\",\"1e3\"]]"},
        {"]]", "],[]]"},
        {"\"a\":", "\"a\":[],\"a\":"},
        {"\"bids\":", "\"bids\": "},
        {"\"asks\":[[", "\"asks\":[[[],"},
    };
    (void)state;
    uint64_t done = 0;
    for (size_t i = 0; i < MR_COUNT_OF(usual); i++) {
        struct pair p;
        open_pair(&p, i);
        for (size_t k = 0; k < MR_COUNT_OF(otherwise); k++) {
            char text[1024];
            if (!replaced(usual[i].text, otherwise[k].what, otherwise[k].by, text, sizeof text))
                continue;
            struct mr_frame frame = rig_frame(text, strlen(text));
            (void)same(&p, &frame);
            done++;
        }
        close_pair(&p);
    }
    assert_true(done > MR_COUNT_OF(usual) * 8);
}

/* A usual form is not told apart by the instrument: what has other scales, or a contract's worth, is read with them. */
static void scales_are_those_of_the_instrument(void **state)
{
    (void)state;
    static const struct {
        const char *tick, *lot;
        int64_t multiplier;
        uint8_t flags;
    } other[] = {
        {"0.1", "0.001", 1, 0},
        {"0.0000000001", "1", 1, MR_INSTRUMENT_QUOTE_USD},
        {"5", "1000", 100, 0},
        {"0.01", "1", 10, MR_INSTRUMENT_INVERSE},
    };
    for (size_t i = 0; i < MR_COUNT_OF(usual); i++)
        for (size_t k = 0; k < MR_COUNT_OF(other); k++) {
            struct pair p;
            open_pair(&p, i);
            for (int side = 0; side < 2; side++) {
                struct rig *rig = side ? &p.fast : &p.plain;
                struct mr_instrument it = *mr_instruments_get(rig->table, 0);
                assert_int_equal(mr_instrument_scales(&it, mr_span_of(other[k].tick), mr_span_of(other[k].lot)), MR_OK);
                it.multiplier = other[k].multiplier;
                it.flags |= other[k].flags;
                assert_int_equal(mr_instruments_add(rig->table, &it), 0);
            }
            struct mr_frame frame = rig_frame(usual[i].text, strlen(usual[i].text));
            (void)same(&p, &frame);
            close_pair(&p);
        }
}

/* Each value of MEXC's tickers spelt in many ways, one message after another, as they come from many contracts: what was expected of one is
 * not what the next one has. */
static void tickers_are_read_alike_however_their_values_are_spelt(void **state)
{
    (void)state;
    static const char *const names[] = {"lastPrice", "bid1",     "ask1",        "fairPrice", "indexPrice",
                                        "holdVol",   "amount24", "fundingRate", "timestamp", "volume24"};
    static const char *const good[] = {"0",        "7",    "0.5",      "10.25", "77525.9", "1234567890.5",
                                       "0.000081", "2.50", "12357864", "3.14"};
    static const char *const odd[] = {"-1",
                                      "-0.5",
                                      "-0",
                                      "01",
                                      "1.",
                                      ".5",
                                      "-",
                                      "-.5",
                                      "1e5",
                                      "9.75E+4",
                                      "123456789012345",
                                      "1234567890123456",
                                      "00.5",
                                      "1..5",
                                      "1.5.2",
                                      "\"1\"",
                                      "null",
                                      "1-",
                                      "-01.5",
                                      "",
                                      "12345678901234567890123",
                                      "0.000000000001",
                                      "99999999999999",
                                      "1 ",
                                      "9223372036855",
                                      "[1]",
                                      "1}",
                                      "25329.000000000000000000000000000000"};
    static const uint8_t flags[] = {MR_INSTRUMENT_NO_METADATA, MR_INSTRUMENT_QUOTE_USD,
                                    MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_INVERSE, 0};
    struct mr_random r = {20261122};
    uint32_t taken = 0;
    size_t row = 0;
    while (strcmp(usual[row].says, "ticker") != 0)
        row++;
    for (size_t f = 0; f < MR_COUNT_OF(flags); f++) {
        struct pair p;
        open_pair(&p, row);
        for (int side = 0; side < 2; side++) {
            struct rig *rig = side ? &p.fast : &p.plain;
            struct mr_instrument it = *mr_instruments_get(rig->table, 0);
            assert_int_equal(mr_instrument_scales(&it, mr_span_of("0.1"), mr_span_of("1")), MR_OK);
            it.multiplier_scale = 4;
            it.flags = flags[f];
            assert_int_equal(mr_instruments_add(rig->table, &it), 0);
        }
        for (int i = 0; i < 3000; i++) {
            char text[1024];
            int n = sprintf(text, "{\"symbol\":\"BTC_USDT\",\"data\":{\"symbol\":\"BTC_USDT\"");
            const size_t strange =
                mr_random_below(&r, 2) ? mr_random_below(&r, MR_COUNT_OF(names)) : MR_COUNT_OF(names);
            for (size_t k = 0; k < MR_COUNT_OF(names); k++)
                n += sprintf(text + n, ",\"%s\":%s", names[k],
                             k == strange                         ? odd[mr_random_below(&r, MR_COUNT_OF(odd))]
                             : strcmp(names[k], "timestamp") == 0 ? "1789498322165"
                                                                  : good[mr_random_below(&r, MR_COUNT_OF(good))]);
            n += sprintf(text + n, "},\"channel\":\"push.ticker\",\"ts\":1789498322169}");
            struct mr_guard g = mr_guard_open((uint32_t)n);
            memcpy(g.data, text, (size_t)n);
            struct mr_frame frame = rig_frame(g.data, (size_t)n);
            bool read = same(&p, &frame) > 0;
            taken += by_usual_form(&p.fast, &frame) > 0;
            if (strange == MR_COUNT_OF(names))
                assert_true(read);
            mr_guard_close(&g);
        }
        close_pair(&p);
    }
    assert_true(taken > 6000); /* of 12,000, half of which have something strange */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_read_in_its_usual_form),
        cmocka_unit_test(a_changed_byte_is_read_as_the_general_path_reads_it),
        cmocka_unit_test(what_is_said_otherwise_means_the_same),
        cmocka_unit_test(scales_are_those_of_the_instrument),
        cmocka_unit_test(tickers_are_read_alike_however_their_values_are_spelt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
