/* bincount and histc. */
#include <math.h>

#include "ops/gather.h"
#include "ops/moves.h"
#include "ops/search.h"

/* ---- bincount: with weights an index_add, and so it has a gradient ----------------------------------------------- */

static bool bin_range(const Tensor *x, int64_t *high)
{
    int64_t low = INT64_MAX;
    *high = INT64_MIN;
    cer_kernels()->index_range(x->numel, x->data, x->stride[0] * (int64_t)sizeof(int64_t), &low, high);
    return low >= 0 ||
           cer_raise(TORCH_RUNTIME_ERROR, "bincount", "bincount only supports 1-d non-negative integral inputs.");
}

static bool bincount_checks(const Tensor *x, const Tensor *weights, int64_t minlength)
{
    if (torch_dtype_is_floating_point(x->dtype) || x->dtype == torch_bool)
        return cer_raise(TORCH_RUNTIME_ERROR, "bincount", "\"bincount_cpu\" not implemented for '%s'",
                         cer_type_name(x->dtype));
    if (minlength < 0) return cer_raise(TORCH_RUNTIME_ERROR, "bincount", "minlength should be >= 0");
    if (x->ndim != 1)
        return cer_raise(TORCH_RUNTIME_ERROR, "bincount", "bincount only supports 1-d non-negative integral inputs.");
    return !weights || x->numel == 0 || (weights->ndim == 1 && weights->shape[0] == x->shape[0]) ||
           cer_raise(TORCH_RUNTIME_ERROR, "bincount", "weights should be 1-d and have the same length as input");
}

Tensor *torch_bincount(Tensor *x, Tensor *weights, int64_t minlength)
{
    if (cer_error_pending() || !cer_usable(x, "bincount", 1) || (weights && !cer_usable(weights, "bincount", 2)) ||
        !bincount_checks(x, weights, minlength))
        return NULL;
    if (x->numel == 0) return cer_zeros(torch_int64, 1, &minlength);
    int64_t high;
    x = cer_as_long(x);
    if (!x || !bin_range(x, &high)) return NULL;
    if (high == INT64_MAX)
        return cer_raise(TORCH_RUNTIME_ERROR, "bincount", "bincount: %lld is too large", (long long)high), NULL;
    int64_t bins = high + 1 > minlength ? high + 1 : minlength;
    torch_dtype dtype = !weights ? torch_int64 : weights->dtype == torch_float32 ? torch_float32 : torch_float64;
    Tensor *out = cer_zeros(dtype, 1, &bins);
    if (weights) return torch_index_add_(out, 0, x, cer_to(weights, dtype));
    if (out)
        cer_kernels()->index_count(x->numel, x->data, x->stride[0] * (int64_t)sizeof(int64_t), 0,
                                   (int64_t *)(void *)out->data);
    return out;
}

/* ---- histc ------------------------------------------------------------------------------------------------------- */

typedef struct HistAttrs {
    int64_t bins;
    double min, max;
} HistAttrs;

/* The arithmetic is in the element's type, as in PyTorch: a value on a border may fall on either side of it.
 * A NaN is counted in the first bin. */
#define COUNT(T, name)                                                                           \
    static void count_##name(const Tensor *x, int64_t bins, double min, double max, Tensor *out) \
    {                                                                                            \
        const T *in = (const T *)(const void *)x->data, low = (T)min, high = (T)max;             \
        T *count = (T *)(void *)out->data;                                                       \
        for (int64_t i = 0; i < bins; i++) count[i] = 0;                                         \
        for (int64_t i = 0; i < x->numel; i++) {                                                 \
            if (in[i] < low || in[i] > high) continue;                                           \
            int64_t at = in[i] == in[i] ? (int64_t)((in[i] - low) * (T)bins / (high - low)) : 0; \
            count[at < bins ? at : bins - 1] += 1;                                               \
        }                                                                                        \
    }
COUNT(float, float32)
COUNT(double, float64)
#undef COUNT

static bool hist_shape(cer_Call *c)
{
    const HistAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t;
    if (a->bins <= 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "histc",
                         "torch.histogram(): bins must be > 0, but got %lld for dimension 0", (long long)a->bins);
    if (x->dtype != torch_float32 && x->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, "histc", "\"histogram_cpu\" not implemented for '%s'",
                         cer_type_name(x->dtype));
    return cer_form_checked(&c->form[0], "histc", (torch_dtype)x->dtype, 1, &a->bins);
}

static double value_at(const Tensor *x, int64_t i)
{
    return x->dtype == torch_float32 ? ((const float *)(const void *)x->data)[i]
                                     : ((const double *)(const void *)x->data)[i];
}

static bool limits(const Tensor *x, double *min, double *max)
{
    if (*min == *max && x->numel > 0) {
        *min = *max = value_at(x, 0);
        for (int64_t i = 1; i < x->numel && *min == *min; i++) {
            double v = value_at(x, i);
            *min = !(v >= *min) ? v : *min; /* a NaN stays */
            *max = !(v <= *max) ? v : *max;
        }
    }
    if (*min == *max) *min -= 1, *max += 1;
    if (!isfinite(*min) || !isfinite(*max))
        return cer_raise(TORCH_RUNTIME_ERROR, "histc", "torch.histc: range of [%g, %g] is not finite", *min, *max);
    return *min < *max || cer_raise(TORCH_RUNTIME_ERROR, "histc", "torch.histc: max must be larger than min");
}

static bool hist_kernel(cer_Call *c)
{
    const HistAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length;
    Tensor *x = cer_in_rows(c->in[0].as.t, c->in[0].as.t->ndim, c->in[0].as.t->shape);
    double min = a->min, max = a->max;
    if (!x || !limits(x, &min, &max)) return false;
    (x->dtype == torch_float32 ? count_float32 : count_float64)(x, a->bins, min, max, c->out[0]);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

const cer_Op cer_op_histc = {
    .name = "histc",
    .shape = hist_shape,
    .kernel = hist_kernel,
    .n_outputs = 1,
    .flags = CER_NONDIFFERENTIABLE,
    .attrs_bytes = sizeof(HistAttrs),
};

Tensor *torch_histc(Tensor *x, int64_t bins, double min, double max)
{
    HistAttrs a = {bins, min, max};
    return cer_call1(&cer_op_histc, x, &a);
}
