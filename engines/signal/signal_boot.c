/* Sizing, set-up, names to slots, saved state: cold. */
#include <xxhash.h>

#include "engines/signal/signal_priv.h"

#define SECOND 1000000000ll

MR_METRICS_DEFINE(mr_signal, MR_SIGNAL_METRICS);

void mr_signal_config_default(struct mr_signal_config *config)
{
    *config = (struct mr_signal_config){
        .weight = {0.25, 0.20, 0.20, 0.15, 0.10, 0.10},    /* E-21 */
        .full_scale = {50, 20, 50e6, 0.05, 0.001, 5},      /* E-20 */
        .weight100 = {0.25, 0.20, 0.15, 0.20, 0.15, 0.05}, /* E-23 */
        .boost_acceleration = 0.8,
        .boost_velocity = 0.7,
        .boost_factor = 1.5,
        .correlation_over = 0.7,
        .correlation_factor = 1.2,
        .level_probability = {0, 0.30, 0.50, 0.70, 0.90}, /* E-22 */
        .level_velocity = {0, 10, 20, 50, 100},
        .level_acceleration = {0, 0, 0, 20, 40},
        .fall_ns = 30 * SECOND,
        .cool_down_ns = 5 * SECOND,
        .repeat_ns = 60 * SECOND,
        .cascade_events = 5,
        .cascade_window_ns = 60 * SECOND,
        .cascade_micro_usd = 100000000000ll, /* E-24 */
        .cascade_window_events = 1024,
        .instruments_max = 1024,
        .oi_window_ns = 60 * SECOND,
        .oi_stale_ns = 120 * SECOND,
        .funding_stale_ns = 1200 * SECOND,
        .use_oi = true,
        .use_funding = true,
        .use_volatility = true,
        .use_structure = true,
        .funding_per_8h = true,
        .reference_name = "BTC",
    };
}

static bool weights_ok(const double *weight, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++) {
        if (!(weight[i] >= 0) || !__builtin_isfinite(weight[i]))
            return false;
        sum += weight[i];
    }
    return sum > 0 && __builtin_isfinite(sum);
}

static bool rising(const double *level)
{
    for (int i = MR_LEVEL_WATCH; i < MR_LEVEL_COUNT; i++)
        if (!__builtin_isfinite(level[i]) || !(level[i] >= level[i - 1]) || level[i] < 0)
            return false;
    return true;
}

int mr_signal_config_check(const struct mr_signal_config *c, struct mr_err *err)
{
    const char *wrong = NULL;
    for (int i = 0; i < MR_COMPONENT_COUNT; i++)
        if (!(c->full_scale[i] > 0) || !__builtin_isfinite(c->full_scale[i]))
            wrong = "full_scale: every full scale must be above 0";
    if (!weights_ok(c->weight, MR_COMPONENT_COUNT) || !weights_ok(c->weight100, MR_COMPONENT100_COUNT))
        wrong = "weight: weights must be 0 or more, and not all 0";
    if (!rising(c->level_probability) || !rising(c->level_velocity) || !rising(c->level_acceleration))
        wrong = "level: thresholds must rise from watch to extreme";
    if (!(c->boost_factor > 0) || !(c->correlation_factor > 0) || !__builtin_isfinite(c->boost_factor) ||
        !__builtin_isfinite(c->correlation_factor))
        wrong = "factor: boost and correlation factors must be above 0";
    if (c->fall_ns < 0 || c->cool_down_ns < 0 || c->repeat_ns < 0 || c->oi_window_ns <= 0 || c->oi_stale_ns <= 0 ||
        c->funding_stale_ns <= 0 || c->cascade_window_ns <= 0)
        wrong = "times: holds must be 0 or more, windows and ages above 0";
    if (c->cascade_events < 1 || c->cascade_micro_usd < 0 || c->cascade_window_events < c->cascade_events ||
        c->cascade_window_events > 1u << 20)
        wrong = "cascade: needs 1 or more events, and room for them (at most 1,048,576)";
    if (c->instruments_max < 1 || c->instruments_max > 1u << 20)
        wrong = "instruments_max: 1 to 1,048,576";
    if (!memchr(c->reference_name, 0, sizeof c->reference_name))
        wrong = "reference_name: at most 15 characters";
    return wrong ? mr_err_set(err, MR_E_RANGE, "signal.%s", wrong) : MR_OK;
}

static size_t lines(size_t bytes) { return (bytes + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES; }

/* One walk over the block both sizes it (base NULL) and sets the pointers. */
static size_t lay_out(struct mr_signals *s, uint8_t *base, const struct mr_signal_config *config, uint32_t underlyings)
{
    size_t at = lines(sizeof *s), ids = config->instruments_max;
#define TAKE(member, count)                                                                                            \
    do {                                                                                                               \
        if (base)                                                                                                      \
            s->member = (void *)(base + at);                                                                           \
        at += lines((count) * sizeof *s->member);                                                                      \
    } while (0)
    TAKE(slot_of_underlying, underlyings);
    TAKE(slot_of_instrument, ids);
    TAKE(underlying_claimed, underlyings);
    TAKE(instrument_claimed, ids);
    size_t saved_from = at;
    TAKE(saved, 1);
    TAKE(under, underlyings);
    TAKE(window, (size_t)underlyings * config->cascade_window_events);
    TAKE(instrument, ids);
    TAKE(under_of_instrument, ids);
#undef TAKE
    if (base)
        s->saved_bytes = at - saved_from;
    return at;
}

size_t mr_signal_bytes(const struct mr_signal_config *config, uint32_t underlyings)
{
    struct mr_signals sizes_only;
    return lay_out(&sizes_only, NULL, config, underlyings);
}

/* Everything forgotten, this epoch's ids too. */
static void clear(struct mr_signals *s)
{
    memset(s->slot_of_underlying, 0xff, s->underlyings_max * sizeof *s->slot_of_underlying);
    memset(s->slot_of_instrument, 0xff, s->config.instruments_max * sizeof *s->slot_of_instrument);
    memset(s->underlying_claimed, 0, s->underlyings_max);
    memset(s->instrument_claimed, 0, s->config.instruments_max);
    memset(s->saved, 0, s->saved_bytes);
    s->saved->engine_ns = INT64_MIN;
}

struct mr_signals *mr_signal_init(void *mem, const struct mr_signal_config *config, uint32_t underlyings,
                                  struct mr_signal_metrics *metrics)
{
    MR_ASSERT((uintptr_t)mem % MR_LINE_BYTES == 0);
    MR_ASSERT(underlyings > 0 && underlyings < MR_SIGNAL_NO_UNDER);
    MR_ASSERT(mr_signal_config_check(config, NULL) == MR_OK);
    struct mr_signals *s = mem;
    memset(s, 0, sizeof *s);
    s->config = *config;
    s->metrics = metrics ? metrics : &s->own_metrics;
    s->underlyings_max = underlyings;
    lay_out(s, mem, config, underlyings);
    clear(s);
    return s;
}

static uint64_t key_of_name(const char *name)
{
    uint64_t hash = 14695981039346656037ull;
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 1099511628211ull;
    return hash;
}

/* The slot with this key; else a free one, or one of a name that this epoch does not have (yet). There are as many
 * slots as ids, so there always is one. */
static uint32_t slot_of_key(const uint8_t *claimed, uint32_t *used, uint32_t max, const void *slots, size_t stride,
                            uint64_t key, bool *found)
{
    uint32_t spare = MR_SIGNAL_NO_SLOT;
    *found = false;
    for (uint32_t i = 0; i < *used; i++) {
        uint64_t have;
        memcpy(&have, (const uint8_t *)slots + i * stride, sizeof have);
        if (!claimed[i] && have == key) {
            *found = true;
            return i;
        }
        if (!claimed[i] && spare == MR_SIGNAL_NO_SLOT)
            spare = i;
    }
    if (*used < max)
        return (*used)++;
    MR_ASSERT(spare != MR_SIGNAL_NO_SLOT);
    return spare;
}

MR_COLD uint32_t mr_signal_claim_underlying(struct mr_signals *s, const struct mr_signal_input *in)
{
    static_assert(offsetof(struct mr_signal_under, key) == 0 && offsetof(struct mr_signal_instrument, key) == 0,
                  "slot_of_key reads the key at the front");
    bool found;
    uint64_t key = key_of_name(in->name);
    uint32_t slot = slot_of_key(s->underlying_claimed, &s->saved->underlyings, s->underlyings_max, s->under,
                                sizeof *s->under, key, &found);
    struct mr_signal_under *u = &s->under[slot];
    if (!found) {
        for (uint32_t i = 0; i < s->saved->instruments; i++)
            if (s->under_of_instrument[i] == slot)
                s->under_of_instrument[i] = MR_SIGNAL_NO_UNDER;
        if (u->cascade.active)
            MR_GAUGE_SET(s->metrics, active, s->metrics->active - 1);
        memset(u, 0, sizeof *u);
        u->key = key;
        size_t len = strlen(in->name);
        memcpy(u->name, in->name, len < sizeof u->name ? len : sizeof u->name - 1);
    }
    s->underlying_claimed[slot] = 1;
    s->slot_of_underlying[in->underlying] = slot;
    return slot;
}

MR_COLD uint32_t mr_signal_claim_instrument(struct mr_signals *s, const struct mr_instrument *instrument)
{
    bool found;
    uint64_t seed = (uint64_t)instrument->venue << 8 | instrument->product;
    uint64_t key = XXH3_64bits_withSeed(instrument->symbol, instrument->symbol_len, seed);
    uint32_t slot = slot_of_key(s->instrument_claimed, &s->saved->instruments, s->config.instruments_max, s->instrument,
                                sizeof *s->instrument, key, &found);
    if (!found) {
        memset(&s->instrument[slot], 0, sizeof s->instrument[slot]);
        s->instrument[slot].key = key;
        s->under_of_instrument[slot] = MR_SIGNAL_NO_UNDER;
    }
    s->instrument_claimed[slot] = 1;
    s->slot_of_instrument[instrument->id] = slot;
    return slot;
}

/* Whatever changes the saved block's meaning. */
static uint32_t layout_of(const struct mr_signals *s)
{
    const uint64_t sizes[] = {s->saved_bytes,
                              s->underlyings_max,
                              s->config.instruments_max,
                              s->config.cascade_window_events,
                              sizeof(struct mr_signal_under),
                              sizeof(struct mr_signal_instrument),
                              MR_SIGNAL_OI_SAMPLES};
    return (uint32_t)XXH3_64bits(sizes, sizeof sizes);
}

size_t mr_signal_state_bytes(const struct mr_signals *s) { return MR_STATE_BYTES(s->saved_bytes); }

int64_t mr_signal_save(const struct mr_signals *s, int64_t engine_ns, void *buffer, size_t bytes)
{
    return mr_state_seal(buffer, bytes, "signal", MR_SIGNAL_STATE_VERSION, layout_of(s), engine_ns, s->saved,
                         s->saved_bytes);
}

/* Any two such times have a difference that fits. */
static bool time_ok(int64_t t) { return t >= -(1ll << 61) && t <= 1ll << 61; }

static bool cascade_ok(const struct mr_signal_cascade *c)
{
    return c->active <= 1 && time_ok(c->start_ns) && time_ok(c->last_ns) && c->micro_usd >= 0 &&
           c->told_micro_usd >= 0 && __builtin_isfinite(c->peak_per_s);
}

/* The ring's times are good and its sum is the one kept. */
static bool window_ok(const struct mr_signals *s, const struct mr_signal_under *u)
{
    uint32_t capacity = s->config.cascade_window_events;
    const struct mr_signal_liquidation *ring = s->window + (size_t)(u - s->under) * capacity;
    mr_i128 sum = 0;
    if (u->window_head >= capacity || u->window_len > capacity)
        return false;
    for (uint32_t i = 0; i < u->window_len; i++) {
        const struct mr_signal_liquidation *l = &ring[(u->window_head + i) % capacity];
        if (!time_ok(l->at_ns) || l->micro_usd < 0)
            return false;
        sum += l->micro_usd;
    }
    return sum == u->window_micro_usd;
}

static bool underlying_ok(const struct mr_signals *s, const struct mr_signal_under *u)
{
    for (int k = 0; k < MR_LEVEL_COUNT; k++)
        if (!time_ok(u->below_ns[k]) && u->below_ns[k] != MR_SIGNAL_ABOVE)
            return false;
    return u->level < MR_LEVEL_COUNT && u->left_level < MR_LEVEL_COUNT && memchr(u->name, 0, sizeof u->name) &&
           time_ok(u->changed_ns) && time_ok(u->left_ns) && cascade_ok(&u->cascade) && window_ok(s, u);
}

static bool instrument_ok(const struct mr_signals *s, uint32_t i)
{
    const struct mr_signal_instrument *it = &s->instrument[i];
    if (it->oi_head >= MR_SIGNAL_OI_SAMPLES || it->oi_count > MR_SIGNAL_OI_SAMPLES || !time_ok(it->funding_at_ns) ||
        !time_ok(it->oi_at_ns))
        return false;
    for (int k = 0; k < MR_SIGNAL_OI_SAMPLES; k++)
        if (!time_ok(it->oi[k].at_ns))
            return false;
    return s->under_of_instrument[i] == MR_SIGNAL_NO_UNDER || s->under_of_instrument[i] < s->saved->underlyings;
}

/* A checksum says who wrote it did so whole, not that it is sane: all is checked before anything relies on it. */
static bool sane(const struct mr_signals *s)
{
    if (s->saved->underlyings > s->underlyings_max || s->saved->instruments > s->config.instruments_max)
        return false;
    if (!time_ok(s->saved->engine_ns) && s->saved->engine_ns != INT64_MIN)
        return false;
    for (uint32_t i = 0; i < s->saved->underlyings; i++)
        if (!underlying_ok(s, &s->under[i]))
            return false;
    for (uint32_t i = 0; i < s->saved->instruments; i++)
        if (!instrument_ok(s, i))
            return false;
    return true;
}

int mr_signal_restore(struct mr_signals *s, const void *buffer, size_t bytes, int64_t *engine_ns)
{
    const void *state;
    clear(s);
    int status = mr_state_open(buffer, bytes, "signal", MR_SIGNAL_STATE_VERSION, layout_of(s), &state, s->saved_bytes,
                               engine_ns);
    if (status != MR_OK)
        return status;
    memcpy(s->saved, state, s->saved_bytes);
    if (!sane(s)) {
        clear(s);
        return MR_E_CORRUPT;
    }
    int64_t active = 0;
    for (uint32_t i = 0; i < s->saved->underlyings; i++)
        active += s->under[i].cascade.active;
    MR_GAUGE_SET(s->metrics, active, active);
    return MR_OK;
}

const struct mr_signal_metrics *mr_signal_counts(const struct mr_signals *s) { return s->metrics; }

void mr_signal_input_default(struct mr_signal_input *in, uint16_t underlying, const char *name, int64_t engine_ns)
{
    *in = (struct mr_signal_input){
        .engine_ns = engine_ns,
        .name = name,
        .underlying = underlying,
        .flags = MR_SIGNAL_IN_NO_CORRELATION,
        .multiplier = 1,
        .velocity_scale = 1,
        .notional_scale = 1,
        .window_weight = {1, 1, 1, 1, 1},
    };
}
