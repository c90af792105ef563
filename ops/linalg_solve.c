/* Systems of equations. */
#include <string.h>

#include "ops/linalg_internal.h"

typedef struct SolveAttrs {
    bool left, vector; /* vector: B is a vector, or a batch of them */
    bool check;        /* solve_ex: raise as solve does */
} SolveAttrs;

bool cer_solution_form(cer_Call *c, const char *op, int64_t b_ndim, const int64_t *b_shape)
{
    const Tensor *a = c->in[0].as.t;
    int64_t shape[TORCH_MAX_DIM], n = b_ndim - 2;
    memcpy(shape, b_shape, sizeof(int64_t) * (size_t)n);
    if (!cer_broadcast(op, &n, shape, a->ndim - 2, a->shape)) return false;
    shape[n] = b_shape[b_ndim - 2];
    shape[n + 1] = b_shape[b_ndim - 1];
    return cer_form_checked(&c->form[0], op, a->dtype, n + 2, shape);
}

bool cer_compatible(const char *op, const Tensor *a, int64_t rows, int64_t cols, bool left)
{
    return (left ? CER_ROWS(a) == rows : CER_COLS(a) == cols) ||
           cer_raise(TORCH_RUNTIME_ERROR, op,
                     "%s: Incompatible shapes of A and B for the equation %s (%lldx%lld and %lldx%lld)", op,
                     left ? "AX = B" : "XA = B", (long long)CER_ROWS(a), (long long)CER_COLS(a), (long long)rows,
                     (long long)cols);
}

static bool solve_shape(cer_Call *c)
{
    const SolveAttrs *s = c->attrs;
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    int64_t shape[TORCH_MAX_DIM + 1], ndim = b->ndim + s->vector;
    memcpy(shape, b->shape, sizeof(int64_t) * b->ndim);
    shape[b->ndim] = 1; /* a vector is one column */
    if (!cer_is_real("linalg.solve", a, "lu_cpu")) return false;
    if (a->dtype != b->dtype)
        return cer_raise(
            TORCH_RUNTIME_ERROR, "linalg.solve",
            "linalg.solve: Expected A and B to have the same dtype, but found A of type %s and B of type %s "
            "instead",
            cer_type_name(a->dtype), cer_type_name(b->dtype));
    if (!cer_is_square("linalg.solve", a)) return false;
    if (ndim < 2) return cer_is_matrix("linalg.solve", b, "B");
    if (ndim > TORCH_MAX_DIM) return cer_form_checked(&c->form[0], "linalg.solve", a->dtype, ndim, shape);
    if (!cer_compatible("linalg.solve", a, shape[ndim - 2], shape[ndim - 1], s->left) ||
        !cer_solution_form(c, "linalg.solve", ndim, shape))
        return false;
    if (!s->left && s->vector)
        return cer_raise(
            TORCH_RUNTIME_ERROR, "linalg.solve",
            "linalg.solve: Vector broadcasting of the left hand side is not supported for left=False. In this "
            "case linalg.solve is equivalent to B / A.squeeze(-1)");
    if (s->vector) c->form[0].ndim--;
    if (s->left) cer_form_columns(&c->form[0]);
    if (c->op->n_outputs == 2) cer_form(&c->form[1], torch_int32, a->ndim - 2, a->shape);
    return true;
}

/* Each right-hand side goes to its place in Fortran's order: columns of X, or rows of it. */
static bool solve_kernel(cer_Call *c)
{
    const SolveAttrs *s = c->attrs;
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    Tensor *out = c->out[0];
    int64_t n = CER_ROWS(a), mark = cer_context()->pool.length, stride[TORCH_MAX_DIM];
    int64_t matrices = s->vector ? out->ndim - 1 : out->ndim - 2, count = 1, columns;
    for (int64_t d = 0; d < matrices; d++) count *= out->shape[d];
    columns = s->vector ? 1 : s->left ? CER_COLS(out) : CER_ROWS(out);
    cer_Lu d;
    int *info;
    bool fine = cer_lu("linalg.solve", a, &d, &info);
    for (int64_t i = 0; fine && i < cer_batch(a); i++)
        if (info[i] && s->check)
            fine = cer_refuse_matrix(c->op->n_outputs == 2 ? "torch.linalg.solve_ex" : "torch.linalg.solve", a, i,
                                     "The solver failed because the input matrix is singular.");
    if (fine && c->op->n_outputs == 2) memcpy(c->out[1]->data, info, sizeof(int) * (size_t)cer_batch(a));
    Tensor *x = out; /* batches of vectors have strides that mix them: solved beside */
    if (fine && s->vector) fine = (x = cer_empty(out->dtype, out->ndim, out->shape)) != NULL;
    if (fine) {
        cer_expand_strides(b, x->ndim, x->shape, stride);
        cer_copy_elements(x, b, stride);
        for (int64_t i = 0; n && i < count; i++) {
            int64_t k = cer_batch_of(a, out, matrices, i);
            cer_getrs(a->dtype, d.turned == s->left ? 'T' : 'N', (int)n, (int)columns, cer_matrix_at(d.lu, k),
                      d.pivot + k * n, x->data + i * n * columns * cer_size_of(a->dtype));
        }
        if (x != out) cer_copy_elements(out, x, x->stride);
    }
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static void solve_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const SolveAttrs *s = cer_attrs(n);
    Tensor *a = cer_saved_tensor(n, 0), *x = cer_saved_output(n, 0);
    Tensor *gx = s->vector ? torch_unsqueeze(g[0], -1) : g[0];
    Tensor *gb = torch_linalg_solve_left(cer_mT(a), gx, s->left);
    if (cer_needs(n, 1)) in[1] = s->vector ? torch_squeeze_dim(gb, -1) : gb;
    if (!cer_needs(n, 0)) return;
    if (s->vector) x = torch_unsqueeze(x, -1);
    in[0] = torch_neg(s->left ? torch_matmul(gb, cer_mT(x)) : torch_matmul(cer_mT(x), gb));
}

#define SOLVE(id, text, outputs)                                                                               \
    const cer_Op cer_op_##id = {.name = text,                                                                  \
                                .grad_name = "LinalgSolveExBackward0",                                         \
                                .shape = solve_shape,                                                          \
                                .kernel = solve_kernel,                                                        \
                                .vjp = solve_vjp,                                                              \
                                .saves = {CER_SAVE(0) | CER_SAVE_OUTPUT(0), CER_SAVE(0) | CER_SAVE_OUTPUT(0)}, \
                                .n_outputs = outputs,                                                          \
                                .indices = 2 * (outputs > 1),                                                  \
                                .attrs_bytes = sizeof(SolveAttrs)};
SOLVE(linalg_solve, "linalg.solve", 1)
SOLVE(linalg_solve_ex, "linalg.solve_ex", 2)

bool cer_vector_side(const Tensor *a, const Tensor *b)
{
    return b->ndim == 1 || (a->ndim - 1 == b->ndim && cer_same_sizes(b->ndim, a->shape, b->shape));
}

static Tensor *solve(const cer_Op *op, Tensor *a, Tensor *b, SolveAttrs s, Tensor **info)
{
    torch_Scalar in[2] = {torch_scalar_tensor(a), torch_scalar_tensor(b)};
    Tensor *out[CER_OUTPUTS] = {NULL};
    if (info) *info = NULL;
    if (cer_error_pending() || !cer_usable(a, op->name, 1) || !cer_usable(b, op->name, 2)) return NULL;
    s.vector = cer_vector_side(a, b);
    cer_call_many(op, in, 2, &s, out);
    if (info) *info = out[1];
    return out[0];
}

Tensor *torch_linalg_solve_left(Tensor *a, Tensor *b, bool left)
{
    return solve(&cer_op_linalg_solve, a, b, (SolveAttrs){.left = left, .check = true}, NULL);
}

Tensor *torch_linalg_solve(Tensor *a, Tensor *b)
{
    return torch_linalg_solve_left(a, b, true);
}

Tensor *torch_linalg_solve_ex(Tensor *a, Tensor *b, bool left, bool check_errors, Tensor **info)
{
    return solve(&cer_op_linalg_solve_ex, a, b, (SolveAttrs){.left = left, .check = check_errors}, info);
}
