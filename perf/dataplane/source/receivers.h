/* The ways to receive that bench source compares: our sources with the own record reader and with SSL_read, and beside them what one
 * would write without us: epoll and SSL_read on the socket. All do the same with what comes: every check of the WebSocket frame, and
 * where events are wanted the venue's decoder. */
#ifndef MR_PERF_RECEIVERS_H
#define MR_PERF_RECEIVERS_H

#include <openssl/ssl.h>

#include "codecs/venue/venue.h"
#include "codecs/ws/ws.h"
#include "dataplane/clock/clock.h"
#include "dataplane/source/source.h"
#include "dataplane/tls/tls.h"

/* One source of each kind, for all who receive by it. */
struct port {
    const struct mr_source_ops *ops;
    const struct mr_dpdk_config *dpdk; /* NULL: of the kernel's */
    struct mr_source source;
    struct mr_clock clock;
    void *mem;
    bool open, usable; /* now; when asked for */
    char why[256];     /* not usable: what is missing */
};
bool port_open(struct port *p);
void port_close(struct port *p);

struct receiver {
    const char *name;
    struct port *port; /* NULL: epoll */
    enum mr_tls_read_layer layer;
    bool spin, open;
    struct mr_tls_context *context;
    struct mr_tls *tls;
    SSL_CTX *plain; /* of epoll */
};
bool receiver_open(struct receiver *r, const char *ca);
void receiver_close(struct receiver *r);

struct desk { /* frames into events */
    struct mr_ws ws;
    struct mr_decoder decoder;
    union mr_slot *out;
};
bool desk_open(struct desk *d);

/* One pass: what a receiver saw of `count` messages. */
struct pass {
    uint32_t count, seen;
    struct desk *desk;
    /* Takes each frame on from here, in place of the decoder: to signals, say. NULL: the decoder, and a check that this is the next update. */
    void (*onward)(void *arg, const struct mr_ws_frame *frame, const struct mr_piece *piece);
    void *arg;
    uint64_t *events; /* when each message was an event; NULL: frames only */
    double
        cpu_ns; /* of this thread, a message, after the first; a spinning one's rounds that brought nothing do not count */
    int64_t cpu_first, busy_ns; /* spinning: time of the rounds that brought something */
};
/* Dials, receives so many bytes for each message, closes: a bare TCP one-way. It spins on recv, or (looks) on epoll_wait and
 * then calls recv. */
bool receiver_run_bare(const uint8_t ip[4], uint16_t to, uint32_t bytes, bool looks, struct pass *p);
/* Dials, receives all, closes; false: it broke off, and said why. */
bool receiver_run(struct receiver *r, const uint8_t ip[4], uint16_t to, struct pass *p);

#endif
