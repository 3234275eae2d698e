/* How to talk to KuCoin. The classic sockets want a token for each dial, asked for by REST, and say welcome before they
 * listen; topics hold a list of symbols. The token-less socket ("UTA") takes one symbol a request: it has spot's books,
 * because the whole spot book is not to be had by REST without a key. */
#include <stdio.h>

#include "codecs/venue/dial_priv.h"
#include "codecs/venue/kucoin/kucoin_priv.h"

/* 100 client messages in 10 s; a socket that has heard nothing of us for 60 s is cut though data flows. */
#define CLASSIC                                                                                                        \
    .port = 443, .path = "/", .token = true, .welcome = true, .streams_max = 300, .sends_per_s = 8,                    \
    .ping = MR_PING_TEXT, .ping_s = 18, .pong_s = 10, .silence_s = 20

static const struct mr_route futures[] = {
    {
        .name = "classic",
        .host = "ws-api-futures.kucoin.com",
        .channels = MR_TRADES | MR_BEST | MR_DEPTH | MR_MARKS | MR_FUNDINGS | MR_CANDLES,
        CLASSIC,
    },
    {0},
};
static const struct mr_route spot[] = {
    {
        .name = "classic",
        .host = "ws-api-spot.kucoin.com",
        .channels = MR_TRADES | MR_BEST | MR_CANDLES,
        CLASSIC,
    },
    {
        .name = "uta",
        .host = "x-push-spot.kucoin.com",
        .port = 443,
        .path = "/",
        .channels = MR_DEPTH,
        .welcome = true,
        .streams_max = 600,
        .sends_per_s = 8, /* 300 in 10 s; pings of more than one a second cut the connection */
        .ping = MR_PING_TEXT,
        .ping_s = 18,
        .pong_s = 10,
        .silence_s = 20,
    },
    {0},
};
/* 2,000 of weight in 30 s an address; a snapshot or a contract weighs 3, a token 10. */
static const struct mr_product_dial products[] = {
    [MR_KUCOIN_FUTURES] = {.routes = futures,
                           .quiet = MR_FUNDINGS, /* one a minute */
                           .rest = "https://api-futures.kucoin.com",
                           .rest_weight = 1000, /* half of 2,000 in 30 s, which is hearsay */
                           .rest_s = 30,
                           .interest_s = 60},
    [MR_KUCOIN_SPOT] = {.routes = spot, .rest = "https://api.kucoin.com", .rest_weight = 1000, .rest_s = 30},
    {0},
};

/* ---- what we say ---- */

/* The topic in front of the symbols, or NULL. */
static const char *topic(uint8_t product, uint32_t channel)
{
    bool is_spot = product == MR_KUCOIN_SPOT;
    switch (channel) {
    case MR_TRADES:
        return is_spot ? "/market/match:" : "/contractMarket/execution:";
    case MR_BEST:
        return is_spot ? "/market/ticker:" : "/contractMarket/tickerV2:";
    case MR_DEPTH:
        return is_spot ? "obu:" : "/contractMarket/level2:";
    case MR_CANDLES:
        return is_spot ? "/market/candles:" : "/contractMarket/limitCandle:";
    case MR_MARKS:
    case MR_FUNDINGS:
        return is_spot ? NULL : "/contract/instrument:"; /* one topic has both */
    default:
        return NULL; /* open interest is asked for by REST */
    }
}

static bool by_uta(uint8_t product, uint32_t channel) { return product == MR_KUCOIN_SPOT && channel == MR_DEPTH; }

/* A comma parts symbols, a blank is refused. */
static bool can_be(const char *symbol) { return mr_dial_symbol(symbol) && !strpbrk(symbol, ",:/"); }

static int entry(uint8_t product, const struct mr_stream *stream, struct mr_text *out)
{
    if (!topic(product, stream->channel) || !stream->symbol[0])
        return MR_E_UNSUPPORTED;
    if (!can_be(stream->symbol))
        return MR_E_INVALID;
    mr_text_add(out, stream->symbol);
    if (stream->channel == MR_CANDLES)
        mr_text_add(out, "_1min");
    return MR_OK;
}

static int name(uint8_t product, const struct mr_stream *stream, struct mr_text *out)
{
    size_t len = out->len;
    const char *begin = topic(product, stream->channel);
    mr_text_add(out, begin ? begin : "");
    int status = entry(product, stream, out);
    if (status != MR_OK) {
        out->len = len;
        out->out[len] = 0;
    }
    return status;
}

/* Streams of one topic share a message, 100 at most; whose topic is another waits for the next. */
static int request(uint8_t product, const char *verb, const struct mr_stream *streams, uint32_t count, uint32_t *at,
                   uint64_t id, struct mr_text *out)
{
    char head[160], tail[96];
    uint32_t channel = streams[*at].channel, same = *at;
    const char *begin = topic(product, channel);
    bool uta = by_uta(product, channel);
    while (same < count && begin && topic(product, streams[same].channel) == begin)
        same++;
    if (!begin)
        return MR_E_UNSUPPORTED;
    if (uta) {
        snprintf(head, sizeof head,
                 "{\"id\":\"%%llu\",\"action\":\"%s\",\"channel\":\"obu\",\"tradeType\":\"SPOT\",\"symbol\":\"",
                 *verb == 's' ? "SUBSCRIBE" : "UNSUBSCRIBE");
        snprintf(tail, sizeof tail, "\",\"depth\":\"increment@10ms\"}");
    } else {
        snprintf(head, sizeof head, "{\"id\":\"%%llu\",\"type\":\"%s\",\"topic\":\"%s", verb, begin);
        snprintf(tail, sizeof tail, "\",\"privateChannel\":false,\"response\":true}");
    }
    const struct mr_dial_list list = {head, tail, uta ? 1 : 100, entry};
    return mr_dial_write(&list, product, streams, same, at, id, out);
}

static int subscribe(uint8_t product, const struct mr_stream *streams, uint32_t count, uint32_t *at, uint64_t id,
                     struct mr_text *out)
{
    return request(product, "subscribe", streams, count, at, id, out);
}

static int unsubscribe(uint8_t product, const struct mr_stream *streams, uint32_t count, uint32_t *at, uint64_t id,
                       struct mr_text *out)
{
    return request(product, "unsubscribe", streams, count, at, id, out);
}

static void ping(uint8_t product, uint64_t id, struct mr_text *out)
{
    (void)product;
    mr_text_format(out, "{\"id\":\"%llu\",\"type\":\"ping\"}", (unsigned long long)id);
}

/* ---- what it says ---- */

struct said {
    struct mr_span topic, uta, type, id, data, message, reason;
    bool result, failed;
};

static bool read_message(struct mr_span message, struct said *said)
{
    const struct mr_dial_field fields[] = {{"topic", &said->topic},  {"T", &said->uta},     {"type", &said->type},
                                           {"id", &said->id},        {"data", &said->data}, {"message", &said->message},
                                           {"reason", &said->reason}};
    struct mr_json j;
    struct mr_span key;
    mr_json_open(&j, message.data, message.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_json_key_is(&j, key, "result")) {
                said->result = mr_json_peek(&j) == MR_JSON_TRUE;
                said->failed = mr_json_peek(&j) == MR_JSON_FALSE;
                mr_json_skip(&j);
            } else {
                mr_dial_member(&j, key, fields, MR_COUNT_OF(fields));
            }
        }
    return mr_json_close(&j) == MR_OK && !said->topic.data && !said->uta.data; /* those are market data */
}

static void control(uint8_t product, struct mr_span message, struct mr_control *out)
{
    struct said said = {.result = false};
    (void)product;
    *out = (struct mr_control){.kind = MR_CONTROL_NONE};
    if (message.len > MR_CONTROL_BYTES_MAX || !read_message(message, &said))
        return;
    if (said.result || said.failed)
        out->kind = said.result ? MR_CONTROL_ACK : MR_CONTROL_ERROR;
    else if (mr_dial_is(said.type, "ack"))
        out->kind = MR_CONTROL_ACK;
    else if (mr_dial_is(said.type, "pong"))
        out->kind = MR_CONTROL_PONG;
    else if (mr_dial_is(said.type, "welcome") || (!said.type.data && mr_dial_is(said.message, "welcome")))
        out->kind = MR_CONTROL_WELCOME;
    else if (mr_dial_is(said.type, "error"))
        out->kind = MR_CONTROL_ERROR;
    else
        return;
    if (out->kind != MR_CONTROL_WELCOME) /* its id is that of the connection */
        out->id = mr_dial_id(said.id);
    struct mr_span why = said.data.data ? said.data : said.message.data ? said.message : said.reason;
    if (out->kind == MR_CONTROL_ERROR && why.data)
        mr_dial_text(why, out->text, sizeof out->text);
}

/* ---- REST ---- */

static int url(uint8_t product, enum mr_url_kind kind, const char *symbol, struct mr_text *path, struct mr_text *body)
{
    bool is_spot = product == MR_KUCOIN_SPOT;
    if (symbol[0] && (!mr_dial_parameter(symbol) || !can_be(symbol)))
        return MR_E_INVALID;
    switch (kind) {
    case MR_URL_INSTRUMENTS:
        mr_text_add(path, is_spot ? "/api/v2/symbols" : "/api/v1/contracts/");
        if (symbol[0])
            mr_text_format(path, "%s%s", is_spot ? "/" : "", symbol);
        else if (!is_spot)
            mr_text_add(path, "active");
        return MR_OK;
    case MR_URL_SNAPSHOT: /* spot: the whole book by REST wants a key; the token-less socket begins with one */
        if (is_spot || !symbol[0])
            return MR_E_UNSUPPORTED;
        mr_text_format(path, "/api/v1/level2/snapshot?symbol=%s", symbol);
        return MR_OK;
    case MR_URL_INTEREST:
        if (is_spot || !symbol[0])
            return MR_E_UNSUPPORTED;
        mr_text_format(path, "/api/v1/contracts/%s", symbol);
        return MR_OK;
    case MR_URL_TOKEN:
        mr_text_add(path, "/api/v1/bullet-public");
        mr_text_add(body, "{}"); /* a POST */
        return MR_OK;
    }
    return MR_E_UNSUPPORTED;
}

static uint32_t weight(uint8_t product, enum mr_url_kind kind)
{
    (void)product;
    return kind == MR_URL_TOKEN ? 10 : 3;
}

const struct mr_dialect mr_dialect_kucoin = {
    .limits = {.dials = 250, .dials_s = 300, .connections = 800},
    .products = products,
    .name = name,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .ping = ping,
    .control = control,
    .url = url,
    .weight = weight,
    .token = mr_kucoin_token,
};
