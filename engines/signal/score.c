/* The two scores (E-20 .. E-23): pure functions of configuration and input. */
#include "engines/signal/signal_priv.h"

/* What is not finite counts as 0 and is flagged (E-20). */
MR_INLINE double finite_or(double value, double otherwise, uint32_t *flags)
{
    if (mr_likely(__builtin_isfinite(value)))
        return value;
    *flags |= MR_SIGNAL_NAN;
    return otherwise;
}

/* min(1, value / full scale); negative values count as 0. */
MR_INLINE double share_of(double value, double full)
{
    double share = value / full;
    return share >= 1 ? 1 : share > 0 ? share : 0;
}

MR_INLINE double positive_or_1(double value, uint32_t *flags)
{
    if (mr_likely(value > 0 && __builtin_isfinite(value)))
        return value;
    *flags |= MR_SIGNAL_NAN;
    return 1;
}

/* Flags that are the input's own. */
static uint32_t flags_of_input(const struct mr_signal_config *config, uint32_t in)
{
    uint32_t out = 0;
    out |= in & MR_SIGNAL_IN_WARMING ? MR_SIGNAL_WARMING : 0;
    out |= in & MR_SIGNAL_IN_SATURATED ? MR_SIGNAL_SATURATED : 0;
    out |= in & MR_SIGNAL_IN_BATCHED ? MR_SIGNAL_BATCHED : 0;
    out |= in & MR_SIGNAL_IN_STALE_BOOK ? MR_SIGNAL_STALE_BOOK : 0;
    out |= in & MR_SIGNAL_IN_WINDOW_FULL ? MR_SIGNAL_WINDOW_FULL : 0;
    out |= in & MR_SIGNAL_IN_NO_CORRELATION ? MR_SIGNAL_NO_CORRELATION : 0;
    out |= (in & MR_SIGNAL_IN_NO_VOLATILITY) && config->use_volatility ? MR_SIGNAL_MISSING_VOLATILITY : 0;
    return out;
}

/* E-20. Full scales of velocity and notional rate stretch with the regime (E-14). */
static void components(const struct mr_signal_config *c, const struct mr_signal_input *in,
                       const struct mr_signal_market *market, double velocity_scale, double notional_scale,
                       struct mr_signal_scores *out)
{
    const double *full = c->full_scale;
    double *score = out->component;
    score[MR_COMPONENT_VELOCITY] = share_of(finite_or(in->velocity_per_s[MR_WINDOW_10S], 0, &out->flags),
                                            full[MR_COMPONENT_VELOCITY] * velocity_scale);
    score[MR_COMPONENT_ACCELERATION] =
        share_of(__builtin_fabs(finite_or(in->acceleration, 0, &out->flags)), full[MR_COMPONENT_ACCELERATION]);
    score[MR_COMPONENT_NOTIONAL] = share_of(finite_or(in->notional_usd_per_s[MR_WINDOW_10S], 0, &out->flags),
                                            full[MR_COMPONENT_NOTIONAL] * notional_scale);
    score[MR_COMPONENT_OI] = score[MR_COMPONENT_FUNDING] = score[MR_COMPONENT_VOLATILITY] = 0;
    if (c->use_oi && market->has_oi)
        score[MR_COMPONENT_OI] =
            share_of(__builtin_fabs(finite_or(market->oi_change, 0, &out->flags)), full[MR_COMPONENT_OI]);
    else if (c->use_oi)
        out->flags |= MR_SIGNAL_MISSING_OI;
    if (c->use_funding && market->has_funding)
        score[MR_COMPONENT_FUNDING] =
            share_of(__builtin_fabs(finite_or(market->funding, 0, &out->flags)), full[MR_COMPONENT_FUNDING]);
    else if (c->use_funding)
        out->flags |= MR_SIGNAL_MISSING_FUNDING;
    if (c->use_volatility && !(in->flags & MR_SIGNAL_IN_NO_VOLATILITY))
        score[MR_COMPONENT_VOLATILITY] =
            share_of(finite_or(in->multiplier, 0, &out->flags), full[MR_COMPONENT_VOLATILITY]);
}

/* E-21 up to the odds. */
static double probability_base(const struct mr_signal_config *c, const struct mr_signal_scores *scores,
                               double correlation, double correlation_shift)
{
    double sum = 0, weights = 0;
    for (int i = 0; i < MR_COMPONENT_COUNT; i++) {
        sum += c->weight[i] * scores->component[i];
        weights += c->weight[i];
    }
    double p = sum / weights;
    if (scores->component[MR_COMPONENT_ACCELERATION] > c->boost_acceleration &&
        scores->component[MR_COMPONENT_VELOCITY] > c->boost_velocity)
        p = p * c->boost_factor < 1 ? p * c->boost_factor : 1;
    if (correlation > c->correlation_over + correlation_shift)
        p = p * c->correlation_factor < 1 ? p * c->correlation_factor : 1;
    return p < 1 ? p : 1;
}

/* The multiplier on the odds: p' = m p / (1 - p + m p), which stays within 0..1 for every m > 0. */
MR_INLINE double lifted(double p, double m) { return m == 1 ? p : m * p / (1 - p + m * p); }

static unsigned level_of_probability(const struct mr_signal_config *c, double p)
{
    unsigned level = MR_LEVEL_EXTREME;
    while (level > MR_LEVEL_NONE && !(p > c->level_probability[level]))
        level--;
    return level;
}

/* E-22, the velocity rules: only EXTREME's comparisons include the bound. */
static unsigned level_of_velocity(const struct mr_signal_config *c, double velocity, double acceleration, double scale)
{
    const double *v = c->level_velocity, *a = c->level_acceleration;
    if (velocity >= v[MR_LEVEL_EXTREME] * scale && acceleration >= a[MR_LEVEL_EXTREME])
        return MR_LEVEL_EXTREME;
    if (velocity > v[MR_LEVEL_CRITICAL] * scale && acceleration > a[MR_LEVEL_CRITICAL])
        return MR_LEVEL_CRITICAL;
    if (velocity > v[MR_LEVEL_ALERT] * scale)
        return MR_LEVEL_ALERT;
    return velocity > v[MR_LEVEL_WATCH] * scale ? MR_LEVEL_WATCH : MR_LEVEL_NONE;
}

/* E-22, with E-21's bound: the multiplier lifts what the rules give without it by one level at most. */
static void level_by_rules(const struct mr_signal_config *c, double velocity, double acceleration,
                           double velocity_scale, struct mr_signal_scores *out)
{
    unsigned by_velocity = level_of_velocity(c, velocity, acceleration, velocity_scale);
    unsigned by_base = level_of_probability(c, out->probability_base);
    unsigned by_probability = level_of_probability(c, out->probability);
    unsigned before = by_base > by_velocity ? by_base : by_velocity;
    unsigned level = by_probability > by_velocity ? by_probability : by_velocity;
    if (level > before + 1) {
        level = before + 1;
        out->flags |= MR_SIGNAL_LIFT_CAPPED;
    }
    if (level > before)
        out->flags |= MR_SIGNAL_LIFTED;
    out->level = (uint8_t)level;
    out->cause = MR_CAUSE_NONE;
    if (level == MR_LEVEL_NONE)
        return;
    uint8_t velocity_rule = level >= MR_LEVEL_CRITICAL ? MR_CAUSE_VELOCITY_ACCELERATION : MR_CAUSE_VELOCITY;
    if (by_velocity >= level) {
        out->rules |= (uint8_t)(1u << velocity_rule);
        out->cause = velocity_rule;
    }
    if (by_probability >= level) {
        out->rules |= 1u << MR_CAUSE_PROBABILITY;
        out->cause = MR_CAUSE_PROBABILITY;
    }
}

/* E-23: through (0, 0) (low, 25) (medium, 50) (high, 75) (critical, 100), flat beyond. */
static double points(double value, const double at[4])
{
    if (!(value > 0))
        return 0;
    double from = 0;
    for (int i = 0; i < 4; i++) {
        if (value < at[i])
            return 25 * (i + (value - from) / (at[i] - from));
        from = at[i];
    }
    return 100;
}

static double velocity100_input(const struct mr_signal_input *in, uint32_t *flags)
{
    double v[MR_SIGNAL_WINDOWS], sum = 0, weights = 0;
    for (int i = 0; i < MR_SIGNAL_WINDOWS; i++)
        v[i] = finite_or(in->velocity_per_s[i], 0, flags);
    if (!(in->flags & MR_SIGNAL_IN_WEIGHTS))
        return 0.4 * v[MR_WINDOW_100MS] + 0.4 * v[MR_WINDOW_10S] + 0.2 * v[MR_WINDOW_60S];
    for (int i = 0; i < MR_SIGNAL_WINDOWS; i++) {
        double w = positive_or_1(in->window_weight[i], flags);
        sum += w * v[i];
        weights += w;
    }
    return sum / weights;
}

/* Volume is that of the last 60 s: 60 x the 60 s rate. */
static void components100(const struct mr_signal_input *in, double correlation, struct mr_signal_scores *out)
{
    static const double velocity_at[4] = {2, 5, 10, 20}, acceleration_at[4] = {1, 3, 5, 10},
                        jerk_at[4] = {0.5, 2, 5, 10};
    static const double volume_at[4] = {100000, 500000, 1000000, 5000000};
    double *score = out->component100;
    score[MR_COMPONENT100_VELOCITY] = points(velocity100_input(in, &out->flags), velocity_at);
    score[MR_COMPONENT100_ACCELERATION] = points(finite_or(in->acceleration, 0, &out->flags), acceleration_at);
    score[MR_COMPONENT100_JERK] = points(finite_or(in->jerk, 0, &out->flags), jerk_at);
    double volume = points(60 * finite_or(in->notional_usd_per_s[MR_WINDOW_60S], 0, &out->flags), volume_at);
    if (finite_or(in->mean_event_usd, 0, &out->flags) > 50000)
        volume = volume * 1.2 < 100 ? volume * 1.2 : 100;
    score[MR_COMPONENT100_VOLUME] = volume;
    score[MR_COMPONENT100_CORRELATION] = 100 * share_of(correlation, 1);
    score[MR_COMPONENT100_CLUSTERING] = 100 * share_of(finite_or(in->clustering, 0, &out->flags), 1);
}

/* Enough events, rates that agree over the windows (standard deviation below 2/s), components that agree. */
static double confidence(const struct mr_signal_input *in, const double *score)
{
    static const uint8_t windows[4] = {MR_WINDOW_100MS, MR_WINDOW_2S, MR_WINDOW_10S, MR_WINDOW_60S};
    static const uint8_t agreeing[4] = {MR_COMPONENT100_VELOCITY, MR_COMPONENT100_ACCELERATION, MR_COMPONENT100_VOLUME,
                                        MR_COMPONENT100_CORRELATION};
    uint32_t ignored = 0;
    double v[4], mean = 0, squares = 0;
    for (int i = 0; i < 4; i++) {
        v[i] = finite_or(in->velocity_per_s[windows[i]], 0, &ignored);
        mean += v[i];
    }
    mean /= 4;
    for (int i = 0; i < 4; i++)
        squares += (v[i] - mean) * (v[i] - mean);
    int high = 0;
    for (int i = 0; i < 4; i++)
        high += score[agreeing[i]] > 50;
    double sum = 0.5;
    sum += in->count_60s >= 10 ? 0.2 : in->count_60s >= 5 ? 0.1 : 0;
    sum += squares / 4 < 4 ? 0.15 : 0;
    sum += high >= 3 ? 0.15 : high == 2 ? 0.1 : 0;
    return sum < 1 ? sum : 1;
}

MR_HOT void mr_signal_score_with(const struct mr_signal_config *c, const struct mr_signal_input *in,
                                 const struct mr_signal_market *market, struct mr_signal_scores *out)
{
    out->flags = flags_of_input(c, in->flags);
    out->flags |= in->venues & (in->venues - 1) ? MR_SIGNAL_CROSS_VENUE : 0;
    out->rules = 0;
    double velocity_scale = positive_or_1(in->velocity_scale, &out->flags);
    double notional_scale = positive_or_1(in->notional_scale, &out->flags);
    double correlation = finite_or(in->correlation, 0, &out->flags);
    double multiplier = 1;
    if (c->use_volatility && !(in->flags & MR_SIGNAL_IN_NO_VOLATILITY))
        multiplier = positive_or_1(in->multiplier, &out->flags);

    components(c, in, market, velocity_scale, notional_scale, out);
    out->probability_base = probability_base(c, out, correlation, finite_or(in->correlation_shift, 0, &out->flags));
    out->probability = lifted(out->probability_base, multiplier);
    level_by_rules(c, finite_or(in->velocity_per_s[MR_WINDOW_10S], 0, &out->flags),
                   __builtin_fabs(finite_or(in->acceleration, 0, &out->flags)), velocity_scale, out);
    if (mr_unlikely(out->flags & MR_SIGNAL_WARMING)) {
        out->level = MR_LEVEL_NONE;
        out->cause = MR_CAUSE_NONE;
        out->rules = 0;
    }

    components100(in, correlation, out);
    out->score100 = 0;
    for (int i = 0; i < MR_COMPONENT100_COUNT; i++)
        out->score100 += c->weight100[i] * out->component100[i];
    out->confidence = confidence(in, out->component100);
}

void mr_signal_score(const struct mr_signal_config *config, const struct mr_signal_input *in,
                     struct mr_signal_scores *out)
{
    struct mr_signal_market market = {
        .oi_change = in->oi_change_1m,
        .funding = in->funding,
        .has_oi = (in->flags & MR_SIGNAL_IN_OI) != 0,
        .has_funding = (in->flags & MR_SIGNAL_IN_FUNDING) != 0,
    };
    mr_signal_score_with(config, in, &market, out);
}
