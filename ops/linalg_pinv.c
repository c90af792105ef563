/* Pseudo-inverses and ranks, by singular values. */
#include <math.h>

#include "ops/linalg_internal.h"

/* Which singular values count: those above max(atol, rtol largest). A bool tensor; rtol NaN: epsilon times the longer side. */
static Tensor *counted(const Tensor *a, Tensor *s, double atol, double rtol)
{
    int64_t m = CER_ROWS(a), n = CER_COLS(a);
    if (isnan(rtol)) rtol = atol > 0 ? 0 : cer_epsilon(a->dtype) * (double)(m > n ? m : n);
    Tensor *largest = torch_narrow(s, -1, 0, 1);
    return torch_gt(s, torch_clamp(torch_mul(largest, rtol), .min = atol));
}

/* ---- pinv -------------------------------------------------------------------------------------------------------- */

typedef struct PinvAttrs {
    double atol, rtol;
    bool hermitian;
} PinvAttrs;

static bool pinv_shape(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t;
    char text[160];
    if (a->ndim < 2 || (a->dtype != torch_float32 && a->dtype != torch_float64))
        return cer_raise(TORCH_RUNTIME_ERROR, "linalg.pinv",
                         "linalg.pinv(%s{%s}): expected a tensor with 2 or more dimensions of float, double, cfloat or "
                         "cdouble types",
                         cer_type_name(a->dtype), cer_shape_text(a->ndim, a->shape, text, sizeof text));
    cer_form(&c->form[0], a->dtype, a->ndim, a->shape);
    c->form[0].shape[a->ndim - 2] = CER_COLS(a);
    c->form[0].shape[a->ndim - 1] = CER_ROWS(a);
    return true;
}

/* V diag(1 / s, or 0) U^T */
static Tensor *pinv_of(Tensor *a, const PinvAttrs *p)
{
    Tensor *s = NULL, *u, *vh = NULL, *v = NULL;
    if (p->hermitian) {
        s = torch_linalg_eigh(a, "L", &u);
        v = u;
    } else {
        u = torch_linalg_svd(a, false, &s, &vh);
        v = cer_mT(vh);
    }
    if (!s || !u || !v) return NULL;
    Tensor *large = p->hermitian ? torch_abs(s) : s, *reference = large;
    if (p->hermitian) { /* eigenvalues are in ascending order: the largest magnitude is at either end */
        int64_t last = s->shape[s->ndim - 1] - 1;
        reference = torch_maximum(torch_narrow(large, -1, 0, 1), torch_narrow(large, -1, last, 1));
        double rtol = isnan(p->rtol) ? cer_epsilon(a->dtype) * (double)CER_ROWS(a) : p->rtol;
        large = torch_gt(large, torch_clamp(torch_mul(reference, rtol), .min = p->atol));
    } else
        large = counted(a, s, p->atol, p->rtol);
    Tensor *inverse = torch_where(large, torch_reciprocal(s), 0.0);
    return torch_matmul(torch_mul(v, torch_unsqueeze(inverse, -2)), cer_mT(u));
}

static bool pinv_kernel(cer_Call *c)
{
    Tensor *a = c->in[0].as.t;
    int64_t mark = cer_context()->pool.length;
    if (a->numel == 0) return true;
    bool before = torch_set_grad_enabled(false);
    Tensor *result = pinv_of(a, c->attrs);
    torch_set_grad_enabled(before);
    if (result) cer_copy_elements(c->out[0], result, result->stride);
    cer_pool_unwind(cer_context(), mark);
    return result != NULL;
}

Tensor *cer_pinv_backward(Tensor *g, Tensor *pinv, Tensor *a)
{
    Tensor *turned = cer_mT(pinv), *gt = cer_mT(g);
    if (!a || !turned || !gt) return NULL;
    if (CER_ROWS(a) <= CER_COLS(a)) {
        Tensor *k = torch_matmul(gt, pinv), *kp = torch_matmul(k, turned);
        Tensor *sum = torch_sub(kp, cer_mT(torch_matmul(pinv, k)));
        sum = torch_sub(sum, torch_matmul(torch_matmul(a, pinv), kp));
        return torch_add(sum, torch_matmul(torch_matmul(turned, pinv), torch_sub(gt, torch_matmul(k, a))));
    }
    Tensor *k = torch_matmul(pinv, gt), *pk = torch_matmul(turned, k);
    Tensor *sum = torch_sub(pk, cer_mT(torch_matmul(k, pinv)));
    sum = torch_add(sum, torch_matmul(torch_matmul(torch_sub(gt, torch_matmul(a, k)), pinv), turned));
    return torch_sub(sum, torch_matmul(torch_matmul(pk, pinv), a));
}

static void pinv_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = cer_pinv_backward(g[0], cer_saved_output(n, 0), cer_saved_tensor(n, 0));
}

const cer_Op cer_op_linalg_pinv = {.name = "linalg.pinv",
                                   .grad_name = "LinalgPinvBackward0",
                                   .shape = pinv_shape,
                                   .kernel = pinv_kernel,
                                   .vjp = pinv_vjp,
                                   .saves = {CER_SAVE(0) | CER_SAVE_OUTPUT(0)},
                                   .n_outputs = 1,
                                   .attrs_bytes = sizeof(PinvAttrs)};

torch_PinvArgs torch_PinvArgs_defaults(void)
{
    return (torch_PinvArgs){.struct_size = sizeof(torch_PinvArgs), .rtol = TORCH_NAN};
}

Tensor *torch_linalg_pinv_args(const torch_PinvArgs *args)
{
    return cer_call1(&cer_op_linalg_pinv, args->self, &(PinvAttrs){args->atol, args->rtol, args->hermitian});
}

/* ---- matrix_rank ------------------------------------------------------------------------------------------------- */

Tensor *torch_linalg_matrix_rank_args(const torch_PinvArgs *args)
{
    Tensor *a = args->self, *s;
    if (cer_error_pending() || !cer_usable(a, "linalg.matrix_rank", 1) || !cer_is_matrix("linalg.matrix_rank", a, "A"))
        return NULL;
    bool before = torch_set_grad_enabled(false);
    s = args->hermitian ? torch_abs(torch_linalg_eigvalsh(a, NULL)) : torch_linalg_svdvals(a);
    Tensor *rank = NULL;
    if (s && a->numel == 0) {
        rank = cer_zeros(torch_int64, a->ndim - 2, a->shape);
    } else if (s) {
        Tensor *large = s;
        if (args->hermitian) {
            int64_t last = s->shape[s->ndim - 1] - 1;
            Tensor *top = torch_maximum(torch_narrow(s, -1, 0, 1), torch_narrow(s, -1, last, 1));
            large = torch_cat(torch_tensors(top, s), -1);
        }
        Tensor *is = counted(a, large, args->atol, args->rtol);
        if (args->hermitian && is) is = torch_narrow(is, -1, 1, s->shape[s->ndim - 1]);
        rank = torch_sum(is, -1);
    }
    torch_set_grad_enabled(before);
    return rank;
}
