#include "codecs/venue/venue.h"
#include "dataplane/mem/arena.h"
#include "engines/pipeline/pipeline_priv.h"

MR_METRICS_DEFINE(mr_pipeline, MR_PIPELINE_METRICS);

void mr_pipeline_config_default(struct mr_pipeline_config *c, struct mr_instruments *instruments,
                                uint32_t instruments_max)
{
    *c = (struct mr_pipeline_config){.instruments = instruments,
                                     .instruments_max = instruments_max,
                                     .underlyings_max = instruments_max,
                                     .books_max = 16,
                                     .book_depth = 8192,
                                     .crossed = MR_BOOK_FLAG};
    c->volatility.instrument = MR_VOLATILITY_FROM_REFERENCE;
    mr_signal_config_default(&c->signal);
}

/* The engines' own configurations, with the sizes that the pipeline's plan fixes. */
static struct mr_velocity_config velocity_config(const struct mr_pipeline_config *c, enum mr_event_kind kind)
{
    struct mr_velocity_config v = c->velocity;
    v.kind = (uint8_t)kind;
    v.instruments = c->instruments_max;
    v.underlyings = c->underlyings_max;
    return v;
}

static struct mr_bars_config bars_config(const struct mr_pipeline_config *c)
{
    return (struct mr_bars_config){.instruments = c->instruments_max};
}

static struct mr_signal_config signal_config(const struct mr_pipeline_config *c)
{
    struct mr_signal_config s = c->signal;
    s.instruments_max = c->instruments_max;
    return s;
}

static size_t rounded(size_t bytes) { return (bytes + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES; }

size_t mr_pipeline_bytes(const struct mr_pipeline_config *c)
{
    const struct mr_velocity_config velocity = velocity_config(c, MR_EVENT_LIQUIDATION),
                                    flow = velocity_config(c, MR_EVENT_TRADE);
    const struct mr_bars_config bars = bars_config(c);
    const struct mr_signal_config signal = signal_config(c);
    return rounded(sizeof(struct mr_pipeline)) + rounded(c->instruments_max * sizeof(struct mr_book *)) +
           rounded(c->instruments_max * sizeof(uint32_t)) +
           rounded(c->instruments_max * sizeof(struct mr_pipeline_top)) +
           rounded(c->instruments_max * sizeof(struct mr_pipeline_marks)) + rounded(c->underlyings_max * sizeof(bool)) +
           rounded(mr_book_bytes(c->book_depth)) * c->books_max + rounded(mr_bars_bytes(&bars)) +
           rounded(mr_velocity_bytes(&velocity)) + (c->trade_flow ? rounded(mr_velocity_bytes(&flow)) : 0) +
           rounded(mr_volatility_bytes(&c->volatility)) + rounded(mr_signal_bytes(&signal, c->underlyings_max)) +
           16 * MR_LINE_BYTES;
}

struct mr_pipeline *mr_pipeline_init(void *mem, const struct mr_pipeline_config *config,
                                     const struct mr_pipeline_metric_blocks *metrics)
{
    struct mr_arena arena;
    mr_arena_in(&arena, mem, mr_pipeline_bytes(config));
    struct mr_pipeline *p = MR_CUT(&arena, struct mr_pipeline, 1);
    p->config = *config;
    p->metrics = *metrics;
    p->now_ns = INT64_MIN;
    p->books = MR_CUT(&arena, struct mr_book *, config->instruments_max);
    p->book_generation = MR_CUT(&arena, uint32_t, config->instruments_max);
    p->tops = MR_CUT(&arena, struct mr_pipeline_top, config->instruments_max);
    p->marks = MR_CUT(&arena, struct mr_pipeline_marks, config->instruments_max);
    p->active = MR_CUT(&arena, bool, config->underlyings_max);
    p->book_bytes = rounded(mr_book_bytes(config->book_depth));
    p->book_pool = mr_arena_cut(&arena, p->book_bytes * config->books_max, MR_LINE_BYTES);

    struct mr_bars_config bars = bars_config(config);
    p->bars = mr_bars_init(mr_arena_cut(&arena, mr_bars_bytes(&bars), MR_LINE_BYTES), &bars);
    struct mr_velocity_config velocity = velocity_config(config, MR_EVENT_LIQUIDATION);
    velocity.metrics = metrics->velocity;
    p->velocity = mr_velocity_init(mr_arena_cut(&arena, mr_velocity_bytes(&velocity), MR_LINE_BYTES), &velocity);
    if (config->trade_flow) {
        struct mr_velocity_config flow = velocity_config(config, MR_EVENT_TRADE);
        flow.metrics = metrics->flow;
        p->flow = mr_velocity_init(mr_arena_cut(&arena, mr_velocity_bytes(&flow), MR_LINE_BYTES), &flow);
    }
    p->volatility = mr_volatility_init(mr_arena_cut(&arena, mr_volatility_bytes(&config->volatility), MR_LINE_BYTES),
                                       &config->volatility);
    struct mr_signal_config signal = signal_config(config);
    p->signals = mr_signal_init(mr_arena_cut(&arena, mr_signal_bytes(&signal, config->underlyings_max), MR_LINE_BYTES),
                                &signal, config->underlyings_max, metrics->signal);
    return p;
}

/* Binance's images come by REST with a limit; what lies beyond is unknown until it changes. */
static bool image_is_cut(const struct mr_instrument *instrument)
{
    const struct mr_venue *venue = mr_venue_by_id(instrument->venue);
    if (!venue)
        return false;
    uint8_t sequencing = venue->products[instrument->product].sequencing;
    return sequencing == MR_SEQ_FIRST_FINAL || sequencing == MR_SEQ_FIRST_FINAL_PREV;
}

struct mr_book *mr_pipeline_book_for(struct mr_pipeline *p, const struct mr_instrument *instrument)
{
    struct mr_book **book = &p->books[instrument->id];
    bool fresh = !*book && p->books_used < p->config.books_max;
    if (!fresh && (!*book || p->book_generation[instrument->id] == instrument->generation))
        return *book;
    if (!fresh && mr_book_fits(*book, instrument)) { /* another tick, the same scales: it goes on */
        p->book_generation[instrument->id] = instrument->generation;
        return *book;
    }
    void *mem = fresh ? p->book_pool + p->book_bytes * p->books_used++ : (void *)*book;
    *book = mr_book_init(mem, p->config.book_depth, instrument, p->metrics.book);
    mr_book_policy_set(*book, p->config.crossed);
    mr_book_image_cut_set(*book, image_is_cut(instrument));
    p->book_generation[instrument->id] = instrument->generation;
    return *book;
}

int64_t mr_pipeline_time(const struct mr_pipeline *p) { return p->now_ns; }

const struct mr_book *mr_pipeline_book(const struct mr_pipeline *p, uint32_t instrument)
{
    return instrument < p->config.instruments_max ? p->books[instrument] : NULL;
}

const struct mr_pipeline_top *mr_pipeline_top(const struct mr_pipeline *p, uint32_t instrument)
{
    return instrument < p->config.instruments_max ? &p->tops[instrument] : NULL;
}

const struct mr_pipeline_marks *mr_pipeline_marks(const struct mr_pipeline *p, uint32_t instrument)
{
    return instrument < p->config.instruments_max ? &p->marks[instrument] : NULL;
}

struct mr_velocity *mr_pipeline_velocity(struct mr_pipeline *p) { return p->velocity; }

struct mr_velocity *mr_pipeline_flow(struct mr_pipeline *p) { return p->flow; }

struct mr_volatility *mr_pipeline_volatility(struct mr_pipeline *p) { return p->volatility; }

const struct mr_bars *mr_pipeline_bars(const struct mr_pipeline *p) { return p->bars; }

struct mr_signals *mr_pipeline_signals(struct mr_pipeline *p) { return p->signals; }
