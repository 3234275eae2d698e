/* Token buckets beside a sliding window counted by hand; the circuit breaker. */
#include "controlplane/orders/breaker.h"
#include "controlplane/orders/bucket.h"
#include "tests/support/support.h"

#define SECOND 1000000000LL

static void no_window_holds_more_than_the_quota(void **state)
{
    (void)state;
    static const struct mr_bucket_limit limits[] = {
        {30, 10, 3 * SECOND}, {75, 10, 3 * SECOND}, {2000, 1400, 30 * SECOND}, {1, 1, SECOND},
        {5, 5, 10},           {7, 3, 11},           {100, 1, SECOND}};
    struct mr_random r = {11};
    enum { TRIES = 40000 };
    static int64_t taken[TRIES];
    for (size_t l = 0; l < MR_COUNT_OF(limits); l++) {
        struct mr_bucket b;
        int64_t now = 1000;
        uint32_t count = 0, most = 0, oldest = 0;
        assert_int_equal(mr_bucket_init(&b, &limits[l], now), MR_OK);
        for (int i = 0; i < TRIES; i++) {
            /* bursts, and rests of up to a window and a half */
            if (mr_random_below(&r, limits[l].burst / 2 + 2) == 0)
                now += (int64_t)mr_random_below(
                    &r, (uint64_t)limits[l].window_ns * (mr_random_below(&r, 50) ? 1 : 60) / 40 + 2);
            if (!mr_bucket_take(&b, 0, now))
                continue;
            taken[count++] = now;
            while (taken[oldest] <= now - limits[l].window_ns) /* the window (now - W, now] */
                oldest++;
            most = count - oldest > most ? count - oldest : most;
            assert_true(count - oldest <= limits[l].quota);
        }
        assert_true(most >= limits[l].burst); /* and the quota is of use */
    }
}

static void a_patient_taker_gets_the_whole_rate(void **state)
{
    (void)state;
    const struct mr_bucket_limit limit = {30, 10, 3 * SECOND};
    struct mr_bucket b;
    assert_int_equal(mr_bucket_init(&b, &limit, 0), MR_OK);
    int64_t now = 0;
    uint32_t count = 0;
    while (now <= 3 * SECOND) {
        int64_t when = mr_bucket_when(&b, 0, now);
        if (when > now) {
            assert_false(mr_bucket_take(&b, 0, when - 1)); /* not a nanosecond before */
            now = when;
            continue;
        }
        assert_true(mr_bucket_take(&b, 0, now));
        count++;
    }
    assert_int_equal(count, 30); /* 10 at once, 20 more by the window's last moment */
}

static void what_is_kept_for_cancels_is_not_taken_by_orders(void **state)
{
    (void)state;
    const struct mr_bucket_limit limit = {10, 5, SECOND};
    struct mr_bucket b;
    assert_int_equal(mr_bucket_init(&b, &limit, 0), MR_OK);
    for (int i = 0; i < 3; i++)
        assert_true(mr_bucket_take(&b, 2, 0));
    assert_false(mr_bucket_take(&b, 2, 0));
    assert_int_equal(mr_bucket_when(&b, 2, 0), SECOND / 5);
    assert_int_equal(mr_bucket_when(&b, 0, 0), 0);
    assert_true(mr_bucket_take(&b, 0, 0));
    assert_true(mr_bucket_take(&b, 0, 0));
    assert_false(mr_bucket_take(&b, 0, 0));
    assert_int_equal(mr_bucket_when(&b, 4, 0), SECOND);
    assert_int_equal(mr_bucket_when(&b, 5, 0), INT64_MAX);
}

static void a_bucket_without_refill_says_never(void **state)
{
    (void)state;
    const struct mr_bucket_limit limit = {2, 2, SECOND};
    struct mr_bucket b;
    assert_int_equal(mr_bucket_init(&b, &limit, 0), MR_OK);
    assert_true(mr_bucket_take(&b, 0, 0) && mr_bucket_take(&b, 0, 0));
    assert_int_equal(mr_bucket_when(&b, 0, 0), INT64_MAX); /* a quota that is all burst has no rate */
    assert_false(mr_bucket_take(&b, 0, INT64_MAX / 2));
}

static void a_venue_that_says_wait_is_obeyed_and_time_that_steps_back_brings_nothing(void **state)
{
    (void)state;
    const struct mr_bucket_limit limit = {10, 5, SECOND};
    struct mr_bucket b;
    assert_int_equal(mr_bucket_init(&b, &limit, 0), MR_OK);
    mr_bucket_block(&b, 5 * SECOND);
    mr_bucket_block(&b, 4 * SECOND); /* the later of them counts */
    assert_false(mr_bucket_take(&b, 0, 5 * SECOND - 1));
    assert_int_equal(mr_bucket_when(&b, 0, 0), 5 * SECOND);
    assert_true(mr_bucket_take(&b, 0, 5 * SECOND));
    assert_int_equal(mr_bucket_when(&b, 0, 6 * SECOND), 6 * SECOND);
    for (int i = 0; i < 4; i++)
        assert_true(mr_bucket_take(&b, 0, 5 * SECOND));
    assert_false(mr_bucket_take(&b, 0, 0)); /* blocked then */
    b.blocked_ns = 0;
    assert_false(mr_bucket_take(&b, 0, SECOND));
    assert_false(mr_bucket_take(&b, 0, 5 * SECOND));
}

static void limits_out_of_bounds_are_refused(void **state)
{
    (void)state;
    static const struct mr_bucket_limit refused[] = {
        {0, 0, 1}, {1, 0, 1}, {1, 2, 1}, {1000001, 1, 1}, {1, 1, 0}, {1, 1, -1}, {1, 1, 1000000000001}};
    static const struct mr_bucket_limit good[] = {{1, 1, 1}, {1000000, 1000000, 1000000000000}};
    struct mr_bucket b;
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++)
        assert_int_equal(mr_bucket_init(&b, &refused[i], 0), MR_E_RANGE);
    for (size_t i = 0; i < MR_COUNT_OF(good); i++)
        assert_int_equal(mr_bucket_init(&b, &good[i], 0), MR_OK);
    static const struct mr_breaker_limit odd[] = {{0, 1, 1}, {17, 1, 1}, {1, 0, 1}, {1, 1, 0}};
    struct mr_breaker breaker;
    for (size_t i = 0; i < MR_COUNT_OF(odd); i++)
        assert_int_equal(mr_breaker_init(&breaker, &odd[i]), MR_E_RANGE);
    assert_int_equal(mr_breaker_init(&breaker, &(struct mr_breaker_limit){16, 1, 1}), MR_OK);
}

static const struct mr_breaker_limit usual = {5, 60 * SECOND, 30 * SECOND};

static void five_failures_within_a_minute_open_it(void **state)
{
    (void)state;
    struct mr_breaker b;
    assert_int_equal(mr_breaker_init(&b, &usual), MR_OK);
    for (int i = 0; i < 4; i++)
        mr_breaker_failure(&b, i * SECOND);
    assert_true(mr_breaker_allows(&b, 4 * SECOND));
    mr_breaker_success(&b, 4 * SECOND); /* says nothing about the four: they count for their minute */
    mr_breaker_failure(&b, 60 * SECOND);
    assert_int_equal(b.state, MR_BREAKER_OPEN); /* the first was exactly 60 s ago */
    assert_int_equal(b.opened, 1);
    assert_false(mr_breaker_allows(&b, 90 * SECOND - 1));
}

static void failures_further_apart_do_not(void **state)
{
    (void)state;
    struct mr_breaker b;
    assert_int_equal(mr_breaker_init(&b, &usual), MR_OK);
    for (int i = 0; i < 100; i++) {
        mr_breaker_failure(&b, i * (15 * SECOND + 1));
        assert_true(mr_breaker_allows(&b, i * (15 * SECOND + 1)));
    }
    assert_int_equal(b.opened, 0);
    mr_breaker_failure(&b, 99 * (15 * SECOND + 1) + 1); /* until one comes closer */
    assert_int_equal(b.opened, 1);
}

static struct mr_breaker opened_at_zero(void)
{
    struct mr_breaker b;
    assert_int_equal(mr_breaker_init(&b, &usual), MR_OK);
    for (int i = 0; i < 5; i++)
        mr_breaker_failure(&b, 0);
    return b;
}

static void half_open_lets_one_try_and_its_success_closes(void **state)
{
    (void)state;
    struct mr_breaker b = opened_at_zero();
    mr_breaker_success(&b, 10 * SECOND); /* too early to mean anything */
    mr_breaker_failure(&b, 10 * SECOND); /* and does not prolong it */
    assert_false(mr_breaker_allows(&b, 30 * SECOND - 1));
    assert_true(mr_breaker_allows(&b, 30 * SECOND));
    assert_false(mr_breaker_allows(&b, 30 * SECOND));
    mr_breaker_success(&b, 31 * SECOND);
    assert_int_equal(b.state, MR_BREAKER_CLOSED);
    for (int i = 0; i < 4; i++) /* the old failures are forgotten */
        mr_breaker_failure(&b, 31 * SECOND);
    assert_true(mr_breaker_allows(&b, 31 * SECOND));
}

static void half_open_and_a_failure_opens_it_anew(void **state)
{
    (void)state;
    struct mr_breaker b = opened_at_zero();
    assert_true(mr_breaker_allows(&b, 40 * SECOND));
    mr_breaker_failure(&b, 41 * SECOND);
    assert_int_equal(b.opened, 2);
    assert_false(mr_breaker_allows(&b, 71 * SECOND - 1));
    assert_true(mr_breaker_allows(&b, 71 * SECOND));
    /* a success of a query closes it although no order has tried */
    b = opened_at_zero();
    mr_breaker_success(&b, 30 * SECOND);
    assert_int_equal(b.state, MR_BREAKER_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_window_holds_more_than_the_quota),
        cmocka_unit_test(a_patient_taker_gets_the_whole_rate),
        cmocka_unit_test(what_is_kept_for_cancels_is_not_taken_by_orders),
        cmocka_unit_test(a_bucket_without_refill_says_never),
        cmocka_unit_test(a_venue_that_says_wait_is_obeyed_and_time_that_steps_back_brings_nothing),
        cmocka_unit_test(limits_out_of_bounds_are_refused),
        cmocka_unit_test(five_failures_within_a_minute_open_it),
        cmocka_unit_test(failures_further_apart_do_not),
        cmocka_unit_test(half_open_lets_one_try_and_its_success_closes),
        cmocka_unit_test(half_open_and_a_failure_opens_it_anew),
    };
    return MR_TEST_MAIN(tests);
}
