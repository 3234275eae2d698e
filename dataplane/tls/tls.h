/* TLS over memory: one connection's records in, plaintext out. OpenSSL does handshakes, verification and all writing.
 *
 * Bytes received are offered as a cursor over the source's piece, and nothing is read ahead: OpenSSL takes a record's
 * header, then its body, so that when the handshake ends the cursor stands at a record boundary. From there on a TLS 1.3
 * connection is read by our own record reader (tls_record.c, on libipsec-mb), which decrypts from the receive buffer straight
 * to where the caller wants the plaintext; TLS 1.2 and suites it does not know are read by SSL_read. Chosen once, when the
 * handshake ends; mr_tls_info says which.
 *
 *     mr_tls_handshake(t, &in)        until MR_OK
 *     n = mr_tls_read(t, &in, out, room)   plaintext; 0: the cursor is empty
 *     mr_tls_write(t, data, len); mr_tls_output(t, &bytes); send; mr_tls_sent(t, n)
 *
 * Verified always, and nothing can switch it off: chain (the given CA file, else the system's; the strict rules of RFC 5280; keys
 * and signatures of 112 bits or more), host name or IP in the alternative names, revocation lists where given, a stapled OCSP
 * answer that says "revoked" or "unknown" (and a good one must come where the certificate demands it). SNI, TLS 1.2 or later. Sessions are resumed
 * per host, early data is never sent. No key is ever written anywhere; those of the own reader lie in pages of the
 * context that are locked where that is allowed, left out of core dumps and of children, and cleansed when the connection ends or
 * the keys change.
 *
 * Memory  the own reader takes none. OpenSSL allocates at handshake time. For application records OpenSSL 3.0 borrows a block or two of 40 bytes a record
 *         and gives them back at once (the allocator's cache of the thread serves them; tests count it). Output queue: bounded.
 * Thread  one tile owns a context and its connections.
 * Errors  MR_E_CORRUPT (a record or handshake the peer got wrong), MR_E_INVALID (certificate, name), MR_E_END
 *         (close_notify), MR_E_TRUNCATED (the transport ended without it): mr_tls_error says which in a sentence with the way
 *         out ("certificate is for other.example, not api.example: check `host`, or `plane.ca_file`"), mr_tls_reason in a word. */
#ifndef MR_TLS_TLS_H
#define MR_TLS_TLS_H

#include "dataplane/metrics/metrics.h"

#define MR_TLS_METRICS(COUNTER, GAUGE, HIST)                                                                           \
    COUNTER(connections_own, "connections", "handshakes whose records our own reader took")                            \
    COUNTER(connections_openssl, "connections", "handshakes whose records SSL_read took")                              \
    COUNTER(fallback_version, "connections", "to SSL_read, because the peer speaks TLS 1.2")                           \
    COUNTER(fallback_suite, "connections", "to SSL_read, because the own reader does not know the cipher suite")       \
    COUNTER(fallback_keys, "connections", "to SSL_read, because there was no place for the keys")                      \
    COUNTER(records_own, "records", "read by our own reader")                                                          \
    COUNTER(records_openssl, "records", "pieces of plaintext that SSL_read gave")                                      \
    COUNTER(records_staged, "records", "put together first: they lay in two pieces, or did not fit the caller's room") \
    COUNTER(records_parted, "records", "larger than the room the caller had, given in parts")                          \
    COUNTER(records_empty, "records", "without data, which a peer may send to hide when it speaks")                    \
    COUNTER(key_updates, "times", "the peer changed its keys")                                                         \
    COUNTER(tickets, "tickets", "to resume the session with")                                                          \
    COUNTER(alerts, "alerts", "received by our own reader, close_notify among them")                                   \
    COUNTER(refused_header, "connections", "ended: a record of a type or version that has no place here")              \
    COUNTER(refused_length, "connections", "ended: a record longer than TLS allows")                                   \
    COUNTER(refused_tag, "connections", "ended: a record that does not decrypt")                                       \
    COUNTER(refused_empty, "connections", "ended: one empty record after another")                                     \
    COUNTER(refused_message, "connections", "ended: a handshake message, an alert or an inner type against the rules") \
    GAUGE(keys_unlocked, "bytes", "of key memory that the system did not let us lock (RLIMIT_MEMLOCK)")
MR_METRICS_DECLARE(mr_tls, MR_TLS_METRICS);

/* AUTO: our own reader where it can be, else SSL_read. OWN: likewise, but a host or a build that lacks it is an error when the
 * context is opened; TLS 1.2 and unknown suites are the peer's choice and go to SSL_read, counted. */
enum mr_tls_read_layer { MR_TLS_READ_AUTO, MR_TLS_READ_OWN, MR_TLS_READ_OPENSSL };

struct mr_tls_config {
    const char *ca_file;  /* NULL: the system's store */
    const char *crl_file; /* NULL: none. Else every certificate of a chain needs a fresh list in it, of its issuer */
    uint32_t connections_max;
    uint32_t output_bytes; /* ciphertext a connection may queue: 64 KiB */
    enum mr_tls_read_layer read_layer;
    struct mr_tls_metrics *metrics; /* NULL: counted for nobody */
};
struct mr_tls_context;
struct mr_tls;

/* Once, before anything else of OpenSSL is used: whatever it frees from then on, secrets among it, is cleansed first. False: too late. */
bool mr_tls_cleanse_freed(void);

int mr_tls_context_open(struct mr_tls_context **context, const struct mr_tls_config *config, struct mr_err *err);
void mr_tls_context_close(struct mr_tls_context *context);

struct mr_tls_cursor {
    uint8_t *data;
    uint32_t len;
}; /* what is left of the piece */

/* A connection, used again for the next dial: open begins anew (and offers the host's session for resumption). */
int mr_tls_new(struct mr_tls **tls, struct mr_tls_context *context);
void mr_tls_free(struct mr_tls *tls);
int mr_tls_open(struct mr_tls *tls, const char *host, struct mr_err *err);
/* MR_OK: done. MR_E_AGAIN: give more, and send what mr_tls_output has. Else failed. */
int mr_tls_handshake(struct mr_tls *tls, struct mr_tls_cursor *in);
/* Plaintext bytes; 0: all of `in` is taken and no record is whole; or a status. One record at most a call; one larger than
 * `room` comes in parts. MR_E_FULL: OpenSSL must answer (a key update) and the output queue has no room; send and call again. */
int64_t mr_tls_read(struct mr_tls *tls, struct mr_tls_cursor *in, uint8_t *out, uint32_t room);
/* All of it, or MR_E_FULL and nothing: there is no room, or the peer is inside a handshake message, whose end OpenSSL waits for. A
 * little of the queue is kept for close_notify and OpenSSL's own answers. */
int mr_tls_write(struct mr_tls *tls, const uint8_t *data, uint32_t len);
/* Ciphertext to send. */
uint32_t mr_tls_output(struct mr_tls *tls, const uint8_t **data);
void mr_tls_sent(struct mr_tls *tls, uint32_t len);
void mr_tls_shut(struct mr_tls *tls); /* queues close_notify */
/* The connection is gone: its keys are cleansed and OpenSSL's part of it is freed; the error's sentence stays. */
void mr_tls_close(struct mr_tls *tls);
/* The transport has ended: MR_E_END after close_notify, else MR_E_TRUNCATED, for whoever cut the connection may have cut data
 * with it. A failure that came before stays the one that is told. */
int mr_tls_ended(struct mr_tls *tls);
const char *mr_tls_error(const struct mr_tls *tls); /* about the last failure */

/* The last failure in one word. */
/* clang-format off */
#define MR_TLS_REASONS(X)                                                                                    \
    X(NONE,        "none",          "nothing failed")                                                        \
    X(ENDED,       "ended",         "the peer said close_notify")                                            \
    X(TRUNCATED,   "truncated",     "the connection ended without close_notify")                             \
    X(NAME,        "name",          "the certificate is for other names")                                    \
    X(EXPIRED,     "expired",       "a certificate of the chain ran out")                                    \
    X(EARLY,       "not-yet-valid", "a certificate of the chain is not valid yet")                           \
    X(UNTRUSTED,   "untrusted",     "the chain leads to no CA that is trusted here, or is not signed by it") \
    X(SELF_SIGNED, "self-signed",   "signed by itself, and not trusted here")                                \
    X(REVOKED,     "revoked",       "taken back by its CA: a revocation list or the OCSP answer says so")    \
    X(CRL,         "crl",           "crl_file has no fresh list of the CA")                                  \
    X(STAPLE,      "staple",        "no good OCSP answer where one is due, or one that says unknown")         \
    X(WEAK,        "weak",          "a key or a signature of less than 112 bits")                            \
    X(PURPOSE,     "purpose",       "the certificate may not serve TLS")                                     \
    X(CHAIN,       "chain",         "an intermediate may not sign, or the chain is too long")                \
    X(CONSTRAINT,  "constraint",    "a name outside those that a CA of the chain may certify")               \
    X(EXTENSION,   "extension",     "a critical extension that is not known here")                           \
    X(CERTIFICATE, "certificate",   "another rule of RFC 5280 is broken")                                    \
    X(VERSION,     "version",       "no TLS 1.2 or later")                                                   \
    X(NOT_TLS,     "not-tls",       "what answers does not speak TLS")                                       \
    X(ALERT,       "alert",         "the peer gave up with a fatal alert")                                   \
    X(RECORD,      "record",        "a record that does not decrypt, is outside its limits, or out of place") \
    X(PROTOCOL,    "protocol",      "another rule of TLS is broken")
/* clang-format on */
enum mr_tls_reason {
#define MR_X(name, word, text) MR_TLS_##name,
    MR_TLS_REASONS(MR_X)
#undef MR_X
};
enum mr_tls_reason mr_tls_reason(const struct mr_tls *tls);
const char *mr_tls_reason_word(enum mr_tls_reason reason);
const char *mr_tls_reason_text(enum mr_tls_reason reason);

/* A file that trust is taken from must not be writable by others. `what` is its config key: it begins the sentence. */
int mr_tls_check_file(const char *what, const char *path, struct mr_err *err);
struct mr_tls_info {
    const char *version, *cipher;
    bool resumed;
    bool own; /* read by our own reader */
};
/* What the context reads with where the peer allows it, in words: "own (avx512)", "openssl: this build lacks libipsec-mb". */
const char *mr_tls_reader_text(const struct mr_tls_context *context);
void mr_tls_info(const struct mr_tls *tls, struct mr_tls_info *out); /* after the handshake */

#endif
