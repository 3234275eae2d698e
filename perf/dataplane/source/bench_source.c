/* From the sender's clock to a plaintext WebSocket message in the client, over TLS on loopback, for each way to receive:
 * our sources with TLS over memory, and beside them the usual epoll with SSL_read on the socket. All see the same sender, in turns. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/clock/clock.h"
#include "dataplane/source/source.h"
#include "dataplane/tls/tls.h"
#include "perf/bench.h"
#include "perf/dataplane/source/source_sender.h"

#define PACE_NS 100000 /* 10 k messages a second */
#define LATENCY_COUNT 1000u
#define BULK_COUNT 30000u
#define PASSES_MAX 31u
#define PLAINTEXT_BYTES 16640u

struct pass { /* what one client saw */
    uint32_t count, seen;
    uint64_t sum;
    double cpu_ns;     /* of the client's thread, a message, after the first */
    double *latencies; /* ns */
    int64_t cpu_first;
};

struct receiver {
    const char *name;                /* as in the rows */
    const struct mr_source_ops *ops; /* NULL: the baseline */
    bool spin;
    struct mr_source source;
    struct mr_clock clock;
    struct mr_tls_context *context;
    struct mr_tls *tls;
    SSL_CTX *plain; /* of the baseline */
    void *mem;
    bool open;
    double latency[PASSES_MAX], bulk[PASSES_MAX];
};

static int64_t thread_cpu(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* The same work for all: the frame's head is checked, its time taken. */
static void message(struct pass *p, const uint8_t *data, int64_t len)
{
    if (len != SENDER_MESSAGE_BYTES || data[0] != 0x81 || data[1] != 126 ||
        data[2] * 256u + data[3] != SENDER_MESSAGE_BYTES - SENDER_HEAD_BYTES)
        abort();
    uint64_t sent;
    memcpy(&sent, data + SENDER_HEAD_BYTES, sizeof sent);
    if (p->latencies)
        p->latencies[p->seen] = (double)(mr_bench_now_ns() - sent);
    if (p->seen == 0)
        p->cpu_first = thread_cpu();
    p->sum += data[len - 1];
    if (++p->seen == p->count)
        p->cpu_ns = (double)(thread_cpu() - p->cpu_first) / (p->count - 1);
}

/* ---- ours ---- */

static bool send_output(struct receiver *r)
{
    const uint8_t *out;
    for (uint32_t len; (len = mr_tls_output(r->tls, &out)) > 0;) {
        int64_t n = r->source.ops->send(&r->source, 0, out, len);
        if (n < 0)
            return false;
        mr_tls_sent(r->tls, (uint32_t)n);
    }
    return true;
}

static bool take(struct receiver *r, const struct mr_piece *piece, struct pass *p)
{
    static uint8_t plaintext[PLAINTEXT_BYTES];
    struct mr_tls_cursor in = {piece->data, piece->kind == MR_PIECE_STREAM ? piece->len : 0};
    if (piece->kind == MR_PIECE_CLOSED)
        return false;
    int status = mr_tls_handshake(r->tls, &in);
    if (mr_unlikely(in.len == 0 || status == MR_E_AGAIN))
        return send_output(r) && (status == MR_OK || status == MR_E_AGAIN);
    int64_t n;
    while (p->seen < p->count && (n = mr_tls_read(r->tls, &in, plaintext, sizeof plaintext)) != 0) {
        if (n < 0)
            return false;
        message(p, plaintext, n);
    }
    return true;
}

static bool receive_ours(struct receiver *r, uint16_t port, struct pass *p)
{
    const struct mr_source_ops *ops = r->ops;
    const struct mr_dial dial = {.peer = {.ip = {127, 0, 0, 1}, .family = 4, .port = port}};
    struct mr_piece pieces[16];
    bool good = mr_tls_open(r->tls, "127.0.0.1", NULL) == MR_OK && ops->connect(&r->source, 0, &dial, 0) == MR_OK;
    while (good && p->seen < p->count) {
        int n = ops->poll(&r->source, 0, pieces, MR_COUNT_OF(pieces));
        for (int i = 0; i < n; i++) {
            good = good && take(r, &pieces[i], p);
            ops->release(&r->source, &pieces[i]);
        }
        if (n == 0 && !r->spin)
            ops->wait(&r->source, 100000000);
    }
    if (!good)
        fprintf(stderr, "bench source: %s: %s\n", r->name, mr_tls_error(r->tls));
    ops->close_connection(&r->source, 0);
    return good;
}

static bool open_ours(struct receiver *r, const char *ca)
{
    struct mr_err err = {""};
    mr_clock_open(&r->clock);
    const struct mr_stream_config config = {
        .connections_max = 1, .buffer_bytes = 16384, .buffers = 256, .send_bytes = 65536, .clock = &r->clock};
    const struct mr_tls_config tls = {.ca_file = ca, .connections_max = 1, .output_bytes = 65536};
    size_t bytes = (r->ops->bytes(&config) + 4095) & ~(size_t)4095;
    r->mem = aligned_alloc(4096, bytes);
    memset(r->mem, 0, bytes);
    int status = mr_tls_context_open(&r->context, &tls, &err);
    if (status == MR_OK && (status = mr_tls_new(&r->tls, r->context)) == MR_OK)
        status = r->ops->open(&r->source, r->mem, &config, &err);
    if (status)
        fprintf(stderr, "bench source: %s left out: %s\n", r->name, err.text);
    return status == MR_OK;
}

/* ---- the baseline ---- */

static bool read_ready(SSL *ssl, struct pass *p)
{
    static uint8_t plaintext[PLAINTEXT_BYTES];
    for (;;) {
        int n = SSL_read(ssl, plaintext, sizeof plaintext);
        if (n <= 0)
            return SSL_get_error(ssl, n) == SSL_ERROR_WANT_READ;
        message(p, plaintext, n);
        if (p->seen == p->count)
            return true;
    }
}

static bool receive_epoll(struct receiver *r, uint16_t port, struct pass *p)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), epoll = epoll_create1(EPOLL_CLOEXEC);
    SSL *ssl = SSL_new(r->plain);
    SSL_set_fd(ssl, fd);
    SSL_set1_host(ssl, "127.0.0.1");
    bool good = connect(fd, (struct sockaddr *)&at, sizeof at) == 0 && SSL_connect(ssl) == 1;
    struct epoll_event event = {.events = EPOLLIN};
    int on = 1;
    good = good && ioctl(fd, FIONBIO, &on) == 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
    while (good && p->seen < p->count)
        good = epoll_wait(epoll, &event, 1, 5000) == 1 && read_ready(ssl, p);
    SSL_free(ssl);
    close(fd);
    close(epoll);
    return good;
}

static bool open_epoll(struct receiver *r, const char *ca)
{
    r->plain = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(r->plain, SSL_VERIFY_PEER, NULL);
    return SSL_CTX_load_verify_file(r->plain, ca) == 1;
}

static void close_receiver(struct receiver *r)
{
    if (!r->open)
        return;
    if (r->ops)
        r->source.ops->close(&r->source);
    mr_tls_free(r->tls);
    mr_tls_context_close(r->context);
    SSL_CTX_free(r->plain);
    free(r->mem);
}

/* ---- passes ---- */

static bool run(struct receiver *r, struct sender *s, uint32_t count, int64_t pace_ns, double *latencies, double *bulk)
{
    struct pass p = {.count = count, .latencies = latencies};
    sender_begin(s, count, pace_ns);
    bool good = r->ops ? receive_ours(r, s->port, &p) : receive_epoll(r, s->port, &p);
    if (!good || p.sum != (uint64_t)'x' * count) {
        fprintf(stderr, "bench source: %s broke off after %u of %u messages\n", r->name, p.seen, count);
        abort();
    }
    sender_end(s);
    *bulk = p.cpu_ns;
    return good;
}

/* How often this thread lost its core against its will. */
static long preempted(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nivcsw : 0;
}

static void report(struct mr_bench *b, const struct receiver *r, const struct receiver *epoll, bool bulk,
                   uint32_t passes, double goal)
{
    double ours[PASSES_MAX], theirs[PASSES_MAX], ratios[PASSES_MAX];
    char name[64];
    snprintf(name, sizeof name, "%s_%s", bulk ? "bulk" : "latency", r->name);
    memcpy(ours, bulk ? r->bulk : r->latency, sizeof ours);
    memcpy(theirs, bulk ? epoll->bulk : epoll->latency, sizeof theirs);
    for (uint32_t i = 0; i < passes; i++)
        ratios[i] = theirs[i] / ours[i];
    mr_bench_row(b, &(struct mr_bench_row){
                        .name = name,
                        .work = bulk ? "TLS WebSocket message of 300 B in bulk, CPU of the client's thread"
                                     : "TLS WebSocket message of 300 B at 10 k/s, p50 from sender's clock to plaintext",
                        .reference = "epoll and SSL_read on the socket (OpenSSL)",
                        .ns = mr_bench_median(ours, passes),
                        .reference_ns = mr_bench_median(theirs, passes),
                        .ratio = mr_bench_median(ratios, passes),
                        .goal = goal});
}

void mr_bench_source(struct mr_bench *b)
{
    static struct receiver receivers[] = {
        {.name = "epoll"},
        {.name = "socket_spin", .ops = &mr_source_socket_ops, .spin = true},
        {.name = "uring_spin", .ops = &mr_source_uring_ops, .spin = true},
        {.name = "uring_blocking", .ops = &mr_source_uring_ops},
    };
    static double latencies[LATENCY_COUNT];
    struct sender sender;
    if (!mr_bench_timing(b, "latency_socket_spin") || !sender_open(&sender, mr_bench_core(b, 1)))
        return;
    for (size_t i = 0; i < MR_COUNT_OF(receivers); i++)
        receivers[i].open =
            i == 0 ? open_epoll(&receivers[i], sender.ca_path) : open_ours(&receivers[i], sender.ca_path);
    long lost = 0;
    uint32_t passes = mr_bench_passes(b) < PASSES_MAX ? mr_bench_passes(b) : PASSES_MAX;
    for (uint32_t pass = 0; pass < passes; pass++)
        for (size_t i = 0; i < MR_COUNT_OF(receivers); i++) {
            struct receiver *r = &receivers[i];
            double ignored;
            if (!r->open)
                continue;
            long before = preempted();
            run(r, &sender, LATENCY_COUNT, PACE_NS, latencies, &ignored);
            lost += preempted() - before;
            r->latency[pass] = mr_bench_median(latencies, LATENCY_COUNT);
            run(r, &sender, BULK_COUNT, 0, NULL, &r->bulk[pass]);
        }
    if (lost > (long)(passes * MR_COUNT_OF(receivers)))
        fprintf(stderr,
                "bench source: others ran on this core %ld times: latencies, of spinning above all, are theirs; use a "
                "quiet machine\n",
                lost);
    for (int bulk = 0; bulk < 2; bulk++)
        for (size_t i = 1; i < MR_COUNT_OF(receivers); i++)
            if (receivers[i].open)
                report(b, &receivers[i], &receivers[0], bulk, passes,
                       bulk ? 2 : 0); /* latencies depend on who else is there */
    for (size_t i = 0; i < MR_COUNT_OF(receivers); i++)
        close_receiver(&receivers[i]);
    sender_close(&sender);
}
