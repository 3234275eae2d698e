#include "dataplane/ring/image.h"

#define IMAGE_MAGIC   0x6567616d692d726dull /* "mr-image" */
#define IMAGE_VERSION 1

struct mr_image {
    uint64_t magic;
    uint32_t format, payload_bytes;
    uint64_t version; /* of the newest whole copy; it lies in half version & 1. 0: none yet */
    uint64_t spare[5];
    uint64_t half[]; /* two copies, each a whole number of lines */
};
static_assert(sizeof(struct mr_image) == 64, "the head is one cache line");

static size_t half_words(uint32_t payload_bytes)
{
    return ((size_t)payload_bytes + MR_LINE_BYTES - 1) / MR_LINE_BYTES * (MR_LINE_BYTES / 8);
}

size_t mr_image_bytes(uint32_t payload_bytes)
{
    if (payload_bytes - 1 >= MR_IMAGE_PAYLOAD_MAX)
        return 0;
    return sizeof(struct mr_image) + 2 * half_words(payload_bytes) * sizeof(uint64_t);
}

struct mr_image *mr_image_init(void *mem, uint32_t payload_bytes)
{
    MR_ASSERT(mr_image_bytes(payload_bytes) != 0 && (uintptr_t)mem % sizeof(uint64_t) == 0);
    struct mr_image *image = mem;
    memset(mem, 0, mr_image_bytes(payload_bytes));
    image->format = IMAGE_VERSION;
    image->payload_bytes = payload_bytes;
    __atomic_store_n(&image->magic, IMAGE_MAGIC, __ATOMIC_RELEASE);
    return image;
}

uint32_t mr_image_payload_bytes(const struct mr_image *image)
{
    return __atomic_load_n(&image->payload_bytes, __ATOMIC_RELAXED);
}

int mr_image_check(const void *mem, size_t bytes)
{
    const struct mr_image *image = mem;
    if ((uintptr_t)mem % sizeof(uint64_t) != 0)
        return MR_E_INVALID;
    if (bytes < sizeof *image)
        return MR_E_TRUNCATED;
    if (__atomic_load_n(&image->magic, __ATOMIC_ACQUIRE) != IMAGE_MAGIC)
        return MR_E_MAGIC;
    if (__atomic_load_n(&image->format, __ATOMIC_RELAXED) != IMAGE_VERSION)
        return MR_E_VERSION;
    size_t need = mr_image_bytes(mr_image_payload_bytes(image));
    if (need == 0)
        return MR_E_LAYOUT;
    return bytes < need ? MR_E_TRUNCATED : MR_OK;
}

/* A reader that sees one of these words has, by acquire, also the version published before it was stored, and so
 * finds out: the half it reads is written again only after the other one was published. */
void mr_image_write(struct mr_image *image, const void *payload, uint32_t payload_bytes)
{
    uint64_t version = __atomic_load_n(&image->version, __ATOMIC_RELAXED) + 1, word;
    uint64_t *half = image->half + (version & 1) * half_words(payload_bytes);
    const uint8_t *from = payload;
    uint32_t whole = payload_bytes / 8, rest = payload_bytes % 8;
    for (uint32_t i = 0; i < whole; i++) {
        memcpy(&word, from + i * 8u, sizeof word);
        __atomic_store_n(&half[i], word, __ATOMIC_RELEASE);
    }
    if (rest) {
        word = 0;
        memcpy(&word, from + whole * 8u, rest);
        __atomic_store_n(&half[whole], word, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&image->version, version, __ATOMIC_RELEASE);
}

static void copy_half(uint8_t *into, const uint64_t *half, uint32_t payload_bytes)
{
    uint32_t whole = payload_bytes / 8, rest = payload_bytes % 8;
    for (uint32_t i = 0; i < whole + (rest != 0); i++) {
        uint64_t word = __atomic_load_n(&half[i], __ATOMIC_ACQUIRE);
        memcpy(into + i * 8u, &word, i < whole ? 8 : rest);
    }
}

int mr_image_read(const struct mr_image *image, void *payload, uint32_t payload_bytes, uint64_t *version)
{
    if (payload_bytes == 0 || mr_image_payload_bytes(image) != payload_bytes)
        return MR_E_LAYOUT;
    for (int tries = 0; tries < MR_IMAGE_TRIES; tries++) {
        uint64_t before = __atomic_load_n(&image->version, __ATOMIC_ACQUIRE);
        if (before == 0)
            return MR_E_EMPTY;
        copy_half(payload, image->half + (before & 1) * half_words(payload_bytes), payload_bytes);
        if (__atomic_load_n(&image->version, __ATOMIC_RELAXED) == before) {
            if (version)
                *version = before;
            return MR_OK;
        }
    }
    return MR_E_AGAIN;
}
