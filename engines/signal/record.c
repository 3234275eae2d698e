/* A record's canonical bytes, and its two readable forms: cold. */
#include "engines/signal/signal_priv.h"
#include "engines/volatility/volatility.h"

struct bytes {
    uint8_t *out;
    uint32_t len;
};

static void put(struct bytes *b, const void *data, size_t len)
{
    MR_ASSERT(b->len + len <= MR_SIGNAL_CANONICAL_BYTES);
    memcpy(b->out + b->len, data, len);
    b->len += (uint32_t)len;
}

static void put_u64(struct bytes *b, uint64_t value)
{
    put(b, &value, sizeof value); /* little endian, the only order we build for */
}

static void put_i64(struct bytes *b, int64_t value) { put_u64(b, (uint64_t)value); }

static void put_u8(struct bytes *b, uint8_t value) { put(b, &value, 1); }

/* The bits; -0 is written as 0, because the two are equal. */
static void put_doubles(struct bytes *b, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double value = values[i] == 0 ? 0 : values[i];
        put(b, &value, sizeof value);
    }
}

static void put_name(struct bytes *b, const char *name, size_t max)
{
    size_t len = strnlen(name, max);
    put_u8(b, (uint8_t)len);
    put(b, name, len);
}

uint32_t mr_signal_canonical(const struct mr_signal *signal, const struct mr_instrument *made_by,
                             uint8_t out[MR_SIGNAL_CANONICAL_BYTES])
{
    struct bytes b = {out, 0};
    put_u8(&b, signal->kind);
    put_name(&b, signal->underlying_name, sizeof signal->underlying_name);
    put_u8(&b, made_by ? made_by->venue : 0);
    put_u8(&b, made_by ? made_by->product : 0);
    put_name(&b, made_by ? made_by->symbol : "", made_by ? made_by->symbol_len : 0);
    put_i64(&b, signal->engine_ns);
    put_i64(&b, signal->venue_ns);
    const uint8_t small[] = {signal->level, signal->level_before, signal->level_raw,     signal->cause,
                             signal->rules, signal->regime,       signal->regime_before, signal->leading_venue};
    put(&b, small, sizeof small);
    put_u64(&b, signal->flags);
    struct mr_decimal btc = mr_decimal_normal((struct mr_decimal){signal->btc_price, -8});
    put_i64(&b, btc.mantissa);
    put_u8(&b, (uint8_t)btc.exponent);
    const double scores[] = {signal->probability,    signal->probability_base, signal->confidence,
                             signal->score100,       signal->multiplier,       signal->correlation,
                             signal->velocity_scale, signal->mean_event_usd,   signal->count_60s};
    put_doubles(&b, scores, MR_COUNT_OF(scores));
    put_doubles(&b, signal->component, MR_COMPONENT_COUNT);
    put_doubles(&b, signal->component100, MR_COMPONENT100_COUNT);
    put_doubles(&b, signal->velocity_per_s, MR_SIGNAL_WINDOWS);
    put_doubles(&b, signal->notional_usd_per_s, MR_SIGNAL_WINDOWS);
    const double raw[] = {signal->acceleration, signal->jerk,   signal->oi_change_1m,
                          signal->funding,      signal->vol_5m, signal->clustering};
    put_doubles(&b, raw, MR_COUNT_OF(raw));
    put_i64(&b, signal->cascade_start_ns);
    put_i64(&b, signal->cascade_last_ns);
    put_i64(&b, signal->cascade_end_ns);
    put_u64(&b, signal->cascade_count);
    put_i64(&b, signal->cascade_micro_usd);
    put_doubles(&b, &signal->cascade_peak_per_s, 1);
    put_u64(&b, signal->cascade_venues);
    return b.len;
}

static const struct {
    uint32_t flag;
    const char *name;
} flag_names[] = {
    {MR_SIGNAL_WARMING, "warming"},
    {MR_SIGNAL_SATURATED, "saturated"},
    {MR_SIGNAL_BATCHED, "batched"},
    {MR_SIGNAL_MISSING_OI, "no_open_interest"},
    {MR_SIGNAL_MISSING_FUNDING, "no_funding"},
    {MR_SIGNAL_NAN, "not_finite"},
    {MR_SIGNAL_CROSS_VENUE, "cross_venue"},
    {MR_SIGNAL_STALE_BOOK, "stale_book"},
    {MR_SIGNAL_MISSING_VOLATILITY, "no_volatility"},
    {MR_SIGNAL_LIFTED, "lifted"},
    {MR_SIGNAL_LIFT_CAPPED, "lift_capped"},
    {MR_SIGNAL_REPEAT, "repeat"},
    {MR_SIGNAL_NO_CORRELATION, "no_correlation"},
    {MR_SIGNAL_WINDOW_FULL, "window_full"},
};

void mr_signal_text(struct mr_text *text, const struct mr_signal *signal)
{
    mr_text_time(text, signal->engine_ns);
    mr_text_format(text, " %-14s %.16s ", mr_signal_kind_name(signal->kind), signal->underlying_name);
    if (signal->kind == MR_SIGNAL_LEVEL)
        mr_text_format(text, "%s -> %s (%s) ", mr_level_name(signal->level_before), mr_level_name(signal->level),
                       mr_signal_cause_name(signal->cause));
    mr_text_format(text, "%.64s", signal->words);
    for (size_t i = 0; i < MR_COUNT_OF(flag_names); i++)
        if (signal->flags & flag_names[i].flag)
            mr_text_format(text, " [%s]", flag_names[i].name);
}

static void json_doubles(struct mr_json_out *json, const char *key, const double *values, int count)
{
    mr_json_out_array(json, key);
    for (int i = 0; i < count; i++)
        mr_json_out_double(json, NULL, values[i]);
    mr_json_out_end(json);
}

static void json_named(struct mr_json_out *json, const char *key, const double *values, unsigned count,
                       const char *(*name)(unsigned))
{
    mr_json_out_object(json, key);
    for (unsigned i = 0; i < count; i++)
        mr_json_out_double(json, name(i), values[i]);
    mr_json_out_end(json);
}

static void json_cascade(struct mr_json_out *json, const struct mr_signal *signal)
{
    char id[17];
    struct mr_text text;
    mr_text_init(&text, id, sizeof id);
    mr_text_format(&text, "%016llx", (unsigned long long)signal->cascade_id);
    mr_json_out_object(json, "cascade");
    mr_json_out_string(json, "id", id);
    mr_json_out_i64(json, "start_ns", signal->cascade_start_ns);
    mr_json_out_i64(json, "last_ns", signal->cascade_last_ns);
    if (signal->cascade_end_ns)
        mr_json_out_i64(json, "end_ns", signal->cascade_end_ns);
    else
        mr_json_out_null(json, "end_ns");
    mr_json_out_u64(json, "count", signal->cascade_count);
    mr_json_out_decimal(json, "usd", signal->cascade_micro_usd, 6);
    mr_json_out_double(json, "peak_per_s", signal->cascade_peak_per_s);
    mr_json_out_u64(json, "venues", signal->cascade_venues);
    mr_json_out_end(json);
}

void mr_signal_json(struct mr_json_out *json, const char *key, const struct mr_signal *signal)
{
    struct mr_span name = {(const uint8_t *)signal->underlying_name,
                           (uint32_t)strnlen(signal->underlying_name, sizeof signal->underlying_name)};
    struct mr_span words = {(const uint8_t *)signal->words, (uint32_t)strnlen(signal->words, sizeof signal->words)};
    mr_json_out_object(json, key);
    mr_json_out_string(json, "kind", mr_signal_kind_name(signal->kind));
    mr_json_out_span(json, "underlying", name);
    mr_json_out_u64(json, "seq", signal->seq);
    mr_json_out_i64(json, "engine_ns", signal->engine_ns);
    mr_json_out_i64(json, "recv_ns", signal->recv_ns);
    mr_json_out_i64(json, "venue_ns", signal->venue_ns);
    mr_json_out_i64(json, "latency_ns", signal->emitted_tsc_delta_ns);
    mr_json_out_string(json, "level", mr_level_name(signal->level));
    mr_json_out_string(json, "level_before", mr_level_name(signal->level_before));
    mr_json_out_string(json, "level_raw", mr_level_name(signal->level_raw));
    mr_json_out_string(json, "cause", mr_signal_cause_name(signal->cause));
    mr_json_out_string(json, "regime", mr_regime_name(signal->regime));
    mr_json_out_double(json, "probability", signal->probability);
    mr_json_out_double(json, "probability_base", signal->probability_base);
    mr_json_out_double(json, "score100", signal->score100);
    mr_json_out_double(json, "confidence", signal->confidence);
    mr_json_out_double(json, "multiplier", signal->multiplier);
    mr_json_out_double(json, "correlation", signal->correlation);
    mr_json_out_decimal(json, "btc_price", signal->btc_price, 8);
    mr_json_out_u64(json, "leading_venue", signal->leading_venue);
    json_named(json, "components", signal->component, MR_COMPONENT_COUNT, mr_component_name);
    json_named(json, "components100", signal->component100, MR_COMPONENT100_COUNT, mr_component100_name);
    json_doubles(json, "velocity_per_s", signal->velocity_per_s, MR_SIGNAL_WINDOWS);
    json_doubles(json, "notional_usd_per_s", signal->notional_usd_per_s, MR_SIGNAL_WINDOWS);
    mr_json_out_double(json, "acceleration", signal->acceleration);
    mr_json_out_double(json, "jerk", signal->jerk);
    mr_json_out_double(json, "oi_change_1m", signal->oi_change_1m);
    mr_json_out_double(json, "funding", signal->funding);
    mr_json_out_double(json, "vol_5m", signal->vol_5m);
    mr_json_out_double(json, "clustering", signal->clustering);
    mr_json_out_double(json, "mean_event_usd", signal->mean_event_usd);
    mr_json_out_double(json, "count_60s", signal->count_60s);
    if (signal->cascade_id)
        json_cascade(json, signal);
    mr_json_out_array(json, "flags");
    for (size_t i = 0; i < MR_COUNT_OF(flag_names); i++)
        if (signal->flags & flag_names[i].flag)
            mr_json_out_string(json, NULL, flag_names[i].name);
    mr_json_out_end(json);
    mr_json_out_span(json, "words", words);
    mr_json_out_end(json);
}
