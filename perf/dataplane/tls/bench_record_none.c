/* A build without libipsec-mb has no own record reader to measure. */
#include <stdio.h>

#include "perf/bench.h"

void mr_bench_record(struct mr_bench *b)
{
    if (mr_bench_timing(b, "aes128_300"))
        fprintf(stderr, "bench record: left out: this build lacks libipsec-mb\n");
}
