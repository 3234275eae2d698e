#ifndef MR_MERGE_PRIV_H
#define MR_MERGE_PRIV_H

#include "dataplane/merge/merge.h"

#define MR_MERGE_KEY_SLOTS 33 /* of a group, itself included, that the window keeps at most: 128 levels */

/* The slot before a group in either ring. */
struct mr_merge_entry {
    uint64_t next;   /* of the same stream (window), of the same stream and lane (hold); 0: none */
    int64_t recv_ns; /* window: of the first copy. hold: when the wait ends */
    uint32_t stream; /* MR_MERGE_NOBODY: a filler before the ring's end */
    uint32_t slots;  /* with this one */
    uint16_t lane;   /* who brought it */
    bool gone;       /* hold: passed on or dropped */
    uint8_t spare[29];
} MR_ALIGNED;
static_assert(sizeof(struct mr_merge_entry) == 64, "an entry's head is a slot");
#define MR_MERGE_NOBODY UINT32_MAX

/* Entries of whole slots, one after the other; positions count slots for ever and begin above 0. */
struct mr_merge_ring {
    union mr_slot *slot;
    uint64_t slots, head, tail;
};

/* Of one lane in one stream. */
struct mr_merge_place {
    uint64_t at;         /* in step: the entry it is to bring next; 0: one that nobody has brought yet */
    uint64_t first, end; /* what of it waits, oldest and newest; 0: nothing */
    uint64_t seq;        /* the last number it brought: behind this, its numbers began anew */
};

enum mr_merge_mode { MR_MERGE_CONTENT, MR_MERGE_NEXT, MR_MERGE_BOOK };
struct mr_merge_stream {
    uint64_t key;              /* 0: free */
    uint64_t oldest, newest;   /* in the window; 0: none */
    uint64_t last;             /* number of what was passed on last in order */
    uint64_t last_order;       /* the furthest by mr_merge_order */
    uint32_t in_step, waiting; /* bit for each lane */
    uint32_t astray;           /* not in step any more: of a timeless stream it brought what its place does not hold */
    uint8_t mode;              /* enum mr_merge_mode */
    bool begun;                /* something was passed on */
    bool fact;                 /* each event counts; else only the newest */
    uint8_t route;
    bool timeless; /* states without time or number: the same value comes again and again */
    uint8_t spare[3];
    uint32_t index;
    struct mr_merge_place place[]; /* lanes_max */
};

struct mr_merge {
    struct mr_merge_config config;
    struct mr_merge_metrics *metrics;
    uint8_t rule; /* enum mr_sequencing */
    uint8_t
        family[MR_VENUE_KINDS_MAX]; /* kinds that are one stream ("books snapshot", "books update") have one number */
    bool consecutive[MR_VENUE_KINDS_MAX];
    uint16_t connection[MR_MERGE_LANES_MAX];
    uint64_t opened[MR_MERGE_LANES_MAX]; /* the how many-th open it was: the smallest is the longest open */
    struct mr_lane_metrics *lane[MR_MERGE_LANES_MAX];
    uint64_t opens;
    int64_t wait_ns;
    uint32_t open; /* bit for each lane */
    uint8_t route[MR_MERGE_LANES_MAX];
    uint32_t peers[MR_MERGE_ROUTES_MAX]; /* open lanes of each route */
    int elder[MR_MERGE_ROUTES_MAX];      /* the longest open lane of each route; -1: none */
    uint32_t waiting;
    uint8_t *streams; /* stream_bytes each, open addressing by key */
    size_t stream_bytes;
    uint32_t stream_mask, stream_count;
    struct mr_merge_ring window, hold;
};

/* merge_ring.c */
MR_INLINE struct mr_merge_entry *mr_merge_at(const struct mr_merge_ring *ring, uint64_t position)
{
    return (struct mr_merge_entry *)&ring->slot[position & (ring->slots - 1)];
}
MR_INLINE union mr_slot *mr_merge_group(struct mr_merge_entry *entry) { return (union mr_slot *)entry + 1; }
MR_INLINE bool mr_merge_has(const struct mr_merge_ring *ring, uint64_t position) { return position >= ring->tail; }
void mr_merge_ring_init(struct mr_merge_ring *ring, void *mem, uint64_t slots);
/* Slots that must go before an entry of so many fits, a filler before the ring's end included. */
bool mr_merge_ring_fits(const struct mr_merge_ring *ring, uint32_t slots);
uint64_t mr_merge_ring_put(struct mr_merge_ring *ring, uint32_t slots); /* its position; it fits */
void mr_merge_ring_drop(struct mr_merge_ring *ring);                    /* the oldest */

/* merge_key.c */
uint64_t mr_merge_key(const struct mr_merge *merge, const union mr_slot *group);
uint32_t mr_merge_key_slots(const struct mr_merge_stream *s,
                            const union mr_slot *group); /* of it that the window keeps */
/* The same event, though it came by another connection. `kept` is of the window. */
bool mr_merge_same(const struct mr_merge_stream *s, const union mr_slot *kept, const union mr_slot *group);
/* What orders a stream's events; 0 where nothing does. */
uint64_t mr_merge_order(const struct mr_merge_stream *s, const union mr_slot *group);
bool mr_merge_follows(const struct mr_merge *merge, const struct mr_merge_stream *s, const union mr_slot *group);
bool mr_merge_is_image(const struct mr_merge *merge, const union mr_slot *group);

/* How many of what the lane has waiting, from the first on, are the window's last events, or lie among its last; `last`: the entry of the last of
 * them. 0: none. `later`: those that come before such ones count too, being older than what was passed on. */
uint32_t mr_merge_match(const struct mr_merge *merge, const struct mr_merge_stream *s, int lane, bool later,
                        uint64_t *last);

/* merge_boot.c */
MR_INLINE struct mr_merge_stream *mr_merge_stream_at(const struct mr_merge *merge, uint32_t index)
{
    return (struct mr_merge_stream *)(merge->streams + index * merge->stream_bytes);
}
/* NULL: there is no room for another. */
struct mr_merge_stream *mr_merge_stream_for(struct mr_merge *merge, const union mr_slot *group, int lane);

#endif
