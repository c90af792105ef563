/* Tables looked up by number. */
#ifndef CERILLA_OPS_EMBEDDING_H
#define CERILLA_OPS_EMBEDDING_H

#include "../core/autograd.h"

TORCH_BEGIN

/* F.one_hot: (*) of int64 -> (*, num_classes), 1 at the number, 0 elsewhere; num_classes -1: one more than the
 * largest */
TORCH_API Tensor *F_one_hot(Tensor *x, int64_t num_classes);

/* F.embedding: (*) of int64 or int32, (n, d) -> (*, d): the rows of weight. padding_idx: a row that takes no gradient;
 * max_norm: rows that are used and longer are shortened, in place, before. F_embedding(i, weight),
 * F_embedding(i, weight, .padding_idx = 0). "index out of range in self" */
typedef struct F_EmbeddingArgs {
    size_t struct_size;
    Tensor *input, *weight;
    int64_t padding_idx;     /* default: TORCH_NONE */
    double max_norm;         /* default: NaN, none */
    double norm_type;        /* default: 2 */
    bool scale_grad_by_freq; /* a row's gradient is divided by how often it is used */
    bool sparse;             /* the gradient is dense all the same */
} F_EmbeddingArgs;
TORCH_API F_EmbeddingArgs F_EmbeddingArgs_defaults(void);
TORCH_API Tensor *F_embedding_args(const F_EmbeddingArgs *args);
#define F_embedding(...)                                                        \
    F_embedding_args(&(F_EmbeddingArgs){.padding_idx = TORCH_NONE,              \
                                        .max_norm = TORCH_NAN,                  \
                                        .norm_type = 2,                         \
                                        .struct_size = sizeof(F_EmbeddingArgs), \
                                        .input = __VA_ARGS__})

/* F.embedding_bag: of each bag of indices the sum, mean or maximum of their rows of weight (n, d) -> (bags, d). input
 * (B, N): a bag a row; input (N): bags begin at offsets (B), the first at 0. padding_idx: counts in no bag;
 * per_sample_weights, of the input's shape: factors for mode "sum". F_embedding_bag(i, weight, offsets, .mode =
 * "sum"). "offsets[0] has to be 0, ...", "offsets has to be a 1D Tensor but got None" */
typedef struct F_EmbeddingBagArgs {
    size_t struct_size;
    Tensor *input, *weight, *offsets; /* offsets: NULL for a 2-d input */
    double max_norm, norm_type;       /* as F_embedding's */
    bool scale_grad_by_freq;
    const char *mode; /* default: "mean" */
    bool sparse;
    Tensor *per_sample_weights; /* default: NULL */
    bool include_last_offset;   /* the last offset is where the last bag ends */
    int64_t padding_idx;        /* default: TORCH_NONE */
} F_EmbeddingBagArgs;
TORCH_API F_EmbeddingBagArgs F_EmbeddingBagArgs_defaults(void);
TORCH_API Tensor *F_embedding_bag_args(const F_EmbeddingBagArgs *args);
#define F_embedding_bag(...)                                                              \
    F_embedding_bag_args(&(F_EmbeddingBagArgs){.max_norm = TORCH_NAN,                     \
                                               .norm_type = 2,                            \
                                               .mode = "mean",                            \
                                               .padding_idx = TORCH_NONE,                 \
                                               .struct_size = sizeof(F_EmbeddingBagArgs), \
                                               .input = __VA_ARGS__})

TORCH_END

#endif
