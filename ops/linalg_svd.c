/* Singular values: A = U diag(S) Vh. */
#include "ops/linalg_internal.h"

typedef struct SvdAttrs {
    bool full, vectors;
} SvdAttrs;

static bool svd_shape(cer_Call *c)
{
    const SvdAttrs *s = c->attrs;
    const Tensor *a = c->in[0].as.t;
    if (!cer_is_matrix("linalg.svd", a, "A") || !cer_is_real("linalg.svd", a, "linalg_svd_cpu")) return false;
    int64_t m = CER_ROWS(a), n = CER_COLS(a), k = m < n ? m : n, last = a->ndim - 1;
    for (int i = 0; i < 3; i++) cer_form(&c->form[i], a->dtype, a->ndim, a->shape);
    c->form[0].shape[last] = s->full ? m : k;
    c->form[1].ndim--;
    c->form[1].shape[last - 1] = k;
    c->form[2].shape[last - 1] = s->full ? n : k;
    cer_form_columns(&c->form[0]);
    cer_form_columns(&c->form[2]);
    c->form[2].shape[last] = n;
    cer_form_columns(&c->form[2]);
    if (!s->vectors)
        for (int i = 0; i < 3; i += 2) cer_form(&c->form[i], a->dtype, 1, (const int64_t[]){0});
    return true;
}

static bool svd_kernel(cer_Call *c)
{
    const SvdAttrs *s = c->attrs;
    const Tensor *a = c->in[0].as.t;
    Tensor *u = c->out[0], *values = c->out[1], *vh = c->out[2];
    int64_t mark = cer_context()->pool.length, m = CER_ROWS(a), n = CER_COLS(a), k = m < n ? m : n;
    int64_t size = cer_size_of(a->dtype);
    char job = !s->vectors ? 'N' : s->full ? 'A' : 'S';
    if (!cer_lapack_at_hand("linalg.svd", a)) return false;
    if (k == 0) {
        cer_set_identity(u);
        cer_set_identity(vh);
        return true;
    }
    Tensor *copy = cer_columns(a, a->ndim, a->shape), *work = cer_workspace(a->dtype, 1);
    int *whole = cer_int_workspace(8 * k), rows = s->vectors ? (int)CER_ROWS(vh) : 1;
    if (!copy || !work || !whole) return false;
    cer_gesdd(a->dtype, job, (int)m, (int)n, copy->data, values->data, u->data, vh->data, rows, work->data, -1, whole);
    int length = cer_asked_length(work);
    if (!(work = cer_workspace(a->dtype, length))) return false;
    bool fine = true;
    for (int64_t i = 0; fine && i < cer_batch(a); i++) {
        int info = cer_gesdd(a->dtype, job, (int)m, (int)n, cer_matrix_at(copy, i), values->data + i * k * size,
                             s->vectors ? cer_matrix_at(u, i) : u->data, s->vectors ? cer_matrix_at(vh, i) : vh->data,
                             rows, work->data, length, whole);
        if (info < 0)
            fine = cer_refuse_matrix("linalg.svd", a, i,
                                     "The algorithm failed to converge because the input matrix contained "
                                     "non-finite values.");
        else if (info > 0)
            fine = cer_refuse_matrix("linalg.svd", a, i,
                                     "The algorithm failed to converge because the input matrix is "
                                     "ill-conditioned or has too many repeated singular values (error code: %d).",
                                     info);
    }
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static Tensor *skew(Tensor *x)
{
    return torch_sub(x, cer_mT(x));
}

/* gA = U [ (skew(U^T gU) / E) S + S (skew(V^T gV) / E) + gS ] V^T, and what gU or gV have beside U's or V's columns. */
static void svd_vjp(cer_Node *node, Tensor *const *g, Tensor **in)
{
    const SvdAttrs *attrs = cer_attrs(node);
    Tensor *u = cer_saved_output(node, 0), *s = cer_saved_output(node, 1), *vh = cer_saved_output(node, 2);
    Tensor *gu = g[0], *gs = g[1], *gvh = g[2], *inner = NULL;
    if (!u || !s || !vh) return;
    int64_t k = s->shape[s->ndim - 1];
    if (attrs->full) { /* the columns beyond k are not determined: nothing comes from them */
        if (gu) gu = torch_narrow(gu, -1, 0, k);
        if (gvh) gvh = torch_narrow(gvh, -2, 0, k);
        u = torch_narrow(u, -1, 0, k);
        vh = torch_narrow(vh, -2, 0, k);
        if (!u || !vh) return;
    }
    int64_t m = CER_ROWS(u), n = CER_COLS(vh);
    Tensor *row = torch_unsqueeze(s, -2), *column = torch_unsqueeze(s, -1);
    Tensor *e = gu || gvh ? cer_differences(torch_mul(s, s)) : NULL;
    if (gu) inner = torch_mul(torch_div(skew(torch_matmul(cer_mT(u), gu)), e), row);
    if (gvh) {
        Tensor *right = torch_mul(column, torch_div(skew(torch_matmul(vh, cer_mT(gvh))), e));
        inner = inner ? torch_add(inner, right) : right;
    }
    if (gs) inner = inner ? torch_add(inner, cer_diag_embed(gs)) : cer_diag_embed(gs);
    if (!inner) return;
    Tensor *ga = torch_matmul(torch_matmul(u, inner), vh);
    if (m > n && gu) {
        Tensor *scaled = torch_div(gu, row);
        Tensor *beside = torch_sub(scaled, torch_matmul(u, torch_matmul(cer_mT(u), scaled)));
        ga = torch_add(ga, torch_matmul(beside, vh));
    } else if (m < n && gvh) {
        Tensor *scaled = torch_div(gvh, column);
        Tensor *beside = torch_sub(scaled, torch_matmul(torch_matmul(scaled, cer_mT(vh)), vh));
        ga = torch_add(ga, torch_matmul(u, beside));
    }
    in[0] = ga;
}

const cer_Op cer_op_linalg_svd = {
    .name = "linalg.svd",
    .grad_name = "LinalgSvdBackward0",
    .schema = "linalg_svd(Tensor A, bool full_matrices=True) -> (Tensor U, Tensor S, Tensor Vh)",
    .shape = svd_shape,
    .kernel = svd_kernel,
    .vjp = svd_vjp,
    .saves = {CER_SAVE_OUTPUT(0) | CER_SAVE_OUTPUT(1) | CER_SAVE_OUTPUT(2)},
    .n_outputs = 3,
    .attrs_bytes = sizeof(SvdAttrs)};

static Tensor *svd(Tensor *a, SvdAttrs attrs, Tensor **s, Tensor **vh)
{
    torch_Scalar in[1] = {torch_scalar_tensor(a)};
    Tensor *out[CER_OUTPUTS] = {NULL};
    bool fine = cer_call_many(&cer_op_linalg_svd, in, 1, &attrs, out);
    if (s) *s = fine ? out[1] : NULL;
    if (vh) *vh = fine ? out[2] : NULL;
    return out[0];
}

Tensor *torch_linalg_svd(Tensor *a, bool full_matrices, Tensor **s, Tensor **vh)
{
    return svd(a, (SvdAttrs){full_matrices, true}, s, vh);
}

Tensor *torch_svd(Tensor *a, bool some, Tensor **s, Tensor **v)
{
    Tensor *vh = NULL, *u = svd(a, (SvdAttrs){!some, true}, s, &vh);
    Tensor *turned = u ? cer_mT(vh) : NULL;
    if (v) *v = turned;
    if (u && !turned && s) *s = NULL;
    return turned ? u : NULL;
}

Tensor *torch_linalg_svdvals(Tensor *a)
{
    Tensor *s = NULL;
    if (cer_error_pending() || !cer_usable(a, "linalg.svd", 1)) return NULL;
    svd(a, (SvdAttrs){false, torch_requires_grad(a) && torch_is_grad_enabled()}, &s, NULL);
    return s;
}
