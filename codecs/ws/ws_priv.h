/* Shared between the files of this module. */
#ifndef MR_WS_PRIV_H
#define MR_WS_PRIV_H

#include "codecs/ws/ws.h"
#include "dataplane/base/kernel.h"

typedef uint32_t mr_ws_utf8_fn(const uint8_t *data, uint32_t len, uint32_t state);
mr_ws_utf8_fn mr_ws_utf8_scalar, mr_ws_utf8_sse42, mr_ws_utf8_avx2, mr_ws_utf8_avx512;
extern mr_ws_utf8_fn *const mr_ws_utf8_kernels[MR_KERNEL_COUNT]; /* NULL: not built here */

/* XORs with the mask as if the payload had begun `at` bytes earlier. */
void mr_ws_mask(uint8_t *data, uint32_t len, const uint8_t mask[4], uint32_t at);

#endif
