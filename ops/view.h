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
/* x.view(dtype): the same bytes read as another type. The last dimension shrinks or grows by the ratio of their sizes, and must be
 * contiguous for that. Without history. "self.size(-1) must be divisible by 2 to view Float as Double (different element sizes)" */
TORCH_API Tensor *torch_view_dtype(Tensor *x, torch_dtype dtype);
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
#define torch_swapaxes torch_transpose
#define torch_swapdims torch_transpose
#define torch_swapaxes_ torch_transpose_
#define torch_swapdims_ torch_transpose_
TORCH_API Tensor *torch_t(Tensor *x);       /* x.t(): at most 2-d */
TORCH_API Tensor *torch_t_(Tensor *x);      /* in place */
TORCH_API Tensor *torch_T(Tensor *x);       /* x.T: all dimensions reversed; warns where x is not 2-d */
TORCH_API Tensor *torch_mT(Tensor *x);      /* x.mT: the last two dimensions exchanged */
TORCH_API Tensor *torch_H(Tensor *x);       /* x.H: of 2 dimensions. Types are real, so T, mT without the conjugate */
TORCH_API Tensor *torch_mH(Tensor *x);      /* x.mH */
TORCH_API Tensor *torch_adjoint(Tensor *x); /* torch.adjoint(x) */
/* torch.movedim(x, source, destination): the others keep their order. With tuples: torch_movedim_dims(x, TORCH_DIMS(0, 1),
 * TORCH_DIMS(2, 0)). "movedim: repeated dim in `source` ([0, 0])" */
TORCH_API Tensor *torch_movedim(Tensor *x, int64_t source, int64_t destination);
TORCH_API Tensor *torch_movedim_dims(Tensor *x, int64_t n, const int64_t *source, int64_t n_destination,
                                     const int64_t *destination);
#define torch_moveaxis torch_movedim
#define torch_moveaxis_dims torch_movedim_dims
TORCH_API Tensor *torch_select(Tensor *x, int64_t dim, int64_t index); /* x.select(dim, i): without dim. IndexError */
/* x[start:end:step] along dim: torch.slice. TORCH_NONE for None; bounds beyond the ends are clipped. step > 0 */
TORCH_API Tensor *torch_slice(Tensor *x, int64_t dim, int64_t start, int64_t end, int64_t step);
/* x.narrow(dim, start, length) */
TORCH_API Tensor *torch_narrow(Tensor *x, int64_t dim, int64_t start, int64_t length);
/* x.diagonal(offset=0, dim1=0, dim2=1): elements (i, i + offset) of two dimensions, as the last one; the others before it */
TORCH_API Tensor *torch_diagonal(Tensor *x, int64_t offset, int64_t dim1, int64_t dim2);
TORCH_API Tensor *torch_squeeze(Tensor *x);                  /* without all dimensions of size 1 */
TORCH_API Tensor *torch_squeeze_dim(Tensor *x, int64_t dim); /* x.squeeze(dim): without dim if its size is 1 */
TORCH_API Tensor *torch_squeeze_(Tensor *x);                 /* in place: x's own shape */
TORCH_API Tensor *torch_squeeze_dim_(Tensor *x, int64_t dim);
TORCH_API Tensor *torch_unsqueeze(Tensor *x, int64_t dim); /* with a new dimension of size 1 */
TORCH_API Tensor *torch_unsqueeze_(Tensor *x, int64_t dim);
/* x.unflatten(dim, sizes): torch_unflatten(x, 1, TORCH_DIMS(2, -1)). "... don't multiply up to the size of dim 1 (6) ..." */
TORCH_API Tensor *torch_unflatten(Tensor *x, int64_t dim, int64_t n, const int64_t *sizes);
TORCH_API Tensor *torch_ravel(Tensor *x); /* 1-d, contiguous */
TORCH_API Tensor *torch_reshape_as(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_atleast_1d(Tensor *x); /* x itself, or a view of it with that many dimensions */
TORCH_API Tensor *torch_atleast_2d(Tensor *x);
TORCH_API Tensor *torch_atleast_3d(Tensor *x);
#define torch_broadcast_to torch_expand
#define torch_broadcast_to_n torch_expand_n
/* torch.broadcast_tensors(a, b): all of them expanded to one shape: torch_broadcast_tensors(torch_tensors(a, b)) */
TORCH_API torch_TensorList torch_broadcast_tensors_n(Tensor *const *tensors, int64_t n);
#define torch_broadcast_tensors(...) torch_broadcast_tensors_n(__VA_ARGS__)
/* torch.broadcast_shapes(a, b): that shape. ndim -1 and RuntimeError "Shape mismatch: ..." where there is none */
TORCH_API torch_Size torch_broadcast_shapes_n(const torch_Size *shapes, int64_t n);
/* torch.meshgrid(a, b, indexing="ij"): torch_meshgrid(torch_tensors(a, b), "ij"). "xy" exchanges the first two dimensions;
 * NULL is "ij", and PyTorch's warning that it must be said */
TORCH_API torch_TensorList torch_meshgrid_n(Tensor *const *tensors, int64_t n, const char *indexing);
#define torch_meshgrid(...) torch_meshgrid_n(__VA_ARGS__)

/* torch.select_scatter(x, src, dim, index): a copy of x in which that slice is src; x's dtype. "expected src to have a size equal to
 * the slice of self. src size = [2], slice size = [3]". Likewise torch.diagonal_scatter(x, src, offset=0, dim1=0, dim2=1) and
 * torch.slice_scatter(x, src, dim=0, start=None, end=None, step=1): torch_slice_scatter(x, src, 1, .end = 2) */
TORCH_API Tensor *torch_select_scatter(Tensor *x, Tensor *src, int64_t dim, int64_t index);
TORCH_API Tensor *torch_diagonal_scatter(Tensor *x, Tensor *src, int64_t offset, int64_t dim1, int64_t dim2);
typedef struct torch_SliceScatterArgs {
    size_t struct_size;
    Tensor *self, *src;
    int64_t dim, start, end; /* default of start and end: TORCH_NONE */
    int64_t step;            /* default: 1 */
} torch_SliceScatterArgs;
TORCH_API torch_SliceScatterArgs torch_SliceScatterArgs_defaults(void);
TORCH_API Tensor *torch_slice_scatter_args(const torch_SliceScatterArgs *args);
#define torch_slice_scatter(...)                                                                      \
    torch_slice_scatter_args(&(torch_SliceScatterArgs){.start = TORCH_NONE,                           \
                                                       .end = TORCH_NONE,                             \
                                                       .step = 1,                                     \
                                                       .struct_size = sizeof(torch_SliceScatterArgs), \
                                                       .self = __VA_ARGS__})
/* torch.as_strided_scatter(x, src, size, stride, storage_offset): torch_as_strided_scatter(x, src, TORCH_DIMS(2, 2), TORCH_DIMS(1, 2),
 * 0), of x's elements in row order */
TORCH_API Tensor *torch_as_strided_scatter_n(Tensor *x, Tensor *src, int64_t ndim, const int64_t *size,
                                             int64_t n_stride, const int64_t *stride, int64_t offset);
#define torch_as_strided_scatter(...) torch_as_strided_scatter_n(__VA_ARGS__)

/* x.as_strided(size, stride): torch_as_strided_n(x, TORCH_DIMS(2, 2), TORCH_DIMS(1, 2)); _at: with storage_offset, in elements,
 * from the first of the storage. Elements may overlap; gradients add up. "setStorage: sizes ... are out of bounds ..." */
TORCH_API Tensor *torch_as_strided_n(Tensor *x, int64_t ndim, const int64_t *size, int64_t n_stride,
                                     const int64_t *stride);
TORCH_API Tensor *torch_as_strided_at_n(Tensor *x, int64_t ndim, const int64_t *size, int64_t n_stride,
                                        const int64_t *stride, int64_t storage_offset);
#define torch_as_strided(...) torch_as_strided_n(__VA_ARGS__)
#define torch_as_strided_at(...) torch_as_strided_at_n(__VA_ARGS__)
/* x.unfold(dim, size, step): windows along dim, their elements in a new last dimension. "step is 0 but must be > 0" */
TORCH_API Tensor *torch_unfold(Tensor *x, int64_t dim, int64_t size, int64_t step);
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
/* lists: torch_cat(torch_tensors(a, b), 1), torch_cat(torch_unpack(list), 1): joined along an existing dim */
#define torch_cat(...) torch_cat_n(__VA_ARGS__)
#define torch_concat torch_cat
#define torch_stack(...) torch_stack_n(__VA_ARGS__) /* torch_stack(torch_tensors(a, b), 0): joined along a new dim */
/* torch_hstack(torch_tensors(a, b)): cat along dim 1, of 1-d tensors along 0; vstack, dstack: along 0 and 2, of tensors made
 * at least 2-d and 3-d; column_stack: hstack with 1-d tensors as columns. "hstack expects a non-empty TensorList" */
TORCH_API Tensor *torch_hstack_n(Tensor *const *tensors, int64_t n);
TORCH_API Tensor *torch_vstack_n(Tensor *const *tensors, int64_t n);
TORCH_API Tensor *torch_dstack_n(Tensor *const *tensors, int64_t n);
TORCH_API Tensor *torch_column_stack_n(Tensor *const *tensors, int64_t n);
#define torch_hstack(...) torch_hstack_n(__VA_ARGS__)
#define torch_vstack(...) torch_vstack_n(__VA_ARGS__)
#define torch_row_stack torch_vstack
#define torch_dstack(...) torch_dstack_n(__VA_ARGS__)
#define torch_column_stack(...) torch_column_stack_n(__VA_ARGS__)
/* torch.block_diag(a, b): a matrix of zeros with these along its diagonal; 1-d and 0-d ones are rows */
TORCH_API Tensor *torch_block_diag_n(Tensor *const *tensors, int64_t n);
#define torch_block_diag(...) torch_block_diag_n(__VA_ARGS__)
/* torch.cartesian_prod(a, b): every pair of elements, (len(a) len(b), 2). "Expect a 1D vector, but got shape [2, 3]" */
TORCH_API Tensor *torch_cartesian_prod_n(Tensor *const *tensors, int64_t n);
#define torch_cartesian_prod(...) torch_cartesian_prod_n(__VA_ARGS__)
/* torch.combinations(x, r=2, with_replacement=False): (how many, r) */
TORCH_API Tensor *torch_combinations(Tensor *x, int64_t r, bool with_replacement);

TORCH_END

#endif
