/* One JSON message said otherwise: each of its fields doubled, moved, missing, of another type, beside strangers. For tests of decoders. */
#ifndef MR_TESTS_VENUE_SHAPESHIFT_H
#define MR_TESTS_VENUE_SHAPESHIFT_H

#include "dataplane/base/base.h"

/* A member of an object, or (no key) an element of a list. */
struct mr_place {
    uint32_t object;       /* where the object or list begins */
    uint32_t key, key_end; /* with its quotes; equal: an element */
    uint32_t value, value_end;
    uint32_t object_end; /* behind its bracket */
};
enum { MR_PLACES_MAX = 160, MR_ELEMENTS_MAX = 3 /* of each list: they are alike */ };
/* Places of a legal message; what is not JSON (a bare word) has none. */
uint32_t mr_places(const char *text, uint32_t len, struct mr_place places[MR_PLACES_MAX]);

/* clang-format off */
#define MR_SHIFTS(SHIFT)                                                       \
    SHIFT(TWICE,        "the same field twice")                                \
    SHIFT(TWICE_OTHER,  "the field twice, the second with another value")      \
    SHIFT(LAST,         "the field moved to the end of its object")            \
    SHIFT(STRANGER,     "an unknown field in front of it")                     \
    SHIFT(MISSING,      "the field is missing")                                \
    SHIFT(OBJECT,       "an object in place of the value")                     \
    SHIFT(LIST,         "a list in place of the value")                        \
    SHIFT(TRUTH,        "true in place of the value")                          \
    SHIFT(NOTHING,      "null in place of the value")                          \
    SHIFT(QUOTED,       "a number as a string")                                \
    SHIFT(BARE,         "a string as a number")                                \
    SHIFT(ESCAPED_NAME, "a letter of the name escaped")                        \
    SHIFT(ESCAPED_TEXT, "a letter of the value escaped")                       \
    SHIFT(BLANKS,       "blanks round name and value")                         \
    SHIFT(DEEP,         "an unknown field of 900 lists in one another")        \
    SHIFT(TOO_DEEP,     "an unknown field deeper than a text may be")          \
    SHIFT(LONG,         "an unknown field of 1 MB")
/* clang-format on */
enum mr_shift {
#define SHIFT(name, says) MR_SHIFT_##name,
    MR_SHIFTS(SHIFT)
#undef SHIFT
        MR_SHIFT_COUNT
};
extern const char *const mr_shift_says[MR_SHIFT_COUNT];

enum { MR_SHIFT_ROOM = 3 << 19 };
/* The message with that done at that place, into MR_SHIFT_ROOM octets. Its length; 0: it cannot be done there. */
uint32_t mr_shift(const char *text, uint32_t len, const struct mr_place *place, enum mr_shift shift, char *out);

#endif
