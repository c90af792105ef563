/* Eigenvalues of symmetric matrices: A = V diag(L) V^T, of which one triangle is read. */
#include "ops/linalg_internal.h"

typedef struct EighAttrs {
    bool upper, vectors;
} EighAttrs;

static bool eigh_shape(cer_Call *c)
{
    const EighAttrs *s = c->attrs;
    const Tensor *a = c->in[0].as.t;
    if (!cer_is_square("linalg.eigh", a) || !cer_is_real("linalg.eigh", a, cer_eigh_kernel)) return false;
    cer_form(&c->form[0], a->dtype, a->ndim - 1, a->shape);
    cer_form(&c->form[1], a->dtype, a->ndim, a->shape);
    cer_form_columns(&c->form[1]);
    if (!s->vectors) cer_form(&c->form[1], a->dtype, 1, (const int64_t[]){0});
    return true;
}

static bool eigh_kernel(cer_Call *c)
{
    const EighAttrs *s = c->attrs;
    const Tensor *a = c->in[0].as.t;
    Tensor *values = c->out[0], *vectors = c->out[1];
    int64_t mark = cer_context()->pool.length, n = CER_ROWS(a), size = cer_size_of(a->dtype);
    char job = s->vectors ? 'V' : 'N', triangle = s->upper ? 'U' : 'L';
    if (!cer_lapack_at_hand("linalg.eigh", a)) return false;
    if (a->numel == 0) return true;
    if (s->vectors)
        cer_copy_elements(vectors, a, a->stride);
    else if (!(vectors = cer_columns(a, a->ndim, a->shape)))
        return false;
    Tensor *work = cer_workspace(a->dtype, 1);
    int asked = 1, *whole = &asked;
    if (!work) return false;
    cer_syevd(a->dtype, job, triangle, (int)n, vectors->data, values->data, work->data, -1, whole, -1);
    int length = cer_asked_length(work), whole_length = asked > 1 ? asked : 1;
    work = cer_workspace(a->dtype, length);
    whole = cer_int_workspace(whole_length);
    bool fine = work && whole;
    for (int64_t i = 0; fine && i < cer_batch(a); i++) {
        int info = cer_syevd(a->dtype, job, triangle, (int)n, cer_matrix_at(vectors, i), values->data + i * n * size,
                             work->data, length, whole, whole_length);
        if (info)
            fine = cer_refuse_matrix("linalg.eigh", a, i,
                                     "The algorithm failed to converge because the input matrix is "
                                     "ill-conditioned or has too many repeated eigenvalues (error code: %d).",
                                     info);
    }
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

/* gA = V [ (V^T gV) / E + gL ] V^T */
static void eigh_vjp(cer_Node *node, Tensor *const *g, Tensor **in)
{
    Tensor *values = cer_saved_output(node, 0), *v = cer_saved_output(node, 1), *inner = NULL;
    if (!values || !v) return;
    if (!g[1]) {
        if (g[0]) in[0] = torch_matmul(torch_mul(v, torch_unsqueeze(g[0], -2)), cer_mT(v));
        return;
    }
    inner = cer_off_diagonal(torch_div(torch_matmul(cer_mT(v), g[1]), cer_differences(values)));
    if (g[0]) inner = torch_add(inner, cer_diag_embed(g[0]));
    in[0] = torch_matmul(v, torch_matmul(inner, cer_mT(v)));
}

const cer_Op cer_op_linalg_eigh = {
    .name = "linalg.eigh",
    .grad_name = "LinalgEighBackward0",
    .schema = "linalg_eigh(Tensor self, str UPLO='L') -> (Tensor eigenvalues, Tensor eigenvectors)",
    .shape = eigh_shape,
    .kernel = eigh_kernel,
    .vjp = eigh_vjp,
    .saves = {CER_SAVE_OUTPUT(0) | CER_SAVE_OUTPUT(1)},
    .n_outputs = 2,
    .attrs_bytes = sizeof(EighAttrs)};

static Tensor *eigh(Tensor *a, const char *uplo, bool only_values, Tensor **vectors)
{
    Tensor *second = NULL;
    EighAttrs s = {.vectors = true};
    if (vectors) *vectors = NULL;
    if (cer_error_pending() || !cer_usable(a, "linalg.eigh", 1)) return NULL;
    if (uplo) {
        char c = uplo[0];
        s.upper = c == 'U' || c == 'u';
        if (!s.upper && c != 'L' && c != 'l')
            return cer_raise(TORCH_RUNTIME_ERROR, "linalg.eigh",
                             "Expected UPLO argument to be 'L' or 'U', but got %.100s", uplo),
                   NULL;
    }
    if (only_values) s.vectors = torch_requires_grad(a) && torch_is_grad_enabled();
    torch_Scalar in[1] = {torch_scalar_tensor(a)};
    Tensor *values = cer_call_two(&cer_op_linalg_eigh, in, 1, &s, &second);
    if (vectors) *vectors = second;
    return values;
}

Tensor *torch_linalg_eigh(Tensor *a, const char *uplo, Tensor **eigenvectors)
{
    return eigh(a, uplo, false, eigenvectors);
}

Tensor *torch_linalg_eigvalsh(Tensor *a, const char *uplo)
{
    return eigh(a, uplo, true, NULL);
}
