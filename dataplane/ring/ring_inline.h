/* The hot path of ring.h, and the layout it needs. */
#ifndef MR_RING_RING_INLINE_H
#define MR_RING_RING_INLINE_H

#include "dataplane/ring/ring.h"

#define MR_RING_APART 128 /* two lines: neighbours are fetched in pairs */
#define MR_RING_MARKS 8

struct mr_ring {
    /* written once, by init */
    uint64_t magic;
    uint32_t version, slot_bytes;
    uint32_t slots, group_max, policy, spare;
    /* written by the writer, for each group; the reader polls it */
    uint64_t head __attribute__((aligned(MR_RING_APART)));
    /* written by the reader, for each release; the writer looks when it seems full */
    uint64_t tail __attribute__((aligned(MR_RING_APART)));
    uint64_t epoch_reader;
    /* written by the writer, seldom, or where no reader polls */
    uint64_t claim __attribute__((aligned(MR_RING_APART))); /* LAP: everything below claim - slots may be overwritten */
    uint64_t dropped;
    uint64_t epoch_writer, epoch_head; /* the epoch, and where it began */
    uint64_t mark[MR_RING_MARKS];      /* LAP: places where groups began, about an eighth apart */
    uint8_t area[] __attribute__((aligned(MR_RING_APART)));
};
static_assert(sizeof(struct mr_ring) == 4 * MR_RING_APART, "four parts, each on its own lines");

bool mr_ring_reserve_look(struct mr_ring_writer *w, uint32_t n);
bool mr_ring_reader_stop(struct mr_ring_reader *r);
void mr_ring_mark(struct mr_ring_writer *w);

MR_INLINE void mr_ring_group_legal(uint32_t n, uint32_t group_max)
{
    if (!(__builtin_constant_p(n) && n == 1)) /* a group of one is always legal */
        MR_ASSERT(n - 1 < group_max);
}

/* A reader that has just found something and has used it up waits a while (some tens of ns at first) before it looks
 * again: each look takes the index line away from the writer in the middle of its run. Where cores lie far apart that costs
 * the writer more than the wait, so in a run (each look finds several slots, but not many) the wait grows. It is least again
 * as soon as a look finds few or nothing; a reader that found nothing looks at once. */
#define MR_RING_BREATH_LEAST 4
#define MR_RING_BREATH_MOST 32
#define MR_RING_RUN 8
#define MR_RING_RUN_MANY 32

MR_INLINE void mr_ring_breathe(uint32_t breath)
{
#if defined(__x86_64__)
    for (uint32_t i = 0; i < breath; i++)
        __builtin_ia32_pause();
#else
    (void)breath;
#endif
}

MR_INLINE void mr_ring_looked(struct mr_ring_reader *r, uint64_t ready)
{
    if (ready < MR_RING_RUN)
        r->breath = MR_RING_BREATH_LEAST;
    else if (ready < MR_RING_RUN_MANY && r->breath < MR_RING_BREATH_MOST)
        r->breath *= 2;
    r->idle = ready == 0;
}

MR_INLINE void *mr_ring_reserve(struct mr_ring_writer *w, uint32_t n)
{
    mr_ring_group_legal(n, w->group_max);
    if (mr_unlikely(w->head + n - w->tail_seen > w->slots) && !mr_ring_reserve_look(w, n))
        return NULL;
    return w->base + (w->head & w->mask) * MR_RING_SLOT_BYTES;
}

MR_INLINE void mr_ring_publish(struct mr_ring_writer *w, uint32_t n)
{
    MR_DCHECK(n - 1 < w->group_max);
    w->head += n;
    __atomic_store_n(&w->ring->head, w->head, __ATOMIC_RELEASE);
}

MR_INLINE void *mr_ring_claim(struct mr_ring_writer *w, uint32_t n)
{
    mr_ring_group_legal(n, w->group_max);
    if (mr_unlikely(w->head >= w->mark_next))
        mr_ring_mark(w);
    uint64_t claim = w->head + n; /* never back behind what a dead writer had begun to overwrite */
    __atomic_store_n(&w->ring->claim, claim > w->claim_floor ? claim : w->claim_floor, __ATOMIC_RELAXED);
#if defined(__x86_64__)
    __atomic_signal_fence(__ATOMIC_SEQ_CST); /* the compiler keeps the order; so does the machine */
#else
    __atomic_thread_fence(__ATOMIC_RELEASE);
#endif
    return w->base + (w->head & w->mask) * MR_RING_SLOT_BYTES;
}

MR_INLINE void *mr_ring_peek(struct mr_ring_reader *r, uint32_t *n)
{
    uint64_t ready = r->head_seen - r->tail;
    if (mr_unlikely(ready == 0)) {
        if (!r->idle)
            mr_ring_breathe(r->breath);
        r->head_seen = __atomic_load_n(&r->ring->head, __ATOMIC_ACQUIRE);
        ready = r->head_seen - r->tail;
        mr_ring_looked(r, ready);
        if (mr_unlikely(ready - 1 >= r->slots) && (ready == 0 || mr_ring_reader_stop(r))) {
            *n = 0;
            return NULL;
        }
    }
    uint64_t pos = r->tail & r->mask, to_end = r->slots - pos;
    *n = (uint32_t)(ready < to_end ? ready : to_end);
    return r->base + pos * MR_RING_SLOT_BYTES;
}

MR_INLINE bool mr_ring_has(struct mr_ring_reader *r, uint32_t n)
{
    if (mr_likely(n - 1 < r->group_max && n <= r->head_seen - r->tail))
        return true;
    mr_ring_reader_stop(r);
    return false;
}

/* The slots may be overwritten from here on. */
MR_INLINE void mr_ring_release(struct mr_ring_reader *r, uint32_t n)
{
    MR_DCHECK(n <= r->head_seen - r->tail);
    r->tail += n;
    __atomic_store_n(&r->ring->tail, r->tail, __ATOMIC_RELEASE);
}

#endif
