/* Velocity by definition: keeps every event, recomputes everything at each question. Slow on purpose. */
#ifndef MR_TESTS_REFERENCE_VELOCITY_H
#define MR_TESTS_REFERENCE_VELOCITY_H

#include "engines/velocity/velocity.h"

struct fact {
    int64_t time_ns, micro;
    uint32_t instrument, underlying;
    uint8_t venue;
    bool is_short;
};

/* Which events: UINT32_MAX / 0 where it does not matter. */
struct which {
    uint32_t instrument, underlying;
    uint8_t venue;
};

struct reference {
    struct fact *facts;
    uint32_t count, capacity;
    /* facts of the stream in question, by time, and the sums before each */
    int64_t *times, *micros;
    uint32_t *index, n;
};

struct reference_slope {
    long double acceleration, plain, jerk, jerk_plain, scale;
};

void reference_open(struct reference *r, uint32_t capacity);
void reference_close(struct reference *r);
void reference_add(struct reference *r, const struct fact *fact);
void reference_choose(struct reference *r, struct which which);
/* of the chosen stream, in (t - width, t] */
uint64_t reference_events(const struct reference *r, int64_t t, int64_t width_ns);
int64_t reference_micro(const struct reference *r, int64_t t, int64_t width_ns);
void reference_window(const struct reference *r, int64_t t, int64_t width_ns, struct mr_window_sum *out);
struct reference_slope reference_slopes(const struct reference *r, int64_t grid_ns, int64_t width_ns, bool of_micro);
double reference_clustering(const struct reference *r, int64_t grid_ns);
uint64_t reference_largest_batch(const struct reference *r, int64_t t, int64_t width_ns);

struct reference_cross {
    double correlation;
    uint32_t pairs, venues;
    uint8_t leader;
    int lag;
    bool constant;
};
/* at the last whole second <= grid_ns */
struct reference_cross reference_correlate(struct reference *r, uint32_t underlying, int64_t grid_ns);

#endif
