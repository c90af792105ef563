/* Determinants. */
#include <math.h>

#include "ops/linalg_internal.h"

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
    cer_Lu d;
    int *info;
    bool fine = cer_lu(c->op->name, a, &d, &info);
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
