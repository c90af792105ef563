/* Views that rearrange, take and add dimensions. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct DimAttrs { /* of transpose (dim, other), squeeze and unsqueeze (dim) */
    int64_t dim, other;
} DimAttrs;

static bool ready(const Tensor *x, const char *op)
{
    return !cer_error_pending() && cer_usable(x, op, 1);
}

static void same_form(cer_Call *c)
{
    const Tensor *t = c->in[0].as.t;
    cer_form(&c->form[0], t->dtype, t->ndim, t->shape);
    c->form[0].strided = true;
    memcpy(c->form[0].stride, t->stride, sizeof(int64_t) * t->ndim);
}

/* ---- transpose --------------------------------------------------------------------------------------------------- */

static bool transpose_shape(cer_Call *c)
{
    const DimAttrs *a = c->attrs;
    cer_Form *f = &c->form[0];
    const Tensor *t = c->in[0].as.t;
    same_form(c);
    if (t->ndim == 0) return true;
    f->shape[a->dim] = t->shape[a->other];
    f->shape[a->other] = t->shape[a->dim];
    f->stride[a->dim] = t->stride[a->other];
    f->stride[a->other] = t->stride[a->dim];
    return true;
}

static void transpose_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const DimAttrs *a = cer_attrs(n);
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
                                .attrs_bytes = sizeof(DimAttrs)};
TRANSPOSE(transpose, "transpose", "TransposeBackward0", transpose_vjp, CER_VIEW)
TRANSPOSE(transpose_, "transpose_", "TransposeBackward1", transpose_vjp, CER_INPLACE | CER_RESTRIDE)
TRANSPOSE(t, "t", "TBackward0", t_vjp, CER_VIEW)
TRANSPOSE(t_, "t_", "TBackward1", t_vjp, CER_INPLACE | CER_RESTRIDE)

static Tensor *transpose(const cer_Op *op, Tensor *x, int64_t dim0, int64_t dim1)
{
    DimAttrs a;
    if (!ready(x, op->name) || !cer_wrap_dim(op->name, dim0, x->ndim, &a.dim) ||
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
    if (!ready(x, op->name)) return NULL;
    if (x->ndim > 2)
        return cer_raise(TORCH_RUNTIME_ERROR, op->name, "%s() expects a tensor with <= 2 dimensions, but self is %dD",
                         op->name, x->ndim),
               NULL;
    DimAttrs a = {0, x->ndim == 2 ? 1 : 0};
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

/* ---- permute ----------------------------------------------------------------------------------------------------- */

static bool permute_shape(cer_Call *c)
{
    const cer_SizeAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    cer_form(&c->form[0], t->dtype, t->ndim, t->shape);
    c->form[0].strided = true;
    for (int i = 0; i < t->ndim; i++) {
        c->form[0].shape[i] = t->shape[a->size[i]];
        c->form[0].stride[i] = t->stride[a->size[i]];
    }
    return true;
}

static void permute_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_SizeAttrs *a = cer_attrs(n);
    int64_t back[TORCH_MAX_DIM];
    for (int64_t i = 0; i < a->ndim; i++) back[a->size[i]] = i;
    in[0] = torch_permute_n(g[0], a->ndim, back);
}

const cer_Op cer_op_permute = {.name = "permute",
                               .grad_name = "PermuteBackward0",
                               .shape = permute_shape,
                               .vjp = permute_vjp,
                               .n_outputs = 1,
                               .flags = CER_VIEW,
                               .attrs_bytes = sizeof(cer_SizeAttrs)};

Tensor *torch_permute_n(Tensor *x, int64_t ndim, const int64_t *dims)
{
    cer_SizeAttrs a = {.ndim = ndim};
    uint32_t seen = 0;
    if (!ready(x, "permute")) return NULL;
    if (ndim != x->ndim)
        return cer_raise(TORCH_RUNTIME_ERROR, "permute",
                         "permute(sparse_coo): number of dimensions in the tensor input does not match the "
                         "length of the desired ordering of dimensions i.e. input.dim() = %d is not equal to len(dims) "
                         "= %lld",
                         x->ndim, (long long)ndim),
               NULL;
    for (int64_t i = 0; i < ndim; i++) {
        if (!cer_wrap_dim("permute", dims[i], x->ndim, &a.size[i])) return NULL;
        if (seen >> a.size[i] & 1)
            return cer_raise(TORCH_RUNTIME_ERROR, "permute", "permute(): duplicate dims are not allowed."), NULL;
        seen |= 1u << a.size[i];
    }
    return cer_call1(&cer_op_permute, x, &a);
}

Tensor *torch_T(Tensor *x)
{
    int64_t dims[TORCH_MAX_DIM];
    if (!ready(x, "T")) return NULL;
    if (x->ndim != 2 && x->ndim != 0)
        torch_warn("UserWarning",
                   "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it "
                   "will throw an error in a future release. Consider `x.mT` to transpose batches of matrices or "
                   "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.");
    for (int i = 0; i < x->ndim; i++) dims[i] = x->ndim - 1 - i;
    return torch_permute_n(x, x->ndim, dims);
}

/* ---- squeeze, unsqueeze ------------------------------------------------------------------------------------------ */

static bool squeeze_shape(cer_Call *c)
{
    const DimAttrs *a = c->attrs; /* dim -1: all */
    const Tensor *t = c->in[0].as.t;
    cer_Form *f = &c->form[0];
    same_form(c);
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
    DimAttrs a = {dim, 0};
    return cer_call1(&cer_op_squeeze_dim_, x, &a);
}

Tensor *torch_squeeze(Tensor *x)
{
    DimAttrs a = {-1, 0};
    return cer_call1(&cer_op_squeeze, x, &a);
}

Tensor *torch_squeeze_(Tensor *x)
{
    DimAttrs a = {-1, 0};
    return cer_call1(&cer_op_squeeze_, x, &a);
}

static Tensor *squeeze_dim(const cer_Op *op, Tensor *x, int64_t dim)
{
    DimAttrs a = {0, 0};
    if (!ready(x, op->name) || !cer_wrap_dim(op->name, dim, x->ndim, &a.dim)) return NULL;
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
    same_form(c);
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
    DimAttrs a = {0, 0};
    if (!ready(x, op->name) || !cer_wrap_dim(op->name, dim, x->ndim + 1, &a.dim)) return NULL;
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

/* ---- expand ------------------------------------------------------------------------------------------------------ */

Tensor *torch_expand_n(Tensor *x, int64_t ndim, const int64_t *size)
{
    cer_SizeAttrs a = {.ndim = ndim};
    if (cer_error_pending()) return NULL;
    if (ndim < 0 || ndim > TORCH_MAX_DIM)
        return cer_raise(TORCH_RUNTIME_ERROR, "expand", "expand: a tensor has at most %d dimensions here, not %lld",
                         TORCH_MAX_DIM, (long long)ndim),
               NULL;
    memcpy(a.size, size, sizeof(int64_t) * (size_t)ndim);
    return cer_call1(&cer_op_expand, x, &a);
}

Tensor *torch_expand_as(Tensor *x, Tensor *other)
{
    return ready(other, "expand_as") ? torch_expand_n(x, other->ndim, other->shape) : NULL;
}
