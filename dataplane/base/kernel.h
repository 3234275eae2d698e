/* Which SIMD kernel runs: chosen once, when the process starts, from what the CPU has.
 *
 * MILLRACE_KERNEL=scalar|sse42|avx2|avx512 forces one; a kernel the CPU lacks, or an unknown word, stops
 * the program with a sentence (mr_kernel_init), so a measurement is never of something else than it says.
 *
 * avx512 here means F, BW, DQ, VL, VBMI, VBMI2 (Ice Lake, Zen 4 and later).
 * Every kernel gives identical results; only the speed differs (tests: A7). */
#ifndef MR_BASE_KERNEL_H
#define MR_BASE_KERNEL_H

#include "dataplane/base/base.h"

enum mr_kernel { MR_KERNEL_SCALAR, MR_KERNEL_SSE42, MR_KERNEL_AVX2, MR_KERNEL_AVX512, MR_KERNEL_COUNT };

const char *mr_kernel_name(enum mr_kernel kernel);
bool mr_kernel_available(enum mr_kernel kernel);

/* Reads the CPU and the environment. MR_OK, or MR_E_INVALID / MR_E_UNSUPPORTED with `err` set.
 * Modules with kernels take `enum mr_kernel` at init; mr_kernel_active() is what init chose
 * (the best available one if nobody called it). */
int mr_kernel_init(struct mr_err *err);
/* Inlined, because readers of single numbers ask at each call. The one piece of process-wide state in the floor: what
 * the CPU is does not change under us. */
extern int mr_kernel_chosen; /* -1 until somebody asks */
enum mr_kernel mr_kernel_choose(void);
MR_INLINE enum mr_kernel mr_kernel_active(void)
{
    int chosen = __atomic_load_n(&mr_kernel_chosen, __ATOMIC_RELAXED);
    return mr_likely(chosen >= 0) ? (enum mr_kernel)chosen : mr_kernel_choose();
}

#endif
