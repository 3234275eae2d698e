/* Shared by the files of this folder. */
#ifndef MR_EXCHANGE_REMOTE_PRIV_H
#define MR_EXCHANGE_REMOTE_PRIV_H

#include "codecs/http/http.h"
#include "codecs/ws/ws.h"
#include "controlplane/exchange/remote/remote.h"
#include "controlplane/exchange/remote/wire.h"
#include "dataplane/budget/budget.h"
#include "dataplane/clock/clock.h"
#include "dataplane/source/source.h"
#include "dataplane/tls/tls.h"

#define SECOND 1000000000ll
#define ADDRESSES 8
#define ROUND_PIECES 16
#define LINES (MR_REMOTE_LINES + 1) /* the last is the stream's */
#define STREAM MR_REMOTE_LINES
#define HEARD 16384   /* answers; a power of two above all that one list of the paper exchange holds */
#define RESERVED 1024 /* of them, for what the driver says itself: a few a line, one a request that waits */
#define MESSAGE_MAX (64u << 10)

enum line_state { LINE_DOWN, LINE_DIAL, LINE_TLS, LINE_UPGRADE, LINE_OPEN };

/* What a request's answers need of it. */
struct asked {
    uint64_t number, order;
    uint32_t instrument;
    uint8_t kind;
};
struct line {
    struct mr_remote *r;
    struct mr_tls *tls;
    uint8_t *in;
    uint32_t in_bytes, in_len;
    uint16_t number; /* in the source */
    uint8_t state;
    uint32_t failures, address;
    int64_t since_ns, next_ns, byte_ns, ping_ns;
    bool connected;  /* the source has it */
    bool busy;       /* `asked` is under way here */
    bool left, part; /* its bytes are all with the kernel; some are */
    struct asked asked;
    int64_t asked_ns;
};
struct waiting {
    struct mr_request request;
    int64_t since_ns;
};
struct mr_remote {
    struct mr_remote_config config;
    char host[256], hostport[272], why[256];
    uint16_t port;
    struct mr_address addresses[ADDRESSES];
    uint32_t address_count;
    struct mr_clock clock;
    struct mr_source source;
    void *source_mem;
    struct mr_tls_context *tls;
    struct mr_budget dials;
    struct line line[LINES];
    struct mr_ws ws; /* of the stream */
    uint8_t *assembly;
    char ws_key[MR_WS_KEY_TEXT];
    bool stream_up;
    struct waiting *queue; /* MR_REMOTE_QUEUE, a ring */
    uint32_t queue_first, queue_count;
    struct mr_answer *heard; /* HEARD, a ring */
    uint32_t heard_head, heard_tail;
    bool heard_full; /* while a message was read */
    uint64_t random, turn;
    int64_t now, wall; /* of the call under way: monotone; since 1970 */
    struct mr_remote_counts n;
};

/* line.c: one connection, from dial to plaintext */
void line_tick(struct line *l);
void line_piece(struct line *l, const struct mr_piece *piece);
bool line_write(struct line *l, const void *data, uint32_t len); /* false: no room; nothing was taken */
void line_flush(struct line *l);
void line_end(struct line *l, const char *why);

/* remote.c: what lines bring */
void remote_opened(struct line *l);  /* TLS is there */
void remote_bytes(struct line *l);   /* plaintext was added to l->in */
void remote_ended(struct line *l);   /* before its state is forgotten */
void remote_written(struct line *l); /* all that was queued is with the kernel */

/* remote_http.c: requests and their answers */
bool remote_sign(struct mr_remote *r, const char *method, const char *path, struct mr_span body, struct mr_text *head);
int remote_ask(struct line *l,
               const struct mr_request *request); /* MR_OK; MR_E_SYMBOL, MR_E_FULL: nothing was written */
void remote_response(struct line *l, const struct mr_http_head *head, struct mr_span body);
/* The stream was not opened: told with the reason, where that is what we are. MR_E_AGAIN: the answer is not whole yet. Without a stream nothing else is
 * asked that could be refused. */
int remote_unwelcome(struct line *l);
void remote_say(struct mr_remote *r, uint8_t kind, const struct asked *about);
bool remote_read(struct line *l, struct mr_span body); /* all of it is heard, or nothing and false */

#endif
