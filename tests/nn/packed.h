/* Packed sequences for the rows of layers/packed.def: results in the order of Python's. */
#ifndef CERILLA_TESTS_NN_PACKED_H
#define CERILLA_TESTS_NN_PACKED_H

#include "nn/nn.h"
#include "ops/ops.h"

static inline Tensor *parts(nn_PackedSequence p, Tensor **out)
{
    out[1] = p.batch_sizes;
    out[2] = p.sorted_indices;
    out[3] = p.unsorted_indices;
    return p.data;
}

static inline Tensor *listed(torch_TensorList list, Tensor **out)
{
    for (int64_t k = 1; k < list.length && k < 4; k++) out[k] = list.tensor[k];
    return list.length > 0 ? list.tensor[0] : NULL;
}

/* over(m(p, (h, c))) */
static inline Tensor *over(nn_Module *m, nn_PackedSequence p, Tensor *h, Tensor *c, Tensor **out)
{
    if (torch_error()) return NULL;
    nn_LSTM *lstm = nn_as(nn_LSTM, m);
    if (lstm) return nn_LSTM_forward_packed(lstm, p, h, c, &out[1], &out[2]).data;
    return nn_RNN_forward_packed((nn_RNN *)m, p, h, &out[1]).data;
}

#define PACK(...) nn_utils_rnn_pack_padded_sequence(__VA_ARGS__)
#define UNSORTED(x) PACK(x, torch_lengths(2, 4, 3), .enforce_sorted = false)

#endif
