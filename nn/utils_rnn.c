/* torch.nn.utils.rnn. */
#include "nn/utils_rnn.h"

#include "layer.h"
#include "ops/ops_internal.h"

static const nn_PackedSequence no_sequence;

Tensor *nn_utils_rnn_invert_permutation(Tensor *permutation)
{
    if (!permutation || !cer_ready(permutation, "invert_permutation", 1)) return NULL;
    Tensor *back = cer_empty(permutation->dtype, permutation->ndim, permutation->shape);
    return torch_scatter_(back, 0, permutation, torch_arange(permutation->numel));
}

nn_PackedSequence nn_PackedSequence_new(Tensor *data, Tensor *batch_sizes, Tensor *sorted_indices)
{
    if (!cer_ready(data, "PackedSequence", 1) || !cer_usable(batch_sizes, "PackedSequence", 2)) return no_sequence;
    nn_PackedSequence p = {data, batch_sizes, sorted_indices, nn_utils_rnn_invert_permutation(sorted_indices)};
    return cer_error_pending() ? no_sequence : p;
}

nn_PackedSequence nn_PackedSequence_to(nn_PackedSequence p, torch_dtype dtype)
{
    p.data = torch_to(p.data, dtype);
    return p.data ? p : no_sequence;
}

/* ---- pack and pad ------------------------------------------------------------------------------------------------ */

nn_PackPaddedSequenceArgs nn_PackPaddedSequenceArgs_defaults(void)
{
    return (nn_PackPaddedSequenceArgs){.struct_size = sizeof(nn_PackPaddedSequenceArgs), .enforce_sorted = true};
}

nn_PackedSequence nn_utils_rnn_pack_padded_sequence_args(const nn_PackPaddedSequenceArgs *args)
{
    static const char op[] = "pack_padded_sequence";
    nn_PackPaddedSequenceArgs a = nn_PackPaddedSequenceArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!cer_ready(a.input, op, 1) || !cer_usable(a.lengths, op, 2)) return no_sequence;
    Tensor *lengths = cer_to(torch_detach(a.lengths), torch_int64), *x = a.input, *order = NULL, *sizes;
    if (!a.enforce_sorted) {
        lengths = torch_sort(lengths, .descending = true, .indices = &order);
        x = torch_index_select(x, a.batch_first ? 0 : 1, order);
    }
    Tensor *data = torch__pack_padded_sequence(x, lengths, a.batch_first, &sizes);
    return data ? nn_PackedSequence_new(data, sizes, order) : no_sequence;
}

nn_PadPackedSequenceArgs nn_PadPackedSequenceArgs_defaults(void)
{
    return (nn_PadPackedSequenceArgs){.struct_size = sizeof(nn_PadPackedSequenceArgs), .total_length = TORCH_NONE};
}

Tensor *nn_utils_rnn_pad_packed_sequence_args(const nn_PadPackedSequenceArgs *args)
{
    static const char op[] = "pad_packed_sequence";
    nn_PadPackedSequenceArgs a = nn_PadPackedSequenceArgs_defaults();
    cer_args(&a, sizeof a, args);
    nn_PackedSequence p = a.sequence;
    if (a.lengths) *a.lengths = NULL;
    if (!cer_ready(p.data, op, 1) || !cer_usable(p.batch_sizes, op, 1)) return NULL;
    int64_t longest = p.batch_sizes->ndim ? p.batch_sizes->shape[0] : 0;
    if (a.total_length != TORCH_NONE && a.total_length < longest)
        return cer_raise(TORCH_VALUE_ERROR, op,
                         "Expected total_length to be at least the length of the longest sequence in input, but got "
                         "total_length=%lld and max sequence length being %lld",
                         (long long)a.total_length, (long long)longest),
               NULL;
    if (a.total_length == TORCH_NONE) a.total_length = longest;
    Tensor *lengths = NULL;
    Tensor *out =
        torch__pad_packed_sequence(p.data, p.batch_sizes, a.batch_first, a.padding_value, a.total_length, &lengths);
    if (out && p.unsorted_indices) {
        out = torch_index_select(out, a.batch_first ? 0 : 1, p.unsorted_indices);
        lengths = torch_index_tensors(lengths, torch_tensors(p.unsorted_indices));
    }
    if (cer_error_pending()) return NULL;
    if (a.lengths) *a.lengths = lengths;
    return out;
}

/* ---- lists of sequences ------------------------------------------------------------------------------------------ */

/* The longest first size; -1: raised */
static int64_t longest_of(const char *op, Tensor *const *sequence, int64_t n)
{
    int64_t longest = 0;
    if (cer_error_pending()) return -1;
    if (n <= 0 || !sequence) return cer_raise(TORCH_RUNTIME_ERROR, op, "received an empty list of sequences"), -1;
    for (int64_t i = 0; i < n; i++) {
        if (!cer_usable(sequence[i], op, 1)) return -1;
        if (sequence[i]->ndim == 0)
            return cer_raise(TORCH_INDEX_ERROR, op, "Dimension specified as 0 but tensor has no dimensions"), -1;
        if (sequence[i]->shape[0] > longest) longest = sequence[i]->shape[0];
    }
    return longest;
}

nn_PadSequenceArgs nn_PadSequenceArgs_defaults(void)
{
    return (nn_PadSequenceArgs){.struct_size = sizeof(nn_PadSequenceArgs)};
}

Tensor *nn_utils_rnn_pad_sequence_args(const nn_PadSequenceArgs *args)
{
    static const char op[] = "pad_sequence";
    nn_PadSequenceArgs a = nn_PadSequenceArgs_defaults();
    cer_args(&a, sizeof a, args);
    int64_t longest = longest_of(op, a.sequences, a.n);
    if (longest < 0) return NULL;
    const Tensor *first = a.sequences[0];
    int64_t shape[TORCH_MAX_DIM + 1] = {a.batch_first ? a.n : longest, a.batch_first ? longest : a.n};
    for (int d = 1; d < first->ndim; d++) shape[d + 1] = first->shape[d];
    Tensor *out = torch_full_n(first->ndim + 1, shape, torch_scalar_double(a.padding_value), (torch_dtype)first->dtype);
    for (int64_t i = 0; out && i < a.n; i++) {
        int64_t scope = torch_scope_push();
        Tensor *place = torch_select(out, a.batch_first ? 0 : 1, i);
        Tensor *done = torch_copy_(torch_narrow(place, 0, 0, a.sequences[i]->shape[0]), a.sequences[i]);
        torch_scope_pop(scope);
        if (!done) out = NULL;
    }
    return out;
}

nn_PackSequenceArgs nn_PackSequenceArgs_defaults(void)
{
    return (nn_PackSequenceArgs){.struct_size = sizeof(nn_PackSequenceArgs), .enforce_sorted = true};
}

nn_PackedSequence nn_utils_rnn_pack_sequence_args(const nn_PackSequenceArgs *args)
{
    nn_PackSequenceArgs a = nn_PackSequenceArgs_defaults();
    cer_args(&a, sizeof a, args);
    Tensor *padded = nn_utils_rnn_pad_sequence(a.sequences, a.n);
    Tensor *lengths = padded ? cer_empty(torch_int64, 1, &a.n) : NULL;
    if (!lengths) return no_sequence;
    for (int64_t i = 0; i < a.n; i++) ((int64_t *)(void *)lengths->data)[i] = a.sequences[i]->shape[0];
    return nn_utils_rnn_pack_padded_sequence(padded, lengths, .enforce_sorted = a.enforce_sorted);
}

torch_TensorList nn_utils_rnn_unpad_sequence(Tensor *x, Tensor *lengths, bool batch_first)
{
    static const char op[] = "unpad_sequence";
    if (!cer_ready(x, op, 1) || !cer_usable(lengths, op, 2)) return cer_no_list();
    if (!batch_first) x = torch_transpose(x, 0, 1);
    if (!x) return cer_no_list();
    if (x->ndim < 2) return cer_raise(TORCH_INDEX_ERROR, op, "tuple index out of range"), cer_no_list();
    if (lengths->ndim == 0) return cer_raise(TORCH_TYPE_ERROR, op, "iteration over a 0-d tensor"), cer_no_list();
    int64_t n = x->shape[0] < lengths->shape[0] ? x->shape[0] : lengths->shape[0];
    Tensor *place = torch_arange(x->shape[1]), **sequence = cer_list_room(op, n);
    torch_TensorList rows = torch_unbind(x, 0);
    for (int64_t i = 0; i < n && !cer_error_pending(); i++)
        sequence[i] = torch_index_tensors(rows.tensor[i], torch_tensors(torch_lt(place, torch_select(lengths, 0, i))));
    return cer_error_pending() ? cer_no_list() : (torch_TensorList){sequence, n};
}

torch_TensorList nn_utils_rnn_unpack_sequence(nn_PackedSequence p)
{
    Tensor *lengths = NULL;
    Tensor *padded = nn_utils_rnn_pad_packed_sequence(p, .batch_first = true, .lengths = &lengths);
    return padded ? nn_utils_rnn_unpad_sequence(padded, lengths, true) : cer_no_list();
}
