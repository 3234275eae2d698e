/* Velocity against the slow reference, on random streams: bursts, silence, batches, several venues. */
#include "engines/window/grid.h"
#include "tests/engines/reference/velocity_check.h"
#include "tests/engines/velocity/world.h"

static bool saturated(struct reference *r, uint32_t instrument, int64_t grid_ns)
{
    uint8_t venue = (uint8_t)(instrument % 4 + 1);
    reference_choose(r, (struct which){instrument, UINT32_MAX, 0});
    return (venue == 1 || venue == 2) && reference_events(r, grid_ns, 10 * SEC) >= 9;
}

static uint64_t check_all(struct mr_velocity *v, struct reference *r, const struct mr_velocity_config *config)
{
    struct mr_velocity_view got;
    uint64_t coarse = 0;
    for (uint32_t u = 0; u < WORLD_UNDERLYINGS; u++) {
        bool any = false;
        for (uint32_t id = u * 4; id < u * 4 + 4; id++) {
            uint8_t venue = (uint8_t)(id % 4 + 1);
            if (!mr_velocity_instrument(v, id, &got))
                continue;
            bool full = saturated(r, id, got.grid_ns);
            any |= full;
            assert_int_equal(!!(got.flags & MR_VELOCITY_SATURATED), full);
            coarse += velocity_check_stream(r, (struct which){id, UINT32_MAX, 0}, &got, config);
            assert_true(mr_velocity_venue(v, u, venue, &got));
            coarse += velocity_check_stream(r, (struct which){UINT32_MAX, u, venue}, &got, config);
        }
        if (!mr_velocity_underlying(v, u, &got))
            continue;
        assert_int_equal(!!(got.flags & MR_VELOCITY_SATURATED), any);
        coarse += velocity_check_stream(r, (struct which){UINT32_MAX, u, 0}, &got, config);
        velocity_check_cross(r, u, &got);
    }
    return coarse;
}

/* moods of the market: each lasts a while */
static int64_t gap(struct mr_random *random, uint32_t mood)
{
    switch (mood) {
    /* batches */
    case 0:
        return (int64_t)mr_random_below(random, 3) == 0 ? (int64_t)mr_random_below(random, 20 * MS) : 0;
    /* a cascade */
    case 1:
        return (int64_t)mr_random_below(random, 10 * MS);
    /* a quiet hour */
    case 2:
        return (int64_t)mr_random_below(random, 2 * SEC);
    /* on the grid */
    case 3:
        return 100 * MS * (int64_t)mr_random_below(random, 4);
    default:
        return (int64_t)mr_random_below(random, 1000) == 0 ? 100 * SEC : (int64_t)mr_random_below(random, 300 * MS);
    }
}

static uint64_t run(const struct mr_velocity_config *config, uint64_t seed, uint32_t events, bool tick)
{
    struct mr_velocity *v = world_engine(config);
    struct mr_random random = {seed};
    struct reference r;
    reference_open(&r, events);
    int64_t now = 1790000000123456789ll, next_tick = mr_grid_ceil(now, 100 * MS);
    uint64_t coarse = 0, every = events / 60;
    for (uint32_t i = 0; i < events; i++) {
        now += gap(&random, (uint32_t)(i / 400 + seed) % 5);
        if ((uint32_t)(i / 400 + seed) % 5 == 3)
            now = mr_grid_ceil(now, 100 * MS);
        for (; tick && next_tick < now; next_tick += 100 * MS)
            mr_velocity_tick(v, next_tick);
        uint32_t id = (uint32_t)mr_random_below(&random, 1 + mr_random_below(&random, WORLD_INSTRUMENTS));
        struct fact f = {now,
                         (int64_t)mr_random_below(&random, 1 + mr_random_below(&random, 900000 * USD)),
                         id,
                         id / 4,
                         (uint8_t)(id % 4 + 1),
                         mr_random_next(&random) & 1};
        reference_add(&r, &f);
        world_happen(v, now, id, f.micro, f.is_short);
        if (i % every == every / 2)
            coarse += check_all(v, &r, config); /* at an event */
        if (i % every == 0) {
            now += (int64_t)mr_random_below(&random, 3 * SEC);
            if (i % 2)
                now = mr_grid_ceil(now, SEC);
            mr_velocity_tick(v, now); /* at a grid point or anywhere */
            next_tick = mr_grid_floor(now, 100 * MS) + 100 * MS;
            coarse += check_all(v, &r, config);
        }
    }
    reference_close(&r);
    return coarse;
}

static struct mr_velocity_config explicit_config(void)
{
    struct mr_velocity_config config = world_config;
    memcpy(config.windows_ms, (uint32_t[]){100, 500, 2000, 10000, 60000}, 5 * sizeof(uint32_t));
    config.slope_ms = 10000;
    return config;
}

static uint32_t events_each(void) { return getenv("MILLRACE_QUICK") ? 4000 : 12000; }

static void rates_slopes_and_correlations_equal_their_definitions(void **state)
{
    (void)state;
    struct mr_velocity_config config = explicit_config();
    for (uint64_t seed = 1; seed <= 4; seed++)
        assert_int_equal(run(&config, seed, events_each(), seed % 2), 0);
}

static void other_windows_and_slopes_too(void **state)
{
    (void)state;
    struct mr_velocity_config config = world_config;
    memcpy(config.windows_ms, (uint32_t[]){300000, 100, 5000, 60000, 1000, 200, 700, 120000},
           sizeof(config.windows_ms));
    config.slope_ms = 3000;
    assert_int_equal(run(&config, 11, events_each(), true), 0);
}

static void overflow_stays_exact_at_ticks_and_is_said(void **state)
{
    (void)state;
    struct mr_velocity_config config = explicit_config();
    config.instrument_events = config.venue_events = config.underlying_events = 32;
    assert_true(run(&config, 21, events_each(), true) > 0);
}

/* Golden: the bits of all outputs of a seeded stream, whatever compiler and CPU. */
static void outputs_have_the_same_bits_everywhere(void **state)
{
    (void)state;
    struct mr_velocity *v = world_engine(&world_config);
    struct mr_random random = {42};
    int64_t now = 1790000000000000000ll;
    uint64_t digest = 0xcbf29ce484222325ull;
    for (uint32_t i = 0; i < 20000; i++) {
        now += gap(&random, i / 400 % 5);
        uint32_t id = (uint32_t)mr_random_below(&random, WORLD_INSTRUMENTS);
        int64_t micro = (int64_t)mr_random_below(&random, 500000 * USD);
        world_happen(v, now, id, micro, i * 2654435761u >> 31);
        if (i % 7)
            continue;
        struct mr_velocity_view view;
        mr_velocity_underlying(v, id / 4, &view);
        uint64_t words[sizeof(view) / 8];
        memcpy(words, &view, sizeof(words));
        for (size_t k = 0; k < MR_COUNT_OF(words); k++)
            digest = (digest ^ words[k]) * 0x100000001b3ull;
    }
    if (digest != 0x98306699473057d0ull)
        fail_msg("digest 0x%016llx", (unsigned long long)digest);
}

static void late_or_missing_ticks_change_nothing(void **state)
{
    (void)state;
    struct mr_velocity_config config = explicit_config();
    void *mem[2] = {aligned_alloc(64, mr_velocity_bytes(&config)), aligned_alloc(64, mr_velocity_bytes(&config))};
    struct mr_velocity *ticked = mr_velocity_init(mem[0], &config), *left = mr_velocity_init(mem[1], &config);
    struct mr_random random = {3};
    int64_t now = 0, tick = 100 * MS;
    for (uint32_t i = 0; i < 5000; i++) {
        now += gap(&random, i / 300 % 5);
        for (; tick < now; tick += 100 * MS)
            mr_velocity_tick(ticked, tick);
        uint32_t id = (uint32_t)mr_random_below(&random, WORLD_INSTRUMENTS);
        world_happen(ticked, now, id, 1000 * USD, i & 1);
        world_happen(left, now, id, 1000 * USD, i & 1);
        struct mr_velocity_view a, b;
        mr_velocity_underlying(ticked, id / 4, &a);
        mr_velocity_underlying(left, id / 4, &b);
        a.flags &= ~(uint32_t)MR_VELOCITY_WARMING;
        b.flags &= ~(uint32_t)MR_VELOCITY_WARMING;
        assert_memory_equal(&a, &b, sizeof(a));
    }
    free(mem[0]);
    free(mem[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_slopes_and_correlations_equal_their_definitions),
        cmocka_unit_test(other_windows_and_slopes_too),
        cmocka_unit_test(overflow_stays_exact_at_ticks_and_is_said),
        cmocka_unit_test(outputs_have_the_same_bits_everywhere),
        cmocka_unit_test(late_or_missing_ticks_change_nothing),
    };
    return MR_TEST_MAIN(tests);
}
