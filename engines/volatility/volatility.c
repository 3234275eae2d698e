#include "engines/volatility/volatility.h"

#include "engines/volatility/volatility_priv.h"
#include "engines/window/grid.h"
#include "engines/window/math.h"

const uint32_t mr_volatility_window_s[MR_VOLATILITY_WINDOWS] = {60, 300, 900, 3600};

#define YEAR_S (365.0 * 86400.0)

static double volatility(const struct volatility_state *s, uint32_t i)
{
    uint64_t window_s = mr_volatility_window_s[i], n = s->returns < window_s ? s->returns : window_s;
    return moments_deviation(&s->window[i], n) * RETURN_UNIT * 100.0 * mr_sqrt((double)window_s);
}

/* One more return; each window lets go the one that is as old as it is long. */
static void push_return(struct volatility_state *s, int64_t value)
{
    for (uint32_t i = 0; i < MR_VOLATILITY_WINDOWS; i++) {
        uint64_t width = mr_volatility_window_s[i];
        int64_t old = s->returns >= width ? s->ret[(s->returns - width) % RETURNS] : 0;
        moments_move(&s->window[i], value, old);
    }
    s->ret[s->returns % RETURNS] = value;
    s->returns++;
    s->zeros = value == 0 ? s->zeros + 1 : 0;
}

static void update_ewma(struct volatility_state *s, double r)
{
    s->ewma = s->returns == 0 ? r * r : s->lambda * s->ewma + (1.0 - s->lambda) * (r * r);
    if (s->ewma < EWMA_FLOOR)
        s->ewma = 0;
}

static void sample_price(struct volatility_state *s, int64_t second_ns)
{
    if (mr_likely(s->sampled > 0)) {
        double units = mr_log_ratio(s->price, s->sampled) / RETURN_UNIT;
        int64_t value = (int64_t)(units + (units < 0 ? -0.5 : 0.5));
        if (mr_unlikely(value > RETURN_BOUND || value < -RETURN_BOUND)) {
            value = value < 0 ? -RETURN_BOUND : RETURN_BOUND;
            s->clamped_ns = second_ns;
        }
        update_ewma(s, (double)value * RETURN_UNIT);
        push_return(s, value);
    }
    s->sampled = s->price;
}

static void next_bar(struct volatility_state *s, int64_t open_ns)
{
    bar_closed(s);
    mr_bar_begin(&s->bar, open_ns, MINUTE_NS, s->price);
}

/* Upward at once; downward regime by regime, each left only below 90 % of its lower bound, and not in the first 30 s.
 */
static bool follow_regime(struct volatility_state *s, double vol_5m, int64_t second_ns)
{
    unsigned to = mr_regime_of(vol_5m), from = s->regime;
    if (s->regime_known && to < from) {
        unsigned down = from;
        while (down > to && vol_5m < LEAVE_BELOW * mr_regime_from((enum mr_regime)down))
            down--;
        to = second_ns - s->regime_ns < DWELL_NS ? from : down;
    }
    if (s->regime_known && to == from)
        return false;
    s->regime_known = true;
    s->regime_ns = second_ns;
    if (to == from)
        return false;
    s->regime_before = (uint8_t)from;
    s->regime = (uint8_t)to;
    s->regime_changes++;
    return true;
}

static void mark_stale(struct volatility_state *s, int64_t second_ns)
{
    bool stale = second_ns - s->trade_ns > s->stale_s * SECOND_NS;
    if (s->stale && !stale)
        s->gap_ns = second_ns;
    s->stale = stale;
}

static bool within(int64_t event_ns, int64_t now_ns, int64_t width_ns)
{
    return event_ns != INT64_MIN && now_ns - event_ns < width_ns;
}

static uint32_t flags_of(const struct volatility_state *s)
{
    return (s->returns < mr_volatility_window_s[MR_VOLATILITY_5M] ? MR_VOLATILITY_WARMING : 0u) |
           (s->stale ? MR_VOLATILITY_STALE : 0u) |
           (within(s->gap_ns, s->second_ns, 5 * MINUTE_NS) ? MR_VOLATILITY_GAP : 0u) |
           (within(s->clamped_ns, s->second_ns, 60 * MINUTE_NS) ? MR_VOLATILITY_CLAMPED : 0u) |
           (s->samples < SAMPLES_MIN ? MR_VOLATILITY_NO_HISTORY : 0u) | (s->restored ? MR_VOLATILITY_RESTORED : 0u);
}

static double dispersion(const double *vol)
{
    double mean = (vol[0] + vol[1] + vol[2]) / 3.0;
    if (mean == 0)
        return 0;
    double a = vol[0] - mean, b = vol[1] - mean, c = vol[2] - mean;
    return mr_sqrt((a * a + b * b + c * c) / 3.0) / mean;
}

/* Fills the view of this second from the state. */
void volatility_show(struct mr_volatility *v)
{
    const struct volatility_state *s = &v->state;
    struct mr_volatility_view *view = &v->view;
    *view = (struct mr_volatility_view){
        .engine_ns = s->second_ns,
        .price = s->price,
        .price_scale = s->price_scale,
        .regime = s->regime,
        .regime_before = s->regime_before,
        .flags = flags_of(s),
        .regime_changes = s->regime_changes,
        .regime_ns = s->regime_ns,
        .ewma = 100.0 * mr_sqrt(s->ewma * 300.0),
        .samples = s->samples,
        .multiplier = 1,
    };
    for (uint32_t i = 0; i < MR_VOLATILITY_WINDOWS; i++) {
        view->vol[i] = volatility(s, i);
        view->annualised[i] = view->vol[i] * mr_sqrt(YEAR_S / mr_volatility_window_s[i]);
        view->parkinson[i] = s->parkinson_vol[i];
        view->garman_klass[i] = s->garman_klass_vol[i];
        view->warm |= (uint8_t)((s->returns >= mr_volatility_window_s[i]) << i);
    }
    if (view->flags & MR_VOLATILITY_WARMING)
        return;
    double now = view->vol[MR_VOLATILITY_5M];
    view->acceleration = now == 0 ? 0 : (view->vol[MR_VOLATILITY_1M] - now) / now;
    if (view->warm >> MR_VOLATILITY_15M & 1)
        view->dispersion = dispersion(view->vol);
    view->percentile = history_percentile(s, now);
    view->z = history_z(s, now);
    view->multiplier = mr_regime_multiplier((enum mr_regime)s->regime, view->acceleration, view->percentile,
                                            view->dispersion, view->z);
}

/* One second of the grid. True if the regime changed. */
static bool second(struct volatility_state *s, int64_t second_ns)
{
    s->second_ns = second_ns;
    if (s->price == 0)
        return false;
    mark_stale(s, second_ns);
    sample_price(s, second_ns);
    if (second_ns >= s->bar.open_ns + MINUTE_NS)
        next_bar(s, second_ns);
    history_expire(s, second_ns - DAY_NS);
    if (s->stale || s->returns < mr_volatility_window_s[MR_VOLATILITY_5M])
        return false;
    double vol_5m = volatility(s, MR_VOLATILITY_5M);
    if (second_ns % MINUTE_NS == 0)
        history_add(s, second_ns, vol_5m);
    return follow_regime(s, vol_5m, second_ns);
}

/* Nothing but zeros in windows and bars, and the regime frozen: more silence changes only what goes by time. */
static bool silent(const struct volatility_state *s)
{
    return s->price == 0 || (s->zeros >= SILENT_RETURNS && s->ewma == 0 && s->stale);
}

static MR_COLD void skip(struct volatility_state *s, int64_t to_ns)
{
    if (s->price != 0) {
        s->returns += (uint64_t)((to_ns - s->second_ns) / SECOND_NS);
        s->zeros += (uint64_t)((to_ns - s->second_ns) / SECOND_NS);
        mr_bar_begin(&s->bar, mr_grid_floor(to_ns, MINUTE_NS), MINUTE_NS, s->price);
        history_expire(s, to_ns - DAY_NS);
    }
    s->second_ns = to_ns;
}

int mr_volatility_tick(struct mr_volatility *v, int64_t tick_ns)
{
    struct volatility_state *s = &v->state;
    int64_t last_ns = mr_grid_floor(tick_ns, SECOND_NS);
    bool changed = false;
    if (mr_unlikely(s->second_ns == INT64_MIN))
        s->second_ns = last_ns;
    if (last_ns <= s->second_ns)
        return 0;
    while (s->second_ns < last_ns) {
        if (mr_unlikely(silent(s)))
            skip(s, last_ns);
        else
            changed |= second(s, s->second_ns + SECOND_NS);
    }
    volatility_show(v);
    return changed;
}

/* A new scale of the instrument: the last sample is carried over if it can be said in it. */
static MR_COLD void rescale(struct volatility_state *s, int8_t scale)
{
    int64_t sampled = 0;
    if (s->sampled > 0 &&
        mr_decimal_rescale((struct mr_decimal){s->sampled, (int8_t)-s->price_scale}, scale, &sampled) != MR_OK)
        sampled = 0;
    s->sampled = sampled;
    s->price_scale = scale;
    s->price = 0; /* the bar begins anew */
}

static bool ours(const struct mr_volatility *v, const struct mr_event *ev)
{
    if (v->config.instrument == MR_VOLATILITY_FROM_REFERENCE)
        return ev->kind == MR_EVENT_REFERENCE;
    return ev->kind == MR_EVENT_TRADE && ev->instrument == v->config.instrument &&
           !(ev->flags & (MR_FLAG_SECONDARY | MR_FLAG_SNAPSHOT));
}

void mr_volatility_apply(struct mr_volatility *v, const struct mr_event *ev, const struct mr_instrument *instrument)
{
    struct volatility_state *s = &v->state;
    if (!ours(v, ev) || ev->price <= 0)
        return;
    int64_t now_ns = ev->recv_ns > s->trade_ns ? ev->recv_ns : s->trade_ns;
    if (mr_unlikely(s->second_ns == INT64_MIN))
        s->second_ns = mr_grid_ceil(now_ns, SECOND_NS) - SECOND_NS;
    mr_volatility_tick(v, now_ns - 1);
    now_ns = now_ns > s->second_ns ? now_ns : s->second_ns;
    int8_t scale = instrument ? instrument->price_scale : 8;
    if (mr_unlikely(scale != s->price_scale))
        rescale(s, scale);
    if (mr_unlikely(s->price == 0)) {
        mr_bar_begin(&s->bar, mr_grid_floor(now_ns, MINUTE_NS), MINUTE_NS, ev->price);
        s->bar.flags |= MR_BAR_PARTIAL;
    } else if (now_ns >= s->bar.open_ns + MINUTE_NS) {
        next_bar(s, s->bar.open_ns + MINUTE_NS);
    }
    s->price = ev->price;
    s->trade_ns = now_ns;
    mr_bar_trade(&s->bar, ev->price, ev->size, 0, ev->flags & MR_FLAG_SELL);
}

void mr_volatility_query(const struct mr_volatility *v, struct mr_volatility_view *out)
{
    *out = v->view;
    out->price = v->state.price;
}
