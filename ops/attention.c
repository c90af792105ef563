/* scaled_dot_product_attention: softmax(q k^T / sqrt(E) + mask) v. Without a mask and dropout, a block of queries at a time;
 * else of public ops. */
#include <math.h>
#include <string.h>

#include "core/impl.h"
#include "ops/along.h"
#include "ops/attention.h"
#include "ops/ops_internal.h"

F_AttentionArgs F_AttentionArgs_defaults(void)
{
    return (F_AttentionArgs){.struct_size = sizeof(F_AttentionArgs)};
}

/* What a query may see of the keys before it. */
Tensor *cer_causal_mask(int64_t rows, int64_t columns)
{
    Tensor *row = torch_arange_n(torch_scalar_int(0), torch_scalar_int(rows), torch_scalar_int(1), torch_int64);
    Tensor *column = torch_arange_n(torch_scalar_int(0), torch_scalar_int(columns), torch_scalar_int(1), torch_int64);
    return row && column ? torch_ge(torch_unsqueeze(row, 1), column) : NULL;
}

/* The same batches, of one floating type, with something in each dimension. */
static bool blockwise(const Tensor *q, const Tensor *k, const Tensor *v)
{
    if (q->ndim != k->ndim || q->ndim != v->ndim || q->dtype != k->dtype || q->dtype != v->dtype) return false;
    if (q->dtype != torch_float32 && q->dtype != torch_float64) return false;
    int last = q->ndim - 1;
    for (int d = 0; d < last - 1; d++)
        if (q->shape[d] != k->shape[d] || q->shape[d] != v->shape[d]) return false;
    return q->numel && k->numel && v->numel && q->shape[last] == k->shape[last] &&
           k->shape[last - 1] == v->shape[last - 1];
}

static Tensor *as_batches(Tensor *t)
{
    int64_t shape[3] = {-1, t->shape[t->ndim - 2], t->shape[t->ndim - 1]};
    return t->ndim == 3 ? t : torch_reshape_n(t, 3, shape);
}

static Tensor *in_blocks(Tensor *q, Tensor *k, Tensor *v, bool causal)
{
    int64_t shape[TORCH_MAX_DIM];
    memcpy(shape, q->shape, sizeof shape);
    shape[q->ndim - 1] = v->shape[v->ndim - 1];
    Tensor *out =
        cer_call3(&cer_op_attention, as_batches(q), as_batches(k), as_batches(v), &(cer_AttentionAttrs){causal});
    return q->ndim == 3 || !out ? out : torch_reshape_n(out, q->ndim, shape);
}

Tensor *F_scaled_dot_product_attention_args(const F_AttentionArgs *a)
{
    const char *op = "scaled_dot_product_attention";
    Tensor *q = a->query, *k = a->key, *v = a->value, *mask = a->attn_mask;
    if (cer_error_pending() || !cer_usable(q, op, 1) || !cer_usable(k, op, 2) || !cer_usable(v, op, 3) ||
        (mask && !cer_usable(mask, op, 4)))
        return NULL;
    if (q->ndim < 2 || k->ndim < 2 || v->ndim < 2)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "scaled_dot_product_attention: query, key and value must have at least two dimensions"),
               NULL;
    if (mask && a->is_causal)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True"),
               NULL;
    if (!mask && a->dropout_p == 0 && blockwise(q, k, v)) return in_blocks(q, k, v, a->is_causal);
    Tensor *scaled = torch_div(q, sqrt((double)q->shape[q->ndim - 1]));
    Tensor *scores = torch_matmul(scaled, torch_transpose(k, -2, -1));
    if (a->is_causal) mask = cer_causal_mask(q->shape[q->ndim - 2], k->shape[k->ndim - 2]);
    if (!scores || (a->is_causal && !mask)) return NULL;
    if (mask && mask->dtype == torch_bool)
        scores = torch_where(mask, scores, -(double)INFINITY);
    else if (mask)
        scores = torch_add(scores, mask);
    Tensor *weights = scores ? torch_softmax(scores, -1) : NULL;
    if (a->dropout_p > 0) weights = F_dropout(weights, a->dropout_p, true);
    return torch_matmul(weights, v);
}
