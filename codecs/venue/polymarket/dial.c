/* How to talk to Polymarket. The market channel: tokens by their ids, one message that opens the subscription, others
 * that add to it or take from it. The data socket: topics with a filter, in batches. Neither acknowledges anything: data
 * is the only answer. */
#include <stdio.h>

#include "codecs/venue/dial_priv.h"
#include "codecs/venue/polymarket/polymarket_priv.h"

#define TOKEN_DIGITS_MAX 78 /* 2^256 */
/* Tokens in one message. Their books come back in one frame, which has to fit a decoder's output. */
#define TOKENS_A_MESSAGE 20
#define TOPICS_A_MESSAGE 20

/* Above 500 tokens a connection no first book comes. Limits of messages are not published. */
static const struct mr_route clob_routes[] = {
    {
        .name = "market",
        .host = "ws-subscriptions-clob.polymarket.com",
        .port = 443,
        .path = "/ws/market",
        .channels = MR_TRADES | MR_BEST | MR_DEPTH,
        .streams_max = 200,
        .sends_per_s = 10,
        .ping = MR_PING_TEXT,
        .ping_s = 10,
        .pong_s = 5,
        .silence_s = 25,
    },
    {0},
};

/* Pings are never answered, and data comes each second: its absence is the only sign that the socket is dead. */
static const struct mr_route rtds_routes[] = {
    {
        .name = "data",
        .host = "ws-live-data.polymarket.com",
        .port = 443,
        .path = "/",
        .channels = MR_TRADES | MR_MARKS,
        .streams_max = 100,
        .sends_per_s = 5,
        .ping = MR_PING_TEXT,
        .ping_s = 5,
        .pong_s = 5,
        .silence_s = 10,
    },
    {0},
};

static const struct mr_product_dial products[] = {
    [MR_POLYMARKET_CLOB] = {.routes = clob_routes,
                            .rest = "https://clob.polymarket.com",
                            .rest_weight = 100,
                            .rest_s = 10},
    [MR_POLYMARKET_RTDS] = {.routes = rtds_routes,
                            .rest = "https://clob.polymarket.com",
                            .rest_weight = 10,
                            .rest_s = 10,
                            .market_wide = MR_TRADES,
                            .quiet = MR_TRADES}, /* reported as switched off */
    {0},
};

/* ---- what we say ---- */

static bool token(const char *symbol)
{
    size_t digits = strspn(symbol, "0123456789");
    return digits > 0 && digits <= TOKEN_DIGITS_MAX && !symbol[digits];
}

/* Of the market channel all three channels are one subscription. */
static int topic(uint8_t product, const struct mr_stream *stream, const char **name)
{
    bool trades = stream->channel == MR_TRADES;
    *name = NULL;
    if (product == MR_POLYMARKET_CLOB) {
        if (!(stream->channel & (MR_TRADES | MR_BEST | MR_DEPTH)) || !stream->symbol[0])
            return MR_E_UNSUPPORTED;
        *name = "market";
        return token(stream->symbol) ? MR_OK : MR_E_INVALID;
    }
    if (!(stream->channel & (MR_TRADES | MR_MARKS)) || trades != !stream->symbol[0])
        return MR_E_UNSUPPORTED;
    if (!trades && !mr_dial_symbol(stream->symbol))
        return MR_E_INVALID;
    *name = trades ? "activity" : strchr(stream->symbol, '/') ? "crypto_prices_chainlink" : "crypto_prices";
    return MR_OK;
}

static int name(uint8_t product, const struct mr_stream *stream, struct mr_text *out)
{
    const char *what;
    int status = topic(product, stream, &what);
    if (status == MR_OK)
        mr_text_format(out, "%s%s%s", what, stream->symbol[0] ? " " : "", stream->symbol);
    return status;
}

static int entry_token(uint8_t product, const struct mr_stream *stream, struct mr_text *out)
{
    const char *what;
    int status = topic(product, stream, &what);
    if (status == MR_OK)
        mr_text_format(out, "\"%s\"", stream->symbol);
    return status;
}

/* The filter is a JSON text in a JSON string, without a blank: with one the socket falls silent. */
static void subscription(struct mr_text *out, const char *what, const char *symbol)
{
    mr_text_format(out, "{\"topic\":\"%s\",\"type\":\"*\",\"filters\":\"{\\\"symbol\\\":\\\"%s\\\"}\"}", what, symbol);
}

/* Chainlink's price comes with its two averages: short markets are settled by those. */
static int entry_topic(uint8_t product, const struct mr_stream *stream, struct mr_text *out)
{
    const char *what;
    int status = topic(product, stream, &what);
    if (status != MR_OK)
        return status;
    if (!stream->symbol[0]) {
        mr_text_format(out, "{\"topic\":\"%s\",\"type\":\"trades\"}", what);
        return MR_OK;
    }
    subscription(out, what, stream->symbol);
    if (strchr(stream->symbol, '/')) {
        mr_text_add(out, ",");
        subscription(out, "crypto_prices_twap_thirty", stream->symbol);
        mr_text_add(out, ",");
        subscription(out, "crypto_prices_twap_sixty", stream->symbol);
    }
    return MR_OK;
}

static const struct mr_dial_list opening = {
    "{\"assets_ids\":[", "],\"type\":\"market\",\"initial_dump\":true,\"level\":2,\"custom_feature_enabled\":true}",
    TOKENS_A_MESSAGE, entry_token};
static const struct mr_dial_list adding = {"{\"assets_ids\":[",
                                           "],\"operation\":\"subscribe\",\"custom_feature_enabled\":true}",
                                           TOKENS_A_MESSAGE, entry_token};
static const struct mr_dial_list taking = {"{\"assets_ids\":[", "],\"operation\":\"unsubscribe\"}", TOKENS_A_MESSAGE,
                                           entry_token};
static const struct mr_dial_list topics = {"{\"action\":\"subscribe\",\"subscriptions\":[", "]}", TOPICS_A_MESSAGE,
                                           entry_topic};
static const struct mr_dial_list no_topics = {"{\"action\":\"unsubscribe\",\"subscriptions\":[", "]}", TOPICS_A_MESSAGE,
                                              entry_topic};

/* Requests are numbered from 1 on each connection: the first one opens the subscription. */
static int subscribe(uint8_t product, const struct mr_stream *streams, uint32_t count, uint32_t *at, uint64_t id,
                     struct mr_text *out)
{
    const struct mr_dial_list *list = product == MR_POLYMARKET_RTDS ? &topics : id <= 1 ? &opening : &adding;
    return mr_dial_write(list, product, streams, count, at, id, out);
}

static int unsubscribe(uint8_t product, const struct mr_stream *streams, uint32_t count, uint32_t *at, uint64_t id,
                       struct mr_text *out)
{
    return mr_dial_write(product == MR_POLYMARKET_RTDS ? &no_topics : &taking, product, streams, count, at, id, out);
}

static void ping(uint8_t product, uint64_t id, struct mr_text *out)
{
    (void)product;
    (void)id;
    mr_text_add(out, "PING");
}

/* ---- what it says ---- */

/* {"body":{"message":".."},"statusCode":401}, or a gateway's {"message":"..","connectionId":".."} */
static bool refusal(struct mr_span message, struct mr_span *why)
{
    const struct mr_dial_field text = {"message", why};
    struct mr_json j;
    struct mr_span key;
    bool status = false, topic_too = false;
    mr_json_open(&j, message.data, message.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            status |= mr_json_key_is(&j, key, "statusCode") || mr_json_key_is(&j, key, "message");
            topic_too |= mr_json_key_is(&j, key, "topic");
            if (mr_json_key_is(&j, key, "body"))
                mr_dial_object(&j, &text, 1);
            else
                mr_dial_member(&j, key, &text, 1);
        }
    return mr_json_close(&j) == MR_OK && status && !topic_too;
}

/* One unknown topic refuses the whole message: "... desc = topic: gossip and type: * not found" */
static void refused_topic(struct mr_control *out)
{
    static const char before[] = "topic: ";
    const char *at = strstr(out->text, before);
    out->batch = out->part = true;
    if (at) {
        at += sizeof before - 1;
        snprintf(out->stream, sizeof out->stream, "%.*s", (int)strcspn(at, " "), at);
    }
}

/* [], with blanks anywhere */
static bool empty_array(struct mr_span message)
{
    struct mr_json j;
    mr_json_open(&j, message.data, message.len);
    return mr_json_peek(&j) == MR_JSON_ARRAY && mr_json_array(&j) && !mr_json_next(&j) && mr_json_close(&j) == MR_OK;
}

static void control(uint8_t product, struct mr_span message, struct mr_control *out)
{
    struct mr_span why = {NULL, 0};
    *out = (struct mr_control){.kind = MR_CONTROL_NONE};
    if (message.len == 0 || (product == MR_POLYMARKET_CLOB && empty_array(message))) {
        out->kind = MR_CONTROL_OTHER;
    } else if (mr_span_eq(message, "PONG")) {
        out->kind = MR_CONTROL_PONG;
    } else if (mr_span_eq(message, "INVALID OPERATION") || mr_span_eq(message, "INVALID MESSAGE")) {
        out->kind = MR_CONTROL_ERROR;
        mr_dial_text(message, out->text, sizeof out->text);
    } else if (product == MR_POLYMARKET_RTDS && message.len <= MR_CONTROL_BYTES_MAX && refusal(message, &why)) {
        out->kind = MR_CONTROL_ERROR;
        mr_dial_text(why, out->text, sizeof out->text);
        refused_topic(out);
    }
}

/* ---- REST ---- */

static int url(uint8_t product, enum mr_url_kind kind, const char *symbol, struct mr_text *path, struct mr_text *body)
{
    if (product != MR_POLYMARKET_CLOB || !symbol[0] || kind == MR_URL_INTEREST)
        return MR_E_UNSUPPORTED; /* of all tokens there are hundreds of thousands: they are asked for by name */
    if (!token(symbol))
        return MR_E_INVALID;
    if (kind == MR_URL_SNAPSHOT) {
        mr_text_format(path, "/book?token_id=%s", symbol);
    } else {
        mr_text_add(path, "/books");
        mr_text_format(body, "[{\"token_id\":\"%s\"}]", symbol);
    }
    return MR_OK;
}

/* None is published: cautious ones of ours. */
const struct mr_dialect mr_dialect_polymarket = {
    .limits = {.dials = 60, .dials_s = 60, .connections = 50},
    .products = products,
    .acks_by_data = true,
    .name = name,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .ping = ping,
    .control = control,
    .url = url,
};
