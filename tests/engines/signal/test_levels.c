/* Levels over time: rise at once, hold, fall, cool down; warming; regimes. */
#include <math.h>
#include <stdio.h>

#include "tests/engines/signal/rig.h"

struct phase {
    double until_s, velocity, acceleration;
};

/* Ticks each 100 ms through the phases; the level records as text: "1.0 NONE>ALERT VELOCITY; ". */
static void play(struct rig *r, const struct phase *phases, char *text, size_t bytes)
{
    struct mr_text t;
    mr_text_init(&t, text, bytes);
    int tick = 0;
    for (const struct phase *p = phases; p->until_s > 0; p++) {
        r->in.velocity_per_s[MR_WINDOW_10S] = p->velocity;
        r->in.acceleration = p->acceleration;
        for (; tick < (int)(p->until_s * 10 + 0.5); tick++) {
            rig_tick(r, tick / 10.0);
            for (uint32_t i = 0; i < r->count; i++) {
                const struct mr_signal *s = &r->out[i];
                assert_int_equal(s->kind, MR_SIGNAL_LEVEL);
                mr_text_format(&t, "%.1f %s>%s %s%s; ", (double)(s->engine_ns - T0) / 1e9,
                               mr_level_name(s->level_before), mr_level_name(s->level), mr_signal_cause_name(s->cause),
                               s->flags & MR_SIGNAL_REPEAT ? " again" : "");
            }
        }
    }
    assert_false(t.cut);
}

static void levels_rise_at_once_and_fall_slowly(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        struct phase phases[8];
        const char *want;
    } cases[] = {
        {"up at the first tick above, down after 30 s below",
         {{1, 0, 0}, {5, 25, 0}, {60, 0, 0}},
         "1.0 NONE>ALERT velocity; 35.0 ALERT>NONE decay; "},
        {"at the threshold is not above it", {{1, 0, 0}, {5, 10, 0}, {60, 0, 0}}, ""},
        {"from EXTREME to the level the rules still hold",
         {{1, 0, 0}, {2, 120, 45}, {50, 25, 0}, {90, 0, 0}},
         "1.0 NONE>EXTREME velocity_acceleration; 32.0 EXTREME>ALERT decay; 80.0 ALERT>NONE decay; "},
        {"a dip of 29.9 s changes nothing",
         {{1, 0, 0}, {2, 25, 0}, {31.9, 0, 0}, {33, 25, 0}, {62.9, 0, 0}},
         "1.0 NONE>ALERT velocity; "},
        {"a dip of 30 s does",
         {{1, 0, 0}, {2, 25, 0}, {32.1, 0, 0}},
         "1.0 NONE>ALERT velocity; 32.0 ALERT>NONE decay; "},
        {"flapping each second is one alarm",
         {{1, 25, 0}, {2, 0, 0}, {3, 25, 0}, {4, 0, 0}, {5, 25, 0}, {6, 0, 0}, {34, 0, 0}},
         "0.0 NONE>ALERT velocity; "},
        {"a higher level is a new alarm, at once",
         {{1, 15, 0}, {1.1, 25, 0}, {1.2, 60, 25}, {2, 0, 0}},
         "0.0 NONE>WATCH velocity; 1.0 WATCH>ALERT velocity; 1.1 ALERT>CRITICAL probability; "},
        {"a return within 60 s of the fall is the same alarm",
         {{1, 0, 0}, {2, 25, 0}, {40, 0, 0}, {41, 25, 0}},
         "1.0 NONE>ALERT velocity; 32.0 ALERT>NONE decay; 40.0 NONE>ALERT velocity again; "},
        {"a return to more than was left is not",
         {{1, 0, 0}, {2, 15, 0}, {40, 0, 0}, {41, 25, 0}},
         "1.0 NONE>WATCH velocity; 32.0 WATCH>NONE decay; 40.0 NONE>ALERT velocity; "},
        {"nor is one after 60 s",
         {{1, 0, 0}, {2, 25, 0}, {92, 0, 0}, {93, 25, 0}},
         "1.0 NONE>ALERT velocity; 32.0 ALERT>NONE decay; 92.0 NONE>ALERT velocity; "},
        {"each level falls by its own 30 s, falls are 5 s apart",
         {{1, 0, 0}, {2, 120, 45}, {10, 25, 0}, {12, 15, 0}, {60, 0, 0}},
         "1.0 NONE>EXTREME velocity_acceleration; 32.0 EXTREME>ALERT decay; 40.0 ALERT>WATCH decay; 45.0 WATCH>NONE "
         "decay; "},
        {"after falls by steps a return to the first level is the same alarm",
         {{1, 0, 0}, {2, 60, 25}, {10, 25, 0}, {50, 0, 0}, {51, 60, 25}},
         "1.0 NONE>CRITICAL probability; 32.0 CRITICAL>ALERT decay; 40.0 ALERT>NONE decay; "
         "50.0 NONE>CRITICAL probability again; "},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct rig r;
        char got[512];
        mr_signal_config_default(&r.config);
        rig_open(&r, 1);
        play(&r, cases[i].phases, got, sizeof got);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s:\n got  %s\n want %s", cases[i].says, got, cases[i].want);
        rig_close(&r);
    }
}

static void the_cool_down_holds_a_fall_that_is_due(void **state)
{
    (void)state;
    struct rig r;
    char got[256];
    mr_signal_config_default(&r.config);
    r.config.fall_ns = SECONDS(1);
    rig_open(&r, 1);
    static const struct phase phases[] = {{1, 0, 0}, {1.1, 25, 0}, {20, 0, 0}, {0, 0, 0}};
    play(&r, phases, got, sizeof got);
    assert_string_equal(got, "1.0 NONE>ALERT velocity; 6.0 ALERT>NONE decay; ");
    assert_true(r.metrics.held == 49); /* 1.1 .. 5.9 s */
    assert_true(r.metrics.escalations == 1 && r.metrics.emitted == 2);
    rig_close(&r);
}

static void a_rise_needs_no_tick(void **state)
{
    (void)state;
    struct rig r;
    struct mr_instrument btc = made_instrument(7, 1, "BTCUSDT");
    mr_signal_config_default(&r.config);
    rig_open(&r, 1);
    r.in.velocity_per_s[MR_WINDOW_10S] = 10.1;
    r.in.leading_venue = 3;
    r.in.btc_price = 6512345000000;
    r.in.venues = 0xe;
    assert_int_equal(rig_liquidation(&r, 0.0371, 5, &btc), 1);
    const struct mr_signal *s = &r.out[0];
    assert_true(s->engine_ns == r.in.engine_ns && s->recv_ns == s->engine_ns && s->instrument == 7);
    assert_int_equal(s->level, MR_LEVEL_WATCH);
    assert_int_equal(s->leading_venue, 3);
    assert_true(s->btc_price == 6512345000000);
    assert_true(s->flags & MR_SIGNAL_CROSS_VENUE);
    assert_true(s->flags & MR_SIGNAL_MISSING_OI && s->flags & MR_SIGNAL_MISSING_FUNDING);
    assert_string_equal(s->underlying_name, "BTC");
    assert_string_equal(s->words, "velocity 10.1/s over 10/s, p 0.07");
    assert_int_equal(mr_signal_level_now(r.engine, 0), MR_LEVEL_WATCH);
    assert_int_equal(mr_signal_level_now(r.engine, 9), MR_LEVEL_NONE);
    rig_close(&r);
}

static void warming_holds_every_level_at_none(void **state)
{
    (void)state;
    struct rig r;
    mr_signal_config_default(&r.config);
    rig_open(&r, 1);
    r.in.velocity_per_s[MR_WINDOW_10S] = 120;
    r.in.acceleration = 50;
    r.in.flags |= MR_SIGNAL_IN_WARMING;
    for (int i = 0; i < 100; i++)
        assert_int_equal(rig_tick(&r, i / 10.0), 0);
    r.in.flags &= ~(uint32_t)MR_SIGNAL_IN_WARMING; /* warm: up at once */
    assert_int_equal(rig_tick(&r, 10), 1);
    assert_int_equal(r.out[0].level, MR_LEVEL_EXTREME);
    r.in.flags |= MR_SIGNAL_IN_WARMING; /* and down at once when inputs are lost */
    assert_int_equal(rig_tick(&r, 10.1), 1);
    assert_int_equal(r.out[0].level, MR_LEVEL_NONE);
    assert_int_equal(r.out[0].cause, MR_CAUSE_DECAY);
    assert_true(r.out[0].flags & MR_SIGNAL_WARMING);
    assert_string_equal(r.out[0].words, "inputs are warming: held at NONE");
    rig_close(&r);
}

static void records_are_finite_whatever_comes_in(void **state)
{
    (void)state;
    struct rig r;
    struct mr_instrument btc = made_instrument(0, 1, "BTCUSDT");
    mr_signal_config_default(&r.config);
    rig_open(&r, 1);
    struct mr_random random = {5};
    static const double odd[] = {NAN, INFINITY, -INFINITY, 1e308, -1e308, 1e-310, 0, 25, 130};
    uint32_t records = 0;
    for (int n = 0; n < 20000; n++) {
        double *fields[] = {
            &r.in.acceleration, &r.in.jerk,   &r.in.mean_event_usd, &r.in.clustering,     &r.in.correlation,
            &r.in.multiplier,   &r.in.vol_5m, &r.in.velocity_scale, &r.in.notional_scale, &r.in.correlation_shift,
            &r.in.oi_change_1m, &r.in.funding};
        for (size_t i = 0; i < MR_COUNT_OF(fields); i++)
            *fields[i] = odd[mr_random_below(&random, MR_COUNT_OF(odd))];
        for (int i = 0; i < MR_SIGNAL_WINDOWS; i++) {
            r.in.velocity_per_s[i] = odd[mr_random_below(&random, MR_COUNT_OF(odd))];
            r.in.notional_usd_per_s[i] = odd[mr_random_below(&random, MR_COUNT_OF(odd))];
            r.in.window_weight[i] = odd[mr_random_below(&random, MR_COUNT_OF(odd))];
        }
        r.in.flags = (uint32_t)mr_random_next(&random) & 0x3fe;
        r.in.regime = (uint8_t)mr_random_next(&random);
        if (n % 2)
            rig_tick(&r, n * 7);
        else
            rig_liquidation(&r, n * 7, 1000, &btc);
        records += r.count;
        for (uint32_t i = 0; i < r.count; i++) {
            const double *d = &r.out[i].probability;
            for (int k = 0; k < 5; k++)
                assert_true(isfinite(d[k]));
            d = r.out[i].component;
            for (const double *end = &r.out[i].clustering; d <= end; d++)
                assert_true(isfinite(*d));
            assert_true(isfinite(r.out[i].cascade_peak_per_s));
            assert_true(memchr(r.out[i].words, 0, sizeof r.out[i].words) != NULL);
            assert_true(r.out[i].probability >= 0 && r.out[i].probability <= 1);
        }
    }
    assert_true(records > 1000);
    assert_true(r.metrics.nan_inputs > 10000);
    rig_close(&r);
}

static void a_change_of_regime_is_told_once(void **state)
{
    (void)state;
    struct rig r;
    mr_signal_config_default(&r.config);
    rig_open(&r, 2);
    r.in.regime = 2;
    assert_int_equal(rig_tick(&r, 0), 0); /* the first one is no change */
    r.in.flags |= MR_SIGNAL_IN_NO_VOLATILITY;
    r.in.regime = 0;
    assert_int_equal(rig_tick(&r, 0.1), 0); /* nor is one nobody vouches for */
    r.in.flags &= ~(uint32_t)MR_SIGNAL_IN_NO_VOLATILITY;
    r.in.regime = 4;
    r.in.vol_5m = 3.214;
    r.in.underlying = 1;
    r.in.name = "ETH";
    assert_int_equal(rig_tick(&r, 0.2), 1);
    assert_int_equal(r.out[0].kind, MR_SIGNAL_REGIME);
    assert_int_equal(r.out[0].cause, MR_CAUSE_REGIME);
    assert_int_equal(r.out[0].regime, 4);
    assert_int_equal(r.out[0].regime_before, 2);
    assert_int_equal(r.out[0].underlying, UINT16_MAX);
    assert_string_equal(r.out[0].underlying_name, "BTC");
    assert_string_equal(r.out[0].words, "NORMAL to HIGH, 5-minute volatility 3.21 %");
    r.in.underlying = 0;
    r.in.name = "BTC";
    assert_int_equal(rig_tick(&r, 0.2), 0);
    rig_close(&r);
}

static void cautions_of_the_feeds_stand_in_the_record(void **state)
{
    (void)state;
    struct rig r;
    mr_signal_config_default(&r.config);
    rig_open(&r, 1);
    r.in.flags |= MR_SIGNAL_IN_SATURATED | MR_SIGNAL_IN_BATCHED;
    r.in.velocity_per_s[MR_WINDOW_10S] = 12;
    assert_int_equal(rig_tick(&r, 0), 1);
    assert_true(r.out[0].flags & MR_SIGNAL_SATURATED);
    assert_true(r.out[0].flags & MR_SIGNAL_BATCHED);
    rig_close(&r);
}

static void time_never_runs_backwards(void **state)
{
    (void)state;
    struct rig r;
    mr_signal_config_default(&r.config);
    rig_open(&r, 1);
    rig_tick(&r, 10);
    r.in.velocity_per_s[MR_WINDOW_10S] = 12;
    assert_int_equal(rig_tick(&r, 5), 1);
    assert_true(r.out[0].engine_ns == T0 + SECONDS(10.0));
    assert_true(r.metrics.backwards == 1);
    rig_close(&r);
}

static void sequence_numbers_are_dense(void **state)
{
    (void)state;
    struct rig r;
    uint64_t next = 0;
    mr_signal_config_default(&r.config);
    rig_open(&r, 3);
    static const char *const names[] = {"BTC", "ETH", "SOL"};
    for (int n = 0; n < 3000; n++) {
        r.in.underlying = (uint16_t)(n % 3);
        r.in.name = names[n % 3];
        r.in.velocity_per_s[MR_WINDOW_10S] = n / 3 % 80 == 0 ? 30 : 0;
        rig_tick(&r, n / 3 * 0.5);
        for (uint32_t i = 0; i < r.count; i++)
            assert_true(r.out[i].seq == next++);
    }
    assert_true(next == 3 * (13 + 12)); /* up at 0, 40, .. 480 s, down 30.5 s later, the last one not yet */
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_rise_at_once_and_fall_slowly),
        cmocka_unit_test(the_cool_down_holds_a_fall_that_is_due),
        cmocka_unit_test(a_rise_needs_no_tick),
        cmocka_unit_test(warming_holds_every_level_at_none),
        cmocka_unit_test(records_are_finite_whatever_comes_in),
        cmocka_unit_test(a_change_of_regime_is_told_once),
        cmocka_unit_test(cautions_of_the_feeds_stand_in_the_record),
        cmocka_unit_test(time_never_runs_backwards),
        cmocka_unit_test(sequence_numbers_are_dense),
    };
    return MR_TEST_MAIN(tests);
}
