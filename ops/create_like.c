/* New tensors in the form of another: the _likes and the new_s; eye, empty_strided, linspace, logspace. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

/* ---- like -------------------------------------------------------------------------------------------------------- */

torch_LikeArgs torch_LikeArgs_defaults(void)
{
    return (torch_LikeArgs){.struct_size = sizeof(torch_LikeArgs)};
}

Tensor *cer_like(const char *op, const torch_LikeArgs *a)
{
    const Tensor *x = a->self;
    cer_Form f;
    if (cer_error_pending() || !cer_usable(x, op, 1)) return NULL;
    Tensor *fresh = cer_empty(a->dtype ? a->dtype : (torch_dtype)x->dtype, x->ndim, x->shape);
    if (!fresh || x->contiguous) return fresh;
    cer_form_like(&f, (torch_dtype)x->dtype, x, false); /* x's order of dimensions too */
    memcpy(fresh->stride, f.stride, sizeof(int64_t) * x->ndim);
    cer_update_contiguous(fresh);
    return fresh;
}

Tensor *cer_like_done(Tensor *t, const torch_LikeArgs *a)
{
    torch_FactoryArgs done = {.requires_grad = a->requires_grad};
    return cer_factory_done(t, &done);
}

Tensor *torch_empty_like_args(const torch_LikeArgs *a)
{
    return cer_like_done(cer_like("empty_like", a), a);
}

Tensor *torch_zeros_like_args(const torch_LikeArgs *a)
{
    Tensor *t = cer_like("zeros_like", a);
    if (t) memset(t->data, 0, t->storage->bytes);
    return cer_like_done(t, a);
}

Tensor *torch_ones_like_args(const torch_LikeArgs *a)
{
    return cer_like_done(cer_filled(cer_like("ones_like", a), torch_scalar_int(1)), a);
}

Tensor *torch_full_like_args(torch_Scalar value, const torch_LikeArgs *a)
{
    if (cer_error_pending() || !cer_is_number("full_like", &value)) return NULL;
    return cer_like_done(cer_filled(cer_like("full_like", a), value), a);
}

/* ---- new_ -------------------------------------------------------------------------------------------------------- */

static Tensor *fresh(const char *op, const Tensor *x, const torch_FactoryArgs *a)
{
    return cer_error_pending() || !cer_usable(x, op, 1) ? NULL : cer_factory(op, a, (torch_dtype)x->dtype);
}

Tensor *torch_new_empty_args(Tensor *x, const torch_FactoryArgs *a)
{
    return cer_factory_done(fresh("new_empty", x, a), a);
}

Tensor *torch_new_zeros_args(Tensor *x, const torch_FactoryArgs *a)
{
    return cer_factory_done(cer_filled(fresh("new_zeros", x, a), torch_scalar_int(0)), a);
}

Tensor *torch_new_ones_args(Tensor *x, const torch_FactoryArgs *a)
{
    return cer_factory_done(cer_filled(fresh("new_ones", x, a), torch_scalar_int(1)), a);
}

Tensor *torch_new_full_args(Tensor *x, torch_Scalar value, const torch_FactoryArgs *a)
{
    if (cer_error_pending() || !cer_is_number("new_full", &value)) return NULL;
    return cer_factory_done(cer_filled(fresh("new_full", x, a), value), a);
}

Tensor *torch_new_tensor_args(Tensor *x, const torch_TensorArgs *a)
{
    torch_TensorArgs own = *a;
    if (cer_error_pending() || !cer_usable(x, "new_tensor", 1)) return NULL;
    if (!own.dtype) own.dtype = (torch_dtype)x->dtype;
    return torch_tensor_args(&own);
}

/* ---- eye, empty_strided --------------------------------------------------------------------------- */

Tensor *torch_eye_args(const torch_FactoryArgs *a)
{
    static const char op[] = "eye";
    int64_t n = a->size[0], m = a->size[1] == TORCH_NONE ? n : a->size[1];
    if (cer_error_pending()) return NULL;
    if (a->size[1] != TORCH_NONE && a->size[2] != TORCH_NONE)
        return cer_raise(TORCH_TYPE_ERROR, op, "eye(): takes two sizes at most"), NULL;
    if (n < 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "n must be greater or equal to 0, got %lld", (long long)n), NULL;
    if (m < 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "m must be greater or equal to 0, got %lld", (long long)m), NULL;
    Tensor *t = torch_zeros_n(2, (const int64_t[]){n, m}, a->dtype);
    int64_t size = t ? cer_size_of(t->dtype) : 0;
    for (int64_t i = 0; t && i < n && i < m; i++)
        cer_scalar_as(torch_scalar_int(1), (torch_dtype)t->dtype, t->data + (i * m + i) * size);
    return cer_factory_done(t, a);
}

Tensor *torch_eye_m(int64_t n, int64_t m)
{
    torch_FactoryArgs a = torch_FactoryArgs_defaults();
    a.size[0] = n;
    a.size[1] = m == TORCH_NONE ? -1 : m;
    return torch_eye_args(&a);
}

Tensor *torch_empty_strided(int64_t ndim, const int64_t *size, int64_t n_stride, const int64_t *stride,
                            torch_dtype dtype)
{
    static const char op[] = "empty_strided";
    char sizes[256], strides[256];
    cer_Form f;
    if (cer_error_pending()) return NULL;
    if (ndim != n_stride)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "dimensionality of sizes (%lld) must match dimensionality of strides (%lld)", (long long)ndim,
                         (long long)n_stride),
               NULL;
    if (!dtype) dtype = torch_get_default_dtype();
    if (!cer_form_checked(&f, op, dtype, ndim, size)) return NULL;
    int64_t extent = 1, step;
    bool overflow = false, empty = false;
    for (int64_t d = 0; d < ndim; d++) {
        int64_t steps = size[d] > 1 ? size[d] - 1 : 1; /* a stride that nobody walks must fit as well */
        overflow |= stride[d] < 0 || __builtin_mul_overflow(steps, stride[d], &step) || step > INT64_MAX / 64;
        overflow |= __builtin_add_overflow(extent, size[d] > 1 && !overflow ? step : 0, &extent);
        empty |= size[d] == 0;
    }
    if (overflow)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "Storage size calculation overflowed with sizes=%s and strides=%s",
                         cer_shape_text(ndim, size, sizes, sizeof sizes),
                         cer_shape_text(ndim, stride, strides, sizeof strides)),
               NULL;
    if (empty) extent = 0;
    Tensor *t = cer_empty(dtype, 1, &extent);
    if (!t) return NULL;
    t->ndim = (uint8_t)ndim;
    for (int64_t d = 0; d < ndim; d++) t->shape[d] = size[d], t->stride[d] = stride[d];
    cer_update_contiguous(t);
    return t;
}

/* ---- linspace, logspace ------------------------------------------------------------------------------------------ */

torch_LinspaceArgs torch_LinspaceArgs_defaults(void)
{
    return (torch_LinspaceArgs){.struct_size = sizeof(torch_LinspaceArgs), .base = 10};
}

enum { SPACED_BLOCK = 256 };

static bool can_space(const char *op, const torch_LinspaceArgs *a, torch_dtype dtype)
{
    bool whole = !torch_dtype_is_floating_point(dtype);
    const double bounds[2] = {a->start, a->end};
    if (a->steps < 0) return cer_raise(TORCH_RUNTIME_ERROR, op, "number of steps must be non-negative");
    if (dtype == torch_bool && a->steps > 1)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "\"%s_cpu\" not implemented for 'Bool'", op);
    for (int i = 0; i < 2; i++) {
        bool fits = whole ? fabs(bounds[i]) < 9.2e18
                          : dtype != torch_float32 || !(fabs(bounds[i]) > FLT_MAX) || isinf(bounds[i]);
        if (!fits)
            return cer_raise(TORCH_RUNTIME_ERROR, op, "value cannot be converted to type %s without overflow",
                             whole ? "int64_t" : "float");
    }
    return true;
}

/* Floats as PyTorch's kernel rounds them: from both ends towards the middle, whole vectors from their first value, to which
 * multiples of the step are added that are rounded first; the products in `ahead` are volatile, so that no sum is fused with them. */
#define SPACED(T, lanes, fused)                                                                      \
    static void spaced_##T(T *out, T start, T end, int64_t n)                                        \
    {                                                                                                \
        const T step = (end - start) / (T)(n - 1);                                                   \
        T ahead[lanes];                                                                              \
        for (int64_t k = 0; k < (lanes); k++) {                                                      \
            volatile T product = (T)k * step;                                                        \
            ahead[k] = product;                                                                      \
        }                                                                                            \
        for (int64_t i = 0, direct = n - n % (2 * (lanes)), m; i < n; i += m) {                      \
            const T base = i < n / 2 ? fused(step, (T)i, start) : fused(-step, (T)(n - i - 1), end); \
            m = i < direct ? (lanes) : 1;                                                            \
            for (int64_t k = 0; k < m; k++) out[i + k] = base + ahead[k];                            \
        }                                                                                            \
    }
SPACED(float, 8, fmaf)
SPACED(double, 4, fma)

/* Values of the other types, one by one. */
static void spaced(Tensor *t, double start, double end)
{
    int64_t n = t->numel, size = cer_size_of(t->dtype);
    bool floating = torch_dtype_is_floating_point(t->dtype);
    double step = (end - start) / (double)(n - 1), value[SPACED_BLOCK];
    for (int64_t from = 0; from < n; from += SPACED_BLOCK) {
        int64_t m = n - from < SPACED_BLOCK ? n - from : SPACED_BLOCK;
        for (int64_t k = 0; k < m; k++) {
            int64_t i = from + k, first = floating && i < n - n % 8 ? i - i % 4 : i;
            double base = first < n / 2 ? fma(step, (double)first, start) : fma(-step, (double)(n - first - 1), end);
            volatile double ahead = (double)(i - first) * step;
            value[k] = base + ahead;
        }
        cer_convert(t->data + from * size, t->dtype, value, torch_float64, m);
    }
}

Tensor *torch_linspace_args(const torch_LinspaceArgs *a)
{
    torch_dtype dtype = a->dtype ? a->dtype : torch_get_default_dtype();
    torch_FactoryArgs done = {.requires_grad = a->requires_grad};
    if (cer_error_pending() || !can_space("linspace", a, dtype)) return NULL;
    Tensor *t = cer_empty(dtype, 1, &a->steps);
    double start = a->start, end = a->end;
    if (!torch_dtype_is_floating_point(dtype)) start = trunc(start), end = trunc(end);
    if (t && a->steps == 1)
        cer_scalar_as(torch_scalar_double(start), dtype, t->data);
    else if (t && dtype == torch_float32)
        spaced_float((float *)(void *)t->data, (float)start, (float)end, a->steps);
    else if (t && dtype == torch_float64)
        spaced_double((double *)(void *)t->data, start, end, a->steps);
    else if (t)
        spaced(t, start, end);
    return cer_factory_done(t, &done);
}

Tensor *torch_logspace_args(const torch_LinspaceArgs *a)
{
    torch_dtype dtype = a->dtype ? a->dtype : torch_get_default_dtype();
    torch_FactoryArgs done = {.requires_grad = a->requires_grad};
    if (cer_error_pending() || !can_space("logspace", a, dtype)) return NULL;
    Tensor *t = cer_empty(dtype, 1, &a->steps);
    int64_t n = a->steps, size = t ? cer_size_of(t->dtype) : 0;
    double start = a->start, end = a->end;
    if (!torch_dtype_is_floating_point(dtype)) start = trunc(start), end = trunc(end);
    double value[SPACED_BLOCK];
    for (int64_t from = 0, m; t && from < n; from += m) {
        m = n - from < SPACED_BLOCK ? n - from : SPACED_BLOCK;
        for (int64_t k = 0; k < m; k++) {
            int64_t i = from + k;
            bool near = i < n / 2; /* to the start */
            volatile double ahead = (end - start) / (double)(n - 1) * (double)(near ? i : n - i - 1);
            value[k] = pow(a->base, n == 1 ? start : near ? start + ahead : end - ahead);
        }
        cer_convert(t->data + from * size, t->dtype, value, torch_float64, m);
    }
    return cer_factory_done(t, &done);
}
