/* A strict JSON cursor: values on demand, in the order they stand, nothing allocated.
 *
 *     struct mr_json j;
 *     mr_json_open(&j, frame, len);
 *     struct mr_span key, px;
 *     if (mr_json_object(&j))
 *         while (mr_json_key(&j, &key)) {
 *             if (mr_span_eq(key, "p")) mr_json_text(&j, &px);
 *             else mr_json_skip(&j);
 *         }
 *     int status = mr_json_close(&j);      // MR_OK only if the whole text was one legal value
 *
 * Errors stick: after the first one every call returns false and moves nothing, so one check at the end is
 * enough. Everything is verified that is passed over, skipped values too: RFC 8259, UTF-8 (no surrogates,
 * no overlong), escapes, numbers, nesting up to MR_JSON_DEPTH, nothing after the value.
 *
 * Memory  the struct (on the caller's stack). Spans point into the text.
 * Bounds  never reads outside [data, data + len), at any alignment (tests: A6).
 * Errors  MR_E_MALFORMED  `at` is the first byte that no legal text could have there
 *         MR_E_TRUNCATED  legal so far, but the text ends too early; `at` is its length
 *         MR_E_DEPTH      `at` is the bracket that opens one level too many
 *         MR_E_TYPE       the value is legal but not what was asked for; `at` is where it begins
 *         MR_E_INVALID    calls in an order the text cannot have (a value is read where a key is due)
 *         and what mr_number_* say of a number's text; `at` is where the value begins
 * Cost    perf/codecs/json */
#ifndef MR_JSON_JSON_H
#define MR_JSON_JSON_H

#include "dataplane/base/base.h"
#include "dataplane/base/decimal.h"
#include "dataplane/base/kernel.h"

#define MR_JSON_DEPTH 1024

enum mr_json_type {
    MR_JSON_NONE,
    MR_JSON_OBJECT,
    MR_JSON_ARRAY,
    MR_JSON_STRING,
    MR_JSON_NUMBER,
    MR_JSON_TRUE,
    MR_JSON_FALSE,
    MR_JSON_NULL
};

struct mr_json_kernel; /* the SIMD routines in use */

struct mr_json {
    const uint8_t *data; /* start of the text          */
    uint32_t len;
    uint32_t pos;        /* next byte to look at       */
    int status;          /* MR_OK, or the first error  */
    uint32_t at;         /* ... and where it stands    */
    uint32_t depth;
    uint32_t start;      /* where the last key or value began */
    uint8_t expect;      /* private: what may come next */
    uint8_t after;       /* private: what may come when the next value has ended */
    bool escaped;        /* the last string or key holds a backslash: see mr_json_unescape */
    const struct mr_json_kernel *kernel;
    uint32_t block;      /* private: where the 64 bytes begin that the two masks below are about, one bit a byte */
    uint64_t special;    /* private: bytes of a string that need a look, and behind the end */
    uint64_t digits;     /* private: 0 to 9 */
    uint64_t nest[MR_JSON_DEPTH / 64]; /* one bit a level: object or array */
};

void mr_json_open(struct mr_json *j, const uint8_t *data, uint32_t len); /* with the active kernel */
void mr_json_open_kernel(struct mr_json *j, const uint8_t *data, uint32_t len, enum mr_kernel kernel);

/* What the next value is, without moving: after mr_json_key or mr_json_next said true, or at the start.
 * MR_JSON_NONE anywhere else, and after an error; a byte no value begins with is such an error. Only the
 * first byte is looked at: what it promises is verified when it is read. */
enum mr_json_type mr_json_peek(struct mr_json *j);

bool mr_json_object(struct mr_json *j);                    /* enter; false (MR_E_TYPE) if it is not one */
/* next key (raw bytes between the quotes); false at '}', which is consumed */
bool mr_json_key(struct mr_json *j, struct mr_span *key);
bool mr_json_array(struct mr_json *j);                     /* enter */
/* is there another element? false at ']', which is consumed */
bool mr_json_next(struct mr_json *j);
bool mr_json_string(struct mr_json *j, struct mr_span *text); /* raw bytes between the quotes */
bool mr_json_number(struct mr_json *j, struct mr_span *text); /* the number's text */
bool mr_json_text(struct mr_json *j, struct mr_span *text);   /* string or number, whichever stands there */
bool mr_json_bool(struct mr_json *j, bool *value);
/* consumes null and says true; else moves nothing, no error */
bool mr_json_null(struct mr_json *j);
bool mr_json_skip(struct mr_json *j);                      /* passes over one value of any kind, verifying it */
bool mr_json_raw(struct mr_json *j, struct mr_span *text); /* skips, and gives the value's bytes */

/* For readers that verify a value themselves (levels.h): the value that begins at the cursor, without blanks before it,
 * ends before `end`. Only where a value is due. */
MR_INLINE void mr_json_passed(struct mr_json *j, uint32_t end)
{
    MR_DCHECK(j->status == MR_OK && end > j->pos && end <= j->len);
    j->start = j->pos;
    j->pos = end;
    j->expect = j->after;
}

/* Values straight to numbers, from a number or a string holding one. */
bool mr_json_fixed(struct mr_json *j, int scale, int64_t *out);
bool mr_json_decimal(struct mr_json *j, struct mr_decimal *out);
bool mr_json_u64(struct mr_json *j, uint64_t *out);
bool mr_json_i64(struct mr_json *j, int64_t *out);

/* Marks the cursor as failed at the last key or value (a field out of range, say); returns false. An
 * earlier error stays. */
bool mr_json_fail(struct mr_json *j, int status);

/* Skips what is left of the text, verifying it, and returns the final status. */
int mr_json_close(struct mr_json *j);

/* Leaves the current container from anywhere in it: skips its remaining members and its closing bracket,
 * verifying. */
bool mr_json_leave(struct mr_json *j);

/* Plain bytes of a raw string with escapes. Length, or MR_E_FULL; MR_E_MALFORMED for escapes the cursor
 * would not have let pass. A lone surrogate escape (legal JSON, no character) becomes U+FFFD. Only needed
 * when `escaped`; the result is never longer than the raw text. */
int64_t mr_json_unescape(struct mr_span raw, uint8_t *out, uint32_t out_bytes);

/* true when a raw key (with or without escapes) is this name: "\u0065" is "e". Ask before reading on:
 * whether the key holds escapes is known from `j->escaped`. */
bool mr_json_key_is(const struct mr_json *j, struct mr_span key, const char *name);

/* Verdict on a whole text: MR_OK or the error; *at the position. */
int mr_json_check(const uint8_t *data, uint32_t len, uint32_t *at);

#endif
