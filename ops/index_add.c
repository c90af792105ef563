/* index_add: slices of the source, times alpha, added where the index says. */
#include <string.h>

#include "ops/slices.h"

static bool add_shape(cer_Call *c)
{
    const cer_SliceAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *index = c->in[1].as.t, *source = c->in[2].as.t;
    cer_output_like_self(c);
    if (x->dtype != source->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "index_add",
                         "index_add_(): self (%s) and source (%s) must have the same scalar type",
                         cer_type_name(x->dtype), cer_type_name(source->dtype));
    if (source->ndim == 0 && index->numel != 1)
        return cer_raise(TORCH_INDEX_ERROR, "index_add", "Dimension specified as 0 but tensor has no dimensions");
    if (index->numel != cer_size_at(source, a->dim))
        return cer_raise(TORCH_RUNTIME_ERROR, "index_add",
                         "index_add_(): Number of indices (%lld) should be equal to source.size(dim): (%lld), for dim: "
                         "%lld",
                         (long long)index->numel, (long long)cer_size_at(source, a->dim), (long long)a->dim);
    if (x->ndim > 1 && source->ndim == 0)
        return cer_raise(TORCH_INDEX_ERROR, "index_add", "select() cannot be applied to a 0-dim tensor.");
    int64_t slice[TORCH_MAX_DIM], other[TORCH_MAX_DIM], n = 0, m = 0;
    for (int64_t d = 0; d < x->ndim; d++)
        if (d != a->dim) slice[n++] = x->shape[d];
    for (int64_t d = 0; d < source->ndim; d++)
        if (d != a->dim) other[m++] = source->shape[d];
    int64_t whole[TORCH_MAX_DIM], ndim = n;
    memcpy(whole, slice, sizeof whole);
    if (!cer_broadcast("index_add", &ndim, whole, m, other)) return false;
    if (ndim != n || !cer_same_sizes(n, whole, slice) || n != m || !cer_same_sizes(n, slice, other))
        return cer_raise(TORCH_RUNTIME_ERROR, "index_add", "index_add_(): source must have the shape of the slices");
    return cer_slices_in_range("index_add", index, cer_size_at(x, a->dim));
}

/* PyTorch adds slices with one fused step and single elements with two; so do we. */
static bool add_kernel(cer_Call *c)
{
    const cer_SliceAttrs *a = c->attrs;
    Tensor *out = c->out[0];
    bool one = a->alpha.kind != TORCH_KIND_DOUBLE ? a->alpha.as.i == 1 : a->alpha.as.d == 1;
    char factor[8];
    int64_t mark = cer_context()->pool.length;
    torch_Scalar source = c->in[2];
    cer_Moves m;
    if (!one && (out->ndim < 2 || !cer_kernels()->put[K_PUT_SCALED][out->dtype])) {
        bool before = torch_set_grad_enabled(false);
        source = torch_scalar_tensor(cer_to(torch_mul_Scalar(source, a->alpha), out->dtype));
        torch_set_grad_enabled(before);
        if (!source.as.t) return false;
        one = true;
    }
    cer_start_from_self(c);
    cer_scalar_as(a->alpha, out->dtype, factor);
    cer_moves_slices(&m, out, a->dim, c->in[1].as.t, &source);
    cer_put(&m, one ? K_PUT_ADD : K_PUT_SCALED, one ? NULL : factor);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void add_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_SliceAttrs *a = cer_attrs(n);
    bool one = a->alpha.kind != TORCH_KIND_DOUBLE && a->alpha.as.i == 1;
    in[0] = g[0];
    if (!cer_needs(n, 2)) return;
    in[2] = cer_slices_taken(n, g[0]);
    if (!one) in[2] = torch_mul_Scalar(torch_scalar_tensor(in[2]), a->alpha);
}

CER_SLICES(index_add, "index_add", "IndexAddBackward0", add, 0, 0)
CER_SLICES(index_add_, "index_add_", "IndexAddBackward0", add, 0, CER_INPLACE)

static Tensor *index_add(const cer_Op *op, Tensor *x, int64_t dim, Tensor *index, Tensor *source, torch_Scalar alpha)
{
    cer_SliceAttrs a = {.alpha = alpha};
    char text[128];
    if (!cer_slices_ready(op->name, x, dim, index, &a)) return NULL;
    if (index->ndim > 1)
        return cer_raise(TORCH_INDEX_ERROR, op->name,
                         "index_add_(): Index is supposed to be a vector, but got dim: %d with type: %s and size: %s",
                         index->ndim, cer_type_name(index->dtype),
                         cer_shape_text(index->ndim, index->shape, text, sizeof text)),
               NULL;
    if (!cer_is_index(index))
        return cer_raise(TORCH_RUNTIME_ERROR, op->name,
                         "index_add_(): Expected dtype int32/int64 for index but got: %s", cer_type_name(index->dtype)),
               NULL;
    if (alpha.kind == TORCH_KIND_DOUBLE && !torch_dtype_is_floating_point(x->dtype)) /* PyTorch cuts it off */
        cer_convert(&a.alpha.as.i, torch_int64, &alpha.as.d, torch_float64, 1), a.alpha.kind = TORCH_KIND_INT;
    return cer_call3(op, x, cer_as_long(index), source, &a);
}

Tensor *torch_index_add(Tensor *x, int64_t dim, Tensor *index, Tensor *source)
{
    return index_add(&cer_op_index_add, x, dim, index, source, torch_scalar_int(1));
}

Tensor *torch_index_add_(Tensor *x, int64_t dim, Tensor *index, Tensor *source)
{
    return index_add(&cer_op_index_add_, x, dim, index, source, torch_scalar_int(1));
}

Tensor *torch_index_add_alpha_Scalar(Tensor *x, int64_t dim, Tensor *index, Tensor *source, torch_Scalar alpha)
{
    return index_add(&cer_op_index_add, x, dim, index, source, alpha);
}

Tensor *torch_index_add_alpha__Scalar(Tensor *x, int64_t dim, Tensor *index, Tensor *source, torch_Scalar alpha)
{
    return index_add(&cer_op_index_add_, x, dim, index, source, alpha);
}
