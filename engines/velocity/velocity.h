/* Velocity of liquidations (E-1 .. E-6, E-27): how many and how much a second, how that changes, who leads.
 *
 * Kept per instrument, per venue of an underlying, and per underlying over all its venues and symbols. One engine does
 * one kind of event: trade flow is a second instance with kind MR_EVENT_TRADE. Everything is a function of events and
 * engine time; asking never changes what is answered later.
 *
 * Windows   (t - W, t]; rate = count / W. Exact at any t (engines/window/window.h says what an overflow does).
 * Grid      acceleration, jerk, clustering, correlation, saturation are defined on the grid of 100 ms and hold the
 *           value of the last grid point. With c(g) the count of the slope window (10 s) at grid point g and r = c / W:
 *             acceleration_plain   (r(g) - r(g - 100 ms)) / 0.1 s
 *             acceleration         least-squares slope of the last 20 values of r
 *             jerk_plain, jerk     the same two of `acceleration`
 *           Sums behind the slopes are integers. Before the first event r counts as 0.
 * Clustering  share of the last 60 s of events that fell in its busiest 5 s (intervals that end on the grid), 0 .. 1; 0
 *             and
 *           MR_VELOCITY_SPARSE with fewer than 5 events, of which a share says nothing.
 * Correlation  each whole second, over the counts of the last 60 whole seconds, of each pair of venues that had an
 *              event
 *           in them: Pearson; a pair with a constant side counts as 0 and is flagged. Leading venue: of each pair the
 *           lag in -5 .. +5 s with the largest correlation (the smaller lag if equal; positive ones only) says who
 *           leads; the pair with the largest such value decides, ties (to 1e-9) and pairs that move together go to the
 *           larger notional of the 60 s, then to the smaller id, then to the smaller lag.
 * Ticks     mr_velocity_tick works on all grid points up to its argument; apply does the same for those before its
 *           event, so a late or missing tick changes nothing. A stream that has been silent for its longest window and
 *           4 s costs nothing per grid point: after it, an hour of silence is caught up in O(1). Grid point g is worked
 *           on after the events with time <= g; one that comes later all the same is in the windows at once, and on the
 *           grid from g + 100 ms.
 * Memory    mr_velocity_bytes(): at most 0.5 MB an instrument with everything that belongs to it.   Thread  the engine
 *           tile.
 * Bounds    unknown instruments, full pools, events of 0 or absurd notional: counted in the metrics, named there. */
#ifndef MR_VELOCITY_VELOCITY_H
#define MR_VELOCITY_VELOCITY_H

#include "dataplane/metrics/metrics.h"
#include "engines/pipeline/engine.h"
#include "engines/window/window.h"

#define MR_VELOCITY_METRICS(COUNTER, GAUGE, HIST)                                                                      \
    COUNTER(events, "events", "events counted")                                                                        \
    COUNTER(secondary, "events", "not counted: not the product's primary source")                                      \
    COUNTER(backfill, "events", "not counted: back-fill sent on subscribing")                                          \
    COUNTER(unknown, "events", "not counted: instrument or underlying beyond the configured number")                   \
    COUNTER(clamped, "events", "notional negative or above 1e9 USD: counted at the bound")                             \
    COUNTER(not_usd, "events", "counted with notional 0: quoted in something that is not USD")                         \
    COUNTER(backwards, "events", "engine time ran backwards: taken as the newest time seen")                           \
    COUNTER(no_venue, "events", "no room for their venue's own rates; the underlying has them")                        \
    COUNTER(unpriced, "events", "no price level: price not positive, or beyond what scale 8 holds")                    \
    COUNTER(evicted, "levels", "price levels let go because the table was full")                                       \
    GAUGE(active, "streams", "streams with anything in their windows")
MR_METRICS_DECLARE(mr_velocity, MR_VELOCITY_METRICS);

#define MR_VELOCITY_WINDOWS_MAX 8
#define MR_VELOCITY_VENUES      8  /* venues of one underlying with rates of their own */
#define MR_VELOCITY_STEPS_MAX   8

/* Price levels of `base` are `step` wide (scale 8); others use the relative step. */
struct mr_velocity_step {
    char base[MR_ASSET_BYTES];
    int64_t step;
};

/* Zero means the default in brackets, so {.instruments = n, .underlyings = m} is complete. */
struct mr_velocity_config {
    uint32_t instruments, underlyings;
    uint32_t venue_streams;                       /* (underlying, venue) pairs with own rates   [instruments] */
    uint8_t kind;                                 /* enum mr_event_kind             [MR_EVENT_LIQUIDATION] */
    /* multiples of 100, at most 300,000 [100, 500, 2,000, 10,000, 60,000] */
    uint32_t windows_ms[MR_VELOCITY_WINDOWS_MAX];
    uint32_t slope_ms;                            /* window whose rate the slopes are of          [10,000] */
    uint32_t instrument_events, venue_events, underlying_events; /* buffered singly  [4,096  2,048  8,192;
                                                     2,048  2,048  4,096 where a window is longer than 60 s] */
    uint32_t levels;                              /* price levels an underlying          [256, at most 4,096] */
    /* relative step, rounded down to 1, 2 or 5 x 10^k   [1,000 = 0.1 %] */
    uint32_t level_ppm;
    struct mr_velocity_step steps[MR_VELOCITY_STEPS_MAX]; /* fixed steps                 [BTC: 100 USD] */
    uint32_t ceiling_per_s[MR_VENUES_MAX];        /* a symbol's ceiling by venue id; UINT32_MAX: none  [binance 1, okx 1
                                                     for liquidations, none for other kinds] */
    struct mr_velocity_metrics *metrics;          /* [a private block] */
};

enum mr_velocity_flag {
    MR_VELOCITY_OVERFLOW = 1 << 0,   /* a window's buffer overflowed: MR_WINDOW_COARSE or _PEAK_BOUND of some window */
    MR_VELOCITY_SATURATED = 1 << 1,  /* E-27: a symbol's 10 s count is >= 90 % of what its feed can send at most */
    MR_VELOCITY_BATCHED = 1 << 2,    /* at least half of the last 10 s of events came at one time (2 or more of them) */
    MR_VELOCITY_CONSTANT = 1 << 3,   /* correlation: a pair with a constant side counted as 0 */
    MR_VELOCITY_SPARSE = 1 << 4,     /* fewer than 5 events in 60 s: clustering is 0, short windows are anecdotes */
    MR_VELOCITY_WARMING = 1 << 5,    /* the engine is younger than its longest window and 4 s */
    MR_VELOCITY_ESTIMATED = 1 << 6,  /* an event of the last 60 s carried MR_FLAG_CAUTION */
    MR_VELOCITY_VENUES_FULL = 1 << 7, /* more venues than have rates of their own: correlation leaves some out */
};

struct mr_velocity_rate {
    uint64_t count;
    double per_s, usd_per_s;
    int64_t long_micro, short_micro; /* trades: bought, sold */
    int64_t largest_micro;
    double mean_usd; /* 0 when there is none */
    uint32_t flags;  /* enum mr_window_flag */
    uint32_t window_ms;
};

struct mr_velocity_slope {
    double acceleration, acceleration_plain, jerk, jerk_plain;
};

struct mr_velocity_view {
    int64_t engine_ns;      /* of the windows */
    int64_t grid_ns;        /* of what is defined on the grid; INT64_MIN before the first grid point */
    int64_t last_event_ns;  /* INT64_MIN: none yet */
    uint32_t flags;         /* enum mr_velocity_flag */
    uint32_t windows;
    struct mr_velocity_rate window[MR_VELOCITY_WINDOWS_MAX]; /* in the order of the config */
    struct mr_velocity_slope events; /* events/s^2, events/s^3 */
    struct mr_velocity_slope usd;    /* USD/s^2, USD/s^3 */
    double slope_per_s, slope_usd_per_s; /* rates of the slope window now (10 s) */
    uint64_t count_60s;
    int64_t micro_60s;
    double clustering;      /* 0 .. 1 */
    /* underlyings only, else 0 */
    double correlation;     /* mean over the pairs */
    uint32_t pairs;
    uint32_t venues_60s;    /* bit per venue id with an event in the 60 s the correlation is of */
    uint8_t leading_venue;  /* 0: no event */
    int8_t leading_lag_s;   /* seconds it leads by; 0: nobody leads, it has the larger notional */
    uint8_t spare[6];
};

struct mr_velocity_pair {
    uint8_t a, b;
    bool constant;
    double correlation;
};

struct mr_velocity_level { /* [price, price + step), scale 8 */
    int64_t price, step;
    int64_t long_micro, short_micro;
    uint32_t long_count, short_count;
    int64_t last_ns;
};

#define MR_VELOCITY_BUCKET_NS 60000000000ll
#define MR_VELOCITY_BUCKETS   60 /* kept: the last hour */
struct mr_velocity_bucket { /* [start, start + 60 s) */
    int64_t start_ns;
    int64_t micro;
    uint32_t count, long_count, short_count;
    uint32_t venue_count[MR_VENUES_MAX];
};

struct mr_velocity;

size_t mr_velocity_bytes(const struct mr_velocity_config *config);
struct mr_velocity *mr_velocity_init(void *mem, const struct mr_velocity_config *config);

/* Counts `ev` if it is of the configured kind and a primary, live one; anything else is left alone or counted in the
 * metrics. Time is ev->recv_ns; ev->aux is the notional in micro-USD (for trades if the instrument is quoted in
 * USD). */
void mr_velocity_apply(struct mr_velocity *velocity, const struct mr_event *ev, const struct mr_instrument *instrument);

/* All grid points up to and including `tick_ns` (others than multiples of 100 ms are fine). Older ones: nothing. */
void mr_velocity_tick(struct mr_velocity *velocity, int64_t tick_ns);

/* Fill `out` as of the last event or tick. False: nothing was ever counted there (out is all zero but its times). */
bool mr_velocity_instrument(struct mr_velocity *velocity, uint32_t instrument, struct mr_velocity_view *out);
bool mr_velocity_underlying(struct mr_velocity *velocity, uint32_t underlying, struct mr_velocity_view *out);
bool mr_velocity_venue(struct mr_velocity *velocity, uint32_t underlying, uint8_t venue, struct mr_velocity_view *out);

/* The pairs behind `correlation`; how many were written. */
uint32_t mr_velocity_pairs(const struct mr_velocity *velocity, uint32_t underlying, struct mr_velocity_pair *out,
                           uint32_t n);
/* Price levels, lowest first; how many were written. When the table is full the level untouched for longest goes. */
uint32_t mr_velocity_levels(const struct mr_velocity *velocity, uint32_t underlying, struct mr_velocity_level *out,
                            uint32_t n);
/* The last n buckets of 60 s, the current one first, silent ones as zeros; at most MR_VELOCITY_BUCKETS. */
uint32_t mr_velocity_buckets(const struct mr_velocity *velocity, uint32_t underlying, struct mr_velocity_bucket *out,
                             uint32_t n);

/* The width of the price level that holds `price` (scale 8) for this base asset; at least 1. */
int64_t mr_velocity_step(const struct mr_velocity *velocity, const char *base, int64_t price);

const struct mr_velocity_metrics *mr_velocity_counts(const struct mr_velocity *velocity);

#endif
