/* The usual form of a message, read without looking at its grammar: members in the order the venue sends them, no blanks, no
 * escapes. Every byte is compared or converted, so what passes is legal and means what it says; `ok` says whether all did. What
 * does not goes to the general path, which alone decides what is wrong with it.
 *
 * Bounds  nothing outside [p, end).   Memory  none. */
#ifndef MR_VENUE_USUAL_H
#define MR_VENUE_USUAL_H

#include "codecs/json/levels.h"
#include "codecs/venue/take.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Nearly always true. mr_likely() means nine in ten, which a hundred times in a row makes a path that the compiler takes for one that
 * is never gone, and builds small in place of fast; and where it is surer than this, what it cannot tell becomes that path. */
#define as_usual(x) __builtin_expect_with_probability(!!(x), 1, 0.995)
#define unusual(x) __builtin_expect_with_probability(!!(x), 1, 0.005)

struct scan {
    const uint8_t *p, *end;
    bool ok;
};

static inline uint64_t load8(const void *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

static inline uint32_t load4(const void *p)
{
    uint32_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

/* As memcmp(..) == 0 of a literal, in words that overlap: without a call, and with one branch for eight to sixteen bytes. */
MR_INLINE bool same_text(const uint8_t *p, const char *text, size_t len)
{
    if (len < 4)
        return p[0] == (uint8_t)text[0] && (len < 2 || p[1] == (uint8_t)text[1]) &&
               (len < 3 || p[2] == (uint8_t)text[2]);
    if (len < 8)
        return ((load4(p) ^ load4(text)) | (load4(p + len - 4) ^ load4(text + len - 4))) == 0;
    uint64_t differ = load8(p + len - 8) ^ load8(text + len - 8);
    for (size_t at = 0; at + 8 < len; at += 8)
        differ |= load8(p + at) ^ load8(text + at);
    return differ == 0;
}

/* Is `text` (a literal) next? Moves behind it if so. */
MR_INLINE bool found(struct scan *s, const char *text, size_t len)
{
    bool is = (uintptr_t)s->p + len <= (uintptr_t)s->end && same_text(s->p, text, len);
    s->p += is ? len : 0;
    return is;
}
#define FOUND(s, literal) found((s), literal, sizeof(literal) - 1)
/* The same of what stands there in nearly all messages. */
#define THEN(s, literal) as_usual(FOUND(s, literal))

/* It must be next: moves on in any case, so that what follows need not wait for the comparison. */
static inline void expect(struct scan *s, const char *text, size_t len)
{
    if (mr_unlikely((size_t)(s->end - s->p) < len)) {
        s->ok = false;
        return;
    }
    s->ok &= memcmp(s->p, text, len) == 0;
    s->p += len;
}
#define EXPECT(s, literal) expect((s), literal, sizeof(literal) - 1)

#define EACH(b) (0x0101010101010101u * (b))

/* The bytes that end a string of plain ASCII (or are none), one bit each: of 16, or the topmost bit of each of 8. The
 * lowest is exact. */
#if defined(__SSE2__)
#define STRIDE 16
#define STOP_BITS 1
static inline uint64_t stops(const uint8_t *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    stop = _mm_or_si128(stop, _mm_cmplt_epi8(v, _mm_set1_epi8(0x20))); /* bytes above 0x7f are below zero */
    return (uint32_t)_mm_movemask_epi8(stop);
}
#else
#define STRIDE 8
#define STOP_BITS 8
static inline uint64_t stops(const uint8_t *p)
{
    uint64_t w = load8(p), quote = w ^ EACH('"'), slash = w ^ EACH('\\');
    uint64_t stop = ((quote - EACH(1u)) & ~quote) | ((slash - EACH(1u)) & ~slash) | (w - EACH(0x20u)) | w;
    return stop & EACH(0x80u);
}
#endif

/* A string of plain ASCII, from behind its opening quote to behind the closing one. */
static inline struct mr_span string(struct scan *s)
{
    const uint8_t *from = s->p;
    uint64_t stop = 0;
    for (; s->end - s->p >= STRIDE; s->p += STRIDE)
        if ((stop = stops(s->p)) != 0)
            break;
    s->p += stop ? (uint32_t)__builtin_ctzll(stop) / STOP_BITS : 0;
    while (!stop && s->p < s->end && *s->p >= 0x20 && *s->p < 0x7f && *s->p != '"' && *s->p != '\\')
        s->p++; /* the last few bytes of a frame */
    s->ok &= s->p < s->end && *s->p == '"';
    const struct mr_span text = {from, (uint32_t)(s->p - from)};
    s->p += s->p < s->end;
    return text;
}

/* How many of the eight bytes, from the first, are digits; their values in `w` (0..9 each). */
static inline uint32_t digit_run(uint64_t *w)
{
    *w ^= EACH(0x30u);
    uint64_t other = (((*w & EACH(0x7fu)) + EACH(0x76u)) | *w) & EACH(0x80u);
    return other ? (uint32_t)__builtin_ctzll(other) / 8 : 8;
}

/* Eight digit values, the first the most significant. */
static inline uint64_t eight(uint64_t w)
{
    w = (w * 10 + (w >> 8)) & 0x00ff00ff00ff00ffu;
    w = (w * 100 + (w >> 16)) & 0x0000ffff0000ffffu;
    return (w * 10000 + (w >> 32)) & 0xffffffffu;
}

/* A whole number of 1 to 16 digits without a leading zero. At least 16 bytes of the message stand in front of it. */
static inline uint64_t number(struct scan *s)
{
    ptrdiff_t room = s->end - s->p;
    if (mr_unlikely(!s->ok || room <= 0)) {
        s->ok = false;
        return 0;
    }
    uint64_t a, b;
    if (mr_likely(room >= 16)) {
        a = load8(s->p);
        b = load8(s->p + 8);
    } else { /* the last 16 bytes, moved down: zeros come behind the end */
        mr_u128 last = (load8(s->end - 16) | (mr_u128)load8(s->end - 8) << 64) >> (128 - 8 * room);
        a = (uint64_t)last;
        b = (uint64_t)(last >> 64);
    }
    s->ok &= (a & 0xff) != '0' || (uint8_t)((a >> 8) - '0') > 9;
    uint32_t first = digit_run(&a);
    if (first < 8) {
        s->ok &= first > 0;
        s->p += first;
        return first ? eight(a << (64 - 8 * first)) : 0;
    }
    uint32_t second = digit_run(&b);
    s->p += 8 + second;
    s->ok &= second < 8 || s->p == s->end || (uint8_t)(*s->p - '0') > 9;
    return second ? eight(a) * (uint64_t)mr_pow10[second] + eight(b << (64 - 8 * second)) : eight(a);
}

/* A time in milliseconds that fits as nanoseconds. */
static inline int64_t number_ms(struct scan *s)
{
    uint64_t ms = number(s);
    s->ok &= ms <= INT64_MAX / MR_NS_PER_MS;
    return s->ok ? (int64_t)(ms * MR_NS_PER_MS) : 0;
}

/* The instrument of the string at s->p, or NULL: then s->ok is false, and the general path says why. */
static inline const struct mr_instrument *usual_symbol(struct scan *s, struct mr_decoder *dec)
{
    struct mr_span symbol = s->ok ? string(s) : (struct mr_span){NULL, 0};
    const struct mr_instrument *it = s->ok ? mr_take_symbol(dec, symbol) : NULL;
    if (mr_unlikely(!it)) {
        dec->name = (struct mr_span){NULL, 0};
        s->ok = false;
    }
    return it;
}

/* One side's levels: how many, or ok false. */
static inline uint32_t usual_side(struct scan *s, const struct mr_frame *frame, const struct mr_levels_scan *how,
                                  struct mr_level *out, uint32_t out_max)
{
    uint32_t n = 0;
    int64_t end = s->ok
                      ? mr_levels_decode(frame->data, frame->len, (uint32_t)(s->p - frame->data), how, out, out_max, &n)
                      : MR_E_AGAIN;
    if (mr_unlikely(end < 0)) {
        s->ok = false;
        return 0;
    }
    s->p = frame->data + end;
    return n;
}

/* Few levels one by one, as they were stored a moment ago: memmove's wide loads would wait until they are in the cache. */
static inline void usual_move(struct mr_level *to, const struct mr_level *from, uint32_t n)
{
#if defined(__SSE2__)
    if (n <= 16) {
        for (uint32_t i = 0; i < n; i++)
            _mm_storeu_si128((__m128i *)(void *)(to + i), _mm_loadu_si128((const __m128i *)(const void *)(from + i)));
        return;
    }
#endif
    memmove(to, from, n * sizeof *to);
}

/* Both sides, `between` between them, into a group of MR_GROUP_SLOTS: bids in front of asks, whichever came first. The
 * group's slots, 0 if ok is false. */
struct usual_book {
    enum mr_levels_form form;
    bool asks_first;
    const char *between;
    bool few; /* lists so short that both in one go are not worth trying */
};
static inline uint32_t usual_sides(struct scan *s, const struct mr_frame *frame, const struct mr_instrument *it,
                                   const struct usual_book *book, union mr_slot *slot)
{
    enum { HALF = MR_LEVELS_MAX / 2 };
    const struct mr_levels_scan how = {book->form, it->price_scale, it->size_scale};
    struct mr_level *levels = mr_take_levels(slot), *waiting = levels + HALF;
    if (!book->few && s->ok && s->end - s->p <= MR_LEVELS_BOOK_BYTES) {
        const struct mr_levels_book both = {book->between, (uint8_t)strlen(book->between), book->asks_first};
        uint32_t count[2];
        int64_t end = mr_levels_book_decode(frame->data, frame->len, (uint32_t)(s->p - frame->data), &how, &both,
                                            levels, MR_LEVELS_MAX, count);
        if (as_usual(end > 0)) {
            s->p = frame->data + end;
            return mr_take_book(slot, count[book->asks_first], count[!book->asks_first]);
        }
    }
    uint32_t first =
        usual_side(s, frame, &how, book->asks_first ? waiting : levels, book->asks_first ? HALF : MR_LEVELS_MAX);
    expect(s, book->between, strlen(book->between));
    uint32_t second = book->asks_first ? usual_side(s, frame, &how, levels, HALF)
                                       : usual_side(s, frame, &how, levels + first, MR_LEVELS_MAX - first);
    if (mr_unlikely(!s->ok))
        return 0;
    if (book->asks_first) /* they waited in the upper half of the room */
        usual_move(levels + second, waiting, first);
    return book->asks_first ? mr_take_book(slot, second, first) : mr_take_book(slot, first, second);
}

#endif
