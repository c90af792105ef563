/* _pack_padded_sequence: rows of a padded tensor, step by step; and its gradient, which puts them back between zeros.
 * Each is the other's adjoint. _pad_packed_sequence is made of public ops. */
#include "ops/packed.h"

#include <string.h>

#include "core/impl.h"
#include "ops/moves.h"

typedef struct PackAttrs {
    int64_t steps; /* T, for the way back */
    bool batch_first;
} PackAttrs;

/* Padded: row (t, b) of `row` bytes; packed: of `n` sequences those that go on at step t. */
typedef struct Rows {
    const int64_t *length; /* descending */
    int64_t n, steps;
    size_t row, step, sequence; /* bytes: of a row, and between neighbours of the padded tensor */
} Rows;

static Rows rows_of(const Tensor *padded, bool batch_first, const Tensor *lengths)
{
    int64_t batch = padded->shape[batch_first ? 0 : 1], steps = padded->shape[batch_first ? 1 : 0];
    size_t row = (size_t)(padded->numel / (batch * steps)) * (size_t)cer_size_of(padded->dtype);
    Rows r = {(const int64_t *)(const void *)lengths->data, batch, steps, row, 0, 0};
    if (r.length[0] < steps) r.steps = r.length[0];
    r.step = row * (batch_first ? 1 : (size_t)batch);
    r.sequence = row * (batch_first ? (size_t)steps : 1);
    return r;
}

/* Between padded memory and packed, whichever way. */
static void move(const Rows *r, char *padded, char *packed, bool pack)
{
    int64_t going = r->n;
    for (int64_t t = 0; t < r->steps; t++) {
        while (going > 0 && r->length[going - 1] <= t) going--;
        bool side_by_side = r->sequence == r->row;
        size_t bytes = side_by_side ? (size_t)going * r->row : r->row;
        for (int64_t b = 0; b < (side_by_side ? going > 0 : going); b++, packed += bytes) {
            char *at = padded + (size_t)t * r->step + (size_t)b * r->sequence;
            memcpy(pack ? packed : at, pack ? at : packed, bytes);
        }
    }
}

/* ---- pack -------------------------------------------------------------------------------------------------------- */

static bool lengths_fit(const Tensor *lengths, int64_t batch)
{
    static const char op[] = "_pack_padded_sequence";
    const int64_t *length = (const int64_t *)(const void *)lengths->data;
    if (lengths->shape[0] != batch)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Expected `len(lengths)` to be equal to batch_size, but got %lld (batch_size=%lld)",
                         (long long)lengths->shape[0], (long long)batch);
    if (length[batch - 1] <= 0)
        return cer_raise(
            TORCH_RUNTIME_ERROR, op,
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0");
    for (int64_t i = batch - 1; i > 0; i--)
        if (length[i] > length[i - 1])
            return cer_raise(
                TORCH_RUNTIME_ERROR, op,
                "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can "
                "pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this "
                "requirement if you do not need ONNX exportability.");
    return true;
}

static bool pack_shape(cer_Call *c)
{
    const PackAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *lengths = c->in[1].as.t;
    if (x->numel == 0) return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "Cannot pack empty tensors.");
    if (!lengths_fit(lengths, x->shape[a->batch_first ? 0 : 1])) return false;
    const int64_t *length = (const int64_t *)(const void *)lengths->data;
    int64_t steps = x->shape[a->batch_first ? 1 : 0], shape[TORCH_MAX_DIM] = {0};
    for (int64_t b = 0; b < lengths->numel; b++) shape[0] += length[b] < steps ? length[b] : steps;
    for (int d = 2; d < x->ndim; d++) shape[d - 1] = x->shape[d];
    cer_form(&c->form[0], x->dtype, x->ndim - 1, shape);
    return cer_form_checked(&c->form[1], c->op->name, torch_int64, 1, length);
}

static bool pack_kernel(cer_Call *c)
{
    const PackAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length;
    const Tensor *x = cer_plain(c->in[0].as.t, (torch_dtype)c->in[0].as.t->dtype), *lengths = c->in[1].as.t;
    if (!x) return false;
    Rows r = rows_of(x, a->batch_first, lengths);
    move(&r, x->data, c->out[0]->data, true);
    int64_t *size = (int64_t *)(void *)c->out[1]->data;
    for (int64_t t = 0, going = r.n; t < r.length[0]; t++) {
        while (r.length[going - 1] <= t) going--;
        size[t] = going;
    }
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void pack_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    PackAttrs a = *(const PackAttrs *)cer_attrs(n);
    a.steps = cer_input_size(n, 0).dim[a.batch_first ? 1 : 0];
    in[0] = cer_call2(&cer_op_pack_padded_sequence_backward, g[0], cer_saved_tensor(n, 1), &a);
}

const cer_Op cer_op_pack_padded_sequence = {
    .name = "_pack_padded_sequence",
    .grad_name = "PackPaddedSequenceBackward0",
    .schema = "_pack_padded_sequence(Tensor input, Tensor lengths, bool batch_first) -> (Tensor, Tensor)",
    .shape = pack_shape,
    .kernel = pack_kernel,
    .vjp = pack_vjp,
    .saves = {CER_SAVE(1)},
    .n_outputs = 2,
    .indices = 2,
    .attrs_bytes = sizeof(PackAttrs),
};

/* ---- the way back ------------------------------------------------------------------------------------------------ */

/* A length goes beyond what was packed: the error of PyTorch's loop over steps. */
static bool too_long(const PackAttrs *a, const Tensor *g, int64_t batch)
{
    char text[160];
    int64_t shape[TORCH_MAX_DIM] = {a->steps, batch};
    for (int d = 1; d < g->ndim; d++) shape[d + 1] = g->shape[d];
    return cer_raise(TORCH_INDEX_ERROR, "select",
                     "select(): index %lld out of range for tensor of size %s at dimension 0", (long long)a->steps,
                     cer_shape_text(g->ndim + 1, shape, text, sizeof text));
}

static bool back_shape(cer_Call *c)
{
    const PackAttrs *a = c->attrs;
    const Tensor *g = c->in[0].as.t, *lengths = c->in[1].as.t;
    int64_t shape[TORCH_MAX_DIM] = {a->batch_first ? lengths->numel : a->steps,
                                    a->batch_first ? a->steps : lengths->numel};
    for (int d = 1; d < g->ndim; d++) shape[d + 1] = g->shape[d];
    if (((const int64_t *)(const void *)lengths->data)[0] > a->steps) return too_long(a, g, lengths->numel);
    return cer_form_checked(&c->form[0], c->op->name, (torch_dtype)g->dtype, g->ndim + 1, shape);
}

static bool back_kernel(cer_Call *c)
{
    const PackAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length;
    const Tensor *g = cer_plain(c->in[0].as.t, (torch_dtype)c->in[0].as.t->dtype);
    if (!g) return false;
    Rows r = rows_of(c->out[0], a->batch_first, c->in[1].as.t);
    memset(c->out[0]->data, 0, (size_t)c->out[0]->numel * (size_t)cer_size_of(c->out[0]->dtype));
    move(&r, c->out[0]->data, g->data, false);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void back_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = cer_call2(&cer_op_pack_padded_sequence, g[0], cer_saved_tensor(n, 1), cer_attrs(n));
}

const cer_Op cer_op_pack_padded_sequence_backward = {
    .name = "_pack_padded_sequence_backward",
    .grad_name = "PackPaddedSequenceBackwardBackward0",
    .shape = back_shape,
    .kernel = back_kernel,
    .vjp = back_vjp,
    .saves = {CER_SAVE(1)},
    .n_outputs = 1,
    .attrs_bytes = sizeof(PackAttrs),
};

/* ---- public ------------------------------------------------------------------------------------------------------ */

/* int64 (n), contiguous and without history; NULL: raised */
static Tensor *counts(const char *op, Tensor *t)
{
    if (t->ndim != 1 || t->dtype != torch_int64)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "'lengths' argument should be a 1D CPU int64 tensor, but got %dD cpu %s tensor", t->ndim,
                         cer_type_name(t->dtype)),
               NULL;
    return cer_plain(t, torch_int64);
}

Tensor *torch__pack_padded_sequence(Tensor *x, Tensor *lengths, bool batch_first, Tensor **batch_sizes)
{
    static const char op[] = "_pack_padded_sequence";
    PackAttrs a = {.batch_first = batch_first};
    int64_t dim;
    if (batch_sizes) *batch_sizes = NULL;
    if (!cer_ready(x, op, 1) || !cer_usable(lengths, op, 2) || !cer_no_gradient(op, "lengths", lengths) ||
        !(lengths = counts(op, lengths)))
        return NULL;
    if (x->ndim == 0)
        return cer_raise(TORCH_INDEX_ERROR, op, "Dimension specified as 1 but tensor has no dimensions"), NULL;
    if (!cer_wrap_dim(op, 1, x->ndim, &dim)) return NULL;
    torch_Scalar in[2] = {torch_scalar_tensor(x), torch_scalar_tensor(lengths)};
    Tensor *sizes, *data = cer_call_two(&cer_op_pack_padded_sequence, in, 2, &a, &sizes);
    if (batch_sizes) *batch_sizes = sizes;
    return data;
}

/* One block: steps begin..end have n sequences each, whose rows start at *row. */
static bool place(Tensor *out, Tensor *data, int64_t begin, int64_t end, int64_t n, int64_t *row)
{
    int64_t shape[TORCH_MAX_DIM] = {end - begin, n}, rows;
    if (__builtin_mul_overflow(end - begin, n, &rows) || rows < 0 || rows > INT64_MAX - *row)
        return cer_raise(TORCH_VALUE_ERROR, "_pad_packed_sequence", "a batch size is %lld", (long long)n);
    Tensor *part = torch_slice(data, 0, *row, *row + rows, 1);
    Tensor *hole = torch_slice(torch_slice(out, 0, begin, end, 1), 1, 0, n, 1);
    if (!part || !hole) return false;
    for (int d = 2; d < out->ndim; d++) shape[d] = out->shape[d];
    *row += rows;
    return torch_copy_(hole, torch_view_n(part, out->ndim, shape)) != NULL;
}

/* Fills `out` block by block, and `length` with where each sequence ends. */
static bool unpack(Tensor *out, Tensor *data, const Tensor *sizes, int64_t *length)
{
    const int64_t *size = (const int64_t *)(const void *)sizes->data;
    int64_t before = size[0], begin = 0, row = 0, left = size[0];
    for (int64_t i = 0; i <= sizes->numel; i++) {
        int64_t now = i < sizes->numel ? size[i] : 0;
        if (now == before) continue;
        if (!place(out, data, begin, i, before, &row)) return false;
        if (now < 0 || before - now > left) /* where one grew, its copy has failed or this one is too many */
            return cer_raise(TORCH_VALUE_ERROR, "_pad_packed_sequence", "batch sizes grow from %lld to %lld",
                             (long long)before, (long long)now);
        for (; before > now; before--) length[--left] = i;
        before = now;
        begin = i;
    }
    return true;
}

Tensor *torch__pad_packed_sequence(Tensor *data, Tensor *batch_sizes, bool batch_first, double padding_value,
                                   int64_t total_length, Tensor **lengths)
{
    static const char op[] = "_pad_packed_sequence";
    if (lengths) *lengths = NULL;
    if (!cer_ready(data, op, 1) || !cer_usable(batch_sizes, op, 2) || !(batch_sizes = counts(op, batch_sizes)))
        return NULL;
    if (batch_sizes->numel == 0 || data->ndim == 0 || data->ndim == TORCH_MAX_DIM)
        return cer_raise(TORCH_VALUE_ERROR, op,
                         "a packed sequence has rows and batch sizes, got %d and %lld dimensions", data->ndim,
                         (long long)batch_sizes->numel),
               NULL;
    int64_t longest = batch_sizes->numel, shape[TORCH_MAX_DIM] = {longest, *(const int64_t *)(void *)batch_sizes->data};
    if (total_length > 0 && total_length < longest)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Expected total_length to be at least the length of the longest sequence in input, but got "
                         "total_length=%lld and max sequence length being %lld",
                         (long long)total_length, (long long)longest),
               NULL;
    if (total_length > 0) shape[0] = total_length;
    for (int d = 1; d < data->ndim; d++) shape[d + 1] = data->shape[d];
    Tensor *out = torch_full_n(data->ndim + 1, shape, torch_scalar_double(padding_value), (torch_dtype)data->dtype);
    Tensor *length = out ? cer_empty(torch_int64, 1, &shape[1]) : NULL;
    if (!length || !unpack(out, data, batch_sizes, (int64_t *)(void *)length->data)) return NULL;
    if (batch_first) out = torch_transpose(out, 0, 1);
    if (lengths && out) *lengths = length;
    return out;
}
