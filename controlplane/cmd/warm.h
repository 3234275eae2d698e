/* Engines that begin warm: the generated market's last minutes through a player, its state to where a data plane begins from. */
#ifndef MR_CMD_WARM_H
#define MR_CMD_WARM_H

#include "dataplane/plane/plane.h"

#define MR_WARM_NS 480000000000ll /* longer than the longest window that signals need */

int mr_warm(const struct mr_plane_config *plane, uint64_t seed, int64_t began_ns, int64_t warm_up_ns, int64_t now_ns,
            struct mr_err *err);

#endif
