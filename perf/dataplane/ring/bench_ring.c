#include "dataplane/ring/ring.h"
#include "perf/dataplane/ring/race.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

/* ---- the driver ---- */

struct producer {
    const struct race *race;
    void (*produce)(void *queue, const struct race *);
    void *queue;
};

static void *produce_there(void *arg)
{
    struct producer *p = arg;
    p->produce(p->queue, p->race);
    return NULL;
}

uint64_t race_run(const struct race *race, void (*produce)(void *queue, const struct race *), void *queue,
                  uint64_t (*consume)(void *queue, const struct race *))
{
    struct producer p = {race, produce, queue};
    pthread_t thread;
    pthread_attr_t attr;
    cpu_set_t there; /* born on its core: one born on the consumer's would wait for it to stop spinning */
    CPU_ZERO(&there);
    CPU_SET(race->core, &there);
    pthread_attr_init(&attr);
    MR_ASSERT(pthread_attr_setaffinity_np(&attr, sizeof there, &there) == 0);
    MR_ASSERT(pthread_create(&thread, &attr, produce_there, &p) == 0);
    pthread_attr_destroy(&attr);
    uint64_t sum = consume(queue, race);
    pthread_join(thread, NULL);
    return sum;
}

/* ---- ours ---- */

struct ours {
    struct mr_ring_writer w, back_w;
    struct mr_ring_reader r, back_r;
    void *there, *back; /* shared memory of the two rings */
};

static void *ring_memory(void)
{
    size_t bytes = mr_ring_bytes(RACE_SLOTS, RACE_BATCH);
    void *mem = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    MR_ASSERT(mem && mr_ring_init(mem, RACE_SLOTS, RACE_BATCH, MR_RING_BACKPRESSURE) == MR_OK);
    return mem;
}

/* Once: the memory of the references' queues is kept from pass to pass too. */
static struct ours *ours(void)
{
    static struct ours *made;
    if (made)
        return made;
    size_t bytes = mr_ring_bytes(RACE_SLOTS, RACE_BATCH);
    made = aligned_alloc(128, (sizeof *made + 127) / 128 * 128);
    MR_ASSERT(made);
    made->there = ring_memory();
    made->back = ring_memory();
    MR_ASSERT(mr_ring_writer_open(&made->w, made->there, bytes) == MR_OK);
    MR_ASSERT(mr_ring_reader_open(&made->r, made->there, bytes) == MR_OK);
    MR_ASSERT(mr_ring_writer_open(&made->back_w, made->back, bytes) == MR_OK);
    MR_ASSERT(mr_ring_reader_open(&made->back_r, made->back, bytes) == MR_OK);
    return made;
}

static void send(struct mr_ring_writer *w, uint64_t i)
{
    void *slot;
    while ((slot = mr_ring_reserve(w, 1)) == NULL)
        race_pause();
    race_fill(slot, i);
    mr_ring_publish(w, 1);
}

static uint64_t receive(struct mr_ring_reader *r)
{
    const struct race_message *m;
    uint32_t ready;
    while ((m = mr_ring_peek(r, &ready)) == NULL)
        race_pause();
    uint64_t sum = race_sum(m);
    mr_ring_release(r, 1);
    return sum;
}

static void produce_single(void *queue, const struct race *race)
{
    struct ours *o = queue;
    for (uint64_t i = 0; i < race->messages; i++)
        send(&o->w, i);
}

static uint64_t consume_single(void *queue, const struct race *race)
{
    struct ours *o = queue;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < race->messages; i++)
        sum += receive(&o->r);
    return sum;
}

static void produce_batch(void *queue, const struct race *race)
{
    struct ours *o = queue;
    for (uint64_t i = 0; i < race->messages; i += RACE_BATCH) {
        struct race_message *group;
        while ((group = mr_ring_reserve(&o->w, RACE_BATCH)) == NULL)
            race_pause();
        for (uint32_t k = 0; k < RACE_BATCH; k++)
            race_fill(&group[k], i + k);
        mr_ring_publish(&o->w, RACE_BATCH);
    }
}

static uint64_t consume_batch(void *queue, const struct race *race)
{
    struct ours *o = queue;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < race->messages; i += RACE_BATCH) {
        const struct race_message *group;
        uint32_t ready;
        while ((group = mr_ring_peek(&o->r, &ready)) == NULL)
            race_pause();
        for (uint32_t k = 0; k < RACE_BATCH; k++)
            sum += race_sum(&group[k]);
        mr_ring_release(&o->r, RACE_BATCH);
    }
    return sum;
}

static void produce_echo(void *queue, const struct race *race)
{
    struct ours *o = queue;
    for (uint64_t i = 0; i < race->messages; i++)
        send(&o->back_w, receive(&o->r));
}

static uint64_t consume_echo(void *queue, const struct race *race)
{
    struct ours *o = queue;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < race->messages; i++) {
        send(&o->w, i);
        sum += receive(&o->back_r);
    }
    return sum;
}

static uint64_t ours_single(void *arg) { return race_run(arg, produce_single, ours(), consume_single); }

static uint64_t ours_batch(void *arg) { return race_run(arg, produce_batch, ours(), consume_batch); }

static uint64_t ours_round_trip(void *arg) { return race_run(arg, produce_echo, ours(), consume_echo); }

/* ---- the bound of a round trip: a number goes there and back in one cache line each way ---- */

struct lines {
    uint64_t there __attribute__((aligned(128)));
    uint64_t back __attribute__((aligned(128)));
};

static void produce_line(void *queue, const struct race *race)
{
    struct lines *l = queue;
    for (uint64_t i = 1; i <= race->messages; i++) {
        while (__atomic_load_n(&l->there, __ATOMIC_ACQUIRE) != i)
            race_pause();
        __atomic_store_n(&l->back, i, __ATOMIC_RELEASE);
    }
}

static uint64_t consume_line(void *queue, const struct race *race)
{
    struct lines *l = queue;
    for (uint64_t i = 1; i <= race->messages; i++) {
        __atomic_store_n(&l->there, i, __ATOMIC_RELEASE);
        while (__atomic_load_n(&l->back, __ATOMIC_ACQUIRE) != i)
            race_pause();
    }
    return race->messages;
}

uint64_t race_line_round_trip(void *arg)
{
    struct lines lines = {0, 0};
    return race_run(arg, produce_line, &lines, consume_line);
}

/* Goals where the margin is larger than the noise of a shared machine. A round trip cannot beat the bare cache line:
 * the message and the index are two lines each way. */
void mr_bench_ring(struct mr_bench *b)
{
    static struct race single = {.messages = 100000}, batch = {.messages = 400000}, trip = {.messages = 10000};
    single.core = batch.core = trip.core = mr_bench_core(b, 1);
    mr_bench_pair(b, &(struct mr_bench_pair){
                         .name = "single",
                         .work = "64-byte message, one at a time, core to core",
                         .items = single.messages,
                         .ours = {ours_single, &single},
                         .references = {{"DPDK rte_ring, single producer and consumer", race_rte_single, &single},
                                        {"ck_ring, spsc", race_ck_single, &single},
                                        {"boost spsc_queue", race_boost_single, &single}},
                         .goal = 2,
                         .stretch = 2.4,
                         .threads = true,
                     });
    mr_bench_pair(b, &(struct mr_bench_pair){
                         .name = "batch_8",
                         .work = "64-byte message, eight at a time, core to core",
                         .items = batch.messages,
                         .ours = {ours_batch, &batch},
                         .references = {{"boost spsc_queue, arrays of 8", race_boost_batch, &batch},
                                        {"DPDK rte_ring, bulks of 8", race_rte_batch, &batch}},
                         .goal = 2,
                         .stretch = 2.5,
                         .threads = true,
                     });
    mr_bench_pair(b, &(struct mr_bench_pair){
                         .name = "round_trip",
                         .work = "64-byte message there and one back",
                         .items = trip.messages,
                         .ours = {ours_round_trip, &trip},
                         .references = {{"ck_ring, spsc", race_ck_round_trip, &trip},
                                        {"boost spsc_queue", race_boost_round_trip, &trip}},
                         .threads = true,
                     });
    mr_bench_pair(b, &(struct mr_bench_pair){
                         .name = "round_trip_bound",
                         .work = "64-byte message there and one back",
                         .items = trip.messages,
                         .ours = {ours_round_trip, &trip},
                         .references = {{"one bare cache line each way", race_line_round_trip, &trip}},
                         .other_work = 1,
                         .goal = 1.25,
                         .stretch = 1.2,
                         .bound = true,
                         .threads = true,
                     });
}
