/* Where bytes come from: one interface for io_uring sockets, plain sockets, the user-space TCP stack over DPDK, and
 * replayed recordings. The code above cannot tell them apart.
 *
 * Shaped so that TLS records can be decrypted straight from the receive buffer: a poll *lends* the caller writable
 * pieces of received bytes with their receive time. A piece stays lent until mr_source_release gives it back; a
 * consumer may keep the last few (up to `lend_max`) while a record straddles two of them. Datagram sources lend one datagram a piece;
 * replay lends one recorded frame a piece (MR_PIECE_FRAME: already deframed, skip TLS and WebSocket).
 *
 * Thread  one tile owns a source. Nothing here blocks. */
#ifndef MR_SOURCE_SOURCE_H
#define MR_SOURCE_SOURCE_H

#include "dataplane/base/base.h"
#include "codecs/event/event.h"

enum mr_piece_kind { MR_PIECE_STREAM, MR_PIECE_DATAGRAM, MR_PIECE_FRAME, MR_PIECE_REST, MR_PIECE_OPENED, MR_PIECE_CLOSED, MR_PIECE_END };

struct mr_piece {
    uint8_t *data;       /* writable: records are decrypted in place */
    uint32_t len;
    uint16_t connection; /* this source's connection number */
    uint8_t kind;        /* enum mr_piece_kind */
    uint8_t clock;       /* enum mr_clock_source of recv_ns */
    uint8_t venue, product; /* replay: whose bytes these are; 0 elsewhere: the connection says it */
    int64_t recv_ns;
    uint64_t lend;       /* private to the source: what release needs */
    struct mr_span name; /* MR_PIECE_REST: the URL. MR_PIECE_CLOSED: the reason */
};

struct mr_source;
struct mr_source_ops {
    const char *name; /* uring, dpdk, socket, replay */
    size_t (*bytes)(const void *config);
    int (*open)(struct mr_source *s, void *mem, const void *config, struct mr_err *err);
    /* Up to `max` pieces; how many, 0 none now, or a status (MR_E_END: never again). `now_ns` paces replay. */
    int (*poll)(struct mr_source *s, int64_t now_ns, struct mr_piece *pieces, uint32_t max);
    void (*release)(struct mr_source *s, const struct mr_piece *piece);
    /* Stream connections; NULL where the source has none. send: bytes taken (maybe fewer), or a status. */
    int (*connect)(struct mr_source *s, uint16_t connection, const void *address, int64_t now_ns);
    int64_t (*send)(struct mr_source *s, uint16_t connection, const uint8_t *data, uint32_t len);
    void (*close_connection)(struct mr_source *s, uint16_t connection);
    void (*housekeep)(struct mr_source *s, int64_t now_ns);
    void (*close)(struct mr_source *s);
};
struct mr_source { const struct mr_source_ops *ops; void *state; uint32_t lend_max; };

#endif
