/* The trend of a series of measurements that has outliers: Theil and Sen's slope, the median of the slopes between all pairs of points, with
 * Sen's interval (Journal of the American Statistical Association 63, 1968): the slopes whose ranks lie so far from the middle as
 * Kendall's S strays in 95 of 100 series without a trend. A third of the points may be anything without moving it far.
 * The interval takes the points as independent; where neighbours resemble each other it is too narrow. */
#ifndef MR_SOAK_SLOPE_H
#define MR_SOAK_SLOPE_H

#include <stdbool.h>
#include <stddef.h>

struct mr_slope {
    double value, low, high; /* of a unit of time */
    double level;            /* the series' median */
};

/* False: fewer than 3 points, or all at one time; then nothing is said. */
bool mr_slope_of(const double *time, const double *value, size_t count, struct mr_slope *out);
double mr_slope_median(const double *values, size_t count); /* 0 of none */

#endif
