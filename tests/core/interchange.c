/* Memory of others: tensors over it, DLPack both ways (against the real dlpack.h where it is installed), values copied out. */
#include "core/interchange.h"
#include "cases.h"
#include "ops/ops.h"

#ifdef __has_include
#if __has_include(<dlpack/dlpack.h>)
#include <dlpack/dlpack.h>
#define HAS_DLPACK
#endif
#endif

/* ---- from_blob --------------------------------------------------------------------------------------------------- */

static int ended;

static void count_end(void *data, void *context)
{
    (void)data;
    ended += *(int *)context;
}

START_TEST(blob_is_shared)
{
    float v[6] = {0, 1, 2, 3, 4, 5};
    Tensor *t = torch_from_blob(v, 2, 3);
    ck_assert_shape(t, 2, 3);
    ck_assert_ptr_eq(torch_data_ptr(t), v);
    torch_mul_(t, 2);
    ck_assert(v[5] == 10);
    v[0] = 7;
    ck_assert_tensor(t, 6, ((double[]){7, 2, 4, 6, 8, 10}), 0, 0);
    int64_t wide[3] = {1, 2, 3};
    ck_assert_int_eq(torch_dtype_of(torch_from_blob(wide, 3, .dtype = torch_int64)), torch_int64);
    int64_t stride[2] = {1, 2};
    ck_assert_tensor(torch_from_blob(v, 2, 3, .stride = stride), 6, ((double[]){7, 4, 8, 2, 6, 10}), 0, 0);
    ck_assert_shape(torch_from_blob(NULL, 0, 3), 0, 3);
    ck_assert_tensor(torch_from_blob_n(v, 0, NULL, NULL, torch_float32, NULL, NULL), 1, ((double[]){7}), 0, 0);
}
END_TEST

START_TEST(blob_ends_once)
{
    double v[4] = {1, 2, 3, 4};
    int one = 1;
    torch_Slot view = {0};
    ended = 0;
    {
        torch_scope();
        Tensor *t = torch_from_blob(v, 4, .dtype = torch_float64, .deleter = count_end, .context = &one);
        torch_set(&view, torch_narrow(t, 0, 1, 2));
    }
    ck_assert_int_eq(ended, 0); /* the view still shows it */
    ck_assert_tensor(view.t, 2, ((double[]){2, 3}), 0, 0);
    torch_clear(&view);
    ck_assert_int_eq(ended, 1);
}
END_TEST

START_TEST(blob_refuses)
{
    char raw[64];
    int one = 1;
    ended = 0;
#define WITH_END .deleter = count_end, .context = &one
    ck_assert_ptr_null(torch_from_blob(NULL, 3, WITH_END));
    ck_assert_error(TORCH_VALUE_ERROR, "from_blob: data is NULL");
    ck_assert_ptr_null(torch_from_blob(raw, 2, -1, WITH_END));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Trying to create tensor with negative dimension -1: [2, -1]");
    ck_assert_ptr_null(torch_from_blob(raw, INT64_MAX / 2, 8, WITH_END));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Storage size calculation overflowed with sizes=[4611686018427387903, 8]");
    int64_t backwards[1] = {-1}, far[2] = {INT64_MAX, 1};
    ck_assert_ptr_null(torch_from_blob(raw, 2, .stride = backwards, WITH_END));
    ck_assert_error(TORCH_RUNTIME_ERROR, "from_blob: negative strides are not supported, got stride -1 in dimension 0");
    ck_assert_ptr_null(torch_from_blob(raw, 3, 2, .stride = far, WITH_END));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Storage size calculation overflowed with sizes=[3, 2]");
    char *odd = raw + ((uintptr_t)raw % 2 ? 0 : 1);
    ck_assert_ptr_null(torch_from_blob(odd, 2, WITH_END));
    ck_assert_error(TORCH_VALUE_ERROR, "from_blob: data is not aligned to the 4 bytes of torch.float32");
    for (int k = 1; k <= 2; k++) {
        torch_fail_allocation(k);
        ck_assert_ptr_null(torch_from_blob((void *)(uintptr_t)64, 2, WITH_END));
        torch_fail_allocation(0);
        ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        torch_error_clear();
    }
    ck_assert_int_eq(ended, 0); /* refused memory stays the caller's */
}
END_TEST

/* ---- tolist: texts from Python ----------------------------------------------------------------------------------- */

START_TEST(lists)
{
    Tensor *x = torch_tensor(((float[2][3]){{1, 2, 3}, {4, 5, 6.5f}}));
    float same[2][3];
    ck_assert_int_eq(torch_tolist(torch_t(x), same), TORCH_OK);
    ck_assert(same[0][0] == 1 && same[0][1] == 4 && same[0][2] == 2 && same[1][2] == 6.5f);
    int64_t whole[6];
    ck_assert_int_eq(torch_tolist(x, whole), TORCH_OK);
    ck_assert_int_eq(whole[5], 6);
    bool flags[6];
    ck_assert_int_eq(torch_tolist(x, flags), TORCH_OK);
    ck_assert(flags[3]);
    double few[4];
    ck_assert_int_eq(torch_tolist(x, few), TORCH_VALUE_ERROR);
    ck_assert_error(TORCH_VALUE_ERROR, "tolist: 6 elements do not fill an array of 4");
    ck_assert_str_eq(torch_tolist_str(x), "[[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]]");
    ck_assert_str_eq(torch_tolist_str(torch_zeros(0, 3)), "[]");
    ck_assert_str_eq(torch_tolist_str(torch_zeros(2, 0)), "[[], []]");
    ck_assert_str_eq(torch_tolist_str(torch_tensor(3)), "3");
    ck_assert_str_eq(torch_tolist_str(torch_tensor(torch_list(bool, true, false))), "[True, False]");
    ck_assert_str_eq(
        torch_tolist_str(torch_tensor(torch_list(double, 0.1, 2e20, 1e16, 1e15, (double)NAN, -(double)INFINITY))),
        "[0.10000000149011612, 2.0000000400817547e+20, 1.0000000272564224e+16, 999999986991104.0, nan, -inf]");
    ck_assert_int_eq(torch_tolist_n(NULL, few, torch_float64, 4), TORCH_TYPE_ERROR);
    ck_assert_error(TORCH_TYPE_ERROR, "tolist(): argument (position 1) must be Tensor, not NoneType");
}
END_TEST

/* ---- DLPack ------------------------------------------------------------------------------------------------------- */
#ifdef HAS_DLPACK

START_TEST(exports)
{
    static const struct {
        torch_dtype dtype;
        int code, bits;
    } types[] = {{torch_uint8, kDLUInt, 8},     {torch_int8, kDLInt, 8},       {torch_int16, kDLInt, 16},
                 {torch_int32, kDLInt, 32},     {torch_int64, kDLInt, 64},     {torch_float16, kDLFloat, 16},
                 {torch_float32, kDLFloat, 32}, {torch_float64, kDLFloat, 64}, {torch_bfloat16, kDLBfloat, 16}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        DLManagedTensor *m = torch_to_dlpack(torch_zeros(2, 3, .dtype = types[i].dtype));
        ck_assert_int_eq(m->dl_tensor.dtype.code, types[i].code);
        ck_assert_int_eq(m->dl_tensor.dtype.bits, types[i].bits);
        ck_assert_int_eq(m->dl_tensor.dtype.lanes, 1);
        m->deleter(m);
    }
    DLManagedTensor *m;
    {
        torch_scope();
        Tensor *x = torch_arange(12, .dtype = torch_float32);
        m = torch_to_dlpack(torch_t(torch_narrow(torch_view(x, 3, 4), 1, 1, 2)));
        ck_assert_ptr_nonnull(m);
    } /* outlives the tensors */
    ck_assert_int_eq(m->dl_tensor.device.device_type, kDLCPU);
    ck_assert_int_eq(m->dl_tensor.ndim, 2);
    ck_assert(m->dl_tensor.shape[0] == 2 && m->dl_tensor.shape[1] == 3);
    ck_assert(m->dl_tensor.strides[0] == 1 && m->dl_tensor.strides[1] == 4);
    const float *data = (const float *)((char *)m->dl_tensor.data + m->dl_tensor.byte_offset);
    ck_assert(data[0] == 1 && data[4] == 5 && data[9] == 10);
    m->deleter(m);
    ck_assert_ptr_null(torch_to_dlpack(torch_ones(2, .requires_grad = true)));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Can't export tensors that require gradient, use tensor.detach()");
}
END_TEST

static int deleted;

static void delete_managed(DLManagedTensor *m)
{
    deleted += *(int *)m->manager_ctx;
}

static DLManagedTensor foreign(void *data, int32_t ndim, int64_t *shape, int64_t *strides, int *one)
{
    DLManagedTensor m = {.manager_ctx = one, .deleter = delete_managed};
    m.dl_tensor = (DLTensor){.data = data, .ndim = ndim, .shape = shape, .strides = strides};
    m.dl_tensor.device = (DLDevice){kDLCPU, 0};
    m.dl_tensor.dtype = (DLDataType){kDLFloat, 32, 1};
    return m;
}

START_TEST(imports)
{
    float v[7] = {-1, 0, 1, 2, 3, 4, 5};
    int one = 1;
    int64_t shape[2] = {2, 3}, columns[2] = {1, 2};
    DLManagedTensor rows = foreign(v, 2, shape, NULL, &one), turned = foreign(v + 1, 2, shape, columns, &one);
    rows.dl_tensor.byte_offset = sizeof(float);
    deleted = 0;
    {
        torch_scope();
        Tensor *x = torch_from_dlpack(&rows), *y = torch_from_dlpack(&turned);
        ck_assert_tensor(x, 6, ((double[]){0, 1, 2, 3, 4, 5}), 0, 0);
        ck_assert_tensor(y, 6, ((double[]){0, 2, 4, 1, 3, 5}), 0, 0);
        torch_zero_(x);
        ck_assert_tensor(y, 6, ((double[]){0, 0, 0, 0, 0, 0}), 0, 0);
    }
    ck_assert_int_eq(deleted, 2);
    Tensor *again = torch_from_dlpack(torch_to_dlpack(torch_tensor(torch_list(bool, true, false))));
    ck_assert_int_eq(torch_dtype_of(again), torch_bool);
    ck_assert_tensor(again, 2, ((double[]){1, 0}), 0, 0);
}
END_TEST

START_TEST(imports_refuse)
{
    float v[4] = {0};
    int one = 1;
    int64_t shape[9] = {2, 2, 1, 1, 1, 1, 1, 1, 1}, negative[1] = {-2};
    const DLManagedTensor good = foreign(v, 2, shape, NULL, &one);
    DLManagedTensor m = good;
    deleted = 0;
    m.dl_tensor.device.device_type = kDLCUDA;
    ck_assert_ptr_null(torch_from_dlpack(&m));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Unsupported device_type: 2");
    m = good;
    m.dl_tensor.dtype.lanes = 4;
    ck_assert_ptr_null(torch_from_dlpack(&m));
    ck_assert_error(TORCH_RUNTIME_ERROR, "ATen does not support lanes != 1");
    m = good;
    m.dl_tensor.dtype.bits = 8;
    ck_assert_ptr_null(torch_from_dlpack(&m));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Unsupported kFloat bits 8");
    m = good;
    m.dl_tensor.dtype.code = 77;
    ck_assert_ptr_null(torch_from_dlpack(&m));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Unsupported code 77");
    m = foreign(v, 9, shape, NULL, &one);
    ck_assert_ptr_null(torch_from_dlpack(&m));
    ck_assert_error(TORCH_RUNTIME_ERROR, "from_dlpack: a tensor has 0 to 8 dimensions here, not 9");
    m = foreign(v, 1, negative, NULL, &one);
    ck_assert_ptr_null(torch_from_dlpack(&m));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Trying to create tensor with negative dimension -2: [-2]");
    ck_assert_ptr_null(torch_from_dlpack(NULL));
    ck_assert_error(TORCH_TYPE_ERROR, "from_dlpack(): the DLManagedTensor is NULL");
    ck_assert_int_eq(deleted, 0); /* what is refused stays the caller's */
}
END_TEST

#define DLPACK_TESTS , exports, imports, imports_refuse
#else
#define DLPACK_TESTS
#endif

START_TEST(casts)
{
    Tensor *x = torch_tensor(torch_list(double, 1.5, 0, -2));
    ck_assert_int_eq(torch_dtype_of(torch_long(x)), torch_long);
    ck_assert_tensor(torch_long(x), 3, ((double[]){1, 0, -2}), 0, 0);
    ck_assert_int_eq(torch_dtype_of(torch_double(x)), torch_double);
    ck_assert_tensor(torch_byte(x), 3, ((double[]){1, 0, 254}), 0, 0);
    ck_assert_tensor(torch_bool(x), 3, ((double[]){1, 0, 1}), 0, 0);
    ck_assert_ptr_eq(torch_float(x), x);
    ck_assert_int_eq(torch_dtype_of(torch_type_as(x, torch_half(x))), torch_half);
}
END_TEST

TCase *interchange_case(void)
{
    return test_case("interchange", blob_is_shared, blob_ends_once, blob_refuses, lists, casts DLPACK_TESTS);
}
