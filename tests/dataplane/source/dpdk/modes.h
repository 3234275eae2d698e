/* The three ways of this source onto a veth pair, for tests that run over each. */
#ifndef MR_TESTS_DPDK_MODES_H
#define MR_TESTS_DPDK_MODES_H

#include "dataplane/source/dpdk/dpdk.h"
#include "tests/support/netns.h"

enum mode { AF_PACKET_OWN, AF_XDP_OWN, AF_XDP_SHARED, MODES };
extern const char *const mode_names[MODES];

/* 198.18.0.3 in own mode, the kernel's 198.18.0.2 in shared; the peer is 198.18.0.1. */
struct mr_dpdk_config mode_config(enum mode mode);

#endif
