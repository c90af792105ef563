/* The few vector operations that C cannot express: a fused multiply-add of whole vectors, loads and stores of part of one,
 * the larger of two (the second where one is NaN), and conversions for which there are instructions. The only place with
 * intrinsics. */
#ifndef CERILLA_VECTORS_H
#define CERILLA_VECTORS_H

#include "ops/kernels/vector_math.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#define CER_VECTOR_BYTES 64
#define CER_TILE_ROWS 8
#define CER_PARTIAL_VECTORS 1
typedef __m512 vector_float32;
typedef __m512d vector_float64;
#define MULTIPLY_ADD32(x, y, z) _mm512_fmadd_ps(x, y, z)
#define MULTIPLY_ADD64(x, y, z) _mm512_fmadd_pd(x, y, z)
#define LOAD_PART32(p, lanes) _mm512_maskz_loadu_ps((__mmask16)((1u << (lanes)) - 1), p)
#define LOAD_PART64(p, lanes) _mm512_maskz_loadu_pd((__mmask8)((1u << (lanes)) - 1), p)
#define STORE_PART32(p, x, lanes) _mm512_mask_storeu_ps(p, (__mmask16)((1u << (lanes)) - 1), x)
#define STORE_PART64(p, x, lanes) _mm512_mask_storeu_pd(p, (__mmask8)((1u << (lanes)) - 1), x)
#define LARGER32(x, y) _mm512_max_ps(x, y)
#define LARGER64(x, y) _mm512_max_pd(x, y)
#define SMALLER32(x, y) _mm512_min_ps(x, y)
#define SMALLER64(x, y) _mm512_min_pd(x, y)
#define UNORDERED32(x, y) _mm512_movm_epi32(_mm512_cmp_ps_mask(x, y, _CMP_UNORD_Q))
#define UNORDERED64(x, y) _mm512_movm_epi64(_mm512_cmp_pd_mask(x, y, _CMP_UNORD_Q))

#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define CER_VECTOR_BYTES 32
#define CER_TILE_ROWS 6
#define CER_PARTIAL_VECTORS 1
typedef __m256 vector_float32;
typedef __m256d vector_float64;
/* The first `lanes` lanes: compare lane numbers with the count. */
#define MASK32(lanes) _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(lanes)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
#define MASK64(lanes) _mm256_cmpgt_epi64(_mm256_set1_epi64x(lanes), _mm256_setr_epi64x(0, 1, 2, 3))
#define MULTIPLY_ADD32(x, y, z) _mm256_fmadd_ps(x, y, z)
#define MULTIPLY_ADD64(x, y, z) _mm256_fmadd_pd(x, y, z)
#define LOAD_PART32(p, lanes) _mm256_maskload_ps(p, MASK32(lanes))
#define LOAD_PART64(p, lanes) _mm256_maskload_pd(p, MASK64(lanes))
#define STORE_PART32(p, x, lanes) _mm256_maskstore_ps(p, MASK32(lanes), x)
#define STORE_PART64(p, x, lanes) _mm256_maskstore_pd(p, MASK64(lanes), x)
#define LARGER32(x, y) _mm256_max_ps(x, y)
#define LARGER64(x, y) _mm256_max_pd(x, y)
#define SMALLER32(x, y) _mm256_min_ps(x, y)
#define SMALLER64(x, y) _mm256_min_pd(x, y)
#define UNORDERED32(x, y) _mm256_cmp_ps(x, y, _CMP_UNORD_Q)
#define UNORDERED64(x, y) _mm256_cmp_pd(x, y, _CMP_UNORD_Q)

#else
#define CER_VECTOR_BYTES 16
#define CER_TILE_ROWS 4
#define CER_PARTIAL_VECTORS 0
typedef float vector_float32 __attribute__((vector_size(16)));
typedef double vector_float64 __attribute__((vector_size(16)));
#endif

typedef int64_t vector_mask __attribute__((vector_size(CER_VECTOR_BYTES))); /* what a comparison gives; ints for both */

#ifdef MULTIPLY_ADD32
#define VECTOR_OPERATIONS(TYPE, T, V, bits)                        \
    static inline V multiply_add_##TYPE(V x, V y, V z)             \
    {                                                              \
        return MULTIPLY_ADD##bits(x, y, z);                        \
    }                                                              \
    static inline V load_part_##TYPE(const T *p, int64_t lanes)    \
    {                                                              \
        return LOAD_PART##bits(p, lanes);                          \
    }                                                              \
    static inline void store_part_##TYPE(T *p, V x, int64_t lanes) \
    {                                                              \
        STORE_PART##bits(p, x, lanes);                             \
    }                                                              \
    static inline V larger_##TYPE(V x, V y)                        \
    {                                                              \
        return LARGER##bits(x, y);                                 \
    }                                                              \
    static inline V smaller_##TYPE(V x, V y)                       \
    {                                                              \
        return SMALLER##bits(x, y);                                \
    }                                                              \
    static inline vector_mask unordered_##TYPE(V x, V y)           \
    {                                                              \
        return (vector_mask)UNORDERED##bits(x, y);                 \
    }                                                              \
    SPREAD(TYPE, T, V)
#else
#define VECTOR_OPERATIONS(TYPE, T, V, bits)                              \
    static inline V multiply_add_##TYPE(V x, V y, V z)                   \
    {                                                                    \
        for (int lane = 0; lane < (int)(sizeof x / sizeof x[0]); ++lane) \
            z[lane] = FUSED_FLOAT##bits(x[lane], y[lane], z[lane]);      \
        return z;                                                        \
    }                                                                    \
    static inline V load_part_##TYPE(const T *p, int64_t lanes)          \
    {                                                                    \
        V x = {0};                                                       \
        for (int64_t lane = 0; lane < lanes; ++lane) x[lane] = p[lane];  \
        return x;                                                        \
    }                                                                    \
    static inline void store_part_##TYPE(T *p, V x, int64_t lanes)       \
    {                                                                    \
        for (int64_t lane = 0; lane < lanes; ++lane) p[lane] = x[lane];  \
    }                                                                    \
    static inline V larger_##TYPE(V x, V y)                              \
    {                                                                    \
        const vector_mask pick = (vector_mask)(x > y);                   \
        return (V)((pick & (vector_mask)x) | (~pick & (vector_mask)y));  \
    }                                                                    \
    static inline V smaller_##TYPE(V x, V y)                             \
    {                                                                    \
        const vector_mask pick = (vector_mask)(x < y);                   \
        return (V)((pick & (vector_mask)x) | (~pick & (vector_mask)y));  \
    }                                                                    \
    static inline vector_mask unordered_##TYPE(V x, V y)                 \
    {                                                                    \
        return (vector_mask)((x != x) | (y != y));                       \
    }                                                                    \
    SPREAD(TYPE, T, V)
#endif

/* One number in every lane. (x - {0}, not {0} + x: keeps -0.) */
#define SPREAD(TYPE, T, V)             \
    static inline V spread_##TYPE(T x) \
    {                                  \
        const V zero = {0};            \
        return x - zero;               \
    }

VECTOR_OPERATIONS(float32, float, vector_float32, 32)
VECTOR_OPERATIONS(float64, double, vector_float64, 64)

/* ---- conversions ----------------------------------------------------------------------------------------------------
 * Truncation to int64 as x86 has it: what does not fit becomes the smallest. Where it vectorises in C (AVX-512), C is faster. */
#if defined(__x86_64__) && !defined(__AVX512DQ__)
#include <immintrin.h>
#define CER_TRUNCATES 1
static inline int64_t truncate_float(float x)
{
    return _mm_cvttss_si64(_mm_set_ss(x));
}
static inline int64_t truncate_double(double x)
{
    return _mm_cvttsd_si64(_mm_set_sd(x));
}
#endif

/* Eight numbers to and from float16; a NaN keeps the upper bits of its payload. */
#ifdef __F16C__
#define CER_HALF_VECTORS 1
static inline void float16_from_eight(uint16_t *out, const float *in)
{
    _mm_storeu_si128((__m128i *)(void *)out,
                     _mm256_cvtps_ph(_mm256_loadu_ps(in), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
static inline void eight_from_float16(float *out, const uint16_t *in)
{
    _mm256_storeu_ps(out, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)in)));
}
#else
#define CER_HALF_VECTORS 0
static inline void float16_from_eight(uint16_t *out, const float *in)
{
    (void)out, (void)in;
}
static inline void eight_from_float16(float *out, const uint16_t *in)
{
    (void)out, (void)in;
}
#endif

/* Squares for turning a matrix: 4 x 4 floats, 2 x 2 doubles, rows `out_row` and `in_row` elements apart. */
#define CER_SQUARE_float32 4
#define CER_SQUARE_float64 2
#define CER_SQUARE(TYPE) CER_NAME(CER_SQUARE, TYPE)

static inline void transpose_float32(float *out, int64_t out_row, const float *in, int64_t in_row)
{
#if defined(__has_builtin) && __has_builtin(__builtin_shufflevector)
    typedef float Four __attribute__((vector_size(16)));
    Four row[4], column[4];
    for (int i = 0; i < 4; ++i) memcpy(&row[i], in + i * in_row, sizeof row[i]);
    const Four low01 = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
    const Four low23 = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
    const Four high01 = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
    const Four high23 = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
    column[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
    column[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
    column[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
    column[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
    for (int i = 0; i < 4; ++i) memcpy(out + i * out_row, &column[i], sizeof column[i]);
#else
    for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j) out[i * out_row + j] = in[j * in_row + i];
#endif
}

static inline void transpose_float64(double *out, int64_t out_row, const double *in, int64_t in_row)
{
    for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 2; ++j) out[i * out_row + j] = in[j * in_row + i];
}

#endif
