/* Shared between the files of the aux tile only. */
#ifndef MR_AUX_AUX_PRIV_H
#define MR_AUX_AUX_PRIV_H

#include <curl/curl.h>

#include "dataplane/aux/aux.h"
#include "dataplane/budget/budget.h"

#define HOST_BYTES 256
#define HOSTS_MAX 64
#define SECOND_NS 1000000000ll

/* ---- aux_limit.c: a host's token bucket ---- */
struct mr_aux_bucket {
    char host[HOST_BYTES];
    struct mr_budget *budget, own; /* most 0: no limit, only stops */
    uint32_t ahead;                /* of the tile: weight of the requests seen for it in this walk of the queue */
};
/* `kept`: as in mr_aux_limit. */
void mr_aux_bucket_init(struct mr_aux_bucket *b, const char *host, uint32_t most, uint32_t window_s,
                        struct mr_budget *kept);
bool mr_aux_bucket_take(struct mr_aux_bucket *b, uint32_t weight, int64_t now_ns);
/* How long until so much could have gone, if nobody else took any. */
int64_t mr_aux_bucket_wait_ns(const struct mr_aux_bucket *b, int64_t now_ns, uint32_t weight);
void mr_aux_bucket_stop(struct mr_aux_bucket *b, int64_t until_ns, int64_t now_ns);

/* ---- aux_names.c: addresses of names, looked up on helper threads, kept for a while ---- */
struct mr_aux_names;
int mr_aux_names_open(struct mr_aux_names **names, const struct mr_aux_config *config, void (*wake)(void *arg),
                      void *arg, struct mr_err *err);
void mr_aux_names_close(
    struct mr_aux_names *names); /* at once; a look-up that hangs is left behind and frees what it holds when it ends */
/* A ticket that poll and drop take, or -1: too many names at once. */
int mr_aux_names_ask(struct mr_aux_names *names, const char *host, int64_t now_ns);
/* How many addresses (the ticket is used up), MR_E_AGAIN, or why there are none (used up too). */
int mr_aux_names_poll(struct mr_aux_names *names, int ticket, int64_t now_ns, struct mr_address *out, char why[96]);
void mr_aux_names_drop(struct mr_aux_names *names, int ticket);
/* "1.2.3.4", "::1", "[::1]": needs no looking up. */
bool mr_aux_literal(const char *host, struct mr_address *out);

/* ---- calls ---- */
enum call_state { CALL_FREE, CALL_NAMES, CALL_HELD, CALL_BUSY, CALL_DONE };
struct call {
    struct call *next; /* in the list of its state: waiting, or a link's done */
    struct mr_aux_request request;
    uint8_t state;
    bool counted_limited, counted_blocked, counted_body, post_set;
    uint16_t link;
    int ticket;
    int64_t taken_ns, deadline_ns; /* deadline of the look-up */
    char *text;                    /* host or URL, NUL, POST body, NUL: allocated */
    char *post;
    char host[HOST_BYTES];
    uint16_t port;
    const struct mr_aux_override *override;
    struct mr_aux_bucket *bucket;
    struct mr_address addresses[MR_AUX_ADDRESSES_MAX];
    /* transfer */
    CURL *easy;
    CURLU *url;
    struct curl_slist *places, *headers;
    uint8_t *body;
    uint32_t body_len, body_room;
    bool too_big;
    char curl_why[CURL_ERROR_SIZE];
    /* answer */
    struct mr_aux_answer answer;
    char why[160];
};
struct call_list {
    struct call *first, **last;
};
struct link {
    struct mr_ring_reader requests;
    struct mr_ring_writer answers;
    struct call_list done;
};
struct aux {
    struct mr_aux_config config;
    struct mr_aux_names *names;
    CURLM *multi;
    struct link *links;
    struct call *calls;
    struct call_list waiting, idle; /* idle: free ones */
    uint32_t bodies;                /* calls in BUSY, or DONE with a body */
    uint32_t busy;                  /* calls in NAMES or BUSY: something may come from outside */
    uint32_t next_link;
    int64_t now_ns;
    struct mr_aux_bucket buckets[HOSTS_MAX];
    uint32_t bucket_count;
};

/* aux_transfer.c: one request by libcurl */
int mr_aux_url(struct call *c);                             /* checks the URL, fills host and port */
int mr_aux_transfer_start(struct aux *aux, struct call *c); /* MR_OK: under way */
struct call *mr_aux_transfer_next(struct aux *aux);         /* one that has ended, its answer filled; or NULL */
void mr_aux_transfer_free(struct aux *aux, struct call *c); /* all of libcurl's, not the body */
void mr_aux_fail(struct call *c, int status, const char *format, ...) MR_PRINTF(3, 4);

#endif
