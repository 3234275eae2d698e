/* TLS over memory against an OpenSSL server: who is trusted, what is refused and in which words, bytes that come in any
 * portions, resumption, and the ends of connections. */
#include <openssl/err.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/dataplane/tls/peer.h"
#include "tests/support/support.h"

#define HOST "api.example"
#define YEAR (365l * 86400)
#define BYTES 65536u

struct world {
    char folder[64], ca_path[128];
    struct mr_peer_certificate ca, stranger, good;
    struct mr_tls_context *context;
    struct mr_tls *tls;
    SSL_CTX *server;
};

static int open_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    snprintf(w->folder, sizeof w->folder, "/tmp/millrace-tls-XXXXXX");
    if (!mkdtemp(w->folder))
        return -1;
    snprintf(w->ca_path, sizeof w->ca_path, "%s/ca.pem", w->folder);
    w->ca = mr_peer_certify(&(struct mr_peer_wish){.common = "Test CA", .from_s = -YEAR, .to_s = YEAR, .ca = true});
    w->stranger =
        mr_peer_certify(&(struct mr_peer_wish){.common = "Stranger CA", .from_s = -YEAR, .to_s = YEAR, .ca = true});
    w->good = mr_peer_certify(&(struct mr_peer_wish){
        .common = HOST, .dns = HOST, .ip = "127.0.0.1", .from_s = -60, .to_s = YEAR, .signer = &w->ca});
    mr_peer_write_pem(&w->ca, w->ca_path);
    struct mr_err err;
    const struct mr_tls_config config = {.ca_file = w->ca_path, .connections_max = 4, .output_bytes = BYTES};
    assert_int_equal(mr_tls_context_open(&w->context, &config, &err), MR_OK);
    assert_int_equal(mr_tls_new(&w->tls, w->context), MR_OK);
    w->server = mr_peer_context(&w->good, 0, 0);
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    SSL_CTX_free(w->server);
    mr_tls_free(w->tls);
    mr_tls_context_close(w->context);
    mr_peer_certificate_free(&w->ca);
    mr_peer_certificate_free(&w->stranger);
    mr_peer_certificate_free(&w->good);
    unlink(w->ca_path);
    rmdir(w->folder);
    free(w);
    return 0;
}

static int dial(struct world *w, struct mr_peer *peer, SSL_CTX *server, const char *host, uint32_t step)
{
    struct mr_err err;
    assert_int_equal(mr_tls_open(w->tls, host, &err), MR_OK);
    mr_peer_open(peer, server);
    return mr_peer_shake(peer, w->tls, step);
}

/* All the plaintext in what the server said, `step` bytes at a time; the last status. */
static int64_t hear(struct world *w, struct mr_peer *peer, uint32_t step, uint8_t *out, uint32_t *len)
{
    static uint8_t wire[1 << 20];
    uint32_t said = mr_peer_said(peer, wire, sizeof wire);
    int64_t status = 0;
    *len = 0;
    for (uint32_t at = 0; at < said;) {
        struct mr_tls_cursor in = {wire + at, step && step < said - at ? step : said - at};
        at += in.len;
        while ((status = mr_tls_read(w->tls, &in, out + *len, BYTES)) > 0)
            *len += (uint32_t)status;
        if (status < 0)
            break;
        assert_int_equal(in.len, 0);
    }
    return status;
}

static void fill(uint8_t *data, uint32_t len)
{
    struct mr_random r = {len};
    for (uint32_t i = 0; i < len; i++)
        data[i] = (uint8_t)mr_random_next(&r);
}

static void bytes_pass_both_ways_with_tls_1_2_and_1_3(void **state)
{
    struct world *w = *state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX *server = mr_peer_context(&w->good, version, version);
        struct mr_peer peer;
        assert_int_equal(dial(w, &peer, server, HOST, 0), MR_OK);
        struct mr_tls_info info;
        mr_tls_info(w->tls, &info);
        assert_string_equal(info.version, version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
        assert_string_equal(info.cipher,
                            version == TLS1_2_VERSION ? "ECDHE-ECDSA-AES256-GCM-SHA384" : "TLS_AES_128_GCM_SHA256");
        uint8_t said[20000], heard[BYTES];
        fill(said, sizeof said);
        uint32_t len;
        assert_int_equal(SSL_write(peer.ssl, said, sizeof said), sizeof said);
        assert_int_equal(hear(w, &peer, 0, heard, &len), 0);
        assert_int_equal(len, sizeof said);
        assert_memory_equal(heard, said, len);
        assert_int_equal(mr_tls_write(w->tls, said, sizeof said), MR_OK);
        mr_peer_take(&peer, w->tls);
        for (len = 0; len < sizeof said;) {
            int n = SSL_read(peer.ssl, heard + len, (int)(sizeof heard - len));
            assert_true(n > 0);
            len += (uint32_t)n;
        }
        assert_memory_equal(heard, said, sizeof said);
        mr_peer_close(&peer);
        SSL_CTX_free(server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_pass_both_ways_with_tls_1_2_and_1_3),
    };
    return cmocka_run_group_tests(tests, open_world, close_world) ? 1 : 0;
}
