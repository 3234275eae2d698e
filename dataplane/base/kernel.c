#include "dataplane/base/kernel.h"

#include <stdlib.h>

static const char *const names[MR_KERNEL_COUNT] = {"scalar", "sse42", "avx2", "avx512"};

const char *mr_kernel_name(enum mr_kernel kernel) { return (unsigned)kernel < MR_KERNEL_COUNT ? names[kernel] : "?"; }

bool mr_kernel_available(enum mr_kernel kernel)
{
    switch (kernel) {
    case MR_KERNEL_SCALAR:
        return true;
#if defined(__x86_64__)
    case MR_KERNEL_SSE42:
        return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
    case MR_KERNEL_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    case MR_KERNEL_AVX512:
        return mr_kernel_available(MR_KERNEL_AVX2) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
               __builtin_cpu_supports("avx512vbmi2");
#endif
    default:
        return false;
    }
}

static enum mr_kernel best(void)
{
    enum mr_kernel kernel = MR_KERNEL_COUNT - 1;
    while (!mr_kernel_available(kernel))
        kernel--;
    return kernel;
}

int mr_kernel_chosen = -1;

static void choose(enum mr_kernel kernel) { __atomic_store_n(&mr_kernel_chosen, (int)kernel, __ATOMIC_RELAXED); }

int mr_kernel_init(struct mr_err *err)
{
    const char *wish = getenv("MILLRACE_KERNEL");
    if (!wish || !*wish) {
        choose(best());
        return MR_OK;
    }
    for (int k = 0; k < MR_KERNEL_COUNT; k++) {
        if (strcmp(wish, names[k]))
            continue;
        if (!mr_kernel_available((enum mr_kernel)k))
            return mr_err_set(err, MR_E_UNSUPPORTED, "MILLRACE_KERNEL=%s: this CPU lacks it; the best it has is %s",
                              wish, names[best()]);
        choose((enum mr_kernel)k);
        return MR_OK;
    }
    return mr_err_set(err, MR_E_INVALID, "MILLRACE_KERNEL=%s: no such kernel; known: scalar, sse42, avx2, avx512",
                      wish);
}

enum mr_kernel mr_kernel_choose(void)
{
    struct mr_err err;
    if (mr_kernel_init(&err) != MR_OK)
        mr_panic(__FILE__, __LINE__, err.text);
    return (enum mr_kernel)mr_kernel_chosen;
}
