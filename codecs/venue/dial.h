/* The other half of a venue: where its products are found, how to subscribe and keep alive, what its control messages
 * say, which REST bodies it has. Pure text in, text out; the session (dataplane/session) does the talking.
 *
 * A product has one or more routes: endpoints that serve some of its channels (Binance USD-M: public, market). A
 * session is one connection to one route. Facts: the venue's README. */
#ifndef MR_VENUE_DIAL_H
#define MR_VENUE_DIAL_H

#include "codecs/venue/venue.h"
#include "dataplane/text/text.h"

/* frames of RFC 6455; a text message of the venue's (mr_dialect.ping) */
enum mr_ping { MR_PING_NONE, MR_PING_WS, MR_PING_TEXT };

struct mr_route {
    const char *name; /* "public", "market"; shown as binance:usdm/market */
    const char *host;
    uint16_t port;
    const char *path;           /* of the upgrade */
    uint32_t channels;          /* enum mr_channel bits that this route serves */
    uint32_t streams_max;       /* subscriptions a connection may hold */
    uint32_t sends_per_s;       /* client messages a second */
    uint8_t ping;               /* enum mr_ping */
    uint32_t ping_s, pong_s;    /* how often; within which an answer must come */
    uint32_t silence_s;         /* no byte for so long: stale */
    uint32_t life_s;            /* the venue cuts connections after so long; 0: no rule */
    uint32_t requests_per_hour; /* subscribe and unsubscribe messages a connection may send in an hour; 0: no rule */
    bool token;                 /* each dial needs a token first (MR_URL_TOKEN), whose answer says where to dial */
    bool welcome;               /* nothing may be sent before the venue's MR_CONTROL_WELCOME */
};
struct mr_product_dial {           /* same order as mr_venue.products */
    const struct mr_route *routes; /* ends with an empty row */
    const char *rest;              /* "https://fapi.binance.com" */
    uint32_t rest_weight,
        rest_s;           /* what its host takes from an address in so many seconds, as mr_dialect.weight counts it */
    uint32_t interest_s;  /* open interest is polled so often; 0: it is in the stream, or there is none */
    uint32_t market_wide; /* channels that are subscribed once, for all instruments: symbol empty */
    /* channels that may rightly say nothing for many minutes: their silence proves nothing */
    uint32_t quiet;
};

/* What is wanted: one channel of one instrument (or of all: symbol empty). */
struct mr_stream {
    uint32_t channel; /* one enum mr_channel bit */
    const char *symbol;
};

enum mr_control_kind {
    MR_CONTROL_NONE,
    MR_CONTROL_ACK,
    MR_CONTROL_ERROR,
    MR_CONTROL_PONG,
    MR_CONTROL_PING,
    MR_CONTROL_CLOSING,
    MR_CONTROL_OTHER,
    MR_CONTROL_WELCOME
};
struct mr_control {
    /* NONE: no control message. ACK: what was asked for stands. OTHER: understood, nothing to do (answers to
     * unsubscribe too) */
    uint8_t kind;
    uint64_t id;    /* of the request it answers; 0 where the venue does not say */
    char text[160]; /* ERROR, CLOSING: what the venue said. PING: what to answer */
    /* ACK, ERROR: the one subscription it is about, as mr_dialect.name writes it; "" : all of the request */
    char stream[128];
    /* ACK, ERROR: `stream` is only a word of such a name (its channel, or its symbol), as answers that come in the order of
     * the requests have it: the oldest one asked for that has this word is meant */
    bool part;
    /* ERROR without an id: all of the message in which `stream` was is refused, whatever else stood in it; "": of the oldest one unanswered */
    bool batch;
};

enum mr_url_kind { MR_URL_INSTRUMENTS, MR_URL_SNAPSHOT, MR_URL_INTEREST, MR_URL_TOKEN };

/* What the answer to a token request lets us do: one dial, there. Good for that dial only. */
#define MR_GRANT_PATH_BYTES 2048
struct mr_grant {
    char host[128];
    uint16_t port;
    char path[MR_GRANT_PATH_BYTES]; /* of the upgrade, the token in it */
    uint32_t ping_s, pong_s;        /* 0: as the route says */
    char why[96];                   /* not granted: what the venue said */
};

/* What a venue allows from one address of ours; 0: it has no such rule. Where a venue publishes nothing of its connection attempts the row holds a
 * cautious value of ours, and says so. */
struct mr_venue_limits {
    uint32_t dials, dials_s; /* connection attempts in so many seconds */
    uint32_t connections;    /* open at once */
    uint32_t subscriptions;  /* held at once, over all connections */
    uint32_t sends, sends_s; /* client messages in so many seconds, over all connections */
};

struct mr_dialect {
    struct mr_venue_limits limits;
    const struct mr_product_dial *products;
    bool acks_each; /* each subscription is acknowledged by its name (OKX, Hyperliquid), else each request by its id */
    bool acks_by_data; /* nothing is acknowledged: a subscription stands when its data comes (Polymarket) */
    /* The venue's own name of a subscription ("btcusdt@aggTrade", "tickers.BTCUSDT"). Streams of one name are one
     * subscription (mark price and funding of Binance): it must be asked for once. MR_OK, MR_E_UNSUPPORTED,
     * MR_E_INVALID (no symbol could be so). */
    int (*name)(uint8_t product, const struct mr_stream *stream, struct mr_text *out);
    /* Writes one client message that subscribes to as many of streams[*at ...] as fit the venue's rules and moves *at
     * on; `id` stands in it where the venue has ids. MR_OK; MR_E_UNSUPPORTED, MR_E_INVALID: of the stream at *at, as
     * `name` says; MR_E_FULL: `out` is too small for a single one. */
    int (*subscribe)(uint8_t product, const struct mr_stream *streams, uint32_t count, uint32_t *at, uint64_t id,
                     struct mr_text *out);
    /* The reverse, for single streams: a resync where the snapshot is in the stream (Bybit, OKX). */
    int (*unsubscribe)(uint8_t product, const struct mr_stream *streams, uint32_t count, uint32_t *at, uint64_t id,
                       struct mr_text *out);
    void (*ping)(uint8_t product, uint64_t id, struct mr_text *out); /* NULL unless MR_PING_TEXT */
    /* A message that held no market data: what it says. Total over any bytes; what is no control message is MR_CONTROL_NONE. */
    void (*control)(uint8_t product, struct mr_span message, struct mr_control *out);
    /* `symbol` "" : all there is (the first page of it); else at least that one.
     * A REST request: path and query for GET; `body` non-empty: POST that JSON. MR_OK, MR_E_UNSUPPORTED: the product has none. */
    int (*url)(uint8_t product, enum mr_url_kind kind, const char *symbol, struct mr_text *path, struct mr_text *body);
    /* What such a request weighs. NULL: 1 each. */
    uint32_t (*weight)(uint8_t product, enum mr_url_kind kind);
    /* A symbol like this one is in the product's list of instruments or the venue does not have it (listed as halted: no longer), so that it
     * need not be asked for. NULL: no list says so, or asking in vain harms nobody. */
    bool (*listed)(uint8_t product, const char *symbol);
    /* The answer to MR_URL_TOKEN, for a connection that we call `id`. MR_OK; else `out->why`: MR_E_UNKNOWN the venue refused,
     * MR_E_MALFORMED, MR_E_MISSING, MR_E_TOO_BIG it is no answer we could use. NULL where no route needs one. */
    int (*token)(uint8_t product, struct mr_span body, uint64_t id, struct mr_grant *out);
};
const struct mr_dialect *mr_dialect_of(const struct mr_venue *venue);

#endif
