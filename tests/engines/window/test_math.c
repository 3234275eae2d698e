#include <math.h>
#include <stdio.h>

#include "engines/window/math.h"
#include "tests/support/support.h"

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static double double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* |got - want| in units of the last place of a double as large as want */
static double ulps(double got, long double want)
{
    int e;
    frexpl(want, &e);
    long double ulp = ldexpl(1.0L, (e < -1021 ? -1021 : e) - 53);
    return (double)(fabsl((long double)got - want) / ulp);
}

static void log_is_within_one_ulp_of_the_true_value(void **state)
{
    (void)state;
    struct mr_random r = {2026};
    long n = getenv("MILLRACE_QUICK") ? 1000000 : 8000000;
    double worst = 0;
    for (long i = 0; i < n; i++) {
        uint64_t u = mr_random_next(&r);
        double x;
        switch (i % 4) {
        case 0:
            x = double_of(u % 0x7ff0000000000000ull);
            break; /* any positive */
        case 1:
            x = 1.0 + ((double)(int64_t)u) * 0x1p-65;
            break; /* 0.75 .. 1.25 */
        case 2:
            x = double_of(0x3ff0000000000000ull + u % 0x20000000000ull - 0x10000000000ull);
            break; /* nearly 1 */
        default:
            x = (double)(u % 100000000000ull + 1) / 1e4;
            break; /* prices */
        }
        if (x == 0)
            continue;
        double off = ulps(mr_log(x), logl((long double)x));
        worst = off > worst ? off : worst;
    }
    print_message("mr_log: at most %.4f ulp off over %ld points\n", worst, n);
    assert_true(worst <= 1.0);
}

static void log_of_special_values(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *says; double x, want; } cases[] = {
        {"one", 1.0, 0.0},
        {"zero", 0.0, -INFINITY},
        {"negative zero", -0.0, -INFINITY},
        {"infinity", INFINITY, INFINITY},
        {"the smallest", 0x1p-1074, -744.44007192138126231410729844608},
        {"the smallest normal", 0x1p-1022, -708.39641853226410621681182092940},
        {"the largest", 0x1.fffffffffffffp1023, 709.78271289338399684324569237317},
        {"two", 2.0, 0.69314718055994530941723212145818},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++)
        if (bits_of(mr_log(cases[i].x)) != bits_of(cases[i].want))
            fail_msg("%s: %.17g, wanted %.17g", cases[i].says, mr_log(cases[i].x), cases[i].want);
    assert_true(isnan(mr_log(NAN)));
    assert_true(isnan(mr_log(-1.0)));
    assert_true(isnan(mr_log(-0x1p-1074)));
    assert_true(isnan(mr_log(-INFINITY)));
}

/* The bits, not only the error: the same on every CPU and with every compiler. */
static void log_has_the_same_bits_everywhere(void **state)
{
    (void)state;
    uint64_t got = 0xcbf29ce484222325ull; /* FNV-1a over words */
    struct mr_random r = {7};
    for (int i = 0; i < 1000000; i++) {
        uint64_t u = mr_random_next(&r);
        int64_t before = (int64_t)(u >> 24) + 1;
        got = (got ^ bits_of(mr_log(double_of(u % 0x7ff0000000000000ull)))) * 0x100000001b3ull;
        got = (got ^ bits_of(mr_log_ratio(before, before + (int64_t)(u % 1000003)))) * 0x100000001b3ull;
    }
    if (got != 0xe3550f0111baeabaull)
        fail_msg("digest 0x%016llx", (unsigned long long)got);
}

static void the_ratio_keeps_its_digits_where_prices_are_almost_equal(void **state)
{
    (void)state;
    struct mr_random r = {99};
    for (int i = 0; i < 1000000; i++) {
        int64_t before = (int64_t)(mr_random_next(&r) >> (2 + mr_random_below(&r, 50))) + 1;
        int64_t step = (int64_t)mr_random_below(&r, (uint64_t)before / (1 + mr_random_below(&r, 1000000)) + 2);
        int64_t now = mr_random_next(&r) & 1 || step >= before ? before + step : before - step;
        long double want = log1pl((long double)(now - before) / (long double)before);
        double got = mr_log_ratio(now, before);
        if (want == 0)
            assert_true(got == 0);
        else if (fabsl((long double)got - want) > fabsl(want) * 1e-15L * (fabsl(want) > 0.3L ? 4 : 1))
            fail_msg("%lld / %lld: %.17g, wanted %.17Lg", (long long)now, (long long)before, got, want);
    }
    assert_true(mr_log_ratio(0, 5) == 0);
    assert_true(mr_log_ratio(5, 0) == 0);
    assert_true(mr_log_ratio(-5, 5) == 0);
    assert_true(mr_log_ratio(INT64_MAX, INT64_MAX) == 0);
    assert_true(bits_of(mr_log_ratio(101, 100)) == bits_of(-mr_log_ratio(100, 101)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_is_within_one_ulp_of_the_true_value),
        cmocka_unit_test(log_of_special_values),
        cmocka_unit_test(log_has_the_same_bits_everywhere),
        cmocka_unit_test(the_ratio_keeps_its_digits_where_prices_are_almost_equal),
    };
    return MR_TEST_MAIN(tests);
}
