/* torch.nn: recurrent layers. */
#ifndef CERILLA_NN_RECURRENT_H
#define CERILLA_NN_RECURRENT_H

#include "utils_rnn.h"

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
 *     r, z = sigmoid of x_t W_ih^T + b_ih + h_(t-1) W_hh^T + b_hh, first two parts of three;   n = tanh(its third of
 * x + r times that of h)
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

/* ---- of packed sequences -------------------------------------------------------------------------------------------
 * The same over x that nn_utils_rnn_pack_padded_sequence made: the output is packed like x; states in the order of the
 * sequences before they were sorted. Hooks see the inputs data, h_0, c_0, batch_sizes, sorted_indices,
 * unsorted_indices. RuntimeError "input must have 2 dimensions, got 1".      all four NULL */
TORCH_API nn_PackedSequence nn_RNN_forward_packed(nn_RNN *m, nn_PackedSequence x, Tensor *h_0, Tensor **h_n);
TORCH_API nn_PackedSequence nn_GRU_forward_packed(nn_GRU *m, nn_PackedSequence x, Tensor *h_0, Tensor **h_n);
TORCH_API nn_PackedSequence nn_LSTM_forward_packed(nn_LSTM *m, nn_PackedSequence x, Tensor *h_0, Tensor *c_0,
                                                   Tensor **h_n, Tensor **c_n);

/* ---- single steps ------------------------------------------------------------------------------------------------ */

/* nn.RNNCell(input_size, hidden_size, bias=True, nonlinearity="tanh", dtype=None), nn.GRUCell, nn.LSTMCell (without
 * nonlinearity): one step of the layers above, with weight_ih, weight_hh, bias_ih, bias_hh of their sizes. x (B,
 * input) or (input), h (B, hidden) or (hidden); NULL: zeros. nn_forward(m, x, h). RuntimeError "Input batch size 2
 * doesn't match hidden0 batch size 3", "input has inconsistent input_size: got 4 expected 2"; ValueError "RNNCell:
 * Expected input to be 1-D or 2-D but received 3-D tensor".      NULL */
typedef struct nn_RNNCell {
    nn_Module module;
    int64_t input_size, hidden_size;
    bool bias;
    char nonlinearity[16];
    Tensor *weight_ih, *weight_hh, *bias_ih, *bias_hh;
} nn_RNNCell, nn_LSTMCell, nn_GRUCell;
typedef struct nn_RNNCellArgs {
    size_t struct_size;
    int64_t input_size, hidden_size;
    bool bias;
    const char *nonlinearity; /* "tanh" or "relu" */
    torch_dtype dtype;
} nn_RNNCellArgs;
TORCH_API nn_RNNCellArgs nn_RNNCellArgs_defaults(void);
#define NN_RNN_CELL_ARGS(...)                                 \
    (&(nn_RNNCellArgs){.input_size = TORCH_NONE,              \
                       .hidden_size = TORCH_NONE,             \
                       .bias = true,                          \
                       .nonlinearity = "tanh",                \
                       .struct_size = sizeof(nn_RNNCellArgs), \
                       __VA_ARGS__})
TORCH_API nn_RNNCell *nn_RNNCell_new(const nn_RNNCellArgs *args);
TORCH_API nn_GRUCell *nn_GRUCell_new(const nn_RNNCellArgs *args); /* nonlinearity does not count */
TORCH_API nn_LSTMCell *nn_LSTMCell_new(const nn_RNNCellArgs *args);
#define nn_RNNCell(...) nn_RNNCell_new(NN_RNN_CELL_ARGS(__VA_ARGS__))
#define nn_GRUCell(...) nn_GRUCell_new(NN_RNN_CELL_ARGS(__VA_ARGS__))
#define nn_LSTMCell(...) nn_LSTMCell_new(NN_RNN_CELL_ARGS(__VA_ARGS__))
/* h, c = cell(x, (h_0, c_0)): both states or neither; *c, if not NULL, may be the variable that held c_0.      NULL */
TORCH_API Tensor *nn_LSTMCell_forward(nn_LSTMCell *m, Tensor *x, Tensor *h_0, Tensor *c_0, Tensor **c);

TORCH_END

#endif
