/* Taking parts: select, slice, narrow. Their gradients are zeros with the incoming one put where the part was. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct PartAttrs { /* select: index start along dim; slice: start, start + step, ... (length of them) */
    torch_Size whole;      /* for the way back */
    int64_t dim, start, step, length;
} PartAttrs;

/* ---- the part as a view ------------------------------------------------------------------------------------------ */

static void part_form(cer_Form *f, torch_dtype dtype, int64_t ndim, const int64_t *shape, const int64_t *stride,
                      const PartAttrs *a, bool drop)
{
    cer_form(f, dtype, 0, NULL);
    f->strided = true;
    f->offset = a->start * stride[a->dim];
    for (int64_t d = 0; d < ndim; d++) {
        if (d == a->dim && drop) continue;
        f->shape[f->ndim] = d == a->dim ? a->length : shape[d];
        f->stride[f->ndim++] = d == a->dim ? stride[d] * a->step : stride[d];
    }
}

static bool select_shape(cer_Call *c)
{
    const Tensor *t = c->in[0].as.t;
    part_form(&c->form[0], t->dtype, t->ndim, t->shape, t->stride, c->attrs, true);
    return true;
}

static bool slice_shape(cer_Call *c)
{
    const Tensor *t = c->in[0].as.t;
    part_form(&c->form[0], t->dtype, t->ndim, t->shape, t->stride, c->attrs, false);
    return true;
}

/* ---- the way back ------------------------------------------------------------------------------------------------ */

static bool back_shape(cer_Call *c)
{
    const PartAttrs *a = c->attrs;
    cer_form(&c->form[0], c->in[0].as.t->dtype, a->whole.ndim, a->whole.dim);
    return true;
}

static bool back_kernel(cer_Call *c)
{
    const PartAttrs *a = c->attrs;
    Tensor *out = c->out[0], *g = c->in[0].as.t;
    cer_Form f;
    part_form(&f, out->dtype, out->ndim, out->shape, out->stride, a, g->ndim < out->ndim);
    memset(out->data, 0, out->storage->bytes);
    size_t size = torch_dtype_size(out->dtype);
    char *data[2] = {out->data + f.offset * (int64_t)size, g->data};
    const int64_t *stride[2] = {f.stride, g->stride};
    size_t element[2] = {size, size};
    cer_Loop copy = cer_kernels()->cast[out->dtype][out->dtype];
    if (a->dim == 0 && a->step == 1 && g->contiguous) { /* the part is one run */
        copy(g->numel, data, (const int64_t[]){(int64_t)size, (int64_t)size}, NULL);
        return true;
    }
    cer_Iterator it;
    cer_iterator_init(&it, 2, g->ndim, g->shape, data, stride, element, false);
    cer_iterator_run(&it, copy, NULL);
    return true;
}

static void part_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    PartAttrs a = *(const PartAttrs *)cer_attrs(n);
    a.whole = cer_input_size(n, 0);
    in[0] = cer_call1(n->op == &cer_op_slice ? &cer_op_slice_backward : &cer_op_select_backward, g[0], &a);
}

static void back_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = cer_call1(n->op == &cer_op_select_backward ? &cer_op_select : &cer_op_slice, g[0], cer_attrs(n));
}

#define PART(id, text, grad, shape_, kernel_, vjp_, flags_) \
    const cer_Op cer_op_##id = {.name = text,               \
                                .grad_name = grad,          \
                                .shape = shape_,            \
                                .kernel = kernel_,          \
                                .vjp = vjp_,                \
                                .n_outputs = 1,             \
                                .flags = flags_,            \
                                .attrs_bytes = sizeof(PartAttrs)};
PART(select, "select", "SelectBackward0", select_shape, NULL, part_vjp, CER_VIEW)
PART(select_sliced, "select", "SliceBackward0", select_shape, NULL, part_vjp,
     CER_VIEW) /* x[:, i, :]: ends in a slice of all */
PART(slice, "slice", "SliceBackward0", slice_shape, NULL, part_vjp, CER_VIEW)
PART(select_backward, "select_backward", "SelectBackwardBackward0", back_shape, back_kernel, back_vjp, 0)
PART(slice_backward, "slice_backward", "SliceBackwardBackward0", back_shape, back_kernel, back_vjp, 0)

/* ---- public ------------------------------------------------------------------------------------------------------ */

Tensor *torch_select(Tensor *x, int64_t dim, int64_t index)
{
    return cer_select(&cer_op_select, x, dim, index);
}

Tensor *cer_select(const cer_Op *op, Tensor *x, int64_t dim, int64_t index)
{
    PartAttrs a;
    if (!cer_ready(x, "select", 1)) return NULL;
    if (x->ndim == 0)
        return cer_raise(TORCH_INDEX_ERROR, "select", "select() cannot be applied to a 0-dim tensor."), NULL;
    if (!cer_wrap_dim("select", dim, x->ndim, &a.dim)) return NULL;
    int64_t size = x->shape[a.dim];
    if (index < -size || index >= size) {
        char text[256];
        cer_raise(TORCH_INDEX_ERROR, "select",
                  "select(): index %lld out of range for tensor of size %s at dimension %lld", (long long)index,
                  cer_shape_text(x->ndim, x->shape, text, sizeof text), (long long)a.dim);
        return NULL;
    }
    a.start = index < 0 ? index + size : index;
    a.step = a.length = 1;
    return cer_call1(op, x, &a);
}

/* Bounds as Python has them: negative ones count from the end, then everything is clipped. */
static int64_t clip(int64_t i, int64_t size)
{
    if (i < 0) i = i < -size ? 0 : i + size;
    return i > size ? size : i;
}

Tensor *torch_slice(Tensor *x, int64_t dim, int64_t start, int64_t end, int64_t step)
{
    PartAttrs a;
    if (!cer_ready(x, "slice", 1)) return NULL;
    if (x->ndim == 0)
        return cer_raise(TORCH_INDEX_ERROR, "slice", "slice() cannot be applied to a 0-dim tensor."), NULL;
    if (!cer_wrap_dim("slice", dim, x->ndim, &a.dim)) return NULL;
    if (step == TORCH_NONE) step = 1;
    if (step <= 0) return cer_raise(TORCH_RUNTIME_ERROR, "slice", "slice step must be positive"), NULL;
    int64_t size = x->shape[a.dim];
    a.start = start == TORCH_NONE ? 0 : clip(start, size);
    int64_t stop = end == TORCH_NONE ? size : clip(end, size);
    if (stop < a.start) stop = a.start;
    a.length = (stop - a.start) / step + ((stop - a.start) % step != 0);
    int64_t unused; /* with one element or none, a huge step would only overflow the stride */
    a.step = __builtin_mul_overflow(step, x->stride[a.dim], &unused) ? 1 : step;
    return cer_call1(&cer_op_slice, x, &a);
}

Tensor *torch_narrow(Tensor *x, int64_t dim, int64_t start, int64_t length)
{
    int64_t d;
    if (!cer_ready(x, "narrow", 1)) return NULL;
    if (x->ndim == 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "narrow", "narrow() cannot be applied to a 0-dim tensor."), NULL;
    if (!cer_wrap_dim("narrow", dim, x->ndim, &d)) return NULL;
    int64_t size = x->shape[d];
    if (start < -size || start > size)
        return cer_raise(TORCH_INDEX_ERROR, "narrow",
                         "Dimension out of range (expected to be in range of [%lld, %lld], but got %lld)",
                         (long long)-size, (long long)size - 1, (long long)start),
               NULL;
    if (start < 0) start += size;
    if (length < 0 || start > size - length)
        return cer_raise(TORCH_RUNTIME_ERROR, "narrow", "start (%lld) + length (%lld) exceeds dimension size (%lld).",
                         (long long)start, (long long)length, (long long)size),
               NULL;
    return torch_slice(x, d, start, start + length, 1);
}
