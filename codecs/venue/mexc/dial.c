/* How to talk to MEXC futures: one contract a request, no request ids, a JSON ping that traffic does not replace.
 *
 * `gzip` false asks for text frames. `compress` is no compression of bytes: it merges what happened in 200 ms into one
 * message, and false gives every update as it happens. */
#include "codecs/venue/dial_priv.h"
#include "codecs/venue/mexc/mexc_priv.h"

static const struct mr_route futures[] = {
    {
        .name = "futures",
        .host = "contract.mexc.com",
        .port = 443,
        .path = "/edge",
        .channels = MR_TRADES | MR_BEST | MR_DEPTH | MR_MARKS | MR_FUNDINGS | MR_INTERESTS | MR_CANDLES,
        .streams_max = 900, /* no rule is published; 150 contracts on one connection were seen to work */
        .sends_per_s = 10,
        .ping = MR_PING_TEXT,
        .ping_s = 15, /* 60 s without one: closed, whatever else flows */
        .pong_s = 5,
        .silence_s = 20,
    },
    {0},
};
static const struct mr_product_dial products[] = {
    /* 10 depth calls in 2 s; of no other call that we make more is known */
    [MR_MEXC_FUTURES] =
        {.routes = futures, .rest = "https://api.mexc.com", .rest_weight = 10, .rest_s = 2, .quiet = MR_FUNDINGS},
    {0},
};

/* ---- what we say ---- */

struct topic {
    const char *channel, *more; /* behind "sub.", and behind the symbol in `param` */
};

static struct topic topic(uint32_t channel)
{
    switch (channel) {
    case MR_TRADES:
        return (struct topic){"deal", ",\"compress\":false"};
    case MR_BEST:
        return (struct topic){"depth.full", ",\"limit\":5"};
    case MR_DEPTH:
        return (struct topic){"depth", ",\"compress\":false"};
    case MR_MARKS:
        return (struct topic){"fair.price", ""};
    case MR_FUNDINGS:
        return (struct topic){"funding.rate", ""};
    case MR_INTERESTS:
        return (struct topic){"ticker", ""};
    case MR_CANDLES:
        return (struct topic){"kline", ",\"interval\":\"Min1\""};
    default:
        return (struct topic){NULL, NULL};
    }
}

static int check(const struct mr_stream *stream)
{
    if (!topic(stream->channel).channel || !stream->symbol[0]) /* every channel is of one contract */
        return MR_E_UNSUPPORTED;
    return mr_dial_symbol(stream->symbol) ? MR_OK : MR_E_INVALID;
}

static int name(uint8_t product, const struct mr_stream *stream, struct mr_text *out)
{
    (void)product;
    int status = check(stream);
    if (status == MR_OK)
        mr_text_format(out, "%s %s", topic(stream->channel).channel, stream->symbol);
    return status;
}

static int entry(uint8_t product, const struct mr_stream *stream, struct mr_text *out)
{
    struct topic t = topic(stream->channel);
    (void)product;
    int status = check(stream);
    if (status == MR_OK)
        mr_text_format(out, "%s\",\"param\":{\"symbol\":\"%s\"%s", t.channel, stream->symbol, t.more);
    return status;
}

static int subscribe(uint8_t product, const struct mr_stream *streams, uint32_t count, uint32_t *at, uint64_t id,
                     struct mr_text *out)
{
    static const struct mr_dial_list list = {"{\"method\":\"sub.", "},\"gzip\":false}", 1, entry};
    return mr_dial_write(&list, product, streams, count, at, id, out);
}

static int unsubscribe(uint8_t product, const struct mr_stream *streams, uint32_t count, uint32_t *at, uint64_t id,
                       struct mr_text *out)
{
    static const struct mr_dial_list list = {"{\"method\":\"unsub.", "},\"gzip\":false}", 1, entry};
    return mr_dial_write(&list, product, streams, count, at, id, out);
}

static void ping(uint8_t product, uint64_t id, struct mr_text *out)
{
    (void)product;
    (void)id;
    mr_text_add(out, "{\"method\":\"ping\"}");
}

/* ---- what it says ---- */

/* "Contract [NOPE_USDT] not exists": the symbol is all there is to know the subscription by. */
static void blame(struct mr_control *out)
{
    const char *from = strchr(out->text, '['), *to = from ? strchr(from, ']') : NULL;
    size_t len = to ? (size_t)(to - from) - 1 : 0;
    if (len == 0 || len >= sizeof out->stream)
        return;
    memcpy(out->stream, from + 1, len); /* the rest is zero already */
    out->part = true;
}

static void answer(const char *channel, struct mr_span said, struct mr_control *out)
{
    bool success = mr_dial_is(said, "success");
    out->kind = success ? MR_CONTROL_ACK : MR_CONTROL_ERROR;
    if (!success)
        mr_dial_text(said, out->text, sizeof out->text);
    size_t len = strlen(channel);
    if (len < sizeof out->stream && !strchr(channel, ' ')) {
        memcpy(out->stream, channel, len);
        out->part = len > 0;
    }
}

static void control(uint8_t product, struct mr_span message, struct mr_control *out)
{
    struct mr_span channel = {NULL, 0}, said = {NULL, 0};
    const struct mr_dial_field fields[] = {{"channel", &channel}, {"data", &said}};
    struct mr_json j;
    char name_of[64];
    (void)product;
    *out = (struct mr_control){.kind = MR_CONTROL_NONE};
    if (message.len > MR_CONTROL_BYTES_MAX)
        return;
    mr_json_open(&j, message.data, message.len);
    mr_dial_object(&j, fields, MR_COUNT_OF(fields));
    if (mr_json_close(&j) != MR_OK || !channel.data)
        return;
    mr_dial_text(channel, name_of, sizeof name_of);
    if (strcmp(name_of, "pong") == 0) {
        out->kind = MR_CONTROL_PONG;
    } else if (strcmp(name_of, "rs.error") == 0) {
        out->kind = MR_CONTROL_ERROR;
        mr_dial_text(said, out->text, sizeof out->text);
        blame(out);
    } else if (strncmp(name_of, "rs.sub.", 7) == 0 && name_of[7]) {
        answer(name_of + 7, said, out);
    } else if ((strncmp(name_of, "rs.unsub.", 9) == 0 && name_of[9]) ||
               (strncmp(name_of, "rs.usub.", 8) == 0 && name_of[8])) {
        out->kind = MR_CONTROL_OTHER;
    }
}

/* ---- REST ---- */

static int url(uint8_t product, enum mr_url_kind kind, const char *symbol, struct mr_text *path, struct mr_text *body)
{
    (void)product;
    (void)body;
    if (symbol[0] && !mr_dial_parameter(symbol))
        return MR_E_INVALID;
    switch (kind) {
    case MR_URL_INSTRUMENTS:
        mr_text_add(path, "/api/v1/contract/detail");
        if (symbol[0])
            mr_text_format(path, "?symbol=%s", symbol);
        return MR_OK;
    case MR_URL_SNAPSHOT:
        if (!symbol[0])
            return MR_E_UNSUPPORTED;
        mr_text_format(path, "/api/v1/contract/depth/%s?limit=1000", symbol);
        return MR_OK;
    case MR_URL_INTEREST: /* push.ticker has it */
    case MR_URL_TOKEN:
        return MR_E_UNSUPPORTED;
    }
    return MR_E_UNSUPPORTED;
}

/* None is published: cautious ones of ours. */
const struct mr_dialect mr_dialect_mexc = {
    .limits = {.dials = 60, .dials_s = 60, .connections = 50},
    .products = products,
    .name = name,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .ping = ping,
    .control = control,
    .url = url,
};
