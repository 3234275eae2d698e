/* The two ways to a CRC-32, on its inner state (the complement of the CRC). */
#ifndef MR_CHECKSUM_PRIV_H
#define MR_CHECKSUM_PRIV_H

#include "dataplane/base/base.h"

uint32_t mr_crc32_bytes(uint32_t state, const uint8_t *data, size_t len);

/* By carry-less multiplication; `len` at least MR_CRC32_FOLD_MIN and a multiple of 16. */
#define MR_CRC32_FOLD_MIN 64
uint32_t mr_crc32_fold(uint32_t state, const uint8_t *data, size_t len);

#endif
