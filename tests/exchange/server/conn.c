/* A client's connection: TLS over its socket, bytes in to requests and frames, frames and answers out through a bounded queue. */
#include <errno.h>
#include <linux/sockios.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/exchange/server/server_priv.h"

#define HANDSHAKE_NS (10 * SECOND) /* to the end of the handshake, and of the first request */
#define IDLE_NS (75 * SECOND)      /* between two requests */
#define LAST_NS (5 * SECOND)
#define READS_MAX 8 /* records a turn */
#define DRIP_NS 5000000
#define DRIP_BYTES 8

static void watch(struct conn *c, bool out)
{
    if (c->wants_out == out)
        return;
    c->wants_out = out;
    struct epoll_event e = {.events = EPOLLIN | (out ? EPOLLOUT : 0u), .data.ptr = c};
    epoll_ctl(c->x->epoll, EPOLL_CTL_MOD, c->fd, &e);
}

static struct conn *free_one(struct mr_exchange *x)
{
    for (uint32_t i = 0; i < x->config.connections_max; i++)
        if (x->conns[i].state == CONN_FREE)
            return &x->conns[i];
    return NULL;
}

void mr_conn_take(struct mr_exchange *x, int fd)
{
    struct conn *c = free_one(x);
    bool stranger = x->stranger && mr_fault_lasts(x, MR_FAULT_CERTIFICATE, 0, 0);
    SSL *ssl = c ? SSL_new(stranger ? x->stranger : x->tls) : NULL;
    if (!ssl || SSL_set_fd(ssl, fd) != 1) {
        x->stats.refused++;
        SSL_free(ssl);
        close(fd);
        return;
    }
    *c = (struct conn){.x = x,
                       .fd = fd,
                       .id = ++x->next_id,
                       .state = CONN_TLS,
                       .ssl = ssl,
                       .since_ns = x->now_ns,
                       .in = malloc(IN_BYTES),
                       .out = malloc(x->config.queue_bytes)};
    MR_ASSERT(c->in && c->out);
    c->open_idx = x->open_count;
    x->open[x->open_count++] = c;
    x->stats.accepted++;
    x->stats.connections++;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(x->epoll, EPOLL_CTL_ADD, fd, &e);
}

/* What may never arrive: frames in our queue, and in the kernel's, whose bytes may at most be so many of the shortest frames. */
static void count_lost(struct conn *c)
{
    int bytes = 0;
    c->x->stats.unsent += c->queued;
    if (c->least_bytes && ioctl(c->fd, SIOCOUTQ, &bytes) == 0)
        c->x->stats.unacked += ((uint32_t)bytes + c->least_bytes - 1) / c->least_bytes;
}

void mr_conn_end(struct conn *c)
{
    if (c->state == CONN_FREE)
        return;
    if (c->assembly)
        c->x->stats.sockets--;
    c->x->stats.connections--;
    count_lost(c);
    struct mr_exchange *x = c->x;
    x->open[c->open_idx] = x->open[--x->open_count];
    x->open[c->open_idx]->open_idx = c->open_idx;
    epoll_ctl(c->x->epoll, EPOLL_CTL_DEL, c->fd, NULL);
    SSL_free(c->ssl);
    close(c->fd);
    free(c->in);
    free(c->out);
    free(c->assembly);
    free(c->subs);
    *c = (struct conn){.x = c->x, .fd = -1};
    ERR_clear_error();
}

/* ---- out ---- */

static bool room(struct conn *c, uint32_t bytes)
{
    if (c->head == c->tail)
        c->head = c->tail = 0;
    if (c->x->config.queue_bytes - c->tail < bytes && c->head) {
        memmove(c->out, c->out + c->head, c->tail - c->head);
        c->tail -= c->head;
        c->mark -= c->head;
        c->head = 0;
    }
    return c->x->config.queue_bytes - c->tail >= bytes;
}

bool mr_conn_write(struct conn *c, const struct mr_span *parts, uint32_t count)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        bytes += parts[i].len;
    if (!room(c, bytes)) {
        c->x->stats.slow_cut++;
        mr_conn_end(c);
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (parts[i].len)
            memcpy(c->out + c->tail, parts[i].data, parts[i].len);
        c->tail += parts[i].len;
    }
    c->x->stats.bytes += bytes;
    c->dirty = true;
    return true;
}

static uint32_t frame_head(uint8_t head[10], uint8_t opcode, uint32_t len)
{
    head[0] = (uint8_t)(0x80 | opcode);
    if (len < 126) {
        head[1] = (uint8_t)len;
        return 2;
    }
    uint32_t bytes = len < 65536 ? 2 : 8;
    head[1] = bytes == 2 ? 126 : 127;
    for (uint32_t i = 0; i < bytes; i++)
        head[2 + i] = (uint8_t)((uint64_t)len >> (8 * (bytes - 1 - i)));
    return 2 + bytes;
}

bool mr_conn_frame(struct conn *c, uint8_t opcode, const struct mr_span *parts, uint32_t count)
{
    uint8_t head[10];
    struct mr_span all[PARTS_MAX + 1];
    uint32_t len = 0;
    MR_ASSERT(count <= PARTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        all[i + 1] = parts[i];
        len += parts[i].len;
    }
    all[0] = (struct mr_span){head, frame_head(head, opcode, len)};
    c->talk.sent_ns = c->x->now_ns;
    if (!mr_conn_write(c, all, count + 1))
        return false;
    if (!c->queued++)
        c->mark = c->tail;
    if (opcode == MR_WS_TEXT) {
        c->x->stats.frames++;
        c->least_bytes = c->least_bytes && c->least_bytes < len + all[0].len ? c->least_bytes : len + all[0].len;
    }
    return true;
}

static uint32_t frame_bytes(const uint8_t *frame)
{
    uint32_t len = frame[1], bytes = len < 126 ? 0 : len == 126 ? 2 : 8;
    if (bytes)
        len = 0;
    for (uint32_t i = 0; i < bytes; i++)
        len = len << 8 | frame[2 + i];
    return 2 + bytes + len;
}

/* Which frames have gone as a whole: what is left when a connection ends was never sent, and is told. */
static void count_off(struct conn *c)
{
    while (c->queued && c->head >= c->mark)
        if (--c->queued)
            c->mark += frame_bytes(c->out + c->mark);
}

void mr_conn_half_frame(struct conn *c)
{
    static const char text[] = "{\"stream\":\"half of a frame\",\"data\":{\"e\":\"dep";
    uint8_t head[10];
    const struct mr_span parts[] = {{head, frame_head(head, MR_WS_TEXT, 4 * sizeof text)},
                                    {(const uint8_t *)text, sizeof text - 1}};
    if (mr_conn_write(c, parts, 2))
        mr_conn_last(c);
}

/* More than any client takes. What follows would be its payload: the client is to end it. */
void mr_conn_oversize(struct conn *c)
{
    static const char text[] = "{\"stream\":\"a message without end";
    uint8_t head[10];
    const struct mr_span parts[] = {{head, frame_head(head, MR_WS_TEXT, 64u << 20)},
                                    {(const uint8_t *)text, sizeof text - 1}};
    mr_conn_write(c, parts, 2);
}

/* A record of 16,000 octets begins, and RST comes in its midst. */
void mr_conn_reset(struct conn *c)
{
    static const uint8_t record[64] = {23, 3, 3, 0x3e, 0x80};
    const struct linger hard = {.l_onoff = 1};
    if (write(c->fd, record, sizeof record) < 0) { /* its socket is full: the RST alone will do */
    }
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    mr_conn_end(c);
}

void mr_conn_close(struct conn *c, uint16_t code, const char *why)
{
    uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
    const struct mr_span parts[] = {{payload, 2}, mr_span_of(why)};
    if (code == MR_TALK_CUT)
        mr_conn_end(c);
    else if (mr_conn_frame(c, MR_WS_CLOSE, parts, 2))
        mr_conn_last(c);
}

void mr_conn_last(struct conn *c)
{
    c->state = CONN_LAST;
    c->since_ns = c->x->now_ns;
    c->dirty = true;
}

void mr_conn_flush(struct conn *c)
{
    c->dirty = false;
    if (c->state == CONN_FREE || c->state == CONN_TLS)
        return;
    bool drips = mr_fault_slows(c->x, MR_FAULT_DRIP, c);
    if ((drips && c->x->now_ns - c->dripped_ns < DRIP_NS) || mr_fault_slows(c->x, MR_FAULT_STALL, c)) {
        c->dirty = true;
        return;
    }
    while (c->head < c->tail) {
        uint32_t most = drips && !c->wants_out ? DRIP_BYTES : 16384; /* what OpenSSL waits to write stays as long */
        uint32_t len = c->tail - c->head < most ? c->tail - c->head : most;
        ERR_clear_error();
        int n = SSL_write(c->ssl, c->out + c->head, (int)len);
        if (n <= 0) {
            int error = SSL_get_error(c->ssl, n);
            if (error == SSL_ERROR_WANT_WRITE)
                watch(c, true);
            else if (error != SSL_ERROR_WANT_READ)
                mr_conn_end(c);
            return;
        }
        c->head += (uint32_t)n;
        count_off(c);
        if (drips && c->head < c->tail) {
            watch(c, false);
            c->dripped_ns = c->x->now_ns;
            c->dirty = true;
            return;
        }
    }
    watch(c, false);
    if (c->state == CONN_LAST) {
        SSL_shutdown(c->ssl);
        mr_conn_end(c);
    }
}

/* ---- in ---- */

/* The dialogue may have decided to end. */
static void after_talk(struct conn *c)
{
    if (c->state != CONN_SOCKET || !c->talk.close_code)
        return;
    c->x->stats.rule_cut++;
    mr_conn_close(c, c->talk.close_code, c->talk.close_why);
}

static void take_frame(struct conn *c, const struct mr_ws_frame *frame)
{
    const struct mr_span payload = {frame->data, frame->len};
    int64_t now = c->x->now_ns;
    switch (frame->opcode) {
    case MR_WS_TEXT:
        c->x->stats.heard++;
        if (!c->private_stream) /* which only tells */
            mr_talk_take(&c->talk, payload, now);
        break;
    case MR_WS_PING:
        if (!c->private_stream)
            mr_talk_control(&c->talk, false, now);
        if (!mr_fault_mutes(c->x, c))
            mr_conn_frame(c, MR_WS_PONG, &payload, 1);
        break;
    case MR_WS_PONG:
        if (!c->private_stream)
            mr_talk_control(&c->talk, true, now);
        break;
    case MR_WS_CLOSE:
        mr_conn_close(c, mr_ws_code_legal(frame->close_code) ? frame->close_code : 1000, "");
        break;
    default:
        break; /* binary: no venue reads it */
    }
    if (c->state != CONN_FREE)
        after_talk(c);
}

static void take_frames(struct conn *c)
{
    uint32_t at = 0;
    while (c->state == CONN_SOCKET && at < c->in_len) {
        struct mr_ws_frame frame = {0};
        int64_t n = mr_ws_read(&c->ws, c->in + at, c->in_len - at, &frame);
        if (n == 0)
            break;
        if (n < 0) {
            c->x->stats.protocol_cut++;
            mr_conn_close(c, c->ws.close_code, c->ws.reason ? c->ws.reason : "");
            return;
        }
        at += (uint32_t)n;
        take_frame(c, &frame);
    }
    if (c->state == CONN_SOCKET && at) {
        memmove(c->in, c->in + at, c->in_len - at);
        c->in_len -= at;
    }
}

static void handshake(struct conn *c)
{
    ERR_clear_error();
    int n = SSL_accept(c->ssl);
    if (n == 1) {
        c->state = CONN_HTTP;
        c->since_ns = c->x->now_ns;
        return;
    }
    int error = SSL_get_error(c->ssl, n);
    if (error == SSL_ERROR_WANT_READ)
        return;
    if (error == SSL_ERROR_WANT_WRITE) {
        watch(c, true);
        return;
    }
    c->x->stats.tls_failed++;
    mr_conn_end(c);
}

static void take_bytes(struct conn *c)
{
    if (c->state == CONN_HTTP)
        mr_request_take(c);
    if (c->state == CONN_SOCKET)
        take_frames(c);
    if (c->state == CONN_LAST)
        c->in_len = 0; /* nobody listens any more */
}

static void receive(struct conn *c)
{
    c->more = false;
    for (int i = 0; i < READS_MAX && c->state != CONN_FREE; i++) {
        if (c->in_len == IN_BYTES) { /* neither a request nor a message ends in so much */
            c->x->stats.protocol_cut++;
            mr_conn_end(c);
            return;
        }
        ERR_clear_error();
        int n = SSL_read(c->ssl, c->in + c->in_len, (int)(IN_BYTES - c->in_len));
        if (n <= 0) {
            int error = SSL_get_error(c->ssl, n);
            if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
                mr_conn_end(c);
            return;
        }
        c->in_len += (uint32_t)n;
        take_bytes(c);
    }
    c->more = c->state != CONN_FREE;
}

void mr_conn_event(struct conn *c, uint32_t events)
{
    if (c->state == CONN_TLS) {
        watch(c, false);
        handshake(c);
    }
    if (c->state == CONN_FREE || c->state == CONN_TLS)
        return;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        receive(c);
    if (c->state != CONN_FREE && (events & EPOLLOUT || c->dirty))
        mr_conn_flush(c);
}

void mr_conn_tick(struct conn *c)
{
    int64_t age = c->x->now_ns - c->since_ns;
    if (c->state == CONN_TLS && age > HANDSHAKE_NS)
        c->x->stats.tls_failed++;
    if ((c->state == CONN_TLS && age > HANDSHAKE_NS) || (c->state == CONN_HTTP && age > IDLE_NS) ||
        (c->state == CONN_LAST && age > LAST_NS)) {
        mr_conn_end(c);
        return;
    }
    if (c->hung && !mr_fault_lasts(c->x, MR_FAULT_TIMEOUT, 0, 0)) {
        mr_conn_end(c);
        return;
    }
    if (c->state != CONN_SOCKET)
        return;
    if (c->x->config.life_s > 0 && (double)age >= c->x->config.life_s * 1e9) {
        mr_conn_notice(c);
        return;
    }
    if (!c->private_stream && mr_talk_tick(&c->talk, c->x->now_ns) && !mr_fault_mutes(c->x, c)) {
        char payload[24];
        int n = snprintf(payload, sizeof payload, "%lld", (long long)(c->x->now_ns / 1000000));
        c->x->stats.pings++;
        mr_conn_frame(c, MR_WS_PING, &(struct mr_span){(const uint8_t *)payload, (uint32_t)n}, 1);
    }
    if (c->state != CONN_FREE)
        after_talk(c);
}
