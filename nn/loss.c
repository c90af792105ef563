/* Losses. */
#include <stdio.h>

#include "layer.h"

nn_LossArgs nn_LossArgs_defaults(void)
{
    return (nn_LossArgs){.struct_size = sizeof(nn_LossArgs), .reduction = "mean"};
}

static int mse_loss_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    (void)n_out;
    const nn_MSELoss *m = (const nn_MSELoss *)self;
    if (cer_nn_arity(self, n_in, 2, 2, "input target")) out[0] = F_mse_loss(in[0], in[1], .reduction = m->reduction);
    return torch_error_code();
}

static const nn_Class mse_loss_class = NN_CLASS(nn_MSELoss, .forward = mse_loss_forward);

nn_MSELoss *nn_MSELoss_new(const nn_LossArgs *args)
{
    nn_LossArgs a = nn_LossArgs_defaults();
    cer_nn_args(&a, sizeof a, args);
    nn_MSELoss *m = nn_new_class(nn_MSELoss, &mse_loss_class);
    if (m) snprintf(m->reduction, sizeof m->reduction, "%s", a.reduction ? a.reduction : "None");
    return m;
}
