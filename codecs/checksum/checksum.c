#include "codecs/checksum/checksum.h"

#include <pthread.h>

/* Slicing by eight (Kounavis, Berry 2005): eight bytes a step, eight tables. */
static uint32_t tables[8][256];

static void make_tables(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
        tables[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (int t = 1; t < 8; t++)
            tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 0xff];
}

uint32_t mr_crc32(uint32_t crc, const void *data, size_t len)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_tables);
    const uint8_t *at = data;
    crc = ~crc;
    for (; len >= 8; len -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        word ^= crc;
        crc = tables[7][word & 0xff] ^ tables[6][word >> 8 & 0xff] ^ tables[5][word >> 16 & 0xff] ^ tables[4][word >> 24 & 0xff] ^ tables[3][word >> 32 & 0xff] ^
              tables[2][word >> 40 & 0xff] ^ tables[1][word >> 48 & 0xff] ^ tables[0][word >> 56];
    }
    for (; len; len--)
        crc = crc >> 8 ^ tables[0][(crc ^ *at++) & 0xff];
    return ~crc;
}

static uint32_t put_level(char *out, const struct mr_level *level, int price_scale, int size_scale)
{
    uint32_t n = mr_decimal_text(level->price, price_scale, out);
    out[n++] = ':';
    n += mr_decimal_text(level->size, size_scale, out + n);
    out[n++] = ':';
    return n;
}

uint32_t mr_okx_checksum(const struct mr_level *bids, uint32_t bid_count, const struct mr_level *asks, uint32_t ask_count, int price_scale, int size_scale)
{
    enum { BEST = 25 };
    char text[2 * BEST * 2 * (MR_DECIMAL_TEXT + 1)];
    uint32_t n = 0;
    for (uint32_t i = 0; i < BEST; i++) {
        if (i < bid_count)
            n += put_level(text + n, &bids[i], price_scale, size_scale);
        if (i < ask_count)
            n += put_level(text + n, &asks[i], price_scale, size_scale);
    }
    return mr_crc32(0, text, n ? n - 1 : 0); /* no colon behind the last */
}
