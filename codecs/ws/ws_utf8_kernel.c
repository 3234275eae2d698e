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

/* Bytes of ASCII from `data` on, by whole vectors: never more than there are, maybe fewer. */
MR_INLINE uint32_t ascii(const uint8_t *data, uint32_t len)
{
    uint32_t i = 0;
#if MR_KERNEL_WIDTH == 64
    for (; len - i >= 64; i += 64)
        if (_mm512_movepi8_mask(_mm512_loadu_si512(data + i)))
            return i;
    __mmask64 rest = ~(~(uint64_t)0 << (len - i));
    return _mm512_movepi8_mask(_mm512_maskz_loadu_epi8(rest, data + i)) ? i : len;
#elif MR_KERNEL_WIDTH == 32
    for (; len - i >= 32; i += 32)
        if (_mm256_movemask_epi8(_mm256_loadu_si256((const __m256i *)(const void *)(data + i))))
            return i;
    if (i > 0 && i < len) /* the last 32 bytes, of which some are known */
        return _mm256_movemask_epi8(_mm256_loadu_si256((const __m256i *)(const void *)(data + len - 32))) ? i : len;
#elif MR_KERNEL_WIDTH == 16
    for (; len - i >= 16; i += 16)
        if (_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)(data + i))))
            return i;
    if (i > 0 && i < len)
        return _mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)(data + len - 16))) ? i : len;
#endif
    for (; len - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, data + i, 8);
        if (word & 0x8080808080808080u)
            return i;
    }
    return i;
}

#if MR_KERNEL_WIDTH > 0
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
