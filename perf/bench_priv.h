/* Between main.c and bench.c. */
#ifndef MR_PERF_BENCH_PRIV_H
#define MR_PERF_BENCH_PRIV_H

#include "perf/bench.h"

#include <sched.h>
#include <stdio.h>

enum mr_bench_mode {
    MR_BENCH_TIME, /* measure */
    MR_BENCH_LIST, /* print the names of cases whose instructions can be counted, and their items */
    MR_BENCH_ONCE, /* run one case once, inside mr_bench_once(), for valgrind */
};

struct mr_bench {
    enum mr_bench_mode mode;
    const char *once;   /* MR_BENCH_ONCE: bench/case */
    const char *bench;  /* the one that runs */
    const char *group;  /* its */
    char **names;       /* MR_BENCH_TIME: groups, benches, bench/case, up to a NULL; none: all */
    const char *counts; /* file of instruction counts (name, count), or NULL */
    uint32_t passes;
    bool json;
    cpu_set_t cores;       /* allowed at the start */
    uint32_t rows, failed; /* reported; goals missed and checksums that differ */
    bool found;            /* MR_BENCH_ONCE: the case exists */
};

void mr_bench_end(struct mr_bench *b);
void mr_bench_open_table(struct mr_bench *b);
uint64_t mr_bench_once(mr_bench_fn *fn, void *arg);

#endif
