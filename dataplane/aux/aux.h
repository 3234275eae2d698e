/* The aux tile: what a feed needs beside its stream and must never wait for: DNS, REST bodies (snapshots, instrument
 * lists, polled open interest). libcurl's multi interface on a thread that sleeps; requests come by a byte ring and go back by one.
 *
 *     feed tile --mr_aux_request--> requests ring --> aux tile --> answers ring --mr_aux_answer--> feed tile
 *
 * Requests are bounded (one ring, `inflight_max`), kept to each host's limit by a token bucket, retried never: the asker asks again. A body larger than a
 * ring record comes in parts. HTTP 418 and 429 stop the host's bucket for Retry-After.
 *
 * Thread  the aux tile's own, PARK.   Memory  rings in the workspace; bodies bounded by body_max, allocated by aux only. */
#ifndef MR_AUX_AUX_H
#define MR_AUX_AUX_H

#include "dataplane/metrics/metrics.h"
#include "dataplane/ring/bytes.h"
#include "dataplane/source/source.h"
#include "dataplane/tile/tile.h"

enum mr_aux_kind { MR_AUX_RESOLVE = 1, MR_AUX_GET };
struct mr_aux_request {         /* then the text: host, or URL, NUL, POST body (may be empty), NUL */
    uint8_t kind; uint8_t venue, product, purpose; /* enum mr_url_kind */
    uint16_t connection; uint16_t port; uint32_t instrument; uint64_t id;
};
struct mr_aux_answer {          /* then addresses (struct mr_address), or the URL, NUL, and this part of the body */
    struct mr_aux_request request;
    int32_t status;             /* MR_OK; MR_E_IO: no connection (text: why); MR_E_INVALID: HTTP status not 200; MR_E_TOO_BIG */
    uint32_t http; int64_t recv_ns; uint32_t body_bytes, part_at, part_bytes; uint32_t addresses;
};

#define MR_AUX_METRICS(COUNTER, GAUGE, HIST)                                                     \
    COUNTER(requests,  "requests", "taken from feed tiles")                                      \
    COUNTER(answers,   "answers",  "given back, good or bad")                                    \
    COUNTER(failed,    "answers",  "no connection, HTTP errors, time-outs, bodies too big")      \
    COUNTER(limited,   "requests", "held back to keep a host's limit")                           \
    COUNTER(cached,    "answers",  "names answered from the cache")                              \
    COUNTER(bytes,     "bytes",    "of bodies")                                                  \
    GAUGE  (inflight,  "requests", "under way now")                                              \
    HIST   (answer_ns, "ns",       "from request to answer")
MR_METRICS_DECLARE(mr_aux, MR_AUX_METRICS);

struct mr_aux_link { void *requests; size_t requests_bytes; void *answers; size_t answers_bytes; }; /* byte rings: one pair a feed tile */
struct mr_aux_limit { const char *host; uint32_t per_minute; };
struct mr_aux_override { const char *host; uint16_t port; struct mr_address address; }; /* F-25: fixed addresses */
struct mr_aux_config {
    const struct mr_aux_link *links; uint32_t link_count;
    const struct mr_aux_limit *limits; uint32_t limit_count;
    const struct mr_aux_override *overrides; uint32_t override_count;
    const char *ca_file;      /* NULL: the system's */
    uint32_t inflight_max;    /* [16] */
    uint32_t timeout_s;       /* [10] */
    uint32_t body_max;        /* [32 MiB] */
    uint32_t cache_s;         /* of names [60] */
    struct mr_aux_metrics *metrics;
};
extern const struct mr_tile mr_aux_tile;

/* Feed tile's side. request: MR_OK or MR_E_FULL. answer: true and a whole answer (parts joined in `body`, body_max bytes of the feed tile's). */
int mr_aux_ask(struct mr_ring_writer *requests, const struct mr_aux_request *request, const char *text, const char *post);
struct mr_aux_reply { struct mr_aux_answer head; struct mr_span url, body; const struct mr_address *addresses; const char *why; };
struct mr_aux_inbox { struct mr_ring_reader *answers; uint8_t *body; uint32_t body_max, have; };
bool mr_aux_take(struct mr_aux_inbox *inbox, struct mr_aux_reply *out); /* good until the next call */

#endif
