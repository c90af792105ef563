/* lp_pool: the p-norm under each window, by way of averages. */
#include "core/impl.h"
#include "ops/each.h"
#include "ops/ops_internal.h"
#include "ops/pool.h"

F_LpPoolArgs F_LpPoolArgs_defaults(void)
{
    return (F_LpPoolArgs){.struct_size = sizeof(F_LpPoolArgs), .stride = TORCH_NONE};
}

static Tensor *lp_pool(const char *op, int dims, const F_LpPoolArgs *a)
{
    int64_t kernel[3], n = 1;
    if (cer_error_pending() || !cer_usable(a->input, op, 1) ||
        !cer_each(op, "kernel_size", a->kernel_size, &a->kernel_sizes, dims, kernel))
        return NULL;
    for (int d = 0; d < dims; d++) n *= kernel[d];
    F_AvgPoolArgs p = F_AvgPoolArgs_defaults();
    p.input = torch_pow(a->input, a->norm_type);
    p.kernel_size = a->kernel_size;
    p.kernel_sizes = a->kernel_sizes;
    p.stride = a->stride;
    p.strides = a->strides;
    p.ceil_mode = a->ceil_mode;
    Tensor *mean = dims == 1 ? F_avg_pool1d_args(&p) : F_avg_pool2d_args(&p);
    if (!mean) return NULL;
    Tensor *sum = torch_mul(torch_mul(torch_sign(mean), torch_relu(torch_abs(mean))), n);
    return torch_pow(sum, 1 / a->norm_type);
}

Tensor *F_lp_pool1d_args(const F_LpPoolArgs *a)
{
    return lp_pool("lp_pool1d", 1, a);
}

Tensor *F_lp_pool2d_args(const F_LpPoolArgs *a)
{
    return lp_pool("lp_pool2d", 2, a);
}
