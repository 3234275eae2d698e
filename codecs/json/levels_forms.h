/* How each form is spelt. The numbers of a level stand between fixed texts, so a form is those texts: all readers of
 * levels, the plain walk and the vectors, are one code with this table for an argument. */
#ifndef MR_JSON_LEVELS_FORMS_H
#define MR_JSON_LEVELS_FORMS_H

#include "codecs/json/levels.h"

/* Nearly always true. mr_likely() means nine in ten: of a loop with several such branches the compiler thinks that it is hardly ever gone
 * through to its end, and builds it small in place of fast. */
#define mr_levels_usual(x) __builtin_expect_with_probability(!!(x), 1, 0.998)
#define mr_levels_unusual(x) __builtin_expect_with_probability(!!(x), 0, 0.998)

#define MR_LEVELS_TEXT_MAX 15
struct mr_levels_text {
    char bytes[MR_LEVELS_TEXT_MAX];
    uint8_t len;
};

#define MR_LEVELS_NUMBERS_MAX 4
struct mr_levels_spelling {
    struct mr_levels_text open; /* in front of the first number of the array */
    /* Behind each number of a level. Behind its last one: what stands there if another level follows. */
    struct mr_levels_text behind[MR_LEVELS_NUMBERS_MAX];
    struct mr_levels_text end; /* behind the last number of the array, to its closing bracket, which is the last byte */
    uint8_t numbers;           /* of a level: price, size, then counts that nobody reads */
    uint8_t quoted;            /* one bit a number: it is a string */
    char closes;               /* the byte that closes a level */
};

/* Bytes of the texts in a level; no loop, because gcc thinks that one of a known count behind another never ends, and builds all that is
 * behind it for size. */
MR_INLINE uint32_t mr_levels_texts(const struct mr_levels_spelling *s)
{
    static_assert(MR_LEVELS_NUMBERS_MAX == 4, "all of them; empty where a form has fewer numbers");
    return (uint32_t)s->behind[0].len + s->behind[1].len + s->behind[2].len + s->behind[3].len;
}

/* No digits or points in them: then numbers are found without looking at the rest. */
#define MR_LEVELS_TEXT(text)                                                                                           \
    {                                                                                                                  \
        text, sizeof(text) - 1                                                                                         \
    }
/* clang-format off */
#define MR_LEVELS_ROW(open, close, comma, numbers, quoted, closes, ...)                                                \
    {MR_LEVELS_TEXT(open), {__VA_ARGS__, MR_LEVELS_TEXT(close comma open)}, MR_LEVELS_TEXT(close "]"), numbers, quoted, closes}
#define BEHIND(text) MR_LEVELS_TEXT(text)

static const struct mr_levels_spelling mr_levels_spellings[MR_LEVELS_FORMS] = {
    /*                                  opens          closes   between  numbers, which are strings, ends with */
    [MR_LEVELS_PAIR]   = MR_LEVELS_ROW("[\"",          "\"]",   ",",     2, 3,  ']', BEHIND("\",\"")),
    [MR_LEVELS_QUAD]   = MR_LEVELS_ROW("[\"",          "\"]",   ",",     4, 15, ']', BEHIND("\",\""), BEHIND("\",\""), BEHIND("\",\"")),
    [MR_LEVELS_OBJECT] = MR_LEVELS_ROW("{\"px\":\"",   "}",     ",",     3, 3,  '}', BEHIND("\",\"sz\":\""), BEHIND("\",\"n\":")),
    [MR_LEVELS_NAMED]  = MR_LEVELS_ROW("{\"price\":\"", "\"}",  ",",     2, 3,  '}', BEHIND("\",\"size\":\"")),
    [MR_LEVELS_BARE]   = MR_LEVELS_ROW("[",            "]",     ",",     3, 0,  ']', BEHIND(","), BEHIND(",")),
    [MR_LEVELS_MIXED]  = MR_LEVELS_ROW("[\"",          "]",     ",",     2, 1,  ']', BEHIND("\",")),
    [MR_LEVELS_DUO]    = MR_LEVELS_ROW("[",            "]",     ",",     2, 0,  ']', BEHIND(",")),
    [MR_LEVELS_SPACED] = MR_LEVELS_ROW("{\"price\":\"", "\"}",  ", ",    2, 3,  '}', BEHIND("\", \"size\":\"")),
};
/* clang-format on */
#undef BEHIND
#undef MR_LEVELS_ROW

#endif
