/* First half of the vector kernels: where the strings of a stretch end, and where in each the point stands.
 *
 * 64 bytes at a time become bit masks of quotes, points and brackets. In those, every second quote opens. Adding the
 * opening quotes, moved up by one, to the mask of all that is neither quote nor point makes a carry run along each
 * string up to its first point or, where there is none, to its closing quote: so each string has exactly one such bit.
 *
 * Positions are counted from MR_LEVELS_BIAS bytes in front of the quote that opens the first string of the stretch, so
 * that none is below zero. */
#ifndef MR_JSON_LEVELS_LISTS_H
#define MR_JSON_LEVELS_LISTS_H

#include "dataplane/base/base.h"

#include <immintrin.h>

#define MR_LEVELS_STRETCH                                                                                              \
    2048 /* bytes looked at before the numbers in them are read: the lists stay in the first cache */
#define MR_LEVELS_BIAS 8
#define MR_LEVELS_LIST (MR_LEVELS_STRETCH / 2 + 64)

struct mr_levels_lists {
    uint16_t close_from[32 + MR_LEVELS_LIST]; /* entry 31 stands for what closes in front of the stretch */
    uint16_t point_from[MR_LEVELS_LIST];
    uint32_t closes, points;
    uint32_t end; /* where the second bracket of the first "]]" stands (without bias), or 0: not in this stretch */
    bool inside;  /* the stretch ends inside a string */
};

/* The byte `ahead` of a listed position. */
MR_INLINE const uint8_t *mr_levels_at(const uint8_t *data, uint16_t listed, int ahead)
{
    return data + ((int64_t)listed + ahead - MR_LEVELS_BIAS);
}

struct mr_levels_masks {
    uint64_t quotes, points, brackets;
};

#if defined(MR_KERNEL_avx512)
MR_INLINE struct mr_levels_masks mr_levels_look(const uint8_t *data, uint32_t room)
{
    __m512i v =
        mr_likely(room >= 64) ? _mm512_loadu_si512(data) : _mm512_maskz_loadu_epi8(_bzhi_u64(~0ull, room), data);
    return (struct mr_levels_masks){_mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"')),
                                    _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('.')),
                                    _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(']'))};
}

/* Positions of the bits; writes 32 entries, of which the first popcount(bits) count (no more than 32 are set). */
MR_INLINE void mr_levels_write(uint16_t *list, uint64_t bits, uint32_t base)
{
    static const uint8_t iota[64] MR_ALIGNED = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                                16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
                                                32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
                                                48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    __m512i places = _mm512_maskz_compress_epi8(bits, _mm512_load_si512(iota));
    __m512i wide = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(places));
    _mm512_storeu_si512(list, _mm512_add_epi16(wide, _mm512_set1_epi16((short)(base + MR_LEVELS_BIAS))));
}
#else
MR_INLINE uint64_t mr_levels_equal(__m256i low, __m256i high, char c)
{
    uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, _mm256_set1_epi8(c)));
    uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, _mm256_set1_epi8(c)));
    return a | (uint64_t)b << 32;
}

MR_INLINE struct mr_levels_masks mr_levels_look(const uint8_t *data, uint32_t room)
{
    uint8_t last[64];
    if (mr_unlikely(room < 64)) { /* once a message: what is behind it may not be read */
        memset(last, 0, sizeof last);
        memcpy(last, data, room);
        data = last;
    }
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)data);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(data + 32));
    return (struct mr_levels_masks){mr_levels_equal(low, high, '"'), mr_levels_equal(low, high, '.'),
                                    mr_levels_equal(low, high, ']')};
}

MR_INLINE void mr_levels_write(uint16_t *list, uint64_t bits, uint32_t base)
{
    while (bits) {
        for (int i = 0; i < 4; i++) { /* four at a time: fewer branches; what is written too much is overwritten */
            *list++ = (uint16_t)(base + MR_LEVELS_BIAS + (uint32_t)_tzcnt_u64(bits));
            bits = _blsr_u64(bits);
        }
    }
}
#endif

/* Fills the lists from the stretch that begins at data[0], an opening quote. */
MR_INLINE void mr_levels_list(struct mr_levels_lists *l, const uint8_t *data, uint32_t len)
{
    uint16_t *close = l->close_from + 32, *point = l->point_from;
    uint64_t bracket = 0, opening = 0x5555555555555555u, carry = 0;
    uint32_t most = len < MR_LEVELS_STRETCH ? len : MR_LEVELS_STRETCH;
    l->end = 0;
    for (uint32_t base = 0; base < most; base += 64) {
        struct mr_levels_masks m = mr_levels_look(data + base, len - base);
        uint64_t pairs = m.brackets & (m.brackets << 1 | bracket);
        bracket = m.brackets >> 63;
        if (mr_unlikely(pairs)) { /* the end of the array: what is behind it is not ours */
            uint64_t before = _blsmsk_u64(pairs) >> 1;
            m.quotes &= before;
            m.points &= before;
            l->end = base + (uint32_t)_tzcnt_u64(pairs);
            most = 0;
        }
        uint64_t opens = _pdep_u64(opening, m.quotes), shut = m.quotes ^ opens, stops = m.quotes | m.points;
        uint64_t runs = ~stops + carry, sum = runs + (opens << 1);
        carry = (uint64_t)(runs < carry) + (sum < runs) + (opens >> 63); /* at most one of them */
        opening ^= 0 - ((uint64_t)_mm_popcnt_u64(m.quotes) & 1);         /* an odd number: the next one closes */
        mr_levels_write(close, shut, base);
        mr_levels_write(point, sum & stops, base);
        close += _mm_popcnt_u64(shut);
        point += _mm_popcnt_u64(sum & stops);
    }
    l->closes = (uint32_t)(close - (l->close_from + 32));
    l->points = (uint32_t)(point - l->point_from);
    l->inside = opening != 0x5555555555555555u;
    l->close_from[31] =
        MR_LEVELS_BIAS - 4; /* as if a level closed 5 bytes in front of the first digit, like all others do */
}

#endif
