/* Pooling: maxima with the place of each, averages, and both over windows that divide the input (adaptive). */
#include "ops/pool.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/impl.h"
#include "ops/each.h"
#include "ops/ops_internal.h"
#include "ops/reduce.h"

typedef struct PoolAttrs {
    cer_Window window;
    int dims; /* the last dims dimensions are the plane */
} PoolAttrs;

static int64_t volume(const int64_t *size)
{
    return size[0] * size[1] * size[2];
}

static bool form_of(cer_Call *c, int k, torch_dtype dtype, const int64_t *plane)
{
    const PoolAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t;
    int64_t shape[TORCH_MAX_DIM];
    memcpy(shape, x->shape, sizeof shape);
    for (int d = 0; d < a->dims; d++) shape[x->ndim - 1 - d] = plane[2 - d];
    return cer_form_checked(&c->form[k], c->op->name, dtype, x->ndim, shape);
}

static bool small_shape(cer_Call *c) /* the pooled size */
{
    const PoolAttrs *a = c->attrs;
    if (!form_of(c, 0, c->in[0].as.t->dtype, a->window.out)) return false;
    bool always_plain = c->op == &cer_op_avg_pool3d || c->op == &cer_op_adaptive_avg_pool3d ||
                        c->op == &cer_op_adaptive_max_pool3d || c->op == &cer_op_max_pool_pick;
    if (!always_plain && cer_channels_last(c->in[0].as.t, a->dims)) cer_form_channels_last(&c->form[0]);
    return true;
}

static bool large_shape(cer_Call *c) /* the size before */
{
    return form_of(c, 0, c->in[0].as.t->dtype, ((const PoolAttrs *)c->attrs)->window.in);
}

/* ---- maxima ------------------------------------------------------------------------------------------------------ */

static bool max_shape(cer_Call *c)
{
    if (!small_shape(c) || !form_of(c, 1, torch_int64, ((const PoolAttrs *)c->attrs)->window.out)) return false;
    if (c->form[0].strided) cer_form_channels_last(&c->form[1]);
    return true;
}

static bool max_kernel(cer_Call *c)
{
    const PoolAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length;
    Tensor *out = cer_target(c->out[0]), *index = out ? cer_target(c->out[1]) : NULL;
    const Tensor *x = index ? cer_plain(c->in[0].as.t, out->dtype) : NULL;
    if (!x) return false;
    if (out->numel)
        cer_kernels()->spatial[out->dtype].max_pool(&a->window, out->numel / volume(a->window.out), x->data, out->data,
                                                    (int64_t *)(void *)index->data);
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
                                .attrs_bytes = sizeof(PoolAttrs)};
MAX_POOL(max_pool2d_with_indices, "MaxPool2DWithIndicesBackward0")
MAX_POOL(max_pool3d_with_indices, "MaxPool3DWithIndicesBackward0")
MAX_POOL(adaptive_max_pool2d, "AdaptiveMaxPool2DBackward0")
MAX_POOL(adaptive_max_pool3d, "AdaptiveMaxPool3DBackward0")

/* Elements of the pooled size put where their indices say, or picked from there: each is the other's gradient. */
static bool move(cer_Call *c, bool put)
{
    const PoolAttrs *a = c->attrs;
    Tensor *out = c->out[0];
    int64_t mark = cer_context()->pool.length, small = volume(a->window.out), large = volume(a->window.in);
    const Tensor *x = cer_plain(c->in[0].as.t, out->dtype);
    const Tensor *index = x ? cer_plain(c->in[1].as.t, torch_int64) : NULL;
    const cer_Spatial *s = &cer_kernels()->spatial[out->dtype];
    if (index && put) memset(out->data, 0, out->storage->bytes);
    if (index && index->numel) {
        const int64_t *at = (const int64_t *)(const void *)index->data;
        if (put)
            s->put(index->numel / small, large, small, at, x->data, out->data, true);
        else
            s->pick(index->numel / small, large, small, at, x->data, out->data);
    }
    cer_pool_unwind(cer_context(), mark);
    return index != NULL;
}

static bool put_kernel(cer_Call *c)
{
    return move(c, true);
}

static bool pick_kernel(cer_Call *c)
{
    return move(c, false);
}

static void put_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = cer_call2(&cer_op_max_pool_pick, g[0], cer_saved_tensor(n, 1), cer_attrs(n));
}

static void pick_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = cer_call2(&cer_op_max_pool_backward, g[0], cer_saved_tensor(n, 1), cer_attrs(n));
}

const cer_Op cer_op_max_pool_backward = {.name = "max_pool2d_with_indices_backward",
                                         .grad_name = "MaxPool2DWithIndicesBackwardBackward0",
                                         .shape = large_shape,
                                         .kernel = put_kernel,
                                         .vjp = put_vjp,
                                         .saves = {CER_SAVE(1)},
                                         .n_outputs = 1,
                                         .attrs_bytes = sizeof(PoolAttrs)};
const cer_Op cer_op_max_pool_pick = {.name = "max_pool_pick",
                                     .grad_name = "ViewBackward0",
                                     .shape = small_shape,
                                     .kernel = pick_kernel,
                                     .vjp = pick_vjp,
                                     .saves = {CER_SAVE(1)},
                                     .n_outputs = 1,
                                     .attrs_bytes = sizeof(PoolAttrs)};

/* ---- averages ---------------------------------------------------------------------------------------------------- */

static bool average(cer_Call *c, bool back)
{
    const PoolAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length, plane = volume(back ? a->window.in : a->window.out);
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
                                .shape = small_shape,                     \
                                .kernel = avg_kernel,                     \
                                .vjp = id##_vjp,                          \
                                .n_outputs = 1,                           \
                                .attrs_bytes = sizeof(PoolAttrs)};        \
    const cer_Op cer_op_##id##_backward = {.name = #id "_backward",       \
                                           .grad_name = grad_back,        \
                                           .shape = large_shape,          \
                                           .kernel = spread_kernel,       \
                                           .vjp = id##_back_vjp,          \
                                           .n_outputs = 1,                \
                                           .attrs_bytes = sizeof(PoolAttrs)};
AVG_POOL(avg_pool2d, "AvgPool2DBackward0", "AvgPool2DBackwardBackward0")
AVG_POOL(avg_pool3d, "AvgPool3DBackward0", "AvgPool3DBackwardBackward0")
AVG_POOL(adaptive_avg_pool2d, "AdaptiveAvgPool2DBackward0", "AdaptiveAvgPool2DBackwardBackward0")
AVG_POOL(adaptive_avg_pool3d, "AdaptiveAvgPool3DBackward0", "AdaptiveAvgPool3DBackwardBackward0")

/* ---- checks ------------------------------------------------------------------------------------------------------ */

static const char *text_of(const Tensor *t, char *text, size_t bytes)
{
    return cer_shape_text(t->ndim, t->shape, text, bytes);
}

typedef struct Pool {                   /* what the public functions have in common */
    const char *op, *type_op, *checker; /* checker: whose name PyTorch gives when there are no elements; NULL: op */
    int dims;
    int64_t kernel[3], stride[3], pad[3], dilation[3], out[3];
    bool ceil_mode;
} Pool;

static bool sizes_of(Pool *p, const char *name, int64_t one, const F_Each *each, int64_t *out)
{
    if (each->n > 1 && each->n != p->dims)
        return cer_raise(TORCH_RUNTIME_ERROR, p->op, "%s: %s must %sbe a single int, or a tuple of %s ints", p->op,
                         name, strcmp(name, "kernel_size") == 0 ? "either " : "", p->dims == 2 ? "two" : "three");
    return cer_each(p->op, name, one, each, p->dims, out);
}

static bool positive(const Pool *p, const char *text, const char *name, const int64_t *v)
{
    static const char *const letters[] = {"T", "H", "W"};
    char values[128] = "";
    size_t used = 0;
    bool fine = true;
    for (int d = 0; d < p->dims; d++) {
        fine &= v[d] > 0;
        used += (size_t)snprintf(values + used, sizeof values - used, " %s%s: %lld", name, letters[3 - p->dims + d],
                                 (long long)v[d]);
    }
    return fine || cer_raise(TORCH_RUNTIME_ERROR, p->op, "%s should be greater than zero, but got%s", text, values);
}

/* PyTorch's pooling_output_shape for each dimension. */
static bool output_sizes(Pool *p, const int64_t *size)
{
    for (int d = 0; d < p->dims; d++) {
        int64_t k = p->kernel[d], s = p->stride[d], pad = p->pad[d];
        if (s == 0) return cer_raise(TORCH_RUNTIME_ERROR, p->op, "stride should not be zero");
        if (pad < 0)
            return cer_raise(TORCH_RUNTIME_ERROR, p->op, "pad must be non-negative, but got pad: %lld", (long long)pad);
        if (pad > k / 2)
            return cer_raise(TORCH_RUNTIME_ERROR, p->op,
                             "pad should be at most half of kernel size, but got pad=%lld and kernel_size=%lld",
                             (long long)pad, (long long)k);
        int64_t room = size[d] + 2 * pad - p->dilation[d] * (k - 1) - 1 + (p->ceil_mode ? s - 1 : 0);
        int64_t steps = room / s - (room % s != 0 && (room < 0) != (s < 0)); /* towards minus infinity */
        p->out[d] = steps + 1;
        if (p->ceil_mode && (p->out[d] - 1) * s >= size[d] + pad) p->out[d]--;
    }
    return positive(p, "kernel size", "k", p->kernel) && positive(p, "stride", "d", p->stride) &&
           positive(p, "dilation", "dilation", p->dilation);
}

static bool big_enough(const Pool *p, const Tensor *x, bool average)
{
    char have[128], want[128];
    const int64_t *size = x->shape + x->ndim - p->dims;
    bool fine = true, smaller = false;
    for (int d = 0; d < p->dims; d++) {
        fine &= p->out[d] >= 1;
        smaller |= size[d] + 2 * p->pad[d] < p->kernel[d];
    }
    if (average && p->dims == 3 && smaller)
        return cer_raise(TORCH_RUNTIME_ERROR, p->op,
                         "input image (T: %lld H: %lld W: %lld) smaller than kernel size (kT: %lld kH: %lld kW: %lld)",
                         (long long)size[0], (long long)size[1], (long long)size[2], (long long)p->kernel[0],
                         (long long)p->kernel[1], (long long)p->kernel[2]);
    long long planes = (long long)x->shape[x->ndim - p->dims - 1];
    return fine || cer_raise(TORCH_RUNTIME_ERROR, p->op,
                             "Given input size: (%lldx%s). Calculated output size: (%lldx%s). Output size is too small",
                             planes, cer_each_text(p->dims, size, "x", have, sizeof have), planes,
                             cer_each_text(p->dims, p->out, "x", want, sizeof want));
}

static bool ranks_fit(const Pool *p, const Tensor *x, bool average)
{
    int dims = p->dims;
    int64_t dim;
    if (x->ndim != dims + 1 && x->ndim != dims + 2) {
        if (average && dims == 2 && x->ndim < 3) return cer_wrap_dim(p->op, -3, x->ndim, &dim) && false;
        return cer_raise(TORCH_RUNTIME_ERROR, p->op, "non-empty %dD or %dD (batch mode) tensor expected for input",
                         dims + 1, dims + 2);
    }
    return true;
}

/* Only the batch may be empty. */
static bool has_elements(const Pool *p, const Tensor *x)
{
    char text[128];
    int dims = p->dims, first = x->ndim == dims + 2;
    for (int d = first; d < x->ndim; d++) {
        if (x->shape[d]) continue;
        if (dims == 3)
            return cer_raise(
                TORCH_RUNTIME_ERROR, p->op,
                "%s(): Expected input's non-batch dimensions to have positive length, but input has a shape "
                "of %s and non-batch dimension 0 has length zero!", /* it prints the size, not which one */
                p->checker ? p->checker : p->op, cer_shape_text(x->ndim, x->shape, text, sizeof text));
        return cer_raise(TORCH_RUNTIME_ERROR, p->op,
                         "Expected %dD or %dD (batch mode) tensor with optional 0 dim batch size for input, but got:%s",
                         dims + 1, dims + 2, text_of(x, text, sizeof text));
    }
    return true;
}

static bool type_fits(const Pool *p, const Tensor *x)
{
    if (x->dtype == torch_float32 || x->dtype == torch_float64) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, p->op, "\"%s\" not implemented for '%s'", p->type_op,
                     cer_type_name(x->dtype));
}

static PoolAttrs attrs_of(const Pool *p, const Tensor *x)
{
    PoolAttrs a = {.dims = p->dims};
    cer_window(&a.window, p->dims, x->shape + x->ndim - p->dims, p->out, p->kernel, p->stride, p->pad, p->dilation);
    return a;
}

/* ---- public: max ------------------------------------------------------------------------------------------------- */

F_MaxPoolArgs F_MaxPoolArgs_defaults(void)
{
    return (F_MaxPoolArgs){.struct_size = sizeof(F_MaxPoolArgs), .stride = TORCH_NONE, .dilation = 1};
}

/* Of one dimension: that of two, of which the first is 1. */
static F_Each widened(int64_t one, const F_Each *each, int64_t unit)
{
    return (F_Each){2, {unit, each->n ? each->size[0] : one}};
}

static bool strides_of(Pool *p, int64_t one, const F_Each *each)
{
    if (each->n == 0 && one == TORCH_NONE) {
        memcpy(p->stride, p->kernel, sizeof p->stride);
        return true;
    }
    return sizes_of(p, "stride", one, each, p->stride);
}

static Tensor *max_pool(Pool *p, const cer_Op *record, Tensor *x, const F_MaxPoolArgs *a)
{
    Tensor *out[2] = {NULL, NULL};
    p->ceil_mode = a->ceil_mode;
    if (!x || !sizes_of(p, "kernel_size", a->kernel_size, &a->kernel_sizes, p->kernel) ||
        !strides_of(p, a->stride, &a->strides) || !sizes_of(p, "padding", a->padding, &a->paddings, p->pad) ||
        !sizes_of(p, "dilation", a->dilation, &a->dilations, p->dilation) || !ranks_fit(p, x, false) ||
        !output_sizes(p, x->shape + x->ndim - p->dims) || !has_elements(p, x) || !big_enough(p, x, false) ||
        !type_fits(p, x))
        return NULL;
    PoolAttrs attrs = attrs_of(p, x);
    torch_Scalar in[1] = {torch_scalar_tensor(x)};
    if (!cer_call_many(record, in, 1, &attrs, out)) return NULL;
    if (a->indices) *a->indices = out[1];
    return out[0];
}

static bool begin(const char *op, const Tensor *x, Tensor **indices)
{
    if (indices) *indices = NULL;
    return !cer_error_pending() && cer_usable(x, op, 1);
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
    if (!begin(op, x, a->indices)) return NULL;
    bool empty = false; /* but for the batch */
    for (int d = x->ndim == 3; d < x->ndim; d++) empty |= x->shape[d] == 0;
    if ((x->ndim != 2 && x->ndim != 3) || empty)
        return cer_raise(
                   TORCH_RUNTIME_ERROR, op,
                   "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but "
                   "got:%s",
                   text_of(x, text, sizeof text)),
               NULL;
    if (!a->indices && !(torch_requires_grad(x) && torch_is_grad_enabled()) && !alone_fits(a)) return NULL;
    F_MaxPoolArgs two = *a;
    two.kernel_sizes = widened(a->kernel_size, &a->kernel_sizes, 1);
    if (a->stride != TORCH_NONE || a->strides.n)
        two.strides = widened(a->stride, &a->strides, 1);
    else
        two.strides = two.kernel_sizes;
    two.paddings = widened(a->padding, &a->paddings, 0);
    two.dilations = widened(a->dilation, &a->dilations, 1);
    Pool p = {.op = op, .type_op = "max_pool1d_impl", .dims = 2};
    Tensor *out = max_pool(&p, &cer_op_max_pool2d_with_indices, torch_unsqueeze(x, -2), &two);
    if (!out) return NULL;
    if (a->indices) *a->indices = torch_squeeze_dim(*a->indices, -2);
    return torch_squeeze_dim(out, -2);
}

Tensor *F_max_pool2d_args(const F_MaxPoolArgs *a)
{
    Pool p = {.op = "max_pool2d", .type_op = "max_pool2d", .dims = 2};
    if (!begin(p.op, a->input, a->indices)) return NULL;
    return max_pool(&p, &cer_op_max_pool2d_with_indices, a->input, a);
}

Tensor *F_max_pool3d_args(const F_MaxPoolArgs *a)
{
    Pool p = {.op = "max_pool3d",
              .type_op = "max_pool3d_with_indices_cpu",
              .checker = "max_pool3d_with_indices_out_cpu_template",
              .dims = 3};
    if (!begin(p.op, a->input, a->indices)) return NULL;
    return max_pool(&p, &cer_op_max_pool3d_with_indices, a->input, a);
}

/* ---- public: average --------------------------------------------------------------------------------------------- */

F_AvgPoolArgs F_AvgPoolArgs_defaults(void)
{
    return (F_AvgPoolArgs){.struct_size = sizeof(F_AvgPoolArgs),
                           .stride = TORCH_NONE,
                           .count_include_pad = true,
                           .divisor_override = TORCH_NONE};
}

static Tensor *avg_pool(Pool *p, const cer_Op *record, Tensor *x, const F_AvgPoolArgs *a)
{
    p->ceil_mode = a->ceil_mode;
    for (int d = 0; d < 3; d++) p->dilation[d] = 1;
    if (!x || !sizes_of(p, "kernel_size", a->kernel_size, &a->kernel_sizes, p->kernel) ||
        !strides_of(p, a->stride, &a->strides) || !sizes_of(p, "padding", a->padding, &a->paddings, p->pad))
        return NULL;
    if (a->divisor_override == 0) return cer_raise(TORCH_RUNTIME_ERROR, p->op, "divisor must be not zero"), NULL;
    if (!ranks_fit(p, x, true) || !output_sizes(p, x->shape + x->ndim - p->dims) || !has_elements(p, x) ||
        !big_enough(p, x, true) || !type_fits(p, x))
        return NULL;
    PoolAttrs attrs = attrs_of(p, x);
    attrs.window.include_pad = a->count_include_pad;
    attrs.window.divisor = a->divisor_override == TORCH_NONE ? 0 : a->divisor_override;
    return cer_call1(record, x, &attrs);
}

static bool one_dimensional(const char *op, const Tensor *x)
{
    if (x->ndim == 2 || x->ndim == 3) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, op,
                     "Expected 2 to 3 dimensions, but got %d-dimensional tensor for argument #1 'self' (while checking "
                     "arguments for %s)",
                     (int)x->ndim, op);
}

Tensor *F_avg_pool1d_args(const F_AvgPoolArgs *a)
{
    Pool p = {.op = "avg_pool1d", .type_op = "avg_pool2d", .dims = 2};
    if (!begin(p.op, a->input, NULL) || !one_dimensional(p.op, a->input)) return NULL;
    F_AvgPoolArgs two = *a;
    two.kernel_sizes = widened(a->kernel_size, &a->kernel_sizes, 1);
    if (a->stride != TORCH_NONE || a->strides.n)
        two.strides = widened(a->stride, &a->strides, 1);
    else
        two.strides = two.kernel_sizes;
    two.paddings = widened(a->padding, &a->paddings, 0);
    Tensor *out = avg_pool(&p, &cer_op_avg_pool2d, torch_unsqueeze(a->input, -2), &two);
    return out ? torch_squeeze_dim(out, -2) : NULL;
}

Tensor *F_avg_pool2d_args(const F_AvgPoolArgs *a)
{
    Pool p = {.op = "avg_pool2d", .type_op = "avg_pool2d", .dims = 2};
    return begin(p.op, a->input, NULL) ? avg_pool(&p, &cer_op_avg_pool2d, a->input, a) : NULL;
}

Tensor *F_avg_pool3d_args(const F_AvgPoolArgs *a)
{
    Pool p = {.op = "avg_pool3d", .type_op = "avg_pool3d_out_frame", .dims = 3};
    return begin(p.op, a->input, NULL) ? avg_pool(&p, &cer_op_avg_pool3d, a->input, a) : NULL;
}

/* ---- public: adaptive -------------------------------------------------------------------------------------------- */

F_AdaptivePoolArgs F_AdaptivePoolArgs_defaults(void)
{
    return (F_AdaptivePoolArgs){.struct_size = sizeof(F_AdaptivePoolArgs)};
}

static bool adaptive_fits(Pool *p, const Tensor *x, bool average, const F_AdaptivePoolArgs *a)
{
    char text[128];
    int dims = p->dims;
    if (x->ndim != dims + 1 && x->ndim != dims + 2)
        return cer_raise(TORCH_RUNTIME_ERROR, p->op, "%s(): Expected %dD or %dD tensor, but got%s %s", p->op, dims + 1,
                         dims + 2, average ? "" : ":", text_of(x, text, sizeof text));
    for (int d = x->ndim - dims; d < x->ndim; d++)
        if (x->shape[d] == 0)
            return cer_raise(
                TORCH_RUNTIME_ERROR, p->op,
                "%s(): Expected input to have non-zero size for non-batch dimensions, but input has sizes %s "
                "with dimension %d being empty",
                p->op, text_of(x, text, sizeof text), d);
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
    return type_fits(p, x);
}

static Tensor *adaptive_avg(Pool *p, const cer_Op *record, Tensor *x, const F_AdaptivePoolArgs *a)
{
    const int64_t last[3] = {-1, -2, -3}, ones[3] = {1, 1, 1};
    if (!x || !adaptive_fits(p, x, true, a)) return NULL;
    if (cer_same_sizes(p->dims, p->out, ones)) return torch_mean(x, .dims = last, .n_dims = p->dims, .keepdim = true);
    PoolAttrs attrs = attrs_of(p, x);
    attrs.window.adaptive = true;
    return cer_call1(record, x, &attrs);
}

static Tensor *adaptive_max(Pool *p, const cer_Op *record, Tensor *x, const F_AdaptivePoolArgs *a)
{
    Tensor *out[2] = {NULL, NULL};
    if (!x || !adaptive_fits(p, x, false, a)) return NULL;
    PoolAttrs attrs = attrs_of(p, x);
    attrs.window.adaptive = true;
    torch_Scalar in[1] = {torch_scalar_tensor(x)};
    if (!cer_call_many(record, in, 1, &attrs, out)) return NULL;
    if (a->indices) *a->indices = out[1];
    return out[0];
}

Tensor *F_adaptive_avg_pool1d_args(const F_AdaptivePoolArgs *a)
{
    Pool p = {.op = "adaptive_avg_pool1d", .type_op = "adaptive_avg_pool2d", .dims = 2};
    if (!begin(p.op, a->input, NULL) || !one_dimensional(p.op, a->input)) return NULL;
    F_AdaptivePoolArgs two = *a;
    two.output_sizes = widened(a->output_size, &a->output_sizes, 1);
    Tensor *out = adaptive_avg(&p, &cer_op_adaptive_avg_pool2d, torch_unsqueeze(a->input, -2), &two);
    return out ? torch_squeeze_dim(out, -2) : NULL;
}

Tensor *F_adaptive_avg_pool2d_args(const F_AdaptivePoolArgs *a)
{
    Pool p = {.op = "adaptive_avg_pool2d", .type_op = "adaptive_avg_pool2d", .dims = 2};
    return begin(p.op, a->input, NULL) ? adaptive_avg(&p, &cer_op_adaptive_avg_pool2d, a->input, a) : NULL;
}

Tensor *F_adaptive_avg_pool3d_args(const F_AdaptivePoolArgs *a)
{
    Pool p = {.op = "adaptive_avg_pool3d", .type_op = "adaptive_avg_pool3d_cpu", .dims = 3};
    return begin(p.op, a->input, NULL) ? adaptive_avg(&p, &cer_op_adaptive_avg_pool3d, a->input, a) : NULL;
}

Tensor *F_adaptive_max_pool1d_args(const F_AdaptivePoolArgs *a)
{
    Pool p = {.op = "adaptive_max_pool1d", .type_op = "adaptive_max_pool2d", .dims = 2};
    if (!begin(p.op, a->input, a->indices) || !one_dimensional(p.op, a->input)) return NULL;
    F_AdaptivePoolArgs two = *a;
    two.output_sizes = widened(a->output_size, &a->output_sizes, 1);
    Tensor *out = adaptive_max(&p, &cer_op_adaptive_max_pool2d, torch_unsqueeze(a->input, -2), &two);
    if (!out) return NULL;
    if (a->indices) *a->indices = torch_squeeze_dim(*a->indices, -2);
    return torch_squeeze_dim(out, -2);
}

Tensor *F_adaptive_max_pool2d_args(const F_AdaptivePoolArgs *a)
{
    Pool p = {.op = "adaptive_max_pool2d", .type_op = "adaptive_max_pool2d", .dims = 2};
    return begin(p.op, a->input, a->indices) ? adaptive_max(&p, &cer_op_adaptive_max_pool2d, a->input, a) : NULL;
}

Tensor *F_adaptive_max_pool3d_args(const F_AdaptivePoolArgs *a)
{
    Pool p = {.op = "adaptive_max_pool3d", .type_op = "adaptive_max_pool3d_cpu", .dims = 3};
    return begin(p.op, a->input, a->indices) ? adaptive_max(&p, &cer_op_adaptive_max_pool3d, a->input, a) : NULL;
}
