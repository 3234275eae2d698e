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

MR_INLINE uint64_t mr_levels_eight_of(const void *at)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

/* Not 0 if the text does not stand there. 16 bytes must. */
MR_INLINE uint64_t mr_levels_differs(const uint8_t *at, const struct mr_levels_text *text)
{
    uint32_t n = text->len;
    if (n <= 4) {
        uint32_t is, wanted;
        memcpy(&is, at, sizeof is);
        memcpy(&wanted, text->bytes, sizeof wanted);
        return (is ^ wanted) << (32 - 8 * n);
    }
    uint64_t first = mr_levels_eight_of(at) ^ mr_levels_eight_of(text->bytes);
    return n <= 8 ? first << (64 - 8 * n)
                  : first | (mr_levels_eight_of(at + n - 8) ^ mr_levels_eight_of(text->bytes + n - 8));
}

/* The same near the end of the buffer: `room` bytes stand there. */
MR_INLINE uint64_t mr_levels_differs_last(const uint8_t *at, ptrdiff_t room, const struct mr_levels_text *text)
{
    if (mr_likely(room >= 16))
        return mr_levels_differs(at, text);
    return room < text->len || memcmp(at, text->bytes, text->len) != 0;
}

/* Not 0 if one of the form's texts does not stand behind its number of these levels. `last`: no level follows them, but
 * the array's end. `all`: 16 bytes stand behind each number. */
MR_INLINE uint64_t mr_levels_between(const struct mr_levels_vector *v, const struct mr_levels_spelling *s,
                                     const uint16_t *close, uint32_t levels, bool last, bool all)
{
    const uint8_t *end = v->data + v->len;
    uint64_t wrong = 0;
    for (uint32_t i = 0; i < levels; i++)
        for (uint32_t k = 0; k < s->numbers; k++) {
            const uint8_t *at = mr_levels_at(v->data, close[s->numbers * i + k], 0);
            const struct mr_levels_text *text = &s->behind[k];
            if (k + 1 == s->numbers && i + 1 == levels && last)
                text = &s->end;
            wrong |= all ? mr_levels_differs(at, text) : mr_levels_differs_last(at, end - at, text);
        }
    return wrong;
}

/* Do numbers fill all that is not taken by the form's texts? Then, where the texts stand, each number begins behind one. */
MR_INLINE bool mr_levels_filled(const struct mr_levels_lists *l, const struct mr_levels_spelling *s, uint32_t levels)
{
    uint32_t texts = 0, stop = l->close_from[32 + s->numbers * levels - 1] - (uint32_t)MR_LEVELS_BIAS;
    for (uint32_t k = 0; k < s->numbers; k++)
        texts += s->behind[k].len;
    uint32_t bytes = l->end ? l->bytes : l->bytes - mr_levels_bytes_from(l, stop);
    return bytes + texts * levels == stop + s->behind[s->numbers - 1].len;
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

/* The levels of one stretch, whose lists are made. MR_OK; MR_E_AGAIN a number is none; 1 the texts between are not as
 * usual, and nothing is said. */
MR_INLINE int mr_levels_stretch(const struct mr_levels_walk *w, const struct mr_levels_spelling *s,
                                struct mr_levels_vector *v, const struct mr_levels_lists *l, uint32_t levels,
                                struct mr_level *out)
{
    const uint16_t *from = l->close_from + 32, *points = l->point_from;
    uint32_t most = levels < MR_LEVELS_GROUP ? levels : MR_LEVELS_GROUP;
    v->data = w->data + w->pos;
    v->len = w->len - w->pos;
    for (uint32_t i = 0; i < levels; i += MR_LEVELS_GROUP) {
        /* the last group takes some levels of the one before it once more, rather than fewer than its vectors hold */
        uint32_t at = levels - i < most ? levels - most : i;
        const uint16_t *close = from + s->numbers * at, *point = points + s->numbers * at;
        bool last = at + most == levels && l->end, good;
        /* the texts first: where they stand, numbers begin inside the buffer */
        if (mr_likely(most == MR_LEVELS_GROUP &&
                      close[s->numbers * MR_LEVELS_GROUP - 1] + 16u - MR_LEVELS_BIAS <= v->len)) {
            if (mr_unlikely(mr_levels_between(v, s, close, MR_LEVELS_GROUP, last, true) != 0))
                return 1;
            good = mr_levels_group(v, s, close, point, MR_LEVELS_GROUP, true, out + at);
        } else {
            if (mr_unlikely(mr_levels_between(v, s, close, most, last, false) != 0))
                return 1;
            good = mr_levels_group(v, s, close, point, most, false, out + at);
        }
        if (mr_unlikely(!good) && !mr_levels_slowly(*w, s, w->pos, close, most, out + at))
            return MR_E_AGAIN;
    }
    return MR_OK;
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
        mr_levels_list(&l, s, data, w->len - w->pos, w->pos);
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
        if (levels > out_max - done || !mr_levels_filled(&l, s, levels))
            break;
        int said = mr_levels_stretch(w, s, &v, &l, levels, out + done);
        if (mr_unlikely(said == MR_E_AGAIN))
            return MR_E_AGAIN;
        if (mr_unlikely(said != MR_OK))
            break;
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
