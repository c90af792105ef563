/* What can be asked of tensors and dtypes. */
#include "ops/info.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/impl.h"

static bool look(const Tensor *x, const char *what)
{
    return !cer_error_pending() && cer_usable(x, what, 1);
}

torch_Size torch_strides(const Tensor *x)
{
    torch_Size s = {.ndim = -1};
    if (!look(x, "stride")) return s;
    s.ndim = x->ndim;
    memcpy(s.dim, x->stride, sizeof(int64_t) * x->ndim);
    return s;
}

int64_t torch_element_size(const Tensor *x)
{
    return look(x, "element_size") ? cer_size_of(x->dtype) : -1;
}

int64_t torch_nbytes(const Tensor *x)
{
    return look(x, "nbytes") ? x->numel * cer_size_of(x->dtype) : -1;
}

const char *torch_type(const Tensor *x)
{
    static const char *const names[] = {"",
                                        "torch.ByteTensor",
                                        "torch.CharTensor",
                                        "torch.ShortTensor",
                                        "torch.IntTensor",
                                        "torch.LongTensor",
                                        "torch.HalfTensor",
                                        "torch.FloatTensor",
                                        "torch.DoubleTensor",
                                        "torch.BoolTensor",
                                        "torch.BFloat16Tensor"};
    return look(x, "type") ? names[x->dtype] : "";
}

bool torch_is_tensor(const Tensor *x)
{
    return x && x->magic == CER_LIVE;
}

bool torch_is_signed(const Tensor *x)
{
    return look(x, "is_signed") && x->dtype != torch_bool && x->dtype != torch_uint8;
}

bool torch_is_complex(const Tensor *x)
{
    look(x, "is_complex");
    return false;
}

bool torch_is_same_size(const Tensor *x, const Tensor *other)
{
    return look(x, "is_same_size") && cer_usable(other, "is_same_size", 2) && cer_same_shape(x, other);
}

bool torch_is_nonzero(const Tensor *x)
{
    if (!look(x, "is_nonzero")) return false;
    if (x->numel != 1)
        return cer_raise(TORCH_RUNTIME_ERROR, "is_nonzero", "Boolean value of Tensor with %s value%s is ambiguous",
                         x->numel ? "more than one" : "no", x->numel ? "" : "s");
    torch_Scalar s = torch_item_scalar(x);
    return s.kind == TORCH_KIND_DOUBLE ? s.as.d != 0 : s.as.i != 0;
}

/* ---- dtypes ------------------------------------------------------------------------------------------------------ */

static int kind(torch_dtype d) /* bool, integer, floating */
{
    return d == torch_bool ? 0 : torch_dtype_is_floating_point(d) ? 2 : 1;
}

bool torch_can_cast(torch_dtype from, torch_dtype to)
{
    return torch_dtype_size(from) && torch_dtype_size(to) && kind(from) <= kind(to);
}

torch_dtype torch_result_type_Scalar(torch_Scalar a, torch_Scalar b)
{
    torch_Scalar in[2] = {a, b};
    if (cer_error_pending()) return torch_dtype_none;
    for (int i = 0; i < 2; i++) {
        if (in[i].kind == TORCH_KIND_NONE || (in[i].kind == TORCH_KIND_TENSOR && !in[i].as.t)) {
            cer_usable(NULL, "result_type", i + 1);
            return torch_dtype_none;
        }
        if (in[i].kind == TORCH_KIND_TENSOR && !cer_usable(in[i].as.t, "result_type", i + 1)) return torch_dtype_none;
    }
    return cer_result_type(in, 2);
}

torch_Finfo torch_finfo(torch_dtype dtype)
{
    switch (dtype) {
    case torch_float16: return (torch_Finfo){16, 0x1p-10, 65504, -65504, 0x1p-14, 0x1p-14, 1e-3};
    case torch_bfloat16: return (torch_Finfo){16, 0x1p-7, 0x1.fep127, -0x1.fep127, 0x1p-126, 0x1p-126, 1e-2};
    case torch_float32:
        return (torch_Finfo){32,
                             (double)FLT_EPSILON,
                             (double)FLT_MAX,
                             -(double)FLT_MAX,
                             (double)FLT_MIN,
                             (double)FLT_MIN,
                             0x1.0c6f7a0b5ed8dp-20};
    case torch_float64:
        return (torch_Finfo){64, DBL_EPSILON, DBL_MAX, -DBL_MAX, DBL_MIN, DBL_MIN, 0x1.203af9ee75616p-50};
    default: break;
    }
    if (!cer_error_pending())
        cer_raise(TORCH_TYPE_ERROR, "finfo",
                  "torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'");
    return (torch_Finfo){0};
}

torch_Iinfo torch_iinfo(torch_dtype dtype)
{
    switch (dtype) {
    case torch_uint8: return (torch_Iinfo){8, UINT8_MAX, 0};
    case torch_int8: return (torch_Iinfo){8, INT8_MAX, INT8_MIN};
    case torch_int16: return (torch_Iinfo){16, INT16_MAX, INT16_MIN};
    case torch_int32: return (torch_Iinfo){32, INT32_MAX, INT32_MIN};
    case torch_int64: return (torch_Iinfo){64, INT64_MAX, INT64_MIN};
    default: break;
    }
    if (!cer_error_pending() && dtype == torch_bool)
        cer_raise(TORCH_TYPE_ERROR, "iinfo", "torch.bool is not supported by torch.iinfo");
    else if (!cer_error_pending())
        cer_raise(TORCH_TYPE_ERROR, "iinfo",
                  "torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'");
    return (torch_Iinfo){0};
}
