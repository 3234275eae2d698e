/* The path of one liquidation and of one tick: scores, level, cascade, and the records they make. */
#include "engines/signal/signal_priv.h"

/* The last call's slots, so that the helpers below need one argument. */
struct check {
    struct mr_signals *s;
    struct mr_signal_under *u;
    const struct mr_signal_input *in;
    const struct mr_event *ev; /* NULL: a tick */
    struct mr_signal_scores scores;
    int64_t now;
    struct mr_signal *out;
    uint32_t count;
};

MR_INLINE double finite_or_0(double value) { return __builtin_isfinite(value) ? value : 0; }

static void fill_cascade(struct mr_signal *out, const struct mr_signal_under *u, int64_t end_ns)
{
    const struct mr_signal_cascade *c = &u->cascade;
    uint32_t hash = 2166136261u; /* FNV-1a 32 of the name, as kept */
    for (const char *p = u->name; *p; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619u;
    out->cascade_id = (uint64_t)hash << 32 | c->serial;
    out->cascade_start_ns = c->start_ns;
    out->cascade_last_ns = c->last_ns;
    out->cascade_end_ns = end_ns;
    out->cascade_count = c->count;
    out->cascade_micro_usd = c->micro_usd;
    out->cascade_peak_per_s = c->peak_per_s;
    out->cascade_venues = c->venues;
}

/* A new record with all that is known at this check. Changes are rare: this is not the hot path. */
static MR_COLD struct mr_signal *emit(struct check *k, enum mr_signal_kind kind, uint8_t level_before, uint8_t cause)
{
    const struct mr_signal_input *in = k->in;
    struct mr_signal *out = &k->out[k->count++];
    memset(out, 0, sizeof *out);
    out->engine_ns = k->now;
    out->instrument = UINT32_MAX;
    if (k->ev) {
        out->recv_ns = k->ev->recv_ns;
        out->venue_ns = k->ev->venue_ns;
        out->instrument = k->ev->instrument;
    }
    out->seq = k->s->saved->seq++;
    out->underlying = in->underlying;
    out->kind = (uint8_t)kind;
    out->level = k->u->level;
    out->level_before = level_before;
    out->cause = cause;
    out->rules = k->scores.rules;
    out->level_raw = k->scores.level;
    out->regime = in->regime;
    out->leading_venue = in->leading_venue;
    out->flags = k->scores.flags;
    out->probability = k->scores.probability;
    out->probability_base = k->scores.probability_base;
    out->confidence = k->scores.confidence;
    out->score100 = k->scores.score100;
    out->multiplier = finite_or_0(in->multiplier);
    out->correlation = finite_or_0(in->correlation);
    out->btc_price = in->btc_price;
    memcpy(out->underlying_name, k->u->name, sizeof out->underlying_name);
    memcpy(out->component, k->scores.component, sizeof out->component);
    memcpy(out->component100, k->scores.component100, sizeof out->component100);
    out->velocity_scale = finite_or_0(in->velocity_scale);
    out->mean_event_usd = finite_or_0(in->mean_event_usd);
    out->count_60s = (double)in->count_60s;
    for (int i = 0; i < MR_SIGNAL_WINDOWS; i++) {
        out->velocity_per_s[i] = finite_or_0(in->velocity_per_s[i]);
        out->notional_usd_per_s[i] = finite_or_0(in->notional_usd_per_s[i]);
    }
    out->acceleration = finite_or_0(in->acceleration);
    out->jerk = finite_or_0(in->jerk);
    out->oi_change_1m =
        in->flags & MR_SIGNAL_IN_OI ? finite_or_0(in->oi_change_1m) : finite_or_0(k->u->market.oi_change);
    out->funding = in->flags & MR_SIGNAL_IN_FUNDING ? finite_or_0(in->funding) : finite_or_0(k->u->market.funding);
    out->vol_5m = finite_or_0(in->vol_5m);
    out->clustering = finite_or_0(in->clustering);
    MR_COUNT(k->s->metrics, emitted, 1);
    return out;
}

/* The cascade of another moment is not this record's business unless it runs. */
static void emit_cascade(struct check *k, enum mr_signal_kind kind, int64_t end_ns)
{
    struct mr_signal_cascade *c = &k->u->cascade;
    struct mr_signal *out = emit(k, kind, k->u->level, MR_CAUSE_STRUCTURE);
    fill_cascade(out, k->u, end_ns);
    out->flags &= ~(uint32_t)MR_SIGNAL_CROSS_VENUE; /* of the cascade here, not of the last minute */
    out->flags |= c->venues & (c->venues - 1) ? MR_SIGNAL_CROSS_VENUE : 0;
    mr_signal_words_cascade(out);
    c->told_count = c->count;
    c->told_micro_usd = c->micro_usd;
    c->told_venues = c->venues;
}

static MR_COLD void end_cascade(struct check *k)
{
    struct mr_signal_cascade *c = &k->u->cascade;
    emit_cascade(k, MR_SIGNAL_CASCADE_END, c->last_ns + k->s->config.cascade_window_ns);
    c->active = 0;
    MR_GAUGE_SET(k->s->metrics, active, k->s->metrics->active - 1);
}

static MR_COLD void change_level(struct check *k, uint8_t level, uint8_t cause)
{
    struct mr_signal_under *u = k->u;
    uint8_t before = u->level;
    bool soon = u->left_level && k->now - u->left_ns < k->s->config.repeat_ns;
    bool repeat = level > before && soon && level <= u->left_level;
    if (level < before) {
        u->left_level = soon && u->left_level > before ? u->left_level : before;
        u->left_ns = k->now;
    } else {
        MR_COUNT(k->s->metrics, escalations, 1);
    }
    u->level = level;
    u->changed_ns = k->now;
    u->changed = 1;
    struct mr_signal *out = emit(k, MR_SIGNAL_LEVEL, before, cause);
    out->flags |= repeat ? MR_SIGNAL_REPEAT : 0;
    if (u->cascade.active)
        fill_cascade(out, u, 0);
    mr_signal_words_level(out, &k->s->config);
}

/* The highest level, at most the present one, that the rules hold or have left for less than fall_ns. */
static uint8_t level_held(const struct check *k)
{
    const struct mr_signal_under *u = k->u;
    uint8_t level = u->level;
    while (level > k->scores.level && k->now - u->below_ns[level] >= k->s->config.fall_ns)
        level--;
    return level;
}

static void step_level(struct check *k)
{
    struct mr_signal_under *u = k->u;
    uint8_t raw = k->scores.level;
    for (uint8_t level = 1; level < MR_LEVEL_COUNT; level++) {
        if (raw >= level)
            u->below_ns[level] = MR_SIGNAL_ABOVE;
        else if (u->below_ns[level] == MR_SIGNAL_ABOVE)
            u->below_ns[level] = k->now;
    }
    if (mr_likely(raw == u->level))
        return;
    if (raw > u->level) {
        change_level(k, raw, k->scores.cause);
        return;
    }
    if (k->scores.flags & MR_SIGNAL_WARMING) { /* held at NONE: no level outlives its inputs */
        change_level(k, MR_LEVEL_NONE, MR_CAUSE_DECAY);
        return;
    }
    uint8_t held = level_held(k);
    if (held == u->level || (u->changed && k->now - u->changed_ns < k->s->config.cool_down_ns))
        MR_COUNT(k->s->metrics, held, 1);
    else
        change_level(k, held, MR_CAUSE_DECAY);
}

static void step_regime(struct check *k)
{
    struct mr_signal_saved *saved = k->s->saved;
    if (k->in->flags & (MR_SIGNAL_IN_WARMING | MR_SIGNAL_IN_NO_VOLATILITY))
        return;
    if (mr_likely(saved->regime_known && saved->regime == k->in->regime))
        return;
    if (saved->regime_known) { /* the first regime is no change */
        struct mr_signal *out = emit(k, MR_SIGNAL_REGIME, k->u->level, MR_CAUSE_REGIME);
        out->underlying = UINT16_MAX; /* of the whole tile; made by whichever underlying saw it first */
        memcpy(out->underlying_name, k->s->config.reference_name, sizeof out->underlying_name);
        out->regime_before = saved->regime;
        mr_signal_words_regime(out);
    }
    saved->regime = k->in->regime;
    saved->regime_known = 1;
}

static int64_t add_saturating(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static void cascade_grows(struct check *k, int64_t micro_usd, uint32_t venue)
{
    struct mr_signal_cascade *c = &k->u->cascade;
    c->count++;
    c->micro_usd = add_saturating(c->micro_usd, micro_usd);
    c->venues |= venue;
    c->last_ns = k->now;
    bool doubled = c->count / 2 >= c->told_count || c->micro_usd / 2 >= c->told_micro_usd;
    if (doubled || c->venues != c->told_venues)
        emit_cascade(k, MR_SIGNAL_CASCADE_UPDATE, 0);
}

/* The ring of liquidations in (now - window, now], while no cascade runs. */
static struct mr_signal_liquidation *ring_of(const struct check *k)
{
    return k->s->window + (size_t)(k->u - k->s->under) * k->s->config.cascade_window_events;
}

static void window_drop_oldest(struct check *k)
{
    struct mr_signal_under *u = k->u;
    u->window_micro_usd -= ring_of(k)[u->window_head].micro_usd;
    u->window_head = u->window_head + 1 == k->s->config.cascade_window_events ? 0 : u->window_head + 1;
    u->window_len--;
}

static void window_add(struct check *k, int64_t micro_usd, uint32_t venue)
{
    struct mr_signal_under *u = k->u;
    uint32_t capacity = k->s->config.cascade_window_events;
    struct mr_signal_liquidation *ring = ring_of(k);
    while (u->window_len && ring[u->window_head].at_ns <= k->now - k->s->config.cascade_window_ns)
        window_drop_oldest(k);
    if (mr_unlikely(u->window_len == capacity)) {
        window_drop_oldest(k);
        MR_COUNT(k->s->metrics, forgotten, 1);
    }
    uint32_t at = u->window_head + u->window_len;
    ring[at < capacity ? at : at - capacity] = (struct mr_signal_liquidation){k->now, micro_usd, venue, 0};
    u->window_len++;
    u->window_micro_usd += micro_usd;
}

static MR_COLD void start_cascade(struct check *k)
{
    struct mr_signal_under *u = k->u;
    struct mr_signal_cascade *c = &u->cascade;
    const struct mr_signal_liquidation *ring = ring_of(k);
    *c = (struct mr_signal_cascade){.serial = c->serial + 1, .active = 1, .count = u->window_len, .last_ns = k->now};
    c->start_ns = ring[u->window_head].at_ns;
    c->micro_usd = u->window_micro_usd < INT64_MAX ? (int64_t)u->window_micro_usd : INT64_MAX;
    c->peak_per_s = finite_or_0(k->in->velocity_per_s[MR_WINDOW_10S]);
    for (uint32_t i = 0; i < u->window_len; i++)
        c->venues |= ring[(u->window_head + i) % k->s->config.cascade_window_events].venue;
    u->window_head = u->window_len = 0;
    u->window_micro_usd = 0;
    MR_COUNT(k->s->metrics, cascades, 1);
    MR_GAUGE_SET(k->s->metrics, active, k->s->metrics->active + 1);
    emit_cascade(k, MR_SIGNAL_CASCADE_START, 0);
}

/* E-24. */
static void step_cascade(struct check *k, int64_t micro_usd, uint8_t venue)
{
    const struct mr_signal_config *config = &k->s->config;
    uint32_t bit = 1u << (venue & 31);
    if (mr_unlikely(micro_usd < 0)) {
        MR_COUNT(k->s->metrics, bad_notional, 1);
        micro_usd = 0;
    }
    if (k->u->cascade.active) {
        cascade_grows(k, micro_usd, bit);
        return;
    }
    window_add(k, micro_usd, bit);
    if (k->u->window_len >= config->cascade_events && k->u->window_micro_usd >= config->cascade_micro_usd)
        start_cascade(k);
}

/* What every check begins with; false where there is nothing to check. */
static void open_check(struct check *k, struct mr_signals *s, const struct mr_signal_input *in, int64_t now)
{
    if (mr_unlikely(now < s->saved->engine_ns)) {
        MR_COUNT(s->metrics, backwards, 1);
        now = s->saved->engine_ns;
    }
    MR_ASSERT(in->underlying < s->underlyings_max);
    s->saved->engine_ns = now;
    uint32_t slot = s->slot_of_underlying[in->underlying];
    if (mr_unlikely(slot == MR_SIGNAL_NO_SLOT))
        slot = mr_signal_claim_underlying(s, in);
    k->s = s;
    k->u = &s->under[slot];
    k->in = in;
    k->now = now;
    k->count = 0;
}

static void take_scores(struct check *k)
{
    struct mr_signal_market market = k->u->market;
    if (k->in->flags & MR_SIGNAL_IN_OI) {
        market.oi_change = k->in->oi_change_1m;
        market.has_oi = 1;
    }
    if (k->in->flags & MR_SIGNAL_IN_FUNDING) {
        market.funding = k->in->funding;
        market.has_funding = 1;
    }
    mr_signal_score_with(&k->s->config, k->in, &market, &k->scores);
    if (mr_unlikely(k->scores.flags & MR_SIGNAL_NAN))
        MR_COUNT(k->s->metrics, nan_inputs, 1);
    struct mr_signal_cascade *c = &k->u->cascade;
    if (c->active) {
        double rate = k->in->velocity_per_s[MR_WINDOW_10S];
        if (k->now - c->last_ns >= k->s->config.cascade_window_ns)
            end_cascade(k);
        else if (rate > c->peak_per_s && __builtin_isfinite(rate))
            c->peak_per_s = rate;
    }
    step_regime(k);
    step_level(k);
}

MR_HOT uint32_t mr_signal_event(struct mr_signals *s, const struct mr_event *ev, const struct mr_instrument *instrument,
                                const struct mr_signal_input *in, struct mr_signal *out, uint32_t out_max)
{
    MR_ASSERT(out_max >= MR_SIGNAL_OUT_MAX);
    struct check k;
    switch (ev->kind) {
    case MR_EVENT_LIQUIDATION:
        if (mr_unlikely(ev->flags & MR_FLAG_SECONDARY)) {
            MR_COUNT(s->metrics, secondary, 1);
            return 0;
        }
        open_check(&k, s, in, in->engine_ns);
        k.ev = ev;
        k.out = out;
        take_scores(&k);
        if (s->config.use_structure)
            step_cascade(&k, ev->aux, instrument->venue);
        mr_signal_market_price(s, ev, instrument);
        return k.count;
    case MR_EVENT_OPEN_INTEREST:
    case MR_EVENT_FUNDING:
        open_check(&k, s, in, in->engine_ns);
        mr_signal_market_apply(s, ev, instrument, (uint32_t)(k.u - s->under), k.now);
        return 0;
    case MR_EVENT_MARK:
        mr_signal_market_price(s, ev, instrument);
        return 0;
    default:
        return 0;
    }
}

uint32_t mr_signal_tick(struct mr_signals *s, int64_t tick_ns, const struct mr_signal_input *in, struct mr_signal *out,
                        uint32_t out_max)
{
    MR_ASSERT(out_max >= MR_SIGNAL_OUT_MAX);
    struct check k;
    open_check(&k, s, in, tick_ns);
    k.ev = NULL;
    k.out = out;
    if (k.now >= k.u->market_due_ns)
        mr_signal_market_refresh(s, (uint32_t)(k.u - s->under), k.now);
    take_scores(&k);
    return k.count;
}

enum mr_signal_level mr_signal_level_now(const struct mr_signals *s, uint16_t underlying)
{
    uint32_t slot = underlying < s->underlyings_max ? s->slot_of_underlying[underlying] : MR_SIGNAL_NO_SLOT;
    return slot == MR_SIGNAL_NO_SLOT ? MR_LEVEL_NONE : (enum mr_signal_level)s->under[slot].level;
}

bool mr_signal_oi_change(const struct mr_signals *s, uint16_t underlying, double *change)
{
    uint32_t slot = underlying < s->underlyings_max ? s->slot_of_underlying[underlying] : MR_SIGNAL_NO_SLOT;
    if (slot == MR_SIGNAL_NO_SLOT || !s->under[slot].market.has_oi)
        return false;
    *change = s->under[slot].market.oi_change;
    return true;
}

bool mr_signal_funding(const struct mr_signals *s, uint16_t underlying, double *rate)
{
    uint32_t slot = underlying < s->underlyings_max ? s->slot_of_underlying[underlying] : MR_SIGNAL_NO_SLOT;
    if (slot == MR_SIGNAL_NO_SLOT || !s->under[slot].market.has_funding)
        return false;
    *rate = s->under[slot].market.funding;
    return true;
}
