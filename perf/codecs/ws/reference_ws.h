/* Between the bench and the reference: some frames, read `rounds` times over. */
#ifndef MR_PERF_REFERENCE_WS_H
#define MR_PERF_REFERENCE_WS_H

#include <stdint.h>

struct mr_bench_stream {
    uint8_t *data;
    uint32_t len, frames, rounds;
};

uint64_t mr_reference_wslay(void *arg);

#endif
