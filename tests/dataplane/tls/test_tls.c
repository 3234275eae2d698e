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

/* This build and this CPU have it; else SSL_read reads everything. */
static bool own_reader(const struct world *w) { return strncmp(mr_tls_reader_text(w->context), "own", 3) == 0; }

static int open_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    snprintf(w->folder, sizeof w->folder, "/tmp/millrace-tls-XXXXXX");
    if (!mkdtemp(w->folder)) {
        free(w);
        return -1;
    }
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

/* ---- who is trusted ---- */

static void certificates_are_refused_with_the_reason_and_the_way_out(void **state)
{
    struct world *w = *state;
    const struct {
        const char *what, *host;
        struct mr_peer_wish wish;
        const char *says; /* "": accepted; a leading part where the text goes on with a time */
    } cases[] = {
        {"its own name", HOST, {.common = "x", .dns = HOST, .from_s = -60, .to_s = YEAR, .signer = &w->ca}, ""},
        {"a wildcard",
         "feed.api.example",
         {.common = "x", .dns = "*.api.example", .from_s = -60, .to_s = YEAR, .signer = &w->ca},
         ""},
        {"an address",
         "127.0.0.1",
         {.common = "x", .ip = "127.0.0.1", .from_s = -60, .to_s = YEAR, .signer = &w->ca},
         ""},
        {"an IPv6 address", "::1", {.common = "x", .ip = "::1", .from_s = -60, .to_s = YEAR, .signer = &w->ca}, ""},
        {"another name",
         HOST,
         {.common = "x", .dns = "other.example", .from_s = -60, .to_s = YEAR, .signer = &w->ca},
         "certificate is for other.example, not api.example: check `host`, or `plane.ca_file`"},
        {"six other names",
         HOST,
         {.common = "x", .dns = "a.b,c.d,e.f,g.h,i.j,k.l", .from_s = -60, .to_s = YEAR, .signer = &w->ca},
         "certificate is for a.b, c.d, e.f, g.h, ..., not api.example: check `host`, or `plane.ca_file`"},
        {"no name but the common one",
         HOST,
         {.common = "plain.example", .from_s = -60, .to_s = YEAR, .signer = &w->ca},
         "certificate is for plain.example, not api.example: check `host`, or `plane.ca_file`"},
        {"a name with control characters",
         HOST,
         {.common = "red\x1b[31m", .from_s = -60, .to_s = YEAR, .signer = &w->ca},
         "certificate is for red?[31m, not api.example: check `host`, or `plane.ca_file`"},
        {"part of a label as a wildcard",
         "feed.api.example",
         {.common = "x", .dns = "fe*.api.example", .from_s = -60, .to_s = YEAR, .signer = &w->ca},
         "certificate is for fe*.api.example, not feed.api.example: check `host`, or `plane.ca_file`"},
        {"a wildcard of one level for two",
         "a.feed.api.example",
         {.common = "x", .dns = "*.api.example", .from_s = -60, .to_s = YEAR, .signer = &w->ca},
         "certificate is for *.api.example, not a.feed.api.example: check `host`, or `plane.ca_file`"},
        {"a wildcard for all of a top domain",
         HOST,
         {.common = "x", .dns = "*.example", .from_s = -60, .to_s = YEAR, .signer = &w->ca},
         "certificate is for *.example, not api.example: check `host`, or `plane.ca_file`"},
        {"another address",
         "127.0.0.2",
         {.common = "x", .ip = "127.0.0.1", .from_s = -60, .to_s = YEAR, .signer = &w->ca},
         "certificate is for 127.0.0.1, not 127.0.0.2: check `host`, or `plane.ca_file`"},
        {"a name where an address was dialled",
         "127.0.0.1",
         {.common = "x", .dns = "127.0.0.1", .from_s = -60, .to_s = YEAR, .signer = &w->ca},
         "certificate is for 127.0.0.1, not 127.0.0.1: check `host`, or `plane.ca_file`"},
        {"a CA that nobody here knows",
         HOST,
         {.common = "x", .dns = HOST, .from_s = -60, .to_s = YEAR, .signer = &w->stranger},
         "certificate of api.example leads to Stranger CA, which is not trusted here: set `plane.ca_file` to that CA's "
         "file"},
        {"its own signature",
         HOST,
         {.common = HOST, .dns = HOST, .from_s = -60, .to_s = YEAR},
         "certificate of api.example is signed by itself: set `plane.ca_file` to it if you trust it"},
        {"a time gone by",
         HOST,
         {.common = "x", .dns = HOST, .from_s = -YEAR, .to_s = -60, .signer = &w->ca},
         "certificate of api.example ran out at 20"},
        {"a time to come",
         HOST,
         {.common = "x", .dns = HOST, .from_s = 3600, .to_s = YEAR, .signer = &w->ca},
         "certificate of api.example is valid only from 20"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_peer_certificate c = mr_peer_certify(&cases[i].wish);
        SSL_CTX *server = mr_peer_context(&c, 0, 0);
        struct mr_peer peer;
        int status = dial(w, &peer, server, cases[i].host, 0);
        if (strncmp(mr_tls_error(w->tls), cases[i].says, strlen(cases[i].says)) != 0 ||
            (!cases[i].says[0] && mr_tls_error(w->tls)[0]))
            fail_msg("%s: \"%s\"", cases[i].what, mr_tls_error(w->tls));
        assert_int_equal(status, cases[i].says[0] ? MR_E_INVALID : MR_OK);
        mr_peer_close(&peer);
        SSL_CTX_free(server);
        mr_peer_certificate_free(&c);
    }
}

static void a_name_is_announced_and_an_address_is_not(void **state)
{
    struct world *w = *state;
    struct mr_peer peer;
    assert_int_equal(dial(w, &peer, w->server, HOST, 0), MR_OK);
    assert_string_equal(SSL_get_servername(peer.ssl, TLSEXT_NAMETYPE_host_name), HOST);
    mr_peer_close(&peer);
    assert_int_equal(dial(w, &peer, w->server, "127.0.0.1", 0), MR_OK);
    assert_null(SSL_get_servername(peer.ssl, TLSEXT_NAMETYPE_host_name));
    mr_peer_close(&peer);
}

static void old_versions_and_weak_ciphers_find_no_agreement(void **state)
{
    struct world *w = *state;
    struct mr_peer peer;
    SSL_CTX *server = mr_peer_context(&w->good, TLS1_VERSION, TLS1_1_VERSION);
    assert_int_equal(dial(w, &peer, server, HOST, 0), MR_E_CORRUPT);
    assert_string_equal(mr_tls_error(w->tls), "api.example refuses TLS 1.2 and 1.3");
    mr_peer_close(&peer);
    SSL_CTX_free(server);
    server = mr_peer_context(&w->good, TLS1_2_VERSION, TLS1_2_VERSION);
    assert_int_equal(SSL_CTX_set_cipher_list(server, "ECDHE-ECDSA-AES128-SHA"), 1); /* no authenticated encryption */
    assert_int_equal(dial(w, &peer, server, HOST, 0), MR_E_CORRUPT);
    assert_string_equal(mr_tls_error(w->tls),
                        "api.example refused the handshake: no cipher in common, or it does not know this `host`");
    mr_peer_close(&peer);
    SSL_CTX_free(server);
}

static void what_is_not_tls_is_named(void **state)
{
    struct world *w = *state;
#define BYTES_OF(text) text, sizeof(text) - 1
    static const struct {
        const char *bytes;
        uint32_t len;
        const char *says;
    } cases[] = {
        {BYTES_OF("HTTP/1.1 400 Bad Request\r\n\r\n"), "api.example does not speak TLS on this port: check `port`"},
        {BYTES_OF("SSH-2.0-OpenSSH_9.2\r\n"), "api.example does not speak TLS on this port: check `port`"},
        {BYTES_OF("\x16\x03\x03\x00\x04\x63\x00\x00\x00"), "api.example broke the rules of TLS: unexpected message"},
        {BYTES_OF("\x15\x03\x03\x00\x02\x02\x70"), "api.example does not know this `host`"},
        {BYTES_OF("\x15\x03\x03\x00\x02\x02\x28"),
         "api.example refused the handshake: no cipher in common, or it does not know this `host`"},
        {BYTES_OF("\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02"
                  "0123456789abcdef0123456789abcdef"
                  "\x00\xc0\x09\x00"),
         "api.example speaks only TLS older than 1.2, which is refused"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_err err;
        uint8_t bytes[128];
        assert_int_equal(mr_tls_open(w->tls, HOST, &err), MR_OK);
        struct mr_tls_cursor in = {bytes, 0};
        assert_int_equal(mr_tls_handshake(w->tls, &in), MR_E_AGAIN);
        memcpy(bytes, cases[i].bytes, cases[i].len);
        in.len = cases[i].len;
        assert_int_equal(mr_tls_handshake(w->tls, &in), MR_E_CORRUPT);
        assert_string_equal(mr_tls_error(w->tls), cases[i].says);
    }
}

static void a_context_that_cannot_be_made_says_why(void **state)
{
    struct world *w = *state;
    char empty[160], want[256];
    snprintf(empty, sizeof empty, "%s/empty.pem", w->folder);
    fclose(fopen(empty, "w"));
    struct mr_tls_context *context;
    struct mr_err err;
    assert_int_equal(
        mr_tls_context_open(
            &context, &(struct mr_tls_config){.ca_file = "/none/ca.pem", .connections_max = 1, .output_bytes = BYTES},
            &err),
        MR_E_IO);
    assert_string_equal(err.text, "plane.ca_file: /none/ca.pem cannot be read: check the path and its permissions");
    assert_int_equal(
        mr_tls_context_open(
            &context, &(struct mr_tls_config){.ca_file = empty, .connections_max = 1, .output_bytes = BYTES}, &err),
        MR_E_IO);
    snprintf(want, sizeof want, "plane.ca_file: %s holds no certificate in PEM form", empty);
    assert_string_equal(err.text, want);
    assert_int_equal(
        mr_tls_context_open(&context, &(struct mr_tls_config){.connections_max = 1, .output_bytes = 100}, &err),
        MR_E_INVALID);
    assert_int_equal(
        mr_tls_context_open(&context, &(struct mr_tls_config){.connections_max = 0, .output_bytes = BYTES}, &err),
        MR_E_INVALID);
    assert_null(context);
    const struct mr_tls_config own = {
        .ca_file = w->ca_path, .connections_max = 1, .output_bytes = BYTES, .read_layer = MR_TLS_READ_OWN};
    int status = mr_tls_context_open(&context, &own, &err);
    assert_int_equal(status, own_reader(w) ? MR_OK : MR_E_UNSUPPORTED); /* what `auto` found is what `own` needs */
    assert_true(status == MR_OK || strncmp(err.text, "tls.read_layer: own: ", 21) == 0);
    mr_tls_context_close(context);
    unlink(empty);
    assert_int_equal(mr_tls_open(w->tls, "", &err), MR_E_INVALID);
    char longest[400];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = 0;
    assert_int_equal(mr_tls_open(w->tls, longest, &err), MR_E_INVALID);
}

/* ---- bytes in any portions ---- */

static void a_connection_works_in_portions_of_any_size(void **state)
{
    struct world *w = *state;
    static const uint32_t steps[] = {1, 2, 3, 5, 7, 16, 100, 1000, 4096};
    for (size_t i = 0; i < MR_COUNT_OF(steps); i++) {
        struct mr_peer peer;
        assert_int_equal(dial(w, &peer, w->server, HOST, steps[i]), MR_OK);
        uint8_t said[5000], heard[BYTES];
        uint32_t len;
        fill(said, sizeof said);
        for (uint32_t at = 0; at < sizeof said; at += 500)
            assert_int_equal(SSL_write(peer.ssl, said + at, 500), 500);
        assert_int_equal(hear(w, &peer, steps[i], heard, &len), 0);
        assert_int_equal(len, sizeof said);
        assert_memory_equal(heard, said, len);
        mr_peer_close(&peer);
    }
}

/* Handshake and first data in one flight, cut in two at every byte. No tickets: a resumed flight is a short one. */
static void a_flight_may_be_cut_at_every_byte(void **state)
{
    struct world *w = *state;
    SSL_CTX *server = mr_peer_context(&w->good, 0, 0);
    SSL_CTX_set_num_tickets(server, 0);
    uint32_t total = 1;
    for (uint32_t cut = 0; cut < total; cut += cut < 200 ? 1 : 13) {
        struct mr_err err;
        struct mr_peer peer;
        static uint8_t wire[BYTES], heard[BYTES];
        assert_int_equal(mr_tls_open(w->tls, HOST, &err), MR_OK);
        mr_peer_open(&peer, server);
        struct mr_tls_cursor in = {wire, 0};
        assert_int_equal(mr_tls_handshake(w->tls, &in), MR_E_AGAIN);
        mr_peer_take(&peer, w->tls);
        total = mr_peer_said(&peer, wire, sizeof wire);
        assert_true(total > 500);
        if (cut >= total) { /* signatures differ by a few bytes in length: this flight is shorter than the last */
            mr_peer_close(&peer);
            break;
        }
        if (cut >= total) { /* signatures differ by an octet or two */
            mr_peer_close(&peer);
            break;
        }
        in = (struct mr_tls_cursor){wire, cut};
        assert_int_equal(mr_tls_handshake(w->tls, &in), MR_E_AGAIN);
        assert_int_equal(in.len, 0);
        in = (struct mr_tls_cursor){wire + cut, total - cut};
        assert_int_equal(mr_tls_handshake(w->tls, &in), MR_OK);
        assert_int_equal(in.len, 0);
        mr_peer_take(&peer, w->tls);
        assert_int_equal(SSL_write(peer.ssl, "first", 5), 5);
        uint32_t len;
        assert_int_equal(hear(w, &peer, 0, heard, &len), 0);
        assert_int_equal(len, 5);
        mr_peer_close(&peer);
    }
    SSL_CTX_free(server);
}

/* What the record reader of our own stands on: OpenSSL takes whole records and not a byte more. */
static void the_cursor_stands_at_a_record_boundary_after_the_handshake_and_after_each_read(void **state)
{
    struct world *w = *state;
    struct mr_peer peer;
    assert_int_equal(dial(w, &peer, w->server, HOST, 0), MR_OK);
    static uint8_t wire[BYTES], out[BYTES];
    for (uint32_t len = 1; len <= 301; len += 100) {
        fill(out, len);
        assert_int_equal(SSL_write(peer.ssl, out, (int)len), (int)len);
    }
    uint32_t total = mr_peer_said(&peer, wire, sizeof wire), records = 0;
    struct mr_tls_cursor in = {wire, total};
    while (in.len) {
        assert_int_equal(in.data[0], 23);
        assert_int_equal(in.data[1], 3);
        records++;
        const uint8_t *at = in.data;
        uint32_t record = 5u + (uint32_t)at[3] * 256 + at[4];
        int64_t n = mr_tls_read(w->tls, &in, out, sizeof out);
        assert_true(n >= 0);
        if (n > 0)
            assert_true(in.data >= at + record);
    }
    assert_true(records >= 4);
    mr_peer_close(&peer);
}

static void a_record_larger_than_the_room_comes_in_parts(void **state)
{
    struct world *w = *state;
    struct mr_peer peer;
    assert_int_equal(dial(w, &peer, w->server, HOST, 0), MR_OK);
    static uint8_t wire[BYTES], said[16000], heard[16000];
    fill(said, sizeof said);
    assert_int_equal(SSL_write(peer.ssl, said, sizeof said), sizeof said);
    struct mr_tls_cursor in = {wire, mr_peer_said(&peer, wire, sizeof wire)};
    uint32_t len = 0;
    for (int64_t n; (n = mr_tls_read(w->tls, &in, heard + len, 700)) != 0; len += (uint32_t)n)
        assert_true(n > 0 && n <= 700);
    assert_int_equal(len, sizeof said);
    assert_memory_equal(heard, said, len);
    mr_peer_close(&peer);
}

/* ---- resumption ---- */

static bool resumed(struct world *w, const char *host, SSL_CTX *server)
{
    struct mr_peer peer;
    assert_int_equal(dial(w, &peer, server, host, 0), MR_OK);
    uint8_t heard[BYTES];
    uint32_t len;
    assert_int_equal(hear(w, &peer, 0, heard, &len), 0); /* TLS 1.3 sends its tickets after the handshake */
    struct mr_tls_info info;
    mr_tls_info(w->tls, &info);
    assert_int_equal(info.resumed, SSL_session_reused(peer.ssl));
    assert_int_equal(info.own, strcmp(info.version, "TLSv1.3") == 0 && own_reader(w));
    mr_tls_shut(w->tls);
    mr_peer_take(&peer, w->tls);
    mr_peer_close(&peer);
    return info.resumed;
}

static void a_session_is_resumed_with_its_own_host_only(void **state)
{
    struct world *w = *state;
    struct mr_peer_certificate both = mr_peer_certify(&(struct mr_peer_wish){
        .common = "x", .dns = "one.example,two.example", .from_s = -60, .to_s = YEAR, .signer = &w->ca});
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct mr_tls_context *was = w->context;
        struct mr_tls *tls = w->tls;
        struct mr_err err;
        assert_int_equal(
            mr_tls_context_open(
                &w->context,
                &(struct mr_tls_config){.ca_file = w->ca_path, .connections_max = 4, .output_bytes = BYTES}, &err),
            MR_OK);
        assert_int_equal(mr_tls_new(&w->tls, w->context), MR_OK);
        SSL_CTX *server = mr_peer_context(&both, version, version);
        assert_false(resumed(w, "one.example", server));
        assert_true(resumed(w, "one.example", server));
        assert_false(resumed(w, "two.example", server));
        assert_true(resumed(w, "two.example", server));
        assert_true(resumed(w, "one.example", server));
        SSL_CTX *restarted = mr_peer_context(&both, version, version); /* knows none of its tickets: a full handshake */
        assert_false(resumed(w, "one.example", restarted));
        assert_true(resumed(w, "one.example", restarted));
        SSL_CTX_free(server);
        SSL_CTX_free(restarted);
        mr_tls_free(w->tls);
        mr_tls_context_close(w->context);
        w->context = was;
        w->tls = tls;
    }
    mr_peer_certificate_free(&both);
}

static void the_table_of_sessions_is_bounded(void **state)
{
    struct world *w = *state;
    struct mr_peer_certificate all = mr_peer_certify(
        &(struct mr_peer_wish){.common = "x", .dns = "*.api.example", .from_s = -60, .to_s = YEAR, .signer = &w->ca});
    SSL_CTX *server = mr_peer_context(&all, 0, 0);
    char host[32];
    for (int i = 0; i < 20; i++) {
        snprintf(host, sizeof host, "h%d.api.example", i);
        assert_false(resumed(w, host, server));
        assert_true(resumed(w, host, server));
    }
    assert_false(resumed(w, "h0.api.example", server)); /* the table holds four; it made room */
    SSL_CTX_free(server);
    mr_peer_certificate_free(&all);
}

/* ---- ends and breaks ---- */

static void close_notify_ends_the_stream_after_its_last_byte(void **state)
{
    struct world *w = *state;
    struct mr_peer peer;
    assert_int_equal(dial(w, &peer, w->server, HOST, 0), MR_OK);
    uint8_t heard[BYTES];
    uint32_t len;
    SSL_write(peer.ssl, "last", 4);
    SSL_shutdown(peer.ssl);
    assert_int_equal(hear(w, &peer, 0, heard, &len), MR_E_END);
    assert_int_equal(len, 4);
    assert_string_equal(mr_tls_error(w->tls), "api.example ended the TLS connection (close_notify)");
    mr_tls_shut(w->tls);
    mr_peer_take(&peer, w->tls);
    assert_int_equal(SSL_read(peer.ssl, heard, 1), 0);
    assert_int_equal(SSL_get_shutdown(peer.ssl), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    mr_peer_close(&peer);
}

static void the_transports_end_is_told_from_the_connections(void **state)
{
    struct world *w = *state;
    struct mr_peer peer;
    struct mr_err err;
    uint8_t heard[BYTES];
    uint32_t len;
    assert_int_equal(mr_tls_open(w->tls, HOST, &err), MR_OK);
    assert_int_equal(mr_tls_reason(w->tls), MR_TLS_NONE);
    assert_int_equal(mr_tls_ended(w->tls), MR_E_TRUNCATED);
    assert_string_equal(mr_tls_error(w->tls), "api.example ended the connection in the TLS handshake");
    assert_int_equal(dial(w, &peer, w->server, HOST, 0), MR_OK);
    SSL_write(peer.ssl, "last", 4);
    assert_int_equal(hear(w, &peer, 0, heard, &len), 0);
    assert_int_equal(mr_tls_ended(w->tls), MR_E_TRUNCATED);
    assert_int_equal(mr_tls_reason(w->tls), MR_TLS_TRUNCATED);
    assert_string_equal(mr_tls_error(w->tls),
                        "api.example ended the connection without close_notify: what came last may be missing");
    mr_peer_close(&peer);
    assert_int_equal(dial(w, &peer, w->server, HOST, 0), MR_OK);
    assert_int_equal(mr_tls_reason(w->tls), MR_TLS_NONE);
    SSL_shutdown(peer.ssl);
    assert_int_equal(hear(w, &peer, 0, heard, &len), MR_E_END);
    assert_int_equal(mr_tls_ended(w->tls), MR_E_END);
    assert_int_equal(mr_tls_reason(w->tls), MR_TLS_ENDED);
    mr_peer_close(&peer);
    struct mr_peer_certificate wrong = mr_peer_certify(
        &(struct mr_peer_wish){.common = "x", .dns = "other.example", .from_s = -60, .to_s = YEAR, .signer = &w->ca});
    SSL_CTX *server = mr_peer_context(&wrong, 0, 0);
    assert_int_equal(dial(w, &peer, server, HOST, 0), MR_E_INVALID);
    assert_int_equal(mr_tls_ended(w->tls), MR_E_TRUNCATED); /* and the reason that came first stays */
    assert_int_equal(mr_tls_reason(w->tls), MR_TLS_NAME);
    assert_string_equal(mr_tls_reason_word(mr_tls_reason(w->tls)), "name");
    mr_peer_close(&peer);
    SSL_CTX_free(server);
    mr_peer_certificate_free(&wrong);
}

static void a_record_changed_in_any_byte_is_refused(void **state)
{
    struct world *w = *state;
    uint32_t total = 1;
    for (uint32_t at = 0; at < total; at++) {
        struct mr_peer peer;
        assert_int_equal(dial(w, &peer, w->server, HOST, 0), MR_OK);
        static uint8_t wire[BYTES], heard[BYTES];
        uint32_t len;
        assert_int_equal(hear(w, &peer, 0, heard, &len), 0);
        assert_int_equal(SSL_write(peer.ssl, "a price that matters", 20), 20);
        total = mr_peer_said(&peer, wire, sizeof wire);
        wire[at] ^= 1;
        struct mr_tls_cursor in = {wire, total};
        int64_t n = mr_tls_read(w->tls, &in, heard, sizeof heard);
        if (at == 3 || at == 4) /* the length: a record that seems longer is not whole yet */
            assert_true(n == MR_E_CORRUPT || n == 0);
        else
            assert_int_equal(n, MR_E_CORRUPT);
        if (n < 0) {
            assert_true(mr_tls_error(w->tls)[0]);
            assert_true(mr_tls_read(w->tls, &in, heard, sizeof heard) < 0); /* and it stays broken */
        }
        mr_peer_close(&peer);
    }
    assert_int_equal(total, 5 + 20 + 1 + 16);
}

static void a_key_update_is_followed_and_answered(void **state)
{
    struct world *w = *state;
    SSL_CTX *server = mr_peer_context(&w->good, TLS1_3_VERSION, TLS1_3_VERSION);
    struct mr_peer peer;
    assert_int_equal(dial(w, &peer, server, HOST, 0), MR_OK);
    uint8_t heard[BYTES];
    uint32_t len;
    for (int turn = 0; turn < 5; turn++) {
        SSL_write(peer.ssl, "old", 3);
        assert_int_equal(SSL_key_update(peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        SSL_write(peer.ssl, "new", 3);
        assert_int_equal(hear(w, &peer, 0, heard, &len), 0);
        assert_memory_equal(heard, "oldnew", 6);
        assert_int_equal(mr_tls_write(w->tls, (const uint8_t *)"reply", 5), MR_OK);
        mr_peer_take(&peer, w->tls);
        assert_int_equal(SSL_read(peer.ssl, heard, sizeof heard), 5);
    }
    mr_peer_close(&peer);
    SSL_CTX_free(server);
}

static void renegotiation_is_refused(void **state)
{
    struct world *w = *state;
    SSL_CTX *server = mr_peer_context(&w->good, TLS1_2_VERSION, TLS1_2_VERSION);
    SSL_CTX_set_options(server, SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
    struct mr_peer peer;
    assert_int_equal(dial(w, &peer, server, HOST, 0), MR_OK);
    uint8_t heard[BYTES];
    uint32_t len;
    assert_int_equal(SSL_renegotiate(peer.ssl), 1);
    (void)SSL_do_handshake(peer.ssl); /* says HelloRequest */
    const uint8_t *answer;
    (void)hear(w, &peer, 0, heard, &len);
    assert_int_equal(len, 0);
    uint32_t n = mr_tls_output(w->tls, &answer);
    assert_true(n > 0);
    assert_int_equal(answer[0], 21); /* an alert, and no ClientHello */
    mr_peer_take(&peer, w->tls);
    assert_int_equal(SSL_total_renegotiations(peer.ssl), 1);
    assert_true(SSL_read(peer.ssl, heard, sizeof heard) <= 0); /* begun by the server, never answered */
    ERR_clear_error();
    mr_peer_close(&peer);
    SSL_CTX_free(server);
}

/* ---- bounds ---- */

static void a_full_output_takes_all_or_nothing(void **state)
{
    struct world *w = *state;
    struct mr_peer peer;
    assert_int_equal(dial(w, &peer, w->server, HOST, 0), MR_OK);
    static uint8_t data[BYTES], heard[BYTES];
    fill(data, sizeof data);
    assert_int_equal(mr_tls_write(w->tls, data, BYTES), MR_E_FULL); /* with its records' overhead it cannot fit */
    const uint8_t *out;
    assert_int_equal(mr_tls_output(w->tls, &out), 0);
    uint32_t taken = 0;
    while (mr_tls_write(w->tls, data, 1000) == MR_OK)
        taken += 1000;
    assert_true(taken > BYTES * 8 / 10);
    uint32_t queued = mr_tls_output(w->tls, &out);
    assert_true(queued > taken && queued <= BYTES);
    assert_int_equal(mr_tls_write(w->tls, data, 1000), MR_E_FULL);
    assert_int_equal(mr_tls_output(w->tls, &out), queued);
    BIO_write(peer.in, out, 3000); /* the peer takes some: then there is room, behind what is still queued */
    mr_tls_sent(w->tls, 3000);
    assert_int_equal(mr_tls_write(w->tls, data, 1000), MR_OK);
    mr_tls_shut(w->tls); /* has a place kept for it */
    mr_peer_take(&peer, w->tls);
    uint32_t got = 0;
    for (int n; (n = SSL_read(peer.ssl, heard, sizeof heard)) > 0; got += (uint32_t)n) {
        assert_int_equal(n, 1000);
        assert_memory_equal(heard, data, 1000);
    }
    assert_int_equal(got, taken + 1000);
    assert_int_equal(SSL_get_shutdown(peer.ssl), SSL_RECEIVED_SHUTDOWN);
    mr_peer_close(&peer);
}

/* What OpenSSL takes and gives back, counted; set before it takes anything. */
static struct {
    uint64_t taken, freed;
    size_t largest;
} blocks;

static void *count_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    blocks.taken++;
    blocks.largest = n > blocks.largest ? n : blocks.largest;
    return malloc(n);
}

static void *count_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    blocks.taken += p == NULL;
    blocks.largest = n > blocks.largest ? n : blocks.largest;
    return realloc(p, n);
}

static void count_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    blocks.freed += p != NULL;
    free(p);
}

/* The own reader takes no memory at all. OpenSSL 3.0 borrows one small block a TLS 1.3 record (the allocator's cache of the thread serves it);
 * nothing stays taken, nothing grows. */
static void records_cost_no_memory_but_a_small_block_for_a_moment(void **state)
{
    struct world *w = *state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX *server = mr_peer_context(&w->good, version, version);
        struct mr_peer peer;
        assert_int_equal(dial(w, &peer, server, HOST, 0), MR_OK);
        static uint8_t wire[1 << 20], out[BYTES];
        uint32_t len;
        assert_int_equal(hear(w, &peer, 0, out, &len), 0); /* tickets */
        for (int i = 0; i < 1000; i++)
            SSL_write(peer.ssl, out, 300);
        struct mr_tls_cursor in = {wire, mr_peer_said(&peer, wire, sizeof wire)};
        uint64_t taken = blocks.taken, kept = blocks.taken - blocks.freed, reading = 0;
        blocks.largest = 0;
        for (int i = 0; i < 1000; i++) {
            uint64_t before = blocks.taken;
            assert_int_equal(mr_tls_read(w->tls, &in, out, sizeof out), 300);
            reading += blocks.taken - before;
            assert_int_equal(mr_tls_write(w->tls, out, 20), MR_OK);
            const uint8_t *ciphertext;
            mr_tls_sent(w->tls, mr_tls_output(w->tls, &ciphertext));
        }
        assert_true(kept > 0);
        assert_int_equal(blocks.taken - blocks.freed, kept);
        assert_true(blocks.taken - taken <= (version == TLS1_3_VERSION ? 2 * 2000 : 2000));
        assert_true(blocks.largest <= 128);
        struct mr_tls_info info;
        mr_tls_info(w->tls, &info);
        assert_true(!info.own || reading == 0);
        print_message("%s: %.1f blocks a record, the largest %zu bytes\n", SSL_get_version(peer.ssl),
                      (double)(blocks.taken - taken) / 2000, blocks.largest);
        mr_peer_close(&peer);
        SSL_CTX_free(server);
    }
}

static void nothing_works_before_its_time(void **state)
{
    struct world *w = *state;
    struct mr_err err;
    uint8_t byte;
    struct mr_tls_cursor in = {&byte, 0};
    struct mr_tls_info info;
    assert_int_equal(mr_tls_open(w->tls, HOST, &err), MR_OK);
    assert_int_equal(mr_tls_read(w->tls, &in, &byte, 1), MR_E_INVALID);
    assert_int_equal(mr_tls_write(w->tls, &byte, 1), MR_E_INVALID);
    mr_tls_shut(w->tls);
    mr_tls_info(w->tls, &info);
    assert_string_equal(info.version, "none");
}

int main(void)
{
    if (!CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_pass_both_ways_with_tls_1_2_and_1_3),
        cmocka_unit_test(certificates_are_refused_with_the_reason_and_the_way_out),
        cmocka_unit_test(a_name_is_announced_and_an_address_is_not),
        cmocka_unit_test(old_versions_and_weak_ciphers_find_no_agreement),
        cmocka_unit_test(what_is_not_tls_is_named),
        cmocka_unit_test(a_context_that_cannot_be_made_says_why),
        cmocka_unit_test(a_connection_works_in_portions_of_any_size),
        cmocka_unit_test(a_flight_may_be_cut_at_every_byte),
        cmocka_unit_test(the_cursor_stands_at_a_record_boundary_after_the_handshake_and_after_each_read),
        cmocka_unit_test(a_record_larger_than_the_room_comes_in_parts),
        cmocka_unit_test(a_session_is_resumed_with_its_own_host_only),
        cmocka_unit_test(the_table_of_sessions_is_bounded),
        cmocka_unit_test(close_notify_ends_the_stream_after_its_last_byte),
        cmocka_unit_test(the_transports_end_is_told_from_the_connections),
        cmocka_unit_test(a_record_changed_in_any_byte_is_refused),
        cmocka_unit_test(a_key_update_is_followed_and_answered),
        cmocka_unit_test(renegotiation_is_refused),
        cmocka_unit_test(a_full_output_takes_all_or_nothing),
        cmocka_unit_test(records_cost_no_memory_but_a_small_block_for_a_moment),
        cmocka_unit_test(nothing_works_before_its_time),
    };
    return cmocka_run_group_tests(tests, open_world, close_world) ? 1 : 0;
}
