/* Sampling grids: multiples of a step of engine time, the same for everyone, whoever asks when.
 *
 * Grid point g stands for all that happened at or before g, so g is worked on after the last event with time <= g and
 * before the first event with time > g. Bars and buckets with a calendar look are [start, start + step). */
#ifndef MR_WINDOW_GRID_H
#define MR_WINDOW_GRID_H

#include "dataplane/base/base.h"

/* The largest multiple of `step` that is <= t; t may be negative. */
MR_INLINE int64_t mr_grid_floor(int64_t t, int64_t step)
{
    int64_t r = t % step;
    return t - (r < 0 ? r + step : r);
}

/* The smallest multiple of `step` that is >= t. */
MR_INLINE int64_t mr_grid_ceil(int64_t t, int64_t step)
{
    int64_t low = mr_grid_floor(t, step);
    return low == t ? t : low + step;
}

#endif
