/* The error function, the gamma function, Bessel functions and their kin. float32 as in vector_math.h, float64 plainly. */
#ifndef CERILLA_SPECIAL_H
#define CERILLA_SPECIAL_H

#include "ops/kernels/trigonometric.h"

/* ---- error function ---------------------------------------------------------------------------------------------- */

/* e^(x^2) erfc(x) for x in [0, 10.5], in t = (x - 4) / (x + 4). */
static CER_ALWAYS_INLINE double erfc_scaled_of(double x)
{
    const double t = (x - 4.0) / (x + 4.0);
    double q = 0x1.a871f3df951c8p-14; /* 3e-10 */
    q = FUSED_FLOAT64(q, t, -0x1.e4370a359a83dp-16);
    q = FUSED_FLOAT64(q, t, -0x1.ab52506f71a74p-11);
    q = FUSED_FLOAT64(q, t, 0x1.0a091d4fb3161p-8);
    q = FUSED_FLOAT64(q, t, -0x1.a4b9b2dfadb6fp-7);
    q = FUSED_FLOAT64(q, t, 0x1.006806a46d9a3p-5);
    q = FUSED_FLOAT64(q, t, -0x1.027df8585790bp-4);
    q = FUSED_FLOAT64(q, t, 0x1.be501c744a7a6p-4);
    q = FUSED_FLOAT64(q, t, -0x1.506661f856d9fp-3);
    q = FUSED_FLOAT64(q, t, 0x1.bff01a91b4658p-3);
    q = FUSED_FLOAT64(q, t, -0x1.0949227f63054p-2);
    return FUSED_FLOAT64(q, t, 0x1.18932bf095b89p-3);
}

/* erfc for x >= 0; 0 where it is below all floats. */
static CER_ALWAYS_INLINE double erfc_of(double x)
{
    const double y = limited(x, 0, 10.5);
    const double inside = exp_of(-y * y) * erfc_scaled_of(y);
    return x > 10.4 ? 0.0 : inside;
}

static CER_ALWAYS_INLINE float erfc_float32(float x)
{
    const double upper = erfc_of(fabs((double)x));
    return (float)(x < 0.0f ? 2.0 - upper : upper);
}

static CER_ALWAYS_INLINE float erf_float32(float x)
{
    const double y = fabsf(x), z = limited(y * y, 0, 1);
    double q = -0x1.445f47d33d87bp-17; /* 4e-11 */
    q = FUSED_FLOAT64(q, z, 0x1.d887505de3ba6p-14);
    q = FUSED_FLOAT64(q, z, -0x1.bccf664d7f763p-11);
    q = FUSED_FLOAT64(q, z, 0x1.562a60ddba6e6p-8);
    q = FUSED_FLOAT64(q, z, -0x1.b829c897922e5p-6);
    q = FUSED_FLOAT64(q, z, 0x1.ce2f08fec14fdp-4);
    q = FUSED_FLOAT64(q, z, -0x1.81274665754c3p-2);
    q = FUSED_FLOAT64(q, z, 0x1.20dd7504045d6p+0);
    const double near = y * q, far = 1.0 - erfc_of(y);
    return copysignf((float)(y < 1.0 ? near : far), x);
}

/* x P(w), w = -log(1 - x^2): two polynomials, in w and in its root. */
static CER_ALWAYS_INLINE float erfinv_float32(float x)
{
    const double y = fabsf(x);
    const double w = -log_of((1.0 - y) * (1.0 + y)), u = w - 2.5, v = sqrt(w < 0 ? 0 : w) - 3.0;
    double near = 0x1.0f810cd459d8fp-33; /* 6e-10 */
    near = FUSED_FLOAT64(near, u, 0x1.dd41c8690491bp-32);
    near = FUSED_FLOAT64(near, u, -0x1.75351001f6a5ap-27);
    near = FUSED_FLOAT64(near, u, 0x1.1b87cb49df7c4p-26);
    near = FUSED_FLOAT64(near, u, 0x1.00fe9cd1418bbp-21);
    near = FUSED_FLOAT64(near, u, -0x1.cbdd9c4cb7373p-19);
    near = FUSED_FLOAT64(near, u, -0x1.4f46a0da98c92p-18);
    near = FUSED_FLOAT64(near, u, 0x1.c9bba8f339f32p-13);
    near = FUSED_FLOAT64(near, u, -0x1.4863ced547e02p-10);
    near = FUSED_FLOAT64(near, u, -0x1.11c3e29af6b02p-8);
    near = FUSED_FLOAT64(near, u, 0x1.f91e899417ac0p-3);
    near = FUSED_FLOAT64(near, u, 0x1.805c5cffaabf1p+0);
    double far = 0x1.d3d3a3a0d8993p-14; /* 1e-8 */
    far = FUSED_FLOAT64(far, v, -0x1.405dc1a57c148p-12);
    far = FUSED_FLOAT64(far, v, -0x1.a7478fbe2ad56p-15);
    far = FUSED_FLOAT64(far, v, 0x1.83e540579fc2fp-10);
    far = FUSED_FLOAT64(far, v, -0x1.d7fa2a504004ep-9);
    far = FUSED_FLOAT64(far, v, 0x1.74d935ec8fd88p-8);
    far = FUSED_FLOAT64(far, v, -0x1.f477093eeb5c5p-8);
    far = FUSED_FLOAT64(far, v, 0x1.357e561e89c9ep-7);
    far = FUSED_FLOAT64(far, v, 0x1.006dc45c82649p+0);
    far = FUSED_FLOAT64(far, v, 0x1.6a9efbe83cdb0p+1);
    const float inside = (float)((double)x * (w < 5.0 ? near : far));
    return y < 1.0 ? inside : y == 1.0 ? copysignf(INFINITY, x) : NAN;
}

/* PyTorch's way: a rational approximation and two of Newton's steps. */
static inline double erfinv_float64(double x)
{
    const double y = fabs(x);
    double r;
    if (!(y < 1)) return y == 1 ? copysign((double)INFINITY, x) : (double)NAN;
    if (y <= 0.7) {
        const double z = x * x;
        r = x * (((-0.140543331 * z + 0.914624893) * z - 1.645349621) * z + 0.886226899) /
            ((((0.012229801 * z - 0.329097515) * z + 1.442710462) * z - 2.118377725) * z + 1);
    } else {
        const double z = sqrt(-log((1 - y) / 2));
        r = copysign((((1.641345311 * z + 3.429567803) * z - 1.624906493) * z - 1.970840454) /
                         ((1.637067800 * z + 3.543889200) * z + 1),
                     x);
    }
    for (int step = 0; step < 2; ++step) r -= (erf(r) - x) / (0x1.20dd750429b6dp+0 * exp(-r * r));
    return r;
}

/* ---- gamma function ---------------------------------------------------------------------------------------------- */

/* log Gamma(x) for x in [1/2, infinity), NaN stays. */
static CER_ALWAYS_INLINE double lgamma_positive(double x)
{
    const double near = x < 1.0 ? x + 1.0 : x; /* Gamma(x) = Gamma(x + 1) / x */
    const double a = limited(near, 1, 3), u = a - 2.0, v = limited(x, 3, 0x1p500), z = 1.0 / (v * v);
    double q = 0x1.31d4d42ac2579p-18; /* log Gamma(a) / ((a - 1) (a - 2)), 5e-10 */
    q = FUSED_FLOAT64(q, u, -0x1.434d27f46ff69p-17);
    q = FUSED_FLOAT64(q, u, 0x1.c214543fd1100p-19);
    q = FUSED_FLOAT64(q, u, -0x1.f1e80f1bf5b2ap-18);
    q = FUSED_FLOAT64(q, u, 0x1.61f7962000b03p-15);
    q = FUSED_FLOAT64(q, u, -0x1.800c05747c68ap-14);
    q = FUSED_FLOAT64(q, u, 0x1.7b39ee3562acep-13);
    q = FUSED_FLOAT64(q, u, -0x1.a59d99078b927p-12);
    q = FUSED_FLOAT64(q, u, 0x1.e01db4e06920dp-11);
    q = FUSED_FLOAT64(q, u, -0x1.146b5ad6befb0p-9);
    q = FUSED_FLOAT64(q, u, 0x1.4796b23de338cp-8);
    q = FUSED_FLOAT64(q, u, -0x1.95cd847d49273p-7);
    q = FUSED_FLOAT64(q, u, 0x1.0e0c9e7402b09p-5);
    q = FUSED_FLOAT64(q, u, -0x1.9ae65126a93fbp-4);
    q = FUSED_FLOAT64(q, u, 0x1.b0ee6072093ccp-2);
    double r = -0x1.af650a075aa9cp-11; /* what Stirling's formula lacks, times v: 2e-12 */
    r = FUSED_FLOAT64(r, z, 0x1.811379302e6cap-11);
    r = FUSED_FLOAT64(r, z, -0x1.352dded32d44cp-11);
    r = FUSED_FLOAT64(r, z, 0x1.a007c3befa889p-11);
    r = FUSED_FLOAT64(r, z, -0x1.6c16b69a41ba7p-9);
    r = FUSED_FLOAT64(r, z, 0x1.555555553351bp-4);
    const double logarithm = log_of(x < 1.0 ? x : v); /* of the one that is needed */
    const double small = FUSED_FLOAT64((a - 1.0) * u, q, x < 1.0 ? -logarithm : 0.0);
    const double large = FUSED_FLOAT64(v - 0.5, logarithm, r / v - v + 0x1.d67f1c864beb5p-1);
    const double finite = x < 3.0 ? small : large;
    return x <= 0x1p500 ? finite : x;
}

/* Gamma(x) Gamma(1 - x) = pi / sin(pi x). Infinite at 0 and the negative whole numbers. Half turns beyond 2^30 are whole ones. */
static CER_ALWAYS_INLINE float lgamma_float32(float x)
{
    const double v = x, y = v < 0.5 ? 1.0 - v : v, all_turns = fabs(2.0 * v);
    const double turns = all_turns > 0x1p30 ? 0x1p30 : all_turns, shifted = turns + 0x1.8p52;
    const double f = turns - (shifted - 0x1.8p52);
    const double sine = double_bits(shifted) & 1 ? cos_quarter(f) : fabs(sin_quarter(f));
    const double right = lgamma_positive(y), left = 0x1.250d048e7a1bdp+0 - log_of(sine) - right;
    const float value = (float)(v < 0.5 ? left : right);
    return fabsf(x) < INFINITY ? value : x * x;
}

static inline double lgamma_float64(double x)
{
#if defined(__GLIBC__)
    int sign; /* lgamma would write it to a global variable */
    return lgamma_r(x, &sign);
#else
    return lgamma(x);
#endif
}

/* psi(x): reflected from the left, carried beyond 10 by psi(x) = psi(x + 1) - 1 / x, then the asymptotic series. */
static inline double digamma_float64(double x)
{
    if (x == 0) return copysign((double)INFINITY, -x);
    double from = 0;
    if (x < 0) {
        const double part = x - trunc(x);
        if (part == 0) return (double)NAN;
        from = -0x1.921fb54442d18p+1 / tan(0x1.921fb54442d18p+1 * part);
        x = 1 - x;
    }
    for (; x < 10; x += 1) from -= 1 / x;
    if (x == 10) return from + 2.25175258906672110764;
    static const double terms[] = {8.33333333333333333333e-2,  -2.10927960927960927961e-2, 7.57575757575757575758e-3,
                                   -4.16666666666666666667e-3, 3.96825396825396825397e-3,  -8.33333333333333333333e-3,
                                   8.33333333333333333333e-2};
    const double z = 1 / (x * x);
    double series = 0;
    for (int i = 0; i < 7 && x < 1e17; ++i) series = series * z + terms[i];
    return from + (log(x) - 0.5 / x - series * z);
}

/* The Hurwitz zeta function, sum of (q + k)^-x over k, by Euler and Maclaurin's formula, as in Cephes. */
static inline double zeta_float64(double x, double q)
{
    static const double terms[] = {12.0,
                                   -720.0,
                                   30240.0,
                                   -1209600.0,
                                   47900160.0,
                                   -1.8924375803183791606e9,
                                   7.47242496e10,
                                   -2.950130727918164224e12,
                                   1.1646782814350067249e14,
                                   -4.5979787224074726105e15,
                                   1.8152105401943546773e17,
                                   -7.1661652561756670113e18};
    if (x == 1) return (double)INFINITY;
    if (!(x >= 1)) return (double)NAN;
    if (q <= 0 && q == floor(q)) return (double)INFINITY;
    if (q <= 0 && x != floor(x)) return (double)NAN;
    double sum = pow(q, -x), a = q, power = 0;
    for (int i = 0; i < 9 || (a <= 9 && i < 1000000); ++i) {
        a += 1;
        power = pow(a, -x);
        sum += power;
        if (fabs(power) < 0x1p-53 * fabs(sum)) return sum;
    }
    sum += power * a / (x - 1) - 0.5 * power;
    double factor = 1, k = 0;
    for (int i = 0; i < 12; ++i) {
        factor *= x + k;
        power /= a;
        const double term = factor * power / terms[i];
        sum += term;
        if (fabs(term) < 0x1p-53 * fabs(sum)) return sum;
        factor *= x + k + 1;
        power /= a;
        k += 2;
    }
    return sum;
}

/* psi'(x), with PyTorch's steps and so with its error, of about 1e-9 of the value. */
#define TRIGAMMA(TYPE, T, sin)                                                             \
    static inline T trigamma_##TYPE(T x)                                                   \
    {                                                                                      \
        const T pi = (T)0x1.921fb54442d18p+1, sine = sin(pi * x);                          \
        const bool left = x < (T)0.5;                                                      \
        T sum = 0;                                                                         \
        if (left) sum -= pi * pi / (sine * sine), x = 1 - x;                               \
        for (int i = 0; i < 6; ++i, x += 1) sum += 1 / (x * x);                            \
        const T z = 1 / (x * x);                                                           \
        sum += (1 + 1 / (2 * x) + z * ((T)1 / 6 - z * ((T)1 / 30 - z * ((T)1 / 42)))) / x; \
        return left ? -sum : sum;                                                          \
    }
TRIGAMMA(float32, float, sinf)
TRIGAMMA(float64, double, sin)
#undef TRIGAMMA

/* The n-th derivative of psi: (-1)^(n+1) n! zeta(n + 1, x). */
static inline double polygamma_float64(double n, double x)
{
    if (!(n >= 1)) return digamma_float64(x);
    if (n == 1) return trigamma_float64(x);
    const double size = exp(lgamma_float64(n + 1)) * zeta_float64(n + 1, x);
    return fmod(n, 2) == 1 ? size : -size;
}

/* The same straight-line: psi(1 - x) - psi(x) = pi / tan(pi x), by the sine and cosine of half that angle; then six steps up,
 * 1/y + ... + 1/(y + 5) in pairs with w = y (y + 5), and the asymptotic series. Good to 1e-10 where it crosses 0. */
static CER_ALWAYS_INLINE float digamma_float32(float x)
{
    const double v = x, whole = (v + 0x1.8p52) - 0x1.8p52, part = fabs(v) < 0x1p30 ? v - whole : 0.0;
    const double sine = sin_quarter(part), cosine = cos_quarter(part);
    const double cotangent = (cosine * cosine - sine * sine) / (2.0 * sine * cosine);
    const double y = v < 0.5 ? 1.0 - v : v, near = y > 0x1p60 ? 0x1p60 : y;
    const double w = near * (near + 5.0), up = near + 6.0, z = 1.0 / (up * up);
    const double steps = (2.0 * near + 5.0) * ((3.0 * w + 20.0) * w + 24.0) / (w * (w + 4.0) * (w + 6.0));
    double q = -0x1.0b5a098a2b5cfp-6; /* 6e-14 */
    q = FUSED_FLOAT64(q, z, 0x1.e8c2883b37744p-8);
    q = FUSED_FLOAT64(q, z, -0x1.10f9bbc19b01ep-8);
    q = FUSED_FLOAT64(q, z, 0x1.041020b73b1d7p-8);
    q = FUSED_FLOAT64(q, z, -0x1.11111108d7b44p-7);
    q = FUSED_FLOAT64(q, z, 0x1.55555555553f9p-4);
    const double right = log_of(y + 6.0) - FUSED_FLOAT64(q, z, 0.5 * z * up) - steps;
    const double left = right - 0x1.921fb54442d18p+1 * cotangent, value = v < 0.5 ? left : right;
    const double pole = v < 0.0 ? (double)NAN : value;
    const float finite = (float)(part == 0.0 ? pole : value);
    return x == 0.0f ? copysignf(INFINITY, -x) : finite;
}

static inline float zeta_float32(float x, float q)
{
    return (float)zeta_float64(x, q);
}

static inline float polygamma_float32(float n, float x)
{
    return n == 1 ? trigamma_float32(x) : (float)polygamma_float64(n, x);
}

/* ---- Bessel functions -------------------------------------------------------------------------------------------- */

/* I0 and I1, times e^-|x|: sum of (x/2)^(2k) / (k! (k + order)!) up to 30, beyond it Hankel's series. */
static inline double bessel_scaled(double x, double order)
{
    double term = order > 0 ? x / 2 : 1, sum = term;
    const double mu = 4 * order * order;
    if (x <= 30) {
        for (double k = 1; term > 0x1p-54 * sum; k += 1) sum += term *= x * x / 4 / (k * (k + order));
        return sum * exp(-x);
    }
    term = sum = 1;
    for (double k = 1; k < 60 && fabs(term) > 0x1p-54; k += 1)
        sum += term *= -(mu - (2 * k - 1) * (2 * k - 1)) / (8 * k * x);
    return x < (double)INFINITY ? sum / sqrt(0x1.921fb54442d18p+2 * x) : 0;
}

static inline double i0e_float64(double x)
{
    return x == x ? bessel_scaled(fabs(x), 0) : x;
}

static inline double i1e_float64(double x)
{
    return x == x ? copysign(bessel_scaled(fabs(x), 1), x) : x;
}

static inline double i0_float64(double x)
{
    const double half = exp(fabs(x) / 2); /* e^x may overflow where I0 does not; infinity gives NaN, as in PyTorch */
    return half < (double)INFINITY || fabs(x) == (double)INFINITY ? half * i0e_float64(x) * half : half;
}

static inline double i1_float64(double x)
{
    const double half = exp(fabs(x) / 2);
    return half < (double)INFINITY || fabs(x) == (double)INFINITY ? half * i1e_float64(x) * half : copysign(half, x);
}

/* float32 straight-line: to 8 a polynomial in x^2, of which all terms are positive; beyond it one in 1/x, times e^x / sqrt(x). */
static CER_ALWAYS_INLINE double i0_near(double z)
{
    double q = 0x1.40540d2392e4fp-63; /* 3e-10 */
    q = FUSED_FLOAT64(q, z, 0x1.6f55a340c393ap-56);
    q = FUSED_FLOAT64(q, z, 0x1.6acb7a575a8a7p-47);
    q = FUSED_FLOAT64(q, z, 0x1.4dd9454cb465ep-39);
    q = FUSED_FLOAT64(q, z, 0x1.035fee73f1762p-31);
    q = FUSED_FLOAT64(q, z, 0x1.2335796a4c1cep-24);
    q = FUSED_FLOAT64(q, z, 0x1.c71ef6baf4193p-18);
    q = FUSED_FLOAT64(q, z, 0x1.c71c39b655c56p-12);
    q = FUSED_FLOAT64(q, z, 0x1.00000252395b0p-6);
    q = FUSED_FLOAT64(q, z, 0x1.ffffffba1b6b2p-3);
    return FUSED_FLOAT64(q, z, 0x1.0000000134803p+0);
}

static CER_ALWAYS_INLINE double i1_near(double z) /* over x */
{
    double q = 0x1.c2e092df55df3p-68; /* 6e-11 */
    q = FUSED_FLOAT64(q, z, 0x1.36be36124e641p-60);
    q = FUSED_FLOAT64(q, z, 0x1.3e8370cd969e9p-51);
    q = FUSED_FLOAT64(q, z, 0x1.4ede7bf03bd4ep-43);
    q = FUSED_FLOAT64(q, z, 0x1.2845b2209e80ep-35);
    q = FUSED_FLOAT64(q, z, 0x1.844ebbb9a08f9p-28);
    q = FUSED_FLOAT64(q, z, 0x1.6c17f1496b713p-21);
    q = FUSED_FLOAT64(q, z, 0x1.c71c54824e7c0p-15);
    q = FUSED_FLOAT64(q, z, 0x1.555556b5bc9d8p-9);
    q = FUSED_FLOAT64(q, z, 0x1.ffffffe7a8b8cp-5);
    return FUSED_FLOAT64(q, z, 0x1.0000000041f95p-1);
}

static CER_ALWAYS_INLINE double i0_far(double u)
{
    double q = 0x1.d3e567101ed1bp+0; /* 1e-9 */
    q = FUSED_FLOAT64(q, u, -0x1.38fb7d7f44b54p-2);
    q = FUSED_FLOAT64(q, u, 0x1.5cafab86703ecp-4);
    q = FUSED_FLOAT64(q, u, 0x1.be79d3f12affap-6);
    q = FUSED_FLOAT64(q, u, 0x1.cc4e3a3828b61p-6);
    q = FUSED_FLOAT64(q, u, 0x1.98838eb1c5c96p-5);
    return FUSED_FLOAT64(q, u, 0x1.98845345b98d6p-2);
}

static CER_ALWAYS_INLINE double i1_far(double u)
{
    double q = -0x1.09bf2d664c000p+1; /* 1e-9 */
    q = FUSED_FLOAT64(q, u, 0x1.59bf781451220p-2);
    q = FUSED_FLOAT64(q, u, -0x1.a78e6f7942f87p-4);
    q = FUSED_FLOAT64(q, u, -0x1.3cb1c2f6f7a8cp-5);
    q = FUSED_FLOAT64(q, u, -0x1.7f6692960a15bp-5);
    q = FUSED_FLOAT64(q, u, -0x1.3263058242820p-3);
    return FUSED_FLOAT64(q, u, 0x1.988453335ca55p-2);
}

/* 1 / sqrt(x) of x >= 8, NaN for infinity: in float, and one of Newton's steps. */
static CER_ALWAYS_INLINE double inverse_root(float x)
{
    const double far = x > 8.0f ? x : 8.0f, root = 1.0f / sqrtf(x > 8.0f ? x : 8.0f);
    return root * (1.5 - 0.5 * far * root * root);
}

static CER_ALWAYS_INLINE float i0_float32(float x)
{
    const float size = fabsf(x);
    const double root = inverse_root(size), far = root * i0_far(root * root) * exp_of(size > 200.0f ? 200.0f : size);
    return (float)(size > 8.0f ? far : i0_near((double)x * (double)x));
}

static CER_ALWAYS_INLINE float i1_float32(float x)
{
    const float size = fabsf(x);
    const double root = inverse_root(size), far = root * i1_far(root * root) * exp_of(size > 200.0f ? 200.0f : size);
    return copysignf((float)(size > 8.0f ? far : size * i1_near((double)x * (double)x)), x);
}

static CER_ALWAYS_INLINE float i0e_float32(float x)
{
    const float size = fabsf(x);
    const double root = inverse_root(size), far = root * i0_far(root * root);
    const double near = i0_near((double)x * (double)x) * exp_of(-(size > 8.0f ? 8.0f : size));
    const float finite = (float)(size > 8.0f ? far : near);
    return size == INFINITY ? 0.0f : finite;
}

static CER_ALWAYS_INLINE float i1e_float32(float x)
{
    const float size = fabsf(x);
    const double root = inverse_root(size), far = root * i1_far(root * root);
    const double near = size * i1_near((double)x * (double)x) * exp_of(-(size > 8.0f ? 8.0f : size));
    const float finite = (float)(size > 8.0f ? far : near);
    return copysignf(size == INFINITY ? 0.0f : finite, x);
}

#endif
