/* One healthy session with each venue: what is wanted, what is said, what comes back. */
#include "tests/dataplane/session/rig.h"

static const struct mr_stream binance_public[] = {{MR_BEST, "BTCUSDT"}, {MR_DEPTH, "BTCUSDT"}};
#define BINANCE_BEST                                                                                                   \
    "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"e\":\"bookTicker\",\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"B\":"   \
    "\"1\","                                                                                                           \
    "\"a\":\"2\",\"A\":\"1\",\"T\":1,\"E\":1}}"
static const struct rig_line binance_public_lines[] = {
    {"{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@bookTicker\",\"btcusdt@depth@100ms\"],\"id\":1}",
     "{\"result\":null,\"id\":1}", BINANCE_BEST},
    {0},
};

static const struct mr_stream binance_market[] = {
    {MR_TRADES, "BTCUSDT"}, {MR_LIQUIDATIONS, ""}, {MR_MARKS, "BTCUSDT"}, {MR_FUNDINGS, "BTCUSDT"}};
#define BINANCE_MARK                                                                                                   \
    "{\"stream\":\"btcusdt@markPrice@1s\",\"data\":{\"e\":\"markPriceUpdate\",\"E\":1,\"s\":\"BTCUSDT\",\"p\":"        \
    "\"85296.60\","                                                                                                    \
    "\"P\":\"1\",\"i\":\"85345.9\",\"r\":\"0.00000523\",\"T\":1791273600000}}"
static const struct rig_line binance_market_lines[] = {
    {"{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@aggTrade\",\"!forceOrder@arr\",\"btcusdt@markPrice@1s\"],\"id\":"
     "1}",
     "{\"result\":null,\"id\":1}", BINANCE_MARK},
    {0},
};

static const struct mr_stream bybit_linear[] = {
    {MR_TRADES, "BTCUSDT"}, {MR_MARKS, "BTCUSDT"}, {MR_FUNDINGS, "BTCUSDT"}, {MR_LIQUIDATIONS, "BTCUSDT"}};
#define BYBIT_TRADE                                                                                                    \
    "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":5,\"data\":[{\"T\":3,\"s\":\"BTCUSDT\",\"S\":"    \
    "\"Buy\","                                                                                                         \
    "\"v\":\"2\",\"p\":\"10\",\"i\":\"a\",\"BT\":false}]}"
static const struct rig_line bybit_lines[] = {
    {"{\"req_id\":\"1\",\"op\":\"subscribe\",\"args\":[\"publicTrade.BTCUSDT\",\"tickers.BTCUSDT\",\"allLiquidation."
     "BTCUSDT\"]}",
     "{\"success\":true,\"ret_msg\":\"\",\"conn_id\":\"c\",\"req_id\":\"1\",\"op\":\"subscribe\"}", BYBIT_TRADE},
    {"{\"req_id\":\"2\",\"op\":\"ping\"}",
     "{\"success\":true,\"ret_msg\":\"pong\",\"conn_id\":\"c\",\"req_id\":\"2\",\"op\":\"ping\"}", NULL},
    {0},
};

static const struct mr_stream okx_public[] = {{MR_TRADES, "BTC-USDT-SWAP"}, {MR_LIQUIDATIONS, ""}};
#define OKX_TRADE                                                                                                      \
    "{\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"},\"data\":[{\"instId\":\"BTC-USDT-SWAP\","          \
    "\"tradeId\":\"1\","                                                                                               \
    "\"px\":\"64311\",\"sz\":\"31.27\",\"side\":\"buy\",\"ts\":\"1\"}]}"
/* Each argument is acknowledged by itself; the second ack stands here as what comes after the first. */
static const struct rig_line okx_lines[] = {
    {"{\"id\":\"1\",\"op\":\"subscribe\",\"args\":[{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"},{\"channel\":"
     "\"liquidation-orders\",\"instType\":\"SWAP\"}]}",
     "{\"id\":\"1\",\"event\":\"subscribe\",\"arg\":{\"channel\":\"liquidation-orders\",\"instType\":\"SWAP\"},"
     "\"connId\":\"a\"}",
     OKX_TRADE},
    {"ping", "pong", NULL},
    {0},
};

static const struct mr_stream hyperliquid[] = {{MR_BEST, "BTC"}, {MR_MARKS, "BTC"}, {MR_INTERESTS, "BTC"}};
#define HYPERLIQUID_BBO                                                                                                \
    "{\"channel\":\"bbo\",\"data\":{\"coin\":\"BTC\",\"time\":5,\"bbo\":[{\"px\":\"1\",\"sz\":\"1\",\"n\":1},{\"px\":" \
    "\"2\","                                                                                                           \
    "\"sz\":\"1\",\"n\":1}]}}"
#define HYPERLIQUID_ACK(type)                                                                                          \
    "{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":\"subscribe\",\"subscription\":{\"type\":\"" type      \
    "\",\"coin\":\"BTC\"}}}"
static const struct rig_line hyperliquid_lines[] = {
    {"{\"method\":\"subscribe\",\"subscription\":{\"type\":\"bbo\",\"coin\":\"BTC\"}}", HYPERLIQUID_ACK("bbo"),
     HYPERLIQUID_BBO},
    {"{\"method\":\"subscribe\",\"subscription\":{\"type\":\"activeAssetCtx\",\"coin\":\"BTC\"}}",
     HYPERLIQUID_ACK("activeAssetCtx"), NULL},
    {"{\"method\":\"ping\"}", "{\"channel\":\"pong\"}", NULL},
    {0},
};

#define STREAMS(s) s, (uint32_t)MR_COUNT_OF(s)
const struct rig_venue rig_venues[] = {
    {"binance:usdm", 0, STREAMS(binance_public), binance_public_lines, BINANCE_BEST, MR_BEST, "BTCUSDT"},
    {"binance:usdm", 1, STREAMS(binance_market), binance_market_lines, BINANCE_MARK, MR_MARKS, "BTCUSDT"},
    {"bybit:linear", 0, STREAMS(bybit_linear), bybit_lines, BYBIT_TRADE, MR_TRADES, "BTCUSDT"},
    {"okx:public", 0, STREAMS(okx_public), okx_lines, OKX_TRADE, MR_TRADES, "BTC-USDT-SWAP"},
    {"hyperliquid:perp", 0, STREAMS(hyperliquid), hyperliquid_lines, HYPERLIQUID_BBO, MR_BEST, "BTC"},
};
const uint32_t rig_venue_count = MR_COUNT_OF(rig_venues);
