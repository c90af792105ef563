/* Cholesky: A = L L^T, of which only one triangle is read. */
#include <string.h>

#include "ops/linalg_internal.h"

typedef struct CholeskyAttrs {
    bool upper;
    bool check; /* cholesky_ex: raise as cholesky does */
} CholeskyAttrs;

static bool cholesky_shape(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t;
    const char *op = c->op->n_outputs == 2 ? "linalg.cholesky" : c->op->name;
    if (!cer_is_square(op, a) || !cer_is_real(op, a, "cholesky_cpu")) return false;
    cer_form(&c->form[0], a->dtype, a->ndim, a->shape);
    cer_form_columns(&c->form[0]);
    if (c->op->n_outputs == 2) cer_form(&c->form[1], torch_int32, a->ndim - 2, a->shape);
    return true;
}

static void clear_triangle(char *matrix, int64_t n, size_t size, bool upper) /* in columns: the strict triangle */
{
    for (int64_t j = 0; j < n; j++) {
        int64_t from = upper ? 0 : j + 1, to = upper ? j : n;
        memset(matrix + (size_t)(j * n + from) * size, 0, (size_t)(to - from) * size);
    }
}

static bool cholesky_kernel(cer_Call *c)
{
    const CholeskyAttrs *s = c->attrs;
    const Tensor *a = c->in[0].as.t;
    Tensor *out = c->out[0];
    int64_t n = CER_ROWS(a);
    if (!cer_lapack_at_hand(c->op->name, a)) return false;
    cer_copy_elements(out, a, a->stride);
    for (int64_t i = 0; i < cer_batch(a); i++) {
        int info = n == 0 ? 0 : cer_potrf(a->dtype, s->upper ? 'U' : 'L', (int)n, cer_matrix_at(out, i));
        if (info && s->check)
            return cer_refuse_matrix(
                c->op->name, a, i,
                "The factorization could not be completed because the input is not positive-definite "
                "(the leading minor of order %d is not positive-definite).",
                info);
        if (c->op->n_outputs == 2) ((int *)(void *)c->out[1]->data)[i] = info;
        clear_triangle(cer_matrix_at(out, i), n, (size_t)cer_size_of(a->dtype), !s->upper);
    }
    return true;
}

/* With P = L^T gL and S its lower triangle, mirrored: gA = L^-T S L^-1 / 2. */
static void cholesky_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const CholeskyAttrs *s = cer_attrs(n);
    Tensor *l = cer_saved_output(n, 0), *gl = g[0];
    if (s->upper) l = cer_mT(l), gl = cer_mT(gl);
    Tensor *p = torch_matmul(cer_mT(l), gl);
    Tensor *mirrored = torch_add(cer_triangle(p, false, 0), cer_mT(cer_triangle(p, false, -1)));
    Tensor *half = torch_linalg_solve_triangular(cer_mT(l), mirrored, true, true, false);
    in[0] = torch_mul(torch_linalg_solve_triangular(l, half, false, false, false), 0.5);
}

#define CHOLESKY(id, text, grad, outputs)                      \
    const cer_Op cer_op_##id = {.name = text,                  \
                                .grad_name = grad,             \
                                .shape = cholesky_shape,       \
                                .kernel = cholesky_kernel,     \
                                .vjp = cholesky_vjp,           \
                                .saves = {CER_SAVE_OUTPUT(0)}, \
                                .n_outputs = outputs,          \
                                .indices = 2 * (outputs > 1),  \
                                .attrs_bytes = sizeof(CholeskyAttrs)};
CHOLESKY(linalg_cholesky, "linalg.cholesky", "LinalgCholeskyExBackward0", 1)
CHOLESKY(linalg_cholesky_ex, "linalg.cholesky_ex", "LinalgCholeskyExBackward0", 2)
CHOLESKY(cholesky, "cholesky", "CholeskyBackward0", 1)

Tensor *torch_linalg_cholesky(Tensor *a, bool upper)
{
    return cer_call1(&cer_op_linalg_cholesky, a, &(CholeskyAttrs){upper, true});
}

Tensor *torch_cholesky(Tensor *a, bool upper)
{
    return cer_call1(&cer_op_cholesky, a, &(CholeskyAttrs){upper, true});
}

Tensor *torch_linalg_cholesky_ex(Tensor *a, bool upper, bool check_errors, Tensor **info)
{
    torch_Scalar in[1] = {torch_scalar_tensor(a)};
    CholeskyAttrs s = {upper, check_errors};
    Tensor *second = NULL, *l = cer_call_two(&cer_op_linalg_cholesky_ex, in, 1, &s, &second);
    if (info) *info = second;
    return l;
}
