/* float32 exp, tanh, log and sigmoid in straight-line C, so that compilers vectorise the loops around them.
 * They work in double and round once: nearly always the correctly rounded result, the same on every instruction
 * set, and as close as one can come to the 1-ULP functions inside PyTorch. No branches: selects only. */
#ifndef CERILLA_VECTOR_MATH_H
#define CERILLA_VECTOR_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Real fused multiply-add where the instruction set has one; a libm call per element would be far too slow. */
#if defined(__FMA__) || defined(__aarch64__)
#define FUSED_FLOAT32(x, y, z) fmaf(x, y, z)
#define FUSED_FLOAT64(x, y, z) fma(x, y, z)
#else
#define FUSED_FLOAT32(x, y, z) ((x) * (y) + (z))
#define FUSED_FLOAT64(x, y, z) ((x) * (y) + (z))
#endif

static inline uint64_t double_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double double_from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* e^x = scale * (1 + p), scale a power of two, p accurate relative to itself (about 2e-13). |x| < 700 or NaN. */
static inline double exp_parts(double x, double *scale)
{
    const double round_to_integer = 0x1.8p52; /* adding it leaves the nearest integer in the low bits */
    const double shifted = FUSED_FLOAT64(x, 0x1.71547652b82fep+0, round_to_integer);
    const double k = shifted - round_to_integer;
    const double high = FUSED_FLOAT64(k, -0x1.62e42fefap-1, x); /* short constant: k * ln2 is exact without FMA too */
    const double r = FUSED_FLOAT64(k, -0x1.cf79abc9e3b39p-40, high);
    *scale = double_from_bits((double_bits(shifted) + 1023) << 52);
    /* (e^r - 1 - r) / r^2 for |r| <= ln2 / 2, in pairs: short chains matter for few elements. */
    const double square = r * r;
    const double q01 = FUSED_FLOAT64(0x1.5555555554f89p-3, r, 0x1.fffffffffe019p-2);
    const double q23 = FUSED_FLOAT64(0x1.11111117162acp-7, r, 0x1.55555565e487bp-5);
    const double q45 = FUSED_FLOAT64(0x1.a019c32395d4ep-13, r, 0x1.6c166b7b527ccp-10);
    const double q67 = FUSED_FLOAT64(0x1.72adbd823d94ap-19, r, 0x1.a137641712777p-16);
    const double q03 = FUSED_FLOAT64(q23, square, q01);
    const double q47 = FUSED_FLOAT64(q67, square, q45);
    const double q = FUSED_FLOAT64(q47, square * square, q03);
    return FUSED_FLOAT64(square, q, r);
}

static inline float exp_float32(float x)
{
    float limited = x > 89.0f ? 89.0f : x;           /* beyond: overflows anyway */
    limited = limited < -105.0f ? -105.0f : limited; /* beyond: rounds to zero anyway */
    double scale;
    const double p = exp_parts(limited, &scale);
    return (float)FUSED_FLOAT64(scale, p, scale);
}

/* With E = e^(2|x|) - 1, tanh |x| = E / (E + 2); no cancellation near zero because E is built from p. */
static inline float tanh_float32(float x)
{
    const float size = fabsf(x);
    const float limited = size > 10.0f ? 10.0f : size; /* tanh is 1 from 9.02 on */
    double scale;
    const double p = exp_parts(2.0 * (double)limited, &scale);
    const double e = FUSED_FLOAT64(scale, p, scale - 1.0);
    return copysignf((float)(e / (e + 2.0)), x);
}

/* The float steps of PyTorch, so that its bits come out (hence up to 2.5 ULP, and 0 below -88.7). */
static inline float sigmoid_float32(float x)
{
    return 1.0f / (1.0f + exp_float32(-x));
}

/* x = 2^e * m with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m - 1) / (m + 1). In double, a denormal
 * float is an ordinary number. */
static inline float log_float32(float x)
{
    const uint64_t bits = double_bits(x);
    const uint64_t sqrt_half = UINT64_C(0x3fe6a09e667f3bcd);
    const uint64_t biased = (bits - sqrt_half + (UINT64_C(1023) << 52)) >> 52; /* e + 1023 */
    const double m = double_from_bits(bits - (biased << 52) + (UINT64_C(1023) << 52));
    /* integer to double without a conversion instruction: 2^52 + biased, then subtract */
    const double e = double_from_bits(UINT64_C(0x4330000000000000) | biased) - (0x1p52 + 1023.0);
    const double s = (m - 1.0) / (m + 1.0);
    const double z = s * s;
    double q = 0x1.8cafc43b2cef4p-3;
    q = FUSED_FLOAT64(q, z, 0x1.c679026104935p-3);
    q = FUSED_FLOAT64(q, z, 0x1.2493279e4dc8ap-2);
    q = FUSED_FLOAT64(q, z, 0x1.999998c64d2a8p-2);
    q = FUSED_FLOAT64(q, z, 0x1.55555555655a6p-1);
    const double log_m = FUSED_FLOAT64(s * z, q, 2.0 * s);
    const float finite = (float)FUSED_FLOAT64(e, 0x1.62e42fefa39efp-1, log_m);
    const float positive = x < INFINITY ? finite : x; /* infinity and NaN stay */
    const float nonnegative = x == 0.0f ? -INFINITY : positive;
    return x < 0.0f ? NAN : nonnegative;
}

/* In double squares of floats are exact and do not overflow. Infinite if an operand is, NaN or not. */
static inline float hypot_float32(float x, float y)
{
    const double square = (double)x * (double)x, other = (double)y * (double)y;
    const float length = (float)sqrt(square + other);
    return fabsf(x) == INFINITY || fabsf(y) == INFINITY ? INFINITY : length;
}

#endif
