/* The older torch.triangular_solve, which also returns A as it was broadcast. */
#include <string.h>

#include "ops/linalg_internal.h"

typedef struct TriangularSolveAttrs {
    bool upper, transpose, unit;
} TriangularSolveAttrs;

static bool solve_shape(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    const char *op = "triangular_solve";
    for (int i = 1; i >= 0; i--)
        if (c->in[i].as.t->ndim < 2)
            return cer_raise(TORCH_RUNTIME_ERROR, op,
                             "torch.triangular_solve: Expected %s to have at least 2 dimensions, but it has %d "
                             "dimensions instead",
                             i ? "b" : "A", c->in[i].as.t->ndim);
    if (!cer_linear_system(op, b, a) || !cer_solution_form(c, op, b->ndim, b->shape)) return false;
    if (a->dtype != torch_float32 && a->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "\"triangular_solve_cpu\" not implemented for '%s'",
                         cer_type_name(a->dtype));
    int64_t shape[TORCH_MAX_DIM];
    memcpy(shape, c->form[0].shape, sizeof shape);
    shape[c->form[0].ndim - 1] = CER_COLS(a);
    if (!cer_form_checked(&c->form[1], op, a->dtype, c->form[0].ndim, shape)) return false;
    for (int i = 0; i < 2; i++) cer_form_columns(&c->form[i]);
    return true;
}

static bool solve_kernel(cer_Call *c)
{
    const TriangularSolveAttrs *s = c->attrs;
    const Tensor *operand[2] = {c->in[1].as.t, c->in[0].as.t};
    Tensor *x = c->out[0], *a = c->out[1];
    int64_t stride[TORCH_MAX_DIM];
    if (!cer_lapack_at_hand("triangular_solve", a) || !cer_lapack_at_hand("triangular_solve", x)) return false;
    for (int i = 0; i < 2; i++) {
        cer_expand_strides(operand[i], x->ndim, c->out[i]->shape, stride);
        cer_copy_elements(c->out[i], operand[i], stride);
    }
    for (int64_t i = 0; x->numel && i < cer_batch(x); i++)
        cer_trsm(x->dtype, 'L', s->upper ? 'U' : 'L', s->transpose ? 'T' : 'N', s->unit, (int)CER_ROWS(x),
                 (int)CER_COLS(x), cer_matrix_at(a, i), (int)CER_ROWS(a), cer_matrix_at(x, i));
    return true;
}

static void solve_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const TriangularSolveAttrs *s = cer_attrs(n);
    Tensor *a = cer_saved_tensor(n, 0), *ga = NULL;
    if (g[0]) {
        Tensor *gb = torch_triangular_solve(g[0], a, s->upper, !s->transpose, s->unit, NULL);
        if (cer_needs(n, 1)) in[1] = gb;
        if (cer_needs(n, 0)) {
            Tensor *x = cer_saved_output(n, 0);
            ga = torch_neg(s->transpose ? torch_matmul(x, cer_mT(gb)) : torch_matmul(gb, cer_mT(x)));
            ga = cer_triangle(ga, s->upper, s->upper ? s->unit : -(int64_t)s->unit);
        }
    }
    if (cer_needs(n, 1) && !g[0]) in[1] = torch_zeros_n(cer_input_size(n, 1).ndim, cer_input_size(n, 1).dim, a->dtype);
    if (cer_needs(n, 0)) in[0] = ga && g[1] ? torch_add(ga, g[1]) : ga ? ga : g[1];
}

const cer_Op cer_op_triangular_solve = {
    .name = "triangular_solve",
    .grad_name = "TriangularSolveBackward0",
    .schema =
        "triangular_solve(Tensor A, Tensor self, bool upper=True, bool transpose=False, bool unitriangular=False) "
        "-> (Tensor solution, Tensor cloned_coefficient)",
    .shape = solve_shape,
    .kernel = solve_kernel,
    .vjp = solve_vjp,
    .saves = {CER_SAVE(0) | CER_SAVE_OUTPUT(0), CER_SAVE(0)},
    .n_outputs = 2,
    .attrs_bytes = sizeof(TriangularSolveAttrs)};

Tensor *torch_triangular_solve(Tensor *b, Tensor *a, bool upper, bool transpose, bool unitriangular,
                               Tensor **cloned_coefficient)
{
    torch_Scalar in[2] = {torch_scalar_tensor(a), torch_scalar_tensor(b)};
    TriangularSolveAttrs s = {upper, transpose, unitriangular};
    Tensor *second = NULL, *x = cer_call_two(&cer_op_triangular_solve, in, 2, &s, &second);
    if (cloned_coefficient) *cloned_coefficient = second;
    return x;
}
