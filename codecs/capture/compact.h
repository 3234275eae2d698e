/* The 18-byte compact liquidation record (F-51), little endian, no padding:
 *   time s u32 | symbol hash u32 (FNV-1a 32 of the raw symbol) | side u8 (1 long, 2 short liquidated) |
 *   price x100 u32 | size x1e6 u32 | notional in thousand USD u8
 * Every field saturates; each saturation is reported. Price and size are truncated toward zero. */
#ifndef MR_CAPTURE_COMPACT_H
#define MR_CAPTURE_COMPACT_H

#include "codecs/event/event.h"
#include "codecs/event/instrument.h"

#define MR_COMPACT_BYTES 18
struct mr_compact {
    uint32_t time_s, symbol_hash;
    uint8_t side;
    uint32_t price_x100, size_x1e6;
    uint8_t notional_kusd;
};

uint32_t mr_fnv1a32(const void *data, size_t len);
/* Fields that saturated (0 .. 4), or MR_E_INVALID if the event is no liquidation. */
int mr_compact_encode(const struct mr_event *ev, const struct mr_instrument *instrument, uint8_t out[MR_COMPACT_BYTES]);
/* MR_OK or MR_E_TRUNCATED / MR_E_RANGE (side). */
int mr_compact_decode(const uint8_t *data, size_t len, struct mr_compact *out);

#endif
