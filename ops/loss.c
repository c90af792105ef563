/* torch.nn.functional: losses, and the functions that only forward. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

typedef enum Reduction { REDUCTION_NONE, REDUCTION_MEAN, REDUCTION_SUM } Reduction;
typedef struct LossAttrs {
    torch_Scalar norm; /* of the gradient: 2, or 2 / n for the mean. First, so that the pointwise loop finds it */
    int32_t reduction;
} LossAttrs;

/* ---- mse_loss: squared errors, then the sum or mean over all of them --------------------------------------------- */

static bool mse_shape(cer_Call *c)
{
    const LossAttrs *a = c->attrs;
    static const char *const names[] = {"Undefined", "Byte",  "Char",   "Short", "Int",     "Long",
                                        "Half",      "Float", "Double", "Bool",  "BFloat16"};
    torch_dtype common = cer_result_type(c->in, 2);
    if (!torch_dtype_is_floating_point(common))
        return cer_raise(TORCH_RUNTIME_ERROR, "mse_loss", "\"mse_cpu\" not implemented for '%s'", names[common]);
    cer_Call errors = *c;
    errors.op = &cer_op_squared_error;
    if (!cer_pointwise_shape(&errors)) return false;
    c->form[0] = errors.form[0];
    c->common = errors.common;
    if (a->reduction != REDUCTION_NONE) cer_form(&c->form[0], common, 0, NULL);
    return true;
}

static bool mse_kernel(cer_Call *c)
{
    const LossAttrs *a = c->attrs;
    cer_Call errors = *c;
    errors.op = &cer_op_squared_error;
    if (a->reduction == REDUCTION_NONE) return cer_pointwise_kernel(&errors);
    int64_t mark = cer_context()->pool.length;
    cer_pointwise_shape(&errors);
    cer_Form *f = &errors.form[0];
    Tensor *squares = errors.out[0] = cer_empty(f->dtype, f->ndim, f->shape);
    if (squares && f->strided) { /* in the layout that PyTorch's has: the order of summing shows in the last bit */
        memcpy(squares->stride, f->stride, sizeof(int64_t) * f->ndim);
        cer_update_contiguous(squares);
    }
    bool fine = squares && cer_pointwise_kernel(&errors);
    if (fine) {
        torch_Scalar in[1] = {torch_scalar_tensor(squares)};
        cer_SumAttrs all = {.reduced = cer_all_dims(squares->ndim), .dtype = squares->dtype};
        cer_Call sum = {.op = a->reduction == REDUCTION_MEAN ? &cer_op_mean_all : &cer_op_sum_all,
                        .in = in,
                        .n_in = 1,
                        .attrs = &all,
                        .out = {c->out[0]}};
        fine = sum.op->kernel(&sum);
    }
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

/* norm (input - target) g; the engine sums it to the input's shape where that was broadcast. */
static Tensor *mse_backward(Tensor *g, torch_Scalar input, torch_Scalar target, torch_Scalar norm)
{
    torch_Scalar in[3] = {input, target, torch_scalar_tensor(g)};
    return cer_call(&cer_op_squared_error_backward, in, 3, &norm);
}

static void mse_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const LossAttrs *a = cer_attrs(n);
    torch_Scalar input = cer_saved(n, 0), target = cer_saved(n, 1);
    if (cer_needs(n, 0)) in[0] = mse_backward(g[0], input, target, a->norm);
    if (cer_needs(n, 1)) in[1] = in[0] ? torch_neg(in[0]) : mse_backward(g[0], target, input, a->norm);
}

const cer_Op cer_op_mse_loss = {.name = "mse_loss",
                                .grad_name = "MseLossBackward0",
                                .schema = "mse_loss(Tensor self, Tensor target, int reduction=Mean) -> Tensor",
                                .shape = mse_shape,
                                .kernel = mse_kernel,
                                .vjp = mse_vjp,
                                .saves = {CER_SAVE(0) | CER_SAVE(1), CER_SAVE(0) | CER_SAVE(1)},
                                .n_outputs = 1,
                                .attrs_bytes = sizeof(LossAttrs)};

Tensor *cer_squared_error_vjp(Tensor *g, torch_Scalar input, torch_Scalar target)
{
    return mse_backward(g, input, target, torch_scalar_int(2));
}

/* ---- public ------------------------------------------------------------------------------------------------------ */

F_LossArgs F_LossArgs_defaults(void)
{
    return (F_LossArgs){.struct_size = sizeof(F_LossArgs), .reduction = "mean"};
}

static bool reduction_of(const char *text, int32_t *reduction)
{
    static const char *const names[] = {"none", "mean", "sum"};
    for (int32_t i = 0; text && i < 3; i++)
        if (strcmp(text, names[i]) == 0) return *reduction = i, true;
    return cer_raise(TORCH_VALUE_ERROR, "mse_loss", "%.100s is not a valid value for reduction", text ? text : "None");
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
               "results due "
               "to broadcasting. Please ensure they have the same size.",
               torch_size_str(a), torch_size_str(b));
    torch_scope_pop(scope);
}

Tensor *F_mse_loss_args(const F_LossArgs *a)
{
    LossAttrs l;
    if (cer_error_pending() || !cer_usable(a->input, "mse_loss", 1) || !cer_usable(a->target, "mse_loss", 2))
        return NULL;
    const Tensor *x = a->input, *t = a->target;
    if (x->ndim != t->ndim || memcmp(x->shape, t->shape, sizeof(int64_t) * x->ndim) != 0) warn_of_sizes(x, t);
    if (!reduction_of(a->reduction, &l.reduction)) return NULL;
    int64_t shape[TORCH_MAX_DIM], ndim = x->ndim, n = 1;
    memcpy(shape, x->shape, sizeof(int64_t) * x->ndim);
    if (!cer_broadcast("mse_loss", &ndim, shape, t->ndim, t->shape) || !cer_numel_of("mse_loss", ndim, shape, 8, &n))
        return NULL;
    l.norm = torch_scalar_double(l.reduction == REDUCTION_MEAN ? 2.0 / (double)n : 2.0);
    return cer_call2(&cer_op_mse_loss, a->input, a->target, &l);
}

Tensor *F_relu(Tensor *x)
{
    return torch_relu(x);
}

Tensor *F_tanh(Tensor *x)
{
    return torch_tanh(x);
}

Tensor *F_sigmoid(Tensor *x)
{
    return torch_sigmoid(x);
}

Tensor *F_dropout(Tensor *x, double p, bool training)
{
    if (cer_error_pending() || !cer_usable(x, "dropout", 1)) return NULL;
    if (!(p >= 0 && p <= 1))
        return cer_raise(TORCH_VALUE_ERROR, "dropout", "dropout probability has to be between 0 and 1, but got %s",
                         torch_repr(p)),
               NULL;
    if (!training || p == 0 || x->numel == 0) return x;
    if (p == 1) return torch_mul(x, torch_zeros_n(0, NULL, x->dtype));
    Tensor *noise = torch_bernoulli_(torch_empty_like(x), 1 - p);
    return torch_mul(x, torch_div_(noise, 1 - p));
}
