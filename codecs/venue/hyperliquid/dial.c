/* How to talk to Hyperliquid: one subscription a message, acknowledged by an echo; no ids anywhere. */
#include "codecs/venue/dial_priv.h"
#include "codecs/venue/hyperliquid/hyperliquid_priv.h"

/* All connections of an address share 1,000 subscriptions and 2,000 messages a minute. The server goes when it has said
 * nothing for 60 s. */
static const struct mr_route routes[] = {
    {
        .name = "ws",
        .host = "api.hyperliquid.xyz",
        .port = 443,
        .path = "/ws",
        .channels =
            MR_TRADES | MR_BEST | MR_DEPTH | MR_LIQUIDATIONS | MR_MARKS | MR_FUNDINGS | MR_INTERESTS | MR_CANDLES,
        .streams_max = 1000,
        .sends_per_s = 20,
        .ping = MR_PING_TEXT,
        .ping_s = 30,
        .pong_s = 5,
        .silence_s = 10,
    },
    {0},
};
static const struct mr_product_dial products[] = {
    {.routes = routes,
     .rest = "https://api.hyperliquid.xyz",
     .rest_weight = 1200,
     .rest_s = 60,
     .quiet = MR_LIQUIDATIONS},
    {0},
};

/* ---- what we say ---- */

/* Liquidations are seen in trades with known liquidators; where the symbol is an address, in that user's fills. */
static const char *type_of(const struct mr_stream *stream)
{
    switch (stream->channel) {
    case MR_TRADES:
        return "trades";
    case MR_BEST:
        return "bbo";
    case MR_DEPTH:
        return "l2Book";
    case MR_LIQUIDATIONS:
        return strncmp(stream->symbol, "0x", 2) == 0 ? "userFills" : "trades";
    case MR_MARKS:
    case MR_FUNDINGS:
    case MR_INTERESTS:
        return "activeAssetCtx";
    case MR_CANDLES:
        return "candle";
    default:
        return NULL;
    }
}

/* The venue closes the whole connection on a name that it does not know, so what cannot be one is refused here.
 * Addresses are echoed in lower case. */
static int parts(const struct mr_stream *stream, const char **type, char whose[MR_SYMBOL_BYTES + 1])
{
    *type = type_of(stream);
    if (!*type || !stream->symbol[0])
        return MR_E_UNSUPPORTED;
    if (!mr_dial_symbol(stream->symbol))
        return MR_E_INVALID;
    size_t len = strlen(stream->symbol);
    bool user = strcmp(*type, "userFills") == 0;
    if (user && (len != MR_HYPERLIQUID_ADDRESS || strspn(stream->symbol + 2, "0123456789abcdefABCDEF") != len - 2))
        return MR_E_INVALID;
    for (size_t i = 0; i <= len; i++) {
        char c = stream->symbol[i];
        whose[i] = user && c >= 'A' && c <= 'F' ? (char)(c | 0x20) : c;
    }
    return MR_OK;
}

static int name(uint8_t product, const struct mr_stream *stream, struct mr_text *out)
{
    char whose[MR_SYMBOL_BYTES + 1];
    const char *type;
    (void)product;
    int status = parts(stream, &type, whose);
    if (status == MR_OK)
        mr_text_format(out, "%s %s", type, whose);
    return status;
}

static int entry(uint8_t product, const struct mr_stream *stream, struct mr_text *out)
{
    char whose[MR_SYMBOL_BYTES + 1];
    const char *type;
    (void)product;
    int status = parts(stream, &type, whose);
    if (status == MR_OK)
        mr_text_format(out, "{\"type\":\"%s\",\"%s\":\"%s\"%s}", type, strcmp(type, "userFills") == 0 ? "user" : "coin",
                       whose, stream->channel == MR_CANDLES ? ",\"interval\":\"1m\"" : "");
    return status;
}

static int subscribe(uint8_t product, const struct mr_stream *streams, uint32_t count, uint32_t *at, uint64_t id,
                     struct mr_text *out)
{
    static const struct mr_dial_list list = {"{\"method\":\"subscribe\",\"subscription\":", "}", 1, entry};
    return mr_dial_write(&list, product, streams, count, at, id, out);
}

static int unsubscribe(uint8_t product, const struct mr_stream *streams, uint32_t count, uint32_t *at, uint64_t id,
                       struct mr_text *out)
{
    static const struct mr_dial_list list = {"{\"method\":\"unsubscribe\",\"subscription\":", "}", 1, entry};
    return mr_dial_write(&list, product, streams, count, at, id, out);
}

static void ping(uint8_t product, uint64_t id, struct mr_text *out)
{
    (void)product;
    (void)id;
    mr_text_add(out, "{\"method\":\"ping\"}");
}

/* ---- what it says ---- */

struct said {
    struct mr_span channel, method, type, coin, user, text;
};

static void read_subscription(struct mr_json *j, struct said *said)
{
    const struct mr_dial_field fields[] = {{"type", &said->type}, {"coin", &said->coin}, {"user", &said->user}};
    mr_dial_object(j, fields, MR_COUNT_OF(fields));
}

static void read_data(struct mr_json *j, struct said *said)
{
    const struct mr_dial_field method = {"method", &said->method};
    struct mr_span key;
    if (mr_json_peek(j) == MR_JSON_STRING)
        mr_json_string(j, &said->text);
    else if (mr_json_peek(j) != MR_JSON_OBJECT)
        mr_json_skip(j);
    else if (mr_json_object(j))
        while (mr_json_key(j, &key)) {
            if (mr_json_key_is(j, key, "subscription"))
                read_subscription(j, said);
            else
                mr_dial_member(j, key, &method, 1);
        }
}

static bool read_message(struct mr_span message, struct said *said)
{
    const struct mr_dial_field channel = {"channel", &said->channel};
    struct mr_json j;
    struct mr_span key;
    mr_json_open(&j, message.data, message.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_json_key_is(&j, key, "data"))
                read_data(&j, said);
            else
                mr_dial_member(&j, key, &channel, 1);
        }
    return mr_json_close(&j) == MR_OK;
}

static void stream_of(const struct said *said, struct mr_control *out)
{
    char type[40], whose[MR_SYMBOL_BYTES + 1];
    struct mr_text text;
    mr_dial_text(said->type, type, sizeof type);
    mr_dial_text(said->coin.data ? said->coin : said->user, whose, sizeof whose);
    mr_text_init(&text, out->stream, sizeof out->stream);
    if (type[0] && whose[0])
        mr_text_format(&text, "%s %s", type, whose);
    if (text.cut)
        out->stream[0] = 0;
}

/* "Already subscribed: {...}" is as good as an acknowledgement. */
static void refused(struct said *said, struct mr_control *out)
{
    static const char already[] = "Already subscribed: ";
    char plain[1024];
    struct mr_json j;
    out->kind = MR_CONTROL_ERROR;
    mr_dial_text(said->text, out->text, sizeof out->text);
    mr_dial_text(said->text, plain, sizeof plain);
    if (strncmp(plain, already, sizeof already - 1) != 0) {
        out->kind = strncmp(plain, "Already unsubscribed", 20) == 0 ? MR_CONTROL_OTHER : MR_CONTROL_ERROR;
        return;
    }
    out->kind = MR_CONTROL_ACK;
    const char *object = plain + sizeof already - 1;
    mr_json_open(&j, (const uint8_t *)object, (uint32_t)strlen(object));
    read_subscription(&j, said);
    if (mr_json_close(&j) == MR_OK)
        stream_of(said, out);
}

static void control(uint8_t product, struct mr_span message, struct mr_control *out)
{
    struct said said = {.channel = {NULL, 0}};
    (void)product;
    *out = (struct mr_control){.kind = MR_CONTROL_NONE};
    if (mr_span_eq(message, "Websocket connection established.")) { /* old servers greeted */
        out->kind = MR_CONTROL_OTHER;
        return;
    }
    if (message.len > MR_CONTROL_BYTES_MAX || !read_message(message, &said))
        return;
    if (mr_dial_is(said.channel, "pong")) {
        out->kind = MR_CONTROL_PONG;
    } else if (mr_dial_is(said.channel, "error")) {
        refused(&said, out);
    } else if (mr_dial_is(said.channel, "subscriptionResponse")) {
        bool asked = mr_dial_is(said.method, "subscribe");
        out->kind = asked ? MR_CONTROL_ACK : MR_CONTROL_OTHER;
        if (asked)
            stream_of(&said, out);
    }
}

/* ---- REST: one address, the body says what is wanted ---- */

static int url(uint8_t product, enum mr_url_kind kind, const char *symbol, struct mr_text *path, struct mr_text *body)
{
    (void)product;
    if (symbol[0] && !mr_dial_symbol(symbol))
        return MR_E_INVALID;
    if (kind == MR_URL_TOKEN || (kind == MR_URL_SNAPSHOT && !symbol[0]))
        return MR_E_UNSUPPORTED;
    const char *colon = strchr(symbol, ':'); /* "xyz:SP500" is listed by the dex xyz */
    mr_text_add(path, "/info");
    switch (kind) {
    case MR_URL_INSTRUMENTS:
        mr_text_add(body, "{\"type\":\"meta\"");
        break;
    case MR_URL_INTEREST:
        mr_text_add(body, "{\"type\":\"metaAndAssetCtxs\"");
        break;
    case MR_URL_SNAPSHOT:
        mr_text_format(body, "{\"type\":\"l2Book\",\"coin\":\"%s\"", symbol);
        break;
    case MR_URL_TOKEN:
        break;
    }
    if (colon && kind != MR_URL_SNAPSHOT)
        mr_text_format(body, ",\"dex\":\"%.*s\"", (int)(colon - symbol), symbol);
    mr_text_add(body, "}");
    return MR_OK;
}

static uint32_t weight(uint8_t product, enum mr_url_kind kind)
{
    (void)product;
    return kind == MR_URL_SNAPSHOT ? 2 : 20;
}

/* meta lists the perpetuals of the venue itself; those of builders ("dex:COIN"), spot pairs and users are not in it. */
static bool listed(uint8_t product, const char *symbol)
{
    (void)product;
    for (const char *c = symbol; *c; c++)
        if (!((*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9')))
            return false;
    return symbol[0] && strncmp(symbol, "0x", 2) != 0;
}

const struct mr_dialect mr_dialect_hyperliquid = {
    .limits = {.dials = 30, .dials_s = 60, .connections = 10, .subscriptions = 1000, .sends = 2000, .sends_s = 60},
    .products = products,
    .acks_each = true,
    .name = name,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .ping = ping,
    .control = control,
    .url = url,
    .weight = weight,
    .listed = listed,
};
