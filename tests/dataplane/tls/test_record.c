/* The own record reader beside SSL_read: the same records, the same verdict. And its choice, its bounds, its counters. What is refused:
 * test_record_refused.c. Keys: test_record_keys.c. */
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "dataplane/base/kernel.h"
#include "dataplane/tls/tls_record_priv.h"
#include "tests/dataplane/tls/pair.h"
#include "tests/support/support.h"

#define OWN(p) (&(p)->sides[MR_PAIR_OWN])

static void fill(uint8_t *data, uint32_t len)
{
    struct mr_random r = {len};
    for (uint32_t i = 0; i < len; i++)
        data[i] = (uint8_t)mr_random_next(&r);
}

/* ---- the same as SSL_read ---- */

static uint32_t flights_wanted(void)
{
    const char *wish = getenv("MILLRACE_TLS_FLIGHTS");
    return wish ? (uint32_t)atoi(wish) : getenv("MILLRACE_QUICK") ? 2000 : 8000;
}

/* Mostly what is right, so that a flight gets somewhere, then whatever comes. */
static size_t draw_script(struct mr_random *r, uint8_t *script, size_t room)
{
    size_t n = 0, steps = 1 + mr_random_below(r, 12);
    for (size_t i = 0; i < steps && n + 20 < room; i++) {
        bool tame = mr_random_below(r, 4) != 0;
        script[n++] = (uint8_t)mr_random_below(r, tame ? 12 : 20);
        size_t more = script[n - 1] < 12 ? 1 : 1 + mr_random_below(r, 19);
        while (more--)
            script[n++] = (uint8_t)mr_random_next(r);
    }
    return n;
}

static void mutated_flights_get_the_verdict_of_ssl_read(void **state)
{
    struct mr_pair *p = *state;
    uint32_t flights = flights_wanted(), refused = 0, ended = 0;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < flights; i++) {
        struct mr_random r = {0x7e15 + i};
        uint8_t script[512];
        size_t len = draw_script(&r, script, sizeof script);
        mr_pair_dial(p, i * MR_PAIR_SUITES / flights);
        mr_pair_script(p, script, len);
        mr_pair_hear(p, MR_PAIR_OWN, mr_random_next(&r) | 1, 0);
        mr_pair_hear(p, MR_PAIR_OPENSSL, mr_random_next(&r) | 1, 0);
        mr_pair_agree(p, "flight", i);
        refused += p->sides[0].status == MR_E_CORRUPT;
        ended += p->sides[0].status == MR_E_END;
        bytes += p->sides[0].plain_len;
        p->dialled = p->dialled && !p->damaged && mr_random_below(&r, 8) != 0;
    }
    const struct mr_tls_metrics *m = &p->sides[0].metrics;
    print_message("%u flights, %u dials, %u refused alike, %u ended alike, %llu bytes of data; %llu records, %llu "
                  "staged, %llu key "
                  "updates, %llu tickets\n",
                  flights, p->dials, refused, ended, (unsigned long long)bytes, (unsigned long long)m->records_own,
                  (unsigned long long)m->records_staged, (unsigned long long)m->key_updates,
                  (unsigned long long)m->tickets);
    assert_true(refused > flights / 8 && flights - refused - ended > flights / 8);
    assert_true(m->refused_header && m->refused_tag && m->refused_empty && m->refused_message && m->refused_length);
    assert_int_equal(p->sides[1].metrics.records_own, 0);
}

/* Data, tickets whole and split, padding, and new keys with and without an answer. */
static void make_flight_of_all(struct mr_pair *p)
{
    uint8_t data[300], ticket[256];
    uint32_t n = mr_flight_ticket(60, ticket);
    fill(data, sizeof data);
    mr_pair_begin(p);
    mr_pair_record(p, MR_FLIGHT_HANDSHAKE, ticket, n, 0);
    mr_pair_data(p, data, 50, 0);
    mr_pair_update(p, 1);
    mr_pair_data(p, data, 33, 7);
    mr_pair_record(p, MR_FLIGHT_HANDSHAKE, ticket, 3, 0);
    mr_pair_record(p, MR_FLIGHT_HANDSHAKE, ticket + 3, n - 3, 2);
    mr_pair_data(p, data, 0, 1);
    mr_pair_update(p, 0);
    mr_pair_data(p, data, 17, 0);
}

static void hear_in_two(struct mr_pair *p, int side, uint32_t cut)
{
    uint32_t whole = p->wire_len;
    uint8_t *wire = p->sides[side].wire, *plain = p->sides[side].plain;
    p->wire_len = cut;
    mr_pair_hear(p, side, 0, 4000);
    uint32_t first = p->sides[side].plain_len;
    if (p->sides[side].status == 0) {
        p->sides[side].wire += cut;
        p->sides[side].plain += first;
        p->wire_len = whole - cut;
        mr_pair_hear(p, side, 0, 4000);
        p->sides[side].plain_len += first;
    }
    p->wire_len = whole;
    p->sides[side].wire = wire;
    p->sides[side].plain = plain;
}

static void a_flight_may_be_cut_at_every_byte(void **state)
{
    struct mr_pair *p = *state;
    for (uint32_t suite = 0; suite < MR_PAIR_SUITES; suite++) {
        uint32_t len = 1;
        for (uint32_t cut = 0; cut < len; cut++) {
            mr_pair_dial(p, suite);
            make_flight_of_all(p);
            len = p->wire_len;
            hear_in_two(p, MR_PAIR_OWN, cut);
            hear_in_two(p, MR_PAIR_OPENSSL, cut);
            mr_pair_agree(p, "cut", cut);
            assert_true(p->dialled);
            assert_int_equal(OWN(p)->plain_len, 100);
        }
    }
}

static void a_flight_may_come_byte_by_byte(void **state)
{
    struct mr_pair *p = *state;
    for (uint32_t suite = 0; suite < MR_PAIR_SUITES; suite++) {
        mr_pair_dial(p, suite);
        make_flight_of_all(p);
        for (int side = 0; side < 2; side++) {
            struct mr_tls_cursor in;
            int64_t n = 0;
            p->sides[side].plain_len = 0;
            for (uint32_t at = 0; at < p->wire_len && n >= 0; at++) {
                in = (struct mr_tls_cursor){p->sides[side].wire + at, 1};
                while ((n = mr_tls_read(p->sides[side].tls, &in, p->sides[side].plain + p->sides[side].plain_len, 1)) >
                       0)
                    p->sides[side].plain_len += (uint32_t)n;
            }
            p->sides[side].status = n;
        }
        mr_pair_agree(p, "byte by byte", 0);
        assert_int_equal(OWN(p)->plain_len, 100);
    }
}

/* Every length around the ciphers' blocks and up to the longest, with each SIMD kernel. Record and room end where memory ends, so that a
 * byte too far is a crash. */
static void nothing_outside_the_record_and_the_room_is_touched(void **state)
{
    struct mr_pair *p = *state;
    enum { PAGES = 5 * 4096 };
    uint8_t *maps[2], data[16384];
    for (int i = 0; i < 2; i++) {
        maps[i] = mmap(NULL, PAGES + 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(maps[i] != MAP_FAILED);
        assert_int_equal(mprotect(maps[i], 4096, PROT_NONE), 0);
        assert_int_equal(mprotect(maps[i] + 4096 + PAGES, 4096, PROT_NONE), 0);
    }
    fill(data, sizeof data);
    enum mr_kernel active = mr_kernel_active();
    for (int kernel = MR_KERNEL_SSE42; kernel < MR_KERNEL_COUNT; kernel++) {
        struct mr_tls_crypt *crypt;
        struct mr_err err = {""};
        if (!mr_kernel_available((enum mr_kernel)kernel))
            continue;
        mr_kernel_chosen = kernel;
        int status = mr_tls_crypt_open(&crypt, 1, 0, &err);
        mr_kernel_chosen = (int)active;
        assert_true(status == MR_OK || status == MR_E_AGAIN);
        for (uint32_t suite = 0; suite < MR_PAIR_SUITES; suite++) {
            mr_pair_dial(p, suite);
            struct mr_tls_keys *k = &crypt->keys[0];
            *k = *OWN(p)->tls->reader.keys;
            assert_true(mr_tls_keys_derive(crypt, k));
            for (uint32_t len = 0; len <= sizeof data; len += len < 300 ? 1 : len < 1500 ? 101 : 2683) {
                static uint8_t record[17000];
                uint64_t sequence = OWN(p)->writer.sequence;
                uint32_t n = mr_flight_seal(&OWN(p)->writer, MR_FLIGHT_DATA, data, len, 0, record), inner = len + 1;
                uint8_t *end = maps[0] + 4096 + PAGES - n, *front = maps[0] + 4096,
                        *out = maps[1] + 4096 + PAGES - inner;
                memcpy(end, record, n);
                assert_true(mr_tls_record_unseal(crypt, k, sequence, end, end + 5, inner, out));
                assert_memory_equal(out, data, len);
                memcpy(front, record, n);
                memset(out, 0, inner);
                assert_true(mr_tls_record_unseal(crypt, k, sequence, front, front + 5, inner, maps[1] + 4096));
                assert_memory_equal(maps[1] + 4096, data, len);
                memcpy(end, record, n); /* long ones lie over each other */
                assert_true(mr_tls_record_unseal(crypt, k, sequence, end, end + 5, inner, end + 5)); /* in place */
                assert_memory_equal(end + 5, data, len);
                mr_tls_record_seal(crypt, k, sequence, end + 5, inner, end); /* and back: the very same record */
                assert_memory_equal(end, record, n);
                end[n - 1 - len % 16] ^= 0x40;
                assert_false(mr_tls_record_unseal(crypt, k, sequence, end, end + 5, inner, out));
                for (uint32_t i = 0; i < inner; i++)
                    assert_int_equal(out[i], 0); /* nothing of it is left */
            }
            mr_pair_hang_up(p);
        }
        mr_tls_crypt_close(crypt);
    }
    munmap(maps[0], PAGES + 8192);
    munmap(maps[1], PAGES + 8192);
}

/* A server that pads, as OpenSSL does it. */
static size_t pad(SSL *ssl, int type, size_t len, void *arg)
{
    (void)ssl;
    (void)type;
    uint32_t *turn = arg;
    size_t padding = (*turn)++ * 37 % 500;
    return len + padding < 16384 ? padding : 0;
}

static void padding_of_an_openssl_server_is_stripped(void **state)
{
    struct mr_pair *p = *state;
    static uint8_t wire[1 << 20], data[16000], out[17000];
    fill(data, sizeof data);
    uint32_t turn = 0;
    mr_pair_dial(p, 0);
    SSL_set_record_padding_callback(OWN(p)->peer.ssl, pad);
    SSL_set_record_padding_callback_arg(OWN(p)->peer.ssl, &turn);
    for (uint32_t len = 1; len <= sizeof data; len += 53) {
        assert_int_equal(SSL_write(OWN(p)->peer.ssl, data, (int)len), (int)len);
        struct mr_tls_cursor in = {wire, mr_peer_said(&OWN(p)->peer, wire, sizeof wire)};
        assert_int_equal(mr_tls_read(OWN(p)->tls, &in, out, sizeof out), len);
        assert_memory_equal(out, data, len);
        assert_int_equal(in.len, 0);
    }
    assert_true(turn > 300);
    mr_pair_hang_up(p);
}

/* ---- the stream ---- */

static void the_limits_themselves_are_kept(void **state)
{
    struct mr_pair *p = *state;
    static uint8_t data[16384];
    fill(data, sizeof data);
    for (uint32_t suite = 0; suite < MR_PAIR_SUITES; suite++) {
        mr_pair_hang_up(p);
        mr_pair_dial(p, suite);
        mr_pair_begin(p);
        mr_pair_data(p, data, 16384, 0);
        mr_pair_data(p, data, 1, 16383);
        for (int i = 0; i < 32; i++)
            mr_pair_data(p, data, 0, 0);
        mr_pair_data(p, data, 1, 0);
        for (int i = 0; i < 32; i++)
            mr_pair_data(p, data, 0, 0);
        mr_pair_hear(p, MR_PAIR_OWN, 0, 16384); /* one byte less than the record's inside */
        mr_pair_hear(p, MR_PAIR_OPENSSL, 0, 16384);
        mr_pair_agree(p, "limits", 0);
        assert_true(p->dialled);
        assert_int_equal(OWN(p)->plain_len, 16386);
    }
}

static void a_record_larger_than_the_room_comes_in_parts(void **state)
{
    struct mr_pair *p = *state;
    static uint8_t data[9000];
    fill(data, sizeof data);
    for (uint32_t room = 1; room < 9100; room += room < 20 ? 1 : 307) {
        uint64_t parted = OWN(p)->metrics.records_parted;
        mr_pair_dial(p, room % MR_PAIR_SUITES);
        mr_pair_begin(p);
        mr_pair_data(p, data, 5, 3);
        mr_pair_data(p, data, sizeof data, 0);
        mr_pair_update(p, 0);
        mr_pair_data(p, data, 700, 50);
        mr_pair_hear(p, MR_PAIR_OWN, 0, room);
        mr_pair_hear(p, MR_PAIR_OPENSSL, 0, room);
        mr_pair_agree(p, "room", room);
        assert_true(p->dialled);
        assert_int_equal(OWN(p)->metrics.records_parted - parted, (room < 5) + (room < 9000) + (room < 700));
    }
}

/* An OpenSSL server, both sides talking, new keys on either side again and again. */
static void keys_change_as_often_as_the_peer_likes(void **state)
{
    struct mr_pair *p = *state;
    static uint8_t wire[1 << 16];
    uint8_t out[64];
    for (uint32_t suite = 0; suite < MR_PAIR_SUITES; suite++) {
        mr_pair_hang_up(p);
        mr_pair_dial(p, suite);
        SSL *server = OWN(p)->peer.ssl;
        uint64_t before = OWN(p)->metrics.key_updates;
        for (int turn = 0; turn < 300; turn++) {
            assert_int_equal(SSL_key_update(server, turn % 3 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED),
                             1);
            assert_int_equal(SSL_write(server, "price", 5), 5);
            struct mr_tls_cursor in = {wire, mr_peer_said(&OWN(p)->peer, wire, sizeof wire)};
            assert_int_equal(mr_tls_read(OWN(p)->tls, &in, out, sizeof out), 5);
            assert_memory_equal(out, "price", 5);
            assert_int_equal(mr_tls_write(OWN(p)->tls, (const uint8_t *)"reply", 5), MR_OK);
            mr_peer_take(&OWN(p)->peer, OWN(p)->tls);
            assert_int_equal(SSL_read(server, out, sizeof out), 5);
        }
        assert_int_equal(OWN(p)->metrics.key_updates - before, 300);
    }
    mr_pair_hang_up(p);
}

static void an_answer_without_room_waits_and_nothing_is_lost(void **state)
{
    struct mr_pair *p = *state;
    static uint8_t data[16384], out[64];
    mr_pair_hang_up(p);
    mr_pair_dial(p, 1);
    while (mr_tls_write(OWN(p)->tls, data, 100) == MR_OK)
        ;
    mr_pair_begin(p);
    for (int i = 0; i < 40; i++) /* the reserve holds a few answers, no more */
        mr_pair_update(p, 1);
    mr_pair_data(p, "after", 5, 0);
    struct mr_tls_cursor in = {OWN(p)->wire, p->wire_len};
    int64_t n;
    uint32_t full = 0;
    const uint8_t *ciphertext;
    while ((n = mr_tls_read(OWN(p)->tls, &in, out, sizeof out)) == MR_E_FULL) {
        assert_int_equal(mr_tls_read(OWN(p)->tls, &in, out, sizeof out), MR_E_FULL); /* also when asked again */
        full++;
        mr_peer_take(&OWN(p)->peer, OWN(p)->tls);
        while (SSL_read(OWN(p)->peer.ssl, data, sizeof data) > 0)
            ;
        ERR_clear_error();
    }
    assert_true(full > 0);
    assert_int_equal(n, 5);
    assert_memory_equal(out, "after", 5);
    assert_int_equal(mr_tls_write(OWN(p)->tls, (const uint8_t *)"reply", 5), MR_OK);
    assert_true(mr_tls_output(OWN(p)->tls, &ciphertext) > 0);
    assert_int_equal(mr_pair_server_hears(p, MR_PAIR_OWN), 1000005);
    mr_pair_hang_up(p);
}

/* Half a ticket: OpenSSL writes nothing before the rest has come, and then all of it. */
static void what_is_written_inside_a_handshake_message_waits_for_its_end(void **state)
{
    struct mr_pair *p = *state;
    uint8_t ticket[128];
    uint32_t n = mr_flight_ticket(50, ticket);
    mr_pair_hang_up(p);
    mr_pair_dial(p, 1);
    for (int side = 0; side < 2; side++) {
        struct mr_tls *t = p->sides[side].tls;
        const uint8_t *out;
        for (int half = 0; half < 2; half++) {
            mr_pair_begin(p);
            mr_pair_record(p, MR_FLIGHT_HANDSHAKE, half ? ticket + 9 : ticket, half ? n - 9 : 9, 0);
            mr_pair_hear(p, side, 0, 100);
            assert_int_equal(p->sides[side].status, 0);
            assert_int_equal(mr_tls_write(t, (const uint8_t *)"reply", 5), half ? MR_OK : MR_E_FULL);
            assert_true((mr_tls_output(t, &out) > 0) == half);
            assert_string_equal(mr_tls_error(t), "");
            if (half)
                assert_int_equal(mr_pair_server_hears(p, side), 1000005);
        }
        mr_pair_hang_up(p);
        mr_pair_dial(p, 1);
    }
    mr_pair_hang_up(p);
}

static void the_sequence_number_does_not_wrap(void **state)
{
    struct mr_pair *p = *state;
    mr_pair_hang_up(p);
    mr_pair_dial(p, 0);
    for (int turn = 0; turn < 2; turn++) {
        mr_pair_begin(p);
        OWN(p)->tls->reader.sequence = OWN(p)->writer.sequence = UINT64_MAX - 1 + (uint64_t)turn;
        mr_pair_data(p, "last", 4, 0);
        mr_pair_hear(p, MR_PAIR_OWN, 0, 100);
        assert_int_equal(OWN(p)->status, turn ? MR_E_CORRUPT : 0);
        assert_int_equal(OWN(p)->plain_len, turn ? 0 : 4);
    }
    mr_pair_hang_up(p);
}

/* A ticket that comes when data has long flowed: OpenSSL, which has seen none of the data, takes it all the same. */
static void a_late_ticket_resumes_the_next_connection(void **state)
{
    struct mr_pair *p = *state;
    static uint8_t wire[1 << 16], out[4096];
    struct mr_tls_info info;
    mr_pair_hang_up(p);
    mr_pair_dial(p, 0);
    SSL *server = OWN(p)->peer.ssl;
    uint64_t tickets = OWN(p)->metrics.tickets;
    for (int i = 0; i < 50; i++)
        SSL_write(server, "data", 4);
    assert_int_equal(SSL_new_session_ticket(server), 1);
    SSL_write(server, "more", 4); /* with the ticket before it */
    struct mr_tls_cursor in = {wire, mr_peer_said(&OWN(p)->peer, wire, sizeof wire)};
    uint32_t got = 0;
    for (int64_t n; (n = mr_tls_read(OWN(p)->tls, &in, out, sizeof out)) != 0; got++)
        assert_int_equal(n, 4);
    assert_int_equal(got, 51);
    assert_int_equal(OWN(p)->metrics.tickets - tickets, 1);
    mr_pair_hang_up(p);
    mr_pair_dial(p, 0);
    mr_tls_info(OWN(p)->tls, &info);
    assert_true(info.own && info.resumed);
    mr_pair_hang_up(p);
}

/* ---- the choice ---- */

static struct mr_tls_context *context_of(struct mr_pair *p, enum mr_tls_read_layer layer,
                                         struct mr_tls_metrics *metrics)
{
    struct mr_tls_context *context;
    struct mr_err err = {""};
    mr_peer_write_pem(&p->ca, "/tmp/millrace-record-ca.pem");
    memset(metrics, 0, sizeof *metrics);
    const struct mr_tls_config config = {.ca_file = "/tmp/millrace-record-ca.pem",
                                         .connections_max = 1,
                                         .output_bytes = 65536,
                                         .read_layer = layer,
                                         .metrics = metrics};
    if (mr_tls_context_open(&context, &config, &err) != MR_OK)
        fail_msg("%s", err.text);
    remove("/tmp/millrace-record-ca.pem");
    return context;
}

/* Dials, hears "hello": who read it? */
static bool read_by_own(struct mr_tls *t, SSL_CTX *server)
{
    struct mr_peer peer;
    struct mr_tls_info info;
    struct mr_err err;
    uint8_t wire[4096], out[64];
    assert_int_equal(mr_tls_open(t, "api.example", &err), MR_OK);
    mr_peer_open(&peer, server);
    assert_int_equal(mr_peer_shake(&peer, t, 0), MR_OK);
    assert_int_equal(SSL_write(peer.ssl, "hello", 5), 5);
    struct mr_tls_cursor in = {wire, mr_peer_said(&peer, wire, sizeof wire)};
    assert_int_equal(mr_tls_read(t, &in, out, sizeof out), 5);
    mr_tls_info(t, &info);
    free(SSL_get_app_data(peer.ssl));
    mr_peer_close(&peer);
    return info.own;
}

static void who_reads_is_chosen_when_the_handshake_ends_and_counted(void **state)
{
    struct mr_pair *p = *state;
    for (int layer = MR_TLS_READ_AUTO; layer <= MR_TLS_READ_OPENSSL; layer++) {
        struct mr_tls_metrics m;
        struct mr_tls_context *context = context_of(p, (enum mr_tls_read_layer)layer, &m);
        struct mr_tls *first, *second;
        bool own = layer != MR_TLS_READ_OPENSSL;
        assert_int_equal(mr_tls_new(&first, context), MR_OK);
        assert_int_equal(strncmp(mr_tls_reader_text(context), own ? "own (" : "openssl (tls.read_layer)", 5), 0);
        assert_true(read_by_own(first, p->servers[2]) == own);
        SSL_CTX *old = mr_peer_context(&p->good, TLS1_2_VERSION, TLS1_2_VERSION);
        assert_false(read_by_own(first, old)); /* TLS 1.2 */
        SSL_CTX_free(old);
        SSL_CTX_set_ciphersuites(context->ssl, "TLS_AES_128_CCM_SHA256");
        SSL_CTX *ccm = mr_peer_context(&p->good, TLS1_3_VERSION, TLS1_3_VERSION);
        SSL_CTX_set_ciphersuites(ccm, "TLS_AES_128_CCM_SHA256");
        assert_false(read_by_own(first, ccm)); /* a suite it does not know */
        SSL_CTX_free(ccm);
        SSL_CTX_set_ciphersuites(context->ssl, mr_pair_suites[0]);
        assert_int_equal(mr_tls_new(&second, context), MR_OK);
        assert_false(read_by_own(second, p->servers[0])); /* keys are for one connection */
        mr_tls_free(first);
        mr_tls_free(second);
        assert_int_equal(mr_tls_new(&second, context), MR_OK);
        assert_true(read_by_own(second, p->servers[0]) == own); /* and their place is given back */
        mr_tls_free(second);
        assert_int_equal(m.connections_own, own ? 2 : 0);
        assert_int_equal(m.connections_openssl, own ? 3 : 5);
        assert_int_equal(m.records_own, own ? 2 : 0);
        assert_int_equal(m.records_openssl, own ? 3 : 5);
        assert_int_equal(m.fallback_version, own);
        assert_int_equal(m.fallback_suite, own);
        assert_int_equal(m.fallback_keys, own);
        mr_tls_context_close(context);
    }
}

static void a_host_without_the_instructions_reads_with_openssl(void **state)
{
    struct mr_pair *p = *state;
    struct mr_tls_crypt *crypt;
    struct mr_err err = {""};
    assert_int_equal(mr_tls_crypt_open(&crypt, 1, IMB_FLAG_AESNI_OFF, &err), MR_E_UNSUPPORTED);
    assert_string_equal(err.text, "this CPU lacks AES-NI or PCLMULQDQ");
    assert_null(crypt);
    enum mr_kernel active = mr_kernel_active();
    struct mr_tls_context *context;
    struct mr_tls_metrics m;
    mr_kernel_chosen = MR_KERNEL_SCALAR; /* no instructions beyond the base at all */
    const struct mr_tls_config own = {.connections_max = 1, .output_bytes = 65536, .read_layer = MR_TLS_READ_OWN};
    int status = mr_tls_context_open(&context, &own, &err);
    struct mr_tls_context *automatic = context_of(p, MR_TLS_READ_AUTO, &m);
    mr_kernel_chosen = (int)active;
    assert_int_equal(status, MR_E_UNSUPPORTED);
    assert_string_equal(err.text, "tls.read_layer: own: the scalar kernel was asked for; set it to auto or openssl");
    assert_string_equal(mr_tls_reader_text(automatic), "openssl: the scalar kernel was asked for");
    struct mr_tls *t;
    assert_int_equal(mr_tls_new(&t, automatic), MR_OK);
    assert_false(read_by_own(t, p->servers[0]));
    mr_tls_free(t);
    mr_tls_context_close(automatic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_flights_get_the_verdict_of_ssl_read),
        cmocka_unit_test(a_flight_may_be_cut_at_every_byte),
        cmocka_unit_test(a_flight_may_come_byte_by_byte),
        cmocka_unit_test(nothing_outside_the_record_and_the_room_is_touched),
        cmocka_unit_test(padding_of_an_openssl_server_is_stripped),
        cmocka_unit_test(the_limits_themselves_are_kept),
        cmocka_unit_test(a_record_larger_than_the_room_comes_in_parts),
        cmocka_unit_test(keys_change_as_often_as_the_peer_likes),
        cmocka_unit_test(an_answer_without_room_waits_and_nothing_is_lost),
        cmocka_unit_test(what_is_written_inside_a_handshake_message_waits_for_its_end),
        cmocka_unit_test(the_sequence_number_does_not_wrap),
        cmocka_unit_test(a_late_ticket_resumes_the_next_connection),
        cmocka_unit_test(who_reads_is_chosen_when_the_handshake_ends_and_counted),
        cmocka_unit_test(a_host_without_the_instructions_reads_with_openssl),
    };
    return cmocka_run_group_tests(tests, mr_pair_setup, mr_pair_teardown) ? 1 : 0;
}
