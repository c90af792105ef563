/* What the losses have in common: the reduction, the checks, and the shape and kernel of a pointwise row that is reduced. */
#include <math.h>
#include <string.h>

#include "ops/losses.h"

bool cer_reduction(const char *op, const char *text, int32_t *reduction)
{
    static const char *const names[] = {"none", "mean", "sum"};
    for (int32_t i = 0; text && i < 3; i++)
        if (strcmp(text, names[i]) == 0) return *reduction = i, true;
    return cer_raise(TORCH_VALUE_ERROR, op, "%.100s is not a valid value for reduction", text ? text : "None");
}

bool cer_plain_reduction(const char *op, const char *text, int32_t *reduction)
{
    if (text && (strcmp(text, "none") == 0 || strcmp(text, "mean") == 0 || strcmp(text, "sum") == 0))
        return cer_reduction(op, text, reduction);
    return cer_raise(TORCH_VALUE_ERROR, op, "%.100s is not valid", text ? text : "None");
}

bool cer_losses_usable(const char *op, const Tensor *a, const Tensor *b, const Tensor *c)
{
    return !cer_error_pending() && cer_usable(a, op, 1) && cer_usable(b, op, 2) && cer_usable(c, op, 3);
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

bool cer_loss_ready(const char *op, Tensor *input, Tensor *target, const char *reduction, double param,
                    cer_LossAttrs *l)
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

Tensor *cer_reduce_loss(Tensor *losses, int32_t reduction)
{
    return reduction == CER_REDUCE_MEAN ? torch_mean(losses) : reduction == CER_REDUCE_SUM ? torch_sum(losses) : losses;
}
