/* LU factors as LAPACK leaves them: A = P L U with L below the diagonal of one matrix and U on and above it, and the rows that were
 * exchanged. */
#include <string.h>

#include "ops/linalg_internal.h"

typedef struct LuFactorAttrs {
    bool check;
    const char *caller; /* in messages */
} LuFactorAttrs;

bool cer_lu_operand(const char *op, const Tensor *a, const char *kernel)
{
    char text[160];
    if (a->ndim < 2)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "%s: Expected tensor with 2 or more dimensions. Got size: %s instead",
                         op, cer_shape_text(a->ndim, a->shape, text, sizeof text));
    return a->dtype == torch_float32 || a->dtype == torch_float64 ||
           cer_raise(TORCH_RUNTIME_ERROR, op, "\"%s\" not implemented for '%s'", kernel, cer_type_name(a->dtype));
}

static bool factor_shape(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t;
    if (!cer_lu_operand("torch.lu_factor", a, "lu_cpu")) return false;
    int64_t m = CER_ROWS(a), n = CER_COLS(a);
    cer_form(&c->form[0], a->dtype, a->ndim, a->shape);
    cer_form_columns(&c->form[0]);
    cer_form(&c->form[1], torch_int32, a->ndim - 1, a->shape);
    c->form[1].shape[a->ndim - 2] = m < n ? m : n;
    cer_form(&c->form[2], torch_int32, a->ndim - 2, a->shape);
    return true;
}

static bool factor_kernel(cer_Call *c)
{
    const LuFactorAttrs *s = c->attrs;
    const Tensor *a = c->in[0].as.t;
    int64_t m = CER_ROWS(a), n = CER_COLS(a), k = m < n ? m : n;
    int *pivots = (int *)(void *)c->out[1]->data, *info = (int *)(void *)c->out[2]->data;
    if (!cer_lapack_at_hand("linalg.lu_factor", a)) return false;
    cer_copy_elements(c->out[0], a, a->stride);
    for (int64_t i = 0; i < cer_batch(a); i++) {
        info[i] = k ? cer_getrf(a->dtype, (int)m, (int)n, cer_matrix_at(c->out[0], i), pivots + i * k) : 0;
        if (info[i] && s->check)
            return cer_refuse_matrix(s->caller, a, i,
                                     "U[%d,%d] is zero and using it on lu_solve would result in a division by zero. If "
                                     "you still want to perform the factorization, consider calling linalg.lu(A, "
                                     "pivot) or linalg.lu_factor_ex(A, pivot)",
                                     info[i], info[i]);
    }
    return true;
}

/* S = L^-1 P^T dA U^-1 splits into L^-1 dL below the diagonal and dU U^-1 on and above it: of a square A
 *
 *     gS = tril(L^T gL, -1) + triu(gU U^T),    gA = P L^-T gS U^-T
 *
 * A wide A = P L [U1 U2] has dU2 = L^-1 (P^T dA)2 - tril(S, -1) U2 besides; a tall one dL2 likewise. */
Tensor *cer_lu_backward(Tensor *gl, Tensor *gu, Tensor *p, Tensor *l, Tensor *u)
{
    if (!p || !l || !u) return NULL;
    int64_t m = CER_ROWS(l), n = CER_COLS(u), k = CER_COLS(l);
    Tensor *l1 = torch_narrow(l, -2, 0, k), *u1 = torch_narrow(u, -1, 0, k);
    Tensor *rest = NULL, *below = NULL,
           *above = NULL; /* the gradient of what is beyond the square, and both parts of gS */
    if (gl) below = torch_matmul(cer_mT(l1), torch_narrow(gl, -2, 0, k));
    if (gu) above = torch_matmul(torch_narrow(gu, -1, 0, k), cer_mT(u1));
    if (m < n && gu) {
        Tensor *gu2 = torch_narrow(gu, -1, k, n - k), *by = torch_matmul(gu2, cer_mT(torch_narrow(u, -1, k, n - k)));
        below = below ? torch_sub(below, by) : torch_neg(by);
        rest = torch_linalg_solve_triangular(cer_mT(l1), gu2, true, true, true);
    }
    if (m > n && gl) {
        Tensor *gl2 = torch_narrow(gl, -2, k, m - k), *by = torch_matmul(cer_mT(torch_narrow(l, -2, k, m - k)), gl2);
        above = above ? torch_sub(above, by) : torch_neg(by);
        rest = torch_linalg_solve_triangular(cer_mT(u1), gl2, false, false, false);
    }
    below = cer_triangle(below, false, -1);
    above = cer_triangle(above, true, 0);
    Tensor *gs = below && above ? torch_add(below, above) : below ? below : above;
    if (!gs) return NULL;
    Tensor *g = torch_linalg_solve_triangular(cer_mT(l1), gs, true, true, true);
    g = torch_linalg_solve_triangular(cer_mT(u1), g, false, false, false);
    if (m != n && g) {
        if (!rest) rest = torch_zeros_like(m < n ? torch_narrow(u, -1, k, n - k) : torch_narrow(l, -2, k, m - k));
        g = rest ? torch_cat(torch_tensors(g, rest), m < n ? -1 : -2) : NULL;
    }
    return torch_matmul(p, g);
}

static void factor_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    Tensor *lu = cer_saved_output(n, 0), *pivots = cer_saved_output(n, 1), *l, *u;
    if (!lu || !pivots) return;
    Tensor *p = torch_lu_unpack(lu, pivots, &l, &u);
    if (!p || !l || !u) return;
    in[0] = cer_lu_backward(torch_narrow(g[0], -1, 0, CER_COLS(l)), torch_narrow(g[0], -2, 0, CER_ROWS(u)), p, l, u);
}

const cer_Op cer_op_linalg_lu_factor_ex = {
    .name = "linalg.lu_factor_ex",
    .grad_name = "LinalgLuFactorExBackward0",
    .schema = "linalg_lu_factor_ex(Tensor A, *, bool check_errors=False) -> (Tensor LU, Tensor pivots, Tensor info)",
    .shape = factor_shape,
    .kernel = factor_kernel,
    .vjp = factor_vjp,
    .saves = {CER_SAVE_OUTPUT(0) | CER_SAVE_OUTPUT(1)},
    .n_outputs = 3,
    .indices = 6,
    .attrs_bytes = sizeof(LuFactorAttrs)};

static Tensor *factor(Tensor *a, LuFactorAttrs attrs, Tensor **pivots, Tensor **info)
{
    torch_Scalar in[1] = {torch_scalar_tensor(a)};
    Tensor *out[CER_OUTPUTS] = {NULL};
    cer_call_many(&cer_op_linalg_lu_factor_ex, in, 1, &attrs, out);
    if (pivots) *pivots = out[1];
    if (info) *info = out[2];
    return out[0];
}

Tensor *torch_linalg_lu_factor(Tensor *a, Tensor **pivots)
{
    return factor(a, (LuFactorAttrs){true, "torch.linalg.lu_factor"}, pivots, NULL);
}

Tensor *torch_linalg_lu_factor_ex(Tensor *a, bool check_errors, Tensor **pivots, Tensor **info)
{
    return factor(a, (LuFactorAttrs){check_errors, "torch.linalg.lu_factor_ex"}, pivots, info);
}
