/* The demo's wire for kernel bypass: a network namespace with one end of a veth pair, where the simulated exchange lives, and the other
 * end on this host for the data plane's DPDK port. Made by `millrace run --source dpdk`, removed when it ends; what a killed run left is
 * removed by the next. Addresses are of 198.18.0.0/15, which RFC 2544 keeps for tests. Needs root, iproute2 and ethtool. */
#ifndef MR_CMD_VETH_H
#define MR_CMD_VETH_H

#include "dataplane/base/base.h"

struct mr_veth {
    char space[48];            /* the namespace */
    char host[16], peer[16];   /* interfaces: here, and in the namespace */
    char address[20], far[20]; /* their addresses */
};

/* The names and addresses of the wire of the instance with this run folder; nothing is made. Others of the same name, in other run
 * folders, have other wires. */
void mr_veth_name(struct mr_veth *veth, const char *instance, const char *folder);
int mr_veth_make(const struct mr_veth *veth, struct mr_err *err);
void mr_veth_remove(const struct mr_veth *veth);
/* In a child before exec: into the namespace. */
bool mr_veth_enter(const char *space);

#endif
