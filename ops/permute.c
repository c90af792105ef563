/* permute and T. */
#include "core/impl.h"
#include "ops/ops_internal.h"

static bool permute_shape(cer_Call *c)
{
    const cer_SizeAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    cer_form(&c->form[0], t->dtype, t->ndim, t->shape);
    c->form[0].strided = true;
    for (int i = 0; i < t->ndim; i++) {
        c->form[0].shape[i] = t->shape[a->size[i]];
        c->form[0].stride[i] = t->stride[a->size[i]];
    }
    return true;
}

static void permute_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_SizeAttrs *a = cer_attrs(n);
    int64_t back[TORCH_MAX_DIM];
    for (int64_t i = 0; i < a->ndim; i++) back[a->size[i]] = i;
    in[0] = torch_permute_n(g[0], a->ndim, back);
}

const cer_Op cer_op_permute = {.name = "permute",
                               .grad_name = "PermuteBackward0",
                               .shape = permute_shape,
                               .vjp = permute_vjp,
                               .n_outputs = 1,
                               .flags = CER_VIEW,
                               .attrs_bytes = sizeof(cer_SizeAttrs)};

Tensor *torch_permute_n(Tensor *x, int64_t ndim, const int64_t *dims)
{
    cer_SizeAttrs a = {.ndim = ndim};
    uint32_t seen = 0;
    if (!cer_ready(x, "permute", 1)) return NULL;
    if (ndim != x->ndim)
        return cer_raise(TORCH_RUNTIME_ERROR, "permute",
                         "permute(sparse_coo): number of dimensions in the tensor input does not match the "
                         "length of the desired ordering of dimensions i.e. input.dim() = %d is not equal to len(dims) "
                         "= %lld",
                         x->ndim, (long long)ndim),
               NULL;
    for (int64_t i = 0; i < ndim; i++) {
        if (!cer_wrap_dim("permute", dims[i], x->ndim, &a.size[i])) return NULL;
        if (seen >> a.size[i] & 1)
            return cer_raise(TORCH_RUNTIME_ERROR, "permute", "permute(): duplicate dims are not allowed."), NULL;
        seen |= 1u << a.size[i];
    }
    return cer_call1(&cer_op_permute, x, &a);
}

Tensor *torch_T(Tensor *x)
{
    int64_t dims[TORCH_MAX_DIM];
    if (!cer_ready(x, "T", 1)) return NULL;
    if (x->ndim != 2 && x->ndim != 0)
        torch_warn("UserWarning",
                   "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it "
                   "will throw an error in a future release. Consider `x.mT` to transpose batches of matrices or "
                   "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.");
    for (int i = 0; i < x->ndim; i++) dims[i] = x->ndim - 1 - i;
    return torch_permute_n(x, x->ndim, dims);
}
