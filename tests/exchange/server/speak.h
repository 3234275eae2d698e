/* How each venue speaks to a client: which host and path belong to which product, what its control messages mean, what it
 * answers, and to which subscriptions a message of its stream belongs. Pure: text in, text out, time is an argument; sockets,
 * TLS and frames are elsewhere (conn.c), so a test holds a whole dialogue in memory.
 *
 *     client's text --mr_talk_take--> say(ack or error), image(subscription), talk->close_code
 *     stream message --speaker->address--> letter: its keys --mr_talk_find--> subscription or NULL
 *
 * Facts: the venues' READMEs in codecs/venue. Where a venue acks what it never serves (Binance: unknown symbols, the other route's
 * streams), so does this one. */
#ifndef MR_EXCHANGE_SPEAK_H
#define MR_EXCHANGE_SPEAK_H

#include "codecs/venue/venue.h"
#include "dataplane/text/text.h"

#define MR_TALK_SUBS_MAX  1024
#define MR_TALK_NAME      96
#define MR_TALK_CUT       0xffffu /* close_code: the connection is cut without a close frame */

enum mr_talk_route { MR_ROUTE_ALL, MR_ROUTE_PUBLIC, MR_ROUTE_MARKET, MR_ROUTE_BUSINESS };

/* What a request's host and path mean. `path` is what is left of it for the product's REST side. */
struct mr_talk_place {
    uint8_t venue, product, route;
    bool wrapped;           /* Binance: combined streams */
    bool socket;            /* a path that upgrades */
    struct mr_span streams; /* Binance: names in the path */
};

struct mr_talk_sub {
    uint64_t key;   /* 0: acked, never served */
    uint32_t channel;
    char symbol[MR_TALK_NAME];
    char name[MR_TALK_NAME]; /* as the client wrote it: stream, topic */
};

/* A message of the stream, addressed. */
struct mr_letter {
    const uint8_t *data;
    uint32_t len;
    uint8_t venue, product, keys;
    uint32_t channel;        /* enum mr_channel bit; 0 none of ours */
    uint64_t key[2];
    struct mr_span symbol;   /* empty: many */
    struct mr_span name;     /* of stream or topic within the text: replaced by the subscriber's own; empty: none */
    struct mr_span inner;    /* Binance: what stands inside the wrapper */
};

struct mr_speaker;
struct mr_talk;
struct mr_talk_host {
    void (*say)(void *arg, const char *text, size_t len);
    bool (*knows)(void *arg, uint8_t venue, uint8_t product, struct mr_span symbol);
    /* The subscription is new: what the venue sends first (a book's or ticker's image). */
    void (*image)(void *arg, const struct mr_talk_sub *sub);
};

struct mr_talk {
    const struct mr_speaker *speaker;
    const struct mr_talk_rule *rule;
    const struct mr_talk_host *host;
    void *arg;
    struct mr_talk_place place;
    struct mr_talk_sub *subs; /* MR_TALK_SUBS_MAX */
    uint32_t sub_count, id;   /* id: the connection's, shown in acks */
    uint32_t window_count, hour_count;
    int64_t opened_ns, window_ns, hour_ns;
    int64_t heard_ns, sent_ns; /* the last message each way */
    int64_t greeted_ns;        /* the last ping in the venue's words, or the opening */
    int64_t pinged_ns;         /* a WebSocket ping that waits for its pong; 0 none */
    int64_t next_ping_ns;
    uint16_t close_code;       /* set: to be closed, for this reason */
    const char *close_why;
};

struct mr_talk_rule {
    const char *product;
    uint32_t messages_per_s;   /* client messages; 0 no limit */
    int64_t ping_ns, pong_ns;  /* server pings of RFC 6455, and how long a pong may take; 0 none */
};

struct mr_speaker {
    const char *venue;
    /* Is this host and path mine? host may be empty or an address: then the path alone decides. */
    bool (*place)(struct mr_span host, struct mr_span path, struct mr_talk_place *out);
    void (*open)(struct mr_talk *talk); /* NULL, or: streams named in the path */
    void (*take)(struct mr_talk *talk, struct mr_span text);
    /* Fills keys, channel, symbol, name, inner of a message of the stream; false: a control message, or of a kind nobody can subscribe to. */
    bool (*address)(struct mr_letter *letter);
    struct mr_talk_rule rules[3]; /* one a product */
    int64_t
        quiet_ns; /* cut when neither side has said anything (OKX: no push; Hyperliquid: nothing sent) for so long; 0 never */
    int64_t ping_wanted_ns; /* cut when the client has not pinged in the venue's words for so long; 0 never */
};

const struct mr_speaker *mr_speaker_of(uint8_t venue);
/* The product a request is for: by host name, by a prefix /VENUE/PRODUCT (which `path` then loses), or by the path alone. */
bool mr_talk_place(struct mr_span host, struct mr_span *path, struct mr_talk_place *out);

void mr_talk_open(struct mr_talk *talk, const struct mr_talk_place *place, const struct mr_talk_host *host, void *arg,
                  struct mr_talk_sub *subs, uint32_t id, int64_t now_ns);
void mr_talk_take(struct mr_talk *talk, struct mr_span text, int64_t now_ns); /* a text message of the client's */
void mr_talk_control(struct mr_talk *talk, bool pong, int64_t now_ns);       /* a ping or pong frame of the client's */
/* Deadlines and limits of time. true: a ping frame is due now. */
bool mr_talk_tick(struct mr_talk *talk, int64_t now_ns);
const struct mr_talk_sub *mr_talk_find(const struct mr_talk *talk, const struct mr_letter *letter);

/* ---- for the speakers ---- */
uint64_t mr_talk_key(const char *kind,
                     struct mr_span symbol); /* same kind and symbol, same key; symbols compare without case */
/* The same subscription, or NULL. */
struct mr_talk_sub *mr_talk_sub(struct mr_talk *talk, struct mr_span name);
struct mr_talk_sub *mr_talk_add(struct mr_talk *talk, struct mr_span name, uint64_t key, uint32_t channel,
                                struct mr_span symbol); /* NULL: full */
bool mr_talk_remove(struct mr_talk *talk, struct mr_span name);
void mr_talk_say(struct mr_talk *talk, const struct mr_text *text);
void mr_talk_close(struct mr_talk *talk, uint16_t code, const char *why);
uint8_t mr_talk_product(const char *venue, const char *product); /* its row */
struct mr_span mr_span_cut(struct mr_span s, char at, struct mr_span *rest); /* up to `at`; rest behind it, or empty */
bool mr_span_starts(struct mr_span s, const char *with);
bool mr_span_same(struct mr_span a, struct mr_span b);
struct mr_span mr_span_from(struct mr_span s, uint32_t at);

extern const struct mr_speaker mr_speaker_binance, mr_speaker_bybit, mr_speaker_okx, mr_speaker_hyperliquid,
    mr_speaker_kucoin, mr_speaker_mexc, mr_speaker_polymarket;

/* KuCoin: what a token request is answered with, and the sockets take for a day. */
void mr_kucoin_token_write(struct mr_text *t, uint8_t product, int64_t now_ns);

#endif
