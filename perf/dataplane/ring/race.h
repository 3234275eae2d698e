/* Two threads on two cores hand 64-byte messages over; the same for every queue. The consumer runs on the bench's own
 * thread and sums all words of all messages, so each message is written and read whole. */
#ifndef MR_PERF_RING_RACE_H
#define MR_PERF_RING_RACE_H

#include "perf/bench.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RACE_SLOTS 4096u
#define RACE_BATCH 8u

struct race {
    uint32_t messages; /* a pass; a multiple of RACE_BATCH */
    uint32_t core;     /* of the producer */
};
struct race_message {
    uint64_t word[8];
} __attribute__((aligned(64)));

static inline void race_fill(struct race_message *m, uint64_t i)
{
    for (uint64_t k = 0; k < 8; k++)
        m->word[k] = i + k;
}

static inline uint64_t race_sum(const struct race_message *m)
{
    uint64_t sum = 0;
    for (int k = 0; k < 8; k++)
        sum += m->word[k];
    return sum;
}

static inline void race_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Runs `produce` on the other core and `consume` here; the sum that `consume` returns. */
uint64_t race_run(const struct race *race, void (*produce)(void *queue, const struct race *), void *queue,
                  uint64_t (*consume)(void *queue, const struct race *));

/* The references: arg is a struct race. */
uint64_t race_boost_single(void *arg);
uint64_t race_boost_batch(void *arg);
uint64_t race_boost_round_trip(void *arg);
uint64_t race_ck_single(void *arg);
uint64_t race_ck_round_trip(void *arg);
uint64_t race_rte_single(void *arg);
uint64_t race_rte_batch(void *arg);
uint64_t race_line_round_trip(void *arg); /* one cache line each way and nothing else: the bound */

#ifdef __cplusplus
}
#endif
#endif
