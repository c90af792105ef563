/* gather and what is made of it: take_along_dim. */
#include "ops/gather.h"

#include <string.h>

#include "ops/moves.h"

typedef struct GatherAttrs {
    int64_t dim;
} GatherAttrs;

static int64_t size_of(const Tensor *t, int64_t d) /* a 0-d tensor counts as one dimension of size 1 */
{
    return d < t->ndim ? t->shape[d] : 1;
}

static bool gather_checks(const Tensor *x, const Tensor *index, int64_t dim)
{
    char have[128], want[128];
    if (index->numel == 0) return true;
    if (index->dtype != torch_int64)
        return cer_raise(TORCH_RUNTIME_ERROR, "gather", "gather(): Expected dtype int64 for index");
    if ((x->ndim ? x->ndim : 1) != (index->ndim ? index->ndim : 1))
        return cer_raise(TORCH_RUNTIME_ERROR, "gather",
                         "Index tensor must have the same number of dimensions as input tensor");
    for (int64_t d = 0; d < index->ndim; d++)
        if (d != dim && index->shape[d] > size_of(x, d))
            return cer_raise(TORCH_RUNTIME_ERROR, "gather",
                             "Size does not match at dimension %lld expected index %s to be smaller than self %s apart "
                             "from dimension %lld",
                             (long long)d, cer_shape_text(index->ndim, index->shape, have, sizeof have),
                             cer_shape_text(x->ndim, x->shape, want, sizeof want), (long long)dim);
    return true;
}

static bool out_of_bounds(const Tensor *x, const Tensor *index, int64_t dim)
{
    int64_t wrong = 0;
    cer_index_within(index, 0, size_of(x, dim), &wrong);
    return cer_raise(TORCH_RUNTIME_ERROR, "gather", "index %lld is out of bounds for dimension %lld with size %lld",
                     (long long)wrong, (long long)dim, (long long)size_of(x, dim));
}

static bool gather_shape(cer_Call *c)
{
    const GatherAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *index = c->in[1].as.t;
    if (!gather_checks(x, index, a->dim)) return false;
    cer_form(&c->form[0], x->dtype, index->ndim, index->shape);
    return true;
}

static bool gather_kernel(cer_Call *c)
{
    const GatherAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *index = c->in[1].as.t;
    cer_Moves m;
    torch_Scalar out = torch_scalar_tensor(c->out[0]);
    if (c->out[0]->numel == 0) return true;
    cer_moves_along(&m, x, a->dim, index, &out);
    return cer_pick_checked(&m, size_of(x, a->dim)) || out_of_bounds(x, index, a->dim);
}

static void gather_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const GatherAttrs *a = cer_attrs(n);
    torch_Size s = cer_input_size(n, 0);
    in[0] = torch_scatter_add_(cer_zeros(torch_dtype_of(g[0]), s.ndim, s.dim), a->dim, cer_saved_tensor(n, 1), g[0]);
}

const cer_Op cer_op_gather = {
    .name = "gather",
    .grad_name = "GatherBackward0",
    .schema = "gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor",
    .shape = gather_shape,
    .kernel = gather_kernel,
    .vjp = gather_vjp,
    .saves = {CER_SAVE(1)},
    .n_outputs = 1,
    .attrs_bytes = sizeof(GatherAttrs),
};

Tensor *torch_gather(Tensor *x, int64_t dim, Tensor *index)
{
    GatherAttrs a;
    if (cer_error_pending() || !cer_usable(x, "gather", 1) || !cer_wrap_dim("gather", dim, x->ndim, &a.dim))
        return NULL;
    return cer_call2(&cer_op_gather, x, index, &a);
}

/* ---- take_along_dim ---------------------------------------------------------------------------------------------- */

static bool along_checks(const Tensor *x, const Tensor *index)
{
    if (index->dtype != torch_int64)
        return cer_raise(TORCH_RUNTIME_ERROR, "take_along_dim",
                         "torch.take_along_dim(): dtype of indices should be Long but got %s",
                         cer_type_name(index->dtype));
    return x->ndim == index->ndim ||
           cer_raise(TORCH_RUNTIME_ERROR, "take_along_dim",
                     "torch.take_along_dim(): input and indices should have the same number of dimensions, but got %d "
                     "dimensions for input, and %d dimensions for indices",
                     x->ndim, index->ndim);
}

Tensor *torch_take_along_dim(Tensor *x, Tensor *index, int64_t dim)
{
    int64_t ndim, shape[TORCH_MAX_DIM], large[TORCH_MAX_DIM], small[TORCH_MAX_DIM];
    if (cer_error_pending() || !cer_usable(x, "take_along_dim", 1) || !cer_usable(index, "take_along_dim", 2) ||
        !along_checks(x, index) || !cer_wrap_dim("take_along_dim", dim, x->ndim, &dim))
        return NULL;
    ndim = x->ndim;
    for (int64_t d = 0; d < ndim; d++) shape[d] = d == dim ? index->shape[d] : x->shape[d];
    if (!cer_broadcast("take_along_dim", &ndim, shape, ndim, index->shape)) return NULL;
    for (int64_t d = 0; d < ndim; d++) {
        large[d] = d == dim ? x->shape[d] : shape[d];
        small[d] = d == dim ? index->shape[d] : shape[d];
    }
    bool same = cer_same_sizes(ndim, large, x->shape) && cer_same_sizes(ndim, small, index->shape);
    return same ? torch_gather(x, dim, index)
                : torch_gather(torch_expand_n(x, ndim, large), dim, torch_expand_n(index, ndim, small));
}

Tensor *torch_take_along(Tensor *x, Tensor *index)
{
    if (cer_error_pending() || !cer_usable(x, "take_along_dim", 1) || !cer_usable(index, "take_along_dim", 2))
        return NULL;
    return torch_gather(torch_view(x, -1), 0, torch_view(index, -1));
}
