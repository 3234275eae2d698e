#include "codecs/number/number.h"
#include "tests/codecs/number/plain.h"
#include "tests/support/support.h"

#include <math.h>

static const uint8_t *bytes(const char *text) { return (const uint8_t *)text; }

/* clang-format off */
static const char *const not_numbers[] = {
    "",    "-",    "+1",   ".5",  "5.",   "01",       "-01", "00",    "0x10", "1e",   "1e+",  "1.e5", "--1",
    "1-",  "1 ",   " 1",   "1,0", "1_0",  "NaN",      "nan", "inf",   "-inf", "1.2.", "1..2", "1.2.3", "1e5.0",
    "1e5e", "1f",  "0b1",  "-.5", "-",    "Infinity", "e5",  "-e5",   ".",    "0.",   "-0.",  "1e-",  "1e+-1",
    "/",   ":",    "1/",   "1:",  "1.:",  "\xb0",     "1\xb0", "1.\xb0", "00.1", "-00.1", "01.5", "1.5 ", "12345678901234567890x",
};
/* clang-format on */

static void what_is_not_a_number_is_refused_by_every_reader(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(not_numbers); i++) {
        const char *text = not_numbers[i];
        uint32_t len = (uint32_t)strlen(text);
        int64_t fixed;
        uint64_t plain;
        double real;
        struct mr_decimal decimal;
        for (int scale = 0; scale <= MR_SCALE_MAX; scale++)
            assert_int_equal(mr_number_fixed(bytes(text), len, scale, &fixed), MR_E_MALFORMED);
        assert_int_equal(mr_number_decimal(bytes(text), len, &decimal), MR_E_MALFORMED);
        assert_int_equal(mr_number_double(bytes(text), len, &real), MR_E_MALFORMED);
        assert_int_equal(mr_number_u64(bytes(text), len, &plain), MR_E_MALFORMED);
        assert_int_equal(mr_number_i64(bytes(text), len, &fixed), MR_E_MALFORMED);
    }
    int64_t fixed;
    assert_int_equal(mr_number_fixed(bytes("1\0"), 2, 8, &fixed), MR_E_MALFORMED);
}

static void fixed_is_exact_or_refused(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *text; int scale, status; int64_t want; } cases[] = {
        {"0", 8, MR_OK, 0}, {"-0", 8, MR_OK, 0}, {"0.0", 0, MR_OK, 0}, {"-0.00e-999999999999999999", 0, MR_OK, 0},
        {"67123.45", 8, MR_OK, 6712345000000}, {"67123.45000000", 8, MR_OK, 6712345000000}, {"-67123.45", 8, MR_OK, -6712345000000},
        {"0.00000001", 8, MR_OK, 1}, {"0.000000010", 8, MR_OK, 1}, {"0.000000001", 8, MR_E_INEXACT, 0},
        {"0.1", 0, MR_E_INEXACT, 0}, {"1.0", 0, MR_OK, 1}, {"1e-5", 8, MR_OK, 1000}, {"1E+2", 0, MR_OK, 100}, {"1e-5", 4, MR_E_INEXACT, 0},
        {"12300000000000000000000e-20", 8, MR_OK, 12300000000}, {"0.000000000000000000000000123e25", 2, MR_OK, 123},
        {"92233720368.54775807", 8, MR_OK, INT64_MAX}, {"92233720368.54775808", 8, MR_E_OVERFLOW, 0},
        {"-92233720368.54775808", 8, MR_OK, INT64_MIN}, {"-92233720368.54775809", 8, MR_E_OVERFLOW, 0},
        {"9.223372036854775807", 18, MR_OK, INT64_MAX}, {"-9.223372036854775808", 18, MR_OK, INT64_MIN}, {"9.223372036854775808", 18, MR_E_OVERFLOW, 0},
        {"9223372036854775807", 0, MR_OK, INT64_MAX}, {"9999999999999999999", 0, MR_E_OVERFLOW, 0}, {"10000000000000000000", 0, MR_E_OVERFLOW, 0},
        {"1e18", 0, MR_OK, 1000000000000000000}, {"1e19", 0, MR_E_OVERFLOW, 0}, {"1e999999999999999999999", 0, MR_E_OVERFLOW, 0},
        {"1e-999999999999999999999", 18, MR_E_INEXACT, 0}, {"12345678901234567890.1", 0, MR_E_INEXACT, 0},
        {"1.000000000000000000000000000000", 0, MR_OK, 1}, {"99999999999999999999999", 8, MR_E_OVERFLOW, 0},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        for (int k = 0; k < MR_KERNEL_COUNT; k++) {
            if (!mr_kernel_available((enum mr_kernel)k))
                continue;
            int64_t got = 0;
            int status = mr_number_fixed_kernel((enum mr_kernel)k)(
                bytes(cases[i].text), (uint32_t)strlen(cases[i].text), cases[i].scale, &got);
            if (status != cases[i].status || got != cases[i].want)
                print_error("%s at scale %d, %s\n", cases[i].text, cases[i].scale, mr_kernel_name((enum mr_kernel)k));
            assert_int_equal(status, cases[i].status);
            assert_int_equal(got, cases[i].want);
        }
    }
}

/* Texts near what the vector kernels take: every length, point, sign, a wrong byte now and then. */
static void random_texts_are_read_alike_by_all_kernels(void **state)
{
    (void)state;
    static const char odd[] = "..--+eE /:0\x80\xff";
    struct mr_random r = {1121};
    struct mr_guard g = mr_guard_open(32);
    for (int i = 0; i < (getenv("MILLRACE_QUICK") ? 200000 : 3000000); i++) {
        uint32_t len = 1 + (uint32_t)mr_random_below(&r, i % 8 ? 17 : 32), kind = (uint32_t)mr_random_below(&r, 16);
        uint8_t *text = g.data + 32 - len;
        for (uint32_t n = 0; n < len; n++)
            text[n] = (uint8_t)('0' + mr_random_below(&r, kind < 2 ? 2 : 10));
        if (kind)
            text[mr_random_below(&r, len)] = '.';
        if (kind > 12)
            text[mr_random_below(&r, len)] = (uint8_t)odd[mr_random_below(&r, sizeof odd - 1)];
        int scale = (int)mr_random_below(&r, MR_SCALE_MAX + 1);
        int64_t want = 0;
        int status = plain_fixed(text, len, scale, &want);
        for (int k = 0; k < MR_KERNEL_COUNT; k++) {
            int64_t got = 0;
            if (!mr_kernel_available((enum mr_kernel)k))
                continue;
            int found = mr_number_fixed_kernel((enum mr_kernel)k)(text, len, scale, &got);
            if (found != status || got != want)
                print_error("%.*s at scale %d, %s\n", (int)len, text, scale, mr_kernel_name((enum mr_kernel)k));
            assert_int_equal(found, status);
            assert_int_equal(got, want);
        }
    }
    mr_guard_close(&g);
}

static void decimals_keep_all_digits(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *text; int status; struct mr_decimal want; } cases[] = {
        {"0.0010", MR_OK, {10, -4}}, {"0", MR_OK, {0, 0}}, {"0.00", MR_OK, {0, -2}}, {"-0.1", MR_OK, {-1, -1}},
        {"1500", MR_OK, {1500, 0}}, {"15.00", MR_OK, {1500, -2}}, {"-0.0000441162021490", MR_OK, {-441162021490, -16}},
        {"1e-5", MR_OK, {1, -5}}, {"1.5E2", MR_OK, {15, 1}}, {"999999999999999999", MR_OK, {999999999999999999, 0}},
        {"1000000000000000000", MR_E_OVERFLOW, {0, 0}}, {"0.1000000000000000000", MR_E_OVERFLOW, {0, 0}},
        {"0.00000000000000000000123", MR_OK, {123, -23}}, {"1e127", MR_OK, {1, 127}}, {"1e128", MR_E_OVERFLOW, {0, 0}},
        {"1e-128", MR_OK, {1, -128}}, {"1e-129", MR_E_OVERFLOW, {0, 0}}, {"0e999999999999999999999", MR_E_OVERFLOW, {0, 0}},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_decimal got = {0, 0};
        assert_int_equal(mr_number_decimal(bytes(cases[i].text), (uint32_t)strlen(cases[i].text), &got),
                         cases[i].status);
        assert_int_equal(got.mantissa, cases[i].want.mantissa);
        assert_int_equal(got.exponent, cases[i].want.exponent);
    }
}

static void integers_are_digits_only(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *text; int u_status; uint64_t u; int i_status; int64_t i; } cases[] = {
        {"0", MR_OK, 0, MR_OK, 0}, {"17", MR_OK, 17, MR_OK, 17}, {"-17", MR_E_MALFORMED, 0, MR_OK, -17}, {"-0", MR_E_MALFORMED, 0, MR_OK, 0},
        {"1.0", MR_E_MALFORMED, 0, MR_E_MALFORMED, 0}, {"1e2", MR_E_MALFORMED, 0, MR_E_MALFORMED, 0}, {"007", MR_E_MALFORMED, 0, MR_E_MALFORMED, 0},
        {"9223372036854775807", MR_OK, INT64_MAX, MR_OK, INT64_MAX}, {"9223372036854775808", MR_OK, 1ull << 63, MR_E_OVERFLOW, 0},
        {"-9223372036854775808", MR_E_MALFORMED, 0, MR_OK, INT64_MIN}, {"-9223372036854775809", MR_E_MALFORMED, 0, MR_E_OVERFLOW, 0},
        {"18446744073709551615", MR_OK, UINT64_MAX, MR_E_OVERFLOW, 0}, {"18446744073709551616", MR_E_OVERFLOW, 0, MR_E_OVERFLOW, 0},
        {"99999999999999999999", MR_E_OVERFLOW, 0, MR_E_OVERFLOW, 0}, {"100000000000000000000", MR_E_OVERFLOW, 0, MR_E_OVERFLOW, 0},
        {"10000000000000000000000000000000x", MR_E_MALFORMED, 0, MR_E_MALFORMED, 0},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        uint32_t len = (uint32_t)strlen(cases[i].text);
        uint64_t u = 0;
        int64_t s = 0;
        assert_int_equal(mr_number_u64(bytes(cases[i].text), len, &u), cases[i].u_status);
        assert_int_equal(u, cases[i].u);
        assert_int_equal(mr_number_i64(bytes(cases[i].text), len, &s), cases[i].i_status);
        assert_int_equal(s, cases[i].i);
    }
}

static void doubles_are_the_nearest(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *text; int status; double want; } cases[] = {
        {"0", MR_OK, 0.0}, {"1", MR_OK, 1.0}, {"-1.5", MR_OK, -1.5}, {"0.1", MR_OK, 0x1.999999999999ap-4}, {"1e23", MR_OK, 0x1.52d02c7e14af6p+76},
        {"9007199254740993", MR_OK, 0x1p53}, {"9007199254740993.0000000000000000000000001", MR_OK, 0x1.0000000000001p53},
        {"4.9e-324", MR_OK, 0x0.0000000000001p-1022}, {"2.4703282292062327e-324", MR_OK, 0.0}, {"2.4703282292062328e-324", MR_OK, 0x0.0000000000001p-1022},
        {"1.7976931348623157e308", MR_OK, 0x1.fffffffffffffp1023}, {"1.7976931348623159e308", MR_E_OVERFLOW, INFINITY},
        {"-1e999999999999999999", MR_E_OVERFLOW, -INFINITY}, {"1e-999999999999999999", MR_OK, 0.0}, {"0e999999999999999999", MR_OK, 0.0},
        {"67123.45", MR_OK, 67123.45}, {"123456789012345678901234567890", MR_OK, 0x1.8ee90ff6c373ep+96},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        double got = 5;
        assert_int_equal(mr_number_double(bytes(cases[i].text), (uint32_t)strlen(cases[i].text), &got),
                         cases[i].status);
        assert_memory_equal(&got, &cases[i].want, sizeof got);
    }
    double zero = 5;
    assert_int_equal(mr_number_double(bytes("-0"), 2, &zero), MR_OK);
    assert_true(zero == 0 && signbit(zero));
}

/* A tie between two doubles, and one digit far behind that breaks it. */
static void a_digit_behind_a_thousand_others_still_decides(void **state)
{
    (void)state;
    enum { DIGITS = 5000 };
    static char text[DIGITS + 16];
    double got;
    memset(text, '0', DIGITS);
    memcpy(text, "9007199254740993.", 17); /* midway between 2^53 and 2^53 + 2: a tie goes to the even one */
    assert_int_equal(mr_number_double(bytes(text), DIGITS, &got), MR_OK);
    assert_true(got == 0x1p53);
    text[DIGITS - 1] = '1';
    assert_int_equal(mr_number_double(bytes(text), DIGITS, &got), MR_OK);
    assert_true(got == 0x1.0000000000001p53);
    memset(text, '0', DIGITS); /* a one and 4,999 zeros, scaled back to one */
    text[0] = '1';
    memcpy(text + DIGITS, "e-4999", 6);
    assert_int_equal(mr_number_double(bytes(text), DIGITS + 6, &got), MR_OK);
    assert_true(got == 1.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_a_number_is_refused_by_every_reader),
        cmocka_unit_test(fixed_is_exact_or_refused),
        cmocka_unit_test(random_texts_are_read_alike_by_all_kernels),
        cmocka_unit_test(decimals_keep_all_digits),
        cmocka_unit_test(integers_are_digits_only),
        cmocka_unit_test(doubles_are_the_nearest),
        cmocka_unit_test(a_digit_behind_a_thousand_others_still_decides),
    };
    return MR_TEST_MAIN(tests);
}
