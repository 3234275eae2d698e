#include "tests/dataplane/tcp/world.h"

#include <stdio.h>

const uint8_t world_ip[4] = {10, 77, 0, 2}, world_peer_ip[4] = {10, 77, 0, 9};

struct mr_tcp_config world_config(void)
{
    return (struct mr_tcp_config){.address = {10, 77, 0, 2},
                                  .connections_max = 4,
                                  .window_bytes = 1 << 20,
                                  .send_bytes = 1 << 16,
                                  .port_first = 49152,
                                  .port_last = 65535,
                                  .seed = 7};
}

bool world_built(void)
{
    if (strcmp(mr_tcp_flavour(), "none") != 0)
        return true;
    mr_test_skip_line("this build has no lwIP (meson setup -Dlwip=source says why)");
    return false;
}

static int note_tuple(void *arg, bool add, uint16_t local_port, const uint8_t peer[4], uint16_t peer_port)
{
    struct world *w = arg;
    (void)peer, (void)peer_port;
    assert_true(local_port >= 1024);
    assert_true(add || w->tuples > 0);
    if (add && w->tuples_full)
        return MR_E_FULL;
    w->tuples += add ? 1 : UINT32_MAX;
    return MR_OK;
}

void world_open(struct world *w, const struct mr_tcp_config *config, int64_t now_ns)
{
    world_open_small(w, config, now_ns, 2048, 512);
}

void world_open_small(struct world *w, const struct mr_tcp_config *config, int64_t now_ns, uint32_t packets,
                      uint32_t sent)
{
    memset(w, 0, sizeof *w);
    w->now_ns = now_ns;
    w->wire = wire_open(packets, sent);
    w->link = wire_link(w->wire);
    mr_metrics_init_values(&w->net_metrics, &mr_net_metrics_desc);
    mr_metrics_init_values(&w->m, &mr_tcp_metrics_desc);
    struct mr_net_config net = {.link = w->link,
                                .address = {10, 77, 0, 2},
                                .gateway = {10, 77, 0, 1},
                                .prefix = 24,
                                .metrics = &w->net_metrics};
    w->net_mem = aligned_alloc(MR_LINE_BYTES, (mr_net_bytes(&net) + 63) / 64 * 64);
    assert_non_null(w->net_mem);
    w->net = mr_net_init(w->net_mem, &net);
    static const uint8_t mac[6] = {2, 0, 0, 0, 0, 2};
    assert_int_equal(mr_net_neighbour(w->net, world_peer_ip, mac), MR_OK);
    struct mr_tcp_config with = *config;
    with.net = w->net;
    with.link = w->link;
    with.metrics = &w->m;
    with.tuple = note_tuple;
    with.arg = w;
    w->tcp_mem = aligned_alloc(MR_LINE_BYTES, (mr_tcp_bytes(&with) + 63) / 64 * 64);
    assert_non_null(w->tcp_mem);
    struct mr_err err = {""};
    if (mr_tcp_open(&w->tcp, w->tcp_mem, &with, now_ns, &err) != MR_OK)
        fail_msg("%s", err.text);
}

/* Where each frame went: received by the link, by dataplane/net, by the stack. */
static void check_counts(const struct world *w)
{
    const struct mr_net_metrics *n = &w->net_metrics;
    const struct mr_tcp_metrics *m = &w->m;
    assert_int_equal(n->frames, w->given);
    assert_int_equal(n->frames, n->tcp + n->datagrams + n->arp_requests + n->arp_replies + n->arp_other + n->echoes +
                                    n->icmp_other + n->igmp_queries + n->igmp_other + n->not_ours + n->short_frames +
                                    n->ip_bad + n->ip_checksum + n->fragments + n->udp_bad + n->udp_checksum +
                                    n->udp_no_port);
    assert_int_equal(m->segments, n->tcp);
    assert_int_equal(m->segments, m->checksum + m->malformed + m->dropped + m->control + m->delivered);
    assert_int_equal(m->lent, 0);
    assert_int_equal(m->connections, 0);
    assert_int_equal(m->sent_segments, w->seen);
}

void world_close(struct world *w)
{
    uint32_t len;
    mr_tcp_close(w->tcp); /* asserts that its pools are empty */
    w->held_count = 0;
    while (world_sent(w, &len))
        ;
    assert_int_equal(w->tuples, 0);
    check_counts(w);
    free(w->tcp_mem);
    free(w->net_mem);
    wire_close(w->wire); /* fails where a frame is still lent */
}

int world_dial(struct world *w, uint16_t connection, uint16_t port)
{
    struct mr_dial dial = {.peer = {.family = 4, .port = port}};
    memcpy(dial.peer.ip, world_peer_ip, 4);
    if (connection == 0) {
        w->opened = w->ended = false;
        w->received = 0;
        w->offered = 0;
    }
    return mr_tcp_connect(w->tcp, connection, &dial, w->now_ns);
}

void world_give(struct world *w, const uint8_t *frame, uint32_t len, uint8_t flags)
{
    w->given += wire_put(w->wire, frame, len, w->now_ns, flags);
}

const uint8_t *world_sent(struct world *w, uint32_t *len)
{
    const uint8_t *frame;
    while ((frame = wire_sent(w->wire, len)) && frame_get16(frame + 12) != 0x800)
        ; /* ARP: nobody here asks for it */
    struct seg s;
    const char *wrong = frame ? seg_read(frame, *len, &s) : NULL;
    if (wrong)
        fail_msg("%s", wrong);
    w->seen += frame != NULL;
    return frame;
}

static void frames_in(struct world *w)
{
    struct mr_packet *packets[32];
    for (int n; (n = w->link->ops->receive(w->link, w->now_ns, packets, 32)) > 0;) {
        for (int i = 0; i < n; i++) {
            struct mr_net_packet in;
            enum mr_net_kind kind = mr_net_take(w->net, packets[i], w->now_ns, &in);
            if (kind == MR_NET_TCP)
                mr_tcp_take(w->tcp, &in, w->now_ns);
            else if (kind == MR_NET_DATAGRAM)
                w->link->ops->release(w->link, in.packet);
        }
    }
}

static void use(struct world *w, const struct mr_piece *piece)
{
    if (piece->kind == MR_PIECE_STREAM) {
        if (piece->connection == 0) {
            assert_true(w->opened && !w->ended);
            for (uint32_t i = 0; i < piece->len; i++)
                w->wrong |= piece->data[i] != seg_octet(1, w->received + i);
            w->received += piece->len;
        }
        memset(piece->data, 0xee, piece->len); /* they are ours to write, as decryption does */
        if (w->hold && w->held_count < WORLD_HELD_MAX)
            w->held[w->held_count++] = *piece;
        else
            mr_tcp_release(w->tcp, piece);
    } else if (piece->connection == 0) {
        assert_false(w->ended);
        if (piece->kind == MR_PIECE_OPENED) {
            assert_false(w->opened);
            w->opened = true;
        } else {
            assert_int_equal(piece->kind, MR_PIECE_CLOSED);
            w->ended = true;
            w->status = piece->status;
            snprintf(w->reason, sizeof w->reason, "%.*s", (int)piece->name.len, (const char *)piece->name.data);
        }
    }
}

void world_release(struct world *w)
{
    for (uint32_t i = 0; i < w->held_count; i++)
        mr_tcp_release(w->tcp, &w->held[i]);
    w->held_count = 0;
}

static void output(struct world *w)
{
    uint8_t data[4096];
    while (w->opened && !w->ended && w->offered < w->to_send) {
        uint32_t n = w->to_send - w->offered < sizeof data ? (uint32_t)(w->to_send - w->offered) : sizeof data;
        for (uint32_t i = 0; i < n; i++)
            data[i] = seg_octet(0, w->offered + i);
        int64_t taken = mr_tcp_send(w->tcp, 0, data, n);
        if (taken <= 0)
            return;
        w->offered += (uint64_t)taken;
    }
}

void world_round(struct world *w)
{
    struct mr_piece pieces[16];
    frames_in(w);
    for (int n; (n = mr_tcp_poll(w->tcp, pieces, MR_COUNT_OF(pieces))) > 0;)
        for (int i = 0; i < n; i++)
            use(w, &pieces[i]);
    output(w);
    mr_tcp_flush(w->tcp, w->now_ns);
    mr_tcp_housekeep(w->tcp, w->now_ns);
    mr_net_housekeep(w->net, w->now_ns);
}

struct seg world_get(struct world *w)
{
    uint32_t len = 0;
    struct seg s;
    const uint8_t *frame = world_sent(w, &len);
    assert_non_null(frame);
    assert_null(seg_read(frame, len, &s));
    return s;
}

void world_put(struct world *w, const struct world_segment *in)
{
    uint8_t data[1460], frame[FRAME_ROOM];
    struct seg s = {.from = 443,
                    .to = in->to,
                    .seq = in->seq,
                    .ack = in->ack,
                    .flags = in->flags,
                    .window = in->window,
                    .data = data,
                    .len = in->len};
    memcpy(s.from_ip, world_peer_ip, 4);
    memcpy(s.to_ip, world_ip, 4);
    if (s.flags & SEG_SYN) {
        static const uint8_t options[] = {2, 4, 1460 >> 8, 1460 & 255, 1, 3, 3, 7, 1, 1, 4, 2};
        memcpy(s.options, options, s.option_bytes = sizeof options);
    }
    for (uint32_t i = 0; i < s.len; i++)
        data[i] = seg_octet(1, in->offset + i);
    world_give(w, frame, seg_write(frame, &s), 0);
}

struct world_segment world_connect(struct world *w, uint16_t connection, uint32_t isn)
{
    uint32_t len;
    assert_int_equal(world_dial(w, connection, 443), MR_OK);
    world_round(w);
    struct seg syn = world_get(w);
    assert_int_equal(syn.flags, SEG_SYN);
    struct world_segment s = {
        .to = syn.from, .flags = SEG_SYN | SEG_ACK, .seq = isn, .ack = syn.seq + 1, .window = 65535};
    world_put(w, &s);
    world_round(w);
    while (world_sent(w, &len))
        ;
    s.flags = SEG_ACK;
    s.seq++;
    return s;
}

void world_peer_out(void *arg, const uint8_t *frame, uint32_t len)
{
    struct world_way *way = arg;
    lane_put(way->lane, 1, frame, len, way->world->now_ns);
}

bool world_run(struct world *w, struct peer *peer, struct lane *lane, uint64_t expect, int64_t until_ns)
{
    uint32_t len;
    const uint8_t *frame;
    while (w->now_ns < until_ns) {
        while ((frame = lane_take(lane, 1, &len, w->now_ns)))
            world_give(w, frame, len, 0);
        world_round(w);
        while ((frame = world_sent(w, &len)))
            lane_put(lane, 0, frame, len, w->now_ns);
        while ((frame = lane_take(lane, 0, &len, w->now_ns)))
            peer_take(peer, frame, len, w->now_ns);
        peer_step(peer, w->now_ns);
        if (w->ended || (w->received == expect && peer_received(peer) == w->to_send))
            return true;
        int64_t next = w->now_ns + 10 * MS, event = lane_next_ns(lane), timer = peer_next_ns(peer);
        next = event < next ? event : next;
        next = timer < next ? timer : next;
        w->now_ns = next > w->now_ns ? next : w->now_ns + MS;
    }
    return false;
}
