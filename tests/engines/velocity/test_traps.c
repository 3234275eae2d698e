/* Mistakes made before elsewhere, each shown not to be made here; limits, levels, buckets, memory. */
#include <math.h>

#include "engines/window/grid.h"
#include "tests/engines/velocity/world.h"

static struct mr_velocity_view underlying(struct mr_velocity *v, uint32_t u)
{
    struct mr_velocity_view view;
    mr_velocity_underlying(v, u, &view);
    return view;
}

static void near(double got, double want, double slack)
{
    if (!(fabs(got - want) <= slack))
        fail_msg("%.17g, wanted %.17g", got, want);
}

/* 4 events/s for 20 s, then 40/s: at 21.5 s the 10 s rate is 9.4 (9.5 for those who count both edges) and the
 * slope about 3.6, whoever asked before and when. */
static void acceleration_does_not_depend_on_who_asks_when(void **state)
{
    (void)state;
    static const int64_t asked_before[] = {0, 100 * MS, 1000 * MS, 1 * MS, 50000};
    double acceleration = 0, jerk = 0, late = 0;
    for (size_t k = 0; k < MR_COUNT_OF(asked_before); k++) {
        struct mr_velocity *v = world_engine(&world_config);
        int64_t ask = asked_before[k];
        for (int64_t t = 250 * MS; t <= 24000 * MS; t += t < 20000 * MS ? 250 * MS : 25 * MS) {
            if (ask >= 100 * MS)
                for (int64_t q = t; q < t + 25 * MS; q += ask)
                    underlying(v, 0);
            world_happen(v, t, 0, USD, false);
            if (t == 21500 * MS) {
                mr_velocity_tick(v, t - (ask < 100 * MS ? ask : 0));
                underlying(v, 0);
                mr_velocity_tick(v, t);
                struct mr_velocity_view view = underlying(v, 0);
                assert_true(view.slope_per_s == 9.4);
                if (k == 0) {
                    acceleration = view.events.acceleration;
                    jerk = view.events.jerk;
                }
                assert_true(view.events.acceleration == acceleration && view.events.jerk == jerk);
            }
            late = underlying(v, 0).events.acceleration;
        }
        near(late, 3.6, 0.06); /* whole events on a grid: 36 a second of surplus, quantised */
    }
    near(acceleration, 3.0, 0.6); /* 0.5 s of its 2 s lie before the change */
}

static void two_hundred_a_second_are_counted_all(void **state)
{
    (void)state;
    struct mr_velocity *v = world_engine(&world_config);
    for (int i = 1; i <= 12000; i++)
        world_happen(v, i * 5 * MS, 0, USD, false);
    struct mr_velocity_view view = underlying(v, 0);
    assert_int_equal(view.window[4].count, 12000);
    assert_true(view.window[4].per_s == 200.0);
    assert_true(view.window[4].usd_per_s == 200.0);
    assert_int_equal(view.count_60s, 12000);
    assert_false(view.flags & MR_VELOCITY_OVERFLOW); /* folded long ago, exact at this tick all the same */
}

static void an_hour_later_all_is_zero(void **state)
{
    (void)state;
    struct mr_velocity *v = world_engine(&world_config);
    for (int i = 0; i < 10; i++)
        world_happen(v, SEC + i * MS, 0, 1000000 * USD, false);
    mr_velocity_tick(v, 3601 * SEC);
    struct mr_velocity_view view = underlying(v, 0);
    for (uint32_t i = 0; i < view.windows; i++)
        assert_true(view.window[i].count == 0 && view.window[i].usd_per_s == 0 && view.window[i].largest_micro == 0 &&
                    view.window[i].mean_usd == 0);
    assert_true(view.count_60s == 0 && view.micro_60s == 0 && view.clustering == 0 && view.events.acceleration == 0 &&
                view.usd.jerk == 0);
    assert_true(view.leading_venue == 0 && view.pairs == 0 && view.venues_60s == 0);
    assert_int_equal(mr_velocity_counts(v)->active, 0);
}

/* Ten years at once: would not end if a silent grid point cost anything. */
static void silence_is_caught_up_at_once(void **state)
{
    (void)state;
    struct mr_velocity *v = world_engine(&world_config);
    world_happen(v, SEC, 0, USD, false);
    int64_t later = 10ll * 365 * 86400 * SEC;
    world_happen(v, later + 1, 5, USD, false);
    struct mr_velocity_view view = underlying(v, 1);
    assert_int_equal(view.window[0].count, 1);
    assert_int_equal(view.grid_ns, later);
    assert_int_equal(underlying(v, 0).count_60s, 0);
}

/* The clock is the events': yesterday's five hundred count at yesterday's time. */
static void replayed_events_count_at_their_own_time(void **state)
{
    (void)state;
    struct mr_velocity *v = world_engine(&world_config);
    for (int i = 1; i <= 500; i++)
        world_happen(v, i * 100 * MS, 0, USD, false);
    assert_int_equal(underlying(v, 0).count_60s, 500);
}

/* Venue time is data: a venue clock 5 s ahead moves nothing. */
static void a_venue_clock_ahead_changes_nothing(void **state)
{
    (void)state;
    struct mr_velocity_view view[2];
    for (int ahead = 0; ahead < 2; ahead++) {
        struct mr_velocity *v = world_engine(&world_config);
        for (int i = 1; i <= 50; i++) {
            struct mr_instrument in = world_instrument(0);
            struct mr_event ev = world_event(SEC + i * 100 * MS, 0, USD, false);
            ev.venue_ns = ev.recv_ns + ahead * 5 * SEC;
            mr_velocity_apply(v, &ev, &in);
        }
        view[ahead] = underlying(v, 0);
    }
    assert_memory_equal(&view[0], &view[1], sizeof(view[0]));
    assert_int_equal(view[1].window[0].count, 1);
}

/* One small event is 10/s in 100 ms by definition; it is flagged, and makes no cluster. */
static void one_event_is_an_anecdote(void **state)
{
    (void)state;
    struct mr_velocity *v = world_engine(&world_config);
    world_happen(v, SEC - MS, 0, 10 * USD, false);
    mr_velocity_tick(v, SEC);
    struct mr_velocity_view view = underlying(v, 0);
    assert_true(view.window[0].per_s == 10.0);
    assert_true(view.clustering == 0);
    assert_true(view.flags & MR_VELOCITY_SPARSE);
    for (int i = 0; i < 4; i++)
        world_happen(v, SEC + i * MS + 1, 0, 10 * USD, false);
    mr_velocity_tick(v, SEC + 100 * MS);
    view = underlying(v, 0);
    assert_true(view.clustering == 1.0);
    assert_false(view.flags & MR_VELOCITY_SPARSE);
}

/* Hours of a busy feed: memory is one block, its neighbours untouched, counts right to the end. */
static void the_bound_holds_for_hours(void **state)
{
    (void)state;
    struct mr_velocity_config config = {.instruments = 2,
                                        .underlyings = 1,
                                        .instrument_events = 64,
                                        .venue_events = 64,
                                        .underlying_events = 64,
                                        .levels = 16};
    size_t bytes = mr_velocity_bytes(&config);
    uint8_t *mem = aligned_alloc(64, bytes + 256);
    memset(mem, 0x5a, bytes + 256);
    struct mr_velocity *v = mr_velocity_init(mem, &config);
    int hours = getenv("MILLRACE_QUICK") ? 1 : 6;
    for (int i = 1; i <= hours * 36000; i++) {
        struct mr_instrument in = world_instrument((uint32_t)i & 1);
        struct mr_event ev = world_event(i * 100 * MS - 50 * MS, in.id, (1000000 - i % 5000) * USD, i & 2);
        ev.price += (int64_t)(i % 977) * 100000000000;
        mr_velocity_apply(v, &ev, &in);
    }
    mr_velocity_tick(v, hours * 3600 * SEC);
    assert_int_equal(underlying(v, 0).count_60s, 600);
    for (size_t i = bytes; i < bytes + 256; i++)
        assert_int_equal(mem[i], 0x5a);
    free(mem);
}

/* Co-movement, not size: equal counts of unrelated venues do not correlate, identical streams of any size do. */
static void correlation_is_of_movement_not_of_size(void **state)
{
    (void)state;
    struct mr_velocity *v = world_engine(&world_config);
    struct mr_random random = {6};
    for (int s = 0; s < 70; s++) {
        int n = (int)mr_random_below(&random, 4);
        for (int k = 0; k < n; k++)
            world_happen(v, s * SEC + 100 * MS, 0, USD, false);
        for (int k = 0; k < 30 * n; k++)
            world_happen(v, s * SEC + 200 * MS, 1, USD, false);
    }
    mr_velocity_tick(v, 70 * SEC);
    struct mr_velocity_view view = underlying(v, 0);
    assert_true(view.correlation == 1.0);
    assert_int_equal(view.pairs, 1);
    v = world_engine(&world_config);
    for (int s = 0; s < 70; s++) /* ten and ten of each 20 s, never together */
        world_happen(v, s * SEC + 100 * MS, s & 1, USD, false);
    mr_velocity_tick(v, 70 * SEC);
    view = underlying(v, 0);
    near(view.correlation, -1.0, 1e-12);
}

static void a_constant_side_correlates_with_nothing_and_is_flagged(void **state)
{
    (void)state;
    struct mr_velocity *v = world_engine(&world_config);
    for (int s = 0; s < 70; s++) {
        world_happen(v, s * SEC + 100 * MS, 0, USD, false);
        if (s % 3 == 0)
            world_happen(v, s * SEC + 200 * MS, 1, 5 * USD, false);
    }
    mr_velocity_tick(v, 70 * SEC);
    struct mr_velocity_view view = underlying(v, 0);
    assert_true(view.correlation == 0);
    assert_int_equal(view.pairs, 1);
    assert_true(view.flags & MR_VELOCITY_CONSTANT);
    assert_int_equal(view.leading_venue, 2); /* nobody leads: the larger notional */
    struct mr_velocity_pair pair[4];
    assert_int_equal(mr_velocity_pairs(v, 0, pair, 4), 1);
    assert_true(pair[0].constant && pair[0].a == 1 && pair[0].b == 2 && pair[0].correlation == 0);
}

static void the_venue_whose_counts_come_first_leads(void **state)
{
    (void)state;
    for (int lag = 1; lag <= 5; lag++) {
        struct mr_velocity *v = world_engine(&world_config);
        struct mr_random random = {9};
        int counts[100];
        for (int s = 0; s < 100; s++) {
            counts[s] = (int)mr_random_below(&random, 5);
            for (int k = 0; k < (s >= lag ? counts[s - lag] : 0); k++)
                world_happen(v, s * SEC + 100 * MS, 0, 50 * USD, false);
            for (int k = 0; k < counts[s]; k++)
                world_happen(v, s * SEC + 200 * MS, 2, USD, false); /* venue 3, small, first */
        }
        mr_velocity_tick(v, 100 * SEC);
        struct mr_velocity_view view = underlying(v, 0);
        assert_int_equal(view.leading_venue, 3);
        assert_int_equal(view.leading_lag_s, lag);
    }
}

/* E-27: one a second is all that binance and okx send of a symbol; the same rate at bybit is only a rate. */
static void a_rate_at_the_feeds_ceiling_is_flagged(void **state)
{
    (void)state;
    struct mr_velocity *v = world_engine(&world_config);
    struct mr_velocity_view view;
    for (int s = 1; s <= 20; s++)
        for (uint32_t id = 0; id < 4; id++)
            if (id != 1 || s % 2)
                world_happen(v, s * SEC - 10 * MS, id, USD, false);
    mr_velocity_tick(v, 20 * SEC);
    static const bool want[] = {true, false /* okx, every other second */, false, false};
    for (uint32_t id = 0; id < 4; id++) {
        mr_velocity_instrument(v, id, &view);
        assert_int_equal(!!(view.flags & MR_VELOCITY_SATURATED), want[id]);
        mr_velocity_venue(v, 0, (uint8_t)(id + 1), &view);
        assert_int_equal(!!(view.flags & MR_VELOCITY_SATURATED), want[id]);
    }
    assert_true(underlying(v, 0).flags & MR_VELOCITY_SATURATED);
    mr_velocity_tick(v, 25 * SEC);
    assert_false(underlying(v, 0).flags & MR_VELOCITY_SATURATED);
}

static void a_batch_is_said(void **state)
{
    (void)state;
    struct mr_velocity *v = world_engine(&world_config);
    for (int k = 0; k < 6; k++)
        world_happen(v, SEC + 1, 2, USD, false);
    assert_true(underlying(v, 0).flags & MR_VELOCITY_BATCHED);
    for (int k = 0; k < 7; k++)
        world_happen(v, 2 * SEC + k * 10 * MS, 2, USD, false);
    assert_false(underlying(v, 0).flags & MR_VELOCITY_BATCHED); /* 6 of 13 */
    mr_velocity_tick(v, 100 * SEC);
    assert_false(underlying(v, 0).flags & MR_VELOCITY_BATCHED);
}

static void what_is_not_to_be_counted_is_counted_as_such(void **state)
{
    (void)state;
    struct mr_velocity *v = world_engine(&world_config);
    struct mr_instrument in = world_instrument(0), stranger = world_instrument(0), orphan = world_instrument(1);
    stranger.id = WORLD_INSTRUMENTS;
    orphan.underlying = WORLD_UNDERLYINGS;
    struct mr_event ev = world_event(SEC, 0, USD, false);
    ev.kind = MR_EVENT_TRADE;
    mr_velocity_apply(v, &ev, &in);
    ev.kind = MR_EVENT_LIQUIDATION;
    ev.flags = MR_FLAG_SECONDARY;
    mr_velocity_apply(v, &ev, &in);
    ev.flags = MR_FLAG_SNAPSHOT;
    mr_velocity_apply(v, &ev, &in);
    ev.flags = 0;
    mr_velocity_apply(v, &ev, &stranger);
    mr_velocity_apply(v, &ev, &orphan);
    const struct mr_velocity_metrics *m = mr_velocity_counts(v);
    assert_true(m->events == 0 && m->secondary == 1 && m->backfill == 1 && m->unknown == 2);
    struct mr_velocity_view view;
    assert_false(mr_velocity_underlying(v, 0, &view));
    assert_false(mr_velocity_instrument(v, 0, &view));
    assert_false(mr_velocity_instrument(v, WORLD_INSTRUMENTS, &view));
    assert_false(mr_velocity_underlying(v, WORLD_UNDERLYINGS, &view));
    assert_false(mr_velocity_venue(v, 0, 1, &view));
    assert_false(mr_velocity_venue(v, WORLD_UNDERLYINGS, 1, &view));
    ev.aux = -5;
    ev.price = 0;
    mr_velocity_apply(v, &ev, &in);
    ev.aux = INT64_MAX;
    ev.recv_ns = SEC - 1;
    mr_velocity_apply(v, &ev, &in);
    assert_true(m->events == 2 && m->clamped == 2 && m->backwards == 1 && m->unpriced == 2);
    assert_int_equal(underlying(v, 0).micro_60s, MR_WINDOW_MICRO_MAX);
}

/* Trade flow is the same engine over another kind; notional of what is not quoted in dollars is not dollars. */
static void trade_flow_is_the_same_engine(void **state)
{
    (void)state;
    struct mr_velocity_config config = world_config;
    config.kind = MR_EVENT_TRADE;
    struct mr_velocity *v = world_engine(&config);
    struct mr_instrument usd = world_instrument(0), eth = world_instrument(1);
    eth.flags = 0;
    struct mr_event ev = world_event(SEC, 0, 7 * USD, true);
    mr_velocity_apply(v, &ev, &usd); /* a liquidation is nothing to it */
    ev.kind = MR_EVENT_TRADE;
    for (int i = 0; i < 20; i++) {
        ev.recv_ns += SEC;
        mr_velocity_apply(v, &ev, &usd);
    }
    mr_velocity_apply(v, &ev, &eth);
    mr_velocity_tick(v, ev.recv_ns);
    struct mr_velocity_view view = underlying(v, 0);
    assert_true(view.count_60s == 21 && view.micro_60s == 20 * 7 * USD && view.window[4].short_micro == 140 * USD);
    assert_int_equal(mr_velocity_counts(v)->not_usd, 1);
    assert_false(view.flags & MR_VELOCITY_SATURATED); /* no ceiling on trades */
}

static void cautious_events_are_flagged_for_a_minute(void **state)
{
    (void)state;
    struct mr_velocity *v = world_engine(&world_config);
    struct mr_instrument in = world_instrument(0);
    struct mr_event ev = world_event(SEC, 0, USD, false);
    ev.flags = MR_FLAG_CAUTION;
    mr_velocity_apply(v, &ev, &in);
    assert_true(underlying(v, 0).flags & MR_VELOCITY_ESTIMATED);
    mr_velocity_tick(v, 61 * SEC - 1);
    assert_true(underlying(v, 0).flags & MR_VELOCITY_ESTIMATED);
    mr_velocity_tick(v, 61 * SEC);
    assert_false(underlying(v, 0).flags & MR_VELOCITY_ESTIMATED);
    assert_true(underlying(v, 0).flags & MR_VELOCITY_WARMING);
    mr_velocity_tick(v, 66 * SEC);
    assert_false(underlying(v, 0).flags & MR_VELOCITY_WARMING);
}

static void no_room_for_a_venue_leaves_the_underlying_whole(void **state)
{
    (void)state;
    struct mr_velocity_config config = world_config;
    config.venue_streams = 2;
    struct mr_velocity *v = world_engine(&config);
    for (uint32_t id = 0; id < 4; id++)
        world_happen(v, SEC + id, id, USD, false);
    struct mr_velocity_view view = underlying(v, 0);
    assert_int_equal(view.count_60s, 4);
    assert_true(view.flags & MR_VELOCITY_VENUES_FULL);
    assert_int_equal(mr_velocity_counts(v)->no_venue, 2);
    assert_true(mr_velocity_venue(v, 0, 2, &view));
    assert_false(mr_velocity_venue(v, 0, 3, &view));
}

static void level_steps_are_round(void **state)
{
    (void)state;
    struct mr_velocity *v = world_engine(&world_config);
    /* clang-format off */
    static const struct { const char *base; int64_t price, step; } cases[] = { /* scale 8 */
        {"BTC", 6712345000000, 10000000000},    {"BTC", 1, 10000000000},           /* 100 USD, always */
        {"ETH", 350000000000, 200000000},       {"ETH", 199999999999, 100000000},  /* 3,500: 3.5 -> 2; 1,999.99: 1 */
        {"ETH", 500000000000, 500000000},       {"PEPE", 1234, 1},                 /* 0.00001234: 1e-8 */
        {"PEPE", 12345, 10},                    {"X", 0, 1},
        {"X", INT64_MAX, 5000000000000000},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++)
        assert_int_equal(mr_velocity_step(v, cases[i].base, cases[i].price), cases[i].step);
}

static void at(struct mr_velocity *v, int64_t now, uint32_t id, int64_t price, int scale, int64_t micro, bool is_short)
{
    struct mr_instrument in = world_instrument(id);
    struct mr_event ev = world_event(now, id, micro, is_short);
    in.price_scale = (int8_t)scale;
    ev.price = price;
    mr_velocity_apply(v, &ev, &in);
}

static void levels_gather_what_happened_at_a_price(void **state)
{
    (void)state;
    struct mr_velocity *v = world_engine(&world_config);
    at(v, 1 * SEC, 0, 6712345000000, 8, 5 * USD, false);
    at(v, 2 * SEC, 1, 671999, 1, 7 * USD, true);         /* 67,199.9 at another scale, another venue */
    at(v, 3 * SEC, 2, 67200, 0, 1 * USD, true);          /* the next level begins at 67,200 */
    at(v, 4 * SEC, 3, 671000000000000, 10, 2 * USD, false); /* 67,100.0 */
    at(v, 5 * SEC, 4, 350123456789, 8, 9 * USD, false);  /* ETH 3,501.23: 2 wide */
    struct mr_velocity_level level[8];
    assert_int_equal(mr_velocity_levels(v, 0, level, 8), 2);
    static const struct mr_velocity_level want[] = {{6710000000000, 10000000000, 7 * USD, 7 * USD, 2, 1, 4 * SEC},
                                                    {6720000000000, 10000000000, 0, 1 * USD, 0, 1, 3 * SEC}};
    for (int i = 0; i < 2; i++)
        assert_memory_equal(&level[i], &want[i], sizeof(want[i]));
    assert_int_equal(mr_velocity_levels(v, 1, level, 8), 1);
    assert_true(level[0].price == 350000000000 && level[0].step == 200000000);
    assert_int_equal(mr_velocity_levels(v, 0, level, 1), 1);
    assert_int_equal(mr_velocity_levels(v, 9, level, 1), 0);
}

static void a_full_table_lets_the_longest_untouched_level_go(void **state)
{
    (void)state;
    struct mr_velocity_config config = world_config;
    config.levels = 4;
    struct mr_velocity *v = world_engine(&config);
    static const int64_t usd[] = {60000, 59000, 61000, 58000, 60050 /* touches 60,000 */, 62000, 57000};
    for (size_t i = 0; i < MR_COUNT_OF(usd); i++)
        at(v, (int64_t)(i + 1) * SEC, 0, usd[i], 0, USD, false);
    struct mr_velocity_level level[8];
    assert_int_equal(mr_velocity_levels(v, 0, level, 8), 4);
    static const int64_t left[] = {57000, 58000, 60000, 62000};
    for (int i = 0; i < 4; i++)
        assert_int_equal(level[i].price, left[i] * 100000000);
    assert_int_equal(level[2].long_count, 2);
    assert_int_equal(mr_velocity_counts(v)->evicted, 2);
}

static void minutes_are_buckets_with_venues(void **state)
{
    (void)state;
    struct mr_velocity *v = world_engine(&world_config);
    int64_t minute = 60 * SEC;
    world_happen(v, 10 * minute, 0, 5 * USD, false); /* exactly at the start: this one's */
    world_happen(v, 10 * minute + 1, 2, 6 * USD, true);
    world_happen(v, 11 * minute - 1, 2, 7 * USD, true);
    world_happen(v, 12 * minute, 1, 1 * USD, false);
    struct mr_velocity_bucket b[80];
    assert_int_equal(mr_velocity_buckets(v, 0, b, 80), MR_VELOCITY_BUCKETS);
    assert_true(b[0].start_ns == 12 * minute && b[0].count == 1 && b[0].venue_count[2] == 1 && b[0].micro == USD);
    assert_true(b[1].start_ns == 11 * minute && b[1].count == 0 && b[1].micro == 0);
    assert_true(b[2].start_ns == 10 * minute && b[2].count == 3 && b[2].micro == 18 * USD && b[2].long_count == 1 &&
                b[2].short_count == 2);
    assert_true(b[2].venue_count[1] == 1 && b[2].venue_count[3] == 2 && b[2].venue_count[2] == 0);
    world_happen(v, 72 * minute, 0, USD, false); /* the ring comes round: no ghost of minute 12 */
    assert_int_equal(mr_velocity_buckets(v, 0, b, 2), 2);
    assert_true(b[0].start_ns == 72 * minute && b[0].count == 1 && b[0].venue_count[2] == 0);
    assert_int_equal(mr_velocity_buckets(v, 9, b, 2), 0);
}

static void memory_stays_in_its_bounds(void **state)
{
    (void)state;
    struct mr_velocity_config usual = {.instruments = 100, .underlyings = 100};
    size_t bytes = mr_velocity_bytes(&usual);
    print_message("100 instruments of 100 underlyings: %zu bytes, %zu each\n", bytes, bytes / 100);
    assert_true(bytes < 50000000 && bytes / 100 <= 500000);
    struct mr_velocity_config longest = usual;
    memcpy(longest.windows_ms, (uint32_t[]){100, 500, 2000, 10000, 60000, 120000, 200000, 300000},
           sizeof(longest.windows_ms));
    bytes = mr_velocity_bytes(&longest);
    print_message("with windows of up to 300 s: %zu bytes, %zu each\n", bytes, bytes / 100);
    assert_true(bytes < 50000000 && bytes / 100 <= 500000);
    struct mr_velocity_config one = {.instruments = 1, .underlyings = 1};
    assert_true(mr_velocity_bytes(&one) <= 500000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acceleration_does_not_depend_on_who_asks_when),
        cmocka_unit_test(two_hundred_a_second_are_counted_all),
        cmocka_unit_test(an_hour_later_all_is_zero),
        cmocka_unit_test(silence_is_caught_up_at_once),
        cmocka_unit_test(replayed_events_count_at_their_own_time),
        cmocka_unit_test(a_venue_clock_ahead_changes_nothing),
        cmocka_unit_test(one_event_is_an_anecdote),
        cmocka_unit_test(the_bound_holds_for_hours),
        cmocka_unit_test(correlation_is_of_movement_not_of_size),
        cmocka_unit_test(a_constant_side_correlates_with_nothing_and_is_flagged),
        cmocka_unit_test(the_venue_whose_counts_come_first_leads),
        cmocka_unit_test(a_rate_at_the_feeds_ceiling_is_flagged),
        cmocka_unit_test(a_batch_is_said),
        cmocka_unit_test(what_is_not_to_be_counted_is_counted_as_such),
        cmocka_unit_test(trade_flow_is_the_same_engine),
        cmocka_unit_test(cautious_events_are_flagged_for_a_minute),
        cmocka_unit_test(no_room_for_a_venue_leaves_the_underlying_whole),
        cmocka_unit_test(level_steps_are_round),
        cmocka_unit_test(levels_gather_what_happened_at_a_price),
        cmocka_unit_test(a_full_table_lets_the_longest_untouched_level_go),
        cmocka_unit_test(minutes_are_buckets_with_venues),
        cmocka_unit_test(memory_stays_in_its_bounds),
    };
    return MR_TEST_MAIN(tests);
}
