#include "codecs/checksum/checksum.h"
#include "dataplane/base/kernel.h"
#include "tests/support/support.h"

/* One bit at a time, as the polynomial says. */
static uint32_t by_bits(uint32_t crc, const uint8_t *data, size_t len)
{
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static void use(const char *kernel)
{
    struct mr_err err;
    setenv("MILLRACE_KERNEL", kernel, 1);
    assert_int_equal(mr_kernel_init(&err), MR_OK);
}

static void known_texts_have_their_known_sums(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *text; uint32_t want; } cases[] = {
        {"", 0}, {"a", 0xe8b7be43}, {"123456789", 0xcbf43926}, {"The quick brown fox jumps over the lazy dog", 0x414fa339},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890", 0x7ca94a72},
        {"3366.1:7:3366.8:9:3368:8", 2823449077u},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++)
        assert_int_equal(mr_crc32(0, cases[i].text, strlen(cases[i].text)), cases[i].want);
}

static void every_length_equals_the_sum_by_bits_on_each_kernel(void **state)
{
    (void)state;
    struct mr_random r = {3};
    struct mr_guard g = mr_guard_open(4096);
    for (size_t i = 0; i < 4096; i++)
        g.data[i] = (uint8_t)mr_random_next(&r);
    for (int k = 0; k < MR_KERNEL_COUNT; k++) {
        if (!mr_kernel_available((enum mr_kernel)k))
            continue;
        use(mr_kernel_name((enum mr_kernel)k));
        for (size_t len = 0; len <= 700; len++) {
            uint32_t start = (uint32_t)mr_random_next(&r);
            const uint8_t *data = g.data + 4096 - len; /* ends at an unmapped page */
            assert_int_equal(mr_crc32(start, data, len), by_bits(start, data, len));
        }
        assert_int_equal(mr_crc32(0, g.data, 4096), by_bits(0, g.data, 4096));
    }
    mr_guard_close(&g);
}

static void a_sum_goes_on_where_it_stopped(void **state)
{
    (void)state;
    uint8_t data[300];
    struct mr_random r = {4};
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)mr_random_next(&r);
    for (size_t cut = 0; cut <= sizeof data; cut++)
        assert_int_equal(mr_crc32(mr_crc32(0, data, cut), data + cut, sizeof data - cut),
                         by_bits(0, data, sizeof data));
}

static void okx_takes_the_best_25_of_both_sides_in_turn(void **state)
{
    (void)state;
    static const struct mr_level bids[] = {{336610000000, 700000000}},
                                 asks[] = {{336680000000, 900000000}, {336800000000, 800000000}};
    assert_int_equal(mr_okx_checksum(bids, 1, asks, 2, 8, 8), 2823449077u);
    assert_int_equal((int32_t)mr_okx_checksum(bids, 1, asks, 2, 8, 8), -1471518219);
    assert_int_equal(mr_okx_checksum(bids, 1, asks, 0, 8, 8), by_bits(0, (const uint8_t *)"3366.1:7", 8));
    assert_int_equal(mr_okx_checksum(bids, 0, asks, 1, 8, 8), by_bits(0, (const uint8_t *)"3366.8:9", 8));
    assert_int_equal(mr_okx_checksum(bids, 0, asks, 0, 8, 8), 0);
    struct mr_level many[60];
    for (int64_t i = 0; i < 60; i++)
        many[i] = (struct mr_level){INT64_MAX - i, INT64_MAX - 2 * i}; /* the longest texts there are */
    assert_int_equal(mr_okx_checksum(many, 60, many, 60, 8, 8), mr_okx_checksum(many, 25, many, 25, 8, 8));
    assert_int_not_equal(mr_okx_checksum(many, 24, many, 25, 8, 8), mr_okx_checksum(many, 25, many, 25, 8, 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_have_their_known_sums),
        cmocka_unit_test(every_length_equals_the_sum_by_bits_on_each_kernel),
        cmocka_unit_test(a_sum_goes_on_where_it_stopped),
        cmocka_unit_test(okx_takes_the_best_25_of_both_sides_in_turn),
    };
    return MR_TEST_MAIN(tests);
}
