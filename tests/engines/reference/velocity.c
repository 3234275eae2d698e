#include "tests/engines/reference/velocity.h"

#include <math.h>
#include <stdlib.h>

#define STEP 100000000ll
#define SECOND 1000000000ll

void reference_open(struct reference *r, uint32_t capacity)
{
    *r = (struct reference){.capacity = capacity};
    r->facts = malloc(capacity * sizeof(*r->facts));
    r->times = malloc(capacity * sizeof(*r->times));
    r->micros = malloc((capacity + 1) * sizeof(*r->micros));
    r->index = malloc(capacity * sizeof(*r->index));
}

void reference_close(struct reference *r)
{
    free(r->facts);
    free(r->times);
    free(r->micros);
    free(r->index);
}

void reference_add(struct reference *r, const struct fact *fact)
{
    MR_ASSERT(r->count < r->capacity);
    r->facts[r->count++] = *fact;
}

void reference_choose(struct reference *r, struct which which)
{
    r->n = 0;
    r->micros[0] = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        const struct fact *f = &r->facts[i];
        if ((which.instrument != UINT32_MAX && f->instrument != which.instrument) ||
            (which.underlying != UINT32_MAX && f->underlying != which.underlying) ||
            (which.venue && f->venue != which.venue))
            continue;
        r->index[r->n] = i;
        r->times[r->n] = f->time_ns;
        r->micros[r->n + 1] = r->micros[r->n] + f->micro;
        r->n++;
    }
}

/* how many of the chosen have time <= t */
static uint32_t until(const struct reference *r, int64_t t)
{
    uint32_t low = 0, high = r->n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (r->times[middle] <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t reference_events(const struct reference *r, int64_t t, int64_t width_ns)
{
    return until(r, t) - until(r, t - width_ns);
}

int64_t reference_micro(const struct reference *r, int64_t t, int64_t width_ns)
{
    return r->micros[until(r, t)] - r->micros[until(r, t - width_ns)];
}

void reference_window(const struct reference *r, int64_t t, int64_t width_ns, struct mr_window_sum *out)
{
    *out = (struct mr_window_sum){0};
    for (uint32_t i = until(r, t - width_ns); i < until(r, t); i++) {
        const struct fact *f = &r->facts[r->index[i]];
        out->count++;
        *(f->is_short ? &out->short_micro : &out->long_micro) += f->micro;
        out->largest_micro = f->micro > out->largest_micro ? f->micro : out->largest_micro;
    }
}

/* slope of y against its times, which are 0.1 s apart */
static long double least_squares(const long double *y)
{
    long double mean_x = 0, mean_y = 0, xy = 0, xx = 0;
    for (int i = 0; i < 20; i++) {
        mean_x += i * 0.1L / 20;
        mean_y += y[i] / 20;
    }
    for (int i = 0; i < 20; i++) {
        xy += (i * 0.1L - mean_x) * (y[i] - mean_y);
        xx += (i * 0.1L - mean_x) * (i * 0.1L - mean_x);
    }
    return xy / xx;
}

static long double rate(const struct reference *r, int64_t t, int64_t width_ns, bool of_micro)
{
    long double seconds = (long double)width_ns / SECOND;
    return of_micro ? (long double)reference_micro(r, t, width_ns) / 1000000 / seconds
                    : (long double)reference_events(r, t, width_ns) / seconds;
}

static long double acceleration(const struct reference *r, int64_t grid_ns, int64_t width_ns, bool of_micro,
                                long double *scale)
{
    long double y[20];
    for (int i = 0; i < 20; i++) {
        y[i] = rate(r, grid_ns - (19 - i) * STEP, width_ns, of_micro);
        *scale += fabsl(y[i]);
    }
    return least_squares(y);
}

struct reference_slope reference_slopes(const struct reference *r, int64_t grid_ns, int64_t width_ns, bool of_micro)
{
    struct reference_slope out = {0};
    long double a[20];
    for (int i = 0; i < 20; i++)
        a[i] = acceleration(r, grid_ns - (19 - i) * STEP, width_ns, of_micro, &out.scale);
    out.acceleration = a[19];
    out.plain = (rate(r, grid_ns, width_ns, of_micro) - rate(r, grid_ns - STEP, width_ns, of_micro)) * 10;
    out.jerk = least_squares(a);
    out.jerk_plain = (a[19] - a[18]) * 10;
    return out;
}

double reference_clustering(const struct reference *r, int64_t grid_ns)
{
    uint64_t all = reference_events(r, grid_ns, 60 * SECOND), busiest = 0;
    for (int64_t end = grid_ns - 55 * SECOND; end <= grid_ns; end += STEP) {
        uint64_t some = reference_events(r, end, 5 * SECOND);
        busiest = some > busiest ? some : busiest;
    }
    return all < 5 ? 0 : (double)busiest / (double)all;
}

uint64_t reference_largest_batch(const struct reference *r, int64_t t, int64_t width_ns)
{
    uint64_t largest = 0, run = 0;
    for (uint32_t i = until(r, t - width_ns); i < until(r, t); i++) {
        run = run > 0 && r->times[i] == r->times[i - 1] ? run + 1 : 1;
        largest = run > largest ? run : largest;
    }
    return largest;
}

/* textbook Pearson of x[i] and y[i + lag] inside 60 values */
static double pearson(const uint64_t *x, const uint64_t *y, int lag, bool *constant)
{
    int n = 60 - lag;
    long double mx = 0, my = 0, xy = 0, xx = 0, yy = 0;
    for (int i = 0; i < n; i++) {
        mx += (long double)x[i] / n;
        my += (long double)y[i + lag] / n;
    }
    for (int i = 0; i < n; i++) {
        xy += ((long double)x[i] - mx) * ((long double)y[i + lag] - my);
        xx += ((long double)x[i] - mx) * ((long double)x[i] - mx);
        yy += ((long double)y[i + lag] - my) * ((long double)y[i + lag] - my);
    }
    *constant = xx < 1e-12L || yy < 1e-12L;
    return *constant ? 0 : (double)(xy / sqrtl(xx * yy));
}

#define VENUES 16
/* correlations tie when they are equal in whole billionths */
struct claim {
    long long correlation;
    int64_t micro;
    int venue, lag;
};

static bool more(const struct claim *a, const struct claim *b)
{
    if (a->correlation != b->correlation)
        return a->correlation > b->correlation;
    if (a->micro != b->micro)
        return a->micro > b->micro;
    return a->venue != b->venue ? a->venue < b->venue : a->lag < b->lag;
}

struct reference_cross reference_correlate(struct reference *r, uint32_t underlying, int64_t grid_ns)
{
    static uint64_t counts[VENUES][60];
    int64_t micro[VENUES], second = grid_ns - (grid_ns % SECOND + SECOND) % SECOND;
    struct reference_cross out = {0};
    struct claim lead = {0}, largest = {0};
    double sum = 0;
    for (uint8_t venue = 1; venue < VENUES; venue++) {
        reference_choose(r, (struct which){UINT32_MAX, underlying, venue});
        micro[venue] = reference_micro(r, second, 60 * SECOND);
        for (int i = 0; i < 60; i++)
            counts[venue][i] = reference_events(r, second - (59 - i) * SECOND, SECOND);
        if (reference_events(r, second, 60 * SECOND) == 0)
            continue;
        out.venues |= 1u << venue;
        struct claim own = {0, micro[venue], venue, 0};
        if (largest.venue == 0 || more(&own, &largest))
            largest = own;
    }
    for (int a = 1; a < VENUES; a++)
        for (int b = a + 1; b < VENUES; b++) {
            if (!(out.venues >> a & 1) || !(out.venues >> b & 1))
                continue;
            bool constant, ignored;
            double together = pearson(counts[a], counts[b], 0, &constant);
            struct claim best = {.correlation = llround(together * 1e9)};
            out.constant |= constant;
            out.pairs++;
            sum += together;
            for (int lag = 1; lag <= 5; lag++) {
                struct claim ab = {llround(pearson(counts[a], counts[b], lag, &ignored) * 1e9), micro[a], a, lag};
                struct claim ba = {llround(pearson(counts[b], counts[a], lag, &ignored) * 1e9), micro[b], b, lag};
                struct claim way = more(&ab, &ba) ? ab : ba;
                if (way.correlation > best.correlation)
                    best = way;
            }
            if (best.lag && best.correlation > 0 && (!lead.lag || more(&best, &lead)))
                lead = best;
        }
    out.correlation = out.pairs ? sum / out.pairs : 0;
    out.leader = (uint8_t)(lead.lag ? lead.venue : largest.venue);
    out.lag = lead.lag;
    return out;
}
