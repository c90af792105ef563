/* F.one_hot. */
#include "core/impl.h"
#include "ops/embedding.h"
#include "ops/gather.h"
#include "ops/moves.h"

Tensor *F_one_hot(Tensor *x, int64_t num_classes)
{
    int64_t shape[TORCH_MAX_DIM + 1], most = -1, wrong;
    if (cer_error_pending() || !cer_usable(x, "one_hot", 1)) return NULL;
    if (x->dtype != torch_int64)
        return cer_raise(TORCH_RUNTIME_ERROR, "one_hot", "one_hot is only applicable to index tensor."), NULL;
    if (x->numel == 0 && num_classes <= 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "one_hot", "Can not infer total number of classes from empty tensor."),
               NULL;
    if (!cer_index_within(x, 0, INT64_MAX, &wrong))
        return cer_raise(TORCH_RUNTIME_ERROR, "one_hot", "Class values must be non-negative."), NULL;
    if (x->ndim == TORCH_MAX_DIM)
        return cer_raise(TORCH_RUNTIME_ERROR, "one_hot", "one_hot: a tensor has at most %d dimensions here",
                         TORCH_MAX_DIM),
               NULL;
    if (x->numel) most = torch_item_scalar(torch_max(x)).as.i;
    if (num_classes == -1) num_classes = most + 1;
    if (num_classes <= most)
        return cer_raise(TORCH_RUNTIME_ERROR, "one_hot", "Class values must be smaller than num_classes."), NULL;
    for (int d = 0; d < x->ndim; d++) shape[d] = x->shape[d];
    shape[x->ndim] = num_classes;
    Tensor *zeros = cer_zeros(torch_int64, x->ndim + 1, shape);
    return x->numel ? torch_scatter_(zeros, -1, torch_unsqueeze(x, -1), 1) : zeros;
}
