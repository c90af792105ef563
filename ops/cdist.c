/* cdist for any p: the vjp. */
#include <math.h>

#include "ops/distance.h"

/* g |d|^(p-1) sign(d) / distance^(p-1) with d = x - y of each pair, (b, n, m, k); 0 where the distance is 0. */
static Tensor *pair_gradients(Tensor *g, Tensor *x, Tensor *y, Tensor *distance, double p)
{
    Tensor *d = torch_sub(torch_unsqueeze(x, 2), torch_unsqueeze(y, 1)), *size = torch_unsqueeze(distance, -1);
    if (!d || !size) return NULL;
    g = torch_unsqueeze(g, -1);
    if (p == 1) return torch_mul(g, torch_sign(d));
    Tensor *zero = torch_eq(size, 0), *safe = torch_where(zero, 1.0, size), *factor;
    if (p == 2)
        factor = torch_div(d, safe);
    else if (isinf(p))
        factor = torch_mul(torch_sign(d), cer_to(torch_eq(torch_abs(d), size), x->dtype));
    else
        factor = torch_mul(torch_sign(d), torch_div(torch_pow(torch_abs(d), p - 1), torch_pow(safe, p - 1)));
    return torch_mul(g, torch_where(zero, 0.0, factor));
}

Tensor *cer_cdist_flat(Tensor *t, const Tensor *x, const Tensor *y)
{
    return torch_reshape(t, x->shape[0], x->shape[1], y->shape[1]);
}

static Tensor *by_first(Tensor *g, Tensor *x, Tensor *y, Tensor *distance, const cer_CdistAttrs *a)
{
    torch_Scalar in[4] = {torch_scalar_tensor(torch_contiguous(g)), torch_scalar_tensor(x), torch_scalar_tensor(y),
                          torch_scalar_tensor(torch_contiguous(distance))};
    return cer_call(&cer_op_cdist_backward, in, 4, a);
}

static void cdist_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_CdistAttrs *a = cer_attrs(n);
    Tensor *x = cer_saved_tensor(n, 0), *y = cer_saved_tensor(n, 1);
    if (!x || !y) return;
    if (a->p == 0) {
        if (cer_needs(n, 0)) in[0] = torch_mul(x, 0);
        if (cer_needs(n, 1)) in[1] = torch_mul(y, 0);
        return;
    }
    Tensor *gradient = cer_cdist_flat(g[0], x, y), *distance = cer_cdist_flat(cer_saved_output(n, 0), x, y);
    if (!torch_is_grad_enabled()) {
        if (cer_needs(n, 0)) in[0] = by_first(gradient, x, y, distance, a);
        if (cer_needs(n, 1)) in[1] = by_first(cer_mT(gradient), y, x, cer_mT(distance), a);
        return;
    }
    Tensor *each = pair_gradients(gradient, x, y, distance, a->p);
    if (!each) return;
    if (cer_needs(n, 0)) in[0] = torch_sum(each, 2);
    if (cer_needs(n, 1)) in[1] = torch_neg(torch_sum(each, 1));
}

const cer_Op cer_op_cdist = {
    .name = "cdist",
    .grad_name = "CdistBackward0",
    .shape = cer_cdist_shape,
    .kernel = cer_cdist_kernel,
    .vjp = cdist_vjp,
    .saves = {(CER_SAVE(0) | CER_SAVE(1) | CER_SAVE_OUTPUT(0)), (CER_SAVE(0) | CER_SAVE(1) | CER_SAVE_OUTPUT(0))},
    .n_outputs = 1,
    .attrs_bytes = sizeof(cer_CdistAttrs)};
