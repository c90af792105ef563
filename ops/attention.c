/* scaled_dot_product_attention: softmax(q k^T / sqrt(E) + mask) v, of public ops. */
#include <math.h>

#include "core/impl.h"
#include "ops/along.h"
#include "ops/ops_internal.h"

F_AttentionArgs F_AttentionArgs_defaults(void)
{
    return (F_AttentionArgs){.struct_size = sizeof(F_AttentionArgs)};
}

/* (L, S), true where column <= row: what a query may see of the keys before it */
static Tensor *causal_mask(int64_t rows, int64_t columns)
{
    Tensor *row = torch_arange_n(torch_scalar_int(0), torch_scalar_int(rows), torch_scalar_int(1), torch_int64);
    Tensor *column = torch_arange_n(torch_scalar_int(0), torch_scalar_int(columns), torch_scalar_int(1), torch_int64);
    return row && column ? torch_ge(torch_unsqueeze(row, 1), column) : NULL;
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
    Tensor *scaled = torch_div(q, sqrt((double)q->shape[q->ndim - 1]));
    Tensor *scores = torch_matmul(scaled, torch_transpose(k, -2, -1));
    if (a->is_causal) mask = causal_mask(q->shape[q->ndim - 2], k->shape[k->ndim - 2]);
    if (!scores || (a->is_causal && !mask)) return NULL;
    if (mask && mask->dtype == torch_bool)
        scores = torch_where(mask, scores, -(double)INFINITY);
    else if (mask)
        scores = torch_add(scores, mask);
    Tensor *weights = scores ? torch_softmax(scores, -1) : NULL;
    if (a->dropout_p > 0) weights = F_dropout(weights, a->dropout_p, true);
    return torch_matmul(weights, v);
}
