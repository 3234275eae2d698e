/* Binance, USD-M and spot: SUBSCRIBE and its kin, combined and raw streams, server pings. What it cannot serve it acks and keeps silent
 * about: unknown symbols, streams of the other route. */
#include <stdlib.h>

#include "codecs/json/json.h"
#include "tests/exchange/server/speak.h"

#define MINUTE 60000000000ll

/* ---- where ---- */

static const struct {
    const char *host, *product;
} hosts[] = {
    {"fstream.binance.com", "usdm"}, {"fapi.binance.com", "usdm"},           {"stream.binance.com", "spot"},
    {"api.binance.com", "spot"},     {"data-stream.binance.vision", "spot"}, {"data-api.binance.vision", "spot"},
};

/* /ws, /ws/a/b, /stream, /stream?streams=a/b, on USD-M behind /public or /market. */
static bool socket_path(struct mr_span path, struct mr_talk_place *out)
{
    out->route = MR_ROUTE_ALL;
    if (mr_span_starts(path, "/public/"))
        out->route = MR_ROUTE_PUBLIC;
    else if (mr_span_starts(path, "/market/"))
        out->route = MR_ROUTE_MARKET;
    if (out->route != MR_ROUTE_ALL)
        path = mr_span_from(path, 7);
    struct mr_span query, bare = mr_span_cut(path, '?', &query);
    out->wrapped = mr_span_eq(bare, "/stream");
    out->socket = out->wrapped || mr_span_eq(bare, "/ws") || mr_span_starts(bare, "/ws/");
    if (out->wrapped && mr_span_starts(query, "streams="))
        out->streams = mr_span_cut(mr_span_from(query, 8), '&', NULL);
    else if (!out->wrapped && mr_span_starts(bare, "/ws/"))
        out->streams = mr_span_from(bare, 4);
    return out->socket;
}

static bool place(struct mr_span host, struct mr_span path, struct mr_talk_place *out)
{
    const char *product = NULL;
    for (size_t i = 0; i < MR_COUNT_OF(hosts); i++)
        if (mr_span_same(host, mr_span_of(hosts[i].host)))
            product = hosts[i].product;
    socket_path(path, out);
    if (!product) { /* by the path alone; a bare /ws is Hyperliquid's, and with this venue's prefix ours */
        if (mr_span_starts(path, "/fapi/") || mr_span_starts(path, "/futures/") ||
            (out->socket && out->route != MR_ROUTE_ALL))
            product = "usdm";
        else if (mr_span_starts(path, "/api/v3/") || mr_span_starts(path, "/stream") || mr_span_starts(path, "/ws/"))
            product = "spot";
        else
            return false;
        if (mr_span_starts(path, "/ws/v5/")) /* OKX */
            return false;
    }
    out->product = mr_talk_product("binance", product);
    if (strcmp(product, "usdm") == 0 && out->socket && out->route == MR_ROUTE_ALL)
        out->route = MR_ROUTE_PUBLIC; /* the legacy address serves the public streams alone */
    return true;
}

/* ---- streams ---- */

static const struct {
    const char *name;
    uint32_t channel;
    uint8_t route;
    bool speeds;
} kinds[] = {
    {"depth", MR_DEPTH, MR_ROUTE_PUBLIC, true},       {"bookTicker", MR_BEST, MR_ROUTE_PUBLIC, false},
    {"aggTrade", MR_TRADES, MR_ROUTE_MARKET, false},  {"trade", MR_TRADES, MR_ROUTE_MARKET, false},
    {"markPrice", MR_MARKS, MR_ROUTE_MARKET, true},   {"forceOrder", MR_LIQUIDATIONS, MR_ROUTE_MARKET, false},
    {"kline_1m", MR_CANDLES, MR_ROUTE_MARKET, false},
};

struct stream {
    struct mr_span symbol;
    const char *kind;
    uint32_t channel;
    uint8_t route;
};

/* "btcusdt@depth@100ms", "!forceOrder@arr" (symbol empty). */
static bool stream_of(struct mr_span name, struct stream *out)
{
    struct mr_span rest, symbol = mr_span_cut(name, '@', &rest);
    if (mr_span_eq(name, "!forceOrder@arr")) {
        *out = (struct stream){
            .symbol = {name.data, 0}, .kind = "!forceOrder@arr", .channel = MR_LIQUIDATIONS, .route = MR_ROUTE_MARKET};
        return true;
    }
    struct mr_span speed, kind = mr_span_cut(rest, '@', &speed);
    for (size_t i = 0; i < MR_COUNT_OF(kinds); i++)
        if (mr_span_same(kind, mr_span_of(kinds[i].name)) && (kinds[i].speeds || speed.len == 0)) {
            *out = (struct stream){
                .symbol = symbol, .kind = kinds[i].name, .channel = kinds[i].channel, .route = kinds[i].route};
            return symbol.len > 0;
        }
    return false;
}

static void subscribe(struct mr_talk *talk, struct mr_span name)
{
    struct stream s = {.symbol = {name.data, 0}};
    bool known = stream_of(name, &s);
    bool here = talk->place.route == MR_ROUTE_ALL || talk->place.route == s.route;
    mr_talk_add(talk, name, known && here ? mr_talk_key(s.kind, s.symbol) : 0, s.channel, s.symbol);
}

static void open_streams(struct mr_talk *talk)
{
    struct mr_span rest = talk->place.streams, name;
    while (rest.len) {
        name = mr_span_cut(rest, '/', &rest);
        if (name.len && name.len < MR_TALK_NAME)
            subscribe(talk, name);
    }
}

/* ---- control messages ---- */

struct request {
    struct mr_span method, id, params;
};

static bool read_request(struct mr_span text, struct request *r)
{
    struct mr_json j;
    struct mr_span key;
    mr_json_open(&j, text.data, text.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_span_eq(key, "method"))
                mr_json_string(&j, &r->method);
            else if (mr_span_eq(key, "id"))
                mr_json_raw(&j, &r->id);
            else if (mr_span_eq(key, "params"))
                mr_json_raw(&j, &r->params);
            else
                mr_json_skip(&j);
        }
    return mr_json_close(&j) == MR_OK;
}

static void answer(struct mr_talk *talk, const struct request *r, int code, const char *what)
{
    char out[512];
    struct mr_text t;
    mr_text_init(&t, out, sizeof out);
    if (code >= 0)
        mr_text_format(&t, "{\"code\":%d,\"msg\":\"Invalid request: %s\"", code, what);
    else
        mr_text_format(&t, "{\"result\":%s", what);
    if (r->id.len)
        mr_text_format(&t, ",\"id\":%.*s}", (int)r->id.len, (const char *)r->id.data);
    else
        mr_text_add(&t, code >= 0 ? "}" : ",\"id\":null}");
    mr_talk_say(talk, &t);
}

/* Walks the names; first only counts and checks, then acts. */
static int each_param(struct mr_talk *talk, struct mr_span params, int act)
{
    struct mr_json j;
    struct mr_span name;
    int count = 0;
    mr_json_open(&j, params.data, params.len);
    if (!mr_json_array(&j))
        return -1;
    while (mr_json_next(&j)) {
        if (mr_json_peek(&j) != MR_JSON_STRING || !mr_json_string(&j, &name) || !name.len || name.len >= MR_TALK_NAME)
            return -1;
        count++;
        if (act > 0)
            subscribe(talk, name);
        else if (act < 0)
            mr_talk_remove(talk, name);
    }
    return mr_json_close(&j) == MR_OK ? count : -1;
}

static void list(struct mr_talk *talk, const struct request *r)
{
    static const size_t room = 128 + MR_TALK_SUBS_MAX * (MR_TALK_NAME + 3);
    char *out = malloc(room);
    MR_ASSERT(out);
    struct mr_text t;
    mr_text_init(&t, out, room);
    mr_text_add(&t, "{\"result\":[");
    for (uint32_t i = 0; i < talk->sub_count; i++)
        mr_text_format(&t, "%s\"%s\"", i ? "," : "", talk->subs[i].name);
    mr_text_format(&t, "],\"id\":%.*s}", r->id.len ? (int)r->id.len : 4, r->id.len ? (const char *)r->id.data : "null");
    mr_talk_say(talk, &t);
    free(out);
}

static void set_property(struct mr_talk *talk, const struct request *r)
{
    if (mr_span_eq(r->params, "[\"combined\",true]") || mr_span_eq(r->params, "[\"combined\",false]")) {
        talk->place.wrapped = r->params.len == sizeof "[\"combined\",true]" - 1;
        answer(talk, r, -1, "null");
    } else {
        answer(talk, r, 0, "unknown property");
    }
}

static void take(struct mr_talk *talk, struct mr_span text)
{
    struct request r = {0};
    if (!read_request(text, &r)) {
        answer(talk, &r, 3, "invalid JSON: expected value at line 1 column 1");
        return;
    }
    bool on = mr_span_eq(r.method, "SUBSCRIBE"), off = mr_span_eq(r.method, "UNSUBSCRIBE");
    if (on || off) {
        int count = r.params.len ? each_param(talk, r.params, 0) : -1;
        if (count < 0)
            answer(talk, &r, 2, "params must be an array of stream names");
        else if (on && talk->sub_count + (uint32_t)count > MR_TALK_SUBS_MAX)
            answer(talk, &r, 2, "too many streams");
        else {
            answer(talk, &r, -1, "null");
            each_param(talk, r.params, on ? 1 : -1);
        }
    } else if (mr_span_eq(r.method, "LIST_SUBSCRIPTIONS")) {
        list(talk, &r);
    } else if (mr_span_eq(r.method, "SET_PROPERTY")) {
        set_property(talk, &r);
    } else {
        answer(talk, &r, 2,
               "unknown variant of method, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, "
               "`SET_PROPERTY`");
    }
}

/* ---- messages ---- */

static struct mr_span member(struct mr_span object, const char *name)
{
    struct mr_json j;
    struct mr_span key, value = {NULL, 0};
    mr_json_open(&j, object.data, object.len);
    if (!mr_json_object(&j))
        return value;
    while (mr_json_key(&j, &key)) {
        if (!mr_json_key_is(&j, key, name)) {
            mr_json_skip(&j);
            continue;
        }
        if (mr_json_peek(&j) == MR_JSON_STRING)
            mr_json_string(&j, &value);
        else
            mr_json_raw(&j, &value);
        return j.status == MR_OK ? value : (struct mr_span){NULL, 0};
    }
    return value;
}

static const struct {
    const char *event, *kind;
} events[] = {
    {"depthUpdate", "depth"}, {"bookTicker", "bookTicker"},     {"aggTrade", "aggTrade"},
    {"trade", "trade"},       {"markPriceUpdate", "markPrice"}, {"kline", "kline_1m"},
};

/* A message without a wrapper says its kind in `e`; spot's bookTicker says nothing at all. */
static bool bare(struct mr_span inner, struct stream *s)
{
    struct mr_span event = member(inner, "e");
    s->symbol = member(inner, "s");
    if (!event.len && member(inner, "u").len)
        event = mr_span_of("bookTicker");
    if (mr_span_eq(event, "kline") && !mr_span_eq(member(member(inner, "k"), "i"), "1m"))
        return false;
    for (size_t i = 0; i < MR_COUNT_OF(events); i++)
        if (mr_span_same(event, mr_span_of(events[i].event))) {
            s->kind = events[i].kind;
            for (size_t k = 0; k < MR_COUNT_OF(kinds); k++)
                if (strcmp(kinds[k].name, s->kind) == 0)
                    s->channel = kinds[k].channel;
            return s->symbol.len > 0;
        }
    return false;
}

static bool address(struct mr_letter *l)
{
    struct mr_span text = {l->data, l->len};
    struct stream s = {0};
    l->name = member(text, "stream");
    l->inner = l->name.len ? member(text, "data") : text;
    if (l->name.len ? !stream_of(l->name, &s) : !bare(l->inner, &s) && !mr_span_eq(member(l->inner, "e"), "forceOrder"))
        return false;
    if (!s.kind ||
        s.channel == MR_LIQUIDATIONS) { /* of one symbol; wanted by those who follow it, and by those who follow all */
        s.symbol = member(member(l->inner, "o"), "s");
        l->key[1] = mr_talk_key("!forceOrder@arr", (struct mr_span){s.symbol.data, 0});
        l->keys = 2;
        s.kind = "forceOrder";
        s.channel = MR_LIQUIDATIONS;
    } else {
        l->keys = 1;
    }
    l->key[0] = mr_talk_key(s.kind, s.symbol);
    l->channel = s.channel;
    l->symbol = s.symbol;
    return s.symbol.len > 0;
}

const struct mr_speaker mr_speaker_binance = {
    .venue = "binance",
    .place = place,
    .open = open_streams,
    .take = take,
    .address = address,
    .rules = {{"usdm", 10, 3 * MINUTE, 10 * MINUTE}, {"spot", 5, MINUTE / 3, MINUTE}},
};
