#include "tests/engines/reference/score.h"

#include <math.h>

static long double lerp_points(long double x, const long double (*xy)[2], int n)
{
    if (x <= xy[0][0])
        return xy[0][1];
    for (int i = 1; i < n; i++)
        if (x <= xy[i][0])
            return xy[i - 1][1] + (xy[i][1] - xy[i - 1][1]) * (x - xy[i - 1][0]) / (xy[i][0] - xy[i - 1][0]);
    return xy[n - 1][1];
}

static int slow_level(long double p, long double v, long double a, long double k)
{
    if (p > 0.90L || (v >= 100 * k && a >= 40))
        return 4;
    if (p > 0.70L || (v > 50 * k && a > 20))
        return 3;
    if (p > 0.50L || v > 20 * k)
        return 2;
    return p > 0.30L || v > 10 * k;
}

struct score_ref score_ref(const struct mr_signal_input *in)
{
    struct score_ref s = {0};
    long double v = in->velocity_per_s[3], a = fabsl((long double)in->acceleration), c = in->correlation,
                m = in->multiplier;
    long double x[6] = {v / (50 * (long double)in->velocity_scale),
                        a / 20,
                        in->notional_usd_per_s[3] / (50e6L * (long double)in->notional_scale),
                        fabsl((long double)in->oi_change_1m) / 0.05L,
                        fabsl((long double)in->funding) / 0.001L,
                        m / 5};
    static const long double w[6] = {0.25L, 0.20L, 0.20L, 0.15L, 0.10L, 0.10L};
    for (int i = 0; i < 6; i++) {
        s.component[i] = fminl(1, fmaxl(0, x[i]));
        s.base += w[i] * s.component[i];
    }
    if (s.component[1] > 0.8L && s.component[0] > 0.7L)
        s.base *= 1.5L;
    s.base = fminl(s.base, 1);
    if (c > 0.7L + (long double)in->correlation_shift)
        s.base *= 1.2L;
    s.base = fminl(s.base, 1);
    long double odds = s.base / (1 - s.base);
    s.p = s.base == 1 ? 1 : m * odds / (1 + m * odds);
    s.base_level = slow_level(s.base, v, a, in->velocity_scale);
    s.level = slow_level(s.p, v, a, in->velocity_scale);
    s.level = s.level > s.base_level + 1 ? s.base_level + 1 : s.level;

    static const long double vx[][2] = {{0, 0}, {2, 25}, {5, 50}, {10, 75}, {20, 100}},
                             ax[][2] = {{0, 0}, {1, 25}, {3, 50}, {5, 75}, {10, 100}},
                             jx[][2] = {{0, 0}, {0.5L, 25}, {2, 50}, {5, 75}, {10, 100}},
                             nx[][2] = {{0, 0}, {0.1L, 25}, {0.5L, 50}, {1, 75}, {5, 100}};
    long double mix = 0.4L * in->velocity_per_s[0] + 0.4L * in->velocity_per_s[3] + 0.2L * in->velocity_per_s[4];
    if (in->flags & MR_SIGNAL_IN_WEIGHTS) {
        long double sum = 0;
        mix = 0;
        for (int i = 0; i < 5; i++)
            sum += in->window_weight[i];
        for (int i = 0; i < 5; i++)
            mix += in->window_weight[i] / sum * in->velocity_per_s[i];
    }
    s.component100[0] = lerp_points(mix, vx, 5);
    s.component100[1] = lerp_points(in->acceleration, ax, 5);
    s.component100[2] = lerp_points(in->jerk, jx, 5);
    s.component100[3] = lerp_points(in->notional_usd_per_s[4] * 60 / 1e6L, nx, 5);
    if (in->mean_event_usd > 50000)
        s.component100[3] = fminl(100, s.component100[3] * 1.2L);
    s.component100[4] = 100 * fmaxl(0, c);
    s.component100[5] = 100 * (long double)in->clustering;
    static const long double w100[6] = {0.25L, 0.20L, 0.15L, 0.20L, 0.15L, 0.05L};
    for (int i = 0; i < 6; i++)
        s.total += w100[i] * s.component100[i];
    return s;
}
