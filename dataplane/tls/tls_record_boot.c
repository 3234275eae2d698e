/* The own record reader, cold: the pages of keys, and the key schedule (RFC 8446 7). */
#include "dataplane/tls/tls_record_priv.h"

#include <endian.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/base/kernel.h"

/* ---- the ciphers ---- */

/* The library's code for the SIMD kernel of this process. NULL: it has none that this reader would use. */
static init_mb_mgr_t init_of(enum mr_kernel kernel)
{
    switch (kernel) {
    case MR_KERNEL_SSE42:
        return init_mb_mgr_sse;
    case MR_KERNEL_AVX2:
        return init_mb_mgr_avx2;
    case MR_KERNEL_AVX512:
        return init_mb_mgr_avx512;
    default:
        return NULL;
    }
}

static const char *open_manager(struct mr_tls_crypt *c, uint64_t flags)
{
    init_mb_mgr_t init = init_of(mr_kernel_active());
    if (!init)
        return "the scalar kernel was asked for";
    if (imb_get_version() < IMB_VERSION_NUM)
        return "the installed libipsec-mb is older than the one this was built for";
    c->mb = alloc_mb_mgr(flags);
    uint64_t needed = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;
    if (c->mb ? (c->mb->features & needed) != needed : imb_get_errno(NULL) == IMB_ERR_NO_AESNI_EMU)
        return "this CPU lacks AES-NI or PCLMULQDQ";
    if (!c->mb)
        return "no memory";
    init(c->mb);
    if (imb_get_errno(c->mb) ||
        ((c->mb->features & IMB_FEATURE_SELF_TEST) && !(c->mb->features & IMB_FEATURE_SELF_TEST_PASS)))
        return "libipsec-mb does not work on this CPU";
    c->open_128 = c->mb->gcm128_dec;
    c->open_256 = c->mb->gcm256_dec;
    c->seal_128 = c->mb->gcm128_enc;
    c->seal_256 = c->mb->gcm256_enc;
    return NULL;
}

/* ---- the pages of keys ---- */

/* Not in core dumps, not in children, not in swap where the system allows so much locked memory. */
static const char *open_keys(struct mr_tls_crypt *c, uint32_t count, bool *locked)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    c->keys_count = count;
    c->keys_bytes = (count * sizeof *c->keys + page - 1) & ~(page - 1);
    void *pages = mmap(NULL, c->keys_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return "no memory";
    c->keys = pages;
    if (madvise(pages, c->keys_bytes, MADV_DONTDUMP) || madvise(pages, c->keys_bytes, MADV_DONTFORK))
        return "the kernel does not let keys be left out of core dumps";
    *locked = mlock(pages, c->keys_bytes) == 0;
    memset(pages, 0, c->keys_bytes); /* touched at boot */
    return NULL;
}

void mr_tls_crypt_close(struct mr_tls_crypt *c)
{
    if (!c)
        return;
    if (c->keys) {
        OPENSSL_cleanse(c->keys, c->keys_bytes);
        munmap(c->keys, c->keys_bytes);
    }
    if (c->mb)
        free_mb_mgr(c->mb);
    free(c);
}

int mr_tls_crypt_open(struct mr_tls_crypt **out, uint32_t keys_count, uint64_t flags, struct mr_err *err)
{
    struct mr_tls_crypt *c = calloc(1, sizeof *c);
    bool locked = false;
    const char *why = c ? open_manager(c, flags) : "no memory";
    if (!why)
        why = open_keys(c, keys_count, &locked);
    *out = why ? NULL : c;
    if (!why)
        return locked ? MR_OK : MR_E_AGAIN;
    mr_tls_crypt_close(c);
    return mr_err_set(err, MR_E_UNSUPPORTED, "%s", why);
}

/* ---- the key schedule ---- */

bool mr_tls_expand_label(uint32_t suite, const uint8_t *secret, uint32_t secret_len, const char *label, uint8_t *out,
                         uint32_t out_len)
{
    uint8_t info[4 + 255];
    int info_len = snprintf((char *)info + 3, sizeof info - 3, "tls13 %s", label);
    info[0] = (uint8_t)(out_len >> 8);
    info[1] = (uint8_t)out_len;
    info[2] = (uint8_t)info_len; /* of the label, with its prefix */
    info[3 + info_len] = 0;      /* no context */
    char digest[] = "SHA256", digest_384[] = "SHA384";
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, suite == MR_TLS_AES_256_GCM ? digest_384 : digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret, secret_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, (size_t)info_len + 4),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    bool ok = ctx && EVP_KDF_derive(ctx, out, out_len, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return ok;
}

bool mr_tls_keys_derive(const struct mr_tls_crypt *c, struct mr_tls_keys *k)
{
    uint8_t key[32], iv[MR_TLS_NONCE];
    uint32_t key_len = k->suite == MR_TLS_AES_128_GCM ? 16 : 32;
    bool ok = mr_tls_expand_label(k->suite, k->secret, k->secret_len, "key", key, key_len) &&
              mr_tls_expand_label(k->suite, k->secret, k->secret_len, "iv", iv, sizeof iv);
    if (ok) {
        uint64_t low;
        memcpy(&k->iv_high, iv, 4);
        memcpy(&low, iv + 4, 8);
        k->iv_low = be64toh(low);
        memcpy(k->chacha, key, sizeof k->chacha);
        if (k->suite == MR_TLS_AES_128_GCM)
            IMB_AES128_GCM_PRE(c->mb, key, &k->gcm);
        else if (k->suite == MR_TLS_AES_256_GCM)
            IMB_AES256_GCM_PRE(c->mb, key, &k->gcm);
    }
    OPENSSL_cleanse(key, sizeof key);
    OPENSSL_cleanse(iv, sizeof iv);
    return ok;
}

bool mr_tls_record_update(struct mr_tls *t)
{
    struct mr_tls_keys *k = t->reader.keys;
    uint8_t next[MR_TLS_SECRET_MAX];
    bool ok = mr_tls_expand_label(k->suite, k->secret, k->secret_len, "traffic upd", next, k->secret_len);
    if (ok)
        memcpy(k->secret, next, k->secret_len);
    OPENSSL_cleanse(next, sizeof next);
    return ok && mr_tls_keys_derive(t->context->crypt, k);
}

/* ---- the secret of a connection ---- */

static int nibble(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Hexadecimal text up to a space or the end: bytes, or 0 where it is something else or too long. */
static uint32_t from_hex(const char *text, uint8_t *out, uint32_t room)
{
    uint32_t n = 0;
    for (; *text && *text != ' '; text += 2) {
        int high = nibble(text[0]), low = high < 0 ? -1 : nibble(text[1]);
        if (low < 0 || n == room)
            return 0;
        out[n++] = (uint8_t)(high << 4 | low);
    }
    return n;
}

/* OpenSSL offers each secret of a handshake as a line of a key log: "LABEL CLIENT_RANDOM SECRET". One of them is taken, for this very
 * connection, into the pages of keys; no line goes anywhere else. */
static void on_secret(const SSL *ssl, const char *line)
{
    static const char label[] = "SERVER_TRAFFIC_SECRET_0 ";
    const struct mr_tls *t = SSL_get_app_data(ssl);
    struct mr_tls_keys *k = t->reader.keys;
    if (!k || strncmp(line, label, sizeof label - 1) != 0)
        return;
    uint8_t random[SSL3_RANDOM_SIZE], own[SSL3_RANDOM_SIZE];
    line += sizeof label - 1;
    const char *secret = strchr(line, ' ');
    if (!secret || from_hex(line, random, sizeof random) != sizeof random ||
        SSL_get_client_random(ssl, own, sizeof own) != sizeof own || memcmp(random, own, sizeof own) != 0)
        return;
    k->secret_len = from_hex(secret + 1, k->secret, sizeof k->secret);
}

void mr_tls_record_take(struct mr_tls *t)
{
    struct mr_tls_crypt *c = t->context->crypt;
    for (uint32_t i = 0; c && i < c->keys_count && !t->reader.keys; i++)
        if (!c->keys[i].taken) {
            c->keys[i].taken = true;
            t->reader.keys = &c->keys[i];
        }
}

void mr_tls_record_give(struct mr_tls *t)
{
    mr_tls_record_wipe(t);
    if (t->reader.keys)
        t->reader.keys->taken = false;
    t->reader.keys = NULL;
}

void mr_tls_record_wipe(struct mr_tls *t)
{
    struct mr_tls_keys *k = t->reader.keys;
    OPENSSL_cleanse(&t->reader, sizeof t->reader);
    t->reader.keys = k;
    if (k) {
        OPENSSL_cleanse(k, sizeof *k);
        k->taken = true;
    }
}

static uint32_t suite_of(const SSL *ssl)
{
    uint32_t suite = SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl));
    return suite == MR_TLS_AES_128_GCM || suite == MR_TLS_AES_256_GCM || suite == MR_TLS_CHACHA20 ? suite : 0;
}

bool mr_tls_record_begin(struct mr_tls *t)
{
    struct mr_tls_crypt *c = t->context->crypt;
    struct mr_tls_keys *k = t->reader.keys;
    if (!c)
        return false;
    bool version = SSL_version(t->ssl) == TLS1_3_VERSION;
    uint32_t suite = version ? suite_of(t->ssl) : 0;
    bool keys = suite && k && k->secret_len == (suite == MR_TLS_AES_256_GCM ? 48 : 32);
    if (keys) {
        k->suite = suite;
        MR_ASSERT(!SSL_has_pending(t->ssl)); /* nothing is read ahead: the cursor stands at the first record */
        keys = mr_tls_keys_derive(c, k);
    }
    MR_COUNT(t->context->metrics, fallback_version, !version);
    MR_COUNT(t->context->metrics, fallback_suite, version && !suite);
    MR_COUNT(t->context->metrics, fallback_keys, suite && !keys);
    if (!keys)
        mr_tls_record_wipe(t);
    return keys;
}

/* ---- the context ---- */

int mr_tls_record_open(struct mr_tls_context *context, uint32_t connections_max, struct mr_err *err)
{
    struct mr_err why = {""};
    if (context->read_layer == MR_TLS_READ_OPENSSL) {
        snprintf(context->reader_text, sizeof context->reader_text, "openssl (tls.read_layer)");
        return MR_OK;
    }
    int status = mr_tls_crypt_open(&context->crypt, connections_max, 0, &why);
    if (context->crypt) {
        MR_GAUGE_SET(context->metrics, keys_unlocked, status == MR_OK ? 0 : context->crypt->keys_bytes);
        SSL_CTX_set_keylog_callback(context->ssl, on_secret);
        snprintf(context->reader_text, sizeof context->reader_text, "own (%s)", mr_kernel_name(mr_kernel_active()));
        return MR_OK;
    }
    if (context->read_layer == MR_TLS_READ_OWN)
        return mr_err_set(err, MR_E_UNSUPPORTED, "tls.read_layer: own: %s; set it to auto or openssl", why.text);
    snprintf(context->reader_text, sizeof context->reader_text, "openssl: %.100s", why.text);
    return MR_OK;
}

void mr_tls_record_close(struct mr_tls_context *context)
{
    mr_tls_crypt_close(context->crypt);
    context->crypt = NULL;
}
