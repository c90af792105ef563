/* torch.nn.functional: the functions that only forward, and dropout. */
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

Tensor *F_dropout(Tensor *x, double p, bool training)
{
    if (cer_error_pending() || !cer_usable(x, "dropout", 1)) return NULL;
    if (!(p >= 0 && p <= 1))
        return cer_raise(TORCH_VALUE_ERROR, "dropout", "dropout probability has to be between 0 and 1, but got %s",
                         torch_repr(p)),
               NULL;
    if (!training || p == 0 || x->numel == 0) return x;
    if (p == 1) return torch_mul(x, torch_zeros_n(0, NULL, x->dtype));
    Tensor *noise = torch_bernoulli_(torch_empty_like(x), 1 - p);
    return torch_mul(x, torch_div_(noise, 1 - p));
}
