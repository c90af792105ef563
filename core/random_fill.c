/* Filling tensors with random numbers, in the order of memory and with the roundings of PyTorch's AVX2 build: where its
 * compiler fused a product and a sum into one operation, here stands fmaf or fma. */
#include <math.h>
#include <string.h>

#include "generator.h"
#include "impl.h"

/* The same code once for any CPU, where fmaf is a function, and once for those that have it as an instruction: only faster. */
#if defined(__GNUC__) && defined(__x86_64__)
#define WITH_FMA __attribute__((target("avx2,fma")))
#define HAS_FMA (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#define INLINE static inline __attribute__((always_inline))
#else
#define WITH_FMA
#define HAS_FMA 0
#define INLINE static inline
#endif

static const double pi = 3.14159265358979323846;

/* ---- what all fills share: draw a few numbers of a plain type, convert them to the tensor's ---------------------- */

enum { CHUNK = 256 };
typedef struct Fill Fill;
struct Fill {
    torch_Generator *g;
    void (*draw)(const Fill *f, void *out, int64_t n); /* n <= CHUNK numbers of the type `drawn` */
    torch_dtype drawn;
    cer_Loop cast;
    double a, b; /* uniform: from and to - from. Normal: mean and std. Bernoulli: a is p */
    int bits;    /* uniform: of the significand */
    int64_t base;
    uint64_t range; /* integers: base + draw % range */
    bool wide;      /* integers: of 64-bit draws */
};

static void fill_run(int64_t n, char *const *data, const int64_t *stride, const void *param)
{
    const Fill *f = param;
    _Alignas(64) char buffer[CHUNK * 8];
    char *ptr[2] = {data[0], buffer};
    const int64_t strides[2] = {stride[0], (int64_t)torch_dtype_size(f->drawn)};
    for (; n > 0; n -= CHUNK) {
        int64_t k = n < CHUNK ? n : CHUNK;
        f->draw(f, buffer, k);
        f->cast(k, ptr, strides, NULL);
        ptr[0] += k * stride[0];
    }
}

/* The generator is locked by the caller. */
static void fill(Fill *f, torch_Generator *g, const Tensor *t)
{
    cer_Iterator it;
    const int64_t *stride[1] = {t->stride};
    const size_t element[1] = {torch_dtype_size((torch_dtype)t->dtype)};
    f->g = g;
    f->cast = cer_kernels()->cast[t->dtype][f->drawn];
    cer_iterator_init(&it, 1, t->ndim, t->shape, &t->data, stride, element, false);
    cer_iterator_run(&it, fill_run, f);
}

static void lock_and_fill(Fill *f, torch_Generator *g, const Tensor *t)
{
    g = cer_generator_lock(g);
    fill(f, g, t);
    cer_generator_unlock(g);
}

/* x as the tensor's dtype rounds it. */
static double rounded(double x, torch_dtype dtype)
{
    char element[8];
    cer_convert(element, dtype, &x, torch_float64, 1);
    cer_convert(&x, torch_float64, element, dtype, 1);
    return x;
}

/* n <= CHUNK 64-bit numbers: of two words each, the high one first. */
static void draw_words64(torch_Generator *g, uint64_t *out, int64_t n)
{
    uint32_t word[2 * CHUNK];
    cer_random32_fill(g, word, 2 * n);
    for (int64_t i = 0; i < n; i++) out[i] = (uint64_t)word[2 * i] << 32 | word[2 * i + 1];
}

static void draw_units(torch_Generator *g, double *out, int64_t n) /* cer_uniform_double, n <= CHUNK times */
{
    uint64_t word[CHUNK];
    draw_words64(g, word, n);
    for (int64_t i = 0; i < n; i++) out[i] = (double)(int64_t)(word[i] & ((UINT64_C(1) << 53) - 1)) * 0x1p-53;
}

/* ---- uniform ----------------------------------------------------------------------------------------------------- */

INLINE void scale(float *x, int64_t n, float width, float from)
{
    for (int64_t i = 0; i < n; i++) x[i] = fmaf(x[i], width, from);
}
WITH_FMA static void scale_fast(float *x, int64_t n, float width, float from)
{
    scale(x, n, width, from);
}

static void draw_uniform(const Fill *f, void *out, int64_t n)
{
    uint32_t word[CHUNK], mask = (1u << f->bits) - 1;
    float *x = out, unit = 1.0f / (float)(1u << f->bits);
    cer_random32_fill(f->g, word, n);
    for (int64_t i = 0; i < n; i++) x[i] = (float)(int32_t)(word[i] & mask) * unit;
    if (f->a == 0 && f->b == 1) return;
    if (HAS_FMA)
        scale_fast(x, n, (float)f->b, (float)f->a);
    else
        scale(x, n, (float)f->b, (float)f->a);
}

static void draw_uniform_double(const Fill *f, void *out, int64_t n)
{
    double *x = out;
    draw_units(f->g, x, n);
    for (int64_t i = 0; i < n; i++) x[i] = fma(x[i], f->b, f->a);
}

static Fill uniform(torch_dtype dtype, double from, double to)
{
    static const int bits[] = {[torch_float16] = 11, [torch_bfloat16] = 8, [torch_float32] = 24, [torch_float64] = 53};
    bool wide = dtype == torch_float64;
    Fill f = {.a = rounded(from, dtype), .bits = bits[dtype], .drawn = wide ? torch_float64 : torch_float32};
    f.b = rounded(rounded(to, dtype) - f.a, dtype);
    f.draw = wide ? draw_uniform_double : draw_uniform;
    return f;
}

void cer_fill_uniform(torch_Generator *g, Tensor *t, double from, double to)
{
    Fill f = uniform((torch_dtype)t->dtype, from, to);
    lock_and_fill(&f, g, t);
}

/* ---- normal, one after the other: few elements, or a tensor with holes ------------------------------------------- */

static void draw_normal(const Fill *f, void *out, int64_t n)
{
    double *x = out;
    for (int64_t i = 0; i < n; i++) x[i] = fma(cer_normal_double(f->g), f->b, f->a);
}

/* ---- normal, sixteen at a time: eight uniform numbers give the radius, eight the angle --------------------------- */

INLINE float float_of(int32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
INLINE int32_t bits_of(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Natural logarithm for 0 < x <= 1: the polynomial of Moshier's Cephes library in the order of PyTorch's vector code. */
INLINE float log_of(float x)
{
    int32_t bits = bits_of(x);
    float e = (float)((bits >> 23) - 126);
    x = float_of((bits & 0x007fffff) | 0x3f000000); /* 0.5 <= x < 1 */
    bool low = x < 0.707106781186547524f;
    float again = low ? x : 0.0f;
    e -= low ? 1.0f : 0.0f;
    x = x - 1.0f + again;
    float z = x * x, y = 7.0376836292e-2f;
    y = fmaf(y, x, -1.1514610310e-1f);
    y = fmaf(y, x, 1.1676998740e-1f);
    y = fmaf(y, x, -1.2420140846e-1f);
    y = fmaf(y, x, 1.4249322787e-1f);
    y = fmaf(y, x, -1.6668057665e-1f);
    y = fmaf(y, x, 2.0000714765e-1f);
    y = fmaf(y, x, -2.4999993993e-1f);
    y = fmaf(y, x, 3.3333331174e-1f);
    y *= x;
    y = fmaf(y, z, e * -2.12194440e-4f);
    y -= z * 0.5f;
    return fmaf(e, 0.693359375f, x + y);
}

/* Sine and cosine for x >= 0, likewise. The octant decides which polynomial is whose, and the signs. */
INLINE void sine_cosine(float x, float *sine, float *cosine)
{
    int32_t j = ((int32_t)(x * 1.27323954473516f) + 1) & ~1;
    float octants = (float)j;
    x = fmaf(octants, -0.78515625f, x);
    x = fmaf(octants, -2.4187564849853515625e-4f, x);
    x = fmaf(octants, -3.77489497744594108e-8f, x);
    float z = x * x;
    float c = fmaf(2.443315711809948e-5f, z, -1.388731625493765e-3f);
    c = fmaf(c, z, 4.166664568298827e-2f) * z;
    c = fmaf(c, z, -(z * 0.5f)) + 1.0f;
    float s = fmaf(-1.9515295891e-4f, z, 8.3321608736e-3f);
    s = fmaf(s, z, -1.6666654611e-1f) * z;
    s = fmaf(s, x, x);
    bool swap = j & 2;
    float first = swap ? c : s, second = swap ? s : c;
    *sine = j & 4 ? -first : first;
    *cosine = (j - 2) & 4 ? second : -second;
}

INLINE void sixteen(float *x, float mean, float std)
{
    for (int j = 0; j < 8; j++) {
        float radius = sqrtf(-2.0f * log_of(1.0f - x[j])), sine, cosine;
        sine_cosine((float)(2.0 * 3.14159265358979323846) * x[j + 8], &sine, &cosine);
        x[j] = fmaf(radius * cosine, std, mean);
        x[j + 8] = fmaf(radius * sine, std, mean);
    }
}

INLINE void sixteens(float *x, int64_t n, float mean, float std)
{
    for (; n >= 16; n -= 16, x += 16) sixteen(x, mean, std);
}
WITH_FMA static void sixteens_fast(float *x, int64_t n, float mean, float std)
{
    sixteens(x, n, mean, std);
}

static void turn_floats(void *data, int64_t n, double mean, double std)
{
    if (HAS_FMA)
        sixteens_fast(data, n, (float)mean, (float)std);
    else
        sixteens(data, n, (float)mean, (float)std);
}

static void turn_doubles(void *data, int64_t n, double mean, double std)
{
    double *x = data;
    for (; n >= 16; n -= 16, x += 16)
        for (int j = 0; j < 8; j++) {
            double radius = sqrt(-2.0 * log(1.0 - x[j])), angle = 2.0 * pi * x[j + 8];
            x[j] = fma(radius * cos(angle), std, mean);
            x[j + 8] = fma(radius * sin(angle), std, mean);
        }
}

/* float16 is rounded where it is stored in a variable, bfloat16 after every single operation: its C++ class has functions of
 * its own for log, sin and cos. */
static void turn_float16(void *data, int64_t n, double mean, double std)
{
    uint16_t *x = data;
    float v[16];
    const float m = (float)rounded(mean, torch_float16), s = (float)rounded(std, torch_float16);
    for (; n >= 16; n -= 16, x += 16) {
        cer_convert(v, torch_float32, x, torch_float16, 16);
        for (int j = 0; j < 8; j++) {
            float radius = (float)rounded(sqrtf(-2.0f * logf(1.0f - v[j])), torch_float16);
            float angle = (float)rounded(2.0 * pi * (double)v[j + 8], torch_float16);
            v[j] = fmaf(radius * cosf(angle), s, m);
            v[j + 8] = fmaf(radius * sinf(angle), s, m);
        }
        cer_convert(x, torch_float16, v, torch_float32, 16);
    }
}

static float bf16(double value)
{
    return (float)rounded(value, torch_bfloat16);
}

static void turn_bfloat16(void *data, int64_t n, double mean, double std)
{
    uint16_t *x = data;
    float v[16];
    const float m = bf16(mean), s = bf16(std);
    for (; n >= 16; n -= 16, x += 16) {
        cer_convert(v, torch_float32, x, torch_bfloat16, 16);
        for (int j = 0; j < 8; j++) {
            float radius = bf16(sqrtf(bf16(-2.0f * bf16(logf(1.0f - v[j])))));
            float angle = bf16(2.0 * pi * (double)v[j + 8]);
            v[j] = bf16(bf16(radius * bf16(cosf(angle))) * s) + m;
            v[j + 8] = bf16(bf16(radius * bf16(sinf(angle))) * s) + m;
        }
        cer_convert(x, torch_bfloat16, v, torch_float32, 16);
    }
}

typedef void (*Turn)(void *data, int64_t n, double mean, double std);

/* Contiguous, n >= 16: all uniform first, then turned by sixteens. If the last sixteen overlap those before, they are drawn
 * anew, and what they overlap is overwritten. */
static void fill_normal_sixteens(torch_Generator *g, Tensor *t, double mean, double std)
{
    const torch_dtype dtype = (torch_dtype)t->dtype;
    const int64_t element = (int64_t)torch_dtype_size(dtype), stride[1] = {element};
    Turn turn = dtype == torch_float32   ? turn_floats
                : dtype == torch_float64 ? turn_doubles
                : dtype == torch_float16 ? turn_float16
                                         : turn_bfloat16;
    Fill f = uniform(dtype, 0, 1);
    fill(&f, g, t);
    turn(t->data, t->numel, mean, std);
    if (t->numel % 16 == 0) return;
    char *last = t->data + (t->numel - 16) * element;
    fill_run(16, &last, stride, &f);
    turn(last, 16, mean, std);
}

void cer_fill_normal(torch_Generator *g, Tensor *t, double mean, double std)
{
    Fill f = {.a = mean, .b = std, .drawn = torch_float64, .draw = draw_normal};
    g = cer_generator_lock(g);
    if (t->numel >= 16 && t->contiguous)
        fill_normal_sixteens(g, t, mean, std);
    else
        fill(&f, g, t);
    cer_generator_unlock(g);
}

/* ---- Bernoulli, integers ----------------------------------------------------------------------------------------- */

static void draw_bernoulli(const Fill *f, void *out, int64_t n)
{
    double unit[CHUNK];
    uint8_t *x = out;
    draw_units(f->g, unit, n);
    for (int64_t i = 0; i < n; i++) x[i] = unit[i] < f->a;
}

void cer_fill_bernoulli(torch_Generator *g, Tensor *t, double p)
{
    Fill f = {.a = p, .drawn = torch_bool, .draw = draw_bernoulli};
    lock_and_fill(&f, g, t);
}

static void draw_integers(const Fill *f, void *out, int64_t n) /* the sum wraps around, as it must */
{
    uint64_t *x = out;
    uint32_t word[CHUNK];
    if (f->wide) {
        draw_words64(f->g, x, n);
        for (int64_t i = 0; i < n; i++) x[i] = x[i] % f->range + (uint64_t)f->base;
    } else {
        cer_random32_fill(f->g, word, n);
        for (int64_t i = 0; i < n; i++) x[i] = word[i] % f->range + (uint64_t)f->base;
    }
}

/* 64-bit draws where the range needs them, in the dtypes that can hold it. */
void cer_fill_integers(torch_Generator *g, Tensor *t, int64_t base, uint64_t range)
{
    bool large =
        t->dtype == torch_int64 || t->dtype == torch_float64 || t->dtype == torch_float32 || t->dtype == torch_bfloat16;
    Fill f = {.base = base, .range = range, .drawn = torch_int64, .draw = draw_integers};
    f.wide = large && range >> 32;
    lock_and_fill(&f, g, t);
}

void cer_fill_integers_of_dtype(torch_Generator *g, Tensor *t)
{
    static const uint8_t bits[] = {
        [torch_uint8] = 8,    [torch_int8] = 7,     [torch_int16] = 15,   [torch_int32] = 31,   [torch_int64] = 63,
        [torch_float16] = 11, [torch_float32] = 24, [torch_float64] = 53, [torch_bfloat16] = 8, [torch_bool] = 1};
    uint64_t range = UINT64_C(1) << bits[t->dtype];
    if (torch_dtype_is_floating_point((torch_dtype)t->dtype))
        range++; /* all that the significand holds, and its power of two */
    Fill f = {.range = range, .drawn = torch_int64, .draw = draw_integers};
    f.wide = t->dtype == torch_int64 || t->dtype == torch_float64;
    lock_and_fill(&f, g, t);
}
