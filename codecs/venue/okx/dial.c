/* How to talk to OKX v5: channels with an instId, each acknowledged by itself; a bare "ping" before 30 s without a
 * push. */
#include "codecs/venue/dial_priv.h"
#include "codecs/venue/okx/okx_priv.h"

/* 64 KB of arguments a request, 480 requests an hour. */
#define LINK                                                                                                           \
    .host = "ws.okx.com", .port = 8443, .streams_max = 500, .sends_per_s = 3, .ping = MR_PING_TEXT, .ping_s = 15,      \
    .pong_s = 5, .silence_s = 10, .requests_per_hour = 480

static const struct mr_route public_routes[] = {
    {
        .name = "public",
        .path = "/ws/v5/public",
        .channels = MR_TRADES | MR_BEST | MR_DEPTH | MR_LIQUIDATIONS | MR_MARKS | MR_FUNDINGS | MR_INTERESTS,
        LINK,
    },
    {0},
};
static const struct mr_route business_routes[] = {
    {
        .name = "business",
        .path = "/ws/v5/business",
        .channels = MR_TRADES | MR_CANDLES,
        LINK,
    },
    {0},
};
/* The slowest call that we make has 20 requests in 2 s. */
#define REST .rest = "https://www.okx.com", .rest_weight = 20, .rest_s = 2
static const struct mr_product_dial products[] = {
    [MR_OKX_PUBLIC] = {.routes = public_routes,
                       .market_wide = MR_LIQUIDATIONS,
                       .quiet = MR_LIQUIDATIONS | MR_FUNDINGS, /* a rate comes each 30 to 90 s */
                       REST},
    [MR_OKX_BUSINESS] = {.routes = business_routes, REST},
    {0},
};

/* ---- what we say ---- */

static const char *channel_of(uint8_t product, uint32_t channel)
{
    if (product == MR_OKX_BUSINESS)
        return channel == MR_TRADES ? "trades-all" : channel == MR_CANDLES ? "candle1m" : NULL;
    switch (channel) {
    case MR_TRADES:
        return "trades";
    case MR_BEST:
        return "bbo-tbt";
    case MR_DEPTH:
        return "books";
    case MR_LIQUIDATIONS:
        return "liquidation-orders";
    case MR_MARKS:
        return "mark-price";
    case MR_FUNDINGS:
        return "funding-rate";
    case MR_INTERESTS:
        return "open-interest";
    default:
        return NULL;
    }
}

/* Liquidations are of a whole kind of instruments, everything else of one instrument: the other way is refused there.
 */
static int argument(uint8_t product, const struct mr_stream *stream, const char *format_instrument,
                    const char *format_market, struct mr_text *out)
{
    const char *channel = channel_of(product, stream->channel);
    bool market = stream->channel == MR_LIQUIDATIONS;
    if (!channel || market != !stream->symbol[0])
        return MR_E_UNSUPPORTED;
    if (!market && !mr_dial_symbol(stream->symbol))
        return MR_E_INVALID;
    const char *parts[] = {channel, market ? "SWAP" : stream->symbol};
    uint32_t part = 0;
    for (const char *c = market ? format_market : format_instrument; *c; c++)
        if (*c == '$')
            mr_text_add(out, parts[part++]);
        else
            mr_text_bytes(out, c, 1);
    return MR_OK;
}

static int name(uint8_t product, const struct mr_stream *stream, struct mr_text *out)
{
    return argument(product, stream, "$ $", "$ $", out);
}

static int entry(uint8_t product, const struct mr_stream *stream, struct mr_text *out)
{
    return argument(product, stream, "{\"channel\":\"$\",\"instId\":\"$\"}", "{\"channel\":\"$\",\"instType\":\"$\"}",
                    out);
}

static int subscribe(uint8_t product, const struct mr_stream *streams, uint32_t count, uint32_t *at, uint64_t id,
                     struct mr_text *out)
{
    static const struct mr_dial_list list = {"{\"id\":\"%llu\",\"op\":\"subscribe\",\"args\":[", "]}", 100, entry};
    return mr_dial_write(&list, product, streams, count, at, id, out);
}

static int unsubscribe(uint8_t product, const struct mr_stream *streams, uint32_t count, uint32_t *at, uint64_t id,
                       struct mr_text *out)
{
    static const struct mr_dial_list list = {"{\"id\":\"%llu\",\"op\":\"unsubscribe\",\"args\":[", "]}", 100, entry};
    return mr_dial_write(&list, product, streams, count, at, id, out);
}

static void ping(uint8_t product, uint64_t id, struct mr_text *out)
{
    (void)product;
    (void)id;
    mr_text_add(out, "ping"); /* no JSON, no id */
}

/* ---- what it says ---- */

struct said {
    struct mr_span event, id, code, message, channel, instrument, type;
};

static bool read_message(struct mr_span message, struct said *said)
{
    const struct mr_dial_field fields[] = {
        {"event", &said->event}, {"id", &said->id}, {"code", &said->code}, {"msg", &said->message}};
    const struct mr_dial_field argument_fields[] = {
        {"channel", &said->channel}, {"instId", &said->instrument}, {"instType", &said->type}};
    struct mr_json j;
    struct mr_span key;
    mr_json_open(&j, message.data, message.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_json_key_is(&j, key, "arg"))
                mr_dial_object(&j, argument_fields, MR_COUNT_OF(argument_fields));
            else
                mr_dial_member(&j, key, fields, MR_COUNT_OF(fields));
        }
    return mr_json_close(&j) == MR_OK;
}

static void stream_of(struct mr_control *out, const char *channel, size_t channel_len, const char *instrument,
                      size_t len)
{
    struct mr_text text;
    mr_text_init(&text, out->stream, sizeof out->stream);
    mr_text_bytes(&text, channel, channel_len);
    if (len)
        mr_text_add(&text, " ");
    mr_text_bytes(&text, instrument, len);
    if (text.cut)
        out->stream[0] = 0;
}

/* "Wrong URL or channel:index-tickers, instId:NEAR-USDT-SWAP doesn't exist. ..." */
static void blame(struct mr_control *out)
{
    const char *channel = strstr(out->text, "channel:"), *instrument = strstr(out->text, "instId:");
    if (!channel || !instrument)
        return;
    channel += strlen("channel:");
    instrument += strlen("instId:");
    stream_of(out, channel, strcspn(channel, ", "), instrument, strcspn(instrument, ", "));
}

static void acknowledged(const struct said *said, struct mr_control *out)
{
    char channel[64], instrument[sizeof out->stream];
    out->kind = MR_CONTROL_ACK;
    mr_dial_text(said->channel, channel, sizeof channel);
    mr_dial_text(said->instrument.data ? said->instrument : said->type, instrument, sizeof instrument);
    if (channel[0])
        stream_of(out, channel, strlen(channel), instrument, strlen(instrument));
}

static void control(uint8_t product, struct mr_span message, struct mr_control *out)
{
    struct said said = {.event = {NULL, 0}};
    (void)product;
    *out = (struct mr_control){.kind = MR_CONTROL_NONE};
    if (mr_span_eq(message, "pong")) {
        out->kind = MR_CONTROL_PONG;
        return;
    }
    if (message.len > MR_CONTROL_BYTES_MAX || !read_message(message, &said) || !said.event.data)
        return;
    out->id = mr_dial_id(said.id);
    if (mr_dial_is(said.event, "subscribe")) {
        acknowledged(&said, out);
    } else if (mr_dial_is(said.event, "error") || mr_dial_is(said.event, "channel-conn-count-error")) {
        out->kind = MR_CONTROL_ERROR;
        mr_dial_text(said.message.data ? said.message : said.event, out->text, sizeof out->text);
        blame(out);
    } else if (mr_dial_is(said.event, "notice") && mr_dial_is(said.code, "64008")) {
        out->kind = MR_CONTROL_CLOSING;
        mr_dial_text(said.message, out->text, sizeof out->text);
    } else {
        out->kind = MR_CONTROL_OTHER; /* unsubscribe, login, counts of connections, other notices */
    }
}

/* ---- REST ---- */

/* "BTC-USDT" is spot, "BTC-USDT-SWAP" a swap, "BTC-USD-220527" a future, "BTC-USD-220527-30000-C" an option. */
static const char *type_of(const char *symbol)
{
    size_t len = strlen(symbol), dashes = 0;
    for (const char *c = symbol; *c; c++)
        dashes += *c == '-';
    if (!len || (len > 5 && strcmp(symbol + len - 5, "-SWAP") == 0))
        return "SWAP";
    return dashes >= 4 ? "OPTION" : dashes == 2 ? "FUTURES" : "SPOT";
}

static int url(uint8_t product, enum mr_url_kind kind, const char *symbol, struct mr_text *path, struct mr_text *body)
{
    (void)product;
    (void)body;
    if (symbol[0] && !mr_dial_parameter(symbol))
        return MR_E_INVALID;
    if (kind == MR_URL_SNAPSHOT || kind == MR_URL_TOKEN) /* the stream has it; nobody asks */
        return MR_E_UNSUPPORTED;
    mr_text_format(path, "/api/v5/public/%s?instType=%s", kind == MR_URL_INTEREST ? "open-interest" : "instruments",
                   type_of(symbol));
    if (symbol[0])
        mr_text_format(path, "&instId=%s", symbol);
    return MR_OK;
}

const struct mr_dialect mr_dialect_okx = {
    .limits = {.dials = 3, .dials_s = 1},
    .products = products,
    .acks_each = true,
    .name = name,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .ping = ping,
    .control = control,
    .url = url,
};
