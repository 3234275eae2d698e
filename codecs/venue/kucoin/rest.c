/* KuCoin REST bodies: {"code":"200000","data":..}; the URL says what `data` is. */
#include "codecs/venue/kucoin/kucoin_priv.h"

#define SPARE_DECIMALS 3 /* recorded: a size of 0.00019434546 where the lot is 0.00000001 */

struct body {
    struct mr_rows rows;
    struct mr_instruments *table;
    struct mr_span symbol; /* of the URL: a parameter, or a part of the path */
    uint8_t kind;
    bool partial; /* of a book: its best levels only */
};

/* ---- what a URL asks for ---- */

static const struct form {
    const char *path,
        *behind; /* "/contracts/" SYMBOL ""; behind NULL: the path ends there, the symbol is a parameter */
    uint8_t product, kind;
    bool partial;
} forms[] = {
    {"/level2/snapshot", NULL, MR_KUCOIN_FUTURES, MR_KUCOIN_REST_BOOK, false},
    {"/level2/depth20", NULL, MR_KUCOIN_FUTURES, MR_KUCOIN_REST_BOOK, true},
    {"/level2/depth100", NULL, MR_KUCOIN_FUTURES, MR_KUCOIN_REST_BOOK, true},
    {"/contracts/active", NULL, MR_KUCOIN_FUTURES, MR_KUCOIN_REST_CONTRACTS, false},
    {"/contracts/", "", MR_KUCOIN_FUTURES, MR_KUCOIN_REST_CONTRACTS, false},
    {"/mark-price/", "/current", MR_KUCOIN_FUTURES, MR_KUCOIN_REST_MARK, false},
    {"/funding-rate/", "/current", MR_KUCOIN_FUTURES, MR_KUCOIN_REST_FUNDING, false},
    {"/market/orderbook/level2", NULL, MR_KUCOIN_SPOT, MR_KUCOIN_REST_BOOK, false},
    {"/market/orderbook/level2_20", NULL, MR_KUCOIN_SPOT, MR_KUCOIN_REST_BOOK, true},
    {"/market/orderbook/level2_100", NULL, MR_KUCOIN_SPOT, MR_KUCOIN_REST_BOOK, true},
    {"/symbols", NULL, MR_KUCOIN_SPOT, MR_KUCOIN_REST_SYMBOLS, false},
    {"/symbols/", "", MR_KUCOIN_SPOT, MR_KUCOIN_REST_SYMBOLS, false},
    {"/bullet-public", NULL, MR_KUCOIN_FUTURES, MR_KUCOIN_REST_TOKEN, false},
    {"/bullet-public", NULL, MR_KUCOIN_SPOT, MR_KUCOIN_REST_TOKEN, false},
};

static bool ends(struct mr_span s, const char *text)
{
    size_t n = strlen(text);
    return s.len >= n && (n == 0 || memcmp(s.data + s.len - n, text, n) == 0);
}

/* The part between `path` and `behind`, if it is one name; empty if the path is not so. */
static struct mr_span between(struct mr_span path, const struct form *form)
{
    size_t n = strlen(form->path), tail = strlen(form->behind);
    const uint8_t *at = path.len ? memmem(path.data, path.len, form->path, n) : NULL;
    if (!at || !ends(path, form->behind) || (size_t)(path.data + path.len - at) <= n + tail)
        return (struct mr_span){NULL, 0};
    struct mr_span name = {at + n, (uint32_t)((size_t)(path.data + path.len - at) - n - tail)};
    return memchr(name.data, '/', name.len) ? (struct mr_span){NULL, 0} : name;
}

static bool find_kind(struct body *b, struct mr_span url)
{
    struct mr_span path = mr_span_before(url, '?');
    for (size_t i = 0; i < MR_COUNT_OF(forms); i++) {
        if (forms[i].product != b->rows.dec->product)
            continue;
        b->symbol = forms[i].behind ? between(path, &forms[i]) : mr_url_parameter(url, "symbol");
        if (!(forms[i].behind ? b->symbol.len > 0 : ends(path, forms[i].path)))
            continue;
        b->kind = forms[i].kind;
        b->partial = forms[i].partial;
        return true;
    }
    b->rows.dec->name = path;
    return mr_rows_fail(&b->rows, MR_E_UNKNOWN, "url");
}

/* ---- contracts ---- */

enum { SYMBOL, TYPE, EXPIRES, BASE, QUOTE, LOT, TICK, MULTIPLIER, INVERSE, STATUS, INTEREST, MARK, CONTRACT_FIELDS };
static const struct mr_field_name contract_names[CONTRACT_FIELDS] = {
    [SYMBOL] = MR_FIELD("symbol"),         [TYPE] = MR_FIELD("type"),
    [EXPIRES] = MR_FIELD("expireDate"),    [BASE] = MR_FIELD("baseCurrency"),
    [QUOTE] = MR_FIELD("quoteCurrency"),   [LOT] = MR_FIELD("lotSize"),
    [TICK] = MR_FIELD("tickSize"),         [MULTIPLIER] = MR_FIELD("multiplier"),
    [INVERSE] = MR_FIELD("isInverse"),     [STATUS] = MR_FIELD("status"),
    [INTEREST] = MR_FIELD("openInterest"), [MARK] = MR_FIELD("markPrice"),
};

/* Coins a lot stands for; -1 on inverse contracts, whose lot is a dollar. */
static bool multiplier(const struct mr_field *f, struct mr_instrument *it)
{
    struct mr_decimal value;
    bool inverse = f[INVERSE].type == MR_JSON_TRUE;
    if (!mr_field_has(&f[MULTIPLIER]) ||
        mr_number_decimal(f[MULTIPLIER].text.data, f[MULTIPLIER].text.len, &value) != MR_OK)
        return false;
    value = mr_decimal_normal(value);
    if (inverse || value.mantissa < 0) {
        it->flags |= MR_INSTRUMENT_INVERSE;
        value.mantissa = value.mantissa < 0 ? -value.mantissa : value.mantissa;
    }
    int64_t whole;
    int scale = value.exponent < 0 ? -value.exponent : 0;
    if (value.mantissa == 0 || scale > MR_SCALE_MAX || mr_decimal_rescale(value, scale, &whole) != MR_OK)
        return false;
    it->multiplier = whole;
    it->multiplier_scale = (int8_t)scale;
    return true;
}

/* Open interest in lots, of one side; its worth at the mark price where that is in dollars. */
static bool interest(struct mr_rows *r, const struct mr_field *f)
{
    struct mr_event *ev;
    int64_t price, lots;
    if (!mr_field_has(&f[INTEREST]))
        return true;
    if (!mr_rows_symbol(r, f[SYMBOL].text) ||
        !mr_kucoin_value(r, MR_EVENT_OPEN_INTEREST, &f[INTEREST], "openInterest", &ev))
        return false;
    ev->size = MR_OI_CONTRACTS;
    if (mr_field_has(&f[MARK]) && f[MARK].type != MR_JSON_STRING && f[MARK].type != MR_JSON_NUMBER)
        return mr_rows_fail_at(r, MR_E_TYPE, "markPrice", f[MARK].text);
    const struct mr_instrument *it = r->instrument;
    bool worth =
        mr_field_has(&f[MARK]) && it->flags & MR_INSTRUMENT_QUOTE_USD && !(it->flags & MR_INSTRUMENT_NO_METADATA) &&
        mr_number_fixed(f[MARK].text.data, f[MARK].text.len, it->price_scale, &price) == MR_OK && price >= 0 &&
        mr_number_fixed(f[INTEREST].text.data, f[INTEREST].text.len, it->size_scale, &lots) == MR_OK && lots >= 0;
    if (worth && mr_instrument_notional(it, price, lots, &ev->aux) != MR_OK)
        ev->aux = 0; /* more than fits: unknown */
    return true;
}

static bool contract(struct body *b, struct mr_json *j)
{
    struct mr_rows *r = &b->rows;
    struct mr_field f[CONTRACT_FIELDS];
    if (!mr_fields_read(r, j, contract_names, CONTRACT_FIELDS, f) || !mr_field_text(r, &f[SYMBOL], "symbol"))
        return false;
    bool dated = mr_field_is(&f[TYPE], "FFICSX") || f[EXPIRES].type == MR_JSON_NUMBER;
    struct mr_instrument it = {
        .venue = MR_VENUE_kucoin,
        .product = MR_KUCOIN_FUTURES,
        .type = dated ? MR_TYPE_FUTURE : MR_TYPE_PERPETUAL,
        .flags = mr_field_has(&f[STATUS]) && !mr_field_is(&f[STATUS], "Open") ? MR_INSTRUMENT_HALTED : 0,
    };
    bool known = multiplier(f, &it);
    mr_span_copy(it.base, sizeof it.base, f[BASE].text);
    mr_span_copy(it.quote, sizeof it.quote, f[QUOTE].text);
    if (!mr_rows_instrument(r, b->table, &it, f[SYMBOL].text, f[TICK].text, f[LOT].text, known))
        return false;
    return !b->symbol.len || interest(r, f); /* of the contract that was asked for, not of all */
}

/* ---- symbols ---- */

static bool symbol(struct body *b, struct mr_json *j)
{
    enum { NAME, COIN, MONEY, STEP, PRICE_STEP, TRADING, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("symbol"),         MR_FIELD("baseCurrency"),
                                                       MR_FIELD("quoteCurrency"),  MR_FIELD("baseIncrement"),
                                                       MR_FIELD("priceIncrement"), MR_FIELD("enableTrading")};
    struct mr_rows *r = &b->rows;
    struct mr_field f[FIELDS];
    if (!mr_fields_read(r, j, names, FIELDS, f) || !mr_field_text(r, &f[NAME], "symbol"))
        return false;
    struct mr_instrument it = {
        .venue = MR_VENUE_kucoin,
        .product = MR_KUCOIN_SPOT,
        .type = MR_TYPE_SPOT,
        .flags = f[TRADING].type == MR_JSON_FALSE ? MR_INSTRUMENT_HALTED : 0,
        .multiplier = 1,
    };
    mr_span_copy(it.base, sizeof it.base, f[COIN].text);
    mr_span_copy(it.quote, sizeof it.quote, f[MONEY].text);
    return mr_rows_instrument_spare(r, b->table, &it, f[NAME].text, f[PRICE_STEP].text, f[STEP].text, true,
                                    SPARE_DECIMALS);
}

/* ---- books, marks, funding ---- */

static bool book(struct body *b, struct mr_json *j)
{
    struct mr_rows *r = &b->rows;
    struct mr_field name = {0}, sequence = {0}, ts = {0}, time = {0};
    struct mr_sides sides;
    struct mr_span key;
    bool spot = r->dec->product == MR_KUCOIN_SPOT;
    if (!b->symbol.len)
        return mr_rows_fail(r, MR_E_MISSING, "url: symbol");
    if (!mr_rows_symbol(r, b->symbol))
        return false;
    struct mr_book_head *head = mr_sides_open(r, &sides, spot ? MR_LEVELS_PAIR : MR_LEVELS_DUO);
    if (!head || !mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        bool ok = mr_json_key_is(j, key, "bids")       ? mr_sides_take(r, j, &sides, false, "bids")
                  : mr_json_key_is(j, key, "asks")     ? mr_sides_take(r, j, &sides, true, "asks")
                  : mr_json_key_is(j, key, "sequence") ? mr_field_take(r, j, &sequence, "sequence")
                  : mr_json_key_is(j, key, "symbol")   ? mr_field_take(r, j, &name, "symbol")
                  : mr_json_key_is(j, key, "ts")       ? mr_field_take(r, j, &ts, "ts")
                  : mr_json_key_is(j, key, "time")     ? mr_field_take(r, j, &time, "time")
                                                       : mr_json_skip(j);
        if (!ok)
            return false;
    }
    if (mr_field_has(&name) && !mr_span_is(name.text, (const char *)b->symbol.data, b->symbol.len))
        return mr_rows_fail_at(r, MR_E_RANGE, "symbol", name.text);
    if (j->status != MR_OK || !mr_sides_end(r, &sides, head) || !mr_field_u64(r, &sequence, "sequence", &head->seq) ||
        !mr_kucoin_time(r, spot ? &time : &ts, spot ? "time" : "ts", &head->venue_ns))
        return false;
    head->first_seq = head->seq;
    head->flags |= MR_FLAG_SNAPSHOT;
    head->book_flags |= b->partial ? MR_BOOK_PARTIAL : 0;
    return true;
}

static bool mark(struct body *b, struct mr_json *j)
{
    enum { VALUE, INDEX, TIME, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("value"), MR_FIELD("indexPrice"),
                                                       MR_FIELD("timePoint")};
    struct mr_rows *r = &b->rows;
    struct mr_field f[FIELDS];
    struct mr_event *of, *index;
    return mr_rows_symbol(r, b->symbol) && mr_fields_read(r, j, names, FIELDS, f) &&
           mr_kucoin_value(r, MR_EVENT_MARK, &f[VALUE], "value", &of) &&
           mr_kucoin_time(r, &f[TIME], "timePoint", &of->venue_ns) &&
           mr_kucoin_value(r, MR_EVENT_INDEX, &f[INDEX], "indexPrice", &index) &&
           mr_kucoin_time(r, &f[TIME], "timePoint", &index->venue_ns);
}

/* The body's own symbol is that of the rate's index (".XBTUSDTMFPI8H"). */
static bool funding(struct body *b, struct mr_json *j)
{
    enum { VALUE, TIME, INTERVAL, NEXT, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("value"), MR_FIELD("timePoint"),
                                                       MR_FIELD("granularity"), MR_FIELD("fundingTime")};
    struct mr_rows *r = &b->rows;
    struct mr_field f[FIELDS];
    struct mr_event *ev;
    return mr_rows_symbol(r, b->symbol) && mr_fields_read(r, j, names, FIELDS, f) &&
           mr_kucoin_value(r, MR_EVENT_FUNDING, &f[VALUE], "value", &ev) &&
           mr_kucoin_time(r, &f[TIME], "timePoint", &ev->venue_ns) &&
           (!mr_field_has(&f[INTERVAL]) || mr_field_ms(r, &f[INTERVAL], "granularity", &ev->size)) &&
           (!mr_field_has(&f[NEXT]) || mr_kucoin_time(r, &f[NEXT], "fundingTime", &ev->aux));
}

/* ---- the envelope ---- */

static bool each(struct body *b, struct mr_json *j, bool (*row)(struct body *b, struct mr_json *j))
{
    if (mr_json_peek(j) == MR_JSON_OBJECT) /* one that was asked for by name */
        return row(b, j);
    if (!mr_json_array(j))
        return false;
    while (mr_json_next(j))
        if (!row(b, j))
            return false;
    return j->status == MR_OK;
}

static bool data(struct body *b, struct mr_json *j)
{
    switch (b->kind) {
    case MR_KUCOIN_REST_BOOK:
        return book(b, j);
    case MR_KUCOIN_REST_CONTRACTS:
        return each(b, j, contract);
    case MR_KUCOIN_REST_SYMBOLS:
        return each(b, j, symbol);
    case MR_KUCOIN_REST_MARK:
        return mark(b, j);
    case MR_KUCOIN_REST_FUNDING:
        return funding(b, j);
    default: /* a token is for the session, not for us */
        return mr_json_skip(j);
    }
}

static bool good(struct mr_rows *r, const struct mr_field *code)
{
    if (code->type == MR_JSON_NONE || mr_field_is(code, "200000"))
        return true;
    r->dec->name = code->text; /* the venue refused: its code says why */
    return mr_rows_fail_at(r, MR_E_UNKNOWN, "code", code->text);
}

/* `code` stands first as the venue sends it; data that come before it wait. */
static bool envelope(struct body *b, struct mr_json *j)
{
    struct mr_rows *r = &b->rows;
    struct mr_field code = {0};
    struct mr_span key, late = {NULL, 0};
    struct mr_json again;
    bool done = false;
    if (!mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        if (mr_json_key_is(j, key, "data")) {
            if (done || late.data)
                return mr_rows_fail(r, MR_E_MALFORMED, "data");
            done = code.type != MR_JSON_NONE;
            if (!(done ? good(r, &code) && data(b, j) : mr_json_raw(j, &late)))
                return false;
        } else if (!(mr_json_key_is(j, key, "code") ? mr_field_take(r, j, &code, "code") : mr_json_skip(j))) {
            return false;
        }
    }
    if (j->status != MR_OK || !good(r, &code) || done)
        return j->status == MR_OK && done;
    if (!late.data)
        return mr_rows_fail(r, MR_E_MISSING, "data");
    mr_json_open(&again, late.data, late.len);
    (void)data(b, &again);
    return mr_rows_late_end(r, &again);
}

int mr_kucoin_rest(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body,
                   struct mr_instruments *table, union mr_slot *out, uint32_t out_max)
{
    struct body b = {.table = table};
    struct mr_json j;
    mr_rows_open(&b.rows, dec, body, out, out_max);
    mr_json_open(&j, body->data, body->len);
    if (find_kind(&b, url))
        (void)envelope(&b, &j);
    dec->kind = b.kind;
    return mr_rows_end(&b.rows, &j);
}
