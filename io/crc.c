/* CRC-32 of zip archives. zlib's takes longer than all else of loading and saving; where the processor multiplies
 * without carry, 64 bytes at a time are folded into the remainder instead: Gopal et al., "Fast CRC computation for
 * generic polynomials using PCLMULQDQ", Intel 2009, the bits reflected. */
#include <zlib.h>

#include "io/file.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

enum { WIDE = 64, STEP = 16 };

/* x^n modulo the polynomial, for the distances that a fold bridges: four steps, one step, 64 bits; and for Barrett's
 * reduction */
static const uint64_t four[2] = {0x154442bd4, 0x1c6e41596}, one[2] = {0x1751997d0, 0x0ccaa009e};
static const uint64_t half[2] = {0x163cd6124, 0}, reduction[2] = {0x1db710641, 0x1f7011641};

#define TARGET __attribute__((target("pclmul,sse4.1")))

TARGET static inline __m128i constant(const uint64_t *k)
{
    return _mm_loadu_si128((const __m128i *)k);
}

TARGET static inline __m128i fold(__m128i x, __m128i k, __m128i next)
{
    __m128i low = _mm_clmulepi64_si128(x, k, 0x00), high = _mm_clmulepi64_si128(x, k, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

TARGET static inline __m128i at(const uint8_t *data, int i)
{
    return _mm_loadu_si128((const __m128i *)(data + i * STEP));
}

/* 128 bits become 32 */
TARGET static uint32_t reduce(__m128i x)
{
    const __m128i low = _mm_setr_epi32(~0, 0, ~0, 0);
    x = _mm_xor_si128(_mm_srli_si128(x, 8), _mm_clmulepi64_si128(x, constant(one), 0x10));
    x = _mm_xor_si128(_mm_srli_si128(x, 4), _mm_clmulepi64_si128(_mm_and_si128(x, low), constant(half), 0x00));
    __m128i q = _mm_clmulepi64_si128(_mm_and_si128(x, low), constant(reduction), 0x10);
    x = _mm_xor_si128(x, _mm_clmulepi64_si128(_mm_and_si128(q, low), constant(reduction), 0x00));
    return (uint32_t)_mm_extract_epi32(x, 1);
}

/* n: a multiple of 16, at least 64 */
TARGET static uint32_t folded(const uint8_t *data, size_t n)
{
    __m128i x[4], k = constant(four);
    for (int i = 0; i < 4; i++) x[i] = at(data, i);
    x[0] = _mm_xor_si128(x[0], _mm_cvtsi32_si128(~0));
    for (data += WIDE, n -= WIDE; n >= WIDE; data += WIDE, n -= WIDE)
        for (int i = 0; i < 4; i++) x[i] = fold(x[i], k, at(data, i));
    k = constant(one);
    for (int i = 1; i < 4; i++) x[0] = fold(x[0], k, x[i]);
    for (; n >= STEP; data += STEP, n -= STEP) x[0] = fold(x[0], k, at(data, 0));
    return ~reduce(x[0]);
}

uint32_t cer_crc32(const void *data, size_t n)
{
    size_t most = n / STEP * STEP;
    if (n < WIDE || !__builtin_cpu_supports("pclmul") || !__builtin_cpu_supports("sse4.1"))
        return (uint32_t)crc32_z(0, data, n);
    return (uint32_t)crc32_z(folded(data, most), (const uint8_t *)data + most, n - most);
}
#else
uint32_t cer_crc32(const void *data, size_t n)
{
    return (uint32_t)crc32_z(0, data, n);
}
#endif
