/* A session on a virtual clock against a scripted venue: the source is memory, its far end an OpenSSL server with our own
 * WebSocket reader behind it. */
#ifndef MR_TESTS_SESSION_RIG_H
#define MR_TESTS_SESSION_RIG_H

#include "codecs/http/http.h"
#include "codecs/ws/ws.h"
#include "dataplane/session/session.h"
#include "tests/dataplane/tls/peer.h"
#include "tests/support/support.h"

#define RIG_MS 1000000ll
#define RIG_HOST "api.example"

/* What a venue answers to a client's text; ends with an empty row. `ack` and `data` may be NULL. */
struct rig_line {
    const char *heard, *ack, *data;
};
/* What a venue is, and what one healthy session with it is. */
struct rig_venue {
    const char *product;
    uint32_t route; /* index */
    const struct mr_stream *streams;
    uint32_t stream_count;
    const struct rig_line *lines;
    const char *message; /* one of market data, and the channel and symbol it proves */
    uint32_t channel;
    const char *symbol;
};
/* Healthy sessions of all four venues. */
extern const struct rig_venue rig_venues[];
extern const uint32_t rig_venue_count;

enum rig_trust { RIG_GOOD, RIG_OTHER_NAME, RIG_STRANGER, RIG_EXPIRED, RIG_CERTIFICATES };

struct rig {
    /* the world: set before, or while it runs */
    uint32_t refuse, hang_connect, hang_tls, hang_upgrade; /* so many connections in a row */
    bool no_acks, no_data, no_pongs, keep_open;            /* keep_open: close frames are not answered */
    const char *upgrade_answer;  /* in place of 101; the octet 1 in it stands for the Accept */
    uint32_t upgrade_answer_len; /* 0: to its NUL */
    enum rig_trust trust;
    uint32_t take;    /* bytes the peer takes a millisecond; 0: all */
    bool broken;      /* sending fails: the source will say why */
    bool blocked;     /* ... none */
    uint32_t tick_ms; /* time moves by so much at once; 0: a millisecond */
    uint32_t split;   /* received pieces are at most so long; 0: any; UINT32_MAX: random */
    bool defer_resolve;
    const char *token_answer; /* what the venue says to a token request; NULL: nothing comes back */
    const char *want_path;    /* the upgrade asks for it; NULL: the route's */
    const char *greeting;     /* said as soon as the connection is upgraded */
    struct mr_address addresses[3];
    uint32_t address_count;
    const struct rig_line *lines;

    /* what happened */
    char states[4096], why[256], heard[65536]; /* texts, one a line */
    int64_t dialled_ns[256], heard_ns[4096];
    struct mr_address dialled[256];
    uint32_t dials, heard_count, resolves, tokens, delivered, server_pings, server_pongs, closes_heard, mutes, unmutes;
    uint16_t close_code;
    uint8_t pong[125];
    uint32_t pong_len;
    uint64_t delivered_hash;
    char keys[8][MR_WS_KEY_TEXT];
    uint8_t masks[1 << 14][4];
    uint32_t mask_count;

    /* the machinery */
    const struct rig_venue *venue;
    struct mr_session *session;
    struct mr_session_metrics *metrics;
    struct mr_session_config config;
    struct mr_route route;
    struct mr_source source;
    struct mr_tls_context *tls;
    struct mr_decoder dec;
    struct mr_instruments *table;
    union mr_slot *out;
    void *state;
    struct mr_random random;
    int64_t now_ns;
    bool connected, upgraded, shook, opened_due, closed_due;
    const char *closed_name;
    struct mr_peer peer;
    struct mr_ws ws;
    uint8_t *assembly, *got, *wire;
    uint32_t got_len, wire_len, taken;
    int (*on_deliver)(struct rig *rig, const struct mr_frame *frame); /* in place of decoding; may be NULL */
    void (*on_heard)(struct rig *rig, const char *text);              /* in place of the lines; may be NULL */
};

/* `change` may alter the config and the route before the session is made; NULL. */
struct rig *rig_open(const struct rig_venue *venue, void (*change)(struct rig *rig));
void rig_close(struct rig *rig);

void rig_run(struct rig *rig, uint32_t ms);
/* Until the session is in that state: how many ms it took; fails the test after `most`. */
uint32_t rig_until(struct rig *rig, enum mr_session_state state, uint32_t most_ms);
void rig_to_live(struct rig *rig);
/* The data of the venue's lines, again, each ms milliseconds: keeps a session live. */
void rig_run_with_data(struct rig *rig, uint32_t ms, uint32_t each_ms);

void rig_say(struct rig *rig, const char *text);
void rig_say_frame(struct rig *rig, uint8_t opcode, bool fin, const void *data, uint32_t len);
void rig_say_plain(struct rig *rig, const void *data, uint32_t len); /* into TLS */
void rig_say_wire(struct rig *rig, const void *data, uint32_t len);  /* beside TLS */
void rig_say_close(struct rig *rig, uint16_t code, const char *reason);
void rig_hang_up(struct rig *rig, const char *name); /* the connection ends, without a word */

const char *rig_heard_last(const struct rig *rig);
uint32_t rig_heard(const struct rig *rig, const char *text); /* how often */

#endif
