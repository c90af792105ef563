/* torch.histogram: counts, or sums of weights, between edges. */
#include <math.h>

#include "ops/moves.h"
#include "ops/search.h"

typedef struct HistogramAttrs {
    bool even; /* the edges are: the bin is guessed, then looked for beside that */
} HistogramAttrs;

/* Bins are half open but for the last. The search is std::upper_bound's, also where edges are NaN or descend. */
#define COUNT(T, name)                                                                                          \
    static int64_t above_##name(const T *edges, int64_t from, int64_t to, T v)                                  \
    {                                                                                                           \
        for (int64_t n = to - from; n > 0;) {                                                                   \
            int64_t half = n / 2;                                                                               \
            if (v < edges[from + half])                                                                         \
                n = half;                                                                                       \
            else                                                                                                \
                from += half + 1, n -= half + 1;                                                                \
        }                                                                                                       \
        return from;                                                                                            \
    }                                                                                                           \
    static void count_##name(const Tensor *x, const Tensor *weight, const Tensor *edge, bool even, Tensor *out) \
    {                                                                                                           \
        const T *in = (const T *)(const void *)x->data, *edges = (const T *)(const void *)edge->data;           \
        const T *w = weight ? (const T *)(const void *)weight->data : NULL;                                     \
        int64_t bins = out->shape[0];                                                                           \
        T *sum = (T *)(void *)out->data, low = edges[0], high = edges[bins];                                    \
        for (int64_t i = 0; i < bins; i++) sum[i] = 0;                                                          \
        for (int64_t i = 0; i < x->numel; i++) {                                                                \
            T v = in[i];                                                                                        \
            if (!(v >= low && v <= high)) continue;                                                             \
            int64_t from = 0, to = bins + 1;                                                                    \
            if (even) {                                                                                         \
                int64_t guess = high > low ? (int64_t)((v - low) / (high - low) * (T)bins) : 0;                 \
                from = guess > 0 ? guess - 1 : 0;                                                               \
                to = guess + 2 < to ? guess + 2 : to;                                                           \
            }                                                                                                   \
            int64_t at = above_##name(edges, from, to, v) - 1;                                                  \
            at = at < bins ? at : bins - 1;                                                                     \
            sum[at > 0 ? at : 0] += w ? w[i] : 1;                                                               \
        }                                                                                                       \
    }
COUNT(float, float32)
COUNT(double, float64)
#undef COUNT

static bool histogram_shape(cer_Call *c)
{
    const Tensor *x = c->in[0].as.t, *edges = c->in[1].as.t;
    int64_t bins = edges->shape[0] - 1;
    if (x->dtype != torch_float32 && x->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, "histogram", "\"histogramdd\" not implemented for '%s'",
                         cer_type_name(x->dtype));
    cer_form(&c->form[0], x->dtype, 1, &bins);
    return true;
}

static bool histogram_kernel(cer_Call *c)
{
    const HistogramAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length;
    Tensor *x = c->in[0].as.t, *edges = c->in[1].as.t, *weight = c->n_in > 2 ? c->in[2].as.t : NULL;
    x = cer_in_rows(x, x->ndim, x->shape);
    edges = cer_in_rows(edges, 1, edges->shape);
    if (!x || !edges || (weight && !(weight = cer_in_rows(weight, weight->ndim, weight->shape)))) return false;
    (x->dtype == torch_float32 ? count_float32 : count_float64)(x, weight, edges, a->even, c->out[0]);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

const cer_Op cer_op_histogram = {
    .name = "histogram",
    .shape = histogram_shape,
    .kernel = histogram_kernel,
    .n_outputs = 1,
    .flags = CER_NONDIFFERENTIABLE,
    .attrs_bytes = sizeof(HistogramAttrs),
};

/* ---- public ------------------------------------------------------------------------------------------------------ */

torch_HistogramArgs torch_HistogramArgs_defaults(void)
{
    return (torch_HistogramArgs){.struct_size = sizeof(torch_HistogramArgs)};
}

static bool edges_fit(const Tensor *x, const Tensor *edges)
{
    if (edges->dtype != x->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "histogram",
                         "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got input "
                         "with dtype %s and bins for dimension 0 with dtype %s",
                         cer_cpp_name(x->dtype), cer_cpp_name(edges->dtype));
    if (edges->ndim != 1)
        return cer_raise(TORCH_RUNTIME_ERROR, "histogram",
                         "torch.histogramdd: bins tensor should have one dimension, but got %d dimensions in the bins "
                         "tensor for dimension 0",
                         edges->ndim);
    return edges->numel > 0 || cer_raise(TORCH_RUNTIME_ERROR, "histogram",
                                         "torch.histogramdd: bins tensor should have at least 1 element, but got 0 "
                                         "elements in the bins tensor for dimension 0");
}

static bool weight_fits(const Tensor *x, const Tensor *weight)
{
    if (weight->dtype != x->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "histogram",
                         "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should have "
                         "the same dtype, but got input(%s), and weight(%s)",
                         cer_cpp_name(x->dtype), cer_cpp_name(weight->dtype));
    return weight->numel == x->numel ||
           cer_raise(TORCH_RUNTIME_ERROR, "histogram",
                     "torch.histogramdd: if weight tensor is provided it should have the same shape as the input "
                     "tensor excluding its innermost dimension, but got input with shape [%lld, 1] and weight with "
                     "shape [%lld]",
                     (long long)x->numel, (long long)weight->numel);
}

/* Where the edges begin and end: what the caller says, or the smallest and the largest element. */
static bool limits(const torch_HistogramArgs *a, double *low, double *high)
{
    *low = a->range ? a->range[0] : 0;
    *high = a->range ? a->range[1] : 1;
    if (!a->range && a->self->numel) {
        Tensor *x = torch_detach(a->self);
        Tensor *least = torch_to(torch_amin(x), torch_float64), *most = torch_to(torch_amax(x), torch_float64);
        if (!least || !most) return false;
        *low = torch_item(least);
        *high = torch_item(most);
    }
    if (!isfinite(*low) || !isfinite(*high))
        return cer_raise(TORCH_RUNTIME_ERROR, "histogram",
                         "torch.histogramdd: dimension 0's range [%g, %g] is not finite", *low, *high);
    if (*low > *high)
        return cer_raise(TORCH_RUNTIME_ERROR, "histogram",
                         "torch.histogramdd: min should not exceed max, but got min %g max %g for dimension 0", *low,
                         *high);
    if (*low == *high) *low -= 0.5, *high += 0.5;
    return true;
}

static Tensor *even_edges(const torch_HistogramArgs *a)
{
    double low, high;
    if (!limits(a, &low, &high)) return NULL;
    return torch_linspace(low, high, a->bins + 1, .dtype = torch_dtype_of(a->self));
}

Tensor *torch_histogram_args(const torch_HistogramArgs *a)
{
    HistogramAttrs attrs = {.even = !a->edges};
    Tensor *x = a->self, *weight = a->weight;
    if (a->bin_edges) *a->bin_edges = NULL;
    if (cer_error_pending() || !cer_usable(x, "histogram", 1) ||
        (a->edges && (!cer_usable(a->edges, "histogram", 2) || !edges_fit(x, a->edges))) ||
        (weight && (!cer_usable(weight, "histogram", 3) || !weight_fits(x, weight))))
        return NULL;
    int64_t bins = a->edges ? a->edges->numel - 1 : a->bins;
    if (bins <= 0 || bins == INT64_MAX)
        return cer_raise(TORCH_RUNTIME_ERROR, "histogram",
                         "torch.histogram(): bins must be > 0, but got %lld for dimension 0", (long long)bins),
               NULL;
    if (!torch_dtype_is_floating_point(x->dtype))
        return cer_raise(TORCH_RUNTIME_ERROR, "histogram", "\"histogramdd\" not implemented for '%s'",
                         cer_type_name(x->dtype)),
               NULL;
    Tensor *edges = a->edges ? torch_clone(torch_detach(a->edges)) : even_edges(a);
    Tensor *sums = weight ? cer_call3(&cer_op_histogram, x, edges, weight, &attrs)
                          : cer_call2(&cer_op_histogram, x, edges, &attrs);
    if (a->density) sums = torch_div(torch_div(sums, torch_sum(sums)), torch_diff(edges));
    if (sums && a->bin_edges) *a->bin_edges = edges;
    return sums;
}
