/* What is made of the decompositions: pinv, lstsq, matrix_rank, matrix_power. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "ops/linalg_internal.h"

static double epsilon(const Tensor *a)
{
    return a->dtype == torch_float64 ? DBL_EPSILON : FLT_EPSILON;
}

/* Which singular values count: those above max(atol, rtol largest). A bool tensor; rtol NaN: epsilon times the longer side. */
static Tensor *counted(const Tensor *a, Tensor *s, double atol, double rtol)
{
    int64_t m = CER_ROWS(a), n = CER_COLS(a);
    if (isnan(rtol)) rtol = atol > 0 ? 0 : epsilon(a) * (double)(m > n ? m : n);
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
        double rtol = isnan(p->rtol) ? epsilon(a) * (double)CER_ROWS(a) : p->rtol;
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

/* Golub and Pereyra's formula, its smaller products first. */
static Tensor *pinv_backward(Tensor *g, Tensor *pinv, Tensor *a)
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
    in[0] = pinv_backward(g[0], cer_saved_output(n, 0), cer_saved_tensor(n, 0));
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

/* ---- lstsq: gelsy -------------------------------------------------------------------------------------------------- */

typedef struct LstsqAttrs {
    double rcond;
    bool vector;
} LstsqAttrs;

static bool lstsq_shape(cer_Call *c)
{
    const LstsqAttrs *s = c->attrs;
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    const char *op = "linalg.lstsq";
    if (a->ndim < 2)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "torch.linalg.lstsq: input must have at least 2 dimensions.");
    if (b->ndim < 1)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "torch.linalg.lstsq: other must have at least 1 dimension.");
    if (a->dtype != b->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "torch.linalg.lstsq: Expected input and other to have the same dtype, but got "
                         "input's dtype %s and other's dtype %s",
                         cer_type_name(a->dtype), cer_type_name(b->dtype));
    if (!cer_is_real(op, a, NULL)) return false;
    int64_t matrix = s->vector ? b->ndim - 1 : b->ndim - 2;
    if (b->ndim < a->ndim - 1 || matrix < 0 || CER_ROWS(a) != b->shape[matrix])
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         s->vector ? "torch.linalg.lstsq: input.size(-2) should match other.size(-1)"
                                   : "torch.linalg.lstsq: input.size(-2) should match other.size(-2)");
    if (matrix != a->ndim - 2 || !cer_same_sizes(matrix, a->shape, b->shape))
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "torch.linalg.lstsq: batches of input and other must be of the same sizes");
    cer_form(&c->form[0], a->dtype, b->ndim, b->shape);
    c->form[0].shape[matrix] = CER_COLS(a);
    cer_form(&c->form[1], torch_int64, a->ndim - 2, a->shape);
    return true;
}

static bool lstsq_kernel(cer_Call *c)
{
    const LstsqAttrs *s = c->attrs;
    Tensor *a = c->in[0].as.t, *b = c->in[1].as.t, *out = c->out[0];
    int64_t m = CER_ROWS(a), n = CER_COLS(a), mark = cer_context()->pool.length, rows = m > n ? m : n, i, rank64;
    int64_t columns = s->vector ? 1 : CER_COLS(b), size = cer_size_of(a->dtype), count = cer_batch(a),
            room = rows * columns;
    if (!cer_lapack_at_hand("linalg.lstsq", a)) return false;
    memset(out->data, 0, (size_t)(out->numel * size));
    memset(c->out[1]->data, 0, sizeof(int64_t) * (size_t)c->out[1]->numel);
    if (a->numel == 0 || columns == 0) return true;
    bool before = torch_set_grad_enabled(false);
    Tensor *both = s->vector ? torch_unsqueeze(b, -1) : b,
           *x = both ? cer_columns(both, both->ndim, both->shape) : NULL;
    torch_set_grad_enabled(before);
    Tensor *copy = cer_columns(a, a->ndim, a->shape), *work = cer_workspace(a->dtype, 1),
           *solution = cer_workspace(a->dtype, room);
    int *pivot = cer_int_workspace(n), rank = 0;
    bool fine = x && copy && work && solution && pivot;
    if (fine) {
        cer_gelsy(a->dtype, (int)m, (int)n, (int)columns, copy->data, solution->data, (int)rows, pivot, s->rcond, &rank,
                  work->data, -1);
        int length = cer_asked_length(work);
        fine = (work = cer_workspace(a->dtype, length)) != NULL;
        for (i = 0; fine && i < count; i++) {
            for (int64_t j = 0; j < columns; j++)
                memcpy(solution->data + j * rows * size, x->data + (i * columns + j) * m * size, (size_t)(m * size));
            memset(pivot, 0, sizeof(int) * (size_t)n);
            cer_gelsy(a->dtype, (int)m, (int)n, (int)columns, cer_matrix_at(copy, i), solution->data, (int)rows, pivot,
                      s->rcond, &rank, work->data, length);
            rank64 = rank;
            memcpy(c->out[1]->data + i * 8, &rank64, sizeof rank64);
            for (int64_t j = 0; j < columns; j++)
                for (int64_t k = 0; k < n; k++)
                    memcpy(out->data + ((i * n + k) * columns + j) * size, solution->data + (j * rows + k) * size,
                           (size_t)size);
        }
    }
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static void lstsq_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const LstsqAttrs *s = cer_attrs(n);
    Tensor *a = cer_saved_tensor(n, 0), *b = cer_saved_tensor(n, 1), *pinv = torch_linalg_pinv(a);
    Tensor *gx = s->vector ? torch_unsqueeze(g[0], -1) : g[0];
    if (cer_needs(n, 1)) {
        Tensor *gb = torch_matmul(cer_mT(pinv), gx);
        in[1] = s->vector ? torch_squeeze_dim(gb, -1) : gb;
    }
    if (cer_needs(n, 0))
        in[0] = pinv_backward(torch_matmul(gx, cer_mT(s->vector ? torch_unsqueeze(b, -1) : b)), pinv, a);
}

const cer_Op cer_op_linalg_lstsq = {.name = "linalg.lstsq",
                                    .grad_name = "LinalgLstsqBackward0",
                                    .shape = lstsq_shape,
                                    .kernel = lstsq_kernel,
                                    .vjp = lstsq_vjp,
                                    .saves = {CER_SAVE(0) | CER_SAVE(1), CER_SAVE(0) | CER_SAVE(1)},
                                    .n_outputs = 2,
                                    .indices = 2,
                                    .attrs_bytes = sizeof(LstsqAttrs)};

Tensor *torch_linalg_lstsq(Tensor *a, Tensor *b, Tensor **rank)
{
    LstsqAttrs s = {.rcond = 0};
    Tensor *second = NULL, *solution;
    if (rank) *rank = NULL;
    if (cer_error_pending() || !cer_usable(a, "linalg.lstsq", 1) || !cer_usable(b, "linalg.lstsq", 2)) return NULL;
    if (a->ndim >= 2) {
        s.rcond = epsilon(a) * (double)(CER_ROWS(a) > CER_COLS(a) ? CER_ROWS(a) : CER_COLS(a));
        s.vector = a->ndim - 1 == b->ndim && cer_same_sizes(b->ndim, a->shape, b->shape);
    }
    torch_Scalar in[2] = {torch_scalar_tensor(a), torch_scalar_tensor(b)};
    solution = cer_call_two(&cer_op_linalg_lstsq, in, 2, &s, &second);
    if (rank) *rank = second;
    return solution;
}

/* ---- matrix_power: by squaring ----------------------------------------------------------------------------------- */

Tensor *torch_matrix_power(Tensor *a, int64_t exponent)
{
    if (cer_error_pending() || !cer_usable(a, "linalg.matrix_power", 1) || !cer_is_square("linalg.matrix_power", a))
        return NULL;
    if (exponent == 0) {
        Tensor *copy = cer_call1(&cer_op_clone, a, &(cer_CloneAttrs){.contiguous = true});
        return copy ? torch_copy_(copy, cer_to(torch_eye(a->shape[a->ndim - 1]), a->dtype)) : NULL;
    }
    if (exponent == 1) return cer_call1(&cer_op_clone, a, &(cer_CloneAttrs){.contiguous = true});
    if (exponent < 0 && !(a = torch_linalg_inv(a))) return NULL;
    uint64_t n = exponent < 0 ? 0 - (uint64_t)exponent : (uint64_t)exponent;
    if (n == 1) return a;
    if (n == 2) return torch_matmul(a, a);
    if (n == 3) return torch_matmul(torch_matmul(a, a), a);
    Tensor *square = NULL, *result = NULL;
    for (; n > 0; n /= 2) {
        square = square ? torch_matmul(square, square) : a;
        if (!square) return NULL;
        if (n % 2 && !(result = result ? torch_matmul(result, square) : square)) return NULL;
    }
    return result;
}

Tensor *torch_linalg_matrix_power(Tensor *a, int64_t exponent)
{
    return torch_matrix_power(a, exponent);
}
