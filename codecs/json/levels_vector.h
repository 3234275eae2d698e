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

MR_INLINE uint32_t mr_levels_four_bytes(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, 4);
    return v;
}

/* Are the bytes between the strings of `levels` levels `","` and `"],["`? Behind the last level only if another
 * follows. Every byte of the array is either checked here, or a digit or point of a number, or a bracket of its two
 * ends. */
MR_INLINE bool mr_levels_between(const uint8_t *data, const uint16_t *close, uint32_t levels, uint32_t strings,
                                 bool another)
{
    const uint32_t next_string = '"' | ',' << 8 | '"' << 16,
                   next_level = ']' | ',' << 8 | '[' << 16 | (uint32_t)'"' << 24;
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < levels - !another; i++)
        wrong |= mr_levels_four_bytes(mr_levels_at(data, close[strings * i + strings - 1], 1)) ^ next_level;
    for (uint32_t i = 0; i < levels; i++)
        for (uint32_t s = 0; s + 1 < strings; s++)
            wrong |= (mr_levels_four_bytes(mr_levels_at(data, close[strings * i + s], 0)) & 0xffffff) ^ next_string;
    return wrong == 0;
}

/* A group whose numbers the vectors do not take, one by one; the bytes between the levels are checked already. */
static MR_COLD bool mr_levels_slowly(struct mr_levels_walk w, uint32_t origin, const uint16_t *close, uint32_t strings,
                                     uint32_t levels, struct mr_level *out)
{
    for (uint32_t i = 0; i < levels; i++) {
        w.pos = origin + close[(int)(strings * i) - 1] + 3 - MR_LEVELS_BIAS;
        if (!mr_levels_one(&w, &out[i]))
            return false;
    }
    return true;
}

/* The levels of one stretch, whose lists are made and whose bytes between are checked. */
MR_INLINE bool mr_levels_stretch(const struct mr_levels_walk *w, struct mr_levels_vector *v,
                                 const struct mr_levels_lists *l, uint32_t strings, uint32_t levels,
                                 struct mr_level *out)
{
    const uint16_t *close = l->close_from + 32, *point = l->point_from;
    uint32_t origin = w->pos + 1;
    v->data = w->data + origin;
    v->len = w->len - origin;
    for (uint32_t i = 0; i < levels; i += MR_LEVELS_GROUP) {
        uint32_t left = levels - i, first = strings * i;
        bool good;
        /* the last vector to be read begins at the last string of the group */
        if (mr_likely(left >= MR_LEVELS_GROUP &&
                      close[first + strings * MR_LEVELS_GROUP - 2] + 3u + 16u - MR_LEVELS_BIAS <= v->len)) {
            left = MR_LEVELS_GROUP;
            good = mr_levels_group(v, close + first, point + first, strings, MR_LEVELS_GROUP, true, out + i);
        } else {
            left = left < MR_LEVELS_GROUP ? left : MR_LEVELS_GROUP;
            good = strings == 2 && mr_levels_group(v, close + first, point + first, 2, left, false, out + i);
        }
        if (mr_unlikely(!good) && !mr_levels_slowly(*w, origin, close + first, strings, left, out + i))
            return false;
    }
    return true;
}

MR_INLINE int64_t mr_levels_fast(struct mr_levels_walk *w, uint32_t strings, struct mr_level *out, uint32_t out_max,
                                 uint32_t *count)
{
    struct mr_levels_lists l;
    struct mr_levels_vector v;
    uint32_t done = 0;
    mr_levels_prepare(&v, w->scan);
    for (;;) {
        if (mr_unlikely(w->len - w->pos < 2 || w->data[w->pos] != '[' || w->data[w->pos + 1] != '"'))
            break;
        const uint8_t *data = w->data + w->pos + 1;
        mr_levels_list(&l, data, w->len - w->pos - 1);
        const uint16_t *close = l.close_from + 32;
        uint32_t levels = l.closes / strings;
        if (l.end) {
            if (l.inside || l.closes % strings || l.closes != l.points ||
                close[l.closes - 1] + 2u - MR_LEVELS_BIAS != l.end)
                break;
        } else if (levels-- < 2) { /* the last one may go on behind the stretch, and would be the next one's first */
            break;
        }
        if (levels == 0 || levels > out_max - done || !mr_levels_between(data, close, levels, strings, !l.end))
            break;
        if (!mr_levels_stretch(w, &v, &l, strings, levels, out + done))
            return MR_E_AGAIN;
        done += levels;
        if (l.end) {
            *count = done;
            return w->pos + 1 + l.end + 1;
        }
        w->pos += 1u + close[strings * levels - 1] - MR_LEVELS_BIAS + 3; /* behind `"],` */
    }
    return mr_levels_rest(w, out, out_max, done, count);
}

// NOLINTEND(clang-analyzer-core.CallAndMessage,clang-analyzer-core.UndefinedBinaryOperatorResult)

#endif
