/* Entries in a ring of slots, each in one piece. */
#include "dataplane/merge/merge_priv.h"

void mr_merge_ring_init(struct mr_merge_ring *ring, void *mem, uint64_t slots)
{
    MR_ASSERT(slots && (slots & (slots - 1)) == 0);
    *ring = (struct mr_merge_ring){.slot = mem, .slots = slots, .head = slots, .tail = slots};
}

/* Slots up to the ring's end that an entry of so many cannot use. */
static uint64_t filler(const struct mr_merge_ring *ring, uint32_t slots)
{
    uint64_t left = ring->slots - (ring->head & (ring->slots - 1));
    return left < slots ? left : 0;
}

bool mr_merge_ring_fits(const struct mr_merge_ring *ring, uint32_t slots)
{
    return ring->head + filler(ring, slots) + slots - ring->tail <= ring->slots;
}

uint64_t mr_merge_ring_put(struct mr_merge_ring *ring, uint32_t slots)
{
    uint64_t fill = filler(ring, slots);
    MR_ASSERT(mr_merge_ring_fits(ring, slots));
    if (fill) {
        *mr_merge_at(ring, ring->head) =
            (struct mr_merge_entry){.stream = MR_MERGE_NOBODY, .slots = (uint32_t)fill, .gone = true};
        ring->head += fill;
    }
    uint64_t position = ring->head;
    *mr_merge_at(ring, position) = (struct mr_merge_entry){.slots = slots};
    ring->head += slots;
    return position;
}

void mr_merge_ring_drop(struct mr_merge_ring *ring)
{
    MR_DCHECK(ring->tail < ring->head);
    ring->tail += mr_merge_at(ring, ring->tail)->slots;
}
