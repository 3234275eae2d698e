/* Each cell of the table of products and channels: what a product offers is asked for in one message, decodes to the channel's kind of event from a
 * hand-written one, and is of the instrument that was asked for; what it does not offer is said here, and refused by its dialect. No cell is left out.
 *
 * And what instrument lists say: one underlying has the same base, quote and kind wherever it is listed. */
#include <stdio.h>

#include "codecs/venue/dial.h"
#include "tests/codecs/venue/rig.h"

#define TOKEN "71321045679252212594626385532706912750332728571942532289631379312455583992563"

static const struct {
    uint32_t channel;
    const char *name;
    uint8_t kind;
} channels[] = {
    {MR_TRADES, "trades", MR_EVENT_TRADE},
    {MR_BEST, "best", MR_EVENT_BBO},
    {MR_DEPTH, "depth", MR_EVENT_BOOK},
    {MR_LIQUIDATIONS, "liquidations", MR_EVENT_LIQUIDATION},
    {MR_MARKS, "marks", MR_EVENT_MARK},
    {MR_FUNDINGS, "fundings", MR_EVENT_FUNDING},
    {MR_INTERESTS, "interests", MR_EVENT_OPEN_INTEREST},
    {MR_CANDLES, "candles", MR_EVENT_CANDLE},
};

/* clang-format off */
#define BYBIT(topic, symbol, data) "{\"topic\":\"" topic "." symbol "\",\"type\":\"snapshot\",\"ts\":5,\"data\":" data "}"
#define OKX(channel, id, data) "{\"arg\":{\"channel\":\"" channel "\",\"instId\":\"" id "\"},\"data\":[" data "]}"
#define CTX "{\"channel\":\"activeAssetCtx\",\"data\":{\"coin\":\"BTC\",\"ctx\":{\"funding\":\"0.0000125\",\"openInterest\":\"7\",\"prevDayPx\":\"1\",\"dayNtlVlm\":\"1\",\"premium\":\"0\",\"oraclePx\":\"5\",\"markPx\":\"6\",\"midPx\":\"6\",\"impactPxs\":[\"5\",\"6\"],\"dayBaseVlm\":\"1\"}}}"
#define KUCOIN(topic, subject, data) "{\"topic\":\"" topic "\",\"type\":\"message\",\"subject\":\"" subject "\",\"data\":{" data "}}"
#define MEXC(channel, data) "{\"symbol\":\"BTC_USDT\",\"data\":" data ",\"channel\":\"push." channel "\",\"ts\":5}"
#define TICKER "{\"symbol\":\"BTCUSDT\",\"markPrice\":\"5\",\"fundingRate\":\"0.0001\",\"nextFundingTime\":\"9\",\"openInterest\":\"4\"}"
#define MARKS "{\"e\":\"markPriceUpdate\",\"E\":1,\"s\":\"BTCUSDT\",\"p\":\"5\",\"i\":\"5\",\"P\":\"5\",\"r\":\"0.0001\",\"T\":9}"
#define KLINE "{\"e\":\"kline\",\"E\":1,\"s\":\"BTCUSDT\",\"k\":{\"t\":60000,\"T\":119999,\"s\":\"BTCUSDT\",\"i\":\"1m\",\"f\":1,\"L\":2,\"o\":\"1\",\"c\":\"2\",\"h\":\"3\",\"l\":\"1\",\"v\":\"4\",\"n\":2,\"x\":false,\"q\":\"8\",\"V\":\"1\",\"Q\":\"2\",\"B\":\"0\"}}"
#define BYBIT_KLINE "[{\"start\":60000,\"end\":119999,\"interval\":\"1\",\"open\":\"1\",\"close\":\"2\",\"high\":\"3\",\"low\":\"1\",\"volume\":\"4\",\"turnover\":\"8\",\"confirm\":false,\"timestamp\":70000}]"
#define SWAP "BTC-USDT-SWAP"

/* `message` a frame, or with `url` the body of a REST answer; or `why` there is none. symbol "": the whole market. */
static const struct cell {
    const char *product, *channel, *symbol, *message, *url, *why;
} cells[] = {
    {"binance:usdm", "trades", "BTCUSDT", "{\"e\":\"aggTrade\",\"E\":2,\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"5\",\"q\":\"1\",\"f\":1,\"l\":1,\"T\":1,\"m\":true}", NULL, NULL},
    {"binance:usdm", "best", "BTCUSDT", "{\"e\":\"bookTicker\",\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"B\":\"2\",\"a\":\"3\",\"A\":\"4\",\"T\":5,\"E\":6}", NULL, NULL},
    {"binance:usdm", "depth", "BTCUSDT", "{\"e\":\"depthUpdate\",\"E\":2,\"T\":1,\"s\":\"BTCUSDT\",\"U\":1,\"u\":2,\"pu\":0,\"b\":[[\"1\",\"2\"]],\"a\":[]}", NULL, NULL},
    {"binance:usdm", "liquidations", "BTCUSDT", "{\"e\":\"forceOrder\",\"E\":2,\"o\":{\"s\":\"BTCUSDT\",\"S\":\"SELL\",\"o\":\"LIMIT\",\"f\":\"IOC\",\"q\":\"1\",\"p\":\"5\",\"ap\":\"5\",\"X\":\"FILLED\",\"l\":\"1\",\"z\":\"1\",\"T\":1}}", NULL, NULL},
    {"binance:usdm", "marks", "BTCUSDT", MARKS, NULL, NULL},
    {"binance:usdm", "fundings", "BTCUSDT", MARKS, NULL, NULL},
    {"binance:usdm", "interests", "BTCUSDT", "{\"openInterest\":\"7\",\"symbol\":\"BTCUSDT\",\"time\":5}", "/fapi/v1/openInterest?symbol=BTCUSDT", NULL},
    {"binance:usdm", "candles", "BTCUSDT", KLINE, NULL, NULL},
    {"binance:spot", "trades", "BTCUSDT", "{\"e\":\"trade\",\"E\":2,\"s\":\"BTCUSDT\",\"t\":1,\"p\":\"5\",\"q\":\"1\",\"T\":1,\"m\":true,\"M\":true}", NULL, NULL},
    {"binance:spot", "best", "BTCUSDT", "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"B\":\"2\",\"a\":\"3\",\"A\":\"4\"}", NULL, NULL},
    {"binance:spot", "depth", "BTCUSDT", "{\"e\":\"depthUpdate\",\"E\":2,\"s\":\"BTCUSDT\",\"U\":1,\"u\":2,\"b\":[[\"1\",\"2\"]],\"a\":[]}", NULL, NULL},
    {"binance:spot", "liquidations", "BTCUSDT", NULL, NULL, "nothing is borrowed against in public on spot"},
    {"binance:spot", "marks", "BTCUSDT", NULL, NULL, "spot has no mark"},
    {"binance:spot", "fundings", "BTCUSDT", NULL, NULL, "spot has no funding"},
    {"binance:spot", "interests", "BTCUSDT", NULL, NULL, "spot has no open interest"},
    {"binance:spot", "candles", "BTCUSDT", KLINE, NULL, NULL},
    {"bybit:linear", "trades", "BTCUSDT", BYBIT("publicTrade", "BTCUSDT", "[{\"T\":1,\"s\":\"BTCUSDT\",\"S\":\"Buy\",\"v\":\"1\",\"p\":\"5\",\"i\":\"a\",\"BT\":false,\"seq\":1}]"), NULL, NULL},
    {"bybit:linear", "best", "BTCUSDT", BYBIT("orderbook.1", "BTCUSDT", "{\"s\":\"BTCUSDT\",\"b\":[[\"1\",\"2\"]],\"a\":[[\"3\",\"4\"]],\"u\":7,\"seq\":8}"), NULL, NULL},
    {"bybit:linear", "depth", "BTCUSDT", BYBIT("orderbook.200", "BTCUSDT", "{\"s\":\"BTCUSDT\",\"b\":[[\"1\",\"2\"]],\"a\":[],\"u\":7,\"seq\":8}"), NULL, NULL},
    {"bybit:linear", "liquidations", "BTCUSDT", BYBIT("allLiquidation", "BTCUSDT", "[{\"T\":1,\"s\":\"BTCUSDT\",\"S\":\"Buy\",\"v\":\"1\",\"p\":\"5\"}]"), NULL, NULL},
    {"bybit:linear", "marks", "BTCUSDT", BYBIT("tickers", "BTCUSDT", TICKER), NULL, NULL},
    {"bybit:linear", "fundings", "BTCUSDT", BYBIT("tickers", "BTCUSDT", TICKER), NULL, NULL},
    {"bybit:linear", "interests", "BTCUSDT", BYBIT("tickers", "BTCUSDT", TICKER), NULL, NULL},
    {"bybit:linear", "candles", "BTCUSDT", BYBIT("kline.1", "BTCUSDT", BYBIT_KLINE), NULL, NULL},
    {"bybit:spot", "trades", "BTCUSDT", BYBIT("publicTrade", "BTCUSDT", "[{\"T\":1,\"s\":\"BTCUSDT\",\"S\":\"Buy\",\"v\":\"1\",\"p\":\"5\",\"i\":\"1\",\"BT\":false}]"), NULL, NULL},
    {"bybit:spot", "best", "BTCUSDT", BYBIT("orderbook.1", "BTCUSDT", "{\"s\":\"BTCUSDT\",\"b\":[[\"1\",\"2\"]],\"a\":[[\"3\",\"4\"]],\"u\":7}"), NULL, NULL},
    {"bybit:spot", "depth", "BTCUSDT", BYBIT("orderbook.200", "BTCUSDT", "{\"s\":\"BTCUSDT\",\"b\":[[\"1\",\"2\"]],\"a\":[],\"u\":7}"), NULL, NULL},
    {"bybit:spot", "liquidations", "BTCUSDT", NULL, NULL, "nothing is borrowed against in public on spot"},
    {"bybit:spot", "marks", "BTCUSDT", NULL, NULL, "spot has no mark"},
    {"bybit:spot", "fundings", "BTCUSDT", NULL, NULL, "spot has no funding"},
    {"bybit:spot", "interests", "BTCUSDT", NULL, NULL, "spot has no open interest"},
    {"bybit:spot", "candles", "BTCUSDT", BYBIT("kline.1", "BTCUSDT", BYBIT_KLINE), NULL, NULL},
    {"okx:public", "trades", SWAP, OKX("trades", SWAP, "{\"instId\":\"" SWAP "\",\"tradeId\":\"1\",\"px\":\"5\",\"sz\":\"1\",\"side\":\"buy\",\"ts\":\"1\",\"count\":\"1\"}"), NULL, NULL},
    {"okx:public", "best", SWAP, OKX("bbo-tbt", SWAP, "{\"asks\":[[\"3\",\"4\",\"0\",\"1\"]],\"bids\":[[\"1\",\"2\",\"0\",\"1\"]],\"ts\":\"5\",\"seqId\":7}"), NULL, NULL},
    {"okx:public", "depth", SWAP, "{\"arg\":{\"channel\":\"books\",\"instId\":\"" SWAP "\"},\"action\":\"snapshot\",\"data\":[{\"asks\":[[\"3\",\"4\",\"0\",\"1\"]],\"bids\":[],\"ts\":\"5\",\"checksum\":0,\"seqId\":7,\"prevSeqId\":-1}]}", NULL, NULL},
    {"okx:public", "liquidations", "", "{\"arg\":{\"channel\":\"liquidation-orders\",\"instType\":\"SWAP\"},\"data\":[{\"details\":[{\"bkLoss\":\"0\",\"bkPx\":\"5\",\"ccy\":\"\",\"posSide\":\"long\",\"side\":\"sell\",\"sz\":\"1\",\"ts\":\"1\"}],\"instFamily\":\"BTC-USDT\",\"instId\":\"" SWAP "\",\"instType\":\"SWAP\",\"uly\":\"BTC-USDT\"}]}", NULL, NULL},
    {"okx:public", "marks", SWAP, OKX("mark-price", SWAP, "{\"instId\":\"" SWAP "\",\"instType\":\"SWAP\",\"markPx\":\"5\",\"ts\":\"1\"}"), NULL, NULL},
    {"okx:public", "fundings", SWAP, OKX("funding-rate", SWAP, "{\"fundingRate\":\"0.0001\",\"fundingTime\":\"9\",\"nextFundingTime\":\"18\",\"instId\":\"" SWAP "\",\"instType\":\"SWAP\",\"ts\":\"1\"}"), NULL, NULL},
    {"okx:public", "interests", SWAP, OKX("open-interest", SWAP, "{\"instId\":\"" SWAP "\",\"instType\":\"SWAP\",\"oi\":\"7\",\"oiCcy\":\"0.07\",\"oiUsd\":\"5\",\"ts\":\"1\"}"), NULL, NULL},
    {"okx:public", "candles", SWAP, NULL, NULL, "its candles are of the product business"},
    {"okx:business", "trades", SWAP, OKX("trades-all", SWAP, "{\"instId\":\"" SWAP "\",\"tradeId\":\"1\",\"px\":\"5\",\"sz\":\"1\",\"side\":\"buy\",\"ts\":\"1\"}"), NULL, NULL},
    {"okx:business", "best", SWAP, NULL, NULL, "of the product public"},
    {"okx:business", "depth", SWAP, NULL, NULL, "of the product public"},
    {"okx:business", "liquidations", "", NULL, NULL, "of the product public"},
    {"okx:business", "marks", SWAP, NULL, NULL, "of the product public"},
    {"okx:business", "fundings", SWAP, NULL, NULL, "of the product public"},
    {"okx:business", "interests", SWAP, NULL, NULL, "of the product public"},
    {"okx:business", "candles", SWAP, OKX("candle1m", SWAP, "[\"60000\",\"1\",\"3\",\"1\",\"2\",\"4\",\"8\",\"8\",\"0\"]"), NULL, NULL},
    {"hyperliquid:perp", "trades", "BTC", "{\"channel\":\"trades\",\"data\":[{\"coin\":\"BTC\",\"side\":\"A\",\"px\":\"5\",\"sz\":\"1\",\"time\":1,\"hash\":\"0x0\",\"tid\":1,\"users\":[\"0x1\",\"0x2\"]}]}", NULL, NULL},
    {"hyperliquid:perp", "best", "BTC", "{\"channel\":\"bbo\",\"data\":{\"coin\":\"BTC\",\"time\":1,\"bbo\":[{\"px\":\"1\",\"sz\":\"2\",\"n\":1},{\"px\":\"3\",\"sz\":\"4\",\"n\":1}]}}", NULL, NULL},
    {"hyperliquid:perp", "depth", "BTC", "{\"channel\":\"l2Book\",\"data\":{\"coin\":\"BTC\",\"time\":1,\"levels\":[[{\"px\":\"1\",\"sz\":\"2\",\"n\":1}],[]]}}", NULL, NULL},
    {"hyperliquid:perp", "liquidations", "BTC", "{\"channel\":\"user\",\"data\":{\"fills\":[{\"coin\":\"BTC\",\"px\":\"5\",\"sz\":\"1\",\"side\":\"A\",\"time\":1,\"crossed\":true,\"tid\":1,\"liquidation\":{\"liquidatedUser\":\"0x3\",\"markPx\":\"5\",\"method\":\"market\"}}]}}", NULL, NULL},
    {"hyperliquid:perp", "marks", "BTC", CTX, NULL, NULL},
    {"hyperliquid:perp", "fundings", "BTC", CTX, NULL, NULL},
    {"hyperliquid:perp", "interests", "BTC", CTX, NULL, NULL},
    {"hyperliquid:perp", "candles", "BTC", "{\"channel\":\"candle\",\"data\":{\"t\":60000,\"T\":119999,\"s\":\"BTC\",\"i\":\"1m\",\"o\":\"1\",\"c\":\"2\",\"h\":\"3\",\"l\":\"1\",\"v\":\"4\",\"n\":2}}", NULL, NULL},
    {"kucoin:futures", "trades", "XBTUSDTM", KUCOIN("/contractMarket/execution:XBTUSDTM", "match", "\"symbol\":\"XBTUSDTM\",\"sequence\":1,\"side\":\"buy\",\"size\":1,\"price\":\"5\",\"tradeId\":\"1\",\"ts\":1790113097236506001"), NULL, NULL},
    {"kucoin:futures", "best", "XBTUSDTM", KUCOIN("/contractMarket/tickerV2:XBTUSDTM", "tickerV2", "\"symbol\":\"XBTUSDTM\",\"sequence\":1,\"bestBidSize\":2,\"bestBidPrice\":\"1\",\"bestAskPrice\":\"3\",\"bestAskSize\":4,\"ts\":1731665526461000000"), NULL, NULL},
    {"kucoin:futures", "depth", "XBTUSDTM", KUCOIN("/contractMarket/level2:XBTUSDTM", "level2", "\"sequence\":7,\"change\":\"5,buy,1\",\"timestamp\":1731680249700"), NULL, NULL},
    {"kucoin:futures", "liquidations", "XBTUSDTM", NULL, NULL, "no public liquidations on any socket"},
    {"kucoin:futures", "marks", "XBTUSDTM", KUCOIN("/contract/instrument:XBTUSDTM", "mark.index.price", "\"markPrice\":90445.02,\"indexPrice\":90445.02,\"granularity\":1000,\"timestamp\":1731899129000"), NULL, NULL},
    {"kucoin:futures", "fundings", "XBTUSDTM", KUCOIN("/contract/instrument:XBTUSDTM", "funding.rate", "\"granularity\":60000,\"fundingRate\":0.000136,\"timestamp\":1731853200000"), NULL, NULL},
    {"kucoin:futures", "interests", "XBTUSDTM", "{\"code\":\"200000\",\"data\":{\"symbol\":\"XBTUSDTM\",\"type\":\"FFWCSX\",\"baseCurrency\":\"XBT\",\"quoteCurrency\":\"USDT\",\"settleCurrency\":\"USDT\",\"tickSize\":0.1,\"lotSize\":1,\"multiplier\":0.001,\"isInverse\":false,\"status\":\"Open\",\"openInterest\":\"7\",\"markPrice\":5}}", "/api/v1/contracts/XBTUSDTM", NULL},
    {"kucoin:futures", "candles", "XBTUSDTM", KUCOIN("/contractMarket/limitCandle:XBTUSDTM_1min", "candle.stick", "\"symbol\":\"XBTUSDTM\",\"candles\":[\"1731898200\",\"1\",\"2\",\"3\",\"1\",\"4\",\"4\"],\"time\":1731898208357"), NULL, NULL},
    {"kucoin:spot", "trades", "BTC-USDT", KUCOIN("/market/match:BTC-USDT", "trade.l3match", "\"price\":\"5\",\"sequence\":\"1\",\"side\":\"sell\",\"size\":\"1\",\"symbol\":\"BTC-USDT\",\"time\":\"1729843222921000000\",\"tradeId\":\"1\",\"type\":\"match\""), NULL, NULL},
    {"kucoin:spot", "best", "BTC-USDT", KUCOIN("/market/ticker:BTC-USDT", "trade.ticker", "\"bestAsk\":\"3\",\"bestAskSize\":\"4\",\"bestBid\":\"1\",\"bestBidSize\":\"2\",\"price\":\"1\",\"sequence\":\"7\",\"size\":\"1\",\"time\":1790984011673"), NULL, NULL},
    {"kucoin:spot", "depth", "BTC-USDT", KUCOIN("/market/level2:BTC-USDT", "trade.l2update", "\"changes\":{\"asks\":[[\"3\",\"4\",\"7\"]],\"bids\":[]},\"sequenceEnd\":7,\"sequenceStart\":7,\"symbol\":\"BTC-USDT\",\"time\":1729816425625"), NULL, NULL},
    {"kucoin:spot", "liquidations", "BTC-USDT", NULL, NULL, "nothing is borrowed against in public on spot"},
    {"kucoin:spot", "marks", "BTC-USDT", NULL, NULL, "spot has no mark"},
    {"kucoin:spot", "fundings", "BTC-USDT", NULL, NULL, "spot has no funding"},
    {"kucoin:spot", "interests", "BTC-USDT", NULL, NULL, "spot has no open interest"},
    {"kucoin:spot", "candles", "BTC-USDT", KUCOIN("/market/candles:BTC-USDT_1min", "trade.candles.update", "\"symbol\":\"BTC-USDT\",\"candles\":[\"1731898200\",\"1\",\"2\",\"3\",\"1\",\"4\",\"4\"],\"time\":1731898208357000000"), NULL, NULL},
    {"polymarket:clob", "trades", TOKEN, "{\"market\":\"0x1\", \"asset_id\":\"" TOKEN "\", \"price\":\"0.5\", \"size\":\"2\", \"fee_rate_bps\":\"0\", \"side\":\"BUY\", \"timestamp\":\"1757900000000\", \"event_type\":\"last_trade_price\"}", NULL, NULL},
    {"polymarket:clob", "best", TOKEN, "{\"market\":\"0x1\", \"asset_id\":\"" TOKEN "\", \"best_bid\":\"0.4\", \"best_ask\":\"0.6\", \"spread\":\"0.2\", \"timestamp\":\"1757900000000\", \"event_type\":\"best_bid_ask\"}", NULL, NULL},
    {"polymarket:clob", "depth", TOKEN, "{\"market\":\"0x1\", \"asset_id\":\"" TOKEN "\", \"timestamp\":\"1757900000000\", \"hash\":\"0123456789abcdef0123456789abcdef01234567\", \"bids\":[{\"price\":\"0.4\",\"size\":\"2\"}], \"asks\":[{\"price\":\"0.6\",\"size\":\"3\"}], \"event_type\":\"book\"}", NULL, NULL},
    {"polymarket:clob", "liquidations", TOKEN, NULL, NULL, "outcomes are paid for in full: there is no leverage"},
    {"polymarket:clob", "marks", TOKEN, NULL, NULL, "outcomes have no mark"},
    {"polymarket:clob", "fundings", TOKEN, NULL, NULL, "outcomes have no funding"},
    {"polymarket:clob", "interests", TOKEN, NULL, NULL, "the market channel does not tell open interest"},
    {"polymarket:clob", "candles", TOKEN, NULL, NULL, "no channel of candles"},
    {"polymarket:rtds", "trades", "", "{\"topic\":\"activity\",\"type\":\"trades\",\"timestamp\":1757900000000,\"payload\":{\"asset\":\"" TOKEN "\",\"side\":\"BUY\",\"price\":0.5,\"size\":2,\"timestamp\":1757900000}}", NULL, NULL},
    {"polymarket:rtds", "best", "btcusdt", NULL, NULL, "it tells prices, not quotes"},
    {"polymarket:rtds", "depth", "btcusdt", NULL, NULL, "it has no books"},
    {"polymarket:rtds", "liquidations", "btcusdt", NULL, NULL, "it has no positions"},
    {"polymarket:rtds", "marks", "btcusdt", "{\"topic\":\"crypto_prices\",\"type\":\"update\",\"timestamp\":1757900000001,\"payload\":{\"symbol\":\"btcusdt\",\"timestamp\":1757900000000,\"value\":5.5}}", NULL, NULL},
    {"polymarket:rtds", "fundings", "btcusdt", NULL, NULL, "it has no positions"},
    {"polymarket:rtds", "interests", "btcusdt", NULL, NULL, "it has no positions"},
    {"polymarket:rtds", "candles", "btcusdt", NULL, NULL, "no channel of candles"},
    {"mexc:futures", "trades", "BTC_USDT", MEXC("deal", "[{\"p\":5,\"v\":1,\"T\":1,\"O\":3,\"M\":2,\"t\":1,\"i\":\"1\",\"cts\":\"1\"}]"), NULL, NULL},
    {"mexc:futures", "best", "BTC_USDT", MEXC("depth.full", "{\"cts\":1,\"asks\":[[3,4,1]],\"bids\":[[1,2,1]],\"version\":7}"), NULL, NULL},
    {"mexc:futures", "depth", "BTC_USDT", MEXC("depth", "{\"cts\":1,\"asks\":[[3,4,1]],\"bids\":[],\"version\":7}"), NULL, NULL},
    {"mexc:futures", "liquidations", "BTC_USDT", NULL, NULL, "no public channel: only the account's own"},
    {"mexc:futures", "marks", "BTC_USDT", MEXC("fair.price", "{\"symbol\":\"BTC_USDT\",\"price\":5}"), NULL, NULL},
    {"mexc:futures", "fundings", "BTC_USDT", MEXC("funding.rate", "{\"symbol\":\"BTC_USDT\",\"rate\":0.0001,\"nextSettleTime\":9}"), NULL, NULL},
    {"mexc:futures", "interests", "BTC_USDT", MEXC("ticker", "{\"symbol\":\"BTC_USDT\",\"holdVol\":7,\"fairPrice\":5,\"timestamp\":1}"), NULL, NULL},
    {"mexc:futures", "candles", "BTC_USDT", MEXC("kline", "{\"symbol\":\"BTC_USDT\",\"interval\":\"Min1\",\"t\":60,\"o\":1,\"c\":2,\"h\":3,\"l\":1,\"a\":8,\"q\":4}"), NULL, NULL},
};
/* clang-format on */

static const struct cell *cell_of(const char *product, const char *channel)
{
    const struct cell *found = NULL;
    for (size_t i = 0; i < MR_COUNT_OF(cells); i++)
        if (strcmp(cells[i].product, product) == 0 && strcmp(cells[i].channel, channel) == 0) {
            assert_null(found); /* once */
            found = &cells[i];
        }
    return found;
}

/* What an event of the channel must be: prices without quotes are INDEX on the data socket. */
static bool fits(uint8_t kind, uint8_t wanted, const char *product)
{
    return kind == wanted ||
           (wanted == MR_EVENT_MARK && kind == MR_EVENT_INDEX && strcmp(product, "polymarket:rtds") == 0);
}

static void decodes(const struct cell *cell, uint8_t wanted)
{
    struct rig rig;
    rig_open(&rig, cell->product, 0, MR_KERNEL_SCALAR);
    if (cell->url && *cell->symbol) /* a list or a poll of an instrument that is followed */
        assert_true(mr_instruments_add_bare(rig.table, rig.dec.venue->id, rig.dec.product, mr_span_of(cell->symbol)) >=
                    0);
    int n = cell->url ? rig_rest(&rig, cell->url, (const uint8_t *)cell->message, strlen(cell->message))
                      : rig_decode(&rig, cell->message);
    bool found = false;
    for (int i = 0; i < n; i += (int)mr_event_slots(rig.out + i)) {
        const struct mr_instrument *it = mr_instruments_get(rig.table, rig.out[i].event.instrument);
        found |= fits(rig.out[i].event.kind, wanted, cell->product) && it &&
                 (!*cell->symbol || mr_span_is(mr_span_of(cell->symbol), it->symbol, it->symbol_len));
    }
    if (!found)
        fail_msg("%s %s: %s, %s", cell->product, cell->channel, n < 0 ? mr_status_name(n) : "no such event",
                 rig.dec.error_field ? rig.dec.error_field : "");
    rig_close(&rig);
}

/* Subscribed to, or polled. */
static bool asked_for(const struct mr_dialect *dialect, uint8_t product, const struct mr_stream *stream)
{
    char bytes[512], body[256];
    struct mr_text text, more;
    uint32_t at = 0, served = 0;
    mr_text_init(&text, bytes, sizeof bytes);
    mr_text_init(&more, body, sizeof body);
    const struct mr_product_dial *dial = &dialect->products[product];
    for (const struct mr_route *route = dial->routes; route && route->name; route++)
        served |= route->channels;
    if (stream->channel == MR_INTERESTS && dial->interest_s)
        return dialect->url(product, MR_URL_INTEREST, stream->symbol, &text, &more) == MR_OK;
    return (served & stream->channel) && dialect->subscribe(product, stream, 1, &at, 1, &text) == MR_OK && at == 1;
}

static void every_product_has_every_channel_or_says_why_not(void **state)
{
    (void)state;
    size_t seen = 0;
    for (uint8_t id = 1; id <= MR_VENUE_ID_MAX; id++) {
        const struct mr_venue *venue = mr_venue_by_id(id);
        for (uint8_t p = 0; venue && venue->products[p].name; p++)
            for (size_t c = 0; c < MR_COUNT_OF(channels); c++) {
                char product[64];
                snprintf(product, sizeof product, "%s:%s", venue->name, venue->products[p].name);
                const struct cell *cell = cell_of(product, channels[c].name);
                if (!cell)
                    fail_msg("%s %s: give it a row", product, channels[c].name);
                const struct mr_stream stream = {channels[c].channel, cell->symbol};
                bool offered = venue->products[p].channels & channels[c].channel;
                bool asked = asked_for(mr_dialect_of(venue), p, &stream);
                if (offered != !cell->why || asked != offered)
                    fail_msg("%s %s: offered %d, asked for %d, %s", product, channels[c].name, offered, asked,
                             cell->why ? cell->why : "has a message");
                if (offered)
                    decodes(cell, channels[c].kind);
                seen++;
            }
    }
    assert_int_equal(seen, MR_COUNT_OF(cells)); /* no row of a product that is not there */
}

/* ---- what lists say ---- */

/* clang-format off */
static const struct {
    const char *product, *url, *body, *symbol, *base, *quote;
    uint8_t type;
} listed[] = {
    {"binance:usdm", "/fapi/v1/exchangeInfo", "{\"symbols\":[{\"symbol\":\"BTCUSDT\",\"contractType\":\"PERPETUAL\",\"status\":\"TRADING\",\"baseAsset\":\"BTC\",\"quoteAsset\":\"USDT\",\"filters\":[{\"filterType\":\"PRICE_FILTER\",\"tickSize\":\"0.10\"},{\"filterType\":\"LOT_SIZE\",\"stepSize\":\"0.001\"}]},"
     "{\"symbol\":\"1000PEPEUSDT\",\"contractType\":\"PERPETUAL\",\"status\":\"TRADING\",\"baseAsset\":\"1000PEPE\",\"quoteAsset\":\"USDT\",\"filters\":[{\"filterType\":\"PRICE_FILTER\",\"tickSize\":\"0.1\"},{\"filterType\":\"LOT_SIZE\",\"stepSize\":\"1\"}]}]}", "BTCUSDT", "BTC", "USDT", MR_TYPE_PERPETUAL},
    {"binance:usdm", "=", NULL, "1000PEPEUSDT", "1000PEPE", "USDT", MR_TYPE_PERPETUAL},
    {"binance:spot", "/api/v3/exchangeInfo", "{\"symbols\":[{\"symbol\":\"BTCUSDT\",\"status\":\"TRADING\",\"baseAsset\":\"BTC\",\"quoteAsset\":\"USDT\",\"filters\":[{\"filterType\":\"PRICE_FILTER\",\"tickSize\":\"0.01\"},{\"filterType\":\"LOT_SIZE\",\"stepSize\":\"0.00001\"}]}]}", "BTCUSDT", "BTC", "USDT", MR_TYPE_SPOT},
    {"bybit:linear", "/v5/market/instruments-info?category=linear", "{\"retCode\":0,\"result\":{\"category\":\"linear\",\"list\":[{\"symbol\":\"BTCUSDT\",\"contractType\":\"LinearPerpetual\",\"status\":\"Trading\",\"baseCoin\":\"BTC\",\"quoteCoin\":\"USDT\",\"priceFilter\":{\"tickSize\":\"0.10\"},\"lotSizeFilter\":{\"qtyStep\":\"0.001\"}},"
     "{\"symbol\":\"SHIB1000USDT\",\"contractType\":\"LinearPerpetual\",\"status\":\"Trading\",\"baseCoin\":\"SHIB1000\",\"quoteCoin\":\"USDT\",\"priceFilter\":{\"tickSize\":\"0.1\"},\"lotSizeFilter\":{\"qtyStep\":\"1\"}}]}}", "BTCUSDT", "BTC", "USDT", MR_TYPE_PERPETUAL},
    {"bybit:linear", "=", NULL, "SHIB1000USDT", "1000SHIB", "USDT", MR_TYPE_PERPETUAL},
    {"bybit:spot", "/v5/market/instruments-info?category=spot", "{\"retCode\":0,\"result\":{\"category\":\"spot\",\"list\":[{\"symbol\":\"BTCUSDT\",\"status\":\"Trading\",\"baseCoin\":\"BTC\",\"quoteCoin\":\"USDT\",\"priceFilter\":{\"tickSize\":\"0.10\"},\"lotSizeFilter\":{\"basePrecision\":\"0.000001\"}}]}}", "BTCUSDT", "BTC", "USDT", MR_TYPE_SPOT},
    {"okx:public", "/api/v5/public/instruments?instType=SWAP", "{\"code\":\"0\",\"data\":[{\"instType\":\"SWAP\",\"instId\":\"BTC-USDT-SWAP\",\"uly\":\"BTC-USDT\",\"instFamily\":\"BTC-USDT\",\"baseCcy\":\"\",\"quoteCcy\":\"\",\"settleCcy\":\"USDT\",\"ctVal\":\"0.01\",\"ctMult\":\"1\",\"ctValCcy\":\"BTC\",\"ctType\":\"linear\",\"tickSz\":\"0.1\",\"lotSz\":\"0.01\",\"state\":\"live\"}]}", "BTC-USDT-SWAP", "BTC", "USDT", MR_TYPE_PERPETUAL},
    {"hyperliquid:perp", "/info", "{\"universe\":[{\"szDecimals\":5,\"name\":\"BTC\",\"maxLeverage\":40},{\"szDecimals\":0,\"name\":\"kPEPE\",\"maxLeverage\":10}]}", "BTC", "BTC", "USD", MR_TYPE_PERPETUAL},
    {"hyperliquid:perp", "=", NULL, "kPEPE", "1000PEPE", "USD", MR_TYPE_PERPETUAL},
    {"kucoin:futures", "/api/v1/contracts/active", "{\"code\":\"200000\",\"data\":[{\"symbol\":\"XBTUSDTM\",\"type\":\"FFWCSX\",\"baseCurrency\":\"XBT\",\"quoteCurrency\":\"USDT\",\"settleCurrency\":\"USDT\",\"tickSize\":0.1,\"lotSize\":1,\"multiplier\":0.001,\"isInverse\":false,\"status\":\"Open\"}]}", "XBTUSDTM", "BTC", "USDT", MR_TYPE_PERPETUAL},
    {"kucoin:spot", "/api/v2/symbols", "{\"code\":\"200000\",\"data\":[{\"symbol\":\"BTC-USDT\",\"baseCurrency\":\"BTC\",\"quoteCurrency\":\"USDT\",\"baseIncrement\":\"0.00000001\",\"priceIncrement\":\"0.1\",\"enableTrading\":true}]}", "BTC-USDT", "BTC", "USDT", MR_TYPE_SPOT},
    {"mexc:futures", "/api/v1/contract/detail", "{\"success\":true,\"code\":0,\"data\":[{\"symbol\":\"BTC_USDT\",\"baseCoin\":\"BTC\",\"quoteCoin\":\"USDT\",\"settleCoin\":\"USDT\",\"contractSize\":0.0001,\"priceUnit\":0.1,\"volUnit\":1,\"state\":0}]}", "BTC_USDT", "BTC", "USDT", MR_TYPE_PERPETUAL},
};
/* clang-format on */

static void one_underlying_has_one_base_quote_and_kind_wherever_it_is_listed(void **state)
{
    (void)state;
    struct rig rig;
    bool open = false;
    for (size_t i = 0; i < MR_COUNT_OF(listed); i++) {
        if (strcmp(listed[i].url, "=") != 0) { /* else of the list before */
            if (open)
                rig_close(&rig);
            rig_open(&rig, listed[i].product, 0, MR_KERNEL_SCALAR);
            open = true;
            int n = rig_rest(&rig, listed[i].url, (const uint8_t *)listed[i].body, strlen(listed[i].body));
            if (n < 0)
                fail_msg("%s: %s, %s", listed[i].product, mr_status_name(n),
                         rig.dec.error_field ? rig.dec.error_field : "");
        }
        const struct mr_instrument *it =
            mr_instruments_find(rig.table, rig.dec.venue->id, rig.dec.product, mr_span_of(listed[i].symbol));
        assert_non_null(it);
        if (strcmp(it->base, listed[i].base) != 0 || strcmp(it->quote, listed[i].quote) != 0 ||
            it->type != listed[i].type)
            fail_msg("%s %s: %s, %s, kind %d", listed[i].product, listed[i].symbol, it->base, it->quote, it->type);
        assert_true(it->flags & MR_INSTRUMENT_QUOTE_USD);
        assert_false(it->flags & MR_INSTRUMENT_NO_METADATA);
        /* and the spelling alone, before any list came, says the same of base and quote */
        struct rig bare;
        rig_open(&bare, listed[i].product, 0, MR_KERNEL_SCALAR);
        int64_t id =
            mr_instruments_add_bare(bare.table, bare.dec.venue->id, bare.dec.product, mr_span_of(listed[i].symbol));
        const struct mr_instrument *guess = mr_instruments_get(bare.table, (uint32_t)id);
        assert_string_equal(guess->base, it->base);
        assert_string_equal(guess->quote, it->quote);
        rig_close(&bare);
    }
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_product_has_every_channel_or_says_why_not),
        cmocka_unit_test(one_underlying_has_one_base_quote_and_kind_wherever_it_is_listed),
    };
    return MR_TEST_MAIN(tests);
}
