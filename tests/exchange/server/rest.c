/* The venues' REST side: instrument lists, books, open interest, time. */
#include "codecs/json/json.h"
#include "tests/exchange/server/bodies.h"
#include "tests/exchange/server/speak.h"

#define MS(ns) ((long long)((ns) / 1000000))

struct mr_span mr_rest_param(struct mr_span query, const char *name)
{
    size_t len = strlen(name);
    while (query.len) {
        const uint8_t *end = memchr(query.data, '&', query.len);
        uint32_t n = end ? (uint32_t)(end - query.data) : query.len;
        if (n > len && memcmp(query.data, name, len) == 0 && query.data[len] == '=')
            return (struct mr_span){query.data + len + 1, n - (uint32_t)len - 1};
        query.data += end ? n + 1 : n;
        query.len -= end ? n + 1 : n;
    }
    return (struct mr_span){query.data, 0};
}

struct ask {
    struct mr_tape *tape;
    uint8_t venue, product;
    const struct mr_rest_request *r;
    struct mr_truth *scratch;
    int64_t now_ns;
    struct mr_text *t;
};

static uint32_t whole(struct mr_span text, uint32_t otherwise)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || value > 100000)
            return otherwise;
        value = value * 10 + (text.data[i] - '0');
    }
    return text.len ? value : otherwise;
}

/* Books: `refusal` is what the venue says of a symbol it does not have. No book yet: 503, ask again. */
static int depth(struct ask *a, struct mr_span symbol, uint32_t levels, const char *refusal, int refusal_status)
{
    int status = mr_tape_truth(a->tape, a->venue, a->product, symbol, levels, a->scratch);
    if (status == MR_OK) {
        if (a->r->stale)
            mr_truth_age(a->scratch);
        mr_body_depth(a->t, a->scratch);
        return 200;
    }
    mr_text_add(a->t, status == MR_E_EMPTY ? "{\"msg\":\"no book yet, ask again\"}" : refusal);
    return status == MR_E_EMPTY ? 503 : refusal_status;
}

static int other(struct ask *a, struct mr_span symbol, enum mr_market_answer what, const char *refusal,
                 int refusal_status)
{
    size_t before = a->t->len;
    int status = mr_tape_ask(a->tape, a->venue, a->product, symbol, what, a->t);
    if (status == MR_OK)
        return 200;
    a->t->len = before;
    mr_text_add(a->t, refusal);
    return refusal_status;
}

static int binance(struct ask *a)
{
    static const char refusal[] = "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}";
    struct mr_span path = a->r->path, symbol = mr_rest_param(a->r->query, "symbol");
    if (mr_span_eq(path, "/fapi/v1/depth") || mr_span_eq(path, "/api/v3/depth"))
        return depth(a, symbol, whole(mr_rest_param(a->r->query, "limit"), 500), refusal, 400);
    if (mr_span_eq(path, "/fapi/v1/exchangeInfo") || mr_span_eq(path, "/api/v3/exchangeInfo"))
        return other(a, symbol, MR_MARKET_INSTRUMENTS, refusal, 400);
    if (mr_span_eq(path, "/fapi/v1/openInterest"))
        return other(a, symbol, MR_MARKET_INTEREST, refusal, 400);
    if (mr_span_eq(path, "/fapi/v1/time") || mr_span_eq(path, "/api/v3/time")) {
        mr_text_format(a->t, "{\"serverTime\":%lld}", MS(a->now_ns));
        return 200;
    }
    mr_text_add(a->t, "{\"code\":-5000,\"msg\":\"Path not found.\"}");
    return 404;
}

static int bybit(struct ask *a)
{
    static const char refusal[] =
        "{\"retCode\":10001,\"retMsg\":\"Not supported symbols\",\"result\":{},\"retExtInfo\":{},\"time\":0}";
    struct mr_span symbol = mr_rest_param(a->r->query, "symbol");
    if (mr_span_eq(a->r->path, "/v5/market/orderbook"))
        return depth(a, symbol, whole(mr_rest_param(a->r->query, "limit"), 25), refusal, 200);
    if (mr_span_eq(a->r->path, "/v5/market/instruments-info"))
        return other(a, mr_rest_param(a->r->query, "category"), MR_MARKET_INSTRUMENTS, refusal, 200);
    if (mr_span_eq(a->r->path, "/v5/market/time")) {
        mr_text_format(
            a->t,
            "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"timeSecond\":\"%lld\"},\"retExtInfo\":{},\"time\":%lld}",
            MS(a->now_ns) / 1000, MS(a->now_ns));
        return 200;
    }
    mr_text_add(a->t, "{\"retCode\":404,\"retMsg\":\"404 not found\"}");
    return 404;
}

/* The rows of a stream message are those of the REST answer. */
static int okx_interest(struct ask *a, struct mr_span symbol, const char *refusal)
{
    char message[1024];
    struct mr_text t;
    mr_text_init(&t, message, sizeof message);
    const char *rows = mr_tape_ask(a->tape, a->venue, a->product, symbol, MR_MARKET_INTEREST, &t) == MR_OK
                           ? strstr(message, "\"data\":")
                           : NULL;
    if (!rows) {
        mr_text_add(a->t, refusal);
        return 200;
    }
    mr_text_format(a->t, "{\"code\":\"0\",\"msg\":\"\",%s", rows);
    return 200;
}

static int okx(struct ask *a)
{
    static const char refusal[] = "{\"code\":\"51001\",\"msg\":\"Instrument ID doesn't exist.\",\"data\":[]}";
    struct mr_span symbol = mr_rest_param(a->r->query, "instId");
    if (mr_span_eq(a->r->path, "/api/v5/market/books"))
        return depth(a, symbol, whole(mr_rest_param(a->r->query, "sz"), 1), refusal, 200);
    if (mr_span_eq(a->r->path, "/api/v5/public/instruments"))
        return other(a, mr_rest_param(a->r->query, "instType"), MR_MARKET_INSTRUMENTS, refusal, 200);
    if (mr_span_eq(a->r->path, "/api/v5/public/open-interest"))
        return okx_interest(a, symbol, refusal);
    if (mr_span_eq(a->r->path, "/api/v5/public/time")) {
        mr_text_format(a->t, "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"ts\":\"%lld\"}]}", MS(a->now_ns));
        return 200;
    }
    mr_text_add(a->t, "{\"code\":\"404\",\"data\":{},\"msg\":\"Not Found\"}");
    return 404;
}

static void context(void *arg, uint8_t venue, uint8_t product, const char *symbol)
{
    struct ask *a = arg;
    char message[2048];
    struct mr_text t;
    if (venue != a->venue || product != a->product)
        return;
    mr_text_init(&t, message, sizeof message);
    const char *ctx = mr_tape_ask(a->tape, venue, product, mr_span_of(symbol), MR_MARKET_INTEREST, &t) == MR_OK
                          ? strstr(message, "\"ctx\":")
                          : NULL;
    if (a->t->out[a->t->len - 1] != '[')
        mr_text_add(a->t, ",");
    if (ctx) /* without the two braces around it */
        mr_text_bytes(a->t, ctx + 6, strlen(ctx) - 8);
    else
        mr_text_add(a->t, "null");
}

/* [meta, [context, ...]] in the order of the universe. */
static int contexts(struct ask *a)
{
    mr_text_add(a->t, "[");
    int status = other(a, (struct mr_span){NULL, 0}, MR_MARKET_INSTRUMENTS, "null", 500);
    if (status != 200) {
        a->t->len = 0;
        mr_text_add(a->t, "null");
        return status;
    }
    mr_text_add(a->t, ",[");
    mr_tape_each(a->tape, context, a);
    mr_text_add(a->t, "]]");
    return 200;
}

static int hyperliquid(struct ask *a)
{
    struct mr_json j;
    struct mr_span key, type = {NULL, 0}, coin = {NULL, 0};
    mr_json_open(&j, a->r->body.data, a->r->body.len);
    if (a->r->post && mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_span_eq(key, "type"))
                mr_json_string(&j, &type);
            else if (mr_span_eq(key, "coin"))
                mr_json_string(&j, &coin);
            else
                mr_json_skip(&j);
        }
    if (!a->r->post || mr_json_close(&j) != MR_OK) {
        mr_text_add(a->t, "Failed to deserialize the JSON body into the target type");
        return a->r->post ? 422 : 405;
    }
    if (mr_span_eq(type, "meta"))
        return other(a, coin, MR_MARKET_INSTRUMENTS, "null", 500);
    if (mr_span_eq(type, "metaAndAssetCtxs"))
        return contexts(a);
    if (mr_span_eq(type, "l2Book"))
        return depth(a, coin, 20, "null", 500);
    if (mr_span_eq(type, "exchangeStatus")) {
        mr_text_format(a->t, "{\"time\":%lld,\"specialStatuses\":null}", MS(a->now_ns));
        return 200;
    }
    mr_text_add(a->t, "Failed to deserialize the JSON body into the target type");
    return 422;
}

static int mexc(struct ask *a)
{
    static const char refusal[] = "{\"success\":false,\"code\":1001,\"message\":\"Contract does not exist\"}";
    static const char base[] = "/api/v1/contract/";
    struct mr_span what = a->r->path, symbol;
    if (what.len < sizeof base - 1 || memcmp(what.data, base, sizeof base - 1) != 0)
        what = (struct mr_span){what.data, 0};
    else
        what = (struct mr_span){what.data + sizeof base - 1, what.len - (uint32_t)sizeof base + 1};
    const uint8_t *slash = what.len ? memchr(what.data, '/', what.len) : NULL;
    uint32_t n = slash ? (uint32_t)(slash - what.data) : what.len;
    symbol = slash ? (struct mr_span){slash + 1, what.len - n - 1} : (struct mr_span){what.data, 0};
    what.len = n;
    if (mr_span_eq(what, "depth"))
        return depth(a, symbol, whole(mr_rest_param(a->r->query, "limit"), 100), refusal, 200);
    if (mr_span_eq(what, "detail"))
        return other(a, symbol, MR_MARKET_INSTRUMENTS, refusal, 200);
    if (mr_span_eq(what, "ping")) {
        mr_text_format(a->t, "{\"success\":true,\"code\":0,\"data\":%lld}", MS(a->now_ns));
        return 200;
    }
    mr_text_add(a->t, "{\"success\":false,\"code\":404,\"message\":\"Not Found\"}");
    return 404;
}

static int kucoin(struct ask *a)
{
    static const char refusal[] = "{\"code\":\"100001\",\"msg\":\"symbol is invalid\"}",
                      contracts[] = "/api/v1/contracts/";
    struct mr_span path = a->r->path, symbol = mr_rest_param(a->r->query, "symbol");
    if (mr_span_eq(path, "/api/v1/bullet-public")) {
        if (!a->r->post) {
            mr_text_add(a->t, "{\"code\":\"400005\",\"msg\":\"Method Not Allowed\"}");
            return 405;
        }
        bool spot = a->product == mr_talk_product("kucoin", "spot");
        mr_text_add(a->t, "{\"code\":\"200000\",\"data\":{\"token\":\"");
        mr_kucoin_token_write(a->t, a->product, a->now_ns);
        mr_text_format(a->t,
                       "\",\"instanceServers\":[{\"endpoint\":\"wss://ws-api-%s.kucoin.com/\",\"encrypt\":true,"
                       "\"protocol\":\"websocket\",\"pingInterval\":18000,\"pingTimeout\":10000}]}}",
                       spot ? "spot" : "futures");
        return 200;
    }
    if (mr_span_eq(path, "/api/v1/level2/snapshot"))
        return depth(a, symbol, MR_TAPE_LEVELS_MAX, refusal, 200);
    if (mr_span_eq(path, "/api/v1/market/orderbook/level2_100"))
        return depth(a, symbol, 100, refusal, 200);
    if (mr_span_eq(path, "/api/v1/contracts/active") || mr_span_eq(path, "/api/v2/symbols"))
        return other(a, symbol, MR_MARKET_INSTRUMENTS, refusal, 200);
    if (mr_span_starts(path, contracts))
        return other(a, mr_span_from(path, sizeof contracts - 1), MR_MARKET_INTEREST, refusal, 200);
    mr_text_add(a->t, "{\"code\":\"404\",\"msg\":\"Not Found\"}");
    return 404;
}

/* POST /books: [{"token_id":".."},..]; what is not known is left out. */
static int polymarket_books(struct ask *a)
{
    struct mr_json j;
    struct mr_span key;
    bool first = true;
    mr_json_open(&j, a->r->body.data, a->r->body.len);
    mr_text_add(a->t, "[");
    if (mr_json_array(&j))
        while (mr_json_next(&j) && mr_json_object(&j)) {
            struct mr_span token = {NULL, 0};
            while (mr_json_key(&j, &key))
                if (!(mr_json_key_is(&j, key, "token_id") ? mr_json_string(&j, &token) : mr_json_skip(&j)))
                    break;
            if (!token.len || mr_tape_truth(a->tape, a->venue, a->product, token, 0, a->scratch) != MR_OK)
                continue;
            mr_text_add(a->t, first ? "" : ",");
            mr_body_depth(a->t, a->scratch);
            first = false;
        }
    mr_text_add(a->t, "]");
    if (mr_json_close(&j) == MR_OK)
        return 200;
    a->t->len = 0;
    mr_text_add(a->t, "{\"error\":\"Invalid payload\"}");
    return 400;
}

static int polymarket(struct ask *a)
{
    static const char refusal[] = "{\"error\":\"No orderbook exists for the requested token id\"}";
    if (mr_span_eq(a->r->path, "/book"))
        return depth(a, mr_rest_param(a->r->query, "token_id"), 0, refusal, 404);
    if (mr_span_eq(a->r->path, "/books") && a->r->post)
        return polymarket_books(a);
    mr_text_add(a->t, "{\"error\":\"Not Found\"}");
    return 404;
}

int mr_rest_answer(struct mr_tape *tape, uint8_t venue, uint8_t product, const struct mr_rest_request *r,
                   struct mr_truth *scratch, int64_t now_ns, struct mr_text *t)
{
    struct ask a = {tape, venue, product, r, scratch, now_ns, t};
    switch (venue) {
    case MR_VENUE_binance:
        return binance(&a);
    case MR_VENUE_bybit:
        return bybit(&a);
    case MR_VENUE_okx:
        return okx(&a);
    case MR_VENUE_hyperliquid:
        return hyperliquid(&a);
    case MR_VENUE_kucoin:
        return kucoin(&a);
    case MR_VENUE_polymarket:
        return polymarket(&a);
    case MR_VENUE_mexc:
        return mexc(&a);
    default:
        return 404;
    }
}
