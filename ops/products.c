/* Products made of others: outer, inner, kron. */
#include "ops/products.h"
#include "core/impl.h"

Tensor *torch_outer(Tensor *a, Tensor *b)
{
    if (!cer_ready(a, "outer", 1) || !cer_ready(b, "outer", 2)) return NULL;
    if (a->ndim != 1)
        return cer_refused(
            cer_raise(TORCH_RUNTIME_ERROR, "outer", "outer: Expected 1-D argument self, but got %d-D", a->ndim));
    if (b->ndim != 1)
        return cer_refused(
            cer_raise(TORCH_RUNTIME_ERROR, "outer", "outer: Expected 1-D argument vec2, but got %d-D", b->ndim));
    return torch_mul(torch_reshape(a, a->shape[0], 1), b);
}

Tensor *torch_ger(Tensor *a, Tensor *b)
{
    return torch_outer(a, b);
}

Tensor *torch_inner(Tensor *a, Tensor *b)
{
    char one[160], other[160];
    if (!cer_ready(a, "inner", 1) || !cer_ready(b, "inner", 2)) return NULL;
    if (a->ndim == 0 || b->ndim == 0) return torch_mul(a, b);
    if (a->shape[a->ndim - 1] != b->shape[b->ndim - 1])
        return cer_refused(
            cer_raise(TORCH_RUNTIME_ERROR, "inner",
                      "inner() the last dimension must match on both input tensors but got shapes %s and %s",
                      cer_shape_text(a->ndim, a->shape, one, sizeof one),
                      cer_shape_text(b->ndim, b->shape, other, sizeof other)));
    int64_t last = -1;
    return torch_tensordot_n(a, 1, &last, b, 1, &last);
}

Tensor *torch_kron(Tensor *a, Tensor *b)
{
    int64_t size_a[2 * TORCH_MAX_DIM], size_b[2 * TORCH_MAX_DIM], size[TORCH_MAX_DIM];
    if (!cer_ready(a, "kron", 1) || !cer_ready(b, "kron", 2)) return NULL;
    int64_t n = a->ndim > b->ndim ? a->ndim : b->ndim, pad_a = n - a->ndim, pad_b = n - b->ndim;
    for (int64_t i = 0; i < n; i++) {
        size_a[2 * i] = i >= pad_a ? a->shape[i - pad_a] : 1;
        size_b[2 * i + 1] = i >= pad_b ? b->shape[i - pad_b] : 1;
        size_a[2 * i + 1] = size_b[2 * i] = 1;
        if (__builtin_mul_overflow(size_a[2 * i], size_b[2 * i + 1], &size[i])) size[i] = INT64_MAX;
    }
    Tensor *product = torch_mul(torch_view_n(a, 2 * n, size_a), torch_view_n(b, 2 * n, size_b));
    return product ? cer_unsafe_view(product, n, size) : NULL;
}
