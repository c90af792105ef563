/* Making tensors: empty, zeros, ones, full, eye, arange, torch.tensor, and the _likes. */
#include <math.h>
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

/* ---- factories with sizes ---------------------------------------------------------------------------------------- */

torch_FactoryArgs torch_FactoryArgs_defaults(void)
{
    return (torch_FactoryArgs){
        .struct_size = sizeof(torch_FactoryArgs), .size = TORCH_NO_SIZES, .too_many = TORCH_NONE};
}

Tensor *cer_factory(const char *op, const torch_FactoryArgs *a, torch_dtype fallback)
{
    if (cer_error_pending()) return NULL;
    int64_t ndim = 0;
    while (ndim < TORCH_MAX_DIM && a->size[ndim] != TORCH_NONE) ndim++;
    if (a->too_many != TORCH_NONE)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "%s: a tensor has at most %d dimensions here", op, TORCH_MAX_DIM),
               NULL;
    return cer_empty(a->dtype ? a->dtype : fallback, ndim, a->size);
}

Tensor *cer_factory_done(Tensor *t, const torch_FactoryArgs *a)
{
    if (!t || !a->requires_grad) return t;
    if (!torch_dtype_is_floating_point(t->dtype))
        return cer_raise(TORCH_RUNTIME_ERROR, "tensor",
                         "Only Tensors of floating point and complex dtype can require gradients"),
               NULL;
    return torch_requires_grad_(t, true);
}

Tensor *cer_filled(Tensor *t, torch_Scalar value)
{
    if (!t || !cer_number_fits("full", value, (torch_dtype)t->dtype)) return NULL;
    cer_fill_elements(t, value);
    return t;
}

static torch_dtype or_default(torch_dtype dtype)
{
    return dtype ? dtype : torch_get_default_dtype();
}

Tensor *torch_empty_args(const torch_FactoryArgs *a)
{
    return cer_factory_done(cer_factory("empty", a, torch_get_default_dtype()), a);
}

Tensor *torch_zeros_args(const torch_FactoryArgs *a)
{
    Tensor *t = cer_factory("zeros", a, torch_get_default_dtype());
    if (t) memset(t->data, 0, t->storage->bytes);
    return cer_factory_done(t, a);
}

Tensor *torch_ones_args(const torch_FactoryArgs *a)
{
    return cer_factory_done(cer_filled(cer_factory("ones", a, torch_get_default_dtype()), torch_scalar_int(1)), a);
}

Tensor *torch_empty_n(int64_t ndim, const int64_t *size, torch_dtype dtype)
{
    return cer_empty(or_default(dtype), ndim, size);
}

Tensor *torch_zeros_n(int64_t ndim, const int64_t *size, torch_dtype dtype)
{
    return cer_zeros(or_default(dtype), ndim, size);
}

Tensor *torch_ones_n(int64_t ndim, const int64_t *size, torch_dtype dtype)
{
    return cer_filled(torch_empty_n(ndim, size, dtype), torch_scalar_int(1));
}

static torch_dtype dtype_of_number(torch_Scalar value)
{
    switch (value.kind) {
    case TORCH_KIND_BOOL: return torch_bool;
    case TORCH_KIND_INT: return torch_int64;
    default: return torch_get_default_dtype();
    }
}

bool cer_is_number(const char *op, torch_Scalar *value) /* a 0-d tensor is one too */
{
    if (value->kind == TORCH_KIND_TENSOR) *value = torch_item_scalar(value->as.t);
    return value->kind != TORCH_KIND_NONE ||
           (cer_error_pending()
                ? false
                : cer_raise(TORCH_TYPE_ERROR, op, "%s(): argument 'fill_value' must be Number, not NoneType", op));
}

Tensor *torch_full_args(torch_Scalar value, const torch_FactoryArgs *a)
{
    if (cer_error_pending() || !cer_is_number("full", &value)) return NULL;
    return cer_factory_done(cer_filled(cer_factory("full", a, dtype_of_number(value)), value), a);
}

Tensor *torch_full_n(int64_t ndim, const int64_t *size, torch_Scalar value, torch_dtype dtype)
{
    if (cer_error_pending() || !cer_is_number("full", &value)) return NULL;
    return cer_filled(cer_empty(dtype ? dtype : dtype_of_number(value), ndim, size), value);
}

/* ---- arange ------------------------------------------------------------------------------------------------------ */

static double as_double(torch_Scalar s)
{
    return s.kind == TORCH_KIND_DOUBLE ? s.as.d : (double)s.as.i;
}

/* How many values, in integers where all bounds are; negative after an error. */
static int64_t arange_length(torch_Scalar start, torch_Scalar end, torch_Scalar step, bool integer)
{
    double a = as_double(start), b = as_double(end), s = as_double(step);
    if (s == 0) return cer_raise(TORCH_RUNTIME_ERROR, "arange", "step must be nonzero") - 1;
    if (!isfinite(a) || !isfinite(b))
        return cer_raise(TORCH_RUNTIME_ERROR, "arange", "unsupported range: %g -> %g", a, b) - 1;
    if ((s > 0 && b < a) || (s < 0 && b > a))
        return cer_raise(TORCH_RUNTIME_ERROR, "arange", "upper bound and larger bound inconsistent with step sign") - 1;
    double n = ceil((b - a) / s);
    if (!(n < 4e18)) return cer_raise(TORCH_RUNTIME_ERROR, "arange", "invalid size, possible overflow?") - 1;
    if (!integer) return (int64_t)n;
    int64_t span, whole = step.as.i;
    if (__builtin_sub_overflow(end.as.i, start.as.i, &span))
        return cer_raise(TORCH_RUNTIME_ERROR, "arange", "invalid size, possible overflow?") - 1;
    if (span == INT64_MIN || whole == INT64_MIN) return (int64_t)n;
    return span / whole + (span % whole != 0);
}

/* ---- their values, a block at a time ------------------------------------------------------------------------------ */

enum { ARANGE_BLOCK = 512 };

/* out[i] = fma(step, at[i], start) */
static void fused_steps(int64_t n, double step, const double *at, double start, double *out)
{
    char *ptr[3] = {(char *)out, (char *)&start, (char *)(uintptr_t)at};
    cer_kernels()->loop[KERNEL_add_scaled][torch_float64](n, ptr, (const int64_t[]){sizeof *out, 0, sizeof *at}, &step);
}

/* PyTorch's kernel makes floats in pairs of 32-byte vectors, each from a rounded first value; what is left over, and all of a
 * short range, directly. The rounding shows in the last bit. */
static void arange_fill(Tensor *t, double start, double step)
{
    int64_t n = t->numel, size = cer_size_of(t->dtype), pair = 64 / size, from = 0;
    double at[ARANGE_BLOCK], value[ARANGE_BLOCK];
    if (t->dtype == torch_float32 || t->dtype == torch_float64)
        cer_kernels()->steps[t->dtype](0, from = n - n % pair, start, step, t->data);
    for (int64_t i = from; i < n; i += ARANGE_BLOCK) {
        int64_t m = n - i < ARANGE_BLOCK ? n - i : ARANGE_BLOCK;
        for (int64_t k = 0; k < m; k++) at[k] = (double)(i + k);
        fused_steps(m, step, at, start, value);
        cer_convert(t->data + i * size, t->dtype, value, torch_float64, m);
    }
}

/* Whole numbers, which wrap around. */
static void arange_fill_whole(Tensor *t, int64_t start, int64_t step)
{
    int64_t n = t->numel, value[ARANGE_BLOCK], size = cer_size_of(t->dtype);
    for (int64_t i = 0; i < n; i += ARANGE_BLOCK) {
        int64_t m = n - i < ARANGE_BLOCK ? n - i : ARANGE_BLOCK;
        int64_t *to = t->dtype == torch_int64 ? (int64_t *)(void *)(t->data + i * size) : value;
        for (int64_t k = 0; k < m; k++) to[k] = (int64_t)((uint64_t)start + (uint64_t)(i + k) * (uint64_t)step);
        if (to == value) cer_convert(t->data + i * size, t->dtype, value, torch_int64, m);
    }
}

Tensor *torch_arange_n(torch_Scalar start, torch_Scalar end, torch_Scalar step, torch_dtype dtype)
{
    if (cer_error_pending()) return NULL;
    if (start.kind == TORCH_KIND_NONE) start = torch_scalar_int(0);
    if (step.kind == TORCH_KIND_NONE) step = torch_scalar_int(1);
    if (!cer_is_number("arange", &start) || !cer_is_number("arange", &end) || !cer_is_number("arange", &step))
        return NULL;
    bool integer = start.kind != TORCH_KIND_DOUBLE && end.kind != TORCH_KIND_DOUBLE && step.kind != TORCH_KIND_DOUBLE;
    if (!dtype) dtype = integer ? torch_int64 : torch_get_default_dtype();
    int64_t n = arange_length(start, end, step, integer);
    Tensor *t = n < 0 ? NULL : cer_empty(dtype, 1, &n);
    if (t && integer && !torch_dtype_is_floating_point(dtype))
        arange_fill_whole(t, start.as.i, step.as.i);
    else if (t)
        arange_fill(t, as_double(start), as_double(step));
    return t;
}

torch_ArangeArgs torch_ArangeArgs_defaults(void)
{
    return (torch_ArangeArgs){.struct_size = sizeof(torch_ArangeArgs), .b = (double)NAN, .c = (double)NAN};
}

static torch_Scalar bound(double v, bool integer)
{
    return integer ? torch_scalar_int((int64_t)v) : torch_scalar_double(v);
}

Tensor *torch_arange_args(const torch_ArangeArgs *a)
{
    bool integer = !a->floating;
    const double v[3] = {a->a, isnan(a->b) ? 0 : a->b, isnan(a->c) ? 1 : a->c};
    for (int i = 0; i < 3; i++) integer = integer && v[i] == floor(v[i]) && fabs(v[i]) < 9e18;
    double start = isnan(a->b) ? 0 : a->a, end = isnan(a->b) ? a->a : a->b;
    Tensor *t = torch_arange_n(bound(start, integer), bound(end, integer), bound(v[2], integer), a->dtype);
    torch_FactoryArgs done = {.requires_grad = a->requires_grad};
    return cer_factory_done(t, &done);
}

/* ---- torch.tensor ------------------------------------------------------------------------------------------------ */

static torch_dtype element_dtype(int32_t element) /* as the element lies in memory */
{
    static const torch_dtype types[] = {torch_dtype_none, torch_bool,  torch_int8,    torch_uint8,  torch_int16,
                                        torch_int32,      torch_int64, torch_float32, torch_float64};
    return element > 0 && element <= TORCH_ELEMENT_F64 ? types[element] : torch_dtype_none;
}

static torch_dtype inferred(torch_dtype element) /* int and long are Python's int, float and double its float */
{
    if (torch_dtype_is_floating_point(element)) return torch_get_default_dtype();
    return element == torch_int32 ? torch_int64 : element;
}

Tensor *torch_tensor_args(const torch_TensorArgs *a)
{
    const torch_Array *d = &a->data;
    torch_FactoryArgs done = {.requires_grad = a->requires_grad};
    if (cer_error_pending()) return NULL;
    if (d->ndim == 0) return cer_factory_done(torch_full_n(0, NULL, d->scalar, a->dtype), &done);
    torch_dtype from = element_dtype(d->element);
    if (!from || d->ndim < 0 || d->ndim > 4)
        return cer_raise(TORCH_TYPE_ERROR, "tensor", "tensor: this C type has no dtype"), NULL;
    int64_t shape[4];
    for (int i = 0; i < d->ndim; i++) shape[i] = d->bytes[i + 1] ? d->bytes[i] / d->bytes[i + 1] : 0;
    Tensor *t = cer_empty(a->dtype ? a->dtype : inferred(from), d->ndim, shape);
    if (t) cer_convert(t->data, t->dtype, d->data, from, t->numel);
    return cer_factory_done(t, &done);
}

Tensor *torch_tensor_n(const void *data, torch_dtype dtype, int64_t ndim, const int64_t *size)
{
    Tensor *t = torch_empty_n(ndim, size, dtype);
    if (t && t->numel && !data) return cer_raise(TORCH_TYPE_ERROR, "tensor", "tensor: data is NULL"), NULL;
    if (t) cer_convert(t->data, t->dtype, data, t->dtype, t->numel);
    return t;
}
