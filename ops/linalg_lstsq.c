/* Least squares, by LAPACK's gelsy. */
#include <string.h>

#include "ops/linalg_internal.h"

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
    int64_t matrix = s->vector ? b->ndim - 1 : b->ndim - 2, n = matrix, shape[TORCH_MAX_DIM];
    if (b->ndim != a->ndim && b->ndim != a->ndim - 1)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "torch.linalg.lstsq: input.dim() must be greater or equal to other.dim() and (input.dim() - "
                         "other.dim()) <= 1");
    if (CER_ROWS(a) != b->shape[matrix])
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         s->vector ? "torch.linalg.lstsq: input.size(-2) should match other.size(-1)"
                                   : "torch.linalg.lstsq: input.size(-2) should match other.size(-2)");
    int64_t leading = a->ndim - 2;
    memcpy(shape, a->shape, sizeof(int64_t) * (size_t)leading);
    if (!cer_broadcast(op, &leading, shape, n, b->shape)) return false;
    n = leading;
    shape[n++] = CER_COLS(a);
    if (!s->vector) shape[n++] = CER_COLS(b);
    if (!cer_form_checked(&c->form[0], op, a->dtype, n, shape)) return false;
    cer_form(&c->form[1], torch_int64, a->ndim - 2, a->shape);
    return true;
}

static bool lstsq_kernel(cer_Call *c)
{
    const LstsqAttrs *s = c->attrs;
    Tensor *a = c->in[0].as.t, *b = c->in[1].as.t, *out = c->out[0];
    int64_t m = CER_ROWS(a), n = CER_COLS(a), mark = cer_context()->pool.length, rows = m > n ? m : n, i, rank64;
    int64_t columns = s->vector ? 1 : CER_COLS(b), size = cer_size_of(a->dtype), count = 1, room = rows * columns;
    int64_t n_batch = s->vector ? out->ndim - 1 : out->ndim - 2;
    for (int64_t d = 0; d < n_batch; d++) count *= out->shape[d];
    if (!cer_lapack_at_hand("linalg.lstsq", a)) return false;
    memset(out->data, 0, (size_t)(out->numel * size));
    memset(c->out[1]->data, 0, sizeof(int64_t) * (size_t)c->out[1]->numel);
    if (a->numel == 0 || columns == 0) return true;
    bool before = torch_set_grad_enabled(false);
    Tensor *both = s->vector ? torch_unsqueeze(b, -1) : b,
           *x = both ? cer_columns(both, both->ndim, both->shape) : NULL;
    torch_set_grad_enabled(before);
    Tensor *copy = cer_workspace(a->dtype, m * n), *of_a = cer_columns(a, a->ndim, a->shape),
           *work = cer_workspace(a->dtype, 1), *solution = cer_workspace(a->dtype, room);
    int *pivot = cer_int_workspace(n), rank = 0;
    bool fine = x && of_a && copy && work && solution && pivot;
    if (fine) {
        cer_gelsy(a->dtype, (int)m, (int)n, (int)columns, copy->data, solution->data, (int)rows, pivot, s->rcond, &rank,
                  work->data, -1);
        int length = cer_asked_length(work);
        fine = (work = cer_workspace(a->dtype, length)) != NULL;
        for (i = 0; fine && i < count; i++) {
            int64_t i_a = cer_batch_of(a, out, n_batch, i), i_b = cer_batch_of(both, out, n_batch, i);
            memcpy(copy->data, cer_matrix_at(of_a, i_a), (size_t)(m * n * size));
            for (int64_t j = 0; j < columns; j++)
                memcpy(solution->data + j * rows * size, cer_matrix_at(x, i_b) + j * m * size, (size_t)(m * size));
            memset(pivot, 0, sizeof(int) * (size_t)n);
            cer_gelsy(a->dtype, (int)m, (int)n, (int)columns, copy->data, solution->data, (int)rows, pivot, s->rcond,
                      &rank, work->data, length);
            rank64 = rank;
            memcpy(c->out[1]->data + i_a * 8, &rank64, sizeof rank64);
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
        in[0] = cer_pinv_backward(torch_matmul(gx, cer_mT(s->vector ? torch_unsqueeze(b, -1) : b)), pinv, a);
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
        s.rcond = cer_epsilon(a->dtype) * (double)(CER_ROWS(a) > CER_COLS(a) ? CER_ROWS(a) : CER_COLS(a));
        s.vector = a->ndim - 1 == b->ndim;
    }
    torch_Scalar in[2] = {torch_scalar_tensor(a), torch_scalar_tensor(b)};
    solution = cer_call_two(&cer_op_linalg_lstsq, in, 2, &s, &second);
    if (rank) *rank = second;
    return solution;
}
