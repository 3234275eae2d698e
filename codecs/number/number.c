#include "codecs/number/number.h"

#include "codecs/number/number_priv.h"

#define EXPONENT_BOUND 1000000000000 /* texts have less than 2^32 digits, so beyond this nothing changes */

static const uint8_t *digits_end(const uint8_t *p, const uint8_t *end)
{
    while (p < end && mr_number_is_digit(*p))
        p++;
    return p;
}

static int scan_exponent(const uint8_t *p, const uint8_t *end, int64_t *out)
{
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end || digits_end(p, end) != end)
        return MR_E_MALFORMED;
    int64_t value = 0;
    for (; p < end; p++)
        value = value < EXPONENT_BOUND ? value * 10 + (*p - '0') : EXPONENT_BOUND;
    *out = negative ? -value : value;
    return MR_OK;
}

int mr_number_scan(const uint8_t *text, uint32_t len, struct mr_number_text *out)
{
    const uint8_t *p = text, *end = text + len;
    *out = (struct mr_number_text){.negative = len > 0 && *p == '-'};
    p += out->negative;
    out->whole = p;
    p = digits_end(p, end);
    out->whole_len = (uint32_t)(p - out->whole);
    if (out->whole_len == 0 || (out->whole_len > 1 && *out->whole == '0'))
        return MR_E_MALFORMED;
    out->part = p;
    if (p < end && *p == '.') {
        out->part = ++p;
        p = digits_end(p, end);
        out->part_len = (uint32_t)(p - out->part);
        if (out->part_len == 0)
            return MR_E_MALFORMED;
    }
    if (p == end)
        return MR_OK;
    return (*p | 0x20) == 'e' ? scan_exponent(p + 1, end, &out->exponent) : MR_E_MALFORMED;
}

struct mr_number_digits mr_number_significant(const struct mr_number_text *text)
{
    struct mr_number_digits d = {text->whole, text->part, text->whole_len, text->part_len,
                                 text->exponent - text->part_len};
    while (d.part_len && d.part[d.part_len - 1] == '0') {
        d.part_len--;
        d.exponent++;
    }
    while (!d.part_len && d.whole_len && d.whole[d.whole_len - 1] == '0') {
        d.whole_len--;
        d.exponent++;
    }
    while (d.whole_len && *d.whole == '0') {
        d.whole++;
        d.whole_len--;
    }
    while (!d.whole_len && d.part_len && *d.part == '0') {
        d.part++;
        d.part_len--;
    }
    return d;
}

static uint64_t accumulate(uint64_t value, const uint8_t *digits, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        value = value * 10 + (uint64_t)(digits[i] - '0');
    return value;
}

int mr_number_fixed_any(const uint8_t *text, uint32_t len, int scale, int64_t *out)
{
    MR_DCHECK(scale >= 0 && scale <= MR_SCALE_MAX);
    struct mr_number_text t;
    int status = mr_number_scan(text, len, &t);
    if (status != MR_OK)
        return status;
    struct mr_number_digits d = mr_number_significant(&t);
    int64_t count = (int64_t)d.whole_len + d.part_len, shift = d.exponent + scale;
    if (count == 0) {
        *out = 0;
        return MR_OK;
    }
    if (shift < 0) /* the last digit is not zero, so it would be lost */
        return MR_E_INEXACT;
    if (count + shift > 19) /* 10^19 or more; below it the value fits 64 bits without sign */
        return MR_E_OVERFLOW;
    uint64_t value = accumulate(accumulate(0, d.whole, d.whole_len), d.part, d.part_len);
    value *= (uint64_t)mr_pow10[shift];
    if (value > (uint64_t)INT64_MAX + t.negative)
        return MR_E_OVERFLOW;
    *out = (int64_t)(t.negative ? 0 - value : value);
    return MR_OK;
}

int mr_number_decimal(const uint8_t *text, uint32_t len, struct mr_decimal *out)
{
    struct mr_number_text t;
    int status = mr_number_scan(text, len, &t);
    if (status != MR_OK)
        return status;
    int64_t exponent = t.exponent - t.part_len;
    uint32_t whole_len = t.whole_len, part_len = t.part_len;
    const uint8_t *whole = t.whole, *part = t.part;
    if (*whole == '0') { /* legal only alone: the zeros behind it are in front of the first digit */
        whole_len = 0;
        for (; part_len && *part == '0'; part_len--)
            part++;
    }
    if ((uint64_t)whole_len + part_len > 18 || exponent < INT8_MIN || exponent > INT8_MAX)
        return MR_E_OVERFLOW;
    int64_t mantissa = (int64_t)accumulate(accumulate(0, whole, whole_len), part, part_len);
    *out = (struct mr_decimal){t.negative ? -mantissa : mantissa, (int8_t)exponent};
    return MR_OK;
}

int mr_number_u64(const uint8_t *text, uint32_t len, uint64_t *out)
{
    if (len == 0 || (len > 1 && *text == '0') || digits_end(text, text + len) != text + len)
        return MR_E_MALFORMED;
    if (len > 20)
        return MR_E_OVERFLOW;
    uint32_t safe = len < 19 ? len : 19; /* 19 digits always fit */
    uint64_t value = accumulate(0, text, safe);
    if (len == 20 && (__builtin_mul_overflow(value, 10u, &value) ||
                      __builtin_add_overflow(value, (uint64_t)(text[19] - '0'), &value)))
        return MR_E_OVERFLOW;
    *out = value;
    return MR_OK;
}

int mr_number_i64(const uint8_t *text, uint32_t len, int64_t *out)
{
    bool negative = len > 0 && *text == '-';
    uint64_t value;
    int status = mr_number_u64(text + negative, len - negative, &value);
    if (status != MR_OK)
        return status;
    if (value > (uint64_t)INT64_MAX + negative)
        return MR_E_OVERFLOW;
    *out = (int64_t)(negative ? 0 - value : value);
    return MR_OK;
}

static mr_number_fixed_fn *const kernels[MR_KERNEL_COUNT] = {
    [MR_KERNEL_SCALAR] = mr_number_fixed_scalar,
#if defined(__x86_64__)
    [MR_KERNEL_SSE42] = mr_number_fixed_sse42,
    [MR_KERNEL_AVX2] = mr_number_fixed_avx2,
    [MR_KERNEL_AVX512] = mr_number_fixed_avx512,
#endif
};

mr_number_fixed_fn *mr_number_fixed_kernel(enum mr_kernel kernel)
{
    MR_ASSERT((unsigned)kernel < MR_KERNEL_COUNT && kernels[kernel]);
    return kernels[kernel];
}

int mr_number_fixed(const uint8_t *text, uint32_t len, int scale, int64_t *out)
{
    return kernels[mr_kernel_active()](text, len, scale, out);
}
