/* Norms of vectors, and distances. Summed up in double. */
#include <math.h>
#include <stdio.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct NormAttrs {
    cer_SumAttrs sum; /* first: what cer_reduce_shape and cer_restored read */
    double p;
} NormAttrs;

torch_NormArgs torch_NormArgs_defaults(void)
{
    return (torch_NormArgs){.struct_size = sizeof(torch_NormArgs), .p = TORCH_NAN, .dim = TORCH_NONE};
}

torch_VectorNormArgs torch_VectorNormArgs_defaults(void)
{
    return (torch_VectorNormArgs){.struct_size = sizeof(torch_VectorNormArgs), .ord = 2, .dim = TORCH_NONE};
}

/* ---- the work ---------------------------------------------------------------------------------------------------- */

static int loop_of(double p)
{
    return p == 0           ? BLOCK_nonzero
           : p == 1         ? BLOCK_sum_abs
           : p == 2         ? BLOCK_sum_square
           : p == INFINITY  ? BLOCK_max_abs
           : p == -INFINITY ? BLOCK_min_abs
                            : BLOCK_sum_power;
}

/* The norm of x, which is not NULL, into out. */
static bool norm_into(Tensor *out, Tensor *x, const NormAttrs *a)
{
    torch_dtype type = a->sum.dtype == torch_float64 ? torch_float64 : cer_computed_as(x->dtype);
    x = cer_typed(x, torch_dtype_is_floating_point(type) ? type : torch_float32);
    int block = loop_of(a->p);
    Tensor *wide = x ? cer_zeros(block == BLOCK_nonzero ? torch_int64 : torch_float64, out->ndim, out->shape) : NULL;
    if (!wide) return false;
    if (block == BLOCK_min_abs && x->numel) cer_fill_elements(wide, torch_scalar_double(INFINITY));
    cer_reduce(cer_kernels()->block[block][x->dtype], &a->p, x, 1, &wide, a->sum.reduced, a->sum.kept);
    double *v = (double *)(void *)wide->data;
    if (block == BLOCK_sum_square)
        for (int64_t i = 0; i < wide->numel; i++) v[i] = sqrt(v[i]);
    if (block == BLOCK_sum_power && x->numel)
        for (int64_t i = 0; i < wide->numel; i++) v[i] = pow(v[i], 1 / a->p);
    cer_copy_elements(out, wide, wide->stride);
    return true;
}

static bool norm_kernel(cer_Call *c)
{
    int64_t mark = cer_context()->pool.length;
    bool fine = norm_into(c->out[0], c->in[0].as.t, c->attrs);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

/* ---- the way back, as PyTorch has it for each p ------------------------------------------------------------------ */

static Tensor *zero_where(Tensor *condition, Tensor *otherwise)
{
    return cer_where(TORCH_SCALAR(condition), torch_scalar_int(0), TORCH_SCALAR(otherwise));
}

/* g and y (the norm) broadcast to x. Not for p = 0, which is constant. */
static Tensor *gradient(Tensor *g, Tensor *x, Tensor *y, double p, uint32_t reduced)
{
    if (p == 1) return torch_mul(torch_sign(x), g);
    if (p == 2) return torch_mul(x, zero_where(torch_eq(y, 0), torch_div(g, y)));
    if (isinf(p)) { /* shared by all that are as large */
        Tensor *chosen = torch_add(torch_eq(torch_abs(x), y), torch_ne(x, x));
        return torch_mul(torch_sign(x), torch_mul(torch_div(g, cer_sum_kept(chosen, reduced)), chosen));
    }
    Tensor *size = torch_pow(torch_abs(x), p < 2 ? p - 1 : p - 2);
    if (p < 1) {
        size = torch_mul(torch_sign(x), zero_where(torch_eq(x, 0), size));
        return torch_mul(torch_mul(size, g), torch_pow(y, 1 - p));
    }
    Tensor *scale = zero_where(torch_eq(y, 0), torch_div(g, torch_pow(y, p - 1)));
    return torch_mul(torch_mul(p < 2 ? torch_sign(x) : x, size), scale);
}

static void norm_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const NormAttrs *a = cer_attrs(n);
    Tensor *x = cer_saved_tensor(n, 0), *y = cer_saved_output(n, 0);
    if (!x || !y) return;
    if (a->p != 0) in[0] = gradient(cer_beside_input(n, g[0]), x, cer_beside_input(n, y), a->p, a->sum.reduced);
}

#define NORM(id, text, grad)                                                 \
    const cer_Op cer_op_##id = {.name = text,                                \
                                .grad_name = grad,                           \
                                .shape = cer_reduce_shape,                   \
                                .kernel = norm_kernel,                       \
                                .vjp = norm_vjp,                             \
                                .saves = {CER_SAVE(0) | CER_SAVE_OUTPUT(0)}, \
                                .n_outputs = 1,                              \
                                .attrs_bytes = sizeof(NormAttrs)};
NORM(norm, "norm", "NormBackward1")
NORM(norm_dtype, "norm", "NormBackward3")
NORM(linalg_vector_norm, "linalg.vector_norm", "LinalgVectorNormBackward0")

/* ---- norm -------------------------------------------------------------------------------------------------------- */

static bool check_dtype(torch_dtype own, torch_dtype asked)
{
    torch_dtype t = asked ? asked : own;
    return torch_dtype_is_floating_point(t) ||
           cer_raise(TORCH_RUNTIME_ERROR, "norm",
                     "norm(): %s dtype should be either floating point or complex. Got %s instead.",
                     asked ? "the desired output" : "input", cer_type_name(t));
}

Tensor *torch_norm_args(const torch_NormArgs *args)
{
    torch_ReduceArgs r = {.self = args->self,
                          .dim = args->dim,
                          .keepdim = args->keepdim,
                          .dims = args->dims,
                          .n_dims = args->n_dims,
                          .dtype = args->dtype};
    bool frobenius = isnan(args->p);
    NormAttrs a = {.p = frobenius ? 2 : args->p};
    if (cer_error_pending() || !cer_usable(args->self, "norm", 1) || !check_dtype(args->self->dtype, args->dtype))
        return NULL;
    if (frobenius && args->dims && args->n_dims > 2)
        return cer_raise(TORCH_RUNTIME_ERROR, "norm", "Expected at most 2 dimensions, but got %lld dimensions instead.",
                         (long long)args->n_dims),
               NULL;
    if (!cer_reduce_attrs("norm", &r, &a.sum)) return NULL;
    if (frobenius && args->dims && args->n_dims == 2 && !args->dtype) {
        r.self = torch_mul(args->self, args->self);
        return torch_sqrt(torch_sum_args(&r));
    }
    return cer_call1(args->dtype ? &cer_op_norm_dtype : &cer_op_norm, args->self, &a);
}

/* ---- linalg.vector_norm ------------------------------------------------------------------------------------------ */

static int width_of(torch_dtype t) /* which floating type takes which without loss */
{
    return t == torch_float64 ? 3 : t == torch_float32 ? 2 : 1;
}

static bool check_vector_norm(const torch_VectorNormArgs *a, uint32_t reduced)
{
    const Tensor *t = a->self;
    char ord[32];
    snprintf(ord, sizeof ord, "%g", a->ord);
    if (t->numel || (a->ord >= 0 && a->ord != INFINITY)) return true;
    if (!a->dims && a->dim == TORCH_NONE)
        return cer_raise(TORCH_RUNTIME_ERROR, "linalg.vector_norm",
                         "linalg.vector_norm cannot compute the %s norm on an empty tensor because the operation does "
                         "not have an identity",
                         ord);
    for (int d = 0; d < t->ndim; d++)
        if (reduced >> d & 1 && t->shape[d] == 0)
            return cer_raise(TORCH_RUNTIME_ERROR, "linalg.vector_norm",
                             "linalg.vector_norm cannot compute the %s norm on the dimension %dbecause this dimension "
                             "is empty and the operation does not have an identity",
                             ord, d);
    return true;
}

static bool check_vector_dtype(torch_dtype own, torch_dtype asked)
{
    const char *name = "linalg.vector_norm";
    if (!torch_dtype_is_floating_point(own))
        return cer_raise(TORCH_RUNTIME_ERROR, name, "%s: Expected a floating point or complex tensor as input. Got %s",
                         name, cer_type_name(own));
    if (asked && !torch_dtype_is_floating_point(asked))
        return cer_raise(TORCH_RUNTIME_ERROR, name, "%s: dtype should be floating point or complex, but got %s", name,
                         cer_type_name(asked));
    if (asked && asked != own && width_of(asked) <= width_of(own))
        return cer_raise(TORCH_RUNTIME_ERROR, name,
                         "%s: the dtype of the input (%s) should be convertible without narrowing to the specified "
                         "dtype (%s)",
                         name, cer_type_name(own), cer_type_name(asked));
    return true;
}

Tensor *torch_linalg_vector_norm_args(const torch_VectorNormArgs *args)
{
    torch_ReduceArgs r = {.self = args->self,
                          .dim = args->dim,
                          .keepdim = args->keepdim,
                          .dims = args->dims,
                          .n_dims = args->n_dims,
                          .dtype = args->dtype};
    NormAttrs a = {.p = args->ord};
    if (cer_error_pending() || !cer_usable(args->self, "linalg.vector_norm", 1) ||
        !check_vector_dtype(args->self->dtype, args->dtype) || !cer_reduce_attrs("linalg.vector_norm", &r, &a.sum) ||
        !check_vector_norm(args, a.sum.reduced))
        return NULL;
    return cer_call1(&cer_op_linalg_vector_norm, args->self, &a);
}

/* ---- dist: the norm of a difference ------------------------------------------------------------------------------ */

static bool dist_shape(cer_Call *c)
{
    torch_dtype type = cer_result_type(c->in, 2);
    const Tensor *x = c->in[0].as.t, *y = c->in[1].as.t;
    int64_t ndim = x->ndim, shape[TORCH_MAX_DIM];
    for (int d = 0; d < x->ndim; d++) shape[d] = x->shape[d];
    if (!cer_broadcast("dist", &ndim, shape, y->ndim, y->shape) || !check_dtype(type, torch_dtype_none)) return false;
    cer_form(&c->form[0], type, 0, NULL);
    return true;
}

static bool dist_kernel(cer_Call *c)
{
    NormAttrs a = *(const NormAttrs *)c->attrs;
    int64_t mark = cer_context()->pool.length;
    bool before = torch_set_grad_enabled(false);
    Tensor *difference = torch_sub(c->in[0].as.t, c->in[1].as.t);
    torch_set_grad_enabled(before);
    if (!difference) return false;
    a.sum.reduced = cer_all_dims(difference->ndim);
    bool fine = norm_into(c->out[0], difference, &a);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static void dist_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const NormAttrs *a = cer_attrs(n);
    Tensor *x = torch_sub(cer_saved_tensor(n, 0), cer_saved_tensor(n, 1)), *y = cer_saved_output(n, 0);
    if (!x || !y) return;
    Tensor *of_x = a->p == 0 ? torch_zeros_like(x) : gradient(g[0], x, y, a->p, cer_all_dims(x->ndim));
    if (cer_needs(n, 0)) in[0] = of_x;
    if (cer_needs(n, 1)) in[1] = torch_neg(of_x);
}

#define BOTH (CER_SAVE(0) | CER_SAVE(1) | CER_SAVE_OUTPUT(0))
const cer_Op cer_op_dist = {
    .name = "dist",
    .grad_name = "DistBackward0",
    .schema = "dist(Tensor self, Tensor other, Scalar p=2) -> Tensor",
    .shape = dist_shape,
    .kernel = dist_kernel,
    .vjp = dist_vjp,
    .saves = {BOTH, BOTH},
    .n_outputs = 1,
    .attrs_bytes = sizeof(NormAttrs),
};

Tensor *torch_dist(Tensor *x, Tensor *other, double p)
{
    NormAttrs a = {.p = p};
    return cer_call2(&cer_op_dist, x, other, &a);
}
