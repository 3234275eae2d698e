/* The frames of bench_net.c, as its references see them. */
#ifndef MR_PERF_NET_FRAMES_H
#define MR_PERF_NET_FRAMES_H

#include <stdint.h>

#define FRAMES 128

struct frames {
    uint8_t *data[FRAMES]; /* Ethernet, IPv4 without options, UDP or TCP */
    uint32_t len[FRAMES];
    struct bench_net *net;
};

/* DPDK's own functions for a received datagram's checksums, or a segment's header's; counts the good ones. */
uint64_t mr_reference_dpdk_udp(void *frames);
uint64_t mr_reference_dpdk_tcp(void *frames);

#endif
