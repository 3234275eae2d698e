#ifndef MR_FEED_PRIV_H
#define MR_FEED_PRIV_H

#include "dataplane/feed/feed.h"

struct mr_feed {
    struct mr_feed_config config;
    struct mr_feed_metrics *metrics;
    struct mr_decoder *decoder;
    int64_t last_ns; /* of messages without receive times */
    struct mr_clock_health clock;
    struct mr_join **joins; /* by instrument id; NULL until its first book message */
    bool *owes_gap;         /* by instrument id: a GAP that emit has not taken yet */
    uint8_t *join_pool;
    size_t join_bytes;
    uint32_t joins_used;
    union mr_slot *out; /* one message's slots */
    uint32_t last;      /* slots in it */
};

/* The instrument's join; made at its first book message. NULL: joins_max reached, or not our product. */
struct mr_join *mr_feed_join_for(struct mr_feed *feed, uint32_t instrument);

#endif
