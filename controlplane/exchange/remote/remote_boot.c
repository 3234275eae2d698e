/* Where the exchange is, and all that the driver needs, before the first round. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/exchange/remote/remote_priv.h"

static int parse_url(struct mr_remote *r, struct mr_err *err)
{
    static const char scheme[] = "https://";
    const char *at = r->config.url, *colon;
    size_t len;
    if (strncmp(at, scheme, sizeof scheme - 1) != 0)
        return mr_err_set(err, MR_E_INVALID, "\"%.100s\": want https://HOST or https://HOST:PORT", at);
    at += sizeof scheme - 1;
    len = strcspn(at, "/?#");
    colon = memchr(at, ':', len);
    char *end = NULL;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 443;
    size_t host = colon ? (size_t)(colon - at) : len;
    if ((colon && end != at + len) || port == 0 || port > 65535 || host == 0 || host >= sizeof r->host ||
        (at[len] && strcmp(at + len, "/") != 0))
        return mr_err_set(err, MR_E_INVALID, "\"%.100s\": want https://HOST or https://HOST:PORT, nothing behind it",
                          r->config.url);
    memcpy(r->host, at, host);
    r->port = (uint16_t)port;
    snprintf(r->hostport, sizeof r->hostport, "%s:%u", r->host, r->port);
    return MR_OK;
}

static int look_up(struct mr_remote *r, struct mr_err *err)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int error = getaddrinfo(r->host, NULL, &hints, &list);
    for (const struct addrinfo *i = list; i && r->address_count < ADDRESSES; i = i->ai_next) {
        struct mr_address *a = &r->addresses[r->address_count];
        *a = (struct mr_address){.port = r->port};
        if (i->ai_family == AF_INET) {
            a->family = 4;
            memcpy(a->ip, &((const struct sockaddr_in *)(const void *)i->ai_addr)->sin_addr, 4);
        } else if (i->ai_family == AF_INET6) {
            a->family = 6;
            memcpy(a->ip, &((const struct sockaddr_in6 *)(const void *)i->ai_addr)->sin6_addr, 16);
        }
        r->address_count += a->family != 0;
    }
    if (list)
        freeaddrinfo(list);
    return r->address_count
               ? MR_OK
               : mr_err_set(err, MR_E_MISSING, "%s: %s", r->host, error ? gai_strerror(error) : "no address");
}

static void *memory(size_t bytes)
{
    void *mem = aligned_alloc(64, (bytes + 63) / 64 * 64);
    MR_ASSERT(mem);
    memset(mem, 0, bytes);
    return mem;
}

static int open_network(struct mr_remote *r, struct mr_err *err)
{
    const struct mr_stream_config stream = {.connections_max = LINES,
                                            .buffer_bytes = 16384,
                                            .buffers = 4 * ROUND_PIECES,
                                            .send_bytes = 64u << 10,
                                            .clock = &r->clock};
    const struct mr_tls_config tls = {.ca_file = r->config.ca_file && *r->config.ca_file ? r->config.ca_file : NULL,
                                      .connections_max = LINES,
                                      .output_bytes = 64u << 10};
    if (mr_clock_open(&r->clock) != MR_OK)
        return mr_err_set(err, MR_E_IO, "the clock cannot be read");
    r->source_mem = memory(mr_source_socket_ops.bytes(&stream));
    int status = mr_source_socket_ops.open(&r->source, r->source_mem, &stream, err);
    if (!status)
        status = mr_tls_context_open(&r->tls, &tls, err);
    for (uint32_t i = 0; i < LINES && !status; i++) {
        struct line *l = &r->line[i];
        l->r = r;
        l->number = (uint16_t)i;
        l->in_bytes = i == STREAM ? MESSAGE_MAX + MR_HTTP_HEAD_MAX : MR_WIRE_BODY_MAX + MR_HTTP_HEAD_MAX;
        l->in = malloc(l->in_bytes);
        MR_ASSERT(l->in);
        status = mr_tls_new(&l->tls, r->tls);
    }
    return status;
}

int mr_remote_open(struct mr_remote **out, const struct mr_remote_config *config, struct mr_err *err)
{
    struct mr_remote *r = memory(sizeof *r);
    *out = NULL;
    r->config = *config;
    r->config.answer_ns = config->answer_ns ? config->answer_ns : 2 * SECOND;
    r->random = config->seed;
    r->dials = (struct mr_budget){.most = MR_REMOTE_DIALS, .window_s = 60, .burst = 4 * LINES};
    r->queue = malloc(MR_REMOTE_QUEUE * sizeof *r->queue);
    r->heard = malloc(HEARD * sizeof *r->heard);
    r->assembly = malloc(MESSAGE_MAX);
    MR_ASSERT(r->queue && r->heard && r->assembly);
    mr_ws_init(&r->ws, MR_WS_CLIENT, r->assembly, MESSAGE_MAX);
    int status = parse_url(r, err);
    if (!status)
        status = look_up(r, err);
    if (!status)
        status = open_network(r, err);
    if (status)
        mr_remote_close(r);
    else
        *out = r;
    return status;
}

void mr_remote_close(struct mr_remote *r)
{
    if (!r)
        return;
    for (uint32_t i = 0; i < LINES; i++) {
        if (r->line[i].connected)
            r->source.ops->close_connection(&r->source, (uint16_t)i);
        if (r->line[i].tls)
            mr_tls_free(r->line[i].tls);
        free(r->line[i].in);
    }
    if (r->tls)
        mr_tls_context_close(r->tls);
    if (r->source.ops)
        r->source.ops->close(&r->source);
    free(r->source_mem);
    free(r->queue);
    free(r->heard);
    free(r->assembly);
    free(r);
}
