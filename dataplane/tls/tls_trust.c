/* What a peer's certificate must be: the store of CAs, revocation lists, stapled answers, and what OpenSSL leaves to us. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/tls/tls_priv.h"

#define CHAIN_DEPTH_MAX 10 /* intermediates between a certificate and its root; public chains have one to three */
#define STAPLE_SKEW_S 300  /* clocks of responders may differ so much */
#define FEATURE_STAPLE 5   /* status_request, in the TLS feature extension (RFC 7633) */
#define REVOCATION_LISTS 4096

/* ---- files ---- */

static int check_mode(const char *what, const char *path, const struct stat *file, struct mr_err *err)
{
    bool group =
        (file->st_mode & S_IWGRP) && file->st_gid != getegid(); /* a group of one's own is a habit of some hosts */
    if (!(file->st_mode & S_IWOTH) && !group)
        return MR_OK;
    return mr_err_set(err, MR_E_INVALID,
                      "%s: %s can be written by others, so it says nothing about whom to trust: chmod go-w it", what,
                      path);
}

int mr_tls_check_file(const char *what, const char *path, struct mr_err *err)
{
    struct stat file, folder;
    char above[4096];
    if (stat(path, &file) != 0 || access(path, R_OK) != 0)
        return mr_err_set(err, MR_E_IO, "%s: %s cannot be read: check the path and its permissions", what, path);
    int status = check_mode(what, path, &file, err);
    if (status)
        return status;
    const char *slash = strrchr(path, '/');
    snprintf(above, sizeof above, "%.*s", slash ? (int)(slash - path + (slash == path)) : 1, slash ? path : ".");
    if (stat(above, &folder) != 0 ||
        folder.st_mode & S_ISVTX) /* sticky: files there are replaced by their owners only */
        return MR_OK;
    return check_mode(what, above, &folder, err);
}

static int load_ca(SSL_CTX *ssl, const char *path, struct mr_err *err)
{
    if (!path)
        return SSL_CTX_set_default_verify_paths(ssl)
                   ? MR_OK
                   : mr_err_set(err, MR_E_IO,
                                "tls: the system's store of CA certificates cannot "
                                "be read: install ca-certificates, or set `plane.ca_file`");
    int status = mr_tls_check_file("plane.ca_file", path, err);
    if (status || SSL_CTX_load_verify_file(ssl, path))
        return status;
    return mr_err_set(err, MR_E_IO, "plane.ca_file: %s holds no certificate in PEM form", path);
}

static int load_crl(SSL_CTX *ssl, const char *path, struct mr_err *err)
{
    if (!path)
        return MR_OK;
    int status = mr_tls_check_file("tls.crl_file", path, err);
    FILE *f = status ? NULL : fopen(path, "re");
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    uint32_t count = 0;
    for (X509_CRL *crl; f && count < REVOCATION_LISTS && (crl = PEM_read_X509_CRL(f, NULL, NULL, NULL));
         X509_CRL_free(crl))
        count += X509_STORE_add_crl(store, crl) == 1;
    if (f)
        fclose(f);
    if (status == MR_OK && count == 0)
        status = mr_err_set(err, MR_E_IO, "tls.crl_file: %s holds no revocation list in PEM form", path);
    if (status == MR_OK)
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return status;
}

/* ---- what OpenSSL leaves to us ---- */

/* We take only suites in which the certificate signs. A CA's own certificate serves nobody, unless it stands by itself in our
 * store: then the operator said so. */
static bool may_serve(X509 *leaf, X509_STORE_CTX *store)
{
    bool alone = sk_X509_num(X509_STORE_CTX_get0_chain(store)) == 1;
    return (X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) &&
           (alone || !(X509_get_extension_flags(leaf) & EXFLAG_CA));
}

static int verified(int ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct mr_tls *t = SSL_get_app_data(ssl);
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    if (ok && X509_STORE_CTX_get_error_depth(store) == 0 && certificate && !may_serve(certificate, store)) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_PURPOSE);
        ok = 0;
    }
    if (!ok)
        mr_tls_refuse(t, certificate, X509_STORE_CTX_get_error(store));
    return ok;
}

/* ---- the stapled answer ---- */

static bool must_staple(const X509 *leaf)
{
    TLS_FEATURE *features = X509_get_ext_d2i(leaf, NID_tlsfeature, NULL, NULL);
    bool must = false;
    for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++)
        must = must || ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == FEATURE_STAPLE;
    sk_ASN1_INTEGER_pop_free(features, ASN1_INTEGER_free);
    return must;
}

/* What the signed answer says of `leaf`: a V_OCSP_CERTSTATUS_, or -1: it says nothing that can be used now. */
static int status_in(OCSP_BASICRESP *answer, X509 *leaf, X509 *issuer)
{
    int status = -1;
    ASN1_GENERALIZEDTIME *from = NULL, *to = NULL;
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), leaf, issuer); /* the hash names the issuer, it proves nothing */
    OCSP_CERTID *id256 = OCSP_cert_to_id(EVP_sha256(), leaf, issuer);
    if (!(id && OCSP_resp_find_status(answer, id, &status, NULL, NULL, &from, &to)) &&
        !(id256 && OCSP_resp_find_status(answer, id256, &status, NULL, NULL, &from, &to)))
        status = -1;
    if (status != -1 && OCSP_check_validity(from, to, STAPLE_SKEW_S, -1) != 1)
        status = -1;
    OCSP_CERTID_free(id);
    OCSP_CERTID_free(id256);
    return status;
}

static int staple_says(SSL *ssl, const uint8_t *bytes, long len)
{
    STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
    if (sk_X509_num(chain) < 1)
        return -1;
    X509 *leaf = sk_X509_value(chain, 0), *issuer = sk_X509_value(chain, sk_X509_num(chain) > 1 ? 1 : 0);
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &bytes, len);
    OCSP_BASICRESP *answer = response && OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL
                                 ? OCSP_response_get1_basic(response)
                                 : NULL;
    int status = -1;
    if (answer && OCSP_basic_verify(answer, chain, SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)), 0) == 1)
        status = status_in(answer, leaf, issuer);
    OCSP_BASICRESP_free(answer);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return status;
}

static int refuse_staple(struct mr_tls *t, const char *what)
{
    t->refused = true;
    return mr_tls_say(t, 0, MR_TLS_STAPLE, "certificate of %s %s", t->host, what);
}

/* OpenSSL asks after the chain was verified, staple or not. 1: go on; 0: refused. A resumed session was asked about when it began.
 * An answer that cannot be used (stale, of somebody else, badly signed) counts as none: whoever stands between could take it away,
 * so refusing it would only turn a responder's bad day into ours. A certificate that demands one needs a good one. */
static int stapled(SSL *ssl, void *arg)
{
    (void)arg;
    struct mr_tls *t = SSL_get_app_data(ssl);
    const uint8_t *bytes = NULL;
    long len = SSL_get_tlsext_status_ocsp_resp(ssl, &bytes);
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    if (SSL_session_reused(ssl))
        return 1;
    switch (bytes && len > 0 ? staple_says(ssl, bytes, len) : -1) {
    case V_OCSP_CERTSTATUS_GOOD:
        return 1;
    case V_OCSP_CERTSTATUS_REVOKED:
        mr_tls_refuse(t, leaf, X509_V_ERR_CERT_REVOKED);
        return 0;
    case V_OCSP_CERTSTATUS_UNKNOWN:
        return refuse_staple(
            t, "is unknown to its CA's responder, whose answer the server stapled: the venue must repair that");
    default:
        if (leaf && !must_staple(leaf))
            return 1;
        return refuse_staple(
            t, bytes && len > 0
                   ? "demands a stapled OCSP answer, and the one that came is of no use (stale, of somebody "
                     "else, or badly signed): is this host's clock right?"
                   : "demands a stapled OCSP answer and the server sent none: the venue must repair that");
    }
}

int mr_tls_trust(SSL_CTX *ssl, const struct mr_tls_config *config, struct mr_err *err)
{
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, verified);
    SSL_CTX_set_verify_depth(ssl, CHAIN_DEPTH_MAX);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ssl), X509_V_FLAG_X509_STRICT);
    SSL_CTX_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
    SSL_CTX_set_tlsext_status_cb(ssl, stapled);
    int status = load_ca(ssl, config->ca_file, err);
    if (status == MR_OK)
        status = load_crl(ssl, config->crl_file, err);
    ERR_clear_error();
    return status;
}
