#include "tests/exchange/server/certs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY        86400l
#define LIFE_DAYS  90
#define NAMES_MAX  1024

static const char default_names[] =
    "localhost,127.0.0.1,::1,fstream.binance.com,fapi.binance.com,stream.binance.com,api.binance.com,data-stream."
    "binance.vision,"
    "data-api.binance.vision,stream.bybit.com,api.bybit.com,ws.okx.com,www.okx.com,openapi.okx.com,api.hyperliquid.xyz,"
    "ws-api-futures.kucoin.com,ws-api-spot.kucoin.com,x-push-spot.kucoin.com,api-futures.kucoin.com,api.kucoin.com,"
    "ws-subscriptions-clob.polymarket.com,ws-live-data.polymarket.com,clob.polymarket.com,"
    "contract.mexc.com,api.mexc.com";

/* "DNS:localhost,IP:127.0.0.1": the names as OpenSSL wants them. */
static bool alternative_names(const char *names, char out[NAMES_MAX])
{
    size_t at = 0;
    for (const char *p = names; *p;) {
        size_t len = strcspn(p, ",");
        char name[256];
        unsigned char address[16];
        if (len == 0 || len >= sizeof name)
            return false;
        memcpy(name, p, len);
        name[len] = 0;
        bool ip = inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
        int n = snprintf(out + at, NAMES_MAX - at, "%s%s:%s", at ? "," : "", ip ? "IP" : "DNS", name);
        at += (size_t)n;
        if (at >= NAMES_MAX)
            return false;
        p += len + (p[len] == ',');
    }
    return at > 0;
}

/* ---- kept ones ---- */

static X509 *read_cert(const char *path)
{
    FILE *f = fopen(path, "re");
    X509 *cert = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
    if (f)
        fclose(f);
    return cert;
}

static EVP_PKEY *read_key(const char *path)
{
    FILE *f = fopen(path, "re");
    EVP_PKEY *key = f ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
    if (f)
        fclose(f);
    return key;
}

static bool for_names(X509 *leaf, const char *names)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    GENERAL_NAMES *kept = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL),
                  *wanted = e ? X509V3_EXT_d2i(e) : NULL;
    bool same = kept && wanted && sk_GENERAL_NAME_num(kept) == sk_GENERAL_NAME_num(wanted);
    for (int i = 0; same && i < sk_GENERAL_NAME_num(kept); i++)
        same = GENERAL_NAME_cmp(sk_GENERAL_NAME_value(kept, i), sk_GENERAL_NAME_value(wanted, i)) == 0;
    GENERAL_NAMES_free(kept);
    GENERAL_NAMES_free(wanted);
    X509_EXTENSION_free(e);
    return same;
}

static bool usable(const struct mr_certs *c, const char *names)
{
    X509 *ca = read_cert(c->ca), *leaf = read_cert(c->chain);
    EVP_PKEY *key = read_key(c->key), *ca_key = ca ? X509_get0_pubkey(ca) : NULL;
    time_t soon = time(NULL) + DAY;
    bool good = ca && leaf && key && ca_key && X509_check_private_key(leaf, key) == 1 &&
                X509_verify(leaf, ca_key) == 1 && X509_cmp_time(X509_get0_notAfter(leaf), &soon) > 0 &&
                X509_cmp_time(X509_get0_notAfter(ca), &soon) > 0 && for_names(leaf, names);
    X509_free(ca);
    X509_free(leaf);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good;
}

/* ---- new ones ---- */

static bool extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool good = e && X509_add_ext(cert, e, -1) == 1;
    X509_EXTENSION_free(e);
    return good;
}

static X509 *new_cert(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, const char *names)
{
    X509 *cert = X509_new();
    uint64_t serial = 0;
    if (!cert || RAND_bytes((unsigned char *)&serial, sizeof serial) != 1)
        return cert;
    bool good = X509_set_version(cert, 2) && ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1 | 1) &&
                X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
                X509_gmtime_adj(X509_getm_notAfter(cert), LIFE_DAYS * DAY) && X509_set_pubkey(cert, key) &&
                X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                                           (const unsigned char *)name, -1, -1, 0) &&
                X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert));
    X509 *by = issuer ? issuer : cert;
    good = good && extend(cert, by, NID_subject_key_identifier, "hash") &&
           extend(cert, by, NID_authority_key_identifier, "keyid:always");
    if (names)
        good = good && extend(cert, by, NID_basic_constraints, "critical,CA:FALSE") &&
               extend(cert, by, NID_key_usage, "critical,digitalSignature") &&
               extend(cert, by, NID_ext_key_usage, "serverAuth") && extend(cert, by, NID_subject_alt_name, names);
    else
        good = good && extend(cert, by, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
               extend(cert, by, NID_key_usage, "critical,keyCertSign,cRLSign");
    if (good && X509_sign(cert, issuer_key, EVP_sha256()))
        return cert;
    X509_free(cert);
    return NULL;
}

static bool write_pem(const char *path, mode_t mode, X509 *first, X509 *second, EVP_PKEY *key)
{
    char temporary[MR_CERTS_PATH + 8];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    unlink(temporary);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!f) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool good = (!first || PEM_write_X509(f, first)) && (!second || PEM_write_X509(f, second)) &&
                (!key || PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL));
    good = fclose(f) == 0 && good;
    return good && rename(temporary, path) == 0;
}

static int make(const struct mr_certs *c, const char *names, struct mr_err *err)
{
    EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    X509 *ca = ca_key ? new_cert("millrace exchange authority", ca_key, NULL, ca_key, NULL) : NULL;
    X509 *leaf = ca && key ? new_cert("millrace exchange", key, ca, ca_key, names) : NULL;
    int status = MR_OK;
    if (!leaf)
        status = mr_err_set(err, MR_E_INVALID, "certificates for \"%s\": %s", names,
                            ERR_reason_error_string(ERR_peek_last_error()));
    else if (!write_pem(c->key, 0600, NULL, NULL, key) || !write_pem(c->chain, 0644, leaf, ca, NULL) ||
             !write_pem(c->ca, 0644, ca, NULL, NULL))
        status =
            mr_err_set(err, MR_E_IO, "%s: %s; give a folder that can be written with --certs", c->ca, strerror(errno));
    X509_free(ca);
    X509_free(leaf);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return status;
}

int mr_certs_make(const char *folder, const char *names, struct mr_certs *out, struct mr_err *err)
{
    char alternative[NAMES_MAX];
    if (strlen(folder) + 16 >= MR_CERTS_PATH)
        return mr_err_set(err, MR_E_INVALID, "--certs: the folder's name is too long");
    if (!alternative_names(names ? names : default_names, alternative))
        return mr_err_set(err, MR_E_INVALID, "--names %s: want host names and addresses with commas between them",
                          names);
    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        return mr_err_set(err, MR_E_IO, "%s: %s; give a folder that can be made with --certs", folder, strerror(errno));
    snprintf(out->ca, sizeof out->ca, "%s/ca.pem", folder);
    snprintf(out->chain, sizeof out->chain, "%s/exchange.pem", folder);
    snprintf(out->key, sizeof out->key, "%s/exchange.key", folder);
    return usable(out, alternative) ? MR_OK : make(out, alternative, err);
}
