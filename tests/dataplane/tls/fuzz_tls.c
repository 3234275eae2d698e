/* Any bytes as a server's first flight. Never trusted, never out of bounds, and the verdict is the same whether the flight
 * comes whole or in two parts. The first byte says where it is cut. */
#include <stdlib.h>

#include "dataplane/tls/tls.h"

#define OUTPUT_BYTES 8192u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The status after all of `data` was offered; MR_E_AGAIN: it wants more. */
static int offer(struct mr_tls *tls, uint8_t *data, uint32_t len, int status)
{
    struct mr_tls_cursor in = {data, len};
    while (status == MR_E_AGAIN) {
        uint32_t had = in.len;
        status = mr_tls_handshake(tls, &in);
        MR_ASSERT(in.len <= had && in.data + in.len == data + len);
        if (in.len == had)
            break;
    }
    const uint8_t *out;
    MR_ASSERT(mr_tls_output(tls, &out) <= OUTPUT_BYTES);
    return status;
}

static int verdict(struct mr_tls *tls, const uint8_t *data, uint32_t len, uint32_t cut)
{
    struct mr_err err;
    MR_ASSERT(mr_tls_open(tls, "api.example", &err) == MR_OK);
    struct mr_tls_cursor none = {NULL, 0};
    MR_ASSERT(mr_tls_handshake(tls, &none) == MR_E_AGAIN);
    uint8_t *first = malloc(cut + 1),
            *second = malloc(len - cut + 1); /* exact blocks: a sanitizer sees a byte too far */
    memcpy(first, data, cut);
    memcpy(second, data + cut, len - cut);
    int status = offer(tls, first, cut, MR_E_AGAIN);
    status = offer(tls, second, len - cut, status);
    free(first);
    free(second);
    MR_ASSERT(status == MR_E_AGAIN || status == MR_E_CORRUPT || status == MR_E_INVALID || status == MR_E_END);
    MR_ASSERT((status == MR_E_AGAIN) == (mr_tls_error(tls)[0] == 0));
    uint8_t out[64];
    MR_ASSERT(mr_tls_read(tls, &none, out, sizeof out) < 0 && mr_tls_write(tls, out, 1) < 0);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mr_tls_context *context;
    static struct mr_tls *tls;
    if (!context) {
        struct mr_tls_config config = {.connections_max = 1, .output_bytes = OUTPUT_BYTES};
        MR_ASSERT(mr_tls_context_open(&context, &config, NULL) == MR_OK && mr_tls_new(&tls, context) == MR_OK);
    }
    if (size < 2 || size > 65536)
        return 0;
    uint32_t len = (uint32_t)size - 1, cut = (uint32_t)data[0] * len / 255;
    int whole = verdict(tls, data + 1, len, 0), parts = verdict(tls, data + 1, len, cut);
    MR_ASSERT(whole == parts);
    return 0;
}
