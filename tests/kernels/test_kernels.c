/* The kernels without the library above them. The baseline table is compared with known values (most of them from
 * PyTorch 1.13), the faster tables with the baseline. */
#include "ops/kernels/kernels.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As ck_assert, without its message to the parent process for every check that holds: there are millions. */
#define REQUIRE(condition, ...)                      \
    do {                                             \
        if (!(condition)) ck_abort_msg(__VA_ARGS__); \
    } while (0)
#define CHECK(condition) REQUIRE(condition, "%s is false", #condition)

extern const cer_Kernels cer_kernels_baseline;
#if defined(CERILLA_AVX2_KERNELS) || defined(CERILLA_AVX512_KERNELS)
extern const cer_Kernels cer_kernels_avx2, cer_kernels_avx512;
#endif

static const cer_Kernels *tables[3];
static int table_count;

static void find_tables(void)
{
    tables[table_count++] = &cer_kernels_baseline;
#ifdef CERILLA_AVX2_KERNELS
    if (strcmp(cer_kernels()->name, "baseline") != 0) tables[table_count++] = &cer_kernels_avx2;
#endif
#ifdef CERILLA_AVX512_KERNELS
    if (strcmp(cer_kernels()->name, "avx512") == 0) tables[table_count++] = &cer_kernels_avx512;
#endif
}

static const int sizes[K_TYPES] = {0, 1, 1, 2, 4, 8, 2, 4, 8, 1, 2};

typedef struct {
    const char *name;
    int arity;
    const char *rule;
} Row;
static const Row rows[] = {
#define LOOP1(name, TYPES, expression, grad_name, RULE, ...) {#name, 1, #RULE},
#define LOOP2(name, TYPES, expression, grad_name, RULE, ...) {#name, 2, #RULE},
#define LOOP3(name, TYPES, expression, grad_name, RULE, ...) {#name, 3, #RULE},
#include "ops/pointwise.def"
};

static bool compares(int row)
{
    return strcmp(rows[row].rule, "COMPARE") == 0;
}

/* ---- data -------------------------------------------------------------------------------------------------------- */

static uint32_t state;

static uint32_t next(void)
{
    return state = state * 1664525u + 1013904223u;
}

static double uniform(void)
{
    return (next() >> 8) / 16777216.0 - 0.5;
}

static void fill_random(void *buffer, int type, int64_t n)
{
    for (int64_t i = 0; i < n; ++i) switch (type) {
        case K_FLOAT32: ((float *)buffer)[i] = (float)(uniform() * 8); break;
        case K_FLOAT64: ((double *)buffer)[i] = uniform() * 8; break;
        case K_BOOL: ((uint8_t *)buffer)[i] = (uint8_t)(next() >> 31); break;
        default: {
            const uint64_t bits = (uint64_t)next() << 32 | next();
            const uint64_t value = i % 3 ? bits >> 13 : bits >> 60; /* every third one small: pow and ties */
            memcpy((char *)buffer + i * sizes[type], &value, (size_t)sizes[type]);
        }
        }
}

/* NaN equals NaN; other floats may differ as far as a fused multiply-add allows. */
static bool agree(int type, const void *x, const void *y)
{
    if (type == K_FLOAT32) {
        const float a = *(const float *)x, b = *(const float *)y;
        return (isnan(a) && isnan(b)) || a == b || fabsf(a - b) <= 2e-6f * (1 + fabsf(a));
    }
    if (type == K_FLOAT64) {
        const double a = *(const double *)x, b = *(const double *)y;
        return (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= 1e-14 * (1 + fabs(a));
    }
    return memcmp(x, y, (size_t)sizes[type]) == 0;
}

/* ---- loops ------------------------------------------------------------------------------------------------------- */

enum { MOST = 1000 };
static _Alignas(64) char inputs[3][MOST * 3 * 8], expected[MOST * 3 * 8], found[MOST * 3 * 8];

/* Runs a row in two tables with the given strides (in elements); in_place: the output is input 0. */
static void compare_loop(const cer_Kernels *table, int row, int type, int64_t n, const int64_t *steps, bool in_place)
{
    const int out_type = compares(row) ? K_BOOL : type;
    union {
        float f[4];
        double d[4];
        int8_t i1[4];
        int16_t i2[4];
        int32_t i4[4];
        int64_t i8[4];
    } param = {.i8 = {0, 0}};
    switch (type) {
    case K_FLOAT32: param.f[0] = -0.5f, param.f[1] = 1.5f; break;
    case K_FLOAT64: param.d[0] = -0.5, param.d[1] = 1.5; break;
    case K_INT16: param.i2[0] = 3, param.i2[1] = 90; break;
    case K_INT32: param.i4[0] = 3, param.i4[1] = 90; break;
    case K_INT64: param.i8[0] = 3, param.i8[1] = 90; break;
    default: param.i1[0] = 3, param.i1[1] = 90; break;
    }
    int64_t stride[4] = {steps[0] * sizes[out_type]};
    const size_t used = (size_t)(n * stride[0]), guarded = used + 64 < sizeof found ? used + 64 : sizeof found;
    memset(expected, 0x55, guarded);
    if (in_place) memcpy(expected, inputs[0], guarded);
    memcpy(found, expected, guarded);
    char *ptr[2][4] = {{expected}, {found}};
    for (int i = 1; i <= rows[row].arity; ++i) {
        stride[i] = steps[i] * sizes[type];
        ptr[0][i] = in_place && i == 1 ? expected : inputs[i - 1];
        ptr[1][i] = in_place && i == 1 ? found : inputs[i - 1];
    }
    cer_kernels_baseline.loop[row][type](n, ptr[0], stride, &param);
    table->loop[row][type](n, ptr[1], stride, &param);
    for (int64_t i = 0; i < n; ++i)
        REQUIRE(agree(out_type, expected + i * stride[0], found + i * stride[0]),
                "%s, row %s, type %d, n %d, element %d", table->name, rows[row].name, type, (int)n, (int)i);
    if (steps[0] == 1) /* nothing behind the end is touched */
        REQUIRE(memcmp(expected + used, found + used, guarded - used) == 0, "%s, row %s, type %d, n %d: wrote too far",
                table->name, rows[row].name, type, (int)n);
}

START_TEST(loops_agree)
{
    static const int64_t counts[] = {0, 1, 7, 8, 9, 15, 16, 17, 31, MOST};
    static const int64_t steps[][4] = {{1, 1, 1, 1}, {2, 3, 1, 2}, {1, 1, 0, 0},
                                       {1, 0, 1, 1}, {1, 2, 2, 1}, {2, 0, 0, 0}};
    for (int type = 1; type < K_TYPES; ++type) {
        state = 7;
        for (int i = 0; i < 3; ++i) fill_random(inputs[i], type, MOST * 3);
        const double special[] = {NAN, INFINITY, -INFINITY, -0.0, 0.0, 1e-40, 90, -90, 1e30};
        for (int i = 0; i < 9; ++i) {
            if (type == K_FLOAT32) ((float *)(void *)inputs[0])[40 + i] = (float)special[i];
            if (type == K_FLOAT64) ((double *)(void *)inputs[0])[40 + i] = special[i];
        }
        for (int row = 0; row < KERNEL_LOOPS; ++row) {
            CHECK((tables[0]->loop[row][type] != NULL) == (tables[_i]->loop[row][type] != NULL));
            if (!tables[0]->loop[row][type]) continue;
            for (size_t c = 0; c < sizeof counts / sizeof counts[0]; ++c) {
                for (size_t s = 0; s < sizeof steps / sizeof steps[0]; ++s)
                    compare_loop(tables[_i], row, type, counts[c], steps[s], false);
                if (!compares(row)) compare_loop(tables[_i], row, type, counts[c], steps[0], true);
            }
        }
    }
}
END_TEST

#define ONE(T, kernel, type, result, x, y)                                                 \
    do {                                                                                   \
        T a_ = (x), b_ = (y), out_ = 0, wanted_ = (result), param_[4] = {2, 5};            \
        char *ptr_[] = {(char *)&out_, (char *)&a_, (char *)&b_};                          \
        const int64_t stride_[] = {sizeof(T), sizeof(T), sizeof(T)};                       \
        tables[_i]->loop[KERNEL_##kernel][type](1, ptr_, stride_, param_);                 \
        REQUIRE(agree(type, &out_, &wanted_), #kernel "(" #x ", " #y ") is not " #result); \
    } while (0)

START_TEST(loops_known_values)
{
    ONE(int8_t, add, K_INT8, -128, 127, 1);
    ONE(int32_t, mul, K_INT32, -2, INT32_MAX, 2);
    ONE(int64_t, neg, K_INT64, INT64_MIN, INT64_MIN, 0);
    ONE(int8_t, abs, K_INT8, -128, -128, 0);
    ONE(uint8_t, sub, K_UINT8, 255, 0, 1);
    ONE(uint8_t, sign, K_UINT8, 1, 255, 0);
    ONE(uint8_t, add, K_BOOL, 1, 1, 1);
    ONE(uint8_t, mul, K_BOOL, 0, 1, 0);
    ONE(int64_t, pow, K_INT64, 1024, 2, 10);
    ONE(int64_t, pow, K_INT64, 0, 2, -1);
    ONE(int64_t, pow, K_INT64, -1, -1, -3);
    ONE(int64_t, pow, K_INT64, 1, -1, -4);
    ONE(int64_t, pow, K_INT64, 0, 0, -2);
    ONE(int16_t, pow, K_INT16, (int16_t)59049u, 3, 10);
    ONE(int32_t, clamp, K_INT32, 5, 9, 0);
    ONE(float, clamp, K_FLOAT32, 2, -9, 0);
    ONE(float, clamp, K_FLOAT32, NAN, NAN, 0);
    ONE(float, sign, K_FLOAT32, 0, NAN, 0);
    ONE(float, relu, K_FLOAT32, NAN, NAN, 0);
    ONE(float, relu, K_FLOAT32, 0, -3, 0);
    ONE(double, add_scaled, K_FLOAT64, 7, 1, 3);
    ONE(float, relu_backward, K_FLOAT32, 0, 4, -1);
    ONE(float, squared_error, K_FLOAT32, 9, 1, 4);
    ONE(double, pow, K_FLOAT64, 0.125, 2, -3);
}
END_TEST

/* ---- sums -------------------------------------------------------------------------------------------------------- */

enum { INNER, OUTER, STRIDED };

START_TEST(sum_has_pytorch_bits)
{
    /* From torch 1.13.1 (AVX2, one thread): data as uniform() / 3 from state 1;
     *   INNER x.view(n1, n0).sum(1), OUTER x.view(n0, n1).sum(0), STRIDED x.view(n0, 2 * n1)[:, ::2].sum(0);
     *   hash: h = 0; for v in s.view(int).tolist(): h = (h * 1099511628211 ^ (v mod 2^bits)) % 2**64 */
    static const struct {
        int type, n0, n1, kind;
        uint64_t hash;
    } cases[] = {
        {K_FLOAT32, 1000, 1, INNER, UINT64_C(0x00000000406c54cd)},
        {K_FLOAT32, 3001, 3, INNER, UINT64_C(0xda750698946dce8d)},
        {K_FLOAT32, 50, 45, OUTER, UINT64_C(0x06f19b2247e71744)},
        {K_FLOAT32, 1025, 13, OUTER, UINT64_C(0xe747f3dd1bf6f593)},
        {K_FLOAT32, 700, 7, STRIDED, UINT64_C(0x290c378581cba839)},
        {K_FLOAT64, 1000, 1, INNER, UINT64_C(0x400d8a9975555556)},
        {K_FLOAT64, 3001, 3, INNER, UINT64_C(0xd260a19ebffe118f)},
        {K_FLOAT64, 50, 45, OUTER, UINT64_C(0x0ea46401dd4b67eb)},
        {K_FLOAT64, 1025, 13, OUTER, UINT64_C(0x15b3096cc153fee7)},
        {K_FLOAT64, 700, 7, STRIDED, UINT64_C(0xfe039f8079c62256)},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; ++c) {
        const int64_t n0 = cases[c].n0, n1 = cases[c].n1, size = sizes[cases[c].type];
        const int64_t count = n0 * n1 * (cases[c].kind == STRIDED ? 2 : 1);
        char *data = malloc((size_t)(count * size)), sums[64 * 8] = {0};
        state = 1;
        for (int64_t i = 0; i < count; ++i) {
            if (size == 4)
                ((float *)(void *)data)[i] = (float)uniform() / 3;
            else
                ((double *)(void *)data)[i] = uniform() / 3;
        }
        const int64_t s0 = cases[c].kind == INNER ? size : cases[c].kind == OUTER ? n1 * size : 2 * n1 * size;
        const int64_t s1 = cases[c].kind == INNER ? n0 * size : cases[c].kind == OUTER ? size : 2 * size;
        const cer_Block b = {n0, n1, {sums, data}, {0, s0}, {size, s1}};
        tables[_i]->block[BLOCK_sum][cases[c].type](&b, NULL);
        uint64_t hash = 0;
        for (int64_t j = 0; j < n1; ++j) {
            uint64_t bits = 0;
            if (size == 4) {
                uint32_t narrow;
                memcpy(&narrow, sums + 4 * j, 4);
                bits = narrow;
            } else {
                memcpy(&bits, sums + 8 * j, 8);
            }
            hash = (hash * UINT64_C(1099511628211)) ^ bits;
        }
        free(data);
        REQUIRE(hash == cases[c].hash, "case %d", (int)c);
    }
}
END_TEST

static void sum_block(int table, int type, int64_t *out, const void *in, int64_t n0, int64_t s0, int64_t n1, int64_t s1)
{
    const cer_Block b = {n0, n1, {(char *)out, (char *)(uintptr_t)in}, {0, s0}, {8, s1}};
    tables[table]->block[BLOCK_sum][type](&b, NULL);
}

START_TEST(sum_of_integers)
{
    const int8_t x[6] = {127, 127, -1, 127, -128, 5};
    int64_t out[2] = {100, 0};
    sum_block(_i, K_INT8, out, x, 3, 1, 2, 3);
    ck_assert_int_eq(out[0], 353);
    ck_assert_int_eq(out[1], 4);
    const int64_t big[2] = {INT64_MAX, 1};
    out[0] = 0;
    sum_block(_i, K_INT64, out, big, 2, 8, 1, 0);
    CHECK(out[0] == INT64_MIN);
    const uint8_t truth[3] = {1, 0, 1};
    out[0] = 0;
    sum_block(_i, K_BOOL, out, truth, 3, 1, 1, 0);
    ck_assert_int_eq(out[0], 2);
}
END_TEST

/* ---- extremes ---------------------------------------------------------------------------------------------------- */

/* The row of the extreme in each of n1 columns, and its value. */
static void extremes_of(int table, int block, int type, const void *x, int64_t n0, int64_t s0, int64_t n1, void *value,
                        int64_t *index)
{
    const int64_t size = sizes[type];
    const cer_Block b = {
        n0, n1, {(char *)index, (char *)(uintptr_t)x, value}, {0, s0, 0}, {8, s0 == size ? n0 * size : size, size}};
    tables[table]->block[block][type](&b, NULL);
}

START_TEST(extremes)
{
    static const int64_t counts[] = {1, 2, 17, 127, 128, 300, 1000};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; ++c)
        for (int step = 1; step <= 2; ++step) {
            const int64_t n = counts[c];
            float x[2000], value;
            int64_t index;
            state = 3;
            for (int i = 0; i < 2000; ++i) x[i] = (float)(next() >> 24);
            int64_t first = 0;
            for (int64_t i = 1; i < n; ++i)
                if (x[i * step] > x[first * step]) first = i;
            extremes_of(_i, BLOCK_argmax, K_FLOAT32, x, n, 4 * step, 1, &value, &index);
            ck_assert_int_eq(index, first); /* ties abound: the first one */
            CHECK(value == x[first * step]);
            for (int64_t i = first = 0; i < n; ++i)
                if (x[i * step] < x[first * step]) first = i;
            extremes_of(_i, BLOCK_argmin, K_FLOAT32, x, n, 4 * step, 1, &value, &index);
            ck_assert_int_eq(index, first);
            x[n / 2 * step] = x[(n - 1) * step] = NAN;
            extremes_of(_i, BLOCK_argmax, K_FLOAT32, x, n, 4 * step, 1, &value, &index);
            ck_assert_int_eq(index, n / 2);
            CHECK(isnan(value));
        }
    int8_t y[600];
    for (int i = 0; i < 600; ++i) y[i] = (int8_t)(i == 397 || i == 500 ? -128 : i % 100);
    int8_t least;
    int64_t where;
    extremes_of(_i, BLOCK_argmin, K_INT8, y, 600, 1, 1, &least, &where);
    ck_assert_int_eq(least, -128);
    ck_assert_int_eq(where, 397);
}
END_TEST

/* Runs that lie beside each other: 5 rows of 150 columns, as against one column after another. */
START_TEST(extremes_in_columns)
{
    enum { ROWS = 5, COLUMNS = 150 };
    static float x[ROWS * COLUMNS], value[COLUMNS];
    static int64_t index[COLUMNS];
    state = 5;
    for (int i = 0; i < ROWS * COLUMNS; ++i) x[i] = next() % 11 == 0 ? NAN : (float)(next() % 5);
    for (int k = 0; k < 2; ++k) {
        extremes_of(_i, k ? BLOCK_argmax : BLOCK_argmin, K_FLOAT32, x, ROWS, 4 * COLUMNS, COLUMNS, value, index);
        for (int j = 0; j < COLUMNS; ++j) {
            float one;
            int64_t where;
            extremes_of(_i, k ? BLOCK_argmax : BLOCK_argmin, K_FLOAT32, x + j, ROWS, 4 * COLUMNS, 1, &one, &where);
            ck_assert_int_eq(index[j], where);
            CHECK(value[j] == one || (isnan(value[j]) && isnan(one)));
        }
    }
}
END_TEST

/* ---- casts and fill ---------------------------------------------------------------------------------------------- */

static void cast_one(const cer_Kernels *table, int to, void *out, int from, const void *in)
{
    char *ptr[] = {out, (char *)(uintptr_t)in};
    const int64_t stride[] = {sizes[to], sizes[from]};
    table->cast[to][from](1, ptr, stride, NULL);
}

START_TEST(cast_floats_to_integers)
{
    /* torch.tensor(x).to(dtype) on x86-64 */
    static const struct {
        double x;
        int64_t u8, i8, i16, i32, i64;
    } cases[] = {
        {-1.9, 255, -1, -1, -1, -1},
        {300.7, 44, 44, 300, 300, 300},
        {-300.7, 212, -44, -300, -300, -300},
        {3e9, 0, 0, 0, INT32_MIN, 3000000000},
        {4294967301.0, 5, 0, 0, INT32_MIN, 4294967301},
        {1e19, 0, 0, 0, INT32_MIN, INT64_MIN},
        {NAN, 0, 0, 0, INT32_MIN, INT64_MIN},
        {-INFINITY, 0, 0, 0, INT32_MIN, INT64_MIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        uint8_t u8;
        int8_t i8;
        int16_t i16;
        int32_t i32;
        int64_t i64;
        uint8_t truth;
        cast_one(tables[_i], K_UINT8, &u8, K_FLOAT64, &cases[i].x);
        cast_one(tables[_i], K_INT8, &i8, K_FLOAT64, &cases[i].x);
        cast_one(tables[_i], K_INT16, &i16, K_FLOAT64, &cases[i].x);
        cast_one(tables[_i], K_INT32, &i32, K_FLOAT64, &cases[i].x);
        cast_one(tables[_i], K_INT64, &i64, K_FLOAT64, &cases[i].x);
        cast_one(tables[_i], K_BOOL, &truth, K_FLOAT64, &cases[i].x);
        CHECK(u8 == cases[i].u8 && i8 == cases[i].i8 && i16 == cases[i].i16 && i32 == cases[i].i32 &&
              i64 == cases[i].i64 && truth == 1);
    }
}
END_TEST

START_TEST(cast_halves)
{
    /* pattern of a float32 -> torch's pattern in float16 and bfloat16 */
    static const struct {
        uint32_t from;
        uint16_t half, brain;
    } cases[] = {
        {0x477fefff, 0x7bff, 0x4780}, {0x477ff000, 0x7c00, 0x4780}, {0x33000000, 0x0000, 0x3300},
        {0x33000001, 0x0001, 0x3300}, {0xb3000001, 0x8001, 0xb300}, {0x387fffff, 0x0400, 0x3880},
        {0x7f7fffff, 0x7c00, 0x7f80}, {0x00000001, 0x0000, 0x0000}, {0x3f800000, 0x3c00, 0x3f80},
        {0xff800000, 0xfc00, 0xff80}, {0x3f801000, 0x3c00, 0x3f80}, {0x3f803000, 0x3c02, 0x3f80},
    };
    uint16_t out;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        float x;
        memcpy(&x, &cases[i].from, 4);
        cast_one(tables[_i], K_FLOAT16, &out, K_FLOAT32, &x);
        REQUIRE(out == cases[i].half, "%x -> %x", cases[i].from, out);
        cast_one(tables[_i], K_BFLOAT16, &out, K_FLOAT32, &x);
        REQUIRE(out == cases[i].brain, "%x -> %x", cases[i].from, out);
    }
    /* all halves there and back, contiguous and strided; NaNs stay NaNs */
    for (int type = K_FLOAT16; type <= K_BFLOAT16; type += K_BFLOAT16 - K_FLOAT16)
        for (uint32_t block = 0; block < 0x10000; block += 256) {
            uint16_t in[256], back[256], spread[512];
            float wide[256];
            for (uint32_t i = 0; i < 256; ++i) in[i] = (uint16_t)(block + i);
            char *widen[] = {(char *)wide, (char *)in}, *narrow[] = {(char *)back, (char *)wide};
            char *copy[] = {(char *)spread, (char *)in};
            tables[_i]->cast[K_FLOAT32][type](256, widen, (const int64_t[]){4, 2}, NULL);
            tables[_i]->cast[type][K_FLOAT32](256, narrow, (const int64_t[]){2, 4}, NULL);
            tables[_i]->cast[type][type](256, copy, (const int64_t[]){4, 2}, NULL);
            for (int i = 0; i < 256; ++i) {
                CHECK(spread[2 * i] == in[i]);
                const int infinity = type == K_FLOAT16 ? 0x7c00 : 0x7f80;
                CHECK(isnan(wide[i]) ? (back[i] & 0x7fff) > infinity : back[i] == in[i]);
            }
            if (type == K_FLOAT16 && block == 0) CHECK(wide[1] == 0x1p-24f);
        }
}
END_TEST

START_TEST(casts_agree)
{
    for (int from = 1; from < K_TYPES; ++from)
        for (int to = 1; to < K_TYPES; ++to)
            for (int step = 1; step <= 2; ++step) {
                const int type = from == K_FLOAT16 || from == K_BFLOAT16 ? K_INT16 : from;
                state = 11;
                fill_random(inputs[0], type, MOST);
                memset(expected, 0, sizeof expected);
                memset(found, 0, sizeof found);
                char *ptr[] = {expected, inputs[0]};
                const int64_t stride[] = {sizes[to] * step, sizes[from]};
                tables[0]->cast[to][from](MOST, ptr, stride, NULL);
                ptr[0] = found;
                tables[_i]->cast[to][from](MOST, ptr, stride, NULL);
                REQUIRE(memcmp(expected, found, sizeof found) == 0, "%d -> %d", from, to);
            }
}
END_TEST

START_TEST(fills)
{
    for (int type = 1; type < K_TYPES; ++type)
        for (int step = 1; step <= 3; step += 2) {
            const char value[8] = {1, 2, 3, 4, 5, 6, 7, 8};
            memset(found, 0, sizeof found);
            char *ptr[] = {found};
            tables[_i]->fill[type](33, ptr, (const int64_t[]){sizes[type] * step}, value);
            for (int i = 0; i < 33; ++i) CHECK(memcmp(found + i * step * sizes[type], value, (size_t)sizes[type]) == 0);
            CHECK(found[(32 * step + 1) * sizes[type]] == 0);
        }
}
END_TEST

/* ---- gemm -------------------------------------------------------------------------------------------------------- */

typedef void (*Product)(int64_t m, int64_t n, int64_t k, double alpha, const void *a, int64_t a_row, int64_t a_col,
                        const void *b, int64_t b_row, int64_t b_col, double beta, void *c, int64_t c_row,
                        int64_t c_col);

static double element(const void *p, int type, int64_t i)
{
    return type == K_FLOAT32 ? ((const float *)p)[i] : ((const double *)p)[i];
}

/* One product against a plain loop in double. layout bits: A, B, C stored transposed; 8: strides doubled. */
static void check_product(Product product, int type, int64_t m, int64_t n, int64_t k, int layout, double alpha,
                          double beta)
{
    const int64_t spread = layout & 8 ? 2 : 1;
    const int64_t a_row = layout & 1 ? spread : k * spread, a_col = layout & 1 ? m * spread : spread;
    const int64_t b_row = layout & 2 ? spread : n * spread, b_col = layout & 2 ? k * spread : spread;
    const int64_t c_row = layout & 4 ? spread : n * spread, c_col = layout & 4 ? m * spread : spread;
    const size_t size = (size_t)sizes[type];
    char *a = malloc((size_t)(m * k * spread) * size + 1), *b = malloc((size_t)(k * n * spread) * size + 1);
    char *c = malloc((size_t)(m * n * spread) * size), *old = malloc((size_t)(m * n * spread) * size);
    fill_random(a, type, m * k * spread);
    fill_random(b, type, k * n * spread);
    fill_random(c, type, m * n * spread);
    if (beta == 0) /* C must not even be read */
        memset(c, 0xff, (size_t)(m * n * spread) * size);
    memcpy(old, c, (size_t)(m * n * spread) * size);
    product(m, n, k, alpha, a, a_row, a_col, b, b_row, b_col, beta, c, c_row, c_col);
    for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; ++j) {
            double total = 0;
            for (int64_t p = 0; p < k; ++p)
                total += element(a, type, i * a_row + p * a_col) * element(b, type, p * b_row + j * b_col);
            total = alpha * total + (beta == 0 ? 0 : beta * element(old, type, i * c_row + j * c_col));
            const double bound = (type == K_FLOAT32 ? 2e-6 : 4e-15) * 16 * (double)(k + 4);
            REQUIRE(fabs(element(c, type, i * c_row + j * c_col) - total) <= bound, "%d x %d x %d layout %d", (int)m,
                    (int)n, (int)k, layout);
        }
    free(a), free(b), free(c), free(old);
}

static void check_products(Product product, int type)
{
    static const int shapes[][3] = {{1, 1, 1},     {10, 5, 5},   {10, 1, 5},   {5, 10, 5},   {5, 100, 1},
                                    {1, 37, 20},   {37, 1, 20},  {7, 9, 0},    {33, 65, 17}, {9, 31, 300},
                                    {70, 33, 130}, {1, 70, 300}, {150, 1, 140}};
    state = 5;
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; ++s)
        for (int layout = 0; layout < 16; ++layout) {
            check_product(product, type, shapes[s][0], shapes[s][1], shapes[s][2], layout, 1, 1);
            check_product(product, type, shapes[s][0], shapes[s][1], shapes[s][2], layout, 0.75, 0);
            check_product(product, type, shapes[s][0], shapes[s][1], shapes[s][2], layout, -2, 0.5);
        }
}

START_TEST(gemm_floats)
{
    check_products(tables[_i]->gemm[K_FLOAT32], K_FLOAT32);
    check_products(tables[_i]->gemm[K_FLOAT64], K_FLOAT64);
}
END_TEST

START_TEST(gemm_integers)
{
    const int8_t a[4] = {100, 2, -3, 4}, b[4] = {5, 6, 7, 8};
    int8_t c[4] = {1, 1, 1, 1};
    tables[_i]->gemm[K_INT8](2, 2, 2, 1, a, 2, 1, b, 2, 1, 1, c, 2, 1);
    ck_assert_int_eq(c[0], (int8_t)(uint8_t)(514 + 1 - 512));
    ck_assert_int_eq(c[1], (int8_t)(uint8_t)(616 + 1 - 512));
    ck_assert_int_eq(c[2], 14);
    const int64_t x[2] = {INT64_MAX, 3}, y[2] = {2, 5};
    int64_t z = 9;
    tables[_i]->gemm[K_INT64](1, 1, 2, 1, x, 2, 1, y, 1, 1, 0, &z, 1, 1);
    ck_assert_int_eq(z, 13);
}
END_TEST

static void through_blas_float(int64_t m, int64_t n, int64_t k, double alpha, const void *a, int64_t a_row,
                               int64_t a_col, const void *b, int64_t b_row, int64_t b_col, double beta, void *c,
                               int64_t c_row, int64_t c_col)
{
    cer_gemm(K_FLOAT32, m, n, k, alpha, a, a_row, a_col, b, b_row, b_col, beta, c, c_row, c_col);
}

static void through_blas_double(int64_t m, int64_t n, int64_t k, double alpha, const void *a, int64_t a_row,
                                int64_t a_col, const void *b, int64_t b_row, int64_t b_col, double beta, void *c,
                                int64_t c_row, int64_t c_col)
{
    cer_gemm(K_FLOAT64, m, n, k, alpha, a, a_row, a_col, b, b_row, b_col, beta, c, c_row, c_col);
}

START_TEST(gemm_large)
{
    for (int layout = 0; layout < 16; ++layout) {
        check_product(through_blas_float, K_FLOAT32, 110, 101, 103, layout, 1, 1);
        check_product(through_blas_float, K_FLOAT32, 1, 150, 140, layout, 1, 0);
        check_product(through_blas_double, K_FLOAT64, 150, 1, 140, layout, 2, 0.5);
    }
    check_product(through_blas_double, K_FLOAT64, 110, 101, 103, 2, 1, 0);
}
END_TEST

START_TEST(tables_are_complete)
{
    ck_assert_str_eq(tables[0]->name, "baseline");
    for (int type = 1; type < K_TYPES; ++type) {
        const bool half = type == K_FLOAT16 || type == K_BFLOAT16;
        CHECK(tables[_i]->fill[type] != NULL);
        for (int k = BLOCK_max; k <= BLOCK_nonzero; ++k) CHECK((tables[_i]->block[k][type] != NULL) == !half);
        const bool floating = type == K_FLOAT32 || type == K_FLOAT64;
        for (int k = BLOCK_softmax; k < BLOCK_LOOPS; ++k) CHECK((tables[_i]->block[k][type] != NULL) == floating);
        CHECK((tables[_i]->gemm[type] != NULL) == (!half && type != K_BOOL));
        CHECK((tables[_i]->loop[KERNEL_eq][type] != NULL) == !half);
        for (int from = 1; from < K_TYPES; ++from) CHECK(tables[_i]->cast[type][from] != NULL);
    }
}
END_TEST

int main(void)
{
    find_tables();
    Suite *suite = suite_create("kernels");
    TCase *cases = tcase_create("every table");
    tcase_set_timeout(cases, 120); /* sanitizers are slow */
    tcase_add_loop_test(cases, loops_agree, 0, table_count);
    tcase_add_loop_test(cases, loops_known_values, 0, table_count);
    tcase_add_loop_test(cases, sum_has_pytorch_bits, 0, table_count);
    tcase_add_loop_test(cases, sum_of_integers, 0, table_count);
    tcase_add_loop_test(cases, extremes, 0, table_count);
    tcase_add_loop_test(cases, extremes_in_columns, 0, table_count);
    tcase_add_loop_test(cases, cast_floats_to_integers, 0, table_count);
    tcase_add_loop_test(cases, cast_halves, 0, table_count);
    tcase_add_loop_test(cases, casts_agree, 0, table_count);
    tcase_add_loop_test(cases, fills, 0, table_count);
    tcase_add_loop_test(cases, gemm_floats, 0, table_count);
    tcase_add_loop_test(cases, gemm_integers, 0, table_count);
    tcase_add_loop_test(cases, tables_are_complete, 0, table_count);
    tcase_add_test(cases, gemm_large);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
