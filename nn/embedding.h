/* torch.nn: tables looked up by number. */
#ifndef CERILLA_NN_EMBEDDING_H
#define CERILLA_NN_EMBEDDING_H

#include "machinery.h"

TORCH_BEGIN

/* nn.Embedding(num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2,
 * scale_grad_by_freq=False, sparse=False): F_embedding(x, weight): (*) of integers -> (*, embedding_dim). weight
 * (num_embeddings, embedding_dim) is drawn from N(0, 1), its row padding_idx is zero. ValueError "Padding_idx must be
 * within num_embeddings".      NULL */
typedef struct nn_Embedding {
    nn_Module module;
    int64_t num_embeddings, embedding_dim;
    int64_t padding_idx; /* TORCH_NONE: none */
    double max_norm;     /* NaN: none */
    double norm_type;
    bool scale_grad_by_freq, sparse;
    Tensor *weight;
} nn_Embedding;
typedef struct nn_EmbeddingArgs {
    size_t struct_size;
    int64_t num_embeddings, embedding_dim, padding_idx;
    double max_norm, norm_type;
    bool scale_grad_by_freq, sparse;
    torch_dtype dtype;
} nn_EmbeddingArgs;
TORCH_API nn_EmbeddingArgs nn_EmbeddingArgs_defaults(void);
TORCH_API nn_Embedding *nn_Embedding_new(const nn_EmbeddingArgs *args);
#define nn_Embedding(...)                                                         \
    nn_Embedding_new(&(nn_EmbeddingArgs){.num_embeddings = TORCH_NONE,            \
                                         .embedding_dim = TORCH_NONE,             \
                                         .padding_idx = TORCH_NONE,               \
                                         .max_norm = TORCH_NAN,                   \
                                         .norm_type = 2,                          \
                                         .struct_size = sizeof(nn_EmbeddingArgs), \
                                         __VA_ARGS__})

/* nn.Embedding.from_pretrained(embeddings, freeze=True, ...): the weight shares the memory of embeddings (n, d).
 * ValueError "Embeddings parameter is expected to be 2-dimensional".      NULL */
TORCH_API nn_Embedding *nn_Embedding_from_pretrained(Tensor *embeddings, bool freeze);

TORCH_END

#endif
