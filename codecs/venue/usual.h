/* The usual form of a message, read without looking at its grammar: members in the order the venue sends them, no blanks, no
 * escapes. Every byte is compared or converted, so what passes is legal and means what it says; `ok` says whether all did. What
 * does not goes to the general path, which alone decides what is wrong with it.
 *
 * Bounds  nothing outside [p, end).   Memory  none. */
#ifndef MR_VENUE_USUAL_H
#define MR_VENUE_USUAL_H

#include "codecs/json/levels.h"
#include "codecs/venue/take.h"

struct scan {
    const uint8_t *p, *end;
    bool ok;
};

/* Is `text` (a literal) next? Moves behind it if so. */
static inline bool found(struct scan *s, const char *text, size_t len)
{
    bool is = (size_t)(s->end - s->p) >= len && memcmp(s->p, text, len) == 0;
    s->p += is ? len : 0;
    return is;
}
#define FOUND(s, literal) found((s), literal, sizeof(literal) - 1)
#define EXPECT(s, literal) ((s)->ok &= FOUND(s, literal))

static inline uint64_t load8(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

#define EACH(b) (0x0101010101010101u * (b))

/* A string of plain ASCII, from behind its opening quote to behind the closing one. */
static inline struct mr_span string(struct scan *s)
{
    const uint8_t *from = s->p;
    for (; s->end - s->p >= 8; s->p += 8) {
        uint64_t w = load8(s->p), quote = w ^ EACH('"'), slash = w ^ EACH('\\');
        uint64_t stop = ((quote - EACH(1u)) & ~quote) | ((slash - EACH(1u)) & ~slash) | (w - EACH(0x20u)) | w;
        if ((stop &= EACH(0x80u)) != 0) { /* its lowest mark is exact, the others may be borrowed */
            s->p += (uint32_t)__builtin_ctzll(stop) / 8;
            s->ok &= *s->p == '"';
            return (struct mr_span){from, (uint32_t)(s->p++ - from)};
        }
    }
    s->ok = false;
    return (struct mr_span){from, 0};
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

/* A whole number of 1 to 16 digits without a leading zero. Sixteen bytes must be there, which more than its end always
 * are. */
static inline uint64_t number(struct scan *s)
{
    if (s->end - s->p < 17) {
        s->ok = false;
        return 0;
    }
    uint64_t a = load8(s->p), b = load8(s->p + 8);
    s->ok &= s->p[0] != '0' || s->p[1] < '0' || s->p[1] > '9';
    uint32_t first = digit_run(&a);
    if (first < 8) {
        s->ok &= first > 0;
        s->p += first;
        return first ? eight(a << (64 - 8 * first)) : 0;
    }
    uint32_t second = digit_run(&b);
    s->p += 8 + second;
    s->ok &= second < 8 || *s->p < '0' || *s->p > '9';
    return second ? eight(a) * (uint64_t)mr_pow10[second] + eight(b << (64 - 8 * second)) : eight(a);
}

/* One side's levels: how many, or ok false. */
static inline uint32_t usual_side(struct scan *s, const struct mr_frame *frame, const struct mr_levels_scan *how,
                                  struct mr_level *out, uint32_t out_max)
{
    uint32_t n = 0;
    int64_t end = mr_levels_decode(frame->data, frame->len, (uint32_t)(s->p - frame->data), how, out, out_max, &n);
    if (mr_unlikely(end < 0)) {
        s->ok = false;
        return 0;
    }
    s->p = frame->data + end;
    return n;
}

#endif
