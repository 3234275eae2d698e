/* Frames and capture files that tests write themselves. */
#ifndef MR_TESTS_DPDK_FRAMES_H
#define MR_TESTS_DPDK_FRAMES_H

#include <stdio.h>

#include "tests/support/support.h"

/* An Ethernet frame with a UDP datagram, sums right; its length. `frame` has room for `len` + 42. */
uint32_t make_datagram(uint8_t *frame, const uint8_t from[4], const uint8_t to[4], uint16_t port, const void *data,
                       uint32_t len);

/* A capture file (pcap, nanoseconds or not is the reader's matter: times are 0). */
struct capture {
    FILE *file;
};
bool capture_open(struct capture *c, const char *path);
void capture_add(struct capture *c, const uint8_t *frame, uint32_t len);
void capture_close(struct capture *c);

#endif
