#include "tests/dataplane/tls/pair.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/support.h"

#define HOST "api.example"
#define YEAR (365l * 86400)
#define RECORD_MOST 16401u         /* body of the longest record that can be right */
#define OPENSSL_LOOKS_LATER 16704u /* up to here OpenSSL takes the body before it looks at the length */

const char *const mr_pair_suites[MR_PAIR_SUITES] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                                    "TLS_CHACHA20_POLY1305_SHA256"};

void mr_pair_open(struct mr_pair *p)
{
    memset(p, 0, sizeof *p);
    snprintf(p->folder, sizeof p->folder, "/tmp/millrace-pair-XXXXXX");
    MR_ASSERT(mkdtemp(p->folder));
    snprintf(p->ca_path, sizeof p->ca_path, "%s/ca.pem", p->folder);
    p->ca = mr_peer_certify(&(struct mr_peer_wish){.common = "Test CA", .from_s = -YEAR, .to_s = YEAR, .ca = true});
    p->good = mr_peer_certify(
        &(struct mr_peer_wish){.common = HOST, .dns = HOST, .from_s = -60, .to_s = YEAR, .signer = &p->ca});
    mr_peer_write_pem(&p->ca, p->ca_path);
    for (uint32_t i = 0; i < MR_PAIR_SUITES; i++)
        p->servers[i] = mr_flight_context(&p->good, mr_pair_suites[i]);
    for (int side = 0; side < 2; side++) {
        struct mr_err err = {""};
        mr_metrics_init_values(&p->sides[side].metrics, &mr_tls_metrics_desc);
        const struct mr_tls_config config = {.ca_file = p->ca_path,
                                             .connections_max = 1,
                                             .output_bytes = 65536,
                                             .read_layer = side == MR_PAIR_OWN ? MR_TLS_READ_OWN : MR_TLS_READ_OPENSSL,
                                             .metrics = &p->sides[side].metrics};
        if (mr_tls_context_open(&p->sides[side].context, &config, &err) != MR_OK)
            fprintf(stderr, "%s\n", err.text);
        MR_ASSERT(p->sides[side].context && mr_tls_new(&p->sides[side].tls, p->sides[side].context) == MR_OK);
        p->sides[side].wire = malloc(MR_PAIR_FLIGHT);
        p->sides[side].plain = malloc(MR_PAIR_FLIGHT);
    }
    p->expected = malloc(MR_PAIR_FLIGHT);
    unlink(p->ca_path);
    rmdir(p->folder);
}

void mr_pair_hang_up(struct mr_pair *p)
{
    for (int side = 0; side < 2 && p->sides[side].writer.cipher; side++) {
        mr_peer_close(&p->sides[side].peer);
        mr_flight_close(&p->sides[side].writer);
        p->sides[side].writer.cipher = NULL;
        mr_tls_close(p->sides[side].tls);
    }
    p->dialled = false;
}

void mr_pair_close(struct mr_pair *p)
{
    mr_pair_hang_up(p);
    for (int side = 0; side < 2; side++) {
        mr_tls_free(p->sides[side].tls);
        mr_tls_context_close(p->sides[side].context);
        free(p->sides[side].wire);
        free(p->sides[side].plain);
    }
    for (uint32_t i = 0; i < MR_PAIR_SUITES; i++)
        SSL_CTX_free(p->servers[i]);
    mr_peer_certificate_free(&p->ca);
    mr_peer_certificate_free(&p->good);
    free(p->expected);
}

void mr_pair_dial(struct mr_pair *p, uint32_t suite)
{
    if (p->dialled && p->suite == suite)
        return;
    mr_pair_hang_up(p);
    for (int side = 0; side < 2; side++) {
        struct mr_err err;
        struct mr_tls_info info;
        MR_ASSERT(mr_tls_open(p->sides[side].tls, HOST, &err) == MR_OK);
        mr_peer_open(&p->sides[side].peer, p->servers[suite]);
        MR_ASSERT(mr_peer_shake(&p->sides[side].peer, p->sides[side].tls, 0) == MR_OK);
        mr_flight_open(&p->sides[side].writer, p->sides[side].peer.ssl);
        mr_tls_info(p->sides[side].tls, &info);
        MR_ASSERT(info.own == (side == MR_PAIR_OWN) && strcmp(info.cipher, mr_pair_suites[suite]) == 0);
    }
    p->dialled = true;
    p->suite = suite;
    p->dials++;
}

/* ---- flights ---- */

void mr_pair_begin(struct mr_pair *p)
{
    p->wire_len = p->expected_len = p->last_record = 0;
    p->broken = p->cut = p->damaged = false;
}

void mr_pair_record(struct mr_pair *p, int type, const void *data, uint32_t len, uint32_t padding)
{
    uint32_t n = 0;
    MR_ASSERT(p->wire_len + len + padding + 32 <= MR_PAIR_FLIGHT);
    for (int side = 0; side < 2; side++)
        n = mr_flight_seal(&p->sides[side].writer, type, data, len, padding, p->sides[side].wire + p->wire_len);
    p->last_record = p->wire_len;
    p->wire_len += n;
    while (type <= 0 && len) { /* no type byte, or what looks like padding: the last byte that is not 0 is the type */
        type = ((const uint8_t *)data)[--len];
        if (type)
            break;
    }
    if (type == MR_FLIGHT_DATA) {
        memcpy(p->expected + p->expected_len, data, len);
        p->expected_len += len;
    }
}

void mr_pair_data(struct mr_pair *p, const void *data, uint32_t len, uint32_t padding)
{
    mr_pair_record(p, MR_FLIGHT_DATA, data, len, padding);
}

void mr_pair_raw(struct mr_pair *p, const void *bytes, uint32_t len)
{
    for (int side = 0; side < 2; side++)
        memcpy(p->sides[side].wire + p->wire_len, bytes, len);
    p->last_record = p->wire_len;
    p->wire_len += len;
}

static void new_keys(struct mr_pair *p)
{
    for (int side = 0; side < 2; side++)
        mr_flight_update(&p->sides[side].writer);
}

void mr_pair_update(struct mr_pair *p, int request)
{
    uint8_t message[8];
    mr_pair_record(p, MR_FLIGHT_HANDSHAKE, message, mr_flight_key_update(request, message), 0);
    new_keys(p);
}

struct script {
    const uint8_t *data;
    size_t len, at;
};
static uint8_t next(struct script *s) { return s->at < s->len ? s->data[s->at++] : 0; }

static void handshake_step(struct mr_pair *p, struct script *s, uint8_t what)
{
    uint8_t message[1024];
    uint32_t n = mr_flight_ticket(1u + next(s), message), cut;
    switch (what) {
    case 0: /* two tickets in a record */
        n += mr_flight_ticket(7, message + n);
        mr_pair_record(p, MR_FLIGHT_HANDSHAKE, message, n, next(s) % 16);
        break;
    case 1: /* one in two records */
    case 2: /* with something in between */
        cut = 1 + next(s) % (n - 1);
        mr_pair_record(p, MR_FLIGHT_HANDSHAKE, message, cut, 0);
        if (what == 2) {
            static const uint8_t types[] = {MR_FLIGHT_DATA, 0, MR_FLIGHT_ALERT};
            uint8_t type = types[next(s) % 3];
            mr_pair_record(p, type, "\x01\x5a", type == MR_FLIGHT_ALERT ? 2 : 1 + next(s) % 2, 0);
            p->broken = type != MR_FLIGHT_ALERT; /* user_canceled may come at any time */
        }
        mr_pair_record(p, MR_FLIGHT_HANDSHAKE, message + cut, n - cut, 0);
        break;
    case 3: /* a key update in two records */
        n = mr_flight_key_update(next(s) & 1, message);
        cut = 1 + next(s) % (n - 1);
        mr_pair_record(p, MR_FLIGHT_HANDSHAKE, message, cut, 0);
        mr_pair_record(p, MR_FLIGHT_HANDSHAKE, message + cut, n - cut, 0);
        new_keys(p);
        break;
    case 4: /* a key update behind a ticket in one record */
        n += mr_flight_key_update(0, message + n);
        mr_pair_record(p, MR_FLIGHT_HANDSHAKE, message, n, 0);
        new_keys(p);
        break;
    case 5: /* a key update that does not end its record */
        n = mr_flight_key_update(0, message);
        n += mr_flight_ticket(3, message + n) % (next(s) % 8 + 1u) + 1;
        mr_pair_record(p, MR_FLIGHT_HANDSHAKE, message, n, 0);
        p->broken = true;
        break;
    case 6: /* a request that does not exist */
        n = mr_flight_key_update(2 + next(s) % 254, message);
        mr_pair_record(p, MR_FLIGHT_HANDSHAKE, message, n, 0);
        p->broken = true;
        break;
    default: { /* any message, short */
        const uint8_t any[12] = {next(s), 0, 0, 1 + next(s) % 8, 1, 2, 3, 4, 5, 6, 7, 8};
        mr_pair_record(p, MR_FLIGHT_HANDSHAKE, any, 4u + any[3], 0);
        if (any[0] == 24 && any[3] == 1)
            new_keys(p);
    }
    }
}

/* The tail of the flight is dropped, or a byte in it changed, or a record repeated or lost. */
static void damage(struct mr_pair *p, struct script *s, uint8_t what)
{
    uint32_t at = p->wire_len ? ((uint32_t)next(s) << 8 | next(s)) % p->wire_len : 0,
             len = p->wire_len - p->last_record;
    uint8_t mask = next(s);
    if (len == 0)
        return;
    switch (what) {
    case 0:
        p->damaged = true;
        for (int side = 0; side < 2; side++)
            p->sides[side].wire[at] ^= mask;
        break;
    case 1:
        p->cut = p->damaged = true;
        p->wire_len -= 1 + at % len;
        break;
    case 2:
        if (p->wire_len + len <= MR_PAIR_FLIGHT / 2) {
            for (int side = 0; side < 2; side++)
                memmove(p->sides[side].wire + p->wire_len, p->sides[side].wire + p->last_record, len);
            p->last_record = p->wire_len;
            p->wire_len += len;
        }
        break;
    default:
        for (int side = 0; side < 2; side++)
            p->sides[side].writer.sequence += 1u + mask;
    }
}

static void step(struct mr_pair *p, struct script *s)
{
    static uint8_t filler[20000];
    uint8_t op = next(s), b = next(s);
    uint8_t raw[16];
    for (uint32_t i = 0; i < 300; i++)
        filler[i] = (uint8_t)(op + b * i);
    switch (op % 20) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
        mr_pair_data(p, filler, 1u + b, 0);
        break;
    case 7:
        mr_pair_data(p, filler, b * 65u < 16384 ? b * 65u : 16384, 0);
        break;
    case 8:
        mr_pair_data(p, filler, 1 + b % 16, b);
        break;
    case 9:
        for (int i = 0; i <= b % 40; i++)
            mr_pair_record(p, MR_FLIGHT_DATA, "", 0, b % 3);
        break;
    case 10:
        mr_pair_record(p, MR_FLIGHT_HANDSHAKE, filler, mr_flight_ticket(b + 1u, filler), b % 5);
        break;
    case 11:
        mr_pair_update(p, b & 1);
        break;
    case 12:
    case 13:
        handshake_step(p, s, b % 8);
        break;
    case 14:
        raw[1] = b < 128 ? 90 : b < 160 ? 0 : next(s); /* user_canceled, which goes by; close_notify; or any */
        raw[0] = raw[1] == 0
                     ? 1
                     : 1 + b % 2; /* another level at the end OpenSSL takes for a break, or not, by what came before */
        mr_pair_record(p, MR_FLIGHT_ALERT, raw, b % 16 == 1 ? b % 4 : 2, 0);
        break;
    case 15:
        mr_pair_record(p, b % 32 == 24 ? -1 : b % 32, filler, b < 128 ? b % 4 : 0, b % 7);
        break;
    case 16:
        for (uint32_t i = 0; i < sizeof raw; i++)
            raw[i] = next(s);
        if (b & 1) { /* what looks nearly right */
            raw[0] = b & 2 ? 20 : b & 4 ? 21 : 23;
            raw[1] = 3;
            raw[2] = b & 8 ? 1 : 3;
            raw[3] = 0;
            raw[4] %= 12;
        }
        mr_pair_raw(p, raw, 5u + (raw[4] % 12));
        break;
    default:
        damage(p, s, b % 4);
    }
}

void mr_pair_script(struct mr_pair *p, const uint8_t *script, size_t len)
{
    struct script s = {script, len, 0};
    mr_pair_begin(p);
    while (s.at < s.len && !p->cut && p->wire_len < MR_PAIR_FLIGHT / 4)
        step(p, &s);
}

/* ---- verdicts ---- */

void mr_pair_hear(struct mr_pair *p, int side, uint64_t seed, uint32_t room)
{
    struct mr_random r = {seed};
    struct mr_tls *t = p->sides[side].tls;
    int64_t n = 0;
    p->sides[side].plain_len = 0;
    uint32_t most = 1u << (1 + mr_random_below(&r, 14));
    for (uint32_t at = 0; at < p->wire_len && n >= 0;) {
        uint32_t len = p->wire_len - at;
        if (seed && len > most)
            len = 1 + (uint32_t)mr_random_below(&r, most);
        uint8_t *piece = malloc(len); /* of its very length: a sanitizer sees a byte too far */
        memcpy(piece, p->sides[side].wire + at, len);
        struct mr_tls_cursor in = {piece, len};
        do {
            uint32_t fits = room ? room : 1 + (uint32_t)mr_random_below(&r, 20000);
            n = mr_tls_read(t, &in, p->sides[side].plain + p->sides[side].plain_len, fits);
            MR_ASSERT(n <= (int64_t)fits && in.len <= len && in.data + in.len == piece + len);
            if (n > 0)
                p->sides[side].plain_len += (uint32_t)n;
        } while (n > 0);
        MR_ASSERT(n < 0 || in.len == 0);
        at += len;
        free(piece);
    }
    p->sides[side].status = n;
}

int mr_pair_server_hears(struct mr_pair *p, int side)
{
    const uint8_t *said;
    uint8_t byte[16];
    struct mr_peer *peer = &p->sides[side].peer;
    uint32_t len = mr_tls_output(p->sides[side].tls, &said);
    if (len)
        BIO_write(peer->in, said, (int)len);
    mr_tls_sent(p->sides[side].tls, len);
    ERR_clear_error();
    int n = SSL_read(peer->ssl, byte, sizeof byte), error = SSL_get_error(peer->ssl, n);
    int reason = error == SSL_ERROR_SSL ? ERR_GET_REASON(ERR_peek_error()) : error == SSL_ERROR_ZERO_RETURN ? -1 : 0;
    ERR_clear_error();
    return n > 0 ? 1000000 + n : reason;
}

/* A length above what can be right: we refuse it at sight, for its length; OpenSSL, up to a bound, when the body has come, perhaps for its
 * tag. */
static bool refused_at_sight(const struct mr_pair *p)
{
    const uint8_t *wire = p->sides[MR_PAIR_OPENSSL].wire;
    if (!strstr(mr_tls_error(p->sides[MR_PAIR_OWN].tls), "longer than TLS allows"))
        return false;
    for (uint32_t at = 0; p->wire_len - at >= 5;) {
        uint32_t body = (uint32_t)wire[at + 3] << 8 | wire[at + 4];
        if (body > RECORD_MOST)
            return body <= OPENSSL_LOOKS_LATER;
        if (body > p->wire_len - at - 5)
            break;
        at += 5 + body;
    }
    return false;
}

const char *mr_pair_differs(struct mr_pair *p)
{
    int64_t own = p->sides[MR_PAIR_OWN].status, theirs = p->sides[MR_PAIR_OPENSSL].status;
    bool sooner = own < 0 && refused_at_sight(p);
    uint32_t len = p->sides[MR_PAIR_OWN].plain_len;
    int written[2];
    p->dialled = own == 0 && theirs == 0;
    if (len != p->sides[MR_PAIR_OPENSSL].plain_len)
        return "how much they deliver";
    if (memcmp(p->sides[MR_PAIR_OWN].plain, p->sides[MR_PAIR_OPENSSL].plain, len) != 0)
        return "what they deliver";
    if (len > p->expected_len || memcmp(p->sides[MR_PAIR_OWN].plain, p->expected, len) != 0)
        return "from what was sent";
    if (own != theirs && !sooner)
        return "how they end";
    if (p->dialled && p->broken && !p->damaged)
        return "from the rules, both of them";
    for (int side = 0; side < 2; side++)
        MR_ASSERT((p->sides[side].status < 0) == (mr_tls_error(p->sides[side].tls)[0] != 0));
    int heard[2] = {mr_pair_server_hears(p, MR_PAIR_OWN), mr_pair_server_hears(p, MR_PAIR_OPENSSL)};
    if (!sooner && heard[0] != heard[1]) {
        fprintf(stderr, "the servers hear %d and %d\n", heard[0], heard[1]);
        return "what they answer";
    }
    if (!p->dialled)
        return NULL;
    for (int side = 0; side < 2; side++) /* alive: also in the other direction, whatever keys changed */
        written[side] = mr_tls_write(p->sides[side].tls, (const uint8_t *)"reply", 5);
    if (written[0] != written[1])
        return "whether they can reply";
    for (int side = 0; side < 2; side++)
        if (written[side] == MR_OK && mr_pair_server_hears(p, side) != 1000005)
            return "that their replies are read";
    return NULL;
}

void mr_pair_agree(struct mr_pair *p, const char *what, uint32_t at)
{
    const char *differs = mr_pair_differs(p);
    if (differs)
        fprintf(stderr, "%s %u, %s: they differ in %s: own %lld, %u bytes (%s); SSL_read %lld, %u bytes (%s)\n", what,
                at, mr_pair_suites[p->suite], differs, (long long)p->sides[0].status, p->sides[0].plain_len,
                mr_tls_error(p->sides[0].tls), (long long)p->sides[1].status, p->sides[1].plain_len,
                mr_tls_error(p->sides[1].tls));
    MR_ASSERT(!differs);
}

int mr_pair_setup(void **state)
{
    *state = malloc(sizeof(struct mr_pair));
    MR_ASSERT(*state);
    mr_pair_open(*state);
    return 0;
}

int mr_pair_teardown(void **state)
{
    mr_pair_close(*state);
    free(*state);
    return 0;
}
