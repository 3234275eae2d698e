#include "tests/dataplane/aux/https_server.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256

struct connection {
    struct https_server *server;
    pthread_t thread;
    int fd;
};
struct https_server {
    SSL_CTX *tls;
    int fd;
    uint16_t port;
    uint32_t halt, requests, now, most, connection_count;
    pthread_t thread;
    pthread_mutex_t lock;
    struct connection connections[CONNECTIONS_MAX];
};

uint8_t https_server_pattern(uint32_t i) { return (uint8_t)('a' + (i * 2654435761u >> 24) % 26); }

/* ---- certificates ---- */

static X509 *certificate(EVP_PKEY *key, const char *name, const char *names, X509 *issuer, EVP_PKEY *issuer_key)
{
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), issuer ? 2 : 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600 * 24);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer ? issuer : x, x, NULL, NULL, 0);
    X509_EXTENSION *ext = issuer ? X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, names)
                                 : X509V3_EXT_conf_nid(NULL, &ctx, NID_basic_constraints, "critical,CA:TRUE");
    assert_non_null(ext);
    X509_add_ext(x, ext, -1);
    X509_EXTENSION_free(ext);
    assert_true(X509_sign(x, issuer_key ? issuer_key : key, EVP_sha256()) > 0);
    return x;
}

static SSL_CTX *make_tls(const char *names, const char *ca_file)
{
    EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    X509 *ca = certificate(ca_key, names, NULL, NULL, NULL); /* issuers are told apart by their subject */
    X509 *leaf = certificate(key, "millrace test server", names, ca, ca_key);
    FILE *f = fopen(ca_file, "we");
    assert_non_null(f);
    PEM_write_X509(f, ca);
    fclose(f);
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(tls, leaf), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(tls, key), 1);
    X509_free(ca);
    X509_free(leaf);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(key);
    return tls;
}

/* ---- answers ---- */

static bool send_all(SSL *ssl, const void *data, size_t len)
{
    return len == 0 || SSL_write(ssl, data, (int)len) == (int)len;
}

static bool send_head(SSL *ssl, const char *status, const char *more, size_t len)
{
    char head[512];
    int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status, more, len);
    return send_all(ssl, head, (size_t)n);
}

static bool send_pattern(SSL *ssl, uint32_t len, bool chunked)
{
    if (!(chunked ? send_all(ssl, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 47)
                  : send_head(ssl, "200 OK", "", len)))
        return false;
    static _Thread_local uint8_t piece[16384];
    for (uint32_t at = 0; at < len;) {
        uint32_t n = len - at < sizeof piece ? len - at : (uint32_t)sizeof piece;
        for (uint32_t i = 0; i < n; i++)
            piece[i] = https_server_pattern(at + i);
        char mark[16];
        if (chunked && !send_all(ssl, mark, (size_t)snprintf(mark, sizeof mark, "%x\r\n", n)))
            return false;
        if (!send_all(ssl, piece, n) || (chunked && !send_all(ssl, "\r\n", 2)))
            return false;
        at += n;
    }
    return !chunked || send_all(ssl, "0\r\n\r\n", 5);
}

static bool answer(struct https_server *s, SSL *ssl, const char *path, const char *head, const char *body)
{
    unsigned code, after = 0;
    char status[64], more[64] = "";
    if (strncmp(path, "/bytes/", 7) == 0)
        return send_pattern(ssl, (uint32_t)atoi(path + 7), false);
    if (strncmp(path, "/chunked/", 9) == 0)
        return send_pattern(ssl, (uint32_t)atoi(path + 9), true);
    if (sscanf(path, "/status/%u/%u", &code, &after) >= 1) {
        snprintf(status, sizeof status, "%u Said So", code);
        if (after)
            snprintf(more, sizeof more, "Retry-After: %u\r\n", after);
        return send_head(ssl, status, more, 11) && send_all(ssl, "{\"code\":-1}", 11);
    }
    if (strncmp(path, "/redirect", 9) == 0)
        return send_head(ssl, "302 Found", "Location: /bytes/10\r\n", 0);
    if (strncmp(path, "/echo", 5) == 0)
        return send_head(ssl, "200 OK", "", strlen(body)) && send_all(ssl, body, strlen(body));
    if (strncmp(path, "/head", 5) == 0)
        return send_head(ssl, "200 OK", "", strlen(head)) && send_all(ssl, head, strlen(head));
    if (strncmp(path, "/half", 5) == 0)
        return send_head(ssl, "200 OK", "", 1000) && send_all(ssl, "{\"half\":", 8) && false;
    if (strncmp(path, "/garbage", 8) == 0)
        return send_all(ssl, "\x01\x02 this is not HTTP\r\n\r\n", 23) && false;
    if (strncmp(path, "/slow", 5) == 0)
        while (!__atomic_load_n(&s->halt, __ATOMIC_ACQUIRE))
            usleep(1000);
    return false;
}

/* ---- connections ---- */

/* One request: its head, and as many bytes of body as it says. */
static bool serve(struct https_server *s, SSL *ssl)
{
    char text[65536];
    size_t have = 0, want = 0;
    char *body = NULL;
    while (!body || have < want) {
        int n = SSL_read(ssl, text + have, (int)(sizeof text - 1 - have));
        if (n <= 0)
            return false;
        have += (size_t)n;
        text[have] = 0;
        if (!body && (body = strstr(text, "\r\n\r\n"))) {
            const char *length = strcasestr(text, "content-length:");
            body += 4;
            want = (size_t)(body - text) + (length && length < body ? (size_t)atol(length + 15) : 0);
        }
    }
    char path[4096], head[4096];
    if (sscanf(text, "%*s %4095s", path) != 1)
        return false;
    snprintf(head, sizeof head, "%.*s", (int)(body - text), text);
    pthread_mutex_lock(&s->lock);
    s->requests++;
    s->most = ++s->now > s->most ? s->now : s->most;
    pthread_mutex_unlock(&s->lock);
    bool go_on = answer(s, ssl, path, head, body);
    pthread_mutex_lock(&s->lock);
    s->now--;
    pthread_mutex_unlock(&s->lock);
    return go_on;
}

static void *talk(void *arg)
{
    struct connection *c = arg;
    SSL *ssl = SSL_new(c->server->tls);
    SSL_set_fd(ssl, c->fd);
    if (SSL_accept(ssl) == 1) {
        while (serve(c->server, ssl))
            ;
        SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    shutdown(c->fd, SHUT_RDWR);
    return NULL;
}

static void *listen_on(void *arg)
{
    struct https_server *s = arg;
    for (;;) {
        int fd = accept(s->fd, NULL, NULL);
        if (fd < 0 || s->connection_count == CONNECTIONS_MAX)
            return NULL;
        struct connection *c = &s->connections[s->connection_count];
        *c = (struct connection){.server = s, .fd = fd};
        if (pthread_create(&c->thread, NULL, talk, c))
            return NULL;
        __atomic_store_n(&s->connection_count, s->connection_count + 1, __ATOMIC_RELEASE);
    }
}

static int bound(uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    assert_true(fd >= 0 && bind(fd, (void *)&at, sizeof at) == 0 && getsockname(fd, (void *)&at, &len) == 0);
    *port = ntohs(at.sin_port);
    return fd;
}

uint16_t https_server_unused_port(void)
{
    uint16_t port;
    close(bound(&port));
    return port;
}

struct https_server *https_server_open(const char *names, const char *ca_file)
{
    signal(SIGPIPE, SIG_IGN);
    struct https_server *s = calloc(1, sizeof *s);
    s->tls = make_tls(names, ca_file);
    s->fd = bound(&s->port);
    pthread_mutex_init(&s->lock, NULL);
    assert_int_equal(listen(s->fd, 128), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, listen_on, s), 0);
    return s;
}

void https_server_close(struct https_server *s)
{
    __atomic_store_n(&s->halt, 1, __ATOMIC_RELEASE);
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    for (uint32_t i = 0; i < s->connection_count; i++) {
        shutdown(s->connections[i].fd, SHUT_RDWR);
        pthread_join(s->connections[i].thread, NULL);
        close(s->connections[i].fd);
    }
    close(s->fd);
    SSL_CTX_free(s->tls);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

uint16_t https_server_port(const struct https_server *s) { return s->port; }

uint32_t https_server_requests(const struct https_server *s) { return __atomic_load_n(&s->requests, __ATOMIC_RELAXED); }

uint32_t https_server_connections(const struct https_server *s)
{
    return __atomic_load_n(&s->connection_count, __ATOMIC_ACQUIRE);
}

uint32_t https_server_most(const struct https_server *s) { return __atomic_load_n(&s->most, __ATOMIC_RELAXED); }
