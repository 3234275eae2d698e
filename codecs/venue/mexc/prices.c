/* Tickers, fair and index prices, funding, candles, contract changes.
 *
 * Numbers are bare and spelt as they come: "25329.000000000000000000000000000000", "9.75E+4". Zeros behind a fraction
 * say nothing and are left out before a mantissa is made; digits that do say something and do not fit are MR_E_INEXACT. */
#include "codecs/venue/mexc/mexc_priv.h"

enum { MANTISSA_DIGITS = 18 };

/* The text without zeros at its fraction's end; a text with an exponent as it is. */
static struct mr_span without_zeros(struct mr_span text)
{
    const uint8_t *point = text.len > MANTISSA_DIGITS ? memchr(text.data, '.', text.len) : NULL;
    if (!point || memchr(text.data, 'e', text.len) || memchr(text.data, 'E', text.len))
        return text;
    while (text.data[text.len - 1] == '0')
        text.len--;
    text.len -= text.data + text.len - 1 == point;
    return text;
}

static bool value(struct mr_rows *r, const struct mr_field *f, const char *name, struct mr_event *ev)
{
    struct mr_field plain = *f;
    struct mr_decimal is;
    if (mr_field_has(f) && f->type == MR_JSON_NUMBER) {
        plain.text = without_zeros(f->text);
        if (mr_unlikely(plain.text.len > MANTISSA_DIGITS) && memchr(plain.text.data, '.', plain.text.len) &&
            mr_number_decimal(plain.text.data, plain.text.len, &is) == MR_E_OVERFLOW)
            return mr_rows_fail_at(r, MR_E_INEXACT, name, f->text);
    }
    return mr_field_value(r, &plain, name, &ev->price, &ev->exponent);
}

static bool value_event(struct mr_rows *r, enum mr_event_kind kind, const struct mr_field *f, const char *name,
                        int64_t venue_ns)
{
    struct mr_event *ev = mr_rows_event(r, kind, venue_ns);
    return ev && value(r, f, name, ev);
}

/* ---- tickers ---- */

enum { SYMBOL, BID, ASK, HOLD, FAIR, INDEX, RATE, TIME, TICKER_FIELDS };
static const struct mr_field_name ticker_names[TICKER_FIELDS] = {
    [SYMBOL] = MR_FIELD("symbol"),    [BID] = MR_FIELD("bid1"),       [ASK] = MR_FIELD("ask1"),
    [HOLD] = MR_FIELD("holdVol"),     [FAIR] = MR_FIELD("fairPrice"), [INDEX] = MR_FIELD("indexPrice"),
    [RATE] = MR_FIELD("fundingRate"), [TIME] = MR_FIELD("timestamp"),
};

static bool funding_event(struct mr_mexc_message *m, const struct mr_field *rate, const char *name, int64_t venue_ns)
{
    struct mr_event *ev = mr_rows_event(&m->rows, MR_EVENT_FUNDING, venue_ns);
    if (!ev)
        return false;
    ev->size = m->last.interval_ns;
    ev->aux = m->last.next_funding_ns > venue_ns ? m->last.next_funding_ns : 0; /* one that has passed is none */
    return value(&m->rows, rate, name, ev);
}

/* In contracts; worth contracts x contract size x fair price, where that is known and fits. */
static bool interest(struct mr_mexc_message *m, const struct mr_field *f, int64_t venue_ns)
{
    const struct mr_instrument *it = m->rows.instrument;
    struct mr_span hold = f[HOLD].text, fair = f[FAIR].text;
    int64_t size, price = 0, worth;
    if (!value_event(&m->rows, MR_EVENT_OPEN_INTEREST, &f[HOLD], "holdVol", venue_ns))
        return false;
    struct mr_event *ev = &m->rows.out[m->rows.used - 1].event;
    ev->size = MR_OI_CONTRACTS;
    bool priced = it->flags & MR_INSTRUMENT_INVERSE ||
                  (mr_field_has(&f[FAIR]) && mr_number_fixed(fair.data, fair.len, it->price_scale, &price) == MR_OK);
    if (priced && it->flags & MR_INSTRUMENT_QUOTE_USD && !(it->flags & MR_INSTRUMENT_NO_METADATA) &&
        mr_number_fixed(hold.data, hold.len, it->size_scale, &size) == MR_OK &&
        mr_instrument_notional(it, price, size, &worth) == MR_OK && worth >= 0)
        ev->aux = worth;
    return true;
}

/* Prices only: the sizes are one lot, and flagged. depth.full has both. */
static bool best(struct mr_mexc_message *m, const struct mr_field *f, int64_t venue_ns)
{
    struct mr_rows *r = &m->rows;
    struct mr_level *level;
    struct mr_book_head *head = mr_rows_bbo(r, venue_ns, 0, &level);
    if (!head || !mr_field_price(r, &f[BID], "bid1", &level[0].price) ||
        !mr_field_price(r, &f[ASK], "ask1", &level[1].price))
        return false;
    int64_t lot = r->instrument->lot ? r->instrument->lot : mr_pow10[r->instrument->size_scale];
    level[0].size = level[0].price ? lot : 0; /* 0: that side is empty */
    level[1].size = level[1].price ? lot : 0;
    head->book_flags |= MR_BOOK_NO_SIZES;
    head->flags |= m->last.top ? MR_FLAG_SECONDARY : 0;
    return true;
}

/* fields[SYMBOL] was made rows.instrument already. */
static bool ticker_row(struct mr_mexc_message *m, const struct mr_field *f)
{
    struct mr_rows *r = &m->rows;
    const struct mr_field *time = mr_field_has(&f[TIME]) ? &f[TIME] : &m->ts;
    int64_t venue_ns;
    if (!mr_field_ms(r, time, time == &m->ts ? "ts" : "timestamp", &venue_ns))
        return false;
    return (!mr_field_has(&f[FAIR]) || value_event(r, MR_EVENT_MARK, &f[FAIR], "fairPrice", venue_ns)) &&
           (!mr_field_has(&f[INDEX]) || value_event(r, MR_EVENT_INDEX, &f[INDEX], "indexPrice", venue_ns)) &&
           (!mr_field_has(&f[RATE]) || funding_event(m, &f[RATE], "fundingRate", venue_ns)) &&
           (!mr_field_has(&f[HOLD]) || interest(m, f, venue_ns)) &&
           (!mr_field_has(&f[BID]) || !mr_field_has(&f[ASK]) || best(m, f, venue_ns));
}

bool mr_mexc_ticker(struct mr_mexc_message *m, struct mr_json *j)
{
    struct mr_field f[TICKER_FIELDS];
    mr_shape_refuse(&m->rows.dec->recorder); /* the time goes to five places, and last values are looked at */
    if (!mr_fields_read(&m->rows, j, ticker_names, TICKER_FIELDS, f) || !mr_mexc_instrument(m, &f[SYMBOL]) ||
        !ticker_row(m, f))
        return false;
    if (m->kind == MR_MEXC_TICKER)
        mr_mexc_ticker_learn(m->rows.dec, m->rows.frame, m->data);
    return true;
}

/* All symbols there are: those nobody configured are passed over and counted; MR_E_SYMBOL only where none is known. */
bool mr_mexc_tickers(struct mr_mexc_message *m, struct mr_json *j)
{
    struct mr_rows *r = &m->rows;
    struct mr_decoder *dec = r->dec;
    struct mr_field f[TICKER_FIELDS], first = {.type = MR_JSON_NONE};
    uint32_t known = 0, unknown = 0;
    mr_shape_refuse(&dec->recorder);
    if (!mr_json_array(j))
        return false;
    while (mr_json_next(j)) {
        r->plain_used = 0;
        if (!mr_fields_read(r, j, ticker_names, TICKER_FIELDS, f) || !mr_field_text(r, &f[SYMBOL], "symbol"))
            return false;
        if (!mr_instruments_find(dec->instruments, dec->venue->id, dec->product, f[SYMBOL].text)) {
            first = unknown++ ? first : f[SYMBOL];
            continue;
        }
        known++;
        if (!mr_mexc_instrument(m, &f[SYMBOL]) || !ticker_row(m, f))
            return false;
    }
    if (j->status != MR_OK)
        return false;
    if (unknown && !known) /* a caller who adds as it goes gets a start */
        return mr_rows_symbol(r, first.text);
    dec->passed_over += unknown;
    return true;
}

/* ---- single values ---- */

/* {"symbol":..,"price":..}; by REST the member has the channel's name, and a time. */
static bool price(struct mr_mexc_message *m, struct mr_json *j, enum mr_event_kind kind, const char *rest)
{
    const struct mr_field_name names[4] = {
        MR_FIELD("symbol"), MR_FIELD("price"), {rest, (uint32_t)strlen(rest)}, MR_FIELD("timestamp")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[4];
    int64_t venue_ns;
    mr_shape_refuse(&r->dec->recorder);
    if (!mr_fields_read(r, j, names, 4, f) || !mr_mexc_instrument(m, &f[0]))
        return false;
    int of = mr_field_has(&f[2]) ? 2 : 1;
    const struct mr_field *time = mr_field_has(&f[3]) ? &f[3] : &m->ts;
    return mr_field_ms(r, time, time == &m->ts ? "ts" : "timestamp", &venue_ns) &&
           value_event(r, kind, &f[of], names[of].text, venue_ns);
}

bool mr_mexc_fair(struct mr_mexc_message *m, struct mr_json *j) { return price(m, j, MR_EVENT_MARK, "fairPrice"); }
bool mr_mexc_index(struct mr_mexc_message *m, struct mr_json *j) { return price(m, j, MR_EVENT_INDEX, "indexPrice"); }

/* "rate" in the stream, "fundingRate" by REST, which also says how many hours lie between two settlements. */
bool mr_mexc_funding(struct mr_mexc_message *m, struct mr_json *j)
{
    enum { NAME, STREAM_RATE, REST_RATE, NEXT, HOURS, AT, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("symbol"),       MR_FIELD("rate"),
                                                       MR_FIELD("fundingRate"),  MR_FIELD("nextSettleTime"),
                                                       MR_FIELD("collectCycle"), MR_FIELD("timestamp")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    int64_t venue_ns;
    uint64_t hours;
    mr_shape_refuse(&r->dec->recorder);
    if (!mr_fields_read(r, j, names, FIELDS, f) || !mr_mexc_instrument(m, &f[NAME]))
        return false;
    const struct mr_field *time = mr_field_has(&f[AT]) ? &f[AT] : &m->ts;
    if (!mr_field_ms(r, time, time == &m->ts ? "ts" : "timestamp", &venue_ns))
        return false;
    if (mr_field_has(&f[NEXT]) && !mr_field_ms(r, &f[NEXT], "nextSettleTime", &m->last.next_funding_ns))
        return false;
    if (mr_field_has(&f[HOURS])) {
        if (!mr_field_u64(r, &f[HOURS], "collectCycle", &hours))
            return false;
        if (hours > 24 * 31)
            return mr_rows_fail_at(r, MR_E_RANGE, "collectCycle", f[HOURS].text);
        m->last.interval_ns = (int64_t)hours * 3600 * 1000000000;
    }
    m->keep = true;
    int of = mr_field_has(&f[STREAM_RATE]) ? STREAM_RATE : REST_RATE;
    return funding_event(m, &f[of], names[of].text, venue_ns);
}

/* ---- candles ---- */

static bool interval(struct mr_rows *r, const struct mr_field *f, uint32_t *seconds)
{
    static const struct {
        const char *name;
        uint32_t seconds;
    } intervals[] = {{"Min1", 60},     {"Min5", 300},    {"Min15", 900},  {"Min30", 1800},   {"Min60", 3600},
                     {"Hour4", 14400}, {"Hour8", 28800}, {"Day1", 86400}, {"Week1", 604800}, {"Month1", 2592000}};
    if (!mr_field_text(r, f, "interval"))
        return false;
    for (size_t i = 0; i < MR_COUNT_OF(intervals); i++)
        if (mr_field_is(f, intervals[i].name)) {
            *seconds = intervals[i].seconds;
            return true;
        }
    return mr_rows_fail_at(r, MR_E_RANGE, "interval", f->text);
}

/* `t` in seconds; `q` in contracts, the unit of sizes (`a` is their amount). Nothing says that a candle is final. */
bool mr_mexc_kline(struct mr_mexc_message *m, struct mr_json *j)
{
    enum { Q, C, H, INTERVAL, L, O, NAME, T, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("q"),        MR_FIELD("c"), MR_FIELD("h"),
                                                       MR_FIELD("interval"), MR_FIELD("l"), MR_FIELD("o"),
                                                       MR_FIELD("symbol"),   MR_FIELD("t")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    uint64_t start;
    mr_shape_refuse(&r->dec->recorder); /* close and volume go to two places */
    if (!mr_fields_read(r, j, names, FIELDS, f) || !mr_mexc_instrument(m, &f[NAME]))
        return false;
    union mr_slot *slot = mr_rows_add(r, MR_EVENT_CANDLE, 2);
    if (!slot)
        return false;
    struct mr_candle *c = &slot[1].candle;
    *c = (struct mr_candle){.interval_s = 0};
    if (!interval(r, &f[INTERVAL], &c->interval_s) || !mr_field_u64(r, &f[T], "t", &start) ||
        !mr_field_price(r, &f[O], "o", &c->open) || !mr_field_price(r, &f[H], "h", &c->high) ||
        !mr_field_price(r, &f[L], "l", &c->low) || !mr_field_price(r, &f[C], "c", &c->close) ||
        !mr_field_size(r, &f[Q], "q", &c->volume) || !mr_field_ms(r, &m->ts, "ts", &slot->event.venue_ns))
        return false;
    if (start > INT64_MAX / 1000000000)
        return mr_rows_fail_at(r, MR_E_OVERFLOW, "t", f[T].text);
    c->open_ns = (int64_t)start * 1000000000;
    slot->event.price = c->close;
    slot->event.size = c->volume;
    return true;
}

/* ---- contract changes ---- */

/* The row of a contract whose specification changed. Its numbers belong into the instrument list, which is fetched
 * again; here only whether it trades is said. Of a contract nobody asked for: nothing. */
bool mr_mexc_contract(struct mr_mexc_message *m, struct mr_json *j)
{
    enum { NAME, STATE, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("symbol"), MR_FIELD("state")};
    struct mr_rows *r = &m->rows;
    struct mr_decoder *dec = r->dec;
    struct mr_field f[FIELDS];
    int64_t venue_ns;
    mr_shape_refuse(&dec->recorder);
    if (!mr_fields_read(r, j, names, FIELDS, f))
        return false;
    const struct mr_field *of = m->symbol.type != MR_JSON_NONE ? &m->symbol : &f[NAME];
    if (mr_field_has(of) && !mr_field_text(r, of, "symbol"))
        return false;
    if (!mr_field_has(&f[STATE]) || !mr_field_has(of) ||
        !mr_instruments_find(dec->instruments, dec->venue->id, dec->product, of->text))
        return true;
    if (!mr_mexc_instrument(m, &f[NAME]) || !mr_field_ms(r, &m->ts, "ts", &venue_ns))
        return false;
    struct mr_event *ev = mr_rows_event(r, MR_EVENT_STATUS, venue_ns);
    if (!ev)
        return false;
    ev->price = mr_field_is(&f[STATE], "0") ? MR_STATUS_LIVE : MR_STATUS_HALTED;
    return true;
}
