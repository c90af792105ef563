/* All kernels for one instruction set: compiled once per set, with CER_ISA baseline, avx2 or avx512 and the matching
 * flags. Everything is static but the table at the end. */
#include "ops/kernels/kernels.h"

#include <math.h>
#include <string.h>

#include "ops/kernels/activation.h"
#include "ops/kernels/half.h"
#include "ops/kernels/vectors.h"
#include "ops/kernels/window.h"

#ifndef CER_ISA
#define CER_ISA baseline
#endif

#define CER_JOIN(x, y) x##_##y
#define CER_NAME(x, y) CER_JOIN(x, y)
#define CER_JOIN3(x, y, z) x##_##y##_##z
#define CER_NAME3(x, y, z) CER_JOIN3(x, y, z)
#define MATH(f) CER_NAME(f, TYPE) /* a function of vector_math.h and its kin for the type in hand */
#define CER_STRING(x) #x
#define CER_STRING_OF(x) CER_STRING(x)

/* "The iterations of the next loop are independent": the output may be an input exactly, but never a shifted one, and
 * without the hint compilers test for overlap and take a scalar loop for in-place operations. */
#if defined(__clang__)
#define CER_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#define CER_UNROLL _Pragma("clang loop unroll(full)")
#else
#define CER_INDEPENDENT _Pragma("GCC ivdep")
#define CER_UNROLL _Pragma("GCC unroll 8")
#endif

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wunused-function" /* helpers that only some types use */
#elif defined(__clang__)
#pragma clang diagnostic ignored "-Wunused-function"
#endif

/* Fewer than 16 floats into a padded block and out of it. Not by memcpy: a call costs more than the work, and reading
 * back in one piece what was written in several stalls the CPU. */
#if CER_PARTIAL_VECTORS
enum { VECTOR_FLOATS = CER_VECTOR_BYTES / sizeof(float) };

static inline void cer_read_short(float *block, const float *in, int64_t n)
{
    for (int i = 0; i < 16; i += VECTOR_FLOATS) {
        const vector_float32 part = n > i ? load_part_float32(in + i, n - i) : spread_float32(0);
        memcpy(block + i, &part, sizeof part);
    }
}

static inline void cer_write_short(float *out, const float *block, int64_t n)
{
    for (int i = 0; i < 16 && i < n; i += VECTOR_FLOATS) {
        vector_float32 part;
        memcpy(&part, block + i, sizeof part);
        store_part_float32(out + i, part, n - i);
    }
}
#else
static inline void cer_read_short(float *block, const float *in, int64_t n)
{
    for (int i = 0; i < 16; ++i) block[i] = i < n ? in[i] : 0;
}

static inline void cer_write_short(float *out, const float *block, int64_t n)
{
    for (int64_t i = 0; i < n; ++i) out[i] = block[i];
}
#endif

#define T float
#define TYPE float32
#define KIND_FLOATING
#define COSTLY_BLOCKS
#define FUSED(x, y, z) FUSED_FLOAT32(x, y, z)
#define POW(x, y) powf(x, y)
#define ABS(x) fabsf(x)
#define MODULO(x, y) fmodf(x, y)
#define QUICK_MODULO(x, y) modulo_float32(x, y)
#define BEYOND_QUICK(x, y) extreme_quotient(x, y)
#define CEIL(x) ceilf(x)
#define FLOOR(x) floorf(x)
#define ROUND(x) rintf(x)
#define TRUNC(x) truncf(x)
#define COPYSIGN(x, y) copysignf(x, y)
#define HYPOT(x, y) hypot_float32(x, y)
#define NEXTAFTER(x, y) nextafter_float32(x, y)
#define SQRT(x) sqrtf(x)
#define EXP(x) exp_float32(x)
#define LOG(x) log_float32(x)
#include "ops/kernels/arithmetic.inc"
#include "ops/kernels/losses.inc"
/* what the rows need stands above them */
#include "ops/kernels/gemm.inc"
#include "ops/kernels/loops.inc"
#include "ops/kernels/norm.inc"
#include "ops/kernels/puts.inc"
#include "ops/kernels/recurrent.inc"
#include "ops/kernels/reduce.inc"
#include "ops/kernels/search.inc"
#include "ops/kernels/spatial.inc"
#include "ops/kernels/steps.inc"
#include "ops/kernels/type_end.inc"

#define T double
#define TYPE float64
#define KIND_FLOATING
#define FUSED(x, y, z) FUSED_FLOAT64(x, y, z)
#define POW(x, y) pow(x, y)
#define ABS(x) fabs(x)
#define MODULO(x, y) fmod(x, y)
#define QUICK_MODULO(x, y) fmod(x, y)
#define CEIL(x) ceil(x)
#define FLOOR(x) floor(x)
#define ROUND(x) rint(x)
#define TRUNC(x) trunc(x)
#define COPYSIGN(x, y) copysign(x, y)
#define HYPOT(x, y) hypot(x, y)
#define NEXTAFTER(x, y) nextafter_float64(x, y)
#define SQRT(x) sqrt(x)
#define EXP(x) exp(x)
#define LOG(x) log(x)
#include "ops/kernels/arithmetic.inc"
#include "ops/kernels/losses.inc"
/* what the rows need stands above them */
#include "ops/kernels/gemm.inc"
#include "ops/kernels/loops.inc"
#include "ops/kernels/norm.inc"
#include "ops/kernels/puts.inc"
#include "ops/kernels/recurrent.inc"
#include "ops/kernels/reduce.inc"
#include "ops/kernels/search.inc"
#include "ops/kernels/spatial.inc"
#include "ops/kernels/steps.inc"
#include "ops/kernels/type_end.inc"

#define T uint8_t
#define TYPE uint8
#define WRAP uint32_t
#define KIND_UNSIGNED
#include "ops/kernels/arithmetic.inc"
#include "ops/kernels/gemm_integer.inc"
#include "ops/kernels/loops.inc"
#include "ops/kernels/puts.inc"
#include "ops/kernels/reduce.inc"
#include "ops/kernels/search.inc"
#include "ops/kernels/type_end.inc"

#define T int8_t
#define TYPE int8
#define WRAP uint32_t
#define KIND_SIGNED
#include "ops/kernels/arithmetic.inc"
#include "ops/kernels/gemm_integer.inc"
#include "ops/kernels/loops.inc"
#include "ops/kernels/puts.inc"
#include "ops/kernels/reduce.inc"
#include "ops/kernels/search.inc"
#include "ops/kernels/type_end.inc"

#define T int16_t
#define TYPE int16
#define WRAP uint32_t
#define KIND_SIGNED
#include "ops/kernels/arithmetic.inc"
#include "ops/kernels/gemm_integer.inc"
#include "ops/kernels/loops.inc"
#include "ops/kernels/puts.inc"
#include "ops/kernels/reduce.inc"
#include "ops/kernels/search.inc"
#include "ops/kernels/type_end.inc"

#define T int32_t
#define TYPE int32
#define WRAP uint32_t
#define KIND_SIGNED
#include "ops/kernels/arithmetic.inc"
#include "ops/kernels/gemm_integer.inc"
#include "ops/kernels/loops.inc"
#include "ops/kernels/puts.inc"
#include "ops/kernels/reduce.inc"
#include "ops/kernels/search.inc"
#include "ops/kernels/type_end.inc"

#define T int64_t
#define TYPE int64
#define WRAP uint64_t
#define KIND_SIGNED
#include "ops/kernels/arithmetic.inc"
#include "ops/kernels/gemm_integer.inc"
#include "ops/kernels/loops.inc"
#include "ops/kernels/puts.inc"
#include "ops/kernels/reduce.inc"
#include "ops/kernels/search.inc"
#include "ops/kernels/type_end.inc"

#define T uint8_t
#define TYPE boolean
#define WRAP uint32_t
#define KIND_BOOL
#include "ops/kernels/arithmetic.inc"
#include "ops/kernels/loops.inc"
#include "ops/kernels/puts.inc"
#include "ops/kernels/reduce.inc"
#include "ops/kernels/search.inc"
#include "ops/kernels/type_end.inc"

/* The half types have no arithmetic; they are filled and cast only. */
static void fill_half(int64_t n, char *const *ptr, const int64_t *stride, const void *param)
{
    const uint16_t value = *(const uint16_t *)param;
    char *out = ptr[0];
    for (int64_t i = 0; i < n; ++i, out += stride[0]) *(uint16_t *)(void *)out = value;
}

#include "ops/kernels/cast.inc"
#include "ops/kernels/moves.inc"
#include "ops/kernels/sort.inc"

#define FLOATING_LOOPS(name) [K_FLOAT32] = name##_float32, [K_FLOAT64] = name##_float64
#define INTEGER_LOOPS(name)                                                                               \
    [K_UINT8] = name##_uint8, [K_INT8] = name##_int8, [K_INT16] = name##_int16, [K_INT32] = name##_int32, \
    [K_INT64] = name##_int64
#define TABLE_FLOATING(name) \
    {                        \
        FLOATING_LOOPS(name) \
    }
#define TABLE_COSTLY TABLE_FLOATING
#define TABLE_NUMERIC(name)                       \
    {                                             \
        FLOATING_LOOPS(name), INTEGER_LOOPS(name) \
    }
#define TABLE_INTEGERS(name) \
    {                        \
        INTEGER_LOOPS(name)  \
    }
#define TABLE_INTEGRAL(name)                           \
    {                                                  \
        INTEGER_LOOPS(name), [K_BOOL] = name##_boolean \
    }
#define TABLE_ALL(name)                                                      \
    {                                                                        \
        FLOATING_LOOPS(name), INTEGER_LOOPS(name), [K_BOOL] = name##_boolean \
    }
#define TABLE_ROW(name, TYPES, ...) [KERNEL_##name] = TABLE_##TYPES(loop_##name),
#define SAME_ROW(name) [KERNEL_##name] = TABLE_FLOATING(loop_##name##_same)
#define BLOCK(name, TYPES) [BLOCK_##name] = TABLE_##TYPES(block_##name),

#define SPATIAL(TYPE)                                                                                             \
    {                                                                                                             \
        .unfold = unfold_##TYPE, .fold = fold_##TYPE, .correlate = correlate_##TYPE, .max_pool = max_pool_##TYPE, \
        .max_values = max_values_##TYPE, .avg_pool = avg_pool_##TYPE, .pick = pick_##TYPE, .put = put_##TYPE,     \
        .resample = resample_##TYPE,                                                                              \
    }
#define RECURRENT(TYPE)                                                                                              \
    {                                                                                                                \
        .rnn_step = rnn_step_##TYPE, .rnn_back = rnn_back_##TYPE, .lstm_step = lstm_step_##TYPE,                     \
        .lstm_back = lstm_back_##TYPE, .gru_step = gru_step_##TYPE, .gru_back = gru_back_##TYPE,                     \
        .add = add_rows_##TYPE                                                                                       \
    }
#define NORM(TYPE)                                                                                                   \
    {                                                                                                                \
        .sum = sum_of_##TYPE, .products = sum_of_products_##TYPE, .combine = combine_##TYPE, .row = norm_row_##TYPE, \
        .row_back = norm_row_back_##TYPE, .moments_across = moments_across_##TYPE,                                   \
        .products_across = products_across_##TYPE, .combine_across = combine_across_##TYPE,                          \
    }
#define WIDTHS(f)                                                                                              \
    {                                                                                                          \
        [K_UINT8] = f##_1, [K_INT8] = f##_1, [K_INT16] = f##_2, [K_INT32] = f##_4, [K_INT64] = f##_8,          \
        [K_FLOAT16] = f##_2, [K_FLOAT32] = f##_4, [K_FLOAT64] = f##_8, [K_BOOL] = f##_1, [K_BFLOAT16] = f##_2, \
    }
#define EACH_TYPE_AND_HALF(f)                                                                                \
    {                                                                                                        \
        [K_UINT8] = f##_uint8, [K_INT8] = f##_int8, [K_INT16] = f##_int16, [K_INT32] = f##_int32,            \
        [K_INT64] = f##_int64, [K_FLOAT32] = f##_float32, [K_FLOAT64] = f##_float64, [K_BOOL] = f##_boolean, \
        [K_FLOAT16] = f##_float16, [K_BFLOAT16] = f##_bfloat16,                                              \
    }

extern const cer_Kernels CER_NAME(cer_kernels, CER_ISA);

const cer_Kernels CER_NAME(cer_kernels, CER_ISA) = {
    .name = CER_STRING_OF(CER_ISA),
    .loop =
        {
#define LOOP1 TABLE_ROW
#define LOOP2 TABLE_ROW
#define LOOP3 TABLE_ROW
#include "ops/pointwise.def"
        },
    .same = {SAME_ROW(eq), SAME_ROW(ne), SAME_ROW(lt), SAME_ROW(le), SAME_ROW(gt), SAME_ROW(ge)},
    .cast =
        {
            [K_UINT8] = CAST_ROW(uint8),
            [K_INT8] = CAST_ROW(int8),
            [K_INT16] = CAST_ROW(int16),
            [K_INT32] = CAST_ROW(int32),
            [K_INT64] = CAST_ROW(int64),
            [K_FLOAT16] = CAST_ROW(float16),
            [K_FLOAT32] = CAST_ROW(float32),
            [K_FLOAT64] = CAST_ROW(float64),
            [K_BOOL] = CAST_ROW(boolean),
            [K_BFLOAT16] = CAST_ROW(bfloat16),
        },
    .copy = WIDTHS(copy_block),
    .fill =
        {
            [K_UINT8] = fill_uint8,
            [K_INT8] = fill_int8,
            [K_INT16] = fill_int16,
            [K_INT32] = fill_int32,
            [K_INT64] = fill_int64,
            [K_FLOAT32] = fill_float32,
            [K_FLOAT64] = fill_float64,
            [K_BOOL] = fill_boolean,
            [K_FLOAT16] = fill_half,
            [K_BFLOAT16] = fill_half,
        },
    .block =
        {
#include "ops/kernels/blocks.def"
        },
    .pick = WIDTHS(pick),
    .put =
        {
            [K_PUT] = WIDTHS(put),
            [K_PUT_ADD] = EACH_TYPE_AND_HALF(put_add),
            [K_PUT_MUL] = EACH_TYPE_AND_HALF(put_mul),
            [K_PUT_MAX] = EACH_TYPE_AND_HALF(put_max),
            [K_PUT_MIN] = EACH_TYPE_AND_HALF(put_min),
            [K_PUT_SCALED] = TABLE_NUMERIC(put_scaled),
        },
    .make_pairs = EACH_TYPE_AND_HALF(make_pairs),
    .first_pairs = EACH_TYPE_AND_HALF(first_pairs),
    .sort_pairs = sort_pairs,
    .write_sorted = WIDTHS(write_sorted),
    .search = TABLE_ALL(search),
    .member = TABLE_NUMERIC(member),
    .compress = WIDTHS(compress),
    .spread = WIDTHS(spread),
    .mask_count = mask_count,
    .mask_positions = mask_positions,
    .index_range = index_range,
    .index_count = index_count,
    .index_join = index_join,
    .gemm =
        {
            [K_UINT8] = gemm_uint8,
            [K_INT8] = gemm_int8,
            [K_INT16] = gemm_int16,
            [K_INT32] = gemm_int32,
            [K_INT64] = gemm_int64,
            [K_FLOAT32] = gemm_float32,
            [K_FLOAT64] = gemm_float64,
        },
    .spatial = {[K_FLOAT32] = SPATIAL(float32), [K_FLOAT64] = SPATIAL(float64)},
    .norm = {[K_FLOAT32] = NORM(float32), [K_FLOAT64] = NORM(float64)},
    .steps = {[K_FLOAT32] = steps_float32, [K_FLOAT64] = steps_float64},
    .recurrent = {[K_FLOAT32] = RECURRENT(float32), [K_FLOAT64] = RECURRENT(float64)},
};
