#include "tests/dataplane/tls/pki.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOUR 3600l
#define DAY (24 * HOUR)
#define STAPLE_BYTES 4096

enum key { KEY_EC, KEY_RSA_2048, KEY_RSA_1024, KEY_ED25519 };

/* NULL: as such a certificate usually has it; "": without. `by` PKI_NOBODY: itself. */
struct wish {
    enum pki_who by;
    bool ca, v1, sha1;
    enum key key;
    long from_s, to_s; /* both 0: good now */
    const char *subject, *names, *basic, *usage, *extended, *constraints, *feature, *unknown;
    int many; /* so many names */
    bool ours_last;
};

/* clang-format off */
static const struct wish wishes[PKI_COUNT] = {
    [ROOT]                    = {.ca = true, .subject = "Root"},
    [INTER]                   = {.ca = true, .subject = "Intermediate", .by = ROOT},
    [STRANGER_ROOT]           = {.ca = true, .subject = "Stranger"},
    [STRANGER_INTER]          = {.ca = true, .subject = "Stranger's intermediate", .by = STRANGER_ROOT},
    [INTER_EXPIRED]           = {.ca = true, .subject = "Expired intermediate", .by = ROOT, .from_s = -9 * DAY, .to_s = -DAY},
    [INTER_BELOW]             = {.ca = true, .subject = "Intermediate below", .by = INTER},
    [INTER_REVOKED]           = {.ca = true, .subject = "Revoked intermediate", .by = ROOT},
    [INTER_SHA1]              = {.ca = true, .subject = "SHA-1 intermediate", .by = ROOT, .sha1 = true},
    [INTER_RSA_1024]          = {.ca = true, .subject = "Short intermediate", .by = ROOT, .key = KEY_RSA_1024},
    [INTER_NOT_CA]            = {.ca = true, .subject = "No authority", .by = ROOT, .basic = "critical,CA:FALSE", .usage = "critical,digitalSignature"},
    [INTER_NO_SIGN]           = {.ca = true, .subject = "May not sign", .by = ROOT, .usage = "critical,cRLSign"},
    [INTER_PATH_0]            = {.ca = true, .subject = "Path 0", .by = ROOT, .basic = "critical,CA:TRUE,pathlen:0"},
    [INTER_UNDER_PATH_0]      = {.ca = true, .subject = "Under path 0", .by = INTER_PATH_0},
    [INTER_V1]                = {.ca = true, .subject = "Version 1", .by = ROOT, .v1 = true},
    [INTER_UNKNOWN]           = {.ca = true, .subject = "Unknown extension", .by = ROOT, .unknown = "critical,DER:0500"},
    [INTER_OTHER_NAMES]       = {.ca = true, .subject = "For others", .by = ROOT, .constraints = "critical,permitted;DNS:other.example"},
    [INTER_OUR_NAMES]         = {.ca = true, .subject = "For us", .by = ROOT, .constraints = "critical,permitted;DNS:api.example"},
    [INTER_NOT_OUR_NAMES]     = {.ca = true, .subject = "For all but us", .by = ROOT, .constraints = "critical,excluded;DNS:api.example"},
    [INTER_DEEP_1]            = {.ca = true, .subject = "Deep 1", .by = ROOT},
    [INTER_DEEP_1 + 1]        = {.ca = true, .subject = "Deep 2", .by = INTER_DEEP_1},
    [INTER_DEEP_1 + 2]        = {.ca = true, .subject = "Deep 3", .by = INTER_DEEP_1 + 1},
    [INTER_DEEP_1 + 3]        = {.ca = true, .subject = "Deep 4", .by = INTER_DEEP_1 + 2},
    [INTER_DEEP_1 + 4]        = {.ca = true, .subject = "Deep 5", .by = INTER_DEEP_1 + 3},
    [INTER_DEEP_1 + 5]        = {.ca = true, .subject = "Deep 6", .by = INTER_DEEP_1 + 4},
    [INTER_DEEP_1 + 6]        = {.ca = true, .subject = "Deep 7", .by = INTER_DEEP_1 + 5},
    [INTER_DEEP_1 + 7]        = {.ca = true, .subject = "Deep 8", .by = INTER_DEEP_1 + 6},
    [INTER_DEEP_1 + 8]        = {.ca = true, .subject = "Deep 9", .by = INTER_DEEP_1 + 7},
    [INTER_DEEP_1 + 9]        = {.ca = true, .subject = "Deep 10", .by = INTER_DEEP_1 + 8},
    [INTER_DEEP_1 + 10]       = {.ca = true, .subject = "Deep 11", .by = INTER_DEEP_1 + 9},
    [INTER_DEEP_12]           = {.ca = true, .subject = "Deep 12", .by = INTER_DEEP_1 + 10},

    [GOOD]                    = {.by = INTER},
    [GOOD_RSA]                = {.by = INTER, .key = KEY_RSA_2048},
    [GOOD_ED25519]            = {.by = INTER, .key = KEY_ED25519},
    [GOOD_TOO]                = {.by = ROOT},
    [EXPIRED]                 = {.by = INTER, .from_s = -9 * DAY, .to_s = -HOUR},
    [EARLY]                   = {.by = INTER, .from_s = HOUR, .to_s = 9 * DAY},
    [SELF_SIGNED]             = {.ca = false},
    [SELF_EXPIRED_INTER]      = {.by = INTER_EXPIRED},
    [BELOW]                   = {.by = INTER_BELOW},
    [STRANGER]                = {.by = STRANGER_INTER},
    [REVOKED]                 = {.by = INTER},
    [OF_REVOKED_INTER]        = {.by = INTER_REVOKED},
    [MUST_STAPLE]             = {.by = INTER, .feature = "status_request"},
    [SHA1_SIGNED]             = {.by = INTER, .sha1 = true},
    [OF_SHA1_INTER]           = {.by = INTER_SHA1},
    [RSA_1024]                = {.by = INTER, .key = KEY_RSA_1024},
    [OF_RSA_1024_INTER]       = {.by = INTER_RSA_1024},
    [OTHER_NAME]              = {.by = INTER, .names = "DNS:other.example"},
    [WILDCARD]                = {.by = INTER, .names = "DNS:*.api.example"},
    [WILDCARD_TWO]            = {.by = INTER, .names = "DNS:*.*.api.example"},
    [WILDCARD_PART]           = {.by = INTER, .names = "DNS:f*.api.example"},
    [ONLY_COMMON_NAME]        = {.by = INTER, .names = ""},
    [NO_SUBJECT]              = {.by = INTER, .subject = "", .names = "critical,DNS:" PKI_HOST},
    [NO_SUBJECT_NOT_CRITICAL] = {.by = INTER, .subject = ""},
    [IP_V4]                   = {.by = INTER, .names = "IP:127.0.0.1"},
    [IP_V6]                   = {.by = INTER, .names = "IP:::1"},
    [IP_OTHER]                = {.by = INTER, .names = "IP:127.0.0.2,DNS:" PKI_HOST},
    [IP_AS_DNS]               = {.by = INTER, .names = "DNS:127.0.0.1"},
    [NUL_IN_NAME]             = {.by = INTER, .many = -1},
    [DOT_IN_NAME]             = {.by = INTER, .names = "DNS:" PKI_HOST "."},
    [UPPER_CASE]              = {.by = INTER, .names = "DNS:API.EXAMPLE"},
    [NAMES_1000]              = {.by = INTER, .many = 1000, .ours_last = true},
    [NAMES_1000_OTHERS]       = {.by = INTER, .many = 1000},
    [NAMES_10000]             = {.by = INTER, .many = 10000, .ours_last = true},
    [CONSTRAINED_OTHER]       = {.by = INTER_OTHER_NAMES},
    [CONSTRAINED_OURS]        = {.by = INTER_OUR_NAMES},
    [CONSTRAINED_NOT_OURS]    = {.by = INTER_NOT_OUR_NAMES},
    [CLIENT_ONLY]             = {.by = INTER, .extended = "clientAuth"},
    [NO_EXTENDED]             = {.by = INTER, .extended = ""},
    [NO_SIGN_BIT]             = {.by = INTER, .usage = "critical,keyEncipherment"},
    [NO_USAGE]                = {.by = INTER, .usage = ""},
    [LEAF_CA]                 = {.by = INTER, .basic = "critical,CA:TRUE", .usage = "critical,digitalSignature,keyCertSign"},
    [OF_NOT_CA]               = {.by = INTER_NOT_CA},
    [OF_NO_SIGN]              = {.by = INTER_NO_SIGN},
    [OF_PATH_0]               = {.by = INTER_UNDER_PATH_0},
    [UNKNOWN_CRITICAL]        = {.by = INTER, .unknown = "critical,DER:0500"},
    [UNKNOWN_HARMLESS]        = {.by = INTER, .unknown = "DER:0500"},
    [OF_UNKNOWN_INTER]        = {.by = INTER_UNKNOWN},
    [OF_V1]                   = {.by = INTER_V1},
    [DEEP_12]                 = {.by = INTER_DEEP_12},
    [DEEP_6]                  = {.by = INTER_DEEP_1 + 5},
    [RESPONDER]               = {.by = INTER, .subject = "Responder", .names = "", .extended = "OCSPSigning"},
    [NO_RESPONDER]            = {.by = INTER, .subject = "No responder", .names = ""},
    [BOTH_NAMES]              = {.by = INTER, .names = "DNS:" PKI_HOST ",DNS:two.example"},
};
/* clang-format on */

enum pki_who pki_issuer(enum pki_who who) { return wishes[who].by; }

/* ---- making one ---- */

static EVP_PKEY *new_key(enum key key)
{
    switch (key) {
    case KEY_RSA_2048:
        return EVP_RSA_gen(2048);
    case KEY_RSA_1024:
        return EVP_RSA_gen(1024);
    case KEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    default:
        return EVP_EC_gen("P-256");
    }
}

static void extend(X509 *x, X509 *issuer, const char *name, const char *value)
{
    X509V3_CTX context;
    if (!value[0])
        return;
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    X509_EXTENSION *e = X509V3_EXT_nconf(NULL, &context, name, value);
    MR_ASSERT(e && X509_add_ext(x, e, -1) == 1);
    X509_EXTENSION_free(e);
}

static void push_name(GENERAL_NAMES *names, const char *text, int len)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *ia5 = ASN1_IA5STRING_new();
    ASN1_STRING_set(ia5, text, len);
    GENERAL_NAME_set0_value(name, GEN_DNS, ia5);
    sk_GENERAL_NAME_push(names, name);
}

/* -1: our name with a NUL behind it, and an attacker's; else so many of others, ours maybe the last. */
static void add_names(X509 *x, const struct wish *w)
{
    static const char nul[] = PKI_HOST "\0.evil.example";
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    if (w->many < 0)
        push_name(names, nul, sizeof nul - 1);
    for (int i = 0; i < w->many; i++) {
        char text[64];
        int len = snprintf(text, sizeof text, "h%d.elsewhere.example", i);
        if (i == w->many - 1 && w->ours_last)
            len = snprintf(text, sizeof text, PKI_HOST);
        push_name(names, text, len);
    }
    MR_ASSERT(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0) == 1);
    GENERAL_NAMES_free(names);
}

/* An issuer of version 1 has no key identifier to copy; its certificate must fail for that, and not for want of ours. */
static void add_authority(X509 *x)
{
    AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();
    id->keyid = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(id->keyid, (const uint8_t *)"some issuer's key", 17);
    MR_ASSERT(X509_add1_ext_i2d(x, NID_authority_key_identifier, id, 0, 0) == 1);
    AUTHORITY_KEYID_free(id);
}

static const char *or_else(const char *given, const char *usual) { return given ? given : usual; }

static void add_extensions(X509 *x, X509 *issuer, const struct wish *w)
{
    extend(x, issuer, "basicConstraints", or_else(w->basic, w->ca ? "critical,CA:TRUE" : "critical,CA:FALSE"));
    extend(x, issuer, "keyUsage",
           or_else(w->usage, w->ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature"));
    extend(x, issuer, "subjectKeyIdentifier", "hash");
    if (X509_get_version(issuer) == X509_VERSION_3)
        extend(x, issuer, "authorityKeyIdentifier", "keyid:always");
    else
        add_authority(x);
    extend(x, issuer, "extendedKeyUsage", or_else(w->extended, w->ca ? "" : "serverAuth"));
    extend(x, issuer, "nameConstraints", or_else(w->constraints, ""));
    extend(x, issuer, "tlsfeature", or_else(w->feature, ""));
    extend(x, issuer, "1.3.6.1.4.1.99999.1", or_else(w->unknown, ""));
    if (w->many)
        add_names(x, w);
    else
        extend(x, issuer, "subjectAltName", or_else(w->names, w->ca ? "" : "DNS:" PKI_HOST));
}

static const EVP_MD *digest_of(const EVP_PKEY *key, bool sha1)
{
    return EVP_PKEY_is_a(key, "ED25519") ? NULL : sha1 ? EVP_sha1() : EVP_sha256();
}

static struct pki_one make(const struct pki *pki, enum pki_who who)
{
    const struct wish *w = &wishes[who];
    struct pki_one one = {X509_new(), new_key(w->key)};
    const struct pki_one *by = w->by ? &pki->of[w->by] : &one;
    bool timed = w->from_s || w->to_s;
    const char *subject = or_else(w->subject, PKI_HOST);
    X509_set_version(one.x, w->v1 ? X509_VERSION_1 : X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(one.x), 1000 + who);
    X509_gmtime_adj(X509_getm_notBefore(one.x), timed ? w->from_s : -HOUR);
    X509_gmtime_adj(X509_getm_notAfter(one.x), timed ? w->to_s : 365 * DAY);
    if (subject[0])
        X509_NAME_add_entry_by_txt(X509_get_subject_name(one.x), "CN", MBSTRING_ASC, (const uint8_t *)subject, -1, -1,
                                   0);
    X509_set_issuer_name(one.x, X509_get_subject_name(by->x));
    X509_set_pubkey(one.x, one.key);
    if (!w->v1)
        add_extensions(one.x, by->x, w);
    MR_ASSERT(X509_sign(one.x, by->key, digest_of(by->key, w->sha1)) > 0);
    return one;
}

/* ---- revocation ---- */

static void write_crl(const struct pki *pki, FILE *f, enum pki_who by, enum pki_who revoked, long from_s, long to_s)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *from = X509_gmtime_adj(NULL, from_s), *to = X509_gmtime_adj(NULL, to_s);
    X509_CRL_set_version(crl, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(pki->of[by].x));
    X509_CRL_set1_lastUpdate(crl, from);
    X509_CRL_set1_nextUpdate(crl, to);
    if (revoked) {
        X509_REVOKED *entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(pki->of[revoked].x));
        X509_REVOKED_set_revocationDate(entry, from);
        X509_CRL_add0_revoked(crl, entry);
    }
    MR_ASSERT(X509_CRL_sign(crl, pki->of[by].key, EVP_sha256()) > 0 && PEM_write_X509_CRL(f, crl) == 1);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    X509_CRL_free(crl);
}

static void write_lists(const struct pki *pki, const char *path, bool all, long from_s, long to_s)
{
    FILE *f = fopen(path, "we");
    MR_ASSERT(f);
    write_crl(pki, f, ROOT, INTER_REVOKED, from_s, to_s);
    if (all) {
        write_crl(pki, f, INTER, REVOKED, from_s, to_s);
        write_crl(pki, f, INTER_REVOKED, PKI_NOBODY, from_s, to_s);
    }
    fclose(f);
    chmod(path, 0600);
}

static OCSP_BASICRESP *answer(const struct pki *pki, enum pki_who about, enum pki_staple kind)
{
    bool stranger = kind == STAPLE_OF_A_STRANGER, stale = kind == STAPLE_STALE;
    enum pki_who by = pki_issuer(about),
                 signer = stranger                       ? STRANGER_ROOT
                          : kind == STAPLE_DELEGATED     ? RESPONDER
                          : kind == STAPLE_NOT_DELEGATED ? NO_RESPONDER
                                                         : by,
                 subject = kind == STAPLE_OF_ANOTHER ? GOOD_RSA : about;
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), pki->of[subject].x, pki->of[by].x);
    ASN1_TIME *from = X509_gmtime_adj(NULL, stale ? -9 * DAY : -HOUR), *to = X509_gmtime_adj(NULL, stale ? -DAY : DAY);
    int status = kind == STAPLE_REVOKED   ? V_OCSP_CERTSTATUS_REVOKED
                 : kind == STAPLE_UNKNOWN ? V_OCSP_CERTSTATUS_UNKNOWN
                                          : V_OCSP_CERTSTATUS_GOOD;
    MR_ASSERT(OCSP_basic_add1_status(basic, id, status, OCSP_REVOKED_STATUS_UNSPECIFIED,
                                     status == V_OCSP_CERTSTATUS_REVOKED ? from : NULL, from, to));
    MR_ASSERT(OCSP_basic_sign(basic, pki->of[signer].x, pki->of[signer].key, EVP_sha256(), NULL, 0) == 1);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return basic;
}

int pki_staple(const struct pki *pki, enum pki_who about, enum pki_staple kind, uint8_t *out)
{
    if (kind == STAPLE_GARBAGE) {
        memset(out, 0x30, 100);
        return 100;
    }
    OCSP_BASICRESP *basic = kind == STAPLE_TRY_LATER ? NULL : answer(pki, about, kind);
    OCSP_RESPONSE *response =
        OCSP_response_create(basic ? OCSP_RESPONSE_STATUS_SUCCESSFUL : OCSP_RESPONSE_STATUS_TRYLATER, basic);
    int len = i2d_OCSP_RESPONSE(response, NULL);
    MR_ASSERT(len > 0 && len <= STAPLE_BYTES);
    i2d_OCSP_RESPONSE(response, &out);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    return len;
}

/* ---- all of them ---- */

void pki_open(struct pki *pki)
{
    memset(pki, 0, sizeof *pki);
    snprintf(pki->folder, sizeof pki->folder, "/tmp/millrace-pki-XXXXXX");
    MR_ASSERT(mkdtemp(pki->folder));
    snprintf(pki->ca, sizeof pki->ca, "%s/ca.pem", pki->folder);
    snprintf(pki->crl_fresh, sizeof pki->crl_fresh, "%s/fresh.pem", pki->folder);
    snprintf(pki->crl_stale, sizeof pki->crl_stale, "%s/stale.pem", pki->folder);
    snprintf(pki->crl_partial, sizeof pki->crl_partial, "%s/partial.pem", pki->folder);
    for (enum pki_who who = ROOT; who < PKI_COUNT; who++)
        pki->of[who] = make(pki, who);
    FILE *f = fopen(pki->ca, "we");
    MR_ASSERT(f && PEM_write_X509(f, pki->of[ROOT].x) == 1);
    fclose(f);
    chmod(pki->ca, 0600);
    write_lists(pki, pki->crl_fresh, true, -HOUR, DAY);
    write_lists(pki, pki->crl_stale, true, -9 * DAY, -DAY);
    write_lists(pki, pki->crl_partial, false, -HOUR, DAY);
}

void pki_close(struct pki *pki)
{
    const char *const files[] = {pki->ca, pki->crl_fresh, pki->crl_stale, pki->crl_partial};
    for (size_t i = 0; i < MR_COUNT_OF(files); i++)
        unlink(files[i]);
    rmdir(pki->folder);
    for (enum pki_who who = ROOT; who < PKI_COUNT; who++) {
        X509_free(pki->of[who].x);
        EVP_PKEY_free(pki->of[who].key);
    }
}
