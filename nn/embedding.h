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

/* nn.EmbeddingBag(num_embeddings, embedding_dim, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode="mean",
 * sparse=False, include_last_offset=False, padding_idx=None): F_embedding_bag(x, weight, offsets): nn_forward(m, x)
 * of x (B, N), nn_forward(m, x, offsets) of x (N), nn_forward(m, x, offsets, per_sample_weights). weight as
 * nn.Embedding's.      NULL */
typedef struct nn_EmbeddingBag {
    nn_Module module;
    int64_t num_embeddings, embedding_dim;
    double max_norm; /* NaN: none */
    double norm_type;
    bool scale_grad_by_freq, sparse, include_last_offset;
    char mode[16];
    int64_t padding_idx; /* TORCH_NONE: none */
    Tensor *weight;
} nn_EmbeddingBag;
typedef struct nn_EmbeddingBagArgs {
    size_t struct_size;
    int64_t num_embeddings, embedding_dim;
    double max_norm, norm_type;
    bool scale_grad_by_freq;
    const char *mode;
    bool sparse, include_last_offset;
    int64_t padding_idx;
    torch_dtype dtype;
} nn_EmbeddingBagArgs;
TORCH_API nn_EmbeddingBagArgs nn_EmbeddingBagArgs_defaults(void);
TORCH_API nn_EmbeddingBag *nn_EmbeddingBag_new(const nn_EmbeddingBagArgs *args);
#define NN_EMBEDDING_BAG_ARGS(...)                                      \
    (&(nn_EmbeddingBagArgs){.num_embeddings = TORCH_NONE,               \
                            .embedding_dim = TORCH_NONE,                \
                            .max_norm = TORCH_NAN,                      \
                            .norm_type = 2,                             \
                            .mode = "mean",                             \
                            .padding_idx = TORCH_NONE,                  \
                            .struct_size = sizeof(nn_EmbeddingBagArgs), \
                            __VA_ARGS__})
#define nn_EmbeddingBag(...) nn_EmbeddingBag_new(NN_EMBEDDING_BAG_ARGS(__VA_ARGS__))
/* nn.EmbeddingBag.from_pretrained(embeddings, freeze=True, ...): the weight shares the memory of embeddings; the
 * sizes are theirs, the other options those of args (NULL: the defaults).      NULL */
TORCH_API nn_EmbeddingBag *nn_EmbeddingBag_from_pretrained(Tensor *embeddings, bool freeze,
                                                           const nn_EmbeddingBagArgs *args);

TORCH_END

#endif
