/* Benches: our code and the best other library on the same work, in one process, in turns.
 *
 *     static uint64_t ours(void *arg)  { ... the whole work once; returns a checksum ... }
 *     void mr_bench_number(struct mr_bench *b)          // MR_BENCH(codecs, number, "...") in perf/benches.def
 *     {
 *         mr_bench_pair(b, &(struct mr_bench_pair){
 *             .name = "fixed_14", .work = "14-character price to int64", .items = 4096, .kernels = true,
 *             .ours = {ours, &set},
 *             .references = {{"fast_float 3.9", mr_reference_fast_float, &set}},
 *             .goal = 1.6, .stretch = 2});
 *     }
 *
 * A pass is repeated until it lasts a few milliseconds; passes of ours and of each reference alternate, so that
 * the machine's moods meet all of them alike. Reported: medians, and the median over passes of
 * (best reference) / (ours in the same pass), or its inverse where the reference is what nothing can beat. An absolute time is a goal only where a requirement states one
 * (`limit_ns`): such a row says something about this machine and holds only where it is quiet.
 *
 * References may be C++ (.cc); they are compiled for the very CPU (-march=native), so that they do their best.
 * They have no static constructors that need such a CPU: instruction counts run under valgrind. */
#ifndef MR_PERF_BENCH_H
#define MR_PERF_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mr_bench;

/* The whole work once. The checksum keeps the work from being optimised away, and proves that both sides did the same.
 */
typedef uint64_t mr_bench_fn(void *arg);

#define MR_BENCH_REFERENCES 6

struct mr_bench_pair {
    const char *name; /* [a-z0-9_]: the case; reported as bench/name */
    const char *work; /* what one item is, in words */
    uint64_t items;   /* in one pass */
    struct {
        mr_bench_fn *fn;
        void *arg;
    } ours;
    struct {
        const char *name; /* library, version, and how it is used */
        mr_bench_fn *fn;
        void *arg;
    } references[MR_BENCH_REFERENCES];
    double goal, stretch; /* ratio; 0: none */
    bool bound;           /* nothing can beat the reference: the ratio is ours / reference, and at most the goal */
    double limit_ns;      /* an item of ours takes at most this; 0: none. Without references the row shows it as one,
                             with goal 1 */
    void (*prepare)(void *arg); /* before each pass of ours, not timed nor counted; NULL: none */
    unsigned other_work;        /* bit i: the checksum of reference i means something else and is not compared */
    bool kernels;               /* ours asks mr_kernel_active() at each pass: the AVX2 time is measured too */
    bool threads; /* both sides run threads of their own: timed by the wall, instructions are not counted */
};

void mr_bench_pair(struct mr_bench *b, const struct mr_bench_pair *pair);

/* A row the bench measured by itself (latency of a hand-off, say). Does nothing when only names or instructions
 * are wanted: ask mr_bench_timing() before the work. */
struct mr_bench_row {
    const char *name, *work, *reference; /* reference may be NULL */
    double ns, reference_ns, ratio;      /* ratio: median over paired passes; ns 0: not a time (memory, say) */
    double goal, stretch;
    bool bound;      /* see above; ratio is ours / reference then */
    double limit_ns; /* see above */
};
bool mr_bench_timing(const struct mr_bench *b, const char *name);
/* False where only another case is to run: spares the making of what this one works on. */
bool mr_bench_wants(const struct mr_bench *b, const char *name);
void mr_bench_row(struct mr_bench *b, const struct mr_bench_row *row);

/* Passes to take, odd, at least 9; median of n values (sorts them); now in ns; a mixer for checksums. */
uint32_t mr_bench_passes(const struct mr_bench *b);
double mr_bench_median(double *values, uint32_t n);
uint64_t mr_bench_now_ns(void);
static inline uint64_t mr_bench_mix(uint64_t sum, uint64_t value) { return (sum ^ value) * 0x9e3779b97f4a7c15u; }

/* The nth core this process was allowed when it started (counted from the last one, wraps), and pinning the calling
 * thread to it. The bench's own thread sits on the first of these (n = 0); threads it makes inherit that, so they pin
 * themselves. */
uint32_t mr_bench_core(const struct mr_bench *b, uint32_t n);
bool mr_bench_pin(uint32_t core);

/* void mr_bench_NAME(struct mr_bench *b) of each row */
#define MR_BENCH(group, name, what) void mr_bench_##name(struct mr_bench *b);
#include "perf/benches.def"
#undef MR_BENCH

#ifdef __cplusplus
}
#endif
#endif
