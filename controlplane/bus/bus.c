#include "controlplane/bus/bus.h"

#define NONE UINT32_MAX

enum policy { LATEST, KEEP };
static const struct {
    const char *name;
    enum policy policy;
} topics[] = {
#define MR_TOPIC(NAME, POLICY, WHAT) {#NAME, POLICY},
#include "controlplane/bus/topics.def"
#undef MR_TOPIC
};
static_assert(MR_TOPIC_COUNT < 32, "a set of topics is one word");

/* Places of the queue are counted for ever; the head's attempts and due time are the queue's. */
struct queue {
    uint32_t head, tail;
    uint32_t attempts; /* made of the head */
    int64_t due_ns;    /* of the head, when it has failed */
    uint32_t *places;  /* indices in the pool */
};
struct subscriber {
    struct mr_subscription is;
    bool used;
    uint32_t generation;
    struct queue queues[MR_PRIORITY_COUNT];
};
struct node {
    struct mr_message message;
    uint32_t references, next_free;
};

struct mr_bus {
    struct mr_bus_config config;
    struct subscriber *subscribers;
    struct node *pool;
    uint32_t pool_count, free, turn;
    bool ended;
    uint64_t last_id;
    struct mr_bus_counts counts;
};

const char *mr_priority_name(unsigned priority)
{
    static const char *const names[] = {"critical", "high", "normal", "low"};
    return priority < MR_COUNT_OF(names) ? names[priority] : "?";
}

const char *mr_topic_name(unsigned topic) { return topic < MR_TOPIC_COUNT ? topics[topic].name : "?"; }

/* ---- memory ---- */

static size_t lines(size_t bytes) { return (bytes + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES; }
static size_t places_of(const struct mr_bus_config *c) { return (size_t)c->subscribers * MR_PRIORITY_COUNT * c->depth; }

size_t mr_bus_bytes(const struct mr_bus_config *c)
{
    return lines(sizeof(struct mr_bus)) + lines(c->subscribers * sizeof(struct subscriber)) +
           lines(places_of(c) * sizeof(uint32_t)) +
           lines((places_of(c) + 1) * sizeof(struct node)); /* and the one that is being delivered */
}

struct mr_bus *mr_bus_init(void *mem, const struct mr_bus_config *c)
{
    MR_ASSERT(c->subscribers > 0 && c->subscribers < 32768 && c->depth > 0 && (c->depth & (c->depth - 1)) == 0);
    MR_ASSERT((uintptr_t)mem % MR_LINE_BYTES == 0 && places_of(c) < NONE);
    uint8_t *at = mem;
    struct mr_bus *bus = mem;
    memset(mem, 0, mr_bus_bytes(c));
    bus->config = *c;
    at += lines(sizeof *bus);
    bus->subscribers = (void *)at;
    at += lines(c->subscribers * sizeof(struct subscriber));
    uint32_t *places = (void *)at;
    at += lines(places_of(c) * sizeof(uint32_t));
    bus->pool = (void *)at;
    bus->pool_count = (uint32_t)places_of(c) + 1;
    for (uint32_t i = 0; i < c->subscribers; i++)
        for (uint32_t p = 0; p < MR_PRIORITY_COUNT; p++, places += c->depth)
            bus->subscribers[i].queues[p].places = places;
    for (uint32_t i = 0; i < bus->pool_count; i++)
        bus->pool[i].next_free = i + 1 < bus->pool_count ? i + 1 : NONE;
    return bus;
}

static void release(struct mr_bus *bus, uint32_t i)
{
    struct node *node = &bus->pool[i];
    MR_DCHECK(node->references > 0);
    if (--node->references)
        return;
    node->next_free = bus->free;
    bus->free = i;
    bus->counts.waiting--;
}

/* ---- queues ---- */

static uint32_t *place(const struct mr_bus *bus, const struct queue *q, uint32_t n)
{
    return &q->places[n & (bus->config.depth - 1)];
}

static void pop(struct mr_bus *bus, struct queue *q)
{
    uint32_t i = *place(bus, q, q->head);
    q->head++;
    q->attempts = 0;
    q->due_ns = 0;
    release(bus, i);
}

static MR_COLD void lost(struct mr_bus *bus, const struct subscriber *s, const struct mr_message *message,
                         enum mr_lost_why why)
{
    if (why == MR_LOST_FULL)
        bus->counts.full++;
    else if (why == MR_LOST_GIVEN_UP)
        bus->counts.given_up++;
    if (bus->config.lost)
        bus->config.lost(bus->config.arg, s->is.name, message, why);
}

/* Room in a queue that has none; false: the new one is lost. */
static MR_COLD bool make_room(struct mr_bus *bus, struct subscriber *s, struct queue *q,
                              const struct mr_message *message)
{
    if (topics[message->topic].policy == KEEP) {
        lost(bus, s, message, MR_LOST_FULL);
        return false;
    }
    lost(bus, s, &bus->pool[*place(bus, q, q->head)].message, MR_LOST_FULL);
    pop(bus, q);
    return true;
}

/* ---- who takes part ---- */

static struct subscriber *find(struct mr_bus *bus, int handle)
{
    uint32_t i = (uint32_t)handle & 0x7fff;
    if (handle <= 0 || i >= bus->config.subscribers)
        return NULL;
    struct subscriber *s = &bus->subscribers[i];
    return s->used && s->generation == (uint32_t)handle >> 15 ? s : NULL;
}

int mr_bus_subscribe(struct mr_bus *bus, const struct mr_subscription *subscription)
{
    MR_ASSERT(subscription->take && subscription->name);
    if (bus->ended)
        return MR_E_END;
    for (uint32_t i = 0; i < bus->config.subscribers; i++) {
        struct subscriber *s = &bus->subscribers[i];
        if (s->used)
            continue;
        s->is = *subscription;
        s->used = true;
        s->generation = s->generation % 0xfffe + 1;
        bus->counts.subscribers++;
        return (int)(s->generation << 15 | i);
    }
    return MR_E_FULL;
}

int mr_bus_unsubscribe(struct mr_bus *bus, int handle)
{
    struct subscriber *s = find(bus, handle);
    if (!s)
        return MR_E_INVALID;
    for (uint32_t p = 0; p < MR_PRIORITY_COUNT; p++)
        while (s->queues[p].head != s->queues[p].tail)
            pop(bus, &s->queues[p]);
    s->used = false;
    bus->counts.subscribers--;
    return MR_OK;
}

/* ---- in ---- */

static bool wants(const struct subscriber *s, const struct mr_message *message)
{
    return s->used && s->is.topics >> message->topic & 1 && (!message->to || message->to == s->is.module);
}

int mr_bus_publish(struct mr_bus *bus, struct mr_message *message, int64_t now_ns)
{
    if (bus->ended)
        return MR_E_END;
    if (message->topic >= MR_TOPIC_COUNT || message->kind >= MR_MESSAGE_KIND_COUNT ||
        message->priority >= MR_PRIORITY_COUNT || message->bytes > MR_MESSAGE_PAYLOAD)
        return MR_E_INVALID;
    message->id = ++bus->last_id;
    message->now_ns = now_ns;
    bus->counts.published[message->topic]++;
    uint32_t into = 0, i = NONE;
    for (uint32_t n = 0; n < bus->config.subscribers; n++) {
        struct subscriber *s = &bus->subscribers[n];
        struct queue *q = &s->queues[message->priority];
        if (!wants(s, message))
            continue;
        if (mr_unlikely(q->tail - q->head == bus->config.depth) && !make_room(bus, s, q, message))
            continue;
        if (i == NONE) {
            i = bus->free;
            MR_ASSERT(i != NONE); /* as many as all queues have places, and this one has a place left */
            bus->free = bus->pool[i].next_free;
            memcpy(&bus->pool[i].message, message, offsetof(struct mr_message, payload) + message->bytes);
            bus->pool[i].references = 0;
            bus->counts.waiting++;
        }
        bus->pool[i].references++;
        *place(bus, q, q->tail++) = i;
        into++;
    }
    return (int)into;
}

/* ---- out ---- */

static MR_COLD void failed(struct mr_bus *bus, struct subscriber *s, struct queue *q, int64_t now_ns)
{
    bus->counts.failed++;
    if (++q->attempts == MR_BUS_ATTEMPTS) {
        lost(bus, s, &bus->pool[*place(bus, q, q->head)].message, MR_LOST_GIVEN_UP);
        pop(bus, q);
        return;
    }
    q->due_ns = now_ns + (1000000000ll << (q->attempts - 1));
}

/* The handler may do anything to the bus meanwhile: the message is held, and the place looked at again. */
static void deliver(struct mr_bus *bus, struct subscriber *s, struct queue *q, int64_t now_ns)
{
    const uint32_t i = *place(bus, q, q->head), head = q->head, generation = s->generation;
    bus->pool[i].references++;
    int status = s->is.take(s->is.arg, &bus->pool[i].message, q->attempts + 1, now_ns);
    if (status == MR_OK)
        bus->counts.delivered++;
    if (s->used && s->generation == generation && q->head == head && q->head != q->tail) {
        if (status == MR_OK)
            pop(bus, q);
        else
            failed(bus, s, q, now_ns);
    }
    release(bus, i);
}

/* The most urgent one of this subscriber that is due. */
static bool serve(struct mr_bus *bus, struct subscriber *s, int64_t now_ns)
{
    for (uint32_t p = 0; p < MR_PRIORITY_COUNT; p++) {
        struct queue *q = &s->queues[p];
        if (q->head != q->tail && (!q->attempts || now_ns >= q->due_ns)) {
            deliver(bus, s, q, now_ns);
            return true;
        }
    }
    return false;
}

uint32_t mr_bus_step(struct mr_bus *bus, int64_t now_ns, uint32_t most)
{
    uint32_t done = 0, idle = 0;
    while (done < most && idle < bus->config.subscribers && bus->counts.waiting) {
        struct subscriber *s = &bus->subscribers[bus->turn];
        bus->turn = bus->turn + 1 < bus->config.subscribers ? bus->turn + 1 : 0;
        if (s->used && serve(bus, s, now_ns)) {
            done++;
            idle = 0;
        } else {
            idle++;
        }
    }
    return done;
}

int64_t mr_bus_due(const struct mr_bus *bus)
{
    int64_t due = INT64_MAX;
    for (uint32_t i = 0; i < bus->config.subscribers; i++)
        for (uint32_t p = 0; p < MR_PRIORITY_COUNT; p++) {
            const struct queue *q = &bus->subscribers[i].queues[p];
            if (q->head != q->tail && q->attempts && q->due_ns < due)
                due = q->due_ns;
        }
    return due;
}

/* ---- the end ---- */

uint32_t mr_bus_shutdown(struct mr_bus *bus, int64_t now_ns, uint32_t most)
{
    uint32_t gone = 0;
    bus->ended = true;
    for (uint32_t i = 0; i < bus->config.subscribers; i++)
        for (uint32_t p = 0; p < MR_PRIORITY_COUNT; p++)
            bus->subscribers[i].queues[p].due_ns = 0; /* no more waiting */
    mr_bus_step(bus, now_ns, most);
    for (uint32_t i = 0; i < bus->config.subscribers; i++)
        for (uint32_t p = 0; p < MR_PRIORITY_COUNT; p++) {
            struct queue *q = &bus->subscribers[i].queues[p];
            for (; q->head != q->tail; gone++) {
                lost(bus, &bus->subscribers[i], &bus->pool[*place(bus, q, q->head)].message, MR_LOST_SHUTDOWN);
                pop(bus, q);
            }
        }
    MR_ASSERT(bus->counts.waiting == 0);
    return gone;
}

void mr_bus_counts(const struct mr_bus *bus, struct mr_bus_counts *out) { *out = bus->counts; }
