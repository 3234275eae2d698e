/* Exact decimals: signed 64-bit integers at a scale.
 *
 * A price of 67123.45 at scale 8 is 6712345000000. The scale belongs to the instrument
 * (codecs/event/instrument.h); the integer alone never says it. Values that carry their own scale are a
 * mantissa and an exponent: value = mantissa * 10^exponent.
 *
 * Errors  MR_E_OVERFLOW and MR_E_INEXACT are statuses; nothing is ever rounded in silence. */
#ifndef MR_BASE_DECIMAL_H
#define MR_BASE_DECIMAL_H

#include "dataplane/base/base.h"

typedef int64_t mr_price; /* in the instrument's price scale */
typedef int64_t mr_size;  /* in the instrument's size scale  */

#define MR_SCALE_MAX 18

struct mr_decimal {
    int64_t mantissa;
    int8_t exponent;
};

/* 10^0 .. 10^18 */
extern const int64_t mr_pow10[MR_SCALE_MAX + 1];

/* Trailing zeros removed: 1500e-2 becomes 15e0. Zero becomes 0e0. */
struct mr_decimal mr_decimal_normal(struct mr_decimal value);

/* value at `scale`: MR_OK, MR_E_OVERFLOW, or MR_E_INEXACT when digits would be lost. */
int mr_decimal_rescale(struct mr_decimal value, int scale, int64_t *out);

/* (price * size * multiplier) in micro units of the quote currency, truncated toward zero; the product
 * is 128 bits wide. `multiplier` in 10^-multiplier_scale. MR_OK or MR_E_OVERFLOW (out = INT64_MAX or MIN). */
int mr_notional_micro_any(mr_price price, int price_scale, mr_size size, int size_scale, int64_t multiplier,
                          int multiplier_scale, int64_t *out);

/* The same of two scales of 8, which most instruments have: ten digits are dropped, and floor(product / 10^10) is
 * floor((product >> 10) / 5^10), which is two divisions by a constant. */
MR_INLINE int mr_notional_micro(mr_price price, int price_scale, mr_size size, int size_scale, int64_t multiplier,
                                int multiplier_scale, int64_t *out)
{
    const uint64_t pow5 = 9765625;
    const mr_u128 halved = (mr_u128)(uint64_t)price * (uint64_t)size >> 10;
    const uint64_t high = (uint64_t)(halved >> 32), low = (uint32_t)halved;
    bool usual = multiplier == 1 && price_scale + size_scale + multiplier_scale == 16 && (price | size) >= 0;
    if (mr_unlikely(!usual || halved >> 86 != 0)) /* below that the quotient has at most 63 bits */
        return mr_notional_micro_any(price, price_scale, size, size_scale, multiplier, multiplier_scale, out);
    *out = (int64_t)((high / pow5 << 32) + (high % pow5 << 32 | low) / pow5);
    return MR_OK;
}

/* Shortest plain text of an integer at a scale ("-0.5", "67123.45", "7"); `out` holds at least
 * MR_DECIMAL_TEXT bytes. Returns the length; ends with NUL. */
#define MR_DECIMAL_TEXT 24
uint32_t mr_decimal_text(int64_t value, int scale, char *out);

/* To double, correctly rounded. */
double mr_decimal_double(int64_t value, int scale);

#endif
