/* softmax, log_softmax, softmin and logsumexp, each in one pass of its own kernel. */
#include <math.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct AlongAttrs {
    int64_t dim;
} AlongAttrs;

torch_DimArgs torch_DimArgs_defaults(void)
{
    return (torch_DimArgs){.struct_size = sizeof(torch_DimArgs), .dim = TORCH_NONE};
}

static int loop_of(const cer_Op *op)
{
    return op == &cer_op_softmax            ? BLOCK_softmax
           : op == &cer_op_log_softmax      ? BLOCK_log_softmax
           : op == &cer_op_softmax_backward ? BLOCK_softmax_backward
                                            : BLOCK_log_softmax_backward;
}

static bool softmax_shape(cer_Call *c)
{
    const Tensor *t = c->in[0].as.t;
    const AlongAttrs *a = c->attrs;
    bool last = t->ndim && a->dim == t->ndim - 1;
    if (!torch_dtype_is_floating_point(t->dtype))
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "\"%s_kernel_impl\" not implemented for '%s'",
                         !last                          ? "softmax"
                         : c->op == &cer_op_log_softmax ? "log_softmax_lastdim"
                                                        : "softmax_lastdim",
                         cer_type_name(t->dtype));
    cer_form(&c->form[0], t->dtype, t->ndim, t->shape);
    return true;
}

static bool softmax_kernel(cer_Call *c)
{
    const AlongAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length;
    Tensor *out = c->out[0], *operand[3] = {out};
    torch_dtype type = cer_computed_as(out->dtype);
    if (out->dtype != type && !(operand[0] = cer_empty(type, out->ndim, out->shape))) return false;
    for (int64_t i = 0; i < c->n_in; i++)
        if (!(operand[i + 1] = cer_plain(c->in[i].as.t, type))) return false;
    cer_run_along(cer_kernels()->block[loop_of(c->op)][type], NULL, a->dim, false, (int)c->n_in + 1, operand);
    if (operand[0] != out) cer_copy_elements(out, operand[0], operand[0]->stride);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

/* ---- the way back, and its own ----------------------------------------------------------------------------------- */

static void softmax_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    bool log_of_it = n->op == &cer_op_log_softmax;
    const cer_Op *back = log_of_it ? &cer_op_log_softmax_backward : &cer_op_softmax_backward;
    in[0] = cer_call2(back, g[0], cer_saved_output(n, 0), cer_attrs(n));
}

static Tensor *sum_along(const AlongAttrs *a, Tensor *t)
{
    return cer_sum_kept(t, t && t->ndim ? 1u << a->dim : 0);
}

/* (v - sum(v)) y, v the gradient of y; over v: the same of h. Over y: v h - v sum(y h) - h sum(y v). */
static void softmax_backward_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const AlongAttrs *a = cer_attrs(n);
    Tensor *h = g[0], *y = cer_saved_tensor(n, 1);
    if (cer_needs(n, 0)) in[0] = cer_call2(&cer_op_softmax_backward, h, y, a);
    if (!cer_needs(n, 1)) return;
    Tensor *v = cer_saved_tensor(n, 0);
    in[1] = torch_sub(torch_sub(torch_mul(h, v), torch_mul(h, sum_along(a, torch_mul(v, y)))),
                      torch_mul(v, sum_along(a, torch_mul(h, y))));
}

/* v - e^y sum(v); over v: h - sum(h e^y). Over y: -sum(v) e^y h. */
static void log_softmax_backward_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const AlongAttrs *a = cer_attrs(n);
    Tensor *h = g[0], *y = torch_exp(cer_saved_tensor(n, 1));
    if (cer_needs(n, 0)) in[0] = torch_sub(h, sum_along(a, torch_mul(h, y)));
    if (cer_needs(n, 1)) in[1] = torch_mul(torch_neg(sum_along(a, cer_saved_tensor(n, 0))), torch_mul(y, h));
}

#define SOFTMAX(id, grad, vjp_, saves_a, saves_b)            \
    const cer_Op cer_op_##id = {.name = #id,                 \
                                .grad_name = grad,           \
                                .shape = softmax_shape,      \
                                .kernel = softmax_kernel,    \
                                .vjp = vjp_,                 \
                                .saves = {saves_a, saves_b}, \
                                .n_outputs = 1,              \
                                .attrs_bytes = sizeof(AlongAttrs)};
#define V CER_SAVE(0)
#define Y CER_SAVE(1)
SOFTMAX(softmax, "SoftmaxBackward0", softmax_vjp, CER_SAVE_OUTPUT(0), 0)
SOFTMAX(log_softmax, "LogSoftmaxBackward0", softmax_vjp, CER_SAVE_OUTPUT(0), 0)
SOFTMAX(softmax_backward, "SoftmaxBackwardDataBackward0", softmax_backward_vjp, Y, V | Y)
SOFTMAX(log_softmax_backward, "LogSoftmaxBackwardDataBackward0", log_softmax_backward_vjp, Y, V | Y)

/* ---- public ------------------------------------------------------------------------------------------------------ */

static Tensor *softmax(const cer_Op *op, Tensor *x, const torch_DimArgs *args)
{
    AlongAttrs a;
    if (args->dtype) x = cer_to(x, args->dtype);
    if (cer_error_pending() || !cer_usable(x, op->name, 1) || !cer_wrap_dim(op->name, args->dim, x->ndim, &a.dim))
        return NULL;
    return cer_call1(op, x, &a);
}

Tensor *torch_softmax_args(const torch_DimArgs *args)
{
    return softmax(&cer_op_softmax, args->self, args);
}

Tensor *torch_log_softmax_args(const torch_DimArgs *args)
{
    return softmax(&cer_op_log_softmax, args->self, args);
}

/* Without a dim: a warning, and PyTorch's choice. */
static Tensor *functional(const cer_Op *op, const char *name, bool negated, const torch_DimArgs *args)
{
    torch_DimArgs a = *args;
    if (cer_error_pending() || !cer_usable(a.self, name, 1)) return NULL;
    if (a.dim == TORCH_NONE) {
        torch_warn("UserWarning",
                   "Implicit dimension choice for %s has been deprecated. Change the call to include dim=X as an "
                   "argument.",
                   name);
        a.dim = a.self->ndim == 0 || a.self->ndim == 1 || a.self->ndim == 3 ? 0 : 1;
    }
    return softmax(op, negated ? torch_neg(a.self) : a.self, &a);
}

Tensor *F_softmax_args(const torch_DimArgs *args)
{
    return functional(&cer_op_softmax, "softmax", false, args);
}

Tensor *F_log_softmax_args(const torch_DimArgs *args)
{
    return functional(&cer_op_log_softmax, "log_softmax", false, args);
}

Tensor *F_softmin_args(const torch_DimArgs *args)
{
    return functional(&cer_op_softmax, "softmin", true, args);
}

/* ---- logsumexp --------------------------------------------------------------------------------------------------- */

/* Of a contiguous x over several dimensions: from its parts. They are kept, with size 1. */
static Tensor *over_several(Tensor *x, uint32_t reduced)
{
    bool before = torch_set_grad_enabled(false);
    cer_SumAttrs s = {.reduced = reduced, .kept = reduced, .dtype = x->dtype};
    Tensor *top = cer_call1(&cer_op_amax, x, &s);
    top = cer_where(TORCH_SCALAR(torch_eq(torch_abs(top), INFINITY)), torch_scalar_int(0), TORCH_SCALAR(top));
    Tensor *y = torch_add(torch_log(cer_sum_kept(torch_exp(torch_sub(x, top)), reduced)), top);
    torch_set_grad_enabled(before);
    return y;
}

static bool logsumexp_kernel(cer_Call *c)
{
    const cer_SumAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length;
    torch_dtype type = cer_computed_as(a->dtype);
    Tensor *out = c->out[0], *y, *x = cer_plain(c->in[0].as.t, type);
    if (!x) return false;
    if (x->numel && a->reduced & (a->reduced - 1)) {
        if (!(y = over_several(x, a->reduced))) return false;
    } else {
        if (!(y = out->dtype == type ? out : cer_empty(type, out->ndim, out->shape))) return false;
        cer_fill_elements(y, torch_scalar_double(-INFINITY)); /* of nothing */
        cer_reduce(cer_kernels()->block[BLOCK_logsumexp][type], NULL, x, 1, &y, a->reduced, a->kept);
    }
    if (y != out) cer_convert(out->data, out->dtype, y->data, type, out->numel);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void logsumexp_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    Tensor *x = cer_saved_tensor(n, 0), *y = cer_saved_output(n, 0);
    if (x && y) in[0] = torch_mul(cer_beside_input(n, g[0]), torch_exp(torch_sub(x, cer_beside_input(n, y))));
}

const cer_Op cer_op_logsumexp = {
    .name = "logsumexp",
    .grad_name = "LogsumexpBackward0",
    .schema = "logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor",
    .shape = cer_reduce_shape,
    .kernel = logsumexp_kernel,
    .vjp = logsumexp_vjp,
    .saves = {CER_SAVE(0) | CER_SAVE_OUTPUT(0)},
    .n_outputs = 1,
    .attrs_bytes = sizeof(cer_SumAttrs),
};

Tensor *torch_logsumexp_args(const torch_ReduceArgs *args)
{
    cer_SumAttrs a;
    if (!cer_reduce_attrs("logsumexp", args, &a)) return NULL;
    if (cer_reduces_all(args))
        return cer_raise(TORCH_TYPE_ERROR, "logsumexp", "logsumexp() missing 1 required positional arguments: \"dim\""),
               NULL;
    if (!torch_dtype_is_floating_point(a.dtype)) a.dtype = (uint8_t)torch_get_default_dtype();
    return cer_call1(&cer_op_logsumexp, args->self, &a);
}
