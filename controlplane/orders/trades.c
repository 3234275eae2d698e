#include "controlplane/orders/trades.h"

#define NONE UINT32_MAX

struct trade {
    char id[48];
    int64_t venue_ns;
    uint32_t instrument, next; /* in its chain */
    uint64_t venue;
};
struct mr_trades {
    uint32_t capacity, mask, count, oldest;
    uint64_t forgotten;
    int64_t horizon_ns; /* newest of the forgotten */
    struct trade *at;
    uint32_t *heads;
};

static uint32_t head_count(uint32_t capacity)
{
    uint32_t n = 16;
    while (n < capacity)
        n *= 2;
    return n;
}

size_t mr_trades_bytes(uint32_t capacity)
{
    return sizeof(struct mr_trades) + capacity * sizeof(struct trade) + head_count(capacity) * sizeof(uint32_t);
}

struct mr_trades *mr_trades_init(void *mem, uint32_t capacity)
{
    MR_ASSERT(capacity && capacity <= 1u << 24);
    struct mr_trades *t = mem;
    *t = (struct mr_trades){.capacity = capacity, .mask = head_count(capacity) - 1, .horizon_ns = INT64_MIN};
    t->at = (struct trade *)(t + 1);
    t->heads = (uint32_t *)(t->at + capacity);
    for (uint32_t i = 0; i <= t->mask; i++)
        t->heads[i] = NONE;
    return t;
}

static uint32_t *chain(const struct mr_trades *t, uint8_t venue, uint32_t instrument, const char *id)
{
    uint64_t h = 0xcbf29ce484222325u ^ venue ^ (uint64_t)instrument << 8;
    for (; *id; id++)
        h = (h ^ (uint8_t)*id) * 0x100000001b3u;
    return &t->heads[(h ^ h >> 29) & t->mask];
}

enum mr_trade_known mr_trades_look(const struct mr_trades *t, const struct mr_fill *fill)
{
    for (uint32_t i = *chain(t, fill->venue, fill->instrument, fill->trade_id); i != NONE; i = t->at[i].next)
        if (t->at[i].venue == fill->venue && t->at[i].instrument == fill->instrument &&
            !strcmp(t->at[i].id, fill->trade_id))
            return MR_TRADE_SEEN;
    return t->forgotten && fill->venue_ns <= t->horizon_ns ? MR_TRADE_OLD : MR_TRADE_NEW;
}

static void forget(struct mr_trades *t, uint32_t index)
{
    const struct trade *old = &t->at[index];
    uint32_t *link = chain(t, (uint8_t)old->venue, old->instrument, old->id);
    while (*link != index)
        link = &t->at[*link].next;
    *link = old->next;
    if (old->venue_ns > t->horizon_ns)
        t->horizon_ns = old->venue_ns;
    t->forgotten++;
}

void mr_trades_add(struct mr_trades *t, const struct mr_fill *fill)
{
    uint32_t index = t->count;
    if (t->count == t->capacity) {
        index = t->oldest;
        t->oldest = (t->oldest + 1) % t->capacity;
        forget(t, index);
    } else {
        t->count++;
    }
    struct trade *new = &t->at[index];
    uint32_t *head = chain(t, fill->venue, fill->instrument, fill->trade_id);
    *new =
        (struct trade){.venue_ns = fill->venue_ns, .instrument = fill->instrument, .next = *head, .venue = fill->venue};
    memcpy(new->id, fill->trade_id, sizeof new->id);
    *head = index;
}

uint64_t mr_trades_forgotten(const struct mr_trades *t) { return t->forgotten; }
