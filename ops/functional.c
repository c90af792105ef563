/* torch.nn.functional: the functions that only forward. */
#include "core/impl.h"
#include "ops/ops_internal.h"

Tensor *F_relu(Tensor *x)
{
    return torch_relu(x);
}

Tensor *F_tanh(Tensor *x)
{
    return torch_tanh(x);
}

Tensor *F_sigmoid(Tensor *x)
{
    return torch_sigmoid(x);
}
