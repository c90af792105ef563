/* torch.nn: losses. Called with the input and the target: nn_forward(criterion, input, target). */
#ifndef CERILLA_NN_LOSS_H
#define CERILLA_NN_LOSS_H

#include "machinery.h"

TORCH_BEGIN

/* nn.MSELoss(reduction="mean"): nn_forward(m, input, target) is F_mse_loss. ValueError "x is not a valid value for reduction". */
typedef struct nn_MSELoss {
    nn_Module module;
    char reduction[16];
} nn_MSELoss;
typedef struct nn_LossArgs {
    size_t struct_size;
    const char *reduction; /* "mean", "sum" or "none" */
} nn_LossArgs;
TORCH_API nn_LossArgs nn_LossArgs_defaults(void);
TORCH_API nn_MSELoss *nn_MSELoss_new(const nn_LossArgs *args);
#define nn_MSELoss(...) \
    nn_MSELoss_new(&(nn_LossArgs){.reduction = "mean", .struct_size = sizeof(nn_LossArgs), __VA_ARGS__})

TORCH_END

#endif
