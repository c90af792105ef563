/* Losses that are likelihoods of other distributions, made of public ops as in PyTorch: poisson_nll, gaussian_nll, kl_div. */
#include <math.h>
#include <string.h>

#include "core/impl.h"
#include "ops/activation.h"
#include "ops/gather.h"
#include "ops/loss.h"
#include "ops/ops_internal.h"

F_PoissonNllLossArgs F_PoissonNllLossArgs_defaults(void)
{
    return (F_PoissonNllLossArgs){
        .struct_size = sizeof(F_PoissonNllLossArgs), .log_input = true, .eps = 1e-8, .reduction = "mean"};
}

Tensor *F_poisson_nll_loss_args(const F_PoissonNllLossArgs *a)
{
    int32_t reduction;
    Tensor *x = a->input, *t = a->target, *loss;
    if (!cer_losses_usable("poisson_nll_loss", x, t, t) ||
        !cer_plain_reduction("poisson_nll_loss", a->reduction, &reduction))
        return NULL;
    if (a->log_input)
        loss = torch_sub(torch_exp(x), torch_mul(t, x));
    else
        loss = torch_sub(x, torch_mul(t, torch_log(torch_add(x, a->eps))));
    if (a->full) { /* Stirling's approximation of log(t!) */
        const double turn = 6.283185307179586;
        Tensor *power = torch_sub(torch_mul(t, torch_log(t)), t), *rest = torch_mul(torch_log(torch_mul(t, turn)), 0.5);
        loss = torch_add(loss, torch_masked_fill(torch_add(power, rest), torch_le(t, 1), 0.0));
    }
    return cer_reduce_loss(loss, reduction);
}

F_GaussianNllLossArgs F_GaussianNllLossArgs_defaults(void)
{
    return (F_GaussianNllLossArgs){.struct_size = sizeof(F_GaussianNllLossArgs), .eps = 1e-6, .reduction = "mean"};
}

/* The variances in the input's shape, or with a last dimension of 1; NULL if they fit neither way. */
static Tensor *variances(Tensor *x, Tensor *var)
{
    if (cer_same_shape(x, var)) return var;
    if (var->ndim == x->ndim - 1 && cer_same_sizes(var->ndim, x->shape, var->shape)) return torch_unsqueeze(var, -1);
    if (var->ndim == x->ndim && x->ndim && cer_same_sizes(x->ndim - 1, x->shape, var->shape) &&
        var->shape[x->ndim - 1] == 1)
        return var;
    return cer_raise(TORCH_VALUE_ERROR, "gaussian_nll_loss", "var is of incorrect size"), NULL;
}

Tensor *F_gaussian_nll_loss_args(const F_GaussianNllLossArgs *a)
{
    const char *op = "gaussian_nll_loss";
    int32_t reduction;
    Tensor *x = a->input, *t = a->target;
    if (!cer_losses_usable(op, x, t, a->var)) return NULL;
    Tensor *var = variances(x, a->var);
    if (!var || !cer_plain_reduction(op, a->reduction, &reduction)) return NULL;
    bool before = torch_set_grad_enabled(false);
    Tensor *negative = torch_any(torch_lt(var, 0));
    bool bad = negative && torch_item(negative) != 0;
    torch_set_grad_enabled(before);
    if (bad) return cer_raise(TORCH_VALUE_ERROR, op, "var has negative entry/entries"), NULL;
    var = torch_clone(var);
    before = torch_set_grad_enabled(false);
    if (var) torch_clamp_min_(var, a->eps);
    torch_set_grad_enabled(before);
    Tensor *error = torch_sub(x, t);
    Tensor *loss = torch_mul(torch_add(torch_log(var), torch_div(torch_pow(error, 2), var)), 0.5);
    if (a->full) loss = torch_add(loss, 0.5 * log(6.283185307179586));
    return cer_reduce_loss(loss, reduction);
}

F_KlDivArgs F_KlDivArgs_defaults(void)
{
    return (F_KlDivArgs){.struct_size = sizeof(F_KlDivArgs), .reduction = "mean"};
}

Tensor *F_kl_div_args(const F_KlDivArgs *a)
{
    const char *op = "kl_div";
    int32_t reduction;
    Tensor *x = a->input, *t = a->target, *loss;
    bool by_batch = a->reduction && strcmp(a->reduction, "batchmean") == 0;
    if (!cer_losses_usable(op, x, t, t) || !cer_reduction(op, by_batch ? "sum" : a->reduction, &reduction)) return NULL;
    if (reduction == CER_REDUCE_MEAN)
        torch_warn(
            "UserWarning",
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' "
            "divides only by the batch size, and aligns with the KL div math definition.'mean' will be changed to "
            "behave the same as 'batchmean' in the next major release.");
    if (a->log_target)
        loss = torch_mul(torch_exp(t), torch_sub(t, x));
    else /* 0 log 0 is 0 */
        loss = torch_sub(torch_xlogy(t, t), torch_mul(t, x));
    loss = cer_reduce_loss(loss, reduction);
    return by_batch && x->ndim ? torch_div(loss, x->shape[0]) : loss;
}
