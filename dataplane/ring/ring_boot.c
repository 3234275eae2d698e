/* Sizing, set-up, attaching, checking; and what the hot path calls seldom. */
#include "dataplane/ring/ring.h"

#define RING_MAGIC 0x676e69722d726dull /* "mr-ring" */
#define RING_VERSION 1

size_t mr_ring_bytes(uint32_t slots, uint32_t group_max)
{
    if (slots < 2 || slots > MR_RING_SLOTS_MAX || (slots & (slots - 1)) != 0 || group_max < 1 || group_max > slots)
        return 0;
    size_t area = ((size_t)slots + group_max - 1) * MR_RING_SLOT_BYTES;
    return sizeof(struct mr_ring) + (area + MR_RING_APART - 1) / MR_RING_APART * MR_RING_APART;
}

int mr_ring_init(void *mem, uint32_t slots, uint32_t group_max, enum mr_ring_policy policy)
{
    size_t bytes = mr_ring_bytes(slots, group_max);
    if (bytes == 0 || (uintptr_t)mem % MR_RING_APART != 0 || (uint32_t)policy > MR_RING_LAP)
        return MR_E_INVALID;
    struct mr_ring *ring = mem;
    memset(mem, 0, bytes);
    ring->version = RING_VERSION;
    ring->slot_bytes = MR_RING_SLOT_BYTES;
    ring->slots = slots;
    ring->group_max = group_max;
    ring->policy = (uint32_t)policy;
    __atomic_store_n(&ring->magic, RING_MAGIC, __ATOMIC_RELEASE);
    return MR_OK;
}

/* What a handle needs of the first part, read once: afterwards nobody can change it under us. */
struct shape {
    uint32_t slots, group_max, policy;
};

static uint32_t word(const uint32_t *at) { return __atomic_load_n(at, __ATOMIC_RELAXED); }

static int shape_of(const void *mem, size_t bytes, struct shape *out)
{
    const struct mr_ring *ring = mem;
    if ((uintptr_t)mem % MR_RING_APART != 0)
        return MR_E_INVALID;
    if (bytes < sizeof *ring)
        return MR_E_TRUNCATED;
    if (__atomic_load_n(&ring->magic, __ATOMIC_ACQUIRE) != RING_MAGIC)
        return MR_E_MAGIC;
    if (word(&ring->version) != RING_VERSION)
        return MR_E_VERSION;
    *out = (struct shape){word(&ring->slots), word(&ring->group_max), word(&ring->policy)};
    size_t need = mr_ring_bytes(out->slots, out->group_max);
    if (word(&ring->slot_bytes) != MR_RING_SLOT_BYTES || need == 0 || out->policy > MR_RING_LAP)
        return MR_E_LAYOUT;
    return bytes < need ? MR_E_TRUNCATED : MR_OK;
}

/* Head, tail, head, in this order: whatever both sides do meanwhile, the tail lies behind the second head, and
 * no more than the ring's length behind the first. A LAP ring has no reader, hence no tail. */
static bool indices_sane(const struct mr_ring *ring, const struct shape *shape)
{
    if (shape->policy == MR_RING_LAP)
        return true;
    uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
    uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
    uint64_t later = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
    return (int64_t)(later - tail) >= 0 && (int64_t)(head - tail) <= (int64_t)shape->slots;
}

int mr_ring_check(const void *mem, size_t bytes)
{
    struct shape shape;
    int status = shape_of(mem, bytes, &shape);
    if (status != MR_OK)
        return status;
    return indices_sane(mem, &shape) ? MR_OK : MR_E_CORRUPT;
}

void mr_ring_stats(const void *mem, struct mr_ring_stats *out)
{
    const struct mr_ring *ring = mem;
    uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
    *out = (struct mr_ring_stats){
        .published = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE),
        .released = tail,
        .dropped = __atomic_load_n(&ring->dropped, __ATOMIC_RELAXED),
        .epoch_writer = __atomic_load_n(&ring->epoch_writer, __ATOMIC_RELAXED),
        .epoch_reader = __atomic_load_n(&ring->epoch_reader, __ATOMIC_RELAXED),
        .slots = word(&ring->slots),
    };
    uint64_t used = out->published - tail;
    out->used = used > out->slots ? out->slots : (uint32_t)used;
}

int mr_ring_writer_open(struct mr_ring_writer *w, void *mem, size_t bytes)
{
    struct shape shape;
    int status = shape_of(mem, bytes, &shape);
    if (status == MR_OK && !indices_sane(mem, &shape))
        status = MR_E_CORRUPT;
    if (status != MR_OK)
        return status;
    struct mr_ring *ring = mem;
    uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
    uint64_t tail = shape.policy == MR_RING_LAP ? head : __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
    *w = (struct mr_ring_writer){
        .ring = ring,
        .base = ring->area,
        .head = head,
        .tail_seen = tail,
        .mask = shape.slots - 1,
        .slots = shape.slots,
        .group_max = shape.group_max,
        .lap = shape.policy == MR_RING_LAP,
    };
    if (head - tail > shape.slots)
        return MR_E_CORRUPT;
    w->mark_next = head; /* the first claim marks where this epoch begins */
    w->claim_floor = __atomic_load_n(&ring->claim, __ATOMIC_RELAXED);
    if (shape.policy == MR_RING_LAP && (int64_t)(w->claim_floor - head) > (int64_t)shape.group_max)
        return MR_E_CORRUPT;
    __atomic_store_n(&ring->epoch_head, head, __ATOMIC_RELAXED);
    uint64_t epoch = __atomic_load_n(&ring->epoch_writer, __ATOMIC_RELAXED);
    __atomic_store_n(&ring->epoch_writer, epoch + 1, __ATOMIC_RELEASE);
    return MR_OK;
}

int mr_ring_reader_open(struct mr_ring_reader *r, void *mem, size_t bytes)
{
    struct shape shape;
    int status = shape_of(mem, bytes, &shape);
    if (status == MR_OK && shape.policy == MR_RING_LAP)
        status = MR_E_INVALID;
    if (status == MR_OK && !indices_sane(mem, &shape))
        status = MR_E_CORRUPT;
    if (status != MR_OK)
        return status;
    struct mr_ring *ring = mem;
    uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_RELAXED);
    *r = (struct mr_ring_reader){
        .ring = ring,
        .base = ring->area,
        .tail = tail,
        .head_seen = tail,
        .epoch_writer = __atomic_load_n(&ring->epoch_writer, __ATOMIC_ACQUIRE),
        .mask = shape.slots - 1,
        .slots = shape.slots,
        .group_max = shape.group_max,
        .breath = MR_RING_BREATH_LEAST,
    };
    uint64_t epoch = __atomic_load_n(&ring->epoch_reader, __ATOMIC_RELAXED);
    __atomic_store_n(&ring->epoch_reader, epoch + 1, __ATOMIC_RELEASE);
    return MR_OK;
}

bool mr_ring_reader_epoch(struct mr_ring_reader *r)
{
    uint64_t epoch = __atomic_load_n(&r->ring->epoch_writer, __ATOMIC_ACQUIRE);
    if (mr_likely(epoch == r->epoch_writer) ||
        (int64_t)(r->tail - __atomic_load_n(&r->ring->epoch_head, __ATOMIC_RELAXED)) < 0)
        return false;
    r->epoch_writer = epoch;
    return true;
}

/* The ring seems full: look where the reader is now. */
MR_COLD bool mr_ring_reserve_look(struct mr_ring_writer *w, uint32_t n)
{
    if (w->status != MR_OK)
        return false;
    uint64_t tail = __atomic_load_n(&w->ring->tail, __ATOMIC_ACQUIRE), used = w->head - tail;
    if (used > w->slots) { /* the tail has passed us, or gone back further than the ring is long */
        w->status = MR_E_CORRUPT;
        w->tail_seen = w->head - w->slots;
        return false;
    }
    w->tail_seen = tail;
    return used + n <= w->slots;
}

/* An index or a length is not what a sane writer's can be. Nothing is given out, now or later: with no slots, every
 * head is beyond the ring. */
MR_COLD bool mr_ring_reader_stop(struct mr_ring_reader *r)
{
    r->status = MR_E_CORRUPT;
    r->head_seen = r->tail;
    r->slots = 0;
    return true;
}

/* A group begins here: note it, so that a tap can start among old records (mr_tap_open). */
MR_COLD void mr_ring_mark(struct mr_ring_writer *w)
{
    uint32_t step = w->slots / MR_RING_MARKS ? w->slots / MR_RING_MARKS : 1;
    __atomic_store_n(&w->ring->mark[w->head / step % MR_RING_MARKS], w->head, __ATOMIC_RELEASE);
    w->mark_next = (w->head / step + 1) * step;
}

/* The oldest known beginning of a group that is not overwritten and not about to be. */
static uint64_t oldest_mark(const struct mr_tap *t, uint64_t head)
{
    uint64_t claim = __atomic_load_n(&t->ring->claim, __ATOMIC_RELAXED), oldest = head;
    claim = (int64_t)(claim - head) < 0 ? head : claim;
    for (uint32_t i = 0; i < MR_RING_MARKS; i++) {
        uint64_t mark = __atomic_load_n(&t->ring->mark[i], __ATOMIC_ACQUIRE);
        if (mark < oldest && claim - mark <= t->slots)
            oldest = mark;
    }
    return oldest;
}

int mr_tap_open(struct mr_tap *t, const void *mem, size_t bytes, bool from_oldest)
{
    struct shape shape;
    int status = shape_of(mem, bytes, &shape);
    if (status != MR_OK)
        return status;
    const struct mr_ring *ring = mem;
    *t = (struct mr_tap){
        .ring = ring,
        .base = ring->area,
        .mask = shape.slots - 1,
        .slots = shape.slots,
        .group_max = shape.group_max,
        .lap = shape.policy == MR_RING_LAP,
    };
    t->next = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
    if (from_oldest && t->lap)
        t->next = oldest_mark(t, t->next);
    else if (from_oldest)
        t->next = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
    return MR_OK;
}
