#include "dataplane/base/decimal.h"

/* clang-format off */
const int64_t mr_pow10[MR_SCALE_MAX + 1] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
    1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
    1000000000000000000,
};
/* clang-format on */

struct mr_decimal mr_decimal_normal(struct mr_decimal value)
{
    if (value.mantissa == 0)
        return (struct mr_decimal){0, 0};
    while (value.mantissa % 10 == 0 && value.exponent < INT8_MAX) {
        value.mantissa /= 10;
        value.exponent++;
    }
    return value;
}

int mr_decimal_rescale(struct mr_decimal value, int scale, int64_t *out)
{
    MR_DCHECK(scale >= 0 && scale <= MR_SCALE_MAX);
    value = mr_decimal_normal(value);
    int shift = value.exponent + scale;
    if (value.mantissa == 0) {
        *out = 0;
        return MR_OK;
    }
    if (shift < 0) /* normal form has no trailing zero, so any right shift loses a digit */
        return MR_E_INEXACT;
    if (shift > MR_SCALE_MAX || __builtin_mul_overflow(value.mantissa, mr_pow10[shift], out))
        return MR_E_OVERFLOW;
    return MR_OK;
}

int mr_notional_micro_any(mr_price price, int price_scale, mr_size size, int size_scale, int64_t multiplier,
                          int multiplier_scale, int64_t *out)
{
    int shift = price_scale + size_scale - 6; /* digits to drop so that 6 are left */
    mr_i128 product = (mr_i128)price * size;
    bool overflow = false;
    if (multiplier != 1)
        overflow = __builtin_mul_overflow(product, (mr_i128)multiplier, &product);
    shift += multiplier_scale;
    while (shift > 0) {
        int step = shift < MR_SCALE_MAX ? shift : MR_SCALE_MAX;
        product /= mr_pow10[step];
        shift -= step;
    }
    for (; shift < 0 && !overflow; shift++)
        overflow = __builtin_mul_overflow(product, (mr_i128)10, &product);
    if (mr_unlikely(overflow || product > INT64_MAX || product < INT64_MIN)) {
        *out = (price < 0) != (size < 0) ? INT64_MIN : INT64_MAX;
        return MR_E_OVERFLOW;
    }
    *out = (int64_t)product;
    return MR_OK;
}

uint32_t mr_decimal_text(int64_t value, int scale, char *out)
{
    char digits[24];
    int n = 0;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    while (scale > 0 && left % 10 == 0 && left) {
        left /= 10;
        scale--;
    }
    if (!left)
        scale = 0;
    do {
        digits[n++] = (char)('0' + left % 10);
        left /= 10;
    } while (left || n <= scale);
    uint32_t len = 0;
    if (value < 0)
        out[len++] = '-';
    while (n > 0) {
        if (n == scale)
            out[len++] = '.';
        out[len++] = digits[--n];
    }
    out[len] = 0;
    return len;
}

double mr_decimal_double(int64_t value, int scale)
{
    /* both operands exact below 2^53: the quotient is the correctly rounded one (10^18 < 2^60 is exact too, as 5^18 <
     * 2^53) */
    if (value > -(1ll << 53) && value < (1ll << 53))
        return (double)value / (double)mr_pow10[scale];
    int64_t whole = value / mr_pow10[scale], part = value % mr_pow10[scale];
    return (double)((long double)whole + (long double)part / (long double)mr_pow10[scale]);
}
