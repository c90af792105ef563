/* cross_entropy: log_softmax, then the negative log likelihood of the target class, or of the target's probabilities. */
#include <string.h>

#include "core/impl.h"
#include "ops/along.h"
#include "ops/loss.h"
#include "ops/ops_internal.h"

/* A division by a number that prints as PyTorch's does inside its own functions. */
static void div_number_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = torch_div(g[0], cer_saved(n, 1));
}

const cer_Op cer_op_div_number = {.name = "div",
                                  .grad_name = "DivBackward1",
                                  .schema = "div.Scalar(Tensor self, Scalar other) -> Tensor",
                                  .shape = cer_pointwise_shape,
                                  .kernel = cer_pointwise_kernel,
                                  .vjp = div_number_vjp,
                                  .saves = {CER_SAVE(1)},
                                  .n_outputs = 1,
                                  .rule = CER_FLOAT,
                                  .loop = KERNEL_div};

typedef struct Problem {
    Tensor *input, *target, *weight;
    int64_t class_dim, classes, ignore_index;
    int32_t reduction;
    double smoothing;
} Problem;

/* (C) as (1, C, 1, ...), to be multiplied with the input */
static Tensor *broadcast_weight(const Problem *p)
{
    int64_t shape[TORCH_MAX_DIM];
    for (int d = 0; d < p->input->ndim; d++) shape[d] = d == p->class_dim ? p->weight->numel : 1;
    return torch_view_n(p->weight, p->input->ndim, shape);
}

static bool weight_fits(const Problem *p)
{
    char text[128];
    if (!p->weight || (p->weight->ndim == 1 && p->weight->numel == p->classes)) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, "cross_entropy",
                     "cross_entropy: weight tensor should be defined either for all %lld classes or no classes but got "
                     "weight tensor of shape: %s",
                     (long long)p->classes, cer_shape_text(p->weight->ndim, p->weight->shape, text, sizeof text));
}

static bool smoothing_fits(double smoothing)
{
    return smoothing <= 1 || cer_raise(TORCH_RUNTIME_ERROR, "cross_entropy",
                                       "label_smoothing must be between 0.0 and 1.0. Got: %g", smoothing);
}

/* The target gives a probability for each class. */
static Tensor *of_probabilities(const Problem *p)
{
    if (!torch_dtype_is_floating_point(p->target->dtype))
        return cer_raise(TORCH_RUNTIME_ERROR, "cross_entropy",
                         "Expected floating point type for target with class probabilities, got %s",
                         cer_type_name(p->target->dtype)),
               NULL;
    if (p->ignore_index >= 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "cross_entropy",
                         "ignore_index is not supported for floating point target"),
               NULL;
    if (!weight_fits(p)) return NULL;
    Tensor *chances = torch_log_softmax(p->input, p->class_dim), *target = p->target;
    if (p->smoothing > 0) {
        if (!smoothing_fits(p->smoothing)) return NULL;
        target = torch_add(torch_mul(target, 1 - p->smoothing), p->smoothing / (double)p->classes);
    }
    Tensor *products = torch_mul(chances, target);
    if (p->weight) products = torch_mul(products, broadcast_weight(p));
    if (p->reduction == CER_REDUCE_NONE) return torch_neg(torch_sum(products, p->class_dim));
    Tensor *sum = torch_neg(torch_sum(products));
    if (p->reduction == CER_REDUCE_SUM || !sum) return sum;
    torch_Scalar in[2] = {torch_scalar_tensor(sum), torch_scalar_int(p->classes ? p->input->numel / p->classes : 0)};
    return cer_call(&cer_op_div_number, in, 2, NULL);
}

/* The target names a class; a share of the loss is that of the uniform distribution over all classes. */
static Tensor *smoothed(const Problem *p)
{
    Tensor *total = NULL;
    if (!smoothing_fits(p->smoothing)) return NULL;
    Tensor *chances = torch_log_softmax(p->input, p->class_dim);
    Tensor *loss = cer_nll_loss(chances, p->target, p->weight, p->ignore_index, p->reduction, &total);
    if (!loss) return NULL;
    if (p->weight) chances = torch_mul(chances, broadcast_weight(p));
    Tensor *ignored = torch_eq(p->target, p->ignore_index);
    Tensor *uniform = torch_masked_fill(torch_neg(torch_sum(chances, p->class_dim)), ignored, 0.0);
    if (p->reduction != CER_REDUCE_NONE) uniform = torch_sum(uniform);
    if (p->reduction == CER_REDUCE_MEAN) uniform = torch_div(uniform, total);
    return torch_add(torch_mul(loss, 1 - p->smoothing), torch_mul(uniform, p->smoothing / (double)p->classes));
}

Tensor *F_cross_entropy_args(const F_NllLossArgs *a)
{
    const char *op = "cross_entropy";
    Problem p = {a->input, a->target, a->weight, .ignore_index = a->ignore_index, .smoothing = a->label_smoothing};
    if (cer_error_pending() || !cer_usable(p.input, op, 1) || !cer_usable(p.target, op, 2) ||
        (p.weight && !cer_usable(p.weight, op, 3)) || !cer_reduction(op, a->reduction, &p.reduction))
        return NULL;
    int64_t dim = p.input->ndim == 1 ? 0 : 1;
    bool same = cer_same_shape(p.input, p.target);
    if (p.input->ndim < 1 && (!same || torch_dtype_is_floating_point(p.target->dtype)))
        return cer_wrap_dim(op, 1, p.input->ndim, &dim), NULL;
    p.class_dim = dim;
    p.classes = p.input->ndim ? p.input->shape[dim] : 1;
    if (same) return of_probabilities(&p);
    if (p.smoothing > 0) return smoothed(&p);
    return cer_nll_loss(torch_log_softmax(p.input, dim), p.target, p.weight, p.ignore_index, p.reduction, NULL);
}
