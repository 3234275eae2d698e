#include "codecs/json/levels_top.h"

#include "codecs/json/levels_priv.h"

static mr_levels_top_fn *const kernels[MR_KERNEL_COUNT] = {
#if defined(__x86_64__)
    [MR_KERNEL_AVX512] = mr_levels_top_avx512,
#else
    NULL,
#endif
};

mr_levels_top_fn *mr_levels_top_kernel(enum mr_kernel kernel)
{
    MR_ASSERT((unsigned)kernel < MR_KERNEL_COUNT);
    return kernels[kernel];
}

int64_t mr_levels_top(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_top *form,
                      struct mr_level out[MR_LEVELS_TOP_MAX], uint32_t count[2])
{
    mr_levels_top_fn *kernel = kernels[mr_kernel_active()];
    return kernel ? kernel(data, len, pos, form, out, count) : MR_E_AGAIN;
}
