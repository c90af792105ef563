/* Scans along a dimension: cumsum, cumprod, logcumsumexp, cummax, cummin. */
#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct ScanAttrs {
    int64_t dim;
    bool backwards; /* from the end */
    uint8_t dtype;  /* of the result */
} ScanAttrs;

/* ---- shared ------------------------------------------------------------------------------------------------------ */

static int loop_of(const cer_Op *op)
{
    return op == &cer_op_cumsum || op == &cer_op_cumsum_     ? BLOCK_cumsum
           : op == &cer_op_cumprod || op == &cer_op_cumprod_ ? BLOCK_cumprod
           : op == &cer_op_logcumsumexp                      ? BLOCK_logcumsumexp
           : op == &cer_op_cummax                            ? BLOCK_cummax
           : op == &cer_op_cummin                            ? BLOCK_cummin
                                                             : BLOCK_recurrence;
}

static bool scan_shape(cer_Call *c)
{
    const ScanAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    if (!cer_kernels()->block[loop_of(c->op)][cer_computed_as(a->dtype)])
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "\"%s_out_cpu\" not implemented for '%s'", c->op->name,
                         cer_type_name(a->dtype));
    cer_form(&c->form[0], a->dtype, t->ndim, t->shape);
    if (c->op->n_outputs == 2) cer_form(&c->form[1], torch_int64, t->ndim, t->shape);
    return true;
}

static bool scan_kernel(cer_Call *c)
{
    const ScanAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length;
    Tensor *out = c->out[0], *operand[3] = {out};
    torch_dtype type = cer_computed_as(out->dtype);
    int n = 1;
    if (out->dtype != type && !(operand[0] = cer_empty(type, out->ndim, out->shape))) return false;
    for (int64_t i = 0; i < c->n_in; i++)
        if (!(operand[n++] = cer_typed(c->in[i].as.t, type))) return false;
    if (c->op->n_outputs == 2) operand[n++] = c->out[1];
    cer_run_along(cer_kernels()->block[loop_of(c->op)][type], NULL, a->dim, a->backwards, n, operand);
    if (operand[0] != out) cer_copy_elements(out, operand[0], operand[0]->stride);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

/* x moved on by one along dim: before it `first`, its last element gone. */
static Tensor *shifted(Tensor *x, int64_t dim, Tensor *first)
{
    if (!x || x->ndim == 0) return first;
    Tensor *parts[2] = {first, torch_narrow(x, dim, 0, x->shape[dim] - 1)};
    return torch_cat_n(parts, 2, dim);
}

static Tensor *one_of(Tensor *x, int64_t dim, double value) /* a slice of that value */
{
    Tensor *first = x && x->ndim ? torch_narrow(x, dim, 0, 1) : x;
    return first ? torch_full_like(torch_detach(first), value) : NULL;
}

/* ---- recurrence: y_i = a_i + w_i y_(i-1), or from the end y_i = a_i + w_(i+1) y_(i+1) ---------------------------- */

static bool recurrence_kernel(cer_Call *c)
{
    const ScanAttrs *a = c->attrs;
    Tensor *w = c->in[1].as.t;
    if (!a->backwards || w->ndim == 0) return scan_kernel(c);
    /* from the end, step k reads the w of step k - 1: an alias that begins one element further on */
    Tensor *moved = cer_alias(w);
    if (!moved) return cer_raise_memory(c->op->name, sizeof *moved);
    moved->data += w->stride[a->dim] * cer_size_of(w->dtype);
    torch_Scalar in[2] = {c->in[0], torch_scalar_tensor(moved)};
    cer_Call d = *c;
    d.in = in;
    bool fine = scan_kernel(&d);
    cer_release(moved);
    return fine;
}

/* Its own way back is the recurrence in the other direction. */
static void recurrence_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    ScanAttrs a = *(const ScanAttrs *)cer_attrs(n), other = a;
    Tensor *w = cer_saved_tensor(n, 1), *y;
    other.backwards = !a.backwards;
    Tensor *of_a = cer_call2(&cer_op_recurrence, g[0], w, &other);
    if (cer_needs(n, 0)) in[0] = of_a;
    if (!cer_needs(n, 1) || !(y = cer_saved_output(n, 0))) return;
    if (a.backwards)
        in[1] = torch_mul(shifted(of_a, a.dim, one_of(of_a, a.dim, 0)), y);
    else
        in[1] = torch_mul(of_a, shifted(y, a.dim, one_of(y, a.dim, 0)));
}

const cer_Op cer_op_recurrence = {
    .name = "recurrence",
    .grad_name = "RecurrenceBackward",
    .shape = scan_shape,
    .kernel = recurrence_kernel,
    .vjp = recurrence_vjp,
    .saves = {CER_SAVE(1), CER_SAVE(1) | CER_SAVE_OUTPUT(0)},
    .n_outputs = 1,
    .attrs_bytes = sizeof(ScanAttrs),
};

static Tensor *from_the_end(Tensor *a, Tensor *w, int64_t dim)
{
    ScanAttrs s = {.dim = dim, .backwards = true, .dtype = a ? a->dtype : 0};
    return cer_call2(&cer_op_recurrence, a, w, &s);
}

/* ---- the ways back ----------------------------------------------------------------------------------------------- */

static void cumsum_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    ScanAttrs a = *(const ScanAttrs *)cer_attrs(n);
    a.backwards = !a.backwards;
    a.dtype = g[0]->dtype;
    in[0] = cer_call1(&cer_op_cumsum, g[0], &a);
}

/* Of x_i: the product of all before it, times what comes behind it, g_i + x_(i+1) (g_(i+1) + x_(i+2) (...)). Divides by
 * nothing, so zeros are no special case. */
Tensor *cer_cumprod_backward(Tensor *g, Tensor *x, int64_t dim)
{
    if (!g || !x || x->numel == 0) return g;
    ScanAttrs forward = {.dim = dim, .dtype = x->dtype};
    Tensor *before = cer_call1(&cer_op_cumprod, shifted(x, dim, one_of(x, dim, 1)), &forward);
    return torch_mul(before, from_the_end(cer_to(g, x->dtype), x, dim));
}

static void cumprod_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const ScanAttrs *a = cer_attrs(n);
    Tensor *x = cer_saved_tensor(n, 0);
    in[0] = cer_cumprod_backward(g[0], x ? cer_to(x, g[0]->dtype) : NULL, a->dim);
}

/* e^(x_i - y_i) sum over j >= i of g_j e^(y_i - y_j), where no exponent is above 0 */
static void logcumsumexp_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const ScanAttrs *a = cer_attrs(n);
    Tensor *x = cer_saved_tensor(n, 0), *y = cer_saved_output(n, 0);
    if (!x || !y) return;
    if (x->numel == 0) {
        in[0] = g[0];
        return;
    }
    Tensor *first = y->ndim ? torch_narrow(y, a->dim, 0, 1) : y;
    Tensor *ratio = torch_exp(torch_sub(shifted(y, a->dim, first), y));
    in[0] = torch_mul(from_the_end(g[0], ratio, a->dim), torch_exp(torch_sub(x, y)));
}

static void extreme_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const ScanAttrs *a = cer_attrs(n);
    torch_Size size = cer_input_size(n, 0);
    in[0] = torch_scatter_add(cer_zeros(g[0]->dtype, size.ndim, size.dim), a->dim, cer_saved_output(n, 1), g[0]);
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

#define SCAN(id, text, grad, vjp_, saves_, outputs, flags_)        \
    const cer_Op cer_op_##id = {.name = text,                      \
                                .grad_name = grad,                 \
                                .shape = scan_shape,               \
                                .kernel = scan_kernel,             \
                                .vjp = vjp_,                       \
                                .saves = {saves_},                 \
                                .n_outputs = outputs,              \
                                .indices = (outputs) == 2 ? 2 : 0, \
                                .flags = flags_,                   \
                                .attrs_bytes = sizeof(ScanAttrs)};
SCAN(cumsum, "cumsum", "CumsumBackward0", cumsum_vjp, 0, 1, 0)
SCAN(cumsum_, "cumsum", "CumsumBackward0", cumsum_vjp, 0, 1, CER_INPLACE)
SCAN(cumprod, "cumprod", "CumprodBackward0", cumprod_vjp, CER_SAVE(0), 1, 0)
SCAN(cumprod_, "cumprod", "CumprodBackward0", cumprod_vjp, CER_SAVE(0), 1, CER_INPLACE)
SCAN(logcumsumexp, "logcumsumexp", "LogcumsumexpBackward0", logcumsumexp_vjp, CER_SAVE(0) | CER_SAVE_OUTPUT(0), 1, 0)
SCAN(cummax, "cummax", "CummaxBackward0", extreme_vjp, CER_SAVE_OUTPUT(1), 2, 0)
SCAN(cummin, "cummin", "CumminBackward0", extreme_vjp, CER_SAVE_OUTPUT(1), 2, 0)

/* ---- public ------------------------------------------------------------------------------------------------------ */

static bool scan_attrs(const cer_Op *op, const torch_DimArgs *args, ScanAttrs *s)
{
    *s = (ScanAttrs){0};
    if (cer_error_pending() || !cer_usable(args->self, op->name, 1) ||
        !cer_wrap_dim(op->name, args->dim, args->self->ndim, &s->dim))
        return false;
    torch_dtype own = args->self->dtype;
    s->dtype = (uint8_t)(args->dtype ? args->dtype : torch_dtype_is_floating_point(own) ? own : torch_int64);
    return true;
}

static Tensor *scan(const cer_Op *op, const torch_DimArgs *args)
{
    ScanAttrs s;
    return scan_attrs(op, args, &s) ? cer_call1(op, args->self, &s) : NULL;
}

static Tensor *scan_in_place(const cer_Op *op, const torch_DimArgs *args)
{
    ScanAttrs s;
    if (!scan_attrs(op, args, &s)) return NULL;
    if (args->dtype && args->dtype != args->self->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, op->name,
                         "Bad in-place call: input tensor dtype %s and output tensor dtype %s should match",
                         cer_cpp_name(args->self->dtype), cer_cpp_name(args->dtype)),
               NULL;
    s.dtype = args->self->dtype;
    return cer_call1(op, args->self, &s);
}

Tensor *torch_cumsum_args(const torch_DimArgs *args)
{
    return scan(&cer_op_cumsum, args);
}

Tensor *torch_cumprod_args(const torch_DimArgs *args)
{
    return scan(&cer_op_cumprod, args);
}

Tensor *torch_cumsum__args(const torch_DimArgs *args)
{
    return scan_in_place(&cer_op_cumsum_, args);
}

Tensor *torch_cumprod__args(const torch_DimArgs *args)
{
    return scan_in_place(&cer_op_cumprod_, args);
}

Tensor *torch_logcumsumexp(Tensor *x, int64_t dim)
{
    torch_DimArgs args = {.self = x, .dim = dim, .dtype = x ? torch_dtype_of(x) : torch_dtype_none};
    return scan(&cer_op_logcumsumexp, &args);
}

static Tensor *extreme(const cer_Op *op, Tensor *x, int64_t dim, Tensor **indices)
{
    torch_DimArgs args = {.self = x, .dim = dim, .dtype = x ? torch_dtype_of(x) : torch_dtype_none};
    ScanAttrs s;
    if (indices) *indices = NULL;
    if (!scan_attrs(op, &args, &s)) return NULL;
    torch_Scalar in[1] = {torch_scalar_tensor(x)};
    return cer_call_two(op, in, 1, &s, indices);
}

Tensor *torch_cummax(Tensor *x, int64_t dim, Tensor **indices)
{
    return extreme(&cer_op_cummax, x, dim, indices);
}

Tensor *torch_cummin(Tensor *x, int64_t dim, Tensor **indices)
{
    return extreme(&cer_op_cummin, x, dim, indices);
}
