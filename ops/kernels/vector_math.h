/* Exponentials and logarithms in straight-line C, so that compilers vectorise the loops around them. Most float32 functions
 * work in double and round once: nearly always the correctly rounded result, the same on every instruction set, and
 * closer than the 1-ULP functions inside PyTorch. No branches: selects only. What is named ..._of takes and gives doubles
 * that are good to 30 bits or more, and is what other functions are built of; the caller keeps the argument in range.
 * Polynomials interpolate at Chebyshev nodes, their error relative to
 * the function stands behind them. */
#ifndef CERILLA_VECTOR_MATH_H
#define CERILLA_VECTOR_MATH_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A function inside a loop that shall be vectorised: one that is not inlined stops that, and compilers tire of inlining. */
#define CER_ALWAYS_INLINE inline __attribute__((always_inline))

/* Real fused multiply-add where the instruction set has one; a libm call per element would be far too slow. */
#if defined(__FMA__) || defined(__aarch64__)
#define FUSED_FLOAT32(x, y, z) fmaf(x, y, z)
#define FUSED_FLOAT64(x, y, z) fma(x, y, z)
#else
#define FUSED_FLOAT32(x, y, z) ((x) * (y) + (z))
#define FUSED_FLOAT64(x, y, z) ((x) * (y) + (z))
#endif

static CER_ALWAYS_INLINE uint64_t double_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static CER_ALWAYS_INLINE double double_from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* e^x = scale * (1 + p), scale a power of two, p accurate relative to itself (about 2e-13). |x| < 700 or NaN. */
static CER_ALWAYS_INLINE double exp_parts(double x, double *scale)
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
static CER_ALWAYS_INLINE double exp_of(double x)
{
    double scale;
    const double p = exp_parts(x, &scale);
    return FUSED_FLOAT64(scale, p, scale);
}

static CER_ALWAYS_INLINE double expm1_of(double x)
{
    double scale;
    const double p = exp_parts(x, &scale);
    return FUSED_FLOAT64(scale, p, scale - 1.0);
}

/* x in [low, high], NaN stays. Beyond -105 e^x is zero in float32 anyway, beyond 89 infinite. */
static CER_ALWAYS_INLINE double limited(double x, double low, double high)
{
    const double below = x > high ? high : x;
    return below < low ? low : below;
}

/* e^x for float32 in float, half the work of double: e^(x + more) = 2^k (1 + p), p = high + rest, |more| tiny. high is exact and
 * |rest| < 0.1. |x| < 2^21 or NaN. */
typedef struct ExpFloat {
    float high, rest;
    int32_t k;
} ExpFloat;

static CER_ALWAYS_INLINE float float_power_of_two(int32_t k) /* -126 <= k <= 127; 128 gives infinity, -127 gives 0 */
{
    const uint32_t bits = (uint32_t)(k + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

static CER_ALWAYS_INLINE ExpFloat exp_float_parts(float x, float more)
{
    const float shifted = FUSED_FLOAT32(x, 0x1.715476p+0f, 0x1.8p23f), k = shifted - 0x1.8p23f;
    const float high = FUSED_FLOAT32(k, -0x1.62e4p-1f, x), low = FUSED_FLOAT32(k, -0x1.7f7d1cp-20f, more),
                r = high + low;
    float q = 0x1.a124e4p-13f; /* (e^r - 1 - r) / r^2, 3e-9 */
    q = FUSED_FLOAT32(q, r, 0x1.6d4316p-10f);
    q = FUSED_FLOAT32(q, r, 0x1.1110e0p-7f);
    q = FUSED_FLOAT32(q, r, 0x1.5554eap-5f);
    q = FUSED_FLOAT32(q, r, 0x1.555556p-3f);
    q = FUSED_FLOAT32(q, r, 0.5f);
    int32_t bits; /* k stands in the low bits of shifted */
    memcpy(&bits, &shifted, sizeof bits);
    return (ExpFloat){.high = high, .rest = FUSED_FLOAT32(r * r, q, low), .k = bits - 0x4b400000};
}

static CER_ALWAYS_INLINE float limited_float(float x, float low, float high)
{
    const float below = x > high ? high : x;
    return below < low ? low : below;
}

/* In two steps, for neither 2^128 nor 2^-127 is an ordinary float. Nothing but the last addition rounds in the first 28 bits. */
static CER_ALWAYS_INLINE float exp_float_of(ExpFloat e)
{
    const float sum = 1.0f + e.high, rest = (e.high - (sum - 1.0f)) + e.rest;
    const int32_t half = e.k >> 1;
    return (sum + rest) * float_power_of_two(half) * float_power_of_two(e.k - half);
}

static CER_ALWAYS_INLINE float exp_float32(float x)
{
    return exp_float_of(exp_float_parts(limited_float(x, -105, 89), 0));
}

static CER_ALWAYS_INLINE float exp2_float32(float x)
{
    return (float)exp_of(limited(x, -152, 129) * 0x1.62e42fefa39efp-1);
}

/* Half of it, so that 2^k stays a float: (2^k - 1) / 2 + 2^(k-1) high + 2^(k-1) rest. */
static CER_ALWAYS_INLINE float expm1_float32(float x)
{
    const ExpFloat e = exp_float_parts(limited_float(x, -105, 89), 0);
    const float scale = float_power_of_two((e.k < -100 ? -100 : e.k) - 1), one = scale - 0.5f, more = scale * e.high;
    const float sum = one + more, rest = (more - (sum - one)) + scale * e.rest;
    return fabsf(x) < 0x1p-25f ? x : 2.0f * (sum + rest);
}

/* With E = e^|x| - 1: sinh |x| = (E + E / (E + 1)) / 2. */
static CER_ALWAYS_INLINE float sinh_float32(float x)
{
    const double e = expm1_of(limited(fabsf(x), 0, 90));
    return copysignf((float)(0.5 * (e + e / (e + 1.0))), x);
}

static CER_ALWAYS_INLINE float cosh_float32(float x)
{
    const double e = exp_of(limited(fabsf(x), 0, 90));
    return (float)(0.5 * (e + 1.0 / e));
}

/* With E = e^(2|x|) - 1, tanh |x| = E / (E + 2). It is 1 from 9.02 on. */
static CER_ALWAYS_INLINE float tanh_float32(float x)
{
    const double e = expm1_of(2.0 * limited(fabsf(x), 0, 10));
    return copysignf((float)(e / (e + 2.0)), x);
}

static CER_ALWAYS_INLINE double sigmoid_of(double x)
{
    return 1.0 / (1.0 + exp_of(-limited(x, -690, 690)));
}

/* 2^-32 (1 + e^-x): so that 2^k stays a float. Infinite from -110.6 down, where 1 / (1 + e^-x) is 0 and -infinity times that is
 * NaN, as in PyTorch. */
static CER_ALWAYS_INLINE float sigmoid_divisor(float x)
{
    const ExpFloat e = exp_float_parts(limited_float(-x, -40, 111), 0);
    const float scale = float_power_of_two(e.k - 32);
    return FUSED_FLOAT32(scale, e.high + e.rest, 0x1p-32f) + scale;
}

static CER_ALWAYS_INLINE float sigmoid_float32(float x)
{
    return 0x1p-32f * (1.0f / sigmoid_divisor(x)); /* this order: the quotient is an ordinary float */
}

/* log(1 + f) 2^e, that is, (1 + f) in [sqrt(1/2), sqrt(2)): log(1 + f) = 2 atanh(s), s = f / (2 + f). */
static CER_ALWAYS_INLINE double log_parts(double f, double e)
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
static CER_ALWAYS_INLINE double split_exponent(double x, double *e)
{
    const uint64_t bits = double_bits(x);
    const uint64_t sqrt_half = UINT64_C(0x3fe6a09e667f3bcd);
    const uint64_t biased = (bits - sqrt_half + (UINT64_C(1023) << 52)) >> 52; /* e + 1023 */
    *e = double_from_bits(UINT64_C(0x4330000000000000) | biased) - (0x1p52 + 1023.0);
    return double_from_bits(bits - (biased << 52) + (UINT64_C(1023) << 52)) - 1.0;
}

/* The natural logarithm with all that may happen: 0, negative, infinite, NaN. Denormal floats are ordinary doubles. */
static CER_ALWAYS_INLINE double log_of(double x)
{
    double e;
    const double f = split_exponent(x, &e);
    const double finite = log_parts(f, e);
    const double positive = x < (double)INFINITY ? finite : x; /* infinity and NaN stay */
    const double nonnegative = x == 0.0 ? (double)-INFINITY : positive;
    return x < 0.0 ? (double)NAN : nonnegative;
}

/* log(1 + x), x > -1 finite: where 1 + x is near 1, x itself is the fraction, which the sum has rounded. */
static CER_ALWAYS_INLINE double log1p_of(double x)
{
    double e;
    const double f = split_exponent(1.0 + x, &e);
    return log_parts(e == 0.0 ? x : f, e);
}

/* log(1 + x) for x in [0, 1], as log_parts. */
static CER_ALWAYS_INLINE double log1p_of_part(double x)
{
    const double s = x / (2.0 + x), z = s * s;
    double q = 0x1.a9e9fe0a9d68ep-3; /* 1e-11 */
    q = FUSED_FLOAT64(q, z, 0x1.65a05414bed65p-3);
    q = FUSED_FLOAT64(q, z, 0x1.c7fc77d4a9b50p-3);
    q = FUSED_FLOAT64(q, z, 0x1.248f5141a82d9p-2);
    q = FUSED_FLOAT64(q, z, 0x1.9999a0ea4284fp-2);
    q = FUSED_FLOAT64(q, z, 0x1.55555553e10fcp-1);
    return FUSED_FLOAT64(s * z, q, 2.0 * s);
}

/* log(1 + e^-x), x >= 0 or NaN. */
static CER_ALWAYS_INLINE double log1p_exp_minus(double x)
{
    return log1p_of_part(exp_of(x > 690 ? -690 : -x));
}

static CER_ALWAYS_INLINE float log_float32(float x)
{
    return (float)log_of(x);
}

static CER_ALWAYS_INLINE float log2_float32(float x)
{
    return (float)(log_of(x) * 0x1.71547652b82fep+0);
}

static CER_ALWAYS_INLINE float log10_float32(float x)
{
    return (float)(log_of(x) * 0x1.bcb7b1526e50ep-2);
}

static CER_ALWAYS_INLINE float log1p_float32(float x)
{
    const float finite = (float)log1p_of(x);
    const float above = x < INFINITY ? finite : x;
    const float from = x == -1.0f ? -INFINITY : above;
    const float within = x < -1.0f ? NAN : from;
    return x == 0.0f ? x : within;
}

/* asinh |x| = log1p(|x| + x^2 / (1 + sqrt(x^2 + 1))); the squares do not overflow in double. */
static CER_ALWAYS_INLINE float asinh_float32(float x)
{
    const double a = fabsf(x), square = a * a;
    const double finite = log1p_of(a + square / (1.0 + sqrt(square + 1.0)));
    return x - x == 0.0f ? copysignf((float)finite, x) : x;
}

/* With t = x - 1: acosh x = log1p(t + sqrt(t (t + 2))). */
static CER_ALWAYS_INLINE float acosh_float32(float x)
{
    const double t = (double)x - 1.0;
    const float finite = (float)log1p_of(t + sqrt(t * (t + 2.0)));
    const float above = x < INFINITY ? finite : x;
    return x < 1.0f ? NAN : above;
}

/* atanh |x| = log1p(2 |x| / (1 - |x|)) / 2. */
static CER_ALWAYS_INLINE float atanh_float32(float x)
{
    const double a = fabsf(x);
    const float within = (float)(0.5 * log1p_of(2.0 * a / (1.0 - a)));
    const float upto = a == 1.0 ? INFINITY : within;
    return a <= 1.0 ? copysignf(upto, x) : NAN;
}

/* log(e^x + e^y) = max + log(1 + e^-|x - y|); equal infinities have no difference. */
static CER_ALWAYS_INLINE double logaddexp_of(double x, double y, double unit)
{
    const double top = x > y ? x : y, apart = x == y ? 0.0 : fabs(x - y) * unit;
    return (x == x ? top : x) + log1p_exp_minus(apart) * (1.0 / unit);
}

static CER_ALWAYS_INLINE float logaddexp_float32(float x, float y)
{
    return (float)logaddexp_of(x, y, 1);
}

static CER_ALWAYS_INLINE float logaddexp2_float32(float x, float y)
{
    return (float)logaddexp_of(x, y, 0x1.62e42fefa39efp-1);
}

/* x^p in double for x >= 0 of float32, to 1e-9. The exponent of e is limited: what lies beyond is 0 or infinite. */
static CER_ALWAYS_INLINE double power_of(double x, double p)
{
    const double exponent = p * log_of(x), value = exp_of(limited(exponent, -690, 690));
    const double not_small = exponent < -690.0 ? 0.0 : value;
    return exponent > 690.0 ? (double)INFINITY : not_small;
}

/* x log(y), and 0 where x is 0, whatever y; only a NaN stays. */
static CER_ALWAYS_INLINE float xlogy_float32(float x, float y)
{
    const float product = (float)(x * log_of(y));
    return y != y ? y : x == 0.0f ? 0.0f : product;
}

static CER_ALWAYS_INLINE float xlog1py_float32(float x, float y)
{
    const float product = (float)(x * log_of(1.0 + (double)y)), small = (float)(x * log1p_of(y));
    return y != y ? y : x == 0.0f ? 0.0f : fabsf(y) < 0.25f ? small : product;
}

/* log(x / (1 - x)); x first brought into [eps, 1 - eps] unless eps is negative. */
static CER_ALWAYS_INLINE float logit_float32(float x, float eps)
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

/* The next number towards y: one step of the bits, which grow with the magnitude; from zero to the smallest of y's sign. */
#define NEXTAFTER_OF(T, I, least, name)                                          \
    static CER_ALWAYS_INLINE T name(T x, T y)                                    \
    {                                                                            \
        I bits, sign;                                                            \
        T next, smallest = (T)(least);                                           \
        memcpy(&bits, &x, sizeof x);                                             \
        memcpy(&sign, &y, sizeof y);                                             \
        bits += (x > 0) == (x < y) ? 1 : -1; /* away from zero, or towards it */ \
        memcpy(&next, &bits, sizeof next);                                       \
        next = x == 0 ? sign < 0 ? -smallest : smallest : next;                  \
        next = x == y ? y : next;                                                \
        return x != x || y != y ? x + y : next;                                  \
    }
NEXTAFTER_OF(float, int32_t, 1.401298464324817e-45, nextafter_float32)
NEXTAFTER_OF(double, int64_t, 4.9406564584124654e-324, nextafter_float64)

/* In double squares of floats are exact and do not overflow. Infinite if an operand is, NaN or not. */
static CER_ALWAYS_INLINE float hypot_float32(float x, float y)
{
    const double square = (double)x * (double)x, other = (double)y * (double)y;
    const float length = (float)sqrt(square + other);
    return fabsf(x) == INFINITY || fabsf(y) == INFINITY ? INFINITY : length;
}

#endif
