/* F.bilinear */
#include <string.h>

#include "core/impl.h"
#include "ops/products.h"

static bool bilinear_fits(const Tensor *a, const Tensor *b, const Tensor *w, const Tensor *bias)
{
    const int64_t *sa = a->shape, *sb = b->shape;
#define refuse_bilinear(...) cer_raise(TORCH_RUNTIME_ERROR, "bilinear", __VA_ARGS__)
    if (a->ndim != b->ndim)
        return refuse_bilinear("bilinear(): input dimensions do not match: got %d and %d", a->ndim, b->ndim);
    for (int d = 0; d < a->ndim - 1; d++)
        if (sa[d] != sb[d])
            return refuse_bilinear("bilinear(): input batch dimensions do not match at dim %d: got %lld and %lld", d,
                                   (long long)sa[d], (long long)sb[d]);
    if (a->ndim == 0 || w->ndim != 3)
        return cer_raise(TORCH_INDEX_ERROR, "bilinear",
                         "bilinear(): weight must have three dimensions, inputs one at least");
    if (sa[a->ndim - 1] != w->shape[1])
        return refuse_bilinear("bilinear(): input1 size does not match weight size: got %lld but expected %lld",
                               (long long)sa[a->ndim - 1], (long long)w->shape[1]);
    if (sb[b->ndim - 1] != w->shape[2])
        return refuse_bilinear("bilinear(): input2 size does not match weight size: got %lld but expected %lld",
                               (long long)sb[b->ndim - 1], (long long)w->shape[2]);
    if (bias && (bias->ndim != 1 || bias->shape[0] != w->shape[0]))
        return refuse_bilinear("bilinear(): bias size does not match weight size: got %lld but expected %lld",
                               (long long)(bias->ndim ? bias->shape[0] : 1), (long long)w->shape[0]);
    return true;
}

Tensor *F_bilinear(Tensor *a, Tensor *b, Tensor *weight, Tensor *bias)
{
    if (cer_error_pending() || !cer_usable(a, "bilinear", 1) || !cer_usable(b, "bilinear", 2) ||
        !cer_usable(weight, "bilinear", 3) || (bias && !cer_usable(bias, "bilinear", 4)) ||
        !bilinear_fits(a, b, weight, bias))
        return NULL;
    int64_t size[TORCH_MAX_DIM], last = a->ndim - 1, rows = 1, out = weight->shape[0], in1 = weight->shape[1],
                                 in2 = weight->shape[2];
    memcpy(size, a->shape, sizeof(int64_t) * a->ndim);
    for (int64_t d = 0; d < last; d++) rows *= size[d];
    size[last] = out;
    Tensor *flat = torch_reshape(torch_permute(weight, 1, 0, 2), in1, out * in2); /* [i, (o, j)] */
    Tensor *half = torch_view(torch_mm(torch_reshape(a, rows, in1), flat), rows, out, in2);
    Tensor *product = torch_bmm(half, torch_reshape(b, rows, in2, 1)); /* [row, o, 1] */
    Tensor *result = torch_reshape_n(product, a->ndim, size);
    return bias ? torch_add(result, bias) : result;
}
