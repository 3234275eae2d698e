/* Second half of the AVX-512 kernel: four levels at once, their prices in the four lanes of one vector and their sizes
 * in those of another. Each number is moved to the right end of its lane, over its point (mr_fixed_16 does the same for
 * one). */
#ifndef MR_JSON_LEVELS_AVX512_H
#define MR_JSON_LEVELS_AVX512_H

#include "codecs/json/levels_lists.h"
#include "codecs/json/levels_walk.h"
#include "codecs/json/levels_window.h"

/* As in levels_vector.h: the lists are written by compressing stores. */
// NOLINTBEGIN(clang-analyzer-core.CallAndMessage,clang-analyzer-core.UndefinedBinaryOperatorResult)

#define MR_LEVELS_SCALE_MAX 15 /* of the vector way: powers of ten in two registers */
#define MR_LEVELS_GROUP 4

/* What is the same for all groups of one call. */
struct mr_levels_vector {
    const uint8_t *data; /* of the stretch: its first number */
    uint32_t len;        /* from there to the end of the buffer */
    __m128i text;   /* bytes between what closes before and the number; 16 bits each: price, size, price, size, ... */
    __m128i places; /* decimals that the scale has, and one; alike */
    __m128i whole_most; /* digits that may stand in front of the point, less one; alike */
    __m512i pow_low, pow_high;
    __m512i least_low, least_high; /* the least number of so many digits, by their count and one */
};

MR_INLINE void mr_levels_prepare(struct mr_levels_vector *v, const struct mr_levels_spelling *s,
                                 const struct mr_levels_scan *scan)
{
    static const int64_t least[16] MR_ALIGNED = {
        100000000000000, 1000000000000000, 1,        10,        100,        1000,        10000,
        100000,          1000000,          10000000, 100000000, 1000000000, 10000000000, 100000000000,
        1000000000000,   10000000000000};
    __m128i scale = _mm_set1_epi32(scan->price_scale | scan->size_scale << 16);
    v->text = _mm_set1_epi32(s->behind[s->numbers - 1].len | s->behind[0].len << 16);
    v->places = _mm_add_epi16(scale, _mm_set1_epi16(1));
    v->whole_most = _mm_sub_epi16(_mm_set1_epi16(17), scale);
    v->pow_low = _mm512_loadu_si512(mr_pow10);
    v->pow_high = _mm512_loadu_si512(mr_pow10 + 8);
    v->least_low = _mm512_load_si512(least);
    v->least_high = _mm512_load_si512(least + 8);
}

/* The eight numbers of a group, price and size in turn, 16 bits each. */
struct mr_levels_numbers {
    __m128i start, whole, behind,
        end; /* digits before the point; behind it, and one for it, whether there is one or not; the sum of both */
    __m128i unusual; /* not 0: the number is */
};

/* `most`: of a number's digits and its point. */
MR_INLINE struct mr_levels_numbers mr_levels_measure(const struct mr_levels_vector *v,
                                                     const struct mr_levels_spelling *s, __m128i before, __m128i close,
                                                     __m128i point, uint16_t most)
{
    struct mr_levels_numbers n;
    const __m128i one = _mm_set1_epi16(1), rest = _mm_sub_epi16(close, point);
    n.start = _mm_add_epi16(before, v->text);
    n.whole = _mm_sub_epi16(point, n.start);
    n.behind = _mm_max_epu16(rest, one);
    n.end = _mm_add_epi16(n.whole, n.behind);
    n.unusual = _mm_or_si128(_mm_subs_epu16(n.end, _mm_set1_epi16((short)most)), _mm_subs_epu16(n.behind, v->places));
    n.unusual = _mm_or_si128(n.unusual, _mm_subs_epu16(_mm_sub_epi16(n.whole, one), v->whole_most));
    if (!mr_levels_judged(s)) /* a point, and nothing behind it */
        n.unusual = _mm_or_si128(n.unusual, _mm_cmpeq_epi16(rest, one));
    return n;
}

/* Where in its number each digit of four stands, right-aligned in their lanes: as if a point stood behind a number that has none, and with
 * the point passed over. `pick` spreads the measures of these four over their lanes. */
MR_INLINE __m512i mr_levels_spread(__m512i pick, __m128i measures)
{
    return _mm512_permutexvar_epi8(pick, _mm512_castsi128_si512(measures));
}
MR_INLINE __m512i mr_levels_places(const struct mr_levels_numbers *n, __m512i pick, __mmask64 *before_point)
{
    const __m512i places =
        _mm512_broadcast_i32x4(_mm_setr_epi8(-16, -15, -14, -13, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1));
    __m512i at = _mm512_add_epi8(places, mr_levels_spread(pick, n->end));
    *before_point = _mm512_cmple_epi8_mask(at, mr_levels_spread(pick, n->whole));
    return at;
}

/* 16 digits a lane as four 4-digit integers. */
MR_INLINE __m512i mr_levels_fours(__m512i digits)
{
    return _mm512_madd_epi16(_mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x010a)), _mm512_set1_epi32(0x00010064));
}

/* Eight numbers from the digits of four prices and four sizes, in the order of struct mr_level. */
MR_INLINE __m512i mr_levels_values(const struct mr_levels_vector *v, const struct mr_levels_spelling *s,
                                   struct mr_levels_numbers *n, __m512i prices, __m512i sizes)
{
    __m512i fours = _mm512_packus_epi32(mr_levels_fours(prices), mr_levels_fours(sizes));
    __m512i eights = _mm512_madd_epi16(fours, _mm512_set1_epi32(0x00012710));
    __m512i sum =
        _mm512_add_epi64(_mm512_mul_epu32(eights, _mm512_set1_epi64(100000000)), _mm512_srli_epi64(eights, 32));
    __m512i shift = _mm512_cvtepu16_epi64(_mm_sub_epi16(v->places, n->behind));
    if (!mr_levels_judged(
            s)) { /* a zero in front of another digit: then the number is less than its digits let it be */
        __m512i end = _mm512_cvtepu16_epi64(n->end);
        __mmask8 less = _mm512_cmplt_epu64_mask(sum, _mm512_permutex2var_epi64(v->least_low, end, v->least_high));
        less = _mm_mask_cmpgt_epu16_mask(less, n->whole, _mm_set1_epi16(1));
        n->unusual = _mm_mask_set1_epi16(n->unusual, less, 1);
    }
    return _mm512_mullo_epi64(sum, _mm512_permutex2var_epi64(v->pow_low, shift, v->pow_high));
}

/* What is no digit among these of the first `levels`. */
MR_INLINE __mmask64 mr_levels_odd(__m512i prices, __m512i sizes, uint32_t levels)
{
    return _mm512_mask_cmpgt_epu8_mask(_bzhi_u64(UINT64_MAX, 16 * levels), _mm512_max_epu8(prices, sizes),
                                       _mm512_set1_epi8(9));
}

/* 16 bytes from there or, where not `all` are known to be inside the buffer, as many as it has; none if not `wanted`. */
MR_INLINE __m128i mr_levels_lane(const struct mr_levels_vector *v, uint16_t listed, int ahead, bool all, bool wanted)
{
    if (!all && !wanted)
        return _mm_setzero_si128();
    const uint8_t *at = mr_levels_at(v->data, listed, ahead);
    ptrdiff_t room = v->data + v->len - at;
    if (all || mr_levels_usual(room >= 16)) /* a masked load of text that was just decrypted waits for the stores */
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

MR_INLINE __m512i mr_levels_lane_digits(const struct mr_levels_numbers *n, __m512i pick, __m512i text)
{
    __mmask64 before_point;
    __m512i at = mr_levels_places(n, pick, &before_point);
    at = _mm512_mask_add_epi8(at, before_point, at, _mm512_set1_epi8(-1));
    return _mm512_shuffle_epi8(_mm512_sub_epi8(text, _mm512_set1_epi8('0')), at);
}

#define MR_LEVELS_OF_PRICES                                                                                            \
    _mm512_set_epi64(0x0c0c0c0c0c0c0c0c, 0x0c0c0c0c0c0c0c0c, 0x0808080808080808, 0x0808080808080808,                   \
                     0x0404040404040404, 0x0404040404040404, 0, 0)
#define MR_LEVELS_OF_SIZES _mm512_add_epi8(MR_LEVELS_OF_PRICES, _mm512_set1_epi8(2))

/* `levels` (4, or fewer with `all` false) levels whose first number closes at close[0]. false: a number is not as usual;
 * what stands in `out` then means nothing. */
MR_INLINE bool mr_levels_group(const struct mr_levels_vector *v, const struct mr_levels_spelling *s,
                               const uint16_t *close, const uint16_t *point, uint32_t levels, bool all,
                               struct mr_level *out)
{
    __m128i shut = mr_levels_pick(s, close);
    struct mr_levels_numbers n =
        mr_levels_measure(v, s, mr_levels_pick_before(s, close, shut), shut, mr_levels_pick(s, point), 16);
    __m128i lane[2 * MR_LEVELS_GROUP];
    for (uint32_t i = 0; i < MR_LEVELS_GROUP; i++) {
        lane[i] = mr_levels_lane(v, close[(int)(s->numbers * i) - 1], s->behind[s->numbers - 1].len, all, i < levels);
        lane[4 + i] = mr_levels_lane(v, close[s->numbers * i], s->behind[0].len, all, i < levels);
    }
    __m512i prices =
        mr_levels_lane_digits(&n, MR_LEVELS_OF_PRICES, mr_levels_lanes(lane[0], lane[1], lane[2], lane[3]));
    __m512i sizes = mr_levels_lane_digits(&n, MR_LEVELS_OF_SIZES, mr_levels_lanes(lane[4], lane[5], lane[6], lane[7]));
    __m512i values = mr_levels_values(v, s, &n, prices, sizes);
    __mmask8 counted = (__mmask8)_bzhi_u32(0xff, 2 * levels);
    if (all)
        _mm512_storeu_si512(out, values);
    else
        _mm512_mask_storeu_epi64(out, counted, values);
    return (_mm_test_epi16_mask(n.unusual, n.unusual) & counted) == 0 && mr_levels_odd(prices, sizes, levels) == 0 &&
           !mr_levels_broken_count(s, close, point, levels);
}

/* ---- the same where 128 bytes hold four levels and their texts ---- */

MR_INLINE bool mr_levels_windowed(const struct mr_levels_spelling *s)
{
    return 4 * mr_levels_texts(s) <= MR_LEVELS_WINDOW_TEXTS;
}

/* Constants that every group needs, kept from being made anew for each. */
struct mr_levels_constants {
    __m512i number, ahead, text; /* of struct mr_levels_window */
    __m512i of_prices, of_sizes;
    uint64_t judged[2]; /* bytes of the texts: all, and those of the array's last levels */
};

MR_INLINE struct mr_levels_constants mr_levels_constants_of(const struct mr_levels_spelling *s)
{
    const struct mr_levels_window *window = &mr_levels_windows[s - mr_levels_spellings];
    struct mr_levels_constants c = {
        .number = _mm512_load_si512(window->number),
        .ahead = _mm512_load_si512(window->ahead),
        .text = _mm512_load_si512(window->text),
        .of_prices = MR_LEVELS_OF_PRICES,
        .of_sizes = MR_LEVELS_OF_SIZES,
        .judged = {mr_levels_texts_mask(s, false), mr_levels_texts_mask(s, true)},
    };
    return c;
}

struct mr_levels_view {
    __m512i low, high;
    __m128i origin; /* what a listed place of the first of these bytes would be: 16 bits, alike */
};

/* The bytes from the group's first number, or the last ones of the buffer, which has as many. False: they do not hold the group. */
MR_INLINE bool mr_levels_see(const struct mr_levels_vector *v, const struct mr_levels_spelling *s,
                             const uint16_t *close, struct mr_levels_view *view)
{
    const uint8_t text = s->behind[s->numbers - 1].len, *end = v->data + v->len - MR_LEVELS_WINDOW;
    uint32_t first = close[-1], last = close[s->numbers * MR_LEVELS_GROUP - 1];
    const uint8_t *from = mr_levels_at(v->data, (uint16_t)first, text);
    if (mr_levels_unusual(last - first > MR_LEVELS_WINDOW))
        return false;
    from = from > end ? end : from;
    view->low = _mm512_loadu_si512(from);
    view->high = _mm512_loadu_si512(from + 64);
    view->origin = _mm_set1_epi16((short)(from - v->data + MR_LEVELS_BIAS));
    return true;
}

/* Bytes of the texts that differ. */
MR_INLINE __mmask64 mr_levels_text_differs(const struct mr_levels_view *view, const struct mr_levels_constants *c,
                                           __m256i closes, uint64_t judged)
{
    closes = _mm256_sub_epi16(closes, _mm256_broadcastw_epi16(view->origin));
    __m512i at = _mm512_add_epi8(_mm512_permutexvar_epi8(c->number, _mm512_castsi256_si512(closes)), c->ahead);
    return _mm512_mask_cmpneq_epi8_mask(judged, _mm512_permutex2var_epi8(view->low, at, view->high), c->text);
}

MR_INLINE __m512i mr_levels_view_digits(const struct mr_levels_view *view, const struct mr_levels_numbers *n,
                                        __m128i start, __m512i pick)
{
    __mmask64 before_point;
    __m512i at = mr_levels_places(n, pick, &before_point);
    __mmask64 there = _mm512_cmpgt_epi8_mask(at, _mm512_setzero_si512());
    at = _mm512_add_epi8(at, mr_levels_spread(pick, start));
    at = _mm512_mask_add_epi8(at, before_point, at, _mm512_set1_epi8(-1));
    return _mm512_maskz_sub_epi8(there, _mm512_permutex2var_epi8(view->low, at, view->high), _mm512_set1_epi8('0'));
}

/* Four levels that the view holds. MR_OK; 1 a text between is not as usual; MR_E_AGAIN a number is not, and what stands in `out` means
 * nothing. */
MR_INLINE int mr_levels_group_seen(const struct mr_levels_vector *v, const struct mr_levels_spelling *s,
                                   const struct mr_levels_constants *c, const struct mr_levels_view *view,
                                   const uint16_t *close, const uint16_t *point, bool last, struct mr_level *out)
{
    __m128i shut = mr_levels_pick(s, close);
    struct mr_levels_numbers n =
        mr_levels_measure(v, s, mr_levels_pick_before(s, close, shut), shut, mr_levels_pick(s, point), 17);
    __m256i closes =
        s->numbers == 2 ? _mm256_castsi128_si256(shut) : _mm256_loadu_si256((const __m256i *)(const void *)close);
    __mmask64 differs = mr_levels_text_differs(view, c, closes, c->judged[last]);
    __m128i start = _mm_sub_epi16(n.start, view->origin);
    __m512i prices = mr_levels_view_digits(view, &n, start, c->of_prices),
            sizes = mr_levels_view_digits(view, &n, start, c->of_sizes);
    _mm512_storeu_si512(out, mr_levels_values(v, s, &n, prices, sizes));
    __mmask64 odd = mr_levels_odd(prices, sizes, MR_LEVELS_GROUP);
    if (mr_levels_usual((differs | odd) == 0 && _mm_testz_si128(n.unusual, n.unusual)) &&
        !mr_levels_broken_count(s, close, point, MR_LEVELS_GROUP))
        return MR_OK;
    return differs ? 1 : MR_E_AGAIN;
}

// NOLINTEND(clang-analyzer-core.CallAndMessage,clang-analyzer-core.UndefinedBinaryOperatorResult)

#endif
