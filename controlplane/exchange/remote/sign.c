#include "controlplane/exchange/remote/sign.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

bool mr_sign(struct mr_span secret, const struct mr_span *parts, uint32_t count, char out[MR_SIGN_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t message[MR_SIGN_MESSAGE_MAX], mac[32];
    uint32_t len = 0;
    unsigned mac_len = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (parts[i].len > sizeof message - len)
            return false;
        if (parts[i].len)
            memcpy(message + len, parts[i].data, parts[i].len);
        len += parts[i].len;
    }
    MR_ASSERT(HMAC(EVP_sha256(), secret.data, (int)secret.len, message, len, mac, &mac_len) && mac_len == sizeof mac);
    for (uint32_t i = 0; i < sizeof mac; i++) {
        out[2 * i] = digits[mac[i] >> 4];
        out[2 * i + 1] = digits[mac[i] & 15];
    }
    out[2 * sizeof mac] = 0;
    return true;
}
