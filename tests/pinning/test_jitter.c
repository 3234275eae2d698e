/* The noise of a core: gaps that a clock is made to show, and what a real core shows. */
#include <stdio.h>

#include "pinning/jitter.h"
#include "tests/support/support.h"

static struct mr_jitter jitter;

/* A clock whose readings are a start and gaps; after the last it stands still, which no test may come to. */
struct made_clock {
    int64_t now;
    const int64_t *gaps;
    uint32_t count, next;
};

static int64_t made_now(void *arg)
{
    struct made_clock *c = arg;
    int64_t now = c->now;
    assert_true(c->next <= c->count);
    c->now += c->next < c->count ? c->gaps[c->next] : 0;
    c->next++;
    return now;
}

static void spin(const int64_t *gaps, uint32_t count, int64_t threshold_ns)
{
    struct made_clock clock = {.now = 1000000, .gaps = gaps, .count = count};
    int64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += gaps[i];
    mr_jitter_init(&jitter, threshold_ns);
    mr_jitter_spin(&jitter, made_now, &clock, sum);
    assert_int_equal(clock.next, count + 1);
    assert_int_equal(jitter.began_ns, 1000000);
    assert_int_equal(jitter.ended_ns, 1000000 + sum);
}

struct seen {
    int64_t low[16], high[16];
    uint64_t count[16];
    uint32_t n;
};

static void see(void *arg, int64_t low, int64_t high, uint64_t count)
{
    struct seen *s = arg;
    assert_true(s->n < 16);
    s->low[s->n] = low;
    s->high[s->n] = high;
    s->count[s->n++] = count;
}

static void gaps_given_are_the_histogram_and_the_stalls_exactly(void **state)
{
    (void)state;
    static const int64_t gaps[] = {20, 25, 20, 5000, 21, 999, 1000, 20, 70000, 20};
    struct seen seen = {0};
    spin(gaps, MR_COUNT_OF(gaps), 1000);
    mr_hist_each(&jitter.gaps.head, see, &seen);
    static const struct {
        int64_t value;
        uint64_t count;
    } want[] = {{20, 4}, {21, 1}, {25, 1}, {999, 1}, {1000, 1}, {5000, 1}, {70000, 1}};
    assert_int_equal(seen.n, MR_COUNT_OF(want));
    for (uint32_t i = 0; i < seen.n; i++) {
        assert_true(seen.low[i] <= want[i].value && want[i].value <= seen.high[i]);
        assert_int_equal(seen.count[i], want[i].count);
    }
    assert_int_equal(mr_hist_sum(&jitter.gaps.head), 20 * 4 + 21 + 25 + 999 + 1000 + 5000 + 70000);
    assert_int_equal(mr_hist_max(&jitter.gaps.head), 70000);
    assert_int_equal(mr_hist_min(&jitter.gaps.head), 20);
    /* 1000 is a stall, 999 is none; each has the time it ended */
    assert_int_equal(jitter.stalls, 3);
    assert_int_equal(jitter.longest_count, 3);
    static const struct mr_jitter_stall longest[] = {
        {1000000 + 77105, 70000}, {1000000 + 5065, 5000}, {1000000 + 7085, 1000}};
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(jitter.longest[i].gap_ns, longest[i].gap_ns);
        assert_int_equal(jitter.longest[i].mono_ns, longest[i].mono_ns);
    }
    /* a reading costs 20 here: that is not stolen */
    assert_int_equal(mr_jitter_stolen_ns(&jitter), 76000 - 3 * 20);
}

static void of_many_stalls_the_longest_are_kept_and_all_are_counted(void **state)
{
    (void)state;
    int64_t gaps[200];
    for (uint32_t i = 0; i < MR_COUNT_OF(gaps); i++)
        gaps[i] = 2000 + (int64_t)(i * 7919 % 200); /* a permutation of 200 lengths */
    spin(gaps, MR_COUNT_OF(gaps), 2000);
    assert_int_equal(jitter.stalls, 200);
    assert_int_equal(jitter.stalled_ns, 200 * 2000 + 199 * 200 / 2);
    assert_int_equal(jitter.longest_count, MR_JITTER_STALLS);
    for (uint32_t i = 0; i < MR_JITTER_STALLS; i++)
        assert_int_equal(jitter.longest[i].gap_ns, 2199 - i);
}

static void of_equal_stalls_the_earliest_is_kept(void **state)
{
    (void)state;
    int64_t gaps[40];
    for (uint32_t i = 0; i < MR_COUNT_OF(gaps); i++)
        gaps[i] = 3000;
    spin(gaps, MR_COUNT_OF(gaps), 1000);
    for (uint32_t i = 0; i < MR_JITTER_STALLS; i++)
        assert_int_equal(jitter.longest[i].mono_ns, 1000000 + 3000 * (i + 1));
    assert_int_equal(mr_jitter_stolen_ns(&jitter), 0); /* what is usual is no theft */
}

static void a_clock_that_goes_back_is_counted_and_no_gap(void **state)
{
    (void)state;
    static const int64_t gaps[] = {20, -500, 600};
    spin(gaps, MR_COUNT_OF(gaps), 1000);
    assert_int_equal(mr_hist_negative(&jitter.gaps.head), 1);
    assert_int_equal(mr_hist_count(&jitter.gaps.head), 2);
    assert_int_equal(jitter.stalls, 0);
}

static void a_core_of_this_host_is_measured(void **state)
{
    (void)state;
    struct mr_cpus allowed;
    struct mr_err err = {""};
    mr_jitter_allowed(&allowed);
    struct mr_jitter_core core = {.core = mr_cpus_next(&allowed, 0), .jitter = &jitter};
    mr_jitter_init(&jitter, 1000);
    assert_int_equal(mr_jitter_run(&core, 1, 200000000, &err), MR_OK);
    uint64_t count = mr_hist_count(&jitter.gaps.head), sum = mr_hist_sum(&jitter.gaps.head);
    assert_true(count > 0);
    assert_int_equal(mr_hist_negative(&jitter.gaps.head), 0);
    assert_true(jitter.ended_ns - jitter.began_ns >= 200000000);
    /* nothing of the time is missing, and no gap is in it twice */
    assert_int_equal(sum, jitter.ended_ns - jitter.began_ns);
    assert_true(mr_jitter_stolen_ns(&jitter) >= 0 && mr_jitter_stolen_ns(&jitter) <= (int64_t)sum);
    for (uint32_t i = 0; i < jitter.longest_count; i++)
        assert_true(jitter.longest[i].mono_ns > jitter.began_ns && jitter.longest[i].mono_ns <= jitter.ended_ns);
    if (jitter.longest_count)
        assert_int_equal(jitter.longest[0].gap_ns, mr_hist_max(&jitter.gaps.head));
}

static void a_core_that_this_process_may_not_use_is_refused_by_name_before_anything_runs(void **state)
{
    (void)state;
    struct mr_cpus allowed;
    struct mr_err err = {""};
    mr_jitter_allowed(&allowed);
    struct mr_jitter_core cores[] = {{.core = mr_cpus_next(&allowed, 0), .jitter = &jitter},
                                     {.core = MR_CPUS_MAX - 1, .jitter = &jitter}};
    mr_jitter_init(&jitter, 1000);
    assert_int_equal(mr_jitter_run(cores, 2, 200000000, &err), MR_E_INVALID);
    assert_non_null(strstr(err.text, "core 4095: this process may not run there"));
    assert_int_equal(mr_hist_count(&jitter.gaps.head), 0);
    assert_int_equal(mr_jitter_run(cores, 0, 200000000, &err), MR_E_INVALID);
    assert_int_equal(mr_jitter_run(cores, MR_JITTER_CORES + 1, 200000000, &err), MR_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_given_are_the_histogram_and_the_stalls_exactly),
        cmocka_unit_test(of_many_stalls_the_longest_are_kept_and_all_are_counted),
        cmocka_unit_test(of_equal_stalls_the_earliest_is_kept),
        cmocka_unit_test(a_clock_that_goes_back_is_counted_and_no_gap),
        cmocka_unit_test(a_core_of_this_host_is_measured),
        cmocka_unit_test(a_core_that_this_process_may_not_use_is_refused_by_name_before_anything_runs),
    };
    return MR_TEST_MAIN(tests);
}
