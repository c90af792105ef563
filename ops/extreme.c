/* max, min, amax, amin, aminmax, argmax, argmin: over everything, several dimensions, or one with the index. */
#include <math.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

/* ---- the value only ---------------------------------------------------------------------------------------------- */

/* What every other value beats. */
static torch_Scalar worst(torch_dtype t, bool of_max)
{
    static const int64_t low[] = {[torch_int8] = INT8_MIN,   [torch_int16] = INT16_MIN, [torch_int32] = INT32_MIN,
                                  [torch_int64] = INT64_MIN, [torch_uint8] = 0,         [torch_bool] = 0};
    static const int64_t high[] = {[torch_int8] = INT8_MAX,   [torch_int16] = INT16_MAX, [torch_int32] = INT32_MAX,
                                   [torch_int64] = INT64_MAX, [torch_uint8] = UINT8_MAX, [torch_bool] = 1};
    if (torch_dtype_is_floating_point(t)) return torch_scalar_double(of_max ? -INFINITY : INFINITY);
    return torch_scalar_int(of_max ? low[t] : high[t]);
}

static bool check_size(const cer_Call *c, const char *after_name)
{
    const cer_SumAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    if (t->numel) return true;
    if (a->dtype == torch_dtype_none) /* no dim was given */
        return cer_raise(c->op->flags & CER_NONDIFFERENTIABLE ? TORCH_INDEX_ERROR : TORCH_RUNTIME_ERROR, c->op->name,
                         "%s(): Expected reduction dim to be specified for input.numel() == 0.%s", c->op->name,
                         after_name);
    for (int d = 0; d < t->ndim; d++)
        if (a->reduced >> d & 1 && t->shape[d] == 0)
            return cer_raise(TORCH_INDEX_ERROR, c->op->name, "%s(): Expected reduction dim %d to have non-zero size.",
                             c->op->name, d);
    return true;
}

static bool value_shape(cer_Call *c)
{
    const cer_SumAttrs *a = c->attrs;
    return check_size(c, " Specify the reduction dim with the 'dim' argument.") &&
           cer_reduced_form(c, a->reduced, a->kept, c->in[0].as.t->dtype, &c->form[0]);
}

static bool max_kernel(cer_Call *c)
{
    torch_dtype t = cer_computed_as(c->in[0].as.t->dtype);
    return cer_reduce_kernel(c, BLOCK_max, NULL, t, worst(t, true));
}

static bool min_kernel(cer_Call *c)
{
    torch_dtype t = cer_computed_as(c->in[0].as.t->dtype);
    return cer_reduce_kernel(c, BLOCK_min, NULL, t, worst(t, false));
}

/* Shared evenly among equals. A NaN that won takes all, but for amax and amin. */
void cer_shared_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_SumAttrs *a = cer_attrs(n);
    Tensor *x = cer_saved_tensor(n, 0), *y = cer_saved_output(n, 0);
    if (!x || !y) return;
    bool nan = n->op != &cer_op_amax && n->op != &cer_op_amin && isnan(torch_item(y));
    Tensor *chosen = nan ? torch_ne(x, x) : torch_eq(x, cer_beside_input(n, y));
    in[0] = torch_mul(chosen, torch_div(cer_beside_input(n, g[0]), cer_sum_kept(chosen, a->reduced)));
}

#define VALUE(id, grad, kernel_)                                             \
    const cer_Op cer_op_##id = {.name = #id,                                 \
                                .grad_name = grad,                           \
                                .shape = value_shape,                        \
                                .kernel = kernel_,                           \
                                .vjp = cer_shared_vjp,                       \
                                .saves = {CER_SAVE(0) | CER_SAVE_OUTPUT(0)}, \
                                .n_outputs = 1,                              \
                                .attrs_bytes = sizeof(cer_SumAttrs)};
VALUE(max, "MaxBackward1", max_kernel)
VALUE(min, "MinBackward1", min_kernel)
VALUE(amax, "AmaxBackward0", max_kernel)
VALUE(amin, "AminBackward0", min_kernel)

/* ---- with the index, along one dimension ------------------------------------------------------------------------- */

static bool indexed_shape(cer_Call *c)
{
    const cer_SumAttrs *a = c->attrs;
    bool both = c->op->n_outputs == 2;
    torch_dtype own = c->in[0].as.t->dtype;
    if (!both && own == torch_bool)
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "\"%s_cpu\" not implemented for 'Bool'", c->op->name);
    if (!check_size(c, "")) return false;
    cer_reduced_form(c, a->reduced, a->kept, both ? own : torch_int64, &c->form[0]);
    return !both || cer_reduced_form(c, a->reduced, a->kept, torch_int64, &c->form[1]);
}

static bool indexed_kernel(cer_Call *c)
{
    const cer_SumAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    bool both = c->op->n_outputs == 2, max = c->op == &cer_op_max_dim || c->op == &cer_op_argmax;
    int64_t mark = cer_context()->pool.length;
    torch_dtype type = cer_computed_as(t->dtype);
    /* the index of the whole is one into the elements in row order */
    Tensor *x = (a->dtype == torch_dtype_none ? cer_plain : cer_typed)(c->in[0].as.t, type);
    Tensor *out[2] = {both ? c->out[1] : c->out[0], both ? c->out[0] : NULL};
    if (both && type != t->dtype) out[1] = cer_empty(type, c->out[0]->ndim, c->out[0]->shape);
    if (!x || (both && !out[1])) return false;
    cer_reduce(cer_kernels()->block[max ? BLOCK_argmax : BLOCK_argmin][type], NULL, x, both ? 2 : 1, out, a->reduced,
               a->kept);
    if (both && out[1] != c->out[0]) cer_copy_elements(c->out[0], out[1], out[1]->stride);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

void cer_pick_reduced_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_SumAttrs *a = cer_attrs(n);
    Tensor *index = cer_saved_output(n, 1), *of_y = g[0];
    torch_Size size = cer_input_size(n, 0);
    int64_t dim = 0;
    while (a->reduced && !(a->reduced >> dim & 1)) dim++;
    if (size.ndim && !a->kept) {
        index = torch_unsqueeze(index, dim);
        of_y = torch_unsqueeze(of_y, dim);
    }
    in[0] = torch_scatter(cer_zeros(g[0]->dtype, size.ndim, size.dim), dim, index, of_y);
}

#define INDEXED(id, text, grad, vjp_, saves_, outputs, flags_)     \
    const cer_Op cer_op_##id = {.name = text,                      \
                                .grad_name = grad,                 \
                                .shape = indexed_shape,            \
                                .kernel = indexed_kernel,          \
                                .vjp = vjp_,                       \
                                .saves = {saves_},                 \
                                .n_outputs = outputs,              \
                                .indices = (outputs) == 2 ? 2 : 0, \
                                .flags = flags_,                   \
                                .attrs_bytes = sizeof(cer_SumAttrs)};
INDEXED(max_dim, "max", "MaxBackward0", cer_pick_reduced_vjp, CER_SAVE_OUTPUT(1), 2, 0)
INDEXED(min_dim, "min", "MinBackward0", cer_pick_reduced_vjp, CER_SAVE_OUTPUT(1), 2, 0)
INDEXED(argmax, "argmax", NULL, NULL, 0, 1, CER_NONDIFFERENTIABLE)
INDEXED(argmin, "argmin", NULL, NULL, 0, 1, CER_NONDIFFERENTIABLE)

/* ---- public functions -------------------------------------------------------------------------------------------- */

static Tensor *value(const cer_Op *op, const torch_ReduceArgs *args)
{
    cer_SumAttrs a;
    if (!cer_reduce_attrs(op->name, args, &a)) return NULL;
    if (cer_reduces_all(args)) a.dtype = torch_dtype_none;
    return cer_call1(op, args->self, &a);
}

#define PUBLIC(name)                                                                   \
    Tensor *torch_##name(Tensor *x)                                                    \
    {                                                                                  \
        torch_ReduceArgs all = {.self = x, .dim = TORCH_NONE};                         \
        return value(&cer_op_##name, &all);                                            \
    }                                                                                  \
    Tensor *torch_a##name##_args(const torch_ReduceArgs *args)                         \
    {                                                                                  \
        return value(&cer_op_a##name, args);                                           \
    }                                                                                  \
    Tensor *torch_##name##_dim(Tensor *x, int64_t dim, bool keepdim, Tensor **indices) \
    {                                                                                  \
        return cer_reduce_indexed(&cer_op_##name##_dim, x, dim, keepdim, indices);     \
    }                                                                                  \
    Tensor *torch_arg##name##_args(const torch_ReduceArgs *args)                       \
    {                                                                                  \
        return arg(&cer_op_arg##name, args);                                           \
    }

Tensor *cer_reduce_indexed(const cer_Op *op, Tensor *x, int64_t dim, bool keepdim, Tensor **indices)
{
    cer_SumAttrs a;
    torch_ReduceArgs r = {.self = x, .dims = &dim, .n_dims = 1, .keepdim = keepdim};
    if (indices) *indices = NULL;
    if (!cer_reduce_attrs(op->name, &r, &a)) return NULL;
    torch_Scalar in[1] = {torch_scalar_tensor(x)};
    return cer_call_two(op, in, 1, &a, indices);
}

static Tensor *arg(const cer_Op *op, const torch_ReduceArgs *args)
{
    if (!cer_error_pending() && args->dims)
        cer_raise(TORCH_TYPE_ERROR, op->name, "%s(): argument 'dim' must be int, not tuple of ints", op->name);
    return value(op, args);
}

PUBLIC(max)
PUBLIC(min)

Tensor *torch_aminmax(Tensor *x, int64_t dim, bool keepdim, Tensor **max)
{
    torch_ReduceArgs r = {.self = x, .dim = dim, .keepdim = keepdim};
    int64_t d = 0;
    if (max) *max = NULL;
    if (cer_error_pending() || !cer_usable(x, "aminmax", 1)) return NULL;
    if (dim == TORCH_NONE && x->numel == 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "aminmax",
                         "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."),
               NULL;
    if (dim != TORCH_NONE && !cer_wrap_dim("aminmax", dim, x->ndim, &d)) return NULL;
    if (dim != TORCH_NONE && x->ndim && x->shape[d] == 0)
        return cer_raise(TORCH_INDEX_ERROR, "aminmax", "aminmax: Expected reduction dim %lld to have non-zero size.",
                         (long long)d),
               NULL;
    Tensor *min = torch_amin_args(&r), *top = max ? torch_amax_args(&r) : NULL;
    if (max && !top) return NULL;
    if (max) *max = top;
    return min;
}
