/* Picks the kernel table once. By CPU features, never by model: virtual machines lie about the model. */
#include "ops/kernels/kernels.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

extern const cer_Kernels cer_kernels_baseline, cer_kernels_avx2, cer_kernels_avx512;

/* CERILLA_AVX2_KERNELS, CERILLA_AVX512_KERNELS: tables that the build has compiled. */
#if defined(CERILLA_AVX2_KERNELS) || defined(CERILLA_AVX512_KERNELS)
static bool has_avx2(void) /* and with it F16C, which came before it; clang 14 cannot ask for that */
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}
#endif

#ifdef CERILLA_AVX512_KERNELS
static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512cd");
}
#endif

/* The best table the CPU can run and the environment allows: CERILLA_CPU=baseline, avx2, or anything else for the best. */
static const cer_Kernels *choose(void)
{
#if defined(CERILLA_AVX2_KERNELS) || defined(CERILLA_AVX512_KERNELS)
    const char *wanted = getenv("CERILLA_CPU");
    if (!wanted) wanted = "";
    __builtin_cpu_init();
    if (strcmp(wanted, "baseline") == 0) return &cer_kernels_baseline;
#ifdef CERILLA_AVX512_KERNELS
    if (strcmp(wanted, "avx2") != 0 && has_avx512()) return &cer_kernels_avx512;
#endif
#ifdef CERILLA_AVX2_KERNELS
    if (has_avx2()) return &cer_kernels_avx2;
#endif
#endif
    return &cer_kernels_baseline;
}

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
