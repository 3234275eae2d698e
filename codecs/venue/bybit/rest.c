/* Bybit REST bodies: {"retCode":0,"retMsg":"OK","result":{..},"time":..}; the URL says what `result` is. */
#include "codecs/venue/bybit/bybit_priv.h"

struct body {
    struct mr_rows rows;
    struct mr_instruments *table;
    struct mr_span symbol;
    uint8_t kind;
    int64_t time_ns; /* the envelope's; it comes last */
};

static bool find_kind(struct body *b, struct mr_span url)
{
    /* clang-format off */
    static const struct { const char *path; uint8_t kind; } bodies[] = {
        {"/market/instruments-info", MR_BYBIT_REST_INSTRUMENTS},
        {"/market/orderbook", MR_BYBIT_REST_BOOK},
        {"/market/tickers", MR_BYBIT_REST_TICKERS},
        {"/market/open-interest", MR_BYBIT_REST_INTEREST},
    };
    /* clang-format on */
    struct mr_span path = mr_span_before(url, '?');
    for (size_t i = 0; i < MR_COUNT_OF(bodies); i++) {
        uint32_t n = (uint32_t)strlen(bodies[i].path);
        if (path.len >= n && memcmp(path.data + path.len - n, bodies[i].path, n) == 0) {
            b->kind = bodies[i].kind;
            b->symbol = mr_url_parameter(url, "symbol");
            return true;
        }
    }
    b->rows.dec->name = path;
    return mr_rows_fail(&b->rows, MR_E_UNKNOWN, "url");
}

/* ---- instruments-info ---- */

/* The one member wanted of priceFilter and lotSizeFilter. */
static bool filter(struct mr_rows *r, struct mr_json *j, struct mr_field *out, const char *linear, const char *spot)
{
    struct mr_span key;
    if (!mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        bool wanted = mr_json_key_is(j, key, linear) || (spot && mr_json_key_is(j, key, spot));
        if (!(wanted ? mr_field_take(r, j, out, linear) : mr_json_skip(j)))
            return false;
    }
    return j->status == MR_OK;
}

static bool instrument(struct body *b, struct mr_json *j)
{
    struct mr_rows *r = &b->rows;
    struct mr_field symbol = {0}, status = {0}, base = {0}, quote = {0}, contract = {0}, tick = {0}, lot = {0};
    struct mr_span key;
    if (!mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        bool ok = mr_json_key_is(j, key, "symbol")          ? mr_field_take(r, j, &symbol, "symbol")
                  : mr_json_key_is(j, key, "status")        ? mr_field_take(r, j, &status, "status")
                  : mr_json_key_is(j, key, "baseCoin")      ? mr_field_take(r, j, &base, "baseCoin")
                  : mr_json_key_is(j, key, "quoteCoin")     ? mr_field_take(r, j, &quote, "quoteCoin")
                  : mr_json_key_is(j, key, "contractType")  ? mr_field_take(r, j, &contract, "contractType")
                  : mr_json_key_is(j, key, "priceFilter")   ? filter(r, j, &tick, "tickSize", NULL)
                  : mr_json_key_is(j, key, "lotSizeFilter") ? filter(r, j, &lot, "qtyStep", "basePrecision")
                                                            : mr_json_skip(j);
        if (!ok)
            return false;
    }
    if (j->status != MR_OK || !mr_field_text(r, &symbol, "symbol"))
        return false;
    bool spot = r->dec->product == MR_BYBIT_SPOT, future = mr_field_is(&contract, "LinearFutures");
    struct mr_instrument it = {
        .venue = MR_VENUE_bybit,
        .product = r->dec->product,
        .type = spot     ? MR_TYPE_SPOT
                : future ? MR_TYPE_FUTURE
                         : MR_TYPE_PERPETUAL,
        .flags = mr_field_has(&status) && !mr_field_is(&status, "Trading") ? MR_INSTRUMENT_HALTED : 0,
        .multiplier = 1, /* a size is in coins; 1000PEPE is a coin of its own */
    };
    mr_span_copy(it.base, sizeof it.base, base.text);
    mr_span_copy(it.quote, sizeof it.quote, quote.text);
    return mr_rows_instrument(r, b->table, &it, symbol.text, tick.text, lot.text, true);
}

/* ---- orderbook, tickers, open-interest ---- */

static bool book(struct body *b, struct mr_json *j)
{
    struct mr_rows *r = &b->rows;
    struct mr_field s = {0}, u = {0}, ts = {0}, cts = {0};
    struct mr_sides sides;
    struct mr_span key;
    if (!b->symbol.len || !mr_rows_symbol(r, b->symbol))
        return mr_rows_fail(r, MR_E_MISSING, "url: symbol");
    struct mr_book_head *head = mr_sides_open(r, &sides, MR_LEVELS_PAIR);
    if (!head || !mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        bool ok = mr_json_key_is(j, key, "b")     ? mr_sides_take(r, j, &sides, false, "b")
                  : mr_json_key_is(j, key, "a")   ? mr_sides_take(r, j, &sides, true, "a")
                  : mr_json_key_is(j, key, "s")   ? mr_field_take(r, j, &s, "s")
                  : mr_json_key_is(j, key, "u")   ? mr_field_take(r, j, &u, "u")
                  : mr_json_key_is(j, key, "ts")  ? mr_field_take(r, j, &ts, "ts")
                  : mr_json_key_is(j, key, "cts") ? mr_field_take(r, j, &cts, "cts")
                                                  : mr_json_skip(j);
        if (!ok)
            return false;
    }
    const struct mr_field *time = mr_field_has(&cts) ? &cts : &ts;
    if (mr_field_has(&s) && !mr_span_is(s.text, (const char *)b->symbol.data, b->symbol.len))
        return mr_rows_fail_at(r, MR_E_RANGE, "s", s.text);
    if (j->status != MR_OK || !mr_sides_end(r, &sides, head) || !mr_field_u64(r, &u, "u", &head->seq) ||
        !mr_field_ms(r, time, "ts", &head->venue_ns))
        return false;
    head->first_seq = head->seq;
    head->flags |= MR_FLAG_SNAPSHOT;
    return true;
}

/* `symbol` may stand behind the numbers, so the row is read twice: once for it, once for the rest. */
static bool ticker(struct body *b, struct mr_json *j)
{
    static const struct mr_field_name names[1] = {MR_FIELD("symbol")};
    struct mr_rows *r = &b->rows;
    struct mr_bybit_ticker fresh = {.known = 0};
    struct mr_field symbol;
    struct mr_span raw;
    struct mr_json again;
    if (!mr_json_raw(j, &raw))
        return false;
    mr_json_open(&again, raw.data, raw.len);
    if (!mr_fields_read(r, &again, names, 1, &symbol) || !mr_field_text(r, &symbol, "symbol"))
        return mr_rows_late_end(r, &again);
    if (b->table && !mr_instruments_find(b->table, MR_VENUE_bybit, r->dec->product, symbol.text))
        /* a full table: MR_E_SYMBOL below */
        (void)mr_instruments_add_bare(b->table, MR_VENUE_bybit, r->dec->product, symbol.text);
    if (!mr_rows_symbol(r, symbol.text))
        return false;
    mr_json_open(&again, raw.data, raw.len);
    (void)mr_bybit_ticker_row(r, &again, &fresh, 0, false);
    return mr_rows_late_end(r, &again);
}

/* Rows of the past, newest first: only that one is an event. */
static bool interest(struct body *b, struct mr_json *j, bool first)
{
    enum { BOTH, SINGLE, TIME, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("openInterest"), MR_FIELD("singleOpenInterest"),
                                                       MR_FIELD("timestamp")};
    struct mr_rows *r = &b->rows;
    struct mr_field f[FIELDS];
    if (!first)
        return mr_json_skip(j);
    if (!b->symbol.len || !mr_rows_symbol(r, b->symbol))
        return mr_rows_fail(r, MR_E_MISSING, "url: symbol");
    if (!mr_fields_read(r, j, names, FIELDS, f))
        return false;
    int what = mr_field_has(&f[SINGLE]) ? SINGLE : BOTH;
    struct mr_event *ev = mr_rows_event(r, MR_EVENT_OPEN_INTEREST, 0);
    if (!ev)
        return false;
    ev->size = what == SINGLE ? MR_OI_BASE : MR_OI_BASE_BOTH_SIDES;
    return mr_field_value(r, &f[what], names[what].text, &ev->price, &ev->exponent) &&
           mr_field_ms(r, &f[TIME], "timestamp", &ev->venue_ns);
}

/* ---- the envelope ---- */

static bool row(struct body *b, struct mr_json *j, bool first)
{
    switch (b->kind) {
    case MR_BYBIT_REST_INSTRUMENTS:
        return instrument(b, j);
    case MR_BYBIT_REST_TICKERS:
        return ticker(b, j);
    default:
        return interest(b, j, first);
    }
}

static bool list(struct body *b, struct mr_json *j)
{
    if (!mr_json_array(j))
        return false;
    for (bool first = true; mr_json_next(j); first = false)
        if (!row(b, j, first))
            return false;
    return j->status == MR_OK;
}

/* {"category":..,"list":[..]}; a category of another product than the decoder's is somebody else's body. */
static bool result(struct body *b, struct mr_json *j)
{
    struct mr_rows *r = &b->rows;
    struct mr_span key;
    if (b->kind == MR_BYBIT_REST_BOOK)
        return book(b, j);
    if (!mr_json_object(j))
        return false;
    struct mr_field category = {0};
    bool listed = false;
    while (mr_json_key(j, &key)) {
        if (mr_json_key_is(j, key, "category")) {
            const char *product = r->dec->venue->products[r->dec->product].name;
            if (!mr_field_take(r, j, &category, "category"))
                return false;
            if (!mr_field_is(&category, product)) {
                r->dec->name = category.text;
                return mr_rows_fail_at(r, MR_E_UNKNOWN, "category", category.text);
            }
        } else if (!mr_json_key_is(j, key, "list")) {
            if (!mr_json_skip(j))
                return false;
        } else if (listed || !list(b, j)) {
            return listed ? mr_rows_fail(r, MR_E_MALFORMED, "list") : false; /* twice: which one is meant? */
        } else {
            listed = true;
        }
    }
    return j->status == MR_OK;
}

static bool once(struct mr_rows *r, struct mr_json *j, struct mr_span *raw)
{
    return raw->data ? mr_rows_fail(r, MR_E_MALFORMED, "result") : mr_json_raw(j, raw);
}

static bool envelope(struct body *b, struct mr_json *j)
{
    struct mr_rows *r = &b->rows;
    struct mr_field code = {0}, time = {0};
    struct mr_span key, late = {NULL, 0};
    struct mr_json again;
    if (!mr_json_object(j))
        return false;
    while (mr_json_key(j, &key))
        if (!(mr_json_key_is(j, key, "result")    ? once(r, j, &late)
              : mr_json_key_is(j, key, "retCode") ? mr_field_take(r, j, &code, "retCode")
              : mr_json_key_is(j, key, "time")    ? mr_field_take(r, j, &time, "time")
                                                  : mr_json_skip(j)))
            return false;
    if (j->status != MR_OK)
        return false;
    if (code.type != MR_JSON_NONE && !mr_field_is(&code, "0")) {
        r->dec->name = code.text; /* the venue refused: its code says why */
        return mr_rows_fail_at(r, MR_E_UNKNOWN, "retCode", code.text);
    }
    if (!late.data)
        return mr_rows_fail(r, MR_E_MISSING, "result");
    if (mr_field_has(&time) && !mr_field_ms(r, &time, "time", &b->time_ns))
        return false;
    mr_json_open(&again, late.data, late.len);
    (void)result(b, &again);
    return mr_rows_late_end(r, &again);
}

int mr_bybit_rest(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body, struct mr_instruments *table,
                  union mr_slot *out, uint32_t out_max)
{
    struct body b = {.table = table};
    struct mr_json j;
    mr_rows_open(&b.rows, dec, body, out, out_max);
    mr_json_open(&j, body->data, body->len);
    if (find_kind(&b, url))
        (void)envelope(&b, &j);
    dec->kind = b.kind;
    for (uint32_t i = 0; b.kind == MR_BYBIT_REST_TICKERS && i < b.rows.used; i += mr_event_slots(out + i))
        out[i].event.venue_ns = b.time_ns; /* rows have no time of their own */
    return mr_rows_end(&b.rows, &j);
}
