/* Bybit v5: subscribe, unsubscribe and ping, one answer a request; books and linear tickers begin with an image. */
#include "codecs/json/json.h"
#include "tests/exchange/server/speak.h"

#define ARGS_BYTES_MAX 21000
#define SPOT_ARGS_MAX  10

static bool place(struct mr_span host, struct mr_span path, struct mr_talk_place *out)
{
    bool ours = mr_span_eq(host, "stream.bybit.com") || mr_span_eq(host, "api.bybit.com");
    struct mr_span query, bare = mr_span_cut(path, '?', &query);
    const char *product = "linear";
    if (mr_span_eq(bare, "/v5/public/linear") || mr_span_eq(bare, "/v5/public/spot")) {
        out->socket = true;
        if (mr_span_eq(bare, "/v5/public/spot"))
            product = "spot";
    } else if (mr_span_starts(bare, "/v5/market/")) {
        for (struct mr_span pair; query.len;) {
            pair = mr_span_cut(query, '&', &query);
            if (mr_span_eq(pair, "category=spot"))
                product = "spot";
        }
    } else if (!ours) {
        return false;
    }
    out->product = mr_talk_product("bybit", product);
    return true;
}

/* ---- topics ---- */

struct topic {
    struct mr_span symbol;
    const char *kind;
    uint32_t channel;
    bool image;
};

static const struct {
    const char *prefix, *kind;
    uint32_t channel;
    bool image, linear_only;
} topics[] = {
    {"orderbook.1.", "orderbook.1", MR_BEST, true, false},
    {"orderbook.50.", "orderbook", MR_DEPTH, true, false},
    {"orderbook.200.", "orderbook", MR_DEPTH, true, false},
    {"orderbook.1000.", "orderbook", MR_DEPTH, true, false},
    {"publicTrade.", "publicTrade", MR_TRADES, false, false},
    {"tickers.", "tickers", MR_MARKS, true, false},
    {"kline.1.", "kline.1", MR_CANDLES, false, false},
    {"allLiquidation.", "allLiquidation", MR_LIQUIDATIONS, false, true},
};

static bool topic_of(struct mr_span name, bool spot, struct topic *out)
{
    for (size_t i = 0; i < MR_COUNT_OF(topics); i++)
        if (mr_span_starts(name, topics[i].prefix) && !(spot && topics[i].linear_only)) {
            *out = (struct topic){.symbol = mr_span_from(name, (uint32_t)strlen(topics[i].prefix)),
                                  .kind = topics[i].kind,
                                  .channel = topics[i].channel,
                                  .image = topics[i].image};
            return out->symbol.len > 0;
        }
    return false;
}

static bool is_spot(const struct mr_talk *talk) { return talk->place.product == mr_talk_product("bybit", "spot"); }

/* ---- control messages ---- */

struct request {
    struct mr_span op, req_id, args;
};

static bool read_request(struct mr_span text, struct request *r)
{
    struct mr_json j;
    struct mr_span key;
    mr_json_open(&j, text.data, text.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_span_eq(key, "op"))
                mr_json_string(&j, &r->op);
            else if (mr_span_eq(key, "req_id"))
                mr_json_text(&j, &r->req_id);
            else if (mr_span_eq(key, "args"))
                mr_json_raw(&j, &r->args);
            else
                mr_json_skip(&j);
        }
    return mr_json_close(&j) == MR_OK;
}

static void answer(struct mr_talk *talk, const struct request *r, const char *op, const char *error,
                   struct mr_span about)
{
    char out[512];
    struct mr_text t;
    mr_text_init(&t, out, sizeof out);
    mr_text_format(&t, "{\"success\":%s,\"ret_msg\":\"%s%.*s\",\"conn_id\":\"d9tcajmgcca9r5l6sugg-%05x\",",
                   error ? "false" : "true",
                   error                     ? error
                   : strcmp(op, "ping") == 0 ? "pong"
                                             : "",
                   error ? (int)about.len : 0, (const char *)about.data, talk->id);
    if (r->req_id.len)
        mr_text_format(&t, "\"req_id\":\"%.*s\",", (int)r->req_id.len, (const char *)r->req_id.data);
    mr_text_format(&t, "\"op\":\"%s\"}", op);
    mr_talk_say(talk, &t);
}

/* What is wrong with the topics of a request; NULL: nothing, and `count` of them. One bad topic fails the whole request. */
static const char *refused(struct mr_talk *talk, const struct request *r, bool on, struct mr_span *about,
                           uint32_t *count)
{
    struct mr_json j;
    struct topic topic;
    uint32_t bytes = 0;
    mr_json_open(&j, r->args.data, r->args.len);
    if (!r->args.len || !mr_json_array(&j))
        return "error:request args is empty";
    while (mr_json_next(&j)) {
        if (mr_json_peek(&j) != MR_JSON_STRING || !mr_json_string(&j, about))
            return "error:request args must be strings";
        bytes += about->len;
        ++*count;
        if (on && (about->len >= MR_TALK_NAME || !topic_of(*about, is_spot(talk), &topic) ||
                   !talk->host->knows(talk->arg, talk->place.venue, talk->place.product, topic.symbol)))
            return "error:handler not found,topic:";
        if (on && mr_talk_sub(talk, *about))
            return "error:already subscribed,topic:";
    }
    *about = (struct mr_span){NULL, 0};
    if (mr_json_close(&j) != MR_OK || !*count)
        return "error:request args is empty";
    if (bytes > ARGS_BYTES_MAX || talk->sub_count + *count > MR_TALK_SUBS_MAX)
        return "error:args size is over the limit";
    return on && is_spot(talk) && *count > SPOT_ARGS_MAX ? "error:args size >10" : NULL;
}

static void follow(struct mr_talk *talk, const struct request *r, bool on)
{
    struct mr_json j;
    struct mr_span name;
    struct topic topic;
    mr_json_open(&j, r->args.data, r->args.len);
    mr_json_array(&j);
    while (mr_json_next(&j) && mr_json_string(&j, &name)) {
        if (!on) {
            mr_talk_remove(talk, name);
            continue;
        }
        topic_of(name, is_spot(talk), &topic);
        const struct mr_talk_sub *sub =
            mr_talk_add(talk, name, mr_talk_key(topic.kind, topic.symbol), topic.channel, topic.symbol);
        if (sub && topic.image)
            talk->host->image(talk->arg, sub);
    }
}

static void take(struct mr_talk *talk, struct mr_span text)
{
    struct request r = {0};
    struct mr_span about = {NULL, 0};
    uint32_t count = 0;
    if (!read_request(text, &r)) {
        answer(talk, &r, "", "error:invalid JSON", about);
        return;
    }
    bool on = mr_span_eq(r.op, "subscribe");
    if (mr_span_eq(r.op, "ping")) {
        answer(talk, &r, "ping", NULL, about);
    } else if (on || mr_span_eq(r.op, "unsubscribe")) {
        const char *error = refused(talk, &r, on, &about, &count);
        answer(talk, &r, on ? "subscribe" : "unsubscribe", error, about);
        if (!error)
            follow(talk, &r, on);
    } else {
        answer(talk, &r, "", "error:unknown op:", r.op);
    }
}

/* ---- messages ---- */

static bool address(struct mr_letter *l)
{
    struct mr_json j;
    struct mr_span key;
    struct topic topic;
    bool spot = l->product == mr_talk_product("bybit", "spot");
    mr_json_open(&j, l->data, l->len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) { /* it stands first on the wire */
            if (mr_span_eq(key, "topic")) {
                mr_json_string(&j, &l->name);
                break;
            }
            mr_json_skip(&j);
        }
    if (!l->name.len || !topic_of(l->name, spot, &topic))
        return false;
    l->key[0] = mr_talk_key(topic.kind, topic.symbol);
    l->keys = 1;
    l->channel = topic.channel;
    l->symbol = topic.symbol;
    return true;
}

const struct mr_speaker mr_speaker_bybit = {.venue = "bybit", .place = place, .take = take, .address = address};
