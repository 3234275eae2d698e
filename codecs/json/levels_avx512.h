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
    const uint8_t *data; /* of the stretch: its first number */
    uint32_t len;        /* from there to the end of the buffer */
    __m128i scale;       /* price, size, price, size, ... 16 bits each */
    __m128i text;        /* bytes between what closes before and the number, alike */
    __m512i pow_low, pow_high;
};

MR_INLINE void mr_levels_prepare(struct mr_levels_vector *v, const struct mr_levels_spelling *s,
                                 const struct mr_levels_scan *scan)
{
    v->text = _mm_set1_epi32(s->behind[s->numbers - 1].len | s->behind[0].len << 16);
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
    __m128i start = _mm_add_epi16(before, v->text);
    __m128i one = _mm_set1_epi16(1), len = _mm_sub_epi16(close, start), whole = _mm_sub_epi16(point, start);
    __m128i end = _mm_mask_add_epi16(len, _mm_cmpeq_epi16_mask(whole, len), len, one);
    __m128i whole_less_1 = _mm_sub_epi16(whole, one), part = _mm_sub_epi16(_mm_sub_epi16(end, whole), one);
    __mmask8 usual = _mm_cmplt_epu16_mask(_mm_sub_epi16(len, one), _mm_set1_epi16(16));
    usual = _mm_mask_cmplt_epu16_mask(usual, whole_less_1, _mm_sub_epi16(_mm_set1_epi16(18), v->scale));
    usual = _mm_mask_cmple_epu16_mask(usual, part, v->scale);
    return (struct mr_levels_numbers){whole, end, part, usual};
}

/* Digits of four numbers, right-aligned in their lanes, as four 4-digit integers a lane. `pick` spreads the measures of
 * these four over their lanes. */
MR_INLINE __m512i mr_levels_fours(__m512i text, const struct mr_levels_numbers *n, __m512i pick)
{
    const __m512i places =
        _mm512_broadcast_i32x4(_mm_setr_epi8(-16, -15, -14, -13, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1));
    __m512i end = _mm512_permutexvar_epi8(pick, _mm512_castsi128_si512(n->end));
    __m512i whole = _mm512_permutexvar_epi8(pick, _mm512_castsi128_si512(n->whole));
    __m512i at = _mm512_add_epi8(places, end);
    at = _mm512_mask_add_epi8(at, _mm512_cmple_epi8_mask(at, whole), at, _mm512_set1_epi8(-1));
    __m512i digits = _mm512_shuffle_epi8(_mm512_sub_epi8(text, _mm512_set1_epi8('0')), at);
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

/* 16 bytes from there or, where not `all` are known to be inside the buffer, as many as it has; none if not `wanted`. */
MR_INLINE __m128i mr_levels_lane(const struct mr_levels_vector *v, uint16_t listed, int ahead, bool all, bool wanted)
{
    if (!all && !wanted)
        return _mm_setzero_si128();
    const uint8_t *at = mr_levels_at(v->data, listed, ahead);
    ptrdiff_t room = v->data + v->len - at;
    if (all || mr_likely(room >= 16)) /* a masked load of text that was just decrypted waits for the stores */
        return _mm_loadu_si128((const __m128i *)(const void *)at);
    return _mm_maskz_loadu_epi8((__mmask16)_bzhi_u32(0xffff, (uint32_t)room), at);
}

MR_INLINE __m512i mr_levels_lanes(__m128i a, __m128i b, __m128i c, __m128i d)
{
    __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
    __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(c), d, 1);
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/* Price and size of each of four levels from a list of all their numbers. */
MR_INLINE __m128i mr_levels_pick(const struct mr_levels_spelling *s, const uint16_t *list)
{
    if (s->numbers == 2)
        return _mm_loadu_si128((const __m128i *)(const void *)list);
    const __m256i of_three = _mm256_setr_epi16(0, 1, 3, 4, 6, 7, 9, 10, 0, 0, 0, 0, 0, 0, 0, 0),
                  of_four = _mm256_setr_epi16(0, 1, 4, 5, 8, 9, 12, 13, 0, 0, 0, 0, 0, 0, 0, 0);
    __m256i all = _mm256_loadu_si256((const __m256i *)(const void *)list);
    return _mm256_castsi256_si128(_mm256_permutexvar_epi16(s->numbers == 3 ? of_three : of_four, all));
}

/* What closes in front of each of these: as the list moved by one. (A load from one place earlier would wait for the
 * stores of two blocks.) */
MR_INLINE __m128i mr_levels_pick_before(const struct mr_levels_spelling *s, const uint16_t *list, __m128i picked)
{
    const __m256i of_three = _mm256_setr_epi16(0, 0, 2, 3, 5, 6, 8, 9, 0, 0, 0, 0, 0, 0, 0, 0),
                  of_four = _mm256_setr_epi16(0, 0, 3, 4, 7, 8, 11, 12, 0, 0, 0, 0, 0, 0, 0, 0);
    __m128i before;
    if (s->numbers == 2) {
        before = _mm_slli_si128(picked, 2);
    } else {
        __m256i all = _mm256_loadu_si256((const __m256i *)(const void *)list);
        before = _mm256_castsi256_si128(_mm256_permutexvar_epi16(s->numbers == 3 ? of_three : of_four, all));
    }
    return _mm_insert_epi16(before, list[-1], 0);
}

/* Has a count of one of these levels, which nobody reads, a point? */
MR_INLINE bool mr_levels_broken_count(const struct mr_levels_spelling *s, const uint16_t *close, const uint16_t *point,
                                      uint32_t levels)
{
    const uint32_t counts = s->numbers == 2 ? 0 : s->numbers == 3 ? 0x924 : 0xcccc;
    return counts && _mm256_mask_cmpneq_epi16_mask((__mmask16)_bzhi_u32(counts, s->numbers * levels),
                                                   _mm256_loadu_si256((const __m256i *)(const void *)close),
                                                   _mm256_loadu_si256((const __m256i *)(const void *)point)) != 0;
}

/* `levels` (4, or fewer with `all` false) levels whose first number closes at close[0]. false: a number is not as usual;
 * what stands in `out` then means nothing. */
MR_INLINE bool mr_levels_group(const struct mr_levels_vector *v, const struct mr_levels_spelling *s,
                               const uint16_t *close, const uint16_t *point, uint32_t levels, bool all,
                               struct mr_level *out)
{
    __m128i shut = mr_levels_pick(s, close);
    struct mr_levels_numbers n =
        mr_levels_measure(v, mr_levels_pick_before(s, close, shut), shut, mr_levels_pick(s, point));
    __m128i lane[2 * MR_LEVELS_GROUP];
    for (uint32_t i = 0; i < MR_LEVELS_GROUP; i++) {
        lane[i] = mr_levels_lane(v, close[(int)(s->numbers * i) - 1], s->behind[s->numbers - 1].len, all, i < levels);
        lane[4 + i] = mr_levels_lane(v, close[s->numbers * i], s->behind[0].len, all, i < levels);
    }
    const __m512i of_prices = _mm512_set_epi64(0x0c0c0c0c0c0c0c0c, 0x0c0c0c0c0c0c0c0c, 0x0808080808080808,
                                               0x0808080808080808, 0x0404040404040404, 0x0404040404040404, 0, 0);
    __m512i prices = mr_levels_fours(mr_levels_lanes(lane[0], lane[1], lane[2], lane[3]), &n, of_prices);
    __m512i sizes = mr_levels_fours(mr_levels_lanes(lane[4], lane[5], lane[6], lane[7]), &n,
                                    _mm512_add_epi8(of_prices, _mm512_set1_epi8(2)));
    __m512i values = mr_levels_values(v, &n, prices, sizes);
    __mmask8 counted = (__mmask8)_bzhi_u32(0xff, 2 * levels);
    if (all)
        _mm512_storeu_si512(out, values);
    else
        _mm512_mask_storeu_epi64(out, counted, values);
    return (~n.usual & counted) == 0 && !mr_levels_broken_count(s, close, point, levels);
}

// NOLINTEND(clang-analyzer-core.CallAndMessage,clang-analyzer-core.UndefinedBinaryOperatorResult)

#endif
