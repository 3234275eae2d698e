#ifndef MR_EXCHANGE_SERVER_PRIV_H
#define MR_EXCHANGE_SERVER_PRIV_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "codecs/http/http.h"
#include "codecs/ws/ws.h"
#include "tests/exchange/server/certs.h"
#include "tests/exchange/server/server.h"
#include "tests/exchange/server/speak.h"

#define SECOND 1000000000ll
#define IN_BYTES (128u << 10) /* what a client may have under way: a request and its body, a message */
#define MESSAGE_MAX (64u << 10)
#define BODY_BYTES (2u << 20)
#define FAULTS_MAX 64
#define FAULT_CONNECTIONS 4
#define PARTS_MAX 5

enum conn_state { CONN_FREE, CONN_TLS, CONN_HTTP, CONN_SOCKET, CONN_LAST /* what is queued, then the end */ };

struct conn {
    struct mr_exchange *x;
    int fd;
    uint32_t id, open_idx;
    uint8_t state;
    bool wants_out; /* epoll is told so */
    bool dirty;     /* there is something to flush */
    bool more;      /* OpenSSL may hold more than was read in one turn */
    SSL *ssl;
    int64_t since_ns; /* of the state */
    int64_t dripped_ns;
    bool hung;           /* a request that gets no answer */
    bool private_stream; /* SOCKET: of the account, no venue's */
    bool waits_last;     /* the request that waits is the last here */
    uint64_t waits;      /* for the account's answer to this request; 0 none */
    uint8_t *in, *out, *assembly;
    uint32_t in_len, head, tail;
    uint32_t queued, mark; /* frames not wholly given to TLS; where in `out` the first of them ends */
    uint32_t least_bytes;  /* of a text frame */
    struct mr_talk_sub *subs;
    struct mr_ws ws;
    struct mr_talk talk;
};

/* A fault that is at work, or will be. */
struct fault {
    struct mr_exchange_fault what;
    uint8_t venue, product; /* venue 0: all */
    bool used;
    uint32_t left; /* messages still to hit */
    uint32_t only[FAULT_CONNECTIONS],
        only_count;   /* ids of the connections that a gap, a drip, a silence is for; none: all */
    int64_t due_ns;   /* 0: at work */
    int64_t until_ns; /* of a silence */
    uint8_t *held;    /* reorder: the message that waits for the next */
    uint32_t held_len;
    uint64_t held_key;
};

struct mr_exchange {
    struct mr_exchange_config config;
    char address[64];
    struct mr_certs certs;
    struct sockaddr_storage at;
    socklen_t at_len;
    uint16_t port;           /* fixed from the first listen on */
    SSL_CTX *tls, *stranger; /* stranger: with a certificate of another authority, made when it is wanted */
    int listener, epoll, wake;
    pthread_mutex_t lock;
    atomic_uint waiting; /* callers who want the lock */
    atomic_bool stopping;
    pthread_t thread;
    bool threaded;
    struct conn *conns; /* connections_max */
    struct conn **
        open; /* those in use. Looked through from the end: what ends on the way is replaced by one that was seen already */
    uint32_t open_count, next_id;
    struct mr_tape *tape;
    struct mr_truth *truth; /* scratch */
    char *body;             /* scratch, BODY_BYTES */
    struct fault faults[FAULTS_MAX];
    int64_t now_ns, closed_until_ns, ticked_ns;
    int64_t played_ns, stood_ns; /* patient: the last round, and how long the tape has stood still */
    bool late;                   /* the last round left something that was due */
    int64_t rest_minute_ns;      /* REST requests of this minute, by venue */
    uint32_t rest_count[MR_VENUE_ID_MAX + 1];
    struct mr_exchange_stats stats;
    struct mr_account *account; /* NULL: none */
    mr_exchange_said_fn *said;  /* NULL: nobody wants to know */
    void *said_arg;
};

/* conn.c */
void mr_conn_take(struct mr_exchange *x, int fd);
void mr_conn_event(struct conn *c, uint32_t events);
void mr_conn_tick(struct conn *c);
void mr_conn_flush(struct conn *c);
void mr_conn_end(struct conn *c);                                                /* at once */
void mr_conn_last(struct conn *c);                                               /* after what is queued */
bool mr_conn_write(struct conn *c, const struct mr_span *parts, uint32_t count); /* false: it was cut */
bool mr_conn_frame(struct conn *c, uint8_t opcode, const struct mr_span *parts, uint32_t count);
void mr_conn_close(struct conn *c, uint16_t code, const char *why);
void mr_conn_half_frame(struct conn *c);
void mr_conn_oversize(struct conn *c);
void mr_conn_reset(struct conn *c);

/* request.c: HTTP */
struct request {
    struct mr_http_head head;
    struct mr_span host, path, query, body;
    bool last; /* Connection: close */
};
void mr_request_take(struct conn *c);
void mr_request_answer(struct conn *c, bool last, int status, struct mr_span body);
bool mr_request_limited(struct mr_exchange *x, uint8_t venue); /* counts it; venue 0: the account's */
/* The connection is a socket from now on: `head` is the 101. */
bool mr_request_upgrade(struct conn *c, struct mr_span head);

/* account.c: orders */
int mr_account_open(struct mr_exchange *x, struct mr_err *err);
void mr_account_close(struct mr_account *a);
void mr_account_request(struct conn *c, const struct request *r);
void mr_account_piece(struct mr_exchange *x, const struct mr_piece *piece); /* of the tape */
void mr_account_step(struct mr_exchange *x);                                /* once a round */
void mr_account_show(const struct mr_exchange *x, struct mr_text *t);       /* as JSON */

/* deliver.c: stream messages to subscribers, images, faults on the way */
extern const struct mr_talk_host mr_exchange_host;
void mr_deliver(struct mr_exchange *x, const struct mr_piece *piece);
void mr_deliver_image(struct conn *c, const struct mr_talk_sub *sub);

/* fault.c */
int mr_fault_begin(struct mr_exchange *x, const struct mr_exchange_fault *what, struct mr_err *err);
void mr_fault_tick(struct mr_exchange *x);
bool mr_fault_mutes(const struct mr_exchange *x, const struct conn *c); /* nothing may be said to it now */
/* One of this kind, which lasts, is at work on that product; venue 0: on any. */
bool mr_fault_lasts(const struct mr_exchange *x, enum mr_fault_kind kind, uint8_t venue, uint8_t product);
bool mr_fault_hides(const struct mr_exchange *x, uint8_t venue, uint8_t product, struct mr_span symbol);
/* A drip or a stall of this connection is at work. */
bool mr_fault_slows(const struct mr_exchange *x, enum mr_fault_kind kind, const struct conn *c);
/* This message does not go to this connection, though it may go to others. */
bool mr_fault_loses(struct mr_exchange *x, const struct conn *c, const struct mr_letter *letter);
/* Where the last digit of the message's checksum stands; 0: it has none that says anything. */
uint32_t mr_fault_checksum(const struct mr_letter *letter);
/* What becomes of a message: how many copies go out; `before`, `after`: sends the held one after this. */
struct fault_verdict {
    uint32_t copies;
    bool spoil; /* its checksum */
    struct fault *then;
};
struct fault_verdict mr_fault_judge(struct mr_exchange *x, const struct mr_letter *letter);

/* server.c */
int mr_exchange_listen(struct mr_exchange *x, struct mr_err *err);
int mr_exchange_stranger(struct mr_exchange *x, struct mr_err *err); /* makes x->stranger */
void mr_exchange_restart(struct mr_exchange *x, double seconds);
void mr_conn_notice(struct conn *c);            /* the venue's word before it closes, and the close */
void mr_exchange_notice(struct mr_exchange *x); /* to all */

#endif
