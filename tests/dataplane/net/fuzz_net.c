/* Bytes are frames for two stacks, an address of our own and a shared one. Each frame must end in exactly one counter and be released or handed on with all
 * of it inside the frame; what is handed on must pass an independent look at the bytes; what is sent must be sound by frame_wrong (frames.c).
 *
 * A frame: a byte of length, a byte of kind (which checksums are made right, time that passes, what is done besides), then its bytes. */
#include "tests/dataplane/net/frames.h"
#include "tests/dataplane/net/rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SUM_IP = 1, SUM_BODY = 2, FLAGS = 4, SECONDS = 8, REACH = 16, REFUSE = 32, SHARED = 128 };

/* Checksums as a sender would write them, so that the fuzzer gets past them. */
static void make_sums(uint8_t *frame, uint32_t len, uint8_t kind)
{
    if (len < 34 || frame_get16(frame + 12) != 0x0800)
        return;
    uint8_t *ip = frame + 14;
    uint32_t header = 4 * (ip[0] & 15u), total = frame_get16(ip + 2);
    if (header < 20 || total < header || 14 + total > len)
        return;
    if (kind & SUM_IP)
        frame_resum(frame);
    if (!(kind & SUM_BODY) || total < header + 8)
        return;
    uint8_t *body = ip + header;
    if (ip[9] == 1 || ip[9] == 2) {
        frame_put16(body + 2, 0);
        frame_put16(body + 2, frame_sum(body, total - header));
    } else if (ip[9] == 17) {
        uint32_t bytes = frame_get16(body + 4);
        if (bytes < 8 || bytes > total - header)
            return;
        frame_put16(body + 6, 0);
        frame_put16(body + 6, frame_sum_transport(ip, 17, body, bytes));
    }
}

static void look_at(const struct mr_net_packet *out, enum mr_net_kind kind)
{
    const uint8_t *frame = out->packet->data, *ip = frame + 14;
    uint32_t len = out->packet->len, header = 4 * (ip[0] & 15u), total = frame_get16(ip + 2);
    MR_ASSERT(len >= 34 && frame_get16(frame + 12) == 0x0800 && ip[0] >> 4 == 4 && header >= 20 && header <= total &&
              14 + total <= len);
    MR_ASSERT(out->packet->flags || frame_sum(ip, header) == 0);
    MR_ASSERT((frame_get16(ip + 6) & 0x3fff) == 0 && memcmp(out->sender, ip + 12, 4) == 0);
    if (kind == MR_NET_TCP) {
        MR_ASSERT(ip[9] == 6 && out->ip == ip && out->len == total && memcmp(ip + 16, rig_ip, 4) == 0);
        return;
    }
    const uint8_t *udp = ip + header;
    uint32_t bytes = frame_get16(udp + 4);
    MR_ASSERT(kind == MR_NET_DATAGRAM && ip[9] == 17 && out->ip == udp + 8 && out->len == bytes - 8 &&
              header + bytes <= total);
    MR_ASSERT(out->packet->flags || frame_get16(udp + 6) == 0 || frame_sum_transport(ip, 17, udp, bytes) == 0);
    MR_ASSERT(out->line == 7 ? memcmp(ip + 16, "\xef\1\2\3", 4) == 0 && frame_get16(udp + 2) == 5000
                             : out->line == 8 && memcmp(ip + 16, "\xef\1\2\4", 4) == 0 &&
                                   frame_get16(udp + 2) == 5001 && memcmp(ip + 12, rig_peer_ip, 4) == 0);
}

static void look_at_sent(struct rig *r, bool shared)
{
    uint32_t len;
    for (const uint8_t *frame; (frame = wire_sent(r->wire, &len));) {
        const char *wrong = shared ? "a frame in shared mode" : frame_wrong(frame, len, r->link->mac, rig_ip);
        if (wrong)
            mr_panic(__FILE__, __LINE__, wrong);
    }
}

static void take(struct rig *r, uint8_t kind, const uint8_t *bytes, uint32_t len)
{
    uint8_t frame[256];
    memcpy(frame, bytes, len);
    make_sums(frame, len, kind);
    r->now_ns += kind & SECONDS ? 7 * SECOND : MS;
    if (kind & REACH)
        mr_net_reach(r->net, kind & SUM_IP ? rig_gateway : rig_peer_ip, r->now_ns);
    if (kind & REFUSE)
        wire_refuse(r->wire, 1);
    struct mr_packet *p =
        wire_lend(r->wire, frame, len, r->now_ns, kind & FLAGS ? MR_PACKET_IP_GOOD | MR_PACKET_L4_GOOD : 0);
    MR_ASSERT(p);
    struct mr_net_packet out;
    uint64_t outcomes = rig_outcomes(&r->metrics);
    enum mr_net_kind what = mr_net_take(r->net, p, r->now_ns, &out);
    MR_ASSERT(rig_outcomes(&r->metrics) == outcomes + 1 && r->metrics.frames == outcomes + 1);
    MR_ASSERT(wire_lent(r->wire) == (what == MR_NET_DONE ? 0 : 1));
    if (what != MR_NET_DONE) {
        look_at(&out, what);
        r->link->ops->release(r->link, p);
    }
    mr_net_housekeep(r->net, r->now_ns);
    wire_refuse(r->wire, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rig rigs[2]; /* 0: our own address, 1: a shared one */
    struct mr_net_config c = rig_config();
    c.ports[0] = (struct mr_net_port){.group = {239, 1, 2, 3}, .port = 5000, .line = 7};
    c.ports[1] = (struct mr_net_port){.group = {239, 1, 2, 4}, .source = {10, 77, 0, 9}, .port = 5001, .line = 8};
    c.port_count = 2;
    rig_open(&rigs[0], &c);
    c.shared = true;
    rig_open(&rigs[1], &c);
    while (size >= 2) {
        uint32_t len = data[0];
        uint8_t kind = data[1];
        if (len > size - 2)
            len = (uint32_t)size - 2;
        bool shared = kind & SHARED;
        take(&rigs[shared], kind, data + 2, len);
        look_at_sent(&rigs[shared], shared);
        data += 2 + len;
        size -= 2 + len;
    }
    mr_net_leave(rigs[0].net, rigs[0].now_ns);
    mr_net_leave(rigs[1].net, rigs[1].now_ns);
    look_at_sent(&rigs[0], false);
    look_at_sent(&rigs[1], true);
    for (int i = 0; i < 2; i++) {
        wire_close(rigs[i].wire);
        free(rigs[i].mem);
    }
    return 0;
}
