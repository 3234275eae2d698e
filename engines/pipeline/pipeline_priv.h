#ifndef MR_PIPELINE_PRIV_H
#define MR_PIPELINE_PRIV_H

#include "engines/pipeline/pipeline.h"

struct mr_pipeline {
    struct mr_pipeline_config config;
    struct mr_pipeline_metric_blocks metrics;
    int64_t now_ns;            /* engine time */
    int64_t next_tick_ns;      /* first grid point not yet ticked */
    struct mr_book **books;    /* by instrument; NULL until its first book message */
    uint32_t *book_generation; /* of the instrument when its book was made */
    uint8_t *book_pool;
    size_t book_bytes;
    uint32_t books_used;
    bool unsettled; /* some book may be (mr_book_unsettled) */
    struct mr_pipeline_top *tops;
    struct mr_pipeline_marks *marks;
    bool *active; /* by underlying: had an event that a signal may come from */
    struct mr_bars *bars;
    struct mr_velocity *velocity, *flow;
    struct mr_volatility *volatility;
    struct mr_signals *signals;
};

/* The instrument's book; made at its first message, and anew when its scales change. NULL: no room. */
struct mr_book *mr_pipeline_book_for(struct mr_pipeline *p, const struct mr_instrument *instrument);

#endif
