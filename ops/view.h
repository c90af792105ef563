/* Views, copies and joins. */
#ifndef CERILLA_OPS_VIEW_H
#define CERILLA_OPS_VIEW_H

#include "../core/autograd.h"

TORCH_BEGIN

/* ---- views: the result shows x's memory -------------------------------------------------------------------------- */
#define TORCH_DIMS(...)                                                              \
    (int64_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]) \
    {                                                                                \
        __VA_ARGS__                                                                  \
    }
TORCH_API Tensor *torch_view_n(Tensor *x, int64_t ndim, const int64_t *size);
/* x.view(2, -1). "view size is not compatible ...", "shape '[4]' is invalid for input of size 6" */
#define torch_view(x, ...) torch_view_n(x, TORCH_DIMS(__VA_ARGS__))
TORCH_API Tensor *torch_reshape_n(Tensor *x, int64_t ndim, const int64_t *size);
#define torch_reshape(x, ...) torch_reshape_n(x, TORCH_DIMS(__VA_ARGS__)) /* a view where possible, else a copy */
TORCH_API Tensor *torch_expand_n(Tensor *x, int64_t ndim, const int64_t *size);
#define torch_expand(x, ...) torch_expand_n(x, TORCH_DIMS(__VA_ARGS__)) /* x.expand(4, -1): stride 0 where repeated */
TORCH_API Tensor *torch_permute_n(Tensor *x, int64_t ndim, const int64_t *dims);
#define torch_permute(x, ...) torch_permute_n(x, TORCH_DIMS(__VA_ARGS__))
TORCH_API Tensor *torch_expand_as(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_view_as(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_transpose(Tensor *x, int64_t dim0, int64_t dim1);
TORCH_API Tensor *torch_transpose_(Tensor *x, int64_t dim0, int64_t dim1); /* in place: x's own shape and strides */
TORCH_API Tensor *torch_t(Tensor *x);                                      /* x.t(): at most 2-d */
TORCH_API Tensor *torch_T(Tensor *x);                                      /* x.T: all dimensions reversed */
TORCH_API Tensor *torch_select(Tensor *x, int64_t dim, int64_t index); /* x.select(dim, i): without dim. IndexError */
/* x[start:end:step] along dim: torch.slice. TORCH_NONE for None; bounds beyond the ends are clipped. step > 0 */
TORCH_API Tensor *torch_slice(Tensor *x, int64_t dim, int64_t start, int64_t end, int64_t step);
/* x.narrow(dim, start, length) */
TORCH_API Tensor *torch_narrow(Tensor *x, int64_t dim, int64_t start, int64_t length);
/* x.diagonal(offset=0, dim1=0, dim2=1): elements (i, i + offset) of two dimensions, as the last one; the others before it */
TORCH_API Tensor *torch_diagonal(Tensor *x, int64_t offset, int64_t dim1, int64_t dim2);
TORCH_API Tensor *torch_squeeze(Tensor *x);                  /* without all dimensions of size 1 */
TORCH_API Tensor *torch_squeeze_dim(Tensor *x, int64_t dim); /* x.squeeze(dim): without dim if its size is 1 */
TORCH_API Tensor *torch_unsqueeze(Tensor *x, int64_t dim);   /* with a new dimension of size 1 */
/* x.flatten(start, end); a view where possible */
TORCH_API Tensor *torch_flatten_dims(Tensor *x, int64_t start_dim, int64_t end_dim);
TORCH_API Tensor *torch_flatten(Tensor *x); /* x.flatten(): 1-d */

/* ---- copies and casts -------------------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_clone(Tensor *x);
TORCH_API Tensor *torch_contiguous(Tensor *x);            /* x itself when it is */
TORCH_API Tensor *torch_to(Tensor *x, torch_dtype dtype); /* x.to(dtype): x itself when it has it */
/* x.float(), x.long(), ...: a name without parentheses is still the dtype. */
#define torch_float(x) torch_to(x, torch_float32)
#define torch_double(x) torch_to(x, torch_float64)
#define torch_half(x) torch_to(x, torch_float16)
#define torch_bfloat16(x) torch_to(x, torch_bfloat16)
#define torch_long(x) torch_to(x, torch_int64)
#define torch_int(x) torch_to(x, torch_int32)
#define torch_short(x) torch_to(x, torch_int16)
#define torch_byte(x) torch_to(x, torch_uint8)
#define torch_bool(x) torch_to(x, torch_bool)
#define torch_type_as(x, other) torch_to(x, torch_dtype_of(other)) /* x.type_as(other) */
/* ---- joining ----------------------------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_cat_n(Tensor *const *tensors, int64_t n, int64_t dim);
TORCH_API Tensor *torch_stack_n(Tensor *const *tensors, int64_t n, int64_t dim);
#define torch_tensors(...) \
    (Tensor *const[]){__VA_ARGS__}, (int64_t)(sizeof((Tensor *const[]){__VA_ARGS__}) / sizeof(Tensor *))
/* torch_cat(torch_tensors(a, b), 1): joined along an existing dim */
#define torch_cat(...) torch_cat_n(__VA_ARGS__)
#define torch_stack(...) torch_stack_n(__VA_ARGS__) /* torch_stack(torch_tensors(a, b), 0): joined along a new dim */

TORCH_END

#endif
