/* A call's way: taken from its ring -> NAMES (its host is looked up) -> HELD (until its host's limit and inflight_max
 * let it go) -> BUSY (libcurl has it) -> DONE (until its answer is in the ring) -> free. Look-ups that were asked for
 * go from NAMES to DONE. */
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/aux/aux_priv.h"
#include "dataplane/tls/tls.h"

#define POLL_MS 1
#define TAKES_MAX 32 /* a step and link */

MR_METRICS_DEFINE(mr_aux, MR_AUX_METRICS);

/* ---- lists ---- */

static void list_init(struct call_list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

static void list_add(struct call_list *list, struct call *c)
{
    c->next = NULL;
    *list->last = c;
    list->last = &c->next;
}

static struct call *list_take(struct call_list *list)
{
    struct call *c = list->first;
    if (c && !(list->first = c->next))
        list->last = &list->first;
    return c;
}

/* ---- the end of a call ---- */

static void done(struct aux *aux, struct call *c)
{
    struct mr_aux_metrics *m = aux->config.metrics;
    aux->busy -= c->state == CALL_NAMES || c->state == CALL_BUSY;
    c->state = CALL_DONE;
    c->answer.recv_ns = aux->now_ns;
    MR_COUNT(m, failed, c->answer.status != MR_OK);
    MR_COUNT(m, bytes, c->body_len);
    list_add(&aux->links[c->link].done, c);
}

static void release(struct aux *aux, struct call *c)
{
    mr_aux_transfer_free(aux, c);
    aux->bodies -= c->counted_body;
    free(c->text);
    free(c->body);
    *c = (struct call){0};
    list_add(&aux->idle, c);
}

/* One record: head, addresses, text, why, as much of the body as fits. False: no room in the ring. */
static bool put_part(struct link *link, struct call *c)
{
    struct mr_aux_answer *a = &c->answer;
    uint32_t address_bytes = a->addresses * (uint32_t)sizeof(struct mr_address);
    uint32_t text_bytes = (uint32_t)strlen(c->text) + 1, why_bytes = (uint32_t)strlen(c->why) + 1;
    uint32_t front = (uint32_t)sizeof *a + address_bytes + text_bytes + why_bytes, left = a->body_bytes - a->part_at;
    uint32_t part = left < MR_BYTES_RECORD_MAX - front ? left : MR_BYTES_RECORD_MAX - front;
    uint8_t *at = mr_bytes_reserve(&link->answers, front + part);
    if (!at)
        return false;
    a->part_bytes = part;
    memcpy(at, a, sizeof *a);
    at += sizeof *a;
    memcpy(at, c->addresses, address_bytes);
    at += address_bytes;
    memcpy(at, c->text, text_bytes);
    at += text_bytes;
    memcpy(at, c->why, why_bytes);
    if (part)
        memcpy(at + why_bytes, c->body + a->part_at, part);
    mr_bytes_publish(&link->answers, a->request.kind, a->request.connection, a->recv_ns, front + part);
    a->part_at += part;
    return true;
}

/* Whole answers, one after another; what finds no room stays first in its list. */
static int give_back(struct aux *aux, struct link *link)
{
    int given = 0;
    for (struct call *c; (c = link->done.first); given++) {
        do {
            if (!put_part(link, c)) {
                MR_COUNT(aux->config.metrics, blocked, !c->counted_blocked);
                c->counted_blocked = true;
                return given;
            }
        } while (c->answer.part_at < c->answer.body_bytes);
        MR_COUNT(aux->config.metrics, answers, 1);
        MR_RECORD(aux->config.metrics, answer_ns, aux->now_ns - c->taken_ns);
        release(aux, list_take(&link->done));
    }
    return given;
}

/* ---- the beginning of a call ---- */

static const struct mr_aux_override *override_of(const struct aux *aux, const char *host, uint16_t port)
{
    for (uint32_t i = 0; i < aux->config.override_count; i++) {
        const struct mr_aux_override *o = &aux->config.overrides[i];
        if (strcasecmp(o->host, host) == 0 && (o->port == 0 || o->port == port))
            return o;
    }
    return NULL;
}

/* Hosts of the config have their own buckets; others are made as they come, and share the last one when there are too
 * many. */
static struct mr_aux_bucket *bucket_of(struct aux *aux, const char *host)
{
    for (uint32_t i = 0; i < aux->bucket_count; i++)
        if (strcasecmp(aux->buckets[i].host, host) == 0)
            return &aux->buckets[i];
    if (aux->bucket_count == HOSTS_MAX)
        return &aux->buckets[HOSTS_MAX - 1];
    struct mr_aux_bucket *b = &aux->buckets[aux->bucket_count++];
    mr_aux_bucket_init(b, host, 0, 0, NULL);
    return b;
}

static void give_addresses(struct call *c, uint32_t count)
{
    c->answer.addresses = count;
    for (uint32_t i = 0; i < count; i++)
        if (c->addresses[i].port == 0)
            c->addresses[i].port = c->port;
}

/* Known without asking anybody: fixed by the config, or numbers already. */
static bool known(struct aux *aux, struct call *c)
{
    c->override = override_of(aux, c->host, c->port);
    if (c->override)
        c->addresses[0] = c->override->address;
    else if (!mr_aux_literal(c->host, &c->addresses[0]))
        return false;
    give_addresses(c, 1);
    return true;
}

static void begin(struct aux *aux, struct call *c)
{
    int status = MR_OK;
    if (c->request.kind == MR_AUX_RESOLVE) {
        size_t n = strlen(c->text);
        status = n && n < sizeof c->host ? MR_OK : MR_E_INVALID;
        c->port = c->request.port;
        if (status == MR_OK)
            memcpy(c->host, c->text, n + 1);
    } else {
        status = c->request.kind == MR_AUX_GET ? mr_aux_url(c) : MR_E_INVALID;
        c->bucket = status == MR_OK ? bucket_of(aux, c->host) : NULL;
    }
    if (status) {
        mr_aux_fail(c, status,
                    status == MR_E_NOMEM ? "no memory for the request" : "not a host name, or not an https URL");
        done(aux, c);
    } else if (known(aux, c)) {
        c->state = CALL_HELD;
        list_add(&aux->waiting, c);
    } else if ((c->ticket = mr_aux_names_ask(aux->names, c->host, aux->now_ns)) < 0) {
        mr_aux_fail(c, MR_E_FULL, "too many names are being looked up");
        done(aux, c);
    } else {
        c->state = CALL_NAMES;
        c->deadline_ns = aux->now_ns + aux->config.timeout_s * SECOND_NS;
        aux->busy++;
        list_add(&aux->waiting, c);
    }
}

/* A record of the ring into a free call; false if it is none that mr_aux_ask writes. */
static bool read_request(struct call *c, const uint8_t *data, uint32_t len)
{
    if (len < sizeof c->request + 2 || data[len - 1] != 0)
        return false;
    uint32_t text_len = len - (uint32_t)sizeof c->request;
    const uint8_t *text = data + sizeof c->request, *post = memchr(text, 0, text_len);
    if (post == text + text_len - 1)
        return false;
    memcpy(&c->request, data, sizeof c->request);
    c->text = malloc(text_len);
    if (!c->text)
        return true; /* answered so */
    memcpy(c->text, text, text_len);
    c->post = c->text + (post - text) + 1;
    c->post_set = c->post[0] != 0;
    return true;
}

static int take(struct aux *aux, uint32_t i)
{
    struct link *link = &aux->links[i];
    int taken = 0;
    const uint8_t *data;
    for (const struct mr_bytes_head *head;
         taken < TAKES_MAX && aux->idle.first && (head = mr_bytes_peek(&link->requests, &data)); taken++) {
        struct call *c = aux->idle.first;
        if (!read_request(c, data, head->len)) {
            mr_ring_reader_stop(&link->requests);
            break;
        }
        if (!c->text)
            break; /* no memory: it stays in its ring until there is some */
        mr_bytes_release(&link->requests);
        list_take(&aux->idle);
        c->link = (uint16_t)i;
        c->taken_ns = aux->now_ns;
        c->answer.request = c->request;
        MR_COUNT(aux->config.metrics, requests, 1);
        begin(aux, c);
    }
    return taken;
}

/* ---- waiting ---- */

/* True: no longer waiting for its name. */
static bool named(struct aux *aux, struct call *c)
{
    char why[96] = "";
    int n = mr_aux_names_poll(aux->names, c->ticket, aux->now_ns, c->addresses, why);
    if (n == MR_E_AGAIN && aux->now_ns < c->deadline_ns)
        return false;
    if (n == MR_E_AGAIN) {
        mr_aux_names_drop(aux->names, c->ticket);
        mr_aux_fail(c, MR_E_IO, "%s: no answer from the name servers in %u s", c->host, aux->config.timeout_s);
        return true;
    }
    if (n < 0)
        mr_aux_fail(c, n == MR_E_MISSING ? MR_E_MISSING : MR_E_IO, "%s: %s", c->host, why);
    else
        give_addresses(c, (uint32_t)n);
    return true;
}

/* True: it goes now, or is answered; false: it waits on. */
static bool go(struct aux *aux, struct call *c)
{
    if (c->request.kind == MR_AUX_RESOLVE) {
        done(aux, c);
        return true;
    }
    struct mr_aux_bucket *b = c->bucket;
    uint32_t weight = c->request.weight ? c->request.weight : 1;
    int64_t wait_ns = mr_aux_bucket_wait_ns(b, aux->now_ns, b->ahead + weight);
    if (wait_ns > MR_AUX_HELD_S * SECOND_NS) {
        c->answer.addresses = 0;
        mr_aux_fail(c, MR_E_AGAIN, "%s: its limit leaves no room for %lld s", c->host,
                    (long long)(wait_ns / SECOND_NS));
        done(aux, c);
        return true;
    }
    if (aux->bodies >= aux->config.inflight_max)
        return false;
    if (b->ahead || !mr_aux_bucket_take(b, weight, aux->now_ns)) {
        b->ahead += weight;
        MR_COUNT(aux->config.metrics, limited, !c->counted_limited);
        c->counted_limited = true;
        return false;
    }
    int status = mr_aux_transfer_start(aux, c);
    if (status) {
        mr_aux_fail(c, status, "no memory for the transfer");
        c->answer.addresses = 0;
        c->answer.body_bytes = 0;
        done(aux, c);
        return true;
    }
    c->state = CALL_BUSY;
    c->counted_body = true;
    aux->bodies++;
    aux->busy++;
    return true;
}

/* In order of arrival: who waits for his host does not keep back who goes to another. */
static int walk(struct aux *aux)
{
    for (uint32_t i = 0; i < aux->bucket_count; i++)
        aux->buckets[i].ahead = 0;
    struct call_list list = aux->waiting;
    if (!list.first)
        return 0;
    list_init(&aux->waiting);
    int moved = 0;
    for (struct call *c = list.first, *next; c; c = next) {
        next = c->next;
        if (c->state == CALL_NAMES && named(aux, c)) {
            moved++;
            if (c->answer.status) {
                done(aux, c);
                continue;
            }
            aux->busy--;
            c->state = CALL_HELD;
        }
        if (c->state == CALL_HELD && go(aux, c))
            moved++;
        else
            list_add(&aux->waiting, c);
    }
    return moved;
}

static int transfers(struct aux *aux)
{
    int running, ended = 0;
    curl_multi_perform(aux->multi, &running);
    for (struct call *c; (c = mr_aux_transfer_next(aux)); ended++)
        done(aux, c);
    return ended;
}

/* ---- the tile ---- */

static void defaults(struct mr_aux_config *c)
{
    if (!c->inflight_max)
        c->inflight_max = 16;
    if (!c->timeout_s)
        c->timeout_s = 10;
    if (!c->body_max)
        c->body_max = 32u << 20;
    if (!c->cache_s)
        c->cache_s = 60;
}

static size_t aux_bytes(const void *config)
{
    const struct mr_aux_config *c = config;
    return sizeof(struct aux) + c->link_count * sizeof(struct link) + MR_AUX_CALLS_MAX * sizeof(struct call) + 128;
}

static void wake(void *arg) { curl_multi_wakeup(arg); }

static int open_links(struct aux *aux, struct mr_err *err)
{
    for (uint32_t i = 0; i < aux->config.link_count; i++) {
        const struct mr_aux_link *from = &aux->config.links[i];
        list_init(&aux->links[i].done);
        int status = mr_ring_reader_open(&aux->links[i].requests, from->requests, from->requests_bytes);
        if (status == MR_OK)
            status = mr_ring_writer_open(&aux->links[i].answers, from->answers, from->answers_bytes);
        if (status)
            return mr_err_set(err, status, "aux: link %u: its rings: %s", i, mr_status_text(status));
    }
    return MR_OK;
}

static int open_limits(struct aux *aux, struct mr_err *err)
{
    for (uint32_t i = 0; i < aux->config.limit_count; i++) {
        const struct mr_aux_limit *limit = &aux->config.limits[i];
        if (aux->bucket_count == HOSTS_MAX - 1 || strlen(limit->host) >= HOST_BYTES)
            return mr_err_set(err, MR_E_INVALID, "aux: limits[%u] (%s): more than %d hosts, or a name too long", i,
                              limit->host, HOSTS_MAX - 1);
        mr_aux_bucket_init(&aux->buckets[aux->bucket_count++], limit->host, limit->most, limit->window_s, limit->kept);
    }
    return MR_OK;
}

/* As the feed tiles do: the two paths to a venue trust the same files on the same terms. */
static int check_trust(const struct mr_aux_config *c, struct mr_err *err)
{
    int status = c->ca_file && c->ca_file[0] ? mr_tls_check_file("plane.ca_file", c->ca_file, err) : MR_OK;
    if (status == MR_OK && c->crl_file && c->crl_file[0])
        status = mr_tls_check_file("tls.crl_file", c->crl_file, err);
    return status;
}

static int open_curl(struct aux *aux, struct mr_err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return mr_err_set(err, MR_E_IO, "aux: libcurl does not start");
    aux->multi = curl_multi_init();
    if (!aux->multi) {
        curl_global_cleanup();
        return mr_err_set(err, MR_E_NOMEM, "aux: no memory for libcurl");
    }
    curl_multi_setopt(aux->multi, CURLMOPT_MAXCONNECTS, (long)aux->config.inflight_max);
    return MR_OK;
}

static void close_curl(struct aux *aux)
{
    curl_multi_cleanup(aux->multi);
    curl_global_cleanup();
}

static int aux_boot(void *state, const void *config, struct mr_arena *arena, struct mr_err *err)
{
    struct aux *aux = state;
    (void)arena;
    memset(aux, 0, aux_bytes(config));
    aux->config = *(const struct mr_aux_config *)config;
    defaults(&aux->config);
    MR_ASSERT(aux->config.metrics);
    aux->links = (void *)(((uintptr_t)(aux + 1) + 127) / 128 * 128);
    aux->calls = (void *)(aux->links + aux->config.link_count);
    list_init(&aux->waiting);
    list_init(&aux->idle);
    for (uint32_t i = 0; i < MR_AUX_CALLS_MAX; i++)
        list_add(&aux->idle, &aux->calls[i]);
    int status = open_links(aux, err);
    if (status == MR_OK)
        status = open_limits(aux, err);
    if (status == MR_OK)
        status = check_trust(&aux->config, err);
    if (status == MR_OK)
        status = open_curl(aux, err);
    if (status)
        return status;
    status = mr_aux_names_open(&aux->names, &aux->config, wake, aux->multi, err);
    if (status)
        close_curl(aux);
    return status;
}

static int aux_step(void *state, int64_t now_ns)
{
    struct aux *aux = state;
    int work = 0;
    aux->now_ns = now_ns;
    for (uint32_t i = 0; i < aux->config.link_count; i++)
        work += take(aux, (aux->next_link + i) % aux->config.link_count);
    aux->next_link++;
    work += walk(aux);
    if (aux->bodies)
        work += transfers(aux);
    for (uint32_t i = 0; i < aux->config.link_count; i++)
        work += give_back(aux, &aux->links[i]);
    if (work == 0 && aux->busy)
        curl_multi_poll(aux->multi, NULL, 0, POLL_MS, NULL);
    return work + (aux->busy != 0); /* what is under way keeps the thread from parking */
}

static void aux_housekeep(void *state, int64_t now_ns)
{
    struct aux *aux = state;
    (void)now_ns;
    MR_GAUGE_SET(aux->config.metrics, inflight, aux->busy);
}

static void drop(struct aux *aux, struct call_list *list)
{
    for (struct call *c; (c = list_take(list));)
        release(aux, c);
}

static void aux_halt(void *state)
{
    struct aux *aux = state;
    mr_aux_names_close(aux->names); /* first: its threads wake libcurl */
    for (uint32_t i = 0; i < aux->config.link_count; i++)
        drop(aux, &aux->links[i].done);
    for (uint32_t i = 0; i < MR_AUX_CALLS_MAX; i++)
        if (aux->calls[i].state != CALL_FREE)
            release(aux, &aux->calls[i]);
    close_curl(aux);
}

const struct mr_tile mr_aux_tile = {
    .name = "aux",
    .bytes = aux_bytes,
    .boot = aux_boot,
    .step = aux_step,
    .housekeep = aux_housekeep,
    .halt = aux_halt,
};
