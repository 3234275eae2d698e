/* Few levels of bare numbers, [[81234.5,12,3],[81234.6,1,1]]: a level at a time, its price and its size in the two lanes of one vector.
 * A top of five is too short for the lists of levels_lists.h to pay.
 *
 * 32 bytes become masks, from which one level is measured and judged. Where the next one begins is known from its closing bracket alone, so
 * that no level waits for the numbers of the one before it. What is not as usual is begun once more by the general reader. */
#ifndef MR_JSON_LEVELS_FEW_H
#define MR_JSON_LEVELS_FEW_H

#include "codecs/json/levels_walk.h"

#define MR_LEVELS_FEW 320       /* bytes to the end of the message: there is no room for many */
#define MR_LEVELS_FEW_WINDOW 32 /* a level is shorter */
#define MR_LEVELS_FEW_ROOM 48   /* and what is loaded from inside it ends in front of this */

/* What is the same for all levels. */
struct mr_levels_bare {
    uint32_t price_scale, price_whole_max, size_whole_max;
    int64_t size_pow;
};

MR_INLINE uint32_t mr_levels_mask(__m256i equal) { return (uint32_t)_mm256_movemask_epi8(equal); }

/* Two numbers of at most 16 digits: `digits` in front of the one's point, and `part` of them behind it. */
MR_INLINE __m256i mr_levels_both(const uint8_t *price, uint32_t digits, uint32_t part, const uint8_t *size,
                                 uint32_t len)
{
    __m256i text =
        _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)price)),
                                _mm_loadu_si128((const __m128i *)(const void *)size), 1);
    __m256i places =
        _mm256_inserti128_si256(_mm256_castsi128_si256(mr_fixed_place(digits + 1, part)),
                                _mm_loadu_si128((const __m128i *)(const void *)(mr_fixed_places + len)), 1);
    __m256i values = _mm256_shuffle_epi8(_mm256_sub_epi8(text, _mm256_set1_epi8('0')), places);
    __m256i fours =
        _mm256_madd_epi16(_mm256_maddubs_epi16(values, _mm256_set1_epi16(0x010a)), _mm256_set1_epi32(0x00010064));
    __m256i eights = _mm256_madd_epi16(_mm256_packus_epi32(fours, fours), _mm256_set1_epi32(0x00012710));
    return _mm256_add_epi64(_mm256_mul_epu32(eights, _mm256_set1_epi64x(100000000)), _mm256_srli_epi64(eights, 32));
}

/* The level whose price begins at `p`, MR_LEVELS_FEW_ROOM bytes in front of the buffer's end or more. `*end` is where its closing
 * bracket stands. False: not as usual. */
MR_INLINE bool mr_levels_bare_one(const uint8_t *p, const struct mr_levels_bare *as, struct mr_level *out,
                                  uint32_t *end)
{
    const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p),
                  value = _mm256_sub_epi8(v, _mm256_set1_epi8('0'));
    const uint32_t closes = mr_levels_mask(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(']')));
    const uint32_t digits = mr_levels_mask(_mm256_cmpeq_epi8(_mm256_min_epu8(value, _mm256_set1_epi8(9)), value));
    const uint32_t points = mr_levels_mask(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('.')));
    const uint32_t zeros = mr_levels_mask(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('0')));
    const uint32_t others = ~digits,
                   stops = others & ~(points & _blsi_u32(others)); /* a point in the price does not stop it */
    *end = _tzcnt_u32(closes);
    const uint32_t price_end = _tzcnt_u32(stops), rest = _blsr_u32(stops), size_end = _tzcnt_u32(rest);
    /* a number, or what stands behind its point, without a digit; a zero in front of another digit */
    const uint32_t begins = stops << 1 | 1;
    const uint32_t odd = (others & (others << 1 | 1)) | ((begins & zeros) << 1 & digits);
    if (mr_unlikely(closes == 0 || _tzcnt_u32(_blsr_u32(rest)) != *end || _bzhi_u32(odd, *end + 1)))
        return false;
    const uint32_t whole = _tzcnt_u32(others), all = (uint32_t)_mm_popcnt_u32(_bzhi_u32(digits, price_end)),
                   part = all - whole;
    const uint32_t size_len = size_end - price_end - 1;
    if (mr_unlikely(p[price_end] != ',' || p[size_end] != ',' || price_end > 16 || whole > as->price_whole_max ||
                    part > as->price_scale || size_len > as->size_whole_max))
        return false;
    __m256i both = mr_levels_both(p, all, part, p + price_end + 1, size_len);
    int64_t price_value = _mm_cvtsi128_si64(_mm256_castsi256_si128(both)) * mr_pow10[as->price_scale - part];
    int64_t size_value = _mm_cvtsi128_si64(_mm256_extracti128_si256(both, 1)) * as->size_pow;
    /* as one, because who looks at levels loads whole ones: two stores would have to reach the cache first */
    _mm_storeu_si128((__m128i *)(void *)out, _mm_set_epi64x(size_value, price_value));
    return true;
}

/* The result is mr_levels_decode's, or 0: not as usual. */
MR_INLINE int64_t mr_levels_few(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_scan *scan,
                                struct mr_level *out, uint32_t out_max, uint32_t *count)
{
    const uint32_t size_room = 18 - (uint32_t)scan->size_scale;
    const struct mr_levels_bare as = {(uint32_t)scan->price_scale, 18 - (uint32_t)scan->price_scale,
                                      size_room < 16 ? size_room : 16, mr_pow10[scan->size_scale]};
    const uint8_t *p = data + pos, *end_of_all = data + len;
    if (mr_unlikely(len - pos < 2 || p[0] != '[' || p[1] != '['))
        return 0;
    p += 2;
    for (uint32_t done = 0; done < out_max && end_of_all - p >= MR_LEVELS_FEW_ROOM; done++) {
        uint32_t end;
        if (mr_unlikely(!mr_levels_bare_one(p, &as, &out[done], &end)))
            return 0;
        p += end + 1;
        if (p[0] == ']') {
            *count = done + 1;
            return p + 1 - data;
        }
        if (mr_unlikely(p[0] != ',' || p[1] != '['))
            return 0;
        p += 2;
    }
    return 0;
}

#endif
