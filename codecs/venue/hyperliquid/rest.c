/* Hyperliquid REST bodies. All come from one address, POST /info, so the body itself says what it is: an object with a
 * universe (meta), a pair of that and contexts in the same order (metaAndAssetCtxs), or an object with levels
 * (l2Book). */
#include "codecs/venue/hyperliquid/hyperliquid_priv.h"

#define UNIVERSE_MAX 1024

struct universe {
    struct mr_span name[UNIVERSE_MAX];
    uint32_t count;
};

/* Prices have at most 6 - szDecimals decimals, sizes szDecimals. (Also at most 5 significant digits, which is no
 * tick.) */
static struct mr_span step_of(uint64_t decimals)
{
    static const char *const steps[] = {"1", "0.1", "0.01", "0.001", "0.0001", "0.00001", "0.000001"};
    return mr_span_of(steps[decimals < MR_COUNT_OF(steps) ? decimals : MR_COUNT_OF(steps) - 1]);
}

static bool asset(struct mr_rows *r, struct mr_json *j, struct mr_instruments *table, struct universe *u)
{
    enum { NAME, DECIMALS, DELISTED, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("name"), MR_FIELD("szDecimals"),
                                                       MR_FIELD("isDelisted")};
    struct mr_field f[FIELDS];
    uint64_t decimals;
    if (!mr_fields_read(r, j, names, FIELDS, f) || !mr_field_text(r, &f[NAME], "name") ||
        !mr_field_u64(r, &f[DECIMALS], "szDecimals", &decimals))
        return false;
    if (decimals > 6)
        return mr_rows_fail_at(r, MR_E_RANGE, "szDecimals", f[DECIMALS].text);
    if (u->count == UNIVERSE_MAX)
        return mr_rows_fail(r, MR_E_FULL, "universe");
    u->name[u->count++] = f[NAME].text;
    struct mr_instrument it = {
        .venue = MR_VENUE_hyperliquid,
        .product = r->dec->product,
        .type = MR_TYPE_PERPETUAL,
        .flags = f[DELISTED].type == MR_JSON_TRUE ? MR_INSTRUMENT_HALTED : 0,
        .multiplier = 1,
    };
    struct mr_span coin = mr_span_after(f[NAME].text, ':'); /* "xyz:SP500" is SP500 of the dex xyz */
    mr_span_copy(it.base, sizeof it.base, coin.len ? coin : f[NAME].text);
    mr_span_copy(it.quote, sizeof it.quote, mr_span_of("USD"));
    return mr_rows_instrument(r, table, &it, f[NAME].text, step_of(6 - decimals), step_of(decimals), true);
}

static bool assets(struct mr_rows *r, struct mr_json *j, struct mr_instruments *table, struct universe *u)
{
    if (!mr_json_array(j))
        return false;
    while (mr_json_next(j))
        if (!asset(r, j, table, u))
            return false;
    return j->status == MR_OK;
}

static bool meta(struct mr_rows *r, struct mr_json *j, struct mr_instruments *table, struct universe *u)
{
    struct mr_span key;
    if (!mr_json_object(j))
        return false;
    while (mr_json_key(j, &key))
        if (!(mr_json_key_is(j, key, "universe") ? assets(r, j, table, u) : mr_json_skip(j)))
            return false;
    return j->status == MR_OK;
}

/* [meta, [context, context, ...]] */
static bool meta_and_contexts(struct mr_rows *r, struct mr_json *j, struct mr_instruments *table)
{
    struct universe u = {.count = 0};
    uint32_t i = 0;
    r->dec->kind = MR_HYPERLIQUID_REST_CTXS;
    if (!mr_json_array(j) || !mr_json_next(j) || !meta(r, j, table, &u) || !mr_json_next(j) || !mr_json_array(j))
        return j->status == MR_OK && mr_rows_fail(r, MR_E_MISSING, "contexts");
    for (; mr_json_next(j); i++) {
        if (i == u.count)
            return mr_rows_fail(r, MR_E_RANGE, "contexts"); /* more than there are coins: whose are they? */
        if (!mr_rows_symbol(r, u.name[i]) || !mr_hyperliquid_ctx(r, j))
            return false;
    }
    if (j->status == MR_OK && i != u.count)
        return mr_rows_fail(r, MR_E_RANGE, "contexts");
    return j->status == MR_OK && mr_json_leave(j);
}

/* Which object it is: its keys are looked at without being read. */
static uint8_t object_kind(const struct mr_frame *body)
{
    struct mr_json j;
    struct mr_span key;
    mr_json_open(&j, body->data, body->len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_json_key_is(&j, key, "universe"))
                return MR_HYPERLIQUID_REST_META;
            if (mr_json_key_is(&j, key, "levels"))
                return MR_HYPERLIQUID_REST_BOOK;
            if (!mr_json_skip(&j))
                break;
        }
    return MR_HYPERLIQUID_UNKNOWN;
}

int mr_hyperliquid_rest(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body,
                        struct mr_instruments *table, union mr_slot *out, uint32_t out_max)
{
    struct mr_rows r;
    struct mr_json j;
    (void)url;
    mr_rows_open(&r, dec, body, out, out_max);
    mr_json_open(&j, body->data, body->len);
    if (mr_json_peek(&j) == MR_JSON_ARRAY) {
        (void)meta_and_contexts(&r, &j, table);
    } else {
        struct universe u = {.count = 0};
        dec->kind = object_kind(body);
        if (dec->kind == MR_HYPERLIQUID_REST_META)
            (void)meta(&r, &j, table, &u);
        else if (dec->kind == MR_HYPERLIQUID_REST_BOOK)
            (void)mr_hyperliquid_book(&r, &j);
        else
            (void)mr_rows_fail(&r, MR_E_UNKNOWN, "body");
    }
    return mr_rows_end(&r, &j);
}
