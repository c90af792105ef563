/* What the public functions of layer, batch and group norm have in common: operands that may be left out, and their types. */
#include <string.h>

#include "ops/normalize.h"

static torch_Scalar optional(Tensor *t)
{
    return t ? torch_scalar_tensor(t) : torch_scalar_none();
}

Tensor *cer_norm_call(const cer_Op *op, Tensor *x, Tensor *weight, Tensor *bias, Tensor *mean, Tensor *var,
                      const cer_NormAttrs *a)
{
    torch_Scalar in[OPERANDS] = {torch_scalar_tensor(x), optional(weight), optional(bias), optional(mean),
                                 optional(var)};
    return cer_call(op, in, OPERANDS, a);
}

bool cer_norm_usable(const char *op, const Tensor *x, const Tensor *weight, const Tensor *bias)
{
    return !cer_error_pending() && cer_usable(x, op, 1) && (!weight || cer_usable(weight, op, 2)) &&
           (!bias || cer_usable(bias, op, 3));
}

bool cer_norm_types_fit(const char *op, const char *kernel, const Tensor *x, const Tensor *const *others, int n)
{
    if (x->dtype != torch_float32 && x->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "\"%s\" not implemented for '%s'", kernel, cer_type_name(x->dtype));
    for (int i = 0; i < n; i++) {
        if (!others[i] || others[i]->dtype == x->dtype) continue;
        if (strcmp(op, "batch_norm") == 0)
            return cer_raise(TORCH_RUNTIME_ERROR, op,
                             "mixed dtype (CPU): expect parameter to have scalar type of Float");
        return cer_raise(TORCH_RUNTIME_ERROR, op, "expected scalar type %s but found %s", cer_type_name(x->dtype),
                         cer_type_name(others[i]->dtype));
    }
    return true;
}
