/* Sockets through io_uring: one receive a connection stays armed (multishot) and takes its buffers from a ring that we
 * refill, so that bytes of any number of connections come without a system call each.
 *
 * DEFER_TASKRUN: completions are made when we ask, on our core, never by an interrupt of our thread. TASKRUN_FLAG: the kernel
 * raises a flag in shared memory when there is something to ask for, so that an idle spin is one load and no system call. */
#include "dataplane/source/uring/uring_priv.h"

static MR_COLD bool ended(struct uring *u, uint16_t number, int result, struct mr_piece *piece)
{
    struct connection *c = &u->connections[number];
    if (result == -ENOBUFS) {
        MR_COUNT(u->metrics, exhausted, 1);
        mr_uring_arm(u, number);
        return false;
    }
    if (result == -EINTR || result == -EAGAIN) {
        MR_COUNT(u->metrics, rearmed, 1);
        mr_uring_arm(u, number);
        return false;
    }
    if (result < 0 || c->send_error) {
        mr_uring_lost(u, number, result < 0 ? -result : c->send_error, piece);
        return true;
    }
    static const char words[] = "closed by peer";
    memcpy(c->reason, words, sizeof words);
    mr_uring_closed(u, number, MR_E_END, piece);
    return true;
}

static inline bool received(struct uring *u, uint16_t number, const struct io_uring_cqe *cqe, int64_t recv_ns,
                            struct mr_piece *piece)
{
    uint32_t idx = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
    bool has_buffer = cqe->flags & IORING_CQE_F_BUFFER;
    if (mr_unlikely(cqe->res <= 0)) {
        if (has_buffer)
            give_to_kernel(u, idx);
        return ended(u, number, cqe->res, piece);
    }
    MR_ASSERT(has_buffer && idx < u->pool.count && !u->pool.lent[idx]);
    u->pool.lent[idx] = 1;
    u->pool.free_count--;
    MR_COUNT(u->metrics, pieces, 1);
    MR_COUNT(u->metrics, bytes, cqe->res);
    *piece = (struct mr_piece){.data = mr_stream_buffer(&u->pool, idx),
                               .len = (uint32_t)cqe->res,
                               .connection = number,
                               .kind = MR_PIECE_STREAM,
                               .clock = MR_CLOCK_TSC,
                               .recv_ns = recv_ns,
                               .lend = idx + 1};
    if (mr_unlikely(!(cqe->flags & IORING_CQE_F_MORE))) {
        MR_COUNT(u->metrics, rearmed, 1);
        mr_uring_arm(u, number);
    }
    return true;
}

/* A completion of a connection that we closed: only its buffer matters. */
static MR_COLD bool stale(struct uring *u, const struct io_uring_cqe *cqe)
{
    if (cqe->flags & IORING_CQE_F_BUFFER)
        give_to_kernel(u, cqe->flags >> IORING_CQE_BUFFER_SHIFT);
    return false;
}

static bool completed(struct uring *u, const struct io_uring_cqe *cqe, int64_t recv_ns, struct mr_piece *piece)
{
    uint64_t tag = cqe->user_data;
    enum operation operation = (enum operation)(tag >> 48);
    uint16_t number = (uint16_t)tag;
    if (operation == CANCEL)
        return false;
    MR_DCHECK(number < u->connections_max);
    if (mr_unlikely(u->connections[number].life != (uint32_t)(tag >> 16)))
        return stale(u, cqe);
    if (mr_likely(operation == RECEIVE))
        return received(u, number, cqe, recv_ns, piece);
    if (operation == CONNECT)
        return mr_uring_dialled(u, number, cqe->res, piece);
    mr_uring_sent(u, number, cqe->res);
    return false;
}

static MR_COLD uint32_t report_failed(struct uring *u, struct mr_piece *pieces, uint32_t max)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < u->connections_max && n < max && u->failed; i++)
        if (u->connections[i].state == FAILED)
            mr_uring_closed(u, (uint16_t)i, MR_E_IO, &pieces[n++]);
    return n;
}

static MR_COLD void arm_parked(struct uring *u)
{
    for (uint32_t i = 0; i < u->connections_max && u->parked; i++)
        if (u->connections[i].parked)
            mr_uring_arm(u, (uint16_t)i);
}

/* Enters the kernel only for a reason: requests to hand over, or completions that wait to be made. */
static inline void enter(struct uring *u)
{
    int status = 0;
    if (mr_unlikely(io_uring_sq_ready(&u->ring)))
        status = io_uring_submit_and_get_events(&u->ring);
    else if (__atomic_load_n(u->ring.sq.kflags, __ATOMIC_RELAXED) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW))
        status = io_uring_get_events(&u->ring);
    MR_ASSERT(status != -EEXIST); /* another thread than the first to use the source */
}

static uint32_t reap(struct uring *u, struct mr_piece *pieces, uint32_t max)
{
    uint32_t n = 0, seen = 0, ready = io_uring_cq_ready(&u->ring);
    if (ready == 0)
        return 0;
    int64_t recv_ns = mr_clock_now(u->clock); /* once: all that is reaped now was there by now */
    struct io_uring_cq *cq = &u->ring.cq;
    for (uint32_t at = *cq->khead; seen < ready && n < max; at++, seen++) /* the head is ours: nobody else moves it */
        n += completed(u, &cq->cqes[at & cq->ring_mask], recv_ns, &pieces[n]);
    io_uring_cq_advance(&u->ring, seen);
    if (mr_unlikely(io_uring_sq_ready(&u->ring)))
        hand_over(u); /* receives armed again, rests of sends: now, not a round later */
    return n;
}

static int uring_poll(struct mr_source *s, int64_t now_ns, struct mr_piece *pieces, uint32_t max)
{
    (void)now_ns;
    struct uring *u = s->state;
    uint32_t n = 0;
    MR_COUNT(u->metrics, polls, 1);
    if (mr_unlikely(!u->enabled))
        mr_uring_enable(u);
    if (mr_unlikely(u->failed))
        n = report_failed(u, pieces, max);
    if (mr_unlikely(u->parked && u->pool.free_count))
        arm_parked(u);
    enter(u);
    if (n < max)
        n += reap(u, pieces + n, max - n);
    if (n == 0)
        MR_COUNT(u->metrics, empty, 1);
    else
        MR_GAUGE_SET(u->metrics, lent, u->pool.count - u->pool.free_count);
    return (int)n;
}

static void uring_release(struct mr_source *s, const struct mr_piece *piece)
{
    struct uring *u = s->state;
    if (piece->lend == 0)
        return; /* OPENED, CLOSED */
    uint32_t idx = (uint32_t)piece->lend - 1;
    MR_ASSERT(idx < u->pool.count && u->pool.lent[idx]);
    u->pool.lent[idx] = 0;
    u->pool.free_count++;
    give_to_kernel(u, idx);
}

static void uring_wait(struct mr_source *s, int64_t max_ns)
{
    struct uring *u = s->state;
    if (u->failed || io_uring_cq_ready(&u->ring))
        return;
    if (!u->enabled)
        mr_uring_enable(u);
    if (u->parked && u->pool.free_count)
        arm_parked(u);
    struct __kernel_timespec ts = {.tv_sec = max_ns / 1000000000, .tv_nsec = max_ns % 1000000000};
    struct io_uring_cqe *cqe;
    (void)io_uring_submit_and_wait_timeout(&u->ring, &cqe, 1, &ts, NULL);
}

static void uring_housekeep(struct mr_source *s, int64_t now_ns)
{
    (void)now_ns;
    struct uring *u = s->state;
    MR_GAUGE_SET(u->metrics, lent, u->pool.count - u->pool.free_count);
}

const struct mr_source_ops mr_source_uring_ops = {
    .name = "uring",
    .bytes = mr_uring_bytes,
    .open = mr_uring_open,
    .poll = uring_poll,
    .release = uring_release,
    .connect = mr_uring_connect,
    .send = mr_uring_send,
    .close_connection = mr_uring_close_connection,
    .wait = uring_wait,
    .housekeep = uring_housekeep,
    .close = mr_uring_close,
};
