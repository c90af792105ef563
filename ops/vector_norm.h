/* Norms, distances and similarities. */
#ifndef CERILLA_OPS_VECTOR_NORM_H
#define CERILLA_OPS_VECTOR_NORM_H

#include "../core/autograd.h"

TORCH_BEGIN

/* torch.norm(x, p, dim, keepdim, dtype): (sum |x|^p)^(1/p); torch_norm(x), torch_norm(x, 1, 0), torch_norm(x, .dim = 1). p may be 0
 * (how many are not 0), INFINITY and -INFINITY (the largest and the least). "norm(): input dtype should be ..." */
typedef struct torch_NormArgs {
    size_t struct_size;
    Tensor *self;
    double p;    /* NaN: "fro", which is 2 */
    int64_t dim; /* TORCH_NONE: all */
    bool keepdim;
    torch_dtype dtype;
    const int64_t *dims; /* several dims instead of one: n_dims of them */
    int64_t n_dims;
} torch_NormArgs;
TORCH_API torch_NormArgs torch_NormArgs_defaults(void);
TORCH_API Tensor *torch_norm_args(const torch_NormArgs *args);
#define torch_norm(...)                \
    torch_norm_args(&(torch_NormArgs){ \
        .p = TORCH_NAN, .dim = TORCH_NONE, .struct_size = sizeof(torch_NormArgs), .self = __VA_ARGS__})

/* torch.linalg.vector_norm(x, ord, dim, keepdim): the same formula; no identity for what is empty and ord < 0 or infinite */
typedef struct torch_VectorNormArgs {
    size_t struct_size;
    Tensor *self;
    double ord;  /* 2 */
    int64_t dim; /* TORCH_NONE: all */
    bool keepdim;
    torch_dtype dtype;
    const int64_t *dims;
    int64_t n_dims;
} torch_VectorNormArgs;
TORCH_API torch_VectorNormArgs torch_VectorNormArgs_defaults(void);
TORCH_API Tensor *torch_linalg_vector_norm_args(const torch_VectorNormArgs *args);
#define torch_linalg_vector_norm(...)                      \
    torch_linalg_vector_norm_args(&(torch_VectorNormArgs){ \
        .ord = 2, .dim = TORCH_NONE, .struct_size = sizeof(torch_VectorNormArgs), .self = __VA_ARGS__})

TORCH_API Tensor *torch_dist(Tensor *x, Tensor *other, double p); /* norm(x - other, p), 0-d */

/* F.normalize(input, p=2, dim=1, eps=1e-12): input / max(norm(input, p, dim), eps) */
typedef struct F_NormalizeArgs {
    size_t struct_size;
    Tensor *input;
    double p;
    int64_t dim;
    double eps;
} F_NormalizeArgs;
TORCH_API F_NormalizeArgs F_NormalizeArgs_defaults(void);
TORCH_API Tensor *F_normalize_args(const F_NormalizeArgs *args);
#define F_normalize(...)                 \
    F_normalize_args(&(F_NormalizeArgs){ \
        .p = 2, .dim = 1, .eps = 1e-12, .struct_size = sizeof(F_NormalizeArgs), .input = __VA_ARGS__})

/* F.cosine_similarity(x1, x2, dim=1, eps=1e-8): sum of x1 x2 / (max(|x1|, eps) max(|x2|, eps)) along dim */
typedef struct F_CosineArgs {
    size_t struct_size;
    Tensor *x1, *x2;
    int64_t dim;
    double eps;
} F_CosineArgs;
TORCH_API F_CosineArgs F_CosineArgs_defaults(void);
TORCH_API Tensor *F_cosine_similarity_args(const F_CosineArgs *args);
#define F_cosine_similarity(...) \
    F_cosine_similarity_args(    \
        &(F_CosineArgs){.dim = 1, .eps = 1e-8, .struct_size = sizeof(F_CosineArgs), .x1 = __VA_ARGS__})

/* F.pairwise_distance(x1, x2, p=2, eps=1e-6, keepdim=False): norm(x1 - x2 + eps, p) along the last dimension */
typedef struct F_PairwiseArgs {
    size_t struct_size;
    Tensor *x1, *x2;
    double p, eps;
    bool keepdim;
} F_PairwiseArgs;
TORCH_API F_PairwiseArgs F_PairwiseArgs_defaults(void);
TORCH_API Tensor *F_pairwise_distance_args(const F_PairwiseArgs *args);
#define F_pairwise_distance(...) \
    F_pairwise_distance_args(    \
        &(F_PairwiseArgs){.p = 2, .eps = 1e-6, .struct_size = sizeof(F_PairwiseArgs), .x1 = __VA_ARGS__})

/* torch.norm_except_dim(v, pow, dim): norms of the slices along dim, of v's shape with 1 elsewhere; dim -1: of all, 0-d;
 * torch._weight_norm(v, g, dim): v g / norm_except_dim(v, 2, dim). Salimans and Kingma, 2016. IndexError for dim */
TORCH_API Tensor *torch_norm_except_dim(Tensor *v, int64_t pow, int64_t dim);
TORCH_API Tensor *torch__weight_norm(Tensor *v, Tensor *g, int64_t dim);

TORCH_END

#endif
