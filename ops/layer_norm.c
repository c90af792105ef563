/* F_layer_norm: over the last dimensions. */
#include <string.h>

#include "ops/normalize.h"

F_LayerNormArgs F_LayerNormArgs_defaults(void)
{
    return (F_LayerNormArgs){.struct_size = sizeof(F_LayerNormArgs), .eps = 1e-5};
}

static bool same_as(const char *op, const char *name, const Tensor *t, int64_t n, const int64_t *shape)
{
    char have[128], want[128];
    if (!t || (t->ndim == n && cer_same_sizes(n, t->shape, shape))) return true;
    return cer_raise(
        TORCH_RUNTIME_ERROR, op,
        "Expected %s to be of same shape as normalized_shape, but got %s of shape %s and normalized_shape = %s", name,
        name, cer_shape_text(t->ndim, t->shape, have, sizeof have), cer_shape_text(n, shape, want, sizeof want));
}

bool cer_normalized_shape_fits(const char *op, const Tensor *x, int64_t n, const int64_t *shape, const Tensor *weight,
                               const Tensor *bias)
{
    char have[128], want[128];
    if (n < 1 || n > TORCH_MAX_DIM || !shape)
        return cer_raise(
            TORCH_RUNTIME_ERROR, op,
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []");
    if (!same_as(op, "weight", weight, n, shape) || !same_as(op, "bias", bias, n, shape)) return false;
    if (x->ndim >= n && cer_same_sizes(n, x->shape + x->ndim - n, shape)) return true;
    size_t length = strlen(cer_shape_text(n, shape, want, sizeof want));
    return cer_raise(TORCH_RUNTIME_ERROR, op,
                     "Given normalized_shape=%s, expected input with shape [*, %.*s], but got input of size%s", want,
                     (int)length - 2, want + 1, cer_shape_text(x->ndim, x->shape, have, sizeof have));
}

Tensor *F_layer_norm_args(const F_LayerNormArgs *p)
{
    const char *op = "layer_norm";
    Tensor *x = p->input;
    int64_t n = p->n_shape;
    if (!cer_norm_usable(op, x, p->weight, p->bias)) return NULL;
    if (!cer_normalized_shape_fits(op, x, n, p->normalized_shape, p->weight, p->bias)) return NULL;
    const Tensor *others[2] = {p->weight, p->bias};
    if (!cer_norm_types_fit(op, "LayerNormKernelImpl", x, others, 2)) return NULL;
    cer_NormAttrs a = {.eps = p->eps, .images = 1, .rows = 1, .run = 1, .share = 1, .training = true};
    for (int64_t d = 0; d < x->ndim; d++) *(d < x->ndim - n ? &a.rows : &a.run) *= x->shape[d];
    a.channels = a.run;
    return cer_norm_call(&cer_op_native_layer_norm, x, p->weight, p->bias, NULL, NULL, &a);
}
