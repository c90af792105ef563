/* torch.nn.functional's normalize, cosine_similarity and pairwise_distance: composed, as in PyTorch. */
#include "core/impl.h"
#include "ops/ops_internal.h"

F_NormalizeArgs F_NormalizeArgs_defaults(void)
{
    return (F_NormalizeArgs){.struct_size = sizeof(F_NormalizeArgs), .p = 2, .dim = 1, .eps = 1e-12};
}

Tensor *F_normalize_args(const F_NormalizeArgs *a)
{
    Tensor *norm = torch_clamp(torch_norm(a->input, a->p, a->dim, true), .min = a->eps);
    return torch_div(a->input, torch_expand_as(norm, a->input));
}

F_CosineArgs F_CosineArgs_defaults(void)
{
    return (F_CosineArgs){.struct_size = sizeof(F_CosineArgs), .dim = 1, .eps = 1e-8};
}

/* x divided by its norm, which is at least eps; the gradient does not see that. */
static Tensor *unit(Tensor *x, int64_t dim, double eps)
{
    Tensor *square = torch_clone(torch_sum(torch_pow(x, 2), dim, true));
    bool before = torch_set_grad_enabled(false);
    torch_copy_(square, torch_clamp(square, .min = eps * eps));
    torch_set_grad_enabled(before);
    return torch_div(x, torch_sqrt(square));
}

Tensor *F_cosine_similarity_args(const F_CosineArgs *a)
{
    if (cer_error_pending() || !cer_usable(a->x1, "cosine_similarity", 1) || !cer_usable(a->x2, "cosine_similarity", 2))
        return NULL;
    torch_Scalar both[2] = {torch_scalar_tensor(a->x1), torch_scalar_tensor(a->x2)};
    torch_dtype type = cer_result_type(both, 2);
    if (!torch_dtype_is_floating_point(type))
        return cer_raise(TORCH_RUNTIME_ERROR, "cosine_similarity",
                         "expected common dtype to be floating point, yet common dtype is %s", cer_type_name(type)),
               NULL;
    torch_Size size = torch_shape(a->x1);
    if (!cer_broadcast("cosine_similarity", &size.ndim, size.dim, a->x2->ndim, a->x2->shape)) return NULL;
    Tensor *x1 = torch_expand_n(cer_to(a->x1, type), size.ndim, size.dim);
    Tensor *x2 = torch_expand_n(cer_to(a->x2, type), size.ndim, size.dim);
    return torch_sum(torch_mul(unit(x1, a->dim, a->eps), unit(x2, a->dim, a->eps)), a->dim);
}

F_PairwiseArgs F_PairwiseArgs_defaults(void)
{
    return (F_PairwiseArgs){.struct_size = sizeof(F_PairwiseArgs), .p = 2, .eps = 1e-6};
}

Tensor *F_pairwise_distance_args(const F_PairwiseArgs *a)
{
    return torch_norm(torch_add(torch_sub(a->x1, a->x2), a->eps), a->p, -1, a->keepdim);
}
