/* Windows against a reference that keeps every event and counts anew each time it is asked. */
#include <stdio.h>

#include "engines/window/grid.h"
#include "engines/window/window.h"
#include "tests/support/support.h"

#define MS 1000000ll
#define EVENTS_MAX 400000

struct fact {
    int64_t time_ns, micro;
    bool is_short;
};

static struct fact *facts;
static uint32_t fact_count;

static struct mr_window_sum by_definition(int64_t now, uint32_t window_ms)
{
    struct mr_window_sum sum = {0};
    for (uint32_t i = fact_count; i > 0 && facts[i - 1].time_ns > now - window_ms * MS; i--) {
        sum.count++;
        *(facts[i - 1].is_short ? &sum.short_micro : &sum.long_micro) += facts[i - 1].micro;
        if (facts[i - 1].micro > sum.largest_micro)
            sum.largest_micro = facts[i - 1].micro;
    }
    return sum;
}

static struct mr_window *fresh(const struct mr_window_config *config)
{
    static uint64_t *mem;
    free(mem);
    mem = malloc(mr_window_bytes(config) + 16);
    assert_non_null(mem);
    memset(mem, 0xa5, mr_window_bytes(config) + 16); /* nothing may rely on zeroed memory */
    fact_count = 0;
    return mr_window_init(mem, config);
}

static void happen(struct mr_window *window, int64_t now, int64_t micro, bool is_short)
{
    facts[fact_count++] = (struct fact){now, micro, is_short};
    mr_window_add(window, now, micro, is_short);
    mr_window_advance(window, now);
}

/* Exact unless the window says otherwise; then at most 100 ms of older events too many, and the largest a bound. */
static void compare(const struct mr_window *window, const struct mr_window_config *config, int64_t now,
                    uint64_t *inexact)
{
    for (uint32_t i = 0; i < MR_WINDOWS_MAX && config->windows_ms[i]; i++) {
        struct mr_window_sum got, want = by_definition(now, config->windows_ms[i]);
        mr_window_query(window, i, &got);
        if (got.flags & MR_WINDOW_COARSE) {
            struct mr_window_sum wider = by_definition(now, config->windows_ms[i] + 100);
            assert_true(now % (100 * MS) != 0);
            assert_in_range(got.count, want.count, wider.count);
            assert_in_range(got.long_micro, want.long_micro, wider.long_micro);
            assert_in_range(got.short_micro, want.short_micro, wider.short_micro);
            ++*inexact;
        } else {
            assert_int_equal(got.count, want.count);
            assert_int_equal(got.long_micro, want.long_micro);
            assert_int_equal(got.short_micro, want.short_micro);
        }
        if (got.flags & MR_WINDOW_PEAK_BOUND)
            assert_true(got.largest_micro >= want.largest_micro);
        else
            assert_int_equal(got.largest_micro, want.largest_micro);
        assert_int_equal(mr_window_count(window, i), got.count);
        assert_int_equal(mr_window_micro(window, i), got.long_micro + got.short_micro);
    }
}

static int64_t gap(struct mr_random *r, uint32_t style)
{
    switch (style) {
    case 0:
        return 0; /* a batch */
    case 1:
        return (int64_t)mr_random_below(r, 3 * MS); /* a burst */
    case 2:
        return (int64_t)mr_random_below(r, 400 * MS); /* a trickle */
    case 3:
        return 100 * MS; /* straight to the edges of windows and cells */
    default:
        return (int64_t)mr_random_below(r, 90000) * MS; /* silence */
    }
}

static uint64_t run(const struct mr_window_config *config, uint64_t seed, uint32_t events, bool on_grid, bool quiet)
{
    struct mr_window *window = fresh(config);
    struct mr_random r = {seed};
    int64_t now = 1790000000000000000ll;
    uint64_t inexact = 0;
    for (uint32_t i = 0; i < events; i++) {
        static const uint8_t styles[16] = {0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4};
        uint32_t style = styles[(seed * 7 + i / 64 * 2654435761u) >> 7 & 15];
        now += gap(&r, style == 4 && i % 64 ? 2 : style);
        if (on_grid)
            now = mr_grid_ceil(now, MS);
        happen(window, now, (int64_t)mr_random_below(&r, 1 + mr_random_below(&r, 5000000000000ull)),
               mr_random_next(&r) & 1);
        if (!quiet && i % 5 == 0) {
            if (i % 3 == 0) {
                now += (int64_t)mr_random_below(&r, 120 * MS);
                mr_window_advance(window, now);
            }
            compare(window, config, now, &inexact);
        }
        if (i % 41 == 0) {
            now = mr_grid_ceil(now, 100 * MS);
            mr_window_advance(window, now);
            compare(window, config, now, &inexact);
        }
    }
    return inexact;
}

static const struct mr_window_config usual = {.events = 4096, .windows_ms = {100, 500, 2000, 10000, 60000}};

static void windows_equal_the_definition_on_random_streams(void **state)
{
    (void)state;
    uint32_t n = getenv("MILLRACE_QUICK") ? 6000 : 30000;
    for (uint64_t seed = 1; seed <= 4; seed++)
        assert_int_equal(run(&usual, seed, n, seed & 1, false), 0);
}

static void overflow_stays_exact_at_ticks_and_is_said_between_them(void **state)
{
    (void)state;
    uint32_t n = getenv("MILLRACE_QUICK") ? 6000 : 30000;
    static const struct mr_window_config small[] = {
        {.events = 16, .windows_ms = {100, 500, 2000, 10000, 60000}},
        {.events = 64, .windows_ms = {300000, 100, 60000, 200}},
        {.events = 32, .windows_ms = {100, 1000}},
    };
    for (size_t i = 0; i < MR_COUNT_OF(small); i++)
        for (uint64_t seed = 5; seed < 8; seed++)
            assert_true(run(&small[i], seed, n, seed & 1, false) > 0);
}

static void two_hundred_a_second_for_a_minute_are_twelve_thousand(void **state)
{
    (void)state;
    const struct mr_window_config config = {.events = 2048, .windows_ms = {60000}};
    struct mr_window *window = fresh(&config);
    for (int i = 1; i <= 12000; i++)
        mr_window_add(window, i * 5 * MS, 1000000, false);
    mr_window_advance(window, 60000 * MS);
    assert_int_equal(mr_window_count(window, 0), 12000);
    assert_int_equal(mr_window_micro(window, 0), 12000000000);
    assert_int_equal(mr_window_folded(window), 12000 - 2048);
}

static void an_hour_later_nothing_is_left(void **state)
{
    (void)state;
    struct mr_window *window = fresh(&usual);
    for (int i = 0; i < 10; i++)
        happen(window, i * MS, 1000000000000, false);
    mr_window_advance(window, 3600000 * MS);
    uint64_t inexact = 0;
    compare(window, &usual, 3600000 * MS, &inexact);
    assert_true(mr_window_empty(window));
}

static void edges_belong_to_the_newer_side(void **state)
{
    (void)state;
    const struct mr_window_config config = {.events = 16, .windows_ms = {100}};
    struct mr_window *window = fresh(&config);
    mr_window_add(window, 1000 * MS, 5, true);
    mr_window_advance(window, 1100 * MS - 1);
    assert_int_equal(mr_window_count(window, 0), 1);
    mr_window_advance(window, 1100 * MS); /* (1000, 1100]: an event 100 ms old has left */
    assert_int_equal(mr_window_count(window, 0), 0);
}

static void time_that_runs_backwards_is_the_newest_time(void **state)
{
    (void)state;
    const struct mr_window_config config = {.events = 16, .windows_ms = {100}};
    struct mr_window *window = fresh(&config);
    mr_window_add(window, 1000 * MS, 1, false);
    mr_window_add(window, 10 * MS, 1, false);
    mr_window_advance(window, 900 * MS);
    assert_int_equal(mr_window_count(window, 0), 2);
    mr_window_advance(window, 1100 * MS - 1);
    assert_int_equal(mr_window_count(window, 0), 2);
}

static void absurd_notionals_count_as_the_bound(void **state)
{
    (void)state;
    const struct mr_window_config config = {.events = 16, .windows_ms = {100}};
    struct mr_window *window = fresh(&config);
    mr_window_add(window, 1, INT64_MAX, false);
    mr_window_add(window, 1, INT64_MIN, true);
    mr_window_add(window, 1, 0, true);
    mr_window_advance(window, 1);
    struct mr_window_sum sum;
    mr_window_query(window, 0, &sum);
    assert_int_equal(sum.count, 3);
    assert_int_equal(sum.long_micro, MR_WINDOW_MICRO_MAX);
    assert_int_equal(sum.short_micro, 0);
    assert_int_equal(sum.largest_micro, MR_WINDOW_MICRO_MAX);
}

/* The value must not depend on who asked before. */
static void asking_changes_nothing(void **state)
{
    (void)state;
    const struct mr_window_config config = {.events = 32, .windows_ms = {100, 700, 3000}};
    struct mr_window_sum quiet[3] = {0}, asked[3] = {0};
    uint64_t *mem[2] = {malloc(mr_window_bytes(&config)), malloc(mr_window_bytes(&config))};
    struct mr_window *a = mr_window_init(mem[0], &config), *b = mr_window_init(mem[1], &config);
    struct mr_random r = {5};
    int64_t now = 0;
    for (int i = 0; i < 50000; i++) {
        now += (int64_t)mr_random_below(&r, i % 1000 < 900 ? 10 * MS : 200 * MS);
        int64_t micro = (int64_t)mr_random_below(&r, 1000000);
        for (int64_t t = now - 5 * MS; t < now; t += MS)
            mr_window_advance(b, t);
        mr_window_add(a, now, micro, i & 1);
        mr_window_add(b, now, micro, i & 1);
        mr_window_advance(b, now);
        if (i % 50)
            continue;
        mr_window_advance(a, now);
        for (uint32_t w = 0; w < 3; w++) {
            mr_window_query(a, w, &quiet[w]);
            mr_window_query(b, w, &asked[w]);
            assert_memory_equal(&quiet[w], &asked[w], sizeof(quiet[w]));
        }
    }
    free(mem[0]);
    free(mem[1]);
}

static void a_full_list_of_peaks_gives_a_bound_and_says_so(void **state)
{
    (void)state;
    const struct mr_window_config config = {.events = 1024, .peaks = 8, .windows_ms = {100, 10000}};
    struct mr_window *window = fresh(&config);
    uint64_t inexact = 0;
    for (int i = 0; i < 900; i++) {
        happen(window, i * 10 * MS, 1000000 - i, false);
        compare(window, &config, i * 10 * MS, &inexact);
    }
    struct mr_window_sum sum;
    mr_window_query(window, 1, &sum);
    assert_true(sum.flags & MR_WINDOW_PEAK_BOUND);
    mr_window_add(window, 20000 * MS, 1, false);
    mr_window_advance(window, 20000 * MS); /* all of that has left: exact again */
    mr_window_query(window, 1, &sum);
    assert_int_equal(sum.flags, 0);
    assert_int_equal(sum.largest_micro, 1);
}

static void memory_is_what_was_announced(void **state)
{
    (void)state;
    const struct mr_window_config config = {.events = 64, .windows_ms = {100, 300000}};
    size_t bytes = mr_window_bytes(&config);
    uint8_t *mem = aligned_alloc(64, (bytes + 127) / 64 * 64);
    memset(mem, 0x5a, (bytes + 127) / 64 * 64);
    struct mr_window *window = mr_window_init(mem, &config);
    for (int i = 0; i < 200000; i++)
        mr_window_add(window, i * 7 * MS, 1000000 - i % 5000, false);
    for (size_t i = bytes; i < (bytes + 127) / 64 * 64; i++)
        assert_int_equal(mem[i], 0x5a);
    free(mem);
}

static void grids_are_floors_and_ceilings_of_negative_times_too(void **state)
{
    (void)state;
    static const struct {
        int64_t t, floor, ceil;
    } cases[] = {
        {0, 0, 0},       {1, 0, 100},   {99, 0, 100},       {100, 100, 100},
        {101, 100, 200}, {-1, -100, 0}, {-100, -100, -100}, {-101, -200, -100},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        assert_int_equal(mr_grid_floor(cases[i].t, 100), cases[i].floor);
        assert_int_equal(mr_grid_ceil(cases[i].t, 100), cases[i].ceil);
    }
}

int main(void)
{
    facts = malloc(EVENTS_MAX * sizeof(*facts));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_equal_the_definition_on_random_streams),
        cmocka_unit_test(overflow_stays_exact_at_ticks_and_is_said_between_them),
        cmocka_unit_test(two_hundred_a_second_for_a_minute_are_twelve_thousand),
        cmocka_unit_test(an_hour_later_nothing_is_left),
        cmocka_unit_test(edges_belong_to_the_newer_side),
        cmocka_unit_test(time_that_runs_backwards_is_the_newest_time),
        cmocka_unit_test(absurd_notionals_count_as_the_bound),
        cmocka_unit_test(asking_changes_nothing),
        cmocka_unit_test(a_full_list_of_peaks_gives_a_bound_and_says_so),
        cmocka_unit_test(memory_is_what_was_announced),
        cmocka_unit_test(grids_are_floors_and_ceilings_of_negative_times_too),
    };
    return MR_TEST_MAIN(tests);
}
