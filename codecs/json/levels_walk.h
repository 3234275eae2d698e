/* Levels one after the other, a number at a time: the definition of what mr_levels_decode takes, and what the
 * vector kernels call where a stretch is not as usual. Inlined into each kernel with that kernel's number reader. */
#ifndef MR_JSON_LEVELS_WALK_H
#define MR_JSON_LEVELS_WALK_H

#include "codecs/json/levels_forms.h"
#include "codecs/number/fixed_kernel.h"

struct mr_levels_walk {
    const uint8_t *data;
    uint32_t len, pos;
    const struct mr_levels_scan *scan;
};

/* The text stands here: moves past it. */
MR_INLINE bool mr_levels_take(struct mr_levels_walk *w, const struct mr_levels_text *text)
{
    if (w->len - w->pos < text->len || memcmp(w->data + w->pos, text->bytes, text->len) != 0)
        return false;
    w->pos += text->len;
    return true;
}

#define MR_LEVELS_EACH(b) (0x0101010101010101u * (b))

MR_INLINE uint64_t mr_levels_eight(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w;
}

/* How many of the eight bytes, from the first, are digits; their values in `w` (0..9 each). */
MR_INLINE uint32_t mr_levels_run(uint64_t *w)
{
    *w ^= MR_LEVELS_EACH(0x30u);
    uint64_t other = (((*w & MR_LEVELS_EACH(0x7fu)) + MR_LEVELS_EACH(0x76u)) | *w) & MR_LEVELS_EACH(0x80u);
    return other ? (uint32_t)__builtin_ctzll(other) / 8 : 8;
}

/* The number that the first n digit values say, 1 <= n <= 8. */
MR_INLINE uint64_t mr_levels_value(uint64_t w, uint32_t n)
{
    w <<= 64 - 8 * n;
    w = (w * 10 + (w >> 8)) & 0x00ff00ff00ff00ffu;
    w = (w * 100 + (w >> 16)) & 0x0000ffff0000ffffu;
    return (w * 10000 + (w >> 32)) & 0xffffffffu;
}

/* A plain number of at most seven digits before the point and seven behind it: what nearly all are. False: another, or too near the end; nothing
 * has moved. What stands behind it is the caller's to check. */
MR_INLINE bool mr_levels_plain(struct mr_levels_walk *w, int scale, int64_t *out)
{
    const uint8_t *p = w->data + w->pos;
    if (w->len - w->pos < 17 || scale > 10) /* below 10^7 there is room for ten decimals */
        return false;
    uint64_t a = mr_levels_eight(p);
    uint32_t whole = mr_levels_run(&a), part = 0;
    if (whole == 0 || whole == 8 || (p[0] == '0' && whole > 1))
        return false;
    uint64_t value = mr_levels_value(a, whole);
    if (p[whole] == '.') {
        uint64_t b = mr_levels_eight(p + whole + 1);
        part = mr_levels_run(&b);
        if (part == 0 || part == 8 || part > (uint32_t)scale)
            return false;
        value = value * (uint64_t)mr_pow10[part] + mr_levels_value(b, part);
    }
    *out = (int64_t)(value * (uint64_t)mr_pow10[(uint32_t)scale - part]);
    w->pos += whole + (part ? part + 1 : 0);
    return true;
}

/* Does a number of this kind end before that byte? */
MR_INLINE bool mr_levels_stops(uint8_t byte, bool quoted) { return quoted ? byte == '"' : byte == ',' || byte == ']'; }

/* A number up to the quote that ends it or, where it is bare, the comma or bracket, which stays. */
MR_INLINE bool mr_levels_number(struct mr_levels_walk *w, int scale, bool quoted, int64_t *out)
{
    uint32_t end = w->pos;
    if (mr_likely(mr_levels_plain(w, scale, out))) {
        if (mr_likely(mr_levels_stops(w->data[w->pos], quoted)))
            return true;
        w->pos = end; /* an exponent, or what is no number */
    }
    while (end < w->len && !mr_levels_stops(w->data[end], quoted))
        end++;
    if (end == w->len || mr_fixed_here(w->data + w->pos, end - w->pos, scale, out) != MR_OK || *out < 0)
        return false;
    w->pos = end;
    return true;
}

/* What the venue counts at the level (its orders), which is not read: digits, at least one; a JSON integer where it is
 * bare. */
MR_INLINE bool mr_levels_count(struct mr_levels_walk *w, bool quoted)
{
    uint32_t start = w->pos;
    while (w->pos < w->len && mr_number_is_digit(w->data[w->pos]))
        w->pos++;
    uint32_t n = w->pos - start;
    return n == 1 || (n > 1 && (quoted || w->data[start] != '0'));
}

/* One level from its first number to behind its last. */
MR_INLINE bool mr_levels_one(struct mr_levels_walk *w, const struct mr_levels_spelling *s, struct mr_level *level)
{
    if (!mr_levels_number(w, w->scan->price_scale, s->quoted & 1, &level->price) || !mr_levels_take(w, &s->behind[0]) ||
        !mr_levels_number(w, w->scan->size_scale, s->quoted >> 1 & 1, &level->size))
        return false;
    for (uint32_t i = 2; i < s->numbers; i++)
        if (!mr_levels_take(w, &s->behind[i - 1]) || !mr_levels_count(w, s->quoted >> i & 1))
            return false;
    return true;
}

/* The levels from w->pos, where the first number of one stands, to the end of the array. `done` stand in `out` already. */
MR_INLINE int64_t mr_levels_rest(struct mr_levels_walk *w, const struct mr_levels_spelling *s, struct mr_level *out,
                                 uint32_t out_max, uint32_t done, uint32_t *count)
{
    for (;;) {
        if (done == out_max)
            return MR_E_FULL;
        if (!mr_levels_one(w, s, &out[done]))
            return MR_E_AGAIN;
        done++;
        if (mr_levels_take(w, &s->end)) {
            *count = done;
            return w->pos;
        }
        if (!mr_levels_take(w, &s->behind[s->numbers - 1]))
            return MR_E_AGAIN;
    }
}

/* The opening of the array: MR_OK and w->pos at the first level's first number, 1 for an empty array, or MR_E_AGAIN. */
MR_INLINE int mr_levels_enter(struct mr_levels_walk *w, const struct mr_levels_spelling *s)
{
    MR_DCHECK(w->scan->price_scale >= 0 && w->scan->price_scale <= MR_SCALE_MAX);
    MR_DCHECK(w->scan->size_scale >= 0 && w->scan->size_scale <= MR_SCALE_MAX);
    if (w->pos >= w->len || !mr_levels_take(w, &(const struct mr_levels_text){"[", 1}))
        return MR_E_AGAIN;
    if (mr_levels_take(w, &(const struct mr_levels_text){"]", 1}))
        return 1;
    return mr_levels_take(w, &s->open) ? MR_OK : MR_E_AGAIN;
}

#endif
