/* Text to an integer at a scale, inlined into whatever kernel includes it. The file that does is compiled once a kernel
 * (-DMR_KERNEL=avx2 -DMR_KERNEL_avx2), and so is what this chooses.
 *
 * The vector ways take texts of up to 16 bytes without sign or exponent, and whatever they do not take, for whatever
 * reason, goes to the digit loop and from there to mr_number_fixed_any, which knows the whole grammar: so all kernels
 * agree. */
#ifndef MR_NUMBER_FIXED_KERNEL_H
#define MR_NUMBER_FIXED_KERNEL_H

#include "codecs/number/number_priv.h"

/* A digit at a time: the scalar kernel, and the others' way for what their vectors do not take. */
MR_INLINE int mr_fixed_loop(const uint8_t *text, uint32_t len, int scale, int64_t *out)
{
    const uint8_t *p = text, *end = text + len;
    uint64_t value = 0;
    uint32_t digit, part_len = 0;
    if (mr_unlikely(len > 18)) /* 18 digits fit whatever they are */
        return mr_number_fixed_any(text, len, scale, out);
    for (; p < end && (digit = *p - (uint32_t)'0') < 10; p++)
        value = value * 10 + digit;
    uint32_t whole_len = (uint32_t)(p - text);
    if (p < end && *p == '.') {
        for (p++; p < end && (digit = *p - (uint32_t)'0') < 10; p++)
            value = value * 10 + digit;
        part_len = (uint32_t)(p - text) - whole_len - 1;
        if (part_len == 0)
            return MR_E_MALFORMED; /* "5." is not a number */
    }
    bool usual = p == end && whole_len && (whole_len == 1 || *text != '0') && part_len <= (uint32_t)scale;
    int64_t fixed;
    if (mr_unlikely(!usual || __builtin_mul_overflow((int64_t)value, mr_pow10[(uint32_t)scale - part_len], &fixed)))
        return mr_number_fixed_any(text, len, scale, out);
    *out = fixed;
    return MR_OK;
}

#if defined(MR_KERNEL_sse42) || defined(MR_KERNEL_avx2) || defined(MR_KERNEL_avx512)
#include <immintrin.h>

#define MR_FIXED_VECTOR 1

/* 16 digit values, the first the most significant, to their integer. */
MR_INLINE uint64_t mr_fixed_sum(__m128i digits)
{
    __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010a)); /* x 10, x 1: eight of 0..99 */
    __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00010064)); /* x 100, x 1: four of 0..9999 */
    __m128i packed = _mm_packus_epi32(fours, fours);
    __m128i eights = _mm_madd_epi16(packed, _mm_set1_epi32(0x00012710)); /* x 10000, x 1: two of 8 digits */
    uint64_t both = (uint64_t)_mm_cvtsi128_si64(eights);
    return (both & 0xffffffff) * 100000000 + (both >> 32);
}

MR_INLINE bool mr_fixed_all_digits(__m128i digits)
{
#if defined(MR_KERNEL_avx512)
    return _mm_cmpgt_epu8_mask(digits, _mm_set1_epi8(9)) == 0;
#else
    return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits)) == 0xffff;
#endif
}

/* Where each of 16 right-aligned digits stands in its text: a row begins at the text's end. Below zero (in front of the
 * text) the high bit is set, which makes the shuffled byte zero. */
static const int8_t mr_fixed_places[33] = {-16, -15, -14, -13, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0,
                                           1,   2,   3,   4,   5,   6,   7,   8,  9,  10, 11, 12, 13, 14, 15, 16};

/* Added to it: digits in front of the point stand one further left. A row begins at the number of digits behind it. */
static const int8_t mr_fixed_over_point[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};

MR_INLINE __m128i mr_fixed_place(uint32_t end, uint32_t part)
{
    __m128i places = _mm_loadu_si128((const __m128i *)(const void *)(mr_fixed_places + end));
    return _mm_add_epi8(places, _mm_loadu_si128((const __m128i *)(const void *)(mr_fixed_over_point + part)));
}

/* A text of 1..16 bytes, first byte first, zeros behind it. false: not for this way. No branch depends on the
 * text's length or the point's place: the digits are moved to the right end of the vector, over the point, and the
 * decimals that the text does not have come in by one multiplication. */
MR_INLINE bool mr_fixed_16(__m128i text, uint32_t len, int scale, int64_t *out)
{
    uint32_t points = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8('.')));
    uint32_t first = (uint32_t)_mm_cvtsi128_si32(text) & 0xff;
    uint32_t whole = (uint32_t)__builtin_ctz(points | 1u << len); /* digits before the point, or all */
    uint32_t end = len + (whole == len);                          /* as if a text without a point had one behind it */
    uint32_t part = end - whole - 1;
    __m128i digits = _mm_shuffle_epi8(_mm_sub_epi8(text, _mm_set1_epi8('0')), mr_fixed_place(end, part));
    bool unusual = !mr_fixed_all_digits(digits);
    unusual |= whole - 1 >= 18 - (uint32_t)scale; /* none before the point, or a value that may not fit */
    unusual |= part > (uint32_t)scale;
    unusual |= whole + 1 == len; /* a point, and nothing behind it */
    unusual |= (first == '0') & (whole > 1);
    if (mr_unlikely(unusual))
        return false;
    *out = (int64_t)(mr_fixed_sum(digits) * (uint64_t)mr_pow10[(uint32_t)scale - part]); /* below 10^18 */
    return true;
}

/* Exactly the `len` (1..16) bytes at `text`, zeros behind them. */
#if defined(MR_KERNEL_avx512)
MR_INLINE __m128i mr_fixed_load(const uint8_t *text, uint32_t len)
{
    return _mm_maskz_loadu_epi8((__mmask16)_bzhi_u32(0xffff, len), text);
}
#elif defined(MR_KERNEL_avx2)
/* Whole words by a masked load, which touches nothing else, and the one to three bytes behind them apart. */
MR_INLINE __m128i mr_fixed_load(const uint8_t *text, uint32_t len)
{
    const __m128i word = _mm_setr_epi32(0, 1, 2, 3);
    __m128i words = _mm_set1_epi32((int)(len / 4));
    __m128i v = _mm_maskload_epi32((const int *)(const void *)text, _mm_cmpgt_epi32(words, word));
    uint32_t rest = len & 3, last = len - 1, start = len - (rest ? rest : 1);
    uint32_t tail = text[start] | (uint32_t)text[start + rest / 2] << rest / 2 * 8 |
                    (uint32_t)text[last] << (rest ? rest - 1 : 0) * 8;
    tail = rest ? tail : 0;
    return _mm_or_si128(v, _mm_and_si128(_mm_cmpeq_epi32(words, word), _mm_set1_epi32((int)tail)));
}
#else
MR_INLINE __m128i mr_fixed_load(const uint8_t *text, uint32_t len)
{
    uint64_t low = 0, high = 0;
    if (len >= 8) { /* two words that overlap; what the first has is shifted out of the second */
        memcpy(&low, text, 8);
        memcpy(&high, text + len - 8, 8);
        high = len == 8 ? 0 : high >> (16 - len) * 8;
    } else if (len >= 4) {
        uint32_t a, b;
        memcpy(&a, text, 4);
        memcpy(&b, text + len - 4, 4);
        low = a | (uint64_t)b << (len - 4) * 8;
    } else {
        low = text[0] | (uint64_t)text[len / 2] << len / 2 * 8 | (uint64_t)text[len - 1] << (len - 1) * 8;
    }
    return _mm_set_epi64x((int64_t)high, (int64_t)low);
}
#endif

static MR_COLD int mr_fixed_unusual(const uint8_t *text, uint32_t len, int scale, int64_t *out)
{
    return mr_fixed_loop(text, len, scale, out);
}

MR_INLINE int mr_fixed_here(const uint8_t *text, uint32_t len, int scale, int64_t *out)
{
    if (mr_likely(len - 1 < 16) && mr_likely(mr_fixed_16(mr_fixed_load(text, len), len, scale, out)))
        return MR_OK;
    return mr_fixed_unusual(text, len, scale, out);
}

#else

MR_INLINE int mr_fixed_here(const uint8_t *text, uint32_t len, int scale, int64_t *out)
{
    return mr_fixed_loop(text, len, scale, out);
}

#endif
#endif
