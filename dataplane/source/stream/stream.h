/* What the kernel-socket sources (socket, uring) share: a socket made as the dial says, reasons in words, receive buffers. */
#ifndef MR_SOURCE_STREAM_H
#define MR_SOURCE_STREAM_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "dataplane/source/source.h"

#define MR_STREAM_REASON_BYTES 128

struct mr_stream_peer {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    socklen_t len;
};

/* A non-blocking TCP socket: no delay, a bounded send buffer, bound as the dial says. Its descriptor, or -1 with the
 * reason in words. */
int mr_stream_socket(const struct mr_dial *dial, uint32_t send_bytes, struct mr_stream_peer *peer, char *reason);

/* Asks the kernel to tell when it received what it hands over (SO_TIMESTAMPING): the network card's time where the host has switched that on,
 * else the kernel's. What one call brings of a stream bears the time of its last segment. */
void mr_stream_want_stamps(int fd);
#define MR_STREAM_STAMP_BYTES 128 /* of control data, for the answer */
/* That time, and by which clock; 0: it was not told. */
int64_t mr_stream_stamp(struct msghdr *message, uint8_t *clock);

/* "connection refused": an error number in the words that operators know. */
void mr_stream_reason(char *reason, int error);

/* The limits every stream source has; MR_OK, or MR_E_INVALID and the sentence. */
int mr_stream_check(const struct mr_stream_config *config, struct mr_err *err);

/* Receive buffers of one size; the last released is lent first, since it is warm. A piece's `lend` is its index + 1. */
struct mr_stream_pool {
    uint8_t *base;
    uint32_t *free;
    uint8_t *lent; /* a flag each: giving one back twice is our mistake, found at once */
    uint32_t buffer_bytes, count, free_count;
};
size_t mr_stream_pool_bytes(const struct mr_stream_config *config);
void mr_stream_pool_init(struct mr_stream_pool *pool, void *mem, const struct mr_stream_config *config);

MR_INLINE uint8_t *mr_stream_buffer(const struct mr_stream_pool *pool, uint32_t idx)
{
    return pool->base + (size_t)idx * pool->buffer_bytes;
}

#endif
