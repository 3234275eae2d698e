#include "tests/dataplane/tls/peer.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    MR_ASSERT(extension);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
}

static void name_others(X509 *x, X509 *issuer, const struct mr_peer_wish *w)
{
    char text[1024] = "";
    size_t used = 0;
    char names[512];
    snprintf(names, sizeof names, "%s", w->dns ? w->dns : "");
    char *rest = names;
    for (char *name; (name = strtok_r(rest, ",", &rest));)
        used += (size_t)snprintf(text + used, sizeof text - used, "%sDNS:%s", used ? "," : "", name);
    if (w->ip)
        used += (size_t)snprintf(text + used, sizeof text - used, "%sIP:%s", used ? "," : "", w->ip);
    if (used)
        extend(x, issuer, NID_subject_alt_name, text);
}

struct mr_peer_certificate mr_peer_certify(const struct mr_peer_wish *w)
{
    struct mr_peer_certificate c = {X509_new(), EVP_EC_gen("P-256")};
    static long serial = 1;
    X509_set_version(c.x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c.x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(c.x), w->from_s);
    X509_gmtime_adj(X509_getm_notAfter(c.x), w->to_s);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c.x), "CN", MBSTRING_ASC, (const uint8_t *)w->common, -1, -1, 0);
    X509 *issuer = w->signer ? w->signer->x : c.x;
    X509_set_issuer_name(c.x, X509_get_subject_name(issuer));
    X509_set_pubkey(c.x, c.key);
    extend(c.x, issuer, NID_basic_constraints, w->ca ? "critical,CA:TRUE" : "CA:FALSE");
    extend(c.x, issuer, NID_key_usage, w->ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    extend(c.x, issuer, NID_subject_key_identifier, "hash");
    extend(c.x, issuer, NID_authority_key_identifier, "keyid:always");
    name_others(c.x, issuer, w);
    MR_ASSERT(X509_sign(c.x, w->signer ? w->signer->key : c.key, EVP_sha256()) > 0);
    return c;
}

void mr_peer_certificate_free(struct mr_peer_certificate *c)
{
    X509_free(c->x);
    EVP_PKEY_free(c->key);
}

void mr_peer_write_pem(const struct mr_peer_certificate *c, const char *path)
{
    FILE *f = fopen(path, "w");
    MR_ASSERT(f && PEM_write_X509(f, c->x));
    fclose(f);
}

SSL_CTX *mr_peer_context(const struct mr_peer_certificate *c, int least, int most)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    MR_ASSERT(context && SSL_CTX_use_certificate(context, c->x) == 1 && SSL_CTX_use_PrivateKey(context, c->key) == 1);
    SSL_CTX_set_security_level(context, 0); /* so that it can be old and weak when a test wants that */
    SSL_CTX_set_min_proto_version(context, least);
    SSL_CTX_set_max_proto_version(context, most);
    SSL_CTX_set_session_id_context(context, (const uint8_t *)"test", 4);
    return context;
}

void mr_peer_open(struct mr_peer *peer, SSL_CTX *context)
{
    peer->ssl = SSL_new(context);
    peer->in = BIO_new(BIO_s_mem());
    peer->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(peer->in, -1);
    SSL_set_bio(peer->ssl, peer->in, peer->out);
    SSL_set_accept_state(peer->ssl);
}

void mr_peer_close(struct mr_peer *peer)
{
    SSL_free(peer->ssl);
    *peer = (struct mr_peer){0};
}

void mr_peer_take(struct mr_peer *peer, struct mr_tls *client)
{
    const uint8_t *data;
    uint32_t len = mr_tls_output(client, &data);
    if (len)
        BIO_write(peer->in, data, (int)len);
    mr_tls_sent(client, len);
    (void)SSL_do_handshake(peer->ssl);
    ERR_clear_error();
}

uint32_t mr_peer_said(struct mr_peer *peer, uint8_t *out, uint32_t room)
{
    int len = BIO_read(peer->out, out, (int)room);
    return len > 0 ? (uint32_t)len : 0;
}

int mr_peer_shake(struct mr_peer *peer, struct mr_tls *client, uint32_t step)
{
    static uint8_t bytes[65536];
    struct mr_tls_cursor none = {bytes, 0};
    int status = mr_tls_handshake(client, &none);
    for (int turn = 0; turn < 20 && status == MR_E_AGAIN; turn++) {
        mr_peer_take(peer, client);
        uint32_t len = mr_peer_said(peer, bytes, sizeof bytes), at = 0;
        while (at < len && status == MR_E_AGAIN) {
            struct mr_tls_cursor in = {bytes + at, step && step < len - at ? step : len - at};
            uint32_t had = in.len;
            status = mr_tls_handshake(client, &in);
            at += had - in.len;
        }
        if (at < len) /* the tail belongs to what comes after the handshake */
            BIO_write(peer->out, bytes + at, (int)(len - at));
    }
    mr_peer_take(peer, client);
    return status;
}
