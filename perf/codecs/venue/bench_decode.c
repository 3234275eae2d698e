/* Each venue's messages to events, by kind, against simdjson doing the same work in the same run: `./dev bench decode`.
 *
 * Messages are generated from a seed in each wire's present shape: one instrument a message out of two, numbers whose lengths vary as recorded
 * ones do. Changes are of about 1 KB and snapshots of 400 levels or more where the venue sends such ones. Goals: trades, best bid/ask and book
 * changes 3.5 times simdjson On-Demand, snapshots 3 times. */
#include "codecs/event/instrument.h"
#include "codecs/number/number.h"
#include "codecs/venue/venue.h"
#include "perf/codecs/venue/decode_sets.h"

#include <stdio.h>
#include <stdlib.h>

static struct mr_instruments *table;
static union mr_slot *out;
static const struct row *running;
static struct mr_decoder decoders[MR_KERNEL_COUNT];
static void *memory[MR_KERNEL_COUNT][2];
static const struct mr_venue *venue;
static uint8_t product;

static void *lines(size_t bytes)
{
    void *mem = aligned_alloc(64, (bytes + 127) / 64 * 64);
    MR_ASSERT(mem);
    return mem;
}

uint32_t mr_bench_decode_instrument(const char *symbol, uint32_t len)
{
    const struct mr_instrument *it =
        mr_instruments_find(table, venue->id, product, (struct mr_span){(const uint8_t *)symbol, len});
    return it ? it->id : UINT32_MAX;
}

/* All instruments have these scales. */
int64_t mr_bench_notional(int64_t price, int64_t size)
{
    int64_t notional = 0;
    mr_notional_micro(price, 8, size, 8, 1, 0, &notional);
    return notional;
}

static uint64_t value_sum(int64_t mantissa, int8_t exponent, uint32_t kind)
{
    return ((uint64_t)mantissa * 3 + (uint64_t)exponent) * kind;
}

uint64_t mr_bench_value(const char *text, uint32_t len, uint32_t kind)
{
    struct mr_decimal value = {0, 0};
    mr_number_decimal((const uint8_t *)text, len, &value);
    return value_sum(value.mantissa, value.exponent, kind);
}

/* One decoder a kernel: shapes keep the kernel they were made with. */
static struct mr_decoder *decoder(void)
{
    enum mr_kernel k = mr_kernel_active();
    if (!memory[k][0]) {
        memory[k][0] = lines(mr_shapes_bytes(1024));
        memory[k][1] = lines(mr_decoder_bytes(venue, 16));
        mr_decoder_init(&decoders[k], venue, product, table, mr_shapes_init(memory[k][0], 1024, k), memory[k][1]);
    }
    return &decoders[k];
}

/* ---- numbers ---- */

static uint32_t next(uint64_t *state, uint32_t bound)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)((*state >> 32) * bound >> 32);
}

static const char *price(uint64_t *r)
{
    static char text[8][24];
    static unsigned at;
    char *to = text[at++ % 8];
    sprintf(to, "%u.%u", 80000 + next(r, 9000), 1 + next(r, 9));
    return to;
}
static const char *size(uint64_t *r)
{
    static char text[8][24];
    static unsigned at;
    static const uint32_t below[] = {1, 1, 1, 10, 10, 100, 500};
    char *to = text[at++ % 8];
    sprintf(to, "%u.%03u", next(r, below[next(r, 7)]), 1 + next(r, 999));
    return to;
}
/* in contracts */
static unsigned lots(uint64_t *r)
{
    static const uint32_t below[] = {10, 100, 100, 1000, 1000, 9000, 90000};
    return 1 + next(r, below[next(r, 7)]);
}
static const char *part(uint64_t *r) /* a price of an outcome */
{
    static char text[8][24];
    static unsigned at;
    char *to = text[at++ % 8];
    sprintf(to, "0.%02u", 10 + next(r, 89));
    return to;
}
static unsigned digits8(uint64_t *r) { return next(r, 99999999); }

typedef int level_fn(char *to, uint64_t *r);
static int pair(char *to, uint64_t *r) { return sprintf(to, "[\"%s\",\"%s\"]", price(r), next(r, 3) ? size(r) : "0"); }
static int quad(char *to, uint64_t *r)
{
    return sprintf(to, "[\"%s\",\"%s\",\"0\",\"%u\"]", price(r), size(r), 1 + next(r, 20));
}
static int bare(char *to, uint64_t *r)
{
    return sprintf(to, "[%s,%u,%u]", price(r), next(r, 3) ? lots(r) : 0, next(r, 9));
}
static int half(char *to, uint64_t *r) { return sprintf(to, "[%s,%u]", price(r), lots(r)); }
static int px_sz(char *to, uint64_t *r)
{
    return sprintf(to, "{\"px\":\"%s\",\"sz\":\"%s\",\"n\":%u}", price(r), size(r), 1 + next(r, 20));
}
static int outcome(char *to, uint64_t *r)
{
    return sprintf(to, "{\"price\":\"%s\", \"size\":\"%s\"}", part(r), size(r));
}

static int levels(char *to, uint64_t *r, level_fn *one, uint32_t n)
{
    int len = sprintf(to, "[");
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            len += sprintf(to + len, one == outcome ? ", " : ","); /* Polymarket: a blank behind each comma */
        len += one(to + len, r);
    }
    return len + sprintf(to + len, "]");
}

/* ---- messages ---- */

#define PUT(name) static int put_##name(char *to, uint64_t *r, const char *symbol)
#define CHANGES(r) (10 + next(r, 20))

PUT(binance_trade)
{
    return sprintf(
        to,
        "{\"stream\":\"x@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":17913%08u,\"a\":34%08u,\"s\":\"%s\",\"p\":\"%"
        "s\",\"q\":\"%s\",\"nq\":\"%s\",\"f\":81%08u,\"l\":81%08u,\"T\":17913%08u,\"m\":%s,\"st\":1}}",
        digits8(r), digits8(r), symbol, price(r), size(r), size(r), digits8(r), digits8(r), digits8(r),
        next(r, 2) ? "true" : "false");
}
PUT(binance_best)
{
    return sprintf(
        to,
        "{\"stream\":\"x@bookTicker\",\"data\":{\"e\":\"bookTicker\",\"u\":117303%08u,\"s\":\"%s\",\"ps\":\"%s\",\"b\":"
        "\"%s\",\"B\":\"%s\",\"a\":\"%s\",\"A\":\"%s\",\"T\":17913%08u,\"E\":17913%08u,\"st\":1}}",
        digits8(r), symbol, symbol, price(r), size(r), price(r), size(r), digits8(r), digits8(r));
}
PUT(binance_delta)
{
    int n = sprintf(to,
                    "{\"stream\":\"x@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":17867%08u,\"T\":17867%08u,"
                    "\"s\":\"%s\",\"ps\":\"%s\",\"U\":112892%08u,\"u\":112892%08u,\"pu\":112892%08u,\"b\":",
                    digits8(r), digits8(r), symbol, symbol, digits8(r), digits8(r), digits8(r));
    n += levels(to + n, r, pair, CHANGES(r));
    n += sprintf(to + n, ",\"a\":");
    n += levels(to + n, r, pair, CHANGES(r));
    return n + sprintf(to + n, ",\"st\":1}}");
}
PUT(binance_snapshot)
{
    (void)symbol;
    int n = sprintf(to, "{\"lastUpdateId\":112892%08u,\"E\":17867%08u,\"T\":17867%08u,\"bids\":", digits8(r),
                    digits8(r), digits8(r));
    n += levels(to + n, r, pair, 500);
    n += sprintf(to + n, ",\"asks\":");
    n += levels(to + n, r, pair, 500);
    return n + sprintf(to + n, "}");
}
PUT(bybit_trade)
{
    return sprintf(to,
                   "{\"topic\":\"publicTrade.%s\",\"type\":\"snapshot\",\"ts\":17913%08u,\"data\":[{\"T\":17913%08u,"
                   "\"s\":\"%s\",\"S\":\"%s\",\"v\":\"%s\",\"p\":\"%s\",\"L\":\"MinusTick\",\"i\":\"%08x-77a2-5ebe-"
                   "851b-3836%08x\",\"BT\":false,\"RPI\":false,\"seq\":5981%08u}]}",
                   symbol, digits8(r), digits8(r), symbol, next(r, 2) ? "Sell" : "Buy", size(r), price(r), digits8(r),
                   digits8(r), digits8(r));
}
static int bybit_book(char *to, uint64_t *r, const char *symbol, const char *depth, const char *type, uint32_t bids,
                      uint32_t asks)
{
    int n = sprintf(to, "{\"topic\":\"orderbook.%s.%s\",\"type\":\"%s\",\"ts\":17913%08u,\"data\":{\"s\":\"%s\",\"b\":",
                    depth, symbol, type, digits8(r), symbol);
    n += levels(to + n, r, pair, bids);
    n += sprintf(to + n, ",\"a\":");
    n += levels(to + n, r, pair, asks);
    return n +
           sprintf(to + n, ",\"u\":18%08u,\"seq\":5981%08u},\"cts\":17913%08u}", digits8(r), digits8(r), digits8(r));
}
PUT(bybit_best)
{
    int n = sprintf(to,
                    "{\"topic\":\"orderbook.1.%s\",\"type\":\"snapshot\",\"ts\":17913%08u,\"data\":{\"s\":\"%s\",\"b\":"
                    "[[\"%s\",\"%s\"]],\"a\":[[\"%s\",\"%s\"]]",
                    symbol, digits8(r), symbol, price(r), size(r), price(r), size(r));
    return n +
           sprintf(to + n, ",\"u\":18%08u,\"seq\":5981%08u},\"cts\":17913%08u}", digits8(r), digits8(r), digits8(r));
}
PUT(bybit_delta) { return bybit_book(to, r, symbol, "200", "delta", CHANGES(r), CHANGES(r)); }
PUT(bybit_snapshot) { return bybit_book(to, r, symbol, "200", "snapshot", 200, 200); }
PUT(okx_trade)
{
    return sprintf(to,
                   "{\"arg\":{\"channel\":\"trades\",\"instId\":\"%s\"},\"data\":[{\"instId\":\"%s\",\"tradeId\":\"24%"
                   "08u\",\"px\":\"%s\",\"sz\":\"%s\",\"side\":\"%s\",\"ts\":\"17913%08u\",\"count\":\"%u\",\"source\":"
                   "\"0\",\"seqId\":721%08u}]}",
                   symbol, symbol, digits8(r), price(r), size(r), next(r, 2) ? "sell" : "buy", digits8(r),
                   1 + next(r, 9), digits8(r));
}
PUT(okx_best)
{
    return sprintf(to,
                   "{\"arg\":{\"channel\":\"bbo-tbt\",\"instId\":\"%s\"},\"data\":[{\"asks\":[[\"%s\",\"%s\",\"0\",\"%"
                   "u\"]],\"bids\":[[\"%s\",\"%s\",\"0\",\"%u\"]],\"ts\":\"17913%08u\",\"seqId\":721%08u}]}",
                   symbol, price(r), size(r), 1 + next(r, 9), price(r), size(r), 1 + next(r, 9), digits8(r),
                   digits8(r));
}
static int okx_book(char *to, uint64_t *r, const char *symbol, const char *action, uint32_t asks, uint32_t bids)
{
    int n =
        sprintf(to, "{\"arg\":{\"channel\":\"books\",\"instId\":\"%s\"},\"action\":\"%s\",\"data\":[{\"asks\":", symbol,
                action);
    n += levels(to + n, r, quad, asks);
    n += sprintf(to + n, ",\"bids\":");
    n += levels(to + n, r, quad, bids);
    return n + sprintf(to + n, ",\"ts\":\"17913%08u\",\"checksum\":0,\"seqId\":721%08u,\"prevSeqId\":720%08u}]}",
                       digits8(r), digits8(r), digits8(r));
}
PUT(okx_delta) { return okx_book(to, r, symbol, "update", CHANGES(r), CHANGES(r)); }
PUT(okx_snapshot) { return okx_book(to, r, symbol, "snapshot", 400, 400); }
PUT(hyperliquid_trade)
{
    return sprintf(to,
                   "{\"channel\":\"trades\",\"data\":[{\"coin\":\"%s\",\"side\":\"%s\",\"px\":\"%s\",\"sz\":\"%s\","
                   "\"time\":17913%08u,\"hash\":\"0x%08x%08x%08x%08x%08x%08x%08x%08x\",\"tid\":7452%08u,\"users\":["
                   "\"0x%08x%08x%08x%08x%08x\",\"0x%08x%08x%08x%08x%08x\"]}]}",
                   symbol, next(r, 2) ? "A" : "B", price(r), size(r), digits8(r), digits8(r), digits8(r), digits8(r),
                   digits8(r), digits8(r), digits8(r), digits8(r), digits8(r), digits8(r), digits8(r), digits8(r),
                   digits8(r), digits8(r), digits8(r), digits8(r), digits8(r), digits8(r), digits8(r), digits8(r));
}
PUT(hyperliquid_best)
{
    int n =
        sprintf(to, "{\"channel\":\"bbo\",\"data\":{\"coin\":\"%s\",\"time\":17913%08u,\"bbo\":", symbol, digits8(r));
    n += levels(to + n, r, px_sz, 2);
    return n + sprintf(to + n, "}}");
}
PUT(hyperliquid_snapshot)
{
    int n = sprintf(to, "{\"channel\":\"l2Book\",\"data\":{\"coin\":\"%s\",\"time\":17913%08u,\"levels\":[", symbol,
                    digits8(r));
    n += levels(to + n, r, px_sz, 20);
    to[n++] = ',';
    n += levels(to + n, r, px_sz, 20);
    return n + sprintf(to + n, "]}}");
}
PUT(kucoin_trade)
{
    return sprintf(to,
                   "{\"topic\":\"/contractMarket/"
                   "execution:%s\",\"type\":\"message\",\"subject\":\"match\",\"sn\":17%08u,\"data\":{\"symbol\":\"%"
                   "s\",\"sequence\":17%08u,\"side\":\"%s\",\"size\":%u,\"price\":\"%s\",\"takerOrderId\":\"2400%08u\","
                   "\"makerOrderId\":\"2401%08u\",\"tradeId\":\"17%08u\",\"ts\":17901%08u506001}}",
                   symbol, digits8(r), symbol, digits8(r), next(r, 2) ? "sell" : "buy", lots(r), price(r), digits8(r),
                   digits8(r), digits8(r), digits8(r));
}
PUT(kucoin_best)
{
    return sprintf(to,
                   "{\"topic\":\"/contractMarket/"
                   "tickerV2:%s\",\"type\":\"message\",\"subject\":\"tickerV2\",\"sn\":17%08u,\"data\":{\"symbol\":\"%"
                   "s\",\"sequence\":17%08u,\"bestBidSize\":%u,\"bestBidPrice\":\"%s\",\"bestAskPrice\":\"%s\","
                   "\"bestAskSize\":%u,\"ts\":17316%08u000000}}",
                   symbol, digits8(r), symbol, digits8(r), lots(r), price(r), price(r), lots(r), digits8(r));
}
PUT(kucoin_delta)
{
    return sprintf(to,
                   "{\"topic\":\"/contractMarket/"
                   "level2:%s\",\"type\":\"message\",\"subject\":\"level2\",\"sn\":17%08u,\"data\":{\"sequence\":17%"
                   "08u,\"change\":\"%s,%s,%u\",\"timestamp\":17316%08u}}",
                   symbol, digits8(r), digits8(r), price(r), next(r, 2) ? "buy" : "sell", lots(r), digits8(r));
}
PUT(kucoin_snapshot)
{
    int n = sprintf(to, "{\"code\":\"200000\",\"data\":{\"sequence\":17%08u,\"symbol\":\"%s\",\"bids\":", digits8(r),
                    symbol);
    n += levels(to + n, r, half, 500);
    n += sprintf(to + n, ",\"asks\":");
    n += levels(to + n, r, half, 500);
    return n + sprintf(to + n, ",\"ts\":17316%08u000000}}", digits8(r));
}
PUT(polymarket_trade)
{
    return sprintf(
        to,
        "{\"market\":\"0x%08x%08x%08x%08x%08x%08x%08x%08x\", \"asset_id\":\"%s\", \"price\":\"%s\", \"size\":\"%s\", "
        "\"fee_rate_bps\":\"0\", \"side\":\"%s\", \"timestamp\":\"17913%08u\", \"event_type\":\"last_trade_price\"}",
        1, 2, 3, 4, 5, 6, 7, 8, symbol, part(r), size(r), next(r, 2) ? "SELL" : "BUY", digits8(r));
}
PUT(polymarket_best)
{
    return sprintf(
        to,
        "{\"market\":\"0x%08x%08x%08x%08x%08x%08x%08x%08x\", \"asset_id\":\"%s\", \"best_bid\":\"%s\", "
        "\"best_ask\":\"%s\", \"spread\":\"0.01\", \"timestamp\":\"17913%08u\", \"event_type\":\"best_bid_ask\"}",
        1, 2, 3, 4, 5, 6, 7, 8, symbol, part(r), part(r), digits8(r));
}
PUT(polymarket_delta)
{
    return sprintf(
        to,
        "{\"market\":\"0x%08x%08x%08x%08x%08x%08x%08x%08x\", \"price_changes\":[{\"asset_id\":\"%s\", "
        "\"price\":\"%s\", \"size\":\"%s\", \"side\":\"BUY\", \"hash\":\"%08x%08x%08x%08x%08x\", \"best_bid\":\"%s\", "
        "\"best_ask\":\"%s\"}], \"timestamp\":\"17913%08u\", \"event_type\":\"price_change\"}",
        1, 2, 3, 4, 5, 6, 7, 8, symbol, part(r), size(r), digits8(r), digits8(r), digits8(r), digits8(r), digits8(r),
        part(r), part(r), digits8(r));
}
PUT(polymarket_snapshot)
{
    int n =
        sprintf(to,
                "{\"market\":\"0x%08x%08x%08x%08x%08x%08x%08x%08x\", \"asset_id\":\"%s\", \"timestamp\":\"17913%08u\", "
                "\"hash\":\"%08x%08x%08x%08x%08x\", \"bids\":",
                1, 2, 3, 4, 5, 6, 7, 8, symbol, digits8(r), digits8(r), digits8(r), digits8(r), digits8(r), digits8(r));
    n += levels(to + n, r, outcome, 45);
    n += sprintf(to + n, ", \"asks\":");
    n += levels(to + n, r, outcome, 45);
    return n + sprintf(to + n, ", \"event_type\":\"book\"}");
}
PUT(mexc_trade)
{
    return sprintf(to,
                   "{\"symbol\":\"%s\",\"data\":[{\"p\":%s,\"v\":%u,\"T\":%u,\"O\":%u,\"M\":%u,\"t\":17883%08u,\"i\":"
                   "\"160%08u\",\"cts\":\"17883%08u\"}],\"channel\":\"push.deal\",\"ts\":17883%08u}",
                   symbol, price(r), lots(r), 1 + next(r, 2), 1 + next(r, 3), 1 + next(r, 2), digits8(r), digits8(r),
                   digits8(r), digits8(r));
}
static int mexc_book(char *to, uint64_t *r, const char *symbol, const char *channel, uint32_t asks, uint32_t bids)
{
    int n = sprintf(to, "{\"symbol\":\"%s\",\"data\":{\"cts\":17894%08u,\"asks\":", symbol, digits8(r));
    n += levels(to + n, r, bare, asks);
    n += sprintf(to + n, ",\"bids\":");
    n += levels(to + n, r, bare, bids);
    return n + sprintf(to + n, ",\"version\":377%08u},\"channel\":\"push.%s\",\"ts\":17894%08u}", digits8(r), channel,
                       digits8(r));
}
PUT(mexc_best) { return mexc_book(to, r, symbol, "depth.full", 5, 5); }
PUT(mexc_delta) { return mexc_book(to, r, symbol, "depth", CHANGES(r), CHANGES(r)); }
PUT(mexc_ticker)
{
    return sprintf(
        to,
        "{\"symbol\":\"%s\",\"data\":{\"symbol\":\"%s\",\"lastPrice\":%s,\"bid1\":%s,\"ask1\":%s,\"fairPrice\":%s,"
        "\"indexPrice\":%s,\"fundingRate\":0.0000%02u,\"holdVol\":%u,\"volume24\":%u%u,\"amount24\":%u.%u,"
        "\"riseFallRate\":-0.0%03u,\"high24Price\":%s,\"lower24Price\":%s,\"maxBidPrice\":%s,\"minAskPrice\":%s,"
        "\"contractId\":10,\"timestamp\":17894%08u},\"channel\":\"push.ticker\",\"ts\":17894%08u}",
        symbol, symbol, price(r), price(r), price(r), price(r), price(r), 1 + next(r, 99), 12000000 + digits8(r) / 10,
        2 + next(r, 7), 10000000 + digits8(r) / 2, 800000000 + digits8(r), 1 + next(r, 9999), 1 + next(r, 999),
        price(r), price(r), price(r), price(r), digits8(r), digits8(r));
}
PUT(mexc_snapshot)
{
    (void)symbol;
    int n = sprintf(to, "{\"success\":true,\"code\":0,\"data\":{\"asks\":");
    n += levels(to + n, r, bare, 500);
    n += sprintf(to + n, ",\"bids\":");
    n += levels(to + n, r, bare, 500);
    return n + sprintf(to + n, ",\"version\":377%08u,\"timestamp\":17894%08u}}", digits8(r), digits8(r));
}

/* ---- rows ---- */

enum work { TRADE, BEST, DELTA, SNAPSHOT };
static const struct row {
    const char *name, *what, *product, *symbols[2], *url;
    int (*put)(char *, uint64_t *, const char *);
    mr_bench_fn *reference;
    enum work work;
    bool no_sizes; /* of the best: prices alone are summed up */
} rows[] = {
#define ROW(name, work, what, product, one, other, url)                                                                \
    {                                                                                                                  \
#name, what, product, {one, other }, url, put_##name, mr_decode_reference_##name, work, false                  \
    }
    ROW(binance_trade, TRADE, "aggTrade", "binance:usdm", "BTCUSDT", "ETHUSDT", NULL),
    ROW(binance_best, BEST, "bookTicker", "binance:usdm", "BTCUSDT", "ETHUSDT", NULL),
    ROW(binance_delta, DELTA, "depthUpdate, 20 to 58 levels", "binance:usdm", "BTCUSDT", "ETHUSDT", NULL),
    ROW(binance_snapshot, SNAPSHOT, "REST depth, 1,000 levels", "binance:usdm", "BTCUSDT", "BTCUSDT",
        "/fapi/v1/depth?symbol=BTCUSDT&limit=500"),
    ROW(bybit_trade, TRADE, "publicTrade", "bybit:linear", "BTCUSDT", "ETHUSDT", NULL),
    ROW(bybit_best, BEST, "orderbook.1", "bybit:linear", "BTCUSDT", "ETHUSDT", NULL),
    ROW(bybit_delta, DELTA, "orderbook.200 delta, 20 to 58 levels", "bybit:linear", "BTCUSDT", "ETHUSDT", NULL),
    ROW(bybit_snapshot, SNAPSHOT, "orderbook.200 snapshot", "bybit:linear", "BTCUSDT", "ETHUSDT", NULL),
    ROW(okx_trade, TRADE, "trades", "okx:public", "BTC-USDT-SWAP", "ETH-USDT-SWAP", NULL),
    ROW(okx_best, BEST, "bbo-tbt", "okx:public", "BTC-USDT-SWAP", "ETH-USDT-SWAP", NULL),
    ROW(okx_delta, DELTA, "books update, 20 to 58 levels", "okx:public", "BTC-USDT-SWAP", "ETH-USDT-SWAP", NULL),
    ROW(okx_snapshot, SNAPSHOT, "books snapshot, 800 levels", "okx:public", "BTC-USDT-SWAP", "ETH-USDT-SWAP", NULL),
    ROW(hyperliquid_trade, TRADE, "trades", "hyperliquid:perp", "BTC", "ETH", NULL),
    ROW(hyperliquid_best, BEST, "bbo", "hyperliquid:perp", "BTC", "ETH", NULL),
    ROW(hyperliquid_snapshot, SNAPSHOT, "l2Book, 40 levels", "hyperliquid:perp", "BTC", "ETH", NULL),
    ROW(kucoin_trade, TRADE, "execution", "kucoin:futures", "XBTUSDTM", "ETHUSDTM", NULL),
    ROW(kucoin_best, BEST, "tickerV2", "kucoin:futures", "XBTUSDTM", "ETHUSDTM", NULL),
    ROW(kucoin_delta, DELTA, "level2, one level", "kucoin:futures", "XBTUSDTM", "ETHUSDTM", NULL),
    ROW(kucoin_snapshot, SNAPSHOT, "REST level2, 1,000 levels", "kucoin:futures", "XBTUSDTM", "XBTUSDTM",
        "/api/v1/level2/snapshot?symbol=XBTUSDTM"),
#define TOKEN "713210456792522125946263855327069127503327285719425322896313793124555839925"
    ROW(polymarket_trade, TRADE, "last_trade_price", "polymarket:clob", TOKEN "63", TOKEN "64", NULL),
    {"polymarket_best",
     "best_bid_ask",
     "polymarket:clob",
     {TOKEN "63", TOKEN "64"},
     NULL,
     put_polymarket_best,
     mr_decode_reference_polymarket_best,
     BEST,
     true},
    {"polymarket_delta",
     "price_change, one level",
     "polymarket:clob",
     {TOKEN "63", TOKEN "64"},
     NULL,
     put_polymarket_delta,
     mr_decode_reference_polymarket_delta,
     DELTA,
     true},
    ROW(polymarket_snapshot, SNAPSHOT, "book, 90 levels", "polymarket:clob", TOKEN "63", TOKEN "64", NULL),
    ROW(mexc_trade, TRADE, "push.deal", "mexc:futures", "BTC_USDT", "ETH_USDT", NULL),
    ROW(mexc_best, BEST, "push.depth.full of 5, with its image", "mexc:futures", "BTC_USDT", "ETH_USDT", NULL),
    {"mexc_ticker",
     "push.ticker: with mark, index, funding, interest",
     "mexc:futures",
     {"BTC_USDT", "ETH_USDT"},
     NULL,
     put_mexc_ticker,
     mr_decode_reference_mexc_ticker,
     BEST,
     true},
    ROW(mexc_delta, DELTA, "push.depth, 20 to 58 levels", "mexc:futures", "BTC_USDT", "ETH_USDT", NULL),
    ROW(mexc_snapshot, SNAPSHOT, "REST depth, 1,000 levels", "mexc:futures", "BTC_USDT", "BTC_USDT",
        "/api/v1/contract/depth/BTC_USDT?limit=1000"),
};

/* ---- ours ---- */

static uint64_t book_sum(const union mr_slot *g)
{
    const struct mr_book_head *h = &g->book;
    uint32_t n = (uint32_t)h->bid_count + h->ask_count;
    uint64_t sum = 0;
    if (running->no_sizes && h->kind == MR_EVENT_BBO)
        return h->instrument * 11u + (uint64_t)h->venue_ns + (uint64_t)g[1].level[0].price * 3 +
               (uint64_t)g[1].level[1].price * 5;
    const struct mr_level *level = mr_event_levels(g);
    for (uint32_t i = 0; i < n; i++) {
        sum += mr_bench_level_sum(level[i].price, level[i].size, i);
        /* no vectors: they multiply 64 bits in many steps, and this sum is not what is measured */
        __asm__("" : "+r"(sum));
    }
    if (running->no_sizes) /* Polymarket's change, with the best prices after it */
        return sum + h->instrument * 11u + (uint64_t)h->venue_ns + h->first_seq * 3 + h->prev_seq * 5;
    /* a REST body does not say whose it is, but for KuCoin's */
    uint32_t whose = running->url && strcmp(running->name, "kucoin_snapshot") != 0 ? 0 : h->instrument;
    return sum + mr_bench_head_sum(whose, h->venue_ns, h->seq);
}

static uint64_t ours(void *arg)
{
    const struct mr_bench_frames *set = arg;
    struct mr_decoder *dec = decoder();
    struct mr_span url = running->url ? mr_span_of(running->url) : (struct mr_span){NULL, 0};
    uint64_t sum = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        struct mr_frame frame = {.data = set->bytes + set->at[i], .len = set->len[i]};
        int n = url.data ? mr_decode_rest(dec, url, &frame, NULL, out, MR_DECODE_SLOTS)
                         : mr_decode(dec, &frame, out, MR_DECODE_SLOTS);
        if (n < 1)
            return 0;
        const union mr_slot *g = out;
        for (; g->event.kind >= MR_EVENT_MARK && g->event.kind <= MR_EVENT_OPEN_INTEREST; g++) /* a ticker's */
            sum += value_sum(g->event.price, g->event.exponent, g->event.kind);
        if (g->event.kind == MR_EVENT_BBO && g + 2 < out + n && running->work == BEST)
            g += 2; /* MEXC's image, whose first levels are the best */
        if (g->event.kind == MR_EVENT_TRADE)
            sum += mr_bench_trade_sum(g->event.instrument, g->event.venue_ns, g->event.price, g->event.size,
                                      g->event.aux, g->event.flags & MR_FLAG_SELL, g->event.seq);
        else
            sum += book_sum(g);
    }
    return sum;
}

static struct mr_bench_frames *make(const struct row *row)
{
    struct mr_bench_frames *set = calloc(1, sizeof *set);
    uint64_t seed = 88172645463325252u;
    uint32_t at = 0, most = row->work == SNAPSHOT ? 60000 : 4000;
    set->count = row->work == SNAPSHOT ? 16 : row->work == DELTA ? 1024 : 4096;
    set->bytes = calloc(set->count, most + MR_BENCH_SLACK);
    set->at = calloc(set->count, sizeof *set->at);
    set->len = calloc(set->count, sizeof *set->len);
    MR_ASSERT(set->bytes && set->at && set->len);
    for (uint32_t i = 0; i < set->count; i++) {
        set->at[i] = at;
        set->len[i] = (uint32_t)row->put((char *)set->bytes + at, &seed, row->symbols[next(&seed, 2)]);
        MR_ASSERT(set->len[i] <= most);
        at += set->len[i] + MR_BENCH_SLACK;
    }
    return set;
}

static void forget(void)
{
    for (int k = 0; k < MR_KERNEL_COUNT; k++)
        for (int i = 0; i < 2; i++) {
            free(memory[k][i]);
            memory[k][i] = NULL;
        }
}

static void one(struct mr_bench *b, const struct row *row)
{
    static const struct {
        double least, more;
    } goals[] = {[TRADE] = {3.5, 4.5}, [BEST] = {3.5, 4.5}, [DELTA] = {3.5, 5}, [SNAPSHOT] = {3, 4}};
    struct mr_err err;
    running = row;
    if (mr_venue_parse(row->product, &venue, &product, &err) < 0)
        mr_panic(__FILE__, __LINE__, err.text);
    mr_instruments_init(table, 16);
    for (int i = 0; i < 2; i++)
        mr_instruments_add_bare(table, venue->id, product, mr_span_of(row->symbols[i]));
    struct mr_bench_frames *set = make(row);
    struct mr_bench_pair pair = {.name = row->name,
                                 .work = row->what,
                                 .items = set->count,
                                 .ours = {ours, set},
                                 .references[0] = {"simdjson On-Demand, raw tokens, our decimal", row->reference, set},
                                 .goal = goals[row->work].least,
                                 .stretch = goals[row->work].more,
                                 .kernels = true};
    mr_bench_pair(b, &pair);
    forget();
    free(set->bytes);
    free(set->at);
    free(set->len);
    free(set);
}

void mr_bench_decode(struct mr_bench *b)
{
    table = mr_instruments_init(lines(mr_instruments_bytes(16)), 16);
    out = lines(MR_DECODE_SLOTS * sizeof *out);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (mr_bench_wants(b, rows[i].name))
            one(b, &rows[i]);
    free(table);
    free(out);
}
