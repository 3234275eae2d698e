/* Ethernet frames into dataplane/net and dataplane/tcp, checksums off, with an application at work above.
 *
 * The first octet chooses where it begins: SYN sent, open, open with output not acknowledged, open with pieces held. Then records, each an
 * octet of kind and what that kind needs:
 *     0..3   a segment of our connection: flags, sequence and acknowledgement relative to what is due, window, options, data
 *     4      a raw frame: length, octets
 *     5 time passes   6 send   7 hold or release   8 drop and dial again   9 the link has no room   10 the same segment again
 * What must hold whatever comes: no assertion of lwIP's or ours breaks, each segment that we send is sound (world_sent), and at the end every
 * packet was released, the pools are empty and the counters tell where each frame went (world_close). */
#include <stdio.h>

#include "tests/dataplane/tcp/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t left;
};

static uint32_t octets(struct input *in, uint32_t n)
{
    uint32_t v = 0;
    for (; n > 0; n--) {
        v = v << 8 | (in->left > 0 ? *in->data : 0);
        in->data += in->left > 0;
        in->left -= in->left > 0;
    }
    return v;
}

struct fuzz {
    struct world w;
    struct world_segment due; /* what the peer would send next, and acknowledge */
    uint8_t last[FRAME_ROOM];
    uint32_t last_len;
};

#define GOOD (MR_PACKET_IP_GOOD | MR_PACKET_L4_GOOD)

/* What we sent moves what is due. */
static void look(struct fuzz *f)
{
    uint32_t len;
    struct seg s;
    for (const uint8_t *frame; (frame = world_sent(&f->w, &len));) {
        if (seg_read(frame, len, &s))
            continue;
        f->due.to = s.from;
        if (s.flags & SEG_SYN)
            f->due.ack = s.seq + 1;
        else if (!(s.flags & SEG_RST))
            f->due.ack = s.seq + s.len;
    }
}

static void segment(struct fuzz *f, struct input *in)
{
    uint8_t data[1460];
    struct seg s = {.from = 443, .to = f->due.to, .data = data};
    memcpy(s.from_ip, world_peer_ip, 4);
    memcpy(s.to_ip, world_ip, 4);
    s.flags = (uint16_t)(octets(in, 1) & 63);
    s.seq = f->due.seq + octets(in, 2) - 32768; /* within half a window before and behind */
    s.ack = f->due.ack + octets(in, 1) * 97 - 128 * 97;
    s.window = (uint16_t)octets(in, 2);
    s.len = octets(in, 2) % 1461;
    s.option_bytes = octets(in, 1) % 41;
    for (uint32_t i = 0; i < s.option_bytes; i++)
        s.options[i] = (uint8_t)octets(in, 1);
    for (uint32_t i = 0; i < s.len; i++)
        data[i] = seg_octet(1, s.seq + i);
    f->last_len = seg_write(f->last, &s);
    world_give(&f->w, f->last, f->last_len, GOOD);
    if (s.seq == f->due.seq && s.flags & SEG_ACK)
        f->due.seq += s.len + ((s.flags & (SEG_SYN | SEG_FIN)) != 0);
}

static void raw(struct fuzz *f, struct input *in)
{
    f->last_len = octets(in, 2) % 1515;
    if (f->last_len > in->left)
        f->last_len = (uint32_t)in->left;
    memcpy(f->last, in->data, f->last_len);
    in->data += f->last_len;
    in->left -= f->last_len;
    if (f->last_len >= 38) { /* reaches the connection more often */
        memcpy(f->last, "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0", 14);
        memcpy(f->last + 30, world_ip, 4);
    }
    world_give(&f->w, f->last, f->last_len, GOOD);
}

static void record(struct fuzz *f, struct input *in)
{
    struct world *w = &f->w;
    uint32_t kind = octets(in, 1) % 11;
    switch (kind) {
    case 4:
        raw(f, in);
        break;
    case 5:
        w->now_ns += MS << octets(in, 1) % 14;
        break;
    case 6:
        w->to_send += octets(in, 2);
        break;
    case 7:
        w->hold = !w->hold;
        world_release(w);
        break;
    case 8:
        mr_tcp_drop(w->tcp, 0);
        w->to_send = 0;
        world_dial(w, 0, 443);
        break;
    case 9:
        wire_refuse(w->wire, octets(in, 1) % 8);
        break;
    case 10:
        for (uint32_t i = octets(in, 1) % 32; i > 0 && f->last_len > 0; i--)
            world_give(w, f->last, f->last_len, GOOD);
        break;
    default:
        segment(f, in);
    }
    if (kind != 3) /* 3: in one burst with the next record */
        world_round(w);
    look(f);
    w->wrong = false; /* forged data is nobody's stream */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz f;
    struct input in = {data, size};
    struct mr_tcp_config config = world_config();
    config.checksum_by_port = true;
    config.window_bytes = 1 << 17;
    config.connections_max = 1;
    config.port_first = config.port_last = 50000;
    memset(&f, 0, sizeof f);
    world_open_small(&f.w, &config, SECOND, 128, 48);
    uint32_t begin = octets(&in, 1) % 4;
    if (begin == 0) {
        world_dial(&f.w, 0, 443);
        world_round(&f.w);
        f.due.seq = 1000;
        look(&f);
    } else {
        f.due = world_connect(&f.w, 0, 1000);
    }
    f.w.to_send = begin == 2 ? 5000 : 0;
    f.w.hold = begin == 3;
    while (in.left > 0)
        record(&f, &in);
    f.w.now_ns += SECOND;
    world_round(&f.w);
    look(&f);
    world_close(&f.w);
    return 0;
}
