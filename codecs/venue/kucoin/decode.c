/* KuCoin's public messages. Classic: {"topic":"/contractMarket/level2:XBTUSDTM","type":"message","subject":..,"data":..};
 * until 2022, and on spot, with `data` first, so it is decoded where it stands when the topic came before it, and again
 * from its bytes when not. Token-less: {"T":..,"d":..} (uta.c). */
#include "codecs/venue/kucoin/kucoin_priv.h"

struct envelope {
    struct mr_kucoin_message m;
    struct mr_field topic, subject, type, result, message;
    struct mr_kucoin_uta uta;
    struct mr_span data; /* that came before what says what it is */
    mr_kucoin_row_fn *row;
    bool done;
};

/* ---- what a topic is ---- */

/* of the instrument topics: the subject says which */
static mr_kucoin_row_fn by_subject, nothing;

static const struct {
    const char *name;
    uint8_t product, kind;
    mr_kucoin_row_fn *row;
} topics[] = {
    {"/contractMarket/level2", MR_KUCOIN_FUTURES, MR_KUCOIN_LEVEL2, mr_kucoin_change},
    {"/contractMarket/tickerV2", MR_KUCOIN_FUTURES, MR_KUCOIN_TICKER_V2, mr_kucoin_ticker_futures},
    {"/contractMarket/execution", MR_KUCOIN_FUTURES, MR_KUCOIN_EXECUTION, mr_kucoin_trade},
    {"/contractMarket/level2Depth5", MR_KUCOIN_FUTURES, MR_KUCOIN_DEPTH_5, mr_kucoin_depth},
    {"/contractMarket/level2Depth50", MR_KUCOIN_FUTURES, MR_KUCOIN_DEPTH_50, mr_kucoin_depth},
    {"/contract/instrument", MR_KUCOIN_FUTURES, MR_KUCOIN_MARK_INDEX, by_subject},
    {"/contractMarket/ticker", MR_KUCOIN_FUTURES, MR_KUCOIN_TICKER, mr_kucoin_ticker_futures},
    {"/contractMarket/limitCandle", MR_KUCOIN_FUTURES, MR_KUCOIN_LIMIT_CANDLE, mr_kucoin_candle},
    {"/contractMarket/candle", MR_KUCOIN_FUTURES, MR_KUCOIN_CANDLE_OLD, mr_kucoin_candle},
    {"/contractMarket/snapshot", MR_KUCOIN_FUTURES, MR_KUCOIN_SNAPSHOT_24H, nothing},
    {"/contract/announcement", MR_KUCOIN_FUTURES, MR_KUCOIN_FUNDING_BEGIN, by_subject},
    {"/market/level2", MR_KUCOIN_SPOT, MR_KUCOIN_LEVEL2, mr_kucoin_changes},
    {"/market/ticker", MR_KUCOIN_SPOT, MR_KUCOIN_TICKER, mr_kucoin_ticker_spot},
    {"/market/match", MR_KUCOIN_SPOT, MR_KUCOIN_MATCH, mr_kucoin_trade},
    {"/spotMarket/level1", MR_KUCOIN_SPOT, MR_KUCOIN_LEVEL1, mr_kucoin_level1},
    {"/spotMarket/level2Depth5", MR_KUCOIN_SPOT, MR_KUCOIN_DEPTH_5, mr_kucoin_depth},
    {"/spotMarket/level2Depth50", MR_KUCOIN_SPOT, MR_KUCOIN_DEPTH_50, mr_kucoin_depth},
    {"/market/candles", MR_KUCOIN_SPOT, MR_KUCOIN_CANDLES, mr_kucoin_candle},
    {"/market/snapshot", MR_KUCOIN_SPOT, MR_KUCOIN_SNAPSHOT, nothing},
    {"/indicator/index", MR_KUCOIN_SPOT, MR_KUCOIN_INDICATOR, nothing},
    {"/indicator/markPrice", MR_KUCOIN_SPOT, MR_KUCOIN_INDICATOR, nothing},
    {"/callauction/level2Depth50", MR_KUCOIN_SPOT, MR_KUCOIN_AUCTION, nothing},
    {"/callauction/callauctionData", MR_KUCOIN_SPOT, MR_KUCOIN_AUCTION, nothing},
};

static bool nothing(struct mr_kucoin_message *m, struct mr_json *j)
{
    mr_shape_refuse(&m->rows.dec->recorder);
    return mr_json_skip(j);
}

static bool by_subject(struct mr_kucoin_message *m, struct mr_json *j) { return nothing(m, j); }

/* "XBTUSDTM_1min": the symbol is the part before the last '_', the interval the one behind it. */
static void split_interval(struct mr_kucoin_message *m)
{
    uint32_t at = m->symbol.len;
    while (at && m->symbol.data[at - 1] != '_')
        at--;
    m->interval_s = at ? mr_kucoin_interval((struct mr_span){m->symbol.data + at, m->symbol.len - at}) : 0;
    m->symbol.len = at ? at - 1 : m->symbol.len;
}

static bool topic(struct envelope *e)
{
    struct mr_rows *r = &e->m.rows;
    struct mr_span text = e->topic.text, name = mr_span_before(text, ':');
    if (!mr_field_text(r, &e->topic, "topic"))
        return false;
    for (size_t i = 0; i < MR_COUNT_OF(topics); i++)
        if (topics[i].product == r->dec->product && mr_span_is(name, topics[i].name, strlen(topics[i].name))) {
            e->m.kind = topics[i].kind;
            e->m.symbol = mr_span_after(text, ':');
            e->row = topics[i].row;
            if (e->row == mr_kucoin_candle)
                split_interval(&e->m);
            return true;
        }
    r->dec->name = name;
    return mr_rows_fail_at(r, MR_E_UNKNOWN, "topic", text);
}

/* What a topic of several kinds says this time. */
static bool subject(struct envelope *e)
{
    /* clang-format off */
    static const struct { const char *name; uint8_t topic, kind; mr_kucoin_row_fn *row; } subjects[] = {
        {"mark.index.price", MR_KUCOIN_MARK_INDEX,    MR_KUCOIN_MARK_INDEX,    mr_kucoin_mark_index},
        {"funding.rate",     MR_KUCOIN_MARK_INDEX,    MR_KUCOIN_FUNDING_RATE,  mr_kucoin_funding_rate},
        {"funding.begin",    MR_KUCOIN_FUNDING_BEGIN, MR_KUCOIN_FUNDING_BEGIN, mr_kucoin_funding_begin},
        {"funding.end",      MR_KUCOIN_FUNDING_BEGIN, MR_KUCOIN_FUNDING_END,   nothing},
    };
    /* clang-format on */
    struct mr_rows *r = &e->m.rows;
    if (!mr_field_text(r, &e->subject, "subject"))
        return false;
    for (size_t i = 0; i < MR_COUNT_OF(subjects); i++)
        if (subjects[i].topic == e->m.kind && mr_field_is(&e->subject, subjects[i].name)) {
            e->m.kind = subjects[i].kind;
            e->row = subjects[i].row;
            return true;
        }
    r->dec->name = e->subject.text;
    return mr_rows_fail_at(r, MR_E_UNKNOWN, "subject", e->subject.text);
}

/* All tickers come under one topic, each under the subject that is its symbol. */
static bool all_tickers(const struct envelope *e)
{
    return e->row == mr_kucoin_ticker_spot && mr_span_is(e->m.symbol, "all", 3);
}

static bool data(struct envelope *e, struct mr_json *j)
{
    struct mr_rows *r = &e->m.rows;
    e->done = true;
    if (e->row == by_subject && !subject(e))
        return false;
    if (all_tickers(e)) {
        if (!mr_field_text(r, &e->subject, "subject"))
            return false;
        e->m.symbol = e->subject.text;
    }
    if (e->row != nothing && e->row != mr_kucoin_funding_begin) {
        if (!e->m.symbol.len)
            return mr_rows_fail(r, MR_E_MISSING, "topic: symbol");
        if (!mr_rows_symbol(r, e->m.symbol))
            return false;
    }
    return e->row(&e->m, j);
}

/* ---- the message ---- */

static bool data_comes(struct envelope *e, struct mr_json *j)
{
    if (e->done || e->data.data)
        return mr_rows_fail(&e->m.rows, MR_E_MALFORMED, "data");
    bool waits = !e->row || ((e->row == by_subject || all_tickers(e)) && e->subject.type == MR_JSON_NONE);
    return waits ? mr_json_raw(j, &e->data) : data(e, j);
}

static bool member(struct envelope *e, struct mr_json *j, struct mr_span key)
{
    struct mr_rows *r = &e->m.rows;
    if (mr_json_key_is(j, key, "topic"))
        return mr_field_take(r, j, &e->topic, "topic") && topic(e);
    if (mr_json_key_is(j, key, "type"))
        return mr_field_take(r, j, &e->type, "type");
    if (mr_json_key_is(j, key, "subject"))
        return mr_field_take(r, j, &e->subject, "subject");
    if (mr_json_key_is(j, key, "data"))
        return data_comes(e, j);
    if (mr_json_key_is(j, key, "T"))
        return mr_field_take(r, j, &e->uta.topic, "T");
    if (mr_json_key_is(j, key, "dp"))
        return mr_field_take(r, j, &e->uta.depth, "dp");
    if (mr_json_key_is(j, key, "t"))
        return mr_field_take(r, j, &e->uta.type, "t");
    if (mr_json_key_is(j, key, "d")) {
        if (e->done || e->data.data)
            return mr_rows_fail(r, MR_E_MALFORMED, "d");
        return mr_json_raw(j, &e->data);
    }
    if (mr_json_key_is(j, key, "result"))
        return mr_field_take(r, j, &e->result, "result");
    if (mr_json_key_is(j, key, "message"))
        return mr_field_take(r, j, &e->message, "message");
    return mr_rows_skip(r, j);
}

static bool data_message(struct envelope *e)
{
    struct mr_rows *r = &e->m.rows;
    struct mr_json late;
    bool uta = e->topic.type == MR_JSON_NONE;
    if (!e->done) {
        if (!e->data.data)
            return mr_rows_fail(r, MR_E_MISSING, uta ? "d" : "data");
        mr_json_open(&late, e->data.data, e->data.len);
        (void)(uta ? mr_kucoin_uta(&e->m, &e->uta, &late) : data(e, &late));
        if (!mr_rows_late_end(r, &late))
            return false;
    }
    r->dec->kind = e->m.kind;
    return true;
}

/* Answers to what we sent: {"id":..,"type":"ack"}; the token-less socket's {"id":..,"result":true}, {"message":"welcome",..}. */
static bool control_message(struct envelope *e)
{
    static const struct {
        const char *type;
        uint8_t kind;
    } types[] = {
        {"welcome", MR_KUCOIN_WELCOME},
        {"ack", MR_KUCOIN_ACK},
        {"pong", MR_KUCOIN_PONG},
        {"error", MR_KUCOIN_ERROR},
    };
    struct mr_rows *r = &e->m.rows;
    const struct mr_field *what = e->type.type != MR_JSON_NONE ? &e->type : &e->message;
    mr_shape_refuse(&r->dec->recorder);
    if (e->result.type == MR_JSON_TRUE || e->result.type == MR_JSON_FALSE) {
        r->dec->kind = e->result.type == MR_JSON_TRUE ? MR_KUCOIN_ACK : MR_KUCOIN_ERROR;
        return true;
    }
    for (size_t i = 0; i < MR_COUNT_OF(types); i++)
        if (mr_field_is(what, types[i].type)) {
            r->dec->kind = types[i].kind;
            return true;
        }
    r->dec->name = what->text;
    return mr_rows_fail_at(r, MR_E_UNKNOWN, "type", what->text);
}

static int general(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    struct envelope e;
    struct mr_json j;
    struct mr_span key;
    mr_rows_open(&e.m.rows, dec, frame, out, out_max);
    e.topic = e.subject = e.type = e.result = e.message = e.uta.topic = e.uta.depth = e.uta.type =
        (struct mr_field){{NULL, 0}, MR_JSON_NONE};
    e.data = e.m.symbol = (struct mr_span){NULL, 0};
    e.m.kind = MR_KUCOIN_UNKNOWN;
    e.m.interval_s = 0;
    e.row = NULL;
    e.done = false;
    mr_json_open(&j, frame->data, frame->len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key) && member(&e, &j, key))
            ;
    bool about_market = e.topic.type != MR_JSON_NONE || e.uta.topic.type != MR_JSON_NONE;
    if (j.status == MR_OK && e.m.rows.status == MR_OK)
        (void)(about_market ? data_message(&e) : control_message(&e));
    return mr_rows_end(&e.m.rows, &j);
}

int mr_kucoin_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    return general(dec, frame, out, out_max);
}
