#include "dataplane/net/net_priv.h"

/* ---- receiving: each function returns the counter that the frame ends in, so that every frame ends in exactly one ---- */

static bool options_sound(const uint8_t *option, const uint8_t *end)
{
    while (option < end && *option != 0) {
        if (*option == 1) {
            option++;
            continue;
        }
        if (end - option < 2 || option[1] < 2 || option[1] > end - option)
            return false;
        option += option[1];
    }
    return true;
}

MR_INLINE bool header_sum_good(const struct mr_packet *packet, const uint8_t *ip, uint32_t header)
{
    if (packet->flags & (MR_PACKET_IP_GOOD | MR_PACKET_IP_BAD))
        return !(packet->flags & MR_PACKET_IP_BAD);
    return mr_sum(ip, mr_likely(header == IP_BYTES) ? IP_BYTES : header) == 0xffff;
}

/* A sender that exists, and is another: not a group, not broadcast, not loopback, not we. All-zero only asks who is in a group (IGMP). */
MR_INLINE bool sender_sound(const struct mr_net *net, const uint8_t *ip)
{
    uint8_t first = ip[12];
    return first < 224 && first != 127 && get_ip(ip + 12) != net->address && (first != 0 || ip[9] == PROTO_IGMP);
}

MR_INLINE const struct mr_net_port *find_port(const struct mr_net *net, const uint8_t *ip, uint16_t port)
{
    uint32_t to = get_ip(ip + 16);
    for (uint32_t at = port_hash(to, port);; at = (at + 1) % (2 * MR_NET_PORTS_MAX)) {
        if (net->port_slot[at] == 0)
            return NULL;
        const struct mr_net_port *p = &net->config.ports[net->port_slot[at] - 1];
        uint32_t source = get_ip(p->source);
        if (get_ip(p->group) == to && p->port == port && (source == 0 || source == get_ip(ip + 12)))
            return p;
    }
}

/* Zero says that the sender made no checksum. The pseudo header's addresses stand side by side in the IPv4 header. */
MR_INLINE bool udp_sum_good(const struct mr_packet *packet, const uint8_t *ip, const uint8_t *udp, uint32_t len)
{
    if (packet->flags & (MR_PACKET_L4_GOOD | MR_PACKET_L4_BAD))
        return !(packet->flags & MR_PACKET_L4_BAD);
    if (udp[6] == 0 && udp[7] == 0)
        return true;
    uint64_t sum = mr_sum_add((uint64_t)htons(PROTO_UDP) + htons((uint16_t)len), ip + 12, 8);
    return mr_sum_fold(mr_sum_any(sum, udp, len)) == 0xffff;
}

MR_INLINE uint64_t *take_udp(struct mr_net *net, const struct mr_packet *packet, uint8_t *ip, uint32_t header,
                             uint32_t total, struct mr_net_packet *out)
{
    struct mr_net_metrics *m = net->metrics;
    uint8_t *udp = ip + header;
    if (mr_unlikely(total - header < UDP_BYTES))
        return &m->udp_bad;
    uint32_t len = get16(udp + 4);
    if (mr_unlikely(len < UDP_BYTES ||
                    len > total - header)) /* shorter than the packet: the rest is not the sender's data */
        return &m->udp_bad;
    const struct mr_net_port *port = find_port(net, ip, get16(udp + 2));
    if (!port)
        return &m->udp_no_port;
    if (mr_unlikely(!udp_sum_good(packet, ip, udp, len)))
        return &m->udp_checksum;
    out->ip = udp + UDP_BYTES;
    out->len = len - UDP_BYTES;
    out->line = port->line;
    out->port = get16(udp);
    memcpy(out->sender, ip + 12, 4);
    return &m->datagrams;
}

MR_INLINE uint64_t *take_ip(struct mr_net *net, const struct mr_packet *packet, int64_t now_ns,
                            struct mr_net_packet *out)
{
    struct mr_net_metrics *m = net->metrics;
    uint8_t *ip = packet->data + ETH_BYTES;
    uint32_t room = packet->len - ETH_BYTES;
    if (mr_unlikely(room < IP_BYTES))
        return &m->short_frames;
    uint32_t header = 4 * (ip[0] & 15u), total = get16(ip + 2);
    if (mr_unlikely(ip[0] >> 4 != 4 || header < IP_BYTES || total < header))
        return &m->ip_bad;
    if (mr_unlikely(total > room))
        return &m->short_frames;
    if (mr_unlikely(!header_sum_good(packet, ip, header)))
        return &m->ip_checksum;
    if (mr_unlikely((header > IP_BYTES && !options_sound(ip + IP_BYTES, ip + header)) || !sender_sound(net, ip)))
        return &m->ip_bad;
    uint32_t to = get_ip(ip + 16);
    bool ours = to == net->address && !(packet->data[0] & 1); /* our address in a frame for all: somebody's mistake */
    if (mr_unlikely(!ours && !is_group(to)))
        return &m->not_ours;
    if (mr_unlikely(get16(ip + 6) & 0x3fff)) /* more fragments, or an offset */
        return &m->fragments;
    switch (ip[9]) {
    case PROTO_TCP:
        if (!ours)
            return &m->not_ours;
        out->ip = ip;
        out->len = total;
        memcpy(out->sender, ip + 12, 4);
        return &m->tcp;
    case PROTO_UDP:
        return take_udp(net, packet, ip, header, total, out);
    case PROTO_ICMP:
        return ours ? mr_net_icmp(net, packet, ip, header, total, now_ns) : &m->icmp_other;
    case PROTO_IGMP:
        return mr_net_igmp(net, ip + header, total - header, now_ns);
    default:
        return &m->not_ours;
    }
}

MR_INLINE uint64_t *take_frame(struct mr_net *net, const struct mr_packet *packet, int64_t now_ns,
                               struct mr_net_packet *out)
{
    const uint8_t *frame = packet->data;
    if (mr_unlikely(packet->len < ETH_BYTES))
        return &net->metrics->short_frames;
    if (!(frame[0] & 1) && memcmp(frame, net->link->mac, 6) != 0)
        return &net->metrics->not_ours;
    switch (get16(frame + 12)) {
    case KIND_IP:
        return take_ip(net, packet, now_ns, out);
    case KIND_ARP:
        return mr_net_arp(net, packet, now_ns);
    default: /* also 802.1Q: a tagged line wants an interface of its own, see README.md */
        return &net->metrics->not_ours;
    }
}

enum mr_net_kind mr_net_take(struct mr_net *net, struct mr_packet *packet, int64_t now_ns, struct mr_net_packet *out)
{
    struct mr_net_metrics *m = net->metrics;
    MR_COUNT(m, frames, 1);
    out->packet = packet;
    uint64_t *outcome = take_frame(net, packet, now_ns, out);
    __atomic_store_n(outcome, __atomic_load_n(outcome, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
    if (outcome == &m->tcp)
        return MR_NET_TCP;
    if (outcome == &m->datagrams)
        return MR_NET_DATAGRAM;
    net->link->ops->release(net->link, packet);
    return MR_NET_DONE;
}

/* ---- sending ---- */

uint8_t *mr_net_frame(struct mr_net *net, const uint8_t mac[6], uint32_t kind, uint32_t bytes)
{
    uint32_t whole = ETH_BYTES + bytes;
    uint8_t *frame = net->link->ops->reserve(net->link, whole < ETH_MIN ? ETH_MIN : whole);
    if (mr_unlikely(!frame)) {
        MR_COUNT(net->metrics, no_room, 1);
        return NULL;
    }
    memcpy(frame, mac, 6);
    memcpy(frame + 6, net->link->mac, 6);
    put16(frame + 12, kind);
    net->room = frame;
    net->room_bytes = bytes;
    return frame + ETH_BYTES;
}

void mr_net_send(struct mr_net *net, uint32_t bytes)
{
    MR_ASSERT(net->room && bytes <= net->room_bytes);
    uint32_t whole = ETH_BYTES + bytes;
    if (whole < ETH_MIN) { /* zeros, not what another packet left there */
        memset(net->room + whole, 0, ETH_MIN - whole);
        whole = ETH_MIN;
    }
    net->room = NULL;
    MR_COUNT(net->metrics, sent, 1);
    net->link->ops->send(net->link, whole);
}

uint8_t *mr_net_reserve(struct mr_net *net, const uint8_t to[4], uint32_t bytes, int64_t now_ns)
{
    MR_ASSERT(bytes <= net->link->mtu);
    int status;
    const uint8_t *mac = mr_net_next_hop(net, get_ip(to), now_ns, &status);
    if (mr_unlikely(!mac)) {
        MR_COUNT(net->metrics, no_neighbour, 1);
        return NULL;
    }
    return mr_net_frame(net, mac, KIND_IP, bytes);
}

void mr_net_ip_header(struct mr_net *net, uint8_t *ip, uint32_t header, uint32_t total, uint8_t proto, uint8_t ttl,
                      uint32_t to)
{
    ip[0] = (uint8_t)(0x40 | header / 4);
    ip[1] = 0;
    put16(ip + 2, total);
    put16(ip + 4, net->ip_id++);
    put16(ip + 6, 0x4000); /* never to be fragmented */
    ip[8] = ttl;
    ip[9] = proto;
    put16(ip + 10, 0);
    memcpy(ip + 12, &net->address, 4);
    memcpy(ip + 16, &to, 4);
    uint16_t sum = (uint16_t)~mr_sum(ip, header);
    memcpy(ip + 10, &sum, 2);
}
