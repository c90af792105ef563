/* torch.nn: how near vectors are to each other. */
#ifndef CERILLA_NN_DISTANCE_H
#define CERILLA_NN_DISTANCE_H

#include "machinery.h"

TORCH_BEGIN

/* nn.CosineSimilarity(dim=1, eps=1e-8): sum of x1 x2 / (max(|x1|, eps) max(|x2|, eps)) along dim;
 * nn_forward(m, x1, x2), (*, D, *) -> (*, *).      NULL */
typedef struct nn_CosineSimilarityArgs {
    size_t struct_size;
    int64_t dim;
    double eps;
} nn_CosineSimilarityArgs;
typedef struct nn_CosineSimilarity {
    nn_Module module;
    int64_t dim;
    double eps;
} nn_CosineSimilarity;
TORCH_API nn_CosineSimilarityArgs nn_CosineSimilarityArgs_defaults(void);
TORCH_API nn_CosineSimilarity *nn_CosineSimilarity_new(const nn_CosineSimilarityArgs *args);
#define NN_COSINE_SIMILARITY(...) \
    (&(nn_CosineSimilarityArgs){.dim = 1, .eps = 1e-8, .struct_size = sizeof(nn_CosineSimilarityArgs), __VA_ARGS__})
#define nn_CosineSimilarity(...) nn_CosineSimilarity_new(NN_COSINE_SIMILARITY(__VA_ARGS__))

/* nn.PairwiseDistance(p=2, eps=1e-6, keepdim=False): norm(x1 - x2 + eps, p) along the last dimension;
 * nn_forward(m, x1, x2), (N, D) or (D) -> (N) or ().      NULL */
typedef struct nn_PairwiseDistanceArgs {
    size_t struct_size;
    double p, eps;
    bool keepdim;
} nn_PairwiseDistanceArgs;
typedef struct nn_PairwiseDistance {
    nn_Module module;
    double p, eps;
    bool keepdim;
} nn_PairwiseDistance;
TORCH_API nn_PairwiseDistanceArgs nn_PairwiseDistanceArgs_defaults(void);
TORCH_API nn_PairwiseDistance *nn_PairwiseDistance_new(const nn_PairwiseDistanceArgs *args);
#define NN_PAIRWISE_DISTANCE(...) \
    (&(nn_PairwiseDistanceArgs){.p = 2, .eps = 1e-6, .struct_size = sizeof(nn_PairwiseDistanceArgs), __VA_ARGS__})
#define nn_PairwiseDistance(...) nn_PairwiseDistance_new(NN_PAIRWISE_DISTANCE(__VA_ARGS__))

TORCH_END

#endif
