/* Windows, history and bars of the volatility engine: exact where integers allow, fixed order elsewhere. */
#include "engines/volatility/volatility_priv.h"
#include "engines/window/math.h"

void moments_move(struct moments *m, int64_t in, int64_t out)
{
    m->sum += in - out;
    m->square += (mr_i128)in * in - (mr_i128)out * out;
}

/* Population standard deviation. The mean is split into a whole part q and a remainder, so that sum((x - q)^2) is
 * exact. */
double moments_deviation(const struct moments *m, uint64_t n)
{
    if (n < 2)
        return 0;
    mr_i128 q = m->sum / (mr_i128)n, rest = m->sum - q * (mr_i128)n;
    mr_i128 about_q = m->square - q * (m->sum + rest);
    double total = (double)about_q - (double)(rest * rest) / (double)n;
    return total > 0 ? mr_sqrt(total / (double)n) : 0;
}

static int64_t quantised(double percent)
{
    double units = percent / SAMPLE_UNIT;
    return units >= (double)SAMPLE_BOUND
               ? SAMPLE_BOUND
               : (int64_t)(units + 0.5); // NOLINT(bugprone-incorrect-roundings): never negative
}

/* How many of the sorted samples are <= value. */
static uint32_t rank(const struct volatility_state *s, int64_t value)
{
    uint32_t low = 0, high = s->samples;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (s->sorted[middle] <= value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void drop_oldest(struct volatility_state *s)
{
    int64_t value = s->sample[(s->sample_next + SAMPLES - s->samples) % SAMPLES].value;
    uint32_t at = rank(s, value) - 1; /* the last of the equal ones */
    s->samples--;
    memmove(&s->sorted[at], &s->sorted[at + 1], (s->samples - at) * sizeof(s->sorted[0]));
    moments_move(&s->history, 0, value);
}

void history_add(struct volatility_state *s, int64_t time_ns, double percent)
{
    if (s->samples == SAMPLES)
        drop_oldest(s);
    int64_t value = quantised(percent);
    uint32_t at = rank(s, value);
    memmove(&s->sorted[at + 1], &s->sorted[at], (s->samples - at) * sizeof(s->sorted[0]));
    s->sorted[at] = value;
    s->sample[s->sample_next] = (struct sample){time_ns, value};
    s->sample_next = (s->sample_next + 1) % SAMPLES;
    s->samples++;
    moments_move(&s->history, value, 0);
}

void history_expire(struct volatility_state *s, int64_t cutoff_ns)
{
    while (s->samples > 0 && s->sample[(s->sample_next + SAMPLES - s->samples) % SAMPLES].time_ns <= cutoff_ns)
        drop_oldest(s);
}

double history_percentile(const struct volatility_state *s, double percent)
{
    return s->samples < SAMPLES_MIN ? 0 : 100.0 * rank(s, quantised(percent)) / s->samples;
}

double history_z(const struct volatility_state *s, double percent)
{
    double deviation = moments_deviation(&s->history, s->samples);
    if (s->samples < SAMPLES_MIN || deviation == 0)
        return 0;
    double mean = (double)s->history.sum / (double)s->samples;
    return (percent / SAMPLE_UNIT - mean) / deviation;
}

/* Sum of the newest `n` terms, oldest first: the same order each time, nothing carried over. */
static double newest(const double *ring, uint32_t next, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = n; i > 0; i--)
        sum += ring[(next + BARS - i) % BARS];
    return sum;
}

#define LN2 0.69314718055994530942

/* Terms of the variance over one bar: Parkinson ln(H/L)^2 / (4 ln 2), Garman-Klass ln(H/L)^2 / 2 - (2 ln 2 - 1)
 * ln(C/O)^2. The first bar began before we listened, and does not count. */
void bar_closed(struct volatility_state *s)
{
    static const uint32_t bars[MR_VOLATILITY_WINDOWS] = {1, 5, 15, 60};
    if (s->bar.flags & MR_BAR_PARTIAL)
        return;
    double range = mr_log_ratio(s->bar.high, s->bar.low), move = mr_log_ratio(s->bar.close, s->bar.open);
    s->parkinson[s->bar_next] = range * range / (4.0 * LN2);
    s->garman_klass[s->bar_next] = 0.5 * (range * range) - (2.0 * LN2 - 1.0) * (move * move);
    s->bar_next = (s->bar_next + 1) % BARS;
    s->bars += s->bars < BARS;
    for (uint32_t i = 0; i < MR_VOLATILITY_WINDOWS; i++) {
        if (s->bars < bars[i])
            continue;
        s->parkinson_vol[i] = 100.0 * mr_sqrt(newest(s->parkinson, s->bar_next, bars[i]));
        s->garman_klass_vol[i] = 100.0 * mr_sqrt(newest(s->garman_klass, s->bar_next, bars[i]));
    }
}
