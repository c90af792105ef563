/* Looking at a tensor. All take a valid tensor; with NULL or a dead one they record an error and return what stands
 * behind each line. */
#ifndef CERILLA_TENSOR_H
#define CERILLA_TENSOR_H

#include "scalar.h"
#include "scope.h"

TORCH_BEGIN

/* torch.Size: by value, so that it outlives the tensor. */
typedef struct torch_Size {
    int64_t ndim;
    int64_t dim[TORCH_MAX_DIM];
} torch_Size;

/* Several tensors, as split, meshgrid or unbind return them. The tensors are borrowed like any result, the array belongs to the
 * innermost scope with them: torch_TensorList part = torch_split(x, 2, 0); ... part.tensor[0] ... length is -1 on error.
 * torch_unpack hands one on, as Python's *parts: torch_cat(torch_unpack(part), 0). */
typedef struct torch_TensorList {
    Tensor *const *tensor;
    int64_t length;
} torch_TensorList;
#define torch_unpack(list) (list).tensor, (list).length

TORCH_API torch_Size torch_shape(const Tensor *x); /* x.shape;      ndim -1 on error */
/* x.size(dim), negative dims count from the end;      -1 */
TORCH_API int64_t torch_size(const Tensor *x, int64_t dim);
TORCH_API int64_t torch_dim(const Tensor *x);                 /* x.dim(), x.ndim;      -1 */
TORCH_API int64_t torch_numel(const Tensor *x);               /* x.numel();      -1 */
TORCH_API int64_t torch_stride(const Tensor *x, int64_t dim); /* x.stride(dim), in elements;      -1 */
TORCH_API int64_t torch_storage_offset(const Tensor *x);      /* x.storage_offset(), in elements;      -1 */
TORCH_API torch_dtype torch_dtype_of(const Tensor *x);        /* x.dtype;      torch_dtype_none */
TORCH_API bool torch_is_contiguous(const Tensor *x);          /* x.is_contiguous();      false */
TORCH_API bool torch_is_floating_point(const Tensor *x);      /* torch.is_floating_point(x);      false */
TORCH_API int64_t torch_version_of(const Tensor *x);          /* x._version: in-place changes so far;      -1 */

/* x.data_ptr(): the first element; write through it only where PyTorch users would (no graph sees it).      NULL */
TORCH_API void *torch_data_ptr(const Tensor *x);

/* x.item(): the only element, as double (a bool as 0 or 1; int64 beyond 2^53 rounds: use torch_item_scalar).
 * RuntimeError "a Tensor with 2 elements cannot be converted to Scalar".      NaN, or kind NONE */
TORCH_API double torch_item(const Tensor *x);
TORCH_API torch_Scalar torch_item_scalar(const Tensor *x);

TORCH_END

#endif
