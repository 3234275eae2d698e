#include "codecs/shape/shape_priv.h"

extern const struct shape_kernel mr_shape_kernel_scalar;
#ifdef __x86_64__
extern const struct shape_kernel mr_shape_kernel_sse42, mr_shape_kernel_avx2, mr_shape_kernel_avx512;
#endif

const struct shape_kernel *const mr_shape_kernels[MR_KERNEL_COUNT] = {
    [MR_KERNEL_SCALAR] = &mr_shape_kernel_scalar,
#ifdef __x86_64__
    [MR_KERNEL_SSE42] = &mr_shape_kernel_sse42,
    [MR_KERNEL_AVX2] = &mr_shape_kernel_avx2,
    [MR_KERNEL_AVX512] = &mr_shape_kernel_avx512,
#endif
};
