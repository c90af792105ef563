/* Layers of transformers: attention and two linear layers, each with dropout, a shortcut and a norm. */
#include "nn/transformer.h"

#include <math.h>

#include "layer.h"

typedef nn_TransformerEncoderLayer Layer; /* a decoder's, too */

nn_TransformerLayerArgs nn_TransformerLayerArgs_defaults(void)
{
    return *NN_TRANSFORMER_LAYER(.norm_first = false);
}

/* ---- forward --------------------------------------------------------------------------------------------- */

static Tensor *attend(nn_MultiheadAttention *m, nn_Dropout *dropout, Tensor *x, Tensor *memory, Tensor *mask,
                      Tensor *padding)
{
    Tensor *keys = memory ? memory : x;
    return nn_forward(dropout, nn_forward(m, x, keys, keys, padding, mask));
}

static Tensor *feed_forward(const Layer *m, nn_Dropout *dropout, Tensor *x)
{
    x = nn_forward(m->linear1, x);
    x = m->gelu ? F_gelu(x) : F_relu(x);
    return nn_forward(dropout, nn_forward(m->linear2, nn_forward(m->dropout, x)));
}

/* A part with its shortcut and norm: `...` is the part of y. */
#define BLOCK(norm, ...)                                     \
    do {                                                     \
        Tensor *y = m->norm_first ? nn_forward(norm, x) : x; \
        x = torch_add(x, __VA_ARGS__);                       \
        if (!m->norm_first) x = nn_forward(norm, x);         \
    } while (0)

static int encoder_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    (void)n_out;
    const Layer *m = (const Layer *)self;
    if (!cer_nn_arity(self, n_in, 1, 3, "src")) return torch_error_code();
    Tensor *x = in[0], *mask = n_in > 1 ? in[1] : NULL, *padding = n_in > 2 ? in[2] : NULL;
    BLOCK(m->norm1, attend(m->self_attn, m->dropout1, y, NULL, mask, padding));
    BLOCK(m->norm2, feed_forward(m, m->dropout2, y));
    out[0] = x;
    return torch_error_code();
}

static int decoder_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    (void)n_out;
    const Layer *m = (const Layer *)self;
    if (!cer_nn_arity(self, n_in, 2, 6, "tgt memory")) return torch_error_code();
    Tensor *x = in[0], *mask[4] = {NULL, NULL, NULL, NULL};
    if (!cer_usable(in[1], "TransformerDecoderLayer", 2)) return torch_error_code();
    for (int64_t i = 2; i < n_in; i++) mask[i - 2] = in[i];
    BLOCK(m->norm1, attend(m->self_attn, m->dropout1, y, NULL, mask[0], mask[2]));
    BLOCK(m->norm2, attend(m->multihead_attn, m->dropout2, y, in[1], mask[1], mask[3]));
    BLOCK(m->norm3, feed_forward(m, m->dropout3, y));
    out[0] = x;
    return torch_error_code();
}

/* ---- constructors ---------------------------------------------------------------------------------------- */

static const nn_Class encoder_class = NN_CLASS(nn_TransformerEncoderLayer, .forward = encoder_forward);
static const nn_Class decoder_class = NN_CLASS(nn_TransformerDecoderLayer, .forward = decoder_forward);

static nn_MultiheadAttention *attention(const nn_TransformerLayerArgs *a)
{
    return nn_MultiheadAttention(a->d_model, a->nhead, a->dropout, .batch_first = a->batch_first, .dtype = a->dtype);
}

static nn_LayerNorm *norm(const nn_TransformerLayerArgs *a)
{
    return nn_LayerNorm(TORCH_DIMS(a->d_model), .eps = a->layer_norm_eps, .dtype = a->dtype);
}

static void add_children(Layer *m, const nn_TransformerLayerArgs *a, bool decoder)
{
    nn_set(m, self_attn, attention(a));
    if (decoder) nn_set(m, multihead_attn, attention(a));
    nn_set(m, linear1, nn_Linear(a->d_model, a->dim_feedforward, .dtype = a->dtype));
    nn_set(m, dropout, nn_Dropout(a->dropout));
    nn_set(m, linear2, nn_Linear(a->dim_feedforward, a->d_model, .dtype = a->dtype));
    nn_set(m, norm1, norm(a));
    nn_set(m, norm2, norm(a));
    if (decoder) nn_set(m, norm3, norm(a));
    nn_set(m, dropout1, nn_Dropout(a->dropout));
    nn_set(m, dropout2, nn_Dropout(a->dropout));
    if (decoder) nn_set(m, dropout3, nn_Dropout(a->dropout));
}

static void *layer(const nn_TransformerLayerArgs *args, const nn_Class *record, bool decoder)
{
    nn_TransformerLayerArgs a = nn_TransformerLayerArgs_defaults();
    cer_args(&a, sizeof a, args);
    const char *name = cer_nn_class_name(record->name);
    if (!NN_REQUIRED(name, "d_model nhead", a.d_model, a.nhead)) return NULL;
    const char *activation = a.activation ? a.activation : "None";
    bool gelu = strcmp(activation, "gelu") == 0;
    if (!gelu && strcmp(activation, "relu") != 0)
        return cer_raise(TORCH_RUNTIME_ERROR, name, "activation should be relu/gelu, not %s", activation), NULL;
    Layer *m = nn_new_class(Layer, record);
    if (!m) return NULL;
    m->norm_first = a.norm_first;
    m->gelu = gelu;
    add_children(m, &a, decoder);
    return cer_nn_made(m);
}

nn_TransformerEncoderLayer *nn_TransformerEncoderLayer_new(const nn_TransformerLayerArgs *args)
{
    return layer(args, &encoder_class, false);
}

nn_TransformerDecoderLayer *nn_TransformerDecoderLayer_new(const nn_TransformerLayerArgs *args)
{
    return layer(args, &decoder_class, true);
}

Tensor *nn_Transformer_generate_square_subsequent_mask(int64_t sz)
{
    Tensor *hidden = torch_full(-(double)INFINITY, sz, sz);
    return hidden ? torch_triu(hidden, 1) : NULL;
}
