/* Shared between the files of dataplane/net. Addresses are kept as their four bytes stand in a packet. */
#ifndef MR_NET_PRIV_H
#define MR_NET_PRIV_H

#include <arpa/inet.h>

#include "dataplane/net/net.h"
#include "dataplane/net/sum.h"

enum {
    ETH_BYTES = 14,
    ETH_MIN = 60, /* shorter frames are padded with zeros */
    ARP_BYTES = 28,
    IP_BYTES = 20,
    UDP_BYTES = 8,
    ICMP_BYTES = 8,
    KIND_IP = 0x0800,
    KIND_ARP = 0x0806,
    PROTO_ICMP = 1,
    PROTO_IGMP = 2,
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    ANSWERS_MAX = 64 /* ARP and echo answers in one millisecond: a flood gets no more, TCP needs the room */
};
#define NEVER_NS (INT64_MIN / 2)
#define SECOND_NS INT64_C(1000000000)

enum neighbour_state { ASKING, KNOWN, STATIC };
struct neighbour {
    uint32_t ip;
    uint8_t mac[6];
    uint8_t state; /* enum neighbour_state */
    int64_t used_ns, heard_ns, asked_ns;
};

/* A multicast group of our ports. */
struct group {
    uint32_t ip;
    bool any_source;
    int64_t answer_ns; /* when its state is to be told, INT64_MAX: not */
};

struct mr_net {
    struct mr_net_metrics *metrics;
    struct mr_link *link;
    uint32_t address, mask, gateway;
    bool shared, was_up;
    uint8_t port_slot[2 * MR_NET_PORTS_MAX]; /* open addressing: index + 1 of the port, 0 none */
    uint8_t *room;                           /* what was reserved last */
    uint32_t room_bytes;
    uint16_t ip_id;
    uint32_t neighbour_count, neighbour_last; /* last: where the last look-up ended */
    struct neighbour neighbours[MR_NET_NEIGHBOURS_MAX];
    int64_t answers_ms; /* the millisecond that `answers` counts in */
    uint32_t answers;
    uint32_t group_count, joins_left;
    uint64_t random;
    int64_t join_ns, answer_ns, v1_until_ns, v2_until_ns;
    struct group groups[MR_NET_PORTS_MAX];
    struct mr_net_config config;
    struct mr_net_metrics own_metrics;
};

MR_INLINE uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
MR_INLINE uint32_t get_ip(const uint8_t *p)
{
    uint32_t ip;
    memcpy(&ip, p, 4);
    return ip;
}
MR_INLINE void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
MR_INLINE bool is_group(uint32_t ip) { return (ntohl(ip) >> 28) == 14; }

/* The slot where a port's search begins; searches go on by one until an empty slot. */
MR_INLINE uint32_t port_hash(uint32_t group, uint16_t port)
{
    uint32_t h = (group ^ port) * 0x9e3779b1u;
    return (h >> 16) % (2 * MR_NET_PORTS_MAX);
}

/* Each returns the counter that this frame ends in. */
uint64_t *mr_net_arp(struct mr_net *net, const struct mr_packet *packet, int64_t now_ns);
uint64_t *mr_net_icmp(struct mr_net *net, const struct mr_packet *packet, uint8_t *ip, uint32_t header, uint32_t total,
                      int64_t now_ns);
uint64_t *mr_net_igmp(struct mr_net *net, const uint8_t *igmp, uint32_t len, int64_t now_ns);

/* One more answer in this millisecond? */
bool mr_net_may_answer(struct mr_net *net, int64_t now_ns);
/* Room for a frame to a hardware address, its Ethernet header written; what follows it, or NULL (counted). mr_net_send sends it. */
uint8_t *mr_net_frame(struct mr_net *net, const uint8_t mac[6], uint32_t kind, uint32_t bytes);
/* Writes an IPv4 header of `header` bytes for a packet of `total`; options are there already. */
void mr_net_ip_header(struct mr_net *net, uint8_t *ip, uint32_t header, uint32_t total, uint8_t proto, uint8_t ttl,
                      uint32_t to);
/* The hardware address of the next hop to `to`, NULL if it is not known; `status` as mr_net_reach. */
const uint8_t *mr_net_next_hop(struct mr_net *net, uint32_t to, int64_t now_ns, int *status);
void mr_net_arp_housekeep(struct mr_net *net, int64_t now_ns, bool came_up);
void mr_net_igmp_init(struct mr_net *net);
void mr_net_igmp_housekeep(struct mr_net *net, int64_t now_ns, bool came_up);
void mr_net_igmp_leave(struct mr_net *net, int64_t now_ns);

#endif
