#include <arpa/inet.h>
#include <malloc.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dataplane/tls/tls_priv.h"

#define SECURITY_LEVEL 2 /* 112 bits: RSA 2048, no SHA-1 */

/* ---- memory: what OpenSSL gives back is cleansed ----
 *
 * OpenSSL 3.0 cleanses keys, but frees a connection's struct with its traffic secrets in it, and its record buffers with plaintext. It
 * takes other memory functions only before its first allocation, so this runs before main. Blocks below CLEANSED_BYTES hold
 * no secrets that OpenSSL does not cleanse itself, and are what each SSL_read borrows: they cost nothing. */

#define CLEANSED_BYTES 512

static void *take_memory(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return n ? malloc(n) : NULL;
}

static void give_memory(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    size_t had = block ? malloc_usable_size(block) : 0;
    if (had >= CLEANSED_BYTES)
        OPENSSL_cleanse(block, had);
    free(block);
}

static void *move_memory(void *block, size_t n, const char *file, int line)
{
    size_t had = block ? malloc_usable_size(block) : 0;
    void *moved = take_memory(n, file, line);
    if (moved && had)
        memcpy(moved, block, had < n ? had : n);
    if (moved || n == 0)
        give_memory(block, file, line);
    return moved;
}

__attribute__((constructor)) static void cleanse_memory(void)
{
    (void)CRYPTO_set_mem_functions(take_memory, move_memory, give_memory);
}

/* ---- the BIO: OpenSSL's reads come from the piece at hand, its writes go to the output queue ---- */

static int cursor_read(BIO *bio, char *out, size_t room, size_t *len)
{
    struct mr_tls *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    struct mr_tls_cursor *in = t->in;
    if (!in || in->len == 0) {
        BIO_set_retry_read(bio);
        *len = 0;
        return 0;
    }
    uint32_t take = in->len < room ? in->len : (uint32_t)room;
    memcpy(out, in->data, take);
    in->data += take;
    in->len -= take;
    *len = take;
    return 1;
}

static int cursor_write(BIO *bio, const char *data, size_t len, size_t *written)
{
    struct mr_tls *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    *written = 0;
    uint32_t queued = t->output_end - t->output_start;
    if (len > t->context->output_bytes - queued) {
        BIO_set_retry_write(bio);
        return 0;
    }
    if (len > t->context->output_bytes - t->output_end) {
        memmove(t->output, t->output + t->output_start, queued);
        t->output_start = 0;
        t->output_end = queued;
    }
    memcpy(t->output + t->output_end, data, len);
    t->output_end += (uint32_t)len;
    *written = len;
    return 1;
}

static long cursor_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH; /* written is flushed; nothing else has an answer */
}

static BIO_METHOD *cursor_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "millrace cursor");
    if (method && BIO_meth_set_read_ex(method, cursor_read) && BIO_meth_set_write_ex(method, cursor_write) &&
        BIO_meth_set_ctrl(method, cursor_control))
        return method;
    BIO_meth_free(method);
    return NULL;
}

/* ---- sessions to resume, the last of each host ---- */

static struct host_session *find(const struct mr_tls_context *context, const char *host)
{
    for (uint32_t i = 0; i < context->sessions_count; i++)
        if (strcmp(context->sessions[i].host, host) == 0)
            return (struct host_session *)(uintptr_t)&context->sessions[i];
    return NULL;
}

/* A ticket's lifetime is the server's word; OpenSSL looks at it, but takes 0 for "a second or so", where TLS 1.3 says "not at all". */
static bool fresh(const SSL_SESSION *session)
{
    unsigned long hint = SSL_SESSION_get_ticket_lifetime_hint(session);
    long age = (long)time(NULL) - (long)SSL_SESSION_get_time(session);
    if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION && age >= (long)hint)
        return false;
    return age >= 0 && age < (long)SSL_SESSION_get_timeout(session);
}

SSL_SESSION *mr_tls_session_of(const struct mr_tls_context *context, const char *host)
{
    const struct host_session *h = find(context, host);
    return h && h->session && SSL_SESSION_is_resumable(h->session) && fresh(h->session) ? h->session : NULL;
}

void mr_tls_session_forget(struct mr_tls_context *context, const char *host)
{
    struct host_session *h = find(context, host);
    if (!h)
        return;
    SSL_SESSION_free(h->session);
    h->session = NULL;
}

/* OpenSSL hands over a session (TLS 1.3: a ticket, some time after the handshake); 1: it is ours to free. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct mr_tls *t = SSL_get_app_data(ssl);
    struct mr_tls_context *context = t->context;
    MR_COUNT(context->metrics, tickets, 1);
    struct host_session *h = find(context, t->host);
    if (!h) { /* a table that is full loses the host that came first */
        bool full = context->sessions_count == context->sessions_max;
        h = &context->sessions[full ? context->sessions_next++ % context->sessions_max : context->sessions_count++];
        snprintf(h->host, sizeof h->host, "%s", t->host);
    }
    SSL_SESSION_free(h->session);
    h->session = session;
    return 1;
}

/* ---- the context ---- */

/* Authenticated encryption with forward secrecy only; the cheapest to read first. All of it is said here, and what would weaken it
 * is taken back: SSL_CTX_new has already obeyed the host's openssl.cnf. */
static bool restrict_protocol(SSL_CTX *ssl)
{
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_clear_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_TLSv1_2 | SSL_OP_NO_TLSv1_3);
    SSL_CTX_set_security_level(ssl, SECURITY_LEVEL);
    SSL_CTX_set_read_ahead(ssl, 0);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, keep_session);
    return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) && SSL_CTX_set_max_proto_version(ssl, 0) &&
           SSL_CTX_set_cipher_list(ssl, "ECDHE+AESGCM:ECDHE+CHACHA20") &&
           SSL_CTX_set_ciphersuites(ssl, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
}

int mr_tls_context_open(struct mr_tls_context **out, const struct mr_tls_config *config, struct mr_err *err)
{
    *out = NULL;
    if (config->connections_max == 0)
        return mr_err_set(err, MR_E_INVALID, "tls: connections_max is 0");
    if (config->output_bytes < 4096 || config->output_bytes > 64u << 20)
        return mr_err_set(err, MR_E_INVALID, "tls: output_bytes is %u; give 4 KiB to 64 MiB", config->output_bytes);
    struct mr_tls_context *context = calloc(1, sizeof *context + config->connections_max * sizeof context->sessions[0]);
    if (!context)
        return mr_err_set(err, MR_E_NOMEM, "tls: no memory");
    context->output_bytes = config->output_bytes;
    context->sessions_max = config->connections_max;
    context->read_layer = config->read_layer;
    context->metrics = config->metrics ? config->metrics : &context->uncounted;
    context->cursor = cursor_method();
    context->ssl = SSL_CTX_new(TLS_client_method());
    int status = MR_OK;
    if (!context->cursor || !context->ssl || !restrict_protocol(context->ssl))
        status = mr_err_set(err, MR_E_UNSUPPORTED,
                            "tls: this OpenSSL lacks TLS 1.2 with AES-GCM; is it restricted by openssl.cnf?");
    else
        status = mr_tls_trust(context->ssl, config, err);
    if (!status)
        status = mr_tls_record_open(context, config->connections_max, err);
    ERR_clear_error();
    if (status)
        mr_tls_context_close(context);
    else
        *out = context;
    return status;
}

void mr_tls_context_close(struct mr_tls_context *context)
{
    if (!context)
        return;
    for (uint32_t i = 0; i < context->sessions_count; i++)
        SSL_SESSION_free(context->sessions[i].session);
    SSL_CTX_free(context->ssl);
    BIO_meth_free(context->cursor);
    mr_tls_record_close(context);
    free(context);
}

/* ---- connections ---- */

int mr_tls_new(struct mr_tls **out, struct mr_tls_context *context)
{
    struct mr_tls *t = calloc(1, sizeof *t + context->output_bytes);
    *out = t;
    if (!t)
        return MR_E_NOMEM;
    t->context = context;
    memset(t->output, 0, context->output_bytes); /* touched at boot, not on the first message */
    mr_tls_record_take(t);
    return MR_OK;
}

void mr_tls_free(struct mr_tls *t)
{
    if (!t)
        return;
    mr_tls_close(t);
    mr_tls_record_give(t);
    free(t);
}

void mr_tls_close(struct mr_tls *t)
{
    mr_tls_record_wipe(t);
    if (t->established) /* a connection that broke says nothing about the session: it may be resumed (RFC 8446) */
        SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(t->ssl);
    t->ssl = NULL;
    t->output_start = t->output_end = 0;
    t->established = t->own = false;
}

static bool expect_host(struct mr_tls *t, const char *host)
{
    uint8_t ip[16];
    X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
    if (inet_pton(AF_INET, host, ip) == 1 || inet_pton(AF_INET6, host, ip) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1; /* an address takes no SNI (RFC 6066) */
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    char name[HOST_BYTES]; /* the dot that ends a full name is the resolver's: neither SNI nor certificates have it */
    size_t len = strlen(host);
    memcpy(name, host, len + 1);
    if (len > 1 && name[len - 1] == '.')
        name[--len] = 0;
    return X509_VERIFY_PARAM_set1_host(param, name, len) == 1 && SSL_set_tlsext_host_name(t->ssl, name) == 1;
}

/* The connection's BIO counts as one reference for each direction. */
static bool set_bio(struct mr_tls *t)
{
    BIO *bio = BIO_new(t->context->cursor);
    if (!bio)
        return false;
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    SSL_set_bio(t->ssl, bio, bio);
    return true;
}

int mr_tls_open(struct mr_tls *t, const char *host, struct mr_err *err)
{
    mr_tls_close(t);
    t->refused = false;
    t->reason = MR_TLS_NONE;
    t->error[0] = 0;
    size_t len = strlen(host);
    if (len == 0 || len >= sizeof t->host)
        return mr_err_set(err, MR_E_INVALID, "tls: a host name of %zu characters; give 1 to %zu", len,
                          sizeof t->host - 1);
    memcpy(t->host, host, len + 1);
    ERR_clear_error();
    t->ssl = SSL_new(t->context->ssl);
    bool ok = t->ssl && SSL_set_app_data(t->ssl, t) && set_bio(t) && expect_host(t, host);
    SSL_SESSION *session = ok ? mr_tls_session_of(t->context, host) : NULL;
    ok = ok && (!session || SSL_set_session(t->ssl, session));
    ERR_clear_error();
    if (ok) {
        SSL_set_connect_state(t->ssl);
        return MR_OK;
    }
    SSL_free(t->ssl);
    t->ssl = NULL;
    return mr_err_set(err, MR_E_INVALID, "tls: \"%s\" is not a host name or address that TLS can verify", host);
}
