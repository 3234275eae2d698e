/* Hyperliquid: one subscription a message; a coin it does not know ends the connection without a word. */
#include <stdio.h>

#include "codecs/json/json.h"
#include "tests/exchange/server/speak.h"

#define SECOND 1000000000ll

static bool place(struct mr_span host, struct mr_span path, struct mr_talk_place *out)
{
    bool socket = mr_span_eq(path, "/ws"), info = mr_span_eq(path, "/info");
    if (!mr_span_eq(host, "api.hyperliquid.xyz") && !socket && !info)
        return false;
    out->socket = socket;
    out->product = mr_talk_product("hyperliquid", "perp");
    return true;
}

/* ---- subscriptions ---- */

static const struct {
    const char *type;
    uint32_t channel;
    bool image;
} types[] = {
    {"l2Book", MR_DEPTH, true},         {"bbo", MR_BEST, false},       {"trades", MR_TRADES, true},
    {"activeAssetCtx", MR_MARKS, true}, {"candle", MR_CANDLES, false},
};

static int type_of(struct mr_span type)
{
    for (size_t i = 0; i < MR_COUNT_OF(types); i++)
        if (mr_span_same(type, mr_span_of(types[i].type)))
            return (int)i;
    return -1;
}

struct request {
    struct mr_span method, subscription, type, coin, interval;
};

static bool read_subscription(struct mr_span text, struct request *r)
{
    struct mr_json j;
    struct mr_span key;
    mr_json_open(&j, text.data, text.len);
    if (!mr_json_object(&j))
        return false;
    while (mr_json_key(&j, &key)) {
        if (mr_span_eq(key, "type"))
            mr_json_string(&j, &r->type);
        else if (mr_span_eq(key, "coin"))
            mr_json_string(&j, &r->coin);
        else if (mr_span_eq(key, "interval"))
            mr_json_string(&j, &r->interval);
        else
            mr_json_skip(&j);
    }
    return mr_json_close(&j) == MR_OK;
}

static bool read_request(struct mr_span text, struct request *r)
{
    struct mr_json j;
    struct mr_span key;
    mr_json_open(&j, text.data, text.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_span_eq(key, "method"))
                mr_json_string(&j, &r->method);
            else if (mr_span_eq(key, "subscription"))
                mr_json_raw(&j, &r->subscription);
            else
                mr_json_skip(&j);
        }
    return mr_json_close(&j) == MR_OK && (!r->subscription.len || read_subscription(r->subscription, r));
}

static void say_error(struct mr_talk *talk, const char *what, struct mr_span about)
{
    char out[2048], raw[900];
    struct mr_text t;
    struct mr_json_out j;
    int len =
        snprintf(raw, sizeof raw, "%s: %.*s", what, (int)(about.len < 800 ? about.len : 800), (const char *)about.data);
    mr_text_init(&t, out, sizeof out);
    mr_json_out_init(&j, &t);
    mr_json_out_object(&j, NULL);
    mr_json_out_string(&j, "channel", "error");
    mr_json_out_span(
        &j, "data",
        (struct mr_span){(const uint8_t *)raw, (uint32_t)(len < (int)sizeof raw ? len : (int)sizeof raw - 1)});
    mr_json_out_end(&j);
    mr_talk_say(talk, &t);
}

/* Defaults are filled in the ack. */
static void say_ack(struct mr_talk *talk, const struct request *r, const char *method)
{
    char out[512];
    struct mr_text t;
    mr_text_init(&t, out, sizeof out);
    mr_text_format(&t,
                   "{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":\"%s\",\"subscription\":{\"type\":\"%.*"
                   "s\",\"coin\":\"%.*s\"",
                   method, (int)r->type.len, (const char *)r->type.data, (int)r->coin.len, (const char *)r->coin.data);
    if (mr_span_eq(r->type, "l2Book"))
        mr_text_add(&t, ",\"nSigFigs\":null,\"mantissa\":null,\"fast\":false");
    else if (r->interval.len)
        mr_text_format(&t, ",\"interval\":\"%.*s\"", (int)r->interval.len, (const char *)r->interval.data);
    mr_text_add(&t, "}}}");
    mr_talk_say(talk, &t);
}

static void follow(struct mr_talk *talk, const struct request *r, struct mr_span text, bool on)
{
    int row = type_of(r->type);
    if (row < 0 || !r->coin.len || r->coin.len > 30 || (r->interval.len && !mr_span_eq(r->interval, "1m"))) {
        say_error(talk, "Error parsing JSON into valid websocket request", text);
        return;
    }
    if (!talk->host->knows(talk->arg, talk->place.venue, talk->place.product, r->coin)) {
        mr_talk_close(talk, MR_TALK_CUT, "unknown coin");
        return;
    }
    char name[MR_TALK_NAME];
    int len = snprintf(name, sizeof name, "%s:%.*s", types[row].type, (int)r->coin.len, (const char *)r->coin.data);
    struct mr_span span = {(const uint8_t *)name, (uint32_t)len};
    bool have = mr_talk_sub(talk, span) != NULL;
    if (have == on) {
        say_error(talk, on ? "Already subscribed" : "Already unsubscribed", r->subscription);
        return;
    }
    if (!on) {
        mr_talk_remove(talk, span);
        say_ack(talk, r, "unsubscribe");
        return;
    }
    const struct mr_talk_sub *sub =
        mr_talk_add(talk, span, mr_talk_key(types[row].type, r->coin), types[row].channel, r->coin);
    if (!sub) {
        say_error(talk, "Cannot track more subscriptions", r->subscription);
        return;
    }
    say_ack(talk, r, "subscribe");
    if (types[row].image)
        talk->host->image(talk->arg, sub);
}

static void take(struct mr_talk *talk, struct mr_span text)
{
    struct request r = {0};
    bool legal = read_request(text, &r);
    bool on = mr_span_eq(r.method, "subscribe"), off = mr_span_eq(r.method, "unsubscribe");
    if (legal && mr_span_eq(r.method, "ping"))
        talk->host->say(talk->arg, "{\"channel\":\"pong\"}", 18);
    else if (legal && (on || off) && r.subscription.len)
        follow(talk, &r, text, on);
    else
        say_error(talk, "Error parsing JSON into valid websocket request", text);
}

/* ---- messages ---- */

/* {"channel":"trades","data":[{"coin":...}]}, {"channel":"l2Book","data":{"coin":...}}; candles say `s`. */
static bool address(struct mr_letter *l)
{
    struct mr_json j;
    struct mr_span key, type = {NULL, 0};
    mr_json_open(&j, l->data, l->len);
    if (!mr_json_object(&j))
        return false;
    while (mr_json_key(&j, &key)) {
        if (mr_span_eq(key, "channel"))
            mr_json_string(&j, &type);
        else if (mr_span_eq(key, "data"))
            break;
        else
            mr_json_skip(&j);
    }
    int row = type_of(type);
    if (row < 0)
        return false;
    if (mr_json_peek(&j) == MR_JSON_ARRAY && (!mr_json_array(&j) || !mr_json_next(&j)))
        return false;
    if (!mr_json_object(&j))
        return false;
    const char *name = strcmp(types[row].type, "candle") == 0 ? "s" : "coin";
    while (mr_json_key(&j, &key)) {
        if (mr_json_key_is(&j, key, name)) {
            mr_json_string(&j, &l->symbol);
            break;
        }
        mr_json_skip(&j);
    }
    l->key[0] = mr_talk_key(types[row].type, l->symbol);
    l->keys = 1;
    l->channel = types[row].channel;
    return j.status == MR_OK && l->symbol.len > 0;
}

const struct mr_speaker mr_speaker_hyperliquid = {
    .venue = "hyperliquid", .place = place, .take = take, .address = address, .quiet_ns = 60 * SECOND};
