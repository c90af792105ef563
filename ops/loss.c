/* torch.nn.functional: losses of a prediction and a target: a pointwise row, then the sum or mean of all its elements. */
#include "ops/loss.h"

#include <math.h>
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct LossAttrs {
    torch_Scalar param; /* beta or delta */
    torch_Scalar
        norm; /* of the gradient: 1, or 1 / n for the mean. Behind param, where the loop of the gradient finds it */
    int32_t reduction;
} LossAttrs;

/* ---- what all have in common; bce.c too -------------------------------------------------------------------------- */

bool cer_reduction(const char *op, const char *text, int32_t *reduction)
{
    static const char *const names[] = {"none", "mean", "sum"};
    for (int32_t i = 0; text && i < 3; i++)
        if (strcmp(text, names[i]) == 0) return *reduction = i, true;
    return cer_raise(TORCH_VALUE_ERROR, op, "%.100s is not a valid value for reduction", text ? text : "None");
}

/* The form of the losses, before they are reduced, is in c->form[1]: no loss has a second output. */
bool cer_loss_shape(cer_Call *c, const cer_Op *row, int64_t n_in, const char *kernel, int32_t reduction)
{
    torch_dtype common = cer_result_type(c->in, n_in);
    if (!torch_dtype_is_floating_point(common))
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "\"%s\" not implemented for '%s'", kernel,
                         cer_type_name(common));
    cer_Call losses = *c;
    losses.op = row;
    losses.n_in = n_in;
    if (!cer_pointwise_shape(&losses)) return false;
    c->form[0] = c->form[1] = losses.form[0];
    c->common = losses.common;
    if (reduction != CER_REDUCE_NONE) cer_form(&c->form[0], common, 0, NULL);
    return true;
}

static bool multiply(Tensor *losses, torch_Scalar weight) /* in place */
{
    torch_Scalar in[2] = {torch_scalar_tensor(losses), weight};
    cer_Call c = {.op = &cer_op_mul, .in = in, .n_in = 2, .common = losses->dtype, .out = {losses}};
    return cer_pointwise_kernel(&c);
}

bool cer_loss_kernel(cer_Call *c, const cer_Op *row, int64_t n_in, torch_Scalar weight, int32_t reduction)
{
    int64_t mark = cer_context()->pool.length;
    cer_Call losses = *c;
    losses.op = row;
    losses.n_in = n_in;
    if (reduction != CER_REDUCE_NONE) {
        const cer_Form *f = &c->form[1];
        Tensor *t = losses.out[0] = cer_empty(f->dtype, f->ndim, f->shape);
        if (t && f->strided) { /* in the layout that PyTorch's has: the order of summing shows in the last bit */
            memcpy(t->stride, f->stride, sizeof(int64_t) * f->ndim);
            cer_update_contiguous(t);
        }
    }
    bool fine = losses.out[0] && cer_pointwise_kernel(&losses);
    if (fine && weight.kind == TORCH_KIND_TENSOR) fine = multiply(losses.out[0], weight);
    if (fine && reduction != CER_REDUCE_NONE) {
        torch_Scalar in[1] = {torch_scalar_tensor(losses.out[0])};
        cer_SumAttrs all = {.reduced = cer_all_dims(losses.out[0]->ndim), .dtype = losses.out[0]->dtype};
        cer_Call sum = {.op = reduction == CER_REDUCE_MEAN ? &cer_op_mean_all : &cer_op_sum_all,
                        .in = in,
                        .n_in = 1,
                        .attrs = &all,
                        .out = {c->out[0]}};
        fine = sum.op->kernel(&sum);
    }
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

/* Once per pair of shapes in a row the text need not be made at all: a training loop asks every step. */
static void warn_of_sizes(const Tensor *input, const Tensor *target)
{
    static _Atomic uint64_t last;
    uint64_t shapes = 14695981039346656037u;
    for (int d = 0; d < input->ndim; d++) shapes = (shapes ^ (uint64_t)input->shape[d]) * 1099511628211u;
    shapes = (shapes ^ input->ndim) * 1099511628211u;
    for (int d = 0; d < target->ndim; d++) shapes = (shapes ^ (uint64_t)target->shape[d]) * 1099511628211u;
    shapes = (shapes ^ cer_warnings_epoch()) * 1099511628211u;
    if (atomic_exchange_explicit(&last, shapes, memory_order_relaxed) == shapes) return;
    torch_Size a = torch_shape(target), b = torch_shape(input);
    int64_t scope = torch_scope_push();
    torch_warn("UserWarning",
               "Using a target size (%s) that is different to the input size (%s). This will likely lead to incorrect "
               "results due to broadcasting. Please ensure they have the same size.",
               torch_size_str(a), torch_size_str(b));
    torch_scope_pop(scope);
}

/* Checks what every loss checks and prepares the attributes. */
static bool loss_ready(const char *op, Tensor *input, Tensor *target, const char *reduction, double param, LossAttrs *l)
{
    if (cer_error_pending() || !cer_usable(input, op, 1) || !cer_usable(target, op, 2)) return false;
    if (!cer_same_shape(input, target)) warn_of_sizes(input, target);
    int64_t shape[TORCH_MAX_DIM], ndim = input->ndim, n = 1;
    memcpy(shape, input->shape, sizeof(int64_t) * (size_t)ndim);
    if (!cer_broadcast(op, &ndim, shape, target->ndim, target->shape) || !cer_numel_of(op, ndim, shape, 8, &n))
        return false;
    if (!cer_reduction(op, reduction, &l->reduction)) return false;
    l->param = torch_scalar_double(param);
    l->norm = torch_scalar_double(l->reduction == CER_REDUCE_MEAN ? 1.0 / (double)n : 1.0);
    return true;
}

#define LOSS(id, row, kernel_name, grad, schema_, vjp_)                                                             \
    static bool id##_shape(cer_Call *c)                                                                             \
    {                                                                                                               \
        return cer_loss_shape(c, &cer_op_##row, 2, kernel_name, ((const LossAttrs *)c->attrs)->reduction);          \
    }                                                                                                               \
    static bool id##_kernel(cer_Call *c)                                                                            \
    {                                                                                                               \
        return cer_loss_kernel(c, &cer_op_##row, 2, torch_scalar_none(), ((const LossAttrs *)c->attrs)->reduction); \
    }                                                                                                               \
    const cer_Op cer_op_##id = {.name = #id,                                                                        \
                                .grad_name = grad,                                                                  \
                                .schema = schema_,                                                                  \
                                .shape = id##_shape,                                                                \
                                .kernel = id##_kernel,                                                              \
                                .vjp = vjp_,                                                                        \
                                .saves = {CER_SAVE(0) | CER_SAVE(1), CER_SAVE(0) | CER_SAVE(1)},                    \
                                .n_outputs = 1,                                                                     \
                                .attrs_bytes = sizeof(LossAttrs)};

/* The rows of gradients take (input, target, g), and the parameters from `from` on. Losses of the difference: the target's is
 * the input's, negated. */
static Tensor *backward(const cer_Op *row, Tensor *g, torch_Scalar input, torch_Scalar target, const void *from)
{
    torch_Scalar in[3] = {input, target, torch_scalar_tensor(g)};
    return cer_call(row, in, 3, from);
}

static void difference_vjp(cer_Node *n, const cer_Op *row, Tensor *g, const void *from, Tensor **in)
{
    torch_Scalar input = cer_saved(n, 0), target = cer_saved(n, 1);
    if (cer_needs(n, 0)) in[0] = backward(row, g, input, target, from);
    if (cer_needs(n, 1)) in[1] = in[0] ? torch_neg(in[0]) : backward(row, g, target, input, from);
}

/* ---- mse_loss ---------------------------------------------------------------------------------------------------- */

static void mse_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    torch_Scalar norm = ((const LossAttrs *)cer_attrs(n))->norm;
    norm.as.d *= 2;
    difference_vjp(n, &cer_op_squared_error_backward, g[0], &norm, in);
}
LOSS(mse_loss, squared_error, "mse_cpu", "MseLossBackward0",
     "mse_loss(Tensor self, Tensor target, int reduction=Mean) -> Tensor", mse_vjp)

Tensor *cer_squared_error_vjp(Tensor *g, torch_Scalar input, torch_Scalar target)
{
    torch_Scalar norm = torch_scalar_int(2);
    return backward(&cer_op_squared_error_backward, g, input, target, &norm);
}

F_LossArgs F_LossArgs_defaults(void)
{
    return (F_LossArgs){.struct_size = sizeof(F_LossArgs), .reduction = "mean"};
}

Tensor *F_mse_loss_args(const F_LossArgs *a)
{
    LossAttrs l;
    if (!loss_ready("mse_loss", a->input, a->target, a->reduction, 0, &l)) return NULL;
    return cer_call2(&cer_op_mse_loss, a->input, a->target, &l);
}

/* ---- smooth_l1_loss, huber_loss ---------------------------------------------------------------------------------- */

static void smooth_l1_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    difference_vjp(n, &cer_op_smooth_l1_backward, g[0], cer_attrs(n), in);
}
LOSS(smooth_l1_loss, smooth_l1, "smooth_l1_cpu", "SmoothL1LossBackward0",
     "smooth_l1_loss(Tensor self, Tensor target, int reduction=Mean, float beta=1.0) -> Tensor", smooth_l1_vjp)

static void huber_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    difference_vjp(n, &cer_op_huber_backward, g[0], cer_attrs(n), in);
}
LOSS(huber_loss, huber, "huber_cpu", "HuberLossBackward0",
     "huber_loss(Tensor self, Tensor target, int reduction=Mean, float delta=1.0) -> Tensor", huber_vjp)

Tensor *cer_smooth_l1_vjp(Tensor *g, torch_Scalar input, torch_Scalar target, torch_Scalar beta)
{
    torch_Scalar param[2] = {beta, torch_scalar_double(1)};
    return backward(&cer_op_smooth_l1_backward, g, input, target, param);
}

Tensor *cer_huber_vjp(Tensor *g, torch_Scalar input, torch_Scalar target, torch_Scalar delta)
{
    torch_Scalar param[2] = {delta, torch_scalar_double(1)};
    return backward(&cer_op_huber_backward, g, input, target, param);
}

double cer_ratio(torch_Scalar a, torch_Scalar b) /* 0 for b = 0: with beta = 0 the gradient has no slope */
{
    return b.as.d > 0 ? a.as.d / b.as.d : 0;
}

/* The slope of the gradient: `slope` where |input - target| < limit, else 0. */
Tensor *cer_curvature(Tensor *g, torch_Scalar input, torch_Scalar target, torch_Scalar c, torch_Scalar limit,
                      double slope)
{
    Tensor *near = torch_lt(torch_abs(torch_sub(input, target)), limit);
    return torch_mul(torch_mul(torch_mul(g, c), near), slope);
}

F_SmoothL1LossArgs F_SmoothL1LossArgs_defaults(void)
{
    return (F_SmoothL1LossArgs){.struct_size = sizeof(F_SmoothL1LossArgs), .reduction = "mean", .beta = 1};
}

Tensor *F_smooth_l1_loss_args(const F_SmoothL1LossArgs *a)
{
    LossAttrs l;
    if (!loss_ready("smooth_l1_loss", a->input, a->target, a->reduction, a->beta, &l)) return NULL;
    if (!(a->beta >= 0))
        return cer_raise(TORCH_RUNTIME_ERROR, "smooth_l1_loss",
                         "smooth_l1_loss does not support negative values for beta."),
               NULL;
    return cer_call2(&cer_op_smooth_l1_loss, a->input, a->target, &l);
}

F_HuberLossArgs F_HuberLossArgs_defaults(void)
{
    return (F_HuberLossArgs){.struct_size = sizeof(F_HuberLossArgs), .reduction = "mean", .delta = 1};
}

Tensor *F_huber_loss_args(const F_HuberLossArgs *a)
{
    LossAttrs l;
    if (!loss_ready("huber_loss", a->input, a->target, a->reduction, a->delta, &l)) return NULL;
    if (!(a->delta > 0))
        return cer_raise(TORCH_RUNTIME_ERROR, "huber_loss",
                         "huber_loss does not support non-positive values for delta."),
               NULL;
    return cer_call2(&cer_op_huber_loss, a->input, a->target, &l);
}

/* ---- soft_margin_loss, l1_loss ----------------------------------------------------------------------------------- */

static void soft_margin_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const LossAttrs *a = cer_attrs(n);
    in[0] = torch_mul(cer_soft_margin_vjp(g[0], cer_saved(n, 0), cer_saved(n, 1)), a->norm);
}
LOSS(soft_margin_loss, soft_margin, "soft_margin_loss", "SoftMarginLossBackward0",
     "soft_margin_loss(Tensor self, Tensor target, int reduction=Mean) -> Tensor", soft_margin_vjp)

/* d/dx log(1 + exp(-t x)) = -t sigmoid(-t x) */
Tensor *cer_soft_margin_vjp(Tensor *g, torch_Scalar input, torch_Scalar target)
{
    Tensor *negative = torch_neg(cer_tensor(target));
    return torch_mul(torch_mul(torch_sigmoid(torch_mul(negative, input)), negative), g);
}

bool cer_no_gradient(const char *op, const char *argument, const Tensor *t)
{
    if (!t || !(t->flags & CER_REQUIRES_GRAD) || !torch_is_grad_enabled()) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, op,
                     "The function '%s' is not differentiable with respect to argument '%s'. This input cannot have "
                     "requires_grad True.",
                     op, argument);
}

bool cer_fits(const char *op, const Tensor *x, const Tensor *other)
{
    char want[128], have[128];
    int64_t ndim = x->ndim, shape[TORCH_MAX_DIM];
    memcpy(shape, x->shape, sizeof shape);
    if (!cer_broadcast(op, &ndim, shape, other->ndim, other->shape)) return false;
    if (ndim == x->ndim && cer_same_sizes(ndim, shape, x->shape)) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, op, "output with shape %s doesn't match the broadcast shape %s",
                     cer_shape_text(x->ndim, x->shape, have, sizeof have),
                     cer_shape_text(ndim, shape, want, sizeof want));
}

Tensor *F_soft_margin_loss_args(const F_LossArgs *a)
{
    const char *op = "soft_margin_loss";
    LossAttrs l = {.norm = torch_scalar_int(1)};
    if (cer_error_pending() || !cer_usable(a->input, op, 1) || !cer_usable(a->target, op, 2) ||
        !cer_reduction(op, a->reduction, &l.reduction) || !cer_no_gradient(op, "target", a->target) ||
        !cer_fits(op, a->input, a->target))
        return NULL;
    if (l.reduction == CER_REDUCE_MEAN) l.norm = torch_scalar_double(1.0 / (double)a->input->numel);
    return cer_call2(&cer_op_soft_margin_loss, a->input, a->target, &l);
}

Tensor *cer_reduce_loss(Tensor *losses, int32_t reduction)
{
    return reduction == CER_REDUCE_MEAN ? torch_mean(losses) : reduction == CER_REDUCE_SUM ? torch_sum(losses) : losses;
}

Tensor *F_l1_loss_args(const F_LossArgs *a)
{
    LossAttrs l;
    if (!loss_ready("l1_loss", a->input, a->target, a->reduction, 0, &l)) return NULL;
    return cer_reduce_loss(torch_abs(torch_sub(a->input, a->target)), l.reduction);
}
