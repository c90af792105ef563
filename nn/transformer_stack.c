/* Stacks of transformer layers, and the whole transformer. */
#include "layer.h"
#include "nn/transformer.h"

typedef nn_TransformerEncoder Stack; /* a decoder's, too */

/* ---- stacks ------------------------------------------------------------------------------------------------------ */

nn_TransformerStackArgs nn_TransformerStackArgs_defaults(void)
{
    return *NN_TRANSFORMER_STACK(.norm = NULL);
}

/* Each layer takes what the one before gave in place of the first input, and the other inputs as they are. */
static void run(const Stack *m, Tensor *const *in, int64_t n_in, Tensor **out)
{
    Tensor *input[6] = {NULL};
    for (int64_t i = 0; i < n_in; i++) input[i] = in[i];
    const cer_Items *layers = &m->layers->module.module->children;
    for (int64_t i = 0; i < layers->length && !cer_error_pending(); i++) {
        Tensor *x = NULL;
        nn_Module_forward_n(layers->item[i].as.module, input, n_in, &x, 1);
        input[0] = x;
    }
    out[0] = m->norm && !cer_error_pending() ? nn_forward((nn_Module *)m->norm, input[0]) : input[0];
}

static int encoder_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    (void)n_out;
    const Stack *m = (const Stack *)self;
    if (!cer_nn_arity(self, n_in, 1, 3, "src")) return torch_error_code();
    if (nn_ModuleList_get(m->layers, 0)) run(m, in, n_in, out);
    return torch_error_code();
}

static int decoder_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    (void)n_out;
    if (cer_nn_arity(self, n_in, 2, 6, "tgt memory")) run((const Stack *)self, in, n_in, out);
    return torch_error_code();
}

static const nn_Class encoder_class = NN_CLASS(nn_TransformerEncoder, .forward = encoder_forward);
static const nn_Class decoder_class = NN_CLASS(nn_TransformerDecoder, .forward = decoder_forward);

/* The layer's copies; it ends. */
static nn_ModuleList *copies(nn_Module *layer, int64_t n)
{
    nn_ModuleList *list = nn_ModuleList();
    for (int64_t i = 0; list && i < n && !cer_error_pending(); i++) nn_ModuleList_append(list, nn_deepcopy(layer));
    nn_Module_free(layer);
    return list;
}

static void *stack(const nn_Class *record, const char *required, const nn_TransformerStackArgs *args)
{
    nn_TransformerStackArgs a = nn_TransformerStackArgs_defaults();
    cer_args(&a, sizeof a, args);
    const char *name = cer_nn_class_name(record->name);
    Stack *m =
        !NN_REQUIRED(name, required, a.layer ? 0 : TORCH_NONE, a.num_layers) ? NULL : nn_new_class(Stack, record);
    if (!m) return nn_Module_free(a.layer), nn_Module_free(a.norm), NULL;
    m->num_layers = a.num_layers;
    nn_set(m, layers, copies(a.layer, a.num_layers));
    if (a.norm) nn_set(m, norm, a.norm);
    return cer_nn_made(m);
}

nn_TransformerEncoder *nn_TransformerEncoder_new(const nn_TransformerStackArgs *args)
{
    return stack(&encoder_class, "encoder_layer num_layers", args);
}

nn_TransformerDecoder *nn_TransformerDecoder_new(const nn_TransformerStackArgs *args)
{
    return stack(&decoder_class, "decoder_layer num_layers", args);
}

/* ---- Transformer ------------------------------------------------------------------------------------------------- */

nn_TransformerArgs nn_TransformerArgs_defaults(void)
{
    return *NN_TRANSFORMER(.norm_first = false);
}

static bool fits(const nn_Transformer *m, const Tensor *src, const Tensor *tgt)
{
    if (!cer_usable(src, "Transformer", 1) || !cer_usable(tgt, "Transformer", 2)) return false;
    int batch = m->batch_first ? 0 : 1;
    if (src->ndim == 3 && tgt->ndim > batch && src->shape[batch] != tgt->shape[batch])
        return cer_raise(TORCH_RUNTIME_ERROR, "Transformer", "the batch number of src and tgt must be equal");
    return (src->ndim > 0 && tgt->ndim > 0 && src->shape[src->ndim - 1] == m->d_model &&
            tgt->shape[tgt->ndim - 1] == m->d_model) ||
           cer_raise(TORCH_RUNTIME_ERROR, "Transformer", "the feature number of src and tgt must be equal to d_model");
}

/* in: src, tgt, masks of src, tgt and memory, padding of src, tgt and memory */
static int transformer_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    (void)n_out;
    const nn_Transformer *m = (const nn_Transformer *)self;
    Tensor *given[8] = {NULL};
    if (!cer_nn_arity(self, n_in, 2, 8, "src tgt")) return torch_error_code();
    for (int64_t i = 0; i < n_in; i++) given[i] = in[i];
    if (!fits(m, given[0], given[1])) return torch_error_code();
    Tensor *memory = nn_forward((nn_Module *)m->encoder, given[0], given[2], given[5]);
    out[0] = nn_forward((nn_Module *)m->decoder, given[1], memory, given[3], given[4], given[6], given[7]);
    return torch_error_code();
}

static const nn_Class transformer_class = NN_CLASS(nn_Transformer, .forward = transformer_forward);

static nn_LayerNorm *last_norm(const nn_TransformerArgs *a)
{
    return nn_LayerNorm(TORCH_DIMS(a->d_model), .eps = a->layer_norm_eps, .dtype = a->dtype);
}

static void add_stacks(nn_Transformer *m, const nn_TransformerArgs *a)
{
    nn_TransformerLayerArgs layer =
        *NN_TRANSFORMER_LAYER(a->d_model, a->nhead, a->dim_feedforward, a->dropout, a->activation, a->layer_norm_eps,
                              a->batch_first, a->norm_first, a->dtype);
    if (a->custom_encoder) {
        nn_set(m, encoder, a->custom_encoder);
    } else {
        void *prototype = nn_TransformerEncoderLayer_new(&layer);
        nn_set(m, encoder, nn_TransformerEncoder(prototype, a->num_encoder_layers, last_norm(a)));
    }
    if (a->custom_decoder) {
        nn_set(m, decoder, a->custom_decoder);
    } else {
        void *prototype = nn_TransformerDecoderLayer_new(&layer);
        nn_set(m, decoder, nn_TransformerDecoder(prototype, a->num_decoder_layers, last_norm(a)));
    }
}

static void reset_parameters(nn_Transformer *m)
{
    int64_t scope = torch_scope_push();
    torch_ParameterList p = nn_parameters(m);
    for (int64_t i = 0; i < p.length; i++)
        if (p.tensor[i]->ndim > 1) nn_init_xavier_uniform_(p.tensor[i]);
    torch_scope_pop(scope);
}

nn_Transformer *nn_Transformer_new(const nn_TransformerArgs *args)
{
    nn_TransformerArgs a = nn_TransformerArgs_defaults();
    cer_args(&a, sizeof a, args);
    nn_Transformer *m = nn_new_class(nn_Transformer, &transformer_class);
    if (!m) return nn_Module_free(a.custom_encoder), nn_Module_free(a.custom_decoder), NULL;
    m->d_model = a.d_model;
    m->nhead = a.nhead;
    m->batch_first = a.batch_first;
    add_stacks(m, &a);
    if (!cer_error_pending()) reset_parameters(m);
    return cer_nn_made(m);
}
