#include "dataplane/ring/bytes.h"

#define AREA_MIN (128u * 1024)
#define GROUP_MAX                                                                                                      \
    ((MR_BYTES_RECORD_MAX + (uint32_t)sizeof(struct mr_bytes_head) + MR_RING_SLOT_BYTES - 1) / MR_RING_SLOT_BYTES)
static_assert(sizeof(struct mr_bytes_head) == 16, "records begin with 16 bytes");
static_assert(sizeof(struct mr_bytes_head) == sizeof(((struct mr_ring_reader *)0)->record), "the reader keeps a copy");

static uint32_t slots_for(uint32_t len)
{
    return (len + (uint32_t)sizeof(struct mr_bytes_head) + MR_RING_SLOT_BYTES - 1) / MR_RING_SLOT_BYTES;
}

static bool legal(uint32_t len) { return len - 1 < MR_BYTES_RECORD_MAX; }

size_t mr_bytes_ring_bytes(uint32_t area_bytes)
{
    return area_bytes < AREA_MIN ? 0 : mr_ring_bytes(area_bytes / MR_RING_SLOT_BYTES, GROUP_MAX);
}

int mr_bytes_ring_init(void *mem, uint32_t area_bytes, enum mr_ring_policy policy)
{
    if (mr_bytes_ring_bytes(area_bytes) == 0 || (area_bytes & (area_bytes - 1)) != 0)
        return MR_E_INVALID;
    return mr_ring_init(mem, area_bytes / MR_RING_SLOT_BYTES, GROUP_MAX, policy);
}

uint8_t *mr_bytes_reserve(struct mr_ring_writer *w, uint32_t len)
{
    uint32_t n = slots_for(len);
    if (mr_unlikely(!legal(len) || n > w->group_max))
        return NULL;
    uint8_t *record = w->lap ? mr_ring_claim(w, n) : mr_ring_reserve(w, n);
    if (mr_unlikely(record == NULL))
        return NULL;
    w->reserved = n;
    return record + sizeof(struct mr_bytes_head);
}

void mr_bytes_publish(struct mr_ring_writer *w, uint16_t kind, uint16_t tag, int64_t time_ns, uint32_t len)
{
    uint32_t n = slots_for(len);
    MR_ASSERT(legal(len) && n <= w->reserved);
    struct mr_bytes_head *head = (void *)(w->base + (w->head & w->mask) * MR_RING_SLOT_BYTES);
    *head = (struct mr_bytes_head){len, kind, tag, time_ns};
    w->reserved = 0;
    mr_ring_publish(w, n);
}

const struct mr_bytes_head *mr_bytes_peek(struct mr_ring_reader *r, const uint8_t **data)
{
    uint32_t ready;
    const uint8_t *record = mr_ring_peek(r, &ready);
    if (record == NULL)
        return NULL;
    memcpy(r->record, record, sizeof r->record);
    __atomic_signal_fence(__ATOMIC_ACQUIRE); /* the copy is made once; the compiler may not look again */
    const struct mr_bytes_head *head = (const void *)r->record;
    if (mr_unlikely(!legal(head->len))) {
        mr_ring_reader_stop(r);
        return NULL;
    }
    if (!mr_ring_has(r, slots_for(head->len)))
        return NULL;
    r->pending = slots_for(head->len);
    *data = record + sizeof *head;
    return head;
}

void mr_bytes_release(struct mr_ring_reader *r)
{
    MR_ASSERT(r->pending != 0);
    mr_ring_release(r, r->pending);
    r->pending = 0;
}

uint32_t mr_bytes_slots(const void *first_slot)
{
    uint32_t len;
    memcpy(&len, first_slot, sizeof len);
    return legal(len) ? slots_for(len) : 0;
}
