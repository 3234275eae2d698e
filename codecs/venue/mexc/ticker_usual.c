/* The fast path of tickers: one object of bare numbers, whose members nobody's documents have in one order.
 *
 *   {"symbol":"BTC_USDT","data":{"symbol":"BTC_USDT","lastPrice":1.0,"bid1":1.0,..},"channel":"push.ticker","ts":1}
 *
 * So the order is learnt (ticker_learn.c): the general path tells how a ticker was spelt, and the next one is expected to be alike. Names
 * and values as long as ever are compared together, as one text in which digits may vary; a value that is spelt in many ways is looked at
 * by itself. Every byte is compared, converted, or seen to be of a number; anything else is MR_E_AGAIN, and the general path learns. */
#include "codecs/venue/mexc/ticker.h"

#if USUAL_VECTOR
/* A message's values: where its stretches begin says where they stand. */
struct ticker {
    const struct mr_mexc_value *value;
    const uint8_t *begin[MR_MEXC_MEMBERS_MAX + 1];
};

MR_INLINE __m128i sixteen(const void *p) { return _mm_loadu_si128((const __m128i *)p); }

/* The number at `p`, where 17 bytes stand: with its sign not longer than fifteen, without an exponent. `*behind` is where it ends; what
 * stands there is for the next stretch to say. */
MR_INLINE bool look_at(const uint8_t *p, struct mr_mexc_value *v, const uint8_t **behind)
{
    const __m128i text = sixteen(p), value = _mm_sub_epi8(text, _mm_set1_epi8('0'));
    const uint32_t digits = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value)),
                   minus = p[0] == '-', others = ~(digits | minus), point = others & (0 - others) & equal(text, '.');
    const uint32_t end = (uint32_t)__builtin_ctz(others ^ point), len = end - minus,
                   whole = (uint32_t)__builtin_ctz(others) - minus;
    uint32_t was = v->len;
    v->minus = minus;
    if (unusual(len != was || whole != v->whole)) {
        v->len = (uint8_t)len;
        v->whole = (uint8_t)whole;
        v->part = (uint8_t)(len - whole - (point != 0));
        mr_ticker_places(v);
        was = len;
    }
    __asm__("" : "+r"(was)); /* not `len`, though they are equal: that one comes late */
    *behind = p + minus + was;
    /* no digit in front of the point or the end, or a zero in front of another digit */
    const uint32_t zero = p[minus] == '0',
                   odd = (others & ~(digits << 1) & ((2u << end) - 1)) | ((zero << 1 << minus) & digits);
    return as_usual(odd == 0 && end < 16);
}

#define STEP MR_MEXC_STEP
MR_INLINE __m128i step_differs(const uint8_t *p, const uint8_t *least, const uint8_t *above)
{
    static_assert(STEP == 32, "two vectors");
    const __m128i low = _mm_sub_epi8(sixteen(p), sixteen(least)),
                  high = _mm_sub_epi8(sixteen(p + 16), sixteen(least + 16));
    return _mm_subs_epu8(low, sixteen(above)) | _mm_subs_epu8(high, sixteen(above + 16));
}

/* As expected, and nothing behind it. */
MR_INLINE bool read_ticker(struct scan *s, struct mr_mexc_tickers *as, const struct named *of, struct ticker *t)
{
    __m128i differs = _mm_setzero_si128();
    t->value = as->value;
    for (uint32_t k = 0; k < as->count; k++) {
        const struct mr_mexc_stretch *is = &as->stretch[k];
        const uint8_t *least = as->least + is->from, *above = as->above + is->from, *p = s->p;
        if (unusual(s->end - p < is->room))
            return false;
        for (uint32_t i = 0; i < is->tail; i += STEP)
            differs |= step_differs(p + i, least + i, above + i);
        differs |= step_differs(p + is->tail, least + is->tail, above + is->tail);
        t->begin[k] = p;
        s->p += is->bytes;
        if (is->behind == MR_TICKER_VALUE) {
            if (!look_at(s->p, &as->value[is->role], &s->p))
                return false;
        } else if (is->behind == MR_TICKER_SYMBOL && !same_symbol(s, of)) {
            return false;
        }
    }
    return as_usual(_mm_testz_si128(differs, differs)) && at_end(s);
}

/* Its digits as an integer. */
MR_INLINE uint64_t mantissa(const struct ticker *t, uint32_t role)
{
    const struct mr_mexc_value *v = &t->value[role];
    const __m128i text = sixteen(t->begin[v->stretch] + v->at + v->minus);
    return mr_fixed_sum(_mm_shuffle_epi8(_mm_sub_epi8(text, _mm_set1_epi8('0')), sixteen(v->places)));
}

/* At a scale, not below zero; false: it may not fit. */
MR_INLINE bool fixed_of(const struct ticker *t, uint32_t role, int scale, int64_t *out)
{
    const struct mr_mexc_value *v = &t->value[role];
    if (unusual(v->minus || v->part > (uint32_t)scale || v->whole > 18 - (uint32_t)scale))
        return false;
    *out = (int64_t)(mantissa(t, role) * (uint64_t)mr_pow10[(uint32_t)scale - v->part]);
    return true;
}

/* An event but for its own values. */
MR_INLINE void value_of(union mr_slot *slot, const struct mr_event *like, enum mr_event_kind kind,
                        const struct ticker *t, uint32_t role, int64_t size, int64_t aux)
{
    const struct mr_mexc_value *v = &t->value[role];
    const int64_t digits = (int64_t)mantissa(t, role);
    slot->event = (struct mr_event){.venue_ns = like->venue_ns,
                                    .price = (digits ^ -(int64_t)v->minus) + v->minus,
                                    .size = size,
                                    .aux = aux,
                                    .instrument = like->instrument,
                                    .kind = (uint8_t)kind,
                                    .flags = like->flags,
                                    .exponent = (int8_t)-v->part,
                                    .source = MR_MEXC_TICKER};
}

/* What the contracts are worth, as the general path has it. */
MR_INLINE bool worth(const struct mr_instrument *it, const struct ticker *t, int64_t *out)
{
    const bool inverse = it->flags & MR_INSTRUMENT_INVERSE;
    int64_t size, price = 0, usd;
    if ((it->flags & (MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_NO_METADATA)) != MR_INSTRUMENT_QUOTE_USD)
        return true;
    if (unusual(!fixed_of(t, MR_TICKER_HOLD, it->size_scale, &size) ||
                (!inverse && !fixed_of(t, MR_TICKER_FAIR, it->price_scale, &price))))
        return false;
    *out = mr_instrument_notional(it, price, size, &usd) == MR_OK ? usd : 0;
    return true;
}

int mr_mexc_ticker_behind(struct scan at, struct mr_decoder *dec, const struct named *of, union mr_slot *out,
                          uint32_t out_max)
{
    enum { SLOTS = 6 };
    struct mr_mexc_state *state = dec->state;
    const struct mr_instrument *it = of->it;
    struct ticker t;
    struct mr_level top[2];
    int64_t usd = 0;
    if (unusual(!state->tickers.count || out_max < SLOTS) || !read_ticker(&at, &state->tickers, of, &t))
        return MR_E_AGAIN;
    const uint64_t ms = mantissa(&t, MR_TICKER_TIME);
    const struct mr_mexc_value *time = &t.value[MR_TICKER_TIME];
    if (unusual(time->minus || time->len != time->whole || ms > INT64_MAX / MR_NS_PER_MS) ||
        !fixed_of(&t, MR_TICKER_BID, it->price_scale, &top[0].price) ||
        !fixed_of(&t, MR_TICKER_ASK, it->price_scale, &top[1].price) || !worth(it, &t, &usd))
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
    value_of(&out[0], &like, MR_EVENT_MARK, &t, MR_TICKER_FAIR, 0, 0);
    value_of(&out[1], &like, MR_EVENT_INDEX, &t, MR_TICKER_INDEX, 0, 0);
    value_of(&out[2], &like, MR_EVENT_FUNDING, &t, MR_TICKER_RATE, last.interval_ns,
             last.next_funding_ns > like.venue_ns ? last.next_funding_ns : 0);
    value_of(&out[3], &like, MR_EVENT_OPEN_INTEREST, &t, MR_TICKER_HOLD, MR_OI_CONTRACTS, usd);
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
