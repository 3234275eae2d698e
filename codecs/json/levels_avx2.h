/* Second half of the AVX2 kernel: the eight numbers of four levels are measured at once; then a level is one vector,
 * its price in the low lane and its size in the high one, and two levels share the last steps. */
#ifndef MR_JSON_LEVELS_AVX2_H
#define MR_JSON_LEVELS_AVX2_H

#include "codecs/json/levels_lists.h"
#include "codecs/json/levels_walk.h"

#define MR_LEVELS_SCALE_MAX MR_SCALE_MAX /* of the vector way */
#define MR_LEVELS_GROUP 4

/* What is the same for all groups of one call. */
struct mr_levels_vector {
    const uint8_t *data; /* of the stretch: its first number */
    uint32_t len;        /* from there to the end of the buffer */
    __m128i scale;       /* price, size, price, size, ... 16 bits each */
    __m128i text;        /* bytes between what closes before and the number, alike */
};

MR_INLINE void mr_levels_prepare(struct mr_levels_vector *v, const struct mr_levels_spelling *s,
                                 const struct mr_levels_scan *scan)
{
    v->text = _mm_set1_epi32(s->behind[s->numbers - 1].len | s->behind[0].len << 16);
    v->scale = _mm_set1_epi32(scan->price_scale | scan->size_scale << 16);
}

/* The eight numbers of a group, price and size in turn. Clamped, so that they are good as indices even where unusual.
 */
struct mr_levels_numbers {
    uint16_t start[8], len[8], end[8], part[8],
        shift[8]; /* end: length with a point; part: digits behind it; shift: zeros to add */
    __m128i unusual;
};

MR_INLINE __m128i mr_levels_over(__m128i a, __m128i most)
{
    return _mm_andnot_si128(_mm_cmpeq_epi16(_mm_min_epu16(a, most), a), _mm_set1_epi16(-1));
}

MR_INLINE void mr_levels_measure(struct mr_levels_numbers *n, const struct mr_levels_vector *v, __m128i before,
                                 __m128i close, __m128i point)
{
    __m128i start = _mm_add_epi16(before, v->text), one = _mm_set1_epi16(1), scale = v->scale;
    __m128i len = _mm_sub_epi16(close, start), whole = _mm_sub_epi16(point, start);
    __m128i end = _mm_sub_epi16(len, _mm_cmpeq_epi16(whole, len));
    __m128i part = _mm_sub_epi16(_mm_sub_epi16(end, whole), one);
    n->unusual = _mm_or_si128(_mm_or_si128(mr_levels_over(_mm_sub_epi16(len, one), _mm_set1_epi16(15)),
                                           mr_levels_over(whole, _mm_sub_epi16(_mm_set1_epi16(18), scale))),
                              mr_levels_over(part, scale));
    part = _mm_min_epu16(part, scale);
    _mm_storeu_si128((__m128i *)(void *)n->start, start);
    _mm_storeu_si128((__m128i *)(void *)n->len, len);
    _mm_storeu_si128((__m128i *)(void *)n->end, _mm_min_epu16(end, _mm_set1_epi16(17)));
    _mm_storeu_si128((__m128i *)(void *)n->part, _mm_min_epu16(part, _mm_set1_epi16(16)));
    _mm_storeu_si128((__m128i *)(void *)n->shift, _mm_sub_epi16(scale, part));
}

MR_INLINE __m256i mr_levels_two(const void *low, const void *high)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(low)), _mm_loadu_si128(high), 1);
}

/* Numbers i and i + 1, first byte first in their lanes. */
MR_INLINE __m256i mr_levels_text_of(const struct mr_levels_vector *v, const struct mr_levels_numbers *n, uint32_t i,
                                    bool all)
{
    const uint8_t *a = mr_levels_at(v->data, n->start[i], 0), *b = mr_levels_at(v->data, n->start[i + 1], 0);
    if (all || mr_likely(v->data + v->len - b >= 16))
        return mr_levels_two(a, b);
    if (n->len[i] - 1u >= 16 || n->len[i + 1] - 1u >= 16)
        return _mm256_setzero_si256();
    return _mm256_set_m128i(mr_fixed_load(b, n->len[i + 1]), mr_fixed_load(a, n->len[i]));
}

/* Numbers i and i + 1 as four 4-digit integers a lane. */
MR_INLINE __m256i mr_levels_fours(__m256i text, const struct mr_levels_numbers *n, uint32_t i)
{
    __m256i places = mr_levels_two(mr_fixed_places + n->end[i], mr_fixed_places + n->end[i + 1]);
    __m256i over = mr_levels_two(mr_fixed_over_point + n->part[i], mr_fixed_over_point + n->part[i + 1]);
    __m256i digits = _mm256_shuffle_epi8(_mm256_sub_epi8(text, _mm256_set1_epi8('0')), _mm256_add_epi8(places, over));
    return _mm256_madd_epi16(_mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010a)), _mm256_set1_epi32(0x00010064));
}

/* Price and size of each of four levels from a list of all their numbers. */
MR_INLINE __m128i mr_levels_pick(const struct mr_levels_spelling *s, const uint16_t *list)
{
    if (s->numbers == 2)
        return _mm_loadu_si128((const __m128i *)(const void *)list);
    const __m128i of_three = _mm_setr_epi8(0, 1, 2, 3, 6, 7, 8, 9, -1, -1, -1, -1, -1, -1, -1, -1),
                  of_four = _mm_setr_epi8(0, 1, 2, 3, 8, 9, 10, 11, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m128i two = s->numbers == 3 ? of_three : of_four;
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)list);
    __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(list + (size_t)2 * s->numbers));
    return _mm_unpacklo_epi64(_mm_shuffle_epi8(low, two), _mm_shuffle_epi8(high, two));
}

/* Has a count of one of these levels, which nobody reads, a point? */
MR_INLINE bool mr_levels_broken_count(const struct mr_levels_spelling *s, const uint16_t *close, const uint16_t *point,
                                      uint32_t levels)
{
    uint32_t differ = 0;
    for (uint32_t i = 0; i < levels; i++)
        for (uint32_t k = 2; k < s->numbers; k++)
            differ |= (uint32_t)close[s->numbers * i + k] ^ point[s->numbers * i + k];
    return differ != 0;
}

/* Unsigned, because what was no number after all may wrap here before `odd` says so. */
MR_INLINE int64_t scaled(int64_t mantissa, uint32_t shift)
{
    return (int64_t)((uint64_t)mantissa * (uint64_t)mr_pow10[shift]);
}

/* `levels` (4, or fewer with `all` false) levels whose first number closes at close[0]. false: a number is not as usual;
 * what stands in `out` then means nothing. */
MR_INLINE bool mr_levels_group(const struct mr_levels_vector *v, const struct mr_levels_spelling *s,
                               const uint16_t *close, const uint16_t *point, uint32_t levels, bool all,
                               struct mr_level *out)
{
    struct mr_levels_numbers n;
    mr_levels_measure(&n, v, mr_levels_pick(s, close - 1), mr_levels_pick(s, close), mr_levels_pick(s, point));
    if ((uint32_t)_mm_movemask_epi8(n.unusual) & _bzhi_u32(0xffff, 4 * levels))
        return false;
    for (uint32_t i = 0; i < levels; i += 2) {
        uint32_t j = i + 1 < levels ? i + 1 : i;
        __m256i a = mr_levels_fours(mr_levels_text_of(v, &n, 2 * i, all), &n, 2 * i);
        __m256i b = mr_levels_fours(mr_levels_text_of(v, &n, 2 * j, all), &n, 2 * j);
        __m256i eights = _mm256_madd_epi16(_mm256_packus_epi32(a, b), _mm256_set1_epi32(0x00012710));
        __m256i sum =
            _mm256_add_epi64(_mm256_mul_epu32(eights, _mm256_set1_epi64x(100000000)), _mm256_srli_epi64(eights, 32));
        __m128i prices = _mm256_castsi256_si128(sum), sizes = _mm256_extracti128_si256(sum, 1);
        out[i].price = scaled(_mm_cvtsi128_si64(prices), n.shift[2 * i]);
        out[i].size = scaled(_mm_cvtsi128_si64(sizes), n.shift[2 * i + 1]);
        out[j].price = scaled(_mm_extract_epi64(prices, 1), n.shift[2 * j]);
        out[j].size = scaled(_mm_extract_epi64(sizes, 1), n.shift[2 * j + 1]);
    }
    return !mr_levels_broken_count(s, close, point, levels);
}

#endif
