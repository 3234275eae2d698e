/* Small messages (trades, best bid and ask) in their usual form: the rest of the tools, beside usual.h.
 *
 * Each reads what is next and says whether it is as usual; the caller gives up at the first that is not. What costs time in a
 * message of 200 bytes is that each number begins where the one before ended: so the end is found in sixteen bytes at once,
 * and nothing branches on the length of a text or on a side, which nobody can predict.
 *
 * A frame is at least MR_USUAL_MIN bytes, and three stand in front of any time: see usual_open.
 * Only for processors of x86-64-v2 are these fast; elsewhere plain C stands in. */
#ifndef MR_VENUE_USUAL_SMALL_H
#define MR_VENUE_USUAL_SMALL_H

#include "codecs/venue/usual.h"

#if defined(__SSE4_2__)
#define USUAL_VECTOR 1
#if !defined(MR_KERNEL)
#define MR_KERNEL_sse42
#endif
#include "codecs/number/fixed_kernel.h"
#include <smmintrin.h>
#else
#define USUAL_VECTOR 0
#endif

#define MR_USUAL_MIN 48

MR_INLINE bool usual_open(struct scan *s, const struct mr_frame *frame)
{
    *s = (struct scan){frame->data, frame->data + frame->len, true};
    return as_usual(frame->len >= MR_USUAL_MIN);
}

MR_INLINE bool at_end(const struct scan *s) { return as_usual(s->p == s->end); }

/* A literal of at most eight bytes as the number that its bytes are in memory. */
#define BYTE_OF(text, i)                                                                                               \
    ((i) < sizeof(text) - 1 ? (uint64_t)(uint8_t)(text)[(i) < sizeof(text) ? (i) : 0] << 8 * (i) : 0)
#define WORD_OF(text)                                                                                                  \
    (BYTE_OF(text, 0) | BYTE_OF(text, 1) | BYTE_OF(text, 2) | BYTE_OF(text, 3) | BYTE_OF(text, 4) | BYTE_OF(text, 5) | \
     BYTE_OF(text, 6) | BYTE_OF(text, 7))

/* One of two texts, neither the beginning of the other; `first` says which. No compiler may make a branch of it. */
MR_INLINE bool either(struct scan *s, uint64_t one, uint32_t one_len, uint64_t other, uint32_t other_len,
                      uint32_t *first)
{
    uint64_t w;
    if (as_usual(s->end - s->p >= 8))
        w = load8(s->p);
    else if (s->p < s->end)
        w = load8(s->end - 8) >> (64 - 8 * (s->end - s->p));
    else
        return false;
    uint32_t is_one = ((w ^ one) << (64 - 8 * one_len)) == 0, is_other = ((w ^ other) << (64 - 8 * other_len)) == 0;
    __asm__("" : "+r"(is_one), "+r"(is_other));
    if (unusual(!(is_one | is_other)))
        return false;
    *first = is_one;
    s->p += is_one * one_len + is_other * other_len;
    return true;
}
#define EITHER(s, one, other, first)                                                                                   \
    either((s), WORD_OF(one), sizeof(one) - 1, WORD_OF(other), sizeof(other) - 1, first)

/* A text of at most eight bytes that may stand here or not. */
MR_INLINE void skip_if(struct scan *s, uint64_t text, uint32_t len)
{
    uint32_t is = s->end - s->p >= 8 && ((load8(s->p) ^ text) << (64 - 8 * len)) == 0;
    __asm__("" : "+r"(is));
    s->p += is * len;
}

/* A side of a trade. */
MR_INLINE bool side(struct scan *s, uint64_t sell, uint32_t sell_len, uint64_t buy, uint32_t buy_len, uint8_t *flags)
{
    uint32_t sold = 0;
    if (!either(s, sell, sell_len, buy, buy_len, &sold))
        return false;
    *flags = (uint8_t)(sold * MR_FLAG_SELL);
    return true;
}
#define SIDE(s, sell, buy, flags) side((s), WORD_OF(sell), sizeof(sell) - 1, WORD_OF(buy), sizeof(buy) - 1, flags)

/* What is rare is told apart from the rest: it takes the place and gives back the new one (NULL: not as usual), so that the place
 * and the values need no memory where all is as usual. */

/* A decimal that is longer than usual or has an exponent: by the reader that the general path has. */
static MR_COLD const uint8_t *decimal_closely(const uint8_t *p, const uint8_t *end, int scale, char stop, int64_t *out)
{
    size_t room = (size_t)(end - p);
    const uint8_t *behind = memchr(p, stop, room < 40 ? room : 40);
    bool good = behind && mr_number_fixed(p, (uint32_t)(behind - p), scale, out) == MR_OK && *out >= 0;
    return good ? behind : NULL;
}

#if USUAL_VECTOR
/* ---- sixteen bytes at once ---- */

/* The bytes at s->p, zeros behind the frame's end. */
MR_INLINE __m128i look(const struct scan *s)
{
    static const int8_t down[32] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    ptrdiff_t room = s->end - s->p;
    if (as_usual(room >= 16))
        return _mm_loadu_si128((const __m128i *)(const void *)s->p);
    __m128i last = _mm_loadu_si128((const __m128i *)(const void *)(s->end - 16));
    return _mm_shuffle_epi8(last, _mm_loadu_si128((const __m128i *)(const void *)(down + 16 - room)));
}

/* A bit of each byte that is c. */
MR_INLINE uint32_t equal(__m128i v, char c) { return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(c))); }

/* A whole number of 1 to 15 digits, without a leading zero, which stays. */
MR_INLINE bool digit_text(const struct scan *s, __m128i *values, uint32_t *len)
{
    __m128i v = look(s);
    *values = _mm_sub_epi8(v, _mm_set1_epi8('0'));
    __m128i is = _mm_cmpeq_epi8(_mm_min_epu8(*values, _mm_set1_epi8(9)), *values);
    *len = (uint32_t)__builtin_ctz(~(uint32_t)_mm_movemask_epi8(is));
    bool zero = (uint8_t)_mm_cvtsi128_si32(v) == '0';
    return as_usual(*len - 1 < 15 && !(zero && *len > 1));
}

MR_INLINE uint64_t first_digits(__m128i values, uint32_t len)
{
    return mr_fixed_sum(
        _mm_shuffle_epi8(values, _mm_loadu_si128((const __m128i *)(const void *)(mr_fixed_places + len))));
}

/* Longer than that. */
static MR_COLD const uint8_t *integer_closely(const uint8_t *p, const uint8_t *end, uint64_t *out)
{
    const uint8_t *from = p;
    while (p < end && (uint8_t)(*p - '0') < 10)
        p++;
    bool good = mr_number_u64(from, (uint32_t)(p - from), out) == MR_OK && (*from != '0' || p - from == 1);
    return good ? p : NULL;
}

/* `like`: how many digits the one before had. Ids and counters seldom get another: where this one has as many, what follows need not
 * wait for its end to be found. NULL: nothing is expected. */
MR_INLINE bool integer(struct scan *s, uint8_t *like, uint64_t *out)
{
    __m128i values;
    uint32_t len;
    if (unusual(!digit_text(s, &values, &len))) {
        uint64_t value;
        const uint8_t *behind = integer_closely(s->p, s->end, &value);
        s->p = behind ? behind : s->p;
        *out = behind ? value : 0;
        return behind;
    }
    *out = first_digits(values, len);
    if (as_usual(like && len == *like)) {
        s->p += *like;
        __asm__("" : "+r"(s->p)); /* not `len`, though they are equal: that one comes late */
        return true;
    }
    s->p += len;
    if (like)
        *like = (uint8_t)len;
    return true;
}

/* An integer that is not used. */
MR_INLINE bool skip_integer(struct scan *s, uint8_t *like)
{
    uint64_t unused;
    return integer(s, like, &unused);
}

#define TIME_NOW 13

/* A time in ms: thirteen digits, as from 2001 to 2286. */
MR_INLINE bool thirteen(struct scan *s, uint64_t *out)
{
    if (unusual(s->end - s->p < TIME_NOW))
        return false;
    const __m128i there = _mm_setr_epi8(0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s->p - 3));
    v = _mm_and_si128(_mm_sub_epi8(v, _mm_set1_epi8('0')), there);
    if (unusual(!mr_fixed_all_digits(v) || s->p[0] == '0'))
        return false;
    *out = mr_fixed_sum(v);
    s->p += TIME_NOW;
    return true;
}

/* A time in ns: nineteen digits. */
MR_INLINE bool nineteen(struct scan *s, int64_t *out)
{
    if (unusual(s->end - s->p < 19))
        return false;
    __m128i v = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)(s->p + 3)), _mm_set1_epi8('0'));
    uint32_t a = s->p[0] - (uint32_t)'0', b = s->p[1] - (uint32_t)'0', c = s->p[2] - (uint32_t)'0';
    uint64_t ns = (a * 100 + b * 10 + c) * (uint64_t)10000000000000000 + mr_fixed_sum(v);
    if (unusual(!mr_fixed_all_digits(v) || a - 1 > 8 || b > 9 || c > 9 || ns > INT64_MAX))
        return false;
    *out = (int64_t)ns;
    s->p += 19;
    return true;
}

/* A decimal at a scale, never below zero, up to `stop`, which stays. */
MR_INLINE bool decimal_to(struct scan *s, int scale, char stop, int64_t *out)
{
    __m128i v = look(s);
    uint32_t len = (uint32_t)__builtin_ctz(equal(v, stop) | 1u << 16);
    int64_t value = 0;
    if (unusual(len == 16 || !mr_fixed_16(v, len, scale, &value))) {
        int64_t rare;
        const uint8_t *behind = decimal_closely(s->p, s->end, scale, stop, &rare);
        s->p = behind ? behind : s->p;
        *out = behind ? rare : 0;
        return behind;
    }
    s->p += len;
    *out = value;
    return true;
}

/* From behind a string's opening quote to behind the closing one: of plain ASCII, and not used. */
MR_INLINE bool skip_string(struct scan *s)
{
    for (;;) {
        __m128i v = look(s);
        __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
        stop = _mm_or_si128(stop,
                            _mm_cmplt_epi8(v, _mm_set1_epi8(0x20))); /* above 0x7f is below zero, and so is the end */
        uint32_t stops = (uint32_t)_mm_movemask_epi8(stop);
        if (unusual(!stops)) {
            s->p += 16;
            continue;
        }
        s->p += __builtin_ctz(stops);
        return s->p < s->end && *s->p++ == '"';
    }
}

/* The same, of exactly n bytes (16 or more). */
MR_INLINE bool skip_text(struct scan *s, uint32_t n)
{
    const uint8_t *p = s->p;
    if (unusual(s->end - p <= (ptrdiff_t)n))
        return false;
    __m128i stop = _mm_setzero_si128();
    for (uint32_t i = 0; i < n; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + (i + 16 < n ? i : n - 16)));
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
        stop = _mm_or_si128(stop, _mm_cmplt_epi8(v, _mm_set1_epi8(0x20)));
    }
    s->p += n + 1;
    return as_usual(_mm_movemask_epi8(stop) == 0 && p[n] == '"');
}

static const uint8_t usual_ones[32] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};

/* The first n bytes, zeros behind them. */
MR_INLINE __m128i first_bytes(__m128i v, uint32_t n)
{
    return _mm_and_si128(v, _mm_loadu_si128((const __m128i *)(const void *)(usual_ones + 16 - n)));
}

MR_INLINE bool same_bytes(__m128i a, __m128i b)
{
    __m128i differ = _mm_xor_si128(a, b);
    return as_usual(_mm_testz_si128(differ, differ));
}
#else
/* ---- the same, a byte at a time ---- */

MR_INLINE bool integer(struct scan *s, uint8_t *like, uint64_t *out)
{
    (void)like;
    const uint8_t *p = s->p;
    while (p < s->end && (uint8_t)(*p - '0') < 10)
        p++;
    bool good = mr_number_u64(s->p, (uint32_t)(p - s->p), out) == MR_OK && (s->p[0] != '0' || p - s->p == 1);
    s->p = p;
    return good;
}

MR_INLINE bool skip_integer(struct scan *s, uint8_t *like)
{
    uint64_t value;
    return integer(s, like, &value);
}

MR_INLINE bool thirteen(struct scan *s, uint64_t *out)
{
    const uint8_t *from = s->p;
    return integer(s, NULL, out) && s->p - from == 13;
}

MR_INLINE bool nineteen(struct scan *s, int64_t *out)
{
    const uint8_t *from = s->p;
    uint64_t ns;
    if (!integer(s, NULL, &ns) || s->p - from != 19 || ns > INT64_MAX)
        return false;
    *out = (int64_t)ns;
    return true;
}

MR_INLINE bool decimal_to(struct scan *s, int scale, char stop, int64_t *out)
{
    const uint8_t *behind = decimal_closely(s->p, s->end, scale, stop, out);
    s->p = behind ? behind : s->p;
    return behind;
}

MR_INLINE bool skip_string(struct scan *s)
{
    while (s->p < s->end && *s->p >= 0x20 && *s->p < 0x80 && *s->p != '"' && *s->p != '\\')
        s->p++;
    return s->p < s->end && *s->p++ == '"';
}

MR_INLINE bool skip_text(struct scan *s, uint32_t n)
{
    const uint8_t *from = s->p;
    return skip_string(s) && s->p - from == (ptrdiff_t)n + 1;
}
#endif

/* 81234.5" to behind the quote. */
MR_INLINE bool decimal(struct scan *s, int scale, int64_t *out)
{
    if (unusual(!decimal_to(s, scale, '"', out)))
        return false;
    s->p++;
    return true;
}

/* A price. `like`: how long the one before was, as of integer(). */
MR_INLINE bool price(struct scan *s, int scale, uint8_t *like, int64_t *out)
{
    const uint8_t *from = s->p;
    if (unusual(!decimal(s, scale, out)))
        return false;
    uint32_t len = (uint32_t)(s->p - from), was = *like;
    __asm__("" : "+r"(was));
    if (as_usual(len == was)) {
        s->p = from + was;
        __asm__("" : "+r"(s->p));
        return true;
    }
    *like = (uint8_t)len;
    return true;
}

/* A time in ms, as ns since 1970. */
MR_INLINE bool time_ns(struct scan *s, int64_t *out)
{
    uint64_t ms;
    if (unusual(!thirteen(s, &ms) || ms > INT64_MAX / MR_NS_PER_MS))
        return false;
    *out = (int64_t)(ms * MR_NS_PER_MS);
    return true;
}

MR_INLINE bool skip_time(struct scan *s)
{
    uint64_t ms;
    return thirteen(s, &ms);
}

/* ---- instruments ---- */

static MR_COLD const struct mr_instrument *instrument_closely(struct mr_decoder *dec, struct mr_span name,
                                                              const struct mr_instrument **guess)
{
    const struct mr_instrument *it = mr_instruments_find(dec->instruments, dec->venue->id, dec->product, name);
    if (it && guess)
        *guess = it;
    return it;
}

MR_INLINE const struct mr_instrument *instrument_long_way(struct scan *s, struct mr_decoder *dec,
                                                          const struct mr_instrument **guess)
{
    const uint8_t *from = s->p;
    if (!skip_string(s))
        return NULL;
    return instrument_closely(dec, (struct mr_span){from, (uint32_t)(s->p - from - 1)}, guess);
}

/* A message's instrument, and the symbol that named it: of 16 bytes or less, as they are in memory. */
struct named {
    const struct mr_instrument *it;
    uint32_t len;
#if USUAL_VECTOR
    __m128i text;
#endif
};

/* The instrument of the symbol at s->p, which moves behind its closing quote. False: there is none, or it is no plain text. */
MR_INLINE bool instrument(struct scan *s, struct mr_decoder *dec, struct named *out)
{
#if USUAL_VECTOR
    __m128i v = look(s);
    uint32_t quotes = equal(v, '"'), len = (uint32_t)__builtin_ctz(quotes | 1u << 16);
    __m128i text = first_bytes(v, len);
    uint64_t hash = _mm_crc32_u64((uint64_t)_mm_cvtsi128_si64(text), (uint64_t)_mm_extract_epi64(text, 1));
    const struct mr_instrument **guess = &dec->guess[hash % MR_COUNT_OF(dec->guess)], *it = *guess;
    *out = (struct named){it, len, text};
    if (as_usual(it && it->symbol_len == len &&
                 same_bytes(text, _mm_loadu_si128((const __m128i *)(const void *)it->symbol))) &&
        (as_usual(quotes) || (s->end - s->p > 16 && s->p[16] == '"'))) {
        s->p += len + 1;
        return true;
    }
#else
    const struct mr_instrument **guess = NULL;
#endif
    out->it = instrument_long_way(s, dec, guess);
    out->len = out->it ? out->it->symbol_len : 0;
    return out->it;
}

/* The same, of a symbol of 64 to 79 bytes (Polymarket's tokens): guessed by its last bytes, then compared whole. */
MR_INLINE const struct mr_instrument *long_instrument(struct scan *s, struct mr_decoder *dec)
{
#if USUAL_VECTOR
    const struct scan tail = {s->p + 64, s->end, true};
    if (unusual(s->end - s->p < 80))
        return NULL;
    uint32_t len = 64 + (uint32_t)__builtin_ctz(equal(look(&tail), '"') | 1u << 16);
    uint64_t hash = load8(s->p + len - 8) * 0x9e3779b97f4a7c15u >> (64 - MR_DECODER_GUESS_BITS);
    const struct mr_instrument **guess = &dec->guess[hash % MR_COUNT_OF(dec->guess)], *it = *guess;
    if (unusual(!it || it->symbol_len != len || len == 80))
        return instrument_long_way(s, dec, guess);
    __m128i differs = _mm_setzero_si128();
    for (uint32_t i = 0; i < 5; i++) {
        uint32_t at = i < 4 ? 16 * i : len - 16;
        differs |= _mm_loadu_si128((const __m128i *)(const void *)(s->p + at)) ^
                   _mm_loadu_si128((const __m128i *)(const void *)(it->symbol + at));
    }
    if (unusual(!_mm_testz_si128(differs, differs)))
        return instrument_long_way(s, dec, guess);
    s->p += len + 1;
    return it;
#else
    return instrument_long_way(s, dec, NULL);
#endif
}

/* The same symbol again, and its quote. */
MR_INLINE bool same_symbol(struct scan *s, const struct named *name)
{
    if (unusual((size_t)(s->end - s->p) <= name->len || s->p[name->len] != '"'))
        return false;
#if USUAL_VECTOR
    bool same = as_usual(name->len < 16) ? same_bytes(first_bytes(look(s), name->len), name->text)
                                         : memcmp(s->p, name->it->symbol, name->len) == 0;
#else
    bool same = memcmp(s->p, name->it->symbol, name->len) == 0;
#endif
    s->p += name->len + 1;
    return same;
}

/* ---- events ---- */

MR_INLINE uint8_t caution(const struct mr_instrument *it)
{
    return it->flags & MR_INSTRUMENT_NO_METADATA ? MR_FLAG_CAUTION : 0;
}

/* A TRADE or LIQUIDATION into `slot`: false if its notional is too large to say. */
MR_INLINE bool put_trade(union mr_slot *slot, const struct mr_decoder *dec, enum mr_event_kind kind,
                         const struct mr_instrument *it, const struct mr_event *in)
{
    slot->event = (struct mr_event){
        .venue_ns = in->venue_ns,
        .seq = in->seq,
        .price = in->price,
        .size = in->size,
        .instrument = it->id,
        .kind = (uint8_t)kind,
        .flags = in->flags | caution(it),
        .source = dec->kind,
    };
    return as_usual(mr_instrument_notional(it, in->price, in->size, &slot->event.aux) == MR_OK);
}

/* A best bid and ask: two slots. */
MR_INLINE int put_best(union mr_slot *slot, const struct mr_decoder *dec, const struct mr_instrument *it,
                       int64_t venue_ns, uint64_t seq, const struct mr_level best[2])
{
    slot->book = (struct mr_book_head){
        .venue_ns = venue_ns,
        .seq = seq,
        .first_seq = seq,
        .bid_count = 1,
        .ask_count = 1,
        .instrument = it->id,
        .kind = MR_EVENT_BBO,
        .flags = caution(it),
        .source = dec->kind,
    };
    slot[1] = (union mr_slot){.level = {best[0], best[1]}};
    return 2;
}

#endif
