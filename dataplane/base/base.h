/* The words every file uses: status codes, assertions, spans, error messages.
 *
 * Trouble comes in three kinds (see README.md beside this file):
 *   the world misbehaves  -> a negative enum mr_status and a counter, never a log line on a hot path
 *   the operator slipped  -> struct mr_err, one sentence that names the place and the way out
 *   we are wrong          -> MR_ASSERT, in every build
 *
 * Memory  nothing here owns any.   Thread  anything here may be used anywhere. */
#ifndef MR_BASE_BASE_H
#define MR_BASE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define mr_likely(x)   __builtin_expect(!!(x), 1)
#define mr_unlikely(x) __builtin_expect(!!(x), 0)
#define MR_COLD        __attribute__((cold, noinline))
#define MR_HOT         __attribute__((hot))
#define MR_INLINE      static inline __attribute__((always_inline))
#define MR_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define MR_LINE_BYTES  64
#define MR_ALIGNED     __attribute__((aligned(MR_LINE_BYTES)))
#define MR_COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Statuses. Functions that can fail return int: below zero one of these, else a result. */
#define MR_STATUSES(X)                                                                     \
    X(OK,          0,  "ok")                                                               \
    X(AGAIN,       1,  "nothing now, or not the usual shape: try the other way")           \
    X(MALFORMED,   2,  "bytes that break the format's grammar")                            \
    X(TRUNCATED,   3,  "bytes end inside a value")                                         \
    X(UNKNOWN,     4,  "a message kind this build does not know")                          \
    X(SYMBOL,      5,  "an instrument that is not in the table")                           \
    X(MISSING,     6,  "a field the message kind requires is not there")                   \
    X(TYPE,        7,  "a field holds the wrong type of value")                            \
    X(INEXACT,     8,  "more decimals than the instrument's scale holds")                  \
    X(OVERFLOW,    9,  "a number that does not fit its integer")                           \
    X(RANGE,       10, "a value outside its legal range")                                  \
    X(DEPTH,       11, "nested deeper than the limit")                                     \
    X(FULL,        12, "no room; nothing was written")                                     \
    X(EMPTY,       13, "nothing there")                                                    \
    X(GAP,         14, "messages are missing before this one")                             \
    X(STALE,       15, "the book is not live")                                             \
    X(LAPPED,      16, "the writer overtook this reader")                                  \
    X(CORRUPT,     17, "a checksum or an invariant does not hold")                         \
    X(MAGIC,       18, "not a file of this kind")                                          \
    X(VERSION,     19, "a version this build does not read")                               \
    X(LAYOUT,      20, "made by a build with another memory layout")                       \
    X(NOMEM,       21, "no memory")                                                        \
    X(IO,          22, "the operating system refused; see the message")                    \
    X(INVALID,     23, "an argument outside its contract")                                 \
    X(UNSUPPORTED, 24, "known, but not built into this program")                           \
    X(TOO_BIG,     25, "larger than the stated maximum")                                   \
    X(END,         26, "the source has no more")

enum mr_status {
#define MR_X(name, value, text) MR_E_##name = -(value),
    MR_STATUSES(MR_X)
#undef MR_X
        MR_OK = 0
};
#define MR_STATUS_COUNT 27

/* "MALFORMED", and one sentence. Any int is allowed; unknown ones give "?". */
const char *mr_status_name(int status);
const char *mr_status_text(int status);

/* Stops the process with file, line and condition on stderr. `mr_panic_hook`, when set, runs first
 * (the control plane writes its black box there). */
extern void (*mr_panic_hook)(const char *file, int line, const char *what);
MR_COLD _Noreturn void mr_panic(const char *file, int line, const char *what);

#define MR_ASSERT(cond)                                                                    \
    do {                                                                                   \
        if (mr_unlikely(!(cond)))                                                          \
            mr_panic(__FILE__, __LINE__, #cond);                                           \
    } while (0)
#ifdef MR_DEBUG
#define MR_DCHECK(cond) MR_ASSERT(cond)
#else
#define MR_DCHECK(cond) ((void)sizeof(cond))
#endif

/* Products of price and size are 128 bits wide (0-definitions). */
__extension__ typedef __int128 mr_i128;
__extension__ typedef unsigned __int128 mr_u128;

/* A piece of somebody else's bytes; valid as long as those are. */
struct mr_span {
    const uint8_t *data;
    uint32_t len;
};

MR_INLINE struct mr_span mr_span_of(const char *text)
{
    return (struct mr_span){(const uint8_t *)text, (uint32_t)strlen(text)};
}

MR_INLINE bool mr_span_is(struct mr_span s, const char *literal, size_t len)
{
    return s.len == len && memcmp(s.data, literal, len) == 0;
}
/* mr_span_eq(span, "literal"): the length is known when compiled. */
#define mr_span_eq(s, literal) mr_span_is((s), "" literal, sizeof(literal) - 1)

/* What the operator reads. One sentence: the place, what is wrong there, the way out. */
struct mr_err {
    char text[512];
};

/* Writes the sentence (cut at the end of the buffer, never past it) and returns `status`.
 * `err` may be NULL. */
int mr_err_set(struct mr_err *err, int status, const char *format, ...) MR_PRINTF(3, 4);

#endif
