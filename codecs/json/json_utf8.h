/* UTF-8 in the JSON kernels. A well-formed block needs no look at its characters one by one; a block that is not gets
 * that look (mr_json_utf8), which finds the very byte. */
#ifndef MR_JSON_JSON_UTF8_H
#define MR_JSON_JSON_UTF8_H

#include "codecs/json/json_priv.h"
#include "codecs/json/utf8_step.h"

/* Of the bytes beyond ASCII in the block at `base`, those to be looked at one by one: all if anything is wrong with
 * the block or there is no room before it; else only a lead whose tail is in the next block. */
static __attribute__((noinline)) uint64_t utf8_left(const uint8_t *data, uint32_t base, uint32_t len, uint64_t beyond)
{
    uint32_t count = len - base < 64 ? len - base : 64; /* bytes of this block */
    if (base + count < 64 + 3)
        return beyond;
    const uint8_t *stop = data + base + count, *p = stop - 64;
    __m128i wrong =
        _mm_or_si128(_mm_or_si128(utf8_step(p), utf8_step(p + 16)), _mm_or_si128(utf8_step(p + 32), utf8_step(p + 48)));
    if (!_mm_testz_si128(wrong, wrong))
        return beyond;
    uint64_t last = (uint64_t)1 << (count - 1);
    return (stop[-1] >= 0xc0 ? last : 0) | (stop[-2] >= 0xe0 ? last >> 1 : 0) | (stop[-3] >= 0xf0 ? last >> 2 : 0);
}

#endif
