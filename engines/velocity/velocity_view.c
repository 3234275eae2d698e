/* What others see of a stream. */
#include "engines/velocity/velocity_priv.h"

#define MICRO 1e6

/* micro-USD in a window to USD/s: micro / 1e6 / (ms / 1e3). One rounding each way. */
static double usd_per_s(double micro, uint32_t window_ms) { return micro / (1000.0 * window_ms); }

static void view_window(const struct mr_window *window, uint32_t i, uint32_t window_ms, struct mr_velocity_rate *out)
{
    struct mr_window_sum sum;
    mr_window_query(window, i, &sum);
    int64_t micro = sum.long_micro + sum.short_micro;
    *out = (struct mr_velocity_rate){
        .count = sum.count,
        .per_s = (double)(sum.count * 1000) / window_ms,
        .usd_per_s = usd_per_s((double)micro, window_ms),
        .long_micro = sum.long_micro,
        .short_micro = sum.short_micro,
        .largest_micro = sum.largest_micro,
        .mean_usd = sum.count ? (double)micro / (MICRO * (double)sum.count) : 0,
        .flags = sum.flags,
        .window_ms = window_ms,
    };
}

/* `unit`: what one step of the integer series means per second of rate: 1 / W, or that in USD. */
static struct mr_velocity_slope view_slope(const struct slope *slope, double unit_divisor)
{
    uint32_t last = (slope->at + SLOPE_POINTS - 1) % SLOPE_POINTS;
    uint32_t before = (slope->at + SLOPE_POINTS - 2) % SLOPE_POINTS;
    return (struct mr_velocity_slope){
        .acceleration = (double)slope->y_slope / (133.0 * unit_divisor),
        .acceleration_plain = (double)(10 * ((mr_i128)slope->y[last] - slope->y[before])) / unit_divisor,
        .jerk = (double)slope->slope_slope / (133.0 * 133.0 * unit_divisor),
        .jerk_plain = (double)(10 * (slope->slope[last] - slope->slope[before])) / (133.0 * unit_divisor),
    };
}

static uint32_t view_flags(const struct mr_velocity *v, const struct stream *stream, const struct mr_velocity_view *out)
{
    uint32_t flags = 0;
    for (uint32_t i = 0; i < out->windows; i++)
        flags |= out->window[i].flags ? MR_VELOCITY_OVERFLOW : 0u;
    int64_t batch = mr_peak_after(&stream->batch, v->now_ns - RECENT_NS);
    if (batch >= 2 && (uint64_t)batch * 2 >= mr_window_count(stream->window, v->own[OWN_RECENT]))
        flags |= MR_VELOCITY_BATCHED;
    if (stream->saturated)
        flags |= MR_VELOCITY_SATURATED;
    if (out->count_60s < SPARSE_COUNT)
        flags |= MR_VELOCITY_SPARSE;
    if (v->now_ns - v->start_ns < v->longest_ns + (int64_t)SETTLED_POINTS * MR_TICK_NS)
        flags |= MR_VELOCITY_WARMING;
    if (stream->caution_ns != INT64_MIN && stream->caution_ns > v->now_ns - MINUTE_NS)
        flags |= MR_VELOCITY_ESTIMATED;
    return flags;
}

/* Fills `out`, all zero before. */
static bool view(struct mr_velocity *v, uint32_t id, struct mr_velocity_view *out)
{
    struct stream *stream = &v->stream[id];
    out->engine_ns = v->now_ns;
    out->grid_ns = v->grid_ns;
    out->last_event_ns = stream->last_ns;
    out->windows = v->windows;
    if (!stream->used)
        return false;
    mr_window_advance(stream->window, v->now_ns);
    for (uint32_t i = 0; i < v->windows; i++)
        view_window(stream->window, i, v->config.windows_ms[i], &out->window[i]);
    uint32_t slope = v->own[OWN_SLOPE], minute = v->own[OWN_MINUTE];
    out->events = view_slope(&stream->count, v->config.slope_ms / 1000.0);
    out->usd = view_slope(&stream->micro, v->config.slope_ms * 1000.0);
    out->slope_per_s = (double)(mr_window_count(stream->window, slope) * 1000) / v->config.slope_ms;
    out->slope_usd_per_s = usd_per_s((double)mr_window_micro(stream->window, slope), v->config.slope_ms);
    out->count_60s = mr_window_count(stream->window, minute);
    out->micro_60s = mr_window_micro(stream->window, minute);
    out->clustering = stream->clustering;
    out->flags = view_flags(v, stream, out);
    return true;
}

bool mr_velocity_instrument(struct mr_velocity *v, uint32_t instrument, struct mr_velocity_view *out)
{
    *out = (struct mr_velocity_view){0};
    return instrument < v->config.instruments && view(v, instrument, out);
}

bool mr_velocity_underlying(struct mr_velocity *v, uint32_t underlying, struct mr_velocity_view *out)
{
    *out = (struct mr_velocity_view){0};
    if (underlying >= v->config.underlyings || !view(v, underlying_stream(v, underlying), out))
        return false;
    const struct underlying *u = &v->underlying[underlying];
    out->correlation = u->correlation;
    out->pairs = u->pairs;
    out->venues_60s = u->venues;
    out->leading_venue = u->leading_venue;
    out->leading_lag_s = u->leading_lag;
    out->flags |= (u->constant ? MR_VELOCITY_CONSTANT : 0u) | (u->venues_full ? MR_VELOCITY_VENUES_FULL : 0u);
    return true;
}

bool mr_velocity_venue(struct mr_velocity *v, uint32_t underlying, uint8_t venue, struct mr_velocity_view *out)
{
    *out = (struct mr_velocity_view){0};
    if (underlying >= v->config.underlyings)
        return false;
    const struct underlying *u = &v->underlying[underlying];
    for (uint32_t i = 0; i < u->parts; i++)
        if (u->part[i].venue == venue)
            return view(v, u->part[i].stream, out);
    return false;
}

const struct mr_velocity_metrics *mr_velocity_counts(const struct mr_velocity *v) { return v->metrics; }
