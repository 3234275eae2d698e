/* Two clients of the same server, one with our own record reader, one with SSL_read, and the same records for both: what they deliver, how
 * they end and what they answer must be the same. Records come from a script of bytes, so that a fuzzer can write it. */
#ifndef MR_TESTS_TLS_PAIR_H
#define MR_TESTS_TLS_PAIR_H

#include "tests/dataplane/tls/flight.h"

#define MR_PAIR_OWN 0
#define MR_PAIR_OPENSSL 1
#define MR_PAIR_SUITES 3
#define MR_PAIR_FLIGHT (1u << 18)

struct mr_pair {
    char folder[64], ca_path[128];
    struct mr_peer_certificate ca, good;
    SSL_CTX *servers[MR_PAIR_SUITES]; /* AES-128-GCM, AES-256-GCM, ChaCha20-Poly1305 */
    struct {
        struct mr_tls_context *context;
        struct mr_tls *tls;
        struct mr_tls_metrics metrics;
        struct mr_peer peer;
        struct mr_flight_writer writer;
        uint8_t *wire; /* the flight */
        uint8_t *plain;
        uint32_t plain_len;
        int64_t status;
    } sides[2];
    bool dialled;
    uint32_t suite, dials;
    uint32_t wire_len;
    uint8_t *expected; /* data in the flight, in order */
    uint32_t expected_len;
    uint32_t last_record; /* where it began */
    bool broken;          /* a record in it is against the rules: somewhere it must be refused */
    bool cut;             /* its last record is not whole */
    bool damaged;         /* so, or a byte was changed: a record may still be waited for */
};

extern const char *const mr_pair_suites[MR_PAIR_SUITES];

void mr_pair_open(struct mr_pair *p); /* asserts */
void mr_pair_close(struct mr_pair *p);
/* Both connect, unless they are. */
void mr_pair_dial(struct mr_pair *p, uint32_t suite);
void mr_pair_hang_up(struct mr_pair *p);

/* One record for both, at the end of the flight. */
void mr_pair_begin(struct mr_pair *p);
void mr_pair_record(struct mr_pair *p, int type, const void *data, uint32_t len, uint32_t padding);
void mr_pair_data(struct mr_pair *p, const void *data, uint32_t len, uint32_t padding); /* a record of data, expected */
void mr_pair_raw(struct mr_pair *p, const void *bytes, uint32_t len);
void mr_pair_update(struct mr_pair *p, int request); /* KeyUpdate, and the keys */
void mr_pair_script(struct mr_pair *p, const uint8_t *script, size_t len);

/* The flight is offered to one of them, cut at places drawn from `seed` (0: whole), with as much room (0: drawn too). */
void mr_pair_hear(struct mr_pair *p, int side, uint64_t seed, uint32_t room);
/* What the server makes of what a client said since: 0 nothing that ends it, -1 close_notify, 1,000,000 and more bytes of data, else OpenSSL's
 * reason: 1,000 and the alert. */
int mr_pair_server_hears(struct mr_pair *p, int side);
/* NULL: they agree; else what they differ in. Also tells whether the connection lives (p->dialled). */
const char *mr_pair_differs(struct mr_pair *p);
/* Stops with what they differ in. */
void mr_pair_agree(struct mr_pair *p, const char *what, uint32_t at);

/* cmocka's: the state is a struct mr_pair. */
int mr_pair_setup(void **state);
int mr_pair_teardown(void **state);

#endif
