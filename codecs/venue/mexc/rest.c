/* MEXC REST bodies: {"success":true,"code":0,"data":..}; the URL's path says what `data` is and whose. */
#include "codecs/venue/mexc/mexc_priv.h"

struct body {
    struct mr_mexc_message m;
    struct mr_instruments *table;
};

static const struct {
    const char *path;
    uint8_t kind;
    bool named; /* the symbol stands behind it, and not in the body */
} bodies[] = {
    {"/contract/depth_commits", MR_MEXC_REST_COMMITS, true}, {"/contract/depth", MR_MEXC_REST_DEPTH, true},
    {"/contract/detail", MR_MEXC_REST_CONTRACTS, false},     {"/contract/ticker", MR_MEXC_REST_TICKER, false},
    {"/contract/funding_rate", MR_MEXC_REST_FUNDING, false}, {"/contract/fair_price", MR_MEXC_REST_FAIR, false},
    {"/contract/index_price", MR_MEXC_REST_INDEX, false},
};

/* "https://host/api/v1/contract/depth/BTC_USDT?limit=1000": the symbol is what stands between two slashes. */
static bool find_kind(struct body *b, struct mr_span url)
{
    struct mr_rows *r = &b->m.rows;
    struct mr_span path = mr_span_before(url, '?');
    for (size_t i = 0; i < MR_COUNT_OF(bodies); i++) {
        size_t n = strlen(bodies[i].path);
        const uint8_t *at = path.len ? memmem(path.data, path.len, bodies[i].path, n) : NULL;
        if (!at || (at + n < path.data + path.len && at[n] != '/'))
            continue;
        struct mr_span rest = {at + n, path.len - (uint32_t)(at + n - path.data)};
        struct mr_span symbol = mr_span_before(mr_span_after(rest, '/'), '/');
        if (bodies[i].named && !symbol.len)
            break; /* whose book is it? */
        b->m.kind = bodies[i].kind;
        if (bodies[i].named)
            b->m.symbol = (struct mr_field){symbol, MR_JSON_STRING};
        return true;
    }
    r->dec->name = path;
    return mr_rows_fail(r, MR_E_UNKNOWN, "url");
}

/* ---- contracts ---- */

enum { SYMBOL, BASE, QUOTE, SETTLE, SIZE, TICK, LOT, STATE, FIELDS };
static const struct mr_field_name names[FIELDS] = {
    [SYMBOL] = MR_FIELD("symbol"),     [BASE] = MR_FIELD("baseCoin"),     [QUOTE] = MR_FIELD("quoteCoin"),
    [SETTLE] = MR_FIELD("settleCoin"), [SIZE] = MR_FIELD("contractSize"), [TICK] = MR_FIELD("priceUnit"),
    [LOT] = MR_FIELD("volUnit"),       [STATE] = MR_FIELD("state"),
};

/* Coins one contract stands for; dollars of a coin-margined one. */
static bool multiplier(const struct mr_field *size, struct mr_instrument *it)
{
    struct mr_decimal value;
    if (!mr_field_has(size) || mr_number_decimal(size->text.data, size->text.len, &value) != MR_OK)
        return false;
    value = mr_decimal_normal(value);
    it->multiplier_scale = value.exponent < 0 ? (int8_t)-value.exponent : 0;
    return value.mantissa > 0 && it->multiplier_scale <= MR_SCALE_MAX &&
           mr_decimal_rescale(value, it->multiplier_scale, &it->multiplier) == MR_OK;
}

static bool contract(struct body *b, struct mr_json *j)
{
    struct mr_rows *r = &b->m.rows;
    struct mr_field f[FIELDS];
    r->plain_used = 0;
    if (!mr_fields_read(r, j, names, FIELDS, f) || !mr_field_text(r, &f[SYMBOL], "symbol"))
        return false;
    struct mr_instrument it = {
        .venue = MR_VENUE_mexc,
        .product = r->dec->product,
        .type = MR_TYPE_PERPETUAL,
        .flags = mr_field_has(&f[STATE]) && !mr_field_is(&f[STATE], "0") ? MR_INSTRUMENT_HALTED : 0,
    };
    struct mr_span settle = f[SETTLE].text, base = f[BASE].text;
    if (mr_field_has(&f[SETTLE]) && mr_field_has(&f[BASE]) && settle.len == base.len &&
        memcmp(settle.data, base.data, base.len) == 0)
        it.flags |= MR_INSTRUMENT_INVERSE; /* settled in the coin: a contract is so many dollars */
    mr_span_copy(it.base, sizeof it.base, base);
    mr_span_copy(it.quote, sizeof it.quote, f[QUOTE].text);
    bool known = multiplier(&f[SIZE], &it);
    return mr_rows_instrument(r, b->table, &it, f[SYMBOL].text, f[TICK].text, f[LOT].text, known);
}

/* ---- the others ---- */

static bool row(struct body *b, struct mr_json *j)
{
    static const struct mr_field none = {.type = MR_JSON_NONE};
    struct mr_mexc_message *m = &b->m;
    switch (m->kind) {
    case MR_MEXC_REST_DEPTH:
        return mr_mexc_instrument(m, &none) && mr_mexc_book(m, j, MR_FLAG_SNAPSHOT, 0);
    case MR_MEXC_REST_COMMITS:
        return mr_mexc_instrument(m, &none) && mr_mexc_book(m, j, 0, 0);
    case MR_MEXC_REST_CONTRACTS:
        return contract(b, j);
    case MR_MEXC_REST_TICKER:
        return mr_mexc_ticker(m, j);
    case MR_MEXC_REST_FUNDING:
        return mr_mexc_funding(m, j);
    case MR_MEXC_REST_FAIR:
        return mr_mexc_fair(m, j);
    default:
        return mr_mexc_index(m, j);
    }
}

static void keep(struct mr_mexc_message *m)
{
    if (m->keep)
        ((struct mr_mexc_state *)m->rows.dec->state)->last[m->rows.instrument->id] = m->last;
    m->keep = false;
}

/* One row, or an array of them: `detail` and `ticker` have one where a symbol was asked for. */
static bool rows(struct body *b, struct mr_json *j)
{
    if (mr_json_peek(j) != MR_JSON_ARRAY)
        return row(b, j);
    if (b->m.kind == MR_MEXC_REST_TICKER)
        return mr_mexc_tickers(&b->m, j);
    if (b->m.kind == MR_MEXC_REST_DEPTH || !mr_json_array(j))
        return mr_rows_fail(&b->m.rows, MR_E_TYPE, "data");
    while (mr_json_next(j)) {
        if (!row(b, j))
            return false;
        keep(&b->m);
    }
    return j->status == MR_OK;
}

static bool once(struct mr_rows *r, struct mr_json *j, struct mr_span *raw)
{
    return raw->data ? mr_rows_fail(r, MR_E_MALFORMED, "data") : mr_json_raw(j, raw);
}

static bool envelope(struct body *b, struct mr_json *j)
{
    struct mr_rows *r = &b->m.rows;
    struct mr_field code = {0}, success = {0};
    struct mr_span key;
    struct mr_json again;
    if (!mr_json_object(j))
        return false;
    while (mr_json_key(j, &key))
        if (!(mr_json_key_is(j, key, "data")      ? once(r, j, &b->m.data)
              : mr_json_key_is(j, key, "code")    ? mr_field_take(r, j, &code, "code")
              : mr_json_key_is(j, key, "success") ? mr_field_take(r, j, &success, "success")
                                                  : mr_json_skip(j)))
            return false;
    if (j->status != MR_OK)
        return false;
    if ((code.type != MR_JSON_NONE && !mr_field_is(&code, "0")) || success.type == MR_JSON_FALSE) {
        r->dec->name = code.text; /* the venue refused: its code says why */
        return mr_rows_fail_at(r, MR_E_UNKNOWN, "code", code.text);
    }
    if (!b->m.data.data)
        return mr_rows_fail(r, MR_E_MISSING, "data");
    mr_json_open(&again, b->m.data.data, b->m.data.len);
    (void)rows(b, &again);
    return mr_rows_late_end(r, &again);
}

int mr_mexc_rest(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body, struct mr_instruments *table,
                 union mr_slot *out, uint32_t out_max)
{
    struct body b = {.table = table};
    struct mr_json j;
    mr_rows_open(&b.m.rows, dec, body, out, out_max);
    mr_json_open(&j, body->data, body->len);
    bool known = find_kind(&b, url);
    if (known && b.m.kind == MR_MEXC_REST_DEPTH) {
        int n = mr_mexc_snapshot_usual(dec, b.m.symbol.text, body, out, out_max);
        if (n != MR_E_AGAIN)
            return n;
    }
    if (known)
        (void)envelope(&b, &j);
    dec->kind = b.m.kind;
    int status = mr_rows_end(&b.m.rows, &j);
    if (status >= 0)
        keep(&b.m);
    return status;
}
