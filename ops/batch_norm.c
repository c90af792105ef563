/* F_batch_norm: over all but the channels; and the running moments. */
#include "ops/normalize.h"

F_BatchNormArgs F_BatchNormArgs_defaults(void)
{
    return (F_BatchNormArgs){.struct_size = sizeof(F_BatchNormArgs), .momentum = 0.1, .eps = 1e-5};
}

bool cer_one_per_channel(const char *name, const Tensor *t, int64_t channels)
{
    if (!t || (t->numel == channels && t->ndim == 1)) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, "batch_norm", "%s should contain %lld elements not %lld", name,
                     (long long)channels, (long long)t->numel);
}

Tensor *cer_batch_norm(Tensor *x, Tensor *mean, Tensor *var, Tensor *weight, Tensor *bias, bool training,
                       double momentum, double eps)
{
    const char *op = "batch_norm";
    int64_t channels = x->ndim > 1 ? x->shape[1] : 0;
    if (x->numel == 0) return torch_clone(x); /* as PyTorch, which forgets the weights there */
    if (!training && !(mean && var))
        return cer_raise(TORCH_RUNTIME_ERROR, op, "running_%s must be defined in evaluation mode",
                         mean ? "var" : "mean"),
               NULL;
    if (!cer_one_per_channel("running_mean", mean, channels) || !cer_one_per_channel("running_var", var, channels) ||
        !cer_one_per_channel("weight", weight, channels) || !cer_one_per_channel("bias", bias, channels))
        return NULL;
    const Tensor *others[4] = {weight, bias, mean, var};
    int64_t dim;
    if (!cer_wrap_dim(op, 1, x->ndim, &dim) || !cer_norm_types_fit(op, "batch_norm", x, others, 4)) return NULL;
    cer_NormAttrs a = {.eps = eps,
                       .momentum = momentum,
                       .images = x->shape[0],
                       .rows = channels,
                       .run = 1,
                       .channels = channels,
                       .batch = true};
    for (int d = 2; d < x->ndim; d++) a.run *= x->shape[d];
    a.share = a.run;
    a.training = training;
    return cer_norm_call(&cer_op_native_batch_norm, x, weight, bias, mean, var, &a);
}

Tensor *F_batch_norm_args(const F_BatchNormArgs *p)
{
    const char *op = "batch_norm";
    const Tensor *x = p->input;
    if (!cer_norm_usable(op, x, p->weight, p->bias) || (p->running_mean && !cer_usable(p->running_mean, op, 4)) ||
        (p->running_var && !cer_usable(p->running_var, op, 5)))
        return NULL;
    int64_t n = x->ndim ? x->shape[0] : 1;
    for (int d = 2; d < x->ndim; d++) n *= x->shape[d];
    if (p->training && n == 1)
        return cer_raise(TORCH_VALUE_ERROR, op,
                         "Expected more than 1 value per channel when training, got input size %s",
                         torch_size_str(torch_shape(x))),
               NULL;
    return cer_batch_norm(p->input, p->running_mean, p->running_var, p->weight, p->bias, p->training, p->momentum,
                          p->eps);
}
