/* OKX v5: {"arg":{"channel",..},"action","data":[rows]}, {"event",..}, and the bare text "pong". */
#include "codecs/venue/okx/okx_priv.h"

static const struct {
    const char *name; /* as the kind; a book's channel is the part before the blank */
    uint8_t how;
} channels[] = {
#define MR_X(id, name, channel, rows) {name, MR_OKX_##rows},
    MR_OKX_CHANNELS(MR_X)
#undef MR_X
};

/* "candle15m" is 900 seconds; months (M) are 30 days, as venues count them. Zones ("utc") change where a bar starts
 * only. */
static uint32_t interval_of(struct mr_span name)
{
    static const struct {
        char unit;
        uint32_t seconds;
    } units[] = {
        {'s', 1}, {'m', 60}, {'H', 3600}, {'D', 86400}, {'W', 604800}, {'M', 2592000},
    };
    uint32_t n = 0, i = sizeof "candle" - 1;
    for (; i < name.len && (uint8_t)(name.data[i] - '0') < 10; i++)
        n = n * 10 + (name.data[i] - '0');
    for (size_t k = 0; i < name.len && k < MR_COUNT_OF(units); k++)
        if (name.data[i] == (uint8_t)units[k].unit)
            return n * units[k].seconds;
    return 0;
}

static bool channel(struct mr_okx_message *m)
{
    for (uint32_t i = 0; i < MR_COUNT_OF(channels); i++) {
        struct mr_span name = mr_span_before(mr_span_of(channels[i].name), ' ');
        if (!mr_span_is(m->channel, (const char *)name.data, name.len))
            continue;
        m->kind = (uint8_t)(i + 1);
        m->how = channels[i].how;
        m->interval_s = m->how == MR_OKX_CANDLE ? interval_of(m->channel) : 0;
        return true;
    }
    m->rows.dec->name = m->channel;
    return mr_rows_fail_at(&m->rows, MR_E_UNKNOWN, "channel", m->channel);
}

struct envelope {
    struct mr_okx_message m;
    struct mr_field action, event;
    struct mr_span late; /* data that came before arg */
    bool has_arg, done;
};

static bool arg(struct envelope *e, struct mr_json *j)
{
    static const struct mr_field_name names[2] = {MR_FIELD("channel"), MR_FIELD("instId")};
    struct mr_field f[2];
    if (e->has_arg)
        return mr_rows_fail(&e->m.rows, MR_E_MALFORMED, "arg");
    e->has_arg = true;
    if (!mr_fields_read(&e->m.rows, j, names, 2, f) || !mr_field_text(&e->m.rows, &f[0], "channel"))
        return false;
    e->m.channel = f[0].text;
    e->m.symbol = mr_field_has(&f[1]) ? f[1].text : (struct mr_span){NULL, 0};
    return true;
}

static bool member(struct envelope *e, struct mr_json *j, struct mr_span key)
{
    struct mr_rows *r = &e->m.rows;
    if (mr_json_key_is(j, key, "arg"))
        return arg(e, j);
    if (mr_json_key_is(j, key, "data")) {
        if (e->done || e->late.data)
            return mr_rows_fail(r, MR_E_MALFORMED, "data");
        if (!e->has_arg)
            return mr_json_raw(j, &e->late);
        e->done = true;
        return channel(&e->m) && mr_okx_data(&e->m, j);
    }
    if (mr_json_key_is(j, key, "action"))
        return mr_field_take(r, j, &e->action, "action");
    if (mr_json_key_is(j, key, "event"))
        return mr_field_take(r, j, &e->event, "event");
    return mr_rows_skip(r, j);
}

static bool data_message(struct envelope *e)
{
    struct mr_rows *r = &e->m.rows;
    struct mr_json late;
    if (!e->done && !(e->has_arg && e->late.data))
        return mr_rows_fail(r, MR_E_MISSING, e->has_arg ? "data" : "arg");
    if (!e->done) {
        mr_json_open(&late, e->late.data, e->late.len);
        (void)(channel(&e->m) && mr_okx_data(&e->m, &late));
        if (!mr_rows_late_end(r, &late))
            return false;
    }
    r->dec->kind = e->m.kind;
    bool image = e->m.how == MR_OKX_BOOKS5;
    if (e->m.how == MR_OKX_BOOKS) {
        image = mr_field_is(&e->action, "snapshot");
        if (!mr_field_text(r, &e->action, "action"))
            return false;
        if (!image && !mr_field_is(&e->action, "update"))
            return mr_rows_fail_at(r, MR_E_RANGE, "action", e->action.text);
        r->dec->kind += !image;
    }
    for (uint32_t i = 0; image && i < r->used; i += mr_event_slots(r->out + i)) {
        r->out[i].book.flags |= MR_FLAG_SNAPSHOT;
        r->out[i].book.book_flags |= e->m.how == MR_OKX_BOOKS5 ? MR_BOOK_PARTIAL : 0;
    }
    return true;
}

static bool event_message(struct envelope *e)
{
    /* clang-format off */
    static const struct { const char *name; uint8_t kind; } events[] = {
        {"subscribe", MR_OKX_KIND_SUBSCRIBE},
        {"unsubscribe", MR_OKX_KIND_UNSUBSCRIBE},
        {"error", MR_OKX_KIND_ERROR},
        {"notice", MR_OKX_KIND_NOTICE},
        {"channel-conn-count", MR_OKX_KIND_CONN_COUNT},
        {"channel-conn-count-error", MR_OKX_KIND_CONN_COUNT_ERROR},
        {"login", MR_OKX_KIND_LOGIN},
    };
    /* clang-format on */
    struct mr_rows *r = &e->m.rows;
    mr_shape_refuse(&r->dec->recorder);
    for (size_t i = 0; i < MR_COUNT_OF(events); i++)
        if (mr_field_is(&e->event, events[i].name)) {
            r->dec->kind = events[i].kind;
            return true;
        }
    r->dec->name = e->event.text;
    return mr_rows_fail_at(r, MR_E_UNKNOWN, "event", e->event.text);
}

int mr_okx_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    struct envelope e;
    struct mr_json j;
    struct mr_span key;
    if (frame->len == 4 && memcmp(frame->data, "pong", 4) == 0) {
        mr_shape_refuse(&dec->recorder);
        dec->kind = MR_OKX_KIND_PONG;
        return 0;
    }
    mr_rows_open(&e.m.rows, dec, frame, out, out_max);
    e.action = e.event = (struct mr_field){{NULL, 0}, MR_JSON_NONE};
    e.late = e.m.symbol = e.m.channel = (struct mr_span){NULL, 0};
    e.has_arg = e.done = false;
    e.m.row_count = 0;
    mr_json_open(&j, frame->data, frame->len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key) && member(&e, &j, key))
            ;
    if (j.status == MR_OK && e.m.rows.status == MR_OK)
        (void)(e.event.type != MR_JSON_NONE ? event_message(&e) : data_message(&e));
    return mr_rows_end(&e.m.rows, &j);
}
