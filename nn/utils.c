/* torch.nn.utils. */
#include <math.h>

#include "layer.h"

/* ---- clipping ---------------------------------------------------------------------------------------------------- */

nn_ClipGradNormArgs nn_ClipGradNormArgs_defaults(void)
{
    return (nn_ClipGradNormArgs){.struct_size = sizeof(nn_ClipGradNormArgs), .norm_type = 2};
}

/* The gradients that there are, without history, in a block of the scope. */
static Tensor **gradients(torch_ParameterList p, int64_t *n)
{
    Tensor **g = cer_pool_block((size_t)(p.length > 0 ? p.length : 1) * sizeof *g, NULL);
    *n = 0;
    for (int64_t i = 0; g && i < p.length; i++) {
        Tensor *grad = p.tensor[i] ? torch_grad(p.tensor[i]) : NULL;
        if (grad) g[(*n)++] = torch_detach(grad);
    }
    return cer_error_pending() ? NULL : g;
}

static Tensor *norm_of_all(Tensor *const *g, int64_t n, double norm_type)
{
    bool largest = isinf(norm_type) && norm_type > 0;
    Tensor **norm = cer_pool_block((size_t)n * sizeof *norm, NULL);
    for (int64_t i = 0; norm && i < n; i++)
        norm[i] = largest ? torch_max(torch_abs(g[i])) : torch_norm(g[i], norm_type);
    if (!norm || (largest && n == 1)) return norm ? norm[0] : NULL;
    Tensor *all = torch_stack_n(norm, n, 0);
    return largest ? torch_max(all) : torch_norm(all, norm_type);
}

static Tensor *clip(const nn_ClipGradNormArgs *a)
{
    int64_t n;
    Tensor **g = gradients(a->parameters, &n);
    if (!g) return NULL;
    if (n == 0) return torch_tensor(0.0);
    Tensor *total = norm_of_all(g, n, a->norm_type);
    if (!total || cer_error_pending()) return NULL;
    char order[CER_REPR_BYTES];
    if (a->error_if_nonfinite && !isfinite(torch_item(total)))
        return cer_raise(TORCH_RUNTIME_ERROR, "clip_grad_norm_",
                         "The total norm of order %s for gradients from `parameters` is non-finite, so it cannot be "
                         "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
                         "`error_if_nonfinite=False`",
                         cer_repr(a->norm_type, order)),
               NULL;
    /* max_norm / x is x.reciprocal() * max_norm in Python */
    Tensor *scale = torch_clamp(torch_mul(torch_reciprocal(torch_add(total, 1e-6)), a->max_norm), .max = 1);
    for (int64_t i = 0; i < n; i++) torch_mul_(g[i], scale);
    return total;
}

Tensor *nn_utils_clip_grad_norm__args(const nn_ClipGradNormArgs *args)
{
    nn_ClipGradNormArgs a = nn_ClipGradNormArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending()) return NULL;
    int64_t scope = torch_scope_push();
    Tensor *total = clip(&a);
    if (cer_error_pending()) total = NULL;
    torch_escape(total);
    torch_scope_pop(scope);
    return total;
}

int nn_utils_clip_grad_value_(torch_ParameterList parameters, double clip_value)
{
    if (cer_error_pending()) return torch_error_code();
    int64_t n, scope = torch_scope_push();
    Tensor **g = gradients(parameters, &n);
    for (int64_t i = 0; g && i < n; i++) torch_clamp_(g[i], -clip_value, clip_value);
    torch_scope_pop(scope);
    return torch_error_code();
}

/* ---- one vector -------------------------------------------------------------------------------------------------- */

Tensor *nn_utils_parameters_to_vector(torch_ParameterList p)
{
    if (cer_error_pending()) return NULL;
    int64_t scope = torch_scope_push(), flat = -1;
    Tensor **part = cer_pool_block((size_t)(p.length > 0 ? p.length : 1) * sizeof *part, NULL);
    for (int64_t i = 0; part && i < p.length; i++) part[i] = torch_view_n(p.tensor[i], 1, &flat);
    Tensor *v = part ? torch_cat_n(part, p.length, 0) : NULL;
    torch_escape(v);
    torch_scope_pop(scope);
    return v;
}

int nn_utils_vector_to_parameters(Tensor *v, torch_ParameterList p)
{
    if (cer_error_pending() || !cer_usable(v, "vector_to_parameters", 1)) return torch_error_code();
    int64_t scope = torch_scope_push(), at = 0, end = v->ndim > 0 ? v->shape[0] : 0;
    for (int64_t i = 0; i < p.length && !cer_error_pending(); i++) {
        if (!cer_usable(p.tensor[i], "vector_to_parameters", 2)) break;
        int64_t n = torch_numel(p.tensor[i]), have = n < end - at ? n : end - at;
        torch_set_data(p.tensor[i], torch_data(torch_view_as(torch_narrow(v, 0, at, have), p.tensor[i])));
        at += have;
    }
    torch_scope_pop(scope);
    return torch_error_code();
}
