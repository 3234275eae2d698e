#include "dataplane/source/stream/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

MR_METRICS_DEFINE(mr_stream, MR_STREAM_METRICS);

static const struct {
    int error;
    const char *words;
} reasons[] = {
    {ECONNREFUSED, "connection refused"},
    {ECONNRESET, "reset by peer"},
    {EPIPE, "reset by peer"},
    {ECONNABORTED, "connection aborted"},
    {ETIMEDOUT, "timed out"},
    {EHOSTUNREACH, "no route to host"},
    {ENETUNREACH, "network unreachable"},
    {ENETDOWN, "network down"},
    {EHOSTDOWN, "host down"},
    {EADDRNOTAVAIL, "no local address or port is free for this peer"},
    {EACCES, "not permitted by the host (firewall rule?)"},
    {EPERM, "not permitted by the host (firewall rule?)"},
    {EMFILE, "too many open files: raise `ulimit -n`"},
    {ENFILE, "too many open files on this host"},
    {ENOBUFS, "the kernel has no memory for sockets"},
    {ENOMEM, "the kernel has no memory for sockets"},
    {EAFNOSUPPORT, "this kernel has no such address family"},
};

void mr_stream_reason(char *reason, int error)
{
    for (size_t i = 0; i < MR_COUNT_OF(reasons); i++)
        if (reasons[i].error == error) {
            snprintf(reason, MR_STREAM_REASON_BYTES, "%s", reasons[i].words);
            return;
        }
    snprintf(reason, MR_STREAM_REASON_BYTES, "error %d of the operating system", error);
}

static bool to_sockaddr(const struct mr_address *a, struct mr_stream_peer *out)
{
    memset(out, 0, sizeof *out);
    if (a->family == 4) {
        out->address.v4.sin_family = AF_INET;
        out->address.v4.sin_port = htons(a->port);
        memcpy(&out->address.v4.sin_addr, a->ip, 4);
        out->len = sizeof out->address.v4;
    } else if (a->family == 6) {
        out->address.v6.sin6_family = AF_INET6;
        out->address.v6.sin6_port = htons(a->port);
        memcpy(&out->address.v6.sin6_addr, a->ip, 16);
        out->len = sizeof out->address.v6;
    }
    return out->len != 0;
}

static bool bind_interface(int fd, const char *name, char *reason)
{
    size_t len = strlen(name);
    if (len < IF_NAMESIZE && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)len + 1) == 0)
        return true;
    if (len < IF_NAMESIZE && errno == EPERM)
        snprintf(reason, MR_STREAM_REASON_BYTES,
                 "no permission to bind to `interface` %s: give CAP_NET_RAW, or set `from` instead", name);
    else
        snprintf(reason, MR_STREAM_REASON_BYTES, "cannot bind to `interface` %.20s: no such interface", name);
    return false;
}

static bool bind_from(int fd, const struct mr_address *from, char *reason)
{
    struct mr_stream_peer local;
    if (!to_sockaddr(from, &local)) {
        snprintf(reason, MR_STREAM_REASON_BYTES, "the source address is neither IPv4 nor IPv6");
        return false;
    }
    int on =
        1; /* the port is chosen at connect, by the whole four-tuple: more than 28 k connections from one address */
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, &local.address.any, local.len) == 0)
        return true;
    char text[INET6_ADDRSTRLEN] = "?";
    inet_ntop(from->family == 4 ? AF_INET : AF_INET6, from->ip, text, sizeof text);
    snprintf(reason, MR_STREAM_REASON_BYTES, "cannot bind to source address %s: %s", text,
             errno == EADDRNOTAVAIL ? "not an address of this host"
             : errno == EADDRINUSE  ? "its port is in use"
                                    : "refused by the kernel");
    return false;
}

int mr_stream_socket(const struct mr_dial *dial, uint32_t send_bytes, struct mr_stream_peer *peer, char *reason)
{
    reason[0] = 0;
    if (!to_sockaddr(&dial->peer, peer)) {
        snprintf(reason, MR_STREAM_REASON_BYTES, "the address is neither IPv4 nor IPv6");
        return -1;
    }
    int fd = socket(peer->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0) {
        mr_stream_reason(reason, errno);
        return -1;
    }
    int on = 1, bytes = (int)send_bytes;
    bool ok = setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
              setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) == 0;
    if (!ok)
        mr_stream_reason(reason, errno);
    ok = ok && (!dial->interface || bind_interface(fd, dial->interface, reason));
    ok = ok && (!dial->from.family || bind_from(fd, &dial->from, reason));
    if (ok)
        return fd;
    close(fd);
    return -1;
}

#ifndef SCM_TIMESTAMPING
#define SCM_TIMESTAMPING SO_TIMESTAMPING
#endif

void mr_stream_want_stamps(int fd)
{
    int kinds = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_HARDWARE |
                SOF_TIMESTAMPING_RAW_HARDWARE;
    (void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &kinds, sizeof kinds); /* without, the poll's time serves */
}

int64_t mr_stream_stamp(struct msghdr *message, uint8_t *clock)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        struct timespec times[3]; /* software, nothing any more, hardware: each zero where there is none */
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPING || c->cmsg_len < CMSG_LEN(sizeof times))
            continue;
        memcpy(times, CMSG_DATA(c), sizeof times);
        bool hardware = times[2].tv_sec != 0;
        const struct timespec *t = &times[hardware ? 2 : 0];
        *clock = hardware ? MR_CLOCK_HARDWARE : MR_CLOCK_KERNEL;
        return t->tv_sec * 1000000000ll + t->tv_nsec;
    }
    return 0;
}

int mr_stream_check(const struct mr_stream_config *c, struct mr_err *err)
{
    if (c->connections_max == 0 || c->connections_max > UINT16_MAX)
        return mr_err_set(err, MR_E_INVALID, "source: connections_max is %u; give 1 to %u", c->connections_max,
                          UINT16_MAX);
    if (c->buffers == 0 || c->buffers > 32768)
        return mr_err_set(err, MR_E_INVALID, "source: buffers is %u; give 1 to 32768", c->buffers);
    if (c->buffer_bytes < 64 || c->buffer_bytes > 1u << 20 || c->buffer_bytes % 64)
        return mr_err_set(err, MR_E_INVALID, "source: buffer_bytes is %u; give a multiple of 64 up to 1 MiB",
                          c->buffer_bytes);
    if (c->send_bytes < 1024 || c->send_bytes > 64u << 20)
        return mr_err_set(err, MR_E_INVALID, "source: send_bytes is %u; give 1 KiB to 64 MiB", c->send_bytes);
    if (!c->clock)
        return mr_err_set(err, MR_E_INVALID, "source: no clock is given");
    return MR_OK;
}

static size_t round_line(size_t bytes) { return (bytes + MR_LINE_BYTES - 1) & ~(size_t)(MR_LINE_BYTES - 1); }

size_t mr_stream_pool_bytes(const struct mr_stream_config *c)
{
    return round_line((size_t)c->buffers * sizeof(uint32_t)) + round_line(c->buffers) +
           (size_t)c->buffers * c->buffer_bytes;
}

void mr_stream_pool_init(struct mr_stream_pool *pool, void *mem, const struct mr_stream_config *c)
{
    uint8_t *at = mem;
    pool->base = at; /* first, so that page-aligned memory gives page-aligned buffers */
    at += (size_t)c->buffers * c->buffer_bytes;
    pool->free = (uint32_t *)(void *)at;
    pool->lent = at + round_line((size_t)c->buffers * sizeof(uint32_t));
    pool->buffer_bytes = c->buffer_bytes;
    pool->count = pool->free_count = c->buffers;
    memset(pool->lent, 0, c->buffers);
    for (uint32_t i = 0; i < c->buffers; i++)
        pool->free[i] = c->buffers - 1 - i;
}
