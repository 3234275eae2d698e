/* One dial with the product's own client stack, told in one word: a source (dataplane/source) under TLS (dataplane/tls), a
 * small request once the server is verified, then reading until the end or the deadline. tls_probe.c makes a program of it.
 *
 *   ok          verified; the server answered or not, and ended with close_notify
 *   open        verified, and still open at the deadline
 *   timeout     no finished handshake at the deadline
 *   refused     no TCP connection: refused
 *   reset       the connection was reset
 *   network     another trouble of the transport (no route, no such interface)
 *   config      our side cannot begin: the CA file, the host name
 *
 * and the words of mr_tls_reason (dataplane/tls/tls.h): name, expired, not-yet-valid, untrusted, self-signed, revoked, crl,
 * staple, weak, purpose, chain, constraint, extension, certificate, version, not-tls, alert, record, protocol, truncated (it
 * ended without close_notify), ended (close_notify before the handshake was finished).
 *
 * Thread  one. */
#ifndef MR_TESTS_TLS_PROBE_H
#define MR_TESTS_TLS_PROBE_H

#include "dataplane/clock/clock.h"
#include "dataplane/source/dpdk/dpdk.h"
#include "dataplane/source/source.h"
#include "dataplane/tls/tls.h"

#define MR_PROBE_REQUEST "GET /price HTTP/1.1\r\nUser-Agent: millrace tls_probe\r\n\r\n"

struct mr_probe { /* a source, for any number of dials one after another */
    struct mr_source source;
    struct mr_clock clock;
    struct mr_dpdk_config dpdk;
    void *mem;
};
/* `source`: "socket", "uring", "dpdk:INTERFACE" (AF_XDP, sharing the host's address). Fails where the name is unknown or the host has no such source. */
int mr_probe_open(struct mr_probe *probe, const char *source, struct mr_err *err);
void mr_probe_close(struct mr_probe *probe);

struct mr_probe_dial {
    const char *host;
    struct mr_address address;
    int64_t deadline_ms; /* of all of it */
};
struct mr_probe_result {
    const char *word;
    char sentence[512];
    char tls[64]; /* "TLSv1.3 TLS_AES_128_GCM_SHA256" */
    bool established, resumed;
    uint64_t received; /* plaintext */
    char begins[64];   /* its first bytes */
};
/* With `context`: sessions are resumed as the product does. */
void mr_probe_run(struct mr_probe *probe, struct mr_tls_context *context, const struct mr_probe_dial *dial,
                  struct mr_probe_result *out);

#endif
