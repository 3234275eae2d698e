/* The fast path of tickers: one object of bare numbers, whose members nobody's documents have in one order.
 *
 *   {"symbol":"BTC_USDT","data":{"symbol":"BTC_USDT","lastPrice":1.0,"bid1":1.0,..},"channel":"push.ticker","ts":1}
 *
 * So the order is learnt: the general path tells which members a ticker had, and the next one is expected to have the same. A name then is
 * compared with the one expected, and how long a value was says where the next name stands, so that nothing waits for its end to be
 * found. Every byte is compared, converted, or seen to be of a number; anything else is MR_E_AGAIN. */
#include "codecs/venue/mexc/mexc_priv.h"
#include "codecs/venue/usual_stretch.h"

/* What a member's value becomes. */
enum { BID, ASK, HOLD, FAIR, INDEX, RATE, TIME, OTHER, ROLES, SYMBOL = ROLES };

/* How a member is read: as it was spelt last, by looking for its end, or as a symbol. */
enum { EXPECTED, LOOKED_AT, A_SYMBOL };

#define CHANNEL ",\"channel\":\"push.ticker\",\"ts\":" MR_STRETCH_TIME "}"

/* ---- learning ---- */

static uint8_t role_of(struct mr_span name)
{
    static const char *const names[] = {
        [BID] = "bid1",         [ASK] = "ask1",         [HOLD] = "holdVol",   [FAIR] = "fairPrice",
        [INDEX] = "indexPrice", [RATE] = "fundingRate", [TIME] = "timestamp", [OTHER] = "symbol"};
    for (uint8_t i = 0; i < MR_COUNT_OF(names); i++)
        if (mr_span_is(name, names[i], strlen(names[i])))
            return i == OTHER ? SYMBOL : i;
    return OTHER;
}

/* One member, if it is a plain one: its role, or -1. */
static int learn_member(struct mr_mexc_member *m, struct mr_span data, struct mr_span name, enum mr_json_type type,
                        struct mr_span value)
{
    const uint32_t len = name.len + 3; /* with quotes and colon */
    const uint8_t *from = name.data - 1, *behind = value.data + value.len;
    *m = (struct mr_mexc_member){.name_len = (uint8_t)len, .role = role_of(name)};
    if (len > sizeof m->name || from + len != value.data || behind >= data.data + data.len ||
        type != (m->role == SYMBOL ? MR_JSON_STRING : MR_JSON_NUMBER))
        return -1;
    memcpy(m->name, from, len);
    memset(m->mask, 0xff, len);
    m->stop = (char)*behind;
    m->way = m->role == SYMBOL ? A_SYMBOL : EXPECTED;
    return m->role;
}

void mr_mexc_ticker_learn(struct mr_decoder *dec, struct mr_span data)
{
    struct mr_mexc_order *order = &((struct mr_mexc_state *)dec->state)->tickers;
    struct mr_json j;
    struct mr_span name, value;
    uint32_t n = 0, seen = 0;
    order->count = 0;
    mr_json_open(&j, data.data, data.len);
    if (!mr_json_object(&j))
        return;
    while (mr_json_key(&j, &name)) {
        const enum mr_json_type type = mr_json_peek(&j);
        if (n == MR_MEXC_MEMBERS_MAX || j.escaped || !mr_json_raw(&j, &value))
            return;
        const int role = learn_member(&order->member[n++], data, name, type, value);
        if (role < 0)
            return;
        seen |= 1u << role;
    }
    const uint32_t all = (1u << OTHER) - 1;
    if (j.status == MR_OK && (seen & all) == all)
        order->count = n;
}

#if USUAL_VECTOR
/* ---- reading ---- */

/* A value: its text without the sign, and the member that says how it is spelt. */
struct text {
    const uint8_t *p;
    const struct mr_mexc_member *is;
    bool minus;
};

MR_INLINE __m128i sixteen(const void *p) { return _mm_loadu_si128((const __m128i *)p); }

/* The number at `p`, where 17 bytes stand: with its sign not longer than fifteen, without an exponent, and m->stop behind it. */
MR_INLINE bool number_text(struct mr_mexc_member *m, const uint8_t *p, struct text *out)
{
    const __m128i v = sixteen(p), value = _mm_sub_epi8(v, _mm_set1_epi8('0'));
    const uint32_t digits = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value)),
                   minus = p[0] == '-', others = ~(digits | minus), point = others & (0 - others) & equal(v, '.');
    const uint32_t end = (uint32_t)__builtin_ctz(others ^ point), whole = (uint32_t)__builtin_ctz(others),
                   part = end - whole - (point != 0);
    *out = (struct text){p + minus, m, minus};
    m->len = (uint8_t)(end - minus);
    m->whole = (uint8_t)(whole - minus);
    m->part = (uint8_t)part;
    /* no digit in front of the point or the end, or a zero in front of another digit */
    uint32_t zero = p[minus] == '0', odd = others & ~(digits << 1) & ((2u << end) - 1);
    odd |= (zero << 1 << minus) & digits;
    if (unusual(odd || end >= 16 || p[end] != (uint8_t)m->stop))
        return false;
    _mm_storeu_si128((__m128i *)(void *)m->places, mr_fixed_place(m->whole + part + 1u, part));
    return true;
}

/* The next value is spelt as this one, of digits. */
static void expect_again(struct mr_mexc_member *m)
{
    memset(m->least, 0, sizeof m->least);
    memset(m->above, 0xff, sizeof m->above);
    memset(m->least, '0', m->len);
    memset(m->above, 9, m->len);
    if (m->whole > 1) {
        m->least[0] = '1';
        m->above[0] = 8;
    }
    if (m->part) {
        m->least[m->whole] = '.';
        m->above[m->whole] = 0;
    }
    m->least[m->len] = (uint8_t)m->stop;
    m->above[m->len] = 0;
}

enum { SURPRISES_MAX = 8 }; /* then nothing is expected of a value any more */

/* The value is not spelt as the one before. */
static MR_COLD bool look_closely(struct mr_mexc_member *m, const uint8_t *p, struct text *out)
{
    if (!number_text(m, p, out)) {
        m->way = LOOKED_AT; /* its measures are of nothing now */
        return false;
    }
    if (out->minus || ++m->surprises > SURPRISES_MAX)
        m->way = LOOKED_AT;
    else
        expect_again(m);
    return true;
}

/* Its digits as an integer. */
MR_INLINE uint64_t mantissa(const struct text *t)
{
    return mr_fixed_sum(_mm_shuffle_epi8(_mm_sub_epi8(sixteen(t->p), _mm_set1_epi8('0')), sixteen(t->is->places)));
}

/* At a scale, not below zero; false: it may not fit. */
MR_INLINE bool fixed_of(const struct text *t, int scale, int64_t *out)
{
    const uint32_t part = t->is->part;
    if (unusual(t->minus || part > (uint32_t)scale || t->is->whole > 18 - (uint32_t)scale))
        return false;
    *out = (int64_t)(mantissa(t) * (uint64_t)mr_pow10[(uint32_t)scale - part]);
    return true;
}

/* An event but for its own values. */
MR_INLINE void value_of(union mr_slot *slot, const struct mr_event *like, enum mr_event_kind kind, const struct text *t,
                        int64_t size, int64_t aux)
{
    const int64_t digits = (int64_t)mantissa(t);
    slot->event = (struct mr_event){.venue_ns = like->venue_ns,
                                    .price = (digits ^ -(int64_t)t->minus) + t->minus,
                                    .size = size,
                                    .aux = aux,
                                    .instrument = like->instrument,
                                    .kind = (uint8_t)kind,
                                    .flags = like->flags,
                                    .exponent = (int8_t)-t->is->part,
                                    .source = MR_MEXC_TICKER};
}

/* What the contracts are worth, as the general path has it. */
MR_INLINE bool worth(const struct mr_instrument *it, const struct text *hold, const struct text *fair, int64_t *out)
{
    const bool inverse = it->flags & MR_INSTRUMENT_INVERSE;
    int64_t size, price = 0, usd;
    if ((it->flags & (MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_NO_METADATA)) != MR_INSTRUMENT_QUOTE_USD)
        return true;
    if (unusual(!fixed_of(hold, it->size_scale, &size) || (!inverse && !fixed_of(fair, it->price_scale, &price))))
        return false;
    *out = mr_instrument_notional(it, price, size, &usd) == MR_OK ? usd : 0;
    return true;
}

/* All members, each as expected. */
MR_INLINE bool members(struct scan *s, struct mr_mexc_order *order, const struct named *of, struct text *to)
{
    enum { LOOKED_AT_MOST = sizeof order->member->name + 1 + 1 + 16 }; /* bytes of a member: with a quote or a sign */
    const uint8_t *p = s->p, *last = s->end - LOOKED_AT_MOST;
    __m128i differs = _mm_setzero_si128();
    for (struct mr_mexc_member *m = order->member, *end = m + order->count; m < end; m++) {
        if (unusual(p > last))
            return false;
        differs |= (sixteen(p) ^ sixteen(m->name)) & sixteen(m->mask);
        p += m->name_len;
        struct text *t = &to[m->role];
        if (as_usual(m->way == EXPECTED)) {
            const __m128i value = _mm_subs_epu8(_mm_sub_epi8(sixteen(p), sixteen(m->least)), sixteen(m->above));
            *t = (struct text){p, m, false};
            if (as_usual(_mm_testz_si128(value, value))) {
                p += m->len + 1; /* which is known whatever the comparison takes */
                continue;
            }
            if (!look_closely(m, p, t))
                return false;
        } else if (m->way == LOOKED_AT) {
            if (!number_text(m, p, t))
                return false;
        } else {
            struct scan symbol = {p + 1, s->end, true};
            if (*p != '"' || !same_symbol(&symbol, of) || symbol.p >= s->end || *symbol.p != (uint8_t)m->stop)
                return false;
            p = symbol.p + 1;
            continue;
        }
        p = t->p + m->len + 1;
    }
    s->p = p;
    return as_usual(_mm_testz_si128(differs, differs));
}

int mr_mexc_ticker_behind(struct scan at, struct mr_decoder *dec, const struct named *of, union mr_slot *out,
                          uint32_t out_max)
{
    enum { SLOTS = 6 };
    struct mr_mexc_state *state = dec->state;
    const struct mr_instrument *it = of->it;
    struct scan *s = &at;
    struct text of_role[ROLES + 1];
    struct mr_level top[2];
    int64_t usd = 0;
    if (unusual(!state->tickers.count || out_max < SLOTS || s->end - s->p < 64) || !THEN(s, ",\"data\":{") ||
        !members(s, &state->tickers, of, of_role) || !STRETCH(s, CHANNEL) || !at_end(s))
        return MR_E_AGAIN;
    const struct text *time = &of_role[TIME];
    const uint64_t ms = mantissa(time);
    if (unusual(time->minus || time->is->part || ms > INT64_MAX / MR_NS_PER_MS) ||
        !fixed_of(&of_role[BID], it->price_scale, &top[0].price) ||
        !fixed_of(&of_role[ASK], it->price_scale, &top[1].price) || !worth(it, &of_role[HOLD], &of_role[FAIR], &usd))
        return MR_E_AGAIN;
    const struct mr_mexc_last last = state->last[it->id];
    const struct mr_event like = {.venue_ns = (int64_t)(ms * MR_NS_PER_MS), .instrument = it->id, .flags = caution(it)};
    const int64_t lot = it->lot ? it->lot : mr_pow10[it->size_scale];
    top[0].size = top[0].price ? lot : 0;
    top[1].size = top[1].price ? lot : 0;
    dec->kind = MR_MEXC_TICKER;
    put_best(&out[4], dec, it, like.venue_ns, 0, top);
    out[4].book.book_flags = MR_BOOK_NO_SIZES;
    out[4].book.flags |= last.top ? MR_FLAG_SECONDARY : 0;
    value_of(&out[0], &like, MR_EVENT_MARK, &of_role[FAIR], 0, 0);
    value_of(&out[1], &like, MR_EVENT_INDEX, &of_role[INDEX], 0, 0);
    value_of(&out[2], &like, MR_EVENT_FUNDING, &of_role[RATE], last.interval_ns,
             last.next_funding_ns > like.venue_ns ? last.next_funding_ns : 0);
    value_of(&out[3], &like, MR_EVENT_OPEN_INTEREST, &of_role[HOLD], MR_OI_CONTRACTS, usd);
    return SLOTS;
}
#else
int mr_mexc_ticker_behind(struct scan at, struct mr_decoder *dec, const struct named *of, union mr_slot *out,
                          uint32_t out_max)
{
    (void)at;
    (void)dec;
    (void)of;
    (void)out;
    (void)out_max;
    return MR_E_AGAIN;
}
#endif
