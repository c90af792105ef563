/* Sines, tangents and their inverses, as in vector_math.h: float32 by way of double, straight-line. */
#ifndef CERILLA_TRIGONOMETRIC_H
#define CERILLA_TRIGONOMETRIC_H

#include "ops/kernels/vector_math.h"

/* 2^i 2/pi modulo 4, in a part of 28 bits and the rest. Row 0 serves all floats below 2^24. */
static const double quarter_turns[106][2] = {
    {0x1.45f3070000000p-1, -0x1.1b1bbead603d9p-28},  {0x1.45f306c000000p+0, 0x1.c9c882a53f84fp-28},
    {-0x1.7419f24000000p+0, -0x1.b1bbead603d8bp-30}, {0x1.17cc1b8000000p+0, -0x1.b1bbead603d8bp-29},
    {-0x1.d067c90000000p+0, -0x1.b1bbead603d8bp-28}, {0x1.7cc1b70000000p-2, 0x1.391054a7f09d6p-29},
    {0x1.7cc1b70000000p-1, 0x1.391054a7f09d6p-28},   {0x1.7cc1b74000000p+0, -0x1.8ddf56b01ec54p-28},
    {-0x1.067c91c000000p+0, 0x1.c882a53f84eb0p-29},  {0x1.f306dc8000000p+0, 0x1.c882a53f84eb0p-28},
    {-0x1.9f246c0000000p-4, -0x1.bbead603d8a83p-30}, {-0x1.9f246c0000000p-3, -0x1.bbead603d8a83p-29},
    {-0x1.9f246c0000000p-2, -0x1.bbead603d8a83p-28}, {-0x1.9f246c8000000p-1, 0x1.1054a7f09d5f4p-29},
    {-0x1.9f246c8000000p+0, 0x1.1054a7f09d5f4p-28},  {0x1.836e4e8000000p-1, -0x1.df56b01ec5417p-28},
    {0x1.836e4e4000000p+0, 0x1.054a7f09d5f48p-30},   {-0x1.f246c70000000p-1, 0x1.054a7f09d5f48p-29},
    {-0x1.f246c70000000p+0, 0x1.054a7f09d5f48p-28},  {0x1.b727240000000p-4, -0x1.f56b01ec54170p-28},
    {0x1.b727220000000p-3, 0x1.529fc2757d1f5p-32},   {0x1.b727220000000p-2, 0x1.529fc2757d1f5p-31},
    {0x1.b727220000000p-1, 0x1.529fc2757d1f5p-30},   {0x1.b727220000000p+0, 0x1.529fc2757d1f5p-29},
    {-0x1.2363780000000p-1, 0x1.529fc2757d1f5p-28},  {-0x1.236377c000000p+0, -0x1.5ac07b1505c16p-28},
    {0x1.b939104000000p+0, 0x1.4a7f09d5f47d5p-28},   {-0x1.1b1bbe8000000p-1, -0x1.6b01ec5417056p-28},
    {-0x1.1b1bbec000000p+0, 0x1.29fc2757d1f53p-28},  {0x1.c9c882c000000p+0, -0x1.ac07b1505c159p-28},
    {-0x1.b1bbeb0000000p-2, 0x1.4fe13abe8fa9ap-29},  {-0x1.b1bbeb0000000p-1, 0x1.4fe13abe8fa9ap-28},
    {-0x1.b1bbeac000000p+0, -0x1.603d8a82e0acbp-28}, {0x1.3910548000000p-1, 0x1.3f84eafa3ea6ap-28},
    {0x1.391054c000000p+0, -0x1.80f62a0b82b2dp-28},  {-0x1.8ddf56c000000p+0, 0x1.fc2757d1f534ep-29},
    {0x1.c882a50000000p-1, 0x1.fc2757d1f534ep-28},   {0x1.c882a54000000p+0, -0x1.ec54170565912p-34},
    {-0x1.bbead60000000p-2, -0x1.ec54170565912p-33}, {-0x1.bbead60000000p-1, -0x1.ec54170565912p-32},
    {-0x1.bbead60000000p+0, -0x1.ec54170565912p-31}, {0x1.1054a80000000p-1, -0x1.ec54170565912p-30},
    {0x1.1054a80000000p+0, -0x1.ec54170565912p-29},  {-0x1.df56b00000000p+0, -0x1.ec54170565912p-28},
    {0x1.054a7f0000000p-2, 0x1.3abe8fa9a6ee0p-31},   {0x1.054a7f0000000p-1, 0x1.3abe8fa9a6ee0p-30},
    {0x1.054a7f0000000p+0, 0x1.3abe8fa9a6ee0p-29},   {-0x1.f56b020000000p+0, 0x1.3abe8fa9a6ee0p-28},
    {0x1.529fc40000000p-4, -0x1.8a82e0acb223fp-28},  {0x1.529fc20000000p-3, 0x1.d5f47d4d37703p-29},
    {0x1.529fc20000000p-2, 0x1.d5f47d4d37703p-28},   {0x1.529fc28000000p-1, -0x1.505c1596447e5p-30},
    {0x1.529fc28000000p+0, -0x1.505c1596447e5p-29},  {-0x1.5ac07b0000000p+0, -0x1.505c1596447e5p-28},
    {0x1.4a7f09c000000p+0, 0x1.5f47d4d377037p-28},   {-0x1.6b01ec4000000p+0, -0x1.4170565911f92p-28},
    {0x1.29fc274000000p+0, 0x1.7d1f534ddc0dbp-28},   {-0x1.ac07b14000000p+0, -0x1.05c1596447e49p-28},
    {0x1.4fe13a8000000p-1, 0x1.f47d4d377036ep-28},   {0x1.4fe13ac000000p+0, -0x1.70565911f924fp-32},
    {-0x1.603d8a8000000p+0, -0x1.70565911f924fp-31}, {0x1.3f84eb0000000p+0, -0x1.70565911f924fp-30},
    {-0x1.80f62a0000000p+0, -0x1.70565911f924fp-29}, {0x1.fc27580000000p-1, -0x1.70565911f924fp-28},
    {0x1.fc2757c000000p+0, 0x1.1f534ddc0db63p-28},   {-0x1.ec54100000000p-6, -0x1.c1596447e493bp-28},
    {-0x1.ec54180000000p-5, 0x1.f534ddc0db629p-30},  {-0x1.ec54180000000p-4, 0x1.f534ddc0db629p-29},
    {-0x1.ec54180000000p-3, 0x1.f534ddc0db629p-28},  {-0x1.ec54170000000p-2, -0x1.596447e493ad5p-32},
    {-0x1.ec54170000000p-1, -0x1.596447e493ad5p-31}, {-0x1.ec54170000000p+0, -0x1.596447e493ad5p-30},
    {0x1.3abe900000000p-3, -0x1.596447e493ad5p-29},  {0x1.3abe900000000p-2, -0x1.596447e493ad5p-28},
    {0x1.3abe8f8000000p-1, 0x1.4d377036d8a56p-28},   {0x1.3abe8fc000000p+0, -0x1.65911f924eb53p-28},
    {-0x1.8a82e0c000000p+0, 0x1.34ddc0db6295ap-28},  {0x1.d5f47d8000000p-1, -0x1.96447e493ad4dp-28},
    {0x1.d5f47d4000000p+0, 0x1.a6ee06db14acdp-29},   {-0x1.505c160000000p-2, 0x1.a6ee06db14acdp-28},
    {-0x1.505c158000000p-1, -0x1.6447e493ad4cep-29}, {-0x1.505c158000000p+0, -0x1.6447e493ad4cep-28},
    {0x1.5f47d4c000000p+0, 0x1.377036d8a5665p-28},   {-0x1.4170564000000p+0, -0x1.911f924eb5336p-28},
    {0x1.7d1f534000000p+0, 0x1.bb81b6c52b328p-29},   {-0x1.05c1598000000p+0, 0x1.bb81b6c52b328p-28},
    {0x1.f47d4d4000000p+0, -0x1.11f924eb53362p-29},  {-0x1.7056580000000p-4, -0x1.11f924eb53362p-28},
    {-0x1.70565a0000000p-3, 0x1.dc0db6295993cp-28},  {-0x1.7056590000000p-2, -0x1.1f924eb53361ep-30},
    {-0x1.7056590000000p-1, -0x1.1f924eb53361ep-29}, {-0x1.7056590000000p+0, -0x1.1f924eb53361ep-28},
    {0x1.1f534dc000000p+0, 0x1.c0db6295993c4p-28},   {-0x1.c159644000000p+0, -0x1.f924eb53361dep-30},
    {0x1.f534de0000000p-2, -0x1.f924eb53361dep-29},  {0x1.f534de0000000p-1, -0x1.f924eb53361dep-28},
    {0x1.f534ddc000000p+0, 0x1.b6c52b3278872p-33},   {-0x1.5964480000000p-4, 0x1.b6c52b3278872p-32},
    {-0x1.5964480000000p-3, 0x1.b6c52b3278872p-31},  {-0x1.5964480000000p-2, 0x1.b6c52b3278872p-30},
    {-0x1.5964480000000p-1, 0x1.b6c52b3278872p-29},  {-0x1.5964480000000p+0, 0x1.b6c52b3278872p-28},
    {0x1.4d37704000000p+0, -0x1.24eb53361de38p-29},  {-0x1.65911f8000000p+0, -0x1.24eb53361de38p-28},
    {0x1.34ddc0c000000p+0, 0x1.b6295993c4390p-28},   {-0x1.96447e4000000p+0, -0x1.275a99b0ef1bfp-29},
};

/* |x| as quarter turns: a whole number, of which *turns keeps the two last bits, and a fraction in [-1/2, 1/2].
 * |x| = m 2^i with |m| < 2^24, so that m times the 28 bits is exact; what rounds is below 2^-55, and no float lies nearer than
 * 2^-30 to a multiple of a quarter turn. Infinity gives NaN. far: |x| may be 2^24 or more; a table read by index is slow, so
 * the loops ask once for 16 elements. */
static CER_ALWAYS_INLINE double quarter_fraction(float x, int far, uint64_t *turns)
{
    const float size = fabsf(x);
    double m = size, first = 0x1.45f3070000000p-1, rest = -0x1.1b1bbead603d9p-28;
    if (far) {
        uint32_t bits;
        memcpy(&bits, &size, sizeof bits);
        const int32_t over = (int32_t)(bits >> 23) - (127 + 23);
        const int32_t i = over > 0 ? over : 0;
        m *= double_from_bits((uint64_t)(1023 - i) << 52);
        first = quarter_turns[i][0];
        rest = quarter_turns[i][1];
    }
    const double high = m * first, low = m * rest;
    const double shifted = (high + low) + 0x1.8p52;
    *turns = double_bits(shifted);
    return (high - (shifted - 0x1.8p52)) + low;
}

/* Is one of 16 elements as large as 2^24, or no number? */
static CER_ALWAYS_INLINE int any_far(const float *x)
{
    uint32_t top = 0;
    for (int i = 0; i < 16; ++i) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits &= 0x7fffffff;
        top = bits > top ? bits : top;
    }
    return top >= 0x4b800000;
}

/* sin and cos of a fraction of a quarter turn, |f| <= 1/2. */
static CER_ALWAYS_INLINE double sin_quarter(double f)
{
    const double z = f * f;
    double q = 0x1.4bc85ccb213adp-13; /* 5e-12 */
    q = FUSED_FLOAT64(q, z, -0x1.32ca9d79fc665p-8);
    q = FUSED_FLOAT64(q, z, 0x1.466bbac8a54e8p-4);
    q = FUSED_FLOAT64(q, z, -0x1.4abbce56ae6e6p-1);
    q = FUSED_FLOAT64(q, z, 0x1.921fb5443b587p+0);
    return f * q;
}

static CER_ALWAYS_INLINE double cos_quarter(double f)
{
    const double z = f * f;
    double q = -0x1.a0ee132c60c1fp-16; /* 8e-14 */
    q = FUSED_FLOAT64(q, z, 0x1.e1e7ccccb387ap-11);
    q = FUSED_FLOAT64(q, z, -0x1.55d3ba300cd50p-6);
    q = FUSED_FLOAT64(q, z, 0x1.03c1f074ded21p-2);
    q = FUSED_FLOAT64(q, z, -0x1.3bd3cc9bd2c35p+0);
    return FUSED_FLOAT64(q, z, 1.0);
}

/* v where bit k of turns is 0, -v where it is 1. */
static CER_ALWAYS_INLINE double signed_by(double v, uint64_t turns, int k)
{
    return double_from_bits(double_bits(v) ^ (turns >> k << 63));
}

static CER_ALWAYS_INLINE float sin_float32(float x, int far)
{
    uint64_t turns;
    const double f = quarter_fraction(x, far, &turns);
    const double value = turns & 1 ? cos_quarter(f) : sin_quarter(f);
    const float size = (float)signed_by(value, turns, 1);
    return signbit(x) ? -size : size;
}

static CER_ALWAYS_INLINE float cos_float32(float x, int far)
{
    uint64_t turns;
    const double f = quarter_fraction(x, far, &turns);
    const double value = turns & 1 ? sin_quarter(f) : cos_quarter(f);
    return (float)signed_by(value, turns + 1, 1);
}

static CER_ALWAYS_INLINE float tan_float32(float x, int far)
{
    uint64_t turns;
    const double f = quarter_fraction(x, far, &turns), sine = sin_quarter(f), cosine = cos_quarter(f);
    const double over = turns & 1 ? -cosine : sine, under = turns & 1 ? sine : cosine;
    const float size = (float)(over / under);
    return signbit(x) ? -size : size;
}

/* sin(pi x) / (pi x): 2 x is the number of quarter turns, exactly. From 2^24 on all floats are even. */
static CER_ALWAYS_INLINE float sinc_float32(float x)
{
    const double quarters = fabs(2.0 * (double)x), shifted = quarters + 0x1.8p52;
    const double near = quarters - (shifted - 0x1.8p52), f = quarters < 0x1p30 ? near : quarters - quarters;
    const uint64_t turns = quarters < 0x1p30 ? double_bits(shifted) : 0;
    const double value = signed_by(turns & 1 ? cos_quarter(f) : sin_quarter(f), turns, 1);
    const float ratio = (float)(value / (0x1.921fb54442d18p+0 * quarters));
    return x == 0.0f ? 1.0f : ratio;
}

/* ---- inverses ---------------------------------------------------------------------------------------------------- */

/* The angle of the point (x, y) in the first quadrant, not the origin: turned by 0, pi/4 or pi/2 it is at most pi/8. */
static CER_ALWAYS_INLINE double angle_of(double y, double x)
{
    const int middle = y > 0x1.a827999fcef32p-2 * x, steep = y > 0x1.3504f333f9de6p+1 * x;
    const double over = steep ? -x : middle ? y - x : y, under = steep ? y : middle ? y + x : x;
    const double from = steep ? 0x1.921fb54442d18p+0 : middle ? 0x1.921fb54442d18p-1 : 0.0;
    const double t = over / under, z = t * t;
    double q = 0x1.81a03ee69abf7p-5; /* 2e-11 */
    q = FUSED_FLOAT64(q, z, -0x1.5a5d9befb13e9p-4);
    q = FUSED_FLOAT64(q, z, 0x1.c437eb9a09f07p-4);
    q = FUSED_FLOAT64(q, z, -0x1.247ca7f913deep-3);
    q = FUSED_FLOAT64(q, z, 0x1.9998fdb703d04p-3);
    q = FUSED_FLOAT64(q, z, -0x1.55555481099e9p-2);
    q = FUSED_FLOAT64(q, z, 0x1.ffffffffd07f9p-1);
    return FUSED_FLOAT64(t, q, from);
}

static CER_ALWAYS_INLINE float atan_float32(float x)
{
    return copysignf((float)angle_of(fabsf(x), 1.0), x);
}

/* Infinity becomes a number beyond all floats, so that two of them are at 45 degrees; the origin lies to the right. */
static CER_ALWAYS_INLINE float atan2_float32(float y, float x)
{
    const double up = fabsf(y) < INFINITY || y != y ? fabs((double)y) : 1e200;
    const double right = fabsf(x) < INFINITY || x != x ? fabs((double)x) : 1e200;
    const double angle = angle_of(up, right == 0.0 ? 1e-300 : right);
    return copysignf((float)(signbit(x) ? 0x1.921fb54442d18p+1 - angle : angle), y);
}

/* The angle in [0, pi/2] whose sine is s, to 1/2; for larger s the angle whose cosine it is, which is twice that whose sine is
 * sqrt((1 - s) / 2). In float and two parts, of which the second has what the first, also as a root, has rounded. */
typedef struct FloatAngle {
    float first, rest;
    int far;
} FloatAngle;

static CER_ALWAYS_INLINE FloatAngle small_angle(float s)
{
    const int far = s > 0.5f;
    const float z = far ? 0.5f * (1.0f - s) : s * s, root = sqrtf(z), t = far ? root : s;
    float q = 0x1.14e332p-5f; /* 2e-9 */
    q = FUSED_FLOAT32(q, z, 0x1.17dd9ap-6f);
    q = FUSED_FLOAT32(q, z, 0x1.fdcb1ep-6f);
    q = FUSED_FLOAT32(q, z, 0x1.6d5902p-5f);
    q = FUSED_FLOAT32(q, z, 0x1.33343cp-4f);
    q = FUSED_FLOAT32(q, z, 0x1.555554p-3f);
    const float more = t * z * q, twice_root_rest = FUSED_FLOAT32(-root, root, z) / (root + 1e-30f);
    return (FloatAngle){far ? 2.0f * root : s, far ? FUSED_FLOAT32(2.0f, more, twice_root_rest) : more, far};
}

/* So many right angles, plus or minus one that is not larger (or any, if it is none). */
static CER_ALWAYS_INLINE float right_angles_and(float count, float sign, FloatAngle angle)
{
    const float from = count * 0x1.921fb6p+0f, by = sign * angle.first, sum = from + by;
    return sum + (((from - sum) + by) + FUSED_FLOAT32(sign, angle.rest, count * -0x1.777a5cp-25f));
}

static CER_ALWAYS_INLINE float asin_float32(float x)
{
    const FloatAngle angle = small_angle(fabsf(x));
    return copysignf(right_angles_and(angle.far ? 1.0f : 0.0f, angle.far ? -1.0f : 1.0f, angle), x);
}

static CER_ALWAYS_INLINE float acos_float32(float x)
{
    const FloatAngle angle = small_angle(fabsf(x));
    const float far_count = x < 0.0f ? 2.0f : 0.0f, sign = copysignf(1.0f, x);
    return right_angles_and(angle.far ? far_count : 1.0f, angle.far ? sign : -sign, angle);
}

#endif
