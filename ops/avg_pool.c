/* avg_pool and adaptive_avg_pool: the mean under each window; avg_pool1d, 2d and 3d. */
#include <string.h>

#include "ops/pooling.h"

static bool average(cer_Call *c, bool back)
{
    const cer_PoolAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length, plane = cer_volume(back ? a->window.in : a->window.out);
    Tensor *out = cer_target(c->out[0]);
    const Tensor *x = out ? cer_plain(c->in[0].as.t, out->dtype) : NULL;
    if (x && back) memset(out->data, 0, out->storage->bytes);
    if (x && out->numel && x->numel)
        cer_kernels()->spatial[out->dtype].avg_pool(&a->window, out->numel / plane, x->data, out->data, back);
    if (x) cer_finish(c->out[0], out);
    cer_pool_unwind(cer_context(), mark);
    return x != NULL;
}

static bool avg_kernel(cer_Call *c)
{
    return average(c, false);
}

static bool spread_kernel(cer_Call *c)
{
    return average(c, true);
}

#define AVG_POOL(id, grad, grad_back)                                     \
    static void id##_vjp(cer_Node *n, Tensor *const *g, Tensor **in)      \
    {                                                                     \
        in[0] = cer_call1(&cer_op_##id##_backward, g[0], cer_attrs(n));   \
    }                                                                     \
    static void id##_back_vjp(cer_Node *n, Tensor *const *g, Tensor **in) \
    {                                                                     \
        in[0] = cer_call1(&cer_op_##id, g[0], cer_attrs(n));              \
    }                                                                     \
    const cer_Op cer_op_##id = {.name = #id,                              \
                                .grad_name = grad,                        \
                                .shape = cer_pooled_shape,                \
                                .kernel = avg_kernel,                     \
                                .vjp = id##_vjp,                          \
                                .n_outputs = 1,                           \
                                .attrs_bytes = sizeof(cer_PoolAttrs)};    \
    const cer_Op cer_op_##id##_backward = {.name = #id "_backward",       \
                                           .grad_name = grad_back,        \
                                           .shape = cer_unpooled_shape,   \
                                           .kernel = spread_kernel,       \
                                           .vjp = id##_back_vjp,          \
                                           .n_outputs = 1,                \
                                           .attrs_bytes = sizeof(cer_PoolAttrs)};
AVG_POOL(avg_pool2d, "AvgPool2DBackward0", "AvgPool2DBackwardBackward0")
AVG_POOL(avg_pool3d, "AvgPool3DBackward0", "AvgPool3DBackwardBackward0")
AVG_POOL(adaptive_avg_pool2d, "AdaptiveAvgPool2DBackward0", "AdaptiveAvgPool2DBackwardBackward0")
AVG_POOL(adaptive_avg_pool3d, "AdaptiveAvgPool3DBackward0", "AdaptiveAvgPool3DBackwardBackward0")

F_AvgPoolArgs F_AvgPoolArgs_defaults(void)
{
    return (F_AvgPoolArgs){.struct_size = sizeof(F_AvgPoolArgs),
                           .stride = TORCH_NONE,
                           .count_include_pad = true,
                           .divisor_override = TORCH_NONE};
}

static Tensor *avg_pool(cer_Pooling *p, const cer_Op *record, Tensor *x, const F_AvgPoolArgs *a)
{
    p->ceil_mode = a->ceil_mode;
    for (int d = 0; d < 3; d++) p->dilation[d] = 1;
    if (!x || !cer_pool_sizes(p, "kernel_size", a->kernel_size, &a->kernel_sizes, p->kernel) ||
        !cer_pool_strides(p, a->stride, &a->strides) || !cer_pool_sizes(p, "padding", a->padding, &a->paddings, p->pad))
        return NULL;
    if (a->divisor_override == 0) return cer_raise(TORCH_RUNTIME_ERROR, p->op, "divisor must be not zero"), NULL;
    if (!cer_pool_fits(p, x, true)) return NULL;
    cer_PoolAttrs attrs = cer_pool_attrs(p, x);
    attrs.window.include_pad = a->count_include_pad;
    attrs.window.divisor = a->divisor_override == TORCH_NONE ? 0 : a->divisor_override;
    return cer_call1(record, x, &attrs);
}

Tensor *F_avg_pool1d_args(const F_AvgPoolArgs *a)
{
    cer_Pooling p = {.op = "avg_pool1d", .type_op = "avg_pool2d", .dims = 2};
    if (!cer_pool_begin(p.op, a->input, NULL) || !cer_pool_of_one(p.op, a->input)) return NULL;
    F_AvgPoolArgs two = *a;
    two.kernel_sizes = cer_widened(a->kernel_size, &a->kernel_sizes, 1, true);
    two.strides =
        a->stride != TORCH_NONE || a->strides.n ? cer_widened(a->stride, &a->strides, 1, true) : two.kernel_sizes;
    two.paddings = cer_widened(a->padding, &a->paddings, 0, true);
    Tensor *out = avg_pool(&p, &cer_op_avg_pool2d, torch_unsqueeze(a->input, -2), &two);
    return out ? torch_squeeze_dim(out, -2) : NULL;
}

Tensor *F_avg_pool2d_args(const F_AvgPoolArgs *a)
{
    cer_Pooling p = {.op = "avg_pool2d", .type_op = "avg_pool2d", .dims = 2};
    return cer_pool_begin(p.op, a->input, NULL) ? avg_pool(&p, &cer_op_avg_pool2d, a->input, a) : NULL;
}

Tensor *F_avg_pool3d_args(const F_AvgPoolArgs *a)
{
    cer_Pooling p = {.op = "avg_pool3d", .type_op = "avg_pool3d_out_frame", .dims = 3};
    return cer_pool_begin(p.op, a->input, NULL) ? avg_pool(&p, &cer_op_avg_pool3d, a->input, a) : NULL;
}
