/* torch.nn.functional: what is not in a header of its theme. */
#ifndef CERILLA_OPS_FUNCTIONAL_H
#define CERILLA_OPS_FUNCTIONAL_H

#include "conv.h"
#include "dropout.h"
#include "loss.h"
#include "norm.h"
#include "pad.h"
#include "pool.h"

TORCH_BEGIN

/* x W^T + b: (*, in), (out, in), (out) or NULL -> (*, out) */
TORCH_API Tensor *F_linear(Tensor *x, Tensor *weight, Tensor *bias);
TORCH_API Tensor *F_relu(Tensor *x);
TORCH_API Tensor *F_tanh(Tensor *x);
TORCH_API Tensor *F_sigmoid(Tensor *x);

TORCH_END

#endif
