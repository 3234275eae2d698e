/* The cores of a configuration against this host, before a process of it starts (pinning/place.h). */
#ifndef MR_CMD_PLACE_H
#define MR_CMD_PLACE_H

#include "controlplane/config/config.h"

struct mr_log;
/* The data plane's own tiles; sets plane.node, where its memory is to be. What is done against advice goes to the log. */
int mr_place_plane(struct mr_config *config, struct mr_log *log, struct mr_err *err);
/* The control plane's threads, beside those of the data plane. */
int mr_place_trade(const struct mr_config *config, struct mr_log *log, struct mr_err *err);

#endif
