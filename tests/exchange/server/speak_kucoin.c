/* KuCoin: the classic sockets want a token of their product and say welcome; topics hold a list of symbols, each request has one answer. The
 * token-less socket takes one symbol a request; a book there begins with its image. Who says nothing for 60 s is cut, whatever is sent. */
#include "codecs/json/json.h"
#include "tests/exchange/server/speak.h"

#include <stdio.h>
#include <stdlib.h>

#define SECOND 1000000000ll
#define SYMBOLS_MAX 100
#define TOKEN_MS 86400000ll /* a token opens connections for a day */

static uint8_t product_of(const char *name) { return mr_talk_product("kucoin", name); }

static bool place(struct mr_span host, struct mr_span path, struct mr_talk_place *out)
{
    struct mr_span query, bare = mr_span_cut(path, '?', &query);
    bool spot = mr_span_eq(host, "api.kucoin.com") || mr_span_eq(host, "ws-api-spot.kucoin.com"),
         uta = mr_span_eq(host, "x-push-spot.kucoin.com"),
         futures = mr_span_eq(host, "api-futures.kucoin.com") || mr_span_eq(host, "ws-api-futures.kucoin.com");
    bool by_path = mr_span_starts(bare, "/api/v1/contracts/") || mr_span_starts(bare, "/api/v1/level2/") ||
                   mr_span_eq(bare, "/api/v1/bullet-public");
    if (!spot && !uta && !futures && !by_path)
        return false;
    out->socket = mr_span_eq(bare, "/");
    out->route = uta ? MR_ROUTE_PUBLIC : MR_ROUTE_ALL;
    out->streams = query;
    out->product = product_of(spot || uta ? "spot" : "futures");
    return true;
}

/* ---- tokens: they say themselves what they are for and since when ---- */

static uint64_t seal(uint8_t product, long long ms)
{
    char text[64];
    snprintf(text, sizeof text, "%u %lld", product, ms);
    return mr_talk_key(text, mr_span_of("a token of this exchange"));
}

void mr_kucoin_token_write(struct mr_text *t, uint8_t product, int64_t now_ns)
{
    long long ms = now_ns / 1000000;
    mr_text_format(t, "2neA%llx.%016llx==", (unsigned long long)ms, (unsigned long long)seal(product, ms));
}

/* NULL: good. Else why not. */
static const char *token_fault(struct mr_span query, uint8_t product, int64_t now_ns)
{
    char plain[96];
    uint32_t n = 0;
    struct mr_span pair = {NULL, 0};
    while (query.len && !mr_span_starts(pair, "token="))
        pair = mr_span_cut(query, '&', &query);
    if (!mr_span_starts(pair, "token="))
        return "token is missing";
    pair = mr_span_from(pair, 6);
    for (uint32_t i = 0; i < pair.len && n < sizeof plain - 1; i++)
        if (pair.len - i >= 3 && memcmp(pair.data + i, "%3D", 3) == 0) {
            plain[n++] = '=';
            i += 2;
        } else {
            plain[n++] = (char)pair.data[i];
        }
    plain[n] = 0;
    if (strncmp(plain, "2neA", 4) != 0)
        return "token is invalid";
    char *dot, *end;
    long long ms = strtoll(plain + 4, &dot, 16);
    if (*dot != '.' || strtoull(dot + 1, &end, 16) != seal(product, ms) || strcmp(end, "==") != 0)
        return "token is invalid";
    return now_ns / 1000000 - ms > TOKEN_MS ? "token is expired" : NULL;
}

/* ---- topics ---- */

static const struct {
    const char *product, *topic, *behind;
    uint32_t channel;
} topics[] = {
    {"futures", "/contractMarket/level2", "", MR_DEPTH},
    {"futures", "/contractMarket/execution", "", MR_TRADES},
    {"futures", "/contractMarket/tickerV2", "", MR_BEST},
    {"futures", "/contract/instrument", "", MR_MARKS},
    {"futures", "/contractMarket/limitCandle", "_1min", MR_CANDLES},
    {"spot", "/market/match", "", MR_TRADES},
    {"spot", "/market/ticker", "", MR_BEST},
    {"spot", "/market/candles", "_1min", MR_CANDLES},
};

static int topic_of(uint8_t product, struct mr_span name)
{
    for (size_t i = 0; i < MR_COUNT_OF(topics); i++)
        if (product == product_of(topics[i].product) && mr_span_same(name, mr_span_of(topics[i].topic)))
            return (int)i;
    return -1;
}

/* The symbol without what stands behind it in the topic; empty where that is not so. */
static struct mr_span symbol_in(struct mr_span text, int row)
{
    uint32_t n = (uint32_t)strlen(topics[row].behind);
    bool fits = text.len > n && memcmp(text.data + text.len - n, topics[row].behind, n) == 0;
    return (struct mr_span){text.data, fits ? text.len - n : 0};
}

/* ---- control messages ---- */

struct request {
    struct mr_span id, type, topic, action, channel, market, symbol, depth;
};

static bool read_request(struct mr_span text, struct request *r)
{
    const struct {
        const char *name;
        struct mr_span *to;
    } members[] = {{"id", &r->id},           {"type", &r->type},        {"topic", &r->topic},   {"action", &r->action},
                   {"channel", &r->channel}, {"tradeType", &r->market}, {"symbol", &r->symbol}, {"depth", &r->depth}};
    struct mr_json j;
    struct mr_span key;
    mr_json_open(&j, text.data, text.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            enum mr_json_type type = mr_json_peek(&j);
            size_t i = 0;
            while (i < MR_COUNT_OF(members) && !mr_span_same(key, mr_span_of(members[i].name)))
                i++;
            if (i < MR_COUNT_OF(members) && (type == MR_JSON_STRING || type == MR_JSON_NUMBER))
                mr_json_text(&j, members[i].to);
            else
                mr_json_skip(&j);
        }
    return mr_json_close(&j) == MR_OK;
}

static void answer(struct mr_talk *talk, struct mr_span id, const char *rest)
{
    char out[512];
    struct mr_text t;
    mr_text_init(&t, out, sizeof out);
    mr_text_format(&t, "{\"id\":\"%.*s\",%s}", (int)id.len, (const char *)id.data, rest);
    mr_talk_say(talk, &t);
}

static void refuse(struct mr_talk *talk, struct mr_span id, int code, const char *why)
{
    char rest[256];
    snprintf(rest, sizeof rest, "\"type\":\"error\",\"code\":%d,\"data\":\"%s\"", code, why);
    answer(talk, id, rest);
}

static void follow(struct mr_talk *talk, int row, struct mr_span text, bool on)
{
    char name[MR_TALK_NAME];
    struct mr_text t;
    struct mr_span symbol = symbol_in(text, row);
    mr_text_init(&t, name, sizeof name);
    mr_text_format(&t, "%s:%.*s", topics[row].topic, (int)text.len, (const char *)text.data);
    struct mr_span span = {(const uint8_t *)name, (uint32_t)t.len};
    if (!on)
        mr_talk_remove(talk, span);
    else if (!mr_talk_sub(talk, span) && talk->host->knows(talk->arg, talk->place.venue, talk->place.product, symbol))
        mr_talk_add(talk, span, mr_talk_key(topics[row].topic, symbol), topics[row].channel, symbol);
} /* an unknown symbol is acked and stays silent; a second subscription is the first */

static void classic(struct mr_talk *talk, const struct request *r)
{
    bool on = mr_span_eq(r->type, "subscribe");
    if (mr_span_eq(r->type, "ping")) {
        char rest[64];
        snprintf(rest, sizeof rest, "\"type\":\"pong\",\"timestamp\":%lld", (long long)(talk->heard_ns / 1000));
        answer(talk, r->id, rest);
        return;
    }
    if (!on && !mr_span_eq(r->type, "unsubscribe")) {
        refuse(talk, r->id, 400, "type is invalid");
        return;
    }
    struct mr_span list, name = mr_span_cut(r->topic, ':', &list);
    int row = topic_of(talk->place.product, name);
    uint32_t count = 0;
    for (struct mr_span rest = list; rest.len; count++)
        mr_span_cut(rest, ',', &rest);
    if (row < 0 || !count) {
        refuse(talk, r->id, 404, "topic does not exist");
        return;
    }
    if (memchr(list.data, ' ', list.len) || count > SYMBOLS_MAX || talk->sub_count + count > MR_TALK_SUBS_MAX) {
        refuse(talk, r->id, 400, count > SYMBOLS_MAX ? "too many symbols" : "topic is invalid");
        return;
    }
    for (struct mr_span one; list.len;) {
        one = mr_span_cut(list, ',', &list);
        follow(talk, row, one, on);
    }
    answer(talk, r->id, "\"type\":\"ack\"");
}

static void token_less(struct mr_talk *talk, const struct request *r)
{
    char name[MR_TALK_NAME];
    struct mr_text t;
    if (mr_span_eq(r->type, "ping")) {
        char rest[64];
        snprintf(rest, sizeof rest, "\"type\":\"pong\",\"ts\":%lld", (long long)talk->heard_ns);
        answer(talk, r->id, rest);
        return;
    }
    bool on = mr_span_eq(r->action, "SUBSCRIBE");
    if ((!on && !mr_span_eq(r->action, "UNSUBSCRIBE")) || !mr_span_eq(r->channel, "obu") ||
        !mr_span_eq(r->market, "SPOT") || !mr_span_eq(r->depth, "increment@10ms") ||
        !talk->host->knows(talk->arg, talk->place.venue, talk->place.product, r->symbol)) {
        answer(talk, r->id, "\"result\":false,\"message\":\"invalid request data\"");
        return;
    }
    mr_text_init(&t, name, sizeof name);
    mr_text_format(&t, "obu:%.*s", (int)r->symbol.len, (const char *)r->symbol.data);
    struct mr_span span = {(const uint8_t *)name, (uint32_t)t.len};
    bool have = mr_talk_sub(talk, span) != NULL;
    if (!on)
        mr_talk_remove(talk, span);
    answer(talk, r->id, "\"result\":true");
    const struct mr_talk_sub *sub =
        on && !have ? mr_talk_add(talk, span, mr_talk_key("obu", r->symbol), MR_DEPTH, r->symbol) : NULL;
    if (sub)
        talk->host->image(talk->arg, sub);
}

static bool is_uta(const struct mr_talk *talk) { return talk->place.route == MR_ROUTE_PUBLIC; }

static void open_talk(struct mr_talk *talk)
{
    char text[128];
    struct mr_text t;
    mr_text_init(&t, text, sizeof text);
    const char *fault = is_uta(talk) ? NULL : token_fault(talk->place.streams, talk->place.product, talk->opened_ns);
    if (fault)
        mr_text_format(&t, "{\"id\":\"%u\",\"type\":\"error\",\"code\":401,\"data\":\"%s\"}", talk->id, fault);
    else if (is_uta(talk))
        mr_text_format(&t, "{\"sessionId\":\"e8e4%08x\",\"message\":\"welcome\",\"pingInterval\":18000}", talk->id);
    else
        mr_text_format(&t, "{\"id\":\"%u\",\"type\":\"welcome\"}", talk->id);
    mr_talk_say(talk, &t);
    if (fault)
        mr_talk_close(talk, 1000, "Bye");
}

static void take(struct mr_talk *talk, struct mr_span text)
{
    struct request r = {0};
    talk->greeted_ns = talk->heard_ns; /* any word of ours will do */
    if (!read_request(text, &r))
        refuse(talk, (struct mr_span){text.data, 0}, 400, "request is invalid");
    else if (is_uta(talk))
        token_less(talk, &r);
    else
        classic(talk, &r);
}

/* ---- messages ---- */

static struct mr_span symbol_of_row(struct mr_json *j)
{
    struct mr_span key, symbol = {NULL, 0};
    if (mr_json_peek(j) != MR_JSON_OBJECT || !mr_json_object(j))
        return symbol;
    while (mr_json_key(j, &key))
        if (mr_span_eq(key, "s"))
            mr_json_string(j, &symbol);
        else
            mr_json_skip(j);
    return symbol;
}

static bool address(struct mr_letter *l)
{
    struct mr_json j;
    struct mr_span key, topic = {NULL, 0}, uta = {NULL, 0}, list;
    mr_json_open(&j, l->data, l->len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_span_eq(key, "topic"))
                mr_json_string(&j, &topic);
            else if (mr_span_eq(key, "T"))
                mr_json_string(&j, &uta);
            else if (mr_span_eq(key, "d"))
                l->symbol = symbol_of_row(&j);
            else
                mr_json_skip(&j);
        }
    if (mr_json_close(&j) != MR_OK)
        return false;
    l->keys = 1;
    if (mr_span_eq(uta, "obu.SPOT") && l->symbol.len) {
        l->key[0] = mr_talk_key("obu", l->symbol);
        l->channel = MR_DEPTH;
        return true;
    }
    int row = topic_of(l->product, mr_span_cut(topic, ':', &list));
    if (row < 0)
        return false;
    l->symbol = symbol_in(list, row);
    l->key[0] = mr_talk_key(topics[row].topic, l->symbol);
    l->channel = topics[row].channel;
    return l->symbol.len > 0;
}

const struct mr_speaker mr_speaker_kucoin = {
    .venue = "kucoin",
    .place = place,
    .open = open_talk,
    .take = take,
    .address = address,
    .rules = {{.product = "futures", .messages_per_s = 50}, {.product = "spot", .messages_per_s = 50}},
    .ping_wanted_ns = 60 * SECOND,
};
