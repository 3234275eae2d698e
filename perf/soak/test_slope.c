#include "perf/soak/slope.h"

#include <math.h>
#include <stdint.h>

#include "dataplane/base/base.h"
#include "tests/support/support.h"

#define POINTS 120

static double noise(uint64_t *seed) /* -1 to 1 */
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(int32_t)(*seed >> 32) / 2147483648.0;
}

static const struct {
    const char *says;
    double slope, noise, outlier; /* every seventh point is `outlier` higher */
    bool contains_0;
} series[] = {
    {"a line is its own slope", 3, 0, 0, false},
    {"a falling one too", -0.25, 0, 0, false},
    {"what stands still has none", 0, 0, 0, true},
    {"noise without a trend: the interval has 0 in it", 0, 50, 0, true},
    {"a trend within noise of its own size is found", 1, 50, 0, false},
    {"one point in seven far off changes little", 1, 5, 100000, false},
    {"and makes no trend where there is none", 0, 5, 100000, true},
};

static void slopes_are_found_in_noise_and_beside_outliers(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(series); i++) {
        double time[POINTS], value[POINTS];
        uint64_t seed = 7 + i;
        for (size_t k = 0; k < POINTS; k++) {
            time[k] = (double)k;
            value[k] = 1000 + series[i].slope * time[k] + series[i].noise * noise(&seed) +
                       (k % 7 == 3 ? series[i].outlier : 0);
        }
        struct mr_slope s;
        assert_true(mr_slope_of(time, value, POINTS, &s));
        bool good = s.low <= s.value && s.value <= s.high && fabs(s.value - series[i].slope) <= series[i].noise / 100 &&
                    s.low <= series[i].slope + 1e-9 && s.high >= series[i].slope - 1e-9 &&
                    (s.low <= 0 && s.high >= 0) == series[i].contains_0;
        if (!good)
            print_error("%s: %g [%g, %g]\n", series[i].says, s.value, s.low, s.high);
        assert_true(good);
    }
}

static void too_few_points_say_nothing(void **state)
{
    (void)state;
    const double time[] = {1, 2, 3}, same[] = {5, 5, 5}, value[] = {1, 4, 9};
    struct mr_slope s;
    assert_false(mr_slope_of(time, value, 2, &s));
    assert_false(mr_slope_of(same, value, 3, &s));
    assert_true(mr_slope_of(time, value, 3, &s));
    assert_true(s.value == 4 && s.level == 4);
}

static void a_median_is_the_middle_value(void **state)
{
    (void)state;
    const double odd[] = {9, 1, 5}, even[] = {4, 1, 3, 2};
    assert_true(mr_slope_median(odd, 3) == 5);
    assert_true(mr_slope_median(even, 4) == 2.5);
    assert_true(mr_slope_median(even, 0) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slopes_are_found_in_noise_and_beside_outliers),
        cmocka_unit_test(too_few_points_say_nothing),
        cmocka_unit_test(a_median_is_the_middle_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
