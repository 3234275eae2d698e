/* Configurations that `millrace run` writes for itself: the simulated exchange's market, or the venues' public streams. */
#ifndef MR_CMD_DEMO_H
#define MR_CMD_DEMO_H

#include "dataplane/base/base.h"

/* Four venues at 127.0.0.1:port, their own names in TLS and HTTP, trusting `ca`. `source` NULL: auto. */
int mr_demo_config(const char *path, const char *instance, const char *ca, uint16_t port, const char *source,
                   uint32_t feed_tiles, struct mr_err *err);
/* "binance,okx": their public streams of the common instruments. MR_E_INVALID: a name that is none, with those that are. */
int mr_live_config(const char *path, const char *instance, const char *venues, const char *source, uint32_t feed_tiles,
                   struct mr_err *err);

#endif
