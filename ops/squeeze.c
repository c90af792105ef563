/* squeeze and unsqueeze, as views and in place. */
#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct DimAttrs {
    int64_t dim; /* squeeze: -1 is all */
} DimAttrs;

static bool squeeze_shape(cer_Call *c)
{
    const DimAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    cer_Form *f = &c->form[0];
    cer_form_of(&c->form[0], c->in[0].as.t);
    f->ndim = 0;
    for (int d = 0; d < t->ndim; d++) {
        if (t->shape[d] == 1 && (a->dim == -1 || a->dim == d)) continue;
        f->shape[f->ndim] = t->shape[d];
        f->stride[f->ndim++] = t->stride[d];
    }
    return true;
}

static void squeeze_vjp(cer_Node *n, Tensor *const *g, Tensor **in) /* puts the lost dimensions back, one by one */
{
    const DimAttrs *a = cer_attrs(n);
    torch_Size s = cer_input_size(n, 0);
    Tensor *t = g[0];
    for (int64_t d = 0; d < s.ndim; d++)
        if (s.dim[d] == 1 && (a->dim == -1 || a->dim == d)) t = torch_unsqueeze(t, d);
    in[0] = t;
}

#define SQUEEZE(id, text, grad, flags_)                 \
    const cer_Op cer_op_##id = {.name = text,           \
                                .grad_name = grad,      \
                                .shape = squeeze_shape, \
                                .vjp = squeeze_vjp,     \
                                .n_outputs = 1,         \
                                .flags = flags_,        \
                                .attrs_bytes = sizeof(DimAttrs)};
SQUEEZE(squeeze, "squeeze", "SqueezeBackward0", CER_VIEW)
SQUEEZE(squeeze_dim, "squeeze", "SqueezeBackward1", CER_VIEW)
SQUEEZE(squeeze_, "squeeze_", "SqueezeBackward2", CER_INPLACE | CER_RESTRIDE)
SQUEEZE(squeeze_dim_, "squeeze_", "SqueezeBackward3", CER_INPLACE | CER_RESTRIDE)

/* Of a result that nobody has seen yet: PyTorch squeezes it in place, and its grad_fn says so. */
Tensor *cer_squeeze_fresh(Tensor *x, int64_t dim)
{
    DimAttrs a = {dim};
    return cer_call1(&cer_op_squeeze_dim_, x, &a);
}

Tensor *torch_squeeze(Tensor *x)
{
    DimAttrs a = {-1};
    return cer_call1(&cer_op_squeeze, x, &a);
}

Tensor *torch_squeeze_(Tensor *x)
{
    DimAttrs a = {-1};
    return cer_call1(&cer_op_squeeze_, x, &a);
}

static Tensor *squeeze_dim(const cer_Op *op, Tensor *x, int64_t dim)
{
    DimAttrs a = {0};
    if (!cer_ready(x, op->name, 1) || !cer_wrap_dim(op->name, dim, x->ndim, &a.dim)) return NULL;
    return cer_call1(op, x, &a);
}

Tensor *torch_squeeze_dim(Tensor *x, int64_t dim)
{
    return squeeze_dim(&cer_op_squeeze_dim, x, dim);
}

Tensor *torch_squeeze_dim_(Tensor *x, int64_t dim)
{
    return squeeze_dim(&cer_op_squeeze_dim_, x, dim);
}

static bool unsqueeze_shape(cer_Call *c)
{
    const DimAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    cer_Form *f = &c->form[0];
    cer_form_of(&c->form[0], c->in[0].as.t);
    f->ndim = (uint8_t)(t->ndim + 1);
    for (int d = 0; d < f->ndim; d++) {
        int from = d < a->dim ? d : d - 1;
        f->shape[d] = d == a->dim ? 1 : t->shape[from];
        f->stride[d] = d != a->dim ? t->stride[from] : d < t->ndim ? t->shape[d] * t->stride[d] : 1;
    }
    return true;
}

static void unsqueeze_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const DimAttrs *a = cer_attrs(n);
    in[0] = torch_squeeze_dim(g[0], a->dim);
}

#define UNSQUEEZE(id, grad, flags_)                       \
    const cer_Op cer_op_##id = {.name = #id,              \
                                .grad_name = grad,        \
                                .shape = unsqueeze_shape, \
                                .vjp = unsqueeze_vjp,     \
                                .n_outputs = 1,           \
                                .flags = flags_,          \
                                .attrs_bytes = sizeof(DimAttrs)};
UNSQUEEZE(unsqueeze, "UnsqueezeBackward0", CER_VIEW)
UNSQUEEZE(unsqueeze_, "UnsqueezeBackward1", CER_INPLACE | CER_RESTRIDE)

static Tensor *unsqueeze(const cer_Op *op, Tensor *x, int64_t dim)
{
    DimAttrs a = {0};
    if (!cer_ready(x, op->name, 1) || !cer_wrap_dim(op->name, dim, x->ndim + 1, &a.dim)) return NULL;
    if (x->ndim == TORCH_MAX_DIM)
        return cer_raise(TORCH_RUNTIME_ERROR, op->name, "unsqueeze: a tensor has at most %d dimensions here",
                         TORCH_MAX_DIM),
               NULL;
    return cer_call1(op, x, &a);
}

Tensor *torch_unsqueeze(Tensor *x, int64_t dim)
{
    return unsqueeze(&cer_op_unsqueeze, x, dim);
}

Tensor *torch_unsqueeze_(Tensor *x, int64_t dim)
{
    return unsqueeze(&cer_op_unsqueeze_, x, dim);
}
