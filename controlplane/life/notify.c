#include "controlplane/life/notify.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

struct message {
    int64_t number;
    int status;
    uint32_t attempts, len;
    int64_t due_ns;
    char why[160];
    char body[MR_NOTIFY_BODY];
};
struct mr_notify {
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers;
    bool under_way;
    int64_t head, tail; /* numbers: [head, tail) wait; those before have ended */
    struct mr_notify_counts counts;
    char curl_says[CURL_ERROR_SIZE];
    char place[128]; /* scheme and host, for sentences */
    struct message ring[MR_NOTIFY_WAITING];
};

static struct message *at(const struct mr_notify *n, int64_t number)
{
    return (struct message *)(uintptr_t)&n->ring[number % MR_NOTIFY_WAITING];
}

static size_t ignore(char *data, size_t size, size_t count, void *arg)
{
    (void)data;
    (void)arg;
    return size * count;
}

/* "https://api.example.org", whatever follows. */
static int place_of(const char *url, char out[128], struct mr_err *err)
{
    CURLU *u = curl_url();
    char *scheme = NULL, *host = NULL;
    bool good = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                (strcmp(scheme, "https") == 0 || strcmp(scheme, "http") == 0);
    if (good)
        snprintf(out, 128, "%s://%.100s", scheme, host);
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(u);
    return good ? MR_OK : mr_err_set(err, MR_E_INVALID, "the webhook's address is no http or https URL");
}

static bool set_up(struct mr_notify *n, const struct mr_notify_config *c)
{
    n->headers = curl_slist_append(NULL, "Content-Type: application/json");
    n->headers = n->headers ? curl_slist_append(n->headers, "Expect:") : NULL;
    bool good = n->headers && curl_easy_setopt(n->easy, CURLOPT_URL, c->url) == CURLE_OK;
    good = good && curl_easy_setopt(n->easy, CURLOPT_HTTPHEADER, n->headers) == CURLE_OK;
    good = good && curl_easy_setopt(n->easy, CURLOPT_POST, 1L) == CURLE_OK;
    good = good && curl_easy_setopt(n->easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    good = good && curl_easy_setopt(n->easy, CURLOPT_TIMEOUT_MS, (long)c->timeout_ms) == CURLE_OK;
    good = good && curl_easy_setopt(n->easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
    good = good && curl_easy_setopt(n->easy, CURLOPT_WRITEFUNCTION, ignore) == CURLE_OK;
    good = good && curl_easy_setopt(n->easy, CURLOPT_ERRORBUFFER, n->curl_says) == CURLE_OK;
    good = good && curl_easy_setopt(n->easy, CURLOPT_USERAGENT, "millrace") == CURLE_OK;
    return good && (!c->ca_file || curl_easy_setopt(n->easy, CURLOPT_CAINFO, c->ca_file) == CURLE_OK);
}

int mr_notify_open(struct mr_notify **out, const struct mr_notify_config *config, struct mr_err *err)
{
    struct mr_notify *n = calloc(1, sizeof *n);
    MR_ASSERT(n);
    n->head = n->tail = 1;
    int status = place_of(config->url, n->place, err);
    if (status == MR_OK) {
        n->multi = curl_multi_init();
        n->easy = curl_easy_init();
        if (!n->multi || !n->easy || !set_up(n, config))
            status = mr_err_set(err, MR_E_NOMEM, "%s: libcurl cannot be set up", n->place);
    }
    if (status != MR_OK)
        mr_notify_close(n);
    else
        *out = n;
    return status;
}

int64_t mr_notify_post(struct mr_notify *n, const char *json)
{
    size_t len = strlen(json);
    if (len >= MR_NOTIFY_BODY || n->tail - n->head == MR_NOTIFY_WAITING) {
        n->counts.full++;
        return len >= MR_NOTIFY_BODY ? MR_E_TOO_BIG : MR_E_FULL;
    }
    struct message *m = at(n, n->tail);
    *m = (struct message){.number = n->tail, .status = MR_E_AGAIN, .len = (uint32_t)len};
    memcpy(m->body, json, len + 1);
    n->counts.posted++;
    return n->tail++;
}

static void begin(struct mr_notify *n, struct message *m)
{
    n->curl_says[0] = 0;
    m->attempts++;
    curl_easy_setopt(n->easy, CURLOPT_POSTFIELDSIZE, (long)m->len);
    curl_easy_setopt(n->easy, CURLOPT_POSTFIELDS, m->body);
    n->under_way = curl_multi_add_handle(n->multi, n->easy) == CURLM_OK;
}

/* What libcurl says names the host at most; but to be sure, an address in it is cut. */
static void why(struct mr_notify *n, struct message *m, CURLcode code, long http)
{
    if (code == CURLE_OK)
        snprintf(m->why, sizeof m->why, "%.100s answered %ld", n->place, http);
    else
        snprintf(m->why, sizeof m->why, "%.90s: %.60s", n->place, curl_easy_strerror(code));
}

static void attempt_ended(struct mr_notify *n, CURLcode code, int64_t now_ns)
{
    struct message *m = at(n, n->head);
    long http = 0;
    curl_easy_getinfo(n->easy, CURLINFO_RESPONSE_CODE, &http);
    curl_multi_remove_handle(n->multi, n->easy);
    n->under_way = false;
    if (code == CURLE_OK && http >= 200 && http < 300) {
        m->status = MR_OK;
        n->counts.told++;
        n->head++;
        return;
    }
    why(n, m, code, http);
    n->counts.failures++;
    m->due_ns = now_ns + (1000000000ll << (m->attempts - 1));
    if (m->attempts < MR_NOTIFY_ATTEMPTS)
        return;
    m->status = MR_E_IO;
    n->counts.given_up++;
    n->head++;
}

uint32_t mr_notify_poll(struct mr_notify *n, int64_t now_ns)
{
    int running = 0, left = 0;
    if (!n->under_way && n->head != n->tail && now_ns >= at(n, n->head)->due_ns)
        begin(n, at(n, n->head));
    if (!n->under_way)
        return (uint32_t)(n->tail - n->head);
    curl_multi_perform(n->multi, &running);
    for (CURLMsg *msg; (msg = curl_multi_info_read(n->multi, &left));)
        if (msg->msg == CURLMSG_DONE)
            attempt_ended(n, msg->data.result, now_ns);
    return (uint32_t)(n->tail - n->head);
}

int mr_notify_outcome(const struct mr_notify *n, int64_t number, struct mr_err *err)
{
    const struct message *m = number > 0 ? at(n, number) : NULL;
    if (!m || m->number != number)
        return mr_err_set(err, MR_E_INVALID, "no such message");
    return m->status == MR_OK ? MR_OK : mr_err_set(err, m->status, "%s", *m->why ? m->why : "no answer yet");
}

void mr_notify_counts(const struct mr_notify *n, struct mr_notify_counts *out) { *out = n->counts; }

void mr_notify_close(struct mr_notify *n)
{
    if (n->under_way)
        curl_multi_remove_handle(n->multi, n->easy);
    if (n->easy)
        curl_easy_cleanup(n->easy);
    if (n->multi)
        curl_multi_cleanup(n->multi);
    curl_slist_free_all(n->headers);
    free(n);
}
