/* Set-up and the writing side: nothing here runs per received message. */
#include "codecs/ws/ws_priv.h"

mr_ws_utf8_fn *const mr_ws_utf8_kernels[MR_KERNEL_COUNT] = {
    [MR_KERNEL_SCALAR] = mr_ws_utf8_scalar,
#if defined(__x86_64__)
    [MR_KERNEL_SSE42] = mr_ws_utf8_sse42,
    [MR_KERNEL_AVX2] = mr_ws_utf8_avx2,
    [MR_KERNEL_AVX512] = mr_ws_utf8_avx512,
#endif
};

uint32_t mr_ws_utf8(const uint8_t *data, uint32_t len, uint32_t state)
{
    return mr_ws_utf8_kernels[mr_kernel_active()](data, len, state);
}

void mr_ws_init(struct mr_ws *ws, enum mr_ws_side side, uint8_t *assembly, uint32_t message_max)
{
    *ws = (struct mr_ws){.assembly = assembly,
                         .message_max = message_max,
                         .side = (uint8_t)side,
                         .check = mr_ws_utf8_kernels[mr_kernel_active()]};
}

void mr_ws_reset(struct mr_ws *ws)
{
    ws->assembled = ws->utf8 = ws->seen = 0;
    ws->opcode = 0;
    ws->close_code = 0;
    ws->status = MR_OK;
    ws->reason = NULL;
}

bool mr_ws_code_legal(uint16_t code)
{
    if (code >= 3000)
        return code <= 4999;
    return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

void mr_ws_mask(uint8_t *data, uint32_t len, const uint8_t mask[4], uint32_t at)
{
    uint8_t turned[4];
    for (uint32_t i = 0; i < 4; i++)
        turned[i] = mask[(at + i) & 3];
    uint32_t word, i = 0;
    memcpy(&word, turned, 4);
    uint64_t wide = (uint64_t)word << 32 | word;
    for (; len - i >= 8; i += 8) {
        uint64_t eight;
        memcpy(&eight, data + i, 8);
        eight ^= wide;
        memcpy(data + i, &eight, 8);
    }
    for (; i < len; i++)
        data[i] ^= turned[i & 3];
}

static uint32_t write_head(uint8_t *out, uint8_t first, bool masked, uint32_t len)
{
    uint8_t mask_bit = masked ? 0x80 : 0;
    out[0] = first;
    if (len < 126) {
        out[1] = (uint8_t)(mask_bit | len);
        return 2;
    }
    uint32_t bytes = len < 65536 ? 2 : 8;
    out[1] = mask_bit | (bytes == 2 ? 126 : 127);
    for (uint32_t i = 0; i < bytes; i++)
        out[2 + i] = (uint8_t)((uint64_t)len >> 8 * (bytes - 1 - i));
    return 2 + bytes;
}

int64_t mr_ws_write(uint8_t *out, uint32_t room, uint8_t opcode, bool fin, const uint8_t mask[4], const void *payload,
                    uint32_t len)
{
    bool control = opcode >= MR_WS_CLOSE;
    if (opcode > MR_WS_PONG || (opcode > MR_WS_BINARY && !control) || (control && (!fin || len > MR_WS_CONTROL_MAX)))
        return MR_E_INVALID;
    uint64_t need = (uint64_t)len + (len < 126 ? 2 : len < 65536 ? 4 : 10) + (mask ? 4 : 0);
    if (need > room)
        return MR_E_FULL;
    uint32_t head = write_head(out, (uint8_t)((fin ? 0x80 : 0) | opcode), mask != NULL, len);
    if (mask) {
        memcpy(out + head, mask, 4);
        head += 4;
    }
    if (len > 0)
        memcpy(out + head, payload, len);
    if (mask)
        mr_ws_mask(out + head, len, mask, 0);
    return (int64_t)need;
}

int64_t mr_ws_write_close(uint8_t *out, uint32_t room, const uint8_t mask[4], uint16_t code, const char *reason)
{
    uint8_t body[MR_WS_CONTROL_MAX] = {(uint8_t)(code >> 8), (uint8_t)code};
    if (code == 0)
        return mr_ws_write(out, room, MR_WS_CLOSE, true, mask, body, 0);
    if (!mr_ws_code_legal(code))
        return MR_E_INVALID;
    size_t len = reason ? strlen(reason) : 0;
    if (len > sizeof body - 2)
        for (len = sizeof body - 2; len > 0 && ((uint8_t)reason[len] & 0xc0) == 0x80;)
            len--; /* the byte behind the cut begins a character */
    if (len > 0)
        memcpy(body + 2, reason, len);
    return mr_ws_write(out, room, MR_WS_CLOSE, true, mask, body, (uint32_t)len + 2);
}
