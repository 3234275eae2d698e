/* The AVX-512 kernel of levels_top.h, which is the only one.
 *
 * The text, 256 bytes at most from the first bracket on, stays in registers. Two lists are made of it: where what is no number stands, and
 * where each number has its first byte that is no digit (its point, or what closes it). The bytes of the first list are compared with what
 * is left of two lists of levels without their numbers; from then on a place in the lists says which number of which level it is. All
 * places and lengths are bytes, and those of sixteen levels are judged at once. A number is brought to the right end of its lane, over its
 * point, by one byte permutation of the whole text. */
#include "codecs/json/levels_priv.h"

#include "dataplane/base/decimal.h"

#include <immintrin.h>

#define BLOCKS 4
#define A_LEVEL 5    /* bytes of a level that are no number: [ , , ] and the comma behind it */
#define NUMBERS 3    /* of a level */
#define SCALE_MAX 15 /* powers of ten in two registers */

/* In memory: of each that it sees, the compiler makes a vector from an integer every time. */
#define EIGHT(x) x, x, x, x, x, x, x, x
#define LANE(x) EIGHT(x), EIGHT(x)
#define ALL(x) LANE(x), LANE(x), LANE(x), LANE(x)
#define COUNT(x) x, x + 1, x + 2, x + 3, x + 4, x + 5, x + 6, x + 7
#define COUNT_64(x)                                                                                                    \
    COUNT(x), COUNT(x + 8), COUNT(x + 16), COUNT(x + 24), COUNT(x + 32), COUNT(x + 40), COUNT(x + 48), COUNT(x + 56)
#define BACK 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1
struct constants {
    uint8_t at[BLOCKS][64];
    uint8_t zero[64], nine[64], point[64], closing[64], one[64], two[64], back[64];
    uint8_t price[3][64], size[3][64];                 /* of four levels, a lane each */
    uint8_t begins[64], ends[64], stops[64], kind[64]; /* of prices, sizes, counts, and counts again */
};
static const struct constants constants MR_ALIGNED = {
    .at = {{COUNT_64(0)}, {COUNT_64(64)}, {COUNT_64(128)}, {COUNT_64(192)}},
    .zero = {ALL('0')},
    .nine = {ALL(9)},
    .point = {ALL((uint8_t)('.' - '0'))},
    .closing = {ALL(']')},
    .one = {ALL(1)},
    .two = {ALL(2)},
    .back = {BACK, BACK, BACK, BACK},
    .price = {{LANE(0), LANE(1), LANE(2), LANE(3)},
              {LANE(4), LANE(5), LANE(6), LANE(7)},
              {LANE(8), LANE(9), LANE(10), LANE(11)}},
    .size = {{LANE(16), LANE(17), LANE(18), LANE(19)},
             {LANE(20), LANE(21), LANE(22), LANE(23)},
             {LANE(24), LANE(25), LANE(26), LANE(27)}},
    .begins = {LANE(1), LANE(2), LANE(3), LANE(3)},
    .ends = {LANE(2), LANE(3), LANE(4), LANE(4)},
    .stops = {LANE(0), LANE(1), LANE(2), LANE(2)},
    .kind = {LANE(0), LANE(1), LANE(2), LANE(2)},
};
#define CONSTANT(name) _mm512_load_si512(t->constants->name)

struct top {
    const struct constants *constants;
    __m512i text[BLOCKS]; /* bytes less '0' */
    __m512i others,
        stops; /* positions: of bytes that are of no number; of the first byte of each number that is no digit */
    uint64_t number, carry; /* the last block ended in a number; and in front of its point */
    uint32_t other_count, stop_count;
};

/* Those `at` that `bits` name, behind the `count` that the list has; what does not fit into it is lost. */
MR_INLINE __m512i behind(__m512i list, uint32_t count, uint64_t bits, __m512i at)
{
    return _mm512_mask_expand_epi8(list, ~_bzhi_u64(~(uint64_t)0, count), _mm512_maskz_compress_epi8(bits, at));
}

/* The next 64 bytes, of which `room` are in the buffer. As levels_lists.h, a carry runs along each number to its first point or end. */
MR_INLINE void take_block(struct top *t, uint32_t block, const uint8_t *p, ptrdiff_t room)
{
    const __m512i at = CONSTANT(at[block]);
    __m512i text = mr_likely(room >= 64)
                       ? _mm512_loadu_si512(p)
                       : _mm512_maskz_loadu_epi8(_bzhi_u64(~(uint64_t)0, room > 0 ? (uint32_t)room : 0), p);
    text = _mm512_sub_epi8(text, CONSTANT(zero));
    const uint64_t digits = _mm512_cmple_epu8_mask(text, CONSTANT(nine)),
                   number = digits | _mm512_cmpeq_epi8_mask(text, CONSTANT(point));
    const uint64_t first = number & ~(number << 1 | t->number), runs = digits + t->carry, sum = runs + first,
                   stops = sum & ~digits;
    t->others = behind(t->others, t->other_count, ~number, at);
    t->stops = behind(t->stops, t->stop_count, stops, at);
    t->text[block] = text;
    t->carry = (uint64_t)(runs < t->carry) + (sum < runs); /* at most one of them */
    t->number = number >> 63;
    t->other_count += (uint32_t)_mm_popcnt_u64(~number);
    t->stop_count += (uint32_t)_mm_popcnt_u64(stops);
}

/* The bytes at these positions. */
MR_INLINE __m512i bytes_at(const struct top *t, __m512i at)
{
    __m512i low = _mm512_permutex2var_epi8(t->text[0], at, t->text[1]),
            high = _mm512_permutex2var_epi8(t->text[2], at, t->text[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(at), low, high);
}

/* Where in the list of others things stand. */
struct top_shape {
    uint32_t levels[2];
    uint32_t second, last; /* the second list's first bracket, and its last */
};

/* Whether the others are those of two lists, and of how many levels. */
MR_INLINE bool look_at_shape(const struct top *t, const struct mr_levels_top *form, struct top_shape *is)
{
    static const char seen[] = MR_LEVELS_TOP_SEEN;
    const __m512i others = _mm512_add_epi8(bytes_at(t, t->others), CONSTANT(zero));
    const uint32_t first_end = (uint32_t)_tzcnt_u64(_mm512_cmpneq_epi8_mask(others, _mm512_loadu_si512(seen)));
    const __m512i rest =
        _mm512_permutexvar_epi8(_mm512_add_epi8(CONSTANT(at[0]), _mm512_set1_epi8((char)first_end)), others);
    const uint32_t to_second = 1 + form->between_len,
                   differs = (uint32_t)_tzcnt_u64(_mm512_cmpneq_epi8_mask(rest, _mm512_loadu_si512(form->seen)));
    const uint32_t second_end = differs - to_second;
    is->levels[0] = first_end / A_LEVEL;
    is->levels[1] = second_end / A_LEVEL;
    is->second = first_end + to_second;
    is->last = first_end + differs;
    /* a list that was too long for ours ends in none; one that ended early has zeros behind it, which are no brackets that close */
    return is->levels[0] - 1 < MR_LEVELS_TOP_MAX && is->levels[1] - 1 < MR_LEVELS_TOP_MAX && is->last < 64 &&
           A_LEVEL * is->levels[0] == first_end && A_LEVEL * is->levels[1] == second_end &&
           (_mm512_cmpeq_epi8_mask(others, CONSTANT(closing)) >> is->last & 1);
}

/* Of up to sixteen levels in the order of the output: a byte each. In the four lanes of a register stand prices, sizes, counts, and counts
 * again. */
struct top_measures {
    __m512i begins, stops; /* in front of the number; its first byte that is no digit */
    __m128i price_end;     /* as if a price without a point had one behind it */
    __m128i shift[2];      /* zeros to add to price and size, in turn: of the first eight levels, and of the others */
};

/* One byte of a level's lane in both lists, of the levels of the first list and of the second. */
MR_INLINE __m512i of_levels(__m128i of_first, uint32_t first, uint32_t second, __mmask16 in_second)
{
    const __m128i moved = _mm_mask_set1_epi8(_mm_set1_epi8((char)first), in_second, (char)second);
    return _mm512_broadcast_i32x4(_mm_add_epi8(of_first, moved));
}

/* The levels' numbers are found in the lists, and none is longer than it may be, or begins with a zero too many. */
MR_INLINE bool measure(const struct top *t, const struct mr_levels_top *form, const struct top_shape *is,
                       struct top_measures *m)
{
    const __m128i fives = _mm_setr_epi8(0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75),
                  threes = _mm_setr_epi8(0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39, 42, 45);
    const uint32_t first = is->levels[0], second = is->levels[1];
    const __mmask16 in_second = (__mmask16)_bzhi_u32(0xffff, second);
    const __m512i others = of_levels(fives, 0 - A_LEVEL * second, is->second, in_second),
                  stops = of_levels(threes, 0 - NUMBERS * second, NUMBERS * first, in_second);
    m->begins = _mm512_permutexvar_epi8(_mm512_add_epi8(others, CONSTANT(begins)), t->others);
    m->stops = _mm512_permutexvar_epi8(_mm512_add_epi8(stops, CONSTANT(stops)), t->stops);
    const __m512i ends = _mm512_permutexvar_epi8(_mm512_add_epi8(others, CONSTANT(ends)), t->others);

    /* What all numbers have: digits in front, not too many, and no zero in front of another digit. Sizes and counts have no point. */
    const __m512i len_less_1 = _mm512_sub_epi8(_mm512_sub_epi8(m->stops, m->begins), CONSTANT(two));
    const uint32_t size_most = form->size_scale > 2 ? 17 - (uint32_t)form->size_scale : 15,
                   most = (17 - (uint32_t)form->price_scale) | size_most << 8 | 254u << 16;
    const __m512i head = bytes_at(t, _mm512_add_epi8(m->begins, CONSTANT(one)));
    uint64_t odd =
        _mm512_cmpgt_epu8_mask(
            len_less_1, _mm512_permutexvar_epi8(CONSTANT(kind), _mm512_castsi128_si512(_mm_cvtsi32_si128((int)most)))) |
        (_mm512_cmpneq_epi8_mask(ends, m->stops) & ~(uint64_t)0xffff) |
        _mm512_mask_test_epi8_mask(_mm512_testn_epi8_mask(head, head), len_less_1, len_less_1);

    /* And what follows a price's point. */
    const __m128i end = _mm512_castsi512_si128(ends), one = _mm512_castsi512_si128(CONSTANT(one)),
                  scale = _mm_set1_epi8(form->price_scale), size_scale = _mm_set1_epi8(form->size_scale);
    const __m128i behind_stop = _mm_sub_epi8(end, _mm512_castsi512_si128(m->stops)),
                  part = _mm_subs_epu8(behind_stop, one);
    odd |= _mm_cmpgt_epu8_mask(part, scale) | _mm_cmpeq_epi8_mask(behind_stop, one) |
           _mm_cmpgt_epu8_mask(_mm_add_epi8(part, _mm512_castsi512_si128(len_less_1)), _mm_set1_epi8(15));
    m->price_end = _mm_mask_add_epi8(end, _mm_testn_epi8_mask(behind_stop, behind_stop), end, one);
    const __m128i shift = _mm_sub_epi8(scale, part);
    m->shift[0] = _mm_unpacklo_epi8(shift, size_scale);
    m->shift[1] = _mm_unpackhi_epi8(shift, size_scale);
    return (odd & ((uint64_t)_bzhi_u32(0xffff, first + second) * 0x0000000100010001u)) == 0;
}

/* The digits at these positions; zeros for those in front of the number. */
MR_INLINE __m512i digits_at(const struct top *t, __m512i at, __m512i begins)
{
    return _mm512_maskz_mov_epi8(_mm512_cmpgt_epu8_mask(at, begins), bytes_at(t, at));
}

/* The four 4-digit integers of a lane. */
MR_INLINE __m512i fours(__m512i digits)
{
    return _mm512_madd_epi16(_mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x010a)), _mm512_set1_epi32(0x00010064));
}

/* Four of the `levels`, zeros for those that are not there. The prices' digits, of which the last may turn out to be none. */
MR_INLINE __m512i convert(const struct top *t, const struct top_measures *m, uint32_t group, uint32_t levels,
                          struct mr_level *out)
{
    const __m512i of_price = CONSTANT(price[group]), of_size = CONSTANT(size[group]);
    __m512i at =
        _mm512_subs_epu8(_mm512_permutexvar_epi8(of_price, _mm512_castsi128_si512(m->price_end)), CONSTANT(back));
    const __mmask64 whole = _mm512_cmple_epu8_mask(at, _mm512_permutexvar_epi8(of_price, m->stops));
    at = _mm512_mask_subs_epu8(at, whole, at, CONSTANT(one));
    const __m512i price = digits_at(t, at, _mm512_permutexvar_epi8(of_price, m->begins));
    at = _mm512_subs_epu8(_mm512_permutexvar_epi8(of_size, m->stops), CONSTANT(back));
    const __m512i size = digits_at(t, at, _mm512_permutexvar_epi8(of_size, m->begins));
    const __m512i eights =
        _mm512_madd_epi16(_mm512_packus_epi32(fours(price), fours(size)), _mm512_set1_epi32(0x00012710));
    const __m512i sum =
        _mm512_add_epi64(_mm512_mul_epu32(eights, _mm512_set1_epi64(100000000)), _mm512_srli_epi64(eights, 32));
    const __m128i shift = group % 2 ? _mm_srli_si128(m->shift[group / 2], 8) : m->shift[group / 2];
    const __m512i pow = _mm512_permutex2var_epi64(_mm512_loadu_si512(mr_pow10), _mm512_cvtepu8_epi64(shift),
                                                  _mm512_loadu_si512(mr_pow10 + 8));
    const __mmask8 there = (__mmask8)_bzhi_u32(0xff, 2 * (levels - 4 * group));
    _mm512_storeu_si512(out + (size_t)4 * group, _mm512_maskz_mullo_epi64(there, sum, pow));
    return price;
}

int64_t mr_levels_top_avx512(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_top *form,
                             struct mr_level out[MR_LEVELS_TOP_MAX], uint32_t count[2])
{
    const uint8_t *p = data + pos;
    const ptrdiff_t room = (ptrdiff_t)len - (ptrdiff_t)pos;
    struct top list = {.constants = &constants}, *t = &list;
    struct top_shape is;
    struct top_measures m;
    __asm__("" : "+r"(t->constants)); /* unknown to the compiler: see there */
    if (mr_unlikely(form->price_scale > SCALE_MAX || form->size_scale > SCALE_MAX))
        return MR_E_AGAIN;
    take_block(t, 0, p, room);
    take_block(t, 1, p + 64, room - 64);
    take_block(t, 2, p + 128, room - 128);
    if (mr_unlikely(t->other_count < 64)) /* else it is too long, or its end has been seen */
        take_block(t, 3, p + 192, room - 192);
    else
        t->text[3] = _mm512_setzero_si512();
    if (mr_unlikely(!look_at_shape(t, form, &is) || !measure(t, form, &is, &m)))
        return MR_E_AGAIN;
    count[0] = is.levels[0];
    count[1] = is.levels[1];
    const uint32_t levels = count[0] + count[1];
    __m512i digits = convert(t, &m, 0, levels, out);
    if (mr_likely(levels > 4))
        digits = _mm512_max_epu8(digits, convert(t, &m, 1, levels, out));
    if (mr_likely(levels > 8))
        digits = _mm512_max_epu8(digits, convert(t, &m, 2, levels, out));
    /* Digits where none belong make those behind them other levels' numbers, which are judged; but behind the last one there is none. */
    const __m512i closing = _mm512_permutexvar_epi8(
        _mm512_castsi128_si512(_mm_cvtsi32_si128((int)(is.last << 8 | (is.last - 1)))), t->others);
    const uint32_t both = (uint32_t)_mm_cvtsi128_si32(_mm512_castsi512_si128(closing)), last = both >> 8 & 0xff;
    if (mr_unlikely((both & 0xff) + 1 != last ||
                    _mm512_cmpgt_epu8_mask(digits, CONSTANT(nine)))) /* or a second point */
        return MR_E_AGAIN;
    return (int64_t)pos + last + 1;
}
