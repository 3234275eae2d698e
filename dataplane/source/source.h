/* Where bytes come from: one interface for io_uring sockets, plain sockets, the user-space TCP stack over DPDK, and
 * replayed recordings. The code above cannot tell them apart.
 *
 * Shaped so that TLS records can be decrypted straight from the receive buffer: a poll *lends* the caller writable
 * pieces of received bytes with their receive time. A piece stays lent until mr_source_release gives it back; a
 * consumer may keep the last few (up to `lend_max`) while a record straddles two of them. Datagram sources lend one datagram a piece;
 * replay lends one recorded frame a piece (MR_PIECE_FRAME: already deframed, skip TLS and WebSocket).
 *
 * Thread  one tile owns a source: the first thread that uses it after open (asserted by uring); open and close may be another's.
 *         Nothing here blocks but `wait`. */
#ifndef MR_SOURCE_SOURCE_H
#define MR_SOURCE_SOURCE_H

#include "codecs/event/event.h"
#include "dataplane/base/base.h"
#include "dataplane/metrics/metrics.h"

struct mr_clock;
struct mr_dpdk_config;
struct mr_net_port;

enum mr_piece_kind {
    MR_PIECE_STREAM,
    MR_PIECE_DATAGRAM,
    MR_PIECE_FRAME,
    MR_PIECE_REST,
    MR_PIECE_OPENED,
    MR_PIECE_CLOSED,
    MR_PIECE_END,
    MR_PIECE_NOTE /* replay: what the feed tile did about its connections (dataplane/feed/feed_tile.h has the texts) */
};

struct mr_piece {
    uint8_t *data; /* writable: records are decrypted in place */
    uint32_t len;
    uint16_t connection;    /* this source's connection number; DATAGRAM: the line's, as the config gives it */
    uint8_t kind;           /* enum mr_piece_kind */
    uint8_t clock;          /* enum mr_clock_source of recv_ns */
    uint8_t venue, product; /* replay: whose bytes these are; 0 elsewhere: the connection says it */
    int64_t recv_ns;
    uint64_t lend;  /* private to the source: what release needs */
    int32_t status; /* MR_PIECE_CLOSED: MR_E_END (the peer closed), MR_E_IO (name says what) */
    struct mr_span
        name; /* MR_PIECE_REST: the URL. MR_PIECE_CLOSED: the reason, "connection refused"; good until the number connects again */
};

/* Where a stream connection goes, and from where. */
struct mr_address {
    uint8_t ip[16];
    uint8_t family; /* 4, 6; 0: none */
    uint8_t spare;
    uint16_t port;
};
struct mr_dial {
    struct mr_address peer, from; /* from.family 0: any */
    const char *interface;        /* NULL: any */
};

/* clang-format off */
#define MR_STREAM_METRICS(COUNTER, GAUGE, HIST)                                                  \
    COUNTER(polls,       "polls",   "rounds of receiving")                                       \
    COUNTER(empty,       "polls",   "of them, that brought nothing")                             \
    COUNTER(pieces,      "pieces",  "received and lent")                                         \
    COUNTER(bytes,       "bytes",   "received")                                                  \
    COUNTER(exhausted,   "times",   "receiving stopped because every buffer was lent")           \
    COUNTER(rearmed,     "times",   "a multishot receive ended and was started again (uring)")   \
    COUNTER(sends,       "sends",   "offers of bytes to send")                                   \
    COUNTER(sent_bytes,  "bytes",   "taken of them")                                             \
    COUNTER(short_sends, "sends",   "offers of which not all was taken")                         \
    COUNTER(dials,       "dials",   "connections begun")                                         \
    COUNTER(opened,      "dials",   "connections made")                                          \
    COUNTER(closed,      "closes",  "connections that ended and dials that failed, but for our own closing") \
    COUNTER(datagrams,   "datagrams", "received by sockets of datagram lines, and lent")           \
    COUNTER(datagrams_lost, "datagrams", "dropped by the kernel: the socket's buffer was full, or a checksum wrong")    \
    COUNTER(datagrams_refused, "datagrams", "dropped: longer than a buffer, or from another sender than the configured one") \
    COUNTER(unstamped,   "pieces",  "without the kernel's receive time: stamped when they were taken (socket)") \
    GAUGE  (lent,        "buffers", "with the consumer after the last round")
/* clang-format on */
MR_METRICS_DECLARE(mr_stream, MR_STREAM_METRICS);

/* For sources of stream connections (uring, socket, dpdk). */
struct mr_stream_config {
    uint32_t connections_max;
    uint32_t buffer_bytes, buffers;    /* received pieces: 16 KiB x 256 */
    uint32_t send_bytes;               /* a connection's output that the peer has not taken yet: 64 KiB */
    struct mr_clock *clock;            /* of the tile: stamps recv_ns */
    struct mr_stream_metrics *metrics; /* NULL: counted in the source's own memory, unseen */
    const struct mr_dpdk_config *dpdk; /* dpdk only */
    /* Datagram lines (socket only; dpdk has its own): MR_PIECE_DATAGRAM, `connection` is the port's line. */
    const struct mr_net_port *ports;
    uint32_t port_count;
    const char *interface; /* where groups are joined; NULL: where the host's routes lead */
    uint32_t
        datagram_buffer_bytes; /* of each of these sockets in the kernel; 0: 4 MiB, as far as net.core.rmem_max allows */
};

/* What an open source stands on, in words, and its driver's own counters that are not zero: for who looks, as bytes in the workspace. */
#define MR_SOURCE_STATS_MAX 64
struct mr_source_show {
    char text[384];
    uint32_t count, left_out; /* counters; more than there is room for */
    int64_t now_ns;
    struct {
        char name[56];
        uint64_t value;
    } stat[MR_SOURCE_STATS_MAX];
};

struct mr_source;
struct mr_source_ops {
    const char *name; /* uring, dpdk, socket, replay */
    size_t (*bytes)(const void *config);
    int (*open)(struct mr_source *s, void *mem, const void *config, struct mr_err *err);
    /* Up to `max` pieces; how many, 0 none now, or a status (MR_E_END: never again). `now_ns` paces replay. */
    int (*poll)(struct mr_source *s, int64_t now_ns, struct mr_piece *pieces, uint32_t max);
    void (*release)(struct mr_source *s, const struct mr_piece *piece);
    /* Stream connections; NULL where the source has none. Numbers are the caller's, below connections_max.
     * connect: begins; later one MR_PIECE_OPENED or MR_PIECE_CLOSED comes by poll. Deadlines are the caller's.
     *          A number is free again after its CLOSED piece, or close_connection. A dial that cannot even begin (no
     *          route, no such interface) also tells by a CLOSED piece; the status is for a number in use or out of range.
     * send: bytes taken, maybe fewer (the rest is the caller's to offer again), or a status. Only once OPENED.
     * close_connection: at once, no piece comes of it any more; pieces still lent stay good until released. Harmless
     *          when there is no connection. */
    int (*connect)(struct mr_source *s, uint16_t connection, const struct mr_dial *dial, int64_t now_ns);
    int64_t (*send)(struct mr_source *s, uint16_t connection, const uint8_t *data, uint32_t len);
    void (*close_connection)(struct mr_source *s, uint16_t connection);
    /* Blocks until something is there or `max_ns` have passed (a blocking tile's idle round); NULL: it only spins. */
    void (*wait)(struct mr_source *s, int64_t max_ns);
    void (*housekeep)(struct mr_source *s, int64_t now_ns);
    void (*show)(const struct mr_source *s, struct mr_source_show *out); /* cold; NULL: nothing to tell */
    void (*close)(struct mr_source *s);
};
struct mr_source {
    const struct mr_source_ops *ops;
    void *state;
    uint32_t lend_max;
};

/* Sources of stream connections; their config is struct mr_stream_config. uring's open fails with MR_E_UNSUPPORTED, and says
 * why, where the kernel or the host's rules do not allow io_uring: `auto` then takes socket. What a connection has not yet
 * handed to its peer may stand in the kernel's buffer and, with uring, also in the source's own: send_bytes each. */
extern const struct mr_source_ops mr_source_socket_ops; /* plain non-blocking sockets: works everywhere */
extern const struct mr_source_ops mr_source_uring_ops;  /* io_uring: Linux 6.1 or later */

#endif
