/* select_scatter, slice_scatter, diagonal_scatter, as_strided_scatter: a copy of x in which what the view shows is src. */
#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct PartAttrs {
    enum { SELECT, SLICE, DIAGONAL, STRIDED } kind;
    int64_t dim, start, end, step; /* a diagonal: offset, dim1, dim2 in dim, start, end. Strided: an offset in start */
    int64_t ndim, size[TORCH_MAX_DIM], stride[TORCH_MAX_DIM];
} PartAttrs;

static Tensor *part(const PartAttrs *a, Tensor *x)
{
    switch (a->kind) {
    case SELECT: return torch_select(x, a->dim, a->start);
    case SLICE: return torch_slice(x, a->dim, a->start, a->end, a->step);
    case DIAGONAL: return torch_diagonal(x, a->dim, a->start, a->end);
    default: return torch_as_strided_at_n(x, a->ndim, a->size, a->ndim, a->stride, a->start);
    }
}

static bool part_shape(cer_Call *c)
{
    const Tensor *x = c->in[0].as.t;
    cer_form_like(&c->form[0], x->dtype, x, ((const PartAttrs *)c->attrs)->kind == STRIDED);
    return true;
}

static bool part_kernel(cer_Call *c)
{
    const Tensor *x = c->in[0].as.t, *src = c->in[1].as.t;
    int64_t mark = cer_context()->pool.length;
    bool before = torch_set_grad_enabled(false);
    cer_copy_elements(c->out[0], x, x->stride);
    Tensor *to = part(c->attrs, c->out[0]);
    torch_set_grad_enabled(before);
    if (to) cer_copy_elements(to, src, src->stride);
    cer_pool_unwind(cer_context(), mark);
    return to != NULL;
}

static Tensor *scattered(Tensor *x, Tensor *src, const PartAttrs *a);

static void part_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const PartAttrs *a = cer_attrs(n);
    Tensor *whole = a->kind == STRIDED ? torch_contiguous(g[0]) : g[0], *shown = part(a, whole);
    if (cer_needs(n, 0)) in[0] = scattered(whole, shown ? torch_zeros_like(torch_detach(shown)) : NULL, a);
    if (cer_needs(n, 1)) in[1] = shown;
}

#define SCATTER(id, grad)                              \
    const cer_Op cer_op_##id = {.name = #id,           \
                                .grad_name = grad,     \
                                .shape = part_shape,   \
                                .kernel = part_kernel, \
                                .vjp = part_vjp,       \
                                .n_outputs = 1,        \
                                .attrs_bytes = sizeof(PartAttrs)};
SCATTER(select_scatter, "SelectScatterBackward0")
SCATTER(slice_scatter, "SliceScatterBackward0")
SCATTER(diagonal_scatter, "DiagonalScatterBackward0")
SCATTER(as_strided_scatter, "AsStridedScatterBackward0")

static Tensor *scattered(Tensor *x, Tensor *src, const PartAttrs *a)
{
    static const cer_Op *const ops[] = {&cer_op_select_scatter, &cer_op_slice_scatter, &cer_op_diagonal_scatter,
                                        &cer_op_as_strided_scatter};
    const cer_Op *op = ops[a->kind];
    char have[128], want[128];
    if (cer_error_pending() || !cer_usable(x, op->name, 1) || !cer_usable(src, op->name, 2)) return NULL;
    Tensor *shown = part(a, a->kind == STRIDED ? torch_contiguous(torch_detach(x)) : torch_detach(x));
    if (!shown) return NULL;
    if (!cer_same_shape(shown, src))
        return cer_raise(TORCH_RUNTIME_ERROR, op->name,
                         "expected src to have a size equal to the slice of self. src size = %s, slice size = %s",
                         cer_shape_text(src->ndim, src->shape, have, sizeof have),
                         cer_shape_text(shown->ndim, shown->shape, want, sizeof want)),
               NULL;
    return cer_call2(op, x, src, a);
}

Tensor *torch_select_scatter(Tensor *x, Tensor *src, int64_t dim, int64_t index)
{
    return scattered(x, src, &(PartAttrs){.kind = SELECT, .dim = dim, .start = index});
}

torch_SliceScatterArgs torch_SliceScatterArgs_defaults(void)
{
    return (torch_SliceScatterArgs){
        .struct_size = sizeof(torch_SliceScatterArgs), .start = TORCH_NONE, .end = TORCH_NONE, .step = 1};
}

Tensor *torch_slice_scatter_args(const torch_SliceScatterArgs *args)
{
    return scattered(
        args->self, args->src,
        &(PartAttrs){.kind = SLICE, .dim = args->dim, .start = args->start, .end = args->end, .step = args->step});
}

Tensor *torch_diagonal_scatter(Tensor *x, Tensor *src, int64_t offset, int64_t dim1, int64_t dim2)
{
    return scattered(x, src, &(PartAttrs){.kind = DIAGONAL, .dim = offset, .start = dim1, .end = dim2});
}

Tensor *torch_as_strided_scatter_n(Tensor *x, Tensor *src, int64_t ndim, const int64_t *size, int64_t n_stride,
                                   const int64_t *stride, int64_t offset)
{
    PartAttrs a = {.kind = STRIDED, .start = offset, .ndim = ndim};
    if (cer_error_pending()) return NULL;
    if (ndim < 0 || ndim > TORCH_MAX_DIM || n_stride != ndim)
        return cer_raise(TORCH_RUNTIME_ERROR, "as_strided_scatter",
                         "mismatch in length of strides and shape: %lld and %lld", (long long)n_stride,
                         (long long)ndim),
               NULL;
    for (int64_t d = 0; d < ndim; d++) a.size[d] = size[d], a.stride[d] = stride[d];
    return scattered(x, src, &a);
}
