/* F.embedding and its gradient. */
#include "ops/embedding.h"

#include <math.h>
#include <string.h>

#include "ops/moves.h"
#include "ops/search.h"

typedef struct EmbeddingAttrs {
    int64_t padding_idx; /* -1: none */
    int64_t rows;        /* of weight, for the way back */
    bool by_freq, sparse;
} EmbeddingAttrs;

bool cer_embedding_in_range(const Tensor *index, int64_t rows)
{
    int64_t wrong;
    return cer_index_within(index, 0, rows, &wrong) ||
           cer_raise(TORCH_INDEX_ERROR, "embedding", "index out of range in self");
}

/* Rows of `large` against the last dimension of `small`; one index for each row of small. */
static void rows(cer_Moves *m, const Tensor *large, const Tensor *index, const Tensor *small)
{
    *m = (cer_Moves){.ndim = small->ndim, .large = large->data, .small = small->data, .index = index->data};
    m->dtype = large->dtype;
    m->step = large->stride[0];
    for (int d = 0; d < small->ndim; d++) {
        bool last = d == small->ndim - 1;
        m->shape[d] = small->shape[d];
        m->small_stride[d] = small->stride[d];
        m->large_stride[d] = last ? large->stride[1] : 0;
        m->index_stride[d] = last ? 0 : index->stride[d];
    }
}

/* ---- embedding --------------------------------------------------------------------------------------------------- */

static bool embedding_shape(cer_Call *c)
{
    const Tensor *weight = c->in[0].as.t, *index = c->in[1].as.t;
    int64_t shape[TORCH_MAX_DIM + 1];
    if (!cer_embedding_in_range(index, weight->shape[0])) return false;
    for (int d = 0; d < index->ndim; d++) shape[d] = index->shape[d];
    shape[index->ndim] = weight->shape[1];
    return cer_form_checked(&c->form[0], "embedding", (torch_dtype)weight->dtype, index->ndim + 1, shape);
}

static bool embedding_kernel(cer_Call *c)
{
    cer_Moves m;
    rows(&m, c->in[0].as.t, c->in[1].as.t, c->out[0]);
    cer_pick(&m);
    return true;
}

/* Each row of g divided by how often its index occurs. */
static Tensor *by_frequency(Tensor *g, Tensor *index, int64_t rows)
{
    if (!g || !index || index->numel == 0) return g;
    Tensor *count = torch_bincount(torch_flatten(index), NULL, rows);
    Tensor *share = count ? torch_reciprocal(torch_to(count, torch_dtype_of(g))) : NULL;
    return torch_mul(g, torch_unsqueeze(torch_take(share, index), -1));
}

static void embedding_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    EmbeddingAttrs a = *(const EmbeddingAttrs *)cer_attrs(n);
    Tensor *index = cer_saved_tensor(n, 1), *rows_of_g = g[0];
    a.rows = cer_input_size(n, 0).dim[0];
    if (a.by_freq && a.sparse) {
        cer_raise(TORCH_RUNTIME_ERROR, "embedding",
                  "embedding_backward: scale_grad_by_freq not supported with sparse gradients");
        return;
    }
    if (a.by_freq) rows_of_g = by_frequency(g[0], index, a.rows);
    in[0] = cer_call2(&cer_op_embedding_dense_backward, rows_of_g, index, &a);
}

const cer_Op cer_op_embedding = {
    .name = "embedding",
    .grad_name = "EmbeddingBackward0",
    .schema = "embedding(Tensor weight, Tensor indices, int padding_idx=-1, bool scale_grad_by_freq=False, bool "
              "sparse=False) -> Tensor",
    .shape = embedding_shape,
    .kernel = embedding_kernel,
    .vjp = embedding_vjp,
    .saves = {CER_SAVE(1)},
    .n_outputs = 1,
    .attrs_bytes = sizeof(EmbeddingAttrs),
};

/* ---- its gradient: the rows of g, added up where they came from; the padding row stays 0 ------------------------- */

static bool back_shape(cer_Call *c)
{
    const EmbeddingAttrs *a = c->attrs;
    const Tensor *g = c->in[0].as.t, *index = c->in[1].as.t;
    int64_t shape[2] = {a->rows, g->shape[g->ndim - 1]};
    cer_form(&c->form[0], g->dtype, 2, shape);
    return cer_embedding_in_range(index, a->rows);
}

static bool back_kernel(cer_Call *c)
{
    const EmbeddingAttrs *a = c->attrs;
    Tensor *out = c->out[0];
    size_t row = (size_t)out->shape[1] * (size_t)cer_size_of(out->dtype);
    cer_Moves m;
    memset(out->data, 0, out->storage->bytes);
    rows(&m, out, c->in[1].as.t, c->in[0].as.t);
    cer_put(&m, K_PUT_ADD, NULL);
    if (a->padding_idx >= 0) memset(out->data + (size_t)a->padding_idx * row, 0, row);
    return true;
}

static void back_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const EmbeddingAttrs *a = cer_attrs(n);
    Tensor *index = cer_saved_tensor(n, 1);
    if (!index) return;
    in[0] = cer_call2(&cer_op_embedding, g[0], index, a);
    if (a->padding_idx >= 0)
        in[0] = cer_where(torch_scalar_tensor(torch_unsqueeze(torch_eq(index, a->padding_idx), -1)),
                          torch_scalar_int(0), torch_scalar_tensor(in[0]));
}

Tensor *cer_embedding_backward(Tensor *g, Tensor *index, int64_t rows, int64_t padding_idx, bool by_freq)
{
    EmbeddingAttrs a = {.padding_idx = padding_idx, .rows = rows};
    return cer_call2(&cer_op_embedding_dense_backward, by_freq ? by_frequency(g, index, rows) : g, index, &a);
}

const cer_Op cer_op_embedding_dense_backward = {
    .name = "embedding_dense_backward",
    .grad_name = "EmbeddingDenseBackwardBackward0",
    .shape = back_shape,
    .kernel = back_kernel,
    .vjp = back_vjp,
    .saves = {CER_SAVE(1)},
    .n_outputs = 1,
    .attrs_bytes = sizeof(EmbeddingAttrs),
};

/* ---- public ------------------------------------------------------------------------------------------------------ */

F_EmbeddingArgs F_EmbeddingArgs_defaults(void)
{
    return (F_EmbeddingArgs){
        .struct_size = sizeof(F_EmbeddingArgs), .padding_idx = TORCH_NONE, .max_norm = TORCH_NAN, .norm_type = 2};
}

static bool embedding_checks(const Tensor *index, const Tensor *weight)
{
    if (weight->ndim != 2) return cer_raise(TORCH_RUNTIME_ERROR, "embedding", "'weight' must be 2-D");
    return index->dtype == torch_int64 || index->dtype == torch_int32 ||
           cer_raise(
               TORCH_RUNTIME_ERROR, "embedding",
               "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but "
               "got torch.%sTensor instead (while checking arguments for embedding)",
               cer_type_name(index->dtype));
}

Tensor *F_embedding_args(const F_EmbeddingArgs *args)
{
    EmbeddingAttrs a = {.padding_idx = args->padding_idx, .by_freq = args->scale_grad_by_freq, .sparse = args->sparse};
    Tensor *weight = args->weight, *index = args->input;
    if (cer_error_pending() || !cer_usable(index, "embedding", 1) || !cer_usable(weight, "embedding", 2)) return NULL;
    int64_t n = weight->ndim ? weight->shape[0] : 0;
    if (a.padding_idx != TORCH_NONE && (a.padding_idx >= n || a.padding_idx < -n))
        return cer_raise(TORCH_VALUE_ERROR, "embedding", "Padding_idx must be within num_embeddings"), NULL;
    a.padding_idx = a.padding_idx == TORCH_NONE ? -1 : a.padding_idx < 0 ? a.padding_idx + n : a.padding_idx;
    if (!embedding_checks(index, weight)) return NULL;
    index = cer_as_long(index);
    if (!index || (!isnan(args->max_norm) && !cer_embedding_renorm(weight, index, args->max_norm, args->norm_type)))
        return NULL;
    return cer_call2(&cer_op_embedding, weight, index, &a);
}
