/* Parts of a tensor, and its elements in another order. */
#ifndef CERILLA_OPS_REARRANGE_H
#define CERILLA_OPS_REARRANGE_H

#include "view.h"

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

/* ---- in another order: copies ------------------------------------------------------------------------------------ */
TORCH_API Tensor *torch_flip_n(Tensor *x, int64_t n, const int64_t *dims);
#define torch_flip(x, ...) \
    torch_flip_n(x, TORCH_DIMS(__VA_ARGS__)) /* torch_flip(x, 0, 1): read backwards along these */
TORCH_API Tensor *torch_fliplr(Tensor *x);   /* along dim 1. "Input must be >= 2-d." */
TORCH_API Tensor *torch_flipud(Tensor *x);   /* along dim 0 */
/* torch.rot90(x, k=1, dims=(0, 1)): k quarter turns from dim0 towards dim1 */
TORCH_API Tensor *torch_rot90(Tensor *x, int64_t k, int64_t dim0, int64_t dim1);
/* torch.roll(x, shifts, dims): what is shifted out at the end comes in at the start. torch_roll(x, 1, 0) along one dim;
 * several: torch_roll_n(x, TORCH_DIMS(1, 2), TORCH_DIMS(0, 1)); without dims (0, NULL): of x.flatten() */
TORCH_API Tensor *torch_roll_n(Tensor *x, int64_t n, const int64_t *shifts, int64_t n_dims, const int64_t *dims);
#define torch_roll(x, shift, dim) torch_roll_n(x, TORCH_DIMS(shift), TORCH_DIMS(dim))

/* ---- copies of x side by side ------------------------------------------------------------------------------------ */
TORCH_API Tensor *torch_repeat_n(Tensor *x, int64_t n, const int64_t *repeats);
#define torch_repeat(x, ...) \
    torch_repeat_n(x, TORCH_DIMS(__VA_ARGS__)) /* x.repeat(2, 1): so often along each dimension */
TORCH_API Tensor *torch_tile_n(Tensor *x, int64_t n, const int64_t *repeats);
#define torch_tile(x, ...) torch_tile_n(x, TORCH_DIMS(__VA_ARGS__)) /* the same, missing leading numbers being 1 */
/* x.repeat_interleave(repeats, dim): every slice so often. repeats: an integer, or an integer tensor with one number for each
 * slice; dim TORCH_NONE: of x.flatten(). "repeats must have the same size as input along dim" */
TORCH_API Tensor *torch_repeat_interleave_Scalar(Tensor *x, torch_Scalar repeats, int64_t dim);
#define torch_repeat_interleave(x, repeats, dim) torch_repeat_interleave_Scalar(x, TORCH_SCALAR(repeats), dim)
/* torch.repeat_interleave(repeats): the index of every slice, so often */
TORCH_API Tensor *torch_repeat_interleave_counts(Tensor *repeats);

/* ---- diagonals and triangles ------------------------------------------------------------------------------------- */
/* torch.diag(x, diagonal=0): of a vector the matrix with that diagonal, of a matrix its diagonal. "matrix or a vector expected" */
TORCH_API Tensor *torch_diag(Tensor *x, int64_t diagonal);
/* torch.diag_embed(x, offset=0, dim1=-2, dim2=-1): zeros but for diagonal(offset, dim1, dim2), which is x */
TORCH_API Tensor *torch_diag_embed(Tensor *x, int64_t offset, int64_t dim1, int64_t dim2);
TORCH_API Tensor *torch_diagflat(Tensor *x, int64_t offset); /* diag of x.flatten() */
/* x.fill_diagonal_(value, wrap=False); wrap: a tall matrix gets further diagonals below. "dimensions must larger than 1" */
TORCH_API Tensor *torch_fill_diagonal__Scalar(Tensor *x, torch_Scalar value, bool wrap);
#define torch_fill_diagonal_(x, value, wrap) torch_fill_diagonal__Scalar(x, TORCH_SCALAR(value), wrap)
TORCH_API Tensor *torch_tril(Tensor *x,
                             int64_t diagonal); /* 0 above that diagonal, x elsewhere; of every matrix of x */
TORCH_API Tensor *torch_triu(Tensor *x, int64_t diagonal); /* 0 below it */
TORCH_API Tensor *torch_tril_(Tensor *x, int64_t diagonal);
TORCH_API Tensor *torch_triu_(Tensor *x, int64_t diagonal);
/* torch.tril_indices(row, col, offset=0, dtype): (2, n) rows and columns of the triangle's elements. int64 (also for
 * torch_dtype_none) or int32 */
TORCH_API Tensor *torch_tril_indices(int64_t row, int64_t col, int64_t offset, torch_dtype dtype);
TORCH_API Tensor *torch_triu_indices(int64_t row, int64_t col, int64_t offset, torch_dtype dtype);

TORCH_END

#endif
