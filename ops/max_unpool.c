/* max_unpool: every element to the place of its maximum, zeros elsewhere. */
#include <string.h>

#include "ops/pooling.h"

typedef struct UnpoolAttrs {
    int dims;
    int64_t out[3]; /* the last dims of them */
} UnpoolAttrs;

static int64_t plane_of(const UnpoolAttrs *a)
{
    int64_t n = 1;
    for (int d = 0; d < a->dims; d++) n *= a->out[d];
    return n;
}

static bool unpool_shape(cer_Call *c)
{
    const UnpoolAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t;
    int64_t shape[TORCH_MAX_DIM];
    memcpy(shape, x->shape, sizeof shape);
    for (int d = 0; d < a->dims; d++) shape[x->ndim - a->dims + d] = a->out[d];
    return cer_form_checked(&c->form[0], c->op->name, x->dtype, x->ndim, shape);
}

static bool unpick_shape(cer_Call *c) /* the size of the indices */
{
    const Tensor *index = c->in[1].as.t;
    cer_form(&c->form[0], c->in[0].as.t->dtype, index->ndim, index->shape);
    return true;
}

static bool indices_fit(const cer_Call *c, const Tensor *index)
{
    const UnpoolAttrs *a = c->attrs;
    const int64_t *at = (const int64_t *)(const void *)index->data;
    char text[96];
    for (int64_t i = 0; i < index->numel; i++)
        if (at[i] < 0 || at[i] >= plane_of(a)) {
            const int64_t turned[2] = {a->out[1], a->out[0]}; /* PyTorch tells width, then height */
            return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                             "Found an invalid max index: %lld (output volumes are of size %s", (long long)at[i],
                             cer_each_text(a->dims, a->dims == 2 ? turned : a->out, "x", text, sizeof text));
        }
    return true;
}

static bool move(cer_Call *c, int how)
{
    int64_t mark = cer_context()->pool.length, small = 1;
    const Tensor *index = cer_plain(c->in[1].as.t, torch_int64);
    if (!index || !indices_fit(c, index)) return false;
    for (int d = 0; d < ((const UnpoolAttrs *)c->attrs)->dims; d++) small *= index->shape[index->ndim - 1 - d];
    bool fine = cer_pool_move(c, index, small, plane_of(c->attrs), how);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static bool unpool_kernel(cer_Call *c)
{
    return move(c, CER_PUT);
}

static bool unpick_kernel(cer_Call *c)
{
    return move(c, CER_PICK);
}

static void unpool_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = cer_call2(&cer_op_max_unpool_pick, g[0], cer_saved_tensor(n, 1), cer_attrs(n));
}

static void unpick_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const UnpoolAttrs *a = cer_attrs(n);
    in[0] = cer_call2(a->dims == 2 ? &cer_op_max_unpool2d : &cer_op_max_unpool3d, g[0], cer_saved_tensor(n, 1), a);
}

#define UNPOOL(id, grad, which)                           \
    const cer_Op cer_op_##id = {.name = #id,              \
                                .grad_name = grad,        \
                                .shape = which##_shape,   \
                                .kernel = which##_kernel, \
                                .vjp = which##_vjp,       \
                                .saves = {CER_SAVE(1)},   \
                                .n_outputs = 1,           \
                                .attrs_bytes = sizeof(UnpoolAttrs)};
UNPOOL(max_unpool2d, "MaxUnpool2DBackward0", unpool)
UNPOOL(max_unpool3d, "MaxUnpool3DBackward0", unpool)
UNPOOL(max_unpool_pick, "GatherBackward0", unpick)

F_MaxUnpoolArgs F_MaxUnpoolArgs_defaults(void)
{
    return (F_MaxUnpoolArgs){.struct_size = sizeof(F_MaxUnpoolArgs), .stride = TORCH_NONE};
}

/* output_size, or what the pool's options say */
static bool sizes_of(const char *op, int dims, const F_MaxUnpoolArgs *a, int64_t *out)
{
    int64_t kernel[3], stride[3], pad[3];
    char text[96];
    if (!cer_each(op, "kernel_size", a->kernel_size, &a->kernel_sizes, dims, kernel) ||
        !cer_each(op, "padding", a->padding, &a->paddings, dims, pad))
        return false;
    memcpy(stride, kernel, sizeof stride);
    if ((a->stride != TORCH_NONE || a->strides.n) && !cer_each(op, "stride", a->stride, &a->strides, dims, stride))
        return false;
    if (a->output_size.n && a->output_size.n != dims)
        return cer_raise(TORCH_VALUE_ERROR, op,
                         "output_size should be a sequence containing %d or %d elements, but it has a length of '%lld'",
                         dims, dims + 2, (long long)a->output_size.n);
    for (int d = 0; d < dims; d++) {
        int64_t size = a->input->shape[a->input->ndim - dims + d];
        if (__builtin_mul_overflow(size - 1, stride[d], &out[d]) || out[d] > INT64_MAX / 4 || out[d] < INT64_MIN / 4)
            return cer_raise(TORCH_RUNTIME_ERROR, op, "Storage size calculation overflowed");
        out[d] += kernel[d] - 2 * pad[d];
        if (!a->output_size.n) continue;
        int64_t least = out[d] - stride[d], most = out[d] + stride[d];
        if (a->output_size.size[d] <= least || a->output_size.size[d] >= most)
            return cer_raise(TORCH_VALUE_ERROR, op,
                             "invalid output_size \"(%s%s)\" (dim %d must be between %lld and %lld)",
                             cer_each_text(dims, a->output_size.size, ", ", text, sizeof text), dims == 1 ? "," : "", d,
                             (long long)least, (long long)most);
        out[d] = a->output_size.size[d];
    }
    return true;
}

static bool unpool_fits(const char *op, int dims, const Tensor *x, const Tensor *index)
{
    char a[128], b[128];
    if (x->ndim != dims + 1 && x->ndim != dims + 2)
        return cer_raise(
            TORCH_RUNTIME_ERROR, op,
            "Input to max_unpooling%dd should be a %dd or %dd Tensor, but got a tensor with %d dimensions.", dims,
            dims + 1, dims + 2, (int)x->ndim);
    if (index->dtype != torch_int64)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "elements in indices should be type int64 but got: %s",
                         cer_type_name(index->dtype));
    if (!cer_same_shape(x, index))
        return cer_raise(
            TORCH_RUNTIME_ERROR, op,
            "Expected shape of indices to be same as that of the input tensor (%s) but got indices tensor with "
            "shape: %s",
            cer_shape_text(x->ndim, x->shape, a, sizeof a), cer_shape_text(index->ndim, index->shape, b, sizeof b));
    if (x->dtype != torch_float32 && x->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "\"%s\" not implemented for '%s'", op, cer_type_name(x->dtype));
    return true;
}

static Tensor *unpool(const char *op, int dims, const F_MaxUnpoolArgs *a)
{
    UnpoolAttrs attrs = {.dims = dims};
    if (cer_error_pending() || !cer_usable(a->input, op, 1) || !cer_usable(a->indices, op, 2) ||
        !unpool_fits(op, dims, a->input, a->indices) || !sizes_of(op, dims, a, attrs.out))
        return NULL;
    return cer_call2(dims == 2 ? &cer_op_max_unpool2d : &cer_op_max_unpool3d, a->input, a->indices, &attrs);
}

Tensor *F_max_unpool1d_args(const F_MaxUnpoolArgs *a)
{
    const char *op = "max_unpool1d";
    if (cer_error_pending() || !cer_usable(a->input, op, 1) || !cer_usable(a->indices, op, 2)) return NULL;
    F_MaxUnpoolArgs two = *a;
    two.input = torch_unsqueeze(a->input, -1);
    two.indices = torch_unsqueeze(a->indices, -1);
    two.kernel_sizes = cer_widened(a->kernel_size, &a->kernel_sizes, 1, false);
    two.strides =
        a->stride != TORCH_NONE || a->strides.n ? cer_widened(a->stride, &a->strides, 1, false) : two.kernel_sizes;
    two.paddings = cer_widened(a->padding, &a->paddings, 0, false);
    if (a->output_size.n) two.output_size = cer_widened(0, &a->output_size, 1, false);
    Tensor *out = unpool("max_unpool2d", 2, &two);
    return out ? torch_squeeze_dim(out, -1) : NULL;
}

Tensor *F_max_unpool2d_args(const F_MaxUnpoolArgs *a)
{
    return unpool("max_unpool2d", 2, a);
}

Tensor *F_max_unpool3d_args(const F_MaxUnpoolArgs *a)
{
    return unpool("max_unpool3d", 3, a);
}
