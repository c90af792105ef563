/* QR: A = Q R. */
#include <string.h>

#include "ops/linalg_internal.h"

typedef enum QrMode { QR_REDUCED, QR_COMPLETE, QR_R } QrMode;
typedef struct QrAttrs {
    int32_t mode;
} QrAttrs;

static bool qr_shape(cer_Call *c)
{
    const QrAttrs *s = c->attrs;
    const Tensor *a = c->in[0].as.t;
    if (!cer_is_matrix("linalg.qr", a, "A") || !cer_is_real("linalg.qr", a, NULL)) return false;
    int64_t m = CER_ROWS(a), n = CER_COLS(a), k = m < n ? m : n, last = a->ndim - 1,
            inner = s->mode == QR_COMPLETE ? m : k;
    cer_form(&c->form[0], a->dtype, a->ndim, a->shape);
    cer_form(&c->form[1], a->dtype, a->ndim, a->shape);
    c->form[0].shape[last] = inner;
    c->form[1].shape[last - 1] = inner;
    cer_form_columns(&c->form[0]);
    cer_form_columns(&c->form[1]);
    if (s->mode == QR_R) cer_form(&c->form[0], a->dtype, 1, (const int64_t[]){0});
    return true;
}

/* The first `rows` rows of Householder's result, without what lies below the diagonal. */
static void take_r(Tensor *r, const Tensor *h, int64_t batch)
{
    size_t size = (size_t)cer_size_of(r->dtype);
    int64_t rows = CER_ROWS(r);
    for (int64_t j = 0; j < CER_COLS(r); j++) {
        int64_t kept = j + 1 < rows ? j + 1 : rows;
        char *to = cer_matrix_at(r, batch) + (size_t)(j * rows) * size;
        memcpy(to, cer_matrix_at(h, batch) + (size_t)(j * CER_ROWS(h)) * size, (size_t)kept * size);
        memset(to + (size_t)kept * size, 0, (size_t)(rows - kept) * size);
    }
}

static bool qr_kernel(cer_Call *c)
{
    const QrAttrs *s = c->attrs;
    const Tensor *a = c->in[0].as.t;
    Tensor *q = c->out[0], *r = c->out[1];
    int64_t mark = cer_context()->pool.length, m = CER_ROWS(a), n = CER_COLS(a), k = m < n ? m : n;
    int64_t columns = s->mode == QR_R ? 0 : CER_COLS(q);
    if (!cer_lapack_at_hand("linalg.qr", a)) return false;
    if (k == 0) {
        if (s->mode != QR_R) cer_set_identity(q); /* of A without columns or rows */
        return true;
    }
    Tensor *h = cer_columns(a, a->ndim, a->shape), *tau = cer_workspace(a->dtype, k),
           *work = cer_workspace(a->dtype, 1);
    if (!h || !tau || !work) return false;
    cer_geqrf(a->dtype, (int)m, (int)n, h->data, tau->data, work->data, -1);
    int length = cer_asked_length(work);
    if (columns) {
        cer_orgqr(a->dtype, (int)m, (int)columns, (int)k, q->data, tau->data, work->data, -1);
        if (cer_asked_length(work) > length) length = cer_asked_length(work);
    }
    if (!(work = cer_workspace(a->dtype, length))) return false;
    for (int64_t i = 0; i < cer_batch(a); i++) {
        cer_geqrf(a->dtype, (int)m, (int)n, cer_matrix_at(h, i), tau->data, work->data, length);
        take_r(r, h, i);
        if (!columns) continue;
        int64_t copied = columns < n ? columns : n;
        memcpy(cer_matrix_at(q, i), cer_matrix_at(h, i), (size_t)(m * copied * cer_size_of(a->dtype)));
        cer_orgqr(a->dtype, (int)m, (int)columns, (int)k, cer_matrix_at(q, i), tau->data, work->data, length);
    }
    cer_pool_unwind(cer_context(), mark);
    return true;
}

/* X + X^T with the diagonal of X */
static Tensor *mirrored(Tensor *x)
{
    return torch_add(x, cer_mT(cer_off_diagonal(x)));
}

static void qr_vjp(cer_Node *node, Tensor *const *g, Tensor **in)
{
    const QrAttrs *s = cer_attrs(node);
    Tensor *q = cer_saved_output(node, 0), *r = cer_saved_output(node, 1), *ga = NULL;
    if (!q || !r) return;
    if (s->mode == QR_R) {
        cer_raise(TORCH_RUNTIME_ERROR, "linalg.qr",
                  "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use "
                  "linalg.qr(A, mode='reduced') if you are going to require gradients through linalg.qr.");
        return;
    }
    int64_t m = CER_ROWS(q), n = CER_COLS(r);
    if (s->mode == QR_COMPLETE && m > n) {
        cer_raise(TORCH_RUNTIME_ERROR, "linalg.qr",
                  "The QR decomposition is not differentiable when mode='complete' and nrows > ncols.");
        return;
    }
    if (g[1]) ga = torch_matmul(g[1], cer_mT(r));
    if (g[0]) {
        Tensor *qg = torch_matmul(cer_mT(q), g[0]);
        ga = ga ? torch_sub(ga, qg) : torch_neg(qg);
    }
    if (!ga) return;
    if (m >= n) {
        ga = torch_matmul(q, mirrored(cer_triangle(ga, true, 0)));
        if (g[0]) ga = torch_add(ga, g[0]);
        in[0] = torch_linalg_solve_triangular(cer_mT(r), ga, false, false, false);
        return;
    }
    /* wide: R = [R1 R2], and only R1 takes part in the rotation */
    ga = cer_triangle(torch_sub(cer_mT(ga), ga), false, -1);
    ga = torch_linalg_solve_triangular(cer_mT(torch_narrow(r, -1, 0, m)), ga, false, false, false);
    if (!ga) return;
    int64_t size[TORCH_MAX_DIM];
    memcpy(size, r->shape, sizeof(int64_t) * r->ndim);
    size[r->ndim - 1] = n - m;
    ga = torch_cat(torch_tensors(ga, cer_zeros(r->dtype, r->ndim, size)), -1);
    if (g[1]) ga = torch_add(ga, g[1]);
    in[0] = torch_matmul(q, ga);
}

const cer_Op cer_op_linalg_qr = {.name = "linalg.qr",
                                 .grad_name = "LinalgQrBackward0",
                                 .schema = "linalg_qr(Tensor A, str mode='reduced') -> (Tensor Q, Tensor R)",
                                 .shape = qr_shape,
                                 .kernel = qr_kernel,
                                 .vjp = qr_vjp,
                                 .saves = {CER_SAVE_OUTPUT(0) | CER_SAVE_OUTPUT(1)},
                                 .n_outputs = 2,
                                 .attrs_bytes = sizeof(QrAttrs)};

static Tensor *qr(Tensor *a, QrMode mode, Tensor **r)
{
    torch_Scalar in[1] = {torch_scalar_tensor(a)};
    Tensor *second = NULL, *q = cer_call_two(&cer_op_linalg_qr, in, 1, &(QrAttrs){mode}, &second);
    if (r) *r = second;
    return q;
}

Tensor *torch_linalg_qr(Tensor *a, const char *mode, Tensor **r)
{
    static const char *const names[] = {"reduced", "complete", "r"};
    if (r) *r = NULL;
    if (cer_error_pending()) return NULL;
    for (int i = 0; i < 3; i++)
        if (!mode || strcmp(mode, names[i]) == 0) return qr(a, (QrMode)i, r);
    cer_raise(TORCH_RUNTIME_ERROR, "linalg.qr",
              "qr received unrecognized mode '%.100s' but expected one of 'reduced' (default), 'r', or 'complete'",
              mode);
    return NULL;
}

Tensor *torch_qr(Tensor *a, bool some, Tensor **r)
{
    return qr(a, some ? QR_REDUCED : QR_COMPLETE, r);
}
