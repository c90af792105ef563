/* index_select, and what it has in common with the ops that write slices. */
#include "ops/slices.h"

bool cer_slices_ready(const char *op, const Tensor *x, int64_t dim, const Tensor *index, cer_SliceAttrs *a)
{
    return !cer_error_pending() && cer_usable(x, op, 1) && cer_usable(index, op, 3) &&
           cer_wrap_dim(op, dim, x->ndim, &a->dim);
}

bool cer_slices_in_range(const char *op, const Tensor *index, int64_t size)
{
    int64_t wrong;
    return cer_index_within(index, 0, size, &wrong) || cer_raise(TORCH_INDEX_ERROR, op, "index out of range in self");
}

void cer_output_like_self(cer_Call *c)
{
    const Tensor *x = c->in[0].as.t;
    if (!c->self) cer_form(&c->form[0], x->dtype, x->ndim, x->shape);
}

Tensor *cer_slices_taken(cer_Node *n, Tensor *g)
{
    const cer_SliceAttrs *a = cer_attrs(n);
    torch_Size s = cer_input_size(n, 2);
    return torch_reshape_n(torch_index_select(g, a->dim, cer_saved_tensor(n, 1)), s.ndim, s.dim);
}

static bool select_shape(cer_Call *c)
{
    const cer_SliceAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *index = c->in[1].as.t;
    if (!cer_slices_in_range("index_select", index, cer_size_at(x, a->dim))) return false;
    cer_form(&c->form[0], x->dtype, x->ndim, x->shape);
    if (x->ndim) c->form[0].shape[a->dim] = index->numel;
    return cer_form_checked(&c->form[0], "index_select", x->dtype, x->ndim, c->form[0].shape);
}

static bool select_kernel(cer_Call *c)
{
    const cer_SliceAttrs *a = c->attrs;
    torch_Scalar out = torch_scalar_tensor(c->out[0]);
    cer_Moves m;
    cer_moves_slices(&m, c->in[0].as.t, a->dim, c->in[1].as.t, &out);
    cer_pick(&m);
    return true;
}

static void select_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_SliceAttrs *a = cer_attrs(n);
    torch_Size s = cer_input_size(n, 0);
    in[0] = torch_index_add_(cer_zeros(torch_dtype_of(g[0]), s.ndim, s.dim), a->dim, cer_saved_tensor(n, 1), g[0]);
}

const cer_Op cer_op_index_select = {
    .name = "index_select",
    .grad_name = "IndexSelectBackward0",
    .schema = "index_select(Tensor self, int dim, Tensor index) -> Tensor",
    .shape = select_shape,
    .kernel = select_kernel,
    .vjp = select_vjp,
    .saves = {CER_SAVE(1)},
    .n_outputs = 1,
    .attrs_bytes = sizeof(cer_SliceAttrs),
};

Tensor *torch_index_select(Tensor *x, int64_t dim, Tensor *index)
{
    cer_SliceAttrs a = {0};
    if (!cer_slices_ready("index_select", x, dim, index, &a)) return NULL;
    if (index->ndim > 1)
        return cer_raise(TORCH_INDEX_ERROR, "index_select", "index_select(): Index is supposed to be a vector"), NULL;
    if (!cer_is_index(index))
        return cer_raise(TORCH_RUNTIME_ERROR, "index_select",
                         "index_select(): Expected dtype int32 or int64 for index"),
               NULL;
    return cer_call2(&cer_op_index_select, x, cer_as_long(index), &a);
}
