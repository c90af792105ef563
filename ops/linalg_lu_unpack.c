/* P, L and U apart: from LU factors and pivots, or from the matrix itself. */
#include <string.h>

#include "ops/linalg_internal.h"

/* P (*, m, m), L (*, m, k), U (*, k, n) of (*, m, n) */
static void unpacked_forms(cer_Call *c, const Tensor *a)
{
    int64_t m = CER_ROWS(a), n = CER_COLS(a), k = m < n ? m : n, last = a->ndim - 1;
    for (int i = 0; i < 3; i++) cer_form(&c->form[i], a->dtype, a->ndim, a->shape);
    c->form[0].shape[last] = m;
    c->form[1].shape[last] = k;
    c->form[2].shape[last - 1] = k;
}

static void set_number(Tensor *t, int64_t at, double value)
{
    cer_convert(t->data + at * cer_size_of(t->dtype), t->dtype, &value, torch_float64, 1);
}

/* A[place[i]] is row i of L U. False: a pivot is no row. */
static bool take_permutation(Tensor *p, int64_t batch, const int *pivots, int64_t k, int *place)
{
    int64_t m = CER_ROWS(p);
    for (int64_t i = 0; i < m; i++) place[i] = (int)i;
    for (int64_t i = 0; i < k; i++) {
        if (pivots[i] < 1 || pivots[i] > m) return false;
        int other = place[pivots[i] - 1];
        place[pivots[i] - 1] = place[i];
        place[i] = other;
    }
    for (int64_t i = 0; i < m; i++) set_number(p, batch * m * m + place[i] * m + i, 1);
    return true;
}

/* From one matrix of LU in columns. */
static void take_factors(Tensor *l, Tensor *u, int64_t batch, const char *lu)
{
    int64_t m = CER_ROWS(l), k = CER_COLS(l), n = CER_COLS(u);
    size_t size = (size_t)cer_size_of(l->dtype);
    for (int64_t i = 0; i < m; i++) {
        char *to = l->data + (size_t)((batch * m + i) * k) * size;
        for (int64_t j = 0; j < k; j++)
            if (j < i)
                memcpy(to + (size_t)j * size, lu + (size_t)(i + j * m) * size, size);
            else if (j > i)
                memset(to + (size_t)j * size, 0, size);
            else
                set_number(l, (batch * m + i) * k + j, 1);
    }
    for (int64_t i = 0; i < k; i++) {
        char *to = u->data + (size_t)((batch * k + i) * n) * size;
        memset(to, 0, (size_t)i * size);
        for (int64_t j = i; j < n; j++) memcpy(to + (size_t)j * size, lu + (size_t)(i + j * m) * size, size);
    }
}

/* ---- lu_unpack --------------------------------------------------------------------------------------------------- */

static bool unpack_shape(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *pivots = c->in[1].as.t;
    const char *op = "torch.lu_unpack";
    if (!cer_lu_operand(op, a, "lu_unpack_cpu")) return false;
    if (pivots->dtype != torch_int32 || !pivots->contiguous)
        return cer_raise(
            TORCH_RUNTIME_ERROR, op,
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\nNote: "
            "this function is intended to be used with the output produced by torch.linalg.lu_factor");
    int64_t k = CER_ROWS(a) < CER_COLS(a) ? CER_ROWS(a) : CER_COLS(a);
    if (pivots->ndim != a->ndim - 1 || !cer_same_sizes(a->ndim - 2, a->shape, pivots->shape) || CER_COLS(pivots) != k)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "torch.lu_unpack: LU_pivots must have LU's batch and %lld pivots each", (long long)k);
    unpacked_forms(c, a);
    return true;
}

static bool unpack_kernel(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t;
    int64_t mark = cer_context()->pool.length, m = CER_ROWS(a), n = CER_COLS(a), k = m < n ? m : n;
    const int *pivots = (const int *)(const void *)c->in[1].as.t->data;
    int *place = cer_int_workspace(m);
    const Tensor *lu = cer_columns(a, a->ndim, a->shape);
    if (!place || !lu) return false;
    memset(c->out[0]->data, 0, (size_t)(c->out[0]->numel * cer_size_of(a->dtype)));
    bool fine = true;
    for (int64_t i = 0; fine && i < cer_batch(a); i++) {
        fine = take_permutation(c->out[0], i, pivots + i * k, k, place) ||
               cer_raise(TORCH_RUNTIME_ERROR, "torch.lu_unpack",
                         "pivots passed to lu_unpack must be between 1 and LU.size(-2) inclusive.Did you properly pass "
                         "the result of lu_factor?");
        if (fine) take_factors(c->out[1], c->out[2], i, cer_matrix_at(lu, i));
    }
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

/* gl or gu, brought to LU's shape by rows or columns of zeros */
static Tensor *widened(Tensor *g, int64_t dim, int64_t size)
{
    int64_t shape[TORCH_MAX_DIM], d = g->ndim + dim;
    if (g->shape[d] == size) return g;
    memcpy(shape, g->shape, sizeof(int64_t) * g->ndim);
    shape[d] = size - g->shape[d];
    Tensor *zeros = cer_zeros(g->dtype, g->ndim, shape);
    return zeros ? torch_cat(torch_tensors(g, zeros), dim) : NULL;
}

static void unpack_vjp(cer_Node *node, Tensor *const *g, Tensor **in)
{
    torch_Size size = cer_input_size(node, 0);
    Tensor *below = NULL, *above = NULL;
    if (g[1] && (below = cer_triangle(g[1], false, -1))) below = widened(below, -1, size.dim[size.ndim - 1]);
    if (g[2] && (above = cer_triangle(g[2], true, 0))) above = widened(above, -2, size.dim[size.ndim - 2]);
    in[0] = below && above ? torch_add(below, above) : below ? below : above;
}

const cer_Op cer_op_lu_unpack = {.name = "lu_unpack",
                                 .grad_name = "LuUnpackBackward0",
                                 .schema =
                                     "lu_unpack(Tensor LU_data, Tensor LU_pivots) -> (Tensor P, Tensor L, Tensor U)",
                                 .shape = unpack_shape,
                                 .kernel = unpack_kernel,
                                 .vjp = unpack_vjp,
                                 .n_outputs = 3,
                                 .indices = 1};

static Tensor *three(const cer_Op *op, Tensor *a, Tensor *pivots, Tensor **l, Tensor **u)
{
    torch_Scalar in[2] = {torch_scalar_tensor(a), torch_scalar_tensor(pivots)};
    Tensor *out[CER_OUTPUTS] = {NULL};
    cer_call_many(op, in, op == &cer_op_lu_unpack ? 2 : 1, NULL, out);
    if (l) *l = out[1];
    if (u) *u = out[2];
    return out[0];
}

Tensor *torch_lu_unpack(Tensor *lu, Tensor *pivots, Tensor **l, Tensor **u)
{
    return three(&cer_op_lu_unpack, lu, pivots, l, u);
}

/* ---- linalg.lu --------------------------------------------------------------------------------------------------- */

static bool lu_shape(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t;
    if (!cer_lu_operand("linalg.lu", a, "lu_cpu")) return false;
    unpacked_forms(c, a);
    return true;
}

static bool lu_kernel(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t;
    int64_t mark = cer_context()->pool.length, m = CER_ROWS(a), n = CER_COLS(a), k = m < n ? m : n;
    if (!cer_lapack_at_hand("linalg.lu", a)) return false;
    Tensor *lu = cer_columns(a, a->ndim, a->shape);
    int *pivots = cer_int_workspace(k), *place = cer_int_workspace(m);
    if (!lu || !pivots || !place) return false;
    memset(c->out[0]->data, 0, (size_t)(c->out[0]->numel * cer_size_of(a->dtype)));
    for (int64_t i = 0; i < cer_batch(a); i++) {
        if (k) cer_getrf(a->dtype, (int)m, (int)n, cer_matrix_at(lu, i), pivots);
        take_permutation(c->out[0], i, pivots, k, place);
        take_factors(c->out[1], c->out[2], i, cer_matrix_at(lu, i));
    }
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void lu_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = cer_lu_backward(g[1], g[2], cer_saved_output(n, 0), cer_saved_output(n, 1), cer_saved_output(n, 2));
}

const cer_Op cer_op_linalg_lu = {.name = "linalg.lu",
                                 .grad_name = "LinalgLuBackward0",
                                 .schema = "linalg_lu(Tensor A) -> (Tensor P, Tensor L, Tensor U)",
                                 .shape = lu_shape,
                                 .kernel = lu_kernel,
                                 .vjp = lu_vjp,
                                 .saves = {CER_SAVE_OUTPUT(0) | CER_SAVE_OUTPUT(1) | CER_SAVE_OUTPUT(2)},
                                 .n_outputs = 3,
                                 .indices = 1};

Tensor *torch_linalg_lu(Tensor *a, Tensor **l, Tensor **u)
{
    return three(&cer_op_linalg_lu, a, NULL, l, u);
}
