/* The scores against worked values, and against a second computation written from the requirement's sentences. */
#include <math.h>
#include <stdio.h>

#include "engines/signal/signal.h"
#include "tests/engines/reference/score.h"
#include "tests/support/support.h"

static void near_to(double got, double want, const char *says)
{
    if (!(fabs(got - want) <= 1e-12 * (fabs(want) > 1 ? fabs(want) : 1)))
        fail_msg("%s: got %.17g, want %.17g", says, got, want);
}

/* ---- worked values of the first score */

static struct mr_signal_input worked(double velocity, double acceleration, double usd_per_s, double oi, double funding)
{
    struct mr_signal_input in;
    mr_signal_input_default(&in, 0, "BTC", 0);
    in.velocity_per_s[MR_WINDOW_10S] = velocity;
    in.notional_usd_per_s[MR_WINDOW_10S] = usd_per_s;
    in.acceleration = acceleration;
    in.oi_change_1m = oi;
    in.funding = funding;
    in.flags = MR_SIGNAL_IN_OI | MR_SIGNAL_IN_FUNDING;
    return in;
}

static void worked_probabilities_come_out(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        double velocity, acceleration, musd, correlation, multiplier, base, probability;
        unsigned level;
    } cases[] = {
        {"multiplier 1, its component 0.2", 40, 10, 20, 0, 1, 0.54, 0.54, MR_LEVEL_ALERT},
        {"correlation 0.95", 40, 10, 20, 0.95, 1, 0.648, 0.648, MR_LEVEL_ALERT},
        {"correlation 0.7 is not above 0.7", 40, 10, 20, 0.7, 1, 0.54, 0.54, MR_LEVEL_ALERT},
        {"negative correlation", 40, 10, 20, -0.95, 1, 0.54, 0.54, MR_LEVEL_ALERT},
        {"acceleration 18: boosted", 40, 18, 20, 0, 1, 0.93, 0.93, MR_LEVEL_EXTREME},
        {"falling by 18: its size counts", 40, -18, 20, 0, 1, 0.93, 0.93, MR_LEVEL_EXTREME},
        {"boosted twice is 1 at most", 40, 18, 20, 0.95, 1, 1, 1, MR_LEVEL_EXTREME},
        {"weak, multiplier 1", 8, 0, 2, 0, 1, 0.208, 0.208, MR_LEVEL_NONE},
        {"weak, multiplier 1.5", 8, 0, 2, 0, 1.5, 0.218, 1.5 * 0.218 / (1 - 0.218 + 1.5 * 0.218), MR_LEVEL_NONE},
        {"weak, multiplier 2", 8, 0, 2, 0, 2, 0.228, 2 * 0.228 / (1 - 0.228 + 2 * 0.228), MR_LEVEL_WATCH},
        {"weak, multiplier 3: odds, not 0.564", 8, 0, 2, 0, 3, 0.248, 3 * 0.248 / (1 - 0.248 + 3 * 0.248),
         MR_LEVEL_WATCH},
        {"weak, multiplier 5: one level at most", 8, 0, 2, 0, 5, 0.288, 5 * 0.288 / (1 - 0.288 + 5 * 0.288),
         MR_LEVEL_WATCH},
        {"weak, multiplier 10: one level at most", 8, 0, 2, 0, 10, 0.288, 10 * 0.288 / (1 - 0.288 + 10 * 0.288),
         MR_LEVEL_WATCH},
    };
    struct mr_signal_config config;
    mr_signal_config_default(&config);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_signal_input in = worked(cases[i].velocity, cases[i].acceleration, cases[i].musd * 1e6, 0.03, 0.0005);
        in.correlation = cases[i].correlation;
        in.multiplier = cases[i].multiplier;
        struct mr_signal_scores got;
        mr_signal_score(&config, &in, &got);
        near_to(got.probability_base, cases[i].base, cases[i].says);
        near_to(got.probability, cases[i].probability, cases[i].says);
        if (got.level != cases[i].level)
            fail_msg("%s: level %s", cases[i].says, mr_level_name(got.level));
    }
}

static void the_components_are_shares_of_their_full_scale(void **state)
{
    (void)state;
    struct mr_signal_config config;
    struct mr_signal_scores got;
    mr_signal_config_default(&config);
    struct mr_signal_input in = worked(40, -10, 20e6, -0.03, -0.0005);
    mr_signal_score(&config, &in, &got);
    static const double want[MR_COMPONENT_COUNT] = {0.8, 0.5, 0.4, 0.6, 0.5, 0.2};
    for (int i = 0; i < MR_COMPONENT_COUNT; i++)
        near_to(got.component[i], want[i], mr_component_name((unsigned)i));
    in = worked(1e9, 1e9, 1e18, 9, 9);
    in.multiplier = 10;
    mr_signal_score(&config, &in, &got);
    for (int i = 0; i < MR_COMPONENT_COUNT; i++)
        near_to(got.component[i], 1, mr_component_name((unsigned)i));
    near_to(got.probability, 1, "all full");
    in = worked(-5, 0, -5, 0, 0);
    in.multiplier = 1e-300;
    mr_signal_score(&config, &in, &got);
    near_to(got.component[MR_COMPONENT_VELOCITY] + got.component[MR_COMPONENT_NOTIONAL], 0,
            "negative rates count as 0");
}

/* E-22, probability kept low by full scales far away. */
static void velocity_rules_have_exact_bounds(void **state)
{
    (void)state;
    static const struct {
        double velocity, acceleration, scale;
        unsigned level, cause;
    } cases[] = {
        {10, 0, 1, MR_LEVEL_NONE, MR_CAUSE_NONE},
        {10.1, 0, 1, MR_LEVEL_WATCH, MR_CAUSE_VELOCITY},
        {20, 99, 1, MR_LEVEL_WATCH, MR_CAUSE_VELOCITY},
        {20.1, 0, 1, MR_LEVEL_ALERT, MR_CAUSE_VELOCITY},
        {50, 20.1, 1, MR_LEVEL_ALERT, MR_CAUSE_VELOCITY},
        {50.1, 20, 1, MR_LEVEL_ALERT, MR_CAUSE_VELOCITY},
        {50.1, 20.1, 1, MR_LEVEL_CRITICAL, MR_CAUSE_VELOCITY_ACCELERATION},
        {50.1, -20.1, 1, MR_LEVEL_CRITICAL, MR_CAUSE_VELOCITY_ACCELERATION},
        {99.9, 40, 1, MR_LEVEL_CRITICAL, MR_CAUSE_VELOCITY_ACCELERATION},
        {100, 39.9, 1, MR_LEVEL_CRITICAL, MR_CAUSE_VELOCITY_ACCELERATION},
        {100, 40, 1, MR_LEVEL_EXTREME, MR_CAUSE_VELOCITY_ACCELERATION},
        {100, -40, 1, MR_LEVEL_EXTREME, MR_CAUSE_VELOCITY_ACCELERATION},
        {20, 0, 2, MR_LEVEL_NONE, MR_CAUSE_NONE}, /* EXTREME regime doubles, DORMANT halves */
        {20.1, 0, 2, MR_LEVEL_WATCH, MR_CAUSE_VELOCITY},
        {5.1, 0, 0.5, MR_LEVEL_WATCH, MR_CAUSE_VELOCITY},
        {50, 40, 0.5, MR_LEVEL_EXTREME, MR_CAUSE_VELOCITY_ACCELERATION},
        {199, 40, 2, MR_LEVEL_CRITICAL, MR_CAUSE_VELOCITY_ACCELERATION},
    };
    struct mr_signal_config config;
    mr_signal_config_default(&config);
    config.full_scale[MR_COMPONENT_VELOCITY] = config.full_scale[MR_COMPONENT_ACCELERATION] = 1e9;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_signal_input in = worked(cases[i].velocity, cases[i].acceleration, 0, 0, 0);
        in.velocity_scale = cases[i].scale;
        struct mr_signal_scores got;
        mr_signal_score(&config, &in, &got);
        if (got.level != cases[i].level || got.cause != cases[i].cause)
            fail_msg("row %zu: %s by %s", i, mr_level_name(got.level), mr_signal_cause_name(got.cause));
        assert_int_equal(got.rules, cases[i].cause ? 1 << cases[i].cause : 0);
    }
}

static void probability_rules_are_strict_and_named_first(void **state)
{
    (void)state;
    struct mr_signal_config config;
    mr_signal_config_default(&config);
    config = (struct mr_signal_config){
        .boost_factor = 1, .correlation_factor = 1, .boost_acceleration = 2, .correlation_over = 2};
    struct mr_signal_config defaults;
    mr_signal_config_default(&defaults);
    memcpy(config.full_scale, defaults.full_scale, sizeof config.full_scale);
    memcpy(config.level_probability, defaults.level_probability, sizeof config.level_probability);
    memcpy(config.level_velocity, defaults.level_velocity, sizeof config.level_velocity);
    memcpy(config.level_acceleration, defaults.level_acceleration, sizeof config.level_acceleration);
    config.weight[MR_COMPONENT_FUNDING] = 1;
    config.full_scale[MR_COMPONENT_FUNDING] = 1;
    config.use_funding = true;
    static const struct {
        double p;
        unsigned level;
    } cases[] = {
        {0.30, MR_LEVEL_NONE},     {0.31, MR_LEVEL_WATCH},   {0.50, MR_LEVEL_WATCH},
        {0.51, MR_LEVEL_ALERT},    {0.70, MR_LEVEL_ALERT},   {0.71, MR_LEVEL_CRITICAL},
        {0.90, MR_LEVEL_CRITICAL}, {0.91, MR_LEVEL_EXTREME}, {2.0, MR_LEVEL_EXTREME},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_signal_input in = worked(0, 0, 0, 0, cases[i].p);
        struct mr_signal_scores got;
        mr_signal_score(&config, &in, &got);
        assert_int_equal(got.level, cases[i].level);
        assert_int_equal(got.cause, cases[i].level ? MR_CAUSE_PROBABILITY : MR_CAUSE_NONE);
    }
    struct mr_signal_input both = worked(11, 0, 0, 0, 0.31);
    struct mr_signal_scores got;
    mr_signal_score(&config, &both, &got);
    assert_int_equal(got.level, MR_LEVEL_WATCH);
    assert_int_equal(got.cause, MR_CAUSE_PROBABILITY);
    assert_int_equal(got.rules, 1 << MR_CAUSE_PROBABILITY | 1 << MR_CAUSE_VELOCITY);
}

static void the_multiplier_lifts_by_one_level_and_says_so(void **state)
{
    (void)state;
    struct mr_signal_config config;
    struct mr_signal_scores got;
    mr_signal_config_default(&config);
    struct mr_signal_input in = worked(8, 0, 2e6, 0.03, 0.0005);
    in.multiplier = 2;
    mr_signal_score(&config, &in, &got);
    assert_int_equal(got.flags, MR_SIGNAL_LIFTED);
    in.multiplier = 10; /* 0.80 would be CRITICAL, from NONE */
    mr_signal_score(&config, &in, &got);
    assert_int_equal(got.flags, MR_SIGNAL_LIFTED | MR_SIGNAL_LIFT_CAPPED);
    assert_int_equal(got.level, MR_LEVEL_WATCH);
    in.velocity_per_s[MR_WINDOW_10S] = 10.5; /* WATCH by velocity, so ALERT is one up */
    mr_signal_score(&config, &in, &got);
    assert_int_equal(got.level, MR_LEVEL_ALERT);
    in.multiplier = 1;
    mr_signal_score(&config, &in, &got);
    assert_int_equal(got.flags, 0);
    assert_int_equal(got.level, MR_LEVEL_WATCH);
}

static void what_is_missing_or_not_finite_counts_as_0_and_is_flagged(void **state)
{
    (void)state;
    struct mr_signal_config config;
    mr_signal_config_default(&config);
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    /* every double of the input in turn */
    static const size_t fields[] = {
        offsetof(struct mr_signal_input, velocity_per_s[0]),
        offsetof(struct mr_signal_input, velocity_per_s[3]),
        offsetof(struct mr_signal_input, velocity_per_s[4]),
        offsetof(struct mr_signal_input, notional_usd_per_s[3]),
        offsetof(struct mr_signal_input, notional_usd_per_s[4]),
        offsetof(struct mr_signal_input, acceleration),
        offsetof(struct mr_signal_input, jerk),
        offsetof(struct mr_signal_input, mean_event_usd),
        offsetof(struct mr_signal_input, clustering),
        offsetof(struct mr_signal_input, correlation),
        offsetof(struct mr_signal_input, multiplier),
        offsetof(struct mr_signal_input, velocity_scale),
        offsetof(struct mr_signal_input, notional_scale),
        offsetof(struct mr_signal_input, correlation_shift),
        offsetof(struct mr_signal_input, oi_change_1m),
        offsetof(struct mr_signal_input, funding),
    };
    for (size_t f = 0; f < MR_COUNT_OF(fields); f++) {
        for (size_t b = 0; b < MR_COUNT_OF(bad); b++) {
            struct mr_signal_input in = worked(40, 10, 20e6, 0.03, 0.0005);
            memcpy((uint8_t *)&in + fields[f], &bad[b], sizeof bad[b]);
            struct mr_signal_scores got;
            mr_signal_score(&config, &in, &got);
            assert_true(got.flags & MR_SIGNAL_NAN);
            assert_true(got.probability >= 0 && got.probability <= 1);
            assert_true(got.score100 >= 0 && got.score100 <= 100);
            assert_true(got.confidence >= 0.5 && got.confidence <= 1);
            for (int i = 0; i < MR_COMPONENT_COUNT; i++)
                assert_true(got.component[i] >= 0 && got.component[i] <= 1 && got.component100[i] >= 0);
        }
    }
    struct mr_signal_input in = worked(40, NAN, 20e6, 0.03, 0.0005);
    struct mr_signal_scores got;
    mr_signal_score(&config, &in, &got);
    near_to(got.probability, 0.54 - 0.20 * 0.5, "acceleration NaN counts as 0");
    in = worked(40, 10, 20e6, 0.03, 0.0005);
    in.flags = MR_SIGNAL_IN_NO_VOLATILITY | MR_SIGNAL_IN_STALE_BOOK | MR_SIGNAL_IN_SATURATED | MR_SIGNAL_IN_BATCHED |
               MR_SIGNAL_IN_WINDOW_FULL | MR_SIGNAL_IN_NO_CORRELATION;
    in.multiplier = 10;
    in.venues = 1 << 1 | 1 << 3;
    mr_signal_score(&config, &in, &got);
    near_to(got.probability, 0.25 * 0.8 + 0.2 * 0.5 + 0.2 * 0.4, "open interest, funding, volatility missing");
    assert_int_equal(got.flags, MR_SIGNAL_MISSING_OI | MR_SIGNAL_MISSING_FUNDING | MR_SIGNAL_MISSING_VOLATILITY |
                                    MR_SIGNAL_STALE_BOOK | MR_SIGNAL_SATURATED | MR_SIGNAL_BATCHED |
                                    MR_SIGNAL_WINDOW_FULL | MR_SIGNAL_NO_CORRELATION | MR_SIGNAL_CROSS_VENUE);
    config.use_oi = config.use_funding = config.use_volatility = false; /* switched off is not missing */
    in.flags = 0;
    in.venues = 1;
    mr_signal_score(&config, &in, &got);
    assert_int_equal(got.flags, 0);
}

static void weights_are_normalised(void **state)
{
    (void)state;
    struct mr_signal_config config, other;
    mr_signal_config_default(&config);
    other = config;
    for (int i = 0; i < MR_COMPONENT_COUNT; i++)
        other.weight[i] *= 7;
    struct mr_signal_input in = worked(40, 10, 20e6, 0.03, 0.0005);
    struct mr_signal_scores a, b;
    mr_signal_score(&config, &in, &a);
    mr_signal_score(&other, &in, &b);
    near_to(a.probability, b.probability, "weights times 7");
}

/* ---- worked values of the second score. Correlation scores 100 c and clustering 100 x share by our definitions. */

static void worked_second_scores_come_out(void **state)
{
    (void)state;
    static const struct {
        double v100, v2, v10, v60;
        uint64_t count;
        double acceleration, jerk, volume, mean, correlation, clustering;
        double want[MR_COMPONENT100_COUNT], total, confidence;
    } cases[] = {
        {10, 5, 3, 1, 60, 2, 1, 300e3, 5e3, 0.6, 1, {52, 37.5, 100.0 / 3, 37.5, 60, 100}, 47, 0.80},
        {40, 30, 20, 5, 300, 12, 6, 6e6, 60e3, 0.8, 1, {100, 100, 80, 100, 80, 100}, 94, 0.85},
        {0, 0.5, 0.4, 0.2, 12, -1, -1, 50e3, 4e3, 0, 0, {2.5, 0, 0, 12.5, 0, 0}, 3.125, 0.85},
        {10, 4, 2, 1, 60, 1, 0.5, 500e3, 60e3, -0.5, 1, {50, 25, 25, 60, 0, 100}, 38.25, 0.70},
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {0, 0, 0, 0, 0, 0}, 0, 0.65},
        {2.5, 2.5, 2.5, 2.5, 5, 3, 2, 1e6, 50e3, 0.5, 0.5, {175.0 / 6, 50, 50, 75, 50, 50}, 1195.0 / 24, 0.75},
    };
    struct mr_signal_config config;
    mr_signal_config_default(&config);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_signal_input in = worked(cases[i].v10, cases[i].acceleration, 0, 0, 0);
        in.velocity_per_s[MR_WINDOW_100MS] = cases[i].v100;
        in.velocity_per_s[MR_WINDOW_2S] = cases[i].v2;
        in.velocity_per_s[MR_WINDOW_60S] = cases[i].v60;
        in.count_60s = cases[i].count;
        in.jerk = cases[i].jerk;
        in.notional_usd_per_s[MR_WINDOW_60S] = cases[i].volume / 60;
        in.mean_event_usd = cases[i].mean;
        in.correlation = cases[i].correlation;
        in.clustering = cases[i].clustering;
        struct mr_signal_scores got;
        mr_signal_score(&config, &in, &got);
        double total = 0;
        static const double weight[] = {0.25, 0.20, 0.15, 0.20, 0.15, 0.05};
        for (int n = 0; n < MR_COMPONENT100_COUNT; n++) {
            near_to(got.component100[n], cases[i].want[n], mr_component100_name((unsigned)n));
            total += weight[n] * cases[i].want[n];
        }
        near_to(got.score100, total, "sum of the weighted components");
        near_to(got.score100, cases[i].total, "total as worked by hand");
        near_to(got.confidence, cases[i].confidence, "confidence");
    }
}

static void the_regime_can_weigh_the_five_windows(void **state)
{
    (void)state;
    struct mr_signal_config config;
    mr_signal_config_default(&config);
    struct mr_signal_input in = worked(2, 0, 0, 0, 0);
    static const double rates[] = {10, 8, 4, 2, 1}, extreme[] = {1.5, 1.3, 1.0, 0.8, 0.6};
    memcpy(in.velocity_per_s, rates, sizeof rates);
    memcpy(in.window_weight, extreme, sizeof extreme);
    struct mr_signal_scores got;
    mr_signal_score(&config, &in, &got); /* weights given only with the flag: 0.4 x 10 + 0.4 x 2 + 0.2 x 1 = 5 */
    near_to(got.component100[MR_COMPONENT100_VELOCITY], 50, "plain");
    in.flags |= MR_SIGNAL_IN_WEIGHTS; /* (15 + 10.4 + 4 + 1.6 + 0.6) / 5.2 = 6.0769 */
    mr_signal_score(&config, &in, &got);
    near_to(got.component100[MR_COMPONENT100_VELOCITY], 50 + 25 * (31.6 / 5.2 - 5) / 5, "weighted");
}

/* ---- random inputs against the second computation of tests/engines/reference/score.c */

static double between(struct mr_random *r, double low, double high)
{
    return low + (high - low) * (double)(mr_random_next(r) >> 11) / 9007199254740992.0;
}

static struct mr_signal_input any_input(struct mr_random *r)
{
    static const double multipliers[] = {1, 1.2, 1.5, 1.836, 2.16, 3, 5, 9.6525, 10};
    double size = mr_random_below(r, 3) ? 60 : 150;
    struct mr_signal_input in = worked(between(r, 0, size), between(r, -50, 50), between(r, 0, 8e7),
                                       between(r, -0.08, 0.08), between(r, -0.002, 0.002));
    if (mr_random_below(r, 4) == 0) /* calm */
        in = worked(between(r, 0, 12), between(r, -3, 3), between(r, 0, 5e6), between(r, -0.02, 0.02),
                    between(r, -3e-4, 3e-4));
    if (mr_random_below(r, 8) == 0) /* whole numbers hit the bounds */
        in.velocity_per_s[3] = 10 * (double)mr_random_below(r, 12);
    for (int i = 0; i < 5; i++)
        if (i != 3)
            in.velocity_per_s[i] = between(r, 0, 30);
    in.notional_usd_per_s[4] = between(r, 0, 1e5);
    in.jerk = between(r, -12, 12);
    in.mean_event_usd = between(r, 0, 1e5);
    in.clustering = between(r, 0, 1);
    in.correlation = between(r, -1, 1);
    in.multiplier = multipliers[mr_random_below(r, 9)];
    in.velocity_scale = (double[]){1, 0.5, 1.5, 2}[mr_random_below(r, 4)];
    in.notional_scale = (double[]){1, 0.7, 1.2, 1.5}[mr_random_below(r, 4)];
    in.correlation_shift = (double[]){0, -0.1, 0.1}[mr_random_below(r, 3)];
    if (mr_random_below(r, 3) == 0) {
        in.flags |= MR_SIGNAL_IN_WEIGHTS;
        memcpy(in.window_weight,
               mr_random_below(r, 2) ? (double[]){1.5, 1.3, 1.0, 0.8, 0.6} : (double[]){0.7, 0.9, 1.0, 1.2, 1.3},
               sizeof in.window_weight);
    }
    return in;
}

/* Away from every probability threshold by more than rounding can do. */
static bool clear_of_thresholds(long double p)
{
    static const double at[] = {0.3, 0.5, 0.7, 0.9};
    for (int i = 0; i < 4; i++)
        if (fabsl(p - (long double)at[i]) < 1e-12L)
            return false;
    return true;
}

static void random_inputs_agree_with_the_second_computation(void **state)
{
    (void)state;
    struct mr_signal_config config;
    mr_signal_config_default(&config);
    struct mr_random r = {20251121};
    unsigned seen[MR_LEVEL_COUNT] = {0}, capped = 0;
    for (int n = 0; n < 200000; n++) {
        struct mr_signal_input in = any_input(&r);
        struct mr_signal_scores got;
        mr_signal_score(&config, &in, &got);
        struct score_ref want = score_ref(&in);
        for (int i = 0; i < 6; i++) {
            near_to(got.component[i], (double)want.component[i], "component");
            near_to(got.component100[i], (double)want.component100[i], "component of 100");
        }
        near_to(got.probability_base, (double)want.base, "probability before the odds");
        near_to(got.probability, (double)want.p, "probability");
        near_to(got.score100, (double)want.total, "second score");
        if (clear_of_thresholds(want.p) && clear_of_thresholds(want.base)) {
            assert_int_equal(got.level, want.level);
            assert_int_equal((got.flags & MR_SIGNAL_LIFTED) != 0, want.level > want.base_level);
        }
        seen[got.level]++;
        capped += (got.flags & MR_SIGNAL_LIFT_CAPPED) != 0;
    }
    for (int i = 0; i < MR_LEVEL_COUNT; i++)
        assert_true(seen[i] > 1000); /* the draw reaches every level */
    assert_true(capped > 100);
}

static void a_wrong_configuration_is_refused_by_name(void **state)
{
    (void)state;
    struct mr_signal_config config;
    struct mr_err err;
    mr_signal_config_default(&config);
    assert_int_equal(mr_signal_config_check(&config, &err), MR_OK);
#define REFUSED(change, name)                                                                                          \
    do {                                                                                                               \
        mr_signal_config_default(&config);                                                                             \
        change;                                                                                                        \
        assert_int_equal(mr_signal_config_check(&config, &err), MR_E_RANGE);                                           \
        assert_non_null(strstr(err.text, name));                                                                       \
    } while (0)
    REFUSED(config.weight[2] = -1, "weight");
    REFUSED(config.weight[2] = NAN, "weight");
    REFUSED(memset(config.weight, 0, sizeof config.weight), "weight");
    REFUSED(memset(config.weight100, 0, sizeof config.weight100), "weight");
    REFUSED(config.full_scale[0] = 0, "full_scale");
    REFUSED(config.full_scale[5] = INFINITY, "full_scale");
    REFUSED(config.level_probability[2] = 0.1, "level");
    REFUSED(config.level_velocity[1] = NAN, "level");
    REFUSED(config.level_acceleration[4] = 1, "level");
    REFUSED(config.boost_factor = 0, "factor");
    REFUSED(config.correlation_factor = NAN, "factor");
    REFUSED(config.fall_ns = -1, "times");
    REFUSED(config.oi_window_ns = 0, "times");
    REFUSED(config.cascade_window_ns = 0, "times");
    REFUSED(config.cascade_events = 0, "cascade");
    REFUSED(config.cascade_window_events = 4, "cascade");
    REFUSED(config.cascade_micro_usd = -1, "cascade");
    REFUSED(config.instruments_max = 0, "instruments_max");
    REFUSED(memset(config.reference_name, 'x', 16), "reference_name");
#undef REFUSED
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_probabilities_come_out),
        cmocka_unit_test(the_components_are_shares_of_their_full_scale),
        cmocka_unit_test(velocity_rules_have_exact_bounds),
        cmocka_unit_test(probability_rules_are_strict_and_named_first),
        cmocka_unit_test(the_multiplier_lifts_by_one_level_and_says_so),
        cmocka_unit_test(what_is_missing_or_not_finite_counts_as_0_and_is_flagged),
        cmocka_unit_test(weights_are_normalised),
        cmocka_unit_test(worked_second_scores_come_out),
        cmocka_unit_test(the_regime_can_weigh_the_five_windows),
        cmocka_unit_test(random_inputs_agree_with_the_second_computation),
        cmocka_unit_test(a_wrong_configuration_is_refused_by_name),
    };
    return MR_TEST_MAIN(tests);
}
