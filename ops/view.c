/* Views that keep the elements' order: view, reshape, flatten. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

/* The sizes asked for, with -1 resolved. Also the message when they do not fit. */
static bool resolve(const char *op, const Tensor *t, int64_t ndim, const int64_t *size, cer_SizeAttrs *a)
{
    char text[256];
    int64_t known = 1, unknown = -1;
    if (ndim < 0 || ndim > TORCH_MAX_DIM)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "%s: a tensor has at most %d dimensions here, not %lld", op,
                         TORCH_MAX_DIM, (long long)ndim);
    bool overflow = false;
    for (int64_t i = 0; i < ndim; i++) {
        a->size[i] = size[i];
        if (size[i] == -1) {
            if (unknown >= 0) return cer_raise(TORCH_RUNTIME_ERROR, op, "only one dimension can be inferred");
            unknown = i;
        } else if (size[i] < 0) {
            return cer_raise(TORCH_RUNTIME_ERROR, op, "invalid shape dimension %lld", (long long)size[i]);
        } else {
            overflow |= __builtin_mul_overflow(known, size[i], &known);
        }
    }
    a->ndim = ndim;
    if (unknown >= 0 && !overflow && known > 0 && t->numel % known == 0) {
        a->size[unknown] = t->numel / known;
        return true;
    }
    if (unknown >= 0 && known == 0 && t->numel == 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "cannot reshape tensor of 0 elements into shape %s because the unspecified dimension size "
                         "-1 can be any value and is ambiguous",
                         cer_shape_text(ndim, size, text, sizeof text));
    if (unknown < 0 && !overflow && known == t->numel) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, op, "shape '%s' is invalid for input of size %lld",
                     cer_shape_text(ndim, size, text, sizeof text), (long long)t->numel);
}

static const int64_t FAR = INT64_MAX / 64; /* a stride that may still be multiplied by the bytes of an element */

/* Strides under which t's memory reads as the new shape; false where no strides do. Each run of t's dimensions that lies
 * in memory as one is cut into new dimensions, from the last backward. */
static bool view_strides(const Tensor *t, int64_t ndim, const int64_t *size, int64_t *stride)
{
    if (t->numel == 0 || t->ndim == 0) {
        int64_t next = 1;
        for (int64_t i = ndim; i-- > 0;) {
            stride[i] = next;
            if (size[i] > 1 && __builtin_mul_overflow(next, size[i], &next)) next = FAR; /* there is nothing to reach */
        }
        return true;
    }
    int64_t to = ndim - 1, run = 1, cut = 1, base = t->stride[t->ndim - 1];
    for (int64_t d = t->ndim; d-- > 0;) {
        run *= t->shape[d];
        bool ends = d == 0 || (t->shape[d - 1] != 1 && t->stride[d - 1] != run * base);
        if (!ends) continue;
        while (to >= 0 && (cut < run || size[to] == 1)) {
            stride[to] = cut * base;
            cut *= size[to--];
        }
        if (cut != run) return false;
        if (d > 0) {
            base = t->stride[d - 1];
            run = cut = 1;
        }
    }
    return to == -1;
}

static bool view_shape(cer_Call *c)
{
    const cer_SizeAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    cer_form(&c->form[0], t->dtype, a->ndim, a->size);
    c->form[0].strided = true;
    return view_strides(t, a->ndim, a->size, c->form[0].stride) ||
           cer_raise(TORCH_RUNTIME_ERROR, "view",
                     "view size is not compatible with input tensor's size and stride (at least one dimension "
                     "spans across two contiguous subspaces). Use .reshape(...) instead.");
}

static void view_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    torch_Size s = cer_input_size(n, 0);
    in[0] = torch_reshape_n(g[0], s.ndim, s.dim);
}

#define VIEW(id, text, grad)                         \
    const cer_Op cer_op_##id = {.name = text,        \
                                .grad_name = grad,   \
                                .shape = view_shape, \
                                .vjp = view_vjp,     \
                                .n_outputs = 1,      \
                                .flags = CER_VIEW,   \
                                .attrs_bytes = sizeof(cer_SizeAttrs)};
VIEW(view, "view", "ViewBackward0")
VIEW(reshape_alias, "reshape", "ReshapeAliasBackward0")
VIEW(unsafe_view, "reshape", "UnsafeViewBackward0") /* of a fresh copy */

Tensor *torch_view_n(Tensor *x, int64_t ndim, const int64_t *size)
{
    cer_SizeAttrs a;
    if (!cer_ready(x, "view", 1) || !resolve("view", x, ndim, size, &a)) return NULL;
    return cer_call1(&cer_op_view, x, &a);
}

Tensor *torch_view_as(Tensor *x, Tensor *other)
{
    if (!cer_ready(other, "view_as", 1)) return NULL;
    return torch_view_n(x, other->ndim, other->shape);
}

Tensor *torch_reshape_n(Tensor *x, int64_t ndim, const int64_t *size)
{
    cer_SizeAttrs a;
    int64_t stride[TORCH_MAX_DIM];
    if (!cer_ready(x, "reshape", 1) || !resolve("reshape", x, ndim, size, &a)) return NULL;
    if (view_strides(x, a.ndim, a.size, stride)) return cer_call1(&cer_op_reshape_alias, x, &a);
    cer_CloneAttrs plain = {.contiguous = true};
    return cer_call1(&cer_op_unsafe_view, cer_call1(&cer_op_clone, x, &plain), &a);
}

Tensor *torch_flatten_dims(Tensor *x, int64_t start, int64_t end)
{
    int64_t size[TORCH_MAX_DIM], n = 0, merged = 1;
    if (!cer_ready(x, "flatten", 1) || !cer_wrap_dim("flatten", start, x->ndim, &start) ||
        !cer_wrap_dim("flatten", end, x->ndim, &end))
        return NULL;
    if (start > end)
        return cer_raise(TORCH_RUNTIME_ERROR, "flatten",
                         "flatten() has invalid args: start_dim cannot come after end_dim"),
               NULL;
    if (x->ndim == 0) return torch_reshape(x, 1);
    if (start == end) return x;
    for (int64_t d = 0; d < x->ndim; d++) {
        if (d >= start && d <= end) merged *= x->shape[d];
        if (d < start || d > end) size[n++] = x->shape[d];
        if (d == end) size[n++] = merged;
    }
    return torch_reshape_n(x, n, size);
}

Tensor *torch_flatten(Tensor *x)
{
    return torch_flatten_dims(x, 0, -1);
}

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
    return cer_ready(other, "expand_as", 1) ? torch_expand_n(x, other->ndim, other->shape) : NULL;
}

void cer_form_of(cer_Form *f, const Tensor *t)
{
    cer_form(f, t->dtype, t->ndim, t->shape);
    f->strided = true;
    memcpy(f->stride, t->stride, sizeof(int64_t) * t->ndim);
}
