/* Plain non-blocking sockets. With few connections a poll is one recv on each: the shortest way from the kernel there
 * is without a ring (nothing tells sooner that bytes are there than the recv that takes them). With many, or while a
 * dial is under way, one epoll_wait of no duration says which to receive from. Datagram lines: datagram.h. */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "dataplane/clock/clock.h"
#include "dataplane/source/socket/datagram.h"
#include "dataplane/source/stream/stream.h"

#define DIRECT_MAX                                                                                                     \
    4 /* open connections up to which each is asked in turn: about where their recvs cost what epoll_wait does */
#define EVENTS_MAX 64

enum state { IDLE, FAILED /* a CLOSED piece is due */, DIALLING, OPEN };

struct connection {
    int fd;
    uint8_t state;
    uint16_t open_at; /* its place in `open` */
    int send_error;   /* what send saw; the kernel tells an error once, so recv will not */
    char reason[MR_STREAM_REASON_BYTES];
};

struct sockets {
    struct mr_stream_metrics *metrics;
    struct mr_clock *clock;
    struct mr_stream_pool pool;
    struct connection *connections;
    struct mr_datagrams *datagrams; /* NULL: none configured */
    uint16_t *open;                 /* numbers of the open ones, dense */
    uint32_t open_count, dialling, failed, next, connections_max, send_bytes;
    int epoll;
    struct mr_stream_metrics own;
};

static size_t round_line(size_t bytes) { return (bytes + MR_LINE_BYTES - 1) & ~(size_t)(MR_LINE_BYTES - 1); }

static size_t socket_bytes(const void *config)
{
    const struct mr_stream_config *c = config;
    return mr_stream_pool_bytes(c) + MR_LINE_BYTES + round_line(sizeof(struct sockets)) +
           round_line(c->connections_max * sizeof(struct connection)) +
           round_line(c->connections_max * sizeof(uint16_t)) + mr_datagrams_bytes(c);
}

static bool watch(const struct sockets *k, int operation, int fd, uint32_t number, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u32 = number};
    return epoll_ctl(k->epoll, operation, fd, &event) == 0;
}

/* Datagram sockets are in the epoll set for `wait` alone; polls ask them anyway. */
static int open_datagrams(struct sockets *k, void *mem, const struct mr_stream_config *c, struct mr_err *err)
{
    int status = mr_datagrams_open(&k->datagrams, mem, c, k->metrics, err);
    for (uint32_t i = 0; status == MR_OK && i < mr_datagrams_count(k->datagrams); i++)
        if (!watch(k, EPOLL_CTL_ADD, mr_datagrams_fd(k->datagrams, i), c->connections_max, EPOLLIN))
            status = mr_err_set(err, MR_E_IO, "source socket: epoll_ctl: %s", strerror(errno));
    if (status) {
        mr_datagrams_close(k->datagrams);
        close(k->epoll);
    }
    return status;
}

static int socket_open(struct mr_source *s, void *mem, const void *config, struct mr_err *err)
{
    const struct mr_stream_config *c = config;
    int status = mr_stream_check(c, err);
    if (status)
        return status;
    uint8_t *at = (uint8_t *)mem + round_line(mr_stream_pool_bytes(c));
    struct sockets *k = (struct sockets *)(void *)at;
    *k = (struct sockets){.clock = c->clock, .connections_max = c->connections_max, .send_bytes = c->send_bytes};
    k->metrics = c->metrics ? c->metrics : &k->own;
    mr_stream_pool_init(&k->pool, mem, c);
    at += round_line(sizeof *k);
    k->connections = (struct connection *)(void *)at;
    at += round_line(c->connections_max * sizeof *k->connections);
    k->open = (uint16_t *)(void *)at;
    at += round_line(c->connections_max * sizeof *k->open);
    for (uint32_t i = 0; i < c->connections_max; i++)
        k->connections[i] = (struct connection){.fd = -1};
    k->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (k->epoll < 0)
        return mr_err_set(err, MR_E_IO, "source socket: epoll_create1: %s; raise `ulimit -n`", strerror(errno));
    status = open_datagrams(k, at, c, err);
    if (status)
        return status;
    *s = (struct mr_source){.ops = &mr_source_socket_ops, .state = k, .lend_max = c->buffers > 1 ? c->buffers / 2 : 1};
    return MR_OK;
}

/* ---- connections ---- */

static void forget(struct sockets *k, struct connection *c)
{
    if (c->state == OPEN) {
        uint16_t last = k->open[--k->open_count];
        k->open[c->open_at] = last;
        k->connections[last].open_at = c->open_at;
    }
    k->dialling -= c->state == DIALLING;
    k->failed -= c->state == FAILED;
    if (c->fd >= 0)
        close(c->fd); /* epoll forgets it with that */
    c->fd = -1;
    c->state = IDLE;
}

static MR_COLD void closed(struct sockets *k, uint16_t number, int status, struct mr_piece *piece)
{
    struct connection *c = &k->connections[number];
    forget(k, c);
    MR_COUNT(k->metrics, closed, 1);
    *piece = (struct mr_piece){.kind = MR_PIECE_CLOSED,
                               .connection = number,
                               .clock = MR_CLOCK_TSC,
                               .recv_ns = mr_clock_now(k->clock),
                               .status = status,
                               .name = mr_span_of(c->reason)};
}

static MR_COLD void lost(struct sockets *k, uint16_t number, int error, struct mr_piece *piece)
{
    mr_stream_reason(k->connections[number].reason, error);
    closed(k, number, MR_E_IO, piece);
}

static int socket_connect(struct mr_source *s, uint16_t number, const struct mr_dial *dial, int64_t now_ns)
{
    (void)now_ns;
    struct sockets *k = s->state;
    if (number >= k->connections_max || k->connections[number].state != IDLE)
        return MR_E_INVALID;
    struct connection *c = &k->connections[number];
    struct mr_stream_peer peer;
    MR_COUNT(k->metrics, dials, 1);
    c->send_error = 0;
    c->fd = mr_stream_socket(dial, k->send_bytes, &peer, c->reason);
    bool begun = c->fd >= 0 && watch(k, EPOLL_CTL_ADD, c->fd, number, EPOLLOUT) &&
                 (connect(c->fd, &peer.address.any, peer.len) == 0 || errno == EINPROGRESS || errno == EINTR);
    if (!begun && !c->reason[0])
        mr_stream_reason(c->reason, errno);
    c->state = begun ? DIALLING : FAILED;
    k->dialling += begun;
    k->failed += !begun;
    return MR_OK;
}

static MR_COLD bool dialled(struct sockets *k, uint16_t number, struct mr_piece *piece)
{
    struct connection *c = &k->connections[number];
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error ||
        !watch(k, EPOLL_CTL_MOD, c->fd, number, EPOLLIN)) {
        lost(k, number, error ? error : errno, piece);
        return true;
    }
    mr_stream_want_stamps(c->fd);
    k->dialling--;
    c->state = OPEN;
    c->open_at = (uint16_t)k->open_count;
    k->open[k->open_count++] = number;
    MR_COUNT(k->metrics, opened, 1);
    *piece = (struct mr_piece){
        .kind = MR_PIECE_OPENED, .connection = number, .clock = MR_CLOCK_TSC, .recv_ns = mr_clock_now(k->clock)};
    return true;
}

static void socket_close_connection(struct mr_source *s, uint16_t number)
{
    struct sockets *k = s->state;
    if (number < k->connections_max)
        forget(k, &k->connections[number]);
}

/* ---- receiving ---- */

static MR_COLD bool ended(struct sockets *k, uint16_t number, int error, struct mr_piece *piece)
{
    struct connection *c = &k->connections[number];
    if (error == EAGAIN || error == EINTR)
        return false;
    if (error || c->send_error) {
        lost(k, number, error ? error : c->send_error, piece);
        return true;
    }
    static const char words[] = "closed by peer";
    memcpy(c->reason, words, sizeof words);
    closed(k, number, MR_E_END, piece);
    return true;
}

static inline bool receive(struct sockets *k, uint16_t number, struct mr_piece *piece)
{
    struct mr_stream_pool *pool = &k->pool;
    uint32_t idx = pool->free[pool->free_count - 1];
    uint8_t *data = mr_stream_buffer(pool, idx);
    struct iovec room = {data, pool->buffer_bytes};
    char control[MR_STREAM_STAMP_BYTES];
    struct msghdr message = {
        .msg_iov = &room, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t len = recvmsg(k->connections[number].fd, &message, MSG_DONTWAIT);
    if (len <= 0)
        return (len == 0 || errno != EAGAIN) && ended(k, number, len == 0 ? 0 : errno, piece);
    pool->free_count--;
    pool->lent[idx] = 1;
    MR_COUNT(k->metrics, pieces, 1);
    MR_COUNT(k->metrics, bytes, len);
    uint8_t clock = MR_CLOCK_TSC;
    int64_t stamp_ns = mr_stream_stamp(&message, &clock);
    if (mr_unlikely(stamp_ns == 0))
        MR_COUNT(k->metrics, unstamped, 1);
    *piece = (struct mr_piece){.data = data,
                               .len = (uint32_t)len,
                               .connection = number,
                               .kind = MR_PIECE_STREAM,
                               .clock = clock,
                               .recv_ns = stamp_ns ? stamp_ns : mr_clock_now(k->clock),
                               .lend = idx + 1};
    return true;
}

static MR_COLD uint32_t report_failed(struct sockets *k, struct mr_piece *pieces, uint32_t max)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < k->connections_max && n < max && k->failed; i++)
        if (k->connections[i].state == FAILED)
            closed(k, (uint16_t)i, MR_E_IO, &pieces[n++]);
    return n;
}

/* Each open connection once, beginning after the one that was last asked: none is always the last. */
static uint32_t ask_each(struct sockets *k, struct mr_piece *pieces, uint32_t max)
{
    uint32_t n = 0;
    for (uint32_t turns = k->open_count; turns && n < max; turns--) {
        if (mr_unlikely(k->pool.free_count == 0)) {
            MR_COUNT(k->metrics, exhausted, 1);
            break;
        }
        if (++k->next >= k->open_count)
            k->next = 0;
        if (receive(k, k->open[k->next], &pieces[n]))
            n++;
        if (mr_unlikely(k->open_count == 0))
            break;
    }
    return n;
}

static uint32_t ask_ready(struct sockets *k, struct mr_piece *pieces, uint32_t max)
{
    struct epoll_event events[EVENTS_MAX];
    int ready = epoll_wait(k->epoll, events, max < EVENTS_MAX ? (int)max : EVENTS_MAX, 0);
    uint32_t n = 0;
    bool dry = false;
    for (int i = 0; i < ready; i++) {
        uint16_t number = (uint16_t)events[i].data.u32;
        if (events[i].data.u32 == k->connections_max)
            continue; /* datagrams */
        if (k->connections[number].state == DIALLING)
            n += dialled(k, number, &pieces[n]);
        else if (k->pool.free_count == 0)
            dry = true;
        else
            n += receive(k, number, &pieces[n]);
    }
    if (mr_unlikely(dry))
        MR_COUNT(k->metrics, exhausted, 1);
    return n;
}

static int socket_poll(struct mr_source *s, int64_t now_ns, struct mr_piece *pieces, uint32_t max)
{
    (void)now_ns;
    struct sockets *k = s->state;
    uint32_t n = 0;
    MR_COUNT(k->metrics, polls, 1);
    if (mr_unlikely(k->failed))
        n = report_failed(k, pieces, max);
    if (n < max)
        n += k->dialling || k->open_count > DIRECT_MAX ? ask_ready(k, pieces + n, max - n)
                                                       : ask_each(k, pieces + n, max - n);
    if (k->datagrams && n < max)
        n += mr_datagrams_poll(k->datagrams, &k->pool, pieces + n, max - n);
    if (n == 0)
        MR_COUNT(k->metrics, empty, 1);
    else
        MR_GAUGE_SET(k->metrics, lent, k->pool.count - k->pool.free_count);
    return (int)n;
}

static void socket_release(struct mr_source *s, const struct mr_piece *piece)
{
    struct sockets *k = s->state;
    if (piece->lend == 0)
        return; /* OPENED, CLOSED */
    uint32_t idx = (uint32_t)piece->lend - 1;
    MR_ASSERT(idx < k->pool.count && k->pool.lent[idx]);
    k->pool.lent[idx] = 0;
    k->pool.free[k->pool.free_count++] = idx;
}

static int64_t socket_send(struct mr_source *s, uint16_t number, const uint8_t *data, uint32_t len)
{
    struct sockets *k = s->state;
    MR_ASSERT(number < k->connections_max);
    struct connection *c = &k->connections[number];
    if (c->state != OPEN)
        return MR_E_IO;
    MR_COUNT(k->metrics, sends, 1);
    ssize_t sent = send(c->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            c->send_error = errno;
            return MR_E_IO;
        }
        sent = 0;
    }
    MR_COUNT(k->metrics, sent_bytes, sent);
    if ((uint32_t)sent < len)
        MR_COUNT(k->metrics, short_sends, 1);
    return sent;
}

static void socket_wait(struct mr_source *s, int64_t max_ns)
{
    struct sockets *k = s->state;
    if (k->failed)
        return;
    struct pollfd fd = {.fd = k->epoll, .events = POLLIN};
    struct timespec ts = {.tv_sec = max_ns / 1000000000, .tv_nsec = max_ns % 1000000000};
    (void)ppoll(&fd, 1, &ts, NULL); /* epoll_wait's own time-out is whole milliseconds */
}

static void socket_housekeep(struct mr_source *s, int64_t now_ns)
{
    struct sockets *k = s->state;
    MR_GAUGE_SET(k->metrics, lent, k->pool.count - k->pool.free_count);
    if (k->datagrams)
        mr_datagrams_housekeep(k->datagrams, now_ns);
}

static void socket_close(struct mr_source *s)
{
    struct sockets *k = s->state;
    for (uint32_t i = 0; i < k->connections_max; i++)
        forget(k, &k->connections[i]);
    mr_datagrams_close(k->datagrams);
    close(k->epoll);
    k->epoll = -1;
}

const struct mr_source_ops mr_source_socket_ops = {
    .name = "socket",
    .bytes = socket_bytes,
    .open = socket_open,
    .poll = socket_poll,
    .release = socket_release,
    .connect = socket_connect,
    .send = socket_send,
    .close_connection = socket_close_connection,
    .wait = socket_wait,
    .housekeep = socket_housekeep,
    .close = socket_close,
};
