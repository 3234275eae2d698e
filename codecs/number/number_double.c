/* Text to the nearest binary64. Two ways: one exact multiplication or division where both operands are exact,
 * which takes every price and quantity a venue sends, and the C library for the rest. */
#include "codecs/number/number.h"

#include "codecs/number/number_priv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* 10^0 .. 10^22 are exact in binary64: 5^22 < 2^53. */
static const double exact_pow10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* No number midway between two doubles has more than 767 significant digits, so of a longer text the digits behind
 * these matter only in that they are not all zero. */
#define DIGITS_KEPT 800

static uint8_t digit_at(const struct mr_number_digits *d, uint32_t i)
{
    return i < d->whole_len ? d->whole[i] : d->part[i - d->whole_len];
}

/* Digits and an exponent, without a decimal point: strtod reads that alike in every locale. */
static MR_COLD double by_library(const struct mr_number_digits *d)
{
    char text[DIGITS_KEPT + 32];
    uint64_t count = (uint64_t)d->whole_len + d->part_len;
    int64_t exponent = d->exponent;
    uint32_t kept = count <= DIGITS_KEPT ? (uint32_t)count : DIGITS_KEPT, n = 0;
    for (; n < kept; n++)
        text[n] = (char)digit_at(d, n);
    if (kept < count) { /* the last digit is never zero, so something was cut: a 1 stands for it */
        text[n++] = '1';
        exponent += (int64_t)(count - kept) - 1;
    }
    const int64_t bound = 99999; /* far beyond 10^309 and 10^-1200, where the answer stays the same */
    exponent = exponent > bound ? bound : exponent < -bound ? -bound : exponent;
    text[n++] = 'e';
    text[n++] = exponent < 0 ? '-' : '+';
    uint32_t left = (uint32_t)(exponent < 0 ? -exponent : exponent);
    for (uint32_t unit = 10000; unit; unit /= 10)
        text[n++] = (char)('0' + left / unit % 10);
    text[n] = 0;
    int kept_errno = errno;
    double value = strtod(text, NULL);
    errno = kept_errno;
    return value;
}

static double magnitude(const struct mr_number_digits *d)
{
    uint64_t count = (uint64_t)d->whole_len + d->part_len;
    if (count == 0)
        return 0.0;
    if (count <= 19) {
        uint64_t mantissa = 0;
        for (uint32_t i = 0; i < count; i++)
            mantissa = mantissa * 10 + (uint64_t)(digit_at(d, i) - '0');
        if (mantissa <= 1ull << 53 && d->exponent >= -22 && d->exponent <= 22)
            return d->exponent < 0 ? (double)mantissa / exact_pow10[-d->exponent]
                                   : (double)mantissa * exact_pow10[d->exponent];
    }
    return by_library(d);
}

int mr_number_double(const uint8_t *text, uint32_t len, double *out)
{
    struct mr_number_text t;
    int status = mr_number_scan(text, len, &t);
    if (status != MR_OK)
        return status;
    struct mr_number_digits d = mr_number_significant(&t);
    double value = magnitude(&d);
    *out = t.negative ? -value : value;
    return isinf(value) ? MR_E_OVERFLOW : MR_OK;
}
