/* Parts of a tensor, and its elements in another order. */
#ifndef CERILLA_OPS_REARRANGE_H
#define CERILLA_OPS_REARRANGE_H

#include "../core/autograd.h"

TORCH_BEGIN

/* ---- in parts: views ------------------------------------------------------------------------------------------------
 * split, chunk and unbind are functions with several views as outputs: RuntimeError for writing one of those in place while
 * that is recorded. */
/* torch.split(x, size, dim): parts of that length along dim, the last may be shorter. "split_size can only be 0 if ..." */
TORCH_API torch_TensorList torch_split(Tensor *x, int64_t size, int64_t dim);
/* torch.split(x, [1, 2], dim): torch_split_with_sizes(x, TORCH_DIMS(1, 2), dim). "... to sum exactly to 3 ..." */
TORCH_API torch_TensorList torch_split_with_sizes(Tensor *x, int64_t n, const int64_t *sizes, int64_t dim);
/* torch.chunk(x, chunks, dim): parts of ceil(size / chunks), so there may be fewer of them */
TORCH_API torch_TensorList torch_chunk(Tensor *x, int64_t chunks, int64_t dim);
TORCH_API torch_TensorList torch_unbind(Tensor *x, int64_t dim); /* x.unbind(dim): x.select(dim, i) for every i */
/* torch.tensor_split(x, sections, dim): exactly that many, the first ones longer by one where it does not divide */
TORCH_API torch_TensorList torch_tensor_split(Tensor *x, int64_t sections, int64_t dim);
/* torch.tensor_split(x, (1, 3), dim): x[:1], x[1:3], x[3:] along dim, for torch_tensor_split_indices(x, TORCH_DIMS(1, 3), dim) */
TORCH_API torch_TensorList torch_tensor_split_indices(Tensor *x, int64_t n, const int64_t *indices, int64_t dim);
TORCH_API torch_TensorList torch_hsplit(Tensor *x, int64_t sections); /* tensor_split along dim 1 (0 of a 1-d x) */
TORCH_API torch_TensorList torch_vsplit(Tensor *x, int64_t sections); /* along dim 0, of 2 dimensions at least */
TORCH_API torch_TensorList torch_dsplit(Tensor *x, int64_t sections); /* along dim 2, of 3 dimensions at least */
TORCH_API torch_TensorList torch_hsplit_indices(Tensor *x, int64_t n, const int64_t *indices);
TORCH_API torch_TensorList torch_vsplit_indices(Tensor *x, int64_t n, const int64_t *indices);
TORCH_API torch_TensorList torch_dsplit_indices(Tensor *x, int64_t n, const int64_t *indices);

TORCH_END

#endif
