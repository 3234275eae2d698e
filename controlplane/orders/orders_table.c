#include "controlplane/orders/orders_priv.h"

/* Enough for any order: an ended one goes before a new one comes where there are ended_max of them. */
static uint32_t slots_of(const struct mr_orders_config *c) { return c->open_max + c->ended_max; }

static uint32_t heads_of(uint32_t slots)
{
    uint32_t n = 64;
    while (n < slots)
        n *= 2;
    return n;
}

static uint32_t waiting_of(const struct mr_orders_config *c) { return 4 * c->open_max; }

static size_t line(size_t bytes) { return (bytes + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES; }

/* Pieces of the one block, each on a line of its own: `mem` NULL only counts. */
static size_t lay_out(const struct mr_orders_config *c, struct mr_orders *om, uint8_t *mem)
{
    uint32_t slots = slots_of(c), heads = heads_of(slots);
    size_t at = 0;
#define PIECE(member, count, type)                                                                                     \
    do {                                                                                                               \
        if (om)                                                                                                        \
            om->member = (void *)(mem + at);                                                                           \
        at += line((size_t)(count) * sizeof(type));                                                                    \
    } while (0)
    PIECE(slots, slots, struct slot);
    PIECE(by_id, heads, uint32_t);
    PIECE(by_venue, heads, uint32_t);
    PIECE(heap, slots, uint32_t);
    PIECE(heard, c->queue_max, struct heard);
    PIECE(waiting, waiting_of(c), struct waiting);
    PIECE(asked, ASKED_COUNT, struct asked);
    PIECE(theirs, c->instruments_max, struct theirs);
    PIECE(trades, mr_trades_bytes(c->trades_max), uint8_t);
    PIECE(positions, mr_positions_bytes(c->instruments_max), uint8_t);
#undef PIECE
    return at;
}

size_t mr_orders_table_bytes(const struct mr_orders_config *c) { return lay_out(c, NULL, NULL); }

void mr_orders_table_init(struct mr_orders *om, uint8_t *mem)
{
    const struct mr_orders_config *c = &om->cfg;
    memset(mem, 0, lay_out(c, om, mem));
    om->slot_count = slots_of(c);
    om->waiting_max = waiting_of(c);
    om->mask = heads_of(om->slot_count) - 1;
    for (uint32_t i = 0; i < om->slot_count; i++) {
        om->slots[i].after = i + 1; /* the free ones; they are never all taken */
        om->slots[i].heap_at = NONE;
    }
    for (uint32_t i = 0; i <= om->mask; i++)
        om->by_id[i] = om->by_venue[i] = NONE;
    om->open = om->ended = (struct list){.first = NONE, .last = NONE};
    mr_trades_init(om->trades, c->trades_max);
    mr_positions_init(om->positions, c->instruments_max, c->cash);
}

uint32_t mr_orders_index(const struct mr_orders *om, const struct slot *s) { return (uint32_t)(s - om->slots); }

static void list_add(struct mr_orders *om, struct list *l, struct slot *s)
{
    uint32_t i = mr_orders_index(om, s);
    s->after = NONE;
    s->before = l->last;
    *(l->last == NONE ? &l->first : &om->slots[l->last].after) = i;
    l->last = i;
    l->count++;
}

static void list_take(struct mr_orders *om, struct list *l, struct slot *s)
{
    *(s->before == NONE ? &l->first : &om->slots[s->before].after) = s->after;
    *(s->after == NONE ? &l->last : &om->slots[s->after].before) = s->before;
    l->count--;
}

static uint32_t *id_chain(const struct mr_orders *om, uint64_t id)
{
    uint64_t h = id * 0x9e3779b97f4a7c15u;
    return &om->by_id[h >> 32 & om->mask];
}

static uint32_t *venue_chain(const struct mr_orders *om, uint8_t venue, const char *id)
{
    uint64_t h = 0xcbf29ce484222325u ^ venue;
    for (uint32_t i = 0; i < sizeof((struct mr_order *)0)->venue_id && id[i]; i++)
        h = (h ^ (uint8_t)id[i]) * 0x100000001b3u;
    return &om->by_venue[(h ^ h >> 29) & om->mask];
}

struct slot *mr_orders_slot(const struct mr_orders *om, uint64_t id)
{
    for (uint32_t i = *id_chain(om, id); i != NONE; i = om->slots[i].next_id)
        if (om->slots[i].o.id == id)
            return &om->slots[i];
    return NULL;
}

struct slot *mr_orders_slot_venue(const struct mr_orders *om, uint8_t venue, const char *venue_id)
{
    for (uint32_t i = *venue_chain(om, venue, venue_id); i != NONE; i = om->slots[i].next_venue) {
        struct slot *s = &om->slots[i];
        if (s->o.venue == venue && !strncmp(s->o.venue_id, venue_id, sizeof s->o.venue_id))
            return s;
    }
    return NULL;
}

void mr_orders_slot_named(struct mr_orders *om, struct slot *s, const char *venue_id)
{
    if (s->in_venue || !venue_id[0])
        return; /* a name is given once */
    strncpy(s->o.venue_id, venue_id, sizeof s->o.venue_id - 1);
    uint32_t *head = venue_chain(om, s->o.venue, s->o.venue_id);
    s->next_venue = *head;
    *head = mr_orders_index(om, s);
    s->in_venue = true;
}

/* Ended, and long enough: its place is free again. */
void mr_orders_slot_free(struct mr_orders *om, struct slot *s)
{
    uint32_t index = mr_orders_index(om, s), *link;
    mr_orders_slot_due(om, s, NEVER);
    list_take(om, mr_order_ended(s->o.state) ? &om->ended : &om->open, s);
    for (link = id_chain(om, s->o.id); *link != index;)
        link = &om->slots[*link].next_id;
    *link = s->next_id;
    if (s->in_venue) {
        for (link = venue_chain(om, s->o.venue, s->o.venue_id); *link != index;)
            link = &om->slots[*link].next_venue;
        *link = s->next_venue;
    }
    om->dirty -= s->dirty;
    *s = (struct slot){.heap_at = NONE, .after = om->free};
    om->free = index;
}

struct slot *mr_orders_slot_new(struct mr_orders *om, uint64_t id)
{
    MR_ASSERT(!om->dirty); /* so the oldest ended order is in the journal, and may go */
    if (om->open.count >= om->cfg.open_max)
        return NULL;
    if (om->ended.count >= om->cfg.ended_max) {
        om->n.ended_dropped++;
        mr_orders_slot_free(om, &om->slots[om->ended.first]);
    }
    MR_ASSERT(om->free < om->slot_count);
    struct slot *s = &om->slots[om->free];
    om->free = s->after;
    *s = (struct slot){.heap_at = NONE, .due_ns = NEVER, .o.id = id};
    list_add(om, &om->open, s);
    uint32_t *head = id_chain(om, id);
    s->next_id = *head;
    *head = mr_orders_index(om, s);
    return s;
}

void mr_orders_slot_end(struct mr_orders *om, struct slot *s)
{
    list_take(om, &om->open, s);
    list_add(om, &om->ended, s);
    s->ended_ns = om->now_ns;
    s->cancel_wanted = false;
    mr_orders_slot_due(om, s, NEVER);
}

/* A binary heap of slots, the first due on top. */
static void heap_put(struct mr_orders *om, uint32_t at, uint32_t index)
{
    om->heap[at] = index;
    om->slots[index].heap_at = at;
}

static int64_t heap_due(const struct mr_orders *om, uint32_t at) { return om->slots[om->heap[at]].due_ns; }

static void heap_up(struct mr_orders *om, uint32_t at)
{
    uint32_t index = om->heap[at];
    for (; at && heap_due(om, (at - 1) / 2) > om->slots[index].due_ns; at = (at - 1) / 2)
        heap_put(om, at, om->heap[(at - 1) / 2]);
    heap_put(om, at, index);
}

static void heap_down(struct mr_orders *om, uint32_t at)
{
    uint32_t index = om->heap[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= om->heap_count)
            break;
        child += child + 1 < om->heap_count && heap_due(om, child + 1) < heap_due(om, child);
        if (heap_due(om, child) >= om->slots[index].due_ns)
            break;
        heap_put(om, at, om->heap[child]);
        at = child;
    }
    heap_put(om, at, index);
}

void mr_orders_slot_due(struct mr_orders *om, struct slot *s, int64_t due_ns)
{
    uint32_t at = s->heap_at;
    s->due_ns = due_ns;
    if (due_ns == NEVER) {
        if (at == NONE)
            return;
        s->heap_at = NONE;
        uint32_t moved = om->heap[--om->heap_count];
        if (at == om->heap_count)
            return;
        heap_put(om, at, moved);
    } else if (at == NONE) {
        at = om->heap_count++;
        heap_put(om, at, mr_orders_index(om, s));
    }
    heap_up(om, at);
    heap_down(om, at);
}
