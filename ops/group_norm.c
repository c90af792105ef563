/* F_group_norm: over groups of channels of each image. */
#include "ops/normalize.h"

F_GroupNormArgs F_GroupNormArgs_defaults(void)
{
    return (F_GroupNormArgs){.struct_size = sizeof(F_GroupNormArgs), .eps = 1e-5};
}

static bool one_per_channel(const char *name, const Tensor *t, const Tensor *x, const Tensor *told)
{
    char have[128], want[128];
    if (!t || (t->ndim == 1 && t->numel == x->shape[1])) return true;
    return cer_raise(
        TORCH_RUNTIME_ERROR, "group_norm",
        "Expected %s to be a vector of size equal to the number of channels in input, but got %s of shape %s "
        "and input of shape %s",
        name, name, cer_shape_text(told->ndim, told->shape, have, sizeof have),
        cer_shape_text(x->ndim, x->shape, want, sizeof want));
}

Tensor *F_group_norm_args(const F_GroupNormArgs *p)
{
    const char *op = "group_norm";
    char text[128];
    Tensor *x = p->input;
    int64_t groups = p->num_groups, dim;
    if (!cer_norm_usable(op, x, p->weight, p->bias) || !cer_wrap_dim(op, 1, x->ndim, &dim)) return NULL;
    if (groups <= 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "Expected num groups to be greater than 0, got %lld",
                         (long long)groups),
               NULL;
    int64_t n = x->shape[0] * x->shape[1] / groups, spatial = 1;
    for (int d = 2; d < x->ndim; d++) spatial *= x->shape[d];
    if (n * spatial == 1) {
        torch_Size size = torch_shape(x);
        size.dim[0] = n;
        size.dim[1] = groups;
        return cer_raise(TORCH_VALUE_ERROR, op,
                         "Expected more than 1 value per channel when training, got input size %s",
                         cer_shape_text(size.ndim, size.dim, text, sizeof text)),
               NULL;
    }
    if (x->shape[1] % groups)
        return cer_raise(
                   TORCH_RUNTIME_ERROR, op,
                   "Expected number of channels in input to be divisible by num_groups, but got input of shape %s "
                   "and num_groups=%lld",
                   cer_shape_text(x->ndim, x->shape, text, sizeof text), (long long)groups),
               NULL;
    if (!one_per_channel("weight", p->weight, x, p->weight) ||
        !one_per_channel("bias", p->bias, x, p->weight ? p->weight : p->bias) /* PyTorch tells the weight's shape */)
        return NULL;
    const Tensor *others[2] = {p->weight, p->bias};
    if (!cer_norm_types_fit(op, "GroupNormKernelImpl", x, others, 2)) return NULL;
    cer_NormAttrs a = {.eps = p->eps,
                       .images = 1,
                       .rows = x->shape[0] * groups,
                       .run = x->shape[1] / groups * spatial,
                       .channels = x->shape[1],
                       .share = spatial,
                       .training = true};
    return cer_norm_call(&cer_op_native_group_norm, x, p->weight, p->bias, NULL, NULL, &a);
}
