/* Shared between the files of this module: one scan of the grammar, and the fixed reader that takes every legal text.
 */
#ifndef MR_NUMBER_PRIV_H
#define MR_NUMBER_PRIV_H

#include "codecs/number/number.h"

/* A number's text taken apart. Both digit runs point into the text; together, read as one integer and
 * multiplied by 10^(exponent - part_len), they are the value. */
struct mr_number_text {
    const uint8_t *whole, *part;
    uint32_t whole_len, part_len;
    int64_t exponent; /* as written, saturating far beyond any text's length */
    bool negative;
};

/* MR_OK, or MR_E_MALFORMED. */
int mr_number_scan(const uint8_t *text, uint32_t len, struct mr_number_text *out);

/* The same value without zeros in front and behind, so that its first and last digits count: value = digits *
 * 10^exponent. A zero has no digits. */
struct mr_number_digits {
    const uint8_t *whole, *part;
    uint32_t whole_len, part_len;
    int64_t exponent;
};
struct mr_number_digits mr_number_significant(const struct mr_number_text *text);

/* mr_number_fixed for texts a kernel does not take itself: exponents, many digits, and every refusal. */
int mr_number_fixed_any(const uint8_t *text, uint32_t len, int scale, int64_t *out);

mr_number_fixed_fn mr_number_fixed_scalar, mr_number_fixed_sse42, mr_number_fixed_avx2, mr_number_fixed_avx512;

MR_INLINE bool mr_number_is_digit(uint8_t c) { return (uint8_t)(c - '0') < 10; }

#endif
