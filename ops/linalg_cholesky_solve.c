/* Systems of equations and inverses of A = L L^T, or of U^T U, which comes as that factor: two triangular solutions. */
#include "ops/linalg_internal.h"

typedef struct FactorAttrs {
    bool upper;
} FactorAttrs;

/* X = A^-1 X for every matrix of x, in columns. */
static bool solve_in_place(const char *op, const Tensor *l, Tensor *x, bool upper)
{
    int64_t n = CER_ROWS(l);
    if (!cer_lapack_at_hand(op, l) || !cer_lapack_at_hand(op, x)) return false;
    const Tensor *matrices = cer_columns(l, l->ndim, l->shape);
    if (!matrices) return false;
    for (int64_t i = 0; x->numel && i < cer_batch(x); i++)
        for (int k = 0; k < 2; k++)
            cer_trsm(x->dtype, 'L', upper ? 'U' : 'L', upper == (k == 0) ? 'T' : 'N', false, (int)n, (int)CER_COLS(x),
                     cer_matrix_at(matrices, cer_batch_of(l, x, x->ndim - 2, i)), (int)n, cer_matrix_at(x, i));
    return true;
}

/* ---- cholesky_solve ---------------------------------------------------------------------------------------------- */

static bool solve_shape(cer_Call *c)
{
    const Tensor *l = c->in[0].as.t, *b = c->in[1].as.t;
    const char *op = "cholesky_solve";
    if (b->ndim < 2)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "b should have at least 2 dimensions, but has %d dimensions instead",
                         b->ndim);
    if (l->ndim < 2)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "u should have at least 2 dimensions, but has %d dimensions instead",
                         l->ndim);
    if (!cer_linear_system(op, b, l) || !cer_solution_form(c, op, b->ndim, b->shape)) return false;
    if (l->dtype != torch_float32 && l->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "\"cholesky_solve_cpu\" not implemented for '%s'",
                         cer_type_name(l->dtype));
    cer_form_columns(&c->form[0]);
    return true;
}

static bool solve_kernel(cer_Call *c)
{
    const FactorAttrs *s = c->attrs;
    const Tensor *b = c->in[1].as.t;
    Tensor *out = c->out[0];
    int64_t mark = cer_context()->pool.length, stride[TORCH_MAX_DIM];
    cer_expand_strides(b, out->ndim, out->shape, stride);
    cer_copy_elements(out, b, stride);
    bool fine = solve_in_place("cholesky_solve", c->in[0].as.t, out, s->upper);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

/* The gradient by the factor of A = L L^T, from that by A and its transpose, added up. As in PyTorch it is not cut to the triangle. */
static Tensor *by_factor(Tensor *l, Tensor *both, bool upper)
{
    return torch_neg(upper ? torch_matmul(l, both) : torch_matmul(both, l));
}

static void solve_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const FactorAttrs *s = cer_attrs(n);
    Tensor *l = cer_saved_tensor(n, 0), *gb = torch_cholesky_solve(g[0], l, s->upper);
    if (cer_needs(n, 1)) in[1] = gb;
    if (!cer_needs(n, 0)) return;
    Tensor *ga = torch_matmul(gb, cer_mT(cer_saved_output(n, 0)));
    in[0] = by_factor(l, torch_add(ga, cer_mT(ga)), s->upper);
}

const cer_Op cer_op_cholesky_solve = {.name = "cholesky_solve",
                                      .grad_name = "CholeskySolveBackward0",
                                      .schema =
                                          "cholesky_solve(Tensor input2, Tensor self, bool upper=False) -> Tensor",
                                      .shape = solve_shape,
                                      .kernel = solve_kernel,
                                      .vjp = solve_vjp,
                                      .saves = {CER_SAVE(0) | CER_SAVE_OUTPUT(0), CER_SAVE(0)},
                                      .n_outputs = 1,
                                      .attrs_bytes = sizeof(FactorAttrs)};

Tensor *torch_cholesky_solve(Tensor *b, Tensor *l, bool upper)
{
    return cer_call2(&cer_op_cholesky_solve, l, b, &(FactorAttrs){upper});
}

/* ---- cholesky_inverse -------------------------------------------------------------------------------------------- */

static bool inverse_shape(cer_Call *c)
{
    const Tensor *l = c->in[0].as.t;
    if (!cer_is_square("cholesky_inverse", l)) return false;
    if (l->dtype != torch_float32 && l->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, "cholesky_inverse",
                         "\"cholesky_inverse_out_cpu\" not implemented for '%s'", cer_type_name(l->dtype));
    cer_form(&c->form[0], l->dtype, l->ndim, l->shape);
    cer_form_columns(&c->form[0]);
    return true;
}

/* How many diagonal elements come before the first that is zero, or -1. */
static int64_t first_zero(const Tensor *columns, int64_t batch)
{
    int64_t n = CER_ROWS(columns), size = cer_size_of(columns->dtype);
    double x;
    for (int64_t k = 0; k < n; k++) {
        cer_convert(&x, torch_float64, cer_matrix_at(columns, batch) + k * (n + 1) * size, columns->dtype, 1);
        if (x == 0) return k;
    }
    return -1;
}

static bool inverse_kernel(cer_Call *c)
{
    const FactorAttrs *s = c->attrs;
    const Tensor *l = c->in[0].as.t;
    int64_t mark = cer_context()->pool.length;
    const Tensor *columns = cer_columns(l, l->ndim, l->shape);
    bool fine = columns != NULL;
    for (int64_t i = 0; fine && i < cer_batch(l); i++) {
        int64_t zero = first_zero(columns, i);
        if (zero >= 0)
            fine = cer_refuse_matrix("cholesky_inverse", l, i,
                                     "The diagonal element %lld is zero, the inversion could not be completed because "
                                     "the input matrix is singular.",
                                     (long long)zero + 1);
    }
    if (fine) {
        cer_set_identity(c->out[0]);
        fine = solve_in_place("cholesky_inverse", l, c->out[0], s->upper);
    }
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static void inverse_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const FactorAttrs *s = cer_attrs(n);
    Tensor *l = cer_saved_tensor(n, 0), *inverse = cer_saved_output(n, 0);
    Tensor *both = torch_add(g[0], cer_mT(g[0]));
    in[0] = by_factor(l, torch_matmul(inverse, torch_matmul(both, inverse)), s->upper);
}

const cer_Op cer_op_cholesky_inverse = {.name = "cholesky_inverse",
                                        .grad_name = "CholeskyInverseBackward0",
                                        .schema = "cholesky_inverse(Tensor self, bool upper=False) -> Tensor",
                                        .shape = inverse_shape,
                                        .kernel = inverse_kernel,
                                        .vjp = inverse_vjp,
                                        .saves = {CER_SAVE(0) | CER_SAVE_OUTPUT(0)},
                                        .n_outputs = 1,
                                        .attrs_bytes = sizeof(FactorAttrs)};

Tensor *torch_cholesky_inverse(Tensor *l, bool upper)
{
    return cer_call1(&cer_op_cholesky_inverse, l, &(FactorAttrs){upper});
}
