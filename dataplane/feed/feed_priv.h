#ifndef MR_FEED_PRIV_H
#define MR_FEED_PRIV_H

#include "dataplane/feed/feed.h"
#include "dataplane/mem/arena.h"

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

    /* several connections */
    bool merging;
    bool fresh; /* what is passed on next is its message's first */
    int passed;
    struct mr_merge *merge;
    struct mr_merge_metrics unread; /* where config.merge is NULL */
    union mr_slot *staged;          /* of this message, to be passed on when it is known whether it is the last */
    void *alone;                    /* the decoder's partial values while not merging */
    uint8_t *lane_state;            /* and of each lane while merging */
    size_t state_bytes;
};

/* feed_merge.c */
#define MR_FEED_WINDOW_SLOTS 16384
#define MR_FEED_WAIT_SLOTS 8192
size_t mr_feed_merge_bytes(const struct mr_feed_config *config);
void mr_feed_merge_init(struct mr_feed *feed, struct mr_arena *arena);
/* Whose partial values the next frame is decoded with; the connection's lane. */
int mr_feed_lane(struct mr_feed *feed, uint16_t connection);
/* What was decoded of a frame: copies dropped, the rest passed on. How many groups. */
int mr_feed_merge_groups(struct mr_feed *feed, int lane, uint32_t slots);

/* feed.c: one group to its join, or on. */
int mr_feed_route_group(struct mr_feed *feed, union mr_slot *group);

/* The instrument's join; made at its first book message. NULL: joins_max reached, or not our product. */
struct mr_join *mr_feed_join_for(struct mr_feed *feed, uint32_t instrument);

#endif
