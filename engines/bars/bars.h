/* Candles of any timeframe from trades.
 *
 * A bar covers [open_ns, open_ns + interval) of engine time, aligned to multiples of its interval since 1970. It closes
 * when engine time reaches its end: by a tick, or by a trade that lies beyond it, whichever comes first; a trade
 * exactly at the end opens the next bar. A bar with no trade is flat at the last price, volume 0, flagged EMPTY, so
 * that indicators see a regular grid; there is none before an instrument's first trade.
 *
 * Exact     prices, sizes, volumes are integers in the instrument's scales. A volume beyond int64 stays at the bound,
 *           flagged.
 * Closed bars go to config.closed, in the order: end time (but around a GAP), then timeframe as configured, then
 * instrument; and into a ring of
 *           `keep` bars for each timeframe, read by mr_bars_get.
 * Silence   after a silence of more than `keep` bars only the last `keep` flat ones are made; the first of them is
 *           flagged GAP. So catching up costs at most keep x timeframes x instruments that ever traded.
 * Memory    mr_bars_bytes().   Thread  the engine tile. */
#ifndef MR_BARS_BARS_H
#define MR_BARS_BARS_H

#include "engines/pipeline/engine.h"

#define MR_BARS_TIMEFRAMES_MAX 12

enum mr_bar_flag {
    MR_BAR_EMPTY = 1 << 0,     /* no trade in it */
    MR_BAR_PARTIAL = 1 << 1,   /* the first of its instrument: it began before we listened */
    MR_BAR_GAP = 1 << 2,       /* bars before this one were left out: a long silence */
    MR_BAR_SATURATED = 1 << 3, /* a volume or notional beyond int64 */
    MR_BAR_RESCALED = 1 << 4,  /* the instrument's scale changed in it: it holds only what came after */
};

struct mr_bar {
    int64_t open_ns, interval_ns;
    int64_t open, high, low, close;     /* price scale */
    int64_t volume, buy_volume;         /* size scale; buy: the aggressor bought */
    int64_t notional_micro;             /* of the quote currency */
    uint64_t trades;
    uint32_t flags;                     /* enum mr_bar_flag */
    int8_t price_scale, size_scale;
    uint8_t spare[2];
};

/* One bar by hand, for engines that keep their own. */
void mr_bar_begin(struct mr_bar *bar, int64_t open_ns, int64_t interval_ns, int64_t price);  /* flat, EMPTY */
void mr_bar_trade(struct mr_bar *bar, int64_t price, int64_t size, int64_t notional_micro, bool sell);

typedef void mr_bar_fn(void *arg, uint32_t instrument, uint32_t timeframe, const struct mr_bar *bar);

struct mr_bars_config {
    uint32_t instruments;
    /* multiples of 100; 0 ends the list  [1 s, 1 min, 5 min, 15 min, 1 h] */
    uint32_t timeframes_ms[MR_BARS_TIMEFRAMES_MAX];
    uint32_t keep;                                  /* closed bars of each               [64] */
    mr_bar_fn *closed;                              /* may be NULL */
    void *arg;
};

struct mr_bars;

size_t mr_bars_bytes(const struct mr_bars_config *config);
struct mr_bars *mr_bars_init(void *mem, const struct mr_bars_config *config);

/* Takes primary, live trades (MR_EVENT_TRADE without SECONDARY or SNAPSHOT); leaves all else alone. */
void mr_bars_apply(struct mr_bars *bars, const struct mr_event *ev, const struct mr_instrument *instrument);
/* Closes what ends at or before `tick_ns`. */
void mr_bars_tick(struct mr_bars *bars, int64_t tick_ns);

/* Closed bars kept, newest = 0. False beyond what there is. `timeframe` is the index in the config. */
bool mr_bars_get(const struct mr_bars *bars, uint32_t instrument, uint32_t timeframe, uint32_t ago, struct mr_bar *out);
/* The bar that is open now. False before the first trade. */
bool mr_bars_open(const struct mr_bars *bars, uint32_t instrument, uint32_t timeframe, struct mr_bar *out);
/* Last trade price; 0 before the first. */
int64_t mr_bars_last(const struct mr_bars *bars, uint32_t instrument);

#endif
