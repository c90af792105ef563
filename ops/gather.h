/* Reading and writing elements that an index tensor names. Indices are int64 and checked: nothing is written where one is out
 * of range. `src` and `value` may be numbers where the line says so. Each function that writes has its in-place twin. */
#ifndef CERILLA_OPS_GATHER_H
#define CERILLA_OPS_GATHER_H

#include "../core/autograd.h"

TORCH_BEGIN

/* ---- index of the shape of the result, or of src ------------------------------------------------------------------- */
/* torch.gather: out[i][j] = x[index[i][j]][j] for dim 0; the index's shape. "index 5 is out of bounds for dimension 0 ..." */
TORCH_API Tensor *torch_gather(Tensor *x, int64_t dim, Tensor *index);
/* torch.take_along_dim: gather with the other dimensions broadcast; torch_take_along(x, i) without dim: of x.flatten() */
TORCH_API Tensor *torch_take_along_dim(Tensor *x, Tensor *index, int64_t dim);
TORCH_API Tensor *torch_take_along(Tensor *x, Tensor *index);
TORCH_API Tensor *torch_scatter_Scalar(Tensor *x, int64_t dim, Tensor *index, torch_Scalar src);
TORCH_API Tensor *torch_scatter__Scalar(Tensor *x, int64_t dim, Tensor *index, torch_Scalar src);
/* torch.scatter(x, dim, index, src): a copy with out[index[i][j]][j] = src[i][j] for dim 0; src a tensor or a number */
#define torch_scatter(x, dim, index, src) torch_scatter_Scalar(x, dim, index, TORCH_SCALAR(src))
#define torch_scatter_(x, dim, index, src) torch_scatter__Scalar(x, dim, index, TORCH_SCALAR(src))
TORCH_API Tensor *torch_scatter_by_Scalar(Tensor *x, int64_t dim, Tensor *index, torch_Scalar src, const char *reduce);
TORCH_API Tensor *torch_scatter_by__Scalar(Tensor *x, int64_t dim, Tensor *index, torch_Scalar src, const char *reduce);
/* torch.scatter(..., reduce=): "add" or "multiply" instead of overwriting */
#define torch_scatter_by(x, dim, index, src, reduce) torch_scatter_by_Scalar(x, dim, index, TORCH_SCALAR(src), reduce)
#define torch_scatter_by_(x, dim, index, src, reduce) torch_scatter_by__Scalar(x, dim, index, TORCH_SCALAR(src), reduce)
/* torch.scatter_add: out[index[i][j]][j] += src[i][j] */
TORCH_API Tensor *torch_scatter_add(Tensor *x, int64_t dim, Tensor *index, Tensor *src);
TORCH_API Tensor *torch_scatter_add_(Tensor *x, int64_t dim, Tensor *index, Tensor *src);
/* torch.scatter_reduce(x, dim, index, src, reduce, include_self=True): "sum", "prod", "mean", "amax", "amin" of what meets in
 * one place; with include_self false x counts only where nothing does */
typedef struct torch_ScatterReduceArgs {
    size_t struct_size;
    Tensor *self;
    int64_t dim;
    Tensor *index, *src;
    const char *reduce;
    bool include_self; /* default: true */
} torch_ScatterReduceArgs;
TORCH_API torch_ScatterReduceArgs torch_ScatterReduceArgs_defaults(void);
TORCH_API Tensor *torch_scatter_reduce_args(const torch_ScatterReduceArgs *args);
TORCH_API Tensor *torch_scatter_reduce__args(const torch_ScatterReduceArgs *args);
#define TORCH_SCATTER_REDUCE(...) \
    (&(torch_ScatterReduceArgs){  \
        .include_self = true, .struct_size = sizeof(torch_ScatterReduceArgs), .self = __VA_ARGS__})
#define torch_scatter_reduce(...) torch_scatter_reduce_args(TORCH_SCATTER_REDUCE(__VA_ARGS__))
#define torch_scatter_reduce_(...) torch_scatter_reduce__args(TORCH_SCATTER_REDUCE(__VA_ARGS__))

/* ---- a vector of indices: whole slices ----------------------------------------------------------------------------- */
/* torch.index_select: the slices x[..., index[k], ...]. int32 or int64. "index out of range in self" */
TORCH_API Tensor *torch_index_select(Tensor *x, int64_t dim, Tensor *index);
TORCH_API Tensor *torch_index_add(Tensor *x, int64_t dim, Tensor *index,
                                  Tensor *source); /* slices are added, in order */
TORCH_API Tensor *torch_index_add_(Tensor *x, int64_t dim, Tensor *index, Tensor *source);
TORCH_API Tensor *torch_index_add_alpha_Scalar(Tensor *x, int64_t dim, Tensor *index, Tensor *source,
                                               torch_Scalar alpha);
TORCH_API Tensor *torch_index_add_alpha__Scalar(Tensor *x, int64_t dim, Tensor *index, Tensor *source,
                                                torch_Scalar alpha);
#define torch_index_add_alpha(x, dim, index, source, alpha) /* index_add(..., alpha=): alpha times the slices */ \
    torch_index_add_alpha_Scalar(x, dim, index, source, TORCH_SCALAR(alpha))
#define torch_index_add_alpha_(x, dim, index, source, alpha) \
    torch_index_add_alpha__Scalar(x, dim, index, source, TORCH_SCALAR(alpha))
/* torch.index_reduce(x, dim, index, source, reduce, include_self=True): as scatter_reduce, of slices; "prod", "mean", "amax", "amin" */
TORCH_API Tensor *torch_index_reduce_args(const torch_ScatterReduceArgs *args);
TORCH_API Tensor *torch_index_reduce__args(const torch_ScatterReduceArgs *args);
#define torch_index_reduce(...) torch_index_reduce_args(TORCH_SCATTER_REDUCE(__VA_ARGS__))
#define torch_index_reduce_(...) torch_index_reduce__args(TORCH_SCATTER_REDUCE(__VA_ARGS__))
TORCH_API Tensor *torch_index_copy(Tensor *x, int64_t dim, Tensor *index, Tensor *source); /* slices are replaced */
TORCH_API Tensor *torch_index_copy_(Tensor *x, int64_t dim, Tensor *index, Tensor *source);
TORCH_API Tensor *torch_index_fill_Scalar(Tensor *x, int64_t dim, Tensor *index, torch_Scalar value);
TORCH_API Tensor *torch_index_fill__Scalar(Tensor *x, int64_t dim, Tensor *index, torch_Scalar value);
/* slices are filled with a number or a 0-d tensor; negative indices count from the end */
#define torch_index_fill(x, dim, index, value) torch_index_fill_Scalar(x, dim, index, TORCH_SCALAR(value))
#define torch_index_fill_(x, dim, index, value) torch_index_fill__Scalar(x, dim, index, TORCH_SCALAR(value))

/* ---- positions in the flattened tensor; negative ones count from the end ------------------------------------------- */
TORCH_API Tensor *torch_take(Tensor *x, Tensor *index); /* torch.take: x.flatten()[index], of the index's shape */
/* torch.put(x, index, source, accumulate): a copy with x.flatten()[index] = or += source */
TORCH_API Tensor *torch_put(Tensor *x, Tensor *index, Tensor *source, bool accumulate);
TORCH_API Tensor *torch_put_(Tensor *x, Tensor *index, Tensor *source, bool accumulate);

/* ---- masks --------------------------------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_masked_select(Tensor *x, Tensor *mask); /* where mask is true, 1-d; shapes broadcast */
/* torch.masked_scatter: a copy whose elements under the mask are those of source, one after the other */
TORCH_API Tensor *torch_masked_scatter(Tensor *x, Tensor *mask, Tensor *source);
TORCH_API Tensor *torch_masked_scatter_(Tensor *x, Tensor *mask, Tensor *source);

TORCH_END

#endif
