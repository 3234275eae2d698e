#include "tests/dataplane/tls/server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 5000
#define LIFE_S 40

/* ---- what OpenSSL tells us ---- */

static int on_hello(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    (void)arg;
    struct server *s = SSL_get_app_data(ssl);
    const unsigned char *bytes;
    size_t len;
    s->report->hellos++;
    s->report->sni_sent = SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &len) == 1;
    if (s->report->sni_sent && len >= 5 && len - 5 < sizeof s->report->sni) {
        memcpy(s->report->sni, bytes + 5, len - 5);
        s->report->sni[len - 5] = 0;
    }
    s->report->asked_early[s->turn] = SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_early_data, &bytes, &len) == 1;
    s->report->offered_ticket[s->turn] = SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_psk, &bytes, &len) == 1;
    s->report->asked_staple = SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_status_request, &bytes, &len) == 1;
    return SSL_CLIENT_HELLO_SUCCESS;
}

static void on_info(const SSL *ssl, int where, int value)
{
    struct server *s = SSL_get_app_data(ssl);
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && (value & 0xff) != SSL_AD_CLOSE_NOTIFY)
        s->report->alert = value & 0xff;
}

static void on_secret(const SSL *ssl, const char *line)
{
    struct server *s = SSL_get_app_data(ssl);
    const char *secret = strrchr(line, ' ');
    uint8_t bytes[48];
    size_t len;
    if (!secret || OPENSSL_hexstr2buf_ex(bytes, sizeof bytes, &len, secret + 1, 0) != 1)
        return;
    if (strncmp(line, "SERVER_HANDSHAKE_", 17) == 0)
        memcpy(s->handshake_secret, bytes, len);
    if (strncmp(line, "SERVER_TRAFFIC_", 15) == 0)
        memcpy(s->traffic_secret, bytes, len);
    struct report *r = s->report;
    if (r->secret_count == SECRETS_MAX)
        return;
    for (size_t i = 0; i < len; i++)
        r->secrets[r->secret_count][i] = bytes[i] ^ 0x5a;
    r->secret_len = (uint32_t)len;
    r->secret_count++;
}

static int on_staple(SSL *ssl, void *arg)
{
    (void)arg;
    struct server *s = SSL_get_app_data(ssl);
    if (s->c->staple == STAPLE_NONE)
        return SSL_TLSEXT_ERR_NOACK;
    uint8_t *bytes = OPENSSL_malloc(4096);
    enum pki_who leaf = s->c->chain[0] ? s->c->chain[0] : GOOD;
    SSL_set_tlsext_status_ocsp_resp(ssl, bytes, pki_staple(s->pki, leaf, s->c->staple, bytes));
    return SSL_TLSEXT_ERR_OK;
}

/* ---- the context ---- */

static void use_chain(SSL_CTX *context, const struct pki *pki, const enum pki_who *chain)
{
    static const enum pki_who usual[] = {GOOD, INTER, PKI_NOBODY};
    const enum pki_who *who = chain[0] ? chain : usual;
    MR_ASSERT(SSL_CTX_use_certificate(context, pki->of[who[0]].x) == 1);
    MR_ASSERT(SSL_CTX_use_PrivateKey(context, pki->of[who[0]].key) == 1);
    for (int i = 1; i < CHAIN_MAX && who[i]; i++)
        MR_ASSERT(SSL_CTX_add1_chain_cert(context, pki->of[who[i]].x) == 1);
}

static SSL_CTX *new_context(const struct tls_case *c, const struct pki *pki, const enum pki_who *chain)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    MR_ASSERT(context);
    SSL_CTX_set_security_level(context, 0); /* so that it can be old and weak where a case wants that */
    SSL_CTX_set_min_proto_version(context, c->version ? c->version : TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context, c->version);
    SSL_CTX_set_session_id_context(context, (const uint8_t *)"test", 4);
    SSL_CTX_set_options(context, SSL_OP_NO_ANTI_REPLAY);
    SSL_CTX_set_client_hello_cb(context, on_hello, NULL);
    SSL_CTX_set_info_callback(context, on_info);
    SSL_CTX_set_keylog_callback(context, on_secret);
    SSL_CTX_set_tlsext_status_cb(context, on_staple);
    MR_ASSERT(SSL_CTX_set_ciphersuites(context, c->suites ? c->suites : "TLS_AES_128_GCM_SHA256") == 1);
    MR_ASSERT(!c->ciphers || SSL_CTX_set_cipher_list(context, c->ciphers) == 1);
    MR_ASSERT(!c->groups || SSL_CTX_set1_groups_list(context, c->groups) == 1);
    use_chain(context, pki, chain);
    return context;
}

static void new_connection(struct server *s)
{
    s->ssl = SSL_new(s->context);
    s->in = BIO_new(BIO_s_mem());
    s->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(s->in, -1);
    BIO_set_mem_eof_return(s->out, -1);
    SSL_set_app_data(s->ssl, s);
    SSL_set_bio(s->ssl, s->in, s->out);
    SSL_set_accept_state(s->ssl);
    s->over = false;
    s->flight_len = s->inner_len = s->plain_len = s->report->raw_len = 0;
}

void server_in_memory(struct server *s, const struct tls_case *c, const struct pki *pki)
{
    s->c = c;
    s->pki = pki;
    s->fd = s->listener = -1;
    if (!s->context)
        s->context = new_context(c, pki, c->chain);
    new_connection(s);
}

static int accept_one(int listener)
{
    struct pollfd p = {.fd = listener, .events = POLLIN};
    int one = 1, fd = poll(&p, 1, PATIENCE_MS) == 1 ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

_Noreturn void server_run(const struct tls_case *c, const struct pki *pki, int listener, struct report *report)
{
    static struct server s;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    alarm(LIFE_S);
    s = (struct server){.c = c, .pki = pki, .report = report, .listener = listener};
    report->alert = -1;
    for (s.turn = 0; s.turn < (c->turns ? c->turns : 1u); s.turn++) {
        bool anew = s.turn == 0 || c->then_chain[0];
        if (anew)
            s.context = new_context(c, pki, s.turn && c->then_chain[0] ? c->then_chain : c->chain);
        s.fd = accept_one(listener);
        if (s.fd < 0)
            _exit(3);
        report->connections++;
        new_connection(&s);
        (c->serve ? c->serve : server_good)(&s);
        if (s.fd >= 0)
            close(s.fd);
        SSL_free(s.ssl);
    }
    _exit(0);
}

/* ---- octets ---- */

bool server_hear(struct server *s)
{
    uint8_t bytes[16384];
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    ssize_t n = !s->over && poll(&p, 1, PATIENCE_MS) == 1 ? recv(s->fd, bytes, sizeof bytes, 0) : 0;
    if (n <= 0) {
        s->over = true;
        return false;
    }
    uint32_t room = RAW_BYTES - s->report->raw_len, kept = (uint32_t)n < room ? (uint32_t)n : room;
    memcpy(s->report->raw + s->report->raw_len, bytes, kept);
    s->report->raw_len += kept;
    BIO_write(s->in, bytes, (int)n);
    return true;
}

void server_send(struct server *s, const void *data, size_t len)
{
    const uint8_t *at = data;
    while (len > 0 && !s->over) {
        ssize_t n = send(s->fd, at, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        at += n;
        len -= (size_t)n;
    }
}

static void take_output(struct server *s)
{
    int n = BIO_read(s->out, s->flight, sizeof s->flight);
    s->flight_len = n > 0 ? (uint32_t)n : 0;
}

static void read_plain(struct server *s)
{
    char bytes[4096];
    for (int n; (n = SSL_read(s->ssl, bytes, sizeof bytes)) > 0;)
        s->report->heard[s->turn] += (uint32_t)n;
    ERR_clear_error();
    if (SSL_get_shutdown(s->ssl) & SSL_RECEIVED_SHUTDOWN)
        s->report->said_close = true;
}

void server_think(struct server *s)
{
    (void)SSL_do_handshake(s->ssl);
    ERR_clear_error();
    if (SSL_is_init_finished(s->ssl))
        read_plain(s);
    take_output(s);
    s->report->finished[s->turn] = SSL_is_init_finished(s->ssl);
    s->report->resumed[s->turn] = SSL_session_reused(s->ssl);
}

void server_say(struct server *s)
{
    server_send(s, s->flight, s->flight_len);
    s->flight_len = 0;
}

bool server_greet(struct server *s)
{
    do {
        if (!server_hear(s))
            return false;
        server_think(s);
    } while (s->flight_len == 0);
    return true;
}

bool server_finish(struct server *s)
{
    while (!SSL_is_init_finished(s->ssl)) {
        if (!server_hear(s))
            return false;
        server_think(s);
        server_say(s);
    }
    return true;
}

bool server_shake(struct server *s)
{
    if (!server_greet(s))
        return false;
    server_say(s);
    return server_finish(s);
}

bool server_listen(struct server *s)
{
    for (;;) {
        read_plain(s);
        if (s->report->heard[s->turn] >= sizeof MR_PROBE_REQUEST - 1)
            return true;
        if (!server_hear(s))
            return false;
    }
}

void server_tell(struct server *s, const void *data, size_t len)
{
    if (len)
        (void)SSL_write(s->ssl, data, (int)len);
    ERR_clear_error();
    take_output(s);
    server_say(s);
}

void server_wait(struct server *s)
{
    do
        read_plain(s);
    while (server_hear(s));
    read_plain(s);
}

void server_part(struct server *s)
{
    (void)SSL_shutdown(s->ssl);
    ERR_clear_error();
    take_output(s);
    server_say(s);
    do
        read_plain(s);
    while (!s->report->said_close && server_hear(s));
    shutdown(s->fd, SHUT_WR);
    server_wait(s);
}

void server_good(struct server *s)
{
    if (server_shake(s) && server_listen(s))
        server_tell(s, ANSWER, sizeof ANSWER - 1);
    if (SSL_is_init_finished(s->ssl))
        server_part(s);
    else
        server_wait(s);
}

/* ---- records by hand ---- */

void server_record(struct server *s, uint8_t type, uint16_t version, const void *data, size_t len)
{
    uint8_t bytes[5 + 65535] = {type, (uint8_t)(version >> 8), (uint8_t)version, (uint8_t)(len >> 8), (uint8_t)len};
    memcpy(bytes + 5, data, len);
    server_send(s, bytes, 5 + len);
}

/* HKDF-Expand-Label of RFC 8446 7.1 with an empty context; at most 32 octets, which is one round of HMAC. */
static void expand(const uint8_t *secret, const char *label, uint8_t *out, uint8_t len)
{
    uint8_t info[64] = {0, len, (uint8_t)(6 + strlen(label))}, hash[EVP_MAX_MD_SIZE];
    size_t n = 3 + (size_t)snprintf((char *)info + 3, sizeof info - 3, "tls13 %s", label);
    info[n++] = 0;
    info[n++] = 1;
    MR_ASSERT(HMAC(EVP_sha256(), secret, 32, info, n, hash, NULL));
    memcpy(out, hash, len);
}

void seal_open(struct seal *seal, const uint8_t *secret)
{
    expand(secret, "key", seal->key, sizeof seal->key);
    expand(secret, "iv", seal->iv, sizeof seal->iv);
    seal->seq = 0;
}

static EVP_CIPHER_CTX *begin(struct seal *seal, int encrypt, const uint8_t *header)
{
    uint8_t nonce[12];
    int n;
    memcpy(nonce, seal->iv, sizeof nonce);
    for (int i = 0; i < 8; i++)
        nonce[11 - i] ^= (uint8_t)(seal->seq >> 8 * i);
    seal->seq++;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    MR_ASSERT(EVP_CipherInit_ex(c, EVP_aes_128_gcm(), NULL, seal->key, nonce, encrypt) == 1);
    MR_ASSERT(EVP_CipherUpdate(c, NULL, &n, header, 5) == 1);
    return c;
}

size_t seal_record(struct seal *seal, uint8_t type, const void *data, size_t len, uint8_t *record)
{
    size_t inner = len + 1, body = inner + SEAL_TAG;
    const uint8_t header[5] = {23, 3, 3, (uint8_t)(body >> 8), (uint8_t)body};
    memcpy(record, header, 5);
    if (len)
        memcpy(record + 5, data, len);
    record[5 + len] = type;
    int n;
    EVP_CIPHER_CTX *c = begin(seal, 1, header);
    MR_ASSERT(EVP_CipherUpdate(c, record + 5, &n, record + 5, (int)inner) == 1);
    MR_ASSERT(EVP_CipherFinal_ex(c, record + 5 + inner, &n) == 1);
    MR_ASSERT(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG, record + 5 + inner) == 1);
    EVP_CIPHER_CTX_free(c);
    return 5 + body;
}

void server_seal(struct server *s, struct seal *seal, uint8_t type, const void *data, size_t len)
{
    static uint8_t record[65536];
    MR_ASSERT(len + SEAL_OVERHEAD <= sizeof record);
    server_send(s, record, seal_record(seal, type, data, len, record));
}

/* One record's handshake octets to s->inner. */
static void unseal(struct server *s, struct seal *seal, const uint8_t *record, uint32_t body)
{
    int n;
    uint8_t *out = s->inner + s->inner_len;
    MR_ASSERT(body > 17 && s->inner_len + body <= sizeof s->inner);
    EVP_CIPHER_CTX *c = begin(seal, 0, record);
    MR_ASSERT(EVP_CipherUpdate(c, out, &n, record + 5, (int)body - 16) == 1);
    EVP_CIPHER_CTX_free(c);
    MR_ASSERT(out[body - 17] == 22);
    s->inner_len += body - 17;
}

void server_open_flight(struct server *s, struct seal *seal)
{
    seal_open(seal, s->handshake_secret);
    s->inner_len = s->plain_len = 0;
    for (uint32_t at = 0; at + 5 <= s->flight_len;) {
        const uint8_t *record = s->flight + at;
        uint32_t body = (uint32_t)record[3] << 8 | record[4];
        at += 5 + body;
        if (record[0] == 23)
            unseal(s, seal, record, body);
        else
            s->plain_len = at;
    }
    seal->seq = 0; /* to be sealed anew */
}

uint8_t *server_message(struct server *s, uint8_t type, uint32_t *len)
{
    for (uint32_t at = 0; at + 4 <= s->inner_len; at += *len) {
        uint8_t *m = s->inner + at;
        *len = 4 + ((uint32_t)m[1] << 16 | (uint32_t)m[2] << 8 | m[3]);
        if (m[0] == type)
            return m;
    }
    return NULL;
}

uint8_t *hello_extension(uint8_t *bytes, uint32_t len, uint16_t type, uint16_t *extension_len)
{
    bool client = bytes[5] == 1;
    uint32_t at = 5 + 4 + 2 + 32;
    at += 1u + bytes[at]; /* the session's id */
    at += client ? 2u + ((uint32_t)bytes[at] << 8 | bytes[at + 1]) : 2u;
    at += client ? 1u + bytes[at] : 1u;
    for (at += 2; at + 4 <= len;) {
        uint16_t is = (uint16_t)(bytes[at] << 8 | bytes[at + 1]);
        *extension_len = (uint16_t)(bytes[at + 2] << 8 | bytes[at + 3]);
        if (is == type)
            return bytes + at + 4;
        at += 4u + *extension_len;
    }
    return NULL;
}
