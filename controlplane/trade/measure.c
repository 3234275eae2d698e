#include "controlplane/trade/measure.h"

#include <math.h>

#include "engines/window/math.h"

void mr_measure_sample(struct mr_measure *m, mr_price mid, uint32_t bar_s)
{
    if (mid <= 0)
        return;
    m->mid[m->sampled++ % MR_MEASURE_SAMPLES] = mid;
    m->high = m->in_bar && m->high > mid ? m->high : mid;
    m->low = m->in_bar && m->low < mid ? m->low : mid;
    m->close = mid;
    if (++m->in_bar < bar_s)
        return;
    int64_t high = m->before > m->high ? m->before : m->high,
            low = m->before && m->before < m->low ? m->before : m->low;
    m->range[m->bars++ % MR_MEASURE_BARS] = high - low; /* the true range reaches to the close before */
    m->before = m->close;
    m->in_bar = 0;
}

int64_t mr_measure_volatility_e8(const struct mr_measure *m)
{
    mr_i128 sum = 0;
    if (m->bars < MR_MEASURE_BARS)
        return -1;
    for (uint32_t i = 0; i < MR_MEASURE_BARS; i++)
        sum += m->range[i];
    mr_price mid = m->mid[(m->sampled - 1) % MR_MEASURE_SAMPLES];
    int64_t e8 = (int64_t)(sum * 100000000 / ((mr_i128)mid * MR_MEASURE_BARS));
    return e8 > 0 ? e8 : 1; /* a market that stands still is calm, not unknown */
}

#define RETURNS 60u

/* The k-th last return. */
static double log_return(const struct mr_measure *m, uint32_t k)
{
    mr_price now = m->mid[(m->sampled - 1 - k) % MR_MEASURE_SAMPLES],
             before = m->mid[(m->sampled - 2 - k) % MR_MEASURE_SAMPLES];
    return mr_log_ratio(now, before);
}

int64_t mr_measure_correlation_e8(const struct mr_measure *a, const struct mr_measure *b)
{
    double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
    if (a->sampled <= RETURNS || b->sampled <= RETURNS)
        return INT64_MIN;
    for (uint32_t k = 0; k < RETURNS; k++) {
        double x = log_return(a, k), y = log_return(b, k);
        sa += x;
        sb += y;
        saa += x * x;
        sbb += y * y;
        sab += x * y;
    }
    double va = saa - sa * sa / RETURNS, vb = sbb - sb * sb / RETURNS;
    if (!(va > 0 && vb > 0))
        return 0;
    double r = (sab - sa * sb / RETURNS) / sqrt(va * vb);
    r = r > 1 ? 1 : r < -1 ? -1 : r;
    return (int64_t)(r * 1e8);
}
