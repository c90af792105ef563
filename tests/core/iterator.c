/* The iterator against a naive walk: random shapes, strides in any order, gaps, broadcasts, sizes 0 and 1. */
#include "cases.h"

static uint64_t state;

static int64_t below(int64_t n) /* xorshift: the same shapes in every run */
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int64_t)(state % (uint64_t)n);
}

enum { ROUNDS = 3000, CELLS = 1 << 14 };

static int32_t memory[CER_OPERANDS][CELLS], expected[CELLS];

/* Strides of a tensor of this shape: dimensions in any order, a gap here and there, 0 where it is broadcast. */
static void random_strides(int64_t ndim, const int64_t *shape, bool broadcasts, int64_t *stride)
{
    int64_t order[TORCH_MAX_DIM], next = 1;
    for (int64_t i = 0; i < ndim; i++) order[i] = i;
    for (int64_t i = ndim; i-- > 1;) {
        int64_t j = below(i + 1), swapped = order[i];
        if (below(2)) order[i] = order[j], order[j] = swapped;
    }
    for (int64_t i = 0; i < ndim; i++) {
        int64_t d = order[i];
        stride[d] = next;
        next *= shape[d] ? shape[d] : 1;
        if (below(5) == 0) next++;
        if (broadcasts && below(4) == 0) stride[d] = 0;
    }
}

static void random_shape(int64_t *ndim, int64_t *shape)
{
    *ndim = below(TORCH_MAX_DIM + 1);
    int64_t numel = 1;
    for (int64_t d = 0; d < *ndim; d++) {
        shape[d] = below(30) == 0 ? 0 : below(5) + 1;
        if (numel * (shape[d] + 1) > 600) shape[d] = 1;
        numel *= shape[d] + 1;
    }
}

/* Offset of element i, counted in row order. */
static int64_t offset_of(int64_t i, int64_t ndim, const int64_t *shape, const int64_t *stride)
{
    int64_t offset = 0;
    for (int64_t d = ndim; d-- > 0; i /= shape[d]) offset += i % shape[d] * stride[d];
    return offset;
}

/* out = 1 + out + 3 a + 5 b + 7 c: tells operands apart, and elements that are visited twice or never. */
static int operands;

static void combine(int64_t n, char *const *ptr, const int64_t *stride, const void *param)
{
    static const int32_t weight[] = {1, 3, 5, 7};
    ck_assert_ptr_eq(param, expected);
    for (int64_t i = 0; i < n; i++) {
        int32_t v = 1;
        for (int k = 0; k < operands; k++) v += weight[k] * *(const int32_t *)(ptr[k] + i * stride[k]);
        *(int32_t *)(ptr[0] + i * stride[0]) = v;
    }
}

static void naive(int64_t ndim, const int64_t *shape, int64_t (*stride)[TORCH_MAX_DIM])
{
    static const int32_t weight[] = {1, 3, 5, 7};
    int64_t numel = 1;
    for (int64_t d = 0; d < ndim; d++) numel *= shape[d];
    memcpy(expected, memory[0], sizeof expected);
    for (int64_t i = 0; i < numel; i++) {
        int64_t at = offset_of(i, ndim, shape, stride[0]);
        int32_t v = 1 + expected[at];
        for (int k = 1; k < operands; k++) v += weight[k] * memory[k][offset_of(i, ndim, shape, stride[k])];
        expected[at] = v;
    }
}

static void round_of(bool reduction)
{
    int64_t ndim, shape[TORCH_MAX_DIM], stride[CER_OPERANDS][TORCH_MAX_DIM] = {{0}};
    const int64_t *strides[CER_OPERANDS];
    size_t element[CER_OPERANDS];
    char *data[CER_OPERANDS];
    operands = (int)below(CER_OPERANDS) + 1;
    random_shape(&ndim, shape);
    for (int k = 0; k < operands; k++) {
        random_strides(ndim, shape, k > 0 || reduction, stride[k]);
        strides[k] = stride[k];
        element[k] = sizeof(int32_t);
        data[k] = (char *)memory[k];
        for (int64_t i = 0; i < CELLS; i++) memory[k][i] = (int32_t)below(100);
    }
    naive(ndim, shape, stride);
    cer_Iterator it;
    cer_iterator_init(&it, operands, ndim, shape, data, strides, element, reduction);
    ck_assert_int_ge(it.ndim, 1);
    ck_assert_int_le(it.ndim, ndim ? ndim : 1);
    cer_iterator_run(&it, combine, expected);
    ck_assert_mem_eq(memory[0], expected, sizeof expected);
}

START_TEST(elementwise)
{
    state = 88172645463325252u;
    for (int i = 0; i < ROUNDS; i++) round_of(false);
}
END_TEST

/* Sums are the same in any order, as long as every summand comes once. */
START_TEST(reductions)
{
    state = 1181783497276652981u;
    for (int i = 0; i < ROUNDS; i++) round_of(true);
}
END_TEST

START_TEST(contiguous_operands_become_one_run)
{
    const int64_t shape[] = {2, 3, 4, 5}, stride[] = {60, 20, 5, 1}, turned[] = {1, 2, 6, 24},
                  *same[3] = {stride, stride, stride}, *two[2] = {turned, turned};
    const size_t element[3] = {4, 8, 4};
    char *data[3] = {(char *)memory[0], (char *)memory[1], (char *)memory[2]};
    cer_Iterator it;
    cer_iterator_init(&it, 3, 4, shape, data, same, element, false);
    ck_assert(it.ndim == 1 && it.shape[0] == 120 && it.stride[0][0] == 4 && it.stride[0][1] == 8);
    cer_iterator_init(&it, 2, 4, shape, data, two, element, false); /* column order on both sides is as good */
    ck_assert(it.ndim == 1 && it.shape[0] == 120 && it.stride[0][0] == 4);
}
END_TEST

static void never(int64_t n, char *const *ptr, const int64_t *stride, const void *param)
{
    (void)ptr, (void)stride, (void)param;
    ck_assert_int_eq(n, 0);
}

START_TEST(nothing_to_visit)
{
    const int64_t stride[] = {12, 4, 1}, *strides[1] = {stride};
    const size_t element[1] = {4};
    char *data[1] = {NULL};
    for (int64_t zero = 0; zero < 3; zero++) {
        int64_t shape[3] = {2, 3, 4};
        shape[zero] = 0;
        cer_Iterator it;
        cer_iterator_init(&it, 1, 3, shape, data, strides, element, false);
        cer_iterator_run(&it, never, NULL);
    }
}
END_TEST

/* Copies of runs forwards, backwards, across, repeated, with steps, of few and of many elements, in all widths. */
static void copy_round(int type, int64_t size)
{
    static const int64_t long_and_short[] = {1, 2, 3, 4, 5, 17, 20, 70};
    const int64_t shape[2] = {long_and_short[below(7)], long_and_short[below(8)]}, rows[2] = {shape[1], 1};
    const int64_t *strides[2];
    int64_t from[2], at = 0;
    char *data[2] = {(char *)memory[0], NULL}, wanted[20 * 70 * 8];
    const size_t element[2] = {(size_t)size, (size_t)size};
    random_strides(2, shape, true, from);
    for (int d = 0; d < 2; d++) {
        if (below(3) == 0) from[d] *= 2;
        if (below(2)) from[d] = -from[d];
        if (from[d] < 0) at -= (shape[d] - 1) * from[d];
    }
    for (int64_t i = 0; i < CELLS; i++) memory[1][i] = (int32_t)below(INT32_MAX);
    data[1] = (char *)memory[1] + at * size;
    for (int64_t i = 0; i < shape[0] * shape[1]; i++)
        memcpy(wanted + i * size, data[1] + offset_of(i, 2, shape, from) * size, (size_t)size);
    strides[0] = rows, strides[1] = from;
    cer_Iterator it;
    cer_iterator_init(&it, 2, 2, shape, data, strides, element, false);
    cer_iterator_copy(&it, type, type);
    ck_assert_mem_eq(memory[0], wanted, (size_t)(shape[0] * shape[1] * size));
}

START_TEST(copies)
{
    static const int types[] = {K_UINT8, K_INT16, K_FLOAT32, K_INT64};
    state = 88172645463325252u;
    for (int i = 0; i < ROUNDS; i++) copy_round(types[i % 4], 1 << i % 4);
}
END_TEST

TCase *iterator_case(void)
{
    return test_case("iterator", elementwise, reductions, contiguous_operands_become_one_run, nothing_to_visit, copies);
}
