/* Picks the kernel table once. By CPU features, never by model: virtual machines lie about the model. */
#include "ops/kernels/kernels.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

extern const cer_Kernels cer_kernels_baseline, cer_kernels_avx2, cer_kernels_avx512;

/* CERILLA_X86_KERNELS: the build has compiled the two faster tables. */
#if defined(CERILLA_X86_KERNELS) && (defined(__x86_64__) || defined(_M_X64))
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512cd");
}

/* The best table the CPU can run and the environment allows. */
static const cer_Kernels *choose(void)
{
    const char *wanted = getenv("CERILLA_CPU");
    const bool baseline = wanted && strcmp(wanted, "baseline") == 0;
    const bool avx2 = wanted && strcmp(wanted, "avx2") == 0;
    __builtin_cpu_init();
    if (baseline || !has_avx2()) return &cer_kernels_baseline;
    if (avx2 || !has_avx512()) return &cer_kernels_avx2;
    return &cer_kernels_avx512;
}
#else
static const cer_Kernels *choose(void)
{
    return &cer_kernels_baseline;
}
#endif

const cer_Kernels *cer_kernels(void)
{
    /* Two threads that come first together choose the same table: no lock. */
    static _Atomic(const cer_Kernels *) chosen;
    const cer_Kernels *kernels = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (!kernels) {
        kernels = choose();
        atomic_store_explicit(&chosen, kernels, memory_order_relaxed);
    }
    return kernels;
}
