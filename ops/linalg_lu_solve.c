/* Systems of equations whose matrix comes as LU factors. */
#include <string.h>

#include "ops/linalg_internal.h"

typedef struct LuSolveAttrs {
    bool left, adjoint; /* adjoint: of A^T */
} LuSolveAttrs;

static bool lu_solve_shape(cer_Call *c)
{
    const LuSolveAttrs *s = c->attrs;
    const Tensor *lu = c->in[0].as.t, *pivots = c->in[1].as.t, *b = c->in[2].as.t;
    const char *op = "linalg.lu_solve";
    char text[160];
    if (!torch_dtype_is_floating_point(lu->dtype)) return cer_is_real("torch.linalg.lu_solve", lu, NULL);
    if (pivots->dtype != torch_int32)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32");
    if (!cer_is_square("torch.linalg.lu_solve", lu) || !cer_is_matrix(op, b, "B")) return false;
    if (lu->dtype != b->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "linalg.lu_solve: Expected LU and B to have the same dtype, but found LU of type %s and B of "
                         "type %s instead",
                         cer_type_name(lu->dtype), cer_type_name(b->dtype));
    if (!cer_compatible(op, lu, CER_ROWS(b), CER_COLS(b), s->left)) return false;
    if (pivots->ndim == 0 || CER_COLS(pivots) != CER_COLS(lu))
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "linalg.lu_solve: Number of pivots per batch should be same as the dimension of the matrix");
    if (pivots->ndim != lu->ndim - 1 || !cer_same_sizes(pivots->ndim, lu->shape, pivots->shape))
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "linalg.lu_solve: Expected LU.shape[:-1] and pivots.shape to be the same, but got pivots with "
                         "shape %s instead",
                         cer_shape_text(pivots->ndim, pivots->shape, text, sizeof text));
    if (!cer_is_real(op, lu, "linalg.lu_solve_cpu") || !cer_solution_form(c, op, b->ndim, b->shape)) return false;
    if (s->left) cer_form_columns(&c->form[0]);
    return true;
}

/* Numbers of rows, contiguous; raises if one is not. LAPACK would follow it anywhere. */
static const int *checked_pivots(const Tensor *pivots, int64_t n)
{
    Tensor *rows = cer_empty(torch_int32, pivots->ndim, pivots->shape);
    if (!rows) return NULL;
    cer_copy_elements(rows, pivots, pivots->stride);
    const int *copy = (const int *)(const void *)rows->data;
    for (int64_t i = 0; i < pivots->numel; i++)
        if (copy[i] < 1 || copy[i] > n)
            return cer_raise(TORCH_RUNTIME_ERROR, "linalg.lu_solve",
                             "linalg.lu_solve: pivots must be between 1 and LU.size(-2) inclusive"),
                   NULL;
    return copy;
}

static bool lu_solve_kernel(cer_Call *c)
{
    const LuSolveAttrs *s = c->attrs;
    const Tensor *lu = c->in[0].as.t, *b = c->in[2].as.t;
    Tensor *out = c->out[0];
    int64_t mark = cer_context()->pool.length, n = CER_ROWS(lu), stride[TORCH_MAX_DIM];
    if (!cer_lapack_at_hand("linalg.lu_solve", lu) || !cer_lapack_at_hand("linalg.lu_solve", b)) return false;
    const Tensor *matrices = cer_columns(lu, lu->ndim, lu->shape);
    const int *pivots = matrices ? checked_pivots(c->in[1].as.t, n) : NULL;
    bool fine = pivots != NULL;
    if (fine) {
        cer_expand_strides(b, out->ndim, out->shape, stride);
        cer_copy_elements(out, b, stride);
    }
    for (int64_t i = 0; fine && out->numel && i < cer_batch(out); i++) {
        int64_t k = cer_batch_of(lu, out, out->ndim - 2, i);
        cer_getrs(out->dtype, s->left == s->adjoint ? 'T' : 'N', (int)n, (int)(s->left ? CER_COLS(out) : CER_ROWS(out)),
                  cer_matrix_at(matrices, k), pivots + k * n, cer_matrix_at(out, i));
    }
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

/* gA as of solve; with A = P L U, gL = P^T gA U^T below the diagonal, gU = L^T P^T gA on and above it. */
static void lu_solve_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const LuSolveAttrs *s = cer_attrs(n);
    Tensor *lu = cer_saved_tensor(n, 0), *pivots = cer_saved_tensor(n, 1), *l, *u;
    if (!lu || !pivots) return;
    Tensor *gb = torch_linalg_lu_solve_left(lu, pivots, g[0], s->left, !s->adjoint);
    if (cer_needs(n, 2)) in[2] = gb;
    if (!cer_needs(n, 0)) return;
    Tensor *x = cer_saved_output(n, 0), *p = torch_lu_unpack(lu, torch_contiguous(pivots), &l, &u);
    Tensor *first = s->adjoint ? x : gb, *second = cer_mT(s->adjoint ? gb : x);
    Tensor *ga = s->left ? torch_matmul(first, second) : torch_matmul(second, first);
    ga = torch_matmul(cer_mT(p), torch_neg(ga));
    in[0] = torch_add(cer_triangle(torch_matmul(ga, cer_mT(u)), false, -1),
                      cer_triangle(torch_matmul(cer_mT(l), ga), true, 0));
}

#define BOTH (CER_SAVE(0) | CER_SAVE(1))
const cer_Op cer_op_linalg_lu_solve = {
    .name = "linalg.lu_solve",
    .grad_name = "LinalgLuSolveBackward0",
    .schema = "linalg_lu_solve(Tensor LU, Tensor pivots, Tensor B, *, bool left=True, bool adjoint=False) -> Tensor",
    .shape = lu_solve_shape,
    .kernel = lu_solve_kernel,
    .vjp = lu_solve_vjp,
    .saves = {BOTH | CER_SAVE_OUTPUT(0), 0, BOTH},
    .n_outputs = 1,
    .attrs_bytes = sizeof(LuSolveAttrs)};

Tensor *torch_linalg_lu_solve_left(Tensor *lu, Tensor *pivots, Tensor *b, bool left, bool adjoint)
{
    return cer_call3(&cer_op_linalg_lu_solve, lu, pivots, b, &(LuSolveAttrs){left, adjoint});
}

Tensor *torch_linalg_lu_solve(Tensor *lu, Tensor *pivots, Tensor *b)
{
    return torch_linalg_lu_solve_left(lu, pivots, b, true, false);
}

Tensor *torch_lu_solve(Tensor *b, Tensor *lu, Tensor *pivots)
{
    return torch_linalg_lu_solve(lu, pivots, b);
}
