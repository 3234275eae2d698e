/* TLS over memory: one connection's records in, plaintext out. OpenSSL does handshakes, verification and all writing.
 *
 * Bytes received are offered as a cursor over the source's piece, and nothing is read ahead: OpenSSL takes a record's
 * header, then its body, so that when the handshake ends the cursor stands at a record boundary and a record reader of
 * our own can go on from the receive buffer (the record reader decrypts in place; this one copies).
 *
 *     mr_tls_handshake(t, &in)        until MR_OK
 *     n = mr_tls_read(t, &in, out, room)   plaintext; 0: the cursor is empty
 *     mr_tls_write(t, data, len); mr_tls_output(t, &bytes); send; mr_tls_sent(t, n)
 *
 * Verified always: chain (the given CA file, else the system's), host name or IP, SNI, TLS 1.2 or later. Sessions are
 * resumed per host. No key is ever written anywhere.
 *
 * Memory  OpenSSL allocates at handshake time. For application records OpenSSL 3.0 borrows a block or two of 40 bytes a record
 *         and gives them back at once (the allocator's cache of the thread serves them; tests count it). Output queue: bounded.
 * Thread  one tile owns a context and its connections.
 * Errors  MR_E_CORRUPT (a record or handshake the peer got wrong), MR_E_INVALID (certificate, name), MR_E_END
 *         (close_notify): mr_tls_error says which in a sentence with the way out ("certificate is for other.example,
 *         not api.example: check `host`, or `tls.ca`"). */
#ifndef MR_TLS_TLS_H
#define MR_TLS_TLS_H

#include "dataplane/base/base.h"

struct mr_tls_config {
    const char *ca_file;      /* NULL: the system's store */
    uint32_t connections_max;
    uint32_t output_bytes;    /* ciphertext a connection may queue: 64 KiB */
};
struct mr_tls_context;
struct mr_tls;

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
/* All of it, or MR_E_FULL and nothing. A little of the queue is kept for close_notify and OpenSSL's own answers. */
int mr_tls_write(struct mr_tls *tls, const uint8_t *data, uint32_t len);
/* Ciphertext to send. */
uint32_t mr_tls_output(struct mr_tls *tls, const uint8_t **data);
void mr_tls_sent(struct mr_tls *tls, uint32_t len);
void mr_tls_shut(struct mr_tls *tls); /* queues close_notify */
const char *mr_tls_error(const struct mr_tls *tls); /* about the last failure */
struct mr_tls_info {
    const char *version, *cipher;
    bool resumed;
};
void mr_tls_info(const struct mr_tls *tls, struct mr_tls_info *out); /* after the handshake */

#endif
