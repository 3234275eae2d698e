/* The general path: which kind of message it is, in a wrapper or bare; the kinds themselves stand in messages.c and
 * depth.c. */
#include "codecs/venue/binance/binance_priv.h"

typedef int build_fn(struct binance_message *m, const struct binance_fields *f);

static const struct {
    const char *name;
    uint8_t kind;
    build_fn *build;
} by_name[] = {
    {"aggTrade", KIND_AGG_TRADE, binance_agg_trade},
    {"trade", KIND_TRADE, binance_raw_trade},
    {"bookTicker", KIND_BOOK_TICKER, binance_book_ticker},
    {"depthUpdate", KIND_DEPTH, binance_depth},
    {"markPriceUpdate", KIND_MARK, binance_mark_price},
    {"forceOrder", KIND_FORCE_ORDER, binance_force_order},
    {"kline", KIND_KLINE, binance_kline},
    {"24hrTicker", KIND_TICKER, binance_nothing},
    {"24hrMiniTicker", KIND_MINI_TICKER, binance_nothing},
    {"contractInfo", KIND_CONTRACT, binance_contract_info},
    {"serverShutdown", KIND_SHUTDOWN, binance_shutdown_notice},
    {"1hTicker", KIND_OTHER, binance_nothing},
    {"4hTicker", KIND_OTHER, binance_nothing},
    {"1dTicker", KIND_OTHER, binance_nothing},
    {"avgPrice", KIND_OTHER, binance_nothing},
    {"compositeIndex", KIND_OTHER, binance_nothing},
    {"assetIndexUpdate", KIND_OTHER, binance_nothing},
    {"continuous_kline", KIND_OTHER, binance_nothing},
    {"tradingSession", KIND_OTHER, binance_nothing},
};

/* Answers to our own requests, and the two market messages that do not name their kind. */
static int nameless(struct binance_message *m, const struct binance_fields *f)
{
    struct mr_decoder *dec = m->dec;
    const uint64_t ticker = 1ull << ('u' & 63) | 1ull << ('s' & 63) | 1ull << ('b' & 63) | 1ull << ('a' & 63);
    if ((f->letters & ticker) == ticker) {
        dec->kind = KIND_BOOK_TICKER;
        return binance_book_ticker(m, f);
    }
    if (f->words >> WORD_LAST_UPDATE_ID & 1) {
        dec->kind = KIND_PARTIAL;
        return binance_partial(m, f);
    }
    bool result = f->words >> WORD_RESULT & 1, code = f->words >> WORD_CODE & 1, error = f->words >> WORD_ERROR & 1;
    if (!result && !code && !error)
        return mr_take_fail(dec, MR_E_UNKNOWN, "e", NULL);
    dec->kind = result && !error ? KIND_ACK : KIND_ERROR;
    mr_shape_refuse(&dec->recorder);
    return MR_OK;
}

static int build(struct binance_message *m, const struct binance_fields *f)
{
    uint8_t room[32];
    struct mr_span name;
    if (!(f->letters >> ('e' & 63) & 1))
        return nameless(m, f);
    int status = binance_string(m->dec, f, 'e', "e", room, sizeof room, &name);
    if (status < 0)
        return status;
    for (size_t i = 0; i < MR_COUNT_OF(by_name); i++)
        if (mr_span_is(name, by_name[i].name, strlen(by_name[i].name))) {
            m->dec->kind = by_name[i].kind;
            int coin_m = binance_coin_m(m->dec, f);
            if (mr_likely(coin_m == 0))
                return by_name[i].build(m, f);
            m->dec->kind = KIND_COIN_M; /* all-market streams carry COIN-M too: other units, other product */
            return coin_m < 0 ? coin_m : binance_nothing(m, f);
        }
    m->dec->name = binance_letter(f, 'e');
    return mr_take_fail(m->dec, MR_E_UNKNOWN, "e", m->dec->name.data);
}

/* Streams of all symbols ("!markPrice@arr"). Symbols that nobody configured are passed over and counted; MR_E_SYMBOL
 * only where none is known, so that a caller who adds as it goes gets a start. */
static int build_each(struct binance_message *m, struct mr_json *j)
{
    struct mr_decoder *dec = m->dec;
    struct binance_fields f;
    uint32_t unknown = 0, known = 0;
    struct mr_span first = {NULL, 0};
    mr_shape_refuse(&dec->recorder);
    if (mr_json_array(j))
        while (mr_json_next(j)) {
            if (binance_collect(dec, j, &f) < 0)
                break;
            int status = build(m, &f);
            if (status == MR_E_SYMBOL) {
                first = unknown++ ? first : dec->name;
                continue;
            }
            if (status < 0)
                return status;
            known++;
        }
    if (mr_json_close(j) < 0)
        return binance_failed(dec, j);
    if (!known && !unknown)
        return mr_take_fail(dec, MR_E_MISSING, "data", NULL); /* a list of nothing is of no kind */
    dec->passed_over += known ? unknown : 0;
    dec->name = known ? (struct mr_span){NULL, 0} : first;
    return unknown && !known ? mr_take_fail(dec, MR_E_SYMBOL, "s", first.data) : MR_OK;
}

/* ---- bare or wrapped: {"stream":"btcusdt@aggTrade","data":{...}} ---- */

struct wrapper {
    struct mr_span stream, data;
};

static void keep_wrapper(struct mr_decoder *dec, struct mr_json *j, struct wrapper *w, struct binance_fields *f)
{
    struct mr_span key;
    while (mr_json_key(j, &key)) {
        bool stream = mr_json_key_is(j, key, "stream"), data = mr_json_key_is(j, key, "data");
        if (mr_unlikely((stream && w->stream.data) || (data && w->data.data)))
            mr_json_fail(j, MR_E_MALFORMED); /* twice */
        else if (stream)
            mr_json_string(j, &w->stream);
        else if (data)
            mr_json_raw(j, &w->data);
        else
            binance_keep(dec, j, key, f);
    }
}

static int build_raw(struct binance_message *m, struct mr_span raw)
{
    struct binance_fields f;
    struct mr_json j;
    binance_reopen(&j, raw);
    if (mr_json_peek(&j) == MR_JSON_ARRAY)
        return build_each(m, &j);
    return binance_collect(m->dec, &j, &f) < 0 ? binance_failed(m->dec, &j) : build(m, &f);
}

int binance_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    struct binance_message m = {.dec = dec, .frame = frame, .out = out, .end = out + out_max};
    struct binance_fields f = {.letters = 0};
    struct wrapper w = {{NULL, 0}, {NULL, 0}};
    struct mr_json j;
    mr_json_open(&j, frame->data, frame->len);
    bool array = mr_json_peek(&j) == MR_JSON_ARRAY;
    if (!array && mr_json_object(&j))
        keep_wrapper(dec, &j, &w, &f);
    if (!array && mr_json_close(&j) < 0)
        return binance_failed(dec, &j);
    if (w.data.data && !w.stream.data)
        return mr_take_fail(dec, MR_E_MISSING, "stream", NULL);
    m.stream = w.stream;
    struct mr_span data = array ? (struct mr_span){frame->data, frame->len} : w.data;
    int status = data.data ? build_raw(&m, data) : build(&m, &f);
    return status < 0 ? status : (int)(m.out - out);
}
