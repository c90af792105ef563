/* soft_margin_loss. */
#include "ops/losses.h"

static void soft_margin_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_LossAttrs *a = cer_attrs(n);
    in[0] = torch_mul(cer_soft_margin_vjp(g[0], cer_saved(n, 0), cer_saved(n, 1)), a->norm);
}
CER_LOSS(soft_margin_loss, soft_margin, "soft_margin_loss", "SoftMarginLossBackward0",
         "soft_margin_loss(Tensor self, Tensor target, int reduction=Mean) -> Tensor", soft_margin_vjp)

/* d/dx log(1 + exp(-t x)) = -t sigmoid(-t x) */
Tensor *cer_soft_margin_vjp(Tensor *g, torch_Scalar input, torch_Scalar target)
{
    Tensor *negative = torch_neg(cer_tensor(target));
    return torch_mul(torch_mul(torch_sigmoid(torch_mul(negative, input)), negative), g);
}

Tensor *F_soft_margin_loss_args(const F_LossArgs *a)
{
    const char *op = "soft_margin_loss";
    cer_LossAttrs l = {.norm = torch_scalar_int(1)};
    if (cer_error_pending() || !cer_usable(a->input, op, 1) || !cer_usable(a->target, op, 2) ||
        !cer_reduction(op, a->reduction, &l.reduction) || !cer_no_gradient(op, "target", a->target) ||
        !cer_fits(op, a->input, a->target))
        return NULL;
    if (l.reduction == CER_REDUCE_MEAN) l.norm = torch_scalar_double(1.0 / (double)a->input->numel);
    return cer_call2(&cer_op_soft_margin_loss, a->input, a->target, &l);
}
