/* Configurations that `millrace run` writes for itself: the simulated exchange's market, or the venues' public streams. */
#ifndef MR_CMD_DEMO_H
#define MR_CMD_DEMO_H

#include "controlplane/cmd/account.h"

struct mr_demo {
    const char *instance, *ca; /* certificates to trust */
    const char *source;        /* NULL: auto */
    const char *address;       /* of the exchange */
    const char *interface;     /* a DPDK port on this one, sharing the host's address; NULL: none */
    uint16_t port;
    uint32_t feed_tiles;
    const struct mr_own_account *account; /* at the exchange, where orders go; NULL: they stay in the control plane */
};
/* Four venues at one address, their own names in TLS and HTTP. */
int mr_demo_config(const char *path, const struct mr_demo *demo, struct mr_err *err);
/* "binance,okx": their public streams of the common instruments. MR_E_INVALID: a name that is none, with those that are. */
int mr_live_config(const char *path, const char *instance, const char *venues, const char *source, uint32_t feed_tiles,
                   struct mr_err *err);

#endif
