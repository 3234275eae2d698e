/* Regimes and what follows from them: E-12 .. E-14, tables. */
#include "engines/volatility/volatility.h"

static const struct {
    const char *name;
    double from; /* percent per 5 minutes; belongs to this one */
    double base;
    struct mr_regime_adjust adjust;
} regimes[MR_REGIME_COUNT] = {
    /* clang-format off */
    [MR_REGIME_DORMANT]  = {"DORMANT",  0.0, 1.0, {0.5, 0.7, -0.1, {0.7, 0.9, 1.0, 1.2, 1.3}, true}},
    [MR_REGIME_LOW]      = {"LOW",      0.5, 1.2, {1.0, 1.0,  0.0, {1.0, 1.0, 1.0, 1.0, 1.0}, false}},
    [MR_REGIME_NORMAL]   = {"NORMAL",   1.0, 1.5, {1.0, 1.0,  0.0, {1.0, 1.0, 1.0, 1.0, 1.0}, false}},
    [MR_REGIME_ELEVATED] = {"ELEVATED", 2.0, 2.0, {1.0, 1.0,  0.0, {1.0, 1.0, 1.0, 1.0, 1.0}, false}},
    [MR_REGIME_HIGH]     = {"HIGH",     3.0, 3.0, {1.5, 1.2,  0.0, {1.0, 1.0, 1.0, 1.0, 1.0}, false}},
    [MR_REGIME_EXTREME]  = {"EXTREME",  5.0, 5.0, {2.0, 1.5,  0.1, {1.5, 1.3, 1.0, 0.8, 0.6}, true}},
    /* clang-format on */
};

#define MULTIPLIER_MAX 10.0

const char *mr_regime_name(unsigned regime) { return regime < MR_REGIME_COUNT ? regimes[regime].name : "?"; }

double mr_regime_from(enum mr_regime regime) { return regimes[regime].from; }

enum mr_regime mr_regime_of(double vol_5m_percent)
{
    unsigned regime = MR_REGIME_DORMANT;
    while (regime + 1 < MR_REGIME_COUNT && vol_5m_percent >= regimes[regime + 1].from)
        regime++;
    return (enum mr_regime)regime;
}

static double finite_or_zero(double x) { return x - x == 0 ? x : 0; }

double mr_regime_multiplier(enum mr_regime regime, double acceleration, double percentile, double dispersion, double z)
{
    double a = finite_or_zero(acceleration), p = finite_or_zero(percentile), size = finite_or_zero(z);
    size = size < 0 ? -size : size;
    double m = regimes[regime].base;
    if (a > 0)
        m *= 1.0 + 10.0 * a;
    m *= p > 95 ? 1.5 : p > 90 ? 1.2 : 1.0;
    m *= finite_or_zero(dispersion) > 0.5 ? 1.3 : 1.0;
    m *= size > 3 ? 2.0 : size > 2 ? 1.5 : 1.0;
    return m < MULTIPLIER_MAX ? m : MULTIPLIER_MAX;
}

const struct mr_regime_adjust *mr_regime_adjust(enum mr_regime regime)
{
    MR_ASSERT((unsigned)regime < MR_REGIME_COUNT);
    return &regimes[regime].adjust;
}
