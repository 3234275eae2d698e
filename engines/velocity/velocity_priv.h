/* Inside of mr_velocity. A *stream* is one thing that has rates: an instrument, a venue of an underlying, an
 * underlying. */
#ifndef MR_VELOCITY_VELOCITY_PRIV_H
#define MR_VELOCITY_VELOCITY_PRIV_H

#include "engines/velocity/velocity.h"

#define NONE UINT32_MAX

#define SECOND_NS 1000000000ll
#define SHARE_NS 5000000000ll   /* clustering: the busiest 5 s ...        */
#define RECENT_NS 10000000000ll /* batches and saturation: the last 10 s  */
#define MINUTE_NS 60000000000ll /* ... of the last 60 s; correlation      */
#define SPARSE_COUNT 5u
#define SLOPE_POINTS 20u
/* Grid points after which a stream with empty windows has only zeros left: its slopes' two histories. */
#define SETTLED_POINTS (2 * SLOPE_POINTS + 1)
#define BUSIEST_ENTRIES 552u /* grid points in 55 s, and room: never overflows */
#define BATCH_ENTRIES 32u

#define SECONDS 60u
#define LAGS 6u             /* 0 .. 5 s */
#define SECOND_MAX 1000000u /* events of one venue in one second: integer sums stay below 2^53 */

/* Values of the last 20 grid points and the sums that give their least-squares slope; the same of those slopes.
 * With k = -19, -17 .. 19 the slope of y over 20 points 0.1 s apart is sum(k y) / 133 per second. */
struct slope {
    uint32_t at;
    int64_t y[SLOPE_POINTS];
    mr_i128 y_sum, y_slope, slope[SLOPE_POINTS], slope_sum, slope_slope;
};

/* The engine's own windows, after the user's. */
enum own_window { OWN_SHARE, OWN_RECENT, OWN_MINUTE, OWN_SLOPE, OWN_WINDOWS };

struct stream {
    struct mr_window *window;
    struct mr_peak busiest; /* counts of 5 s at the grid points of the last 55 s */
    struct mr_peak batch;   /* events of one time */
    struct slope count, micro;
    double clustering;
    int64_t last_ns, caution_ns; /* INT64_MIN: none */
    uint32_t batch_count;
    uint32_t settled;   /* grid points since its windows emptied */
    uint32_t saturated; /* an instrument: 1 if it is; above: how many instruments are */
    bool used, active;
};

/* A venue's part in an underlying. */
struct part {
    uint8_t venue;
    uint32_t stream;
    uint32_t now;                                   /* events of the second that runs */
    uint64_t sum, square;                           /* over the last 60 whole seconds */
    uint64_t newest_sum[LAGS], newest_square[LAGS]; /* of the newest 0 .. 5 of them, */
    uint64_t oldest_sum[LAGS], oldest_square[LAGS]; /* of the oldest                 */
    uint32_t count[SECONDS];                        /* ring, written at `underlying.second` */
};

struct underlying {
    uint32_t stream, parts;
    uint32_t second; /* where the next whole second goes */
    bool venues_full, constant, step_known;
    int64_t fixed_step; /* 0: relative */
    double correlation;
    uint32_t pairs, venues;
    uint8_t leading_venue;
    int8_t leading_lag;
    struct part part[MR_VELOCITY_VENUES];
    /* product[a][b][lag]: sum of count_a(k) x count_b(k + lag) */
    uint64_t product[MR_VELOCITY_VENUES][MR_VELOCITY_VENUES][LAGS];
    uint32_t level_count;
    struct mr_velocity_level *level;                       /* by price */
    struct mr_velocity_bucket bucket[MR_VELOCITY_BUCKETS]; /* ring by number of the minute; start_ns tells which */
};

struct owner {                 /* of an instrument's stream */
    uint32_t underlying, part; /* NONE: not seen yet; no part */
    uint32_t ceiling;
};

struct mr_velocity {
    struct mr_velocity_config config; /* with defaults filled in */
    struct mr_velocity_metrics own_metrics, *metrics;
    int64_t now_ns, grid_ns, start_ns; /* INT64_MIN: nothing yet */
    int64_t longest_ns;
    uint32_t windows, own[OWN_WINDOWS]; /* indexes of the windows in mr_window */
    uint32_t streams, venue_streams;    /* venue streams handed out */
    uint32_t active_count;
    uint32_t *active;
    struct stream *stream; /* instruments, underlyings, venues */
    struct owner *owner;
    struct underlying *underlying;
};

static inline uint32_t underlying_stream(const struct mr_velocity *v, uint32_t u) { return v->config.instruments + u; }

/* velocity_cross.c */
void velocity_cross_second(struct mr_velocity *v, struct underlying *u, int64_t grid_ns);
/* velocity_levels.c */
void velocity_level_add(struct mr_velocity *v, struct underlying *u, const struct mr_event *ev,
                        const struct mr_instrument *instrument, int64_t now_ns, int64_t micro, bool is_short);
void velocity_bucket_add(struct underlying *u, uint8_t venue, int64_t now_ns, int64_t micro, bool is_short);

#endif
