#include <stdio.h>

#include "tests/dataplane/source/dpdk/frames.h"

static uint32_t sum_of(const uint8_t *bytes, uint32_t len, uint32_t sum)
{
    for (uint32_t i = 0; i + 1 < len; i += 2)
        sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
    if (len & 1)
        sum += (uint32_t)(bytes[len - 1] << 8);
    return sum;
}

static void put16(uint8_t *at, uint32_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static uint16_t folded(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

uint32_t make_datagram(uint8_t *frame, const uint8_t from[4], const uint8_t to[4], uint16_t port, const void *data,
                       uint32_t len)
{
    static const uint8_t group_mac[6] = {0x01, 0x00, 0x5e}, our_mac[6] = {2, 0, 0, 0, 0, 1};
    uint8_t *ip = frame + 14, *udp = ip + 20;
    memset(frame, 0, 42);
    memcpy(frame, to[0] >> 4 == 14 ? group_mac : our_mac, 6);
    if (to[0] >> 4 == 14) {
        frame[3] = to[1] & 0x7f;
        frame[4] = to[2];
        frame[5] = to[3];
    }
    memcpy(frame + 6, (const uint8_t[]){2, 0, 0, 0, 0, 2}, 6);
    put16(frame + 12, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, 28 + len);
    ip[8] = 16;
    ip[9] = 17;
    memcpy(ip + 12, from, 4);
    memcpy(ip + 16, to, 4);
    put16(ip + 10, folded(sum_of(ip, 20, 0)));
    put16(udp, 5000);
    put16(udp + 2, port);
    put16(udp + 4, 8 + len);
    memcpy(udp + 8, data, len);
    uint16_t sum = folded(sum_of(udp, 8 + len, sum_of(ip + 12, 8, 17 + 8 + len)));
    put16(udp + 6, sum ? sum : 0xffff);
    return 42 + len;
}

bool capture_open(struct capture *c, const char *path)
{
    static const struct {
        uint32_t magic;
        uint16_t major, minor;
        uint32_t zone, digits, longest, ethernet;
    } head = {0xa1b2c3d4, 2, 4, 0, 0, 65535, 1};
    c->file = fopen(path, "wb");
    return c->file && fwrite(&head, sizeof head, 1, c->file) == 1;
}

void capture_add(struct capture *c, const uint8_t *frame, uint32_t len)
{
    const uint32_t record[4] = {0, 0, len, len};
    fwrite(record, sizeof record, 1, c->file);
    fwrite(frame, len, 1, c->file);
}

void capture_close(struct capture *c) { fclose(c->file); }
