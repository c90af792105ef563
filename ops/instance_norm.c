/* F_instance_norm: each channel of each image, as a batch norm of one image. */
#include <string.h>

#include "ops/normalize.h"

F_InstanceNormArgs F_InstanceNormArgs_defaults(void)
{
    return (F_InstanceNormArgs){
        .struct_size = sizeof(F_InstanceNormArgs), .use_input_stats = true, .momentum = 0.1, .eps = 1e-5};
}

/* t repeated once for each image: (C) -> (N C) */
static Tensor *repeated(Tensor *t, int64_t images)
{
    return t ? torch_reshape(torch_expand(t, images, t->numel), images * t->numel) : NULL;
}

/* Batch norm of (1, N C, ...); running moments are those of the repeated ones, averaged over the images. */
Tensor *F_instance_norm_args(const F_InstanceNormArgs *p)
{
    const char *op = "instance_norm";
    Tensor *x = p->input;
    if (!cer_norm_usable(op, x, p->weight, p->bias) || (p->running_mean && !cer_usable(p->running_mean, op, 4)) ||
        (p->running_var && !cer_usable(p->running_var, op, 5)))
        return NULL;
    int64_t n = 1, size[TORCH_MAX_DIM];
    for (int d = 2; d < x->ndim; d++) n *= x->shape[d];
    if (p->use_input_stats && n == 1)
        return cer_raise(TORCH_VALUE_ERROR, op, "Expected more than 1 spatial element when training, got input size %s",
                         torch_size_str(torch_shape(x))),
               NULL;
    if (!p->use_input_stats && !(p->running_mean && p->running_var))
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Expected running_mean and running_var to be defined when use_input_stats is false"),
               NULL;
    if (x->ndim < 2)
        return cer_raise(TORCH_INDEX_ERROR, op,
                         "Dimension out of range (expected to be in range of [-1, 0], but got 1)"),
               NULL;
    int64_t images = x->shape[0], channels = x->shape[1];
    if (!cer_one_per_channel("weight", p->weight, channels) || !cer_one_per_channel("bias", p->bias, channels) ||
        !cer_one_per_channel("running_mean", p->running_mean, channels) ||
        !cer_one_per_channel("running_var", p->running_var, channels))
        return NULL;
    memcpy(size, x->shape, sizeof size);
    size[0] = 1;
    size[1] = images * channels;
    Tensor *mean = repeated(p->running_mean, images), *var = repeated(p->running_var, images);
    if (mean && mean->storage == p->running_mean->storage) mean = torch_clone(mean); /* one image: a view */
    if (var && var->storage == p->running_var->storage) var = torch_clone(var);
    Tensor *flat = torch_view_n(torch_contiguous(x), x->ndim, size), *weight = repeated(p->weight, images);
    Tensor *bias = repeated(p->bias, images);
    if (!flat || cer_error_pending()) return NULL;
    Tensor *out = cer_batch_norm(flat, mean, var, weight, bias, p->use_input_stats, p->momentum, p->eps);
    if (!out) return NULL;
    if (p->use_input_stats && mean) torch_copy_(p->running_mean, torch_mean(torch_view(mean, images, channels), 0));
    if (p->use_input_stats && var) torch_copy_(p->running_var, torch_mean(torch_view(var, images, channels), 0));
    return torch_view_n(out, x->ndim, x->shape);
}
