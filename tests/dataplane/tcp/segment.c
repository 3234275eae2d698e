#include "tests/dataplane/tcp/segment.h"

uint32_t seg_get32(const uint8_t *p) { return frame_get16(p) << 16 | frame_get16(p + 2); }
void seg_put32(uint8_t *p, uint32_t v)
{
    frame_put16(p, v >> 16);
    frame_put16(p + 2, v & 0xffff);
}

/* The checksum over pseudo header and segment, by 16-bit words in network order. */
static uint16_t tcp_sum(const uint8_t *ips, const uint8_t *t, uint32_t len)
{
    uint64_t sum = 6 + len;
    for (uint32_t i = 0; i < 8; i += 2)
        sum += frame_get16(ips + i);
    for (uint32_t i = 0; i + 1 < len; i += 2)
        sum += frame_get16(t + i);
    if (len & 1)
        sum += (uint32_t)t[len - 1] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

uint32_t seg_write(uint8_t *frame, const struct seg *s)
{
    uint8_t t[FRAME_ROOM] = {0};
    uint32_t header = 20 + (s->option_bytes + 3) / 4 * 4;
    MR_ASSERT(header + s->len + 34 <= FRAME_ROOM);
    frame_put16(t, s->from);
    frame_put16(t + 2, s->to);
    seg_put32(t + 4, s->seq);
    seg_put32(t + 8, s->ack);
    t[12] = (uint8_t)((s->header_bytes ? s->header_bytes : header) / 4 << 4);
    t[13] = (uint8_t)s->flags;
    frame_put16(t + 14, s->window);
    frame_put16(t + 18, s->urgent);
    memcpy(t + 20, s->options, s->option_bytes);
    if (s->len)
        memcpy(t + header, s->data, s->len);
    struct frame_ip ip = {.proto = 6};
    memcpy(ip.from, s->from_ip, 4);
    memcpy(ip.to, s->to_ip, 4);
    uint8_t ips[8];
    memcpy(ips, s->from_ip, 4);
    memcpy(ips + 4, s->to_ip, 4);
    frame_put16(t + 16, tcp_sum(ips, t, header + s->len));
    return frame_ipv4(frame, &ip, t, header + s->len);
}

const char *seg_read(const uint8_t *frame, uint32_t len, struct seg *s)
{
    memset(s, 0, sizeof *s);
    if (len < 54 || frame_get16(frame + 12) != 0x800 || frame[14] != 0x45 || frame[23] != 6)
        return "not a TCP segment";
    const uint8_t *ip = frame + 14;
    uint32_t total = frame_get16(ip + 2);
    if (total < 40 || 14 + total > len)
        return "the IP length is not the frame's";
    if (frame_sum(ip, 20) != 0)
        return "the IP header's checksum is wrong";
    if (!(ip[6] & 0x40))
        return "it may be fragmented";
    const uint8_t *t = ip + 20;
    uint32_t bytes = total - 20, header = (uint32_t)(t[12] >> 4) * 4;
    if (header < 20 || header > bytes)
        return "the data offset is outside the segment";
    if (tcp_sum(ip + 12, t, bytes) != 0)
        return "the TCP checksum is wrong";
    memcpy(s->from_ip, ip + 12, 4);
    memcpy(s->to_ip, ip + 16, 4);
    s->from = (uint16_t)frame_get16(t);
    s->to = (uint16_t)frame_get16(t + 2);
    s->seq = seg_get32(t + 4);
    s->ack = seg_get32(t + 8);
    s->flags = t[13];
    s->window = (uint16_t)frame_get16(t + 14);
    s->option_bytes = header - 20;
    memcpy(s->options, t + 20, s->option_bytes);
    s->data = t + header;
    s->len = bytes - header;
    return NULL;
}

const uint8_t *seg_option(const struct seg *s, uint8_t kind, uint32_t bytes)
{
    for (uint32_t i = 0; i < s->option_bytes && s->options[i];) {
        if (s->options[i] == 1) {
            i++;
            continue;
        }
        if (i + 1 >= s->option_bytes || s->options[i + 1] < 2)
            return NULL;
        if (s->options[i] == kind)
            return s->options[i + 1] == bytes + 2 ? &s->options[i + 2] : NULL;
        i += s->options[i + 1];
    }
    return NULL;
}
