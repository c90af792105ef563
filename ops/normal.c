/* normal: with tensors for mean, standard deviation or both, or with a size. */
#include <math.h>
#include <string.h>

#include "ops/draw.h"

static bool normal_shape(cer_Call *c)
{
    const torch_Scalar *mean = &c->in[0], *std = &c->in[1];
    const Tensor *first = mean->kind == TORCH_KIND_TENSOR ? mean->as.t : std->as.t;
    int64_t shape[TORCH_MAX_DIM], ndim = first->ndim;
    cer_Number text;
    if (std->kind == TORCH_KIND_TENSOR && cer_any_beyond(std->as.t, (double)INFINITY))
        return cer_raise(TORCH_RUNTIME_ERROR, "normal", "normal expects all elements of std >= 0.0");
    if (std->kind != TORCH_KIND_TENSOR && !(std->as.d >= 0))
        return cer_raise(TORCH_RUNTIME_ERROR, "normal", "normal expects std >= 0.0, but found std %s",
                         cer_number_as(std->as.d, text));
    memcpy(shape, first->shape, sizeof(int64_t) * first->ndim);
    if (std->kind == TORCH_KIND_TENSOR && first != std->as.t &&
        !cer_broadcast("normal", &ndim, shape, std->as.t->ndim, std->as.t->shape))
        return false;
    if (!torch_dtype_is_floating_point(first->dtype)) return cer_not_implemented("normal", "normal_kernel_cpu", first);
    return cer_form_checked(&c->form[0], "normal", first->dtype, ndim, shape);
}

static bool normal_kernel(cer_Call *c) /* N(0, 1), times std, plus mean: three roundings */
{
    torch_Generator *const *generator = c->attrs;
    torch_Scalar mean = c->in[0], std = c->in[1];
    Tensor *out = c->out[0];
    int64_t mark = cer_context()->pool.length;
    bool number_std = std.kind != TORCH_KIND_TENSOR;
    cer_fill_normal(*generator, out, 0, number_std ? std.as.d : 1);
    bool before = torch_set_grad_enabled(false), fine = true;
    if (!number_std) fine = torch_mul__Scalar(out, std) != NULL;
    fine = fine && torch_add__Scalar(out, mean, torch_scalar_none());
    torch_set_grad_enabled(before);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

CER_DRAW_BY_TENSOR(normal_mean, "normal", "NormalBackward1", normal_shape, normal_kernel, 0)
CER_DRAW_BY_TENSOR(normal_std, "normal", "NormalBackward2", normal_shape, normal_kernel, 0)
CER_DRAW_BY_TENSOR(normal_both, "normal", "NormalBackward3", normal_shape, normal_kernel, 0)

static torch_Scalar real(torch_Scalar s) /* numbers as doubles */
{
    return s.kind == TORCH_KIND_INT || s.kind == TORCH_KIND_BOOL ? torch_scalar_double((double)s.as.i) : s;
}

Tensor *torch_normal_Scalar(torch_Scalar mean, torch_Scalar std, torch_Generator *g)
{
    torch_Scalar in[2] = {real(mean), real(std)};
    bool tensor[2] = {mean.kind == TORCH_KIND_TENSOR, std.kind == TORCH_KIND_TENSOR};
    if (cer_error_pending()) return NULL;
    for (int i = 0; i < 2; i++)
        if (tensor[i] && !cer_usable(in[i].as.t, "normal", i + 1)) return NULL;
    if (!tensor[0] && !tensor[1])
        return cer_raise(TORCH_TYPE_ERROR, "normal",
                         "normal(): two numbers need a size: torch_normal_size(mean, std, 2, 3)"),
               NULL;
    return cer_call(!tensor[1] ? &cer_op_normal_mean : tensor[0] ? &cer_op_normal_both : &cer_op_normal_std, in, 2, &g);
}

Tensor *torch_normal_size_args(double mean, double std, const torch_FactoryArgs *a)
{
    Tensor *t = cer_factory("normal", a, torch_get_default_dtype());
    if (!t || !torch_normal__generator(t, mean, std, a->generator)) return NULL;
    return cer_factory_done(t, a);
}
