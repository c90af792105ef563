/* float16 and bfloat16 to and from float32, in integer arithmetic that vectorises. Rounds to nearest even. */
#ifndef CERILLA_HALF_H
#define CERILLA_HALF_H

#include <stdint.h>
#include <string.h>

static inline uint32_t float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float float_from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint16_t float16_from_float(float x)
{
    const uint32_t bits = float_bits(x), size = bits & 0x7fffffff;
    /* Normal results: move the exponent bias from 127 to 15, round away 13 bits. A carry into infinity is right. */
    const uint32_t rounded = (size - (112u << 23) + 0xfff + (size >> 13 & 1)) >> 13;
    const uint32_t normal = rounded > 0x7c00 ? 0x7c00 : rounded;
    /* Denormal results: the last bit of a number just above 0.5 weighs 2^-24, as that of a denormal half does. */
    const uint32_t denormal = float_bits(float_from_bits(size) + 0.5f) - 0x3f000000;
    const uint32_t finite = size < 0x38800000 ? denormal : size >= 0x47800000 ? 0x7c00 : normal;
    const uint32_t result = size > 0x7f800000 ? 0x7e00 | (size >> 13 & 0x3ff) : finite; /* quiet, as the CPUs have it */
    return (uint16_t)(result | (bits >> 16 & 0x8000));
}

static inline float float_from_float16(uint16_t half)
{
    const uint32_t size = half & 0x7fff, sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t normal = (size << 13) + (112u << 23);
    const uint32_t denormal = float_bits(float_from_bits(0x3f000000 | size) - 0.5f);
    const uint32_t finite = size < 0x400 ? denormal : normal;
    const uint32_t quiet = size > 0x7c00 ? 0x00400000 : 0;
    return float_from_bits((size >= 0x7c00 ? (size << 13) | 0x7f800000 | quiet : finite) | sign);
}

static inline uint16_t bfloat16_from_float(float x)
{
    const uint32_t bits = float_bits(x);
    const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return (uint16_t)(x != x ? 0x7fc0 : rounded);
}

static inline float float_from_bfloat16(uint16_t half)
{
    return float_from_bits((uint32_t)half << 16);
}

#endif
