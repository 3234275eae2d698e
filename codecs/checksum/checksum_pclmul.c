/* CRC-32 by folding: V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel
 * 2009. 64 bytes at a time are multiplied by x^512 and x^576 modulo the polynomial and added to the next 64; what is
 * left after that goes down to 128, 64 and, by Barrett's reduction, 32 bits. All constants are of the bit-reflected
 * polynomial 0xEDB88320. */
#include "codecs/checksum/checksum_priv.h"

#include <immintrin.h>

static __m128i load(const uint8_t *data) { return _mm_loadu_si128((const __m128i *)(const void *)data); }

/* acc * (x^a, x^b) + next */
static __m128i fold(__m128i acc, __m128i by, __m128i next)
{
    __m128i low = _mm_clmulepi64_si128(acc, by, 0x00), high = _mm_clmulepi64_si128(acc, by, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

static uint32_t reduce(__m128i x, __m128i by_128)
{
    const __m128i low_words = _mm_setr_epi32(-1, 0, -1, 0);
    const __m128i by_64 = _mm_set_epi64x(0, 0x163cd6124), barrett = _mm_set_epi64x(0x1f7011641, 0x1db710641);
    x = _mm_xor_si128(_mm_srli_si128(x, 8), _mm_clmulepi64_si128(x, by_128, 0x10));
    x = _mm_xor_si128(_mm_srli_si128(x, 4), _mm_clmulepi64_si128(_mm_and_si128(x, low_words), by_64, 0x00));
    __m128i q = _mm_and_si128(_mm_clmulepi64_si128(_mm_and_si128(x, low_words), barrett, 0x10), low_words);
    x = _mm_xor_si128(x, _mm_clmulepi64_si128(q, barrett, 0x00));
    return (uint32_t)_mm_extract_epi32(x, 1);
}

uint32_t mr_crc32_fold(uint32_t state, const uint8_t *data, size_t len)
{
    const __m128i by_512 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4), by_128 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
    MR_DCHECK(len >= MR_CRC32_FOLD_MIN && len % 16 == 0);
    __m128i a = _mm_xor_si128(load(data), _mm_cvtsi32_si128((int)state));
    __m128i b = load(data + 16), c = load(data + 32), d = load(data + 48);
    for (data += 64, len -= 64; len >= 64; data += 64, len -= 64) {
        a = fold(a, by_512, load(data));
        b = fold(b, by_512, load(data + 16));
        c = fold(c, by_512, load(data + 32));
        d = fold(d, by_512, load(data + 48));
    }
    a = fold(a, by_128, b);
    a = fold(a, by_128, c);
    a = fold(a, by_128, d);
    for (; len >= 16; data += 16, len -= 16)
        a = fold(a, by_128, load(data));
    return reduce(a, by_128);
}
