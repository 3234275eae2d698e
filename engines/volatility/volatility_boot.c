/* Set-up, and state across restarts: cold. */
#include "engines/volatility/volatility_priv.h"

#define STALE_S_DEFAULT 60u
#define STALE_S_MAX 3600u
#define LAMBDA_DEFAULT 0.99
#define LAMBDA_MAX 0.9999

size_t mr_volatility_bytes(const struct mr_volatility_config *config)
{
    (void)config;
    return sizeof(struct mr_volatility);
}

static void begin(struct mr_volatility *v)
{
    struct volatility_state *s = &v->state;
    memset(s, 0, sizeof(*s));
    s->second_ns = s->trade_ns = s->clamped_ns = s->gap_ns = s->regime_ns = INT64_MIN;
    s->stale_s = v->config.stale_s;
    s->lambda = v->config.ewma_lambda;
    s->price_scale = 8;
    volatility_show(v);
}

struct mr_volatility *mr_volatility_init(void *mem, const struct mr_volatility_config *config)
{
    struct mr_volatility *v = mem;
    v->config = *config;
    v->config.stale_s = config->stale_s ? config->stale_s : STALE_S_DEFAULT;
    v->config.ewma_lambda = config->ewma_lambda > 0 ? config->ewma_lambda : LAMBDA_DEFAULT;
    MR_ASSERT(v->config.stale_s <= STALE_S_MAX && v->config.ewma_lambda <= LAMBDA_MAX);
    begin(v);
    return v;
}

size_t mr_volatility_state_bytes(void) { return sizeof(struct volatility_state); }

/* Changes with anything that moves a field. */
uint32_t mr_volatility_state_layout(void)
{
    return (uint32_t)(sizeof(struct volatility_state) * 31 + offsetof(struct volatility_state, window) * 7 +
                      offsetof(struct volatility_state, sorted));
}

void mr_volatility_save(const struct mr_volatility *v, void *state) { memcpy(state, &v->state, sizeof(v->state)); }

static bool finite_variance(double x) { return x >= 0 && x - x == 0; }

/* Could this engine have written it? Rings in their bounds, numbers finite, counts that fit each other. */
static bool possible(const struct volatility_state *s)
{
    if (s->bars > BARS || s->bar_next >= BARS || s->samples > SAMPLES || s->sample_next >= SAMPLES ||
        s->regime >= MR_REGIME_COUNT || s->regime_before >= MR_REGIME_COUNT || s->price < 0 || s->sampled < 0 ||
        s->price_scale < 0 || s->price_scale > MR_SCALE_MAX || !finite_variance(s->ewma) || s->returns > 1ull << 62)
        return false;
    if (s->price > 0 ? s->trade_ns < 0 : s->trade_ns != INT64_MIN)
        return false;
    for (uint32_t i = 0; i < MR_VOLATILITY_WINDOWS; i++)
        if (!finite_variance(s->parkinson_vol[i]) || !finite_variance(s->garman_klass_vol[i]))
            return false;
    for (uint32_t i = 0; i < RETURNS; i++)
        if (s->ret[i] > RETURN_BOUND || s->ret[i] < -RETURN_BOUND)
            return false;
    for (uint32_t i = 0; i < SAMPLES; i++)
        if (s->sample[i].value < 0 || s->sample[i].value > SAMPLE_BOUND || s->sample[i].time_ns < 0)
            return false;
    for (uint32_t i = 0; i < BARS; i++)
        if (!finite_variance(s->parkinson[i]) || !finite_variance(s->garman_klass[i]))
            return false;
    return true;
}

/* Sums and order are made anew from the rings: nothing that can be derived is taken on trust. */
static void derive(struct volatility_state *s)
{
    memset(s->window, 0, sizeof(s->window));
    for (uint32_t i = 0; i < MR_VOLATILITY_WINDOWS; i++)
        for (uint64_t age = 1; age <= mr_volatility_window_s[i] && age <= s->returns; age++)
            moments_move(&s->window[i], s->ret[(s->returns - age) % RETURNS], 0);
    struct sample kept[SAMPLES];
    uint32_t n = s->samples, first = (s->sample_next + SAMPLES - n) % SAMPLES;
    memcpy(kept, s->sample, sizeof(kept));
    s->samples = s->sample_next = 0;
    memset(&s->history, 0, sizeof(s->history));
    for (uint32_t i = 0; i < n; i++)
        history_add(s, kept[(first + i) % SAMPLES].time_ns, (double)kept[(first + i) % SAMPLES].value * SAMPLE_UNIT);
}

/* Too old to go on with: the windows begin anew, the samples of the last 24 h stay. */
static void keep_samples_only(struct mr_volatility *v)
{
    struct volatility_state *s = &v->state;
    static_assert(offsetof(struct volatility_state, sample) > offsetof(struct volatility_state, garman_klass_vol),
                  "samples lie last");
    uint32_t samples = s->samples, next = s->sample_next;
    struct moments history = s->history;
    memset(s, 0, offsetof(struct volatility_state, sample));
    s->second_ns = s->trade_ns = s->clamped_ns = s->gap_ns = s->regime_ns = INT64_MIN;
    s->stale_s = v->config.stale_s;
    s->lambda = v->config.ewma_lambda;
    s->price_scale = 8;
    s->samples = samples;
    s->sample_next = next;
    s->history = history;
}

int mr_volatility_restore(struct mr_volatility *v, const void *state, size_t bytes, int64_t now_ns)
{
    if (bytes != sizeof(v->state))
        return MR_E_LAYOUT;
    memcpy(&v->state, state, bytes);
    const struct volatility_state *s = &v->state;
    int status = s->stale_s != v->config.stale_s || memcmp(&s->lambda, &v->config.ewma_lambda, sizeof(double)) != 0
                     ? MR_E_LAYOUT
                 : !possible(s)                                  ? MR_E_CORRUPT
                 : s->second_ns > now_ns || s->trade_ns > now_ns ? MR_E_RANGE
                                                                 : MR_OK;
    if (status != MR_OK) {
        begin(v);
        return status;
    }
    derive(&v->state);
    if (s->second_ns == INT64_MIN || now_ns - s->second_ns > RESTORE_NS)
        keep_samples_only(v);
    history_expire(&v->state, now_ns - DAY_NS);
    v->state.restored = true;
    volatility_show(v);
    return MR_OK;
}
