/* nonzero and argwhere: where x is not 0, in row order. */
#include "ops/index_items.h"
#include "ops/search.h"

Tensor *cer_true_positions(Tensor *mask)
{
    Tensor *rows = cer_in_rows(mask, mask->ndim, mask->shape);
    if (!rows) return NULL;
    int64_t count = cer_kernels()->mask_count(rows->numel, rows->data);
    Tensor *positions = cer_empty(torch_int64, 1, &count);
    if (positions) cer_kernels()->mask_positions(rows->numel, rows->data, (int64_t *)(void *)positions->data, count);
    return positions;
}

/* The record takes a mask: torch_nonzero() makes it of x. The result lies in memory column by column, as in PyTorch. */
static bool nonzero_shape(cer_Call *c)
{
    Tensor *mask = c->in[0].as.t, *rows = cer_in_rows(mask, mask->ndim, mask->shape);
    if (!rows) return false;
    int64_t shape[2] = {cer_kernels()->mask_count(rows->numel, rows->data), mask->ndim};
    cer_form(&c->form[0], torch_int64, 2, shape);
    c->form[0].strided = true;
    c->form[0].stride[0] = 1;
    c->form[0].stride[1] = shape[0] > 1 ? shape[0] : 1;
    return true;
}

static bool nonzero_kernel(cer_Call *c)
{
    Tensor *mask = c->in[0].as.t, *rows = cer_in_rows(mask, mask->ndim, mask->shape);
    int64_t count = c->out[0]->shape[0], *out = (int64_t *)(void *)c->out[0]->data;
    if (!rows) return false;
    if (count == 0 || mask->ndim == 0) return true;
    int64_t *flat = out + (mask->ndim - 1) * count; /* the last column holds positions first, then its own index */
    cer_kernels()->mask_positions(rows->numel, rows->data, flat, count);
    int64_t at[TORCH_MAX_DIM] = {0}, before = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t carry = flat[i] - before;
        before = flat[i];
        for (int d = mask->ndim; d-- > 0;) {
            carry += at[d];
            at[d] = carry < mask->shape[d] ? carry : carry % mask->shape[d];
            carry = carry < mask->shape[d] ? 0 : carry / mask->shape[d];
            if (carry == 0) break;
        }
        for (int d = 0; d < mask->ndim; d++) out[d * count + i] = at[d];
    }
    return true;
}

const cer_Op cer_op_nonzero = {
    .name = "nonzero",
    .schema = "nonzero(Tensor self) -> Tensor",
    .shape = nonzero_shape,
    .kernel = nonzero_kernel,
    .n_outputs = 1,
    .flags = CER_NONDIFFERENTIABLE,
};

Tensor *torch_nonzero(Tensor *x)
{
    if (cer_error_pending() || !cer_usable(x, "nonzero", 1)) return NULL;
    return cer_call1(&cer_op_nonzero, x->dtype == torch_bool ? x : torch_ne(x, 0), NULL);
}

torch_TensorList torch_nonzero_as_tuple(Tensor *x)
{
    if (!cer_error_pending() && cer_usable(x, "nonzero", 1) && x->ndim == 0) x = torch_unsqueeze(x, 0);
    return torch_unbind(torch_nonzero(x), 1);
}

Tensor *torch_argwhere(Tensor *x)
{
    return torch_nonzero(x);
}
