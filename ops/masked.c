/* masked_select and masked_scatter: elements under a mask, in row order. */
#include <string.h>

#include "ops/gather.h"
#include "ops/moves.h"

static bool is_mask(const Tensor *t)
{
    return t->dtype == torch_bool || t->dtype == torch_uint8;
}

static bool count_true(const char *op, Tensor *mask, int64_t *count) /* of the mask as it is */
{
    int64_t mark = cer_context()->pool.length;
    Tensor *rows = cer_in_rows(mask, mask->ndim, mask->shape);
    if (!rows) return false;
    *count = cer_kernels()->mask_count(rows->numel, rows->data);
    bool fine = true;
    for (int64_t i = 0; mask->dtype == torch_uint8 && i < rows->numel; i++) fine &= ((uint8_t *)rows->data)[i] <= 1;
    cer_pool_unwind(cer_context(), mark);
    return fine || cer_raise(TORCH_RUNTIME_ERROR, op, "Mask tensor can take 0 and 1 values only");
}

/* The shape that x and the mask have together. */
static bool common(const char *op, const Tensor *x, const Tensor *mask, torch_Size *s)
{
    *s = torch_shape(mask);
    return cer_broadcast(op, &s->ndim, s->dim, x->ndim, x->shape);
}

static int64_t numel_of(const torch_Size *s)
{
    int64_t n = 1;
    for (int64_t d = 0; d < s->ndim; d++) n *= s->dim[d];
    return n;
}

/* ---- masked_select ----------------------------------------------------------------------------------------------- */

static bool select_shape(cer_Call *c)
{
    Tensor *x = c->in[0].as.t, *mask = c->in[1].as.t;
    torch_Size s;
    int64_t count;
    if (!is_mask(mask))
        return cer_raise(TORCH_RUNTIME_ERROR, "masked_select",
                         "masked_select: expected BoolTensor or ByteTensor for mask");
    if (!common("masked_select", x, mask, &s) || !count_true("masked_select", mask, &count)) return false;
    if (mask->numel) count *= numel_of(&s) / mask->numel; /* a broadcast mask shows each of its elements so often */
    cer_form(&c->form[0], x->dtype, 1, &count);
    return true;
}

static bool select_kernel(cer_Call *c)
{
    Tensor *out = c->out[0];
    int64_t mark = cer_context()->pool.length;
    torch_Size s;
    if (!common("masked_select", c->in[0].as.t, c->in[1].as.t, &s)) return false;
    Tensor *x = cer_in_rows(c->in[0].as.t, s.ndim, s.dim), *mask = cer_in_rows(c->in[1].as.t, s.ndim, s.dim);
    if (!x || !mask) return false;
    cer_kernels()->compress[x->dtype](x->numel, out->data, x->data, mask->data, out->numel);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void select_vjp(cer_Node *n, Tensor *const *g, Tensor **in) /* the engine sums over what was broadcast */
{
    Tensor *mask = cer_saved_tensor(n, 1);
    torch_Size s = cer_input_size(n, 0);
    if (!mask || !cer_broadcast("masked_select", &s.ndim, s.dim, mask->ndim, mask->shape)) return;
    in[0] = torch_masked_scatter_(cer_zeros(torch_dtype_of(g[0]), s.ndim, s.dim), mask, g[0]);
}

const cer_Op cer_op_masked_select = {
    .name = "masked_select",
    .grad_name = "MaskedSelectBackward0",
    .schema = "masked_select(Tensor self, Tensor mask) -> Tensor",
    .shape = select_shape,
    .kernel = select_kernel,
    .vjp = select_vjp,
    .saves = {CER_SAVE(1)},
    .n_outputs = 1,
};

Tensor *torch_masked_select(Tensor *x, Tensor *mask)
{
    return cer_call2(&cer_op_masked_select, x, mask, NULL);
}

/* ---- masked_scatter ---------------------------------------------------------------------------------------------- */

static bool scatter_shape(cer_Call *c)
{
    Tensor *x = c->in[0].as.t, *mask = c->in[1].as.t, *source = c->in[2].as.t;
    torch_Size s;
    int64_t count;
    if (!common("masked_scatter", x, mask, &s)) return false;
    if (c->self && (s.ndim != x->ndim || !cer_same_sizes(s.ndim, s.dim, x->shape)))
        return cer_raise(TORCH_RUNTIME_ERROR, "masked_scatter_",
                         "masked_scatter_: the mask does not broadcast to self");
    if (x->dtype != source->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "masked_scatter",
                         "masked_scatter: expected self and source to have same dtypes but got%s and %s",
                         cer_type_name(x->dtype), cer_type_name(source->dtype));
    if (!is_mask(mask))
        return cer_raise(TORCH_RUNTIME_ERROR, "masked_scatter",
                         "masked_scatter: expected BoolTensor or ByteTensor for mask");
    if (!count_true("masked_scatter", mask, &count)) return false;
    if (mask->numel) count *= numel_of(&s) / mask->numel;
    if (count > source->numel)
        return cer_raise(TORCH_RUNTIME_ERROR, "masked_scatter",
                         "Number of elements of source < number of ones in mask");
    if (!c->self) cer_form(&c->form[0], x->dtype, s.ndim, s.dim);
    return true;
}

static bool scatter_kernel(cer_Call *c)
{
    Tensor *out = c->out[0], *x = c->in[0].as.t;
    int64_t mark = cer_context()->pool.length, stride[TORCH_MAX_DIM];
    Tensor *mask = cer_in_rows(c->in[1].as.t, out->ndim, out->shape);
    Tensor *source = cer_in_rows(c->in[2].as.t, c->in[2].as.t->ndim, c->in[2].as.t->shape);
    Tensor *rows = c->self ? cer_in_rows(out, out->ndim, out->shape) : out;
    if (!mask || !source || !rows) return false;
    if (!c->self) {
        cer_expand_strides(x, out->ndim, out->shape, stride);
        cer_copy_elements(out, x, stride);
    }
    cer_kernels()->spread[out->dtype](out->numel, rows->data, source->data, mask->data, source->numel);
    if (rows != out) cer_copy_elements(out, rows, rows->stride);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void scatter_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    Tensor *mask = cer_saved_tensor(n, 1);
    if (!mask) return;
    if (cer_needs(n, 0)) in[0] = cer_where(torch_scalar_tensor(mask), torch_scalar_int(0), torch_scalar_tensor(g[0]));
    if (!cer_needs(n, 2)) return;
    torch_Size s = cer_input_size(n, 2), g_size = torch_shape(g[0]);
    Tensor *used = torch_masked_select(g[0], torch_expand_n(mask, g_size.ndim, g_size.dim));
    int64_t numel = numel_of(&s), left = used ? numel - used->numel : 0;
    if (left > 0) used = torch_cat(torch_tensors(used, cer_zeros(torch_dtype_of(used), 1, &left)), 0);
    in[2] = torch_reshape_n(used, s.ndim, s.dim);
}

#define SCATTER(id, text, flags_)                                       \
    const cer_Op cer_op_##id = {.name = text,                           \
                                .grad_name = "MaskedScatterBackward0",  \
                                .shape = scatter_shape,                 \
                                .kernel = scatter_kernel,               \
                                .vjp = scatter_vjp,                     \
                                .saves = {CER_SAVE(1), 0, CER_SAVE(1)}, \
                                .n_outputs = 1,                         \
                                .flags = flags_};
SCATTER(masked_scatter, "masked_scatter", 0)
SCATTER(masked_scatter_, "masked_scatter_", CER_INPLACE)

Tensor *torch_masked_scatter(Tensor *x, Tensor *mask, Tensor *source)
{
    return cer_call3(&cer_op_masked_scatter, x, mask, source, NULL);
}

Tensor *torch_masked_scatter_(Tensor *x, Tensor *mask, Tensor *source)
{
    return cer_call3(&cer_op_masked_scatter_, x, mask, source, NULL);
}
