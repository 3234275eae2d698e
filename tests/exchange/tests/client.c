#include "tests/exchange/tests/client.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "codecs/http/http.h"
#include "codecs/ws/ws.h"
#include "dataplane/clock/clock.h"

#define ROOM (8u << 20)

struct client {
    int fd;
    SSL_CTX *ctx;
    SSL *ssl;
    struct mr_ws ws;
    uint8_t *in, *assembly;
    uint32_t len, used; /* of `in`; used: of the frame given last */
    bool ended;
};

void client_close(struct client *c)
{
    if (!c)
        return;
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    if (c->fd >= 0)
        close(c->fd);
    free(c->in);
    free(c->assembly);
    free(c);
}

static bool handshake(struct client *c, const char *ca, const char *host, const char **why)
{
    c->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
    if (ca && SSL_CTX_load_verify_locations(c->ctx, ca, NULL) != 1) {
        *why = "no CA file";
        return false;
    }
    c->ssl = SSL_new(c->ctx);
    SSL_set_tlsext_host_name(c->ssl, host);
    SSL_set1_host(c->ssl, host);
    SSL_set_fd(c->ssl, c->fd);
    if (SSL_connect(c->ssl) == 1)
        return true;
    *why = X509_verify_cert_error_string(SSL_get_verify_result(c->ssl));
    ERR_clear_error();
    return false;
}

struct client *client_dial(uint16_t port, const char *ca, const char *host, const char **why)
{
    struct client *c = calloc(1, sizeof *c);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
    c->in = malloc(ROOM);
    c->assembly = malloc(ROOM);
    mr_ws_init(&c->ws, MR_WS_CLIENT, c->assembly, ROOM);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = connect(c->fd, (struct sockaddr *)&at, sizeof at) == 0;
    if (!good)
        *why = "refused";
    if (good && handshake(c, ca, host, why))
        return c;
    client_close(c);
    return NULL;
}

/* Reads what there is; false: nothing in time, or the end. */
static bool more(struct client *c, int64_t deadline_ns)
{
    int64_t left_ms = (deadline_ns - mr_clock_mono()) / 1000000;
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    if (c->ended || (!SSL_has_pending(c->ssl) && poll(&p, 1, left_ms > 0 ? (int)left_ms : 0) <= 0))
        return false;
    assert_true(c->len < ROOM);
    int n = SSL_read(c->ssl, c->in + c->len, (int)(ROOM - c->len));
    if (n > 0) {
        c->len += (uint32_t)n;
        return true;
    }
    c->ended = true;
    ERR_clear_error();
    return false;
}

static void drop(struct client *c, uint32_t n)
{
    memmove(c->in, c->in + n, c->len - n);
    c->len -= n;
}

void client_raw(struct client *c, const void *data, uint32_t len)
{
    if (!c->ended && SSL_write(c->ssl, data, (int)len) != (int)len)
        c->ended = true;
    ERR_clear_error();
}

int client_upgrade(struct client *c, const char *host, const char *path)
{
    static const uint8_t random[16] = {7, 1};
    char request[1024], key[MR_WS_KEY_TEXT];
    struct mr_text t;
    mr_ws_key(random, key);
    mr_text_init(&t, request, sizeof request);
    mr_text_format(&t,
                   "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
                   "%s\r\nSec-WebSocket-Version: 13\r\n\r\n",
                   path, host, key);
    client_raw(c, request, (uint32_t)t.len);
    struct mr_http_head head;
    int64_t n = 0, deadline = mr_clock_mono() + 5000000000;
    while ((n = mr_http_response(c->in, c->len, &head)) == 0 && more(c, deadline))
        ;
    if (n <= 0)
        return -1;
    if (head.status == 101) {
        struct mr_err err;
        assert_int_equal(mr_ws_response(c->in, c->len, key, &err), n);
    }
    drop(c, (uint32_t)n);
    return head.status;
}

static int answer(struct client *c, int timeout_ms, int64_t *head_bytes)
{
    struct mr_http_head head;
    int64_t deadline = mr_clock_mono() + timeout_ms * 1000000ll;
    while ((*head_bytes = mr_http_response(c->in, c->len, &head)) == 0 && more(c, deadline))
        ;
    return *head_bytes > 0 ? head.status : -1;
}

int client_answer(struct client *c, int timeout_ms)
{
    int64_t n;
    return answer(c, timeout_ms, &n);
}

int client_head(struct client *c, int timeout_ms)
{
    int64_t n;
    int status = answer(c, timeout_ms, &n);
    if (status > 0)
        drop(c, (uint32_t)n);
    return status;
}

struct client *client_open(const struct mr_exchange *x, const char *host, const char *path)
{
    const char *why = "";
    struct client *c = client_dial(mr_exchange_port(x), mr_exchange_ca(x), host, &why);
    if (!c)
        print_error("%s: %s\n", host, why);
    assert_non_null(c);
    assert_int_equal(client_upgrade(c, host, path), 101);
    return c;
}

void client_frame(struct client *c, uint8_t opcode, const void *data, uint32_t len)
{
    static const uint8_t mask[4] = {1, 2, 3, 4};
    uint8_t *out = malloc(len + MR_WS_HEAD_MAX);
    int64_t n = mr_ws_write(out, len + MR_WS_HEAD_MAX, opcode, true, mask, data, len);
    assert_true(n > 0);
    client_raw(c, out, (uint32_t)n);
    free(out);
}

void client_say(struct client *c, const char *text) { client_frame(c, MR_WS_TEXT, text, (uint32_t)strlen(text)); }

int client_next(struct client *c, int timeout_ms, const char **text, uint32_t *len)
{
    int64_t deadline = mr_clock_mono() + timeout_ms * 1000000ll;
    drop(c, c->used);
    c->used = 0;
    for (;;) {
        struct mr_ws_frame frame;
        int64_t n = c->len ? mr_ws_read(&c->ws, c->in, c->len, &frame) : 0;
        assert_true(n >= 0);
        if (n > 0) {
            c->used = (uint32_t)n;
            *text = (const char *)frame.data;
            *len = frame.len;
            return frame.opcode;
        }
        if (!more(c, deadline))
            return c->ended ? CLIENT_CLOSED : CLIENT_NOTHING;
    }
}

uint32_t client_left(const struct client *c) { return c->len - c->used; }

int client_ask(const struct mr_exchange *x, const char *host, struct mr_span request, char *body, size_t room)
{
    const char *why = "";
    struct client *c = client_dial(mr_exchange_port(x), mr_exchange_ca(x), host, &why);
    assert_non_null(c);
    client_raw(c, request.data, request.len);
    int64_t deadline = mr_clock_mono() + 5000000000;
    while (more(c, deadline))
        ;
    struct mr_http_head head;
    int64_t n = mr_http_response(c->in, c->len, &head);
    assert_true(n > 0);
    assert_int_equal(mr_http_length(&head), c->len - n);
    assert_true(c->len - (uint32_t)n < room);
    memcpy(body, c->in + n, c->len - (uint32_t)n);
    body[c->len - n] = 0;
    client_close(c);
    return head.status;
}

int client_rest(const struct mr_exchange *x, const char *host, const char *target, const char *post, char *body,
                size_t room)
{
    char request[2048];
    struct mr_text t;
    mr_text_init(&t, request, sizeof request);
    mr_text_format(&t, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %u\r\n\r\n%s",
                   post ? "POST" : "GET", target, host, post ? (unsigned)strlen(post) : 0, post ? post : "");
    return client_ask(x, host, (struct mr_span){(const uint8_t *)request, (uint32_t)t.len}, body, room);
}
