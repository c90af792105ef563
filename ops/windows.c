/* unfold: windows along one dimension, as a view. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"
#include "ops/strided.h"

typedef struct UnfoldAttrs {
    int64_t dim, size, step, stride_step; /* stride_step: step, or 1 where there is one window only */
} UnfoldAttrs;

static cer_Layout windows(cer_Layout l, const UnfoldAttrs *a)
{
    int64_t n = l.size.ndim, d = a->dim, whole = n ? l.size.dim[d] : 1, stride = n ? l.stride[d] : 1;
    l.size.ndim = n ? n + 1 : 1;
    if (n) l.size.dim[d] = (whole - a->size) / a->step + 1, l.stride[d] = stride * a->stride_step;
    l.size.dim[n] = a->size;
    l.stride[n] = stride;
    return l;
}

static bool unfold_shape(cer_Call *c)
{
    cer_Layout l = windows(cer_layout_of(c->in[0].as.t), c->attrs);
    if (!cer_form_checked(&c->form[0], "unfold", c->in[0].as.t->dtype, l.size.ndim, l.size.dim)) return false;
    c->form[0].strided = true;
    memcpy(c->form[0].stride, l.stride, sizeof l.stride);
    return true;
}

static void unfold_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    cer_layout_back(&cer_op_unfold_backward, n, g[0], windows(cer_layout_plain(cer_input_size(n, 0)), cer_attrs(n)),
                    in);
}

const cer_Op cer_op_unfold = {.name = "unfold",
                              .grad_name = "UnfoldBackward0",
                              .shape = unfold_shape,
                              .vjp = unfold_vjp,
                              .n_outputs = 1,
                              .flags = CER_VIEW,
                              .attrs_bytes = sizeof(UnfoldAttrs)};

Tensor *torch_unfold(Tensor *x, int64_t dim, int64_t size, int64_t step)
{
    UnfoldAttrs a = {.size = size, .step = step};
    if (!cer_ready(x, "unfold", 1) || !cer_wrap_dim("unfold", dim, x->ndim, &a.dim)) return NULL;
    int64_t whole = x->ndim ? x->shape[a.dim] : 1, stride = x->ndim ? x->stride[a.dim] : 1, next;
    if (size > whole)
        return cer_raise(TORCH_RUNTIME_ERROR, "unfold",
                         "maximum size for tensor at dimension %lld is %lld but size is %lld", (long long)a.dim,
                         (long long)whole, (long long)size),
               NULL;
    if (step <= 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "unfold", "step is %lld but must be > 0", (long long)step), NULL;
    if (size < 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "unfold", "size is %lld but must be >= 0", (long long)size), NULL;
    a.stride_step = !__builtin_mul_overflow(step, stride, &next) && next < INT64_MAX / 256 ? step : 1;
    return cer_call1(&cer_op_unfold, x, &a);
}
