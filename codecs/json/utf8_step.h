/* UTF-8 at a vector's speed, for kernels that have vectors: this one's and those of codecs/ws.
 *
 * Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte" (2021): three lookups, by the high and
 * the low half of a byte and the high half of the next, name the ways in which the two can be wrong together; what
 * all three name is wrong. Which bytes must be the third or fourth of a sequence is seen from those before. */
#ifndef MR_JSON_UTF8_STEP_H
#define MR_JSON_UTF8_STEP_H

#include "dataplane/base/base.h"

#include <immintrin.h>

enum {
    TOO_SHORT = 1 << 0,      /* a lead without its tail  */
    TOO_LONG = 1 << 1,       /* a tail behind ASCII      */
    OVERLONG_3 = 1 << 2,     /* e0 80..9f                */
    TOO_LARGE = 1 << 3,      /* f4 90..bf, f5.. and up   */
    SURROGATE = 1 << 4,      /* ed a0..bf                */
    OVERLONG_2 = 1 << 5,     /* c0, c1                   */
    TOO_LARGE_1000 = 1 << 6, /* f5.. 80..8f              */
    OVERLONG_4 = 1 << 6,     /* f0 80..8f                */
    TWO_TAILS = 1 << 7,      /* wrong but in three, four */
    ANY_LOW = TOO_SHORT | TOO_LONG | TWO_TAILS,
    LARGE = ANY_LOW | TOO_LARGE | TOO_LARGE_1000,
    TAIL = TOO_LONG | OVERLONG_2 | TWO_TAILS,
};

/* clang-format off */
static const uint8_t utf8_high[16] = { /* 0.. to 7.., 8.. to b.., c.. d.. e.. f.. */
    TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
    TWO_TAILS, TWO_TAILS, TWO_TAILS, TWO_TAILS,
    TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE,
    TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4,
};
static const uint8_t utf8_low[16] = { /* .0 to .f */
    ANY_LOW | OVERLONG_3 | OVERLONG_2 | OVERLONG_4, ANY_LOW | OVERLONG_2, ANY_LOW, ANY_LOW, ANY_LOW | TOO_LARGE,
    LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE | SURROGATE, LARGE, LARGE,
};
static const uint8_t utf8_next[16] = { /* of the byte behind: 0.. to 7.., 8.. 9.. a.. b.., c.. to f.. */
    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
    TAIL | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4, TAIL | OVERLONG_3 | TOO_LARGE, TAIL | SURROGATE | TOO_LARGE,
    TAIL | SURROGATE | TOO_LARGE, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
};
/* clang-format on */

MR_INLINE __m128i utf8_load(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)(const void *)p); }

MR_INLINE __m128i utf8_halves_up(__m128i x) { return _mm_and_si128(_mm_srli_epi16(x, 4), _mm_set1_epi8(0x0f)); }

/* Not zero where a byte of p[0..16) is wrong, given the three before. */
MR_INLINE __m128i utf8_step(const uint8_t *p)
{
    __m128i x = utf8_load(p), before = utf8_load(p - 1);
    __m128i wrong = _mm_and_si128(_mm_shuffle_epi8(utf8_load(utf8_high), utf8_halves_up(before)),
                                  _mm_shuffle_epi8(utf8_load(utf8_low), _mm_and_si128(before, _mm_set1_epi8(0x0f))));
    wrong = _mm_and_si128(wrong, _mm_shuffle_epi8(utf8_load(utf8_next), utf8_halves_up(x)));
    /* the top bit stays where two before is e0.. or three before f0.. : there two tails in a row are right */
    __m128i third = _mm_subs_epu8(utf8_load(p - 2), _mm_set1_epi8(0xe0 - 0x80));
    __m128i fourth = _mm_subs_epu8(utf8_load(p - 3), _mm_set1_epi8((char)(0xf0 - 0x80)));
    __m128i must = _mm_and_si128(_mm_or_si128(third, fourth), _mm_set1_epi8((char)0x80));
    return _mm_xor_si128(must, wrong);
}

#endif
