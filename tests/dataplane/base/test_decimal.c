#include "dataplane/base/decimal.h"
#include "tests/support/support.h"

static void texts_are_shortest(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *want; int64_t value; int scale; } cases[] = {
        {"0", 0, 8}, {"0.5", 50000000, 8}, {"-0.5", -50000000, 8}, {"67123.45", 6712345000000, 8}, {"7", 7, 0},
        {"0.00000001", 1, 8}, {"9223372036854775807", INT64_MAX, 0}, {"-9223372036854775808", INT64_MIN, 0},
        {"-9.223372036854775808", INT64_MIN, 18}, {"100", 10000000000, 8},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char out[MR_DECIMAL_TEXT];
        mr_decimal_text(cases[i].value, cases[i].scale, out);
        assert_string_equal(out, cases[i].want);
    }
}

static void rescaling_is_exact_or_refused(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { struct mr_decimal from; int scale; int status; int64_t want; } cases[] = {
        {{15, -1}, 8, MR_OK, 150000000}, {{150, -2}, 1, MR_OK, 15}, {{151, -2}, 1, MR_E_INEXACT, 0},
        {{1, 18}, 1, MR_E_OVERFLOW, 0}, {{0, 100}, 0, MR_OK, 0}, {{9, 17}, 1, MR_OK, 9000000000000000000},
        {{-5, -9}, 8, MR_E_INEXACT, 0}, {{-50, -9}, 8, MR_OK, -5},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        int64_t got = 0;
        assert_int_equal(mr_decimal_rescale(cases[i].from, cases[i].scale, &got), cases[i].status);
        assert_int_equal(got, cases[i].want);
    }
}

static void notionals_are_wide_and_truncated(void **state)
{
    (void)state;
    int64_t out;
    assert_int_equal(mr_notional_micro(6712345000000, 8, 150000000, 8, 1, 0, &out), MR_OK);
    assert_int_equal(out, 100685175000); /* 67,123.45 x 1.5 = 100,685.175 USD */
    assert_int_equal(mr_notional_micro(6352460000000, 8, 100000000000, 8, 1, 2, &out), MR_OK);
    assert_int_equal(out, 635246000000); /* OKX: 1,000 contracts of 0.01 BTC at 63,524.6 */
    assert_int_equal(mr_notional_micro(INT64_MAX, 0, INT64_MAX, 0, 1, 0, &out), MR_E_OVERFLOW);
    assert_int_equal(out, INT64_MAX);
    assert_int_equal(mr_notional_micro(INT64_MAX, 0, INT64_MIN, 0, INT64_MAX, 0, &out), MR_E_OVERFLOW);
    assert_int_equal(out, INT64_MIN);
    assert_int_equal(mr_notional_micro(1, 8, 1, 8, 1, 0, &out), MR_OK);
    assert_int_equal(out, 0);
    assert_int_equal(mr_notional_micro(3, 0, 2, 0, 1, 0, &out), MR_OK);
    assert_int_equal(out, 6000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_shortest),
        cmocka_unit_test(rescaling_is_exact_or_refused),
        cmocka_unit_test(notionals_are_wide_and_truncated),
    };
    return MR_TEST_MAIN(tests);
}
