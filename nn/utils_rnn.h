/* torch.nn.utils.rnn: sequences of different lengths, padded to one tensor or packed without padding. */
#ifndef CERILLA_NN_UTILS_RNN_H
#define CERILLA_NN_UTILS_RNN_H

#include "../ops/packed.h"
#include "machinery.h"

TORCH_BEGIN

/* Sequences step by step: data has the rows of all first steps, then those of all second ones, ...; longest sequences
 * first. By value; the tensors are borrowed. All four NULL after an error.
 *     nn_PackedSequence p = nn_utils_rnn_pack_padded_sequence(x, torch_lengths(4, 2), .batch_first = true);
 *     p = nn_LSTM_forward_packed(lstm, p, NULL, NULL, NULL, NULL);
 *     Tensor *out = nn_utils_rnn_pad_packed_sequence(p, .batch_first = true); */
typedef struct nn_PackedSequence {
    Tensor *data;           /* (sum of lengths, *) */
    Tensor *batch_sizes;    /* int64 (longest): how many sequences go on for so long */
    Tensor *sorted_indices; /* int64 (B): which sequence of the input is the longest, the second, ...; NULL: as given */
    Tensor *unsorted_indices; /* the way back */
} nn_PackedSequence;

/* PackedSequence(data, batch_sizes, sorted_indices=None), and p.to(dtype) of its data. */
TORCH_API nn_PackedSequence nn_PackedSequence_new(Tensor *data, Tensor *batch_sizes, Tensor *sorted_indices);
TORCH_API nn_PackedSequence nn_PackedSequence_to(nn_PackedSequence p, torch_dtype dtype);
TORCH_API Tensor *nn_utils_rnn_invert_permutation(Tensor *permutation); /* of NULL: NULL */

/* rnn.pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True): input (T, B, *), with batch_first
 * (B, T, *); lengths a tensor of B numbers: torch_lengths(4, 2), torch_tensor(array). RuntimeError "`lengths` array
 * must be sorted in decreasing order when `enforce_sorted` is True. ...", "Expected `len(lengths)` to be equal to
 * batch_size, but got 1 (batch_size=2)", "Length of all samples has to be greater than 0, ...". */
typedef struct nn_PackPaddedSequenceArgs {
    size_t struct_size;
    Tensor *input, *lengths;
    bool batch_first, enforce_sorted;
} nn_PackPaddedSequenceArgs;
TORCH_API nn_PackPaddedSequenceArgs nn_PackPaddedSequenceArgs_defaults(void);
TORCH_API nn_PackedSequence nn_utils_rnn_pack_padded_sequence_args(const nn_PackPaddedSequenceArgs *args);
#define nn_utils_rnn_pack_padded_sequence(...)                           \
    nn_utils_rnn_pack_padded_sequence_args(&(nn_PackPaddedSequenceArgs){ \
        .enforce_sorted = true, .struct_size = sizeof(nn_PackPaddedSequenceArgs), .input = __VA_ARGS__})

/* rnn.pad_packed_sequence(sequence, batch_first=False, padding_value=0, total_length=None): (T, B, *) or (B, T, *),
 * sequences in the order they had before they were sorted; *lengths, if not NULL: int64 (B). ValueError "Expected
 * total_length to be at least the length of the longest sequence in input, ...".      NULL */
typedef struct nn_PadPackedSequenceArgs {
    size_t struct_size;
    nn_PackedSequence sequence;
    bool batch_first;
    double padding_value;
    int64_t total_length; /* default: TORCH_NONE, the longest */
    Tensor **lengths;
} nn_PadPackedSequenceArgs;
TORCH_API nn_PadPackedSequenceArgs nn_PadPackedSequenceArgs_defaults(void);
TORCH_API Tensor *nn_utils_rnn_pad_packed_sequence_args(const nn_PadPackedSequenceArgs *args);
#define nn_utils_rnn_pad_packed_sequence(...)                          \
    nn_utils_rnn_pad_packed_sequence_args(&(nn_PadPackedSequenceArgs){ \
        .total_length = TORCH_NONE, .struct_size = sizeof(nn_PadPackedSequenceArgs), .sequence = __VA_ARGS__})

/* rnn.pad_sequence(sequences, batch_first=False, padding_value=0): tensors (L, *) side by side, (T, B, *) or (B, T, *):
 * nn_utils_rnn_pad_sequence(torch_tensors(a, b, c), .batch_first = true). Of the first one's dtype. RuntimeError
 * "received an empty list of sequences".      NULL */
typedef struct nn_PadSequenceArgs {
    size_t struct_size;
    Tensor *const *sequences;
    int64_t n;
    bool batch_first;
    double padding_value;
} nn_PadSequenceArgs;
TORCH_API nn_PadSequenceArgs nn_PadSequenceArgs_defaults(void);
TORCH_API Tensor *nn_utils_rnn_pad_sequence_args(const nn_PadSequenceArgs *args);
#define nn_utils_rnn_pad_sequence(...) \
    nn_utils_rnn_pad_sequence_args(    \
        &(nn_PadSequenceArgs){.struct_size = sizeof(nn_PadSequenceArgs), .sequences = __VA_ARGS__})

/* rnn.pack_sequence(sequences, enforce_sorted=True): pad_sequence, then pack_padded_sequence. */
typedef struct nn_PackSequenceArgs {
    size_t struct_size;
    Tensor *const *sequences;
    int64_t n;
    bool enforce_sorted;
} nn_PackSequenceArgs;
TORCH_API nn_PackSequenceArgs nn_PackSequenceArgs_defaults(void);
TORCH_API nn_PackedSequence nn_utils_rnn_pack_sequence_args(const nn_PackSequenceArgs *args);
#define nn_utils_rnn_pack_sequence(...)                     \
    nn_utils_rnn_pack_sequence_args(&(nn_PackSequenceArgs){ \
        .enforce_sorted = true, .struct_size = sizeof(nn_PackSequenceArgs), .sequences = __VA_ARGS__})

/* rnn.unpad_sequence(padded_sequences, lengths, batch_first), rnn.unpack_sequence(packed_sequences): the sequences
 * again, copies of the first rows of each.      length -1 */
TORCH_API torch_TensorList nn_utils_rnn_unpad_sequence(Tensor *padded_sequences, Tensor *lengths, bool batch_first);
TORCH_API torch_TensorList nn_utils_rnn_unpack_sequence(nn_PackedSequence packed_sequences);

TORCH_END

#endif
