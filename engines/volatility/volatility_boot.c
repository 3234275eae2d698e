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

/* A variance or a percentage that this engine can have written. NaN is none. */
static bool plausible(double x) { return x >= 0 && x < 1e9; }

static bool never_or_past(int64_t time_ns, int64_t now_ns)
{
    return time_ns == INT64_MIN || (time_ns >= 0 && time_ns <= now_ns);
}

static bool counts_possible(const struct volatility_state *s)
{
    return s->bars <= BARS && s->bar_next < BARS && s->samples <= SAMPLES && s->sample_next < SAMPLES &&
           s->returns <= 1ull << 62 && s->regime < MR_REGIME_COUNT && s->regime_before < MR_REGIME_COUNT;
}

static bool prices_possible(const struct volatility_state *s)
{
    return s->price >= 0 && s->sampled >= 0 && s->price_scale >= 0 && s->price_scale <= MR_SCALE_MAX;
}

static bool times_possible(const struct volatility_state *s, int64_t now_ns)
{
    if (!never_or_past(s->second_ns, now_ns) || !never_or_past(s->trade_ns, now_ns) ||
        !never_or_past(s->clamped_ns, now_ns) || !never_or_past(s->gap_ns, now_ns) ||
        !never_or_past(s->regime_ns, now_ns) || (s->regime_known && s->regime_ns == INT64_MIN))
        return false;
    return s->price == 0 || (s->second_ns >= 0 && s->trade_ns >= 0 && s->bar.open_ns >= 0 && s->bar.open_ns <= now_ns);
}

static bool rings_possible(const struct volatility_state *s, int64_t now_ns)
{
    for (uint32_t i = 0; i < RETURNS; i++)
        if (s->ret[i] > RETURN_BOUND || s->ret[i] < -RETURN_BOUND)
            return false;
    for (uint32_t i = 0; i < SAMPLES; i++)
        if (s->sample[i].value < 0 || s->sample[i].value > SAMPLE_BOUND || s->sample[i].time_ns < 0 ||
            s->sample[i].time_ns > now_ns)
            return false;
    for (uint32_t i = 0; i < BARS; i++)
        if (!plausible(s->parkinson[i]) || !plausible(s->garman_klass[i]))
            return false;
    for (uint32_t i = 0; i < MR_VOLATILITY_WINDOWS; i++)
        if (!plausible(s->parkinson_vol[i]) || !plausible(s->garman_klass_vol[i]))
            return false;
    return plausible(s->ewma);
}

static int judge(const struct mr_volatility *v, int64_t now_ns)
{
    const struct volatility_state *s = &v->state;
    // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c): the same bits are wanted, not an equal value
    if (s->stale_s != v->config.stale_s || memcmp(&s->lambda, &v->config.ewma_lambda, sizeof(s->lambda)) != 0)
        return MR_E_LAYOUT;
    if (s->second_ns > now_ns)
        return MR_E_RANGE;
    return counts_possible(s) && prices_possible(s) && times_possible(s, now_ns) && rings_possible(s, now_ns)
               ? MR_OK
               : MR_E_CORRUPT;
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
    int status = judge(v, now_ns);
    if (status != MR_OK) {
        begin(v);
        return status;
    }
    const struct volatility_state *s = &v->state;
    derive(&v->state);
    if (s->second_ns == INT64_MIN || now_ns - s->second_ns > RESTORE_NS)
        keep_samples_only(v);
    history_expire(&v->state, now_ns - DAY_NS);
    v->state.restored = true;
    volatility_show(v);
    return MR_OK;
}
