/* Sorting and what sorting answers. NaN is the largest. Where indices are asked for, equal elements keep their order. */
#ifndef CERILLA_OPS_SORT_H
#define CERILLA_OPS_SORT_H

#include "../core/autograd.h"

TORCH_BEGIN

/* torch.sort: values; *indices, if not NULL, where each was. torch_sort(x), torch_sort(x, 0, true),
 * torch_sort(x, .descending = true, .indices = &i). Always stable: the option only changes what grad_fn prints. */
typedef struct torch_SortArgs {
    size_t struct_size;
    Tensor *self;
    int64_t dim; /* default: -1 */
    bool descending, stable;
    Tensor **indices;
} torch_SortArgs;
TORCH_API torch_SortArgs torch_SortArgs_defaults(void);
#define TORCH_SORT(...) (&(torch_SortArgs){.dim = -1, .struct_size = sizeof(torch_SortArgs), .self = __VA_ARGS__})
TORCH_API Tensor *torch_sort_args(const torch_SortArgs *args);
TORCH_API Tensor *torch_argsort_args(const torch_SortArgs *args);
#define torch_sort(...) torch_sort_args(TORCH_SORT(__VA_ARGS__))
#define torch_argsort(...) torch_argsort_args(TORCH_SORT(__VA_ARGS__)) /* the indices alone */
TORCH_API Tensor *torch_msort(Tensor *x);                              /* along dimension 0 */

/* torch.topk: the k largest, in descending order, or the k smallest, in ascending order (sorted or not). Among equals those
 * that come first. torch_topk(x, 5), torch_topk(x, 5, .largest = false, .indices = &i). "selected index k out of range" */
typedef struct torch_TopkArgs {
    size_t struct_size;
    Tensor *self;
    int64_t k, dim;       /* default: -1 */
    bool largest, sorted; /* default: true, true */
    Tensor **indices;
} torch_TopkArgs;
TORCH_API torch_TopkArgs torch_TopkArgs_defaults(void);
TORCH_API Tensor *torch_topk_args(const torch_TopkArgs *args);
#define torch_topk(...)                \
    torch_topk_args(&(torch_TopkArgs){ \
        .dim = -1, .largest = true, .sorted = true, .struct_size = sizeof(torch_TopkArgs), .self = __VA_ARGS__})
/* torch.kthvalue: the k-th smallest (k from 1); torch_kthvalue(x, 2), torch_kthvalue(x, 2, .indices = &i) */
typedef struct torch_KthvalueArgs {
    size_t struct_size;
    Tensor *self;
    int64_t k, dim; /* default: -1 */
    bool keepdim;
    Tensor **indices;
} torch_KthvalueArgs;
TORCH_API torch_KthvalueArgs torch_KthvalueArgs_defaults(void);
TORCH_API Tensor *torch_kthvalue_args(const torch_KthvalueArgs *args);
#define torch_kthvalue(...) \
    torch_kthvalue_args(    \
        &(torch_KthvalueArgs){.dim = -1, .struct_size = sizeof(torch_KthvalueArgs), .self = __VA_ARGS__})

TORCH_END

#endif
