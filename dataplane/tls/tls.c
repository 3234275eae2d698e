#include "dataplane/tls/tls_priv.h"

#include <openssl/err.h>

int mr_tls_again(struct mr_tls *t, int result)
{
    int error = SSL_get_error(t->ssl, result);
    if (mr_likely(error == SSL_ERROR_WANT_READ))
        return MR_E_AGAIN;
    if (error == SSL_ERROR_WANT_WRITE)
        return MR_E_FULL;
    return mr_tls_failed(t, error);
}

int mr_tls_handshake(struct mr_tls *t, struct mr_tls_cursor *in)
{
    if (t->established)
        return MR_OK;
    if (!t->ssl)
        return MR_E_INVALID;
    ERR_clear_error();
    t->in = in;
    int result = SSL_do_handshake(t->ssl);
    t->in = NULL;
    if (result == 1) {
        t->established = true;
        t->own = mr_tls_record_begin(t);
        MR_COUNT(t->context->metrics, connections_own, t->own);
        MR_COUNT(t->context->metrics, connections_openssl, !t->own);
        return MR_OK;
    }
    int status = mr_tls_again(t, result);
    if (status == MR_E_AGAIN || status == MR_E_FULL)
        return MR_E_AGAIN;                      /* FULL: the output goes first, which is what AGAIN says */
    mr_tls_session_forget(t->context, t->host); /* a session that a peer chokes on must not be offered for ever */
    return status;
}

/* The error queue is empty here: every failure empties it (mr_tls_failed). */
int64_t mr_tls_read(struct mr_tls *t, struct mr_tls_cursor *in, uint8_t *out, uint32_t room)
{
    if (mr_likely(t->own))
        return mr_tls_record_read(t, in, out, room);
    if (mr_unlikely(!t->established))
        return MR_E_INVALID;
    t->in = in;
    size_t len = 0;
    int result = SSL_read_ex(t->ssl, out, room, &len);
    t->in = NULL;
    if (mr_likely(result == 1)) {
        MR_COUNT(t->context->metrics, records_openssl, 1);
        return (int64_t)len;
    }
    int status = mr_tls_again(t, result);
    return status == MR_E_AGAIN ? 0 : status;
}

static uint32_t room(const struct mr_tls *t) { return t->context->output_bytes - (t->output_end - t->output_start); }

int mr_tls_write(struct mr_tls *t, const uint8_t *data, uint32_t len)
{
    if (mr_unlikely(!t->established))
        return MR_E_INVALID;
    if (len == 0)
        return MR_OK;
    uint64_t wanted = len + (uint64_t)(len / RECORD_PLAIN + 1) * RECORD_OVERHEAD + OUTPUT_RESERVE;
    if (wanted > room(t))
        return MR_E_FULL;
    size_t written = 0;
    int result = SSL_write_ex(t->ssl, data, len, &written);
    if (mr_likely(result == 1 && written == len))
        return MR_OK;
    int status = mr_tls_again(t, result);
    return status == MR_E_AGAIN ? MR_E_FULL
                                : status; /* half of a handshake message was read: OpenSSL writes after the rest */
}

uint32_t mr_tls_output(struct mr_tls *t, const uint8_t **data)
{
    *data = t->output + t->output_start;
    return t->output_end - t->output_start;
}

void mr_tls_sent(struct mr_tls *t, uint32_t len)
{
    MR_ASSERT(len <= t->output_end - t->output_start);
    t->output_start += len;
    if (t->output_start == t->output_end)
        t->output_start = t->output_end = 0;
}

void mr_tls_shut(struct mr_tls *t)
{
    if (!t->established)
        return;
    (void)SSL_shutdown(t->ssl); /* one direction: the connection closes after it is sent */
    ERR_clear_error();
}

void mr_tls_info(const struct mr_tls *t, struct mr_tls_info *out)
{
    *out = (struct mr_tls_info){"none", "none", false, false};
    if (t->established)
        *out = (struct mr_tls_info){SSL_get_version(t->ssl), SSL_get_cipher_name(t->ssl),
                                    SSL_session_reused(t->ssl) == 1, t->own};
}

const char *mr_tls_reader_text(const struct mr_tls_context *context) { return context->reader_text; }

MR_METRICS_DEFINE(mr_tls, MR_TLS_METRICS);
