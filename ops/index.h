/* Indexing as Python has it: x[...] and x[...] = v. */
#ifndef CERILLA_OPS_INDEX_H
#define CERILLA_OPS_INDEX_H

#include "../core/autograd.h"

TORCH_BEGIN

/* x[...] in Python's own slice text with printf arguments (%d %ld %lld %i %zu %%): torch_index(x, ":, -1, :"),
 * torch_index(x, "%d, None, ..., ::2", i). Integers, slices, None, Ellipsis: a view. IndexError "too many indices for tensor of
 * dimension 2", "index 5 is out of bounds for dimension 0 with size 3"; ValueError "slice step must be positive"; SyntaxError as
 * ValueError. */
TORCH_API Tensor *torch_index(Tensor *x, const char *text, ...) TORCH_PRINTF(2, 3);

/* x[i, j]: a copy of the elements that tensors name. int64 (negative ones count from the end) or masks of bool or uint8,
 * broadcast against each other: torch_index_tensors(x, torch_tensors(rows, columns)), torch_index_tensors(x, torch_tensors(mask)).
 * "The shape of the mask [2] at index 0 does not match the shape of the indexed tensor [3] at index 0" */
TORCH_API Tensor *torch_index_tensors_n(Tensor *x, Tensor *const *index, int64_t n);
#define torch_index_tensors(...) torch_index_tensors_n(__VA_ARGS__)
/* Both: each T in the text is the next of the tensors. x[:, i, 1:k] is torch_index_with(x, torch_tensors(i), ":, T, 1:%d", k) */
TORCH_API Tensor *torch_index_with_n(Tensor *x, Tensor *const *index, int64_t n, const char *text, ...)
    TORCH_PRINTF(4, 5);
#define torch_index_with(...) torch_index_with_n(__VA_ARGS__)

/* x[...] = value, a number or a tensor that broadcasts: torch_setitem(x, 0, ":, 1"). Returns x. In place, on the graph too. */
TORCH_API Tensor *torch_setitem_Scalar(Tensor *x, torch_Scalar value, const char *text, ...) TORCH_PRINTF(3, 4);
#define torch_setitem(x, value, ...) torch_setitem_Scalar(x, TORCH_SCALAR(value), __VA_ARGS__)
/* x[i, 1:] = value is torch_setitem_with(x, value, torch_tensors(i), "T, 1:"); x[mask] = 0 has "T" */
TORCH_API Tensor *torch_setitem_with_n(Tensor *x, torch_Scalar value, Tensor *const *index, int64_t n, const char *text,
                                       ...) TORCH_PRINTF(5, 6);
#define torch_setitem_with(x, value, ...) torch_setitem_with_n(x, TORCH_SCALAR(value), __VA_ARGS__)

/* x.index_put(indices, values, accumulate): a copy with x[i, j] = or += values, which broadcast and have x's dtype. Where indices
 * repeat: the last one stays, or all are added in order. torch_index_put(x, torch_tensors(i, j), values, false) */
TORCH_API Tensor *torch_index_put_n(Tensor *x, Tensor *const *index, int64_t n, Tensor *values, bool accumulate);
TORCH_API Tensor *torch_index_put__n(Tensor *x, Tensor *const *index, int64_t n, Tensor *values, bool accumulate);
#define torch_index_put(...) torch_index_put_n(__VA_ARGS__)
#define torch_index_put_(...) torch_index_put__n(__VA_ARGS__)

TORCH_END

#endif
