/* Amounts of quote currency: exact, or refused by name. */
#include "controlplane/money/money.h"
#include "tests/support/support.h"

static mr_money of(const char *text)
{
    mr_money m = 0;
    assert_int_equal(mr_money_parse(mr_span_of(text), &m), MR_OK);
    return m;
}

static void assert_money(mr_money got, const char *want)
{
    char text[MR_MONEY_TEXT];
    mr_money_text(got, text);
    assert_string_equal(text, want);
}

static void texts_are_shortest_and_come_back(void **state)
{
    (void)state;
    static const char *const texts[] = {"0",
                                        "1",
                                        "-1",
                                        "0.5",
                                        "-0.000000000000000001",
                                        "1000000000000000",
                                        "10000.25",
                                        "999999999999999.999999999999999999",
                                        "-999999999999999.999999999999999999",
                                        "100"};
    for (size_t i = 0; i < MR_COUNT_OF(texts); i++)
        assert_money(of(texts[i]), texts[i]);
    assert_money(of("1.50"), "1.5");
    assert_money(of("-0"), "0");
    assert_money(of("0.1000000000000000000000"), "0.1"); /* zeros behind the eighteenth say nothing */
}

static void what_is_no_plain_decimal_is_refused(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *text; int want; } refused[] = {
        {"", MR_E_MALFORMED}, {"-", MR_E_MALFORMED}, {".5", MR_E_MALFORMED}, {"5.", MR_E_MALFORMED}, {"+5", MR_E_MALFORMED}, {"1e3", MR_E_MALFORMED},
        {"01", MR_E_MALFORMED}, {"00", MR_E_MALFORMED}, {"1.2.3", MR_E_MALFORMED}, {" 1", MR_E_MALFORMED}, {"1 ", MR_E_MALFORMED}, {"nan", MR_E_MALFORMED},
        {"inf", MR_E_MALFORMED}, {"--1", MR_E_MALFORMED}, {"0x10", MR_E_MALFORMED}, {"1,000", MR_E_MALFORMED},
        {"0.0000000000000000001", MR_E_INEXACT}, {"1000000000000000.000000000000000001", MR_E_OVERFLOW}, {"-1000000000000001", MR_E_OVERFLOW},
        {"99999999999999999999999999999999999999999999", MR_E_OVERFLOW},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        mr_money m = 7;
        assert_int_equal(mr_money_parse(mr_span_of(refused[i].text), &m), refused[i].want);
        assert_true(m == 7);
    }
}

static void notionals_are_exact(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { struct mr_instrument it; mr_price price; mr_size size; int status; const char *want; } cases[] = {
        {{.price_scale = 8, .size_scale = 8, .multiplier = 1}, 6000000000000, 150000000, MR_OK, "90000"},
        {{.price_scale = 8, .size_scale = 8, .multiplier = 1}, 1, 1, MR_OK, "0.0000000000000001"},
        {{.price_scale = 8, .size_scale = 8, .multiplier = 1, .multiplier_scale = 3}, 6000000000000, 8300000000, MR_OK, "4980"},
        {{.price_scale = 8, .size_scale = 8, .multiplier = 1, .multiplier_scale = 3}, 1, 1, MR_E_INEXACT, NULL},
        {{.price_scale = 8, .size_scale = 8, .multiplier = 1}, 6000000000000, -150000000, MR_OK, "-90000"},
        {{.price_scale = 2, .size_scale = 0, .multiplier = 100, .flags = MR_INSTRUMENT_INVERSE}, 6000000, 3, MR_OK, "300"},
        {{.price_scale = 0, .size_scale = 0, .multiplier = 1}, INT64_MAX, INT64_MAX, MR_E_OVERFLOW, NULL},
        {{.price_scale = 0, .size_scale = 0, .multiplier = 1}, 1000000000000000, 1, MR_OK, "1000000000000000"},
        {{.price_scale = 0, .size_scale = 0, .multiplier = 1}, 1000000000000001, 1, MR_E_OVERFLOW, NULL},
        {{.price_scale = 0, .size_scale = 0, .multiplier = INT64_MAX}, INT64_MAX, INT64_MIN, MR_E_OVERFLOW, NULL},
        {{.price_scale = 19, .size_scale = 0, .multiplier = 1}, 1, 1, MR_E_INVALID, NULL},
        {{.price_scale = 0, .size_scale = -1, .multiplier = 1}, 1, 1, MR_E_INVALID, NULL},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        mr_money got = 7;
        assert_int_equal(mr_money_notional(&cases[i].it, cases[i].price, cases[i].size, &got), cases[i].status);
        if (cases[i].want)
            assert_money(got, cases[i].want);
        else
            assert_true(got == 7);
    }
}

static void rates_round_the_way_they_are_told(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *amount; int64_t rate; int scale; const char *down, *up; } cases[] = {
        {"10000", 6, 4, "6", "6"},                       /* a taker fee of 0.06 % */
        {"0.000000000000000001", 6, 4, "0", "0.000000000000000001"},
        {"-0.000000000000000001", 6, 4, "-0.000000000000000001", "0"},
        {"999999999999999", 1, 0, "999999999999999", "999999999999999"},
        {"1", -25, 5, "-0.00025", "-0.00025"},           /* a rebate */
        {"0.000000000000000003", -5, 1, "-0.000000000000000002", "-0.000000000000000001"},
        {"123456789.123456789123456789", 1, 18, "0.000000000123456789", "0.00000000012345679"},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        mr_money down, up;
        assert_int_equal(mr_money_rate(of(cases[i].amount), cases[i].rate, cases[i].scale, MR_ROUND_DOWN, &down),
                         MR_OK);
        assert_int_equal(mr_money_rate(of(cases[i].amount), cases[i].rate, cases[i].scale, MR_ROUND_UP, &up), MR_OK);
        assert_money(down, cases[i].down);
        assert_money(up, cases[i].up);
    }
    mr_money left = 7;
    assert_int_equal(mr_money_rate(MR_MONEY_MAX, 11, 1, MR_ROUND_UP, &left), MR_E_OVERFLOW);
    assert_int_equal(mr_money_rate(MR_MONEY_MAX, INT64_MAX, 0, MR_ROUND_UP, &left), MR_E_OVERFLOW);
    assert_int_equal(mr_money_rate(1, 1, 19, MR_ROUND_UP, &left), MR_E_INVALID);
    assert_true(left == 7);
}

static void sums_stay_within_the_bound(void **state)
{
    (void)state;
    mr_money out = 7;
    assert_int_equal(mr_money_add(MR_MONEY_MAX, 1, &out), MR_E_OVERFLOW);
    assert_int_equal(mr_money_sub(-MR_MONEY_MAX, 1, &out), MR_E_OVERFLOW);
    assert_true(out == 7);
    assert_int_equal(mr_money_add(MR_MONEY_MAX, -1, &out), MR_OK);
    assert_int_equal(mr_money_sub(of("0.3"), of("0.1"), &out), MR_OK);
    assert_money(out, "0.2"); /* which doubles do not know */
    assert_int_equal(mr_money_of(5, 19, &out), MR_E_INVALID);
    assert_int_equal(mr_money_of(INT64_MAX, 0, &out), MR_E_OVERFLOW);
    assert_int_equal(mr_money_of(INT64_MIN, 18, &out), MR_OK);
    assert_money(out, "-9.223372036854775808");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_shortest_and_come_back),
        cmocka_unit_test(what_is_no_plain_decimal_is_refused),
        cmocka_unit_test(notionals_are_exact),
        cmocka_unit_test(rates_round_the_way_they_are_told),
        cmocka_unit_test(sums_stay_within_the_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
