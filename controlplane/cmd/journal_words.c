#include "controlplane/cmd/journal_words_priv.h"

#define HEX_MAX 64 /* bytes shown of what no row knows */

/* ---- names ---- */

static struct mr_record_instrument *place(struct mr_journal_names *n, uint32_t id)
{
    for (uint32_t i = 0; i < n->count; i++)
        if (n->instrument[i].id == id)
            return &n->instrument[i];
    return n->count < MR_JOURNAL_NAMES_MAX ? &n->instrument[n->count++] : NULL;
}

void mr_journal_names_learn(struct mr_journal_names *n, const struct mr_journal_record *r)
{
    struct mr_record_head head;
    if (r->kind != MR_JOURNAL_BEGIN || r->bytes < sizeof head)
        return;
    memcpy(&head, r->payload, sizeof head);
    if (head.version != MR_RECORDS_VERSION)
        return;
    if (head.what == MR_RECORD_BEGIN && r->bytes == sizeof(struct mr_record_begin)) {
        COPY(mr_record_begin, begin, r);
        memcpy(n->strategy, begin.strategy, sizeof n->strategy);
    } else if (head.what == MR_RECORD_INSTRUMENT && r->bytes == sizeof(struct mr_record_instrument)) {
        COPY(mr_record_instrument, named, r);
        struct mr_record_instrument *at = place(n, named.id);
        if (at && memchr(named.name, 0, sizeof named.name) && named.price_scale >= 0 && named.price_scale <= 18 &&
            named.size_scale >= 0 && named.size_scale <= 18)
            *at = named;
    }
}

const struct mr_record_instrument *mr_journal_names_find(const struct mr_journal_names *n, uint32_t id)
{
    for (uint32_t i = 0; i < n->count; i++)
        if (n->instrument[i].id == id && n->instrument[i].name[0])
            return &n->instrument[i];
    return NULL;
}

const char *words_venue(uint8_t id)
{
    const struct mr_venue *v = mr_venue_by_id(id);
    return v ? v->name : "?";
}

void words_strategy(const struct mr_journal_names *n, unsigned strategy, char out[24])
{
    if (strategy == MR_RECORD_STRATEGIES)
        snprintf(out, 24, "operator");
    else if (strategy < MR_RECORD_STRATEGIES && n->strategy[strategy][0])
        snprintf(out, 24, "%.23s", n->strategy[strategy]);
    else
        snprintf(out, 24, "strategy %u", strategy);
}

void words_market(const struct mr_journal_names *n, uint32_t id, uint8_t venue, struct mr_text *t)
{
    const struct mr_record_instrument *it = mr_journal_names_find(n, id);
    if (it)
        mr_text_add(t, it->name);
    else if (venue)
        mr_text_format(t, "instrument %u at %s", id, words_venue(venue));
    else
        mr_text_format(t, "instrument %u", id);
}

void words_price(const struct mr_journal_names *n, uint32_t id, mr_price price, struct mr_text *t)
{
    const struct mr_record_instrument *it = mr_journal_names_find(n, id);
    mr_text_decimal(t, price, it ? it->price_scale : 0);
}

void words_size(const struct mr_journal_names *n, uint32_t id, mr_size size, struct mr_text *t)
{
    const struct mr_record_instrument *it = mr_journal_names_find(n, id);
    mr_text_decimal(t, size, it ? it->size_scale : 0);
}

void words_market_json(const struct mr_journal_names *n, uint32_t id, struct mr_json_out *j)
{
    const struct mr_record_instrument *it = mr_journal_names_find(n, id);
    mr_json_out_u64(j, "instrument", id);
    if (it)
        mr_json_out_string(j, "market", it->name);
}

/* The integer as it is in the record, and beside it, where the scale is known, the number. */
static void number_json(const char *key, int64_t value, int scale, struct mr_json_out *j)
{
    char decimal[48];
    mr_json_out_i64(j, key, value);
    snprintf(decimal, sizeof decimal, "%s_decimal", key);
    if (scale >= 0)
        mr_json_out_decimal(j, decimal, value, scale);
}

void words_price_json(const struct mr_journal_names *n, uint32_t id, const char *key, mr_price v, struct mr_json_out *j)
{
    const struct mr_record_instrument *it = mr_journal_names_find(n, id);
    number_json(key, v, it ? it->price_scale : -1, j);
}

void words_size_json(const struct mr_journal_names *n, uint32_t id, const char *key, mr_size v, struct mr_json_out *j)
{
    const struct mr_record_instrument *it = mr_journal_names_find(n, id);
    number_json(key, v, it ? it->size_scale : -1, j);
}

void words_money(mr_money amount, struct mr_text *t)
{
    char text[MR_MONEY_TEXT];
    mr_money_text(amount, text);
    mr_text_add(t, text);
}

void words_money_json(const char *key, mr_money amount, struct mr_json_out *j)
{
    char text[MR_MONEY_TEXT];
    mr_money_text(amount, text);
    mr_json_out_string(j, key, text);
}

void words_bounded_json(const char *key, const char *text, size_t bytes, struct mr_json_out *j)
{
    mr_json_out_span(j, key, (struct mr_span){(const uint8_t *)text, (uint32_t)strnlen(text, bytes)});
}

/* ---- orders ---- */

static uint64_t order_id(const struct mr_journal_record *r)
{
    COPY(mr_record_order, o, r);
    return o.order.id;
}

void words_order(const struct mr_journal_names *n, const struct mr_order *o, struct mr_text *t)
{
    char id[MR_ORDER_ID_TEXT];
    mr_order_id_text(o->id, id);
    mr_text_format(t, "%s %s: %s %s %s ", id, mr_order_state_name(o->state), mr_order_role_name(o->role),
                   mr_order_type_name(o->type), mr_side_name(o->side));
    words_market(n, o->instrument, o->venue, t);
    mr_text_add(t, ", price ");
    words_price(n, o->instrument, o->price, t);
    mr_text_add(t, " size ");
    words_size(n, o->instrument, o->size, t);
    mr_text_add(t, " filled ");
    words_size(n, o->instrument, o->filled, t);
    if (o->stop_price) {
        mr_text_add(t, " stop ");
        words_price(n, o->instrument, o->stop_price, t);
    }
}

static void order_text(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_text *t)
{
    COPY(mr_record_order, rec, r);
    words_order(n, &rec.order, t);
    const struct mr_order *o = &rec.order;
    mr_text_format(t, ", decision %llu", (unsigned long long)o->decision);
    if (o->venue_id[0])
        mr_text_format(t, ", venue id %.*s", (int)strnlen(o->venue_id, sizeof o->venue_id), o->venue_id);
}

void words_order_json(const struct mr_journal_names *n, const struct mr_order *o, struct mr_json_out *j)
{
    char id[MR_ORDER_ID_TEXT], strategy[24];
    mr_order_id_text(o->id, id);
    words_strategy(n, o->strategy, strategy);
    mr_json_out_string(j, "order", id);
    mr_json_out_string(j, "state", mr_order_state_name(o->state));
    mr_json_out_string(j, "venue", words_venue(o->venue));
    words_market_json(n, o->instrument, j);
    mr_json_out_string(j, "side", mr_side_name(o->side));
    mr_json_out_string(j, "type", mr_order_type_name(o->type));
    mr_json_out_string(j, "tif", mr_tif_name(o->tif));
    mr_json_out_string(j, "role", mr_order_role_name(o->role));
    mr_json_out_u64(j, "flags", o->flags);
    mr_json_out_u64(j, "strategy", o->strategy);
    mr_json_out_string(j, "strategy_name", strategy);
    words_price_json(n, o->instrument, "price", o->price, j);
    words_price_json(n, o->instrument, "stop_price", o->stop_price, j);
    words_size_json(n, o->instrument, "size", o->size, j);
    words_size_json(n, o->instrument, "filled", o->filled, j);
    words_money_json("cost", o->cost, j);
    words_money_json("fees", o->fees, j);
}

static void order_json(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_json_out *j)
{
    COPY(mr_record_order, rec, r);
    const struct mr_order *o = &rec.order;
    words_order_json(n, o, j);
    mr_json_out_u64(j, "fills", rec.fills);
    mr_json_out_u64(j, "parent", o->parent);
    mr_json_out_u64(j, "decision", o->decision);
    mr_json_out_u64(j, "limits", o->limits);
    words_bounded_json("venue_id", o->venue_id, sizeof o->venue_id, j);
}

/* ---- fills ---- */

static uint64_t fill_order(const struct mr_journal_record *r)
{
    COPY(mr_record_fill, f, r);
    return f.fill.order;
}

static void fill_text(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_text *t)
{
    COPY(mr_record_fill, rec, r);
    const struct mr_fill *f = &rec.fill;
    char id[MR_ORDER_ID_TEXT] = "no order", fee[MR_MONEY_TEXT];
    if (f->order)
        mr_order_id_text(f->order, id);
    mr_money_text(f->fee, fee);
    mr_text_format(t, "%s: %s ", id, mr_side_name(f->side));
    words_market(n, f->instrument, f->venue, t);
    mr_text_add(t, ", price ");
    words_price(n, f->instrument, f->price, t);
    mr_text_add(t, " size ");
    words_size(n, f->instrument, f->size, t);
    mr_text_format(t, ", fee %s, trade %.*s", fee, (int)strnlen(f->trade_id, sizeof f->trade_id), f->trade_id);
}

static void fill_json(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_json_out *j)
{
    static const char *const liquidity[] = {"unknown", "maker", "taker"};
    COPY(mr_record_fill, rec, r);
    const struct mr_fill *f = &rec.fill;
    char id[MR_ORDER_ID_TEXT] = "", fee[MR_MONEY_TEXT];
    if (f->order)
        mr_order_id_text(f->order, id);
    mr_money_text(f->fee, fee);
    mr_json_out_string(j, "order", id);
    mr_json_out_string(j, "venue", words_venue(f->venue));
    words_market_json(n, f->instrument, j);
    mr_json_out_string(j, "side", mr_side_name(f->side));
    mr_json_out_string(j, "liquidity", f->liquidity < MR_COUNT_OF(liquidity) ? liquidity[f->liquidity] : "?");
    words_price_json(n, f->instrument, "price", f->price, j);
    words_size_json(n, f->instrument, "size", f->size, j);
    mr_json_out_string(j, "fee", fee);
    mr_json_out_i64(j, "venue_ns", f->venue_ns);
    words_bounded_json("trade_id", f->trade_id, sizeof f->trade_id, j);
}

/* ---- accounts ---- */

static const char *account_name(uint8_t kind)
{
    static const char *const names[] = {"funding", "balance", "position", "liquidated", "opening"};
    return kind < MR_COUNT_OF(names) ? names[kind] : "?";
}

static void account_text(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_text *t)
{
    COPY(mr_record_account, a, r);
    mr_text_format(t, "%s at %s, ", account_name(a.kind), words_venue(a.venue));
    words_market(n, a.instrument, 0, t);
    mr_text_add(t, ": theirs ");
    words_size(n, a.instrument, a.theirs, t);
    mr_text_add(t, " ours ");
    words_size(n, a.instrument, a.ours, t);
    mr_text_add(t, ", amount ");
    words_money(a.amount, t);
    mr_text_add(t, " other ");
    words_money(a.other, t);
    mr_text_format(t, ", verdict %s", mr_sync_verdict_name(a.verdict));
}

static void account_json(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_json_out *j)
{
    COPY(mr_record_account, a, r);
    mr_json_out_string(j, "what", account_name(a.kind));
    mr_json_out_string(j, "venue", words_venue(a.venue));
    words_market_json(n, a.instrument, j);
    words_size_json(n, a.instrument, "theirs", a.theirs, j);
    words_size_json(n, a.instrument, "ours", a.ours, j);
    words_money_json("amount", a.amount, j);
    words_money_json("other", a.other, j);
    mr_json_out_u64(j, "verdict", a.verdict);
}

/* ---- the table ---- */

static const struct words_row own[] = {
    {MR_JOURNAL_ORDER, MR_RECORD_ORDER, sizeof(struct mr_record_order), order_id, order_text, order_json},
    {MR_JOURNAL_FILL, MR_RECORD_FILL, sizeof(struct mr_record_fill), fill_order, fill_text, fill_json},
    {MR_JOURNAL_ACCOUNT, MR_RECORD_ACCOUNT, sizeof(struct mr_record_account), NULL, account_text, account_json},
};

/* The row, or NULL and a word why there is none. */
static const struct words_row *row_of(const struct mr_journal_record *r, const char **why)
{
    struct mr_record_head head;
    *why = r->bytes == 0 ? "" : "too short for a record, ";
    if (r->bytes < sizeof head)
        return NULL;
    memcpy(&head, r->payload, sizeof head);
    *why = "of no record this build knows, ";
    for (size_t i = 0; i < MR_COUNT_OF(own) + words_trade_count; i++) {
        const struct words_row *row = i < MR_COUNT_OF(own) ? &own[i] : &words_trade[i - MR_COUNT_OF(own)];
        if (row->kind != r->kind || row->what != head.what)
            continue;
        if (head.version == MR_RECORDS_VERSION && head.bytes == r->bytes && row->bytes == r->bytes)
            return row;
        *why = head.version != MR_RECORDS_VERSION ? "of another version, " : "of another length than its record has, ";
    }
    return NULL;
}

static void hex(const struct mr_journal_record *r, char out[2 * HEX_MAX + 1])
{
    uint32_t shown = r->bytes < HEX_MAX ? r->bytes : HEX_MAX;
    static const char digits[] = "0123456789abcdef";
    for (uint32_t i = 0; i < shown; i++) {
        out[2 * i] = digits[r->payload[i] >> 4];
        out[2 * i + 1] = digits[r->payload[i] & 15];
    }
    out[2 * shown] = 0;
}

uint64_t mr_journal_words_order(const struct mr_journal_record *r)
{
    const char *why;
    const struct words_row *row = row_of(r, &why);
    return row && row->order ? row->order(r) : 0;
}

void mr_journal_words_text(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_text *t)
{
    const char *why;
    const struct words_row *row = row_of(r, &why);
    char bytes[2 * HEX_MAX + 1];
    if (row) {
        row->text(n, r, t);
        return;
    }
    hex(r, bytes);
    mr_text_format(t, "%s%u bytes%s%s%s", why, r->bytes, r->bytes ? ": " : "", bytes, r->bytes > HEX_MAX ? "..." : "");
}

void mr_journal_words_json(const struct mr_journal_names *n, const struct mr_journal_record *r, struct mr_json_out *j)
{
    const char *why;
    const struct words_row *row = row_of(r, &why);
    char bytes[2 * HEX_MAX + 1];
    if (row) {
        row->json(n, r, j);
        return;
    }
    hex(r, bytes);
    if (*why)
        mr_json_out_span(j, "unknown", (struct mr_span){(const uint8_t *)why, (uint32_t)strlen(why) - 2});
    mr_json_out_u64(j, "bytes", r->bytes);
    mr_json_out_string(j, "hex", bytes);
}
