#include "tests/engines/reference/velocity_check.h"

#include <math.h>

#include "tests/support/support.h"

#define MS 1000000ll
#define SEC 1000000000ll

static void near(double got, long double want, long double scale, const char *what)
{
    if (fabsl((long double)got - want) > 1e-12L * fabsl(want) + 1e-16L * scale)
        fail_msg("%s: %.17g, by definition %.17Lg", what, got, want);
}

static void check_slope(const struct reference *r, const struct mr_velocity_slope *got, int64_t grid_ns, int64_t width,
                        bool micro)
{
    struct reference_slope want = reference_slopes(r, grid_ns, width, micro);
    near(got->acceleration, want.acceleration, want.scale, "acceleration");
    near(got->acceleration_plain, want.plain, want.scale, "plain acceleration");
    near(got->jerk, want.jerk, want.scale, "jerk");
    near(got->jerk_plain, want.jerk_plain, want.scale * 10, "plain jerk");
}

static uint64_t check_windows(const struct reference *r, const struct mr_velocity_view *got, const uint32_t *ms)
{
    uint64_t coarse = 0;
    for (uint32_t i = 0; i < got->windows; i++) {
        const struct mr_velocity_rate *w = &got->window[i];
        struct mr_window_sum want;
        reference_window(r, got->engine_ns, ms[i] * MS, &want);
        assert_int_equal(w->window_ms, ms[i]);
        if (w->flags & MR_WINDOW_COARSE) {
            struct mr_window_sum wider;
            reference_window(r, got->engine_ns, (ms[i] + 100) * MS, &wider);
            assert_in_range(w->count, want.count, wider.count);
            coarse++;
            continue;
        }
        assert_int_equal(w->count, want.count);
        assert_int_equal(w->long_micro, want.long_micro);
        assert_int_equal(w->short_micro, want.short_micro);
        if (w->flags & MR_WINDOW_PEAK_BOUND)
            assert_true(w->largest_micro >= want.largest_micro);
        else
            assert_int_equal(w->largest_micro, want.largest_micro);
        long double usd = (long double)(want.long_micro + want.short_micro) / 1000000;
        near(w->per_s, (long double)want.count * 1000 / ms[i], 0, "rate");
        near(w->usd_per_s, usd * 1000 / ms[i], 0, "USD/s");
        near(w->mean_usd, want.count ? usd / (long double)want.count : 0, 0, "mean");
    }
    return coarse;
}

uint64_t velocity_check_stream(struct reference *r, struct which which, const struct mr_velocity_view *got,
                               const struct mr_velocity_config *config)
{
    reference_choose(r, which);
    uint64_t coarse = check_windows(r, got, config->windows_ms);
    int64_t slope_ns = config->slope_ms * MS;
    check_slope(r, &got->events, got->grid_ns, slope_ns, false);
    check_slope(r, &got->usd, got->grid_ns, slope_ns, true);
    near(got->clustering, reference_clustering(r, got->grid_ns), 0, "clustering");
    assert_int_equal(got->last_event_ns, r->n ? r->times[r->n - 1] : INT64_MIN);
    if (got->flags & MR_VELOCITY_OVERFLOW)
        return coarse;
    uint64_t recent = reference_events(r, got->engine_ns, 10 * SEC),
             batch = reference_largest_batch(r, got->engine_ns, 10 * SEC);
    assert_int_equal(got->count_60s, reference_events(r, got->engine_ns, 60 * SEC));
    assert_int_equal(got->micro_60s, reference_micro(r, got->engine_ns, 60 * SEC));
    assert_int_equal(!!(got->flags & MR_VELOCITY_BATCHED), batch >= 2 && batch * 2 >= recent);
    assert_int_equal(!!(got->flags & MR_VELOCITY_SPARSE), got->count_60s < 5);
    near(got->slope_per_s, (long double)reference_events(r, got->engine_ns, slope_ns) * 1000 / config->slope_ms, 0,
         "10 s rate");
    return coarse;
}

void velocity_check_cross(struct reference *r, uint32_t underlying, const struct mr_velocity_view *got)
{
    struct reference_cross want = reference_correlate(r, underlying, got->grid_ns);
    assert_int_equal(got->venues_60s, want.venues);
    assert_int_equal(got->pairs, want.pairs);
    near(got->correlation, want.correlation, 1, "correlation");
    assert_int_equal(got->leading_venue, want.leader);
    assert_int_equal(got->leading_lag_s, want.lag);
    assert_int_equal(!!(got->flags & MR_VELOCITY_CONSTANT), want.constant);
}
