/* How to talk to Bybit v5: topics by name, requests matched by req_id, a JSON ping each 20 s. */
#include "codecs/venue/bybit/bybit_priv.h"
#include "codecs/venue/dial_priv.h"

/* All topics of a connection together may have 21,000 characters: 600 of the longest names. */
#define LINK                                                                                                           \
    .host = "stream.bybit.com", .port = 443, .streams_max = 600, .sends_per_s = 10, .ping = MR_PING_TEXT,              \
    .ping_s = 20, .pong_s = 5, .silence_s = 10

static const struct mr_route linear[] = {
    {
        .name = "linear",
        .path = "/v5/public/linear",
        .channels =
            MR_TRADES | MR_BEST | MR_DEPTH | MR_LIQUIDATIONS | MR_MARKS | MR_FUNDINGS | MR_INTERESTS | MR_CANDLES,
        LINK,
    },
    {0},
};
static const struct mr_route spot[] = {
    {
        .name = "spot",
        .path = "/v5/public/spot",
        .channels = MR_TRADES | MR_BEST | MR_DEPTH | MR_CANDLES,
        LINK,
    },
    {0},
};
/* 600 requests in 5 s; beyond that the address is shut out for ten minutes, so a tenth of it. */
#define REST .rest = "https://api.bybit.com", .rest_weight = 60, .rest_s = 5
static const struct mr_product_dial products[] = {
    [MR_BYBIT_LINEAR] = {.routes = linear, .quiet = MR_LIQUIDATIONS, REST},
    [MR_BYBIT_SPOT] = {.routes = spot, REST},
    {0},
};

/* ---- what we say ---- */

static const char *topic(uint8_t product, uint32_t channel)
{
    bool contract = product == MR_BYBIT_LINEAR;
    switch (channel) {
    case MR_TRADES:
        return "publicTrade.";
    case MR_BEST:
        return "orderbook.1.";
    case MR_DEPTH:
        return "orderbook.200.";
    case MR_CANDLES:
        return "kline.1.";
    case MR_LIQUIDATIONS:
        return contract ? "allLiquidation." : NULL;
    case MR_MARKS:
    case MR_FUNDINGS:
    case MR_INTERESTS:
        return contract ? "tickers." : NULL; /* one topic has all three */
    default:
        return NULL;
    }
}

static int name(uint8_t product, const struct mr_stream *stream, struct mr_text *out)
{
    const char *begin = topic(product, stream->channel);
    if (!begin || !stream->symbol[0]) /* every topic is of one symbol */
        return MR_E_UNSUPPORTED;
    if (!mr_dial_symbol(stream->symbol))
        return MR_E_INVALID;
    mr_text_add(out, begin);
    mr_text_add(out, stream->symbol);
    return MR_OK;
}

static int entry(uint8_t product, const struct mr_stream *stream, struct mr_text *out)
{
    mr_text_add(out, "\"");
    int status = name(product, stream, out);
    mr_text_add(out, "\"");
    return status;
}

/* Spot takes 10 topics a request. Elsewhere there is no limit, but whether one bad topic fails the others of its
 * request is not said anywhere: small requests then lose little. */
static int subscribe(uint8_t product, const struct mr_stream *streams, uint32_t count, uint32_t *at, uint64_t id,
                     struct mr_text *out)
{
    const struct mr_dial_list list = {"{\"req_id\":\"%llu\",\"op\":\"subscribe\",\"args\":[", "]}",
                                      product == MR_BYBIT_SPOT ? 10 : 20, entry};
    return mr_dial_write(&list, product, streams, count, at, id, out);
}

static int unsubscribe(uint8_t product, const struct mr_stream *streams, uint32_t count, uint32_t *at, uint64_t id,
                       struct mr_text *out)
{
    const struct mr_dial_list list = {"{\"req_id\":\"%llu\",\"op\":\"unsubscribe\",\"args\":[", "]}",
                                      product == MR_BYBIT_SPOT ? 10 : 20, entry};
    return mr_dial_write(&list, product, streams, count, at, id, out);
}

static void ping(uint8_t product, uint64_t id, struct mr_text *out)
{
    (void)product;
    mr_text_format(out, "{\"req_id\":\"%llu\",\"op\":\"ping\"}", (unsigned long long)id);
}

/* ---- what it says ---- */

struct said {
    struct mr_span topic, op, type, id, message;
    bool success, failed_topics;
};

/* Options answer {"failTopics":[..],"successTopics":[..]}. */
static void read_data(struct mr_json *j, struct said *said)
{
    struct mr_span key;
    if (mr_json_peek(j) != MR_JSON_OBJECT) {
        mr_json_skip(j);
        return;
    }
    mr_json_object(j);
    while (mr_json_key(j, &key)) {
        bool failed = mr_json_key_is(j, key, "failTopics") && mr_json_peek(j) == MR_JSON_ARRAY;
        if (!failed) {
            mr_json_skip(j);
            continue;
        }
        mr_json_array(j);
        while (mr_json_next(j)) {
            said->failed_topics = true;
            mr_json_skip(j);
        }
    }
}

static bool read_message(struct mr_span message, struct said *said)
{
    const struct mr_dial_field fields[] = {{"topic", &said->topic},
                                           {"op", &said->op},
                                           {"type", &said->type},
                                           {"req_id", &said->id},
                                           {"ret_msg", &said->message}};
    struct mr_json j;
    struct mr_span key;
    mr_json_open(&j, message.data, message.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_json_key_is(&j, key, "success")) {
                said->success = mr_json_peek(&j) == MR_JSON_TRUE;
                mr_json_skip(&j);
            } else if (mr_json_key_is(&j, key, "data")) {
                read_data(&j, said);
            } else {
                mr_dial_member(&j, key, fields, MR_COUNT_OF(fields));
            }
        }
    return mr_json_close(&j) == MR_OK && !said->topic.data; /* a topic: market data */
}

/* "error:handler not found,topic:liquidation.BTCUSDT" names the one it is about. */
static void blame(struct mr_control *out)
{
    const char *at = strstr(out->text, "topic:");
    if (!at)
        return;
    at += strlen("topic:");
    size_t len = strcspn(at, ", ");
    if (len < sizeof out->stream)
        memcpy(out->stream, at, len); /* the rest is zero already */
}

static void control(uint8_t product, struct mr_span message, struct mr_control *out)
{
    struct said said = {.success = false};
    (void)product;
    *out = (struct mr_control){.kind = MR_CONTROL_NONE};
    if (message.len > MR_CONTROL_BYTES_MAX || !read_message(message, &said))
        return;
    bool options = mr_dial_is(said.type, "COMMAND_RESP");
    if (mr_dial_is(said.op, "ping") || mr_dial_is(said.op, "pong"))
        out->kind = MR_CONTROL_PONG;
    else if (mr_dial_is(said.op, "subscribe") || options)
        out->kind = said.success && !said.failed_topics ? MR_CONTROL_ACK : MR_CONTROL_ERROR;
    else if (said.op.data)
        out->kind = MR_CONTROL_OTHER;
    else
        return;
    out->id = mr_dial_id(said.id);
    if (out->kind == MR_CONTROL_ERROR) {
        mr_dial_text(said.message, out->text, sizeof out->text);
        blame(out);
    }
}

/* ---- REST ---- */

static int url(uint8_t product, enum mr_url_kind kind, const char *symbol, struct mr_text *path, struct mr_text *body)
{
    const char *category = product == MR_BYBIT_SPOT ? "spot" : "linear";
    (void)body;
    if (symbol[0] && !mr_dial_parameter(symbol))
        return MR_E_INVALID;
    switch (kind) {
    case MR_URL_INSTRUMENTS:
        mr_text_format(path, "/v5/market/instruments-info?category=%s", category);
        if (symbol[0])
            mr_text_format(path, "&symbol=%s", symbol);
        else if (product != MR_BYBIT_SPOT) /* spot has no pages */
            mr_text_add(path, "&limit=1000");
        return MR_OK;
    case MR_URL_SNAPSHOT:
        return MR_E_UNSUPPORTED; /* the stream has it; REST counts `u` for 1,000 levels only */
    case MR_URL_INTEREST:
        if (product == MR_BYBIT_SPOT || !symbol[0])
            return MR_E_UNSUPPORTED;
        mr_text_format(path, "/v5/market/open-interest?category=%s&symbol=%s&intervalTime=5min&limit=1", category,
                       symbol);
        return MR_OK;
    case MR_URL_TOKEN:
        break;
    }
    return MR_E_UNSUPPORTED;
}

const struct mr_dialect mr_dialect_bybit = {
    .limits = {.dials = 500, .dials_s = 300, .connections = 1000},
    .products = products,
    .name = name,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .ping = ping,
    .control = control,
    .url = url,
};
