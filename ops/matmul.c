/* matmul: which product it is, the ranks decide. */
#include <string.h>

#include "core/impl.h"
#include "ops/products.h"

Tensor *cer_unsafe_view(Tensor *x, int64_t ndim, const int64_t *size)
{
    cer_SizeAttrs a = {.ndim = ndim};
    memcpy(a.size, size, sizeof(int64_t) * (size_t)ndim);
    return cer_call1(&cer_op_unsafe_view, x, &a);
}

/* (..., n, k) by a matrix or a vector: all leading dimensions become rows of one product. */
static Tensor *fold(Tensor *a, Tensor *b)
{
    int64_t size[TORCH_MAX_DIM], last = a->ndim - 1;
    memcpy(size, a->shape, sizeof(int64_t) * a->ndim);
    size[last] = b->ndim == 2 ? b->shape[1] : 0;
    Tensor *rows = torch_reshape(a, a->shape[last] ? a->numel / a->shape[last] : -1, a->shape[last]);
    return b->ndim == 2 ? cer_unsafe_view(torch_mm(rows, b), a->ndim, size)
                        : cer_unsafe_view(torch_mv(rows, b), last, size);
}

/* Batches broadcast against each other, then one bmm. */
static Tensor *batched(Tensor *a, Tensor *b)
{
    if (!a || !b) return NULL; /* what made them failed */
    int64_t batch[TORCH_MAX_DIM], size[TORCH_MAX_DIM], n_batch = a->ndim - 2, n = a->shape[a->ndim - 2],
                                                       k = a->shape[a->ndim - 1], m = b->shape[b->ndim - 1], count = 1;
    memcpy(batch, a->shape, sizeof(int64_t) * (size_t)n_batch);
    if (!cer_broadcast("matmul", &n_batch, batch, b->ndim - 2, b->shape)) return NULL;
    for (int64_t i = 0; i < n_batch; i++) count *= size[i] = batch[i];
    size[n_batch] = n;
    size[n_batch + 1] = k;
    Tensor *left = torch_reshape(torch_expand_n(a, n_batch + 2, size), count, n, k);
    size[n_batch] = b->shape[b->ndim - 2];
    size[n_batch + 1] = m;
    Tensor *right = torch_reshape(torch_expand_n(b, n_batch + 2, size), count, b->shape[b->ndim - 2], m);
    size[n_batch] = n;
    return cer_unsafe_view(torch_bmm(left, right), n_batch + 2, size);
}

Tensor *torch_matmul(Tensor *a, Tensor *b)
{
    if (!cer_ready(a, "matmul", 1) || !cer_ready(b, "matmul", 2)) return NULL;
    if (a->ndim == 0 || b->ndim == 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "matmul",
                         "both arguments to matmul need to be at least 1D, but they are %dD and %dD", a->ndim, b->ndim),
               NULL;
    if (a->ndim == 1 && b->ndim == 1) return torch_dot(a, b);
    if (a->ndim == 2 && b->ndim == 1) return torch_mv(a, b);
    if (a->ndim == 2 && b->ndim == 2) return torch_mm(a, b);
    if (a->ndim == 1 && b->ndim == 2) return cer_squeeze_fresh(torch_mm(torch_unsqueeze(a, 0), b), 0);
    if (a->ndim > 2 && b->ndim <= 2 && a->numel > 0) return fold(a, b);
    if (a->ndim == 1) return torch_squeeze_dim(batched(torch_unsqueeze(a, 0), b), -2);
    if (b->ndim == 1) return torch_squeeze_dim(batched(a, torch_unsqueeze(b, 1)), -1);
    return batched(a, b);
}
