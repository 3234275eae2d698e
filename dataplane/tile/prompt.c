#include <linux/types.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dataplane/tile/tile.h"

#define SLICE_NS 100000 /* the shortest there is */

/* linux/sched/types.h of Linux 6.12; the header itself and sched.h both define struct sched_param. */
struct sched_attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime; /* of SCHED_OTHER: the slice */
    uint64_t deadline, period;
};

bool mr_thread_prompt(void)
{
    struct sched_attr attr = {0};
    if (syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) != 0 || attr.policy != SCHED_OTHER)
        return false;
    attr.size = sizeof attr;
    attr.runtime = SLICE_NS;
    if (syscall(SYS_sched_setattr, 0, &attr, 0) != 0)
        return false;
    attr.runtime = 0; /* an older kernel takes it, and forgets it */
    return syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) == 0 && attr.runtime == SLICE_NS;
}
