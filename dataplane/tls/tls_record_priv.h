/* What only the own record reader knows: libipsec-mb, and where keys lie. */
#ifndef MR_TLS_RECORD_PRIV_H
#define MR_TLS_RECORD_PRIV_H

#define NO_COMPAT_IMB_API_053 /* old names of the library's, SHA1 among them, which is OpenSSL's here */
#include <intel-ipsec-mb.h>

#include "dataplane/tls/tls_priv.h"

#define MR_TLS_SECRET_MAX 48 /* SHA-384's */
#define MR_TLS_NONCE 12

enum mr_tls_suite { MR_TLS_AES_128_GCM = 0x1301, MR_TLS_AES_256_GCM = 0x1302, MR_TLS_CHACHA20 = 0x1303 };

/* All that must not leave the process: lies in the context's key pages, nowhere else. */
struct mr_tls_keys {
    struct gcm_key_data gcm;         /* round keys, and powers of the hash key */
    struct gcm_context_data scratch; /* of the call under way */
    uint8_t chacha[32];
    uint64_t iv_low;  /* last 8 bytes of the static IV, as a number: the sequence number is added (xor) there */
    uint32_t iv_high; /* the first 4, as they are */
    uint32_t suite;   /* 0: no keys */
    uint32_t secret_len;
    uint8_t secret[MR_TLS_SECRET_MAX]; /* SERVER_TRAFFIC_SECRET_N */
    bool taken;                        /* by a struct mr_tls */
} MR_ALIGNED;

struct mr_tls_crypt {
    IMB_MGR *mb; /* one thread owns it, as it does the context */
    aes_gcm_enc_dec_t open_128, open_256, seal_128, seal_256;
    struct mr_tls_keys *keys; /* own pages */
    size_t keys_bytes;
    uint32_t keys_count;
};

/* tls_record_boot.c. `flags` are alloc_mb_mgr's: a test takes AES-NI away with them. MR_OK; MR_E_AGAIN: good, but its pages could not be
 * locked; else `*crypt` is NULL, and `err` says why. */
int mr_tls_crypt_open(struct mr_tls_crypt **crypt, uint32_t keys_count, uint64_t flags, struct mr_err *err);
void mr_tls_crypt_close(struct mr_tls_crypt *crypt);
/* Round keys and IV from keys->secret, for keys->suite. */
bool mr_tls_keys_derive(const struct mr_tls_crypt *crypt, struct mr_tls_keys *keys);
/* HKDF-Expand-Label(secret, label, "", out_len) of RFC 8446 7.1. */
bool mr_tls_expand_label(uint32_t suite, const uint8_t *secret, uint32_t secret_len, const char *label, uint8_t *out,
                         uint32_t out_len);

/* tls_record.c. One record body: `inner` bytes of TLSInnerPlaintext and the tag, under sequence number `sequence`.
 * open: true if the tag is right; else `out` was wiped. `out` may be `body`. */
bool mr_tls_record_unseal(struct mr_tls_crypt *crypt, struct mr_tls_keys *keys, uint64_t sequence, const uint8_t *head,
                          const uint8_t *body, uint32_t inner, uint8_t *out);
/* Writes header, ciphertext and tag to `record`; `inner` may lie at record + RECORD_HEAD. */
void mr_tls_record_seal(struct mr_tls_crypt *crypt, struct mr_tls_keys *keys, uint64_t sequence, const uint8_t *inner,
                        uint32_t len, uint8_t *record);

#endif
