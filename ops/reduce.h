/* Reductions. */
#ifndef CERILLA_OPS_REDUCE_H
#define CERILLA_OPS_REDUCE_H

#include "../core/autograd.h"

TORCH_BEGIN

/* ---- reductions -----------------------------------------------------------------------------------------------------
 * torch_sum(x), torch_sum(x, 1), torch_sum(x, .dim = 1, .keepdim = true), torch_sum(x, .dims = TORCH_DIM_LIST(0, 2)). */
typedef struct torch_ReduceArgs {
    size_t struct_size;
    Tensor *self;
    int64_t dim; /* TORCH_NONE: all */
    bool keepdim;
    torch_dtype dtype;   /* of the result; sum and mean */
    const int64_t *dims; /* several dims instead of one: n_dims of them */
    int64_t n_dims;
} torch_ReduceArgs;
TORCH_API torch_ReduceArgs torch_ReduceArgs_defaults(void);
#define TORCH_REDUCE(...) \
    (&(torch_ReduceArgs){.dim = TORCH_NONE, .struct_size = sizeof(torch_ReduceArgs), .self = __VA_ARGS__})
#define TORCH_DIM_LIST(...) \
    (const int64_t[]){__VA_ARGS__}, .n_dims = (int64_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
TORCH_API Tensor *torch_sum_args(const torch_ReduceArgs *args);
TORCH_API Tensor *torch_mean_args(const torch_ReduceArgs *args);
TORCH_API Tensor *torch_argmax_args(const torch_ReduceArgs *args);
TORCH_API Tensor *torch_argmin_args(const torch_ReduceArgs *args);
#define torch_sum(...) torch_sum_args(TORCH_REDUCE(__VA_ARGS__)) /* integers and bool sum to int64 */
/* floating dtypes. "mean(): could not infer output dtype. ..." */
#define torch_mean(...) torch_mean_args(TORCH_REDUCE(__VA_ARGS__))
#define torch_argmax(...) torch_argmax_args(TORCH_REDUCE(__VA_ARGS__)) /* int64 index of the first maximum */
#define torch_argmin(...) torch_argmin_args(TORCH_REDUCE(__VA_ARGS__))
TORCH_API Tensor *torch_max(Tensor *x); /* of all elements, 0-d; a NaN wins. Gradient shared evenly among equals */
TORCH_API Tensor *torch_min(Tensor *x);
/* torch.max(x, dim, keepdim): values; *indices, if not NULL, the index of each. Gradient to that element. */
TORCH_API Tensor *torch_max_dim(Tensor *x, int64_t dim, bool keepdim, Tensor **indices);
TORCH_API Tensor *torch_min_dim(Tensor *x, int64_t dim, bool keepdim, Tensor **indices);

TORCH_END

#endif
