/* transpose and t, as views and in place. */
#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct TransposeAttrs {
    int64_t dim, other;
} TransposeAttrs;

static bool transpose_shape(cer_Call *c)
{
    const TransposeAttrs *a = c->attrs;
    cer_Form *f = &c->form[0];
    const Tensor *t = c->in[0].as.t;
    cer_form_of(&c->form[0], c->in[0].as.t);
    if (t->ndim == 0) return true;
    f->shape[a->dim] = t->shape[a->other];
    f->shape[a->other] = t->shape[a->dim];
    f->stride[a->dim] = t->stride[a->other];
    f->stride[a->other] = t->stride[a->dim];
    return true;
}

static void transpose_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const TransposeAttrs *a = cer_attrs(n);
    in[0] = torch_transpose(g[0], a->dim, a->other);
}

static void t_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    (void)n;
    in[0] = torch_t(g[0]);
}

#define TRANSPOSE(id, text, grad, vjp_, flags_)           \
    const cer_Op cer_op_##id = {.name = text,             \
                                .grad_name = grad,        \
                                .shape = transpose_shape, \
                                .vjp = vjp_,              \
                                .n_outputs = 1,           \
                                .flags = flags_,          \
                                .attrs_bytes = sizeof(TransposeAttrs)};
TRANSPOSE(transpose, "transpose", "TransposeBackward0", transpose_vjp, CER_VIEW)
TRANSPOSE(transpose_, "transpose_", "TransposeBackward1", transpose_vjp, CER_INPLACE | CER_RESTRIDE)
TRANSPOSE(t, "t", "TBackward0", t_vjp, CER_VIEW)
TRANSPOSE(t_, "t_", "TBackward1", t_vjp, CER_INPLACE | CER_RESTRIDE)

static Tensor *transpose(const cer_Op *op, Tensor *x, int64_t dim0, int64_t dim1)
{
    TransposeAttrs a;
    if (!cer_ready(x, op->name, 1) || !cer_wrap_dim(op->name, dim0, x->ndim, &a.dim) ||
        !cer_wrap_dim(op->name, dim1, x->ndim, &a.other))
        return NULL;
    return cer_call1(op, x, &a);
}

Tensor *torch_transpose(Tensor *x, int64_t dim0, int64_t dim1)
{
    return transpose(&cer_op_transpose, x, dim0, dim1);
}

Tensor *torch_transpose_(Tensor *x, int64_t dim0, int64_t dim1)
{
    return transpose(&cer_op_transpose_, x, dim0, dim1);
}

static Tensor *matrix_transpose(const cer_Op *op, Tensor *x)
{
    if (!cer_ready(x, op->name, 1)) return NULL;
    if (x->ndim > 2)
        return cer_raise(TORCH_RUNTIME_ERROR, op->name, "%s() expects a tensor with <= 2 dimensions, but self is %dD",
                         op->name, x->ndim),
               NULL;
    TransposeAttrs a = {0, x->ndim == 2 ? 1 : 0};
    return cer_call1(op, x, &a);
}

Tensor *torch_t(Tensor *x)
{
    return matrix_transpose(&cer_op_t, x);
}

Tensor *torch_t_(Tensor *x)
{
    return matrix_transpose(&cer_op_t_, x);
}
