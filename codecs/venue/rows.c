#include "codecs/venue/rows.h"

#include "codecs/venue/take.h"

void mr_rows_open(struct mr_rows *rows, struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out,
                  uint32_t out_max)
{
    rows->dec = dec;
    rows->frame = frame;
    rows->out = out;
    rows->used = 0;
    rows->max = out_max;
    rows->status = MR_OK;
    rows->instrument = NULL;
    rows->kinds_differ = false;
    rows->plain_used = 0;
}

/* ---- groups ---- */

union mr_slot *mr_rows_add(struct mr_rows *rows, enum mr_event_kind kind, uint32_t slots)
{
    if (mr_unlikely(slots > rows->max - rows->used)) {
        mr_rows_fail(rows, MR_E_FULL, NULL);
        return NULL;
    }
    union mr_slot *head = mr_take_slot(rows->dec, rows->out + rows->used, kind, rows->instrument);
    rows->used += slots;
    return head;
}

struct mr_event *mr_rows_event(struct mr_rows *rows, enum mr_event_kind kind, int64_t venue_ns)
{
    union mr_slot *slot = mr_rows_add(rows, kind, 1);
    if (mr_unlikely(!slot))
        return NULL;
    slot->event.venue_ns = venue_ns;
    return &slot->event;
}

struct mr_book_head *mr_rows_bbo(struct mr_rows *rows, int64_t venue_ns, uint64_t seq, struct mr_level **levels)
{
    union mr_slot *slot = mr_rows_add(rows, MR_EVENT_BBO, 2);
    if (mr_unlikely(!slot))
        return NULL;
    memset(&slot[1], 0, sizeof slot[1]);
    slot->book.venue_ns = venue_ns;
    slot->book.seq = slot->book.first_seq = seq;
    slot->book.bid_count = slot->book.ask_count = 1;
    *levels = slot[1].level;
    return &slot->book;
}

MR_COLD bool mr_rows_fail(struct mr_rows *rows, int status, const char *field)
{
    if (rows->status == MR_OK) {
        rows->status = status;
        rows->dec->error_field = field;
    }
    return false;
}

MR_COLD bool mr_rows_fail_at(struct mr_rows *rows, int status, const char *field, struct mr_span where)
{
    uintptr_t at = (uintptr_t)where.data, start = (uintptr_t)rows->frame->data;
    if (rows->status == MR_OK && at >= start && at <= start + rows->frame->len)
        rows->dec->error_at = (uint32_t)(at - start);
    return mr_rows_fail(rows, status, field);
}

/* A name that had escapes lies in `rows`, which goes when the message is done; the decoder keeps its own. */
static MR_COLD void keep_name(struct mr_rows *rows)
{
    struct mr_decoder *dec = rows->dec;
    if (dec->name.data < rows->plain || dec->name.data >= rows->plain + sizeof rows->plain)
        return;
    if (dec->name.len > sizeof dec->name_plain)
        dec->name.len = sizeof dec->name_plain;
    memcpy(dec->name_plain, dec->name.data, dec->name.len);
    dec->name.data = dec->name_plain;
}

int mr_rows_end(struct mr_rows *rows, struct mr_json *j)
{
    if (mr_unlikely(rows->dec->name.data))
        keep_name(rows);
    /* A broken text says nothing: its error comes before what we thought we saw in it, an unknown symbol above all. */
    int status = mr_json_close(j);
    if (mr_unlikely(status != MR_OK)) {
        rows->dec->error_at = (uint32_t)(j->data - rows->frame->data) + j->at;
        return status;
    }
    if (mr_unlikely(rows->status != MR_OK))
        return rows->status;
    for (uint32_t i = 0; !rows->kinds_differ && i < rows->used; i += mr_event_slots(rows->out + i))
        rows->out[i].event.source = rows->dec->kind; /* only now known, where the kind's name comes last */
    return (int)rows->used;
}

bool mr_rows_symbol(struct mr_rows *rows, struct mr_span symbol)
{
    struct mr_decoder *dec = rows->dec;
    const struct mr_instrument *it = dec->last;
    if (mr_likely(it && it->product == dec->product && mr_span_is(symbol, it->symbol, it->symbol_len))) {
        rows->instrument = it;
        return true;
    }
    it = mr_instruments_find(dec->instruments, dec->venue->id, dec->product, symbol);
    if (mr_unlikely(!it)) {
        bool in_frame = symbol.data >= rows->frame->data && symbol.data < rows->frame->data + rows->frame->len;
        if (!in_frame || symbol.len == 0 || symbol.len > MR_SYMBOL_BYTES) /* nothing a caller could add */
            return mr_rows_fail(rows, MR_E_RANGE, "symbol");
        if (rows->status == MR_OK)
            dec->name = symbol;
        return mr_rows_fail_at(rows, MR_E_SYMBOL, "symbol", symbol);
    }
    rows->instrument = dec->last = it;
    return true;
}

bool mr_rows_late_end(struct mr_rows *rows, struct mr_json *j)
{
    int status = mr_json_close(j);
    if (mr_likely(status == MR_OK))
        return rows->status == MR_OK;
    return mr_rows_fail_at(rows, status, rows->dec->error_field, (struct mr_span){j->data + j->at, 0});
}

/* ---- fields ---- */

static MR_COLD bool without_escapes(struct mr_rows *rows, struct mr_span *text)
{
    uint8_t *plain = rows->plain + rows->plain_used;
    int64_t n = mr_json_unescape(*text, plain, (uint32_t)sizeof rows->plain - rows->plain_used);
    mr_shape_refuse(&rows->dec->recorder);
    if (n < 0) /* longer than any name or number we know: never one of ours */
        return true;
    *text = (struct mr_span){plain, (uint32_t)n};
    rows->plain_used += (uint32_t)n;
    return true;
}

bool mr_field_take(struct mr_rows *rows, struct mr_json *j, struct mr_field *field, const char *name)
{
    if (mr_unlikely(field->type != MR_JSON_NONE))
        return mr_rows_fail(rows, MR_E_MALFORMED, name); /* twice: which one is meant? */
    uint8_t c = mr_likely(j->pos < j->len) ? j->data[j->pos] : 0;
    if (mr_likely(c == '"' || (uint8_t)(c - '0') < 10)) {
        field->type = c == '"' ? MR_JSON_STRING : MR_JSON_NUMBER;
        if (mr_unlikely(!mr_json_text(j, &field->text)))
            return false;
    } else {
        field->type = (uint8_t)mr_json_peek(j);
        bool scalar = field->type == MR_JSON_STRING || field->type == MR_JSON_NUMBER;
        if (mr_unlikely(!(scalar ? mr_json_text(j, &field->text) : mr_json_raw(j, &field->text))))
            return false;
    }
    return mr_likely(!(field->type == MR_JSON_STRING && j->escaped)) || without_escapes(rows, &field->text);
}

/* A number in plain notation may have any other digits, a string any other characters of that length. */
void mr_rows_ignore(struct mr_rows *rows, const struct mr_field *field)
{
    if (mr_likely(!rows->dec->recorder.on) || field->type == MR_JSON_NONE)
        return;
    bool plain = true;
    for (uint32_t i = 0; i < field->text.len; i++) {
        uint8_t c = field->text.data[i];
        plain &= (uint8_t)(c - '0') < 10 || c == '.' || c == '-';
    }
    if (field->type == MR_JSON_NUMBER || (field->type == MR_JSON_STRING && plain && field->text.len))
        mr_take_ignore(rows->dec, field->text);
    else if (field->type == MR_JSON_STRING && field->text.len)
        mr_take_ignore_text(rows->dec, field->text);
}

bool mr_rows_skip(struct mr_rows *rows, struct mr_json *j)
{
    if (mr_likely(!rows->dec->recorder.on))
        return mr_json_skip(j);
    struct mr_field field = {{NULL, 0}, MR_JSON_NONE};
    if (!mr_field_take(rows, j, &field, NULL))
        return false;
    /* words ("MinusTick") repeat: left pinned, so that they cost no part of a shape */
    if (field.type == MR_JSON_NUMBER || (field.text.len && (uint8_t)(field.text.data[0] - '0') < 10))
        mr_rows_ignore(rows, &field);
    return true;
}

bool mr_fields_read(struct mr_rows *rows, struct mr_json *j, const struct mr_field_name *names, uint32_t count,
                    struct mr_field *fields)
{
    struct mr_span key;
    uint32_t next = 0;
    memset(fields, 0, count * sizeof *fields);
    if (mr_unlikely(!mr_json_object(j)))
        return false;
    while (mr_json_key(j, &key)) {
        uint32_t i = next, tried = 0;
        while (tried < count && !mr_span_is(key, names[i].text, names[i].len) &&
               !(j->escaped && mr_json_key_is(j, key, names[i].text))) {
            i = i + 1 < count ? i + 1 : 0;
            tried++;
        }
        if (tried == count) {
            if (mr_unlikely(!mr_rows_skip(rows, j)))
                return false;
            continue;
        }
        if (mr_unlikely(!mr_field_take(rows, j, &fields[i], names[i].text)))
            return false;
        next = i + 1 < count ? i + 1 : 0;
    }
    return j->status == MR_OK;
}

static bool number_field(struct mr_rows *rows, const struct mr_field *f, const char *name)
{
    if (mr_unlikely(!mr_field_has(f)))
        return mr_rows_fail(rows, MR_E_MISSING, name);
    if (mr_unlikely(f->type != MR_JSON_STRING && f->type != MR_JSON_NUMBER))
        return mr_rows_fail_at(rows, MR_E_TYPE, name, f->text);
    return true;
}

/* Tells the recorder where a number went. One that went elsewhere was branched on or kept: its digits stay pinned. */
static void told(struct mr_rows *rows, enum mr_shape_op op, struct mr_span text, const void *to, int scale,
                 int64_t factor)
{
    uintptr_t at = (uintptr_t)to, start = (uintptr_t)rows->out;
    if (mr_unlikely(rows->dec->recorder.on) && at >= start && at < start + rows->max * sizeof *rows->out)
        mr_shape_record(&rows->dec->recorder, op, text, to, scale, factor);
}

static bool fixed(struct mr_rows *rows, const struct mr_field *f, const char *name, int scale, int64_t *to)
{
    if (mr_unlikely(!number_field(rows, f, name)))
        return false;
    int status = mr_number_fixed(f->text.data, f->text.len, scale, to);
    if (mr_unlikely(status != MR_OK))
        return mr_rows_fail_at(rows, status, name, f->text);
    if (mr_unlikely(*to < 0))
        return mr_rows_fail_at(rows, MR_E_RANGE, name, f->text);
    told(rows, MR_SHAPE_FIXED, f->text, to, scale, 1);
    return true;
}

bool mr_field_price(struct mr_rows *rows, const struct mr_field *f, const char *name, int64_t *to)
{
    return fixed(rows, f, name, rows->instrument->price_scale, to);
}

bool mr_field_size(struct mr_rows *rows, const struct mr_field *f, const char *name, int64_t *to)
{
    return fixed(rows, f, name, rows->instrument->size_scale, to);
}

bool mr_field_u64(struct mr_rows *rows, const struct mr_field *f, const char *name, uint64_t *to)
{
    if (mr_unlikely(!number_field(rows, f, name)))
        return false;
    int status = mr_number_u64(f->text.data, f->text.len, to);
    if (mr_unlikely(status != MR_OK))
        return mr_rows_fail_at(rows, status, name, f->text);
    told(rows, MR_SHAPE_INT, f->text, to, 0, 1);
    return true;
}

bool mr_field_i64(struct mr_rows *rows, const struct mr_field *f, const char *name, int64_t *to)
{
    if (mr_unlikely(!number_field(rows, f, name)))
        return false;
    int status = mr_number_i64(f->text.data, f->text.len, to);
    return mr_likely(status == MR_OK) ? true : mr_rows_fail_at(rows, status, name, f->text);
}

bool mr_field_ms(struct mr_rows *rows, const struct mr_field *f, const char *name, int64_t *to_ns)
{
    uint64_t ms;
    if (mr_unlikely(!number_field(rows, f, name)))
        return false;
    int status = mr_number_u64(f->text.data, f->text.len, &ms);
    if (mr_likely(status == MR_OK) && mr_unlikely(ms > INT64_MAX / 1000000))
        status = MR_E_OVERFLOW;
    if (mr_unlikely(status != MR_OK))
        return mr_rows_fail_at(rows, status, name, f->text);
    *to_ns = (int64_t)ms * 1000000;
    told(rows, MR_SHAPE_INT, f->text, to_ns, 0, 1000000);
    return true;
}

bool mr_field_bool(struct mr_rows *rows, const struct mr_field *f, const char *name, bool *to)
{
    if (mr_unlikely(f->type == MR_JSON_NONE))
        return mr_rows_fail(rows, MR_E_MISSING, name);
    if (mr_unlikely(f->type != MR_JSON_TRUE && f->type != MR_JSON_FALSE))
        return mr_rows_fail_at(rows, MR_E_TYPE, name, f->text);
    *to = f->type == MR_JSON_TRUE;
    return true;
}

bool mr_field_text(struct mr_rows *rows, const struct mr_field *f, const char *name)
{
    if (mr_unlikely(!mr_field_has(f)))
        return mr_rows_fail(rows, MR_E_MISSING, name);
    return f->type == MR_JSON_STRING ? true : mr_rows_fail_at(rows, MR_E_TYPE, name, f->text);
}

bool mr_field_value(struct mr_rows *rows, const struct mr_field *f, const char *name, int64_t *mantissa,
                    int8_t *exponent)
{
    struct mr_decimal value;
    if (mr_unlikely(!number_field(rows, f, name)))
        return false;
    int status = mr_number_decimal(f->text.data, f->text.len, &value);
    if (mr_unlikely(status != MR_OK))
        return mr_rows_fail_at(rows, status, name, f->text);
    *mantissa = value.mantissa;
    *exponent = value.exponent;
    if (value.exponent <= 0 && value.exponent >= -MR_SCALE_MAX)
        told(rows, MR_SHAPE_FIXED, f->text, mantissa, -value.exponent, 1);
    return true;
}

bool mr_field_micro(struct mr_rows *rows, const struct mr_field *f, const char *name, int64_t *to)
{
    *to = 0;
    if (!mr_field_has(f))
        return true;
    if (mr_unlikely(!number_field(rows, f, name)))
        return false;
    struct mr_span text = f->text;
    uint32_t point = mr_span_before(text, '.').len, cut = text.len, rest = point + 7;
    for (uint32_t i = rest; i < text.len; i++) /* digits beyond the sixth must be digits, and say no more */
        if ((uint8_t)(text.data[i] - '0') > 9)
            return mr_rows_fail_at(rows, MR_E_MALFORMED, name, text);
    if (rest < cut)
        cut = rest;
    int status = mr_number_fixed(text.data, cut, 6, to);
    return mr_likely(status == MR_OK) ? true : mr_rows_fail_at(rows, status, name, text);
}

bool mr_field_side(struct mr_rows *rows, const struct mr_field *f, const char *name, const char *buy, const char *sell,
                   uint8_t *flags)
{
    if (mr_unlikely(!mr_field_text(rows, f, name)))
        return false;
    if (mr_field_is(f, sell)) {
        *flags |= MR_FLAG_SELL;
        return true;
    }
    return mr_likely(mr_field_is(f, buy)) ? true : mr_rows_fail_at(rows, MR_E_RANGE, name, f->text);
}

bool mr_rows_notional(struct mr_rows *rows, struct mr_event *ev)
{
    int status = mr_instrument_notional(rows->instrument, ev->price, ev->size, &ev->aux);
    if (mr_unlikely(status != MR_OK))
        return mr_rows_fail(rows, status, "notional");
    if (mr_unlikely(rows->dec->recorder.on))
        mr_shape_record_notional(&rows->dec->recorder, (const union mr_slot *)(const void *)ev, rows->instrument);
    return true;
}

struct mr_span mr_span_before(struct mr_span s, uint8_t c)
{
    const uint8_t *at = s.len ? memchr(s.data, c, s.len) : NULL;
    return at ? (struct mr_span){s.data, (uint32_t)(at - s.data)} : s;
}

struct mr_span mr_span_after(struct mr_span s, uint8_t c)
{
    uint32_t n = mr_span_before(s, c).len;
    return n < s.len ? (struct mr_span){s.data + n + 1, s.len - n - 1} : (struct mr_span){s.data, 0};
}
