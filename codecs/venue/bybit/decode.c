/* Bybit v5 public messages. `topic` says what `data` is; the order of keys differs by product and topic, so `data` is
 * decoded where it stands when the topic came before it, and again from its bytes when not. */
#include "codecs/venue/bybit/bybit_priv.h"

struct message {
    struct mr_rows rows;
    struct mr_field topic, type, ts, cts, op;
    struct mr_span symbol, late; /* late: data that came before its topic */
    uint8_t kind;                /* enum mr_bybit_kind; books and tickers: of the snapshot */
    uint32_t interval_s;         /* of a kline */
    bool done;                   /* data was decoded */
    uint64_t u;                  /* of a book */
    struct mr_bybit_ticker last; /* new last values, kept when all ends well */
    struct mr_sides sides;
};

/* ---- what a topic is ---- */

static const struct {
    const char *name;
    uint8_t kind;
    uint32_t interval_s;
} streams[] = {
    {"orderbook.50", MR_BYBIT_BOOK_50, 0},
    {"orderbook.200", MR_BYBIT_BOOK_200, 0},
    {"orderbook.1", MR_BYBIT_BOOK_1, 0},
    {"publicTrade", MR_BYBIT_TRADES, 0},
    {"tickers", MR_BYBIT_TICKERS, 0},
    {"allLiquidation", MR_BYBIT_LIQUIDATIONS, 0},
    {"orderbook.1000", MR_BYBIT_BOOK_1000, 0},
    {"orderbook.500", MR_BYBIT_BOOK_500, 0},
    {"kline.1", MR_BYBIT_KLINE_1, 60},
    {"kline.3", MR_BYBIT_KLINE_3, 180},
    {"kline.5", MR_BYBIT_KLINE_5, 300},
    {"kline.15", MR_BYBIT_KLINE_15, 900},
    {"kline.30", MR_BYBIT_KLINE_30, 1800},
    {"kline.60", MR_BYBIT_KLINE_60, 3600},
    {"kline.120", MR_BYBIT_KLINE_120, 7200},
    {"kline.240", MR_BYBIT_KLINE_240, 14400},
    {"kline.360", MR_BYBIT_KLINE_360, 21600},
    {"kline.720", MR_BYBIT_KLINE_720, 43200},
    {"kline.D", MR_BYBIT_KLINE_D, 86400},
    {"kline.W", MR_BYBIT_KLINE_W, 604800},
    {"kline.M", MR_BYBIT_KLINE_M, 2592000},
    {"liquidation", MR_BYBIT_LIQUIDATION_OLD, 0},
    {"orderbook.rpi", MR_BYBIT_BOOK_RPI, 0},
    {"orderbook.full", MR_BYBIT_BOOK_FULL, 0},
    {"adlAlert", MR_BYBIT_ADL, 0},
    {"insurance", MR_BYBIT_INSURANCE, 0},
    {"priceLimit", MR_BYBIT_PRICE_LIMIT, 0},
    {"system", MR_BYBIT_SYSTEM_STATUS, 0},
};

/* "orderbook.200.BTCUSDT" is the stream before its last dot, and the symbol behind it. */
static bool topic(struct message *m)
{
    struct mr_span text = m->topic.text, name = text;
    if (!mr_field_text(&m->rows, &m->topic, "topic"))
        return false;
    while (name.len && name.data[name.len - 1] != '.')
        name.len--;
    m->symbol = (struct mr_span){text.data + name.len, text.len - name.len};
    name.len -= name.len > 0;
    for (size_t i = 0; i < MR_COUNT_OF(streams); i++)
        if (mr_span_is(name, streams[i].name, strlen(streams[i].name))) {
            m->kind = streams[i].kind;
            m->interval_s = streams[i].interval_s;
            return true;
        }
    m->rows.dec->name = name.len ? name : text;
    return mr_rows_fail_at(&m->rows, MR_E_UNKNOWN, "topic", text);
}

/* ---- the kinds ---- */

static bool same_symbol(struct message *m, const struct mr_field *f, const char *name)
{
    if (!mr_field_has(f) || mr_span_is(f->text, (const char *)m->symbol.data, m->symbol.len))
        return true;
    return mr_rows_fail_at(&m->rows, MR_E_RANGE, name, f->text); /* a row of somebody else under our topic */
}

static bool trade(struct message *m, struct mr_json *j)
{
    enum { T, S, SIDE, V, P, I, BT, SEQ, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("T"), MR_FIELD("s"), MR_FIELD("S"),  MR_FIELD("v"),
                                                       MR_FIELD("p"), MR_FIELD("i"), MR_FIELD("BT"), MR_FIELD("seq")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    bool block = false;
    if (!mr_fields_read(r, j, names, FIELDS, f))
        return false;
    struct mr_event *ev = mr_rows_event(r, MR_EVENT_TRADE, 0);
    if (!ev || !same_symbol(m, &f[S], "s") || !mr_field_ms(r, &f[T], "T", &ev->venue_ns) ||
        !mr_field_price(r, &f[P], "p", &ev->price) || !mr_field_size(r, &f[V], "v", &ev->size) ||
        !mr_field_side(r, &f[SIDE], "S", "Buy", "Sell", &ev->flags) || !mr_rows_notional(r, ev))
        return false;
    if (mr_field_has(&f[SEQ]) && !mr_field_u64(r, &f[SEQ], "seq", &ev->seq)) /* not before 2025-08 */
        return false;
    if (f[BT].type != MR_JSON_NONE && !mr_field_bool(r, &f[BT], "BT", &block))
        return false;
    mr_rows_ignore(r, &f[I]); /* a UUID on futures */
    if (block)                /* a block trade: negotiated, no price signal */
        ev->flags |= MR_FLAG_CAUTION;
    return true;
}

static bool trades(struct message *m, struct mr_json *j)
{
    uint32_t n = 0;
    if (!mr_json_array(j))
        return false;
    while (mr_json_next(j)) {
        if (n++ == MR_TRADES_MAX)
            return mr_rows_fail(&m->rows, MR_E_TOO_BIG, "data");
        if (!trade(m, j))
            return false;
    }
    mr_rows_ignore(&m->rows, &m->ts);
    return true;
}

/* `S` is the side of the POSITION: Buy says that a long was liquidated. `p` is its bankruptcy price. */
static bool liquidation(struct message *m, struct mr_json *j, const struct mr_field_name names[5])
{
    struct mr_rows *r = &m->rows;
    struct mr_field f[5];
    if (!mr_fields_read(r, j, names, 5, f))
        return false;
    struct mr_event *ev = mr_rows_event(r, MR_EVENT_LIQUIDATION, 0);
    if (!ev || !same_symbol(m, &f[1], names[1].text) || !mr_field_ms(r, &f[0], names[0].text, &ev->venue_ns) ||
        !mr_field_side(r, &f[2], names[2].text, "Buy", "Sell", &ev->flags) ||
        !mr_field_size(r, &f[3], names[3].text, &ev->size) || !mr_field_price(r, &f[4], names[4].text, &ev->price) ||
        !mr_rows_notional(r, ev))
        return false;
    if (!(r->instrument->flags & MR_INSTRUMENT_QUOTE_USD))
        ev->flags |= MR_FLAG_CAUTION; /* the notional is in another currency than USD */
    return true;
}

static bool liquidations(struct message *m, struct mr_json *j)
{
    static const struct mr_field_name now[5] = {MR_FIELD("T"), MR_FIELD("s"), MR_FIELD("S"), MR_FIELD("v"),
                                                MR_FIELD("p")};
    static const struct mr_field_name old[5] = {MR_FIELD("updatedTime"), MR_FIELD("symbol"), MR_FIELD("side"),
                                                MR_FIELD("size"), MR_FIELD("price")};
    mr_rows_ignore(&m->rows, &m->ts);
    if (m->kind == MR_BYBIT_LIQUIDATION_OLD)
        return liquidation(m, j, old);
    if (!mr_json_array(j))
        return false;
    while (mr_json_next(j))
        if (!liquidation(m, j, now))
            return false;
    return true;
}

static bool kline(struct message *m, struct mr_json *j)
{
    enum { START, O, C, H, L, V, CONFIRM, TIME, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("start"),   MR_FIELD("open"),     MR_FIELD("close"),
                                                       MR_FIELD("high"),    MR_FIELD("low"),      MR_FIELD("volume"),
                                                       MR_FIELD("confirm"), MR_FIELD("timestamp")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    bool closed;
    if (!mr_fields_read(r, j, names, FIELDS, f))
        return false;
    union mr_slot *slot = mr_rows_add(r, MR_EVENT_CANDLE, 2);
    if (!slot)
        return false;
    struct mr_candle *c = &slot[1].candle;
    *c = (struct mr_candle){.interval_s = m->interval_s};
    if (!mr_field_ms(r, &f[START], "start", &c->open_ns) || !mr_field_price(r, &f[O], "open", &c->open) ||
        !mr_field_price(r, &f[H], "high", &c->high) || !mr_field_price(r, &f[L], "low", &c->low) ||
        !mr_field_price(r, &f[C], "close", &c->close) || !mr_field_size(r, &f[V], "volume", &c->volume) ||
        !mr_field_bool(r, &f[CONFIRM], "confirm", &closed) ||
        !mr_field_ms(r, &f[TIME], "timestamp", &slot->event.venue_ns))
        return false;
    c->closed = closed;
    slot->event.price = c->close;
    slot->event.size = c->volume;
    return true;
}

static bool klines(struct message *m, struct mr_json *j)
{
    mr_shape_refuse(&m->rows.dec->recorder); /* close and volume go to two places */
    if (!mr_json_array(j))
        return false;
    while (mr_json_next(j))
        if (!kline(m, j))
            return false;
    return true;
}

static bool book(struct message *m, struct mr_json *j)
{
    struct mr_rows *r = &m->rows;
    struct mr_field s = {0}, u = {0};
    struct mr_span key;
    mr_shape_refuse(&r->dec->recorder); /* `u` == 1 is looked at, and deltas rarely repeat their pattern */
    struct mr_book_head *head = mr_sides_open(r, &m->sides, MR_LEVELS_PAIR);
    if (!head || !mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        bool ok = mr_json_key_is(j, key, "b")   ? mr_sides_take(r, j, &m->sides, false, "b")
                  : mr_json_key_is(j, key, "a") ? mr_sides_take(r, j, &m->sides, true, "a")
                  : mr_json_key_is(j, key, "u") ? mr_field_take(r, j, &u, "u")
                  : mr_json_key_is(j, key, "s") ? mr_field_take(r, j, &s, "s")
                                                : mr_json_skip(j);
        if (!ok)
            return false;
    }
    if (j->status != MR_OK || !same_symbol(m, &s, "s") || !mr_field_u64(r, &u, "u", &m->u) ||
        !mr_sides_end(r, &m->sides, head))
        return false;
    head->seq = head->first_seq = m->u;
    return true;
}

static bool tickers(struct message *m, struct mr_json *j)
{
    mr_shape_refuse(&m->rows.dec->recorder);
    if (m->rows.dec->product == MR_BYBIT_SPOT) /* last price and volumes only: nothing that is an event */
        return mr_json_skip(j);
    return mr_bybit_ticker_row(&m->rows, j, &m->last, 0, true);
}

static struct mr_bybit_ticker *state_of(const struct message *m)
{
    return (struct mr_bybit_ticker *)m->rows.dec->state + m->rows.instrument->id;
}

static bool data(struct message *m, struct mr_json *j)
{
    m->done = true;
    if (m->kind >= MR_BYBIT_ADL || m->kind == MR_BYBIT_BOOK_RPI || m->kind == MR_BYBIT_BOOK_FULL) {
        mr_shape_refuse(&m->rows.dec->recorder);
        return mr_json_skip(j);
    }
    if (!mr_rows_symbol(&m->rows, m->symbol))
        return false;
    switch (m->kind) {
    case MR_BYBIT_TRADES:
        return trades(m, j);
    case MR_BYBIT_TICKERS:
        m->last = *state_of(m);
        return tickers(m, j);
    case MR_BYBIT_LIQUIDATIONS:
    case MR_BYBIT_LIQUIDATION_OLD:
        return liquidations(m, j);
    default:
        if (m->interval_s)
            return klines(m, j);
        m->last = *state_of(m);
        return book(m, j);
    }
}

/* ---- the message ---- */

static bool member(struct message *m, struct mr_json *j, struct mr_span key)
{
    struct mr_rows *r = &m->rows;
    if (mr_json_key_is(j, key, "topic"))
        return mr_field_take(r, j, &m->topic, "topic") && topic(m);
    if (mr_json_key_is(j, key, "type"))
        return mr_field_take(r, j, &m->type, "type");
    if (mr_json_key_is(j, key, "ts"))
        return mr_field_take(r, j, &m->ts, "ts");
    if (mr_json_key_is(j, key, "data")) {
        if (m->done || m->late.data)
            return mr_rows_fail(r, MR_E_MALFORMED, "data");
        return m->kind ? data(m, j) : mr_json_raw(j, &m->late);
    }
    if (mr_json_key_is(j, key, "cts"))
        return mr_field_take(r, j, &m->cts, "cts");
    if (mr_json_key_is(j, key, "op"))
        return mr_field_take(r, j, &m->op, "op");
    return mr_rows_skip(r, j);
}

/* A snapshot forgets, a delta replaces: the best level left that has a size. */
static void top_side(const struct mr_level *level, uint32_t n, struct mr_level *last)
{
    for (uint32_t i = 0; i < n; i++)
        if (level[i].size)
            *last = level[i];
        else if (level[i].price == last->price)
            *last = (struct mr_level){0, 0};
}

/* orderbook.1: a best bid and ask, not a book of one level. */
static void top_of_book(struct message *m, union mr_slot *slot, bool image)
{
    struct mr_book_head *head = &slot->book;
    if (image)
        m->last.top_bid = m->last.top_ask = (struct mr_level){0, 0};
    top_side(mr_event_levels(slot), head->bid_count, &m->last.top_bid);
    top_side(mr_event_levels(slot) + head->bid_count, head->ask_count, &m->last.top_ask);
    m->last.known |= MR_BYBIT_KNOWN_TOP;
    head->kind = MR_EVENT_BBO;
    head->bid_count = head->ask_count = 1;
    slot[1] = (union mr_slot){.level = {m->last.top_bid, m->last.top_ask}};
    m->rows.used = 2;
}

/* What only `type`, `ts` and `cts` say, once all members were seen. */
static bool book_end(struct message *m)
{
    struct mr_rows *r = &m->rows;
    union mr_slot *slot = r->out;
    bool delta = mr_field_is(&m->type, "delta"), image = !delta || m->u == 1;
    if (m->kind == MR_BYBIT_BOOK_1) {
        if (r->max < 2)
            return mr_rows_fail(r, MR_E_FULL, "data");
        top_of_book(m, slot, image);
    } else if (image) {
        slot->book.flags |= MR_FLAG_SNAPSHOT;
    }
    if (m->u == 1)
        slot->book.book_flags |= MR_BOOK_RESET;
    const struct mr_field *time = mr_field_has(&m->cts) ? &m->cts : &m->ts; /* cts: of the matching engine; newer */
    return mr_field_ms(r, time, time == &m->cts ? "cts" : "ts", &slot->book.venue_ns);
}

static bool tickers_end(struct message *m)
{
    struct mr_rows *r = &m->rows;
    int64_t venue_ns;
    if (!mr_field_ms(r, &m->ts, "ts", &venue_ns))
        return false;
    for (uint32_t i = 0; i < r->used; i += mr_event_slots(r->out + i))
        r->out[i].event.venue_ns = venue_ns;
    return true;
}

static bool has_two_types(uint8_t kind) { return (kind >= MR_BYBIT_BOOK_1 && kind <= MR_BYBIT_TICKERS); }

static bool data_message(struct message *m)
{
    struct mr_rows *r = &m->rows;
    struct mr_json late;
    if (m->late.data) {
        mr_json_open(&late, m->late.data, m->late.len);
        data(m, &late);
        if (!mr_rows_late_end(r, &late))
            return false;
    }
    if (!m->done)
        return mr_rows_fail(r, MR_E_MISSING, "data");
    r->dec->kind = m->kind;
    if (!has_two_types(m->kind))
        return true;
    bool delta = mr_field_is(&m->type, "delta");
    if (!mr_field_text(r, &m->type, "type") || (!delta && !mr_field_is(&m->type, "snapshot")))
        return mr_rows_fail_at(r, MR_E_RANGE, "type", m->type.text);
    r->dec->kind += delta;
    if (m->kind == MR_BYBIT_TICKERS)
        return tickers_end(m);
    return m->kind == MR_BYBIT_BOOK_RPI || m->kind == MR_BYBIT_BOOK_FULL || book_end(m);
}

/* Answers to what we sent: {"op":"subscribe",..}; options answer {"type":"COMMAND_RESP",..}; a pong has op "ping" or
 * "pong". */
static bool control_message(struct message *m)
{
    static const struct {
        const char *op;
        uint8_t kind;
    } ops[] = {
        {"subscribe", MR_BYBIT_SUBSCRIBE},
        {"unsubscribe", MR_BYBIT_UNSUBSCRIBE},
        {"ping", MR_BYBIT_PONG},
        {"pong", MR_BYBIT_PONG},
    };
    struct mr_field *what = m->op.type == MR_JSON_NONE ? &m->type : &m->op;
    mr_shape_refuse(&m->rows.dec->recorder);
    if (what == &m->type && mr_field_is(what, "COMMAND_RESP")) {
        m->rows.dec->kind = MR_BYBIT_SUBSCRIBE;
        return true;
    }
    for (size_t i = 0; what == &m->op && i < MR_COUNT_OF(ops); i++)
        if (mr_field_is(what, ops[i].op)) {
            m->rows.dec->kind = ops[i].kind;
            return true;
        }
    m->rows.dec->name = what->text;
    return mr_rows_fail_at(&m->rows, MR_E_UNKNOWN, "op", what->text);
}

int mr_bybit_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    struct message m;
    struct mr_json j;
    struct mr_span key;
    mr_rows_open(&m.rows, dec, frame, out, out_max);
    m.topic.type = m.type.type = m.ts.type = m.cts.type = m.op.type = MR_JSON_NONE;
    m.topic.text = m.type.text = m.op.text = m.late = (struct mr_span){NULL, 0};
    m.kind = MR_BYBIT_UNKNOWN;
    m.interval_s = 0;
    m.done = false;
    mr_json_open(&j, frame->data, frame->len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key) && member(&m, &j, key))
            ;
    if (j.status == MR_OK && m.rows.status == MR_OK)
        (void)(m.topic.type != MR_JSON_NONE ? data_message(&m) : control_message(&m));
    int status = mr_rows_end(&m.rows, &j);
    if (status >= 0 && (m.kind == MR_BYBIT_TICKERS || m.kind == MR_BYBIT_BOOK_1))
        *state_of(&m) = m.last;
    return status;
}
