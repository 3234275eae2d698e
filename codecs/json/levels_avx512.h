/* Second half of the AVX-512 kernel: four levels at once, their prices in the four lanes of one vector and their sizes
 * in those of another. Each number is moved to the right end of its lane, over its point (mr_fixed_16 does the same for
 * one). */
#ifndef MR_JSON_LEVELS_AVX512_H
#define MR_JSON_LEVELS_AVX512_H

#include "codecs/json/levels_lists.h"
#include "codecs/json/levels_walk.h"

/* As in levels_vector.h: the lists are written by compressing stores. */
// NOLINTBEGIN(clang-analyzer-core.CallAndMessage,clang-analyzer-core.UndefinedBinaryOperatorResult)

#define MR_LEVELS_SCALE_MAX 15 /* of the vector way: powers of ten in two registers */
#define MR_LEVELS_GROUP 4

/* What is the same for all groups of one call. */
struct mr_levels_vector {
    const uint8_t *data; /* of the stretch: the quote that opens its first string */
    uint32_t len;        /* from there to the end of the buffer */
    __m128i scale;       /* price, size, price, size, ... 16 bits each */
    __m512i pow_low, pow_high;
};

MR_INLINE void mr_levels_prepare(struct mr_levels_vector *v, const struct mr_levels_scan *scan)
{
    v->scale = _mm_set1_epi32(scan->price_scale | scan->size_scale << 16);
    v->pow_low = _mm512_loadu_si512(mr_pow10);
    v->pow_high = _mm512_loadu_si512(mr_pow10 + 8);
}

/* The eight numbers of a group, price and size in turn, 16 bits each. */
struct mr_levels_numbers {
    __m128i whole, end,
        part; /* digits before the point; length with a point, whether there is one or not; digits behind */
    __mmask8 usual;
};

MR_INLINE struct mr_levels_numbers mr_levels_measure(const struct mr_levels_vector *v, __m128i before, __m128i close,
                                                     __m128i point)
{
    /* `["` or `,["` and so on: a price begins 5 bytes behind the quote before it, a size 3 bytes */
    __m128i start = _mm_add_epi16(before, _mm_set1_epi32(5 | 3 << 16));
    __m128i one = _mm_set1_epi16(1), len = _mm_sub_epi16(close, start), whole = _mm_sub_epi16(point, start);
    __m128i end = _mm_mask_add_epi16(len, _mm_cmpeq_epi16_mask(whole, len), len, one);
    __m128i whole_less_1 = _mm_sub_epi16(whole, one), part = _mm_sub_epi16(_mm_sub_epi16(end, whole), one);
    __mmask8 usual = _mm_cmplt_epu16_mask(_mm_sub_epi16(len, one), _mm_set1_epi16(16));
    usual = _mm_mask_cmplt_epu16_mask(usual, whole_less_1, _mm_sub_epi16(_mm_set1_epi16(18), v->scale));
    usual = _mm_mask_cmple_epu16_mask(usual, part, v->scale);
    usual = _mm_mask_cmpneq_epi16_mask(usual, _mm_add_epi16(whole, one), len); /* a point, and nothing behind it */
    return (struct mr_levels_numbers){whole, end, part, usual};
}

/* Digits of four numbers, right-aligned in their lanes, as eight 4-digit integers a lane... of which four count.
 * `pick` spreads the measures of these four over their lanes. */
MR_INLINE __m512i mr_levels_fours(__m512i text, const struct mr_levels_numbers *n, __m512i pick, __mmask64 *unusual)
{
    const __m512i places =
        _mm512_broadcast_i32x4(_mm_setr_epi8(-16, -15, -14, -13, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1));
    __m512i end = _mm512_permutexvar_epi8(pick, _mm512_castsi128_si512(n->end));
    __m512i whole = _mm512_permutexvar_epi8(pick, _mm512_castsi128_si512(n->whole));
    __m512i at = _mm512_add_epi8(places, end);
    at = _mm512_mask_add_epi8(at, _mm512_cmple_epi8_mask(at, whole), at, _mm512_set1_epi8(-1));
    __m512i digits = _mm512_shuffle_epi8(_mm512_sub_epi8(text, _mm512_set1_epi8('0')), at);
    __mmask64 zero_first = _mm512_mask_cmpeq_epi8_mask(0x0001000100010001u, text, _mm512_set1_epi8('0'));
    *unusual |= _mm512_cmpgt_epu8_mask(digits, _mm512_set1_epi8(9)) |
                _mm512_mask_cmpgt_epu8_mask(zero_first, whole, _mm512_set1_epi8(1));
    return _mm512_madd_epi16(_mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x010a)), _mm512_set1_epi32(0x00010064));
}

/* Eight numbers from their two vectors, in the order of struct mr_level. */
MR_INLINE __m512i mr_levels_values(const struct mr_levels_vector *v, const struct mr_levels_numbers *n, __m512i prices,
                                   __m512i sizes)
{
    __m512i eights = _mm512_madd_epi16(_mm512_packus_epi32(prices, sizes), _mm512_set1_epi32(0x00012710));
    __m512i sum =
        _mm512_add_epi64(_mm512_mul_epu32(eights, _mm512_set1_epi64(100000000)), _mm512_srli_epi64(eights, 32));
    __m512i shift = _mm512_cvtepu16_epi64(_mm_sub_epi16(v->scale, n->part));
    return _mm512_mullo_epi64(sum, _mm512_permutex2var_epi64(v->pow_low, shift, v->pow_high));
}

/* 16 bytes from there, or as many as the buffer has; `wanted` false: none, nothing is touched. */
MR_INLINE __m128i mr_levels_lane(const struct mr_levels_vector *v, uint16_t listed, int ahead, bool whole_vector,
                                 bool wanted)
{
    const uint8_t *at = mr_levels_at(v->data, listed, ahead);
    if (whole_vector)
        return _mm_loadu_si128((const __m128i *)(const void *)at);
    uint64_t room = wanted && at < v->data + v->len ? (uint64_t)(v->data + v->len - at) : 0;
    return _mm_maskz_loadu_epi8((__mmask16)_bzhi_u32(0xffff, room < 16 ? (uint32_t)room : 16), at);
}

MR_INLINE __m512i mr_levels_lanes(__m128i a, __m128i b, __m128i c, __m128i d)
{
    __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
    __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(c), d, 1);
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/* Two digit strings a level that nobody reads: eight lanes of 8 bytes. Only where 8 bytes may be read. */
MR_INLINE bool mr_levels_counts(const struct mr_levels_vector *v, const uint16_t *close, __m128i before, __m128i shut,
                                __m128i point)
{
    uint64_t text[2 * MR_LEVELS_GROUP];
    for (uint32_t i = 0; i < MR_LEVELS_GROUP; i++) {
        memcpy(&text[2 * i], mr_levels_at(v->data, close[4 * i + 1], 3), 8);
        memcpy(&text[2 * i + 1], mr_levels_at(v->data, close[4 * i + 2], 3), 8);
    }
    __m512i bytes = _mm512_set_epi64((int64_t)text[7], (int64_t)text[6], (int64_t)text[5], (int64_t)text[4],
                                     (int64_t)text[3], (int64_t)text[2], (int64_t)text[1], (int64_t)text[0]);
    __m128i len = _mm_sub_epi16(shut, _mm_add_epi16(before, _mm_set1_epi16(3)));
    __mmask8 unusual = _mm_cmpge_epu16_mask(_mm_sub_epi16(len, _mm_set1_epi16(1)), _mm_set1_epi16(8)) |
                       _mm_cmpneq_epi16_mask(shut, point);
    __m512i lens =
        _mm512_shuffle_epi8(_mm512_cvtepu16_epi64(len),
                            _mm512_broadcast_i32x4(_mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 8, 8, 8, 8, 8, 8, 8, 8)));
    __mmask64 within = _mm512_cmplt_epu8_mask(_mm512_set1_epi64(0x0706050403020100), lens);
    __mmask64 odd =
        _mm512_mask_cmpgt_epu8_mask(within, _mm512_sub_epi8(bytes, _mm512_set1_epi8('0')), _mm512_set1_epi8(9));
    return unusual == 0 && odd == 0;
}

/* `levels` (4, or fewer with whole_vectors false) levels whose first string closes at close[0]. `strings` in each: 2
 * or 4. false: something is not as usual; what stands in `out` then means nothing. */
MR_INLINE bool mr_levels_group(const struct mr_levels_vector *v, const uint16_t *close, const uint16_t *point,
                               uint32_t strings, uint32_t levels, bool whole_vectors, struct mr_level *out)
{
    __m128i before, shut, stop;
    if (strings == 2) {
        before = _mm_loadu_si128((const __m128i *)(const void *)(close - 1));
        shut = _mm_loadu_si128((const __m128i *)(const void *)close);
        stop = _mm_loadu_si128((const __m128i *)(const void *)point);
    } else {
        const __m256i first = _mm256_setr_epi16(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
        __m256i b = _mm256_permutexvar_epi16(first, _mm256_loadu_si256((const __m256i *)(const void *)(close - 1)));
        __m256i s = _mm256_permutexvar_epi16(first, _mm256_loadu_si256((const __m256i *)(const void *)close));
        __m256i p = _mm256_permutexvar_epi16(first, _mm256_loadu_si256((const __m256i *)(const void *)point));
        before = _mm256_castsi256_si128(b);
        shut = _mm256_castsi256_si128(s);
        stop = _mm256_castsi256_si128(p);
        if (!mr_levels_counts(v, close, _mm256_extracti128_si256(b, 1), _mm256_extracti128_si256(s, 1),
                              _mm256_extracti128_si256(p, 1)))
            return false;
    }
    struct mr_levels_numbers n = mr_levels_measure(v, before, shut, stop);
    __m128i lane[2 * MR_LEVELS_GROUP];
    for (uint32_t i = 0; i < MR_LEVELS_GROUP; i++) {
        lane[i] = mr_levels_lane(v, close[(int)(strings * i) - 1], 5, whole_vectors, i < levels);
        lane[4 + i] = mr_levels_lane(v, close[strings * i], 3, whole_vectors, i < levels);
    }
    const __m512i of_prices = _mm512_set_epi64(0x0c0c0c0c0c0c0c0c, 0x0c0c0c0c0c0c0c0c, 0x0808080808080808,
                                               0x0808080808080808, 0x0404040404040404, 0x0404040404040404, 0, 0);
    __mmask64 odd = 0;
    __m512i prices = mr_levels_fours(mr_levels_lanes(lane[0], lane[1], lane[2], lane[3]), &n, of_prices, &odd);
    __m512i sizes = mr_levels_fours(mr_levels_lanes(lane[4], lane[5], lane[6], lane[7]), &n,
                                    _mm512_add_epi8(of_prices, _mm512_set1_epi8(2)), &odd);
    __m512i values = mr_levels_values(v, &n, prices, sizes);
    __mmask8 counted = (__mmask8)_bzhi_u32(0xff, 2 * levels);
    if (whole_vectors)
        _mm512_storeu_si512(out, values);
    else
        _mm512_mask_storeu_epi64(out, counted, values);
    return ((~n.usual & counted) | (whole_vectors ? odd : odd & _bzhi_u64(~0ull, 16 * levels))) == 0;
}

// NOLINTEND(clang-analyzer-core.CallAndMessage,clang-analyzer-core.UndefinedBinaryOperatorResult)

#endif
