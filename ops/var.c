/* Variance and standard deviation, with the mean or without. In two passes, in double: the mean, then the squares about it. */
#include <math.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct VarAttrs {
    cer_SumAttrs sum; /* first: what cer_reduce_shape and cer_restored read */
    int64_t correction;
    bool root;
} VarAttrs;

torch_VarArgs torch_VarArgs_defaults(void)
{
    return (torch_VarArgs){
        .struct_size = sizeof(torch_VarArgs), .dim = TORCH_NONE, .unbiased = true, .correction = TORCH_NONE};
}

static void copy_divided(Tensor *to, Tensor *from, double divisor, bool root)
{
    double *v = (double *)(void *)from->data;
    for (int64_t i = 0; i < from->numel; i++) v[i] = root ? sqrt(v[i] / divisor) : v[i] / divisor;
    if (to != from) cer_copy_elements(to, from, from->stride);
}

static bool var_kernel(cer_Call *c)
{
    const VarAttrs *a = c->attrs;
    const cer_SumAttrs *s = &a->sum;
    int64_t mark = cer_context()->pool.length;
    Tensor *out = c->out[0], *x = cer_typed(c->in[0].as.t, cer_computed_as(c->in[0].as.t->dtype));
    Tensor *wide[2] = {x ? cer_zeros(torch_float64, out->ndim, out->shape) : NULL};
    wide[1] = wide[0] ? cer_zeros(torch_float64, out->ndim, out->shape) : NULL;
    if (!wide[1]) return false;
    int64_t n = cer_reduced_count(torch_shape(x), s->reduced);
    const cer_Kernels *k = cer_kernels();
    cer_reduce(k->block[BLOCK_total][x->dtype], NULL, x, 1, &wide[1], s->reduced, s->kept);
    copy_divided(wide[1], wide[1], (double)n, false);
    cer_reduce(k->block[BLOCK_deviation][x->dtype], NULL, x, 2, wide, s->reduced, s->kept);
    copy_divided(out, wide[0], n > a->correction ? (double)(n - a->correction) : 0, a->root);
    if (c->op->n_outputs == 2) cer_copy_elements(c->out[1], wide[1], wide[1]->stride);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

/* 2 g (x - mean) / (n - correction) */
static Tensor *var_gradient(cer_Node *n, Tensor *g, Tensor *x)
{
    const VarAttrs *a = cer_attrs(n);
    int64_t count = cer_reduced_count(cer_input_size(n, 0), a->sum.reduced);
    if (a->sum.reduced == cer_all_dims(x->ndim) && count == a->correction)
        return torch_mul(cer_restored(n, g), INFINITY);
    cer_SumAttrs mean = {.reduced = a->sum.reduced, .kept = a->sum.reduced, .dtype = x->dtype};
    Tensor *centered = torch_sub(x, cer_call1(&cer_op_mean, x, &mean));
    return torch_mul(torch_mul(cer_beside_input(n, g), 2.0 / (double)(count - a->correction)), centered);
}

static void var_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const VarAttrs *a = cer_attrs(n);
    Tensor *x = cer_saved_tensor(n, 0), *of_var = g[0], *y;
    if (!x) return;
    if (of_var && a->root) { /* of the root: g / 2y, and 0 where that is 0 */
        if (!(y = cer_saved_output(n, 0))) return;
        of_var = cer_where(TORCH_SCALAR(torch_eq(y, 0)), torch_scalar_int(0),
                           TORCH_SCALAR(torch_div(of_var, torch_mul(y, 2))));
    }
    if (of_var) in[0] = var_gradient(n, of_var, x);
    if (n->op->n_outputs < 2 || !g[1]) return;
    Tensor *of_mean = torch_div(cer_restored(n, g[1]), cer_reduced_count(cer_input_size(n, 0), a->sum.reduced));
    in[0] = in[0] ? torch_add(in[0], of_mean) : of_mean;
}

#define VAR(id, grad, saves_, outputs)                     \
    const cer_Op cer_op_##id = {.name = #id,               \
                                .grad_name = grad,         \
                                .shape = cer_reduce_shape, \
                                .kernel = var_kernel,      \
                                .vjp = var_vjp,            \
                                .saves = {saves_},         \
                                .n_outputs = outputs,      \
                                .attrs_bytes = sizeof(VarAttrs)};
VAR(var, "VarBackward0", CER_SAVE(0), 1)
VAR(std, "StdBackward0", CER_SAVE(0) | CER_SAVE_OUTPUT(0), 1)
VAR(var_mean, "VarMeanBackward0", CER_SAVE(0), 2)
VAR(std_mean, "StdMeanBackward0", CER_SAVE(0) | CER_SAVE_OUTPUT(0), 2)

static Tensor *var(const cer_Op *op, const torch_VarArgs *v)
{
    torch_ReduceArgs r = {.self = v->self, .dim = v->dim, .keepdim = v->keepdim, .dims = v->dims, .n_dims = v->n_dims};
    VarAttrs a = {.root = op == &cer_op_std || op == &cer_op_std_mean,
                  .correction = v->correction != TORCH_NONE ? v->correction : v->unbiased};
    if (op->n_outputs == 2 && v->mean) *v->mean = NULL;
    if (cer_error_pending() || !cer_usable(v->self, op->name, 1)) return NULL;
    if (!torch_dtype_is_floating_point(v->self->dtype))
        return cer_raise(TORCH_RUNTIME_ERROR, op->name, "%s only support floating point and complex dtypes",
                         op->n_outputs == 1 ? "std and var" : op->name),
               NULL;
    if (!cer_reduce_attrs(op->name, &r, &a.sum)) return NULL;
    torch_Scalar in[1] = {torch_scalar_tensor(v->self)};
    return op->n_outputs == 2 && v->mean ? cer_call_two(op, in, 1, &a, v->mean) : cer_call(op, in, 1, &a);
}

#define PUBLIC(name)                                       \
    Tensor *torch_##name##_args(const torch_VarArgs *args) \
    {                                                      \
        return var(&cer_op_##name, args);                  \
    }
PUBLIC(var)
PUBLIC(std)
PUBLIC(var_mean)
PUBLIC(std_mean)
