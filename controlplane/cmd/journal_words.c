#include "controlplane/cmd/journal_words.h"

#include "codecs/venue/venue.h"
#include "controlplane/orders/records.h"

#define HEX_MAX 64 /* bytes shown of what no row knows */

static const char *venue_name(uint8_t id)
{
    const struct mr_venue *v = mr_venue_by_id(id);
    return v ? v->name : "?";
}

/* Payloads lie on 8 bytes, amounts want 16: each is copied. */
#define COPY(type, name, r)                                                                                            \
    struct type name;                                                                                                  \
    memcpy(&name, (r)->payload, sizeof name)

/* ---- orders ---- */

static uint64_t order_id(const struct mr_journal_record *r)
{
    COPY(mr_record_order, o, r);
    return o.order.id;
}

static void order_text(const struct mr_journal_record *r, struct mr_text *t)
{
    COPY(mr_record_order, rec, r);
    const struct mr_order *o = &rec.order;
    char id[MR_ORDER_ID_TEXT];
    mr_order_id_text(o->id, id);
    mr_text_format(t, "%s %s: %s %s %s instrument %u at %s, price %lld size %lld filled %lld", id,
                   mr_order_state_name(o->state), mr_order_role_name(o->role), mr_order_type_name(o->type),
                   mr_side_name(o->side), o->instrument, venue_name(o->venue), (long long)o->price, (long long)o->size,
                   (long long)o->filled);
    if (o->stop_price)
        mr_text_format(t, " stop %lld", (long long)o->stop_price);
    mr_text_format(t, ", decision %llu", (unsigned long long)o->decision);
    if (o->venue_id[0])
        mr_text_format(t, ", venue id %.*s", (int)strnlen(o->venue_id, sizeof o->venue_id), o->venue_id);
}

static void bounded(struct mr_json_out *j, const char *key, const char *text, size_t bytes)
{
    mr_json_out_span(j, key, (struct mr_span){(const uint8_t *)text, (uint32_t)strnlen(text, bytes)});
}

static void order_json(const struct mr_journal_record *r, struct mr_json_out *j)
{
    COPY(mr_record_order, rec, r);
    const struct mr_order *o = &rec.order;
    char id[MR_ORDER_ID_TEXT], money[MR_MONEY_TEXT];
    mr_order_id_text(o->id, id);
    mr_json_out_string(j, "order", id);
    mr_json_out_string(j, "state", mr_order_state_name(o->state));
    mr_json_out_string(j, "venue", venue_name(o->venue));
    mr_json_out_u64(j, "instrument", o->instrument);
    mr_json_out_string(j, "side", mr_side_name(o->side));
    mr_json_out_string(j, "type", mr_order_type_name(o->type));
    mr_json_out_string(j, "tif", mr_tif_name(o->tif));
    mr_json_out_string(j, "role", mr_order_role_name(o->role));
    mr_json_out_u64(j, "flags", o->flags);
    mr_json_out_u64(j, "strategy", o->strategy);
    mr_json_out_i64(j, "price", o->price);
    mr_json_out_i64(j, "stop_price", o->stop_price);
    mr_json_out_i64(j, "size", o->size);
    mr_json_out_i64(j, "filled", o->filled);
    mr_money_text(o->cost, money);
    mr_json_out_string(j, "cost", money);
    mr_money_text(o->fees, money);
    mr_json_out_string(j, "fees", money);
    mr_json_out_u64(j, "fills", rec.fills);
    mr_json_out_u64(j, "parent", o->parent);
    mr_json_out_u64(j, "decision", o->decision);
    mr_json_out_u64(j, "limits", o->limits);
    bounded(j, "venue_id", o->venue_id, sizeof o->venue_id);
}

/* ---- fills ---- */

static uint64_t fill_order(const struct mr_journal_record *r)
{
    COPY(mr_record_fill, f, r);
    return f.fill.order;
}

static void fill_text(const struct mr_journal_record *r, struct mr_text *t)
{
    COPY(mr_record_fill, rec, r);
    const struct mr_fill *f = &rec.fill;
    char id[MR_ORDER_ID_TEXT] = "no order", fee[MR_MONEY_TEXT];
    if (f->order)
        mr_order_id_text(f->order, id);
    mr_money_text(f->fee, fee);
    mr_text_format(t, "%s: %s instrument %u at %s, price %lld size %lld, fee %s, trade %.*s", id, mr_side_name(f->side),
                   f->instrument, venue_name(f->venue), (long long)f->price, (long long)f->size, fee,
                   (int)strnlen(f->trade_id, sizeof f->trade_id), f->trade_id);
}

static void fill_json(const struct mr_journal_record *r, struct mr_json_out *j)
{
    static const char *const liquidity[] = {"unknown", "maker", "taker"};
    COPY(mr_record_fill, rec, r);
    const struct mr_fill *f = &rec.fill;
    char id[MR_ORDER_ID_TEXT] = "", fee[MR_MONEY_TEXT];
    if (f->order)
        mr_order_id_text(f->order, id);
    mr_money_text(f->fee, fee);
    mr_json_out_string(j, "order", id);
    mr_json_out_string(j, "venue", venue_name(f->venue));
    mr_json_out_u64(j, "instrument", f->instrument);
    mr_json_out_string(j, "side", mr_side_name(f->side));
    mr_json_out_string(j, "liquidity", f->liquidity < MR_COUNT_OF(liquidity) ? liquidity[f->liquidity] : "?");
    mr_json_out_i64(j, "price", f->price);
    mr_json_out_i64(j, "size", f->size);
    mr_json_out_string(j, "fee", fee);
    mr_json_out_i64(j, "venue_ns", f->venue_ns);
    bounded(j, "trade_id", f->trade_id, sizeof f->trade_id);
}

/* ---- accounts ---- */

static const char *account_name(uint8_t kind)
{
    static const char *const names[] = {"funding", "balance", "position", "liquidated"};
    return kind < MR_COUNT_OF(names) ? names[kind] : "?";
}

static void account_text(const struct mr_journal_record *r, struct mr_text *t)
{
    COPY(mr_record_account, a, r);
    char amount[MR_MONEY_TEXT], other[MR_MONEY_TEXT];
    mr_money_text(a.amount, amount);
    mr_money_text(a.other, other);
    mr_text_format(t, "%s at %s, instrument %u: theirs %lld ours %lld, amount %s other %s, verdict %u",
                   account_name(a.kind), venue_name(a.venue), a.instrument, (long long)a.theirs, (long long)a.ours,
                   amount, other, a.verdict);
}

static void account_json(const struct mr_journal_record *r, struct mr_json_out *j)
{
    COPY(mr_record_account, a, r);
    char amount[MR_MONEY_TEXT], other[MR_MONEY_TEXT];
    mr_money_text(a.amount, amount);
    mr_money_text(a.other, other);
    mr_json_out_string(j, "what", account_name(a.kind));
    mr_json_out_string(j, "venue", venue_name(a.venue));
    mr_json_out_u64(j, "instrument", a.instrument);
    mr_json_out_i64(j, "theirs", a.theirs);
    mr_json_out_i64(j, "ours", a.ours);
    mr_json_out_string(j, "amount", amount);
    mr_json_out_string(j, "other", other);
    mr_json_out_u64(j, "verdict", a.verdict);
}

/* ---- the table ---- */

static const struct words {
    uint8_t kind;
    uint16_t what; /* of the record's own head */
    uint32_t bytes;
    uint64_t (*order)(const struct mr_journal_record *r);
    void (*text)(const struct mr_journal_record *r, struct mr_text *t);
    void (*json)(const struct mr_journal_record *r, struct mr_json_out *j);
} rows[] = {
    {MR_JOURNAL_ORDER, MR_RECORD_ORDER, sizeof(struct mr_record_order), order_id, order_text, order_json},
    {MR_JOURNAL_FILL, MR_RECORD_FILL, sizeof(struct mr_record_fill), fill_order, fill_text, fill_json},
    {MR_JOURNAL_ACCOUNT, MR_RECORD_ACCOUNT, sizeof(struct mr_record_account), NULL, account_text, account_json},
};

static const struct words *row_of(const struct mr_journal_record *r)
{
    struct mr_record_head head;
    if (r->bytes < sizeof head)
        return NULL;
    memcpy(&head, r->payload, sizeof head);
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++)
        if (rows[i].kind == r->kind && rows[i].what == head.what && rows[i].bytes == r->bytes &&
            head.version == MR_RECORDS_VERSION)
            return &rows[i];
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
    const struct words *row = row_of(r);
    return row && row->order ? row->order(r) : 0;
}

void mr_journal_words_text(const struct mr_journal_record *r, struct mr_text *t)
{
    const struct words *row = row_of(r);
    char bytes[2 * HEX_MAX + 1];
    if (row) {
        row->text(r, t);
        return;
    }
    hex(r, bytes);
    mr_text_format(t, "%u bytes%s%s%s", r->bytes, r->bytes ? ": " : "", bytes, r->bytes > HEX_MAX ? "..." : "");
}

void mr_journal_words_json(const struct mr_journal_record *r, struct mr_json_out *j)
{
    const struct words *row = row_of(r);
    char bytes[2 * HEX_MAX + 1];
    if (row) {
        row->json(r, j);
        return;
    }
    hex(r, bytes);
    mr_json_out_u64(j, "bytes", r->bytes);
    mr_json_out_string(j, "hex", bytes);
}
