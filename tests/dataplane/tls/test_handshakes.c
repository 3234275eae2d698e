/* Server flights changed at random, over memory: the client refuses them with a reason, asks for more, or has finished a handshake that
 * the server has finished too. Whatever happens, nothing is written before that, and nothing is read or written out of bounds
 * (the sanitizers look on). In TLS 1.3 half of the changes are made inside the encryption, so that they reach the parsers.
 *
 * MILLRACE_TLS_MUTATIONS: so many flights; each has its own seed, its number. */
#include <openssl/err.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/dataplane/tls/server.h"
#include "tests/support/support.h"

#define TURNS 6
#define ROOM 131072u

/* clang-format off */
static const struct tls_case servers[] = {
    {0, "TLS 1.3", "", .version = TLS1_3_VERSION},
    {0, "TLS 1.3, RSA", "", .chain = {GOOD_RSA, INTER}, .version = TLS1_3_VERSION},
    {0, "TLS 1.3, stapled", "", .staple = STAPLE_GOOD, .version = TLS1_3_VERSION},
    {0, "TLS 1.3, asked again", "", .version = TLS1_3_VERSION, .groups = "P-384"},
    {0, "TLS 1.2", "", .version = TLS1_2_VERSION},
    {0, "TLS 1.2, stapled", "", .staple = STAPLE_GOOD, .version = TLS1_2_VERSION},
    {0, "TLS 1.2, RSA, a long chain", "", .chain = {GOOD_RSA, INTER, STRANGER_INTER, INTER_BELOW}, .version = TLS1_2_VERSION},
};
/* clang-format on */

static struct {
    struct pki pki;
    struct report report;
    struct server server[MR_COUNT_OF(servers)];
    struct mr_tls_context *context;
    struct mr_tls *tls;
    uint8_t changed[ROOM], sealed[2 * ROOM];
} world;

static int open_world(void **state)
{
    (void)state;
    pki_open(&world.pki);
    const struct mr_tls_config config = {
        .ca_file = world.pki.ca, .crl_file = world.pki.crl_fresh, .connections_max = 1, .output_bytes = 65536};
    return mr_tls_context_open(&world.context, &config, NULL) || mr_tls_new(&world.tls, world.context);
}

static int close_world(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(servers); i++)
        SSL_CTX_free(world.server[i].context);
    mr_tls_free(world.tls);
    mr_tls_context_close(world.context);
    pki_close(&world.pki);
    return 0;
}

/* ---- changes ---- */

static void insert(struct mr_random *r, uint8_t *bytes, uint32_t *len, uint32_t at, bool copy)
{
    uint32_t n = 1 + (uint32_t)mr_random_below(r, copy ? 300 : 20), from = (uint32_t)mr_random_below(r, *len);
    if (n > *len - from)
        n = *len - from;
    if (*len + n > ROOM / 2)
        return;
    uint8_t what[300];
    memcpy(what, bytes + from, n);
    for (uint32_t i = 0; i < n && !copy; i++)
        what[i] = (uint8_t)mr_random_next(r);
    memmove(bytes + at + n, bytes + at, *len - at);
    memcpy(bytes + at, what, n);
    *len += n;
}

static void change(struct mr_random *r, uint8_t *bytes, uint32_t *len)
{
    static const uint8_t telling[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0x30, 0x16, 0x15, 0x14, 0x17};
    if (*len < 2)
        return;
    uint32_t at = (uint32_t)mr_random_below(r, *len), n = 1 + (uint32_t)mr_random_below(r, 40);
    switch (mr_random_below(r, 8)) {
    case 0:
        bytes[at] ^= (uint8_t)(1u << mr_random_below(r, 8));
        break;
    case 1:
        bytes[at] = telling[mr_random_below(r, sizeof telling)];
        break;
    case 2:
        bytes[at]++;
        break;
    case 3: /* a length, mostly */
        bytes[mr_random_below(r, *len < 64 ? *len : 64)] = (uint8_t)mr_random_next(r);
        break;
    case 4:
        insert(r, bytes, len, at, false);
        break;
    case 5:
        insert(r, bytes, len, at, true);
        break;
    case 6: /* out */
        n = n < *len - at ? n : *len - at;
        memmove(bytes + at, bytes + at + n, *len - at - n);
        *len -= n;
        break;
    default: /* the end is lost */
        *len = at + 1;
    }
}

/* The server's flight, changed, in world.changed; its length. */
static uint32_t changed_flight(struct mr_random *r, struct server *s)
{
    bool inside = s->c->version == TLS1_3_VERSION && mr_random_below(r, 2) && s->flight_len > 600;
    uint32_t edits = (uint32_t)mr_random_below(r, 4), len = 0;
    struct seal seal;
    if (!inside) {
        MR_ASSERT(s->flight_len <= ROOM / 2);
        memcpy(world.changed, s->flight, s->flight_len);
        len = s->flight_len;
        while (edits-- > 0)
            change(r, world.changed, &len);
        memcpy(world.sealed, world.changed, len);
        return len;
    }
    server_open_flight(s, &seal);
    memcpy(world.changed, s->inner, s->inner_len);
    len = s->inner_len;
    while (edits-- > 0)
        change(r, world.changed, &len);
    uint32_t out = s->plain_len;
    memcpy(world.sealed, s->flight, out);
    for (uint32_t at = 0; at < len;) {
        uint32_t n = 1 + (uint32_t)mr_random_below(r, 4000);
        n = n < len - at ? n : len - at;
        uint8_t type = mr_random_below(r, 200) ? 22 : (uint8_t)(20 + mr_random_below(r, 5));
        out += (uint32_t)seal_record(&seal, type, world.changed + at, n, world.sealed + out);
        at += n;
    }
    return out;
}

/* ---- one handshake ---- */

static int offer(struct mr_random *r, const uint8_t *bytes, uint32_t len)
{
    int status = MR_E_AGAIN;
    for (uint32_t at = 0; at < len && status == MR_E_AGAIN;) {
        uint32_t n = mr_random_below(r, 3) ? len - at : 1 + (uint32_t)mr_random_below(r, len - at);
        uint8_t *piece = malloc(n); /* an exact block: a sanitizer sees an octet too far */
        memcpy(piece, bytes + at, n);
        struct mr_tls_cursor in = {piece, n};
        status = mr_tls_handshake(world.tls, &in);
        assert_true(in.len <= n);
        at += n - in.len;
        free(piece);
        if (n == in.len)
            break;
    }
    return status;
}

static void take_output(struct server *s)
{
    const uint8_t *data;
    uint32_t len = mr_tls_output(world.tls, &data);
    if (len)
        BIO_write(s->in, data, (int)len);
    mr_tls_sent(world.tls, len);
    server_think(s);
}

static void must_be_sound(const struct server *s, int status, uint32_t i)
{
    bool failed = status == MR_E_CORRUPT || status == MR_E_INVALID || status == MR_E_END;
    if (status == MR_OK ? !SSL_is_init_finished(s->ssl) : status != MR_E_AGAIN && !failed)
        fail_msg("flight %u (%s): status %d, the server %s", i, s->c->says, status,
                 SSL_is_init_finished(s->ssl) ? "has finished" : "has not finished");
    assert_int_equal(failed, mr_tls_error(world.tls)[0] != 0);
    assert_int_equal(failed, mr_tls_reason(world.tls) != MR_TLS_NONE);
    if (status != MR_OK)
        assert_true(mr_tls_write(world.tls, (const uint8_t *)"x", 1) < 0);
}

static int handshake(uint32_t i)
{
    struct mr_random r = {0xf11947 + i};
    struct server *s = &world.server[i % MR_COUNT_OF(servers)];
    struct mr_tls_cursor nothing = {NULL, 0};
    struct mr_err err;
    s->report = &world.report;
    server_in_memory(s, &servers[i % MR_COUNT_OF(servers)], &world.pki);
    assert_int_equal(mr_tls_open(world.tls, PKI_HOST, &err), MR_OK);
    int status = mr_tls_handshake(world.tls, &nothing);
    for (int turn = 0; turn < TURNS && status == MR_E_AGAIN; turn++) {
        take_output(s);
        if (!s->flight_len)
            break;
        status = offer(&r, world.sealed, changed_flight(&r, s));
    }
    take_output(s);
    must_be_sound(s, status, i);
    SSL_free(s->ssl);
    ERR_clear_error();
    return status;
}

static uint32_t flights(void)
{
    const char *wanted = getenv("MILLRACE_TLS_MUTATIONS");
    return wanted ? (uint32_t)strtoul(wanted, NULL, 10) : getenv("MILLRACE_QUICK") ? 700 : 3000;
}

static void changed_flights_are_refused_or_finish_on_both_sides(void **state)
{
    (void)state;
    uint32_t count = flights(), finished = 0, refused = 0, waiting = 0, reasons[MR_TLS_PROTOCOL + 1] = {0};
    for (uint32_t i = 0; i < count; i++) {
        int status = handshake(i);
        finished += status == MR_OK;
        waiting += status == MR_E_AGAIN;
        refused += status < 0 && status != MR_E_AGAIN;
        reasons[mr_tls_reason(world.tls)]++;
    }
    print_message("%u flights: %u finished, %u refused, %u wait for more\n", count, finished, refused, waiting);
    for (uint32_t i = 1; i < MR_COUNT_OF(reasons); i++)
        if (reasons[i])
            print_message("  %u %s\n", reasons[i], mr_tls_reason_word((enum mr_tls_reason)i));
    if (count >= 500) /* a fourth is not changed at all */
        assert_true(finished > count / 10 && refused > count / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(changed_flights_are_refused_or_finish_on_both_sides)};
    return cmocka_run_group_tests(tests, open_world, close_world) ? 1 : 0;
}
