/* C-42 to C-56: versions, suites, groups, extensions that were not offered. */
#include "tests/dataplane/tls/server.h"

#define SUITE_OFFERED 0xc02b /* ECDHE-ECDSA-AES128-GCM-SHA256 */

static const uint8_t renegotiation_info[] = {0xff, 0x01, 0x00, 0x01, 0x00};
static const uint8_t downgraded_11[] = "DOWNGRD";   /* with its NUL: "I know 1.2 and was asked for less" */
static const uint8_t downgraded_12[] = "DOWNGRD\1"; /* 1.3 */

/* ---- a ServerHello by hand ---- */

struct hello {
    uint16_t version, suite;
    uint8_t compression;
    const uint8_t *random_ends, *extensions; /* 8 octets; NULL: none special */
    uint8_t extensions_len;
};

static void say_hello(struct server *s, const struct hello *h)
{
    uint8_t m[128] = {2, 0, 0, 0, (uint8_t)(h->version >> 8), (uint8_t)h->version};
    uint8_t n = 6;
    memset(m + n, 0x42, 32);
    if (h->random_ends)
        memcpy(m + n + 24, h->random_ends, 8);
    n += 32;
    m[n++] = 0; /* no session id */
    m[n++] = (uint8_t)(h->suite >> 8);
    m[n++] = (uint8_t)h->suite;
    m[n++] = h->compression;
    m[n++] = 0;
    m[n++] = h->extensions_len;
    memcpy(m + n, h->extensions, h->extensions_len);
    n += h->extensions_len;
    m[3] = (uint8_t)(n - 4);
    if (server_hear(s))
        server_record(s, 22, h->version, m, n);
    server_wait(s);
}

static void serve_version(struct server *s)
{
    say_hello(
        s, &(struct hello){
               .version = (uint16_t)s->c->arg, .suite = 0x002f, .extensions = renegotiation_info, .extensions_len = 5});
}

static void serve_suite(struct server *s)
{
    say_hello(
        s, &(struct hello){
               .version = 0x0303, .suite = (uint16_t)s->c->arg, .extensions = renegotiation_info, .extensions_len = 5});
}

static void serve_compression(struct server *s)
{
    say_hello(s, &(struct hello){.version = 0x0303,
                                 .suite = SUITE_OFFERED,
                                 .compression = 1,
                                 .extensions = renegotiation_info,
                                 .extensions_len = 5});
}

static void serve_sentinel(struct server *s)
{
    say_hello(s, &(struct hello){.version = 0x0303,
                                 .suite = SUITE_OFFERED,
                                 .random_ends = s->c->arg ? downgraded_12 : downgraded_11,
                                 .extensions = renegotiation_info,
                                 .extensions_len = 5});
}

static void serve_legacy(struct server *s)
{
    static const uint8_t wrong[] = {0xff, 0x01, 0x00, 0x05, 0x04, 1, 2, 3, 4};
    say_hello(s, &(struct hello){.version = 0x0303,
                                 .suite = SUITE_OFFERED,
                                 .extensions = wrong,
                                 .extensions_len = s->c->arg ? sizeof wrong : 0});
}

/* ---- a man in the middle ---- */

/* Takes the offer of TLS 1.3 out of the ClientHello; the honest server behind answers with 1.2, and says so in its random. */
static void serve_downgrade(struct server *s)
{
    uint16_t len;
    if (server_hear(s)) {
        uint8_t bytes[4096];
        int n = BIO_read(s->in, bytes, sizeof bytes);
        uint8_t *versions = n > 0 ? hello_extension(bytes, (uint32_t)n, TLSEXT_TYPE_supported_versions, &len) : NULL;
        MR_ASSERT(versions);
        versions[-4] = 0x7a; /* an extension that nobody knows */
        BIO_write(s->in, bytes, n);
        server_think(s);
        server_say(s);
    }
    server_wait(s);
}

/* Overwrites two octets of the ServerHello: the suite, or the group of key_share; or the octet of the compression. */
enum hello_edit { EDIT_SUITE, EDIT_GROUP, EDIT_COMPRESSION };
static void serve_edited_hello(struct server *s)
{
    uint16_t len;
    if (server_greet(s)) {
        uint8_t *at = s->flight + 5 + 4 + 2 + 32;
        at += 1 + at[0];
        if (s->c->arg == EDIT_GROUP)
            at = hello_extension(s->flight, 5u + ((uint32_t)s->flight[3] << 8 | s->flight[4]), TLSEXT_TYPE_key_share,
                                 &len);
        MR_ASSERT(at);
        if (s->c->arg == EDIT_COMPRESSION) {
            at[2] = 1;
        } else {
            at[0] = s->c->arg == EDIT_SUITE ? 0x13 : 0x00;
            at[1] = s->c->arg == EDIT_SUITE ? 0x04 : 0x1a; /* AES-128-CCM; brainpoolP256r1 */
        }
        server_say(s);
    }
    server_wait(s);
}

static void serve_retry_twice(struct server *s)
{
    if (server_greet(s)) {
        server_send(s, s->flight, s->flight_len);
        if (server_hear(s))
            server_send(s, s->flight, s->flight_len);
    }
    server_wait(s);
}

/* An ALPN answer to a client that asked for none. */
static void serve_alpn(struct server *s)
{
    static const uint8_t alpn[] = {0, 16, 0, 5, 0, 3, 2, 'h', '2'};
    struct seal seal;
    uint32_t len;
    uint8_t message[512];
    if (server_greet(s)) {
        server_open_flight(s, &seal);
        uint8_t *ee = server_message(s, 8, &len);
        MR_ASSERT(ee && len + sizeof alpn <= sizeof message);
        memcpy(message, ee, len);
        memcpy(message + len, alpn, sizeof alpn);
        message[3] = (uint8_t)(message[3] + sizeof alpn);
        message[5] = (uint8_t)(message[5] + sizeof alpn);
        server_send(s, s->flight, s->plain_len);
        server_seal(s, &seal, 22, message, len + sizeof alpn);
        server_seal(s, &seal, 22, ee + len, s->inner_len - (uint32_t)(ee + len - s->inner));
    }
    server_wait(s);
}

static void serve_renegotiation(struct server *s)
{
    if (server_shake(s) && server_listen(s)) {
        MR_ASSERT(SSL_renegotiate(s->ssl) == 1);
        server_think(s); /* HelloRequest */
        server_say(s);
        while (server_hear(s)) {
            server_think(s); /* a client that will not: OpenSSL's server gives up */
            server_say(s);
        }
    }
}

static void serve_hello_request_13(struct server *s)
{
    static const uint8_t request[] = {0, 0, 0, 0};
    struct seal seal;
    SSL_set_num_tickets(s->ssl, 0);
    if (server_shake(s) && server_listen(s)) {
        seal_open(&seal, s->traffic_secret);
        server_seal(s, &seal, 22, request, sizeof request);
    }
    server_wait(s);
}

/* ---- what else must be so ---- */

static bool check_12(const struct outcome *o) { return strncmp(o->results[0].tls, "TLSv1.2 ECDHE-", 14) == 0; }
static bool check_13(const struct outcome *o)
{
    return strcmp(o->results[0].tls, "TLSv1.3 TLS_AES_128_GCM_SHA256") == 0;
}
static bool check_two_hellos(const struct outcome *o) { return o->report->hellos == 2; }
static bool check_one_hello(const struct outcome *o) { return o->report->hellos == 1; }

/* clang-format off */
const struct tls_case cases_protocol[] = {
    {42, "server chooses SSL 3", "version", .serve = serve_version, .arg = 0x0300},
    {42, "server chooses TLS 1.0", "version", .serve = serve_version, .arg = 0x0301},
    {42, "server chooses TLS 1.1", "version", .serve = serve_version, .arg = 0x0302},
    {42, "server knows only TLS 1.0", "version", .version = TLS1_VERSION},
    {42, "server knows only TLS 1.1", "version", .version = TLS1_1_VERSION},
    {43, "TLS 1.2 only", "ok", .version = TLS1_2_VERSION, .check = check_12},
    {44, "TLS 1.3 only", "ok", .version = TLS1_3_VERSION, .check = check_13},
    {44, "TLS 1.3, AES-256", "ok", .suites = "TLS_AES_256_GCM_SHA384"},
    {44, "TLS 1.3, ChaCha20", "ok", .suites = "TLS_CHACHA20_POLY1305_SHA256"},
    {45, "server chooses a suite without encryption", "protocol", .serve = serve_suite, .arg = 0x003b},
    {45, "server chooses RC4", "protocol", .serve = serve_suite, .arg = 0x0005},
    {45, "server chooses 3DES", "protocol", .serve = serve_suite, .arg = 0xc008},
    {45, "server knows only suites without encryption", "alert", .version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0"},
    {46, "server chooses DHE", "protocol", .serve = serve_suite, .arg = 0x009e},
    {46, "server chooses anonymous DH", "protocol", .serve = serve_suite, .arg = 0x00a6},
    {46, "server knows only DHE", "alert", .chain = {GOOD_RSA, INTER}, .version = TLS1_2_VERSION, .ciphers = "DHE-RSA-AES128-GCM-SHA256"},
    {47, "server chooses export RC4", "protocol", .serve = serve_suite, .arg = 0x0003},
    {47, "server chooses export DES", "protocol", .serve = serve_suite, .arg = 0x0014},
    {48, "1.3 taken out of our offer: the server's random tells", "protocol", .serve = serve_downgrade},
    {48, "random says 1.2 was possible", "protocol", .serve = serve_sentinel, .arg = 1},
    {48, "random says that less was wanted", "protocol", .serve = serve_sentinel, .arg = 0},
    {49, "suite of 1.3 that was not offered", "protocol", .serve = serve_edited_hello, .arg = EDIT_SUITE},
    {49, "suite of 1.2 that was not offered", "protocol", .serve = serve_suite, .arg = 0xc013},
    {49, "server knows only a suite that was not offered", "alert", .version = TLS1_3_VERSION, .suites = "TLS_AES_128_CCM_SHA256"},
    {50, "group that was not offered", "protocol", .serve = serve_edited_hello, .arg = EDIT_GROUP},
    {50, "retry with a group that was not offered", "protocol", .serve = serve_edited_hello, .groups = "P-384", .arg = EDIT_GROUP},
    {50, "server knows only a group that was not offered", "alert", .version = TLS1_2_VERSION, .groups = "brainpoolP256r1"},
    {51, "ALPN answered, and none was asked for", "protocol", .serve = serve_alpn},
    {52, "HelloRetryRequest", "ok", .version = TLS1_3_VERSION, .groups = "P-384", .check = check_two_hellos},
    {53, "HelloRetryRequest twice", "protocol", .serve = serve_retry_twice, .version = TLS1_3_VERSION, .groups = "P-384"},
    {54, "renegotiation asked", "alert", .serve = serve_renegotiation, .version = TLS1_2_VERSION, .check = check_one_hello},
    {54, "renegotiation asked in 1.3", "protocol", .serve = serve_hello_request_13, .version = TLS1_3_VERSION, .check = check_one_hello},
    {55, "compression chosen", "protocol", .serve = serve_compression},
    {55, "compression chosen in 1.3", "protocol", .serve = serve_edited_hello, .arg = EDIT_COMPRESSION},
    {56, "server without secure renegotiation", "protocol", .serve = serve_legacy},
    {56, "server with a renegotiation of something else", "protocol", .serve = serve_legacy, .arg = 1},
};
/* clang-format on */
const uint32_t cases_protocol_count = MR_COUNT_OF(cases_protocol);
