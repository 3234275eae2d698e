/* Frames written by hand for the tests of dataplane/net: checksums by the textbook, byte-wise, apart from the code under test. */
#ifndef MR_TESTS_NET_FRAMES_H
#define MR_TESTS_NET_FRAMES_H

#include "tests/support/support.h"

#define FRAME_ROOM 2048

struct frame_ip {
    const uint8_t *to_mac, *from_mac; /* NULL: the wire's own, 02:00:00:00:00:02 */
    uint8_t from[4], to[4];
    uint8_t proto, ttl;     /* ttl 0: 64 */
    const uint8_t *options; /* padded to four bytes by the caller */
    uint32_t option_bytes;
};

uint16_t frame_sum(const uint8_t *data, size_t len); /* what a checksum field must hold, were it zero in `data` */
uint16_t frame_sum_transport(const uint8_t *ip, uint32_t proto, const uint8_t *data,
                             size_t len); /* with the pseudo header */
void frame_put16(uint8_t *p, uint32_t v);
uint32_t frame_get16(const uint8_t *p);

/* Each writes a whole frame to `out`, padded to 60 bytes, and returns its length. */
uint32_t frame_ethernet(uint8_t *out, const uint8_t *to, const uint8_t *from, uint32_t kind, const void *body,
                        size_t len);
uint32_t frame_ipv4(uint8_t *out, const struct frame_ip *ip, const void *payload, size_t len);
uint32_t frame_udp(uint8_t *out, const struct frame_ip *ip, uint16_t from_port, uint16_t to_port, const void *payload,
                   size_t len);
uint32_t frame_arp(uint8_t *out, const uint8_t *to_mac, uint32_t what, const uint8_t *mac, const uint8_t *ip,
                   const uint8_t *target_mac, const uint8_t *target_ip);
void frame_resum(uint8_t *frame); /* the IPv4 header's checksum anew, after a byte of it was changed */

/* NULL where a frame that we sent is sound in every length, checksum and address that it holds; else what is wrong. */
const char *frame_wrong(const uint8_t *frame, uint32_t len, const uint8_t *our_mac, const uint8_t *our_ip);

#endif
