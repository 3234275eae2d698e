/* Series whose clocks are known: what is found is what was put in. */
#include <math.h>
#include <stdio.h>

#include "dataplane/clock/health.h"
#include "tests/support/support.h"

#define MS 1000000ll
#define SECOND 1000000000ll
#define START 1700000000000000000ll

/* A venue whose messages take way_ns and more: queues add up to jitter_ns to most. */
struct series {
    struct mr_clock_health h;
    struct mr_random random;
    int64_t now_ns, offset_ns, way_ns, jitter_ns, coarse_ns;
    double ppm;
    uint32_t per_s;
};

static void series_open(struct series *s, uint64_t seed)
{
    *s = (struct series){
        .random = {seed}, .now_ns = START, .way_ns = 3 * MS, .jitter_ns = 40 * MS, .coarse_ns = 1, .per_s = 20};
    mr_clock_health_init(&s->h);
}

/* True time goes on; our clock shows now_ns + offset, and runs `ppm` faster than the venue's. */
static void play(struct series *s, int seconds)
{
    for (int64_t i = 0; i < seconds * (int64_t)s->per_s; i++) {
        s->now_ns += SECOND / s->per_s;
        int64_t ours = s->offset_ns + (int64_t)((double)(s->now_ns - START) * s->ppm / 1e6);
        int64_t late = s->way_ns + (int64_t)mr_random_below(&s->random, 4) *
                                       (int64_t)mr_random_below(&s->random, (uint64_t)s->jitter_ns) / 4;
        int64_t sent = s->now_ns - late;
        sent -= sent % s->coarse_ns;
        int64_t recv = s->now_ns + ours;
        mr_clock_health_add(&s->h, recv, recv - sent);
    }
}

static void near(double got, double want, double within)
{
    if (!(fabs(got - want) <= within))
        fail_msg("%g, want %g within %g", got, want, within);
}

/* ---- what is found ---- */

static void a_steady_offset_is_found_within_the_jitter_of_the_quickest(void **state)
{
    (void)state;
    static const struct {
        int64_t offset_ns;
        enum mr_clock_state state;
    } cases[] = {
        {0, MR_CLOCK_IS_GOOD},          {250 * MS, MR_CLOCK_IS_GOOD},         {-2 * MS, MR_CLOCK_IS_GOOD},
        {-50 * MS, MR_CLOCK_IS_BEHIND}, {-1250 * MS, MR_CLOCK_IS_BEHIND},     {-4 * MS, MR_CLOCK_IS_BEHIND},
        {3000 * MS, MR_CLOCK_IS_LATE},  {-3600 * SECOND, MR_CLOCK_IS_BEHIND},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct series s;
        series_open(&s, i + 1);
        s.offset_ns = cases[i].offset_ns;
        assert_int_equal(mr_clock_health_state(&s.h), MR_CLOCK_IS_UNKNOWN);
        play(&s, 300);
        near((double)s.h.offset_ns, (double)(cases[i].offset_ns + s.way_ns), 0.5 * MS);
        near(s.h.drift_ppm, 0, 5);
        assert_int_equal(mr_clock_health_state(&s.h), cases[i].state);
        assert_int_equal(s.h.jumps, 0);
    }
}

static void a_drift_is_found_by_its_rate_and_is_no_jump(void **state)
{
    (void)state;
    static const double rates[] = {-1000, -200, -100, -20, 20, 100, 200, 1000};
    for (size_t i = 0; i < MR_COUNT_OF(rates); i++) {
        struct series s;
        series_open(&s, i + 1);
        s.ppm = rates[i];
        play(&s, 900);
        near(s.h.drift_ppm, rates[i], 5);
        assert_int_equal(s.h.jumps, 0);
        assert_int_equal(mr_clock_health_state(&s.h) == MR_CLOCK_IS_DRIFTS, fabs(rates[i]) > MR_CLOCK_DRIFT_PPM);
    }
}

static void a_step_of_either_clock_is_one_jump_of_its_size(void **state)
{
    (void)state;
    static const int64_t steps[] = {-3600000, -10000, -500, -60, 60, 500, 10000, 3600000};
    for (size_t i = 0; i < MR_COUNT_OF(steps); i++) {
        struct series s;
        series_open(&s, i + 1);
        play(&s, 125);
        s.offset_ns = steps[i] * MS;
        play(&s, 45);
        assert_int_equal(s.h.jumps, 1);
        near((double)s.h.jump_ns, (double)steps[i] * MS, MS);
        assert_int_equal(mr_clock_health_state(&s.h), MR_CLOCK_IS_JUMPED);
        play(&s, 120); /* history began anew: the offset is the new one, and there is no drift in it */
        assert_int_equal(s.h.jumps, 1);
        near((double)s.h.offset_ns, (double)(steps[i] * MS + s.way_ns), MS);
        near(s.h.drift_ppm, 0, 10);
        assert_int_not_equal(mr_clock_health_state(&s.h), MR_CLOCK_IS_JUMPED);
    }
}

/* ---- what is not taken for more than it is ---- */

static void a_few_wrong_times_change_nothing(void **state)
{
    (void)state;
    struct series s;
    series_open(&s, 3);
    for (int i = 0; i < 60; i++) {
        play(&s, 10);
        for (int k = 0; k < 2; k++) /* messages of the future, and of last year */
            mr_clock_health_add(&s.h, s.now_ns, (i + k) % 2 ? -30000 * SECOND : 30000000 * SECOND);
    }
    near((double)s.h.offset_ns, (double)s.way_ns, 0.5 * MS);
    near(s.h.drift_ppm, 0, 5);
    assert_int_equal(s.h.jumps, 0);
}

static void one_odd_window_is_an_outlier_and_no_jump(void **state)
{
    (void)state;
    struct series s;
    series_open(&s, 4);
    play(&s, 120);
    int64_t way_ns = s.way_ns;
    s.way_ns = 900 * MS; /* everything stood still behind us for a while */
    play(&s, 12);
    s.way_ns = way_ns;
    play(&s, 120);
    assert_int_equal(s.h.jumps, 0);
    assert_true(s.h.outliers <= 1);
    near((double)s.h.offset_ns, (double)way_ns, 0.5 * MS);
    near(s.h.drift_ppm, 0, 5);
}

static void jitter_however_large_moves_the_floor_little(void **state)
{
    (void)state;
    struct series s;
    series_open(&s, 5);
    s.jitter_ns = 2 * SECOND;
    s.per_s = 100;
    play(&s, 400);
    assert_true(s.h.offset_ns >= s.way_ns);
    near((double)s.h.offset_ns, (double)s.way_ns, 5 * MS);
    assert_int_equal(s.h.jumps, 0);
}

static void venue_times_of_whole_milliseconds_cost_at_most_that(void **state)
{
    (void)state;
    struct series s;
    series_open(&s, 6);
    s.coarse_ns = MS;
    s.ppm = 100;
    play(&s, 600);
    near(s.h.drift_ppm, 100, 5);
    assert_int_equal(s.h.jumps, 0);
}

static void a_quiet_feed_takes_longer_and_says_unknown_until_then(void **state)
{
    (void)state;
    struct mr_clock_health h;
    mr_clock_health_init(&h);
    for (int i = 0; i < 200; i++) { /* one a minute */
        mr_clock_health_add(&h, START + i * 60 * SECOND, 5 * MS);
        assert_int_equal(mr_clock_health_state(&h) == MR_CLOCK_IS_UNKNOWN, i < MR_CLOCK_LEAST - 1);
    }
    assert_int_equal(h.offset_ns, 5 * MS);
    assert_true(h.windows >= 200 / MR_CLOCK_LEAST - 1 && h.windows <= 200 / MR_CLOCK_LEAST);
}

static void messages_a_little_out_of_order_close_no_window_twice(void **state)
{
    (void)state;
    struct mr_clock_health h;
    mr_clock_health_init(&h);
    struct mr_random random = {9};
    uint32_t closed = 0;
    for (int64_t i = 0; i < 12000; i++) /* 120 s, and each up to half a second late in its turn */
        closed += mr_clock_health_add(&h, START + i * 10 * MS - (int64_t)mr_random_below(&random, 500) * MS, 5 * MS);
    assert_int_equal(closed, h.windows);
    assert_in_range(closed, 10, 12);
    assert_int_equal(h.jumps, 0);
}

static void extreme_times_break_nothing(void **state)
{
    (void)state;
    static const int64_t odd[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, START, INT64_MAX - 1, INT64_MAX};
    struct mr_clock_health h;
    struct mr_random random = {10};
    mr_clock_health_init(&h);
    for (int i = 0; i < 100000; i++) {
        mr_clock_health_add(&h, odd[mr_random_below(&random, MR_COUNT_OF(odd))],
                            odd[mr_random_below(&random, MR_COUNT_OF(odd))]);
        assert_true(h.low[0] <= h.low[1] && h.low[1] <= h.low[2]);
        assert_true(h.floors <= MR_CLOCK_FLOORS);
        assert_string_not_equal(mr_clock_state_name(mr_clock_health_state(&h)), "?");
    }
    assert_string_equal(mr_clock_state_name(99), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_steady_offset_is_found_within_the_jitter_of_the_quickest),
        cmocka_unit_test(a_drift_is_found_by_its_rate_and_is_no_jump),
        cmocka_unit_test(a_step_of_either_clock_is_one_jump_of_its_size),
        cmocka_unit_test(a_few_wrong_times_change_nothing),
        cmocka_unit_test(one_odd_window_is_an_outlier_and_no_jump),
        cmocka_unit_test(jitter_however_large_moves_the_floor_little),
        cmocka_unit_test(venue_times_of_whole_milliseconds_cost_at_most_that),
        cmocka_unit_test(a_quiet_feed_takes_longer_and_says_unknown_until_then),
        cmocka_unit_test(messages_a_little_out_of_order_close_no_window_twice),
        cmocka_unit_test(extreme_times_break_nothing),
    };
    return MR_TEST_MAIN(tests);
}
