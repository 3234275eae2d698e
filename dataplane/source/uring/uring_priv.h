#ifndef MR_SOURCE_URING_PRIV_H
#define MR_SOURCE_URING_PRIV_H

#include <errno.h>
#include <liburing.h>

#include "dataplane/clock/clock.h"
#include "dataplane/source/stream/stream.h"

#define BUFFER_GROUP 0

enum state { IDLE, FAILED /* a CLOSED piece is due */, DIALLING, OPEN };
/* What a completion is of. */
enum operation { CANCEL, CONNECT, RECEIVE, SEND };

struct connection {
    int fd;
    int send_error; /* what a send saw; the kernel tells an error once, so the receive will not */
    uint32_t life;  /* counts uses of the number: completions of an earlier one are known by it */
    uint8_t state;
    bool parked;                              /* its receive ended for want of buffers */
    uint32_t out_head, out_used, out_sending; /* a ring of send_bytes; `sending` of them are with the kernel */
    uint8_t *out;
    struct mr_stream_peer peer; /* the kernel reads it when the connect is submitted */
    char reason[MR_STREAM_REASON_BYTES];
};

struct uring {
    struct io_uring ring;
    struct mr_stream_metrics *metrics;
    struct mr_clock *clock;
    struct mr_stream_pool pool;
    struct io_uring_buf_ring *buffers; /* those that the kernel may fill */
    int buffers_mask;
    struct connection *connections;
    uint32_t connections_max, send_bytes, failed, parked;
    bool enabled; /* the thread that first uses the source is the only one that may */
    struct mr_stream_metrics own;
};

/* uring_boot.c */
size_t mr_uring_bytes(const void *config);
int mr_uring_open(struct mr_source *s, void *mem, const void *config, struct mr_err *err);
void mr_uring_close(struct mr_source *s);

/* uring_connection.c */
int mr_uring_connect(struct mr_source *s, uint16_t number, const struct mr_dial *dial, int64_t now_ns);
int64_t mr_uring_send(struct mr_source *s, uint16_t number, const uint8_t *data, uint32_t len);
void mr_uring_close_connection(struct mr_source *s, uint16_t number);
void mr_uring_enable(struct uring *u);
void mr_uring_forget(struct uring *u, struct connection *c);
void mr_uring_arm(struct uring *u, uint16_t number); /* its receive, or parks it */
bool mr_uring_dialled(struct uring *u, uint16_t number, int result, struct mr_piece *piece);
void mr_uring_sent(struct uring *u, uint16_t number, int result);
void mr_uring_closed(struct uring *u, uint16_t number, int status, struct mr_piece *piece);
void mr_uring_lost(struct uring *u, uint16_t number, int error, struct mr_piece *piece);

/* Requests to the kernel. What it cannot take now (its completions overflow) stays queued for the next round. */
MR_INLINE void hand_over(struct uring *u)
{
    int taken = io_uring_submit(&u->ring);
    MR_ASSERT(taken != -EEXIST); /* another thread than the first to use the source */
}

MR_INLINE uint64_t tag_of(enum operation operation, const struct connection *c, uint16_t number)
{
    return (uint64_t)operation << 48 | (uint64_t)c->life << 16 | number;
}

MR_INLINE void give_to_kernel(struct uring *u, uint32_t idx)
{
    io_uring_buf_ring_add(u->buffers, mr_stream_buffer(&u->pool, idx), u->pool.buffer_bytes, (unsigned short)idx,
                          u->buffers_mask, 0);
    io_uring_buf_ring_advance(u->buffers, 1);
}

#endif
