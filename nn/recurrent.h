/* torch.nn: recurrent layers. */
#ifndef CERILLA_NN_RECURRENT_H
#define CERILLA_NN_RECURRENT_H

#include "machinery.h"

TORCH_BEGIN

/* nn.RNN(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0, bidirectional=False,
 * nonlinearity="tanh", dtype=None): h_t = tanh(x_t W_ih^T + b_ih + h_(t-1) W_hh^T + b_hh), layer upon layer. Per
 * layer and direction, drawn in this order from U(-k, k), k = 1 / sqrt(hidden): weight_ih_l0 (hidden, input),
 * weight_hh_l0 (hidden, hidden), bias_ih_l0, bias_hh_l0 (hidden); then ..._l0_reverse, ..._l1; the input of
 * later layers has D hidden features. ValueError "Unknown nonlinearity 'x'", "dropout should be a number in
 * range [0, 1] ...".      NULL */
typedef struct nn_RNN {
    nn_Module module;
    int64_t input_size, hidden_size, num_layers;
    bool bias, batch_first, bidirectional, relu;
    double dropout;
    Tensor *weight_ih_l0, *weight_hh_l0, *bias_ih_l0,
        *bias_hh_l0;      /* of later layers: nn_get_parameter(m, "weight_ih_l1") */
    int64_t proj_size;    /* of an LSTM; else 0 */
    Tensor *weight_hr_l0; /* where proj_size is not 0 */
    const char *mode;     /* "RNN_TANH", "RNN_RELU", "LSTM", "GRU" */
} nn_RNN, nn_LSTM, nn_GRU;
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

/* out, h_n = rnn(x, h_0). x (T, B, input), with batch_first (B, T, input), or without batch (T, input); out alike, with
 * D hidden features (D = 2 if bidirectional); h_0, h_n (D layers, B, hidden) or (D layers, hidden). h_0 NULL: zeros.
 * h_n may be NULL, and may be the variable that held h_0; after an error it is set to NULL. RuntimeError "input must
 * have 3 dimensions, got 5", "input.size(-1) must be equal to input_size. Expected 1, got 2", "Expected hidden size
 * (1, 10, 5), got [1, 10, 4]".      NULL */
TORCH_API Tensor *nn_RNN_forward(nn_RNN *m, Tensor *x, Tensor *h_0, Tensor **h_n);

/* nn.LSTM(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0,
 * bidirectional=False, proj_size=0):
 *     i, f, g, o = x_t W_ih^T + b_ih + h_(t-1) W_hh^T + b_hh, in four parts
 *     c_t = sigmoid(f) c_(t-1) + sigmoid(i) tanh(g);   h_t = sigmoid(o) tanh(c_t), with proj_size times W_hr^T
 * weight_ih_l0 (4 hidden, input), weight_hh_l0 (4 hidden, hidden or proj), bias_ih_l0, bias_hh_l0
 * (4 hidden), weight_hr_l0 (proj, hidden), drawn like RNN's. ValueError "proj_size has to be smaller
 * than hidden_size".      NULL */
typedef struct nn_LSTMArgs {
    size_t struct_size;
    int64_t input_size, hidden_size, num_layers;
    bool bias, batch_first;
    double dropout;
    bool bidirectional;
    int64_t proj_size;
    torch_dtype dtype;
} nn_LSTMArgs;
TORCH_API nn_LSTMArgs nn_LSTMArgs_defaults(void);
TORCH_API nn_LSTM *nn_LSTM_new(const nn_LSTMArgs *args);
#define nn_LSTM(...)                                               \
    nn_LSTM_new(&(nn_LSTMArgs){.input_size = TORCH_NONE,           \
                               .hidden_size = TORCH_NONE,          \
                               .num_layers = 1,                    \
                               .bias = true,                       \
                               .struct_size = sizeof(nn_LSTMArgs), \
                               __VA_ARGS__})
/* out, (h_n, c_n) = lstm(x, (h_0, c_0)): as nn_RNN_forward; both states or neither; c_0, c_n (D layers, B, hidden).
 * RuntimeError "Expected hidden[0] size (1, 10, 5), got [1, 10, 4]".      NULL */
TORCH_API Tensor *nn_LSTM_forward(nn_LSTM *m, Tensor *x, Tensor *h_0, Tensor *c_0, Tensor **h_n, Tensor **c_n);

/* nn.GRU(input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0, bidirectional=False):
 *     r, z = sigmoid of x_t W_ih^T + b_ih + h_(t-1) W_hh^T + b_hh, first two parts of three;   n = tanh(its third of x + r times that of h)
 *     h_t = n + z (h_(t-1) - n)
 * Weights as RNN's with 3 hidden rows; nonlinearity does not count.      NULL */
TORCH_API nn_GRU *nn_GRU_new(const nn_RNNArgs *args);
#define nn_GRU(...)                                             \
    nn_GRU_new(&(nn_RNNArgs){.input_size = TORCH_NONE,          \
                             .hidden_size = TORCH_NONE,         \
                             .num_layers = 1,                   \
                             .bias = true,                      \
                             .nonlinearity = "tanh",            \
                             .struct_size = sizeof(nn_RNNArgs), \
                             __VA_ARGS__})
TORCH_API Tensor *nn_GRU_forward(nn_GRU *m, Tensor *x, Tensor *h_0, Tensor **h_n); /* as nn_RNN_forward */

TORCH_END

#endif
