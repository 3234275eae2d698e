#include "controlplane/money/money.h"

/* |amount| within the bound that comparisons rely on. */
static int bounded(mr_money amount, mr_money *out)
{
    if (amount > MR_MONEY_MAX || amount < -MR_MONEY_MAX)
        return MR_E_OVERFLOW;
    *out = amount;
    return MR_OK;
}

/* value * 10^by, by <= 54. */
static int shift_up(mr_i128 value, int by, mr_i128 *out)
{
    for (; by > 0; by -= MR_SCALE_MAX)
        if (__builtin_mul_overflow(value, (mr_i128)mr_pow10[by < MR_SCALE_MAX ? by : MR_SCALE_MAX], &value))
            return MR_E_OVERFLOW;
    *out = value;
    return MR_OK;
}

/* value * 10^-by, by <= 54, if that loses no digit. */
static int shift_down(mr_i128 value, int by, mr_i128 *out)
{
    for (; by > 0; by -= MR_SCALE_MAX) {
        mr_i128 unit = mr_pow10[by < MR_SCALE_MAX ? by : MR_SCALE_MAX];
        if (value % unit)
            return MR_E_INEXACT;
        value /= unit;
    }
    *out = value;
    return MR_OK;
}

static int at_scale(mr_i128 value, int scale, mr_money *out)
{
    int status = scale <= MR_MONEY_SCALE ? shift_up(value, MR_MONEY_SCALE - scale, &value)
                                         : shift_down(value, scale - MR_MONEY_SCALE, &value);
    return status ? status : bounded(value, out);
}

static bool scale_ok(int scale) { return scale >= 0 && scale <= MR_SCALE_MAX; }

int mr_money_of(int64_t value, int scale, mr_money *out)
{
    return scale_ok(scale) ? at_scale(value, scale, out) : MR_E_INVALID;
}

int mr_money_notional(const struct mr_instrument *it, mr_price price, mr_size size, mr_money *out)
{
    bool inverse = it->flags & MR_INSTRUMENT_INVERSE;
    if (!scale_ok(it->price_scale) || !scale_ok(it->size_scale) || !scale_ok(it->multiplier_scale))
        return MR_E_INVALID;
    mr_i128 product = (mr_i128)(inverse ? 1 : price) * size;
    if (__builtin_mul_overflow(product, (mr_i128)it->multiplier, &product))
        return MR_E_OVERFLOW;
    return at_scale(product, (inverse ? 0 : it->price_scale) + it->size_scale + it->multiplier_scale, out);
}

int mr_money_rate(mr_money amount, int64_t rate, int rate_scale, enum mr_round round, mr_money *out)
{
    if (!scale_ok(rate_scale))
        return MR_E_INVALID;
    /* amount = whole * unit + rest: so the product that is divided is of the rest alone, and fits */
    mr_i128 unit = mr_pow10[rate_scale], whole = amount / unit, rest = amount % unit, product;
    if (__builtin_mul_overflow(whole, (mr_i128)rate, &product))
        return MR_E_OVERFLOW;
    mr_i128 tail = rest * rate, left = tail % unit; /* |rest| < 10^18, |rate| <= 2^63 */
    tail /= unit;
    tail += left > 0 && round == MR_ROUND_UP;
    tail -= left < 0 && round == MR_ROUND_DOWN;
    if (__builtin_add_overflow(product, tail, &product))
        return MR_E_OVERFLOW;
    return bounded(product, out);
}

int mr_money_add(mr_money a, mr_money b, mr_money *out)
{
    mr_money sum;
    return __builtin_add_overflow(a, b, &sum) ? MR_E_OVERFLOW : bounded(sum, out);
}

int mr_money_sub(mr_money a, mr_money b, mr_money *out)
{
    mr_money difference;
    return __builtin_sub_overflow(a, b, &difference) ? MR_E_OVERFLOW : bounded(difference, out);
}

uint32_t mr_money_text(mr_money amount, char out[MR_MONEY_TEXT])
{
    char digits[MR_MONEY_TEXT];
    mr_u128 left = amount < 0 ? -(mr_u128)amount : (mr_u128)amount;
    uint32_t n = 0, len = 0, from = 0;
    while (n <= MR_MONEY_SCALE || left) { /* at least one digit in front of the point */
        digits[n++] = (char)('0' + (int)(left % 10));
        left /= 10;
    }
    while (from < MR_MONEY_SCALE && digits[from] == '0')
        from++;
    if (amount < 0)
        out[len++] = '-';
    while (n > from) {
        out[len++] = digits[--n];
        if (n == MR_MONEY_SCALE && n > from)
            out[len++] = '.';
    }
    out[len] = 0;
    return len;
}

int mr_money_parse(struct mr_span text, mr_money *out)
{
    uint32_t whole = 0, behind = 0;
    mr_money value = 0;
    bool negative = text.len && text.data[0] == '-', point = false;
    for (uint32_t i = negative; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '.' && !point && whole) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9' || (!point && whole == 1 && value == 0))
            return MR_E_MALFORMED;
        if (point && behind == MR_MONEY_SCALE) {
            if (c != '0')
                return MR_E_INEXACT;
            continue;
        }
        *(point ? &behind : &whole) += 1;
        if (__builtin_mul_overflow(value, (mr_money)10, &value) ||
            __builtin_add_overflow(value, (mr_money)(c - '0'), &value))
            return MR_E_OVERFLOW;
    }
    if (!whole || (point && !behind))
        return MR_E_MALFORMED;
    int status = shift_up(value, (int)(MR_MONEY_SCALE - behind), &value);
    return status ? status : bounded(negative ? -value : value, out);
}

double mr_money_double(mr_money amount) { return (double)amount / (double)MR_MONEY_ONE; }
