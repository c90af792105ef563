/* local_response_norm: each element over what its neighbours among the channels add up to. */
#include "core/impl.h"
#include "ops/norm.h"
#include "ops/ops_internal.h"
#include "ops/pool.h"

F_LocalResponseNormArgs F_LocalResponseNormArgs_defaults(void)
{
    return (F_LocalResponseNormArgs){
        .struct_size = sizeof(F_LocalResponseNormArgs), .alpha = 1e-4, .beta = 0.75, .k = 1};
}

Tensor *F_local_response_norm_args(const F_LocalResponseNormArgs *a)
{
    const char *op = "local_response_norm";
    Tensor *x = a->input;
    if (cer_error_pending() || !cer_usable(x, op, 1)) return NULL;
    if (x->ndim < 3)
        return cer_raise(TORCH_VALUE_ERROR, op,
                         "Expected 3D or higher dimensionality                          input (got %d dimensions)",
                         (int)x->ndim),
               NULL;
    if (x->numel == 0) return x;
    if (a->size < 1 || a->size > INT32_MAX)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "kernel size should be greater than zero, but got kH: %lld kW: 1",
                         (long long)a->size),
               NULL;
    /* (N, C, rest) as images of one channel: averages over `size` neighbouring rows, which are x's channels */
    Tensor *squares = torch_reshape(torch_mul(x, x), x->shape[0], 1, x->shape[1], -1);
    const int64_t pad[4] = {0, 0, a->size / 2, (a->size - 1) / 2};
    Tensor *padded = cer_constant_pad(squares, pad, 4, torch_scalar_int(0));
    if (!padded) return NULL;
    Tensor *mean = F_avg_pool2d(padded, .kernel_sizes = F_EACH(a->size, 1), .stride = 1);
    Tensor *divisor = torch_pow(torch_add(torch_mul(mean, a->alpha), a->k), a->beta);
    return divisor ? torch_div(x, torch_reshape_n(divisor, x->ndim, x->shape)) : NULL;
}
