/* HMAC put together of libcrypto's plain SHA-256. What libcrypto has in its place (EVP_MAC, HMAC, EVP_Digest) allocates each time it begins, also for
 * the key it had before; and a context that is kept would be another copy of the key, outside the page that controlplane/secrets locks. */
#define OPENSSL_API_COMPAT 0x10101000L /* SHA256_CTX is deprecated for EVP, which allocates */
#include "controlplane/exchange/remote/sign.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

/* The key as one block, each byte turned by `pad`. */
static void begin(SHA256_CTX *c, const uint8_t key[SHA256_CBLOCK], uint8_t pad)
{
    uint8_t block[SHA256_CBLOCK];
    for (uint32_t i = 0; i < sizeof block; i++)
        block[i] = key[i] ^ pad;
    SHA256_Init(c);
    SHA256_Update(c, block, sizeof block);
    OPENSSL_cleanse(block, sizeof block);
}

static void hmac(struct mr_span secret, const struct mr_span *parts, uint32_t count, uint8_t mac[SHA256_DIGEST_LENGTH])
{
    SHA256_CTX c;
    uint8_t key[SHA256_CBLOCK] = {0};
    if (secret.len > sizeof key) {
        SHA256_Init(&c);
        SHA256_Update(&c, secret.data, secret.len);
        SHA256_Final(key, &c);
    } else if (secret.len) {
        memcpy(key, secret.data, secret.len);
    }
    begin(&c, key, 0x36);
    for (uint32_t i = 0; i < count; i++)
        SHA256_Update(&c, parts[i].data, parts[i].len);
    SHA256_Final(mac, &c);
    begin(&c, key, 0x5c);
    SHA256_Update(&c, mac, SHA256_DIGEST_LENGTH);
    SHA256_Final(mac, &c);
    OPENSSL_cleanse(key, sizeof key);
    OPENSSL_cleanse(&c, sizeof c);
}

bool mr_sign(struct mr_span secret, const struct mr_span *parts, uint32_t count, char out[MR_SIGN_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t mac[SHA256_DIGEST_LENGTH];
    uint32_t left = MR_SIGN_MESSAGE_MAX;
    for (uint32_t i = 0; i < count; left -= parts[i++].len)
        if (parts[i].len > left)
            return false;
    hmac(secret, parts, count, mac);
    for (uint32_t i = 0; i < sizeof mac; i++) {
        out[2 * i] = digits[mac[i] >> 4];
        out[2 * i + 1] = digits[mac[i] & 15];
    }
    out[2 * sizeof mac] = 0;
    return true;
}
