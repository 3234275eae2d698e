/* Joins: from a venue's book messages to a contiguous stream, one instrument at a time.
 *
 * A pure state machine; it owns the venue's sequence rule (venue.h: enum mr_sequencing) and the join of snapshot
 * and stream. What it lets through is contiguous: an image, then updates that follow, or a GAP event first. One
 * instrument's gap never touches another's. The rules, one paragraph each: README.md beside this file.
 *
 *     COLD     nothing yet; updates are held, a snapshot is wanted (REST rules) or awaited (stream rules)
 *     LIVE     updates follow
 *     BROKEN   a gap was reported; as COLD until the next snapshot joins
 *
 * BBO and PARTIAL images never come here.
 *
 * Memory  mr_join_bytes(hold_slots), given by the caller; the hold buffer is in it and bounded. When it is full the
 *         oldest held messages are dropped, counted, and only a snapshot newer than those joins.
 * Thread  the feed tile.
 * Errors  verdicts, never statuses: there is no input this refuses. Everything not passed on is counted. */
#ifndef MR_SEQUENCE_SEQUENCE_H
#define MR_SEQUENCE_SEQUENCE_H

#include "codecs/event/event.h"
#include "codecs/venue/venue.h"

/* Old messages in a row, without one that follows, after which we no longer believe that they are duplicates: the venue
 * has restarted its numbers, and a book fed nothing would look alive for ever. */
#define MR_JOIN_OLD_MAX 1024
/* STATE: messages passed on that are remembered, so that a copy of one is told from one that comes too late. */
#define MR_JOIN_SEEN 16
/* STATE: images in a row that may be refused for being older than what a broken book had. Then the venue's clock was
 * set back. */
#define MR_JOIN_REFUSED_MAX 8

enum mr_join_state { MR_JOIN_COLD, MR_JOIN_LIVE, MR_JOIN_BROKEN };
enum mr_join_verdict {
    MR_JOIN_PASS,    /* pass the group on as it is */
    MR_JOIN_HOLD,    /* kept; nothing to pass on */
    MR_JOIN_DROP,    /* old or duplicate: counted, nothing to pass on */
    MR_JOIN_GAP,     /* pass join->gap on (a GAP event), not the group (which is held); want a snapshot */
    MR_JOIN_REPLAY,  /* a snapshot joined: pass it on, then every group of mr_join_held_next(), to the end */
    MR_JOIN_REFETCH, /* this snapshot is too old to join what is held: ask for another, with back-off */
};

struct mr_join {
    uint8_t rule;        /* enum mr_sequencing */
    uint8_t state;       /* enum mr_join_state */
    bool wants_snapshot; /* the session should fetch or resubscribe */
    bool first;          /* REST rules: the first update after a snapshot has its own rule */
    bool replaying;      /* between MR_JOIN_REPLAY and the end of mr_join_held_next() */
    bool lent;           /* the oldest held group is in the caller's hands */
    uint32_t instrument;
    uint64_t last;         /* last sequence passed on */
    uint64_t snapshot;     /* L of the joined snapshot */
    int64_t last_venue_ns; /* of the last message passed on; 0 where there is nothing to compare with */
    uint32_t old_in_row;
    uint32_t state_id; /* STATE: the venue's name of the state that was passed on last */
    uint32_t seen_count, refused;
    uint64_t seen[MR_JOIN_SEEN]; /* STATE: fingerprints of the updates passed on last, the newest at seen_count - 1 */

    /* Held groups in order of arrival, each in one piece: [head, tail), or [head, end) and then [0, tail). */
    union mr_slot *hold;
    uint32_t hold_slots, hold_head, hold_tail, hold_end, held_count;
    uint64_t lost_seq; /* newest sequence that a full buffer let go; 0 none */

    union mr_slot gap; /* filled with MR_JOIN_GAP */

    /* counters. Each group offered ends in one of passed, dropped, held_lost, refetches, or is still held. */
    uint64_t passed, dropped, gaps, held_lost, snapshots, refetches, backwards;
};

size_t mr_join_bytes(uint32_t hold_slots);
/* `mem` is 64-byte aligned and mr_join_bytes(hold_slots) long. A group larger than the whole buffer cannot be held and
 * counts as lost, so MR_GROUP_SLOTS is a good least size. */
struct mr_join *mr_join_init(void *mem, uint8_t rule, uint32_t instrument, uint32_t hold_slots);

/* Offers one BOOK group of this instrument: from the stream, or (flag SNAPSHOT) an image, from stream or REST. Returns
 * an enum mr_join_verdict. Sets MR_FLAG_SNAPSHOT in what is an image whatever the venue calls it: Bybit's u == 1, every
 * message of the IMAGE rule. */
int mr_join_offer(struct mr_join *join, union mr_slot *group);
/* After MR_JOIN_REPLAY: the next held group that follows, or NULL at the end. A hole among the held ones gives a GAP
 * event here, and the rest stays held. The pointer is good until the next call with this join. */
const union mr_slot *mr_join_held_next(struct mr_join *join);
/* By the rule alone: does this update follow a message whose number was `last`? */
bool mr_join_follows(uint8_t rule, uint64_t last, const struct mr_book_head *head);
/* Breaks the join from outside (checksum failure, disconnect, operator): fills join->gap, to be passed on; wants a
 * snapshot, except where each message is one. A disconnect also forgets what is held. */
void mr_join_break(struct mr_join *join, enum mr_gap_cause cause, int64_t recv_ns);

#endif
