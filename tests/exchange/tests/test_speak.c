/* The venues' side of a dialogue, without sockets: where requests belong, acks and errors as the venues send them, limits and deadlines;
 * and that our own dialects (codecs/venue/dial.h) are understood and understand the answers. */
#include <stdio.h>

#include "codecs/venue/dial.h"
#include "tests/exchange/server/speak.h"
#include "tests/support/support.h"

#define SECOND 1000000000ll

/* ---- a host that remembers ---- */

struct desk {
    struct mr_talk talk;
    struct mr_talk_sub subs[MR_TALK_SUBS_MAX];
    char said[8192]; /* one message a line */
    char images[512];
    int64_t now_ns;
};

static void say(void *arg, const char *text, size_t len)
{
    struct desk *d = arg;
    size_t at = strlen(d->said);
    assert_true(at + len + 2 < sizeof d->said);
    memcpy(d->said + at, text, len);
    memcpy(d->said + at + len, "\n", 2);
}

static bool knows(void *arg, uint8_t venue, uint8_t product, struct mr_span symbol)
{
    static const struct {
        uint8_t venue;
        const char *symbol;
    } known[] = {
        {MR_VENUE_binance, "BTCUSDT"},   {MR_VENUE_bybit, "BTCUSDT"},   {MR_VENUE_bybit, "ETHUSDT"},
        {MR_VENUE_okx, "BTC-USDT-SWAP"}, {MR_VENUE_hyperliquid, "BTC"}, {MR_VENUE_mexc, "BTC_USDT"},
        {MR_VENUE_kucoin, "XBTUSDTM"},   {MR_VENUE_kucoin, "BTC-USDT"},
    };
    (void)arg;
    (void)product;
    for (size_t i = 0; i < MR_COUNT_OF(known); i++)
        if (known[i].venue == venue && mr_span_same(symbol, mr_span_of(known[i].symbol)))
            return true;
    return false;
}

static void image(void *arg, const struct mr_talk_sub *sub)
{
    struct desk *d = arg;
    strcat(strcat(d->images, sub->name), " ");
    assert_true(strstr(d->said, "\n") != NULL); /* the ack comes first */
}

static const struct mr_talk_host host = {say, knows, image};

static struct desk *open_desk(const char *host_name, const char *path)
{
    struct desk *d = calloc(1, sizeof *d);
    struct mr_talk_place place;
    struct mr_span left = mr_span_of(path);
    d->now_ns = 1700000000 * SECOND;
    assert_true(mr_talk_place(mr_span_of(host_name), &left, &place));
    assert_true(place.socket);
    mr_talk_open(&d->talk, &place, &host, d, d->subs, 7, d->now_ns);
    return d;
}

static void take(struct desk *d, const char *text)
{
    d->said[0] = d->images[0] = 0;
    mr_talk_take(&d->talk, mr_span_of(text), d->now_ns);
}

/* ---- where ---- */

static const struct {
    const char *says, *host, *path, *product;
    bool socket, wrapped;
    int route;
} places[] = {
    {"USD-M books", "fstream.binance.com", "/public/stream", "binance:usdm", true, true, MR_ROUTE_PUBLIC},
    {"USD-M the rest", "fstream.binance.com", "/market/ws", "binance:usdm", true, false, MR_ROUTE_MARKET},
    {"USD-M without a route serves the public streams", "fstream.binance.com", "/stream?streams=a", "binance:usdm",
     true, true, MR_ROUTE_PUBLIC},
    {"a port behind the host", "fstream.binance.com:8443", "/public/ws/btcusdt@depth", "binance:usdm", true, false,
     MR_ROUTE_PUBLIC},
    {"USD-M REST", "fapi.binance.com", "/fapi/v1/depth?symbol=BTCUSDT", "binance:usdm", false, false, MR_ROUTE_ALL},
    {"spot", "stream.binance.com", "/stream", "binance:spot", true, true, MR_ROUTE_ALL},
    {"spot, data only", "data-stream.binance.vision", "/ws", "binance:spot", true, false, MR_ROUTE_ALL},
    {"spot REST", "api.binance.com", "/api/v3/depth?symbol=BTCUSDT", "binance:spot", false, false, MR_ROUTE_ALL},
    {"Bybit linear", "stream.bybit.com", "/v5/public/linear", "bybit:linear", true, false, MR_ROUTE_ALL},
    {"Bybit spot", "stream.bybit.com", "/v5/public/spot", "bybit:spot", true, false, MR_ROUTE_ALL},
    {"Bybit REST of spot", "api.bybit.com", "/v5/market/orderbook?category=spot&symbol=X", "bybit:spot", false, false,
     MR_ROUTE_ALL},
    {"OKX public", "ws.okx.com", "/ws/v5/public", "okx:public", true, false, MR_ROUTE_PUBLIC},
    {"OKX business", "ws.okx.com", "/ws/v5/business", "okx:business", true, false, MR_ROUTE_BUSINESS},
    {"OKX REST", "www.okx.com", "/api/v5/public/instruments?instType=SWAP", "okx:public", false, false,
     MR_ROUTE_PUBLIC},
    {"Hyperliquid", "api.hyperliquid.xyz", "/ws", "hyperliquid:perp", true, false, MR_ROUTE_ALL},
    {"Hyperliquid REST", "api.hyperliquid.xyz", "/info", "hyperliquid:perp", false, false, MR_ROUTE_ALL},
    {"KuCoin futures", "ws-api-futures.kucoin.com", "/?token=x&connectId=1", "kucoin:futures", true, false,
     MR_ROUTE_ALL},
    {"KuCoin spot", "ws-api-spot.kucoin.com", "/?token=x", "kucoin:spot", true, false, MR_ROUTE_ALL},
    {"KuCoin spot without a token", "x-push-spot.kucoin.com", "/", "kucoin:spot", true, false, MR_ROUTE_PUBLIC},
    {"KuCoin REST", "api.kucoin.com", "/api/v2/symbols", "kucoin:spot", false, false, MR_ROUTE_ALL},
    {"by the path alone: KuCoin", "127.0.0.1", "/api/v1/contracts/active", "kucoin:futures", false, false,
     MR_ROUTE_ALL},
    {"MEXC", "contract.mexc.com", "/edge", "mexc:futures", true, false, MR_ROUTE_ALL},
    {"MEXC REST", "api.mexc.com", "/api/v1/contract/depth/BTC_USDT", "mexc:futures", false, false, MR_ROUTE_ALL},
    {"MEXC: the REST host has no socket", "api.mexc.com", "/edge", "mexc:futures", false, false, MR_ROUTE_ALL},
    {"by the path alone: MEXC", "127.0.0.1", "/edge", "mexc:futures", true, false, MR_ROUTE_ALL},
    {"Polymarket's market channel", "ws-subscriptions-clob.polymarket.com", "/ws/market", "polymarket:clob", true,
     false, MR_ROUTE_ALL},
    {"Polymarket: the bare path is none", "ws-subscriptions-clob.polymarket.com", "/ws/", "polymarket:clob", false,
     false, MR_ROUTE_ALL},
    {"Polymarket's data", "ws-live-data.polymarket.com", "/", "polymarket:rtds", true, false, MR_ROUTE_ALL},
    {"Polymarket REST", "clob.polymarket.com", "/book?token_id=1", "polymarket:clob", false, false, MR_ROUTE_ALL},
    {"by the path alone: Polymarket", "localhost", "/ws/market", "polymarket:clob", true, false, MR_ROUTE_ALL},
    {"by prefix: Polymarket's data", "localhost", "/polymarket/rtds/", "polymarket:rtds", true, false, MR_ROUTE_ALL},
    {"by the path alone: USD-M", "127.0.0.1", "/market/stream", "binance:usdm", true, true, MR_ROUTE_MARKET},
    {"by the path alone: spot", "localhost", "/stream", "binance:spot", true, true, MR_ROUTE_ALL},
    {"by the path alone: OKX", "127.0.0.1:1", "/ws/v5/public", "okx:public", true, false, MR_ROUTE_PUBLIC},
    {"by the path alone: Hyperliquid", "", "/ws", "hyperliquid:perp", true, false, MR_ROUTE_ALL},
    {"by the path alone: REST", "localhost", "/v5/market/time", "bybit:linear", false, false, MR_ROUTE_ALL},
    {"by prefix", "localhost", "/binance/spot/ws", "binance:spot", true, false, MR_ROUTE_ALL},
    {"by prefix, with a route", "localhost", "/binance/usdm/market/stream", "binance:usdm", true, true,
     MR_ROUTE_MARKET},
    {"by prefix, REST", "localhost", "/hyperliquid/perp/info", "hyperliquid:perp", false, false, MR_ROUTE_ALL},
    {"nobody's path", "localhost", "/nothing", NULL, false, false, 0},
    {"nobody's host", "example.org", "/", NULL, false, false, 0},
    {"a prefix and nothing behind it", "localhost", "/binance/usdm", NULL, false, false, 0},
    {"an empty path", "localhost", "", NULL, false, false, 0},
    {"a socket's path that is not one of the venue's is no socket", "stream.bybit.com", "/v5/private", "bybit:linear",
     false, false, MR_ROUTE_ALL},
};

static void host_and_path_say_which_product_a_request_is_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(places); i++) {
        struct mr_talk_place p;
        struct mr_span path = mr_span_of(places[i].path);
        char name[64] = "";
        bool found = mr_talk_place(mr_span_of(places[i].host), &path, &p);
        if (found)
            snprintf(name, sizeof name, "%s:%s", mr_venue_by_id(p.venue)->name,
                     mr_venue_by_id(p.venue)->products[p.product].name);
        if (found != (places[i].product != NULL) ||
            (found && (strcmp(name, places[i].product) || p.socket != places[i].socket)))
            print_error("%s\n", places[i].says);
        assert_int_equal(found, places[i].product != NULL);
        if (!found)
            continue;
        assert_string_equal(name, places[i].product);
        assert_int_equal(p.socket, places[i].socket);
        assert_int_equal(p.wrapped, places[i].wrapped);
        if (p.socket)
            assert_int_equal(p.route, places[i].route);
    }
}

/* ---- dialogues ---- */

struct turn {
    const char *client, *said, *images;
};
static const struct dialogue {
    const char *says, *host, *path;
    struct turn turns[8];
} dialogues[] = {
    {"Binance acks, lists, and forgets",
     "fstream.binance.com",
     "/public/ws",
     {{"{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@depth\"],\"id\":1}", "{\"result\":null,\"id\":1}\n", ""},
      {"{\"method\":\"LIST_SUBSCRIPTIONS\",\"id\":\"a\"}", "{\"result\":[\"btcusdt@depth\"],\"id\":\"a\"}\n", ""},
      {"{\"method\":\"UNSUBSCRIBE\",\"params\":[\"btcusdt@depth\"],\"id\":2}", "{\"result\":null,\"id\":2}\n", ""},
      {"{\"method\":\"LIST_SUBSCRIPTIONS\",\"id\":3}", "{\"result\":[],\"id\":3}\n", ""}}},
    {"Binance acks what it will never serve",
     "fstream.binance.com",
     "/market/stream",
     {{"{\"method\":\"SUBSCRIBE\",\"params\":[\"nopeusdt@aggTrade\",\"btcusdt@depth\",\"what\"],\"id\":1}",
       "{\"result\":null,\"id\":1}\n", ""}}},
    {"Binance says what it does not understand",
     "stream.binance.com",
     "/ws",
     {{"nonsense", "{\"code\":3,\"msg\":\"Invalid request: invalid JSON: expected value at line 1 column 1\"}\n", ""},
      {"{\"method\":\"SUBSCRIBE\",\"params\":\"btcusdt@depth\",\"id\":1}",
       "{\"code\":2,\"msg\":\"Invalid request: params must be an array of stream names\",\"id\":1}\n", ""},
      {"{\"method\":\"SUBSCRIBE\",\"params\":[1],\"id\":1}",
       "{\"code\":2,\"msg\":\"Invalid request: params must be an array of stream names\",\"id\":1}\n", ""},
      {"{\"method\":\"SET_PROPERTY\",\"params\":[\"x\",true],\"id\":5}",
       "{\"code\":0,\"msg\":\"Invalid request: unknown property\",\"id\":5}\n", ""},
      {"{\"method\":\"SET_PROPERTY\",\"params\":[\"combined\",true],\"id\":6}", "{\"result\":null,\"id\":6}\n", ""}}},
    {"Bybit: images behind the ack, pongs, errors that name the topic",
     "stream.bybit.com",
     "/v5/public/linear",
     {{"{\"req_id\":\"s\",\"op\":\"subscribe\",\"args\":[\"orderbook.200.BTCUSDT\",\"publicTrade.ETHUSDT\",\"tickers."
       "BTCUSDT\"]}",
       "{\"success\":true,\"ret_msg\":\"\",\"conn_id\":\"d9tcajmgcca9r5l6sugg-00007\",\"req_id\":\"s\",\"op\":"
       "\"subscribe\"}\n",
       "orderbook.200.BTCUSDT tickers.BTCUSDT "},
      {"{\"op\":\"ping\"}",
       "{\"success\":true,\"ret_msg\":\"pong\",\"conn_id\":\"d9tcajmgcca9r5l6sugg-00007\",\"op\":\"ping\"}\n", ""},
      {"{\"op\":\"subscribe\",\"args\":[\"publicTrade.BTCUSDT\",\"orderbook.50.NOPE\"],\"req_id\":\"t\"}",
       "{\"success\":false,\"ret_msg\":\"error:handler not "
       "found,topic:orderbook.50.NOPE\",\"conn_id\":\"d9tcajmgcca9r5l6sugg-00007\",\"req_id\":\"t\",\"op\":"
       "\"subscribe\"}\n",
       ""},
      {"{\"op\":\"subscribe\",\"args\":[\"tickers.BTCUSDT\"]}",
       "{\"success\":false,\"ret_msg\":\"error:already "
       "subscribed,topic:tickers.BTCUSDT\",\"conn_id\":\"d9tcajmgcca9r5l6sugg-00007\",\"op\":\"subscribe\"}\n",
       ""},
      {"{\"op\":\"subscribe\",\"args\":[\"liquidation.BTCUSDT\"]}",
       "{\"success\":false,\"ret_msg\":\"error:handler not "
       "found,topic:liquidation.BTCUSDT\",\"conn_id\":\"d9tcajmgcca9r5l6sugg-00007\",\"op\":\"subscribe\"}\n",
       ""},
      {"{\"op\":\"unsubscribe\",\"args\":[\"orderbook.200.BTCUSDT\"],\"req_id\":\"u\"}",
       "{\"success\":true,\"ret_msg\":\"\",\"conn_id\":\"d9tcajmgcca9r5l6sugg-00007\",\"req_id\":\"u\",\"op\":"
       "\"unsubscribe\"}\n",
       ""},
      {"{\"op\":\"subscribe\",\"args\":[\"orderbook.200.BTCUSDT\"]}",
       "{\"success\":true,\"ret_msg\":\"\",\"conn_id\":\"d9tcajmgcca9r5l6sugg-00007\",\"op\":\"subscribe\"}\n",
       "orderbook.200.BTCUSDT "}}},
    {"Bybit spot takes ten topics, and has no liquidations",
     "stream.bybit.com",
     "/v5/public/spot",
     {{"{\"op\":\"subscribe\",\"args\":[\"allLiquidation.BTCUSDT\"]}",
       "{\"success\":false,\"ret_msg\":\"error:handler not "
       "found,topic:allLiquidation.BTCUSDT\",\"conn_id\":\"d9tcajmgcca9r5l6sugg-00007\",\"op\":\"subscribe\"}\n",
       ""},
      {"{\"op\":\"subscribe\",\"args\":[]}",
       "{\"success\":false,\"ret_msg\":\"error:request args is "
       "empty\",\"conn_id\":\"d9tcajmgcca9r5l6sugg-00007\",\"op\":\"subscribe\"}\n",
       ""},
      {"{\"op\":\"dance\"}",
       "{\"success\":false,\"ret_msg\":\"error:unknown "
       "op:dance\",\"conn_id\":\"d9tcajmgcca9r5l6sugg-00007\",\"op\":\"\"}\n",
       ""}}},
    {"OKX: an answer for each arg, bare pongs",
     "ws.okx.com",
     "/ws/v5/public",
     {{"ping", "pong\n", ""},
      {"{\"id\":\"1512\",\"op\":\"subscribe\",\"args\":[{\"channel\":\"books\",\"instId\":\"BTC-USDT-SWAP\"},{"
       "\"channel\":\"trades\",\"instId\":\"NOPE\"}]}",
       "{\"id\":\"1512\",\"event\":\"subscribe\",\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USDT-SWAP\"},"
       "\"connId\":\"a4d30007\"}\n"
       "{\"id\":\"1512\",\"event\":\"error\",\"code\":\"60018\",\"msg\":\"Wrong URL or channel:trades,instId:NOPE "
       "doesn't exist. Please use the correct URL, channel and parameters "
       "referring to API document.\",\"connId\":\"a4d30007\"}\n",
       "books:BTC-USDT-SWAP "},
      {"{\"op\":\"subscribe\",\"args\":[{\"channel\":\"books\",\"instId\":\"BTC-USDT-SWAP\"}]}",
       "{\"event\":\"subscribe\",\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USDT-SWAP\"},\"connId\":\"a4d30007\"}"
       "\n",
       ""},
      {"{\"op\":\"subscribe\",\"args\":[{\"channel\":\"liquidation-orders\",\"instType\":\"SWAP\",\"instId\":\"BTC-"
       "USDT-SWAP\"}]}",
       "{\"event\":\"subscribe\",\"arg\":{\"channel\":\"liquidation-orders\",\"instType\":\"SWAP\"},\"connId\":"
       "\"a4d30007\"}\n",
       ""},
      {"{\"op\":\"unsubscribe\",\"args\":[{\"channel\":\"books\",\"instId\":\"BTC-USDT-SWAP\"}]}",
       "{\"event\":\"unsubscribe\",\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USDT-SWAP\"},\"connId\":"
       "\"a4d30007\"}\n",
       ""},
      {"nonsense",
       "{\"event\":\"error\",\"code\":\"60012\",\"msg\":\"Invalid request: not a JSON "
       "object\",\"connId\":\"a4d30007\"}\n",
       ""},
      {"{\"op\":\"subscribe\",\"args\":[5]}",
       "{\"event\":\"error\",\"code\":\"60013\",\"msg\":\"Invalid args\",\"connId\":\"a4d30007\"}\n", ""},
      {"{\"op\":\"dance\",\"args\":[]}",
       "{\"event\":\"error\",\"code\":\"60012\",\"msg\":\"Invalid request: unknown op "
       "dance\",\"connId\":\"a4d30007\"}\n",
       ""}}},
    {"OKX: candles are of the business route alone",
     "ws.okx.com",
     "/ws/v5/business",
     {{"{\"op\":\"subscribe\",\"args\":[{\"channel\":\"candle1m\",\"instId\":\"BTC-USDT-SWAP\"}]}",
       "{\"event\":\"subscribe\",\"arg\":{\"channel\":\"candle1m\",\"instId\":\"BTC-USDT-SWAP\"},\"connId\":"
       "\"a4d30007\"}\n",
       ""},
      {"{\"op\":\"subscribe\",\"args\":[{\"channel\":\"books\",\"instId\":\"BTC-USDT-SWAP\"}]}",
       "{\"event\":\"error\",\"code\":\"60018\",\"msg\":\"Wrong URL or channel:books,instId:BTC-USDT-SWAP doesn't "
       "exist. Please use the correct URL, channel and parameters referring "
       "to API document.\",\"connId\":\"a4d30007\"}\n",
       ""}}},
    {"KuCoin without a token: welcome, one symbol a request, an image behind the ack",
     "x-push-spot.kucoin.com",
     "/",
     {{"{\"id\":\"1\",\"action\":\"SUBSCRIBE\",\"channel\":\"obu\",\"tradeType\":\"SPOT\",\"symbol\":\"BTC-USDT\","
       "\"depth\":\"increment@10ms\"}",
       "{\"id\":\"1\",\"result\":true}\n", "obu:BTC-USDT "},
      {"{\"id\":\"2\",\"action\":\"SUBSCRIBE\",\"channel\":\"obu\",\"tradeType\":\"SPOT\",\"symbol\":\"BTC-USDT\","
       "\"depth\":\"increment@10ms\"}",
       "{\"id\":\"2\",\"result\":true}\n", ""},
      {"{\"id\":\"3\",\"action\":\"SUBSCRIBE\",\"channel\":\"obu\",\"tradeType\":\"SPOT\",\"symbol\":\"NOPE\","
       "\"depth\":\"increment@10ms\"}",
       "{\"id\":\"3\",\"result\":false,\"message\":\"invalid request data\"}\n", ""},
      {"{\"id\":\"4\",\"type\":\"ping\"}", "{\"id\":\"4\",\"type\":\"pong\",\"ts\":1700000000000000000}\n", ""},
      {"{\"id\":\"5\",\"action\":\"UNSUBSCRIBE\",\"channel\":\"obu\",\"tradeType\":\"SPOT\",\"symbol\":\"BTC-USDT\","
       "\"depth\":\"increment@10ms\"}",
       "{\"id\":\"5\",\"result\":true}\n", ""},
      {"[1", "{\"id\":\"\",\"type\":\"error\",\"code\":400,\"data\":\"request is invalid\"}\n", ""}}},
    {"MEXC: acks name the channel, errors the contract; what it does not know it does not answer",
     "contract.mexc.com",
     "/edge",
     {{"{\"method\":\"ping\"}", "{\"channel\":\"pong\",\"data\":1700000000000,\"ts\":1700000000000}\n", ""},
      {"{\"method\":\"sub.depth.full\",\"param\":{\"symbol\":\"BTC_USDT\",\"limit\":5},\"gzip\":false}",
       "{\"channel\":\"rs.sub.depth.full\",\"data\":\"success\",\"ts\":1700000000000}\n", "depth.full BTC_USDT "},
      {"{\"method\":\"sub.depth.full\",\"param\":{\"symbol\":\"BTC_USDT\",\"limit\":5},\"gzip\":false}",
       "{\"channel\":\"rs.sub.depth.full\",\"data\":\"success\",\"ts\":1700000000000}\n", ""},
      {"{\"method\":\"sub.deal\",\"param\":{\"symbol\":\"NOPE_USDT\"}}",
       "{\"channel\":\"rs.error\",\"data\":\"Contract [NOPE_USDT] not exists\",\"ts\":1700000000000}\n", ""},
      {"{\"method\":\"sub.kline\",\"param\":{\"symbol\":\"BTC_USDT\"}}",
       "{\"channel\":\"rs.error\",\"data\":\"Parameter error\",\"ts\":1700000000000}\n", ""},
      {"{\"method\":\"unsub.depth.full\",\"param\":{\"symbol\":\"BTC_USDT\"}}",
       "{\"channel\":\"rs.unsub.depth.full\",\"data\":\"success\",\"ts\":1700000000000}\n", ""},
      {"{\"method\":\"sub.dreams\",\"param\":{\"symbol\":\"BTC_USDT\"}}", "", ""},
      {"[1", "", ""}}},
    {"Hyperliquid: defaults in the ack, twice is an error",
     "api.hyperliquid.xyz",
     "/ws",
     {{"{\"method\":\"ping\"}", "{\"channel\":\"pong\"}\n", ""},
      {"{\"method\":\"subscribe\",\"subscription\":{\"type\":\"l2Book\",\"coin\":\"BTC\"}}",
       "{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":\"subscribe\",\"subscription\":{\"type\":\"l2Book\","
       "\"coin\":\"BTC\",\"nSigFigs\":null,\"mantissa\":null,\"fast\":false}}}\n",
       "l2Book:BTC "},
      {"{\"method\":\"subscribe\",\"subscription\":{\"type\":\"l2Book\",\"coin\":\"BTC\"}}",
       "{\"channel\":\"error\",\"data\":\"Already subscribed: "
       "{\\\"type\\\":\\\"l2Book\\\",\\\"coin\\\":\\\"BTC\\\"}\"}\n",
       ""},
      {"{\"method\":\"unsubscribe\",\"subscription\":{\"type\":\"l2Book\",\"coin\":\"BTC\"}}",
       "{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":\"unsubscribe\",\"subscription\":{\"type\":"
       "\"l2Book\",\"coin\":\"BTC\",\"nSigFigs\":null,\"mantissa\":null,\"fast\":false}}}\n",
       ""},
      {"{\"method\":\"unsubscribe\",\"subscription\":{\"type\":\"l2Book\",\"coin\":\"BTC\"}}",
       "{\"channel\":\"error\",\"data\":\"Already unsubscribed: "
       "{\\\"type\\\":\\\"l2Book\\\",\\\"coin\\\":\\\"BTC\\\"}\"}\n",
       ""},
      {"[1", "{\"channel\":\"error\",\"data\":\"Error parsing JSON into valid websocket request: [1\"}\n", ""},
      {"{\"method\":\"subscribe\",\"subscription\":{\"type\":\"dreams\",\"coin\":\"BTC\"}}",
       "{\"channel\":\"error\",\"data\":\"Error parsing JSON into valid websocket request: "
       "{\\\"method\\\":\\\"subscribe\\\",\\\"subscription\\\":{\\\"type\\\":\\\"dreams\\\",\\\"coin\\\":\\\"BTC\\\"}}"
       "\"}\n",
       ""}}},
};

static void each_venue_answers_as_it_does_on_the_wire(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(dialogues); i++) {
        struct desk *d = open_desk(dialogues[i].host, dialogues[i].path);
        for (const struct turn *t = dialogues[i].turns; t < dialogues[i].turns + 8 && t->client; t++) {
            take(d, t->client);
            if (strcmp(d->said, t->said) || strcmp(d->images, t->images))
                print_error("%s: to %s\n", dialogues[i].says, t->client);
            assert_string_equal(d->said, t->said);
            assert_string_equal(d->images, t->images);
            assert_int_equal(d->talk.close_code, 0);
        }
        free(d);
    }
}

/* ---- messages find their subscriptions ---- */

static const struct {
    const char *says, *host, *path, *subscribe, *message, *wants;
} letters[] = {
    {"another speed of the same depth", "fstream.binance.com", "/public/stream",
     "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@depth@500ms\"],\"id\":1}",
     "{\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"s\":\"BTCUSDT\"}}", "btcusdt@depth@500ms"},
    {"books on the market route stay silent", "fstream.binance.com", "/market/stream",
     "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@depth\"],\"id\":1}",
     "{\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"s\":\"BTCUSDT\"}}", NULL},
    {"another symbol", "fstream.binance.com", "/public/stream",
     "{\"method\":\"SUBSCRIBE\",\"params\":[\"ethusdt@depth\"],\"id\":1}",
     "{\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"s\":\"BTCUSDT\"}}", NULL},
    {"liquidations of all", "fstream.binance.com", "/market/ws",
     "{\"method\":\"SUBSCRIBE\",\"params\":[\"!forceOrder@arr\"],\"id\":1}",
     "{\"stream\":\"!forceOrder@arr\",\"data\":{\"e\":\"forceOrder\",\"o\":{\"s\":\"BTCUSDT\"}}}", "!forceOrder@arr"},
    {"liquidations of one", "fstream.binance.com", "/market/ws",
     "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@forceOrder\"],\"id\":1}",
     "{\"stream\":\"!forceOrder@arr\",\"data\":{\"e\":\"forceOrder\",\"o\":{\"s\":\"BTCUSDT\"}}}",
     "btcusdt@forceOrder"},
    {"a recording without wrappers: depth", "stream.binance.com", "/ws",
     "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@depth\"],\"id\":1}",
     "{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"BTCUSDT\",\"U\":1,\"u\":2,\"b\":[],\"a\":[]}", "btcusdt@depth"},
    {"a recording without wrappers: spot's best", "stream.binance.com", "/ws",
     "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@bookTicker\"],\"id\":1}",
     "{\"u\":400900217,\"s\":\"BTCUSDT\",\"b\":\"1\",\"B\":\"1\",\"a\":\"2\",\"A\":\"1\"}", "btcusdt@bookTicker"},
    {"acks of a recording are nobody's", "stream.binance.com", "/ws",
     "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@depth\"],\"id\":1}", "{\"result\":null,\"id\":1}", NULL},
    {"Bybit: another depth", "stream.bybit.com", "/v5/public/linear",
     "{\"op\":\"subscribe\",\"args\":[\"orderbook.50.BTCUSDT\"]}",
     "{\"topic\":\"orderbook.200.BTCUSDT\",\"type\":\"delta\",\"data\":{}}", "orderbook.50.BTCUSDT"},
    {"Bybit: the best is another topic", "stream.bybit.com", "/v5/public/linear",
     "{\"op\":\"subscribe\",\"args\":[\"orderbook.1.BTCUSDT\"]}",
     "{\"topic\":\"orderbook.200.BTCUSDT\",\"type\":\"delta\",\"data\":{}}", NULL},
    {"OKX", "ws.okx.com", "/ws/v5/public",
     "{\"op\":\"subscribe\",\"args\":[{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"}]}",
     "{\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"},\"data\":[{}]}", "trades:BTC-USDT-SWAP"},
    {"OKX: another channel", "ws.okx.com", "/ws/v5/public",
     "{\"op\":\"subscribe\",\"args\":[{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"}]}",
     "{\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USDT-SWAP\"},\"data\":[{}]}", NULL},
    {"OKX liquidations", "ws.okx.com", "/ws/v5/public",
     "{\"op\":\"subscribe\",\"args\":[{\"channel\":\"liquidation-orders\",\"instType\":\"SWAP\"}]}",
     "{\"arg\":{\"channel\":\"liquidation-orders\",\"instType\":\"SWAP\"},\"data\":[{}]}", "liquidation-orders:SWAP"},
    {"Hyperliquid trades", "api.hyperliquid.xyz", "/ws",
     "{\"method\":\"subscribe\",\"subscription\":{\"type\":\"trades\",\"coin\":\"BTC\"}}",
     "{\"channel\":\"trades\",\"data\":[{\"coin\":\"BTC\"}]}", "trades:BTC"},
    {"Hyperliquid: another coin", "api.hyperliquid.xyz", "/ws",
     "{\"method\":\"subscribe\",\"subscription\":{\"type\":\"trades\",\"coin\":\"BTC\"}}",
     "{\"channel\":\"trades\",\"data\":[{\"coin\":\"ETH\"}]}", NULL},
    {"MEXC", "contract.mexc.com", "/edge", "{\"method\":\"sub.depth\",\"param\":{\"symbol\":\"BTC_USDT\"}}",
     "{\"symbol\":\"BTC_USDT\",\"data\":{},\"channel\":\"push.depth\",\"ts\":1}", "depth BTC_USDT"},
    {"MEXC: the whole top is another channel", "contract.mexc.com", "/edge",
     "{\"method\":\"sub.depth\",\"param\":{\"symbol\":\"BTC_USDT\"}}",
     "{\"symbol\":\"BTC_USDT\",\"data\":{},\"channel\":\"push.depth.full\",\"ts\":1}", NULL},
    {"MEXC: acks of a recording are nobody's", "contract.mexc.com", "/edge",
     "{\"method\":\"sub.deal\",\"param\":{\"symbol\":\"BTC_USDT\"}}",
     "{\"channel\":\"rs.sub.deal\",\"data\":\"success\",\"ts\":1}", NULL},
    {"half a message is nobody's", "api.hyperliquid.xyz", "/ws",
     "{\"method\":\"subscribe\",\"subscription\":{\"type\":\"trades\",\"coin\":\"BTC\"}}",
     "{\"channel\":\"trades\",\"data\":[{\"coin\":\"BT", NULL},
};

static void a_message_reaches_who_subscribed_to_it_and_nobody_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(letters); i++) {
        struct desk *d = open_desk(letters[i].host, letters[i].path);
        take(d, letters[i].subscribe);
        struct mr_letter l = {.data = (const uint8_t *)letters[i].message,
                              .len = (uint32_t)strlen(letters[i].message),
                              .venue = d->talk.place.venue,
                              .product = d->talk.place.product};
        const struct mr_talk_sub *sub = d->talk.speaker->address(&l) ? mr_talk_find(&d->talk, &l) : NULL;
        if (!sub != !letters[i].wants)
            print_error("%s\n", letters[i].says);
        assert_int_equal(!sub, !letters[i].wants);
        if (sub)
            assert_string_equal(sub->name, letters[i].wants);
        free(d);
    }
}

/* ---- rules ---- */

static void streams_in_the_path_are_subscribed_at_once(void **state)
{
    (void)state;
    struct desk *d = open_desk("stream.binance.com", "/stream?streams=btcusdt@trade/btcusdt@depth@100ms");
    assert_int_equal(d->talk.sub_count, 2);
    assert_string_equal(d->subs[1].name, "btcusdt@depth@100ms");
    assert_string_equal(d->said, "");
    free(d);
}

static void too_many_messages_a_second_end_the_connection(void **state)
{
    (void)state;
    static const struct {
        const char *host, *path;
        int allowed;
    } rules[] = {{"stream.binance.com", "/ws", 5}, {"fstream.binance.com", "/public/ws", 10}};
    for (size_t i = 0; i < MR_COUNT_OF(rules); i++) {
        struct desk *d = open_desk(rules[i].host, rules[i].path);
        for (int second = 0; second < 3; second++, d->now_ns += SECOND)
            for (int n = 0; n < rules[i].allowed; n++)
                take(d, "{\"method\":\"LIST_SUBSCRIPTIONS\",\"id\":3}");
        assert_int_equal(d->talk.close_code, 0);
        d->now_ns -= SECOND / 2;                    /* within the last second */
        mr_talk_control(&d->talk, true, d->now_ns); /* pongs count */
        assert_int_equal(d->talk.close_code, 1008);
        free(d);
    }
}

static void an_unanswered_ping_ends_the_connection(void **state)
{
    (void)state;
    struct desk *d = open_desk("stream.binance.com", "/ws");
    assert_false(mr_talk_tick(&d->talk, d->now_ns + 19 * SECOND));
    assert_true(mr_talk_tick(&d->talk, d->now_ns + 20 * SECOND));
    mr_talk_control(&d->talk, true, d->now_ns + 30 * SECOND);
    assert_true(mr_talk_tick(&d->talk, d->now_ns + 40 * SECOND));
    mr_talk_tick(&d->talk, d->now_ns + 99 * SECOND);
    assert_int_equal(d->talk.close_code, 0);
    mr_talk_tick(&d->talk, d->now_ns + 100 * SECOND);
    assert_int_equal(d->talk.close_code, 1008);
    free(d);
}

static void a_venue_that_has_nothing_to_say_goes(void **state)
{
    (void)state;
    static const struct {
        const char *host, *path;
        int64_t after_s;
    } rules[] = {{"ws.okx.com", "/ws/v5/public", 30}, {"api.hyperliquid.xyz", "/ws", 60}};
    for (size_t i = 0; i < MR_COUNT_OF(rules); i++) {
        struct desk *d = open_desk(rules[i].host, rules[i].path);
        mr_talk_tick(&d->talk, d->now_ns + rules[i].after_s * SECOND - 1);
        assert_int_equal(d->talk.close_code, 0);
        mr_talk_tick(&d->talk, d->now_ns + rules[i].after_s * SECOND);
        assert_int_equal(d->talk.close_code, MR_TALK_CUT);
        free(d);
    }
}

/* Classic sockets: a token of the product, made within a day. */
static void kucoins_tokens_are_of_a_product_and_of_a_day(void **state)
{
    static const struct {
        const char *host, *product;
        int64_t age_s;
        const char *query, *said;
    } cases[] = {
        {"ws-api-futures.kucoin.com", "futures", 5, NULL, "\"type\":\"welcome\""},
        {"ws-api-spot.kucoin.com", "spot", 86000, NULL, "\"type\":\"welcome\""},
        {"ws-api-spot.kucoin.com", "futures", 5, NULL, "token is invalid"},
        {"ws-api-futures.kucoin.com", "futures", 86401, NULL, "token is expired"},
        {"ws-api-futures.kucoin.com", "futures", 5, "", "token is missing"},
        {"ws-api-futures.kucoin.com", "futures", 5, "?connectId=4", "token is missing"},
        {"ws-api-futures.kucoin.com", "futures", 5, "?token=2neA12.34%3D%3D&connectId=4", "token is invalid"},
        {"ws-api-futures.kucoin.com", "futures", 5, "?token=", "token is invalid"},
    };
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char token[128], path[256];
        struct mr_text t;
        mr_text_init(&t, token, sizeof token);
        mr_kucoin_token_write(&t, mr_talk_product("kucoin", cases[i].product),
                              1700000000ll * SECOND - cases[i].age_s * SECOND);
        snprintf(path, sizeof path, "/?token=%.*s%%3D%%3D&connectId=9", (int)strcspn(token, "="), token);
        if (cases[i].query)
            snprintf(path, sizeof path, "/%s", cases[i].query);
        struct desk *d = open_desk(cases[i].host, path);
        if (!strstr(d->said, cases[i].said))
            fail_msg("%zu: %s", i, d->said);
        bool good = strstr(cases[i].said, "welcome") != NULL;
        assert_int_equal(d->talk.close_code, good ? 0 : 1000);
        if (good && strcmp(cases[i].product, "futures") == 0) {
            take(d, "{\"id\":\"1\",\"type\":\"subscribe\",\"topic\":\"/contractMarket/"
                    "level2:XBTUSDTM,NOPE\",\"response\":true}");
            assert_string_equal(d->said,
                                "{\"id\":\"1\",\"type\":\"ack\"}\n"); /* unknown symbols are acked and stay silent */
            assert_int_equal(d->talk.sub_count, 1);
            take(d, "{\"id\":\"2\",\"type\":\"subscribe\",\"topic\":\"/contractMarket/dreams:XBTUSDTM\"}");
            assert_string_equal(d->said,
                                "{\"id\":\"2\",\"type\":\"error\",\"code\":404,\"data\":\"topic does not exist\"}\n");
            take(d, "{\"id\":\"3\",\"type\":\"subscribe\",\"topic\":\"/contractMarket/level2:XBTUSDTM, NOPE\"}");
            assert_string_equal(d->said,
                                "{\"id\":\"3\",\"type\":\"error\",\"code\":400,\"data\":\"topic is invalid\"}\n");
            take(d, "{\"id\":\"4\",\"type\":\"sing\"}");
            assert_string_equal(d->said,
                                "{\"id\":\"4\",\"type\":\"error\",\"code\":400,\"data\":\"type is invalid\"}\n");
            d->now_ns += 59 * SECOND;
            mr_talk_tick(&d->talk, d->now_ns);
            assert_int_equal(d->talk.close_code, 0);
            mr_talk_tick(&d->talk, d->now_ns + SECOND); /* nothing heard for a minute */
            assert_int_equal(d->talk.close_code, MR_TALK_CUT);
        }
        free(d);
    }
}

static void a_client_that_does_not_ping_mexc_is_cut_whatever_else_it_says(void **state)
{
    (void)state;
    struct desk *d = open_desk("contract.mexc.com", "/edge");
    d->now_ns += 50 * SECOND;
    take(d, "{\"method\":\"ping\"}");
    d->now_ns += 59 * SECOND;
    take(d, "{\"method\":\"sub.deal\",\"param\":{\"symbol\":\"BTC_USDT\"}}");
    mr_talk_control(&d->talk, true, d->now_ns); /* nor does a pong of RFC 6455 count */
    mr_talk_tick(&d->talk, d->now_ns);
    assert_int_equal(d->talk.close_code, 0);
    mr_talk_tick(&d->talk, d->now_ns + SECOND);
    assert_int_equal(d->talk.close_code, MR_TALK_CUT);
    free(d);
}

static void an_unknown_coin_ends_the_connection_without_a_word(void **state)
{
    (void)state;
    static const char *const coins[] = {"btc", "NOPE", "SP500"};
    for (size_t i = 0; i < MR_COUNT_OF(coins); i++) {
        char text[128];
        struct desk *d = open_desk("api.hyperliquid.xyz", "/ws");
        snprintf(text, sizeof text, "{\"method\":\"subscribe\",\"subscription\":{\"type\":\"trades\",\"coin\":\"%s\"}}",
                 coins[i]);
        take(d, text);
        assert_int_equal(d->talk.close_code, MR_TALK_CUT);
        assert_string_equal(d->said, "");
        free(d);
    }
}

static void okx_allows_480_requests_an_hour(void **state)
{
    (void)state;
    struct desk *d = open_desk("ws.okx.com", "/ws/v5/public");
    static const char on[] = "{\"op\":\"subscribe\",\"args\":[{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"}]}";
    for (int i = 0; i < 480; i++, d->now_ns += SECOND) {
        take(d, on);
        assert_non_null(strstr(d->said, "\"event\":\"subscribe\""));
    }
    take(d, on);
    assert_non_null(strstr(d->said, "\"code\":\"60014\""));
    d->now_ns += 3600 * SECOND;
    take(d, on);
    assert_non_null(strstr(d->said, "\"event\":\"subscribe\""));
    free(d);
}

static void subscriptions_are_bounded(void **state)
{
    (void)state;
    struct desk *d = open_desk("fstream.binance.com", "/public/ws");
    char text[128];
    for (int i = 0; i < MR_TALK_SUBS_MAX; i++, d->now_ns += SECOND) {
        snprintf(text, sizeof text, "{\"method\":\"SUBSCRIBE\",\"params\":[\"s%d@depth\"],\"id\":1}", i);
        take(d, text);
        assert_string_equal(d->said, "{\"result\":null,\"id\":1}\n");
    }
    take(d, "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@depth\"],\"id\":1}");
    assert_string_equal(d->said, "{\"code\":2,\"msg\":\"Invalid request: too many streams\",\"id\":1}\n");
    assert_int_equal(d->talk.sub_count, MR_TALK_SUBS_MAX);
    free(d);
}

/* ---- our own dialects ---- */

static const char *symbol_of(const struct mr_venue *venue, uint8_t product)
{
    if (venue->id == MR_VENUE_kucoin)
        return strcmp(venue->products[product].name, "spot") == 0 ? "BTC-USDT" : "XBTUSDTM";
    return venue->id == MR_VENUE_okx           ? "BTC-USDT-SWAP"
           : venue->id == MR_VENUE_hyperliquid ? "BTC"
           : venue->id == MR_VENUE_mexc        ? "BTC_USDT"
                                               : "BTCUSDT";
}

/* Every line of `said` that is no data is an ack to the dialect; how many. */
static int acks(const struct mr_dialect *dialect, uint8_t product, char *said)
{
    int count = 0;
    char *rest = said;
    for (char *line; (line = strtok_r(rest, "\n", &rest));) {
        struct mr_control control;
        dialect->control(product, mr_span_of(line), &control);
        if (control.kind != MR_CONTROL_ACK)
            print_error("%s\n", line);
        assert_int_equal(control.kind, MR_CONTROL_ACK);
        count++;
    }
    return count;
}

static uint32_t subscribe_route(const struct mr_venue *venue, const struct mr_dialect *dialect, uint8_t product,
                                const struct mr_route *route)
{
    char token[128] = "", path[256];
    struct mr_text t;
    mr_text_init(&t, token, sizeof token);
    if (route->token)
        mr_kucoin_token_write(&t, product, 1700000000 * SECOND);
    snprintf(path, sizeof path, "%s%s%s", route->path, route->token ? "?token=" : "", token);
    struct desk *d = open_desk(route->host, path);
    struct mr_stream streams[16];
    uint32_t count = 0, at = 0, served = 0;
    assert_int_equal(d->talk.place.venue, venue->id);
    for (uint32_t bit = 1; bit <= MR_CANDLES; bit <<= 1)
        if (route->channels & bit)
            streams[count++] =
                (struct mr_stream){bit, dialect->products[product].market_wide & bit ? "" : symbol_of(venue, product)};
    while (at < count) {
        char text[4096];
        mr_text_init(&t, text, sizeof text);
        assert_int_equal(dialect->subscribe(product, streams, count, &at, 9, &t), MR_OK);
        take(d, text);
        assert_true(acks(dialect, product, d->said) >= 1);
        assert_int_equal(d->talk.close_code, 0);
        d->now_ns += SECOND;
    }
    for (uint32_t i = 0; i < d->talk.sub_count; i++)
        served += d->subs[i].key != 0;
    assert_int_equal(served, d->talk.sub_count);
    if (dialect->ping) {
        char text[256];
        struct mr_control control;
        mr_text_init(&t, text, sizeof text);
        dialect->ping(product, 4, &t);
        take(d, text);
        d->said[strlen(d->said) - 1] = 0;
        dialect->control(product, mr_span_of(d->said), &control);
        assert_int_equal(control.kind, MR_CONTROL_PONG);
    }
    free(d);
    return served;
}

static void every_stream_our_dialects_ask_for_is_served_and_acked(void **state)
{
    (void)state;
    static const uint8_t venues[] = {MR_VENUE_binance,     MR_VENUE_bybit,  MR_VENUE_okx,
                                     MR_VENUE_hyperliquid, MR_VENUE_kucoin, MR_VENUE_mexc};
    uint32_t served = 0;
    for (size_t v = 0; v < MR_COUNT_OF(venues); v++) {
        const struct mr_venue *venue = mr_venue_by_id(venues[v]);
        const struct mr_dialect *dialect = mr_dialect_of(venue);
        for (uint8_t product = 0; venue->products[product].name; product++)
            for (const struct mr_route *route = dialect->products[product].routes; route && route->name; route++)
                served += subscribe_route(venue, dialect, product, route);
    }
    assert_true(served > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_and_path_say_which_product_a_request_is_for),
        cmocka_unit_test(each_venue_answers_as_it_does_on_the_wire),
        cmocka_unit_test(a_message_reaches_who_subscribed_to_it_and_nobody_else),
        cmocka_unit_test(streams_in_the_path_are_subscribed_at_once),
        cmocka_unit_test(too_many_messages_a_second_end_the_connection),
        cmocka_unit_test(an_unanswered_ping_ends_the_connection),
        cmocka_unit_test(a_venue_that_has_nothing_to_say_goes),
        cmocka_unit_test(kucoins_tokens_are_of_a_product_and_of_a_day),
        cmocka_unit_test(a_client_that_does_not_ping_mexc_is_cut_whatever_else_it_says),
        cmocka_unit_test(an_unknown_coin_ends_the_connection_without_a_word),
        cmocka_unit_test(okx_allows_480_requests_an_hour),
        cmocka_unit_test(subscriptions_are_bounded),
        cmocka_unit_test(every_stream_our_dialects_ask_for_is_served_and_acked),
    };
    return MR_TEST_MAIN(tests);
}
