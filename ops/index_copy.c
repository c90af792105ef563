/* index_copy: slices of the source written where the index says. */
#include <stdio.h>
#include <string.h>

#include "ops/slices.h"

static bool copy_sizes(const Tensor *x, const Tensor *index, const Tensor *source, int64_t dim)
{
    char to[128] = "", from[128] = "";
    int64_t slice[TORCH_MAX_DIM], other[TORCH_MAX_DIM], n = 0, m = 0;
    for (int64_t d = 0; d < x->ndim; d++)
        if (d != dim) slice[n++] = x->shape[d];
    for (int64_t d = 0; d < source->ndim; d++)
        if (d != dim) other[m++] = source->shape[d];
    if (n != m || !cer_same_sizes(n, slice, other)) {
        size_t at = 0, end = 0;
        for (int64_t d = 0; d < n; d++)
            at += (size_t)snprintf(to + at, sizeof to - at, d ? " %lld" : "%lld", (long long)slice[d]);
        for (int64_t d = 0; d < m; d++)
            end += (size_t)snprintf(from + end, sizeof from - end, d ? " %lld" : "%lld", (long long)other[d]);
        return cer_raise(TORCH_RUNTIME_ERROR, "index_copy",
                         "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice "
                         "shape: %s at dimension %lld and source slice shape: %s at dimension 0.",
                         to, (long long)dim, from);
    }
    return source->ndim == 0 || index->numel == cer_size_at(source, dim) ||
           cer_raise(TORCH_INDEX_ERROR, "index_copy",
                     "index_copy_(): Number of indices (%lld) should be equal to source.size(dim) (%lld)",
                     (long long)index->numel, (long long)cer_size_at(source, dim));
}

static bool copy_shape(cer_Call *c)
{
    const cer_SliceAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *index = c->in[1].as.t, *source = c->in[2].as.t;
    int64_t wrong;
    cer_output_like_self(c);
    if (index->ndim > 1)
        return cer_raise(TORCH_INDEX_ERROR, "index_copy", "index_copy_(): Index should have dimension 1 or 0 (got %d)",
                         index->ndim);
    if (source->ndim == 0 && index->numel != 1)
        return cer_raise(TORCH_INDEX_ERROR, "index_copy",
                         "index_copy_(): When source is scalar, index should have one element (got %lld)",
                         (long long)index->numel);
    if (source->ndim != x->ndim && source->ndim != 0 && x->ndim != 0)
        return cer_raise(TORCH_INDEX_ERROR, "index_copy",
                         "index_copy_(): When source and destination are not scalars, their dimensionality must match. "
                         "Source dimensionality (%d), destination dimensionality (%d)",
                         source->ndim, x->ndim);
    if (index->dtype != torch_int64)
        return cer_raise(TORCH_RUNTIME_ERROR, "index_copy",
                         "index_copy_(): Expected a long tensor for index, but got %s", cer_type_name(index->dtype));
    if (x->dtype != source->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "index_copy",
                         "index_copy_(): self and source expected to have the same dtype, but got (self) %s and "
                         "(source) %s",
                         cer_type_name(x->dtype), cer_type_name(source->dtype));
    if (!copy_sizes(x, index, source, a->dim)) return false;
    return cer_index_within(index, 0, cer_size_at(x, a->dim), &wrong) ||
           cer_raise(TORCH_INDEX_ERROR, "index_copy",
                     "index_copy_(): index %lld is out of bounds for dimension %lld with size %lld", (long long)wrong,
                     (long long)a->dim, (long long)cer_size_at(x, a->dim));
}

static bool copy_kernel(cer_Call *c)
{
    const cer_SliceAttrs *a = c->attrs;
    cer_Moves m;
    cer_start_from_self(c);
    cer_moves_slices(&m, c->out[0], a->dim, c->in[1].as.t, &c->in[2]);
    cer_put(&m, K_PUT, NULL);
    return true;
}

static void copy_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_SliceAttrs *a = cer_attrs(n);
    if (cer_needs(n, 0)) in[0] = torch_index_fill(g[0], a->dim, cer_saved_tensor(n, 1), 0);
    if (cer_needs(n, 2)) in[2] = cer_slices_taken(n, g[0]);
}

CER_SLICES(index_copy, "index_copy", "IndexCopyBackward0", copy, CER_SAVE(1), 0)
CER_SLICES(index_copy_, "index_copy_", "IndexCopyBackward0", copy, CER_SAVE(1), CER_INPLACE)

Tensor *torch_index_copy(Tensor *x, int64_t dim, Tensor *index, Tensor *source)
{
    cer_SliceAttrs a = {0};
    return cer_slices_ready("index_copy", x, dim, index, &a) ? cer_call3(&cer_op_index_copy, x, index, source, &a)
                                                             : NULL;
}

Tensor *torch_index_copy_(Tensor *x, int64_t dim, Tensor *index, Tensor *source)
{
    cer_SliceAttrs a = {0};
    return cer_slices_ready("index_copy_", x, dim, index, &a) ? cer_call3(&cer_op_index_copy_, x, index, source, &a)
                                                              : NULL;
}
