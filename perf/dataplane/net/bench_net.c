#include <stdlib.h>

#include "dataplane/net/arbiter.h"
#include "dataplane/net/net.h"
#include "dataplane/net/sum.h"
#include "perf/bench.h"
#include "perf/dataplane/net/frames.h"

struct bench_net {
    struct mr_link link;
    struct mr_net *net;
    struct mr_net_metrics metrics;
    struct mr_packet packets[FRAMES];
};

static void release(struct mr_link *link, struct mr_packet *packet)
{
    (void)link;
    (void)packet;
}
static const struct mr_link_ops link_ops = {.name = "bench", .release = release};

static void put16(uint8_t *at, uint32_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static void write_frame(uint8_t *frame, uint32_t i, uint32_t payload, bool udp)
{
    static const uint8_t from[4] = {10, 77, 0, 9}, group[4] = {239, 1, 2, 3}, us[4] = {10, 77, 0, 2};
    uint8_t *ip = frame + 14, *body = ip + 20;
    uint32_t header = udp ? 8 : 20;
    memset(frame, 0, 54);
    memcpy(frame, udp ? "\1\0\x5e\1\2\3" : "\2\0\0\0\0\1", 6);
    put16(frame + 12, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, 20 + header + payload);
    put16(ip + 4, i);
    ip[8] = 64;
    ip[9] = udp ? 17 : 6;
    memcpy(ip + 12, from, 4);
    memcpy(ip + 16, udp ? group : us, 4);
    uint16_t sum = (uint16_t)~mr_sum(ip, 20);
    memcpy(ip + 10, &sum, 2);
    for (uint32_t k = 0; k < payload; k++)
        body[header + k] = (uint8_t)(i * 31 + k * 7);
    put16(body, 4321);
    put16(body + 2, 5000);
    if (!udp)
        return;
    put16(body + 4, 8 + payload);
    uint8_t pseudo[4] = {0, 17};
    put16(pseudo + 2, 8 + payload);
    sum = (uint16_t)~mr_sum_fold(mr_sum_add(mr_sum_add(mr_sum_add(0, ip + 12, 8), pseudo, 4), body, 8 + payload));
    memcpy(body + 6, &sum, 2);
}

static void make(struct frames *f, uint32_t payload, bool udp)
{
    struct bench_net *n = aligned_alloc(MR_LINE_BYTES, (sizeof *n + 63) / 64 * 64);
    MR_ASSERT(n);
    memset(n, 0, sizeof *n);
    mr_metrics_init_values(&n->metrics, &mr_net_metrics_desc);
    n->link = (struct mr_link){.ops = &link_ops, .mac = {2, 0, 0, 0, 0, 1}, .mtu = 1500, .up = true};
    struct mr_net_config config = {
        .link = &n->link, .address = {10, 77, 0, 2}, .prefix = 24, .port_count = 4, .metrics = &n->metrics};
    for (uint16_t i = 0; i < config.port_count; i++)
        config.ports[i] = (struct mr_net_port){.group = {239, 1, 2, (uint8_t)i}, .port = 5000, .line = i};
    void *mem = aligned_alloc(MR_LINE_BYTES, mr_net_bytes(&config));
    MR_ASSERT(mem);
    n->net = mr_net_init(mem, &config);
    f->net = n;
    for (uint32_t i = 0; i < FRAMES; i++) {
        f->len[i] = 34 + (udp ? 8u : 20u) + payload;
        f->data[i] = aligned_alloc(MR_LINE_BYTES, 2048);
        MR_ASSERT(f->data[i]);
        write_frame(f->data[i], i, payload, udp);
        n->packets[i] = (struct mr_packet){.data = f->data[i], .len = f->len[i]};
    }
}

static void drop(struct frames *f)
{
    for (uint32_t i = 0; i < FRAMES; i++)
        free(f->data[i]);
    free(f->net->net);
    free(f->net);
}

static uint64_t take_all(void *arg)
{
    struct bench_net *n = ((struct frames *)arg)->net;
    uint64_t good = 0;
    for (uint32_t i = 0; i < FRAMES; i++) {
        struct mr_net_packet out;
        good += mr_net_take(n->net, &n->packets[i], 1, &out) != MR_NET_DONE;
    }
    return good;
}

/* ---- the arbiter: two lines, each number from both, a few lost on one ---- */

#define NUMBERS 4096u
struct lines {
    struct mr_arbiter *arbiter;
    struct mr_arbiter_metrics metrics;
    uint8_t datagram[304];
    uint64_t number, delivered;
    uint32_t lost_every; /* line 0 lacks each so-many-th; 0: none */
};

static void deliver(void *arg, uint64_t number, uint8_t *data, uint32_t len, uint16_t line, int64_t recv_ns,
                    uint8_t clock)
{
    struct lines *l = arg;
    (void)number;
    (void)line;
    (void)recv_ns;
    (void)clock;
    l->delivered += len + data[8];
}

static void gap(void *arg, uint64_t first, uint64_t last, int64_t now_ns)
{
    (void)arg;
    (void)first;
    (void)last;
    (void)now_ns;
}

static void give(struct lines *l, uint16_t line, uint64_t number)
{
    uint64_t big = __builtin_bswap64(number);
    memcpy(l->datagram, &big, 8);
    mr_arbiter_take(l->arbiter, line, l->datagram, sizeof l->datagram, (int64_t)number, 0);
}

/* Line 1 follows four behind line 0. */
static uint64_t arbitrate(void *arg)
{
    struct lines *l = arg;
    l->delivered = 0;
    for (uint32_t i = 0; i < NUMBERS; i++) {
        uint64_t n = ++l->number;
        if (l->lost_every == 0 || n % l->lost_every != 0)
            give(l, 0, n);
        if (n > 4)
            give(l, 1, n - 4);
    }
    return l->delivered > 0;
}

static void bench_arbiter(struct mr_bench *b, const char *name, const char *work, uint32_t lost_every)
{
    if (!mr_bench_wants(b, name))
        return;
    struct lines *l = aligned_alloc(MR_LINE_BYTES, (sizeof *l + 63) / 64 * 64);
    MR_ASSERT(l);
    memset(l, 0, sizeof *l);
    mr_metrics_init_values(&l->metrics, &mr_arbiter_metrics_desc);
    l->lost_every = lost_every;
    struct mr_arbiter_config config = {.number_width = 8,
                                       .window = 1024,
                                       .datagram_max = 1500,
                                       .patience_ns = 5000000,
                                       .lines = 2,
                                       .deliver = deliver,
                                       .gap = gap,
                                       .arg = l,
                                       .metrics = &l->metrics};
    void *mem = aligned_alloc(MR_LINE_BYTES, mr_arbiter_bytes(&config));
    MR_ASSERT(mem);
    l->arbiter = mr_arbiter_init(mem, &config);
    mr_bench_pair(b, &(struct mr_bench_pair){.name = name, .work = work, .items = 2 * NUMBERS, .ours = {arbitrate, l}});
    free(mem);
    free(l);
}

static void bench_frames(struct mr_bench *b, const char *name, const char *work, uint32_t payload, bool udp)
{
    if (!mr_bench_wants(b, name))
        return;
    struct frames f;
    make(&f, payload, udp);
    mr_bench_pair(b, &(struct mr_bench_pair){
                         .name = name,
                         .work = work,
                         .items = FRAMES,
                         .ours = {take_all, &f},
                         .kernels = payload >= MR_SUM_LONG && udp,
                         .references = {{udp ? "DPDK's rte_raw_cksum and rte_ipv4_udptcp_cksum_verify alone"
                                             : "DPDK's rte_raw_cksum of the header alone",
                                         udp ? mr_reference_dpdk_udp : mr_reference_dpdk_tcp, &f}},
                     });
    drop(&f);
}

void mr_bench_net(struct mr_bench *b)
{
    bench_frames(b, "udp_100", "frame to datagram: every check, port, counters; 100 B", 100, true);
    bench_frames(b, "udp_300", "frame to datagram: every check, port, counters; 300 B", 300, true);
    bench_frames(b, "udp_1400", "frame to datagram: every check, port, counters; 1,400 B", 1400, true);
    bench_frames(b, "tcp_300", "frame to TCP: checks of Ethernet and IPv4, counters", 300, false);
    bench_arbiter(b, "arbiter", "datagram of one of two lines, none lost: number, order, copy", 0);
    bench_arbiter(b, "arbiter_lossy", "datagram of one of two lines, 1 % lost on one: 4 wait for each", 100);
}
