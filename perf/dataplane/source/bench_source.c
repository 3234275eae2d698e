/* From the sender to the decoded event, and the cost of receiving in bulk, for each way to receive TLS WebSocket messages: DPDK with our
 * TCP stack (by AF_XDP and by AF_PACKET), plain sockets and io_uring, each with the own record reader and with SSL_read, and epoll as one
 * would write it without us. All see the same sender, in turns. As root over veths between two network namespaces: DPDK on one, the kernel's
 * rows on another that has no XDP program to pass; else, without DPDK, over the loopback.
 *
 * Two stamps of the sender: `p50` runs from the moment at which it gives the encrypted message to its kernel, `wire` from the moment at which the
 * segment leaves its device. Between them lies the sender's own stack, the same in all rows and on another machine in life: how far one way to
 * receive is ahead of another is judged from the wire. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "dataplane/source/dpdk/dpdk.h"
#include "perf/bench.h"
#include "perf/dataplane/source/receivers.h"
#include "perf/dataplane/source/source_sender.h"
#include "tests/support/netns.h"

#define BULK_COUNT 30000u
#define PASSES_MAX 31u

static const struct pace {
    const char *name, *words;
    int64_t ns;
    uint32_t count;
} paces[] = {{"10k", "10 k/s", 100000, 1000}, {"100k", "100 k/s", 10000, 5000}};
#define PACES MR_COUNT_OF(paces)
#define COUNT_MOST 5000u

static struct mr_dpdk_config xdp_config, packet_config;
static struct port xdp = {.ops = &mr_source_dpdk_ops, .dpdk = &xdp_config},
                   packet = {.ops = &mr_source_dpdk_ops, .dpdk = &packet_config},
                   sockets = {.ops = &mr_source_socket_ops}, uring = {.ops = &mr_source_uring_ops};
static struct receiver receivers[] = {
    {.name = "epoll"}, /* the reference of all */
    {.name = "dpdk_xdp_own", .port = &xdp, .layer = MR_TLS_READ_OWN, .spin = true},
    {.name = "dpdk_xdp_ssl_read", .port = &xdp, .layer = MR_TLS_READ_OPENSSL, .spin = true},
    {.name = "dpdk_packet_own", .port = &packet, .layer = MR_TLS_READ_OWN, .spin = true},
    {.name = "dpdk_packet_ssl_read", .port = &packet, .layer = MR_TLS_READ_OPENSSL, .spin = true},
    {.name = "socket_spin_own", .port = &sockets, .layer = MR_TLS_READ_OWN, .spin = true},
    {.name = "socket_spin_ssl_read", .port = &sockets, .layer = MR_TLS_READ_OPENSSL, .spin = true},
    {.name = "uring_spin_own", .port = &uring, .layer = MR_TLS_READ_OWN, .spin = true},
    {.name = "uring_spin_ssl_read", .port = &uring, .layer = MR_TLS_READ_OPENSSL, .spin = true},
    {.name = "uring_blocking_own", .port = &uring, .layer = MR_TLS_READ_OWN},
};
#define RECEIVERS MR_COUNT_OF(receivers)
enum { EPOLL, FIRST_OF_OURS };

enum { FROM_KERNEL, FROM_WIRE, STAMPS };
static const struct {
    const char *name, *words;
} stamps[STAMPS] = {{"p50", "from the sender's stamp"}, {"wire", "from the wire"}};

static struct figures { /* by pass */
    struct {
        double p50[PASSES_MAX], p99[PASSES_MAX], max[PASSES_MAX];
    } paced[STAMPS][PACES];
    double bulk[PASSES_MAX];
} figures[RECEIVERS];

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, uint32_t n)
{
    double copy[PASSES_MAX];
    memcpy(copy, values, n * sizeof *copy);
    return mr_bench_median(copy, n);
}

/* ---- passes ---- */

/* One DPDK port at a time: the user-space stack is one a process. */
static bool use(struct port *p)
{
    struct port *other = p == &xdp ? &packet : &xdp;
    if (p->open)
        return true;
    if (p->dpdk && other->open)
        port_close(other);
    return port_open(p);
}

static void run(struct receiver *r, struct sender *s, struct pass *p, int64_t pace_ns)
{
    if (r->port && !use(r->port)) {
        fprintf(stderr, "bench source: %s: %s\n", r->name, r->port->why);
        abort();
    }
    sender_begin(s, p->count, pace_ns);
    if (!receiver_run(r, r->port && r->port->dpdk ? s->bypass_ip : s->ip, s->port, p)) {
        fprintf(stderr, "bench source: %s broke off after %u of %u messages\n", r->name, p->seen, p->count);
        abort();
    }
    sender_end(s);
}

static void take_figures(struct figures *f, int stamp, size_t pace, uint32_t pass, const uint64_t *from,
                         const uint64_t *to)
{
    static double latencies[COUNT_MOST];
    uint32_t n = paces[pace].count;
    for (uint32_t i = 0; i < n; i++)
        latencies[i] = (double)(to[i] - from[i]);
    qsort(latencies, n, sizeof *latencies, ascending);
    f->paced[stamp][pace].p50[pass] = latencies[n / 2];
    f->paced[stamp][pace].p99[pass] = latencies[n * 99 / 100];
    f->paced[stamp][pace].max[pass] = latencies[n - 1];
}

static void measure(size_t i, struct sender *s, struct desk *desk, uint32_t pass)
{
    static uint64_t events[COUNT_MOST], left[COUNT_MOST];
    struct figures *f = &figures[i];
    for (size_t k = 0; k < PACES; k++) {
        struct pass p = {.count = paces[k].count, .desk = desk, .events = events};
        run(&receivers[i], s, &p, paces[k].ns);
        take_figures(f, FROM_KERNEL, k, pass, s->stamps, events);
        if (!s->wire)
            continue;
        if (!sender_left(s, left)) {
            fprintf(stderr, "bench source: %s: messages left the sender's device unseen\n", receivers[i].name);
            abort();
        }
        take_figures(f, FROM_WIRE, k, pass, left, events);
    }
    struct pass p = {.count = BULK_COUNT, .desk = desk};
    run(&receivers[i], s, &p, 0);
    f->bulk[pass] = p.cpu_ns;
}

/* ---- rows ---- */

static void row(struct mr_bench *b, const char *name, const char *work, const char *reference, const double *ours,
                const double *theirs, uint32_t passes, double goal)
{
    double ratios[PASSES_MAX];
    for (uint32_t i = 0; i < passes; i++)
        ratios[i] = theirs[i] / ours[i];
    mr_bench_row(b, &(struct mr_bench_row){.name = name,
                                           .work = work,
                                           .reference = reference,
                                           .ns = median(ours, passes),
                                           .reference_ns = median(theirs, passes),
                                           .ratio = mr_bench_median(ratios, passes),
                                           .goal = goal});
}

static void rows_of(struct mr_bench *b, size_t i, bool wire, uint32_t passes)
{
    char name[64], work[200];
    struct figures *f = &figures[i], *reference = &figures[EPOLL];
    for (int stamp = 0; stamp < (wire ? STAMPS : FROM_WIRE); stamp++)
        for (size_t k = 0; k < PACES; k++) {
            snprintf(name, sizeof name, "%s_%s_%s", stamps[stamp].name, paces[k].name, receivers[i].name);
            snprintf(work, sizeof work, "300 B messages at %s, %s to the decoded event; p99 %.1f us, max %.1f us",
                     paces[k].words, stamps[stamp].words, median(f->paced[stamp][k].p99, passes) / 1e3,
                     median(f->paced[stamp][k].max, passes) / 1e3);
            row(b, name, work, "epoll and SSL_read on the socket (OpenSSL)", f->paced[stamp][k].p50,
                reference->paced[stamp][k].p50, passes, 0);
        }
    snprintf(name, sizeof name, "bulk_%s", receivers[i].name);
    row(b, name, "300 B message in bulk to a checked WebSocket frame, CPU of the receiving thread without empty rounds",
        "epoll and SSL_read on the socket (OpenSSL)", f->bulk, reference->bulk, passes, 0);
}

/* The best row of DPDK or of the kernel with one reader; RECEIVERS: there is none. */
static size_t best(bool dpdk, enum mr_tls_read_layer layer, int stamp, size_t pace, uint32_t passes)
{
    size_t found = RECEIVERS;
    for (size_t i = 0; i < RECEIVERS; i++) {
        const struct receiver *r = &receivers[i];
        bool own = r->port && r->layer == MR_TLS_READ_OWN;
        if (!r->open || (r->port && r->port->dpdk) != dpdk || own != (layer == MR_TLS_READ_OWN))
            continue;
        if (found == RECEIVERS ||
            median(figures[i].paced[stamp][pace].p50, passes) < median(figures[found].paced[stamp][pace].p50, passes))
            found = i;
    }
    return found;
}

/* How far DPDK with the own reader is ahead: the best of its drivers before the best of the kernel's ways. The goals hold from the wire. */
static void ahead_rows(struct mr_bench *b, bool wire, uint32_t passes)
{
    static const struct {
        const char *name, *words;
        enum mr_tls_read_layer layer;
        double goal;
    } against[] = {{"kernel_own", "the best kernel path with our own record reader", MR_TLS_READ_OWN, 1.5},
                   {"kernel_ssl_read", "the best kernel path with SSL_read", MR_TLS_READ_OPENSSL, 1.8}};
    char name[64], work[160], reference[120];
    for (int stamp = 0; stamp < (wire ? STAMPS : FROM_WIRE); stamp++)
        for (size_t k = 0; k < PACES; k++)
            for (size_t i = 0; i < MR_COUNT_OF(against); i++) {
                size_t ours = best(true, MR_TLS_READ_OWN, stamp, k, passes),
                       theirs = best(false, against[i].layer, stamp, k, passes);
                if (ours == RECEIVERS || theirs == RECEIVERS)
                    continue;
                snprintf(name, sizeof name, "%s_dpdk_ahead_of_%s_%s", stamps[stamp].name, against[i].name,
                         paces[k].name);
                snprintf(work, sizeof work, "p50 at %s %s to the decoded event, DPDK with own reader (%s)",
                         paces[k].words, stamps[stamp].words, receivers[ours].name);
                snprintf(reference, sizeof reference, "%s (%s)", against[i].words, receivers[theirs].name);
                row(b, name, work, reference, figures[ours].paced[stamp][k].p50, figures[theirs].paced[stamp][k].p50,
                    passes, stamp == FROM_WIRE ? against[i].goal : 0);
            }
}

static void reader_rows(struct mr_bench *b, uint32_t passes)
{
    char name[64];
    for (size_t i = FIRST_OF_OURS; i + 1 < RECEIVERS; i += 2)
        if (receivers[i].open && receivers[i + 1].open) {
            snprintf(name, sizeof name, "bulk_reader_%s", receivers[i].name);
            row(b, name, "300 B message in bulk, CPU of the receiving thread, own record reader",
                "SSL_read on the same transport", figures[i].bulk, figures[i + 1].bulk, passes,
                receivers[i].port->dpdk ? 1 / 0.45 : 0);
        }
}

/* How often this thread lost its core against its will. */
static long preempted(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nivcsw : 0;
}

/* ---- the wire ---- */

/* For the kernel's rows: mr2 198.18.1.2 here, mr3 198.18.1.1 there, as the kernel makes them. This thread stays in ours. */
static bool second_veth(struct mr_netns *net)
{
    bool made =
        mr_netns_run("ip link add mr2 type veth peer name mr3 netns /proc/%d/fd/%d", (int)getpid(), net->theirs) == 0 &&
        mr_netns_run("ip link set mr2 up && ip address add 198.18.1.2/24 dev mr2") == 0;
    mr_netns_theirs(net);
    made = made && mr_netns_run("ip link set mr3 up && ip address add 198.18.1.1/24 dev mr3") == 0;
    mr_netns_ours(net);
    if (!made)
        snprintf(net->why, sizeof net->why, "no second veth pair can be made here");
    return made;
}

static void open_ports(const struct mr_netns *net, bool veth)
{
    static const uint8_t own[4] = {198, 18, 0, 9}, gateway[4] = {198, 18, 0, 1};
    sockets.usable = use(&sockets);
    uring.usable = use(&uring);
    snprintf(xdp.why, sizeof xdp.why, "%.200s; the others run over the loopback", net->why);
    snprintf(packet.why, sizeof packet.why, "%s", xdp.why);
    if (!veth)
        return;
    mr_dpdk_config_default(&xdp_config);
    packet_config = xdp_config;
    snprintf(xdp_config.interface, sizeof xdp_config.interface, "mr0");
    xdp_config.mode = MR_DPDK_SHARED; /* what most hosts would take, though here nothing shares it */
    snprintf(packet_config.device, sizeof packet_config.device, "net_af_packet0,iface=mr0");
    packet_config.mode = MR_DPDK_OWN;
    packet_config.prefix = 24;
    memcpy(packet_config.address, own, sizeof own);
    memcpy(packet_config.gateway, gateway, sizeof gateway);
    xdp.usable = use(&xdp);
    packet.usable = use(&packet);
}

static bool open_sender(struct sender *s, struct mr_netns *net, bool veth, uint32_t core)
{
    static const char *const devices[] = {"mr1", "mr3"};
    char why[256] = "";
    if (veth)
        mr_netns_theirs(net);
    bool good = sender_open(s, core, veth);
    s->wire = good && veth ? wire_open(devices, MR_COUNT_OF(devices), why, sizeof why) : NULL;
    if (veth)
        mr_netns_ours(net);
    if (why[0])
        fprintf(stderr, "bench source: %s: no rows from the wire\n", why);
    return good;
}

static void all_passes(struct sender *sender, struct desk *desk, uint32_t passes)
{
    long lost = preempted();
    for (uint32_t pass = 0; pass < passes; pass++)
        for (size_t i = 0; i < RECEIVERS; i++)
            if (receivers[i].open)
                measure(i, sender, desk, pass);
    lost = preempted() - lost;
    if (lost > (long)(3 * passes * RECEIVERS))
        fprintf(stderr,
                "bench source: others ran on this core %ld times: latencies, of spinning above all, are theirs; use a "
                "quiet machine\n",
                lost);
}

void mr_bench_source(struct mr_bench *b)
{
    struct mr_netns net;
    struct sender sender;
    static struct desk desk;
    if (!mr_bench_timing(b, "p50_10k_socket_spin_own"))
        return;
    bool veth = mr_netns_open(&net, true) && second_veth(&net);
    if (!open_sender(&sender, &net, veth, mr_bench_core(b, 1)) || !desk_open(&desk))
        return;
    open_ports(&net, veth);
    for (size_t i = 0; i < RECEIVERS; i++)
        receiver_open(&receivers[i], sender.ca_path);
    uint32_t passes = mr_bench_passes(b) < PASSES_MAX ? mr_bench_passes(b) : PASSES_MAX;
    all_passes(&sender, &desk, passes);
    for (size_t i = 0; i < RECEIVERS; i++)
        if (receivers[i].open)
            rows_of(b, i, sender.wire, passes);
    ahead_rows(b, sender.wire, passes);
    reader_rows(b, passes);
    for (size_t i = 0; i < RECEIVERS; i++)
        receiver_close(&receivers[i]);
    port_close(&xdp);
    port_close(&packet);
    port_close(&sockets);
    port_close(&uring);
    sender_close(&sender);
    if (veth)
        mr_netns_close(&net);
}
