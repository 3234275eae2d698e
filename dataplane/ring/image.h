/* An image: the latest version of a small block (book top, velocity, regime), one writer, any readers.
 *
 * A sequence lock over two copies: the writer never waits, a reader retries a bounded number of times, and a
 * writer that died in the middle of a write leaves the previous copy readable.
 *
 * Memory  mr_image_bytes(payload), no pointers; lies in a workspace.  Payload is copied as relaxed atomic words,
 *         so the race is defined and ThreadSanitizer agrees. */
#ifndef MR_RING_IMAGE_H
#define MR_RING_IMAGE_H

#include "dataplane/base/base.h"

struct mr_image;
size_t mr_image_bytes(uint32_t payload_bytes);
int mr_image_init(void *mem, uint32_t payload_bytes);
int mr_image_check(const void *mem, size_t bytes);
void mr_image_write(struct mr_image *image, const void *payload);
/* MR_OK with a consistent copy and its version; MR_E_EMPTY never written; MR_E_AGAIN the writer was too busy. */
int mr_image_read(const struct mr_image *image, void *payload, uint32_t payload_bytes, uint64_t *version);

#endif
