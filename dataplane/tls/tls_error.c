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

int mr_tls_say(struct mr_tls *t, int status, enum mr_tls_reason reason, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(t->error, sizeof t->error, format, args);
    va_end(args);
    /* names in certificates are the peer's to choose, and this goes to logs and terminals */
    for (char *c = t->error; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = '?';
    t->reason = (uint8_t)reason;
    return status;
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

/* What OpenSSL finds wrong with certificates, in our words. */
static const struct {
    int error;
    enum mr_tls_reason reason;
} refusals[] = {
    {X509_V_ERR_HOSTNAME_MISMATCH, MR_TLS_NAME},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, MR_TLS_NAME},
    {X509_V_ERR_CERT_HAS_EXPIRED, MR_TLS_EXPIRED},
    {X509_V_ERR_CERT_NOT_YET_VALID, MR_TLS_EARLY},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, MR_TLS_SELF_SIGNED},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, MR_TLS_UNTRUSTED},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, MR_TLS_UNTRUSTED},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, MR_TLS_UNTRUSTED},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, MR_TLS_UNTRUSTED},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, MR_TLS_UNTRUSTED},
    {X509_V_ERR_CERT_UNTRUSTED, MR_TLS_UNTRUSTED},
    {X509_V_ERR_CERT_REVOKED, MR_TLS_REVOKED},
    {X509_V_ERR_UNABLE_TO_GET_CRL, MR_TLS_CRL},
    {X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, MR_TLS_CRL},
    {X509_V_ERR_CRL_HAS_EXPIRED, MR_TLS_CRL},
    {X509_V_ERR_CRL_NOT_YET_VALID, MR_TLS_CRL},
    {X509_V_ERR_CRL_SIGNATURE_FAILURE, MR_TLS_CRL},
    {X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, MR_TLS_CRL},
    {X509_V_ERR_EE_KEY_TOO_SMALL, MR_TLS_WEAK},
    {X509_V_ERR_CA_KEY_TOO_SMALL, MR_TLS_WEAK},
    {X509_V_ERR_CA_MD_TOO_WEAK, MR_TLS_WEAK},
    {X509_V_ERR_INVALID_PURPOSE, MR_TLS_PURPOSE},
    {X509_V_ERR_INVALID_CA, MR_TLS_CHAIN},
    {X509_V_ERR_INVALID_NON_CA, MR_TLS_CHAIN},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, MR_TLS_CHAIN},
    {X509_V_ERR_CERT_CHAIN_TOO_LONG, MR_TLS_CHAIN},
    {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, MR_TLS_CHAIN},
    {X509_V_ERR_PERMITTED_VIOLATION, MR_TLS_CONSTRAINT},
    {X509_V_ERR_EXCLUDED_VIOLATION, MR_TLS_CONSTRAINT},
    {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, MR_TLS_EXTENSION},
};

static enum mr_tls_reason reason_of(int error)
{
    for (size_t i = 0; i < MR_COUNT_OF(refusals); i++)
        if (refusals[i].error == error)
            return refusals[i].reason;
    return MR_TLS_CERTIFICATE;
}

static void say_certificate(struct mr_tls *t, X509 *certificate, int error)
{
    char names[NAMES_BYTES] = "", issuer[64] = "", when[TIME_BYTES] = "";
    enum mr_tls_reason reason = reason_of(error);
    switch (reason) {
    case MR_TLS_NAME:
        names_of(certificate, names);
        mr_tls_say(t, 0, reason, "certificate is for %s, not %s: check `host`, or `plane.ca_file`", names, t->host);
        break;
    case MR_TLS_EXPIRED:
        time_text(X509_get0_notAfter(certificate), when);
        mr_tls_say(t, 0, reason,
                   "certificate of %s ran out at %s: the venue must renew it, or this host's clock is wrong", t->host,
                   when);
        break;
    case MR_TLS_EARLY:
        time_text(X509_get0_notBefore(certificate), when);
        mr_tls_say(t, 0, reason, "certificate of %s is valid only from %s: is this host's clock right?", t->host, when);
        break;
    case MR_TLS_SELF_SIGNED:
        mr_tls_say(t, 0, reason, "certificate of %s is signed by itself: set `plane.ca_file` to it if you trust it",
                   t->host);
        break;
    case MR_TLS_UNTRUSTED:
        common_name(X509_get_issuer_name(certificate), issuer, sizeof issuer);
        mr_tls_say(t, 0, reason,
                   "certificate of %s leads to %s, which is not trusted here: set `plane.ca_file` to that CA's file",
                   t->host, issuer);
        break;
    case MR_TLS_REVOKED:
        mr_tls_say(t, 0, reason, "certificate of %s was revoked by its CA: the venue must replace it", t->host);
        break;
    case MR_TLS_CRL:
        common_name(X509_get_issuer_name(certificate), issuer, sizeof issuer);
        mr_tls_say(t, 0, reason, "certificate of %s: no fresh revocation list of %s (%s): renew `tls.crl_file`",
                   t->host, issuer, X509_verify_cert_error_string(error));
        break;
    default:
        mr_tls_say(t, 0, reason, "certificate of %s: %s: check `host`, or `plane.ca_file`", t->host,
                   X509_verify_cert_error_string(error));
    }
}

void mr_tls_refuse(struct mr_tls *t, X509 *certificate, int error)
{
    if (t->refused)
        return;
    t->refused = true; /* the first reason is the one to read */
    if (certificate)
        say_certificate(t, certificate, error);
    else
        mr_tls_say(t, 0, reason_of(error), "certificate of %s: %s", t->host, X509_verify_cert_error_string(error));
}

/* Words for the breaches an operator can act on; of the rest the sentence says what OpenSSL says. */
static const struct {
    int error;
    enum mr_tls_reason reason;
    const char *words;
} breaches[] = {
    {SSL_R_UNSUPPORTED_PROTOCOL, MR_TLS_VERSION, "speaks only TLS older than 1.2, which is refused"},
    {SSL_R_WRONG_VERSION_NUMBER, MR_TLS_NOT_TLS, "does not speak TLS on this port: check `port`"},
    {SSL_R_HTTP_REQUEST, MR_TLS_NOT_TLS, "does not speak TLS on this port: check `port`"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, MR_TLS_VERSION, "refuses TLS 1.2 and 1.3"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, MR_TLS_ALERT,
     "refused the handshake: no cipher in common, or it does not know this `host`"},
    {SSL_R_TLSV1_UNRECOGNIZED_NAME, MR_TLS_ALERT, "does not know this `host`"},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, MR_TLS_RECORD,
     "sent a record that does not decrypt: corrupted on the way"},
    {SSL_R_SSLV3_ALERT_BAD_RECORD_MAC, MR_TLS_ALERT, "could not decrypt a record of ours: corrupted on the way"},
    {SSL_R_DATA_LENGTH_TOO_LONG, MR_TLS_RECORD, NULL},
    {SSL_R_ENCRYPTED_LENGTH_TOO_LONG, MR_TLS_RECORD, NULL},
    {SSL_R_PACKET_LENGTH_TOO_LONG, MR_TLS_RECORD, NULL},
    {SSL_R_RECORD_TOO_SMALL, MR_TLS_RECORD, NULL},
    {SSL_R_LENGTH_TOO_SHORT, MR_TLS_RECORD, NULL},
    {SSL_R_RECORD_LENGTH_MISMATCH, MR_TLS_RECORD, NULL},
    {SSL_R_BAD_RECORD_TYPE, MR_TLS_RECORD, NULL},
    {SSL_R_UNEXPECTED_RECORD, MR_TLS_RECORD, NULL},
    {SSL_R_EE_KEY_TOO_SMALL, MR_TLS_WEAK, NULL},
    {SSL_R_CA_KEY_TOO_SMALL, MR_TLS_WEAK, NULL},
    {SSL_R_CA_MD_TOO_WEAK, MR_TLS_WEAK, NULL},
    {SSL_R_DH_KEY_TOO_SMALL, MR_TLS_WEAK, NULL},
};

/* TLS says what a failure means; what its ciphers and parsers said before is the how. */
static unsigned long first_of_tls(void)
{
    unsigned long first = ERR_peek_error(), error = first;
    while (error && ERR_GET_LIB(error) != ERR_LIB_SSL) {
        (void)ERR_get_error();
        error = ERR_peek_error();
    }
    return error ? error : first;
}

static int say_breach(struct mr_tls *t, unsigned long first)
{
    const char *said = ERR_reason_error_string(first), *words = NULL;
    bool ours = ERR_GET_LIB(first) == ERR_LIB_SSL;
    enum mr_tls_reason reason = ours && ERR_GET_REASON(first) > SSL_AD_REASON_OFFSET ? MR_TLS_ALERT : MR_TLS_PROTOCOL;
    for (size_t i = 0; i < MR_COUNT_OF(breaches) && ours; i++)
        if (ERR_GET_REASON(first) == breaches[i].error) {
            words = breaches[i].words;
            reason = breaches[i].reason;
        }
    if (reason == MR_TLS_NOT_TLS && t->established) { /* it did, until now */
        words = NULL;
        reason = MR_TLS_RECORD;
    }
    if (words)
        return mr_tls_say(t, MR_E_CORRUPT, reason, "%s %s", t->host, words);
    return mr_tls_say(t, MR_E_CORRUPT, reason, "%s broke the rules of TLS: %s", t->host,
                      said ? said : "unknown reason");
}

int mr_tls_failed(struct mr_tls *t, int ssl_error)
{
    unsigned long first = first_of_tls();
    ERR_clear_error();
    if (ssl_error == SSL_ERROR_ZERO_RETURN)
        return mr_tls_say(t, MR_E_END, MR_TLS_ENDED, "%s ended the TLS connection (close_notify)", t->host);
    if (t->refused)
        return MR_E_INVALID;
    if (ssl_error == SSL_ERROR_WANT_READ || ssl_error == SSL_ERROR_WANT_WRITE || first == 0)
        return mr_tls_say(t, MR_E_CORRUPT, MR_TLS_PROTOCOL, "%s broke off TLS", t->host);
    return say_breach(t, first);
}

int mr_tls_ended(struct mr_tls *t)
{
    if (t->reason == MR_TLS_ENDED)
        return MR_E_END;
    if (t->reason == MR_TLS_NONE)
        mr_tls_say(t, 0, MR_TLS_TRUNCATED,
                   t->established ? "%s ended the connection without close_notify: what came last may be missing"
                                  : "%s ended the connection in the TLS handshake",
                   t->host);
    return MR_E_TRUNCATED;
}

const char *mr_tls_error(const struct mr_tls *t) { return t->error; }
enum mr_tls_reason mr_tls_reason(const struct mr_tls *t) { return (enum mr_tls_reason)t->reason; }

static const struct {
    const char *word, *text;
} words_of[] = {
#define MR_X(name, word, text) {word, text},
    MR_TLS_REASONS(MR_X)
#undef MR_X
};
const char *mr_tls_reason_word(enum mr_tls_reason reason)
{
    return (size_t)reason < MR_COUNT_OF(words_of) ? words_of[reason].word : "?";
}
const char *mr_tls_reason_text(enum mr_tls_reason reason)
{
    return (size_t)reason < MR_COUNT_OF(words_of) ? words_of[reason].text : "?";
}
