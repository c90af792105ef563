/* nn.EmbeddingBag. */
#include <math.h>
#include <stdio.h>

#include "layer.h"

static int bag_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    const nn_EmbeddingBag *m = (const nn_EmbeddingBag *)self;
    (void)n_out;
    if (cer_nn_arity(self, n_in, 1, 3, "input offsets per_sample_weights"))
        out[0] = F_embedding_bag(in[0], m->weight, n_in > 1 ? in[1] : NULL, .max_norm = m->max_norm,
                                 .norm_type = m->norm_type, .scale_grad_by_freq = m->scale_grad_by_freq,
                                 .mode = m->mode, .sparse = m->sparse, .per_sample_weights = n_in > 2 ? in[2] : NULL,
                                 .include_last_offset = m->include_last_offset, .padding_idx = m->padding_idx);
    return torch_error_code();
}

static void bag_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_EmbeddingBag *m = (const nn_EmbeddingBag *)self;
    cer_Repr r = {text, bytes};
    cer_repr_int(r, NULL, m->num_embeddings);
    cer_repr_int(r, NULL, m->embedding_dim);
    if (!isnan(m->max_norm)) cer_repr_number(r, "max_norm", m->max_norm);
    if (m->norm_type != 2) cer_repr_number(r, "norm_type", m->norm_type);
    if (m->scale_grad_by_freq) cer_repr_bool(r, "scale_grad_by_freq", true);
    cer_repr_text(r, "mode", m->mode);
    if (m->padding_idx != TORCH_NONE) cer_repr_int(r, "padding_idx", m->padding_idx);
}

static const nn_Class bag_class = NN_CLASS(nn_EmbeddingBag, .forward = bag_forward, .extra_repr = bag_repr);

nn_EmbeddingBagArgs nn_EmbeddingBagArgs_defaults(void)
{
    return *NN_EMBEDDING_BAG_ARGS(.dtype = torch_dtype_none);
}

/* With all options, but without a weight. */
static nn_EmbeddingBag *made(nn_EmbeddingBagArgs *a)
{
    int64_t n = a->num_embeddings;
    if (a->padding_idx != TORCH_NONE && (a->padding_idx >= n || a->padding_idx < -n))
        return cer_raise(TORCH_VALUE_ERROR, "EmbeddingBag", "padding_idx must be within num_embeddings"), NULL;
    nn_EmbeddingBag *m = nn_new_class(nn_EmbeddingBag, &bag_class);
    if (!m) return NULL;
    m->num_embeddings = n;
    m->embedding_dim = a->embedding_dim;
    m->max_norm = a->max_norm;
    m->norm_type = a->norm_type;
    m->scale_grad_by_freq = a->scale_grad_by_freq;
    m->sparse = a->sparse;
    m->include_last_offset = a->include_last_offset;
    snprintf(m->mode, sizeof m->mode, "%s", a->mode ? a->mode : "None");
    m->padding_idx = a->padding_idx == TORCH_NONE || a->padding_idx >= 0 ? a->padding_idx : a->padding_idx + n;
    return m;
}

nn_EmbeddingBag *nn_EmbeddingBag_new(const nn_EmbeddingBagArgs *args)
{
    nn_EmbeddingBagArgs a = nn_EmbeddingBagArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!NN_REQUIRED("EmbeddingBag", "num_embeddings embedding_dim", a.num_embeddings, a.embedding_dim)) return NULL;
    nn_EmbeddingBag *m = made(&a);
    if (!m) return NULL;
    int64_t scope = torch_scope_push();
    m->weight = cer_nn_new_parameter(&m->module, "weight", a.dtype, 2, (int64_t[]){a.num_embeddings, a.embedding_dim});
    if (m->weight) nn_init_normal_(m->weight);
    if (m->weight && m->padding_idx != TORCH_NONE)
        nn_init_zeros_(torch_select(torch_detach(m->weight), 0, m->padding_idx));
    torch_scope_pop(scope);
    return cer_nn_made(m);
}

nn_EmbeddingBag *nn_EmbeddingBag_from_pretrained(Tensor *embeddings, bool freeze, const nn_EmbeddingBagArgs *args)
{
    nn_EmbeddingBagArgs a = nn_EmbeddingBagArgs_defaults();
    if (args) cer_args(&a, sizeof a, args);
    if (cer_error_pending() || !cer_usable(embeddings, "from_pretrained", 1)) return NULL;
    if (embeddings->ndim != 2)
        return cer_raise(TORCH_VALUE_ERROR, "from_pretrained", "Embeddings parameter is expected to be 2-dimensional"),
               NULL;
    a.num_embeddings = embeddings->shape[0];
    a.embedding_dim = embeddings->shape[1];
    nn_EmbeddingBag *m = made(&a);
    if (!m) return NULL;
    int64_t scope = torch_scope_push();
    m->weight = nn_Module_register_parameter(&m->module, "weight", nn_Parameter_new(embeddings, !freeze));
    torch_scope_pop(scope);
    return cer_nn_made(m);
}
