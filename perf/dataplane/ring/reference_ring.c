/* ck_ring and rte_ring, as their own documentation uses them for one producer and one consumer. */
#include <ck_ring.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include <stdlib.h>

#include "perf/dataplane/ring/race.h"

/* ---- Concurrency Kit ---- */

CK_RING_PROTOTYPE(race, race_message)

struct ck_pair {
    ck_ring_t there, back;
    struct race_message *there_slots, *back_slots;
};

static struct ck_pair *ck_pair(void)
{
    static struct ck_pair *made;
    if (made)
        return made;
    made = aligned_alloc(128, (sizeof *made + 127) / 128 * 128);
    made->there_slots = aligned_alloc(4096, RACE_SLOTS * sizeof(struct race_message));
    made->back_slots = aligned_alloc(4096, RACE_SLOTS * sizeof(struct race_message));
    ck_ring_init(&made->there, RACE_SLOTS);
    ck_ring_init(&made->back, RACE_SLOTS);
    return made;
}

static void ck_send(ck_ring_t *ring, struct race_message *slots, uint64_t i)
{
    struct race_message m;
    race_fill(&m, i);
    while (!CK_RING_ENQUEUE_SPSC(race, ring, slots, &m))
        race_pause();
}

static uint64_t ck_receive(ck_ring_t *ring, struct race_message *slots)
{
    struct race_message m;
    while (!CK_RING_DEQUEUE_SPSC(race, ring, slots, &m))
        race_pause();
    return race_sum(&m);
}

static void ck_produce(void *queue, const struct race *race)
{
    struct ck_pair *q = queue;
    for (uint64_t i = 0; i < race->messages; i++)
        ck_send(&q->there, q->there_slots, i);
}

static uint64_t ck_consume(void *queue, const struct race *race)
{
    struct ck_pair *q = queue;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < race->messages; i++)
        sum += ck_receive(&q->there, q->there_slots);
    return sum;
}

static void ck_produce_echo(void *queue, const struct race *race)
{
    struct ck_pair *q = queue;
    for (uint64_t i = 0; i < race->messages; i++)
        ck_send(&q->back, q->back_slots, ck_receive(&q->there, q->there_slots));
}

static uint64_t ck_consume_echo(void *queue, const struct race *race)
{
    struct ck_pair *q = queue;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < race->messages; i++) {
        ck_send(&q->there, q->there_slots, i);
        sum += ck_receive(&q->back, q->back_slots);
    }
    return sum;
}

uint64_t race_ck_single(void *arg) { return race_run(arg, ck_produce, ck_pair(), ck_consume); }

uint64_t race_ck_round_trip(void *arg) { return race_run(arg, ck_produce_echo, ck_pair(), ck_consume_echo); }

/* ---- DPDK ---- */

static struct rte_ring *rte_queue(void)
{
    static struct rte_ring *made;
    if (made)
        return made;
    ssize_t bytes = rte_ring_get_memsize_elem(sizeof(struct race_message), RACE_SLOTS);
    made = aligned_alloc(4096, ((size_t)bytes + 4095) / 4096 * 4096);
    rte_ring_init(made, "race", RACE_SLOTS, RING_F_SP_ENQ | RING_F_SC_DEQ);
    return made;
}

static void rte_produce(void *queue, const struct race *race)
{
    struct rte_ring *q = queue;
    for (uint64_t i = 0; i < race->messages; i++) {
        struct race_message m;
        race_fill(&m, i);
        while (rte_ring_sp_enqueue_elem(q, &m, sizeof m) != 0)
            race_pause();
    }
}

static uint64_t rte_consume(void *queue, const struct race *race)
{
    struct rte_ring *q = queue;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < race->messages; i++) {
        struct race_message m;
        while (rte_ring_sc_dequeue_elem(q, &m, sizeof m) != 0)
            race_pause();
        sum += race_sum(&m);
    }
    return sum;
}

static void rte_produce_batch(void *queue, const struct race *race)
{
    struct rte_ring *q = queue;
    for (uint64_t i = 0; i < race->messages; i += RACE_BATCH) {
        struct race_message m[RACE_BATCH];
        for (uint32_t k = 0; k < RACE_BATCH; k++)
            race_fill(&m[k], i + k);
        while (rte_ring_sp_enqueue_bulk_elem(q, m, sizeof m[0], RACE_BATCH, NULL) == 0)
            race_pause();
    }
}

static uint64_t rte_consume_batch(void *queue, const struct race *race)
{
    struct rte_ring *q = queue;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < race->messages; i += RACE_BATCH) {
        struct race_message m[RACE_BATCH];
        while (rte_ring_sc_dequeue_bulk_elem(q, m, sizeof m[0], RACE_BATCH, NULL) == 0)
            race_pause();
        for (uint32_t k = 0; k < RACE_BATCH; k++)
            sum += race_sum(&m[k]);
    }
    return sum;
}

uint64_t race_rte_single(void *arg) { return race_run(arg, rte_produce, rte_queue(), rte_consume); }

uint64_t race_rte_batch(void *arg) { return race_run(arg, rte_produce_batch, rte_queue(), rte_consume_batch); }
