/* A received segment through the user-space path, in memory: dataplane/net takes the frame, dataplane/tcp the segment, its piece is lent
 * and released, and each burst of 32 is acknowledged once. The TCP checksum is verified in software; a NIC that does it saves that part
 * (`trusted`). Beside it the kernel's TCP over loopback: 32 sends, and the receives that bring them; its figure holds both ends' work, since
 * the kernel does them in one. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/net/sum.h"
#include "dataplane/tcp/tcp.h"
#include "perf/bench.h"

#define BURST 32u
#define BURSTS 128u
#define HEADERS 54u /* Ethernet, IPv4, TCP */

struct bench_link {
    struct mr_link link;
    struct mr_packet packets[BURST];
    uint8_t frames[BURST][2048];
    uint8_t out[2048];
};

struct path {
    struct bench_link *l;
    struct mr_net *net;
    struct mr_tcp *tcp;
    void *net_mem, *tcp_mem;
    int64_t now_ns;
    uint32_t seq, ack, len;
    uint16_t port;
    uint8_t header[20]; /* TCP's: lwIP turns the one in the packet to its own byte order */
    uint64_t base_sum;  /* of what does not change in a segment, pseudo header and all */
    uint8_t flags;
};

static void link_release(struct mr_link *link, struct mr_packet *packet) { (void)link, (void)packet; }
static uint8_t *link_reserve(struct mr_link *link, uint32_t bytes)
{
    (void)bytes;
    return ((struct bench_link *)link->state)->out;
}
static void link_send(struct mr_link *link, uint32_t bytes) { (void)link, (void)bytes; }
static void link_flush(struct mr_link *link) { (void)link; }
static const struct mr_link_ops link_ops = {
    .name = "bench", .release = link_release, .reserve = link_reserve, .send = link_send, .flush = link_flush};

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

/* A whole frame to our connection, but for its sequence number and TCP checksum. */
static void write_frame(const struct path *p, uint8_t *f, uint8_t flags, uint32_t len)
{
    static const uint8_t head[34] = {2, 0, 0, 0,    0, 1,  2, 0, 0, 0,  0,  2, 8, 0,  0x45, 0, 0,
                                     0, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 77, 0, 9, 10, 77,   0, 2};
    memcpy(f, head, sizeof head);
    put16(f + 16, 40 + len);
    uint16_t sum = (uint16_t)~mr_sum(f + 14, 20);
    memcpy(f + 24, &sum, 2);
    memset(f + 34, 0, 20);
    put16(f + 34, 443);
    put16(f + 36, p->port);
    put32(f + 42, p->ack);
    f[46] = 0x50;
    f[47] = flags;
    put16(f + 48, 65535);
    memset(f + HEADERS, 'x', len);
}

static uint64_t pseudo_sum(const uint8_t *f, uint32_t len)
{
    const uint8_t pseudo[4] = {0, 6, (uint8_t)((20 + len) >> 8), (uint8_t)(20 + len)};
    return mr_sum_add(mr_sum_add(mr_sum_add(0, pseudo, 4), f + 26, 8), f + 34, 20 + len);
}

static void give(struct path *p, uint32_t i, uint32_t len, uint64_t base)
{
    uint8_t *f = p->l->frames[i];
    struct mr_packet *packet = &p->l->packets[i];
    struct mr_net_packet in;
    memcpy(f + 34, p->header, 20);
    put32(f + 38, p->seq);
    uint16_t sum = (uint16_t)~mr_sum_fold(mr_sum_add(base, f + 38, 4));
    memcpy(f + 50, &sum, 2);
    packet->data = f;
    packet->len = HEADERS + len;
    packet->flags = p->flags;
    if (mr_net_take(p->net, packet, p->now_ns, &in) != MR_NET_TCP)
        abort();
    mr_tcp_take(p->tcp, &in, p->now_ns);
}

static bool open_path(struct path *p, uint32_t len, bool trusted)
{
    *p = (struct path){
        .l = aligned_alloc(64, (sizeof *p->l + 63) / 64 * 64), .now_ns = 1000000000, .len = len, .port = 50000};
    memset(p->l, 0, sizeof *p->l);
    p->l->link = (struct mr_link){
        .ops = &link_ops, .state = p->l, .mac = {2, 0, 0, 0, 0, 1}, .mtu = 1500, .up = true, .packets_max = 4096};
    p->flags = trusted ? MR_PACKET_IP_GOOD | MR_PACKET_L4_GOOD : 0;
    struct mr_net_config nc = {.link = &p->l->link, .address = {10, 77, 0, 2}, .prefix = 24};
    p->net_mem = aligned_alloc(64, (mr_net_bytes(&nc) + 63) / 64 * 64);
    p->net = mr_net_init(p->net_mem, &nc);
    const uint8_t peer[4] = {10, 77, 0, 9}, mac[6] = {2, 0, 0, 0, 0, 2};
    mr_net_neighbour(p->net, peer, mac);
    struct mr_tcp_config tc = {.net = p->net,
                               .link = &p->l->link,
                               .address = {10, 77, 0, 2},
                               .connections_max = 4,
                               .window_bytes = 1 << 20,
                               .send_bytes = 1 << 16,
                               .port_first = 50000,
                               .port_last = 50000,
                               .checksum_by_port = trusted,
                               .seed = 1};
    p->tcp_mem = aligned_alloc(64, (mr_tcp_bytes(&tc) + 63) / 64 * 64);
    struct mr_dial dial = {.peer = {.ip = {10, 77, 0, 9}, .family = 4, .port = 443}};
    if (mr_tcp_open(&p->tcp, p->tcp_mem, &tc, p->now_ns, NULL) != MR_OK ||
        mr_tcp_connect(p->tcp, 0, &dial, p->now_ns) != MR_OK)
        return false;
    uint32_t syn;
    memcpy(&syn, p->l->out + 38, 4);
    p->ack = ntohl(syn) + 1;
    write_frame(p, p->l->frames[0], 0x12, 0);
    memcpy(p->header, p->l->frames[0] + 34, 20);
    give(p, 0, 0, pseudo_sum(p->l->frames[0], 0));
    p->seq++;
    for (uint32_t i = 0; i < BURST; i++)
        write_frame(p, p->l->frames[i], 0x18, len);
    memcpy(p->header, p->l->frames[0] + 34, 20);
    p->base_sum = pseudo_sum(p->l->frames[0], len);
    struct mr_piece piece;
    return mr_tcp_poll(p->tcp, &piece, 1) == 1 && piece.kind == MR_PIECE_OPENED;
}

static void close_path(struct path *p)
{
    mr_tcp_close(p->tcp);
    free(p->tcp_mem);
    free(p->net_mem);
    free(p->l);
}

static uint64_t ours(void *arg)
{
    struct path *p = arg;
    struct mr_piece pieces[BURST];
    uint64_t bytes = 0;
    for (uint32_t b = 0; b < BURSTS; b++) {
        for (uint32_t i = 0; i < BURST; i++, p->seq += p->len)
            give(p, i, p->len, p->base_sum);
        int n = mr_tcp_poll(p->tcp, pieces, BURST);
        for (int i = 0; i < n; i++) {
            bytes += pieces[i].len;
            mr_tcp_release(p->tcp, &pieces[i]);
        }
        mr_tcp_flush(p->tcp, p->now_ns += 1000);
    }
    return mr_bench_mix(0, bytes);
}

struct kernel {
    int send, receive;
    uint32_t len;
    uint8_t *data;
};

static bool open_kernel(struct kernel *k, uint32_t len)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t at_len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    *k = (struct kernel){.send = socket(AF_INET, SOCK_STREAM, 0), .receive = -1, .len = len, .data = calloc(1, 65536)};
    if (listener >= 0 && bind(listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(listener, 1) == 0 &&
        getsockname(listener, (struct sockaddr *)&at, &at_len) == 0 &&
        connect(k->send, (struct sockaddr *)&at, sizeof at) == 0)
        k->receive = accept(listener, NULL, NULL);
    close(listener);
    setsockopt(k->send, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return k->receive >= 0;
}

static void close_kernel(struct kernel *k)
{
    close(k->send);
    close(k->receive);
    free(k->data);
}

static uint64_t loopback(void *arg)
{
    struct kernel *k = arg;
    uint64_t bytes = 0;
    for (uint32_t b = 0; b < BURSTS; b++) {
        for (uint32_t i = 0; i < BURST; i++)
            if (send(k->send, k->data, k->len, 0) != (ssize_t)k->len)
                abort();
        for (uint64_t due = bytes + (uint64_t)BURST * k->len; bytes < due;) {
            ssize_t n = recv(k->receive, k->data, 65536, MSG_DONTWAIT);
            bytes += n > 0 ? (uint64_t)n : 0;
        }
    }
    return mr_bench_mix(0, bytes);
}

static void pair(struct mr_bench *b, const char *name, uint32_t len, bool trusted)
{
    struct path p;
    struct kernel k;
    if (!mr_bench_wants(b, name))
        return;
    bool opened = open_path(&p, len, trusted) && open_kernel(&k, len);
    if (!opened)
        abort(); /* the caller asked whether there is a stack */
    mr_bench_pair(b, &(struct mr_bench_pair){.name = name,
                                             .work = "received TCP segment, from the frame to its piece's release",
                                             .items = BURST * BURSTS,
                                             .ours = {ours, &p},
                                             .references = {{"kernel TCP over loopback, send and recv", loopback, &k}},
                                             .goal = 10,
                                             .stretch = 30});
    close_kernel(&k);
    close_path(&p);
}

void mr_bench_tcp(struct mr_bench *b)
{
    struct mr_link link = {.mtu = 1500};
    struct mr_tcp_config config = {.link = &link,
                                   .connections_max = 1,
                                   .window_bytes = 65536,
                                   .send_bytes = 65536,
                                   .port_first = 1,
                                   .port_last = 1};
    if (mr_tcp_bytes(&config) < 1024)
        return; /* a build without lwIP */
    pair(b, "segment_330", 330, false);
    pair(b, "segment_1460", 1460, false);
    pair(b, "segment_1460_trusted", 1460, true);
}
