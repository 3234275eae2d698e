#include "engines/window/math.h"

/* ln 2 in two parts; the first has 32 trailing zero bits, so that its product with an exponent is exact. */
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10

#define FRACTION_BITS 52
#define FRACTION_MASK ((1ull << FRACTION_BITS) - 1)
#define SQRT_HALF_BITS 0x3fe6a09e667f3bcdull /* the double next to sqrt(1/2) */

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static double double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* 2 atanh(s) = 2s + s * tail(s * s): the series 2z/3 + 2z^2/5 + ... For |s| <= 3 - sqrt(8) = 0.1716 the first term left
 * out is below 2^-63 of the sum. Two interleaved chains, to wait less. */
static double atanh_tail(double z)
{
    double w = z * z;
    double odd = 2.0 / 3 + w * (2.0 / 7 + w * (2.0 / 11 + w * (2.0 / 15 + w * (2.0 / 19 + w * (2.0 / 23)))));
    double even = 2.0 / 5 + w * (2.0 / 9 + w * (2.0 / 13 + w * (2.0 / 17 + w * (2.0 / 21))));
    return z * odd + w * even;
}

/* Zero, negative, infinite and NaN: what IEEE 754 says. */
static MR_COLD double log_special(double x)
{
    if (x != x || x > 0)
        return x + x;
    return x == 0 ? -__builtin_inf() : __builtin_nan("");
}

/* x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)). With s = f / (2 + f), log(1 + f) = 2 atanh(s), and 2s is written
 * as f - (f^2/2 - s f^2/2): f is exact, so what is rounded is small beside the result. */
double mr_log(double x)
{
    uint64_t bits = bits_of(x);
    int64_t k = 0;
    if (mr_unlikely(bits - 1 >= 0x7fefffffffffffffull))
        return log_special(x);
    if (mr_unlikely(bits < 1ull << FRACTION_BITS)) { /* subnormal */
        bits = bits_of(x * 0x1p54);
        k = -54;
    }
    uint64_t shifted =
        bits - SQRT_HALF_BITS + (1023ull << FRACTION_BITS); /* exponent 1023: mantissa in [sqrt(1/2), ..) */
    k += (int64_t)(shifted >> FRACTION_BITS) - 1023;
    double f = double_of((shifted & FRACTION_MASK) + SQRT_HALF_BITS) - 1.0;
    double half = 0.5 * f * f;
    double s = f / (2.0 + f);
    double rest = s * (half + atanh_tail(s * s));
    double dk = (double)k;
    return dk * LN2_HIGH - ((half - (rest + dk * LN2_LOW)) - f);
}

double mr_log_ratio(int64_t now, int64_t before)
{
    if (mr_unlikely(now <= 0 || before <= 0))
        return 0;
    /* difference and sum are exact integers, so s has two roundings however close the two are */
    double s = (double)(now - before) / (double)((uint64_t)now + (uint64_t)before);
    if (mr_unlikely(s > 0.17 || s < -0.17))
        return mr_log((double)now / (double)before);
    return 2.0 * s + s * atanh_tail(s * s);
}
