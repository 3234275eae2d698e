/* Bytes by their kind, 64 at a time: the one thing a kernel is about. MR_KERNEL_WIDTH is the vector's bytes,
 * 0 for plain C.
 *
 * The cursor keeps the masks of the block it stands in, so that a token costs a shift and a count of zeros, and
 * each byte is looked at by a vector once.
 *
 * Bounds  nothing outside [data, data + len) is read: the last block is loaded with a mask (AVX-512), or as
 *         the last 64 bytes of the text shifted down, or, of a text shorter than that, from a copy. */
#ifndef MR_JSON_JSON_SCAN_H
#define MR_JSON_JSON_SCAN_H

#include "codecs/json/json_priv.h"

#if MR_KERNEL_WIDTH
#include "codecs/json/json_utf8.h"
#endif

enum { BLOCK_BYTES = 64 };

MR_INLINE bool is_blank(uint8_t c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

MR_INLINE bool is_digit(uint8_t c) { return (uint8_t)(c - '0') < 10; }

/* One bit a byte of a block. Bytes behind the end of the text count as special: a run of anything ends there. */
struct kinds {
    uint64_t special; /* quote, backslash, control, beyond ASCII */
    uint64_t beyond;  /* beyond ASCII */
    uint64_t digits;
};

#if MR_KERNEL_WIDTH == 64

typedef __m512i block_t;

MR_INLINE block_t block_load(const uint8_t *data, uint32_t base, uint32_t len)
{
    uint32_t left = len - base;
    if (mr_likely(left >= BLOCK_BYTES))
        return _mm512_loadu_si512(data + base);
    return _mm512_maskz_loadu_epi8(_bzhi_u64(~(uint64_t)0, left), data + base);
}

MR_INLINE struct kinds block_kinds(block_t x)
{
    /* 0x20..0x7f are the 0x60 values above the control characters; what wraps is either control or beyond ASCII */
    __mmask64 odd = _mm512_cmpge_epu8_mask(_mm512_sub_epi8(x, _mm512_set1_epi8(0x20)), _mm512_set1_epi8(0x60));
    __mmask64 quote = _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('"'));
    __mmask64 backslash = _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('\\'));
    __mmask64 digit = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(x, _mm512_set1_epi8('0')), _mm512_set1_epi8(10));
    return (struct kinds){odd | quote | backslash, _mm512_movepi8_mask(x), digit};
}

MR_INLINE uint64_t block_blanks(block_t x)
{
    return _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8(' ')) | _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('\n')) |
           _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('\r')) | _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8('\t'));
}

MR_INLINE struct kinds kinds_at(const uint8_t *data, uint32_t base, uint32_t len)
{
    return block_kinds(block_load(data, base, len));
}

MR_INLINE uint64_t blanks_at(const uint8_t *data, uint32_t base, uint32_t len)
{
    return block_blanks(block_load(data, base, len));
}

#else

#if MR_KERNEL_WIDTH == 32

#define STEP 32
typedef __m256i vector_t;
#define LOAD(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define ALL(c) _mm256_set1_epi8((char)(c))
#define SAME(x, y) _mm256_cmpeq_epi8(x, y)
#define EITHER(x, y) _mm256_or_si256(x, y)
#define LESS(x, y) _mm256_cmpgt_epi8(y, x) /* signed: beyond ASCII is below zero */
#define MINUS(x, y) _mm256_sub_epi8(x, y)
#define BITS(x) ((uint64_t)(uint32_t)_mm256_movemask_epi8(x))

#elif MR_KERNEL_WIDTH == 16

#define STEP 16
typedef __m128i vector_t;
#define LOAD(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define ALL(c) _mm_set1_epi8((char)(c))
#define SAME(x, y) _mm_cmpeq_epi8(x, y)
#define EITHER(x, y) _mm_or_si128(x, y)
#define LESS(x, y) _mm_cmplt_epi8(x, y)
#define MINUS(x, y) _mm_sub_epi8(x, y)
#define BITS(x) ((uint64_t)(uint32_t)_mm_movemask_epi8(x))

#endif

#if MR_KERNEL_WIDTH

MR_INLINE struct kinds step_kinds(const uint8_t *p)
{
    vector_t x = LOAD(p);
    vector_t special = EITHER(LESS(x, ALL(0x20)), EITHER(SAME(x, ALL('"')), SAME(x, ALL('\\'))));
    /* '0' goes to the least signed value, so that one comparison does for both ends */
    vector_t digit = LESS(MINUS(x, ALL('0' - 128)), ALL(-128 + 10));
    return (struct kinds){BITS(special), BITS(x), BITS(digit)};
}

MR_INLINE uint64_t step_blanks(const uint8_t *p)
{
    vector_t x = LOAD(p);
    return BITS(EITHER(EITHER(SAME(x, ALL(' ')), SAME(x, ALL('\n'))), EITHER(SAME(x, ALL('\r')), SAME(x, ALL('\t')))));
}

#else

/* Plain C: eight bytes in a word, a comparison leaves its answer in each byte's top bit. */
#define STEP 8
#define EACH(c) (0x0101010101010101u * (uint64_t)(c))
#define TOPS EACH(0x80)

/* The eight top bits side by side: byte i's becomes bit i. */
MR_INLINE uint64_t tops(uint64_t x) { return ((x & TOPS) >> 7) * 0x0102040810204080u >> 56; }

MR_INLINE uint64_t word_load(const uint8_t *p)
{
    uint64_t x = 0;
    memcpy(&x, p, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

/* Of bytes below 0x80: top bit set where byte >= n. */
MR_INLINE uint64_t at_least(uint64_t low7, unsigned n) { return low7 + EACH(0x80 - n); }

MR_INLINE uint64_t differs(uint64_t low7, uint8_t c) { return at_least(low7 ^ EACH(c), 1); }

MR_INLINE struct kinds step_kinds(const uint8_t *p)
{
    uint64_t x = word_load(p), low = x & ~TOPS;
    uint64_t plain = at_least(low, 0x20) & differs(low, '"') & differs(low, '\\') & ~x;
    return (struct kinds){tops(~plain), tops(x), tops(at_least(low, '0') & ~at_least(low, '9' + 1) & ~x)};
}

MR_INLINE uint64_t step_blanks(const uint8_t *p)
{
    uint64_t x = word_load(p), low = x & ~TOPS;
    return tops(~(differs(low, ' ') & differs(low, '\n') & differs(low, '\r') & differs(low, '\t')) & ~x);
}

#endif

MR_INLINE struct kinds whole_kinds(const uint8_t *p)
{
    struct kinds all = {0, 0, 0};
    for (uint32_t i = 0; i < BLOCK_BYTES; i += STEP) {
        struct kinds k = step_kinds(p + i);
        all.special |= k.special << i;
        all.beyond |= k.beyond << i;
        all.digits |= k.digits << i;
    }
    return all;
}

MR_INLINE uint64_t whole_blanks(const uint8_t *p)
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < BLOCK_BYTES; i += STEP)
        all |= step_blanks(p + i) << i;
    return all;
}

MR_INLINE struct kinds kinds_at(const uint8_t *data, uint32_t base, uint32_t len)
{
    uint32_t left = len - base;
    if (mr_likely(left >= BLOCK_BYTES))
        return whole_kinds(data + base);
    if (mr_likely(base > 0)) {
        struct kinds k = whole_kinds(data + len - BLOCK_BYTES);
        uint32_t before = BLOCK_BYTES - left;
        return (struct kinds){k.special >> before | ~(uint64_t)0 << left, k.beyond >> before, k.digits >> before};
    }
    uint8_t copy[BLOCK_BYTES] = {0}; /* zero is a control character */
    memcpy(copy, data, left);
    return whole_kinds(copy);
}

MR_INLINE uint64_t blanks_at(const uint8_t *data, uint32_t base, uint32_t len)
{
    uint32_t left = len - base;
    if (mr_likely(left >= BLOCK_BYTES))
        return whole_blanks(data + base);
    if (base > 0)
        return whole_blanks(data + len - BLOCK_BYTES) >> (BLOCK_BYTES - left);
    uint8_t copy[BLOCK_BYTES] = {0};
    memcpy(copy, data, left);
    return whole_blanks(copy);
}

#endif

/* The masks of the block at `base`, which is inside the text. Out of line, so that its callers stay free of vector
 * registers and what they cost to have. */
static __attribute__((noinline)) void enter_block(struct mr_json *j, uint32_t base)
{
    struct kinds k = kinds_at(j->data, base, j->len);
    j->block = base;
    j->special = k.special;
#if MR_KERNEL_WIDTH
    if (mr_unlikely(k.beyond))
        j->special = (k.special & ~k.beyond) | utf8_left(j->data, base, j->len, k.beyond);
#endif
    j->digits = k.digits;
}

/* First byte at or behind `pos` that a string cannot hold as it stands (quote, backslash, control, beyond
 * ASCII), or len. */
MR_INLINE uint32_t scan_string(struct mr_json *j, uint32_t pos)
{
    while (mr_likely(pos < j->len)) {
        uint32_t base = pos & ~(uint32_t)(BLOCK_BYTES - 1);
        if (mr_unlikely(base != j->block))
            enter_block(j, base);
        uint64_t from = j->special >> (pos & (BLOCK_BYTES - 1));
        if (mr_likely(from))
            return pos + (uint32_t)__builtin_ctzll(from);
        if (mr_unlikely(j->len - base <= BLOCK_BYTES))
            break;
        pos = base + BLOCK_BYTES;
    }
    return j->len;
}

/* First byte at or behind `pos` that is no digit, or len. */
MR_INLINE uint32_t scan_digits(struct mr_json *j, uint32_t pos)
{
    while (mr_likely(pos < j->len)) {
        uint32_t base = pos & ~(uint32_t)(BLOCK_BYTES - 1);
        if (mr_unlikely(base != j->block))
            enter_block(j, base);
        uint64_t from = ~j->digits >> (pos & (BLOCK_BYTES - 1));
        if (mr_likely(from))
            return pos + (uint32_t)__builtin_ctzll(from);
        if (mr_unlikely(j->len - base <= BLOCK_BYTES))
            break;
        pos = base + BLOCK_BYTES;
    }
    return j->len;
}

/* First byte at or behind `pos` that is no blank, or len. Long runs only occur in texts made for people. */
static __attribute__((noinline)) uint32_t scan_blanks(const struct mr_json *j, uint32_t pos)
{
    for (uint32_t near = 0; near < 2; near++, pos++)
        if (pos >= j->len || !is_blank(j->data[pos]))
            return pos;
    while (pos < j->len) {
        uint32_t base = pos & ~(uint32_t)(BLOCK_BYTES - 1);
        uint64_t from = ~blanks_at(j->data, base, j->len) >> (pos & (BLOCK_BYTES - 1));
        if (from) {
            pos += (uint32_t)__builtin_ctzll(from);
            return pos < j->len ? pos : j->len;
        }
        if (mr_unlikely(j->len - base <= BLOCK_BYTES))
            break;
        pos = base + BLOCK_BYTES;
    }
    return j->len;
}

#endif
