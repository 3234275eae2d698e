/* IPv4 over one Ethernet link, as little as a feed handler needs: neighbours (ARP), ICMP echo, checks of every IPv4 and UDP
 * header, UDP datagrams of configured groups and ports, group membership (IGMP). TCP segments are handed on.
 *
 * Two modes. Own: the address is ours alone, we answer ARP and echo, we ask for neighbours, we join groups by IGMPv3 (falling back
 * to v2 when an older querier speaks). Shared: the address is the host's; the kernel keeps ARP, ICMP and IGMP, neighbours are given to
 * us (mr_net_neighbour), and frames that are not ours never come.
 *
 * Never fragments, never reassembles: fragments are counted and dropped (venues' datagrams fit a frame).
 *
 * Memory  mr_net_bytes(config), given by the caller.
 * Thread  one tile.
 * Errors  what is dropped is counted by reason; received = handed on + answered + the drops, always. */
#ifndef MR_NET_NET_H
#define MR_NET_NET_H

#include "dataplane/metrics/metrics.h"
#include "dataplane/net/link.h"

/* clang-format off */
#define MR_NET_METRICS(COUNTER, GAUGE, HIST)                                                        \
    COUNTER(frames,         "frames",  "received")                                                 \
    COUNTER(tcp,            "frames",  "handed to the TCP stack")                                  \
    COUNTER(datagrams,      "frames",  "UDP datagrams of configured groups and ports, handed on")  \
    COUNTER(arp_requests,   "frames",  "for our address, answered")                                \
    COUNTER(arp_replies,    "frames",  "that told a neighbour")                                    \
    COUNTER(arp_other,      "frames",  "of ARP that were not for us, or not sound")                \
    COUNTER(arp_asked,      "frames",  "requests of ours sent")                                    \
    COUNTER(echoes,         "frames",  "ICMP echo requests answered")                              \
    COUNTER(icmp_other,     "frames",  "of ICMP, not answered")                                    \
    COUNTER(igmp_queries,   "frames",  "of a querier")                                             \
    COUNTER(igmp_other,     "frames",  "of IGMP that were no query, or not sound")                 \
    COUNTER(igmp_reports,   "frames",  "of ours sent: joins, leaves, answers to queries")          \
    COUNTER(not_ours,       "frames",  "for another address, protocol or kind of frame")           \
    COUNTER(short_frames,   "frames",  "shorter than their headers say")                           \
    COUNTER(ip_bad,         "frames",  "IPv4 header not sound: version, length, options, a sender that cannot be") \
    COUNTER(ip_checksum,    "frames",  "IPv4 header checksum wrong")                               \
    COUNTER(fragments,      "frames",  "of fragmented packets: dropped")                           \
    COUNTER(udp_bad,        "frames",  "UDP length wrong")                                         \
    COUNTER(udp_checksum,   "frames",  "UDP checksum wrong")                                       \
    COUNTER(udp_no_port,    "frames",  "UDP for a group or port that nobody wants")                \
    COUNTER(sent,           "frames",  "sent")                                                     \
    COUNTER(no_room,        "frames",  "that could not be sent: the link had no room")             \
    COUNTER(no_neighbour,   "packets", "that could not be sent: the next hop's address is not known (yet)") \
    COUNTER(neighbour_changed, "times", "a known neighbour told another hardware address")         \
    COUNTER(neighbour_refused, "times", "ARP told another hardware address than the one given: ignored") \
    COUNTER(address_claimed, "times",  "another host says that our address is its own")            \
    GAUGE  (neighbours,     "entries", "known now")
/* clang-format on */
MR_METRICS_DECLARE(mr_net, MR_NET_METRICS);

#define MR_NET_PORTS_MAX 32
#define MR_NET_NEIGHBOURS_MAX 64

/* Datagrams to take: all that go to this address (a group, or ours) and port. */
struct mr_net_port {
    uint8_t group[4];  /* 224/4; or our own address: unicast */
    uint8_t source[4]; /* only from this sender; 0.0.0.0: any */
    uint16_t port;
    uint16_t line; /* the caller's number, told with each datagram */
};
struct mr_net_config {
    struct mr_link *link;
    uint8_t address[4], gateway[4]; /* gateway 0.0.0.0: none, all are neighbours */
    uint8_t prefix;                 /* bits of the local network: 24 */
    bool shared;                    /* the address is the host's */
    struct mr_net_port ports[MR_NET_PORTS_MAX];
    uint32_t port_count;
    uint64_t seed;                  /* of the random delays of IGMP; 0: made from the hardware address */
    struct mr_net_metrics *metrics; /* NULL: counted in own memory, unseen */
};
struct mr_net;
size_t mr_net_bytes(const struct mr_net_config *config);
int mr_net_check(const struct mr_net_config *config, struct mr_err *err);
struct mr_net *mr_net_init(void *mem, const struct mr_net_config *config);

enum mr_net_kind { MR_NET_DONE, MR_NET_TCP, MR_NET_DATAGRAM };
struct mr_net_packet {
    struct mr_packet *packet;
    uint8_t *ip; /* TCP: the IPv4 header, `len` bytes with no Ethernet padding. DATAGRAM: the payload, `len` bytes */
    uint32_t len;
    uint16_t line;
    uint16_t port;     /* DATAGRAM: the sender's */
    uint8_t sender[4]; /* DATAGRAM, TCP */
};
/* Takes one received frame. MR_NET_DONE: answered or dropped, and released. Else `out` says what it is, and it is the caller's to release.
 * A TCP segment's own checksum is the TCP stack's to check, unless the port's flags say it is good. */
enum mr_net_kind mr_net_take(struct mr_net *net, struct mr_packet *packet, int64_t now_ns, struct mr_net_packet *out);

/* Room for one IPv4 packet (header and all, `bytes` <= link->mtu) to `to`, its Ethernet header already written; NULL: no neighbour is known
 * (ARP asks, at most once a second and neighbour), or the link has no room. The caller writes the whole packet, checksums too, then sends. */
uint8_t *mr_net_reserve(struct mr_net *net, const uint8_t to[4], uint32_t bytes, int64_t now_ns);
void mr_net_send(struct mr_net *net, uint32_t bytes);

/* The next hop to `to`. MR_OK: known. MR_E_AGAIN: being asked for, or in shared mode not told yet (call again later). MR_E_INVALID: not a host's
 * address, or our own. MR_E_FULL: all places are taken by given neighbours. */
int mr_net_reach(struct mr_net *net, const uint8_t to[4], int64_t now_ns);
/* A neighbour told by the config or by the kernel: never asked for, never aged, not changed by ARP. All-zero `mac`: forgotten. MR_E_INVALID: one of the two
 * is not a host's. MR_E_FULL: no room. */
int mr_net_neighbour(struct mr_net *net, const uint8_t ip[4], const uint8_t mac[6]);
/* Every millisecond or so: ARP anew for what is in use, IGMP joins and answers whose delay is over; when the link has come up (also the first
 * time): our address announced, the groups joined. What it sends waits for the caller's flush. */
void mr_net_housekeep(struct mr_net *net, int64_t now_ns);
void mr_net_leave(struct mr_net *net, int64_t now_ns); /* before closing: leaves the groups, and flushes */

#endif
