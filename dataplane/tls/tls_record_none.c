/* A build without libipsec-mb: SSL_read reads all records. */
#include <stdio.h>

#include "dataplane/tls/tls_priv.h"

int mr_tls_record_open(struct mr_tls_context *context, uint32_t connections_max, struct mr_err *err)
{
    (void)connections_max;
    if (context->read_layer == MR_TLS_READ_OWN)
        return mr_err_set(
            err, MR_E_UNSUPPORTED,
            "tls.read_layer: own: this build lacks libipsec-mb: install libipsec-mb-dev and build again, or "
            "set it to auto or openssl");
    snprintf(context->reader_text, sizeof context->reader_text, "openssl%s",
             context->read_layer == MR_TLS_READ_OPENSSL ? " (tls.read_layer)" : ": this build lacks libipsec-mb");
    return MR_OK;
}

void mr_tls_record_close(struct mr_tls_context *context) { (void)context; }
void mr_tls_record_take(struct mr_tls *t) { (void)t; }
void mr_tls_record_give(struct mr_tls *t) { (void)t; }
void mr_tls_record_wipe(struct mr_tls *t) { (void)t; }

bool mr_tls_record_begin(struct mr_tls *t)
{
    (void)t;
    return false;
}

int64_t mr_tls_record_read(struct mr_tls *t, struct mr_tls_cursor *in, uint8_t *out, uint32_t room)
{
    (void)t;
    (void)in;
    (void)out;
    (void)room;
    return MR_E_UNSUPPORTED;
}
