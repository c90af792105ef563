/* torch.nn: the layers of transformers. */
#ifndef CERILLA_NN_TRANSFORMER_H
#define CERILLA_NN_TRANSFORMER_H

#include "attention.h"
#include "dropout.h"
#include "norm.h"

TORCH_BEGIN

/* nn.TransformerEncoderLayer, nn.TransformerDecoderLayer(d_model, nhead, dim_feedforward=2048, dropout=0.1,
 * activation="relu", layer_norm_eps=1e-5, batch_first=False, norm_first=False, dtype=None).
 * RuntimeError "activation should be relu/gelu, not x"; what MultiheadAttention, Linear, Dropout refuse.      NULL */
typedef struct nn_TransformerLayerArgs {
    size_t struct_size;
    int64_t d_model, nhead, dim_feedforward;
    double dropout;
    const char *activation; /* "relu" or "gelu" */
    double layer_norm_eps;
    bool batch_first, norm_first;
    torch_dtype dtype;
} nn_TransformerLayerArgs;
TORCH_API nn_TransformerLayerArgs nn_TransformerLayerArgs_defaults(void);
#define NN_TRANSFORMER_LAYER(...)                                               \
    (&(nn_TransformerLayerArgs){.d_model = TORCH_NONE,                          \
                                .nhead = TORCH_NONE,                            \
                                .dim_feedforward = 2048,                        \
                                .dropout = 0.1,                                 \
                                .activation = "relu",                           \
                                .layer_norm_eps = 1e-5,                         \
                                .struct_size = sizeof(nn_TransformerLayerArgs), \
                                __VA_ARGS__})

/* One struct for both; what only a decoder has is NULL in an encoder. */
typedef struct nn_TransformerLayer {
    nn_Module module;
    nn_MultiheadAttention *self_attn, *multihead_attn; /* multihead_attn: a decoder's, over memory */
    nn_Linear *linear1, *linear2;
    nn_LayerNorm *norm1, *norm2, *norm3; /* norm3: a decoder's */
    nn_Dropout *dropout, *dropout1, *dropout2, *dropout3;
    bool norm_first, gelu;
} nn_TransformerEncoderLayer, nn_TransformerDecoderLayer;

/* x = norm1(x + attention(x)), norm2(x + linear2(activation(linear1(x)))); norm_first: x + attention(norm1(x)), ...
 * nn_forward(m, src, src_mask, src_key_padding_mask), the masks as in MultiheadAttention, NULL or left out. */
TORCH_API nn_TransformerEncoderLayer *nn_TransformerEncoderLayer_new(const nn_TransformerLayerArgs *args);
#define nn_TransformerEncoderLayer(...) nn_TransformerEncoderLayer_new(NN_TRANSFORMER_LAYER(__VA_ARGS__))
/* With attention over memory in between.
 * nn_forward(m, tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask). */
TORCH_API nn_TransformerDecoderLayer *nn_TransformerDecoderLayer_new(const nn_TransformerLayerArgs *args);
#define nn_TransformerDecoderLayer(...) nn_TransformerDecoderLayer_new(NN_TRANSFORMER_LAYER(__VA_ARGS__))

/* nn.Transformer.generate_square_subsequent_mask(sz): (sz, sz), -inf above the diagonal, else 0: a float attn_mask that
 * hides what comes later.      NULL */
TORCH_API Tensor *nn_Transformer_generate_square_subsequent_mask(int64_t sz);

TORCH_END

#endif
