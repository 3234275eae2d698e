/* The vector kernels' frame: lists of a stretch, the bytes between the strings, groups of levels, and the plain walk
 * for what is not as usual. */
#ifndef MR_JSON_LEVELS_VECTOR_H
#define MR_JSON_LEVELS_VECTOR_H

#if defined(MR_KERNEL_avx512)
#include "codecs/json/levels_avx512.h"
#else
#include "codecs/json/levels_avx2.h"
#endif

/* The lists are written by compressing stores, which clang's analyzer does not follow: to it every place in them is unset. Nothing is read
 * beyond what mr_levels_list() counted (levels, closes); the fuzzer compares with the plain walk, under ASan. */
// NOLINTBEGIN(clang-analyzer-core.CallAndMessage,clang-analyzer-core.UndefinedBinaryOperatorResult)

/* Not 0 if the text does not stand there: two words that overlap, of the widest that fit. */
#define MR_LEVELS_DIFFERS(word)                                                                                        \
    {                                                                                                                  \
        word first, last, want_first, want_last;                                                                       \
        uint32_t back = text->len - (uint32_t)sizeof(word);                                                            \
        memcpy(&first, at, sizeof first);                                                                              \
        memcpy(&last, at + back, sizeof last);                                                                         \
        memcpy(&want_first, text->bytes, sizeof want_first);                                                           \
        memcpy(&want_last, text->bytes + back, sizeof want_last);                                                      \
        return (uint64_t)(first ^ want_first) | (uint64_t)(last ^ want_last);                                          \
    }

MR_INLINE uint64_t mr_levels_differs(const uint8_t *at, const struct mr_levels_text *text)
{
    if (text->len >= 8)
        MR_LEVELS_DIFFERS(uint64_t)
    if (text->len >= 4)
        MR_LEVELS_DIFFERS(uint32_t)
    if (text->len >= 2)
        MR_LEVELS_DIFFERS(uint16_t)
    return at[0] ^ (uint8_t)text->bytes[0];
}

/* Do the form's texts stand behind all numbers of `levels` levels, and the numbers fill all that is between? Behind the
 * last number another level's opening or, if there is none, the array's end. So every byte of the array is either
 * compared here, or a digit or point. */
MR_INLINE bool mr_levels_between(const struct mr_levels_lists *l, const struct mr_levels_spelling *s,
                                 const uint8_t *data, uint32_t levels, bool another)
{
    const uint16_t *close = l->close_from + 32;
    const struct mr_levels_text *last = &s->behind[s->numbers - 1];
    uint32_t texts = 0, stop = close[s->numbers * levels - 1] - (uint32_t)MR_LEVELS_BIAS;
    uint64_t wrong = 0;
    for (uint32_t i = 0; i + 1 < levels; i++)
        for (uint32_t k = 0; k < s->numbers; k++)
            wrong |= mr_levels_differs(mr_levels_at(data, close[s->numbers * i + k], 0), &s->behind[k]);
    for (uint32_t k = 0; k + 1 < s->numbers; k++)
        wrong |= mr_levels_differs(mr_levels_at(data, close[s->numbers * (levels - 1) + k], 0), &s->behind[k]);
    wrong |= another ? mr_levels_differs(data + stop, last) : mr_levels_differs(data + stop, &s->end);
    for (uint32_t k = 0; k < s->numbers; k++)
        texts += s->behind[k].len;
    uint32_t bytes = another ? l->bytes - mr_levels_bytes_from(l, stop) : l->bytes;
    return wrong == 0 && bytes == stop - (texts * levels - last->len);
}

/* Out of line: one for all forms. */
static MR_COLD int64_t mr_levels_walk_on(struct mr_levels_walk *w, const struct mr_levels_spelling *s,
                                         struct mr_level *out, uint32_t out_max, uint32_t done, uint32_t *count)
{
    return mr_levels_rest(w, s, out, out_max, done, count);
}

/* A group whose numbers the vectors do not take, one by one; the bytes between the levels are checked already. */
static MR_COLD bool mr_levels_slowly(struct mr_levels_walk w, const struct mr_levels_spelling *s, uint32_t origin,
                                     const uint16_t *close, uint32_t levels, struct mr_level *out)
{
    for (uint32_t i = 0; i < levels; i++) {
        w.pos = origin + close[(int)(s->numbers * i) - 1] + s->behind[s->numbers - 1].len - MR_LEVELS_BIAS;
        if (!mr_levels_one(&w, s, &out[i]) || w.pos != origin + close[s->numbers * i + s->numbers - 1] - MR_LEVELS_BIAS)
            return false; /* or a count went on behind its digits */
    }
    return true;
}

/* The levels of one stretch, whose lists are made and whose bytes between are checked. */
MR_INLINE bool mr_levels_stretch(const struct mr_levels_walk *w, const struct mr_levels_spelling *s,
                                 struct mr_levels_vector *v, const struct mr_levels_lists *l, uint32_t levels,
                                 struct mr_level *out)
{
    const uint16_t *close = l->close_from + 32, *point = l->point_from;
    uint32_t origin = w->pos;
    v->data = w->data + origin;
    v->len = w->len - origin;
    for (uint32_t i = 0; i < levels; i += MR_LEVELS_GROUP) {
        /* the last group takes some levels of the one before it once more, rather than fewer than its vectors hold */
        uint32_t at = levels - i >= MR_LEVELS_GROUP ? i : levels >= MR_LEVELS_GROUP ? levels - MR_LEVELS_GROUP : 0;
        uint32_t count = levels < MR_LEVELS_GROUP ? levels : MR_LEVELS_GROUP, first = s->numbers * at;
        /* the last vector to be read begins at the last size of the group */
        uint32_t last = close[first + s->numbers * (count - 1)] + s->behind[0].len - (uint32_t)MR_LEVELS_BIAS;
        bool good;
        if (mr_likely(count == MR_LEVELS_GROUP && last + 16 <= v->len))
            good = mr_levels_group(v, s, close + first, point + first, MR_LEVELS_GROUP, true, out + at);
        else
            good = mr_levels_group(v, s, close + first, point + first, count, false, out + at);
        if (mr_unlikely(!good) && !mr_levels_slowly(*w, s, origin, close + first, count, out + at))
            return false;
    }
    return true;
}

MR_INLINE int64_t mr_levels_fast(struct mr_levels_walk *w, const struct mr_levels_spelling *s, struct mr_level *out,
                                 uint32_t out_max, uint32_t *count)
{
    struct mr_levels_lists l;
    struct mr_levels_vector v;
    uint32_t done = 0;
    mr_levels_prepare(&v, s, w->scan);
    while (w->pos < w->len) {
        const uint8_t *data = w->data + w->pos;
        mr_levels_list(&l, s, data, w->len - w->pos);
        const uint16_t *close = l.close_from + 32;
        uint32_t levels = l.closes / s->numbers, end = l.end + 1;
        if (l.odd || levels == 0)
            break;
        if (l.end) {
            if (l.inside || l.closes % s->numbers || l.closes != l.points ||
                close[l.closes - 1] + (uint32_t)s->end.len - MR_LEVELS_BIAS != end)
                break;
        } else if (--levels == 0) { /* the last one may go on behind the stretch, and would be the next one's first */
            break;
        }
        if (levels > out_max - done || !mr_levels_between(&l, s, data, levels, !l.end))
            break;
        if (!mr_levels_stretch(w, s, &v, &l, levels, out + done))
            return MR_E_AGAIN;
        done += levels;
        if (l.end) {
            *count = done;
            return w->pos + end;
        }
        w->pos += close[s->numbers * levels - 1] + (uint32_t)s->behind[s->numbers - 1].len - MR_LEVELS_BIAS;
    }
    return mr_levels_walk_on(w, s, out, out_max, done, count);
}

// NOLINTEND(clang-analyzer-core.CallAndMessage,clang-analyzer-core.UndefinedBinaryOperatorResult)

#endif
