/* OKX REST bodies: {"code":"0","msg":"","data":[rows]}. Rows of mark price, funding and open interest are those of the
 * channels; books have no instId in the body, so the URL's counts; instruments go to the table. */
#include "codecs/venue/okx/okx_priv.h"

static const struct {
    const char *path;
    uint8_t kind, how;
} bodies[] = {
    {"/public/instruments", MR_OKX_KIND_REST_INSTRUMENTS, MR_OKX_NOTHING},
    {"/market/books", MR_OKX_KIND_REST_BOOKS, MR_OKX_BOOKS},
    {"/public/open-interest", MR_OKX_KIND_REST_ROWS, MR_OKX_INTEREST},
    {"/public/funding-rate", MR_OKX_KIND_REST_ROWS, MR_OKX_FUNDING},
    {"/public/mark-price", MR_OKX_KIND_REST_ROWS, MR_OKX_MARK},
    {"/market/index-tickers", MR_OKX_KIND_REST_ROWS, MR_OKX_INDEX},
};

static bool body_of(struct mr_okx_message *m, struct mr_span url)
{
    struct mr_span path = mr_span_before(url, '?');
    for (size_t i = 0; i < MR_COUNT_OF(bodies); i++) {
        uint32_t n = (uint32_t)strlen(bodies[i].path);
        if (path.len < n || memcmp(path.data + path.len - n, bodies[i].path, n) != 0)
            continue;
        m->kind = bodies[i].kind;
        m->how = bodies[i].how;
        m->symbol = mr_url_parameter(url, "instId");
        return true;
    }
    m->rows.dec->name = path;
    return mr_rows_fail(&m->rows, MR_E_UNKNOWN, "url");
}

enum { ID, TYPE, BASE, QUOTE, SETTLE, VALUE, TIMES, KIND, TICK, LOT, STATE, ULY, FAMILY, FIELDS };
/* clang-format off */
static const struct mr_field_name names[FIELDS] = {
    [ID] = MR_FIELD("instId"),     [TYPE] = MR_FIELD("instType"),    [BASE] = MR_FIELD("baseCcy"), [QUOTE] = MR_FIELD("quoteCcy"),
    [SETTLE] = MR_FIELD("settleCcy"), [VALUE] = MR_FIELD("ctVal"),   [TIMES] = MR_FIELD("ctMult"), [KIND] = MR_FIELD("ctType"),
    [TICK] = MR_FIELD("tickSz"),   [LOT] = MR_FIELD("lotSz"),        [STATE] = MR_FIELD("state"),  [ULY] = MR_FIELD("uly"),
    [FAMILY] = MR_FIELD("instFamily"),
};
/* clang-format on */

static uint8_t type_of(const struct mr_field *f)
{
    return mr_field_is(f, "SPOT") || mr_field_is(f, "MARGIN") ? MR_TYPE_SPOT
           : mr_field_is(f, "SWAP")                           ? MR_TYPE_PERPETUAL
           : mr_field_is(f, "FUTURES")                        ? MR_TYPE_FUTURE
           : mr_field_is(f, "OPTION")                         ? MR_TYPE_OPTION
                                                              : MR_TYPE_UNKNOWN;
}

/* What one contract stands for: ctVal times ctMult, in coins; in dollars for inverse contracts. */
static bool multiplier(const struct mr_field *f, struct mr_instrument *it)
{
    struct mr_decimal value = {1, 0}, times = {1, 0};
    if (mr_field_has(&f[VALUE]) && mr_number_decimal(f[VALUE].text.data, f[VALUE].text.len, &value) != MR_OK)
        return false;
    if (mr_field_has(&f[TIMES]) && mr_number_decimal(f[TIMES].text.data, f[TIMES].text.len, &times) != MR_OK)
        return false;
    value = mr_decimal_normal(value);
    times = mr_decimal_normal(times);
    struct mr_decimal both = {0, (int8_t)(value.exponent + times.exponent)};
    if (__builtin_mul_overflow(value.mantissa, times.mantissa, &both.mantissa) || both.mantissa <= 0)
        return false;
    both = mr_decimal_normal(both);
    it->multiplier_scale = both.exponent < 0 ? (int8_t)-both.exponent : 0;
    return it->multiplier_scale <= MR_SCALE_MAX &&
           mr_decimal_rescale(both, it->multiplier_scale, &it->multiplier) == MR_OK;
}

/* Spot rows name base and quote; contracts name their underlying, "BTC-USD", or family, "BTC-USD_UM". Options are
 * quoted in the coin they settle in. */
static void assets(const struct mr_field *f, struct mr_instrument *it)
{
    struct mr_span base = f[BASE].text, quote = f[QUOTE].text,
                   pair = mr_field_has(&f[ULY]) ? f[ULY].text : f[FAMILY].text;
    if (!mr_field_has(&f[BASE]) && (mr_field_has(&f[ULY]) || mr_field_has(&f[FAMILY]))) {
        base = mr_span_before(pair, '-');
        quote = mr_span_before(mr_span_after(pair, '-'), '_');
        if (it->type == MR_TYPE_OPTION && mr_field_has(&f[SETTLE]))
            quote = f[SETTLE].text;
    }
    mr_span_copy(it->base, sizeof it->base, base);
    mr_span_copy(it->quote, sizeof it->quote, quote);
}

static bool instrument(struct mr_okx_message *m, struct mr_json *j, struct mr_instruments *table)
{
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    struct mr_instrument it = {.venue = MR_VENUE_okx, .product = r->dec->product, .multiplier = 1};
    if (!mr_fields_read(r, j, names, FIELDS, f) || !mr_field_text(r, &f[ID], "instId"))
        return false;
    it.type = type_of(&f[TYPE]);
    if (mr_field_is(&f[KIND], "inverse"))
        it.flags |= MR_INSTRUMENT_INVERSE;
    if (mr_field_has(&f[STATE]) && !mr_field_is(&f[STATE], "live"))
        it.flags |= MR_INSTRUMENT_HALTED;
    assets(f, &it);
    bool contract = it.type != MR_TYPE_SPOT;
    bool known = multiplier(f, &it) && (!contract || mr_field_has(&f[VALUE]));
    return mr_rows_instrument(r, table, &it, f[ID].text, f[TICK].text, f[LOT].text, known);
}

static bool rows(struct mr_okx_message *m, struct mr_json *j, struct mr_instruments *table)
{
    if (m->kind != MR_OKX_KIND_REST_INSTRUMENTS)
        return mr_okx_data(m, j);
    if (!mr_json_array(j))
        return false;
    while (mr_json_next(j))
        if (!instrument(m, j, table))
            return false;
    return true;
}

int mr_okx_rest(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body, struct mr_instruments *table,
                union mr_slot *out, uint32_t out_max)
{
    struct mr_okx_message m = {.row_count = 0};
    struct mr_field code = {{NULL, 0}, MR_JSON_NONE};
    struct mr_json j;
    struct mr_span key;
    bool done = false;
    mr_rows_open(&m.rows, dec, body, out, out_max);
    mr_json_open(&j, body->data, body->len);
    if (body_of(&m, url) && mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            bool is_data = mr_json_key_is(&j, key, "data");
            if (is_data && done) { /* twice: which one is meant? */
                (void)mr_rows_fail(&m.rows, MR_E_MALFORMED, "data");
                break;
            }
            done |= is_data;
            if (!(is_data                           ? rows(&m, &j, table)
                  : mr_json_key_is(&j, key, "code") ? mr_field_take(&m.rows, &j, &code, "code")
                                                    : mr_json_skip(&j)))
                break;
        }
    dec->kind = m.kind;
    if (m.rows.status == MR_OK && j.status == MR_OK && code.type != MR_JSON_NONE && !mr_field_is(&code, "0")) {
        dec->name = code.text; /* the venue refused: its code says why */
        (void)mr_rows_fail(&m.rows, MR_E_UNKNOWN, "code");
    } else if (!done) {
        (void)mr_rows_fail(&m.rows, MR_E_MISSING, "data");
    }
    for (uint32_t i = 0; m.kind == MR_OKX_KIND_REST_BOOKS && i < m.rows.used; i += mr_event_slots(out + i))
        out[i].book.flags |= MR_FLAG_SNAPSHOT;
    return mr_rows_end(&m.rows, &j);
}
