/* The aux tile: what a feed needs beside its stream and must never wait for: DNS, REST bodies (snapshots, instrument
 * lists, polled open interest). libcurl's multi interface on a thread that sleeps; requests come by a byte ring and go back by one.
 *
 *     feed tile --mr_aux_request--> requests ring --> aux tile --> answers ring --mr_aux_answer--> feed tile
 *
 * Each request gets exactly one answer. Requests are bounded (MR_AUX_CALLS_MAX taken at once, then they stay in their ring; `inflight_max` under way
 * or not yet given back), kept to each host's limit by a token bucket (limits hold in any 60 s, the burst included), retried never: the asker asks
 * again. HTTP 418 and 429 stop the host's bucket for Retry-After. A request that would have to wait for its host longer than
 * MR_AUX_HELD_S is answered MR_E_AGAIN at once. A body larger than a ring record comes in parts; answers that find their ring full wait here.
 *
 * HTTPS only, HTTP/1.1, TLS 1.2 and later, chain and host name checked; no redirects, no proxies of the environment, no compression.
 * Names are looked up on MR_AUX_LOOKUP_THREADS helper threads, kept for cache_s, and serve beyond that while the name servers are out.
 *
 * Thread  the aux tile's own, PARK: while transfers are under way a step sleeps in poll for up to 1 ms.
 * Memory  rings in the workspace; bodies bounded by body_max, allocated by aux only. */
#ifndef MR_AUX_AUX_H
#define MR_AUX_AUX_H

#include "dataplane/metrics/metrics.h"
#include "dataplane/ring/bytes.h"
#include "dataplane/source/source.h"
#include "dataplane/tile/tile.h"

#define MR_AUX_CALLS_MAX 256
#define MR_AUX_ADDRESSES_MAX 8
#define MR_AUX_TEXT_MAX 2048        /* a host or a URL, with its NUL */
#define MR_AUX_POST_MAX (32u << 10) /* a POST body, with its NUL */
#define MR_AUX_HELD_S 60            /* the longest wait for a host's limit */
#define MR_AUX_LOOKUP_THREADS 2
#define MR_AUX_ERROR_BODY 4096 /* of a body that came with an HTTP status other than 200 */

enum mr_aux_kind { MR_AUX_RESOLVE = 1, MR_AUX_GET };
struct mr_aux_request { /* then the text: host, or URL, NUL, POST body (may be empty), NUL */
    uint8_t kind;
    uint8_t venue, product, purpose; /* enum mr_url_kind */
    uint16_t connection;
    uint16_t port;
    uint32_t instrument;
    uint32_t weight; /* of the host's limit; 0: 1 */
    uint64_t id;
};
/* Then addresses (struct mr_address), the host or URL, NUL, why, NUL, and this part of the body. */
struct mr_aux_answer {
    struct mr_aux_request request;
    int32_t status; /* as mr_aux_reply says */
    uint32_t http;
    int64_t recv_ns;
    uint32_t body_bytes, part_at, part_bytes;
    uint32_t addresses;
};

/* clang-format off */
#define MR_AUX_METRICS(COUNTER, GAUGE, HIST)                                                     \
    COUNTER(requests,  "requests", "taken from feed tiles")                                      \
    COUNTER(answers,   "answers",  "given back, good or bad")                                    \
    COUNTER(failed,    "answers",  "no connection, HTTP errors, time-outs, bodies too big")      \
    COUNTER(limited,   "requests", "held back to keep a host's limit")                           \
    COUNTER(stopped,   "times",    "a host said 418 or 429: no requests to it for its Retry-After") \
    COUNTER(cached,    "answers",  "names answered from the cache")                              \
    COUNTER(stale,     "answers",  "names answered from the cache beyond their time: name servers failed") \
    COUNTER(bytes,     "bytes",    "of bodies")                                                  \
    COUNTER(blocked,   "answers",  "that found their ring full and waited")                      \
    GAUGE  (inflight,  "requests", "under way now")                                              \
    HIST   (answer_ns, "ns",       "from request to answer")
/* clang-format on */
MR_METRICS_DECLARE(mr_aux, MR_AUX_METRICS);

struct mr_aux_link {
    void *requests;
    size_t requests_bytes;
    void *answers;
    size_t answers_bytes;
}; /* byte rings: one pair a feed tile */
struct mr_aux_limit {
    const char *host;
    uint32_t most, window_s; /* weight in so many seconds [60]; 0: no limit */
    struct mr_budget *kept;  /* where its budget lies, with what an earlier run took; NULL: in the tile */
};
/* F-25: fixed addresses. port 0: whatever the port; address.port 0: the port asked for. */
struct mr_aux_override {
    const char *host;
    uint16_t port;
    struct mr_address address;
};
/* Looks a name up, on a helper thread; may block. How many addresses (port 0), or below zero with `why`. */
typedef int mr_aux_lookup_fn(const char *host, struct mr_address *out, uint32_t max, char why[96]);
struct mr_aux_config {
    const struct mr_aux_link *links;
    uint32_t link_count;
    const struct mr_aux_limit *limits;
    uint32_t limit_count;
    const struct mr_aux_override *overrides;
    uint32_t override_count;
    const char *ca_file;      /* NULL or "": the system's */
    const char *crl_file;     /* NULL or "": none */
    uint32_t inflight_max;    /* [16] */
    uint32_t timeout_s;       /* of a look-up, and of a transfer [10] */
    uint32_t body_max;        /* [32 MiB] */
    uint32_t cache_s;         /* of names [60] */
    mr_aux_lookup_fn *lookup; /* NULL: getaddrinfo, IPv4 first */
    struct mr_aux_metrics *metrics;
};
/* All that the config points to outlives the tile. */
extern const struct mr_tile mr_aux_tile;

/* ---- feed tile's side ---- */

/* MR_OK; MR_E_FULL: no room in the ring; MR_E_TOO_BIG: text or post beyond the maximum. `post` NULL or "": GET. */
int mr_aux_ask(struct mr_ring_writer *requests, const struct mr_aux_request *request, const char *text,
               const char *post);

/* status  MR_OK         addresses, or a body that came with HTTP 200
 *         MR_E_IO       no connection, a certificate that does not hold, broken off, timed out (`why` says it)
 *         MR_E_MALFORMED  what came is not HTTP
 *         MR_E_INVALID  HTTP status not 200 (in `http`; `body` has its first MR_AUX_ERROR_BODY bytes); or a URL that is none
 *         MR_E_MISSING  no such name
 *         MR_E_TOO_BIG  a body beyond body_max, or beyond the inbox's
 *         MR_E_AGAIN    its host's limit leaves no room in the next MR_AUX_HELD_S; not sent
 *         MR_E_FULL     too many names at once; not looked up
 *         MR_E_NOMEM    no memory for it; not sent */
struct mr_aux_reply {
    struct mr_aux_answer head;
    struct mr_span url, body;
    const struct mr_address *addresses;
    const char *why;
};
struct mr_aux_inbox {
    struct mr_ring_reader *answers;
    uint8_t *body;
    uint32_t body_max, have;
    bool held;
};
/* True and a whole answer; parts are joined in `body`, body_max bytes of the feed tile's. Good until the next call.
 * False: none yet, or the ring holds what cannot be (answers->status is MR_E_CORRUPT). */
bool mr_aux_take(struct mr_aux_inbox *inbox, struct mr_aux_reply *out);

#endif
