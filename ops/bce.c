/* binary_cross_entropy, of probabilities and of logits: a pointwise row, times the weight, then the sum or mean. */
#include <string.h>

#include "core/impl.h"
#include "ops/loss.h"
#include "ops/ops_internal.h"

typedef struct BceAttrs {
    torch_Scalar norm; /* of the gradient: 1, or 1 / n for the mean */
    int32_t reduction;
} BceAttrs;

enum { INPUT, TARGET, WEIGHT, POS_WEIGHT, OPERANDS };

static Tensor *weighted(Tensor *g, cer_Node *n)
{
    torch_Scalar weight = cer_saved(n, WEIGHT);
    return weight.kind == TORCH_KIND_TENSOR ? torch_mul(g, weight) : g;
}

/* ---- of probabilities -------------------------------------------------------------------------------------------- */

static bool bce_shape(cer_Call *c)
{
    torch_dtype own = c->in[INPUT].as.t->dtype, other = c->in[TARGET].as.t->dtype;
    if (own != other && torch_dtype_is_floating_point(own))
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "Found dtype %s but expected %s", cer_type_name(other),
                         cer_type_name(own));
    return cer_loss_shape(c, &cer_op_bce, 2, c->op->name, ((const BceAttrs *)c->attrs)->reduction);
}

/* cer_Loop: *param points to a flag that is cleared by an element outside [0, 1]. */
static void look_float32(int64_t n, char *const *ptr, const int64_t *stride, const void *param)
{
    bool inside = true;
    for (int64_t i = 0; i < n; i++) {
        float x = *(const float *)(const void *)(ptr[0] + i * stride[0]);
        inside &= x >= 0 && x <= 1;
    }
    if (!inside) **(bool *const *)param = false;
}

static void look_float64(int64_t n, char *const *ptr, const int64_t *stride, const void *param)
{
    bool inside = true;
    for (int64_t i = 0; i < n; i++) {
        double x = *(const double *)(const void *)(ptr[0] + i * stride[0]);
        inside &= x >= 0 && x <= 1;
    }
    if (!inside) **(bool *const *)param = false;
}

static bool bce_kernel(cer_Call *c)
{
    const Tensor *x = c->in[INPUT].as.t;
    bool inside = true, *flag = &inside;
    if (x->dtype == torch_float32 || x->dtype == torch_float64) {
        char *data[1] = {x->data};
        const int64_t *stride[1] = {x->stride};
        size_t element[1] = {torch_dtype_size(x->dtype)};
        cer_Iterator it;
        cer_iterator_init(&it, 1, x->ndim, x->shape, data, stride, element, false);
        cer_iterator_run(&it, x->dtype == torch_float32 ? look_float32 : look_float64, &flag);
    }
    if (!inside) return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "all elements of input should be between 0 and 1");
    return cer_loss_kernel(c, &cer_op_bce, 2, c->in[WEIGHT], ((const BceAttrs *)c->attrs)->reduction);
}

static void bce_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const BceAttrs *a = cer_attrs(n);
    Tensor *share = torch_mul(weighted(g[0], n), a->norm);
    torch_Scalar x = cer_saved(n, INPUT), t = cer_saved(n, TARGET);
    if (cer_needs(n, INPUT)) in[INPUT] = cer_bce_vjp(share, x, t);
    if (cer_needs(n, TARGET)) in[TARGET] = cer_bce_target_vjp(share, x);
}

const cer_Op cer_op_binary_cross_entropy = {
    .name = "binary_cross_entropy",
    .grad_name = "BinaryCrossEntropyBackward0",
    .schema = "binary_cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int reduction=Mean) -> Tensor",
    .shape = bce_shape,
    .kernel = bce_kernel,
    .vjp = bce_vjp,
    .saves = {CER_SAVE(INPUT) | CER_SAVE(TARGET) | CER_SAVE(WEIGHT), CER_SAVE(INPUT) | CER_SAVE(WEIGHT)},
    .n_outputs = 1,
    .attrs_bytes = sizeof(BceAttrs)};

Tensor *cer_bce_vjp(Tensor *g, torch_Scalar input, torch_Scalar target)
{
    torch_Scalar in[3] = {input, target, torch_scalar_tensor(g)};
    return cer_call(&cer_op_bce_backward, in, 3, NULL);
}

Tensor *cer_bce_target_vjp(Tensor *g, torch_Scalar input) /* g (log(1 - x) - log(x)) */
{
    return torch_mul(torch_sub(torch_log(torch_sub(1, input)), torch_log(cer_tensor(input))), g);
}

/* The gradient is c (x - t) / (x - x^2): its slopes, times g. PyTorch's second derivative keeps off 0 by an addition. */
static Tensor *spread(torch_Scalar x)
{
    return torch_add(torch_mul(torch_sub(1, x), x), 1e-12);
}

Tensor *cer_bce_slope(Tensor *g, torch_Scalar x, torch_Scalar t, torch_Scalar c) /* in x */
{
    Tensor *width = spread(x), *above = torch_add(torch_sub(t, torch_mul(torch_mul(x, t), 2)), torch_mul(x, x));
    return torch_mul(torch_mul(g, c), torch_div(above, torch_mul(width, width)));
}

Tensor *cer_bce_target_slope(Tensor *g, torch_Scalar x, torch_Scalar c) /* in t */
{
    return torch_neg(torch_div(torch_mul(g, c), torch_mul(torch_sub(1, x), x)));
}

Tensor *cer_bce_share(Tensor *g, torch_Scalar x, torch_Scalar t) /* in c */
{
    return torch_div(torch_mul(g, torch_sub(x, t)), spread(x));
}

/* ---- of logits --------------------------------------------------------------------------------------------------- */

static bool logits_shape(cer_Call *c)
{
    for (int i = INPUT; i <= TARGET; i++)
        if (!torch_dtype_is_floating_point(c->in[i].as.t->dtype))
            return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                             "result type Float can't be cast to the desired output type %s",
                             cer_type_name(c->in[TARGET].as.t->dtype != torch_float32 ? c->in[TARGET].as.t->dtype
                                                                                      : c->in[INPUT].as.t->dtype));
    return cer_loss_shape(c, &cer_op_bce_with_logits, 2, c->op->name, ((const BceAttrs *)c->attrs)->reduction);
}

static bool logits_kernel(cer_Call *c)
{
    const BceAttrs *a = c->attrs;
    torch_Scalar weight = c->in[WEIGHT], in[3] = {c->in[INPUT], c->in[TARGET], c->in[POS_WEIGHT]};
    bool positive = in[2].kind == TORCH_KIND_TENSOR;
    cer_Call d = *c;
    d.in = in;
    return cer_loss_kernel(&d, positive ? &cer_op_bce_with_logits_weighted : &cer_op_bce_with_logits, positive ? 3 : 2,
                           weight, a->reduction);
}

static void logits_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const BceAttrs *a = cer_attrs(n);
    Tensor *share = torch_mul(weighted(g[0], n), a->norm);
    torch_Scalar x = cer_saved(n, INPUT), t = cer_saved(n, TARGET), w = cer_saved(n, POS_WEIGHT);
    Tensor *positive = cer_tensor(w);
    if (cer_needs(n, INPUT)) in[INPUT] = cer_bce_with_logits_vjp(share, x, t, positive);
    if (cer_needs(n, TARGET)) in[TARGET] = cer_bce_with_logits_target_vjp(share, x, positive);
}

const cer_Op cer_op_binary_cross_entropy_with_logits = {
    .name = "binary_cross_entropy_with_logits",
    .grad_name = "BinaryCrossEntropyWithLogitsBackward0",
    .schema =
        "binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? pos_weight=None, "
        "int reduction=Mean) -> Tensor",
    .shape = logits_shape,
    .kernel = logits_kernel,
    .vjp = logits_vjp,
    .saves = {CER_SAVE(INPUT) | CER_SAVE(TARGET) | CER_SAVE(WEIGHT) | CER_SAVE(POS_WEIGHT),
              CER_SAVE(INPUT) | CER_SAVE(WEIGHT) | CER_SAVE(POS_WEIGHT)},
    .n_outputs = 1,
    .attrs_bytes = sizeof(BceAttrs)};

/* sigmoid(x) - t; with a weight w of the positive ones: (w t + 1 - t) sigmoid(x) - w t */
Tensor *cer_bce_with_logits_vjp(Tensor *g, torch_Scalar x, torch_Scalar t, Tensor *w)
{
    Tensor *chance = torch_sigmoid(cer_tensor(x));
    if (!w) return torch_mul(torch_sub(chance, t), g);
    Tensor *share = torch_mul(w, t);
    return torch_mul(torch_sub(torch_mul(torch_sub(torch_add(share, 1), t), chance), share), g);
}

/* -x; with w: w log(1 + exp(-x)) - log(1 + exp(x)), which is (w - 1) log(1 + exp(-x)) - x */
Tensor *cer_bce_with_logits_target_vjp(Tensor *g, torch_Scalar x, Tensor *w)
{
    if (!w) return torch_neg(torch_mul(x, g));
    Tensor *negative = torch_neg(torch_log(torch_sigmoid(cer_tensor(x))));
    return torch_mul(torch_sub(torch_mul(torch_sub(w, 1), negative), x), g);
}

/* ---- public ------------------------------------------------------------------------------------------------------ */

F_BinaryCrossEntropyArgs F_BinaryCrossEntropyArgs_defaults(void)
{
    return (F_BinaryCrossEntropyArgs){.struct_size = sizeof(F_BinaryCrossEntropyArgs), .reduction = "mean"};
}

static bool bce_ready(const char *op, const F_BinaryCrossEntropyArgs *a, BceAttrs *b)
{
    if (cer_error_pending() || !cer_usable(a->input, op, 1) || !cer_usable(a->target, op, 2) ||
        (a->weight && !cer_usable(a->weight, op, 3)) || (a->pos_weight && !cer_usable(a->pos_weight, op, 4)) ||
        !cer_reduction(op, a->reduction, &b->reduction))
        return false;
    double n = (double)a->input->numel;
    b->norm = torch_scalar_double(b->reduction == CER_REDUCE_MEAN ? 1 / n : 1);
    return true;
}

Tensor *F_binary_cross_entropy_args(const F_BinaryCrossEntropyArgs *a)
{
    const char *op = "binary_cross_entropy";
    BceAttrs b;
    if (!bce_ready(op, a, &b)) return NULL;
    if (!cer_same_shape(a->input, a->target))
        return cer_raise(
                   TORCH_VALUE_ERROR, op,
                   "Using a target size (%s) that is different to the input size (%s) is deprecated. Please ensure "
                   "they have the same size.",
                   torch_size_str(torch_shape(a->target)), torch_size_str(torch_shape(a->input))),
               NULL;
    if (!cer_no_gradient(op, "weight", a->weight) || (a->weight && !cer_fits(op, a->input, a->weight))) return NULL;
    torch_Scalar in[3] = {torch_scalar_tensor(a->input), torch_scalar_tensor(a->target),
                          a->weight ? torch_scalar_tensor(a->weight) : torch_scalar_none()};
    return cer_call(&cer_op_binary_cross_entropy, in, 3, &b);
}

Tensor *F_binary_cross_entropy_with_logits_args(const F_BinaryCrossEntropyArgs *a)
{
    const char *op = "binary_cross_entropy_with_logits";
    BceAttrs b;
    if (!bce_ready(op, a, &b)) return NULL;
    if (!cer_same_shape(a->input, a->target))
        return cer_raise(TORCH_VALUE_ERROR, op, "Target size (%s) must be the same as input size (%s)",
                         torch_size_str(torch_shape(a->target)), torch_size_str(torch_shape(a->input))),
               NULL;
    if (!cer_no_gradient(op, "weight", a->weight) || !cer_no_gradient(op, "pos_weight", a->pos_weight) ||
        (a->weight && !cer_fits(op, a->input, a->weight)) || (a->pos_weight && !cer_fits(op, a->input, a->pos_weight)))
        return NULL;
    torch_Scalar in[OPERANDS] = {torch_scalar_tensor(a->input), torch_scalar_tensor(a->target),
                                 a->weight ? torch_scalar_tensor(a->weight) : torch_scalar_none(),
                                 a->pos_weight ? torch_scalar_tensor(a->pos_weight) : torch_scalar_none()};
    return cer_call(&cer_op_binary_cross_entropy_with_logits, in, OPERANDS, &b);
}
