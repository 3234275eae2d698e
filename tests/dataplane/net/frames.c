#include "tests/dataplane/net/frames.h"

static const uint8_t wire_mac[6] = {2, 0, 0, 0, 0, 1}, peer_mac[6] = {2, 0, 0, 0, 0, 2};

void frame_put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
uint32_t frame_get16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }

static uint32_t sum_more(uint32_t sum, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

uint16_t frame_sum(const uint8_t *data, size_t len) { return (uint16_t)~sum_more(0, data, len); }

uint16_t frame_sum_transport(const uint8_t *ip, uint32_t proto, const uint8_t *data, size_t len)
{
    uint8_t pseudo[12];
    memcpy(pseudo, ip + 12, 8);
    frame_put16(pseudo + 8, proto);
    frame_put16(pseudo + 10, (uint32_t)len);
    return (uint16_t)~sum_more(sum_more(0, pseudo, 12), data, len);
}

uint32_t frame_ethernet(uint8_t *out, const uint8_t *to, const uint8_t *from, uint32_t kind, const void *body,
                        size_t len)
{
    MR_ASSERT(14 + len <= FRAME_ROOM);
    memset(out, 0, 60);
    memcpy(out, to ? to : wire_mac, 6);
    memcpy(out + 6, from ? from : peer_mac, 6);
    frame_put16(out + 12, kind);
    memmove(out + 14, body, len);
    return len < 46 ? 60 : (uint32_t)(14 + len);
}

uint32_t frame_ipv4(uint8_t *out, const struct frame_ip *ip, const void *payload, size_t len)
{
    uint8_t packet[FRAME_ROOM] = {0};
    uint32_t header = 20 + ip->option_bytes;
    MR_ASSERT(header + len <= FRAME_ROOM);
    packet[0] = (uint8_t)(0x40 | header / 4);
    frame_put16(packet + 2, (uint32_t)(header + len));
    packet[8] = ip->ttl ? ip->ttl : 64;
    packet[9] = ip->proto;
    memcpy(packet + 12, ip->from, 4);
    memcpy(packet + 16, ip->to, 4);
    if (ip->option_bytes)
        memcpy(packet + 20, ip->options, ip->option_bytes);
    frame_put16(packet + 10, frame_sum(packet, header));
    if (len)
        memcpy(packet + header, payload, len);
    return frame_ethernet(out, ip->to_mac, ip->from_mac, 0x0800, packet, header + len);
}

uint32_t frame_udp(uint8_t *out, const struct frame_ip *ip, uint16_t from_port, uint16_t to_port, const void *payload,
                   size_t len)
{
    uint8_t udp[FRAME_ROOM] = {0}, ends[20] = {0};
    struct frame_ip with = *ip;
    with.proto = 17;
    frame_put16(udp, from_port);
    frame_put16(udp + 2, to_port);
    frame_put16(udp + 4, (uint32_t)(8 + len));
    memcpy(udp + 8, payload, len);
    memcpy(ends + 12, ip->from, 4);
    memcpy(ends + 16, ip->to, 4);
    uint16_t sum = frame_sum_transport(ends, 17, udp, 8 + len);
    frame_put16(udp + 6, sum ? sum : 0xffff);
    return frame_ipv4(out, &with, udp, 8 + len);
}

uint32_t frame_arp(uint8_t *out, const uint8_t *to_mac, uint32_t what, const uint8_t *mac, const uint8_t *ip,
                   const uint8_t *target_mac, const uint8_t *target_ip)
{
    uint8_t arp[28] = {0, 1, 8, 0, 6, 4};
    frame_put16(arp + 6, what);
    memcpy(arp + 8, mac, 6);
    memcpy(arp + 14, ip, 4);
    if (target_mac)
        memcpy(arp + 18, target_mac, 6);
    memcpy(arp + 24, target_ip, 4);
    return frame_ethernet(out, to_mac, mac, 0x0806, arp, sizeof arp);
}

void frame_resum(uint8_t *frame)
{
    frame_put16(frame + 24, 0);
    frame_put16(frame + 24, frame_sum(frame + 14, 4 * (frame[14] & 15u)));
}

/* ---- is what we sent sound? ---- */

static const char *arp_wrong(const uint8_t *frame, uint32_t len, const uint8_t *our_mac, const uint8_t *our_ip)
{
    static const uint8_t fixed[6] = {0, 1, 8, 0, 6, 4};
    const uint8_t *arp = frame + 14;
    if (len != 60)
        return "ARP frame not of the smallest length";
    if (memcmp(arp, fixed, 6) != 0)
        return "ARP is not of IPv4 on Ethernet";
    if (frame_get16(arp + 6) != 1 && frame_get16(arp + 6) != 2)
        return "ARP is neither request nor reply";
    if (memcmp(arp + 8, our_mac, 6) != 0 || memcmp(arp + 14, our_ip, 4) != 0)
        return "ARP does not speak for us";
    bool all = memcmp(frame, "\xff\xff\xff\xff\xff\xff", 6) == 0;
    if (frame_get16(arp + 6) == 2 ? memcmp(frame, arp + 18, 6) != 0 : !all)
        return "ARP goes to the wrong hardware address";
    return NULL;
}

static const char *igmp_wrong(const uint8_t *frame, const uint8_t *ip, const uint8_t *igmp, uint32_t len)
{
    static const uint8_t router_alert[4] = {0x94, 4, 0, 0};
    if ((ip[0] & 15) != 6 || memcmp(ip + 20, router_alert, 4) != 0 || ip[8] != 1)
        return "IGMP without router alert, or with a TTL that is not 1";
    if (frame_sum(igmp, len) != 0)
        return "IGMP checksum";
    const uint8_t mac[6] = {1, 0, 0x5e, ip[17] & 0x7f, ip[18], ip[19]};
    if (memcmp(frame, mac, 6) != 0)
        return "IGMP goes to a hardware address that is not its group's";
    if (igmp[0] == 0x12 || igmp[0] == 0x16)
        return len != 8 || memcmp(igmp + 4, ip + 16, 4) != 0 ? "an old report not to its group" : NULL;
    if (igmp[0] == 0x17)
        return len != 8 || memcmp(ip + 16, "\xe0\0\0\2", 4) != 0 ? "an old leave not to all routers" : NULL;
    if (igmp[0] != 0x22 || memcmp(ip + 16, "\xe0\0\0\x16", 4) != 0)
        return "IGMP of an unknown kind, or a report not to 224.0.0.22";
    uint32_t at = 8, records = frame_get16(igmp + 6);
    for (uint32_t i = 0; i < records; i++, at += 8 + 4 * frame_get16(igmp + at + 2))
        if (at + 8 > len || igmp[at] < 1 || igmp[at] > 6 || igmp[at + 1] != 0 || (igmp[at + 4] & 0xf0) != 0xe0)
            return "IGMP record";
    return at != len || records == 0 ? "IGMP records and length differ" : NULL;
}

const char *frame_wrong(const uint8_t *frame, uint32_t len, const uint8_t *our_mac, const uint8_t *our_ip)
{
    if (len < 60 || len > 1514)
        return "frame length";
    if (memcmp(frame + 6, our_mac, 6) != 0)
        return "not from our hardware address";
    if (frame_get16(frame + 12) == 0x0806)
        return arp_wrong(frame, len, our_mac, our_ip);
    const uint8_t *ip = frame + 14;
    uint32_t header = 4 * (ip[0] & 15u), total = frame_get16(ip + 2);
    if (frame_get16(frame + 12) != 0x0800 || ip[0] >> 4 != 4 || header < 20 || total < header || 14 + total > len)
        return "IPv4 header";
    for (uint32_t i = 14 + total; i < len; i++)
        if (frame[i] != 0)
            return "padding is not zero";
    if (len > 60 && len != 14 + total)
        return "frame longer than its packet";
    if (frame_sum(ip, header) != 0)
        return "IPv4 checksum";
    if (memcmp(ip + 12, our_ip, 4) != 0)
        return "not from our address";
    const uint8_t *body = ip + header;
    if (ip[9] == 2)
        return total - header < 8 ? "IGMP cut" : igmp_wrong(frame, ip, body, total - header);
    if (ip[9] == 1)
        return total - header < 8 || body[0] != 0 || frame_sum(body, total - header) != 0 ? "ICMP" : NULL;
    if (ip[9] != 6)
        return "a protocol that we do not speak";
    return frame_sum_transport(ip, 6, body, total - header) != 0 ? "TCP checksum" : NULL;
}
