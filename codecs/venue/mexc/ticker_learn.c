/* What the fast path of tickers (ticker_usual.c) may expect of the next one: made from one that the general path has read. */
#include "codecs/venue/mexc/ticker.h"

#define AHEAD ",\"data\":"
#define CHANNEL ",\"channel\":\"push.ticker\",\"ts\":"
enum { TIME_DIGITS = 13, SURPRISES_MAX = 3, STEP = MR_MEXC_STEP };

static uint8_t role_of(struct mr_span name)
{
    static const char *const names[] = {
        [MR_TICKER_BID] = "bid1",       [MR_TICKER_ASK] = "ask1",         [MR_TICKER_HOLD] = "holdVol",
        [MR_TICKER_FAIR] = "fairPrice", [MR_TICKER_INDEX] = "indexPrice", [MR_TICKER_RATE] = "fundingRate",
        [MR_TICKER_TIME] = "timestamp"};
    for (uint8_t i = 0; i < MR_COUNT_OF(names); i++)
        if (mr_span_is(name, names[i], strlen(names[i])))
            return i;
    return MR_TICKER_OTHER;
}

/* The expectation as it grows. */
struct making {
    struct mr_mexc_tickers *to;
    uint32_t used;       /* of least[] and above[] */
    const uint8_t *next; /* byte of the message */
    bool full;
};

static void add(struct making *m, uint8_t least, uint8_t above)
{
    m->full |= m->used == MR_MEXC_EXPECTED_MAX;
    if (m->full)
        return;
    m->to->least[m->used] = least;
    m->to->above[m->used++] = above;
}

static void add_text_to(struct making *m, const uint8_t *end)
{
    while (m->next < end)
        add(m, *m->next++, 0);
}

static struct mr_mexc_stretch *open_stretch(const struct making *m) { return &m->to->stretch[m->to->count]; }

/* This stretch ends here. What is compared behind its end may be anything. */
static void end_stretch(struct making *m, uint8_t behind, uint8_t role)
{
    struct mr_mexc_stretch *s = open_stretch(m);
    const bool last = behind == MR_TICKER_END;
    s->bytes = (uint16_t)(m->used - s->from);
    s->tail = (uint16_t)(last || s->bytes % STEP == 0 ? s->bytes - STEP : s->bytes / STEP * STEP);
    s->room = (uint16_t)(s->bytes + (last ? 0 : STEP));
    s->behind = behind;
    s->role = role;
    m->full |= s->bytes == 0 || (last && s->bytes < STEP);
    while (m->used % STEP && !m->full)
        add(m, 0, 255);
    m->to->count++;
    if (!last)
        open_stretch(m)->from = (uint16_t)m->used;
}

/* A plain number: without an exponent, of at most fifteen bytes. */
static bool take_apart(struct mr_span text, struct mr_mexc_value *v)
{
    const uint8_t *point;
    *v = (struct mr_mexc_value){.minus = text.data[0] == '-'};
    for (uint32_t i = v->minus; i < text.len; i++)
        if ((uint8_t)(text.data[i] - '0') > 9 && text.data[i] != '.')
            return false;
    if (text.len > 15)
        return false;
    v->len = (uint8_t)(text.len - v->minus);
    point = memchr(text.data, '.', text.len);
    v->whole = (uint8_t)(point ? (uint32_t)(point - text.data) - v->minus : v->len);
    v->part = (uint8_t)(point ? v->len - v->whole - 1 : 0);
    return true;
}

static void add_number(struct making *m, const struct mr_mexc_value *v)
{
    if (v->minus)
        add(m, '-', 0);
    for (uint32_t i = 0; i < v->len; i++)
        if (i == v->whole)
            add(m, '.', 0);
        else if (i == 0 && v->whole > 1)
            add(m, '1', 8);
        else
            add(m, '0', 9);
    m->next += v->len + v->minus;
}

static uint32_t hash_of(struct mr_span name)
{
    uint32_t h = 2166136261u;
    for (uint32_t i = 0; i < name.len; i++)
        h = (h ^ name.data[i]) * 16777619u;
    return h;
}

/* Is the n-th member spelt too often in another way than before? */
static bool surprises(struct mr_mexc_tickers *t, uint32_t n, struct mr_span name, const struct mr_mexc_value *v)
{
    const uint32_t hash = hash_of(name);
    if (t->member[n].name != hash) {
        t->member[n].name = hash;
        t->member[n].surprises = 0;
    } else if (t->member[n].len != v->len || t->member[n].whole != v->whole || t->member[n].minus != v->minus) {
        t->member[n].surprises = (uint8_t)(t->member[n].surprises + (t->member[n].surprises <= SURPRISES_MAX));
    }
    t->member[n].len = v->len;
    t->member[n].whole = v->whole;
    t->member[n].minus = v->minus;
    return t->member[n].surprises > SURPRISES_MAX;
}

static bool add_member(struct making *m, uint32_t n, struct mr_span name, enum mr_json_type type, struct mr_span value)
{
    const uint8_t role = role_of(name);
    struct mr_mexc_value *v = &m->to->value[role], is;
    if (type == MR_JSON_STRING && mr_span_is(name, "symbol", 6)) {
        add_text_to(m, value.data + 1);
        end_stretch(m, MR_TICKER_SYMBOL, 0);
        m->next = value.data + value.len;
        return true;
    }
    add_text_to(m, value.data);
    if (type != MR_JSON_NUMBER || !take_apart(value, &is))
        return false;
    is.stretch = (uint8_t)m->to->count;
    is.at = (uint16_t)(m->used - open_stretch(m)->from);
    mr_ticker_places(&is);
    *v = is;
    if (surprises(m->to, n, name, &is)) {
        end_stretch(m, MR_TICKER_VALUE, role);
        m->next = value.data + value.len;
    } else {
        add_number(m, &is);
    }
    return true;
}

static bool add_end(struct making *m, const uint8_t *end)
{
    const size_t ahead = sizeof CHANNEL - 1;
    if ((size_t)(end - m->next) != 1 + ahead + TIME_DIGITS + 1 || memcmp(m->next + 1, CHANNEL, ahead) != 0)
        return false;
    add_text_to(m, m->next + 1 + ahead);
    for (int i = 0; i < TIME_DIGITS; i++)
        add(m, i ? '0' : '1', i ? 9 : 8);
    m->next += TIME_DIGITS;
    add_text_to(m, end);
    end_stretch(m, MR_TICKER_END, 0);
    return true;
}

void mr_mexc_ticker_learn(struct mr_decoder *dec, const struct mr_frame *frame, struct mr_span data)
{
    struct mr_mexc_tickers *to = &((struct mr_mexc_state *)dec->state)->tickers;
    const ptrdiff_t ahead = sizeof AHEAD - 1;
    struct mr_json j;
    struct mr_span name, value;
    uint32_t n = 0, seen = 0;
    to->count = 0;
    to->stretch[0].from = 0;
    mr_json_open(&j, data.data, data.len);
    if (data.data - frame->data < ahead || memcmp(data.data - ahead, AHEAD, (size_t)ahead) != 0 || !mr_json_object(&j))
        return;
    struct making m = {to, 0, data.data - ahead, false};
    bool plain = true;
    while (plain && mr_json_key(&j, &name)) {
        const enum mr_json_type type = mr_json_peek(&j);
        plain = n < MR_MEXC_MEMBERS_MAX && mr_json_raw(&j, &value) && add_member(&m, n++, name, type, value);
        seen |= 1u << role_of(name);
    }
    const uint32_t all = (1u << MR_TICKER_OTHER) - 1;
    if (!plain || j.status != MR_OK || (seen & all) != all || !add_end(&m, frame->data + frame->len) || m.full)
        to->count = 0;
}
