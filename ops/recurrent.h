/* The recurrence of RNN, LSTM and GRU: one layer in one direction. Not public. */
#ifndef CERILLA_OPS_RECURRENT_H
#define CERILLA_OPS_RECURRENT_H

#include "core/impl.h"

typedef enum cer_Cell { CER_RNN_TANH, CER_RNN_RELU, CER_LSTM, CER_GRU } cer_Cell;

typedef struct cer_RecurrentAttrs {
    uint8_t cell; /* a cer_Cell */
    bool reverse; /* the last step comes first */
} cer_RecurrentAttrs;

/* x (T, B, G H): the input's products with their bias, G gates; h (B, H), c (B, H) of an LSTM; weight (G H, H), bias (G H) or
 * NULL -> (T, B, H), h of all steps in x's order; *c_n: c after the last. All of x's dtype, float32 or float64, and of some
 * elements. NULL after raising. */
Tensor *cer_recurrent_layer(cer_Cell cell, bool reverse, Tensor *x, Tensor *h, Tensor *c, Tensor *weight, Tensor *bias,
                            Tensor **c_n);

/* One step in public ops, in PyTorch's order: x and product = h W^T + b, which is overwritten, (B, G H); h and c become the
 * next, NULL after an error. */
void cer_recurrent_step_in_ops(cer_Cell cell, Tensor *x, Tensor *product, Tensor **h, Tensor **c);

/* A layer of such steps: to be differentiated again. */
Tensor *cer_recurrent_in_ops(cer_Cell cell, bool reverse, Tensor *x, Tensor *h, Tensor *c, Tensor *weight, Tensor *bias,
                             Tensor **c_n);

#endif
