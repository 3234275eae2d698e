/* An image: the latest version of a small block (book top, velocity, regime), one writer, any readers.
 *
 * A sequence lock over two copies: the writer never waits, a reader retries a bounded number of times, and a
 * writer that died in the middle of a write leaves the previous copy readable.
 *
 * Memory  mr_image_bytes(payload), 64-byte aligned (8 where it is written seldom), no pointers; lies in a workspace. The payload is copied as atomic
 *         words (release and acquire: plain moves here), so the race is defined and ThreadSanitizer agrees.
 * Trust   sizes are the caller's arguments, never taken from the shared memory; a reader retries a bounded number of
 *         times. */
#ifndef MR_RING_IMAGE_H
#define MR_RING_IMAGE_H

#include "dataplane/base/base.h"

#define MR_IMAGE_PAYLOAD_MAX (1u << 20)
#define MR_IMAGE_TRIES 64

struct mr_image;
size_t mr_image_bytes(uint32_t payload_bytes); /* 0 if the payload is empty or beyond the maximum */
struct mr_image *mr_image_init(void *mem, uint32_t payload_bytes);
/* MR_OK, MR_E_INVALID (memory not aligned), MR_E_MAGIC, MR_E_VERSION, MR_E_LAYOUT (no such size), MR_E_TRUNCATED. */
int mr_image_check(const void *mem, size_t bytes);
uint32_t mr_image_payload_bytes(const struct mr_image *image); /* of a checked image: what to give mr_image_read */
/* `payload_bytes` as given to init. */
void mr_image_write(struct mr_image *image, const void *payload, uint32_t payload_bytes);
/* MR_OK with a consistent copy and its version (1, 2, ...); MR_E_EMPTY never written; MR_E_AGAIN the writer was too
 * busy, what is in `payload` then is no copy of anything; MR_E_LAYOUT an image of another size. `version` may be
 * NULL. */
int mr_image_read(const struct mr_image *image, void *payload, uint32_t payload_bytes, uint64_t *version);

#endif
