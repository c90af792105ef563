/* norm_except_dim and _weight_norm: a tensor as lengths and directions. */
#include "core/impl.h"
#include "ops/ops_internal.h"
#include "ops/vector_norm.h"

Tensor *torch_norm_except_dim(Tensor *v, int64_t pow, int64_t dim)
{
    const char *op = "norm_except_dim";
    if (cer_error_pending() || !cer_usable(v, op, 1)) return NULL;
    if (dim == -1) return torch_norm(v, (double)pow);
    int64_t at;
    if (!cer_wrap_dim(op, dim, v->ndim, &at)) return NULL;
    Tensor *rows = torch_transpose(v, 0, at);
    int64_t shape[TORCH_MAX_DIM], flat[2] = {v->shape[at], -1};
    for (int d = 0; d < v->ndim; d++) shape[d] = d == at ? v->shape[at] : 1;
    rows = v->numel ? torch_reshape_n(rows, 2, flat) : rows;
    return torch_reshape_n(torch_norm(rows, (double)pow, 1), v->ndim, shape);
}

Tensor *torch__weight_norm(Tensor *v, Tensor *g, int64_t dim)
{
    Tensor *norm = torch_norm_except_dim(v, 2, dim);
    return norm ? torch_mul(v, torch_div(g, norm)) : NULL;
}
