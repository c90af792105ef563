/* torch.nn: attention. */
#ifndef CERILLA_NN_ATTENTION_H
#define CERILLA_NN_ATTENTION_H

#include "linear.h"

TORCH_BEGIN

/* nn.MultiheadAttention(embed_dim, num_heads, dropout=0, bias=True, add_bias_kv=False, add_zero_attn=False,
 * kdim=None, vdim=None, batch_first=False, dtype=None): heads of size D = embed_dim / num_heads attend,
 * softmax(q k^T / sqrt(D) + mask) v each; out_proj of all of them. in_proj_weight (3 E, E), or q_proj_weight,
 * k_proj_weight, v_proj_weight where kdim or vdim differ from E; in_proj_bias (3 E); bias_k, bias_v (1, 1, E);
 * out_proj. Draws: out_proj as Linear, then Xavier's for the others; biases are 0. "embed_dim must be
 * divisible by num_heads".      NULL */
typedef struct nn_MultiheadAttention {
    nn_Module module;
    int64_t embed_dim, num_heads, head_dim, kdim, vdim;
    double dropout;
    bool batch_first, add_zero_attn;
    Tensor *in_proj_weight, *q_proj_weight, *k_proj_weight, *v_proj_weight, *in_proj_bias, *bias_k, *bias_v;
    nn_Linear *out_proj;
} nn_MultiheadAttention;
typedef struct nn_MultiheadAttentionArgs {
    size_t struct_size;
    int64_t embed_dim, num_heads;
    double dropout;
    bool bias, add_bias_kv, add_zero_attn;
    int64_t kdim, vdim; /* TORCH_NONE: embed_dim */
    bool batch_first;
    torch_dtype dtype;
} nn_MultiheadAttentionArgs;
TORCH_API nn_MultiheadAttentionArgs nn_MultiheadAttentionArgs_defaults(void);
TORCH_API nn_MultiheadAttention *nn_MultiheadAttention_new(const nn_MultiheadAttentionArgs *args);
#define nn_MultiheadAttention(...)                                                                           \
    nn_MultiheadAttention_new(&(nn_MultiheadAttentionArgs){.embed_dim = TORCH_NONE,                          \
                                                           .num_heads = TORCH_NONE,                          \
                                                           .bias = true,                                     \
                                                           .kdim = TORCH_NONE,                               \
                                                           .vdim = TORCH_NONE,                               \
                                                           .struct_size = sizeof(nn_MultiheadAttentionArgs), \
                                                           __VA_ARGS__})

/* query (L, N, E), key (S, N, kdim), value (S, N, vdim) -> (L, N, E); with batch_first N comes first; without batch
 * no N. key_padding_mask (N, S): true hides a key, floats are added; attn_mask (L, S) or (N heads, L, S) likewise.
 * *weights, if asked for: the mean of the heads' (N, L, S), or with average_attn_weights false (N, heads, L, S).
 * ValueError, RuntimeError for shapes that do not fit. nn_forward(m, query, key, value, key_padding_mask,
 * attn_mask) works, too.      NULL */
typedef struct nn_MultiheadAttentionForward {
    size_t struct_size;
    Tensor *query, *key, *value, *key_padding_mask, *attn_mask;
    bool average_attn_weights; /* true */
    Tensor **weights;          /* NULL is need_weights=False */
} nn_MultiheadAttentionForward;
TORCH_API nn_MultiheadAttentionForward nn_MultiheadAttentionForward_defaults(void);
TORCH_API Tensor *nn_MultiheadAttention_forward_args(nn_MultiheadAttention *m,
                                                     const nn_MultiheadAttentionForward *args);
/* nn_MultiheadAttention_forward(m, q, k, v, .attn_mask = mask, .weights = &w) */
#define nn_MultiheadAttention_forward(m, ...)                                                   \
    nn_MultiheadAttention_forward_args(                                                         \
        m, &(nn_MultiheadAttentionForward){.average_attn_weights = true,                        \
                                           .struct_size = sizeof(nn_MultiheadAttentionForward), \
                                           .query = __VA_ARGS__})

TORCH_END

#endif
