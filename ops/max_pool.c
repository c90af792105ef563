/* max_pool and adaptive_max_pool: the maximum under each window and its place; max_pool1d, 2d and 3d. */
#include <math.h>
#include <string.h>

#include "ops/pooling.h"

static bool max_shape(cer_Call *c)
{
    if (!cer_pooled_shape(c) || !cer_pool_form(c, 1, torch_int64, ((const cer_PoolAttrs *)c->attrs)->window.out))
        return false;
    if (c->form[0].strided) cer_form_channels_last(&c->form[1]);
    return true;
}

static bool max_kernel(cer_Call *c)
{
    const cer_PoolAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length;
    Tensor *out = cer_target(c->out[0]), *index = out ? cer_target(c->out[1]) : NULL;
    const Tensor *x = index ? cer_plain(c->in[0].as.t, out->dtype) : NULL;
    if (!x) return false;
    if (out->numel)
        cer_kernels()->spatial[out->dtype].max_pool(&a->window, out->numel / cer_volume(a->window.out), x->data,
                                                    out->data, (int64_t *)(void *)index->data);
    cer_finish(c->out[0], out);
    cer_finish(c->out[1], index);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void max_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = cer_call2(&cer_op_max_pool_backward, g[0], cer_saved_output(n, 1), cer_attrs(n));
}

#define MAX_POOL(id, grad)                                     \
    const cer_Op cer_op_##id = {.name = #id,                   \
                                .grad_name = grad,             \
                                .shape = max_shape,            \
                                .kernel = max_kernel,          \
                                .vjp = max_vjp,                \
                                .saves = {CER_SAVE_OUTPUT(1)}, \
                                .n_outputs = 2,                \
                                .indices = 2,                  \
                                .attrs_bytes = sizeof(cer_PoolAttrs)};
MAX_POOL(max_pool2d_with_indices, "MaxPool2DWithIndicesBackward0")
MAX_POOL(max_pool3d_with_indices, "MaxPool3DWithIndicesBackward0")
MAX_POOL(adaptive_max_pool2d, "AdaptiveMaxPool2DBackward0")
MAX_POOL(adaptive_max_pool3d, "AdaptiveMaxPool3DBackward0")

/* The values alone, where nobody asks for indices and no gradient will: PyTorch's max_pool1d of one dimension, ours of all. */
static bool values_kernel(cer_Call *c)
{
    const cer_PoolAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length;
    Tensor *out = cer_target(c->out[0]);
    const Tensor *x = out ? cer_plain(c->in[0].as.t, out->dtype) : NULL;
    if (!x) return false;
    if (out->numel)
        cer_kernels()->spatial[out->dtype].max_values(&a->window, out->numel / cer_volume(a->window.out), x->data,
                                                      out->data);
    cer_finish(c->out[0], out);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

const cer_Op cer_op_max_pool1d = {.name = "max_pool1d",
                                  .shape = cer_pooled_shape,
                                  .kernel = values_kernel,
                                  .n_outputs = 1,
                                  .flags = CER_NONDIFFERENTIABLE,
                                  .attrs_bytes = sizeof(cer_PoolAttrs)};

F_MaxPoolArgs F_MaxPoolArgs_defaults(void)
{
    return (F_MaxPoolArgs){.struct_size = sizeof(F_MaxPoolArgs), .stride = TORCH_NONE, .dilation = 1};
}

static bool values_alone(const Tensor *x, const F_MaxPoolArgs *a)
{
    return !a->indices && !(torch_requires_grad(x) && torch_is_grad_enabled());
}

static Tensor *max_pool(cer_Pooling *p, const cer_Op *record, Tensor *x, const F_MaxPoolArgs *a)
{
    Tensor *out[2] = {NULL, NULL};
    p->ceil_mode = a->ceil_mode;
    if (!x || !cer_pool_sizes(p, "kernel_size", a->kernel_size, &a->kernel_sizes, p->kernel) ||
        !cer_pool_strides(p, a->stride, &a->strides) ||
        !cer_pool_sizes(p, "padding", a->padding, &a->paddings, p->pad) ||
        !cer_pool_sizes(p, "dilation", a->dilation, &a->dilations, p->dilation) || !cer_pool_fits(p, x, false))
        return NULL;
    cer_PoolAttrs attrs = cer_pool_attrs(p, x);
    if (values_alone(x, a)) return cer_call1(&cer_op_max_pool1d, x, &attrs);
    torch_Scalar in[1] = {torch_scalar_tensor(x)};
    if (!cer_call_many(record, in, 1, &attrs, out)) return NULL;
    if (a->indices) *a->indices = out[1];
    return out[0];
}

/* Without indices and gradients PyTorch has a max_pool1d of its own, with words of its own. */
static bool alone_fits(const F_MaxPoolArgs *a)
{
    const char *op = "max_pool1d";
    int64_t k = a->kernel_sizes.n ? a->kernel_sizes.size[0] : a->kernel_size;
    int64_t stride = a->strides.n ? a->strides.size[0] : a->stride == TORCH_NONE ? k : a->stride;
    int64_t pad = a->paddings.n ? a->paddings.size[0] : a->padding;
    int64_t dilation = a->dilations.n ? a->dilations.size[0] : a->dilation;
    if (k <= 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "max_pool1d() kernel_size must be greater than zero, but got %lld",
                         (long long)k);
    if (stride <= 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "max_pool1d() stride must be greater than zero, but got %lld",
                         (long long)stride);
    if (pad < 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "max_pool1d() padding must be non-negative, but got %lld",
                         (long long)pad);
    if (pad > k / 2)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "max_pool1d() padding should be at most half of kernel size, but got padding=%lld and "
                         "kernel_size=%lld",
                         (long long)pad, (long long)k);
    if (dilation <= 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "max_pool1d() dilation must be greater than zero, but got %lld",
                         (long long)dilation);
    double length = (double)a->input->shape[a->input->ndim - 1]; /* in double: nothing overflows */
    double room = length + 2 * (double)pad - (double)dilation * ((double)k - 1) - 1;
    double out = floor((room + (a->ceil_mode ? (double)stride - 1 : 0)) / (double)stride) + 1;
    if (a->ceil_mode && (out - 1) * (double)stride >= length + (double)pad) out--;
    return out >= 0 || cer_raise(TORCH_RUNTIME_ERROR, op, "max_pool1d() Invalid computed output size: %.0f", out);
}

Tensor *F_max_pool1d_args(const F_MaxPoolArgs *a)
{
    const char *op = "max_pool1d";
    char text[128];
    Tensor *x = a->input;
    if (!cer_pool_begin(op, x, a->indices)) return NULL;
    bool empty = false; /* but for the batch */
    for (int d = x->ndim == 3; d < x->ndim; d++) empty |= x->shape[d] == 0;
    if ((x->ndim != 2 && x->ndim != 3) || empty)
        return cer_raise(
                   TORCH_RUNTIME_ERROR, op,
                   "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but "
                   "got:%s",
                   cer_size_text(x, text, sizeof text)),
               NULL;
    if (values_alone(x, a) && (!alone_fits(a) || !(x = torch_contiguous(x)))) return NULL; /* its result is, too */
    F_MaxPoolArgs two = *a;
    two.kernel_sizes = cer_widened(a->kernel_size, &a->kernel_sizes, 1, true);
    two.strides =
        a->stride != TORCH_NONE || a->strides.n ? cer_widened(a->stride, &a->strides, 1, true) : two.kernel_sizes;
    two.paddings = cer_widened(a->padding, &a->paddings, 0, true);
    two.dilations = cer_widened(a->dilation, &a->dilations, 1, true);
    cer_Pooling p = {.op = op, .type_op = "max_pool1d_impl", .dims = 2};
    Tensor *out = max_pool(&p, &cer_op_max_pool2d_with_indices, torch_unsqueeze(x, -2), &two);
    if (!out) return NULL;
    if (a->indices) *a->indices = torch_squeeze_dim(*a->indices, -2);
    return torch_squeeze_dim(out, -2);
}

Tensor *F_max_pool2d_args(const F_MaxPoolArgs *a)
{
    cer_Pooling p = {.op = "max_pool2d", .type_op = "max_pool2d", .dims = 2};
    if (!cer_pool_begin(p.op, a->input, a->indices)) return NULL;
    return max_pool(&p, &cer_op_max_pool2d_with_indices, a->input, a);
}

Tensor *F_max_pool3d_args(const F_MaxPoolArgs *a)
{
    cer_Pooling p = {.op = "max_pool3d",
                     .type_op = "max_pool3d_with_indices_cpu",
                     .checker = "max_pool3d_with_indices_out_cpu_template",
                     .dims = 3};
    if (!cer_pool_begin(p.op, a->input, a->indices)) return NULL;
    return max_pool(&p, &cer_op_max_pool3d_with_indices, a->input, a);
}
