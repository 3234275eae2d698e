#include "codecs/venue/venue.h"
#include "engines/velocity/velocity_priv.h"

MR_METRICS_DEFINE(mr_velocity, MR_VELOCITY_METRICS);

static const uint32_t own_ms[OWN_WINDOWS] = {[OWN_SHARE] = 5000, [OWN_RECENT] = 10000, [OWN_MINUTE] = 60000};

static uint32_t or_default(uint32_t value, uint32_t otherwise) { return value ? value : otherwise; }

static uint32_t longest_ms(const struct mr_velocity_config *config)
{
    uint32_t longest = or_default(config->slope_ms, own_ms[OWN_MINUTE]);
    longest = longest > own_ms[OWN_MINUTE] ? longest : own_ms[OWN_MINUTE];
    for (uint32_t i = 0; i < MR_VELOCITY_WINDOWS_MAX && config->windows_ms[i]; i++)
        longest = config->windows_ms[i] > longest ? config->windows_ms[i] : longest;
    return longest;
}

static struct mr_velocity_config filled(const struct mr_velocity_config *given)
{
    static const uint32_t windows[] = {100, 500, 2000, 10000, 60000};
    struct mr_velocity_config config = *given;
    config.venue_streams = or_default(config.venue_streams, config.instruments);
    config.kind = (uint8_t)or_default(config.kind, MR_EVENT_LIQUIDATION);
    if (config.windows_ms[0] == 0)
        memcpy(config.windows_ms, windows, sizeof(windows));
    config.slope_ms = or_default(config.slope_ms, 10000);
    bool longer = longest_ms(&config) > own_ms[OWN_MINUTE];
    config.instrument_events = or_default(config.instrument_events, longer ? 2048 : 4096);
    config.venue_events = or_default(config.venue_events, 2048);
    config.underlying_events = or_default(config.underlying_events, longer ? 4096 : 8192);
    config.levels = or_default(config.levels, 256);
    config.level_ppm = or_default(config.level_ppm, 1000);
    if (config.steps[0].step == 0)
        config.steps[0] = (struct mr_velocity_step){.base = "BTC", .step = 10000000000};
    for (uint32_t i = 0; i < MR_VENUES_MAX; i++) {
        bool capped = config.kind == MR_EVENT_LIQUIDATION && (i == MR_VENUE_binance || i == MR_VENUE_okx);
        config.ceiling_per_s[i] = or_default(config.ceiling_per_s[i], capped ? 1 : NONE);
    }
    MR_ASSERT(config.instruments > 0 && config.underlyings > 0 && config.levels <= 4096);
    return config;
}

/* The user's windows first, then the engine's own, each once. `own` gets the indexes of those. */
static struct mr_window_config windows_of(const struct mr_velocity_config *config, uint32_t events, uint32_t *own)
{
    struct mr_window_config windows = {.events = events};
    uint32_t n = 0;
    while (n < MR_VELOCITY_WINDOWS_MAX && config->windows_ms[n]) {
        windows.windows_ms[n] = config->windows_ms[n];
        n++;
    }
    for (uint32_t i = 0; i < OWN_WINDOWS; i++) {
        uint32_t ms = i == OWN_SLOPE ? config->slope_ms : own_ms[i], at = 0;
        while (at < n && windows.windows_ms[at] != ms)
            at++;
        windows.windows_ms[at] = ms;
        n += at == n;
        own[i] = at;
    }
    return windows;
}
static_assert(MR_VELOCITY_WINDOWS_MAX + OWN_WINDOWS <= MR_WINDOWS_MAX, "every window has a cursor");

static size_t aligned(size_t bytes) { return (bytes + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES; }

/* The memory in the order it lies; `base` NULL: sizes only. */
struct layout {
    uint8_t *base;
    size_t used;
};

static void *take(struct layout *layout, size_t bytes)
{
    void *at = layout->base ? layout->base + layout->used : NULL;
    layout->used += aligned(bytes);
    return at;
}

static void lay_stream(struct layout *layout, const struct mr_velocity_config *config, uint32_t events,
                       struct stream *out)
{
    uint32_t own[OWN_WINDOWS];
    struct mr_window_config windows = windows_of(config, events, own);
    void *window = take(layout, mr_window_bytes(&windows));
    struct mr_peak_entry *busiest = take(layout, BUSIEST_ENTRIES * sizeof(*busiest));
    struct mr_peak_entry *batch = take(layout, BATCH_ENTRIES * sizeof(*batch));
    if (!layout->base)
        return;
    *out = (struct stream){.last_ns = INT64_MIN, .caution_ns = INT64_MIN};
    out->window = mr_window_init(window, &windows);
    mr_peak_init(&out->busiest, busiest, BUSIEST_ENTRIES);
    mr_peak_init(&out->batch, batch, BATCH_ENTRIES);
}

static uint32_t streams_of(const struct mr_velocity_config *config)
{
    return config->instruments + config->underlyings + config->venue_streams;
}

static struct mr_velocity *lay(struct layout *layout, const struct mr_velocity_config *config)
{
    uint32_t streams = streams_of(config);
    struct mr_velocity *v = take(layout, sizeof(*v));
    struct stream *stream = take(layout, streams * sizeof(*stream));
    struct owner *owner = take(layout, config->instruments * sizeof(*owner));
    struct underlying *underlying = take(layout, config->underlyings * sizeof(*underlying));
    uint32_t *active = take(layout, streams * sizeof(*active));
    if (v)
        *v = (struct mr_velocity){.stream = stream, .owner = owner, .underlying = underlying, .active = active};
    for (uint32_t i = 0; i < streams; i++) {
        uint32_t events = i < config->instruments                         ? config->instrument_events
                          : i < config->instruments + config->underlyings ? config->underlying_events
                                                                          : config->venue_events;
        lay_stream(layout, config, events, v ? &stream[i] : NULL);
    }
    for (uint32_t i = 0; i < config->underlyings; i++) {
        struct mr_velocity_level *level = take(layout, config->levels * sizeof(*level));
        if (!v)
            continue;
        underlying[i] = (struct underlying){.stream = config->instruments + i, .level = level};
        for (uint32_t k = 0; k < MR_VELOCITY_BUCKETS; k++)
            underlying[i].bucket[k].start_ns = INT64_MIN;
    }
    return v;
}

size_t mr_velocity_bytes(const struct mr_velocity_config *given)
{
    struct mr_velocity_config config = filled(given);
    struct layout layout = {0};
    lay(&layout, &config);
    return layout.used;
}

struct mr_velocity *mr_velocity_init(void *mem, const struct mr_velocity_config *given)
{
    struct mr_velocity_config config = filled(given);
    struct layout layout = {.base = mem};
    struct mr_velocity *v = lay(&layout, &config);
    v->config = config;
    v->metrics = config.metrics ? config.metrics : &v->own_metrics;
    v->now_ns = v->grid_ns = v->start_ns = INT64_MIN;
    v->longest_ns = (int64_t)longest_ms(&config) * 1000000;
    v->streams = streams_of(&config);
    windows_of(&config, config.instrument_events, v->own);
    while (v->windows < MR_VELOCITY_WINDOWS_MAX && config.windows_ms[v->windows])
        v->windows++;
    for (uint32_t i = 0; i < config.instruments; i++)
        v->owner[i] = (struct owner){.underlying = NONE, .part = NONE, .ceiling = NONE};
    return v;
}
