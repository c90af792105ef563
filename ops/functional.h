/* torch.nn.functional: what is not in a header of its theme. */
#ifndef CERILLA_OPS_FUNCTIONAL_H
#define CERILLA_OPS_FUNCTIONAL_H

#include "conv.h"
#include "dropout.h"
#include "embedding.h"
#include "loss.h"
#include "norm.h"
#include "pad.h"
#include "pool.h"

TORCH_BEGIN

/* x W^T + b: (*, in), (out, in), (out) or NULL -> (*, out) */
TORCH_API Tensor *F_linear(Tensor *x, Tensor *weight, Tensor *bias);
TORCH_API Tensor *F_relu(Tensor *x);
TORCH_API Tensor *F_tanh(Tensor *x);
TORCH_API Tensor *F_sigmoid(Tensor *x);

typedef struct F_AttentionArgs {
    size_t struct_size;
    Tensor *query, *key, *value; /* (..., L, E), (..., S, E), (..., S, V) */
    Tensor *attn_mask; /* (..., L, S) or NULL: bool, true where a key counts, or floating, added to the scores */
    double dropout_p;  /* of the weights, always: pass 0 when not training */
    bool is_causal;    /* a query sees the keys up to its own position */
} F_AttentionArgs;
TORCH_API F_AttentionArgs F_AttentionArgs_defaults(void);
TORCH_API Tensor *F_scaled_dot_product_attention_args(const F_AttentionArgs *args);
/* softmax(query key^T / sqrt(E) + mask) value -> (..., L, V); PyTorch 2's arguments. Without attn_mask and dropout, and with the
 * same batches in all three, 64 queries at a time: the (L, S) weights are never all in memory */
#define F_scaled_dot_product_attention(...) \
    F_scaled_dot_product_attention_args(    \
        &(F_AttentionArgs){.struct_size = sizeof(F_AttentionArgs), .query = __VA_ARGS__})

TORCH_END

#endif
