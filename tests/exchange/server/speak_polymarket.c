/* Polymarket's two sockets. Nothing is acknowledged: the market channel begins with a book, the data socket with a frame that has no
 * byte. What is not understood is mostly passed over without a word. */
#include <stdio.h>

#include "codecs/json/json.h"
#include "tests/exchange/server/speak.h"

#define SECOND 1000000000ll
#define TOKENS_MAX 500 /* above this no first book comes */

enum { CLOB, RTDS };

static bool place(struct mr_span host, struct mr_span path, struct mr_talk_place *out)
{
    bool market = mr_span_eq(path, "/ws/market"), root = mr_span_eq(path, "/");
    bool rest = mr_span_eq(path, "/book") || mr_span_starts(path, "/book?") || mr_span_eq(path, "/books");
    bool data = mr_span_eq(host, "ws-live-data.polymarket.com");
    bool clob = mr_span_eq(host, "ws-subscriptions-clob.polymarket.com") || mr_span_eq(host, "clob.polymarket.com");
    if (!data && !clob && !market && !rest && !(root && !host.len))
        return false;
    bool is_data = data || (root && !clob);
    out->socket = is_data ? root : market;
    out->product = mr_talk_product("polymarket", is_data ? "rtds" : "clob");
    return true;
}

static bool is_data(const struct mr_talk *talk) { return talk->place.product == mr_talk_product("polymarket", "rtds"); }

/* ---- the market channel ---- */

static void follow(struct mr_talk *talk, struct mr_span token, bool on)
{
    if (!on) {
        mr_talk_remove(talk, token);
        return;
    }
    if (!talk->host->knows(talk->arg, talk->place.venue, talk->place.product, token))
        return; /* not a word */
    bool room = talk->sub_count < TOKENS_MAX;
    const struct mr_talk_sub *sub = mr_talk_add(talk, token, mr_talk_key("market", token), MR_DEPTH, token);
    if (sub && room)
        talk->host->image(talk->arg, sub);
}

static void take_tokens(struct mr_talk *talk, struct mr_span tokens, bool on)
{
    struct mr_json j;
    struct mr_span token;
    mr_json_open(&j, tokens.data, tokens.len);
    if (mr_json_array(&j))
        while (mr_json_next(&j) && mr_json_string(&j, &token))
            follow(talk, token, on);
}

static void take_market(struct mr_talk *talk, struct mr_span text)
{
    struct mr_json j;
    struct mr_span key, tokens = {NULL, 0}, type = tokens, operation = tokens;
    mr_json_open(&j, text.data, text.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_json_key_is(&j, key, "assets_ids"))
                mr_json_raw(&j, &tokens);
            else if (mr_json_key_is(&j, key, "type"))
                mr_json_string(&j, &type);
            else if (mr_json_key_is(&j, key, "operation"))
                mr_json_string(&j, &operation);
            else
                mr_json_skip(&j);
        }
    if (mr_json_close(&j) != MR_OK) {
        talk->host->say(talk->arg, "INVALID MESSAGE", 15);
        return;
    }
    bool on = mr_span_eq(type, "market") || mr_span_eq(operation, "subscribe");
    if (on || mr_span_eq(operation, "unsubscribe"))
        take_tokens(talk, tokens, on);
    else
        talk->host->say(talk->arg, "INVALID OPERATION", 17);
}

/* ---- the data socket ---- */

struct topic {
    struct mr_span topic, type, filters;
};

static bool known(struct mr_span topic)
{
    static const char *const topics[] = {
        "crypto_prices", "crypto_prices_chainlink", "crypto_prices_twap_thirty", "crypto_prices_twap_sixty", "activity",
        "comments"};
    for (size_t i = 0; i < MR_COUNT_OF(topics); i++)
        if (mr_span_same(topic, mr_span_of(topics[i])))
            return true;
    return false;
}

/* {"symbol":"btc/usd"}, whose quotes are escaped where it stands. With a blank in it the socket would fall silent. */
static struct mr_span symbol_of(struct mr_span filters)
{
    static const char before[] = "{\\\"symbol\\\":\\\"", behind[] = "\\\"}";
    uint32_t n = sizeof before - 1, m = sizeof behind - 1;
    if (filters.len <= n + m || memcmp(filters.data, before, n) != 0 ||
        memcmp(filters.data + filters.len - m, behind, m) != 0)
        return (struct mr_span){NULL, 0};
    return (struct mr_span){filters.data + n, filters.len - n - m};
}

static bool read_topic(struct mr_json *j, struct topic *t)
{
    struct mr_span key;
    *t = (struct topic){{NULL, 0}, {NULL, 0}, {NULL, 0}};
    if (!mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        struct mr_span *to = mr_json_key_is(j, key, "topic")     ? &t->topic
                             : mr_json_key_is(j, key, "type")    ? &t->type
                             : mr_json_key_is(j, key, "filters") ? &t->filters
                                                                 : NULL;
        if (!(to ? mr_json_string(j, to) : mr_json_skip(j)))
            return false;
    }
    return true;
}

/* One unknown topic, and nothing of the whole batch is served. */
static bool refused(struct mr_talk *talk, struct mr_span subscriptions)
{
    struct topic t;
    struct mr_json j;
    mr_json_open(&j, subscriptions.data, subscriptions.len);
    if (mr_json_array(&j))
        while (mr_json_next(&j) && read_topic(&j, &t))
            if (!known(t.topic)) {
                char out[512];
                struct mr_text text;
                mr_text_init(&text, out, sizeof out);
                mr_text_format(&text,
                               "{\"body\":{\"message\":\"leger GetTopics error: rpc error: code = NotFound desc = "
                               "topic: %.*s and type: %.*s not found\"},\"statusCode\":401}",
                               (int)(t.topic.len < 60 ? t.topic.len : 60), (const char *)t.topic.data,
                               (int)(t.type.len < 60 ? t.type.len : 60), (const char *)t.type.data);
                mr_talk_say(talk, &text);
                return true;
            }
    return mr_json_close(&j) != MR_OK;
}

static void take_topics(struct mr_talk *talk, struct mr_span subscriptions, bool on)
{
    struct topic t;
    struct mr_json j;
    mr_json_open(&j, subscriptions.data, subscriptions.len);
    if (!mr_json_array(&j))
        return;
    while (mr_json_next(&j) && read_topic(&j, &t)) {
        char name[MR_TALK_NAME], kind[48];
        struct mr_span symbol = symbol_of(t.filters);
        int len =
            snprintf(name, sizeof name, "%.*s %.*s", (int)(t.topic.len < 40 ? t.topic.len : 40),
                     (const char *)t.topic.data, (int)(symbol.len < 40 ? symbol.len : 40), (const char *)symbol.data);
        struct mr_span span = {(const uint8_t *)name, (uint32_t)len};
        if (!on) {
            mr_talk_remove(talk, span);
            continue;
        }
        snprintf(kind, sizeof kind, "%.*s", (int)(t.topic.len < 40 ? t.topic.len : 40), (const char *)t.topic.data);
        const uint32_t channel = mr_span_eq(t.topic, "activity") ? MR_TRADES : MR_MARKS;
        const struct mr_talk_sub *sub = mr_talk_add(talk, span, mr_talk_key(kind, symbol), channel, symbol);
        if (sub && symbol.len && !mr_span_starts(t.topic, "crypto_prices_twap") &&
            talk->host->knows(talk->arg, talk->place.venue, talk->place.product, symbol))
            talk->host->image(talk->arg, sub);
    }
}

static void take_data(struct mr_talk *talk, struct mr_span text)
{
    struct mr_json j;
    struct mr_span key, action = {NULL, 0}, subscriptions = action;
    mr_json_open(&j, text.data, text.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_json_key_is(&j, key, "action"))
                mr_json_string(&j, &action);
            else if (mr_json_key_is(&j, key, "subscriptions"))
                mr_json_raw(&j, &subscriptions);
            else
                mr_json_skip(&j);
        }
    if (mr_json_close(&j) != MR_OK)
        return;
    bool on = mr_span_eq(action, "subscribe");
    if ((on || mr_span_eq(action, "unsubscribe")) && !refused(talk, subscriptions))
        take_topics(talk, subscriptions, on);
}

static void open(struct mr_talk *talk)
{
    if (is_data(talk))
        talk->host->say(talk->arg, "", 0);
}

static void take(struct mr_talk *talk, struct mr_span text)
{
    if (mr_span_eq(text, "PING")) {
        talk->greeted_ns = talk->heard_ns;
        if (!is_data(talk)) /* there it is never answered */
            talk->host->say(talk->arg, "PONG", 4);
    } else if (is_data(talk)) {
        take_data(talk, text);
    } else {
        take_market(talk, text);
    }
}

/* ---- messages ---- */

static struct mr_span behind(struct mr_span text, const char *mark)
{
    size_t n = strlen(mark);
    const uint8_t *at = text.len >= n ? memmem(text.data, text.len, mark, n) : NULL;
    if (!at)
        return (struct mr_span){NULL, 0};
    struct mr_span rest = {at + n, text.len - (uint32_t)(at - text.data) - (uint32_t)n};
    return mr_span_cut(rest, '"', NULL);
}

static bool address_data(struct mr_letter *l, struct mr_span text)
{
    char kind[48];
    struct mr_span topic = behind(text, "\"topic\":\"");
    bool activity = mr_span_eq(topic, "activity");
    l->symbol = behind(text, activity ? "\"asset\":\"" : "\"symbol\":\"");
    if (!topic.len || topic.len >= sizeof kind || !l->symbol.len)
        return false;
    snprintf(kind, sizeof kind, "%.*s", (int)topic.len, (const char *)topic.data);
    l->key[0] = mr_talk_key(kind, l->symbol);
    l->key[1] = mr_talk_key(kind, (struct mr_span){NULL, 0}); /* without a filter: all of the topic */
    l->keys = 2;
    l->channel = activity ? MR_TRADES : MR_MARKS;
    return true;
}

/* A frame is for who follows either token of the pair it names. */
static bool address(struct mr_letter *l)
{
    static const struct {
        const char *name;
        uint32_t channel;
    } kinds[] = {
        {"price_change", MR_DEPTH}, {"book", MR_DEPTH}, {"last_trade_price", MR_TRADES}, {"best_bid_ask", MR_BEST}};
    static const char mark[] = "\"asset_id\":\"";
    struct mr_span text = {l->data, l->len}, type = behind(text, "\"event_type\":\"");
    if (!type.len)
        return address_data(l, text);
    for (size_t i = 0; i < MR_COUNT_OF(kinds); i++)
        if (mr_span_same(type, mr_span_of(kinds[i].name)))
            l->channel = kinds[i].channel;
    l->symbol = behind(text, mark);
    struct mr_span other = l->symbol, rest = text;
    while (other.len && mr_span_same(other, l->symbol)) {
        rest = mr_span_from(rest, (uint32_t)(other.data - rest.data) + other.len);
        other = behind(rest, mark);
    }
    l->key[0] = mr_talk_key("market", l->symbol);
    l->key[1] = other.len ? mr_talk_key("market", other) : 0;
    l->keys = other.len ? 2 : 1;
    return l->channel && l->symbol.len;
}

const struct mr_speaker mr_speaker_polymarket = {
    .venue = "polymarket",
    .place = place,
    .open = open,
    .take = take,
    .address = address,
    .ping_wanted_ns = 60 * SECOND,
};
