/* The memory of a data plane: on the node of its cores, locked, pre-faulted; and the power management that is held off. What could not be had is a
 * gauge and one line in the log. */
#ifndef MR_PLANE_PLANE_MEMORY_H
#define MR_PLANE_PLANE_MEMORY_H

#include "dataplane/metrics/metrics.h"
#include "dataplane/plane/plane.h"

/* clang-format off */
#define MR_PLANE_MEMORY_METRICS(COUNTER, GAUGE, HIST)                                                                  \
    GAUGE(planned,  "bytes", "of the tiles' arena and the workspace, all there before the first step")                \
    GAUGE(huge,     "bytes", "of the arena in pages of 2 MiB set aside for them")                                     \
    GAUGE(locked,   "bytes", "that the system may not take away")                                                     \
    GAUGE(unlocked, "bytes", "that should be locked and could not (RLIMIT_MEMLOCK)")                                  \
    GAUGE(far,      "bytes", "on another node than the tiles' cores")                                                 \
    GAUGE(awake,    "",      "1: /dev/cpu_dma_latency is held at 0")
/* clang-format on */
MR_METRICS_DECLARE(mr_plane_memory, MR_PLANE_MEMORY_METRICS);

struct mr_plane;
void mr_plane_memory_begin(struct mr_plane *plane);  /* before anything is mapped */
void mr_plane_memory_mapped(struct mr_plane *plane); /* when all is, or nothing more will be */
/* What there is of it is made to stay. MR_E_NOMEM: plane.lock is must, and it cannot be. */
int mr_plane_memory_end(struct mr_plane *plane, struct mr_err *err);
void mr_plane_awake(struct mr_plane *plane);  /* as tiles begin to run, where plane.awake is set */
void mr_plane_asleep(struct mr_plane *plane); /* lets go of it */

#endif
