/* The hold buffer: groups in order of arrival, each contiguous, in a fixed array that wraps at group boundaries. */
#include "codecs/sequence/sequence_priv.h"

size_t mr_join_bytes(uint32_t hold_slots)
{
    size_t head = (sizeof(struct mr_join) + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES;
    return head + (size_t)hold_slots * sizeof(union mr_slot);
}

struct mr_join *mr_join_init(void *mem, uint8_t rule, uint32_t instrument, uint32_t hold_slots)
{
    MR_ASSERT((uintptr_t)mem % MR_LINE_BYTES == 0 && hold_slots > 0 && rule <= MR_SEQ_SPAN);
    struct mr_join *join = mem;
    *join = (struct mr_join){
        .rule = rule,
        .state = MR_JOIN_COLD,
        .wants_snapshot = mr_sequencing_by_rest(rule),
        .instrument = instrument,
        .hold = (union mr_slot *)((char *)mem + mr_join_bytes(0)),
        .hold_slots = hold_slots,
    };
    return join;
}

/* With something held, a tail at or before the head can only mean that the tail has wrapped. */
static bool wrapped(const struct mr_join *join) { return join->held_count > 0 && join->hold_tail <= join->hold_head; }

/* Makes [tail, tail + n) free if that is possible without letting anything go. */
static bool room(struct mr_join *join, uint32_t n)
{
    if (join->held_count == 0)
        join->hold_head = join->hold_tail = 0;
    if (wrapped(join))
        return join->hold_head - join->hold_tail >= n;
    if (join->hold_slots - join->hold_tail >= n)
        return true;
    if (join->hold_head < n)
        return false;
    join->hold_end = join->hold_tail;
    join->hold_tail = 0;
    return true;
}

static void let_go(struct mr_join *join, const union mr_slot *group)
{
    join->held_lost++;
    if (group->book.seq > join->lost_seq)
        join->lost_seq = group->book.seq;
}

void mr_join_hold_push(struct mr_join *join, const union mr_slot *group)
{
    uint32_t n = mr_event_slots(group);
    while (join->held_count > 0 && (n > join->hold_slots || !room(join, n))) {
        let_go(join, mr_join_hold_oldest(join));
        mr_join_hold_pop(join);
    }
    if (n > join->hold_slots) {
        let_go(join, group);
        return;
    }
    bool fits = room(join, n);
    MR_ASSERT(fits);
    memcpy(&join->hold[join->hold_tail], group, (size_t)n * sizeof *group);
    join->hold_tail += n;
    join->held_count++;
}

const union mr_slot *mr_join_hold_oldest(const struct mr_join *join)
{
    return join->held_count > 0 ? &join->hold[join->hold_head] : NULL;
}

const union mr_slot *mr_join_hold_after(const struct mr_join *join, const union mr_slot *group)
{
    uint32_t at = (uint32_t)(group - join->hold);
    uint32_t next = at + mr_event_slots(group);
    if (next == join->hold_tail)
        return NULL;
    if (wrapped(join) && at >= join->hold_head && next == join->hold_end)
        next = 0;
    return next == join->hold_tail ? NULL : &join->hold[next];
}

void mr_join_hold_pop(struct mr_join *join)
{
    bool around = wrapped(join);
    join->hold_head += mr_event_slots(&join->hold[join->hold_head]);
    join->held_count--;
    if (around && join->hold_head == join->hold_end)
        join->hold_head = 0;
}
