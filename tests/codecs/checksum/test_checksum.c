#include "codecs/checksum/checksum.h"
#include "tests/support/support.h"

/* One bit at a time, as the polynomial is defined. */
static uint32_t slow(uint32_t crc, const uint8_t *data, size_t len)
{
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static void known_vectors_hold(void **state)
{
    (void)state;
    assert_int_equal(mr_crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(mr_crc32(0, "", 0), 0);
    assert_int_equal(mr_crc32(0, "a", 1), 0xe8b7be43);
    assert_int_equal((int32_t)mr_crc32(0, "3366.1:7:3366.8:9:3368:8", 24), -1471518219);
}

static void every_length_alignment_and_split_agrees_with_the_slow_one(void **state)
{
    (void)state;
    struct mr_random r = {11};
    for (size_t len = 0; len < 600; len++) {
        struct mr_guard g = mr_guard_open(len);
        for (size_t i = 0; i < len; i++)
            g.data[i] = (uint8_t)mr_random_next(&r);
        uint32_t want = slow(0, g.data, len);
        assert_int_equal(mr_crc32(0, g.data, len), want);
        size_t cut = (size_t)mr_random_below(&r, len + 1);
        assert_int_equal(mr_crc32(mr_crc32(0, g.data, cut), g.data + cut, len - cut), want);
        mr_guard_close(&g);
    }
}

static void okx_books_are_summed_as_the_venue_prints_them(void **state)
{
    (void)state;
    const struct mr_level bids[] = {{336610000000, 700000000}}, asks[] = {{336680000000, 900000000}, {336800000000, 800000000}};
    assert_int_equal((int32_t)mr_okx_checksum(bids, 1, asks, 2, 8, 8), -1471518219);
    assert_int_equal(mr_okx_checksum(bids, 1, asks, 0, 8, 8), mr_crc32(0, "3366.1:7", 8));
    assert_int_equal(mr_okx_checksum(bids, 0, asks, 0, 8, 8), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_vectors_hold),
        cmocka_unit_test(every_length_alignment_and_split_agrees_with_the_slow_one),
        cmocka_unit_test(okx_books_are_summed_as_the_venue_prints_them),
    };
    return MR_TEST_MAIN(tests);
}
