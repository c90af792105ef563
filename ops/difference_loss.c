/* Losses of the difference: mse_loss, l1_loss, smooth_l1_loss and huber_loss. */
#include "ops/losses.h"

/* The rows of gradients take (input, target, g), and the parameters from `from` on. Losses of the difference: the target's is
 * the input's, negated. */
static Tensor *backward(const cer_Op *row, Tensor *g, torch_Scalar input, torch_Scalar target, const void *from)
{
    torch_Scalar in[3] = {input, target, torch_scalar_tensor(g)};
    return cer_call(row, in, 3, from);
}

static void difference_vjp(cer_Node *n, const cer_Op *row, Tensor *g, const void *from, Tensor **in)
{
    torch_Scalar input = cer_saved(n, 0), target = cer_saved(n, 1);
    if (cer_needs(n, 0)) in[0] = backward(row, g, input, target, from);
    if (cer_needs(n, 1)) in[1] = in[0] ? torch_neg(in[0]) : backward(row, g, target, input, from);
}

static void mse_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    torch_Scalar norm = ((const cer_LossAttrs *)cer_attrs(n))->norm;
    norm.as.d *= 2;
    difference_vjp(n, &cer_op_squared_error_backward, g[0], &norm, in);
}
CER_LOSS(mse_loss, squared_error, "mse_cpu", "MseLossBackward0",
         "mse_loss(Tensor self, Tensor target, int reduction=Mean) -> Tensor", mse_vjp)

Tensor *cer_squared_error_vjp(Tensor *g, torch_Scalar input, torch_Scalar target)
{
    torch_Scalar norm = torch_scalar_int(2);
    return backward(&cer_op_squared_error_backward, g, input, target, &norm);
}

F_LossArgs F_LossArgs_defaults(void)
{
    return (F_LossArgs){.struct_size = sizeof(F_LossArgs), .reduction = "mean"};
}

Tensor *F_mse_loss_args(const F_LossArgs *a)
{
    cer_LossAttrs l;
    if (!cer_loss_ready("mse_loss", a->input, a->target, a->reduction, 0, &l)) return NULL;
    return cer_call2(&cer_op_mse_loss, a->input, a->target, &l);
}

Tensor *F_l1_loss_args(const F_LossArgs *a)
{
    cer_LossAttrs l;
    if (!cer_loss_ready("l1_loss", a->input, a->target, a->reduction, 0, &l)) return NULL;
    return cer_reduce_loss(torch_abs(torch_sub(a->input, a->target)), l.reduction);
}

static void smooth_l1_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    difference_vjp(n, &cer_op_smooth_l1_backward, g[0], cer_attrs(n), in);
}
CER_LOSS(smooth_l1_loss, smooth_l1, "smooth_l1_cpu", "SmoothL1LossBackward0",
         "smooth_l1_loss(Tensor self, Tensor target, int reduction=Mean, float beta=1.0) -> Tensor", smooth_l1_vjp)

static void huber_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    difference_vjp(n, &cer_op_huber_backward, g[0], cer_attrs(n), in);
}
CER_LOSS(huber_loss, huber, "huber_cpu", "HuberLossBackward0",
         "huber_loss(Tensor self, Tensor target, int reduction=Mean, float delta=1.0) -> Tensor", huber_vjp)

Tensor *cer_smooth_l1_vjp(Tensor *g, torch_Scalar input, torch_Scalar target, torch_Scalar beta)
{
    torch_Scalar param[2] = {beta, torch_scalar_double(1)};
    return backward(&cer_op_smooth_l1_backward, g, input, target, param);
}

Tensor *cer_huber_vjp(Tensor *g, torch_Scalar input, torch_Scalar target, torch_Scalar delta)
{
    torch_Scalar param[2] = {delta, torch_scalar_double(1)};
    return backward(&cer_op_huber_backward, g, input, target, param);
}

double cer_ratio(torch_Scalar a, torch_Scalar b) /* 0 for b = 0: with beta = 0 the gradient has no slope */
{
    return b.as.d > 0 ? a.as.d / b.as.d : 0;
}

/* The slope of the gradient: `slope` where |input - target| < limit, else 0. */
Tensor *cer_curvature(Tensor *g, torch_Scalar input, torch_Scalar target, torch_Scalar c, torch_Scalar limit,
                      double slope)
{
    Tensor *near = torch_lt(torch_abs(torch_sub(input, target)), limit);
    return torch_mul(torch_mul(torch_mul(g, c), near), slope);
}

F_SmoothL1LossArgs F_SmoothL1LossArgs_defaults(void)
{
    return (F_SmoothL1LossArgs){.struct_size = sizeof(F_SmoothL1LossArgs), .reduction = "mean", .beta = 1};
}

Tensor *F_smooth_l1_loss_args(const F_SmoothL1LossArgs *a)
{
    cer_LossAttrs l;
    if (!cer_loss_ready("smooth_l1_loss", a->input, a->target, a->reduction, a->beta, &l)) return NULL;
    if (!(a->beta >= 0))
        return cer_raise(TORCH_RUNTIME_ERROR, "smooth_l1_loss",
                         "smooth_l1_loss does not support negative values for beta."),
               NULL;
    return cer_call2(&cer_op_smooth_l1_loss, a->input, a->target, &l);
}

F_HuberLossArgs F_HuberLossArgs_defaults(void)
{
    return (F_HuberLossArgs){.struct_size = sizeof(F_HuberLossArgs), .reduction = "mean", .delta = 1};
}

Tensor *F_huber_loss_args(const F_HuberLossArgs *a)
{
    cer_LossAttrs l;
    if (!cer_loss_ready("huber_loss", a->input, a->target, a->reduction, a->delta, &l)) return NULL;
    if (!(a->delta > 0))
        return cer_raise(TORCH_RUNTIME_ERROR, "huber_loss",
                         "huber_loss does not support non-positive values for delta."),
               NULL;
    return cer_call2(&cer_op_huber_loss, a->input, a->target, &l);
}
