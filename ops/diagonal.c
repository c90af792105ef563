/* diagonal: a view of the elements (i, i + offset) of two dimensions, which becomes the last dimension. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct DiagonalAttrs {
    int64_t offset, dim1, dim2;
    int64_t ndim, size[TORCH_MAX_DIM]; /* diagonal_backward: of its result */
} DiagonalAttrs;

/* The diagonal of a tensor of that shape and those strides. */
static void diagonal_form(cer_Form *f, uint8_t dtype, int64_t ndim, const int64_t *shape, const int64_t *stride,
                          const DiagonalAttrs *a)
{
    int64_t rows = shape[a->dim1], cols = shape[a->dim2], k = 0;
    int64_t length = a->offset >= 0 ? (cols - a->offset < rows ? cols - a->offset : rows)
                                    : (rows + a->offset < cols ? rows + a->offset : cols);
    f->dtype = dtype;
    f->ndim = (uint8_t)(ndim - 1);
    f->strided = true;
    f->offset = 0;
    for (int64_t d = 0; d < ndim; d++)
        if (d != a->dim1 && d != a->dim2) f->shape[k] = shape[d], f->stride[k++] = stride[d];
    f->shape[k] = length > 0 ? length : 0;
    f->stride[k] = stride[a->dim1] + stride[a->dim2];
    if (length > 0) f->offset = a->offset >= 0 ? a->offset * stride[a->dim2] : -a->offset * stride[a->dim1];
}

static bool diagonal_shape(cer_Call *c)
{
    const Tensor *t = c->in[0].as.t;
    diagonal_form(&c->form[0], t->dtype, t->ndim, t->shape, t->stride, c->attrs);
    return true;
}

static void diagonal_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    DiagonalAttrs a = *(const DiagonalAttrs *)cer_attrs(n);
    torch_Size size = cer_input_size(n, 0);
    a.ndim = size.ndim;
    memcpy(a.size, size.dim, sizeof(int64_t) * (size_t)size.ndim);
    in[0] = cer_call1(&cer_op_diagonal_backward, g[0], &a);
}

const cer_Op cer_op_diagonal = {.name = "diagonal",
                                .grad_name = "DiagonalBackward0",
                                .schema = "diagonal(Tensor(a) self, int offset=0, int dim1=0, int dim2=1) -> Tensor(a)",
                                .shape = diagonal_shape,
                                .vjp = diagonal_vjp,
                                .n_outputs = 1,
                                .flags = CER_VIEW,
                                .attrs_bytes = sizeof(DiagonalAttrs)};

/* ---- its gradient: zeros with a given diagonal ------------------------------------------------------------------- */

static bool backward_shape(cer_Call *c)
{
    const DiagonalAttrs *a = c->attrs;
    return cer_form_checked(&c->form[0], "diagonal_backward", c->in[0].as.t->dtype, a->ndim, a->size);
}

static bool backward_kernel(cer_Call *c)
{
    Tensor *out = c->out[0];
    const Tensor *g = c->in[0].as.t;
    size_t size = (size_t)cer_size_of(out->dtype);
    cer_Form f;
    cer_Iterator it;
    memset(out->data, 0, (size_t)out->numel * size);
    diagonal_form(&f, out->dtype, out->ndim, out->shape, out->stride, c->attrs);
    char *data[2] = {out->data + f.offset * (int64_t)size, g->data};
    const int64_t *stride[2] = {f.stride, g->stride};
    cer_iterator_init(&it, 2, f.ndim, f.shape, data, stride, (const size_t[]){size, size}, false);
    cer_iterator_run(&it, cer_kernels()->cast[out->dtype][out->dtype], NULL);
    return true;
}

static void backward_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const DiagonalAttrs *a = cer_attrs(n);
    in[0] = torch_diagonal(g[0], a->offset, a->dim1, a->dim2);
}

const cer_Op cer_op_diagonal_backward = {.name = "diagonal_backward",
                                         .grad_name = "DiagonalBackwardBackward0",
                                         .shape = backward_shape,
                                         .kernel = backward_kernel,
                                         .vjp = backward_vjp,
                                         .n_outputs = 1,
                                         .attrs_bytes = sizeof(DiagonalAttrs)};

Tensor *torch_diagonal(Tensor *x, int64_t offset, int64_t dim1, int64_t dim2)
{
    DiagonalAttrs a = {.offset = offset < -INT32_MAX ? -INT32_MAX : offset}; /* beyond any size that memory has */
    if (cer_error_pending() || !cer_usable(x, "diagonal", 1) || !cer_wrap_dim("diagonal", dim1, x->ndim, &a.dim1) ||
        !cer_wrap_dim("diagonal", dim2, x->ndim, &a.dim2))
        return NULL;
    if (a.dim1 == a.dim2)
        return cer_raise(TORCH_RUNTIME_ERROR, "diagonal", "diagonal dimensions cannot be identical %lld, %lld",
                         (long long)dim1, (long long)dim2),
               NULL;
    return cer_call1(&cer_op_diagonal, x, &a);
}
