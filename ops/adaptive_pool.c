/* adaptive_avg_pool and adaptive_max_pool, by the size of their output: windows that divide the input. */
#include "ops/pooling.h"
#include "ops/reduce.h"

F_AdaptivePoolArgs F_AdaptivePoolArgs_defaults(void)
{
    return (F_AdaptivePoolArgs){.struct_size = sizeof(F_AdaptivePoolArgs)};
}

static bool adaptive_fits(cer_Pooling *p, const Tensor *x, bool average, const F_AdaptivePoolArgs *a)
{
    char text[128];
    int dims = p->dims;
    if (x->ndim != dims + 1 && x->ndim != dims + 2)
        return cer_raise(TORCH_RUNTIME_ERROR, p->op, "%s(): Expected %dD or %dD tensor, but got%s %s", p->op, dims + 1,
                         dims + 2, average ? "" : ":", cer_size_text(x, text, sizeof text));
    for (int d = x->ndim - dims; d < x->ndim; d++)
        if (x->shape[d] == 0)
            return cer_raise(
                TORCH_RUNTIME_ERROR, p->op,
                "%s(): Expected input to have non-zero size for non-batch dimensions, but input has sizes %s "
                "with dimension %d being empty",
                p->op, cer_size_text(x, text, sizeof text), d);
    F_Each wanted = a->output_sizes;
    const int64_t *size = x->shape + x->ndim - dims;
    for (int d = 0; d < dims && d < 3; d++)
        if (wanted.n == dims && wanted.size[d] == TORCH_NONE) wanted.size[d] = size[d];
    if (!cer_each(p->op, "output_size", a->output_size, &wanted, dims, p->out)) return false;
    for (int d = 0; d < dims; d++)
        if (p->out[d] < 0)
            return cer_raise(TORCH_RUNTIME_ERROR, p->op,
                             "%s: elements of output_size must be greater than or equal to 0 but received {%s}", p->op,
                             cer_each_text(dims, p->out, ", ", text, sizeof text));
    return cer_pool_type_fits(p, x);
}

/* record: with two outputs it is of maxima */
static Tensor *adaptive(cer_Pooling *p, const cer_Op *record, Tensor *x, const F_AdaptivePoolArgs *a)
{
    const int64_t last[3] = {-1, -2, -3}, ones[3] = {1, 1, 1};
    bool average = record->n_outputs == 1;
    Tensor *out[2] = {NULL, NULL};
    if (!x || !adaptive_fits(p, x, average, a)) return NULL;
    if (average && cer_same_sizes(p->dims, p->out, ones))
        return torch_mean(x, .dims = last, .n_dims = p->dims, .keepdim = true);
    cer_PoolAttrs attrs = cer_pool_attrs(p, x);
    attrs.window.adaptive = true;
    torch_Scalar in[1] = {torch_scalar_tensor(x)};
    if (!cer_call_many(record, in, 1, &attrs, out)) return NULL;
    if (!average && a->indices) *a->indices = out[1];
    return out[0];
}

static Tensor *pool(const char *op, const char *type_op, int dims, const cer_Op *record, const F_AdaptivePoolArgs *a)
{
    cer_Pooling p = {.op = op, .type_op = type_op, .dims = dims};
    bool begins = cer_pool_begin(op, a->input, record->n_outputs == 1 ? NULL : a->indices);
    return begins ? adaptive(&p, record, a->input, a) : NULL;
}

/* (N, C, L) as (N, C, 1, L) */
static Tensor *pool_of_one(const char *op, const char *type_op, const cer_Op *record, const F_AdaptivePoolArgs *a)
{
    cer_Pooling p = {.op = op, .type_op = type_op, .dims = 2};
    Tensor **indices = record->n_outputs == 1 ? NULL : a->indices;
    if (!cer_pool_begin(op, a->input, indices) || !cer_pool_of_one(op, a->input)) return NULL;
    F_AdaptivePoolArgs two = *a;
    two.output_sizes = cer_widened(a->output_size, &a->output_sizes, 1, true);
    Tensor *out = adaptive(&p, record, torch_unsqueeze(a->input, -2), &two);
    if (out && indices) *indices = torch_squeeze_dim(*indices, -2);
    return out ? torch_squeeze_dim(out, -2) : NULL;
}

Tensor *F_adaptive_avg_pool1d_args(const F_AdaptivePoolArgs *a)
{
    return pool_of_one("adaptive_avg_pool1d", "adaptive_avg_pool2d", &cer_op_adaptive_avg_pool2d, a);
}

Tensor *F_adaptive_avg_pool2d_args(const F_AdaptivePoolArgs *a)
{
    return pool("adaptive_avg_pool2d", "adaptive_avg_pool2d", 2, &cer_op_adaptive_avg_pool2d, a);
}

Tensor *F_adaptive_avg_pool3d_args(const F_AdaptivePoolArgs *a)
{
    return pool("adaptive_avg_pool3d", "adaptive_avg_pool3d_cpu", 3, &cer_op_adaptive_avg_pool3d, a);
}

Tensor *F_adaptive_max_pool1d_args(const F_AdaptivePoolArgs *a)
{
    return pool_of_one("adaptive_max_pool1d", "adaptive_max_pool2d", &cer_op_adaptive_max_pool2d, a);
}

Tensor *F_adaptive_max_pool2d_args(const F_AdaptivePoolArgs *a)
{
    return pool("adaptive_max_pool2d", "adaptive_max_pool2d", 2, &cer_op_adaptive_max_pool2d, a);
}

Tensor *F_adaptive_max_pool3d_args(const F_AdaptivePoolArgs *a)
{
    return pool("adaptive_max_pool3d", "adaptive_max_pool3d_cpu", 3, &cer_op_adaptive_max_pool3d, a);
}
