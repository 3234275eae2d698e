/* Time: TSC to wall clock, and the virtual clock of replay and simulation.
 *
 * Only tiles and the feed's edge read clocks; everything inside takes time as an argument (DESIGN, decision 1).
 * mr_clock_now reads the TSC once and converts by a calibration that housekeeping refreshes (slewed, never stepping
 * back); without an invariant TSC it falls back to clock_gettime and says so.
 *
 * Units  ns since 1970 UTC (wall), ns of CLOCK_MONOTONIC (mono). */
#ifndef MR_CLOCK_CLOCK_H
#define MR_CLOCK_CLOCK_H

#include "dataplane/base/base.h"

struct mr_clock { /* calibration; one a thread */
    uint64_t tsc_base;
    int64_t wall_base_ns;
    uint64_t mult;    /* slewed ns a tick, 32.32 */
    uint64_t tick_ns; /* true ns a tick, 32.32 */
    uint64_t first_tsc;
    int64_t first_wall_ns; /* the longest base there is: gives the true rate */
    bool tsc_ok;
    bool virtual_time;
    int64_t virtual_ns;
    int64_t last_ns;
    uint64_t next_calibration_tsc;
};
int mr_clock_open(struct mr_clock *c);               /* calibrates: takes about 10 ms */
void mr_clock_open_virtual(struct mr_clock *c, int64_t start_ns);
void mr_clock_set(struct mr_clock *c, int64_t ns);   /* virtual only; never backwards */
int64_t mr_clock_now(struct mr_clock *c);            /* wall ns, monotone within this clock */
void mr_clock_housekeep(struct mr_clock *c);         /* re-calibrates against the kernel about once a second */
int64_t mr_clock_mono(void);                         /* CLOCK_MONOTONIC, a system call at worst */
MR_INLINE uint64_t mr_tsc(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return 0;
#endif
}
double mr_clock_tsc_per_ns(const struct mr_clock *c);

#endif
