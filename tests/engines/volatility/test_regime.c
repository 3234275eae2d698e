/* Regimes, multiplier, adjustments: the worked values. */
#include <math.h>

#include "engines/volatility/volatility.h"
#include "tests/support/support.h"

static void near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-12 * fabs(want)))
        fail_msg("%.17g, wanted %.17g", got, want);
}

static void bounds_belong_to_the_upper_regime(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { double vol; enum mr_regime want; } cases[] = {
        {0.0, MR_REGIME_DORMANT}, {0.4999999, MR_REGIME_DORMANT}, {0.5, MR_REGIME_LOW}, {0.9999999, MR_REGIME_LOW},
        {1.0, MR_REGIME_NORMAL}, {1.9999999, MR_REGIME_NORMAL}, {2.0, MR_REGIME_ELEVATED}, {3.0, MR_REGIME_HIGH},
        {4.9999999, MR_REGIME_HIGH}, {5.0, MR_REGIME_EXTREME}, {1e9, MR_REGIME_EXTREME}, {NAN, MR_REGIME_DORMANT},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++)
        assert_int_equal(mr_regime_of(cases[i].vol), cases[i].want);
}

static void multipliers_are_the_worked_ones(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { enum mr_regime regime; double a, percentile, dispersion, z, want; } cases[] = {
        {MR_REGIME_NORMAL, 0, 0, 0, 0, 1.5},
        {MR_REGIME_NORMAL, 0.002, 92, 0, 0, 1.836},
        {MR_REGIME_LOW, -0.5, 95, 0, -2.1, 2.16},      /* 95 is not above 95; |z| counts; falling volatility does not */
        {MR_REGIME_HIGH, 0.01, 96, 0.6, 2.5, 9.6525},
        {MR_REGIME_EXTREME, 0, 99, 0, 3.5, 10},        /* 15 before the cap */
        {MR_REGIME_DORMANT, 0, 0, 0, 0, 1.0},
        {MR_REGIME_ELEVATED, 0, 90, 0.5, 2, 2.0},      /* each rule is strictly above */
        {MR_REGIME_ELEVATED, 0, 90.1, 0.51, 2.1, 2.0 * 1.2 * 1.3 * 1.5},
        {MR_REGIME_DORMANT, 0, 0, 0, -3, 1.5},
        {MR_REGIME_DORMANT, 0, 0, 0, -3.1, 2.0},
        {MR_REGIME_DORMANT, NAN, NAN, NAN, NAN, 1.0},  /* silence of a NaN must not silence the rest */
        {MR_REGIME_LOW, INFINITY, INFINITY, INFINITY, -INFINITY, 1.2},
        {MR_REGIME_EXTREME, 1e300, 100, 1, 4, 10},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++)
        near(mr_regime_multiplier(cases[i].regime, cases[i].a, cases[i].percentile, cases[i].dispersion, cases[i].z),
             cases[i].want);
}

static void thresholds_are_adjusted_by_the_table(void **state)
{
    (void)state;
    static const struct mr_regime_adjust want[MR_REGIME_COUNT] = {
        {0.5, 0.7, -0.1, {0.7, 0.9, 1.0, 1.2, 1.3}, true},
        {1, 1, 0, {1, 1, 1, 1, 1}, false},
        {1, 1, 0, {1, 1, 1, 1, 1}, false},
        {1, 1, 0, {1, 1, 1, 1, 1}, false},
        {1.5, 1.2, 0, {1, 1, 1, 1, 1}, false},
        {2.0, 1.5, 0.1, {1.5, 1.3, 1.0, 0.8, 0.6}, true},
    };
    for (unsigned r = 0; r < MR_REGIME_COUNT; r++) {
        const struct mr_regime_adjust *got = mr_regime_adjust((enum mr_regime)r);
        near(got->velocity, want[r].velocity);
        near(got->volume, want[r].volume);
        near(got->correlation, want[r].correlation);
        for (int i = 0; i < 5; i++)
            near(got->weight[i], want[r].weight[i]);
        assert_int_equal(got->weighted, want[r].weighted);
    }
}

static void every_regime_has_its_name(void **state)
{
    (void)state;
    static const char *const names[] = {"DORMANT", "LOW", "NORMAL", "ELEVATED", "HIGH", "EXTREME", "?"};
    for (unsigned r = 0; r <= MR_REGIME_COUNT; r++)
        assert_string_equal(mr_regime_name(r), names[r]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_belong_to_the_upper_regime),
        cmocka_unit_test(multipliers_are_the_worked_ones),
        cmocka_unit_test(thresholds_are_adjusted_by_the_table),
        cmocka_unit_test(every_regime_has_its_name),
    };
    return MR_TEST_MAIN(tests);
}
