#include "tests/dataplane/tls/flight.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <stdio.h>
#include <stdlib.h>

/* The secret hangs on the server's SSL as text. */
static void keep_secret(const SSL *ssl, const char *line)
{
    static const char label[] = "SERVER_TRAFFIC_SECRET_0 ";
    if (strncmp(line, label, sizeof label - 1) == 0) {
        free(SSL_get_app_data(ssl));
        SSL_set_app_data((SSL *)(uintptr_t)ssl, strdup(strrchr(line, ' ') + 1));
    }
}

SSL_CTX *mr_flight_context(const struct mr_peer_certificate *c, const char *suite)
{
    SSL_CTX *context = mr_peer_context(c, TLS1_3_VERSION, TLS1_3_VERSION);
    MR_ASSERT(SSL_CTX_set_ciphersuites(context, suite) == 1 && SSL_CTX_set_num_tickets(context, 0) == 1);
    SSL_CTX_set_keylog_callback(context, keep_secret);
    return context;
}

static void expand(const struct mr_flight_writer *w, const char *label, uint8_t *out, size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS13-KDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    char prefix[] = "tls13 ";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)w->digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)w->secret, w->secret_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, prefix, 6),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, (void *)(uintptr_t)label, strlen(label)),
        OSSL_PARAM_construct_end(),
    };
    MR_ASSERT(EVP_KDF_derive(ctx, out, len, params) == 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void rekey(struct mr_flight_writer *w)
{
    expand(w, "key", w->key, w->key_len);
    expand(w, "iv", w->iv, sizeof w->iv);
    w->sequence = 0;
    MR_ASSERT(EVP_EncryptInit_ex(w->cipher, NULL, NULL, w->key, NULL) == 1);
}

void mr_flight_open(struct mr_flight_writer *w, SSL *server)
{
    const char *secret = SSL_get_app_data(server), *suite = SSL_get_cipher_name(server);
    MR_ASSERT(secret && strlen(secret) <= 2 * sizeof w->secret);
    bool gcm_128 = strcmp(suite, "TLS_AES_128_GCM_SHA256") == 0, gcm_256 = strcmp(suite, "TLS_AES_256_GCM_SHA384") == 0;
    *w = (struct mr_flight_writer){.cipher = EVP_CIPHER_CTX_new(),
                                   .digest = gcm_256 ? "SHA384" : "SHA256",
                                   .secret_len = (uint32_t)strlen(secret) / 2,
                                   .key_len = gcm_128 ? 16 : 32};
    for (uint32_t i = 0; i < w->secret_len; i++)
        sscanf(secret + 2 * (size_t)i, "%2hhx", &w->secret[i]);
    free(SSL_get_app_data(server));
    SSL_set_app_data(server, NULL);
    const EVP_CIPHER *cipher = gcm_128 ? EVP_aes_128_gcm() : gcm_256 ? EVP_aes_256_gcm() : EVP_chacha20_poly1305();
    MR_ASSERT(EVP_EncryptInit_ex(w->cipher, cipher, NULL, NULL, NULL) == 1);
    rekey(w);
}

void mr_flight_close(struct mr_flight_writer *w) { EVP_CIPHER_CTX_free(w->cipher); }

void mr_flight_update(struct mr_flight_writer *w)
{
    uint8_t next[sizeof w->secret];
    expand(w, "traffic upd", next, w->secret_len);
    memcpy(w->secret, next, w->secret_len);
    rekey(w);
}

uint32_t mr_flight_seal(struct mr_flight_writer *w, int type, const void *data, uint32_t len, uint32_t padding,
                        uint8_t *out)
{
    static uint8_t inner[70000];
    uint32_t n = len;
    memcpy(inner, data, len);
    if (type >= 0)
        inner[n++] = (uint8_t)type;
    memset(inner + n, 0, padding);
    n += padding;
    uint32_t body = n + 16;
    uint8_t nonce[12];
    memcpy(nonce, w->iv, sizeof nonce);
    for (int i = 0; i < 8; i++)
        nonce[11 - i] ^= (uint8_t)(w->sequence >> (8 * i));
    w->sequence++;
    const uint8_t head[5] = {23, 3, 3, (uint8_t)(body >> 8), (uint8_t)body};
    memcpy(out, head, sizeof head);
    int done;
    MR_ASSERT(EVP_EncryptInit_ex(w->cipher, NULL, NULL, NULL, nonce) == 1 &&
              EVP_EncryptUpdate(w->cipher, NULL, &done, head, sizeof head) == 1 &&
              (n == 0 || EVP_EncryptUpdate(w->cipher, out + 5, &done, inner, (int)n) == 1) &&
              EVP_EncryptFinal_ex(w->cipher, out + 5 + n, &done) == 1 &&
              EVP_CIPHER_CTX_ctrl(w->cipher, EVP_CTRL_AEAD_GET_TAG, 16, out + 5 + n) == 1);
    return 5 + body;
}

uint32_t mr_flight_ticket(uint32_t ticket_len, uint8_t *out)
{
    uint32_t body = 4 + 4 + 1 + 2 + 2 + ticket_len + 2;
    memset(out, 0, 4 + body);
    out[0] = 4;
    out[1] = (uint8_t)(body >> 16);
    out[2] = (uint8_t)(body >> 8);
    out[3] = (uint8_t)body;
    out[6] = 0x1c; /* two hours */
    out[7] = 0x20;
    out[12] = 2; /* nonce */
    out[15] = (uint8_t)(ticket_len >> 8);
    out[16] = (uint8_t)ticket_len;
    for (uint32_t i = 0; i < ticket_len; i++)
        out[17 + i] = (uint8_t)(i * 7 + 1);
    return 4 + body;
}

uint32_t mr_flight_key_update(int request, uint8_t *out)
{
    const uint8_t message[5] = {24, 0, 0, 1, (uint8_t)request};
    memcpy(out, message, sizeof message);
    return sizeof message;
}
