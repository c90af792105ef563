/* torch.nn: transformers and their layers. */
#ifndef CERILLA_NN_TRANSFORMER_H
#define CERILLA_NN_TRANSFORMER_H

#include "attention.h"
#include "container.h"
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

/* nn.TransformerEncoder, nn.TransformerDecoder(layer, num_layers, norm=None): num_layers deep copies of the layer, one after
 * the other, then norm. The layer ends, norm is owned. Forwards as of one layer.
 *     nn_TransformerEncoder(nn_TransformerEncoderLayer(512, 8), 6)
 * TypeError for what is missing.      NULL, and both have ended */
typedef struct nn_TransformerStackArgs {
    size_t struct_size;
    void *layer;
    int64_t num_layers;
    void *norm;
} nn_TransformerStackArgs;
typedef struct nn_TransformerStack {
    nn_Module module;
    nn_ModuleList *layers;
    int64_t num_layers;
    void *norm; /* or NULL */
} nn_TransformerEncoder, nn_TransformerDecoder;
TORCH_API nn_TransformerStackArgs nn_TransformerStackArgs_defaults(void);
TORCH_API nn_TransformerEncoder *nn_TransformerEncoder_new(const nn_TransformerStackArgs *args);
TORCH_API nn_TransformerDecoder *nn_TransformerDecoder_new(const nn_TransformerStackArgs *args);
#define NN_TRANSFORMER_STACK(...) \
    (&(nn_TransformerStackArgs){.num_layers = TORCH_NONE, .struct_size = sizeof(nn_TransformerStackArgs), __VA_ARGS__})
#define nn_TransformerEncoder(...) nn_TransformerEncoder_new(NN_TRANSFORMER_STACK(__VA_ARGS__))
#define nn_TransformerDecoder(...) nn_TransformerDecoder_new(NN_TRANSFORMER_STACK(__VA_ARGS__))

/* nn.Transformer(d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048, dropout=0.1,
 * activation="relu", custom_encoder=None, custom_decoder=None, layer_norm_eps=1e-5, batch_first=False, norm_first=False,
 * dtype=None): an encoder and a decoder, each with a LayerNorm behind; parameters of two dimensions drawn by xavier_uniform_.
 * custom ones are owned. nn_forward(m, src, tgt, src_mask, tgt_mask, memory_mask, src_key_padding_mask,
 * tgt_key_padding_mask, memory_key_padding_mask). RuntimeError "the batch number of src and tgt must be equal", "the feature
 * number of src and tgt must be equal to d_model".      NULL */
typedef struct nn_TransformerArgs {
    size_t struct_size;
    int64_t d_model, nhead, num_encoder_layers, num_decoder_layers, dim_feedforward;
    double dropout;
    const char *activation; /* "relu" or "gelu" */
    void *custom_encoder, *custom_decoder;
    double layer_norm_eps;
    bool batch_first, norm_first;
    torch_dtype dtype;
} nn_TransformerArgs;
typedef struct nn_Transformer {
    nn_Module module;
    void *encoder, *decoder;
    int64_t d_model, nhead;
    bool batch_first;
} nn_Transformer;
TORCH_API nn_TransformerArgs nn_TransformerArgs_defaults(void);
TORCH_API nn_Transformer *nn_Transformer_new(const nn_TransformerArgs *args);
#define NN_TRANSFORMER(...)                                           \
    (&(nn_TransformerArgs){.d_model = 512,                            \
                           .nhead = 8,                                \
                           .num_encoder_layers = 6,                   \
                           .num_decoder_layers = 6,                   \
                           .dim_feedforward = 2048,                   \
                           .dropout = 0.1,                            \
                           .activation = "relu",                      \
                           .layer_norm_eps = 1e-5,                    \
                           .struct_size = sizeof(nn_TransformerArgs), \
                           __VA_ARGS__})
#define nn_Transformer(...) nn_Transformer_new(NN_TRANSFORMER(__VA_ARGS__))

/* nn.Transformer.generate_square_subsequent_mask(sz): (sz, sz), -inf above the diagonal, else 0: a float attn_mask that
 * hides what comes later.      NULL */
TORCH_API Tensor *nn_Transformer_generate_square_subsequent_mask(int64_t sz);

TORCH_END

#endif
