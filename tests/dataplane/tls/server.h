/* The server side of the TLS client cases: a process of its own for each case, which may break every rule, and tells what it heard.
 *
 * OpenSSL's server stands over memory, so that whatever it says can be changed on its way out; with its secrets (its key log, in
 * this process) records can be opened and made by hand. */
#ifndef MR_TESTS_TLS_SERVER_H
#define MR_TESTS_TLS_SERVER_H

#include <openssl/ssl.h>

#include "tests/dataplane/tls/pki.h"
#include "tests/dataplane/tls/probe.h"

#define CHAIN_MAX 16
#define RAW_BYTES 32768
#define FLIGHT_BYTES (1u << 20)
#define TURNS_MAX 4
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\na price that matters"
#define SECRETS_MAX 16

enum case_crl { CRL_NONE, CRL_FRESH, CRL_STALE, CRL_PARTIAL };

struct outcome;
struct server;
struct tls_case {
    uint8_t number; /* C-01 ... C-91: tests/conformance/tls.md */
    const char *says, *want;
    void (*serve)(struct server *s); /* NULL: server_good */
    enum pki_who chain[CHAIN_MAX];   /* as sent; empty: GOOD, INTER */
    const char *host;                /* NULL: PKI_HOST */
    enum pki_staple staple;
    enum case_crl crl;
    int version;                            /* the server's only one; 0: 1.2 and 1.3 */
    const char *suites, *ciphers, *groups;  /* of 1.3, of 1.2; NULL: the usual */
    long arg;                               /* for `serve` */
    int64_t deadline_ms;                    /* 0: 10,000 */
    uint8_t turns;                          /* dials with one context; 0: 1 */
    const char *then_want, *then_host;      /* of the later ones; NULL: as the first */
    enum pki_who then_chain[CHAIN_MAX];     /* empty: as the first */
    bool (*check)(const struct outcome *o); /* what else must be so */
};

/* What the server heard, in memory shared with the test. */
struct report {
    uint32_t connections;
    uint32_t heard[TURNS_MAX]; /* plaintext octets of a request */
    uint32_t raw_len;          /* of the last turn */
    uint8_t raw[RAW_BYTES];    /* octets as they came */
    bool finished[TURNS_MAX];  /* the server holds the handshake for done */
    bool resumed[TURNS_MAX];
    bool asked_early[TURNS_MAX];    /* the ClientHello has early_data */
    bool offered_ticket[TURNS_MAX]; /* it has pre_shared_key */
    bool asked_staple, said_close;  /* the client's close_notify came */
    int hellos;                     /* ClientHellos seen */
    int alert;                      /* the client's last; -1: none */
    char sni[256];
    bool sni_sent;
    uint32_t secret_count;
    uint8_t secrets[SECRETS_MAX][48]; /* each octet ^ 0x5a: so that a search of the test's memory does not find these */
    uint32_t secret_len;
};

struct outcome {
    const struct tls_case *c;
    const struct mr_probe_result *results; /* one a turn */
    const struct report *report;
    uint32_t turns;
};

/* Records made and opened by hand, TLS 1.3 with AES-128-GCM. */
#define SEAL_TAG 16
#define SEAL_OVERHEAD (5 + 1 + SEAL_TAG)
struct seal {
    uint8_t key[16], iv[12];
    uint64_t seq;
};

struct server {
    const struct tls_case *c;
    const struct pki *pki;
    struct report *report;
    int listener, fd;
    uint32_t turn;
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out;
    bool over;                                        /* the client is gone */
    uint8_t handshake_secret[48], traffic_secret[48]; /* the server's own */
    uint8_t flight[FLIGHT_BYTES];
    uint32_t flight_len;
    uint8_t inner[65536]; /* an opened flight's handshake messages, one after another */
    uint32_t inner_len;
    uint32_t plain_len; /* the flight's first part, which is not encrypted */
};

/* All turns of a case, in the process that was forked for it. */
_Noreturn void server_run(const struct tls_case *c, const struct pki *pki, int listener, struct report *report);

/* Without a process: a connection over s->in and s->flight. The context is made the first time, and SSL_free(s->ssl) and
 * SSL_CTX_free(s->context) are the caller's. */
void server_in_memory(struct server *s, const struct tls_case *c, const struct pki *pki);

/* ---- for `serve` ---- */
void server_good(struct server *s);
/* Receives once (at most 5 s) and offers it to OpenSSL; false: the client is gone. */
bool server_hear(struct server *s);
void server_send(struct server *s, const void *data, size_t len);
/* OpenSSL goes on as far as it can (and plaintext is counted); what it says stands in s->flight and is not sent. */
void server_think(struct server *s);
void server_say(struct server *s); /* sends s->flight */
/* The client's first flight is there; the server's stands in s->flight. */
bool server_greet(struct server *s);
bool server_shake(struct server *s);  /* all of the handshake, as it should be */
bool server_finish(struct server *s); /* the rest of it, after s->flight was sent somehow */
bool server_listen(struct server *s); /* the request, counted */
void server_tell(struct server *s, const void *data, size_t len);
void server_part(struct server *s); /* close_notify, the client's, FIN */
void server_wait(struct server *s); /* until the client is gone; whatever it says is counted */

void server_record(struct server *s, uint8_t type, uint16_t version, const void *data, size_t len);
void seal_open(struct seal *seal, const uint8_t *secret);
/* A record in `record` (len + SEAL_OVERHEAD); its length. */
size_t seal_record(struct seal *seal, uint8_t type, const void *data, size_t len, uint8_t *record);
void server_seal(struct server *s, struct seal *seal, uint8_t type, const void *data, size_t len);
/* Opens s->flight's encrypted records: s->inner, and s->plain_len of s->flight. */
void server_open_flight(struct server *s, struct seal *seal);
/* Where the message of this type begins in s->inner, and its length with the header. */
uint8_t *server_message(struct server *s, uint8_t type, uint32_t *len);
/* The ClientHello or ServerHello record in `bytes`: where the extension's data begins, its length; NULL: not there. */
uint8_t *hello_extension(uint8_t *bytes, uint32_t len, uint16_t type, uint16_t *extension_len);

extern const struct tls_case cases_certificates[], cases_protocol[], cases_records[], cases_life[];
extern const uint32_t cases_certificates_count, cases_protocol_count, cases_records_count, cases_life_count;

#endif
