/* First half of the vector kernels: where the numbers of a stretch end, and where in each the point stands.
 *
 * 64 bytes at a time become bit masks of digits and points. A run of these is a number. Adding the first bytes of the
 * runs to the mask of digits makes a carry run along each number up to its first point or, where there is none, to the
 * byte behind it: so each number has exactly one such bit. The same masks say whether all numbers are spelt as JSON
 * wants them.
 *
 * Positions are counted from MR_LEVELS_BIAS bytes in front of the first number of the stretch, so that none is below
 * zero. */
#ifndef MR_JSON_LEVELS_LISTS_H
#define MR_JSON_LEVELS_LISTS_H

#include "codecs/json/levels_forms.h"

#include <immintrin.h>

#define MR_LEVELS_STRETCH                                                                                              \
    2048 /* bytes looked at before the numbers in them are read: the lists stay in the first cache */
#define MR_LEVELS_BIAS 16
static_assert(MR_LEVELS_BIAS >= MR_LEVELS_TEXT_MAX, "what closed in front of the first number");
#define MR_LEVELS_LIST (MR_LEVELS_STRETCH / 2 + 64)

struct mr_levels_lists {
    uint16_t close_from[32 + MR_LEVELS_LIST]; /* entry 31 stands for what closes in front of the stretch */
    uint16_t point_from[MR_LEVELS_LIST];
    uint64_t number[MR_LEVELS_STRETCH / 64]; /* one bit a byte: it is of a number */
    uint32_t closes, points;
    uint32_t bytes;  /* of numbers */
    uint32_t blocks; /* of 64 bytes that were looked at */
    uint32_t end;    /* where the bracket that closes the array stands (without bias), or 0: not in this stretch */
    bool inside;     /* the stretch ends inside a number */
    bool odd;        /* a number with two points, or that begins or ends with one, or has a zero too many in front */
};

/* Is all that is said of a number's bytes (`number`, `bytes`, `odd`) found here, by masks? Else each group's vectors judge all of its bytes
 * (levels_avx512.h), which they can where each number is read: counts are not. */
#if defined(MR_KERNEL_avx512)
MR_INLINE bool mr_levels_judged(const struct mr_levels_spelling *s) { return s->numbers > 2; }
#else
MR_INLINE bool mr_levels_judged(const struct mr_levels_spelling *s) { return s->numbers > 0; }
#endif

/* The byte `ahead` of a listed position. */
MR_INLINE const uint8_t *mr_levels_at(const uint8_t *data, uint16_t listed, int ahead)
{
    return data + ((int64_t)listed + ahead - MR_LEVELS_BIAS);
}

struct mr_levels_masks {
    uint64_t digits, points, zeros;
    uint64_t brackets, closes; /* of the array; of a level */
};

#if defined(MR_KERNEL_avx512)
MR_INLINE struct mr_levels_masks mr_levels_look(const uint8_t *data, char closes)
{
    __m512i v = _mm512_loadu_si512(data);
    struct mr_levels_masks m;
    m.digits = _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8('0')), _mm512_set1_epi8(9));
    m.points = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('.'));
    m.zeros = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('0'));
    m.brackets = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(']'));
    m.closes = closes == ']' ? m.brackets : _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(closes));
    return m;
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
MR_INLINE uint64_t mr_levels_bits(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

MR_INLINE uint64_t mr_levels_equal(__m256i low, __m256i high, char c)
{
    return mr_levels_bits(_mm256_cmpeq_epi8(low, _mm256_set1_epi8(c)), _mm256_cmpeq_epi8(high, _mm256_set1_epi8(c)));
}

MR_INLINE struct mr_levels_masks mr_levels_look(const uint8_t *data, char closes)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)data);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(data + 32));
    const __m256i first = _mm256_set1_epi8('0' - 128), most = _mm256_set1_epi8(-128 + 9);
    struct mr_levels_masks m;
    /* '0' goes to the least signed value, so that one comparison does for both ends */
    m.digits = ~mr_levels_bits(_mm256_cmpgt_epi8(_mm256_sub_epi8(low, first), most),
                               _mm256_cmpgt_epi8(_mm256_sub_epi8(high, first), most));
    m.points = mr_levels_equal(low, high, '.');
    m.zeros = mr_levels_equal(low, high, '0');
    m.brackets = mr_levels_equal(low, high, ']');
    m.closes = closes == ']' ? m.brackets : mr_levels_equal(low, high, closes);
    return m;
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

/* The last bytes of the buffer, fewer than 64, of which `front` stand in front of data[0]. */
MR_INLINE struct mr_levels_masks mr_levels_look_last(const uint8_t *data, uint32_t room, size_t front, char closes)
{
    uint32_t missing = 64 - room;
    uint8_t copy[64] = {0};
    struct mr_levels_masks m;
    if (front >= missing) { /* whole, and moved: a masked load of text that was just decrypted waits for the stores */
        m = mr_levels_look(data - missing, closes);
    } else {
        memcpy(copy + missing, data, room);
        m = mr_levels_look(copy, closes);
    }
    return (struct mr_levels_masks){m.digits >> missing, m.points >> missing, m.zeros >> missing, m.brackets >> missing,
                                    m.closes >> missing};
}

/* Fills the lists from the stretch that begins at data[0], a number's first byte; `front` bytes stand before it. */
MR_INLINE void mr_levels_list(struct mr_levels_lists *l, const struct mr_levels_spelling *s, const uint8_t *data,
                              uint32_t len, size_t front)
{
    uint16_t *close = l->close_from + 32, *point = l->point_from;
    uint64_t closing = 0, number_before = 0, point_before = 0, zero_before = 0, carry = 0, odd = 0;
    uint32_t most = len < MR_LEVELS_STRETCH ? len : MR_LEVELS_STRETCH, base = 0;
    uint32_t bytes = 0, end = 0;
    for (; base < most; base += 64) {
        struct mr_levels_masks m = mr_levels_usual(len - base >= 64)
                                       ? mr_levels_look(data + base, s->closes)
                                       : mr_levels_look_last(data + base, len - base, front + base, s->closes);
        uint64_t ends = m.brackets & (m.closes << 1 | closing);
        closing = m.closes >> 63;
        if (mr_unlikely(ends)) { /* the end of the array: what is behind it is not ours */
            uint64_t before = _blsmsk_u64(ends) >> 1;
            m.digits &= before;
            m.points &= before;
            end = base + (uint32_t)_tzcnt_u64(ends);
            most = 0;
        }
        uint64_t number = m.digits | m.points, behind = number << 1 | number_before;
        uint64_t first = number & ~behind, shut = behind & ~number;
        uint64_t sum = m.digits + (first | carry); /* a number that goes on has no first byte here */
        uint64_t stops = sum & ~m.digits;
        carry = sum < m.digits;
        number_before = number >> 63;
        if (mr_levels_judged(s)) {
            uint64_t zero = first & m.zeros; /* a number that begins with zero has no other digit before the point */
            odd |= (first & m.points) | ((m.points << 1 | point_before) & ~m.digits) | (m.points & ~stops) |
                   ((zero << 1 | zero_before) & m.digits);
            point_before = m.points >> 63;
            zero_before = zero >> 63;
            l->number[base / 64] = number;
            bytes += (uint32_t)_mm_popcnt_u64(number);
        }
        mr_levels_write(close, shut, base);
        mr_levels_write(point, stops, base);
        close += _mm_popcnt_u64(shut);
        point += _mm_popcnt_u64(stops);
    }
    l->end = end;
    l->bytes = bytes;
    l->blocks = base / 64;
    l->closes = (uint32_t)(close - (l->close_from + 32));
    l->points = (uint32_t)(point - l->point_from);
    l->inside = number_before;
    l->odd = odd != 0;
    l->close_from[31] =
        (uint16_t)(MR_LEVELS_BIAS - s->behind[s->numbers - 1].len); /* as if another level stood there */
}

/* How many bytes of the stretch's numbers stand at `from` and behind it. */
MR_INLINE uint32_t mr_levels_bytes_from(const struct mr_levels_lists *l, uint32_t from)
{
    uint32_t n = 0;
    for (uint32_t block = from / 64, skip = from % 64; block < l->blocks; block++, skip = 0)
        n += (uint32_t)_mm_popcnt_u64(l->number[block] >> skip);
    return n;
}

#endif
