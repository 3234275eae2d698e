/* What went wrong, in a sentence with the way out. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>

#include "dataplane/tls/tls_priv.h"

#define NAMES_MAX 4 /* of a certificate's names, that an operator wants to read */
#define NAMES_BYTES 160
#define TIME_BYTES 40

static MR_PRINTF(2, 3) void say(struct mr_tls *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(t->error, sizeof t->error, format, args);
    va_end(args);
    /* names in certificates are the peer's to choose, and this goes to logs and terminals */
    for (char *c = t->error; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = '?';
}

static void append(char *list, const char *name, int len)
{
    size_t used = strlen(list);
    snprintf(list + used, NAMES_BYTES - used, "%s%.*s", used ? ", " : "", len, name);
}

static void append_name(char *list, const GENERAL_NAME *name)
{
    char ip[INET6_ADDRSTRLEN];
    if (name->type == GEN_DNS) {
        append(list, (const char *)ASN1_STRING_get0_data(name->d.dNSName), ASN1_STRING_length(name->d.dNSName));
    } else if (name->type == GEN_IPADD) {
        int len = ASN1_STRING_length(name->d.iPAddress);
        if ((len == 4 || len == 16) &&
            inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), ip, sizeof ip))
            append(list, ip, (int)strlen(ip));
    }
}

/* The names a certificate is for: the first few of its alternative names, else the subject's common name. */
static void names_of(X509 *certificate, char *list)
{
    list[0] = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int count = sk_GENERAL_NAME_num(names);
    for (int i = 0; i < count && i < NAMES_MAX; i++)
        append_name(list, sk_GENERAL_NAME_value(names, i));
    if (count > NAMES_MAX)
        append(list, "...", 3);
    GENERAL_NAMES_free(names);
    char common[64];
    if (!list[0] &&
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, common, sizeof common) > 0)
        append(list, common, (int)strlen(common));
    if (!list[0])
        append(list, "nobody by name", 14);
}

static void common_name(X509_NAME *name, char *out, size_t room)
{
    if (!name || X509_NAME_get_text_by_NID(name, NID_commonName, out, (int)room) <= 0)
        snprintf(out, room, "a CA without a name");
}

static void time_text(const ASN1_TIME *time, char *out)
{
    struct tm tm;
    if (!ASN1_TIME_to_tm(time, &tm) || strftime(out, TIME_BYTES, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        snprintf(out, TIME_BYTES, "an unreadable time");
}

static void say_certificate(struct mr_tls *t, X509 *certificate, int error)
{
    char names[NAMES_BYTES] = "", issuer[64] = "", when[TIME_BYTES] = "";
    switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        names_of(certificate, names);
        say(t, "certificate is for %s, not %s: check `host`, or `tls.ca`", names, t->host);
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        time_text(X509_get0_notAfter(certificate), when);
        say(t, "certificate of %s ran out at %s: the venue must renew it, or this host's clock is wrong", t->host,
            when);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        time_text(X509_get0_notBefore(certificate), when);
        say(t, "certificate of %s is valid only from %s: is this host's clock right?", t->host, when);
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        say(t, "certificate of %s is signed by itself: set `tls.ca` to it if you trust it", t->host);
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        common_name(X509_get_issuer_name(certificate), issuer, sizeof issuer);
        say(t, "certificate of %s leads to %s, which is not trusted here: set `tls.ca` to that CA's file", t->host,
            issuer);
        break;
    default:
        say(t, "certificate of %s: %s: check `host`, or `tls.ca`", t->host, X509_verify_cert_error_string(error));
    }
}

int mr_tls_verified(int ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct mr_tls *t = SSL_get_app_data(ssl);
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    int error = X509_STORE_CTX_get_error(store);
    if (ok || t->refused)
        return ok;
    t->refused = true; /* the first reason is the one to read */
    if (certificate)
        say_certificate(t, certificate, error);
    else
        say(t, "certificate of %s: %s", t->host, X509_verify_cert_error_string(error));
    return ok;
}

/* Words for the reasons an operator can act on; the rest says what OpenSSL says. */
static const struct {
    int reason;
    const char *words;
} reasons[] = {
    {SSL_R_UNSUPPORTED_PROTOCOL, "speaks only TLS older than 1.2, which is refused"},
    {SSL_R_WRONG_VERSION_NUMBER, "does not speak TLS on this port: check `port`"},
    {SSL_R_HTTP_REQUEST, "does not speak TLS on this port: check `port`"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "refuses TLS 1.2 and 1.3"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
     "refused the handshake: no cipher in common, or it does not know this `host`"},
    {SSL_R_TLSV1_UNRECOGNIZED_NAME, "does not know this `host`"},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, "sent a record that does not decrypt: corrupted on the way"},
    {SSL_R_SSLV3_ALERT_BAD_RECORD_MAC, "could not decrypt a record of ours: corrupted on the way"},
};

int mr_tls_failed(struct mr_tls *t, int ssl_error)
{
    unsigned long first = ERR_peek_error();
    ERR_clear_error();
    if (ssl_error == SSL_ERROR_ZERO_RETURN) {
        say(t, "%s ended the TLS connection (close_notify)", t->host);
        return MR_E_END;
    }
    if (t->refused)
        return MR_E_INVALID;
    if (ssl_error == SSL_ERROR_WANT_READ || ssl_error == SSL_ERROR_WANT_WRITE || first == 0) {
        say(t, "%s broke off TLS", t->host);
        return MR_E_CORRUPT;
    }
    const char *words = NULL;
    for (size_t i = 0; i < MR_COUNT_OF(reasons) && ERR_GET_LIB(first) == ERR_LIB_SSL; i++)
        if (ERR_GET_REASON(first) == reasons[i].reason)
            words = reasons[i].words;
    const char *said = ERR_reason_error_string(first);
    if (words)
        say(t, "%s %s", t->host, words);
    else
        say(t, "%s broke the rules of TLS: %s", t->host, said ? said : "unknown reason");
    return MR_E_CORRUPT;
}
