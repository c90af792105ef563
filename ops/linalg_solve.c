/* Systems of equations and determinants, by LU. A contiguous matrix is decomposed as its transpose, which is what its memory is in
 * Fortran's order; what is solved is transposed then. */
#include <math.h>
#include <string.h>

#include "ops/linalg_internal.h"

typedef struct Decomposed {
    Tensor *lu;
    int *pivot;
    bool turned; /* lu is of the transpose */
} Decomposed;

/* LU of every matrix; info[i] > 0 where matrix i is singular. Borrowed. */
static bool decompose(const char *op, const Tensor *a, Decomposed *d, int **info)
{
    int64_t n = CER_ROWS(a), count = cer_batch(a);
    if (!cer_lapack_at_hand(op, a)) return false;
    d->turned = a->contiguous;
    d->lu = a->contiguous ? cer_empty(a->dtype, a->ndim, a->shape) : cer_columns(a, a->ndim, a->shape);
    d->pivot = cer_int_workspace(n * count);
    *info = cer_int_workspace(count);
    if (!d->lu || !d->pivot || !*info) return false;
    if (a->contiguous) memcpy(d->lu->data, a->data, (size_t)(a->numel * cer_size_of(a->dtype)));
    for (int64_t i = 0; i < count; i++)
        (*info)[i] = n ? cer_getrf(a->dtype, (int)n, (int)n, cer_matrix_at(d->lu, i), d->pivot + i * n) : 0;
    return true;
}

/* Which matrix of a belongs to matrix i of something whose batch a's is broadcast to? */
static int64_t batch_of(const Tensor *a, const Tensor *out, int64_t out_batch_dims, int64_t i)
{
    int64_t own = a->ndim - 3, index = 0, step = 1;
    for (int64_t d = out_batch_dims - 1; own >= 0; d--, own--) {
        int64_t at = i % out->shape[d];
        i /= out->shape[d];
        if (a->shape[own] != 1) index += at * step;
        step *= a->shape[own];
    }
    return index;
}

/* ---- inv --------------------------------------------------------------------------------------------------------- */

static bool inv_shape(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t;
    if (!cer_is_square("linalg.inv", a) || !cer_is_real("linalg.inv", a, NULL)) return false;
    cer_form(&c->form[0], a->dtype, a->ndim, a->shape);
    cer_form_columns(&c->form[0]);
    return true;
}

static void set_identity(Tensor *t, int64_t n) /* in Fortran's order */
{
    memset(t->data, 0, (size_t)(t->numel * cer_size_of(t->dtype)));
    for (int64_t i = 0; n && i < t->numel / (n * n); i++)
        for (int64_t k = 0; k < n; k++) {
            if (t->dtype == torch_float64)
                ((double *)(void *)t->data)[i * n * n + k * (n + 1)] = 1;
            else
                ((float *)(void *)t->data)[i * n * n + k * (n + 1)] = 1;
        }
}

static bool inv_kernel(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t;
    int64_t n = CER_ROWS(a), mark = cer_context()->pool.length;
    Decomposed d;
    int *info;
    bool fine = decompose("linalg.inv", a, &d, &info);
    if (fine) set_identity(c->out[0], n);
    for (int64_t i = 0; fine && n && i < cer_batch(a); i++) {
        if (info[i])
            fine =
                cer_refuse_matrix("linalg.inv", a, i,
                                  "The diagonal element %d is zero, the inversion could not be completed because the "
                                  "input matrix is singular.",
                                  info[i]);
        else
            cer_getrs(a->dtype, d.turned ? 'T' : 'N', (int)n, (int)n, cer_matrix_at(d.lu, i), d.pivot + i * n,
                      cer_matrix_at(c->out[0], i));
    }
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static void inv_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    Tensor *turned = cer_mT(cer_saved_output(n, 0));
    in[0] = torch_neg(torch_matmul(turned, torch_matmul(g[0], turned)));
}

const cer_Op cer_op_linalg_inv = {.name = "linalg.inv",
                                  .grad_name = "LinalgInvExBackward0",
                                  .schema = "linalg_inv(Tensor A) -> Tensor",
                                  .shape = inv_shape,
                                  .kernel = inv_kernel,
                                  .vjp = inv_vjp,
                                  .saves = {CER_SAVE_OUTPUT(0)},
                                  .n_outputs = 1};

Tensor *torch_linalg_inv(Tensor *a)
{
    return cer_call1(&cer_op_linalg_inv, a, NULL);
}

Tensor *torch_inverse(Tensor *a)
{
    return torch_linalg_inv(a);
}

/* ---- solve ------------------------------------------------------------------------------------------------------- */

typedef struct SolveAttrs {
    bool left, vector; /* vector: B is a vector, or a batch of them */
    bool upper, unit;  /* solve_triangular */
} SolveAttrs;

/* Batches of A and B broadcast against each other: the result has that batch and B's matrix. */
static bool solution_form(cer_Call *c, const char *op, int64_t b_ndim, const int64_t *b_shape)
{
    const Tensor *a = c->in[0].as.t;
    int64_t shape[TORCH_MAX_DIM], n = b_ndim - 2;
    memcpy(shape, b_shape, sizeof(int64_t) * (size_t)n);
    if (!cer_broadcast(op, &n, shape, a->ndim - 2, a->shape)) return false;
    shape[n] = b_shape[b_ndim - 2];
    shape[n + 1] = b_shape[b_ndim - 1];
    return cer_form_checked(&c->form[0], op, a->dtype, n + 2, shape);
}

static bool compatible(const char *op, const Tensor *a, int64_t rows, int64_t cols, bool left)
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
    if (!compatible("linalg.solve", a, shape[ndim - 2], shape[ndim - 1], s->left) ||
        !solution_form(c, "linalg.solve", ndim, shape))
        return false;
    if (!s->left && s->vector)
        return cer_raise(
            TORCH_RUNTIME_ERROR, "linalg.solve",
            "linalg.solve: Vector broadcasting of the left hand side is not supported for left=False. In this "
            "case linalg.solve is equivalent to B / A.squeeze(-1)");
    if (s->vector) c->form[0].ndim--;
    if (s->left) cer_form_columns(&c->form[0]);
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
    Decomposed d;
    int *info;
    bool fine = decompose("linalg.solve", a, &d, &info);
    for (int64_t i = 0; fine && i < cer_batch(a); i++)
        if (info[i])
            fine = cer_refuse_matrix("torch.linalg.solve", a, i,
                                     "The solver failed because the input matrix is singular.");
    Tensor *x = out; /* batches of vectors have strides that mix them: solved beside */
    if (fine && s->vector) fine = (x = cer_empty(out->dtype, out->ndim, out->shape)) != NULL;
    if (fine) {
        cer_expand_strides(b, x->ndim, x->shape, stride);
        cer_copy_elements(x, b, stride);
        for (int64_t i = 0; n && i < count; i++) {
            int64_t k = batch_of(a, out, matrices, i);
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

const cer_Op cer_op_linalg_solve = {.name = "linalg.solve",
                                    .grad_name = "LinalgSolveExBackward0",
                                    .schema = "linalg_solve(Tensor A, Tensor B, *, bool left=True) -> Tensor",
                                    .shape = solve_shape,
                                    .kernel = solve_kernel,
                                    .vjp = solve_vjp,
                                    .saves = {CER_SAVE(0) | CER_SAVE_OUTPUT(0), CER_SAVE(0) | CER_SAVE_OUTPUT(0)},
                                    .n_outputs = 1,
                                    .attrs_bytes = sizeof(SolveAttrs)};

Tensor *torch_linalg_solve_left(Tensor *a, Tensor *b, bool left)
{
    SolveAttrs s = {.left = left};
    if (cer_error_pending() || !cer_usable(a, "linalg.solve", 1) || !cer_usable(b, "linalg.solve", 2)) return NULL;
    s.vector = b->ndim == 1 || (a->ndim - 1 == b->ndim && cer_same_sizes(b->ndim, a->shape, b->shape));
    return cer_call2(&cer_op_linalg_solve, a, b, &s);
}

Tensor *torch_linalg_solve(Tensor *a, Tensor *b)
{
    return torch_linalg_solve_left(a, b, true);
}

/* ---- solve_triangular -------------------------------------------------------------------------------------------- */

static bool triangular_shape(cer_Call *c)
{
    const SolveAttrs *s = c->attrs;
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    const char *op = "linalg.solve_triangular";
    if (!cer_is_square(op, a) || !cer_is_matrix(op, b, "B") || !compatible(op, a, CER_ROWS(b), CER_COLS(b), s->left) ||
        !cer_is_real(op, a, "triangular_solve_cpu"))
        return false;
    if (a->dtype != b->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Expected A and B to have the same dtype, but found A of type %s and B of "
                         "type %s instead",
                         cer_type_name(a->dtype), cer_type_name(b->dtype));
    if (!solution_form(c, op, b->ndim, b->shape)) return false;
    cer_form_columns(&c->form[0]);
    return true;
}

static bool triangular_kernel(cer_Call *c)
{
    const SolveAttrs *s = c->attrs;
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
                 (int)CER_ROWS(out), (int)CER_COLS(out), cer_matrix_at(matrices, batch_of(a, out, out->ndim - 2, i)),
                 (int)n, cer_matrix_at(out, i));
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void triangular_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const SolveAttrs *s = cer_attrs(n);
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
    .attrs_bytes = sizeof(SolveAttrs)};

Tensor *torch_linalg_solve_triangular(Tensor *a, Tensor *b, bool upper, bool left, bool unitriangular)
{
    SolveAttrs s = {.left = left, .upper = upper, .unit = unitriangular};
    return cer_call2(&cer_op_linalg_solve_triangular, a, b, &s);
}

/* ---- determinants ------------------------------------------------------------------------------------------------ */

static bool det_shape(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t;
    if (!cer_is_square(c->op->name, a) || !cer_is_real(c->op->name, a, "lu_cpu")) return false;
    for (int k = 0; k < c->op->n_outputs; k++) cer_form(&c->form[k], a->dtype, a->ndim - 2, a->shape);
    return true;
}

static bool det_kernel(cer_Call *c) /* also of slogdet, whose second output is the logarithm */
{
    const Tensor *a = c->in[0].as.t;
    int64_t n = CER_ROWS(a), mark = cer_context()->pool.length, size = cer_size_of(a->dtype);
    bool logarithm = c->op->n_outputs == 2;
    Decomposed d;
    int *info;
    bool fine = decompose(c->op->name, a, &d, &info);
    for (int64_t i = 0; fine && i < c->out[0]->numel; i++) {
        double product = 1, sum = 0, x;
        for (int64_t k = 0; k < n; k++) {
            cer_convert(&x, torch_float64, cer_matrix_at(d.lu, i) + k * (n + 1) * size, a->dtype, 1);
            product *= logarithm ? (x > 0) - (x < 0) : x;
            if (x != x) product = x;
            if (d.pivot[i * n + k] != k + 1) product = -product;
            sum += a->dtype == torch_float64 ? log(fabs(x)) : (double)logf((float)fabs(x));
        }
        cer_convert(c->out[0]->data + i * size, a->dtype, &product, torch_float64, 1);
        if (logarithm) cer_convert(c->out[1]->data + i * size, a->dtype, &sum, torch_float64, 1);
    }
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static Tensor *in_both(Tensor *v) /* v.unsqueeze(-1).unsqueeze(-1) */
{
    return torch_unsqueeze(torch_unsqueeze(v, -1), -1);
}

static Tensor *scaled_identity(Tensor *v, int64_t n, torch_dtype dtype)
{
    return torch_mul(in_both(v), cer_to(torch_eye(n), dtype));
}

static bool has_zero(const Tensor *t)
{
    for (int64_t i = 0; i < t->numel; i++) {
        double x;
        cer_convert(&x, torch_float64, t->data + i * cer_size_of(t->dtype), t->dtype, 1);
        if (x == 0) return true;
    }
    return false;
}

/* The transposed adjugate by the singular values: det(U) det(V) U diag(products of all others) V^T. Also for singular matrices. */
static Tensor *cofactors(Tensor *a)
{
    Tensor *s, *vh, *u = torch_linalg_svd(a, false, &s, &vh), *products[64];
    int64_t n = CER_COLS(a);
    if (!u || n > 64) return NULL;
    for (int64_t i = 0; i < n; i++) {
        Tensor *p = NULL;
        for (int64_t j = 0; j < n; j++)
            if (j != i) p = p ? torch_mul(p, torch_select(s, -1, j)) : torch_select(s, -1, j);
        products[i] = p ? p : torch_ones_like(torch_select(s, -1, 0));
    }
    Tensor *sign = torch_mul(torch_det(u), torch_det(vh));
    return torch_mul(in_both(sign),
                     torch_matmul(torch_mul(u, torch_unsqueeze(torch_stack_n(products, n, -1), -2)), vh));
}

static void det_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    Tensor *a = cer_saved_tensor(n, 0), *det = cer_saved_output(n, 0);
    if (!a || !det || a->numel == 0) return;
    if (has_zero(det) && CER_COLS(a) <= 64)
        in[0] = torch_mul(in_both(g[0]), cofactors(a));
    else
        in[0] = torch_linalg_solve(cer_mT(a), scaled_identity(torch_mul(g[0], det), CER_COLS(a), a->dtype));
}

const cer_Op cer_op_linalg_det = {.name = "linalg.det",
                                  .grad_name = "LinalgDetBackward0",
                                  .schema = "linalg_det(Tensor A) -> Tensor",
                                  .shape = det_shape,
                                  .kernel = det_kernel,
                                  .vjp = det_vjp,
                                  .saves = {CER_SAVE(0) | CER_SAVE_OUTPUT(0)},
                                  .n_outputs = 1};

static void slogdet_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    Tensor *a = cer_saved_tensor(n, 0);
    if (a && g[1]) in[0] = torch_linalg_solve(cer_mT(a), scaled_identity(g[1], CER_COLS(a), a->dtype));
}

#define SLOGDET(id, text)                                                                                \
    const cer_Op cer_op_##id = {.name = text,                                                            \
                                .grad_name = "LinalgSlogdetBackward0",                                   \
                                .schema = "linalg_slogdet(Tensor A) -> (Tensor sign, Tensor logabsdet)", \
                                .shape = det_shape,                                                      \
                                .kernel = det_kernel,                                                    \
                                .vjp = slogdet_vjp,                                                      \
                                .saves = {CER_SAVE(0)},                                                  \
                                .n_outputs = 2};
SLOGDET(linalg_slogdet, "linalg.slogdet")

Tensor *torch_linalg_det(Tensor *a)
{
    return cer_call1(&cer_op_linalg_det, a, NULL);
}

Tensor *torch_det(Tensor *a)
{
    return torch_linalg_det(a);
}

Tensor *torch_linalg_slogdet(Tensor *a, Tensor **logabsdet)
{
    torch_Scalar in[1] = {torch_scalar_tensor(a)};
    Tensor *second = NULL, *sign = cer_call_two(&cer_op_linalg_slogdet, in, 1, NULL, &second);
    if (logabsdet) *logabsdet = second;
    return sign;
}

Tensor *torch_slogdet(Tensor *a, Tensor **logabsdet)
{
    return torch_linalg_slogdet(a, logabsdet);
}

Tensor *torch_logdet(Tensor *a)
{
    Tensor *logarithm, *sign;
    if (cer_error_pending() || !cer_usable(a, "logdet", 1) || !cer_is_square("logdet", a) ||
        !cer_is_real("logdet", a, "lu_cpu"))
        return NULL;
    sign = torch_linalg_slogdet(a, &logarithm);
    return sign ? torch_where(torch_eq(sign, -1), (double)NAN, logarithm) : NULL;
}
