/* Systems of equations with triangular matrices. */
#include "ops/linalg_internal.h"

typedef struct TriangularAttrs {
    bool left, upper, unit;
} TriangularAttrs;

static bool triangular_shape(cer_Call *c)
{
    const TriangularAttrs *s = c->attrs;
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    const char *op = "linalg.solve_triangular";
    if (!cer_is_square(op, a) || !cer_is_matrix(op, b, "B") ||
        !cer_compatible(op, a, CER_ROWS(b), CER_COLS(b), s->left) || !cer_is_real(op, a, "triangular_solve_cpu"))
        return false;
    if (a->dtype != b->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Expected A and B to have the same dtype, but found A of type %s and B of "
                         "type %s instead",
                         cer_type_name(a->dtype), cer_type_name(b->dtype));
    if (!cer_solution_form(c, op, b->ndim, b->shape)) return false;
    cer_form_columns(&c->form[0]);
    return true;
}

static bool triangular_kernel(cer_Call *c)
{
    const TriangularAttrs *s = c->attrs;
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    Tensor *out = c->out[0];
    int64_t mark = cer_context()->pool.length, stride[TORCH_MAX_DIM], n = CER_ROWS(a);
    if (!cer_lapack_at_hand("linalg.solve_triangular", a) || !cer_lapack_at_hand("linalg.solve_triangular", out))
        return false;
    cer_expand_strides(b, out->ndim, out->shape, stride);
    cer_copy_elements(out, b, stride);
    bool turned = a->contiguous;
    const Tensor *matrices = turned ? a : cer_columns(a, a->ndim, a->shape);
    if (!matrices) return false;
    for (int64_t i = 0; out->numel && i < cer_batch(out); i++)
        cer_trsm(a->dtype, s->left ? 'L' : 'R', s->upper == turned ? 'L' : 'U', turned ? 'T' : 'N', s->unit,
                 (int)CER_ROWS(out), (int)CER_COLS(out),
                 cer_matrix_at(matrices, cer_batch_of(a, out, out->ndim - 2, i)), (int)n, cer_matrix_at(out, i));
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void triangular_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const TriangularAttrs *s = cer_attrs(n);
    Tensor *a = cer_saved_tensor(n, 0), *x = cer_saved_output(n, 0);
    Tensor *gb = torch_linalg_solve_triangular(cer_mT(a), g[0], !s->upper, s->left, s->unit);
    if (cer_needs(n, 1)) in[1] = gb;
    if (!cer_needs(n, 0)) return;
    Tensor *ga = torch_neg(s->left ? torch_matmul(gb, cer_mT(x)) : torch_matmul(cer_mT(x), gb));
    in[0] = cer_triangle(ga, s->upper, s->upper ? s->unit : -(int64_t)s->unit);
}

const cer_Op cer_op_linalg_solve_triangular = {
    .name = "linalg.solve_triangular",
    .grad_name = "LinalgSolveTriangularBackward0",
    .shape = triangular_shape,
    .kernel = triangular_kernel,
    .vjp = triangular_vjp,
    .saves = {CER_SAVE(0) | CER_SAVE_OUTPUT(0), CER_SAVE(0) | CER_SAVE_OUTPUT(0)},
    .n_outputs = 1,
    .attrs_bytes = sizeof(TriangularAttrs)};

Tensor *torch_linalg_solve_triangular(Tensor *a, Tensor *b, bool upper, bool left, bool unitriangular)
{
    TriangularAttrs s = {.left = left, .upper = upper, .unit = unitriangular};
    return cer_call2(&cer_op_linalg_solve_triangular, a, b, &s);
}
