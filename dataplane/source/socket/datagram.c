#include "dataplane/source/socket/datagram.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/clock/clock.h"
#include "dataplane/net/net.h"

#define BATCH 32
#define BUFFER_BYTES (4u << 20)
#define ASK_NS INT64_C(100000000) /* how often the kernel's count of drops is asked for */

struct port {
    int fd;
    uint16_t line;
    uint32_t source;  /* only from this sender; 0: any */
    uint32_t dropped; /* the kernel's count, as last asked: it wraps */
};
struct mr_datagrams {
    struct mr_stream_metrics *metrics;
    struct mr_clock *clock;
    uint32_t count, next;
    int64_t asked_ns;
    struct port ports[MR_NET_PORTS_MAX];
    struct mmsghdr messages[BATCH];
    struct iovec pieces[BATCH];
    struct sockaddr_in senders[BATCH];
    _Alignas(struct cmsghdr) char controls[BATCH][CMSG_SPACE(3 * sizeof(struct timespec))];
};

size_t mr_datagrams_bytes(const struct mr_stream_config *config)
{
    return config->port_count ? (sizeof(struct mr_datagrams) + MR_LINE_BYTES - 1) & ~(size_t)(MR_LINE_BYTES - 1) : 0;
}

/* ---- set-up ---- */

static bool is_group(const struct mr_net_port *p) { return p->group[0] >> 4 == 14; }

static int refuse(struct mr_err *err, const struct mr_net_port *p, const char *what)
{
    char name[INET_ADDRSTRLEN] = "?";
    int error = errno;
    inet_ntop(AF_INET, p->group, name, sizeof name);
    return mr_err_set(err, MR_E_IO, "source socket: datagrams of %s:%u: %s: %s", name, p->port, what, strerror(error));
}

static int check(const struct mr_stream_config *c, struct mr_err *err)
{
    if (c->port_count > MR_NET_PORTS_MAX)
        return mr_err_set(err, MR_E_INVALID, "source socket: %u datagram ports; at most %d", c->port_count,
                          MR_NET_PORTS_MAX);
    for (uint32_t i = 0; i < c->port_count; i++) {
        const struct mr_net_port *p = &c->ports[i];
        if (p->port == 0 || p->group[0] == 0 || p->group[0] >= 240)
            return mr_err_set(err, MR_E_INVALID, "source socket: datagram port %u has no address or no port", i);
        for (uint32_t k = 0; k < i && !is_group(p); k++)
            if (c->ports[k].port == p->port && memcmp(c->ports[k].group, p->group, 4) == 0)
                return mr_err_set(err, MR_E_INVALID,
                                  "source socket: datagram ports %u and %u are the same: a kernel socket takes all "
                                  "senders of a port, or one",
                                  k, i);
    }
    return MR_OK;
}

/* Best first: beyond net.core.rmem_max where the process may, else up to it. */
static void set_buffer(int fd, uint32_t bytes)
{
    int want = (int)(bytes ? bytes : BUFFER_BYTES);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &want, sizeof want))
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &want, sizeof want);
}

static bool join(int fd, const struct mr_net_port *p, unsigned interface)
{
    struct group_source_req req = {.gsr_interface = interface};
    struct sockaddr_in group = {.sin_family = AF_INET}, source = {.sin_family = AF_INET};
    memcpy(&group.sin_addr, p->group, 4);
    memcpy(&source.sin_addr, p->source, 4);
    memcpy(&req.gsr_group, &group, sizeof group);
    memcpy(&req.gsr_source, &source, sizeof source);
    if (source.sin_addr.s_addr)
        return setsockopt(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &req, sizeof req) == 0;
    struct group_req any = {.gr_interface = interface};
    memcpy(&any.gr_group, &group, sizeof group);
    return setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &any, sizeof any) == 0;
}

static int open_port(struct port *port, const struct mr_net_port *p, const struct mr_stream_config *c,
                     struct mr_err *err)
{
    unsigned interface = c->interface ? if_nametoindex(c->interface) : 0;
    if (c->interface && interface == 0)
        return mr_err_set(err, MR_E_INVALID, "source socket: no interface %s", c->interface);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *port = (struct port){.fd = fd, .line = p->line};
    memcpy(&port->source, p->source, 4);
    if (fd < 0)
        return refuse(err, p, "socket");
    int on = 1, off = 0;
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(p->port)};
    memcpy(&local.sin_addr, p->group, 4);
    set_buffer(fd, c->datagram_buffer_bytes);
    if (is_group(p) &&
        (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) || /* others on this host may want it too */
         setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off)))
        return refuse(err, p, "setsockopt");
    mr_stream_want_stamps(fd);
    if (bind(fd, (const struct sockaddr *)&local, sizeof local))
        return refuse(err, p, is_group(p) ? "bind" : "bind (is it an address of this host?)");
    if (is_group(p) && !join(fd, p, interface))
        return refuse(err, p, "joining the group (is there a route to it, or an `interface`?)");
    return MR_OK;
}

int mr_datagrams_open(struct mr_datagrams **out, void *mem, const struct mr_stream_config *c,
                      struct mr_stream_metrics *metrics, struct mr_err *err)
{
    *out = NULL;
    int status = check(c, err);
    if (status || c->port_count == 0)
        return status;
    struct mr_datagrams *d = mem;
    memset(d, 0, sizeof *d);
    d->metrics = metrics;
    d->clock = c->clock;
    for (uint32_t i = 0; i < c->port_count && status == MR_OK; i++) {
        status = open_port(&d->ports[i], &c->ports[i], c, err);
        d->count = i + 1;
    }
    if (status)
        mr_datagrams_close(d);
    else
        *out = d;
    return status;
}

void mr_datagrams_close(struct mr_datagrams *d)
{
    for (uint32_t i = 0; d && i < d->count; i++)
        if (d->ports[i].fd >= 0)
            close(d->ports[i].fd);
    if (d)
        d->count = 0;
}

uint32_t mr_datagrams_count(const struct mr_datagrams *d) { return d ? d->count : 0; }
int mr_datagrams_fd(const struct mr_datagrams *d, uint32_t i) { return d->ports[i].fd; }

/* ---- receiving ---- */

/* True: it is lent. */
static bool take(struct mr_datagrams *d, struct port *port, uint32_t i, uint32_t idx, uint8_t *data,
                 struct mr_piece *piece)
{
    struct msghdr *message = &d->messages[i].msg_hdr;
    uint8_t clock = MR_CLOCK_TSC;
    int64_t stamp_ns = mr_stream_stamp(message, &clock);
    if ((message->msg_flags & MSG_TRUNC) || (port->source && d->senders[i].sin_addr.s_addr != port->source)) {
        MR_COUNT(d->metrics, datagrams_refused, 1);
        return false;
    }
    if (mr_unlikely(stamp_ns == 0))
        MR_COUNT(d->metrics, unstamped, 1);
    *piece = (struct mr_piece){.data = data,
                               .len = d->messages[i].msg_len,
                               .connection = port->line,
                               .kind = MR_PIECE_DATAGRAM,
                               .clock = clock,
                               .recv_ns = stamp_ns ? stamp_ns : mr_clock_now(d->clock),
                               .lend = idx + 1};
    return true;
}

static uint32_t receive(struct mr_datagrams *d, struct port *port, struct mr_stream_pool *pool, struct mr_piece *pieces,
                        uint32_t max)
{
    uint32_t batch = max < BATCH ? max : BATCH, buffers[BATCH], n = 0;
    batch = batch < pool->free_count ? batch : pool->free_count;
    for (uint32_t i = 0; i < batch; i++) {
        buffers[i] = pool->free[pool->free_count - 1 - i];
        d->pieces[i] = (struct iovec){mr_stream_buffer(pool, buffers[i]), pool->buffer_bytes};
        d->messages[i].msg_hdr = (struct msghdr){.msg_name = &d->senders[i],
                                                 .msg_namelen = sizeof d->senders[i],
                                                 .msg_iov = &d->pieces[i],
                                                 .msg_iovlen = 1,
                                                 .msg_control = d->controls[i],
                                                 .msg_controllen = sizeof d->controls[i]};
    }
    int got = recvmmsg(port->fd, d->messages, batch, MSG_DONTWAIT, NULL);
    if (got <= 0) /* nothing now. A socket's error (its interface gone) is silence too, which the feed notices */
        return 0;
    MR_ASSERT((uint32_t)got <= batch);
    pool->free_count -= (uint32_t)got;
    for (uint32_t i = 0; i < (uint32_t)got; i++) {
        uint32_t idx = buffers[i];
        if (!take(d, port, i, idx, d->pieces[i].iov_base, &pieces[n])) {
            pool->free[pool->free_count++] = idx;
            continue;
        }
        pool->lent[idx] = 1;
        MR_COUNT(d->metrics, bytes, pieces[n].len);
        n++;
    }
    MR_COUNT(d->metrics, pieces, n);
    MR_COUNT(d->metrics, datagrams, n);
    return n;
}

uint32_t mr_datagrams_poll(struct mr_datagrams *d, struct mr_stream_pool *pool, struct mr_piece *pieces, uint32_t max)
{
    uint32_t n = 0;
    for (uint32_t turns = d->count; turns && n < max; turns--) {
        if (mr_unlikely(pool->free_count == 0)) {
            MR_COUNT(d->metrics, exhausted, 1);
            break;
        }
        if (++d->next >= d->count)
            d->next = 0;
        n += receive(d, &d->ports[d->next], pool, pieces + n, max - n);
    }
    return n;
}

void mr_datagrams_housekeep(struct mr_datagrams *d, int64_t now_ns)
{
    if (now_ns - d->asked_ns < ASK_NS)
        return;
    d->asked_ns = now_ns;
    for (uint32_t i = 0; i < d->count; i++) {
        uint32_t memory[SK_MEMINFO_VARS] = {0};
        socklen_t len = sizeof memory;
        if (getsockopt(d->ports[i].fd, SOL_SOCKET, SO_MEMINFO, memory, &len) ||
            len <= SK_MEMINFO_DROPS * sizeof *memory)
            continue;
        MR_COUNT(d->metrics, datagrams_lost, memory[SK_MEMINFO_DROPS] - d->ports[i].dropped);
        d->ports[i].dropped = memory[SK_MEMINFO_DROPS];
    }
}
