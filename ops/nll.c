/* nll_loss: the negative log likelihood of the target class of each item, and its gradient, which is linear in g. */
#include <math.h>
#include <string.h>

#include "core/impl.h"
#include "ops/loss.h"
#include "ops/ops_internal.h"

typedef struct NllAttrs {
    int64_t ignore_index;
    int64_t size[4]; /* of the input of the gradient: (C), (N, C) or (N, C, H, W) */
    int32_t ndim, reduction;
} NllAttrs;

enum { INPUT, TARGET, WEIGHT, TOTAL };

/* How items lie in a tensor of log probabilities: item (n, s), class c at n * batch + c * class + its place. */
typedef struct Items {
    int64_t n, classes, height, width;
    int64_t batch, class, row, column; /* strides */
} Items;

static Items items_of(const Tensor *t)
{
    Items i = {1, t->shape[0], 1, 1, 0, t->stride[0], 0, 0};
    if (t->ndim == 1) return i;
    i.n = t->shape[0];
    i.batch = t->stride[0];
    i.classes = t->shape[1];
    i.class = t->stride[1];
    if (t->ndim < 4) return i;
    i.height = t->shape[2];
    i.row = t->stride[2];
    i.width = t->shape[3];
    i.column = t->stride[3];
    return i;
}

/* Walks the items in row order: {0} is the first, next() the one after. */
typedef struct Cursor {
    int64_t column, row, at; /* at: its place, of class 0 */
} Cursor;

static void next(const Items *i, Cursor *c)
{
    c->at += i->column;
    if (++c->column < i->width) return;
    c->at += i->row - i->width * i->column;
    c->column = 0;
    if (++c->row < i->height) return;
    c->at += i->batch - i->height * i->row;
    c->row = 0;
}

static double get(const Tensor *t, int64_t at)
{
    return t->dtype == torch_float64 ? ((const double *)(const void *)t->data)[at]
                                     : (double)((const float *)(const void *)t->data)[at];
}

static void set(Tensor *t, int64_t at, double v)
{
    if (t->dtype == torch_float64)
        ((double *)(void *)t->data)[at] = v;
    else
        ((float *)(void *)t->data)[at] = (float)v;
}

Tensor *cer_plain(Tensor *t, torch_dtype dtype)
{
    if (t->contiguous && t->dtype == dtype) return t;
    bool before = torch_set_grad_enabled(false);
    Tensor *dense = torch_contiguous(cer_to(t, dtype));
    torch_set_grad_enabled(before);
    return dense;
}

/* The targets as contiguous int64; NULL when there is no memory for it. */
static Tensor *labels_of(Tensor *target)
{
    return cer_plain(target, torch_int64);
}

static bool in_range(const char *op, const Tensor *labels, int64_t classes, int64_t ignored)
{
    const int64_t *label = (const int64_t *)(const void *)labels->data;
    for (int64_t i = 0; i < labels->numel; i++)
        if (label[i] != ignored && (label[i] < 0 || label[i] >= classes))
            return cer_raise(TORCH_INDEX_ERROR, op, "Target %lld is out of bounds.", (long long)label[i]);
    return true;
}

/* ---- forward ----------------------------------------------------------------------------------------------------- */

static bool nll_shape(cer_Call *c)
{
    const NllAttrs *a = c->attrs;
    const Tensor *x = c->in[INPUT].as.t, *t = c->in[TARGET].as.t;
    cer_form(&c->form[0], x->dtype, a->reduction == CER_REDUCE_NONE ? t->ndim : 0, t->shape);
    cer_form(&c->form[1], x->dtype, 0, NULL);
    return true;
}

static bool nll_kernel(cer_Call *c)
{
    const NllAttrs *a = c->attrs;
    const Tensor *x = c->in[INPUT].as.t, *weight = cer_tensor(c->in[WEIGHT]);
    Tensor *out = c->out[0];
    Items items = items_of(x);
    int64_t mark = cer_context()->pool.length;
    const Tensor *labels = labels_of(c->in[TARGET].as.t);
    bool fine = labels && in_range(c->op->name, labels, items.classes, a->ignore_index);
    double sum = 0, total = 0;
    Cursor item = {0};
    for (int64_t i = 0; fine && i < labels->numel; i++, next(&items, &item)) {
        int64_t label = ((const int64_t *)(const void *)labels->data)[i];
        double w = label == a->ignore_index ? 0 : weight ? get(weight, label * weight->stride[0]) : 1;
        double loss = label == a->ignore_index ? 0 : -w * get(x, item.at + label * items.class);
        if (a->reduction == CER_REDUCE_NONE) set(out, i, loss);
        sum += loss;
        total += w;
    }
    if (fine && a->reduction != CER_REDUCE_NONE) set(out, 0, a->reduction == CER_REDUCE_MEAN ? sum / total : sum);
    if (fine) set(c->out[1], 0, a->reduction == CER_REDUCE_NONE ? 0 : total);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static void nll_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    NllAttrs a = *(const NllAttrs *)cer_attrs(n);
    torch_Size size = cer_input_size(n, INPUT);
    a.ndim = (int32_t)size.ndim;
    memcpy(a.size, size.dim, sizeof a.size);
    torch_Scalar operands[4] = {torch_scalar_tensor(g[0]), cer_saved(n, TARGET), cer_saved(n, WEIGHT),
                                torch_scalar_tensor(cer_saved_output(n, 1))};
    in[INPUT] = cer_call(&cer_op_nll_loss_backward, operands, 4, &a);
}

#define NLL(id, grad)                                                                                 \
    const cer_Op cer_op_##id = {.name = #id,                                                          \
                                .grad_name = grad,                                                    \
                                .schema = #id "_forward(Tensor self, Tensor target, Tensor? weight, " \
                                              "int reduction, int ignore_index) -> (Tensor, Tensor)", \
                                .shape = nll_shape,                                                   \
                                .kernel = nll_kernel,                                                 \
                                .vjp = nll_vjp,                                                       \
                                .saves = {CER_SAVE(TARGET) | CER_SAVE(WEIGHT) | CER_SAVE_OUTPUT(1)},  \
                                .n_outputs = 2,                                                       \
                                .indices = 2,                                                         \
                                .attrs_bytes = sizeof(NllAttrs)};
NLL(nll_loss, "NllLossBackward0")
NLL(nll_loss2d, "NllLoss2DBackward0")

/* ---- backward ---------------------------------------------------------------------------------------------------- */

static bool backward_shape(cer_Call *c)
{
    const NllAttrs *a = c->attrs;
    cer_form(&c->form[0], c->in[0].as.t->dtype, a->ndim, a->size);
    return true;
}

static bool backward_kernel(cer_Call *c)
{
    const NllAttrs *a = c->attrs;
    const Tensor *g = c->in[0].as.t, *weight = cer_tensor(c->in[WEIGHT]);
    Tensor *out = c->out[0];
    Items items = items_of(out);
    int64_t mark = cer_context()->pool.length;
    const Tensor *labels = labels_of(c->in[TARGET].as.t);
    if (!labels || !(g = cer_plain(c->in[0].as.t, g->dtype))) return false;
    double total = a->reduction == CER_REDUCE_MEAN ? get(c->in[TOTAL].as.t, 0) : 1;
    memset(out->data, 0, out->storage->bytes);
    Cursor item = {0};
    for (int64_t i = 0; i < labels->numel; i++, next(&items, &item)) {
        int64_t label = ((const int64_t *)(const void *)labels->data)[i];
        if (label == a->ignore_index || label < 0 || label >= items.classes) continue;
        double w = weight ? get(weight, label * weight->stride[0]) : 1;
        set(out, item.at + label * items.class, -w * get(g, g->ndim ? i : 0) / total);
    }
    cer_pool_unwind(cer_context(), mark);
    return true;
}

/* The gradient of what is linear: the loss itself, of g instead of the input. */
static void backward_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    NllAttrs a = *(const NllAttrs *)cer_attrs(n);
    torch_Scalar operands[3] = {torch_scalar_tensor(g[0]), cer_saved(n, TARGET), cer_saved(n, WEIGHT)};
    in[0] = cer_call(a.ndim < 4 ? &cer_op_nll_loss : &cer_op_nll_loss2d, operands, 3, &a);
}

const cer_Op cer_op_nll_loss_backward = {.name = "nll_loss_backward",
                                         .grad_name = "NllLossBackwardBackward0",
                                         .shape = backward_shape,
                                         .kernel = backward_kernel,
                                         .vjp = backward_vjp,
                                         .saves = {CER_SAVE(TARGET) | CER_SAVE(WEIGHT)},
                                         .n_outputs = 1,
                                         .attrs_bytes = sizeof(NllAttrs)};

/* ---- public ------------------------------------------------------------------------------------------------------ */

F_NllLossArgs F_NllLossArgs_defaults(void)
{
    return (F_NllLossArgs){.struct_size = sizeof(F_NllLossArgs), .ignore_index = -100, .reduction = "mean"};
}

static bool types_fit(const char *op, const Tensor *x, const Tensor *target, const Tensor *weight)
{
    char text[128];
    if (x->dtype != torch_float32 && x->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "\"%s_out_frame\" not implemented for '%s'", op,
                         cer_type_name(x->dtype));
    if (target->dtype != torch_int64 && target->dtype != torch_uint8)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "expected scalar type Long but found %s",
                         cer_type_name(target->dtype));
    if (!weight) return true;
    int64_t classes = x->ndim == 1 ? x->shape[0] : x->shape[1];
    if (weight->ndim != 1 || weight->shape[0] != classes) {
        if (x->ndim > 2)
            return cer_raise(TORCH_RUNTIME_ERROR, op, "weight tensor should be defined either for all or no classes");
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "weight tensor should be defined either for all %lld classes or no classes but got weight "
                         "tensor of shape: %s",
                         (long long)classes, cer_size_text(weight, text, sizeof text));
    }
    if (weight->dtype != x->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "expected scalar type %s but found %s", cer_type_name(x->dtype),
                         cer_type_name(weight->dtype));
    return true;
}

/* (C) with (), (N, C) with (N), (N, C, H, W) with (N, H, W) */
static bool sizes_fit(const char *op, const Tensor *x, const Tensor *t)
{
    char a[128], b[128];
    if (x->ndim > 2) {
        if (t->ndim != 3)
            return cer_raise(TORCH_RUNTIME_ERROR, op,
                             "only batches of spatial targets supported (3D tensors) but got targets of dimension: %d",
                             (int)t->ndim);
        if (t->shape[0] != x->shape[0] || t->shape[1] != x->shape[2] || t->shape[2] != x->shape[3])
            return cer_raise(TORCH_RUNTIME_ERROR, op, "size mismatch (got input: %s , target: %s",
                             cer_size_text(x, a, sizeof a), cer_size_text(t, b, sizeof b));
        return true;
    }
    if (t->ndim > 1)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "0D or 1D target tensor expected, multi-target not supported");
    if ((x->ndim == 1 && t->ndim == 0) || (t->ndim == 1 && t->shape[0] == x->shape[0])) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, op, "size mismatch (got input: %s, target: %s)",
                     cer_size_text(x, a, sizeof a), cer_size_text(t, b, sizeof b));
}

/* total: the sum of the weights of all items that are not ignored; may be NULL. */
static Tensor *nll(Tensor *x, Tensor *t, Tensor *weight, int64_t ignored, int32_t reduction, Tensor **total)
{
    const cer_Op *op = x->ndim > 2 ? &cer_op_nll_loss2d : &cer_op_nll_loss;
    if (!t || !cer_no_gradient(x->ndim > 2 ? "nll_loss2d_forward" : "nll_loss_forward", "weight", weight) ||
        !sizes_fit(op->name, x, t) || !types_fit(op->name, x, t, weight))
        return NULL;
    NllAttrs a = {.ignore_index = ignored, .reduction = reduction};
    torch_Scalar in[3] = {torch_scalar_tensor(x), torch_scalar_tensor(t),
                          weight ? torch_scalar_tensor(weight) : torch_scalar_none()};
    Tensor *out[2] = {NULL, NULL};
    cer_call_many(op, in, 3, &a, out);
    if (total) *total = out[1];
    return out[0];
}

/* Inputs of other ranks are seen as (N, C, 1, rest). */
static Tensor *nll_of_rank(Tensor *x, Tensor *t, Tensor *weight, int64_t ignored, int32_t reduction, Tensor **total)
{
    char want[128], have[128];
    int64_t size[TORCH_MAX_DIM];
    size[0] = x->shape[0];
    for (int d = 2; d < x->ndim; d++) size[d - 1] = x->shape[d];
    if (t->ndim != x->ndim - 1 || !cer_same_sizes(t->ndim - 1, t->shape + 1, x->shape + 2))
        return cer_raise(TORCH_RUNTIME_ERROR, "nll_loss", "Expected target size %s, got %s",
                         cer_shape_text(x->ndim - 1, size, want, sizeof want), cer_size_text(t, have, sizeof have)),
               NULL;
    int64_t rest = 1;
    for (int d = 2; d < x->ndim; d++) rest *= x->shape[d];
    Tensor *flat = torch_view(torch_contiguous(x), x->shape[0], x->shape[1], x->numel ? 1 : 0, x->numel ? rest : 0);
    Tensor *labels = torch_view(torch_contiguous(t), t->shape[0], t->numel ? 1 : 0, t->numel ? rest : 0);
    if (!flat || !labels) return NULL;
    Tensor *loss = nll(flat, labels, weight, ignored, reduction, total);
    return reduction == CER_REDUCE_NONE ? torch_view_n(loss, x->ndim - 1, size) : loss;
}

Tensor *cer_nll_loss(Tensor *x, Tensor *t, Tensor *weight, int64_t ignored, int32_t reduction, Tensor **total)
{
    if (!x || !t) return NULL;
    if (x->ndim < 1) return cer_raise(TORCH_VALUE_ERROR, "nll_loss", "Expected 1 or more dimensions (got 0)"), NULL;
    int64_t batch = t->ndim ? t->shape[0] : 0;
    if (x->ndim != 1 && x->shape[0] != batch)
        return cer_raise(TORCH_VALUE_ERROR, "nll_loss",
                         "Expected input batch_size (%lld) to match target batch_size (%lld).", (long long)x->shape[0],
                         (long long)batch),
               NULL;
    if (x->ndim == 1 && t->ndim == 1 && t->shape[0] == x->shape[0])
        t = torch_select(t, 0, 0); /* PyTorch reads the first */
    if (x->ndim == 3 || x->ndim > 4) return nll_of_rank(x, t, weight, ignored, reduction, total);
    return nll(x, t, weight, ignored, reduction, total);
}

Tensor *F_nll_loss_args(const F_NllLossArgs *a)
{
    int32_t reduction;
    if (cer_error_pending() || !cer_usable(a->input, "nll_loss", 1) || !cer_usable(a->target, "nll_loss", 2) ||
        (a->weight && !cer_usable(a->weight, "nll_loss", 3)) || !cer_reduction("nll_loss", a->reduction, &reduction))
        return NULL;
    return cer_nll_loss(a->input, a->target, a->weight, a->ignore_index, reduction, NULL);
}
