/* What the two ways of attention share. Not public. */
#ifndef CERILLA_OPS_ATTENTION_H
#define CERILLA_OPS_ATTENTION_H

#include "core/impl.h"

typedef struct cer_AttentionAttrs {
    bool causal;
} cer_AttentionAttrs;

Tensor *cer_causal_mask(int64_t rows, int64_t columns); /* (rows, columns), true where column <= row */

#endif
