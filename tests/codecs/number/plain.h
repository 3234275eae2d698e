/* The slow reference of number.h: the grammar a byte at a time, sums of 128 bits, nothing shared with the code under
 * test. */
#ifndef MR_TESTS_NUMBER_PLAIN_H
#define MR_TESTS_NUMBER_PLAIN_H

#include "codecs/number/number.h"

/* Takes a text apart. false: not a number by RFC 8259. */
struct plain_number {
    uint32_t digits_at, whole, part_at, part; /* where the digits stand, and how many */
    int64_t exponent;
    bool negative, is_integer;
};

static inline uint32_t plain_run(const uint8_t *text, uint32_t len, uint32_t at)
{
    uint32_t n = 0;
    while (at + n < len && text[at + n] >= '0' && text[at + n] <= '9')
        n++;
    return n;
}

static inline bool plain_scan(const uint8_t *text, uint32_t len, struct plain_number *out)
{
    struct plain_number p = {0};
    uint32_t i = 0;
    if (i < len && text[i] == '-') {
        p.negative = true;
        i++;
    }
    p.digits_at = i;
    p.whole = plain_run(text, len, i);
    if (p.whole == 0 || (p.whole > 1 && text[i] == '0'))
        return false;
    i += p.whole;
    p.is_integer = i == len;
    if (i < len && text[i] == '.') {
        p.part_at = ++i;
        p.part = plain_run(text, len, i);
        if (p.part == 0)
            return false;
        i += p.part;
    }
    if (i < len && (text[i] == 'e' || text[i] == 'E')) {
        i++;
        bool negative = i < len && text[i] == '-';
        if (i < len && (text[i] == '-' || text[i] == '+'))
            i++;
        uint32_t n = plain_run(text, len, i);
        if (n == 0)
            return false;
        for (uint32_t k = 0; k < n; k++)
            if (p.exponent < 100000000)
                p.exponent = p.exponent * 10 + (text[i + k] - '0');
        if (negative)
            p.exponent = -p.exponent;
        i += n;
    }
    *out = p;
    return i == len;
}

static inline uint8_t plain_digit(const uint8_t *text, const struct plain_number *p, uint32_t i)
{
    return (uint8_t)((i < p->whole ? text[p->digits_at + i] : text[p->part_at + i - p->whole]) - '0');
}

static inline int plain_fixed(const uint8_t *text, uint32_t len, int scale, int64_t *out)
{
    struct plain_number p;
    const mr_i128 bound = (mr_i128)1 << 100;
    mr_i128 value = 0;
    if (!plain_scan(text, len, &p))
        return MR_E_MALFORMED;
    uint32_t digits = p.whole + p.part;
    int64_t shift = p.exponent - p.part + scale;
    for (; shift < 0 && digits; shift++, digits--)
        if (plain_digit(text, &p, digits - 1) != 0)
            return MR_E_INEXACT;
    for (uint32_t i = 0; i < digits; i++)
        value = value < bound ? value * 10 + plain_digit(text, &p, i) : bound;
    for (; shift > 0 && value && value < bound; shift--)
        value *= 10;
    value = p.negative ? -value : value;
    if (value > INT64_MAX || value < INT64_MIN)
        return MR_E_OVERFLOW;
    *out = (int64_t)value;
    return MR_OK;
}

#endif
