/* Amounts of a quote currency, exactly: 128-bit integers in 10^-18.
 *
 * Fees, P&L, margins and limits are all this one type, so that sums never drift and comparisons are exact. Prices and sizes stay 64-bit
 * integers at the instrument's scale (dataplane/base/decimal.h). Amounts beyond MR_MONEY_MAX (10^15 units) are MR_E_OVERFLOW, which leaves
 * room to multiply any amount by 10^4 (basis points) in a comparison.
 *
 * Rounding  only where a rate is applied, and always in the direction the caller names.
 * Errors    MR_E_OVERFLOW, MR_E_INEXACT; then *out is not written.   Memory  none.   Thread  any. */
#ifndef MR_MONEY_MONEY_H
#define MR_MONEY_MONEY_H

#include "codecs/event/instrument.h"

typedef mr_i128 mr_money;
#define MR_MONEY_SCALE 18
#define MR_MONEY_ONE ((mr_money)1000000000000000000)
#define MR_MONEY_MAX (MR_MONEY_ONE * 1000000000000000)

enum mr_round { MR_ROUND_DOWN /* toward minus infinity */, MR_ROUND_UP };

/* value * 10^-scale. */
int mr_money_of(int64_t value, int scale, mr_money *out);
/* What `size` at `price` is worth in the quote currency (multiplier and inverse contracts included); the sign is the size's. */
int mr_money_notional(const struct mr_instrument *it, mr_price price, mr_size size, mr_money *out);
/* amount * rate * 10^-rate_scale. */
int mr_money_rate(mr_money amount, int64_t rate, int rate_scale, enum mr_round round, mr_money *out);
int mr_money_add(mr_money a, mr_money b, mr_money *out);
int mr_money_sub(mr_money a, mr_money b, mr_money *out);

/* The shortest plain text ("-0.5", "1234.000000000000000001"), NUL at the end; returns its length. */
#define MR_MONEY_TEXT 48
uint32_t mr_money_text(mr_money amount, char out[MR_MONEY_TEXT]);
/* The whole span is one plain decimal ("10000", "-0.25"): MR_OK, MR_E_MALFORMED, MR_E_INEXACT (more than 18 decimals), MR_E_OVERFLOW. */
int mr_money_parse(struct mr_span text, mr_money *out);
double mr_money_double(mr_money amount); /* for screens and metrics only */

#endif
