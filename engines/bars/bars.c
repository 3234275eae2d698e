#include "engines/bars/bars.h"

#include "engines/window/grid.h"

#define KEEP_DEFAULT 64u

/* A timeframe of an instrument: the open bar and the ring of closed ones. */
struct series {
    struct mr_bar open;
    uint32_t count, next; /* closed ones kept; where the next one goes */
};

/* An instrument that traded. */
struct tape {
    int64_t last;
    int8_t price_scale, size_scale;
    bool traded;
};

struct mr_bars {
    struct mr_bars_config config;
    int64_t now_ns;
    uint32_t timeframes;
    int64_t interval_ns[MR_BARS_TIMEFRAMES_MAX];
    int64_t end_ns[MR_BARS_TIMEFRAMES_MAX]; /* of the bars open now: one for all instruments */
    int64_t next_end_ns;                    /* the earliest of them */
    struct tape *tape;                      /* [instrument] */
    struct series *series;                  /* [instrument][timeframe] */
    struct mr_bar *closed;                  /* [instrument][timeframe][keep] */
};

void mr_bar_begin(struct mr_bar *bar, int64_t open_ns, int64_t interval_ns, int64_t price)
{
    *bar = (struct mr_bar){.open_ns = open_ns,
                           .interval_ns = interval_ns,
                           .open = price,
                           .high = price,
                           .low = price,
                           .close = price,
                           .flags = MR_BAR_EMPTY};
}

static void add_saturating(int64_t *sum, int64_t value, uint32_t *flags)
{
    if (mr_unlikely(__builtin_add_overflow(*sum, value, sum))) {
        *sum = value < 0 ? INT64_MIN : INT64_MAX;
        *flags |= MR_BAR_SATURATED;
    }
}

void mr_bar_trade(struct mr_bar *bar, int64_t price, int64_t size, int64_t notional_micro, bool sell)
{
    if (bar->flags & MR_BAR_EMPTY) {
        bar->flags &= ~(uint32_t)MR_BAR_EMPTY;
        bar->open = bar->high = bar->low = price;
    }
    bar->high = price > bar->high ? price : bar->high;
    bar->low = price < bar->low ? price : bar->low;
    bar->close = price;
    bar->trades++;
    add_saturating(&bar->volume, size, &bar->flags);
    add_saturating(&bar->notional_micro, notional_micro, &bar->flags);
    if (!sell)
        add_saturating(&bar->buy_volume, size, &bar->flags);
}

static struct series *series_of(const struct mr_bars *bars, uint32_t instrument, uint32_t timeframe)
{
    return &bars->series[instrument * bars->timeframes + timeframe];
}

static struct mr_bar *kept(const struct mr_bars *bars, uint32_t instrument, uint32_t timeframe, uint32_t at)
{
    return &bars->closed[((size_t)instrument * bars->timeframes + timeframe) * bars->config.keep + at];
}

/* Flat at the last price; scales as they are now. */
static void begin(const struct mr_bars *bars, uint32_t instrument, uint32_t timeframe, int64_t open_ns, uint32_t flags)
{
    const struct tape *tape = &bars->tape[instrument];
    struct mr_bar *bar = &series_of(bars, instrument, timeframe)->open;
    mr_bar_begin(bar, open_ns, bars->interval_ns[timeframe], tape->last);
    bar->flags |= flags;
    bar->price_scale = tape->price_scale;
    bar->size_scale = tape->size_scale;
}

static void close_one(struct mr_bars *bars, uint32_t instrument, uint32_t timeframe)
{
    struct series *series = series_of(bars, instrument, timeframe);
    *kept(bars, instrument, timeframe, series->next) = series->open;
    series->next = series->next + 1 < bars->config.keep ? series->next + 1 : 0;
    series->count += series->count < bars->config.keep;
    if (bars->config.closed)
        bars->config.closed(bars->config.arg, instrument, timeframe, &series->open);
}

/* Closes the bars of one timeframe that end now, and opens the next ones. */
static void close_all(struct mr_bars *bars, uint32_t timeframe, uint32_t flags)
{
    int64_t end_ns = bars->end_ns[timeframe];
    for (uint32_t i = 0; i < bars->config.instruments; i++) {
        if (!bars->tape[i].traded)
            continue;
        close_one(bars, i, timeframe);
        begin(bars, i, timeframe, end_ns, flags);
    }
    bars->end_ns[timeframe] = end_ns + bars->interval_ns[timeframe];
}

/* So many bars of this timeframe end by `now_ns` that all kept ones would be flat: leaves out the first of them. */
static MR_COLD void jump(struct mr_bars *bars, uint32_t timeframe, int64_t now_ns)
{
    int64_t interval_ns = bars->interval_ns[timeframe];
    close_all(bars, timeframe, 0);
    int64_t resume_ns = mr_grid_floor(now_ns, interval_ns) - (int64_t)bars->config.keep * interval_ns;
    bars->end_ns[timeframe] = resume_ns + interval_ns;
    for (uint32_t i = 0; i < bars->config.instruments; i++)
        if (bars->tape[i].traded)
            begin(bars, i, timeframe, resume_ns, MR_BAR_GAP);
}

static int64_t earliest_end(const struct mr_bars *bars)
{
    int64_t end_ns = INT64_MAX;
    for (uint32_t t = 0; t < bars->timeframes; t++)
        end_ns = bars->end_ns[t] < end_ns ? bars->end_ns[t] : end_ns;
    return end_ns;
}

static MR_COLD void start(struct mr_bars *bars, int64_t now_ns)
{
    for (uint32_t t = 0; t < bars->timeframes; t++)
        bars->end_ns[t] = mr_grid_floor(now_ns, bars->interval_ns[t]) + bars->interval_ns[t];
    bars->next_end_ns = earliest_end(bars);
}

/* Everything that ends at or before now: by end time, then timeframe, then instrument. */
static void close_due(struct mr_bars *bars, int64_t now_ns)
{
    for (uint32_t t = 0; t < bars->timeframes; t++)
        if (now_ns - bars->end_ns[t] > (int64_t)(bars->config.keep + 1) * bars->interval_ns[t])
            jump(bars, t, now_ns);
    for (bars->next_end_ns = earliest_end(bars); bars->next_end_ns <= now_ns; bars->next_end_ns = earliest_end(bars))
        for (uint32_t t = 0; t < bars->timeframes; t++)
            if (bars->end_ns[t] == bars->next_end_ns)
                close_all(bars, t, 0);
}

void mr_bars_tick(struct mr_bars *bars, int64_t tick_ns)
{
    if (mr_unlikely(bars->now_ns == INT64_MIN))
        start(bars, tick_ns);
    if (tick_ns < bars->now_ns)
        return;
    bars->now_ns = tick_ns;
    if (mr_unlikely(tick_ns >= bars->next_end_ns))
        close_due(bars, tick_ns);
}

/* The first trade, or the first one in new scales: open bars begin here. */
static MR_COLD void rebase(struct mr_bars *bars, const struct mr_instrument *instrument, int64_t price)
{
    struct tape *tape = &bars->tape[instrument->id];
    uint32_t flags = tape->traded ? MR_BAR_RESCALED : MR_BAR_PARTIAL;
    *tape = (struct tape){price, instrument->price_scale, instrument->size_scale, true};
    for (uint32_t t = 0; t < bars->timeframes; t++)
        begin(bars, instrument->id, t, bars->end_ns[t] - bars->interval_ns[t], flags);
}

void mr_bars_apply(struct mr_bars *bars, const struct mr_event *ev, const struct mr_instrument *instrument)
{
    if (ev->kind != MR_EVENT_TRADE || (ev->flags & (MR_FLAG_SECONDARY | MR_FLAG_SNAPSHOT)) ||
        instrument->id >= bars->config.instruments || ev->price <= 0)
        return;
    mr_bars_tick(bars, ev->recv_ns);
    struct tape *tape = &bars->tape[instrument->id];
    if (mr_unlikely(!tape->traded || tape->price_scale != instrument->price_scale ||
                    tape->size_scale != instrument->size_scale))
        rebase(bars, instrument, ev->price);
    tape->last = ev->price;
    for (uint32_t t = 0; t < bars->timeframes; t++)
        mr_bar_trade(&series_of(bars, instrument->id, t)->open, ev->price, ev->size, ev->aux, ev->flags & MR_FLAG_SELL);
}

bool mr_bars_get(const struct mr_bars *bars, uint32_t instrument, uint32_t timeframe, uint32_t ago, struct mr_bar *out)
{
    if (instrument >= bars->config.instruments || timeframe >= bars->timeframes)
        return false;
    const struct series *series = series_of(bars, instrument, timeframe);
    if (ago >= series->count)
        return false;
    *out = *kept(bars, instrument, timeframe, (series->next + bars->config.keep - 1 - ago) % bars->config.keep);
    return true;
}

bool mr_bars_open(const struct mr_bars *bars, uint32_t instrument, uint32_t timeframe, struct mr_bar *out)
{
    if (instrument >= bars->config.instruments || timeframe >= bars->timeframes || !bars->tape[instrument].traded)
        return false;
    *out = series_of(bars, instrument, timeframe)->open;
    return true;
}

int64_t mr_bars_last(const struct mr_bars *bars, uint32_t instrument)
{
    return instrument < bars->config.instruments ? bars->tape[instrument].last : 0;
}

static struct mr_bars_config filled(const struct mr_bars_config *given)
{
    static const uint32_t usual[] = {1000, 60000, 300000, 900000, 3600000};
    struct mr_bars_config config = *given;
    if (config.timeframes_ms[0] == 0)
        memcpy(config.timeframes_ms, usual, sizeof(usual));
    config.keep = config.keep ? config.keep : KEEP_DEFAULT;
    MR_ASSERT(config.instruments > 0);
    return config;
}

static uint32_t timeframes(const struct mr_bars_config *config)
{
    uint32_t n = 0;
    for (; n < MR_BARS_TIMEFRAMES_MAX && config->timeframes_ms[n]; n++)
        MR_ASSERT(config->timeframes_ms[n] % 100 == 0);
    return n;
}

size_t mr_bars_bytes(const struct mr_bars_config *given)
{
    struct mr_bars_config config = filled(given);
    size_t all = (size_t)config.instruments * timeframes(&config);
    return sizeof(struct mr_bars) + config.instruments * sizeof(struct tape) + all * sizeof(struct series) +
           all * config.keep * sizeof(struct mr_bar);
}

struct mr_bars *mr_bars_init(void *mem, const struct mr_bars_config *given)
{
    struct mr_bars *bars = mem;
    *bars = (struct mr_bars){.config = filled(given), .now_ns = INT64_MIN};
    bars->timeframes = timeframes(&bars->config);
    for (uint32_t t = 0; t < bars->timeframes; t++)
        bars->interval_ns[t] = (int64_t)bars->config.timeframes_ms[t] * 1000000;
    size_t all = (size_t)bars->config.instruments * bars->timeframes;
    bars->series = (struct series *)(bars + 1);
    bars->closed = (struct mr_bar *)(bars->series + all);
    bars->tape = (struct tape *)(bars->closed + all * bars->config.keep);
    memset(bars->series, 0, all * sizeof(*bars->series));
    memset(bars->tape, 0, bars->config.instruments * sizeof(*bars->tape));
    return bars;
}
