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

struct mr_tls_keys;  /* of one connection; tls_record_priv.h */
struct mr_tls_crypt; /* of the context: the ciphers and the pages of keys */

struct mr_tls_context {
    SSL_CTX *ssl;
    BIO_METHOD *cursor; /* reads from mr_tls.in, writes to mr_tls.output */
    enum mr_tls_read_layer read_layer;
    struct mr_tls_crypt *crypt; /* NULL: SSL_read for all */
    struct mr_tls_metrics *metrics, uncounted;
    char reader_text[128];
    uint32_t output_bytes, sessions_max, sessions_count, sessions_next;
    struct host_session sessions[];
};

/* TLS 1.3: header, and what a record may hold with padding, inner type and tag. Records may be 2^14 + 256 long, but what is in them
 * no more than 2^14 + 1, and none of the suites adds more than the tag: so this is the bound (RFC 8446 5.2, 5.4). */
#define RECORD_HEAD 5
#define RECORD_TAG 16
#define RECORD_INNER_MAX (RECORD_PLAIN + 1)
#define RECORD_BODY_MAX (RECORD_INNER_MAX + RECORD_TAG)

/* The own reader's state of a connection; keys are elsewhere. */
struct mr_tls_reader {
    struct mr_tls_keys
        *keys;         /* a place in the context's pages, taken as long as struct mr_tls lives; NULL: none was left */
    uint64_t sequence; /* of the peer's next record */
    uint64_t sequence_openssl; /* of the next record that OpenSSL would read: it is given only what is not data */
    int status;                /* below 0: how it ended; every read says so again */
    uint32_t empty;            /* records without data in a row */
    uint32_t cancelled;        /* alerts user_canceled without anything in between */
    /* of handshake messages, which may be split over records */
    uint8_t message_head[4];
    uint32_t message_head_len, message_left;
    bool answer_due;               /* OpenSSL has something to say and had no room */
    bool busy;                     /* an answer is due, parts are left, or it has ended: first that, then the cursor */
    uint32_t staged;               /* bytes of a record that is not whole yet */
    uint32_t part_start, part_end; /* plaintext in `staging` that the caller had no room for */
    uint8_t staging[RECORD_HEAD + RECORD_BODY_MAX];
};

struct mr_tls {
    struct mr_tls_context *context;
    SSL *ssl;
    struct mr_tls_cursor *in; /* during a call only */
    uint32_t output_start, output_end;
    bool established;
    bool refused;   /* the certificate was; `error` says why */
    uint8_t reason; /* enum mr_tls_reason */
    bool own;       /* records are read by our own reader */
    struct mr_tls_reader reader;
    char host[HOST_BYTES];
    char error[ERROR_BYTES];
    uint8_t output[];
};

/* tls.c */
int mr_tls_again(struct mr_tls *t, int result); /* MR_E_AGAIN, MR_E_FULL, or what OpenSSL's call failed with */

/* tls_record_boot.c; tls_record_none.c where libipsec-mb is missing */
/* MR_OK also where the reader cannot be and need not: then context->crypt is NULL. Writes context->reader_text. */
int mr_tls_record_open(struct mr_tls_context *context, uint32_t connections_max, struct mr_err *err);
void mr_tls_record_close(struct mr_tls_context *context);
void mr_tls_record_take(struct mr_tls *t);   /* a place for keys, if one is left */
void mr_tls_record_give(struct mr_tls *t);   /* back */
void mr_tls_record_wipe(struct mr_tls *t);   /* cleanses the keys, and the reader begins anew */
bool mr_tls_record_begin(struct mr_tls *t);  /* the handshake has ended; true: it is ours to read, from the cursor on */
bool mr_tls_record_update(struct mr_tls *t); /* the peer changed its keys */

/* tls_record.c */
int64_t mr_tls_record_read(struct mr_tls *t, struct mr_tls_cursor *in, uint8_t *out, uint32_t room);

/* tls_boot.c */
SSL_SESSION *mr_tls_session_of(const struct mr_tls_context *context, const char *host);
void mr_tls_session_forget(struct mr_tls_context *context, const char *host);

/* tls_trust.c */
int mr_tls_trust(SSL_CTX *ssl, const struct mr_tls_config *config, struct mr_err *err);

/* tls_error.c */
/* Sets reason and sentence, cleaned of what a terminal would obey; returns `status`. */
int mr_tls_say(struct mr_tls *t, int status, enum mr_tls_reason reason, const char *format, ...) MR_PRINTF(4, 5);
void mr_tls_refuse(struct mr_tls *t, X509 *certificate,
                   int error);                      /* for a X509_V_ERR_ of OpenSSL's; the first reason stays */
int mr_tls_failed(struct mr_tls *t, int ssl_error); /* the status for what OpenSSL said; writes the sentence */

#endif
