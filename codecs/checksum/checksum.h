/* CRC-32 (zlib polynomial 0xEDB88320, reflected) and the OKX book checksum over it. */
#ifndef MR_CHECKSUM_CHECKSUM_H
#define MR_CHECKSUM_CHECKSUM_H

#include "codecs/event/event.h"

/* `crc` of the bytes so far (0 at the start). SIMD where the CPU has carry-less multiply. */
uint32_t mr_crc32(uint32_t crc, const void *data, size_t len);

/* OKX: best 25 bids and asks interleaved as "px:sz", joined by ':', shortest decimal text, CRC-32.
 * Levels best first. Returns the unsigned CRC; the venue sends it as signed 32 bit. */
uint32_t mr_okx_checksum(const struct mr_level *bids, uint32_t bid_count, const struct mr_level *asks,
                         uint32_t ask_count, int price_scale, int size_scale);

#endif
