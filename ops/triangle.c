/* Triangles of matrices: tril and triu, in place too, and the indices of their elements. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

/* ---- tril, triu -------------------------------------------------------------------------------------------------- */

typedef struct TriangleAttrs {
    int64_t diagonal;
} TriangleAttrs;

static bool triangle_shape(cer_Call *c)
{
    const Tensor *t = c->in[0].as.t;
    if (t->ndim == 0)
        return cer_raise(TORCH_INDEX_ERROR, c->op->name, "Dimension specified as -2 but tensor has no dimensions");
    if (t->ndim == 1)
        return cer_raise(TORCH_INDEX_ERROR, c->op->name,
                         "Dimension out of range (expected to be in range of [-1, 0], but got -2)");
    cer_form(&c->form[0], t->dtype, t->ndim, t->shape);
    return true;
}

typedef struct Rows {                               /* of one matrix */
    int64_t to_stride, from_stride, columns, first; /* first: the diagonal's column in row 0 */
    bool upper;
    cer_Loop copy, fill;
    int64_t size;
} Rows;

static void one_row(const Rows *r, int64_t row, char *to, char *from)
{
    static const char zero[8];
    int64_t middle = row + r->first + (r->upper ? 0 : 1); /* the triangle's edge: kept before it or from it on */
    middle = middle < 0 ? 0 : middle > r->columns ? r->columns : middle;
    int64_t kept = r->upper ? middle : 0, n_kept = r->upper ? r->columns - middle : middle;
    int64_t lost = r->upper ? 0 : middle, n_lost = r->columns - n_kept;
    char *blank[1] = {to + lost * r->to_stride};
    r->fill(n_lost, blank, &r->to_stride, zero);
    if (from == to) return;
    char *data[2] = {to + kept * r->to_stride, from + kept * r->from_stride};
    r->copy(n_kept, data, (int64_t[]){r->to_stride, r->from_stride}, NULL);
}

static bool triangle(Tensor *out, const Tensor *t, int64_t diagonal, bool upper)
{
    int64_t n = t->ndim, rows = t->shape[n - 2], columns = t->shape[n - 1], size = cer_size_of(t->dtype);
    int64_t index[TORCH_MAX_DIM] = {0}, d;
    if (t->numel == 0) return true;
    if (diagonal > columns) diagonal = columns;
    if (diagonal < -rows) diagonal = -rows;
    Rows r = {out->stride[n - 1] * size,
              t->stride[n - 1] * size,
              columns,
              diagonal,
              upper,
              cer_kernels()->cast[t->dtype][t->dtype],
              cer_kernels()->fill[t->dtype],
              size};
    char *to = out->data, *from = t->data;
    do {
        for (int64_t i = 0; i < rows; i++)
            one_row(&r, i, to + i * out->stride[n - 2] * size, from + i * t->stride[n - 2] * size);
        for (d = n - 3; d >= 0; d--) {
            to += out->stride[d] * size;
            from += t->stride[d] * size;
            if (++index[d] < t->shape[d]) break;
            to -= out->stride[d] * t->shape[d] * size;
            from -= t->stride[d] * t->shape[d] * size;
            index[d] = 0;
        }
    } while (d >= 0);
    return true;
}

static bool tril_kernel(cer_Call *c)
{
    return triangle(c->out[0], c->in[0].as.t, ((const TriangleAttrs *)c->attrs)->diagonal, false);
}

static bool triu_kernel(cer_Call *c)
{
    return triangle(c->out[0], c->in[0].as.t, ((const TriangleAttrs *)c->attrs)->diagonal, true);
}

static void tril_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = torch_tril(g[0], ((const TriangleAttrs *)cer_attrs(n))->diagonal);
}

static void triu_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = torch_triu(g[0], ((const TriangleAttrs *)cer_attrs(n))->diagonal);
}

#define TRIANGLE(id, grad, kernel_, vjp_, flags_)        \
    const cer_Op cer_op_##id = {.name = #id,             \
                                .grad_name = grad,       \
                                .shape = triangle_shape, \
                                .kernel = kernel_,       \
                                .vjp = vjp_,             \
                                .n_outputs = 1,          \
                                .flags = flags_,         \
                                .attrs_bytes = sizeof(TriangleAttrs)};
TRIANGLE(tril, "TrilBackward0", tril_kernel, tril_vjp, 0)
TRIANGLE(triu, "TriuBackward0", triu_kernel, triu_vjp, 0)
TRIANGLE(tril_, "TrilBackward0", tril_kernel, tril_vjp, CER_INPLACE)
TRIANGLE(triu_, "TriuBackward0", triu_kernel, triu_vjp, CER_INPLACE)

Tensor *torch_tril(Tensor *x, int64_t diagonal)
{
    return cer_call1(&cer_op_tril, x, &(TriangleAttrs){diagonal});
}

Tensor *torch_triu(Tensor *x, int64_t diagonal)
{
    return cer_call1(&cer_op_triu, x, &(TriangleAttrs){diagonal});
}

Tensor *torch_tril_(Tensor *x, int64_t diagonal)
{
    return cer_call1(&cer_op_tril_, x, &(TriangleAttrs){diagonal});
}

Tensor *torch_triu_(Tensor *x, int64_t diagonal)
{
    return cer_call1(&cer_op_triu_, x, &(TriangleAttrs){diagonal});
}

/* ---- indices ----------------------------------------------------------------------------------------------------- */

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

/* Row i of the lower triangle has i + diagonal + 1 elements, 0 at least and `columns` at most. */
typedef struct Lower {
    int64_t empty, growing, full; /* how many rows of each kind, in this order */
    int64_t elements;
} Lower;

static Lower lower_triangle(int64_t rows, int64_t columns, int64_t diagonal)
{
    Lower l = {.empty = clamp(-diagonal, 0, rows)};
    l.growing = clamp(columns - diagonal - 1, l.empty, rows) - l.empty;
    l.full = rows - l.empty - l.growing;
    int64_t first = l.empty + diagonal + 1;
    l.elements = (l.growing ? l.growing * first + l.growing * (l.growing - 1) / 2 : 0) + l.full * columns;
    return l;
}

static Tensor *triangle_indices(const char *op, int64_t rows, int64_t columns, int64_t diagonal, torch_dtype dtype,
                                bool upper)
{
    int64_t all;
    if (cer_error_pending()) return NULL;
    if (!dtype) dtype = torch_int64;
    if (rows < 0) return cer_raise(TORCH_RUNTIME_ERROR, op, "row must be non-negative, got%lld", (long long)rows), NULL;
    if (columns < 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "col must be non-negative, got%lld", (long long)columns), NULL;
    if (dtype != torch_int64 && dtype != torch_int32)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "\"%s\" not implemented for '%s'", op,
                         dtype == torch_float32 ? "Float" : torch_dtype_str(dtype)),
               NULL;
    if (!cer_numel_of(op, 2, (int64_t[]){rows, columns}, 2 * sizeof(int64_t), &all)) return NULL;
    diagonal = clamp(diagonal, -rows - 1, columns + 1);
    Lower l = {0};
    if (rows && columns) l = lower_triangle(rows, columns, upper ? diagonal - 1 : diagonal);
    int64_t n = upper ? all - l.elements : l.elements, k = 0;
    Tensor *t = cer_empty(torch_int64, 2, (int64_t[]){2, n});
    int64_t *row_of = t ? (int64_t *)(void *)t->data : NULL;
    for (int64_t i = upper ? 0 : l.empty; t && k < n; i++) {
        int64_t edge = clamp(i + diagonal + (upper ? 0 : 1), 0, columns);
        for (int64_t j = upper ? edge : 0; j < (upper ? columns : edge); j++, k++) row_of[k] = i, row_of[n + k] = j;
    }
    return t ? cer_to(t, dtype) : NULL;
}

Tensor *torch_tril_indices(int64_t row, int64_t col, int64_t offset, torch_dtype dtype)
{
    return triangle_indices("tril_indices", row, col, offset, dtype, false);
}

Tensor *torch_triu_indices(int64_t row, int64_t col, int64_t offset, torch_dtype dtype)
{
    return triangle_indices("triu_indices", row, col, offset, dtype, true);
}
