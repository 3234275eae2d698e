/* Joins: from a venue's book messages to a contiguous stream, one instrument at a time.
 *
 * A pure state machine; it owns the venue's sequence rule (venue.h: enum mr_sequencing) and the join of snapshot
 * and stream. What it lets through is contiguous: SNAPSHOT, then updates that follow, or a GAP event first. One
 * instrument's gap never touches another's.
 *
 *     COLD     nothing yet; updates are held, a snapshot is wanted (REST rules) or awaited (stream rules)
 *     LIVE     updates follow
 *     BROKEN   a gap was reported; as COLD until the next snapshot joins
 *
 * The rules, from ../venues documents: Binance USD-M: drop u < L; first applied needs U <= L <= u; then pu == last u.
 * Spot: drop u <= L; first needs U <= L + 1 <= u; then U == last + 1. Bybit: u == last + 1, u == 1 is an image.
 * OKX: prev == last; (a) prev == seq == last keep-alive, (b) seq < prev == last reset: follow; without ids
 * (before 2023) order of arrival, protected by the CRC alone. Hyperliquid: image replaces; older time dropped.
 * BBO and PARTIAL images never come here.
 *
 * Memory  mr_join_bytes(hold_slots): the hold buffer, bounded; overflow drops the oldest held messages, counted, and
 *         asks for a newer snapshot.
 * Thread  the feed tile. Time is an argument where it matters. */
#ifndef MR_SEQUENCE_SEQUENCE_H
#define MR_SEQUENCE_SEQUENCE_H

#include "codecs/event/event.h"
#include "codecs/venue/venue.h"

enum mr_join_state { MR_JOIN_COLD, MR_JOIN_LIVE, MR_JOIN_BROKEN };
enum mr_join_verdict {
    MR_JOIN_PASS,    /* pass the group on as it is */
    MR_JOIN_HOLD,    /* kept; nothing to pass on */
    MR_JOIN_DROP,    /* old or duplicate: counted, nothing to pass on */
    MR_JOIN_GAP,     /* pass join->gap on (a GAP event), not the group (which is held); want a snapshot */
    MR_JOIN_REPLAY,  /* a snapshot joined: pass it on, then every group of mr_join_held_next() */
    MR_JOIN_REFETCH, /* this snapshot is too old to join what is held: ask for another, with back-off */
};

struct mr_join {
    uint8_t rule;  /* enum mr_sequencing */
    uint8_t state; /* enum mr_join_state */
    bool wants_snapshot; /* the session should fetch or resubscribe */
    bool first;          /* USD-M: the first update after a snapshot has its own rule */
    uint32_t instrument;
    uint64_t last;       /* last sequence passed on */
    uint64_t snapshot;   /* L of the joined snapshot */
    int64_t last_venue_ns;
    union mr_slot *hold; /* held groups, in order */
    uint32_t hold_slots, hold_used, hold_read, held_count;
    union mr_slot gap;   /* filled with MR_JOIN_GAP */
    uint64_t passed, dropped, gaps, held_lost, snapshots, refetches, backwards; /* counters */
};

size_t mr_join_bytes(uint32_t hold_slots);
struct mr_join *mr_join_init(void *mem, uint8_t rule, uint32_t instrument, uint32_t hold_slots);

/* Offers one BOOK group from the stream, or (flag SNAPSHOT) an image, from stream or REST. enum mr_join_verdict. */
int mr_join_offer(struct mr_join *join, const union mr_slot *group);
/* After MR_JOIN_REPLAY: the next held group that follows, or NULL. A hole among the held ones gives a GAP event here. */
const union mr_slot *mr_join_held_next(struct mr_join *join);
/* Breaks the join from outside (checksum failure, disconnect, operator): fills join->gap; wants a snapshot. */
void mr_join_break(struct mr_join *join, enum mr_gap_cause cause, int64_t recv_ns);

#endif
