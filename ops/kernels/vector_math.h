/* Exponentials and logarithms in straight-line C, so that compilers vectorise the loops around them. The float32 functions
 * work in double and round once: nearly always the correctly rounded result, the same on every instruction set, and
 * closer than the 1-ULP functions inside PyTorch. No branches: selects only. What is named ..._of takes and gives doubles
 * good to about 30 bits more than a float's 24 less a few, is the step from which other functions are built, and limits
 * nothing: the caller keeps the argument in range. Polynomials interpolate at Chebyshev nodes, their error relative to
 * the function stands behind them. */
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

/* e^x and e^x - 1 for |x| < 700 or NaN; the second without cancellation near zero, because it is built from p. */
static inline double exp_of(double x)
{
    double scale;
    const double p = exp_parts(x, &scale);
    return FUSED_FLOAT64(scale, p, scale);
}

static inline double expm1_of(double x)
{
    double scale;
    const double p = exp_parts(x, &scale);
    return FUSED_FLOAT64(scale, p, scale - 1.0);
}

/* x in [low, high], NaN stays. Beyond -105 e^x is zero in float32 anyway, beyond 89 infinite. */
static inline double limited(double x, double low, double high)
{
    const double below = x > high ? high : x;
    return below < low ? low : below;
}

static inline float exp_float32(float x)
{
    return (float)exp_of(limited(x, -105, 89));
}

static inline float exp2_float32(float x)
{
    return (float)exp_of(limited(x, -152, 129) * 0x1.62e42fefa39efp-1);
}

static inline float expm1_float32(float x)
{
    return x == 0.0f ? x : (float)expm1_of(limited(x, -105, 89));
}

/* With E = e^|x| - 1: sinh |x| = (E + E / (E + 1)) / 2. */
static inline float sinh_float32(float x)
{
    const double e = expm1_of(limited(fabsf(x), 0, 90));
    return copysignf((float)(0.5 * (e + e / (e + 1.0))), x);
}

static inline float cosh_float32(float x)
{
    const double e = exp_of(limited(fabsf(x), 0, 90));
    return (float)(0.5 * (e + 1.0 / e));
}

/* With E = e^(2|x|) - 1, tanh |x| = E / (E + 2). It is 1 from 9.02 on. */
static inline float tanh_float32(float x)
{
    const double e = expm1_of(2.0 * limited(fabsf(x), 0, 10));
    return copysignf((float)(e / (e + 2.0)), x);
}

static inline double sigmoid_of(double x)
{
    return 1.0 / (1.0 + exp_of(-limited(x, -690, 690)));
}

static inline float sigmoid_float32(float x)
{
    return (float)sigmoid_of(x);
}

/* log(1 + f) 2^e, that is, (1 + f) in [sqrt(1/2), sqrt(2)): log(1 + f) = 2 atanh(s), s = f / (2 + f). */
static inline double log_parts(double f, double e)
{
    const double s = f / (2.0 + f);
    const double z = s * s;
    double q = 0x1.8cafc43b2cef4p-3;
    q = FUSED_FLOAT64(q, z, 0x1.c679026104935p-3);
    q = FUSED_FLOAT64(q, z, 0x1.2493279e4dc8ap-2);
    q = FUSED_FLOAT64(q, z, 0x1.999998c64d2a8p-2);
    q = FUSED_FLOAT64(q, z, 0x1.55555555655a6p-1);
    const double log_m = FUSED_FLOAT64(s * z, q, 2.0 * s);
    return FUSED_FLOAT64(e, 0x1.62e42fefa39efp-1, log_m);
}

/* x = 2^e (1 + f), for positive normal x. To double without a conversion instruction: 2^52 + biased, then subtract. */
static inline double split_exponent(double x, double *e)
{
    const uint64_t bits = double_bits(x);
    const uint64_t sqrt_half = UINT64_C(0x3fe6a09e667f3bcd);
    const uint64_t biased = (bits - sqrt_half + (UINT64_C(1023) << 52)) >> 52; /* e + 1023 */
    *e = double_from_bits(UINT64_C(0x4330000000000000) | biased) - (0x1p52 + 1023.0);
    return double_from_bits(bits - (biased << 52) + (UINT64_C(1023) << 52)) - 1.0;
}

/* The natural logarithm with all that may happen: 0, negative, infinite, NaN. Denormal floats are ordinary doubles. */
static inline double log_of(double x)
{
    double e;
    const double f = split_exponent(x, &e);
    const double finite = log_parts(f, e);
    const double positive = x < (double)INFINITY ? finite : x; /* infinity and NaN stay */
    const double nonnegative = x == 0.0 ? (double)-INFINITY : positive;
    return x < 0.0 ? (double)NAN : nonnegative;
}

/* log(1 + x), x > -1 finite: where 1 + x is near 1, x itself is the fraction, which the sum has rounded. */
static inline double log1p_of(double x)
{
    double e;
    const double f = split_exponent(1.0 + x, &e);
    return log_parts(e == 0.0 ? x : f, e);
}

static inline float log_float32(float x)
{
    return (float)log_of(x);
}

static inline float log2_float32(float x)
{
    return (float)(log_of(x) * 0x1.71547652b82fep+0);
}

static inline float log10_float32(float x)
{
    return (float)(log_of(x) * 0x1.bcb7b1526e50ep-2);
}

static inline float log1p_float32(float x)
{
    const float finite = (float)log1p_of(x);
    const float above = x < INFINITY ? finite : x;
    const float from = x == -1.0f ? -INFINITY : above;
    const float within = x < -1.0f ? NAN : from;
    return x == 0.0f ? x : within;
}

/* asinh |x| = log1p(|x| + x^2 / (1 + sqrt(x^2 + 1))); the squares do not overflow in double. */
static inline float asinh_float32(float x)
{
    const double a = fabsf(x), square = a * a;
    const double finite = log1p_of(a + square / (1.0 + sqrt(square + 1.0)));
    return x - x == 0.0f ? copysignf((float)finite, x) : x;
}

/* With t = x - 1: acosh x = log1p(t + sqrt(t (t + 2))). */
static inline float acosh_float32(float x)
{
    const double t = (double)x - 1.0;
    const float finite = (float)log1p_of(t + sqrt(t * (t + 2.0)));
    const float above = x < INFINITY ? finite : x;
    return x < 1.0f ? NAN : above;
}

/* atanh |x| = log1p(2 |x| / (1 - |x|)) / 2. */
static inline float atanh_float32(float x)
{
    const double a = fabsf(x);
    const float within = (float)(0.5 * log1p_of(2.0 * a / (1.0 - a)));
    const float upto = a == 1.0 ? INFINITY : within;
    return a <= 1.0 ? copysignf(upto, x) : NAN;
}

/* log(e^x + e^y) = max + log1p(e^-|x - y|); equal infinities have no difference. */
static inline double logaddexp_of(double x, double y, double unit)
{
    const double top = x > y ? x : y, apart = x == y ? 0.0 : fabs(x - y) * unit;
    const double more = log1p_of(exp_of(-limited(apart, 0, 690))) / unit;
    return apart == apart ? top + more : apart;
}

static inline float logaddexp_float32(float x, float y)
{
    return (float)logaddexp_of(x, y, 1);
}

static inline float logaddexp2_float32(float x, float y)
{
    return (float)logaddexp_of(x, y, 0x1.62e42fefa39efp-1);
}

/* x log(y), and 0 where x is 0, whatever y; only a NaN stays. */
static inline float xlogy_float32(float x, float y)
{
    const float product = (float)(x * log_of(y));
    return y != y ? y : x == 0.0f ? 0.0f : product;
}

static inline float xlog1py_float32(float x, float y)
{
    const float product = (float)(x * log_of(1.0 + (double)y)), small = (float)(x * log1p_of(y));
    return y != y ? y : x == 0.0f ? 0.0f : fabsf(y) < 0.25f ? small : product;
}

/* log(x / (1 - x)); x first brought into [eps, 1 - eps] unless eps is negative. */
static inline float logit_float32(float x, float eps)
{
    const float high = 1.0f - eps, low = x < eps ? eps : x;
    const double z = eps < 0.0f ? x : low > high ? high : low;
    return (float)log_of(z / (1.0 - z));
}

/* fmod, where the quotient is below 2^28: in double that quotient, cut off, and its product with y are exact. */
static inline float modulo_float32(float x, float y)
{
    const double quotient = trunc((double)x / (double)y);
    return copysignf((float)((double)x - quotient * (double)y), x);
}

/* Is that not so? Also for infinities, NaN and division by zero. */
static inline int extreme_quotient(float x, float y)
{
    return !((fabsf(x) < fabsf(y) * 0x1p28f) & (fabsf(y) < INFINITY));
}

/* In double squares of floats are exact and do not overflow. Infinite if an operand is, NaN or not. */
static inline float hypot_float32(float x, float y)
{
    const double square = (double)x * (double)x, other = (double)y * (double)y;
    const float length = (float)sqrt(square + other);
    return fabsf(x) == INFINITY || fabsf(y) == INFINITY ? INFINITY : length;
}

#endif
