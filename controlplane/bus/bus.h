/* The event bus of the control plane (C-10, C-11): typed topics between modules of one thread.
 *
 * A message is copied once, however many take it. Each subscriber has queues of its own, one a priority, of a fixed depth: who is slow or
 * fails waits alone. A delivery that is not MR_OK is tried again after 1, 2 and 4 s, in its place in that queue, then given up: counted, and told
 * to `lost`. So each message reaches each subscriber at least once, or somebody hears of it.
 *
 * Order   a subscriber sees messages of one priority as they were published; higher priorities overtake.
 * Bounds  subscribers, depth, payload, deliveries a step. There is always room for what a queue has room for: the pool has a message for each
 *         place in each queue.
 * Thread  one.   Memory  one block of mr_bus_bytes().   Times  the caller's; handlers may publish, subscribe and
 *         unsubscribe, but not step.
 * Cost    perf/controlplane/bus/bench_bus.c */
#ifndef MR_BUS_BUS_H
#define MR_BUS_BUS_H

#include "dataplane/base/base.h"

enum mr_priority { MR_PRIORITY_CRITICAL, MR_PRIORITY_HIGH, MR_PRIORITY_NORMAL, MR_PRIORITY_LOW, MR_PRIORITY_COUNT };
const char *mr_priority_name(unsigned priority); /* "critical" */

enum mr_topic {
#define MR_TOPIC(name, policy, what) MR_TOPIC_##name,
#include "controlplane/bus/topics.def"
#undef MR_TOPIC
    MR_TOPIC_COUNT
};
#define MR_TOPIC_BIT(name) (1u << MR_TOPIC_##name)
#define MR_TOPICS_ALL ((1u << MR_TOPIC_COUNT) - 1)
const char *mr_topic_name(unsigned topic); /* "market_data" */

enum mr_message_kind {
    MR_MESSAGE_REQUEST,
    MR_MESSAGE_RESPONSE,
    MR_MESSAGE_EVENT,
    MR_MESSAGE_COMMAND,
    MR_MESSAGE_KIND_COUNT
};

#define MR_MESSAGE_PAYLOAD 1344 /* an event of trading whole: its order, fill, position and words */
struct mr_message {
    uint64_t id;          /* by the bus, from 1 */
    uint64_t correlation; /* of a response: the request's id. Of others: as the publisher likes */
    int64_t now_ns;       /* when it was published */
    uint16_t from, to;    /* modules; `to` 0: all who want the topic */
    uint8_t topic, kind, priority, spare;
    uint32_t bytes;  /* of the payload */
    char action[28]; /* "reconcile" */
    _Alignas(16) uint8_t payload[MR_MESSAGE_PAYLOAD];
};
static_assert(sizeof(struct mr_message) == 64 + MR_MESSAGE_PAYLOAD, "a cache line, then the payload");

enum mr_lost_why { MR_LOST_FULL, MR_LOST_GIVEN_UP, MR_LOST_SHUTDOWN };
struct mr_bus_config {
    uint32_t subscribers, depth; /* most; messages that wait in each queue, a power of two */
    void (*lost)(void *arg, const char *subscriber, const struct mr_message *message,
                 enum mr_lost_why why); /* may be NULL; publishes nothing */
    void *arg;
};

/* MR_OK: taken. Anything else: again later. `attempt` from 1. */
typedef int mr_take_fn(void *arg, const struct mr_message *message, uint32_t attempt, int64_t now_ns);
#define MR_BUS_ATTEMPTS 4 /* the first, then after 1, 2 and 4 s */
struct mr_subscription {
    const char *name; /* must outlive it */
    uint16_t module;  /* what `to` is compared with; 0: gets no direct messages */
    uint32_t topics;  /* MR_TOPIC_BIT */
    mr_take_fn *take;
    void *arg;
};
struct mr_bus_counts {
    uint64_t published[MR_TOPIC_COUNT], delivered, failed, given_up, full;
    uint32_t subscribers, waiting; /* messages in the pool that somebody still waits for */
};

struct mr_bus;
size_t mr_bus_bytes(const struct mr_bus_config *config);
struct mr_bus *mr_bus_init(void *mem, const struct mr_bus_config *config); /* `mem` 64-byte aligned */
/* A handle > 0, given anew after 65,535 uses of its place at the soonest; MR_E_FULL, MR_E_END. */
int mr_bus_subscribe(struct mr_bus *bus, const struct mr_subscription *subscription);
int mr_bus_unsubscribe(struct mr_bus *bus, int handle); /* what waits for it goes; MR_E_INVALID: no such subscriber */
/* Fills id and now_ns. How many queues it is in now, 0 too; MR_E_END after shutdown; MR_E_INVALID: topic, kind, priority or bytes. */
int mr_bus_publish(struct mr_bus *bus, struct mr_message *message, int64_t now_ns);
/* At most `most` deliveries, in turns; how many. 0: nothing is due now. */
uint32_t mr_bus_step(struct mr_bus *bus, int64_t now_ns, uint32_t most);
/* When a message that failed is due again; INT64_MAX: none is. */
int64_t mr_bus_due(const struct mr_bus *bus);
/* No more is published; what waits is delivered once more, at most `most` of it; the rest is lost and told. How many were. */
uint32_t mr_bus_shutdown(struct mr_bus *bus, int64_t now_ns, uint32_t most);
void mr_bus_counts(const struct mr_bus *bus, struct mr_bus_counts *out);

#endif
