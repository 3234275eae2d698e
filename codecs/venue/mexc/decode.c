/* MEXC futures messages: {"symbol":..,"data":..,"channel":..,"ts":..} today, channel first in older ones. What `data` is
 * stands behind it, so it is passed over first and decoded when channel and symbol are known. Deals and books are here,
 * prices and candles in prices.c. */
#include "codecs/venue/mexc/mexc_priv.h"

/* ---- what a channel is ---- */

static const struct {
    const char *name;
    uint8_t kind;
} channels[] = {
    {"push.depth", MR_MEXC_DEPTH},
    {"push.deal", MR_MEXC_DEAL},
    {"push.depth.full", MR_MEXC_DEPTH_FULL},
    {"push.ticker", MR_MEXC_TICKER},
    {"push.fair.price", MR_MEXC_FAIR},
    {"push.index.price", MR_MEXC_INDEX},
    {"push.kline", MR_MEXC_KLINE},
    {"push.funding.rate", MR_MEXC_FUNDING},
    {"push.tickers", MR_MEXC_TICKERS},
    {"push.depth.step", MR_MEXC_DEPTH_STEP},
    {"push.contract", MR_MEXC_CONTRACT},
    {"push.event.contract", MR_MEXC_EVENT},
    {"pong", MR_MEXC_PONG},
    {"rs.error", MR_MEXC_ERROR},
};

static bool begins(struct mr_span text, const char *with)
{
    size_t n = strlen(with);
    return text.len > n && memcmp(text.data, with, n) == 0;
}

static bool channel(struct mr_mexc_message *m)
{
    struct mr_span name = m->channel.text;
    if (m->channel.type == MR_JSON_STRING) {
        for (size_t i = 0; i < MR_COUNT_OF(channels); i++)
            if (mr_span_is(name, channels[i].name, strlen(channels[i].name))) {
                m->kind = channels[i].kind;
                return true;
            }
        /* "rs.sub.deal" and its like; "usub" undoes depth.full in older documents */
        m->kind = begins(name, "rs.sub.")                                 ? MR_MEXC_SUBSCRIBED
                  : begins(name, "rs.unsub.") || begins(name, "rs.usub.") ? MR_MEXC_UNSUBSCRIBED
                                                                          : MR_MEXC_UNKNOWN;
        if (m->kind != MR_MEXC_UNKNOWN)
            return true;
    }
    m->rows.dec->name = name;
    return mr_rows_fail_at(&m->rows, MR_E_UNKNOWN, "channel", name);
}

bool mr_mexc_instrument(struct mr_mexc_message *m, const struct mr_field *own)
{
    const struct mr_field *of = m->symbol.type != MR_JSON_NONE ? &m->symbol : own;
    if (!mr_field_text(&m->rows, of, "symbol"))
        return false;
    if (of != own && mr_field_has(own) && !mr_span_is(own->text, (const char *)of->text.data, of->text.len))
        return mr_rows_fail_at(&m->rows, MR_E_RANGE, "symbol", own->text); /* a row of somebody else */
    if (!mr_rows_symbol(&m->rows, of->text))
        return false;
    m->last = ((const struct mr_mexc_state *)m->rows.dec->state)->last[m->rows.instrument->id];
    return true;
}

/* ---- deals ---- */

/* Ids are numbers today; one that is none, or too long to be ours, is no reason to lose a trade. */
static bool deal_id(struct mr_rows *r, const struct mr_field *f, struct mr_event *ev)
{
    if (!mr_field_has(f)) /* not before 2025 */
        return true;
    if (f->type != MR_JSON_STRING && f->type != MR_JSON_NUMBER)
        return mr_rows_fail_at(r, MR_E_TYPE, "i", f->text);
    bool number = f->text.len <= 19;
    for (uint32_t i = 0; i < f->text.len; i++)
        number &= (uint8_t)(f->text.data[i] - '0') <= 9;
    if (number)
        return mr_field_u64(r, f, "i", &ev->seq);
    mr_shape_refuse(&r->dec->recorder);
    return true;
}

/* One deal into `slot`, which is reserved already. */
static bool deal(struct mr_mexc_message *m, struct mr_json *j, union mr_slot *slot)
{
    enum { P, V, SIDE, OPEN, SELF, T, I, CTS, FIELDS };
    static const struct mr_field_name names[FIELDS] = {MR_FIELD("p"), MR_FIELD("v"), MR_FIELD("T"), MR_FIELD("O"),
                                                       MR_FIELD("M"), MR_FIELD("t"), MR_FIELD("i"), MR_FIELD("cts")};
    struct mr_rows *r = &m->rows;
    struct mr_field f[FIELDS];
    if (!mr_fields_read(r, j, names, FIELDS, f))
        return false;
    struct mr_event *ev = &slot->event;
    if (!mr_field_price(r, &f[P], "p", &ev->price) || !mr_field_size(r, &f[V], "v", &ev->size) ||
        !mr_field_ms(r, &f[T], "t", &ev->venue_ns) || !deal_id(r, &f[I], ev) || !mr_rows_notional(r, ev))
        return false;
    if (!mr_field_has(&f[SIDE]))
        return mr_rows_fail(r, MR_E_MISSING, "T");
    if (mr_field_is(&f[SIDE], "2"))
        ev->flags |= MR_FLAG_SELL;
    else if (!mr_field_is(&f[SIDE], "1"))
        return mr_rows_fail_at(r, MR_E_RANGE, "T", f[SIDE].text);
    mr_rows_ignore(r, &f[OPEN]);
    mr_rows_ignore(r, &f[SELF]);
    mr_rows_ignore(r, &f[CTS]);
    return true;
}

static uint32_t elements(struct mr_span array)
{
    struct mr_json j;
    uint32_t n = 0;
    mr_json_open(&j, array.data, array.len);
    if (mr_json_array(&j))
        while (mr_json_next(&j) && mr_json_skip(&j))
            n++;
    return n;
}

/* An array stands newest first: its events go out in the order of time. Before 2025-08 a message had one deal. */
static bool deals(struct mr_mexc_message *m, struct mr_json *j)
{
    struct mr_rows *r = &m->rows;
    static const struct mr_field none = {.type = MR_JSON_NONE};
    if (!mr_mexc_instrument(m, &none))
        return false;
    mr_rows_ignore(r, &m->ts);
    bool array = mr_json_peek(j) == MR_JSON_ARRAY;
    uint32_t n = array ? elements(m->data) : 1;
    if (n > MR_TRADES_MAX)
        return mr_rows_fail(r, MR_E_TOO_BIG, "data");
    if (n > r->max - r->used)
        return mr_rows_fail(r, MR_E_FULL, "data");
    for (uint32_t i = 0; i < n; i++)
        mr_rows_event(r, MR_EVENT_TRADE, 0);
    if (!array)
        return deal(m, j, r->out);
    if (!mr_json_array(j))
        return false;
    while (mr_json_next(j))
        if (!deal(m, j, &r->out[--n]))
            return false;
    return j->status == MR_OK;
}

/* ---- books ---- */

struct book_fields {
    struct mr_field version, begin, end, cts, timestamp;
};

/* A merged frame covers begin .. end and calls its end `version` too; any other is one version alone. */
static bool book_sequence(struct mr_rows *r, const struct book_fields *f, struct mr_book_head *head)
{
    if (!mr_field_u64(r, &f->version, "version", &head->seq))
        return false;
    head->first_seq = head->seq;
    uint64_t end = head->seq;
    if (mr_field_has(&f->begin) && !mr_field_u64(r, &f->begin, "begin", &head->first_seq))
        return false;
    if (mr_field_has(&f->end) && !mr_field_u64(r, &f->end, "end", &end))
        return false;
    if (end != head->seq || head->first_seq > end)
        return mr_rows_fail_at(r, MR_E_RANGE, end != head->seq ? "end" : "begin", f->version.text);
    return true;
}

bool mr_mexc_book(struct mr_mexc_message *m, struct mr_json *j, uint8_t flags, uint8_t book_flags)
{
    struct mr_rows *r = &m->rows;
    struct book_fields f = {.version.type = MR_JSON_NONE};
    struct mr_sides sides;
    struct mr_span key;
    mr_shape_refuse(&r->dec->recorder); /* the number of levels is rarely the same twice */
    struct mr_book_head *head = mr_sides_open(r, &sides, MR_LEVELS_BARE);
    if (!head || !mr_json_object(j))
        return false;
    while (mr_json_key(j, &key)) {
        bool ok = mr_json_key_is(j, key, "asks")        ? mr_sides_take(r, j, &sides, true, "asks")
                  : mr_json_key_is(j, key, "bids")      ? mr_sides_take(r, j, &sides, false, "bids")
                  : mr_json_key_is(j, key, "version")   ? mr_field_take(r, j, &f.version, "version")
                  : mr_json_key_is(j, key, "begin")     ? mr_field_take(r, j, &f.begin, "begin")
                  : mr_json_key_is(j, key, "end")       ? mr_field_take(r, j, &f.end, "end")
                  : mr_json_key_is(j, key, "cts")       ? mr_field_take(r, j, &f.cts, "cts")
                  : mr_json_key_is(j, key, "timestamp") ? mr_field_take(r, j, &f.timestamp, "timestamp")
                                                        : mr_json_skip(j);
        if (!ok)
            return false;
    }
    if (j->status != MR_OK || !mr_sides_end(r, &sides, head) || !book_sequence(r, &f, head))
        return false;
    /* of the matching engine, since 2026-06; of a REST body; of the push */
    const struct mr_field *time = mr_field_has(&f.cts) ? &f.cts : mr_field_has(&f.timestamp) ? &f.timestamp : &m->ts;
    head->flags |= flags;
    head->book_flags |= book_flags;
    return mr_field_ms(r, time, time == &f.cts ? "cts" : time == &m->ts ? "ts" : "timestamp", &head->venue_ns);
}

static struct mr_level best_of(const struct mr_level *level, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (level[i].size)
            return level[i];
    return (struct mr_level){0, 0};
}

/* The whole top of the book, best first: the venue's only source of a best bid and ask with their sizes. */
static bool depth_full(struct mr_mexc_message *m, struct mr_json *j)
{
    struct mr_rows *r = &m->rows;
    struct mr_level *top;
    struct mr_book_head *bbo = mr_rows_bbo(r, 0, 0, &top);
    union mr_slot *image = r->out + r->used;
    if (!bbo || !mr_mexc_book(m, j, MR_FLAG_SNAPSHOT, MR_BOOK_PARTIAL))
        return false;
    const struct mr_book_head *head = &image->book;
    top[0] = best_of(mr_event_levels(image), head->bid_count);
    top[1] = best_of(mr_event_levels(image) + head->bid_count, head->ask_count);
    bbo->seq = bbo->first_seq = head->seq;
    bbo->venue_ns = head->venue_ns;
    m->last.top = m->keep = true;
    return true;
}

static bool depth(struct mr_mexc_message *m, struct mr_json *j)
{
    static const struct mr_field none = {.type = MR_JSON_NONE};
    if (!mr_mexc_instrument(m, &none))
        return false;
    return m->kind == MR_MEXC_DEPTH_FULL ? depth_full(m, j) : mr_mexc_book(m, j, 0, 0);
}

/* ---- the message ---- */

static bool data(struct mr_mexc_message *m, struct mr_json *j)
{
    switch (m->kind) {
    case MR_MEXC_DEAL:
        return deals(m, j);
    case MR_MEXC_DEPTH:
    case MR_MEXC_DEPTH_FULL:
        return depth(m, j);
    case MR_MEXC_TICKER:
        return mr_mexc_ticker(m, j);
    case MR_MEXC_TICKERS:
        return mr_mexc_tickers(m, j);
    case MR_MEXC_FAIR:
        return mr_mexc_fair(m, j);
    case MR_MEXC_INDEX:
        return mr_mexc_index(m, j);
    case MR_MEXC_FUNDING:
        return mr_mexc_funding(m, j);
    case MR_MEXC_KLINE:
        return mr_mexc_kline(m, j);
    case MR_MEXC_CONTRACT:
        return mr_mexc_contract(m, j);
    default: /* understood, and verified already: no event in it */
        mr_shape_refuse(&m->rows.dec->recorder);
        return mr_json_skip(j);
    }
}

static bool member(struct mr_mexc_message *m, struct mr_json *j, struct mr_span key)
{
    struct mr_rows *r = &m->rows;
    if (mr_json_key_is(j, key, "symbol"))
        return mr_field_take(r, j, &m->symbol, "symbol");
    if (mr_json_key_is(j, key, "channel"))
        return mr_field_take(r, j, &m->channel, "channel");
    if (mr_json_key_is(j, key, "ts"))
        return mr_field_take(r, j, &m->ts, "ts");
    if (mr_json_key_is(j, key, "data"))
        return m->data.data ? mr_rows_fail(r, MR_E_MALFORMED, "data") : mr_json_raw(j, &m->data);
    return mr_rows_skip(r, j);
}

static bool is_control(uint8_t kind) { return kind >= MR_MEXC_SUBSCRIBED && kind <= MR_MEXC_PONG; }

static void message(struct mr_mexc_message *m)
{
    struct mr_rows *r = &m->rows;
    struct mr_json j;
    if (!channel(m))
        return;
    r->dec->kind = m->kind;
    if (!m->data.data) {
        mr_shape_refuse(&r->dec->recorder);
        if (!is_control(m->kind))
            mr_rows_fail(r, MR_E_MISSING, "data");
        return;
    }
    mr_json_open(&j, m->data.data, m->data.len);
    (void)data(m, &j);
    (void)mr_rows_late_end(r, &j);
}

int mr_mexc_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max)
{
    int n = mr_mexc_book_usual(dec, frame, out, out_max);
    if (n != MR_E_AGAIN)
        return n;
    struct mr_mexc_message m;
    struct mr_json j;
    struct mr_span key;
    mr_rows_open(&m.rows, dec, frame, out, out_max);
    m.channel = m.symbol = m.ts = (struct mr_field){{NULL, 0}, MR_JSON_NONE};
    m.data = (struct mr_span){NULL, 0};
    m.kind = MR_MEXC_UNKNOWN;
    m.keep = false;
    mr_json_open(&j, frame->data, frame->len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key) && member(&m, &j, key))
            ;
    /* what stands behind the message is looked at before what is in it: a broken message has no kind */
    if (j.status == MR_OK && m.rows.status == MR_OK && mr_json_close(&j) == MR_OK)
        message(&m);
    int status = mr_rows_end(&m.rows, &j);
    if (status >= 0 && m.keep)
        ((struct mr_mexc_state *)dec->state)->last[m.rows.instrument->id] = m.last;
    return status;
}
