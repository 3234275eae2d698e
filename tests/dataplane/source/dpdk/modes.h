/* The three ways of this source onto a veth pair, and what tests that run over each share. */
#ifndef MR_TESTS_DPDK_MODES_H
#define MR_TESTS_DPDK_MODES_H

#include <netinet/in.h>

#include "dataplane/source/dpdk/dpdk.h"
#include "tests/dataplane/source/bed.h"

enum mode { AF_PACKET_OWN, AF_XDP_OWN, AF_XDP_SHARED, MODES };
extern const char *const mode_names[MODES];

/* 198.18.0.3 in own mode, the kernel's 198.18.0.2 in shared; the peer is 198.18.0.1. */
struct mr_dpdk_config mode_config(enum mode mode);
extern uint8_t mode_gateway[4]; /* of own mode; 0.0.0.0: none */
extern uint16_t mode_ports_first, mode_ports_last, mode_queue;

/* Where run_modes opened its namespaces; what the source that open_mode opened counts. */
extern struct mr_netns netns;
extern struct mr_dpdk_metrics port_metrics;
extern struct mr_net_metrics net_metrics;
extern struct mr_tcp_metrics tcp_metrics;

/* `groups`: lines 0 and 1 are 239.18.0.1 port 7001 and 239.18.0.2 port 7002. */
void open_mode(struct bed *b, enum mode mode, uint32_t connections, bool groups);
void close_mode(struct bed *b); /* and what came in is accounted for, layer by layer */

struct sockaddr_in group_address(int line);
int group_sender(void); /* a socket over there, for these groups */

/* Each promise over each mode, promise by promise; exit status of the program. A word as argument: only tests whose names match it. */
struct mode_promise {
    const char *says;
    void (*run)(enum mode mode);
};
int run_modes(const struct mode_promise *promises, size_t count, int argc, char **argv);

#endif
