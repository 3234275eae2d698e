#include <xxhash.h>

#include "engines/pipeline/engine.h"

static_assert(sizeof(struct mr_state_head) == 48, "the head has no padding: it is stored as it is");

/* The checksum covers the head too, with its own field as 0, so that a flipped time or length shows. */
static uint64_t checksum_of(const struct mr_state_head *head, const void *state, size_t bytes)
{
    struct mr_state_head blank = *head;
    blank.checksum = 0;
    return XXH3_64bits_withSeed(state, bytes, XXH3_64bits(&blank, sizeof blank));
}

int64_t mr_state_seal(void *buffer, size_t buffer_bytes, const char *engine, uint32_t version, uint32_t layout,
                      int64_t engine_ns, const void *state, size_t bytes)
{
    struct mr_state_head head = {.version = version, .layout = layout, .bytes = bytes, .engine_ns = engine_ns};
    size_t name_len = strlen(engine);
    if (name_len == 0 || name_len >= sizeof head.engine)
        return MR_E_INVALID;
    if (buffer_bytes < sizeof head || buffer_bytes - sizeof head < bytes)
        return MR_E_FULL;
    memcpy(head.engine, engine, name_len);
    memmove((uint8_t *)buffer + sizeof head, state, bytes);
    head.checksum = checksum_of(&head, (uint8_t *)buffer + sizeof head, bytes);
    memcpy(buffer, &head, sizeof head);
    return (int64_t)(sizeof head + bytes);
}

int mr_state_open(const void *buffer, size_t buffer_bytes, const char *engine, uint32_t version, uint32_t layout,
                  const void **state, size_t bytes, int64_t *engine_ns)
{
    struct mr_state_head head; /* the buffer may lie at any address */
    if (buffer_bytes < sizeof head)
        return MR_E_TRUNCATED;
    memcpy(&head, buffer, sizeof head);
    if (strnlen(head.engine, sizeof head.engine) == sizeof head.engine || strcmp(head.engine, engine) != 0)
        return MR_E_MAGIC;
    if (head.version != version)
        return MR_E_VERSION;
    if (head.layout != layout || head.bytes != bytes)
        return MR_E_LAYOUT;
    if (buffer_bytes - sizeof head < bytes)
        return MR_E_TRUNCATED;
    const uint8_t *body = (const uint8_t *)buffer + sizeof head;
    if (checksum_of(&head, body, bytes) != head.checksum)
        return MR_E_CORRUPT;
    *state = body;
    *engine_ns = head.engine_ns;
    return MR_OK;
}
