/* Dialects of all venues: the exact messages, their limits, what is refused, and every control message known. */
#include <stdio.h>

#include "codecs/venue/dial.h"
#include "tests/codecs/venue/rig.h"

static const struct mr_dialect *dialect_of(const char *name, uint8_t *product, const struct mr_venue **venue)
{
    assert_int_equal(mr_venue_parse(name, venue, product, NULL), MR_OK);
    const struct mr_dialect *dialect = mr_dialect_of(*venue);
    assert_non_null(dialect);
    return dialect;
}

#define USER_UPPER "0x000000000000000000000000000000000000ABCD"
#define USER_LOWER "0x000000000000000000000000000000000000abcd"

/* Each wanted channel: its name, its message, and the message kind by which the decoder counts what then comes. */
static const struct {
    const char *product;
    uint32_t channel;
    const char *symbol, *name, *message, *kind;
} subscriptions[] = {
#define BINANCE(name) "{\"method\":\"SUBSCRIBE\",\"params\":[\"" name "\"],\"id\":7}"
    {"binance:spot", MR_TRADES, "BTCUSDT", "btcusdt@trade", BINANCE("btcusdt@trade"), "trade"},
    {"binance:spot", MR_BEST, "BTCUSDT", "btcusdt@bookTicker", BINANCE("btcusdt@bookTicker"), "bookTicker"},
    {"binance:spot", MR_DEPTH, "BTCUSDT", "btcusdt@depth@100ms", BINANCE("btcusdt@depth@100ms"), "depthUpdate"},
    {"binance:spot", MR_CANDLES, "BTCUSDT", "btcusdt@kline_1m", BINANCE("btcusdt@kline_1m"), "kline"},
    {"binance:usdm", MR_TRADES, "1000PEPEUSDT", "1000pepeusdt@aggTrade", BINANCE("1000pepeusdt@aggTrade"), "aggTrade"},
    {"binance:usdm", MR_BEST, "BTCUSDT", "btcusdt@bookTicker", BINANCE("btcusdt@bookTicker"), "bookTicker"},
    {"binance:usdm", MR_DEPTH, "BTCUSDT", "btcusdt@depth@100ms", BINANCE("btcusdt@depth@100ms"), "depthUpdate"},
    {"binance:usdm", MR_LIQUIDATIONS, "", "!forceOrder@arr", BINANCE("!forceOrder@arr"), "forceOrder"},
    {"binance:usdm", MR_LIQUIDATIONS, "BTCUSDT", "btcusdt@forceOrder", BINANCE("btcusdt@forceOrder"), "forceOrder"},
    {"binance:usdm", MR_MARKS, "BTCUSDT", "btcusdt@markPrice@1s", BINANCE("btcusdt@markPrice@1s"), "markPriceUpdate"},
    {"binance:usdm", MR_FUNDINGS, "BTCUSDT", "btcusdt@markPrice@1s", BINANCE("btcusdt@markPrice@1s"),
     "markPriceUpdate"},
    {"binance:usdm", MR_MARKS, "", "!markPrice@arr@1s", BINANCE("!markPrice@arr@1s"), "markPriceUpdate"},
    {"binance:usdm", MR_CANDLES, "币安人生USDT", "币安人生usdt@kline_1m", BINANCE("币安人生usdt@kline_1m"), "kline"},
#define BYBIT(name) "{\"req_id\":\"7\",\"op\":\"subscribe\",\"args\":[\"" name "\"]}"
    {"bybit:linear", MR_TRADES, "BTCUSDT", "publicTrade.BTCUSDT", BYBIT("publicTrade.BTCUSDT"), "publicTrade"},
    {"bybit:linear", MR_BEST, "BTCUSDT", "orderbook.1.BTCUSDT", BYBIT("orderbook.1.BTCUSDT"), "orderbook.1 snapshot"},
    {"bybit:linear", MR_DEPTH, "BTCUSDT", "orderbook.200.BTCUSDT", BYBIT("orderbook.200.BTCUSDT"),
     "orderbook.200 delta"},
    {"bybit:linear", MR_LIQUIDATIONS, "BTCUSDT", "allLiquidation.BTCUSDT", BYBIT("allLiquidation.BTCUSDT"),
     "allLiquidation"},
    {"bybit:linear", MR_MARKS, "BTCUSDT", "tickers.BTCUSDT", BYBIT("tickers.BTCUSDT"), "tickers delta"},
    {"bybit:linear", MR_FUNDINGS, "BTCUSDT", "tickers.BTCUSDT", BYBIT("tickers.BTCUSDT"), "tickers delta"},
    {"bybit:linear", MR_INTERESTS, "BTCUSDT", "tickers.BTCUSDT", BYBIT("tickers.BTCUSDT"), "tickers delta"},
    {"bybit:linear", MR_CANDLES, "BTCUSDT", "kline.1.BTCUSDT", BYBIT("kline.1.BTCUSDT"), "kline.1"},
    {"bybit:spot", MR_TRADES, "ETHUSDT", "publicTrade.ETHUSDT", BYBIT("publicTrade.ETHUSDT"), "publicTrade"},
    {"bybit:spot", MR_BEST, "ETHUSDT", "orderbook.1.ETHUSDT", BYBIT("orderbook.1.ETHUSDT"), "orderbook.1 snapshot"},
    {"bybit:spot", MR_DEPTH, "ETHUSDT", "orderbook.200.ETHUSDT", BYBIT("orderbook.200.ETHUSDT"), "orderbook.200 delta"},
    {"bybit:spot", MR_CANDLES, "ETHUSDT", "kline.1.ETHUSDT", BYBIT("kline.1.ETHUSDT"), "kline.1"},
#define OKX(channel, key, value)                                                                                       \
    "{\"id\":\"7\",\"op\":\"subscribe\",\"args\":[{\"channel\":\"" channel "\",\"" key "\":\"" value "\"}]}"
#define SWAP "BTC-USDT-SWAP"
    {"okx:public", MR_TRADES, SWAP, "trades " SWAP, OKX("trades", "instId", SWAP), "trades"},
    {"okx:public", MR_BEST, SWAP, "bbo-tbt " SWAP, OKX("bbo-tbt", "instId", SWAP), "bbo-tbt"},
    {"okx:public", MR_DEPTH, SWAP, "books " SWAP, OKX("books", "instId", SWAP), "books update"},
    {"okx:public", MR_LIQUIDATIONS, "", "liquidation-orders SWAP", OKX("liquidation-orders", "instType", "SWAP"),
     "liquidation-orders"},
    {"okx:public", MR_MARKS, SWAP, "mark-price " SWAP, OKX("mark-price", "instId", SWAP), "mark-price"},
    {"okx:public", MR_FUNDINGS, SWAP, "funding-rate " SWAP, OKX("funding-rate", "instId", SWAP), "funding-rate"},
    {"okx:public", MR_INTERESTS, SWAP, "open-interest " SWAP, OKX("open-interest", "instId", SWAP), "open-interest"},
    {"okx:business", MR_TRADES, SWAP, "trades-all " SWAP, OKX("trades-all", "instId", SWAP), "trades-all"},
    {"okx:business", MR_CANDLES, SWAP, "candle1m " SWAP, OKX("candle1m", "instId", SWAP), "candle1m"},
#define HYPERLIQUID(rest) "{\"method\":\"subscribe\",\"subscription\":{" rest "}}"
    {"hyperliquid:perp", MR_TRADES, "BTC", "trades BTC", HYPERLIQUID("\"type\":\"trades\",\"coin\":\"BTC\""), "trades"},
    {"hyperliquid:perp", MR_BEST, "kPEPE", "bbo kPEPE", HYPERLIQUID("\"type\":\"bbo\",\"coin\":\"kPEPE\""), "bbo"},
    {"hyperliquid:perp", MR_DEPTH, "xyz:SP500", "l2Book xyz:SP500",
     HYPERLIQUID("\"type\":\"l2Book\",\"coin\":\"xyz:SP500\""), "l2Book"},
    {"hyperliquid:perp", MR_LIQUIDATIONS, "BTC", "trades BTC", HYPERLIQUID("\"type\":\"trades\",\"coin\":\"BTC\""),
     "trades"},
    {"hyperliquid:perp", MR_LIQUIDATIONS, USER_UPPER, "userFills " USER_LOWER,
     HYPERLIQUID("\"type\":\"userFills\",\"user\":\"" USER_LOWER "\""), "userFills"},
    {"hyperliquid:perp", MR_MARKS, "BTC", "activeAssetCtx BTC",
     HYPERLIQUID("\"type\":\"activeAssetCtx\",\"coin\":\"BTC\""), "activeAssetCtx"},
    {"hyperliquid:perp", MR_FUNDINGS, "BTC", "activeAssetCtx BTC",
     HYPERLIQUID("\"type\":\"activeAssetCtx\",\"coin\":\"BTC\""), "activeAssetCtx"},
    {"hyperliquid:perp", MR_INTERESTS, "BTC", "activeAssetCtx BTC",
     HYPERLIQUID("\"type\":\"activeAssetCtx\",\"coin\":\"BTC\""), "activeAssetCtx"},
    {"hyperliquid:perp", MR_CANDLES, "BTC", "candle BTC",
     HYPERLIQUID("\"type\":\"candle\",\"coin\":\"BTC\",\"interval\":\"1m\""), "candle"},
#define MEXC(channel, more)                                                                                            \
    "{\"method\":\"sub." channel "\",\"param\":{\"symbol\":\"BTC_USDT\"" more "},\"gzip\":false}"
    {"mexc:futures", MR_TRADES, "BTC_USDT", "deal BTC_USDT", MEXC("deal", ",\"compress\":false"), "push.deal"},
    {"mexc:futures", MR_BEST, "BTC_USDT", "depth.full BTC_USDT", MEXC("depth.full", ",\"limit\":5"), "push.depth.full"},
    {"mexc:futures", MR_DEPTH, "BTC_USDT", "depth BTC_USDT", MEXC("depth", ",\"compress\":false"), "push.depth"},
    {"mexc:futures", MR_MARKS, "BTC_USDT", "fair.price BTC_USDT", MEXC("fair.price", ""), "push.fair.price"},
    {"mexc:futures", MR_FUNDINGS, "BTC_USDT", "funding.rate BTC_USDT", MEXC("funding.rate", ""), "push.funding.rate"},
    {"mexc:futures", MR_INTERESTS, "BTC_USDT", "ticker BTC_USDT", MEXC("ticker", ""), "push.ticker"},
    {"mexc:futures", MR_CANDLES, "BTC_USDT", "kline BTC_USDT", MEXC("kline", ",\"interval\":\"Min1\""), "push.kline"},
#define KUCOIN(topic)                                                                                                  \
    "{\"id\":\"7\",\"type\":\"subscribe\",\"topic\":\"" topic "\",\"privateChannel\":false,\"response\":true}"
    {"kucoin:futures", MR_TRADES, "XBTUSDTM", "/contractMarket/execution:XBTUSDTM",
     KUCOIN("/contractMarket/execution:XBTUSDTM"), "execution"},
    {"kucoin:futures", MR_BEST, "XBTUSDTM", "/contractMarket/tickerV2:XBTUSDTM",
     KUCOIN("/contractMarket/tickerV2:XBTUSDTM"), "tickerV2"},
    {"kucoin:futures", MR_DEPTH, "XBTUSDTM", "/contractMarket/level2:XBTUSDTM",
     KUCOIN("/contractMarket/level2:XBTUSDTM"), "level2"},
    {"kucoin:futures", MR_MARKS, "XBTUSDTM", "/contract/instrument:XBTUSDTM", KUCOIN("/contract/instrument:XBTUSDTM"),
     "mark.index.price"},
    {"kucoin:futures", MR_FUNDINGS, "XBTUSDTM", "/contract/instrument:XBTUSDTM",
     KUCOIN("/contract/instrument:XBTUSDTM"), "funding.rate"},
    {"kucoin:futures", MR_CANDLES, "XBTUSDTM", "/contractMarket/limitCandle:XBTUSDTM_1min",
     KUCOIN("/contractMarket/limitCandle:XBTUSDTM_1min"), "limitCandle"},
    {"kucoin:spot", MR_TRADES, "BTC-USDT", "/market/match:BTC-USDT", KUCOIN("/market/match:BTC-USDT"), "match"},
    {"kucoin:spot", MR_BEST, "BTC-USDT", "/market/ticker:BTC-USDT", KUCOIN("/market/ticker:BTC-USDT"), "ticker"},
    {"kucoin:spot", MR_DEPTH, "BTC-USDT", "obu:BTC-USDT",
     "{\"id\":\"7\",\"action\":\"SUBSCRIBE\",\"channel\":\"obu\",\"tradeType\":\"SPOT\",\"symbol\":\"BTC-USDT\","
     "\"depth\":"
     "\"increment@10ms\"}",
     "obu delta"},
    {"kucoin:spot", MR_CANDLES, "BTC-USDT", "/market/candles:BTC-USDT_1min", KUCOIN("/market/candles:BTC-USDT_1min"),
     "candles"},
};

static void each_channel_has_its_message_and_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(subscriptions); i++) {
        const struct mr_stream stream = {subscriptions[i].channel, subscriptions[i].symbol};
        const struct mr_venue *venue;
        struct mr_text text;
        char bytes[512], want[512];
        uint32_t at = 0;
        uint8_t product;
        const struct mr_dialect *dialect = dialect_of(subscriptions[i].product, &product, &venue);
        mr_text_init(&text, bytes, sizeof bytes);
        assert_int_equal(dialect->subscribe(product, &stream, 1, &at, 7, &text), MR_OK);
        assert_string_equal(bytes, subscriptions[i].message);
        assert_int_equal(at, 1);
        mr_text_init(&text, bytes, sizeof bytes);
        assert_int_equal(dialect->name(product, &stream, &text), MR_OK);
        assert_string_equal(bytes, subscriptions[i].name);
        at = 0; /* the reverse differs in one word */
        mr_text_init(&text, bytes, sizeof bytes);
        assert_int_equal(dialect->unsubscribe(product, &stream, 1, &at, 7, &text), MR_OK);
        const char *word = strstr(subscriptions[i].message, "SUBSCRIBE");
        word = word ? word : strstr(subscriptions[i].message, venue->id == MR_VENUE_mexc ? "sub." : "subscribe");
        snprintf(want, sizeof want, "%.*s%s%s", (int)(word - subscriptions[i].message), subscriptions[i].message,
                 *word == 'S' ? "UN" : "un", word);
        assert_string_equal(bytes, want);
    }
}

static void what_is_subscribed_to_is_what_decoders_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(subscriptions); i++) {
        const struct mr_venue *venue;
        uint8_t product;
        uint32_t channels = 0;
        (void)dialect_of(subscriptions[i].product, &product, &venue);
        for (const struct mr_venue_kind *kind = venue->kinds; kind->name; kind++)
            if (strcmp(kind->name, subscriptions[i].kind) == 0)
                channels = kind->channel;
        if (!(channels & subscriptions[i].channel))
            fail_msg("%s: kind %s is not of channel %x", subscriptions[i].product, subscriptions[i].kind,
                     subscriptions[i].channel);
        /* ... and the kind's first word stands in the message, except for Binance, which has other words for streams than for kinds,
         * and for KuCoin's instrument topic, whose kinds are subjects */
        char word[64];
        const char *kind = subscriptions[i].kind + (venue->id == MR_VENUE_mexc ? strlen("push.") : 0);
        snprintf(word, sizeof word, "%.*s", (int)strcspn(kind, " "), kind);
        if (venue->id == MR_VENUE_kucoin && strchr(word, '.'))
            assert_non_null(strstr(subscriptions[i].message, "/contract/instrument:"));
        else if (venue->id != MR_VENUE_binance)
            assert_non_null(strstr(subscriptions[i].message, word));
        else
            assert_int_equal(strncmp(strpbrk(subscriptions[i].name, "@!") + 1, word, 5), 0);
    }
}

/* Routes share out what the product offers, none twice; open interest may be left to REST. */
static void routes_serve_every_channel_once(void **state)
{
    static const char *const names[] = {"binance:spot",   "binance:usdm", "bybit:linear",     "bybit:spot",
                                        "okx:public",     "okx:business", "hyperliquid:perp", "mexc:futures",
                                        "kucoin:futures", "kucoin:spot"};
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) {
        const struct mr_venue *venue;
        uint8_t product;
        const struct mr_dialect *dialect = dialect_of(names[i], &product, &venue);
        const struct mr_product_dial *row = &dialect->products[product];
        uint32_t served = 0;
        for (const struct mr_route *route = row->routes; route->name; route++) {
            assert_int_equal(served & route->channels, 0);
            served |= route->channels;
            assert_true(route->host && route->port && route->path[0] == '/' && route->streams_max &&
                        route->sends_per_s);
            assert_true(route->ping_s && route->pong_s && route->silence_s);
            assert_int_equal(route->ping == MR_PING_TEXT, dialect->ping != NULL);
        }
        uint32_t polled = row->interest_s ? MR_INTERESTS : 0;
        assert_int_equal(served | polled | MR_CONTROL, venue->products[product].channels);
        assert_int_equal((row->market_wide | row->quiet) & ~served, 0);
        assert_non_null(strstr(row->rest, "https://"));
        assert_true(row->rest_weight > 0 && row->rest_s > 0);
    }
}

static const struct {
    const char *says, *product;
    uint32_t channel;
    const char *symbol;
    int status;
} refused[] = {
    {"spot has no liquidations", "binance:spot", MR_LIQUIDATIONS, "BTCUSDT", MR_E_UNSUPPORTED},
    {"spot has no mark price", "binance:spot", MR_MARKS, "BTCUSDT", MR_E_UNSUPPORTED},
    {"open interest is polled", "binance:usdm", MR_INTERESTS, "BTCUSDT", MR_E_UNSUPPORTED},
    {"no stream of all trades", "binance:usdm", MR_TRADES, "", MR_E_UNSUPPORTED},
    {"a quote in a symbol", "binance:usdm", MR_TRADES, "BTC\"USDT", MR_E_INVALID},
    {"a control character in a symbol", "binance:usdm", MR_TRADES, "BTC\nUSDT", MR_E_INVALID},
    {"two channels at once", "binance:usdm", MR_TRADES | MR_DEPTH, "BTCUSDT", MR_E_UNSUPPORTED},
    {"no channel", "binance:usdm", 0, "BTCUSDT", MR_E_UNSUPPORTED},
    {"spot has no liquidations", "bybit:spot", MR_LIQUIDATIONS, "BTCUSDT", MR_E_UNSUPPORTED},
    {"spot has no mark price", "bybit:spot", MR_MARKS, "BTCUSDT", MR_E_UNSUPPORTED},
    {"no topic of all liquidations", "bybit:linear", MR_LIQUIDATIONS, "", MR_E_UNSUPPORTED},
    {"a backslash in a symbol", "bybit:linear", MR_DEPTH, "BTC\\", MR_E_INVALID},
    {"liquidations of one instrument", "okx:public", MR_LIQUIDATIONS, "BTC-USDT-SWAP", MR_E_UNSUPPORTED},
    {"candles are on business", "okx:public", MR_CANDLES, "BTC-USDT-SWAP", MR_E_UNSUPPORTED},
    {"books are on public", "okx:business", MR_DEPTH, "BTC-USDT-SWAP", MR_E_UNSUPPORTED},
    {"a blank in a symbol", "okx:public", MR_TRADES, "BTC USDT", MR_E_INVALID},
    {"every subscription is of a coin", "hyperliquid:perp", MR_TRADES, "", MR_E_UNSUPPORTED},
    {"an address with a letter too few", "hyperliquid:perp", MR_LIQUIDATIONS,
     "0x00000000000000000000000000000000000abcd", MR_E_INVALID},
    {"an address with a letter beyond f", "hyperliquid:perp", MR_LIQUIDATIONS,
     "0x000000000000000000000000000000000000abcg", MR_E_INVALID},
    {"control is no channel to ask for", "hyperliquid:perp", MR_CONTROL, "BTC", MR_E_UNSUPPORTED},
    {"no channel of liquidations", "mexc:futures", MR_LIQUIDATIONS, "BTC_USDT", MR_E_UNSUPPORTED},
    {"every subscription is of a contract", "mexc:futures", MR_TRADES, "", MR_E_UNSUPPORTED},
    {"a quote in a symbol", "mexc:futures", MR_TRADES, "BTC\"USDT", MR_E_INVALID},
    {"open interest is polled", "kucoin:futures", MR_INTERESTS, "XBTUSDTM", MR_E_UNSUPPORTED},
    {"no liquidations in public", "kucoin:futures", MR_LIQUIDATIONS, "XBTUSDTM", MR_E_UNSUPPORTED},
    {"spot has no marks", "kucoin:spot", MR_MARKS, "BTC-USDT", MR_E_UNSUPPORTED},
    {"two symbols in one", "kucoin:futures", MR_TRADES, "A,B", MR_E_INVALID},
    {"a blank in a topic", "kucoin:futures", MR_TRADES, "XBT USDTM", MR_E_INVALID},
    {"no topic of all trades", "kucoin:spot", MR_TRADES, "", MR_E_UNSUPPORTED},
};

static void what_a_product_does_not_have_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        const struct mr_stream stream = {refused[i].channel, refused[i].symbol};
        const struct mr_venue *venue;
        struct mr_text text;
        char bytes[512];
        uint32_t at = 0;
        uint8_t product;
        const struct mr_dialect *dialect = dialect_of(refused[i].product, &product, &venue);
        mr_text_init(&text, bytes, sizeof bytes);
        int status = dialect->subscribe(product, &stream, 1, &at, 7, &text);
        if (status != refused[i].status || at != 0 || bytes[0])
            fail_msg("%s, %s: %s, \"%s\"", refused[i].product, refused[i].says, mr_status_name(status), bytes);
        at = 0;
        assert_int_equal(dialect->unsubscribe(product, &stream, 1, &at, 7, &text), refused[i].status);
        mr_text_init(&text, bytes, sizeof bytes);
        assert_int_equal(dialect->name(product, &stream, &text), refused[i].status);
    }
}

/* ---- limits ---- */

static size_t occurrences(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
        n++;
    return n;
}

static const struct {
    const char *product, *mark; /* what stands once for each stream */
    uint32_t max;
    size_t bytes_max;
} limits[] = {
    {"binance:spot", "@trade", 100, 4096},       {"binance:usdm", "@aggTrade", 100, 4096},
    {"bybit:linear", "publicTrade.", 20, 21000}, {"bybit:spot", "publicTrade.", 10, 21000},
    {"okx:public", "\"instId\"", 100, 65536},    {"hyperliquid:perp", "\"coin\"", 1, 65536},
    {"mexc:futures", "\"symbol\"", 1, 65536},    {"kucoin:futures", "1000SYMBOL", 100, 16384},
    {"kucoin:spot", "1000SYMBOL", 100, 16384},
};

static void many_streams_are_split_over_messages(void **state)
{
    enum { STREAMS = 257 };
    static char symbols[STREAMS][32];
    struct mr_stream streams[STREAMS];
    static const size_t rooms[] = {192, 1000, 16384};
    (void)state;
    for (uint32_t i = 0; i < STREAMS; i++) {
        snprintf(symbols[i], sizeof symbols[i], "1000SYMBOL%03uUSDT", i);
        streams[i] = (struct mr_stream){MR_TRADES, symbols[i]};
    }
    for (size_t row = 0; row < MR_COUNT_OF(limits); row++)
        for (size_t room = 0; room < MR_COUNT_OF(rooms); room++) {
            static char bytes[16384];
            const struct mr_venue *venue;
            struct mr_text text;
            uint8_t product;
            uint32_t at = 0, messages = 0, where;
            const struct mr_dialect *dialect = dialect_of(limits[row].product, &product, &venue);
            while (at < STREAMS) {
                messages++;
                uint32_t before = at;
                mr_text_init(&text, bytes, rooms[room]);
                assert_int_equal(dialect->subscribe(product, streams, STREAMS, &at, UINT64_MAX, &text), MR_OK);
                assert_false(text.cut);
                assert_int_equal(mr_json_check((const uint8_t *)bytes, (uint32_t)text.len, &where), MR_OK);
                assert_true(at > before && at - before <= limits[row].max);
                assert_true(text.len <= limits[row].bytes_max);
                assert_int_equal(occurrences(bytes, limits[row].mark), at - before);
            }
            if (room == 2) /* nothing but the venue's limit splits here */
                assert_int_equal(messages, (STREAMS + limits[row].max - 1) / limits[row].max);
        }
}

static void a_message_stops_before_what_is_refused_and_where_there_is_no_room(void **state)
{
    const struct mr_stream streams[] = {{MR_TRADES, "A"}, {MR_TRADES, "B"}, {MR_LIQUIDATIONS, "C"}, {MR_TRADES, "D"}};
    const struct mr_venue *venue;
    struct mr_text text;
    char bytes[256];
    uint8_t product;
    uint32_t at = 0;
    (void)state;
    const struct mr_dialect *dialect = dialect_of("bybit:spot", &product, &venue);
    mr_text_init(&text, bytes, sizeof bytes);
    assert_int_equal(dialect->subscribe(product, streams, 4, &at, 1, &text), MR_OK);
    assert_string_equal(bytes,
                        "{\"req_id\":\"1\",\"op\":\"subscribe\",\"args\":[\"publicTrade.A\",\"publicTrade.B\"]}");
    assert_int_equal(at, 2);
    mr_text_init(&text, bytes, sizeof bytes);
    assert_int_equal(dialect->subscribe(product, streams, 4, &at, 2, &text), MR_E_UNSUPPORTED);
    assert_int_equal(at, 2);
    at = 3;
    mr_text_init(&text, bytes, 40);
    assert_int_equal(dialect->subscribe(product, streams, 4, &at, 2, &text), MR_E_FULL);
    assert_int_equal(at, 3);
    assert_int_equal(text.len, 0);
    assert_false(text.cut);
}

/* The venue counts the characters of all topics of a connection. */
static void the_longest_topics_of_bybit_fit_a_connection(void **state)
{
    const struct mr_venue *venue;
    uint8_t product;
    (void)state;
    const struct mr_dialect *dialect = dialect_of("bybit:linear", &product, &venue);
    assert_true(dialect->products[product].routes->streams_max * strlen("allLiquidation.1000000BABYDOGEUSDT") <= 21000);
}

/* ---- pings ---- */

static void pings_are_in_the_venues_words(void **state)
{
    static const struct {
        const char *product, *text;
    } pings[] = {
        {"bybit:linear", "{\"req_id\":\"9\",\"op\":\"ping\"}"},
        {"bybit:spot", "{\"req_id\":\"9\",\"op\":\"ping\"}"},
        {"okx:public", "ping"},
        {"okx:business", "ping"},
        {"hyperliquid:perp", "{\"method\":\"ping\"}"},
        {"mexc:futures", "{\"method\":\"ping\"}"},
        {"kucoin:futures", "{\"id\":\"9\",\"type\":\"ping\"}"},
        {"kucoin:spot", "{\"id\":\"9\",\"type\":\"ping\"}"},
    };
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(pings); i++) {
        const struct mr_venue *venue;
        struct mr_text text;
        char bytes[128];
        uint8_t product;
        const struct mr_dialect *dialect = dialect_of(pings[i].product, &product, &venue);
        mr_text_init(&text, bytes, sizeof bytes);
        dialect->ping(product, 9, &text);
        assert_string_equal(bytes, pings[i].text);
    }
}

/* ---- control messages ---- */

static const struct {
    const char *product, *message;
    uint8_t kind;
    uint64_t id;
    const char *text, *stream; /* "~deal": only a part of a name */
} controls[] = {
    {"binance:usdm", "{\"result\":null,\"id\":1}", MR_CONTROL_ACK, 1, "", ""},
    {"binance:spot", "{\"id\":\"31\",\"result\":null}", MR_CONTROL_ACK, 31, "", ""},
    {"binance:usdm", "{\"result\":[\"btcusdt@aggTrade\"],\"id\":3}", MR_CONTROL_ACK, 3, "", ""},
    {"binance:usdm", "{\"r\\u0065sult\":null,\"id\":1}", MR_CONTROL_ACK, 1, "", ""},
    {"binance:usdm", "{\"code\":2,\"msg\":\"Invalid request: unknown variant \\\"X\\\"\",\"id\":5}", MR_CONTROL_ERROR,
     5, "Invalid request: unknown variant \"X\"", ""},
    {"binance:spot", "{\"error\":{\"code\":3,\"msg\":\"Invalid JSON: expected value\"},\"id\":null}", MR_CONTROL_ERROR,
     0, "Invalid JSON: expected value", ""},
    {"binance:spot", "{\"e\":\"serverShutdown\",\"E\":1770123456789}", MR_CONTROL_CLOSING, 0, "serverShutdown", ""},
    {"binance:spot", "{\"stream\":\"!serverShutdown\",\"data\":{\"e\":\"serverShutdown\",\"E\":1770123456789}}",
     MR_CONTROL_CLOSING, 0, "serverShutdown", ""},
    {"binance:usdm",
     "{\"e\":\"aggTrade\",\"E\":1,\"a\":2,\"s\":\"BTCUSDT\",\"p\":\"1\",\"q\":\"1\",\"T\":1,\"m\":true}",
     MR_CONTROL_NONE, 0, "", ""},
    {"binance:spot", "{\"u\":400900217,\"s\":\"BTCUSDT\",\"b\":\"1\",\"B\":\"1\",\"a\":\"2\",\"A\":\"1\"}",
     MR_CONTROL_NONE, 0, "", ""},
    {"bybit:linear",
     "{\"success\":true,\"ret_msg\":\"\",\"conn_id\":\"d9tcajmgcca9r5l6sugg-21srs\",\"req_id\":\"12\",\"op\":"
     "\"subscribe\"}",
     MR_CONTROL_ACK, 12, "", ""},
    {"bybit:spot", "{\"success\":true,\"ret_msg\":\"subscribe\",\"conn_id\":\"c\",\"op\":\"subscribe\"}",
     MR_CONTROL_ACK, 0, "", ""},
    {"bybit:linear",
     "{\"success\":false,\"ret_msg\":\"error:handler not "
     "found,topic:liquidation.BTCUSDT\",\"conn_id\":\"c\",\"req_id\":\"4\",\"op\":\"subscribe\"}",
     MR_CONTROL_ERROR, 4, "error:handler not found,topic:liquidation.BTCUSDT", "liquidation.BTCUSDT"},
    {"bybit:spot",
     "{\"success\":false,\"ret_msg\":\"args size "
     "\\u003e10\",\"conn_id\":\"c\",\"req_id\":\"2000001\",\"op\":\"subscribe\"}",
     MR_CONTROL_ERROR, 2000001, "args size >10", ""},
    {"bybit:linear", "{\"success\":true,\"ret_msg\":\"\",\"conn_id\":\"c\",\"req_id\":\"12\",\"op\":\"unsubscribe\"}",
     MR_CONTROL_OTHER, 12, "", ""},
    {"bybit:linear", "{\"success\":true,\"ret_msg\":\"pong\",\"conn_id\":\"c\",\"req_id\":\"p1\",\"op\":\"ping\"}",
     MR_CONTROL_PONG, 0, "", ""},
    {"bybit:linear", "{\"args\":[\"1672916271846\"],\"op\":\"pong\"}", MR_CONTROL_PONG, 0, "", ""},
    {"bybit:linear",
     "{\"success\":true,\"conn_id\":\"c\",\"data\":{\"failTopics\":[],\"successTopics\":[\"a\"]},\"type\":\"COMMAND_"
     "RESP\"}",
     MR_CONTROL_ACK, 0, "", ""},
    {"bybit:linear",
     "{\"success\":true,\"conn_id\":\"c\",\"data\":{\"failTopics\":[\"b\"],\"successTopics\":[]},\"type\":\"COMMAND_"
     "RESP\"}",
     MR_CONTROL_ERROR, 0, "", ""},
    {"bybit:linear", "{\"topic\":\"publicTrade.BTCUSDT\",\"op\":\"subscribe\",\"success\":true,\"data\":[]}",
     MR_CONTROL_NONE, 0, "", ""},
    {"okx:public",
     "{\"id\":\"1512\",\"event\":\"subscribe\",\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"},"
     "\"connId\":\"a4d3ae55\"}",
     MR_CONTROL_ACK, 1512, "", "trades BTC-USDT-SWAP"},
    {"okx:public", "{\"event\":\"subscribe\",\"arg\":{\"channel\":\"liquidation-orders\",\"instType\":\"SWAP\"}}",
     MR_CONTROL_ACK, 0, "", "liquidation-orders SWAP"},
    {"okx:public", "{\"event\":\"subscribe\",\"arg\":{\"channel\":\"status\"}}", MR_CONTROL_ACK, 0, "", "status"},
    {"okx:public",
     "{\"event\":\"unsubscribe\",\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USDT\"},\"connId\":\"d0b44253\"}",
     MR_CONTROL_OTHER, 0, "", ""},
    {"okx:public",
     "{\"id\":\"8\",\"event\":\"error\",\"code\":\"60012\",\"msg\":\"Invalid request: x\",\"connId\":\"a4d3ae55\"}",
     MR_CONTROL_ERROR, 8, "Invalid request: x", ""},
    {"okx:public",
     "{\"event\":\"error\",\"msg\":\"Wrong URL or channel:index-tickers, instId:NEAR-USDT-SWAP doesn't exist. Please "
     "use the correct URL, channel and parameters referring to API document.\",\"code\":\"60018\",\"connId\":\"9\"}",
     MR_CONTROL_ERROR, 0,
     "Wrong URL or channel:index-tickers, instId:NEAR-USDT-SWAP doesn't exist. Please use the correct URL, channel and "
     "parameters referring to API document.",
     "index-tickers NEAR-USDT-SWAP"},
    {"okx:public", "{\"event\":\"error\",\"msg\":\"API key doesn't exist\",\"code\":\"60032\",\"connId\":\"f9ab6f3c\"}",
     MR_CONTROL_ERROR, 0, "API key doesn't exist", ""},
    {"okx:business",
     "{\"event\":\"notice\",\"code\":\"64008\",\"msg\":\"The connection will soon be closed for a service upgrade. "
     "Please reconnect.\",\"connId\":\"a4d3ae55\"}",
     MR_CONTROL_CLOSING, 0, "The connection will soon be closed for a service upgrade. Please reconnect.", ""},
    {"okx:public", "{\"event\":\"notice\",\"code\":\"1\",\"msg\":\"m\"}", MR_CONTROL_OTHER, 0, "", ""},
    {"okx:public",
     "{\"event\":\"channel-conn-count\",\"channel\":\"account\",\"connCount\":\"1\",\"connId\":\"4adc328c\"}",
     MR_CONTROL_OTHER, 0, "", ""},
    {"okx:public",
     "{\"event\":\"channel-conn-count-error\",\"channel\":\"account\",\"connCount\":\"20\",\"connId\":\"a\"}",
     MR_CONTROL_ERROR, 0, "channel-conn-count-error", ""},
    {"okx:public", "{\"event\":\"login\",\"code\":\"0\",\"msg\":\"\"}", MR_CONTROL_OTHER, 0, "", ""},
    {"okx:public", "pong", MR_CONTROL_PONG, 0, "", ""},
    {"okx:public", "{\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USDT\"},\"data\":[]}", MR_CONTROL_NONE, 0, "",
     ""},
    {"hyperliquid:perp",
     "{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":\"subscribe\",\"subscription\":{\"type\":\"l2Book\","
     "\"coin\":\"BTC\",\"nSigFigs\":null,\"mantissa\":null,\"fast\":false}}}",
     MR_CONTROL_ACK, 0, "", "l2Book BTC"},
    {"hyperliquid:perp",
     "{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":\"subscribe\",\"subscription\":{\"type\":"
     "\"userFills\",\"user\":\"" USER_LOWER "\",\"aggregateByTime\":false}}}",
     MR_CONTROL_ACK, 0, "", "userFills " USER_LOWER},
    {"hyperliquid:perp",
     "{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":\"unsubscribe\",\"subscription\":{\"type\":\"bbo\","
     "\"coin\":\"BTC\"}}}",
     MR_CONTROL_OTHER, 0, "", ""},
    {"hyperliquid:perp",
     "{\"channel\":\"error\",\"data\":\"Already subscribed: {\\\"type\\\":\\\"bbo\\\",\\\"coin\\\":\\\"SOL\\\"}\"}",
     MR_CONTROL_ACK, 0, "Already subscribed: {\"type\":\"bbo\",\"coin\":\"SOL\"}", "bbo SOL"},
    {"hyperliquid:perp", "{\"channel\":\"error\",\"data\":\"Already unsubscribed: {\\\"type\\\":\\\"bbo\\\"}\"}",
     MR_CONTROL_OTHER, 0, "Already unsubscribed: {\"type\":\"bbo\"}", ""},
    {"hyperliquid:perp",
     "{\"channel\":\"error\",\"data\":\"Error parsing JSON into valid websocket request: {\\\"method\\\":1}\"}",
     MR_CONTROL_ERROR, 0, "Error parsing JSON into valid websocket request: {\"method\":1}", ""},
    {"hyperliquid:perp", "{\"channel\":\"pong\"}", MR_CONTROL_PONG, 0, "", ""},
    {"hyperliquid:perp", "Websocket connection established.", MR_CONTROL_OTHER, 0, "", ""},
    {"hyperliquid:perp", "{\"channel\":\"bbo\",\"data\":{\"coin\":\"BTC\",\"time\":1,\"bbo\":[null,null]}}",
     MR_CONTROL_NONE, 0, "", ""},
    {"mexc:futures", "{\"channel\":\"rs.sub.deal\",\"data\":\"success\",\"ts\":1788335242021}", MR_CONTROL_ACK, 0, "",
     "~deal"},
    {"mexc:futures", "{\"channel\":\"rs.sub.depth.full\",\"data\":\"too many\",\"ts\":1}", MR_CONTROL_ERROR, 0,
     "too many", "~depth.full"},
    {"mexc:futures", "{\"channel\":\"rs.error\",\"data\":\"Contract [NOPE_USDT] not exists\",\"ts\":1789498321790}",
     MR_CONTROL_ERROR, 0, "Contract [NOPE_USDT] not exists", "~NOPE_USDT"},
    {"mexc:futures", "{\"channel\":\"rs.error\",\"data\":\"Parameter error\",\"ts\":1}", MR_CONTROL_ERROR, 0,
     "Parameter error", ""},
    {"mexc:futures", "{\"channel\":\"rs.unsub.deal\",\"data\":\"success\",\"ts\":1}", MR_CONTROL_OTHER, 0, "", ""},
    {"mexc:futures", "{\"channel\":\"pong\",\"data\":1789498336785,\"ts\":1789498336785}", MR_CONTROL_PONG, 0, "", ""},
    {"mexc:futures", "{\"symbol\":\"BTC_USDT\",\"data\":[],\"channel\":\"push.deal\",\"ts\":1}", MR_CONTROL_NONE, 0, "",
     ""},
    {"mexc:futures", "{\"channel\":\"rs.sub.\"}", MR_CONTROL_NONE, 0, "", ""},
    {"mexc:futures", "{\"channel\":\"pong\"", MR_CONTROL_NONE, 0, "", ""},
    {"kucoin:futures", "{\"id\":\"NSkIrWGB1s\",\"type\":\"welcome\"}", MR_CONTROL_WELCOME, 0, "", ""},
    {"kucoin:futures", "{\"id\":\"12\",\"type\":\"ack\"}", MR_CONTROL_ACK, 12, "", ""},
    {"kucoin:futures", "{\"id\":\"16\",\"type\":\"pong\",\"timestamp\":1790113097236506}", MR_CONTROL_PONG, 16, "", ""},
    {"kucoin:futures", "{\"id\":\"28\",\"type\":\"error\",\"code\":404,\"data\":\"topic does not exist\"}",
     MR_CONTROL_ERROR, 28, "topic does not exist", ""},
    {"kucoin:spot", "{\"sessionId\":\"e8e4\",\"message\":\"welcome\",\"pingInterval\":18000}", MR_CONTROL_WELCOME, 0,
     "", ""},
    {"kucoin:spot", "{\"id\":\"1\",\"result\":true}", MR_CONTROL_ACK, 1, "", ""},
    {"kucoin:spot", "{\"id\":\"18\",\"result\":false,\"message\":\"invalid request data\"}", MR_CONTROL_ERROR, 18,
     "invalid request data", ""},
    {"kucoin:spot", "{\"id\":\"19\",\"result\":false,\"reason\":\"no such symbol\"}", MR_CONTROL_ERROR, 19,
     "no such symbol", ""},
    {"kucoin:spot", "{\"type\":\"pong\",\"id\":\"32\",\"ts\":1790113111261396000}", MR_CONTROL_PONG, 32, "", ""},
    {"kucoin:futures", "{\"topic\":\"/contractMarket/level2:A\",\"type\":\"error\",\"data\":{}}", MR_CONTROL_NONE, 0,
     "", ""},
    {"kucoin:spot", "{\"T\":\"trade.SPOT\",\"type\":\"ack\",\"d\":{}}", MR_CONTROL_NONE, 0, "", ""},
    {"kucoin:futures", "{\"type\":\"message\"}", MR_CONTROL_NONE, 0, "", ""},
    /* no control messages anywhere */
    {"binance:usdm", "{\"result\":null,\"id\":1", MR_CONTROL_NONE, 0, "", ""},
    {"binance:usdm", "{\"result\":null,\"id\":1}}", MR_CONTROL_NONE, 0, "", ""},
    {"binance:usdm", "", MR_CONTROL_NONE, 0, "", ""},
    {"bybit:linear", "{}", MR_CONTROL_NONE, 0, "", ""},
    {"bybit:linear", "[]", MR_CONTROL_NONE, 0, "", ""},
    {"okx:public", "ping", MR_CONTROL_NONE, 0, "", ""},
    {"okx:public", "null", MR_CONTROL_NONE, 0, "", ""},
    {"hyperliquid:perp", "{\"channel\":7}", MR_CONTROL_NONE, 0, "", ""},
    /* an id that is none, or too large to be one of ours */
    {"binance:usdm", "{\"result\":null,\"id\":\"1x\"}", MR_CONTROL_ACK, 0, "", ""},
    {"binance:usdm", "{\"result\":null,\"id\":18446744073709551615}", MR_CONTROL_ACK, UINT64_MAX, "", ""},
    {"binance:usdm", "{\"result\":null,\"id\":18446744073709551616}", MR_CONTROL_ACK, 0, "", ""},
};

static void control_messages_say_what_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(controls); i++) {
        const struct mr_venue *venue;
        struct mr_control said;
        uint8_t product;
        size_t len = strlen(controls[i].message);
        bool part = controls[i].stream[0] == '~';
        const struct mr_dialect *dialect = dialect_of(controls[i].product, &product, &venue);
        struct mr_guard guard = mr_guard_open(len);
        memcpy(guard.data, controls[i].message, len);
        memset(&said, 0x55, sizeof said);
        dialect->control(product, (struct mr_span){guard.data, (uint32_t)len}, &said);
        if (said.kind != controls[i].kind || said.id != controls[i].id || strcmp(said.text, controls[i].text) ||
            strcmp(said.stream, controls[i].stream + part) || said.part != part)
            fail_msg("%s: kind %d, id %llu, \"%s\", stream \"%s\"", controls[i].message, said.kind,
                     (unsigned long long)said.id, said.text, said.stream);
        mr_guard_close(&guard);
    }
}

/* What a venue says may be longer than our text, and cut in the middle of an escape or a character. */
static void long_texts_are_cut_at_a_character(void **state)
{
    const struct mr_venue *venue;
    uint8_t product;
    (void)state;
    const struct mr_dialect *dialect = dialect_of("hyperliquid:perp", &product, &venue);
    for (size_t lead = 0; lead < 16; lead++) {
        char message[8192];
        struct mr_control said;
        int n =
            snprintf(message, sizeof message, "{\"channel\":\"error\",\"data\":\"%.*s", (int)lead, "aaaaaaaaaaaaaaaa");
        while (n < 6000)
            n += snprintf(message + n, sizeof message - (size_t)n, "\xc3\xa4\\ud83d\\ude00");
        n += snprintf(message + n, sizeof message - (size_t)n, "\"}");
        dialect->control(product, (struct mr_span){(const uint8_t *)message, (uint32_t)n}, &said);
        assert_int_equal(said.kind, MR_CONTROL_ERROR);
        size_t len = strlen(said.text);
        assert_true(len > sizeof said.text - 5 && len < sizeof said.text);
        char again[sizeof said.text + 2];
        uint32_t at;
        int quoted = snprintf(again, sizeof again, "\"%s\"", said.text);
        assert_int_equal(mr_json_check((const uint8_t *)again, (uint32_t)quoted, &at),
                         MR_OK); /* so it is whole UTF-8 */
    }
}

/* ---- recordings: control messages, and nothing else, are seen as such ---- */

struct listener {
    struct rig rig;
    const struct mr_dialect *dialect;
    uint8_t product;
    uint64_t control, data;
};

static void listen(void *arg, const uint8_t *line, size_t len)
{
    struct listener *l = arg;
    struct mr_control said;
    struct mr_frame frame = rig_frame(line, len);
    int n = rig_decode_frame(&l->rig, &frame);
    bool expected = n >= 0 && l->rig.dec.venue->kinds[l->rig.dec.kind].channel == MR_CONTROL;
    if (n > 0 && l->data++ % 16) /* the session asks about these only where they are rare */
        return;
    l->dialect->control(l->product, (struct mr_span){line, (uint32_t)len}, &said);
    if ((said.kind != MR_CONTROL_NONE) != expected)
        fail_msg("kind %d of %.*s", said.kind, (int)(len < 300 ? len : 300), (const char *)line);
    l->control += expected;
}

static void recorded_control_messages_are_recognised(void **state)
{
    static const struct {
        const char *product, *file;
        uint64_t control;
    } files[] = {
        {"binance:usdm", "binance/usdm_4sym_20210722.jsonl", 0},
        {"binance:usdm", "binance/usdm_btcusdt_20230404.jsonl", 0},
        {"binance:usdm", "binance/usdm_samples_2026.jsonl", 0},
        {"binance:usdm", "binance/usdm_forceorder_samples_202610.jsonl", 0},
        {"binance:spot", "binance/spot_4sym_20211012.jsonl", 0},
        {"bybit:linear", "bybit/v5_linear_20260809.jsonl", 17},
        {"bybit:spot", "bybit/v5_spot_20260809.jsonl", 7},
        {"bybit:linear", "bybit/v5_control_samples_2023.jsonl", 6},
        {"bybit:linear", "bybit/v5_allliquidation_samples_202610.jsonl", 0},
        {"okx:public", "okx/v5_public_20220513.jsonl", 18},
        {"okx:public", "okx/v5_samples_2025.jsonl", 12},
        {"okx:public", "okx/v5_liquidation_samples_202610.jsonl", 0},
        {"hyperliquid:perp", "hyperliquid/btc_20250126.jsonl", 0},
        {"hyperliquid:perp", "hyperliquid/samples_2025.jsonl", 3},
        {"mexc:futures", "mexc/contract_samples_2021_2022.jsonl", 0},
        {"kucoin:futures", "kucoin/futures_samples_2024_2025.jsonl", 0},
        {"kucoin:spot", "kucoin/spot_10sym_20210425.jsonl", 14},
    };
    (void)state;
    if (!mr_test_captures()) {
        mr_test_skip_line("no recordings");
        skip();
    }
    for (size_t i = 0; i < MR_COUNT_OF(files); i++) {
        struct listener l = {.control = 0};
        const struct mr_venue *venue;
        l.dialect = dialect_of(files[i].product, &l.product, &venue);
        rig_open(&l.rig, files[i].product, 0, MR_KERNEL_SCALAR);
        assert_true(rig_lines(files[i].file, listen, &l) > 0);
        if (l.control != files[i].control)
            fail_msg("%s: %llu control messages", files[i].file, (unsigned long long)l.control);
        rig_close(&l.rig);
    }
}

/* ---- REST ---- */

static const struct {
    const char *product;
    enum mr_url_kind kind;
    const char *symbol, *path, *body;
} urls[] = {
    {"binance:usdm", MR_URL_INSTRUMENTS, "", "/fapi/v1/exchangeInfo", ""},
    {"binance:usdm", MR_URL_INSTRUMENTS, "BTCUSDT", "/fapi/v1/exchangeInfo", ""},
    {"binance:usdm", MR_URL_SNAPSHOT, "BTCUSDT", "/fapi/v1/depth?symbol=BTCUSDT&limit=1000", ""},
    {"binance:usdm", MR_URL_INTEREST, "BTCUSDT", "/fapi/v1/openInterest?symbol=BTCUSDT", ""},
    {"binance:spot", MR_URL_INSTRUMENTS, "", "/api/v3/exchangeInfo", ""},
    {"binance:spot", MR_URL_INSTRUMENTS, "BTCUSDT", "/api/v3/exchangeInfo?symbol=BTCUSDT", ""},
    {"binance:spot", MR_URL_SNAPSHOT, "BTCUSDT", "/api/v3/depth?symbol=BTCUSDT&limit=1000", ""},
    {"bybit:linear", MR_URL_INSTRUMENTS, "", "/v5/market/instruments-info?category=linear&limit=1000", ""},
    {"bybit:linear", MR_URL_INSTRUMENTS, "BTCUSDT", "/v5/market/instruments-info?category=linear&symbol=BTCUSDT", ""},
    {"bybit:linear", MR_URL_INTEREST, "BTCUSDT",
     "/v5/market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=5min&limit=1", ""},
    {"bybit:spot", MR_URL_INSTRUMENTS, "", "/v5/market/instruments-info?category=spot", ""},
    {"okx:public", MR_URL_INSTRUMENTS, "", "/api/v5/public/instruments?instType=SWAP", ""},
    {"okx:public", MR_URL_INSTRUMENTS, "BTC-USDT", "/api/v5/public/instruments?instType=SPOT&instId=BTC-USDT", ""},
    {"okx:public", MR_URL_INSTRUMENTS, "BTC-USD-220527",
     "/api/v5/public/instruments?instType=FUTURES&instId=BTC-USD-220527", ""},
    {"okx:business", MR_URL_INSTRUMENTS, "BTC-USDT-SWAP",
     "/api/v5/public/instruments?instType=SWAP&instId=BTC-USDT-SWAP", ""},
    {"okx:public", MR_URL_INTEREST, "BTC-USDT-SWAP", "/api/v5/public/open-interest?instType=SWAP&instId=BTC-USDT-SWAP",
     ""},
    {"hyperliquid:perp", MR_URL_INSTRUMENTS, "", "/info", "{\"type\":\"meta\"}"},
    {"hyperliquid:perp", MR_URL_INSTRUMENTS, "xyz:SP500", "/info", "{\"type\":\"meta\",\"dex\":\"xyz\"}"},
    {"hyperliquid:perp", MR_URL_INTEREST, "BTC", "/info", "{\"type\":\"metaAndAssetCtxs\"}"},
    {"hyperliquid:perp", MR_URL_SNAPSHOT, "BTC", "/info", "{\"type\":\"l2Book\",\"coin\":\"BTC\"}"},
    {"mexc:futures", MR_URL_INSTRUMENTS, "", "/api/v1/contract/detail", ""},
    {"mexc:futures", MR_URL_INSTRUMENTS, "BTC_USDT", "/api/v1/contract/detail?symbol=BTC_USDT", ""},
    {"mexc:futures", MR_URL_SNAPSHOT, "BTC_USDT", "/api/v1/contract/depth/BTC_USDT?limit=1000", ""},
    {"kucoin:futures", MR_URL_INSTRUMENTS, "", "/api/v1/contracts/active", ""},
    {"kucoin:futures", MR_URL_INSTRUMENTS, "XBTUSDTM", "/api/v1/contracts/XBTUSDTM", ""},
    {"kucoin:futures", MR_URL_SNAPSHOT, "XBTUSDTM", "/api/v1/level2/snapshot?symbol=XBTUSDTM", ""},
    {"kucoin:futures", MR_URL_INTEREST, "XBTUSDTM", "/api/v1/contracts/XBTUSDTM", ""},
    {"kucoin:futures", MR_URL_TOKEN, "", "/api/v1/bullet-public", "{}"},
    {"kucoin:spot", MR_URL_INSTRUMENTS, "", "/api/v2/symbols", ""},
    {"kucoin:spot", MR_URL_INSTRUMENTS, "BTC-USDT", "/api/v2/symbols/BTC-USDT", ""},
    {"kucoin:spot", MR_URL_TOKEN, "", "/api/v1/bullet-public", "{}"},
};
static const struct {
    const char *product;
    enum mr_url_kind kind;
    const char *symbol;
    int status;
} no_urls[] = {
    {"binance:spot", MR_URL_INTEREST, "BTCUSDT", MR_E_UNSUPPORTED},
    {"binance:usdm", MR_URL_SNAPSHOT, "", MR_E_UNSUPPORTED},
    {"binance:usdm", MR_URL_SNAPSHOT, "BTC&limit=5", MR_E_INVALID},
    {"bybit:linear", MR_URL_SNAPSHOT, "BTCUSDT", MR_E_UNSUPPORTED},
    {"bybit:spot", MR_URL_INTEREST, "BTCUSDT", MR_E_UNSUPPORTED},
    {"bybit:linear", MR_URL_INSTRUMENTS, "BTC#", MR_E_INVALID},
    {"okx:public", MR_URL_SNAPSHOT, "BTC-USDT", MR_E_UNSUPPORTED},
    {"okx:public", MR_URL_INTEREST, "BTC USDT", MR_E_INVALID},
    {"hyperliquid:perp", MR_URL_SNAPSHOT, "", MR_E_UNSUPPORTED},
    {"hyperliquid:perp", MR_URL_SNAPSHOT, "B\"", MR_E_INVALID},
    {"mexc:futures", MR_URL_SNAPSHOT, "", MR_E_UNSUPPORTED},
    {"mexc:futures", MR_URL_SNAPSHOT, "BTC/USDT", MR_E_INVALID},
    {"mexc:futures", MR_URL_INTEREST, "BTC_USDT", MR_E_UNSUPPORTED},
    {"kucoin:futures", MR_URL_SNAPSHOT, "", MR_E_UNSUPPORTED},
    {"kucoin:futures", MR_URL_SNAPSHOT, "A/B", MR_E_INVALID},
    {"kucoin:spot", MR_URL_SNAPSHOT, "BTC-USDT", MR_E_UNSUPPORTED},
    {"kucoin:spot", MR_URL_INTEREST, "BTC-USDT", MR_E_UNSUPPORTED},
    {"binance:usdm", MR_URL_TOKEN, "BTCUSDT", MR_E_UNSUPPORTED},
    {"bybit:linear", MR_URL_TOKEN, "", MR_E_UNSUPPORTED},
    {"okx:public", MR_URL_TOKEN, "", MR_E_UNSUPPORTED},
    {"hyperliquid:perp", MR_URL_TOKEN, "", MR_E_UNSUPPORTED},
    {"mexc:futures", MR_URL_TOKEN, "", MR_E_UNSUPPORTED},
};

static void rest_bodies_have_their_urls(void **state)
{
    char path_bytes[256], body_bytes[256];
    const struct mr_venue *venue;
    struct mr_text path, body;
    uint8_t product;
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(urls); i++) {
        const struct mr_dialect *dialect = dialect_of(urls[i].product, &product, &venue);
        mr_text_init(&path, path_bytes, sizeof path_bytes);
        mr_text_init(&body, body_bytes, sizeof body_bytes);
        assert_int_equal(dialect->url(product, urls[i].kind, urls[i].symbol, &path, &body), MR_OK);
        assert_string_equal(path_bytes, urls[i].path);
        assert_string_equal(body_bytes, urls[i].body);
        struct rig rig; /* the decoder of REST bodies goes by the same URL */
        rig_open(&rig, urls[i].product, 0, MR_KERNEL_SCALAR);
        (void)rig_rest(&rig, path_bytes, (const uint8_t *)"{}", 2);
        if (venue->id != MR_VENUE_hyperliquid && rig.dec.error_field)
            assert_string_not_equal(rig.dec.error_field, "url");
        rig_close(&rig);
    }
    for (size_t i = 0; i < MR_COUNT_OF(no_urls); i++) {
        const struct mr_dialect *dialect = dialect_of(no_urls[i].product, &product, &venue);
        mr_text_init(&path, path_bytes, sizeof path_bytes);
        mr_text_init(&body, body_bytes, sizeof body_bytes);
        assert_int_equal(dialect->url(product, no_urls[i].kind, no_urls[i].symbol, &path, &body), no_urls[i].status);
        assert_string_equal(path_bytes, "");
    }
}

/* ---- tokens ---- */

#define TOKEN(server)                                                                                                  \
    "{\"code\":\"200000\",\"data\":{\"token\":\"2neA+/x_Y==.gJ-I==\",\"instanceServers\":[{" server "}]}}"

static void a_token_says_where_to_dial(void **state)
{
    static const struct {
        const char *says, *body;
        int status;
        const char *host;
        uint16_t port;
        const char *path; /* or why not */
        uint32_t ping_s, pong_s;
    } answers[] = {
        {"as the venue gives it",
         TOKEN("\"endpoint\":\"wss://ws-api-futures.kucoin.com/"
               "\",\"encrypt\":true,\"protocol\":\"websocket\",\"pingInterval\":18000,\"pingTimeout\":10000"),
         MR_OK, "ws-api-futures.kucoin.com", 443, "/?token=2neA%2B%2Fx_Y%3D%3D.gJ-I%3D%3D&connectId=7", 18, 10},
        {"with a path and a port, escapes in it; a second server is not asked",
         TOKEN("\"endpoint\":\"wss:\\/\\/push.kucoin.com:8443\\/endpoint\"},{\"endpoint\":\"wss://other/\""), MR_OK,
         "push.kucoin.com", 8443, "/endpoint?token=2neA%2B%2Fx_Y%3D%3D.gJ-I%3D%3D&connectId=7", 0, 0},
        {"without a path", TOKEN("\"endpoint\":\"wss://h\",\"pingInterval\":1"), MR_OK, "h", 443,
         "/?token=2neA%2B%2Fx_Y%3D%3D.gJ-I%3D%3D&connectId=7", 1, 0},
        {"refused", "{\"code\":\"429000\",\"msg\":\"Too many requests\"}", MR_E_UNKNOWN, "", 0,
         "no token: Too many requests", 0, 0},
        {"refused without a reason", "{\"code\":\"500000\"}", MR_E_UNKNOWN, "", 0, "no token: 500000", 0, 0},
        {"no JSON", "<html>", MR_E_MALFORMED, "", 0, "no JSON", 0, 0},
        {"cut", "{\"code\":\"200000\"", MR_E_MALFORMED, "", 0, "no JSON", 0, 0},
        {"no servers", "{\"code\":\"200000\",\"data\":{\"token\":\"t\"}}", MR_E_MISSING, "", 0, "no endpoint", 0, 0},
        {"no token", "{\"data\":{\"instanceServers\":[{\"endpoint\":\"wss://h/\"}]}}", MR_E_MISSING, "", 0, "no token",
         0, 0},
        {"not encrypted", TOKEN("\"endpoint\":\"ws://h/\""), MR_E_MALFORMED, "", 0, "wss://", 0, 0},
        {"a host that is none", TOKEN("\"endpoint\":\"wss:///x\""), MR_E_MALFORMED, "", 0, "no host", 0, 0},
        {"a host with a line in it", TOKEN("\"endpoint\":\"wss://h\\r\\nX: y/\""), MR_E_MALFORMED, "", 0, "port", 0, 0},
        {"a port that is none", TOKEN("\"endpoint\":\"wss://h:65536/\""), MR_E_MALFORMED, "", 0, "port", 0, 0},
        {"a path with a blank", TOKEN("\"endpoint\":\"wss://h/a b\""), MR_E_MALFORMED, "", 0, "path", 0, 0},
        {"a path with a query of its own", TOKEN("\"endpoint\":\"wss://h/a?b=c\""), MR_E_MALFORMED, "", 0, "path", 0,
         0},
    };
    const struct mr_venue *venue;
    static struct mr_grant grant;
    uint8_t product;
    (void)state;
    const struct mr_dialect *dialect = dialect_of("kucoin:futures", &product, &venue);
    for (size_t i = 0; i < MR_COUNT_OF(answers); i++) {
        int status = dialect->token(product, mr_span_of(answers[i].body), 7, &grant);
        if (status != answers[i].status)
            fail_msg("%s: %s", answers[i].says, mr_status_name(status));
        if (status != MR_OK) {
            if (!strstr(grant.why, answers[i].path))
                fail_msg("%s: %s", answers[i].says, grant.why);
            continue;
        }
        assert_string_equal(grant.host, answers[i].host);
        assert_string_equal(grant.path, answers[i].path);
        assert_int_equal(grant.port, answers[i].port);
        assert_int_equal(grant.ping_s, answers[i].ping_s);
        assert_int_equal(grant.pong_s, answers[i].pong_s);
    }
}

static void a_token_too_long_is_refused(void **state)
{
    static char body[8192];
    static struct mr_grant grant;
    const struct mr_venue *venue;
    uint8_t product;
    (void)state;
    const struct mr_dialect *dialect = dialect_of("kucoin:spot", &product, &venue);
    for (int len = 900; len <= 3000; len += 700) {
        int n =
            snprintf(body, sizeof body,
                     "{\"code\":\"200000\",\"data\":{\"instanceServers\":[{\"endpoint\":\"wss://h/\"}],\"token\":\"");
        memset(body + n, '=', (size_t)len); /* each takes three in a URL */
        snprintf(body + n + len, sizeof body - (size_t)(n + len), "\"}}");
        assert_int_equal(dialect->token(product, mr_span_of(body), 7, &grant), MR_E_TOO_BIG);
        memset(body + n, 'a', (size_t)len);
        assert_int_equal(dialect->token(product, mr_span_of(body), 7, &grant), len <= 1024 ? MR_OK : MR_E_TOO_BIG);
    }
}

/* Where asking in vain harms the others, and of such symbols only of which the list is the whole truth. */
static void lists_decide_where_asking_would_do_harm(void **state)
{
    static const struct {
        const char *symbol;
        bool decides;
    } cases[] = {{"BTC", true},        {"kPEPE", true},
                 {"xyz:SP500", false}, {"@107", false},
                 {"PURR/USDC", false}, {"#12", false},
                 {"", false},          {"0x5c9c449bcb7bb9bd2ae2a0f0ae9ac6b6e0a7e7a1", false}};
    (void)state;
    for (uint8_t id = 0; id <= MR_VENUE_ID_MAX; id++) {
        const struct mr_venue *venue = mr_venue_by_id(id);
        const struct mr_dialect *d = venue ? mr_dialect_of(venue) : NULL;
        assert_true(!d || !d->listed == (id != MR_VENUE_hyperliquid));
        for (size_t i = 0; d && d->listed && i < MR_COUNT_OF(cases); i++)
            if (d->listed(0, cases[i].symbol) != cases[i].decides)
                fail_msg("%s", cases[i].symbol);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_channel_has_its_message_and_its_name),
        cmocka_unit_test(what_is_subscribed_to_is_what_decoders_read),
        cmocka_unit_test(routes_serve_every_channel_once),
        cmocka_unit_test(what_a_product_does_not_have_is_refused),
        cmocka_unit_test(many_streams_are_split_over_messages),
        cmocka_unit_test(a_message_stops_before_what_is_refused_and_where_there_is_no_room),
        cmocka_unit_test(the_longest_topics_of_bybit_fit_a_connection),
        cmocka_unit_test(pings_are_in_the_venues_words),
        cmocka_unit_test(control_messages_say_what_they_are),
        cmocka_unit_test(long_texts_are_cut_at_a_character),
        cmocka_unit_test(recorded_control_messages_are_recognised),
        cmocka_unit_test(rest_bodies_have_their_urls),
        cmocka_unit_test(a_token_says_where_to_dial),
        cmocka_unit_test(a_token_too_long_is_refused),
        cmocka_unit_test(lists_decide_where_asking_would_do_harm),
    };
    return MR_TEST_MAIN(tests);
}
