/* How to talk to Binance. Books are served on /public, everything else on /market: a subscription on the wrong route is
 * acknowledged and stays silent. Combined streams, so that a partial book names itself. */
#include "codecs/venue/binance/binance_priv.h"
#include "codecs/venue/dial_priv.h"

/* The day's end of a connection, and the server's pings, are the same everywhere. Our own pings only look whether
 * somebody is there. */
#define LINK .ping = MR_PING_WS, .ping_s = 20, .pong_s = 5, .silence_s = 10, .life_s = 86400

static const struct mr_route spot[] = {
    {
        .name = "public",
        .host = "stream.binance.com",
        .port = 443,
        .path = "/stream",
        .channels = MR_TRADES | MR_BEST | MR_DEPTH | MR_CANDLES,
        .streams_max = 1024,
        .sends_per_s = 5,
        LINK,
    },
    {0},
};
static const struct mr_route usdm[] = {
    {
        .name = "public",
        .host = "fstream.binance.com",
        .port = 443,
        .path = "/public/stream",
        .channels = MR_BEST | MR_DEPTH,
        .streams_max = 1024,
        .sends_per_s = 10,
        LINK,
    },
    {
        .name = "market",
        .host = "fstream.binance.com",
        .port = 443,
        .path = "/market/stream",
        .channels = MR_TRADES | MR_LIQUIDATIONS | MR_MARKS | MR_FUNDINGS | MR_CANDLES,
        .streams_max = 1024,
        .sends_per_s = 10,
        LINK,
    },
    {0},
};
/* Snapshots of 1,000 levels weigh 50 of 6,000 a minute (spot) and 20 of 2,400 (USD-M), open interest 1. */
static const struct mr_product_dial products[] = {
    [BINANCE_SPOT] = {.routes = spot, .rest = "https://api.binance.com", .rest_weight = 1200, .rest_s = 60},
    [BINANCE_USDM] = {.routes = usdm,
                      .rest = "https://fapi.binance.com",
                      .rest_weight = 2400,
                      .rest_s = 60,
                      .interest_s = 60,
                      .market_wide = MR_LIQUIDATIONS,
                      .quiet = MR_LIQUIDATIONS},
    {0},
};

/* ---- what we say ---- */

static const char *suffix(uint8_t product, uint32_t channel)
{
    bool usdm_only = product == BINANCE_USDM;
    switch (channel) {
    case MR_TRADES:
        return usdm_only ? "@aggTrade" : "@trade"; /* the primary source of each */
    case MR_BEST:
        return "@bookTicker";
    case MR_DEPTH:
        return "@depth@100ms";
    case MR_CANDLES:
        return "@kline_1m";
    case MR_LIQUIDATIONS:
        return usdm_only ? "@forceOrder" : NULL;
    case MR_MARKS:
    case MR_FUNDINGS:
        return usdm_only ? "@markPrice@1s" : NULL;
    default:
        return NULL; /* open interest is asked for by REST */
    }
}

static const char *market_wide(uint32_t channel)
{
    return channel == MR_LIQUIDATIONS                      ? "!forceOrder@arr"
           : channel == MR_MARKS || channel == MR_FUNDINGS ? "!markPrice@arr@1s"
                                                           : NULL;
}

/* Lower case, but only ASCII: there are symbols in Chinese. */
static int name(uint8_t product, const struct mr_stream *stream, struct mr_text *out)
{
    const char *end = suffix(product, stream->channel);
    if (!end)
        return MR_E_UNSUPPORTED;
    if (!stream->symbol[0]) {
        const char *all = market_wide(stream->channel);
        if (!all)
            return MR_E_UNSUPPORTED;
        mr_text_add(out, all);
        return MR_OK;
    }
    if (!mr_dial_symbol(stream->symbol))
        return MR_E_INVALID;
    for (const char *c = stream->symbol; *c; c++) {
        char lower = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
        mr_text_bytes(out, &lower, 1);
    }
    mr_text_add(out, end);
    return MR_OK;
}

static int entry(uint8_t product, const struct mr_stream *stream, struct mr_text *out)
{
    mr_text_add(out, "\"");
    int status = name(product, stream, out);
    mr_text_add(out, "\"");
    return status;
}

static int subscribe(uint8_t product, const struct mr_stream *streams, uint32_t count, uint32_t *at, uint64_t id,
                     struct mr_text *out)
{
    static const struct mr_dial_list list = {"{\"method\":\"SUBSCRIBE\",\"params\":[", "],\"id\":%llu}", 100, entry};
    return mr_dial_write(&list, product, streams, count, at, id, out);
}

static int unsubscribe(uint8_t product, const struct mr_stream *streams, uint32_t count, uint32_t *at, uint64_t id,
                       struct mr_text *out)
{
    static const struct mr_dial_list list = {"{\"method\":\"UNSUBSCRIBE\",\"params\":[", "],\"id\":%llu}", 100, entry};
    return mr_dial_write(&list, product, streams, count, at, id, out);
}

/* ---- what it says ---- */

struct said {
    struct mr_span event, id, code, message;
    bool result, error;
};

/* What is not a text: {"result":null}, {"error":{"code":2,"msg":".."}}, and the object of a combined stream. */
static void read_member(struct mr_json *j, struct mr_span key, struct said *said)
{
    const struct mr_dial_field fields[] = {
        {"e", &said->event}, {"id", &said->id}, {"code", &said->code}, {"msg", &said->message}};
    if (mr_json_key_is(j, key, "result")) {
        said->result = true;
        mr_json_skip(j);
    } else if (mr_json_key_is(j, key, "error")) {
        said->error = true;
        mr_dial_object(j, fields + 2, 2);
    } else {
        said->error |= mr_json_key_is(j, key, "code");
        mr_dial_member(j, key, fields, MR_COUNT_OF(fields));
    }
}

static void read_object(struct mr_json *j, struct said *said)
{
    struct mr_span key;
    if (mr_json_peek(j) != MR_JSON_OBJECT) {
        mr_json_skip(j);
        return;
    }
    mr_json_object(j);
    while (mr_json_key(j, &key))
        read_member(j, key, said);
}

static bool read_message(struct mr_span message, struct said *said)
{
    struct said inner = {.result = false};
    struct mr_json j;
    struct mr_span key;
    bool wrapped = false;
    mr_json_open(&j, message.data, message.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_json_key_is(&j, key, "data")) {
                wrapped = true;
                read_object(&j, &inner);
            } else {
                read_member(&j, key, said);
            }
        }
    if (wrapped)
        *said = inner;
    return mr_json_close(&j) == MR_OK;
}

static void control(uint8_t product, struct mr_span message, struct mr_control *out)
{
    struct said said = {.result = false};
    (void)product;
    *out = (struct mr_control){.kind = MR_CONTROL_NONE};
    if (message.len > MR_CONTROL_BYTES_MAX || !read_message(message, &said))
        return;
    if (mr_dial_is(said.event, "serverShutdown")) {
        out->kind = MR_CONTROL_CLOSING;
        mr_dial_text(said.event, out->text, sizeof out->text);
    } else if (said.event.data) { // NOLINT(bugprone-branch-clone): returns for another reason than the last branch
        return;                   /* whatever else it holds, it is market data */
    } else if (said.error) {
        out->kind = MR_CONTROL_ERROR;
        mr_dial_text(said.message, out->text, sizeof out->text);
    } else if (said.result) {
        out->kind = MR_CONTROL_ACK;
    } else {
        return;
    }
    out->id = mr_dial_id(said.id);
}

/* ---- REST ---- */

static int url(uint8_t product, enum mr_url_kind kind, const char *symbol, struct mr_text *path, struct mr_text *body)
{
    bool usdm_host = product == BINANCE_USDM;
    (void)body;
    if (kind != MR_URL_INSTRUMENTS && !symbol[0])
        return MR_E_UNSUPPORTED;
    if (symbol[0] && !mr_dial_parameter(symbol))
        return MR_E_INVALID;
    switch (kind) {
    case MR_URL_INSTRUMENTS: /* USD-M has no list of one; spot's whole list is 20 MB */
        mr_text_add(path, usdm_host ? "/fapi/v1/exchangeInfo" : "/api/v3/exchangeInfo");
        if (!usdm_host && symbol[0])
            mr_text_format(path, "?symbol=%s", symbol);
        return MR_OK;
    case MR_URL_SNAPSHOT:
        mr_text_format(path, "%s?symbol=%s&limit=1000", usdm_host ? "/fapi/v1/depth" : "/api/v3/depth", symbol);
        return MR_OK;
    case MR_URL_INTEREST:
        if (!usdm_host)
            return MR_E_UNSUPPORTED;
        mr_text_format(path, "/fapi/v1/openInterest?symbol=%s", symbol);
        return MR_OK;
    case MR_URL_TOKEN:
        break;
    }
    return MR_E_UNSUPPORTED;
}

/* Of 2,400 (USD-M); spot's are of its own documents, of a limit that was 1,200 when it was lowest. */
static uint32_t weight(uint8_t product, enum mr_url_kind kind)
{
    if (kind == MR_URL_SNAPSHOT)
        return product == BINANCE_USDM ? 20 : 50;
    return kind == MR_URL_INSTRUMENTS && product != BINANCE_USDM ? 20 : 1;
}

const struct mr_dialect mr_dialect_binance = {
    .limits = {.dials = 300, .dials_s = 300}, /* spot's rule; USD-M publishes none, and has the same */
    .products = products,
    .name = name,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .control = control,
    .url = url,
    .weight = weight,
};
