/* Activations and their slopes, as in vector_math.h: straight-line, float32 in float where PyTorch is no closer, or by way of
 * double; float64 from libm. */
#ifndef CERILLA_ACTIVATION_H
#define CERILLA_ACTIVATION_H

#include "ops/kernels/special.h"

/* 1 / (1 + e^-x) that reaches 0, so that -infinity times it is NaN, as in PyTorch. */
static CER_ALWAYS_INLINE double sigmoid_to_zero(double x)
{
    return x < -300.0 ? 0.0 : sigmoid_of(x);
}

static CER_ALWAYS_INLINE float silu_float32(float x)
{
    const float value = x / sigmoid_divisor(x) * 0x1p-32f; /* may overflow, but not below 2^60 */
    return x > 0x1p60f ? x : value;
}

/* s + x s (1 - s) */
static CER_ALWAYS_INLINE float silu_slope_float32(float x)
{
    const float s = sigmoid_float32(x);
    return FUSED_FLOAT32(s * x, 1.0f - s, s);
}

/* With e = e^x: tanh(log(1 + e)) = n / (n + 2), n = e (e + 2). */
static CER_ALWAYS_INLINE double mish_gate(double x, double *e)
{
    const double value = exp_of(limited(x, -690, 40));
    *e = x < -300.0 ? 0.0 : value;
    const double n = *e * (*e + 2.0);
    return n / (n + 2.0);
}

static CER_ALWAYS_INLINE float mish_float32(float x)
{
    double e;
    const double gate = mish_gate(x, &e);
    return (float)(x * gate);
}

/* t + x (1 - t^2) sigmoid(x) */
static CER_ALWAYS_INLINE float mish_slope_float32(float x)
{
    double e;
    const double gate = mish_gate(x, &e);
    return (float)(gate + x * (1.0 - gate * gate) * (e / (1.0 + e)));
}

/* P(X > s) of a standard normal X, s >= 0, is 2^k (1 + p) ratio: the exponential e^(-s^2 / 2), its argument in two parts, times a
 * ratio of polynomials. Everything in float: to 6 units in the last place where PyTorch's own, made of 1 + erf, has no digit
 * left. From 13.24 on, where 2^k is no float, 0. */
typedef struct NormalTail {
    float s, ratio, p, scale;
} NormalTail;

static CER_ALWAYS_INLINE NormalTail normal_tail(float x)
{
    const float size = fabsf(x), s = size > 13.25f ? 13.25f : size;
#if defined(__FMA__) || defined(__aarch64__)
    const float square = s * s, rest = FUSED_FLOAT32(s, s, -square);
#else
    uint32_t bits; /* 12 of them, whose square is exact */
    float upper;
    memcpy(&bits, &s, sizeof bits);
    bits &= 0xfffff000;
    memcpy(&upper, &bits, sizeof upper);
    const float square = upper * upper, rest = (s - upper) * (s + upper);
#endif
    const ExpFloat e = exp_float_parts(-0.5f * square, -0.5f * rest);
    float over = 0x1.030466p-8f, under = 0x1.449ff6p-7f; /* 1e-8 */
    over = FUSED_FLOAT32(over, s, 0x1.43eeb4p-5f);
    over = FUSED_FLOAT32(over, s, 0x1.70aefep-3f);
    over = FUSED_FLOAT32(over, s, 0x1.bc67e6p-2f);
    over = FUSED_FLOAT32(over, s, 0.5f);
    under = FUSED_FLOAT32(under, s, 0x1.96056ep-4f);
    under = FUSED_FLOAT32(under, s, 0x1.d80b10p-2f);
    under = FUSED_FLOAT32(under, s, 0x1.306fe4p+0f);
    under = FUSED_FLOAT32(under, s, 0x1.aa7620p+0f);
    under = FUSED_FLOAT32(under, s, 1.0f);
    return (NormalTail){.s = s, .ratio = over / under, .p = e.high + e.rest, .scale = float_power_of_two(e.k)};
}

/* x P(X < x): x - s P(X > s) to the right, -s P(X > s) to the left; -infinity gives NaN, as in PyTorch. */
static CER_ALWAYS_INLINE float gelu_float32(float x)
{
    const NormalTail t = normal_tail(x);
    return FUSED_FLOAT32(-(t.s * t.scale), FUSED_FLOAT32(t.ratio, t.p, t.ratio), x < 0.0f ? x * 0.0f : x);
}

/* P(X < x) + x e^(-x^2 / 2) / sqrt(2 pi); infinities give NaN. */
static CER_ALWAYS_INLINE float gelu_slope_float32(float x)
{
    const NormalTail t = normal_tail(x);
    const float without_exp = FUSED_FLOAT32(t.s, -0x1.988454p-2f, t.ratio);
    const float left = FUSED_FLOAT32(without_exp, t.p, without_exp) * t.scale;
    return FUSED_FLOAT32(x, 0.0f, x < 0.0f ? left : 1.0f - left);
}

/* (1 + tanh(u)) / 2 = sigmoid(2 u) with u = sqrt(2 / pi) (x + 0.044715 x^3) */
static CER_ALWAYS_INLINE float gelu_tanh_float32(float x)
{
    const double v = 0x1.9884533d43651p+0 * x * (1.0 + 0.044715 * x * x);
    return (float)(x * sigmoid_to_zero(v));
}

static CER_ALWAYS_INLINE float gelu_tanh_slope_float32(float x)
{
    const double v = 0x1.9884533d43651p+0 * x * (1.0 + 0.044715 * x * x), s = sigmoid_to_zero(v);
    const double v_slope = 0x1.9884533d43651p+0 * (1.0 + 3.0 * 0.044715 * x * x);
    return (float)(s * (1.0 + x * (1.0 - s) * v_slope));
}

/* log(1 + e^(beta x)) / beta, and x itself where beta x is beyond the threshold. */
static CER_ALWAYS_INLINE float softplus_float32(float x, float beta, float threshold)
{
    const double z = x * (double)beta, value = ((z > 0.0 ? z : 0.0) + log1p_exp_minus(fabs(z))) / beta;
    return x * beta > threshold || x != x ? x : (float)value;
}

static CER_ALWAYS_INLINE float log_sigmoid_float32(float x)
{
    return (float)((x > 0.0f ? 0.0 : x) - log1p_exp_minus(fabsf(x)));
}

/* ---- float64 ----------------------------------------------------------------------------------------------------- */

static CER_ALWAYS_INLINE double exp_float64(double x)
{
    return exp(x);
}

static CER_ALWAYS_INLINE double sigmoid_float64(double x)
{
    return 1 / (1 + exp(-x));
}

static CER_ALWAYS_INLINE double sinc_float64(double x)
{
    const double angle = 0x1.921fb54442d18p+1 * x;
    return x == 0 ? 1 : sin(angle) / angle;
}

static CER_ALWAYS_INLINE double logaddexp_float64(double x, double y)
{
    return x == y ? x + 0x1.62e42fefa39efp-1 : (x > y ? x : y) + log1p(exp(-fabs(x - y)));
}

static CER_ALWAYS_INLINE double logaddexp2_float64(double x, double y)
{
    return x == y ? x + 1 : (x > y ? x : y) + log1p(exp2(-fabs(x - y))) * 0x1.71547652b82fep+0;
}

static CER_ALWAYS_INLINE double xlogy_float64(double x, double y)
{
    return y != y ? y : x == 0 ? 0 : x * log(y);
}

static CER_ALWAYS_INLINE double xlog1py_float64(double x, double y)
{
    return y != y ? y : x == 0 ? 0 : x * log1p(y);
}

static CER_ALWAYS_INLINE double logit_float64(double x, double eps)
{
    const double z = eps < 0 ? x : x < eps ? eps : x > 1 - eps ? 1 - eps : x;
    return log(z / (1 - z));
}

static CER_ALWAYS_INLINE double silu_float64(double x)
{
    return x / (1 + exp(-x));
}

static CER_ALWAYS_INLINE double silu_slope_float64(double x)
{
    const double s = sigmoid_float64(x);
    return s * (1 + x * (1 - s));
}

static CER_ALWAYS_INLINE double mish_float64(double x)
{
    return x * tanh(log1p(exp(x)));
}

static CER_ALWAYS_INLINE double mish_slope_float64(double x)
{
    const double gate = tanh(log1p(exp(x)));
    return gate + x * sigmoid_float64(x) * (1 - gate * gate);
}

static CER_ALWAYS_INLINE double gelu_float64(double x)
{
    return x * 0.5 * erfc(-x * 0x1.6a09e667f3bcdp-1);
}

static CER_ALWAYS_INLINE double gelu_slope_float64(double x)
{
    return 0.5 * erfc(-x * 0x1.6a09e667f3bcdp-1) + x * 0x1.9884533d43651p-2 * exp(-0.5 * x * x);
}

static CER_ALWAYS_INLINE double gelu_tanh_float64(double x)
{
    return x * sigmoid_float64(0x1.9884533d43651p+0 * x * (1 + 0.044715 * x * x));
}

static CER_ALWAYS_INLINE double gelu_tanh_slope_float64(double x)
{
    const double s = sigmoid_float64(0x1.9884533d43651p+0 * x * (1 + 0.044715 * x * x));
    return s * (1 + x * (1 - s) * 0x1.9884533d43651p+0 * (1 + 3 * 0.044715 * x * x));
}

static CER_ALWAYS_INLINE double softplus_float64(double x, double beta, double threshold)
{
    return x * beta > threshold ? x : log1p(exp(x * beta)) / beta;
}

static CER_ALWAYS_INLINE double log_sigmoid_float64(double x)
{
    return (x < 0 ? x : 0) - log1p(exp(-fabs(x)));
}

/* The names of libm, for MATH(sin). */
#define FROM_LIBM(name)                                      \
    static CER_ALWAYS_INLINE double name##_float64(double x) \
    {                                                        \
        return name(x);                                      \
    }
FROM_LIBM(exp2)
FROM_LIBM(expm1)
FROM_LIBM(log)
FROM_LIBM(log2)
FROM_LIBM(log10)
FROM_LIBM(log1p)
FROM_LIBM(sinh)
FROM_LIBM(cosh)
FROM_LIBM(tanh)
FROM_LIBM(asinh)
FROM_LIBM(acosh)
FROM_LIBM(atanh)
FROM_LIBM(asin)
FROM_LIBM(acos)
FROM_LIBM(atan)
FROM_LIBM(erf)
FROM_LIBM(erfc)
#undef FROM_LIBM

static CER_ALWAYS_INLINE double sin_float64(double x, int far)
{
    return (void)far, sin(x);
}

static CER_ALWAYS_INLINE double cos_float64(double x, int far)
{
    return (void)far, cos(x);
}

static CER_ALWAYS_INLINE double tan_float64(double x, int far)
{
    return (void)far, tan(x);
}

static CER_ALWAYS_INLINE double atan2_float64(double y, double x)
{
    return atan2(y, x);
}

#endif
