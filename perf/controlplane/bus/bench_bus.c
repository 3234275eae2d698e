/* One event published and taken by each of four subscribers, in one process: C-11 asks for a million a second. */
#include <stdlib.h>

#include "controlplane/bus/bus.h"
#include "perf/bench.h"

#define EVENTS 10000
#define BURST 50

struct set {
    struct mr_bus *bus;
    uint64_t sum;
    int64_t now_ns;
};

static int take(void *arg, const struct mr_message *message, uint32_t attempt, int64_t now_ns)
{
    struct set *set = arg;
    (void)now_ns;
    set->sum = mr_bench_mix(set->sum, message->id + attempt);
    return MR_OK;
}

static uint64_t publish(void *arg)
{
    struct set *set = arg;
    struct mr_message message = {
        .topic = MR_TOPIC_signal_generated, .kind = MR_MESSAGE_EVENT, .priority = MR_PRIORITY_NORMAL, .bytes = 64};
    set->sum = 0;
    for (uint32_t i = 0; i < EVENTS; i += BURST) {
        for (uint32_t n = 0; n < BURST; n++) {
            memcpy(message.payload, &i, sizeof i);
            mr_bus_publish(set->bus, &message, ++set->now_ns);
        }
        while (mr_bus_step(set->bus, set->now_ns, 1024)) {
        }
    }
    return set->sum;
}

void mr_bench_bus(struct mr_bench *b)
{
    const struct mr_bus_config config = {32, 64, NULL, NULL};
    struct set set = {.now_ns = 1};
    void *mem = aligned_alloc(64, (mr_bus_bytes(&config) + 63) / 64 * 64);
    MR_ASSERT(mem);
    set.bus = mr_bus_init(mem, &config);
    for (uint16_t i = 0; i < 4; i++)
        mr_bus_subscribe(set.bus, &(struct mr_subscription){"bench", i, MR_TOPICS_ALL, take, &set});
    mr_bench_pair(b, &(struct mr_bench_pair){.name = "publish",
                                             .work = "an event of 64 bytes published, and taken by 4 subscribers",
                                             .items = EVENTS,
                                             .ours = {publish, &set},
                                             .limit_ns = 1000});
    free(mem);
}
