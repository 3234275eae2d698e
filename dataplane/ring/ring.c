#include "dataplane/ring/ring.h"

uint32_t mr_ring_publish_batch(struct mr_ring_writer *w, const void *slots, uint32_t count)
{
    uint64_t room = w->slots - (w->head - w->tail_seen);
    if (room < count) {
        mr_ring_reserve_look(w, 1);
        room = w->status == MR_OK ? w->slots - (w->head - w->tail_seen) : 0;
    }
    uint32_t n = room < count ? (uint32_t)room : count;
    if (n == 0)
        return 0;
    uint64_t pos = w->head & w->mask;
    uint32_t to_end = (uint32_t)(w->slots - pos), first = n < to_end ? n : to_end;
    memcpy(w->base + pos * MR_RING_SLOT_BYTES, slots, (size_t)first * MR_RING_SLOT_BYTES);
    memcpy(w->base, (const uint8_t *)slots + (size_t)first * MR_RING_SLOT_BYTES,
           (size_t)(n - first) * MR_RING_SLOT_BYTES);
    w->head += n;
    __atomic_store_n(&w->ring->head, w->head, __ATOMIC_RELEASE);
    return n;
}

void mr_ring_drop(struct mr_ring_writer *w, uint64_t seq)
{
    if (w->dropped++ == 0)
        w->gap_first = seq;
    uint64_t *total = &w->ring->dropped;
    __atomic_store_n(total, __atomic_load_n(total, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}

bool mr_ring_gap(struct mr_ring_writer *w, uint64_t *first, uint64_t *count)
{
    if (mr_likely(w->dropped == 0) || mr_ring_reserve(w, 1) == NULL)
        return false;
    *first = w->gap_first;
    *count = w->dropped;
    w->dropped = 0;
    return true;
}

void mr_ring_put(struct mr_ring_writer *w, const void *slots, uint32_t n)
{
    /* A tap that reads one of these words has, by acquire, also the claim: it cannot take a mix for whole. */
    uint64_t *into = mr_ring_claim(w, n);
    for (uint32_t i = 0; i < n * (MR_RING_SLOT_BYTES / 8); i++) {
        uint64_t word;
        memcpy(&word, (const uint8_t *)slots + i * 8u, sizeof word);
        __atomic_store_n(&into[i], word, __ATOMIC_RELEASE);
    }
    mr_ring_publish(w, n);
}

/* Copies as acquire words: the pair of mr_ring_put. */
static void copy_slots(void *into, const uint8_t *from, uint32_t n)
{
    const uint64_t *words = (const uint64_t *)(const void *)from;
    for (uint32_t i = 0; i < n * (MR_RING_SLOT_BYTES / 8); i++) {
        uint64_t word = __atomic_load_n(&words[i], __ATOMIC_ACQUIRE);
        memcpy((uint8_t *)into + i * 8u, &word, sizeof word);
    }
}

/* Whether what was copied from t->next cannot have been overwritten meanwhile. */
static bool still_there(const struct mr_tap *t)
{
    if (t->lap)
        return (int64_t)(__atomic_load_n(&t->ring->claim, __ATOMIC_RELAXED) - t->next) <= (int64_t)t->slots;
    return (int64_t)(__atomic_load_n(&t->ring->tail, __ATOMIC_RELAXED) - t->next) <= 0;
}

static MR_COLD int64_t lapped(struct mr_tap *t)
{
    uint64_t head = __atomic_load_n(&t->ring->head, __ATOMIC_ACQUIRE);
    if ((int64_t)(head - t->next) < 0)
        return MR_E_CORRUPT;
    t->lost += head - t->next;
    t->next = head;
    return MR_E_LAPPED;
}

int64_t mr_tap_read(struct mr_tap *t, mr_ring_slots_fn *slots_of, void *out, uint32_t out_slots)
{
    uint64_t ready = __atomic_load_n(&t->ring->head, __ATOMIC_ACQUIRE) - t->next;
    if (ready == 0)
        return 0;
    if ((int64_t)ready < 0)
        return MR_E_CORRUPT;
    if (ready > t->slots || !still_there(t))
        return lapped(t);
    if (out_slots == 0)
        return MR_E_TOO_BIG;
    const uint8_t *from = t->base + (t->next & t->mask) * MR_RING_SLOT_BYTES;
    copy_slots(out, from, 1);
    if (!still_there(t))
        return lapped(t);
    uint32_t n = slots_of(out);
    if (n == 0 || n > t->group_max || n > ready)
        return MR_E_CORRUPT;
    if (n > out_slots)
        return MR_E_TOO_BIG;
    copy_slots((uint8_t *)out + MR_RING_SLOT_BYTES, from + MR_RING_SLOT_BYTES, n - 1);
    if (!still_there(t))
        return lapped(t);
    t->next += n;
    return n;
}
