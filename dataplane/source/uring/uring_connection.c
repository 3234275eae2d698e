/* Connections of the ring: dialling, sending, closing. */
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dataplane/source/uring/uring_priv.h"

/* The ring is made disabled, at boot, maybe by another thread; who enables it is its single issuer. By system call: the
 * shared library of liburing 2.3 declares io_uring_enable_rings but does not export it. */
MR_COLD void mr_uring_enable(struct uring *u)
{
    long status = syscall(__NR_io_uring_register, u->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
    MR_ASSERT(status == 0);
    u->enabled = true;
}

static struct io_uring_sqe *request(struct uring *u)
{
    if (mr_unlikely(!u->enabled))
        mr_uring_enable(u);
    struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
    if (mr_unlikely(!sqe)) { /* the queue is full: hand over what is in it */
        hand_over(u);
        sqe = io_uring_get_sqe(&u->ring);
    }
    MR_ASSERT(sqe);
    return sqe;
}

void mr_uring_arm(struct uring *u, uint16_t number)
{
    struct connection *c = &u->connections[number];
    bool park = u->pool.free_count == 0;
    u->parked += (uint32_t)park - (uint32_t)c->parked;
    if (c->parked && !park)
        MR_COUNT(u->metrics, rearmed, 1);
    c->parked = park;
    if (park)
        return;
    struct io_uring_sqe *sqe = request(u);
    io_uring_prep_recv_multishot(sqe, c->fd, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = BUFFER_GROUP;
    io_uring_sqe_set_data64(sqe, tag_of(RECEIVE, c, number));
}

/* ---- dialling ---- */

int mr_uring_connect(struct mr_source *s, uint16_t number, const struct mr_dial *dial, int64_t now_ns)
{
    (void)now_ns;
    struct uring *u = s->state;
    if (number >= u->connections_max || u->connections[number].state != IDLE)
        return MR_E_INVALID;
    struct connection *c = &u->connections[number];
    MR_COUNT(u->metrics, dials, 1);
    c->send_error = 0;
    c->out_head = c->out_used = c->out_sending = 0;
    c->fd = mr_stream_socket(dial, u->send_bytes, &c->peer, c->reason);
    if (c->fd < 0) {
        c->state = FAILED;
        u->failed++;
        return MR_OK;
    }
    c->state = DIALLING;
    struct io_uring_sqe *sqe = request(u);
    io_uring_prep_connect(sqe, c->fd, &c->peer.address.any, c->peer.len);
    io_uring_sqe_set_data64(sqe, tag_of(CONNECT, c, number));
    hand_over(u);
    return MR_OK;
}

bool mr_uring_dialled(struct uring *u, uint16_t number, int result, struct mr_piece *piece)
{
    struct connection *c = &u->connections[number];
    if (result < 0) {
        mr_uring_lost(u, number, -result, piece);
        return true;
    }
    c->state = OPEN;
    MR_COUNT(u->metrics, opened, 1);
    mr_uring_arm(u, number);
    *piece = (struct mr_piece){
        .kind = MR_PIECE_OPENED, .connection = number, .clock = MR_CLOCK_TSC, .recv_ns = mr_clock_now(u->clock)};
    return true;
}

/* ---- sending ---- */

/* The longest run of queued bytes that lies in one piece. */
static void send_next(struct uring *u, uint16_t number)
{
    struct connection *c = &u->connections[number];
    uint32_t to_edge = u->send_bytes - c->out_head;
    c->out_sending = c->out_used < to_edge ? c->out_used : to_edge;
    struct io_uring_sqe *sqe = request(u);
    io_uring_prep_send(sqe, c->fd, c->out + c->out_head, c->out_sending, MSG_NOSIGNAL);
    io_uring_sqe_set_data64(sqe, tag_of(SEND, c, number));
}

void mr_uring_sent(struct uring *u, uint16_t number, int result)
{
    struct connection *c = &u->connections[number];
    if (result < 0 && result != -EINTR && result != -EAGAIN) {
        c->send_error = -result;
        c->out_used = c->out_sending = 0;
        return;
    }
    uint32_t taken = result > 0 ? (uint32_t)result : 0;
    MR_ASSERT(taken <= c->out_sending);
    c->out_head = (c->out_head + taken) % u->send_bytes;
    c->out_used -= taken;
    c->out_sending = 0;
    if (c->out_used)
        send_next(u, number);
}

static void queue(const struct uring *u, struct connection *c, const uint8_t *data, uint32_t len)
{
    uint32_t tail = (c->out_head + c->out_used) % u->send_bytes;
    uint32_t to_edge = u->send_bytes - tail;
    uint32_t first = len < to_edge ? len : to_edge;
    memcpy(c->out + tail, data, first);
    memcpy(c->out, data + first, len - first);
    c->out_used += len;
}

int64_t mr_uring_send(struct mr_source *s, uint16_t number, const uint8_t *data, uint32_t len)
{
    struct uring *u = s->state;
    MR_ASSERT(number < u->connections_max);
    struct connection *c = &u->connections[number];
    if (c->state != OPEN || c->send_error)
        return MR_E_IO;
    uint32_t room = u->send_bytes - c->out_used;
    uint32_t taken = len < room ? len : room;
    queue(u, c, data, taken);
    MR_COUNT(u->metrics, sends, 1);
    MR_COUNT(u->metrics, sent_bytes, taken);
    if (taken < len)
        MR_COUNT(u->metrics, short_sends, 1);
    if (c->out_used && !c->out_sending) {
        send_next(u, number);
        hand_over(u); /* the kernel takes what fits before this returns */
    }
    return taken;
}

/* ---- closing ---- */

/* What is under way on the socket is cancelled; its completions still come, and the next life does not know them. */
void mr_uring_forget(struct uring *u, struct connection *c)
{
    u->failed -= c->state == FAILED;
    u->parked -= c->parked;
    c->parked = false;
    c->state = IDLE;
    c->life++;
    if (c->fd < 0)
        return;
    struct io_uring_sqe *sqe = request(u);
    io_uring_prep_cancel_fd(sqe, c->fd, IORING_ASYNC_CANCEL_ALL);
    io_uring_sqe_set_data64(sqe, (uint64_t)CANCEL << 48);
    hand_over(u); /* before the close: a request finds its socket by the descriptor */
    (void)shutdown(c->fd,
                   SHUT_RDWR); /* a request that is still under way holds the socket open, but not the connection */
    close(c->fd);
    c->fd = -1;
}

void mr_uring_close_connection(struct mr_source *s, uint16_t number)
{
    struct uring *u = s->state;
    if (number < u->connections_max && u->connections[number].state != IDLE)
        mr_uring_forget(u, &u->connections[number]);
}

MR_COLD void mr_uring_closed(struct uring *u, uint16_t number, int status, struct mr_piece *piece)
{
    struct connection *c = &u->connections[number];
    mr_uring_forget(u, c);
    MR_COUNT(u->metrics, closed, 1);
    *piece = (struct mr_piece){.kind = MR_PIECE_CLOSED,
                               .connection = number,
                               .clock = MR_CLOCK_KERNEL,
                               .recv_ns = mr_clock_now(u->clock),
                               .status = status,
                               .name = mr_span_of(c->reason)};
}

MR_COLD void mr_uring_lost(struct uring *u, uint16_t number, int error, struct mr_piece *piece)
{
    mr_stream_reason(u->connections[number].reason, error);
    mr_uring_closed(u, number, MR_E_IO, piece);
}
