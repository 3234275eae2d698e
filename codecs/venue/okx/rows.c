/* Rows of `data`, one function a channel. The same rows come by REST. */
#include "codecs/venue/okx/okx_priv.h"

/* A row's own instId, else that of the subscription. */
static bool instrument(struct mr_okx_message *m, const struct mr_field *own)
{
    struct mr_span symbol = own && mr_field_has(own) ? own->text : m->symbol;
    return symbol.len ? mr_rows_symbol(&m->rows, symbol) : mr_rows_fail(&m->rows, MR_E_MISSING, "instId");
}

/* Since 2023 trades are aggregated: `tradeId` is the last of `count`. A 2022 row has neither count nor source nor
 * seqId. */
static bool trade(struct mr_okx_message *m, struct mr_json *j)
{
    enum { ID, TRADE, PX, SZ, SIDE, TS, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("instId"), MR_FIELD("tradeId"), MR_FIELD("px"),
                                                       MR_FIELD("sz"),     MR_FIELD("side"),    MR_FIELD("ts")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    if (!mr_fields_read(r, j, names, FIELDS, f) || !instrument(m, &f[ID]))
        return false;
    struct mr_event *ev = mr_rows_event(r, MR_EVENT_TRADE, 0);
    if (ev && m->kind == MR_OKX_KIND_TRADES_ALL)
        ev->flags |= MR_FLAG_SECONDARY;
    return ev && mr_field_ms(r, &f[TS], "ts", &ev->venue_ns) && mr_field_u64(r, &f[TRADE], "tradeId", &ev->seq) &&
           mr_field_price(r, &f[PX], "px", &ev->price) && mr_field_size(r, &f[SZ], "sz", &ev->size) &&
           mr_field_side(r, &f[SIDE], "side", "buy", "sell", &ev->flags) && mr_rows_notional(r, ev);
}

/* [["83.81","11.93175","0","1"]]: price, size, a dead field, the number of orders. [] says that the side is empty. */
static bool best_side(struct mr_rows *r, struct mr_json *j, struct mr_level *level, const char *name)
{
    struct mr_field px = {{NULL, 0}, MR_JSON_NONE}, sz = px;
    r->dec->error_field = name;
    if (!mr_json_array(j))
        return false;
    if (!mr_json_next(j)) {
        mr_shape_refuse(&r->dec->recorder);
        return j->status == MR_OK;
    }
    if (!mr_json_array(j))
        return false;
    bool ok = mr_json_next(j) && mr_field_take(r, j, &px, name) && mr_json_next(j) && mr_field_take(r, j, &sz, name);
    if (!ok)
        return j->status == MR_OK && mr_rows_fail(r, MR_E_MISSING, name);
    while (mr_json_next(j))
        if (!mr_rows_skip(r, j))
            return false;
    if (!mr_field_price(r, &px, name, &level->price) || !mr_field_size(r, &sz, name, &level->size))
        return false;
    if (mr_json_next(j)) { /* more than the best */
        mr_shape_refuse(&r->dec->recorder);
        return mr_json_leave(j);
    }
    return j->status == MR_OK;
}

static bool bbo(struct mr_okx_message *m, struct mr_json *j)
{
    struct mr_rows *r = &m->rows;
    struct mr_field ts = {{NULL, 0}, MR_JSON_NONE}, seq = ts;
    struct mr_level *level;
    struct mr_span key;
    unsigned sides = 0;
    if (!instrument(m, NULL))
        return false;
    struct mr_book_head *head = mr_rows_bbo(r, 0, 0, &level);
    if (!head || !mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        bool asks = mr_json_key_is(j, key, "asks");
        if (asks || mr_json_key_is(j, key, "bids")) {
            if (sides & (1u << asks))
                return mr_rows_fail(r, MR_E_MALFORMED, asks ? "asks" : "bids");
            sides |= 1u << asks;
            if (!best_side(r, j, &level[asks], asks ? "asks" : "bids"))
                return false;
        } else if (!(mr_json_key_is(j, key, "ts")      ? mr_field_take(r, j, &ts, "ts")
                     : mr_json_key_is(j, key, "seqId") ? mr_field_take(r, j, &seq, "seqId")
                                                       : mr_rows_skip(r, j))) {
            return false;
        }
    }
    if (j->status != MR_OK || sides != 3)
        return j->status == MR_OK && mr_rows_fail(r, MR_E_MISSING, sides & 1 ? "asks" : "bids");
    if (!mr_field_ms(r, &ts, "ts", &head->venue_ns))
        return false;
    return !mr_field_has(&seq) ||
           (mr_field_u64(r, &seq, "seqId", &head->seq) && mr_field_u64(r, &seq, "seqId", &head->first_seq));
}

struct book_fields {
    struct mr_field ts, checksum, seq, prev;
};

static bool book_sequence(struct mr_okx_message *m, struct book_fields *f, struct mr_book_head *head)
{
    struct mr_rows *r = &m->rows;
    struct mr_okx_sequence seq = {.prev = -1};
    if (mr_field_has(&f->seq) && !mr_field_u64(r, &f->seq, "seqId", &seq.seq))
        return false;
    if (mr_field_has(&f->prev) && !mr_field_i64(r, &f->prev, "prevSeqId", &seq.prev))
        return false;
    if (mr_field_has(&f->checksum) && !mr_field_i64(r, &f->checksum, "checksum", &seq.checksum))
        return false;
    if (!mr_okx_sequence_good(&seq))
        return mr_rows_fail(r, MR_E_RANGE, seq.prev < -1 ? "prevSeqId" : "checksum");
    mr_okx_sequence(&seq, head);
    return true;
}

static bool book(struct mr_okx_message *m, struct mr_json *j)
{
    struct mr_rows *r = &m->rows;
    struct book_fields f = {.ts.type = MR_JSON_NONE};
    struct mr_sides sides;
    struct mr_span key;
    mr_shape_refuse(&r->dec->recorder); /* sequence numbers and checksum are looked at */
    if (!instrument(m, NULL))
        return false;
    struct mr_book_head *head = mr_sides_open(r, &sides, MR_LEVELS_QUAD);
    if (!head || !mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        bool ok = mr_json_key_is(j, key, "asks")        ? mr_sides_take(r, j, &sides, true, "asks")
                  : mr_json_key_is(j, key, "bids")      ? mr_sides_take(r, j, &sides, false, "bids")
                  : mr_json_key_is(j, key, "ts")        ? mr_field_take(r, j, &f.ts, "ts")
                  : mr_json_key_is(j, key, "checksum")  ? mr_field_take(r, j, &f.checksum, "checksum")
                  : mr_json_key_is(j, key, "seqId")     ? mr_field_take(r, j, &f.seq, "seqId")
                  : mr_json_key_is(j, key, "prevSeqId") ? mr_field_take(r, j, &f.prev, "prevSeqId")
                                                        : mr_json_skip(j);
        if (!ok)
            return false;
    }
    return j->status == MR_OK && mr_sides_end(r, &sides, head) && mr_field_ms(r, &f.ts, "ts", &head->venue_ns) &&
           book_sequence(m, &f, head);
}

/* Best bid and ask of a ticker: up to 100 ms behind bbo-tbt, so never the primary source. */
static bool ticker(struct mr_okx_message *m, struct mr_json *j)
{
    enum { ID, ASK, ASK_SIZE, BID, BID_SIZE, TS, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("instId"), MR_FIELD("askPx"), MR_FIELD("askSz"),
                                                       MR_FIELD("bidPx"),  MR_FIELD("bidSz"), MR_FIELD("ts")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    struct mr_level *level;
    if (!mr_fields_read(r, j, names, FIELDS, f) || !instrument(m, &f[ID]))
        return false;
    bool has_bid = mr_field_has(&f[BID]) && mr_field_has(&f[BID_SIZE]);
    bool has_ask = mr_field_has(&f[ASK]) && mr_field_has(&f[ASK_SIZE]);
    struct mr_book_head *head = mr_rows_bbo(r, 0, 0, &level);
    if (!head || !mr_field_ms(r, &f[TS], "ts", &head->venue_ns))
        return false;
    head->flags |= MR_FLAG_SECONDARY;
    if (has_bid && (!mr_field_price(r, &f[BID], "bidPx", &level[0].price) ||
                    !mr_field_size(r, &f[BID_SIZE], "bidSz", &level[0].size)))
        return false;
    return !has_ask || (mr_field_price(r, &f[ASK], "askPx", &level[1].price) &&
                        mr_field_size(r, &f[ASK_SIZE], "askSz", &level[1].size));
}

static bool value(struct mr_okx_message *m, struct mr_json *j, enum mr_event_kind kind,
                  const struct mr_field_name names[3])
{
    struct mr_rows *r = &m->rows;
    struct mr_field f[3];
    if (!mr_fields_read(r, j, names, 3, f) || !instrument(m, &f[0]))
        return false;
    struct mr_event *ev = mr_rows_event(r, kind, 0);
    return ev && mr_field_value(r, &f[1], names[1].text, &ev->price, &ev->exponent) &&
           mr_field_ms(r, &f[2], names[2].text, &ev->venue_ns);
}

static bool mark(struct mr_okx_message *m, struct mr_json *j)
{
    static const struct mr_field_name names[3] = {MR_FIELD("instId"), MR_FIELD("markPx"), MR_FIELD("ts")};
    return value(m, j, MR_EVENT_MARK, names);
}

/* instId names the index ("BTC-USDT", "LTC-USD"), which is an instrument of its own, or the spot pair spelt the
 * same. */
static bool index_price(struct mr_okx_message *m, struct mr_json *j)
{
    static const struct mr_field_name names[3] = {MR_FIELD("instId"), MR_FIELD("idxPx"), MR_FIELD("ts")};
    return value(m, j, MR_EVENT_INDEX, names);
}

static bool funding(struct mr_okx_message *m, struct mr_json *j)
{
    enum { ID, RATE, TIME, NEXT_TIME, TS, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("instId"), MR_FIELD("fundingRate"),
                                                       MR_FIELD("fundingTime"), MR_FIELD("nextFundingTime"),
                                                       MR_FIELD("ts")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    int64_t next = 0;
    mr_shape_refuse(&r->dec->recorder);
    if (!mr_fields_read(r, j, names, FIELDS, f) || !instrument(m, &f[ID]))
        return false;
    if (!mr_field_has(&f[RATE]) && f[RATE].type != MR_JSON_NONE)
        return true; /* "": no rate now */
    struct mr_event *ev = mr_rows_event(r, MR_EVENT_FUNDING, 0);
    if (!ev || !mr_field_value(r, &f[RATE], "fundingRate", &ev->price, &ev->exponent))
        return false;
    if (mr_field_has(&f[TS]) && !mr_field_ms(r, &f[TS], "ts", &ev->venue_ns)) /* added after 2022 */
        return false;
    if (mr_field_has(&f[TIME]) && !mr_field_ms(r, &f[TIME], "fundingTime", &ev->aux))
        return false;
    if (mr_field_has(&f[NEXT_TIME]) && !mr_field_ms(r, &f[NEXT_TIME], "nextFundingTime", &next))
        return false;
    ev->size = ev->aux && next > ev->aux ? next - ev->aux : 0; /* the interval */
    return true;
}

/* In coins where the venue says so (all swaps and futures), else in contracts. One side. */
static bool interest(struct mr_okx_message *m, struct mr_json *j)
{
    enum { ID, OI, CCY, USD, TS, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("instId"), MR_FIELD("oi"), MR_FIELD("oiCcy"),
                                                       MR_FIELD("oiUsd"), MR_FIELD("ts")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    mr_shape_refuse(&r->dec->recorder);
    if (!mr_fields_read(r, j, names, FIELDS, f) || !instrument(m, &f[ID]))
        return false;
    bool coins = mr_field_has(&f[CCY]);
    struct mr_event *ev = mr_rows_event(r, MR_EVENT_OPEN_INTEREST, 0);
    if (!ev)
        return false;
    ev->size = coins ? MR_OI_BASE : MR_OI_CONTRACTS;
    return mr_field_value(r, &f[coins ? CCY : OI], names[coins ? CCY : OI].text, &ev->price, &ev->exponent) &&
           mr_field_micro(r, &f[USD], "oiUsd", &ev->aux) && mr_field_ms(r, &f[TS], "ts", &ev->venue_ns);
}

/* [ts, open, high, low, close, volume, ...older rows end here or after one more..., confirm]. Volume in contracts, or
 * coins of a spot pair: the unit of sizes. */
static bool candle(struct mr_okx_message *m, struct mr_json *j)
{
    enum { TS, O, H, L, C, V, CONFIRM = 8, FIELDS };
    static const char *const names[FIELDS] = {"ts",  "open",   "high",        "low",    "close",
                                              "vol", "volCcy", "volCcyQuote", "confirm"};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS] = {0};
    uint32_t n = 0;
    uint64_t confirmed = 0;
    mr_shape_refuse(&r->dec->recorder); /* close and volume go to two places */
    if (!instrument(m, NULL) || !mr_json_array(j))
        return false;
    for (; mr_json_next(j); n++)
        if (!(n < FIELDS ? mr_field_take(r, j, &f[n], names[n]) : mr_json_skip(j)))
            return false;
    union mr_slot *slot = j->status == MR_OK ? mr_rows_add(r, MR_EVENT_CANDLE, 2) : NULL;
    if (!slot)
        return false;
    struct mr_candle *c = &slot[1].candle;
    *c = (struct mr_candle){.interval_s = m->interval_s};
    if (!mr_field_ms(r, &f[TS], "ts", &c->open_ns) || !mr_field_price(r, &f[O], "open", &c->open) ||
        !mr_field_price(r, &f[H], "high", &c->high) || !mr_field_price(r, &f[L], "low", &c->low) ||
        !mr_field_price(r, &f[C], "close", &c->close) || !mr_field_size(r, &f[V], "vol", &c->volume))
        return false;
    if (mr_field_has(&f[CONFIRM]) && !mr_field_u64(r, &f[CONFIRM], "confirm", &confirmed))
        return false;
    c->closed = confirmed == 1;
    slot->event.price = c->close;
    slot->event.size = c->volume;
    return true;
}

/* `side` is of the order that closes the position: sell closes a long. bkPx is the bankruptcy price, sz is in
 * contracts. */
static bool liquidation(struct mr_okx_message *m, struct mr_json *j)
{
    enum { PX, SIDE, SZ, TS, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("bkPx"), MR_FIELD("side"), MR_FIELD("sz"),
                                                       MR_FIELD("ts")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    if (!mr_fields_read(r, j, names, FIELDS, f))
        return false;
    struct mr_event *ev = mr_rows_event(r, MR_EVENT_LIQUIDATION, 0);
    if (!ev || !mr_field_ms(r, &f[TS], "ts", &ev->venue_ns) || !mr_field_price(r, &f[PX], "bkPx", &ev->price) ||
        !mr_field_size(r, &f[SZ], "sz", &ev->size) || !mr_field_side(r, &f[SIDE], "side", "sell", "buy", &ev->flags) ||
        !mr_rows_notional(r, ev))
        return false;
    /* and without metadata, where the contract's value is unknown */
    if (!(r->instrument->flags & MR_INSTRUMENT_QUOTE_USD))
        ev->flags |= MR_FLAG_CAUTION;
    return true;
}

static bool liquidations(struct mr_okx_message *m, struct mr_json *j)
{
    static const struct mr_field_name names[2] = {MR_FIELD("details"), MR_FIELD("instId")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[2];
    struct mr_json details;
    mr_shape_refuse(&r->dec->recorder);
    if (!mr_fields_read(r, j, names, 2, f) || !instrument(m, &f[1]))
        return false;
    if (!mr_field_has(&f[0]))
        return mr_rows_fail(r, MR_E_MISSING, "details");
    mr_json_open(&details, f[0].text.data, f[0].text.len); /* they stand before their instId */
    if (mr_json_array(&details))
        while (mr_json_next(&details) && liquidation(m, &details))
            ;
    return mr_rows_late_end(r, &details);
}

bool mr_okx_row(struct mr_okx_message *m, struct mr_json *j)
{
    switch (m->how) {
    case MR_OKX_TRADES:
        return trade(m, j);
    case MR_OKX_BBO:
        return bbo(m, j);
    case MR_OKX_BOOKS:
    case MR_OKX_BOOKS5:
        return book(m, j);
    case MR_OKX_TICKERS:
        return ticker(m, j);
    case MR_OKX_MARK:
        return mark(m, j);
    case MR_OKX_INDEX:
        return index_price(m, j);
    case MR_OKX_FUNDING:
        return funding(m, j);
    case MR_OKX_INTEREST:
        return interest(m, j);
    case MR_OKX_CANDLE:
        return candle(m, j);
    case MR_OKX_LIQUIDATIONS:
        return liquidations(m, j);
    default:
        mr_shape_refuse(&m->rows.dec->recorder);
        return mr_json_skip(j);
    }
}

bool mr_okx_data(struct mr_okx_message *m, struct mr_json *j)
{
    if (!mr_json_array(j))
        return false;
    while (mr_json_next(j)) {
        m->row_count++;
        if (!mr_okx_row(m, j))
            return false;
    }
    return j->status == MR_OK;
}
