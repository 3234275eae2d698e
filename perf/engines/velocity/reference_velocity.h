/* Velocity as one would write it first: events kept in an array, windows counted anew at each question. */
#ifndef MR_PERF_REFERENCE_VELOCITY_H
#define MR_PERF_REFERENCE_VELOCITY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bench_fact {
    int64_t time_ns, micro;
    uint32_t instrument; /* underlying: / 4; venue: % 4 + 1 */
    uint32_t is_short;
};
struct bench_facts {
    const struct bench_fact *facts;
    uint32_t count;
};

/* After each event: the windows of its instrument, its venue and its underlying, summed over all. */
uint64_t mr_reference_velocity_events(void *facts);
/* At each tick of 100 ms: rate and slopes of each instrument, venue and underlying, and the busiest 5 s. */
uint64_t mr_reference_velocity_ticks(void *facts);

#ifdef __cplusplus
}
#endif
#endif
