/* Decimal text to numbers: exact int64 at a scale, exact mantissa and exponent, correctly rounded double.
 *
 * Grammar is RFC 8259's number, nothing else: no plus sign, no leading zeros, no bare point, no blanks;
 * exponents are allowed ("1e-5"). The whole span must be the number.
 *
 * Memory  none.  Thread  any.  Bounds  never reads outside [text, text + len); any length is allowed.
 * Errors  MR_E_MALFORMED; MR_E_INEXACT non-zero digits beyond the scale; MR_E_OVERFLOW outside int64.
 * Cost    perf/codecs/number/bench_number.c */
#ifndef MR_NUMBER_NUMBER_H
#define MR_NUMBER_NUMBER_H

#include "dataplane/base/base.h"
#include "dataplane/base/decimal.h"
#include "dataplane/base/kernel.h"

/* Text to value * 10^scale, 0 <= scale <= 18. "-0" is 0. Runs the active kernel. */
int mr_number_fixed(const uint8_t *text, uint32_t len, int scale, int64_t *out);

/* Text to mantissa * 10^exponent, all digits kept (trailing zeros too: "0.0010" is 10e-4).
 * MR_E_OVERFLOW when the digits do not fit 18 places or the exponent is outside -128..127. */
int mr_number_decimal(const uint8_t *text, uint32_t len, struct mr_decimal *out);

/* Plain integers: digits only ("0", "17", no sign, point, exponent). Used for ids and times. */
int mr_number_u64(const uint8_t *text, uint32_t len, uint64_t *out);
int mr_number_i64(const uint8_t *text, uint32_t len, int64_t *out); /* a leading '-' allowed */

/* Correctly rounded binary64 (round half to even); an infinite result is MR_E_OVERFLOW with *out = +-inf. */
int mr_number_double(const uint8_t *text, uint32_t len, double *out);

/* The same as mr_number_fixed by a named kernel: for tests and benches. */
typedef int mr_number_fixed_fn(const uint8_t *text, uint32_t len, int scale, int64_t *out);
mr_number_fixed_fn *mr_number_fixed_kernel(enum mr_kernel kernel);

#endif
