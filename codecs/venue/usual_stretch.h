/* Usual forms: stretches of a message that are as long each time, compared as a whole.
 *
 * Between two numbers whose lengths vary a message is the same text again and again, with times and ids in it that have as many digits
 * as ever. One comparison of such a stretch, sixteen bytes at a time, takes the place of one for each member, and leaves one branch. */
#ifndef MR_VENUE_USUAL_STRETCH_H
#define MR_VENUE_USUAL_STRETCH_H

#include "codecs/venue/usual_small.h"

/* In a pattern stand the texts themselves, and for what varies:
 *     #  a digit
 *     @  a digit from 1 to 8: with twelve # behind it a time in ms which fits as ns
 *     *  a byte that may stand inside a string: plain ASCII from '#' on, but for the backslash
 * These three are in no venue's own texts. */
#define MR_STRETCH_TIME "@############"

#if USUAL_VECTOR
/* Not zero where a byte is not as the pattern has it. What is made of the pattern is constant. */
MR_INLINE __m128i stretch_differs(const uint8_t *p, const char *pattern)
{
    const __m128i is = _mm_loadu_si128((const __m128i *)(const void *)pattern);
    const __m128i digit = _mm_cmpeq_epi8(is, _mm_set1_epi8('#')), lead = _mm_cmpeq_epi8(is, _mm_set1_epi8('@')),
                  any = _mm_cmpeq_epi8(is, _mm_set1_epi8('*'));
    const __m128i least = (is & ~(digit | lead | any)) | (digit & _mm_set1_epi8('0')) | (lead & _mm_set1_epi8('1')) |
                          (any & _mm_set1_epi8('#'));
    const __m128i above = (digit & _mm_set1_epi8(9)) | (lead & _mm_set1_epi8(7)) | (any & _mm_set1_epi8(0x7f - '#'));
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i differs = _mm_subs_epu8(_mm_sub_epi8(v, least), above); /* zero from `least` to as many above it */
    if ((_mm_cvtsi128_si64(any) | _mm_extract_epi64(any, 1)) != 0)
        differs |= _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    return differs;
}

MR_INLINE bool stretch_at(const uint8_t *p, const char *pattern, size_t len)
{
    __m128i differs = stretch_differs(p + len - 16, pattern + len - 16);
    for (size_t at = 0; at + 16 < len; at += 16)
        differs |= stretch_differs(p + at, pattern + at);
    return _mm_testz_si128(differs, differs);
}
#else
MR_INLINE bool stretch_at(const uint8_t *p, const char *pattern, size_t len)
{
    bool differs = false;
    for (size_t i = 0; i < len; i++) {
        uint8_t above = pattern[i] == '#' ? 9 : pattern[i] == '@' ? 7 : pattern[i] == '*' ? 0x7f - '#' : 0;
        uint8_t least = pattern[i] == '#'   ? '0'
                        : pattern[i] == '@' ? '1'
                        : pattern[i] == '*' ? '#'
                                            : (uint8_t)pattern[i];
        differs |= (uint8_t)(p[i] - least) > above || (pattern[i] == '*' && p[i] == '\\');
    }
    return !differs;
}
#endif

/* Is that (a literal of 16 bytes or more) next? Moves behind it if so. */
MR_INLINE bool stretch(struct scan *s, const char *pattern, size_t len)
{
    if (unusual((size_t)(s->end - s->p) < len) || unusual(!stretch_at(s->p, pattern, len)))
        return false;
    s->p += len;
    return true;
}
#define STRETCH(s, pattern)                                                                                            \
    __extension__({                                                                                                    \
        static_assert(sizeof(pattern) > 16, "shorter: THEN()");                                                        \
        stretch((s), pattern, sizeof(pattern) - 1);                                                                    \
    })

/* The time that a stretch had MR_STRETCH_TIME for, `behind` bytes before s->p, in ms. */
MR_INLINE uint64_t stretch_ms(const struct scan *s, uint32_t behind)
{
    const uint8_t *p = s->p - behind;
#if USUAL_VECTOR
    const __m128i there = _mm_setr_epi8(0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p - 3));
    return mr_fixed_sum(_mm_and_si128(_mm_sub_epi8(v, _mm_set1_epi8('0')), there));
#else
    uint64_t ms = 0;
    for (uint32_t i = 0; i < TIME_NOW; i++)
        ms = ms * 10 + p[i] - '0';
    return ms;
#endif
}
MR_INLINE int64_t stretch_ns(const struct scan *s, uint32_t behind)
{
    return (int64_t)(stretch_ms(s, behind) * MR_NS_PER_MS);
}

/* One of up to eight texts of 16 to 31 bytes, told apart by three bits of the byte that stands at `place` in each: their row is that of
 * these bits, and what no text has says another's again. */
struct usual_choice {
    uint32_t place;
    struct {
        char text[31];
        uint8_t len;
    } row[8];
};
#define MR_CHOICE(text)                                                                                                \
    {                                                                                                                  \
        text, sizeof(text) - 1                                                                                         \
    }

/* Nothing branches on which of them it is: `row` says it. */
MR_INLINE bool choice(struct scan *s, const struct usual_choice *of, uint32_t *row)
{
    const uint8_t *p = s->p;
    if (unusual(s->end - p < (ptrdiff_t)sizeof of->row[0].text))
        return false;
    const size_t at = p[of->place] & 7;
    const char *text = of->row[at].text;
    const size_t len = of->row[at].len;
#if USUAL_VECTOR
    __m128i differs =
        _mm_loadu_si128((const __m128i *)(const void *)text) ^ _mm_loadu_si128((const __m128i *)(const void *)p);
    differs |= _mm_loadu_si128((const __m128i *)(const void *)(text + len - 16)) ^
               _mm_loadu_si128((const __m128i *)(const void *)(p + len - 16));
    bool is = _mm_testz_si128(differs, differs);
#else
    bool is = memcmp(p, text, len) == 0;
#endif
    if (unusual(!is))
        return false;
    *row = (uint32_t)at;
    s->p += len;
    return true;
}

#endif
