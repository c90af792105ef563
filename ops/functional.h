/* torch.nn.functional. */
#ifndef CERILLA_OPS_FUNCTIONAL_H
#define CERILLA_OPS_FUNCTIONAL_H

#include "../core/autograd.h"

TORCH_BEGIN

/* x W^T + b: (*, in), (out, in), (out) or NULL -> (*, out) */
TORCH_API Tensor *F_linear(Tensor *x, Tensor *weight, Tensor *bias);
TORCH_API Tensor *F_relu(Tensor *x);
TORCH_API Tensor *F_tanh(Tensor *x);
TORCH_API Tensor *F_sigmoid(Tensor *x);
typedef struct F_LossArgs {
    size_t struct_size;
    Tensor *input, *target;
    const char *reduction; /* "mean", "sum" or "none" */
} F_LossArgs;
TORCH_API F_LossArgs F_LossArgs_defaults(void);
/* F.mse_loss(input, target, reduction="mean"): (input - target)^2. UserWarning where sizes differ; ValueError "x is not a valid value for reduction". */
TORCH_API Tensor *F_mse_loss_args(const F_LossArgs *args);
#define F_mse_loss(...) \
    F_mse_loss_args(&(F_LossArgs){.reduction = "mean", .struct_size = sizeof(F_LossArgs), .input = __VA_ARGS__})
TORCH_API Tensor *F_dropout(Tensor *x, double p, bool training); /* x noise / (1 - p), noise from bernoulli_(1 - p) */

TORCH_END

#endif
