#include "tests/engines/reference/volatility.h"

#include <math.h>

#include "tests/support/support.h"

#define SEC 1000000000ll

struct volatility_ref volatility_ref;

void volatility_ref_open(int64_t start_ns, int64_t stale_s)
{
    memset(&volatility_ref, 0, sizeof volatility_ref);
    volatility_ref.start_ns = start_ns;
    volatility_ref.stale_s = stale_s;
    volatility_ref.first = -1;
}

void volatility_ref_trade(int64_t at, int64_t price)
{
    struct minute *b = &volatility_ref.minute[(at - volatility_ref.start_ns) / (60 * SEC)];
    if (b->low == 0)
        *b = (struct minute){price, price, price, price};
    b->high = price > b->high ? price : b->high;
    b->low = price < b->low ? price : b->low;
    b->close = volatility_ref.last = price;
    volatility_ref.last_ns = at;
}

static void sample_price(int i, int64_t price, int64_t traded)
{
    volatility_ref.price[i] = price;
    volatility_ref.traded[i] = traded;
    volatility_ref.has[i] = i > 0 && volatility_ref.price[i - 1] > 0 && price > 0;
    if (volatility_ref.has[i])
        volatility_ref.ret[i] =
            log1pl((long double)(price - volatility_ref.price[i - 1]) / (long double)volatility_ref.price[i - 1]);
    if (price > 0 && volatility_ref.first < 0)
        volatility_ref.first = i;
}

/* standard deviation of the returns of the last `w` seconds (those there are) times sqrt(w), in percent */
static double vol_of(int i, int w)
{
    long double sum = 0, square = 0;
    int n = 0;
    for (int k = i; k > i - w && k > 0 && volatility_ref.has[k]; k--, n++)
        sum += volatility_ref.ret[k];
    for (int k = i; k > i - n; k--)
        square += (volatility_ref.ret[k] - sum / n) * (volatility_ref.ret[k] - sum / n);
    return n < 2 ? 0 : (double)(sqrtl(square / n) * sqrtl(w) * 100);
}

static int returns(int i) { return volatility_ref.first < 0 ? 0 : i - volatility_ref.first; }

static bool stale(int i)
{
    return volatility_ref.start_ns + i * SEC - volatility_ref.traded[i] > volatility_ref.stale_s * SEC;
}

static const double lower[] = {0, 0.5, 1, 2, 3, 5};

static unsigned classify(double vol)
{
    return vol < 0.5 ? 0 : vol < 1 ? 1 : vol < 2 ? 2 : vol < 3 ? 3 : vol < 5 ? 4 : 5;
}

static void step_regime(int i, double vol)
{
    unsigned to = volatility_ref.regime;
    if (!volatility_ref.known || classify(vol) > volatility_ref.regime)
        to = classify(vol);
    else if (i - volatility_ref.regime_at >= 30)
        while (to > classify(vol) && vol < 0.9 * lower[to])
            to--;
    if (to != volatility_ref.regime) {
        volatility_ref.regime_before = volatility_ref.regime;
        volatility_ref.regime = to;
        volatility_ref.regime_at = i;
        volatility_ref.changes++;
    } else if (!volatility_ref.known) {
        volatility_ref.regime_at = i;
    }
    volatility_ref.known = true;
}

static void evaluate(int i)
{
    if (returns(i) < 300 || stale(i))
        return;
    double vol = vol_of(i, 300);
    if (i % 60 == 0) {
        volatility_ref.sample[volatility_ref.samples] = vol;
        volatility_ref.sample_at[volatility_ref.samples++] = i;
    }
    step_regime(i, vol);
}

static int history(int i, double vol, double *percentile, double *z)
{
    int n = 0, below = 0;
    long double sum = 0, square = 0;
    for (int k = 0; k < volatility_ref.samples; k++) {
        if (volatility_ref.sample_at[k] <= i - 86400)
            continue;
        n++;
        below += volatility_ref.sample[k] <= vol * (1 + 1e-13);
        sum += volatility_ref.sample[k];
    }
    for (int k = 0; k < volatility_ref.samples; k++)
        if (volatility_ref.sample_at[k] > i - 86400)
            square += (volatility_ref.sample[k] - sum / n) * (volatility_ref.sample[k] - sum / n);
    *percentile = *z = 0;
    if (n >= 60) {
        *percentile = 100.0 * below / n;
        *z = square > 0 ? (double)((vol - sum / n) / sqrtl(square / n)) : 0;
    }
    return n;
}

void volatility_ref_second(int i)
{
    sample_price(i, volatility_ref.last, volatility_ref.last_ns);
    evaluate(i);
}

static void near(double got, double want, double slack, const char *what, int i)
{
    if (!(fabs(got - want) <= 1e-12 * fabs(want) + slack))
        fail_msg("%s at second %d: %.17g, by definition %.17g", what, i, got, want);
}

static void check_bars(const struct mr_volatility_view *got, int i)
{
    static const int bars[] = {1, 5, 15, 60};
    int first = volatility_ref.first / 60 + 1, end = i / 60; /* whole minutes [first, end) */
    if (volatility_ref.first % 60 == 0 && volatility_ref.first > 0)
        first = volatility_ref.first / 60; /* its trade fell in the minute before or at its end: see the walk */
    for (int w = 0; w < 4; w++) {
        long double p = 0, g = 0;
        for (int m = end - bars[w]; m < end && m >= 0; m++) {
            const struct minute *b = &volatility_ref.minute[m];
            long double range = b->low ? logl((long double)b->high / b->low) : 0,
                        move = b->open ? logl((long double)b->close / b->open) : 0;
            p += range * range / (4 * logl(2));
            g += range * range / 2 - (2 * logl(2) - 1) * move * move;
        }
        bool full = end - first >= bars[w];
        near(got->parkinson[w], full ? (double)sqrtl(p) * 100 : 0, 1e-13, "Parkinson", i);
        near(got->garman_klass[w], full ? (double)sqrtl(g) * 100 : 0, 1e-13, "Garman-Klass", i);
    }
}

void volatility_ref_look(int i, struct volatility_ref_view *out)
{
    static const int window[] = {60, 300, 900, 3600};
    *out = (struct volatility_ref_view){.warm = returns(i) >= 300, .multiplier = 1};
    double *vol = out->vol;
    for (int w = 0; w < 4; w++)
        vol[w] = vol_of(i, window[w]);
    out->samples = history(i, vol[1], &out->percentile, &out->z);
    if (!out->warm) {
        out->percentile = out->z = 0;
        return;
    }
    out->acceleration = vol[1] == 0 ? 0 : (vol[0] - vol[1]) / vol[1];
    double mean = (vol[0] + vol[1] + vol[2]) / 3;
    if (returns(i) >= 900 && mean > 0)
        out->dispersion = sqrt(((vol[0] - mean) * (vol[0] - mean) + (vol[1] - mean) * (vol[1] - mean) +
                                (vol[2] - mean) * (vol[2] - mean)) /
                               3) /
                          mean;
    out->multiplier = mr_regime_multiplier((enum mr_regime)volatility_ref.regime, out->acceleration, out->percentile,
                                           out->dispersion, out->z);
}

void volatility_check(const struct mr_volatility *v, int i)
{
    static const int window[] = {60, 300, 900, 3600};
    struct mr_volatility_view got;
    struct volatility_ref_view want;
    volatility_ref_look(i, &want);
    mr_volatility_query(v, &got);
    assert_int_equal(got.engine_ns, volatility_ref.start_ns + i * SEC);
    for (int w = 0; w < 4; w++) {
        near(got.vol[w], want.vol[w], 1e-13, "volatility", i);
        near(got.annualised[w], want.vol[w] * sqrt(365.0 * 86400 / window[w]), 1e-11, "annualised", i);
        assert_int_equal(got.warm >> w & 1, returns(i) >= window[w]);
    }
    check_bars(&got, i);
    assert_int_equal(got.samples, want.samples);
    assert_int_equal(!!(got.flags & MR_VOLATILITY_WARMING), !want.warm);
    assert_int_equal(!!(got.flags & MR_VOLATILITY_NO_HISTORY), want.samples < 60);
    assert_int_equal(!!(got.flags & MR_VOLATILITY_STALE), volatility_ref.first >= 0 && stale(i));
    assert_int_equal(got.regime, volatility_ref.regime);
    assert_int_equal(got.regime_before, volatility_ref.regime_before);
    assert_int_equal(got.regime_changes, volatility_ref.changes);
    if (!want.warm) {
        assert_true(got.multiplier == 1 && got.percentile == 0 && got.z == 0 && got.acceleration == 0);
        return;
    }
    assert_int_equal(got.regime_ns, volatility_ref.start_ns + volatility_ref.regime_at * SEC);
    near(got.acceleration, want.acceleration, 1e-11, "acceleration", i);
    near(got.dispersion, want.dispersion, 1e-11, "dispersion", i);
    near(got.percentile, want.percentile, 0, "percentile", i);
    near(got.z, want.z, 1e-10, "z", i);
    near(got.multiplier, want.multiplier, 1e-10, "multiplier", i);
}
