#include "dataplane/base/kernel.h"
#include "dataplane/net/sum.h"
#include "tests/dataplane/net/frames.h"

typedef uint64_t sum_fn(uint64_t sum, const uint8_t *data, size_t len);

static uint64_t short_one(uint64_t sum, const uint8_t *data, size_t len) { return mr_sum_add(sum, data, len); }

/* Against the byte-wise textbook, at every length and alignment, at the edge of a page that is not there. */
static void agrees(const char *name, sum_fn *fn)
{
    struct mr_guard g = mr_guard_open(4096);
    struct mr_random random = {.state = 11};
    for (int kind = 0; kind < 3; kind++) {
        for (uint32_t i = 0; i < 4096; i++)
            g.data[i] = kind == 0 ? 0xff : kind == 1 ? (uint8_t)mr_random_next(&random) : (uint8_t)(i % 7 ? 0xff : 0);
        for (uint32_t len = 0; len <= 1600; len++) {
            const uint8_t *data = g.data + 4096 - len;
            uint16_t stored = (uint16_t)~mr_sum_fold(fn(0, data, len)), want = frame_sum(data, len);
            if (__builtin_bswap16(stored) != want)
                fail_msg("%s: %u bytes: 0x%04x, not 0x%04x", name, len, __builtin_bswap16(stored), want);
            uint32_t cut = (uint32_t)mr_random_below(&random, len / 2 + 1) * 2;
            uint64_t pieces = fn(fn(UINT64_C(0x1234567890), data, cut), data + cut, len - cut);
            assert_int_equal(mr_sum_fold(pieces), mr_sum_fold(fn(UINT64_C(0x1234567890), data, len)));
        }
    }
    mr_guard_close(&g);
}

static void every_kernel_sums_as_the_textbook_does(void **state)
{
    (void)state;
    agrees("short", short_one);
    agrees("scalar", mr_sum_long_scalar);
#ifdef __x86_64__
    if (mr_kernel_available(MR_KERNEL_SSE42))
        agrees("sse42", mr_sum_long_sse42);
    if (mr_kernel_available(MR_KERNEL_AVX2))
        agrees("avx2", mr_sum_long_avx2);
    if (mr_kernel_available(MR_KERNEL_AVX512))
        agrees("avx512", mr_sum_long_avx512);
#endif
    agrees("any", mr_sum_long);
}

static void the_longest_packet_of_all_ones_does_not_overflow(void **state)
{
    (void)state;
    uint8_t *data = malloc(65536);
    assert_non_null(data);
    memset(data, 0xff, 65536);
    assert_int_equal(mr_sum(data, 65536), 0xffff);
    assert_int_equal(mr_sum_fold(mr_sum_long(UINT64_C(0xffffffffffff), data, 65535)), 0x00ff);
    assert_int_equal(mr_sum(data, 0), 0);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kernel_sums_as_the_textbook_does),
        cmocka_unit_test(the_longest_packet_of_all_ones_does_not_overflow),
    };
    return MR_TEST_MAIN(tests);
}
