/* torch.nn: recurrent layers. */
#ifndef CERILLA_NN_RECURRENT_H
#define CERILLA_NN_RECURRENT_H

#include "machinery.h"

TORCH_BEGIN

/* nn.RNN(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0, bidirectional=False,
 * nonlinearity="tanh", dtype=None): h_t = tanh(x_t W_ih^T + b_ih + h_(t-1) W_hh^T + b_hh), layer upon layer.
 * Per layer and direction, drawn in this order from U(-k, k), k = 1 / sqrt(hidden): weight_ih_l0 (hidden, input), weight_hh_l0
 * (hidden, hidden), bias_ih_l0, bias_hh_l0 (hidden); then ..._l0_reverse, ..._l1; the input of later layers has D hidden features.
 * ValueError "Unknown nonlinearity 'x'", "dropout should be a number in range [0, 1] ...".      NULL */
typedef struct nn_RNN {
    nn_Module module;
    int64_t input_size, hidden_size, num_layers;
    bool bias, batch_first, bidirectional, relu;
    double dropout;
    Tensor *weight_ih_l0, *weight_hh_l0, *bias_ih_l0,
        *bias_hh_l0; /* of later layers: nn_get_parameter(m, "weight_ih_l1") */
} nn_RNN;
typedef struct nn_RNNArgs {
    size_t struct_size;
    int64_t input_size, hidden_size, num_layers;
    bool bias, batch_first;
    double dropout;
    bool bidirectional;
    const char *nonlinearity; /* "tanh" or "relu" */
    torch_dtype dtype;
} nn_RNNArgs;
TORCH_API nn_RNNArgs nn_RNNArgs_defaults(void);
TORCH_API nn_RNN *nn_RNN_new(const nn_RNNArgs *args);
#define nn_RNN(...)                                             \
    nn_RNN_new(&(nn_RNNArgs){.input_size = TORCH_NONE,          \
                             .hidden_size = TORCH_NONE,         \
                             .num_layers = 1,                   \
                             .bias = true,                      \
                             .nonlinearity = "tanh",            \
                             .struct_size = sizeof(nn_RNNArgs), \
                             __VA_ARGS__})

/* out, h_n = rnn(x, h_0). x (T, B, input), with batch_first (B, T, input), or without batch (T, input); out alike, with D hidden
 * features (D = 2 if bidirectional); h_0, h_n (D layers, B, hidden) or (D layers, hidden). h_0 NULL: zeros. h_n may be NULL, and may be
 * the variable that held h_0; after an error it is set to NULL. RuntimeError "input must have 3 dimensions, got 5",
 * "input.size(-1) must be equal to input_size. Expected 1, got 2", "Expected hidden size (1, 10, 5), got [1, 10, 4]".      NULL */
TORCH_API Tensor *nn_RNN_forward(nn_RNN *m, Tensor *x, Tensor *h_0, Tensor **h_n);

TORCH_END

#endif
