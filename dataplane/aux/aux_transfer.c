/* One request by libcurl: options, the bounded body, what its end means. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/aux/aux_priv.h"

#define BODY_FIRST (64u << 10)
#define STOP_418_S 120 /* a ban without Retry-After */
#define STOP_429_S 30
#define STOP_S_MAX (7 * 24 * 3600)

void mr_aux_fail(struct call *c, int status, const char *format, ...)
{
    c->answer.status = status;
    va_list args;
    va_start(args, format);
    vsnprintf(c->why, sizeof c->why, format, args);
    va_end(args);
}

/* ---- the URL ---- */

static char *url_part(struct call *c, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    return curl_url_get(c->url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

int mr_aux_url(struct call *c)
{
    c->url = curl_url();
    if (!c->url)
        return MR_E_NOMEM;
    CURLUcode rc = curl_url_set(c->url, CURLUPART_URL, c->text, 0);
    char *scheme = NULL, *host = NULL, *port = NULL, *user = NULL;
    bool good = rc == CURLUE_OK;
    if (good) {
        scheme = url_part(c, CURLUPART_SCHEME, 0);
        host = url_part(c, CURLUPART_HOST, 0);
        port = url_part(c, CURLUPART_PORT, CURLU_DEFAULT_PORT);
        user = url_part(c, CURLUPART_USER, 0);
        good = scheme && strcmp(scheme, "https") == 0 && host && port && !user && strlen(host) < sizeof c->host;
    }
    if (good) {
        snprintf(c->host, sizeof c->host, "%s", host);
        c->port = (uint16_t)strtoul(port, NULL, 10);
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(user);
    return good ? MR_OK : MR_E_INVALID;
}

/* ---- the body ---- */

static bool grow(struct call *c, uint32_t need, uint32_t max)
{
    if (need <= c->body_room)
        return true;
    uint64_t room = c->body_room ? c->body_room : BODY_FIRST;
    while (room < need)
        room *= 2;
    if (room > max)
        room = max;
    uint8_t *more = realloc(c->body, room);
    if (!more)
        return false;
    c->body = more;
    c->body_room = (uint32_t)room;
    return true;
}

static size_t take_body(char *data, size_t one, size_t len, void *arg)
{
    struct call *c = arg;
    uint32_t max = c->answer.body_bytes; /* body_max, until the end is known */
    (void)one;
    if (len > max - c->body_len) {
        c->too_big = true;
        return 0;
    }
    if (!grow(c, c->body_len + (uint32_t)len, max))
        return 0;
    memcpy(c->body + c->body_len, data, len);
    c->body_len += (uint32_t)len;
    return len;
}

/* ---- where it goes ---- */

static void add_place(char *out, size_t bytes, size_t *used, const struct mr_address *a, const char *before)
{
    char ip[INET6_ADDRSTRLEN] = "";
    inet_ntop(a->family == 6 ? AF_INET6 : AF_INET, a->ip, ip, sizeof ip);
    int n = snprintf(out + *used, bytes - *used, a->family == 6 ? "%s[%s]" : "%s%s", before, ip);
    MR_ASSERT(n > 0 && (size_t)n < bytes - *used);
    *used += (size_t)n;
}

/* The name stays the URL's for SNI and the certificate; only the address is ours. */
static bool place(struct call *c)
{
    char text[HOST_BYTES + 64 + MR_AUX_ADDRESSES_MAX * 64];
    size_t used = (size_t)snprintf(text, sizeof text, "%s:%u:", c->host, c->port);
    const struct mr_aux_override *fixed = c->override;
    if (fixed) {
        add_place(text, sizeof text, &used, &fixed->address, "");
        snprintf(text + used, sizeof text - used, ":%d", fixed->address.port ? fixed->address.port : c->port);
    } else {
        for (uint32_t i = 0; i < c->answer.addresses; i++)
            add_place(text, sizeof text, &used, &c->addresses[i], i ? "," : "");
    }
    c->places = curl_slist_append(NULL, text);
    return c->places != NULL &&
           curl_easy_setopt(c->easy, fixed ? CURLOPT_CONNECT_TO : CURLOPT_RESOLVE, c->places) == CURLE_OK;
}

#define SET(option, value) good = good && curl_easy_setopt(c->easy, option, value) == CURLE_OK

static bool configure(struct aux *aux, struct call *c)
{
    const struct mr_aux_config *config = &aux->config;
    struct mr_address literal;
    bool good = true;
    SET(CURLOPT_CURLU, c->url);
    SET(CURLOPT_PROTOCOLS_STR, "https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (config->ca_file && config->ca_file[0]) {
        SET(CURLOPT_CAINFO, config->ca_file);
        SET(CURLOPT_CAPATH, NULL); /* this file and nothing else */
    }
    if (config->crl_file && config->crl_file[0])
        SET(CURLOPT_CRLFILE, config->crl_file);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, ""); /* whatever the environment says */
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long)config->timeout_s * 1000);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)config->timeout_s * 1000);
    SET(CURLOPT_BUFFERSIZE, 131072L);
    SET(CURLOPT_USERAGENT, "millrace");
    SET(CURLOPT_ERRORBUFFER, c->curl_why);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, c);
    SET(CURLOPT_PRIVATE, c);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)config->body_max);
    if (c->post_set) {
        SET(CURLOPT_POSTFIELDS, c->post); /* lives as long as the call */
        c->headers = curl_slist_append(curl_slist_append(NULL, "Content-Type: application/json"), "Expect:");
        good = good && c->headers;
        SET(CURLOPT_HTTPHEADER, c->headers);
    }
    return good && ((!c->override && mr_aux_literal(c->host, &literal)) || place(c));
}

int mr_aux_transfer_start(struct aux *aux, struct call *c)
{
    c->easy = curl_easy_init();
    if (!c->easy)
        return MR_E_NOMEM;
    c->curl_why[0] = 0;
    c->answer.body_bytes = aux->config.body_max;
    if (!configure(aux, c) || curl_multi_add_handle(aux->multi, c->easy) != CURLM_OK) {
        curl_easy_cleanup(c->easy);
        c->easy = NULL;
        return MR_E_NOMEM;
    }
    return MR_OK;
}

void mr_aux_transfer_free(struct aux *aux, struct call *c)
{
    if (c->easy) {
        curl_multi_remove_handle(aux->multi, c->easy);
        curl_easy_cleanup(c->easy);
    }
    curl_slist_free_all(c->places);
    curl_slist_free_all(c->headers);
    curl_url_cleanup(c->url);
    c->easy = NULL;
    c->places = c->headers = NULL;
    c->url = NULL;
}

/* ---- how it ended ---- */

static void refused(struct aux *aux, struct call *c, long http)
{
    if (http == 418 || http == 429) {
        curl_off_t after = 0;
        curl_easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &after);
        if (after <= 0)
            after = http == 418 ? STOP_418_S : STOP_429_S;
        if (after > STOP_S_MAX)
            after = STOP_S_MAX;
        mr_aux_bucket_stop(c->bucket, aux->now_ns + after * SECOND_NS, aux->now_ns);
        MR_COUNT(aux->config.metrics, stopped, 1);
        mr_aux_fail(c, MR_E_INVALID, "HTTP %ld: the host wants no requests for %lld s", http, (long long)after);
    } else {
        mr_aux_fail(c, MR_E_INVALID, "HTTP %ld", http);
    }
    if (c->body_len > MR_AUX_ERROR_BODY)
        c->body_len = MR_AUX_ERROR_BODY;
}

static void broken(struct aux *aux, struct call *c, CURLcode rc)
{
    const char *why = c->curl_why[0] ? c->curl_why : curl_easy_strerror(rc);
    if (c->too_big || rc == CURLE_FILESIZE_EXCEEDED)
        mr_aux_fail(c, MR_E_TOO_BIG, "the body is larger than %u bytes", aux->config.body_max);
    else if (rc == CURLE_OUT_OF_MEMORY || rc == CURLE_WRITE_ERROR)
        mr_aux_fail(c, MR_E_NOMEM, "no memory for the body");
    else if (rc == CURLE_WEIRD_SERVER_REPLY || rc == CURLE_UNSUPPORTED_PROTOCOL || rc == CURLE_HTTP2)
        mr_aux_fail(c, MR_E_MALFORMED, "%s", why);
    else
        mr_aux_fail(c, MR_E_IO, "%s%s", rc == CURLE_PEER_FAILED_VERIFICATION ? "certificate refused: " : "", why);
    c->body_len = 0;
}

static void finish(struct aux *aux, struct call *c, CURLcode rc)
{
    long http = 0;
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &http);
    c->answer.http = (uint32_t)http;
    if (rc != CURLE_OK)
        broken(aux, c, rc);
    else if (http != 200)
        refused(aux, c, http);
    c->answer.body_bytes = c->body_len;
    c->answer.addresses = 0; /* they were for us */
    mr_aux_transfer_free(aux, c);
}

struct call *mr_aux_transfer_next(struct aux *aux)
{
    int left;
    for (const CURLMsg *m; (m = curl_multi_info_read(aux->multi, &left));) {
        if (m->msg != CURLMSG_DONE)
            continue;
        char *private = NULL;
        CURLcode rc = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
        struct call *c = (void *)private;
        finish(aux, c, rc);
        return c;
    }
    return NULL;
}
