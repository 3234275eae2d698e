/* From what the velocity and volatility engines show to what the signal engine reads. */
#include <math.h>

#include "engines/signal/signal.h"
#include "engines/velocity/velocity.h"
#include "engines/volatility/volatility.h"

static const struct mr_velocity_rate *window_of(const struct mr_velocity_view *view, uint32_t ms)
{
    for (uint32_t i = 0; i < view->windows; i++)
        if (view->window[i].window_ms == ms)
            return &view->window[i];
    return NULL;
}

static void fill_windows(struct mr_signal_input *in, const struct mr_velocity_view *view)
{
    static const uint32_t ms[MR_SIGNAL_WINDOWS] = {100, 500, 2000, 10000, 60000};
    for (int i = 0; i < MR_SIGNAL_WINDOWS; i++) {
        const struct mr_velocity_rate *w = window_of(view, ms[i]);
        in->velocity_per_s[i] = w ? w->per_s : NAN; /* a missing value counts as 0 and is flagged */
        in->notional_usd_per_s[i] = w ? w->usd_per_s : NAN;
    }
    if (!window_of(view, 60000)) { /* kept by the velocity engine whatever its windows are */
        in->velocity_per_s[MR_WINDOW_60S] = (double)view->count_60s / 60;
        in->notional_usd_per_s[MR_WINDOW_60S] = (double)view->micro_60s / 60e6;
    }
}

static void fill_velocity(struct mr_signal_input *in, const struct mr_velocity_view *view)
{
    if (view->windows) /* 0: nothing was ever counted there */
        fill_windows(in, view);
    in->acceleration = view->events.acceleration;
    in->jerk = view->events.jerk;
    in->count_60s = view->count_60s;
    in->mean_event_usd = view->count_60s ? (double)view->micro_60s / 1e6 / (double)view->count_60s : 0;
    in->clustering = view->clustering;
    in->correlation = view->correlation;
    in->leading_venue = view->leading_venue;
    in->venues = view->venues_60s;
    if (view->pairs && !(view->flags & MR_VELOCITY_CONSTANT))
        in->flags &= ~(uint32_t)MR_SIGNAL_IN_NO_CORRELATION;
    in->flags |= view->flags & MR_VELOCITY_WARMING ? MR_SIGNAL_IN_WARMING : 0;
    in->flags |= view->flags & MR_VELOCITY_SATURATED ? MR_SIGNAL_IN_SATURATED : 0;
    in->flags |= view->flags & MR_VELOCITY_BATCHED ? MR_SIGNAL_IN_BATCHED : 0;
    in->flags |= view->flags & MR_VELOCITY_OVERFLOW ? MR_SIGNAL_IN_WINDOW_FULL : 0;
}

/* Scale 8, as everywhere in signals; 0 where it does not fit. */
static int64_t price_at_8(int64_t price, int scale)
{
    int64_t at_8;
    if (scale > 8 && scale <= MR_SCALE_MAX)
        return price / mr_pow10[scale - 8];
    struct mr_decimal exact = {price, (int8_t)-scale};
    return mr_decimal_rescale(exact, 8, &at_8) == MR_OK ? at_8 : 0;
}

static void fill_volatility(struct mr_signal_input *in, const struct mr_volatility_view *view)
{
    const struct mr_regime_adjust *adjust = mr_regime_adjust(view->regime);
    in->regime = view->regime;
    in->multiplier = view->multiplier;
    in->vol_5m = view->vol[MR_VOLATILITY_5M];
    in->btc_price = price_at_8(view->price, view->price_scale);
    in->flags |= view->flags & MR_VOLATILITY_WARMING ? MR_SIGNAL_IN_WARMING : 0;
    if (view->flags & MR_VOLATILITY_WARMING) /* no regime yet, so none of its thresholds */
        return;
    in->velocity_scale = adjust->velocity;
    in->notional_scale = adjust->volume;
    in->correlation_shift = adjust->correlation;
    if (adjust->weighted) {
        in->flags |= MR_SIGNAL_IN_WEIGHTS;
        for (int i = 0; i < MR_SIGNAL_WINDOWS; i++)
            in->window_weight[i] = adjust->weight[i];
    }
}

void mr_signal_input_fill(struct mr_signal_input *in, uint16_t underlying, const char *name, int64_t engine_ns,
                          const struct mr_velocity_view *velocity, const struct mr_volatility_view *volatility)
{
    mr_signal_input_default(in, underlying, name, engine_ns);
    if (velocity)
        fill_velocity(in, velocity);
    if (volatility)
        fill_volatility(in, volatility);
    else
        in->flags |= MR_SIGNAL_IN_NO_VOLATILITY;
}
