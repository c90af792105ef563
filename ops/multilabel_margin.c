/* multilabel_margin_loss: every label of a row should exceed by 1 every class that is none. */
#include <string.h>

#include "core/impl.h"
#include "ops/loss.h"
#include "ops/ops_internal.h"

typedef struct MarginAttrs {
    int32_t reduction;
} MarginAttrs;

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

/* 1 - x[a] + x[b], in x's type */
static double distance(const Tensor *x, int64_t a, int64_t b)
{
    if (x->dtype == torch_float64) return 1 - get(x, a) + get(x, b);
    return (double)(1 - (float)get(x, a) + (float)get(x, b));
}

typedef struct Rows {
    Tensor *x;
    const int64_t *label;
    char *is_label; /* of a row's classes */
    int64_t n, classes;
} Rows;

static bool begin(cer_Call *c, Rows *r)
{
    r->x = cer_plain(c->in[0].as.t, (torch_dtype)c->in[0].as.t->dtype);
    const Tensor *t = r->x ? cer_plain(c->in[1].as.t, torch_int64) : NULL;
    if (!t) return false;
    r->label = (const int64_t *)(const void *)t->data;
    r->classes = r->x->ndim ? r->x->shape[r->x->ndim - 1] : 1;
    r->n = r->x->numel / r->classes;
    r->is_label = cer_alloc((size_t)r->classes);
    return r->is_label || cer_raise_memory(c->op->name, (double)r->classes);
}

static void mark_labels(const Rows *r, int64_t row)
{
    const int64_t *label = r->label + row * r->classes;
    memset(r->is_label, 0, (size_t)r->classes);
    for (int64_t k = 0; k < r->classes && label[k] >= 0; k++) r->is_label[label[k]] = 1;
}

/* ---- forward ----------------------------------------------------------------------------------------------------- */

static bool margin_shape(cer_Call *c)
{
    const Tensor *x = c->in[0].as.t;
    bool each = ((const MarginAttrs *)c->attrs)->reduction == CER_REDUCE_NONE;
    cer_form(&c->form[0], x->dtype, each && x->ndim > 1, x->shape);
    return true;
}

static double row_loss(const Rows *r, int64_t row)
{
    const int64_t *label = r->label + row * r->classes, first = row * r->classes;
    double sum = 0;
    for (int64_t k = 0; k < r->classes && label[k] >= 0; k++)
        for (int64_t d = 0; d < r->classes; d++) {
            double z = r->is_label[d] ? 0 : distance(r->x, first + label[k], first + d);
            if (z > 0) sum += z;
        }
    return sum;
}

static bool margin_kernel(cer_Call *c)
{
    int32_t reduction = ((const MarginAttrs *)c->attrs)->reduction;
    int64_t mark = cer_context()->pool.length;
    Rows r;
    double sum = 0;
    if (!begin(c, &r)) return false;
    for (int64_t row = 0; row < r.n; row++) {
        mark_labels(&r, row);
        double loss = row_loss(&r, row) / (double)r.classes;
        if (reduction == CER_REDUCE_NONE) set(c->out[0], row, loss);
        sum = r.x->dtype == torch_float32 ? (double)((float)sum + (float)loss) : sum + loss;
    }
    if (reduction != CER_REDUCE_NONE) set(c->out[0], 0, reduction == CER_REDUCE_MEAN ? sum / (double)r.n : sum);
    cer_free(r.is_label, (size_t)r.classes);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void margin_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    Tensor *slope = cer_call2(&cer_op_multilabel_margin_loss_backward, cer_saved_tensor(n, 0), cer_saved_tensor(n, 1),
                              cer_attrs(n));
    Tensor *each = g[0] && g[0]->ndim ? torch_unsqueeze(g[0], 1) : g[0];
    in[0] = torch_mul(slope, each);
}

const cer_Op cer_op_multilabel_margin_loss = {
    .name = "multilabel_margin_loss",
    .grad_name = "MultilabelMarginLossBackward0",
    .schema = "multilabel_margin_loss_forward(Tensor self, Tensor target, int reduction) -> (Tensor, Tensor)",
    .shape = margin_shape,
    .kernel = margin_kernel,
    .vjp = margin_vjp,
    .saves = {CER_SAVE(0) | CER_SAVE(1)},
    .n_outputs = 1,
    .attrs_bytes = sizeof(MarginAttrs),
};

/* ---- the slopes: constant but for jumps -------------------------------------------------------------------------- */

static bool slope_shape(cer_Call *c)
{
    cer_form(&c->form[0], c->in[0].as.t->dtype, c->in[0].as.t->ndim, c->in[0].as.t->shape);
    return true;
}

static void row_slopes(const Rows *r, Tensor *out, int64_t row, double unit)
{
    const int64_t *label = r->label + row * r->classes, first = row * r->classes;
    for (int64_t k = 0; k < r->classes && label[k] >= 0; k++)
        for (int64_t d = 0; d < r->classes; d++) {
            if (r->is_label[d] || !(distance(r->x, first + label[k], first + d) > 0)) continue;
            set(out, first + label[k], get(out, first + label[k]) - unit);
            set(out, first + d, get(out, first + d) + unit);
        }
}

static bool slope_kernel(cer_Call *c)
{
    int32_t reduction = ((const MarginAttrs *)c->attrs)->reduction;
    int64_t mark = cer_context()->pool.length;
    Rows r;
    if (!begin(c, &r)) return false;
    double unit = 1.0 / (double)(reduction == CER_REDUCE_MEAN ? r.n * r.classes : r.classes);
    if (r.x->dtype == torch_float32) unit = (double)(float)unit;
    memset(c->out[0]->data, 0, (size_t)c->out[0]->numel * (size_t)cer_size_of(c->out[0]->dtype));
    for (int64_t row = 0; row < r.n; row++) {
        mark_labels(&r, row);
        row_slopes(&r, c->out[0], row, unit);
    }
    cer_free(r.is_label, (size_t)r.classes);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

const cer_Op cer_op_multilabel_margin_loss_backward = {
    .name = "multilabel_margin_loss_backward",
    .shape = slope_shape,
    .kernel = slope_kernel,
    .n_outputs = 1,
    .flags = CER_NONDIFFERENTIABLE,
    .attrs_bytes = sizeof(MarginAttrs),
};

/* ---- public ------------------------------------------------------------------------------------------------------ */

static bool fits(const char *op, const Tensor *x, const Tensor *t)
{
    char text[128];
    if (x->ndim > 2 || (x->ndim && x->shape[x->ndim - 1] == 0))
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Expected non-empty vector or matrix with optional 0-dim batch size, but got: %s",
                         cer_size_text(x, text, sizeof text));
    bool same = x->ndim < 2 ? t->ndim < 2 && t->numel == x->numel
                            : t->ndim == 2 && t->shape[0] == x->shape[0] && t->shape[1] == x->shape[1];
    if (!same)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "inconsistent size %s for argument #2 'target'",
                         cer_size_text(t, text, sizeof text));
    int64_t classes = x->ndim ? x->shape[x->ndim - 1] : 1;
    const Tensor *labels = cer_plain((Tensor *)(uintptr_t)t, torch_int64);
    for (int64_t i = 0; labels && i < labels->numel; i++) {
        int64_t label = ((const int64_t *)(const void *)labels->data)[i];
        if (label < -1 || label >= classes)
            return cer_raise(TORCH_RUNTIME_ERROR, op, "argument #2 'target' is out of range");
    }
    if (!labels) return false;
    if (x->dtype != torch_float32 && x->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "\"multilabel_margin_loss_forward_out_frame\" not implemented for '%s'",
                         cer_type_name(x->dtype));
    if (t->dtype != torch_int64)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "expected scalar type Long but found %s", cer_type_name(t->dtype));
    return true;
}

Tensor *F_multilabel_margin_loss_args(const F_LossArgs *args)
{
    static const char op[] = "multilabel_margin_loss";
    F_LossArgs l = F_LossArgs_defaults();
    cer_args(&l, sizeof l, args);
    MarginAttrs a;
    if (!cer_ready(l.input, op, 1) || !cer_usable(l.target, op, 2) || !cer_reduction(op, l.reduction, &a.reduction) ||
        !fits(op, l.input, l.target))
        return NULL;
    return cer_call2(&cer_op_multilabel_margin_loss, l.input, l.target, &a);
}
