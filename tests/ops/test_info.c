/* What can be asked of tensors and dtypes; the numbers are PyTorch's. */
#include <sys/resource.h>

#include "ops/ops.h"
#include "tests/support.h"

START_TEST(of_tensors)
{
    Tensor *x = torch_transpose(torch_zeros(2, 3), 0, 1), *i = torch_zeros(2, .dtype = torch_uint8);
    torch_Size s = torch_strides(x);
    ck_assert(s.ndim == 2 && s.dim[0] == 1 && s.dim[1] == 3);
    ck_assert_int_eq(torch_element_size(x), 4);
    ck_assert_int_eq(torch_nbytes(x), 24);
    ck_assert_str_eq(torch_type(x), "torch.FloatTensor");
    ck_assert_str_eq(torch_type(i), "torch.ByteTensor");
    ck_assert(torch_is_signed(x) && !torch_is_signed(i) && !torch_is_complex(x));
    ck_assert(torch_is_tensor(x) && !torch_is_tensor(NULL));
    ck_assert(torch_is_same_size(x, torch_ones(3, 2)) && !torch_is_same_size(x, i));
    ck_assert(torch_is_nonzero(torch_tensor(0.5)) && !torch_is_nonzero(torch_zeros(1, 1)));
    ck_assert(!torch_is_nonzero(x));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Boolean value of Tensor with more than one value is ambiguous");
    ck_assert(!torch_is_nonzero(torch_zeros(0)));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Boolean value of Tensor with no values is ambiguous");
    ck_assert_int_eq(torch_element_size(NULL), -1);
    ck_assert_error(TORCH_TYPE_ERROR, "element_size(): argument (position 1) must be Tensor, not NoneType");
}
END_TEST

START_TEST(of_dtypes)
{
    Tensor *i = torch_zeros(2, .dtype = torch_int32);
    ck_assert_int_eq(torch_result_type(i, 1), torch_int32);
    ck_assert_int_eq(torch_result_type(i, 1.5), torch_float32);
    ck_assert_int_eq(torch_result_type(i, torch_zeros(1, .dtype = torch_float64)), torch_float64);
    ck_assert(!torch_can_cast(torch_float32, torch_int64) && torch_can_cast(torch_int64, torch_float16));
    ck_assert(torch_can_cast(torch_int64, torch_uint8) && !torch_can_cast(torch_int8, torch_bool));
    torch_Finfo f = torch_finfo(torch_float32), h = torch_finfo(torch_float16), k = torch_finfo(torch_bfloat16);
    ck_assert(f.bits == 32 && f.eps == 0x1p-23 && f.max == 0x1.fffffep127 && f.min == -f.max && f.tiny == 0x1p-126);
    ck_assert(f.resolution == 0x1.0c6f7a0b5ed8dp-20 && torch_finfo(torch_float64).resolution == 0x1.203af9ee75616p-50);
    ck_assert(h.max == 65504 && h.tiny == 0x1p-14 && h.resolution == 0x1.0624dd2f1a9fcp-10);
    ck_assert(k.max == 0x1.fep127 && k.eps == 0x1p-7 && k.resolution == 0x1.47ae147ae147bp-7);
    ck_assert(torch_iinfo(torch_int8).min == -128 && torch_iinfo(torch_int64).max == INT64_MAX);
    ck_assert_int_eq(torch_finfo(torch_int32).bits, 0);
    ck_assert_error(TORCH_TYPE_ERROR,
                    "torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'");
    torch_iinfo(torch_bool);
    ck_assert_error(TORCH_TYPE_ERROR, "torch.bool is not supported by torch.iinfo");
}
END_TEST

START_TEST(lists)
{
    Tensor *x = torch_arange(6.);
    torch_TensorList parts = torch_split(x, 4, 0), none = torch_split(x, -1, 0);
    ck_assert(none.length == -1 && !none.tensor);
    torch_error_clear();
    Tensor *again = torch_cat(torch_unpack(parts), 0);
    ck_assert_tensor(again, 6, ((double[]){0, 1, 2, 3, 4, 5}), 0, 0);
    torch_Size shape = torch_broadcast_shapes_n((torch_Size[]){{2, {2, 1}}, {1, {3}}}, 2);
    ck_assert(shape.ndim == 2 && shape.dim[0] == 2 && shape.dim[1] == 3);
    ck_assert(torch_broadcast_shapes_n((torch_Size[]){{1, {2}}, {1, {3}}}, 2).ndim == -1);
    ck_assert_error(TORCH_RUNTIME_ERROR, "Shape mismatch: objects cannot be broadcast to a single shape");
    torch_split_with_sizes(x, TORCH_DIMS(INT64_MAX, INT64_MAX, 8), 0);
    ck_assert_ptr_nonnull(strstr(torch_error(), "expects split_sizes to sum exactly to 6"));
    torch_error_clear();
}
END_TEST

static int64_t peak_bytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)usage.ru_maxrss * 1024;
}

/* 4096 queries and keys: their weights would take 64 MiB, in forward and again in backward. */
START_TEST(attention_in_little_memory)
{
    Tensor *x = torch_requires_grad_(torch_randn(1, 4096, 4), true);
    int64_t before = peak_bytes();
    torch_backward(torch_sum(F_scaled_dot_product_attention(x, x, x)));
    ck_assert_ptr_null(torch_error());
    ck_assert_int_lt(peak_bytes() - before, (int64_t)32 << 20);
}
END_TEST

static TCase *info(void)
{
    return test_case("info", of_tensors, of_dtypes, lists, attention_in_little_memory);
}

SUITE_MAIN("ops_info", info)
