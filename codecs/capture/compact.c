#include "codecs/capture/compact.h"

uint32_t mr_fnv1a32(const void *data, size_t len)
{
    uint32_t hash = 2166136261u; /* FNV-1a, 32 bit: offset basis and prime of the authors' page */
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ ((const uint8_t *)data)[i]) * 16777619u;
    return hash;
}

/* value at `scale` to 10^-digits units, truncated; the field's maximum when it does not fit. */
static uint32_t saturate(int64_t value, int scale, int digits, uint64_t max, int *saturated)
{
    if (value < 0) {
        ++*saturated;
        return 0;
    }
    mr_u128 wide = (mr_u128)(uint64_t)value * (uint64_t)mr_pow10[digits] / (uint64_t)mr_pow10[scale];
    if (wide > max) {
        ++*saturated;
        return (uint32_t)max;
    }
    return (uint32_t)wide;
}

static void put32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get32(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

int mr_compact_encode(const struct mr_event *ev, const struct mr_instrument *instrument, uint8_t out[MR_COMPACT_BYTES])
{
    if (ev->kind != MR_EVENT_LIQUIDATION)
        return MR_E_INVALID;
    int saturated = 0;
    int64_t time_ns = ev->venue_ns ? ev->venue_ns : ev->recv_ns;
    put32(out, saturate(time_ns, 9, 0, UINT32_MAX, &saturated));
    put32(out + 4, mr_fnv1a32(instrument->symbol, instrument->symbol_len));
    out[8] = ev->flags & MR_FLAG_SELL ? 2 : 1;
    put32(out + 9, saturate(ev->price, instrument->price_scale, 2, UINT32_MAX, &saturated));
    put32(out + 13, saturate(ev->size, instrument->size_scale, 6, UINT32_MAX, &saturated));
    out[17] = (uint8_t)saturate(ev->aux / 1000, 6, 0, UINT8_MAX, &saturated);
    return saturated;
}

int mr_compact_decode(const uint8_t *data, size_t len, struct mr_compact *out)
{
    if (len < MR_COMPACT_BYTES)
        return MR_E_TRUNCATED;
    if (data[8] != 1 && data[8] != 2)
        return MR_E_RANGE;
    *out = (struct mr_compact){get32(data), get32(data + 4), data[8], get32(data + 9), get32(data + 13), data[17]};
    return MR_OK;
}
