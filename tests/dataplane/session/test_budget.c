#include "dataplane/session/budget.h"
#include "tests/support/support.h"

#define S 1000000000ll

/* Sessions that dial as soon as they may, for many windows: no window of the venue's length, wherever it begins, sees more than it allows. */
static void no_window_sees_more_than_the_venue_allows(void **state)
{
    (void)state;
    static const struct {
        uint32_t most, window_s;
    } cases[] = {{300, 300}, {3, 1}, {1, 2}, {2, 1}, {30, 60}, {7, 10}};
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        static int64_t at[4096];
        struct mr_budget b = {cases[i].most, cases[i].window_s, 0};
        uint32_t n = 0;
        int64_t now = 1700000000 * S, window = cases[i].window_s * S, end = now + 8 * window;
        while (now < end && n < MR_COUNT_OF(at)) {
            int64_t again = mr_budget_take(&b, now);
            if (again == 0) {
                at[n++] = now;
                continue;
            }
            assert_true(again > now && again <= now + window); /* always within a window */
            assert_int_not_equal(mr_budget_take(&b, again - 1), 0);
            now = again;
        }
        for (uint32_t k = cases[i].most; k < n; k++)
            assert_true(at[k] - at[k - cases[i].most] >= window);
        assert_true(n >= 4 * cases[i].most); /* and half of it is always given */
    }
}

static void without_a_limit_nothing_waits(void **state)
{
    (void)state;
    struct mr_budget b = {0, 0, 0};
    for (int i = 0; i < 1000; i++)
        assert_int_equal(mr_budget_take(&b, S), 0);
}

static void after_a_rest_the_bucket_is_full_and_no_fuller(void **state)
{
    (void)state;
    struct mr_budget b = {10, 10, 0};
    for (int64_t now = 1000 * S; now < 5000 * S; now += 1000 * S) {
        int n = 0;
        while (mr_budget_take(&b, now) == 0)
            n++;
        assert_int_equal(n, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_window_sees_more_than_the_venue_allows),
        cmocka_unit_test(without_a_limit_nothing_waits),
        cmocka_unit_test(after_a_rest_the_bucket_is_full_and_no_fuller),
    };
    return MR_TEST_MAIN(tests);
}
