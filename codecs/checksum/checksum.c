#include "codecs/checksum/checksum.h"

#include "codecs/checksum/checksum_priv.h"
#include "dataplane/base/kernel.h"

/* tables[k][b]: what byte b adds to the CRC when k more bytes follow it in a word of eight. A CRC is linear, so a table
 * is the sums of its eight rows with one bit set. */
#define BIT(i, n, row) ((i) >> (n)&1 ? (row) : 0)
#define ENTRY(i, a, b, c, d, e, f, g, h)                                                                               \
    (BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ BIT(i, 4, e) ^ BIT(i, 5, f) ^ BIT(i, 6, g) ^          \
     BIT(i, 7, h))
#define FOUR(i, ...)                                                                                                   \
    ENTRY(i, __VA_ARGS__), ENTRY((i) + 1, __VA_ARGS__), ENTRY((i) + 2, __VA_ARGS__), ENTRY((i) + 3, __VA_ARGS__)
#define SIXTEEN(i, ...)                                                                                                \
    FOUR(i, __VA_ARGS__), FOUR((i) + 4, __VA_ARGS__), FOUR((i) + 8, __VA_ARGS__), FOUR((i) + 12, __VA_ARGS__)
#define SIXTY_FOUR(i, ...)                                                                                             \
    SIXTEEN(i, __VA_ARGS__), SIXTEEN((i) + 16, __VA_ARGS__), SIXTEEN((i) + 32, __VA_ARGS__),                           \
        SIXTEEN((i) + 48, __VA_ARGS__)
#define TABLE(...)                                                                                                     \
    {                                                                                                                  \
        SIXTY_FOUR(0, __VA_ARGS__), SIXTY_FOUR(64, __VA_ARGS__), SIXTY_FOUR(128, __VA_ARGS__),                         \
            SIXTY_FOUR(192, __VA_ARGS__)                                                                               \
    }

static const uint32_t tables[8][256] = {
    TABLE(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832, 0x1db71064, 0x3b6e20c8, 0x76dc4190, 0xedb88320),
    TABLE(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08, 0x4ac21251, 0x958424a2, 0xf0794f05, 0x3b83984b),
    TABLE(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8, 0x1c26a370, 0x384d46e0, 0x709a8dc0, 0xe1351b80),
    TABLE(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef, 0x5019579f, 0xa032af3e, 0x9b14583d, 0xed59b63b),
    TABLE(0x3d6029b0, 0x7ac05360, 0xf580a6c0, 0x30704bc1, 0x60e09782, 0xc1c12f04, 0x58f35849, 0xb1e6b092),
    TABLE(0xcb5cd3a5, 0x4dc8a10b, 0x9b914216, 0xec53826d, 0x03d6029b, 0x07ac0536, 0x0f580a6c, 0x1eb014d8),
    TABLE(0xa6770bb4, 0x979f1129, 0xf44f2413, 0x33ef4e67, 0x67de9cce, 0xcfbd399c, 0x440b7579, 0x8816eaf2),
    TABLE(0xccaa009e, 0x4225077d, 0x844a0efa, 0xd3e51bb5, 0x7cbb312b, 0xf9766256, 0x299dc2ed, 0x533b85da),
};

uint32_t mr_crc32_bytes(uint32_t state, const uint8_t *data, size_t len)
{
    for (; len >= 8; data += 8, len -= 8) {
        uint64_t v;
        memcpy(&v, data, 8);
        v ^= state;
        state = 0;
        for (int k = 0; k < 8; k++)
            state ^= tables[7 - k][v >> 8 * k & 0xff];
    }
    for (; len; data++, len--)
        state = state >> 8 ^ tables[0][(state ^ *data) & 0xff];
    return state;
}

uint32_t mr_crc32(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    uint32_t state = ~crc;
#if defined(__x86_64__)
    if (len >= MR_CRC32_FOLD_MIN && mr_kernel_active() != MR_KERNEL_SCALAR && __builtin_cpu_supports("pclmul")) {
        size_t folded = len & ~(size_t)15;
        state = mr_crc32_fold(state, bytes, folded);
        bytes += folded;
        len -= folded;
    }
#endif
    return ~mr_crc32_bytes(state, bytes, len);
}

#define OKX_LEVELS 25

static uint32_t put_level(char *to, const struct mr_level *level, int price_scale, int size_scale)
{
    uint32_t n = mr_decimal_text(level->price, price_scale, to);
    to[n++] = ':';
    n += mr_decimal_text(level->size, size_scale, to + n);
    to[n++] = ':';
    return n;
}

uint32_t mr_okx_checksum(const struct mr_level *bids, uint32_t bid_count, const struct mr_level *asks,
                         uint32_t ask_count, int price_scale, int size_scale)
{
    char text[2 * OKX_LEVELS * 2 * MR_DECIMAL_TEXT];
    uint32_t n = 0;
    for (uint32_t i = 0; i < OKX_LEVELS; i++) {
        if (i < bid_count)
            n += put_level(text + n, &bids[i], price_scale, size_scale);
        if (i < ask_count)
            n += put_level(text + n, &asks[i], price_scale, size_scale);
    }
    return mr_crc32(0, text, n ? n - 1 : 0); /* without the last colon */
}
