/* The texts between the numbers of four levels, all at once: where 128 bytes hold the four, one permutation of them brings the bytes that
 * must be texts together, and one comparison judges them.
 *
 * A row says of each byte of these texts: behind which number of the group it stands, how far behind that number's end, and what it is. Forms
 * whose texts are longer than 64 bytes in four levels have no row. */
#ifndef MR_JSON_LEVELS_WINDOW_H
#define MR_JSON_LEVELS_WINDOW_H

#include "codecs/json/levels_forms.h"

#define MR_LEVELS_WINDOW 128
#define MR_LEVELS_WINDOW_LEVEL 30 /* bytes of a level on the average, so that nearly every window holds four */
#define MR_LEVELS_WINDOW_TEXTS 64

struct mr_levels_window {
    MR_ALIGNED uint8_t number
        [MR_LEVELS_WINDOW_TEXTS]; /* twice its place in the group: that of the lower byte in a list of 16-bit numbers */
    uint8_t ahead[MR_LEVELS_WINDOW_TEXTS];
    char text[MR_LEVELS_WINDOW_TEXTS];
};

/* clang-format off */
#define FOUR(level) {level(0), level(1), level(2), level(3)}
#define TEXTS(text) text text text text
/* bytes of a text behind number n of level i, where a level has so many */
#define OF1(n) 2 * (n)
#define OF2(n) OF1(n), OF1(n)
#define OF3(n) OF2(n), OF1(n)
#define OF5(n) OF3(n), OF2(n)
#define PAIR_OF(i)     OF3(2 * (i)), OF5(2 * (i) + 1)
#define PAIR_AHEAD(i)  0, 1, 2, 0, 1, 2, 3, 4
#define QUAD_OF(i)     OF3(4 * (i)), OF3(4 * (i) + 1), OF3(4 * (i) + 2), OF5(4 * (i) + 3)
#define QUAD_AHEAD(i)  0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 4
#define BARE_OF(i)     OF1(3 * (i)), OF1(3 * (i) + 1), OF3(3 * (i) + 2)
#define BARE_AHEAD(i)  0, 0, 0, 1, 2
#define MIXED_OF(i)    OF2(2 * (i)), OF3(2 * (i) + 1)
#define MIXED_AHEAD(i) 0, 1, 0, 1, 2
#define DUO_OF(i)      OF1(2 * (i)), OF3(2 * (i) + 1)
#define DUO_AHEAD(i)   0, 0, 1, 2

static const struct mr_levels_window mr_levels_windows[MR_LEVELS_FORMS] = {
    [MR_LEVELS_PAIR]  = {FOUR(PAIR_OF),  FOUR(PAIR_AHEAD),  TEXTS("\",\"" "\"],[\"")},
    [MR_LEVELS_QUAD]  = {FOUR(QUAD_OF),  FOUR(QUAD_AHEAD),  TEXTS("\",\"" "\",\"" "\",\"" "\"],[\"")},
    [MR_LEVELS_BARE]  = {FOUR(BARE_OF),  FOUR(BARE_AHEAD),  TEXTS("," "," "],[")},
    [MR_LEVELS_MIXED] = {FOUR(MIXED_OF), FOUR(MIXED_AHEAD), TEXTS("\"," "],[\"")},
    [MR_LEVELS_DUO]   = {FOUR(DUO_OF),   FOUR(DUO_AHEAD),   TEXTS("," "],[")},
};
/* clang-format on */
#undef FOUR
#undef TEXTS
#undef OF1
#undef OF2
#undef OF3
#undef OF5
#undef PAIR_OF
#undef PAIR_AHEAD
#undef QUAD_OF
#undef QUAD_AHEAD
#undef BARE_OF
#undef BARE_AHEAD
#undef MIXED_OF
#undef MIXED_AHEAD
#undef DUO_OF
#undef DUO_AHEAD

/* Which bytes of the texts are judged: of the array's last level, without the two brackets that ended the array. */
MR_INLINE uint64_t mr_levels_texts_mask(const struct mr_levels_spelling *s, bool last)
{
    uint32_t bytes = 4 * mr_levels_texts(s), brackets = 2;
    bytes -= last ? s->behind[s->numbers - 1].len - (s->end.len - brackets) : 0;
    return bytes == 64 ? UINT64_MAX : (UINT64_C(1) << bytes) - 1;
}

#endif
