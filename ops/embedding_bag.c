/* F.embedding_bag: the rows of a table that bags of numbers name, added, averaged, or the largest of each column. */
#include <math.h>
#include <string.h>

#include "ops/embedding.h"
#include "ops/moves.h"

typedef enum Mode { SUM, MEAN, MAX } Mode;

typedef struct BagAttrs {
    int64_t padding_idx; /* -1: none */
    int64_t rows;        /* of weight, for the way back */
    bool by_freq, sparse, last_offset;
    uint8_t mode;
} BagAttrs;

enum { WEIGHT, INDEX, OFFSETS, SAMPLES };
enum {
    OUT,
    BAG_OF,
    SIZE,
    LARGEST
}; /* outputs: also the bag of each index (-1: none), the sizes, and rows of a maximum */

static const int64_t *numbers(const Tensor *t)
{
    return (const int64_t *)(const void *)t->data;
}

static double get(const Tensor *t, int64_t at)
{
    return t->dtype == torch_float64 ? ((const double *)(const void *)t->data)[at]
                                     : (double)((const float *)(const void *)t->data)[at];
}

/* ---- forward ----------------------------------------------------------------------------------------------------- */

static bool offsets_fit(const cer_Call *c)
{
    const Tensor *offsets = c->in[OFFSETS].as.t, *index = c->in[INDEX].as.t;
    const int64_t *at = numbers(offsets), n = offsets->numel;
    if (n > 0 && at[0] != 0)
        return cer_raise(
            TORCH_RUNTIME_ERROR, c->op->name,
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position "
            "0. However, got %lld",
            (long long)at[0]);
    if (n > 0 && at[n - 1] > index->numel)
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                         "offsets[-1] can not be greater than input's length %lld but got offsets[-1] of %lld",
                         (long long)index->numel, (long long)at[n - 1]);
    for (int64_t k = 1; k < n; k++)
        if (at[k] < at[k - 1])
            return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "offsets must not decrease: %lld follows %lld",
                             (long long)at[k], (long long)at[k - 1]);
    return true;
}

static bool bag_shape(cer_Call *c)
{
    const BagAttrs *a = c->attrs;
    const Tensor *weight = c->in[WEIGHT].as.t, *index = c->in[INDEX].as.t, *offsets = c->in[OFFSETS].as.t;
    if (a->last_offset && offsets->numel < 1)
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                         "include_last_offset: number of offset should be at least 1");
    if (!offsets_fit(c) || !cer_embedding_in_range(index, weight->shape[0])) return false;
    int64_t shape[2] = {offsets->numel - a->last_offset, weight->shape[1]};
    cer_form(&c->form[BAG_OF], torch_int64, 1, index->shape);
    cer_form(&c->form[SIZE], torch_int64, 1, shape);
    cer_form(&c->form[LARGEST], torch_int64, a->mode == MAX ? 2 : 1, a->mode == MAX ? shape : (const int64_t[]){0});
    return cer_form_checked(&c->form[OUT], c->op->name, (torch_dtype)weight->dtype, 2, shape);
}

#define ROWS(name, real)                                                                                        \
    static void add_row_##name(real *out, const real *row, int64_t stride, int64_t n, real factor)              \
    {                                                                                                           \
        for (int64_t k = 0; k < n; k++) out[k] += factor * row[k * stride];                                     \
    }                                                                                                           \
    static void max_row_##name(real *out, int64_t *from, const real *row, int64_t stride, int64_t n, int64_t i) \
    {                                                                                                           \
        for (int64_t k = 0; k < n; k++)                                                                         \
            if (from[k] < 0 || row[k * stride] > out[k]) out[k] = row[k * stride], from[k] = i;                 \
    }
ROWS(f, float)
ROWS(d, double)

/* One row into the b-th bag. */
static void take(cer_Call *c, int64_t b, int64_t row, double factor)
{
    const Tensor *weight = c->in[WEIGHT].as.t;
    Tensor *out = c->out[OUT];
    int64_t n = out->shape[1], stride = weight->stride[1], size = cer_size_of(out->dtype);
    char *to = out->data + b * n * size, *from = weight->data + row * weight->stride[0] * size;
    if (((const BagAttrs *)c->attrs)->mode == MAX) {
        int64_t *largest = (int64_t *)(void *)c->out[LARGEST]->data + b * n;
        if (out->dtype == torch_float32)
            max_row_f((float *)(void *)to, largest, (const float *)(void *)from, stride, n, row);
        else
            max_row_d((double *)(void *)to, largest, (const double *)(void *)from, stride, n, row);
    } else if (out->dtype == torch_float32) {
        add_row_f((float *)(void *)to, (const float *)(void *)from, stride, n, (float)factor);
    } else {
        add_row_d((double *)(void *)to, (const double *)(void *)from, stride, n, factor);
    }
}

static void average(Tensor *out, int64_t b, int64_t size)
{
    int64_t n = out->shape[1];
    for (int64_t k = b * n; k < (b + 1) * n && size > 0; k++) {
        if (out->dtype == torch_float32)
            ((float *)(void *)out->data)[k] /= (float)size;
        else
            ((double *)(void *)out->data)[k] /= (double)size;
    }
}

static bool bag_kernel(cer_Call *c)
{
    const BagAttrs *a = c->attrs;
    const Tensor *index = c->in[INDEX].as.t, *samples = cer_tensor(c->in[SAMPLES]);
    const int64_t *start = numbers(c->in[OFFSETS].as.t);
    int64_t offsets = c->in[OFFSETS].as.t->numel, *bag = (int64_t *)(void *)c->out[BAG_OF]->data;
    memset(c->out[OUT]->data, 0, (size_t)c->out[OUT]->numel * (size_t)cer_size_of(c->out[OUT]->dtype));
    memset(c->out[LARGEST]->data, -1, (size_t)c->out[LARGEST]->numel * sizeof(int64_t));
    memset(bag, -1, (size_t)index->numel * sizeof *bag);
    for (int64_t b = 0; b < c->out[OUT]->shape[0]; b++) {
        int64_t end = b + 1 < offsets ? start[b + 1] : index->numel, size = 0;
        for (int64_t k = start[b]; k < end; k++) {
            if (numbers(index)[k] == a->padding_idx) continue;
            bag[k] = b;
            size++;
            take(c, b, numbers(index)[k], samples ? get(samples, k * samples->stride[0]) : 1);
        }
        ((int64_t *)(void *)c->out[SIZE]->data)[b] = size;
        if (a->mode == MEAN) average(c->out[OUT], b, size);
    }
    return true;
}

/* ---- backward, in public ops ------------------------------------------------------------------------------------- */

/* For each index the row of g of its bag; zeros where it has none. */
static Tensor *of_bags(Tensor *g, Tensor *bag)
{
    if (!g || !bag) return NULL;
    if (g->shape[0] == 0) return cer_zeros((torch_dtype)g->dtype, 2, (int64_t[]){bag->numel, g->shape[1]});
    Tensor *rows = torch_index_select(g, 0, torch_clamp_min(bag, 0));
    return torch_masked_fill(rows, torch_unsqueeze(torch_lt(bag, 0), 1), 0);
}

static Tensor *of_largest(Tensor *g, Tensor *largest, int64_t rows)
{
    if (!g || !largest) return NULL;
    Tensor *kept = torch_masked_fill(g, torch_lt(largest, 0), 0);
    Tensor *zeros = cer_zeros((torch_dtype)g->dtype, 2, (int64_t[]){rows, g->shape[1]});
    return rows ? torch_scatter_add(zeros, 0, torch_clamp_min(largest, 0), kept) : zeros;
}

static void bag_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    BagAttrs a = *(const BagAttrs *)cer_attrs(n);
    Tensor *index = cer_saved_tensor(n, INDEX), *bag = cer_saved_output(n, BAG_OF), *each = g[OUT];
    if (a.mode == MAX) {
        if (cer_needs(n, WEIGHT))
            in[WEIGHT] = of_largest(g[OUT], cer_saved_output(n, LARGEST), cer_input_size(n, WEIGHT).dim[0]);
        return;
    }
    if (a.mode == MEAN && each)
        each = torch_div(
            each, torch_unsqueeze(cer_to(torch_clamp_min(cer_saved_output(n, SIZE), 1), (torch_dtype)each->dtype), 1));
    each = of_bags(each, bag);
    if (cer_needs(n, SAMPLES))
        in[SAMPLES] = torch_sum(torch_mul(each, torch_index_select(cer_saved_tensor(n, WEIGHT), 0, index)), 1);
    if (!cer_needs(n, WEIGHT) || !each) return;
    torch_Scalar samples = cer_saved(n, SAMPLES);
    if (cer_tensor(samples)) each = torch_mul(each, torch_unsqueeze(samples.as.t, 1));
    in[WEIGHT] = cer_embedding_backward(each, index, cer_input_size(n, WEIGHT).dim[0], a.padding_idx, a.by_freq);
}

const cer_Op cer_op_embedding_bag = {
    .name = "embedding_bag",
    .grad_name = "EmbeddingBagBackward0",
    .schema =
        "_embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, "
        "bool sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False, int padding_idx=-1) -> "
        "(Tensor, Tensor, Tensor, Tensor)",
    .shape = bag_shape,
    .kernel = bag_kernel,
    .vjp = bag_vjp,
    .saves = {CER_SAVE(INDEX) | CER_SAVE(SAMPLES) | CER_SAVE_OUTPUT(BAG_OF) | CER_SAVE_OUTPUT(SIZE) |
                  CER_SAVE_OUTPUT(LARGEST),
              0, CER_SAVE(WEIGHT) | CER_SAVE(INDEX) | CER_SAVE_OUTPUT(BAG_OF)},
    .n_outputs = 4,
    .indices = 14,
    .attrs_bytes = sizeof(BagAttrs),
};

/* ---- public ------------------------------------------------------------------------------------------------------ */

F_EmbeddingBagArgs F_EmbeddingBagArgs_defaults(void)
{
    return (F_EmbeddingBagArgs){.struct_size = sizeof(F_EmbeddingBagArgs),
                                .max_norm = TORCH_NAN,
                                .norm_type = 2,
                                .mode = "mean",
                                .padding_idx = TORCH_NONE};
}

static const char op[] = "embedding_bag";

/* Python's checks; a 2-d input becomes a row, with offsets. */
static bool arranged(F_EmbeddingBagArgs *a)
{
    char have[128], want[128];
    const Tensor *s = a->per_sample_weights, *x = a->input;
    if (s && (s->ndim != x->ndim || memcmp(s->shape, x->shape, (size_t)x->ndim * sizeof *x->shape) != 0))
        return cer_raise(
            TORCH_VALUE_ERROR, op,
            "embedding_bag: If per_sample_weights (torch.Size(%s)) is not None, then it must have the same "
            "shape as the input (torch.Size(%s))",
            cer_size_text(s, have, sizeof have), cer_size_text(x, want, sizeof want));
    if (x->ndim != 1 && x->ndim != 2)
        return cer_raise(TORCH_VALUE_ERROR, op, "input has to be 1D or 2D Tensor, but got Tensor of dimension %d",
                         x->ndim);
    if (x->ndim == 1 && !a->offsets)
        return cer_raise(TORCH_VALUE_ERROR, op, "offsets has to be a 1D Tensor but got None");
    if (x->ndim == 1 && a->offsets->ndim != 1) return cer_raise(TORCH_VALUE_ERROR, op, "offsets has to be a 1D Tensor");
    if (x->ndim == 1) return true;
    if (a->offsets)
        return cer_raise(
            TORCH_VALUE_ERROR, op,
            "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
            "sequences. However, found offsets of type <class 'torch.Tensor'>");
    if (x->shape[1] == 0) return cer_raise(TORCH_RUNTIME_ERROR, op, "step must be nonzero");
    a->offsets = torch_arange(0, x->numel, x->shape[1]);
    a->input = torch_flatten(a->input);
    if (s) a->per_sample_weights = torch_flatten(a->per_sample_weights);
    return !cer_error_pending();
}

static bool mode_of(const F_EmbeddingBagArgs *a, BagAttrs *b)
{
    static const char *const names[3] = {"sum", "mean", "max"};
    int mode = 0;
    while (mode < 3 && strcmp(a->mode ? a->mode : "", names[mode]) != 0) mode++;
    b->mode = (uint8_t)mode;
    if (mode == 3) return cer_raise(TORCH_VALUE_ERROR, op, "mode has to be one of sum, mean or max");
    if (mode == MAX && a->scale_grad_by_freq)
        return cer_raise(TORCH_VALUE_ERROR, op, "max mode does not support scaling the gradient by the frequency");
    if (mode == MAX && a->sparse) return cer_raise(TORCH_VALUE_ERROR, op, "max mode does not support sparse weights");
    return true;
}

static bool types_fit(const F_EmbeddingBagArgs *a)
{
    const Tensor *x = a->input, *weight = a->weight;
    if (x->dtype != torch_int64 && x->dtype != torch_int32)
        return cer_raise(
            TORCH_RUNTIME_ERROR, op,
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; "
            "but got torch.%sTensor instead (while checking arguments for embedding_bag)",
            cer_type_name(x->dtype));
    if (weight->dtype != torch_float32 && weight->dtype != torch_float64)
        return cer_raise(
            TORCH_RUNTIME_ERROR, op,
            "Expected tensor for argument #1 'weight' to have one of the following scalar types: Half, Float, "
            "Double; but got torch.%sTensor instead (while checking arguments for embedding_bag)",
            cer_type_name(weight->dtype));
    const Tensor *s = a->per_sample_weights;
    return !s || s->dtype == weight->dtype ||
           cer_raise(TORCH_RUNTIME_ERROR, op,
                     "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 "
                     "'per_sample_weights'; but type torch.%sTensor does not equal torch.%sTensor (while checking "
                     "arguments for embedding_bag)",
                     cer_type_name(weight->dtype), cer_type_name(s->dtype));
}

static bool padding_of(const F_EmbeddingBagArgs *a, BagAttrs *b)
{
    int64_t n = a->weight->ndim ? a->weight->shape[0] : 0;
    b->padding_idx = -1;
    if (a->padding_idx == TORCH_NONE) return true;
    if (a->padding_idx < -n || a->padding_idx >= n)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "padding_idx must be within the number of embeddings, -%lld through %lld, but got %lld",
                         (long long)n, (long long)(n - 1), (long long)a->padding_idx);
    b->padding_idx = a->padding_idx < 0 ? a->padding_idx + n : a->padding_idx;
    return true;
}

Tensor *F_embedding_bag_args(const F_EmbeddingBagArgs *args)
{
    F_EmbeddingBagArgs a = F_EmbeddingBagArgs_defaults();
    cer_args(&a, sizeof a, args);
    BagAttrs b = {.by_freq = a.scale_grad_by_freq, .sparse = a.sparse, .last_offset = a.include_last_offset};
    if (!cer_ready(a.input, op, 1) || !cer_usable(a.weight, op, 2) || (a.offsets && !cer_usable(a.offsets, op, 3)) ||
        (a.per_sample_weights && !cer_usable(a.per_sample_weights, op, 4)) || !arranged(&a) || !mode_of(&a, &b))
        return NULL;
    if (a.per_sample_weights && b.mode != SUM)
        return cer_raise(TORCH_NOT_IMPLEMENTED_ERROR, op,
                         "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for "
                         "mode='sum' (got mode='%s'). Please open a feature request on GitHub.",
                         a.mode),
               NULL;
    int64_t dim;
    if (!padding_of(&a, &b) || !types_fit(&a) || !cer_wrap_dim(op, 1, a.weight->ndim, &dim)) return NULL;
    if (a.weight->ndim != 2) return cer_raise(TORCH_RUNTIME_ERROR, op, "'weight' must be 2-D"), NULL;
    Tensor *index = cer_plain(a.input, torch_int64), *offsets = cer_plain(a.offsets, torch_int64);
    if (!index || !offsets) return NULL;
    if (!isnan(a.max_norm) && !cer_embedding_renorm(a.weight, index, a.max_norm, a.norm_type)) return NULL;
    torch_Scalar in[4] = {torch_scalar_tensor(a.weight), torch_scalar_tensor(index), torch_scalar_tensor(offsets)};
    if (a.per_sample_weights) in[SAMPLES] = torch_scalar_tensor(a.per_sample_weights);
    Tensor *out[CER_OUTPUTS];
    return cer_call_many(&cer_op_embedding_bag, in, a.per_sample_weights ? 4 : 3, &b, out) ? out[0] : NULL;
}
