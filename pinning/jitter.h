/* A host's own noise on a core: a thread that does nothing but read the clock, pinned there, and how long the clock jumped between two
 * readings. What it could not see itself do, something else did: an interrupt, another thread, the hypervisor, firmware.
 *
 * Every gap is in the histogram; one of at least `threshold_ns` is a stall. The longest stalls are kept with the time they ended. The least
 * gap of a run is what a reading of the clock costs there; what a stall took beyond that is stolen time.
 *
 * Clock   CLOCK_MONOTONIC (mr_clock_mono), or what a test gives. Wall times are that plus the difference of the clocks as the run began.
 * Memory  one struct mr_jitter a core (about 270 KB), the caller's. */
#ifndef MR_PINNING_JITTER_H
#define MR_PINNING_JITTER_H

#include "dataplane/metrics/metrics.h"
#include "dataplane/tile/cpus.h"

#define MR_JITTER_STALLS 16 /* kept of a core */
#define MR_JITTER_CORES 256 /* looked at in one run */

struct mr_jitter_stall {
    int64_t mono_ns; /* as it ended */
    int64_t gap_ns;
};
struct mr_jitter {
    int64_t threshold_ns, began_ns, ended_ns;
    uint64_t stalls;                                  /* gaps of the threshold and up */
    int64_t stalled_ns;                               /* their sum */
    struct mr_jitter_stall longest[MR_JITTER_STALLS]; /* longest first; of equal ones the earliest */
    uint32_t longest_count;
    struct mr_hist_fine gaps; /* a clock that went back is counted as negative */
};
typedef int64_t mr_jitter_clock_fn(void *arg);

void mr_jitter_init(struct mr_jitter *j, int64_t threshold_ns);
/* Reads `now` until it is `for_ns` further than at first. */
void mr_jitter_spin(struct mr_jitter *j, mr_jitter_clock_fn *now, void *arg, int64_t for_ns);
int64_t mr_jitter_stolen_ns(const struct mr_jitter *j);

/* One core of a run. */
struct mr_jitter_core {
    int core;
    int status;         /* MR_E_IO: no thread could be pinned there */
    uint64_t preempted; /* times the scheduler took the core for another thread */
    struct mr_jitter *jitter;
};
/* CPUs that this process may use. */
void mr_jitter_allowed(struct mr_cpus *out);
/* All cores at once, as a data plane's tiles run: a thread each, begun together, `for_ns` long. `cores` are the caller's, with `core` and
 * `jitter` (initialised) set, none twice. MR_E_INVALID: a core that this process may not use, named in `err`; nothing ran. MR_E_NOMEM, MR_E_IO:
 * a thread could not be made, or pinned. */
int mr_jitter_run(struct mr_jitter_core *cores, uint32_t count, int64_t for_ns, struct mr_err *err);

#endif
