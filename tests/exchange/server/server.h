/* The simulated exchange: four venues' market data over TLS WebSockets and REST on one port of the loopback, with faults on command.
 *
 * `millrace exchange` is this with options; tests run it on a thread of their own process. Which venue a connection means is told by
 * the Host header (the venues' real names with their real paths), by a prefix /VENUE/PRODUCT, or by the path alone.
 *
 *     mr_exchange_open(&x, &config, &err); mr_exchange_start(x, &err);   port, CA file: mr_exchange_port, mr_exchange_ca
 *     mr_exchange_fault(x, &(struct mr_exchange_fault){.kind = MR_FAULT_GAP, ...}, &err);
 *     mr_exchange_pause(x, true); mr_exchange_book(x, "binance:usdm", "BTCUSDT", 20, &book);  compare; mr_exchange_pause(x, false);
 *     mr_exchange_stop(x); mr_exchange_close(x);
 *
 * On the same port: GET /exchange/stats, GET /exchange/book?product=binance:usdm&symbol=BTCUSDT[&levels=N], POST /exchange/fault {"fault":...},
 * POST /exchange/pause, POST /exchange/resume; GET /exchange/account: counts, and every order that the account remembers.
 *
 * Thread  start makes one, which owns everything; functions with a running exchange may be called from any thread.
 * Memory  malloc; bounded by connections_max * (queue_bytes + 200 KiB).
 * Errors  what clients do wrong is answered as the venue would and counted; a client that reads too slowly is cut and counted. */
#ifndef MR_EXCHANGE_SERVER_H
#define MR_EXCHANGE_SERVER_H

#include "tests/exchange/server/tape.h"

/* disconnect   the connections end without a word              silence      nothing is said for `seconds`; with a symbol, nothing of it
 * gap          the next `count` messages are not sent          duplicate    the next `count` are sent twice
 * reorder      the next `count` change places with the one after   garbage  `count` frames that are not JSON
 * half_frame   half a frame, then the end                      restart      all connections end, numbers begin anew, and for `seconds`
 *                                                                           no connection is taken
 * close        a close frame, 1012                             planned      the venue's notice, then a close frame
 * reset        part of a TLS record, then RST                  oversize     a frame that says it is 64 MiB long
 * checksum     the next `count` checksums (OKX's) are wrong    drip         a few octets at a time for `seconds`
 * stall        not an octet leaves for `seconds`, then all that was said
 * For `seconds`:
 * certificate  all connections end; who dials is shown one of an authority that nobody knows
 * token        upgrades are refused, in the venue's words where it has tokens      limit     REST and upgrades: 429
 * unavailable  REST: 503                                       timeout      REST: no answer, then the end
 * stale        snapshots and images are a thousand messages old                    unknown   subscribing to the symbol is refused */
/* clang-format off */
#define MR_FAULTS(X)              \
    X(DISCONNECT,  "disconnect")  \
    X(SILENCE,     "silence")     \
    X(GAP,         "gap")         \
    X(DUPLICATE,   "duplicate")   \
    X(REORDER,     "reorder")     \
    X(GARBAGE,     "garbage")     \
    X(HALF_FRAME,  "half_frame")  \
    X(RESTART,     "restart")     \
    X(CLOSE,       "close")       \
    X(PLANNED,     "planned")     \
    X(RESET,       "reset")       \
    X(OVERSIZE,    "oversize")    \
    X(CHECKSUM,    "checksum")    \
    X(DRIP,        "drip")        \
    X(STALL,       "stall")       \
    X(CERTIFICATE, "certificate") \
    X(TOKEN,       "token")       \
    X(LIMIT,       "limit")       \
    X(UNAVAILABLE, "unavailable") \
    X(TIMEOUT,     "timeout")     \
    X(STALE,       "stale")       \
    X(UNKNOWN,     "unknown")
/* clang-format on */
enum mr_fault_kind {
#define MR_X(id, name) MR_FAULT_##id,
    MR_FAULTS(MR_X)
#undef MR_X
        MR_FAULT_KINDS
};
const char *mr_fault_name(enum mr_fault_kind kind);

struct mr_exchange_fault {
    uint8_t kind;
    char product[40]; /* "binance:usdm"; "": all */
    char symbol[96];  /* "": all of the product */
    uint32_t
        channel; /* enum mr_channel bits of gap, duplicate, reorder, silence of a symbol; 0: the book (silence: all) */
    uint32_t count; /* [1] */
    uint32_t
        connections; /* of what concerns connections, and of gap, drip, stall and silence: so many, the oldest first; 0: all */
    uint32_t spared; /* of `connections`: so many of the oldest are left alone */
    double seconds;  /* of those that last: silence [10], the others [2] */
    double after_s, every_s; /* first so long after the start, then again and again; 0: now, and once */
};
/* "gap,product=binance:usdm,symbol=BTCUSDT,count=3,after=5,every=30", or the same as a JSON object with "fault":"gap". MR_OK, MR_E_INVALID. */
int mr_exchange_fault_parse(const char *text, struct mr_exchange_fault *out, struct mr_err *err);

/* clang-format off */
#define MR_EXCHANGE_STATS(X)                                                      \
    X(accepted,      "connections taken")                                         \
    X(refused,       "connections not taken: as many as allowed are open")        \
    X(tls_failed,    "connections that ended in their handshake")                 \
    X(upgrades,      "WebSocket connections begun")                               \
    X(requests,      "REST requests answered")                                    \
    X(bad_requests,  "HTTP requests refused: not understood, too big, no such place")\
    X(connections,   "open now")                                                  \
    X(sockets,       "WebSocket connections now")                                 \
    X(subscriptions, "subscriptions now")                                         \
    X(limited,       "REST requests refused with 429")                            \
    X(heard,         "client messages")                                           \
    X(said,          "acks, errors, pongs, images")                               \
    X(pings,         "pings sent")                                                \
    X(messages,      "messages of the market or recording that came due")         \
    X(delivered,     "copies of them sent to subscribers")                        \
    X(frames,        "text messages of any kind queued for clients")              \
    X(unsent,        "frames that lay in the queue of a connection when it ended") \
    X(unacked,       "frames, at most, that its peer's system had not acknowledged then") \
    X(bytes,         "bytes queued for clients, before TLS")                      \
    X(slow_cut,      "connections cut: their queue was full")                     \
    X(rule_cut,      "connections closed by a venue's rule: limits, deadlines, unknown coins")\
    X(protocol_cut,  "connections closed: WebSocket rules broken by the client")  \
    X(skipped,       "messages a gap left out")                                   \
    X(muted,         "messages a silence left out")                               \
    X(doubled,       "messages sent twice")                                       \
    X(swapped,       "messages that changed places")                              \
    X(stood_ms,      "milliseconds that a patient exchange's market stood still") \
    X(spoilt,        "messages sent with a wrong checksum")                       \
    X(turned_away,   "upgrades and REST requests refused or left unanswered by a fault")\
    X(aged,          "snapshots and images that were too old")                    \
    X(loops,         "times a recording began again")                             \
    X(asked,         "signed requests to the account that were carried out")      \
    X(distrusted,    "requests to the account refused: key, signature or time")   \
    X(told,          "messages sent on the account's private streams")
/* clang-format on */
struct mr_exchange_stats {
#define MR_X(name, what) uint64_t name;
    MR_EXCHANGE_STATS(MR_X)
#undef MR_X
    uint64_t faults[MR_FAULT_KINDS];
    uint64_t by_venue[MR_VENUE_ID_MAX + 1]; /* delivered */
};

struct mr_exchange_config {
    const char *address;      /* [127.0.0.1] */
    uint16_t port;            /* 0: the system chooses */
    const char *certs;        /* folder */
    const char *names;        /* of the certificate; NULL: certs.h */
    uint32_t connections_max; /* [256] */
    uint32_t queue_bytes;     /* a connection's output [4 MiB] */
    bool
        patient; /* the market stands still while a client's queue is a quarter full or it is late itself: nobody is cut */
    double life_s;            /* the venues close WebSocket connections after so long, with notice; 0: never */
    uint32_t rest_per_minute; /* REST requests a venue takes; beyond: 429. 0: no limit */
    struct mr_tape_config tape;
    const struct mr_exchange_fault *faults;
    uint32_t fault_count;
    /* An account of the paper exchange (controlplane/exchange/paper), fed by the tape: POST /account/..., GET /account/stream, as
     * controlplane/exchange/remote/wire.h says. Whatever is traded in it, the market does not move. */
    const char *account; /* a credentials file with an entry of the venue "paper"; NULL: there is no account */
    uint32_t cash;       /* that it begins with [10000] */
    int64_t latency_ns;  /* each way, and up to half of it more by chance */
};

struct mr_exchange;
int mr_exchange_open(struct mr_exchange **x, const struct mr_exchange_config *config, struct mr_err *err);
/* On this thread (which ignores SIGPIPE), until stop, or for so long (0: no end). */
int mr_exchange_run(struct mr_exchange *x, double seconds, struct mr_err *err);
int mr_exchange_start(struct mr_exchange *x, struct mr_err *err); /* on a thread of its own */
void mr_exchange_stop(
    struct mr_exchange
        *x); /* any thread, also a signal handler; start's thread has ended when this returns to another thread */
void mr_exchange_close(struct mr_exchange *x);

uint16_t mr_exchange_port(const struct mr_exchange *x);
const char *mr_exchange_ca(const struct mr_exchange *x);
int mr_exchange_fault(struct mr_exchange *x, const struct mr_exchange_fault *fault, struct mr_err *err);
void mr_exchange_pause(struct mr_exchange *x, bool paused); /* the market stands still; connections live */
int mr_exchange_book(struct mr_exchange *x, const char *product, const char *symbol, uint32_t levels,
                     struct mr_truth *out, struct mr_err *err);
void mr_exchange_stats(struct mr_exchange *x, struct mr_exchange_stats *out);

/* What the exchange says, as it is said: each message of a stream that somebody subscribed to, once, however many get it and whatever faults make of
 * it; and each message that one subscription begins with. On the exchange's thread, which must not be called from there. */
struct mr_exchange_said {
    uint8_t venue, product;
    bool beginning;
    const uint8_t *data; /* until the function returns */
    uint32_t len;
};
typedef void mr_exchange_said_fn(void *arg, const struct mr_exchange_said *said);
void mr_exchange_tap(struct mr_exchange *x, mr_exchange_said_fn *said, void *arg); /* NULL: no more */
void mr_exchange_stats_json(const struct mr_exchange_stats *stats, struct mr_text *out);

#endif
