#include "perf/dataplane/source/receivers.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "perf/bench.h"
#include "perf/dataplane/source/source_sender.h"

#define PLAINTEXT_BYTES 16640u

static int64_t thread_cpu(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void *lines(size_t bytes)
{
    void *mem = aligned_alloc(64, (bytes + 63) / 64 * 64);
    MR_ASSERT(mem);
    return mem;
}

bool desk_open(struct desk *d)
{
    const struct mr_venue *venue;
    uint8_t product;
    if (mr_venue_parse("binance:usdm", &venue, &product, NULL) != MR_OK)
        return false;
    struct mr_instruments *table = mr_instruments_init(lines(mr_instruments_bytes(16)), 16);
    mr_instruments_add_bare(table, venue->id, product, mr_span_of("BTCUSDT"));
    struct mr_shapes *shapes = mr_shapes_init(lines(mr_shapes_bytes(64)), 64, mr_kernel_active());
    mr_decoder_init(&d->decoder, venue, product, table, shapes, lines(mr_decoder_bytes(venue, 16)));
    mr_ws_init(&d->ws, MR_WS_CLIENT, lines(PLAINTEXT_BYTES), PLAINTEXT_BYTES);
    d->out = lines(MR_DECODE_SLOTS * sizeof *d->out);
    return true;
}

/* ---- one message, the same for all ---- */

static void decode(struct pass *p, const struct mr_ws_frame *frame)
{
    const struct mr_frame f = {.data = frame->data, .len = frame->len, .clock = MR_CLOCK_TSC, .recv_ns = 1};
    if (mr_decode(&p->desk->decoder, &f, p->desk->out, MR_DECODE_SLOTS) < 1 ||
        p->desk->out[0].book.seq != SENDER_FIRST + p->seen)
        abort();
}

/* `piece`: whence it came; NULL: not from a source of ours. */
static void message(struct pass *p, uint8_t *data, int64_t len, const struct mr_piece *piece)
{
    struct mr_ws_frame frame;
    if (mr_ws_read(&p->desk->ws, data, (uint32_t)len, &frame) != len)
        abort();
    if (p->onward)
        p->onward(p->arg, &frame, piece);
    else if (frame.len != SENDER_PAYLOAD_BYTES)
        abort();
    else if (p->events)
        decode(p, &frame);
    if (p->events)
        p->events[p->seen] = mr_bench_now_ns();
    if (p->seen == 0)
        p->cpu_first = thread_cpu();
    if (++p->seen == p->count)
        p->cpu_ns = (double)(thread_cpu() - p->cpu_first) / (p->count - 1);
}

/* ---- ours ---- */

bool port_open(struct port *p)
{
    struct mr_err err = {""};
    const struct mr_source_ops *ops = p->ops;
    mr_clock_open(&p->clock);
    const struct mr_stream_config config = {.connections_max = 1,
                                            .buffer_bytes = 16384,
                                            .buffers = 256,
                                            .send_bytes = 65536,
                                            .clock = &p->clock,
                                            .dpdk = p->dpdk};
    size_t bytes = (ops->bytes(&config) + 4095) & ~(size_t)4095;
    p->mem = aligned_alloc(4096, bytes);
    memset(p->mem, 0, bytes);
    p->open = ops->open(&p->source, p->mem, &config, &err) == MR_OK;
    snprintf(p->why, sizeof p->why, "%s", err.text);
    return p->open;
}

void port_close(struct port *p)
{
    if (p->open)
        p->source.ops->close(&p->source);
    free(p->mem);
    p->mem = NULL;
    p->open = false;
}

static bool send_output(struct receiver *r)
{
    const uint8_t *out;
    for (uint32_t len; (len = mr_tls_output(r->tls, &out)) > 0;) {
        int64_t n = r->port->ops->send(&r->port->source, 0, out, len);
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
        message(p, plaintext, n, piece);
    }
    return true;
}

static bool run_ours(struct receiver *r, const uint8_t ip[4], uint16_t to, struct pass *p)
{
    struct mr_source *s = &r->port->source;
    struct mr_dial dial = {.peer = {.family = 4, .port = to}};
    struct mr_piece pieces[16];
    memcpy(dial.peer.ip, ip, 4);
    int64_t begun = mr_clock_now(&r->port->clock), kept = begun, round = begun;
    bool good = mr_tls_open(r->tls, SENDER_NAME, NULL) == MR_OK && s->ops->connect(s, 0, &dial, begun) == MR_OK;
    while (good && p->seen < p->count) {
        int64_t now = round;
        int n = s->ops->poll(s, now, pieces, MR_COUNT_OF(pieces));
        bool opened = p->seen > 0;
        for (int i = 0; i < n; i++) {
            good = good && take(r, &pieces[i], p);
            s->ops->release(s, &pieces[i]);
        }
        round = mr_clock_now(&r->port->clock);
        p->busy_ns += n > 0 && opened ? round - now : 0;
        if (now - kept >= 1000000 && s->ops->housekeep) { /* as a tile does */
            s->ops->housekeep(s, now);
            mr_clock_housekeep(&r->port->clock);
            kept = now;
        }
        if (n == 0 && !r->spin)
            s->ops->wait(s, 100000000);
        good = good && now - begun < 20000000000ll;
    }
    if (r->spin)
        p->cpu_ns = (double)p->busy_ns / p->count;
    if (!good)
        fprintf(stderr, "bench source: %s: %s\n", r->name, mr_tls_error(r->tls));
    s->ops->close_connection(s, 0);
    s->ops->poll(s, mr_clock_now(&r->port->clock), pieces, 0); /* what closing says goes out */
    return good;
}

/* ---- the baseline ---- */

static bool read_ready(SSL *ssl, struct pass *p)
{
    static uint8_t plaintext[PLAINTEXT_BYTES];
    for (;;) {
        int n = SSL_read(ssl, plaintext, sizeof plaintext);
        if (n <= 0)
            return SSL_get_error(ssl, n) == SSL_ERROR_WANT_READ;
        message(p, plaintext, n, NULL);
        if (p->seen == p->count)
            return true;
    }
}

static bool run_epoll(struct receiver *r, const uint8_t ip[4], uint16_t to, struct pass *p)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(to)};
    memcpy(&at.sin_addr, ip, 4);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), epoll = epoll_create1(EPOLL_CLOEXEC);
    SSL *ssl = SSL_new(r->plain);
    SSL_set_fd(ssl, fd);
    SSL_set1_host(ssl, SENDER_NAME);
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

bool receiver_run_bare(const uint8_t ip[4], uint16_t to, uint32_t bytes, bool looks, struct pass *p)
{
    static uint8_t taken[65536];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(to)};
    memcpy(&at.sin_addr, ip, 4);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    bool good = connect(fd, (struct sockaddr *)&at, sizeof at) == 0 && ioctl(fd, FIONBIO, &on) == 0;
    const uint64_t end = mr_bench_now_ns() + 20000000000u;
    int epoll = epoll_create1(EPOLL_CLOEXEC), off = 0;
    struct epoll_event event = {.events = EPOLLIN};
    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off); /* as a connection on which both sides have spoken */
    good = good && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
    for (uint64_t all = 0; good && p->seen < p->count;) {
        if (looks && epoll_wait(epoll, &event, 1, 0) == 0 && mr_bench_now_ns() < end)
            continue;
        ssize_t n = recv(fd, taken, sizeof taken, 0);
        uint64_t now = mr_bench_now_ns();
        good = n != 0 && now < end;
        for (all += n > 0 ? (uint64_t)n : 0; p->seen < p->count && (p->seen + 1ull) * bytes <= all; p->seen++)
            p->events[p->seen] = now;
    }
    close(epoll);
    close(fd);
    return good;
}

/* ---- all ---- */

bool receiver_open(struct receiver *r, const char *ca)
{
    struct mr_err err = {""};
    if (!r->port) {
        r->plain = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_verify(r->plain, SSL_VERIFY_PEER, NULL);
        return r->open = SSL_CTX_load_verify_file(r->plain, ca) == 1;
    }
    const struct mr_tls_config tls = {
        .ca_file = ca, .connections_max = 1, .output_bytes = 65536, .read_layer = r->layer};
    if (!r->port->usable)
        snprintf(err.text, sizeof err.text, "%.200s", r->port->why);
    else if (mr_tls_context_open(&r->context, &tls, &err) == MR_OK)
        r->open = mr_tls_new(&r->tls, r->context) == MR_OK;
    if (!r->open)
        fprintf(stderr, "bench source: %s left out: %s\n", r->name, err.text);
    return r->open;
}

void receiver_close(struct receiver *r)
{
    if (r->tls)
        mr_tls_free(r->tls);
    if (r->context)
        mr_tls_context_close(r->context);
    SSL_CTX_free(r->plain);
}

bool receiver_run(struct receiver *r, const uint8_t ip[4], uint16_t to, struct pass *p)
{
    mr_ws_reset(&p->desk->ws);
    return r->port ? run_ours(r, ip, to, p) : run_epoll(r, ip, to, p);
}
