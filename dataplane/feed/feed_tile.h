/* The feed tile: one round of source, sessions, decoders and joins, into the engine tile's ring.
 *
 *     source pieces -> session (TLS, WebSocket) -> mr_feed (decode, join) -> feed/N>engine/E ring
 *     source datagrams -> arbiter (first copy wins) -> mr_feed
 *     aux tile's answers -> snapshots, instrument lists -> mr_feed
 *
 * The ring's policy is BACKPRESSURE: while it has less room than one piece may need, nothing is read (counted); after `hold_ms` of that,
 * reading goes on, and what does not fit is a GAP of its instrument.
 *
 * A product has `connections` sessions to each of its routes, and where the venue limits a connection's life and there is one, a spare:
 * before the limit the spare connects, both are merged until it has taken over, and the old one closes. While several sessions of a route may
 * be open the feed merges (dataplane/merge).
 *
 * A product's sessions are dialled once its instrument list has come (or after `list_s`), so that scales are right from the first message.
 *
 * What mr_feed is given, in order, is what the record ring gets: frames, REST bodies, connections opened and closed, books broken from
 * outside; a replay that gives mr_feed the same comes to the same events. OPENED says the number of the route, CLOSED what was lost with it ("books",
 * "route", or "copy": another session of the route lives); the notes "merge 1 WAIT_NS", "merge 0 0" and "due" are mr_feed_merge and mr_feed_due;
 * "since ..." (since.h) says what had been opened when recording began in mid-run.
 *
 * Memory  mr_feed_tile.bytes(config), planned at boot.   Thread  its own, or one shared with the engine tile. */
#ifndef MR_FEED_TILE_H
#define MR_FEED_TILE_H

#include "dataplane/aux/aux.h"
#include "dataplane/feed/feed.h"
#include "dataplane/feed/fresh.h"
#include "dataplane/net/arbiter.h"
#include "dataplane/record/record.h"
#include "dataplane/session/session.h"
#include "dataplane/tile/tile.h"
#include "engines/pipeline/engine_tile.h"

#define MR_FEED_TILE_FEEDS 16
#define MR_FEED_TILE_SESSIONS 64
#define MR_FEED_TILE_SOURCES 3

/* clang-format off */
#define MR_FEED_TILE_METRICS(COUNTER, GAUGE, HIST)                                                         \
    COUNTER(pieces,     "pieces",  "taken from the source")                                               \
    COUNTER(held_back,  "rounds",  "nothing was read: the engine ring had no room")                        \
    COUNTER(ring_full,  "groups",  "that the engine ring could not take; books get a gap")                 \
    COUNTER(not_recorded, "records", "that the record ring could not take")                                \
    COUNTER(asked,      "requests", "REST bodies asked for")                                               \
    COUNTER(not_asked,  "requests", "that the aux ring could not take; asked again later")                 \
    COUNTER(answers_bad, "answers", "REST answers that were errors; asked again later")                    \
    COUNTER(resyncs,    "books",   "snapshots asked for, by REST or by subscribing anew")                  \
    COUNTER(commands,   "commands", "of the control plane carried out")                                    \
    COUNTER(foreign,    "pieces",  "of a connection or line that is nobody's")                             \
    COUNTER(relieved,   "times",   "a new connection took over before the planned end of an old one")      \
    COUNTER(unrelieved, "times",   "the new connection was not there in time; the old one ended all the same") \
    COUNTER(no_payload, "datagrams", "too short to hold a message")                                        \
    GAUGE  (lists_missing, "products", "that wait for their instrument list, or went on without it")       \
    HIST   (decode_ns,  "ns",      "bytes received to event in the ring, of each group")
MR_METRICS_DECLARE_FINE(mr_feed_tile, MR_FEED_TILE_METRICS);
/* clang-format on */

/* A datagram feed: numbered messages on several lines, the first copy of each taken. */
struct mr_feed_tile_lines {
    uint16_t first;          /* the source's number of its first line; the others follow */
    uint16_t payload_offset; /* of the venue's message in a datagram */
    struct mr_arbiter_config arbiter;
};
struct mr_feed_tile_source {
    const struct mr_source_ops *ops;
    struct mr_stream_config stream;
    struct mr_image *show; /* struct mr_source_show, each second; NULL: it has nothing to tell */
};
struct mr_feed_tile_product {
    const struct mr_venue *venue;
    uint8_t product;
    uint8_t source;                         /* index in the tile's sources */
    const struct mr_feed_tile_lines *lines; /* NULL: sessions */
    const struct mr_stream *streams;
    uint32_t stream_count; /* all routes'; outlive the tile */
    const char *rest;      /* "https://host[:port]" */
    const char *host;      /* dialled instead of the venue's ("": the venue's); the venue's stays in SNI */
    uint16_t port;         /* 0: the venue's */
    struct mr_address fixed;
    const struct mr_address *from; /* of ours: connections to a route take them in turn; 0: the host's choice */
    uint32_t from_count;
    struct mr_budgets *const *budgets; /* one for each of `from`, or one; NULL: none */
    const char *interface;
    const struct mr_liquidator *liquidators;
    uint32_t liquidator_count;
    bool paused;
    struct mr_feed_metrics *metrics;
    uint32_t connections;                 /* to each route; 0: 1 */
    uint32_t life_s;                      /* of a connection, where the venue limits it to more; 0: the venue's */
    uint32_t silence_s;                   /* instead of the route's, and as long at most for a pong; 0: the route's */
    int64_t merge_wait_ns;                /* for what one connection lacks and another may bring */
    struct mr_session_metrics **sessions; /* of each route of the product mr_feed_tile_members() */
    struct mr_lane_metrics **lanes;       /* likewise; NULL: not counted */
    struct mr_merge_metrics *merge;       /* may be NULL */
};
struct mr_feed_tile_config {
    const struct mr_feed_tile_product *products;
    uint32_t product_count;
    struct mr_feed_tile_source sources[MR_FEED_TILE_SOURCES];
    uint32_t source_count;
    struct mr_tls_config tls;
    struct mr_instruments *instruments;
    uint32_t *table_lock; /* shared by the feed tiles */
    uint32_t instruments_max, joins_max, hold_slots, shapes, message_max;
    uint32_t connect_s, data_s, dials_per_minute, backoff_ms_most, list_s, hold_ms;
    uint32_t quarantine_s; /* mr_session_config.hold_s */
    uint64_t seed;
    bool blocking;                                        /* idle rounds wait in the source, at most a millisecond */
    struct mr_engine_memory ring;                         /* to the engine tile */
    struct mr_engine_memory breaks;                       /* from it */
    struct mr_engine_memory commands;                     /* from the control plane */
    struct mr_engine_memory requests, answers;            /* to and from the aux tile */
    struct mr_engine_memory record;                       /* mem NULL: never recorded */
    const struct mr_record_control *recording;            /* 1: records are wanted now */
    uint32_t quarantine_per_minute, quarantine_frame_max; /* of each reason of a product; bytes. 0: none is kept */
    struct mr_image *connections;                         /* struct mr_plane_connections */
    struct mr_image *channels;                            /* struct mr_plane_channels; NULL: shown nowhere */
    struct mr_fresh_config fresh;
    struct mr_feed_tile_metrics *metrics;
    uint8_t number;
    /* A command that is not the feed's own (record, shutdown, ...), and session transitions for the log. May be NULL. */
    void (*command)(void *arg, uint8_t kind, int64_t now_ns);
    void (*changed)(void *arg, const char *product, const char *route, enum mr_session_state was,
                    enum mr_session_state is, const char *why);
    /* A stream that is not asked for, and why. May be NULL. */
    void (*kept_out)(void *arg, const char *product, const char *symbol, const char *why);
    void *arg;
};
extern const struct mr_tile mr_feed_tile;
/* Sessions to each route of a product, a spare among them. */
uint32_t mr_feed_tile_members(const struct mr_product_dial *dial, uint32_t connections);

struct mr_plane_connection {
    char product[40], route[16], host[64], why[96], tls[64];
    uint16_t number;
    uint8_t state, tile, waits; /* enum mr_session_state; enum mr_budget_kind */
    uint32_t streams, streams_live, mute, attempts, held;
    char held_symbol[40]; /* of one stream that is not asked for */
    int64_t since_ns, last_byte_ns, next_dial_ns;
    uint64_t frames, bytes;
    uint64_t won, copies, missed; /* of merged connections: events brought first, after another, never */
    int64_t lead_p50_ns, lead_p99_ns;
};
struct mr_plane_connections {
    uint32_t count, spare;
    struct mr_plane_connection row[MR_FEED_TILE_SESSIONS];
};

/* Channels of instruments and their freshness; where there are more than rows, those that are not LIVE come first. */
#define MR_PLANE_CHANNEL_ROWS 256
struct mr_plane_channel {
    char symbol[MR_SYMBOL_BYTES]; /* "": of the whole market */
    int64_t last_ns, p999_ns, limit_ns,
        since_ns; /* p999_ns 0: not learnt yet; limit_ns INT64_MAX: judged by its siblings */
    uint32_t stales;
    uint8_t state, kind, product, spare; /* enum mr_status_event; bit of the channel; index of `product` */
};
struct mr_plane_channels {
    uint32_t count, all;
    int64_t now_ns;
    char product[MR_FEED_TILE_FEEDS][40];
    struct mr_plane_channel row[MR_PLANE_CHANNEL_ROWS];
};

enum mr_plane_command_kind {
    MR_PLANE_PAUSE = 1,
    MR_PLANE_RESUME,
    MR_PLANE_RESYNC,
    MR_PLANE_RECONNECT,
    MR_PLANE_RECORD_START,
    MR_PLANE_RECORD_STOP,
    MR_PLANE_LATENCY_RESET,
    MR_PLANE_SHUTDOWN
};
struct mr_plane_command {
    uint64_t id;
    uint8_t kind, spare[3];
    uint32_t instrument;
    char product[40];
    uint64_t spare2;
}; /* a slot; product "": all; instrument UINT32_MAX: all */
static_assert(sizeof(struct mr_plane_command) == 64, "a command is a slot");

struct mr_feed_tile_state;
/* All wanted streams have data and all books with a snapshot are live: how far a start has come. */
bool mr_feed_tile_live(const struct mr_feed_tile_state *t);

#endif
