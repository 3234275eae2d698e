/* What a soak is judged by, once its samples are there. */
#ifndef MR_SOAK_JUDGE_H
#define MR_SOAK_JUDGE_H

#include "perf/soak/sample.h"
#include "perf/soak/slope.h"
#include "tests/exchange/server/server.h"

#define MR_SOAK_SLOPES_S 60           /* shorter runs say nothing of trends */
#define MR_SOAK_WHOLE_S 600           /* a run of this length must exclude that p99.9 doubles in an hour */
#define MR_SOAK_GROWTH 1.0            /* percent of the memory, over the run */
#define MR_SOAK_DOUBLING (100.0 / 60) /* percent a minute: twice as much in an hour */
#define MR_SOAK_STOOD 0.05            /* of the time the market stood still: the rate was not held */

enum mr_soak_finding { MR_SOAK_GOOD, MR_SOAK_NOT_JUDGED, MR_SOAK_BAD };
struct mr_soak_verdict {
    const char *what;
    enum mr_soak_finding finding;
    char text[300];
};
#define MR_SOAK_VERDICTS 6

struct mr_soak_run {
    const struct mr_soak_sample *samples; /* one a second */
    uint32_t count, warm_up;              /* the first so many are not looked at for trends */
    double asked_s;
    uint32_t descriptors_begin, descriptors_end; /* at rest */
    uint32_t products;                           /* each may keep a connection for its next REST request */
    uint32_t books, books_equal;
    const char *other_book;            /* the first that is not equal */
    const char *not_live;              /* "" : all was live at the end */
    struct mr_exchange_stats exchange; /* of the whole run, the start among it */
    struct mr_soak_counts plane;
};

void mr_soak_judge(const struct mr_soak_run *run, struct mr_slope *rss_kb, struct mr_slope p999[MR_SOAK_STAGE_COUNT],
                   struct mr_soak_verdict out[MR_SOAK_VERDICTS]);

#endif
