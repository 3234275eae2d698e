#ifndef MR_TLS_PRIV_H
#define MR_TLS_PRIV_H

#include <openssl/ssl.h>

#include "dataplane/tls/tls.h"

#define HOST_BYTES 256
#define ERROR_BYTES 384
/* Of the output queue, kept for what OpenSSL writes by itself (alerts, answers to key updates), so that data which was
 * queued can never keep a connection from saying why it ends. */
#define OUTPUT_RESERVE 512
/* The most a record adds to its plaintext: header, explicit nonce, inner type, tag (RFC 8446 5.2 allows 256 of padding,
 * which we never send). */
#define RECORD_OVERHEAD 64
#define RECORD_PLAIN 16384

struct host_session { /* what resumption needs, of one host */
    char host[HOST_BYTES];
    SSL_SESSION *session;
};

struct mr_tls_context {
    SSL_CTX *ssl;
    BIO_METHOD *cursor; /* reads from mr_tls.in, writes to mr_tls.output */
    uint32_t output_bytes, sessions_max, sessions_count, sessions_next;
    struct host_session sessions[];
};

struct mr_tls {
    struct mr_tls_context *context;
    SSL *ssl;
    struct mr_tls_cursor *in; /* during a call only */
    uint32_t output_start, output_end;
    bool established;
    bool refused; /* the certificate was; `error` says why */
    char host[HOST_BYTES];
    char error[ERROR_BYTES];
    uint8_t output[];
};

/* tls_boot.c */
SSL_SESSION *mr_tls_session_of(const struct mr_tls_context *context, const char *host);
void mr_tls_session_forget(struct mr_tls_context *context, const char *host);

/* tls_error.c */
int mr_tls_verified(int ok, X509_STORE_CTX *store); /* OpenSSL's verify callback: writes the sentence */
int mr_tls_failed(struct mr_tls *t, int ssl_error); /* the status for what OpenSSL said; writes the sentence */

#endif
