/* A control group's file of this process, version 2 or 1, below the host's root. */
#ifndef MR_PINNING_CGROUP_H
#define MR_PINNING_CGROUP_H

#include "pinning/host.h"

/* The text of `v2` in the process's group of the one tree, else of `v1` in its group of that controller's tree. MR_E_EMPTY: neither is there,
 * as in the root group, which has no limits. `path` gets the file's. */
int mr_cgroup_read(struct mr_host *host, const char *controller, const char *v2, const char *v1,
                   char path[MR_HOST_PATH], char *out, size_t bytes);

#endif
