#include "dataplane/budget/budget.h"
#include "tests/support/support.h"

#include <pthread.h>

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
        struct mr_budget b = {.most = cases[i].most, .window_s = cases[i].window_s};
        uint32_t n = 0;
        int64_t now = 1700000000 * S, window = cases[i].window_s * S, end = now + 8 * window;
        while (now < end && n < MR_COUNT_OF(at)) {
            int64_t again = mr_budget_take(&b, 1, now);
            if (again == 0) {
                at[n++] = now;
                continue;
            }
            assert_true(again > now && again <= now + window); /* always within a window */
            assert_int_not_equal(mr_budget_take(&b, 1, again - 1), 0);
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
    struct mr_budget b = {.most = 0};
    for (int i = 0; i < 1000; i++)
        assert_int_equal(mr_budget_take(&b, 1, S), 0);
}

/* Two runs, one after the other, whenever the first ends: no window sees more than one run would have had. */
static void a_run_goes_on_where_the_one_before_it_ended(void **state)
{
    (void)state;
    static int64_t at[4096];
    struct mr_random random = {1};
    struct mr_budget run = {.most = 30, .window_s = 60};
    uint32_t n = 0;
    int64_t now = 1700000000 * S, end = now + 600 * S;
    while (now < end && n < MR_COUNT_OF(at)) {
        int64_t again = mr_budget_take(&run, 1, now);
        if (again == 0)
            at[n++] = now;
        else
            now = again;
        if (mr_random_below(&random, 4) == 0) { /* it ends, and another begins a moment later */
            struct mr_budget next = {.most = run.most, .window_s = run.window_s};
            now += (int64_t)mr_random_below(&random, 100000000);
            mr_budget_carry(&next, &run, now);
            run = next;
        }
    }
    for (uint32_t k = run.most; k < n; k++)
        assert_true(at[k] - at[k - run.most] >= run.window_s * S);
    assert_true(n >= 4 * run.most);
}

static void what_is_carried_counts_for_a_window_at_most(void **state)
{
    (void)state;
    const int64_t now = 1700000000 * S;
    const struct mr_budget left = {.full_ns = now + 7000 * S}, owing = {.owes_ns = now + 7000 * S},
                           banned = {.owes_ns = INT64_MAX};
    struct mr_budget b = {.most = 10, .window_s = 60}; /* the clock was set back by two hours since */
    mr_budget_carry(&b, &left, now);
    assert_int_equal(b.full_ns, now + 60 * S);
    mr_budget_carry(&b, &owing, now);
    assert_int_equal(mr_budget_take(&b, 1, now), now + 7000 * S); /* the venue said so */
    mr_budget_carry(&b, &banned, now);
    assert_int_equal(mr_budget_take(&b, 1, now), now + 86400 * S);
}

static void after_a_rest_the_bucket_is_full_and_no_fuller(void **state)
{
    (void)state;
    struct mr_budget b = {.most = 10, .window_s = 10};
    for (int64_t now = 1000 * S; now < 5000 * S; now += 1000 * S) {
        int n = 0;
        while (mr_budget_take(&b, 1, now) == 0)
            n++;
        assert_int_equal(n, 5);
    }
}

/* Weights from a seed, any share at once: no window sees more, what is promised holds, and asking takes nothing. */
static void weights_are_counted_not_requests(void **state)
{
    (void)state;
    static const struct {
        uint32_t most, window_s, burst;
    } cases[] = {{2400, 60, 600}, {1200, 60, 0}, {10, 2, 2}, {60, 5, 59}};
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        static int64_t at[1 << 16];
        static uint32_t weight[1 << 16];
        struct mr_random random = {i + 1};
        struct mr_budget b = {.most = cases[i].most, .window_s = cases[i].window_s, .burst = cases[i].burst};
        uint32_t burst = cases[i].burst ? cases[i].burst : cases[i].most / 2, n = 0, from = 0, sum = 0;
        int64_t now = 1700000000 * S, window = cases[i].window_s * S, end = now + 20 * window;
        uint64_t all = 0;
        while (now < end && n < MR_COUNT_OF(at)) {
            uint32_t w = 1 + (uint32_t)mr_random_below(&random, burst < 50 ? burst : 50);
            int64_t when = mr_budget_when(&b, w, now);
            assert_int_equal(mr_budget_take(&b, w, now), when);
            if (when) {
                now = when;
                assert_int_equal(mr_budget_take(&b, w, now), 0);
            }
            at[n] = now;
            weight[n++] = w;
            sum += w;
            all += w;
            while (at[from] <= now - window)
                sum -= weight[from++];
            assert_true(sum <= cases[i].most);
        }
        assert_true(all >= 20u * (cases[i].most - burst));
    }
}

static void what_weighs_more_than_a_bucket_goes_when_it_is_full(void **state)
{
    (void)state;
    struct mr_budget b = {.most = 10, .window_s = 10};
    assert_int_equal(mr_budget_take(&b, 100, S), 0);
    assert_int_not_equal(mr_budget_take(&b, 1, S), 0);
    assert_int_equal(mr_budget_take(&b, 100, 11 * S), 0);
}

static void what_is_given_back_can_be_taken(void **state)
{
    (void)state;
    struct mr_budget b = {.most = 10, .window_s = 10};
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(mr_budget_take(&b, 5, S), 0);
        assert_int_not_equal(mr_budget_take(&b, 1, S), 0);
        mr_budget_give(&b, 5);
    }
}

static void a_debt_is_waited_for_and_leaves_no_burst(void **state)
{
    (void)state;
    struct mr_budget b = {.most = 10, .window_s = 10}, without = {.most = 0};
    mr_budget_owe(&b, 100 * S, S);
    mr_budget_owe(&b, 50 * S, S); /* a shorter one changes nothing */
    assert_int_equal(mr_budget_take(&b, 1, S), 100 * S);
    assert_int_equal(mr_budget_take(&b, 1, 99 * S), 100 * S);
    assert_int_equal(mr_budget_take(&b, 1, 100 * S), 0);
    assert_int_equal(mr_budget_take(&b, 1, 100 * S), 102 * S);
    mr_budget_owe(&b, 0, 200 * S); /* it does not say how long: until there is one more */
    assert_int_equal(mr_budget_take(&b, 1, 200 * S), 202 * S);
    assert_int_equal(mr_budget_take(&b, 1, 202 * S), 0);
    mr_budget_owe(&without, 100 * S, S); /* also where no limit is known */
    assert_int_equal(mr_budget_take(&without, 1, 99 * S), 100 * S);
    assert_int_equal(mr_budget_take(&without, 1, 100 * S), 0);
}

static void a_stock_is_taken_and_given_back(void **state)
{
    (void)state;
    struct mr_stock s = {.most = 10}, any = {.most = 0};
    assert_int_equal(mr_stock_take(&s, 7), 7);
    assert_int_equal(mr_stock_take(&s, 7), 3);
    assert_int_equal(mr_stock_take(&s, 7), 0);
    mr_stock_give(&s, 2);
    assert_int_equal(mr_stock_take(&s, 7), 2);
    assert_int_equal(mr_stock_take(&any, 1000000), 1000000);
    mr_stock_give(&any, 1000000);
    assert_int_equal(any.used, 0);
}

static void a_share_is_of_every_limit_and_never_nothing(void **state)
{
    (void)state;
    struct mr_budgets b;
    const struct mr_venue_limits limits = {.dials = 30, .dials_s = 60, .connections = 3, .sends = 2000, .sends_s = 60};
    mr_budgets_init(&b, &limits, 25);
    assert_int_equal(b.dials.most, 7);
    assert_int_equal(b.dials.window_s, 60);
    assert_int_equal(b.connections.most, 1); /* a quarter of three, and then nobody could connect */
    assert_int_equal(b.sends.most, 500);
    assert_int_equal(b.subscriptions.most, 0); /* no rule stays no rule */
}

/* ---- from several threads ---- */

static struct mr_budget shared = {.most = 1000, .window_s = 10};
static struct mr_stock stock = {.most = 50};

static void *take_many(void *arg)
{
    uint32_t *took = arg;
    for (int i = 0; i < 20000; i++) {
        *took += mr_budget_take(&shared, 1, S) == 0;
        mr_stock_give(&stock, mr_stock_take(&stock, 20));
    }
    return NULL;
}

static void threads_together_get_no_more(void **state)
{
    (void)state;
    pthread_t threads[4];
    uint32_t took[4] = {0};
    for (size_t i = 0; i < MR_COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, &took[i]), 0);
    for (size_t i = 0; i < MR_COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(took[0] + took[1] + took[2] + took[3], 500);
    assert_int_equal(stock.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_window_sees_more_than_the_venue_allows),
        cmocka_unit_test(without_a_limit_nothing_waits),
        cmocka_unit_test(a_run_goes_on_where_the_one_before_it_ended),
        cmocka_unit_test(what_is_carried_counts_for_a_window_at_most),
        cmocka_unit_test(after_a_rest_the_bucket_is_full_and_no_fuller),
        cmocka_unit_test(weights_are_counted_not_requests),
        cmocka_unit_test(what_weighs_more_than_a_bucket_goes_when_it_is_full),
        cmocka_unit_test(what_is_given_back_can_be_taken),
        cmocka_unit_test(a_debt_is_waited_for_and_leaves_no_burst),
        cmocka_unit_test(a_stock_is_taken_and_given_back),
        cmocka_unit_test(a_share_is_of_every_limit_and_never_nothing),
        cmocka_unit_test(threads_together_get_no_more),
    };
    return MR_TEST_MAIN(tests);
}
