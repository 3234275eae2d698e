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
    if (mr_levels_usual(room >= 16))
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
    uint32_t stop = l->close_from[32 + s->numbers * levels - 1] - (uint32_t)MR_LEVELS_BIAS;
    uint32_t bytes = l->end ? l->bytes : l->bytes - mr_levels_bytes_from(l, stop);
    return bytes + mr_levels_texts(s) * levels == stop + s->behind[s->numbers - 1].len;
}

/* Out of line, and rare, but not MR_COLD: gcc takes a loop for cold, and builds it for size, when it meets a cold call in it. */
#define MR_LEVELS_APART __attribute__((noinline))

/* One for all forms. */
static MR_LEVELS_APART int64_t mr_levels_walk_on(struct mr_levels_walk *w, const struct mr_levels_spelling *s,
                                                 struct mr_level *out, uint32_t out_max, uint32_t done, uint32_t *count)
{
    return mr_levels_rest(w, s, out, out_max, done, count);
}

/* A group whose numbers the vectors do not take, one by one; the bytes between the levels are checked already. */
static MR_LEVELS_APART bool mr_levels_slowly(struct mr_levels_walk w, const struct mr_levels_spelling *s,
                                             uint32_t origin, const uint16_t *close, uint32_t levels,
                                             struct mr_level *out)
{
    for (uint32_t i = 0; i < levels; i++) {
        w.pos = origin + close[(int)(s->numbers * i) - 1] + s->behind[s->numbers - 1].len - MR_LEVELS_BIAS;
        if (!mr_levels_one(&w, s, &out[i]) || w.pos != origin + close[s->numbers * i + s->numbers - 1] - MR_LEVELS_BIAS)
            return false; /* or a count went on behind its digits */
    }
    return true;
}

/* `levels` (a group, or all where there are fewer) whose first number closes at close[0]. MR_OK; MR_E_AGAIN a number is none; 1 the texts
 * between are not as usual, and nothing is said. `last`: the array's last is among them. */
MR_INLINE int mr_levels_some(const struct mr_levels_walk *w, const struct mr_levels_spelling *s,
                             const struct mr_levels_vector *v, const uint16_t *close, const uint16_t *point,
                             uint32_t levels, bool last, struct mr_level *out)
{
    bool good;
    /* the texts first: where they stand, numbers begin inside the buffer */
    if (mr_levels_usual(levels == MR_LEVELS_GROUP &&
                        close[s->numbers * MR_LEVELS_GROUP - 1] + 16u - MR_LEVELS_BIAS <= v->len)) {
        if (mr_levels_unusual(mr_levels_between(v, s, close, MR_LEVELS_GROUP, last, true) != 0))
            return 1;
        good = mr_levels_group(v, s, close, point, MR_LEVELS_GROUP, true, out);
    } else {
        if (mr_levels_unusual(mr_levels_between(v, s, close, levels, last, false) != 0))
            return 1;
        good = mr_levels_group(v, s, close, point, levels, false, out);
    }
    return mr_levels_usual(good) || mr_levels_slowly(*w, s, w->pos, close, levels, out) ? MR_OK : MR_E_AGAIN;
}

#if defined(MR_KERNEL_avx512)
/* Out of line: one for all groups of a form that their windows do not hold. */
static MR_LEVELS_APART int mr_levels_wide(const struct mr_levels_walk *w, const struct mr_levels_spelling *s,
                                          const struct mr_levels_vector *v, const uint16_t *close,
                                          const uint16_t *point, bool last, struct mr_level *out)
{
    return mr_levels_some(w, s, v, close, point, MR_LEVELS_GROUP, last, out);
}

/* A group or more in a buffer of a window or more: as mr_levels_stretch. */
MR_INLINE int mr_levels_through_windows(const struct mr_levels_walk *w, const struct mr_levels_spelling *s,
                                        const struct mr_levels_vector *v, const uint16_t *closes,
                                        const uint16_t *points, uint32_t levels, bool ends, struct mr_level *out)
{
    const struct mr_levels_constants c = mr_levels_constants_of(s);
    for (uint32_t i = 0;;
         i = i + MR_LEVELS_GROUP < levels - MR_LEVELS_GROUP ? i + MR_LEVELS_GROUP : levels - MR_LEVELS_GROUP) {
        const uint16_t *close = closes + s->numbers * i, *point = points + s->numbers * i;
        const bool last = i + MR_LEVELS_GROUP == levels;
        struct mr_levels_view view;
        int said;
        if (mr_levels_usual(mr_levels_see(v, s, close, &view))) {
            said = mr_levels_group_seen(v, s, &c, &view, close, point, last & ends, out + i);
            if (mr_levels_unusual(said == MR_E_AGAIN) &&
                mr_levels_slowly(*w, s, w->pos, close, MR_LEVELS_GROUP, out + i))
                said = MR_OK;
        } else {
            said = mr_levels_wide(w, s, v, close, point, last & ends, out + i);
        }
        if (mr_levels_unusual(said != MR_OK) || last)
            return said;
    }
}

/* Out of line, one for each form: the compiler takes the loop for a rare one wherever it is inlined, and makes its constants anew each time
 * around. */
typedef int mr_levels_windows_fn(const struct mr_levels_walk *w, const struct mr_levels_vector *v,
                                 const uint16_t *closes, const uint16_t *points, uint32_t levels, bool ends,
                                 struct mr_level *out);
#define MR_LEVELS_THROUGH(form)                                                                                        \
    static MR_HOT __attribute__((noinline)) int mr_levels_through_##form(                                              \
        const struct mr_levels_walk *w, const struct mr_levels_vector *v, const uint16_t *closes,                      \
        const uint16_t *points, uint32_t levels, bool ends, struct mr_level *out)                                      \
    {                                                                                                                  \
        return mr_levels_through_windows(w, &mr_levels_spellings[MR_LEVELS_##form], v, closes, points, levels, ends,   \
                                         out);                                                                         \
    }
MR_LEVELS_THROUGH(PAIR)
MR_LEVELS_THROUGH(QUAD)
MR_LEVELS_THROUGH(BARE)
MR_LEVELS_THROUGH(MIXED)
MR_LEVELS_THROUGH(DUO)
static mr_levels_windows_fn *const mr_levels_through[MR_LEVELS_FORMS] = {
    [MR_LEVELS_PAIR] = mr_levels_through_PAIR, [MR_LEVELS_QUAD] = mr_levels_through_QUAD,
    [MR_LEVELS_BARE] = mr_levels_through_BARE, [MR_LEVELS_MIXED] = mr_levels_through_MIXED,
    [MR_LEVELS_DUO] = mr_levels_through_DUO,
};
#endif

/* The levels of one stretch, whose lists are made. The result is that of mr_levels_some. */
MR_INLINE int mr_levels_stretch(const struct mr_levels_walk *w, const struct mr_levels_spelling *s,
                                struct mr_levels_vector *v, const struct mr_levels_lists *l, uint32_t levels,
                                struct mr_level *out)
{
    const uint16_t *closes = l->close_from + 32, *points = l->point_from;
    uint32_t most = levels < MR_LEVELS_GROUP ? levels : MR_LEVELS_GROUP;
    v->data = w->data + w->pos;
    v->len = w->len - w->pos;
#if defined(MR_KERNEL_avx512)
    /* all of them or none: whether one group's window holds it nobody can foresee where they are nearly as long as it */
    if (mr_levels_windowed(s) && mr_levels_usual(levels >= MR_LEVELS_GROUP && w->len >= MR_LEVELS_WINDOW) &&
        closes[s->numbers * levels - 1] <= levels * MR_LEVELS_WINDOW_LEVEL)
        return mr_levels_through[s - mr_levels_spellings](w, v, closes, points, levels, l->end, out);
#endif
    for (uint32_t i = 0; i < levels; i += MR_LEVELS_GROUP) {
        /* the last group takes some levels of the one before it once more, rather than fewer than its vectors hold */
        uint32_t at = levels - i < most ? levels - most : i;
        int said = mr_levels_some(w, s, v, closes + s->numbers * at, points + s->numbers * at, most,
                                  at + most == levels && l->end, out + at);
        if (mr_levels_unusual(said != MR_OK))
            return said;
    }
    return MR_OK;
}

/* Do the lists tell of an array of whole levels, to its closing bracket? */
MR_INLINE bool mr_levels_ends(const struct mr_levels_lists *l, const struct mr_levels_spelling *s)
{
    return !l->inside && l->closes % s->numbers == 0 && l->closes == l->points &&
           l->close_from[32 + l->closes - 1] + (uint32_t)s->end.len - MR_LEVELS_BIAS == l->end + 1;
}

MR_INLINE bool mr_levels_judge(const struct mr_levels_lists *l, const struct mr_levels_spelling *s, uint32_t levels)
{
    return !mr_levels_judged(s) || (!l->odd && mr_levels_filled(l, s, levels));
}

/* Two arrays with a text between, each of them whole in one stretch. The lists of both come first: what was stored of one is in the cache
 * when its levels are read, which take what several stores left. MR_E_AGAIN: one of them is not as usual. */
MR_INLINE int64_t mr_levels_sides(struct mr_levels_walk *w, const struct mr_levels_spelling *s,
                                  const struct mr_levels_book *book, struct mr_level *out, uint32_t out_max,
                                  uint32_t count[2])
{
    struct mr_levels_lists l[2];
    struct mr_levels_vector v;
    struct mr_levels_walk at[2];
    uint32_t n[2];
    mr_levels_prepare(&v, s, w->scan);
    for (uint32_t k = 0; k < 2; k++) {
        int opened = mr_levels_enter(w, s);
        if (mr_levels_unusual(opened < 0))
            return MR_E_AGAIN;
        n[k] = 0;
        at[k] = *w;
        if (opened == MR_OK) {
            mr_levels_list(&l[k], s, w->data + w->pos, w->len - w->pos, w->pos);
            n[k] = l[k].closes / s->numbers;
            if (mr_levels_unusual(!l[k].end || n[k] == 0 || !mr_levels_ends(&l[k], s) ||
                                  !mr_levels_judge(&l[k], s, n[k])))
                return MR_E_AGAIN;
            w->pos += l[k].end + 1;
        }
        if (k == 0) {
            if (mr_levels_unusual(w->len - w->pos < book->between_len ||
                                  memcmp(w->data + w->pos, book->between, book->between_len) != 0))
                return MR_E_AGAIN;
            w->pos += book->between_len;
        }
    }
    if (mr_levels_unusual(n[0] + n[1] > out_max))
        return MR_E_AGAIN;
    for (uint32_t k = 0; k < 2; k++) {
        struct mr_level *to = out + (k == book->second_in_front ? 0 : n[!k]);
        if (n[k] && mr_levels_unusual(mr_levels_stretch(&at[k], s, &v, &l[k], n[k], to) != MR_OK))
            return MR_E_AGAIN;
        count[k] = n[k];
    }
    return w->pos;
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
        if (levels == 0 || (l.end && !mr_levels_ends(&l, s)))
            break;
        if (!l.end && --levels == 0) /* the last one may go on behind the stretch, and would be the next one's first */
            break;
        if (levels > out_max - done || !mr_levels_judge(&l, s, levels))
            break;
        int said = mr_levels_stretch(w, s, &v, &l, levels, out + done);
        if (mr_levels_unusual(said == MR_E_AGAIN))
            return MR_E_AGAIN;
        if (mr_levels_unusual(said != MR_OK))
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
