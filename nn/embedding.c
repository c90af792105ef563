/* nn.Embedding. */
#include <math.h>

#include "layer.h"

NN_UNARY(nn_Embedding, embedding_forward,
         F_embedding(x, m->weight, .padding_idx = m->padding_idx, .max_norm = m->max_norm, .norm_type = m->norm_type,
                     .scale_grad_by_freq = m->scale_grad_by_freq, .sparse = m->sparse))

static void embedding_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_Embedding *m = (const nn_Embedding *)self;
    cer_Repr r = {text, bytes};
    cer_repr_int(r, NULL, m->num_embeddings);
    cer_repr_int(r, NULL, m->embedding_dim);
    if (m->padding_idx != TORCH_NONE) cer_repr_int(r, "padding_idx", m->padding_idx);
    if (!isnan(m->max_norm)) cer_repr_number(r, "max_norm", m->max_norm);
    if (m->norm_type != 2) cer_repr_number(r, "norm_type", m->norm_type);
    if (m->scale_grad_by_freq) cer_repr_bool(r, "scale_grad_by_freq", true);
    if (m->sparse) cer_repr_bool(r, "sparse", true);
}

static const nn_Class embedding_class =
    NN_CLASS(nn_Embedding, .forward = embedding_forward, .extra_repr = embedding_repr);

nn_EmbeddingArgs nn_EmbeddingArgs_defaults(void)
{
    return (nn_EmbeddingArgs){.num_embeddings = TORCH_NONE,
                              .embedding_dim = TORCH_NONE,
                              .padding_idx = TORCH_NONE,
                              .max_norm = (double)NAN,
                              .norm_type = 2,
                              .struct_size = sizeof(nn_EmbeddingArgs)};
}

static bool padding_fits(nn_EmbeddingArgs *a)
{
    if (a->padding_idx == TORCH_NONE) return true;
    if (a->padding_idx >= a->num_embeddings || a->padding_idx < -a->num_embeddings)
        return cer_raise(TORCH_VALUE_ERROR, "Embedding", "Padding_idx must be within num_embeddings");
    if (a->padding_idx < 0) a->padding_idx += a->num_embeddings;
    return true;
}

static void reset_parameters(const nn_Embedding *m)
{
    int64_t scope = torch_scope_push();
    nn_init_normal_(m->weight);
    if (m->padding_idx != TORCH_NONE) nn_init_zeros_(torch_select(torch_detach(m->weight), 0, m->padding_idx));
    torch_scope_pop(scope);
}

nn_Embedding *nn_Embedding_new(const nn_EmbeddingArgs *args)
{
    nn_EmbeddingArgs a = nn_EmbeddingArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!NN_REQUIRED("Embedding", "num_embeddings embedding_dim", a.num_embeddings, a.embedding_dim)) return NULL;
    if (!padding_fits(&a)) return NULL;
    nn_Embedding *m = nn_new_class(nn_Embedding, &embedding_class);
    if (!m) return NULL;
    m->num_embeddings = a.num_embeddings;
    m->embedding_dim = a.embedding_dim;
    m->padding_idx = a.padding_idx;
    m->max_norm = a.max_norm;
    m->norm_type = a.norm_type;
    m->scale_grad_by_freq = a.scale_grad_by_freq;
    m->sparse = a.sparse;
    m->weight = cer_nn_new_parameter(&m->module, "weight", a.dtype, 2, (int64_t[]){a.num_embeddings, a.embedding_dim});
    if (!cer_error_pending()) reset_parameters(m);
    return cer_nn_made(m);
}

nn_Embedding *nn_Embedding_from_pretrained(Tensor *embeddings, bool freeze)
{
    if (cer_error_pending() || !cer_usable(embeddings, "from_pretrained", 1)) return NULL;
    if (embeddings->ndim != 2)
        return cer_raise(TORCH_VALUE_ERROR, "from_pretrained", "Embeddings parameter is expected to be 2-dimensional"),
               NULL;
    nn_Embedding *m = nn_new_class(nn_Embedding, &embedding_class);
    if (!m) return NULL;
    int64_t scope = torch_scope_push();
    m->num_embeddings = embeddings->shape[0];
    m->embedding_dim = embeddings->shape[1];
    m->padding_idx = TORCH_NONE;
    m->max_norm = (double)NAN;
    m->norm_type = 2;
    m->weight = nn_Module_register_parameter(&m->module, "weight", nn_Parameter_new(embeddings, !freeze));
    torch_scope_pop(scope);
    return cer_nn_made(m);
}
