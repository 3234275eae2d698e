/* Where memory lies and stays: on the node of the cores that use it, locked, with its pages there before the first step.
 *
 * Cold: at boot. Nothing here fails a start by itself; what the system refuses is told in bytes, and the caller decides. */
#ifndef MR_MEM_NEAR_H
#define MR_MEM_NEAR_H

#include "dataplane/base/base.h"

/* Pages that this thread gets from now on, private and shared, come from that node while it has any; -1: as the system likes. False: refused, or a kernel
 * without nodes. */
bool mr_memory_prefer(int node);
/* All pages of it are there, and writing to one is no page fault any more. `mem` is page-aligned. */
void mr_memory_fault(void *mem, size_t bytes);
/* And stay there. False: RLIMIT_MEMLOCK, errno says more. */
bool mr_memory_lock(void *mem, size_t bytes);
/* How much of it lies on other nodes than that one; what is not there yet does not count. */
size_t mr_memory_far(void *mem, size_t bytes, int node);

#endif
