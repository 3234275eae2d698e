#include "perf/soak/slope.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/base.h"

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Between two ranks: their mean. Ranks outside are those at the ends. */
static double at_rank(const double *sorted, size_t count, double rank)
{
    double most = (double)(count - 1);
    rank = rank < 0 ? 0 : rank > most ? most : rank;
    return (sorted[(size_t)floor(rank)] + sorted[(size_t)ceil(rank)]) / 2;
}

double mr_slope_median(const double *values, size_t count)
{
    if (!count)
        return 0;
    double *sorted = malloc(count * sizeof *sorted);
    MR_ASSERT(sorted);
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, ascending);
    double median = at_rank(sorted, count, (double)(count - 1) / 2);
    free(sorted);
    return median;
}

bool mr_slope_of(const double *time, const double *value, size_t count, struct mr_slope *out)
{
    if (count < 3)
        return false;
    double *slopes = malloc(count * (count - 1) / 2 * sizeof *slopes);
    MR_ASSERT(slopes);
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count; k++)
            if (time[k] != time[i])
                slopes[n++] = (value[k] - value[i]) / (time[k] - time[i]);
    if (n) {
        qsort(slopes, n, sizeof *slopes, ascending);
        double points = (double)count, middle = (double)(n - 1) / 2;
        double strays = 1.96 * sqrt(points * (points - 1) * (2 * points + 5) / 18) / 2;
        *out = (struct mr_slope){.value = at_rank(slopes, n, middle),
                                 .low = at_rank(slopes, n, middle - strays),
                                 .high = at_rank(slopes, n, middle + strays),
                                 .level = mr_slope_median(value, count)};
    }
    free(slopes);
    return n > 0;
}
