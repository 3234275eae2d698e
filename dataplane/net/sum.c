#include "dataplane/net/sum.h"
#include "dataplane/base/kernel.h"

uint64_t mr_sum_long(uint64_t sum, const uint8_t *data, size_t len)
{
#ifdef __x86_64__
    static uint64_t (*const kernels[MR_KERNEL_COUNT])(uint64_t, const uint8_t *, size_t) = {
        mr_sum_long_scalar, mr_sum_long_sse42, mr_sum_long_avx2, mr_sum_long_avx512};
    return kernels[mr_kernel_active()](sum, data, len);
#else
    return mr_sum_long_scalar(sum, data, len);
#endif
}
