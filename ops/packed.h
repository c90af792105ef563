/* Packed sequences as the recurrent layers take them; nn/utils_rnn.h is what one calls. */
#ifndef CERILLA_OPS_PACKED_H
#define CERILLA_OPS_PACKED_H

#include "create.h"

TORCH_BEGIN

/* Python's [4, 2], where lengths are expected: an int64 tensor (2). For arrays: torch_tensor(array). */
#define torch_lengths(...)                                         \
    torch_tensor_n((const int64_t[]){__VA_ARGS__}, torch_int64, 1, \
                   (const int64_t[]){(int64_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))})

/* torch._pack_padded_sequence: of x (T, B, *) or (B, T, *) the rows of each step, sequences that have ended left out;
 * int64 lengths (B), descending. (sum of lengths, *); *batch_sizes, if not NULL: int64 (longest).      NULL */
TORCH_API Tensor *torch__pack_padded_sequence(Tensor *x, Tensor *lengths, bool batch_first, Tensor **batch_sizes);
/* torch._pad_packed_sequence: the way back, to the length total_length (0: the longest); *lengths, if not NULL: int64
 * (B). RuntimeError, and ValueError for batch sizes that grow.      NULL */
TORCH_API Tensor *torch__pad_packed_sequence(Tensor *data, Tensor *batch_sizes, bool batch_first, double padding_value,
                                             int64_t total_length, Tensor **lengths);

TORCH_END

#endif
