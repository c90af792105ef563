/* Diagonals: as views, taken out, and put into a matrix of zeros. */
#include <string.h>

#include "ops/ops_internal.h"
#include "ops/strided.h"

/* ---- diagonal ---------------------------------------------------------------------------------------------------- */

typedef struct DiagonalAttrs {
    int64_t offset, dim1, dim2;
} DiagonalAttrs;

static cer_Layout diagonal_of(cer_Layout l, const DiagonalAttrs *a)
{
    int64_t rows = l.size.dim[a->dim1], columns = l.size.dim[a->dim2], n;
    int64_t steps[2] = {l.stride[a->dim1], l.stride[a->dim2]};
    if (a->offset >= 0)
        n = columns - a->offset < rows ? columns - a->offset : rows;
    else
        n = rows + a->offset < columns ? rows + a->offset : columns;
    if (n > 0) l.offset += a->offset >= 0 ? a->offset * steps[1] : -a->offset * steps[0];
    int64_t k = 0;
    for (int64_t d = 0; d < l.size.ndim; d++) {
        if (d == a->dim1 || d == a->dim2) continue;
        l.size.dim[k] = l.size.dim[d];
        l.stride[k++] = l.stride[d];
    }
    l.size.dim[k] = n > 0 ? n : 0;
    l.stride[k++] = steps[0] + steps[1];
    l.size.ndim = k;
    return l;
}

static bool diagonal_shape(cer_Call *c)
{
    cer_Layout l = diagonal_of(cer_layout_of(c->in[0].as.t), c->attrs);
    cer_form(&c->form[0], c->in[0].as.t->dtype, l.size.ndim, l.size.dim);
    c->form[0].strided = true;
    c->form[0].offset = l.offset;
    memcpy(c->form[0].stride, l.stride, sizeof l.stride);
    return true;
}

static void diagonal_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    cer_Layout l = diagonal_of(cer_layout_plain(cer_input_size(n, 0)), cer_attrs(n));
    cer_layout_back(&cer_op_diagonal_backward, n, g[0], l, in);
}

const cer_Op cer_op_diagonal = {.name = "diagonal",
                                .grad_name = "DiagonalBackward0",
                                .shape = diagonal_shape,
                                .vjp = diagonal_vjp,
                                .n_outputs = 1,
                                .flags = CER_VIEW,
                                .attrs_bytes = sizeof(DiagonalAttrs)};

static bool two_dims(const char *op, int64_t dim1, int64_t dim2, int64_t ndim, DiagonalAttrs *a)
{
    if (!cer_wrap_dim(op, dim1, ndim, &a->dim1) || !cer_wrap_dim(op, dim2, ndim, &a->dim2)) return false;
    return a->dim1 != a->dim2 ||
           cer_raise(TORCH_RUNTIME_ERROR, op, "diagonal dimensions cannot be identical %lld, %lld", (long long)dim1,
                     (long long)dim2);
}

Tensor *torch_diagonal(Tensor *x, int64_t offset, int64_t dim1, int64_t dim2)
{
    DiagonalAttrs a = {.offset = offset};
    if (!cer_ready(x, "diagonal", 1) || !two_dims("diagonal", dim1, dim2, x->ndim, &a)) return NULL;
    return cer_call1(&cer_op_diagonal, x, &a);
}

/* ---- diag_embed, diag, diagflat ---------------------------------------------------------------------------------- */

static bool square_size(const cer_Op *op, int64_t n, int64_t offset, int64_t *side)
{
    int64_t square;
    bool fits = offset != INT64_MIN && !__builtin_add_overflow(n, offset < 0 ? -offset : offset, side);
    if (fits && (op != &cer_op_diag || !__builtin_mul_overflow(*side, *side, &square))) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, op->name, "numel: integer multiplication overflow");
}

static bool embed_shape(cer_Call *c)
{
    const DiagonalAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    int64_t shape[TORCH_MAX_DIM], side, k = 0;
    if (!square_size(c->op, t->shape[t->ndim - 1], a->offset, &side)) return false;
    for (int64_t d = 0; d <= t->ndim; d++) shape[d] = d == a->dim1 || d == a->dim2 ? side : t->shape[k++];
    return cer_form_checked(&c->form[0], c->op->name, t->dtype, t->ndim + 1, shape);
}

static bool embed_kernel(cer_Call *c)
{
    Tensor *out = c->out[0], part = *out;
    cer_Layout l = diagonal_of(cer_layout_of(out), c->attrs);
    memset(out->data, 0, out->storage->bytes);
    part.data = out->data + l.offset * cer_size_of(out->dtype);
    part.ndim = (uint8_t)l.size.ndim;
    part.contiguous = false;
    memcpy(part.shape, l.size.dim, sizeof part.shape);
    memcpy(part.stride, l.stride, sizeof part.stride);
    cer_copy_elements(&part, c->in[0].as.t, c->in[0].as.t->stride);
    return true;
}

static void embed_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const DiagonalAttrs *a = cer_attrs(n);
    in[0] = torch_diagonal(g[0], a->offset, a->dim1, a->dim2);
}

static bool taken_shape(cer_Call *c)
{
    cer_Layout l = diagonal_of(cer_layout_of(c->in[0].as.t), c->attrs);
    cer_form(&c->form[0], c->in[0].as.t->dtype, 1, l.size.dim);
    return true;
}

static bool taken_kernel(cer_Call *c)
{
    const Tensor *t = c->in[0].as.t;
    cer_Layout l = diagonal_of(cer_layout_of(t), c->attrs);
    Tensor part = *c->out[0];
    part.data = t->data + l.offset * cer_size_of(t->dtype);
    part.contiguous = false;
    part.stride[0] = l.stride[0];
    cer_copy_elements(c->out[0], &part, part.stride);
    return true;
}

#define DIAG(id, text, grad, shape_, kernel_, vjp_) \
    const cer_Op cer_op_##id = {.name = text,       \
                                .grad_name = grad,  \
                                .shape = shape_,    \
                                .kernel = kernel_,  \
                                .vjp = vjp_,        \
                                .n_outputs = 1,     \
                                .attrs_bytes = sizeof(DiagonalAttrs)};
DIAG(diag_embed, "diag_embed", "DiagEmbedBackward0", embed_shape, embed_kernel, embed_vjp)
DIAG(diag, "diag", "DiagBackward0", embed_shape, embed_kernel, embed_vjp)       /* a matrix of a vector */
DIAG(diag_of, "diag", "DiagBackward0", taken_shape, taken_kernel, diagonal_vjp) /* a vector of a matrix */

Tensor *torch_diag_embed(Tensor *x, int64_t offset, int64_t dim1, int64_t dim2)
{
    DiagonalAttrs a = {.offset = offset};
    if (!cer_ready(x, "diag_embed", 1) || !two_dims("diag_embed", dim1, dim2, x->ndim + 1, &a)) return NULL;
    return cer_call1(&cer_op_diag_embed, x, &a);
}

Tensor *torch_diag(Tensor *x, int64_t diagonal)
{
    DiagonalAttrs a = {diagonal, 0, 1};
    if (!cer_ready(x, "diag", 1)) return NULL;
    if (x->ndim < 1 || x->ndim > 2) return cer_raise(TORCH_RUNTIME_ERROR, "diag", "matrix or a vector expected"), NULL;
    if (x->ndim == 1) return cer_call1(&cer_op_diag, x, &a);
    bool beyond = diagonal > x->shape[1] || (diagonal < 0 && diagonal < -x->shape[0]);
    if (beyond) return cer_raise(TORCH_RUNTIME_ERROR, "diag", "numel: integer multiplication overflow"), NULL;
    return cer_call1(&cer_op_diag_of, x, &a);
}

Tensor *torch_diagflat(Tensor *x, int64_t offset)
{
    return torch_diag(torch_flatten(x), offset);
}

/* ---- fill_diagonal_ ---------------------------------------------------------------------------------------------- */

/* A tall matrix, wrapped: below every square one row is left out, then the next diagonal begins. */
static Tensor *fill_wrapped(Tensor *x, torch_Scalar value)
{
    for (int64_t row = 0; row < x->shape[0]; row += x->shape[1] + 1) {
        Tensor *rest = torch_slice(x, 0, row, TORCH_NONE, 1);
        if (!torch_fill__Scalar(torch_diagonal(rest, 0, 0, 1), value)) return NULL;
    }
    return x;
}

Tensor *torch_fill_diagonal__Scalar(Tensor *x, torch_Scalar value, bool wrap)
{
    static const char op[] = "fill_diagonal_";
    if (!cer_ready(x, op, 1)) return NULL;
    if (x->ndim < 2) return cer_raise(TORCH_RUNTIME_ERROR, op, "dimensions must larger than 1"), NULL;
    int64_t least = x->shape[0], step = 0;
    for (int d = 0; d < x->ndim; d++) {
        if (x->ndim > 2 && x->shape[d] != x->shape[0])
            return cer_raise(TORCH_RUNTIME_ERROR, op, "all dimensions of input must be of equal length"), NULL;
        if (x->shape[d] < least) least = x->shape[d];
        step += x->stride[d];
    }
    if (wrap && x->ndim == 2 && x->shape[0] > x->shape[1]) return fill_wrapped(x, value);
    return torch_fill__Scalar(torch_as_strided_n(x, 1, &least, 1, &step), value) ? x : NULL;
}
