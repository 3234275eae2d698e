/* A venue's side of TLS 1.3 application records, written by the tests themselves so that it can break every rule: OpenSSL's ciphers and its
 * KDF, nothing of the code under test. */
#ifndef MR_TESTS_TLS_FLIGHT_H
#define MR_TESTS_TLS_FLIGHT_H

#include "tests/dataplane/tls/peer.h"

#define MR_FLIGHT_ALERT 21
#define MR_FLIGHT_HANDSHAKE 22
#define MR_FLIGHT_DATA 23

struct mr_flight_writer {
    EVP_CIPHER_CTX *cipher;
    const char *digest;
    uint8_t secret[48], key[32], iv[12];
    uint32_t secret_len, key_len;
    uint64_t sequence;
};
/* Server's contexts that writers are made of: their secrets are kept for mr_flight_open. No tickets are sent. */
SSL_CTX *mr_flight_context(const struct mr_peer_certificate *c, const char *suite);
/* Writes on where the server's handshake ended. */
void mr_flight_open(struct mr_flight_writer *w, SSL *server);
void mr_flight_close(struct mr_flight_writer *w);
/* One record: `type` inside, then `padding` zeros. Returns its bytes. `type` below 0: no type byte at all. */
uint32_t mr_flight_seal(struct mr_flight_writer *w, int type, const void *data, uint32_t len, uint32_t padding,
                        uint8_t *out);
void mr_flight_update(struct mr_flight_writer *w); /* the next secret: what follows a KeyUpdate */

/* Handshake messages: their bytes in `out`. */
uint32_t mr_flight_ticket(uint32_t ticket_len, uint8_t *out);
uint32_t mr_flight_key_update(int request, uint8_t *out);

#endif
