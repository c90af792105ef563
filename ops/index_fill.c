/* index_fill: one value written to the slices that the index names. */
#include "ops/slices.h"

static bool fill_shape(cer_Call *c)
{
    const cer_SliceAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *index = c->in[1].as.t, *value = cer_tensor(c->in[2]);
    int64_t wrong, size = cer_size_at(x, a->dim);
    if (!c->self) cer_form_like(&c->form[0], x->dtype, x, false);
    if (index->dtype != torch_int64)
        return cer_raise(TORCH_INDEX_ERROR, "index_fill", "index_fill_(): Expected dtype int64 for index.");
    if (index->ndim > 1) return cer_raise(TORCH_RUNTIME_ERROR, "index_fill", "Index has to be a vector/scalar");
    if (value && value->ndim)
        return cer_raise(TORCH_RUNTIME_ERROR, "index_fill",
                         "index_fill_ only supports a 0-dimensional value tensor, but got tensor with %d dimension(s).",
                         value->ndim);
    return cer_index_within(index, -size, size, &wrong) ||
           cer_raise(TORCH_INDEX_ERROR, "index_fill", "index %lld is out of bounds for dimension %lld with size %lld",
                     (long long)wrong, (long long)a->dim, (long long)size);
}

/* Indices from the end: each half is put on its own, so that no copy of them is needed. */
static bool fill_kernel(cer_Call *c)
{
    const cer_SliceAttrs *a = c->attrs;
    Tensor *index = c->in[1].as.t, *out = c->out[0];
    torch_Scalar value = c->in[2].kind == TORCH_KIND_TENSOR ? torch_item_scalar(c->in[2].as.t) : c->in[2];
    int64_t mark = cer_context()->pool.length, size = cer_size_at(out, a->dim), unused;
    cer_Moves m;
    if (!cer_index_within(index, 0, size, &unused)) {
        Tensor *forward = cer_empty(torch_int64, index->ndim, index->shape);
        if (!forward) return false;
        cer_copy_elements(forward, index, index->stride);
        int64_t *i = (int64_t *)(void *)forward->data;
        for (int64_t k = 0; k < forward->numel; k++) i[k] += i[k] < 0 ? size : 0;
        index = forward;
    }
    cer_start_from_self(c);
    cer_moves_slices(&m, out, a->dim, index, &value);
    cer_put(&m, K_PUT, NULL);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void fill_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_SliceAttrs *a = cer_attrs(n);
    Tensor *index = cer_saved_tensor(n, 1);
    if (cer_needs(n, 0)) in[0] = torch_index_fill(g[0], a->dim, index, 0);
    if (cer_n_inputs(n) > 2 && cer_needs(n, 2)) {
        torch_Size s = torch_shape(g[0]); /* each slice once, from 0: an index may repeat, or count from the end */
        int64_t size = s.ndim ? s.dim[a->dim] : 1;
        Tensor *slices = torch_nonzero(torch_index_fill(cer_zeros(torch_int64, 1, &size), 0, index, 1));
        in[2] = torch_sum(torch_index_select(g[0], a->dim, torch_squeeze_dim(slices, 1)));
    }
}

CER_SLICES(index_fill, "index_fill", "IndexFillBackward0", fill, CER_SAVE(1), 0)
CER_SLICES(index_fill_, "index_fill_", "IndexFillBackward0", fill, CER_SAVE(1), CER_INPLACE)
CER_SLICES(index_fill_tensor, "index_fill", "IndexFillBackward1", fill, CER_SAVE(1), 0)
CER_SLICES(index_fill__tensor, "index_fill_", "IndexFillBackward1", fill, CER_SAVE(1), CER_INPLACE)

static Tensor *index_fill(const cer_Op *op, Tensor *x, int64_t dim, Tensor *index, torch_Scalar value)
{
    cer_SliceAttrs a = {0};
    torch_Scalar in[3] = {torch_scalar_tensor(x), torch_scalar_tensor(index), value};
    if (!cer_slices_ready(op->name, x, dim, index, &a)) return NULL;
    if (value.kind == TORCH_KIND_NONE)
        return cer_raise(TORCH_TYPE_ERROR, op->name, "%s(): argument 'value' must be Number, not NoneType", op->name),
               NULL;
    return cer_call(op, in, 3, &a);
}

Tensor *torch_index_fill_Scalar(Tensor *x, int64_t dim, Tensor *index, torch_Scalar value)
{
    bool tensor = value.kind == TORCH_KIND_TENSOR;
    return index_fill(tensor ? &cer_op_index_fill_tensor : &cer_op_index_fill, x, dim, index, value);
}

Tensor *torch_index_fill__Scalar(Tensor *x, int64_t dim, Tensor *index, torch_Scalar value)
{
    bool tensor = value.kind == TORCH_KIND_TENSOR;
    return index_fill(tensor ? &cer_op_index_fill__tensor : &cer_op_index_fill_, x, dim, index, value);
}
