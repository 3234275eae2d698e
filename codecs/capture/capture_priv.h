/* The byte layout of segments (README.md): little endian, packed by hand, no padding. */
#ifndef MR_CAPTURE_PRIV_H
#define MR_CAPTURE_PRIV_H

#include <zstd.h>

#include "codecs/capture/capture.h"

#define FILE_MAGIC     "MRCAPSEG"
#define BLOCK_MAGIC    0x4b4c424du /* "MBLK" */
#define FORMAT_VERSION 1
#define FEED_BYTES     96
#define NAME_MAX_BYTES 4096
#define ENCODING_PLAIN 0
#define ENCODING_ZSTD  1

struct file_head {
    char magic[8];
    uint32_t version, segment;
    int64_t created_ns;
    char feed[FEED_BYTES];
    uint64_t hash; /* XXH3-64 of all before it */
};
struct block_head {
    uint32_t magic;
    uint32_t encoding, stored_bytes, plain_bytes, records, spare;
    int64_t first_ns, last_ns;
    uint64_t hash; /* XXH3-64 of the body, seeded by the XXH3-64 of this head with hash 0 */
};
struct record_head {
    int64_t recv_ns;
    uint32_t len;
    uint16_t name_len, connection;
    uint8_t kind, clock, venue, product;
    uint32_t spare;
};
static_assert(sizeof(struct file_head) == 128, "file head");
static_assert(sizeof(struct block_head) == 48, "block head");
static_assert(sizeof(struct record_head) == 24, "record head");

/* A block holds one record at least, so the largest record bounds it. */
#define PLAIN_MAX  (MR_CAPTURE_BLOCK_BYTES + MR_CAPTURE_RECORD_MAX + NAME_MAX_BYTES + sizeof(struct record_head))
#define PACKED_MAX (PLAIN_MAX + (PLAIN_MAX >> 8) + 65536) /* ZSTD_COMPRESSBOUND */

uint64_t mr_capture_hash(const struct block_head *head, const uint8_t *body, size_t len);

#endif
