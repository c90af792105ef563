/* torch_tensor of every C type and rank, and the factories with sizes. */
#include "cases.h"
#include "ops/ops.h"

#define ck_made(t, type, ...)                                                                \
    do {                                                                                     \
        Tensor *made_ = t;                                                                   \
        ck_assert_int_eq(torch_dtype_of(made_), type);                                       \
        ck_assert_tensor(made_, (int64_t)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), \
                         ((double[]){__VA_ARGS__}), 0, 0);                                   \
        ck_assert(torch_is_contiguous(made_) && !torch_requires_grad(made_));                \
    } while (0)

START_TEST(numbers)
{
    ck_made(torch_tensor(3), torch_int64, 3);
    ck_made(torch_tensor(-3L), torch_int64, -3);
    ck_made(torch_tensor(3LL), torch_int64, 3);
    ck_made(torch_tensor(2.5), torch_float32, 2.5);
    ck_made(torch_tensor(2.5f), torch_float32, 2.5);
    ck_made(torch_tensor((bool)true), torch_bool, 1);
    bool b = false;
    ck_made(torch_tensor(b), torch_bool, 0);
    ck_made(torch_tensor(2.5, .dtype = torch_float64), torch_float64, 2.5);
    ck_made(torch_tensor(3, .dtype = torch_float16), torch_float16, 3);
    ck_made(torch_tensor(0.5, .dtype = torch_bfloat16), torch_bfloat16, 0.5);
    ck_made(torch_tensor(-2.75, .dtype = torch_int32), torch_int32, -2);
    ck_made(torch_tensor(7, .dtype = torch_bool), torch_bool, 1);
    Tensor *t = torch_tensor(1.0, .requires_grad = true);
    ck_assert(torch_requires_grad(t) && torch_is_leaf(t));
    ck_assert_scalar_shape(t);
    t = torch_tensor(INT64_MAX);
    ck_assert_int_eq(torch_item_scalar(t).as.i, INT64_MAX);
    ck_assert_int_eq(torch_item_scalar(t).kind, TORCH_KIND_INT);
}
END_TEST

START_TEST(arrays_of_every_type)
{
    bool b[] = {true, false, true};
    char c[] = {1, 2, 3};
    signed char sc[] = {-1, 2, -3};
    unsigned char uc[] = {1, 200, 255};
    short s[] = {-1, 2, 30000};
    int i[] = {1, -2, 2000000000};
    long l[] = {1, 2, -3};
    long long ll[] = {1, 2, 1LL << 40};
    int8_t i8[] = {-128, 0, 127};
    uint8_t u8[] = {0, 128, 255};
    int16_t i16[] = {-32768, 0, 32767};
    int32_t i32[] = {INT32_MIN, 0, INT32_MAX};
    int64_t i64[] = {-1, 0, 1};
    float f[] = {0.5f, -1.5f, 3};
    double d[] = {0.5, -1.5, 3};
    const float cf[] = {0.25f, 4};
    ck_made(torch_tensor(b), torch_bool, 1, 0, 1);
    ck_made(torch_tensor(c), torch_int8, 1, 2, 3);
    ck_made(torch_tensor(sc), torch_int8, -1, 2, -3);
    ck_made(torch_tensor(uc), torch_uint8, 1, 200, 255);
    ck_made(torch_tensor(s), torch_int16, -1, 2, 30000);
    ck_made(torch_tensor(i), torch_int64, 1, -2, 2000000000);
    ck_made(torch_tensor(l), torch_int64, 1, 2, -3);
    ck_made(torch_tensor(ll), torch_int64, 1, 2, 1099511627776.0);
    ck_made(torch_tensor(i8), torch_int8, -128, 0, 127);
    ck_made(torch_tensor(u8), torch_uint8, 0, 128, 255);
    ck_made(torch_tensor(i16), torch_int16, -32768, 0, 32767);
    ck_made(torch_tensor(i32), torch_int64, INT32_MIN, 0, INT32_MAX);
    ck_made(torch_tensor(i64), torch_int64, -1, 0, 1);
    ck_made(torch_tensor(f), torch_float32, 0.5, -1.5, 3);
    ck_made(torch_tensor(d), torch_float32, 0.5, -1.5, 3);
    ck_made(torch_tensor(cf), torch_float32, 0.25, 4);
    ck_made(torch_tensor(d, .dtype = torch_float64), torch_float64, 0.5, -1.5, 3);
    ck_made(torch_tensor(d, .dtype = torch_int64), torch_int64, 0, -1, 3);
    ck_made(torch_tensor(i, .dtype = torch_uint8), torch_uint8, 1, 254, 0);
}
END_TEST

START_TEST(lists)
{
    ck_made(torch_tensor(torch_list(float, 1, 2, 3)), torch_float32, 1, 2, 3);
    ck_made(torch_tensor(torch_list(double, 1, 2, 3)), torch_float32, 1, 2, 3);
    ck_made(torch_tensor(torch_list(int, 1, 2, 3)), torch_int64, 1, 2, 3);
    ck_made(torch_tensor(torch_list(bool, 1, 0)), torch_bool, 1, 0);
    ck_made(torch_tensor(torch_list(int64_t, 5), .dtype = torch_int32), torch_int32, 5);
    Tensor *t = torch_tensor(torch_list(int, 5));
    ck_assert_shape(t, 1);
}
END_TEST

START_TEST(four_dimensions)
{
    float one[2] = {1, 2}, two[2][3] = {{1, 2, 3}, {4, 5, 6}}, three[1][2][2] = {{{1, 2}, {3, 4}}};
    double four[2][1][2][1] = {{{{1}, {2}}}, {{{3}, {4}}}};
    Tensor *t = torch_tensor(one);
    ck_assert_shape(t, 2);
    t = torch_tensor(two);
    ck_assert_shape(t, 2, 3);
    ck_made(t, torch_float32, 1, 2, 3, 4, 5, 6);
    t = torch_tensor(three);
    ck_assert_shape(t, 1, 2, 2);
    ck_made(t, torch_float32, 1, 2, 3, 4);
    t = torch_tensor(four);
    ck_assert_shape(t, 2, 1, 2, 1);
    ck_made(t, torch_float32, 1, 2, 3, 4);
    two[0][0] = 9; /* it was a copy */
    t = torch_tensor(((int[2][2]){{1, 2}, {3, 4}}));
    ck_assert_shape(t, 2, 2);
    ck_made(t, torch_int64, 1, 2, 3, 4);
}
END_TEST

START_TEST(default_dtype_is_for_floats_only)
{
    torch_set_default_dtype(torch_float64);
    Tensor *f = torch_tensor(torch_list(float, 1, 2)), *n = torch_tensor(0.1), *i = torch_tensor(torch_list(int, 1)),
           *z = torch_zeros(2);
    torch_set_default_dtype(torch_float32);
    ck_made(f, torch_float64, 1, 2);
    ck_made(n, torch_float64, 0.1);
    ck_made(i, torch_int64, 1);
    ck_made(z, torch_float64, 0, 0);
}
END_TEST

START_TEST(factories)
{
    Tensor *t = torch_zeros(2, 3);
    ck_assert_shape(t, 2, 3);
    ck_made(t, torch_float32, 0, 0, 0, 0, 0, 0);
    t = torch_ones(1, 2, 1, .dtype = torch_int16);
    ck_assert_shape(t, 1, 2, 1);
    ck_made(t, torch_int16, 1, 1);
    t = torch_full(2.5, 2);
    ck_made(t, torch_float32, 2.5, 2.5);
    t = torch_full(3, 2);
    ck_made(t, torch_int64, 3, 3);
    t = torch_zeros(0);
    ck_assert_shape(t, 0);
    t = torch_zeros(3, 0, 2);
    ck_assert_shape(t, 3, 0, 2);
    t = torch_zeros(2, 1, 2, 1, 2, 1, 2, 1);
    ck_assert_shape(t, 2, 1, 2, 1, 2, 1, 2, 1);
    t = torch_zeros_n(0, NULL, torch_dtype_none);
    ck_assert_scalar_shape(t);
    t = torch_empty(4, .dtype = torch_bool);
    ck_assert_int_eq(torch_dtype_of(t), torch_bool);
}
END_TEST

START_TEST(ninth_size_is_refused)
{
    Tensor *t = torch_zeros(1, 1, 1, 1, 1, 1, 1, 1, 1);
    ck_assert_ptr_null(t);
    ck_assert_error(TORCH_RUNTIME_ERROR, "zeros: a tensor has at most 8 dimensions here");
    int64_t nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    ck_assert_ptr_null(torch_ones_n(9, nine, torch_float32));
    ck_assert_int_eq(torch_error_code(), TORCH_RUNTIME_ERROR);
    torch_error_clear();
    ck_assert_ptr_null(torch_tensor_n(nine, torch_int64, 9, nine));
    torch_error_clear();
    t = torch_zeros(2, -1);
    ck_assert_ptr_null(t);
    ck_assert_error(TORCH_RUNTIME_ERROR, "Trying to create tensor with negative dimension -1: [2, -1]");
    ck_assert_ptr_null(torch_tensor_n(NULL, torch_float32, 1, (const int64_t[]){2}));
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    torch_error_clear();
}
END_TEST

START_TEST(items)
{
    ck_assert_double_eq(torch_item(torch_tensor_n((const double[]){0.1}, torch_float64, 1, (const int64_t[]){1})), 0.1);
    ck_assert_double_eq(torch_item(torch_zeros(1, 1, 1)), 0);
    Tensor *t = torch_tensor((bool)true);
    ck_assert_int_eq(torch_item_scalar(t).kind, TORCH_KIND_BOOL);
    ck_assert_double_eq(torch_item(t), 1);
    t = torch_tensor(1LL << 60);
    ck_assert_int_eq(torch_item_scalar(t).as.i, 1LL << 60);
    t = torch_tensor(torch_list(float, 1, 2));
    ck_assert(isnan(torch_item(t)));
    ck_assert_error(TORCH_VALUE_ERROR, "only one element tensors can be converted to Python scalars");
}
END_TEST

START_TEST(failing_allocations)
{
    static const float values[6] = {1, 2, 3, 4, 5, 6};
    for (int64_t k = 1;; k++) {
        torch_fail_allocation(k);
        Tensor *t = torch_tensor_n(values, torch_float32, 2, (const int64_t[]){2, 3});
        torch_fail_allocation(0);
        if (t) break;
        ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        torch_error_clear();
        ck_assert_int_lt(k, 10);
    }
}
END_TEST

TCase *making_case(void)
{
    return test_case("making", numbers, arrays_of_every_type, lists, four_dimensions, default_dtype_is_for_floats_only,
                     factories, ninth_size_is_refused, items, failing_allocations);
}
