/* From the sender's stamp to the decoded event, and the cost of receiving in bulk, for each way to receive TLS WebSocket messages: DPDK with our
 * TCP stack, plain sockets and io_uring, each with the own record reader and with SSL_read, and epoll as one would write it without us. All
 * see the same sender, in turns. As root over veths between two network namespaces: DPDK by AF_XDP on one, the kernel's rows on another that
 * has no XDP program to pass; else, without DPDK, over the loopback. */
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

static struct port dpdk, sockets, uring;
static struct receiver receivers[] = {
    {.name = "epoll"}, /* the reference of all */
    {.name = "dpdk_own", .port = &dpdk, .layer = MR_TLS_READ_OWN, .spin = true},
    {.name = "dpdk_ssl_read", .port = &dpdk, .layer = MR_TLS_READ_OPENSSL, .spin = true},
    {.name = "socket_spin_own", .port = &sockets, .layer = MR_TLS_READ_OWN, .spin = true},
    {.name = "socket_spin_ssl_read", .port = &sockets, .layer = MR_TLS_READ_OPENSSL, .spin = true},
    {.name = "uring_spin_own", .port = &uring, .layer = MR_TLS_READ_OWN, .spin = true},
    {.name = "uring_spin_ssl_read", .port = &uring, .layer = MR_TLS_READ_OPENSSL, .spin = true},
    {.name = "uring_blocking_own", .port = &uring, .layer = MR_TLS_READ_OWN},
};
#define RECEIVERS MR_COUNT_OF(receivers)
enum { EPOLL, DPDK_OWN, DPDK_SSL_READ };

static struct figures { /* by pass */
    double p50[PACES][PASSES_MAX], p99[PACES][PASSES_MAX], max[PACES][PASSES_MAX], bulk[PASSES_MAX];
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

static void run(struct receiver *r, struct sender *s, struct pass *p, int64_t pace_ns)
{
    sender_begin(s, p->count, pace_ns);
    if (!receiver_run(r, r->port == &dpdk ? s->bypass_ip : s->ip, s->port, p)) {
        fprintf(stderr, "bench source: %s broke off after %u of %u messages\n", r->name, p->seen, p->count);
        abort();
    }
    sender_end(s);
}

static void measure(size_t i, struct sender *s, struct desk *desk, uint32_t pass)
{
    static double latencies[COUNT_MOST];
    struct figures *f = &figures[i];
    for (size_t k = 0; k < PACES; k++) {
        uint32_t n = paces[k].count;
        struct pass p = {.count = n, .desk = desk, .stamps = s->stamps, .latencies = latencies};
        run(&receivers[i], s, &p, paces[k].ns);
        qsort(latencies, n, sizeof *latencies, ascending);
        f->p50[k][pass] = latencies[n / 2];
        f->p99[k][pass] = latencies[n * 99 / 100];
        f->max[k][pass] = latencies[n - 1];
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

static void rows_of(struct mr_bench *b, size_t i, uint32_t passes)
{
    char name[64], work[200];
    const struct figures *f = &figures[i];
    for (size_t k = 0; k < PACES; k++) {
        snprintf(name, sizeof name, "p50_%s_%s", paces[k].name, receivers[i].name);
        snprintf(work, sizeof work,
                 "300 B messages at %s, from the sender's stamp to the decoded event; p99 %.1f us, max %.1f us",
                 paces[k].words, median(f->p99[k], passes) / 1e3, median(f->max[k], passes) / 1e3);
        row(b, name, work, "epoll and SSL_read on the socket (OpenSSL)", f->p50[k], figures[EPOLL].p50[k], passes, 0);
    }
    snprintf(name, sizeof name, "bulk_%s", receivers[i].name);
    row(b, name, "300 B message in bulk to a checked WebSocket frame, CPU of the receiving thread without empty rounds",
        "epoll and SSL_read on the socket (OpenSSL)", f->bulk, figures[EPOLL].bulk, passes, 0);
}

/* The best kernel row of one reader. */
static size_t best_kernel(size_t pace, enum mr_tls_read_layer layer, uint32_t passes)
{
    size_t best = EPOLL;
    for (size_t i = 0; i < RECEIVERS; i++) {
        const struct receiver *r = &receivers[i];
        bool own = r->port && r->layer == MR_TLS_READ_OWN;
        if (!r->open || r->port == &dpdk || own != (layer == MR_TLS_READ_OWN))
            continue;
        if ((best == EPOLL && own) || median(figures[i].p50[pace], passes) < median(figures[best].p50[pace], passes))
            best = i;
    }
    return best;
}

static void bypass_rows(struct mr_bench *b, uint32_t passes)
{
    static const struct {
        const char *name, *words;
        enum mr_tls_read_layer layer;
        double goal;
    } against[] = {{"kernel_own", "the best kernel path with our own record reader", MR_TLS_READ_OWN, 1.5},
                   {"kernel_ssl_read", "the best kernel path with SSL_read", MR_TLS_READ_OPENSSL, 1.8}};
    char name[64], work[160], reference[120];
    for (size_t k = 0; k < PACES && receivers[DPDK_OWN].open; k++)
        for (size_t i = 0; i < MR_COUNT_OF(against); i++) {
            size_t best = best_kernel(k, against[i].layer, passes);
            snprintf(name, sizeof name, "dpdk_ahead_of_%s_%s", against[i].name, paces[k].name);
            snprintf(work, sizeof work, "p50 at %s from the sender's stamp to the decoded event, DPDK and own reader",
                     paces[k].words);
            snprintf(reference, sizeof reference, "%s (%s)", against[i].words, receivers[best].name);
            row(b, name, work, reference, figures[DPDK_OWN].p50[k], figures[best].p50[k], passes, against[i].goal);
        }
    for (size_t i = DPDK_OWN; i + 1 < RECEIVERS; i += 2)
        if (receivers[i].open && receivers[i + 1].open) {
            snprintf(name, sizeof name, "bulk_own_reader_%s",
                     receivers[i].port == &dpdk ? "dpdk" : receivers[i].port->ops->name);
            row(b, name, "300 B message in bulk, CPU of the receiving thread, own record reader",
                "SSL_read on the same transport", figures[i].bulk, figures[i + 1].bulk, passes,
                receivers[i].port == &dpdk ? 1 / 0.45 : 0);
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
    struct mr_dpdk_config c;
    port_open(&sockets, &mr_source_socket_ops, NULL);
    port_open(&uring, &mr_source_uring_ops, NULL);
    if (!veth) {
        snprintf(dpdk.why, sizeof dpdk.why, "%.200s; the others run over the loopback", net->why);
        return;
    }
    mr_dpdk_config_default(&c);
    snprintf(c.interface, sizeof c.interface, "mr0");
    c.mode = MR_DPDK_SHARED; /* what most hosts would take, though here nothing shares it */
    port_open(&dpdk, &mr_source_dpdk_ops, &c);
}

void mr_bench_source(struct mr_bench *b)
{
    struct mr_netns net;
    struct sender sender;
    static struct desk desk;
    if (!mr_bench_timing(b, "p50_10k_socket_spin_own"))
        return;
    bool veth = mr_netns_open(&net, true) && second_veth(&net);
    if (veth)
        mr_netns_theirs(&net);
    bool good = sender_open(&sender, mr_bench_core(b, 1), veth);
    if (veth)
        mr_netns_ours(&net);
    if (!good || !desk_open(&desk))
        return;
    open_ports(&net, veth);
    for (size_t i = 0; i < RECEIVERS; i++)
        receiver_open(&receivers[i], sender.ca_path);
    long lost = preempted();
    uint32_t passes = mr_bench_passes(b) < PASSES_MAX ? mr_bench_passes(b) : PASSES_MAX;
    for (uint32_t pass = 0; pass < passes; pass++)
        for (size_t i = 0; i < RECEIVERS; i++)
            if (receivers[i].open)
                measure(i, &sender, &desk, pass);
    lost = preempted() - lost;
    if (lost > (long)(3 * passes * RECEIVERS))
        fprintf(stderr,
                "bench source: others ran on this core %ld times: latencies, of spinning above all, are theirs; use a "
                "quiet machine\n",
                lost);
    for (size_t i = 0; i < RECEIVERS; i++)
        if (receivers[i].open)
            rows_of(b, i, passes);
    bypass_rows(b, passes);
    for (size_t i = 0; i < RECEIVERS; i++)
        receiver_close(&receivers[i]);
    port_close(&dpdk);
    port_close(&sockets);
    port_close(&uring);
    sender_close(&sender);
    if (veth)
        mr_netns_close(&net);
}
