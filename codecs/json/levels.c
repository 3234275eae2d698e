#include "codecs/json/levels.h"

#include "codecs/json/levels_priv.h"

static mr_levels_fn *const kernels[MR_KERNEL_COUNT] = {
    [MR_KERNEL_SCALAR] = mr_levels_scalar,
#if defined(__x86_64__)
    [MR_KERNEL_SSE42] = mr_levels_sse42,
    [MR_KERNEL_AVX2] = mr_levels_avx2,
    [MR_KERNEL_AVX512] = mr_levels_avx512,
#endif
};

static mr_levels_book_fn *const books[MR_KERNEL_COUNT] = {
#if defined(__x86_64__)
    [MR_KERNEL_AVX2] = mr_levels_book_avx2,
    [MR_KERNEL_AVX512] = mr_levels_book_avx512,
#endif
};

mr_levels_book_fn *mr_levels_book_kernel(enum mr_kernel kernel)
{
    MR_ASSERT((unsigned)kernel < MR_KERNEL_COUNT);
    return books[kernel];
}

int64_t mr_levels_book_decode(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_scan *scan,
                              const struct mr_levels_book *book, struct mr_level *out, uint32_t out_max,
                              uint32_t count[2])
{
    mr_levels_book_fn *fn = books[mr_kernel_active()];
    return fn ? fn(data, len, pos, scan, book, out, out_max, count) : MR_E_AGAIN;
}

mr_levels_fn *mr_levels_kernel(enum mr_kernel kernel)
{
    MR_ASSERT((unsigned)kernel < MR_KERNEL_COUNT && kernels[kernel]);
    return kernels[kernel];
}

int64_t mr_levels_decode(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_scan *scan,
                         struct mr_level *out, uint32_t out_max, uint32_t *count)
{
    return kernels[mr_kernel_active()](data, len, pos, scan, out, out_max, count);
}
