/* unfold and fold: the blocks under a sliding window as columns, and the sum of such columns. Each is the other's gradient. */
#include <string.h>

#include "core/impl.h"
#include "ops/conv.h"
#include "ops/each.h"
#include "ops/ops_internal.h"

typedef struct UnfoldAttrs {
    cer_Window window;
    int64_t channels;
    bool batch; /* images, not one image */
} UnfoldAttrs;

static int64_t blocks(const UnfoldAttrs *a)
{
    return a->window.out[1] * a->window.out[2];
}

static int64_t kernel_size(const UnfoldAttrs *a)
{
    return a->window.kernel[1] * a->window.kernel[2];
}

static bool unfold_shape(cer_Call *c)
{
    const UnfoldAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t;
    int64_t shape[3] = {a->batch ? x->shape[0] : 0, a->channels * kernel_size(a), blocks(a)};
    return cer_form_checked(&c->form[0], c->op->name, x->dtype, a->batch ? 3 : 2, a->batch ? shape : shape + 1);
}

static bool fold_shape(cer_Call *c)
{
    const UnfoldAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t;
    int64_t shape[4] = {a->batch ? x->shape[0] : 0, a->channels, a->window.in[1], a->window.in[2]};
    return cer_form_checked(&c->form[0], c->op->name, x->dtype, a->batch ? 4 : 3, a->batch ? shape : shape + 1);
}

static bool work(cer_Call *c, bool folds)
{
    const UnfoldAttrs *a = c->attrs;
    Tensor *out = c->out[0];
    int64_t mark = cer_context()->pool.length, size = cer_size_of(out->dtype);
    int64_t image = a->channels * a->window.in[1] * a->window.in[2] * size;
    int64_t columns = a->channels * kernel_size(a) * blocks(a) * size, n = a->batch ? out->shape[0] : 1;
    const cer_Spatial *s = &cer_kernels()->spatial[out->dtype];
    const Tensor *x = cer_plain(c->in[0].as.t, out->dtype);
    if (x && folds) memset(out->data, 0, out->storage->bytes);
    for (int64_t i = 0; i < n && x; i++) {
        if (folds)
            s->fold(&a->window, a->channels, 0, a->window.out[1], x->data + i * columns, out->data + i * image);
        else
            s->unfold(&a->window, a->channels, 0, a->window.out[1], x->data + i * image, out->data + i * columns);
    }
    cer_pool_unwind(cer_context(), mark);
    return x != NULL;
}

static bool unfold_kernel(cer_Call *c)
{
    return work(c, false);
}

static bool fold_kernel(cer_Call *c)
{
    return work(c, true);
}

static void unfold_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = cer_call1(&cer_op_col2im, g[0], cer_attrs(n));
}

static void fold_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = cer_call1(&cer_op_im2col, g[0], cer_attrs(n));
}

#define UNFOLD(id, grad, which)                           \
    const cer_Op cer_op_##id = {.name = #id,              \
                                .grad_name = grad,        \
                                .shape = which##_shape,   \
                                .kernel = which##_kernel, \
                                .vjp = which##_vjp,       \
                                .n_outputs = 1,           \
                                .attrs_bytes = sizeof(UnfoldAttrs)};
UNFOLD(im2col, "Im2ColBackward0", unfold)
UNFOLD(col2im, "Col2ImBackward0", fold)

/* ---- public ------------------------------------------------------------------------------------------------------ */

F_UnfoldArgs F_UnfoldArgs_defaults(void)
{
    return (F_UnfoldArgs){.struct_size = sizeof(F_UnfoldArgs), .dilation = 1, .stride = 1};
}

/* A pair of options, or one number for both. */
static bool pair(const char *op, const char *name, int64_t one, const F_Each *each, int64_t *out)
{
    F_Each none = {0};
    if (each->n > 2)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "It is expected %s equals to 2, but got size %lld", name,
                         (long long)each->n);
    return cer_each(op, name, one, each->n ? each : &none, 2, out);
}

typedef struct Options {
    int64_t kernel[2], dilation[2], pad[2], stride[2];
} Options;

static bool at_least(const char *op, const char *text, const char *name, const int64_t *v, int64_t least)
{
    if (v[0] >= least && v[1] >= least) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, op, "%s, but got %s_height: %lld %s_width: %lld", text, name, (long long)v[0],
                     name, (long long)v[1]);
}

static bool options_of(const char *op, const F_UnfoldArgs *p, Options *o)
{
    return pair(op, "kernel_size", p->kernel_size, &p->kernel_sizes, o->kernel) &&
           pair(op, "dilation", p->dilation, &p->dilations, o->dilation) &&
           pair(op, "padding", p->padding, &p->paddings, o->pad) &&
           pair(op, "stride", p->stride, &p->strides, o->stride) &&
           at_least(op, "kernel size should be greater than zero", "kernel", o->kernel, 1) &&
           at_least(op, "dilation should be greater than zero", "dilation", o->dilation, 1) &&
           at_least(op, "padding should be non-negative", "pad", o->pad, 0) &&
           at_least(op, "stride should be greater than zero", "stride", o->stride, 1);
}

/* How many blocks fit along each dimension; may come out negative. */
static void count_blocks(const int64_t *size, const Options *o, int64_t *count)
{
    for (int d = 0; d < 2; d++) {
        int64_t room = size[d] + 2 * o->pad[d] - o->dilation[d] * (o->kernel[d] - 1) - 1;
        count[d] = room < 0 ? (room - o->stride[d] + 1) / o->stride[d] + 1 : room / o->stride[d] + 1;
    }
}

Tensor *F_unfold_args(const F_UnfoldArgs *p)
{
    const char *op = "unfold";
    Options o;
    const Tensor *x = p->input;
    char text[128];
    int64_t count[2], dim;
    if (cer_error_pending() || !cer_usable(x, op, 1) || !options_of(op, p, &o)) return NULL;
    if (x->ndim < 3 && !cer_wrap_dim(op, 2, x->ndim, &dim)) return NULL;
    bool batch = x->ndim == 4, empty = false;
    for (int d = batch; d < x->ndim; d++) empty |= x->shape[d] == 0;
    if (x->ndim > 4 || empty)
        return cer_raise(
                   TORCH_RUNTIME_ERROR, op,
                   "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions "
                   "for input, but got: %s",
                   cer_shape_text(x->ndim, x->shape, text, sizeof text)),
               NULL;
    const int64_t *size = x->shape + x->ndim - 2;
    count_blocks(size, &o, count);
    if (count[0] < 1 || count[1] < 1)
        return cer_raise(
                   TORCH_RUNTIME_ERROR, op,
                   "Given input with spatial size (%lld, %lld), kernel_size=(%lld, %lld), dilation=(%lld, %lld), "
                   "padding=(%lld, %lld), calculated shape of the array of sliding blocks as (%lld, %lld), but its "
                   "components must be at least one.",
                   (long long)size[0], (long long)size[1], (long long)o.kernel[0], (long long)o.kernel[1],
                   (long long)o.dilation[0], (long long)o.dilation[1], (long long)o.pad[0], (long long)o.pad[1],
                   (long long)count[0], (long long)count[1]),
               NULL;
    if (x->dtype != torch_float32 && x->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "\"im2col_out_cpu\" not implemented for '%s'",
                         cer_type_name(x->dtype)),
               NULL;
    UnfoldAttrs a = {.channels = x->shape[batch], .batch = batch};
    cer_window(&a.window, 2, size, count, o.kernel, o.stride, o.pad, o.dilation);
    return cer_call1(&cer_op_im2col, x, &a);
}

Tensor *F_fold_args(const F_UnfoldArgs *p)
{
    const char *op = "fold";
    Options o;
    const Tensor *x = p->input;
    char text[128];
    int64_t count[2], size[2];
    if (cer_error_pending() || !cer_usable(x, op, 1) || !pair(op, "output_size", 1, &p->output_size, size) ||
        !options_of(op, p, &o))
        return NULL;
    bool batch = x->ndim == 3, empty = false;
    for (int d = batch; d < x->ndim; d++) empty |= x->shape[d] == 0;
    if ((x->ndim != 2 && x->ndim != 3) || empty)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero "
                         "dimensions for input, but got: %s",
                         cer_shape_text(x->ndim, x->shape, text, sizeof text)),
               NULL;
    if (x->shape[batch] % (o.kernel[0] * o.kernel[1]))
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
                         "input.size(1)=%lld and kernel_size=(%lld, %lld).",
                         (long long)x->shape[batch], (long long)o.kernel[0], (long long)o.kernel[1]),
               NULL;
    count_blocks(size, &o, count);
    if (x->shape[batch + 1] != count[0] * count[1])
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Given output_size=(%lld, %lld), kernel_size=(%lld, %lld), dilation=(%lld, %lld), "
                         "padding=(%lld, %lld), stride=(%lld, %lld), expected size of input's dimension 2 to match the "
                         "calculated number of sliding blocks %lld * %lld = %lld, but got input.size(2)=%lld.",
                         (long long)size[0], (long long)size[1], (long long)o.kernel[0], (long long)o.kernel[1],
                         (long long)o.dilation[0], (long long)o.dilation[1], (long long)o.pad[0], (long long)o.pad[1],
                         (long long)o.stride[0], (long long)o.stride[1], (long long)count[0], (long long)count[1],
                         (long long)(count[0] * count[1]), (long long)x->shape[batch + 1]),
               NULL;
    if (x->dtype != torch_float32 && x->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "\"col2im_out_cpu\" not implemented for '%s'",
                         cer_type_name(x->dtype)),
               NULL;
    UnfoldAttrs a = {.channels = x->shape[batch] / (o.kernel[0] * o.kernel[1]), .batch = batch};
    cer_window(&a.window, 2, size, count, o.kernel, o.stride, o.pad, o.dilation);
    return cer_call1(&cer_op_col2im, x, &a);
}
