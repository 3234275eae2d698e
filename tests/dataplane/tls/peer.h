/* The other side of TLS for tests: certificates made on the spot, and an OpenSSL server over memory. */
#ifndef MR_TESTS_TLS_PEER_H
#define MR_TESTS_TLS_PEER_H

#include <openssl/ssl.h>

#include "dataplane/tls/tls.h"

struct mr_peer_certificate {
    X509 *x;
    EVP_PKEY *key;
};
/* A certificate for `dns` (comma separated) and `ip` (either may be NULL), valid from `from_s` to `to_s` seconds from
 * now; signed by `signer`, NULL: by itself. `ca`: it may sign others. */
struct mr_peer_wish {
    const char *common, *dns, *ip;
    long from_s, to_s;
    const struct mr_peer_certificate *signer;
    bool ca;
};
struct mr_peer_certificate mr_peer_certify(const struct mr_peer_wish *wish);
void mr_peer_certificate_free(struct mr_peer_certificate *c);
void mr_peer_write_pem(const struct mr_peer_certificate *c, const char *path);

/* A server context with this certificate; TLS versions from `least` to `most`, 0: any. */
SSL_CTX *mr_peer_context(const struct mr_peer_certificate *c, int least, int most);

struct mr_peer {
    SSL *ssl;
    BIO *in, *out; /* what it gets, what it says */
};
void mr_peer_open(struct mr_peer *peer, SSL_CTX *context);
void mr_peer_close(struct mr_peer *peer);
/* Client's queued output to the server, and one step of the server's handshake. */
void mr_peer_take(struct mr_peer *peer, struct mr_tls *client);
/* What the server said so far, taken away: bytes in `out`. */
uint32_t mr_peer_said(struct mr_peer *peer, uint8_t *out, uint32_t room);
/* Both to the end: the client's status, or MR_E_AGAIN if neither says more. `step` bytes are given to the client at a time (0: all). */
int mr_peer_shake(struct mr_peer *peer, struct mr_tls *client, uint32_t step);

#endif
