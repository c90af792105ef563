/* Type promotion, against all of PyTorch's answers; sizes and what they overflow. */
#include "cases.h"

#include "dtypes.inc" /* tables of dtypes: after their types */

enum { TYPES = 10, OPERANDS = 23 };

/* ---- dtypes ------------------------------------------------------------------------------------------------------ */

START_TEST(promote_types)
{
    for (int a = 0; a < TYPES; a++)
        for (int b = 0; b < TYPES; b++)
            ck_assert_msg(torch_promote_types(dtypes[a], dtypes[b]) == promoted[a][b], "%s, %s: %s, expected %s",
                          torch_dtype_str(dtypes[a]), torch_dtype_str(dtypes[b]),
                          torch_dtype_str(torch_promote_types(dtypes[a], dtypes[b])), torch_dtype_str(promoted[a][b]));
}
END_TEST

static torch_Scalar operand(int i)
{
    if (i < TYPES) return torch_scalar_tensor(cer_empty(dtypes[i], 1, (const int64_t[]){2}));
    if (i < 2 * TYPES) return torch_scalar_tensor(cer_empty(dtypes[i - TYPES], 0, NULL));
    return i == 2 * TYPES       ? torch_scalar_bool(true)
           : i == 2 * TYPES + 1 ? torch_scalar_int(3)
                                : torch_scalar_double(2.5);
}

static void check_result_types(const torch_dtype (*expected)[OPERANDS])
{
    torch_Scalar all[OPERANDS];
    for (int i = 0; i < OPERANDS; i++) all[i] = operand(i);
    for (int a = 0; a < OPERANDS; a++)
        for (int b = 0; b < OPERANDS; b++) {
            torch_Scalar in[4] = {all[a], all[b], torch_scalar_none(), all[a]};
            for (int64_t n = 2; n <= 4; n++) /* None counts for nothing, and the same again for no more */
                ck_assert_msg(cer_result_type(in, n) == expected[a][b], "operands %d, %d: %s, expected %s", a, b,
                              torch_dtype_str(cer_result_type(in, n)), torch_dtype_str(expected[a][b]));
        }
}

START_TEST(result_type)
{
    check_result_types(result_float32);
    torch_set_default_dtype(torch_float64);
    check_result_types(result_float64);
    torch_set_default_dtype(torch_float32);
}
END_TEST

/* The op itself promotes as the table says. */
START_TEST(add_promotes)
{
    for (int a = 0; a < 2 * TYPES; a++)
        for (int b = 0; b < OPERANDS; b++) {
            torch_scope();
            torch_Scalar in[2] = {operand(a), operand(b)};
            for (int i = 0; i < 2; i++)
                if (in[i].kind == TORCH_KIND_TENSOR) cer_fill_elements(in[i].as.t, torch_scalar_bool(true));
            Tensor *sum = cer_call(&cer_op_add, in, 2, NULL);
            ck_assert_no_error();
            ck_assert_int_eq(torch_dtype_of(sum), result_float32[a][b]);
            ck_assert_int_eq(torch_dim(sum), a < TYPES || b < TYPES);
        }
}
END_TEST

START_TEST(names_and_sizes)
{
    static const struct {
        torch_dtype dtype;
        const char *name;
        size_t size;
        bool floating;
    } all[] = {
        {torch_uint8, "torch.uint8", 1, false},    {torch_int8, "torch.int8", 1, false},
        {torch_int16, "torch.int16", 2, false},    {torch_int32, "torch.int32", 4, false},
        {torch_int64, "torch.int64", 8, false},    {torch_float16, "torch.float16", 2, true},
        {torch_float32, "torch.float32", 4, true}, {torch_float64, "torch.float64", 8, true},
        {torch_bool, "torch.bool", 1, false},      {torch_bfloat16, "torch.bfloat16", 2, true},
        {torch_long, "torch.int64", 8, false},     {torch_double, "torch.float64", 8, true},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ck_assert_str_eq(torch_dtype_str(all[i].dtype), all[i].name);
        ck_assert_uint_eq(torch_dtype_size(all[i].dtype), all[i].size);
        ck_assert(torch_dtype_is_floating_point(all[i].dtype) == all[i].floating);
    }
    ck_assert_uint_eq(torch_dtype_size(torch_dtype_none), 0);
    ck_assert_uint_eq(torch_dtype_size((torch_dtype)99), 0);
    ck_assert_uint_eq(torch_dtype_size((torch_dtype)-1), 0);
    ck_assert_str_eq(torch_dtype_str((torch_dtype)99), "None");
    ck_assert(!torch_dtype_is_floating_point((torch_dtype)-5));
}
END_TEST

START_TEST(default_dtype)
{
    ck_assert_int_eq(torch_get_default_dtype(), torch_float32);
    ck_assert_int_eq(torch_set_default_dtype(torch_float64), TORCH_OK);
    ck_assert_int_eq(torch_get_default_dtype(), torch_float64);
    ck_assert_int_eq(torch_set_default_dtype(torch_int64), TORCH_TYPE_ERROR);
    ck_assert_error(TORCH_TYPE_ERROR, "only floating-point types are supported as the default type");
    torch_set_default_dtype(torch_dtype_none);
    ck_assert_error(TORCH_TYPE_ERROR, "only floating-point types are supported as the default type");
    ck_assert_int_eq(torch_get_default_dtype(), torch_float64);
    torch_set_default_dtype(torch_float32);
}
END_TEST

START_TEST(wrong_dtypes)
{
    ck_assert_ptr_null(cer_empty((torch_dtype)77, 1, (const int64_t[]){1}));
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    torch_error_clear();
    Tensor *t = small();
    ck_assert_ptr_null(cer_to(t, torch_dtype_none));
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    torch_error_clear();
    ck_assert_ptr_eq(cer_to(t, torch_float32), t);
}
END_TEST

TCase *dtypes_case(void)
{
    return test_case("dtypes", promote_types, result_type, add_promotes, names_and_sizes, default_dtype, wrong_dtypes);
}

/* ---- sizes ------------------------------------------------------------------------------------------------------- */

START_TEST(every_rank)
{
    int64_t size[TORCH_MAX_DIM], numel = 1;
    for (int64_t ndim = 0; ndim <= TORCH_MAX_DIM; ndim++) {
        if (ndim) numel *= size[ndim - 1] = ndim % 3 + 1;
        Tensor *t = cer_empty(torch_int32, ndim, size);
        ck_assert_int_eq(torch_dim(t), ndim);
        ck_assert_int_eq(torch_numel(t), numel);
        ck_assert(torch_is_contiguous(t));
        for (int64_t d = ndim, stride = 1; d-- > 0; stride *= size[d]) {
            ck_assert_int_eq(torch_size(t, d), size[d]);
            ck_assert_int_eq(torch_size(t, d - ndim), size[d]);
            ck_assert_int_eq(torch_stride(t, d), stride);
        }
    }
}
END_TEST

START_TEST(refused_ranks_and_sizes)
{
    int64_t nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    ck_assert_ptr_null(cer_empty(torch_float32, 9, nine));
    ck_assert_error(TORCH_RUNTIME_ERROR, "empty: a tensor has at most 8 dimensions here, not 9");
    ck_assert_ptr_null(cer_empty(torch_float32, -1, nine));
    ck_assert_int_eq(torch_error_code(), TORCH_RUNTIME_ERROR);
    torch_error_clear();
    ck_assert_ptr_null(cer_empty(torch_float32, INT64_MAX, nine));
    torch_error_clear();
    ck_assert_ptr_null(cer_empty(torch_float32, 2, (const int64_t[]){2, -1}));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Trying to create tensor with negative dimension -1: [2, -1]");
    ck_assert_ptr_null(cer_empty(torch_float32, 2, (const int64_t[]){INT64_MIN, 3}));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "Trying to create tensor with negative dimension -9223372036854775808: [-9223372036854775808, 3]");
}
END_TEST

START_TEST(zero_sizes)
{
    Tensor *t = cer_zeros(torch_float32, 4, (const int64_t[]){2, 3, 0, 4});
    ck_assert_int_eq(torch_numel(t), 0);
    ck_assert(torch_is_contiguous(t));
    static const int64_t strides[4] = {12, 4, 4, 1};
    for (int d = 0; d < 4; d++) ck_assert_int_eq(torch_stride(t, d), strides[d]);
    Tensor *sum = cer_call2(&cer_op_add, t, cer_zeros(torch_float32, 1, (const int64_t[]){1}), NULL);
    ck_assert_shape(sum, 2, 3, 0, 4);
    ck_assert_shape(cer_call1(&cer_op_clone, t, NULL), 2, 3, 0, 4);
    ck_assert_shape(cer_to(t, torch_int64), 2, 3, 0, 4);
    cer_SumAttrs all = {.reduced = cer_all_dims(4), .dtype = torch_float32};
    ck_assert_tensor(cer_call1(&cer_op_sum, t, &all), 1, ((double[]){0}), 0, 0);
    cer_SumAttrs middle = {.reduced = 1u << 2, .kept = 1u << 2, .dtype = torch_float32};
    sum = cer_call1(&cer_op_sum, t, &middle);
    ck_assert_shape(sum, 2, 3, 1, 4);
    for (int64_t i = 0; i < 24; i++) ck_assert_double_eq(support_element(sum, i), 0);
    ck_assert_ptr_eq(cer_call(&cer_op_fill_, (torch_Scalar[]){torch_scalar_tensor(t), torch_scalar_int(1)}, 2, NULL),
                     t);
    ck_assert_ptr_eq(cer_call2(&cer_op_copy_, t, t, NULL), t);
    ck_assert(isnan(torch_item(t)));
    ck_assert_error(TORCH_VALUE_ERROR, "only one element tensors can be converted to Python scalars");
}
END_TEST

START_TEST(no_dimensions)
{
    Tensor *t = cer_zeros(torch_float64, 0, NULL);
    ck_assert_scalar_shape(t);
    ck_assert_int_eq(torch_numel(t), 1);
    ck_assert_double_eq(torch_item(t), 0);
    ck_assert_int_eq(torch_size(t, 0), -1);
    ck_assert_error(TORCH_INDEX_ERROR, "Dimension specified as 0 but tensor has no dimensions");
    ck_assert_int_eq(torch_stride(t, -1), -1);
    ck_assert_error(TORCH_INDEX_ERROR, "Dimension specified as -1 but tensor has no dimensions");
    ck_assert_scalar_shape(cer_call2(&cer_op_add, t, t, NULL));
    cer_SumAttrs all = {.dtype = torch_float64};
    ck_assert_scalar_shape(cer_call1(&cer_op_sum, t, &all));
    ck_assert_scalar_shape(torch_detach(t));
    cer_SizeAttrs to = {.ndim = 2, .size = {2, 3}};
    ck_assert_shape(cer_call1(&cer_op_expand, t, &to), 2, 3);
}
END_TEST

START_TEST(dimension_out_of_range)
{
    Tensor *t = cer_zeros(torch_float32, 2, (const int64_t[]){3, 4});
    ck_assert_int_eq(torch_size(t, -3), -1);
    ck_assert_error(TORCH_INDEX_ERROR, "Dimension out of range (expected to be in range of [-2, 1], but got -3)");
    ck_assert_int_eq(torch_stride(t, 2), -1);
    ck_assert_error(TORCH_INDEX_ERROR, "Dimension out of range (expected to be in range of [-2, 1], but got 2)");
    torch_size(t, INT64_MIN);
    ck_assert_error(TORCH_INDEX_ERROR,
                    "Dimension out of range (expected to be in range of [-2, 1], but got -9223372036854775808)");
}
END_TEST

START_TEST(numel_overflow)
{
    int64_t numel;
    ck_assert(cer_numel_of("op", 3, (const int64_t[]){2, 3, 4}, 8, &numel) && numel == 24);
    ck_assert(cer_numel_of("op", 0, NULL, 8, &numel) && numel == 1);
    ck_assert(cer_numel_of("op", 2, (const int64_t[]){1000, 0}, 8, &numel) && numel == 0);
    ck_assert(!cer_numel_of("op", 2, (const int64_t[]){INT64_C(1) << 32, INT64_C(1) << 31}, 1, &numel));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Storage size calculation overflowed with sizes=[4294967296, 2147483648]");
    ck_assert(!cer_numel_of("op", 1, (const int64_t[]){INT64_MAX}, 2, &numel));
    torch_error_clear();
    ck_assert(
        !cer_numel_of("op", 3, (const int64_t[]){INT64_MAX, 0, INT64_MAX}, 8, &numel)); /* the strides would overflow */
    torch_error_clear();
}
END_TEST

START_TEST(broadcasting)
{
    int64_t ndim = 3, shape[TORCH_MAX_DIM] = {5, 1, 4};
    ck_assert(cer_broadcast("op", &ndim, shape, 4, (const int64_t[]){2, 1, 3, 1}));
    ck_assert(ndim == 4 && shape[0] == 2 && shape[1] == 5 && shape[2] == 3 && shape[3] == 4);
    ndim = 1, shape[0] = 0;
    ck_assert(cer_broadcast("op", &ndim, shape, 2, (const int64_t[]){3, 1}));
    ck_assert(ndim == 2 && shape[0] == 3 && shape[1] == 0);
    ndim = 2, shape[0] = 2, shape[1] = 3;
    ck_assert(!cer_broadcast("op", &ndim, shape, 1, (const int64_t[]){0}));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "The size of tensor a (3) must match the size of tensor b (0) at non-singleton dimension 1");
    ck_assert(!cer_broadcast("op", &ndim, shape, 2, (const int64_t[]){4, 3}));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "The size of tensor a (2) must match the size of tensor b (4) at non-singleton dimension 0");
    ck_assert(ndim == 2 && shape[0] == 2 && shape[1] == 3); /* unchanged */
}
END_TEST

TCase *sizes_case(void)
{
    return test_case("sizes", every_rank, refused_ranks_and_sizes, zero_sizes, no_dimensions, dimension_out_of_range,
                     numel_overflow, broadcasting);
}
