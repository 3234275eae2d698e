/* Polymarket REST bodies: /book is one token's book, /books a list of them (read for what they say of the tokens),
 * /markets a page of markets with their tokens. */
#include "codecs/venue/polymarket/polymarket_priv.h"

enum { ASSET_ID, TIMESTAMP, HASH, BIDS, ASKS, TICK_SIZE, FIELDS };
static const struct mr_field_name names[FIELDS] = {MR_FIELD("asset_id"), MR_FIELD("timestamp"), MR_FIELD("hash"),
                                                   MR_FIELD("bids"),     MR_FIELD("asks"),      MR_FIELD("tick_size")};

static bool token(struct mr_rows *r, struct mr_instruments *table, struct mr_span id, struct mr_span tick, bool closed)
{
    struct mr_instrument it = {
        .venue = MR_VENUE_polymarket,
        .product = r->dec->product,
        .type = MR_TYPE_OUTCOME,
        .flags = closed ? MR_INSTRUMENT_HALTED : 0,
        .multiplier = 1,
    };
    mr_span_copy(it.quote, sizeof it.quote, mr_span_of("USDC"));
    return mr_rows_instrument(r, table, &it, id, tick, mr_span_of(MR_POLYMARKET_LOT), true);
}

static bool book(struct mr_polymarket_message *m, struct mr_json *j, struct mr_instruments *table, bool image)
{
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    if (!mr_fields_read(r, j, names, FIELDS, f) || !mr_field_text(r, &f[ASSET_ID], "asset_id"))
        return false;
    if (mr_field_has(&f[TICK_SIZE]) && !token(r, table, f[ASSET_ID].text, f[TICK_SIZE].text, false))
        return false;
    return !image ||
           (mr_rows_symbol(r, f[ASSET_ID].text) && mr_polymarket_image(r, &f[TIMESTAMP], &f[HASH], &f[BIDS], &f[ASKS]));
}

static bool books(struct mr_polymarket_message *m, struct mr_json *j, struct mr_instruments *table)
{
    if (!mr_json_array(j))
        return false;
    while (mr_json_next(j))
        if (!book(m, j, table, false))
            return false;
    return j->status == MR_OK;
}

/* {"tokens":[{"token_id","outcome"},..],"minimum_tick_size":0.01,"closed":false} */
static bool market(struct mr_rows *r, struct mr_json *j, struct mr_instruments *table)
{
    enum { TOKENS, TICK, CLOSED, MEMBERS };
    static const struct mr_field_name members[MEMBERS] = {MR_FIELD("tokens"), MR_FIELD("minimum_tick_size"),
                                                          MR_FIELD("closed")};
    static const struct mr_field_name id = MR_FIELD("token_id");
    struct mr_field f[MEMBERS], t;
    struct mr_json list;
    if (!mr_fields_read(r, j, members, MEMBERS, f))
        return false;
    if (f[TOKENS].type != MR_JSON_ARRAY || !mr_field_has(&f[TICK]))
        return mr_rows_fail(r, MR_E_MISSING, f[TOKENS].type != MR_JSON_ARRAY ? "tokens" : "minimum_tick_size");
    mr_json_open(&list, f[TOKENS].text.data, f[TOKENS].text.len);
    if (mr_json_array(&list))
        while (mr_json_next(&list))
            if (!mr_fields_read(r, &list, &id, 1, &t) ||
                (mr_field_has(&t) && !token(r, table, t.text, f[TICK].text, f[CLOSED].type == MR_JSON_TRUE)))
                break;
    return mr_rows_late_end(r, &list);
}

static bool markets(struct mr_rows *r, struct mr_json *j, struct mr_instruments *table)
{
    struct mr_span key;
    bool data = false;
    if (!mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        if (!mr_json_key_is(j, key, "data")) {
            mr_json_skip(j);
            continue;
        }
        data = true;
        if (!mr_json_array(j))
            return false;
        while (mr_json_next(j))
            if (!market(r, j, table))
                return false;
    }
    return data || j->status != MR_OK || mr_rows_fail(r, MR_E_MISSING, "data");
}

static bool path_is(struct mr_span url, const char *end)
{
    struct mr_span path = mr_span_before(url, '?');
    uint32_t n = (uint32_t)strlen(end);
    return path.len >= n && memcmp(path.data + path.len - n, end, n) == 0;
}

int mr_polymarket_rest(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body,
                       struct mr_instruments *table, union mr_slot *out, uint32_t out_max)
{
    struct mr_polymarket_message m = {.known = 0};
    struct mr_json j;
    mr_rows_open(&m.rows, dec, body, out, out_max);
    mr_json_open(&j, body->data, body->len);
    if (path_is(url, "/book")) {
        dec->kind = MR_POLYMARKET_REST_BOOK;
        (void)book(&m, &j, table, true);
    } else if (path_is(url, "/books")) {
        dec->kind = MR_POLYMARKET_REST_BOOKS;
        (void)books(&m, &j, table);
    } else if (path_is(url, "/markets")) {
        dec->kind = MR_POLYMARKET_REST_MARKETS;
        (void)markets(&m.rows, &j, table);
    } else {
        (void)mr_rows_fail(&m.rows, MR_E_UNKNOWN, "body");
    }
    return mr_rows_end(&m.rows, &j);
}
