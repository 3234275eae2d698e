/* A port that brings Ethernet frames: a DPDK port, or a test's wire in memory. Above it stand dataplane/net and
 * dataplane/tcp, which know neither.
 *
 * A received frame is lent with its descriptor, which lives as long as the frame: whoever takes it on (the TCP stack, while
 * data waits or arrived out of order) may use `room`, and gives it back by release, in any order.
 *
 * Thread  one tile. Nothing here blocks. */
#ifndef MR_NET_LINK_H
#define MR_NET_LINK_H

#include "codecs/event/event.h"
#include "dataplane/base/base.h"

enum mr_packet_flag {
    MR_PACKET_IP_GOOD = 1, /* the port has verified the IPv4 header's checksum */
    MR_PACKET_L4_GOOD = 2, /* and TCP's or UDP's */
    MR_PACKET_IP_BAD = 4,
    MR_PACKET_L4_BAD = 8
};
struct mr_packet {
    uint8_t *data; /* from the Ethernet header on; writable */
    uint32_t len;
    uint8_t flags; /* enum mr_packet_flag */
    uint8_t clock; /* enum mr_clock_source of recv_ns */
    uint16_t spare;
    int64_t recv_ns;
    uint64_t room[16]; /* of who keeps the packet */
};

struct mr_link;
struct mr_link_ops {
    const char *name;
    /* Up to `max` frames, lent; how many, 0 none now, or a status. */
    int (*receive)(struct mr_link *link, int64_t now_ns, struct mr_packet **packets, uint32_t max);
    void (*release)(struct mr_link *link, struct mr_packet *packet);
    /* Room for one frame to send, `bytes` long at most; NULL: none (counted). The next reserve without a send takes the same room. */
    uint8_t *(*reserve)(struct mr_link *link, uint32_t bytes);
    void (*send)(struct mr_link *link, uint32_t bytes); /* queues what was reserved; goes out at flush or sooner */
    void (*flush)(struct mr_link *link);
};
struct mr_link {
    const struct mr_link_ops *ops;
    void *state;
    uint8_t mac[6];
    uint16_t mtu;         /* of IP packets: 1500 */
    bool up;              /* kept by the link's owner at housekeeping */
    uint32_t packets_max; /* frames that may be lent at once: the pool's size, for who plans */
};

#endif
