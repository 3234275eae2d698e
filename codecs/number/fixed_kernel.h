/* Text to an integer at a scale, inlined into whatever kernel includes it. The file that does is compiled once a kernel
 * (-DMR_KERNEL=avx2 -DMR_KERNEL_avx2), and so is what this chooses.
 *
 * The vector ways take texts of up to 16 bytes without sign or exponent, and whatever they do not take, for whatever
 * reason, goes to the digit loop and from there to mr_number_fixed_any, which knows the whole grammar: so all kernels
 * agree. */
#ifndef MR_NUMBER_FIXED_KERNEL_H
#define MR_NUMBER_FIXED_KERNEL_H

#include "codecs/number/number_priv.h"

/* A digit at a time. */
MR_INLINE int mr_fixed_loop(const uint8_t *text, uint32_t len, int scale, int64_t *out)
{
    const uint8_t *p = text, *end = text + len;
    uint64_t value = 0;
    uint32_t digit, part_len = 0;
    if (mr_unlikely(len > 18)) /* 18 digits fit whatever they are */
        return mr_number_fixed_any(text, len, scale, out);
    for (; p < end && (digit = *p - (uint32_t)'0') < 10; p++)
        value = value * 10 + digit;
    uint32_t whole_len = (uint32_t)(p - text);
    if (p < end && *p == '.') {
        for (p++; p < end && (digit = *p - (uint32_t)'0') < 10; p++)
            value = value * 10 + digit;
        part_len = (uint32_t)(p - text) - whole_len - 1;
        if (part_len == 0)
            return MR_E_MALFORMED; /* "5." is not a number */
    }
    bool usual = p == end && whole_len && (whole_len == 1 || *text != '0') && part_len <= (uint32_t)scale;
    int64_t fixed;
    if (mr_unlikely(!usual || __builtin_mul_overflow((int64_t)value, mr_pow10[(uint32_t)scale - part_len], &fixed)))
        return mr_number_fixed_any(text, len, scale, out);
    *out = fixed;
    return MR_OK;
}

/* The way of the kernel this is compiled for. */
MR_INLINE int mr_fixed_here(const uint8_t *text, uint32_t len, int scale, int64_t *out)
{
    return mr_fixed_loop(text, len, scale, out);
}

#endif
