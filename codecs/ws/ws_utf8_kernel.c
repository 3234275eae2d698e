/* The text check, compiled once a kernel. ASCII goes by a vector at a time; blocks with other characters by the lookup
 * method the JSON kernels use; only where something is wrong, or at the seams, character by character.
 *
 * The state between parts: 0, or what the next bytes of the sequence begun may be: how many are missing (bits 0-7),
 * lowest (8-15) and highest (16-23) value of the next. */
#include "codecs/ws/ws_priv.h"

#if MR_KERNEL_WIDTH > 0
#include "codecs/json/utf8_step.h"
#endif

#define MR_GLUE2(a, b) a##b
#define MR_GLUE(a, b) MR_GLUE2(a, b)

MR_INLINE uint32_t expect(uint32_t missing, uint32_t low, uint32_t high) { return missing | low << 8 | high << 16; }

/* The table of RFC 3629, section 4: only the second byte's range depends on the first. */
static uint32_t lead(uint8_t c)
{
    if (c < 0x80)
        return 0;
    if (c >= 0xc2 && c <= 0xdf)
        return expect(1, 0x80, 0xbf);
    if (c >= 0xe0 && c <= 0xef)
        return expect(2, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf);
    if (c >= 0xf0 && c <= 0xf4)
        return expect(3, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf);
    return MR_WS_UTF8_BAD;
}

MR_INLINE uint32_t step(uint32_t state, uint8_t c)
{
    if (state == 0)
        return lead(c);
    if (state == MR_WS_UTF8_BAD || c < (state >> 8 & 0xff) || c > (state >> 16 & 0xff))
        return MR_WS_UTF8_BAD;
    return (state & 0xff) == 1 ? 0 : expect((state & 0xff) - 1, 0x80, 0xbf);
}

#if MR_KERNEL_WIDTH == 64
typedef __m512i vector;
MR_INLINE vector load(const uint8_t *p) { return _mm512_loadu_si512(p); }
MR_INLINE vector either(vector a, vector b) { return _mm512_or_si512(a, b); }
MR_INLINE bool beyond(vector v) { return _mm512_movepi8_mask(v) != 0; }
#elif MR_KERNEL_WIDTH == 32
typedef __m256i vector;
MR_INLINE vector load(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }
MR_INLINE vector either(vector a, vector b) { return _mm256_or_si256(a, b); }
MR_INLINE bool beyond(vector v) { return _mm256_movemask_epi8(v) != 0; }
#elif MR_KERNEL_WIDTH == 16
typedef __m128i vector;
MR_INLINE vector load(const uint8_t *p) { return utf8_load(p); }
MR_INLINE vector either(vector a, vector b) { return _mm_or_si128(a, b); }
MR_INLINE bool beyond(vector v) { return _mm_movemask_epi8(v) != 0; }
#else
#undef MR_KERNEL_WIDTH
#define MR_KERNEL_WIDTH 8
typedef uint64_t vector;
MR_INLINE vector load(const uint8_t *p)
{
    vector v;
    memcpy(&v, p, 8);
    return v;
}
MR_INLINE vector either(vector a, vector b) { return a | b; }
MR_INLINE bool beyond(vector v) { return (v & 0x8080808080808080u) != 0; }
#endif
enum { W = MR_KERNEL_WIDTH };

/* Less than a vector is left, from `i` on. */
MR_INLINE uint32_t ascii_short(const uint8_t *data, uint32_t i, uint32_t len)
{
#if MR_KERNEL_WIDTH == 64
    __mmask64 rest = ~(~(uint64_t)0 << (len - i));
    return beyond(_mm512_maskz_loadu_epi8(rest, data + i)) ? i : len;
#else
    uint64_t word, last;
    for (; len - i >= 8; i += 8) {
        memcpy(&word, data + i, 8);
        if (word & 0x8080808080808080u)
            return i;
    }
    if (len < 8)
        return i;
    memcpy(&last, data + len - 8, 8); /* looked at already but for its end */
    return i == len || (last >> 8 * (8 - (len - i))) & 0x8080808080808080u ? i : len;
#endif
}

/* Bytes of ASCII from `data` on: never more than there are, maybe fewer. Ends are looked at by vectors that overlap those
 * before, so that there is no loop over what is left. */
MR_INLINE uint32_t ascii(const uint8_t *data, uint32_t len)
{
    uint32_t i = 0;
    for (; len - i >= 4 * W; i += 4 * W) {
        const uint8_t *p = data + i;
        if (beyond(either(either(load(p), load(p + W)), either(load(p + 2 * W), load(p + 3 * W)))))
            break;
    }
    const uint8_t *p = data + i, *stop = data + len;
    if (len - i >= 4 * W) /* it is in these: how far it goes without */
        for (;; i += W)
            if (beyond(load(data + i)))
                return i;
    if (len - i >= 2 * W)
        return beyond(either(either(load(p), load(p + W)), either(load(stop - 2 * W), load(stop - W)))) ? i : len;
    if (len - i >= W)
        return beyond(either(load(p), load(stop - W))) ? i : len;
    if (len >=
        W) /* looked at already but for its end; a load under a mask may wait for the stores of who made the text */
        return beyond(load(stop - W)) ? i : len;
    return ascii_short(data, i, len);
}

#if MR_KERNEL_WIDTH > 8
/* Bytes of whole characters from `pos` on, by blocks of 64 that are well-formed. A character ends before `pos`. */
static uint32_t blocks(const uint8_t *data, uint32_t pos, uint32_t len)
{
    uint32_t start = pos;
    while (pos >= 3 && len - pos >= 64) {
        const uint8_t *p = data + pos, *stop = p + 64;
        __m128i wrong = _mm_or_si128(_mm_or_si128(utf8_step(p), utf8_step(p + 16)),
                                     _mm_or_si128(utf8_step(p + 32), utf8_step(p + 48)));
        if (!_mm_testz_si128(wrong, wrong))
            break;
        pos += 64; /* less what is the begin of a character that ends behind the block */
        pos -= stop[-1] >= 0xc0 ? 1 : stop[-2] >= 0xe0 ? 2 : stop[-3] >= 0xf0 ? 3 : 0;
    }
    return pos - start;
}
#else
static uint32_t blocks(const uint8_t *data, uint32_t pos, uint32_t len)
{
    (void)data, (void)pos, (void)len;
    return 0;
}
#endif

uint32_t MR_GLUE(mr_ws_utf8_, MR_KERNEL)(const uint8_t *data, uint32_t len, uint32_t state)
{
    uint32_t i = 0;
    for (;;) {
        if (mr_likely(state == 0)) {
            i += ascii(data + i, len - i);
            if (mr_likely(i == len))
                return 0;
            i += blocks(data, i, len);
        }
        if (i == len || state == MR_WS_UTF8_BAD)
            return state;
        /* one character, or what there is of it */
        do
            state = step(state, data[i++]);
        while (i < len && state != 0 && state != MR_WS_UTF8_BAD);
    }
}
