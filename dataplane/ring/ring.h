/* One-writer, one-reader rings of 64-byte slots, between threads or processes; and the same ring read by
 * any number of tap readers that may be lapped.
 *
 * A *group* is 1 .. group_max consecutive slots published with one store: the reader sees all or nothing.
 * Groups never wrap in memory: the slot area has an overhang of group_max - 1 slots behind its end, and a
 * group that starts near the end runs on into it. So a group is always one contiguous piece, with no pad
 * records and no copying. Both sides agree on a group's length because its first slot says it
 * (mr_event_slots() for events); the reader refuses a length beyond group_max. Groups are released whole.
 *
 *     writer                                        reader
 *     slot = mr_ring_reserve(w, n)  (NULL: full)    slot = mr_ring_peek(r, &n)   (n slots ready, maybe 0)
 *     ... fill slot[0 .. n) ...                     ... use them ...
 *     mr_ring_publish(w, n)                         mr_ring_release(r, n)
 *
 * Death: either side may be killed at any instruction. The writer's record is there whole or not at all
 * (the index moves last); the reader's slots stay until it has released them, so after its restart it
 * sees at most duplicates, never a hole (test_ring_death.c, test_ring_restart.c).
 *
 * Policies (0-definitions; pinning/plan/plan.def names one for each ring)
 *   BACKPRESSURE  reserve says full; the caller stops reading its source, at most a configured time
 *   GAP           reserve says full; mr_ring_drop() counts; mr_ring_gap() says what to write as the gap
 *                 marker when there is room again
 *   LAP           mr_ring_claim() never fails: old slots are overwritten, tap readers find out by the claim
 *                 index (mr_tap_read)
 *
 * Memory  mr_ring_bytes(slots, group_max), 128-byte aligned, no pointers inside: lies in a workspace. Writer
 *         and reader handles are private to their thread and cache the other side's index.
 * Trust   a handle checks every index and length it reads; memory scribbled over by the other process
 *         gives MR_E_CORRUPT, never a read outside the ring (test_ring_hostile.c). What a slot says
 *         about itself is the caller's to check once, on its own copy: mr_ring_has for lengths.
 * Order   acquire and release on the indices, no fences, so ThreadSanitizer sees what the machine does. A LAP writer's
 *         slots are read while they are overwritten: mr_ring_put stores them as release words, which the tap's
 *         acquire loads pair with; slots filled in place after mr_ring_claim rely on x86's store order.
 * Cost    perf/dataplane/ring/bench_ring.c */
#ifndef MR_RING_RING_H
#define MR_RING_RING_H

#include "dataplane/base/base.h"

#define MR_RING_SLOT_BYTES 64

enum mr_ring_policy { MR_RING_BACKPRESSURE, MR_RING_GAP, MR_RING_LAP };

#define MR_RING_SLOTS_MAX (1u << 26)

struct mr_ring; /* in shared memory; layout in ring_inline.h */

/* slots: a power of two, 2 .. MR_RING_SLOTS_MAX; group_max: 1 .. slots. 0 (MR_E_INVALID from init) for anything
 * else. */
size_t mr_ring_bytes(uint32_t slots, uint32_t group_max);
int mr_ring_init(void *mem, uint32_t slots, uint32_t group_max, enum mr_ring_policy policy); /* fresh, epochs 0 */
/* Checks a ring that somebody else made, also while both sides use it: MR_OK, MR_E_INVALID (memory not aligned),
 * MR_E_MAGIC, MR_E_VERSION, MR_E_LAYOUT, MR_E_TRUNCATED, MR_E_CORRUPT. */
int mr_ring_check(const void *mem, size_t bytes);

struct mr_ring_stats {
    uint64_t published, released, dropped, epoch_writer, epoch_reader;
    uint32_t slots, used;
};
void mr_ring_stats(const void *mem, struct mr_ring_stats *out); /* any process, any time, once checked */

/* ---- writer ---- */
struct mr_ring_writer {
    struct mr_ring *ring;
    uint8_t *base;               /* slot area */
    uint64_t head, tail_seen;    /* next to write; reader's index when last looked */
    uint64_t dropped, gap_first; /* GAP policy: since the last marker */
    /* LAP policy: where the next mark is due; how far an earlier writer had claimed */
    uint64_t mark_next, claim_floor;
    uint32_t mask, slots, group_max;
    uint32_t reserved; /* byte rings: slots of the record being filled */
    bool lap;
    int status; /* MR_OK, or MR_E_CORRUPT for good */
} __attribute__((aligned(128)));

/* Attaches as the writer; a restart continues behind what was published, in a new epoch. Statuses of mr_ring_check. */
int mr_ring_writer_open(struct mr_ring_writer *w, void *mem, size_t bytes);
MR_INLINE void *mr_ring_reserve(struct mr_ring_writer *w, uint32_t n); /* room for a group of n, or NULL */
MR_INLINE void mr_ring_publish(struct mr_ring_writer *w, uint32_t n);  /* n <= reserved */
/* Several single-slot groups at once: copies as many of `count` 64-byte slots as fit; returns how many. */
uint32_t mr_ring_publish_batch(struct mr_ring_writer *w, const void *slots, uint32_t count);
/* GAP policy: counts one dropped message that would have been number `seq`. */
void mr_ring_drop(struct mr_ring_writer *w, uint64_t seq);
/* GAP policy: if messages were dropped and there is room again, true once, with what was lost. */
bool mr_ring_gap(struct mr_ring_writer *w, uint64_t *first, uint64_t *count);
/* LAP policy: announces the overwrite of the next n slots, then gives them. Never NULL. */
MR_INLINE void *mr_ring_claim(struct mr_ring_writer *w, uint32_t n);
/* LAP policy: claims, copies a whole group of n 64-byte slots, publishes. */
void mr_ring_put(struct mr_ring_writer *w, const void *slots, uint32_t n);

/* ---- the one reader ---- */
struct mr_ring_reader {
    struct mr_ring *ring;
    uint8_t *base;
    uint64_t tail, head_seen;
    uint64_t epoch_writer; /* changed: the writer restarted (mr_ring_reader_epoch) */
    uint64_t record[2];    /* byte rings: own copy of the record's head */
    uint32_t mask, slots, group_max;
    uint32_t pending; /* byte rings: slots of the record last peeked */
    uint32_t breath;  /* pauses before the next look */
    bool idle;        /* the last look found nothing */
    int status;       /* MR_OK, or MR_E_CORRUPT for good */
} __attribute__((aligned(128)));

/* Resumes at its own mark. Statuses of mr_ring_check; MR_E_INVALID for a LAP ring, which has taps only. */
int mr_ring_reader_open(struct mr_ring_reader *r, void *mem, size_t bytes);
/* Slots ready and contiguous from the returned one; a group may run on into the overhang, so `*n` counts all that
 * is published up to the end of the area and the caller's group length may exceed it only within group_max
 * (mr_ring_has says whether a whole group is there). NULL and *n = 0 when empty; *n = 0 with r->status set if
 * corrupt. */
MR_INLINE void *mr_ring_peek(struct mr_ring_reader *r, uint32_t *n);
/* true if a group of `n` slots is published at the reader's mark. False and r->status = MR_E_CORRUPT if n
 * is 0, beyond group_max, or beyond what is published: groups are published whole. Only after a peek gave a slot. */
MR_INLINE bool mr_ring_has(struct mr_ring_reader *r, uint32_t n);
MR_INLINE void mr_ring_release(struct mr_ring_reader *r, uint32_t n);
/* True once after the writer restarted, when all that earlier writers published has been released. */
bool mr_ring_reader_epoch(struct mr_ring_reader *r);

/* ---- taps: readers of LAP rings (and watchers of any ring, who see what its reader has not released yet) ---- */
struct mr_tap {
    const struct mr_ring *ring;
    const uint8_t *base;
    uint64_t next;
    uint64_t lost; /* slots overwritten before they were read */
    uint32_t mask, slots, group_max;
    bool lap;
};
/* From the next record to come, or from the oldest place that is known to begin a group (at most an eighth of the ring
 * after the oldest slot). Needs only read access. */
int mr_tap_open(struct mr_tap *t, const void *mem, size_t bytes, bool from_oldest);
/* Copies one group: `slots_of` says a group's length from its first slot. Returns the slots copied, 0 when there is
 * nothing new, MR_E_LAPPED (t->lost raised, the next call goes on with the next record to come), MR_E_CORRUPT (an index
 * or a length that cannot be; the tap stays where it is), MR_E_TOO_BIG (out_slots too few; nothing was consumed).
 * `slots_of` is given the tap's own copy. */
typedef uint32_t mr_ring_slots_fn(const void *first_slot);
int64_t mr_tap_read(struct mr_tap *t, mr_ring_slots_fn *slots_of, void *out, uint32_t out_slots);

#include "dataplane/ring/ring_inline.h"

#endif
