/* In-place functions whose records are core's. */
#include "ops/ops_internal.h"

Tensor *torch_fill__Scalar(Tensor *x, torch_Scalar value)
{
    torch_Scalar in[2] = {torch_scalar_tensor(x), value};
    return cer_call(&cer_op_fill_, in, 2, NULL);
}

Tensor *torch_zero_(Tensor *x)
{
    return torch_fill__Scalar(x, torch_scalar_int(0));
}

Tensor *torch_copy_(Tensor *x, Tensor *source)
{
    return cer_call2(&cer_op_copy_, x, source, NULL);
}
