/* `data` of each classic topic but books. The order of members differs by topic and by year. */
#include "codecs/venue/kucoin/kucoin_priv.h"

bool mr_kucoin_time(struct mr_rows *r, const struct mr_field *f, const char *name, int64_t *to_ns)
{
    uint64_t value;
    if (f->text.len <= 14)
        return mr_field_ms(r, f, name, to_ns);
    int64_t factor = f->text.len <= 17 ? 1000 : 1;
    if (!mr_field_has(f) || (f->type != MR_JSON_STRING && f->type != MR_JSON_NUMBER))
        return mr_rows_fail_at(r, MR_E_TYPE, name, f->text);
    int status = mr_number_u64(f->text.data, f->text.len, &value);
    if (status == MR_OK && value > (uint64_t)(INT64_MAX / factor))
        status = MR_E_OVERFLOW;
    if (mr_unlikely(status != MR_OK))
        return mr_rows_fail_at(r, status, name, f->text);
    *to_ns = (int64_t)value * factor;
    mr_shape_record(&r->dec->recorder, MR_SHAPE_INT, f->text, to_ns, 0, factor);
    return true;
}

bool mr_kucoin_same_symbol(struct mr_kucoin_message *m, const struct mr_field *f, const char *name)
{
    if (!mr_field_has(f) || mr_span_is(f->text, (const char *)m->symbol.data, m->symbol.len))
        return true;
    return mr_rows_fail_at(&m->rows, MR_E_RANGE, name, f->text); /* a row of somebody else under our topic */
}

bool mr_kucoin_value(struct mr_rows *r, enum mr_event_kind kind, const struct mr_field *f, const char *name,
                     struct mr_event **out)
{
    struct mr_event *ev = *out = mr_rows_event(r, kind, 0);
    return ev && mr_field_value(r, f, name, &ev->price, &ev->exponent);
}

bool mr_kucoin_side(struct mr_rows *r, const struct mr_field *price, const char *price_name,
                    const struct mr_field *size, const char *size_name, struct mr_level *level)
{
    if (!mr_field_has(price) || !mr_field_has(size))
        return true;
    return mr_field_price(r, price, price_name, &level->price) && mr_field_size(r, size, size_name, &level->size);
}

/* Futures: /contractMarket/execution, `ts` in ns. Spot: /market/match, `time` in ns as a text; of 2021 with order ids
 * for trade ids. `sequence` is shared with the book: it rises, and has holes. */
bool mr_kucoin_trade(struct mr_kucoin_message *m, struct mr_json *j)
{
    enum { SYMBOL, SEQUENCE, SIDE, SIZE, PRICE, TAKER, MAKER, TRADE, TS, TIME, FIELDS };
    static const struct mr_field_name names[FIELDS] = {
        MR_FIELD("symbol"),       MR_FIELD("sequence"),     MR_FIELD("side"),    MR_FIELD("size"), MR_FIELD("price"),
        MR_FIELD("takerOrderId"), MR_FIELD("makerOrderId"), MR_FIELD("tradeId"), MR_FIELD("ts"),   MR_FIELD("time")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    if (!mr_fields_read(r, j, names, FIELDS, f))
        return false;
    int time = mr_field_has(&f[TS]) ? TS : TIME;
    struct mr_event *ev = mr_rows_event(r, MR_EVENT_TRADE, 0);
    if (!ev || !mr_kucoin_same_symbol(m, &f[SYMBOL], "symbol") ||
        !mr_field_u64(r, &f[SEQUENCE], "sequence", &ev->seq) || !mr_field_price(r, &f[PRICE], "price", &ev->price) ||
        !mr_field_size(r, &f[SIZE], "size", &ev->size) ||
        !mr_field_side(r, &f[SIDE], "side", "buy", "sell", &ev->flags) || !mr_rows_notional(r, ev) ||
        !mr_kucoin_time(r, &f[time], names[time].text, &ev->venue_ns))
        return false;
    for (int i = TAKER; i <= TRADE; i++)
        mr_rows_ignore(r, &f[i]);
    return true;
}

/* tickerV2, and the older ticker with the last trade in it, which is not pushed at each change. */
bool mr_kucoin_ticker_futures(struct mr_kucoin_message *m, struct mr_json *j)
{
    enum { SYMBOL, SEQUENCE, BID_SIZE, BID, ASK, ASK_SIZE, TS, FIELDS };
    static const struct mr_field_name names[FIELDS] = {
        MR_FIELD("symbol"),       MR_FIELD("sequence"),    MR_FIELD("bestBidSize"), MR_FIELD("bestBidPrice"),
        MR_FIELD("bestAskPrice"), MR_FIELD("bestAskSize"), MR_FIELD("ts")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    struct mr_level *level;
    if (!mr_fields_read(r, j, names, FIELDS, f))
        return false;
    struct mr_book_head *head = mr_rows_bbo(r, 0, 0, &level);
    if (!head || !mr_kucoin_same_symbol(m, &f[SYMBOL], "symbol") ||
        !mr_field_u64(r, &f[SEQUENCE], "sequence", &head->seq) ||
        !mr_field_u64(r, &f[SEQUENCE], "sequence", &head->first_seq) ||
        !mr_kucoin_side(r, &f[BID], "bestBidPrice", &f[BID_SIZE], "bestBidSize", &level[0]) ||
        !mr_kucoin_side(r, &f[ASK], "bestAskPrice", &f[ASK_SIZE], "bestAskSize", &level[1]))
        return false;
    if (m->kind == MR_KUCOIN_TICKER)
        head->flags |= MR_FLAG_SECONDARY;
    return mr_kucoin_time(r, &f[TS], "ts", &head->venue_ns);
}

bool mr_kucoin_ticker_spot(struct mr_kucoin_message *m, struct mr_json *j)
{
    enum { ASK, ASK_SIZE, BID, BID_SIZE, SEQUENCE, TIME, CAPITAL_TIME, FIELDS };
    static const struct mr_field_name names[FIELDS] = {
        MR_FIELD("bestAsk"),  MR_FIELD("bestAskSize"), MR_FIELD("bestBid"), MR_FIELD("bestBidSize"),
        MR_FIELD("sequence"), MR_FIELD("time"),        MR_FIELD("Time")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    struct mr_level *level;
    if (!mr_fields_read(r, j, names, FIELDS, f))
        return false;
    int time = f[TIME].type == MR_JSON_NONE && f[CAPITAL_TIME].type != MR_JSON_NONE ? CAPITAL_TIME : TIME;
    struct mr_book_head *head = mr_rows_bbo(r, 0, 0, &level);
    return head && mr_field_u64(r, &f[SEQUENCE], "sequence", &head->seq) &&
           mr_field_u64(r, &f[SEQUENCE], "sequence", &head->first_seq) &&
           mr_kucoin_side(r, &f[BID], "bestBid", &f[BID_SIZE], "bestBidSize", &level[0]) &&
           mr_kucoin_side(r, &f[ASK], "bestAsk", &f[ASK_SIZE], "bestAskSize", &level[1]) &&
           mr_kucoin_time(r, &f[time], "time", &head->venue_ns);
}

/* ["68145.8","0.51987471"], or [] where that side is empty. */
static bool flat_side(struct mr_rows *r, struct mr_json *j, struct mr_level *level, const char *name)
{
    struct mr_field f[2] = {0};
    uint32_t n = 0;
    if (!mr_json_array(j))
        return false;
    for (; mr_json_next(j); n++)
        if (!(n < 2 ? mr_field_take(r, j, &f[n], name) : mr_json_skip(j)))
            return false;
    if (n == 1)
        return mr_rows_fail(r, MR_E_MISSING, name);
    return j->status == MR_OK && mr_kucoin_side(r, &f[0], name, &f[1], name, level);
}

bool mr_kucoin_level1(struct mr_kucoin_message *m, struct mr_json *j)
{
    struct mr_rows *r = &m->rows;
    struct mr_field time = {0};
    struct mr_level *level;
    struct mr_span key;
    unsigned sides = 0;
    struct mr_book_head *head = mr_rows_bbo(r, 0, 0, &level);
    if (!head || !mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        bool asks = mr_json_key_is(j, key, "asks");
        if (asks || mr_json_key_is(j, key, "bids")) {
            const char *name = asks ? "asks" : "bids";
            if (sides & 1u << asks)
                return mr_rows_fail(r, MR_E_MALFORMED, name);
            sides |= 1u << asks;
            if (!flat_side(r, j, &level[asks], name))
                return false;
        } else if (!(mr_json_key_is(j, key, "timestamp") ? mr_field_take(r, j, &time, "timestamp")
                                                         : mr_rows_skip(r, j))) {
            return false;
        }
    }
    if (j->status != MR_OK || sides != 3)
        return j->status == MR_OK && mr_rows_fail(r, MR_E_MISSING, sides & 1 ? "asks" : "bids");
    return mr_kucoin_time(r, &time, "timestamp", &head->venue_ns);
}

/* ---- /contract/instrument, /contract/announcement ---- */

bool mr_kucoin_mark_index(struct mr_kucoin_message *m, struct mr_json *j)
{
    enum { MARK, INDEX, GRANULARITY, TIME, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("markPrice"), MR_FIELD("indexPrice"),
                                                       MR_FIELD("granularity"), MR_FIELD("timestamp")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    struct mr_event *mark, *index;
    return mr_fields_read(r, j, names, FIELDS, f) && mr_kucoin_value(r, MR_EVENT_MARK, &f[MARK], "markPrice", &mark) &&
           mr_kucoin_time(r, &f[TIME], "timestamp", &mark->venue_ns) &&
           mr_kucoin_value(r, MR_EVENT_INDEX, &f[INDEX], "indexPrice", &index) &&
           mr_kucoin_time(r, &f[TIME], "timestamp", &index->venue_ns);
}

/* A granularity of a minute is the rate that is predicted now; one of hours is what was settled, at its end. */
bool mr_kucoin_funding_rate(struct mr_kucoin_message *m, struct mr_json *j)
{
    enum { GRANULARITY, RATE, TIME, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("granularity"), MR_FIELD("fundingRate"),
                                                       MR_FIELD("timestamp")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    struct mr_event *ev;
    int64_t granularity_ns;
    if (!mr_fields_read(r, j, names, FIELDS, f) ||
        !mr_kucoin_value(r, MR_EVENT_FUNDING, &f[RATE], "fundingRate", &ev) ||
        !mr_kucoin_time(r, &f[TIME], "timestamp", &ev->venue_ns) ||
        !mr_field_ms(r, &f[GRANULARITY], "granularity", &granularity_ns))
        return false;
    if (granularity_ns >= 3600 * INT64_C(1000000000)) {
        ev->size = granularity_ns;
        ev->flags |= MR_FLAG_SECONDARY;
    }
    return true;
}

bool mr_kucoin_funding_begin(struct mr_kucoin_message *m, struct mr_json *j)
{
    enum { SYMBOL, FUNDED, RATE, TIME, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("symbol"), MR_FIELD("fundingTime"),
                                                       MR_FIELD("fundingRate"), MR_FIELD("timestamp")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    struct mr_event *ev;
    if (!mr_fields_read(r, j, names, FIELDS, f) || !mr_field_text(r, &f[SYMBOL], "symbol") ||
        !mr_rows_symbol(r, f[SYMBOL].text) || !mr_kucoin_value(r, MR_EVENT_FUNDING, &f[RATE], "fundingRate", &ev) ||
        !mr_kucoin_time(r, &f[TIME], "timestamp", &ev->venue_ns))
        return false;
    ev->flags |= MR_FLAG_SECONDARY; /* the rate that was settled, not the one that comes */
    mr_rows_ignore(r, &f[FUNDED]);
    return true;
}

/* ---- candles ---- */

uint32_t mr_kucoin_interval(struct mr_span text)
{
    static const struct {
        const char *unit;
        uint32_t seconds;
    } units[] = {{"", 60}, {"min", 60}, {"hour", 3600}, {"day", 86400}, {"week", 604800}, {"month", 2592000}};
    uint32_t n = 0, i = 0;
    for (; i < text.len && i < 5 && (uint8_t)(text.data[i] - '0') < 10; i++)
        n = n * 10 + (text.data[i] - '0');
    for (size_t k = 0; i && k < MR_COUNT_OF(units); k++)
        if (mr_span_is((struct mr_span){text.data + i, text.len - i}, units[k].unit, strlen(units[k].unit)))
            return n * units[k].seconds;
    return 0;
}

static struct mr_candle *candle(struct mr_kucoin_message *m, union mr_slot **slot)
{
    mr_shape_refuse(&m->rows.dec->recorder); /* close and volume go to two places */
    *slot = mr_rows_add(&m->rows, MR_EVENT_CANDLE, 2);
    if (!*slot)
        return NULL;
    (*slot)[1].candle = (struct mr_candle){.interval_s = m->interval_s};
    return &(*slot)[1].candle;
}

static bool candle_end(struct mr_kucoin_message *m, union mr_slot *slot)
{
    slot->event.price = slot[1].candle.close;
    slot->event.size = slot[1].candle.volume;
    return slot[1].candle.interval_s ? true : mr_rows_fail(&m->rows, MR_E_RANGE, "topic: interval");
}

enum { SYMBOL, CANDLES, TIME, VOLUME, HIGH, LOW, CLOSE, OPEN, CANDLE_FIELDS };

/* [start in s, open, close, high, low, then volume and turnover (spot) or turnover and volume in lots (futures)]. None
 * says that it is final. */
static bool candle_list(struct mr_kucoin_message *m, const struct mr_field *f)
{
    enum { START, O, C, H, L, FIRST, SECOND, ENTRIES };
    struct mr_rows *r = &m->rows;
    struct mr_field c[ENTRIES] = {0};
    struct mr_json list;
    union mr_slot *slot;
    uint64_t start;
    uint32_t n = 0, volume = r->dec->product == MR_KUCOIN_SPOT ? FIRST : SECOND;
    mr_json_open(&list, f[CANDLES].text.data, f[CANDLES].text.len);
    if (mr_json_array(&list))
        for (; mr_json_next(&list); n++)
            if (!(n < ENTRIES ? mr_field_take(r, &list, &c[n], "candles") : mr_json_skip(&list)))
                break;
    struct mr_candle *to = mr_rows_late_end(r, &list) ? candle(m, &slot) : NULL;
    if (!to || !mr_field_u64(r, &c[START], "candles", &start) || !mr_field_price(r, &c[O], "candles", &to->open) ||
        !mr_field_price(r, &c[C], "candles", &to->close) || !mr_field_price(r, &c[H], "candles", &to->high) ||
        !mr_field_price(r, &c[L], "candles", &to->low) || !mr_field_size(r, &c[volume], "candles", &to->volume) ||
        !mr_kucoin_time(r, &f[TIME], "time", &slot->event.venue_ns))
        return false;
    if (start > INT64_MAX / 1000000000)
        return mr_rows_fail_at(r, MR_E_OVERFLOW, "candles", c[START].text);
    to->open_ns = (int64_t)start * 1000000000;
    return candle_end(m, slot);
}

/* Futures until 2022: named members, `time` the start. */
static bool candle_named(struct mr_kucoin_message *m, const struct mr_field *f)
{
    struct mr_rows *r = &m->rows;
    union mr_slot *slot;
    struct mr_candle *to = candle(m, &slot);
    return to && mr_kucoin_time(r, &f[TIME], "time", &to->open_ns) && mr_field_price(r, &f[OPEN], "open", &to->open) &&
           mr_field_price(r, &f[HIGH], "high", &to->high) && mr_field_price(r, &f[LOW], "low", &to->low) &&
           mr_field_price(r, &f[CLOSE], "close", &to->close) && mr_field_size(r, &f[VOLUME], "volume", &to->volume) &&
           candle_end(m, slot);
}

bool mr_kucoin_candle(struct mr_kucoin_message *m, struct mr_json *j)
{
    static const struct mr_field_name names[CANDLE_FIELDS] = {MR_FIELD("symbol"), MR_FIELD("candles"), MR_FIELD("time"),
                                                              MR_FIELD("volume"), MR_FIELD("high"),    MR_FIELD("low"),
                                                              MR_FIELD("close"),  MR_FIELD("open")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[CANDLE_FIELDS];
    if (!mr_fields_read(r, j, names, CANDLE_FIELDS, f) || !mr_kucoin_same_symbol(m, &f[SYMBOL], "symbol"))
        return false;
    if (f[CANDLES].type == MR_JSON_ARRAY)
        return candle_list(m, f);
    return f[CANDLES].type == MR_JSON_NONE ? candle_named(m, f)
                                           : mr_rows_fail_at(r, MR_E_TYPE, "candles", f[CANDLES].text);
}
